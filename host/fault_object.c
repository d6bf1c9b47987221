#include "host/fault_object.h"

#include "host/software.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool fault_object_init(struct fault_object *object, uint32_t functions)
{
    *object = (struct fault_object){.limit = (size_t)functions * SERVICES_PAGE_REQUESTS};
    object->entries = calloc(object->limit + 1, sizeof(*object->entries));
    return object->entries != NULL;
}

void fault_object_clear(struct fault_object *object)
{
    free(object->entries);
    memset(object, 0, sizeof(*object));
}

bool fault_object_add(struct fault_object *object, const struct fault_entry *entry)
{
    if (object->count == object->limit) {
        return false;
    }
    object->entries[object->count++] = *entry;
    return true;
}

const struct fault_entry *fault_object_next(const struct fault_object *object)
{
    for (size_t i = 0; i < object->count; i++) {
        if (object->entries[i].request.last) {
            return &object->entries[i];
        }
    }
    return NULL;
}

sim_time fault_object_due(const struct fault_object *object, sim_time time)
{
    const struct fault_entry *next = fault_object_next(object);

    return next == NULL ? SIM_TIME_NEVER : sim_time_max(object->free_at, next->since) + time;
}

/** Few wait at once: the others move up. */
static void take(struct fault_object *object, size_t index, struct fault_entry *entry)
{
    *entry = object->entries[index];
    memmove(&object->entries[index], &object->entries[index + 1],
            (object->count - index - 1) * sizeof(object->entries[0]));
    object->count--;
}

bool fault_object_take(struct fault_object *object, const struct fault_entry *last, struct fault_entry *entry)
{
    for (size_t i = 0; i < object->count; i++) {
        const struct fault_entry *here = &object->entries[i];

        if (here->smmu == last->smmu && here->request.stream_id == last->request.stream_id &&
            here->request.group == last->request.group) {
            take(object, i, entry);
            return true;
        }
    }
    return false;
}

bool fault_object_take_any(struct fault_object *object, uint32_t function, struct fault_entry *entry)
{
    for (size_t i = 0; i < object->count; i++) {
        if (object->entries[i].function == function) {
            take(object, i, entry);
            return true;
        }
    }
    return false;
}

bool fault_object_check(const struct software *software, uint32_t function, struct host_error *error)
{
    const struct pci_tree_function *found = &software->found.tree.functions[function];

    if (found->is_vf && found->pri) {
        return host_error_fail(error, EINVAL,
                               "page requests of %s are its physical function's, which a fault object cannot answer "
                               "one by one",
                               found->name);
    }
    return !software->rules->fault_needs_requests || services_can_request_pages(software, function) ||
           host_error_fail(error, EINVAL, "%s cannot ask for pages, so there is nothing for a fault object",
                           found->name);
}

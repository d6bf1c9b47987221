#include "host/action.h"

#include "host/hotplug.h"
#include "host/interrupts.h"
#include "host/messages.h"
#include "host/pasid.h"

#include <errno.h>
#include <stdlib.h>

/* Pages of simulated memory that one action can come to need: tables of a new domain and its buffers. */
#define PAGES_OF_ACTION 40u

const char *const action_kind_names[ACTION_KINDS + 1] = {
    "attach",
    "detach",
    "replace",
    "enable-interrupts",
    "disable-interrupts",
    "bind-doorbell",
    "unbind-doorbell",
    "get-aperture",
    "set-aperture",
    "translate-doorbell",
    "move-interrupt",
    "remove",
    "surprise-remove",
    "add",
    "reset",
    "invalidate",
    "map",
    "unmap",
    "load",
    "enable-pasids",
    "attach-pasid",
    "detach-pasid",
    "bind-process",
    "unbind-process",
    NULL,
};

const char *action_kind_name(enum action_kind kind)
{
    return action_kind_names[kind];
}

static const char *name_of(const struct software *software, uint32_t function)
{
    return software->found.tree.functions[function].name;
}

/* ---- Ownership ---- */

static bool attach(struct software *software, const struct action *action, struct host_error *error)
{
    const struct software_function *mine = &software->functions[action->function];

    if (mine->message != SOFTWARE_NO_ADDRESS) {
        return host_error_fail(error, EBUSY, "%s has a driver, which has its interrupts on",
                               name_of(software, action->function));
    }
    return consumer_attach(software, action->consumer, action->function, error);
}

/* ---- Interrupts ---- */

static bool move_interrupt(struct software *software, const struct action *action, struct host_error *error)
{
    struct software_function *mine = &software->functions[action->function];

    if (mine->message == SOFTWARE_NO_ADDRESS || action->vector >= messages_count(software, action->function)) {
        return host_error_fail(error, ENOENT, "%s has no vector %u that is set up", name_of(software, action->function),
                               action->vector);
    }
    if (action->pe >= software->config.pe_count) {
        return host_error_fail(error, EINVAL, "there is no PE %u", action->pe);
    }
    if (software->planned) {
        return true;
    }
    return interrupts_move(software, action->function, action->vector, action->pe, error);
}

/* ---- Memory ---- */

/** The domain in which a user's mappings for a device go: the host's, below a guest's. */
static struct domain *domain_of(const struct software *software, const struct action *action, struct host_error *error)
{
    struct domain *domain = software->functions[action->function].attachment.domain;

    if (domain == NULL || !domain_translates(domain)) {
        host_error_fail(error, EINVAL, "%s has no domain with mappings", name_of(software, action->function));
        return NULL;
    }
    return domain->parent != NULL ? domain->parent : domain;
}

static bool map(struct software *software, const struct action *action, struct host_error *error)
{
    struct domain *domain = domain_of(software, action, error);
    uint64_t physical = 0;

    if (domain == NULL) {
        return false;
    }
    if (!software->planned) {
        /* The same pages every time: what counts is the mapping. */
        if (software->action_memory == 0 || software->action_memory_size < action->size) {
            return host_error_fail(error, ENOMEM, "no memory for %llu bytes", (unsigned long long)action->size);
        }
        physical = software->action_memory;
    }
    return domain_map_at(domain, action->base, physical, action->size, error);
}

static bool unmap(struct software *software, const struct action *action, struct host_error *error)
{
    struct domain *domain = domain_of(software, action, error);

    return domain != NULL && domain_unmap(domain, action->base, error);
}

static bool load(struct software *software, const struct action *action, struct host_error *error)
{
    for (uint32_t i = 0; i < action->count; i++) {
        if (!map(software, action, error) || !unmap(software, action, error)) {
            return false;
        }
        if (software->planned) {
            return true;
        }
    }
    return true;
}

static bool invalidate(struct software *software, const struct action *action, struct host_error *error)
{
    const struct domain *domain = domain_of(software, action, error);

    if (domain == NULL || domain->planned) {
        return domain != NULL;
    }
    return domain->stage2 ? smmu_invalidate_vmid(domain->smmu, domain->vmid, error)
                          : smmu_invalidate_asid(domain->smmu, domain->asid, error);
}

/* ---- All ---- */

static bool act_on_device(struct software *software, const struct action *action, struct host_error *error)
{
    uint32_t function = action->function;

    switch (action->kind) {
    case ACTION_ATTACH:
        return attach(software, action, error);
    case ACTION_DETACH:
        return hotplug_detach(software, function, error);
    case ACTION_REPLACE:
        return consumer_replace(software, function, action->translation, error);
    case ACTION_ENABLE_INTERRUPTS:
        return software_enable_interrupts(software, function, error);
    case ACTION_DISABLE_INTERRUPTS:
        return software_disable_interrupts(software, function, error);
    case ACTION_BIND_DOORBELL:
        return consumer_bind_doorbell(software, function, error);
    case ACTION_UNBIND_DOORBELL:
        return consumer_unbind_doorbell(software, function, error);
    case ACTION_GET_APERTURE:
        return consumer_get_aperture(software, function, error);
    case ACTION_SET_APERTURE:
        return consumer_set_aperture(software, function, action->base, action->size, error);
    case ACTION_TRANSLATE_DOORBELL:
        return consumer_translate_doorbell(software, function, error);
    case ACTION_MOVE_INTERRUPT:
        return move_interrupt(software, action, error);
    case ACTION_REMOVE:
        return hotplug_remove(software, function, error);
    case ACTION_SURPRISE_REMOVE:
        return hotplug_surprise(software, function, error);
    case ACTION_ADD:
        return hotplug_add(software, function, error);
    default:
        return hotplug_reset(software, function, error);
    }
}

static bool act_on_domain(struct software *software, const struct action *action, struct host_error *error)
{
    switch (action->kind) {
    case ACTION_INVALIDATE:
        return invalidate(software, action, error);
    case ACTION_MAP:
        return map(software, action, error);
    case ACTION_UNMAP:
        return unmap(software, action, error);
    case ACTION_LOAD:
        return load(software, action, error);
    case ACTION_ENABLE_PASIDS:
        return pasid_enable(software, action->function, error);
    case ACTION_ATTACH_PASID:
        return pasid_attach(software, action->function, action->pasid, action->consumer, error);
    case ACTION_DETACH_PASID:
        return pasid_detach(software, action->function, action->pasid, error);
    case ACTION_BIND_PROCESS:
        return pasid_bind_process(software, action->function, action->process, error);
    default:
        return pasid_unbind_process(software, action->function, action->process, error);
    }
}

bool software_act(struct software *software, const struct action *action, struct host_error *error)
{
    host_error_clear(error);
    software->note[0] = '\0';
    if (software->functions[action->function].removed && action->kind != ACTION_ADD) {
        return host_error_fail(error, ENODEV, "%s is not there", name_of(software, action->function));
    }
    return action->kind < ACTION_INVALIDATE ? act_on_device(software, action, error)
                                            : act_on_domain(software, action, error);
}

/* ---- Memory set aside ---- */

/** Room for vectors of functions whose interrupts are still to be set up. */
static bool prepare_vectors(struct software *software, struct host_error *error)
{
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        struct software_function *mine = &software->functions[i];
        uint32_t count = mine->its == UINT32_MAX ? 0 : messages_count(software, i);

        if (mine->vectors != NULL || count == 0) {
            continue;
        }
        mine->vectors = calloc(count, sizeof(*mine->vectors));
        if (mine->vectors == NULL) {
            return host_error_fail(error, ENOMEM, "out of memory");
        }
        /* Now, so that nothing is allocated later. What fails here fails again, with its reason, when it is wanted. */
        if (interrupts_have_its(software, i)) {
            its_driver_map_device(&software->itses[mine->its], mine->device_id, count, error);
        }
    }
    return true;
}

/** Mappings that a domain which replaces another can come to take over, beyond those of actions. */
static size_t most_mappings(const struct software *software, const struct action *actions, size_t count)
{
    bool replaces = false;
    size_t most = 0;

    for (size_t i = 0; i < count; i++) {
        replaces = replaces || actions[i].kind == ACTION_REPLACE;
    }
    for (size_t i = 0; replaces && i < software->domain_count; i++) {
        most = software->domains[i].mapping_count > most ? software->domains[i].mapping_count : most;
    }
    return most;
}

bool software_prepare_actions(struct software *software, const struct action *actions, size_t count,
                              struct host_error *error)
{
    uint64_t largest = 0;
    size_t mappings = most_mappings(software, actions, count);

    for (size_t i = 0; i < count; i++) {
        struct attachment *attachment = &software->functions[actions[i].function].attachment;

        if (actions[i].kind != ACTION_SET_APERTURE) {
            largest = actions[i].size > largest ? actions[i].size : largest;
        }
        if ((actions[i].kind == ACTION_ENABLE_PASIDS && !attachment_prepare_pasids(attachment, error)) ||
            (actions[i].kind == ACTION_SURPRISE_REMOVE && !hotplug_prepare(software, actions[i].function, error))) {
            return false;
        }
    }
    for (size_t i = 0; i < software->domain_limit; i++) {
        if (!domain_make_room(&software->domains[i], DOORBELL_TABLE_PAGES, count + 4 + mappings, error)) {
            return false;
        }
    }
    if (software->planned) {
        return true;
    }
    if (largest > 0) {
        software->action_memory = host_ram_take(&software->ram, largest, software_page_bytes(software));
        software->action_memory_size = software->action_memory == 0 ? 0 : largest;
    }
    memory_reserve(software->access->memory, PAGES_OF_ACTION * (software_page_bytes(software) / IO_PAGE_BYTES) * count);
    return prepare_vectors(software, error);
}

#include "import/machine.h"

#include "sim/allocate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of BARs that are taken over: half of a root complex's window as it is unless it is given. */
#define MOST_BARS (UINT64_C(128) << 20)

void *import_grow(void *items, size_t *count, size_t size)
{
    /* Doubling: the array is as large as the next power of two. */
    if ((*count & (*count - 1)) == 0) {
        items = realloc(items, (*count == 0 ? 1 : 2 * *count) * size);
    }
    if (items == NULL) {
        fprintf(stderr, "doorbell: out of memory\n");
        abort();
    }
    memset((char *)items + *count * size, 0, size);
    (*count)++;
    return items;
}

struct import_function *import_machine_add_function(struct import_machine *machine)
{
    if (machine->function_count == IMPORT_MAX_FUNCTIONS) {
        return NULL;
    }
    machine->functions = import_grow(machine->functions, &machine->function_count, sizeof(*machine->functions));
    return &machine->functions[machine->function_count - 1];
}

struct import_ecam *import_machine_add_ecam(struct import_machine *machine)
{
    machine->ecams = import_grow(machine->ecams, &machine->ecam_count, sizeof(*machine->ecams));
    return &machine->ecams[machine->ecam_count - 1];
}

struct import_reserved *import_machine_add_reserved(struct import_machine *machine)
{
    machine->reserved = import_grow(machine->reserved, &machine->reserved_count, sizeof(*machine->reserved));
    return &machine->reserved[machine->reserved_count - 1];
}

void import_remark(struct import_remarks *remarks, const char *format, ...)
{
    char text[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < remarks->count; i++) {
        if (strcmp(remarks->items[i], text) == 0) {
            return;
        }
    }
    remarks->items = import_grow(remarks->items, &remarks->count, sizeof(*remarks->items));
    remarks->items[remarks->count - 1] = strdup(text);
    if (remarks->items[remarks->count - 1] == NULL) {
        fprintf(stderr, "doorbell: out of memory\n");
        abort();
    }
}

static int by_place(const void *a, const void *b)
{
    const struct import_function *left = a;
    const struct import_function *right = b;

    if (left->segment != right->segment) {
        return left->segment < right->segment ? -1 : 1;
    }
    return (int)left->rid - (int)right->rid;
}

static struct import_function *find(const struct import_machine *machine, uint32_t segment, unsigned rid)
{
    struct import_function key;

    if (rid > UINT16_MAX || machine->function_count == 0) {
        return NULL;
    }
    memset(&key, 0, sizeof(key));
    key.segment = segment;
    key.rid = (uint16_t)rid;
    return bsearch(&key, machine->functions, machine->function_count, sizeof(key), by_place);
}

const struct import_function *import_machine_find(const struct import_machine *machine, uint32_t segment, unsigned rid)
{
    return find(machine, segment, rid);
}

void import_function_add_bar(struct import_function *function, uint64_t size)
{
    if (size > 0 && (size & (size - 1)) == 0 && function->bar_count < IMPORT_BARS) {
        function->bars[function->bar_count++] = size;
    }
}

/** BARs are placed in a window of 32-bit addresses: if they might not fit, their sizes are left out. */
static void judge_bars(struct import_machine *machine)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < machine->function_count; i++) {
        for (unsigned bar = 0; bar < machine->functions[i].bar_count; bar++) {
            const uint64_t size = machine->functions[i].bars[bar];

            sum = size > MOST_BARS || sum > MOST_BARS ? MOST_BARS + 1 : sum + size;
        }
    }
    if (sum <= MOST_BARS) {
        return;
    }
    for (size_t i = 0; i < machine->function_count; i++) {
        machine->functions[i].bar_count = 0;
    }
    import_remark(&machine->remarks, "left out: the sizes of BARs, which are more than half of the window for them");
}

static int by_vector(const void *a, const void *b)
{
    const struct import_route *left = a;
    const struct import_route *right = b;

    if (left->segment != right->segment) {
        return left->segment < right->segment ? -1 : 1;
    }
    return left->rid != right->rid ? (int)left->rid - (int)right->rid : (int)left->vector - (int)right->vector;
}

static int by_vector_told_first(const void *a, const void *b)
{
    const struct import_route *left = a;
    const struct import_route *right = b;
    const int order = by_vector(a, b);

    return order != 0 ? order : (int)left->counted - (int)right->counted;
}

void import_machine_add_route(struct import_machine *machine, const struct import_route *route)
{
    if (machine->route_count == machine->route_room && machine->route_room < IMPORT_MAX_ROUTES) {
        machine->route_room = machine->route_room == 0 ? 64 : 2 * machine->route_room;
        machine->routes = sim_reallocate(machine->routes, machine->route_room, sizeof(*machine->routes));
    }
    if (machine->route_count < machine->route_room) {
        machine->routes[machine->route_count++] = *route;
    }
}

const struct import_route *import_machine_find_route(const struct import_machine *machine, uint32_t segment,
                                                     unsigned rid, unsigned vector)
{
    const struct import_route key = {.segment = segment, .rid = (uint16_t)rid, .vector = (uint16_t)vector};

    return machine->route_count == 0 ? NULL
                                     : bsearch(&key, machine->routes, machine->route_count, sizeof(key), by_vector);
}

/** Sorts the routes and keeps one of each vector. */
static void finish_routes(struct import_machine *machine)
{
    size_t kept = 0;
    size_t counted = 0;

    if (machine->route_count > 0) {
        qsort(machine->routes, machine->route_count, sizeof(*machine->routes), by_vector_told_first);
    }
    for (size_t i = 0; i < machine->route_count; i++) {
        if (kept == 0 || by_vector(&machine->routes[kept - 1], &machine->routes[i]) != 0) {
            machine->routes[kept++] = machine->routes[i];
            counted += machine->routes[i].counted;
        }
    }
    machine->route_count = kept;
    if (counted > 0) {
        import_remark(&machine->remarks, "guessed: the PEs of %zu vectors, from who handled them so far", counted);
    }
    if (machine->pe_count == 0) {
        machine->pe_count = machine->cpu_count;
    }
}

void import_machine_finish(struct import_machine *machine)
{
    if (machine->function_count != 0) {
        qsort(machine->functions, machine->function_count, sizeof(*machine->functions), by_place);
    }
    for (size_t i = 0; i < machine->function_count; i++) {
        const struct import_function *function = &machine->functions[i];

        for (unsigned n = 0; function->sriov.enabled && n < function->sriov.count; n++) {
            unsigned rid = function->rid + function->sriov.offset + n * function->sriov.stride;
            struct import_function *vf = find(machine, function->segment, rid);

            if (vf != NULL && vf != function) {
                vf->is_vf = true;
            }
        }
    }
    judge_bars(machine);
    finish_routes(machine);
}

void import_machine_clear(struct import_machine *machine)
{
    firmware_clear(&machine->firmware);
    for (size_t i = 0; i < machine->function_count; i++) {
        free(machine->functions[i].origin);
    }
    for (size_t i = 0; i < machine->remarks.count; i++) {
        free(machine->remarks.items[i]);
    }
    free(machine->functions);
    free(machine->ecams);
    free(machine->reserved);
    free(machine->routes);
    free(machine->remarks.items);
    memset(machine, 0, sizeof(*machine));
}

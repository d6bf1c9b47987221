#include "models/interconnect/crossbar_internal.h"

static void check_config(struct sim *sim, const char *name, const struct crossbar_config *config)
{
    if (config->masters < 1 || config->masters > CROSSBAR_MAX_MASTERS || config->targets < 1 ||
        config->targets > CROSSBAR_MAX_TARGETS || config->ordered_writes > UINT16_MAX) {
        sim_panic(sim, NULL, NULL, "crossbar %s: %u master ports, %u target ports, %u ordered writes: out of range",
                  name, config->masters, config->targets, config->ordered_writes);
    }
}

static void register_counters(struct crossbar *crossbar)
{
    struct crossbar_counters *counters = &crossbar->counters;

    sim_counter_register(&crossbar->component, "requests", &counters->requests);
    sim_counter_register(&crossbar->component, "responses", &counters->responses);
    sim_counter_register(&crossbar->component, "absorbed", &counters->absorbed);
    sim_counter_register(&crossbar->component, "decode_errors", &counters->decode_errors);
    sim_counter_register(&crossbar->component, "write_errors", &counters->write_errors);
    sim_counter_register(&crossbar->component, "order_waits", &counters->order_waits);
    sim_counter_register(&crossbar->component, "order_wait_fs", &counters->order_wait_fs);
}

static uint64_t read_held(const void *context)
{
    const struct crossbar *crossbar = context;
    uint64_t held = 0;

    for (unsigned i = 0; i < CROSSBAR_MAX_MASTERS; i++) {
        held += crossbar->masters[i].bus.request != NULL && crossbar->masters[i].held_since != SIM_TIME_NEVER;
    }
    return held;
}

struct crossbar *crossbar_create(struct sim *sim, const char *name, const struct crossbar_config *config)
{
    struct crossbar *crossbar = sim_alloc(sim, sizeof(*crossbar));

    check_config(sim, name, config);
    sim_component_init(&crossbar->component, sim, name, config->period, crossbar_evaluate);
    crossbar->width = config->width > 0 ? config->width : CROSSBAR_DEFAULT_WIDTH;
    crossbar->forward_latency = config->forward_latency;
    crossbar->response_latency = config->response_latency;
    crossbar->master_count = config->masters;
    crossbar->target_count = config->targets;
    crossbar->relaxed_ordering = config->relaxed_ordering;
    crossbar->ordered_writes = config->ordered_writes > 0 ? config->ordered_writes : CROSSBAR_DEFAULT_ORDERED_WRITES;
    crossbar->refusal_capacity = config->error_queue > 0 ? config->error_queue : CROSSBAR_DEFAULT_ERROR_QUEUE;
    crossbar->refusals = sim_alloc(sim, crossbar->refusal_capacity * sizeof(*crossbar->refusals));
    sim_packet_reserve(sim, crossbar->refusal_capacity, false);
    register_counters(crossbar);
    sim_gauge_register(&crossbar->component, "ports-held", config->masters, read_held, crossbar);
    return crossbar;
}

void crossbar_bind_master(struct crossbar *crossbar, unsigned port, struct sim_bus_port bus,
                          enum crossbar_port_kind kind)
{
    struct crossbar_master *master;

    if (port >= crossbar->master_count || crossbar->masters[port].bus.request != NULL) {
        sim_panic(crossbar->component.sim, &crossbar->component, NULL,
                  "master port %u does not exist or is bound already", port);
    }
    master = &crossbar->masters[port];
    master->bus = bus;
    master->kind = kind;
    master->held_since = SIM_TIME_NEVER;
    if (kind != CROSSBAR_PORT_PLAIN) {
        master->order =
            write_order_create(crossbar->component.sim, crossbar->ordered_writes, crossbar->relaxed_ordering);
    }
    sim_channel_set_hint(bus.request, &crossbar->request_hint, port);
}

void crossbar_bind_target(struct crossbar *crossbar, unsigned port, struct sim_bus_port bus)
{
    if (port >= crossbar->target_count || crossbar->targets[port].bus.request != NULL) {
        sim_panic(crossbar->component.sim, &crossbar->component, NULL,
                  "target port %u does not exist or is bound already", port);
    }
    crossbar->targets[port].bus = bus;
    sim_channel_set_hint(bus.response, &crossbar->response_hint, port);
}

bool crossbar_map(struct crossbar *crossbar, uint64_t base, uint64_t size, unsigned target)
{
    if (target >= crossbar->target_count) {
        sim_panic(crossbar->component.sim, &crossbar->component, NULL,
                  "a range for target port %u, which does not exist", target);
    }
    /* Ranges move when one is added. */
    for (uint32_t i = 0; i < crossbar->master_count; i++) {
        crossbar->masters[i].ranges[0] = NULL;
        crossbar->masters[i].ranges[1] = NULL;
    }
    return address_map_add(&crossbar->map, crossbar->component.sim, base, size, target);
}

void crossbar_allow_swaps(struct crossbar *crossbar, unsigned target)
{
    if (target >= crossbar->target_count) {
        sim_panic(crossbar->component.sim, &crossbar->component, NULL, "target port %u does not exist", target);
    }
    crossbar->swap_targets |= UINT64_C(1) << target;
}

int crossbar_find_target(const struct crossbar *crossbar, uint64_t address, uint64_t size)
{
    const struct address_range *range = address_map_find(&crossbar->map, address);

    return range != NULL && (size == 0 || size - 1 <= range->last - address) ? (int)range->target : -1;
}

struct sim_component *crossbar_component(struct crossbar *crossbar)
{
    return &crossbar->component;
}

const struct crossbar_counters *crossbar_get_counters(const struct crossbar *crossbar)
{
    return &crossbar->counters;
}

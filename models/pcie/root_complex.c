#include "models/pcie/root_complex.h"

#include "models/pcie/root_complex_internal.h"

#include <string.h>

/* ---- Evaluation ---- */

static sim_time inputs_due(struct root_complex *rc, const struct rc_round *round, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    for (unsigned queue = 0; queue < rc->queues; queue++) {
        for (uint64_t rest = rc->arrived[queue]; rest != 0; rest &= rest - 1) {
            unsigned input = (unsigned)__builtin_ctzll(rest);
            uint64_t bit = UINT64_C(1) << input;
            sim_time arrival = sim_channel_next_arrival(rc->ports[input].link->queues[queue].receive);

            if (arrival == SIM_TIME_NEVER) {
                rc->arrived[queue] &= ~bit;
            } else if (arrival > now) {
                due = sim_time_min(due, arrival);
            } else if ((round->moved[queue] & bit) != 0 || (round->moved[pcie_queue_posted(queue)] & bit) != 0) {
                /* A new head, or one that waited for the posted request that has just left. */
                due = now;
            }
        }
    }
    return due;
}

/** When answers of the bus can be taken. One whose root port is still busy with another waits for that. */
static sim_time answers_due(struct root_complex *rc, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    for (uint64_t rest = rc->bus_arrived & ~(UINT64_C(1) << RC_HOST_BIT); rest != 0; rest &= rest - 1) {
        unsigned index = (unsigned)__builtin_ctzll(rest);
        const struct sim_channel *channel = rc->memories[index].bus.response;
        sim_time arrival = sim_channel_next_arrival(channel);
        const struct sim_packet *packet = sim_channel_peek(channel, now);

        if (arrival == SIM_TIME_NEVER) {
            rc->bus_arrived &= ~(UINT64_C(1) << index);
            continue;
        }
        if (packet != NULL && packet->type == SIM_PACKET_COMPLETION) {
            unsigned port = rc_port_towards(rc, packet->requester >> 8);

            if (port != RC_NOBODY && rc_split_of(&rc->ports[port], packet)->whole != NULL) {
                if (rc->config.passing > 0) {
                    due = sim_time_min(due, rc_passing_answer_due(rc, index, now));
                }
                continue;
            }
        }
        due = sim_time_min(due, arrival);
    }
    return due;
}

/** Whether exactly one root port has something, that is posted, and nothing else is going on. */
static bool one_posted_input(const struct root_complex *rc)
{
    uint64_t posted = rc->arrived[PCIE_POSTED];
    uint64_t others = rc->arrived[PCIE_NON_POSTED] | rc->arrived[PCIE_COMPLETION] | rc->bus_arrived | rc->busy_ports |
                      rc->interrupting;

    return rc->config.passing == 0 && rc->queues == PCIE_CLASSES && posted != 0 && (posted & (posted - 1)) == 0 &&
           others == 0 && rc->response_count == 0;
}

/** Whatever may be going on. @return when to look again */
SIM_APART static sim_time serve_all(struct root_complex *rc, sim_time now)
{
    struct rc_round round = {.due = SIM_TIME_NEVER};
    sim_time due;

    if (rc->bus_arrived != 0) {
        rc_take_answers(rc, now);
    }
    rc_collect(rc, &round, now);
    if (rc->interrupting != 0) {
        rc_serve_interrupts(rc, &round, now);
    }
    rc_serve_memories(rc, &round, now);
    if ((rc->bus_arrived >> RC_HOST_BIT & 1) != 0) {
        rc_take_host(rc, now);
    }
    rc_serve_links(rc, &round, now);
    rc_send_response(rc, now);

    due = sim_time_min(round.due, inputs_due(rc, &round, now));
    due = sim_time_min(due, rc_memories_due(rc, &round, now));
    due = sim_time_min(due, rc_interrupts_due(rc, now));
    due = sim_time_min(due, rc_links_due(rc, &round, now));
    due = sim_time_min(due, rc_host_due(rc, now));
    return sim_time_min(due, answers_due(rc, now));
}

SIM_HOT static sim_time evaluate(struct sim_component *component, sim_time now)
{
    struct root_complex *rc = (struct root_complex *)(void *)component;
    sim_time findings_due = SIM_SELDOM(rc->findings != 0) ? rc_take_findings(rc, now) : SIM_TIME_NEVER;
    sim_time due;

    if (SIM_SELDOM(rc->deadline <= now)) {
        rc_expire_requests(rc, now);
    }
    if (!one_posted_input(rc) || !rc_forward_alone(rc, now, &due)) {
        due = serve_all(rc, now);
    }
    return sim_time_min(due, sim_time_min(findings_due, rc->deadline));
}

/* ---- Building ---- */

void root_complex_config_init(struct root_complex_config *config)
{
    memset(config, 0, sizeof(*config));
    config->period = ROOT_COMPLEX_DEFAULT_PERIOD;
    config->latency = ROOT_COMPLEX_DEFAULT_LATENCY;
    config->host_latency = ROOT_COMPLEX_DEFAULT_HOST_LATENCY;
    config->completion_latency = ROOT_COMPLEX_DEFAULT_COMPLETION_LATENCY;
    config->last_bus = 0xff;
    config->memory_ports = 1;
    config->iommu_map.mask = 0xffff;
    config->msi_map.mask = 0xffff;
    config->host_requests = ROOT_COMPLEX_DEFAULT_HOST_REQUESTS;
    config->completion_boundary = ROOT_COMPLEX_DEFAULT_BOUNDARY;
    config->completion_timeout = ROOT_COMPLEX_DEFAULT_TIMEOUT;
}

static void copy_map(struct sim *sim, struct pcie_map *map)
{
    struct pcie_map_entry *entries = sim_alloc(sim, (map->count + 1) * sizeof(*entries));

    if (map->count > 0) {
        memcpy(entries, map->entries, map->count * sizeof(*entries));
    }
    map->entries = entries;
}

static void check_config(struct root_complex *rc)
{
    const struct root_complex_config *config = &rc->config;
    bool wrong = config->port_count == 0 || config->port_count > ROOT_COMPLEX_MAX_PORTS || config->memory_ports == 0 ||
                 config->memory_ports > ROOT_COMPLEX_MAX_MEMORY_PORTS || config->bypass_port >= config->memory_ports ||
                 config->host_requests > ROOT_COMPLEX_MAX_HOST_REQUESTS || config->last_bus < config->first_bus ||
                 (config->completion_boundary != 64 && config->completion_boundary != 128);

    for (size_t i = 0; i < config->iommu_map.count; i++) {
        wrong = wrong || config->iommu_map.entries[i].target >= config->memory_ports;
    }
    if (wrong) {
        sim_panic(rc->sim, &rc->component, NULL, "a configuration that makes no sense");
    }
}

static bool shares_device(const struct root_complex_config *config, unsigned index)
{
    for (unsigned i = 0; i < config->port_count; i++) {
        if (i != index && config->ports[i].device == config->ports[index].device) {
            return true;
        }
    }
    return false;
}

static void init_port(struct root_complex *rc, unsigned index)
{
    const struct root_port_config *own = &rc->config.ports[index];
    unsigned number = own->device << 3 | own->function;
    struct rc_port *port = &rc->ports[index];
    struct pcie_bridge_config bridge = {
        .identity = own->identity,
        .type = PCIE_EXP_TYPE_ROOT_PORT,
        .acs = own->acs,
        .virtual_channels = own->virtual_channels,
        .max_payload = rc->config.max_payload,
        .port_number = index + 1,
        .multi_function = shares_device(&rc->config, index),
        .slot = true,
        .message = own->interrupts,
        .no_prefixes = own->no_prefixes,
    };

    if (own->device > 31 || own->function > 7 || rc->port_at[number] != RC_NOBODY) {
        sim_panic(rc->sim, &rc->component, NULL, "root port %u cannot be %u.%u", index, own->device, own->function);
    }
    rc->port_at[number] = (uint8_t)index;
    pcie_bridge_init(&port->bridge, rc->sim, &bridge);
    port->bridge.id = (uint16_t)((unsigned)rc->config.first_bus << 8 | number);
    port->interrupt.source = own->source;
    port->interrupt.name_hash = sim_name_hash(sim_printf(rc->sim, "%s/%u", rc->component.name, number));
    port->posted.ring = sim_alloc(rc->sim, rc->queue_size * sizeof(*port->posted.ring));
    port->non_posted.ring = sim_alloc(rc->sim, rc->queue_size * sizeof(*port->non_posted.ring));
}

static void register_counters(struct root_complex *rc)
{
    const struct root_complex_counters *counters = &rc->counters;

    sim_counter_register(&rc->component, "requests", &counters->requests);
    if (rc->config.peer_to_peer) {
        sim_counter_register(&rc->component, "peer-requests", &counters->peer_requests);
    }
    if (rc->config.passing > 0) {
        sim_counter_register(&rc->component, "passed", &counters->passed);
    }
    sim_counter_register(&rc->component, "completions", &counters->completions);
    sim_counter_register(&rc->component, "host-reads", &counters->host_reads);
    sim_counter_register(&rc->component, "host-writes", &counters->host_writes);
    sim_counter_register(&rc->component, "host-configs", &counters->host_configs);
    sim_counter_register(&rc->component, "host-errors", &counters->host_errors);
    sim_counter_register(&rc->component, "completion-timeouts", &counters->completion_timeouts);
    sim_counter_register(&rc->component, "acs-violations", &counters->acs_violations);
    sim_counter_register(&rc->component, "unsupported", &counters->unsupported);
    sim_counter_register(&rc->component, "messages", &counters->messages);
    sim_counter_register(&rc->component, "unexpected", &counters->unexpected);
    sim_counter_register(&rc->component, "errors-correctable", &counters->errors_correctable);
    sim_counter_register(&rc->component, "errors-non-fatal", &counters->errors_nonfatal);
    sim_counter_register(&rc->component, "errors-fatal", &counters->errors_fatal);
    for (unsigned i = 0; i < rc->port_count; i++) {
        if (rc->ports[i].bridge.config.msi != 0) {
            sim_counter_register(&rc->component, "interrupts", &counters->interrupts);
            break;
        }
    }
}

struct root_complex *root_complex_create(struct sim *sim, const char *name, const struct root_complex_config *config)
{
    struct root_complex *rc = sim_alloc(sim, sizeof(*rc));
    unsigned vcs = 1;

    sim_component_init(&rc->component, sim, name, config->period != 0 ? config->period : ROOT_COMPLEX_DEFAULT_PERIOD,
                       evaluate);
    rc->sim = sim;
    rc->config = *config;
    rc->config.host_requests = config->host_requests != 0 ? config->host_requests : ROOT_COMPLEX_DEFAULT_HOST_REQUESTS;
    rc->queue_size = rc->config.host_requests + RC_MESSAGES;
    if (rc->config.completion_boundary == 0) {
        rc->config.completion_boundary = ROOT_COMPLEX_DEFAULT_BOUNDARY;
    }
    if (rc->config.completion_timeout == 0) {
        rc->config.completion_timeout = ROOT_COMPLEX_DEFAULT_TIMEOUT;
    }
    rc->deadline = SIM_TIME_NEVER;
    check_config(rc);
    copy_map(sim, &rc->config.iommu_map);
    copy_map(sim, &rc->config.msi_map);
    rc->id = (uint16_t)((unsigned)config->first_bus << 8);
    rc->port_count = config->port_count;
    rc->queues = PCIE_CLASSES;
    memset(rc->port_at, RC_NOBODY, sizeof(rc->port_at));
    for (unsigned i = 0; i < rc->port_count; i++) {
        init_port(rc, i);
        vcs = rc->ports[i].bridge.vcs.count > vcs ? rc->ports[i].bridge.vcs.count : vcs;
    }
    rc->config.ports = NULL; /* the caller's, not copied */
    rc->responses = sim_alloc(sim, rc->config.host_requests * sizeof(struct sim_packet *));
    for (uint32_t i = 0; i < rc->config.host_requests; i++) {
        rc->free_tags[rc->free_tag_count++] = (uint16_t)(rc->config.host_requests - 1 - i);
    }
    /* Held: requests of the host and their answers; an answer of the bus that each root port is cutting up, and its own
     * message. */
    sim_packet_reserve(sim, 2 * rc->config.host_requests + rc->port_count * (vcs + 1), true);
    register_counters(rc);
    return rc;
}

struct sim_component *root_complex_component(struct root_complex *rc)
{
    return &rc->component;
}

struct pcie_end root_complex_end(struct root_complex *rc)
{
    return (struct pcie_end){.component = &rc->component, .cut_through = false};
}

void root_complex_bind_link(struct root_complex *rc, unsigned port, const struct pcie_port *link)
{
    rc->ports[port].link = link;
    pcie_port_watch_link(link, &rc->findings, port);
    for (unsigned queue = 0; queue < link->vcs * PCIE_CLASSES; queue++) {
        sim_channel_set_hint(link->queues[queue].receive, &rc->arrived[queue], port);
    }
    rc->queues = rc->queues > link->vcs * PCIE_CLASSES ? rc->queues : link->vcs * PCIE_CLASSES;
    pcie_set_link(&rc->ports[port].bridge.config, link->speed, link->width);
    pcie_set_removal(&rc->ports[port].bridge.config, link->removal, rc->ports[port].bridge.port_number);
    pcie_vcs_bind(&rc->ports[port].bridge.vcs, &rc->ports[port].bridge.config, link);
}

void root_complex_bind_host(struct root_complex *rc, struct sim_bus_port bus)
{
    rc->host = bus;
    sim_channel_set_hint(bus.request, &rc->bus_arrived, RC_HOST_BIT);
}

void root_complex_bind_memory(struct root_complex *rc, unsigned index, struct sim_bus_port bus)
{
    rc->memories[index].bus = bus;
    sim_channel_set_hint(bus.response, &rc->bus_arrived, index);
}

/* ---- To look at ---- */

const struct pcie_bridge *root_complex_bridge(const struct root_complex *rc, unsigned port)
{
    return port < rc->port_count ? &rc->ports[port].bridge : NULL;
}

const struct root_complex_counters *root_complex_get_counters(const struct root_complex *rc)
{
    return &rc->counters;
}

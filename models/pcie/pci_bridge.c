#include "models/pcie/pci_bridge.h"
#include "models/pcie/errors.h"

#include "models/pcie/pci_bridge_internal.h"

#include <string.h>

/** Clocks until a master knows that nobody claims its transaction: no DEVSEL#, not even by subtractive decode. */
#define ABORT_CLOCKS 5u

#define SECONDARY_ERRORS                                                                                               \
    (PCIE_STATUS_MASTER_PARITY_ERROR | PCIE_STATUS_SIGNALED_TARGET_ABORT | PCIE_STATUS_RECEIVED_TARGET_ABORT |         \
     PCIE_STATUS_RECEIVED_MASTER_ABORT | PCIE_STATUS_SIGNALED_SYSTEM_ERROR | PCIE_STATUS_PARITY_ERROR)

/** What becomes of the head of an input, and where it goes out. */
struct plan {
    struct pci_decision decision;
    const struct pcie_port *output; /**< NULL: it ends here */
    unsigned class_out;
    uint32_t units;
    sim_time service;
    uint32_t clocks; /**< on the bus */
    bool ones;       /**< a read that nobody answers, and nobody is told so */
};

static const struct pcie_port *port_of(const struct pci_bridge *bridge, unsigned agent)
{
    return agent == PCI_AGENT_BRIDGE ? bridge->primary : bridge->devices[agent - 1].port;
}

/* ---- Time on the bus ---- */

static uint32_t address_clocks(const struct sim_packet *packet)
{
    bool memory = packet->type == SIM_PACKET_READ || packet->type == SIM_PACKET_WRITE;

    return memory && packet->address > UINT32_MAX ? 2 : 1;
}

/** Clocks of a transaction: address, target, data, idle. A completion is the read that at last gets its data. */
static uint32_t transaction_clocks(const struct pci_bridge *bridge, const struct sim_packet *packet)
{
    uint32_t phases = (pcie_tlp_payload_bytes(packet) + bridge->bus_bytes - 1) / bridge->bus_bytes;
    uint32_t turn = packet->type == SIM_PACKET_COMPLETION ? 1 : 0;

    return address_clocks(packet) + bridge->decode + turn + phases + 1;
}

/* ---- Planning ---- */

/** A request that goes nowhere: its completion, if it wants one, goes back to where it came from. */
static void plan_refusal(const struct pci_bridge *bridge, unsigned agent, unsigned class_,
                         const struct sim_packet *packet, struct plan *plan)
{
    bool down = agent == PCI_AGENT_BRIDGE;

    if (plan->decision.action == PCI_ABORT) {
        plan->clocks = address_clocks(packet) + ABORT_CLOCKS;
    }
    plan->service += plan->clocks * bridge->component.period;
    if (class_ == PCIE_NON_POSTED) {
        plan->ones =
            plan->decision.action == PCI_ABORT && down && packet->type == SIM_PACKET_READ && !bridge->abort_reported;
        plan->output = port_of(bridge, agent);
        plan->class_out = PCIE_COMPLETION;
        plan->units = plan->ones ? sim_channel_units(packet->length) : 0;
    }
}

static struct plan make_plan(const struct pci_bridge *bridge, unsigned agent, unsigned class_,
                             const struct sim_packet *packet)
{
    struct plan plan = {.decision = pci_bridge_route(bridge, agent, packet),
                        .class_out = class_,
                        .units = pcie_tlp_units(packet),
                        .service = bridge->latency};

    switch (plan.decision.action) {
    case PCI_UPSTREAM:
    case PCI_TAKE_OVER:
        plan.output = bridge->primary;
        plan.clocks = transaction_clocks(bridge, packet);
        plan.service += plan.clocks * bridge->component.period;
        break;
    case PCI_DEVICE:
    case PCI_RETURN:
        plan.output = port_of(bridge, plan.decision.agent);
        plan.clocks = transaction_clocks(bridge, packet);
        /* From device to device there is nothing but the bus between. */
        plan.service = (agent == PCI_AGENT_BRIDGE ? bridge->latency : 0) + plan.clocks * bridge->component.period;
        break;
    case PCI_CONFIGURE:
        plan.output = bridge->primary;
        plan.class_out = PCIE_COMPLETION;
        plan.units = packet->type == SIM_PACKET_CONFIG_READ;
        break;
    case PCI_REFUSE:
    case PCI_ABORT:
        plan_refusal(bridge, agent, class_, packet, &plan);
        break;
    default:
        break;
    }
    return plan;
}

/* ---- Carrying out ---- */

static void set_status(struct pci_bridge *bridge, unsigned offset, uint16_t bits)
{
    struct pcie_config_space *space = &bridge->registers.config;

    pcie_config_set16(space, offset, pcie_config_get16(space, offset) | bits);
}

/** An error of the bridge's own, as a function of PCI Express. */
static void report(struct pci_bridge *bridge, uint32_t error, bool advisory, const struct sim_packet *packet)
{
    const struct pcie_error found = {.uncorrectable = error, .advisory = advisory, .tlp = packet};
    struct pcie_bridge *registers = &bridge->registers;

    pcie_error_queue_add(&bridge->errors, registers->id, pcie_error_record(&registers->config, &found));
}

static void count_refusal(struct pci_bridge *bridge, const struct pci_decision *decision,
                          const struct sim_packet *packet)
{
    if (decision->action == PCI_ABORT) {
        bridge->counters.master_aborts++;
        set_status(bridge, PCIE_SECONDARY_STATUS, PCIE_STATUS_RECEIVED_MASTER_ABORT);
    } else if (decision->action == PCI_REFUSE) {
        bridge->counters.unsupported++;
        report(bridge, PCIE_AER_UNSUPPORTED_REQUEST, pcie_tlp_class(packet) != PCIE_POSTED, packet);
    } else {
        bridge->counters.dropped++;
        if (decision->error != 0) {
            report(bridge, decision->error, decision->error == PCIE_AER_UNEXPECTED_COMPLETION, packet);
        }
    }
}

static enum sim_drop_reason drop_reason(uint32_t error)
{
    return error == PCIE_AER_MALFORMED_TLP ? SIM_DROP_MALFORMED
           : error == PCIE_AER_ECRC_ERROR  ? SIM_DROP_ECRC
                                           : SIM_DROP_UNSUPPORTED_REQUEST;
}

/**
 * Data that came poisoned goes on with bad parity, which is how a bus says the same; whoever takes it judges. What the
 * bus carries has no ECRC, what the bridge sends up has one if software wants that.
 */
static void change_marks(struct pci_bridge *bridge, unsigned agent, const struct plan *plan, struct sim_packet *packet)
{
    if (plan->output == bridge->primary) {
        pcie_tlp_set_digest(packet, bridge->registers.ecrc);
        return;
    }
    packet->flags &= ~(SIM_FLAG_ECRC | SIM_FLAG_ECRC_BAD);
    if (agent != PCI_AGENT_BRIDGE || (packet->flags & SIM_FLAG_POISONED) == 0) {
        return;
    }
    report(bridge, PCIE_AER_POISONED_TLP, true, packet);
    if ((pcie_config_get16(&bridge->registers.config, PCIE_BRIDGE_CONTROL) & PCIE_BRIDGE_CONTROL_PARITY_RESPONSE) !=
        0) {
        set_status(bridge, PCIE_SECONDARY_STATUS, PCIE_STATUS_MASTER_PARITY_ERROR);
    }
}

static void refuse(struct pci_bridge *bridge, const struct plan *plan, struct sim_packet *packet)
{
    count_refusal(bridge, &plan->decision, packet);
    if (plan->ones) {
        memset(packet->data, 0xff, packet->length);
        pcie_tlp_complete(packet, pci_bridge_alias(bridge), SIM_STATUS_OK, packet->length);
    } else {
        pcie_tlp_complete(packet, bridge->registers.id, (enum sim_packet_status)plan->decision.status, 0);
    }
}

/** When a read is given up, or its place is free again after that. */
static sim_time deadline_of(const struct pci_bridge *bridge, const struct pci_delayed *delayed)
{
    sim_time limit = delayed->late ? PCI_BRIDGE_DEFAULT_TIMEOUT : bridge->completion_timeout;

    return sim_component_edge(&bridge->component, delayed->since + limit);
}

static void release(struct pci_bridge *bridge, struct pci_delayed *delayed)
{
    delayed->used = false;
    delayed->late = false;
    bridge->delayed_used--;
    if (bridge->delayed_used == 0) {
        bridge->deadline = SIM_TIME_NEVER;
    }
}

/** Gives up reads that nobody has completed in time. */
static void expire_reads(struct pci_bridge *bridge, sim_time now)
{
    sim_time deadline = SIM_TIME_NEVER;

    for (unsigned tag = 0; tag < bridge->delayed_size; tag++) {
        struct pci_delayed *delayed = &bridge->delayed[tag];

        if (delayed->used && deadline_of(bridge, delayed) <= now) {
            if (delayed->late) {
                release(bridge, delayed);
            } else {
                bridge->counters.completion_timeouts++;
                report(bridge, PCIE_AER_COMPLETION_TIMEOUT, false, NULL);
                delayed->late = true;
                delayed->since = now;
            }
        }
        if (delayed->used) {
            deadline = sim_time_min(deadline, deadline_of(bridge, delayed));
        }
    }
    bridge->deadline = deadline;
}

static void take_over(struct pci_bridge *bridge, unsigned agent, struct sim_packet *packet, sim_time now)
{
    unsigned tag = 0;

    while (bridge->delayed[tag].used) {
        tag++;
    }
    bridge->delayed[tag] = (struct pci_delayed){
        .used = true, .agent = (uint8_t)agent, .tag = packet->tag, .requester = packet->requester, .since = now};
    if (bridge->completion_timeout != SIM_TIME_NEVER) {
        bridge->deadline = sim_time_min(bridge->deadline, deadline_of(bridge, &bridge->delayed[tag]));
    }
    bridge->delayed_used++;
    bridge->counters.taken_over++;
    packet->tag = (uint16_t)tag;
    packet->requester = pci_bridge_alias(bridge);
}

/** A completion of a read that was taken over becomes that of the device's read. */
static void give_back(struct pci_bridge *bridge, struct sim_packet *packet)
{
    struct pci_delayed *delayed = &bridge->delayed[packet->tag];

    packet->target = delayed->requester;
    packet->tag = delayed->tag;
    if (packet->status == SIM_STATUS_UR) {
        set_status(bridge, PCIE_STATUS, PCIE_STATUS_RECEIVED_MASTER_ABORT);
    } else if (packet->status != SIM_STATUS_OK) {
        set_status(bridge, PCIE_STATUS, PCIE_STATUS_RECEIVED_TARGET_ABORT);
    }
    if (packet->status != SIM_STATUS_OK) {
        set_status(bridge, PCIE_SECONDARY_STATUS, PCIE_STATUS_SIGNALED_TARGET_ABORT);
    }
    if (packet->status != SIM_STATUS_OK || packet->length == packet->arg) {
        release(bridge, delayed);
    }
}

static void go_up(struct pci_bridge *bridge, struct sim_packet *packet)
{
    bridge->counters.upstream++;
    if (bridge->ids == PCI_BRIDGE_IDS_REPLACED ||
        (bridge->ids == PCI_BRIDGE_IDS_POSTED_KEPT && packet->type == SIM_PACKET_COMPLETION)) {
        /* Of a completion it is the completer's: no device behind the bridge has an ID of its own. */
        packet->requester = pci_bridge_alias(bridge);
    }
}

static void go_to_device(struct pci_bridge *bridge, unsigned from, const struct pci_decision *decision,
                         struct sim_packet *packet)
{
    if (from != PCI_AGENT_BRIDGE) {
        bridge->counters.peer_to_peer++;
        return;
    }
    bridge->counters.downstream++;
    if (packet->type == SIM_PACKET_CONFIG_WRITE || packet->type == SIM_PACKET_CONFIG_READ) {
        struct pci_device *device = &bridge->devices[decision->agent - 1];
        unsigned function = packet->target & 7u;

        packet->flags &= ~SIM_FLAG_CONFIG_TYPE1;
        if (packet->type == SIM_PACKET_CONFIG_WRITE && function < device->function_count) {
            pci_decoder_follow(&device->functions[function], packet);
        }
    }
}

static void configure(struct pci_bridge *bridge, struct sim_packet *packet, sim_time now)
{
    bridge->registers.id = packet->target;
    pcie_bridge_access_config(&bridge->registers, packet, bridge->primary, now);
    bridge->abort_reported =
        (pcie_config_get16(&bridge->registers.config, PCIE_BRIDGE_CONTROL) & PCIE_BRIDGE_CONTROL_MASTER_ABORT) != 0;
    bridge->counters.configured++;
}

static void change(struct pci_bridge *bridge, unsigned agent, const struct plan *plan, struct sim_packet *packet,
                   sim_time now)
{
    switch (plan->decision.action) {
    case PCI_TAKE_OVER:
        take_over(bridge, agent, packet, now);
        bridge->counters.upstream++;
        break;
    case PCI_UPSTREAM:
        go_up(bridge, packet);
        break;
    case PCI_RETURN:
        give_back(bridge, packet);
        bridge->counters.downstream++;
        break;
    case PCI_DEVICE:
        go_to_device(bridge, agent, &plan->decision, packet);
        break;
    case PCI_CONFIGURE:
        configure(bridge, packet, now);
        break;
    default:
        refuse(bridge, plan, packet);
        break;
    }
}

/** Takes a head out and does what was planned with it. The bus is in use until that is done. */
static void carry_out(struct pci_bridge *bridge, unsigned agent, unsigned class_, const struct plan *plan, sim_time now)
{
    struct sim_packet *packet = pcie_port_take(port_of(bridge, agent), class_, now);

    bridge->counters.bus_clocks += plan->clocks;
    bridge->free_at = now + (plan->clocks > 0 ? plan->clocks : 1) * bridge->component.period;
    bridge->turn = (uint8_t)(agent < bridge->device_count ? agent + 1 : 0);
    bridge->class_turn[agent] = (uint8_t)(class_ + 1 < PCIE_CLASSES ? class_ + 1 : 0);
    if (plan->output == NULL) {
        count_refusal(bridge, &plan->decision, packet);
        sim_mark(bridge->sim, packet, bridge->component.stage, now);
        sim_drop(bridge->sim, packet, &bridge->component, now, drop_reason(plan->decision.error));
        return;
    }
    change(bridge, agent, plan, packet, now);
    change_marks(bridge, agent, plan, packet);
    pcie_port_send(plan->output, plan->class_out, packet, now, plan->service);
}

/* ---- Evaluation ---- */

/** @return whether something was taken; else *due is brought forward to when this input may have something */
static bool try_input(struct pci_bridge *bridge, unsigned agent, unsigned class_, sim_time now, sim_time *due)
{
    const struct pcie_port *port = port_of(bridge, agent);
    const struct sim_packet *packet = sim_channel_peek(port->queues[class_].receive, now);
    struct plan plan;

    if (packet == NULL) {
        *due = sim_time_min(*due, sim_channel_next_arrival(port->queues[class_].receive));
        return false;
    }
    if (pcie_port_must_wait(port, class_, packet)) {
        return false; /* until the posted request before it has gone */
    }
    plan = make_plan(bridge, agent, class_, packet);
    if (plan.decision.action == PCI_WAIT) {
        return false; /* until a completion comes */
    }
    if (plan.output != NULL && !pcie_port_has_space(plan.output, plan.class_out, now, plan.service, plan.units)) {
        *due = sim_time_min(*due, pcie_port_space_at(plan.output, plan.class_out, now, plan.service, plan.units));
        return false;
    }
    carry_out(bridge, agent, class_, &plan, now);
    return true;
}

/** Gives the bus to the first that can use it. @return when to look again */
static sim_time serve_bus(struct pci_bridge *bridge, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;
    unsigned agent = bridge->turn;

    if (now < bridge->free_at) {
        return bridge->free_at;
    }
    for (unsigned i = 0; i <= bridge->device_count; i++) {
        unsigned class_ = bridge->class_turn[agent];

        for (unsigned j = 0; j < PCIE_CLASSES && port_of(bridge, agent) != NULL; j++) {
            if (try_input(bridge, agent, class_, now, &due)) {
                return bridge->free_at;
            }
            class_ = class_ + 1 < PCIE_CLASSES ? class_ + 1 : 0;
        }
        agent = agent < bridge->device_count ? agent + 1 : 0;
    }
    return due;
}

/* ---- The link ---- */

/** Records what has been found wrong with the link by now. @return when to look again */
static sim_time take_findings(struct pci_bridge *bridge, sim_time now)
{
    struct pcie_bridge *registers = &bridge->registers;
    struct pcie_link_finding found;
    sim_time due;

    while (pcie_port_take_finding(bridge->primary, now, &found)) {
        pcie_error_queue_add(&bridge->errors, registers->id, pcie_error_record_link(&registers->config, &found));
    }
    due = pcie_port_findings_due(bridge->primary);
    if (due == SIM_TIME_NEVER) {
        bridge->findings = 0;
    }
    return due;
}

/** Sends the oldest error message, of which there is one, if there is space. @return when to look again */
static sim_time send_error(struct pci_bridge *bridge, sim_time now)
{
    if (pcie_port_has_space(bridge->primary, PCIE_POSTED, now, bridge->latency, 0)) {
        uint64_t id = sim_packet_identity(bridge->name_hash, bridge->error_packets++);

        pcie_port_send(bridge->primary, PCIE_POSTED, pcie_error_queue_take(&bridge->errors, bridge->sim, id, now), now,
                       bridge->latency);
        return bridge->errors.count > 0 ? sim_time_align(now + 1, bridge->component.period) : SIM_TIME_NEVER;
    }
    return pcie_port_space_at(bridge->primary, PCIE_POSTED, now, bridge->latency, 0);
}

static sim_time evaluate(struct sim_component *component, sim_time now)
{
    struct pci_bridge *bridge = (struct pci_bridge *)(void *)component;
    sim_time due = SIM_TIME_NEVER;

    if (bridge->primary == NULL) {
        return SIM_TIME_NEVER;
    }
    if (bridge->findings != 0) {
        due = take_findings(bridge, now);
    }
    if (bridge->deadline <= now) {
        expire_reads(bridge, now);
    }
    due = sim_time_min(due, serve_bus(bridge, now));
    due = sim_time_min(due, bridge->deadline);
    return bridge->errors.count > 0 ? sim_time_min(due, send_error(bridge, now)) : due;
}

/* ---- Building ---- */

void pci_bridge_config_init(struct pci_bridge_config *config)
{
    memset(config, 0, sizeof(*config));
    config->period = PCI_BRIDGE_DEFAULT_PERIOD;
    config->latency = PCI_BRIDGE_DEFAULT_LATENCY;
    config->bus_bytes = PCI_BRIDGE_DEFAULT_BYTES;
    config->decode = PCI_BRIDGE_DEFAULT_DECODE;
    config->delayed = PCI_BRIDGE_DEFAULT_DELAYED;
    config->completion_timeout = PCI_BRIDGE_DEFAULT_TIMEOUT;
}

static void check_config(struct sim *sim, const char *name, const struct pci_bridge_config *config)
{
    bool wrong = config->device_count == 0 || config->device_count > PCI_BRIDGE_MAX_DEVICES;

    wrong = wrong || (config->bus_bytes != 0 && config->bus_bytes != 4 && config->bus_bytes != 8);
    wrong = wrong || config->decode > 16 || config->delayed > PCI_BRIDGE_MAX_DELAYED;
    if (wrong) {
        sim_panic(sim, NULL, NULL, "bridge %s: %u devices, %u bytes, %u clocks and %u reads are not possible", name,
                  config->device_count, config->bus_bytes, config->decode, config->delayed);
    }
}

static void init_registers(struct pci_bridge *bridge, const struct pci_bridge_config *config)
{
    struct pcie_config_space *space = &bridge->registers.config;
    struct pcie_bridge_config registers = {
        .identity = config->identity,
        .type = PCIE_EXP_TYPE_PCI_BRIDGE,
        .max_payload = config->max_payload,
    };

    pcie_bridge_init(&bridge->registers, bridge->sim, &registers);
    pcie_config_allow16(space, PCIE_BRIDGE_CONTROL,
                        PCIE_BRIDGE_CONTROL_PARITY_RESPONSE | PCIE_BRIDGE_CONTROL_SERR |
                            PCIE_BRIDGE_CONTROL_MASTER_ABORT);
    pcie_config_clear_on_one16(space, PCIE_SECONDARY_STATUS, SECONDARY_ERRORS);
}

static void init_devices(struct pci_bridge *bridge, const struct pci_bridge_config *config)
{
    memset(bridge->agent_at, PCI_NOBODY, sizeof(bridge->agent_at));
    bridge->device_count = config->device_count;
    for (unsigned i = 0; i < config->device_count; i++) {
        unsigned number = config->devices[i];

        if (number > 31 || bridge->agent_at[number] != PCI_NOBODY) {
            sim_panic(bridge->sim, &bridge->component, NULL, "two devices are number %u, or that is none", number);
        }
        bridge->agent_at[number] = (uint8_t)(i + 1);
        bridge->devices[i].number = number;
    }
}

static void register_counters(struct pci_bridge *bridge)
{
    const struct pci_bridge_counters *counters = &bridge->counters;

    sim_counter_register(&bridge->component, "upstream", &counters->upstream);
    sim_counter_register(&bridge->component, "downstream", &counters->downstream);
    sim_counter_register(&bridge->component, "peer-to-peer", &counters->peer_to_peer);
    sim_counter_register(&bridge->component, "taken-over", &counters->taken_over);
    sim_counter_register(&bridge->component, "master-aborts", &counters->master_aborts);
    sim_counter_register(&bridge->component, "unsupported", &counters->unsupported);
    sim_counter_register(&bridge->component, "configured", &counters->configured);
    sim_counter_register(&bridge->component, "completion-timeouts", &counters->completion_timeouts);
    sim_counter_register(&bridge->component, "dropped", &counters->dropped);
    sim_counter_register(&bridge->component, "bus-clocks", &counters->bus_clocks);
}

struct pci_bridge *pci_bridge_create(struct sim *sim, const char *name, const struct pci_bridge_config *config)
{
    struct pci_bridge *bridge = sim_alloc(sim, sizeof(*bridge));

    check_config(sim, name, config);
    sim_component_init(&bridge->component, sim, name, config->period != 0 ? config->period : PCI_BRIDGE_DEFAULT_PERIOD,
                       evaluate);
    bridge->sim = sim;
    bridge->name_hash = sim_name_hash(name);
    bridge->latency = config->latency;
    bridge->bus_bytes = config->bus_bytes != 0 ? config->bus_bytes : PCI_BRIDGE_DEFAULT_BYTES;
    bridge->decode = config->decode != 0 ? config->decode : PCI_BRIDGE_DEFAULT_DECODE;
    bridge->delayed_size = config->delayed != 0 ? config->delayed : PCI_BRIDGE_DEFAULT_DELAYED;
    bridge->completion_timeout =
        config->completion_timeout != 0 ? config->completion_timeout : PCI_BRIDGE_DEFAULT_TIMEOUT;
    bridge->deadline = SIM_TIME_NEVER;
    bridge->ids = config->ids;
    init_registers(bridge, config);
    init_devices(bridge, config);
    register_counters(bridge);
    return bridge;
}

struct sim_component *pci_bridge_component(struct pci_bridge *bridge)
{
    return &bridge->component;
}

struct pcie_end pci_bridge_end(struct pci_bridge *bridge)
{
    return (struct pcie_end){.component = &bridge->component, .cut_through = false};
}

void pci_bridge_bind_link(struct pci_bridge *bridge, const struct pcie_port *port)
{
    bridge->primary = port;
    pcie_port_watch_link(port, &bridge->findings, 0);
    pcie_set_link(&bridge->registers.config, port->speed, port->width);
}

void pci_bridge_bind_device(struct pci_bridge *bridge, unsigned index, const struct pcie_port *port,
                            const struct pcie_config_space *const *functions, unsigned function_count)
{
    struct pci_device *device = &bridge->devices[index];

    device->port = port;
    device->function_count = function_count < PCI_FUNCTIONS ? function_count : PCI_FUNCTIONS;
    for (unsigned f = 0; f < device->function_count; f++) {
        pci_decoder_init(&device->functions[f], functions[f]);
    }
}

/* ---- To look at ---- */

const struct pcie_bridge *pci_bridge_registers(const struct pci_bridge *bridge)
{
    return &bridge->registers;
}

const struct pci_bridge_counters *pci_bridge_get_counters(const struct pci_bridge *bridge)
{
    return &bridge->counters;
}

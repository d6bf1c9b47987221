#include "models/pcie/device.h"

#include "models/pcie/endpoint_internal.h"
#include "models/pcie/pci_slot.h"
#include "models/pcie/switch_internal.h"

#include <string.h>

#define FIRST_PART 1u /**< port of the part with function 0 */

/** One component: either of the two. */
struct part {
    struct pcie_switch *switch_;
    struct endpoint *endpoint;
};

struct pcie_device {
    struct pcie_switch hub;
    struct part parts[PCIE_DEVICE_MAX_PARTS];
    bool peers;
};

/** A function as Access Control Services see it. */
struct function {
    struct pcie_config_space *config;
    unsigned number;
    uint16_t id;
};

/* ---- Who has what ---- */

static const struct part *part_of(const struct pcie_device *device, unsigned port)
{
    return &device->parts[port - FIRST_PART];
}

static struct function upstream_port(struct pcie_switch *switch_)
{
    struct pcie_bridge *bridge = &switch_->ports[SWITCH_UPSTREAM].bridge;

    return (struct function){.config = &bridge->config, .number = switch_->upstream_function, .id = bridge->id};
}

static struct function endpoint_function(struct endpoint_function *function)
{
    return (struct function){.config = &function->config, .number = function->number, .id = function->id};
}

/** Whether an ID belongs to a part. Before software has numbered it, none does: bus 0 is never below a link. */
static bool has_id(const struct part *part, uint16_t id)
{
    const struct pcie_bridge *bridge;

    if (part->endpoint != NULL) {
        return part->endpoint->functions[0].id >> 8 != 0 && endpoint_find_function(part->endpoint, id) != NULL;
    }
    bridge = &part->switch_->ports[SWITCH_UPSTREAM].bridge;
    return (bridge->id >> 8 != 0 && bridge->id == id) || pcie_bridge_leads_to(bridge, id >> 8);
}

/** Port of the part that an ID belongs to. */
static unsigned port_of_id(const struct pcie_device *device, uint16_t id)
{
    for (unsigned port = FIRST_PART; port < device->hub.port_count; port++) {
        if (has_id(part_of(device, port), id)) {
            return port;
        }
    }
    return SWITCH_NOBODY;
}

/** Port of the part that has a function of that number on the device's own bus. */
static unsigned port_of_number(const struct pcie_device *device, unsigned number)
{
    for (unsigned port = FIRST_PART; port < device->hub.port_count; port++) {
        const struct part *part = part_of(device, port);

        if (part->endpoint != NULL ? part->endpoint->by_number[number] != ENDPOINT_NO_FUNCTION
                                   : part->switch_->upstream_function == number) {
            return port;
        }
    }
    return FIRST_PART;
}

/** Port of the part that claims a memory request, and the function of it that does. */
static unsigned port_of_address(const struct pcie_device *device, const struct sim_packet *packet,
                                struct function *claims)
{
    for (unsigned port = FIRST_PART; port < device->hub.port_count; port++) {
        const struct part *part = part_of(device, port);

        if (part->endpoint != NULL) {
            struct endpoint_function *function = endpoint_claiming_function(part->endpoint, packet);

            if (function != NULL) {
                *claims = endpoint_function(function);
                return port;
            }
        } else if (pcie_bridge_claims(&part->switch_->ports[SWITCH_UPSTREAM].bridge, packet->address)) {
            *claims = upstream_port(part->switch_);
            return port;
        }
    }
    return SWITCH_NOBODY;
}

/**
 * The function whose ACS controls count for what a part sends. A VF without the capability has its PF's.
 * @param own gets the function in its own right, for whom errors are recorded
 */
static struct function sender(const struct pcie_device *device, unsigned port, const struct sim_packet *packet,
                              struct function *own)
{
    const struct part *part = part_of(device, port);
    struct endpoint_function *function;

    if (part->endpoint == NULL) {
        *own = upstream_port(part->switch_);
        return *own;
    }
    function = endpoint_find_function(part->endpoint, packet->requester);
    function = function != NULL ? function : &part->endpoint->functions[0];
    *own = endpoint_function(function);
    return function->config.acs == 0 && function->physical != NULL ? endpoint_function(function->physical) : *own;
}

/* ---- Routing ---- */

static struct switch_decision forward(unsigned port)
{
    return (struct switch_decision){.action = SWITCH_FORWARD, .port = (uint8_t)port};
}

static struct switch_decision redirect(void)
{
    return (struct switch_decision){.action = SWITCH_FORWARD, .port = SWITCH_UPSTREAM, .redirected = true};
}

static struct switch_decision request_from_inside(const struct pcie_device *device, unsigned input,
                                                  const struct sim_packet *packet)
{
    struct function target = {.config = NULL};
    struct function own;
    struct function acs;
    uint64_t egress;
    uint16_t controls;
    unsigned port = device->peers ? port_of_address(device, packet, &target) : SWITCH_NOBODY;

    if (port == SWITCH_NOBODY) {
        return forward(SWITCH_UPSTREAM);
    }
    acs = sender(device, input, packet, &own);
    if (own.config == target.config) {
        /* A switch's own window: redirected below. A function's own BAR: it has sent it out, whatever for. */
        return forward(SWITCH_UPSTREAM);
    }
    controls = pcie_acs_decode(acs.config, &egress);
    switch (pcie_acs_peer_request(controls, egress, packet, target.number)) {
    case PCIE_PEER_DIRECT:
        return forward(port);
    case PCIE_PEER_REDIRECT:
        return redirect();
    default:
        return (struct switch_decision){
            .action = SWITCH_REFUSE,
            .port = (uint8_t)input,
            .status = SIM_STATUS_CA,
            .error = PCIE_AER_ACS_VIOLATION,
        };
    }
}

/** Completions, and messages that go by ID. */
static struct switch_decision by_id(const struct pcie_device *device, unsigned input, const struct sim_packet *packet)
{
    unsigned port = port_of_id(device, packet->target);
    struct function own;
    struct function acs;
    uint64_t egress;

    if (input == SWITCH_UPSTREAM) {
        return forward(port != SWITCH_NOBODY ? port : FIRST_PART);
    }
    if (!device->peers || port == SWITCH_NOBODY || (port == input && part_of(device, port)->switch_ != NULL)) {
        return forward(SWITCH_UPSTREAM);
    }
    acs = sender(device, input, packet, &own);
    if (packet->type == SIM_PACKET_COMPLETION &&
        pcie_acs_peer_completion(pcie_acs_decode(acs.config, &egress), packet) == PCIE_PEER_REDIRECT) {
        return redirect();
    }
    return forward(port);
}

static struct switch_decision message(const struct pcie_device *device, unsigned input, const struct sim_packet *packet)
{
    if (packet->arg == PCIE_ROUTE_BY_ID) {
        return by_id(device, input, packet);
    }
    if (input == SWITCH_UPSTREAM) {
        return packet->arg == PCIE_ROUTE_ALL ? (struct switch_decision){.action = SWITCH_TO_ALL} : forward(FIRST_PART);
    }
    if (packet->arg == PCIE_ROUTE_GATHER) {
        uint64_t others = switch_linked_below(&device->hub) & ~(device->hub.gathered | UINT64_C(1) << input);

        return others == 0 ? forward(SWITCH_UPSTREAM)
                           : (struct switch_decision){.action = SWITCH_TAKE, .port = (uint8_t)input};
    }
    return forward(SWITCH_UPSTREAM);
}

static struct switch_decision configuration(const struct pcie_device *device, unsigned input,
                                            const struct sim_packet *packet)
{
    unsigned port;

    if (input != SWITCH_UPSTREAM) {
        return forward(SWITCH_UPSTREAM);
    }
    if ((packet->flags & SIM_FLAG_CONFIG_TYPE1) == 0) {
        return forward(port_of_number(device, packet->target & 0xff));
    }
    port = port_of_id(device, packet->target);
    return forward(port != SWITCH_NOBODY ? port : FIRST_PART);
}

struct switch_decision device_route(const struct pcie_switch *hub, unsigned input, const struct sim_packet *packet)
{
    const struct pcie_device *device = hub->device;
    struct function claims;
    unsigned port;

    switch (packet->type) {
    case SIM_PACKET_READ:
    case SIM_PACKET_WRITE:
        if (input != SWITCH_UPSTREAM) {
            return request_from_inside(device, input, packet);
        }
        port = port_of_address(device, packet, &claims);
        return forward(port != SWITCH_NOBODY ? port : FIRST_PART);
    case SIM_PACKET_COMPLETION:
        return by_id(device, input, packet);
    case SIM_PACKET_MESSAGE:
        return message(device, input, packet);
    default:
        return configuration(device, input, packet);
    }
}

void device_report(struct pcie_switch *hub, unsigned port, const struct pcie_error *error)
{
    struct function own;

    /* Everything else is found by functions themselves. */
    if (error->uncorrectable == PCIE_AER_ACS_VIOLATION) {
        sender(hub->device, port, error->tlp, &own);
        pcie_error_queue_add(&hub->errors, own.id, pcie_error_record(own.config, error));
    }
}

void device_link_error(struct pcie_switch *hub, const struct pcie_link_finding *found, sim_time now)
{
    struct pcie_link_finding told = *found;

    /* The parts learn of it as of a TLP from the link; one message is enough for all (6.2.4). */
    told.at = now + hub->latency;
    for (unsigned port = FIRST_PART; port < hub->port_count; port++) {
        told.quiet = port != FIRST_PART;
        pcie_link_findings_add(hub->ports[port].link->own->receiver_findings, told);
    }
}

/* ---- Building ---- */

void pcie_device_config_init(struct pcie_device_config *config)
{
    memset(config, 0, sizeof(*config));
    config->period = PCIE_DEVICE_DEFAULT_PERIOD;
    config->latency = PCIE_DEVICE_DEFAULT_LATENCY;
}

struct pcie_device *pcie_device_create(struct sim *sim, const char *name, const struct pcie_device_config *config)
{
    struct pcie_device *device = sim_alloc(sim, sizeof(*device));
    const struct pcie_switch_config hub = {
        .period = config->period != 0 ? config->period : PCIE_DEVICE_DEFAULT_PERIOD,
        .latency = config->latency,
        .store_and_forward = true,
    };
    const struct pcie_switch_counters *counters = &device->hub.counters;

    switch_init(&device->hub, sim, name, &hub);
    device->hub.device = device;
    device->peers = config->peers;
    for (unsigned port = 0; port < SWITCH_MAX_PORTS; port++) {
        device->hub.weight[port] = 1;
        device->hub.ports[port].bridge.vcs.count = 1;
    }
    sim_counter_register(&device->hub.component, "forwarded", &counters->forwarded);
    sim_counter_register(&device->hub.component, "peer-to-peer", &counters->peer_to_peer);
    sim_counter_register(&device->hub.component, "redirected", &counters->redirected);
    sim_counter_register(&device->hub.component, "acs-violations", &counters->acs_violations);
    return device;
}

static void add(struct pcie_device *device, const struct part *part)
{
    if (device->hub.port_count > PCIE_DEVICE_MAX_PARTS || device->hub.ports[SWITCH_UPSTREAM].link != NULL) {
        sim_panic(device->hub.sim, &device->hub.component, NULL, "a part too many, or too late");
    }
    device->parts[device->hub.port_count - FIRST_PART] = *part;
    device->hub.port_count++;
}

void pcie_device_add_switch(struct pcie_device *device, struct pcie_switch *switch_)
{
    add(device, &(struct part){.switch_ = switch_});
}

void pcie_device_add_endpoint(struct pcie_device *device, struct endpoint *endpoint)
{
    if (endpoint->phantom_bits != 0 || endpoint->conventional) {
        sim_panic(device->hub.sim, &device->hub.component, NULL,
                  "a part with phantom functions, or a conventional one");
    }
    add(device, &(struct part){.endpoint = endpoint});
}

struct sim_component *pcie_device_component(struct pcie_device *device)
{
    return &device->hub.component;
}

struct pcie_end pcie_device_end(struct pcie_device *device)
{
    return (struct pcie_end){.component = &device->hub.component, .cut_through = false};
}

static void bind_part(struct pcie_device *device, unsigned port, const struct pcie_port *link)
{
    const struct part *part = part_of(device, port);
    struct sim_component *component =
        part->endpoint != NULL ? endpoint_component(part->endpoint) : pcie_switch_component(part->switch_);
    struct sim *sim = device->hub.sim;
    struct pci_slot *slot = pci_slot_create(sim, sim_printf(sim, "%s-%s", device->hub.component.name, component->name),
                                            &device->hub.component, component);

    /* Every function shows the device's link (7.5.3.8). */
    slot->lower.speed = link->speed;
    slot->lower.width = link->width;
    if (link->own->sender_findings != NULL) {
        slot->bridge_end.receiver_findings = pcie_link_findings_create(sim, component);
    }
    switch_bind(&device->hub, port, &slot->upper);
    if (part->endpoint != NULL) {
        endpoint_bind_link(part->endpoint, &slot->lower);
    } else {
        pcie_switch_bind_upstream(part->switch_, &slot->lower);
    }
}

void pcie_device_bind_link(struct pcie_device *device, const struct pcie_port *port)
{
    if (port->vcs != 1 || device->hub.port_count <= FIRST_PART || port_of_number(device, 0) != FIRST_PART) {
        sim_panic(device->hub.sim, &device->hub.component, NULL,
                  "a device of several parts has function 0 in the first, and a link with one virtual channel");
    }
    switch_bind(&device->hub, SWITCH_UPSTREAM, port);
    for (unsigned i = FIRST_PART; i < device->hub.port_count; i++) {
        bind_part(device, i, port);
    }
}

const struct pcie_switch_counters *pcie_device_get_counters(const struct pcie_device *device)
{
    return &device->hub.counters;
}

#include "models/pcie/probe.h"
#include "models/pcie/switch_internal.h"

static struct switch_decision forward(unsigned port)
{
    return (struct switch_decision){.action = SWITCH_FORWARD, .port = (uint8_t)port};
}

static struct switch_decision unsupported(unsigned port)
{
    return (struct switch_decision){
        .action = SWITCH_REFUSE,
        .port = (uint8_t)port,
        .status = SIM_STATUS_UR,
        .error = PCIE_AER_UNSUPPORTED_REQUEST,
    };
}

/** The status of a refused request is open in public summaries; taken here: Completer Abort. */
static struct switch_decision violation(unsigned port)
{
    return (struct switch_decision){
        .action = SWITCH_REFUSE,
        .port = (uint8_t)port,
        .status = SIM_STATUS_CA,
        .error = PCIE_AER_ACS_VIOLATION,
    };
}

static unsigned claiming_port(const struct pcie_switch *switch_, uint64_t address)
{
    for (unsigned port = 1; port < switch_->port_count; port++) {
        if (pcie_bridge_claims(&switch_->ports[port].bridge, address)) {
            return port;
        }
    }
    return SWITCH_NOBODY;
}

static unsigned port_towards(const struct pcie_switch *switch_, unsigned bus)
{
    for (unsigned port = 1; port < switch_->port_count; port++) {
        if (pcie_bridge_leads_to(&switch_->ports[port].bridge, bus)) {
            return port;
        }
    }
    return SWITCH_NOBODY;
}

/** Up and out, if the upstream port may forward requests. */
static struct switch_decision upwards(const struct pcie_switch *switch_)
{
    return switch_->ports[SWITCH_UPSTREAM].bridge.bus_master ? forward(SWITCH_UPSTREAM) : unsupported(SWITCH_UPSTREAM);
}

static struct switch_decision redirected_upwards(const struct pcie_switch *switch_)
{
    struct switch_decision decision = upwards(switch_);

    decision.redirected = decision.action == SWITCH_FORWARD;
    return decision;
}

/** The same for a completion: it goes by ID, which takes no Bus Master Enable. */
static struct switch_decision redirected_by_id(void)
{
    struct switch_decision decision = forward(SWITCH_UPSTREAM);

    decision.redirected = true;
    return decision;
}

static bool forwards_upstream(const struct pcie_switch *switch_, unsigned input)
{
    return (switch_->ports[input].bridge.acs & PCIE_ACS_UPSTREAM_FORWARDING) != 0;
}

/**
 * A request from below for the very window that it came out of: a switch further down redirected it. Upstream
 * Forwarding (6.12.3) sends it on to where that redirection leads; without it the port would route it to itself.
 */
static struct switch_decision back_to_ingress(const struct pcie_switch *switch_, unsigned input)
{
    return forwards_upstream(switch_, input) ? redirected_upwards(switch_) : unsupported(input);
}

static struct switch_decision route_memory_down(const struct pcie_switch *switch_, const struct sim_packet *packet)
{
    unsigned port = SWITCH_NOBODY;

    if (pcie_bridge_claims(&switch_->ports[SWITCH_UPSTREAM].bridge, packet->address)) {
        port = claiming_port(switch_, packet->address);
    }
    return port != SWITCH_NOBODY ? forward(port) : unsupported(SWITCH_UPSTREAM);
}

static struct switch_decision route_memory_up(const struct pcie_switch *switch_, unsigned input,
                                              const struct sim_packet *packet)
{
    const struct pcie_bridge *ingress = &switch_->ports[input].bridge;
    unsigned port;

    switch (pcie_bridge_admit(ingress, packet)) {
    case PCIE_INGRESS_UNSUPPORTED:
        return unsupported(input);
    case PCIE_INGRESS_VIOLATION:
        return violation(input);
    case PCIE_INGRESS_OK:
        break;
    }
    if (!pcie_bridge_claims(&switch_->ports[SWITCH_UPSTREAM].bridge, packet->address)) {
        /* A port's own windows lie inside those of the upstream port, unless software set them up wrongly. */
        return pcie_bridge_claims(ingress, packet->address) ? back_to_ingress(switch_, input) : upwards(switch_);
    }
    port = claiming_port(switch_, packet->address);
    if (port == SWITCH_NOBODY) {
        return unsupported(input);
    }
    if (port == input) {
        return back_to_ingress(switch_, input);
    }
    switch (pcie_bridge_peer_request(ingress, packet, switch_->ports[port].bridge.port_number)) {
    case PCIE_PEER_DIRECT:
        return forward(port);
    case PCIE_PEER_REDIRECT:
        return redirected_upwards(switch_);
    default:
        return violation(input);
    }
}

/** By bus number: completions, and messages that go by ID. */
static struct switch_decision route_by_id(const struct pcie_switch *switch_, unsigned input,
                                          const struct sim_packet *packet)
{
    const struct switch_decision discard = {.action = SWITCH_DISCARD};
    unsigned bus = packet->target >> 8;
    unsigned port = port_towards(switch_, bus);

    if (input == SWITCH_UPSTREAM) {
        return port != SWITCH_NOBODY ? forward(port) : discard;
    }
    if (port == input) {
        return packet->type == SIM_PACKET_COMPLETION && forwards_upstream(switch_, input) ? redirected_by_id()
                                                                                          : discard;
    }
    if (port == SWITCH_NOBODY) {
        /* A bus inside the switch's range that leads nowhere must not go up: it would come back. */
        bool inside = pcie_bridge_leads_to(&switch_->ports[SWITCH_UPSTREAM].bridge, bus);

        return inside ? discard : forward(SWITCH_UPSTREAM);
    }
    if (packet->type == SIM_PACKET_COMPLETION &&
        pcie_bridge_peer_completion(&switch_->ports[input].bridge, packet) == PCIE_PEER_REDIRECT) {
        return redirected_by_id();
    }
    return forward(port);
}

uint64_t switch_linked_below(const struct pcie_switch *switch_)
{
    uint64_t linked = 0;

    for (unsigned port = 1; port < switch_->port_count && port < SWITCH_MAX_PORTS; port++) {
        linked |= (uint64_t)(switch_->ports[port].link != NULL) << port;
    }
    return linked;
}

static struct switch_decision route_message(const struct pcie_switch *switch_, unsigned input,
                                            const struct sim_packet *packet)
{
    if (packet->arg == PCIE_ROUTE_BY_ID) {
        return route_by_id(switch_, input, packet);
    }
    if (packet->arg == PCIE_ROUTE_TO_ROOT && input != SWITCH_UPSTREAM) {
        bool passes = !pcie_is_error_message(packet) || (switch_->ports[input].bridge.forwards_errors &&
                                                         switch_->ports[SWITCH_UPSTREAM].bridge.forwards_errors);

        return passes ? forward(SWITCH_UPSTREAM) : (struct switch_decision){.action = SWITCH_DISCARD};
    }
    if (packet->arg == PCIE_ROUTE_ALL && input == SWITCH_UPSTREAM) {
        return (struct switch_decision){.action = SWITCH_TO_ALL};
    }
    if (packet->arg == PCIE_ROUTE_LOCAL) {
        return (struct switch_decision){.action = SWITCH_TAKE, .port = (uint8_t)input};
    }
    if (packet->arg == PCIE_ROUTE_GATHER && input != SWITCH_UPSTREAM) {
        uint64_t others = switch_linked_below(switch_) & ~(switch_->gathered | UINT64_C(1) << input);

        return others == 0 ? forward(SWITCH_UPSTREAM)
                           : (struct switch_decision){.action = SWITCH_TAKE, .port = (uint8_t)input};
    }
    return (struct switch_decision){.action = SWITCH_DISCARD};
}

static struct switch_decision route_config(const struct pcie_switch *switch_, unsigned input,
                                           const struct sim_packet *packet)
{
    unsigned bus = packet->target >> 8;
    unsigned port;

    if (input != SWITCH_UPSTREAM) {
        return unsupported(input);
    }
    if ((packet->flags & SIM_FLAG_CONFIG_TYPE1) == 0) {
        bool own = (packet->target & 7) == switch_->upstream_function;

        return own ? (struct switch_decision){.action = SWITCH_CONFIGURE, .port = SWITCH_UPSTREAM}
                   : unsupported(SWITCH_UPSTREAM);
    }
    if (bus == switch_->ports[SWITCH_UPSTREAM].bridge.secondary) {
        port = switch_->port_at[packet->target & 0xff];
        return port != SWITCH_NOBODY ? (struct switch_decision){.action = SWITCH_CONFIGURE, .port = (uint8_t)port}
                                     : unsupported(SWITCH_UPSTREAM);
    }
    port = port_towards(switch_, bus);
    if (port == SWITCH_NOBODY) {
        return unsupported(SWITCH_UPSTREAM);
    }
    if (bus != switch_->ports[port].bridge.secondary) {
        return forward(port);
    }
    /* Below a link there is only device 0, unless the port forwards function numbers of 8 bits (ARI). */
    if ((packet->target & 0xf8) != 0 && !switch_->ports[port].bridge.ari_forwarding) {
        return unsupported(port);
    }
    return (struct switch_decision){.action = SWITCH_TO_TYPE0, .port = (uint8_t)port};
}

SIM_HOT static struct switch_decision decide(const struct pcie_switch *switch_, unsigned input,
                                             const struct sim_packet *packet)
{
    switch (packet->type) {
    case SIM_PACKET_READ:
    case SIM_PACKET_WRITE:
        return input == SWITCH_UPSTREAM ? route_memory_down(switch_, packet) : route_memory_up(switch_, input, packet);
    case SIM_PACKET_COMPLETION:
        return route_by_id(switch_, input, packet);
    case SIM_PACKET_MESSAGE:
        return route_message(switch_, input, packet);
    default:
        return route_config(switch_, input, packet);
    }
}

/** So is a TLP with a traffic class that a port has no virtual channel for (2.5.3). Nobody answers. */
static struct switch_decision malformed(unsigned port)
{
    return (struct switch_decision){
        .action = SWITCH_DISCARD,
        .port = (uint8_t)port,
        .error = PCIE_AER_MALFORMED_TLP,
    };
}

SIM_HOT struct switch_decision switch_route(const struct pcie_switch *switch_, unsigned input,
                                            const struct sim_packet *packet)
{
    struct switch_decision decision;
    bool goes_out;

    if (switch_->device != NULL) {
        return device_route(switch_, input, packet);
    }
    if (pcie_tlp_is_malformed(packet, switch_->ports[input].bridge.max_payload) ||
        (packet->flags & switch_->ports[input].bridge.malformed) != 0 ||
        (switch_->queues > PCIE_CLASSES && pcie_vcs_of(&switch_->ports[input].bridge.vcs, packet) == PCIE_NO_VC)) {
        return malformed(input);
    }
    decision = decide(switch_, input, packet);
    goes_out = decision.action == SWITCH_FORWARD || decision.action == SWITCH_TO_TYPE0;

    /* A port without a link is one whose link is down: its bridge answers for what lies below. */
    if (goes_out && switch_->ports[decision.port].link == NULL) {
        return unsupported(decision.port);
    }
    if (goes_out && switch_->queues > PCIE_CLASSES) {
        decision.vc = (uint8_t)pcie_vcs_of(&switch_->ports[decision.port].bridge.vcs, packet);
        return decision.vc != PCIE_NO_VC ? decision : malformed(decision.port);
    }
    return decision;
}

/* ---- Looking ---- */

struct pcie_probe pcie_switch_probe(const struct pcie_switch *switch_, unsigned input, const struct sim_packet *tlp)
{
    const struct switch_decision decision = switch_route(switch_, input, tlp);
    const struct switch_port *port = &switch_->ports[decision.port];
    struct pcie_probe found = {.port = decision.port};

    if (decision.action == SWITCH_FORWARD || decision.action == SWITCH_TO_TYPE0) {
        found.outcome = PCIE_PROBE_LINK;
        found.type0 = decision.action == SWITCH_TO_TYPE0;
    } else if (decision.action == SWITCH_CONFIGURE) {
        found.outcome = PCIE_PROBE_REGISTER;
        found.value = pcie_vcs_read(&port->bridge.vcs, &port->bridge.config, port->link, sim_now(switch_->sim),
                                    (unsigned)tlp->address & (PCIE_CONFIG_BYTES - 4));
    }
    return found;
}

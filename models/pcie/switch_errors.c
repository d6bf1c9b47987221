/* Errors that the ports of a switch find, and the messages that tell the root of them. */
#include "models/pcie/switch_internal.h"

/** What a downstream port has to say passes the upstream port as messages from below do. */
static void tell(struct pcie_switch *switch_, unsigned port, uint8_t code)
{
    if (port == SWITCH_UPSTREAM || switch_->ports[SWITCH_UPSTREAM].bridge.forwards_errors) {
        pcie_error_queue_add(&switch_->errors, switch_->ports[port].bridge.id, code);
    }
}

void switch_report(struct pcie_switch *switch_, unsigned port, uint32_t error, const struct sim_packet *packet)
{
    struct pcie_bridge *bridge = &switch_->ports[port].bridge;
    bool poisoned = error == PCIE_AER_POISONED_TLP; /* passed on: it is for whoever it is for to judge */
    const struct pcie_error found = {
        .uncorrectable = error,
        .advisory = poisoned || (error != PCIE_AER_MALFORMED_TLP && pcie_tlp_class(packet) != PCIE_POSTED),
        .tlp = packet,
    };

    if (switch_->device != NULL) {
        device_report(switch_, port, &found);
        return;
    }
    tell(switch_, port, pcie_error_record(&bridge->config, &found));
}

sim_time switch_send_error(struct pcie_switch *switch_, sim_time now)
{
    const struct pcie_port *link = switch_->ports[SWITCH_UPSTREAM].link;

    if (pcie_port_has_space(link, PCIE_POSTED, now, switch_->latency, 0)) {
        uint64_t id = sim_packet_identity(switch_->name_hash, switch_->error_packets++);

        pcie_port_send(link, PCIE_POSTED, pcie_error_queue_take(&switch_->errors, switch_->sim, id, now), now,
                       switch_->latency);
        return switch_->errors.count > 0 ? now : SIM_TIME_NEVER;
    }
    return pcie_port_space_at(link, PCIE_POSTED, now, switch_->latency, 0);
}

static sim_time take_port(struct pcie_switch *switch_, unsigned port, sim_time now)
{
    const struct pcie_port *link = switch_->ports[port].link;
    struct pcie_link_finding found;
    sim_time due;

    while (pcie_port_take_finding(link, now, &found)) {
        if (switch_->device != NULL) {
            device_link_error(switch_, &found, now);
        } else {
            tell(switch_, port, pcie_error_record_link(&switch_->ports[port].bridge.config, &found));
        }
    }
    due = pcie_port_findings_due(link);
    if (due == SIM_TIME_NEVER) {
        switch_->findings &= ~(UINT64_C(1) << port);
    }
    return due;
}

SIM_APART sim_time switch_take_findings(struct pcie_switch *switch_, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    for (uint64_t rest = switch_->findings; rest != 0; rest &= rest - 1) {
        due = sim_time_min(due, take_port(switch_, (unsigned)__builtin_ctzll(rest), now));
    }
    return due;
}

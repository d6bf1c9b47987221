/* Errors that root ports find, and what they are told of others. */
#include "models/pcie/root_complex_internal.h"

static void count_error(struct root_complex *rc, uint8_t code)
{
    rc->counters.errors_correctable += code == PCIE_ERR_COR;
    rc->counters.errors_nonfatal += code == PCIE_ERR_NONFATAL;
    rc->counters.errors_fatal += code == PCIE_ERR_FATAL;
}

/** What a root port would send to the root it tells itself. */
static void tell(struct root_complex *rc, unsigned port, uint8_t code)
{
    struct pcie_bridge *bridge = &rc->ports[port].bridge;

    if (code != 0) {
        pcie_error_receive(&bridge->config, code, bridge->id);
        count_error(rc, code);
        rc_judge_interrupt(rc, port);
    }
}

void rc_report(struct root_complex *rc, unsigned port, uint32_t error, bool advisory, const struct sim_packet *packet)
{
    const struct pcie_error found = {.uncorrectable = error, .advisory = advisory, .tlp = packet};

    tell(rc, port, pcie_error_record(&rc->ports[port].bridge.config, &found));
}

void rc_take_error(struct root_complex *rc, unsigned port, const struct sim_packet *packet)
{
    struct pcie_bridge *bridge = &rc->ports[port].bridge;

    if (bridge->forwards_errors) {
        pcie_error_receive(&bridge->config, packet->operation, packet->requester);
        count_error(rc, packet->operation);
        rc_judge_interrupt(rc, port);
    }
}

static sim_time take_port(struct root_complex *rc, unsigned port, sim_time now)
{
    const struct pcie_port *link = rc->ports[port].link;
    struct pcie_link_finding found;
    sim_time due;

    while (pcie_port_take_finding(link, now, &found)) {
        tell(rc, port, pcie_error_record_link(&rc->ports[port].bridge.config, &found));
    }
    due = pcie_port_findings_due(link);
    if (due == SIM_TIME_NEVER) {
        rc->findings &= ~(UINT64_C(1) << port);
    }
    return due;
}

SIM_APART sim_time rc_take_findings(struct root_complex *rc, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    for (uint64_t rest = rc->findings; rest != 0; rest &= rest - 1) {
        due = sim_time_min(due, take_port(rc, (unsigned)__builtin_ctzll(rest), now));
    }
    return due;
}

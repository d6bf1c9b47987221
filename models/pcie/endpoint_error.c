/* Errors that an endpoint finds, and the messages that tell the root of them. */
#include "models/pcie/endpoint_internal.h"

static void add(struct endpoint *endpoint, uint16_t requester, uint8_t code)
{
    pcie_error_queue_add(&endpoint->errors, requester, code);
    endpoint->has_errors = endpoint->errors.count > 0;
}

void endpoint_error(struct endpoint_function *function, uint32_t error, bool advisory, const struct sim_packet *packet)
{
    const struct pcie_error found = {.uncorrectable = error, .advisory = advisory, .tlp = packet};

    add(function->endpoint, function->id, pcie_error_record(&function->config, &found));
}

void endpoint_error_of_all(struct endpoint *endpoint, uint32_t error, bool advisory, const struct sim_packet *packet)
{
    const struct pcie_error found = {.uncorrectable = error, .advisory = advisory, .tlp = packet};
    bool told = false;

    for (uint32_t f = 0; f < endpoint->function_count; f++) {
        struct endpoint_function *function = &endpoint->functions[f];
        uint8_t code = function->present ? pcie_error_record(&function->config, &found) : 0;

        if (code != 0 && !told) {
            told = true;
            add(endpoint, function->id, code);
        }
    }
}

/** All functions of the device record what is wrong with its link, one of them sends a message (6.2.4); VFs do not. */
static void record_link(struct endpoint *endpoint, const struct pcie_link_finding *found)
{
    bool told = false;

    for (uint32_t f = 0; f < endpoint->physical_count; f++) {
        struct endpoint_function *function = &endpoint->functions[f];
        uint8_t code = function->present ? pcie_error_record_link(&function->config, found) : 0;

        if (code != 0 && !told) {
            told = true;
            add(endpoint, function->id, code);
        }
    }
}

void endpoint_take_findings(struct endpoint *endpoint, sim_time now)
{
    struct pcie_link_finding found;

    while (pcie_port_take_finding(endpoint->port, now, &found)) {
        record_link(endpoint, &found);
    }
    if (pcie_port_findings_due(endpoint->port) == SIM_TIME_NEVER) {
        endpoint->arrived &= ~(UINT64_C(1) << ENDPOINT_ARRIVED_FINDINGS);
    }
}

bool endpoint_discards(struct endpoint *endpoint, struct sim_packet *packet, sim_time now)
{
    const uint32_t bad = SIM_FLAG_ECRC | SIM_FLAG_ECRC_BAD;
    bool ecrc = (packet->flags & bad) == bad && endpoint->checks_ecrc;

    /* The ECRC goes first: what it says is wrong may be what seems malformed (6.2.3.2.3). */
    if (!ecrc && !pcie_tlp_is_malformed(packet, endpoint->receive_limit)) {
        return false;
    }
    endpoint_error_of_all(endpoint, ecrc ? PCIE_AER_ECRC_ERROR : PCIE_AER_MALFORMED_TLP, false, packet);
    endpoint->counters.discarded++;
    sim_drop(endpoint->sim, packet, &endpoint->component, now, ecrc ? SIM_DROP_ECRC : SIM_DROP_MALFORMED);
    return true;
}

SIM_APART void endpoint_send_error(struct endpoint *endpoint, sim_time now)
{
    if (pcie_port_has_space(endpoint->port, PCIE_POSTED, now, endpoint->send_latency, 0)) {
        uint64_t id = sim_packet_identity(endpoint->jobs_hash, endpoint->job_packets++);

        pcie_port_send(endpoint->port, PCIE_POSTED, pcie_error_queue_take(&endpoint->errors, endpoint->sim, id, now),
                       now, endpoint->send_latency);
        endpoint->has_errors = endpoint->errors.count > 0;
    }
}

sim_time endpoint_errors_due(const struct endpoint *endpoint, sim_time now)
{
    if (!endpoint->has_errors) {
        return SIM_TIME_NEVER;
    }
    if (pcie_port_has_space(endpoint->port, PCIE_POSTED, now, endpoint->send_latency, 0)) {
        return now;
    }
    return pcie_port_space_at(endpoint->port, PCIE_POSTED, now, endpoint->send_latency, 0);
}

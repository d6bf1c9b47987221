/* A device is pulled out of its slot: what is lost, and what it forgets. */
#include "models/pcie/endpoint_internal.h"

#include <string.h>

/** TLPs that have not come through the link: they are on the wire, or wait for it. */
static void lose_sent(struct endpoint *endpoint, sim_time now)
{
    const struct pcie_tap *tap =
        endpoint->port->tap != NULL && endpoint->port->tap->lost != NULL ? endpoint->port->tap : NULL;

    for (unsigned queue = 0; queue < endpoint->port->vcs * PCIE_CLASSES; queue++) {
        struct sim_packet *packet;

        while ((packet = sim_channel_recall(endpoint->port->queues[queue].transmit, now)) != NULL) {
            if (tap != NULL) {
                tap->lost(tap->context, endpoint->port, queue, packet);
            }
            sim_drop(endpoint->sim, packet, &endpoint->component, now, SIM_DROP_DEVICE_GONE);
        }
    }
    if (tap != NULL) {
        tap->lost(tap->context, endpoint->port, 0, NULL);
    }
    if (endpoint->answer.whole != NULL) {
        sim_packet_free(endpoint->sim, endpoint->answer.whole);
        endpoint->answer = (struct pcie_split){.whole = NULL};
    }
}

static void forget_reads(struct endpoint *endpoint)
{
    memset(endpoint->reads, 0, sizeof(endpoint->reads));
    endpoint->free_tag_count = 0;
    for (uint32_t i = 0; i < endpoint->read_tags; i++) {
        endpoint->free_tags[endpoint->free_tag_count++] = (uint16_t)(endpoint->read_tags - 1 - i);
    }
    endpoint->late_tags = 0;
    endpoint->read_deadline = SIM_TIME_NEVER;
}

static void silence(struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->stream_count; i++) {
        endpoint->streams[i].next = SIM_TIME_NEVER;
        endpoint->streams[i].progress = 0;
        endpoint->streams[i].under_way = 0;
    }
    endpoint->posted_jobs.count = 0;
    endpoint->posted_jobs.progress = 0;
    endpoint->read_jobs.count = 0;
    endpoint->read_jobs.progress = 0;
    endpoint_refresh_next(endpoint);
}

void endpoint_lose_all(struct endpoint *endpoint, sim_time now)
{
    if (endpoint->port == NULL || endpoint->conventional) {
        sim_panic(endpoint->sim, &endpoint->component, NULL, "a device on a conventional bus cannot be pulled out");
    }
    lose_sent(endpoint, now);
    forget_reads(endpoint);
    endpoint->errors.count = 0;
    endpoint->has_errors = false;
    for (uint32_t f = 0; f < endpoint->function_count; f++) {
        endpoint_message_discard(&endpoint->functions[f], now, SIM_DROP_DEVICE_GONE);
        endpoint->functions[f].pages_under_way = 0;
    }
    /* VFs go as VF Enable does. */
    for (uint32_t f = 0; f < endpoint->physical_count; f++) {
        endpoint_function_reset(&endpoint->functions[f], now);
        endpoint_function_decode(&endpoint->functions[f]);
    }
    endpoint_atc_reset(endpoint);
    silence(endpoint);
}

void endpoint_resume_traffic(struct endpoint *endpoint)
{
    endpoint_start_traffic(endpoint, sim_now(endpoint->sim) + 1, endpoint->stop);
}

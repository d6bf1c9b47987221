/* Reads and configuration requests of the host as they go down, what completes them, and when nothing does (2.8). */
#include "models/pcie/root_complex_internal.h"

#include <string.h>

static struct sim_packet *make_config(const struct root_complex *rc, const struct rc_outstanding *outstanding)
{
    const struct sim_packet *bus = outstanding->packet;
    struct sim_packet *packet = sim_packet_new(rc->sim, 4);
    unsigned skip = (unsigned)bus->address & 3;

    packet->type = bus->type == SIM_PACKET_READ ? SIM_PACKET_CONFIG_READ : SIM_PACKET_CONFIG_WRITE;
    packet->target = rc_ecam_target(rc, bus->address);
    packet->address = bus->address & (PCIE_CONFIG_BYTES - 4);
    packet->first_be = rc_dword_enables(bus);
    sim_store_le32(packet->data, 0);
    if (bus->type == SIM_PACKET_WRITE) {
        memcpy(packet->data + skip, bus->data, bus->length);
    }
    if (outstanding->type1) {
        packet->flags |= SIM_FLAG_CONFIG_TYPE1;
    }
    return packet;
}

/** When a request is given up, or its tag is free again after that. */
static sim_time deadline_of(const struct root_complex *rc, const struct rc_outstanding *outstanding)
{
    sim_time limit = outstanding->state == RC_LATE ? RC_LATE_COMPLETIONS : rc->config.completion_timeout;

    return sim_component_edge(&rc->component, outstanding->since + limit);
}

struct sim_packet *rc_make_request(struct root_complex *rc, uint16_t tag, sim_time now)
{
    struct rc_outstanding *outstanding = &rc->outstanding[tag];
    const struct sim_packet *bus = outstanding->packet;
    struct sim_packet *packet;

    if (outstanding->config) {
        packet = make_config(rc, outstanding);
    } else {
        packet = sim_packet_new(rc->sim, outstanding->span);
        packet->type = SIM_PACKET_READ;
        pcie_tlp_set_range(packet, bus->address, bus->length);
        packet->flags = bus->flags & (SIM_FLAG_RELAXED | SIM_FLAG_ID_ORDER | SIM_FLAG_NO_SNOOP);
    }
    packet->id = bus->id;
    packet->source = bus->source;
    packet->requester = rc->id;
    packet->tag = tag;
    outstanding->state = RC_SENT;
    outstanding->since = now;
    if (rc->config.completion_timeout != SIM_TIME_NEVER) {
        rc->deadline = sim_time_min(rc->deadline, deadline_of(rc, outstanding));
    }
    return packet;
}

/** Copies what a completion brings into the bus's packet: bytes `received` and up of the double words. */
static void receive(struct rc_outstanding *outstanding, const struct sim_packet *packet)
{
    struct sim_packet *bus = outstanding->packet;

    for (uint32_t i = 0; i < packet->length; i++) {
        uint32_t at = outstanding->received + i;

        if (at >= outstanding->skip && at - outstanding->skip < bus->length) {
            bus->data[at - outstanding->skip] = packet->data[i];
        }
    }
    outstanding->received += packet->length;
}

/** Whether a completion belongs to a request under way: a read's brings the bytes that come next. */
static bool is_expected(const struct rc_outstanding *outstanding, const struct sim_packet *packet)
{
    uint32_t rest = outstanding->span - outstanding->received;

    if (outstanding->packet == NULL || packet->status != SIM_STATUS_OK ||
        outstanding->packet->type == SIM_PACKET_WRITE) {
        return outstanding->packet != NULL;
    }
    return packet->length > 0 && packet->length <= rest;
}

static void put_tag_back(struct root_complex *rc, uint16_t tag)
{
    rc->outstanding[tag].packet = NULL;
    rc->outstanding[tag].state = RC_FREE;
    rc->free_tags[rc->free_tag_count++] = tag;
    if (rc->free_tag_count == rc->config.host_requests) {
        rc->deadline = SIM_TIME_NEVER;
    }
}

/** A completion that nobody waits for. The last one of a request that was given up sets its tag free. */
static void take_unexpected(struct root_complex *rc, unsigned port, struct sim_packet *packet)
{
    struct rc_outstanding *outstanding = &rc->outstanding[packet->tag % ROOT_COMPLEX_MAX_HOST_REQUESTS];

    rc->counters.unexpected++;
    rc_report(rc, port, PCIE_AER_UNEXPECTED_COMPLETION, true, packet);
    if (packet->tag < rc->config.host_requests && outstanding->state == RC_LATE) {
        outstanding->received += packet->length;
        if (packet->length == 0 || outstanding->received >= outstanding->span) {
            put_tag_back(rc, packet->tag);
        }
    }
    sim_packet_free(rc->sim, packet);
}

void rc_take_completion(struct root_complex *rc, unsigned port, struct sim_packet *packet)
{
    struct rc_outstanding *outstanding = &rc->outstanding[packet->tag % ROOT_COMPLEX_MAX_HOST_REQUESTS];
    enum sim_packet_status status = (enum sim_packet_status)packet->status;
    bool done;

    if (packet->tag >= rc->config.host_requests || !is_expected(outstanding, packet)) {
        take_unexpected(rc, port, packet);
        return;
    }
    if ((packet->flags & SIM_FLAG_POISONED) != 0) {
        rc_report(rc, port, PCIE_AER_POISONED_TLP, false, packet);
        status = SIM_STATUS_CA; /* the host must not take it for good data (2.7.2.2) */
    }
    done = status != SIM_STATUS_OK || outstanding->packet->type == SIM_PACKET_WRITE;
    if (!done) {
        receive(outstanding, packet);
        done = outstanding->received == outstanding->span;
    }
    if (done) {
        rc_answer(rc, outstanding->packet, status, outstanding->config);
        put_tag_back(rc, packet->tag);
    }
    sim_packet_free(rc->sim, packet);
}

/* ---- Requests that nobody answers ---- */

/** The host gets the answer of a request that goes nowhere; a completion may still come. */
static void give_up(struct root_complex *rc, struct rc_outstanding *outstanding, sim_time now)
{
    rc->counters.completion_timeouts++;
    rc_report(rc, outstanding->port, PCIE_AER_COMPLETION_TIMEOUT, false, NULL);
    rc_answer(rc, outstanding->packet, SIM_STATUS_UR, outstanding->config);
    outstanding->packet = NULL;
    outstanding->state = RC_LATE;
    outstanding->since = now;
}

SIM_APART void rc_expire_requests(struct root_complex *rc, sim_time now)
{
    sim_time deadline = SIM_TIME_NEVER;

    for (uint16_t tag = 0; tag < rc->config.host_requests; tag++) {
        struct rc_outstanding *outstanding = &rc->outstanding[tag];

        if (outstanding->state == RC_SENT && deadline_of(rc, outstanding) <= now) {
            give_up(rc, outstanding, now);
        } else if (outstanding->state == RC_LATE && deadline_of(rc, outstanding) <= now) {
            put_tag_back(rc, tag);
        }
        if (outstanding->state == RC_SENT || outstanding->state == RC_LATE) {
            deadline = sim_time_min(deadline, deadline_of(rc, outstanding));
        }
    }
    rc->deadline = deadline;
}

#include "models/pcie/config_request.h"
#include "models/pcie/probe.h"
#include "models/pcie/root_complex_internal.h"

#include <string.h>

#define ECAM_BUS_SHIFT 20

uint64_t root_complex_ecam_address(const struct root_complex *rc, uint16_t rid)
{
    uint64_t number = (uint64_t)rid - ((uint64_t)rc->config.first_bus << 8);

    return rc->config.ecam_base + number * PCIE_CONFIG_BYTES;
}

/* ---- Answers ---- */

/** Puts an answer into the ring. There is room: no more requests are taken than it has places. */
static void respond(struct root_complex *rc, struct sim_packet *packet)
{
    uint32_t at = (rc->response_head + rc->response_count) % rc->config.host_requests;

    rc->responses[at] = packet;
    rc->response_count++;
}

void rc_answer(struct root_complex *rc, struct sim_packet *packet, enum sim_packet_status status, bool config)
{
    bool hidden = config ? !rc->config.config_errors_reported : rc->config.memory_errors_hidden;

    if (status != SIM_STATUS_OK) {
        rc->counters.host_errors++;
        if (packet->type == SIM_PACKET_READ) {
            memset(packet->data, 0xff, packet->length);
        }
    }
    packet->type = packet->type == SIM_PACKET_READ ? SIM_PACKET_COMPLETION : SIM_PACKET_WRITE_ACK;
    packet->status = (uint8_t)(hidden ? SIM_STATUS_OK : status);
    respond(rc, packet);
}

void rc_acknowledge(struct root_complex *rc, const struct sim_packet *write)
{
    struct sim_packet *ack = sim_packet_new(rc->sim, 0);

    ack->type = SIM_PACKET_WRITE_ACK;
    ack->status = SIM_STATUS_OK;
    ack->id = write->id;
    ack->source = write->source;
    ack->flags = write->flags & ~(SIM_FLAG_TRACKED | SIM_FLAG_MSI);
    ack->address = write->address;
    ack->requester = write->requester;
    ack->tag = write->tag;
    ack->cookie = write->cookie;
    ack->stream_id = write->stream_id;
    ack->device_id = write->device_id;
    memcpy(ack->route, write->route, sizeof(ack->route));
    ack->route_depth = write->route_depth;
    respond(rc, ack);
}

void rc_send_response(struct root_complex *rc, sim_time now)
{
    if (rc->response_count == 0 || !sim_channel_has_space(rc->host.response, now, rc->config.completion_latency, 0)) {
        return;
    }
    sim_channel_push(rc->host.response, rc->responses[rc->response_head], now, rc->config.completion_latency, 0, 0, 0);
    rc->response_head = (rc->response_head + 1) % rc->config.host_requests;
    rc->response_count--;
    rc->unanswered--;
}

/* ---- Queues of the root ports ---- */

static void enqueue(struct root_complex *rc, unsigned port, struct rc_queue *queue, struct sim_packet *packet,
                    uint16_t tag)
{
    struct rc_waiting *place = &queue->ring[(queue->head + queue->count) % rc->queue_size];

    place->packet = packet;
    place->tag = tag;
    place->order = rc->order++;
    queue->count++;
    rc->busy_ports |= UINT64_C(1) << port;
}

void rc_enqueue_message(struct root_complex *rc, unsigned port, struct sim_packet *message)
{
    rc->ports[port].messages++;
    enqueue(rc, port, &rc->ports[port].posted, message, 0);
}

uint16_t rc_ecam_target(const struct root_complex *rc, uint64_t address)
{
    uint64_t number = (address - rc->config.ecam_base) / PCIE_CONFIG_BYTES;

    return (uint16_t)(number + ((uint64_t)rc->config.first_bus << 8));
}

/** Notes a read or configuration request as under way and queues it. */
static void enqueue_non_posted(struct root_complex *rc, unsigned port, struct sim_packet *packet, bool config)
{
    uint16_t tag = rc->free_tags[--rc->free_tag_count];
    struct rc_outstanding *outstanding = &rc->outstanding[tag];

    outstanding->packet = packet;
    outstanding->state = RC_QUEUED;
    outstanding->port = (uint8_t)port;
    outstanding->received = 0;
    outstanding->skip = (uint32_t)packet->address & 3;
    outstanding->span = (outstanding->skip + packet->length + 3) & ~3u;
    outstanding->config = config;
    outstanding->type1 = config && rc_ecam_target(rc, packet->address) >> 8 != rc->ports[port].bridge.secondary;
    enqueue(rc, port, &rc->ports[port].non_posted, NULL, tag);
}

/* ---- Memory ---- */

unsigned rc_claiming_port(const struct root_complex *rc, uint64_t address)
{
    for (unsigned port = 0; port < rc->port_count; port++) {
        if (rc->ports[port].link != NULL && pcie_bridge_claims(&rc->ports[port].bridge, address)) {
            return port;
        }
    }
    return RC_NOBODY;
}

/** Bytes that the payload of a packet can be enlarged to. */
static uint32_t payload_room(const struct root_complex *rc, const struct sim_packet *packet)
{
    return packet->data == packet->bytes ? SIM_PACKET_INLINE_BYTES : sim_pool(rc->sim)->block_bytes;
}

/**
 * From bus to TLP: whole double words and byte enables. A bus gives byte enables only if not all bytes are meant; they
 * belong to the double words that hold the first and the last byte.
 * @return false if the double words do not fit
 */
static bool widen_write(const struct root_complex *rc, struct sim_packet *packet)
{
    uint32_t skip = (uint32_t)packet->address & 3;
    uint32_t bytes = packet->length;
    uint8_t first_be = packet->first_be;
    uint8_t last_be = packet->last_be;

    if (((skip + bytes + 3) & ~3u) > payload_room(rc, packet)) {
        return false;
    }
    if (skip != 0) {
        memmove(packet->data + skip, packet->data, bytes);
        memset(packet->data, 0, skip);
    }
    pcie_tlp_set_range(packet, packet->address, bytes);
    memset(packet->data + skip + bytes, 0, packet->length - skip - bytes);
    if (first_be != 0 || last_be != 0) {
        packet->first_be &= first_be;
        packet->last_be &= last_be;
    }
    return true;
}

static void take_memory(struct root_complex *rc, struct sim_packet *packet)
{
    unsigned port = rc_claiming_port(rc, packet->address);

    if (packet->type == SIM_PACKET_READ) {
        rc->counters.host_reads++;
    } else {
        rc->counters.host_writes++;
    }
    if (port == RC_NOBODY) {
        rc_answer(rc, packet, SIM_STATUS_UR, false);
    } else if (packet->length == 0) {
        rc_answer(rc, packet, SIM_STATUS_OK, false);
    } else if (packet->type == SIM_PACKET_READ) {
        enqueue_non_posted(rc, port, packet, false);
    } else if (widen_write(rc, packet)) {
        enqueue(rc, port, &rc->ports[port].posted, packet, 0);
    } else {
        rc_answer(rc, packet, SIM_STATUS_CA, false);
    }
}

/* ---- Configuration space ---- */

static bool is_ecam(const struct root_complex *rc, uint64_t address)
{
    uint64_t buses = (uint64_t)rc->config.last_bus - rc->config.first_bus + 1;

    return address - rc->config.ecam_base < buses << ECAM_BUS_SHIFT;
}

/** A root port's own registers: no TLP is made. */
static void access_root_port(struct root_complex *rc, unsigned index, struct sim_packet *packet)
{
    struct pcie_bridge *bridge = &rc->ports[index].bridge;
    const struct pcie_port *link = rc->ports[index].link;
    unsigned offset = (unsigned)packet->address & (PCIE_CONFIG_BYTES - 4);
    unsigned skip = (unsigned)packet->address & 3;

    if (packet->type == SIM_PACKET_READ) {
        pcie_vcs_follow(&bridge->vcs, &bridge->config, link, sim_now(rc->sim));
        memcpy(packet->data, bridge->config.value + offset + skip, packet->length);
    } else {
        uint32_t value = 0;

        for (unsigned i = 0; i < packet->length; i++) {
            value |= (uint32_t)packet->data[i] << (8 * (skip + i));
        }
        pcie_config_write(&bridge->config, offset, value, rc_dword_enables(packet));
        pcie_bridge_decode(bridge);
        pcie_vcs_follow(&bridge->vcs, &bridge->config, link, sim_now(rc->sim));
        rc_judge_interrupt(rc, index);
    }
    rc_answer(rc, packet, SIM_STATUS_OK, true);
}

/** The root port that a configuration request is for, or below which its target is; RC_NOBODY: nobody's. */
static unsigned config_port(const struct root_complex *rc, const struct sim_packet *packet, bool *own)
{
    uint16_t target = rc_ecam_target(rc, packet->address);
    unsigned port;

    if (packet->length == 0 || (packet->address & 3) + packet->length > 4) {
        return RC_NOBODY;
    }
    *own = target >> 8 == rc->config.first_bus;
    if (*own) {
        return rc->port_at[target & 0xff];
    }
    port = rc_port_towards(rc, target >> 8);
    /* Below a link there is only device 0, unless the port forwards function numbers of 8 bits (ARI). */
    if (port == RC_NOBODY || rc->ports[port].link == NULL ||
        (target >> 8 == rc->ports[port].bridge.secondary && (target & 0xf8) != 0 &&
         !rc->ports[port].bridge.ari_forwarding)) {
        return RC_NOBODY;
    }
    return port;
}

static void take_config(struct root_complex *rc, struct sim_packet *packet)
{
    bool own = false;
    unsigned port = config_port(rc, packet, &own);

    rc->counters.host_configs++;
    if (port == RC_NOBODY) {
        rc_answer(rc, packet, SIM_STATUS_UR, true);
    } else if (own) {
        access_root_port(rc, port, packet);
    } else {
        enqueue_non_posted(rc, port, packet, true);
    }
}

/* ---- Taking ---- */

/** A tag can be kept back after its request was answered, see rc_expire_requests(). */
static bool has_room(const struct root_complex *rc)
{
    return rc->unanswered < rc->config.host_requests && rc->free_tag_count > 0;
}

void rc_take_host(struct root_complex *rc, sim_time now)
{
    struct sim_packet *packet;

    if (!has_room(rc) || sim_channel_peek(rc->host.request, now) == NULL) {
        return;
    }
    packet = sim_channel_pop(rc->host.request, now);
    rc->unanswered++;
    if (is_ecam(rc, packet->address)) {
        take_config(rc, packet);
    } else {
        take_memory(rc, packet);
    }
}

sim_time rc_host_due(struct root_complex *rc, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    if (rc->host.request == NULL) {
        return due;
    }
    if ((rc->bus_arrived >> RC_HOST_BIT & 1) != 0) {
        sim_time arrival = sim_channel_next_arrival(rc->host.request);

        if (arrival == SIM_TIME_NEVER) {
            rc->bus_arrived &= ~(UINT64_C(1) << RC_HOST_BIT);
        } else if (has_room(rc)) {
            due = arrival;
        }
    }
    if (rc->response_count > 0) {
        sim_time service = rc->config.completion_latency;
        sim_time space = sim_channel_has_space(rc->host.response, now, service, 0)
                             ? now
                             : sim_channel_space_at(rc->host.response, now, service, 0);

        due = sim_time_min(due, space);
    }
    return due;
}

/* ---- Looking ---- */

static struct pcie_probe probe_config(const struct root_complex *rc, struct sim_packet *request)
{
    const uint16_t target = rc_ecam_target(rc, request->address);
    bool own = false;
    const unsigned port = config_port(rc, request, &own);
    const unsigned offset = (unsigned)request->address & (PCIE_CONFIG_BYTES - 4);

    if (port == RC_NOBODY) {
        return (struct pcie_probe){.outcome = PCIE_PROBE_NOBODY};
    }
    const struct rc_port *root = &rc->ports[port];
    if (own) {
        return (struct pcie_probe){
            .outcome = PCIE_PROBE_REGISTER,
            .port = port,
            .value = pcie_vcs_read(&root->bridge.vcs, &root->bridge.config, root->link, sim_now(rc->sim), offset),
        };
    }
    request->type = request->type == SIM_PACKET_READ ? SIM_PACKET_CONFIG_READ : SIM_PACKET_CONFIG_WRITE;
    request->target = target;
    request->address = offset;
    request->length = 4;
    request->flags |= target >> 8 != root->bridge.secondary ? SIM_FLAG_CONFIG_TYPE1 : 0;
    return (struct pcie_probe){
        .outcome = PCIE_PROBE_LINK, .port = port, .type0 = target >> 8 == root->bridge.secondary};
}

struct pcie_probe root_complex_probe_host(const struct root_complex *rc, struct sim_packet *request)
{
    unsigned port;

    if (is_ecam(rc, request->address)) {
        return probe_config(rc, request);
    }
    port = rc_claiming_port(rc, request->address);
    return (struct pcie_probe){.outcome = port != RC_NOBODY ? PCIE_PROBE_LINK : PCIE_PROBE_NOBODY, .port = port};
}

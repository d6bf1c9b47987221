/*
 * Messages of ATS and PRI on the upstream ports (sim/ats.h). One that comes takes a slot, and is taken when it is its
 * turn in the order of its port: an Invalidate Completion comes after the writes that it promises to have sent.
 */
#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/tbu_internal.h"

/* ---- In ---- */

static bool is_page_request(const struct smmu *smmu, const struct sim_packet *packet)
{
    return packet->operation == SIM_ATS_PAGE_REQUEST && smmu->features.pri;
}

void smmu_message_take(struct smmu *smmu, uint16_t index, sim_time now)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct sim_packet *packet = slot->packet;

    if (is_page_request(smmu, packet)) {
        smmu_pri_take(smmu, index);
        return;
    }
    sim_mark(smmu->sim, packet, smmu->component.stage, now);
    if (packet->operation == SIM_ATS_INVALIDATE_COMPLETION && smmu->features.ats) {
        smmu_atc_completed(smmu, packet);
        sim_packet_free(smmu->sim, packet);
    } else {
        sim_drop(smmu->sim, packet, &smmu->component, now, SIM_DROP_UNSUPPORTED_REQUEST);
    }
    smmu_slot_release(smmu, index);
}

/* ---- Out ---- */

struct smmu_port *smmu_port_towards(struct smmu *smmu, uint32_t sid)
{
    for (uint32_t i = 0; i < smmu->route_count; i++) {
        const struct smmu_stream_route *route = &smmu->routes[i];

        if (sid >= route->first && sid <= route->last) {
            return &smmu->ports[route->port];
        }
    }
    return smmu->route_count == 0 ? &smmu->ports[0] : NULL;
}

bool smmu_message_has_room(struct smmu *smmu, uint32_t sid, uint32_t messages)
{
    const struct smmu_port *port = smmu_port_towards(smmu, sid);

    return port == NULL || port->messages.count + messages <= SMMU_PORT_MESSAGES;
}

bool smmu_message_send(struct smmu *smmu, const struct smmu_message *message)
{
    struct smmu_port *port = smmu_port_towards(smmu, message->sid);
    struct smmu_message_queue *queue;

    if (port == NULL) {
        return false;
    }
    queue = &port->messages;
    if (queue->count == SMMU_PORT_MESSAGES) {
        sim_panic(smmu->sim, &smmu->component, NULL, "a message without room for it");
    }
    queue->ring[(queue->head + queue->count) % SMMU_PORT_MESSAGES] = *message;
    queue->count++;
    smmu->again = true;
    return true;
}

static struct sim_packet *make_packet(struct smmu *smmu, const struct smmu_message *message, sim_time now)
{
    const bool has_payload = message->operation == SIM_ATS_INVALIDATE_REQUEST;
    struct sim_packet *packet = sim_packet_new(smmu->sim, has_payload ? SIM_ATS_ENTRY_BYTES : 0);

    packet->id = sim_packet_identity(smmu->walker.name_hash, smmu->walker.packets++);
    packet->born = now;
    packet->last_mark = now;
    packet->type = SIM_PACKET_MESSAGE;
    packet->operation = message->operation;
    packet->arg = SIM_ATS_ROUTE_BY_ID;
    packet->address = message->address;
    packet->stream_id = message->sid;
    packet->flags = SIM_FLAG_HAS_STREAM_ID | (message->has_pasid ? SIM_FLAG_PASID : 0u);
    packet->pasid = message->has_pasid ? message->pasid : 0;
    if (has_payload) {
        sim_ats_store_be64(packet->data, message->payload);
    }
    return packet;
}

SIM_APART sim_time smmu_port_send_message(struct smmu *smmu, struct smmu_port *port, sim_time now)
{
    struct smmu_message_queue *queue = &port->messages;
    const struct smmu_message *message = &queue->ring[queue->head];
    struct sim_channel *out = port->upstream.response;
    uint32_t units;
    sim_time leave;

    if (queue->count == 0) {
        return SIM_TIME_NEVER;
    }
    if (port->answered_at == now) {
        return now;
    }
    units = message->operation == SIM_ATS_INVALIDATE_REQUEST ? sim_channel_units(SIM_ATS_ENTRY_BYTES) : 0;
    if (!sim_channel_has_space(out, now, 0, units)) {
        return sim_channel_space_at(out, now, 0, units);
    }
    leave = sim_time_max(sim_time_max(now, message->leave), port->response_free);
    port->response_free = leave + smmu->component.period;
    port->answered_at = now;
    sim_channel_push(out, make_packet(smmu, message, now), now, leave - now, units, 0, 0);
    queue->head = (queue->head + 1) % SMMU_PORT_MESSAGES;
    queue->count--;
    smmu->again = true; /* commands and page requests may have waited for room */
    return queue->count > 0 ? now : SIM_TIME_NEVER;
}

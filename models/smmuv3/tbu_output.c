/*
 * What leaves a TBU: translated requests downstream, completions and the answers to terminated reads upstream.
 */
#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/tbu_internal.h"

#include <string.h>

/* The answer to a terminated read: the packet turned round. */
static void answer_read(struct smmu *smmu, struct smmu_port *port, const struct smmu_slot *slot, sim_time now)
{
    struct sim_packet *packet = slot->packet;
    const sim_time known = sim_time_max(slot->ready_at, now) + smmu->times.forward;
    const sim_time leave = sim_time_max(known, port->response_free);

    packet->type = SIM_PACKET_COMPLETION;
    packet->status = SIM_STATUS_OK;
    switch ((enum smmu_outcome)slot->outcome) {
    case SMMU_OUTCOME_ABORT:
        packet->status = SIM_STATUS_CA;
        break;
    case SMMU_OUTCOME_UNSUPPORTED:
        packet->status = SIM_STATUS_UR;
        break;
    case SMMU_OUTCOME_TRANSLATION:
        /* One translation, whatever number was asked for. */
        packet->length = SIM_ATS_ENTRY_BYTES;
        sim_ats_store_entry(packet->data, &slot->entry);
        break;
    default:
        memset(packet->data, 0, packet->length);
        break;
    }
    port->response_free = leave + smmu->component.period;
    port->answered_at = now;
    sim_channel_push(port->upstream.response, packet, now, leave - now, sim_channel_units(packet->length), 0, 0);
}

/* Whether the slot at the head of a port's ready list can leave; if not, *due says when to look again. */
static bool can_leave(struct smmu *smmu, struct smmu_port *port, const struct smmu_slot *slot, sim_time now,
                      sim_time *due)
{
    const struct sim_packet *packet = slot->packet;
    struct sim_channel *out = port->upstream.response;
    uint32_t units = sim_channel_units(packet->length);

    if (slot->has_event && !smmu_event_has_room(smmu)) {
        *due = SIM_TIME_NEVER; /* records leave the buffer in an evaluation of ours, which sets `again` */
        return false;
    }
    if (slot->outcome == SMMU_OUTCOME_STALL || slot->outcome == SMMU_OUTCOME_MESSAGE) {
        return true;
    }
    if (slot->outcome == SMMU_OUTCOME_FORWARD) {
        out = port->downstream.request;
        units = packet->type == SIM_PACKET_WRITE ? units : 0;
    } else if (packet->type == SIM_PACKET_WRITE) {
        return true;
    } else if (port->answered_at == now) {
        *due = now;
        return false;
    }
    if (!sim_channel_has_space(out, now, 0, units)) {
        *due = sim_channel_space_at(out, now, 0, units);
        return false;
    }
    return true;
}

/* What does not leave the SMMU: it is put elsewhere, or ends. */
static void stay(struct smmu *smmu, uint16_t index, sim_time now)
{
    const sim_time at = sim_time_max(smmu->slots[index].ready_at, now);

    if (smmu->slots[index].outcome == SMMU_OUTCOME_STALL) {
        smmu_stall(smmu, index, at);
    } else {
        smmu_message_take(smmu, index, at);
    }
}

/* Sends the request of a slot that is translated. */
static void forward(struct smmu *smmu, struct smmu_port *port, const struct smmu_slot *slot, sim_time now)
{
    const sim_time leave = sim_time_max(slot->ready_at, now) + smmu->times.forward;

    smmu_port_send(smmu, port, slot->packet, smmu_request_units(slot->packet), now, leave);
}

SIM_APART sim_time smmu_port_depart(struct smmu *smmu, struct smmu_port *port, sim_time now)
{
    const uint16_t index = port->ready.head;
    struct smmu_slot *slot = &smmu->slots[index];
    sim_time due;

    if (!can_leave(smmu, port, slot, now, &due)) {
        return due;
    }
    smmu_list_take(smmu, &port->ready);
    if (slot->outcome == SMMU_OUTCOME_STALL || slot->outcome == SMMU_OUTCOME_MESSAGE) {
        stay(smmu, index, now);
        return port->ready.head != SMMU_NONE ? now : SIM_TIME_NEVER;
    }
    if (slot->outcome == SMMU_OUTCOME_FORWARD) {
        forward(smmu, port, slot, now);
    } else {
        smmu->counters.terminated++;
        if (slot->has_event) {
            smmu_event_queue(smmu, slot->event, slot->merge);
        }
        if (slot->packet->type == SIM_PACKET_WRITE) {
            const sim_time end = sim_time_max(slot->ready_at, now);

            sim_mark(smmu->sim, slot->packet, smmu->component.stage, end);
            sim_drop(smmu->sim, slot->packet, &smmu->component, end, SIM_DROP_SMMU_FAULT);
        } else {
            answer_read(smmu, port, slot, now);
        }
    }
    smmu_slot_release(smmu, index);
    return port->ready.head != SMMU_NONE ? now : SIM_TIME_NEVER;
}

SIM_APART sim_time smmu_port_respond(struct smmu *smmu, struct smmu_port *port, sim_time now)
{
    struct sim_packet *packet = sim_channel_peek(port->downstream.response, now);
    uint32_t units;
    sim_time leave;

    if (packet->type != SIM_PACKET_COMPLETION) {
        sim_panic(smmu->sim, &smmu->component, packet, "only read completions come back on a posted port");
    }
    units = sim_channel_units(packet->length);
    if (!sim_channel_has_space(port->upstream.response, now, 0, units)) {
        return sim_channel_space_at(port->upstream.response, now, 0, units);
    }
    packet = sim_channel_pop(port->downstream.response, now);
    leave = sim_time_max(now + smmu->times.response, port->response_free);
    port->response_free = leave + smmu->component.period;
    port->answered_at = now;
    sim_channel_push(port->upstream.response, packet, now, leave - now, units, 0, 0);
    return sim_channel_next_arrival(port->downstream.response);
}

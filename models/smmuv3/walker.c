/*
 * The walker port: reads of tables and commands, writes of event records and MSIs. Accesses leave in the order in which
 * they were asked for, at most one a cycle; answers may come in any order.
 */
#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/commands_internal.h"

void smmu_walker_request(struct smmu *smmu, const struct smmu_request *request)
{
    struct smmu_walker *walker = &smmu->walker;
    uint32_t tail = walker->head + walker->count;

    if (walker->count == walker->capacity) {
        sim_panic(smmu->sim, &smmu->component, NULL, "more accesses on the walker port than there are requesters");
    }
    tail = tail < walker->capacity ? tail : tail - walker->capacity;
    walker->ring[tail] = *request;
    walker->count++;
}

static struct sim_packet *make_packet(struct smmu *smmu, const struct smmu_request *request, sim_time leave)
{
    struct smmu_walker *walker = &smmu->walker;
    struct sim_packet *packet = sim_packet_new(smmu->sim, request->length);

    packet->id = sim_packet_identity(walker->name_hash, walker->packets++);
    packet->born = leave;
    packet->last_mark = leave;
    packet->type = request->type;
    packet->address = request->address;
    packet->tag = (uint16_t)(request->requester << 8 | request->index);
    if (request->type != SIM_PACKET_READ) {
        for (uint32_t byte = 0; byte < request->length; byte++) {
            packet->data[byte] = (uint8_t)(request->data[byte / 8] >> 8 * (byte % 8));
        }
    }
    if (request->requester == SMMU_REQUEST_MSI && smmu->config.has_device_id) {
        packet->flags = SIM_FLAG_HAS_DEVICE_ID;
        packet->device_id = smmu->config.device_id;
    }
    return packet;
}

sim_time smmu_walker_send(struct smmu *smmu, sim_time now)
{
    struct smmu_walker *walker = &smmu->walker;
    const struct smmu_request *request = &walker->ring[walker->head];
    const uint32_t units = request->type != SIM_PACKET_READ ? sim_channel_units(request->length) : 0;
    sim_time leave;

    if (!sim_channel_has_space(walker->port.request, now, 0, units)) {
        return sim_channel_space_at(walker->port.request, now, 0, units);
    }
    leave = sim_time_max(sim_time_max(request->leave, walker->out_free), now);
    walker->out_free = leave + smmu->component.period;
    sim_channel_push(walker->port.request, make_packet(smmu, request, leave), now, leave - now, units, 0, 0);
    walker->head = walker->head + 1 < walker->capacity ? walker->head + 1 : 0;
    walker->count--;
    return walker->count > 0 ? now : SIM_TIME_NEVER;
}

static void dispatch(struct smmu *smmu, const struct sim_packet *packet, sim_time now)
{
    const uint32_t index = packet->tag & 0xff;
    const bool ok = packet->status == SIM_STATUS_OK;
    const uint8_t *data = ok ? packet->data : NULL;

    switch (packet->tag >> 8) {
    case SMMU_REQUEST_CONFIG:
        smmu_config_fetch_step(smmu, index, data, now);
        break;
    case SMMU_REQUEST_WALK:
        smmu_walk_step(smmu, index, data, now);
        break;
    case SMMU_REQUEST_COMMAND:
        smmu_commands_fetched(smmu, index, data, packet->length);
        break;
    case SMMU_REQUEST_EVENT:
        smmu_event_written(smmu, ok);
        break;
    case SMMU_REQUEST_PAGE:
        smmu_pri_written(smmu, ok, now);
        break;
    case SMMU_REQUEST_MSI:
        smmu_interrupt_written(smmu, index, ok);
        break;
    default:
        sim_panic(smmu->sim, &smmu->component, packet, "answer with unknown tag %u", packet->tag);
    }
}

SIM_APART sim_time smmu_walker_receive(struct smmu *smmu, sim_time now)
{
    struct sim_packet *packet = sim_channel_pop(smmu->walker.port.response, now);

    if (packet->tag >> 8 <= SMMU_REQUEST_WALK && ((const struct sim_hot *)smmu->sim)->observer.read != NULL) {
        smmu_tell_reads(smmu, packet, now);
    }
    dispatch(smmu, packet, now);
    sim_packet_free(smmu->sim, packet);
    return sim_channel_next_arrival(smmu->walker.port.response);
}

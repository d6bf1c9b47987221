/*
 * CMD_ATC_INV (IHI 0070, 4.5.1): invalidations of endpoints' translation caches. One is under way until its completions
 * have come, or nobody can answer it, or its time is over; CMD_SYNC waits for those of its queue (commands.c).
 *
 * The SMMU has the 32 ITags that a requester has; a command that finds none free waits. One whose time was over may
 * still be answered, and the answer must not pass for that to a later request: its ITag is kept back until then, or for
 * as long again.
 */
#include "models/smmuv3/ats_internal.h"

static unsigned find_itag(const struct smmu *smmu)
{
    unsigned itag = 0;

    while (itag < SIM_ATS_ITAGS && smmu->atc.requests[itag].active) {
        itag++;
    }
    return itag;
}

bool smmu_atc_has_room(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS])
{
    return !smmu->control.enabled || (find_itag(smmu) < SIM_ATS_ITAGS &&
                                      smmu_message_has_room(smmu, (uint32_t)smmu_field_get(words, SMMU_CMD_SID), 2));
}

void smmu_atc_invalidate(struct smmu *smmu, uint8_t queue, const uint64_t words[SMMU_CMD_WORDS], sim_time now)
{
    const bool ssv = smmu_field_get(words, SMMU_CMD_SSV) != 0 && smmu->features.substream_id_bits > 0;
    const unsigned size = (unsigned)smmu_field_get(words, SMMU_CMD_ATC_SIZE);
    const uint64_t address = smmu_field_get_address(words, SMMU_CMD_ADDR);
    /* Sizes above 52 are taken as 52: everything. */
    uint64_t range = sim_ats_encode_range(address, size > 52 ? 64 : 12 + size);
    const unsigned itag = find_itag(smmu);
    struct smmu_message message = {
        .leave = now + smmu->times.forward,
        .address = sim_ats_itag_word(itag),
        .sid = (uint32_t)smmu_field_get(words, SMMU_CMD_SID),
        .pasid = (uint32_t)smmu_field_get(words, SMMU_CMD_SSID),
        .operation = SIM_ATS_INVALIDATE_REQUEST,
        .has_pasid = ssv,
    };

    if (!smmu->control.enabled) {
        return;
    }
    range |= ssv && smmu_field_get(words, SMMU_CMD_ATC_GLOBAL) != 0 ? 1u : 0u;
    message.payload = range;
    if (!smmu_message_send(smmu, &message)) {
        return;
    }
    smmu->atc.requests[itag] = (struct smmu_atc_request){
        .active = true,
        .queue = queue,
        .sid = message.sid,
        .deadline = now + smmu->config.atc_timeout,
    };
    smmu->atc.active++;
    smmu->atc.outstanding[queue]++;
    smmu->counters.atc_invalidations++;
}

static void free_itag(struct smmu *smmu, struct smmu_atc_request *request)
{
    request->active = false;
    smmu->atc.active--;
    smmu->again = true; /* commands may have waited for it */
}

static void end(struct smmu *smmu, struct smmu_atc_request *request)
{
    smmu->atc.outstanding[request->queue]--;
    free_itag(smmu, request);
}

static void time_out(struct smmu *smmu, struct smmu_atc_request *request)
{
    smmu->atc.failed[request->queue] = true;
    smmu->atc.outstanding[request->queue]--;
    smmu->counters.atc_timeouts++;
    smmu->again = true;
    request->late = true;
    request->deadline += smmu->config.atc_timeout;
}

void smmu_atc_completed(struct smmu *smmu, const struct sim_packet *packet)
{
    const uint32_t itags = sim_ats_itags(packet->address);

    for (unsigned itag = 0; itag < SIM_ATS_ITAGS && smmu->atc.active > 0; itag++) {
        struct smmu_atc_request *request = &smmu->atc.requests[itag];

        /* One for an ITag that is not under way, or from somebody else, has no effect. */
        if ((itags >> itag & 1) == 0 || !request->active ||
            ((packet->flags & SIM_FLAG_HAS_STREAM_ID) != 0 && packet->stream_id != request->sid)) {
            continue;
        }
        request->completed++;
        /* UR: there is nothing that could be invalidated, which is no error (3.9.1.5). */
        if (packet->status == SIM_STATUS_OK && request->completed < sim_ats_completion_count(packet->address)) {
            continue;
        }
        if (request->late) {
            free_itag(smmu, request);
        } else {
            end(smmu, request);
        }
    }
}

sim_time smmu_atc_run(struct smmu *smmu, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;
    sim_time next_free = SIM_TIME_NEVER;

    for (unsigned itag = 0; itag < SIM_ATS_ITAGS; itag++) {
        struct smmu_atc_request *request = &smmu->atc.requests[itag];

        if (request->active && !request->late && request->deadline <= now) {
            time_out(smmu, request);
        }
        if (request->active && request->late && request->deadline <= now) {
            free_itag(smmu, request);
        }
        if (request->active) {
            sim_time *next = request->late ? &next_free : &due;

            *next = sim_time_min(*next, sim_component_edge(&smmu->component, request->deadline));
        }
    }
    /* Nothing happens when an ITag that was kept back comes free, unless somebody may want it. */
    return smmu->atc.active < SIM_ATS_ITAGS ? due : sim_time_min(due, next_free);
}

bool smmu_atc_take_failure(struct smmu *smmu, uint8_t queue)
{
    const bool failed = smmu->atc.failed[queue];

    smmu->atc.failed[queue] = false;
    return failed;
}

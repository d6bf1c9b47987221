/*
 * Stalled transactions (IHI 0070, 3.12.2): each keeps its slot, out of the order of its port, until software resumes or
 * terminates it. Its STAG is the index of the slot.
 *
 * As many as there are stall slots can be stalled. One more stays in its TBU's slot without a record, and is retried
 * when one of the others has left the SMMU. A retried transaction keeps its stall slot until it has left, so that it
 * can always stall again. What has stalled once is no longer ordered with the other requests of its port.
 */
#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/tbu_internal.h"

void smmu_stall(struct smmu *smmu, uint16_t index, sim_time now)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_tbu *tbu = &smmu->tbus[smmu->ports[slot->port].tbu];

    if (!smmu->control.enabled) {
        slot->has_event = false;
        smmu_slot_decide(smmu, index, SMMU_OUTCOME_ABORT, now);
        return;
    }
    if (!slot->stall_credit && smmu->stalls.credits > 0) {
        smmu->stalls.credits--;
        slot->stall_credit = true;
    }
    if (slot->stall_credit) {
        tbu->active--;
        tbu->starved = false;
    }
    smmu_slot_detach(smmu, index);
    slot->state = SMMU_SLOT_STALLED;
    slot->unrecorded = false;
    smmu->stalls.stalled++;
    smmu->again = true;
    if (slot->stall_credit && smmu_event_is_writable(smmu)) {
        smmu->counters.stalls++;
        smmu_field_put(slot->event, SMMU_EVENT_STALL, 1);
        smmu_field_put(slot->event, SMMU_EVENT_STAG, index);
        smmu_event_queue(smmu, slot->event, false);
    } else {
        smmu_stall_unrecorded(smmu, index);
    }
}

void smmu_stall_unrecorded(struct smmu *smmu, uint32_t stag)
{
    struct smmu_slot *slot;

    if (stag >= smmu->slot_count) {
        return;
    }
    slot = &smmu->slots[stag];
    /* If it has left in the meantime there is nothing to tell any more. */
    if (slot->state == SMMU_SLOT_STALLED && !slot->unrecorded) {
        slot->unrecorded = true;
        smmu->stalls.unrecorded++;
    }
}

void smmu_stall_release(struct smmu *smmu, struct smmu_slot *slot)
{
    if (slot->stall_credit) {
        slot->stall_credit = false;
        smmu->stalls.credits++;
        smmu->again = true;
    }
}

/* A transaction goes on: it is no longer stalled. */
static void wake(struct smmu *smmu, struct smmu_slot *slot)
{
    smmu->stalls.stalled--;
    smmu->stalls.unrecorded -= slot->unrecorded;
    slot->unrecorded = false;
    slot->has_event = false;
    smmu->tbus[smmu->ports[slot->port].tbu].active += slot->stall_credit;
    smmu->again = true;
}

static void retry(struct smmu *smmu, uint16_t index, sim_time at)
{
    wake(smmu, &smmu->slots[index]);
    smmu_tbu_retry(smmu, index, at);
}

static void terminate(struct smmu *smmu, uint16_t index, enum smmu_outcome outcome, sim_time at)
{
    wake(smmu, &smmu->slots[index]);
    smmu_slot_decide(smmu, index, outcome, at);
}

/* When a message about a slot that is sent at @p now is in its TBU. */
static sim_time reach(struct smmu *smmu, uint16_t index, sim_time now)
{
    struct smmu_tbu *tbu = &smmu->tbus[smmu->ports[smmu->slots[index].port].tbu];

    return smmu->distributed ? smmu_tbu_message(smmu, tbu, now) : now;
}

/*
 * 7.2.1: a transaction whose record could not be written is retried when one can; so is one that found no stall slot.
 * One at a time: the oldest, until the queue is full again.
 */
static void retry_unrecorded(struct smmu *smmu, sim_time now)
{
    uint16_t oldest = SMMU_NONE;

    if (smmu->events.count > 0 || !smmu_event_is_writable(smmu)) {
        return;
    }
    for (uint32_t i = 0; i < smmu->slot_count; i++) {
        const struct smmu_slot *slot = &smmu->slots[i];

        if (slot->state == SMMU_SLOT_STALLED && slot->unrecorded && (slot->stall_credit || smmu->stalls.credits > 0) &&
            (oldest == SMMU_NONE || slot->sequence < smmu->slots[oldest].sequence)) {
            oldest = (uint16_t)i;
        }
    }
    if (oldest != SMMU_NONE) {
        retry(smmu, oldest, reach(smmu, oldest, now));
    }
}

static void terminate_stalled(struct smmu *smmu, bool all, uint32_t sid, sim_time now)
{
    for (uint32_t i = 0; i < smmu->slot_count && smmu->stalls.stalled > 0; i++) {
        const struct smmu_slot *slot = &smmu->slots[i];

        if (slot->state == SMMU_SLOT_STALLED && (all || slot->stream.sid == sid)) {
            terminate(smmu, (uint16_t)i, SMMU_OUTCOME_ABORT, reach(smmu, (uint16_t)i, now));
        }
    }
}

void smmu_stalls_run(struct smmu *smmu, sim_time now)
{
    if (!smmu->control.enabled) {
        terminate_stalled(smmu, true, 0, now);
        return;
    }
    if (smmu->stalls.unrecorded > 0) {
        retry_unrecorded(smmu, now);
    }
}

void smmu_stalls_resume(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS], sim_time now)
{
    const uint32_t stag = (uint32_t)smmu_field_get(words, SMMU_CMD_STAG);
    const uint16_t index = (uint16_t)stag;
    const struct smmu_slot *slot;

    if (stag >= smmu->slot_count) {
        return;
    }
    slot = &smmu->slots[stag];
    /* Only software that has seen a record can mean this transaction; one without a record is left alone (4.7.1). */
    if (slot->state != SMMU_SLOT_STALLED || slot->unrecorded ||
        slot->stream.sid != smmu_field_get(words, SMMU_CMD_SID)) {
        return;
    }
    if (smmu_field_get(words, SMMU_CMD_RESUME_AC) != 0) {
        retry(smmu, index, reach(smmu, index, now));
    } else if (smmu_field_get(words, SMMU_CMD_RESUME_AB) != 0 || smmu->features.term_abort) {
        terminate(smmu, index, SMMU_OUTCOME_ABORT, reach(smmu, index, now));
    } else {
        terminate(smmu, index, SMMU_OUTCOME_RAZ_WI, reach(smmu, index, now));
    }
}

void smmu_stalls_terminate(struct smmu *smmu, uint32_t sid, sim_time now)
{
    terminate_stalled(smmu, false, sid, now);
}

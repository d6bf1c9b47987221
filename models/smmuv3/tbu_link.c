/*
 * The way between a TBU and the TCU: a request to it, its answer back, one message a cycle in each direction.
 *
 * A miss asks the TCU, unless an older miss of the same stream to the same 4 KiB page is being asked for: then it
 * follows that one, and looks again when the answer is here. A request needs one of the TCU's translation slots, which
 * comes free when the answer has arrived; without one it waits, in order over all TBUs.
 *
 * With no link (both latencies 0) the TBU is part of the TCU, and requests go straight on.
 */
#include "models/smmuv3/commands_internal.h"
#include "models/smmuv3/tbu_internal.h"

static struct smmu_tbu *tbu_of(struct smmu *smmu, const struct smmu_slot *slot)
{
    return &smmu->tbus[smmu->ports[slot->port].tbu];
}

/* ---- To the TCU ---- */

sim_time smmu_tcu_message(struct smmu *smmu, struct smmu_tbu *tbu, sim_time at)
{
    const sim_time leave = sim_time_max(at, tbu->to_tcu_free);

    if (!smmu->distributed) {
        return at;
    }
    tbu->to_tcu_free = leave + smmu->component.period;
    return leave + smmu->times.to_tcu;
}

static void send_to_tcu(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_tbu *tbu = tbu_of(smmu, slot);

    slot->arrival = smmu_tcu_message(smmu, tbu, at);
    slot->asked = true;
    slot->cacheable = true;
    slot->has_answer = false;
    smmu->credits--;
    smmu_list_append(smmu, &tbu->to_tcu, index);
}

/* The slot whose answer will do for another one too; SMMU_NONE if there is none. */
static uint16_t find_leader(const struct smmu *smmu, const struct smmu_tbu *tbu, const struct smmu_slot *follower)
{
    for (uint32_t i = tbu->slots; i < tbu->slots + tbu->slot_count; i++) {
        const struct smmu_slot *slot = &smmu->slots[i];

        if (slot->state == SMMU_SLOT_ASKED && slot->asked && slot != follower && slot->kind == SMMU_KIND_ORDINARY &&
            slot->input >> 12 == follower->input >> 12 && slot->stream.sid == follower->stream.sid &&
            slot->stream.ssid == follower->stream.ssid && slot->stream.ssv == follower->stream.ssv) {
            return (uint16_t)i;
        }
    }
    return SMMU_NONE;
}

void smmu_tbu_ask(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    uint16_t leader;

    if (!smmu->distributed) {
        smmu_tcu_translate(smmu, index, at);
        return;
    }
    slot->state = SMMU_SLOT_ASKED;
    slot->ready_at = at;
    leader = slot->kind == SMMU_KIND_ORDINARY ? find_leader(smmu, tbu_of(smmu, slot), slot) : SMMU_NONE;
    if (leader != SMMU_NONE) {
        smmu->counters.merged++;
        smmu_list_append(smmu, &smmu->slots[leader].followers, index);
    } else if (smmu->credits == 0 || smmu->credit_queue.head != SMMU_NONE) {
        /* Not asked yet: whoever comes now does not follow it. */
        smmu->counters.credit_stalls++;
        smmu_list_append(smmu, &smmu->credit_queue, index);
    } else {
        send_to_tcu(smmu, index, at);
    }
}

void smmu_tcu_receive(struct smmu *smmu, struct smmu_tbu *tbu, sim_time now)
{
    while (tbu->to_tcu.head != SMMU_NONE && smmu->slots[tbu->to_tcu.head].arrival <= now) {
        smmu_tcu_translate(smmu, smmu_list_take(smmu, &tbu->to_tcu), now);
    }
}

/* ---- To the TBU ---- */

sim_time smmu_tbu_message(struct smmu *smmu, struct smmu_tbu *tbu, sim_time at)
{
    const sim_time leave = sim_time_max(at, tbu->to_tbu_free);

    tbu->to_tbu_free = leave + smmu->component.period;
    return leave + smmu->times.to_tbu;
}

void smmu_tcu_answer(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_tbu *tbu = tbu_of(smmu, slot);

    slot->state = SMMU_SLOT_ANSWERED;
    slot->arrival = smmu_tbu_message(smmu, tbu, at);
    smmu_list_append(smmu, &tbu->to_tbu, index);
}

/* What the TBU keeps of an answer. Faults are not kept. */
static void keep(struct smmu_tbu *tbu, const struct smmu_slot *slot)
{
    if (slot->has_answer && slot->cacheable) {
        smmu_tbu_tlb_fill(&tbu->tlb, &slot->stream, &slot->answer);
        smmu_tbu_tlb_fill(&tbu->micro_tlb, &slot->stream, &slot->answer);
    }
}

/* A follower looks again in the TBU's last TLB. If the answer was none for it, it asks for itself. */
static void follow(struct smmu *smmu, struct smmu_tbu *tbu, uint16_t index, sim_time now)
{
    const sim_time at = now + (tbu->tlb.sets > 0 ? smmu->times.tbu_tlb_lookup : smmu->times.micro_tlb_lookup);

    if (!smmu_tbu_lookup(smmu, tbu, index, at)) {
        smmu_tbu_ask(smmu, index, at);
    }
}

static void receive_answer(struct smmu *smmu, struct smmu_tbu *tbu, uint16_t index, sim_time now)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_list followers = slot->followers;

    slot->followers = (struct smmu_list){SMMU_NONE, SMMU_NONE};
    slot->asked = false;
    smmu->credits++;
    keep(tbu, slot);
    smmu_slot_decide(smmu, index, (enum smmu_outcome)slot->outcome, now);
    while (followers.head != SMMU_NONE) {
        follow(smmu, tbu, smmu_list_take(smmu, &followers), now);
    }
    while (smmu->credits > 0 && smmu->credit_queue.head != SMMU_NONE) {
        const uint16_t next = smmu_list_take(smmu, &smmu->credit_queue);

        send_to_tcu(smmu, next, sim_time_max(now, smmu->slots[next].ready_at));
    }
}

void smmu_tbu_receive(struct smmu *smmu, struct smmu_tbu *tbu, sim_time now)
{
    smmu_tbu_invalidate_run(smmu, tbu, now);
    while (tbu->to_tbu.head != SMMU_NONE && smmu->slots[tbu->to_tbu.head].arrival <= now) {
        receive_answer(smmu, tbu, smmu_list_take(smmu, &tbu->to_tbu), now);
    }
}

sim_time smmu_tbu_link_due(const struct smmu *smmu, const struct smmu_tbu *tbu)
{
    sim_time due = SIM_TIME_NEVER;

    if (tbu->to_tcu.head != SMMU_NONE) {
        due = smmu->slots[tbu->to_tcu.head].arrival;
    }
    if (tbu->to_tbu.head != SMMU_NONE) {
        due = sim_time_min(due, smmu->slots[tbu->to_tbu.head].arrival);
    }
    if (tbu->invalidation_count > 0) {
        due = sim_time_min(due, tbu->invalidations[tbu->invalidation_head].done_at);
    }
    return due;
}

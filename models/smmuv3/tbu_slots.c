/*
 * Translation slots of a TBU: what holds a request that could not pass at once, from the moment it is taken in until it
 * leaves. A slot waits for its configuration, then for its translation (tcu.c), then for its turn; it may not leave
 * before its predecessor (the previous request of the port, or of the stream: enum smmu_order) has left.
 */
#include "models/smmuv3/ats_internal.h"

static void make_ready(struct smmu *smmu, uint16_t index)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (slot->state == SMMU_SLOT_DONE && (!slot->behind || slot->detached)) {
        smmu_list_append(smmu, &smmu->ports[slot->port].ready, index);
    }
}

void smmu_slot_decide(struct smmu *smmu, uint16_t index, enum smmu_outcome outcome, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    slot->outcome = (uint8_t)outcome;
    if (slot->asked) {
        smmu_tcu_answer(smmu, index, at);
        return;
    }
    slot->state = SMMU_SLOT_DONE;
    slot->ready_at = at;
    make_ready(smmu, index);
}

void smmu_slot_terminate(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, enum smmu_outcome outcome,
                         bool record, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    /* Faults that come of a context tell the attributes as its STE has overridden them (7.3). */
    const bool overridden = fault->type >= SMMU_F_WALK_EABT;
    const uint32_t flags = overridden ? smmu_request_flags(&slot->context, slot->packet) : slot->packet->flags;

    if (record) {
        smmu_event_make(slot->event, fault, &slot->stream, slot->packet, flags);
        slot->has_event = true;
        slot->merge = !smmu_fault_is_of_ste(fault) && fault->type != SMMU_F_UUT && slot->context.merge_events;
    }
    smmu_slot_decide(smmu, index, outcome, at);
}

/* Which way, and with or without a record: 5.5, table "Fault response". */
void smmu_slot_decide_fault(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at)
{
    enum smmu_outcome outcome = fault->raz_wi ? SMMU_OUTCOME_RAZ_WI : SMMU_OUTCOME_ABORT;
    bool record = !fault->silent;

    if (fault->type == SMMU_C_BAD_STREAMID) {
        record = smmu->control.record_invalid_id;
    }
    if (fault->stall) {
        outcome = SMMU_OUTCOME_STALL;
        record = true;
    }
    smmu_slot_terminate(smmu, index, fault, outcome, record, at);
}

void smmu_slot_decide_type(struct smmu *smmu, uint16_t index, uint8_t type, sim_time at)
{
    const struct smmu_fault fault = {.type = type, .class_ = SMMU_CLASS_IN};

    smmu_slot_decide_fault(smmu, index, &fault, at);
}

void smmu_slot_detach(struct smmu *smmu, uint16_t index)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_port *port = &smmu->ports[slot->port];

    if (slot->detached) {
        return;
    }
    slot->detached = true;
    if (slot->successor != SMMU_NONE) {
        smmu->slots[slot->successor].behind = false;
        make_ready(smmu, slot->successor);
        slot->successor = SMMU_NONE;
    }
    if (port->youngest == index) {
        port->youngest = SMMU_NONE;
    }
    port->held--;
}

void smmu_slot_release(struct smmu *smmu, uint16_t index)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_tbu *tbu = &smmu->tbus[smmu->ports[slot->port].tbu];

    slot->state = SMMU_SLOT_FREE;
    slot->packet = NULL;
    smmu_slot_detach(smmu, index);
    if (slot->stall_credit) {
        smmu_stall_release(smmu, slot);
    }
    tbu->active--;
    smmu->held--;
    smmu->held_enabled -= slot->enabled;
    slot->next = tbu->free_slot;
    tbu->free_slot = index;
    tbu->starved = false;
}

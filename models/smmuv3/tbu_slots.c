/*
 * Translation slots of a TBU: what holds a request that could not pass at once, from the moment it is taken in until it
 * leaves. A slot waits for its configuration, then for its translation (tcu.c), then for its turn; it may not leave
 * before its predecessor (the previous request of the port, or of the stream: enum smmu_order) has left.
 */
#include "models/smmuv3/smmu_internal.h"

static void make_ready(struct smmu *smmu, uint16_t index)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (slot->state == SMMU_SLOT_DONE && !slot->behind) {
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

/* Which way, and with or without a record: 5.5, table "Fault response". */
void smmu_slot_decide_fault(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    /* Faults that come of a context tell the attributes as its STE has overridden them (7.3). */
    const bool overridden = fault->type >= SMMU_F_WALK_EABT;
    const uint32_t flags = overridden ? smmu_request_flags(&slot->context, slot->packet) : slot->packet->flags;
    bool record = !fault->silent;

    if (fault->type == SMMU_C_BAD_STREAMID) {
        record = smmu->control.record_invalid_id;
    }
    if (record) {
        smmu_event_make(slot->event, fault, &slot->stream, slot->packet, flags);
        slot->has_event = true;
    }
    smmu_slot_decide(smmu, index, fault->raz_wi ? SMMU_OUTCOME_RAZ_WI : SMMU_OUTCOME_ABORT, at);
}

void smmu_slot_decide_type(struct smmu *smmu, uint16_t index, uint8_t type, sim_time at)
{
    const struct smmu_fault fault = {.type = type, .class_ = SMMU_CLASS_IN};

    smmu_slot_decide_fault(smmu, index, &fault, at);
}

void smmu_slot_release(struct smmu *smmu, uint16_t index)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_port *port = &smmu->ports[slot->port];
    struct smmu_tbu *tbu = &smmu->tbus[port->tbu];

    slot->state = SMMU_SLOT_FREE;
    slot->packet = NULL;
    if (slot->successor != SMMU_NONE) {
        smmu->slots[slot->successor].behind = false;
        make_ready(smmu, slot->successor);
    }
    if (port->youngest == index) {
        port->youngest = SMMU_NONE;
    }
    port->held--;
    smmu->held--;
    smmu->held_enabled -= slot->enabled;
    slot->next = tbu->free_slot;
    tbu->free_slot = index;
    tbu->starved = false;
}

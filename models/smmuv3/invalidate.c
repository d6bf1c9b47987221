/*
 * Invalidations, and what a CMD_SYNC waits for (IHI 0070, 4.7.3): every request that may have used what was invalidated
 * has left its TBU, and what is beyond the SMMU has taken it. No answer is waited for: its downstream ports are posted.
 */
#include "models/smmuv3/commands_internal.h"

/* ---- TBUs ---- */

static bool has_tlbs(const struct smmu_tbu *tbu)
{
    return tbu->micro_tlb.sets > 0 || tbu->tlb.sets > 0;
}

bool smmu_invalidate_has_room(const struct smmu *smmu)
{
    for (uint32_t i = 0; i < smmu->tbu_count && smmu->distributed; i++) {
        if (smmu->tbus[i].invalidation_count == SMMU_TBU_INVALIDATIONS) {
            return false;
        }
    }
    return true;
}

/* Sends one to every TBU that has something to drop: it takes the message's time, its turn, and the scan. */
static void tell_tbus(struct smmu *smmu, const struct smmu_tbu_invalidation *invalidation, sim_time now)
{
    for (uint32_t i = 0; i < smmu->tbu_count; i++) {
        struct smmu_tbu *tbu = &smmu->tbus[i];
        const struct smmu_tlb_scope *scope = invalidation->of_configs ? NULL : &invalidation->translations;
        const uint32_t at = (tbu->invalidation_head + tbu->invalidation_count) % SMMU_TBU_INVALIDATIONS;
        uint32_t sets;

        if (!has_tlbs(tbu)) {
            continue;
        }
        sets = smmu_tbu_tlb_invalidate_sets(&tbu->micro_tlb, scope) + smmu_tbu_tlb_invalidate_sets(&tbu->tlb, scope);
        tbu->invalidate_free = sim_time_max(smmu_tbu_message(smmu, tbu, now), tbu->invalidate_free);
        tbu->invalidate_free += sets * smmu->times.scan;
        tbu->invalidations[at] = *invalidation;
        tbu->invalidations[at].done_at = tbu->invalidate_free;
        tbu->invalidation_count++;
    }
}

void smmu_tbu_invalidate_run(struct smmu *smmu, struct smmu_tbu *tbu, sim_time now)
{
    while (tbu->invalidation_count > 0) {
        const struct smmu_tbu_invalidation *head = &tbu->invalidations[tbu->invalidation_head];

        if (head->done_at > now) {
            return;
        }
        if (head->of_configs) {
            smmu_tbu_tlb_invalidate_config(&tbu->micro_tlb, &head->configs);
            smmu_tbu_tlb_invalidate_config(&tbu->tlb, &head->configs);
        } else {
            smmu_tbu_tlb_invalidate(&tbu->micro_tlb, &head->translations);
            smmu_tbu_tlb_invalidate(&tbu->tlb, &head->translations);
        }
        tbu->invalidation_head = (tbu->invalidation_head + 1) % SMMU_TBU_INVALIDATIONS;
        tbu->invalidation_count--;
        smmu->counters.invalidations++;
    }
}

/* ---- TCU ---- */

/* Whether a request is being worked on by the TCU: what it has used so far may be what is invalidated now. */
static bool is_at_tcu(const struct smmu_slot *slot)
{
    return slot->asked && (slot->state == SMMU_SLOT_CONFIG || slot->state == SMMU_SLOT_WALK);
}

void smmu_invalidate_tlbs(struct smmu *smmu, const struct smmu_tlb_scope *scope, sim_time now)
{
    const struct smmu_tbu_invalidation invalidation = {.translations = *scope};

    smmu_tlb_invalidate(&smmu->tlb, scope);
    smmu_tcu_caches_invalidate(smmu, scope);
    smmu_walk_invalidate(smmu, scope);
    if (!smmu->distributed) {
        return;
    }
    for (uint32_t i = 0; i < smmu->slot_count; i++) {
        struct smmu_slot *slot = &smmu->slots[i];

        /* The size of the page and whether it is global are not known yet. A fetch under way has used no table. */
        if (is_at_tcu(slot) && slot->state == SMMU_SLOT_WALK) {
            slot->cacheable = slot->cacheable &&
                              !smmu_tlb_scope_covers(scope, slot->context.tag, false, slot->input, 63) &&
                              !smmu_tlb_scope_covers(scope, slot->context.tag, true, slot->input, 63);
        }
    }
    tell_tbus(smmu, &invalidation, now);
}

void smmu_invalidate_configs(struct smmu *smmu, const struct smmu_config_scope *scope, sim_time now)
{
    const struct smmu_tbu_invalidation invalidation = {.of_configs = true, .configs = *scope};

    smmu_config_cache_invalidate(&smmu->configs, scope);
    smmu_config_fetch_invalidate(smmu, scope);
    if (!smmu->distributed) {
        return;
    }
    for (uint32_t i = 0; i < smmu->slot_count; i++) {
        struct smmu_slot *slot = &smmu->slots[i];

        if (is_at_tcu(slot) && ((slot->stream.sid ^ scope->sid) & scope->sid_mask) == 0) {
            slot->cacheable = false;
        }
    }
    tell_tbus(smmu, &invalidation, now);
}

/* ---- CMD_SYNC ---- */

/* A TBU's part of a CMD_SYNC. */
enum phase {
    PHASE_REACH,  /**< it must get there, and what was invalidated before it must be dropped */
    PHASE_SLOTS,  /**< then slots that are older must leave */
    PHASE_LEAVE,  /**< and what has left its slot must be out of the port */
    PHASE_TAKEN,  /**< and what is beyond must have taken it */
    PHASE_RETURN, /**< and it must get back */
    PHASE_DONE,
};

/* When the last request that has left its slot, or never took one, is out of its port. */
static sim_time ports_empty_at(const struct smmu_tbu *tbu)
{
    sim_time at = 0;

    for (const struct smmu_port *port = tbu->ports; port != tbu->ports_end; port++) {
        at = sim_time_max(at, port->out_free);
    }
    return at;
}

/*
 * When what was sent downstream has been taken there. From then on it is in order with all that software does later:
 * transactions are to be observable when the command completes (4.7.3), and writes that come back to nobody say so in
 * no other way.
 */
static sim_time taken_at(const struct smmu *smmu, const struct smmu_tbu *tbu, const uint64_t *sent)
{
    sim_time at = 0;

    for (const struct smmu_port *port = tbu->ports; port != tbu->ports_end; port++) {
        at = sim_time_max(at, sim_channel_taken_at(port->downstream.request, sent[port - smmu->ports]));
    }
    return at;
}

/* A stalled transaction is as one that has not come yet (4.7.3). What waits in the PRI queue uses no translation. */
static bool is_to_leave(const struct smmu_slot *slot)
{
    return slot->state != SMMU_SLOT_FREE && slot->state != SMMU_SLOT_STALLED && slot->state != SMMU_SLOT_PAGE;
}

static bool has_older_slots(const struct smmu *smmu, const struct smmu_tbu *tbu, uint64_t sequence)
{
    for (uint32_t i = tbu->slots; i < tbu->slots + tbu->slot_count && smmu->held > 0; i++) {
        if (is_to_leave(&smmu->slots[i]) && smmu->slots[i].sequence < sequence) {
            return true;
        }
    }
    return false;
}

void smmu_sync_begin(struct smmu *smmu, struct smmu_sync *sync, sim_time now)
{
    for (uint32_t i = 0; i < smmu->tbu_count; i++) {
        struct smmu_tbu *tbu = &smmu->tbus[i];
        sim_time reach = now;

        if (smmu->distributed) {
            reach = sim_time_max(smmu_tbu_message(smmu, tbu, now), tbu->invalidate_free);
        }
        sync->part[i] = (struct smmu_sync_part){.phase = PHASE_REACH, .until = reach};
    }
    sync->events = UINT64_MAX;
}

/* @return when to look at a TBU's part again; 0 if it is done */
static sim_time wait_for_tbu(struct smmu *smmu, struct smmu_tbu *tbu, struct smmu_sync *sync, sim_time now)
{
    struct smmu_sync_part *part = &sync->part[tbu - smmu->tbus];

    if (part->phase == PHASE_REACH) {
        if (part->until > now) {
            return part->until;
        }
        part->phase = PHASE_SLOTS;
        part->until = ports_empty_at(tbu);
        part->sequence = smmu->next_sequence;
    }
    if (part->phase == PHASE_SLOTS) {
        if (has_older_slots(smmu, tbu, part->sequence)) {
            return SIM_TIME_NEVER;
        }
        part->until = sim_time_max(part->until, ports_empty_at(tbu));
        part->phase = PHASE_LEAVE;
    }
    if (part->phase == PHASE_LEAVE) {
        if (part->until > now) {
            return part->until;
        }
        for (const struct smmu_port *port = tbu->ports; port != tbu->ports_end; port++) {
            sync->sent[port - smmu->ports] = port->downstream.request->pushed;
        }
        part->phase = PHASE_TAKEN;
    }
    if (part->phase == PHASE_TAKEN) {
        const sim_time at = taken_at(smmu, tbu, sync->sent);

        if (at > now) {
            return at;
        }
        part->until = smmu_tcu_message(smmu, tbu, now);
        part->phase = PHASE_RETURN;
    }
    if (part->until > now) {
        return part->until;
    }
    part->phase = PHASE_DONE;
    return 0;
}

sim_time smmu_sync_wait(struct smmu *smmu, struct smmu_sync *sync, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;
    bool done = true;

    for (uint32_t i = 0; i < smmu->tbu_count; i++) {
        const sim_time again = wait_for_tbu(smmu, &smmu->tbus[i], sync, now);

        done = done && again == 0;
        due = again == 0 ? due : sim_time_min(due, again);
    }
    if (!done) {
        return due;
    }
    if (sync->events == UINT64_MAX) {
        sync->events = smmu->events.queued;
    }
    return 0;
}

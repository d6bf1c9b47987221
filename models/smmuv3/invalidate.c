/*
 * Invalidations, and what a CMD_SYNC waits for (IHI 0070, 4.7.3): every request that may have used what was invalidated
 * has left its TBU. What is beyond the SMMU by then is not waited for: its downstream ports are posted.
 */
#include "models/smmuv3/smmu_internal.h"

bool smmu_invalidate_has_room(const struct smmu *smmu)
{
    (void)smmu;
    return true;
}

void smmu_invalidate_tlbs(struct smmu *smmu, const struct smmu_tlb_scope *scope, sim_time now)
{
    (void)now;
    smmu_tlb_invalidate(&smmu->tlb, scope);
    smmu_walk_invalidate(smmu, scope);
}

void smmu_invalidate_configs(struct smmu *smmu, const struct smmu_config_scope *scope, sim_time now)
{
    (void)now;
    smmu_config_cache_invalidate(&smmu->configs, scope);
    smmu_config_fetch_invalidate(smmu, scope);
}

/* ---- CMD_SYNC ---- */

/* A TBU's part of a CMD_SYNC. */
enum phase {
    PHASE_SLOTS, /**< slots that are older must leave */
    PHASE_LEAVE, /**< and what has left its slot must be out of the port */
    PHASE_DONE,
};

/* When the last request that has left its slot, or never took one, is out of its port. */
static sim_time ports_empty_at(const struct smmu *smmu, const struct smmu_tbu *tbu)
{
    sim_time at = 0;

    for (uint32_t port = tbu->first_port; port < tbu->end_port; port++) {
        at = sim_time_max(at, smmu->ports[port].out_free);
    }
    return at;
}

static bool has_older_slots(const struct smmu *smmu, const struct smmu_tbu *tbu, uint64_t sequence)
{
    for (uint32_t i = tbu->slots; i < tbu->slots + smmu->config.translation_slots && smmu->held > 0; i++) {
        if (smmu->slots[i].state != SMMU_SLOT_FREE && smmu->slots[i].sequence < sequence) {
            return true;
        }
    }
    return false;
}

void smmu_sync_begin(struct smmu *smmu, struct smmu_sync *sync, sim_time now)
{
    (void)now;
    for (uint32_t i = 0; i < smmu->tbu_count; i++) {
        sync->part[i] = (struct smmu_sync_part){
            .phase = PHASE_SLOTS,
            .until = ports_empty_at(smmu, &smmu->tbus[i]),
            .sequence = smmu->next_sequence,
        };
    }
    sync->events = UINT64_MAX;
}

/* @return when to look at a TBU's part again; 0 if it is done */
static sim_time wait_for_tbu(struct smmu *smmu, const struct smmu_tbu *tbu, struct smmu_sync_part *part, sim_time now)
{
    if (part->phase == PHASE_SLOTS) {
        if (has_older_slots(smmu, tbu, part->sequence)) {
            return SIM_TIME_NEVER;
        }
        part->until = sim_time_max(part->until, ports_empty_at(smmu, tbu));
        part->phase = PHASE_LEAVE;
    }
    if (part->phase == PHASE_LEAVE) {
        if (part->until > now) {
            return part->until;
        }
        part->phase = PHASE_DONE;
    }
    return 0;
}

sim_time smmu_sync_wait(struct smmu *smmu, struct smmu_sync *sync, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;
    bool done = true;

    for (uint32_t i = 0; i < smmu->tbu_count; i++) {
        const sim_time again = wait_for_tbu(smmu, &smmu->tbus[i], &sync->part[i], now);

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

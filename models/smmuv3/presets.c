/*
 * Structures and cycles of parts that something is known of. Sources: facts in docs/smmuv3.md; "A" is an assumption.
 */
#include "models/smmuv3/smmu.h"

#include <stddef.h>
#include <string.h>

const char *const smmu_presets[] = {"default", "gem5-default", "agilex5-mmu600", NULL};

/* What a preset sets, taken from @p from. */
static void copy_part(struct smmu_config *to, const struct smmu_config *from)
{
    to->tlb_entries = from->tlb_entries;
    to->tlb_ways = from->tlb_ways;
    to->tlb_policy = from->tlb_policy;
    to->config_cache_entries = from->config_cache_entries;
    to->config_cache_ways = from->config_cache_ways;
    to->config_cache_policy = from->config_cache_policy;
    to->tbu_slots = from->tbu_slots;
    to->micro_tlb = from->micro_tlb;
    to->tbu_tlb = from->tbu_tlb;
    memcpy(to->walk_cache, from->walk_cache, sizeof(to->walk_cache));
    to->walk_cache_nonfinal = from->walk_cache_nonfinal;
    to->ipa_cache = from->ipa_cache;
    to->translation_slots = from->translation_slots;
    to->walk_slots = from->walk_slots;
    to->config_slots = from->config_slots;
    to->event_buffer = from->event_buffer;
    to->accept_cycles = from->accept_cycles;
    to->config_lookup_cycles = from->config_lookup_cycles;
    to->tlb_lookup_cycles = from->tlb_lookup_cycles;
    to->to_tcu_cycles = from->to_tcu_cycles;
    to->to_tbu_cycles = from->to_tbu_cycles;
    to->walk_begin_cycles = from->walk_begin_cycles;
    to->walk_interval_cycles = from->walk_interval_cycles;
    to->issue_cycles = from->issue_cycles;
    to->decode_cycles = from->decode_cycles;
    to->config_decode_cycles = from->config_decode_cycles;
    to->forward_cycles = from->forward_cycles;
    to->response_cycles = from->response_cycles;
    to->register_cycles = from->register_cycles;
    to->command_cycles = from->command_cycles;
    to->scan_cycles = from->scan_cycles;
}

/*
 * gem5 24.0, SMMUv3 with its defaults: round robin everywhere, no TLB in the TCU, no IPA cache, walk caches for levels
 * 0 to 2, invalidations that cost nothing. Its accept and forward are beats of its ports.
 */
static void set_gem5(struct smmu_config *c)
{
    static const uint32_t walk_entries[2][3] = {{4, 28, 348}, {4, 28, 92}};

    c->tlb_entries = 0;
    c->tlb_ways = 1;
    c->config_cache_entries = 64;
    c->config_cache_ways = 4;
    c->config_cache_policy = SMMU_POLICY_ROUND_ROBIN;
    c->tbu_slots = 16;
    c->micro_tlb = (struct smmu_cache_config){32, 32, SMMU_POLICY_ROUND_ROBIN, 1};
    c->tbu_tlb = (struct smmu_cache_config){2048, 4, SMMU_POLICY_ROUND_ROBIN, 3};
    for (unsigned stage = 0; stage < 2; stage++) {
        for (unsigned level = 0; level < 3; level++) {
            c->walk_cache[stage][level] =
                (struct smmu_cache_config){walk_entries[stage][level], 4, SMMU_POLICY_ROUND_ROBIN, 4};
        }
    }
    c->translation_slots = 64;
    c->walk_slots = 16;
    c->accept_cycles = 1;
    c->config_lookup_cycles = 3;
    c->tlb_lookup_cycles = 0;
    c->to_tcu_cycles = 8;
    c->to_tbu_cycles = 8;
    c->walk_begin_cycles = 1;
    c->walk_interval_cycles = 0;
    c->issue_cycles = 1;
    c->decode_cycles = 1;
    c->config_decode_cycles = 0;
    c->forward_cycles = 1;
    c->response_cycles = 0;
    c->command_cycles = 0;
    c->scan_cycles = 0;
}

/*
 * MMU-600 as Agilex 5 has it: walk caches of 256 entries for each stage and level, a configuration cache of 256, 64
 * translation slots, 256 tokens for each TBU, a micro TLB with PLRU. Not public are the depths of the TBU's TLBs, the
 * walk slots and all cycles. The TLBs are sized as in gem5 (A), with PLRU, and 64 walks go at once (A); cycles are
 * gem5's (A), but a hit of the micro TLB takes 2, as the MMU-500 manual says of its best case.
 */
static void set_agilex5(struct smmu_config *c)
{
    set_gem5(c);
    c->config_cache_entries = 256;
    c->config_cache_policy = SMMU_POLICY_PLRU;
    c->tbu_slots = 256;
    c->micro_tlb = (struct smmu_cache_config){32, 32, SMMU_POLICY_PLRU, 1};
    c->tbu_tlb = (struct smmu_cache_config){2048, 4, SMMU_POLICY_PLRU, 3};
    for (unsigned stage = 0; stage < 2; stage++) {
        /* Level 3 has one too, but its descriptors lead to no table: those of S1L3 and S2L3 are in the TLBs. */
        for (unsigned level = 0; level < 3; level++) {
            c->walk_cache[stage][level] = (struct smmu_cache_config){256, 4, SMMU_POLICY_PLRU, 4};
        }
    }
    c->walk_cache_nonfinal = true;
    c->walk_slots = 64;
    c->accept_cycles = 1;
    c->forward_cycles = 0;
    c->response_cycles = 1;
    c->command_cycles = 2;
    c->scan_cycles = 1;
}

bool smmu_config_preset(struct smmu_config *config, const char *name)
{
    struct smmu_config part;

    smmu_config_defaults(&part);
    if (strcmp(name, "gem5-default") == 0) {
        set_gem5(&part);
    } else if (strcmp(name, "agilex5-mmu600") == 0) {
        set_agilex5(&part);
    } else if (strcmp(name, "default") != 0) {
        return false;
    }
    copy_part(config, &part);
    return true;
}

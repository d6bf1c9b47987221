/*
 * An SMMU's preset: what the file does not say, the part says. And whether its structures fit together.
 */
#include "models/smmuv3/smmu.h"
#include "scenario/parse_context.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"
#include "scenario/schema/keys.h"

#include <stddef.h>
#include <stdio.h>

/* The presets' names, in the order of enum scenario_smmu_preset. */
static const char *const preset_names[] = {"default", "gem5-default", "agilex5-mmu600"};

/** A number of a structure, its key, and what the preset says. */
struct part {
    const struct scenario_table *table;
    void *structure;
    const char *key;
    uint32_t *field;
    uint32_t value;
};

static void take(const struct part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!parse_is_given(parts[i].table, parts[i].structure, parts[i].key)) {
            *parts[i].field = parts[i].value;
        }
    }
}

static void take_cache(const struct scenario_table *table, struct scenario_smmu_cache *to,
                       const struct smmu_cache_config *from)
{
    const struct part parts[] = {
        {table, to, "entries", &to->entries, from->entries},
        {table, to, "ways", &to->ways, from->ways},
        {table, to, "lookup", &to->lookup_cycles, from->lookup_cycles},
    };

    take(parts, sizeof(parts) / sizeof(parts[0]));
    if (!parse_is_given(table, to, "policy")) {
        to->policy = (enum scenario_policy)from->policy;
    }
}

static void take_walk_cache(struct scenario_walk_cache *to, const struct smmu_config *from)
{
    const struct scenario_table *table = &scenario_table_walk_cache;
    const struct smmu_cache_config *like = &from->walk_cache[0][0];
    char key[32];

    for (unsigned stage = 0; stage < 2; stage++) {
        for (unsigned level = 0; level < 3; level++) {
            snprintf(key, sizeof(key), "stage%u-level%u", stage + 1, level);
            if (!parse_is_given(table, to, key)) {
                to->entries[stage][level] = from->walk_cache[stage][level].entries;
            }
        }
    }
    if (!parse_is_given(table, to, "ways")) {
        to->ways = like->ways;
    }
    if (!parse_is_given(table, to, "lookup")) {
        to->lookup_cycles = like->lookup_cycles;
    }
    if (!parse_is_given(table, to, "policy")) {
        to->policy = (enum scenario_policy)like->policy;
    }
    if (!parse_is_given(table, to, "nonfinal")) {
        to->nonfinal = from->walk_cache_nonfinal;
    }
}

static void take_numbers(struct scenario_smmu *smmu, const struct smmu_config *from)
{
    const struct scenario_table *table = &scenario_table_smmu;
    const struct part parts[] = {
        {table, smmu, "tbu-slots", &smmu->tbu_slots, from->tbu_slots},
        {table, smmu, "to-tcu", &smmu->to_tcu_cycles, from->to_tcu_cycles},
        {table, smmu, "to-tbu", &smmu->to_tbu_cycles, from->to_tbu_cycles},
        {table, smmu, "walk-begin", &smmu->walk_begin_cycles, from->walk_begin_cycles},
        {table, smmu, "walk-interval", &smmu->walk_interval_cycles, from->walk_interval_cycles},
        {table, smmu, "config-decode", &smmu->config_decode_cycles, from->config_decode_cycles},
        {table, smmu, "accept", &smmu->accept_cycles, from->accept_cycles},
        {table, smmu, "forward", &smmu->forward_cycles, from->forward_cycles},
        {table, smmu, "response", &smmu->response_cycles, from->response_cycles},
        {table, smmu, "issue", &smmu->issue_cycles, from->issue_cycles},
        {table, smmu, "decode", &smmu->decode_cycles, from->decode_cycles},
        {table, smmu, "register", &smmu->register_cycles, from->register_cycles},
        {table, smmu, "command", &smmu->command_cycles, from->command_cycles},
        {table, smmu, "scan", &smmu->scan_cycles, from->scan_cycles},
        {table, smmu, "translation-slots", &smmu->translation_slots, from->translation_slots},
        {table, smmu, "walk-slots", &smmu->walk_slots, from->walk_slots},
        {table, smmu, "config-slots", &smmu->config_slots, from->config_slots},
        {table, smmu, "event-buffer", &smmu->event_buffer, from->event_buffer},
    };

    take(parts, sizeof(parts) / sizeof(parts[0]));
}

static void apply_preset(struct scenario_smmu *smmu)
{
    struct smmu_config config;
    struct smmu_cache_config tlb;
    struct smmu_cache_config configs;

    smmu_config_defaults(&config);
    if (!smmu_config_preset(&config, preset_names[smmu->preset])) {
        return;
    }
    tlb = (struct smmu_cache_config){config.tlb_entries, config.tlb_ways, config.tlb_policy, config.tlb_lookup_cycles};
    configs = (struct smmu_cache_config){config.config_cache_entries, config.config_cache_ways,
                                         config.config_cache_policy, config.config_lookup_cycles};
    take_cache(&scenario_table_smmu_tlb, &smmu->tlb, &tlb);
    take_cache(&scenario_table_config_cache, &smmu->config_cache, &configs);
    take_cache(&scenario_table_micro_tlb, &smmu->micro_tlb, &config.micro_tlb);
    take_cache(&scenario_table_tbu_tlb, &smmu->tbu_tlb, &config.tbu_tlb);
    take_cache(&scenario_table_ipa_cache, &smmu->ipa_cache, &config.ipa_cache);
    take_walk_cache(&smmu->walk_cache, &config);
    take_numbers(smmu, &config);
}

void parse_resolve_smmus(struct parse *parse)
{
    struct scenario_platform *platform = &parse->scenario->platform;

    for (size_t i = 0; i < platform->smmu_count; i++) {
        if (platform->smmu[i].preset != SCENARIO_SMMU_DEFAULT) {
            apply_preset(&platform->smmu[i]);
        }
    }
}

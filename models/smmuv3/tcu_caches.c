/*
 * What the TCU's walk caches and IPA cache do for a translation, and how long that takes.
 *
 * Before the first read of a stage's walk, the IPA cache is asked (stage 2), then the walk cache of each level, the
 * deepest first, until one hits. Stage 2 walks on behalf of a stage 1 table or a CD pass the walk caches by, unless
 * walk_cache_nonfinal. In a nested translation the walk caches of stage 1 hold physical addresses, if a page of stage 2
 * holds the whole table: behind a hit, the descriptor is read without stage 2.
 */
#include "models/smmuv3/descriptor_internal.h"
#include "models/smmuv3/smmu_internal.h"

#define LEVELS 3 /**< of descriptors that lead to tables */

static const struct smmu_table_format *format_of(const struct smmu_translation *t, unsigned stage)
{
    return stage == 2 ? &t->context.stage2.table : &t->context.stage1.half[smmu_address_half(t->input)];
}

/* Whose tables they are, as invalidations name it. */
static uint64_t tag_of(const struct smmu_translation *t, unsigned stage)
{
    if (stage == 1) {
        return t->context.tag;
    }
    return (t->context.tag & SMMU_TAG_VMID_MASK) | (uint64_t)SMMU_WORLD_NS_STAGE2 << SMMU_TAG_WORLD_SHIFT;
}

static bool uses_walk_caches(const struct smmu *smmu, const struct smmu_translation *t, unsigned stage)
{
    return stage == 1 || t->purpose == SMMU_CLASS_IN || smmu->config.walk_cache_nonfinal;
}

/* ---- Learning ---- */

static void keep_table(struct smmu *smmu, const struct smmu_translation *t, unsigned stage)
{
    const struct smmu_stage_walk *walk = &t->walk[stage - 1];
    const int level = walk->at.level - 1;

    if (level >= 0 && level < LEVELS && uses_walk_caches(smmu, t, stage)) {
        smmu_walk_cache_fill(&smmu->walk_cache[stage - 1][level], tag_of(t, stage), walk->input,
                             smmu_level_size(format_of(t, stage)->granule, level), &walk->at);
    }
}

static void keep_page(struct smmu *smmu, const struct smmu_translation *t)
{
    const struct smmu_stage2_page *page = &t->page2;

    smmu_tlb_fill(&smmu->ipa_cache, tag_of(t, 2), t->walk[1].input, page->size, false, page->output | page->permissions,
                  page->attributes);
}

/* Stage 2 has told where a descriptor of stage 1 is: so it has told where its table is. */
static void keep_physical_table(struct smmu *smmu, struct smmu_translation *t)
{
    struct smmu_stage_walk *walk = &t->walk[0];
    const unsigned granule = format_of(t, 1)->granule;

    if (t->purpose == SMMU_CLASS_TT && !t->table_write && t->page2.size >= granule &&
        walk->at.level > format_of(t, 1)->start_level) {
        walk->at.physical = t->address & ~((UINT64_C(1) << granule) - 1);
        walk->at.has_physical = true;
        keep_table(smmu, t, 1);
        walk->at.has_physical = false;
    }
}

void smmu_translation_learn(struct smmu *smmu, struct smmu_translation *t, enum smmu_translation_step step)
{
    if (!smmu->has_walk_caches) {
        return;
    }
    if ((t->learnt & SMMU_LEARNT_TABLE1) != 0 && t->stage1_fresh) {
        keep_table(smmu, t, 1);
    }
    if ((t->learnt & SMMU_LEARNT_TABLE2) != 0 && t->stage2_epoch == smmu->stage2_epoch) {
        keep_table(smmu, t, 2);
    }
    if ((t->learnt & SMMU_LEARNT_STAGE2) != 0 && t->stage2_epoch == smmu->stage2_epoch) {
        keep_page(smmu, t);
        if (step == SMMU_TRANSLATION_READ && t->stage == 1 && t->stage1_fresh) {
            keep_physical_table(smmu, t);
        }
    }
}

/* ---- Looking up ---- */

/* What the IPA cache knows. @return whether it answered; then *step is what comes next */
static bool use_ipa_cache(struct smmu *smmu, struct smmu_translation *t, enum smmu_translation_step *step, sim_time *at)
{
    const struct smmu_tlb_entry *entry;
    struct smmu_tlb_entry *found;
    struct smmu_stage2_page page;

    if (smmu->ipa_cache.sets == 0) {
        return false;
    }
    *at += smmu->times.ipa_lookup;
    found = smmu_tlb_find(&smmu->ipa_cache, tag_of(t, 2), t->walk[1].input);
    if (found == NULL) {
        smmu->counters.ipa_misses++;
        return false;
    }
    smmu->counters.ipa_hits++;
    smmu_tlb_touch(&smmu->ipa_cache, found);
    entry = found;
    page = (struct smmu_stage2_page){
        .output = entry->output & ~UINT64_C(0xfff),
        .permissions = (uint16_t)(entry->output & 0xfff),
        .attributes = (uint16_t)(entry->intermediate & 0xfff),
        .size = (uint8_t)smmu_tlb_size(entry),
    };
    return smmu_translation_use_stage2(t, &page, step);
}

static void use_walk_caches(struct smmu *smmu, struct smmu_translation *t, sim_time *at)
{
    const unsigned stage = t->stage;
    const struct smmu_table_format *format = format_of(t, stage);
    const struct smmu_stage_walk *walk = &t->walk[stage - 1];

    for (int level = LEVELS - 1; level >= format->start_level && level >= 0; level--) {
        struct smmu_walk_cache *cache = &smmu->walk_cache[stage - 1][level];
        const struct smmu_table_point *point;

        if (cache->sets == 0) {
            continue;
        }
        *at += smmu->times.walk_lookup[stage - 1][level];
        point = smmu_walk_cache_use(cache, tag_of(t, stage), walk->input, smmu_level_size(format->granule, level));
        if (point != NULL) {
            smmu_translation_use_table(t, point);
            return;
        }
    }
}

enum smmu_translation_step smmu_translation_look_up(struct smmu *smmu, struct smmu_translation *t,
                                                    enum smmu_translation_step step, sim_time *at)
{
    while (step == SMMU_TRANSLATION_LOOKUP) {
        if (t->stage == 2 && use_ipa_cache(smmu, t, &step, at)) {
            continue;
        }
        if (smmu->has_walk_caches && uses_walk_caches(smmu, t, t->stage)) {
            use_walk_caches(smmu, t, at);
        }
        *at += smmu->times.walk_begin;
        step = smmu_translation_proceed(t);
    }
    return step;
}

/* ---- Invalidation ---- */

void smmu_tcu_caches_invalidate(struct smmu *smmu, const struct smmu_tlb_scope *scope)
{
    const uint64_t stage2 = (uint64_t)SMMU_WORLD_NS_STAGE2 << SMMU_TAG_WORLD_SHIFT;

    if (((scope->tag ^ stage2) & scope->mask & SMMU_TAG_WORLD_MASK) == 0) {
        smmu->stage2_epoch++; /* walks under way keep nothing more of stage 2 */
    }
    for (unsigned stage = 0; stage < 2; stage++) {
        for (unsigned level = 0; level < SMMU_WALK_CACHE_LEVELS; level++) {
            smmu_walk_cache_invalidate(&smmu->walk_cache[stage][level], scope);
        }
    }
    if (smmu->ipa_cache.sets > 0) {
        smmu_tlb_invalidate(&smmu->ipa_cache, scope);
    }
}

/* ---- Making ---- */

void smmu_tcu_caches_init(struct smmu *smmu, struct sim *sim, const char *name)
{
    const struct smmu_config *config = &smmu->config;
    const struct smmu_cache_config *ipa = &config->ipa_cache;

    smmu_tlb_init(&smmu->ipa_cache, sim, sim_printf(sim, "%s ipa-cache", name), ipa->entries, ipa->ways, ipa->policy);
    smmu->times.ipa_lookup = ipa->lookup_cycles * config->period;
    smmu->has_walk_caches = ipa->entries > 0;
    for (unsigned stage = 0; stage < 2; stage++) {
        for (unsigned level = 0; level < SMMU_WALK_CACHE_LEVELS; level++) {
            const struct smmu_cache_config *cache = &config->walk_cache[stage][level];

            smmu_walk_cache_init(&smmu->walk_cache[stage][level], sim,
                                 sim_printf(sim, "%s walk-cache s%ul%u", name, stage + 1, level), cache);
            smmu->times.walk_lookup[stage][level] = cache->lookup_cycles * config->period;
            smmu->has_walk_caches = smmu->has_walk_caches || cache->entries > 0;
        }
    }
}

/* One pair of counters for each cache that there is. */
void smmu_tcu_caches_register_counters(struct smmu *smmu)
{
    struct sim_component *component = &smmu->component;
    struct sim *sim = smmu->sim;

    for (unsigned stage = 0; stage < 2; stage++) {
        for (unsigned level = 0; level < SMMU_WALK_CACHE_LEVELS; level++) {
            const struct smmu_walk_cache *cache = &smmu->walk_cache[stage][level];

            if (cache->sets > 0) {
                sim_counter_register(component, sim_printf(sim, "walk-cache-s%ul%u-hits", stage + 1, level),
                                     &cache->hits);
                sim_counter_register(component, sim_printf(sim, "walk-cache-s%ul%u-misses", stage + 1, level),
                                     &cache->misses);
            }
        }
    }
    if (smmu->ipa_cache.sets > 0) {
        sim_counter_register(component, "ipa-cache-hits", &smmu->counters.ipa_hits);
        sim_counter_register(component, "ipa-cache-misses", &smmu->counters.ipa_misses);
    }
}

/* How full the SMMU's queues, caches and slots are, for records of occupancy. */
#include "models/smmuv3/commands_internal.h"

/* ---- Caches ---- */

static uint64_t read_tlb(const void *context)
{
    const struct smmu_tlb *tlb = context;
    uint64_t entries = 0;

    for (unsigned global = 0; global < 2; global++) {
        for (uint64_t sizes = tlb->sizes[global]; sizes != 0; sizes &= sizes - 1) {
            entries += tlb->count[global][__builtin_ctzll(sizes)];
        }
    }
    return entries;
}

static uint64_t read_tbu_tlb(const void *context)
{
    const struct smmu_tbu_tlb *tlb = context;
    uint64_t entries = 0;

    for (uint64_t sizes = tlb->sizes; sizes != 0; sizes &= sizes - 1) {
        entries += tlb->count[__builtin_ctzll(sizes)];
    }
    return entries;
}

static uint64_t read_walk_cache(const void *context)
{
    const struct smmu_walk_cache *cache = context;

    return cache->used;
}

static uint64_t read_config_cache(const void *context)
{
    const struct smmu_config_cache *cache = context;

    return cache->used;
}

static void register_caches(struct smmu *smmu)
{
    struct sim_component *component = &smmu->component;
    const struct smmu_tlb *tlb = &smmu->tlb;

    sim_gauge_register(component, "config-cache", (uint64_t)smmu->configs.sets * smmu->configs.ways, read_config_cache,
                       &smmu->configs);
    sim_gauge_register(component, "tlb", (uint64_t)tlb->sets * tlb->ways, read_tlb, tlb);
    for (unsigned stage = 0; stage < 2; stage++) {
        for (unsigned level = 0; level < SMMU_WALK_CACHE_LEVELS; level++) {
            const struct smmu_walk_cache *cache = &smmu->walk_cache[stage][level];

            sim_gauge_register(component, sim_printf(smmu->sim, "walk-cache-s%ul%u", stage + 1, level),
                               (uint64_t)cache->sets * cache->ways, read_walk_cache, cache);
        }
    }
    sim_gauge_register(component, "ipa-cache", (uint64_t)smmu->ipa_cache.sets * smmu->ipa_cache.ways, read_tlb,
                       &smmu->ipa_cache);
}

/* ---- Slots ---- */

static uint64_t read_tbu_slots(const void *context)
{
    const struct smmu_tbu *tbu = context;

    return tbu->active;
}

static uint64_t read_walks(const void *context)
{
    const struct smmu *smmu = context;

    return smmu->walks_active;
}

static uint64_t read_fetches(const void *context)
{
    const struct smmu *smmu = context;

    return smmu->fetches_active;
}

static uint64_t read_credits(const void *context)
{
    const struct smmu *smmu = context;

    return smmu->config.translation_slots - smmu->credits;
}

static uint64_t read_stalled(const void *context)
{
    const struct smmu *smmu = context;

    return smmu->stalls.stalled;
}

static void register_slots(struct smmu *smmu)
{
    struct sim_component *component = &smmu->component;

    for (uint32_t i = 0; i < smmu->tbu_count; i++) {
        const struct smmu_tbu *tbu = &smmu->tbus[i];
        const uint64_t tlb = (uint64_t)tbu->tlb.sets * tbu->tlb.ways;
        const uint64_t micro = (uint64_t)tbu->micro_tlb.sets * tbu->micro_tlb.ways;

        sim_gauge_register(component, sim_printf(smmu->sim, "tbu%u-slots", i), tbu->limit, read_tbu_slots, tbu);
        sim_gauge_register(component, sim_printf(smmu->sim, "tbu%u-micro-tlb", i), micro, read_tbu_tlb,
                           &tbu->micro_tlb);
        sim_gauge_register(component, sim_printf(smmu->sim, "tbu%u-tlb", i), tlb, read_tbu_tlb, &tbu->tlb);
    }
    sim_gauge_register(component, "tcu-slots", smmu->distributed ? smmu->config.translation_slots : 0, read_credits,
                       smmu);
    sim_gauge_register(component, "walks", smmu->walk_count, read_walks, smmu);
    sim_gauge_register(component, "config-fetches", smmu->fetch_count, read_fetches, smmu);
    sim_gauge_register(component, "stalled", smmu->stalls.credits, read_stalled, smmu);
}

/* ---- Queues: their registers, whose indexes have a wrap bit above them (3.5.1) ---- */

static uint32_t value_of(const void *context, uint32_t offset)
{
    return *smmu_register((struct smmu *)(uintptr_t)context, offset);
}

static uint64_t entries_of(const void *context, uint32_t base, uint32_t most)
{
    return UINT64_C(1) << smmu_queue_decode(value_of(context, base), most, 1).log2size;
}

static uint64_t fill_of(uint64_t entries, uint32_t prod, uint32_t cons)
{
    const uint64_t fill = (prod - cons) & (2 * entries - 1);

    return fill < entries ? fill : entries;
}

static uint64_t size_commands(const void *context)
{
    const struct smmu *smmu = context;

    return entries_of(smmu, SMMU_CMDQ_BASE, smmu->config.command_queue_bits);
}

static uint64_t read_commands(const void *context)
{
    return fill_of(size_commands(context), value_of(context, SMMU_CMDQ_PROD), value_of(context, SMMU_CMDQ_CONS));
}

static uint64_t size_events(const void *context)
{
    const struct smmu *smmu = context;

    return entries_of(smmu, SMMU_EVENTQ_BASE, smmu->config.event_queue_bits);
}

static uint64_t read_events(const void *context)
{
    return fill_of(size_events(context), value_of(context, SMMU_EVENTQ_PROD), value_of(context, SMMU_EVENTQ_CONS));
}

static uint64_t size_pages(const void *context)
{
    const struct smmu *smmu = context;

    return entries_of(smmu, SMMU_PRIQ_BASE, smmu->config.pri_queue_bits);
}

static uint64_t read_pages(const void *context)
{
    return fill_of(size_pages(context), value_of(context, SMMU_PRIQ_PROD), value_of(context, SMMU_PRIQ_CONS));
}

static uint64_t read_event_buffer(const void *context)
{
    const struct smmu *smmu = context;

    return smmu->events.count;
}

static void register_queues(struct smmu *smmu)
{
    struct sim_component *component = &smmu->component;

    sim_gauge_register_sized(component, "command-queue", size_commands, read_commands, smmu);
    sim_gauge_register_sized(component, "event-queue", size_events, read_events, smmu);
    if (smmu->features.pri) {
        sim_gauge_register_sized(component, "pri-queue", size_pages, read_pages, smmu);
    }
    sim_gauge_register(component, "event-buffer", smmu->config.event_buffer, read_event_buffer, smmu);
}

void smmu_register_gauges(struct smmu *smmu)
{
    register_queues(smmu);
    register_slots(smmu);
    register_caches(smmu);
}

#include "models/smmuv3/walk_cache_internal.h"

#include "sim/sim.h"

void smmu_walk_cache_init(struct smmu_walk_cache *cache, struct sim *sim, const char *name,
                          const struct smmu_cache_config *config)
{
    if (config->entries == 0) {
        return;
    }
    cache->entries = sim_alloc(sim, config->entries * sizeof(cache->entries[0]));
    cache->ways = config->ways;
    cache->sets = config->entries / config->ways;
    smmu_replacement_init(&cache->replacement, sim, name, config->policy, cache->sets, cache->ways);
}

static uint64_t entry_tag(uint64_t tag, unsigned size)
{
    return tag | (uint64_t)size << SMMU_TAG_SIZE_SHIFT | SMMU_TAG_VALID;
}

static struct smmu_walk_entry *set_of(const struct smmu_walk_cache *cache, uint64_t tag, uint64_t page)
{
    return &cache->entries[(page + (tag & SMMU_TAG_ASID_MASK)) % cache->sets * cache->ways];
}

static struct smmu_walk_entry *find(const struct smmu_walk_cache *cache, uint64_t tag, uint64_t page)
{
    struct smmu_walk_entry *set = set_of(cache, tag, page);

    for (uint32_t way = 0; way < cache->ways; way++) {
        if (set[way].tag == tag && set[way].page == page) {
            return &set[way];
        }
    }
    return NULL;
}

const struct smmu_table_point *smmu_walk_cache_use(struct smmu_walk_cache *cache, uint64_t tag, uint64_t input,
                                                   unsigned size)
{
    struct smmu_walk_entry *entry = find(cache, entry_tag(tag, size), input >> size);

    if (entry == NULL) {
        cache->misses++;
        return NULL;
    }
    cache->hits++;
    smmu_replacement_touch(&cache->replacement, (size_t)(entry - cache->entries), &entry->used);
    return &entry->point;
}

void smmu_walk_cache_fill(struct smmu_walk_cache *cache, uint64_t tag, uint64_t input, unsigned size,
                          const struct smmu_table_point *point)
{
    const uint64_t page = input >> size;
    struct smmu_walk_entry *entry;

    if (cache->sets == 0) {
        return;
    }
    tag = entry_tag(tag, size);
    entry = find(cache, tag, page);
    if (entry == NULL) {
        struct smmu_walk_entry *set = set_of(cache, tag, page);
        const size_t number = (size_t)(set - cache->entries) / cache->ways;

        entry = &set[smmu_replacement_choose(&cache->replacement, number, &set->used, sizeof(*set))];
    }
    cache->used += entry->tag == 0;
    entry->tag = tag;
    entry->page = page;
    entry->point = *point;
    smmu_replacement_fill(&cache->replacement, (size_t)(entry - cache->entries), &entry->used);
}

void smmu_walk_cache_invalidate(struct smmu_walk_cache *cache, const struct smmu_tlb_scope *scope)
{
    for (size_t i = 0; i < (size_t)cache->sets * cache->ways && cache->used > 0; i++) {
        struct smmu_walk_entry *entry = &cache->entries[i];
        const unsigned size = (unsigned)((entry->tag & SMMU_TAG_SIZE_MASK) >> SMMU_TAG_SIZE_SHIFT);
        const uint64_t first = entry->page << size;

        /* What lies below a table may be global or not. */
        if (entry->tag != 0 && (smmu_tlb_scope_covers(scope, entry->tag, false, first, size) ||
                                smmu_tlb_scope_covers(scope, entry->tag, true, first, size))) {
            entry->tag = 0;
            entry->used = 0;
            cache->used--;
        }
    }
}

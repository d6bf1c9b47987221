#include "models/gic-its/cache_internal.h"

bool gic_cache_create(struct sim *sim, struct gic_cache *cache, uint32_t entries, uint32_t ways)
{
    uint32_t sets;

    if (ways == 0 || ways > GIC_CACHE_MAX_WAYS || entries % ways != 0) {
        return false;
    }
    sets = entries / ways;
    if ((sets & (sets - 1)) != 0) {
        return false;
    }
    cache->ways = ways;
    if (sets == 0) {
        return true;
    }
    cache->set_mask = sets - 1;
    cache->entries = sim_alloc(sim, entries * sizeof(*cache->entries));
    for (uint32_t i = 0; i < entries; i++) {
        cache->entries[i].key = GIC_CACHE_EMPTY;
    }
    return true;
}

void gic_cache_fill(struct gic_cache *cache, uint32_t index, uint64_t key, uint64_t value)
{
    struct gic_cache_entry *set;
    struct gic_cache_entry *victim;

    if (cache->entries == NULL) {
        return;
    }
    set = &cache->entries[(size_t)(index & cache->set_mask) * cache->ways];
    victim = &set[0];
    for (uint32_t way = 0; way < cache->ways; way++) {
        if (set[way].key == key) {
            victim = &set[way];
            break;
        }
        if (set[way].used < victim->used) {
            victim = &set[way];
        }
    }
    cache->used += victim->key == GIC_CACHE_EMPTY;
    victim->key = key;
    victim->value = value;
    victim->used = ++cache->clock;
}

void gic_cache_drop(struct gic_cache *cache, uint32_t index, uint64_t key)
{
    struct gic_cache_entry *entry = gic_cache_find(cache, index, key);

    if (entry != NULL) {
        cache->used--;
        entry->key = GIC_CACHE_EMPTY;
        entry->used = 0;
    }
}

void gic_cache_drop_matching(struct gic_cache *cache, uint64_t mask, uint64_t match)
{
    size_t count = cache->entries == NULL ? 0 : ((size_t)cache->set_mask + 1) * cache->ways;

    for (size_t i = 0; i < count; i++) {
        struct gic_cache_entry *entry = &cache->entries[i];

        if (entry->key != GIC_CACHE_EMPTY && (entry->key & mask) == match) {
            cache->used--;
            entry->key = GIC_CACHE_EMPTY;
            entry->used = 0;
        }
    }
}

static uint64_t read_used(const void *context)
{
    const struct gic_cache *cache = context;

    return cache->used;
}

void gic_cache_register(const struct gic_cache *cache, struct sim_component *component, const char *name)
{
    if (cache->entries != NULL) {
        sim_gauge_register(component, name, ((uint64_t)cache->set_mask + 1) * cache->ways, read_used, cache);
    }
}

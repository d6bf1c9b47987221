/*
 * Set-associative cache of 64-bit values under 64-bit keys, LRU. The caller chooses the set, so that each cache can
 * have the index function of the part it stands for.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_CACHE_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_CACHE_INTERNAL_H

#include "sim/sim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Key of an entry that holds nothing; no real key has all bits set. */
#define GIC_CACHE_EMPTY UINT64_MAX

/** Most ways of a cache. */
#define GIC_CACHE_MAX_WAYS 16u

struct gic_cache_entry {
    uint64_t key;
    uint64_t value;
    uint64_t used; /**< stamp of the last use */
};

struct gic_cache {
    struct gic_cache_entry *entries; /**< NULL: a cache without entries, which never hits */
    uint32_t ways;
    uint32_t set_mask;
    uint32_t used;  /**< entries that hold something */
    uint64_t clock; /**< uses so far */
    uint64_t hits;
    uint64_t misses;
};

/** Takes memory for a cache. @return false if entries is not 0 and not a power of two times ways */
bool gic_cache_create(struct sim *sim, struct gic_cache *cache, uint32_t entries, uint32_t ways);

/** The entry of a key, or NULL. Changes nothing: neither the order of use nor the counts. */
static inline struct gic_cache_entry *gic_cache_find(const struct gic_cache *cache, uint32_t index, uint64_t key)
{
    struct gic_cache_entry *entry;
    struct gic_cache_entry *end;

    if (cache->entries == NULL) {
        return NULL;
    }
    entry = &cache->entries[(size_t)(index & cache->set_mask) * cache->ways];
    end = entry + cache->ways;
    do {
        if (entry->key == key) {
            return entry;
        }
        entry++;
    } while (entry != end);
    return NULL;
}

/** Counts a hit on an entry that was found. */
static inline void gic_cache_hit(struct gic_cache *cache, struct gic_cache_entry *entry)
{
    entry->used = ++cache->clock;
    cache->hits++;
}

/** Stores a value, in place of the least recently used entry of its set. */
void gic_cache_fill(struct gic_cache *cache, uint32_t index, uint64_t key, uint64_t value);

/** Forgets a key, if it is there. */
void gic_cache_drop(struct gic_cache *cache, uint32_t index, uint64_t key);

/** Registers how full a cache is as a gauge of a component, if it has entries. @param cache lives as long as that */
void gic_cache_register(const struct gic_cache *cache, struct sim_component *component, const char *name);

/** Forgets every key whose bits under @p mask equal @p match; a mask of 0 forgets all. Looks at every entry. */
void gic_cache_drop_matching(struct gic_cache *cache, uint64_t mask, uint64_t match);

#ifdef __cplusplus
}
#endif

#endif

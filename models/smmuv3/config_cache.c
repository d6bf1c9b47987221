#include "models/smmuv3/config_cache_internal.h"

#include "sim/sim.h"

#include <stddef.h>
#include <stdint.h>

void smmu_config_cache_init(struct smmu_config_cache *cache, struct sim *sim, const char *name, uint32_t entries,
                            uint32_t ways, enum smmu_policy policy)
{
    cache->entries = sim_alloc(sim, entries * sizeof(cache->entries[0]));
    cache->keys = sim_alloc(sim, entries * sizeof(cache->keys[0]));
    cache->ways = ways;
    cache->sets = entries / ways;
    cache->set_mask = (cache->sets & (cache->sets - 1)) == 0 ? cache->sets - 1 : 0;
    smmu_replacement_init(&cache->replacement, sim, name, policy, cache->sets, ways);
}

/* Index of the first entry of a stream's set. */
static size_t set_of(const struct smmu_config_cache *cache, const struct smmu_stream *stream)
{
    const uint32_t fold = stream->sid ^ stream->sid >> 8 ^ stream->sid >> 16 ^ stream->ssid;
    const uint32_t set = cache->set_mask != 0 || cache->sets == 1 ? fold & cache->set_mask : fold % cache->sets;

    return (size_t)set * cache->ways;
}

/* Index of a stream's entry; NOT_FOUND if it has none. */
#define NOT_FOUND SIZE_MAX

static size_t index_of(const struct smmu_config_cache *cache, const struct smmu_stream *stream)
{
    const uint64_t key = smmu_config_key(stream);
    size_t index = set_of(cache, stream);
    const size_t end = index + cache->ways;

    do {
        if (cache->keys[index] == key) {
            return index;
        }
        index++;
    } while (index < end);
    return NOT_FOUND;
}

SIM_HOT struct smmu_config_entry *smmu_config_cache_find(struct smmu_config_cache *cache,
                                                         const struct smmu_stream *stream)
{
    const size_t index = index_of(cache, stream);

    return index != NOT_FOUND ? &cache->entries[index] : NULL;
}

void smmu_config_cache_fill(struct smmu_config_cache *cache, const struct smmu_stream *stream,
                            const struct smmu_context *context)
{
    size_t victim = index_of(cache, stream);

    if (victim == NOT_FOUND) {
        victim = set_of(cache, stream);
        victim += smmu_replacement_choose(&cache->replacement, victim / cache->ways, &cache->entries[victim].used,
                                          sizeof(cache->entries[0]));
    }
    cache->used += cache->keys[victim] == 0;
    cache->keys[victim] = smmu_config_key(stream);
    cache->entries[victim].context = *context;
    smmu_replacement_fill(&cache->replacement, victim, &cache->entries[victim].used);
}

void smmu_config_cache_invalidate(struct smmu_config_cache *cache, const struct smmu_config_scope *scope)
{
    for (size_t i = 0; i < (size_t)cache->sets * cache->ways; i++) {
        struct smmu_config_entry *entry = &cache->entries[i];

        if (cache->keys[i] == 0 || (((uint32_t)cache->keys[i] ^ scope->sid) & scope->sid_mask) != 0) {
            continue;
        }
        if (scope->by_cd &&
            (!entry->context.uses_cd || (scope->one_cd && entry->context.cd_index != scope->cd_index))) {
            continue;
        }
        cache->used--;
        cache->keys[i] = 0;
        entry->used = 0;
    }
}

/*
 * Configuration cache: STE and CD folded into one entry per (StreamID, SubstreamID), set-associative.
 *
 * The set index folds the StreamID's bytes, because the low bits of a requester ID are a device and function number and
 * differ little between devices (an assumption: no part's index function is published). Faulty configurations are not
 * cached, and neither are level-1 descriptors, so the Leaf flag of CFGI commands makes no difference here.
 */
#ifndef DOORBELL_MODELS_SMMUV3_CONFIG_CACHE_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_CONFIG_CACHE_INTERNAL_H

#include "models/smmuv3/tables_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sim;

struct smmu_config_entry {
    uint64_t used; /**< replacement's stamp; 0: invalid */
    struct smmu_context context;
};

struct smmu_config_cache {
    struct smmu_config_entry *entries; /**< sets of `ways` entries */
    uint64_t *keys; /**< of the entries, apart so that a set's lie together: smmu_config_key(), or 0 */
    uint32_t sets;
    uint32_t ways;
    uint32_t set_mask; /**< sets - 1 if that is a power of two, else 0 */
    uint32_t used;     /**< valid entries */
    struct smmu_replacement replacement;
};

/** What a CFGI command covers. */
struct smmu_config_scope {
    uint32_t sid;
    uint32_t sid_mask; /**< bits of the StreamID that are compared */
    bool by_cd;        /**< only what was read through a CD ... */
    bool one_cd;       /**< ... and only the CD at cd_index */
    uint32_t cd_index;
};

/** Identity of a configuration: SubstreamID 0 and no SubstreamID are different ones. */
static inline uint64_t smmu_config_key(const struct smmu_stream *stream)
{
    return UINT64_C(1) << 63 | (uint64_t)stream->ste_only << 53 | (uint64_t)stream->ssv << 52 |
           (uint64_t)stream->ssid << 32 | stream->sid;
}

/** Prepares an empty cache. @p entries is a multiple of @p ways. @param name unique */
void smmu_config_cache_init(struct smmu_config_cache *cache, struct sim *sim, const char *name, uint32_t entries,
                            uint32_t ways, enum smmu_policy policy);

/** The entry of a stream, or NULL. Changes nothing: see smmu_config_cache_touch(). */
struct smmu_config_entry *smmu_config_cache_find(struct smmu_config_cache *cache, const struct smmu_stream *stream);

/** Notes a use of an entry. */
static inline void smmu_config_cache_touch(struct smmu_config_cache *cache, struct smmu_config_entry *entry)
{
    smmu_replacement_touch(&cache->replacement, (size_t)(entry - cache->entries), &entry->used);
}

/** Enters a configuration, in place of an invalid entry or what the policy chooses. */
void smmu_config_cache_fill(struct smmu_config_cache *cache, const struct smmu_stream *stream,
                            const struct smmu_context *context);

/** Drops what @p scope covers. */
void smmu_config_cache_invalidate(struct smmu_config_cache *cache, const struct smmu_config_scope *scope);

#ifdef __cplusplus
}
#endif

#endif

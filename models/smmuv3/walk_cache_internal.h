/*
 * Walk caches: for each stage and level, where the table is to which a descriptor of that level points. A walk looks
 * into them from the deepest level upwards and goes on behind the first hit.
 *
 * Entries are tagged with what an invalidation names: stream world, VMID and ASID for stage 1, VMID for stage 2. The
 * set index is the input address divided by the bytes that the descriptor covers, plus the ASID (an assumption).
 */
#ifndef DOORBELL_MODELS_SMMUV3_WALK_CACHE_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_WALK_CACHE_INTERNAL_H

#include "models/smmuv3/tlb_internal.h"
#include "models/smmuv3/translation_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Levels that have caches: of the descriptors 0 to 3; level 3 has no tables below, so its cache stays empty. */
#define SMMU_WALK_CACHE_LEVELS 4

struct smmu_walk_entry {
    uint64_t tag;  /**< SMMU_TAG_*: context, log2 of the bytes that the descriptor covers, valid; 0: invalid */
    uint64_t page; /**< input address divided by these */
    uint64_t used; /**< replacement's stamp */
    struct smmu_table_point point;
};

struct smmu_walk_cache {
    struct smmu_walk_entry *entries; /**< sets of `ways` */
    uint32_t sets;                   /**< 0: there is no such cache */
    uint32_t ways;
    uint32_t used; /**< valid entries */
    uint64_t hits;
    uint64_t misses;
    struct smmu_replacement replacement;
};

/** Prepares an empty cache. @param name unique */
void smmu_walk_cache_init(struct smmu_walk_cache *cache, struct sim *sim, const char *name,
                          const struct smmu_cache_config *config);

/**
 * The table below the descriptor for @p input, or NULL. Notes a use, or a miss.
 * @param tag context tag  @param size log2 of the bytes that a descriptor of this level covers
 */
const struct smmu_table_point *smmu_walk_cache_use(struct smmu_walk_cache *cache, uint64_t tag, uint64_t input,
                                                   unsigned size);

/** Enters a table, in place of the same one, an invalid entry, or what the policy chooses. */
void smmu_walk_cache_fill(struct smmu_walk_cache *cache, uint64_t tag, uint64_t input, unsigned size,
                          const struct smmu_table_point *point);

/** Drops what @p scope covers. */
void smmu_walk_cache_invalidate(struct smmu_walk_cache *cache, const struct smmu_tlb_scope *scope);

#ifdef __cplusplus
}
#endif

#endif

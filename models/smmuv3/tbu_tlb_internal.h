/*
 * A TBU's translation lookaside buffers: micro TLB and TLB.
 *
 * A TBU knows nothing of configurations, so its entries are tagged with StreamID and SubstreamID; each also remembers
 * whose translation it is (stream world, VMID, ASID), because that is what most invalidations name. The set index is
 * the page number of the entry's size (an assumption: no part's index function is published).
 */
#ifndef DOORBELL_MODELS_SMMUV3_TBU_TLB_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_TBU_TLB_INTERNAL_H

#include "models/smmuv3/config_cache_internal.h"
#include "models/smmuv3/tlb_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a lookup compares; apart from the rest, so that a set's lie together. */
struct smmu_tbu_match {
    uint64_t key;  /**< stream and size; 0: invalid */
    uint64_t page; /**< canonical input address >> log2 of the size */
};

struct smmu_tbu_entry {
    struct smmu_tlb_entry translation; /**< its `used` is the replacement's stamp */
    bool ignore_top;                   /**< found by an address with anything in its top byte (TBI) */
    uint32_t flags_clear;              /**< as of the stream's context: PRIVCFG, INSTCFG */
    uint32_t flags_set;
};

struct smmu_tbu_tlb {
    struct smmu_tbu_match *matches; /**< sets of `ways` entries */
    struct smmu_tbu_entry *entries;
    uint32_t sets; /**< 0: there is no such TLB */
    uint32_t ways;
    uint32_t set_mask; /**< sets - 1 if that is a power of two, else 0 */
    uint64_t sizes;    /**< one bit for each size of which an entry is present */
    uint32_t count[SMMU_TLB_SIZES];
    struct smmu_replacement replacement;
};

/** Prepares an empty TLB. @param name unique */
void smmu_tbu_tlb_init(struct smmu_tbu_tlb *tlb, struct sim *sim, const char *name,
                       const struct smmu_cache_config *config);

/** The entry that translates a stream's address as it came, or NULL. Changes nothing. */
struct smmu_tbu_entry *smmu_tbu_tlb_find(struct smmu_tbu_tlb *tlb, const struct smmu_stream *stream, uint64_t address);

/** Notes a use of an entry. */
static inline void smmu_tbu_tlb_touch(struct smmu_tbu_tlb *tlb, struct smmu_tbu_entry *entry)
{
    smmu_replacement_touch(&tlb->replacement, (size_t)(entry - tlb->entries), &entry->translation.used);
}

/** Enters a translation, in place of the same one, an invalid entry, or what the policy chooses. */
void smmu_tbu_tlb_fill(struct smmu_tbu_tlb *tlb, const struct smmu_stream *stream, const struct smmu_tbu_entry *entry);

/** Drops what @p scope covers. */
void smmu_tbu_tlb_invalidate(struct smmu_tbu_tlb *tlb, const struct smmu_tlb_scope *scope);

/** Drops what was made with a configuration that @p scope covers. */
void smmu_tbu_tlb_invalidate_config(struct smmu_tbu_tlb *tlb, const struct smmu_config_scope *scope);

/** Sets that an invalidation visits. @param scope NULL: one of configurations, which visits all */
uint32_t smmu_tbu_tlb_invalidate_sets(const struct smmu_tbu_tlb *tlb, const struct smmu_tlb_scope *scope);

#ifdef __cplusplus
}
#endif

#endif

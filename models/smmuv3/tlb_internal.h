/*
 * Translation lookaside buffer: set-associative, LRU, entries of all page sizes, tagged by stream world, VMID, ASID and
 * page.
 *
 * A lookup probes one set for each class of entries present, a class being a page size and whether the entry is global:
 * the set index is the page number of that size plus, for an entry that is not global, the ASID. So a large page is
 * found by every address in it, and equal addresses of different address spaces spread over the sets (the sum: an
 * assumption, no part's index function is published).
 */
#ifndef DOORBELL_MODELS_SMMUV3_TLB_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_TLB_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim;

/* Tag of a context: what says whose translation it is. Entries add level, global and valid. */
#define SMMU_TAG_ASID_SHIFT   0
#define SMMU_TAG_VMID_SHIFT   16
#define SMMU_TAG_WORLD_SHIFT  32
#define SMMU_TAG_LEVEL_SHIFT  36
#define SMMU_TAG_ASID_MASK    (UINT64_C(0xffff) << SMMU_TAG_ASID_SHIFT)
#define SMMU_TAG_VMID_MASK    (UINT64_C(0xffff) << SMMU_TAG_VMID_SHIFT)
#define SMMU_TAG_WORLD_MASK   (UINT64_C(0xf) << SMMU_TAG_WORLD_SHIFT)
#define SMMU_TAG_LEVEL_MASK   (UINT64_C(0x3) << SMMU_TAG_LEVEL_SHIFT)
#define SMMU_TAG_GLOBAL       (UINT64_C(1) << 38)
#define SMMU_TAG_VALID        (UINT64_C(1) << 39)
#define SMMU_TAG_CONTEXT_MASK (SMMU_TAG_ASID_MASK | SMMU_TAG_VMID_MASK | SMMU_TAG_WORLD_MASK)

/** Stream worlds (3.3.4): NS-EL1 is the only one implemented (IDR0.HYP = 0). */
enum smmu_world {
    SMMU_WORLD_NS_EL1 = 0,
};

/** Bits of an entry's permissions: data read, data write, instruction read; unprivileged, then privileged. */
#define SMMU_PERM_UR 0x01u
#define SMMU_PERM_UW 0x02u
#define SMMU_PERM_UX 0x04u
#define SMMU_PERM_PR 0x08u
#define SMMU_PERM_PW 0x10u
#define SMMU_PERM_PX 0x20u

/** One entry; an invalid one has tag 0. */
struct smmu_tlb_entry {
    uint64_t tag;
    uint64_t page;   /**< input address >> page shift of its level */
    uint64_t output; /**< output address of the page, and SMMU_PERM_* in its low bits */
    uint64_t used;   /**< LRU stamp: larger is younger */
};

/** Page sizes of the 4 KiB granule: levels 1 to 3, each global or not. */
#define SMMU_TLB_CLASSES 6

struct smmu_tlb {
    struct smmu_tlb_entry *entries; /**< sets of `ways` entries */
    uint32_t sets;
    uint32_t ways;
    uint32_t set_mask; /**< sets - 1 if that is a power of two, else 0 */
    uint32_t classes;  /**< one bit for each class of which an entry is present */
    uint32_t count[SMMU_TLB_CLASSES];
    uint64_t clock; /**< next LRU stamp */
};

/** What an invalidation covers. */
struct smmu_tlb_scope {
    uint64_t tag;        /**< context tag to match ... */
    uint64_t mask;       /**< ... in these bits (part of SMMU_TAG_CONTEXT_MASK) */
    bool spares_globals; /**< TLBI_NH_ASID: global entries stay */
    bool by_address;     /**< only entries that translate part of first..last */
    uint64_t first;      /**< bytes; bits 55:0 count */
    uint64_t last;       /**< inclusive */
};

/** log2 of the bytes that an entry of a level (1, 2, 3) translates. */
static inline unsigned smmu_level_shift(unsigned level)
{
    return 12 + 9 * (3 - level);
}

/** Prepares an empty TLB. @p entries is a multiple of @p ways. */
void smmu_tlb_init(struct smmu_tlb *tlb, struct sim *sim, uint32_t entries, uint32_t ways);

/**
 * The entry that translates an address, or NULL. Changes nothing: a lookup that is acted upon is followed by
 * smmu_tlb_touch().
 * @param tag context tag  @param va canonical input address
 */
struct smmu_tlb_entry *smmu_tlb_find(struct smmu_tlb *tlb, uint64_t tag, uint64_t va);

/** Notes a use of an entry. */
static inline void smmu_tlb_touch(struct smmu_tlb *tlb, struct smmu_tlb_entry *entry)
{
    entry->used = tlb->clock++;
}

/** Output address of an input address that @p entry translates. */
static inline uint64_t smmu_tlb_output(const struct smmu_tlb_entry *entry, uint64_t va)
{
    const unsigned level = (unsigned)((entry->tag & SMMU_TAG_LEVEL_MASK) >> SMMU_TAG_LEVEL_SHIFT);
    const uint64_t offset = (UINT64_C(1) << smmu_level_shift(level)) - 1;

    return (entry->output & ~UINT64_C(0xfff)) | (va & offset);
}

/**
 * Enters a translation, in place of the same one, an invalid entry, or the least recently used.
 * @param output output address of the page; its low bits SMMU_PERM_*
 */
void smmu_tlb_fill(struct smmu_tlb *tlb, uint64_t tag, uint64_t va, unsigned level, bool global, uint64_t output);

/** Whether an invalidation covers a translation of @p level at @p va (any address in it) for @p tag. */
bool smmu_tlb_scope_covers(const struct smmu_tlb_scope *scope, uint64_t tag, bool global, uint64_t va, unsigned level);

/** Drops what @p scope covers. */
void smmu_tlb_invalidate(struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope);

/** Number of sets that this invalidation visits; its time is proportional to that. */
uint32_t smmu_tlb_invalidate_sets(const struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope);

#ifdef __cplusplus
}
#endif

#endif

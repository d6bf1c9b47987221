/*
 * Translation lookaside buffer: set-associative, entries of all page sizes, tagged by stream world, VMID, ASID and
 * page.
 *
 * A lookup probes one set for each class of entries present, a class being a size and whether the entry is global:
 * the set index is the page number of that size plus, for an entry that is not global, the ASID. So a large page is
 * found by every address in it, and equal addresses of different address spaces spread over the sets (the sum: an
 * assumption, no part's index function is published).
 */
#ifndef DOORBELL_MODELS_SMMUV3_TLB_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_TLB_INTERNAL_H

#include "models/smmuv3/replacement_internal.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim;

/* Tag of a context: what says whose translation it is. Entries add size, global and valid. */
#define SMMU_TAG_ASID_SHIFT   0
#define SMMU_TAG_VMID_SHIFT   16
#define SMMU_TAG_WORLD_SHIFT  32
#define SMMU_TAG_SIZE_SHIFT   36
#define SMMU_TAG_ASID_MASK    (UINT64_C(0xffff) << SMMU_TAG_ASID_SHIFT)
#define SMMU_TAG_VMID_MASK    (UINT64_C(0xffff) << SMMU_TAG_VMID_SHIFT)
#define SMMU_TAG_WORLD_MASK   (UINT64_C(0xf) << SMMU_TAG_WORLD_SHIFT)
#define SMMU_TAG_SIZE_MASK    (UINT64_C(0x3f) << SMMU_TAG_SIZE_SHIFT) /**< log2 of the bytes that it translates */
#define SMMU_TAG_GLOBAL       (UINT64_C(1) << 42)
#define SMMU_TAG_VALID        (UINT64_C(1) << 43)
#define SMMU_TAG_CONTEXT_MASK (SMMU_TAG_ASID_MASK | SMMU_TAG_VMID_MASK | SMMU_TAG_WORLD_MASK)

/**
 * Stream worlds (3.3.3), as tags. Translations of stage 2 alone are the IPA space of a VMID, and are kept apart from
 * those that begin with a stage 1 of the same VMID.
 */
enum smmu_world {
    SMMU_WORLD_NS_EL1 = 0,     /**< stage 1, perhaps with stage 2: VMID (if IDR0.S2P), ASID */
    SMMU_WORLD_NS_STAGE2 = 1,  /**< stage 2 only: VMID */
    SMMU_WORLD_NS_EL2 = 2,     /**< stage 1 of EL2: neither VMID nor ASID */
    SMMU_WORLD_NS_EL2_E2H = 3, /**< stage 1 of EL2 with CR2.E2H: ASID */
};

/** Bits of a translation's permissions: data read, data write, instruction read; unprivileged, then privileged. */
#define SMMU_PERM_UR 0x01u
#define SMMU_PERM_UW 0x02u
#define SMMU_PERM_UX 0x04u
#define SMMU_PERM_PR 0x08u
#define SMMU_PERM_PW 0x10u
#define SMMU_PERM_PX 0x20u
/** The same of stage 2, which tells privilege apart for execution only. A single stage grants all of the other's. */
#define SMMU_PERM_S2_R   0x040u
#define SMMU_PERM_S2_W   0x080u
#define SMMU_PERM_S2_UX  0x100u
#define SMMU_PERM_S2_PX  0x200u
#define SMMU_PERM_STAGE1 0x03fu
#define SMMU_PERM_STAGE2 0x3c0u
/** Writable but clean: a write must walk again, so that its descriptor is marked dirty. */
#define SMMU_PERM_CLEAN 0x400u
/** With a need: one of the permissions of stage 1 that it names is enough. */
#define SMMU_NEED_ANY 0x800u

/** One entry; an invalid one has tag 0. */
struct smmu_tlb_entry {
    uint64_t tag;
    uint64_t page;         /**< input address >> log2 of its size */
    uint64_t output;       /**< output address of the page, and SMMU_PERM_* in its low 12 bits */
    uint64_t intermediate; /**< nested: IPA of the page; low 12 bits: memory attributes (translation_internal.h) */
    uint64_t used;         /**< replacement's stamp; 0: invalid */
};

/** Sizes that a translation can have: 2^n bytes, n below this. */
#define SMMU_TLB_SIZES 64

struct smmu_tlb {
    struct smmu_tlb_entry *entries; /**< sets of `ways` entries */
    uint32_t sets;
    uint32_t ways;
    uint32_t set_mask; /**< sets - 1 if that is a power of two, else 0 */
    uint64_t sizes[2]; /**< [global]: one bit for each size of which an entry is present */
    uint32_t count[2][SMMU_TLB_SIZES];
    struct smmu_replacement replacement;
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

/** log2 of the bytes that an entry translates. */
static inline unsigned smmu_tlb_size(const struct smmu_tlb_entry *entry)
{
    return (unsigned)((entry->tag & SMMU_TAG_SIZE_MASK) >> SMMU_TAG_SIZE_SHIFT);
}

/** Prepares an empty TLB. @p entries is a multiple of @p ways; 0: none, which never hits. @param name unique */
void smmu_tlb_init(struct smmu_tlb *tlb, struct sim *sim, const char *name, uint32_t entries, uint32_t ways,
                   enum smmu_policy policy);

/** Tag of a valid entry with a context's tag. */
static inline uint64_t smmu_tlb_entry_tag(uint64_t tag, unsigned size, bool global)
{
    const uint64_t context = global ? (tag & ~SMMU_TAG_ASID_MASK) | SMMU_TAG_GLOBAL : tag;

    return context | (uint64_t)size << SMMU_TAG_SIZE_SHIFT | SMMU_TAG_VALID;
}

/** First entry of the set of a page. @param tag an entry's: its ASID is 0 if it is global */
static inline struct smmu_tlb_entry *smmu_tlb_set(const struct smmu_tlb *tlb, uint64_t page, uint64_t tag)
{
    const uint64_t key = page + (tag & SMMU_TAG_ASID_MASK);
    const uint64_t set = tlb->set_mask != 0 || tlb->sets == 1 ? key & tlb->set_mask : key % tlb->sets;

    return &tlb->entries[set * tlb->ways];
}

/** Probes the set of one class of entries. @return the entry, or NULL */
static inline struct smmu_tlb_entry *smmu_tlb_probe(const struct smmu_tlb *tlb, uint64_t tag, uint64_t va,
                                                    unsigned size, bool global)
{
    const uint64_t page = va >> size;
    const uint64_t wanted = smmu_tlb_entry_tag(tag, size, global);
    struct smmu_tlb_entry *entry = smmu_tlb_set(tlb, page, wanted);

    for (uint32_t left = tlb->ways; left > 0; left--) {
        if (entry->tag == wanted && entry->page == page) {
            return entry;
        }
        entry++;
    }
    return NULL;
}

/** Probes the sets of all classes but that of the smallest size which is not global. @return the entry, or NULL */
struct smmu_tlb_entry *smmu_tlb_find_further(struct smmu_tlb *tlb, uint64_t tag, uint64_t va);

/**
 * The entry that translates an address, or NULL. Changes nothing: a lookup that is acted upon is followed by
 * smmu_tlb_touch().
 * @param tag context tag  @param va canonical input address
 */
static inline struct smmu_tlb_entry *smmu_tlb_find(struct smmu_tlb *tlb, uint64_t tag, uint64_t va)
{
    const uint64_t sizes = tlb->sizes[0];
    struct smmu_tlb_entry *entry = NULL;

    if (sizes != 0) {
        entry = smmu_tlb_probe(tlb, tag, va, (unsigned)__builtin_ctzll(sizes), false);
    }
    return SIM_SELDOM(entry == NULL) ? smmu_tlb_find_further(tlb, tag, va) : entry;
}

/** Notes a use of an entry. */
static inline void smmu_tlb_touch(struct smmu_tlb *tlb, struct smmu_tlb_entry *entry)
{
    smmu_replacement_touch(&tlb->replacement, (size_t)(entry - tlb->entries), &entry->used);
}

/** Output address of an input address that @p entry translates. */
static inline uint64_t smmu_tlb_output(const struct smmu_tlb_entry *entry, uint64_t va)
{
    const uint64_t offset = (UINT64_C(1) << smmu_tlb_size(entry)) - 1;

    return (entry->output & ~UINT64_C(0xfff)) | (va & offset);
}

/**
 * Enters a translation, in place of the same one, an invalid entry, or what the policy chooses.
 * @param va           any input address in it
 * @param size         log2 of the bytes that it translates, 12 to 63
 * @param output       output address of the page; its low 12 bits SMMU_PERM_*
 * @param intermediate IPA of the page (nested), low 12 bits memory attributes
 */
void smmu_tlb_fill(struct smmu_tlb *tlb, uint64_t tag, uint64_t va, unsigned size, bool global, uint64_t output,
                   uint64_t intermediate);

/** Whether an invalidation covers a translation of 2^@p size bytes at @p va (any address in it) for @p tag. */
bool smmu_tlb_scope_covers(const struct smmu_tlb_scope *scope, uint64_t tag, bool global, uint64_t va, unsigned size);

/** Drops what @p scope covers. */
void smmu_tlb_invalidate(struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope);

/** Number of sets that this invalidation visits; its time is proportional to that. */
uint32_t smmu_tlb_invalidate_sets(const struct smmu_tlb *tlb, const struct smmu_tlb_scope *scope);

#ifdef __cplusplus
}
#endif

#endif

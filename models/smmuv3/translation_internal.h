/*
 * A translation as one resumable machine: stage 1, stage 2, or both (VMSAv8-64; IHI 0070, 3.3, 3.4, 3.13).
 *
 * The machine knows what has to be read next and what comes of it. It knows nothing of time, slots, ports or caches:
 * its owner drives it from step to step, and decides when a read is issued and what a cache can spare it.
 *
 *     step = smmu_translation_begin(&t, &context, input, need, want);
 *     for (;;) switch (step) {
 *     case SMMU_TRANSLATION_LOOKUP:   t.stage begins at t.walk[t.stage - 1]; a cache may help:
 *                                     smmu_translation_use_table(), smmu_translation_use_stage2(); then, if the latter
 *                                     did not answer:
 *                                     step = smmu_translation_proceed(&t);
 *     case SMMU_TRANSLATION_READ:     read 8 bytes at t.address;
 *                                     step = smmu_translation_take(&t, word);         or smmu_translation_abort(&t);
 *     case SMMU_TRANSLATION_UPDATE:   compare 8 bytes at t.address with t.expected, and if equal store t.desired, at
 *                                     once; step = smmu_translation_updated(&t, word that was there);  or abort
 *     case SMMU_TRANSLATION_DONE:     t.result
 *     case SMMU_TRANSLATION_FAULT:    t.fault
 *     }
 *
 * After each call t.learnt says what a cache could keep. Words are as a little-endian read of memory gives them.
 */
#ifndef DOORBELL_MODELS_SMMUV3_TRANSLATION_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_TRANSLATION_INTERNAL_H

#include "models/smmuv3/tables_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

enum smmu_translation_step {
    SMMU_TRANSLATION_LOOKUP,
    SMMU_TRANSLATION_READ,
    SMMU_TRANSLATION_UPDATE,
    SMMU_TRANSLATION_DONE,
    SMMU_TRANSLATION_FAULT,
};

/** What a walk cache holds: a table of some level, and what the tables above it have taken away. */
struct smmu_table_point {
    uint64_t table;    /**< its address: physical, or an IPA if it belongs to stage 1 of a nested translation */
    uint64_t physical; /**< what stage 2 has made of such an IPA, if has_physical */
    bool has_physical;
    uint16_t denied; /**< SMMU_PERM_* */
    int8_t level;    /**< of the descriptors in it: -1 to 3 */
};

/** Where the walk of one stage is. */
struct smmu_stage_walk {
    uint64_t input; /**< the address that it translates: VA or IPA */
    struct smmu_table_point at;
};

/** What stage 2 makes of a page of IPAs: what an IPA cache holds. */
struct smmu_stage2_page {
    uint64_t output;      /**< physical address of the page */
    uint16_t permissions; /**< SMMU_PERM_S2_*, and SMMU_PERM_CLEAN */
    uint16_t attributes;  /**< see smmu_attributes_*() */
    uint8_t size;         /**< log2 of bytes */
};

/** A translation: what a TLB holds. */
struct smmu_translation_result {
    uint64_t output;       /**< physical address of the page */
    uint64_t intermediate; /**< IPA of the page; nested only */
    uint16_t permissions;  /**< SMMU_PERM_*: a stage that is not used grants all */
    uint16_t attributes;   /**< memory attributes, see smmu_attributes_*() */
    uint8_t size;          /**< log2 of bytes: contiguous descriptors count as one page, two stages as the smaller */
    bool global;           /**< stage 1: nG = 0 */
};

/** Bits of smmu_translation.learnt. */
#define SMMU_LEARNT_TABLE1 0x1u /**< walk[0].at has moved to the next table */
#define SMMU_LEARNT_TABLE2 0x2u /**< walk[1].at has */
#define SMMU_LEARNT_STAGE2 0x4u /**< page2 translates walk[1].input */
#define SMMU_LEARNT_RESULT 0x8u /**< FAULT: what is denied has a translation all the same, in result */

struct smmu_translation {
    struct smmu_context context;
    uint64_t input;    /**< canonical input address; of a CD fetch the IPA */
    uint16_t need;     /**< SMMU_PERM_*: what must be permitted, else F_PERMISSION */
    uint16_t want;     /**< SMMU_PERM_*: if it includes writing and that is permitted, marks descriptors dirty */
    uint8_t stage;     /**< whose descriptor comes next: 1 or 2 */
    uint8_t purpose;   /**< why stage 2 is walked: SMMU_CLASS_CD, SMMU_CLASS_TT, SMMU_CLASS_IN */
    uint8_t learnt;    /**< SMMU_LEARNT_* of the last call */
    bool table_write;  /**< stage 2 is walked for a write to a stage 1 descriptor */
    uint64_t address;  /**< physical: what to read or update */
    uint64_t expected; /**< update: what must be there ... */
    uint64_t desired;  /**< ... and what is to replace it */
    struct smmu_stage_walk walk[2];        /**< of stages 1 and 2 */
    struct smmu_stage2_page page2;         /**< last result of stage 2 */
    struct smmu_translation_result result; /**< stage 1's part of it, until the end */
    struct smmu_fault fault;
    uint64_t pending[2];   /**< a stage 1 update's expected and desired while stage 2 is walked for it */
    bool stage1_fresh;     /**< the owner\'s: no invalidation of stage 1 has come since it began */
    uint32_t stage2_epoch; /**< the owner\'s: invalidations of stage 2 when it began */
};

/**
 * Begins to translate a canonical address in a context that translates (SMMU_ACTION_TRANSLATE).
 * @param need SMMU_PERM_* bits that must be granted, see smmu_access_need(), and SMMU_NEED_ANY; 0: a prefetch, which
 *        nothing is refused
 * @param want likewise, for marking dirty; an ordinary access wants what it needs
 */
enum smmu_translation_step smmu_translation_begin(struct smmu_translation *t, const struct smmu_context *context,
                                                  uint64_t input, unsigned need, unsigned want);

/** Begins to translate the IPA from which a CD or level-1 CD descriptor is to be read; result.output is its page. */
enum smmu_translation_step smmu_translation_begin_cd(struct smmu_translation *t, const struct smmu_context *context,
                                                     uint64_t ipa);

/** LOOKUP: the walk of this stage goes on at a table of a later level, from a walk cache. */
void smmu_translation_use_table(struct smmu_translation *t, const struct smmu_table_point *point);

/**
 * LOOKUP of stage 2: an IPA cache's answer for walk[1].input.
 * @return false if it does not permit what is to be done: then the tables have to be walked
 */
bool smmu_translation_use_stage2(struct smmu_translation *t, const struct smmu_stage2_page *page,
                                 enum smmu_translation_step *next);

/** LOOKUP: goes on to the tables. */
enum smmu_translation_step smmu_translation_proceed(struct smmu_translation *t);

/** READ: the descriptor. */
enum smmu_translation_step smmu_translation_take(struct smmu_translation *t, uint64_t word);

/** UPDATE: what was in memory; if it is not `expected`, the update was not made. */
enum smmu_translation_step smmu_translation_updated(struct smmu_translation *t, uint64_t word);

/** READ, UPDATE: the access was aborted. */
enum smmu_translation_step smmu_translation_abort(struct smmu_translation *t);

/** What lies between begin() and the first read can refuse an address at once: is it so? Fills *fault. */
bool smmu_translation_refuses(const struct smmu_context *context, uint64_t input, struct smmu_fault *fault);

/** The F_PERMISSION for an access that cached permissions refuse: which stage's, and with which response. */
struct smmu_fault smmu_permission_fault(const struct smmu_context *context, unsigned permissions, unsigned need,
                                        uint64_t ipa);

/** What an access needs: a read, a write or an instruction fetch, after the STE's overrides. @param flags SIM_FLAG_* */
static inline unsigned smmu_access_need(bool write, bool execute, bool privileged)
{
    if (write) {
        return (privileged ? SMMU_PERM_PW : SMMU_PERM_UW) | SMMU_PERM_S2_W;
    }
    if (execute) {
        return privileged ? SMMU_PERM_PX | SMMU_PERM_S2_PX : SMMU_PERM_UX | SMMU_PERM_S2_UX;
    }
    return (privileged ? SMMU_PERM_PR : SMMU_PERM_UR) | SMMU_PERM_S2_R;
}

/* ---- Memory attributes (attributes.c) ---- */

/*
 * Attributes in 10 bits: the memory type as in MAIR in bits 7:0, shareability in 9:8 (0 non-shareable, 2 outer, 3
 * inner). Any Device type and Normal Non-cacheable are outer shareable.
 */
#define SMMU_ATTRIBUTES_DEFAULT 0x0ffu /**< Normal write-back, allocating, non-shareable: without other word (13.1.3) */

/** Of a stage 1 leaf. @param type byte of MAIR @param sh of the descriptor, or of the CD (DS = 1) */
unsigned smmu_attributes_stage1(unsigned type, unsigned sh);

/** Of a stage 2 leaf. @param memattr 4 bits @param sh of the descriptor, or of the STE (S2DS = 1) */
unsigned smmu_attributes_stage2(unsigned memattr, unsigned sh);

/** What two stages make together: the weaker caching, the wider sharing; a Device type wins. */
unsigned smmu_attributes_combine(unsigned first, unsigned second);

/** Input attributes after MTCFG, MemAttr and SHCFG of an STE or of GBPA. */
unsigned smmu_attributes_override(unsigned input, bool mtcfg, unsigned memattr, unsigned shcfg);

/** Whether a type is one of the Device types. */
static inline bool smmu_attributes_is_device(unsigned attributes)
{
    return (attributes & 0xf0) == 0;
}

#ifdef __cplusplus
}
#endif

#endif

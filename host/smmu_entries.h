/*
 * Changing a stream table entry or a context descriptor while the SMMU may read it at any moment (IHI 0070, 3.21.3).
 *
 * The SMMU reads 64 bits at once, no more. So a change that touches used bits of one word only can be made such that
 * every reader sees the old entry or the new one: first the words whose bits the present configuration does not use,
 * then the one word that decides, then what the new configuration does not use. A change of used bits in several words
 * cannot: the entry is invalid in between. Which bits a configuration uses is the matter of chapters 5.2 and 5.4.
 */
#ifndef DOORBELL_HOST_SMMU_ENTRIES_H
#define DOORBELL_HOST_SMMU_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** 64-bit words of a stream table entry, and of a context descriptor. */
#define SMMU_ENTRY_WORDS 8

#define SMMU_REWRITE_STEPS 3

enum smmu_entry_kind {
    SMMU_ENTRY_STE,
    SMMU_ENTRY_CD,
};

/** The bits of an entry that its own configuration makes the SMMU look at. */
void smmu_entry_used(enum smmu_entry_kind kind, const uint64_t entry[SMMU_ENTRY_WORDS],
                     uint64_t used[SMMU_ENTRY_WORDS]);

/** Whether an entry's V is set: requests are not terminated for want of one. */
bool smmu_entry_is_valid(enum smmu_entry_kind kind, const uint64_t entry[SMMU_ENTRY_WORDS]);

/** How to get from one entry to another. */
struct smmu_rewrite {
    /**
     * What the entry holds after each step. After a step comes an invalidation (CFGI_STE or CFGI_CD) and a CMD_SYNC.
     * The words of one step may be written in any order.
     */
    uint64_t steps[SMMU_REWRITE_STEPS][SMMU_ENTRY_WORDS];
    unsigned count; /**< steps; 0 if the entries are the same */
    bool hitless;   /**< both are valid and every reader sees the one or the other */
};

/** Plans the change of @p current into @p target. */
void smmu_rewrite_plan(enum smmu_entry_kind kind, const uint64_t current[SMMU_ENTRY_WORDS],
                       const uint64_t target[SMMU_ENTRY_WORDS], struct smmu_rewrite *plan);

#ifdef __cplusplus
}
#endif

#endif

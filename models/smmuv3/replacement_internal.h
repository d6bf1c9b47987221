/*
 * Which entry of a set makes room: least recently used, tree pseudo-LRU, round robin (first in, first out), or random.
 *
 * Every entry of every cache has a stamp, 0 if it is invalid: an invalid entry is always taken first, in order of ways.
 * Random choices come from a stream of random numbers of the cache's own (sim/random.h), one for each replacement of a
 * valid entry, so they are the same on every engine.
 */
#ifndef DOORBELL_MODELS_SMMUV3_REPLACEMENT_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_REPLACEMENT_INTERNAL_H

#include "models/smmuv3/smmu.h"
#include "sim/random.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most ways of a cache with tree pseudo-LRU: a set's tree is one word. */
#define SMMU_PLRU_MAX_WAYS 64

struct smmu_replacement {
    enum smmu_policy policy;
    uint32_t ways;
    uint64_t clock;  /**< next stamp */
    uint64_t *state; /**< of each set: PLRU the tree (node n at bit n, root 1), round robin the next way; else NULL */
    struct sim_random random;
};

/** Prepares for a cache of @p sets sets. @p name makes its random numbers its own. */
void smmu_replacement_init(struct smmu_replacement *replacement, struct sim *sim, const char *name,
                           enum smmu_policy policy, uint32_t sets, uint32_t ways);

/** Makes a set's tree point away from an entry: every node on the way to it turns to the other half. */
void smmu_replacement_turn(struct smmu_replacement *replacement, size_t entry);

/** Notes a use of a valid entry. @param entry its index in the cache: set * ways + way */
static inline void smmu_replacement_touch(struct smmu_replacement *replacement, size_t entry, uint64_t *stamp)
{
    if (replacement->policy == SMMU_POLICY_LRU) {
        *stamp = replacement->clock++;
    } else if (replacement->policy == SMMU_POLICY_PLRU) {
        smmu_replacement_turn(replacement, entry);
    }
}

/** Stamps an entry that was just filled. */
static inline void smmu_replacement_fill(struct smmu_replacement *replacement, size_t entry, uint64_t *stamp)
{
    *stamp = replacement->clock++;
    if (replacement->policy == SMMU_POLICY_PLRU) {
        smmu_replacement_turn(replacement, entry);
    }
}

/**
 * Chooses the way to fill.
 * @param stamps of the set's first way  @param stride bytes from one way's stamp to the next
 */
uint32_t smmu_replacement_choose(struct smmu_replacement *replacement, size_t set, const uint64_t *stamps,
                                 size_t stride);

#ifdef __cplusplus
}
#endif

#endif

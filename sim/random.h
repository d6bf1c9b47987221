/*
 * Random numbers: one named stream per user, from Philox4x32-10 (Salmon et al., SC'11; Random123 library).
 *
 * A stream is keyed by the scenario's seed and a name, so adding a component changes no other component's numbers. All
 * deviates are integers computed in integers: no result depends on a mathematical library.
 */
#ifndef DOORBELL_SIM_RANDOM_H
#define DOORBELL_SIM_RANDOM_H

#include "sim/time.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim_random {
    uint32_t key[2];
    uint64_t counter;   /**< block number */
    uint32_t block[4];  /**< current block */
    unsigned remaining; /**< words of it not yet used */
};

/** Starts the stream called @p name under @p seed. */
void sim_random_init(struct sim_random *random, uint64_t seed, const char *name);

/** The next 32 random bits. */
uint32_t sim_random_u32(struct sim_random *random);

/** The next 64 random bits. */
uint64_t sim_random_u64(struct sim_random *random);

/** Uniform in 0..bound-1, without bias. @p bound at least 1. */
uint64_t sim_random_below(struct sim_random *random, uint64_t bound);

/**
 * Exponentially distributed duration with the given mean, in femtoseconds.
 * The logarithm is a 1024-entry integer table with linear interpolation; its error is below 1e-6 of the mean.
 * @param mean up to 2^50 fs
 */
sim_time sim_random_exponential(struct sim_random *random, sim_time mean);

#ifdef __cplusplus
}
#endif

#endif

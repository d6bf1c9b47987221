/*
 * log2(1 + i/1024) in units of 2^-32, rounded to nearest, for i = 0..1024. Integer data, so that exponential deviates
 * do not depend on a mathematical library.
 */
#ifndef DOORBELL_SIM_RANDOM_LOG2_H
#define DOORBELL_SIM_RANDOM_LOG2_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const uint64_t sim_random_log2_table[1025];

#ifdef __cplusplus
}
#endif

#endif

/*
 * Systems of the space at random, for sizes of which there are too many.
 */
#ifndef DOORBELL_EXPLORE_SAMPLE_H
#define DOORBELL_EXPLORE_SAMPLE_H

#include "explore/space.h"
#include "sim/random.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Draws a system with so many endpoints (at least 1) and switches, in its canonical form. Every system can come out;
 * not all are equally likely.
 * @return number of labellings within the bounds that are the same system
 */
uint64_t explore_sample(struct sim_random *random, const struct explore_bounds *bounds, unsigned endpoints,
                        unsigned switches, struct explore_shape *shape, struct explore_labels *labels);

#ifdef __cplusplus
}
#endif

#endif

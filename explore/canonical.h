/* Between the files of the space: which labelling of a shape is the least of those that are the same system. */
#ifndef DOORBELL_EXPLORE_CANONICAL_H
#define DOORBELL_EXPLORE_CANONICAL_H

#include "explore/space.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Whether dense labels whose names come in order of first use are the least of all names and orders of siblings.
 * @return in how many ways of naming they come out; 0: they are not the least
 */
uint64_t canonical_is_least(const struct explore_shape *shape, const struct explore_labels *labels);

/** Number of labellings within the bounds that are the same as one that comes out in @p same ways of naming. */
uint64_t canonical_ways(const struct explore_bounds *bounds, const struct explore_labels *labels, uint64_t same);

#ifdef __cplusplus
}
#endif

#endif

/*
 * Disjoint sets of function indexes, for the rules that form groups by joining. The least member stands for its set, so
 * the outcome does not depend on the order of joining.
 */
#ifndef DOORBELL_HOST_GROUPS_SETS_H
#define DOORBELL_HOST_GROUPS_SETS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct group_sets {
    uint32_t *above; /**< per member: itself, or a lesser member of its set */
    uint32_t count;
};

/** Starts with @p count sets of one member each. Release with group_sets_clear(). */
void group_sets_init(struct group_sets *sets, uint32_t count);

/** The least member of the set of @p member. */
uint32_t group_sets_find(struct group_sets *sets, uint32_t member);

/** Makes one set of the sets of two members. */
void group_sets_join(struct group_sets *sets, uint32_t one, uint32_t other);

/** Releases what the sets own. */
void group_sets_clear(struct group_sets *sets);

#ifdef __cplusplus
}
#endif

#endif

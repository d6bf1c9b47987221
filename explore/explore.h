/*
 * Exploration: an assumption judged on every system of a space, or on as many as a limit allows, and the smallest
 * counterexample.
 */
#ifndef DOORBELL_EXPLORE_EXPLORE_H
#define DOORBELL_EXPLORE_EXPLORE_H

#include "explore/board.h"
#include "explore/space.h"
#include "host/error.h"
#include "result/verdict.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EXPLORE_OUTCOMES 3u

/** At most so many ways to use the endpoints in one exploration. */
#define EXPLORE_SOFTWARE 64u

/** Called now and then. @param judged so far  @return false to end it: what was judged until then is the result */
typedef bool (*explore_progress)(void *context, uint64_t judged);

struct explore_request {
    struct explore_bounds bounds;
    const struct explore_software *software; /**< the ways to use the endpoints of each system */
    unsigned software_count;                 /**< 1..EXPLORE_SOFTWARE */
    unsigned assumption;                     /**< 0..ASSUMPTION_COUNT-1 */
    uint64_t limit;                          /**< judge at most so often, 1..EXPLORE_LIMIT */
    uint64_t seed;                           /**< of what is sampled */
    explore_progress progress;               /**< NULL: nobody wants to know */
    void *context;                           /**< for it */
};

#define EXPLORE_LIMIT UINT64_C(100000000)

/** Systems of one size. */
struct explore_class {
    uint8_t endpoints;
    uint8_t switches;
    bool exhausted;
    uint64_t judged;     /**< systems, up to symmetry, each with each software */
    uint64_t violations; /**< of them */
    uint64_t covered;    /**< systems that these stand for if names count, each with each software */
    uint64_t total;      /**< of which there are so many; UINT64_MAX: or more */
};

/** One system that was found. */
struct explore_found {
    struct explore_shape shape;
    struct explore_labels labels;
    unsigned software; /**< number of the request's */
};

/** What came of one way to use the endpoints. */
struct explore_tally {
    uint64_t outcomes[EXPLORE_OUTCOMES]; /**< by enum verdict_outcome */
};

#define EXPLORE_CLASSES (EXPLORE_ENDPOINTS * (EXPLORE_SWITCHES + 1))

struct explore_result {
    struct explore_class classes[EXPLORE_CLASSES]; /**< in order of size, then of endpoints */
    unsigned class_count;
    uint64_t judged;
    uint64_t outcomes[EXPLORE_OUTCOMES];            /**< by enum verdict_outcome */
    struct explore_tally tallies[EXPLORE_SOFTWARE]; /**< the same for each software of the request */
    uint64_t covered;
    uint64_t total; /**< UINT64_MAX: or more */
    bool exhausted;
    bool interrupted; /**< progress() ended it */
    bool violated;
    struct explore_found smallest; /**< if violated */
};

/**
 * Judges. Sizes are gone through from the least on, and each that the limit allows is exhausted; the rest of the limit
 * is divided among the others, of which different systems are drawn at random.
 *
 * The smallest counterexample has the fewest endpoints and switches together; then the fewest SMMUs and ITS; then the
 * fewest endpoints; then the first text, in which no ACS comes before any; then the first software of the request. Of
 * sizes that were only sampled it is the smallest that came.
 * @return false with @p error: a system cannot be built
 */
bool explore(const struct explore_request *request, struct explore_result *result, struct host_error *error);

/**
 * Checks bounds, limit and whether the rule sets know such uses.
 * @return false with one sentence in @p error, in terms of the fields' names
 */
bool explore_check_request(const struct explore_request *request, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif

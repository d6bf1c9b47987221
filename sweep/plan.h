/*
 * The points of a sweep: which values each axis has at each of them. Made from a scenario's `sweep:`, the same for the
 * same file and seed, whoever runs the points and in whatever order.
 *
 * A run is one replication of one point; runs are numbered point by point: run = point * replications + replication.
 */
#ifndef DOORBELL_SWEEP_PLAN_H
#define DOORBELL_SWEEP_PLAN_H

#include "scenario/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most runs that a sweep may have. */
#define SWEEP_MAX_RUNS UINT64_C(100000000)

/** A plan; read only, but for sweep_plan_clear(). */
struct sweep_plan {
    const struct scenario_sweep *sweep; /**< the scenario's, which must outlive the plan */
    uint64_t seed;                      /**< of the first replication */
    uint64_t points;
    uint32_t replications;
    uint64_t runs;
    uint64_t *draws; /**< random sweeps: by point and axis, a place in the axis, as a 64-bit fraction; else NULL */
};

/** A text that sweep_plan_value() has room for. */
struct sweep_value {
    const char *text; /**< as --set takes it: the scenario's, or `buffer` */
    char buffer[40];
};

/**
 * Works out the plan of a scenario.
 * @param why receives one sentence, of at most @p size bytes, if it fails: no `sweep:`, or more runs than
 *            SWEEP_MAX_RUNS
 * @return whether it worked
 */
bool sweep_plan_make(const struct scenario *scenario, struct sweep_plan *plan, char *why, size_t size);

/** Releases a plan and empties it. */
void sweep_plan_clear(struct sweep_plan *plan);

/** The value of axis @p axis (less than sweep->axis_count) at point @p point (less than points). */
void sweep_plan_value(const struct sweep_plan *plan, uint64_t point, size_t axis, struct sweep_value *value);

/** The point of a run. */
uint64_t sweep_plan_point(const struct sweep_plan *plan, uint64_t run);

/** The seed of a run: the scenario's, plus the number of the replication. */
uint64_t sweep_plan_seed(const struct sweep_plan *plan, uint64_t run);

#ifdef __cplusplus
}
#endif

#endif

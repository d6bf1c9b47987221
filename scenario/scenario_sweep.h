/*
 * What a scenario says of its own repetition: the axes of `doorbell sweep`, and `until`. A part of struct scenario.
 */
#ifndef DOORBELL_SCENARIO_SCENARIO_SWEEP_H
#define DOORBELL_SCENARIO_SCENARIO_SWEEP_H

#include "scenario/scenario_vm.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How the axes of a sweep make its points. */
enum scenario_combine {
    SCENARIO_COMBINE_GRID,            /**< every combination; the last axis varies fastest */
    SCENARIO_COMBINE_ZIP,             /**< the first values of all axes, the second values, ... */
    SCENARIO_COMBINE_RANDOM,          /**< `samples` independent draws */
    SCENARIO_COMBINE_LATIN_HYPERCUBE, /**< `samples` draws, one in each of as many equal slices of every axis */
};

enum scenario_scale {
    SCENARIO_SCALE_LINEAR,
    SCENARIO_SCALE_LOG, /**< equal ratios */
};

/** One axis of a sweep: a key of the scenario and what it is set to. */
struct scenario_axis {
    struct scenario_place place;
    uint64_t given;
    const char *key;           /**< path, as --set takes it */
    const char *const *values; /**< array of value_count texts, each as --set takes it; none: any from low to high */
    size_t value_count;
    const char *from; /**< as written; NULL if `values` was */
    const char *to;
    const char *step;
    uint32_t steps; /**< number of values from `from` to `to`; 0: not written */
    uint32_t scale; /**< enum scenario_scale */
    uint32_t unit;  /**< enum units_kind of the range */
    uint64_t low;   /**< ends of the range in base units; low <= high */
    uint64_t high;
};

/** Axes of variation: what `doorbell sweep` runs. */
struct scenario_sweep {
    struct scenario_place place;
    uint64_t given;
    uint32_t combine;           /**< enum scenario_combine */
    uint32_t samples;           /**< points of random and latin-hypercube sweeps */
    uint32_t replications;      /**< runs of each point, with seeds seed, seed + 1, ... */
    struct scenario_axis *axes; /**< array of axis_count, at least one */
    size_t axis_count;
};

/** What a run has to know well enough, to end. */
enum scenario_until_metric {
    SCENARIO_UNTIL_MSI_LATENCY_MEAN, /**< mean latency of all devices' MSIs */
};

/** Ends a run early: scenario_settle(). */
struct scenario_until {
    struct scenario_place place;
    uint64_t given;
    uint32_t metric; /**< enum scenario_until_metric */
    uint32_t ci;     /**< half width of the 95 % confidence interval, in millionths of the mean */
};

/** A warm-up that the run finds itself. */
#define SCENARIO_WARMUP_AUTO SIM_TIME_NEVER

#ifdef __cplusplus
}
#endif

#endif

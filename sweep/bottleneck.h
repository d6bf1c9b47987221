/*
 * Where MSIs wait, and what would help: a run, taken apart MSI by MSI, and then the same run again with one resource
 * doubled at a time.
 *
 * The time of an MSI under a stage is divided in two: the least that any MSI took there, and the rest, which it waited.
 * So every femtosecond of the mean is either the way itself or a wait at a named stage, and the same holds of the mean
 * of the slowest hundredth.
 */
#ifndef DOORBELL_SWEEP_BOTTLENECK_H
#define DOORBELL_SWEEP_BOTTLENECK_H

#include "scenario/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most MSIs that are taken apart; what is beyond is not looked at. */
#define BOTTLENECK_MSIS 1000000u

/** A stage at which MSIs waited, if only now and then. Means are over all MSIs, also those that do not come by. */
struct bottleneck_stage {
    char *name;
    const char *resource; /**< what one waits for there: "port", "credits or wire", "walks, caches and slots", ... */
    double way;           /**< mean of the least time, femtoseconds */
    double wait;          /**< mean wait, femtoseconds */
    double tail_wait;     /**< the same over MSIs at or above the 99th percentile of latency */
};

/** A run with one resource doubled. */
struct bottleneck_trial {
    char *key; /**< as --set takes it */
    char *from;
    char *to;
    const char *resource; /**< "cache", "slot", "credit", "port", "walk", "command queue" */
    bool possible;        /**< the doubled value makes a system that runs */
    int64_t mean_gain;    /**< how much less mean latency, femtoseconds */
    int64_t p99_gain;
};

/** What came out. Release with bottleneck_clear(). */
struct bottleneck {
    uint64_t msis;    /**< taken apart */
    uint64_t dropped; /**< more than there is room for */
    uint64_t tail;    /**< of the former, in the slowest hundredth */
    double mean;      /**< femtoseconds */
    double way;       /**< of this, the way itself */
    double tail_mean; /**< mean latency of the slowest hundredth */
    double tail_way;
    sim_time p99; /**< of the run */
    struct bottleneck_stage *stages;
    size_t stage_count; /**< by wait, longest first */
    struct bottleneck_trial *trials;
    size_t trial_count; /**< by gain of the mean, then of the 99th percentile */
};

/**
 * Finds where MSIs of a scenario wait, and what doubling a resource buys.
 * @param path,sets     the scenario's file and overrides
 * @param interrupted   ends it early when not 0: what was tried is in the result; may be NULL
 * @param diagnostics   receives what is wrong with the scenario
 * @param error         one sentence if the run was not done
 * @return how the first run went; the result is zero unless SCENARIO_RUN_DONE
 */
enum scenario_run_status bottleneck_find(const char *path, const char *const *sets, size_t set_count,
                                         const volatile sig_atomic_t *interrupted, struct bottleneck *result,
                                         struct diagnostics *diagnostics, struct host_error *error);

/** Frees what a result holds, and empties it. */
void bottleneck_clear(struct bottleneck *result);

#ifdef __cplusplus
}
#endif

#endif

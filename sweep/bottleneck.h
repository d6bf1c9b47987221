/*
 * Where MSIs wait, and what would help: a run, taken apart MSI by MSI, and then the same run again with one resource
 * doubled at a time.
 *
 * The time of an MSI under a stage is divided in two: the least that any MSI took there, and the rest, which it waited.
 * (Walks and fetches of tables are a part of the time at the SMMU, whose least is that of a hit.) So every femtosecond
 * of the mean is either the way itself or a wait at a named stage, and the same holds of the mean of the slowest
 * hundredth, and of the MSIs at the 99th percentile itself. Every femtosecond of a wait in turn is divided among
 * resources, by what was scarce on the way ahead at that moment (sweep/bottleneck_cause.h).
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

/** What an MSI waits for. */
enum bottleneck_resource {
    BOTTLENECK_CREDIT,        /**< credits of a link, or those of an ITS for LPIs on their way */
    BOTTLENECK_SLOT,          /**< slots for translations, or for fetches of tables */
    BOTTLENECK_PORT,          /**< a port, its wire, or its turn there */
    BOTTLENECK_CACHE,         /**< what was not cached: walks and reads of tables, its own or of those before it */
    BOTTLENECK_WALK,          /**< a walk to begin: all that can be under way are */
    BOTTLENECK_COMMAND_QUEUE, /**< a PE that works off commands in lock step with the hardware's queue */
    BOTTLENECK_ORDER,         /**< earlier writes of its stream at another target */
    BOTTLENECK_PE,            /**< the PE's earlier interrupts */
    BOTTLENECK_HYPERVISOR,    /**< a PE that the hypervisor has for something else */
    BOTTLENECK_RESOURCES,
};

/** Femtoseconds, for each thing that one can ask them of. */
struct bottleneck_times {
    double mean; /**< over all MSIs */
    double tail; /**< over MSIs at or above the 99th percentile of latency */
    double p99;  /**< over those at the percentile: within the 1/128 that a histogram tells apart */
};

/** A stage at which MSIs waited, if only now and then. Means are over all MSIs, also those that do not come by. */
struct bottleneck_stage {
    char *name;
    struct bottleneck_times way;                             /**< the least time */
    struct bottleneck_times wait;                            /**< and the rest */
    struct bottleneck_times resources[BOTTLENECK_RESOURCES]; /**< of that rest; they add up to it */
};

/** A run with one resource doubled. */
struct bottleneck_trial {
    char *key; /**< as --set takes it */
    char *from;
    char *to;
    enum bottleneck_resource resource;
    bool possible;     /**< the doubled value makes a system that runs */
    int64_t mean_gain; /**< how much less mean latency, femtoseconds */
    int64_t p99_gain;
};

/** What came out. Release with bottleneck_clear(). */
struct bottleneck {
    uint64_t msis;    /**< taken apart */
    uint64_t dropped; /**< more than there is room for */
    uint64_t tail;    /**< of the former, in the slowest hundredth */
    uint64_t at_p99;  /**< and at the percentile */
    struct bottleneck_times latency;
    struct bottleneck_times way;                             /**< of this, the way itself */
    struct bottleneck_times resources[BOTTLENECK_RESOURCES]; /**< and the rest, by what was waited for */
    sim_time p99;                                            /**< of the run */
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

/** Its name: "credit", "slot", "port", "cache", "walk", "command queue", "order", "pe", "hypervisor". */
const char *bottleneck_resource_name(enum bottleneck_resource resource);

/** What that is, in a few words. */
const char *bottleneck_resource_meaning(enum bottleneck_resource resource);

/** Frees what a result holds, and empties it. */
void bottleneck_clear(struct bottleneck *result);

#ifdef __cplusplus
}
#endif

#endif

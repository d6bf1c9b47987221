/*
 * Runs a sweep: the points of a scenario's `sweep:`, on worker processes, into one result file.
 *
 *   scenario ── sweep_plan ──► runs ── pool ──► workers ── store ──► shards ── store_merge() ──► result
 *
 * Shards lie in a folder beside the result, named as it is with ".shards" at the end, until they are merged. A killed
 * sweep leaves them there, and the next one with `resume` goes on: at most the runs that were under way are lost.
 */
#ifndef DOORBELL_SWEEP_SWEEP_H
#define DOORBELL_SWEEP_SWEEP_H

#include "scenario/diagnostics.h"
#include "sim/sim.h"
#include "sweep/store.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a sweep stands. */
struct sweep_progress {
    uint64_t runs;         /**< of this sweep, or of its part */
    uint64_t before;       /**< of these, done by an earlier call */
    uint64_t done;         /**< done by this call, failed ones among them */
    uint64_t failed;       /**< of these, without a result */
    uint64_t unmet;        /**< of these, with a result that an expectation does not meet */
    double seconds;        /**< since the first run began */
    uint64_t worst;        /**< highest 99th percentile of MSI latency so far, femtoseconds; 0: none */
    uint64_t worst_point;  /**< whose that is */
    char worst_values[96]; /**< what its axes are set to, cut off if that is long: "entries=4, latency=10 ns" */
};

struct sweep_options {
    const char *path;        /**< the scenario's file */
    const char *const *sets; /**< "path=value" texts that hold for every point */
    size_t set_count;
    const char *output;  /**< the result's file */
    const char *version; /**< of the program, kept in the result */
    enum sim_engine_kind engine;
    unsigned workers; /**< at least 1 */
    bool resume;      /**< go on with a result that is there */
    bool retry;       /**< with resume: do runs without a result again */
    uint32_t part;    /**< 1..parts: do only every parts-th run, and leave the shards; 0: do all, and merge */
    uint32_t parts;
    const volatile sig_atomic_t *stop; /**< end early when not 0; may be NULL */
    /** Called every now and then; may be NULL. */
    void (*progress)(void *context, const struct sweep_progress *progress);
    void *progress_context;
};

/** How it went. */
enum sweep_outcome {
    SWEEP_DONE,
    SWEEP_INTERRUPTED, /**< what was done is in the result */
    SWEEP_PRESENT,     /**< the result has runs of this sweep, and `resume` is not set; nothing was simulated */
    SWEEP_WRONG,       /**< the scenario, an axis or the options are wrong; nothing was simulated */
    SWEEP_UNABLE,      /**< the environment failed: files, processes */
};

/**
 * Runs a sweep.
 * @param progress   receives where it stands at the end
 * @param diagnostics receives what is wrong with the scenario, or with a value of an axis; zero-initialised
 * @param why        receives one sentence if SWEEP_PRESENT, SWEEP_WRONG or SWEEP_UNABLE; empty if diagnostics say all
 * @param size       of @p why
 */
enum sweep_outcome sweep_run(const struct sweep_options *options, struct sweep_progress *progress,
                             struct diagnostics *diagnostics, char *why, size_t size);

/**
 * Puts the shards of a sweep, whole parts or what a killed one left, into its result.
 * @param merged receives how many runs were new
 */
enum sweep_outcome sweep_merge(const struct sweep_options *options, uint64_t *merged, struct diagnostics *diagnostics,
                               char *why, size_t size);

/** The command line that does one run again, in memory to be freed. */
char *sweep_command(const struct sweep_options *options, const char *const *keys, const char *const *values,
                    size_t count, uint64_t seed);

#ifdef __cplusplus
}
#endif

#endif

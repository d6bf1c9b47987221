/*
 * Running a scenario from beginning to end: build, set-up by the software, traffic, drain, results, expectations.
 */
#ifndef DOORBELL_SCENARIO_RUN_H
#define DOORBELL_SCENARIO_RUN_H

#include "host/error.h"
#include "result/recording.h"
#include "result/run.h"
#include "scenario/scenario.h"
#include "scenario/system.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct collector;

/** How a run went; the CLI's exit status follows from it. */
enum scenario_run_status {
    SCENARIO_RUN_DONE,        /**< result is complete (an expectation may have failed) */
    SCENARIO_RUN_INTERRUPTED, /**< `interrupted` was set: the result is that of the time until then */
    SCENARIO_RUN_IMPOSSIBLE,  /**< the system as described cannot be built or brought up; nothing was simulated */
    /** MSIs are still under way although traffic ended long ago; the result is what there is. */
    SCENARIO_RUN_STUCK,
};

/** Where a run stands, for a progress line. */
struct scenario_progress {
    sim_time now; /**< traffic time so far */
    sim_time duration;
    uint64_t msis; /**< born so far */
};

/** A waveform of a run (sim/trace.h). */
struct scenario_waveform {
    FILE *stream;              /**< NULL: none is wanted */
    const char *const *scopes; /**< patterns of components and channels; IMPOSSIBLE if they fit none */
    size_t scope_count;        /**< 0: all */
    sim_time from;             /**< from the beginning of the traffic, fs */
    sim_time to;
};

struct scenario_run_options {
    struct system_options system;
    struct scenario_waveform waveform;
    /** Called every now and then while traffic runs; may be NULL. */
    void (*progress)(void *context, const struct scenario_progress *progress);
    void *progress_context;
    /** Makes such a record too, and has somebody hear of it (sim_occupancy_listen()); NULL: nobody. */
    const struct sim_occupancy_listener *occupancy_listener;
    bool occupancy;                        /**< records how full what was, whatever the scenario says */
    const struct recording_filter *record; /**< makes a recording beside the result, its `devices` apart; NULL: none */
    const char *const *record_only;        /**< names of the devices to record; IMPOSSIBLE if there is no such device */
    size_t record_only_count;              /**< 0: all devices */
    /**
     * Called once with the finished recording, while the simulation it names stages of still stands; the result is
     * complete. May be NULL.
     */
    void (*recorded)(void *context, const struct recording *recording, const struct sim *sim,
                     const struct run_result *result);
    void *recorded_context;
    const volatile sig_atomic_t *interrupted; /**< end early when it is not 0; may be NULL */
};

/**
 * Runs a scenario. The result must be zeroed; release it with run_result_clear() whatever is returned.
 * @param error one sentence, if IMPOSSIBLE or STUCK
 */
enum scenario_run_status scenario_run(const struct scenario *scenario, const struct scenario_run_options *options,
                                      struct run_result *result, struct host_error *error);

/** Observes a system that was brought up: a collector, to be destroyed. */
struct collector *scenario_observe(struct system *system);

/** Judges the scenario's `expect:` against a result, whose verdicts are in; adds to result->expectations. */
void scenario_judge(const struct scenario *scenario, struct run_result *result);

#ifdef __cplusplus
}
#endif

#endif

/*
 * A sweep on the nodes of a cluster that Slurm manages: its parts are the tasks of one job array, and a second job that
 * depends on them all puts their shards together. Folder and result lie where every node sees them.
 *
 *   submit ──► OUTPUT.slurm/parts.sh ──► array 1..N, each `doorbell sweep FILE --shard K/N` ──┐
 *         └──► OUTPUT.slurm/merge.sh ──► after all of them: `doorbell sweep merge FILE` ◄─────┘
 *
 * A task whose node fails is queued again by Slurm and goes on behind the last run that is in a shard. A process that
 * outlived its node's daemon may do runs beside it: each has a shard of its own, and the merge takes a run once.
 */
#ifndef DOORBELL_SWEEP_SLURM_H
#define DOORBELL_SWEEP_SLURM_H

#include "sweep/sweep.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Room for an array of task numbers, as Slurm takes it. */
#define SLURM_ARRAY_BYTES 4096

/** What was submitted. */
struct slurm_submission {
    uint64_t parts_job;            /**< number of the job array; 0: nothing was left to do */
    uint64_t merge_job;            /**< number of the job behind it */
    uint64_t left;                 /**< runs that are to be done */
    char tasks[SLURM_ARRAY_BYTES]; /**< parts with such runs: "1-4,7" */
    char script[1024];             /**< path of the array's script */
};

/**
 * Writes the scripts and submits them.
 *
 * With `resume`, what is there is merged first, and only parts with runs that are missing are submitted; it is refused
 * while parts are at work.
 * @param options `parts` says how many parts; `workers` is how many CPUs a part asks for, and uses
 * @param why     receives one sentence unless SWEEP_DONE, or diagnostics say all
 * @return SWEEP_DONE, SWEEP_PRESENT (runs are there, or scripts are, and no `resume`), SWEEP_WRONG, or SWEEP_UNABLE
 */
enum sweep_outcome slurm_submit(const struct sweep_options *options, struct slurm_submission *submission,
                                struct diagnostics *diagnostics, char *why, size_t size);

/** How one part stands. */
struct slurm_part {
    uint64_t runs;
    uint64_t done;  /**< of these, in the result or in a shard */
    char state[24]; /**< Slurm's: "RUNNING", "PENDING", ...; empty: not in its queue */
    char node[64];  /**< where; empty: nowhere */
};

/** How a sweep stands. Release with slurm_status_clear(). */
struct slurm_status {
    uint64_t runs;
    uint64_t done;
    uint64_t failed; /**< of these, without a result */
    bool submitted;  /**< slurm_submit() was called for it: what follows is known */
    uint64_t parts_job;
    uint64_t merge_job;
    char merge_state[24];
    bool queue_known; /**< Slurm could be asked */
    struct slurm_part *parts;
    uint32_t part_count;
};

/** Finds out how a sweep stands, reading only. Otherwise as slurm_submit(). */
enum sweep_outcome slurm_ask(const struct sweep_options *options, struct slurm_status *status,
                             struct diagnostics *diagnostics, char *why, size_t size);

/** Releases what a status holds, and empties it. */
void slurm_status_clear(struct slurm_status *status);

#ifdef __cplusplus
}
#endif

#endif

/* What the files of a sweep share. */
#ifndef DOORBELL_SWEEP_SWEEP_INTERNAL_H
#define DOORBELL_SWEEP_SWEEP_INTERNAL_H

#include "sweep/plan.h"
#include "sweep/pool.h"
#include "sweep/sweep.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A sweep under way. */
struct sweep {
    const struct sweep_options *options;
    struct scenario *scenario;
    struct sweep_plan plan;
    struct store_about about;
    struct scenario_source *source; /**< the file, read once; NULL: it cannot be, and each run says so */
    const char **keys;              /**< of the axes */
    char *identity;
    char *folder;    /**< of the shards */
    int lock;        /**< descriptor of the folder, which is locked; -1: none */
    bool is_present; /**< runs are there that nobody asked to go on with */
    bool *present;   /**< by run: no need to do it */
    uint64_t next;   /**< the run to look at next */
    struct sweep_progress progress;
    uint64_t began;           /**< host time, nanoseconds */
    struct store *obituaries; /**< shard of the runs that workers died of; NULL: none died */
    struct pool_work work;
    char *why;
    size_t size;
};

/** Host time in nanoseconds, from anywhere. */
uint64_t sweep_clock(void);

/** Path of a shard of this process, in memory to be freed. */
char *sweep_shard_path(const struct sweep *sweep);

/* ---- Steps of a sweep, in this order (sweep.c) ---- */

/** Begins: nothing is read yet. Ends with sweep_clear(). */
void sweep_open(struct sweep *sweep, const struct sweep_options *options, char *why, size_t size);

/** Loads the scenario and plans the runs. */
bool sweep_load(struct sweep *sweep, struct diagnostics *diagnostics);

/** Loads the scenario of a run. @return NULL: it is wrong at that point, as @p diagnostics say */
struct scenario *sweep_load_run(const struct sweep *sweep, const struct scenario_options *options,
                                struct diagnostics *diagnostics);

/** Tells of values that no combination could take. @return whether there are none */
bool sweep_try_values(struct sweep *sweep, struct diagnostics *diagnostics);

/** Notes in sweep->present which runs a file of this sweep holds; it may be absent. */
bool sweep_note_file(void *context, const char *path);

/** Releases everything, and the folder if it was taken. */
void sweep_clear(struct sweep *sweep);

/** Says why, in one sentence. */
void sweep_tell(struct sweep *sweep, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Writes a word as a shell takes it. */
void sweep_write_word(FILE *stream, const char *word);

/* ---- The worker's side (run.c) ---- */

/** Opens the worker's shard; for struct pool_work. */
void *sweep_worker_begin(void *context, char *why, size_t size);

/** Does one run; for struct pool_work. */
void sweep_worker_run(void *context, void *state, uint64_t task, struct pool_reply *reply);

/** Closes the shard; for struct pool_work. */
void sweep_worker_end(void *context, void *state);

/** The texts of a run's overrides: the options', the axes', the seed. */
struct sweep_sets {
    const char **sets;
    size_t count;
    char **owned; /**< texts to free */
    size_t owned_count;
    struct sweep_value *values; /**< by axis */
    const char **texts;         /**< by axis */
};

/** Makes them. Release with sweep_sets_clear(). */
void sweep_sets_make(const struct sweep *sweep, uint64_t run, struct sweep_sets *sets);
void sweep_sets_clear(struct sweep_sets *sets);

/** Starts a run's record: numbers, values, command line (to be freed). */
void sweep_record(const struct sweep *sweep, uint64_t run, const struct sweep_sets *sets, struct store_run *record,
                  char **command);

#ifdef __cplusplus
}
#endif

#endif

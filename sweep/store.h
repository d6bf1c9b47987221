/*
 * Where a sweep's results are kept: an SQLite file whose tables docs/sweep.md describes.
 *
 * There is one writer for a file. Each worker of a sweep writes a file of its own, a shard, and store_merge() puts
 * shards into the result; a run is one transaction, so a shard holds a run whole or not at all, whenever its writer is
 * killed. Nothing uses a write-ahead log, which network file systems do not carry.
 *
 * Functions that can fail return false and say why in store_error(). After a failure the file is to be closed.
 */
#ifndef DOORBELL_SWEEP_STORE_H
#define DOORBELL_SWEEP_STORE_H

#include "result/run.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the tables, in `about.schema` and as SQLite's user_version. */
#define STORE_SCHEMA      2
#define STORE_SCHEMA_TEXT "2"

/** How a run ended. */
enum store_status {
    STORE_DONE,       /**< the simulation ended; `failures` expectations were not met */
    STORE_IMPOSSIBLE, /**< the scenario is wrong at this point, or cannot be built; nothing was simulated */
    STORE_STUCK,      /**< MSIs were still under way long after the traffic's end */
    STORE_BROKEN,     /**< the simulator found a rule of its own broken */
    STORE_DIED,       /**< the worker died: by a signal, or out of memory */
};

#define STORE_STATUSES 5

/** "done", "impossible", "stuck", "broken", "died". */
const char *store_status_name(enum store_status status);

/** One run. */
struct store_run {
    uint64_t run;
    uint64_t point;
    uint32_t replication;
    uint64_t seed;
    enum store_status status;
    uint32_t failures;         /**< expectations that were not met */
    const char *message;       /**< why there is no result, or NULL */
    const char *command;       /**< a command line that does the same again */
    uint64_t wall_us;          /**< of building and simulating the system, in microseconds: not reproducible */
    const char *const *values; /**< by axis: what it was set to */
    size_t value_count;
    const struct run_result *result; /**< NULL unless STORE_DONE or STORE_STUCK */
};

/** What a sweep is, kept in every file of it: files of different sweeps are not mixed. */
struct store_about {
    const char *scenario; /**< path of the file */
    const char *title;
    const char *identity; /**< text that tells one sweep from another: the resolved scenario with its axes */
    const char *version;  /**< of Doorbell */
    uint64_t points;
    uint32_t replications;
    const char *const *axes; /**< keys */
    size_t axis_count;
};

struct store;

/**
 * Opens a file for writing, and makes it if it is not there.
 * @param about what the file must be about; a new file gets it
 * @return the store, to be released with store_close(), even when store_error() says that it cannot be used
 */
struct store *store_open(const char *path, const struct store_about *about);

/**
 * Opens a file that must be there, for reading. Otherwise as store_open(). What a writer that died had half written is
 * taken back first. @param about NULL: any sweep
 */
struct store *store_open_existing(const char *path, const struct store_about *about);

/** Why the store cannot be used, one sentence; NULL if it can. */
const char *store_error(const struct store *store);

/** No place of a question. */
#define STORE_NO_OFFSET SIZE_MAX

/** The byte of store_query()'s statement that store_error() is about; STORE_NO_OFFSET if it is about none. */
size_t store_error_offset(const struct store *store);

/** Whether the file is of another sweep than store_open() was told. */
bool store_is_foreign(const struct store *store);

/**
 * Whether store_open_existing() found a file without tables, which is an error of the store: its writer has opened it
 * and no more, or died then. Such a shard holds nothing, and nothing is lost.
 */
bool store_is_unfounded(const struct store *store);

/** Adds a run. One that is there already stays as it is. */
bool store_add(struct store *store, const struct store_run *run);

/**
 * Adds all runs of another file of the same sweep that are not there. A file whose writer died before it made the
 * tables adds none. @param merged receives how many
 */
bool store_merge(struct store *store, const char *path, uint64_t *merged);

/**
 * Which runs are there, failed ones too.
 * @param present array of @p runs, set true for those
 */
bool store_present(struct store *store, bool *present, uint64_t runs);

/** How many runs there are by how they ended. */
bool store_count(struct store *store, uint64_t counts[STORE_STATUSES], uint64_t *unmet);

/** Takes away the runs that have no result, so that they are done again. */
bool store_forget_failed(struct store *store);

/**
 * Asks the file a question in SQL: one statement, which only reads. Another one behind it is an error, and so is one
 * that would write.
 * @param row called with the texts of each row, NULL for SQL's NULL; returns false to end early
 * @param numeric by column, whether the value is a number
 */
bool store_query(struct store *store, const char *sql,
                 bool (*row)(void *context, size_t columns, const char *const *names, const char *const *values,
                             const bool *numeric),
                 void *context);

/**
 * Names the columns of an answer, which one without rows has too.
 * @param column called with each name, in order
 */
bool store_columns(struct store *store, const char *sql, void (*column)(void *context, const char *name),
                   void *context);

/** Closes the file. NULL is allowed. */
void store_close(struct store *store);

#ifdef __cplusplus
}
#endif

#endif

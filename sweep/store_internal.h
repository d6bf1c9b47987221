/* What the files of the store share. */
#ifndef DOORBELL_SWEEP_STORE_INTERNAL_H
#define DOORBELL_SWEEP_STORE_INTERNAL_H

#include "sweep/store.h"

#include <sqlite3.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The statements that add rows. */
enum store_insert {
    STORE_INSERT_RUN,
    STORE_INSERT_PARAMETER,
    STORE_INSERT_METRIC,
    STORE_INSERT_HOP,
    STORE_INSERT_BINS,
    STORE_INSERT_VERDICT,
    STORE_INSERT_COUNTER,
};

#define STORE_INSERTS 7

struct store {
    sqlite3 *database;
    char *path;
    char *version;
    bool foreign;
    bool unfounded;
    bool failed;
    char error[512];
    size_t error_offset; /**< of the mistake in the question that was asked; STORE_NO_OFFSET: not known */
    sqlite3_stmt *inserts[STORE_INSERTS];
};

/** Makes the tables. */
extern const char store_tables[];

/** The statements that take runs from the database `shard`, in order; NULL ends them. */
extern const char *const store_merges[];

/** The same for a database that has no rows yet but those that say what it is about. */
extern const char *const store_first_merges[];

extern const char *const store_inserts[STORE_INSERTS];

/** Takes note of a failure, with what SQLite says if that is not NULL. @return false */
bool store_fail(struct store *store, const char *doing, const char *why);

/** Carries out statements without results. */
bool store_execute(struct store *store, const char *sql, const char *doing);

/** Adds the rows of a run, inside a transaction. (store_rows.c) */
bool store_add_rows(struct store *store, const struct store_run *run);

#ifdef __cplusplus
}
#endif

#endif

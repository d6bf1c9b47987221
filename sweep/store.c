#include "sweep/store_internal.h"

#include "result/error_code.h"
#include "sim/allocate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const status_names[STORE_STATUSES] = {
    [STORE_DONE] = "done", [STORE_IMPOSSIBLE] = "impossible", [STORE_STUCK] = "stuck", [STORE_BROKEN] = "broken",
    [STORE_DIED] = "died",
};

const char *store_status_name(enum store_status status)
{
    return status_names[status];
}

bool store_fail(struct store *store, const char *doing, const char *why)
{
    if (!store->failed) {
        char code[ERROR_CODE_SIZE];

        doing = error_code_split(doing, code);
        store->failed = true;
        snprintf(store->error, sizeof(store->error), "%s %s: %s%s%s", code[0] == '\0' ? "E0405" : code, store->path,
                 doing, why == NULL ? "" : ": ", why == NULL ? "" : why);
    }
    return false;
}

bool store_execute(struct store *store, const char *sql, const char *doing)
{
    if (sqlite3_exec(store->database, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return store_fail(store, doing, sqlite3_errmsg(store->database));
    }
    return true;
}

/** Why a file cannot be opened: SQLite has one sentence for all of it. NULL: it may be possible. */
static const char *obstacle(const char *path, int flags)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        return (flags & SQLITE_OPEN_CREATE) != 0 && errno == ENOENT ? NULL : strerror(errno);
    }
    if (S_ISDIR(status.st_mode)) {
        return strerror(EISDIR);
    }
    return access(path, (flags & SQLITE_OPEN_READWRITE) != 0 ? R_OK | W_OK : R_OK) != 0 ? strerror(errno) : NULL;
}

static struct store *open_file(const char *path, int flags)
{
    struct store *store = sim_allocate(1, sizeof(*store));
    const char *why = obstacle(path, flags);

    store->path = sim_copy_string(path);
    store->error_offset = STORE_NO_OFFSET;
    if (why != NULL) {
        store_fail(store, "cannot open", why);
    } else if (sqlite3_open_v2(path, &store->database, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        store_fail(store, "cannot open", store->database == NULL ? NULL : sqlite3_errmsg(store->database));
    } else {
        sqlite3_busy_timeout(store->database, 10000);
    }
    return store;
}

/** One value of the table `about`, to be freed; NULL if there is none. */
static char *read_about(struct store *store, const char *schema, const char *key)
{
    sqlite3_stmt *statement = NULL;
    char *value = NULL;
    char sql[96];

    snprintf(sql, sizeof(sql), "SELECT value FROM %s.about WHERE key = ?", schema);
    if (sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        value = sim_copy_string((const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return value;
}

static bool write_pair(struct store *store, const char *sql, const char *key, const char *text, int64_t number)
{
    sqlite3_stmt *statement = NULL;
    bool good = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) == SQLITE_OK;

    good = good && (key != NULL ? sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC)
                                : sqlite3_bind_int64(statement, 1, number)) == SQLITE_OK;
    good = good && (text != NULL ? sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC)
                                 : sqlite3_bind_int64(statement, 2, number)) == SQLITE_OK;
    good = good && sqlite3_step(statement) == SQLITE_DONE;
    if (!good) {
        store_fail(store, "cannot write", sqlite3_errmsg(store->database));
    }
    sqlite3_finalize(statement);
    return good;
}

/** Whether a database at hand has no tables, as its writer's death left it or as its writer has just opened it. */
static bool is_unfounded(struct store *store, const char *schema)
{
    sqlite3_stmt *statement = NULL;
    char sql[96];
    int step = SQLITE_ERROR;

    snprintf(sql, sizeof(sql), "SELECT 1 FROM %s.sqlite_master", schema);
    if (sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) == SQLITE_OK) {
        step = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    return step == SQLITE_DONE;
}

/** Makes the tables of a new file. */
static bool found(struct store *store, const struct store_about *about)
{
    static const char pair[] = "INSERT INTO about VALUES (?, ?)";
    bool good = store_execute(store, "BEGIN IMMEDIATE", "cannot write") &&
                store_execute(store, store_tables, "cannot make its tables") &&
                store_execute(store, "PRAGMA user_version = " STORE_SCHEMA_TEXT, "cannot write") &&
                write_pair(store, pair, "schema", NULL, STORE_SCHEMA) &&
                write_pair(store, pair, "scenario", about->scenario, 0) &&
                write_pair(store, pair, "title", about->title, 0) &&
                write_pair(store, pair, "identity", about->identity, 0) &&
                write_pair(store, pair, "version", about->version, 0) &&
                write_pair(store, pair, "points", NULL, (int64_t)about->points) &&
                write_pair(store, pair, "replications", NULL, about->replications);

    for (size_t i = 0; i < about->axis_count && good; i++) {
        good = write_pair(store, "INSERT INTO axes VALUES (?, ?)", NULL, about->axes[i], (int64_t)i);
    }
    return good && store_execute(store, "COMMIT", "cannot write");
}

/** Whether a database at hand is a sweep's, of this version. */
static bool check_schema(struct store *store, const char *schema)
{
    char *version = read_about(store, schema, "schema");
    bool good = version != NULL && strtoul(version, NULL, 10) == STORE_SCHEMA;

    if (version == NULL && (sqlite3_errcode(store->database) & 0xff) == SQLITE_CORRUPT) {
        store_fail(store, "it is damaged", sqlite3_errmsg(store->database));
    } else if (version == NULL) {
        store_fail(store, "E0404 this is no result of a sweep", NULL);
    } else if (!good) {
        store_fail(store, "E0404 written by another version of Doorbell: its schema is", version);
    }
    free(version);
    return good;
}

/** Whether the file is of this sweep; says so if not. */
static void check_identity(struct store *store, const struct store_about *about)
{
    char *identity = read_about(store, "main", "identity");

    if (identity == NULL || strcmp(identity, about->identity) != 0) {
        store->foreign = true;
        store_fail(store, "E0404 holds the results of another sweep", NULL);
    }
    free(identity);
}

static void prepare_file(struct store *store, const struct store_about *about)
{
    /*
     * A killed process loses nothing that was handed to the system, so its caches need not reach the disk at each
     * run; the journal takes back what was half written. It is one file for all runs: making it and taking it away
     * again costs more than what is in it. A run has rows in seven tables: in a new file, pages that hold four runs
     * of them are fewer to write than those of one run.
     */
    if (!store_execute(store, "PRAGMA page_size = 16384; PRAGMA synchronous = OFF; PRAGMA journal_mode = PERSIST",
                       "cannot open")) {
        return;
    }
    if (!store_execute(store, "SELECT 1 FROM sqlite_master", "cannot read")) {
        return;
    }
    if (is_unfounded(store, "main")) {
        found(store, about);
    } else if (check_schema(store, "main")) {
        check_identity(store, about);
    }
}

struct store *store_open(const char *path, const struct store_about *about)
{
    struct store *store = open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

    store->version = sim_copy_string(about->version);
    if (!store->failed) {
        prepare_file(store, about);
    }
    return store;
}

/** Whether a reader may not read because a writer died in mid-write, which only one that writes can take back. */
static bool needs_rollback(const struct store *store)
{
    return !store->failed &&
           sqlite3_exec(store->database, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL) != SQLITE_OK &&
           (sqlite3_errcode(store->database) & 0xff) == SQLITE_READONLY;
}

struct store *store_open_existing(const char *path, const struct store_about *about)
{
    struct store *store = open_file(path, SQLITE_OPEN_READONLY);

    if (needs_rollback(store)) {
        store_close(store);
        store = open_file(path, SQLITE_OPEN_READWRITE);
    }
    store->unfounded = !store->failed && is_unfounded(store, "main");
    if (!store->failed && check_schema(store, "main") && about != NULL) {
        check_identity(store, about);
    }
    return store;
}

bool store_is_unfounded(const struct store *store)
{
    return store->unfounded;
}

const char *store_error(const struct store *store)
{
    return store->failed ? store->error : NULL;
}

size_t store_error_offset(const struct store *store)
{
    return store->error_offset;
}

bool store_is_foreign(const struct store *store)
{
    return store->foreign;
}

bool store_add(struct store *store, const struct store_run *run)
{
    return store_execute(store, "BEGIN IMMEDIATE", "cannot write") && store_add_rows(store, run) &&
           store_execute(store, "COMMIT", "cannot write");
}

/** Whether nothing has been merged yet; rows of runs that were forgotten since count too. */
static bool is_empty(struct store *store)
{
    static const char any[] =
        "SELECT 1 FROM main.runs UNION ALL SELECT 1 FROM main.parameters UNION ALL SELECT 1 FROM main.metrics"
        " UNION ALL SELECT 1 FROM main.hops UNION ALL SELECT 1 FROM main.distributions"
        " UNION ALL SELECT 1 FROM main.verdicts UNION ALL SELECT 1 FROM main.counters LIMIT 1";
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_ERROR;

    if (sqlite3_prepare_v2(store->database, any, -1, &statement, NULL) == SQLITE_OK) {
        step = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    return step == SQLITE_DONE;
}

/** Takes the runs of the attached `shard`. */
static bool merge_attached(struct store *store, uint64_t *merged)
{
    const char *const *merges = store_merges;
    char *ours = read_about(store, "main", "identity");
    char *theirs = read_about(store, "shard", "identity");
    bool good = ours != NULL && theirs != NULL && strcmp(ours, theirs) == 0;

    if (!good) {
        store_fail(store, "E0404 a shard is of another sweep, or damaged", NULL);
    }
    free(ours);
    free(theirs);
    good = good && store_execute(store, "BEGIN IMMEDIATE", "cannot write");
    if (good && is_empty(store)) {
        merges = store_first_merges;
    }
    for (size_t i = 0; merges[i] != NULL && good; i++) {
        good = store_execute(store, merges[i], "cannot merge");
    }
    *merged = good ? (uint64_t)sqlite3_changes(store->database) : 0;
    return good && store_execute(store, "COMMIT", "cannot write");
}

bool store_merge(struct store *store, const char *path, uint64_t *merged)
{
    sqlite3_stmt *statement = NULL;
    bool good = sqlite3_prepare_v2(store->database, "ATTACH ? AS shard", -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_DONE;

    *merged = 0;
    sqlite3_finalize(statement);
    if (!good) {
        return store_fail(store, path, sqlite3_errmsg(store->database));
    }
    good = is_unfounded(store, "shard") || (check_schema(store, "shard") && merge_attached(store, merged));
    if (!good) {
        sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
        sqlite3_exec(store->database, "DETACH shard", NULL, NULL, NULL);
        return false;
    }
    return store_execute(store, "DETACH shard", "cannot let go of a shard");
}

bool store_present(struct store *store, bool *present, uint64_t runs)
{
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_ERROR;

    if (sqlite3_prepare_v2(store->database, "SELECT run FROM runs", -1, &statement, NULL) == SQLITE_OK) {
        while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
            uint64_t run = (uint64_t)sqlite3_column_int64(statement, 0);

            if (run < runs) {
                present[run] = true;
            }
        }
    }
    sqlite3_finalize(statement);
    return step == SQLITE_DONE || store_fail(store, "cannot read", sqlite3_errmsg(store->database));
}

bool store_count(struct store *store, uint64_t counts[STORE_STATUSES], uint64_t *unmet)
{
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_ERROR;

    memset(counts, 0, STORE_STATUSES * sizeof(counts[0]));
    *unmet = 0;
    if (sqlite3_prepare_v2(store->database, "SELECT status, count(*), sum(unmet > 0) FROM runs GROUP BY status", -1,
                           &statement, NULL) == SQLITE_OK) {
        while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
            const char *name = (const char *)sqlite3_column_text(statement, 0);

            for (size_t i = 0; i < STORE_STATUSES; i++) {
                if (name != NULL && strcmp(name, status_names[i]) == 0) {
                    counts[i] = (uint64_t)sqlite3_column_int64(statement, 1);
                }
            }
            *unmet += (uint64_t)sqlite3_column_int64(statement, 2);
        }
    }
    sqlite3_finalize(statement);
    return step == SQLITE_DONE || store_fail(store, "cannot read", sqlite3_errmsg(store->database));
}

bool store_forget_failed(struct store *store)
{
    return store_execute(store,
                         "BEGIN IMMEDIATE;"
                         "DELETE FROM metrics WHERE run IN (SELECT run FROM runs WHERE status <> 'done');"
                         "DELETE FROM hops WHERE run IN (SELECT run FROM runs WHERE status <> 'done');"
                         "DELETE FROM distributions WHERE run IN (SELECT run FROM runs WHERE status <> 'done');"
                         "DELETE FROM verdicts WHERE run IN (SELECT run FROM runs WHERE status <> 'done');"
                         "DELETE FROM counters WHERE run IN (SELECT run FROM runs WHERE status <> 'done');"
                         "DELETE FROM runs WHERE status <> 'done';"
                         "COMMIT;",
                         "cannot write");
}

/** What a callback gets of a row. */
struct columns {
    const char **names;
    const char **values;
    bool *numeric;
    int count;
};

static void read_row(sqlite3_stmt *statement, struct columns *columns)
{
    for (int i = 0; i < columns->count; i++) {
        int type = sqlite3_column_type(statement, i);

        columns->names[i] = sqlite3_column_name(statement, i);
        columns->numeric[i] = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
        columns->values[i] = (const char *)sqlite3_column_text(statement, i);
    }
}

/** Takes note that the question is wrong at a place. @return false */
static bool fail_at(struct store *store, const char *sql, const char *place, const char *why)
{
    store->error_offset = place == NULL ? STORE_NO_OFFSET : (size_t)(place - sql);
    return store_fail(store, "E0408 the question is wrong", why);
}

/** Where SQLite sees the mistake of what it could not prepare. */
static const char *mistake(const struct store *store, const char *sql)
{
#if SQLITE_VERSION_NUMBER >= 3038000
    const int offset = sqlite3_error_offset(store->database);

    return offset < 0 ? NULL : sql + offset;
#else
    (void)store;
    (void)sql;
    return NULL;
#endif
}

/** Prepares a question: one statement and no more, which writes nothing. @return NULL if it is wrong */
static sqlite3_stmt *prepare(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_stmt *second = NULL;
    const char *rest = NULL;
    bool good = sqlite3_prepare_v2(store->database, sql, -1, &statement, &rest) == SQLITE_OK && statement != NULL;

    if (!good) {
        fail_at(store, sql, mistake(store, sql), sqlite3_errmsg(store->database));
    } else if (sqlite3_stmt_readonly(statement) == 0) {
        good = fail_at(store, sql, sql, "it would write, and only reading is possible");
    } else if (sqlite3_prepare_v2(store->database, rest, -1, &second, NULL) != SQLITE_OK || second != NULL) {
        rest += strspn(rest, " \t\r\n;");
        good = fail_at(store, sql, rest, "a second statement begins here, and a question is one");
    }
    sqlite3_finalize(second);
    if (!good) {
        sqlite3_finalize(statement);
        statement = NULL;
    }
    return statement;
}

bool store_query(struct store *store, const char *sql,
                 bool (*row)(void *context, size_t columns, const char *const *names, const char *const *values,
                             const bool *numeric),
                 void *context)
{
    sqlite3_stmt *statement = prepare(store, sql);
    struct columns columns;
    int step = SQLITE_ERROR;

    if (statement == NULL) {
        return false;
    }
    columns.count = sqlite3_column_count(statement);
    columns.names = sim_allocate((size_t)columns.count + 1, sizeof(*columns.names));
    columns.values = sim_allocate((size_t)columns.count + 1, sizeof(*columns.values));
    columns.numeric = sim_allocate((size_t)columns.count + 1, sizeof(*columns.numeric));
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        read_row(statement, &columns);
        if (!row(context, (size_t)columns.count, columns.names, columns.values, columns.numeric)) {
            step = SQLITE_DONE;
            break;
        }
    }
    if (step != SQLITE_DONE) {
        store_fail(store, "cannot read", sqlite3_errmsg(store->database));
    }
    sqlite3_finalize(statement);
    free((void *)columns.names);
    free((void *)columns.values);
    free(columns.numeric);
    return step == SQLITE_DONE;
}

bool store_columns(struct store *store, const char *sql, void (*column)(void *context, const char *name), void *context)
{
    sqlite3_stmt *statement = prepare(store, sql);
    const int count = statement == NULL ? 0 : sqlite3_column_count(statement);

    for (int i = 0; i < count; i++) {
        column(context, sqlite3_column_name(statement, i));
    }
    sqlite3_finalize(statement);
    return statement != NULL;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < STORE_INSERTS; i++) {
        sqlite3_finalize(store->inserts[i]);
    }
    if (store->database != NULL && !store->failed && sqlite3_db_readonly(store->database, "main") == 0) {
        sqlite3_exec(store->database, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL); /* takes the journal away */
    }
    sqlite3_close(store->database);
    free(store->path);
    free(store->version);
    free(store);
}

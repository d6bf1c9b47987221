#include "sweep/query.h"

#include "sim/allocate.h"
#include "sweep/query_internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const query_questions[] = {"points",   "worst",   "best", "pareto", "failed",
                                       "verdicts", "metrics", "hops", NULL};

#define LATENCY "msi.latency."

/* ---- Tables ---- */

bool query_is_time(const char *metric)
{
    static const char *const others[] = {"end-time", "run.duration", "run.warmup"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(metric, others[i]) == 0) {
            return true;
        }
    }
    return strncmp(metric, LATENCY, sizeof(LATENCY) - 1) == 0;
}

bool query_is_percentile(const char *metric)
{
    const char *rest = metric + sizeof(LATENCY) - 1;

    return strncmp(metric, LATENCY, sizeof(LATENCY) - 1) == 0 && rest[0] == 'p' && isdigit((unsigned char)rest[1]);
}

/** A key that no column has yet: a member of an object that had another's name would hide it. To be freed. */
static char *new_key(const struct query_table *table, const char *wanted)
{
    size_t size = strlen(wanted) + 24;
    char *key = sim_allocate(size, 1);
    size_t again = 1;

    snprintf(key, size, "%s", wanted);
    for (size_t i = 0; i < table->columns; i++) {
        if (strcmp(table->keys[i], key) == 0) {
            snprintf(key, size, "%s-%zu", wanted, ++again);
            i = (size_t)-1; /* from the first again */
        }
    }
    return key;
}

void query_table_column_keyed(struct query_table *table, const char *name, const char *key, bool time)
{
    table->names = sim_reallocate(table->names, table->columns + 1, sizeof(*table->names));
    table->keys = sim_reallocate(table->keys, table->columns + 1, sizeof(*table->keys));
    table->times = sim_reallocate(table->times, table->columns + 1, sizeof(*table->times));
    table->keys[table->columns] = new_key(table, key);
    table->times[table->columns] = time;
    table->names[table->columns++] = sim_copy_string(name);
}

void query_table_column(struct query_table *table, const char *name)
{
    char key[300];

    snprintf(key, sizeof(key), "%s%s", name, query_is_time(name) ? "-fs" : "");
    query_table_column_keyed(table, name, key, query_is_time(name));
}

void query_table_add(struct query_table *table, size_t filled, const char *text, bool numeric)
{
    if (filled >= table->room) {
        table->room = table->room == 0 ? 256 : 2 * table->room;
        table->cells = sim_reallocate(table->cells, table->room, sizeof(*table->cells));
    }
    table->cells[filled] = (struct query_cell){text == NULL ? NULL : sim_copy_string(text), numeric};
    table->rows = (filled + 1) / table->columns;
}

void query_table_clear(struct query_table *table)
{
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        free(table->cells[i].text);
    }
    for (size_t i = 0; i < table->columns; i++) {
        free(table->names[i]);
        free(table->keys[i]);
    }
    free(table->names);
    free(table->keys);
    free(table->times);
    free(table->cells);
    memset(table, 0, sizeof(*table));
}

/** A column as who asked calls it. */
static void take_column(void *context, const char *name)
{
    query_table_column_keyed(context, name, name, query_is_time(name));
}

static bool take_row(void *context, size_t columns, const char *const *names, const char *const *values,
                     const bool *numeric)
{
    struct query_table *table = context;
    size_t filled = table->rows * table->columns;

    for (size_t i = table->columns; i < columns; i++) {
        take_column(table, names[i]);
    }
    for (size_t i = 0; i < columns; i++) {
        query_table_add(table, filled + i, values[i], numeric[i]);
    }
    return true;
}

/** Asks a statement; an answer without rows has its columns too. */
static bool ask_sql(struct store *store, struct query_table *table, const char *sql)
{
    return store_query(store, sql, take_row, table) &&
           (table->columns > 0 || store_columns(store, sql, take_column, table));
}

bool query_sql(struct store *store, struct query_table *table, const char *format, ...)
{
    char sql[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    return ask_sql(store, table, sql);
}

void query_quote(const char *text, char *quoted, size_t size)
{
    size_t length = 0;

    quoted[length++] = '\'';
    for (; *text != '\0' && length + 4 < size; text++) {
        if (*text == '\'') {
            quoted[length++] = '\'';
        }
        quoted[length++] = *text;
    }
    quoted[length++] = '\'';
    quoted[length] = '\0';
}

/* ---- Statistics ---- */

/** 97.5 % points of Student's t for 1 to 30 degrees of freedom; beyond, the normal distribution's is near. */
static const double student_t[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                   2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                   2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};

#define STUDENT_T (sizeof(student_t) / sizeof(student_t[0]))

double query_interval(const double *values, size_t count)
{
    double mean = 0;
    double squares = 0;

    if (count < 2) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        mean += values[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    return (count - 2 < STUDENT_T ? student_t[count - 2] : 1.96) * sqrt(squares / (double)(count - 1) / (double)count);
}

/* ---- Questions ---- */

static bool ask_failed(struct store *store, struct query_table *table)
{
    return query_sql(store, table,
                     "SELECT run, point, replication, status, unmet, message, command FROM runs"
                     " WHERE status <> 'done' OR unmet > 0 ORDER BY run");
}

static bool ask_verdicts(struct store *store, struct query_table *table)
{
    return query_sql(store, table,
                     "SELECT assumption, sum(outcome = 'holds') AS holds, sum(outcome = 'violated') AS violated,"
                     " sum(outcome = 'not-applicable') AS \"not-applicable\","
                     " min(CASE outcome WHEN 'violated' THEN point END) AS \"first violated\""
                     " FROM verdicts JOIN runs USING (run) GROUP BY assumption ORDER BY assumption");
}

static bool ask_metrics(struct store *store, struct query_table *table)
{
    return query_sql(store, table,
                     "SELECT metric, device, count(*) AS runs,"
                     " CASE WHEN metric LIKE 'msi.latency.%%' OR metric IN ('end-time', 'run.duration', 'run.warmup')"
                     " THEN 'fs' ELSE '' END AS unit, min(value) AS min, avg(value) AS mean,"
                     " max(value) AS max FROM metrics GROUP BY metric, device ORDER BY device, metric");
}

static bool ask_hops(struct store *store, struct query_table *table)
{
    static const char *const columns[] = {"stage", "position", "msis", "min", "mean", "max"};

    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        const bool time = i >= 3;
        char key[32];

        snprintf(key, sizeof(key), "%s%s", columns[i], time ? "-fs" : "");
        query_table_column_keyed(table, columns[i], key, time);
    }
    return query_sql(store, table,
                     "SELECT stage, min(position) AS position, sum(count) AS msis, min(min) AS min,"
                     " sum(mean * 1.0 * count) / sum(count) AS mean, max(max) AS max"
                     " FROM hops GROUP BY stage ORDER BY position, stage");
}

static bool is_sql(const char *question)
{
    return (strncasecmp(question, "select", 6) == 0 && !isalnum((unsigned char)question[6])) ||
           (strncasecmp(question, "with", 4) == 0 && !isalnum((unsigned char)question[4]));
}

bool query_ask(struct store *store, const struct query *query, struct query_table *table, char *why, size_t size)
{
    const char *question = query->question;
    bool good;

    why[0] = '\0';
    if (is_sql(question)) {
        good = ask_sql(store, table, question);
    } else if (strcmp(question, "failed") == 0) {
        good = ask_failed(store, table);
    } else if (strcmp(question, "verdicts") == 0) {
        good = ask_verdicts(store, table);
    } else if (strcmp(question, "metrics") == 0) {
        good = ask_metrics(store, table);
    } else if (strcmp(question, "hops") == 0) {
        good = ask_hops(store, table);
    } else {
        return query_points(store, query, table, why, size);
    }
    if (!good) {
        snprintf(why, size, "%s", store_error(store));
    }
    return good;
}

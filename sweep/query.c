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

/* ---- Tables ---- */

bool query_is_time(const char *metric)
{
    return strncmp(metric, "msi.latency.", 12) == 0 || strcmp(metric, "end-time") == 0;
}

void query_table_column(struct query_table *table, const char *name)
{
    table->names = sim_reallocate(table->names, table->columns + 1, sizeof(*table->names));
    table->times = sim_reallocate(table->times, table->columns + 1, sizeof(*table->times));
    table->times[table->columns] = query_is_time(name);
    table->names[table->columns++] = sim_copy_string(name);
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
    }
    free(table->names);
    free(table->times);
    free(table->cells);
    memset(table, 0, sizeof(*table));
}

static bool take_row(void *context, size_t columns, const char *const *names, const char *const *values,
                     const bool *numeric)
{
    struct query_table *table = context;
    size_t filled = table->rows * table->columns;

    for (size_t i = table->columns; i < columns; i++) {
        query_table_column(table, names[i]);
    }
    for (size_t i = 0; i < columns; i++) {
        query_table_add(table, filled + i, values[i], numeric[i]);
    }
    return true;
}

bool query_sql(struct store *store, struct query_table *table, const char *format, ...)
{
    char sql[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    return store_query(store, sql, take_row, table);
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
                     "SELECT metric, device, count(*) AS runs, min(value) AS min, avg(value) AS mean,"
                     " max(value) AS max FROM metrics GROUP BY metric, device ORDER BY device, metric");
}

/** The columns from @p first on are times. */
static bool mark_times(struct query_table *table, size_t first)
{
    for (size_t i = first; i < table->columns; i++) {
        table->times[i] = true;
    }
    return true;
}

static bool ask_hops(struct store *store, struct query_table *table)
{
    return query_sql(store, table,
                     "SELECT stage, min(position) AS position, sum(count) AS msis, min(min) AS min,"
                     " sum(mean * 1.0 * count) / sum(count) AS mean, max(max) AS max"
                     " FROM hops GROUP BY stage ORDER BY position, stage") &&
           mark_times(table, 3);
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
        good = store_query(store, question, take_row, table);
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

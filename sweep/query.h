/*
 * Questions about the results of a sweep, and their answers as a table.
 *
 * Replications of a point are combined: the mean of the replications' values, and the half width of its 95 % confidence
 * interval by Student's t over them. With one replication only a mean of latencies has an interval, the run's own (from
 * batch means).
 *
 * A percentile comes from a histogram whose steps are 1/128 of the value, so replications that say the same know it no
 * better than that: its interval has that much more on either side.
 */
#ifndef DOORBELL_SWEEP_QUERY_H
#define DOORBELL_SWEEP_QUERY_H

#include "sweep/store.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is asked. */
struct query {
    const char *question; /**< "points", ...: see query_questions; or SQL that begins with "SELECT" or "WITH" */
    const char *const *metrics;
    size_t metric_count; /**< 0: QUERY_METRIC */
    const char *device;  /**< NULL: all devices together */
};

/** The metric if none is named. */
#define QUERY_METRIC "msi.latency.p99"

/** The questions that are not SQL; ends with NULL. */
extern const char *const query_questions[];

/** A value of a table. */
struct query_cell {
    char *text;   /**< NULL: there is none */
    bool numeric; /**< the text is a number */
};

/** An answer. Zero-initialise; release with query_table_clear(). */
struct query_table {
    char **names; /**< of the columns, for people */
    char **keys;  /**< of the columns, for programs: times end in "-fs", and each is another one */
    bool *times;  /**< by column: its numbers are femtoseconds */
    size_t columns;
    struct query_cell *cells; /**< row by row */
    size_t rows;
    size_t room; /**< cells that there is memory for */
};

/**
 * Answers a question.
 * @param why receives one sentence if it cannot be answered
 * @return whether it could
 */
bool query_ask(struct store *store, const struct query *query, struct query_table *table, char *why, size_t size);

/** A text as SQL writes it, cut off if @p quoted has no room for it. */
void query_quote(const char *text, char *quoted, size_t size);

/** Whether a metric, or the column that is called as it, is a time in femtoseconds. */
bool query_is_time(const char *metric);

/** Whether a metric comes from a histogram, and is exact to a step of it only. */
bool query_is_percentile(const char *metric);

/** Releases a table and empties it. */
void query_table_clear(struct query_table *table);

/**
 * Half width of the 95 % confidence interval of a mean, by Student's t.
 * @return a negative number if there are fewer than two values
 */
double query_interval(const double *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif

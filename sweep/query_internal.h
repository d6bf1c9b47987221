/* What the files that answer questions share. */
#ifndef DOORBELL_SWEEP_QUERY_INTERNAL_H
#define DOORBELL_SWEEP_QUERY_INTERNAL_H

#include "sweep/query.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Adds a column; only while there are no rows.
 * @param key  for programs; made different from the others
 * @param time its numbers are femtoseconds
 */
void query_table_column_keyed(struct query_table *table, const char *name, const char *key, bool time);

/** Adds a column whose key is its name, with "-fs" behind it if that is a time's (query_is_time()). */
void query_table_column(struct query_table *table, const char *name);

/** Adds cell number @p filled, of those of all rows. @param text NULL: there is none */
void query_table_add(struct query_table *table, size_t filled, const char *text, bool numeric);

/** What a cell says, "" if nothing: a file that somebody else made or damaged may lack what ours always has. */
static inline const char *query_text(const struct query_cell *cell)
{
    return cell->text == NULL ? "" : cell->text;
}

/** Asks SQL, made as by printf, and adds the rows. A table without columns gets the answer's. */
bool query_sql(struct store *store, struct query_table *table, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The questions that list points: points, worst, best, pareto. (query_points.c) */
bool query_points(struct store *store, const struct query *query, struct query_table *table, char *why, size_t size);

#ifdef __cplusplus
}
#endif

#endif

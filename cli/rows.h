/* Rows of an answer, for people (columns) and for programs (CSV, JSON Lines). */
#ifndef DOORBELL_CLI_ROWS_H
#define DOORBELL_CLI_ROWS_H

#include "cli/request.h"
#include "sweep/query.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes a table: with a line of names and columns as wide as need be; as CSV (RFC 4180) with a line of names; or with
 * one JSON object to a line, in which numbers are numbers and what is absent is null.
 * @return whether everything was written
 */
bool cli_rows_write(FILE *stream, const struct query_table *table, enum cli_format format);

/** A time, or a difference of two, as people read it: four digits and a unit. */
void cli_rows_time(double femtoseconds, char *text, size_t size);

/** The rows as a list of such objects, a new reference. */
json_t *cli_rows_json(const struct query_table *table);

#ifdef __cplusplus
}
#endif

#endif

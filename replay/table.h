/*
 * Tables of comma-separated values: a line of column names, then rows of decimal or 0x numbers and words. A row becomes
 * a structure of 64-bit numbers and texts.
 */
#ifndef DOORBELL_REPLAY_TABLE_H
#define DOORBELL_REPLAY_TABLE_H

#include "replay/text.h"
#include "scenario/diagnostics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An optional number that is not there. */
#define REPLAY_NONE UINT64_MAX

/** What a column holds, and as what it is kept. */
enum replay_column_kind {
    REPLAY_NUMBER,   /**< uint64_t */
    REPLAY_OPTIONAL, /**< uint64_t; REPLAY_NONE where the field is empty or -1 */
    REPLAY_WORD,     /**< uint64_t; 0 where the field is empty */
    REPLAY_TEXT,     /**< const char *, into the file's bytes */
};

struct replay_column {
    const char *name;
    enum replay_column_kind kind;
    size_t offset; /**< in the row's structure */
};

/** Rows of one file. Line numbers of rows: the first is line 2. */
struct replay_table {
    const struct replay_column *columns;
    size_t column_count;
    size_t row_bytes;
    size_t ordered; /**< one more than the index of the column that may not decrease; 0: none */
};

/**
 * Reads all rows. Columns may stand in any order, and others among them.
 * @param text  its bytes are changed: texts of rows end in zero bytes
 * @param count receives the number of rows
 * @return an array to be freed; NULL if there are none, or if something is wrong: then @p diagnostics say where
 */
void *replay_table_read(const struct replay_table *table, struct replay_text *text, size_t *count,
                        struct diagnostics *diagnostics);

/** An error about a field of a row. @param row from 0  @param column its name, for the message */
void replay_table_complain(const struct replay_text *text, size_t row, struct diagnostics *diagnostics,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Rows of a table whose content is not wanted. */
size_t replay_table_count(const struct replay_text *text);

/** Reads a number as the tables have them. @return whether all of the text is one */
bool replay_number(const char *text, size_t size, uint64_t *value);

#ifdef __cplusplus
}
#endif

#endif

#include "replay/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of a line beyond this are an error: no table of ours has so many. */
#define MAX_FIELDS 64

struct field {
    char *text;
    size_t size;
};

/** Where the reader stands. */
struct reader {
    const struct replay_table *table;
    struct replay_text *text;
    struct diagnostics *diagnostics;
    char *line;
    size_t line_size;
    char *next;      /**< the line behind it */
    unsigned number; /**< of the line, from 1 */
    struct field fields[MAX_FIELDS];
    size_t field_count;
    int column_of[MAX_FIELDS]; /**< field to column of the table; -1: not wanted */
    size_t header_count;
};

static void complain(const struct reader *reader, const char *place, size_t span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void complain(const struct reader *reader, const char *place, size_t span, const char *format, ...)
{
    struct diagnostic_where where = {
        .file = reader->text->path, .line = reader->number, .source = reader->line, .source_length = reader->line_size};
    va_list arguments;

    if (place != NULL) {
        where.column = (unsigned)(place - reader->line) + 1;
        where.span = span == 0 ? 1 : (unsigned)span;
    }
    va_start(arguments, format);
    diagnostics_vadd(reader->diagnostics, DIAGNOSTIC_ERROR, &where, format, arguments);
    va_end(arguments);
}

bool replay_number(const char *text, size_t size, uint64_t *value)
{
    const bool hex = size > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const uint64_t base = hex ? 16 : 10;
    uint64_t number = 0;

    for (size_t i = hex ? 2 : 0; i < size; i++) {
        const char c = text[i];
        uint64_t digit = 16;

        if (c >= '0' && c <= '9') {
            digit = (uint64_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = (uint64_t)(c - 'a') + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = (uint64_t)(c - 'A') + 10;
        }
        if (digit >= base || number > (UINT64_MAX - digit) / base) {
            return false;
        }
        number = number * base + digit;
    }
    *value = number;
    return size != 0;
}

/** Finds the next line. @return false at the end */
static bool next_line(struct reader *reader)
{
    char *end = reader->text->bytes + reader->text->size;
    char *stop;

    if (reader->next >= end) {
        return false;
    }
    reader->line = reader->next;
    stop = memchr(reader->line, '\n', (size_t)(end - reader->line));
    reader->next = stop == NULL ? end : stop + 1;
    reader->line_size = (size_t)((stop == NULL ? end : stop) - reader->line);
    if (reader->line_size != 0 && reader->line[reader->line_size - 1] == '\r') {
        reader->line_size--;
    }
    reader->number++;
    return true;
}

/** Splits the line. A field in quotes may hold commas. @return false if there are too many fields */
static bool split(struct reader *reader)
{
    char *start = reader->line;
    char *end = reader->line + reader->line_size;
    bool quoted = false;

    reader->field_count = 0;
    for (char *c = start;; c++) {
        if (c < end && *c == '"') {
            quoted = !quoted;
        }
        if (c < end && (*c != ',' || quoted)) {
            continue;
        }
        if (reader->field_count == MAX_FIELDS) {
            complain(reader, start, 1, "E2202 more than %d fields", MAX_FIELDS);
            return false;
        }
        reader->fields[reader->field_count++] = (struct field){.text = start, .size = (size_t)(c - start)};
        if (c >= end) {
            return true;
        }
        start = c + 1;
    }
}

/** Finds the table's columns in the first line. */
static bool read_header(struct reader *reader)
{
    const struct replay_table *table = reader->table;
    bool complete = true;

    if (!next_line(reader)) {
        reader->number = 1;
        reader->line = reader->text->bytes;
        complain(reader, NULL, 0, "E2202 the file is empty: it lacks the line of column names");
        return false;
    }
    if (!split(reader)) {
        return false;
    }
    reader->header_count = reader->field_count;
    for (size_t i = 0; i < reader->field_count; i++) {
        reader->column_of[i] = -1;
    }
    for (size_t c = 0; c < table->column_count; c++) {
        const char *name = table->columns[c].name;
        size_t i = 0;

        while (i < reader->field_count && (strlen(name) != reader->fields[i].size ||
                                           memcmp(name, reader->fields[i].text, reader->fields[i].size) != 0)) {
            i++;
        }
        if (i == reader->field_count) {
            complain(reader, NULL, 0, "E2202 there is no column '%s'", name);
            complete = false;
        } else {
            reader->column_of[i] = (int)c;
        }
    }
    return complete;
}

/** Puts one field into its place in the row. */
static bool read_field(const struct reader *reader, size_t index, char *row)
{
    const struct replay_column *column = &reader->table->columns[reader->column_of[index]];
    const struct field *field = &reader->fields[index];
    const bool absent =
        field->size == 0 || (column->kind == REPLAY_OPTIONAL && field->size == 2 && memcmp(field->text, "-1", 2) == 0);
    uint64_t value = 0;

    if (column->kind == REPLAY_TEXT) {
        const char *text = field->text;

        memcpy(row + column->offset, &text, sizeof(text));
        return true;
    }
    if (absent && column->kind != REPLAY_NUMBER) {
        value = column->kind == REPLAY_OPTIONAL ? REPLAY_NONE : 0;
    } else if (!replay_number(field->text, field->size, &value)) {
        complain(reader, field->text, field->size, "E2203 column '%s' must be a number, decimal or 0x..., of 64 bits",
                 column->name);
        return false;
    }
    memcpy(row + column->offset, &value, sizeof(value));
    return true;
}

/** The number by which rows are ordered. */
static uint64_t order_of(const struct replay_table *table, const char *row)
{
    uint64_t value;

    memcpy(&value, row + table->columns[table->ordered - 1].offset, sizeof(value));
    return value;
}

static bool read_row(const struct reader *reader, char *row, const char *before)
{
    const struct replay_table *table = reader->table;
    bool right = true;

    if (reader->field_count != reader->header_count) {
        complain(reader, NULL, 0, "E2202 %zu fields, where the first line names %zu", reader->field_count,
                 reader->header_count);
        return false;
    }
    for (size_t i = 0; i < reader->field_count; i++) {
        right = (reader->column_of[i] < 0 || read_field(reader, i, row)) && right;
    }
    if (right && table->ordered != 0 && before != NULL && order_of(table, row) < order_of(table, before)) {
        complain(reader, NULL, 0, "E2204 column '%s' goes back: rows must be in order",
                 table->columns[table->ordered - 1].name);
        right = false;
    }
    return right;
}

/** Ends every field in a zero byte; only when all of the line has been read, because it may have to be shown. */
static void terminate_fields(const struct reader *reader)
{
    for (size_t i = 0; i < reader->field_count; i++) {
        reader->fields[i].text[reader->fields[i].size] = '\0';
    }
}

void *replay_table_read(const struct replay_table *table, struct replay_text *text, size_t *count,
                        struct diagnostics *diagnostics)
{
    struct reader reader = {.table = table, .text = text, .diagnostics = diagnostics, .next = text->bytes};
    const size_t errors = diagnostics->error_count;
    const size_t most = replay_table_count(text) + 1;
    char *rows = NULL;

    *count = 0;
    if (!read_header(&reader)) {
        return NULL;
    }
    rows = calloc(most, table->row_bytes);
    if (rows == NULL) {
        complain(&reader, NULL, 0, "E0203 out of memory");
        return NULL;
    }
    while (next_line(&reader)) {
        char *row = rows + *count * table->row_bytes;

        if (split(&reader) && read_row(&reader, row, *count == 0 ? NULL : row - table->row_bytes)) {
            (*count)++;
            terminate_fields(&reader);
        }
    }
    if (diagnostics->error_count == errors && *count != 0) {
        return rows;
    }
    free(rows);
    return NULL;
}

void replay_table_complain(const struct replay_text *text, size_t row, struct diagnostics *diagnostics,
                           const char *format, ...)
{
    const struct diagnostic_where where = {.file = text->path, .line = (unsigned)row + 2};
    va_list arguments;

    va_start(arguments, format);
    diagnostics_vadd(diagnostics, DIAGNOSTIC_ERROR, &where, format, arguments);
    va_end(arguments);
}

size_t replay_table_count(const struct replay_text *text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text->size; i++) {
        lines += text->bytes[i] == '\n' ? 1 : 0;
    }
    lines += text->size != 0 && text->bytes[text->size - 1] != '\n' ? 1 : 0;
    return lines == 0 ? 0 : lines - 1;
}

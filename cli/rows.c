#include "cli/rows.h"

#include "cli/document.h"
#include "sim/allocate.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Characters of a text: bytes that begin one. */
static int width_of(const char *text)
{
    int width = 0;

    for (; text != NULL && *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

/** One field; the text ends at its first newline, since a row is one line. */
static void write_field(FILE *stream, const char *text, int width, bool right, bool last)
{
    int length = text == NULL ? 0 : (int)strcspn(text, "\n");
    int fill = width - width_of(text);

    if (right) {
        fprintf(stream, "%*s", fill > 0 ? fill : 0, "");
    }
    fwrite(text == NULL ? "" : text, 1, (size_t)length, stream);
    if (!right && !last) {
        fprintf(stream, "%*s", fill > 0 ? fill : 0, "");
    }
    fputs(last ? "\n" : "  ", stream);
}

void cli_rows_time(double femtoseconds, char *text, size_t size)
{
    static const struct {
        const char *name;
        double size;
    } units[] = {{"s", 1e15}, {"ms", 1e12}, {"us", 1e9}, {"ns", 1e6}, {"ps", 1e3}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (fabs(femtoseconds) >= units[i].size) {
            snprintf(text, size, "%.4g %s", femtoseconds / units[i].size, units[i].name);
            return;
        }
    }
    snprintf(text, size, "%.4g fs", femtoseconds);
}

/** What people see of a cell: @p buffer if it is a time. */
static const char *cell_text(const struct query_table *table, size_t index, char *buffer, size_t size)
{
    const struct query_cell *cell = &table->cells[index];

    if (cell->text == NULL || !cell->numeric || !table->times[index % table->columns]) {
        return cell->text;
    }
    cli_rows_time(strtod(cell->text, NULL), buffer, size);
    return buffer;
}

static void write_text(FILE *stream, const struct query_table *table)
{
    char text[32];
    int *widths = sim_allocate(table->columns + 1, sizeof(*widths));
    bool *right = sim_allocate(table->columns + 1, sizeof(*right));

    for (size_t i = 0; i < table->columns; i++) {
        widths[i] = width_of(table->names[i]);
        for (size_t j = 0; j < table->rows; j++) {
            const struct query_cell *cell = &table->cells[j * table->columns + i];
            int width = width_of(cell_text(table, j * table->columns + i, text, sizeof(text)));

            widths[i] = width > widths[i] ? width : widths[i];
            right[i] = right[i] || cell->numeric;
        }
    }
    for (size_t i = 0; i < table->columns; i++) {
        write_field(stream, table->names[i], widths[i], right[i], i + 1 == table->columns);
    }
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        size_t column = i % table->columns;

        write_field(stream, cell_text(table, i, text, sizeof(text)), widths[column], right[column],
                    column + 1 == table->columns);
    }
    free(widths);
    free(right);
}

static void write_csv_field(FILE *stream, const char *text, bool last)
{
    if (text != NULL && strpbrk(text, ",\"\r\n") != NULL) {
        fputc('"', stream);
        for (; *text != '\0'; text++) {
            fputs(*text == '"' ? "\"\"" : (const char[]){*text, '\0'}, stream);
        }
        fputc('"', stream);
    } else if (text != NULL) {
        fputs(text, stream);
    }
    fputs(last ? "\r\n" : ",", stream);
}

static void write_csv(FILE *stream, const struct query_table *table)
{
    for (size_t i = 0; i < table->columns; i++) {
        write_csv_field(stream, table->keys[i], i + 1 == table->columns);
    }
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        write_csv_field(stream, table->cells[i].text, i % table->columns + 1 == table->columns);
    }
}

static json_t *cell_json(const struct query_cell *cell)
{
    json_t *value = NULL;

    if (cell->text == NULL) {
        return json_null();
    }
    if (cell->numeric) {
        value = json_loads(cell->text, JSON_DECODE_ANY, NULL);
    }
    return value != NULL ? value : cli_json_text(cell->text);
}

static json_t *row_json(const struct query_table *table, size_t i)
{
    json_t *row = json_object();

    for (size_t j = 0; j < table->columns; j++) {
        json_object_set_new(row, table->keys[j], cell_json(&table->cells[i * table->columns + j]));
    }
    return row;
}

json_t *cli_rows_json(const struct query_table *table)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < table->rows; i++) {
        json_array_append_new(rows, row_json(table, i));
    }
    return rows;
}

static bool write_json_lines(FILE *stream, const struct query_table *table)
{
    bool good = true;

    for (size_t i = 0; i < table->rows && good; i++) {
        json_t *row = row_json(table, i);

        good = json_dumpf(row, stream, JSON_COMPACT) == 0 && fputc('\n', stream) != EOF;
        json_decref(row);
    }
    return good;
}

bool cli_rows_write(FILE *stream, const struct query_table *table, enum cli_format format)
{
    switch (format) {
    case CLI_FORMAT_TEXT:
        write_text(stream, table);
        break;
    case CLI_FORMAT_CSV:
        write_csv(stream, table);
        break;
    case CLI_FORMAT_JSONL:
        return write_json_lines(stream, table);
    default: /* a format of other verbs */
        return false;
    }
    return !ferror(stream);
}

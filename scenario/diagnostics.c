#include "scenario/diagnostics.h"

#include <stdlib.h>
#include <string.h>

/* Of a long line only this many characters are shown, around the caret. */
#define SHOWN_CHARACTERS 160
#define SHOWN_BEFORE     80

static void *grow(void *memory, size_t size)
{
    void *grown = realloc(memory, size);

    if (grown == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return grown;
}

static char *copy_string(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(grow(NULL, size), text, size);
}

static char *format_string(const char *format, va_list arguments)
{
    va_list again;
    int length;
    char *text;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) {
        return copy_string(format);
    }
    text = grow(NULL, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Length of the UTF-8 sequence at text, 0 if it is not a well-formed one (overlong forms are not looked for). */
static size_t sequence_length(const char *text, size_t length)
{
    unsigned char lead = (unsigned char)text[0];
    size_t need = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : 4;

    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || need > length) {
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if (!is_continuation((unsigned char)text[i])) {
            return 0;
        }
    }
    return need;
}

/* One character of input as one printable character of output. Returns the bytes consumed. */
static size_t put_character(const char *text, size_t length, char *output, size_t *used)
{
    size_t size = sequence_length(text, length);
    unsigned char lead = (unsigned char)text[0];

    if (lead == '\t') {
        output[(*used)++] = ' ';
        return 1;
    }
    /* U+0080 to U+009F are control characters too: terminals obey some of them. */
    if (size == 0 || lead < 0x20 || lead == 0x7f || (lead == 0xc2 && (unsigned char)text[1] < 0xa0)) {
        output[(*used)++] = '?';
        return size == 0 ? 1 : size;
    }
    memcpy(output + *used, text, size);
    *used += size;
    return size;
}

/*
 * The line as it can be shown: no control characters, no broken UTF-8, not too long. *column becomes the column within
 * what is shown.
 */
static char *printable_line(const char *source, size_t length, unsigned *column)
{
    unsigned skip = *column > SHOWN_BEFORE + 1 ? *column - SHOWN_BEFORE - 1 : 0;
    char *line = grow(NULL, (size_t)SHOWN_CHARACTERS * 4 + 1);
    size_t used = 0;
    size_t position = 0;
    unsigned character = 0;

    while (position < length && character < skip + SHOWN_CHARACTERS) {
        size_t before = used;

        position += put_character(source + position, length - position, line, &used);
        if (character < skip) {
            used = before;
        }
        character++;
    }
    line[used] = '\0';
    *column -= *column == 0 ? 0 : skip;
    return line;
}

struct diagnostic *diagnostics_vadd(struct diagnostics *list, enum diagnostic_severity severity,
                                    const struct diagnostic_where *where, const char *format, va_list arguments)
{
    struct diagnostic *entry;
    char *whole;

    if (severity == DIAGNOSTIC_ERROR) {
        list->error_count++;
        if (list->error_count > DIAGNOSTICS_MAX_ERRORS) {
            return NULL;
        }
    }
    list->items = grow(list->items, (list->count + 1) * sizeof(*list->items));
    entry = &list->items[list->count++];
    memset(entry, 0, sizeof(*entry));
    entry->severity = severity;
    whole = format_string(format, arguments);
    entry->message = copy_string(error_code_split(whole, entry->code));
    free(whole);
    if (where == NULL) {
        return entry;
    }
    entry->file = where->file == NULL ? NULL : copy_string(where->file);
    entry->line = where->line;
    entry->column = where->column;
    entry->span = where->span;
    if (where->source != NULL) {
        unsigned shown = where->column;

        entry->source = printable_line(where->source, where->source_length, &shown);
        entry->source_column = shown;
    }
    return entry;
}

struct diagnostic *diagnostics_add(struct diagnostics *list, enum diagnostic_severity severity,
                                   const struct diagnostic_where *where, const char *format, ...)
{
    struct diagnostic *entry;
    va_list arguments;

    va_start(arguments, format);
    entry = diagnostics_vadd(list, severity, where, format, arguments);
    va_end(arguments);
    return entry;
}

void diagnostic_set_hint(struct diagnostic *entry, const char *format, ...)
{
    va_list arguments;

    if (entry == NULL) {
        return;
    }
    free(entry->hint);
    va_start(arguments, format);
    entry->hint = format_string(format, arguments);
    va_end(arguments);
}

static bool is_same_file(const struct diagnostic *a, const struct diagnostic *b)
{
    return a->file == b->file || (a->file != NULL && b->file != NULL && strcmp(a->file, b->file) == 0);
}

/* Whether a message stands later than another one of the same file. */
static bool stands_later(const struct diagnostic *a, const struct diagnostic *b)
{
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

void diagnostics_sort(struct diagnostics *list, size_t first)
{
    for (size_t i = first + 1; i < list->count; i++) {
        struct diagnostic moved = list->items[i];
        size_t place = i;

        /* Behind the last message of its file that stands no later; there are never many messages. */
        for (size_t j = first; j < i; j++) {
            if (is_same_file(&list->items[j], &moved)) {
                place = j + 1;
                if (stands_later(&list->items[j], &moved)) {
                    place = j;
                    break;
                }
            }
        }
        memmove(&list->items[place + 1], &list->items[place], (i - place) * sizeof(moved));
        list->items[place] = moved;
    }
}

/* Characters of a line that is known to be well-formed. */
static unsigned count_characters(const char *text)
{
    unsigned count = 0;

    for (; *text != '\0'; text++) {
        count += is_continuation((unsigned char)*text) ? 0 : 1;
    }
    return count;
}

static void print_source(FILE *stream, const struct diagnostic *entry)
{
    unsigned length = count_characters(entry->source);
    unsigned end = entry->source_column + entry->span;

    fprintf(stream, "%6u | %s\n", entry->line, entry->source);
    if (entry->source_column == 0) {
        return;
    }
    fprintf(stream, "       | %*s^", (int)(entry->source_column - 1), "");
    for (unsigned column = entry->source_column + 1; column < end && column <= length; column++) {
        fputc('~', stream);
    }
    fputc('\n', stream);
}

void diagnostics_print(FILE *stream, const struct diagnostics *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct diagnostic *entry = &list->items[i];

        if (entry->file != NULL) {
            fprintf(stream, "%s:", entry->file);
        }
        if (entry->line != 0) {
            fprintf(stream, "%u:", entry->line);
        }
        if (entry->line != 0 && entry->column != 0) {
            fprintf(stream, "%u:", entry->column);
        }
        fprintf(stream, "%s%s", entry->file == NULL ? "" : " ",
                entry->severity == DIAGNOSTIC_ERROR ? "error" : "warning");
        if (entry->code[0] != '\0') {
            fprintf(stream, "[%s]", entry->code);
        }
        fprintf(stream, ": %s\n", entry->message);
        if (entry->source != NULL) {
            print_source(stream, entry);
        }
        if (entry->hint != NULL) {
            fprintf(stream, "       = %s\n", entry->hint);
        }
    }
    if (list->error_count > DIAGNOSTICS_MAX_ERRORS) {
        fprintf(stream, "error: %zu more errors are not shown\n", list->error_count - DIAGNOSTICS_MAX_ERRORS);
    }
}

void diagnostics_clear(struct diagnostics *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].file);
        free(list->items[i].source);
        free(list->items[i].message);
        free(list->items[i].hint);
    }
    free(list->items);
    memset(list, 0, sizeof(*list));
}

/*
 * Diagnostics: what is wrong with the input, where, and what would be right.
 *
 * All errors of an input are collected, so that a person can mend them in one go; diagnostics_print() writes them as
 * `file:line:column: error[code]: message`, the offending line with a caret, and a hint.
 */
#ifndef DOORBELL_SCENARIO_DIAGNOSTICS_H
#define DOORBELL_SCENARIO_DIAGNOSTICS_H

#include "result/error_code.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** After this many errors the rest are only counted. */
#define DIAGNOSTICS_MAX_ERRORS 100

enum diagnostic_severity {
    DIAGNOSTIC_ERROR,
    DIAGNOSTIC_WARNING,
};

/** A place in the input. Columns count characters (UTF-8 code points) from 1. */
struct diagnostic_where {
    const char *file;   /**< file name, or "--set"; NULL if there is none */
    unsigned line;      /**< from 1; 0: the file as a whole */
    unsigned column;    /**< from 1; 0: the line as a whole */
    unsigned span;      /**< characters to underline, at least 1 if column is set */
    const char *source; /**< the line's bytes, without its end; NULL: none to show */
    size_t source_length;
};

/** One message. Strings are owned by the list. */
struct diagnostic {
    enum diagnostic_severity severity;
    char code[ERROR_CODE_SIZE]; /**< "E1101": what kind of mistake this is (scenario/codes.h); "" if it has none */
    char *file;                 /**< NULL if none */
    unsigned line;              /**< 0 if none */
    unsigned column;            /**< 0 if none */
    unsigned span;
    char *source;           /**< offending line, made printable; NULL if none */
    unsigned source_column; /**< of the caret within `source`, from 1; 0 if none */
    char *message;          /**< what is wrong */
    char *hint;             /**< what would be right; NULL if nothing is to be said */
};

/** A growing list. Zero-initialise; release with diagnostics_clear(). */
struct diagnostics {
    struct diagnostic *items;
    size_t count;
    size_t error_count;      /**< errors reported, those not kept included */
    bool environment_failed; /**< something could not be read: exit status 4, not 2 */
};

/**
 * Appends a message made as by printf. It begins with its code, which is kept apart: "E1101 unknown key `x`". The
 * hint starts empty. Beyond DIAGNOSTICS_MAX_ERRORS errors are only counted.
 * Never fails: running out of memory ends the process with a message.
 * @return the new entry, valid until the next call; NULL if it was only counted
 */
struct diagnostic *diagnostics_add(struct diagnostics *list, enum diagnostic_severity severity,
                                   const struct diagnostic_where *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** diagnostics_add() with a va_list. */
struct diagnostic *diagnostics_vadd(struct diagnostics *list, enum diagnostic_severity severity,
                                    const struct diagnostic_where *where, const char *format, va_list arguments);

/** Sets the hint of an entry, made as by printf. NULL as entry is allowed and does nothing. */
void diagnostic_set_hint(struct diagnostic *entry, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * Sorts the messages from the @p first on by where they stand: files in the order of their first message, then by line
 * and column. Messages of one place keep their order.
 */
void diagnostics_sort(struct diagnostics *list, size_t first);

/** Writes every message, and at last how many errors were left out, if any. */
void diagnostics_print(FILE *stream, const struct diagnostics *list);

/** Releases everything the list owns and empties it. */
void diagnostics_clear(struct diagnostics *list);

#ifdef __cplusplus
}
#endif

#endif

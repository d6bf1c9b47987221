/*
 * How reports write numbers: durations with a fitting unit, counts, addresses. Integers only, so output is the same
 * everywhere.
 */
#ifndef DOORBELL_REPORT_FORMAT_H
#define DOORBELL_REPORT_FORMAT_H

#include "sim/time.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** No line of a text report is wider. */
#define REPORT_COLUMNS 100

/** Enough for any text that these functions make, its terminator included. */
#define REPORT_TEXT 32

/** A text by value, so that several can be used in one call. */
struct report_text {
    char text[REPORT_TEXT];
};

/**
 * A duration with four significant digits, rounded to the nearest, in at most 8 columns: "812.0 ns", "1.234 us",
 * "0 ns". A duration that is not 0 never reads as 0. "-" for SIM_TIME_NEVER.
 */
struct report_text report_duration(sim_time time);

/** A duration exactly, in nanoseconds with as many digits as it takes: "105 ns", "3.555 ns". */
struct report_text report_exact_duration(sim_time time);

/**
 * A count in at most @p columns (6 or more): exact if that fits, else cut to whole thousands, millions, ...:
 * "1234567k".
 */
struct report_text report_count(uint64_t value, unsigned columns);

/** "0x8090040"; "-" for VERDICT_NO_ID. */
struct report_text report_hex(uint64_t value);

/** A requester ID in full: "0000:03:00.0". */
struct report_text report_rid(uint32_t segment, uint64_t rid);

/**
 * Writes words and a line end, in lines of REPORT_COLUMNS columns at most. Words that are longer than a line are cut.
 * @param used   columns that the first line has already
 * @param indent columns before the words of each further line, less than REPORT_COLUMNS
 */
void report_words(FILE *out, const char *text, size_t used, size_t indent);

/** Columns that a text takes: its characters, not its bytes (UTF-8). */
size_t report_width(const char *text);

#ifdef __cplusplus
}
#endif

#endif

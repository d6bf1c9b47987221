/*
 * Numbers with units, as a scenario file writes them: `105 ns`, `1.3 GHz`, `4 KiB`, `32 GT/s`, `4 GB/s`, `10 cycles`.
 *
 * All arithmetic is in integers. A quantity that is not a whole number of the base unit (0.5 fs) is refused, never
 * rounded.
 * Digits may be grouped with underscores; whole numbers may be hexadecimal (0x0808_0000).
 */
#ifndef DOORBELL_SCENARIO_UNITS_H
#define DOORBELL_SCENARIO_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/time.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is measured, and the base unit of the resulting integer. */
enum units_kind {
    UNITS_NUMBER,    /**< a bare whole number */
    UNITS_TIME,      /**< femtoseconds */
    UNITS_FREQUENCY, /**< hertz */
    UNITS_SIZE,      /**< bytes */
    UNITS_BANDWIDTH, /**< bytes per second; bit rates must be whole bytes per second */
    UNITS_TRANSFER,  /**< megatransfers per second */
    UNITS_CYCLES,    /**< clock cycles */
    UNITS_SHARE,     /**< millionths */
};

/** What is wrong with a text, and which part of it. */
struct units_problem {
    char message[160];
    size_t offset; /**< bytes from the start of the text */
    size_t length; /**< bytes, at least 1 */
};

/**
 * Reads a quantity.
 * @param text    NUL-terminated; leading and trailing spaces are not allowed
 * @param value   receives the quantity in base units
 * @param problem receives what is wrong if the result is false
 * @return whether the text is a quantity of that kind that fits 64 bits and is whole in base units
 */
bool units_parse(enum units_kind kind, const char *text, uint64_t *value, struct units_problem *problem);

/** What is measured, for messages: "a time", "a size", "a whole number". Static storage. */
const char *units_noun(enum units_kind kind);

/** The units that fit, for messages: "fs, ps, ns, us, ms or s". Empty for UNITS_NUMBER. Static storage. */
const char *units_list(enum units_kind kind);

/** A regular expression (ECMA) that a well-formed text matches. Static storage. */
const char *units_pattern(enum units_kind kind);

/**
 * Writes a quantity with the largest unit in which it is whole: 105000000 fs is "105 ns".
 * @param buffer receives the text; 32 bytes suffice
 */
void units_format(enum units_kind kind, uint64_t value, char *buffer, size_t size);

/** Period of a clock: the whole number of femtoseconds nearest to 1/hertz, at least 1. @param hertz at least 1 */
sim_time units_period(uint64_t hertz);

/**
 * value * multiplier / divisor to the nearest whole number (halves up), without overflow in between.
 * @param divisor at least 1
 * @return the quotient, or UINT64_MAX if it does not fit
 */
uint64_t units_scale(uint64_t value, uint64_t multiplier, uint64_t divisor);

#ifdef __cplusplus
}
#endif

#endif

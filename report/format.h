/*
 * How reports write numbers: durations with a fitting unit, counts, addresses. Integers only, so output is the same
 * everywhere.
 */
#ifndef DOORBELL_REPORT_FORMAT_H
#define DOORBELL_REPORT_FORMAT_H

#include "sim/time.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Enough for any text that these functions make, its terminator included. */
#define REPORT_TEXT 32

/** A text by value, so that several can be used in one call. */
struct report_text {
    char text[REPORT_TEXT];
};

/** A duration with four significant digits: "812.0 ns", "1.234 us", "0 ns"; "-" for SIM_TIME_NEVER. */
struct report_text report_duration(sim_time time);

/** A duration exactly, in nanoseconds with as many digits as it takes: "105 ns", "3.555 ns". */
struct report_text report_exact_duration(sim_time time);

/** "0x8090040"; "-" for VERDICT_NO_ID. */
struct report_text report_hex(uint64_t value);

/** A requester ID in full: "0000:03:00.0". */
struct report_text report_rid(uint32_t segment, uint64_t rid);

#ifdef __cplusplus
}
#endif

#endif

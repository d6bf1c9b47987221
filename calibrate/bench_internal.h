/* The bench on which calibrations run: one endpoint that reads or writes at random in a window. */
#ifndef DOORBELL_CALIBRATE_BENCH_INTERNAL_H
#define DOORBELL_CALIBRATE_BENCH_INTERNAL_H

#include "calibrate/calibrate.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_SEND_LATENCY   50000u /**< ps; where a calibration starts from */
#define BENCH_WALK_SLOTS     64u    /* as many as translations under way: the interval bounds the rate */
#define BENCH_MEMORY_LATENCY 81000u

/** Writes the scenario of a row. @return whether all was written */
bool bench_write(FILE *stream, const struct calibrate_parameters *parameters, const struct measurement *row);

/**
 * Simulates a row.
 * @param value       in its unit
 * @param interrupted ends it early when it is not 0; may be NULL
 * @return whether it was run to its end; if not, and it was not interrupted, @p diagnostics say why
 */
bool bench_run(const struct calibrate_parameters *parameters, const struct measurement *row, double *value,
               const volatile sig_atomic_t *interrupted, struct diagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif

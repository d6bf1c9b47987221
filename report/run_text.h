/* A run's result as text for a person, at most 100 columns wide. */
#ifndef DOORBELL_REPORT_RUN_TEXT_H
#define DOORBELL_REPORT_RUN_TEXT_H

#include "result/run.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes the verdicts with their evidence, then latency per device and per hop, what was lost and why, and the
 * expectations.
 * @return false if writing fails
 */
bool run_text_write(FILE *out, const struct run_result *result);

#ifdef __cplusplus
}
#endif

#endif

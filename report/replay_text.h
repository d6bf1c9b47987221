/* A replay's result as text for a person, at most 100 columns wide. */
#ifndef DOORBELL_REPORT_REPLAY_TEXT_H
#define DOORBELL_REPORT_REPLAY_TEXT_H

#include "result/replay.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes what was recorded, what was compared, the differences, and a closing line with their number.
 * @return false if writing fails
 */
bool replay_text_write(FILE *out, const struct replay_result *result);

#ifdef __cplusplus
}
#endif

#endif

/*
 * The result of a board check as text for a person, at most 100 columns wide.
 */
#ifndef DOORBELL_REPORT_BOARD_TEXT_H
#define DOORBELL_REPORT_BOARD_TEXT_H

#include "result/board.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Widest line that board_text_write() makes, in characters. */
#define BOARD_TEXT_COLUMNS 100

/**
 * Writes tables of MSI controllers, IOMMUs and every host's requester IDs, then the verdicts with their evidence,
 * then the findings. Long lists are cut with a count of what is left out; the JSON document has everything.
 * @return false if writing fails.
 */
bool board_text_write(FILE *out, const struct board_result *result);

#ifdef __cplusplus
}
#endif

#endif

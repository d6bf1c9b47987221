/*
 * The result of a board check as one JSON document. Its keys are documented in docs/board-check.md and stay as they
 * are.
 */
#ifndef DOORBELL_REPORT_BOARD_JSON_H
#define DOORBELL_REPORT_BOARD_JSON_H

#include "result/board.h"

#include <jansson.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The document, as a new reference. Addresses and identifiers are strings "0x...", counts are integers, what is
 * absent is null. NULL only if memory runs out.
 */
json_t *board_json(const struct board_result *result);

/** Writes the document to @p out, indented, with a newline at the end. @return false if that fails. */
bool board_json_write(FILE *out, const struct board_result *result);

#ifdef __cplusplus
}
#endif

#endif

/* Verdicts as JSON. */
#ifndef DOORBELL_REPORT_VERDICT_JSON_H
#define DOORBELL_REPORT_VERDICT_JSON_H

#include "result/verdict.h"

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * An object with one member per assumption: outcome, summary, evidence (subject, detail, devices). Identifiers and
 * addresses are "0x…" strings, or null where there is none.
 */
json_t *verdict_json(const struct verdict_list *verdicts);

/** "0x…", or null for VERDICT_NO_ID. */
json_t *verdict_json_id(uint64_t value);

/** A number; beyond 2^63 - 1, which JSON readers do not hold exactly as a number, a decimal string. */
json_t *verdict_json_count(uint64_t value);

/** A string, or null for NULL. What is no UTF-8 gets a ? for every byte beyond ASCII. */
json_t *verdict_json_text(const char *text);

#ifdef __cplusplus
}
#endif

#endif

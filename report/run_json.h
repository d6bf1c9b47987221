/* A run's result as one JSON document. */
#ifndef DOORBELL_REPORT_RUN_JSON_H
#define DOORBELL_REPORT_RUN_JSON_H

#include "result/run.h"

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Everything that run_text_write() shows and more; docs/json.md describes the keys. Times are whole femtoseconds, under
 * keys that end in "-fs"; what is not known is null. The document depends on the scenario, its overrides and its
 * seed, and
 * on nothing else.
 */
json_t *run_json(const struct run_result *result);

#ifdef __cplusplus
}
#endif

#endif

/* How full what was over time, as JSON and as text. */
#ifndef DOORBELL_REPORT_OCCUPANCY_H
#define DOORBELL_REPORT_OCCUPANCY_H

#include "result/occupancy.h"

#include <jansson.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** All of it: docs/json.md describes the keys. @return a new reference */
json_t *occupancy_json(const struct run_occupancy *occupancy);

/** The fullest resources, a line each. */
void occupancy_text_write(FILE *out, const struct run_occupancy *occupancy);

#ifdef __cplusplus
}
#endif

#endif

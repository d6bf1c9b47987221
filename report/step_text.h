/*
 * Steps of the software as text and as JSON.
 */
#ifndef DOORBELL_REPORT_STEP_TEXT_H
#define DOORBELL_REPORT_STEP_TEXT_H

#include "result/step.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A paragraph with a line for each step, its reason below; nothing without steps. @return false if writing failed */
bool step_text_write(FILE *out, const struct step_list *steps);

/** A list of objects: name, what, outcome, reason (or null), begin-fs and end-fs (or null). */
json_t *step_json(const struct step_list *steps);

#ifdef __cplusplus
}
#endif

#endif

/* Verdicts as text for a person, at most 100 columns wide. */
#ifndef DOORBELL_REPORT_VERDICT_TEXT_H
#define DOORBELL_REPORT_VERDICT_TEXT_H

#include "result/verdict.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes one line per verdict, and below each that is violated its evidence. Verdicts that are not applicable come
 * last,
 * each with its reason.
 * @return false if writing fails
 */
bool verdict_text_write(FILE *out, const struct verdict_list *verdicts);

#ifdef __cplusplus
}
#endif

#endif

/* A sweep as a JSON document, for reports: see report/html_sweep.c for its form. */
#ifndef DOORBELL_SWEEP_DOCUMENT_H
#define DOORBELL_SWEEP_DOCUMENT_H

#include "sweep/query.h"

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What a report shows of a sweep: axes, points, two metrics or those of the query, the Pareto front.
 * @param why receives one sentence if it fails
 * @return a new reference; NULL if it fails
 */
json_t *sweep_document(struct store *store, const struct query *query, char *why, size_t size);

#ifdef __cplusplus
}
#endif

#endif

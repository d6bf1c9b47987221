/* A system's shape as JSON, and back. docs/json.md describes it. */
#ifndef DOORBELL_REPORT_TOPOLOGY_JSON_H
#define DOORBELL_REPORT_TOPOLOGY_JSON_H

#include "result/topology.h"

#include <jansson.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A new reference. */
json_t *topology_json(const struct topology *topology);

/**
 * Reads what topology_json() wrote.
 * @param topology zeroed; release with topology_clear() in any case
 * @return whether it is such a document; indexes are then sound
 */
bool topology_from_json(const json_t *document, struct topology *topology);

#ifdef __cplusplus
}
#endif

#endif

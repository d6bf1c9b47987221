/* Reads sets of runs (cli/sets.h): from a sweep's database, and from documents of `doorbell run --json`. */
#ifndef DOORBELL_CLI_SETS_READ_H
#define DOORBELL_CLI_SETS_READ_H

#include "sweep/store.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The runs of a sweep, point by point; a point's key is its parameters, whatever number it has.
 * @param device the metrics are those of this device; NULL: of all together
 * @return a new reference; NULL, with store_error() set, if the database cannot be read
 */
json_t *cli_sets_of_store(struct store *store, const char *device);

/**
 * Adds a run's document to a set; its key is its scenario's path.
 * @return whether it is the document of a run
 */
bool cli_sets_add_document(json_t *set, const json_t *document, const char *device);

/** How many seeds a group of a set has runs of; 0 if there is no such group. */
size_t cli_sets_seeds(const json_t *set, const char *key);

#ifdef __cplusplus
}
#endif

#endif

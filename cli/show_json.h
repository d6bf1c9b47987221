/* `doorbell show --json`: the resolved scenario as a JSON document. */
#ifndef DOORBELL_CLI_SHOW_JSON_H
#define DOORBELL_CLI_SHOW_JSON_H

#include "cli/request.h"
#include "scenario/scenario.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes the document: after what all have in common, "scenario" (the whole resolved description under the keys of a
 * scenario file; whole decimal numbers are integers, everything else is a text as a file would have it, units included)
 * and "defaults" (the paths, as --set takes them, of the values that were not given).
 * @return whether it was written
 */
bool cli_show_json(FILE *stream, const struct cli_request *request, const struct scenario *scenario);

#ifdef __cplusplus
}
#endif

#endif

/* How sets of runs differ, for people and for programs. */
#ifndef DOORBELL_CLI_SETS_TEXT_H
#define DOORBELL_CLI_SETS_TEXT_H

#include "cli/sets.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes the groups that differ, with what does, and how many questions there were. */
void cli_sets_print(FILE *stream, const struct cli_sets_comparison *comparison);

/** The comparison as an object, "sets" of a comparison's document. A new reference. */
json_t *cli_sets_json(const struct cli_sets_comparison *comparison);

#ifdef __cplusplus
}
#endif

#endif

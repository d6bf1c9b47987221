/* Differences between results, for people and for programs. */
#ifndef DOORBELL_CLI_DIFFERENCES_TEXT_H
#define DOORBELL_CLI_DIFFERENCES_TEXT_H

#include "report/difference.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Lines of differences that are shown of one scenario; the rest is counted. */
#define CLI_DIFFERENCES_SHOWN 20

/**
 * Writes the differences, one a line, indented by two: those that count first, and of the others how many there are.
 */
void cli_differences_print(FILE *stream, const struct differences *differences);

/** The differences as a list: "path", "before", "after", and for numbers "change" and "relative"; "tolerated". */
json_t *cli_differences_json(const struct differences *differences);

#ifdef __cplusplus
}
#endif

#endif

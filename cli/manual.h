/* The manual pages, made from the table of verbs and options. */
#ifndef DOORBELL_CLI_MANUAL_H
#define DOORBELL_CLI_MANUAL_H

#include "cli/table.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes doorbell(1) for troff with the man macros. */
void cli_manual_write(FILE *stream);

/** Writes the page of one verb, as doorbell-sweep(1). */
void cli_manual_write_verb(FILE *stream, enum cli_verb verb);

#ifdef __cplusplus
}
#endif

#endif

/* The help texts, made from the table of verbs and options. */
#ifndef DOORBELL_CLI_HELP_H
#define DOORBELL_CLI_HELP_H

#include "cli/table.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The text of `doorbell help`: every verb, one a line. */
void cli_help_overview(FILE *stream);

/** The text of `doorbell help VERB`: usage, what it does, its options. Lines of at most 100 columns. */
void cli_help_verb(FILE *stream, enum cli_verb verb);

#ifdef __cplusplus
}
#endif

#endif

/* The manual page, made from the table of verbs and options. */
#ifndef DOORBELL_CLI_MANUAL_H
#define DOORBELL_CLI_MANUAL_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes doorbell(1) for troff with the man macros. */
void cli_manual_write(FILE *stream);

#ifdef __cplusplus
}
#endif

#endif

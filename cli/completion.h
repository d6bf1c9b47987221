/* Completion scripts for shells, made from the table of verbs and options. */
#ifndef DOORBELL_CLI_COMPLETION_H
#define DOORBELL_CLI_COMPLETION_H

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The shells, in alphabetical order. */
#define CLI_SHELLS 3
extern const char *const cli_shell_names[CLI_SHELLS];

/** Writes the script of a shell. @return false if @p shell is none of cli_shell_names; then nothing is written */
bool cli_completion_write(FILE *stream, const char *shell);

#ifdef __cplusplus
}
#endif

#endif

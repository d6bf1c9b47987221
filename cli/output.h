/*
 * Where a verb's result goes: standard output, or a file that appears as a whole or not at all (written beside its
 * final name, then renamed).
 */
#ifndef DOORBELL_CLI_OUTPUT_H
#define DOORBELL_CLI_OUTPUT_H

#include "cli/request.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An open result. Zero-initialised is closed. */
struct cli_output {
    FILE *stream;    /**< write here; NULL when closed */
    char *path;      /**< final name, symbolic links resolved; NULL when no rename is due */
    char *temporary; /**< name until then; NULL likewise */
};

/**
 * Whether a result could be written to @p path, as far as can be told without leaving a trace: to ask before hours of
 * simulation. NULL, standard output, always can.
 * @param problem receives the reason if not
 */
bool cli_output_possible(const char *path, struct cli_problem *problem);

/**
 * Opens @p path, or standard output for NULL. What exists and is no regular file (a terminal, a pipe, /dev/null) is
 * written to directly; a regular file keeps its permissions.
 * @return whether it worked; if not, @p problem says why and nothing is open
 */
bool cli_output_open(struct cli_output *output, const char *path, struct cli_problem *problem);

/**
 * Makes sure that all is written, and gives the file its name. The output is closed in any case.
 * @return whether it worked; if not, @p problem says why, and a file of that name is as it was before
 */
bool cli_output_commit(struct cli_output *output, struct cli_problem *problem);

/** Closes without a result: a file of that name is as it was before. Harmless on a closed output. */
void cli_output_discard(struct cli_output *output);

#ifdef __cplusplus
}
#endif

#endif

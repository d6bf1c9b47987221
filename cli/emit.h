/* Hands a result out: to standard output, or to the file that -o names. */
#ifndef DOORBELL_CLI_EMIT_H
#define DOORBELL_CLI_EMIT_H

#include "cli/request.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes a result. @return whether everything was written */
typedef bool (*cli_writer)(FILE *stream, const void *context);

/**
 * Asks, before any work is done, whether the result could be written.
 * @return CLI_EXIT_OK, or CLI_EXIT_ENVIRONMENT, and then the failure has been told
 */
int cli_emit_possible(const struct cli_request *request);

/**
 * Writes the result with @p writer to where the request wants it.
 * @return CLI_EXIT_OK, or CLI_EXIT_ENVIRONMENT, and then the failure has been told and a file is as it was before
 */
int cli_emit(const struct cli_request *request, cli_writer writer, const void *context);

/**
 * Ends a verb that wrote to standard output itself.
 * @return CLI_EXIT_OK, or CLI_EXIT_ENVIRONMENT if not all could be written, and then that has been told
 */
int cli_emitted(const struct cli_request *request);

#ifdef __cplusplus
}
#endif

#endif

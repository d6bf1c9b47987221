/* How a failure is told: words on standard error, and with --json a document on standard output. */
#ifndef DOORBELL_CLI_FAILURE_H
#define DOORBELL_CLI_FAILURE_H

#include "cli/exit_status.h"
#include "cli/request.h"
#include "scenario/diagnostics.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Tells that nothing came of the request, because of @p problem.
 * The document: "doorbell" (version), "command" (verb), "file", "exit-status", "error" (message), "code" (of the
 * error), "hint" where there is one, and "diagnostics", empty here.
 * @param status one of enum cli_exit_status
 * @return @p status
 */
int cli_fail(const struct cli_request *request, int status, const struct cli_problem *problem);

/**
 * The exit status of a problem by its code: CLI_EXIT_ENVIRONMENT if the code is of files, databases or programs that
 * fail; CLI_EXIT_USAGE if it is of what they hold, or of the command line.
 */
int cli_fail_status(const struct cli_problem *problem);

/**
 * Tells that nothing came of the request, because the input is wrong; the diagnostics say where. Each appears in the
 * document with "severity", "code", "message", and, where known, "file", "line", "column", "hint".
 * @return the exit status: CLI_EXIT_ENVIRONMENT if a file could not be read, else CLI_EXIT_USAGE
 */
int cli_fail_diagnostics(const struct cli_request *request, const struct diagnostics *diagnostics);

/**
 * A broken invariant inside the simulator: nothing can be trusted any more, so nothing but @p message is told, and the
 * process ends with CLI_EXIT_ABNORMAL. Fits the `panic` of a system's and of a replay's options.
 * @param request the struct cli_request
 */
void cli_fail_panic(void *request, const char *message);

#ifdef __cplusplus
}
#endif

#endif

/* `doorbell sweep submit` and `doorbell sweep status`: sweeps on a cluster. */
#ifndef DOORBELL_CLI_SWEEP_BATCH_H
#define DOORBELL_CLI_SWEEP_BATCH_H

#include "cli/request.h"
#include "sweep/sweep.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Tells of a sweep that was not done as it was asked for.
 * @param why one sentence, unless the diagnostics say all
 * @return the exit status
 */
int cli_sweep_fail(const struct cli_request *request, enum sweep_outcome outcome, const char *why,
                   const struct diagnostics *diagnostics);

/** Submits the parts, and what puts them together. @return exit status */
int cli_sweep_submit(const struct cli_request *request, const struct sweep_options *options);

/** Says how a sweep stands. @return exit status */
int cli_sweep_status(const struct cli_request *request, const struct sweep_options *options);

#ifdef __cplusplus
}
#endif

#endif

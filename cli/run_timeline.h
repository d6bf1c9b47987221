/* `doorbell run --timeline`: the trace that is written beside the result. */
#ifndef DOORBELL_CLI_RUN_TIMELINE_H
#define DOORBELL_CLI_RUN_TIMELINE_H

#include "cli/request.h"
#include "scenario/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/** MSIs that a timeline holds at the most: about 100 MB of trace. What is beyond is told on standard error. */
#define CLI_TIMELINE_LIMIT 50000

/** A timeline to be written. */
struct cli_timeline {
    const struct cli_request *request;
    struct recording_filter filter;
    int status; /**< CLI_EXIT_OK, or that of a failure that has been told */
};

/**
 * Asks, before any work is done, whether the timeline makes sense and could be written.
 * @return CLI_EXIT_OK, or the exit status of a failure, which has been told
 */
int cli_timeline_possible(const struct cli_request *request);

/** Asks the run for the timeline that the request wants, if it wants one. @p timeline must outlive the run. */
void cli_timeline_ask(struct cli_timeline *timeline, struct scenario_run_options *options);

#ifdef __cplusplus
}
#endif

#endif

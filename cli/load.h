/* Reads the scenario that a request names, with what the command line changes in it. */
#ifndef DOORBELL_CLI_LOAD_H
#define DOORBELL_CLI_LOAD_H

#include "cli/request.h"
#include "scenario/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Loads the request's file with its --set texts in order; --seed acts as a last --set seed=N. Warnings go to standard
 * error.
 * @param scenario receives the scenario, to be released with scenario_free(); NULL after a failure
 * @return CLI_EXIT_OK, or the exit status of a failure, which has been told
 */
int cli_load_scenario(const struct cli_request *request, struct scenario **scenario);

#ifdef __cplusplus
}
#endif

#endif

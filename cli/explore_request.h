/* What an exploration is asked for: bounds, and the ways to use the endpoints. */
#ifndef DOORBELL_CLI_EXPLORE_REQUEST_H
#define DOORBELL_CLI_EXPLORE_REQUEST_H

#include "cli/request.h"
#include "explore/explore.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cli_explore {
    struct explore_request wanted; /**< points to `software` */
    struct explore_software software[EXPLORE_SOFTWARE];
    unsigned left_out; /**< ways that are asked for, but that their rule set does not know */
};

/** Understands the request. @p explore must stay where it is. @return false with @p problem */
bool cli_explore_understand(const struct cli_request *request, struct cli_explore *explore,
                            struct cli_problem *problem);

#ifdef __cplusplus
}
#endif

#endif

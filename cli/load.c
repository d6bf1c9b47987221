#include "cli/load.h"

#include "cli/failure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_load_scenario(const struct cli_request *request, struct scenario **scenario)
{
    const char **sets = malloc((request->set_count + 1) * sizeof(*sets));
    struct scenario_options options = {.sets = sets, .set_count = request->set_count};
    struct diagnostics diagnostics;
    char seed[sizeof("seed=18446744073709551615")];
    int status = CLI_EXIT_OK;

    *scenario = NULL;
    if (sets == NULL) {
        const struct cli_problem problem = {.message = "E0203 out of memory"};

        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    if (request->set_count != 0) {
        memcpy(sets, request->sets, request->set_count * sizeof(*sets));
    }
    if (request->seed_given) {
        snprintf(seed, sizeof(seed), "seed=%" PRIu64, request->seed);
        sets[options.set_count++] = seed;
    }
    memset(&diagnostics, 0, sizeof(diagnostics));
    *scenario = scenario_load(request->operand, &options, &diagnostics);
    if (*scenario == NULL) {
        status = cli_fail_diagnostics(request, &diagnostics);
    } else {
        diagnostics_print(stderr, &diagnostics);
    }
    diagnostics_clear(&diagnostics);
    free(sets);
    return status;
}

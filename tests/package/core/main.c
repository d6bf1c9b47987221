/* Runs a scenario with the installed library, and says what came of it. */
#include <scenario/run.h>
#include <sim/systemc/systemc_engine.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    struct diagnostics diagnostics = {0};
    struct scenario_options options = {0};
    struct scenario_run_options how = {0};
    struct run_result result = {0};
    struct host_error error = {.text = ""};
    struct scenario *scenario = argc > 1 ? scenario_load(argv[1], &options, &diagnostics) : NULL;

    if (scenario == NULL) {
        diagnostics_print(stderr, &diagnostics);
        return 2;
    }
    if (sim_systemc_engine() != NULL) {
        fputs("an engine that should not be there\n", stderr);
        return 1;
    }
    if (scenario_run(scenario, &how, &result, &error) != SCENARIO_RUN_DONE || run_result_failures(&result) != 0) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    printf("%s: it works, with %zu devices\n", result.title, result.device_count);
    run_result_clear(&result);
    scenario_free(scenario);
    diagnostics_clear(&diagnostics);
    return 0;
}

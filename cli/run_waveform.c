#include "cli/run_waveform.h"

#include "cli/failure.h"

#include <stdio.h>

int cli_waveform_possible(const struct cli_request *request)
{
    struct cli_problem problem = {.hint = ""};

    if (request->trace_vcd == NULL && request->scope_count > 0) {
        snprintf(problem.message, sizeof(problem.message),
                 "E0107 --scope says what waveforms show, and none are asked for");
        snprintf(problem.hint, sizeof(problem.hint), "--trace-vcd FILE does");
        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    if (request->trace_vcd != NULL && !cli_output_possible(request->trace_vcd, &problem)) {
        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    return CLI_EXIT_OK;
}

int cli_waveform_ask(struct cli_waveform *waveform, const struct cli_request *request,
                     struct scenario_run_options *options)
{
    struct cli_problem problem = {.hint = ""};

    if (request->trace_vcd == NULL) {
        return CLI_EXIT_OK;
    }
    if (!cli_output_open(&waveform->output, request->trace_vcd, &problem)) {
        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    options->waveform = (struct scenario_waveform){
        .stream = waveform->output.stream,
        .scopes = request->scopes,
        .scope_count = request->scope_count,
        .from = request->window_given ? request->window_from : 0,
        .to = request->window_given ? request->window_to : SIM_TIME_NEVER,
    };
    return CLI_EXIT_OK;
}

int cli_waveform_end(struct cli_waveform *waveform, const struct cli_request *request, bool was)
{
    struct cli_request silent = *request; /* the document of the run is told elsewhere */
    struct cli_problem problem = {.hint = ""};

    if (waveform->output.stream == NULL || !was) {
        cli_output_discard(&waveform->output);
        return CLI_EXIT_OK;
    }
    silent.json = false;
    return cli_output_commit(&waveform->output, &problem) ? CLI_EXIT_OK
                                                          : cli_fail(&silent, CLI_EXIT_ENVIRONMENT, &problem);
}

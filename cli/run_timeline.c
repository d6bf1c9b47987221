#include "cli/run_timeline.h"

#include "cli/failure.h"
#include "cli/output.h"
#include "report/timeline.h"

#include <stdio.h>

int cli_timeline_possible(const struct cli_request *request)
{
    struct cli_problem problem = {.hint = ""};

    if (request->timeline == NULL &&
        ((request->window_given && request->trace_vcd == NULL) || request->only_count > 0)) {
        snprintf(problem.message, sizeof(problem.message),
                 "E0107 --%s says what a timeline holds, and none is asked for",
                 cli_option_table[request->only_count == 0 ? CLI_OPTION_WINDOW : CLI_OPTION_ONLY].name);
        snprintf(problem.hint, sizeof(problem.hint), "--timeline FILE does");
        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    if (request->timeline != NULL && !cli_output_possible(request->timeline, &problem)) {
        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    return CLI_EXIT_OK;
}

/** Writes the timeline: called at the end of the run, while the simulation still stands. */
static void write_timeline(void *context, const struct recording *recording, const struct sim *sim,
                           const struct run_result *result)
{
    struct cli_timeline *timeline = context;
    struct cli_request silent = *timeline->request; /* the document of the run is still to come */
    struct cli_problem problem = {.hint = ""};
    struct cli_output output;

    silent.json = false;
    if (!cli_output_open(&output, silent.timeline, &problem)) {
        timeline->status = cli_fail(&silent, CLI_EXIT_ENVIRONMENT, &problem);
        return;
    }
    timeline_write(output.stream, recording, sim, result); /* a failure is the stream's, which commit looks at */
    if (!cli_output_commit(&output, &problem)) {
        timeline->status = cli_fail(&silent, CLI_EXIT_ENVIRONMENT, &problem);
        return;
    }
    if (recording_beyond_limit(recording) > 0) {
        fprintf(stderr, "doorbell: the timeline holds the first %d MSIs; %llu more are left out (--window chooses)\n",
                CLI_TIMELINE_LIMIT, (unsigned long long)recording_beyond_limit(recording));
    }
}

void cli_timeline_ask(struct cli_timeline *timeline, struct scenario_run_options *options)
{
    const struct cli_request *request = timeline->request;

    if (request->timeline == NULL) {
        return;
    }
    timeline->filter = recording_filter_all(CLI_TIMELINE_LIMIT);
    if (request->window_given) {
        timeline->filter.from = request->window_from;
        timeline->filter.to = request->window_to;
    }
    options->record = &timeline->filter;
    options->record_only = request->only;
    options->record_only_count = request->only_count;
    options->recorded = write_timeline;
    options->recorded_context = timeline;
}

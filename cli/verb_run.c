#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/interrupt.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "cli/run_timeline.h"
#include "cli/run_waveform.h"
#include "report/run_json.h"
#include "report/run_text.h"
#include "scenario/run.h"
#include "sim/systemc/systemc_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What the writers need. */
struct ran {
    const struct cli_request *request;
    struct run_result result;
    int status;
    const char *error; /**< why the run ended abnormally; NULL if it did not */
};

static bool write_text(FILE *stream, const void *context)
{
    const struct ran *ran = context;

    return run_text_write(stream, &ran->result);
}

static bool write_json(FILE *stream, const void *context)
{
    const struct ran *ran = context;
    json_t *document = cli_document(ran->request, CLI_SCHEMA_RUN, ran->status, NULL);
    json_t *result = run_json(&ran->result);
    bool written;

    if (ran->error != NULL) {
        json_object_set_new(document, "error", cli_json_text(ran->error));
    }
    json_object_update(document, result);
    json_decref(result);
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

/** What the run came to, as an exit status. */
static int exit_status(enum scenario_run_status status, const struct run_result *result)
{
    switch (status) {
    case SCENARIO_RUN_DONE:
        return run_result_failures(result) == 0 ? CLI_EXIT_OK : CLI_EXIT_EXPECTATION;
    case SCENARIO_RUN_INTERRUPTED:
        return CLI_EXIT_SIGNAL + *cli_interrupt_signal();
    case SCENARIO_RUN_IMPOSSIBLE:
        return CLI_EXIT_USAGE;
    case SCENARIO_RUN_STUCK:
        break;
    }
    return CLI_EXIT_ABNORMAL;
}

/** Runs and hands the result out. @return exit status */
static int run(const struct cli_request *request, const struct scenario *scenario)
{
    struct cli_request told = *request; /* cli_fail_panic() takes no pointer to const */
    struct cli_progress progress;
    struct scenario_run_options options = {.system = {.engine = request->engine,
                                                      .shuffle = request->shuffle,
                                                      .shuffle_seed = request->shuffle_seed,
                                                      .panic = cli_fail_panic,
                                                      .panic_context = &told},
                                           .occupancy = request->occupancy,
                                           .interrupted = cli_interrupt_signal()};
    struct ran ran = {.request = request};
    struct cli_timeline timeline = {.request = request};
    struct cli_waveform waveform = {.output = {.stream = NULL}};
    struct host_error error = {.text = ""};
    enum scenario_run_status status;
    int written;

    ran.status = cli_waveform_ask(&waveform, request, &options);
    if (ran.status != CLI_EXIT_OK) {
        return ran.status;
    }
    cli_interrupt_catch();
    if (cli_progress_begin(&progress)) {
        options.progress = cli_progress_show;
        options.progress_context = &progress;
    }
    cli_timeline_ask(&timeline, &options);
    status = scenario_run(scenario, &options, &ran.result, &error);
    cli_progress_end(&progress);
    ran.status = exit_status(status, &ran.result);
    if (status == SCENARIO_RUN_IMPOSSIBLE || status == SCENARIO_RUN_STUCK) {
        struct cli_problem problem = {.hint = ""};

        snprintf(problem.message, sizeof(problem.message), "%s %s: %s",
                 status == SCENARIO_RUN_STUCK ? "E0301" : "E0303", request->operand, error.text);
        told.json = request->json && status == SCENARIO_RUN_IMPOSSIBLE; /* a stuck run has a document of its own */
        cli_fail(&told, ran.status, &problem);
        ran.error = error.text;
    }
    if (status != SCENARIO_RUN_IMPOSSIBLE) {
        written = cli_emit(request, request->json ? write_json : write_text, &ran);
        ran.status = written == CLI_EXIT_OK ? ran.status : written;
    }
    ran.status = timeline.status == CLI_EXIT_OK ? ran.status : timeline.status;
    written = cli_waveform_end(&waveform, request, status != SCENARIO_RUN_IMPOSSIBLE);
    ran.status = written == CLI_EXIT_OK ? ran.status : written;
    run_result_clear(&ran.result);
    return ran.status;
}

int cli_verb_run(const struct cli_request *request)
{
    struct scenario *scenario = NULL;
    int status = cli_emit_possible(request);

    if (status == CLI_EXIT_OK) {
        status = cli_timeline_possible(request);
    }
    if (status == CLI_EXIT_OK) {
        status = cli_waveform_possible(request);
    }
    if (status == CLI_EXIT_OK && request->engine == SIM_ENGINE_SYSTEMC && sim_systemc_engine() == NULL) {
        const struct cli_problem problem = {.message = "E0204 the systemc engine is absent from this build",
                                            .hint = "SystemC was not found when it was configured"};

        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    if (status == CLI_EXIT_OK) {
        status = cli_load_scenario(request, &scenario);
    }
    if (status == CLI_EXIT_OK) {
        status = run(request, scenario);
    }
    scenario_free(scenario);
    return status;
}

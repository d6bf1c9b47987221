#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/interrupt.h"
#include "replay/replay.h"
#include "report/replay_json.h"
#include "report/replay_text.h"
#include "sim/systemc/systemc_engine.h"

#include <stdio.h>
#include <string.h>

/** What the writers need. */
struct replayed {
    const struct cli_request *request;
    struct replay_result result;
    int status;
};

static bool write_text(FILE *stream, const void *context)
{
    const struct replayed *replayed = context;

    return replay_text_write(stream, &replayed->result);
}

static bool write_json(FILE *stream, const void *context)
{
    const struct replayed *replayed = context;
    json_t *document =
        cli_document(replayed->request, CLI_SCHEMA_REPLAY, replayed->status, replay_json(&replayed->result));
    const bool written = cli_document_write(stream, document);

    json_decref(document);
    return written;
}

static int exit_status(const struct replay_result *result)
{
    if (result->interrupted) {
        return CLI_EXIT_SIGNAL + *cli_interrupt_signal();
    }
    return replay_result_different(result) == 0 ? CLI_EXIT_OK : CLI_EXIT_EXPECTATION;
}

static void make_options(struct cli_request *request, struct replay_options *options)
{
    replay_options_default(options);
    options->mode = request->mode;
    options->engine = request->engine;
    options->ops = request->engine == SIM_ENGINE_SYSTEMC ? sim_systemc_engine() : NULL;
    options->shuffle = request->shuffle;
    options->shuffle_seed = request->shuffle_seed;
    options->preset = request->preset;
    options->until = request->until_given ? request->until : options->until;
    options->snapshot = request->snapshot_given ? request->snapshot : options->snapshot;
    options->mismatches = request->mismatches_given ? request->mismatches : options->mismatches;
    options->interrupted = cli_interrupt_signal();
    options->panic = cli_fail_panic;
    options->panic_context = request;
}

static int replay(const struct cli_request *request)
{
    struct cli_request told = *request; /* cli_fail_panic() takes no pointer to const */
    struct replayed replayed = {.request = request};
    struct diagnostics diagnostics;
    struct replay_options options;
    int status;

    memset(&diagnostics, 0, sizeof(diagnostics));
    cli_interrupt_catch();
    make_options(&told, &options);
    if (!replay_run(request->operand, &options, &replayed.result, &diagnostics)) {
        status = cli_fail_diagnostics(request, &diagnostics);
    } else {
        replayed.status = exit_status(&replayed.result);
        status = cli_emit(request, request->json ? write_json : write_text, &replayed);
        status = status == CLI_EXIT_OK ? replayed.status : status;
    }
    diagnostics_clear(&diagnostics);
    replay_result_clear(&replayed.result);
    return status;
}

int cli_verb_replay(const struct cli_request *request)
{
    const int status = cli_emit_possible(request);

    if (status != CLI_EXIT_OK) {
        return status;
    }
    if (request->engine == SIM_ENGINE_SYSTEMC && sim_systemc_engine() == NULL) {
        const struct cli_problem problem = {.message = "E0204 the systemc engine is absent from this build",
                                            .hint = "SystemC was not found when it was configured"};

        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    return replay(request);
}

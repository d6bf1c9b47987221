#include "cli/sweep_batch.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "sweep/slurm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/** What the writers need. */
struct batch {
    const struct cli_request *request;
    const struct sweep_options *options;
    struct slurm_submission submission;
    struct slurm_status status;
};

int cli_sweep_fail(const struct cli_request *request, enum sweep_outcome outcome, const char *why,
                   const struct diagnostics *diagnostics)
{
    struct cli_problem problem = {.hint = ""};

    if (diagnostics->error_count > 0) {
        return cli_fail_diagnostics(request, diagnostics);
    }
    snprintf(problem.message, sizeof(problem.message), "%s", why);
    if (outcome == SWEEP_PRESENT) {
        snprintf(problem.hint, sizeof(problem.hint), "--resume goes on with it, --database FILE begins another");
    }
    return cli_fail(request, outcome == SWEEP_WRONG ? CLI_EXIT_USAGE : CLI_EXIT_ENVIRONMENT, &problem);
}

/* ---- submit ---- */

static bool submission_text(FILE *stream, const void *context)
{
    const struct batch *batch = context;
    const struct slurm_submission *submission = &batch->submission;

    if (submission->parts_job == 0) {
        fprintf(stream, "nothing is left to do; results: %s\n", batch->options->output);
        return !ferror(stream);
    }
    fprintf(stream, "%" PRIu64 " runs in parts %s of %" PRIu32 ": job %" PRIu64 " (%s)\n", submission->left,
            submission->tasks, batch->options->parts, submission->parts_job, submission->script);
    fprintf(stream, "merged into %s by job %" PRIu64 " (doorbell sweep status %s)\n", batch->options->output,
            submission->merge_job, batch->options->path);
    return !ferror(stream);
}

static bool submission_json(FILE *stream, const void *context)
{
    const struct batch *batch = context;
    const struct slurm_submission *submission = &batch->submission;
    json_t *document = cli_document(batch->request, CLI_SCHEMA_SUBMISSION, CLI_EXIT_OK, NULL);
    bool written;

    json_object_set_new(document, "database", cli_json_text(batch->options->output));
    json_object_set_new(document, "left", json_integer((json_int_t)submission->left));
    json_object_set_new(document, "parts", json_integer(batch->options->parts));
    json_object_set_new(document, "tasks", cli_json_text(submission->tasks));
    json_object_set_new(document, "parts-job", json_integer((json_int_t)submission->parts_job));
    json_object_set_new(document, "merge-job", json_integer((json_int_t)submission->merge_job));
    json_object_set_new(document, "script", cli_json_text(submission->script));
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

int cli_sweep_submit(const struct cli_request *request, const struct sweep_options *options)
{
    struct batch batch = {.request = request, .options = options};
    struct diagnostics diagnostics;
    enum sweep_outcome outcome;
    char why[1200] = "";
    int status;

    if (options->parts == 0) {
        const struct cli_problem problem = {.message = "E0107 'doorbell sweep submit' needs --parts N",
                                            .hint = "each part is one task of the job array"};

        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    memset(&diagnostics, 0, sizeof(diagnostics));
    outcome = slurm_submit(options, &batch.submission, &diagnostics, why, sizeof(why));
    status = outcome == SWEEP_DONE ? cli_emit(request, request->json ? submission_json : submission_text, &batch)
                                   : cli_sweep_fail(request, outcome, why, &diagnostics);
    diagnostics_clear(&diagnostics);
    return status;
}

/* ---- status ---- */

/** What is said of a part: Slurm's word, or what follows from its runs. */
static const char *state_of(const struct slurm_status *status, const struct slurm_part *part)
{
    if (part->state[0] != '\0') {
        return part->state;
    }
    return part->done == part->runs ? "done" : status->queue_known ? "not in the queue" : "not known";
}

static bool status_text(FILE *stream, const void *context)
{
    const struct batch *batch = context;
    const struct slurm_status *status = &batch->status;

    fprintf(stream, "%" PRIu64 " of %" PRIu64 " runs done; %" PRIu64 " failed\n", status->done, status->runs,
            status->failed);
    if (!status->submitted) {
        return !ferror(stream);
    }
    fprintf(stream, "\n%6s %8s %8s  %-18s %s\n", "part", "done", "of", "state", "node");
    for (uint32_t i = 0; i < status->part_count; i++) {
        const struct slurm_part *part = &status->parts[i];

        fprintf(stream, "%6" PRIu32 " %8" PRIu64 " %8" PRIu64 "  %-18s %s\n", i + 1, part->done, part->runs,
                state_of(status, part), part->node);
    }
    fprintf(stream, "\njob %" PRIu64 ", then job %" PRIu64 " to merge: %s\n", status->parts_job, status->merge_job,
            status->merge_state[0] != '\0' ? status->merge_state
            : status->queue_known          ? "not in the queue"
                                           : "not known (Slurm does not answer, or has forgotten them)");
    return !ferror(stream);
}

static bool status_json(FILE *stream, const void *context)
{
    const struct batch *batch = context;
    const struct slurm_status *status = &batch->status;
    json_t *document = cli_document(batch->request, CLI_SCHEMA_STATUS, CLI_EXIT_OK, NULL);
    json_t *parts = json_array();
    bool written;

    json_object_set_new(document, "database", cli_json_text(batch->options->output));
    json_object_set_new(document, "runs", json_integer((json_int_t)status->runs));
    json_object_set_new(document, "done", json_integer((json_int_t)status->done));
    json_object_set_new(document, "failed", json_integer((json_int_t)status->failed));
    if (status->submitted) {
        json_object_set_new(document, "parts-job", json_integer((json_int_t)status->parts_job));
        json_object_set_new(document, "merge-job", json_integer((json_int_t)status->merge_job));
        json_object_set_new(document, "merge-state",
                            status->merge_state[0] == '\0' ? json_null() : cli_json_text(status->merge_state));
    }
    for (uint32_t i = 0; i < status->part_count; i++) {
        const struct slurm_part *part = &status->parts[i];
        json_t *object = json_object();

        json_object_set_new(object, "runs", json_integer((json_int_t)part->runs));
        json_object_set_new(object, "done", json_integer((json_int_t)part->done));
        json_object_set_new(object, "state", part->state[0] == '\0' ? json_null() : cli_json_text(part->state));
        json_object_set_new(object, "node", part->node[0] == '\0' ? json_null() : cli_json_text(part->node));
        json_array_append_new(parts, object);
    }
    json_object_set_new(document, "parts", parts);
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

int cli_sweep_status(const struct cli_request *request, const struct sweep_options *options)
{
    struct batch batch = {.request = request, .options = options};
    struct diagnostics diagnostics;
    enum sweep_outcome outcome;
    char why[1200] = "";
    int status;

    memset(&diagnostics, 0, sizeof(diagnostics));
    outcome = slurm_ask(options, &batch.status, &diagnostics, why, sizeof(why));
    status = outcome == SWEEP_DONE ? cli_emit(request, request->json ? status_json : status_text, &batch)
                                   : cli_sweep_fail(request, outcome, why, &diagnostics);
    slurm_status_clear(&batch.status);
    diagnostics_clear(&diagnostics);
    return status;
}

#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/interrupt.h"
#include "cli/suggest.h"
#include "cli/sweep_batch.h"
#include "cli/sweep_progress.h"
#include "sim/allocate.h"
#include "sim/time.h"
#include "sweep/sweep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** A sweep and what came of it. */
struct swept {
    const struct cli_request *request;
    struct sweep_options options;
    struct sweep_progress progress;
    uint64_t merged;
    bool merging; /**< ACTION merge */
    bool interrupted;
    int status;
};

/** The result's file if none is named: the scenario's name, without folder and ending. To be freed. */
static char *default_database(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    int length = dot == NULL || dot == name ? (int)strlen(name) : (int)(dot - name);
    size_t size = (size_t)length + sizeof(".sqlite");
    char *database = sim_allocate(size, 1);

    snprintf(database, size, "%.*s.sqlite", length, name);
    return database;
}

static unsigned processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : (unsigned)count;
}

/* ---- What is told ---- */

static bool write_text(FILE *stream, const void *context)
{
    const struct swept *swept = context;
    const struct sweep_progress *progress = &swept->progress;

    if (swept->merging) {
        fprintf(stream, "%" PRIu64 " runs merged into %s\n", swept->merged, swept->options.output);
        return !ferror(stream);
    }
    if (swept->interrupted) {
        fputs("interrupted; ", stream);
    }
    fprintf(stream, "%" PRIu64 " of %" PRIu64 " runs done", progress->before + progress->done, progress->runs);
    if (progress->before > 0) {
        fprintf(stream, ", %" PRIu64 " of them earlier", progress->before);
    }
    fprintf(stream, "; %" PRIu64 " failed, %" PRIu64 " missed an expectation%s\n", progress->failed, progress->unmet,
            swept->interrupted ? "; `--resume` goes on" : "");
    if (swept->interrupted && progress->worst > 0) {
        fprintf(stream, "worst p99 so far: %.4g us at point %" PRIu64 " (%s)\n",
                (double)progress->worst / (double)SIM_US, progress->worst_point, progress->worst_values);
    }
    if (swept->options.part == 0) {
        fprintf(stream, "results: %s (doorbell query %s)\n", swept->options.output, swept->options.output);
    } else {
        fprintf(stream, "part %" PRIu32 " of %" PRIu32 ", to be merged into %s (doorbell sweep merge %s)\n",
                swept->options.part, swept->options.parts, swept->options.output, swept->options.path);
    }
    return !ferror(stream);
}

static bool write_json(FILE *stream, const void *context)
{
    const struct swept *swept = context;
    const struct sweep_progress *progress = &swept->progress;
    json_t *document = cli_document(swept->request, CLI_SCHEMA_SWEEP, swept->status, NULL);
    bool written;

    json_object_set_new(document, "database", cli_json_text(swept->options.output));
    if (swept->merging) {
        json_object_set_new(document, "merged", json_integer((json_int_t)swept->merged));
    } else {
        json_object_set_new(document, "runs", json_integer((json_int_t)progress->runs));
        json_object_set_new(document, "earlier", json_integer((json_int_t)progress->before));
        json_object_set_new(document, "done", json_integer((json_int_t)progress->done));
        json_object_set_new(document, "failed", json_integer((json_int_t)progress->failed));
        json_object_set_new(document, "unmet", json_integer((json_int_t)progress->unmet));
        json_object_set_new(document, "interrupted", json_boolean(swept->interrupted));
        json_object_set_new(document, "worst",
                            progress->worst == 0 ? json_null()
                                                 : json_pack("{s:I, s:I}", "point", (json_int_t)progress->worst_point,
                                                             "p99-fs", (json_int_t)progress->worst));
    }
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

/** What the outcome is as an exit status; a failure has then been told. */
static int tell(const struct swept *swept, enum sweep_outcome outcome, const char *why,
                const struct diagnostics *diagnostics)
{
    if (outcome == SWEEP_DONE) {
        return swept->progress.failed + swept->progress.unmet > 0 ? CLI_EXIT_EXPECTATION : CLI_EXIT_OK;
    }
    if (outcome == SWEEP_INTERRUPTED) {
        return CLI_EXIT_SIGNAL + *cli_interrupt_signal();
    }
    return cli_sweep_fail(swept->request, outcome, why, diagnostics);
}

/* ---- What is done ---- */

static int perform(struct swept *swept)
{
    struct cli_sweep_progress progress = {.shown = 0};
    struct diagnostics diagnostics;
    enum sweep_outcome outcome;
    char why[512] = "";
    int written;

    memset(&diagnostics, 0, sizeof(diagnostics));
    cli_interrupt_catch();
    if (cli_sweep_progress_wanted()) {
        swept->options.progress = cli_sweep_progress_show;
        swept->options.progress_context = &progress;
    }
    if (swept->merging) {
        outcome = sweep_merge(&swept->options, &swept->merged, &diagnostics, why, sizeof(why));
    } else {
        outcome = sweep_run(&swept->options, &swept->progress, &diagnostics, why, sizeof(why));
    }
    cli_sweep_progress_end(&progress);
    swept->interrupted = outcome == SWEEP_INTERRUPTED;
    swept->status = tell(swept, outcome, why, &diagnostics);
    diagnostics_clear(&diagnostics);
    if (outcome == SWEEP_DONE || outcome == SWEEP_INTERRUPTED) {
        written = cli_emit(swept->request, swept->request->json ? write_json : write_text, swept);
        swept->status = written == CLI_EXIT_OK ? swept->status : written;
    }
    return swept->status;
}

/** What `doorbell sweep` can be asked for. */
enum action {
    ACTION_RUN, /**< no word for it */
    ACTION_MERGE,
    ACTION_SUBMIT,
    ACTION_STATUS,
    ACTIONS,
};

static const char *const actions[ACTIONS] = {"", "merge", "submit", "status"};

/** The action of a word; ACTIONS if it is none. */
static enum action action_of(const char *word)
{
    enum action action = ACTION_MERGE;

    while (action < ACTIONS && strcmp(word, actions[action]) != 0) {
        action++;
    }
    return action;
}

static int unknown_action(const struct cli_request *request)
{
    struct cli_problem problem = {.hint = ""};
    const char *nearest = cli_suggest(request->operand, actions + ACTION_MERGE, ACTIONS - ACTION_MERGE);

    snprintf(problem.message, sizeof(problem.message), "E0108 'doorbell sweep' knows no action '%s'", request->operand);
    if (nearest != NULL) {
        snprintf(problem.hint, sizeof(problem.hint), "did you mean '%s'?", nearest);
    }
    return cli_fail(request, CLI_EXIT_USAGE, &problem);
}

/** --seed as one more --set, as the other verbs have it. */
static const char **make_sets(const struct cli_request *request, char *seed, size_t size, size_t *count)
{
    const char **sets = sim_allocate(request->set_count + 1, sizeof(*sets));

    for (*count = 0; *count < request->set_count; (*count)++) {
        sets[*count] = request->sets[*count];
    }
    if (request->seed_given) {
        snprintf(seed, size, "seed=%" PRIu64, request->seed);
        sets[(*count)++] = seed;
    }
    return sets;
}

int cli_verb_sweep(const struct cli_request *request)
{
    const bool has_action = request->second != NULL;
    const char *path = has_action ? request->second : request->operand;
    char *database = default_database(path);
    const enum action action = has_action ? action_of(request->operand) : ACTION_RUN;
    struct swept swept = {.request = request, .merging = action == ACTION_MERGE};
    char seed[sizeof("seed=18446744073709551615")];
    const char **sets;
    size_t set_count;
    int status = cli_emit_possible(request);

    if (action == ACTIONS) {
        free(database);
        return unknown_action(request);
    }
    sets = make_sets(request, seed, sizeof(seed), &set_count);
    swept.options = (struct sweep_options){.path = path,
                                           .sets = sets,
                                           .set_count = set_count,
                                           .output = request->database == NULL ? database : request->database,
                                           .version = DOORBELL_VERSION,
                                           .engine = request->engine,
                                           .workers = request->jobs == 0 ? processors() : request->jobs,
                                           .resume = request->resume,
                                           .retry = request->retry,
                                           .part = request->shard,
                                           .parts = request->shards,
                                           .stop = cli_interrupt_signal()};
    if (action == ACTION_SUBMIT) {
        swept.options.workers = request->jobs == 0 ? 1 : request->jobs;
        swept.options.parts = request->parts;
    }
    if (status == CLI_EXIT_OK) {
        status = action == ACTION_SUBMIT   ? cli_sweep_submit(request, &swept.options)
                 : action == ACTION_STATUS ? cli_sweep_status(request, &swept.options)
                                           : perform(&swept);
    }
    free((void *)sets);
    free(database);
    return status;
}

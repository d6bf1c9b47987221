#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/interrupt.h"
#include "report/format.h"
#include "sim/allocate.h"
#include "sweep/bottleneck.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the text leaves out: waits below this share of the mean, and trials beyond so many. */
#define LEAST_SHARE 0.0005
#define MOST_TRIALS 12

/** What the writers need. */
struct found {
    const struct cli_request *request;
    struct bottleneck bottleneck;
    int status;
};

/* ---- Text ---- */

static struct report_text text_of(double time)
{
    return report_duration((sim_time)(time < 0 ? 0 : time + 0.5));
}

/** Three columns. */
static void write_times(FILE *stream, const struct bottleneck_times *times)
{
    fprintf(stream, " %10s", text_of(times->mean).text);
    fprintf(stream, " %10s", text_of(times->p99).text);
    fprintf(stream, " %10s", text_of(times->tail).text);
}

static bool is_visible(const struct bottleneck *bottleneck, const struct bottleneck_times *times)
{
    return times->mean >= LEAST_SHARE * bottleneck->latency.mean ||
           times->p99 >= LEAST_SHARE * bottleneck->latency.p99 || times->tail >= LEAST_SHARE * bottleneck->latency.tail;
}

/** Where each nanosecond went: the way itself, or a wait for a resource. */
static void write_resources(FILE *stream, const struct bottleneck *bottleneck)
{
    fprintf(stream, "\n%-16s %10s %10s %10s  %s\n", "waited for", "mean", "at p99", "slowest 1%", "which is");
    for (size_t i = 0; i < BOTTLENECK_RESOURCES; i++) {
        if (is_visible(bottleneck, &bottleneck->resources[i])) {
            fprintf(stream, "%-16s", bottleneck_resource_name((enum bottleneck_resource)i));
            write_times(stream, &bottleneck->resources[i]);
            fprintf(stream, "  %s\n", bottleneck_resource_meaning((enum bottleneck_resource)i));
        }
    }
    fprintf(stream, "%-16s", "nothing");
    write_times(stream, &bottleneck->way);
    fprintf(stream, "  the way itself\n%-16s", "all");
    write_times(stream, &bottleneck->latency);
    fputc('\n', stream);
}

/** What was waited for at a stage, most first, as shares of the wait. */
static void write_shares(FILE *stream, const struct bottleneck_stage *stage)
{
    bool done[BOTTLENECK_RESOURCES] = {false};
    const char *between = "  ";

    for (size_t i = 0; i < BOTTLENECK_RESOURCES; i++) {
        size_t most = 0;

        for (size_t j = 1; j < BOTTLENECK_RESOURCES; j++) {
            most = done[most] || (!done[j] && stage->resources[j].tail + stage->resources[j].mean >
                                                  stage->resources[most].tail + stage->resources[most].mean)
                       ? j
                       : most;
        }
        done[most] = true;
        if (stage->resources[most].mean + stage->resources[most].tail >=
            0.005 * (stage->wait.mean + stage->wait.tail)) {
            fprintf(stream, "%s%s", between, bottleneck_resource_name((enum bottleneck_resource)most));
            if (stage->wait.mean > 0) {
                fprintf(stream, " %.0f %%", 100 * stage->resources[most].mean / stage->wait.mean);
            }
            between = ", ";
        }
    }
    fputc('\n', stream);
}

static void write_waits(FILE *stream, const struct bottleneck *bottleneck)
{
    fprintf(stream, "\n%-36s %10s %10s %10s  %s\n", "waited at", "mean", "at p99", "slowest 1%", "for");
    for (size_t i = 0; i < bottleneck->stage_count; i++) {
        const struct bottleneck_stage *stage = &bottleneck->stages[i];

        if (is_visible(bottleneck, &stage->wait)) {
            fprintf(stream, "%-36s", stage->name);
            write_times(stream, &stage->wait);
            write_shares(stream, stage);
        }
    }
}

/** A gain as a text: a loss has a minus. */
static void write_gain(FILE *stream, int64_t gain)
{
    char text[64];

    snprintf(text, sizeof(text), "%s%s", gain < 0 ? "-" : "", report_duration((sim_time)llabs(gain)).text);
    fprintf(stream, " %10s", text);
}

static bool is_telling(const struct bottleneck_trial *trial)
{
    return trial->possible && (trial->mean_gain != 0 || trial->p99_gain != 0);
}

static void write_trials(FILE *stream, const struct bottleneck *bottleneck)
{
    size_t shown = 0;
    size_t without = 0;
    size_t refused = 0;

    fprintf(stream, "\n%-36s %-14s %10s %10s  %s\n", "doubled", "resource", "mean gain", "p99 gain", "from, to");
    for (size_t i = 0; i < bottleneck->trial_count; i++) {
        const struct bottleneck_trial *trial = &bottleneck->trials[i];

        refused += !trial->possible;
        without += trial->possible && !is_telling(trial);
        if (!is_telling(trial) || shown == MOST_TRIALS) {
            continue;
        }
        fprintf(stream, "%-36s %-14s", trial->key, bottleneck_resource_name(trial->resource));
        write_gain(stream, trial->mean_gain);
        write_gain(stream, trial->p99_gain);
        fprintf(stream, "  %s, %s\n", trial->from, trial->to);
        shown++;
    }
    fprintf(stream, "%zu resources doubled; %zu change nothing, %zu cannot be doubled\n", bottleneck->trial_count,
            without, refused);
}

/** The trial that takes most off the mean, or off the 99th percentile; NULL if none takes anything off. */
static const struct bottleneck_trial *best_trial(const struct bottleneck *bottleneck, bool of_p99)
{
    const struct bottleneck_trial *best = NULL;
    int64_t most = 0;

    for (size_t i = 0; i < bottleneck->trial_count; i++) {
        const struct bottleneck_trial *trial = &bottleneck->trials[i];
        const int64_t gain = of_p99 ? trial->p99_gain : trial->mean_gain;

        if (trial->possible && gain > most) {
            most = gain;
            best = trial;
        }
    }
    return best;
}

static void write_best(FILE *stream, const struct bottleneck *bottleneck, bool of_p99)
{
    const struct bottleneck_trial *best = best_trial(bottleneck, of_p99);
    const double whole = of_p99 ? (double)bottleneck->p99 : bottleneck->latency.mean;
    int64_t gain;

    fprintf(stream, "next step for the %s: ", of_p99 ? "99th percentile" : "mean");
    if (best == NULL) {
        fputs("nothing that was doubled makes it less\n", stream);
        return;
    }
    gain = of_p99 ? best->p99_gain : best->mean_gain;
    fprintf(stream, "%s from %s to %s takes %s off (%.3g %%)\n", best->key, best->from, best->to,
            report_duration((sim_time)gain).text, 100 * (double)gain / whole);
}

/** Says so where nothing helps against what is waited for most. */
static void write_remedy(FILE *stream, const struct bottleneck *bottleneck)
{
    size_t most = 0;

    for (size_t i = 1; i < BOTTLENECK_RESOURCES; i++) {
        most = bottleneck->resources[i].mean > bottleneck->resources[most].mean ? i : most;
    }
    if (bottleneck->resources[most].mean < 0.5) {
        return;
    }
    for (size_t i = 0; i < bottleneck->trial_count; i++) {
        const struct bottleneck_trial *trial = &bottleneck->trials[i];

        if (trial->possible && trial->resource == (enum bottleneck_resource)most && trial->mean_gain > 0) {
            return;
        }
    }
    fprintf(stream, "waited for most: %s, %s of the mean; nothing that was doubled for it helps\n",
            bottleneck_resource_name((enum bottleneck_resource)most), text_of(bottleneck->resources[most].mean).text);
}

static bool write_text(FILE *stream, const void *context)
{
    const struct found *found = context;
    const struct bottleneck *bottleneck = &found->bottleneck;

    fprintf(stream, "%" PRIu64 " MSIs: mean %s", bottleneck->msis, text_of(bottleneck->latency.mean).text);
    fprintf(stream, ", of which %s is the way", text_of(bottleneck->way.mean).text);
    fprintf(stream, " and %s waiting\n", text_of(bottleneck->latency.mean - bottleneck->way.mean).text);
    fprintf(stream, "the slowest 1%% (%" PRIu64 ", from %s up)", bottleneck->tail,
            report_duration(bottleneck->p99).text);
    fprintf(stream, ": mean %s", text_of(bottleneck->latency.tail).text);
    fprintf(stream, ", of which %s is waiting\n", text_of(bottleneck->latency.tail - bottleneck->way.tail).text);
    if (bottleneck->dropped > 0) {
        fprintf(stream, "(%" PRIu64 " more MSIs are not looked at)\n", bottleneck->dropped);
    }
    write_resources(stream, bottleneck);
    write_waits(stream, bottleneck);
    write_trials(stream, bottleneck);
    if (bottleneck->trial_count > 0) {
        write_best(stream, bottleneck, false);
        write_best(stream, bottleneck, true);
        write_remedy(stream, bottleneck);
    }
    return !ferror(stream);
}

/* ---- JSON ---- */

static json_t *femtoseconds(double time)
{
    return json_integer((json_int_t)(time + 0.5));
}

static void set_times(json_t *object, const struct bottleneck_times *times)
{
    json_object_set_new(object, "mean-fs", femtoseconds(times->mean));
    json_object_set_new(object, "p99-fs", femtoseconds(times->p99));
    json_object_set_new(object, "tail-fs", femtoseconds(times->tail));
}

/** All resources, those that nothing waited for too: the same list each time. */
static json_t *resources_json(const struct bottleneck_times resources[BOTTLENECK_RESOURCES])
{
    json_t *array = json_array();

    for (size_t i = 0; i < BOTTLENECK_RESOURCES; i++) {
        json_t *object = json_object();

        json_object_set_new(object, "resource", json_string(bottleneck_resource_name((enum bottleneck_resource)i)));
        set_times(object, &resources[i]);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *stages_json(const struct bottleneck *bottleneck)
{
    json_t *array = json_array();

    for (size_t i = 0; i < bottleneck->stage_count; i++) {
        const struct bottleneck_stage *stage = &bottleneck->stages[i];
        json_t *object = json_object();

        json_object_set_new(object, "stage", cli_json_text(stage->name));
        json_object_set_new(object, "way-fs", femtoseconds(stage->way.mean));
        json_object_set_new(object, "wait-fs", femtoseconds(stage->wait.mean));
        json_object_set_new(object, "p99-wait-fs", femtoseconds(stage->wait.p99));
        json_object_set_new(object, "tail-wait-fs", femtoseconds(stage->wait.tail));
        json_object_set_new(object, "for", resources_json(stage->resources));
        json_array_append_new(array, object);
    }
    return array;
}

/** The key of the best trial. */
static json_t *best_json(const struct bottleneck *bottleneck, bool of_p99)
{
    const struct bottleneck_trial *best = best_trial(bottleneck, of_p99);

    return best == NULL ? json_null() : cli_json_text(best->key);
}

static json_t *trials_json(const struct bottleneck *bottleneck)
{
    json_t *array = json_array();

    for (size_t i = 0; i < bottleneck->trial_count; i++) {
        const struct bottleneck_trial *trial = &bottleneck->trials[i];
        json_t *object = json_object();

        json_object_set_new(object, "key", cli_json_text(trial->key));
        json_object_set_new(object, "resource", json_string(bottleneck_resource_name(trial->resource)));
        json_object_set_new(object, "from", json_string(trial->from));
        json_object_set_new(object, "to", json_string(trial->to));
        json_object_set_new(object, "possible", json_boolean(trial->possible));
        json_object_set_new(object, "mean-gain-fs", trial->possible ? json_integer(trial->mean_gain) : json_null());
        json_object_set_new(object, "p99-gain-fs", trial->possible ? json_integer(trial->p99_gain) : json_null());
        json_array_append_new(array, object);
    }
    return array;
}

static bool write_json(FILE *stream, const void *context)
{
    const struct found *found = context;
    const struct bottleneck *bottleneck = &found->bottleneck;
    json_t *document = cli_document(found->request, CLI_SCHEMA_BOTTLENECK, found->status, NULL);
    bool written;

    json_object_set_new(document, "msis", json_integer((json_int_t)bottleneck->msis));
    json_object_set_new(document, "not-looked-at", json_integer((json_int_t)bottleneck->dropped));
    json_object_set_new(document, "mean-fs", femtoseconds(bottleneck->latency.mean));
    json_object_set_new(document, "way-fs", femtoseconds(bottleneck->way.mean));
    json_object_set_new(document, "tail-msis", json_integer((json_int_t)bottleneck->tail));
    json_object_set_new(document, "tail-mean-fs", femtoseconds(bottleneck->latency.tail));
    json_object_set_new(document, "tail-way-fs", femtoseconds(bottleneck->way.tail));
    json_object_set_new(document, "p99-fs", json_integer((json_int_t)bottleneck->p99));
    json_object_set_new(document, "p99-way-fs", femtoseconds(bottleneck->way.p99));
    json_object_set_new(document, "waited-for", resources_json(bottleneck->resources));
    json_object_set_new(document, "waits", stages_json(bottleneck));
    json_object_set_new(document, "doubled", trials_json(bottleneck));
    json_object_set_new(
        document, "next-step",
        json_pack("{s:o, s:o}", "mean", best_json(bottleneck, false), "p99", best_json(bottleneck, true)));
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

/* ---- The verb ---- */

/** What to tell of a first run that was not done. @return exit status */
static int tell(const struct cli_request *request, enum scenario_run_status status, const struct host_error *error,
                const struct diagnostics *diagnostics)
{
    struct cli_problem problem = {.hint = ""};

    if (diagnostics->error_count > 0) {
        return cli_fail_diagnostics(request, diagnostics);
    }
    if (status == SCENARIO_RUN_INTERRUPTED) {
        return CLI_EXIT_SIGNAL + *cli_interrupt_signal();
    }
    snprintf(problem.message, sizeof(problem.message), "%s %s: %s", status == SCENARIO_RUN_STUCK ? "E0301" : "E0303",
             request->operand, error->text);
    return cli_fail(request, status == SCENARIO_RUN_STUCK ? CLI_EXIT_ABNORMAL : CLI_EXIT_USAGE, &problem);
}

/** Looks, with the overrides of the command line. @return exit status */
static int find(struct found *found, const char *const *sets, size_t count)
{
    struct diagnostics diagnostics;
    struct host_error error = {.text = ""};
    enum scenario_run_status status;

    memset(&diagnostics, 0, sizeof(diagnostics));
    cli_interrupt_catch();
    status = bottleneck_find(found->request->operand, sets, count, cli_interrupt_signal(), &found->bottleneck,
                             &diagnostics, &error);
    if (status != SCENARIO_RUN_DONE) {
        found->status = tell(found->request, status, &error, &diagnostics);
    } else {
        const int signal = (int)*cli_interrupt_signal();
        const int written = cli_emit(found->request, found->request->json ? write_json : write_text, found);

        found->status = written != CLI_EXIT_OK ? written : signal != 0 ? CLI_EXIT_SIGNAL + signal : CLI_EXIT_OK;
    }
    bottleneck_clear(&found->bottleneck);
    diagnostics_clear(&diagnostics);
    return found->status;
}

int cli_verb_bottleneck(const struct cli_request *request)
{
    const char **sets = sim_allocate(request->set_count + 1, sizeof(*sets));
    struct found found = {.request = request, .status = cli_emit_possible(request)};
    char seed[sizeof("seed=18446744073709551615")];
    size_t count = request->set_count;

    for (size_t i = 0; i < request->set_count; i++) {
        sets[i] = request->sets[i];
    }
    if (request->seed_given) {
        snprintf(seed, sizeof(seed), "seed=%" PRIu64, request->seed);
        sets[count++] = seed;
    }
    if (found.status == CLI_EXIT_OK) {
        found.status = find(&found, sets, count);
    }
    free((void *)sets);
    return found.status;
}

#include "sweep/sweep_internal.h"

#include "scenario/show.h"
#include "sim/allocate.h"
#include "sweep/folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void sweep_tell(struct sweep *sweep, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sweep->why, sweep->size, format, arguments);
    va_end(arguments);
}

char *sweep_shard_path(const struct sweep *sweep)
{
    return folder_shard_path(sweep->folder, sweep->options->part, sweep->options->parts, (long)getpid(), sweep_clock());
}

/* ---- Before the first run ---- */

/** What the sweep is: everything that decides its results, as a text. */
static char *identity_of(const struct sweep *sweep)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL) {
        return sim_copy_string("");
    }
    fprintf(stream, "# doorbell %s\n", sweep->options->version);
    scenario_show(stream, sweep->scenario);
    fclose(stream);
    return text;
}

/**
 * Reads the file as it is for every run, which has no sweep of its own: a list of a thousand values would be read a
 * thousand times. What is wrong with the file is told by whoever loads it.
 */
static struct scenario_source *read_once(const char *path)
{
    struct diagnostics diagnostics;
    struct scenario_source *source;

    memset(&diagnostics, 0, sizeof(diagnostics));
    source = scenario_read(path, &diagnostics);
    if (source != NULL) {
        scenario_source_forget(source, "sweep");
    }
    diagnostics_clear(&diagnostics);
    return source;
}

struct scenario *sweep_load_run(const struct sweep *sweep, const struct scenario_options *options,
                                struct diagnostics *diagnostics)
{
    return sweep->source == NULL ? scenario_load(sweep->options->path, options, diagnostics)
                                 : scenario_load_source(sweep->source, options, diagnostics);
}

/** Loads the scenario as it is at one point. @return whether it could be */
static bool try_run(struct sweep *sweep, uint64_t run, struct diagnostics *diagnostics)
{
    struct scenario_options options = {.sets = NULL};
    struct scenario *scenario;
    struct sweep_sets sets;

    sweep_sets_make(sweep, run, &sets);
    options.sets = sets.sets;
    options.set_count = sets.count;
    scenario = sweep_load_run(sweep, &options, diagnostics);
    scenario_free(scenario);
    sweep_sets_clear(&sets);
    return scenario != NULL;
}

/**
 * Whether every value that an axis lists is one that its key takes, by a point that has it: a wrong one is told now,
 * not after hours. Points that only a combination makes wrong fail when it is their turn.
 */
bool sweep_try_values(struct sweep *sweep, struct diagnostics *diagnostics)
{
    const struct scenario_sweep *description = sweep->plan.sweep;
    uint64_t stride = sweep->plan.points;

    if (description->combine != SCENARIO_COMBINE_GRID) {
        uint64_t some = sweep->plan.points < 1000 ? sweep->plan.points : 1000;

        for (uint64_t i = 0; i < some; i++) {
            if (!try_run(sweep, i * sweep->plan.replications, diagnostics)) {
                return false;
            }
        }
        return true;
    }
    for (size_t i = 0; i < description->axis_count; i++) {
        stride /= description->axes[i].value_count;
        for (uint64_t j = i == 0 ? 0 : 1; j < description->axes[i].value_count; j++) {
            if (!try_run(sweep, j * stride * sweep->plan.replications, diagnostics)) {
                return false;
            }
        }
    }
    return true;
}

bool sweep_load(struct sweep *sweep, struct diagnostics *diagnostics)
{
    const struct sweep_options *options = sweep->options;
    struct scenario_options changes = {.sets = options->sets, .set_count = options->set_count};

    sweep->scenario = scenario_load(options->path, &changes, diagnostics);
    if (sweep->scenario == NULL || !sweep_plan_make(sweep->scenario, &sweep->plan, sweep->why, sweep->size)) {
        return false;
    }
    sweep->source = read_once(options->path);
    sweep->keys = sim_allocate(sweep->plan.sweep->axis_count, sizeof(*sweep->keys));
    for (size_t i = 0; i < sweep->plan.sweep->axis_count; i++) {
        sweep->keys[i] = sweep->plan.sweep->axes[i].key;
    }
    sweep->identity = identity_of(sweep);
    sweep->about = (struct store_about){.scenario = options->path,
                                        .title = sweep->scenario->title,
                                        .identity = sweep->identity,
                                        .version = options->version,
                                        .points = sweep->plan.points,
                                        .replications = sweep->plan.replications,
                                        .axes = sweep->keys,
                                        .axis_count = sweep->plan.sweep->axis_count};
    return true;
}

/** Opens the result, makes it if need be, and says why not. @return NULL then */
static struct store *open_result(struct sweep *sweep)
{
    struct store *store = store_open(sweep->options->output, &sweep->about);

    if (store_error(store) != NULL) {
        sweep_tell(sweep, "%s", store_error(store));
        store_close(store);
        return NULL;
    }
    return store;
}

/** What to tell of a store that failed. */
static bool store_is_good(struct sweep *sweep, struct store *store, bool good)
{
    if (!good) {
        sweep_tell(sweep, "%s", store_error(store));
    }
    return good;
}

struct merging {
    struct sweep *sweep;
    struct store *store;
    uint64_t merged;
};

static bool merge_shard(void *context, const char *path)
{
    struct merging *merging = context;
    uint64_t merged;

    if (!store_is_good(merging->sweep, merging->store, store_merge(merging->store, path, &merged))) {
        return false;
    }
    merging->merged += merged;
    folder_remove_shard(path);
    return true;
}

/** Puts every shard in the folder into the result. */
static bool merge_shards(struct sweep *sweep, struct store *store, uint64_t *merged)
{
    struct merging merging = {.sweep = sweep, .store = store};
    bool good = folder_each_shard(sweep->folder, merge_shard, &merging);

    *merged = merging.merged;
    return good;
}

/** Whether a run is of this call's part. */
static bool is_ours(const struct sweep *sweep, uint64_t run)
{
    const struct sweep_options *options = sweep->options;

    return options->part == 0 || run % options->parts == options->part - 1;
}

/** Counts what is to do and what is done; others' parts are not to do. */
static void count_present(struct sweep *sweep)
{
    for (uint64_t i = 0; i < sweep->plan.runs; i++) {
        bool ours = is_ours(sweep, i);

        sweep->progress.runs += ours;
        sweep->progress.before += sweep->present[i] && ours;
        sweep->present[i] = sweep->present[i] || !ours;
    }
}

/** Notes the runs that a file of this sweep holds; it may be absent. */
bool sweep_note_file(void *context, const char *path)
{
    struct sweep *sweep = context;
    struct store *store;
    bool good;

    if (access(path, F_OK) != 0) {
        return true;
    }
    store = store_open_existing(path, &sweep->about);
    /* A merge takes a shard away when it has its runs. */
    good = store_is_unfounded(store) || (store_error(store) != NULL && access(path, F_OK) != 0) ||
           store_is_good(sweep, store,
                         store_error(store) == NULL && store_present(store, sweep->present, sweep->plan.runs));
    store_close(store);
    return good;
}

/** The same for a shard, if an earlier call wrote it for the same part: others may be at work in the rest. */
static bool note_own_shard(void *context, const char *path)
{
    struct sweep *sweep = context;

    return !folder_is_shard_of(path, sweep->options->part, sweep->options->parts) || sweep_note_file(sweep, path);
}

/** What a part of a sweep finds: it only reads, since others do so beside it. */
static bool look_back_in_part(struct sweep *sweep)
{
    return sweep_note_file(sweep, sweep->options->output) && folder_each_shard(sweep->folder, note_own_shard, sweep);
}

/** What a whole sweep finds: the result, and shards that a killed one left, which are merged now. */
static bool look_back_at_all(struct sweep *sweep)
{
    const struct sweep_options *options = sweep->options;
    struct store *store = open_result(sweep);
    uint64_t merged;
    bool good = store != NULL && merge_shards(sweep, store, &merged);

    if (good && options->resume && options->retry) {
        good = store_is_good(sweep, store, store_forget_failed(store));
    }
    good = good && store_is_good(sweep, store, store_present(store, sweep->present, sweep->plan.runs));
    for (uint64_t i = 0; i < sweep->plan.runs && good && !options->resume; i++) {
        if (sweep->present[i]) {
            sweep_tell(sweep, "E0403 %s holds runs of this sweep already", options->output);
            sweep->is_present = true;
            good = false;
        }
    }
    store_close(store);
    return good;
}

/** Finds out which runs are there. */
static bool look_back(struct sweep *sweep)
{
    bool good;

    sweep->present = sim_allocate(sweep->plan.runs, sizeof(*sweep->present));
    good = sweep->options->part != 0 ? look_back_in_part(sweep) : look_back_at_all(sweep);
    if (good) {
        count_present(sweep);
    }
    return good;
}

/* ---- While it runs ---- */

static bool next_run(void *context, uint64_t *task)
{
    struct sweep *sweep = context;

    while (sweep->next < sweep->plan.runs && sweep->present[sweep->next]) {
        sweep->next++;
    }
    *task = sweep->next++;
    return *task < sweep->plan.runs;
}

static void show(void *context)
{
    struct sweep *sweep = context;

    sweep->progress.seconds = (double)(sweep_clock() - sweep->began) / 1e9;
    if (sweep->options->progress != NULL) {
        sweep->options->progress(sweep->options->progress_context, &sweep->progress);
    }
}

/** What a point's axes are set to, by the last words of their keys. */
static void describe_point(struct sweep *sweep, uint64_t point)
{
    char *text = sweep->progress.worst_values;
    const size_t size = sizeof(sweep->progress.worst_values);
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sweep->plan.sweep->axis_count && length < size; i++) {
        const char *key = sweep->plan.sweep->axes[i].key;
        const char *dot = strrchr(key, '.');
        struct sweep_value value;

        sweep_plan_value(&sweep->plan, point, i, &value);
        length += (size_t)snprintf(text + length, size - length, "%s%s=%s", i == 0 ? "" : ", ",
                                   dot == NULL ? key : dot + 1, value.text);
    }
    if (length >= size) {
        memcpy(text + size - 4, "...", 4);
    }
}

static void run_done(void *context, const struct pool_reply *reply)
{
    struct sweep *sweep = context;

    sweep->progress.done++;
    sweep->progress.failed += reply->status != STORE_DONE;
    sweep->progress.unmet += reply->count > 0;
    if (reply->value > sweep->progress.worst) {
        sweep->progress.worst = reply->value;
        sweep->progress.worst_point = sweep_plan_point(&sweep->plan, reply->task);
        describe_point(sweep, sweep->progress.worst_point);
    }
}

/** Records a run that its worker died of. */
static void run_died(void *context, uint64_t task, int wait_status)
{
    struct sweep *sweep = context;
    struct sweep_sets sets;
    struct store_run record;
    char message[96];
    char *command;

    if (WIFSIGNALED(wait_status)) {
        snprintf(message, sizeof(message), "the worker died of signal %d (%s)", WTERMSIG(wait_status),
                 strsignal(WTERMSIG(wait_status)));
    } else {
        snprintf(message, sizeof(message), "the worker ended with status %d", WEXITSTATUS(wait_status));
    }
    if (sweep->obituaries == NULL) {
        char *path = sweep_shard_path(sweep);

        sweep->obituaries = store_open(path, &sweep->about);
        free(path);
    }
    sweep_sets_make(sweep, task, &sets);
    sweep_record(sweep, task, &sets, &record, &command);
    record.status = STORE_DIED;
    record.message = message;
    if (store_error(sweep->obituaries) == NULL) {
        store_add(sweep->obituaries, &record);
    }
    sweep->progress.done++;
    sweep->progress.failed++;
    sweep_sets_clear(&sets);
    free(command);
}

/** Runs what is left. */
static enum sweep_outcome run_all(struct sweep *sweep)
{
    enum pool_outcome outcome;

    sweep->work = (struct pool_work){.workers = sweep->options->workers,
                                     .context = sweep,
                                     .next = next_run,
                                     .done = run_done,
                                     .died = run_died,
                                     .idle = show,
                                     .stop = sweep->options->stop,
                                     .begin = sweep_worker_begin,
                                     .work = sweep_worker_run,
                                     .end = sweep_worker_end};
    sweep->began = sweep_clock();
    outcome = pool_run(&sweep->work, sweep->why, sweep->size);
    show(sweep);
    if (sweep->obituaries != NULL && store_error(sweep->obituaries) != NULL) {
        sweep_tell(sweep, "%s", store_error(sweep->obituaries));
        outcome = POOL_UNABLE;
    }
    store_close(sweep->obituaries);
    sweep->obituaries = NULL;
    return outcome == POOL_DONE ? SWEEP_DONE : outcome == POOL_STOPPED ? SWEEP_INTERRUPTED : SWEEP_UNABLE;
}

/** Merges what the workers wrote, whatever stopped them. */
static enum sweep_outcome finish(struct sweep *sweep, enum sweep_outcome outcome)
{
    struct store *store;
    uint64_t merged;

    if (sweep->options->part != 0) {
        return outcome;
    }
    store = open_result(sweep);
    if (store == NULL || !merge_shards(sweep, store, &merged)) {
        outcome = SWEEP_UNABLE;
    }
    store_close(store);
    return outcome;
}

void sweep_clear(struct sweep *sweep)
{
    if (sweep->lock >= 0) {
        folder_remove(sweep->folder); /* if it is empty */
    }
    folder_unlock(sweep->lock);
    sweep_plan_clear(&sweep->plan);
    scenario_free(sweep->scenario);
    scenario_source_free(sweep->source);
    free((void *)sweep->keys);
    free(sweep->identity);
    free(sweep->folder);
    free(sweep->present);
}

void sweep_open(struct sweep *sweep, const struct sweep_options *options, char *why, size_t size)
{
    memset(sweep, 0, sizeof(*sweep));
    sweep->options = options;
    sweep->why = why;
    sweep->size = size;
    sweep->lock = -1;
    sweep->folder = folder_name(options->output);
    why[0] = '\0';
}

/** Takes the folder: for this sweep alone, or for its parts beside each other. */
static bool take_folder(struct sweep *sweep)
{
    sweep->lock = folder_lock(sweep->folder, sweep->options->part != 0, sweep->why, sweep->size);
    return sweep->lock >= 0;
}

enum sweep_outcome sweep_run(const struct sweep_options *options, struct sweep_progress *progress,
                             struct diagnostics *diagnostics, char *why, size_t size)
{
    struct sweep sweep;
    enum sweep_outcome outcome;

    sweep_open(&sweep, options, why, size);
    if (!sweep_load(&sweep, diagnostics)) {
        outcome = diagnostics->environment_failed ? SWEEP_UNABLE : SWEEP_WRONG;
    } else if (!sweep_try_values(&sweep, diagnostics)) {
        outcome = SWEEP_WRONG;
    } else if (!take_folder(&sweep)) {
        outcome = SWEEP_UNABLE;
    } else if (!look_back(&sweep)) {
        outcome = sweep.is_present ? SWEEP_PRESENT : SWEEP_UNABLE;
    } else {
        outcome = finish(&sweep, run_all(&sweep));
    }
    *progress = sweep.progress;
    sweep_clear(&sweep);
    return outcome;
}

enum sweep_outcome sweep_merge(const struct sweep_options *options, uint64_t *merged, struct diagnostics *diagnostics,
                               char *why, size_t size)
{
    struct store *store = NULL;
    struct sweep sweep;
    enum sweep_outcome outcome = SWEEP_DONE;

    sweep_open(&sweep, options, why, size);
    *merged = 0;
    if (!sweep_load(&sweep, diagnostics)) {
        outcome = diagnostics->environment_failed ? SWEEP_UNABLE : SWEEP_WRONG;
    } else if (!take_folder(&sweep)) {
        outcome = SWEEP_UNABLE;
    } else {
        store = open_result(&sweep);
        outcome = store != NULL && merge_shards(&sweep, store, merged) ? SWEEP_DONE : SWEEP_UNABLE;
    }
    store_close(store);
    sweep_clear(&sweep);
    return outcome;
}

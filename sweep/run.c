/* One run of a sweep, in a worker's process. */
#include "sweep/sweep_internal.h"

#include "scenario/run.h"
#include "sim/allocate.h"

#include <inttypes.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Blocks of this size and up are the system's, and given back; what is smaller stays with the process. */
#define LARGE_BLOCK (2 * 1024 * 1024)
#define KEPT_BYTES  (2 * 1024 * 1024)

uint64_t sweep_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- What a run is ---- */

static char *joined(const char *key, const char *value)
{
    size_t size = strlen(key) + strlen(value) + 2;
    char *text = sim_allocate(size, 1);

    snprintf(text, size, "%s=%s", key, value);
    return text;
}

void sweep_sets_make(const struct sweep *sweep, uint64_t run, struct sweep_sets *sets)
{
    const struct sweep_options *options = sweep->options;
    const struct scenario_sweep *axes = sweep->plan.sweep;
    uint64_t point = sweep_plan_point(&sweep->plan, run);
    char seed[24];

    memset(sets, 0, sizeof(*sets));
    sets->sets = sim_allocate(options->set_count + axes->axis_count + 1, sizeof(*sets->sets));
    sets->owned = sim_allocate(axes->axis_count + 1, sizeof(*sets->owned));
    sets->values = sim_allocate(axes->axis_count, sizeof(*sets->values));
    sets->texts = sim_allocate(axes->axis_count, sizeof(*sets->texts));
    for (size_t i = 0; i < options->set_count; i++) {
        sets->sets[sets->count++] = options->sets[i];
    }
    for (size_t i = 0; i < axes->axis_count; i++) {
        sweep_plan_value(&sweep->plan, point, i, &sets->values[i]);
        sets->texts[i] = sets->values[i].text;
        sets->owned[sets->owned_count] = joined(axes->axes[i].key, sets->texts[i]);
        sets->sets[sets->count++] = sets->owned[sets->owned_count++];
    }
    snprintf(seed, sizeof(seed), "%" PRIu64, sweep_plan_seed(&sweep->plan, run));
    sets->owned[sets->owned_count] = joined("seed", seed);
    sets->sets[sets->count++] = sets->owned[sets->owned_count++];
}

void sweep_sets_clear(struct sweep_sets *sets)
{
    for (size_t i = 0; i < sets->owned_count; i++) {
        free(sets->owned[i]);
    }
    free(sets->owned);
    free((void *)sets->sets);
    free(sets->values);
    free((void *)sets->texts);
    memset(sets, 0, sizeof(*sets));
}

void sweep_write_word(FILE *stream, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";

    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, stream);
        return;
    }
    fputc('\'', stream);
    for (const char *c = word; *c != '\0'; c++) {
        fputs(*c == '\'' ? "'\\''" : (const char[]){*c, '\0'}, stream);
    }
    fputc('\'', stream);
}

char *sweep_command(const struct sweep_options *options, const char *const *keys, const char *const *values,
                    size_t count, uint64_t seed)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL) {
        return sim_copy_string("");
    }
    fputs("doorbell run ", stream);
    sweep_write_word(stream, options->path);
    for (size_t i = 0; i < options->set_count; i++) {
        fputs(" --set ", stream);
        sweep_write_word(stream, options->sets[i]);
    }
    for (size_t i = 0; i < count; i++) {
        char *set = joined(keys[i], values[i]);

        fputs(" --set ", stream);
        sweep_write_word(stream, set);
        free(set);
    }
    fprintf(stream, " --seed %" PRIu64, seed);
    fclose(stream);
    return text;
}

void sweep_record(const struct sweep *sweep, uint64_t run, const struct sweep_sets *sets, struct store_run *record,
                  char **command)
{
    size_t axes = sweep->plan.sweep->axis_count;

    memset(record, 0, sizeof(*record));
    record->run = run;
    record->point = sweep_plan_point(&sweep->plan, run);
    record->replication = (uint32_t)(run % sweep->plan.replications);
    record->seed = sweep_plan_seed(&sweep->plan, run);
    record->values = sets->texts;
    record->value_count = axes;
    *command = sweep_command(sweep->options, sweep->keys, sets->texts, axes, record->seed);
    record->command = *command;
}

/* ---- The worker ---- */

/** What a worker keeps from run to run. */
struct shard {
    const struct sweep *sweep;
    struct store *store;
    /* Of the run under way, for a panic: */
    struct store_run *record;
    struct pool_reply *reply;
    uint64_t began; /**< when the system began to be built */
};

/**
 * A run takes and leaves some large tables of which it touches little. Fresh from the system they are zero and cost
 * nothing until touched; the C library keeps them after the first run, though, and clears all of each at the next.
 */
static void prepare_memory(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#endif
}

void *sweep_worker_begin(void *context, char *why, size_t size)
{
    const struct sweep *sweep = context;
    struct shard *shard = sim_allocate(1, sizeof(*shard));
    char *path = sweep_shard_path(sweep);

    prepare_memory();
    shard->sweep = sweep;
    shard->store = store_open(path, &sweep->about);
    free(path);
    if (store_error(shard->store) != NULL) {
        snprintf(why, size, "%s", store_error(shard->store));
        store_close(shard->store);
        free(shard);
        return NULL;
    }
    return shard;
}

void sweep_worker_end(void *context, void *state)
{
    struct shard *shard = state;

    (void)context;
    store_close(shard->store);
    free(shard);
}

/** Writes the run's record, and the reply about it. */
static void keep(struct shard *shard)
{
    const struct store_run *record = shard->record;

    shard->reply->status = record->status;
    shard->reply->count = record->failures;
    shard->reply->wall_us = record->wall_us;
    shard->reply->value =
        record->result == NULL || record->result->latency.count == 0 ? 0 : record->result->latency.p99;
    if (!store_add(shard->store, record)) {
        shard->reply->unable = true;
        snprintf(shard->reply->message, sizeof(shard->reply->message), "%s", store_error(shard->store));
    }
}

/** The simulator found itself broken: nothing in this process can be trusted any more but that. */
static void panic(void *context, const char *message)
{
    struct shard *shard = context;

    shard->record->status = STORE_BROKEN;
    shard->record->message = message;
    shard->record->result = NULL;
    shard->record->wall_us = (sweep_clock() - shard->began) / 1000;
    keep(shard);
    pool_abandon(&shard->sweep->work, shard, shard->reply);
}

/** The diagnostics as a text, to be freed. */
static char *diagnostics_text(const struct diagnostics *diagnostics)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL) {
        return sim_copy_string("out of memory");
    }
    diagnostics_print(stream, diagnostics);
    fclose(stream);
    return text;
}

/** Simulates a scenario that was loaded, and keeps what comes out. */
static void simulate(struct shard *shard, const struct scenario *scenario)
{
    const struct scenario_run_options options = {
        .system = {.engine = shard->sweep->options->engine, .panic = panic, .panic_context = shard}};
    struct store_run *record = shard->record;
    struct run_result result;
    struct host_error error = {.text = ""};
    enum scenario_run_status status;

    memset(&result, 0, sizeof(result));
    shard->began = sweep_clock();
    status = scenario_run(scenario, &options, &result, &error);
    if (status == SCENARIO_RUN_IMPOSSIBLE) {
        record->status = STORE_IMPOSSIBLE;
        record->message = error.text;
    } else {
        record->status = status == SCENARIO_RUN_STUCK ? STORE_STUCK : STORE_DONE;
        record->message = status == SCENARIO_RUN_STUCK ? error.text : NULL;
        record->result = &result;
        record->failures = (uint32_t)run_result_failures(&result);
    }
    record->wall_us = (sweep_clock() - shard->began) / 1000;
    keep(shard);
    run_result_clear(&result);
}

void sweep_worker_run(void *context, void *state, uint64_t task, struct pool_reply *reply)
{
    const struct sweep *sweep = context;
    struct shard *shard = state;
    struct scenario_options options = {.sets = NULL};
    struct diagnostics diagnostics;
    struct scenario *scenario;
    struct sweep_sets sets;
    struct store_run record;
    char *command;

    shard->record = &record;
    shard->reply = reply;
    memset(&diagnostics, 0, sizeof(diagnostics));
    sweep_sets_make(sweep, task, &sets);
    sweep_record(sweep, task, &sets, &record, &command);
    options.sets = sets.sets;
    options.set_count = sets.count;
    scenario = sweep_load_run(sweep, &options, &diagnostics);
    if (scenario == NULL) {
        char *message = diagnostics_text(&diagnostics);

        record.status = STORE_IMPOSSIBLE;
        record.message = message;
        keep(shard);
        free(message);
    } else {
        simulate(shard, scenario);
    }
    scenario_free(scenario);
    diagnostics_clear(&diagnostics);
    sweep_sets_clear(&sets);
    free(command);
}

/* How a sweep stands: what is in its files, and what Slurm says of its jobs. */
#include "sweep/slurm.h"

#include "sim/allocate.h"
#include "sweep/folder.h"
#include "sweep/slurm_internal.h"
#include "sweep/sweep_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for a line of squeue for each of a large array's tasks. */
#define MOST_SAID (1024u * 1024u)

struct asking {
    struct sweep *sweep;
    bool *failed; /**< by run */
};

static bool note_failed(void *context, size_t columns, const char *const *names, const char *const *values,
                        const bool *numeric)
{
    struct asking *asking = context;
    uint64_t run = values[0] == NULL ? UINT64_MAX : strtoull(values[0], NULL, 10);

    (void)columns;
    (void)names;
    (void)numeric;
    if (run < asking->sweep->plan.runs) {
        asking->failed[run] = true;
    }
    return true;
}

/** Notes which runs a file holds, and which of them failed. */
static bool ask_file(void *context, const char *path)
{
    struct asking *asking = context;
    struct store *store;

    if (access(path, F_OK) != 0) {
        return true;
    }
    if (!sweep_note_file(asking->sweep, path)) {
        return false;
    }
    store = store_open_existing(path, &asking->sweep->about);
    if (store_error(store) == NULL) {
        store_query(store, "SELECT run FROM runs WHERE status <> 'done'", note_failed, asking);
    }
    store_close(store);
    return true;
}

static void count(const struct sweep *sweep, const bool *failed, struct slurm_status *status)
{
    for (uint64_t i = 0; i < sweep->plan.runs; i++) {
        status->runs++;
        status->done += sweep->present[i];
        status->failed += failed[i];
        if (status->part_count > 0) {
            status->parts[i % status->part_count].runs++;
            status->parts[i % status->part_count].done += sweep->present[i];
        }
    }
}

/** Asks Slurm for a job, task by task: number, state, node. @return whether it answered */
static bool ask_queue(uint64_t job, char *said, size_t size)
{
    char number[24];
    const char *words[] = {"squeue", "-h", "-r", "-t", "all", "-j", number, "-o", "%K %T %N", NULL};

    snprintf(number, sizeof(number), "%" PRIu64, job);
    return slurm_program(words, true, said, size) == 0;
}

static void read_parts(struct slurm_status *status, char *said)
{
    char *rest = NULL;

    for (char *line = strtok_r(said, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        unsigned long task = 0;
        char state[24] = "";
        char node[64] = "";

        if (sscanf(line, "%lu %23s %63s", &task, state, node) >= 2 && task >= 1 && task <= status->part_count) {
            snprintf(status->parts[task - 1].state, sizeof(state), "%s", state);
            snprintf(status->parts[task - 1].node, sizeof(node), "%s", node);
        }
    }
}

static void ask_slurm(struct slurm_status *status)
{
    char *said = sim_allocate(MOST_SAID, 1);

    status->queue_known = ask_queue(status->parts_job, said, MOST_SAID);
    if (status->queue_known) {
        read_parts(status, said);
        if (ask_queue(status->merge_job, said, MOST_SAID)) {
            (void)!sscanf(said, "%*s %23s", status->merge_state);
        }
    }
    free(said);
}

static enum sweep_outcome ask(struct sweep *sweep, struct slurm_status *status, struct diagnostics *diagnostics)
{
    struct asking asking = {.sweep = sweep};
    struct slurm_jobs jobs;
    bool good;

    if (!sweep_load(sweep, diagnostics)) {
        return diagnostics->environment_failed ? SWEEP_UNABLE : SWEEP_WRONG;
    }
    if (slurm_read_jobs(sweep->options->output, &jobs)) {
        status->submitted = true;
        status->parts_job = jobs.parts_job;
        status->merge_job = jobs.merge_job;
        status->part_count = jobs.parts;
        status->parts = sim_allocate(jobs.parts, sizeof(*status->parts));
    }
    sweep->present = sim_allocate(sweep->plan.runs, sizeof(*sweep->present));
    asking.failed = sim_allocate(sweep->plan.runs, sizeof(*asking.failed));
    /* Shards first: a merge moves runs from there to the result. */
    good = folder_each_shard(sweep->folder, ask_file, &asking) && ask_file(&asking, sweep->options->output);
    if (good) {
        count(sweep, asking.failed, status);
    }
    free(asking.failed);
    if (good && status->submitted) {
        ask_slurm(status);
    }
    return good ? SWEEP_DONE : SWEEP_UNABLE;
}

enum sweep_outcome slurm_ask(const struct sweep_options *options, struct slurm_status *status,
                             struct diagnostics *diagnostics, char *why, size_t size)
{
    enum sweep_outcome outcome;
    struct sweep sweep;

    memset(status, 0, sizeof(*status));
    sweep_open(&sweep, options, why, size);
    outcome = ask(&sweep, status, diagnostics);
    sweep_clear(&sweep);
    return outcome;
}

void slurm_status_clear(struct slurm_status *status)
{
    free(status->parts);
    memset(status, 0, sizeof(*status));
}

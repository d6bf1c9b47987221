#include "sweep/slurm.h"

#include "sim/allocate.h"
#include "sweep/folder.h"
#include "sweep/slurm_internal.h"
#include "sweep/sweep_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *slurm_path(const char *output, const char *name)
{
    const size_t size = strlen(output) + strlen(name) + sizeof(".slurm/");
    char *path = sim_allocate(size, 1);

    snprintf(path, size, "%s.slurm%s%s", output, name[0] == '\0' ? "" : "/", name);
    return path;
}

bool slurm_read_jobs(const char *output, struct slurm_jobs *jobs)
{
    char *path = slurm_path(output, "jobs");
    FILE *stream = fopen(path, "r");
    bool good = stream != NULL && fscanf(stream, "parts-job %" SCNu64 " merge-job %" SCNu64 " parts %" SCNu32,
                                         &jobs->parts_job, &jobs->merge_job, &jobs->parts) == 3;

    if (stream != NULL) {
        fclose(stream);
    }
    free(path);
    return good && jobs->parts > 0;
}

/* ---- The scripts ---- */

/** A script under way. */
struct script {
    const struct sweep *sweep;
    const struct slurm_submission *submission;
    char program[PATH_MAX]; /**< this one */
    char folder[PATH_MAX];  /**< in which it was called */
};

/** The sweep's file, overrides and result, as words of a command line. */
static void write_what(const struct script *script, FILE *stream)
{
    const struct sweep_options *options = script->sweep->options;

    sweep_write_word(stream, options->path);
    for (size_t i = 0; i < options->set_count; i++) {
        fputs(" \\\n    --set ", stream);
        sweep_write_word(stream, options->sets[i]);
    }
    fputs(" \\\n    --database ", stream);
    sweep_write_word(stream, options->output);
}

/** What both scripts begin with, behind their first comment. */
static void write_head(const struct script *script, FILE *stream, const char *job, const char *log)
{
    char *path = slurm_path(script->sweep->options->output, log);

    fprintf(stream, "#SBATCH --job-name=%s\n#SBATCH --nodes=1\n#SBATCH --ntasks=1\n#SBATCH --open-mode=append\n", job);
    fprintf(stream, "#SBATCH --output=\"%s%s%s\"\n", path[0] == '/' ? "" : script->folder, path[0] == '/' ? "" : "/",
            path);
    free(path);
}

static void write_folder(const struct script *script, FILE *stream)
{
    fputs("\ncd ", stream);
    sweep_write_word(stream, script->folder);
    fputs(" || exit 4\n", stream);
}

static void write_parts(const struct script *script, FILE *stream)
{
    static const char *const engines[] = {"native", "every-cycle", "systemc"};
    const struct sweep_options *options = script->sweep->options;

    fprintf(stream,
            "#!/bin/sh\n# The parts of a sweep, one for each task of a job array. Made by doorbell sweep submit.\n");
    write_head(script, stream, "doorbell-parts", "part-%a.log");
    fprintf(stream, "#SBATCH --array=%s\n#SBATCH --cpus-per-task=%u\n", script->submission->tasks, options->workers);
    fputs("# A task whose node fails is queued again, and goes on behind the last run that it wrote.\n"
          "#SBATCH --requeue\n",
          stream);
    write_folder(script, stream);
    fputs("exec ", stream);
    sweep_write_word(stream, script->program);
    fputs(" sweep ", stream);
    write_what(script, stream);
    fprintf(stream, " \\\n    --engine %s --jobs %u --shard \"$SLURM_ARRAY_TASK_ID/%" PRIu32 "\"\n",
            engines[options->engine], options->workers, options->parts);
}

static void write_merge(const struct script *script, FILE *stream)
{
    fprintf(stream, "#!/bin/sh\n# Puts the parts of a sweep together. Made by doorbell sweep submit.\n");
    write_head(script, stream, "doorbell-merge", "merge.log");
    fputs("#SBATCH --requeue\n", stream);
    write_folder(script, stream);
    fputs("# Status 4: a process that outlived its node's daemon is still at work in the folder. It ends by itself.\n"
          "for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n    ",
          stream);
    sweep_write_word(stream, script->program);
    fputs(" sweep merge ", stream);
    write_what(script, stream);
    fputs("\n    status=$?\n    test $status -eq 4 || exit $status\n    sleep $attempt\ndone\nexit 4\n", stream);
}

/** Writes one script. @return its path, in memory to be freed; NULL if that failed */
static char *write_script(struct script *script, const char *name,
                          void (*write)(const struct script *script, FILE *stream))
{
    char *path = slurm_path(script->sweep->options->output, name);
    FILE *stream = fopen(path, "w");
    bool good = stream != NULL;

    if (good) {
        write(script, stream);
        good = !ferror(stream);
        good = fclose(stream) == 0 && good;
    }
    if (!good) {
        snprintf(script->sweep->why, script->sweep->size, "E0202 cannot write %s: %s", path, strerror(errno));
        free(path);
        return NULL;
    }
    return path;
}

/** Hands a script to Slurm. @return the job's number; 0 if that failed */
static uint64_t submit_script(const struct sweep *sweep, const char *path, uint64_t behind)
{
    char dependency[64];
    const char *first[] = {"sbatch", "--parsable", path, NULL};
    const char *second[] = {"sbatch", "--parsable", dependency, path, NULL};
    char said[256];
    uint64_t job = 0;
    int status;

    snprintf(dependency, sizeof(dependency), "--dependency=afterany:%" PRIu64, behind);
    status = slurm_program(behind == 0 ? first : second, false, said, sizeof(said));
    if (status < 0) {
        snprintf(sweep->why, sweep->size, "E0409 cannot run sbatch: is Slurm installed here? %s is written", path);
    } else if (status != 0) {
        snprintf(sweep->why, sweep->size, "E0409 sbatch did not take %s (status %d)", path, status);
    } else if (sscanf(said, "%" SCNu64, &job) != 1) {
        snprintf(sweep->why, sweep->size, "E0409 sbatch told no job number for %s", path);
    }
    return job;
}

/** Keeps which jobs there are, for slurm_ask(). */
static bool keep_jobs(const struct sweep *sweep, const struct slurm_submission *submission)
{
    char *path = slurm_path(sweep->options->output, "jobs");
    FILE *stream = fopen(path, "w");
    bool good = stream != NULL;

    if (good) {
        fprintf(stream, "parts-job %" PRIu64 "\nmerge-job %" PRIu64 "\nparts %" PRIu32 "\n", submission->parts_job,
                submission->merge_job, sweep->options->parts);
        good = fclose(stream) == 0;
    }
    if (!good) {
        snprintf(sweep->why, sweep->size, "E0202 cannot write %s: %s", path, strerror(errno));
    }
    free(path);
    return good;
}

/* ---- Submitting ---- */

/** The parts that have runs to do, as ranges. @return whether there is room for them */
static bool list_tasks(const struct sweep *sweep, struct slurm_submission *submission)
{
    const uint32_t parts = sweep->options->parts;
    bool *wanted = sim_allocate((size_t)parts + 2, sizeof(*wanted));
    size_t used = 0;

    for (uint64_t i = 0; i < sweep->plan.runs; i++) {
        if (!sweep->present[i]) {
            submission->left++;
            wanted[i % parts + 1] = true;
        }
    }
    for (uint32_t first = 1; first <= parts && used < SLURM_ARRAY_BYTES; first++) {
        uint32_t last = first;

        if (!wanted[first]) {
            continue;
        }
        while (wanted[last + 1]) {
            last++;
        }
        used += (size_t)snprintf(submission->tasks + used, SLURM_ARRAY_BYTES - used, "%s%" PRIu32, used == 0 ? "" : ",",
                                 first);
        if (last > first && used < SLURM_ARRAY_BYTES) {
            used += (size_t)snprintf(submission->tasks + used, SLURM_ARRAY_BYTES - used, "-%" PRIu32, last);
        }
        first = last;
    }
    free(wanted);
    if (used >= SLURM_ARRAY_BYTES) {
        snprintf(sweep->why, sweep->size, "E0409 the missing runs are spread over too many parts: take fewer");
        return false;
    }
    return true;
}

/** Finds the runs that are there, in the result (or, if nobody asked to go on, anywhere). */
static bool look_back(struct sweep *sweep)
{
    sweep->present = sim_allocate(sweep->plan.runs, sizeof(*sweep->present));
    if (!sweep_note_file(sweep, sweep->options->output) || !folder_each_shard(sweep->folder, sweep_note_file, sweep)) {
        return false;
    }
    for (uint64_t i = 0; i < sweep->plan.runs && !sweep->options->resume; i++) {
        sweep->is_present = sweep->is_present || sweep->present[i];
    }
    return true;
}

/** Whether parts of an earlier submission wait or run. */
static bool is_queued(const char *output)
{
    struct slurm_jobs jobs;
    char number[24];
    const char *words[] = {"squeue", "-h", "-j", number, "-o", "%T", NULL};
    char said[64];

    if (!slurm_read_jobs(output, &jobs)) {
        return false;
    }
    snprintf(number, sizeof(number), "%" PRIu64, jobs.parts_job);
    return slurm_program(words, true, said, sizeof(said)) == 0 && said[0] != '\0';
}

static enum sweep_outcome submit(struct sweep *sweep, struct slurm_submission *submission)
{
    struct script script = {.sweep = sweep, .submission = submission};
    const ssize_t length = readlink("/proc/self/exe", script.program, sizeof(script.program) - 1);
    char *folder = slurm_path(sweep->options->output, "");
    const bool made = mkdir(folder, 0777) == 0 || errno == EEXIST;
    char *parts = NULL;
    char *merge = NULL;
    bool good = false;

    if (!made || length <= 0 || getcwd(script.folder, sizeof(script.folder)) == NULL) {
        snprintf(sweep->why, sweep->size, "E0202 cannot make the folder %s: %s", folder, strerror(errno));
    } else {
        parts = write_script(&script, "parts.sh", write_parts);
        merge = parts == NULL ? NULL : write_script(&script, "merge.sh", write_merge);
    }
    if (merge != NULL) {
        snprintf(submission->script, sizeof(submission->script), "%s", parts);
        submission->parts_job = submit_script(sweep, parts, 0);
        submission->merge_job = submission->parts_job == 0 ? 0 : submit_script(sweep, merge, submission->parts_job);
        good = submission->merge_job != 0 && keep_jobs(sweep, submission);
    }
    free(folder);
    free(parts);
    free(merge);
    return good ? SWEEP_DONE : SWEEP_UNABLE;
}

/** Loads, looks back and submits. */
static enum sweep_outcome prepare(struct sweep *sweep, struct slurm_submission *submission,
                                  struct diagnostics *diagnostics)
{
    if (!sweep_load(sweep, diagnostics) || !sweep_try_values(sweep, diagnostics)) {
        return diagnostics->environment_failed ? SWEEP_UNABLE : SWEEP_WRONG;
    }
    if (is_queued(sweep->options->output)) {
        sweep_tell(sweep, "E0410 parts of this sweep are in Slurm's queue (doorbell sweep status)");
        return SWEEP_UNABLE;
    }
    if (!look_back(sweep)) {
        return SWEEP_UNABLE;
    }
    if (sweep->is_present) {
        sweep_tell(sweep, "E0403 %s holds runs of this sweep already", sweep->options->output);
        return SWEEP_PRESENT;
    }
    if (!list_tasks(sweep, submission)) {
        return SWEEP_WRONG;
    }
    return submission->left == 0 ? SWEEP_DONE : submit(sweep, submission);
}

enum sweep_outcome slurm_submit(const struct sweep_options *options, struct slurm_submission *submission,
                                struct diagnostics *diagnostics, char *why, size_t size)
{
    enum sweep_outcome outcome = SWEEP_DONE;
    struct sweep sweep;
    uint64_t merged;

    memset(submission, 0, sizeof(*submission));
    if (options->resume && !is_queued(options->output)) {
        outcome = sweep_merge(options, &merged, diagnostics, why, size);
    }
    if (outcome != SWEEP_DONE) {
        return outcome;
    }
    sweep_open(&sweep, options, why, size);
    outcome = prepare(&sweep, submission, diagnostics);
    sweep_clear(&sweep);
    return outcome;
}

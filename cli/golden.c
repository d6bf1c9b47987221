#include "cli/golden.h"

#include "cli/failure.h"
#include "cli/folder.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "report/packet_paths.h"
#include "report/run_json.h"
#include "scenario/run.h"
#include "sim/allocate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** What a scenario gives now. */
struct outcome {
    json_t *result;
    char *paths;
};

__attribute__((format(printf, 3, 4))) static void judge(struct golden *golden, enum junit_outcome outcome,
                                                        const char *format, ...)
{
    char message[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    free(golden->message);
    golden->message = sim_copy_string(message);
    golden->outcome = outcome;
}

static void keep_paths(void *context, const struct recording *recording, const struct sim *sim,
                       const struct run_result *result)
{
    struct outcome *outcome = context;

    outcome->paths = packet_paths_text(recording, sim, result);
}

/** Takes away what is not kept: histograms, whose quantiles are, and every number of which would be a line. */
static void golden_trim(json_t *result)
{
    size_t index;
    json_t *device;

    json_object_del(result, "histogram");
    json_array_foreach(json_object_get(result, "devices"), index, device)
    {
        json_object_del(json_object_get(device, "msi"), "histogram");
    }
}

/** Runs the scenario. @return CLI_EXIT_OK, or 128 + a signal */
static int simulate(const struct cli_request *request, const char *path, const char *name, struct golden *golden,
                    struct outcome *outcome)
{
    struct recording_filter filter = recording_filter_all(GOLDEN_PACKETS);
    struct scenario_run_options options = {.system = {.engine = request->engine},
                                           .record = &filter,
                                           .recorded = keep_paths,
                                           .recorded_context = outcome,
                                           .interrupted = cli_interrupt_signal()};
    struct scenario_options nothing = {.set_count = 0};
    struct diagnostics diagnostics;
    struct host_error error = {.text = ""};
    struct run_result result = {0};
    struct scenario *scenario;
    enum scenario_run_status status;

    memset(&diagnostics, 0, sizeof(diagnostics));
    scenario = scenario_load(path, &nothing, &diagnostics);
    diagnostics_print(stderr, &diagnostics);
    if (scenario == NULL) {
        const struct diagnostic *first = diagnostics.count == 0 ? NULL : &diagnostics.items[0];

        judge(golden, JUNIT_ERROR, "%s:%u: %s", path, first == NULL ? 0 : first->line,
              first == NULL ? "cannot be read" : first->message);
    }
    diagnostics_clear(&diagnostics);
    if (scenario == NULL) {
        return CLI_EXIT_OK;
    }
    status = scenario_run(scenario, &options, &result, &error);
    if (status == SCENARIO_RUN_IMPOSSIBLE) {
        judge(golden, JUNIT_ERROR, "%s", error.text);
    } else if (status != SCENARIO_RUN_INTERRUPTED) {
        outcome->result = run_json(&result);
        golden_trim(outcome->result);
        json_object_set_new(outcome->result, "scenario", json_string(name)); /* wherever it lies */
        json_object_set_new(outcome->result, "run", json_string(status == SCENARIO_RUN_STUCK ? "stuck" : "done"));
    }
    run_result_clear(&result);
    scenario_free(scenario);
    return status == SCENARIO_RUN_INTERRUPTED ? CLI_EXIT_SIGNAL + *cli_interrupt_signal() : CLI_EXIT_OK;
}

/** Stores a text in a file, as a whole or not at all. */
static bool store(const char *path, const char *text, struct cli_problem *problem)
{
    struct cli_output output;

    if (!cli_output_open(&output, path, problem)) {
        return false;
    }
    fputs(text, output.stream);
    return cli_output_commit(&output, problem);
}

static int bless(const struct cli_request *request, const struct outcome *outcome, const char *folder,
                 const char *result_path, const char *paths_path)
{
    struct cli_problem problem = {.hint = ""};
    char *text = json_dumps(outcome->result, JSON_INDENT(2));
    bool stored = false;

    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        snprintf(problem.message, sizeof(problem.message), "E0202 %s: %s", folder, strerror(errno));
    } else {
        stored = text != NULL && store(result_path, text, &problem) &&
                 store(paths_path, outcome->paths == NULL ? "" : outcome->paths, &problem);
    }
    free(text);
    return stored ? CLI_EXIT_OK : cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
}

static char *describe_split(const struct packet_paths_split *split)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL) {
        return NULL;
    }
    fprintf(stream, "  after %zu packets with the same way:\n", split->same);
    if (split->before == NULL) {
        fprintf(stream, "    was: no more packets\n");
    } else {
        fprintf(stream, "    was: %.*s\n", (int)split->before_length, split->before);
    }
    if (split->after == NULL) {
        fprintf(stream, "    is:  no more packets\n");
    } else {
        fprintf(stream, "    is:  %.*s\n", (int)split->after_length, split->after);
    }
    fclose(stream);
    return text;
}

/** Compares with what is stored. */
static void compare(const struct cli_request *request, const struct outcome *outcome, const char *result_path,
                    const char *paths_path, struct golden *golden)
{
    json_error_t error;
    json_t *stored = json_load_file(result_path, 0, &error);
    char *paths = cli_file_text(paths_path);

    if (stored == NULL && access(result_path, F_OK) != 0) {
        golden->is_new = true;
        judge(golden, JUNIT_FAILED, "nothing is stored of it; --bless stores what comes out now");
    } else if (stored == NULL) {
        judge(golden, JUNIT_ERROR, "%s:%d:%d: %s", result_path, error.line, error.column, error.text);
    } else {
        golden->differences = json_differences(stored, outcome->result, &request->tolerances);
        if (golden->differences.counting > 0) {
            judge(golden, JUNIT_FAILED, "%zu metrics differ, the first is %s", golden->differences.counting,
                  golden->differences.list[0].path);
        }
    }
    if (golden->differences.count > 0 && paths != NULL && outcome->paths != NULL) {
        const struct packet_paths_split split = packet_paths_compare(paths, outcome->paths);

        golden->split = split.found ? describe_split(&split) : NULL;
    }
    free(paths);
    json_decref(stored);
}

int golden_check(const struct cli_request *request, const char *name, struct golden *golden)
{
    char *scenario = cli_path_in(request->operand, name, ".yaml");
    char *folder = cli_path_in(request->operand, "golden", "");
    char *result_path = cli_path_in(folder, name, ".json");
    char *paths_path = cli_path_in(folder, name, ".packets");
    struct outcome outcome = {.result = NULL};
    int status;

    *golden = (struct golden){.name = sim_copy_string(name)};
    status = simulate(request, scenario, name, golden, &outcome);
    if (outcome.result != NULL) {
        compare(request, &outcome, result_path, paths_path, golden);
        if (request->bless && (golden->is_new || golden->outcome == JUNIT_ERROR || golden->differences.count > 0)) {
            status = bless(request, &outcome, folder, result_path, paths_path);
            golden->blessed = status == CLI_EXIT_OK;
        }
    }
    json_decref(outcome.result);
    free(outcome.paths);
    free(scenario);
    free(folder);
    free(result_path);
    free(paths_path);
    return status;
}

void golden_clear(struct golden *golden)
{
    free(golden->name);
    free(golden->message);
    free(golden->split);
    differences_clear(&golden->differences);
}

#include "cli/verbs.h"

#include "cli/differences_text.h"
#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/folder.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** One pair of results. */
struct pair {
    char *name;
    struct differences differences;
    bool replications; /**< the seeds differ: only what is known with confidence counts */
    const char *alone; /**< in which of the two it is only; NULL: in both */
};

struct compared {
    const struct cli_request *request;
    struct pair *list;
    size_t count;
    int status;
};

/* ---- Judging ---- */

/** The value at a path of member names and element names. */
static const json_t *value_at(const json_t *document, const char *path)
{
    const json_t *at = document;
    char *copy = sim_copy_string(path);
    char *rest = copy;

    while (at != NULL && rest != NULL && *rest != '\0') {
        char *dot = strchr(rest, '.');
        const json_t *next = NULL;

        if (dot != NULL) {
            *dot = '\0';
        }
        if (json_is_object(at)) {
            next = json_object_get(at, rest);
        }
        for (size_t i = 0; next == NULL && i < json_array_size(at); i++) {
            const json_t *element = json_array_get(at, i);
            const char *name = json_string_value(json_object_get(element, "name"));

            next = name != NULL && strcmp(name, rest) == 0 ? element : NULL;
        }
        at = next;
        rest = dot == NULL ? NULL : dot + 1;
    }
    free(copy);
    return at;
}

/** Half width of the confidence interval that belongs to a mean; infinite if it is not known. */
static double interval_of(const json_t *document, const char *mean_path)
{
    char path[600];
    const json_t *interval;

    snprintf(path, sizeof(path), "%.*sci95-fs", (int)(strlen(mean_path) - strlen("mean-fs")), mean_path);
    interval = value_at(document, path);
    return json_is_number(interval) ? json_number_value(interval) : HUGE_VAL;
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/** Whether a difference between replications says that the systems differ. */
static bool is_significant(const struct difference *difference, const json_t *before, const json_t *after)
{
    if (ends_with(difference->path, "mean-fs")) {
        return fabs(difference->change) >
               hypot(interval_of(before, difference->path), interval_of(after, difference->path));
    }
    return ends_with(difference->path, ".outcome") || ends_with(difference->path, ".met");
}

static void judge(struct pair *pair, const json_t *before, const json_t *after)
{
    pair->replications = !json_equal(json_object_get(before, "seed"), json_object_get(after, "seed"));
    for (size_t i = 0; pair->replications && i < pair->differences.count; i++) {
        struct difference *difference = &pair->differences.list[i];

        if (!difference->tolerated && !is_significant(difference, before, after)) {
            difference->tolerated = true;
            pair->differences.counting--;
        }
    }
}

/* ---- Reading ---- */

static json_t *load(const struct cli_request *request, const char *path, int *status)
{
    json_error_t error;
    json_t *document = json_load_file(path, 0, &error);
    struct cli_problem problem = {.hint = ""};

    if (json_is_object(document)) {
        return document;
    }
    json_decref(document);
    if (error.line > 0) {
        snprintf(problem.message, sizeof(problem.message), "E0207 %s:%d:%d: %s", path, error.line, error.column,
                 error.text);
        snprintf(problem.hint, sizeof(problem.hint), "'doorbell run --json -o FILE' writes results");
        *status = cli_fail(request, CLI_EXIT_USAGE, &problem);
    } else {
        snprintf(problem.message, sizeof(problem.message), "%s", error.text); /* it names the file */
        *status = cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    return NULL;
}

/** Compares two files and adds the pair. */
static int add_pair(struct compared *compared, const char *name, const char *a, const char *b)
{
    int status = CLI_EXIT_OK;
    json_t *before = load(compared->request, a, &status);
    json_t *after = before == NULL ? NULL : load(compared->request, b, &status);
    struct pair *pair = &compared->list[compared->count];

    if (before != NULL && after != NULL) {
        *pair = (struct pair){.name = sim_copy_string(name)};
        pair->differences = json_differences(before, after, &compared->request->tolerances);
        judge(pair, before, after);
        compared->count++;
    }
    json_decref(before);
    json_decref(after);
    return status;
}

static bool has_name(const struct cli_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/** Adds the results that only one folder has. */
static void add_alone(struct compared *compared, const struct cli_names *names, const struct cli_names *others,
                      const char *where)
{
    for (size_t i = 0; i < names->count; i++) {
        if (!has_name(others, names->list[i])) {
            compared->list[compared->count++] = (struct pair){.name = sim_copy_string(names->list[i]), .alone = where};
        }
    }
}

static int compare_folders(struct compared *compared)
{
    const struct cli_request *request = compared->request;
    struct cli_problem problem = {.hint = ""};
    struct cli_names before = {.count = 0};
    struct cli_names after = {.count = 0};
    int status = CLI_EXIT_OK;

    if (!cli_folder_names(request->operand, ".json", &before, &problem) ||
        !cli_folder_names(request->second, ".json", &after, &problem)) {
        status = cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    } else if (before.count + after.count == 0) {
        snprintf(problem.message, sizeof(problem.message), "E0206 neither folder holds a result (*.json)");
        status = cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    compared->list = sim_allocate(before.count + after.count, sizeof(*compared->list));
    for (size_t i = 0; i < before.count && status == CLI_EXIT_OK; i++) {
        if (has_name(&after, before.list[i])) {
            char *a = cli_path_in(request->operand, before.list[i], ".json");
            char *b = cli_path_in(request->second, before.list[i], ".json");

            status = add_pair(compared, before.list[i], a, b);
            free(a);
            free(b);
        }
    }
    if (status == CLI_EXIT_OK) {
        add_alone(compared, &before, &after, request->operand);
        add_alone(compared, &after, &before, request->second);
    }
    cli_names_clear(&before);
    cli_names_clear(&after);
    return status;
}

/* ---- Telling ---- */

static bool differs(const struct pair *pair)
{
    return pair->alone != NULL || pair->differences.counting > 0;
}

static bool write_text(FILE *stream, const void *context)
{
    const struct compared *compared = context;
    size_t differing = 0;

    for (size_t i = 0; i < compared->count; i++) {
        const struct pair *pair = &compared->list[i];

        differing += differs(pair);
        if (pair->alone != NULL) {
            fprintf(stream, "%-8s %s: only in %s\n", "alone", pair->name, pair->alone);
            continue;
        }
        fprintf(stream, "%-8s %s%s\n", differs(pair) ? "differs" : "same", pair->name,
                pair->replications ? " (other seed: means beyond their intervals, verdicts and expectations count)"
                                   : "");
        cli_differences_print(stream, &pair->differences);
    }
    fprintf(stream, "%zu same, %zu different\n", compared->count - differing, differing);
    return !ferror(stream);
}

static bool write_json(FILE *stream, const void *context)
{
    const struct compared *compared = context;
    json_t *list = json_array();
    json_t *document;
    bool written;

    for (size_t i = 0; i < compared->count; i++) {
        const struct pair *pair = &compared->list[i];
        json_t *entry = json_object();

        json_object_set_new(entry, "name", cli_json_text(pair->name));
        json_object_set_new(entry, "outcome", json_string(differs(pair) ? "differs" : "same"));
        json_object_set_new(entry, "only-in", pair->alone == NULL ? json_null() : cli_json_text(pair->alone));
        json_object_set_new(entry, "replications", json_boolean(pair->replications));
        json_object_set_new(entry, "differences", cli_differences_json(&pair->differences));
        json_array_append_new(list, entry);
    }
    document =
        cli_document(compared->request, CLI_SCHEMA_COMPARISON, compared->status, json_pack("{s:o}", "results", list));
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

static int tell(struct compared *compared)
{
    int written;

    for (size_t i = 0; i < compared->count; i++) {
        if (differs(&compared->list[i])) {
            compared->status = CLI_EXIT_EXPECTATION;
        }
    }
    written = cli_emit(compared->request, compared->request->json ? write_json : write_text, compared);
    return written == CLI_EXIT_OK ? compared->status : written;
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int cli_verb_compare(const struct cli_request *request)
{
    struct compared compared = {.request = request, .status = CLI_EXIT_OK};
    int status = cli_emit_possible(request);

    if (status == CLI_EXIT_OK && is_folder(request->operand) && is_folder(request->second)) {
        status = compare_folders(&compared);
    } else if (status == CLI_EXIT_OK) {
        compared.list = sim_allocate(1, sizeof(*compared.list));
        status = add_pair(&compared, request->second, request->operand, request->second);
    }
    if (status == CLI_EXIT_OK) {
        status = tell(&compared);
    }
    for (size_t i = 0; i < compared.count; i++) {
        free(compared.list[i].name);
        differences_clear(&compared.list[i].differences);
    }
    free(compared.list);
    return status;
}

#include "cli/verbs.h"

#include "cli/differences_text.h"
#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/folder.h"
#include "cli/sets.h"
#include "cli/sets_read.h"
#include "cli/sets_text.h"
#include "sim/allocate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
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
    bool has_sets; /**< replications are judged together: `sets` says how they differ */
    struct cli_sets_comparison sets;
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
    struct cli_problem problem = {.hint = "'doorbell run --json -o FILE' writes results"};
    char *text = cli_file_text(path);
    json_error_t error;
    json_t *document = text == NULL ? NULL : json_loads(text, 0, &error);

    if (text == NULL) {
        snprintf(problem.message, sizeof(problem.message), "E0201 cannot read %s: %s", path, strerror(errno));
    } else if (text[0] == '\0') {
        snprintf(problem.message, sizeof(problem.message), "E0207 %s is empty", path);
    } else if (document == NULL) {
        snprintf(problem.message, sizeof(problem.message), "E0207 %s:%d:%d: %s", path, error.line, error.column,
                 error.text);
    } else if (!json_is_string(json_object_get(document, "schema"))) {
        snprintf(problem.message, sizeof(problem.message), "E0207 %s is no document of Doorbell: it names no schema",
                 path);
        json_decref(document);
        document = NULL;
    }
    free(text);
    if (document == NULL) {
        *status = cli_fail(request, cli_fail_status(&problem), &problem);
    }
    return document;
}

/** Whether two documents are of one form, and can differ in what they say; tells why not. */
static bool is_one_form(const struct cli_request *request, const char *const paths[2], json_t *const documents[2],
                        int *status)
{
    const char *forms[2] = {json_string_value(json_object_get(documents[0], "schema")),
                            json_string_value(json_object_get(documents[1], "schema"))};
    struct cli_problem problem = {.hint = "compare what one version of one verb wrote"};

    if (strcmp(forms[0], forms[1]) == 0) {
        return true;
    }
    snprintf(problem.message, sizeof(problem.message), "E0207 %s is a document of the form %s, and %s of %s", paths[0],
             forms[0], paths[1], forms[1]);
    *status = cli_fail(request, CLI_EXIT_USAGE, &problem);
    return false;
}

/** Compares two files and adds the pair. */
static int add_pair(struct compared *compared, const char *name, const char *a, const char *b)
{
    int status = CLI_EXIT_OK;
    json_t *before = load(compared->request, a, &status);
    json_t *after = before == NULL ? NULL : load(compared->request, b, &status);
    struct pair *pair = &compared->list[compared->count];

    if (before != NULL && after != NULL &&
        is_one_form(compared->request, (const char *[]){a, b}, (json_t *[]){before, after}, &status)) {
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

/* ---- Sets of replications ---- */

/** The results of a folder. */
struct folder {
    const char *path;
    struct cli_names names;
    char **keys; /**< by name: the group of its set that it is in; NULL: it is of no run, or not of a set */
    json_t *set;
};

static void folder_clear(struct folder *folder)
{
    for (size_t i = 0; i < folder->names.count && folder->keys != NULL; i++) {
        free(folder->keys[i]);
    }
    free(folder->keys);
    cli_names_clear(&folder->names);
    json_decref(folder->set);
}

/** Reads all results of a folder, and sorts them by their scenarios. */
static int folder_read(const struct cli_request *request, struct folder *folder)
{
    struct cli_problem problem = {.hint = ""};
    int status = CLI_EXIT_OK;

    folder->set = json_object();
    if (!cli_folder_names(folder->path, ".json", &folder->names, &problem)) {
        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    folder->keys = sim_allocate(folder->names.count + 1, sizeof(*folder->keys));
    for (size_t i = 0; i < folder->names.count && status == CLI_EXIT_OK; i++) {
        char *path = cli_path_in(folder->path, folder->names.list[i], ".json");
        json_t *document = load(request, path, &status);

        if (document != NULL && cli_sets_add_document(folder->set, document, request->device)) {
            folder->keys[i] = sim_copy_string(json_string_value(json_object_get(document, "scenario")));
        }
        json_decref(document);
        free(path);
    }
    return status;
}

/** Gives the results of a folder's only scenario the key of another: both sides are of one experiment. */
static void rename_group(struct folder *folder, const char *key)
{
    const char *old = json_object_iter_key(json_object_iter(folder->set));
    json_t *group = json_incref(json_object_get(folder->set, old));

    json_object_clear(folder->set);
    json_object_set_new(folder->set, key, group);
    for (size_t i = 0; i < folder->names.count; i++) {
        if (folder->keys[i] != NULL) {
            free(folder->keys[i]);
            folder->keys[i] = sim_copy_string(key);
        }
    }
}

/** Takes what is no set of replications out: of one seed, or on one side alone. That is compared by name. */
static void keep_replications(struct folder folders[2])
{
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < folders[side].names.count; i++) {
            char *key = folders[side].keys[i];
            const size_t seeds[] = {key == NULL ? 0 : cli_sets_seeds(folders[0].set, key),
                                    key == NULL ? 0 : cli_sets_seeds(folders[1].set, key)};

            if (key != NULL && (seeds[0] == 0 || seeds[1] == 0 || seeds[0] + seeds[1] < 3)) {
                json_object_del(folders[side].set, key);
                free(key);
                folders[side].keys[i] = NULL;
            }
        }
    }
}

/** Whether any group has a metric. @param metric NULL: any */
static bool has_metric(const struct cli_sets_comparison *sets, const char *metric)
{
    for (size_t i = 0; i < sets->count; i++) {
        for (size_t j = 0; j < sets->groups[i].count; j++) {
            const struct cli_sets_test *test = &sets->groups[i].tests[j];

            if (test->texts[0] == NULL && (metric == NULL || strcmp(test->name, metric) == 0)) {
                return true;
            }
        }
    }
    return sets->both == 0;
}

/** Whether there is what --metric and --device ask for. */
static int check_asked(const struct compared *compared)
{
    const struct cli_request *request = compared->request;
    struct cli_problem problem = {.hint = "'doorbell query DATABASE metrics' lists them"};

    if (request->device != NULL && !has_metric(&compared->sets, NULL)) {
        snprintf(problem.message, sizeof(problem.message),
                 "E0407 no run has a device '%s', or the metric asked for of it", request->device);
        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    for (size_t i = 0; i < request->metric_count; i++) {
        if (!has_metric(&compared->sets, request->metrics[i])) {
            snprintf(problem.message, sizeof(problem.message), "E0407 no run has the metric '%s'", request->metrics[i]);
            return cli_fail(request, CLI_EXIT_USAGE, &problem);
        }
    }
    return CLI_EXIT_OK;
}

static int compare_sets(struct compared *compared, json_t *before, json_t *after)
{
    const struct cli_request *request = compared->request;
    const struct cli_sets_options options = {.metrics = request->metrics,
                                             .metric_count = request->metric_count,
                                             .tolerances = &request->tolerances,
                                             .names = {request->operand, request->second}};

    compared->has_sets = true;
    compared->sets = cli_sets_compare(before, after, &options);
    return check_asked(compared);
}

/** What --metric and --device ask for, of what has no replications: nothing would come of them. */
static int refuse_without_sets(const struct cli_request *request)
{
    struct cli_problem problem = {.hint = "of two documents, --tolerance says what counts"};

    snprintf(problem.message, sizeof(problem.message),
             "E0107 --%s is about sweeps and folders with runs of several seeds, and these are none",
             request->metric_count > 0 ? "metric" : "device");
    return cli_fail(request, CLI_EXIT_USAGE, &problem);
}

/** What a folder has outside of sets: names to be compared one by one. */
static struct cli_names names_left(const struct folder *folder)
{
    struct cli_names left = {.list = sim_allocate(folder->names.count + 1, sizeof(char *))};

    for (size_t i = 0; i < folder->names.count; i++) {
        if (folder->keys[i] == NULL) {
            left.list[left.count++] = sim_copy_string(folder->names.list[i]);
        }
    }
    return left;
}

static int compare_by_name(struct compared *compared, const struct cli_names *before, const struct cli_names *after)
{
    const struct cli_request *request = compared->request;
    int status = CLI_EXIT_OK;

    compared->list = sim_allocate(before->count + after->count + 1, sizeof(*compared->list));
    for (size_t i = 0; i < before->count && status == CLI_EXIT_OK; i++) {
        if (has_name(after, before->list[i])) {
            char *a = cli_path_in(request->operand, before->list[i], ".json");
            char *b = cli_path_in(request->second, before->list[i], ".json");

            status = add_pair(compared, before->list[i], a, b);
            free(a);
            free(b);
        }
    }
    if (status == CLI_EXIT_OK) {
        add_alone(compared, before, after, request->operand);
        add_alone(compared, after, before, request->second);
    }
    return status;
}

static int compare_folders(struct compared *compared)
{
    const struct cli_request *request = compared->request;
    struct folder folders[2] = {{.path = request->operand}, {.path = request->second}};
    struct cli_problem problem = {.hint = ""};
    int status = folder_read(request, &folders[0]);

    if (status == CLI_EXIT_OK) {
        status = folder_read(request, &folders[1]);
    }
    if (status == CLI_EXIT_OK && folders[0].names.count + folders[1].names.count == 0) {
        snprintf(problem.message, sizeof(problem.message), "E0206 neither folder holds a result (*.json)");
        status = cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    if (status == CLI_EXIT_OK) {
        struct cli_names before;
        struct cli_names after;

        if (json_object_size(folders[0].set) == 1 && json_object_size(folders[1].set) == 1) {
            rename_group(&folders[1], json_object_iter_key(json_object_iter(folders[0].set)));
        }
        keep_replications(folders);
        before = names_left(&folders[0]);
        after = names_left(&folders[1]);
        status = compare_by_name(compared, &before, &after);
        if (status == CLI_EXIT_OK && json_object_size(folders[0].set) > 0) {
            status = compare_sets(compared, folders[0].set, folders[1].set);
        }
        cli_names_clear(&before);
        cli_names_clear(&after);
    }
    folder_clear(&folders[0]);
    folder_clear(&folders[1]);
    return status;
}

/* ---- Sweeps ---- */

static bool is_database(const char *path)
{
    static const char magic[] = "SQLite format 3";
    char begin[sizeof(magic)] = "";
    FILE *file = fopen(path, "rb");
    const bool is = file != NULL && fread(begin, 1, sizeof(begin), file) == sizeof(begin);

    if (file != NULL) {
        fclose(file);
    }
    return is && memcmp(begin, magic, sizeof(magic)) == 0;
}

static json_t *load_sweep(const struct cli_request *request, const char *path, int *status)
{
    struct store *store = store_open_existing(path, NULL);
    json_t *set = store_error(store) == NULL ? cli_sets_of_store(store, request->device) : NULL;

    if (set == NULL) {
        struct cli_problem problem = {.hint = ""};

        snprintf(problem.message, sizeof(problem.message), "%s", store_error(store));
        *status = cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    store_close(store);
    return set;
}

static int compare_sweeps(struct compared *compared)
{
    const struct cli_request *request = compared->request;
    int status = CLI_EXIT_OK;
    json_t *before = load_sweep(request, request->operand, &status);
    json_t *after = before == NULL ? NULL : load_sweep(request, request->second, &status);

    if (after != NULL) {
        status = compare_sets(compared, before, after);
        if (status == CLI_EXIT_OK && compared->sets.both == 0) {
            struct cli_problem problem = {.hint = "points are paired by the values of their axes"};

            snprintf(problem.message, sizeof(problem.message), "E0411 %s and %s have no point in common",
                     request->operand, request->second);
            status = cli_fail(request, CLI_EXIT_USAGE, &problem);
        }
    }
    json_decref(before);
    json_decref(after);
    return status;
}

/** A sweep and what is none cannot be compared. */
static int fail_mixed(const struct cli_request *request, bool first_is_sweep)
{
    struct cli_problem problem = {.hint = "compare two sweeps, two documents of 'run --json', or two folders of such"};

    snprintf(problem.message, sizeof(problem.message), "E0412 %s is a sweep's database, and %s is none",
             first_is_sweep ? request->operand : request->second, first_is_sweep ? request->second : request->operand);
    return cli_fail(request, CLI_EXIT_USAGE, &problem);
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
    if (compared->count > 0 || !compared->has_sets) {
        fprintf(stream, "%zu same, %zu different\n", compared->count - differing, differing);
    }
    if (compared->has_sets) {
        cli_sets_print(stream, &compared->sets);
    }
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
    json_object_set_new(document, "sets", compared->has_sets ? cli_sets_json(&compared->sets) : json_null());
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
    for (size_t i = 0; i < compared->sets.count; i++) {
        if (compared->sets.groups[i].differs) {
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
    const bool sweeps[] = {is_database(request->operand), is_database(request->second)};
    int status = cli_emit_possible(request);

    if (status == CLI_EXIT_OK && sweeps[0] != sweeps[1]) {
        status = fail_mixed(request, sweeps[0]);
    } else if (status == CLI_EXIT_OK && sweeps[0]) {
        status = compare_sweeps(&compared);
    } else if (status == CLI_EXIT_OK && is_folder(request->operand) && is_folder(request->second)) {
        status = compare_folders(&compared);
    } else if (status == CLI_EXIT_OK) {
        compared.list = sim_allocate(1, sizeof(*compared.list));
        status = add_pair(&compared, request->second, request->operand, request->second);
    }
    if (status == CLI_EXIT_OK && !compared.has_sets && (request->metric_count > 0 || request->device != NULL)) {
        status = refuse_without_sets(request);
    }
    if (status == CLI_EXIT_OK) {
        status = tell(&compared);
    }
    for (size_t i = 0; i < compared.count; i++) {
        free(compared.list[i].name);
        differences_clear(&compared.list[i].differences);
    }
    free(compared.list);
    cli_sets_clear(&compared.sets);
    return status;
}

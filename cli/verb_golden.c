#include "cli/verbs.h"

#include "cli/differences_text.h"
#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/folder.h"
#include "cli/golden.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "sim/allocate.h"

#include <stdint.h>
#include <stdlib.h>

/** All scenarios of the folder. */
struct checked {
    const struct cli_request *request;
    struct golden *list;
    size_t count;
    int status;
};

/* ---- For people ---- */

static void print_golden(FILE *stream, const struct golden *golden)
{
    const char *word = golden->outcome == JUNIT_ERROR ? "error" : "differs";

    if (golden->blessed) {
        fprintf(stream, "%-8s %s%s\n", "stored", golden->name, golden->is_new ? " (new)" : "");
    } else if (golden->outcome == JUNIT_PASSED) {
        fprintf(stream, "%-8s %s\n", "same", golden->name);
    } else {
        fprintf(stream, "%-8s %s: %s\n", golden->is_new ? "new" : word, golden->name, golden->message);
    }
    cli_differences_print(stream, &golden->differences);
    if (golden->split != NULL) {
        fputs(golden->split, stream);
    }
}

/** Scenarios that are not as they should be. */
static size_t failures(const struct checked *checked)
{
    size_t count = 0;

    for (size_t i = 0; i < checked->count; i++) {
        count += checked->list[i].outcome != JUNIT_PASSED && !checked->list[i].blessed;
    }
    return count;
}

static bool write_text(FILE *stream, const void *context)
{
    const struct checked *checked = context;

    for (size_t i = 0; i < checked->count; i++) {
        print_golden(stream, &checked->list[i]);
    }
    fprintf(stream, "%zu passed, %zu failed\n", checked->count - failures(checked), failures(checked));
    return !ferror(stream);
}

/* ---- For programs ---- */

static const char *outcome_name(const struct golden *golden)
{
    if (golden->blessed) {
        return "stored";
    }
    if (golden->is_new) {
        return "new";
    }
    switch (golden->outcome) {
    case JUNIT_PASSED:
        return "same";
    case JUNIT_FAILED:
        return "differs";
    case JUNIT_ERROR:
        break;
    }
    return "error";
}

static bool write_json(FILE *stream, const void *context)
{
    const struct checked *checked = context;
    json_t *list = json_array();
    json_t *document;
    bool written;

    for (size_t i = 0; i < checked->count; i++) {
        const struct golden *golden = &checked->list[i];
        json_t *entry = json_pack("{s:s, s:s}", "scenario", golden->name, "outcome", outcome_name(golden));

        json_object_set_new(entry, "message", golden->message == NULL ? json_null() : cli_json_text(golden->message));
        json_object_set_new(entry, "differences", cli_differences_json(&golden->differences));
        json_object_set_new(entry, "first-packet", golden->split == NULL ? json_null() : cli_json_text(golden->split));
        json_array_append_new(list, entry);
    }
    document =
        cli_document(checked->request, CLI_SCHEMA_GOLDEN, checked->status, json_pack("{s:o}", "scenarios", list));
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

/** Everything that a person would read about a scenario, to be freed. */
static char *details(const struct golden *golden)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    if (stream != NULL) {
        print_golden(stream, golden);
        fclose(stream);
    }
    return text;
}

static int write_junit(const struct checked *checked)
{
    struct junit_case *cases = sim_allocate(checked->count, sizeof(*cases));
    struct cli_problem problem = {.hint = ""};
    struct cli_output output;
    bool written = cli_output_open(&output, checked->request->junit, &problem);

    for (size_t i = 0; i < checked->count; i++) {
        const struct golden *golden = &checked->list[i];

        cases[i] = (struct junit_case){.name = golden->name,
                                       .outcome = golden->blessed ? JUNIT_PASSED : golden->outcome,
                                       .message = golden->message,
                                       .details = details(golden)};
    }
    if (written) {
        junit_write(output.stream, checked->request->operand, cases, checked->count);
        written = cli_output_commit(&output, &problem);
    }
    for (size_t i = 0; i < checked->count; i++) {
        free((char *)(uintptr_t)cases[i].details);
    }
    free(cases);
    return written ? CLI_EXIT_OK : cli_fail(checked->request, CLI_EXIT_ENVIRONMENT, &problem);
}

/* ---- The verb ---- */

/** Checks one scenario after the other, up to a signal or a failure to store. */
static void check_all(struct checked *checked, const struct cli_names *names)
{
    checked->list = sim_allocate(names->count, sizeof(*checked->list));
    cli_interrupt_catch();
    for (size_t i = 0; i < names->count && checked->status == CLI_EXIT_OK; i++) {
        checked->status = golden_check(checked->request, names->list[i], &checked->list[i]);
        checked->count++;
    }
    if (checked->status == CLI_EXIT_OK && failures(checked) > 0) {
        checked->status = CLI_EXIT_EXPECTATION;
    }
}

static int report(const struct checked *checked)
{
    int status = checked->status;
    int written = CLI_EXIT_OK;

    if (checked->request->junit != NULL) {
        written = write_junit(checked);
    }
    if (written == CLI_EXIT_OK) {
        written = cli_emit(checked->request, checked->request->json ? write_json : write_text, checked);
    }
    return written == CLI_EXIT_OK ? status : written;
}

/** Whether everything that is asked for can be had. */
static int prepare(const struct cli_request *request)
{
    struct cli_problem problem = {.hint = ""};

    if (request->engine == SIM_ENGINE_SYSTEMC) {
        snprintf(problem.message, sizeof(problem.message), "E0107 SystemC's kernel simulates one scenario a process");
        snprintf(problem.hint, sizeof(problem.hint), "--engine native or every-cycle, which give the same results");
        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    if (request->junit != NULL && !cli_output_possible(request->junit, &problem)) {
        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    return cli_emit_possible(request);
}

int cli_verb_golden(const struct cli_request *request)
{
    struct checked checked = {.request = request, .status = CLI_EXIT_OK};
    struct cli_problem problem = {.hint = ""};
    struct cli_names names;
    int status = prepare(request);

    if (status != CLI_EXIT_OK) {
        return status;
    }
    if (!cli_folder_names(request->operand, ".yaml", &names, &problem)) {
        status = cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    } else if (names.count == 0) {
        snprintf(problem.message, sizeof(problem.message), "E0206 %s holds no scenario (*.yaml)", request->operand);
        status = cli_fail(request, CLI_EXIT_USAGE, &problem);
    } else {
        check_all(&checked, &names);
        status = report(&checked);
    }
    for (size_t i = 0; i < checked.count; i++) {
        golden_clear(&checked.list[i]);
    }
    free(checked.list);
    cli_names_clear(&names);
    return status;
}

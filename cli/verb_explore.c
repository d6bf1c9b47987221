#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/explore_request.h"
#include "cli/failure.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "explore/explore.h"
#include "explore/write.h"
#include "scenario/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What the writers need. */
struct explored {
    const struct cli_request *request;
    struct cli_explore asked;
    struct explore_result result;
    int status;
    char *file; /**< the counterexample; NULL if there is none */
    uint64_t msis;
    uint64_t lost;
};

/* ---- While it goes on ---- */

/** Progress, seen by whoever sits before a terminal. */
struct watch {
    struct cli_progress line;
    bool is_seen;
    uint64_t limit;
};

static bool go_on(void *context, uint64_t judged)
{
    struct watch *watch = context;

    if (watch->is_seen) {
        cli_progress_count(&watch->line, "systems judged", judged, watch->limit);
    }
    return *cli_interrupt_signal() == 0;
}

static bool explore_watched(struct explored *explored, struct host_error *error)
{
    struct watch watch = {.limit = explored->asked.wanted.limit};
    bool done;

    cli_interrupt_catch();
    watch.is_seen = cli_progress_begin(&watch.line);
    explored->asked.wanted.progress = go_on;
    explored->asked.wanted.context = &watch;
    done = explore(&explored->asked.wanted, &explored->result, error);
    cli_progress_end(&watch.line);
    return done;
}

/* ---- The counterexample, and what a run of it shows ---- */

static const struct explore_software *software_of_found(const struct explored *explored)
{
    return &explored->asked.software[explored->result.smallest.software];
}

static void make_file(struct explored *explored)
{
    const struct explore_found *found = &explored->result.smallest;
    char title[128];
    const struct explore_caption caption = {
        .title = title, .assumption = assumption_name(explored->asked.wanted.assumption), .outcome = "violated"};
    size_t length = 0;
    FILE *stream = open_memstream(&explored->file, &length);

    snprintf(title, sizeof(title), "%s: the smallest counterexample", caption.assumption);
    if (stream == NULL ||
        !explore_write(stream, software_of_found(explored), &found->shape, &found->labels, &caption) ||
        fclose(stream) != 0) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
}

/** @return whether the run shows what was foretold; else why not, in @p error */
static bool run_agrees(struct explored *explored, const struct scenario *scenario, struct host_error *error)
{
    const struct scenario_run_options options = {.interrupted = NULL};
    struct run_result result = {.title = NULL};
    const char *name = assumption_name(explored->asked.wanted.assumption);
    const enum scenario_run_status status = scenario_run(scenario, &options, &result, error);
    const struct verdict *verdict = status == SCENARIO_RUN_DONE ? verdict_list_find(&result.verdicts, name) : NULL;
    bool agrees = verdict != NULL && verdict->outcome == VERDICT_VIOLATED;

    if (verdict != NULL && !agrees) {
        host_error_set(error, "a run of the counterexample shows that %s %s", name,
                       verdict_outcome_name(verdict->outcome));
    }
    for (size_t i = 0; i < result.device_count; i++) {
        explored->msis += result.devices[i].born;
        explored->lost += result.devices[i].lost;
    }
    run_result_clear(&result);
    return agrees;
}

static bool confirm(struct explored *explored, struct host_error *error)
{
    struct diagnostics diagnostics = {.items = NULL};
    const struct scenario_options options = {.set_count = 0};
    struct scenario *scenario;
    bool agrees = false;

    make_file(explored);
    scenario = scenario_load_text("counterexample", explored->file, strlen(explored->file), &options, &diagnostics);
    if (scenario == NULL) {
        diagnostics_print(stderr, &diagnostics);
        host_error_set(error, "the counterexample does not load");
    } else {
        agrees = run_agrees(explored, scenario, error);
    }
    diagnostics_clear(&diagnostics);
    scenario_free(scenario);
    return agrees;
}

/* ---- Text: a scenario file, with what was explored as its comment ---- */

static void write_number(FILE *stream, uint64_t number)
{
    fprintf(stream, number == UINT64_MAX ? "2^64 or more" : "%" PRIu64, number);
}

static void write_classes(FILE *stream, const struct explore_result *result)
{
    fputs("#\n#   endpoints  switches      judged  violations  covered\n", stream);
    for (unsigned i = 0; i < result->class_count; i++) {
        const struct explore_class *class = &result->classes[i];

        fprintf(stream, "#   %9u %9u %11" PRIu64 " %11" PRIu64 "  ", class->endpoints, class->switches, class->judged,
                class->violations);
        if (class->exhausted) {
            fputs("all\n", stream);
        } else {
            fprintf(stream, "%" PRIu64 " of ", class->covered);
            write_number(stream, class->total);
            fputs(", drawn at random\n", stream);
        }
    }
}

/** Whose the endpoints were, by which rules, and what came of each; said if it is not what everybody expects. */
static void write_software(FILE *stream, const struct explored *explored)
{
    const struct explore_request *wanted = &explored->asked.wanted;

    if (wanted->software_count == 1 && explored->asked.left_out == 0 && wanted->software[0].use == EXPLORE_USE_KERNEL) {
        return;
    }
    fputs("#\n#   consumer             rules               grouping   messages  PASIDs        holds  violated  "
          "not applicable\n",
          stream);
    for (unsigned i = 0; i < wanted->software_count; i++) {
        const struct explore_software *software = &wanted->software[i];
        const uint64_t *outcomes = explored->result.tallies[i].outcomes;

        fprintf(stream, "#   %-19s  %-18s  %-9s  %-8s  %-6s %12" PRIu64 " %9" PRIu64 " %15" PRIu64 "\n",
                explore_use_name(software->use), software->rules->name, group_rule_name(software->grouping),
                explore_controller_name(software->controller), explore_pasids_name(software->pasids),
                outcomes[VERDICT_HOLDS], outcomes[VERDICT_VIOLATED], outcomes[VERDICT_NOT_APPLICABLE]);
    }
    if (explored->asked.left_out > 0) {
        fprintf(stream,
                "# Left out: %u combination%s of a consumer and a rule set that knows no such use of devices.\n",
                explored->asked.left_out, explored->asked.left_out == 1 ? "" : "s");
    }
}

static void write_coverage(FILE *stream, const struct explored *explored)
{
    const struct explore_bounds *bounds = &explored->asked.wanted.bounds;
    const struct explore_result *result = &explored->result;
    const unsigned ways = explored->asked.wanted.software_count;

    fprintf(stream,
            "# %s, on systems of up to %u endpoint%s, %u switch%s, %u ITS and %u SMMU%s, every port with\n# one of %u "
            "setting%s of ACS.\n",
            assumption_name(explored->asked.wanted.assumption), bounds->endpoints, bounds->endpoints == 1 ? "" : "s",
            bounds->switches, bounds->switches == 1 ? "" : "es", bounds->its, bounds->smmus,
            bounds->smmus == 1 ? "" : "s", bounds->acs, bounds->acs == 1 ? "" : "s");
    if (bounds->functions > 1) {
        fprintf(stream, "# Up to %u endpoints are functions of one device, with ACS of their own or without.\n",
                bounds->functions);
    }
    if (bounds->unmapped) {
        fputs("# The iommu-map may leave endpoints out.\n", stream);
    }
    fprintf(stream,
            "# Judged: %" PRIu64 " systems%s (holds: %" PRIu64 ", violated: %" PRIu64 ", not applicable: %" PRIu64
            ").\n# They stand for %" PRIu64 " of ",
            result->judged, ways > 1 ? ", each of them for each consumer below" : "", result->outcomes[VERDICT_HOLDS],
            result->outcomes[VERDICT_VIOLATED], result->outcomes[VERDICT_NOT_APPLICABLE], result->covered);
    write_number(stream, result->total);
    fprintf(stream, " if names of ITS and SMMUs count: %s.\n",
            result->exhausted ? "the whole space" : "a part of the space");
    if (result->interrupted) {
        fputs("# It was interrupted: what came before is counted.\n", stream);
    }
    write_classes(stream, result);
    write_software(stream, explored);
}

static bool was_applicable(const struct explore_result *result)
{
    return result->outcomes[VERDICT_HOLDS] + result->outcomes[VERDICT_VIOLATED] > 0;
}

static bool had_pasids(const struct explore_request *wanted)
{
    for (unsigned i = 0; i < wanted->software_count; i++) {
        if (wanted->software[i].pasids != EXPLORE_PASIDS_NONE) {
            return true;
        }
    }
    return false;
}

/** What would make an assumption applicable that was so on no system; NULL: nothing that is known. */
static const char *hint_of(const struct explore_request *wanted)
{
    const char *name = assumption_name(wanted->assumption);

    if (strcmp(name, ASSUMPTION_ONE_VIOMMU_PER_SMMU) == 0 || strcmp(name, ASSUMPTION_GUEST_OWNED_MSI) == 0) {
        return "no system here has a virtual machine: check or run a scenario with `software: vms`";
    }
    if (strcmp(name, ASSUMPTION_DATA_BEFORE_INTERRUPT) == 0) {
        return "no device here writes data: check or run a scenario whose `traffic` has dma-write and msi";
    }
    if (wanted->bounds.smmus == 0) {
        return "no system here has an SMMU: --smmus 1 or more";
    }
    if (!had_pasids(wanted) &&
        (strcmp(name, ASSUMPTION_MSI_IN_PRIMARY_DOMAIN) == 0 || strcmp(name, ASSUMPTION_PASID_CONSISTENT) == 0)) {
        return "no function here uses PASIDs: --pasids shared,own";
    }
    return NULL;
}

/** Nothing was judged that could have been a counterexample: that there is none says nothing. */
static void write_not_applicable(FILE *stream, const struct explored *explored)
{
    const char *hint = hint_of(&explored->asked.wanted);

    fputs("#\n# Nothing is shown: the assumption is applicable to none of these systems.\n", stream);
    if (hint != NULL) {
        fprintf(stream, "# Hint: %s.\n", hint);
    }
}

static bool write_text(FILE *stream, const void *context)
{
    const struct explored *explored = context;

    write_coverage(stream, explored);
    if (!was_applicable(&explored->result)) {
        write_not_applicable(stream, explored);
    } else if (explored->file == NULL) {
        fprintf(stream, "#\n# No counterexample %s.\n", explored->result.exhausted ? "exists" : "was found");
    } else {
        fprintf(stream,
                "#\n# The smallest counterexample follows. A run of it shows the same; of %" PRIu64 " MSIs %" PRIu64
                " were lost.\n",
                explored->msis, explored->lost);
        fputs(explored->file, stream);
    }
    return ferror(stream) == 0;
}

/* ---- JSON ---- */

static json_t *number_or_null(uint64_t number)
{
    return number > INT64_MAX ? json_null() : json_integer((json_int_t)number);
}

static json_t *classes_as_json(const struct explore_result *result)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < result->class_count; i++) {
        const struct explore_class *class = &result->classes[i];

        json_array_append_new(list, json_pack("{s:i, s:i, s:b, s:I, s:I, s:o, s:o}", "endpoints", (int)class->endpoints,
                                              "switches", (int)class->switches, "exhausted", class->exhausted, "judged",
                                              (json_int_t) class->judged, "violations", (json_int_t) class->violations,
                                              "covered", number_or_null(class->covered), "total",
                                              number_or_null(class->total)));
    }
    return list;
}

static json_t *software_as_json(const struct explored *explored)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < explored->asked.wanted.software_count; i++) {
        const struct explore_software *software = &explored->asked.software[i];
        const uint64_t *outcomes = explored->result.tallies[i].outcomes;

        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I}", "consumer", explore_use_name(software->use),
                      "rules", software->rules->name, "grouping", group_rule_name(software->grouping), "controller",
                      explore_controller_name(software->controller), "pasids", explore_pasids_name(software->pasids),
                      "guest-doorbells", (int)software->guest_doorbells, "identity-pages",
                      (int)software->identity_pages, "holds", (json_int_t)outcomes[VERDICT_HOLDS], "violated",
                      (json_int_t)outcomes[VERDICT_VIOLATED], "not-applicable",
                      (json_int_t)outcomes[VERDICT_NOT_APPLICABLE]));
    }
    return list;
}

static bool write_json(FILE *stream, const void *context)
{
    const struct explored *explored = context;
    const struct explore_result *result = &explored->result;
    const struct explore_bounds *bounds = &explored->asked.wanted.bounds;
    json_t *limits = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:b}", "endpoints", (int)bounds->endpoints, "switches",
                               (int)bounds->switches, "its", (int)bounds->its, "smmus", (int)bounds->smmus, "acs",
                               (int)bounds->acs, "functions", (int)bounds->functions, "unmapped", bounds->unmapped);
    json_t *body =
        json_pack("{s:s, s:o, s:o, s:b, s:b, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "assumption",
                  assumption_name(explored->asked.wanted.assumption), "bounds", limits, "software",
                  software_as_json(explored), "exhausted", result->exhausted, "interrupted", result->interrupted,
                  "judged", (json_int_t)result->judged, "holds", (json_int_t)result->outcomes[VERDICT_HOLDS],
                  "violated", (json_int_t)result->outcomes[VERDICT_VIOLATED], "not-applicable",
                  (json_int_t)result->outcomes[VERDICT_NOT_APPLICABLE], "covered", number_or_null(result->covered),
                  "total", number_or_null(result->total), "sizes", classes_as_json(result));
    json_t *document;
    bool written;

    json_object_set_new(body, "applicable", json_boolean(was_applicable(result)));
    if (!was_applicable(result) && hint_of(&explored->asked.wanted) != NULL) {
        json_object_set_new(body, "hint", json_string(hint_of(&explored->asked.wanted)));
    }
    if (explored->file != NULL) {
        json_object_set_new(body, "counterexample",
                            json_pack("{s:s, s:I, s:I}", "scenario", explored->file, "msis", (json_int_t)explored->msis,
                                      "lost", (json_int_t)explored->lost));
    }
    document = cli_document(explored->request, CLI_SCHEMA_EXPLORATION, explored->status, body);
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

/* ---- The verb ---- */

int cli_verb_explore(const struct cli_request *request)
{
    struct explored explored = {.request = request, .status = CLI_EXIT_OK};
    struct cli_problem problem = {.hint = ""};
    struct host_error error = {.text = ""};
    int status = cli_emit_possible(request);

    if (status != CLI_EXIT_OK) {
        return status;
    }
    if (!cli_explore_understand(request, &explored.asked, &problem)) {
        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    if (!explore_watched(&explored, &error) || (explored.result.violated && !confirm(&explored, &error))) {
        snprintf(problem.message, sizeof(problem.message), "E0304 %s", error.text);
        status = cli_fail(request, CLI_EXIT_ABNORMAL, &problem);
    } else {
        explored.status = explored.result.interrupted ? CLI_EXIT_SIGNAL + *cli_interrupt_signal()
                          : explored.result.violated  ? CLI_EXIT_EXPECTATION
                                                      : CLI_EXIT_OK;
        status = cli_emit(request, request->json ? write_json : write_text, &explored);
        status = status == CLI_EXIT_OK ? explored.status : status;
    }
    free(explored.file);
    return status;
}

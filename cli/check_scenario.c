#include "cli/check_kinds.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/load.h"
#include "host/topology.h"
#include "report/step_text.h"
#include "report/topology_json.h"
#include "report/verdict_json.h"
#include "report/verdict_text.h"
#include "scenario/plan.h"
#include "scenario/verdicts.h"

#include <stdio.h>
#include <string.h>

/** What the writers need. */
struct judged {
    const struct cli_request *request;
    const struct scenario *scenario;
    struct verdict_list verdicts;
    struct step_list steps;
    int status;
};

/** What came out where an expectation looks; NULL if it speaks of something that only a run can tell. */
static const char *outcome_of(const struct judged *judged, const struct scenario_expectation *expected)
{
    const struct verdict *verdict;
    const struct run_step *step;

    if (expected->metric == SCENARIO_METRIC_VERDICT) {
        verdict = verdict_list_find(&judged->verdicts, expected->verdict);
        return verdict == NULL ? NULL : verdict_outcome_name(verdict->outcome);
    }
    if (expected->metric == SCENARIO_METRIC_STEP) {
        step = step_list_find(&judged->steps, expected->step);
        return step == NULL ? "the software never tries" : step->outcome;
    }
    return NULL;
}

static bool is_met(const struct scenario_expectation *expected, const char *outcome)
{
    return strcmp(expected->text, outcome) == 0;
}

/** How many of what was expected did not come out. */
static size_t count_failures(const struct judged *judged)
{
    size_t failures = 0;

    for (size_t i = 0; i < judged->scenario->expectation_count; i++) {
        const struct scenario_expectation *expected = &judged->scenario->expectations[i];
        const char *outcome = outcome_of(judged, expected);

        if (outcome != NULL && !is_met(expected, outcome)) {
            failures++;
        }
    }
    return failures;
}

static bool write_text(FILE *stream, const void *context)
{
    const struct judged *judged = context;
    bool has_title = false;

    verdict_text_write(stream, &judged->verdicts);
    step_text_write(stream, &judged->steps);
    for (size_t i = 0; i < judged->scenario->expectation_count; i++) {
        const struct scenario_expectation *expected = &judged->scenario->expectations[i];
        const char *outcome = outcome_of(judged, expected);

        if (outcome == NULL) {
            continue;
        }
        if (!has_title) {
            fputs("\nExpectations\n", stream);
            has_title = true;
        }
        if (is_met(expected, outcome)) {
            fprintf(stream, "  met     %s: %s\n", expected->key, expected->text);
        } else {
            fprintf(stream, "  FAILED  %s: expected %s, got %s (%s:%u)\n", expected->key, expected->text, outcome,
                    expected->place.file, expected->place.line);
        }
    }
    return !ferror(stream);
}

static json_t *expectations_json(const struct judged *judged)
{
    json_t *list = json_array();

    for (size_t i = 0; i < judged->scenario->expectation_count; i++) {
        const struct scenario_expectation *expected = &judged->scenario->expectations[i];
        const char *outcome = outcome_of(judged, expected);
        json_t *item;

        if (outcome == NULL) {
            continue;
        }
        item = json_object();
        json_object_set_new(item, "key", cli_json_text(expected->key));
        json_object_set_new(item, "wanted", cli_json_text(expected->text));
        json_object_set_new(item, "got", json_string(outcome));
        json_object_set_new(item, "place", json_sprintf("%s:%u", expected->place.file, expected->place.line));
        json_object_set_new(item, "met", json_boolean(is_met(expected, outcome)));
        json_array_append_new(list, item);
    }
    return list;
}

/** The system as its software would find it: what a report draws. */
static json_t *drawn_json(const struct scenario *scenario)
{
    struct topology topology = {.hosts = NULL};
    struct host_error error = {.text = ""};
    struct scenario_plan plan;
    json_t *drawn;

    /* That it can be planned the verdicts show. */
    if (scenario_plan_make(scenario, &plan, &error)) {
        topology_describe(&plan.software, &topology);
    }
    drawn = topology_json(&topology);
    topology_clear(&topology);
    scenario_plan_clear(&plan);
    return drawn;
}

static bool write_json(FILE *stream, const void *context)
{
    const struct judged *judged = context;
    json_t *body = json_object();
    json_t *document;
    bool written;

    json_object_set_new(body, "title", cli_json_text(judged->scenario->title));
    json_object_set_new(body, "verdicts", verdict_json(&judged->verdicts));
    json_object_set_new(body, "steps", step_json(&judged->steps));
    json_object_set_new(body, "expectations", expectations_json(judged));
    json_object_set_new(body, "topology", drawn_json(judged->scenario));
    document = cli_document(judged->request, CLI_SCHEMA_CHECK, judged->status, body);
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

/** Judges a scenario that is loaded. @return exit status */
static int judge(const struct cli_request *request, const struct scenario *scenario)
{
    struct judged judged = {.request = request, .scenario = scenario, .status = CLI_EXIT_OK};
    struct host_error error = {.text = ""};
    int written;

    if (!scenario_foretell(scenario, &judged.verdicts, &judged.steps, &error)) {
        struct cli_problem problem = {.hint = ""};

        snprintf(problem.message, sizeof(problem.message), "E0303 %s: %s", request->operand, error.text);
        verdict_list_clear(&judged.verdicts);
        step_list_clear(&judged.steps);
        return cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    if (count_failures(&judged) != 0) {
        judged.status = CLI_EXIT_EXPECTATION;
    }
    written = cli_emit(request, request->json ? write_json : write_text, &judged);
    verdict_list_clear(&judged.verdicts);
    step_list_clear(&judged.steps);
    return written == CLI_EXIT_OK ? judged.status : written;
}

int cli_check_scenario(const struct cli_request *request)
{
    struct scenario *scenario = NULL;
    int status = cli_load_scenario(request, &scenario);

    if (status == CLI_EXIT_OK) {
        status = judge(request, scenario);
    }
    scenario_free(scenario);
    return status;
}

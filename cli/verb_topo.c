#include "cli/verbs.h"

#include "cli/document.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/load.h"
#include "host/topology.h"
#include "report/topology_json.h"
#include "report/topology_svg.h"
#include "report/topology_text.h"
#include "scenario/plan.h"
#include "scenario/verdicts.h"
#include "sim/allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What the writer needs. */
struct drawn {
    const struct cli_request *request;
    struct topology topology;
    enum cli_format format;
    const char *title;
    uint32_t marked[TOPOLOGY_MOST_MARKS];
    size_t marked_count;
    const char *violated;
};

static bool write_topology(FILE *stream, const void *context)
{
    const struct drawn *drawn = context;
    const struct topology_marks marks = {
        .functions = drawn->marked,
        .count = drawn->marked_count,
        .violated = drawn->violated,
        .title = drawn->title,
        .description = "PCI functions with their IOMMU groups and domains, and the SMMU and ITS that their interrupts "
                       "go through; framed and drawn through: the ways of devices that violate an assumption"};

    switch (drawn->format) {
    case CLI_FORMAT_DOT:
        return topology_dot_write(stream, &drawn->topology, &marks);
    case CLI_FORMAT_SVG:
        return topology_svg_write(stream, &drawn->topology, &marks, TOPOLOGY_WIDE);
    default:
        return topology_text_write(stream, &drawn->topology, &marks);
    }
}

static bool write_json(FILE *stream, const void *context)
{
    const struct drawn *drawn = context;
    json_t *document = cli_document(drawn->request, CLI_SCHEMA_TOPOLOGY, CLI_EXIT_OK, NULL);
    bool written;

    json_object_set_new(document, "title", cli_json_text(drawn->title));
    json_object_set_new(document, "topology", topology_json(&drawn->topology));
    written = cli_document_write(stream, document);
    json_decref(document);
    return written;
}

/** Marks the devices that the evidence of a verdict names. */
static void mark_evidence(const struct verdict *verdict, struct drawn *drawn)
{
    const size_t limit = drawn->topology.function_count;
    uint32_t *functions = sim_allocate(limit + 1, sizeof(*functions));
    size_t count = 0;

    for (size_t i = 0; i < verdict->evidence_count; i++) {
        for (size_t j = 0; j < verdict->evidence[i].device_count && count < limit; j++) {
            const uint32_t function = topology_find_function(&drawn->topology, verdict->evidence[i].devices[j].name);

            if (function != TOPOLOGY_NONE) {
                functions[count++] = function;
            }
        }
    }
    drawn->violated = verdict->name;
    drawn->marked_count = topology_marks_choose(&drawn->topology, functions, count, drawn->marked);
    free(functions);
}

/** Marks what violates an assumption, the first that is violated and names devices. */
static void mark_violation(const struct verdict_list *verdicts, struct drawn *drawn)
{
    for (size_t i = 0; i < verdicts->count && drawn->marked_count == 0; i++) {
        if (verdicts->items[i].outcome == VERDICT_VIOLATED) {
            mark_evidence(&verdicts->items[i], drawn);
        }
    }
}

/** Draws a scenario that is loaded. @return exit status */
static int draw(const struct cli_request *request, const struct scenario *scenario)
{
    struct drawn drawn = {.request = request, .format = request->format, .title = scenario->title};
    struct cli_problem problem = {.hint = ""};
    struct host_error error = {.text = ""};
    struct host_error unjudged = {.text = ""};
    struct verdict_list verdicts = {.items = NULL};
    struct scenario_plan plan;
    int status;

    if (scenario_plan_make(scenario, &plan, &error)) {
        topology_describe(&plan.software, &drawn.topology);
        /* What cannot be judged is drawn without marks. */
        if (scenario_foretell(scenario, &verdicts, NULL, &unjudged)) {
            mark_violation(&verdicts, &drawn);
        }
        verdict_list_clear(&verdicts);
        status = cli_emit(request, request->json ? write_json : write_topology, &drawn);
        topology_clear(&drawn.topology);
    } else {
        snprintf(problem.message, sizeof(problem.message), "E0303 %s: %s", request->operand, error.text);
        status = cli_fail(request, CLI_EXIT_USAGE, &problem);
    }
    scenario_plan_clear(&plan);
    return status;
}

int cli_verb_topo(const struct cli_request *request)
{
    struct scenario *scenario = NULL;
    int status = cli_emit_possible(request);

    if (status == CLI_EXIT_OK) {
        status = cli_load_scenario(request, &scenario);
    }
    if (status == CLI_EXIT_OK) {
        status = draw(request, scenario);
    }
    scenario_free(scenario);
    return status;
}

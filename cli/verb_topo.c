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

#include <stdio.h>
#include <string.h>

/** What the writer needs. */
struct drawn {
    const struct cli_request *request;
    struct topology topology;
    enum cli_format format;
    const char *title;
};

static bool write_topology(FILE *stream, const void *context)
{
    const struct drawn *drawn = context;
    const struct topology_marks marks = {
        .title = drawn->title,
        .description = "PCI functions with their IOMMU groups, and the SMMU and ITS that their interrupts go through"};

    switch (drawn->format) {
    case CLI_FORMAT_DOT:
        return topology_dot_write(stream, &drawn->topology);
    case CLI_FORMAT_SVG:
        return topology_svg_write(stream, &drawn->topology, &marks);
    default:
        return topology_text_write(stream, &drawn->topology);
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

/** Draws a scenario that is loaded. @return exit status */
static int draw(const struct cli_request *request, const struct scenario *scenario)
{
    struct drawn drawn = {.request = request, .format = request->format, .title = scenario->title};
    struct cli_problem problem = {.hint = ""};
    struct host_error error = {.text = ""};
    struct scenario_plan plan;
    int status;

    if (scenario_plan_make(scenario, &plan, &error)) {
        topology_describe(&plan.software, &drawn.topology);
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

#include "report/topology_text.h"

#include "report/format.h"
#include "report/topology_fold.h"
#include "result/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** The group of a function, and the domain that it is attached to. */
static void write_group(FILE *stream, const struct topology_function *function)
{
    char domain[96];

    topology_domain_text(function, domain, sizeof(domain));
    if (function->group != TOPOLOGY_NONE) {
        fprintf(stream, ", group %" PRIu32, function->group);
    }
    if (topology_is_device(function) && domain[0] != '\0') {
        fprintf(stream, ", domain %s", domain);
    }
}

static void write_label(FILE *stream, const struct topology *topology, const struct topology_function *function)
{
    fprintf(stream, "%s  %s  %s", function->name, report_rid(function->segment, function->rid).text,
            topology_kind_name(function->kind));
    if (function->acs != NULL) {
        fprintf(stream, ", ACS %s", function->acs);
    }
    write_group(stream, function);
    if (topology_is_device(function) && function->smmu != TOPOLOGY_NONE) {
        fprintf(stream, ", StreamID %s at %s", report_hex(function->stream_id).text, topology->smmus[function->smmu]);
    }
    if (topology_is_device(function) && function->its != TOPOLOGY_NONE && function->device_id == VERDICT_NO_ID) {
        fprintf(stream, ", SPIs of %s", topology->itses[function->its]);
    } else if (topology_is_device(function) && function->its != TOPOLOGY_NONE) {
        fprintf(stream, ", DeviceID %s at %s", report_hex(function->device_id).text, topology->itses[function->its]);
    }
    if (topology_is_device(function) && function->its != TOPOLOGY_NONE && function->doorbell != VERDICT_NO_ID) {
        fprintf(stream, " (%s)", report_hex(function->doorbell).text);
    }
}

/** The function after @p after with the same place in the tree; function_count if there is none. */
static size_t next_child(const struct topology *topology, uint32_t host, uint32_t parent, size_t after)
{
    for (size_t i = after; i < topology->function_count; i++) {
        if (topology->functions[i].host == host && topology->functions[i].parent == parent) {
            return i;
        }
    }
    return topology->function_count;
}

/** Depth of a tree that is drawn: deeper buses than PCI has cannot be. */
#define MAX_DEPTH 256

/** A tree under way; `rails` holds, by depth, whether a line goes on there. */
struct tree {
    FILE *stream;
    const struct topology *topology;
    const struct topology_marks *marks; /**< NULL: nothing is marked */
    uint32_t host;
    bool rails[MAX_DEPTH];
};

/** Writes what is below a bridge. */
static void write_below(struct tree *tree, uint32_t parent, size_t depth)
{
    const struct topology *topology = tree->topology;
    FILE *stream = tree->stream;
    bool *rails = tree->rails;
    size_t child = next_child(topology, tree->host, parent, 0);

    while (child < topology->function_count && depth < MAX_DEPTH) {
        size_t next = next_child(topology, tree->host, parent, child + 1);

        for (size_t i = 0; i < depth; i++) {
            fputs(rails[i] ? "│  " : "   ", stream);
        }
        fputs(next < topology->function_count ? "├─ " : "└─ ", stream);
        write_label(stream, topology, &topology->functions[child]);
        if (tree->marks != NULL && topology_marks_hold(tree->marks, (uint32_t)child)) {
            fputs("  ◄", stream);
        }
        fputc('\n', stream);
        rails[depth] = next < topology->function_count;
        write_below(tree, (uint32_t)child, depth + 1);
        child = next;
    }
}

bool topology_text_write(FILE *stream, const struct topology *topology, const struct topology_marks *marks)
{
    struct tree tree = {.stream = stream, .topology = topology, .marks = marks};

    for (size_t i = 0; i < topology->host_count; i++) {
        fprintf(stream, "%s\n", topology->hosts[i]);
        tree.host = (uint32_t)i;
        write_below(&tree, TOPOLOGY_NONE, 0);
    }
    if (marks != NULL && marks->count > 0) {
        fprintf(stream, "◄ violates %s\n", marks->violated);
    }
    return !ferror(stream);
}

/* ---- Graphviz ---- */

static void write_quoted(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', stream);
        }
        fputs(*text == '\n' ? "\\n" : (const char[]){*text, '\0'}, stream);
    }
    fputc('"', stream);
}

/** A graph under way. */
struct graph {
    FILE *stream;
    const struct topology *topology;
    const struct topology_marks *marks; /**< NULL: nothing is marked */
};

/** What a line or box that is on the way of marked functions is drawn like. */
#define ON_THE_WAY "color=\"#d55e00\", penwidth=2.5"

/** Whether a function is marked, or above one that is. */
static bool is_on_the_way(const struct graph *graph, size_t index)
{
    return graph->marks != NULL && topology_marks_pass(graph->topology, graph->marks, (uint32_t)index);
}

static void write_function_node(const struct graph *graph, size_t index)
{
    const struct topology *topology = graph->topology;
    const struct topology_function *function = &topology->functions[index];
    FILE *stream = graph->stream;
    char *text = NULL;
    size_t length = 0;
    FILE *label = open_memstream(&text, &length);

    if (label == NULL) {
        return;
    }
    fprintf(label, "%s\n%s", function->name, report_rid(function->segment, function->rid).text);
    if (!topology_is_device(function)) {
        fprintf(label, "\n%s", topology_kind_name(function->kind));
    }
    if (function->acs != NULL) {
        fprintf(label, "\nACS %s", function->acs);
    }
    if (topology_is_device(function) && function->stream_id != VERDICT_NO_ID) {
        fprintf(label, "\nStreamID %s", report_hex(function->stream_id).text);
    }
    if (topology_is_device(function) && function->device_id != VERDICT_NO_ID) {
        fprintf(label, "\nDeviceID %s", report_hex(function->device_id).text);
    }
    if (topology_is_device(function) && function->doorbell != VERDICT_NO_ID) {
        fprintf(label, "\ndoorbell %s", report_hex(function->doorbell).text);
    }
    if (topology_is_device(function) && function->domain != NULL) {
        char domain[96];

        topology_domain_text(function, domain, sizeof(domain));
        fprintf(label, "\ndomain %s", domain);
    }
    if (graph->marks != NULL && topology_marks_hold(graph->marks, (uint32_t)index)) {
        fprintf(label, "\nviolates %s", graph->marks->violated);
    }
    fclose(label);
    fprintf(stream, "    f%zu [shape=box, %slabel=", index, is_on_the_way(graph, index) ? ON_THE_WAY ", " : "");
    write_quoted(stream, text);
    fputs("];\n", stream);
    free(text);
}

/** The largest group number there is, plus one. */
static uint32_t group_limit(const struct topology *topology)
{
    uint32_t limit = 0;

    for (size_t i = 0; i < topology->function_count; i++) {
        uint32_t group = topology->functions[i].group;

        limit = group != TOPOLOGY_NONE && group >= limit ? group + 1 : limit;
    }
    return limit;
}

static void write_groups(const struct graph *graph)
{
    const struct topology *topology = graph->topology;
    FILE *stream = graph->stream;
    uint32_t groups = group_limit(topology);

    for (uint32_t group = 0; group < groups; group++) {
        fprintf(stream, "  subgraph cluster_%" PRIu32 " {\n    label=\"group %" PRIu32 "\";\n    style=dashed;\n",
                group, group);
        for (size_t i = 0; i < topology->function_count; i++) {
            if (topology->functions[i].group == group) {
                write_function_node(graph, i);
            }
        }
        fputs("  }\n", stream);
    }
    for (size_t i = 0; i < topology->function_count; i++) {
        if (topology->functions[i].group == TOPOLOGY_NONE) {
            write_function_node(graph, i);
        }
    }
}

static void write_names(FILE *stream, const char *prefix, const char *shape, char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(stream, "  %s%zu [shape=%s, label=", prefix, i, shape);
        write_quoted(stream, names[i]);
        fputs("];\n", stream);
    }
}

/** Whether a marked function goes from its root complex the way that this one goes. */
static bool is_marked_way(const struct graph *graph, const struct topology_function *function)
{
    for (size_t i = 0; graph->marks != NULL && i < graph->marks->count; i++) {
        const struct topology_function *marked = &graph->topology->functions[graph->marks->functions[i]];

        if (marked->host == function->host && marked->smmu == function->smmu && marked->its == function->its) {
            return true;
        }
    }
    return false;
}

/** Which SMMU a host's functions are behind, and which ITS they write to: one edge each. */
static void write_paths(const struct graph *graph)
{
    const struct topology *topology = graph->topology;

    for (size_t i = 0; i < topology->function_count; i++) {
        const struct topology_function *function = &topology->functions[i];
        const char *style = is_marked_way(graph, function) ? " [" ON_THE_WAY "]" : "";
        bool seen = !topology_is_device(function) || function->its == TOPOLOGY_NONE;

        for (size_t j = 0; j < i && !seen; j++) {
            const struct topology_function *other = &topology->functions[j];

            seen = topology_is_device(other) && other->host == function->host && other->smmu == function->smmu &&
                   other->its == function->its;
        }
        if (!seen && function->smmu != TOPOLOGY_NONE) {
            fprintf(graph->stream, "  h%" PRIu32 " -> s%" PRIu32 "%s;\n  s%" PRIu32 " -> i%" PRIu32 "%s;\n",
                    function->host, function->smmu, style, function->smmu, function->its, style);
        } else if (!seen) {
            fprintf(graph->stream, "  h%" PRIu32 " -> i%" PRIu32 "%s;\n", function->host, function->its, style);
        }
    }
}

bool topology_dot_write(FILE *stream, const struct topology *topology, const struct topology_marks *marks)
{
    const struct graph graph = {stream, topology, marks};

    fputs("strict digraph doorbell {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=10];\n"
          "  edge [arrowsize=0.6];\n",
          stream);
    write_names(stream, "h", "house", topology->hosts, topology->host_count);
    write_names(stream, "s", "hexagon", topology->smmus, topology->smmu_count);
    write_names(stream, "i", "cds", topology->itses, topology->its_count);
    write_groups(&graph);
    for (size_t i = 0; i < topology->function_count; i++) {
        const struct topology_function *function = &topology->functions[i];
        const char *style = is_on_the_way(&graph, i) ? " [" ON_THE_WAY "]" : "";

        if (function->parent == TOPOLOGY_NONE) {
            fprintf(stream, "  f%zu -> h%" PRIu32 "%s;\n", i, function->host, style);
        } else {
            fprintf(stream, "  f%zu -> f%" PRIu32 "%s;\n", i, function->parent, style);
        }
    }
    write_paths(&graph);
    fputs("}\n", stream);
    return !ferror(stream);
}

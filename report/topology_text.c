#include "report/topology_text.h"

#include "report/format.h"
#include "result/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Whether a function sends interrupts of its own, as far as software has set any up. */
static bool is_device(const struct topology_function *function)
{
    return function->kind == TOPOLOGY_ENDPOINT || function->kind == TOPOLOGY_VIRTUAL_FUNCTION;
}

static void write_label(FILE *stream, const struct topology *topology, const struct topology_function *function)
{
    fprintf(stream, "%s  %s  %s", function->name, report_rid(function->segment, function->rid).text,
            topology_kind_name(function->kind));
    if (function->acs != NULL) {
        fprintf(stream, ", ACS %s", function->acs);
    }
    if (function->group != TOPOLOGY_NONE) {
        fprintf(stream, ", group %" PRIu32, function->group);
    }
    if (is_device(function) && function->smmu != TOPOLOGY_NONE) {
        fprintf(stream, ", StreamID %s at %s", report_hex(function->stream_id).text, topology->smmus[function->smmu]);
    }
    if (is_device(function) && function->its != TOPOLOGY_NONE && function->device_id == VERDICT_NO_ID) {
        fprintf(stream, ", SPIs of %s", topology->itses[function->its]);
    } else if (is_device(function) && function->its != TOPOLOGY_NONE) {
        fprintf(stream, ", DeviceID %s at %s", report_hex(function->device_id).text, topology->itses[function->its]);
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

/** Writes what is below a bridge; @p rails holds, by depth, whether a line goes on there. */
static void write_below(FILE *stream, const struct topology *topology, uint32_t host, uint32_t parent, bool *rails,
                        size_t depth)
{
    size_t child = next_child(topology, host, parent, 0);

    while (child < topology->function_count && depth < MAX_DEPTH) {
        size_t next = next_child(topology, host, parent, child + 1);

        for (size_t i = 0; i < depth; i++) {
            fputs(rails[i] ? "│  " : "   ", stream);
        }
        fputs(next < topology->function_count ? "├─ " : "└─ ", stream);
        write_label(stream, topology, &topology->functions[child]);
        fputc('\n', stream);
        rails[depth] = next < topology->function_count;
        write_below(stream, topology, host, (uint32_t)child, rails, depth + 1);
        child = next;
    }
}

bool topology_text_write(FILE *stream, const struct topology *topology)
{
    bool rails[MAX_DEPTH];

    for (size_t i = 0; i < topology->host_count; i++) {
        fprintf(stream, "%s\n", topology->hosts[i]);
        write_below(stream, topology, (uint32_t)i, TOPOLOGY_NONE, rails, 0);
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

static void write_function_node(FILE *stream, const struct topology *topology, size_t index)
{
    const struct topology_function *function = &topology->functions[index];
    char *text = NULL;
    size_t length = 0;
    FILE *label = open_memstream(&text, &length);

    if (label == NULL) {
        return;
    }
    fprintf(label, "%s\n%s", function->name, report_rid(function->segment, function->rid).text);
    if (!is_device(function)) {
        fprintf(label, "\n%s", topology_kind_name(function->kind));
    }
    if (function->acs != NULL) {
        fprintf(label, "\nACS %s", function->acs);
    }
    if (is_device(function) && function->stream_id != VERDICT_NO_ID) {
        fprintf(label, "\nStreamID %s", report_hex(function->stream_id).text);
    }
    if (is_device(function) && function->device_id != VERDICT_NO_ID) {
        fprintf(label, "\nDeviceID %s", report_hex(function->device_id).text);
    }
    fclose(label);
    fprintf(stream, "    f%zu [shape=box, label=", index);
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

static void write_groups(FILE *stream, const struct topology *topology)
{
    uint32_t groups = group_limit(topology);

    for (uint32_t group = 0; group < groups; group++) {
        fprintf(stream, "  subgraph cluster_%" PRIu32 " {\n    label=\"group %" PRIu32 "\";\n    style=dashed;\n",
                group, group);
        for (size_t i = 0; i < topology->function_count; i++) {
            if (topology->functions[i].group == group) {
                write_function_node(stream, topology, i);
            }
        }
        fputs("  }\n", stream);
    }
    for (size_t i = 0; i < topology->function_count; i++) {
        if (topology->functions[i].group == TOPOLOGY_NONE) {
            write_function_node(stream, topology, i);
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

/** Which SMMU a host's functions are behind, and which ITS they write to: one edge each. */
static void write_paths(FILE *stream, const struct topology *topology)
{
    for (size_t i = 0; i < topology->function_count; i++) {
        const struct topology_function *function = &topology->functions[i];
        bool seen = !is_device(function) || function->its == TOPOLOGY_NONE;

        for (size_t j = 0; j < i && !seen; j++) {
            const struct topology_function *other = &topology->functions[j];

            seen = is_device(other) && other->host == function->host && other->smmu == function->smmu &&
                   other->its == function->its;
        }
        if (!seen && function->smmu != TOPOLOGY_NONE) {
            fprintf(stream, "  h%" PRIu32 " -> s%" PRIu32 ";\n  s%" PRIu32 " -> i%" PRIu32 ";\n", function->host,
                    function->smmu, function->smmu, function->its);
        } else if (!seen) {
            fprintf(stream, "  h%" PRIu32 " -> i%" PRIu32 ";\n", function->host, function->its);
        }
    }
}

bool topology_dot_write(FILE *stream, const struct topology *topology)
{
    fputs("strict digraph doorbell {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=10];\n"
          "  edge [arrowsize=0.6];\n",
          stream);
    write_names(stream, "h", "house", topology->hosts, topology->host_count);
    write_names(stream, "s", "hexagon", topology->smmus, topology->smmu_count);
    write_names(stream, "i", "cds", topology->itses, topology->its_count);
    write_groups(stream, topology);
    for (size_t i = 0; i < topology->function_count; i++) {
        const struct topology_function *function = &topology->functions[i];

        if (function->parent == TOPOLOGY_NONE) {
            fprintf(stream, "  f%zu -> h%" PRIu32 ";\n", i, function->host);
        } else {
            fprintf(stream, "  f%zu -> f%" PRIu32 ";\n", i, function->parent);
        }
    }
    write_paths(stream, topology);
    fputs("}\n", stream);
    return !ferror(stream);
}

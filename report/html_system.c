/* The system of a run or a check: the ways that violate an assumption in a line each, and pictures of the whole. */
#include "report/format.h"
#include "report/html_internal.h"
#include "report/topology_fold.h"
#include "report/topology_json.h"
#include "report/topology_svg.h"
#include "report/topology_text.h"
#include "result/verdict.h"
#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

/** A document's system, with what is to stand out. */
struct shown {
    struct topology topology;
    uint32_t functions[TOPOLOGY_MOST_MARKS];
    size_t count;
    size_t named; /**< functions that the verdict's evidence names, marked or not */
    const char *violated;
};

static const json_t *member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

bool html_is_large(const json_t *document)
{
    return json_array_size(member(member(document, "topology"), "functions")) > TOPOLOGY_WHOLE;
}

/** Marks the functions that the evidence of a verdict names. */
static void mark_evidence(struct shown *shown, const json_t *verdict)
{
    const size_t limit = shown->topology.function_count;
    uint32_t *functions = sim_allocate(limit + 1, sizeof(*functions));
    bool *named = sim_allocate(limit + 1, sizeof(*named));
    size_t index;
    const json_t *evidence;

    shown->named = 0;
    json_array_foreach((json_t *)(uintptr_t)member(verdict, "evidence"), index, evidence)
    {
        size_t at;
        const json_t *device;

        json_array_foreach((json_t *)(uintptr_t)member(evidence, "devices"), at, device)
        {
            const uint32_t function = topology_find_function(&shown->topology, html_member(device, "name"));

            if (function != TOPOLOGY_NONE && !named[function]) {
                named[function] = true;
                functions[shown->named++] = function;
            }
        }
    }
    shown->count = topology_marks_choose(&shown->topology, functions, shown->named, shown->functions);
    free(functions);
    free(named);
}

/** Reads a document's system, and marks whoever violates the first assumption that is violated and names devices. */
static bool read_shown(const json_t *document, struct shown *shown)
{
    const char *name;
    const json_t *verdict;

    if (!topology_from_json(member(document, "topology"), &shown->topology)) {
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)member(document, "verdicts"), name, verdict)
    {
        if (shown->count == 0 && strcmp(html_member(verdict, "outcome"), "violated") == 0) {
            mark_evidence(shown, verdict);
            shown->violated = name;
        }
    }
    return true;
}

/* ---- In a line each ---- */

static void write_stop(struct html_page *page, const char *name, const char *what)
{
    fputs("<code>", page->stream);
    html_text(page, name);
    fprintf(page->stream, "</code>%s <span aria-hidden=\"true\">→</span> ", what);
}

/** Where a device's interrupts went, by what evidence says, if that is another ITS than they are meant for. */
static void write_strayed(struct html_page *page, const json_t *verdict, const char *name, const char *meant)
{
    size_t index;
    const json_t *evidence;

    json_array_foreach((json_t *)(uintptr_t)member(verdict, "evidence"), index, evidence)
    {
        size_t at;
        const json_t *device;

        json_array_foreach((json_t *)(uintptr_t)member(evidence, "devices"), at, device)
        {
            const char *its = html_member(device, "its");

            if (strcmp(html_member(device, "name"), name) == 0 && html_number(device, "msi-count") > 0 &&
                its[0] != '\0' && strcmp(its, meant) != 0) {
                fprintf(page->stream, "; <strong class=\"lost\">%.0f reached <code>", html_number(device, "msi-count"));
                html_text(page, its);
                fputs("</code> instead</strong>, at <code>", page->stream);
                html_text(page, html_member(device, "doorbell"));
                fputs("</code>", page->stream);
            }
        }
    }
}

/** How many of a device's interrupts were lost, and why, if any. */
static void write_lost(struct html_page *page, const json_t *document, const char *name)
{
    size_t index;
    const json_t *device;

    json_array_foreach((json_t *)(uintptr_t)member(document, "devices"), index, device)
    {
        const json_t *msi = member(device, "msi");
        const char *reason;
        const json_t *count;

        if (strcmp(html_member(device, "name"), name) != 0) {
            continue;
        }
        json_object_foreach((json_t *)(uintptr_t)member(msi, "lost-because"), reason, count)
        {
            fprintf(page->stream, "; <strong class=\"lost\">%.0f of %.0f were lost</strong> (<code>", html_value(count),
                    html_number(msi, "count"));
            html_text(page, reason);
            fputs("</code>)", page->stream);
        }
    }
}

/** A way from the device through ports and root complex, SMMU and ITS to the doorbell. */
static void write_way(struct html_page *page, const json_t *document, const struct shown *shown, uint32_t index)
{
    const struct topology *topology = &shown->topology;
    const struct topology_function *function = &topology->functions[index];
    char style[160];

    topology_way_style(function, style, sizeof(style));
    fprintf(page->stream, "<li><svg width=\"34\" height=\"12\" aria-hidden=\"true\"><path d=\"M2 6 H32\" %s/></svg> ",
            style);
    for (uint32_t at = index; at != TOPOLOGY_NONE; at = topology->functions[at].parent) {
        write_stop(page, topology->functions[at].name, "");
    }
    write_stop(page, topology->hosts[function->host], "");
    if (function->smmu != TOPOLOGY_NONE) {
        write_stop(page, topology->smmus[function->smmu], " (SMMU)");
    }
    if (function->its != TOPOLOGY_NONE) {
        fputs("<strong><code>", page->stream);
        html_text(page, topology->itses[function->its]);
        fprintf(page->stream, "</code>, doorbell <code>%s</code></strong>", report_hex(function->doorbell).text);
    }
    write_strayed(page, member(member(document, "verdicts"), shown->violated), function->name,
                  function->its == TOPOLOGY_NONE ? "" : topology->itses[function->its]);
    write_lost(page, document, function->name);
    fputs("</li>\n", page->stream);
}

void html_ways(struct html_page *page, const json_t *document)
{
    struct shown shown = {.violated = NULL};

    if (read_shown(document, &shown) && shown.count > 0) {
        fputs("<p>The ways of the interrupts that violate <code>", page->stream);
        html_text(page, shown.violated);
        fprintf(page->stream, "</code>%s:</p>\n<ul class=\"ways\">\n",
                shown.named > shown.count ? ", one of each kind" : "");
        for (size_t i = 0; i < shown.count; i++) {
            write_way(page, document, &shown, shown.functions[i]);
        }
        fputs("</ul>\n", page->stream);
    }
    topology_clear(&shown.topology);
}

/* ---- As a picture ---- */

/** Whether what is alike in a system is drawn once. */
static bool is_folded(const struct shown *shown)
{
    struct topology_fold fold;
    bool folded = false;

    topology_fold_make(&shown->topology, shown->functions, shown->count, &fold);
    for (size_t i = 0; i < fold.count; i++) {
        folded = folded || fold.nodes[i].like > 0;
    }
    topology_fold_clear(&fold);
    return folded;
}

static void write_pictures(struct html_page *page, const struct shown *shown)
{
    struct topology_marks marks = {.functions = shown->functions,
                                   .count = shown->count,
                                   .violated = shown->violated,
                                   .title = "The system, and the way of interrupts through it",
                                   .description = "Devices on the left, then the ports above them, root complexes, "
                                                  "SMMUs and ITSs. The tree below says the same in words.",
                                   .number = page->pictures++};

    fputs("<figure>\n<div class=\"scroll wide\">\n", page->stream);
    topology_svg_write(page->stream, &shown->topology, &marks, TOPOLOGY_WIDE);
    marks.number = page->pictures++;
    marks.description = "ITSs on top, then SMMUs, root complexes, and the ports and devices below them. The tree below "
                        "says the same in words.";
    fputs("</div>\n<div class=\"narrow\">\n", page->stream);
    topology_svg_write(page->stream, &shown->topology, &marks, TOPOLOGY_NARROW);
    fputs("</div>\n<figcaption>Interrupts go <span class=\"wide\">from left to right</span><span class=\"narrow\">"
          "upwards</span>: from the devices through switches and root complex, through the SMMU, to the ITS that their "
          "doorbell belongs to (→).",
          page->stream);
    if (shown->count > 0) {
        fputs(" Framed and drawn through: devices that violate <code>", page->stream);
        html_text(page, shown->violated);
        fputs("</code>; a colour and a pattern of dashes for each ITS that they end at.", page->stream);
    }
    if (is_folded(shown)) {
        fputs(" What is alike is drawn once: a dashed box stands for the others.", page->stream);
    }
    fputs("</figcaption>\n</figure>\n", page->stream);
}

void html_system_section(struct html_page *page, const json_t *document)
{
    struct shown shown = {.violated = NULL};

    if (read_shown(document, &shown)) {
        const struct topology_marks marks = {
            .functions = shown.functions, .count = shown.count, .violated = shown.violated};
        char *text = NULL;
        size_t length = 0;
        FILE *stream = open_memstream(&text, &length);

        fputs("<section>\n<h2>The system</h2>\n", page->stream);
        write_pictures(page, &shown);
        fputs("<details><summary>The same as a tree</summary>\n<div class=\"scroll\"><pre>", page->stream);
        if (stream != NULL) {
            topology_text_write(stream, &shown.topology, &marks);
            fclose(stream);
            html_text(page, text);
            free(text);
        }
        fputs("</pre></div></details>\n</section>\n", page->stream);
    }
    topology_clear(&shown.topology);
}

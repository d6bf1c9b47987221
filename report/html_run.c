/* The sections of a run, or of a check: what holds, where, how long it takes. */
#include "report/claims.h"
#include "report/group_reason.h"
#include "report/html_internal.h"
#include "report/topology_json.h"
#include "report/topology_marks.h"
#include "report/topology_svg.h"
#include "report/topology_text.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const json_t *member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static bool is_outcome(const json_t *verdict, const char *outcome)
{
    return strcmp(html_member(verdict, "outcome"), outcome) == 0;
}

/* ---- What it comes to ---- */

static uint64_t sum_of(const json_t *document, const char *key)
{
    double sum = 0;
    size_t index;
    const json_t *device;

    json_array_foreach((json_t *)(uintptr_t)member(document, "devices"), index, device)
    {
        sum += html_number(member(device, "msi"), key);
    }
    return sum > 0 ? (uint64_t)fmin(sum, 0x1p63) : 0;
}

static void write_headline(struct html_page *page, const json_t *document)
{
    unsigned violated = 0;
    unsigned judged = 0;
    const char *name;
    const json_t *verdict;

    json_object_foreach((json_t *)(uintptr_t)member(document, "verdicts"), name, verdict)
    {
        violated += is_outcome(verdict, "violated");
        judged += !is_outcome(verdict, "not-applicable");
    }
    fputs("<p>", page->stream);
    if (violated == 0) {
        fprintf(page->stream, "<strong>All %u assumptions that apply to this system hold.</strong>", judged);
    } else {
        fprintf(page->stream, "<strong>%u of the %u assumptions that apply to this system %s violated.</strong>",
                violated, judged, violated == 1 ? "is" : "are");
    }
    if (json_is_array(member(document, "devices"))) {
        uint64_t lost = sum_of(document, "lost");

        fprintf(page->stream, " Of %llu interrupts (MSIs) that devices raised, %s%llu %s lost.",
                (unsigned long long)sum_of(document, "count"), lost == 0 ? "" : "<strong>", (unsigned long long)lost,
                lost == 1 ? "was" : "were");
        fputs(lost == 0 ? "" : "</strong>", page->stream);
    } else {
        fputs(" This was judged from the topology alone; nothing was simulated.", page->stream);
    }
    fputs("</p>\n", page->stream);
}

/* ---- Verdicts ---- */

static void write_evidence_device(struct html_page *page, const json_t *device)
{
    static const struct {
        const char *label;
        const char *key;
    } texts[] = {{"StreamID", "stream-id"}, {"DeviceID", "device-id"}, {"ITS", "its"}, {"doorbell", "doorbell"}};

    fputs("<li><code>", page->stream);
    html_text(page, html_member(device, "name"));
    fputs("</code>", page->stream);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *text = html_member(device, texts[i].key);

        if (text[0] != '\0') {
            fprintf(page->stream, ", %s <code>", texts[i].label);
            html_text(page, text);
            fputs("</code>", page->stream);
        }
    }
    if (html_number(device, "msi-count") > 0) {
        fprintf(page->stream, ": %.0f MSIs, the first is packet <code>", html_number(device, "msi-count"));
        html_text(page, html_member(device, "first-packet"));
        fputs("</code>", page->stream);
    }
    fputs("</li>\n", page->stream);
}

/** Devices of evidence that are listed openly; of more, fewer. */
#define MOST_DEVICES 8
#define FEW_DEVICES  4

/** The devices that evidence names; all but the first are closed where they are many. */
static void write_evidence_devices(struct html_page *page, const json_t *devices)
{
    const size_t count = json_array_size(devices);
    const bool folded = count > MOST_DEVICES;

    fputs("<ul>\n", page->stream);
    for (size_t i = 0; i < count; i++) {
        if (folded && i == FEW_DEVICES) {
            fprintf(page->stream, "</ul>\n<details><summary>%zu more devices</summary>\n<ul>\n", count - i);
        }
        write_evidence_device(page, json_array_get(devices, i));
    }
    fprintf(page->stream, "</ul>\n%s", folded ? "</details>\n" : "");
}

/** Reasons for a group that are listed. */
#define MOST_REASONS 8

/** Why the devices of a verdict's first evidence are in one group, if they are. */
static void write_group_reason(struct html_page *page, const json_t *document, const json_t *verdict)
{
    const json_t *devices = member(json_array_get(member(verdict, "evidence"), 0), "devices");
    char reasons[MOST_REASONS][GROUP_REASON_BYTES];
    struct topology topology = {.hosts = NULL};
    size_t count = 0;

    if (topology_from_json(member(document, "topology"), &topology)) {
        const size_t limit = json_array_size(devices);
        uint32_t *functions = sim_allocate(limit + 1, sizeof(*functions));

        for (size_t i = 0; i < limit; i++) {
            functions[i] = topology_find_function(&topology, html_member(json_array_get(devices, i), "name"));
        }
        count = group_reasons(&topology, functions, limit, reasons, MOST_REASONS);
        free(functions);
    }
    if (count > 0) {
        fputs("<p><em>Why they are one group:</em> software puts devices together that the hardware cannot keep apart. "
              "It asks ports for Access Control Services (ACS), the controls SV, RR, CR and UF:</p>\n<ul>\n",
              page->stream);
    }
    for (size_t i = 0; i < count; i++) {
        fputs("<li>", page->stream);
        html_text(page, reasons[i]);
        fputs("</li>\n", page->stream);
    }
    fputs(count > 0 ? "</ul>\n" : "", page->stream);
    topology_clear(&topology);
}

static void write_verdict(struct html_page *page, const json_t *document, const char *name, const json_t *verdict)
{
    const char *claim = report_claim(name);
    const char *consequence = report_consequence(name);
    size_t index;
    const json_t *evidence;

    fprintf(page->stream, "<div class=\"verdict %s\">\n<h3><code>", html_member(verdict, "outcome"));
    html_text(page, name);
    fprintf(page->stream, "</code>: <strong>%s</strong></h3>\n", html_member(verdict, "outcome"));
    if (claim != NULL) {
        fputs("<p><em>The assumption:</em> ", page->stream);
        html_text(page, claim);
        fputs("</p>\n", page->stream);
    }
    fputs("<p><em>What was found:</em> ", page->stream);
    html_text(page, html_member(verdict, "summary"));
    fputs(".</p>\n", page->stream);
    json_array_foreach((json_t *)(uintptr_t)member(verdict, "evidence"), index, evidence)
    {
        fputs("<p>", page->stream);
        html_text(page, html_member(evidence, "subject"));
        fputs(": ", page->stream);
        html_text(page, html_member(evidence, "detail"));
        fputs("</p>\n", page->stream);
        write_evidence_devices(page, member(evidence, "devices"));
    }
    if (is_outcome(verdict, "violated") && consequence != NULL) {
        write_group_reason(page, document, verdict);
        if (strncmp(name, "doorbell-per-", strlen("doorbell-per-")) == 0) {
            html_doorbell_reason(page, document, verdict);
        }
        fputs("<p><em>What it means:</em> ", page->stream);
        html_text(page, consequence);
        fputs("</p>\n", page->stream);
        html_doorbell_remedy(page, document, name, verdict);
    }
    fputs("</div>\n", page->stream);
}

static void write_verdicts(struct html_page *page, const json_t *document)
{
    static const char *const order[] = {"violated", "holds"};
    const char *name;
    const json_t *verdict;

    fputs("<section>\n<h2>Assumptions</h2>\n", page->stream);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        json_object_foreach((json_t *)(uintptr_t)member(document, "verdicts"), name, verdict)
        {
            if (is_outcome(verdict, order[i])) {
                write_verdict(page, document, name, verdict);
            }
        }
    }
    fputs("<details><summary>Assumptions that this system has nothing to do with</summary>\n<ul>\n", page->stream);
    json_object_foreach((json_t *)(uintptr_t)member(document, "verdicts"), name, verdict)
    {
        if (is_outcome(verdict, "not-applicable")) {
            fputs("<li><code>", page->stream);
            html_text(page, name);
            fputs("</code>: ", page->stream);
            html_text(page, html_member(verdict, "summary"));
            fputs("</li>\n", page->stream);
        }
    }
    fputs("</ul></details>\n</section>\n", page->stream);
}

/* ---- The rest ---- */

static void write_expectations(struct html_page *page, const json_t *document)
{
    const json_t *expectations = member(document, "expectations");
    size_t index;
    const json_t *expectation;

    if (json_array_size(expectations) == 0) {
        return;
    }
    fputs("<section>\n<h2>Expectations</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>what</th><th>wanted</th>"
          "<th>got</th><th></th></tr></thead>\n<tbody>\n",
          page->stream);
    json_array_foreach((json_t *)(uintptr_t)expectations, index, expectation)
    {
        fputs("<tr><td><code>", page->stream);
        html_text(page, html_member(expectation, "key"));
        fputs("</code></td><td>", page->stream);
        html_text(page, html_member(expectation, "wanted"));
        fputs("</td><td>", page->stream);
        html_text(page, html_member(expectation, "got"));
        fprintf(page->stream, "</td><td>%s</td></tr>\n",
                json_is_true(member(expectation, "met")) ? "met" : "<strong>not met</strong>");
    }
    fputs("</tbody></table></div>\n</section>\n", page->stream);
}

static void write_counters(struct html_page *page, const json_t *document)
{
    const char *component;
    const json_t *counters;

    if (!json_is_object(member(document, "counters"))) {
        return;
    }
    fputs("<section>\n<h2>Counters</h2>\n<details><summary>Every counter of every component that counted anything"
          "</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th>component</th><th>counter</th><th class=\"n\">"
          "value</th></tr></thead>\n<tbody>\n",
          page->stream);
    json_object_foreach((json_t *)(uintptr_t)member(document, "counters"), component, counters)
    {
        const char *name;
        const json_t *value;

        json_object_foreach((json_t *)(uintptr_t)counters, name, value)
        {
            if (html_value(value) > 0) {
                fputs("<tr><td><code>", page->stream);
                html_text(page, component);
                fputs("</code></td><td>", page->stream);
                html_text(page, name);
                fprintf(page->stream, "</td><td class=\"n\">%.0f</td></tr>\n", html_value(value));
            }
        }
    }
    fputs("</tbody></table></div></details>\n</section>\n", page->stream);
}

void html_run_sections(struct html_page *page, const json_t *document)
{
    const char *file = html_member(document, "file");

    write_headline(page, document);
    html_in_short(page, document);
    html_ways(page, document);
    html_glossary(page);
    if (html_is_large(document)) { /* what is wrong comes before the shape of it */
        write_verdicts(page, document);
        html_system_section(page, document);
    } else {
        html_system_section(page, document);
        write_verdicts(page, document);
    }
    html_latency_section(page, document);
    html_occupancy_section(page, document);
    write_expectations(page, document);
    write_counters(page, document);
    if (file[0] != '\0') {
        fputs("<p>Made from <code>doorbell ", page->stream);
        html_text(page, html_member(document, "command"));
        fputc(' ', page->stream);
        html_text(page, file);
        fputs("</code>", page->stream);
        if (html_member(document, "seed")[0] != '\0') {
            fputs(", seed ", page->stream);
            html_text(page, html_member(document, "seed"));
        }
        fputs(".</p>\n", page->stream);
    }
}

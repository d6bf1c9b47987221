/* What a run or a check comes to, for whoever reads no further: who shares what, why that differs, what came of it. */
#include "report/claims.h"
#include "report/html_internal.h"

#include <stdlib.h>
#include <string.h>

static const json_t *member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static const json_t *verdict_named(const json_t *document, const char *name)
{
    return member(member(document, "verdicts"), name);
}

static bool is_outcome(const json_t *verdict, const char *outcome)
{
    return strcmp(html_member(verdict, "outcome"), outcome) == 0;
}

const json_t *html_function_named(const json_t *document, const char *name)
{
    size_t index;
    const json_t *function;

    json_array_foreach((json_t *)(uintptr_t)member(member(document, "topology"), "functions"), index, function)
    {
        if (strcmp(html_member(function, "name"), name) == 0) {
            return function;
        }
    }
    return NULL;
}

/** Whether an earlier device of a list has the same text under a key. */
static bool is_repeated(const json_t *devices, size_t index, const char *key)
{
    const char *text = html_member(json_array_get(devices, index), key);

    for (size_t i = 0; i < index; i++) {
        if (strcmp(html_member(json_array_get(devices, i), key), text) == 0) {
            return true;
        }
    }
    return text[0] == '\0';
}

/** The different texts of devices under a key, a few of them; with the ITS behind each if @p its. */
static void list_texts(struct html_page *page, const json_t *devices, const char *key, bool its)
{
    const unsigned most = 6;
    unsigned listed = 0;

    for (size_t i = 0; i < json_array_size(devices); i++) {
        const json_t *device = json_array_get(devices, i);

        if (is_repeated(devices, i, key)) {
            continue;
        }
        if (++listed > most) {
            fputs(" and more", page->stream);
            return;
        }
        fputs(listed == 1 ? "<code>" : ", <code>", page->stream);
        html_text(page, html_member(device, key));
        fputs("</code>", page->stream);
        if (its && html_member(device, "its")[0] != '\0') {
            fputs(" at ITS <code>", page->stream);
            html_text(page, html_member(device, "its"));
            fputs("</code>", page->stream);
        }
    }
}

/* ---- Why doorbells differ ---- */

/** Whether a bridge of conventional PCI is above a function, whose requests then carry the bridge's requester ID. */
static bool is_below_bridge(const json_t *document, const json_t *function)
{
    /* A document may name a function as a parent of itself: no tree is higher than it has functions. */
    for (size_t i = json_array_size(member(member(document, "topology"), "functions")); i > 0; i--) {
        function = html_function_named(document, html_member(function, "parent"));
        if (function == NULL) {
            return false;
        }
        if (strcmp(html_member(function, "kind"), "bridge") == 0) {
            return true;
        }
    }
    return false;
}

/** Writes "requester 0x0300 (epA) to A", what the firmware's map says of a function. */
static void write_route(struct html_page *page, const json_t *document, const json_t *function)
{
    const char *rid = html_member(function, "rid");
    bool is_requester = rid[0] != '\0' && !is_below_bridge(document, function);

    if (is_requester) {
        fprintf(page->stream, "requester <code>0x%04lx</code> (", strtoul(rid, NULL, 16));
    }
    fputs("<code>", page->stream);
    html_text(page, html_member(function, "name"));
    fprintf(page->stream, "</code>%s to <code>", is_requester ? ")" : "");
    html_text(page, html_member(function, "its"));
    fputs("</code>", page->stream);
}

/** Whether an earlier device of the list has the same ITS, or the device has none. */
static bool is_known_its(const json_t *document, const json_t *devices, size_t index)
{
    const json_t *function = html_function_named(document, html_member(json_array_get(devices, index), "name"));
    const char *its = html_member(function, "its");

    for (size_t i = 0; i < index; i++) {
        const json_t *other = html_function_named(document, html_member(json_array_get(devices, i), "name"));

        if (strcmp(html_member(other, "its"), its) == 0) {
            return true;
        }
    }
    return its[0] == '\0';
}

/** How many different ITSs (or frames) the firmware gives to the devices of a list. */
static unsigned count_itses(const json_t *document, const json_t *devices)
{
    unsigned count = 0;

    for (size_t i = 0; i < json_array_size(devices); i++) {
        count += !is_known_its(document, devices, i);
    }
    return count;
}

void html_doorbell_reason(struct html_page *page, const json_t *document, const json_t *verdict)
{
    const unsigned most = 6;
    const json_t *devices = member(json_array_get(member(verdict, "evidence"), 0), "devices");
    const unsigned itses = count_itses(document, devices);
    unsigned listed = 0;

    if (itses < 2) {
        return;
    }
    fputs("<p><em>Why their doorbells differ:</em> the firmware's <code>msi-map</code> gives ", page->stream);
    for (size_t i = 0; i < json_array_size(devices) && listed < most; i++) {
        if (!is_known_its(document, devices, i)) {
            fputs(listed++ == 0 ? "" : ", ", page->stream);
            write_route(page, document, html_function_named(document, html_member(json_array_get(devices, i), "name")));
        }
    }
    fprintf(page->stream, "%s, and each of them has a doorbell of its own.</p>\n", itses > most ? " and more" : "");
}

/** What would make devices that share a group, or a domain, share a doorbell, or none of it. */
void html_doorbell_remedy(struct html_page *page, const json_t *document, const char *name, const json_t *verdict)
{
    const json_t *devices = member(json_array_get(member(verdict, "evidence"), 0), "devices");
    const bool group = strcmp(name, "doorbell-per-group") == 0;

    if (!group && strcmp(name, "doorbell-per-domain") != 0) {
        return;
    }
    fputs("<p><em>What would mend it:</em> ", page->stream);
    if (group) {
        fputs("ports that keep the devices apart (ACS), so that each is a group of its own; ", page->stream);
    } else {
        fputs("a domain for each device; ", page->stream);
    }
    if (count_itses(document, devices) > 1) {
        fputs("a <code>msi-map</code> that gives them one ITS; ", page->stream);
    }
    fprintf(page->stream, "or software that asks for the doorbell of each device, and maps all that a %s has.</p>\n",
            group ? "group" : "domain");
}

/* ---- In short ---- */

/** Whether a run lost no interrupt at all. A check, which raises none, loses none either, but shows nothing by it. */
static bool is_run_without_loss(const json_t *document)
{
    size_t index;
    const json_t *device;
    double raised = 0;

    json_array_foreach((json_t *)(uintptr_t)member(document, "devices"), index, device)
    {
        raised += html_number(member(device, "msi"), "count");
        if (html_number(member(device, "msi"), "lost") > 0) {
            return false;
        }
    }
    return raised > 0;
}

/** Why an assumption about shared doorbells may be violated and yet nothing was lost. */
static void write_no_loss(struct html_page *page, const json_t *document)
{
    const json_t *mapped = verdict_named(document, "doorbell-mapped");

    if (!is_run_without_loss(document) || !is_outcome(mapped, "holds")) {
        return;
    }
    fputs("<p>Nothing was lost here because every doorbell that a device wrote to was mapped for it "
          "(<code>doorbell-mapped</code> holds: ",
          page->stream);
    html_text(page, html_member(mapped, "summary"));
    fputs("). Software that maps one doorbell for all of them would lose the others' interrupts.</p>\n", page->stream);
}

/** The question that the tool is about, asked of groups and, where these are fine, of domains. */
static void write_shared(struct html_page *page, const json_t *document, const char *name, const char *what)
{
    const json_t *verdict = verdict_named(document, name);
    const json_t *evidence = json_array_get(member(verdict, "evidence"), 0);
    const json_t *devices = member(evidence, "devices");

    fputs("<p>In short: ", page->stream);
    list_texts(page, devices, "name", false);
    fprintf(page->stream, " are %s are written to different doorbells: ", what);
    list_texts(page, devices, "doorbell", true);
    fprintf(page->stream, ". Whoever maps one doorbell for the %s leaves the others out.</p>\n",
            strcmp(name, "doorbell-per-group") == 0 ? "group" : "domain");
    html_doorbell_reason(page, document, verdict);
    write_no_loss(page, document);
}

/** Whether a verdict is violated and names devices. */
static bool is_shown(const json_t *document, const char *name)
{
    const json_t *verdict = verdict_named(document, name);

    return is_outcome(verdict, "violated") &&
           json_array_size(member(json_array_get(member(verdict, "evidence"), 0), "devices")) > 0;
}

/** Of a system where another assumption is violated than that about shared doorbells: the first, and what follows. */
static void write_other(struct html_page *page, const json_t *document)
{
    const char *name;
    const json_t *verdict;

    json_object_foreach((json_t *)(uintptr_t)member(document, "verdicts"), name, verdict)
    {
        if (is_outcome(verdict, "violated") && report_consequence(name) != NULL) {
            fputs("<p>In short: ", page->stream);
            html_text(page, html_member(verdict, "summary"));
            fputs(" (<code>", page->stream);
            html_text(page, name);
            fputs("</code>). ", page->stream);
            html_text(page, report_consequence(name));
            fputs("</p>\n", page->stream);
            return;
        }
    }
}

void html_glossary(struct html_page *page)
{
    static const struct {
        const char *word;
        const char *meaning;
    } words[] = {
        {"MSI", "a message-signalled interrupt: the device writes a number to an address instead of raising a wire"},
        {"doorbell", "the address that such a write goes to; it lies in a page of its own"},
        {"ITS", "the Interrupt Translation Service of the GIC, Arm's interrupt controller: it owns a doorbell, and "
                "finds from device and number which interrupt is meant, on which core"},
        {"SMMU", "the System Memory Management Unit, Arm's IOMMU: it translates the addresses that devices write to, "
                 "and stops a write to what is not mapped"},
        {"group", "an IOMMU group: devices that the hardware cannot keep apart, so that software gives them to one "
                  "owner"},
        {"domain", "a set of translations that one or more groups are attached to"},
    };

    fputs("<details><summary>What the words mean: MSI, doorbell, ITS, SMMU, group, domain</summary>\n<dl>\n",
          page->stream);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        fprintf(page->stream, "<dt><strong>%s</strong></dt><dd>%s</dd>\n", words[i].word, words[i].meaning);
    }
    fputs("</dl></details>\n", page->stream);
}

void html_in_short(struct html_page *page, const json_t *document)
{
    if (is_shown(document, "doorbell-per-group")) {
        write_shared(page, document, "doorbell-per-group",
                     "one IOMMU group, which software handles as one, but the interrupts of this group");
    } else if (is_shown(document, "doorbell-per-domain")) {
        write_shared(page, document, "doorbell-per-domain",
                     "in one translation domain, and share its mappings, but the interrupts of this domain");
    } else {
        write_other(page, document);
    }
}

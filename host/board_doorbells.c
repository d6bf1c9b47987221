/*
 * Doorbells: could two functions of one IOMMU group, or of one domain, have to write their MSIs to different pages?
 *
 * Which devices are plugged in is not known, so the largest group that Linux could form is judged. Groups never join
 * slots of the root bus (rule A8), but behind one root port without ACS everything is one group (A7), whatever the bus
 * numbers. So the candidate for each slot of the root bus is: its functions, and all buses below. A domain may hold any
 * groups behind one SMMU (C9).
 *
 * Only functions with an IOMMU are in a group (B4), and only those with an MSI controller have a doorbell.
 */
#include "host/board_internal.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SHIFT       12u
#define FUNCTIONS_A_SLOT 8u
#define SLOTS_A_BUS      32u

/* Consecutive RIDs of one range that write to one doorbell page. */
struct run {
    size_t host;
    const struct board_range *range;
    uint32_t first;
    uint32_t last;
    uint64_t page; /* of the doorbell; 0 if unknown, and then the controller alone tells doorbells apart */
};

struct runs {
    struct run *items;
    size_t count;
};

static uint64_t page_of(const struct board_result *result, const struct board_range *range, uint32_t rid)
{
    uint64_t doorbell;

    return board_doorbell_of(result, range, rid, &doorbell) ? doorbell >> PAGE_SHIFT : 0;
}

static bool same_doorbell(const struct run *a, const struct run *b)
{
    return a->range->controller == b->range->controller && a->page == b->page;
}

static void add_range(const struct board_result *result, size_t host, const struct board_range *range,
                      struct runs *runs)
{
    bool by_device = result->controllers[range->controller].pre_its;
    uint32_t rid = range->first;

    while (rid <= range->last) {
        struct run run = {.host = host, .range = range, .first = rid, .page = page_of(result, range, rid)};

        run.last = range->last;
        for (rid++; by_device && rid <= range->last; rid++) {
            if (page_of(result, range, rid) != run.page) {
                run.last = rid - 1;
                break;
            }
        }
        runs->items = board_array_grow(runs->items, runs->count, sizeof(*runs->items));
        runs->items[runs->count++] = run;
        rid = run.last + 1;
    }
}

static void host_runs(const struct board_result *result, size_t index, struct runs *runs)
{
    const struct board_host *host = &result->hosts[index];

    for (size_t i = 0; host->available && i < host->range_count; i++) {
        const struct board_range *range = &host->ranges[i];

        if (range->iommu != BOARD_NONE && range->controller != BOARD_NONE) {
            add_range(result, index, range, runs);
        }
    }
}

static int compare_doorbells(const void *left, const void *right)
{
    const struct run *a = left;
    const struct run *b = right;

    if (a->range->controller != b->range->controller) {
        return a->range->controller < b->range->controller ? -1 : 1;
    }
    return (a->page > b->page) - (a->page < b->page);
}

static size_t count_doorbells(const struct run *runs, size_t count)
{
    struct run *sorted;
    size_t different = 0;

    if (count == 0) {
        return 0;
    }
    sorted = board_array_grow(NULL, 0, count * sizeof(*sorted));
    memcpy(sorted, runs, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_doorbells);
    for (size_t i = 0; i < count; i++) {
        different += i == 0 || !same_doorbell(&sorted[i], &sorted[i - 1]);
    }
    free(sorted);
    return different;
}

/* The part of the runs that lies in first..last, as a list of its own. */
static void clip_runs(const struct runs *runs, uint32_t first, uint32_t last, struct runs *clipped)
{
    for (size_t i = 0; i < runs->count; i++) {
        struct run run = runs->items[i];

        if (run.last < first || run.first > last) {
            continue;
        }
        run.first = run.first < first ? first : run.first;
        run.last = run.last > last ? last : run.last;
        clipped->items = board_array_grow(clipped->items, clipped->count, sizeof(*clipped->items));
        clipped->items[clipped->count++] = run;
    }
}

static void add_devices(const struct board_result *result, struct verdict_evidence *evidence, const struct run *runs,
                        size_t count)
{
    for (size_t i = 0; i < count && i < BOARD_MAX_DEVICES; i++) {
        board_add_device(result, evidence, runs[i].host, runs[i].range, runs[i].first, runs[i].last);
    }
}

/* Whole hierarchy behind one root port (A7). Returns the number of doorbells that it can hold. */
static size_t judge_below_root(const struct board_result *result, const struct board_host *host,
                               const struct runs *runs, struct verdict *verdict)
{
    struct runs below = {0};
    size_t doorbells;

    clip_runs(runs, (host->bus_first + 1) << 8, UINT32_MAX, &below);
    doorbells = count_doorbells(below.items, below.count);
    if (doorbells > 1) {
        struct verdict_evidence *evidence = verdict_add_evidence(
            verdict, host->name,
            "functions behind one root port without ACS form one group (A7) and would write to %zu different doorbell "
            "pages%s",
            doorbells, below.count > BOARD_MAX_DEVICES ? " (the first ranges are listed)" : "");

        add_devices(result, evidence, below.items, below.count);
    }
    free(below.items);
    return doorbells;
}

/* A root port signals interrupts of its own (hot plug, errors), and is in the group of what lies behind it. */
static bool judge_root_ports(const struct board_result *result, const struct board_host *host, const struct runs *runs,
                             struct verdict *verdict)
{
    struct runs root = {0};
    struct runs below = {0};
    struct runs ports = {0};
    struct board_run_text text = {0};

    clip_runs(runs, host->bus_first << 8, host->bus_first << 8 | 0xff, &root);
    clip_runs(runs, (host->bus_first + 1) << 8, UINT32_MAX, &below);
    for (size_t i = 0; below.count > 0 && i < root.count; i++) {
        if (!same_doorbell(&root.items[i], &below.items[0])) {
            ports.items = board_array_grow(ports.items, ports.count, sizeof(*ports.items));
            ports.items[ports.count++] = root.items[i];
            board_run_add(&text, root.items[i].first, root.items[i].last);
        }
    }
    if (ports.count > 0) {
        struct verdict_evidence *evidence =
            verdict_add_evidence(verdict, host->name,
                                 "a root port at %s and the functions behind it form one group if the port has no ACS "
                                 "(A7) and would write to different doorbell pages",
                                 board_run_finish(&text));

        add_devices(result, evidence, ports.items, ports.count);
        board_add_device(result, evidence, below.items[0].host, below.items[0].range, below.items[0].first,
                         below.items[0].last);
    }
    free(root.items);
    free(below.items);
    free(ports.items);
    return text.rids > 0;
}

/* Functions of one slot can be a multifunction device without ACS: one group even if every port has ACS (A9). */
static bool judge_slots(const struct board_result *result, const struct board_host *host, const struct runs *runs,
                        struct verdict *verdict)
{
    size_t slots = 0;
    uint32_t first_slot = 0;
    uint32_t last_slot = UINT32_MAX;

    for (size_t i = 1; i < runs->count; i++) {
        uint32_t slot = runs->items[i].first / FUNCTIONS_A_SLOT;

        if (slot != runs->items[i - 1].last / FUNCTIONS_A_SLOT || slot == last_slot ||
            same_doorbell(&runs->items[i], &runs->items[i - 1])) {
            continue;
        }
        first_slot = slots == 0 ? slot : first_slot;
        last_slot = slot;
        slots++;
    }
    if (slots > 0) {
        struct runs clipped = {0};
        struct verdict_evidence *evidence = verdict_add_evidence(
            verdict, host->name,
            "functions of one multifunction device without ACS form one group even if all ports have ACS (A9), and "
            "in %zu slot%s they would write to different doorbell pages; bus 0x%02x slot 0x%02x is the first",
            slots, slots == 1 ? "" : "s", first_slot / SLOTS_A_BUS, first_slot % SLOTS_A_BUS);

        clip_runs(runs, first_slot * FUNCTIONS_A_SLOT, first_slot * FUNCTIONS_A_SLOT + FUNCTIONS_A_SLOT - 1, &clipped);
        add_devices(result, evidence, clipped.items, clipped.count);
        free(clipped.items);
    }
    return slots > 0;
}

/* Returns whether a group of this host could have two doorbells. */
static bool judge_host(const struct board_result *result, size_t index, const struct runs *runs,
                       struct verdict *verdict)
{
    const struct board_host *host = &result->hosts[index];
    size_t below = judge_below_root(result, host, runs, verdict);
    bool ports = below == 1 && judge_root_ports(result, host, runs, verdict);
    bool slots = judge_slots(result, host, runs, verdict);

    if (below > 1 || ports || slots) {
        return true;
    }
    if (runs->count > 0) {
        struct verdict_evidence *evidence = verdict_add_evidence(
            verdict, host->name, "no group that could form here has functions with different doorbell pages");

        add_devices(result, evidence, runs->items, runs->count);
    }
    return false;
}

/* Whether some available host has an IOMMU at all, for the reason of a verdict that does not apply. */
static bool any_iommu_used(const struct board_result *result)
{
    for (size_t i = 0; i < result->iommu_count; i++) {
        if (result->iommus[i].user_count > 0) {
            return true;
        }
    }
    return false;
}

static const char *reason_not_applicable(const struct board_result *result)
{
    bool available = false;

    for (size_t i = 0; i < result->host_count; i++) {
        available = available || result->hosts[i].available;
    }
    if (result->host_count == 0) {
        return "the description has no PCIe host";
    }
    if (!available) {
        return "every PCIe host is disabled";
    }
    if (!any_iommu_used(result)) {
        return "no function of a PCIe host has an IOMMU, so there are no IOMMU groups and no domains";
    }
    return "no function with an IOMMU has an MSI controller in the description";
}

static void settle(struct verdict *verdict, enum verdict_outcome outcome, const char *summary)
{
    free(verdict->summary);
    verdict->outcome = outcome;
    verdict->summary = board_copy_string(summary);
}

void board_judge_doorbell_per_group(struct board_result *result)
{
    struct verdict *verdict =
        verdict_list_add(&result->verdicts, "doorbell-per-group", VERDICT_NOT_APPLICABLE, "%s", "");
    size_t judged = 0;
    size_t broken = 0;

    for (size_t i = 0; i < result->host_count; i++) {
        struct runs runs = {0};

        host_runs(result, i, &runs);
        judged += runs.count > 0;
        broken += judge_host(result, i, &runs, verdict);
        free(runs.items);
    }
    if (judged == 0) {
        settle(verdict, VERDICT_NOT_APPLICABLE, reason_not_applicable(result));
    } else if (broken > 0) {
        settle(verdict, VERDICT_VIOLATED, "one IOMMU group could hold functions that write to different doorbells");
    } else {
        settle(verdict, VERDICT_HOLDS, "whatever is plugged in, all functions of an IOMMU group share one doorbell");
    }
}

static int compare_iommus(const void *left, const void *right)
{
    const struct run *a = left;
    const struct run *b = right;

    if (a->range->iommu != b->range->iommu) {
        return a->range->iommu < b->range->iommu ? -1 : 1;
    }
    if (a->host != b->host) {
        return a->host < b->host ? -1 : 1;
    }
    return (a->first > b->first) - (a->first < b->first);
}

static size_t count_hosts(const struct run *runs, size_t count)
{
    size_t hosts = 0;

    for (size_t i = 0; i < count; i++) {
        hosts += i == 0 || runs[i].host != runs[i - 1].host;
    }
    return hosts;
}

/* All runs behind one IOMMU. Returns whether they have several doorbells. */
static bool judge_iommu(const struct board_result *result, const struct run *runs, size_t count,
                        struct verdict *verdict)
{
    const struct board_iommu *iommu = &result->iommus[runs[0].range->iommu];
    size_t doorbells = count_doorbells(runs, count);
    size_t hosts = count_hosts(runs, count);
    struct verdict_evidence *evidence;

    if (doorbells > 1) {
        evidence = verdict_add_evidence(verdict, iommu->name,
                                        "a domain may hold several groups behind it (C9); the functions of %zu host%s "
                                        "would write to %zu different doorbell pages%s",
                                        hosts, hosts == 1 ? "" : "s", doorbells,
                                        count > BOARD_MAX_DEVICES ? " (the first ranges are listed)" : "");
    } else {
        evidence = verdict_add_evidence(verdict, iommu->name,
                                        "the functions of %zu host%s behind it write to one doorbell page", hosts,
                                        hosts == 1 ? "" : "s");
    }
    add_devices(result, evidence, runs, count);
    return doorbells > 1;
}

void board_judge_doorbell_per_domain(struct board_result *result)
{
    struct verdict *verdict =
        verdict_list_add(&result->verdicts, "doorbell-per-domain", VERDICT_NOT_APPLICABLE, "%s", "");
    struct runs runs = {0};
    size_t broken = 0;

    for (size_t i = 0; i < result->host_count; i++) {
        host_runs(result, i, &runs);
    }
    if (runs.count == 0) {
        settle(verdict, VERDICT_NOT_APPLICABLE, reason_not_applicable(result));
        return;
    }
    qsort(runs.items, runs.count, sizeof(*runs.items), compare_iommus);
    for (size_t first = 0, next; first < runs.count; first = next) {
        for (next = first + 1; next < runs.count; next++) {
            if (runs.items[next].range->iommu != runs.items[first].range->iommu) {
                break;
            }
        }
        broken += judge_iommu(result, &runs.items[first], next - first, verdict);
    }
    if (broken > 0) {
        settle(verdict, VERDICT_VIOLATED,
               "functions behind one IOMMU, which one domain may hold, write to different doorbells");
    } else {
        settle(verdict, VERDICT_HOLDS, "all functions behind an IOMMU share one doorbell");
    }
    free(runs.items);
}

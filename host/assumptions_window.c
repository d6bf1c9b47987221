/* msi-window-free: nothing else lies at the addresses to which functions write their MSIs. */
#include "host/assumptions_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* Addresses that MSIs of one domain, or of one function that is not translated, are written to. */
struct window {
    const struct judge *judge;
    struct verdict *verdict;
    uint32_t domain;   /* ASSUMPTION_NONE: that of one function */
    uint32_t function; /* the function, then */
    uint64_t base;
    uint64_t size;
    uint32_t conflicts;
};

static bool overlaps(const struct window *window, uint64_t base, uint64_t size)
{
    return size != 0 && window->size != 0 && base <= window->base + (window->size - 1) &&
           window->base <= base + (size - 1);
}

/* Whether MSIs of a function are written into the window. */
static bool writes_into(const struct window *window, uint32_t function)
{
    if (!judge_sends_msis(window->judge, function)) {
        return false;
    }
    if (window->domain == ASSUMPTION_NONE) {
        return function == window->function;
    }
    return window->judge->system->functions[function].domain == window->domain;
}

static struct verdict_evidence *show_conflict(struct window *window, const char *kind, const char *what, uint64_t base,
                                              uint64_t size)
{
    const struct assumption_system *system = window->judge->system;
    char subject[128];

    window->conflicts++;
    if (window->domain == ASSUMPTION_NONE) {
        snprintf(subject, sizeof(subject), "%s", system->tree->functions[window->function].name);
    } else {
        snprintf(subject, sizeof(subject), "domain %s", system->domains[window->domain].name);
    }
    return verdict_add_evidence(window->verdict, subject,
                                "MSIs are written to 0x%" PRIx64 " to 0x%" PRIx64 ", where %s%s%s lies (0x%" PRIx64
                                " to 0x%" PRIx64 ")",
                                window->base, window->base + (window->size - 1), kind, what == NULL ? "" : " ",
                                what == NULL ? "" : what, base, base + (size - 1));
}

static void show_writers(const struct window *window, struct verdict_evidence *evidence)
{
    for (uint32_t i = 0; i < window->judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(window->judge, i);

        if (writes_into(window, function)) {
            judge_add_function(window->judge, evidence, function, (struct assumption_tally){0, 0});
        }
    }
}

static void check_ranges(struct window *window, const char *kind, const struct assumption_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (overlaps(window, ranges[i].base, ranges[i].size)) {
            show_writers(window, show_conflict(window, kind, ranges[i].what, ranges[i].base, ranges[i].size));
        }
    }
}

/* The functions whose MSIs are written there, and the one whose memory or window is in the way. */
static void show_claimed(const struct window *window, struct verdict_evidence *evidence, uint32_t owner)
{
    const struct assumption_system *system = window->judge->system;

    for (uint32_t i = 0; i < system->tree->function_count; i++) {
        uint32_t function = judge_function_at(window->judge, i);
        struct assumption_tally tally = {0, 0};

        if (!writes_into(window, function)) {
            continue;
        }
        if (window->judge->observed != NULL) {
            tally = window->judge->observed[function].lost[SIM_DROP_PEER];
        }
        judge_add_function(window->judge, evidence, function, tally);
    }
    judge_add_function(window->judge, evidence, owner, (struct assumption_tally){0, 0});
}

static const char *fate(const struct window *window, uint32_t owner)
{
    const struct assumption_system *system = window->judge->system;

    for (uint32_t i = 0; i < system->tree->function_count; i++) {
        if (i != owner && writes_into(window, i) &&
            reach_trace(system->tree, &system->reach, i, owner).route == REACH_DIRECT) {
            return "which takes MSIs before the SMMU sees them: a BAR of";
        }
    }
    return "a BAR of";
}

static bool shares_host_bridge(const struct window *window, uint32_t owner)
{
    const struct pci_tree *tree = window->judge->system->tree;

    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (writes_into(window, i) && tree->functions[i].host_bridge == tree->functions[owner].host_bridge) {
            return true;
        }
    }
    return false;
}

/* BARs that switches route to; and what bridges claim, for the addresses in their windows that no BAR has. */
static void check_peers(struct window *window)
{
    const struct pci_tree *tree = window->judge->system->tree;
    uint32_t bars = 0;

    for (uint32_t i = 0; i < tree->function_count; i++) {
        uint32_t owner = judge_function_at(window->judge, i);
        const struct pci_tree_function *at = &tree->functions[owner];

        for (unsigned j = 0; j < PCI_TREE_BARS; j++) {
            if (overlaps(window, at->bars[j].base, at->bars[j].size) && shares_host_bridge(window, owner)) {
                show_claimed(window,
                             show_conflict(window, fate(window, owner), at->name, at->bars[j].base, at->bars[j].size),
                             owner);
                bars++;
            }
        }
    }
    for (uint32_t i = 0; i < tree->function_count && bars == 0; i++) {
        uint32_t owner = judge_function_at(window->judge, i);
        const struct pci_tree_function *at = &tree->functions[owner];

        for (unsigned j = 0; j < 2; j++) {
            if (overlaps(window, at->windows[j].base, at->windows[j].size) && shares_host_bridge(window, owner)) {
                show_claimed(window,
                             show_conflict(window, "the window of", at->name, at->windows[j].base, at->windows[j].size),
                             owner);
            }
        }
    }
}

static void check_domain_window(struct window *window, uint64_t base, uint64_t size)
{
    const struct assumption_domain *domain = &window->judge->system->domains[window->domain];

    window->base = base;
    window->size = size;
    check_ranges(window, "a DMA mapping", domain->dma, domain->dma_count);
    check_ranges(window, "a reserved region", domain->reserved, domain->reserved_count);
    check_peers(window);
}

/* A mapped doorbell outside all the windows set aside is a window of its own. */
static bool set_aside(const struct assumption_domain *domain, const struct assumption_mapping *doorbell)
{
    for (size_t i = 0; i < domain->msi_window_count; i++) {
        const struct assumption_range *range = &domain->msi_windows[i];

        if (range->base <= doorbell->iova && doorbell->iova - range->base < range->size &&
            doorbell->size <= range->size - (doorbell->iova - range->base)) {
            return true;
        }
    }
    return false;
}

static bool domain_takes_msis(const struct judge *judge, uint32_t domain)
{
    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        if (judge->system->functions[i].domain == domain && judge_sends_msis(judge, i)) {
            return true;
        }
    }
    return false;
}

static uint32_t check_domain(struct window *window)
{
    const struct assumption_domain *domain = &window->judge->system->domains[window->domain];
    uint32_t windows = 0;

    for (size_t i = 0; i < domain->msi_window_count; i++) {
        check_domain_window(window, domain->msi_windows[i].base, domain->msi_windows[i].size);
        windows++;
    }
    for (size_t i = 0; i < domain->doorbell_count; i++) {
        if (!set_aside(domain, &domain->doorbells[i])) {
            check_domain_window(window, domain->doorbells[i].iova, domain->doorbells[i].size);
            windows++;
        }
    }
    return windows;
}

/* An MSI that is not translated is written to the doorbell's physical address, which switches route all the same. */
static bool untranslated(const struct judge *judge, uint32_t function)
{
    const struct assumption_domain *domain = judge_domain(judge, function);

    if (!judge_sends_msis(judge, function)) {
        return false;
    }
    return domain != NULL ? domain->translation == ASSUMPTION_BYPASS
                          : judge->system->functions[function].smmu == ASSUMPTION_NONE;
}

void judge_msi_window_free(const struct judge *judge)
{
    struct verdict *verdict = judge_open(judge, ASSUMPTION_MSI_WINDOW_FREE);
    struct window window = {.judge = judge, .verdict = verdict};
    uint32_t windows = 0;

    for (uint32_t domain = 0; domain < judge->system->domain_count; domain++) {
        window.domain = domain;
        if (judge->system->domains[domain].translation == ASSUMPTION_TRANSLATED && domain_takes_msis(judge, domain)) {
            windows += check_domain(&window);
        }
    }
    window.domain = ASSUMPTION_NONE;
    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        window.function = judge_function_at(judge, i);
        if (untranslated(judge, window.function)) {
            window.base =
                judge_mapping_page(judge, window.function, judge->system->functions[window.function].doorbell);
            window.size = judge_mapping_bytes(judge, window.function);
            check_peers(&window);
            windows++;
        }
    }
    if (windows == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function writes MSIs to addresses that are known");
    } else if (window.conflicts != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED, "%" PRIu32 " overlap%s with the addresses that MSIs are written to",
                       window.conflicts, window.conflicts == 1 ? "" : "s");
    } else {
        judge_conclude(verdict, VERDICT_HOLDS, "nothing overlaps the %" PRIu32 " window%s that MSIs are written to",
                       windows, windows == 1 ? "" : "s");
    }
}

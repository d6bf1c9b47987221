#include "host/reach.h"

#include "host/groups_alias.h"
#include "host/groups_sets.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* A request on its way up. */
struct climb {
    const struct pci_tree *tree;
    const struct reach_policy *policy;
    uint32_t source;
    uint32_t target;
    bool translated; /* it can be one with a translated address that no port below has blocked */
};

/* What a place on the way says: go on upward, or the journey ends there. */
struct step {
    bool ends;
    struct reach_result result;
};

static struct step go_on(void)
{
    struct step step = {.ends = false, .result = {.at = PCI_TREE_NONE, .why = ""}};

    return step;
}

static struct step end_at(enum reach_route route, uint32_t at, const char *why)
{
    struct step step = {.ends = true, .result = {.route = route, .at = at, .why = why}};

    return step;
}

/* Controls that act: those that exist and are on. */
static uint32_t controls_of(const struct pci_tree_function *function)
{
    if (function->quirks & PCI_TREE_QUIRK_ISOLATED) {
        return PCI_TREE_ACS_ISOLATING;
    }
    return function->acs.present ? (uint32_t)(function->acs.capability & function->acs.control & 0x7fu) : 0;
}

/* Requests to a port's own BARs follow a control of their own, where the ingress port has the enhanced capability. */
static struct step enter_port_bar(uint32_t ingress, const struct pci_tree_function *port, unsigned shift)
{
    unsigned control = PCI_TREE_ACS_TARGET_DIRECT;

    if (port->quirks & PCI_TREE_QUIRK_ISOLATED) {
        control = PCI_TREE_ACS_TARGET_REDIRECT;
    } else if (port->acs.present && (port->acs.capability & PCI_TREE_ACS_ENHANCED) != 0) {
        control = (unsigned)port->acs.control >> shift & PCI_TREE_ACS_TARGET_MASK;
    }
    if (control == PCI_TREE_ACS_TARGET_REDIRECT) {
        return go_on();
    }
    if (control == PCI_TREE_ACS_TARGET_BLOCK) {
        return end_at(REACH_REFUSED, ingress, "blocks requests to the BARs of ports");
    }
    return end_at(REACH_DIRECT, ingress, "does not redirect requests to the BARs of ports");
}

/* From the downstream or root port @p ingress towards another one, beside it (6.12.3). */
static struct step turn_between_ports(const struct climb *climb, uint32_t ingress, uint32_t towards)
{
    const struct pci_tree_function *port = &climb->tree->functions[ingress];
    unsigned target_port = climb->tree->functions[towards].port_number % 64u;
    uint32_t controls = controls_of(port);

    if (climb->translated && (controls & PCI_TREE_ACS_DT) != 0) {
        return end_at(REACH_DIRECT, ingress, "passes translated requests directly (ACS Direct Translated)");
    }
    if (controls & PCI_TREE_ACS_EC) {
        /* The vector decides: a set bit bars the direct way, and Request Redirect says what to do instead. */
        if ((port->acs.egress >> target_port & 1u) == 0) {
            return end_at(REACH_DIRECT, ingress, "lets it out to that port (ACS Egress Control)");
        }
        if ((controls & PCI_TREE_ACS_RR) == 0) {
            return end_at(REACH_REFUSED, ingress, "bars the way to that port (ACS Egress Control)");
        }
    }
    if ((controls & PCI_TREE_ACS_RR) == 0) {
        return end_at(REACH_DIRECT, ingress, port->acs.present ? "has ACS Request Redirect off" : "has no ACS");
    }
    return go_on();
}

/* Controls of the function itself, or of its PF if it is a VF without the capability. */
static const struct pci_tree_function *acs_holder(const struct pci_tree *tree, const struct pci_tree_function *function)
{
    return function->is_vf && !function->acs.present ? &tree->functions[function->physical_function] : function;
}

/*
 * Between functions of one device. A function that can pass requests to its sibling has Request Redirect in its ACS
 * capability to say so (6.12.1.2); one without sends everything up its link, unless it is known to do otherwise. The
 * egress control vector has a bit for each function number.
 */
static struct step turn_in_device(const struct climb *climb, uint32_t from, uint32_t towards)
{
    const struct pci_tree_function *function = &climb->tree->functions[from];
    const struct pci_tree_function *holder = acs_holder(climb->tree, function);
    const struct pci_tree_function *physical =
        function->is_vf ? &climb->tree->functions[function->physical_function] : function;
    const uint32_t quirks = function->quirks | physical->quirks;
    const bool says_so = holder->acs.present && (holder->acs.capability & PCI_TREE_ACS_RR) != 0;
    const uint32_t controls = holder->acs.present ? (uint32_t)(holder->acs.capability & holder->acs.control) : 0;

    if ((quirks & PCI_TREE_QUIRK_ISOLATED) != 0 ||
        ((quirks & PCI_TREE_QUIRK_INTERNAL_PEERS) == 0 && (!says_so || climb->policy->devices_send_all_up))) {
        return go_on();
    }
    if (climb->translated && (controls & PCI_TREE_ACS_DT) != 0) {
        return end_at(REACH_DIRECT, from, "passes translated requests to its siblings (ACS Direct Translated)");
    }
    if ((controls & PCI_TREE_ACS_EC) != 0) {
        if ((holder->acs.egress >> climb->tree->functions[towards].rid % 64u & 1u) == 0) {
            return end_at(REACH_DIRECT, from, "reaches that sibling function (ACS Egress Control)");
        }
        if ((controls & PCI_TREE_ACS_RR) == 0) {
            return end_at(REACH_REFUSED, from, "is barred from that sibling function (ACS Egress Control)");
        }
    }
    if ((controls & PCI_TREE_ACS_RR) != 0) {
        return go_on();
    }
    return end_at(REACH_DIRECT, from,
                  says_so ? "reaches its sibling functions, with ACS Request Redirect off"
                          : "reaches its sibling functions inside the device");
}

static bool faces_down(const struct pci_tree_function *function)
{
    return function->type == PCI_TREE_ROOT_PORT || function->type == PCI_TREE_DOWNSTREAM_PORT;
}

static bool same_slot(const struct pci_tree *tree, uint32_t one, uint32_t other)
{
    const struct pci_tree_function *a = &tree->functions[one];
    const struct pci_tree_function *b = &tree->functions[other];

    a = a->is_vf ? &tree->functions[a->physical_function] : a;
    b = b->is_vf ? &tree->functions[b->physical_function] : b;
    return a->rid >> 3 == b->rid >> 3;
}

static struct step turn_at_root(const struct climb *climb, uint32_t from, uint32_t towards)
{
    const struct pci_tree_function *function = &climb->tree->functions[from];

    if (!pci_tree_is_bridge(function) && same_slot(climb->tree, from, towards)) {
        return turn_in_device(climb, from, towards);
    }
    if (function->type == PCI_TREE_ROOT_PORT && climb->tree->functions[towards].type == PCI_TREE_ROOT_PORT &&
        (climb->policy->root_ports_are_peers || climb->tree->host_bridges[function->host_bridge].peer_to_peer)) {
        return turn_between_ports(climb, from, towards);
    }
    return go_on();
}

/* The target lies on this bus or behind another bridge of it (@p towards); the request is at @p from, going up. */
static struct step turn_on_bus(const struct climb *climb, uint32_t bridge, uint32_t from, uint32_t towards)
{
    const struct pci_tree_function *function = &climb->tree->functions[from];

    if (bridge == PCI_TREE_NONE) {
        return turn_at_root(climb, from, towards);
    }
    switch (climb->tree->functions[bridge].type) {
    case PCI_TREE_UPSTREAM_PORT:
        if (towards == climb->target && climb->tree->functions[towards].type == PCI_TREE_DOWNSTREAM_PORT) {
            return enter_port_bar(from, function, PCI_TREE_ACS_DSP_TARGET_SHIFT);
        }
        return turn_between_ports(climb, from, towards);
    case PCI_TREE_PCIE_TO_PCI_BRIDGE:
    case PCI_TREE_CONVENTIONAL_BRIDGE:
        return end_at(REACH_DIRECT, bridge, "is the head of a shared bus, where every function hears every other");
    default:
        return turn_in_device(climb, from, towards);
    }
}

/* The request leaves its bus through @p bridge, and @p bridge or something below it is the target. */
static struct step enter_bridge(const struct climb *climb, uint32_t bridge, uint32_t from)
{
    const struct pci_tree_function *port = &climb->tree->functions[bridge];

    if (bridge == climb->target) {
        if (port->type == PCI_TREE_UPSTREAM_PORT) {
            return enter_port_bar(from, &climb->tree->functions[from], PCI_TREE_ACS_USP_TARGET_SHIFT);
        }
        if (port->type == PCI_TREE_ROOT_PORT || port->type == PCI_TREE_DOWNSTREAM_PORT) {
            return enter_port_bar(bridge, port, PCI_TREE_ACS_DSP_TARGET_SHIFT);
        }
        return end_at(REACH_DIRECT, bridge, "is the bridge above, and answers itself");
    }
    if (port->type == PCI_TREE_UPSTREAM_PORT || (controls_of(port) & PCI_TREE_ACS_UF) != 0) {
        return go_on();
    }
    if (port->type == PCI_TREE_ROOT_PORT && climb->policy->own_window == REACH_ROOT_PORT_FORWARDS) {
        return go_on();
    }
    if (port->type == PCI_TREE_ROOT_PORT && climb->policy->own_window == REACH_ROOT_PORT_TURNS_BACK) {
        return end_at(REACH_DIRECT, bridge, "sends requests for its own window down again");
    }
    return end_at(REACH_REFUSED, bridge,
                  "refuses requests from below for its own window (ACS Upstream Forwarding off)");
}

/* The target, or the bridge above it, that sits on the bus below @p bridge of that host; PCI_TREE_NONE if none does. */
static uint32_t branch_on_bus(const struct pci_tree *tree, uint32_t bridge, uint32_t target)
{
    uint32_t at = target;

    while (at != PCI_TREE_NONE && tree->functions[at].parent != bridge) {
        at = tree->functions[at].parent;
    }
    return at;
}

struct reach_result reach_trace(const struct pci_tree *tree, const struct reach_policy *policy, uint32_t source,
                                uint32_t target)
{
    struct climb climb = {.tree = tree,
                          .policy = policy,
                          .source = source,
                          .target = target,
                          .translated = tree->functions[source].ats_enabled};
    bool one_host = tree->functions[source].host_bridge == tree->functions[target].host_bridge;
    uint32_t at = source;

    for (;;) {
        uint32_t bridge = tree->functions[at].parent;
        uint32_t towards = one_host ? branch_on_bus(tree, bridge, target) : PCI_TREE_NONE;
        struct step step = go_on();

        /* Translation Blocking acts where a request enters a port from below, and on all of its way from there. */
        if (faces_down(&tree->functions[at]) && (controls_of(&tree->functions[at]) & PCI_TREE_ACS_TB) != 0) {
            climb.translated = false;
        }
        if (towards != PCI_TREE_NONE && towards != at) {
            step = turn_on_bus(&climb, bridge, at, towards);
        }
        if (!step.ends && bridge == PCI_TREE_NONE) {
            step = end_at(REACH_TRANSLATED, PCI_TREE_NONE, "goes through the root complex to the IOMMU");
        }
        if (!step.ends && (bridge == target || towards != PCI_TREE_NONE)) {
            step = enter_bridge(&climb, bridge, at);
        }
        if (step.ends) {
            return step.result;
        }
        at = bridge;
    }
}

bool reach_is_target(const struct pci_tree *tree, const struct reach_policy *policy, uint32_t function)
{
    const struct pci_tree_function *at = &tree->functions[function];

    for (unsigned i = 0; i < PCI_TREE_BARS; i++) {
        if (at->bars[i].size != 0) {
            return true;
        }
    }
    return !policy->listed_bars_only && pci_tree_is_requester(at);
}

bool reach_direct(const struct pci_tree *tree, const struct reach_policy *policy, uint32_t source, uint32_t target)
{
    return source != target && pci_tree_is_requester(&tree->functions[source]) &&
           reach_is_target(tree, policy, target) && reach_trace(tree, policy, source, target).route == REACH_DIRECT;
}

/* Aliases of all functions, in order of segment and requester ID. */
struct alias_entry {
    uint32_t key;
    uint32_t function;
};

struct alias_table {
    const struct pci_tree *tree;
    struct alias_entry *entries;
    size_t count;
    size_t room;
    uint32_t function;
};

static bool collect_alias(void *context, const struct group_alias *alias)
{
    struct alias_table *table = context;

    if (table->count == table->room) {
        table->room = table->room * 2 + 64;
        table->entries = realloc(table->entries, table->room * sizeof(*table->entries));
        if (table->entries == NULL) {
            fputs("doorbell: out of memory\n", stderr);
            abort();
        }
    }
    table->entries[table->count].key = (uint32_t)pci_tree_segment(table->tree, alias->function) << 16 | alias->rid;
    table->entries[table->count].function = table->function;
    table->count++;
    return false;
}

static int compare_entries(const void *one, const void *other)
{
    const struct alias_entry *a = one;
    const struct alias_entry *b = other;

    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return (a->function > b->function) - (a->function < b->function);
}

static bool is_ascending(const struct alias_table *table)
{
    for (size_t i = 1; i < table->count; i++) {
        if (table->entries[i].key <= table->entries[i - 1].key) {
            return false;
        }
    }
    return true;
}

static void join_aliases(const struct pci_tree *tree, struct group_sets *sets)
{
    struct alias_table table = {.tree = tree};

    for (uint32_t i = 0; i < tree->function_count; i++) {
        table.function = tree->by_rid[i];
        group_alias_walk(tree, table.function, GROUP_KERNEL_7_3, collect_alias, &table);
    }
    /* Where every function sends under its own requester ID only, they are in order, and no two are the same. */
    if (!is_ascending(&table)) {
        qsort(table.entries, table.count, sizeof(*table.entries), compare_entries);
    }
    for (size_t i = 1; i < table.count; i++) {
        if (table.entries[i].key == table.entries[i - 1].key) {
            group_sets_join(sets, table.entries[i].function, table.entries[i - 1].function);
        }
    }
    free(table.entries);
}

void reach_sets(const struct pci_tree *tree, const struct reach_policy *policy, uint32_t *set_of)
{
    struct group_sets sets;

    group_sets_init(&sets, tree->function_count);
    join_aliases(tree, &sets);
    for (uint32_t source = 0; source < tree->function_count; source++) {
        const bool sends = pci_tree_is_requester(&tree->functions[source]);

        for (uint32_t target = 0; target < tree->function_count && sends; target++) {
            if (group_sets_find(&sets, source) != group_sets_find(&sets, target) &&
                reach_direct(tree, policy, source, target)) {
                group_sets_join(&sets, source, target);
            }
        }
    }
    for (uint32_t i = 0; i < tree->function_count; i++) {
        set_of[i] = group_sets_find(&sets, i);
    }
    group_sets_clear(&sets);
}

struct alias_search {
    const struct pci_tree *tree;
    uint32_t key;
};

static bool match_key(void *context, const struct group_alias *alias)
{
    const struct alias_search *search = context;

    return ((uint32_t)pci_tree_segment(search->tree, alias->function) << 16 | alias->rid) == search->key;
}

struct alias_pair {
    const struct pci_tree *tree;
    uint32_t other;
};

static bool match_other(void *context, const struct group_alias *alias)
{
    const struct alias_pair *pair = context;
    struct alias_search search = {.tree = pair->tree};

    search.key = (uint32_t)pci_tree_segment(pair->tree, alias->function) << 16 | alias->rid;
    return group_alias_walk(pair->tree, pair->other, GROUP_KERNEL_7_3, match_key, &search);
}

bool reach_shares_rid(const struct pci_tree *tree, uint32_t one, uint32_t other)
{
    struct alias_pair pair = {.tree = tree, .other = other};

    return group_alias_walk(tree, one, GROUP_KERNEL_7_3, match_other, &pair);
}

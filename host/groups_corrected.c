/*
 * The corrected rule (A24 of docs/groups.md): what joins functions is a bus that does not isolate, and everything below
 * such a bus goes with it. Where the proposal is silent, the choice is written at the place.
 */
#include "host/groups_internal.h"

#include "host/groups_alias.h"
#include "host/groups_sets.h"

static void join_all_below(const struct pci_tree *tree, struct group_sets *sets, uint32_t bridge, bool with_bridge)
{
    uint32_t first = with_bridge ? bridge : PCI_TREE_NONE;

    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (!pci_tree_is_below(tree, i, bridge)) {
            continue;
        }
        if (first == PCI_TREE_NONE) {
            first = i;
        }
        group_sets_join(sets, first, i);
    }
}

/* A root port without an ACS capability is believed to send everything to the IOMMU; one with it must be told to. */
static bool root_port_isolates(const struct pci_tree *tree, uint32_t port)
{
    const struct pci_tree_function *at = &tree->functions[port];
    unsigned target = (unsigned)at->acs.control >> PCI_TREE_ACS_DSP_TARGET_SHIFT & PCI_TREE_ACS_TARGET_MASK;

    if (!at->acs.present || (at->quirks & PCI_TREE_QUIRK_ISOLATED) != 0) {
        return true;
    }
    /* Like the four old controls, the memory-target control is asked for only where it exists. */
    if ((at->acs.capability & PCI_TREE_ACS_ENHANCED) != 0 && target != PCI_TREE_ACS_TARGET_REDIRECT) {
        return false;
    }
    return group_acs_enabled(tree, port, PCI_TREE_ACS_ISOLATING);
}

/* The inner bus of a switch isolates only if each of its downstream ports does. */
static bool switch_isolates(const struct pci_tree *tree, uint32_t upstream)
{
    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (tree->functions[i].parent == upstream && tree->functions[i].type == PCI_TREE_DOWNSTREAM_PORT &&
            !group_acs_enabled(tree, i, PCI_TREE_ACS_ISOLATING)) {
            return false;
        }
    }
    return true;
}

static void join_by_bus(const struct pci_tree *tree, struct group_sets *sets, uint32_t bridge)
{
    switch (tree->functions[bridge].type) {
    case PCI_TREE_ROOT_PORT:
        /* The port goes with what is below it, as it does in Linux: it is the one that fails to isolate. */
        if (!root_port_isolates(tree, bridge)) {
            join_all_below(tree, sets, bridge, true);
        }
        break;
    case PCI_TREE_UPSTREAM_PORT:
        if (!switch_isolates(tree, bridge)) {
            join_all_below(tree, sets, bridge, false);
        }
        break;
    case PCI_TREE_PCIE_TO_PCI_BRIDGE:
    case PCI_TREE_PCI_TO_PCIE_BRIDGE:
    case PCI_TREE_CONVENTIONAL_BRIDGE:
        /* The bridge itself joins only through its requester ID, if it puts that on what it forwards: see below. */
        join_all_below(tree, sets, bridge, false);
        break;
    default:
        /* The link below a downstream port belongs to the inner bus of its switch. */
        break;
    }
}

/*
 * Functions of one device. Without any ACS capability they count as separate (the disputed part of the proposal: such a
 * device is taken not to route inside). One that has the capability and not its controls reaches all the others, and if
 * they are upstream ports, what is below them: the proposal does not speak of those, the reason is the same.
 */
static void join_device(const struct pci_tree *tree, struct group_sets *sets, uint32_t function)
{
    const struct pci_tree_function *at = &tree->functions[function];
    size_t count;
    size_t first;

    if (!at->multifunction || at->type == PCI_TREE_ROOT_PORT || at->type == PCI_TREE_DOWNSTREAM_PORT ||
        !at->acs.present || group_acs_enabled(tree, function, PCI_TREE_ACS_ISOLATING)) {
        return;
    }
    first = pci_tree_bus_of(tree, function, &count);
    for (size_t i = 0; i < count; i++) {
        uint32_t other = tree->by_rid[first + i];

        if (tree->functions[other].rid >> 3 == at->rid >> 3) {
            group_sets_join(sets, function, other);
            join_all_below(tree, sets, other, true);
        }
    }
}

struct joining {
    const struct pci_tree *tree;
    struct group_sets *sets;
    uint32_t function;
};

/* Whoever really has the requester ID under which this one may appear belongs to its group. */
static bool join_alias(void *context, const struct group_alias *alias)
{
    struct joining *joining = context;
    uint32_t owner = pci_tree_find(joining->tree, pci_tree_segment(joining->tree, alias->function), alias->rid);

    if (owner != PCI_TREE_NONE) {
        group_sets_join(joining->sets, joining->function, owner);
    }
    return false;
}

void group_corrected_sets(const struct pci_tree *tree, enum group_kernel kernel, uint32_t *set_of)
{
    struct group_sets sets;

    group_sets_init(&sets, tree->function_count);
    for (uint32_t i = 0; i < tree->function_count; i++) {
        struct joining joining = {.tree = tree, .sets = &sets, .function = i};

        group_alias_walk(tree, i, kernel, join_alias, &joining);
        if (pci_tree_is_bridge(&tree->functions[i])) {
            join_by_bus(tree, &sets, i);
        }
        join_device(tree, &sets, i);
    }
    for (uint32_t i = 0; i < tree->function_count; i++) {
        set_of[i] = group_sets_find(&sets, i);
    }
    group_sets_clear(&sets);
}

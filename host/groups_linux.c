/*
 * The group of a function as Linux finds it (rules A4 to A14 and A20 of docs/groups.md): only functions that were
 * probed before are asked for theirs, so the order of probing matters, and so does the order of the questions (A5).
 */
#include "host/groups_internal.h"

#include "host/groups_alias.h"

struct search {
    const struct pci_tree *tree;
    enum group_kernel kernel;
    const uint32_t *group_of;
    uint32_t at;       /* where the search has climbed to */
    uint64_t asked[4]; /* devfns of the bus of `at` whose links were followed */
};

/* Question 1: does a bridge that puts its own requester ID on the requests have a group? Else stand at the last one. */
static bool visit_alias(void *context, const struct group_alias *alias)
{
    struct search *search = context;

    search->at = alias->function;
    return search->group_of[alias->function] != GROUP_NONE;
}

/* Question 2: up to the first bridge from which the way to the root is isolated, does one have a group? */
static uint32_t climb_to_isolation(struct search *search)
{
    const struct pci_tree_function *functions = search->tree->functions;

    for (uint32_t bridge = functions[search->at].parent; bridge != PCI_TREE_NONE; bridge = functions[bridge].parent) {
        if (group_acs_path_enabled(search->tree, bridge, PCI_TREE_ACS_ISOLATING)) {
            break;
        }
        search->at = bridge;
        if (search->group_of[bridge] != GROUP_NONE) {
            return search->group_of[bridge];
        }
    }
    return GROUP_NONE;
}

static uint32_t ask_siblings(struct search *search, uint32_t function);

/* Question 3: has the function itself a group, or one on its bus that shares a requester ID with it, and so on? */
static uint32_t ask_aliases(struct search *search, uint32_t function)
{
    const struct pci_tree *tree = search->tree;
    unsigned devfn = tree->functions[function].rid & 0xffu;
    uint64_t bit = (uint64_t)1 << devfn % 64;
    uint32_t group = search->group_of[function];
    size_t count;
    size_t first;

    if (search->asked[devfn / 64] & bit) {
        return GROUP_NONE;
    }
    search->asked[devfn / 64] |= bit;
    first = pci_tree_bus_of(tree, function, &count);
    for (size_t i = 0; i < count && group == GROUP_NONE; i++) {
        uint32_t other = tree->by_rid[first + i];

        if (other == function || !group_alias_linked(tree, function, other)) {
            continue;
        }
        group = ask_aliases(search, other);
        if (group == GROUP_NONE) {
            group = ask_siblings(search, other);
        }
    }
    return group;
}

/* Question 4: has another function of its device that lacks ACS as well a group, by itself or through aliases? */
static uint32_t ask_siblings(struct search *search, uint32_t function)
{
    const struct pci_tree *tree = search->tree;
    uint32_t group = GROUP_NONE;
    size_t count;
    size_t first;

    if (!tree->functions[function].multifunction || group_acs_enabled(tree, function, PCI_TREE_ACS_ISOLATING)) {
        return GROUP_NONE;
    }
    first = pci_tree_bus_of(tree, function, &count);
    for (size_t i = 0; i < count && group == GROUP_NONE; i++) {
        uint32_t other = tree->by_rid[first + i];

        if (other != function && tree->functions[other].rid >> 3 == tree->functions[function].rid >> 3 &&
            !group_acs_enabled(tree, other, PCI_TREE_ACS_ISOLATING)) {
            group = ask_aliases(search, other);
        }
    }
    return group;
}

uint32_t group_linux_find(const struct pci_tree *tree, enum group_kernel kernel, const uint32_t *group_of,
                          uint32_t function)
{
    struct search search = {.tree = tree, .kernel = kernel, .group_of = group_of, .at = function};
    uint32_t group;

    if (group_alias_walk(tree, function, kernel, visit_alias, &search)) {
        return group_of[search.at];
    }
    group = climb_to_isolation(&search);
    if (group == GROUP_NONE) {
        group = ask_aliases(&search, search.at);
    }
    if (group == GROUP_NONE) {
        group = ask_siblings(&search, search.at);
    }
    return group;
}

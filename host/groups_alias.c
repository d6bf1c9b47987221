#include "host/groups_alias.h"

#include <stddef.h>

static bool has_phantom(const struct pci_tree_function *function, unsigned devfn)
{
    return (function->alias_devfns[devfn / 64] >> (devfn % 64) & 1u) != 0;
}

static bool walk_phantoms(const struct pci_tree *tree, uint32_t function, group_alias_visitor visitor, void *context)
{
    const struct pci_tree_function *at = &tree->functions[function];
    const uint64_t *devfns = at->alias_devfns;

    if ((devfns[0] | devfns[1] | devfns[2] | devfns[3]) == 0) {
        return false;
    }
    for (unsigned word = 0; word < 4; word++) {
        for (uint64_t left = at->alias_devfns[word]; left != 0; left &= left - 1) {
            const unsigned devfn = 64 * word + (unsigned)__builtin_ctzll(left);
            const struct group_alias alias = {.rid = (uint16_t)((at->rid & 0xff00u) | devfn), .function = function};

            if (visitor(context, &alias)) {
                return true;
            }
        }
    }
    return false;
}

/* The ID that a bridge puts on requests from below; false if it passes them as they are. */
static bool bridge_alias(const struct pci_tree_function *bridge, enum group_kernel kernel, uint16_t *rid)
{
    uint16_t secondary_rid = pci_tree_rid(bridge->secondary, 0, 0);

    switch (bridge->type) {
    case PCI_TREE_PCIE_TO_PCI_BRIDGE:
        *rid = secondary_rid;
        return kernel != GROUP_KERNEL_7_3 || (bridge->quirks & PCI_TREE_QUIRK_NO_ALIAS) == 0;
    case PCI_TREE_PCI_TO_PCIE_BRIDGE:
        *rid = bridge->rid;
        return true;
    case PCI_TREE_CONVENTIONAL_BRIDGE:
        *rid = bridge->quirks & PCI_TREE_QUIRK_BRIDGE_ALIAS ? secondary_rid : bridge->rid;
        return true;
    default:
        return false;
    }
}

bool group_alias_walk(const struct pci_tree *tree, uint32_t function, enum group_kernel kernel,
                      group_alias_visitor visitor, void *context)
{
    struct group_alias alias;

    if (tree->functions[function].real_dma_function != PCI_TREE_NONE) {
        function = tree->functions[function].real_dma_function;
    }
    alias.rid = tree->functions[function].rid;
    alias.function = function;
    if (visitor(context, &alias) || walk_phantoms(tree, function, visitor, context)) {
        return true;
    }
    if (tree->ports_only) {
        return false;
    }
    for (uint32_t at = tree->functions[function].parent; at != PCI_TREE_NONE; at = tree->functions[at].parent) {
        const struct pci_tree_function *bridge = &tree->functions[at];

        if (bridge->quirks & PCI_TREE_QUIRK_XLATE_ROOT) {
            break;
        }
        alias.function = at;
        if (bridge_alias(bridge, kernel, &alias.rid) && visitor(context, &alias)) {
            return true;
        }
    }
    return false;
}

struct msi_rid {
    const struct pci_tree *tree;
    uint16_t rid;
};

static bool visit_msi_rid(void *context, const struct group_alias *alias)
{
    struct msi_rid *msi = context;
    uint8_t bus = pci_tree_rid_bus(msi->rid);

    if (pci_tree_rid_bus(alias->rid) != bus || pci_tree_rid_bus(msi->tree->functions[alias->function].rid) != bus) {
        msi->rid = alias->rid;
    }
    return false;
}

uint16_t group_msi_rid(const struct pci_tree *tree, uint32_t function, enum group_kernel kernel)
{
    struct msi_rid msi = {.tree = tree, .rid = tree->functions[function].rid};

    group_alias_walk(tree, function, kernel, visit_msi_rid, &msi);
    return msi.rid;
}

bool group_alias_linked(const struct pci_tree *tree, uint32_t one, uint32_t other)
{
    const struct pci_tree_function *a = &tree->functions[one];
    const struct pci_tree_function *b = &tree->functions[other];

    return has_phantom(a, b->rid & 0xffu) || has_phantom(b, a->rid & 0xffu) || a->real_dma_function == other ||
           b->real_dma_function == one;
}

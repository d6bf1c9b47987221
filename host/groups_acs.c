#include "host/groups_acs.h"

#include <stddef.h>
#include <string.h>

static const char *const kernel_names[] = {
    [GROUP_KERNEL_7_3] = "linux-7.3",
    [GROUP_KERNEL_6_12] = "linux-6.12",
    [GROUP_KERNEL_6_1] = "linux-6.1",
};

const char *group_kernel_name(enum group_kernel kernel)
{
    return kernel_names[kernel];
}

bool group_kernel_from_name(const char *name, enum group_kernel *kernel)
{
    for (size_t i = 0; i < sizeof(kernel_names) / sizeof(kernel_names[0]); i++) {
        if (strcmp(name, kernel_names[i]) == 0) {
            *kernel = (enum group_kernel)i;
            return true;
        }
    }
    return false;
}

/* Rule A2. Also A16: a capability from which software erased Source Validation still counts as isolating. */
static bool controls_on(const struct pci_tree_acs *acs, uint32_t flags)
{
    uint32_t asked;

    if (!acs->present) {
        return false;
    }
    asked = flags & (acs->capability | PCI_TREE_ACS_EC);
    return (acs->control & asked) == asked;
}

bool group_acs_enabled(const struct pci_tree *tree, uint32_t function, uint32_t flags)
{
    const struct pci_tree_function *at = &tree->functions[function];

    if (at->quirks & PCI_TREE_QUIRK_ISOLATED) {
        return true;
    }
    switch (at->type) {
    case PCI_TREE_ROOT_PORT:
    case PCI_TREE_DOWNSTREAM_PORT:
        return controls_on(&at->acs, flags);
    case PCI_TREE_ENDPOINT:
    case PCI_TREE_LEGACY_ENDPOINT:
    case PCI_TREE_UPSTREAM_PORT:
    case PCI_TREE_RC_ENDPOINT:
        return !at->multifunction || controls_on(&at->acs, flags);
    case PCI_TREE_PCIE_TO_PCI_BRIDGE:
    case PCI_TREE_PCI_TO_PCIE_BRIDGE:
    case PCI_TREE_RC_EVENT_COLLECTOR:
    case PCI_TREE_CONVENTIONAL_DEVICE:
    case PCI_TREE_CONVENTIONAL_BRIDGE:
        break;
    }
    return false;
}

bool group_acs_path_enabled(const struct pci_tree *tree, uint32_t first, uint32_t flags)
{
    for (uint32_t at = first; at != PCI_TREE_NONE; at = tree->functions[at].parent) {
        if (!group_acs_enabled(tree, at, flags)) {
            return false;
        }
    }
    return true;
}

uint32_t group_prefix_blocker(const struct pci_tree *tree, uint32_t function)
{
    uint32_t at = function;

    if (tree->functions[at].is_vf) {
        at = tree->functions[at].physical_function;
    }
    if ((tree->functions[at].quirks & PCI_TREE_QUIRK_NO_PREFIXES) != 0) {
        return PCI_TREE_NONE;
    }
    while (at != PCI_TREE_NONE && !tree->functions[at].no_prefixes) {
        at = tree->functions[at].parent;
    }
    return at;
}

bool group_pasid_path_ok(const struct pci_tree *tree, uint32_t function, enum group_kernel kernel)
{
    const struct pci_tree_function *at = &tree->functions[function];

    if (kernel == GROUP_KERNEL_6_1) {
        return true;
    }
    if (at->is_vf) {
        function = at->physical_function;
    }
    return group_acs_path_enabled(tree, function, PCI_TREE_ACS_RR | PCI_TREE_ACS_UF);
}

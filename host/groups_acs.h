/*
 * What Linux asks of Access Control Services: whether one function keeps its peers apart, whether a whole path does,
 * and whether a function may use PASIDs. Rules A1 to A4, A15, A16 of docs/groups.md.
 *
 * This is the software's opinion, formed from capability and control bits. What the hardware does is host/reach.h.
 */
#ifndef DOORBELL_HOST_GROUPS_ACS_H
#define DOORBELL_HOST_GROUPS_ACS_H

#include "host/pci_tree.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Versions whose rules differ. A version between two of them follows the older one. */
enum group_kernel {
    GROUP_KERNEL_7_3 = 0,
    GROUP_KERNEL_6_12,
    GROUP_KERNEL_6_1,
};

/** "linux-7.3", "linux-6.12", "linux-6.1". */
const char *group_kernel_name(enum group_kernel kernel);

/** Finds a version by that name. @return false if there is none; @p kernel is then unchanged. */
bool group_kernel_from_name(const char *name, enum group_kernel *kernel);

/**
 * Whether Linux takes the ACS controls @p flags (PCI_TREE_ACS_*) of one function as effective.
 *
 * A function of the quirk table always passes. A control that the capability register lacks counts as wired on, Egress
 * Control excepted; without a capability nothing is on. Ports that face downstream are asked even with a single
 * function; endpoints and upstream ports only if they have several; bridges to or from conventional PCI, event
 * collectors and conventional functions never pass.
 */
bool group_acs_enabled(const struct pci_tree *tree, uint32_t function, uint32_t flags);

/**
 * Whether group_acs_enabled() holds for @p first and every bridge above it up to the root bus. True for PCI_TREE_NONE,
 * the path of a function on a root bus.
 */
bool group_acs_path_enabled(const struct pci_tree *tree, uint32_t first, uint32_t flags);

/**
 * The first port on the way up from a function that does not take TLPs with end-end prefixes, which PASIDs are;
 * PCI_TREE_NONE: all do, or the function is known to do without (D3). A VF follows its PF.
 */
uint32_t group_prefix_blocker(const struct pci_tree *tree, uint32_t function);

/**
 * Whether Linux lets a function use PASIDs as far as routing is concerned: Request Redirect and Upstream Forwarding on
 * the whole path, the function itself included (6.1 does not ask). A VF follows its PF. That the function has the
 * capability at all is not asked here.
 */
bool group_pasid_path_ok(const struct pci_tree *tree, uint32_t function, enum group_kernel kernel);

#ifdef __cplusplus
}
#endif

#endif

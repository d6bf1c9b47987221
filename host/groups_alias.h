/*
 * Requester ID aliases: under which other IDs the requests of a function may reach the IOMMU and the ITS. Rules A12 and
 * A13 of docs/groups.md.
 */
#ifndef DOORBELL_HOST_GROUPS_ALIAS_H
#define DOORBELL_HOST_GROUPS_ALIAS_H

#include "host/groups_acs.h"
#include "host/pci_tree.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One requester ID under which a function's requests may appear. */
struct group_alias {
    uint16_t rid;
    uint32_t function; /**< who makes it so: the function itself, or a bridge above it that puts its own ID */
};

/** Called for each alias. @return true to end the walk. */
typedef bool (*group_alias_visitor)(void *context, const struct group_alias *alias);

/**
 * Visits the aliases of a function from the device upward: its own requester ID (or that of the function that does its
 * DMA), its phantom functions in order of devfn, then for each bridge above it the ID that the bridge substitutes.
 * IDs may repeat. @p kernel decides whether PCI_TREE_QUIRK_NO_ALIAS is known (7.3).
 * @return true if a visitor ended the walk.
 */
bool group_alias_walk(const struct pci_tree *tree, uint32_t function, enum group_kernel kernel,
                      group_alias_visitor visitor, void *context);

/**
 * The requester ID by which Linux names a function to the ITS (msi-map or IORT turn it into the DeviceID): its own, or
 * the last alias that lies on, or is made on, another bus. Phantom functions of its own bus are ignored.
 */
uint16_t group_msi_rid(const struct pci_tree *tree, uint32_t function, enum group_kernel kernel);

/**
 * Whether one of two functions on the same bus may send under the other's devfn, or one does its DMA as the other.
 */
bool group_alias_linked(const struct pci_tree *tree, uint32_t one, uint32_t other);

#ifdef __cplusplus
}
#endif

#endif

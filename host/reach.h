/*
 * Who reaches whom without the IOMMU: where a memory request from one function, addressed to a BAR of another, turns
 * round in the hierarchy, computed from how ports really route (PCIe Base, 2.2.4.1 address routing and 6.12 ACS).
 *
 * A request climbs from its source. At every port that faces downstream (the ingress port) it may find that the port
 * beside leads to its address: then the ingress port's ACS decides whether it goes there directly or on to the root.
 * A port whose ACS is off, or absent, or lacks the control, routes directly. So reach has a direction: one port without
 * ACS lets what is below it reach others that cannot answer.
 */
#ifndef DOORBELL_HOST_REACH_H
#define DOORBELL_HOST_REACH_H

#include "host/pci_tree.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A request from below that a root port's own window claims, where the port's Upstream Forwarding is not on. */
enum reach_root_port {
    REACH_ROOT_PORT_REFUSES = 0, /**< Unsupported Request, as any port answers what would leave where it came in */
    REACH_ROOT_PORT_TURNS_BACK,  /**< sent down again without asking the IOMMU */
    REACH_ROOT_PORT_FORWARDS,    /**< passed to the IOMMU all the same */
};

/** What the specifications leave to the hardware. */
struct reach_policy {
    enum reach_root_port own_window;
    /** Every root complex routes between its root ports before the IOMMU, as ACS of the ingress port allows. */
    bool root_ports_are_peers;
    /**
     * Functions of a device never reach each other inside it, as those of Doorbell's endpoints; else those do that have
     * Request Redirect in their ACS capability (6.12.1.2) and do not have it on. PCI_TREE_QUIRK_INTERNAL_PEERS holds
     * all the same.
     */
    bool devices_send_all_up;
    /** Take functions that are no bridges and have no BAR listed as unreachable, instead of as having one unseen. */
    bool listed_bars_only;
};

/** How a request ends. */
enum reach_route {
    REACH_TRANSLATED = 0, /**< it arrives at the root complex and passes the IOMMU */
    REACH_DIRECT,         /**< it arrives at the target and the IOMMU never sees it */
    REACH_REFUSED,        /**< a port answers Unsupported Request or reports an ACS violation */
};

struct reach_result {
    enum reach_route route;
    uint32_t at;     /**< function where it was decided: ingress port, or the source itself; PCI_TREE_NONE: the root */
    const char *why; /**< one clause for a person, static storage */
};

/**
 * The way of a memory request (untranslated; or translated, if the source has ATS enabled and that goes further) from
 * @p source to a BAR of @p target. The two must differ. @p source should be a requester.
 */
struct reach_result reach_trace(const struct pci_tree *tree, const struct reach_policy *policy, uint32_t source,
                                uint32_t target);

/** Whether a function has memory that a peer could address: any BAR listed, or unlisted ones assumed (see policy). */
bool reach_is_target(const struct pci_tree *tree, const struct reach_policy *policy, uint32_t function);

/** Whether @p source is a requester, @p target is a target and the request gets there directly. False if equal. */
bool reach_direct(const struct pci_tree *tree, const struct reach_policy *policy, uint32_t source, uint32_t target);

/**
 * Parts the functions of a tree into sets that the IOMMU cannot keep apart: joined are two functions if either reaches
 * the other directly, or if they can appear under one requester ID.
 * @param set_of one element per function: gets the least function index of its set
 */
void reach_sets(const struct pci_tree *tree, const struct reach_policy *policy, uint32_t *set_of);

/** Whether requests of two functions of one segment can carry the same requester ID. */
bool reach_shares_rid(const struct pci_tree *tree, uint32_t one, uint32_t other);

#ifdef __cplusplus
}
#endif

#endif

/*
 * The inside of enumeration. Files: enumerate.c (buses, capabilities, BARs, windows), enumerate_virtual.c (ARI,
 * SR-IOV).
 */
#ifndef DOORBELL_HOST_ENUMERATE_INTERNAL_H
#define DOORBELL_HOST_ENUMERATE_INTERNAL_H

#include "host/enumerate.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A pass over one host bridge. */
struct enumerate_scan {
    struct enumeration *result;
    struct host_access *access;
    const struct enumerate_bridge *bridge;
    const struct enumerate_options *options;
    struct host_error *error;
    uint32_t bridge_index;
    unsigned next_bus;
    uint32_t above;       /**< the bridge whose secondary bus was begun last; PCI_TREE_NONE: none yet */
    bool ari;             /**< that bridge forwards function numbers of 8 bits */
    unsigned *ports_seen; /**< ports with ACS so far, over all bridges */
};

/** Address of a function's configuration space. */
uint64_t enumerate_config_address(const struct enumerate_bridge *bridge, uint16_t rid);

/**
 * Sizes memory BARs: writes ones, looks which bits stay, puts the old value back.
 * @param registers address of the first of @p count BAR registers
 */
void enumerate_size_bars(struct enumerate_scan *scan, uint64_t registers, unsigned count, struct pci_tree_range *bars);

/** Looks for MSI and MSI-X. */
void enumerate_note_messages(struct enumerate_scan *scan, struct enumerate_function *where,
                             struct pci_tree_function *function);

/** Finds the address of a function's MSI-X table, if it has one; its BARs are placed. */
void enumerate_find_table(struct enumerate_scan *scan, uint32_t index);

/** Appends a function to what was found. @return false with an error */
bool enumerate_append(struct enumerate_scan *scan, const struct pci_tree_function *function,
                      const struct enumerate_function *where, uint32_t *index);

/* ---- enumerate_virtual.c ---- */

/** Switches ARI forwarding of the port above on if function 0 below it has ARI and the port can, else off (6.13). */
void enumerate_set_up_ari(struct enumerate_scan *scan, uint64_t config);

/**
 * Looks for SR-IOV, sizes the VF BARs and reserves the buses that all VFs need, behind that of the PF (9.3.3).
 * @return false with an error: the host bridge has not enough
 */
bool enumerate_find_virtual(struct enumerate_scan *scan, struct enumerate_function *where,
                            struct pci_tree_function *function);

/** Writes the places of the VF BARs down in a PF's registers. */
void enumerate_place_virtual(struct enumerate_scan *scan, uint32_t index);

/** Enables the VFs that are wanted, of all host bridges, and appends them. @return false with an error */
bool enumerate_enable_virtual(struct enumerate_scan *scan, const struct enumerate_bridge *bridges);

#ifdef __cplusplus
}
#endif

#endif

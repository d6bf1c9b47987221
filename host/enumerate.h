/*
 * Enumeration: finds the PCI functions below each host bridge through configuration space, numbers buses depth first,
 * sizes and places BARs, opens bridge windows, sets payload sizes, turns ACS on as told, enables virtual functions, and
 * writes down what it found.
 */
#ifndef DOORBELL_HOST_ENUMERATE_H
#define DOORBELL_HOST_ENUMERATE_H

#include "host/access.h"
#include "host/error.h"
#include "host/pci_tree.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What firmware says about a host bridge. */
struct enumerate_bridge {
    const char *name;
    uint16_t segment;
    uint8_t first_bus;
    uint8_t last_bus;
    uint64_t ecam;      /**< address of first_bus' configuration space */
    uint64_t mmio_base; /**< 32-bit memory window; bus addresses equal CPU addresses */
    uint64_t mmio_size;
    bool peer_to_peer; /**< its root ports route to each other; no register tells, only the true reach asks */
};

/** Which ACS controls software turns on: SV, RR, CR and UF, where the capability has them. */
enum enumerate_acs {
    ENUMERATE_ACS_ALL,
    ENUMERATE_ACS_NONE,           /**< leaves the controls as they are */
    ENUMERATE_ACS_NOT_FIRST_PORT, /**< all but the first port found (Linux before 7.3 with a device tree) */
};

#define ENUMERATE_TRAFFIC_CLASSES 8u

struct enumerate_options {
    enum enumerate_acs acs;
    uint32_t max_payload;                          /**< bytes, 128..4096 */
    uint32_t max_read_request;                     /**< bytes, 128..4096 */
    uint8_t vc_of[ENUMERATE_TRAFFIC_CLASSES];      /**< virtual channel of each traffic class */
    uint8_t vc_weights[ENUMERATE_TRAFFIC_CLASSES]; /**< of those in a low-priority group; the first 0: turns */
    bool id_ordering;                              /**< turns ID-based ordering of requests and completions on */
    bool extended_tags;                            /**< lets functions that can use tags of 8 bits */
    bool phantom_functions;                        /**< turns phantom functions on, where functions have them */
    bool ecrc;                                     /**< turns ECRC generation and checking on where AER can do it */
    bool error_reporting;                          /**< lets functions send error messages, and bridges pass them */
    /** Name of a function for reports; may return NULL, and may be NULL. */
    const char *(*name_of)(void *context, uint16_t segment, uint16_t rid);
    void *name_context;
    /** VFs that software enables on a PF, at most TotalVFs (more counts as all); NULL: none on any. */
    uint32_t (*vfs_of)(void *context, uint16_t segment, uint16_t rid);
    void *vfs_context;
    /**
     * Whether a function is known to reach its siblings inside the device (PCI_TREE_QUIRK_INTERNAL_PEERS), which no
     * register tells; NULL: none is. Grouping rules do not ask, but true reach does.
     */
    bool (*peers_of)(void *context, uint16_t segment, uint16_t rid);
    void *peers_context;
};

/** Where a function keeps what drivers need. Offsets into configuration space; 0: no such capability. */
struct enumerate_function {
    uint64_t config;     /**< address of its configuration space */
    uint16_t pcie;       /**< PCI Express capability */
    uint16_t msix;       /**< MSI-X capability */
    uint16_t acs;        /**< ACS extended capability */
    uint16_t pasid;      /**< PASID extended capability */
    uint16_t sriov;      /**< SR-IOV extended capability, of a PF */
    uint16_t vf_offset;  /**< PFs: First VF Offset with all VFs enabled */
    uint16_t vf_stride;  /**< PFs: VF Stride, likewise */
    uint16_t msi;        /**< MSI capability */
    uint16_t ats;        /**< ATS extended capability */
    uint16_t pri;        /**< PRI extended capability */
    uint16_t aer;        /**< AER extended capability, where error reporting was switched on */
    uint64_t msix_table; /**< CPU address of the MSI-X table; 0 if none */
};

/** What enumeration found; functions[i] belongs to tree.functions[i]. */
struct enumeration {
    struct pci_tree tree;
    struct enumerate_function *functions;
};

/**
 * Enumerates all host bridges. VFs come last in the tree, behind all other functions of all host bridges, as they do
 * where drivers enable them.
 *
 * Release with enumeration_clear(), even after a failure. @return false with @p error
 */
bool enumerate_all(struct enumeration *result, struct host_access *access, const struct enumerate_bridge *bridges,
                   uint32_t bridge_count, const struct enumerate_options *options, struct host_error *error);

/** Releases what an enumeration holds. */
void enumeration_clear(struct enumeration *result);

#ifdef __cplusplus
}
#endif

#endif

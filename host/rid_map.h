/*
 * From requester ID (RID) to StreamID, DeviceID and MSI doorbell, as firmware describes it. Pure functions over
 * struct firmware.
 *
 * Two views:
 *  - the bindings' view ("spec"): every entry of a map that matches the RID, in the order of the property;
 *  - the operating system's view ("linux", Linux 7.3): the first matching entry counts, an error counts only if it
 *    stands before the match, a RID without msi-map entry falls back to the host's `msi-parent`. The comments name the
 *    rules (B1..B14) by which Linux decides; docs/board-check.md lists them.
 *
 * A map applies a mask and adds an offset, so what holds for one RID holds for a whole run of them. A rule is therefore
 * given as struct rid_id, which yields the identifier of any RID of the run.
 */
#ifndef DOORBELL_HOST_RID_MAP_H
#define DOORBELL_HOST_RID_MAP_H

#include "host/firmware.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Number of requester IDs of one host bridge: bus 8 bits, device 5, function 3. */
#define RID_COUNT 0x10000u

/** How many matching entries of a map are kept per run; further ones are only counted. */
#define RID_SPEC_KEPT 8u

/** Identifiers as a function of the RID: (RID & mask) + offset, modulo 2^32. */
struct rid_id {
    uint32_t mask;
    uint32_t offset;
};

/** The identifier of @p rid. */
uint32_t rid_id_of(const struct rid_id *id, uint32_t rid);

/** How the operating system finds the MSI controller of a function. */
enum rid_msi_route {
    RID_MSI_NONE,      /**< no MSI domain: MSIs cannot be allocated from what firmware says */
    RID_MSI_MAP,       /**< by the msi-map */
    RID_MSI_PARENT,    /**< by the host's first msi-parent, which takes no specifier (rule B10) */
    RID_MSI_INHERITED, /**< by the first msi-parent of the host that has an MSI domain (rule B4, B10) */
    RID_MSI_HOST,      /**< the host bridge is an MSI controller itself and names no other */
};

/** Why a function has, or lacks, an IOMMU. */
enum rid_iommu_route {
    RID_IOMMU_NO_MAP,   /**< the host has no iommu-map */
    RID_IOMMU_NO_MATCH, /**< no entry covers the RID: no IOMMU, no group (rule B4) */
    RID_IOMMU_DISABLED, /**< the entry names an IOMMU that is disabled */
    RID_IOMMU_FAULT,    /**< a faulty entry stands before any match (rule B2) */
    RID_IOMMU_MAPPED,
};

/** The operating system's view of a run of RIDs. */
struct rid_choice {
    enum rid_msi_route msi_route;
    enum firmware_fault msi_fault; /**< error that ended the search of the msi-map, if any */
    size_t controller;             /**< index of the MSI controller; FIRMWARE_NONE if msi_route is RID_MSI_NONE */
    bool device_id_known;          /**< true exactly if the controller is an ITS */
    struct rid_id device_id;       /**< DeviceID at that ITS (rule B11) */
    enum rid_iommu_route iommu_route;
    enum firmware_fault iommu_fault;              /**< set exactly if iommu_route is RID_IOMMU_FAULT */
    size_t iommu;                                 /**< index of the IOMMU; FIRMWARE_NONE unless mapped or disabled */
    struct rid_id stream;                         /**< first cell of the IOMMU specifier: the StreamID */
    uint32_t stream_more[FIRMWARE_OUT_CELLS - 1]; /**< the other cells, the same for the whole run */
    uint32_t stream_cells;                        /**< 0 unless mapped or disabled */
};

/** One entry of a map that matches (fault none) or is faulty. */
struct rid_spec_item {
    enum firmware_fault fault;
    size_t target;
    struct rid_id id;                      /**< first output cell */
    uint32_t more[FIRMWARE_OUT_CELLS - 1]; /**< further output cells */
    uint32_t cells;
};

/** The bindings' view of one map for a run of RIDs. */
struct rid_spec {
    struct rid_spec_item items[RID_SPEC_KEPT];
    size_t kept;  /**< elements of items */
    size_t total; /**< matching and faulty entries in all, at least kept */
};

/** A maximal run of consecutive RIDs to which the same rules apply. */
struct rid_range {
    uint32_t first;
    uint32_t last; /**< inclusive */
    struct rid_choice choice;
    const struct rid_spec *msi;   /**< owned by the struct rid_ranges; NULL if the host has no msi-map */
    const struct rid_spec *iommu; /**< owned by the struct rid_ranges; NULL if the host has no iommu-map */
};

/** The runs of one host bridge, ascending and without gaps from its first bus to its last. */
struct rid_ranges {
    struct rid_range *items;
    size_t count;
    struct rid_spec *specs; /**< what the ranges point into */
    size_t spec_count;
};

/** Whether the operating system makes an MSI domain for that controller: it is available and declared as one. */
bool rid_map_has_msi_domain(const struct firmware *firmware, size_t controller);

/**
 * The operating system's view of one requester ID.
 * @param rid 0..0xffff; it need not lie within the host's bus range
 */
void rid_map_choose(const struct firmware *firmware, const struct firmware_host *host, uint32_t rid,
                    struct rid_choice *choice);

/** The part of the answer that is about the IOMMU, for whoever wants no more; the rest says that there is nothing. */
void rid_map_choose_iommu(const struct firmware *firmware, const struct firmware_host *host, uint32_t rid,
                          struct rid_choice *choice);

/** The bindings' view of @p rid in one map. An absent map yields no items. */
void rid_map_spec(const struct firmware_map *map, uint32_t rid, struct rid_spec *spec);

/**
 * The address that a function with @p device_id must write to, to raise an MSI at an ITS: GITS_TRANSLATER, or the
 * function's own address in a pre-ITS window (rule B14).
 * @return false if the controller is no ITS or its address is unknown.
 */
bool rid_map_doorbell(const struct firmware_msi_controller *controller, uint32_t device_id, uint64_t *doorbell);

/**
 * Partitions the RIDs of the host's buses into maximal runs.
 * Cost: in the order of RID_COUNT, plus the square of the number of map entries.
 * Release the result with rid_ranges_clear().
 */
void rid_map_ranges(const struct firmware *firmware, const struct firmware_host *host, struct rid_ranges *ranges);

/** Releases what rid_map_ranges() made. */
void rid_ranges_clear(struct rid_ranges *ranges);

/** The word that reports use for an MSI route: "msi-map", "msi-parent", "inherited msi-parent", "no MSI domain", ... */
const char *rid_msi_route_text(const struct rid_choice *choice);

/** The word that reports use for an IOMMU route: "iommu-map", "no map", "no match", "disabled", or the error. */
const char *rid_iommu_route_text(const struct rid_choice *choice);

#ifdef __cplusplus
}
#endif

#endif

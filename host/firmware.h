/*
 * What firmware tells the operating system about the path of an MSI: PCIe host bridges with their maps, MSI
 * controllers (ITS and others), IOMMUs (SMMUs and others).
 *
 * The description is neutral: a device tree, an ACPI IORT or a scenario file can fill it. rid_map.h resolves requester
 * IDs (RID) over it, board_check.h judges it. Names follow the device-tree bindings: `iommu-map` and `msi-map`
 * entries are (rid-base, target, output specifier, length) under a mask ("pci-iommu.txt", "pci-msi.txt").
 *
 * Everything here is plain data, owned by struct firmware. Fill it with the append functions, release it with
 * firmware_clear(). No function here fails: running out of memory ends the process with a message.
 */
#ifndef DOORBELL_HOST_FIRMWARE_H
#define DOORBELL_HOST_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An index into a table of struct firmware that names nothing. */
#define FIRMWARE_NONE SIZE_MAX

/** Longest output specifier of a map entry, in 32-bit cells. Real ones have 1 (SMMUv3, ITS) or 2 (SMMUv2). */
#define FIRMWARE_OUT_CELLS 8u

/** Offset of GITS_TRANSLATER, the doorbell, from the base of an ITS (GICv3 architecture, IHI 0069, 12.18). */
#define FIRMWARE_ITS_DOORBELL 0x10040u

/** Offset of MSI_SETSPI_NS, the doorbell, from the base of a GICv2m frame. */
#define FIRMWARE_V2M_DOORBELL 0x40u

/** What is wrong with one entry of a map or of an `msi-parent` list. */
enum firmware_fault {
    FIRMWARE_FAULT_NONE,
    FIRMWARE_FAULT_BASE_OUTSIDE_MASK, /**< rid-base has bits that the mask clears, so that no RID could match */
    FIRMWARE_FAULT_DANGLING,          /**< the phandle names no node; later entries cannot be found */
    FIRMWARE_FAULT_SHORT,             /**< the property ends inside the entry */
    FIRMWARE_FAULT_NO_CELLS,          /**< the target lacks #iommu-cells, so the entry has no known length */
    FIRMWARE_FAULT_MANY_CELLS,        /**< the target's specifier is longer than FIRMWARE_OUT_CELLS */
    FIRMWARE_FAULT_WIDE_RANGE,        /**< a range of RIDs maps to a specifier of several cells: no linear meaning */
};

/** Text of a fault, beginning with "error: "; the empty string for FIRMWARE_FAULT_NONE. Static storage. */
const char *firmware_fault_text(enum firmware_fault fault);

/** A list of strings, for example the values of a `compatible` property. */
struct firmware_strings {
    char **items;
    size_t count;
};

/** An MSI controller: an ITS, a GICv2m frame, a PCIe host with its own, ... */
struct firmware_msi_controller {
    char *name; /**< path of the node, or name in a scenario */
    struct firmware_strings compatible;
    bool is_its;         /**< a GICv3/GICv4 ITS: has DeviceIDs and a doorbell at base + 0x10040 */
    bool available;      /**< not disabled */
    bool msi_controller; /**< declared as an MSI controller; without that the OS makes no MSI domain */
    bool base_known;
    uint64_t base; /**< CPU physical address of its first register frame, if base_known */
    bool cells_known;
    uint32_t cells;     /**< cells of its MSI specifier (#msi-cells), if cells_known */
    bool is_v2m;        /**< a GICv2m frame: its messages are SPIs, and it does not know who writes */
    bool spis_known;    /**< and firmware says which */
    uint32_t first_spi; /**< INTID */
    uint32_t spi_count;
    bool pre_its;          /**< sits behind a window that turns the address into the DeviceID (rule B14) */
    uint64_t pre_its_base; /**< first address of that window; the doorbell is base + 4 * DeviceID */
    uint64_t pre_its_size; /**< bytes of that window */
};

/** Families of IOMMU between which the rules differ. */
enum firmware_iommu_kind {
    FIRMWARE_IOMMU_SMMUV3,
    FIRMWARE_IOMMU_SMMUV2, /**< SMMUv1 and SMMUv2, MMU-400, MMU-401, MMU-500 and their derivatives */
    FIRMWARE_IOMMU_OTHER,
};

/** An IOMMU. */
struct firmware_iommu {
    char *name;
    struct firmware_strings compatible;
    enum firmware_iommu_kind kind;
    bool available;
    bool base_known;
    uint64_t base;
    bool cells_known;
    uint32_t cells; /**< cells of its specifier (#iommu-cells), if cells_known */
};

/** One entry of an `iommu-map` or `msi-map`: RIDs with base <= (RID & mask) < base + length. */
struct firmware_map_entry {
    uint32_t base;
    uint32_t length;
    size_t target;                    /**< index of the IOMMU or MSI controller; FIRMWARE_NONE if the fault hides it */
    uint32_t out[FIRMWARE_OUT_CELLS]; /**< output specifier of the RID that equals base */
    uint32_t out_count;
    enum firmware_fault fault; /**< found while decoding; faults of meaning are found by rid_map.h */
};

/** An `iommu-map` or `msi-map` with its mask. */
struct firmware_map {
    bool present;
    bool mask_given;
    uint32_t mask; /**< 0xffffffff unless given */
    struct firmware_map_entry *entries;
    size_t count;
};

/** One element of an `msi-parent` list. */
struct firmware_msi_parent {
    size_t controller;
    uint32_t spec[FIRMWARE_OUT_CELLS];
    uint32_t spec_count;
    enum firmware_fault fault;
};

/** A window of PCI memory addresses that a host bridge forwards (an element of its `ranges`). */
struct firmware_window {
    uint64_t pci_address; /**< first address as devices see it on the bus */
    uint64_t cpu_address; /**< the same as the CPU sees it */
    uint64_t size;        /**< bytes, at least 1 */
    bool prefetchable;
};

/** A PCIe host bridge: one hierarchy of buses. */
struct firmware_host {
    char *name;
    struct firmware_strings compatible;
    bool available;
    bool segment_given;
    uint32_t segment; /**< PCI segment ("domain"); the lowest free one if firmware does not give it */
    bool bus_given;
    uint32_t bus_first; /**< root bus, 0..255 */
    uint32_t bus_last;  /**< 0..255, not below bus_first */
    bool ats_supported; /**< by the root complex (`ats-supported`) */
    bool no_write_back; /**< devices' writes cannot always be made to snoop (no CANWBS in IORT's memory access flags) */
    struct firmware_map iommu_map;
    struct firmware_map msi_map;
    struct firmware_msi_parent *msi_parents;
    size_t msi_parent_count;
    size_t self_controller; /**< the host bridge as an MSI controller itself; FIRMWARE_NONE if it is none */
    struct firmware_window *windows;
    size_t window_count;
};

/** A node that is no PCIe host but has maps of its own (a PCIe endpoint controller, fsl-mc, host1x, ...). */
struct firmware_other_map {
    char *name;
    struct firmware_strings compatible;
    bool available;
    struct firmware_map iommu_map;
    struct firmware_map msi_map;
};

/** Something odd in the description that is no reason to refuse it: where, and what. */
struct firmware_note {
    char *where;
    char *what;
};

/** The whole description. Zero-initialise. */
struct firmware {
    char *model;
    struct firmware_strings compatible;
    struct firmware_host *hosts;
    size_t host_count;
    struct firmware_msi_controller *controllers;
    size_t controller_count;
    struct firmware_iommu *iommus;
    size_t iommu_count;
    struct firmware_other_map *others;
    size_t other_count;
    struct firmware_note *notes;
    size_t note_count;
};

/**
 * Appends an MSI controller, available and declared as one, with nothing else known.
 * @return it, to be filled in; valid until the next append of a controller. Its index is the old controller_count.
 */
struct firmware_msi_controller *firmware_add_controller(struct firmware *firmware, const char *name);

/** Appends an available IOMMU of kind "other". @return it, until the next append of an IOMMU. */
struct firmware_iommu *firmware_add_iommu(struct firmware *firmware, const char *name);

/**
 * Appends an available host with buses 0..255, no maps, segment not given. @return it, until the next append of a
 * host.
 */
struct firmware_host *firmware_add_host(struct firmware *firmware, const char *name);

/** Appends a node with maps that is no PCIe host. @return it, until the next append of such a node. */
struct firmware_other_map *firmware_add_other(struct firmware *firmware, const char *name);

/** Appends a note on @p where, made as by printf. */
void firmware_add_note(struct firmware *firmware, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Appends an empty entry (target none, no fault) to a map and marks the map present. @return it, until the next. */
struct firmware_map_entry *firmware_map_add(struct firmware_map *map);

/** Appends an element to a host's `msi-parent` list. @return it, until the next. */
struct firmware_msi_parent *firmware_host_add_msi_parent(struct firmware_host *host);

/** Appends a memory window to a host. @return it, until the next. */
struct firmware_window *firmware_host_add_window(struct firmware_host *host);

/** Appends a copy of @p text (@p length bytes, no terminator needed) to a list of strings. */
void firmware_strings_add(struct firmware_strings *strings, const char *text, size_t length);

/** Gives every host without a segment number the lowest one that no other host has. Call when all hosts are known. */
void firmware_number_segments(struct firmware *firmware);

/** Releases everything and makes the description empty. */
void firmware_clear(struct firmware *firmware);

#ifdef __cplusplus
}
#endif

#endif

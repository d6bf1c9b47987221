/*
 * A machine as its own descriptions tell it: what firmware says of SMMUs, ITSs and maps, and what the configuration
 * space of its PCI functions says. Readers fill it, write.h makes a scenario of it. Plain data.
 *
 * Zero-initialise; release with import_machine_clear(). No function here fails: running out of memory ends the process
 * with a message.
 */
#ifndef DOORBELL_IMPORT_MACHINE_H
#define DOORBELL_IMPORT_MACHINE_H

#include "host/firmware.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most PCI functions that are taken. */
#define IMPORT_MAX_FUNCTIONS 8192u

/** Most bytes of configuration space of a function (PCIe Base, 7.2). */
#define IMPORT_CONFIG_SIZE 4096u

/** MSI capability, as far as it matters. */
struct import_msi {
    bool present;
    bool wide;       /**< 64-bit address */
    bool mask;       /**< per-vector masking */
    uint8_t vectors; /**< Multiple Message Capable: 1..32 */
};

/** SR-IOV capability (PCIe Base, 9.3.3). */
struct import_sriov {
    bool present;
    bool enabled;       /**< VF Enable */
    uint16_t total;     /**< TotalVFs */
    uint16_t count;     /**< NumVFs */
    uint16_t offset;    /**< First VF Offset */
    uint16_t stride;    /**< VF Stride */
    uint16_t vf_device; /**< VF Device ID */
};

/** One PCI function. */
/** Regions that a function can have. */
#define IMPORT_BARS 6

struct import_function {
    char *origin; /**< where it was read: "file:line", or the path of its configuration space */
    uint32_t segment;
    uint16_t rid;
    uint16_t vendor;
    uint16_t device;
    uint32_t class_code; /**< base class, sub-class, programming interface */
    bool bridge;         /**< header type 1 */
    bool multifunction;
    bool pcie;         /**< has a PCI Express capability; `type` and the link are known then */
    uint8_t type;      /**< Device/Port Type (PCIe Base, 7.5.3.2) */
    uint8_t speed;     /**< Current Link Speed, else Max Link Speed: 1..6; 0: unknown */
    uint8_t width;     /**< likewise, lanes; 0: unknown */
    uint8_t secondary; /**< bridges */
    uint8_t subordinate;
    bool complete; /**< configuration space beyond the header was there, so that capabilities are known */
    bool extended; /**< and that beyond 256 bytes */
    bool acs;
    uint16_t acs_capability;
    uint16_t acs_control;
    uint16_t msix; /**< vectors; 0: no MSI-X */
    struct import_msi msi;
    bool ari;
    bool ats;
    uint8_t ats_depth; /**< Invalidate Queue Depth, 1..32 */
    bool pri;
    uint32_t pri_capacity;
    bool pasid;
    uint8_t pasid_bits;
    struct import_sriov sriov;
    uint64_t bars[IMPORT_BARS]; /**< sizes of its regions of memory, in order, as far as they are known */
    unsigned bar_count;
    bool is_vf; /**< out of import_machine_finish(): a virtual function of some other function */
};

/** Where a segment's configuration space is. */
struct import_ecam {
    uint32_t segment;
    uint32_t first_bus;
    uint32_t last_bus;
    uint64_t base; /**< of the first bus */
};

/** A range of addresses that must be mapped one to one for some StreamIDs (IORT, node type 6). */
struct import_reserved {
    uint32_t rid_base;
    uint32_t rid_count;
    uint32_t segment;
    uint64_t base;
    uint64_t size;
    bool relaxable;
};

/** The PE that handles a vector. */
struct import_route {
    uint32_t segment;
    uint16_t rid;
    uint16_t vector;
    uint32_t pe;
    bool counted; /**< guessed from where it was handled */
};

/** Most of them that are taken. */
#define IMPORT_MAX_ROUTES 65536u

/** A list of remarks for the one who reads the scenario. */
struct import_remarks {
    char **items;
    size_t count;
};

struct import_machine {
    struct firmware firmware;
    bool firmware_known; /**< a device tree or ACPI tables were read */
    struct import_function *functions;
    size_t function_count;
    struct import_ecam *ecams;
    size_t ecam_count;
    struct import_reserved *reserved;
    size_t reserved_count;
    struct import_route
        *routes; /**< after import_machine_finish() sorted; what was told counts, not what was counted */
    size_t route_count;
    size_t route_room;
    uint32_t cpu_count; /**< that interrupts were counted of; 0: unknown */
    uint32_t pe_count;  /**< 0: unknown */
    bool redistributors_known;
    uint64_t redistributors; /**< base of the first region */
    uint64_t memory_base;
    uint64_t memory_size; /**< of the largest region; 0: unknown */
    struct import_remarks remarks;
};

/**
 * Grows an array by one zeroed element.
 * @param items the array, which has grown by this function only; NULL without elements
 * @param size  of an element, bytes
 * @return the array, where it is now
 */
void *import_grow(void *items, size_t *count, size_t size);

/** Appends a zeroed function. @return it, until the next; NULL if there are IMPORT_MAX_FUNCTIONS already. */
struct import_function *import_machine_add_function(struct import_machine *machine);

/** Notes the size of a function's next region of memory; what is no power of two, or beyond six, is passed over. */
void import_function_add_bar(struct import_function *function, uint64_t size);

/** Appends zeroed entries. @return it, until the next. */
struct import_ecam *import_machine_add_ecam(struct import_machine *machine);
struct import_reserved *import_machine_add_reserved(struct import_machine *machine);

/** Takes a route; beyond IMPORT_MAX_ROUTES it is dropped. */
void import_machine_add_route(struct import_machine *machine, const struct import_route *route);

/** The route of a vector, after import_machine_finish(); NULL if it is not known. */
const struct import_route *import_machine_find_route(const struct import_machine *machine, uint32_t segment,
                                                     unsigned rid, unsigned vector);

/** Adds a remark, made as by printf; one that is there already is not added again. */
void import_remark(struct import_remarks *remarks, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Sorts the functions by segment and requester ID and marks the virtual ones. */
void import_machine_finish(struct import_machine *machine);

/** The function with that requester ID, after import_machine_finish(); NULL if there is none. */
const struct import_function *import_machine_find(const struct import_machine *machine, uint32_t segment, unsigned rid);

/** Releases everything and makes the machine empty. */
void import_machine_clear(struct import_machine *machine);

#ifdef __cplusplus
}
#endif

#endif

/*
 * Reserved regions: I/O virtual addresses that a device keeps for itself or that nothing must be mapped at (rules C13
 * to C15, F12, F13). The MSI window is one of them: programmable on Arm, fixed where hardware takes interrupt messages
 * out before translation.
 */
#ifndef DOORBELL_HOST_RESERVED_H
#define DOORBELL_HOST_RESERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum reserved_kind {
    RESERVED_DIRECT,           /**< must always be mapped one to one (RMR) */
    RESERVED_DIRECT_RELAXABLE, /**< the same, until a user takes the device */
    RESERVED_HOLE,             /**< must not be mapped */
    RESERVED_MSI,              /**< MSI window that hardware fixes */
    RESERVED_SW_MSI,           /**< MSI window that software chooses */
    RESERVED_KINDS,
};

/** "direct", "direct-relaxable", "reserved", "msi", "software-msi". */
const char *reserved_kind_name(enum reserved_kind kind);

/** A region of one function, or of all. */
struct reserved_region {
    bool all; /**< of every function; else of that of segment and requester ID */
    uint16_t segment;
    uint16_t rid;
    enum reserved_kind kind;
    uint64_t base;
    uint64_t size;
};

/** What firmware and the IOMMU driver say. The array is the caller's. */
struct reserved_regions {
    const struct reserved_region *items;
    size_t count;
};

/** The next region of a function from index *position on, which moves behind it; NULL: no more. */
const struct reserved_region *reserved_next(const struct reserved_regions *regions, uint16_t segment, uint16_t rid,
                                            size_t *position);

/** The first region of a function of that kind; NULL: none. */
const struct reserved_region *reserved_find(const struct reserved_regions *regions, uint16_t segment, uint16_t rid,
                                            enum reserved_kind kind);

/** Whether a range meets a region's. */
bool reserved_overlaps(const struct reserved_region *region, uint64_t base, uint64_t size);

#ifdef __cplusplus
}
#endif

#endif

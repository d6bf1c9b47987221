/*
 * The wiring behind a root complex: which StreamID and which DeviceID a requester ID becomes, and at which SMMU.
 *
 * A table has the form that device trees give it (iommu-map, msi-map): a mask for the requester ID, and ranges of which
 * the first that covers the masked ID counts.
 */
#ifndef DOORBELL_MODELS_PCIE_REQUESTER_MAP_H
#define DOORBELL_MODELS_PCIE_REQUESTER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pcie_map_entry {
    uint32_t rid_base;    /**< first requester ID, compared with RID & mask */
    uint32_t length;      /**< number of requester IDs */
    uint32_t output_base; /**< ID that the first one becomes */
    uint32_t target;      /**< whatever the table's owner numbers: an SMMU's port, an ITS */
};

struct pcie_map {
    const struct pcie_map_entry *entries; /**< may be NULL if count is 0 */
    size_t count;
    uint32_t mask;
};

/**
 * Looks a requester ID up.
 * @param output receives output_base + (RID & mask) - rid_base
 * @return the entry; NULL if none covers it
 */
const struct pcie_map_entry *pcie_map_find(const struct pcie_map *map, uint16_t rid, uint32_t *output);

#ifdef __cplusplus
}
#endif

#endif

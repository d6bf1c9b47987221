/*
 * Decoding of `iommu-map`, `msi-map` and `msi-parent`: the one place that knows their layout in cells.
 *
 * An entry is rid-base, phandle, output specifier, length (bindings "pci-iommu.txt", "pci-msi.txt"). The specifier is
 * as long as the target's #iommu-cells or #msi-cells says (rule B3), so an entry can be delimited only by looking at
 * its target. Targets are left as node numbers of the tree.
 */
#ifndef DOORBELL_SCENARIO_DEVICETREE_MAP_H
#define DOORBELL_SCENARIO_DEVICETREE_MAP_H

#include "host/firmware.h"
#include "scenario/devicetree_tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The two kinds of map. */
enum devicetree_map_kind {
    DEVICETREE_IOMMU_MAP,
    DEVICETREE_MSI_MAP,
};

/**
 * Decodes a map and its mask. Faults are recorded in the entries; after one that hides where the next entry begins,
 * decoding stops, which is what an operating system does too.
 * @return false if the map has more than @p limit entries
 */
bool devicetree_decode_map(const struct devicetree *tree, size_t node, enum devicetree_map_kind kind, size_t limit,
                           struct firmware_map *map);

/** Decodes the `msi-parent` list of a host, at most @p limit elements. @return false if it has more. */
bool devicetree_decode_msi_parent(const struct devicetree *tree, size_t node, size_t limit, struct firmware_host *host);

#ifdef __cplusplus
}
#endif

#endif

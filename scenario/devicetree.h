/*
 * Importer: device tree blob -> struct firmware.
 *
 * What it takes from the tree, by binding: PCIe host bridges ("pci-bus", `device_type = "pci"` under something that is
 * not one), `bus-range`, `linux,pci-domain`, `iommu-map`, `msi-map`, their masks and `msi-parent`; ITS nodes
 * ("arm,gic-v3-its") and other MSI controllers that are named; SMMU nodes and other IOMMUs that are named.
 */
#ifndef DOORBELL_SCENARIO_DEVICETREE_H
#define DOORBELL_SCENARIO_DEVICETREE_H

#include "host/firmware.h"
#include "result/board.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most PCIe host bridges that are accepted. */
#define DEVICETREE_MAX_HOSTS 128u

/** Most entries of one map that are accepted. */
#define DEVICETREE_MAX_ENTRIES 4096u

/** What the importer saw beside struct firmware. */
struct devicetree_extra {
    size_t iommus_left_out; /**< IOMMUs that are no SMMU and that no map names */
};

/**
 * Reads the description from a blob. The blob is untrusted: whatever its bytes, the outcome is a description or an
 * error.
 * @param blob      aligned to 8 bytes; not needed any more afterwards
 * @param file      name for errors
 * @param firmware  zero-initialised; to be released with firmware_clear() in any case
 * @param extra     may be NULL
 * @return BOARD_OK, or BOARD_INVALID with @p error set. Oddities that leave a meaning become notes of @p firmware.
 */
enum board_status devicetree_read(const void *blob, size_t size, const char *file, struct firmware *firmware,
                                  struct devicetree_extra *extra, struct board_error *error);

#ifdef __cplusplus
}
#endif

#endif

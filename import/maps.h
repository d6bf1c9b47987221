/* iommu-map and msi-map of a scenario's root complex, from what firmware says and what Linux makes of it. */
#ifndef DOORBELL_IMPORT_MAPS_H
#define DOORBELL_IMPORT_MAPS_H

#include "import/write.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A tuple: requester IDs first, first + 1, ... of length many -> out, out + 1, ... at a target. */
struct import_tuple {
    uint32_t first;
    uint32_t length;
    uint32_t out;
    size_t target; /**< index of the firmware's IOMMU or MSI controller */
};

struct import_map {
    bool given; /**< false: firmware says nothing, and the scenario's default stands */
    uint32_t mask;
    struct import_tuple *tuples;
    size_t count;
};

/** Both maps of one root complex. */
struct import_maps {
    struct import_map iommu;
    struct import_map msi;
};

/**
 * Makes the maps (rules B1 to B11 as host/rid_map.h has them). Release with import_maps_clear().
 * @param buses NULL: numbers as in the machine
 */
void import_maps_make(const struct import_machine *machine, const struct import_root *root,
                      const struct import_buses *buses, struct import_maps *maps);

/** Whether a map has an output for a requester ID; one that is not given has. */
bool import_map_covers(const struct import_map *map, unsigned rid);

/** The largest output of a map; 0 if there is none. */
uint32_t import_map_largest(const struct import_map *map);

/** Releases both. */
void import_maps_clear(struct import_maps *maps);

#ifdef __cplusplus
}
#endif

#endif

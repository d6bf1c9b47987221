#include "models/pcie/requester_map.h"

const struct pcie_map_entry *pcie_map_find(const struct pcie_map *map, uint16_t rid, uint32_t *output)
{
    uint32_t masked = rid & map->mask;

    for (size_t i = 0; i < map->count; i++) {
        const struct pcie_map_entry *entry = &map->entries[i];

        if (masked >= entry->rid_base && masked - entry->rid_base < entry->length) {
            *output = entry->output_base + (masked - entry->rid_base);
            return entry;
        }
    }
    return NULL;
}

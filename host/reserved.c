#include "host/reserved.h"

const char *reserved_kind_name(enum reserved_kind kind)
{
    static const char *const names[RESERVED_KINDS] = {"direct", "direct-relaxable", "reserved", "msi", "software-msi"};

    return names[kind];
}

const struct reserved_region *reserved_next(const struct reserved_regions *regions, uint16_t segment, uint16_t rid,
                                            size_t *position)
{
    while (*position < regions->count) {
        const struct reserved_region *region = &regions->items[(*position)++];

        if (region->all || (region->segment == segment && region->rid == rid)) {
            return region;
        }
    }
    return NULL;
}

const struct reserved_region *reserved_find(const struct reserved_regions *regions, uint16_t segment, uint16_t rid,
                                            enum reserved_kind kind)
{
    const struct reserved_region *region;
    size_t position = 0;

    while ((region = reserved_next(regions, segment, rid, &position)) != NULL) {
        if (region->kind == kind) {
            return region;
        }
    }
    return NULL;
}

bool reserved_overlaps(const struct reserved_region *region, uint64_t base, uint64_t size)
{
    return size != 0 && region->size != 0 && base <= region->base + (region->size - 1) &&
           region->base <= base + (size - 1);
}

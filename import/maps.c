#include "import/maps.h"

#include "host/rid_map.h"

#include <stdlib.h>
#include <string.h>

#define ALL_RIDS 0xffffu

static void add_tuple(struct import_map *map, uint32_t first, uint32_t length, uint32_t out, size_t target)
{
    struct import_tuple *last = map->count == 0 ? NULL : &map->tuples[map->count - 1];

    if (last != NULL && last->target == target && last->first + last->length == first &&
        last->out + last->length == out) {
        last->length += length;
        return;
    }
    if ((map->count & (map->count - 1)) == 0) {
        map->tuples = realloc(map->tuples, (map->count == 0 ? 1 : 2 * map->count) * sizeof(*map->tuples));
    }
    if (map->tuples == NULL) {
        fprintf(stderr, "doorbell: out of memory\n");
        abort();
    }
    map->tuples[map->count++] = (struct import_tuple){.first = first, .length = length, .out = out, .target = target};
}

/* What one run of requester IDs has at one of the two maps. @return whether anything */
static bool outcome(const struct rid_choice *choice, bool iommu, size_t *target, struct rid_id *id)
{
    if (iommu) {
        *target = choice->iommu;
        *id = choice->stream;
        return choice->iommu_route == RID_IOMMU_MAPPED;
    }
    *target = choice->controller;
    *id = choice->device_id_known ? choice->device_id : (struct rid_id){.mask = ALL_RIDS};
    return choice->controller != FIRMWARE_NONE;
}

/* Writes the requester IDs from..to of the machine down as those from @p as on. */
static void add_runs(struct import_map *map, bool iommu, const struct rid_ranges *ranges, uint32_t from, uint32_t to,
                     uint32_t as)
{
    for (size_t i = 0; i < ranges->count; i++) {
        const struct rid_range *range = &ranges->items[i];
        uint32_t first = range->first > from ? range->first : from;
        uint32_t last = range->last < to ? range->last : to;
        struct rid_id id;
        size_t target;

        if (first > last || !outcome(&range->choice, iommu, &target, &id)) {
            continue;
        }
        if ((id.mask & ALL_RIDS) == ALL_RIDS) {
            add_tuple(map, first - from + as, last - first + 1, rid_id_of(&id, first), target);
            continue;
        }
        for (uint32_t rid = first; rid <= last; rid++) {
            add_tuple(map, rid - from + as, 1, rid_id_of(&id, rid), target);
        }
    }
}

/* Whether a map means the same in a scenario as it stands: nothing in it is wrong or disabled. */
static bool is_sound(const struct firmware *firmware, const struct firmware_map *from, bool iommu)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct firmware_map_entry *entry = &from->entries[i];
        uint64_t end = (uint64_t)entry->base + entry->length;

        if (entry->fault != FIRMWARE_FAULT_NONE || entry->target == FIRMWARE_NONE || entry->out_count != 1 ||
            entry->length == 0 || end > ALL_RIDS + 1 || (entry->base & ~from->mask) != 0 ||
            (uint64_t)entry->out[0] + entry->length > (uint64_t)UINT32_MAX + 1) {
            return false;
        }
        if (iommu ? !firmware->iommus[entry->target].available : !rid_map_has_msi_domain(firmware, entry->target)) {
            return false;
        }
    }
    return from->count != 0;
}

static void copy(struct import_map *map, const struct firmware_map *from)
{
    map->mask = from->mask & ALL_RIDS;
    for (size_t i = 0; i < from->count; i++) {
        const struct firmware_map_entry *entry = &from->entries[i];

        add_tuple(map, entry->base, entry->length, entry->out[0], entry->target);
    }
}

static void make(const struct import_machine *machine, const struct import_root *root, const struct firmware_map *from,
                 bool iommu, const struct import_buses *buses, struct import_map *map)
{
    const bool same = buses == NULL || buses->same;
    struct rid_ranges ranges = {.count = 0};

    map->given = true;
    map->mask = ALL_RIDS;
    /* A msi-map's holes have other outcomes (rule B4), so only a mask makes it worth being copied. */
    if (same && (from->mask & ALL_RIDS) != ALL_RIDS && is_sound(&machine->firmware, from, iommu) &&
        (iommu || root->host->msi_parent_count == 0)) {
        copy(map, from);
        return;
    }
    rid_map_ranges(&machine->firmware, root->host, &ranges);
    if (same) {
        add_runs(map, iommu, &ranges, (uint32_t)root->first_bus << 8, (uint32_t)root->last_bus << 8 | 0xff,
                 (uint32_t)root->first_bus << 8);
    }
    for (unsigned bus = 0; !same && bus < 256; bus++) {
        uint32_t old = buses->machine[bus];

        if (buses->used[bus]) {
            add_runs(map, iommu, &ranges, old << 8, old << 8 | 0xff, bus << 8);
        }
    }
    rid_ranges_clear(&ranges);
}

void import_maps_make(const struct import_machine *machine, const struct import_root *root,
                      const struct import_buses *buses, struct import_maps *maps)
{
    memset(maps, 0, sizeof(*maps));
    maps->iommu.mask = ALL_RIDS;
    maps->msi.mask = ALL_RIDS;
    if (root->host != NULL) {
        make(machine, root, &root->host->iommu_map, true, buses, &maps->iommu);
        make(machine, root, &root->host->msi_map, false, buses, &maps->msi);
    } else if (machine->firmware_known) {
        maps->iommu.given = true;
        maps->msi.given = true;
    }
}

bool import_map_covers(const struct import_map *map, unsigned rid)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct import_tuple *tuple = &map->tuples[i];

        if ((rid & map->mask) >= tuple->first && (rid & map->mask) - tuple->first < tuple->length) {
            return true;
        }
    }
    return !map->given;
}

uint32_t import_map_largest(const struct import_map *map)
{
    uint32_t largest = 0;

    for (size_t i = 0; i < map->count; i++) {
        uint32_t last = map->tuples[i].out + map->tuples[i].length - 1;

        largest = last > largest ? last : largest;
    }
    return largest;
}

void import_maps_clear(struct import_maps *maps)
{
    free(maps->iommu.tuples);
    free(maps->msi.tuples);
    memset(maps, 0, sizeof(*maps));
}

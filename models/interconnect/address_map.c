#include "models/interconnect/address_map_internal.h"

#include "sim/sim.h"

#include <string.h>

/** Number of ranges that begin at or before an address. */
static size_t ranges_up_to(const struct address_map *map, uint64_t address)
{
    size_t low = 0;
    size_t high = map->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (map->ranges[middle].first <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/** Room for one more range; the old array stays with the simulation until its end. */
static void grow(struct address_map *map, struct sim *sim)
{
    size_t capacity = map->capacity > 0 ? 2 * map->capacity : 16;
    struct address_range *ranges = sim_alloc(sim, capacity * sizeof(*ranges));

    if (map->count > 0) {
        memcpy(ranges, map->ranges, map->count * sizeof(*ranges));
    }
    map->ranges = ranges;
    map->capacity = capacity;
}

bool address_map_add(struct address_map *map, struct sim *sim, uint64_t base, uint64_t size, unsigned target)
{
    uint64_t last = base + (size - 1);
    size_t at;

    if (size == 0 || last < base) {
        return false;
    }
    at = ranges_up_to(map, last);
    if (at > 0 && map->ranges[at - 1].last >= base) {
        return false;
    }
    if (map->count == map->capacity) {
        grow(map, sim);
    }
    memmove(&map->ranges[at + 1], &map->ranges[at], (map->count - at) * sizeof(*map->ranges));
    map->ranges[at] = (struct address_range){.first = base, .last = last, .target = target};
    map->count++;
    return true;
}

const struct address_range *address_map_find(const struct address_map *map, uint64_t address)
{
    size_t at = ranges_up_to(map, address);

    return at > 0 && map->ranges[at - 1].last >= address ? &map->ranges[at - 1] : NULL;
}

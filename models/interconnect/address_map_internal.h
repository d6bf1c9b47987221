/*
 * The crossbar's address map: ranges that do not overlap, sorted by base.
 */
#ifndef DOORBELL_MODELS_INTERCONNECT_ADDRESS_MAP_INTERNAL_H
#define DOORBELL_MODELS_INTERCONNECT_ADDRESS_MAP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;

struct address_range {
    uint64_t first;
    uint64_t last; /**< inclusive, so that a range may end at the top of the address space */
    unsigned target;
};

struct address_map {
    struct address_range *ranges;
    size_t count;
    size_t capacity;
};

/** Adds a range; allocates from the simulation. @return false if it is empty, wraps, or overlaps another */
bool address_map_add(struct address_map *map, struct sim *sim, uint64_t base, uint64_t size, unsigned target);

/** The range that holds an address, or NULL. O(log ranges). */
const struct address_range *address_map_find(const struct address_map *map, uint64_t address);

#endif

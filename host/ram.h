/*
 * The software's allocator of physical memory for tables, queues and buffers: never gives anything back.
 */
#ifndef DOORBELL_HOST_RAM_H
#define DOORBELL_HOST_RAM_H

#include "models/memory/memory.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct host_ram {
    struct memory *memory;
    uint64_t next;
    uint64_t end;
};

/** Starts allocating at the bottom of a memory. */
void host_ram_init(struct host_ram *ram, struct memory *memory);

/**
 * Takes zeroed memory.
 * @param size      bytes, rounded up to 8
 * @param alignment a power of two
 * @return physical address; 0 if the memory is used up (the bottom page is never handed out, so 0 is no address)
 */
uint64_t host_ram_take(struct host_ram *ram, uint64_t size, uint64_t alignment);

#ifdef __cplusplus
}
#endif

#endif

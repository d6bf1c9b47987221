#include "host/ram.h"

void host_ram_init(struct host_ram *ram, struct memory *memory)
{
    ram->memory = memory;
    ram->next = memory_base(memory) + MEMORY_PAGE_BYTES;
    ram->end = memory_base(memory) + memory_size(memory);
}

uint64_t host_ram_take(struct host_ram *ram, uint64_t size, uint64_t alignment)
{
    uint64_t address = (ram->next + alignment - 1) & ~(alignment - 1);

    size = (size + 7) & ~UINT64_C(7);
    if (address < ram->next || address > ram->end || size > ram->end - address) {
        return 0;
    }
    ram->next = address + size;
    /* Fresh simulated memory reads as zero and nothing is ever given back, so there is nothing to clear. */
    return address;
}

#include "host/room.h"

#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

void *host_room_make(struct host_room *room, size_t count, size_t size)
{
    const size_t bytes = count * size > 0 ? count * size : 1;

    if (bytes > room->bytes) {
        room->memory = sim_reallocate(room->memory, bytes, 1);
        memset((char *)room->memory + room->bytes, 0, bytes - room->bytes);
        room->bytes = bytes;
    }
    return room->memory;
}

void host_room_clear(struct host_room *room)
{
    free(room->memory);
    *room = (struct host_room){.memory = NULL, .bytes = 0};
}

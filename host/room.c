#include "host/room.h"

#include <stdlib.h>
#include <string.h>

void *host_room_make(struct host_room *room, size_t count, size_t size)
{
    const size_t bytes = count * size > 0 ? count * size : 1;
    char *grown;

    if (bytes <= room->bytes) {
        return room->memory;
    }
    grown = realloc(room->memory, bytes);
    if (grown == NULL) {
        return NULL;
    }
    memset(grown + room->bytes, 0, bytes - room->bytes);
    room->memory = grown;
    room->bytes = bytes;
    return grown;
}

void host_room_clear(struct host_room *room)
{
    free(room->memory);
    *room = (struct host_room){.memory = NULL, .bytes = 0};
}

/*
 * Memory of an array that is made anew again and again, as by software that plans one system after the other: it grows
 * to what the largest needed, and then nothing is allocated any more.
 */
#ifndef DOORBELL_HOST_ROOM_H
#define DOORBELL_HOST_ROOM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Zeroed: no memory. */
struct host_room {
    void *memory;
    size_t bytes;
};

/**
 * Room for @p count elements of @p size bytes, one byte at least. What it had before is still there, as the last user
 * left it; what is new is zero. Running out of memory ends the process with a message.
 * @return the first element
 */
void *host_room_make(struct host_room *room, size_t count, size_t size);

/** Releases it. */
void host_room_clear(struct host_room *room);

#ifdef __cplusplus
}
#endif

#endif

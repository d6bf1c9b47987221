/*
 * An arena: memory that is taken piece by piece while a simulation is built and given back as a whole. What is taken
 * one after the other lies side by side, in large pages if there is much of it: a system of a thousand functions would
 * otherwise spend its time on address translation of the host's. A piece of a megabyte or more is a table that a run
 * touches here and there; it gets ordinary pages, so that what is not touched costs nothing.
 */
#ifndef DOORBELL_SIM_ARENA_H
#define DOORBELL_SIM_ARENA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct arena_chunk;

/** Zero-initialise; release with arena_release(). */
struct arena {
    struct arena_chunk *chunks; /**< the one in use is the first */
    size_t next_bytes;          /**< of the next chunk */
};

/**
 * Zeroed memory, aligned to 64 bytes so that no two pieces share a cache line. Never NULL: running out ends the process
 * with a message. Under AddressSanitizer each piece is an allocation of its own, so that it can judge their bounds.
 */
void *arena_take(struct arena *arena, size_t bytes);

/**
 * The same for a piece that is used from its beginning on, as a stock is: what lies behind the first megabyte of it
 * gets large pages, each when the first byte of it is touched.
 */
void *arena_take_filled(struct arena *arena, size_t bytes);

/** Gives everything back and empties the arena. */
void arena_release(struct arena *arena);

#ifdef __cplusplus
}
#endif

#endif

/* For mmap's MAP_ANONYMOUS and for madvise, which POSIX does not have. */
#define _DEFAULT_SOURCE

#include "sim/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ALIGNMENT   64
#define FIRST_BYTES ((size_t)64 * 1024)
#define LARGE_PAGE  ((size_t)2 * 1024 * 1024)
#define LARGE_PIECE (LARGE_PAGE / 2)

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SEPARATE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SEPARATE 1
#endif
#endif
#ifndef ARENA_SEPARATE
#define ARENA_SEPARATE 0
#endif

/** Stands at the beginning of its own memory. */
struct arena_chunk {
    struct arena_chunk *next;
    void *memory;  /**< as it was got */
    size_t length; /**< of a mapping; 0: from the C library */
    size_t used;   /**< bytes from the chunk's own address */
    size_t bytes;  /**< likewise: what there is */
};

static void *got(void *memory)
{
    if (memory == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static size_t round_up(size_t bytes, size_t to)
{
    if (bytes > SIZE_MAX - to) {
        got(NULL);
    }
    return (bytes + to - 1) / to * to;
}

/** A chunk from the C library, zeroed. */
static struct arena_chunk *small_chunk(size_t bytes)
{
    uint8_t *memory = got(calloc(1, bytes + ALIGNMENT));
    struct arena_chunk *chunk = (struct arena_chunk *)(void *)(memory + ALIGNMENT - (uintptr_t)memory % ALIGNMENT);

    chunk->memory = memory;
    chunk->bytes = bytes;
    return chunk;
}

/**
 * A chunk that begins where a large page does, or @p offset bytes behind. What is not touched of it takes no memory.
 * @param advice for madvise
 */
static struct arena_chunk *large_chunk(size_t bytes, size_t offset, int advice)
{
    const size_t length = bytes + offset + LARGE_PAGE;
    uint8_t *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct arena_chunk *chunk;

    got(memory == MAP_FAILED ? NULL : memory);
    chunk = (struct arena_chunk *)(void *)(memory + LARGE_PAGE - (uintptr_t)memory % LARGE_PAGE + offset);
    madvise(chunk, bytes, advice); /* where there are no large pages, ordinary ones do */
    chunk->memory = memory;
    chunk->length = length;
    chunk->bytes = bytes;
    return chunk;
}

static void add_chunk(struct arena *arena, size_t least)
{
    const size_t header = round_up(sizeof(struct arena_chunk), ALIGNMENT);
    size_t bytes = arena->next_bytes == 0 ? FIRST_BYTES : arena->next_bytes;
    struct arena_chunk *chunk;

    if (ARENA_SEPARATE) {
        bytes = header + least;
    }
    while (bytes < header + least) {
        bytes *= 2;
    }
    arena->next_bytes = 2 * bytes < 16 * LARGE_PAGE ? 2 * bytes : 16 * LARGE_PAGE;
    chunk = bytes >= LARGE_PAGE && !ARENA_SEPARATE ? large_chunk(round_up(bytes, LARGE_PAGE), 0, MADV_HUGEPAGE)
                                                   : small_chunk(bytes);
    chunk->used = header;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
}

/** Adds a chunk that is one piece. The one in use stays the first. */
static void add_apart(struct arena *arena, struct arena_chunk *chunk)
{
    chunk->used = chunk->bytes;
    if (arena->chunks == NULL) {
        arena->chunks = chunk;
    } else {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    }
}

/** A piece that is large by itself is a table of which a run touches little, here and there: ordinary pages. */
static void *take_large(struct arena *arena, size_t bytes)
{
    const size_t header = round_up(sizeof(struct arena_chunk), ALIGNMENT);
    struct arena_chunk *chunk = large_chunk(round_up(header + bytes, LARGE_PAGE), 0, MADV_NOHUGEPAGE);

    add_apart(arena, chunk);
    return (uint8_t *)chunk + header;
}

void *arena_take_filled(struct arena *arena, size_t bytes)
{
    const size_t header = round_up(sizeof(struct arena_chunk), ALIGNMENT);
    const size_t first = LARGE_PAGE - LARGE_PIECE; /* what lies before the first large page: ordinary ones */
    struct arena_chunk *chunk;

    if (ARENA_SEPARATE || bytes < LARGE_PAGE) {
        return arena_take(arena, bytes);
    }
    chunk = large_chunk(round_up(header + bytes, LARGE_PAGE), LARGE_PIECE, MADV_NOHUGEPAGE);
    madvise((uint8_t *)chunk + first, chunk->bytes - first, MADV_HUGEPAGE);
    add_apart(arena, chunk);
    return (uint8_t *)chunk + header;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    const size_t wanted = ARENA_SEPARATE ? bytes : round_up(bytes > 0 ? bytes : 1, ALIGNMENT);
    struct arena_chunk *chunk = arena->chunks;
    void *taken;

    if (wanted >= LARGE_PIECE && !ARENA_SEPARATE) {
        return take_large(arena, wanted);
    }
    if (ARENA_SEPARATE || chunk == NULL || chunk->bytes - chunk->used < wanted) {
        add_chunk(arena, wanted);
        chunk = arena->chunks;
    }
    taken = (uint8_t *)chunk + chunk->used;
    chunk->used += wanted;
    return taken;
}

void arena_release(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;

    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;

        if (chunk->length > 0) {
            munmap(chunk->memory, chunk->length);
        } else {
            free(chunk->memory);
        }
        chunk = next;
    }
    *arena = (struct arena){.chunks = NULL};
}

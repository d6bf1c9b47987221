#include "scenario/parse_arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 * 1024)

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char bytes[];
};

struct scenario_arena {
    struct chunk *chunks;
};

static void fail(void)
{
    fputs("doorbell: out of memory\n", stderr);
    abort();
}

struct scenario_arena *scenario_arena_new(void)
{
    struct scenario_arena *arena = calloc(1, sizeof(*arena));

    if (arena == NULL) {
        fail();
    }
    return arena;
}

static struct chunk *add_chunk(struct scenario_arena *arena, size_t size)
{
    struct chunk *chunk = calloc(1, sizeof(*chunk) + size);

    if (chunk == NULL) {
        fail();
        return NULL;
    }
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *scenario_arena_take(struct scenario_arena *arena, size_t count, size_t size)
{
    struct chunk *chunk = arena->chunks;
    size_t bytes;
    void *memory;

    if (size != 0 && count > (SIZE_MAX / 2 - sizeof(struct chunk)) / size) {
        fail();
    }
    bytes = (count * size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (chunk == NULL || bytes > chunk->size - chunk->used) {
        chunk = add_chunk(arena, bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES);
    }
    memory = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return memory;
}

char *scenario_arena_copy(struct scenario_arena *arena, const char *text, size_t length)
{
    char *copy = scenario_arena_take(arena, length + 1, 1);

    memcpy(copy, text, length);
    return copy;
}

char *scenario_arena_format(struct scenario_arena *arena, const char *format, ...)
{
    va_list arguments;
    int length;
    char *text;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return scenario_arena_copy(arena, format, strlen(format));
    }
    text = scenario_arena_take(arena, (size_t)length + 1, 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

void scenario_arena_free(struct scenario_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    while (arena->chunks != NULL) {
        struct chunk *next = arena->chunks->next;

        free(arena->chunks);
        arena->chunks = next;
    }
    free(arena);
}

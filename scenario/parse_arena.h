/*
 * An arena: memory that is taken piece by piece and given back all at once. A scenario and all that it points to live
 * in
 * one.
 */
#ifndef DOORBELL_SCENARIO_PARSE_ARENA_H
#define DOORBELL_SCENARIO_PARSE_ARENA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scenario_arena;

/** Makes an empty arena. Never fails: running out of memory ends the process with a message. */
struct scenario_arena *scenario_arena_new(void);

/**
 * Takes zeroed memory for @p count objects of @p size bytes, aligned for any object. Never fails; 0 bytes is allowed.
 */
void *scenario_arena_take(struct scenario_arena *arena, size_t count, size_t size);

/** Copies @p length bytes of text and ends them with NUL. */
char *scenario_arena_copy(struct scenario_arena *arena, const char *text, size_t length);

/** Formats as by printf. */
char *scenario_arena_format(struct scenario_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Gives back all of it. NULL is allowed. */
void scenario_arena_free(struct scenario_arena *arena);

#ifdef __cplusplus
}
#endif

#endif

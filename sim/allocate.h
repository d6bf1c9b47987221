/*
 * Memory while building: all that the C library has, or the end of the process with a message. Doorbell has nothing
 * better to do when a few megabytes for a description are not to be had.
 */
#ifndef DOORBELL_SIM_ALLOCATE_H
#define DOORBELL_SIM_ALLOCATE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Zeroed memory for @p count elements of @p size bytes, at least one byte; to be released with free(). Never NULL. */
void *sim_allocate(size_t count, size_t size);

/**
 * An array made larger: realloc() of @p count elements of @p size bytes, what is new not zeroed. Never NULL.
 * @param array from this or sim_allocate(), or NULL
 */
void *sim_reallocate(void *array, size_t count, size_t size);

/** A copy of a string, to be released with free(). Never NULL. */
char *sim_copy_string(const char *text);

#ifdef __cplusplus
}
#endif

#endif

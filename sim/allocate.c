#include "sim/allocate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sim_allocate(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

    if (memory == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *sim_reallocate(void *array, size_t count, size_t size)
{
    void *memory = NULL;

    if (size == 0 || count <= SIZE_MAX / size) {
        memory = realloc(array, count > 0 && size > 0 ? count * size : 1);
    }
    if (memory == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return memory;
}

char *sim_copy_string(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = sim_allocate(size, 1);

    memcpy(copy, text, size);
    return copy;
}

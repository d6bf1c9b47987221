#include "host/groups_sets.h"

#include <stdio.h>
#include <stdlib.h>

void group_sets_init(struct group_sets *sets, uint32_t count)
{
    sets->count = count;
    sets->above = calloc((size_t)count + 1, sizeof(*sets->above));
    if (sets->above == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    for (uint32_t i = 0; i < count; i++) {
        sets->above[i] = i;
    }
}

uint32_t group_sets_find(struct group_sets *sets, uint32_t member)
{
    while (sets->above[member] != member) {
        sets->above[member] = sets->above[sets->above[member]];
        member = sets->above[member];
    }
    return member;
}

void group_sets_join(struct group_sets *sets, uint32_t one, uint32_t other)
{
    uint32_t a = group_sets_find(sets, one);
    uint32_t b = group_sets_find(sets, other);

    if (a < b) {
        sets->above[b] = a;
    } else {
        sets->above[a] = b;
    }
}

void group_sets_clear(struct group_sets *sets)
{
    free(sets->above);
    sets->above = NULL;
    sets->count = 0;
}

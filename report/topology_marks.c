#include "report/topology_marks.h"

#include <string.h>

/** Whether one of some functions goes out the same way as another: by root complex, SMMU and ITS. */
static bool is_way_known(const struct topology *topology, const uint32_t *known, size_t count, uint32_t function)
{
    const struct topology_function *one = &topology->functions[function];

    for (size_t i = 0; i < count; i++) {
        const struct topology_function *other = &topology->functions[known[i]];

        if (one->host == other->host && one->smmu == other->smmu && one->its == other->its) {
            return true;
        }
    }
    return false;
}

/** Whether a function stands earlier in the list too. */
static bool is_repeated(const uint32_t *functions, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (functions[i] == functions[index]) {
            return true;
        }
    }
    return false;
}

size_t topology_marks_choose(const struct topology *topology, const uint32_t *functions, size_t count, uint32_t *marks)
{
    size_t different = 0;
    size_t chosen = 0;

    for (size_t i = 0; i < count && different <= TOPOLOGY_MOST_MARKS; i++) {
        different += !is_repeated(functions, i);
    }
    for (size_t i = 0; i < count && chosen < TOPOLOGY_MOST_MARKS; i++) {
        if (is_repeated(functions, i)) {
            continue;
        }
        if (different <= TOPOLOGY_MOST_MARKS || !is_way_known(topology, marks, chosen, functions[i])) {
            marks[chosen++] = functions[i];
        }
    }
    return chosen;
}

uint32_t topology_find_function(const struct topology *topology, const char *name)
{
    for (size_t i = 0; i < topology->function_count; i++) {
        if (strcmp(topology->functions[i].name, name) == 0) {
            return (uint32_t)i;
        }
    }
    return TOPOLOGY_NONE;
}

bool topology_marks_hold(const struct topology_marks *marks, uint32_t function)
{
    for (size_t i = 0; i < marks->count; i++) {
        if (marks->functions[i] == function) {
            return true;
        }
    }
    return false;
}

bool topology_marks_pass(const struct topology *topology, const struct topology_marks *marks, uint32_t function)
{
    for (size_t i = 0; i < marks->count; i++) {
        for (uint32_t at = marks->functions[i]; at != TOPOLOGY_NONE; at = topology->functions[at].parent) {
            if (at == function) {
                return true;
            }
        }
    }
    return false;
}

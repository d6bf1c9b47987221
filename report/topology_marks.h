/* What stands out in a picture of a system: devices whose interrupts violate an assumption, and their way. */
#ifndef DOORBELL_REPORT_TOPOLOGY_MARKS_H
#define DOORBELL_REPORT_TOPOLOGY_MARKS_H

#include "result/topology.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marked functions of a picture: more would cover each other. */
#define TOPOLOGY_MOST_MARKS 8

/** What is to stand out. */
struct topology_marks {
    const uint32_t *functions; /**< whose interrupts' way is drawn */
    size_t count;
    const char *violated;    /**< the assumption that they violate; NULL: none */
    const char *title;       /**< of the picture */
    const char *description; /**< what it shows, in a sentence or two */
    unsigned number;         /**< tells pictures of one page apart */
};

/**
 * Chooses whom to mark: all if they are few, else one for each way out (root complex, SMMU and ITS).
 * @param functions array of @p count that a verdict's evidence names, some perhaps more than once
 * @param marks receives at most TOPOLOGY_MOST_MARKS of them
 * @return how many
 */
size_t topology_marks_choose(const struct topology *topology, const uint32_t *functions, size_t count, uint32_t *marks);

/** The function of a name; TOPOLOGY_NONE if there is none. */
uint32_t topology_find_function(const struct topology *topology, const char *name);

/** Whether a function is marked, or on the way of one that is. */
bool topology_marks_pass(const struct topology *topology, const struct topology_marks *marks, uint32_t function);

/** Whether a function itself is marked. */
bool topology_marks_hold(const struct topology_marks *marks, uint32_t function);

#ifdef __cplusplus
}
#endif

#endif

/* A system's shape as text: a tree with what each function is known by, and where its interrupts go. */
#ifndef DOORBELL_REPORT_TOPOLOGY_TEXT_H
#define DOORBELL_REPORT_TOPOLOGY_TEXT_H

#include "report/topology_marks.h"
#include "result/topology.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes the tree, for people.
 * @param marks which functions violate what; NULL: none
 * @return whether everything was written
 */
bool topology_text_write(FILE *stream, const struct topology *topology, const struct topology_marks *marks);

/**
 * Writes a graph in Graphviz' language: groups are boxes around their functions, and the way of marked ones stands out.
 * @return likewise
 */
bool topology_dot_write(FILE *stream, const struct topology *topology, const struct topology_marks *marks);

#ifdef __cplusplus
}
#endif

#endif

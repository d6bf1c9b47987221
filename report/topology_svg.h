/*
 * A system's shape as a picture (SVG). Interrupts go from left to right: functions, the ports above them, root
 * complexes, SMMUs, ITS. Marked functions have the way of their interrupts drawn through it, one line for each, in the
 * colour and dash of the ITS that it ends at.
 *
 * The picture is whole without style sheets, and takes the page's colours where `currentColor` and the classes that it
 * uses are styled. It holds a title and a description for whoever cannot see it.
 */
#ifndef DOORBELL_REPORT_TOPOLOGY_SVG_H
#define DOORBELL_REPORT_TOPOLOGY_SVG_H

#include "result/topology.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is to stand out. */
struct topology_marks {
    const uint32_t *functions; /**< whose interrupts' way is drawn */
    size_t count;
    const char *title;       /**< of the picture */
    const char *description; /**< what it shows, in a sentence or two */
    unsigned number;         /**< tells pictures of one page apart */
};

/** Writes the picture. @return whether everything was written */
bool topology_svg_write(FILE *stream, const struct topology *topology, const struct topology_marks *marks);

#ifdef __cplusplus
}
#endif

#endif

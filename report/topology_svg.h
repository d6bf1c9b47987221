/*
 * A system's shape as a picture (SVG). Marked functions have the way of their interrupts drawn through it, one line for
 * each, in the colour and dash of the ITS that it ends at. What is alike in a large system is drawn once.
 *
 * The picture is whole without style sheets, and takes the page's colours where `currentColor` and the classes that it
 * uses are styled. It holds a title and a description for whoever cannot see it.
 */
#ifndef DOORBELL_REPORT_TOPOLOGY_SVG_H
#define DOORBELL_REPORT_TOPOLOGY_SVG_H

#include "report/topology_marks.h"
#include "result/topology.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which way interrupts go in a picture. */
enum topology_layout {
    TOPOLOGY_WIDE,   /**< from left to right: functions, the ports above them, root complexes, SMMUs, ITS */
    TOPOLOGY_NARROW, /**< upwards, ITS above all: for a phone, and for paper */
};

/** How the way of a marked function is drawn: colour and dashes of its ITS, as attributes of a shape. */
void topology_way_style(const struct topology_function *function, char *attributes, size_t size);

/** Writes the picture. @return whether everything was written */
bool topology_svg_write(FILE *stream, const struct topology *topology, const struct topology_marks *marks,
                        enum topology_layout layout);

#ifdef __cplusplus
}
#endif

#endif

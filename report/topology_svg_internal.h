/* What the two layouts of a system's picture share. */
#ifndef DOORBELL_REPORT_TOPOLOGY_SVG_INTERNAL_H
#define DOORBELL_REPORT_TOPOLOGY_SVG_INTERNAL_H

#include "report/topology_fold.h"
#include "report/topology_svg.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A picture under way. */
struct topology_picture {
    FILE *stream;
    const struct topology *topology;
    const struct topology_marks *marks;
    struct topology_fold fold;
    uint32_t *node_of; /**< by function: the node that it is drawn as, or that stands for it; TOPOLOGY_NONE: none */
};

/** A box: texts from its left edge on. */
struct topology_box {
    int x;
    int y;
    int width;
    int height;
    const char *style; /**< class of its shape */
};

/** Lines of text in a box. */
#define TOPOLOGY_LINES 4

/** Length of one, in bytes. */
#define TOPOLOGY_LINE 160

/** How a line that is not marked is drawn. */
#define TOPOLOGY_THIN "stroke=\"currentColor\" stroke-opacity=\"0.45\""

/** Begins the picture: size, title, description. */
void topology_svg_begin(const struct topology_picture *picture, int width, int height);

/** Ends it. */
void topology_svg_end(const struct topology_picture *picture);

/** Draws a box with lines of text, the first bold; each is cut where the box ends. */
void topology_svg_box(const struct topology_picture *picture, const struct topology_box *box,
                      char (*lines)[TOPOLOGY_LINE], size_t count);

/** What a node says. @return how many lines */
size_t topology_svg_node_lines(const struct topology_picture *picture, const struct topology_node *node,
                               char (*lines)[TOPOLOGY_LINE]);

/** What a node's box is, by class: "device", "port" or "others". */
const char *topology_svg_node_class(const struct topology_picture *picture, const struct topology_node *node);

/** What a controller is called: "A (ITS)", "m0 (GICv2m)". */
void topology_svg_controller_text(const struct topology *topology, size_t index, char *text, size_t size);

/** Whether a function sends interrupts of its own to an ITS. */
bool topology_svg_has_way(const struct topology_function *function);

/** Whether no function before @p index goes the same way out. */
bool topology_svg_is_first_way(const struct topology *topology, size_t index);

/** Draws the frame around a marked function's box. */
void topology_svg_frame(const struct topology_picture *picture, const struct topology_box *box,
                        const struct topology_function *function);

/** The layouts. (topology_wide.c, topology_narrow.c) */
void topology_svg_wide(const struct topology_picture *picture);
void topology_svg_narrow(const struct topology_picture *picture);

#ifdef __cplusplus
}
#endif

#endif

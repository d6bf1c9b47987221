/*
 * A system's picture for narrow screens and for paper: one box below the other. ITS and SMMUs on top, then each root
 * complex as a tree; interrupts go upwards, and out of a tree along the left edge.
 */
#include "report/topology_svg_internal.h"
#include "sim/allocate.h"

#include <stdlib.h>

#define MARGIN      8
#define EDGE        30 /**< room at the left for the ways out of the trees */
#define STEP        16 /**< from a node to those below it */
#define BOX_WIDTH   200
#define BOX_HEIGHT  60
#define UNIT_WIDTH  96
#define UNIT_HEIGHT 28
#define UNITS       3  /**< beside each other */
#define GAP         10 /**< between boxes */
#define WAY         30 /**< between rows of units, for lines */

struct narrow {
    const struct topology_picture *picture;
    unsigned *depths; /**< by node */
    int *tops;        /**< by node: y */
    int *host_tops;
    int smmu_top;
    int tree_top;
    int height;
    unsigned depth; /**< deepest */
};

/* ---- Layout ---- */

static int unit_x(size_t index)
{
    return EDGE + (int)(index % UNITS) * (UNIT_WIDTH + GAP);
}

static int unit_y(int top, size_t index)
{
    return top + (int)(index / UNITS) * (UNIT_HEIGHT + WAY);
}

/** How high rows of units are, with the room for lines below each. */
static int units_height(size_t count)
{
    return (int)((count + UNITS - 1) / UNITS) * (UNIT_HEIGHT + WAY);
}

static int node_x(const struct narrow *narrow, size_t node)
{
    return EDGE + (int)narrow->depths[node] * STEP;
}

/** Units, then each root complex with its nodes, which are in the order of the tree already. */
static void place(struct narrow *narrow)
{
    const struct topology *topology = narrow->picture->topology;
    const struct topology_fold *fold = &narrow->picture->fold;
    size_t node = 0;
    int y;

    narrow->smmu_top = MARGIN + units_height(topology->its_count);
    narrow->tree_top = narrow->smmu_top + units_height(topology->smmu_count);
    y = narrow->tree_top;
    for (size_t i = 0; i < topology->host_count; i++) {
        narrow->host_tops[i] = y;
        y += UNIT_HEIGHT + GAP;
        for (; node < fold->count && topology->functions[fold->nodes[node].function].host == i; node++) {
            const uint32_t parent = fold->nodes[node].parent;

            narrow->depths[node] = parent == TOPOLOGY_NONE ? 1 : narrow->depths[parent] + 1;
            narrow->depth = narrow->depths[node] > narrow->depth ? narrow->depths[node] : narrow->depth;
            narrow->tops[node] = y;
            y += BOX_HEIGHT + GAP;
        }
    }
    narrow->height = y + MARGIN - GAP;
}

/* ---- Drawing ---- */

static void write_nodes(const struct narrow *narrow)
{
    const struct topology_picture *picture = narrow->picture;

    for (size_t i = 0; i < picture->fold.count; i++) {
        const struct topology_node *node = &picture->fold.nodes[i];
        const struct topology_box box = {node_x(narrow, i), narrow->tops[i], BOX_WIDTH, BOX_HEIGHT,
                                         topology_svg_node_class(picture, node)};
        char lines[TOPOLOGY_LINES][TOPOLOGY_LINE];

        topology_svg_box(picture, &box, lines, topology_svg_node_lines(picture, node, lines));
    }
}

static void write_unit(const struct narrow *narrow, int x, int y, int width, char (*lines)[TOPOLOGY_LINE])
{
    const struct topology_box box = {x, y, width, UNIT_HEIGHT, "unit"};

    topology_svg_box(narrow->picture, &box, lines, 1);
}

static void write_units(const struct narrow *narrow)
{
    const struct topology *topology = narrow->picture->topology;
    char lines[1][TOPOLOGY_LINE];

    for (size_t i = 0; i < topology->its_count; i++) {
        topology_svg_controller_text(topology, i, lines[0], sizeof(lines[0]));
        write_unit(narrow, unit_x(i), unit_y(MARGIN, i), UNIT_WIDTH, lines);
    }
    for (size_t i = 0; i < topology->smmu_count; i++) {
        snprintf(lines[0], sizeof(lines[0]), "%.80s (SMMU)", topology->smmus[i]);
        write_unit(narrow, unit_x(i), unit_y(narrow->smmu_top, i), UNIT_WIDTH, lines);
    }
    for (size_t i = 0; i < topology->host_count; i++) {
        snprintf(lines[0], sizeof(lines[0]), "%.80s (root complex)", topology->hosts[i]);
        write_unit(narrow, EDGE, narrow->host_tops[i], BOX_WIDTH, lines);
    }
}

/** From a node to the left, and up to what is above it. */
static void write_step(const struct narrow *narrow, size_t node, int shift, const char *attributes)
{
    const struct topology_picture *picture = narrow->picture;
    const uint32_t parent = picture->fold.nodes[node].parent;
    const uint32_t host = picture->topology->functions[picture->fold.nodes[node].function].host;
    const int bottom =
        parent == TOPOLOGY_NONE ? narrow->host_tops[host] + UNIT_HEIGHT : narrow->tops[parent] + BOX_HEIGHT;

    fprintf(picture->stream, "<path class=\"edge\" d=\"M%d %d H%d V%d\" fill=\"none\" %s/>\n", node_x(narrow, node),
            narrow->tops[node] + BOX_HEIGHT / 2 + shift, node_x(narrow, node) - STEP / 2 + shift, bottom, attributes);
}

/** From a function's root complex along the left edge to its SMMU, and on to its ITS. */
static void write_way_out(const struct narrow *narrow, const struct topology_function *function, int shift,
                          const char *attributes)
{
    const int its_x = unit_x(function->its) + UNIT_WIDTH / 2 + shift;
    const int its_y = unit_y(MARGIN, function->its) + UNIT_HEIGHT;
    FILE *stream = narrow->picture->stream;

    fprintf(stream, "<path class=\"edge\" d=\"M%d %d H%d", EDGE,
            narrow->host_tops[function->host] + UNIT_HEIGHT / 2 + shift, EDGE / 2 + shift);
    if (function->smmu != TOPOLOGY_NONE) {
        const int x = unit_x(function->smmu) + UNIT_WIDTH / 2 + shift;
        const int y = unit_y(narrow->smmu_top, function->smmu);

        fprintf(stream, " V%d H%d V%d\" fill=\"none\" %s/>\n", y + UNIT_HEIGHT + WAY / 2 + shift, x, y + UNIT_HEIGHT,
                attributes);
        fprintf(stream, "<path class=\"edge\" d=\"M%d %d", x, y);
    }
    fprintf(stream, " V%d H%d V%d\" fill=\"none\" %s/>\n", its_y + WAY / 2 + shift, its_x, its_y, attributes);
}

static void write_thin_lines(const struct narrow *narrow)
{
    const struct topology *topology = narrow->picture->topology;

    for (size_t i = 0; i < narrow->picture->fold.count; i++) {
        write_step(narrow, i, 0, TOPOLOGY_THIN);
    }
    for (size_t i = 0; i < topology->function_count; i++) {
        if (topology_svg_has_way(&topology->functions[i]) && topology_svg_is_first_way(topology, i)) {
            write_way_out(narrow, &topology->functions[i], 0, TOPOLOGY_THIN);
        }
    }
}

static void write_mark(const struct narrow *narrow, uint32_t function, int shift)
{
    const struct topology_picture *picture = narrow->picture;
    const uint32_t marked = picture->node_of[function];
    char attributes[160];

    if (marked == TOPOLOGY_NONE) {
        return;
    }
    topology_way_style(&picture->topology->functions[function], attributes, sizeof(attributes));
    fputs("<g class=\"mark\">\n", picture->stream);
    for (uint32_t at = marked; at != TOPOLOGY_NONE; at = picture->fold.nodes[at].parent) {
        write_step(narrow, at, shift, attributes);
    }
    if (picture->topology->functions[function].its != TOPOLOGY_NONE) {
        write_way_out(narrow, &picture->topology->functions[function], shift, attributes);
    }
    topology_svg_frame(
        picture, &(struct topology_box){node_x(narrow, marked), narrow->tops[marked], BOX_WIDTH, BOX_HEIGHT, "device"},
        &picture->topology->functions[function]);
    fputs("</g>\n", picture->stream);
}

void topology_svg_narrow(const struct topology_picture *picture)
{
    const int shift = picture->marks->count > 4 ? 2 : 4;
    struct narrow narrow = {.picture = picture};
    int width;
    int tree_width;

    narrow.depths = sim_allocate(picture->fold.count + 1, sizeof(*narrow.depths));
    narrow.tops = sim_allocate(picture->fold.count + 1, sizeof(*narrow.tops));
    narrow.host_tops = sim_allocate(picture->topology->host_count + 1, sizeof(*narrow.host_tops));
    place(&narrow);
    width = unit_x(UNITS - 1) + UNIT_WIDTH + MARGIN;
    tree_width = EDGE + (int)narrow.depth * STEP + BOX_WIDTH + MARGIN;
    topology_svg_begin(picture, tree_width > width ? tree_width : width, narrow.height);
    write_thin_lines(&narrow);
    for (size_t i = 0; i < picture->marks->count; i++) {
        write_mark(&narrow, picture->marks->functions[i],
                   shift * (int)i - shift / 2 * (int)(picture->marks->count - 1));
    }
    write_nodes(&narrow);
    write_units(&narrow);
    topology_svg_end(picture);
    free(narrow.depths);
    free(narrow.tops);
    free(narrow.host_tops);
}

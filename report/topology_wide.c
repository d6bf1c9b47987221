/* A system's picture from left to right: functions, the ports above them, root complexes, SMMUs, ITS. */
#include "report/topology_svg_internal.h"
#include "sim/allocate.h"

#include <stdlib.h>

#define BOX_WIDTH  164
#define BOX_HEIGHT 64
#define COLUMN     200
#define ROW        76
#define MARGIN     12

/** Where things stand: in columns from the left, and in half rows from the top. */
struct wide {
    const struct topology_picture *picture;
    unsigned *depths; /**< by node: bridges above it, and itself */
    int *middles;     /**< by node: y */
    int *host_middles;
    unsigned depth; /**< deepest */
    int rows;       /**< next free y */
};

/* ---- Layout ---- */

/** Bridges stand before what is below them, so that one pass finds all depths. */
static void find_depths(struct wide *wide)
{
    const struct topology_fold *fold = &wide->picture->fold;

    for (size_t i = 0; i < fold->count; i++) {
        const uint32_t parent = fold->nodes[i].parent;

        wide->depths[i] = parent == TOPOLOGY_NONE ? 1 : wide->depths[parent] + 1;
        wide->depth = wide->depths[i] > wide->depth ? wide->depths[i] : wide->depth;
    }
}

static uint32_t host_of(const struct wide *wide, size_t node)
{
    return wide->picture->topology->functions[wide->picture->fold.nodes[node].function].host;
}

/** Puts what is below a node in rows, each in the middle of what is below it. @return the middle */
static int place_below(struct wide *wide, uint32_t host, uint32_t parent)
{
    const struct topology_fold *fold = &wide->picture->fold;
    int first = -1;
    int last = -1;

    for (size_t i = parent == TOPOLOGY_NONE ? 0 : parent + 1; i < fold->count; i++) {
        if (host_of(wide, i) == host && fold->nodes[i].parent == parent) {
            wide->middles[i] = place_below(wide, host, (uint32_t)i);
            first = first < 0 ? wide->middles[i] : first;
            last = wide->middles[i];
        }
    }
    if (first < 0) { /* nothing: a row of its own */
        first = wide->rows + ROW / 2;
        last = first;
        wide->rows += ROW;
    }
    return (first + last) / 2;
}

/** As many rows as there are units beside each other. */
static void make_room(struct wide *wide, size_t units)
{
    const int needed = MARGIN + (int)units * ROW;

    wide->rows = wide->rows > needed ? wide->rows : needed;
}

static int column_x(unsigned column)
{
    return MARGIN + (int)column * COLUMN;
}

static int node_x(const struct wide *wide, size_t node)
{
    return column_x(wide->depth - wide->depths[node]);
}

/** Units beside the tree, spread over its height. */
static int spread(const struct wide *wide, size_t index, size_t count)
{
    return MARGIN + (int)((long)(wide->rows - MARGIN) * (long)(2 * index + 1) / (long)(2 * count));
}

/* ---- Drawing ---- */

static void write_line(const struct wide *wide, int x1, int y1, int x2, int y2, const char *attributes)
{
    const int bend = (x1 + x2) / 2;

    fprintf(wide->picture->stream, "<path class=\"edge\" d=\"M%d %d C%d %d %d %d %d %d\" fill=\"none\" %s/>\n", x1, y1,
            bend, y1, bend, y2, x2, y2, attributes);
}

static struct topology_box box_at(int x, int middle, const char *class)
{
    return (struct topology_box){x, middle - BOX_HEIGHT / 2, BOX_WIDTH, BOX_HEIGHT, class};
}

static void write_nodes(const struct wide *wide)
{
    const struct topology_picture *picture = wide->picture;

    for (size_t i = 0; i < picture->fold.count; i++) {
        const struct topology_node *node = &picture->fold.nodes[i];
        const struct topology_box box =
            box_at(node_x(wide, i), wide->middles[i], topology_svg_node_class(picture, node));
        char lines[TOPOLOGY_LINES][TOPOLOGY_LINE];

        topology_svg_box(picture, &box, lines, topology_svg_node_lines(picture, node, lines));
    }
}

static void write_unit(const struct wide *wide, unsigned column, int middle, char (*lines)[TOPOLOGY_LINE])
{
    const struct topology_box box = box_at(column_x(wide->depth + column), middle, "unit");

    topology_svg_box(wide->picture, &box, lines, 1);
}

static void write_units(const struct wide *wide)
{
    const struct topology *topology = wide->picture->topology;
    char lines[1][TOPOLOGY_LINE];

    for (size_t i = 0; i < topology->host_count; i++) {
        snprintf(lines[0], sizeof(lines[0]), "%.80s (root complex)", topology->hosts[i]);
        write_unit(wide, 0, wide->host_middles[i], lines);
    }
    for (size_t i = 0; i < topology->smmu_count; i++) {
        snprintf(lines[0], sizeof(lines[0]), "%.80s (SMMU)", topology->smmus[i]);
        write_unit(wide, 1, spread(wide, i, topology->smmu_count), lines);
    }
    for (size_t i = 0; i < topology->its_count; i++) {
        topology_svg_controller_text(topology, i, lines[0], sizeof(lines[0]));
        write_unit(wide, 2, spread(wide, i, topology->its_count), lines);
    }
}

/** From a node to what is above it. */
static void write_step(const struct wide *wide, size_t node, int from_shift, int to_shift, const char *attributes)
{
    const uint32_t parent = wide->picture->fold.nodes[node].parent;
    const int x = parent == TOPOLOGY_NONE ? column_x(wide->depth) : node_x(wide, parent);
    const int y = parent == TOPOLOGY_NONE ? wide->host_middles[host_of(wide, node)] : wide->middles[parent];

    write_line(wide, node_x(wide, node) + BOX_WIDTH, wide->middles[node] + from_shift, x, y + to_shift, attributes);
}

/** From where a function's host is to its ITS, shifted by @p shift so that ways do not cover each other. */
static void write_way_out(const struct wide *wide, const struct topology_function *function, int shift,
                          const char *attributes)
{
    const struct topology *topology = wide->picture->topology;
    int from = wide->host_middles[function->host] + shift;
    int x = column_x(wide->depth) + BOX_WIDTH;

    if (function->smmu != TOPOLOGY_NONE) {
        const int smmu = spread(wide, function->smmu, topology->smmu_count) + shift;

        write_line(wide, x, from, column_x(wide->depth + 1), smmu, attributes);
        x = column_x(wide->depth + 1) + BOX_WIDTH;
        from = smmu;
    }
    if (function->its != TOPOLOGY_NONE) {
        write_line(wide, x, from, column_x(wide->depth + 2), spread(wide, function->its, topology->its_count) + shift,
                   attributes);
    }
}

static void write_thin_lines(const struct wide *wide)
{
    const struct topology *topology = wide->picture->topology;

    for (size_t i = 0; i < wide->picture->fold.count; i++) {
        write_step(wide, i, 0, 0, TOPOLOGY_THIN);
    }
    for (size_t i = 0; i < topology->function_count; i++) {
        if (topology_svg_has_way(&topology->functions[i]) && topology_svg_is_first_way(topology, i)) {
            write_way_out(wide, &topology->functions[i], 0, TOPOLOGY_THIN);
        }
    }
}

/** The whole way of a marked function's interrupts. */
static void write_mark(const struct wide *wide, uint32_t function, int shift)
{
    const struct topology_picture *picture = wide->picture;
    const uint32_t marked = picture->node_of[function];
    struct topology_box box;
    char attributes[160];

    if (marked == TOPOLOGY_NONE) {
        return;
    }
    topology_way_style(&picture->topology->functions[function], attributes, sizeof(attributes));
    fputs("<g class=\"mark\">\n", picture->stream);
    for (uint32_t at = marked; at != TOPOLOGY_NONE; at = picture->fold.nodes[at].parent) {
        write_step(wide, at, at == marked ? 0 : shift, shift, attributes);
    }
    write_way_out(wide, &picture->topology->functions[function], shift, attributes);
    box = box_at(node_x(wide, marked), wide->middles[marked], "device");
    topology_svg_frame(picture, &box, &picture->topology->functions[function]);
    fputs("</g>\n", picture->stream);
}

void topology_svg_wide(const struct topology_picture *picture)
{
    const struct topology *topology = picture->topology;
    struct wide wide = {.picture = picture, .rows = MARGIN};

    wide.depths = sim_allocate(picture->fold.count + 1, sizeof(*wide.depths));
    wide.middles = sim_allocate(picture->fold.count + 1, sizeof(*wide.middles));
    wide.host_middles = sim_allocate(topology->host_count + 1, sizeof(*wide.host_middles));
    find_depths(&wide);
    for (size_t i = 0; i < topology->host_count; i++) {
        wide.host_middles[i] = place_below(&wide, (uint32_t)i, TOPOLOGY_NONE);
    }
    make_room(&wide, topology->smmu_count);
    make_room(&wide, topology->its_count);
    topology_svg_begin(picture, column_x(wide.depth + 2) + BOX_WIDTH + MARGIN, wide.rows + MARGIN);
    write_thin_lines(&wide);
    for (size_t i = 0; i < picture->marks->count; i++) {
        write_mark(&wide, picture->marks->functions[i], 4 * (int)i - 2 * (int)(picture->marks->count - 1));
    }
    write_nodes(&wide);
    write_units(&wide);
    topology_svg_end(picture);
    free(wide.depths);
    free(wide.middles);
    free(wide.host_middles);
}

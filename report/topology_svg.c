#include "report/topology_svg.h"

#include "report/format.h"
#include "report/xml.h"
#include "result/verdict.h"
#include "sim/allocate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BOX_WIDTH  148
#define BOX_HEIGHT 46
#define COLUMN     196
#define ROW        58
#define MARGIN     12

/** Colours that stay apart for the colour-blind, on light and dark (Okabe and Ito); dashes tell them apart without. */
static const struct {
    const char *colour;
    const char *dash;
} styles[] = {
    {"#0072b2", ""}, {"#d55e00", "8 4"}, {"#009e73", "2 4"}, {"#cc79a7", "12 4 2 4"}, {"#e69f00", "4 2"},
};

#define STYLES (sizeof(styles) / sizeof(styles[0]))

/** Where things stand: in columns from the left, and in half rows from the top. */
struct layout {
    const struct topology *topology;
    unsigned *depths; /**< by function: bridges above it, and itself */
    int *middles;     /**< by function: y */
    int *host_middles;
    unsigned depth; /**< deepest */
    int rows;       /**< next free y */
};

/** Whether a function sends interrupts of its own to an ITS. */
static bool has_way(const struct topology_function *function)
{
    return (function->kind == TOPOLOGY_ENDPOINT || function->kind == TOPOLOGY_VIRTUAL_FUNCTION) &&
           function->its != TOPOLOGY_NONE;
}

/* ---- Layout ---- */

/** Bridges stand before what is below them, so that one pass finds all depths. */
static void find_depths(struct layout *layout)
{
    for (size_t i = 0; i < layout->topology->function_count; i++) {
        uint32_t parent = layout->topology->functions[i].parent;

        layout->depths[i] = parent == TOPOLOGY_NONE ? 1 : layout->depths[parent] + 1;
        layout->depth = layout->depths[i] > layout->depth ? layout->depths[i] : layout->depth;
    }
}

/** Puts what is below a bridge in rows, each bridge in the middle of what is below it. @return the middle */
static int place_below(struct layout *layout, uint32_t host, uint32_t parent, unsigned depth)
{
    const struct topology *topology = layout->topology;
    int first = -1;
    int last = -1;

    for (size_t i = parent == TOPOLOGY_NONE ? 0 : parent + 1; i < topology->function_count && depth < 256; i++) {
        const struct topology_function *function = &topology->functions[i];

        if (function->host == host && function->parent == parent) {
            layout->middles[i] = place_below(layout, host, (uint32_t)i, depth + 1);
            first = first < 0 ? layout->middles[i] : first;
            last = layout->middles[i];
        }
    }
    if (first < 0) { /* nothing: a row of its own */
        first = layout->rows + ROW / 2;
        last = first;
        layout->rows += ROW;
    }
    return (first + last) / 2;
}

/** As many rows as there are units beside each other. */
static void make_room(struct layout *layout, size_t units)
{
    int needed = MARGIN + (int)units * ROW;

    layout->rows = layout->rows > needed ? layout->rows : needed;
}

static int column_x(unsigned column)
{
    return MARGIN + (int)column * COLUMN;
}

static int function_x(const struct layout *layout, size_t index)
{
    return column_x(layout->depth - layout->depths[index]);
}

/** Units beside the tree, spread over its height. */
static int spread(const struct layout *layout, size_t index, size_t count)
{
    return MARGIN + (int)((long)(layout->rows) * (long)(2 * index + 1) / (long)(2 * count));
}

/* ---- Drawing ---- */

static void write_line(FILE *stream, int x1, int y1, int x2, int y2, const char *attributes)
{
    int bend = (x1 + x2) / 2;

    fprintf(stream, "<path class=\"edge\" d=\"M%d %d C%d %d %d %d %d %d\" fill=\"none\" %s/>\n", x1, y1, bend, y1, bend,
            y2, x2, y2, attributes);
}

static void write_box(FILE *stream, int x, int middle, const char *class, const char *const *lines, size_t count)
{
    int y = middle - BOX_HEIGHT / 2;
    int text_y = y + (count == 1 ? 28 : 15);

    fprintf(stream,
            "<g class=\"%s\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"none\" "
            "stroke=\"currentColor\"/>",
            class, x, y, BOX_WIDTH, BOX_HEIGHT);
    for (size_t i = 0; i < count; i++) {
        fprintf(stream, "<text x=\"%d\" y=\"%d\"%s>", x + 7, text_y + 13 * (int)i,
                i == 0 ? " font-weight=\"bold\"" : "");
        xml_write_text(stream, lines[i]);
        fputs("</text>", stream);
    }
    fputs("</g>\n", stream);
}

static void write_function(FILE *stream, const struct layout *layout, size_t index)
{
    const struct topology_function *function = &layout->topology->functions[index];
    bool is_device = function->kind == TOPOLOGY_ENDPOINT || function->kind == TOPOLOGY_VIRTUAL_FUNCTION;
    char name[64];
    char second[96];
    char third[96] = "";
    const char *lines[] = {name, second, third};
    struct report_text rid = report_rid(function->segment, function->rid);

    snprintf(name, sizeof(name), "%.60s", function->name);
    if (function->group != TOPOLOGY_NONE) {
        snprintf(second, sizeof(second), "%s  group %" PRIu32, rid.text, function->group);
    } else {
        snprintf(second, sizeof(second), "%s", rid.text);
    }
    if (is_device && function->its != TOPOLOGY_NONE) {
        snprintf(third, sizeof(third), "→ %.40s %s", layout->topology->itses[function->its],
                 report_hex(function->doorbell).text);
    } else if (!is_device) {
        snprintf(third, sizeof(third), "ACS %s", function->acs == NULL ? "none" : function->acs);
    }
    write_box(stream, function_x(layout, index), layout->middles[index], is_device ? "device" : "port", lines,
              third[0] == '\0' ? 2 : 3);
}

/** Whether an MSI controller does not know who writes, and so is no ITS: its functions have no DeviceID. */
static bool is_frame(const struct topology *topology, size_t controller)
{
    for (size_t i = 0; i < topology->function_count; i++) {
        if (topology->functions[i].its == controller) {
            return topology->functions[i].device_id == VERDICT_NO_ID;
        }
    }
    return false;
}

static void write_units(FILE *stream, const struct layout *layout)
{
    const struct topology *topology = layout->topology;
    char text[96];
    const char *lines[] = {text};

    for (size_t i = 0; i < topology->host_count; i++) {
        snprintf(text, sizeof(text), "%.80s", topology->hosts[i]);
        write_box(stream, column_x(layout->depth), layout->host_middles[i], "unit", lines, 1);
    }
    for (size_t i = 0; i < topology->smmu_count; i++) {
        snprintf(text, sizeof(text), "%.80s (SMMU)", topology->smmus[i]);
        write_box(stream, column_x(layout->depth + 1), spread(layout, i, topology->smmu_count), "unit", lines, 1);
    }
    for (size_t i = 0; i < topology->its_count; i++) {
        snprintf(text, sizeof(text), "%.80s (%s)", topology->itses[i], is_frame(topology, i) ? "GICv2m" : "ITS");
        write_box(stream, column_x(layout->depth + 2), spread(layout, i, topology->its_count), "unit", lines, 1);
    }
}

#define THIN "stroke=\"currentColor\" stroke-opacity=\"0.45\""

/** From each function to what is above it. */
static void write_tree_edges(FILE *stream, const struct layout *layout)
{
    for (size_t i = 0; i < layout->topology->function_count; i++) {
        uint32_t parent = layout->topology->functions[i].parent;
        uint32_t host = layout->topology->functions[i].host;

        if (parent == TOPOLOGY_NONE) {
            write_line(stream, function_x(layout, i) + BOX_WIDTH, layout->middles[i], column_x(layout->depth),
                       layout->host_middles[host], THIN);
        } else {
            write_line(stream, function_x(layout, i) + BOX_WIDTH, layout->middles[i], function_x(layout, parent),
                       layout->middles[parent], THIN);
        }
    }
}

/** From where a function's host is to its ITS, shifted by @p shift so that ways do not cover each other. */
static void write_way_out(FILE *stream, const struct layout *layout, const struct topology_function *function,
                          int shift, const char *attributes)
{
    const struct topology *topology = layout->topology;
    int from = layout->host_middles[function->host] + shift;
    int x = column_x(layout->depth) + BOX_WIDTH;
    int its = function->its == TOPOLOGY_NONE ? 0 : spread(layout, function->its, topology->its_count) + shift;

    if (function->smmu != TOPOLOGY_NONE) {
        int smmu = spread(layout, function->smmu, topology->smmu_count) + shift;

        write_line(stream, x, from, column_x(layout->depth + 1), smmu, attributes);
        x = column_x(layout->depth + 1) + BOX_WIDTH;
        from = smmu;
    }
    if (function->its != TOPOLOGY_NONE) {
        write_line(stream, x, from, column_x(layout->depth + 2), its, attributes);
    }
}

/** Whether a function before @p index goes the same way out. */
static bool is_drawn(const struct topology *topology, size_t index)
{
    const struct topology_function *function = &topology->functions[index];

    for (size_t i = 0; i < index; i++) {
        const struct topology_function *other = &topology->functions[i];

        if (other->host == function->host && other->smmu == function->smmu && other->its == function->its &&
            has_way(other)) {
            return true;
        }
    }
    return false;
}

static void write_ways_out(FILE *stream, const struct layout *layout)
{
    for (size_t i = 0; i < layout->topology->function_count; i++) {
        if (has_way(&layout->topology->functions[i]) && !is_drawn(layout->topology, i)) {
            write_way_out(stream, layout, &layout->topology->functions[i], 0, THIN);
        }
    }
}

/** The whole way of a marked function's interrupts. */
static void write_mark(FILE *stream, const struct layout *layout, uint32_t index, int shift)
{
    const struct topology *topology = layout->topology;
    const struct topology_function *function = &topology->functions[index];
    size_t style = (function->its == TOPOLOGY_NONE ? 0 : function->its) % STYLES;
    char attributes[160];

    snprintf(attributes, sizeof(attributes), "stroke=\"%s\" stroke-width=\"2.5\" stroke-dasharray=\"%s\"",
             styles[style].colour, styles[style].dash[0] == '\0' ? "none" : styles[style].dash);
    fputs("<g class=\"mark\">\n", stream);
    for (uint32_t at = index; at != TOPOLOGY_NONE; at = topology->functions[at].parent) {
        uint32_t parent = topology->functions[at].parent;
        int x = parent == TOPOLOGY_NONE ? column_x(layout->depth) : function_x(layout, parent);
        int y = parent == TOPOLOGY_NONE ? layout->host_middles[function->host] : layout->middles[parent];

        write_line(stream, function_x(layout, at) + BOX_WIDTH, layout->middles[at] + (at == index ? 0 : shift), x,
                   y + shift, attributes);
    }
    write_way_out(stream, layout, function, shift, attributes);
    fprintf(stream,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"7\" fill=\"none\" stroke=\"%s\" "
            "stroke-width=\"2.5\"/></g>\n",
            function_x(layout, index) - 3, layout->middles[index] - BOX_HEIGHT / 2 - 3, BOX_WIDTH + 6, BOX_HEIGHT + 6,
            styles[style].colour);
}

static void write_picture(FILE *stream, const struct layout *layout, const struct topology_marks *marks)
{
    int width = column_x(layout->depth + 2) + BOX_WIDTH + MARGIN;
    int height = layout->rows + 2 * MARGIN;

    fprintf(stream,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"topology\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" role=\"img\" aria-labelledby=\"topology-title-%u topology-text-%u\" "
            "font-family=\"sans-serif\" font-size=\"11\" fill=\"currentColor\">\n<title id=\"topology-title-%u\">",
            width, height, width, height, marks->number, marks->number, marks->number);
    xml_write_text(stream, marks->title);
    fprintf(stream, "</title>\n<desc id=\"topology-text-%u\">", marks->number);
    xml_write_text(stream, marks->description);
    fputs("</desc>\n", stream);
    write_tree_edges(stream, layout);
    write_ways_out(stream, layout);
    for (size_t i = 0; i < marks->count; i++) {
        write_mark(stream, layout, marks->functions[i], 4 * (int)i - 2 * (int)(marks->count - 1));
    }
    for (size_t i = 0; i < layout->topology->function_count; i++) {
        write_function(stream, layout, i);
    }
    write_units(stream, layout);
    fputs("</svg>\n", stream);
}

bool topology_svg_write(FILE *stream, const struct topology *topology, const struct topology_marks *marks)
{
    struct layout layout = {.topology = topology, .rows = MARGIN};

    layout.depths = sim_allocate(topology->function_count + 1, sizeof(*layout.depths));
    layout.middles = sim_allocate(topology->function_count + 1, sizeof(*layout.middles));
    layout.host_middles = sim_allocate(topology->host_count + 1, sizeof(*layout.host_middles));
    find_depths(&layout);
    for (size_t i = 0; i < topology->host_count; i++) {
        layout.host_middles[i] = place_below(&layout, (uint32_t)i, TOPOLOGY_NONE, 0);
    }
    make_room(&layout, topology->smmu_count);
    make_room(&layout, topology->its_count);
    write_picture(stream, &layout, marks);
    free(layout.depths);
    free(layout.middles);
    free(layout.host_middles);
    return !ferror(stream);
}

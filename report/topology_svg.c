#include "report/topology_svg_internal.h"

#include "report/format.h"
#include "report/xml.h"
#include "result/verdict.h"
#include "sim/allocate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Colours that stay apart for the colour-blind, on light and dark (Okabe and Ito); dashes tell them apart without. */
static const struct {
    const char *colour;
    const char *dash;
} styles[] = {
    {"#0072b2", "none"}, {"#d55e00", "8 4"}, {"#009e73", "2 4"}, {"#cc79a7", "12 4 2 4"}, {"#e69f00", "4 2"},
};

#define STYLES (sizeof(styles) / sizeof(styles[0]))

/* ---- Ways ---- */

bool topology_svg_has_way(const struct topology_function *function)
{
    return topology_is_device(function) && function->its != TOPOLOGY_NONE;
}

bool topology_svg_is_first_way(const struct topology *topology, size_t index)
{
    const struct topology_function *function = &topology->functions[index];

    for (size_t i = 0; i < index; i++) {
        const struct topology_function *other = &topology->functions[i];

        if (other->host == function->host && other->smmu == function->smmu && other->its == function->its &&
            topology_svg_has_way(other)) {
            return false;
        }
    }
    return true;
}

static size_t style_of(const struct topology_function *function)
{
    return (function->its == TOPOLOGY_NONE ? 0 : function->its) % STYLES;
}

void topology_way_style(const struct topology_function *function, char *attributes, size_t size)
{
    const size_t style = style_of(function);

    snprintf(attributes, size, "stroke=\"%s\" stroke-width=\"2.5\" stroke-dasharray=\"%s\"", styles[style].colour,
             styles[style].dash);
}

void topology_svg_frame(const struct topology_picture *picture, const struct topology_box *box,
                        const struct topology_function *function)
{
    fprintf(picture->stream,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"7\" fill=\"none\" stroke=\"%s\" "
            "stroke-width=\"2.5\"/>",
            box->x - 3, box->y - 3, box->width + 6, box->height + 6, styles[style_of(function)].colour);
}

/* ---- Boxes ---- */

/** Width of a character, at most and on the average, in hundredths of what letters are high. */
#define CHARACTER 56

/** Writes as much of a text as there is room for; an ellipsis says that there is more. */
static void write_cut(FILE *stream, const char *text, size_t room)
{
    char shown[TOPOLOGY_LINE];
    size_t characters = 0;
    size_t end = 0;

    for (size_t i = 0; text[i] != '\0'; i++) {
        const bool begins = ((unsigned char)text[i] & 0xc0) != 0x80;

        end = begins && characters + 1 == room ? i : end;
        characters += begins;
    }
    if (characters <= room) {
        xml_write_text(stream, text);
        return;
    }
    snprintf(shown, sizeof(shown), "%.*s…", (int)end, text);
    xml_write_text(stream, shown);
}

void topology_svg_box(const struct topology_picture *picture, const struct topology_box *box,
                      char (*lines)[TOPOLOGY_LINE], size_t count)
{
    const int line = 14;
    const int first = box->y + (box->height - line * (int)count) / 2 + 11;
    const size_t room = (size_t)(box->width - 12) * 100 / (11 * CHARACTER);

    fprintf(picture->stream,
            "<g class=\"%s\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"none\" "
            "stroke=\"currentColor\"%s/>",
            box->style, box->x, box->y, box->width, box->height,
            strcmp(box->style, "others") == 0 ? " stroke-dasharray=\"4 3\"" : "");
    for (size_t i = 0; i < count; i++) {
        fprintf(picture->stream, "<text x=\"%d\" y=\"%d\"%s>", box->x + 7, first + line * (int)i,
                i == 0 ? " font-weight=\"bold\"" : "");
        write_cut(picture->stream, lines[i], i == 0 ? room - room / 9 : room);
        fputs("</text>", picture->stream);
    }
    fputs("<title>", picture->stream);
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ", ", picture->stream);
        xml_write_text(picture->stream, lines[i]);
    }
    fputs("</title></g>\n", picture->stream);
}

static size_t others_lines(const struct topology_picture *picture, const struct topology_node *node,
                           char (*lines)[TOPOLOGY_LINE])
{
    const struct topology_function *function = &picture->topology->functions[node->function];

    snprintf(lines[0], TOPOLOGY_LINE, "%" PRIu32 " more like this", node->like);
    snprintf(lines[1], TOPOLOGY_LINE, "as %.100s above", function->name);
    if (node->hidden > node->like) {
        snprintf(lines[2], TOPOLOGY_LINE, "%" PRIu32 " functions in all", node->hidden);
    } else if (node->one_group) {
        snprintf(lines[2], TOPOLOGY_LINE, "in the same group");
    } else {
        snprintf(lines[2], TOPOLOGY_LINE, "in other groups");
    }
    return 3;
}

/** What a bridge is, as short as a box is wide. */
static const char *short_kind(enum topology_kind kind)
{
    return kind == TOPOLOGY_UPSTREAM_PORT     ? "upstream"
           : kind == TOPOLOGY_DOWNSTREAM_PORT ? "downstream"
                                              : topology_kind_name(kind);
}

size_t topology_svg_node_lines(const struct topology_picture *picture, const struct topology_node *node,
                               char (*lines)[TOPOLOGY_LINE])
{
    const struct topology_function *function = &picture->topology->functions[node->function];
    const bool is_device = topology_is_device(function);
    size_t count = 2;
    char domain[96];

    if (node->like > 0) {
        return others_lines(picture, node, lines);
    }
    topology_domain_text(function, domain, sizeof(domain));
    snprintf(lines[0], TOPOLOGY_LINE, "%.140s", function->name);
    snprintf(lines[1], TOPOLOGY_LINE, "%s %s", report_rid(function->segment, function->rid).text,
             is_device ? "" : short_kind(function->kind));
    if (function->group != TOPOLOGY_NONE && is_device && domain[0] != '\0') {
        snprintf(lines[count++], TOPOLOGY_LINE, "group %" PRIu32 " · domain %s", function->group, domain);
    } else if (function->group != TOPOLOGY_NONE) {
        snprintf(lines[count++], TOPOLOGY_LINE, "group %" PRIu32, function->group);
    } else if (is_device && domain[0] != '\0') {
        snprintf(lines[count++], TOPOLOGY_LINE, "domain %s", domain);
    }
    if (is_device && function->its != TOPOLOGY_NONE) {
        snprintf(lines[count++], TOPOLOGY_LINE, "→ %.60s %s", picture->topology->itses[function->its],
                 report_hex(function->doorbell).text);
    } else if (!is_device) {
        snprintf(lines[count++], TOPOLOGY_LINE, "ACS %s", function->acs == NULL ? "none" : function->acs);
    }
    return count;
}

const char *topology_svg_node_class(const struct topology_picture *picture, const struct topology_node *node)
{
    if (node->like > 0) {
        return "others";
    }
    return topology_is_device(&picture->topology->functions[node->function]) ? "device" : "port";
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

void topology_svg_controller_text(const struct topology *topology, size_t index, char *text, size_t size)
{
    snprintf(text, size, "%.80s (%s)", topology->itses[index], is_frame(topology, index) ? "GICv2m" : "ITS");
}

/* ---- The picture ---- */

void topology_svg_begin(const struct topology_picture *picture, int width, int height)
{
    const struct topology_marks *marks = picture->marks;

    fprintf(picture->stream,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"topology\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" role=\"img\" aria-labelledby=\"topology-title-%u topology-text-%u\" "
            "font-family=\"sans-serif\" font-size=\"11\" fill=\"currentColor\">\n<title id=\"topology-title-%u\">",
            width, height, width, height, marks->number, marks->number, marks->number);
    xml_write_text(picture->stream, marks->title);
    fprintf(picture->stream, "</title>\n<desc id=\"topology-text-%u\">", marks->number);
    xml_write_text(picture->stream, marks->description);
    fputs("</desc>\n", picture->stream);
}

void topology_svg_end(const struct topology_picture *picture)
{
    fputs("</svg>\n", picture->stream);
}

bool topology_svg_write(FILE *stream, const struct topology *topology, const struct topology_marks *marks,
                        enum topology_layout layout)
{
    struct topology_picture picture = {.stream = stream, .topology = topology, .marks = marks};

    topology_fold_make(topology, marks->functions, marks->count, &picture.fold);
    picture.node_of = sim_allocate(topology->function_count + 1, sizeof(*picture.node_of));
    for (size_t i = 0; i < topology->function_count; i++) {
        picture.node_of[i] = TOPOLOGY_NONE;
    }
    for (size_t i = 0; i < picture.fold.count; i++) {
        if (picture.fold.nodes[i].like == 0) {
            picture.node_of[picture.fold.nodes[i].function] = (uint32_t)i;
        }
    }
    if (layout == TOPOLOGY_NARROW) {
        topology_svg_narrow(&picture);
    } else {
        topology_svg_wide(&picture);
    }
    topology_fold_clear(&picture.fold);
    free(picture.node_of);
    return !ferror(stream);
}

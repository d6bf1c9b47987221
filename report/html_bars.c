/* Bars in parts: where time goes. The largest parts have a colour of their own, so that no colour stands for two. */
#include "report/format.h"
#include "report/html_internal.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH      760
#define LEFT       90
#define RIGHT      90
#define BAR_HEIGHT 26
#define BAR_ROW    40

/** Colours that stay apart for the colour-blind (Okabe and Ito), and one for all further parts. */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
#define OTHERS  "#9aa0a6"
#define COLOURS (sizeof(colours) / sizeof(colours[0]))

/** Bars under way. */
struct bars {
    const struct html_part *parts;
    size_t part_count;
    const struct html_bar *bars;
    size_t count;
    const char **colours; /**< by part */
    int left;             /**< room for names */
    double scale;         /**< units for a femtosecond */
};

static double sum_of(const double *parts, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += parts[i];
    }
    return sum;
}

/** A part in all bars together. */
static double weight_of(const struct bars *bars, size_t part)
{
    double weight = 0;

    for (size_t i = 0; i < bars->count; i++) {
        weight += bars->bars[i].parts[part];
    }
    return weight;
}

/** Gives the largest parts the colours, in the order of the way. */
static void choose_colours(struct bars *bars)
{
    size_t next = 0;

    for (size_t i = 0; i < bars->part_count; i++) {
        const double own = weight_of(bars, i);
        size_t larger = 0;

        for (size_t j = 0; j < bars->part_count; j++) {
            const double other = weight_of(bars, j);

            larger += other > own || (j < i && !(own > other));
        }
        bars->colours[i] = larger < COLOURS && own > 0 ? colours[next++ % COLOURS] : OTHERS;
    }
}

/** Room for the longest name. */
static int room_for_names(const struct html_bar *bars, size_t count)
{
    size_t longest = 0;

    for (size_t i = 0; i < count; i++) {
        longest = strlen(bars[i].name) > longest ? strlen(bars[i].name) : longest;
    }
    return longest * 8 < LEFT ? LEFT : longest * 8 < WIDTH / 3 ? (int)longest * 8 + 8 : WIDTH / 3;
}

static void write_bar(struct html_page *page, const struct bars *bars, const struct html_bar *bar, int y)
{
    double x = bars->left;

    fprintf(page->stream, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", bars->left - 8, y + 17);
    html_text(page, bar->name);
    fputs("</text>\n", page->stream);
    for (size_t i = 0; i < bars->part_count; i++) {
        const double width = bar->parts[i] * bars->scale;

        if (width <= 0) {
            continue;
        }
        fprintf(page->stream,
                "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\" stroke=\"currentColor\" "
                "stroke-width=\"0.5\"><title>",
                x, y, width, BAR_HEIGHT, bars->colours[i]);
        html_text(page, bars->parts[i].name);
        fprintf(page->stream, ": %s</title></rect>\n", report_duration(html_time(bar->parts[i])).text);
        x += width;
    }
    fprintf(page->stream, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", x + 6, y + 17,
            report_duration(html_time(sum_of(bar->parts, bars->part_count))).text);
}

/** A square of a colour, before what it stands for. */
static void write_swatch(struct html_page *page, const char *colour)
{
    fprintf(page->stream,
            "<svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect width=\"12\" height=\"12\" "
            "fill=\"%s\"/></svg> ",
            colour);
}

/** What the colours stand for. */
static void write_legend(struct html_page *page, const struct bars *bars)
{
    bool others = false;

    fputs("<p>", page->stream);
    for (size_t i = 0; i < bars->part_count; i++) {
        if (strcmp(bars->colours[i], OTHERS) == 0) {
            others = true;
            continue;
        }
        write_swatch(page, bars->colours[i]);
        html_text(page, bars->parts[i].name);
        fputs("&ensp; ", page->stream);
    }
    if (others) {
        write_swatch(page, OTHERS);
        fputs("all others, each below these", page->stream);
    }
    fputs("</p>\n", page->stream);
}

static void write_table(struct html_page *page, const struct bars *bars)
{
    fputs("<div class=\"scroll\"><table>\n<thead><tr><th>hop</th><th>what it is</th>", page->stream);
    for (size_t i = 0; i < bars->count; i++) {
        fputs("<th class=\"n\">", page->stream);
        html_text(page, bars->bars[i].name);
        fputs("</th>", page->stream);
    }
    fputs("</tr></thead>\n<tbody>\n", page->stream);
    for (size_t i = 0; i < bars->part_count; i++) {
        fputs("<tr><td>", page->stream);
        write_swatch(page, bars->colours[i]);
        html_text(page, bars->parts[i].name);
        fputs("</td><td>", page->stream);
        html_text(page, bars->parts[i].meaning);
        fputs("</td>", page->stream);
        for (size_t j = 0; j < bars->count; j++) {
            fputs("<td class=\"n\">", page->stream);
            if (bars->bars[j].parts[i] > 0) {
                html_duration(page, bars->bars[j].parts[i]);
            }
            fputs("</td>", page->stream);
        }
        fputs("</tr>\n", page->stream);
    }
    fputs("</tbody></table></div>\n", page->stream);
}

void html_draw_bars(struct html_page *page, const char *title, const struct html_part *parts, size_t part_count,
                    const struct html_bar *list, size_t count)
{
    struct bars bars = {.parts = parts, .part_count = part_count, .bars = list, .count = count};
    double longest = 0;

    bars.colours = sim_allocate(part_count + 1, sizeof(*bars.colours));
    bars.left = room_for_names(list, count);
    for (size_t i = 0; i < count; i++) {
        longest = fmax(longest, sum_of(list[i].parts, part_count));
    }
    bars.scale = (WIDTH - bars.left - RIGHT) / (longest > 0 ? longest : 1);
    choose_colours(&bars);
    html_begin_picture(page, title, WIDTH, (int)count * BAR_ROW + 12);
    for (size_t i = 0; i < count; i++) {
        write_bar(page, &bars, &list[i], (int)i * BAR_ROW + 6);
    }
    fputs("</svg>\n", page->stream);
    write_legend(page, &bars);
    write_table(page, &bars);
    fputs("</figure>\n", page->stream);
    free((void *)bars.colours);
}

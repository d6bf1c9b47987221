/* Plots: lines with intervals, bars in parts, heat maps; each with its numbers as a table. */
#include "report/format.h"
#include "report/html_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  760
#define HEIGHT 320
#define LEFT   90
#define RIGHT  40
#define TOP    16
#define BOTTOM 52

/** Labels of ticks are no nearer to each other, so that none covers another. */
#define NEXT_LABEL 64

/** What is less, is nothing; what is nearer, as a part, is the same: for ticks that get on from one to the next. */
#define LEAST 1e-100
#define NEAR  1e-9

/** Values further apart than this, as a ratio, are on a logarithmic axis where that is wished. */
#define DECADES 50

/** Colours that stay apart for the colour-blind (Okabe and Ito); dashes for whoever sees none. */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999933"};
static const char *const dashes[] = {"none", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 3"};

#define COLOURS (sizeof(colours) / sizeof(colours[0]))

static void write_axes(struct html_page *page, const struct html_axis *x, const struct html_axis *y,
                       const struct html_plot *plot)
{
    double last = -INFINITY;
    unsigned labels = 0;
    char text[32];

    fprintf(page->stream, "<path d=\"M%d %d V%d H%d\" fill=\"none\" stroke=\"currentColor\"/>\n", LEFT, TOP,
            HEIGHT - BOTTOM, WIDTH - RIGHT);
    for (double tick = html_axis_tick(x, x->low, true); tick <= x->high * 1.000001;
         tick = html_axis_tick(x, tick, false)) {
        const double place = html_axis_place(x, tick);

        html_axis_text(x, tick, text, sizeof(text));
        fprintf(page->stream, "<path d=\"M%.1f %d v5\" stroke=\"currentColor\"/>", place, HEIGHT - BOTTOM);
        if (place - last > NEXT_LABEL) {
            fprintf(page->stream, "<text%s x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                    labels++ % 2 == 1 ? " class=\"odd\"" : "", place, HEIGHT - BOTTOM + 20, text);
            last = place;
        }
    }
    for (double tick = html_axis_tick(y, y->low, true); tick <= y->high * 1.000001;
         tick = html_axis_tick(y, tick, false)) {
        html_axis_text(y, tick, text, sizeof(text));
        fprintf(page->stream,
                "<path d=\"M%d %.1f H%d\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/><text x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\">%s</text>\n",
                LEFT, html_axis_place(y, tick), WIDTH - RIGHT, LEFT - 6, html_axis_place(y, tick) + 4, text);
    }
    fprintf(page->stream, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8);
    html_text(page, plot->x_name);
    fputs(x->log ? " (logarithmic)" : "", page->stream);
    fprintf(page->stream,
            "</text>\n<text class=\"odd\" transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">",
            (TOP + HEIGHT - BOTTOM) / 2);
    html_text(page, plot->y_name);
    fputs(y->log ? " (logarithmic)</text>\n" : "</text>\n", page->stream);
}

/** Some room on both sides, so that nothing stands on the frame. */
static void pad(struct html_axis *x)
{
    const double part = 0.02;

    if (x->log) {
        const double room = pow(x->high / x->low, part);

        x->low /= room;
        x->high *= room;
    } else {
        const double room = part * (x->high - x->low);

        x->low -= room;
        x->high += room;
    }
}

/** The vertical axis: from 0 on, or logarithmic if that is wished and values are far enough apart. */
static void fit_values(const struct html_plot *plot, struct html_axis *y, double least)
{
    y->high = y->high > LEAST ? y->high * (plot->y_percent ? 1 : 1.05) : 1;
    if (plot->y_log && least > LEAST && y->high / least >= DECADES) {
        y->log = true;
        y->low = least * 0.9;
        y->high *= 1.1;
    }
}

/** Fits the axes around all points. */
static void fit(const struct html_plot *plot, struct html_axis *x, struct html_axis *y)
{
    double least = INFINITY;

    *x = (struct html_axis){INFINITY, -INFINITY, LEFT, WIDTH - RIGHT, plot->x_log, plot->x_time, false, plot->x_unit};
    *y = (struct html_axis){0, -INFINITY, HEIGHT - BOTTOM, TOP, false, plot->y_time, plot->y_percent, NULL};
    for (size_t i = 0; i < plot->line_count; i++) {
        const struct html_line *line = &plot->lines[i];

        for (size_t j = 0; j < line->count; j++) {
            double spread = line->spread == NULL || line->spread[j] < 0 ? 0 : line->spread[j];

            x->low = fmin(x->low, line->x[j]);
            x->high = fmax(x->high, line->x[j]);
            y->high = fmax(y->high, line->y[j] + spread);
            least = fmin(least, line->y[j]);
        }
    }
    fit_values(plot, y, least);
    x->log = x->log && x->low > LEAST;
    if (!(x->high - x->low > fmax(LEAST, NEAR * fmax(fabs(x->high), fabs(x->low))))) {
        const double middle = x->high >= x->low ? x->low : 0; /* or there is no point */
        const double around = fmax(1, fabs(middle) / 1000);

        x->low = x->log ? middle / 2 : middle - around;
        x->high = x->log ? middle * 2 : middle + around;
    }
    pad(x);
}

static void draw_point(struct html_page *page, const struct html_line *line, size_t index, double x, double y,
                       const char *colour)
{
    fprintf(page->stream, "<circle cx=\"%.1f\" cy=\"%.1f\" ", x, y);
    if (line->ring) {
        fprintf(page->stream, "r=\"6\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", colour);
    } else {
        fprintf(page->stream, "r=\"3\" fill=\"%s\"/>\n", colour);
    }
    if (line->numbered) {
        fprintf(page->stream, "<text x=\"%.1f\" y=\"%.1f\">%zu</text>\n", x + 8, y - 6, index + 1);
    }
}

static void draw_line(struct html_page *page, const struct html_plot *plot, size_t index, const struct html_axis *x,
                      const struct html_axis *y)
{
    const struct html_line *line = &plot->lines[index];
    const char *colour = colours[index % COLOURS];

    if (!plot->points_only && line->count > 1) {
        fprintf(page->stream, "<path d=\"M%.1f %.1f", html_axis_place(x, line->x[0]), html_axis_place(y, line->y[0]));
        for (size_t j = 1; j < line->count; j++) {
            if (plot->steps) {
                fprintf(page->stream, " H%.1f V%.1f", html_axis_place(x, line->x[j]), html_axis_place(y, line->y[j]));
            } else {
                fprintf(page->stream, " L%.1f %.1f", html_axis_place(x, line->x[j]), html_axis_place(y, line->y[j]));
            }
        }
        fprintf(page->stream,
                "\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" "
                "stroke-linejoin=\"round\"/>\n",
                colour, dashes[index % COLOURS]);
    }
    for (size_t j = 0; j < line->count && !plot->steps; j++) {
        double middle = html_axis_place(x, line->x[j]);

        if (line->spread != NULL && line->spread[j] > 0) {
            fprintf(page->stream, "<path d=\"M%.1f %.1f V%.1f m-4 0 h8 M%.1f %.1f m-4 0 h8\" stroke=\"%s\"/>", middle,
                    html_axis_place(y, fmax(y->low, line->y[j] - line->spread[j])),
                    html_axis_place(y, line->y[j] + line->spread[j]), middle,
                    html_axis_place(y, fmax(y->low, line->y[j] - line->spread[j])), colour);
        }
        draw_point(page, line, j, middle, html_axis_place(y, line->y[j]), colour);
    }
}

static void write_legend(struct html_page *page, const struct html_plot *plot)
{
    for (size_t i = 0; i < plot->line_count; i++) {
        if (plot->points_only) {
            fputs("<svg width=\"16\" height=\"16\" aria-hidden=\"true\">", page->stream);
            draw_point(page, &(struct html_line){.ring = plot->lines[i].ring}, 0, 8, 8, colours[i % COLOURS]);
            fputs("</svg> ", page->stream);
            html_text(page, plot->lines[i].name);
            fputs("&ensp; ", page->stream);
            continue;
        }
        fprintf(page->stream,
                "<svg width=\"34\" height=\"12\" aria-hidden=\"true\"><path d=\"M2 6 H32\" stroke=\"%s\" "
                "stroke-width=\"3\" stroke-dasharray=\"%s\"/></svg> ",
                colours[i % COLOURS], dashes[i % COLOURS]);
        html_text(page, plot->lines[i].name);
        fputs("&ensp; ", page->stream);
    }
}

/** Rows of a plot's table: no more than can be read. */
#define MOST_ROWS 200

static void write_numbers(struct html_page *page, const struct html_plot *plot, const struct html_axis *x,
                          const struct html_axis *y)
{
    char text[32];

    fputs("<details><summary>The numbers</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th>line</th><th "
          "class=\"n\">",
          page->stream);
    html_text(page, plot->x_name);
    fputs("</th><th class=\"n\">", page->stream);
    html_text(page, plot->y_name);
    fputs("</th></tr></thead>\n<tbody>\n", page->stream);
    for (size_t i = 0; i < plot->line_count; i++) {
        const struct html_line *line = &plot->lines[i];
        size_t step = line->count / MOST_ROWS + 1;

        for (size_t j = 0; j < line->count; j += step) {
            fputs("<tr><td>", page->stream);
            html_text(page, line->name);
            html_axis_text(x, line->x[j], text, sizeof(text));
            fprintf(page->stream, "</td><td class=\"n\">%s</td>", text);
            html_axis_text(y, line->y[j], text, sizeof(text));
            fprintf(page->stream, "<td class=\"n\">%s", text);
            if (line->spread != NULL && line->spread[j] >= 0) {
                html_axis_text(y, line->spread[j], text, sizeof(text));
                fprintf(page->stream, " ± %s", text);
            }
            fputs("</td></tr>\n", page->stream);
        }
    }
    fputs("</tbody></table></div></details>\n", page->stream);
}

void html_begin_picture(struct html_page *page, const char *title, int width, int height)
{
    unsigned number = page->pictures++;

    fputs("<figure>\n<figcaption>", page->stream);
    html_text(page, title);
    fputs("</figcaption>\n", page->stream);
    fprintf(page->stream,
            "<svg class=\"plot large\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
            "aria-labelledby=\"plot-%u\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n<title "
            "id=\"plot-%u\">",
            width, height, width, height, number, number);
    html_text(page, title);
    fputs("</title>\n", page->stream);
}

void html_draw_plot(struct html_page *page, const struct html_plot *plot)
{
    struct html_axis x;
    struct html_axis y;

    fit(plot, &x, &y);
    html_begin_picture(page, plot->title, WIDTH, HEIGHT);
    write_axes(page, &x, &y, plot);
    for (size_t i = 0; i < plot->line_count; i++) {
        draw_line(page, plot, i, &x, &y);
    }
    fputs("</svg>\n<p>", page->stream);
    write_legend(page, plot);
    fputs("</p>\n", page->stream);
    write_numbers(page, plot, &x, &y);
    fputs("</figure>\n", page->stream);
}

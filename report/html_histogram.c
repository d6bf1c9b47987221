/* Histograms of latencies: how many interrupts took how long, a small picture for each device over the same times. */
#include "report/format.h"
#include "report/html_internal.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdlib.h>

/** Bars of a picture. */
#define BARS 40

/** Times further apart than this, as a ratio, have bars that are equally wide as ratios. */
#define FAR_APART 6

/** Counts further apart than this, as a ratio, are on a logarithmic axis: single late ones would vanish. */
#define STEEP 40

#define WIDTH  420
#define HEIGHT 200
#define LEFT   52
#define RIGHT  30
#define TOP    22
#define BOTTOM 34

#define COLOUR "#0072b2"
#define TAIL   "#d55e00"

/** What all pictures have in common. */
struct frame {
    struct html_axis x;
    struct html_axis y;
    double *counts; /**< by share and bar */
    size_t count;
};

static double figure(const struct html_share *share, const char *key)
{
    return html_number(json_object_get(share->msi, "latency"), key);
}

/** Where a bar begins; where the one before it ends. */
static double edge(const struct html_axis *x, size_t bar)
{
    const double part = (double)bar / BARS;

    return x->log ? x->low * pow(x->high / x->low, part) : x->low + part * (x->high - x->low);
}

static size_t bar_of(const struct html_axis *x, double time)
{
    const double part = html_axis_place(x, time) - x->from;

    return (size_t)fmax(0, fmin(BARS - 1, floor(part / (x->to - x->from) * BARS)));
}

static void fit_times(struct frame *frame, const struct html_share *shares)
{
    struct html_axis *x = &frame->x;

    *x = (struct html_axis){.low = INFINITY, .from = LEFT, .to = WIDTH - RIGHT, .time = true};
    for (size_t i = 0; i < frame->count; i++) {
        x->low = fmin(x->low, figure(&shares[i], "min-fs"));
        x->high = fmax(x->high, figure(&shares[i], "max-fs"));
    }
    x->high = fmax(x->high, x->low);
    x->log = x->low > 0 && x->high / x->low >= FAR_APART;
    if (!(x->high > x->low * 1.001)) { /* they all took equally long */
        x->log = false;
        x->low = fmax(0, x->low * 0.98 - 1);
        x->high = x->high * 1.02 + 1;
    }
}

/** Puts what a document's bins hold into the bars that their middles are in. */
static void fill_counts(struct frame *frame, const struct html_share *shares)
{
    frame->counts = sim_allocate(frame->count * BARS + 1, sizeof(*frame->counts));
    for (size_t i = 0; i < frame->count; i++) {
        const double least = figure(&shares[i], "min-fs");
        const double most = fmax(least, figure(&shares[i], "max-fs"));
        size_t index;
        const json_t *bin;

        json_array_foreach((json_t *)(uintptr_t)json_object_get(shares[i].msi, "histogram"), index, bin)
        {
            /* The first and the last bin reach beyond what was measured. */
            const double from = fmin(most, fmax(least, html_value(json_array_get(bin, 0))));
            const double to = fmin(most, fmax(least, html_value(json_array_get(bin, 1))));

            frame->counts[i * BARS + bar_of(&frame->x, (from + to) / 2)] += fmax(0, html_value(json_array_get(bin, 2)));
        }
    }
}

static void fit_counts(struct frame *frame)
{
    double least = INFINITY;
    double most = 1;

    for (size_t i = 0; i < frame->count * BARS; i++) {
        least = frame->counts[i] > 0 ? fmin(least, frame->counts[i]) : least;
        most = fmax(most, frame->counts[i]);
    }
    frame->y = (struct html_axis){.high = most * 1.05, .from = HEIGHT - BOTTOM, .to = TOP};
    if (most / least >= STEEP) {
        frame->y.log = true;
        frame->y.low = 0.5; /* a bar of one is seen */
        frame->y.high = most * 1.3;
    }
}

/* ---- A picture ---- */

static void write_axes(struct html_page *page, const struct frame *frame)
{
    const struct html_axis *x = &frame->x;
    const struct html_axis *y = &frame->y;
    double last = -INFINITY;
    char text[32];

    for (double tick = html_axis_tick(x, x->low, true); tick <= x->high; tick = html_axis_tick(x, tick, false)) {
        const double place = html_axis_place(x, tick);

        if (place - last > 62) {
            html_axis_text(x, tick, text, sizeof(text));
            fprintf(page->stream,
                    "<path d=\"M%.1f %d v4\" stroke=\"currentColor\"/><text x=\"%.1f\" y=\"%d\" "
                    "text-anchor=\"middle\">%s</text>\n",
                    place, HEIGHT - BOTTOM, place, HEIGHT - BOTTOM + 16, text);
            last = place;
        }
    }
    for (double tick = y->log ? 1 : html_axis_tick(y, y->low, true); tick <= y->high;
         tick = y->log ? tick * 10 : html_axis_tick(y, tick, false)) {
        const double place = html_axis_place(y, tick);

        html_axis_text(y, tick, text, sizeof(text));
        fprintf(page->stream,
                "<path d=\"M%d %.1f H%d\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/><text x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\">%s</text>\n",
                LEFT, place, WIDTH - RIGHT, LEFT - 5, place + 4, text);
    }
    fprintf(page->stream, "<path d=\"M%d %d V%d H%d\" fill=\"none\" stroke=\"currentColor\"/>\n", LEFT, TOP,
            HEIGHT - BOTTOM, WIDTH - RIGHT);
}

static void write_bars(struct html_page *page, const struct frame *frame, const double *counts)
{
    for (size_t i = 0; i < BARS; i++) {
        const double from = html_axis_place(&frame->x, edge(&frame->x, i));
        const double to = html_axis_place(&frame->x, edge(&frame->x, i + 1));
        const double top = html_axis_place(&frame->y, counts[i]);

        if (counts[i] > 0) {
            fprintf(page->stream,
                    "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"" COLOUR
                    "\"><title>",
                    from + 0.4, top, to - from - 0.8, HEIGHT - BOTTOM - top);
            html_duration(page, edge(&frame->x, i));
            fputs(" to ", page->stream);
            html_duration(page, edge(&frame->x, i + 1));
            fprintf(page->stream, ": %.0f</title></rect>\n", counts[i]);
        }
    }
}

/** A line at a time that a part of the interrupts arrive within. */
static void write_mark(struct html_page *page, const struct frame *frame, double time, const char *text)
{
    const double place = html_axis_place(&frame->x, fmin(frame->x.high, fmax(frame->x.low, time)));

    fprintf(page->stream,
            "<path d=\"M%.1f %d V%d\" stroke=\"" TAIL "\" stroke-width=\"1.5\" stroke-dasharray=\"4 3\"/><text "
            "x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            place, TOP - 4, HEIGHT - BOTTOM, place, TOP - 8, text);
}

/** What the picture shows, in words. */
static void write_words(struct html_page *page, const struct frame *frame, const struct html_share *share,
                        const double *counts)
{
    size_t most = 0;

    for (size_t i = 1; i < BARS; i++) {
        most = counts[i] > counts[most] ? i : most;
    }
    fprintf(page->stream, ": %.0f interrupts from ", figure(share, "count"));
    html_duration(page, figure(share, "min-fs"));
    fputs(" to ", page->stream);
    html_duration(page, figure(share, "max-fs"));
    fputs(", half within ", page->stream);
    html_duration(page, figure(share, "p50-fs"));
    fputs(", 99 % within ", page->stream);
    html_duration(page, figure(share, "p99-fs"));
    fprintf(page->stream, "; the highest bar, of %.0f, begins at ", counts[most]);
    html_duration(page, edge(&frame->x, most));
}

static void draw(struct html_page *page, const struct frame *frame, const struct html_share *share,
                 const double *counts)
{
    const unsigned number = page->pictures++;
    const double half = html_axis_place(&frame->x, figure(share, "p50-fs"));
    const double tail = html_axis_place(&frame->x, figure(share, "p99-fs"));

    fprintf(page->stream,
            "<figure>\n<svg class=\"plot histogram\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
            "aria-labelledby=\"plot-%u\" font-family=\"sans-serif\" font-size=\"11\" fill=\"currentColor\">\n<title "
            "id=\"plot-%u\">Histogram of ",
            WIDTH, HEIGHT, WIDTH, HEIGHT, number, number);
    html_text(page, share->name);
    write_words(page, frame, share, counts);
    fputs("</title>\n", page->stream);
    write_axes(page, frame);
    write_bars(page, frame, counts);
    if (tail - half > 34) {
        write_mark(page, frame, figure(share, "p50-fs"), "half");
    }
    write_mark(page, frame, figure(share, "p99-fs"), "99 %");
    fputs("</svg>\n<figcaption><code>", page->stream);
    html_text(page, share->name);
    fputs("</code>", page->stream);
    write_words(page, frame, share, counts);
    fputs("</figcaption>\n</figure>\n", page->stream);
}

/* ---- The numbers ---- */

static bool is_empty(const struct frame *frame, size_t bar)
{
    for (size_t i = 0; i < frame->count; i++) {
        if (frame->counts[i * BARS + bar] > 0) {
            return false;
        }
    }
    return true;
}

static void write_numbers(struct html_page *page, const struct frame *frame, const struct html_share *shares)
{
    fputs("<details><summary>The numbers of the histograms</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th "
          "class=\"n\">from</th><th class=\"n\">to</th>",
          page->stream);
    for (size_t i = 0; i < frame->count; i++) {
        fputs("<th class=\"n\">", page->stream);
        html_text(page, shares[i].name);
        fputs("</th>", page->stream);
    }
    fputs("</tr></thead>\n<tbody>\n", page->stream);
    for (size_t bar = 0; bar < BARS; bar++) {
        if (is_empty(frame, bar)) {
            continue;
        }
        fputs("<tr><td class=\"n\">", page->stream);
        html_duration(page, edge(&frame->x, bar));
        fputs("</td><td class=\"n\">", page->stream);
        html_duration(page, edge(&frame->x, bar + 1));
        fputs("</td>", page->stream);
        for (size_t i = 0; i < frame->count; i++) {
            fprintf(page->stream, "<td class=\"n\">%.0f</td>", frame->counts[i * BARS + bar]);
        }
        fputs("</tr>\n", page->stream);
    }
    fputs("</tbody></table></div></details>\n", page->stream);
}

static bool has_bins(const struct html_share *shares, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (json_array_size(json_object_get(shares[i].msi, "histogram")) > 0) {
            return true;
        }
    }
    return false;
}

void html_draw_histograms(struct html_page *page, const struct html_share *shares, size_t count)
{
    struct frame frame = {.count = count};

    if (!has_bins(shares, count)) {
        return;
    }
    fit_times(&frame, shares);
    fill_counts(&frame, shares);
    fit_counts(&frame);
    fprintf(
        page->stream,
        "<h3>How many interrupts took how long</h3>\n<p>A histogram for each device, over the same times%s. Dashed: "
        "half of the interrupts, and 99 %% of them, arrive within.%s</p>\n<div class=\"small\">\n",
        frame.x.log ? " (logarithmic)" : "",
        frame.y.log ? " Counts are on a logarithmic axis, so that single late ones are seen." : "");
    for (size_t i = 0; i < count; i++) {
        draw(page, &frame, &shares[i], &frame.counts[i * BARS]);
    }
    fputs("</div>\n", page->stream);
    write_numbers(page, &frame, shares);
    free(frame.counts);
}

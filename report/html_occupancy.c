/*
 * How full channels, queues, caches and slots were over time: a small picture for each of the fullest, the numbers of
 * all that were used at all. The document's form: report/occupancy.c.
 */
#include "report/format.h"
#include "report/html_internal.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** Pictures; what is less full is in the table only. */
#define MOST_PICTURES 12

/** Buckets that a picture can have: documents may say anything. */
#define MOST_BUCKETS 256

#define WIDTH  360
#define HEIGHT 110
#define LEFT   40
#define RIGHT  8
#define TOP    8
#define BOTTOM 22

#define COLOUR "#56b4e9"
#define LIMIT  "#d55e00"

struct resource {
    const json_t *json;
    const char *component;
    const char *name;
    double capacity;
    double mean;
    double most;
    size_t place; /**< in the document */
};

/** Times of a record. */
struct times {
    double duration;
    double bucket;
};

static double peak_of(const struct resource *resource)
{
    return resource->capacity > 0 ? resource->most / resource->capacity : 0;
}

/** The fullest first; what never held more than one of several behind all others. */
static int by_peak(const void *a, const void *b)
{
    const struct resource *one = a;
    const struct resource *other = b;
    const bool single[2] = {one->most < 2 && one->capacity > 1, other->most < 2 && other->capacity > 1};

    if (single[0] != single[1]) {
        return single[0] ? 1 : -1;
    }
    if (peak_of(one) < peak_of(other) || peak_of(one) > peak_of(other)) {
        return peak_of(one) > peak_of(other) ? -1 : 1;
    }
    return one->place < other->place ? -1 : 1;
}

/** Those that were used. @return how many */
static size_t list_used(const json_t *list, struct resource *used)
{
    size_t count = 0;
    size_t index;
    const json_t *json;

    json_array_foreach((json_t *)(uintptr_t)list, index, json)
    {
        const struct resource resource = {.json = json,
                                          .component = html_member(json, "component"),
                                          .name = html_member(json, "resource"),
                                          .capacity = html_number(json, "capacity"),
                                          .mean = html_number(json, "mean-milli") / 1000,
                                          .most = html_number(json, "max"),
                                          .place = index};

        if (resource.most > 0) {
            used[count++] = resource;
        }
    }
    qsort(used, count, sizeof(*used), by_peak);
    return count;
}

/* ---- A picture ---- */

static double value_at(const struct resource *resource, const char *series, size_t bucket)
{
    const json_t *values = json_object_get(json_object_get(resource->json, "series"), series);

    return fmax(0, html_value(json_array_get(values, bucket)));
}

static size_t buckets_of(const struct resource *resource)
{
    const size_t count = json_array_size(json_object_get(json_object_get(resource->json, "series"), "max"));

    return count < MOST_BUCKETS ? count : MOST_BUCKETS;
}

/** When it was fullest: the bucket with the greatest maximum, and of those the one with the greatest mean. */
static size_t fullest_bucket(const struct resource *resource)
{
    size_t fullest = 0;

    for (size_t i = 1; i < buckets_of(resource); i++) {
        const double more = value_at(resource, "max", i) - value_at(resource, "max", fullest);

        if (more > 0 ||
            (more >= 0 && value_at(resource, "mean-milli", i) > value_at(resource, "mean-milli", fullest))) {
            fullest = i;
        }
    }
    return fullest;
}

static double x_of(const struct times *times, double bucket)
{
    const double part = times->duration > 0 ? fmin(1, bucket * times->bucket / times->duration) : 0;

    return LEFT + part * (WIDTH - LEFT - RIGHT);
}

static double y_of(double value, double top)
{
    return HEIGHT - BOTTOM - fmin(1, value / top) * (HEIGHT - TOP - BOTTOM);
}

/** The range from least to most, then the mean. */
static void draw_series(struct html_page *page, const struct resource *resource, const struct times *times, double top)
{
    const size_t count = buckets_of(resource);

    fprintf(page->stream, "<path d=\"M%.1f %.1f", x_of(times, 0), y_of(value_at(resource, "max", 0), top));
    for (size_t i = 0; i < count; i++) {
        fprintf(page->stream, " V%.1f H%.1f", y_of(value_at(resource, "max", i), top), x_of(times, (double)i + 1));
    }
    for (size_t i = count; i > 0; i--) {
        fprintf(page->stream, " V%.1f H%.1f", y_of(value_at(resource, "min", i - 1), top), x_of(times, (double)i - 1));
    }
    fputs(" Z\" fill=\"" COLOUR "\" fill-opacity=\"0.45\" stroke=\"none\"/>\n", page->stream);
    fprintf(page->stream, "<path d=\"M%.1f %.1f", x_of(times, 0),
            y_of(value_at(resource, "mean-milli", 0) / 1000, top));
    for (size_t i = 0; i < count; i++) {
        fprintf(page->stream, " V%.1f H%.1f", y_of(value_at(resource, "mean-milli", i) / 1000, top),
                x_of(times, (double)i + 1));
    }
    fputs("\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/>\n", page->stream);
}

/** What the picture shows, in words. */
static void write_words(struct html_page *page, const struct resource *resource, const struct times *times)
{
    html_text(page, resource->component);
    fputs(", ", page->stream);
    html_text(page, resource->name);
    fprintf(page->stream, ": mean %.3g, most %.0f of %.0f, fullest ", resource->mean, resource->most,
            resource->capacity);
    html_duration(page, (double)fullest_bucket(resource) * times->bucket);
    fputs(" after the beginning", page->stream);
}

static void draw_resource(struct html_page *page, const struct resource *resource, const struct times *times)
{
    const unsigned number = page->pictures++;
    /* Against its capacity, unless that would make a line on the ground of it. */
    const bool against_capacity = resource->most * 8 >= resource->capacity;
    const double top = against_capacity ? fmax(resource->capacity, resource->most) : resource->most;

    fprintf(page->stream,
            "<figure>\n<svg class=\"plot\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
            "aria-labelledby=\"plot-%u\" font-family=\"sans-serif\" font-size=\"11\" fill=\"currentColor\">\n<title "
            "id=\"plot-%u\">",
            WIDTH, HEIGHT, WIDTH, HEIGHT, number, number);
    write_words(page, resource, times);
    fputs("</title>\n", page->stream);
    draw_series(page, resource, times, top);
    if (against_capacity) {
        fprintf(page->stream, "<path d=\"M%d %.1f H%d\" stroke=\"" LIMIT "\" stroke-dasharray=\"5 3\"/>\n", LEFT,
                y_of(resource->capacity, top), WIDTH - RIGHT);
    }
    fprintf(page->stream, "<path d=\"M%d %d V%d H%d\" fill=\"none\" stroke=\"currentColor\"/>\n", LEFT, TOP,
            HEIGHT - BOTTOM, WIDTH - RIGHT);
    fprintf(page->stream,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.0f</text><text x=\"%d\" y=\"%d\" "
            "text-anchor=\"end\">0</text>\n",
            LEFT - 5, TOP + 9, top, LEFT - 5, HEIGHT - BOTTOM);
    fprintf(page->stream, "<text x=\"%d\" y=\"%d\">0</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT,
            HEIGHT - 6, WIDTH - RIGHT, HEIGHT - 6);
    html_duration(page, times->duration);
    fputs("</text>\n</svg>\n<figcaption><code>", page->stream);
    html_text(page, resource->component);
    fputs("</code> ", page->stream);
    html_text(page, resource->name);
    fprintf(page->stream, ": mean %.3g, most %.0f of %.0f</figcaption>\n</figure>\n", resource->mean, resource->most,
            resource->capacity);
}

/* ---- The numbers ---- */

static void write_table(struct html_page *page, const struct resource *used, size_t count, const struct times *times)
{
    fputs("<details><summary>The numbers of all that were used</summary>\n<div class=\"scroll\"><table>\n<thead><tr>"
          "<th>where</th><th>what</th><th class=\"n\">mean</th><th class=\"n\">most</th><th class=\"n\">capacity</th>"
          "<th class=\"n\">most, as a part</th><th class=\"n\">fullest after</th></tr></thead>\n<tbody>\n",
          page->stream);
    for (size_t i = 0; i < count; i++) {
        fputs("<tr><td><code>", page->stream);
        html_text(page, used[i].component);
        fputs("</code></td><td>", page->stream);
        html_text(page, used[i].name);
        fprintf(page->stream,
                "</td><td class=\"n\">%.3f</td><td class=\"n\">%.0f</td><td class=\"n\">%.0f</td><td "
                "class=\"n\">%.0f %%</td><td class=\"n\">",
                used[i].mean, used[i].most, used[i].capacity, 100 * peak_of(&used[i]));
        html_duration(page, (double)fullest_bucket(&used[i]) * times->bucket);
        fputs("</td></tr>\n", page->stream);
    }
    fputs("</tbody></table></div></details>\n", page->stream);
}

void html_occupancy_section(struct html_page *page, const json_t *document)
{
    const json_t *occupancy = json_object_get(document, "occupancy");
    const json_t *list = json_object_get(occupancy, "resources");
    const struct times times = {html_number(occupancy, "duration-fs"), html_number(occupancy, "bucket-fs")};
    const size_t limit = json_array_size(list);
    struct resource *used;
    size_t count;

    if (limit == 0) {
        return;
    }
    used = sim_allocate(limit, sizeof(*used));
    count = list_used(list, used);
    fputs("<section>\n<h2>How full what was, over time</h2>\n<p>The fullest queues, caches, slots and channels, from "
          "the beginning of the traffic on. The line is the mean of each ",
          page->stream);
    html_duration(page, times.bucket);
    fprintf(page->stream,
            ", the shaded range goes from the least to the most; a dashed line is what there is room for. %zu of %zu "
            "were used at all.</p>\n<div class=\"small\">\n",
            count, limit);
    for (size_t i = 0; i < count && i < MOST_PICTURES; i++) {
        draw_resource(page, &used[i], &times);
    }
    fputs("</div>\n", page->stream);
    write_table(page, used, count, &times);
    fputs("</section>\n", page->stream);
    free(used);
}

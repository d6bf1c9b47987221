/* What can be had together: points by two metrics, and the parameters of those that no other beats in both. */
#include "report/html_sweep_internal.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Points of a front that have a number in the picture; all are in the table. */
#define MOST_LABELS 40

/** Values further apart than this, as a ratio, are on a logarithmic axis. */
#define FAR_APART 50

/** Points by two metrics, and those of the front. */
struct front {
    const json_t *axes;
    const json_t *points;
    const json_t *list; /**< positions of the front's points */
    const char *metrics[2];
};

static const json_t *front_point(const struct front *front, size_t index)
{
    const json_t *position = json_array_get(front->list, index);

    return json_is_integer(position) ? json_array_get(front->points, (size_t)json_integer_value(position)) : NULL;
}

/** Whether a point has both metrics. */
static bool is_placed(const struct front *front, const json_t *point)
{
    return point != NULL && html_sweep_mean(point, front->metrics[0]) >= 0 &&
           html_sweep_mean(point, front->metrics[1]) >= 0;
}

static void add(struct html_line *line, double *x, double *y, const struct front *front, const json_t *point)
{
    x[line->count] = html_sweep_mean(point, front->metrics[0]);
    y[line->count++] = html_sweep_mean(point, front->metrics[1]);
}

static bool is_far_apart(const double *values, size_t count)
{
    double low = INFINITY;
    double high = 0;

    for (size_t i = 0; i < count; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    return low > 0 && high / low >= FAR_APART;
}

static void draw(struct html_page *page, const struct front *front)
{
    const size_t limit = json_array_size(front->points);
    const size_t most = json_array_size(front->list);
    double *x = sim_allocate(limit + most + 1, sizeof(*x));
    double *y = sim_allocate(limit + most + 1, sizeof(*y));
    struct html_line lines[2] = {{.name = "every point of the sweep", .x = x, .y = y},
                                 {.name = "the front: no other point is lower in both; the numbers are those of the "
                                          "table",
                                  .x = x + limit,
                                  .y = y + limit,
                                  .ring = true}};
    struct html_plot plot = {.title = "Pareto front: what can be had together (down and to the left is better)",
                             .x_name = front->metrics[0],
                             .y_name = front->metrics[1],
                             .x_time = html_sweep_is_time(front->metrics[0]),
                             .y_time = html_sweep_is_time(front->metrics[1]),
                             .y_log = true,
                             .points_only = true,
                             .lines = lines,
                             .line_count = 2};

    for (size_t i = 0; i < limit; i++) {
        if (is_placed(front, json_array_get(front->points, i))) {
            add(&lines[0], x, y, front, json_array_get(front->points, i));
        }
    }
    for (size_t i = 0; i < most; i++) {
        if (is_placed(front, front_point(front, i))) {
            add(&lines[1], x + limit, y + limit, front, front_point(front, i));
        }
    }
    plot.x_log = is_far_apart(x, lines[0].count);
    lines[1].numbered = lines[1].count <= MOST_LABELS;
    if (!lines[1].numbered) {
        lines[1].name = "the front: no other point is lower in both; they are in the table";
    }
    if (lines[0].count > 0) {
        html_draw_plot(page, &plot);
    }
    free(x);
    free(y);
}

static void write_value(struct html_page *page, const json_t *point, const char *metric)
{
    const struct html_axis axis = {.time = html_sweep_is_time(metric)};
    char text[32];

    html_axis_text(&axis, html_sweep_mean(point, metric), text, sizeof(text));
    fprintf(page->stream, "<td class=\"n\">%s</td>", text);
}

/** The parameters of each point of the front, and what it costs. */
static void write_table(struct html_page *page, const struct front *front)
{
    size_t number = 0;

    fputs("<div class=\"scroll\"><table>\n<thead><tr><th class=\"n\">no.</th>", page->stream);
    for (size_t i = 0; i < json_array_size(front->axes); i++) {
        fputs("<th>", page->stream);
        html_text(page, html_sweep_text(front->axes, i));
        fputs("</th>", page->stream);
    }
    for (size_t i = 0; i < 2; i++) {
        fputs("<th class=\"n\">", page->stream);
        html_text(page, front->metrics[i]);
        fputs("</th>", page->stream);
    }
    fputs("</tr></thead>\n<tbody>\n", page->stream);
    for (size_t i = 0; i < json_array_size(front->list); i++) {
        const json_t *point = front_point(front, i);

        if (!is_placed(front, point)) {
            continue;
        }
        fprintf(page->stream, "<tr><td class=\"n\">%zu</td>", ++number);
        for (size_t j = 0; j < json_array_size(front->axes); j++) {
            fputs("<td>", page->stream);
            html_text(page, html_sweep_value(point, j));
            fputs("</td>", page->stream);
        }
        write_value(page, point, front->metrics[0]);
        write_value(page, point, front->metrics[1]);
        fputs("</tr>\n", page->stream);
    }
    fputs("</tbody></table></div>\n", page->stream);
}

void html_sweep_front(struct html_page *page, const json_t *sweep)
{
    const json_t *metrics = json_object_get(sweep, "metrics");
    const struct front front = {.axes = json_object_get(sweep, "axes"),
                                .points = json_object_get(sweep, "points"),
                                .list = json_object_get(sweep, "pareto"),
                                .metrics = {html_sweep_text(metrics, 0), html_sweep_text(metrics, 1)}};

    fputs("<section>\n<h2>Trade-offs</h2>\n", page->stream);
    draw(page, &front);
    if (json_array_size(front.list) > 0) {
        write_table(page, &front);
    }
    fputs("</section>\n", page->stream);
}

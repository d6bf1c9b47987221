/*
 * The sections of a sweep. Its document: "sweep": {"axes": [keys], "points": [{"values": [texts], "numbers": [numbers
 * or null], "metrics": {NAME: [mean, interval or null]}}], "pareto": [positions], "runs", "failed"}.
 */
#include "report/html_internal.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** Lines that one plot can hold so that they are told apart. */
#define MOST_LINES 7

/** Values of an axis that a heat map lists. */
#define MOST_VALUES 40

static const json_t *point_at(const json_t *points, size_t index)
{
    return json_array_get(points, index);
}

/** An element of a list as a text; "" if it is none. */
static const char *text_at(const json_t *list, size_t index)
{
    const char *text = json_string_value(json_array_get(list, index));

    return text == NULL ? "" : text;
}

static const char *value_of(const json_t *point, size_t axis)
{
    return text_at(json_object_get(point, "values"), axis);
}

/** A point's place on an axis: the number that its value is, or the position among the axis' values. */
static double place_of(const json_t *point, size_t axis, const char *const *values, size_t count)
{
    const json_t *number = json_array_get(json_object_get(point, "numbers"), axis);

    if (json_is_number(number)) {
        return html_value(number);
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(values[i], value_of(point, axis)) == 0) {
            return (double)i;
        }
    }
    return 0;
}

/** The mean of a metric at a point; negative if it has none. */
static double mean_of(const json_t *point, const char *metric)
{
    const json_t *pair = json_object_get(json_object_get(point, "metrics"), metric);

    return json_is_array(pair) ? html_value(json_array_get(pair, 0)) : -1;
}

static double interval_of(const json_t *point, const char *metric)
{
    const json_t *pair = json_object_get(json_object_get(point, "metrics"), metric);
    const json_t *interval = json_array_get(pair, 1);

    return json_is_number(interval) ? html_value(interval) : -1;
}

/** The different values of an axis, in the order of the points. @return how many; at most @p limit are kept */
static size_t list_values(const json_t *points, size_t axis, const char **values, size_t limit)
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(points); i++) {
        const char *text = value_of(point_at(points, i), axis);
        bool known = false;

        for (size_t j = 0; j < count && j < limit && !known; j++) {
            known = strcmp(values[j], text) == 0;
        }
        if (!known) {
            if (count < limit) {
                values[count] = text;
            }
            count++;
        }
    }
    return count;
}

/** Values of an axis for lines of their own: all, or some spread evenly over them. @return how many */
static size_t choose_values(const json_t *points, size_t axis, const char **chosen)
{
    const char *values[MOST_VALUES] = {0};
    size_t count = list_values(points, axis, values, MOST_VALUES);
    size_t lines;

    count = count < MOST_VALUES ? count : MOST_VALUES;
    lines = count < MOST_LINES ? count : MOST_LINES;
    for (size_t i = 0; i < lines; i++) {
        chosen[i] = values[lines == 1 ? 0 : i * (count - 1) / (lines - 1)];
    }
    return lines;
}

/** A line under way. */
struct series {
    double *x;
    double *y;
    double *spread;
    size_t count;
};

static void add_point(struct series *series, double x, double y, double spread)
{
    size_t at = series->count++;

    for (; at > 0 && series->x[at - 1] > x; at--) {
        series->x[at] = series->x[at - 1];
        series->y[at] = series->y[at - 1];
        series->spread[at] = series->spread[at - 1];
    }
    series->x[at] = x;
    series->y[at] = y;
    series->spread[at] = spread;
}

/** What the numbers of an axis are, by the unit that its values are written with. */
static void find_unit(const char *value, struct html_plot *plot)
{
    static const char *const units[] = {"Hz", "B/s", "T/s"};
    const char *blank = value == NULL ? NULL : strrchr(value, ' ');
    size_t length = blank == NULL ? 0 : strlen(blank + 1);

    if (length == 0) {
        return;
    }
    if (strcmp(blank + 1, "s") == 0 || (length == 2 && blank[2] == 's' && strchr("fpnum", blank[1]) != NULL)) {
        plot->x_time = true;
        return;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t end = strlen(units[i]);

        if (length >= end && strcmp(blank + 1 + length - end, units[i]) == 0) {
            plot->x_unit = units[i];
        }
    }
}

/** Whether places lie so far apart that equal ratios show them better than equal differences. */
static bool spans_decades(const struct series *series, size_t count)
{
    double low = INFINITY;
    double high = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < series[i].count; j++) {
            low = fmin(low, series[i].x[j]);
            high = fmax(high, series[i].x[j]);
        }
    }
    return low > 0 && high / low >= 50;
}

/**
 * A metric over one axis, a line for each value of another, where all further axes have their first value.
 * @param other SIZE_MAX: there is no other axis, or it has too many values: one line
 */
static void draw_lines(struct html_page *page, const json_t *axes, const json_t *points, const char *metric,
                       size_t axis, size_t other)
{
    const size_t limit = json_array_size(points);
    const char *x_values[MOST_VALUES] = {0};
    const char *names[MOST_LINES] = {0};
    size_t x_count = list_values(points, axis, x_values, MOST_VALUES);
    size_t name_count = other == SIZE_MAX ? 1 : choose_values(points, other, names);
    struct series series[MOST_LINES];
    struct html_line lines[MOST_LINES];
    char title[300];
    struct html_plot plot = {.title = title,
                             .x_name = text_at(axes, axis),
                             .y_name = metric,
                             .y_time = strncmp(metric, "msi.latency.", 12) == 0,
                             .lines = lines};

    x_count = x_count < MOST_VALUES ? x_count : MOST_VALUES;
    for (size_t i = 0; i < name_count; i++) {
        series[i].x = sim_allocate(limit + 1, sizeof(double));
        series[i].y = sim_allocate(limit + 1, sizeof(double));
        series[i].spread = sim_allocate(limit + 1, sizeof(double));
        series[i].count = 0;
    }
    for (size_t i = 0; i < limit; i++) {
        const json_t *point = point_at(points, i);
        bool wanted = mean_of(point, metric) >= 0;
        size_t line = other == SIZE_MAX ? 0 : name_count;

        for (size_t j = 0; j < json_array_size(axes) && wanted; j++) {
            wanted = j == axis || j == other || strcmp(value_of(point, j), value_of(point_at(points, 0), j)) == 0;
        }
        for (size_t j = 0; j < name_count && other != SIZE_MAX; j++) {
            line = strcmp(value_of(point, other), names[j]) == 0 ? j : line;
        }
        if (wanted && line < name_count) {
            add_point(&series[line], place_of(point, axis, x_values, x_count), mean_of(point, metric),
                      interval_of(point, metric));
        }
    }
    for (size_t i = 0; i < name_count; i++) {
        lines[i] = (struct html_line){other == SIZE_MAX ? metric : names[i], series[i].x, series[i].y, series[i].spread,
                                      series[i].count};
    }
    plot.line_count = name_count;
    plot.x_log = spans_decades(series, name_count);
    find_unit(x_values[0], &plot);
    snprintf(title, sizeof(title), "%s over %s%s%s", metric, plot.x_name, other == SIZE_MAX ? "" : ", a line for each ",
             other == SIZE_MAX ? "" : text_at(axes, other));
    html_draw_plot(page, &plot);
    for (size_t i = 0; i < name_count; i++) {
        free(series[i].x);
        free(series[i].y);
        free(series[i].spread);
    }
}

/** Two axes against each other; what differs in further axes is averaged. */
static void draw_heat(struct html_page *page, const json_t *axes, const json_t *points, const char *metric, size_t row,
                      size_t column)
{
    const char *rows[MOST_VALUES];
    const char *columns[MOST_VALUES];
    size_t row_count = list_values(points, row, rows, MOST_VALUES);
    size_t column_count = list_values(points, column, columns, MOST_VALUES);
    double *cells;
    char title[200];

    if (row_count > MOST_VALUES || column_count > MOST_VALUES) {
        return;
    }
    cells = sim_allocate(row_count * column_count, sizeof(*cells));
    for (size_t i = 0; i < row_count; i++) {
        for (size_t j = 0; j < column_count; j++) {
            double sum = 0;
            size_t count = 0;

            for (size_t k = 0; k < json_array_size(points); k++) {
                const json_t *point = point_at(points, k);

                if (strcmp(value_of(point, row), rows[i]) == 0 && strcmp(value_of(point, column), columns[j]) == 0 &&
                    mean_of(point, metric) >= 0) {
                    sum += mean_of(point, metric);
                    count++;
                }
            }
            cells[i * column_count + j] = count == 0 ? -1 : sum / (double)count;
        }
    }
    snprintf(title, sizeof(title), "%s%s", metric,
             json_array_size(axes) > 2 ? ", averaged over the axes that are not shown" : "");
    html_draw_heat(page, title, text_at(axes, column), columns, column_count, text_at(axes, row), rows, row_count,
                   cells, strncmp(metric, "msi.latency.", 12) == 0);
    free(cells);
}

/** All points by two metrics, and which of them no other beats in both. */
static void draw_front(struct html_page *page, const json_t *sweep, const json_t *points, const char *first,
                       const char *second)
{
    const json_t *front = json_object_get(sweep, "pareto");
    const size_t limit = json_array_size(points);
    double *x = sim_allocate(2 * limit + 2, sizeof(*x));
    double *y = sim_allocate(2 * limit + 2, sizeof(*y));
    struct html_line lines[2] = {{"every point", x, y, NULL, 0},
                                 {"no other point is lower in both", x + limit, y + limit, NULL, 0}};
    struct html_plot plot = {.title = "Pareto front: what can be had together",
                             .x_name = first,
                             .y_name = second,
                             .x_time = strncmp(first, "msi.latency.", 12) == 0,
                             .y_time = strncmp(second, "msi.latency.", 12) == 0,
                             .points_only = true,
                             .lines = lines,
                             .line_count = 2};

    for (size_t i = 0; i < limit; i++) {
        double one = mean_of(point_at(points, i), first);
        double other = mean_of(point_at(points, i), second);

        if (one >= 0 && other >= 0) {
            x[lines[0].count] = one;
            y[lines[0].count++] = other;
        }
    }
    for (size_t i = 0; i < json_array_size(front) && i < limit; i++) {
        const json_t *point = point_at(points, (size_t)json_integer_value(json_array_get(front, i)));

        x[limit + lines[1].count] = mean_of(point, first);
        y[limit + lines[1].count++] = mean_of(point, second);
    }
    if (lines[0].count > 0) {
        html_draw_plot(page, &plot);
    }
    free(x);
    free(y);
}

/** How far a metric's mean goes from value to value of an axis; negative if the axis has one value only. */
static double effect_of(const json_t *points, size_t axis, const char *metric)
{
    const char *values[MOST_VALUES];
    size_t count = list_values(points, axis, values, MOST_VALUES);
    double low = INFINITY;
    double high = -INFINITY;

    if (count < 2) {
        return -1;
    }
    for (size_t i = 0; i < count && i < MOST_VALUES; i++) {
        double sum = 0;
        size_t found = 0;

        for (size_t j = 0; j < json_array_size(points); j++) {
            const json_t *point = point_at(points, j);

            if (mean_of(point, metric) >= 0 && strcmp(value_of(point, axis), values[i]) == 0) {
                sum += mean_of(point, metric);
                found++;
            }
        }
        if (found > 0) {
            low = fmin(low, sum / (double)found);
            high = fmax(high, sum / (double)found);
        }
    }
    return high >= low ? high - low : 0;
}

/** The axis that matters most goes along, the next is one line for each value. */
static void choose_axes(const json_t *axes, const json_t *points, const char *metric, size_t *along, size_t *lines)
{
    double most = -INFINITY;
    double next = -0.5; /* an axis with one value makes no lines */

    *along = 0;
    *lines = SIZE_MAX;
    for (size_t i = 0; i < json_array_size(axes); i++) {
        double effect = effect_of(points, i, metric);

        if (effect > most) {
            most = effect;
            *along = i;
        }
    }
    for (size_t i = 0; i < json_array_size(axes); i++) {
        double effect = i == *along ? -1 : effect_of(points, i, metric);

        if (effect > next) {
            next = effect;
            *lines = i;
        }
    }
}

void html_sweep_sections(struct html_page *page, const json_t *document)
{
    const json_t *sweep = json_object_get(document, "sweep");
    const json_t *axes = json_object_get(sweep, "axes");
    const json_t *points = json_object_get(sweep, "points");
    const json_t *metrics = json_object_get(sweep, "metrics");
    size_t along;
    size_t lines;

    fprintf(page->stream, "<p>%zu points, %.0f runs, of which %.0f failed.</p>\n", json_array_size(points),
            html_number(sweep, "runs"), html_number(sweep, "failed"));
    if (json_array_size(points) == 0 || json_array_size(axes) == 0) {
        return;
    }
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        const char *metric = text_at(metrics, i);

        choose_axes(axes, points, metric, &along, &lines);
        fputs("<section>\n<h2>", page->stream);
        html_text(page, metric);
        fputs("</h2>\n", page->stream);
        draw_lines(page, axes, points, metric, along, lines);
        if (lines != SIZE_MAX) {
            draw_heat(page, axes, points, metric, lines, along);
        }
        fputs("</section>\n", page->stream);
    }
    if (json_array_size(metrics) > 1) {
        fputs("<section>\n<h2>Trade-offs</h2>\n", page->stream);
        draw_front(page, sweep, points, text_at(metrics, 0), text_at(metrics, 1));
        fputs("</section>\n", page->stream);
    }
}

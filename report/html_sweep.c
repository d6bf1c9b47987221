/*
 * The sections of a sweep. Its document: "doorbell", "title", "file", "sweep": {"axes": [keys], "metrics": [names],
 * "points": [{"values": [texts], "numbers": [numbers or null], "metrics": {NAME: [mean, interval or null]}, "verdicts":
 * {ASSUMPTION: {OUTCOME: runs}}}], "pareto": [positions], "replications", "runs", "failed", "failures": [{"status",
 * "message", "command"}]}.
 */
#include "report/html_internal.h"
#include "report/html_sweep_internal.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** Lines that one plot can hold so that they are told apart. */
#define MOST_LINES 7

#define MOST_VALUES HTML_SWEEP_VALUES

/** Values of an axis that are listed; of more, the first and the last. */
#define MOST_LISTED 12

static const json_t *point_at(const json_t *points, size_t index)
{
    return json_array_get(points, index);
}

const char *html_sweep_text(const json_t *list, size_t index)
{
    const char *text = json_string_value(json_array_get(list, index));

    return text == NULL ? "" : text;
}

const char *html_sweep_value(const json_t *point, size_t axis)
{
    return html_sweep_text(json_object_get(point, "values"), axis);
}

/** A point's place on an axis: the number that its value is, or the position among the axis' values. */
static double place_of(const json_t *point, size_t axis, const char *const *values, size_t count)
{
    const json_t *number = json_array_get(json_object_get(point, "numbers"), axis);

    if (json_is_number(number)) {
        return html_value(number);
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(values[i], html_sweep_value(point, axis)) == 0) {
            return (double)i;
        }
    }
    return 0;
}

double html_sweep_mean(const json_t *point, const char *metric)
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

bool html_sweep_is_time(const char *metric)
{
    return strncmp(metric, "msi.latency.", strlen("msi.latency.")) == 0 || strcmp(metric, "end-time") == 0 ||
           strcmp(metric, "run.duration") == 0 || strcmp(metric, "run.warmup") == 0;
}

size_t html_sweep_values(const json_t *points, size_t axis, const char **values, size_t limit)
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(points); i++) {
        const char *text = html_sweep_value(point_at(points, i), axis);
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
    size_t count = html_sweep_values(points, axis, values, MOST_VALUES);
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
    size_t x_count = html_sweep_values(points, axis, x_values, MOST_VALUES);
    size_t name_count = other == SIZE_MAX ? 1 : choose_values(points, other, names);
    struct series series[MOST_LINES];
    struct html_line lines[MOST_LINES];
    char title[300];
    struct html_plot plot = {.title = title,
                             .x_name = html_sweep_text(axes, axis),
                             .y_name = metric,
                             .y_time = html_sweep_is_time(metric),
                             .y_log = true,
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
        bool wanted = html_sweep_mean(point, metric) >= 0;
        size_t line = other == SIZE_MAX ? 0 : name_count;

        for (size_t j = 0; j < json_array_size(axes) && wanted; j++) {
            wanted = j == axis || j == other ||
                     strcmp(html_sweep_value(point, j), html_sweep_value(point_at(points, 0), j)) == 0;
        }
        for (size_t j = 0; j < name_count && other != SIZE_MAX; j++) {
            line = strcmp(html_sweep_value(point, other), names[j]) == 0 ? j : line;
        }
        if (wanted && line < name_count) {
            add_point(&series[line], place_of(point, axis, x_values, x_count), html_sweep_mean(point, metric),
                      interval_of(point, metric));
        }
    }
    for (size_t i = 0; i < name_count; i++) {
        lines[i] = (struct html_line){.name = other == SIZE_MAX ? metric : names[i],
                                      .x = series[i].x,
                                      .y = series[i].y,
                                      .spread = series[i].spread,
                                      .count = series[i].count};
    }
    plot.line_count = name_count;
    plot.x_log = spans_decades(series, name_count);
    find_unit(x_values[0], &plot);
    snprintf(title, sizeof(title), "%s over %s%s%s", metric, plot.x_name, other == SIZE_MAX ? "" : ", a line for each ",
             other == SIZE_MAX ? "" : html_sweep_text(axes, other));
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
    size_t row_count = html_sweep_values(points, row, rows, MOST_VALUES);
    size_t column_count = html_sweep_values(points, column, columns, MOST_VALUES);
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

                if (strcmp(html_sweep_value(point, row), rows[i]) == 0 &&
                    strcmp(html_sweep_value(point, column), columns[j]) == 0 && html_sweep_mean(point, metric) >= 0) {
                    sum += html_sweep_mean(point, metric);
                    count++;
                }
            }
            cells[i * column_count + j] = count == 0 ? -1 : sum / (double)count;
        }
    }
    snprintf(title, sizeof(title), "%s%s", metric,
             json_array_size(axes) > 2 ? ", averaged over the axes that are not shown" : "");
    html_draw_heat(page, &(struct html_heat){.title = title,
                                             .x_name = html_sweep_text(axes, column),
                                             .columns = columns,
                                             .column_count = column_count,
                                             .y_name = html_sweep_text(axes, row),
                                             .rows = rows,
                                             .row_count = row_count,
                                             .cells = cells,
                                             .times = html_sweep_is_time(metric)});
    free(cells);
}

/** How far a metric's mean goes from value to value of an axis; negative if the axis has one value only. */
static double effect_of(const json_t *points, size_t axis, const char *metric)
{
    const char *values[MOST_VALUES];
    size_t count = html_sweep_values(points, axis, values, MOST_VALUES);
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

            if (html_sweep_mean(point, metric) >= 0 && strcmp(html_sweep_value(point, axis), values[i]) == 0) {
                sum += html_sweep_mean(point, metric);
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

/* ---- The whole ---- */

/** What a metric is, in words, behind its name; "" if it says so itself. */
static const char *meaning_of(const char *metric)
{
    static const struct {
        const char *metric;
        const char *meaning;
    } known[] = {
        {"msi.latency.min", ": the least latency, from the event in the device to its handler"},
        {"msi.latency.mean", ": mean latency, from the event in the device to its handler"},
        {"msi.latency.p50", ": latency that half of the interrupts stay within"},
        {"msi.latency.p99", ": latency that 99 % of the interrupts stay within"},
        {"msi.latency.p99.9", ": latency that 99.9 % of the interrupts stay within"},
        {"msi.latency.max", ": the greatest latency, from the event in the device to its handler"},
        {"msi.lost", ": interrupts that were lost"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].metric, metric) == 0) {
            return known[i].meaning;
        }
    }
    return "";
}

/** An axis with the values that it takes. */
static void write_axis(struct html_page *page, const json_t *axes, const json_t *points, size_t axis)
{
    const char *values[MOST_VALUES] = {0};
    const size_t count = html_sweep_values(points, axis, values, MOST_VALUES);
    const size_t listed = count <= MOST_LISTED ? count : 3;

    fputs("<li><code>", page->stream);
    html_text(page, html_sweep_text(axes, axis));
    fprintf(page->stream, "</code>: %zu value%s: ", count, count == 1 ? "" : "s");
    for (size_t i = 0; i < listed; i++) {
        fputs(i == 0 ? "" : ", ", page->stream);
        html_text(page, values[i]);
    }
    if (listed < count) {
        fputs(", … ", page->stream);
        html_text(page, html_sweep_value(point_at(points, json_array_size(points) - 1), axis));
    }
    fputs("</li>\n", page->stream);
}

/** What was swept, how often, and what became of it. */
static void write_intro(struct html_page *page, const json_t *document)
{
    const json_t *sweep = json_object_get(document, "sweep");
    const json_t *axes = json_object_get(sweep, "axes");
    const json_t *points = json_object_get(sweep, "points");
    const char *replications = html_member(sweep, "replications");

    fputs("<p>", page->stream);
    if (html_member(document, "file")[0] != '\0') {
        fputs("A sweep of <code>", page->stream);
        html_text(page, html_member(document, "file"));
        fputs("</code>: ", page->stream);
    }
    fprintf(page->stream, "<strong>%zu point%s</strong>, %.0f runs, of which %s%.0f failed%s.", json_array_size(points),
            json_array_size(points) == 1 ? "" : "s", html_number(sweep, "runs"),
            html_number(sweep, "failed") > 0 ? "<strong>" : "", html_number(sweep, "failed"),
            html_number(sweep, "failed") > 0 ? "</strong>" : "");
    if (strcmp(replications, "") != 0 && strcmp(replications, "1") != 0) {
        fputs(" Each point was run ", page->stream);
        html_text(page, replications);
        fputs(" times, with a seed of its own each: intervals are those of the mean, with 95 % confidence.",
              page->stream);
    }
    if (html_number(sweep, "unmet") > 0) {
        fprintf(page->stream, " In %.0f runs an expectation was not met.", html_number(sweep, "unmet"));
    }
    fputs("</p>\n", page->stream);
    if (json_array_size(axes) > 0 && json_array_size(points) > 0) {
        fputs("<p>What was varied:</p>\n<ul>\n", page->stream);
        for (size_t i = 0; i < json_array_size(axes); i++) {
            write_axis(page, axes, points, i);
        }
        fputs("</ul>\n", page->stream);
    }
}

static void write_failures(struct html_page *page, const json_t *sweep)
{
    const json_t *failures = json_object_get(sweep, "failures");
    size_t index;
    const json_t *failure;

    if (json_array_size(failures) == 0) {
        return;
    }
    fputs("<section>\n<h2>Runs that failed</h2>\n<ul>\n", page->stream);
    json_array_foreach((json_t *)(uintptr_t)failures, index, failure)
    {
        fputs("<li>", page->stream);
        html_text(page, html_member(failure, "status"));
        fputs(": ", page->stream);
        html_text(page, html_member(failure, "message"));
        fputs("<br/><code>", page->stream);
        html_text(page, html_member(failure, "command"));
        fputs("</code></li>\n", page->stream);
    }
    fputs("</ul>\n", page->stream);
    if (html_number(sweep, "failed") > (double)json_array_size(failures)) {
        fprintf(page->stream, "<p>These are the first %zu of %.0f.</p>\n", json_array_size(failures),
                html_number(sweep, "failed"));
    }
    fputs("</section>\n", page->stream);
}

void html_sweep_sections(struct html_page *page, const json_t *document)
{
    const json_t *sweep = json_object_get(document, "sweep");
    const json_t *axes = json_object_get(sweep, "axes");
    const json_t *points = json_object_get(sweep, "points");
    const json_t *metrics = json_object_get(sweep, "metrics");
    size_t along;
    size_t lines;

    write_intro(page, document);
    write_failures(page, sweep);
    if (json_array_size(points) == 0 || json_array_size(axes) == 0) {
        return;
    }
    html_sweep_verdicts(page, sweep);
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        const char *metric = html_sweep_text(metrics, i);

        choose_axes(axes, points, metric, &along, &lines);
        fputs("<section>\n<h2>", page->stream);
        html_text(page, metric);
        fprintf(page->stream, "%s</h2>\n", meaning_of(metric));
        draw_lines(page, axes, points, metric, along, lines);
        if (lines != SIZE_MAX) {
            draw_heat(page, axes, points, metric, lines, along);
        }
        fputs("</section>\n", page->stream);
    }
    if (json_array_size(metrics) > 1) {
        html_sweep_front(page, sweep);
    }
}

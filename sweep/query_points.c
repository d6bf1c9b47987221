/* Points with metrics: all of them, the worst, the best, the Pareto front. */
#include "sweep/query_internal.h"

#include "result/histogram.h"
#include "sim/allocate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** How many points "worst" and "best" list. */
#define EXTREMES 10

/** Metrics that one question can be about. */
#define MOST_METRICS 8

/** A metric at a point. */
struct value {
    size_t count; /**< replications that have it */
    double mean;
    double interval; /**< half width; negative: not known */
};

struct point {
    uint64_t number;
    const struct query_cell *parameters; /**< by axis */
    struct value values[MOST_METRICS];
};

/** The points of a sweep that have a run with a result. */
struct points {
    struct query_table axes;       /**< key */
    struct query_table parameters; /**< point, axis, value: every axis of every point, in order */
    struct point *list;
    size_t count;
    const char *const *metrics;
    size_t metric_count;
};

static void clear(struct points *points)
{
    query_table_clear(&points->axes);
    query_table_clear(&points->parameters);
    free(points->list);
}

/** The points, with their parameters. */
static bool list_points(struct store *store, struct points *points)
{
    const size_t columns = 3;
    size_t axes;

    if (!query_sql(store, &points->axes, "SELECT key FROM axes ORDER BY axis") ||
        !query_sql(store, &points->parameters,
                   "SELECT point, axis, value FROM parameters WHERE point IN (SELECT point FROM runs WHERE"
                   " status IN ('done', 'stuck')) ORDER BY point, axis")) {
        return false;
    }
    axes = points->axes.rows;
    points->count = axes == 0 ? 0 : points->parameters.rows / axes;
    points->list = sim_allocate(points->count + 1, sizeof(*points->list));
    for (size_t i = 0; i < points->count; i++) {
        const struct query_cell *row = &points->parameters.cells[i * axes * columns];

        points->list[i].number = strtoull(query_text(&row[0]), NULL, 10);
        points->list[i].parameters = row;
    }
    return true;
}

static int by_number(const void *a, const void *b)
{
    const struct point *one = a;
    const struct point *other = b;

    return one->number < other->number ? -1 : one->number > other->number;
}

/** Steps of the histogram from which a percentile is: 1 / so many of its value. */
#define STEPS (1 << HISTOGRAM_STEP_BITS)

/**
 * What the replications of one point say of a metric: rows of point, value, own interval.
 * @param percentile each value is that of a step of a histogram; what the step hides comes on top of their spread
 */
static void combine(const struct query_cell *rows, size_t count, bool percentile, struct value *value)
{
    double *values = sim_allocate(count, sizeof(*values));
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        values[i] = strtod(query_text(&rows[3 * i + 1]), NULL);
        sum += values[i];
    }
    value->count = count;
    value->mean = sum / (double)count;
    value->interval = query_interval(values, count);
    if (count == 1 && rows[2].text != NULL) {
        value->interval = strtod(rows[2].text, NULL);
    }
    if (percentile && value->interval >= 0) {
        value->interval += fabs(value->mean) / STEPS;
    }
    free(values);
}

static bool is_same(const struct query_cell *one, const struct query_cell *other)
{
    return strcmp(query_text(one), query_text(other)) == 0;
}

/** Fills one metric in. */
static bool read_metric(struct store *store, struct points *points, size_t metric, const char *device)
{
    struct query_table table = {.names = NULL};
    char name[256];
    char of[256];
    size_t next = 0;
    bool good;

    query_quote(points->metrics[metric], name, sizeof(name));
    query_quote(device == NULL ? "" : device, of, sizeof(of));
    good = query_sql(store, &table,
                     "SELECT point, m.value, (SELECT c.value FROM metrics c WHERE c.run = m.run AND"
                     " c.device = m.device AND m.metric = 'msi.latency.mean' AND c.metric = 'msi.latency.ci95')"
                     " FROM metrics m JOIN runs USING (run) WHERE m.metric = %s AND m.device = %s"
                     " AND status IN ('done', 'stuck') ORDER BY point, run",
                     name, of);
    for (size_t i = 0; i < table.rows; i = next) {
        struct point wanted = {.number = strtoull(query_text(&table.cells[3 * i]), NULL, 10)};
        struct point *point;

        for (next = i; next < table.rows && is_same(&table.cells[3 * next], &table.cells[3 * i]); next++) {
        }
        point = bsearch(&wanted, points->list, points->count, sizeof(wanted), by_number);
        if (point != NULL) {
            combine(&table.cells[3 * i], next - i, query_is_percentile(points->metrics[metric]),
                    &point->values[metric]);
        }
    }
    query_table_clear(&table);
    return good;
}

/* ---- What is asked of them ---- */

static int by_mean(const void *a, const void *b)
{
    const struct point *one = a;
    const struct point *other = b;

    if (one->values[0].mean != other->values[0].mean) {
        return one->values[0].mean < other->values[0].mean ? -1 : 1;
    }
    return by_number(a, b);
}

static int by_mean_down(const void *a, const void *b)
{
    return by_mean(b, a);
}

/** Keeps the points that have all metrics. */
static void keep_measured(struct points *points)
{
    size_t kept = 0;

    for (size_t i = 0; i < points->count; i++) {
        bool measured = true;

        for (size_t j = 0; j < points->metric_count; j++) {
            measured = measured && points->list[i].values[j].count > 0;
        }
        if (measured) {
            points->list[kept++] = points->list[i];
        }
    }
    points->count = kept;
}

/** Whether a point is at least as low in every metric, and lower in one. */
static bool beats(const struct points *points, const struct point *point, const struct point *other)
{
    bool lower = false;

    for (size_t i = 0; i < points->metric_count; i++) {
        if (point->values[i].mean > other->values[i].mean) {
            return false;
        }
        lower = lower || point->values[i].mean < other->values[i].mean;
    }
    return lower;
}

/** By the metrics in turn: whatever beats a point comes before it. Points that lack a metric are no longer there. */
static int by_metrics(const void *a, const void *b)
{
    const struct point *one = a;
    const struct point *other = b;

    for (size_t i = 0; i < MOST_METRICS; i++) {
        if (one->values[i].mean != other->values[i].mean) {
            return one->values[i].mean < other->values[i].mean ? -1 : 1;
        }
    }
    return by_number(a, b);
}

/** Keeps the points that no other beats. What beats a point, or something that beats that, is kept before it. */
static void keep_front(struct points *points)
{
    size_t kept = 0;

    qsort(points->list, points->count, sizeof(*points->list), by_metrics);
    for (size_t i = 0; i < points->count; i++) {
        bool beaten = false;

        for (size_t j = 0; j < kept && !beaten; j++) {
            beaten = beats(points, &points->list[j], &points->list[i]);
        }
        if (!beaten) {
            points->list[kept++] = points->list[i];
        }
    }
    points->count = kept;
}

static bool choose(const char *question, struct points *points, char *why, size_t size)
{
    if (strcmp(question, "points") == 0) {
        return true;
    }
    keep_measured(points);
    if (strcmp(question, "worst") == 0 || strcmp(question, "best") == 0) {
        qsort(points->list, points->count, sizeof(*points->list), question[0] == 'w' ? by_mean_down : by_mean);
        points->count = points->count < EXTREMES ? points->count : EXTREMES;
        return true;
    }
    if (strcmp(question, "pareto") != 0) {
        snprintf(why, size, "E0406 there is no question '%s'", question);
        return false;
    }
    if (points->metric_count < 2) {
        snprintf(why, size, "E0407 pareto is about two metrics at least");
        return false;
    }
    keep_front(points);
    return true;
}

/* ---- The answer ---- */

static void number_text(double number, char *text, size_t size)
{
    if (fabs(number) < 0x1p63 && number == (double)(int64_t)number) {
        snprintf(text, size, "%" PRId64, (int64_t)number);
    } else {
        snprintf(text, size, "%.6g", number);
    }
}

static void fill_table(const struct points *points, struct query_table *table)
{
    const size_t axes = points->axes.rows;
    size_t filled = 0;
    char text[300];

    query_table_column(table, "point");
    for (size_t i = 0; i < axes; i++) {
        query_table_column(table, query_text(&points->axes.cells[i]));
    }
    for (size_t i = 0; i < points->metric_count; i++) {
        const char *metric = points->metrics[i];
        const bool time = query_is_time(metric);
        char key[300];

        query_table_column(table, metric);
        snprintf(text, sizeof(text), "%s ± 95 %%", metric);
        snprintf(key, sizeof(key), "%s-ci95%s", metric, time ? "-fs" : "");
        query_table_column_keyed(table, text, key, time);
    }
    for (size_t i = 0; i < points->count; i++) {
        const struct point *point = &points->list[i];

        snprintf(text, sizeof(text), "%" PRIu64, point->number);
        query_table_add(table, filled++, text, true);
        for (size_t j = 0; j < axes; j++) {
            query_table_add(table, filled++, point->parameters[3 * j + 2].text, false);
        }
        for (size_t j = 0; j < points->metric_count; j++) {
            number_text(point->values[j].mean, text, sizeof(text));
            query_table_add(table, filled++, point->values[j].count > 0 ? text : NULL, true);
            number_text(point->values[j].interval, text, sizeof(text));
            query_table_add(table, filled++, point->values[j].count > 0 && point->values[j].interval >= 0 ? text : NULL,
                            true);
        }
    }
}

/** Whether any run has the metric. */
static bool is_measured(const struct points *points, size_t metric)
{
    for (size_t i = 0; i < points->count; i++) {
        if (points->list[i].values[metric].count > 0) {
            return true;
        }
    }
    return points->count == 0;
}

bool query_points(struct store *store, const struct query *query, struct query_table *table, char *why, size_t size)
{
    static const char *const standard[] = {QUERY_METRIC};
    struct points points = {.metrics = query->metric_count == 0 ? standard : query->metrics,
                            .metric_count = query->metric_count == 0 ? 1 : query->metric_count};
    bool good = points.metric_count <= MOST_METRICS;

    if (!good) {
        snprintf(why, size, "E0407 that is about too many metrics: %d are possible", MOST_METRICS);
    }
    if (good && !list_points(store, &points)) {
        snprintf(why, size, "%s", store_error(store));
        good = false;
    }
    for (size_t i = 0; i < points.metric_count && good; i++) {
        good = read_metric(store, &points, i, query->device);
        if (!good) {
            snprintf(why, size, "%s", store_error(store));
        } else if (!is_measured(&points, i)) {
            snprintf(why, size, "E0407 no run has the metric '%s'%s%s ('metrics' lists them)", points.metrics[i],
                     query->device == NULL ? "" : " of ", query->device == NULL ? "" : query->device);
            good = false;
        }
    }
    good = good && choose(query->question, &points, why, size);
    if (good) {
        fill_table(&points, table);
    }
    clear(&points);
    return good;
}

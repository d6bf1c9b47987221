#include "sweep/document.h"

#include "sweep/query_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Position of a point in the list by its number. */
static json_t *position_of(const struct query_table *points, const char *number)
{
    for (size_t i = 0; i < points->rows; i++) {
        if (strcmp(query_text(&points->cells[i * points->columns]), number) == 0) {
            return json_integer((json_int_t)i);
        }
    }
    return json_null();
}

static json_t *number_json(const struct query_cell *cell)
{
    return cell->text == NULL ? json_null() : json_real(strtod(cell->text, NULL));
}

/** One row of the question `points`: number, values of the axes, mean and interval of each metric. */
static json_t *point_json(const struct query_table *points, size_t row, size_t axes, const struct query *query)
{
    const struct query_cell *cells = &points->cells[row * points->columns];
    json_t *point = json_object();
    json_t *values = json_array();
    json_t *metrics = json_object();

    for (size_t i = 0; i < axes; i++) {
        json_array_append_new(values, json_string(cells[1 + i].text));
    }
    for (size_t i = 0; i < query->metric_count; i++) {
        const struct query_cell *mean = &cells[1 + axes + 2 * i];

        if (mean[0].text != NULL) {
            json_object_set_new(metrics, query->metrics[i],
                                json_pack("[o, o]", number_json(&mean[0]), number_json(&mean[1])));
        }
    }
    json_object_set_new(point, "values", values);
    json_object_set_new(point, "metrics", metrics);
    return point;
}

/** Adds what each value is as a number, by point and axis. */
static bool add_numbers(struct store *store, const struct query_table *points, json_t *list, size_t axes, char *why,
                        size_t size)
{
    const struct query query = {.question = "SELECT point, number FROM parameters ORDER BY point, axis"};
    struct query_table table = {.names = NULL};
    size_t row = 0;

    if (!query_ask(store, &query, &table, why, size)) {
        query_table_clear(&table);
        return false;
    }
    for (size_t i = 0; i < points->rows; i++) {
        json_t *numbers = json_array();

        const char *point = query_text(&points->cells[i * points->columns]);

        while (row < table.rows && strcmp(query_text(&table.cells[2 * row]), point) != 0) {
            row++; /* a point without a result */
        }
        for (size_t j = 0; j < axes && row < table.rows; j++, row++) {
            json_array_append_new(numbers, number_json(&table.cells[2 * row + 1]));
        }
        json_object_set_new(json_array_get(list, i), "numbers", numbers);
    }
    query_table_clear(&table);
    return true;
}

static json_t *front_json(struct store *store, const struct query *query, const struct query_table *points)
{
    struct query pareto = *query;
    struct query_table table = {.names = NULL};
    json_t *front = json_array();
    char why[256];

    pareto.question = "pareto";
    if (query->metric_count > 1 && query_ask(store, &pareto, &table, why, sizeof(why))) {
        for (size_t i = 0; i < table.rows; i++) {
            json_array_append_new(front, position_of(points, query_text(&table.cells[i * table.columns])));
        }
    }
    query_table_clear(&table);
    return front;
}

/** A value of the table `about`; null if there is none. */
static json_t *about_json(struct store *store, const char *key)
{
    struct query_table table = {.names = NULL};
    json_t *text = NULL;

    if (query_sql(store, &table, "SELECT value FROM about WHERE key = '%s'", key) && table.rows == 1) {
        text = json_string(query_text(&table.cells[0]));
    }
    query_table_clear(&table);
    return text == NULL ? json_null() : text;
}

/** The member of an object, made if it has none. */
static json_t *object_in(json_t *object, const char *key)
{
    json_t *member = json_object_get(object, key);

    if (member == NULL) {
        member = json_object();
        json_object_set_new(object, key, member);
    }
    return member;
}

/** Adds to each point, by assumption, in how many of its runs which outcome came out. */
static bool add_verdicts(struct store *store, const struct query_table *points, json_t *list)
{
    struct query_table table = {.names = NULL};
    size_t row = 0;
    bool good = query_sql(store, &table,
                          "SELECT point, assumption, outcome, count(*) FROM verdicts JOIN runs USING (run) "
                          "GROUP BY point, assumption, outcome ORDER BY point, assumption");

    for (size_t i = 0; i < table.rows && good; i++) {
        const struct query_cell *cells = &table.cells[i * table.columns];
        const int64_t number = strtoll(query_text(&cells[0]), NULL, 10);
        json_t *point;

        /* Both are in the order of the points' numbers; a point without a result is in one of them only. */
        while (row < points->rows && strtoll(query_text(&points->cells[row * points->columns]), NULL, 10) < number) {
            row++;
        }
        point = row < points->rows ? json_array_get(list, row) : NULL;
        if (point != NULL && strtoll(query_text(&points->cells[row * points->columns]), NULL, 10) == number) {
            json_object_set_new(object_in(object_in(point, "verdicts"), query_text(&cells[1])), query_text(&cells[2]),
                                json_integer(strtoll(query_text(&cells[3]), NULL, 10)));
        }
    }
    query_table_clear(&table);
    return good;
}

/** Runs that failed that a report lists; it says how many there are in all. */
#define MOST_FAILURES 20

/** The first runs that failed: why, and the command line that does each again. */
static json_t *failures_json(struct store *store)
{
    struct query_table table = {.names = NULL};
    json_t *failures = json_array();

    if (query_sql(store, &table,
                  "SELECT status, message, command FROM runs WHERE status <> 'done' ORDER BY run LIMIT %d",
                  MOST_FAILURES)) {
        for (size_t i = 0; i < table.rows; i++) {
            const struct query_cell *cells = &table.cells[i * table.columns];

            json_array_append_new(failures, json_pack("{s:s, s:s, s:s}", "status", query_text(&cells[0]), "message",
                                                      query_text(&cells[1]), "command", query_text(&cells[2])));
        }
    }
    query_table_clear(&table);
    return failures;
}

/** What was swept, from the table `about`. */
static json_t *whole_json(struct store *store, json_t *sweep)
{
    json_t *document = json_object();

    json_object_set_new(document, "doorbell", about_json(store, "version"));
    json_object_set_new(document, "title", about_json(store, "title"));
    json_object_set_new(document, "file", about_json(store, "scenario"));
    json_object_set_new(sweep, "replications", about_json(store, "replications"));
    json_object_set_new(sweep, "failures", failures_json(store));
    json_object_set_new(document, "sweep", sweep);
    return document;
}

json_t *sweep_document(struct store *store, const struct query *query, char *why, size_t size)
{
    static const char *const standard[] = {"msi.latency.mean", "msi.latency.p99"};
    struct query asked = *query;
    struct query_table points = {.names = NULL};
    uint64_t counts[STORE_STATUSES];
    uint64_t unmet;
    uint64_t runs = 0;
    json_t *list = json_array();
    json_t *axes = json_array();
    json_t *metrics = json_array();
    json_t *sweep;
    bool good = true;

    asked.question = "points";
    if (asked.metric_count == 0) {
        asked.metrics = standard;
        asked.metric_count = sizeof(standard) / sizeof(standard[0]);
    }
    if (!query_ask(store, &asked, &points, why, size)) {
        good = false;
    } else if (!store_count(store, counts, &unmet)) {
        snprintf(why, size, "%s", store_error(store));
        good = false;
    }
    if (good) {
        const size_t axis_count = points.columns - 1 - 2 * asked.metric_count;
        for (size_t i = 0; i < axis_count; i++) {
            json_array_append_new(axes, json_string(points.names[1 + i]));
        }
        for (size_t i = 0; i < asked.metric_count; i++) {
            json_array_append_new(metrics, json_string(asked.metrics[i]));
        }
        for (size_t i = 0; i < points.rows; i++) {
            json_array_append_new(list, point_json(&points, i, axis_count, &asked));
        }
        good = add_numbers(store, &points, list, axis_count, why, size);
        if (good && !add_verdicts(store, &points, list)) {
            snprintf(why, size, "%s", store_error(store) == NULL ? "its verdicts cannot be read" : store_error(store));
            good = false;
        }
    }
    if (!good) {
        query_table_clear(&points);
        json_decref(list);
        json_decref(axes);
        json_decref(metrics);
        return NULL;
    }
    for (size_t i = 0; i < STORE_STATUSES; i++) {
        runs += counts[i];
    }
    sweep = json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "axes", axes, "metrics", metrics, "points", list, "pareto",
                      front_json(store, &asked, &points), "runs", (json_int_t)runs, "unmet", (json_int_t)unmet,
                      "failed", (json_int_t)(runs - counts[STORE_DONE]));
    query_table_clear(&points);
    return whole_json(store, sweep);
}

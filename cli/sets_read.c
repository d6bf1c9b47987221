#include "cli/sets_read.h"

#include "cli/document.h"
#include "sim/allocate.h"
#include "sweep/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- A sweep's database ---- */

/** A set under construction. */
struct reading {
    struct store *store;
    json_t *set;
    json_t *points; /**< by number: the group, borrowed from the set */
    json_t *runs;   /**< by number: the run */
};

static const char *cell(const struct query_table *table, size_t row, size_t column)
{
    const char *text = table->cells[row * table->columns + column].text;

    return text == NULL ? "" : text;
}

/** Asks, and hands every row to @p take. */
static bool each_row(struct reading *reading, const char *sql,
                     void (*take)(struct reading *reading, const struct query_table *table, size_t row))
{
    const struct query query = {.question = sql};
    struct query_table table = {.names = NULL};
    char why[512];
    const bool good = query_ask(reading->store, &query, &table, why, sizeof(why));

    for (size_t i = 0; i < table.rows && good; i++) {
        take(reading, &table, i);
    }
    query_table_clear(&table);
    return good;
}

static json_t *new_group(const char *name)
{
    return json_pack("{s:o, s:[]}", "name", cli_json_text(name), "runs");
}

/** A point: its number, its key (values in base units, so that 1 us is 1000 ns), its name. */
static void take_point(struct reading *reading, const struct query_table *table, size_t row)
{
    const char *key = cell(table, row, 1);
    json_t *group = json_object_get(reading->set, key);

    if (group == NULL) {
        group = new_group(cell(table, row, 2));
        json_object_set_new(reading->set, key, group);
    }
    json_object_set(reading->points, cell(table, row, 0), group);
}

/** The group of a point; a sweep without axes has one point, and no parameters. */
static json_t *group_of(struct reading *reading, const char *point)
{
    json_t *group = json_object_get(reading->points, point);

    if (group == NULL) {
        group = new_group("the one point");
        json_object_set_new(reading->set, "", group);
        json_object_set(reading->points, point, group);
    }
    return group;
}

static void take_run(struct reading *reading, const struct query_table *table, size_t row)
{
    json_t *group = group_of(reading, cell(table, row, 1));
    const char *status = cell(table, row, 3);
    json_t *outcomes = json_pack("{s:o}", "run", cli_json_text(status));
    json_t *run =
        json_pack("{s:o, s:{}, s:o}", "seed", cli_json_text(cell(table, row, 2)), "metrics", "outcomes", outcomes);

    if (strcmp(status, "done") == 0) {
        json_object_set_new(outcomes, "expectations", json_string(cell(table, row, 4)[0] == '0' ? "met" : "unmet"));
    }
    if (cell(table, row, 5)[0] != '\0') {
        json_object_set_new(run, "fingerprint", cli_json_text(cell(table, row, 5)));
    }
    json_array_append(json_object_get(group, "runs"), run);
    json_object_set_new(reading->runs, cell(table, row, 0), run);
}

static void take_metric(struct reading *reading, const struct query_table *table, size_t row)
{
    json_t *metrics = json_object_get(json_object_get(reading->runs, cell(table, row, 0)), "metrics");
    json_t *value = json_real(strtod(cell(table, row, 2), NULL));

    if (cell(table, row, 3)[0] != '\0') {
        value = json_pack("[o, f]", value, strtod(cell(table, row, 3), NULL));
    }
    json_object_set_new(metrics, cell(table, row, 1), value);
}

static void take_verdict(struct reading *reading, const struct query_table *table, size_t row)
{
    json_t *outcomes = json_object_get(json_object_get(reading->runs, cell(table, row, 0)), "outcomes");
    char name[128];

    snprintf(name, sizeof(name), "verdicts.%s", cell(table, row, 1));
    json_object_set_new(outcomes, name, cli_json_text(cell(table, row, 2)));
}

static bool read_metrics(struct reading *reading, const char *device)
{
    static const char format[] =
        "SELECT run, metric, value, CASE metric WHEN 'msi.latency.mean' THEN (SELECT c.value FROM metrics c WHERE"
        " c.run = m.run AND c.device = m.device AND c.metric = 'msi.latency.ci95') END FROM metrics m WHERE device = %s"
        " AND metric <> 'msi.latency.ci95'";
    char quoted[256];
    char sql[sizeof(format) + sizeof(quoted)];

    query_quote(device == NULL ? "" : device, quoted, sizeof(quoted));
    snprintf(sql, sizeof(sql), format, quoted);
    return each_row(reading, sql, take_metric);
}

json_t *cli_sets_of_store(struct store *store, const char *device)
{
    struct reading reading = {.store = store, .set = json_object(), .points = json_object(), .runs = json_object()};
    const bool good =
        each_row(&reading,
                 "SELECT point, group_concat(key || '=' || coalesce(number, value), char(10)),"
                 " group_concat(key || '=' || value, ', ') FROM (SELECT point, key, value, number FROM parameters"
                 " JOIN axes USING (axis) ORDER BY point, key) GROUP BY point ORDER BY point",
                 take_point) &&
        each_row(&reading, "SELECT run, point, seed, status, unmet, fingerprint FROM runs ORDER BY run", take_run) &&
        read_metrics(&reading, device) &&
        each_row(&reading, "SELECT run, assumption, outcome FROM verdicts ORDER BY run, assumption", take_verdict);

    json_decref(reading.points);
    json_decref(reading.runs);
    if (!good) {
        json_decref(reading.set);
        reading.set = NULL;
    }
    return reading.set;
}

/* ---- Documents of runs ---- */

/** A member of a document, and the metric that the database calls it. */
struct member {
    const char *object; /**< of a device */
    const char *key;
    const char *metric;
};

static const struct member members[] = {
    {"msi", "count", "msi.count"},
    {"msi", "delivered", "msi.delivered"},
    {"msi", "merged", "msi.merged"},
    {"msi", "lost", "msi.lost"},
    {"dma", "writes-visible", "dma.writes"},
    {"dma", "reads-done", "dma.reads"},
    {"dma", "msis-before-data", "order.violations"},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static void set_number(json_t *metrics, const char *name, const json_t *value)
{
    if (json_is_number(value)) {
        json_object_set_new(metrics, name, json_real(json_number_value(value)));
    }
}

static void add_latency(json_t *metrics, const json_t *latency)
{
    static const char *const names[] = {"min", "mean", "p50", "p99", "p99.9", "max"};
    const json_t *own = json_object_get(latency, "ci95-fs");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char key[32];
        char metric[48];

        snprintf(key, sizeof(key), "%s-fs", names[i]);
        snprintf(metric, sizeof(metric), "msi.latency.%s", names[i]);
        set_number(metrics, metric, json_object_get(latency, key));
    }
    if (json_is_number(own) && json_object_get(metrics, "msi.latency.mean") != NULL) {
        json_t *mean = json_incref(json_object_get(metrics, "msi.latency.mean"));

        json_object_set_new(metrics, "msi.latency.mean", json_pack("[o, f]", mean, json_number_value(own)));
    }
}

static json_t *metrics_of(const json_t *document, const char *device)
{
    const json_t *devices = json_object_get(document, "devices");
    json_t *metrics = json_object();
    double sums[MEMBERS] = {0};
    bool found = device == NULL;

    for (size_t i = 0; i < json_array_size(devices); i++) {
        const json_t *its = json_array_get(devices, i);
        const char *name = json_string_value(json_object_get(its, "name"));

        if (device != NULL && (name == NULL || strcmp(name, device) != 0)) {
            continue;
        }
        found = true;
        for (size_t j = 0; j < MEMBERS; j++) {
            sums[j] += json_number_value(json_object_get(json_object_get(its, members[j].object), members[j].key));
        }
        if (device != NULL) {
            add_latency(metrics, json_object_get(json_object_get(its, "msi"), "latency"));
        }
    }
    for (size_t j = 0; j < MEMBERS && found; j++) {
        json_object_set_new(metrics, members[j].metric, json_real(sums[j]));
    }
    if (device == NULL) {
        add_latency(metrics, json_object_get(document, "latency"));
        set_number(metrics, "smmu.events", json_object_get(document, "smmu-events"));
        set_number(metrics, "end-time", json_object_get(document, "last-delivery-fs"));
    }
    return metrics;
}

static json_t *outcomes_of(const json_t *document)
{
    json_t *verdicts = json_object_get(document, "verdicts");
    const json_t *expectations = json_object_get(document, "expectations");
    json_t *outcomes = json_object();
    bool met = true;
    const char *key;
    json_t *verdict;

    for (size_t i = 0; i < json_array_size(expectations); i++) {
        met = met && !json_is_false(json_object_get(json_array_get(expectations, i), "met"));
    }
    json_object_set_new(outcomes, "run", json_string(json_object_get(document, "error") == NULL ? "done" : "stuck"));
    json_object_set_new(outcomes, "expectations", json_string(met ? "met" : "unmet"));
    json_object_foreach(verdicts, key, verdict)
    {
        const char *outcome = json_string_value(json_object_get(verdict, "outcome"));
        char name[128];

        snprintf(name, sizeof(name), "verdicts.%s", key);
        if (outcome != NULL) {
            json_object_set_new(outcomes, name, cli_json_text(outcome));
        }
    }
    return outcomes;
}

bool cli_sets_add_document(json_t *set, const json_t *document, const char *device)
{
    const char *scenario = json_string_value(json_object_get(document, "scenario"));
    const char *title = json_string_value(json_object_get(document, "title"));
    json_t *seed = json_object_get(document, "seed");
    json_t *mark = json_object_get(document, "fingerprint");
    json_t *group;

    if (scenario == NULL || !json_is_string(seed) || !json_is_string(mark)) {
        return false;
    }
    group = json_object_get(set, scenario);
    if (group == NULL) {
        group = new_group(title == NULL || title[0] == '\0' ? scenario : title);
        json_object_set_new(set, scenario, group);
    }
    json_array_append_new(json_object_get(group, "runs"),
                          json_pack("{s:O, s:O, s:o, s:o}", "seed", seed, "fingerprint", mark, "metrics",
                                    metrics_of(document, device), "outcomes", outcomes_of(document)));
    return true;
}

size_t cli_sets_seeds(const json_t *set, const char *key)
{
    const json_t *runs = json_object_get(json_object_get(set, key), "runs");
    json_t *seeds = json_object();
    size_t count;

    for (size_t i = 0; i < json_array_size(runs); i++) {
        const char *seed = json_string_value(json_object_get(json_array_get(runs, i), "seed"));

        json_object_set_new(seeds, seed == NULL ? "" : seed, json_null());
    }
    count = json_object_size(seeds);
    json_decref(seeds);
    return count;
}

/* The rows of one run. */
#include "sweep/store_internal.h"

#include "scenario/units.h"
#include "sim/allocate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A row under way: the values are bound from the left. */
struct row {
    struct store *store;
    sqlite3_stmt *statement;
    int column;
    bool good;
};

static struct row row_begin(struct store *store, enum store_insert insert)
{
    struct row row = {.store = store, .good = true};

    if (store->inserts[insert] == NULL) {
        row.good = sqlite3_prepare_v3(store->database, store_inserts[insert], -1, SQLITE_PREPARE_PERSISTENT,
                                      &store->inserts[insert], NULL) == SQLITE_OK;
    }
    row.statement = store->inserts[insert];
    return row;
}

static void row_number(struct row *row, uint64_t value)
{
    row->column++;
    row->good = row->good && sqlite3_bind_int64(row->statement, row->column,
                                                value > INT64_MAX ? INT64_MAX : (int64_t)value) == SQLITE_OK;
}

static void row_real(struct row *row, double value)
{
    row->column++;
    row->good = row->good && sqlite3_bind_double(row->statement, row->column, value) == SQLITE_OK;
}

/** @param text must stay until the row ends; NULL: SQL's NULL */
static void row_text(struct row *row, const char *text)
{
    row->column++;
    row->good = row->good && sqlite3_bind_text(row->statement, row->column, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

static void row_null(struct row *row)
{
    row->column++;
    row->good = row->good && sqlite3_bind_null(row->statement, row->column) == SQLITE_OK;
}

static bool row_end(struct row *row)
{
    row->good = row->good && sqlite3_step(row->statement) == SQLITE_DONE;
    if (!row->good) {
        store_fail(row->store, "cannot write", sqlite3_errmsg(row->store->database));
    }
    sqlite3_reset(row->statement);
    return row->good;
}

static bool add_run(struct store *store, const struct store_run *run)
{
    struct row row = row_begin(store, STORE_INSERT_RUN);
    char seed[24];
    char fingerprint[24];

    snprintf(seed, sizeof(seed), "%" PRIu64, run->seed);
    row_number(&row, run->run);
    row_number(&row, run->point);
    row_number(&row, run->replication);
    row_text(&row, seed);
    row_text(&row, store_status_name(run->status));
    row_number(&row, run->failures);
    row_text(&row, run->message);
    row_text(&row, run->command);
    if (run->result != NULL) {
        snprintf(fingerprint, sizeof(fingerprint), "0x%016" PRIx64, run->result->fingerprint);
        row_text(&row, fingerprint);
    } else {
        row_null(&row);
    }
    row_text(&row, store->version);
    row_number(&row, run->wall_us);
    return row_end(&row);
}

/** A value as a number, in base units, if it is a quantity: for plots. */
static bool number_of(const char *text, double *number)
{
    static const enum units_kind kinds[] = {UNITS_NUMBER, UNITS_CYCLES,    UNITS_TIME,     UNITS_FREQUENCY,
                                            UNITS_SIZE,   UNITS_BANDWIDTH, UNITS_TRANSFER, UNITS_SHARE};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct units_problem problem;
        uint64_t value;

        if (units_parse(kinds[i], text, &value, &problem)) {
            *number = (double)value;
            return true;
        }
    }
    return false;
}

static bool add_parameters(struct store *store, const struct store_run *run)
{
    bool good = true;

    for (size_t i = 0; i < run->value_count && good; i++) {
        struct row row = row_begin(store, STORE_INSERT_PARAMETER);
        double number;

        row_number(&row, run->point);
        row_number(&row, i);
        row_text(&row, run->values[i]);
        if (number_of(run->values[i], &number)) {
            row_real(&row, number);
        } else {
            row_null(&row);
        }
        good = row_end(&row);
    }
    return good;
}

static bool add_metric(struct store *store, uint64_t run, const char *device, const char *metric, uint64_t value)
{
    struct row row = row_begin(store, STORE_INSERT_METRIC);

    row_number(&row, run);
    row_text(&row, device);
    row_text(&row, metric);
    row_number(&row, value);
    return row_end(&row);
}

/** What is known of a distribution; nothing if it is empty. */
static bool add_latency(struct store *store, uint64_t run, const char *device, const struct run_latency *latency)
{
    if (latency->count == 0) {
        return true;
    }
    return add_metric(store, run, device, "msi.latency.min", latency->min) &&
           add_metric(store, run, device, "msi.latency.mean", latency->mean) &&
           (latency->ci95 == SIM_TIME_NEVER || add_metric(store, run, device, "msi.latency.ci95", latency->ci95)) &&
           add_metric(store, run, device, "msi.latency.p50", latency->p50) &&
           add_metric(store, run, device, "msi.latency.p99", latency->p99) &&
           add_metric(store, run, device, "msi.latency.p99.9", latency->p999) &&
           add_metric(store, run, device, "msi.latency.max", latency->max);
}

/** Most digits of a number, with what goes before it. */
#define NUMBER_ROOM 22

/** Writes a number. @return the end of it */
static char *put_number(char *to, uint64_t value)
{
    char digits[NUMBER_ROOM];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0) {
        *to++ = digits[--count];
    }
    return to;
}

/** Bins as JSON: "[[low,high,count],...]"; to be freed. */
static char *bins_text(const struct histogram_bin *bins, size_t count)
{
    char *text = sim_allocate(count + 1, 3 * NUMBER_ROOM + 3);
    char *to = text;

    *to++ = '[';
    for (size_t i = 0; i < count; i++) {
        *to++ = '[';
        to = put_number(to, bins[i].low);
        *to++ = ',';
        to = put_number(to, bins[i].high);
        *to++ = ',';
        to = put_number(to, bins[i].count);
        *to++ = ']';
        *to++ = ',';
    }
    to -= count > 0;
    *to++ = ']';
    *to = '\0';
    return text;
}

static bool add_bins(struct store *store, uint64_t run, const char *device, const struct histogram_bin *bins,
                     size_t count)
{
    char *text;
    struct row row;
    bool good;

    if (count == 0) {
        return true;
    }
    text = bins_text(bins, count);
    row = row_begin(store, STORE_INSERT_BINS);
    row_number(&row, run);
    row_text(&row, device);
    row_text(&row, text);
    good = row_end(&row);
    free(text);
    return good;
}

static bool add_counts(struct store *store, uint64_t run, const char *device, const struct run_device *counts)
{
    return add_metric(store, run, device, "msi.count", counts->born) &&
           add_metric(store, run, device, "msi.delivered", counts->delivered) &&
           add_metric(store, run, device, "msi.merged", counts->merged) &&
           add_metric(store, run, device, "msi.lost", counts->lost) &&
           add_metric(store, run, device, "dma.writes", counts->writes_visible) &&
           add_metric(store, run, device, "dma.reads", counts->reads_done) &&
           add_metric(store, run, device, "order.violations", counts->order_violations.count);
}

static bool add_device(struct store *store, uint64_t run, const struct run_device *device)
{
    return add_counts(store, run, device->name, device) && add_latency(store, run, device->name, &device->latency) &&
           add_bins(store, run, device->name, device->latency_bins, device->latency_bin_count);
}

/** How long the run was, if that was left to it. */
static bool add_settling(struct store *store, uint64_t run, const struct run_result *result)
{
    const struct run_settling *settling = &result->settling;

    if (!settling->has_until && !settling->finds_warmup) {
        return true;
    }
    return add_metric(store, run, "", "run.duration", result->duration) &&
           add_metric(store, run, "", "run.warmup", result->warmup) &&
           (!settling->has_until || add_metric(store, run, "", "run.enough", settling->is_enough));
}

/** The devices' counts together, under the empty name. */
static bool add_totals(struct store *store, uint64_t run, const struct run_result *result)
{
    struct run_device sum;

    memset(&sum, 0, sizeof(sum));
    for (size_t i = 0; i < result->device_count; i++) {
        sum.born += result->devices[i].born;
        sum.delivered += result->devices[i].delivered;
        sum.merged += result->devices[i].merged;
        sum.lost += result->devices[i].lost;
        sum.writes_visible += result->devices[i].writes_visible;
        sum.reads_done += result->devices[i].reads_done;
        sum.order_violations.count += result->devices[i].order_violations.count;
    }
    return add_counts(store, run, "", &sum) && add_latency(store, run, "", &result->latency) &&
           add_bins(store, run, "", result->latency_bins, result->latency_bin_count) &&
           add_settling(store, run, result) && add_metric(store, run, "", "smmu.events", result->smmu_events) &&
           add_metric(store, run, "", "end-time", result->end_time);
}

static bool add_hops(struct store *store, uint64_t run, const struct run_result *result)
{
    bool good = true;

    for (size_t i = 0; i < result->hop_count && good; i++) {
        const struct run_hop *hop = &result->hops[i];
        struct row row = row_begin(store, STORE_INSERT_HOP);

        row_number(&row, run);
        row_number(&row, hop->position);
        row_text(&row, hop->stage);
        row_number(&row, hop->time.count);
        row_number(&row, hop->time.min);
        row_number(&row, hop->time.mean);
        row_number(&row, hop->time.max);
        good = row_end(&row);
    }
    return good;
}

static bool add_verdicts(struct store *store, uint64_t run, const struct run_result *result)
{
    bool good = true;

    for (size_t i = 0; i < result->verdicts.count && good; i++) {
        struct row row = row_begin(store, STORE_INSERT_VERDICT);

        row_number(&row, run);
        row_text(&row, result->verdicts.items[i].name);
        row_text(&row, verdict_outcome_name(result->verdicts.items[i].outcome));
        good = row_end(&row);
    }
    return good;
}

/** Counters that counted anything: the others are zero. */
static bool add_counters(struct store *store, uint64_t run, const struct run_result *result)
{
    bool good = true;

    for (size_t i = 0; i < result->counter_count && good; i++) {
        const struct run_counter *counter = &result->counters[i];
        struct row row;

        if (counter->value == 0) {
            continue;
        }
        row = row_begin(store, STORE_INSERT_COUNTER);
        row_number(&row, run);
        row_text(&row, counter->component);
        row_text(&row, counter->name);
        row_number(&row, counter->value);
        good = row_end(&row);
    }
    return good;
}

static bool add_result(struct store *store, uint64_t run, const struct run_result *result)
{
    bool good = add_totals(store, run, result);

    for (size_t i = 0; i < result->device_count && good; i++) {
        good = add_device(store, run, &result->devices[i]);
    }
    return good && add_hops(store, run, result) && add_verdicts(store, run, result) && add_counters(store, run, result);
}

bool store_add_rows(struct store *store, const struct store_run *run)
{
    return add_run(store, run) &&
           (sqlite3_changes(store->database) == 0 ||
            (add_parameters(store, run) && (run->result == NULL || add_result(store, run->run, run->result))));
}

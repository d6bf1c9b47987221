#include "calibrate/calibrate.h"

#include "calibrate/bench_internal.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KIB  UINT64_C(1024)
#define MIB  (1024 * KIB)
#define PAGE (4 * KIB)

#define WINDOW_HIT   (256 * KIB) /* reads that all hit */
#define WINDOW_BEND  MIB
#define WINDOW_MISS  (64 * MIB)
#define WINDOW_ISSUE (4 * KIB)
#define WARM_END     (16 * MIB) /* beyond, the cache of the host no longer holds the window */

const uint32_t calibrate_sizes[CALIBRATE_SIZES] = {64, 128, 256};

/* A calibration while it is made. */
struct making {
    const char *folder;
    const volatile sig_atomic_t *interrupted;
    struct measurements measurements;
    struct calibration *calibration;
    struct diagnostics *diagnostics;
};

static bool refuse(const struct making *making, const char *message)
{
    struct diagnostic_where where = {.file = making->folder};

    diagnostics_add(making->diagnostics, DIAGNOSTIC_ERROR, &where, "%s", message);
    return false;
}

static bool is_interrupted(const struct making *making)
{
    return making->interrupted != NULL && *making->interrupted != 0;
}

static const struct measurement *need(const struct making *making, enum measurement_kind kind,
                                      enum measurement_cache cache, uint64_t window, uint32_t size)
{
    const struct measurement *row = measurements_find(&making->measurements, kind, cache, window, size);

    if (row == NULL) {
        struct diagnostic_where where = {.file = measurements_file(kind, size)};

        diagnostics_add(making->diagnostics, DIAGNOSTIC_ERROR, &where, "E2303 no row for a %s window of %llu KiB",
                        cache == MEASUREMENT_COLD ? "cold" : "warm (HWarm)", (unsigned long long)(window / KIB));
    }
    return row;
}

/* ---- The closed forms ---- */

static double miss_ratio(const struct calibrate_fit *fit, uint64_t window)
{
    const double pages = (double)(window / PAGE);

    return pages > fit->pages ? 1 - fit->pages / pages : 0;
}

static double closed_form(const struct calibration *calibration, const struct measurement *row)
{
    const struct calibrate_fit *fit = &calibration->fit;
    const double misses = miss_ratio(fit, row->window);
    double issue = 0;

    if (row->kind == MEASUREMENT_READ_LATENCY) {
        return fit->l0 - (row->cache == MEASUREMENT_WARM ? fit->warm_gain : 0) + fit->miss * misses;
    }
    for (size_t i = 0; i < CALIBRATE_SIZES; i++) {
        if (calibrate_sizes[i] == row->size) {
            issue = 1e6 / (double)calibration->parameters.issue[i];
        }
    }
    return misses * issue > fit->walks ? fit->walks / misses : issue;
}

static bool fit_latency(struct making *making)
{
    struct calibrate_fit *fit = &making->calibration->fit;
    const enum measurement_kind kind = MEASUREMENT_READ_LATENCY;
    const struct measurement *hit = need(making, kind, MEASUREMENT_COLD, WINDOW_HIT, 64);
    const struct measurement *bend = need(making, kind, MEASUREMENT_COLD, WINDOW_BEND, 64);
    const struct measurement *miss = need(making, kind, MEASUREMENT_COLD, WINDOW_MISS, 64);
    const struct measurement *warm = need(making, kind, MEASUREMENT_WARM, WINDOW_HIT, 64);
    const double reciprocal = (double)PAGE / (double)WINDOW_BEND - (double)PAGE / (double)WINDOW_MISS;
    double product; /* M × C */

    if (hit == NULL || bend == NULL || miss == NULL || warm == NULL) {
        return false;
    }
    product = (miss->value - bend->value) / reciprocal;
    fit->l0 = hit->value;
    fit->warm_gain = hit->value - warm->value;
    fit->miss = miss->value - hit->value + product * (double)PAGE / (double)WINDOW_MISS;
    fit->pages = fit->miss > 0 ? product / fit->miss : 0;
    if (fit->miss < 1 || fit->pages < 1 || fit->pages >= (double)(WINDOW_BEND / PAGE)) {
        return refuse(making,
                      "E2305 the latencies show no cache of 1 to 255 pages: was the IOMMU on, with pages of 4 KiB?");
    }
    if (fit->pages < (double)(WINDOW_HIT / PAGE)) {
        return refuse(making, "E2305 the cache holds less than the window whose reads should all hit, 256 KiB");
    }
    return true;
}

static bool fit_rates(struct making *making)
{
    struct calibration *calibration = making->calibration;
    const enum measurement_kind kind = MEASUREMENT_WRITE_RATE;
    const struct measurement *miss = need(making, kind, MEASUREMENT_COLD, WINDOW_MISS, 64);
    bool good = miss != NULL;

    for (size_t i = 0; i < CALIBRATE_SIZES; i++) {
        const struct measurement *row = need(making, kind, MEASUREMENT_COLD, WINDOW_ISSUE, calibrate_sizes[i]);

        good = good && row != NULL;
        if (row != NULL) {
            calibration->parameters.issue[i] = (uint64_t)llround(1e6 / row->value);
        }
    }
    if (good) {
        calibration->fit.walks = miss->value * miss_ratio(&calibration->fit, WINDOW_MISS);
    }
    return good;
}

/* ---- The parameters ---- */

static bool measure(struct making *making, uint64_t window, double *latency)
{
    const struct measurement row = {MEASUREMENT_READ_LATENCY, MEASUREMENT_COLD, window, 64, 0, 0};

    return bench_run(&making->calibration->parameters, &row, latency, making->interrupted, making->diagnostics);
}

/* What the simulator's path and walks cost by themselves, and what is to be added to meet the host. */
static bool choose_parameters(struct making *making)
{
    const struct calibrate_fit *fit = &making->calibration->fit;
    struct calibrate_parameters *p = &making->calibration->parameters;
    double path;
    double missing;
    double walk;

    p->send_latency = BENCH_SEND_LATENCY;
    p->memory_latency = BENCH_MEMORY_LATENCY;
    p->tlb_entries = (uint32_t)lround(fit->pages);
    p->walk_interval = (uint32_t)lround(1e6 / CALIBRATE_CYCLE / fit->walks);
    p->walk_slots = BENCH_WALK_SLOTS;
    if (fabs(fit->warm_gain) * 1e3 > BENCH_MEMORY_LATENCY - 1e3) {
        return refuse(making, "E2305 warm reads differ from cold ones by more than memory takes");
    }
    p->warm_gain = llround(fit->warm_gain * 1e3);
    if (!measure(making, WINDOW_HIT, &path) || !measure(making, WINDOW_MISS, &missing)) {
        return !is_interrupted(making) && refuse(making, "E2305 no simulation can be calibrated on it");
    }
    walk = (missing - path) / (1 - p->tlb_entries / (double)(WINDOW_MISS / PAGE));
    if (fit->miss < walk || fit->l0 * 1e3 + BENCH_SEND_LATENCY < path * 1e3 + 1) {
        return refuse(making, "E2305 the host is faster than the simulator's path with nothing added to it");
    }
    p->walk_begin = (uint32_t)lround((fit->miss - walk) * 1e3 / CALIBRATE_CYCLE);
    if (p->walk_begin * INT64_C(1) * CALIBRATE_CYCLE + p->warm_gain < 0) {
        return refuse(making, "E2305 warm reads are slower than cold ones by more than a walk's beginning");
    }
    p->send_latency = (uint64_t)llround(BENCH_SEND_LATENCY + (fit->l0 - path) * 1e3);
    return true;
}

/* ---- The score ---- */

static bool is_used(const struct measurement *row)
{
    if (row->kind == MEASUREMENT_WRITE_RATE) {
        return row->cache == MEASUREMENT_COLD &&
               (row->window == WINDOW_ISSUE || (row->window == WINDOW_MISS && row->size == 64));
    }
    return row->window == WINDOW_HIT ||
           (row->cache == MEASUREMENT_COLD && (row->window == WINDOW_BEND || row->window == WINDOW_MISS));
}

static bool is_scored(const struct measurement *row)
{
    if (is_used(row)) {
        return false;
    }
    if (row->kind == MEASUREMENT_READ_LATENCY && row->cache == MEASUREMENT_WARM && row->window > WARM_END) {
        return false;
    }
    return row->kind == MEASUREMENT_WRITE_RATE || row->window > WINDOW_HIT;
}

static bool simulate_rows(struct making *making)
{
    struct calibration *calibration = making->calibration;
    bool good = true;

    calibration->rows = sim_allocate(making->measurements.count, sizeof(*calibration->rows));
    for (size_t i = 0; good && i < making->measurements.count; i++) {
        struct calibrate_row *row = &calibration->rows[i];

        row->measured = making->measurements.items[i];
        row->used = is_used(&row->measured);
        row->scored = is_scored(&row->measured);
        row->closed = closed_form(calibration, &row->measured);
        good = bench_run(&calibration->parameters, &row->measured, &row->simulated, making->interrupted,
                         making->diagnostics);
        calibration->row_count += good;
    }
    return good;
}

bool calibrate_run(const char *folder, const volatile sig_atomic_t *interrupted, struct calibration *calibration,
                   struct diagnostics *diagnostics)
{
    struct making making = {
        .folder = folder, .interrupted = interrupted, .calibration = calibration, .diagnostics = diagnostics};
    const bool good = measurements_read(folder, &making.measurements, diagnostics) && fit_latency(&making) &&
                      fit_rates(&making) && choose_parameters(&making) && simulate_rows(&making);

    measurements_clear(&making.measurements);
    calibration->interrupted = !good && is_interrupted(&making);
    return good || calibration->interrupted;
}

double calibrate_error(const struct calibrate_row *row)
{
    return row->simulated / row->measured.value - 1;
}

bool calibrate_misses(const struct calibrate_row *row)
{
    const int tolerance =
        row->measured.kind == MEASUREMENT_READ_LATENCY ? CALIBRATE_LATENCY_TOLERANCE : CALIBRATE_RATE_TOLERANCE;

    return row->scored && fabs(calibrate_error(row)) * 1000 > tolerance;
}

size_t calibration_misses(const struct calibration *calibration)
{
    size_t count = 0;

    for (size_t i = 0; i < calibration->row_count; i++) {
        count += calibrate_misses(&calibration->rows[i]);
    }
    return count;
}

void calibration_clear(struct calibration *calibration)
{
    free(calibration->rows);
    memset(calibration, 0, sizeof(*calibration));
}

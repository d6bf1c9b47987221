#include "calibrate/bench_internal.h"

#include <inttypes.h>
#include <math.h>

static void write_row(FILE *stream, const struct calibrate_row *row)
{
    const struct measurement *m = &row->measured;

    fprintf(stream, "#   %-32s %5u  %-5s %9" PRIu64 " KiB  %8.3f  %8.3f  %8.3f  %+6.2f %%  %s\n",
            measurements_file(m->kind, m->size), m->line, m->cache == MEASUREMENT_COLD ? "cold" : "warm",
            m->window / 1024, m->value, row->simulated, row->closed, 100 * calibrate_error(row),
            row->used               ? "used"
            : !row->scored          ? "not scored"
            : calibrate_misses(row) ? "BEYOND"
                                    : "ok");
}

static void write_score(FILE *stream, const struct calibration *calibration, enum measurement_kind kind)
{
    const bool read = kind == MEASUREMENT_READ_LATENCY;
    size_t count = 0;
    size_t beyond = 0;
    double worst = 0;

    for (size_t i = 0; i < calibration->row_count; i++) {
        const struct calibrate_row *row = &calibration->rows[i];

        if (row->scored && row->measured.kind == kind) {
            count++;
            beyond += calibrate_misses(row);
            worst = fmax(worst, fabs(calibrate_error(row)));
        }
    }
    fprintf(stream, "# %s: %zu rows scored, worst %.2f %%, tolerance %g %%: %zu beyond\n",
            read ? "latency of reads (ns)" : "rate of writes (millions a second)", count, 100 * worst,
            (read ? CALIBRATE_LATENCY_TOLERANCE : CALIBRATE_RATE_TOLERANCE) / 10.0, beyond);
}

bool calibration_write(FILE *stream, const char *folder, const struct calibration *calibration)
{
    const struct measurement example = {MEASUREMENT_READ_LATENCY, MEASUREMENT_COLD, 64u << 20, 64, 0, 0};
    const struct calibrate_fit *fit = &calibration->fit;
    const struct calibrate_parameters *p = &calibration->parameters;

    fprintf(stream, "# Calibrated by `doorbell calibrate` on: %s%s\n#\n", folder,
            calibration->interrupted ? ", INTERRUPTED: partial results" : "");
    if (calibration->row_count == 0) {
        return ferror(stream) == 0; /* interrupted before there were any parameters */
    }
    write_score(stream, calibration, MEASUREMENT_READ_LATENCY);
    write_score(stream, calibration, MEASUREMENT_WRITE_RATE);
    fprintf(stream,
            "#\n# fit: L0 %.1f ns, M %.1f ns, C %.1f pages, R %.2f million walks a second;"
            " with data in the cache L0 is %.1f ns less\n",
            fit->l0, fit->miss, fit->pages, fit->walks, fit->warm_gain);
    fprintf(stream,
            "# with data in the cache: memory.latency %" PRIu64 " ps, walk-begin %" PRIu64 " cycles (tables stay in "
            "memory)\n",
            (uint64_t)((int64_t)p->memory_latency - p->warm_gain),
            (uint64_t)(p->walk_begin + p->warm_gain / CALIBRATE_CYCLE));
    for (size_t i = 0; i < CALIBRATE_SIZES; i++) {
        fprintf(stream, "# writes of %" PRIu32 " B: one each %" PRIu64 " ps\n", calibrate_sizes[i], p->issue[i]);
    }
    fputs(
        "#\n#   file                              line  cache    window      measured simulated    closed     error\n",
        stream);
    for (size_t i = 0; i < calibration->row_count; i++) {
        write_row(stream, &calibration->rows[i]);
    }
    fputs("\n", stream);
    return bench_write(stream, p, &example) && ferror(stream) == 0;
}

#include "report/run_text.h"

#include "report/format.h"
#include "report/occupancy.h"
#include "report/step_text.h"
#include "report/verdict_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Femtoseconds times packets. */
__extension__ typedef unsigned __int128 uint128;

#define NAME_COLUMNS  14
#define STAGE_COLUMNS 42

/** Writes the first column of a table. A name that is too long for it gets lines of its own. */
static void write_name(FILE *out, const char *name, unsigned columns)
{
    size_t width = report_width(name);

    fprintf(out, "  ");
    if (width > columns) {
        report_words(out, name, 2, 2);
        fprintf(out, "%*s", (int)columns + 2, "");
    } else {
        fprintf(out, "%s%*s", name, (int)(columns - width), "");
    }
}

/** A stream that writes into memory; see close_text(). */
static FILE *open_text(char **text, size_t *size)
{
    FILE *stream = open_memstream(text, size);

    if (stream == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return stream;
}

/** Writes what was written into memory as words, and frees it. */
static void close_text(FILE *stream, char **text, FILE *out, size_t used, size_t indent)
{
    fclose(stream);
    report_words(out, *text, used, indent);
    free(*text);
}

/** A share in per cent, with three digits behind the point. */
static void write_share(FILE *line, uint64_t millionths)
{
    fprintf(line, "%" PRIu64 ".%03" PRIu64 " %%", millionths / 10000, millionths % 10000 / 10);
}

/** How duration and warm-up were found, if they were left to the run. */
static void write_settling(FILE *out, const struct run_result *result)
{
    const struct run_settling *settling = &result->settling;
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_text(&text, &size);

    if (settling->has_until) {
        fputs(settling->is_enough ? "mean latency known to within " : "NOT known well enough: mean latency to within ",
              line);
        if (run_precision(result) == UINT64_MAX) {
            fputs("nothing", line);
        } else {
            write_share(line, run_precision(result));
        }
        fputs(" (wanted: ", line);
        write_share(line, settling->ci);
        fprintf(line, "; %" PRIu32 " looks, at most %s of traffic)%s", settling->looks,
                report_duration(settling->limit).text, settling->finds_warmup ? "; " : "");
    }
    if (settling->finds_warmup) {
        fprintf(line, "warm-up %s (MSER-5%s)", report_duration(settling->warmup).text,
                settling->warmup_is_over ? "" : "; NOT over: the run is too short to tell");
    }
    close_text(line, &text, out, 0, 0);
}

static void write_head(FILE *out, const struct run_result *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_text(&text, &size);

    report_words(out, result->title, 0, 0);
    fprintf(line, "%s, seed %" PRIu64 ": %s of traffic after %s of set-up%s", result->path, result->seed,
            report_duration(result->duration).text, report_duration(result->setup_time).text,
            result->interrupted ? ", INTERRUPTED: partial results" : "");
    close_text(line, &text, out, 0, 0);
    if (result->settling.has_until || result->settling.finds_warmup) {
        write_settling(out, result);
    }
    fputc('\n', out);
}

static void write_latency_row(FILE *out, const char *name, uint64_t born, uint64_t merged, uint64_t lost,
                              const struct run_latency *latency)
{
    write_name(out, name, NAME_COLUMNS);
    fprintf(out, " %9s %7s %6s", report_count(born, 9).text, report_count(merged, 7).text, report_count(lost, 6).text);
    if (latency->count == 0) {
        fprintf(out, "  %10s\n", "-");
        return;
    }
    fprintf(out, " %9s %8s %9s %9s %9s %9s\n", report_duration(latency->mean).text, report_duration(latency->ci95).text,
            report_duration(latency->p50).text, report_duration(latency->p99).text, report_duration(latency->p999).text,
            report_duration(latency->max).text);
}

static void write_latencies(FILE *out, const struct run_result *result)
{
    uint64_t born = 0;
    uint64_t merged = 0;
    uint64_t lost = 0;
    size_t rows = 0;

    fprintf(out, "\nMSI latency, from the event in the device to its handler\n");
    fprintf(out, "  %-14s %9s %7s %6s %9s %8s %9s %9s %9s %9s\n", "device", "MSIs", "merged", "lost", "mean", "+-95 %",
            "p50", "p99", "p99.9", "max");
    for (size_t i = 0; i < result->device_count; i++) {
        const struct run_device *device = &result->devices[i];

        if (device->born == 0) {
            continue;
        }
        write_latency_row(out, device->name, device->born, device->merged, device->lost, &device->latency);
        born += device->born;
        merged += device->merged;
        lost += device->lost;
        rows++;
    }
    if (rows > 1) {
        write_latency_row(out, "all", born, merged, lost, &result->latency);
    }
    if (rows == 0) {
        fprintf(out, "  no device raised an MSI\n");
    }
}

/** A hop's part of all the time that MSIs took, in thousandths, to the nearest. */
static unsigned share_of(const struct run_hop *hop, const struct run_latency *latency)
{
    uint128 total = (uint128)latency->mean * latency->count;
    uint128 part = (uint128)hop->time.mean * hop->time.count;

    return total >= 2000 ? (unsigned)((part / (total / 2000) + 1) / 2) : 0;
}

static void write_hops(FILE *out, const struct run_result *result)
{
    if (result->hop_count == 0) {
        return;
    }
    fprintf(out, "\nHop by hop, all delivered MSIs\n");
    fprintf(out, "  %-42s %8s %9s %9s %9s %9s %6s\n", "stage", "MSIs", "min", "mean", "p99", "max", "share");
    for (size_t i = 0; i < result->hop_count; i++) {
        const struct run_hop *hop = &result->hops[i];
        unsigned share = share_of(hop, &result->latency);

        write_name(out, hop->stage, STAGE_COLUMNS);
        fprintf(out, " %8s %9s %9s %9s %9s %3u.%u%%\n", report_count(hop->time.count, 8).text,
                report_duration(hop->time.min).text, report_duration(hop->time.mean).text,
                report_duration(hop->time.p99).text, report_duration(hop->time.max).text, share / 10, share % 10);
    }
}

static void write_losses(FILE *out, const struct run_result *result)
{
    for (size_t i = 0; i < result->device_count; i++) {
        const struct run_device *device = &result->devices[i];
        uint64_t explained = 0;

        if (device->lost == 0) {
            continue;
        }
        fprintf(out, "\nLost MSIs of ");
        report_words(out, device->name, 13, 2);
        for (unsigned reason = 0; reason < SIM_DROP_REASONS; reason++) {
            if (device->dropped[reason].count > 0) {
                fprintf(out, "  %9" PRIu64 "  %s\n", device->dropped[reason].count,
                        sim_drop_reason_name((enum sim_drop_reason)reason));
                explained += device->dropped[reason].count;
            }
        }
        if (explained < device->lost) {
            fprintf(out, "  %9" PRIu64 "  still on their way when the run ended\n", device->lost - explained);
        }
    }
    if (result->smmu_events > 0) {
        fprintf(out, "\nThe SMMUs recorded %" PRIu32 " fault event%s.\n", result->smmu_events,
                result->smmu_events == 1 ? "" : "s");
    }
}

static void write_expectation(FILE *out, const struct run_expectation *expectation)
{
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_text(&text, &size);

    if (!expectation->met) {
        fprintf(line, "%s: expected %s, got %s (%s)", expectation->key, expectation->wanted, expectation->got,
                expectation->place);
    } else if (strcmp(expectation->wanted, expectation->got) != 0) {
        fprintf(line, "%s: %s (%s)", expectation->key, expectation->wanted, expectation->got);
    } else {
        fprintf(line, "%s: %s", expectation->key, expectation->wanted);
    }
    fprintf(out, "  %s  ", expectation->met ? "met   " : "FAILED");
    close_text(line, &text, out, 10, 10);
}

static void write_expectations(FILE *out, const struct run_result *result)
{
    if (result->expectation_count == 0) {
        return;
    }
    fprintf(out, "\nExpectations\n");
    for (size_t i = 0; i < result->expectation_count; i++) {
        write_expectation(out, &result->expectations[i]);
    }
}

bool run_text_write(FILE *out, const struct run_result *result)
{
    write_head(out, result);
    verdict_text_write(out, &result->verdicts);
    step_text_write(out, &result->steps);
    write_latencies(out, result);
    write_hops(out, result);
    if (result->occupancy != NULL) {
        occupancy_text_write(out, result->occupancy);
    }
    write_losses(out, result);
    write_expectations(out, result);
    return ferror(out) == 0;
}

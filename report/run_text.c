#include "report/run_text.h"

#include "report/format.h"
#include "report/verdict_text.h"

#include <inttypes.h>
#include <string.h>

static void write_head(FILE *out, const struct run_result *result)
{
    fprintf(out, "%s\n", result->title);
    fprintf(out, "%s, seed %" PRIu64 ": %s of traffic after %s of set-up%s\n\n", result->path, result->seed,
            report_duration(result->duration).text, report_duration(result->setup_time).text,
            result->interrupted ? ", INTERRUPTED: partial results" : "");
}

static void write_latency_row(FILE *out, const char *name, uint64_t born, uint64_t merged, uint64_t lost,
                              const struct run_latency *latency)
{
    fprintf(out, "  %-14.14s %9" PRIu64 " %7" PRIu64 " %6" PRIu64, name, born, merged, lost);
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

static void write_hops(FILE *out, const struct run_result *result)
{
    uint64_t total = result->latency.mean * result->latency.count;

    if (result->hop_count == 0) {
        return;
    }
    fprintf(out, "\nHop by hop, all delivered MSIs\n");
    fprintf(out, "  %-42s %8s %9s %9s %9s %9s %6s\n", "stage", "MSIs", "min", "mean", "p99", "max", "share");
    for (size_t i = 0; i < result->hop_count; i++) {
        const struct run_hop *hop = &result->hops[i];
        uint64_t part = hop->time.mean * hop->time.count;
        uint64_t share = total >= 1000 ? part / (total / 1000) : 0;

        fprintf(out, "  %-42.42s %8" PRIu64 " %9s %9s %9s %9s %3" PRIu64 ".%" PRIu64 "%%\n", hop->stage,
                hop->time.count, report_duration(hop->time.min).text, report_duration(hop->time.mean).text,
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
        fprintf(out, "\nLost MSIs of %s\n", device->name);
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

static void write_expectations(FILE *out, const struct run_result *result)
{
    if (result->expectation_count == 0) {
        return;
    }
    fprintf(out, "\nExpectations\n");
    for (size_t i = 0; i < result->expectation_count; i++) {
        const struct run_expectation *expectation = &result->expectations[i];

        if (expectation->met) {
            fprintf(out, "  met     %s: %s", expectation->key, expectation->wanted);
            if (strcmp(expectation->wanted, expectation->got) != 0) {
                fprintf(out, " (%s)", expectation->got);
            }
            fputc('\n', out);
        } else {
            fprintf(out, "  FAILED  %s: expected %s, got %s (%s)\n", expectation->key, expectation->wanted,
                    expectation->got, expectation->place);
        }
    }
}

bool run_text_write(FILE *out, const struct run_result *result)
{
    write_head(out, result);
    verdict_text_write(out, &result->verdicts);
    write_latencies(out, result);
    write_hops(out, result);
    write_losses(out, result);
    write_expectations(out, result);
    return ferror(out) == 0;
}

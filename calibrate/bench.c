#include "calibrate/bench_internal.h"

#include "scenario/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char platform_format[] =
    "doorbell: 1\n"
    "duration: %u us\n"
    "warmup: %u us\n"
    "\n"
    "platform:\n"
    "  pe: { count: 1 }\n"
    "  memory: { base: 0x1_0000_0000, bandwidth: 100 GB/s, queue: 256, latency: %" PRIu64 " ps }\n"
    "  interconnect: { width: 64 B }\n"
    "  smmu:\n"
    "    iommu:\n"
    "      clock: 4 GHz\n"
    "      tlb: { entries: %" PRIu32 ", ways: %" PRIu32 " }\n"
    "      walk-cache: { stage1-level0: 4, stage1-level1: 4, stage1-level2: 64 }\n"
    "      walk-begin: %" PRIu64 " cycles\n"
    "      walk-interval: %" PRIu32 " cycles\n"
    "      walk-slots: %" PRIu32 "\n"
    "      share-walks: no\n"
    "\n"
    "pcie:\n"
    "  rc0:\n"
    "    root-ports:\n"
    "      rp0:\n"
    "        link: { speed: 8 GT/s, width: 8 }\n"
    "        below:\n"
    "          device:\n"
    "            endpoint: { clock: 2 GHz, send-latency: %" PRIu64 " ps, read-tags: 64 }\n"
    "\n"
    "software: { page-size: 4 KiB, max-payload: 256 B }\n"
    "\n"
    "traffic:\n"
    "  device:\n";

bool bench_write(FILE *stream, const struct calibrate_parameters *parameters, const struct measurement *row)
{
    const bool read = row->kind == MEASUREMENT_READ_LATENCY;
    const int64_t gain = row->cache == MEASUREMENT_WARM ? parameters->warm_gain : 0;
    size_t size = 0;

    while (size + 1 < CALIBRATE_SIZES && calibrate_sizes[size] != row->size) {
        size++;
    }
    /* Tables stay where they are: a walk is not faster because the data is in the cache. */
    fprintf(stream, platform_format, read ? 3100u : 160u, read ? 100u : 40u,
            (uint64_t)((int64_t)parameters->memory_latency - gain), parameters->tlb_entries, parameters->tlb_entries,
            (uint64_t)(parameters->walk_begin + gain / CALIBRATE_CYCLE), parameters->walk_interval,
            parameters->walk_slots, parameters->send_latency);
    fprintf(stream, "    - dma-%s: { size: %" PRIu32 " B, buffer: %" PRIu64 " B, pattern: random, ",
            read ? "read" : "write", row->size, row->window);
    if (read) {
        fputs("arrivals: when-done }\n", stream);
    } else {
        fprintf(stream, "period: %" PRIu64 " ps }\n", parameters->issue[size]);
    }
    return ferror(stream) == 0;
}

static double outcome(const struct run_device *device, enum measurement_kind kind)
{
    if (kind == MEASUREMENT_READ_LATENCY) {
        return (double)device->read_latency.mean / (double)SIM_NS;
    }
    return (double)device->writes_measured / ((double)device->dma_time / (double)SIM_US);
}

/** The scenario of a row, loaded. */
static struct scenario *load(const struct calibrate_parameters *parameters, const struct measurement *row,
                             struct diagnostics *diagnostics)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    struct scenario *scenario = NULL;
    bool written = stream != NULL && bench_write(stream, parameters, row);

    if (stream != NULL) {
        written = fclose(stream) == 0 && written;
    }
    if (written) {
        scenario = scenario_load_text("calibration", text, length, NULL, diagnostics);
    } else {
        struct diagnostic_where where = {.file = "calibration"};

        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E0203 out of memory");
    }
    free(text);
    return scenario;
}

bool bench_run(const struct calibrate_parameters *parameters, const struct measurement *row, double *value,
               const volatile sig_atomic_t *interrupted, struct diagnostics *diagnostics)
{
    struct scenario_run_options options;
    struct run_result result;
    struct host_error error;
    struct scenario *scenario = load(parameters, row, diagnostics);
    bool done = false;

    memset(&options, 0, sizeof(options));
    options.interrupted = interrupted;
    memset(&result, 0, sizeof(result));
    memset(&error, 0, sizeof(error));
    if (scenario != NULL) {
        enum scenario_run_status status = scenario_run(scenario, &options, &result, &error);

        done = status == SCENARIO_RUN_DONE && result.device_count == 1;
        if (done) {
            *value = outcome(&result.devices[0], row->kind);
        } else if (status != SCENARIO_RUN_INTERRUPTED) {
            struct diagnostic_where where = {.file = "calibration"};

            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E2304 a row cannot be simulated: %s", error.text);
        }
    }
    run_result_clear(&result);
    scenario_free(scenario);
    return done;
}

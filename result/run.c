#include "result/run.h"

#include <stdlib.h>
#include <string.h>

static void clear_hops(struct run_hop *hops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(hops[i].stage);
    }
    free(hops);
}

static void clear_device(struct run_device *device)
{
    free(device->name);
    free(device->smmu);
    free(device->its);
    free(device->latency_bins);
    clear_hops(device->hops, device->hop_count);
    for (size_t i = 0; i < device->doorbell_count; i++) {
        free(device->doorbells[i].its);
    }
    free(device->doorbells);
    for (size_t i = 0; i < device->peer_count; i++) {
        free(device->peers[i].component);
    }
    free(device->peers);
}

void run_result_clear(struct run_result *result)
{
    free(result->title);
    free(result->path);
    free(result->latency_bins);
    topology_clear(&result->topology);
    clear_hops(result->hops, result->hop_count);
    for (size_t i = 0; i < result->device_count; i++) {
        clear_device(&result->devices[i]);
    }
    free(result->devices);
    for (size_t i = 0; i < result->counter_count; i++) {
        free(result->counters[i].component);
        free(result->counters[i].name);
    }
    free(result->counters);
    run_occupancy_free(result->occupancy);
    step_list_clear(&result->steps);
    verdict_list_clear(&result->verdicts);
    for (size_t i = 0; i < result->expectation_count; i++) {
        free(result->expectations[i].key);
        free(result->expectations[i].wanted);
        free(result->expectations[i].got);
        free(result->expectations[i].place);
    }
    free(result->expectations);
    memset(result, 0, sizeof(*result));
}

size_t run_result_failures(const struct run_result *result)
{
    size_t failures = 0;

    for (size_t i = 0; i < result->expectation_count; i++) {
        failures += result->expectations[i].met ? 0 : 1;
    }
    return failures;
}

uint64_t run_precision(const struct run_result *result)
{
    const struct run_latency *latency = &result->latency;

    if (latency->count == 0 || latency->mean == 0 || latency->ci95 == SIM_TIME_NEVER) {
        return UINT64_MAX;
    }
    return (uint64_t)((double)latency->ci95 / (double)latency->mean * 1e6 + 0.5);
}

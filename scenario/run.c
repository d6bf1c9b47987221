#include "scenario/run.h"

#include "host/interrupts.h"
#include "host/topology.h"
#include "result/collector.h"
#include "scenario/settle.h"
#include "scenario/system_internal.h"
#include "scenario/verdicts.h"
#include "sim/allocate.h"
#include "sim/occupancy.h"
#include "sim/trace.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Traffic runs in stretches, so that progress and interrupts are looked at between them. */
#define STRETCHES 200u

/* Longer than anything takes to drain: whatever is still under way then is stuck. */
#define DRAIN_LIMIT (10 * SIM_S)

/** Who watches a run. */
struct watchers {
    struct sim_trace *trace; /**< NULL if none is wanted */
    struct collector *collector;
    struct recording *recording;     /**< NULL if none is wanted */
    struct sim_occupancy *occupancy; /**< likewise */
};

/**
 * Which devices to record, by index; to be freed.
 * @return NULL, with @p error set, if one that is asked for is not there
 */
static bool *recorded_devices(const struct system *system, const struct scenario_run_options *options,
                              struct host_error *error)
{
    const size_t count = system_function_count(system);
    bool *wanted = sim_allocate(count, sizeof(*wanted));

    for (size_t i = 0; i < options->record_only_count; i++) {
        size_t device = 0;

        while (device < count && strcmp(system_function_name(system, device), options->record_only[i]) != 0) {
            device++;
        }
        if (device == count) {
            host_error_set(error, "there is no device '%s' to record; the first of them is '%s'",
                           options->record_only[i], count == 0 ? "" : system_function_name(system, 0));
            free(wanted);
            return NULL;
        }
        wanted[device] = true;
    }
    return wanted;
}

/** The device of each stream; to be freed. */
static uint32_t *devices_of_streams(const struct system *system)
{
    size_t count = system_stream_count(system);
    uint32_t *device_of = sim_allocate(count, sizeof(*device_of));

    for (size_t i = 0; i < count; i++) {
        device_of[i] = system_stream(system, i)->function_index;
    }
    return device_of;
}

struct collector *scenario_observe(struct system *system)
{
    uint32_t *device_of = devices_of_streams(system);
    struct collector *collector = collector_create(system_sim(system), device_of, (uint32_t)system_stream_count(system),
                                                   (uint32_t)system_function_count(system));

    system_observe(system, collector);
    free(device_of);
    return collector;
}

static struct watchers observe(struct system *system, const struct recording_filter *record)
{
    struct watchers watchers = {.collector = scenario_observe(system)};

    if (record != NULL) {
        uint32_t *device_of = devices_of_streams(system);
        struct sim_observer listener;

        watchers.recording = recording_create(record, device_of, (uint32_t)system_stream_count(system));
        free(device_of);
        listener = recording_observer(watchers.recording);
        collector_also(watchers.collector, &listener);
    }
    return watchers;
}

/** Fills in who a device is, from what the software found. */
static void describe_device(struct system *system, size_t i, struct run_device *device)
{
    const struct system_function *function = system_function(system, i);
    const struct software *software = system_software(system);
    const struct software_function *mine = &software->functions[function->tree_index];
    uint32_t group = software->groups.group_of[function->tree_index];

    device->name = sim_copy_string(system_function_name(system, i));
    device->segment = function->root_complex->segment;
    device->rid = function->rid;
    device->group = group != GROUP_NONE ? group : VERDICT_NO_ID;
    device->stream_id = VERDICT_NO_ID;
    device->device_id = VERDICT_NO_ID;
    device->doorbell = VERDICT_NO_ID;
    if (mine->iommu != UINT32_MAX) {
        device->stream_id = mine->stream_id;
        device->smmu = sim_copy_string(software->config.firmware->iommus[mine->iommu].name);
    }
    if (mine->its != UINT32_MAX) {
        device->device_id = interrupts_have_its(software, function->tree_index) ? mine->device_id : VERDICT_NO_ID;
        device->its = sim_copy_string(software->config.firmware->controllers[mine->its].name);
        device->doorbell = mine->doorbell;
    }
}

static bool is_interrupted(const struct scenario_run_options *options)
{
    return options->interrupted != NULL && *options->interrupted != 0;
}

/** Runs the traffic, then lets everything that is under way come to its end. @return false if interrupted */
static bool run_traffic(struct system *system, const struct scenario *scenario, const struct watchers *watchers,
                        const struct scenario_run_options *options, struct run_result *result)
{
    struct collector *collector = watchers->collector;
    sim_time start = system_start_traffic(system, scenario->duration);

    result->setup_time = start;
    collector_start(collector, start, scenario->warmup, scenario->duration);
    if (watchers->trace != NULL) {
        const struct scenario_waveform *waveform = &options->waveform;

        sim_trace_open(watchers->trace, start + waveform->from,
                       waveform->to > SIM_TIME_NEVER - start ? SIM_TIME_NEVER : start + waveform->to);
    }
    if (watchers->recording != NULL) {
        recording_start(watchers->recording, start);
    }
    if (watchers->occupancy != NULL) {
        sim_occupancy_start(watchers->occupancy, start);
    }
    for (unsigned i = 1; i <= STRETCHES; i++) {
        sim_time end = start + scenario->duration / STRETCHES * i;

        if (i == STRETCHES) {
            end = start + scenario->duration;
        }
        if (is_interrupted(options)) {
            return false;
        }
        system_run(system, end);
        if (options->progress != NULL) {
            struct scenario_progress progress = {
                .now = end - start, .duration = scenario->duration, .msis = collector_born(collector)};

            options->progress(options->progress_context, &progress);
        }
    }
    system_run(system, start + scenario->duration + DRAIN_LIMIT);
    system_end_traffic(system);
    return true;
}

/** @param moments what verdicts_watch() has collected; emptied */
static void collect(struct system *system, const struct scenario *scenario, struct collector *collector,
                    struct verdict_list *moments, struct run_result *result)
{
    result->title = sim_copy_string(scenario->title);
    result->path = sim_copy_string(scenario->path);
    result->seed = scenario->seed;
    result->duration = scenario->duration;
    result->warmup = scenario->warmup;
    result->device_count = system_function_count(system);
    result->devices = sim_allocate(result->device_count, sizeof(*result->devices));
    for (size_t i = 0; i < result->device_count; i++) {
        describe_device(system, i, &result->devices[i]);
    }
    collector_finish(collector, result);
    system_collect_steps(system, &result->steps);
    /* Last, because reading the event queues takes register accesses, which run the simulation on. */
    result->smmu_events = software_collect_events(system_software(system));
    verdicts_from_run(system, moments, result);
    topology_describe(system_software(system), &result->topology);
    scenario_judge(scenario, result);
}

static void hand_recording_over(struct system *system, struct recording *recording,
                                const struct scenario_run_options *options, const struct run_result *result)
{
    if (recording == NULL) {
        return;
    }
    recording_finish(recording);
    if (options->recorded != NULL) {
        options->recorded(options->recorded_context, recording, system_sim(system), result);
    }
    recording_destroy(recording);
}

/** The filter of a recording with its devices filled in. @return false, with @p error set, if that cannot be */
static bool choose_devices(const struct system *system, const struct scenario_run_options *options,
                           struct recording_filter *filter, struct host_error *error)
{
    if (options->record == NULL) {
        return true;
    }
    *filter = *options->record;
    filter->device_count = system_function_count(system);
    filter->devices = options->record_only_count == 0 ? NULL : recorded_devices(system, options, error);
    return options->record_only_count == 0 || filter->devices != NULL;
}

/** Attaches the trace that is wanted: before anything runs. @return false, with @p error set, if nothing is chosen */
static bool attach_trace(struct system *system, const struct scenario_waveform *waveform, struct sim_trace **trace,
                         struct host_error *error)
{
    *trace = NULL;
    if (waveform->stream == NULL) {
        return true;
    }
    *trace = sim_trace_create(system_sim(system), waveform->stream, waveform->scope_count > 0 ? waveform->scopes : NULL,
                              waveform->scope_count);
    return *trace != NULL || host_error_set(error, "no component or channel is called like '%s'", waveform->scopes[0]);
}

static void close_trace(struct sim_trace *trace)
{
    if (trace != NULL) {
        sim_trace_close(trace);
    }
}

/** A record of occupancy, if one is wanted. */
static struct sim_occupancy *record_occupancy(struct system *system, const struct scenario *scenario,
                                              const struct scenario_run_options *options)
{
    struct sim_occupancy *occupancy;

    if (!options->occupancy && !scenario->occupancy && options->occupancy_listener == NULL) {
        return NULL;
    }
    occupancy = sim_occupancy_create(system_sim(system));
    if (options->occupancy_listener != NULL) {
        sim_occupancy_listen(occupancy, options->occupancy_listener);
    }
    return occupancy;
}

/** Ends the record of occupancy, if there is one, and hands it over. */
static void take_occupancy(struct sim_occupancy *occupancy, const struct scenario *scenario, struct run_result *result)
{
    if (occupancy != NULL) {
        sim_occupancy_finish(occupancy, result->setup_time + scenario->duration);
        result->occupancy = run_occupancy_of(occupancy);
        sim_occupancy_destroy(occupancy);
    }
}

/** Runs a scenario whose duration and warm-up are known. */
static enum scenario_run_status run_settled(const struct scenario *scenario, const struct scenario_run_options *options,
                                            struct run_result *result, struct host_error *error)
{
    struct sim_trace *trace = NULL;
    enum scenario_run_status status = SCENARIO_RUN_DONE;
    struct recording_filter filter = {.devices = NULL};
    struct verdict_list moments = {.items = NULL};
    struct watchers watchers;
    struct system *system = system_create(scenario, &options->system, error);

    if (system == NULL) {
        return SCENARIO_RUN_IMPOSSIBLE;
    }
    if (!choose_devices(system, options, &filter, error) || !attach_trace(system, &options->waveform, &trace, error) ||
        !system_bring_up(system, error)) {
        close_trace(trace);
        free((void *)(uintptr_t)filter.devices);
        system_destroy(system);
        return SCENARIO_RUN_IMPOSSIBLE;
    }
    watchers = observe(system, options->record == NULL ? NULL : &filter);
    watchers.trace = trace;
    watchers.occupancy = record_occupancy(system, scenario, options);
    free((void *)(uintptr_t)filter.devices); /* copied */
    verdicts_watch(system, &moments);
    if (!run_traffic(system, scenario, &watchers, options, result)) {
        result->interrupted = true;
        status = SCENARIO_RUN_INTERRUPTED;
    } else if (system_failure(system) != NULL) {
        *error = *system_failure(system);
        status = SCENARIO_RUN_STUCK;
    } else if (collector_outstanding(watchers.collector) > 0) {
        host_error_set(error, "%llu MSIs are still under way long after the traffic ended",
                       (unsigned long long)collector_outstanding(watchers.collector));
        status = SCENARIO_RUN_STUCK;
    }
    close_trace(trace);
    take_occupancy(watchers.occupancy, scenario, result);
    collect(system, scenario, watchers.collector, &moments, result);
    hand_recording_over(system, watchers.recording, options, result);
    collector_destroy(watchers.collector);
    system_destroy(system);
    return status;
}

enum scenario_run_status scenario_run(const struct scenario *scenario, const struct scenario_run_options *options,
                                      struct run_result *result, struct host_error *error)
{
    struct scenario settled;

    if (!scenario_is_open(scenario)) {
        return run_settled(scenario, options, result, error);
    }
    if (!scenario_settle(scenario, options, &settled, &result->settling, error)) {
        return SCENARIO_RUN_IMPOSSIBLE;
    }
    return run_settled(&settled, options, result, error);
}

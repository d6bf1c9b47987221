#include "report/run_json.h"

#include "report/occupancy.h"
#include "report/step_text.h"
#include "report/topology_json.h"
#include "report/verdict_json.h"

#include <inttypes.h>

static json_t *count(uint64_t value)
{
    return verdict_json_count(value);
}

static json_t *time_json(sim_time time)
{
    return time == SIM_TIME_NEVER ? json_null() : count(time);
}

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

static json_t *latency_json(const struct run_latency *latency)
{
    json_t *object = json_object();

    set(object, "count", count(latency->count));
    if (latency->count == 0) {
        return object;
    }
    set(object, "min-fs", time_json(latency->min));
    set(object, "mean-fs", time_json(latency->mean));
    set(object, "ci95-fs", time_json(latency->ci95));
    set(object, "p50-fs", time_json(latency->p50));
    set(object, "p99-fs", time_json(latency->p99));
    set(object, "p99.9-fs", time_json(latency->p999));
    set(object, "max-fs", time_json(latency->max));
    return object;
}

/** Where the latencies lie: [low, high, count] for each step that has any, in femtoseconds. */
static json_t *histogram_json(const struct histogram_bin *bins, size_t bin_count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < bin_count; i++) {
        json_t *bin = json_array();

        json_array_append_new(bin, count(bins[i].low));
        json_array_append_new(bin, count(bins[i].high));
        json_array_append_new(bin, count(bins[i].count));
        json_array_append_new(list, bin);
    }
    return list;
}

static json_t *hops_json(const struct run_hop *hops, size_t hop_count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < hop_count; i++) {
        json_t *object = latency_json(&hops[i].time);

        set(object, "stage", verdict_json_text(hops[i].stage));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *doorbells_json(const struct run_device *device)
{
    json_t *array = json_array();

    for (size_t i = 0; i < device->doorbell_count; i++) {
        const struct run_doorbell *doorbell = &device->doorbells[i];
        json_t *object = json_object();

        set(object, "address", verdict_json_id(doorbell->address));
        set(object, "its", verdict_json_text(doorbell->its));
        set(object, "device-id", verdict_json_id(doorbell->device_id));
        set(object, "count", count(doorbell->count));
        set(object, "first-packet", json_sprintf("%016" PRIx64, doorbell->first_packet));
        set(object, "first-time-fs", time_json(doorbell->first_time));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *msi_json(const struct run_device *device)
{
    json_t *object = json_object();
    json_t *dropped = json_object();

    for (unsigned i = 0; i < SIM_DROP_REASONS; i++) {
        if (device->dropped[i].count > 0) {
            set(dropped, sim_drop_reason_name((enum sim_drop_reason)i), count(device->dropped[i].count));
        }
    }
    set(object, "count", count(device->born));
    set(object, "delivered", count(device->delivered));
    set(object, "merged", count(device->merged));
    set(object, "lost", count(device->lost));
    set(object, "lost-because", dropped);
    set(object, "latency", latency_json(&device->latency));
    set(object, "histogram", histogram_json(device->latency_bins, device->latency_bin_count));
    set(object, "hops", hops_json(device->hops, device->hop_count));
    set(object, "doorbells", doorbells_json(device));
    return object;
}

static json_t *dma_json(const struct run_device *device)
{
    json_t *object = json_object();
    json_t *peers = json_object();

    for (size_t i = 0; i < device->peer_count; i++) {
        const char *endpoint = device->peers[i].component;
        const json_t *before = json_object_get(peers, endpoint);

        set(peers, endpoint,
            count(device->peers[i].tally.count + (uint64_t)(before != NULL ? json_integer_value(before) : 0)));
    }
    set(object, "writes-sent", count(device->writes_sent));
    set(object, "writes-visible", count(device->writes_visible));
    set(object, "writes-dropped", count(device->writes_dropped));
    set(object, "reads-done", count(device->reads_done));
    set(object, "measured-time-fs", time_json(device->dma_time));
    set(object, "writes-measured", count(device->writes_measured));
    set(object, "reads-measured", count(device->reads_measured));
    set(object, "read-latency", latency_json(&device->read_latency));
    set(object, "reached-peers", peers);
    set(object, "msis-checked-against-data", count(device->order_checked));
    set(object, "msis-before-data", count(device->order_violations.count));
    return object;
}

static json_t *device_json(const struct run_device *device)
{
    json_t *object = json_object();

    set(object, "name", verdict_json_text(device->name));
    set(object, "segment", count(device->segment));
    set(object, "rid", verdict_json_id(device->rid));
    set(object, "group", device->group == VERDICT_NO_ID ? json_null() : count(device->group));
    set(object, "stream-id", verdict_json_id(device->stream_id));
    set(object, "smmu", verdict_json_text(device->smmu));
    set(object, "device-id", verdict_json_id(device->device_id));
    set(object, "its", verdict_json_text(device->its));
    set(object, "doorbell", verdict_json_id(device->doorbell));
    set(object, "msi", msi_json(device));
    set(object, "dma", dma_json(device));
    return object;
}

static json_t *counters_json(const struct run_result *result)
{
    json_t *all = json_object();

    for (size_t i = 0; i < result->counter_count; i++) {
        const struct run_counter *counter = &result->counters[i];
        json_t *component = json_object_get(all, counter->component);

        if (component == NULL) {
            component = json_object();
            set(all, counter->component, component);
        }
        set(component, counter->name, count(counter->value));
    }
    return all;
}

static json_t *expectations_json(const struct run_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->expectation_count; i++) {
        const struct run_expectation *expectation = &result->expectations[i];
        json_t *object = json_object();

        set(object, "key", verdict_json_text(expectation->key));
        set(object, "wanted", verdict_json_text(expectation->wanted));
        set(object, "got", verdict_json_text(expectation->got));
        set(object, "place", verdict_json_text(expectation->place));
        set(object, "met", json_boolean(expectation->met));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *settling_json(const struct run_result *result)
{
    const struct run_settling *settling = &result->settling;
    json_t *object = json_object();

    if (settling->has_until) {
        json_t *until = json_object();

        set(until, "metric", json_string("msi.latency.mean"));
        set(until, "wanted-ppm", count(settling->ci));
        set(until, "reached-ppm", run_precision(result) == UINT64_MAX ? json_null() : count(run_precision(result)));
        set(until, "enough", json_boolean(settling->is_enough));
        set(until, "looks", count(settling->looks));
        set(until, "limit-fs", time_json(settling->limit));
        set(object, "until", until);
    }
    if (settling->finds_warmup) {
        json_t *warmup = json_object();

        set(warmup, "method", json_string("MSER-5"));
        set(warmup, "over", json_boolean(settling->warmup_is_over));
        set(object, "warmup", warmup);
    }
    return object;
}

json_t *run_json(const struct run_result *result)
{
    json_t *object = json_object();
    json_t *devices = json_array();

    for (size_t i = 0; i < result->device_count; i++) {
        json_array_append_new(devices, device_json(&result->devices[i]));
    }
    set(object, "title", verdict_json_text(result->title));
    set(object, "scenario", verdict_json_text(result->path));
    set(object, "seed", json_sprintf("%" PRIu64, result->seed));
    set(object, "duration-fs", time_json(result->duration));
    set(object, "warmup-fs", time_json(result->warmup));
    if (result->settling.has_until || result->settling.finds_warmup) {
        set(object, "settling", settling_json(result));
    }
    set(object, "setup-fs", time_json(result->setup_time));
    set(object, "last-delivery-fs", time_json(result->end_time));
    set(object, "interrupted", json_boolean(result->interrupted));
    set(object, "verdicts", verdict_json(&result->verdicts));
    set(object, "steps", step_json(&result->steps));
    set(object, "latency", latency_json(&result->latency));
    set(object, "histogram", histogram_json(result->latency_bins, result->latency_bin_count));
    set(object, "hops", hops_json(result->hops, result->hop_count));
    set(object, "topology", topology_json(&result->topology));
    set(object, "devices", devices);
    set(object, "smmu-events", count(result->smmu_events));
    set(object, "counters", counters_json(result));
    if (result->occupancy != NULL) {
        set(object, "occupancy", occupancy_json(result->occupancy));
    }
    set(object, "expectations", expectations_json(result));
    set(object, "fingerprint", json_sprintf("%016" PRIx64, result->fingerprint));
    return object;
}

#include "report/occupancy.h"

#include "report/format.h"
#include "report/verdict_json.h"
#include "sim/allocate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Lines of text: the rest is in the JSON. */
#define MOST_LINES 12

#define NAME_COLUMNS 42

/* ---- JSON ---- */

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static void set_series(json_t *object, const struct run_resource *resource, size_t count)
{
    json_t *least = json_array();
    json_t *most = json_array();
    json_t *mean = json_array();

    for (size_t i = 0; i < count; i++) {
        json_array_append_new(least, integer(resource->buckets[i].min));
        json_array_append_new(mean, integer(resource->buckets[i].mean));
        json_array_append_new(most, integer(resource->buckets[i].max));
    }
    json_object_set_new(object, "series", json_pack("{s:o, s:o, s:o}", "min", least, "mean-milli", mean, "max", most));
}

json_t *occupancy_json(const struct run_occupancy *occupancy)
{
    json_t *resources = json_array();

    for (size_t i = 0; i < occupancy->resource_count; i++) {
        const struct run_resource *resource = &occupancy->resources[i];
        json_t *object = json_object();

        json_object_set_new(object, "component", verdict_json_text(resource->component));
        json_object_set_new(object, "resource", verdict_json_text(resource->name));
        json_object_set_new(object, "capacity", integer(resource->capacity));
        json_object_set_new(object, "min", integer(resource->all.min));
        json_object_set_new(object, "mean-milli", integer(resource->all.mean));
        json_object_set_new(object, "max", integer(resource->all.max));
        if (resource->buckets != NULL) {
            set_series(object, resource, occupancy->bucket_count);
        }
        json_array_append_new(resources, object);
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "duration-fs", integer(occupancy->duration), "bucket-fs",
                     integer(occupancy->width), "buckets", integer(occupancy->bucket_count), "resources", resources);
}

/* ---- Text ---- */

static bool never_held_two(const struct run_resource *resource)
{
    return resource->all.max < 2 && resource->capacity > 1;
}

/** The fullest first, what never held more than one of several behind all others; else as they were recorded. */
static int by_peak(const void *a, const void *b)
{
    const struct run_resource *one = *(const struct run_resource *const *)a;
    const struct run_resource *other = *(const struct run_resource *const *)b;
    const uint64_t peaks[2] = {run_resource_peak(one), run_resource_peak(other)};

    if (never_held_two(one) != never_held_two(other)) {
        return never_held_two(one) ? 1 : -1;
    }
    if (peaks[0] != peaks[1]) {
        return peaks[0] > peaks[1] ? -1 : 1;
    }
    return one < other ? -1 : one > other;
}

static void write_line(FILE *out, const struct run_resource *resource)
{
    char name[256];

    snprintf(name, sizeof(name), "%s %s", resource->component, resource->name);
    fprintf(out, "  %-*s %5" PRIu64 ".%03" PRIu64 " %9" PRIu64 " %9" PRIu64 "  %5" PRIu64 "%%\n", NAME_COLUMNS, name,
            resource->all.mean / 1000, resource->all.mean % 1000, resource->all.max, resource->capacity,
            (run_resource_peak(resource) + 5) / 10);
}

void occupancy_text_write(FILE *out, const struct run_occupancy *occupancy)
{
    const struct run_resource **sorted = sim_allocate(occupancy->resource_count + 1, sizeof(const void *));
    size_t used = 0;

    for (size_t i = 0; i < occupancy->resource_count; i++) {
        if (occupancy->resources[i].all.max > 0) {
            sorted[used++] = &occupancy->resources[i];
        }
    }
    qsort(sorted, used, sizeof(sorted[0]), by_peak);
    fprintf(out, "\nOccupancy, the fullest first\n");
    fprintf(out, "  %-*s %9s %9s %9s  %6s\n", NAME_COLUMNS, "what", "mean", "max", "capacity", "peak");
    for (size_t i = 0; i < used && i < MOST_LINES; i++) {
        write_line(out, sorted[i]);
    }
    fprintf(out, "  %zu of %zu resources were used at all; --json has them all, over time\n", used,
            occupancy->resource_count);
    free(sorted);
}

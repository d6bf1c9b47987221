#include "result/occupancy.h"

#include "sim/allocate.h"

#include <stdlib.h>

static struct run_fill fill_of(const struct sim_occupancy_bucket *bucket, sim_time duration)
{
    struct run_fill fill = {.min = 0};

    if (duration > 0) {
        fill.min = bucket->least;
        fill.max = bucket->most;
        fill.mean = (uint64_t)(bucket->area * 1000 / duration);
    }
    return fill;
}

static void take(struct run_resource *resource, const struct sim_occupancy_resource *from,
                 const struct run_occupancy *occupancy)
{
    resource->component = sim_copy_string(from->component);
    resource->name = sim_copy_string(from->name);
    resource->capacity = from->capacity;
    resource->all = fill_of(&from->all, occupancy->duration);
    if (resource->all.max == 0) {
        return;
    }
    resource->buckets = sim_allocate(occupancy->bucket_count, sizeof(*resource->buckets));
    for (size_t i = 0; i < occupancy->bucket_count; i++) {
        const sim_time begin = i * occupancy->width;
        const sim_time end = sim_time_min(begin + occupancy->width, occupancy->duration);

        resource->buckets[i] = fill_of(&from->buckets[i], end - begin);
    }
}

struct run_occupancy *run_occupancy_of(const struct sim_occupancy *occupancy)
{
    struct run_occupancy *result = sim_allocate(1, sizeof(*result));

    result->duration = sim_occupancy_duration(occupancy);
    result->width = sim_occupancy_width(occupancy);
    result->bucket_count = sim_occupancy_used(occupancy);
    result->resource_count = sim_occupancy_count(occupancy);
    result->resources = sim_allocate(result->resource_count + 1, sizeof(*result->resources));
    for (size_t i = 0; i < result->resource_count; i++) {
        take(&result->resources[i], sim_occupancy_at(occupancy, i), result);
    }
    return result;
}

void run_occupancy_free(struct run_occupancy *occupancy)
{
    for (size_t i = 0; occupancy != NULL && i < occupancy->resource_count; i++) {
        free(occupancy->resources[i].component);
        free(occupancy->resources[i].name);
        free(occupancy->resources[i].buckets);
    }
    if (occupancy != NULL) {
        free(occupancy->resources);
    }
    free(occupancy);
}

uint64_t run_resource_peak(const struct run_resource *resource)
{
    return resource->capacity == 0 ? 0 : resource->all.max * 1000 / resource->capacity;
}

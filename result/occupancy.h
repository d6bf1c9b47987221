/* How full channels, queues, caches and slots were over time (sim/occupancy.h): a part of a run's result. */
#ifndef DOORBELL_RESULT_OCCUPANCY_H
#define DOORBELL_RESULT_OCCUPANCY_H

#include "sim/occupancy.h"
#include "sim/time.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How full something was in part of the time. */
struct run_fill {
    uint64_t min;
    uint64_t max;
    uint64_t mean; /**< over time, in thousandths of an entry, rounded down */
};

/** A channel's packets or data credits, or a queue, a cache or slots of a component. */
struct run_resource {
    char *component; /**< or channel */
    char *name;
    uint64_t capacity;
    struct run_fill all;
    struct run_fill *buckets; /**< run_occupancy.bucket_count of them; NULL if it was empty all the time */
};

/** From the beginning of the traffic on. */
struct run_occupancy {
    sim_time duration; /**< until the end of the traffic, or the last change if that was later */
    sim_time width;    /**< of a bucket; the last one ends with the record */
    size_t bucket_count;
    struct run_resource *resources;
    size_t resource_count;
};

/** Takes a finished record over. @return to be released with run_occupancy_free() */
struct run_occupancy *run_occupancy_of(const struct sim_occupancy *occupancy);

/** NULL is allowed. */
void run_occupancy_free(struct run_occupancy *occupancy);

/** How full a resource was at most, in thousandths of its capacity. */
uint64_t run_resource_peak(const struct run_resource *resource);

#ifdef __cplusplus
}
#endif

#endif

/*
 * Occupancy over time: how full each channel and each queue, cache or set of slots that a component has registered
 * (sim_gauge_register()) was, from one moment on, in a fixed number of buckets of time.
 *
 *   what       name          capacity     value
 *   ---------  ------------  -----------  ------------------------------------------------------------------------
 *   channel    packets       its slots    packets sent and not yet taken: in flight and in the reader's buffer
 *   channel    data-credits  its units    data credits (of 16 bytes) that these hold; only where they are limited
 *   component  its gauges'   as told      as the component says
 *
 * Buckets begin a nanosecond wide; when time outgrows them, two become one, all over. So memory is taken once, and a
 * record of any length has at least half of the buckets in use. A bucket has the least and the greatest value, and
 * the value's integral over time.
 *
 * A value counts as it is when all of an instant is done, and only changes are noted, so the record depends neither
 * on the order within an instant nor on the engine. While no record is under way a simulation does nothing for it:
 * components are evaluated through the record only from sim_occupancy_start() to sim_occupancy_finish().
 */
#ifndef DOORBELL_SIM_OCCUPANCY_H
#define DOORBELL_SIM_OCCUPANCY_H

#include "sim/sim.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Buckets of a record. */
#define SIM_OCCUPANCY_BUCKETS 64u

/** Part of the time, and how full something was in it. */
struct sim_occupancy_bucket {
    uint64_t least;
    uint64_t most;
    unsigned __int128 area; /**< integral of the value over time: entries times femtoseconds */
};

/** What was recorded of one resource. */
struct sim_occupancy_resource {
    const char *component; /**< or the channel */
    const char *name;
    uint64_t capacity;
    struct sim_occupancy_bucket all; /**< of the whole time */
    struct sim_occupancy_bucket buckets[SIM_OCCUPANCY_BUCKETS];
};

struct sim_occupancy;

/** Takes memory for a record of a simulation that is built. */
struct sim_occupancy *sim_occupancy_create(struct sim *sim);

/** Who hears of resources while a record is under way. */
struct sim_occupancy_listener {
    void *context;
    /**
     * A component was evaluated that can have changed the resource: its value when all of @p instant is done. Called
     * for every resource when the record begins, too.
     */
    void (*heard)(void *context, const struct sim_occupancy *occupancy, size_t resource, sim_time instant,
                  uint64_t value);
};

/** Has somebody hear of resources; before the record begins. The listener is copied. */
void sim_occupancy_listen(struct sim_occupancy *occupancy, const struct sim_occupancy_listener *listener);

/** The channel whose `packets` or `data-credits` a resource is; NULL: it is a gauge of a component's. */
const struct sim_channel *sim_occupancy_channel(const struct sim_occupancy *occupancy, size_t i);

/**
 * What happens between instants can change a component's gauges too: has them read, as of now, before the next instant
 * begins. Does nothing while no record is under way.
 */
void sim_occupancy_touch(struct sim_component *component);

/** Begins at @p start, not before sim_now(); once. Takes no memory. */
void sim_occupancy_start(struct sim_occupancy *occupancy, sim_time start);

/** Ends it, at @p end or with the last change if that was later, when the simulation does not run. Once. */
void sim_occupancy_finish(struct sim_occupancy *occupancy, sim_time end);

/** Femtoseconds that the finished record lasted. */
sim_time sim_occupancy_duration(const struct sim_occupancy *occupancy);

/** Width of its buckets. The last one that is in use may end beyond the record. */
sim_time sim_occupancy_width(const struct sim_occupancy *occupancy);

/** Buckets in use. */
size_t sim_occupancy_used(const struct sim_occupancy *occupancy);

/** The resources: channels in order of creation, each component's gauges in order of registration. */
size_t sim_occupancy_count(const struct sim_occupancy *occupancy);
const struct sim_occupancy_resource *sim_occupancy_at(const struct sim_occupancy *occupancy, size_t i);

/** Frees a record. One that is under way must be finished. NULL is allowed. */
void sim_occupancy_destroy(struct sim_occupancy *occupancy);

#ifdef __cplusplus
}
#endif

#endif

/*
 * The collector: the observer that turns marks and events of a run into a struct run_result.
 *
 * It depends on no order within an instant: it counts, sums, takes extremes, and sorts MSIs into batches by birth time.
 * The confidence interval of a mean is that of batch means: the measured part of the run is cut into 32 equal stretches
 * of birth time, whose means are taken as independent. Adding a mark or an event allocates nothing.
 */
#ifndef DOORBELL_RESULT_COLLECTOR_H
#define DOORBELL_RESULT_COLLECTOR_H

#include "result/run.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct collector;

/**
 * Makes a collector and sets it as the simulation's observer. Call it when all stages are registered. MSIs that have
 * been born by then, be it in this very instant, are none of its.
 * @param device_of device of each traffic source: packets carry source 1..sources, and device_of[source - 1] is the
 * index
 *                  of the device they count for; copied. Packets of source 0 are not reported.
 * @param devices   number of devices
 */
struct collector *collector_create(struct sim *sim, const uint32_t *device_of, uint32_t sources, uint32_t devices);

/**
 * Hands every event on to one more listener, two at most, which must not depend on the order of calls within an instant
 * either.
 * @param also copied; its `mark` is not called; NULL ends all of them
 */
void collector_also(struct collector *collector, const struct sim_observer *also);

/** Frees a collector; the simulation must not run any more. */
void collector_destroy(struct collector *collector);

/**
 * Traffic starts.
 * @param start    when, simulated time
 * @param warmup   MSIs born earlier than start + warmup count in no latency
 * @param duration traffic ends at start + duration
 */
void collector_start(struct collector *collector, sim_time start, sim_time warmup, sim_time duration);

/** MSIs that were born, and of these how many are neither delivered, merged nor dropped yet. */
uint64_t collector_born(const struct collector *collector);
uint64_t collector_outstanding(const struct collector *collector);

/** MSIs delivered so far, each to a handler run of its own. */
uint64_t collector_delivered(const struct collector *collector);

/**
 * Fills in latencies, hops, counts, doorbells, counters and the fingerprint.
 * @param result has its devices allocated; all of a device that does not come from observation is the caller's
 */
void collector_finish(struct collector *collector, struct run_result *result);

#ifdef __cplusplus
}
#endif

#endif

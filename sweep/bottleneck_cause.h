/*
 * Which resource an MSI waited for at a moment. Not where it stood: a packet that stands in an endpoint because its
 * link has no credits, while the switch behind that has none either, because all slots of the SMMU behind that are
 * taken, waits for a slot. So the question goes down the MSI's own way, as long as the next channel lets nothing in.
 */
#ifndef DOORBELL_SWEEP_BOTTLENECK_CAUSE_H
#define DOORBELL_SWEEP_BOTTLENECK_CAUSE_H

#include "result/recording.h"
#include "scenario/scenario.h"
#include "sweep/bottleneck.h"
#include "sweep/holdups.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bottleneck_causes;

/** Prepares the question. All of it must live as long as the answer. */
struct bottleneck_causes *bottleneck_causes_create(const struct sim *sim, const struct scenario *scenario,
                                                   const struct holdups *holdups);

/** Frees it. */
void bottleneck_causes_destroy(struct bottleneck_causes *causes);

/**
 * Divides a wait among resources.
 * @param hops   of the packet
 * @param place  index of the hop at which it waited
 * @param begin  of the hop
 * @param wait   how much longer than the way itself it was there
 * @param own    of a walk or fetch of its own: what the shortest one takes. Else 0
 * @param sums   femtoseconds by enum bottleneck_resource; @p wait in all is added
 */
void bottleneck_causes_divide(const struct bottleneck_causes *causes, const struct recorded_packet *packet,
                              const struct recorded_hop *hops, uint32_t place, sim_time begin, sim_time wait,
                              sim_time own, double sums[BOTTLENECK_RESOURCES]);

/** Whether the time under a stage is all a price of something that was not cached. */
bool bottleneck_causes_is_miss(const struct bottleneck_causes *causes, uint32_t stage);

#ifdef __cplusplus
}
#endif

#endif

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
 * Divides a wait at a component among resources.
 * @param hops   of the packet
 * @param first  index of the first of its hops there; walks and fetches of its own come before the rest
 * @param last   and of the last
 * @param begin  of the first
 * @param wait   how much longer than the way itself it was there in all
 * @param least  by stage: of walks and fetches, what the shortest one takes
 * @param sums   femtoseconds by enum bottleneck_resource; @p wait in all is added
 */
void bottleneck_causes_divide(const struct bottleneck_causes *causes, const struct recorded_packet *packet,
                              const struct recorded_hop *hops, uint32_t first, uint32_t last, sim_time begin,
                              sim_time wait, const sim_time *least, double sums[BOTTLENECK_RESOURCES]);

/** Whether the time under a stage is the price of what was not cached: a walk, or a fetch of a configuration. */
bool bottleneck_causes_is_miss(const struct bottleneck_causes *causes, uint32_t stage);

/** The stage of the component itself: that of an SMMU, of its walks. Other stages are their own. */
uint32_t bottleneck_causes_owner(const struct bottleneck_causes *causes, uint32_t stage);

#ifdef __cplusplus
}
#endif

#endif

/*
 * An output of a GIC component: a channel, at most one push an edge, and messages with different service times that
 * leave in the order in which they were pushed.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_OUTPUT_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_OUTPUT_INTERNAL_H

#include "sim/channel.h"
#include "sim/time.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gic_output {
    struct sim_channel *channel; /**< NULL: not bound */
    sim_time next_push;          /**< the edge after the last push */
    sim_time served;             /**< when the last packet pushed leaves the component */
};

/** The whole of gic_output_is_ready(), for outputs that may have to wait. */
bool gic_output_wait(struct gic_output *output, sim_time now, sim_time *due);

/** Whether a packet can be pushed at this edge. If not, *due becomes no later than the time to ask again. */
static inline bool gic_output_is_ready(struct gic_output *output, sim_time now, sim_time *due)
{
    const struct sim_channel *channel = output->channel;

    if (SIM_SELDOM(output->next_push > now || channel->metered || !sim_channel_has_space(output->channel, now, 0, 0))) {
        return gic_output_wait(output, now, due);
    }
    return true;
}

/** Sends a packet that stays for @p service, or longer if the packet before it is still being served. */
static inline void gic_output_push(struct gic_output *output, struct sim_packet *packet, sim_time now, sim_time service)
{
    sim_time leaves = sim_time_max(now + service, output->served);

    output->served = leaves;
    output->next_push = now + output->channel->writer_period;
    sim_channel_push(output->channel, packet, now, leaves - now, 0, 0, 0);
}

#ifdef __cplusplus
}
#endif

#endif

/*
 * The answer to a write whose own packet goes on as an LPI: a new packet that finds the way back to the write's master.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_WRITE_ACK_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_WRITE_ACK_INTERNAL_H

#include "sim/packet.h"
#include "sim/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Makes a SIM_PACKET_WRITE_ACK that is told apart from its write by nothing but its type and the payload. */
static inline struct sim_packet *gic_make_write_ack(struct sim *sim, const struct sim_packet *write)
{
    struct sim_packet *ack = sim_packet_new(sim, 0);

    ack->type = SIM_PACKET_WRITE_ACK;
    ack->status = SIM_STATUS_OK;
    ack->id = write->id;
    ack->source = write->source;
    ack->flags = write->flags & SIM_FLAG_HAS_STREAM_ID;
    ack->stream_id = write->stream_id;
    ack->requester = write->requester;
    ack->target = write->requester;
    ack->tag = write->tag;
    ack->cookie = write->cookie;
    ack->route_depth = write->route_depth;
    for (unsigned i = 0; i < SIM_PACKET_ROUTE_DEPTH; i++) {
        ack->route[i] = write->route[i];
    }
    return ack;
}

#ifdef __cplusplus
}
#endif

#endif

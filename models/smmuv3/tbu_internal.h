/*
 * Translation buffer units (tbu.c, tbu_output.c): what lets requests in and out.
 */
#ifndef DOORBELL_MODELS_SMMUV3_TBU_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_TBU_INTERNAL_H

#include "models/smmuv3/smmu_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Lets requests in and out. @return when there is more to do */
sim_time smmu_tbu_run(struct smmu *smmu, struct smmu_tbu *tbu, sim_time now);

/** Data units that a request takes. */
static inline uint32_t smmu_request_units(const struct sim_packet *packet)
{
    return packet->type == SIM_PACKET_WRITE ? sim_channel_units(packet->length) : 0;
}

/** Pushes a request downstream at @p leave, or as soon after as the port is free; there must be space. */
static inline void smmu_port_send(struct smmu *smmu, struct smmu_port *port, struct sim_packet *packet, uint32_t units,
                                  sim_time now, sim_time leave)
{
    leave = sim_time_max(leave, port->out_free);
    port->out_free = leave + smmu->component.period;
    port->sent_at = now;
    sim_channel_push(port->downstream.request, packet, now, leave - now, units, 0, 0);
}

/** Lets one slot of a port leave; one must be ready. @return when to look again */
sim_time smmu_port_depart(struct smmu *smmu, struct smmu_port *port, sim_time now);

/** Passes one read completion upstream, which has arrived. @return when to look again */
sim_time smmu_port_respond(struct smmu *smmu, struct smmu_port *port, sim_time now);

/**
 * Looks a slot's address up in its TBU's TLBs; on a hit that permits it the slot is decided at @p at. @return whether
 * it was
 */
bool smmu_tbu_lookup(struct smmu *smmu, struct smmu_tbu *tbu, uint16_t index, sim_time at);

/** A slot that stalled is taken in again at @p at, as if its request had just arrived. */
void smmu_tbu_retry(struct smmu *smmu, uint16_t index, sim_time at);

#ifdef __cplusplus
}
#endif

#endif

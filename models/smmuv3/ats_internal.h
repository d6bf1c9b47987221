/*
 * What is beyond plain translation, and talks to endpoints: stalled transactions, translation requests and translated
 * transactions, invalidations of endpoints' caches, page requests.
 */
#ifndef DOORBELL_MODELS_SMMUV3_ATS_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_ATS_INTERNAL_H

#include "models/smmuv3/smmu_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Stalled transactions (stalls.c) ---- */

/** Stalls the request of a slot that may leave; it is on no list. */
void smmu_stall(struct smmu *smmu, uint16_t index, sim_time now);

/** A stalled transaction's record could not be written. @param stag of the record */
void smmu_stall_unrecorded(struct smmu *smmu, uint32_t stag);

/** The slot of a stalled transaction is given back. */
void smmu_stall_release(struct smmu *smmu, struct smmu_slot *slot);

/** Retries what has no record, stalls what waits to, and terminates all if SMMUEN = 0. */
void smmu_stalls_run(struct smmu *smmu, sim_time now);

/** CMD_RESUME and CMD_STALL_TERM. */
void smmu_stalls_resume(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS], sim_time now);
void smmu_stalls_terminate(struct smmu *smmu, uint32_t sid, sim_time now);

/* ---- ATS (ats.c) ---- */

/** What a packet is; features decide whether it is supported. */
static inline enum smmu_kind smmu_packet_kind(const struct sim_packet *packet)
{
    if (packet->type == SIM_PACKET_MESSAGE) {
        return SMMU_KIND_MESSAGE;
    }
    return packet->at == SIM_AT_TRANSLATION_REQUEST && packet->type == SIM_PACKET_READ ? SMMU_KIND_TRANSLATION_REQUEST
           : packet->at == SIM_AT_TRANSLATED                                           ? SMMU_KIND_TRANSLATED
                                                                                       : SMMU_KIND_ORDINARY;
}

/** Whether a translated transaction passes without a look at its stream: ATSCHK = 0. */
bool smmu_ats_passes(const struct smmu *smmu, const struct sim_packet *packet);

/** A translation request or translated transaction has come. */
void smmu_ats_begin(struct smmu *smmu, uint16_t index, sim_time at);

/** Its configuration is known: slot->context (unless fault->type says that there is no STE), and @p fault. */
void smmu_ats_configured(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at);

/** A translation request's translation is known: @p entry, or (fault->type != 0) @p fault. */
void smmu_ats_translated(struct smmu *smmu, uint16_t index, const struct smmu_tlb_entry *entry,
                         const struct smmu_fault *fault, sim_time at);

/** What a request needs of its context, and what it wants marked dirty. */
unsigned smmu_slot_need(const struct smmu_slot *slot);
unsigned smmu_slot_want(const struct smmu_slot *slot);

/** Whether a fault says that there is no usable STE. */
static inline bool smmu_fault_is_of_ste(const struct smmu_fault *fault)
{
    return fault->type == SMMU_C_BAD_STREAMID || fault->type == SMMU_F_STE_FETCH || fault->type == SMMU_C_BAD_STE;
}

/* ---- Messages (messages.c) ---- */

/** Takes the message of a slot that may leave; it is on no list. */
void smmu_message_take(struct smmu *smmu, uint16_t index, sim_time now);

/** The port that leads to a stream; NULL: none does. */
struct smmu_port *smmu_port_towards(struct smmu *smmu, uint32_t sid);

/**
 * Whether messages to a stream can be sent: there is room, or no way to it. Commands ask for two, and send one: so that
 * there is always room for the answer to the current page request.
 */
bool smmu_message_has_room(struct smmu *smmu, uint32_t sid, uint32_t messages);

/** Sends a message to the endpoint of a stream; without a way to it, nothing is sent. @return whether it was */
bool smmu_message_send(struct smmu *smmu, const struct smmu_message *message);

/** Lets one message out. @return when to look again */
sim_time smmu_port_send_message(struct smmu *smmu, struct smmu_port *port, sim_time now);

/* ---- Invalidations of endpoints' caches (atc.c) ---- */

/** Whether a CMD_ATC_INV can be carried out: it needs an ITag and room for the message. */
bool smmu_atc_has_room(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS]);

/** Carries a CMD_ATC_INV out. @param queue which command queue it came from */
void smmu_atc_invalidate(struct smmu *smmu, uint8_t queue, const uint64_t words[SMMU_CMD_WORDS], sim_time now);

/** Whether invalidations of a queue are under way: its CMD_SYNC waits. */
static inline bool smmu_atc_is_busy(const struct smmu *smmu, uint8_t queue)
{
    return smmu->atc.outstanding[queue] > 0;
}

/** Whether one of a queue's invalidations has timed out since this was last asked. */
bool smmu_atc_take_failure(struct smmu *smmu, uint8_t queue);

/** An Invalidate Completion. */
void smmu_atc_completed(struct smmu *smmu, const struct sim_packet *packet);

/** Looks for time-outs. @return when the next one is due */
sim_time smmu_atc_run(struct smmu *smmu, sim_time now);

/* ---- Page requests (pri.c) ---- */

/** Takes a page request; its slot becomes the PRI queue's. */
void smmu_pri_take(struct smmu *smmu, uint16_t index);

/** Whether a CMD_PRI_RESP can be carried out. */
static inline bool smmu_pri_has_room(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS])
{
    return smmu_message_has_room(smmu, (uint32_t)smmu_field_get(words, SMMU_CMD_SID), 2);
}

/** Works on page requests. */
void smmu_pri_run(struct smmu *smmu, sim_time now);

/** The STE of the current page request is known: slot->context, or fault->type != 0. */
void smmu_pri_checked(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at);

/** The write of a page request's record was answered. */
void smmu_pri_written(struct smmu *smmu, bool ok, sim_time now);

/** CMD_PRI_RESP. */
void smmu_pri_respond(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS], sim_time now);

#ifdef __cplusplus
}
#endif

#endif

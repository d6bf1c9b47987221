/*
 * The inside of an endpoint's use of ATS and PRI: its translation cache (ATC), translation and page requests under way,
 * and messages on their way out. Part of an endpoint if one of its functions has the ATS capability.
 */
#ifndef DOORBELL_MODELS_PCIE_ENDPOINT_ATC_H
#define DOORBELL_MODELS_PCIE_ENDPOINT_ATC_H

#include "models/pcie/endpoint_internal.h"
#include "sim/ats.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Messages that wait to be sent. Requests are made only while there is room for all completions too. */
#define ATC_MESSAGES 128u
#define ATC_GROUPS   512u

/** Who asks: translations of one are of no use to another. */
struct atc_context {
    const struct endpoint_function *function;
    uint32_t flags; /**< SIM_FLAG_PASID, _PRIVILEGED, _EXECUTE */
    uint32_t pasid;
};

struct atc_entry {
    bool valid;
    struct atc_context context;
    uint64_t input;
    uint64_t used; /**< order of the last use */
    struct sim_ats_entry translation;
};

enum atc_state {
    ATC_FREE,
    ATC_ASK,     /**< a translation request is to be sent */
    ATC_ASKED,   /**< it is under way */
    ATC_PAGE,    /**< a page request is to be sent */
    ATC_PAGED,   /**< it is under way */
    ATC_REFUSED, /**< there is no translation: whoever waits for it gives up */
};

struct atc_walk {
    enum atc_state state;
    struct endpoint_function *function;
    struct atc_context context;
    uint64_t page;
    bool write;
    bool stale;   /**< invalidated while under way: what comes must not be kept */
    bool alone;   /**< nobody waits for it */
    uint16_t tag; /**< place in the table of reads */
    uint16_t group;
};

/** A message on its way out. */
struct atc_message {
    struct endpoint_function *function;
    uint64_t word; /**< sim_packet.address */
    uint32_t flags;
    uint32_t pasid;
    uint16_t target;
    uint8_t operation;
    sim_time after; /**< Invalidate Completion: not before translated reads of that time have come back */
};

struct endpoint_atc {
    struct atc_entry *entries;
    uint32_t entry_count;
    uint64_t uses;
    struct atc_walk walks[ENDPOINT_MAX_ATC_REQUESTS];
    uint32_t walk_count;    /**< translations that it waits for at once */
    uint32_t walks_to_send; /**< bit a walk in state ATC_ASK */
    struct atc_message messages[ATC_MESSAGES];
    uint32_t head;
    uint32_t count;
    uint16_t pages[ATC_GROUPS]; /**< page requests under way, by group */
    struct endpoint_function *group_owner[ATC_GROUPS];
    uint32_t next_group;
};

#ifdef __cplusplus
}
#endif

#endif

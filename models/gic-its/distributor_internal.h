/*
 * The inside of a distributor:
 *
 *   distributor.c            creation, binding, and the SPIs' way
 *   distributor_registers.c  register accesses
 */
#ifndef DOORBELL_MODELS_GIC_ITS_DISTRIBUTOR_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_DISTRIBUTOR_INTERNAL_H

#include "models/gic-its/distributor.h"
#include "models/gic-its/gic.h"
#include "models/gic-its/gic_fields.h"
#include "models/gic-its/output_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** INTIDs 0..1023, in words. */
#define DISTRIBUTOR_INTIDS 1024u
#define DISTRIBUTOR_WORDS  (DISTRIBUTOR_INTIDS / 64u)

struct distributor_spi {
    struct sim_packet *packet; /**< pending here; NULL: not */
    uint64_t router;           /**< GICD_IROUTER */
    uint32_t at;               /**< redistributor that was told last; meaningful if `given` */
    uint8_t priority;
    bool enabled;
    bool group1;
    bool given;    /**< a redistributor may have it pending */
    bool recalled; /**< it is being fetched back */
    bool asked;    /**< and its redistributor knows */
    bool clear;    /**< and will then be cleared */
};

struct distributor_link {
    struct sim_channel *from;
    struct gic_output to;
};

struct distributor {
    struct sim_component component; /**< first */
    struct distributor_config config;
    sim_time due; /**< the answer of the evaluation under way */
    sim_time route_service;
    sim_time register_service;
    struct sim_channel *request;
    struct gic_output response;
    struct sim_channel *frames[DISTRIBUTOR_MAX_FRAMES];
    uint32_t turn; /**< frame to look at first */
    struct distributor_link links[DISTRIBUTOR_MAX_REDISTRIBUTORS];
    bool enabled;                     /**< GICD_CTLR.EnableGrp1 */
    uint32_t recalls;                 /**< SPIs that are being fetched back */
    uint64_t busy[DISTRIBUTOR_WORDS]; /**< SPIs that may have to be sent or asked for */
    struct distributor_spi spis[DISTRIBUTOR_INTIDS];
    uint64_t count_raised;
    uint64_t count_merged;
    uint64_t count_routed;
    uint64_t count_recalled;
    uint64_t count_cleared;
};

static inline bool distributor_has(const struct distributor *distributor, uint32_t intid)
{
    return intid >= GIC_FIRST_SPI && intid - GIC_FIRST_SPI < distributor->config.spis;
}

/** Has the SPI looked at: what software set, or what came, may send it on its way. */
static inline void distributor_mark(struct distributor *distributor, uint32_t intid)
{
    distributor->busy[intid / 64] |= (uint64_t)1 << (intid % 64);
}

/** Begins to fetch an SPI back, if a redistributor may have it. */
void distributor_recall(struct distributor *distributor, uint32_t intid);

/** Makes an SPI pending by software; nothing if it is. */
void distributor_raise(struct distributor *distributor, uint32_t intid);

/** Makes an SPI not pending, wherever it is. */
void distributor_clear(struct distributor *distributor, uint32_t intid, sim_time now);

/** Carries out a register access and turns the request into its answer. */
void distributor_access_register(struct distributor *distributor, struct sim_packet *packet, sim_time now);

#ifdef __cplusplus
}
#endif

#endif

/*
 * The inside of a PE, for its own files:
 *
 *   pe.c          creation, binding, and handlers that nothing interrupts
 *   pe_nested.c   handlers that interrupts of higher priority preempt
 *   pe_guest.c    a guest, and its virtual interrupts
 *   pe_software.c a hypervisor that is modelled itself
 */
#ifndef DOORBELL_MODELS_GIC_ITS_PE_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_PE_INTERNAL_H

#include "models/gic-its/cpu_interface.h"
#include "models/gic-its/gic.h"
#include "models/gic-its/output_internal.h"
#include "models/gic-its/pe.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most handlers that are begun and not ended. */
#define PE_MAX_NESTED 64u

/** A handler that has begun, with preemption. While another runs on top of it, times are what is left. */
struct pe_frame {
    struct sim_packet *packet;
    sim_time start; /**< first instruction; nothing preempts before */
    sim_time drop;  /**< EOImode 1: priority drop */
    sim_time end;
    bool dropped;
};

/** A guest and its virtual interrupts. While the host runs on top of it, `end` is what is left of its handler. */
struct pe_guest {
    bool wanted;        /**< software has it run */
    bool inside;        /**< it runs, or is being entered */
    sim_time ready_at;  /**< it has been entered */
    bool acknowledging; /**< waits for the redistributor's answer */
    uint32_t best;      /**< best pending priority, as the redistributor told it */
    struct cpu_interface interface;
    uint32_t threshold;
    struct sim_packet *packet; /**< of the handler that runs in it; NULL if none does */
    sim_time start;
    sim_time end;
    bool idle_told; /**< the hypervisor knows that it has nothing to do */
    struct sim_packet *listed[PE_LIST_REGISTERS];
    uint64_t count_delivered;
    uint64_t count_spurious;
    uint64_t count_exits;
    uint64_t count_listed; /**< handlers of interrupts from list registers */
};

struct pe {
    struct sim_component component; /**< first */
    struct pe_config config;
    pe_handler_observer handler_observer; /**< NULL: nobody */
    void *handler_context;
    struct sim_channel *from; /**< redistributor to PE */
    struct gic_output to;
    struct gic_output *handled; /**< by source; channel NULL: nobody wants to know */
    sim_time acknowledge_service;
    sim_time entry_time;
    sim_time handler_time;
    sim_time span; /**< from the answer to the acknowledge to the handler's end: of both, up to an edge */
    sim_time handled_service;
    struct cpu_interface interface;
    uint32_t threshold;        /**< of the interface: kept, because it changes rarely */
    bool acknowledging;        /**< waits for the redistributor's answer */
    sim_time busy_until;       /**< entering or in a handler until then */
    uint32_t running;          /**< group priority of that handler */
    uint32_t best;             /**< best pending priority, as the redistributor told it */
    struct sim_packet *packet; /**< of the handler under way, if a device waits for its end; else NULL */
    uint32_t spi;              /**< SPI to be deactivated when its handler has ended; 0: none */
    struct pe_frame *frames;   /**< PE_MAX_NESTED with preemption, else NULL */
    uint32_t depth;            /**< of those, in use */
    struct pe_guest *guest;    /**< NULL without guests */
    struct pe_software software;
    bool requested; /**< the hypervisor wants the PE */
    bool occupied;  /**< and has it */
    uint64_t count_delivered;
    uint64_t count_handled;
    uint64_t count_spurious;
    uint64_t count_preempted;
};

/** The channel on which the device wants to hear of this MSI; NULL if none. */
struct gic_output *pe_find_device(const struct pe *pe, const struct sim_packet *packet);

/** Counts and tells the end of a handler. */
void pe_tell_end(struct pe *pe, struct sim_packet *packet, sim_time time);

/** Counts and tells the start of a handler, which may be still to come. */
void pe_tell_start(struct pe *pe, struct sim_packet *packet, sim_time start);

/** Tells the device, whose channel must be ready, that its handler has ended. */
void pe_tell_device(struct pe *pe, struct gic_output *device, struct sim_packet *packet, sim_time now);

/** Tells the redistributor that an SPI's handler has ended; the channel must be ready. */
void pe_deactivate(struct pe *pe, uint32_t intid, sim_time now);

/** Deactivates the SPI whose handler ran, if it has ended. Without preemption. @return when to look again */
sim_time pe_step_spi(struct pe *pe, sim_time now);

/** Whether an interrupt has an active state that the PE ends. */
static inline bool pe_is_spi(const struct sim_packet *packet)
{
    return packet->intid < GIC_FIRST_LPI;
}

/** Sends the acknowledge. @param packet to make it of; NULL for a new one */
void pe_acknowledge(struct pe *pe, struct sim_packet *packet, sim_time now);

/** What the redistributor says is always taken at once. @return the packet, if it is no longer needed; NULL if none */
struct sim_packet *pe_take_message(struct pe *pe, sim_time now);

/**
 * If the handler has ended, its last access, to its device. If the device's channel is full the handler goes on
 * waiting. @return when to look again, if it is
 */
sim_time pe_end_handler(struct pe *pe, sim_time now);

/** Takes memory for the guest's side, if there is one. */
void pe_create_guest(struct pe *pe);

/** Offers an interrupt to the hypervisor, of which there is one. @return whether it took it */
bool pe_offer(struct pe *pe, struct sim_packet *packet, sim_time start);

/** Gives the hypervisor the PE that it asked for; the guest has been left. */
void pe_grant(struct pe *pe);

/** Index of the best listed interrupt that is better than @p priority; PE_LIST_REGISTERS if there is none. */
uint32_t pe_best_listed(const struct pe_guest *guest, uint32_t priority);

/** Evaluates a PE with guests. */
sim_time pe_evaluate_guest(struct sim_component *component, sim_time now);

/** Evaluates a PE with preemption. */
sim_time pe_evaluate_nested(struct sim_component *component, sim_time now);

#ifdef __cplusplus
}
#endif

#endif

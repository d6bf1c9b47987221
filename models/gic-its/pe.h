/*
 * Processing element, as interrupts see it: takes the highest-priority LPI that its redistributor shows, acknowledges
 * it, runs a handler, and takes the next. Handlers run with interrupts masked, one at a time, as an operating system's
 * do; or, with `preemption`, unmasked, and an interrupt of a higher group priority than the one that runs is handled in
 * between. cpu_interface.h has the rules: priority mask, running priority, binary point, Group 1 enable.
 *
 * Stages of an interrupt, in cycles of the PE's clock:
 *
 *   stage                                     parameter           default  source
 *   signal seen (PE idle) -> acknowledge      acknowledge_cycles  40       assumption (exception entry)
 *   acknowledge -> answer of redistributor    (two channels)      -
 *   answer -> first instruction of handler    entry_cycles        40       assumption (published estimate 20..60 ns in
 *                                                                          all for entry)
 *   handler                                   handler_time        200 ns   assumption
 *   end of handler -> device is told          handled_cycles      20       assumption
 *
 * The handler starts (SIM_EVENT_MSI_DELIVERED) after entry, and ends (SIM_EVENT_MSI_HANDLED) handler_time later,
 * rounded up to an edge. Both are known, and told with their own times, when the redistributor's answer comes; so a
 * simulation can have drained while the last handlers still run. With preemption the end is told when it comes.
 *
 * An SPI is active until its handler's end: then the PE tells the redistributor, before it acknowledges anything else.
 *
 * The priority drop is at the handler's end, or with EOImode 1 drop_time after its start; the rest of such a handler
 * can be preempted by an interrupt of the same priority. LPIs have no active state, so the deactivation at its end
 * changes nothing.
 *
 * With `guests` the PE can run a guest, whose virtual interrupts (of the vPE that is resident at the redistributor) it
 * takes without the hypervisor: acknowledge, handler entry and round trip as above, then guest_handler_time. A physical
 * interrupt makes it leave the guest first, and a handler that runs there goes on after the guest is entered again:
 *
 *   signal seen (in the guest) -> acknowledge  exit_cycles + acknowledge_cycles   100  assumption (exit, save)
 *   end of the last handler -> in the guest    enter_cycles                       100  assumption (restore, entry)
 *
 * A device whose traffic waits for its handler is told by a packet on a channel of its own: it stands for the handler's
 * last access to the device (a doorbell write), whose way through the system is not modelled; its time is
 * handled_cycles plus the channel's latency. That packet is the MSI's own, with its `source` and `vector`. Such a
 * handler
 * ends, and is told of, when that access leaves.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_PE_H
#define DOORBELL_MODELS_GIC_ITS_PE_H

#include "models/gic-its/cpu_interface.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pe;

struct pe_config {
    sim_time period; /**< clock period, fs, at least 1 */
    uint32_t acknowledge_cycles;
    uint32_t entry_cycles;
    sim_time handler_time; /**< fs */
    uint32_t handled_cycles;
    bool preemption;             /**< handlers run with interrupts unmasked, nested up to 64 deep */
    bool eoi_mode;               /**< ICC_CTLR_EL1.EOImode; matters with preemption only */
    sim_time drop_time;          /**< EOImode 1: from the handler's start to the priority drop, fs */
    uint32_t binary_point;       /**< ICC_BPR1_EL1; matters with preemption only */
    uint32_t priority_bits;      /**< priority bits implemented, 4..8 */
    uint32_t priority_mask;      /**< ICC_PMR_EL1: priorities numerically below it are taken; 0 takes none */
    bool guests;                 /**< has a virtual interface; not together with preemption */
    uint32_t exit_cycles;        /**< guests */
    uint32_t enter_cycles;       /**< guests */
    sim_time guest_handler_time; /**< guests, fs */
    uint32_t sources;            /**< packet->source values 0 .. sources - 1 may be bound with pe_bind_handled() */
};

/** The defaults of the table above: 2 GHz, mask open, 8 priority bits, no preemption, no sources. */
struct pe_config pe_config_default(void);

/**
 * Makes an idle PE.
 * Counters: delivered (handlers started, with or without an MSI packet behind them), handled (ended), spurious
 * (acknowledges that found nothing), preempted (handlers that began while another had not ended); with guests
 * guest_delivered (handlers in a guest, which count as delivered too), guest_spurious, exits (from a guest, for a
 * physical interrupt).
 */
struct pe *pe_create(struct sim *sim, const char *name, const struct pe_config *config);

/** The PE as a component. */
struct sim_component *pe_component(struct pe *pe);

/** Binds the redistributor. @param from  redistributor to PE  @param to  PE to redistributor */
void pe_bind_redistributor(struct pe *pe, struct sim_channel *from, struct sim_channel *to);

/**
 * Called when it is known that a handler starts, whatever raised its interrupt.
 * @param start when: now or later, since it is told when the acknowledge has been answered
 */
typedef void (*pe_handler_observer)(void *context, uint32_t intid, sim_time start);

/** Sets who is told of handlers that start; NULL: nobody. It must not change the simulation's components. */
void pe_observe_handlers(struct pe *pe, pe_handler_observer observer, void *context);

/**
 * Binds the channel on which the handlers of a source's MSIs tell the device that they have ended; the reader frees the
 * packets. A handler does not end before the channel takes its packet. Without a channel nobody is told.
 * @param source packet->source of the MSIs, below config.sources
 */
void pe_bind_handled(struct pe *pe, uint32_t source, struct sim_channel *to_device);

/** Sets the priority mask. For software between runs: the PE acts on it at its next edge. */
void pe_set_priority_mask(struct pe *pe, uint32_t mask);

/** Sets the binary point (ICC_BPR1_EL1), as pe_set_priority_mask(). */
void pe_set_binary_point(struct pe *pe, uint32_t binary_point);

/** Enables or disables Group 1 interrupts (ICC_IGRPEN1_EL1), to which LPIs belong, as pe_set_priority_mask(). */
void pe_set_group1_enable(struct pe *pe, bool enable);

/**
 * Has a guest run, or not. For software between runs, as pe_set_priority_mask(). A handler in the guest ends before the
 * guest is left for good. Making the guest's vPE resident is software's business too (GICR_VPENDBASER).
 */
void pe_set_guest(struct pe *pe, bool runs);

/** Sets the guest's priority mask (ICV_PMR_EL1), as pe_set_priority_mask(). */
void pe_set_guest_priority_mask(struct pe *pe, uint32_t mask);

/** Enables or disables the guest's Group 1 (ICV_IGRPEN1_EL1), to which virtual LPIs belong. */
void pe_set_guest_group1_enable(struct pe *pe, bool enable);

/* ---- A hypervisor that is modelled itself: PEs with guests only ----
 *
 * It is told of what it must see, and gets the PE to itself, with interrupts masked and the guest left, from there or
 * from pe_request() to pe_release(). Then it may change what the guest's virtual interface holds.
 */

/** What tells it. The functions are called within evaluate, and only note what happened. Any may be NULL. */
struct pe_software {
    void *context;
    /**
     * A physical interrupt was acknowledged; the hypervisor's first instruction is at @p start.
     * @return true: it takes the packet, and the PE is its own; false: a handler of handler_time deals with it
     */
    bool (*interrupt)(void *context, struct sim_packet *packet, sim_time start);
    /** The PE is its own, as pe_request() asked. */
    void (*granted)(void *context);
    /** The guest runs and has no interrupt to handle: told once, until it has had another or was entered again. */
    void (*guest_idle)(void *context);
    /** A handler in the guest: its first instruction is at @p start. */
    void (*guest_handler)(void *context, uint32_t intid, sim_time start);
};

/** Sets what tells the hypervisor (copied). */
void pe_set_software(struct pe *pe, const struct pe_software *software);

/**
 * Asks for the PE: `granted` says when. A handler that runs, a physical interrupt that is pending above the mask, and
 * what is between an acknowledge and its handler's first instruction come first. For software between runs.
 */
void pe_request(struct pe *pe);

/** Takes that back, if `granted` has not said anything yet. */
void pe_cancel_request(struct pe *pe);

/** Gives the PE back: it enters the guest, if there is one, or takes an interrupt, at its next edge. */
void pe_release(struct pe *pe);

/** List registers of a PE: virtual interrupts that the hypervisor shows to the guest itself. */
#define PE_LIST_REGISTERS 16u

/** A guest's virtual interface while another guest runs. */
struct pe_context {
    struct sim_packet *handler; /**< of the handler that was left; NULL: none */
    sim_time rest;              /**< of that handler, fs */
    struct cpu_interface interface;
    struct sim_packet *listed[PE_LIST_REGISTERS]; /**< priority in `address`; NULL: free */
};

/** An open interface in which nothing happens. */
void pe_context_init(const struct pe *pe, struct pe_context *context);

/** Puts the guest's interface into the PE or takes it out. Only while the PE is the hypervisor's. */
void pe_load_guest(struct pe *pe, const struct pe_context *context);
void pe_save_guest(struct pe *pe, struct pe_context *context);

/**
 * Shows the guest an interrupt (ICH_LR<n>_EL2): it takes it as it takes those of the redistributor, without a round
 * trip.
 * Only while the PE is the hypervisor's.
 * @param packet its MSI, taken over  @return false if all list registers are in use
 */
bool pe_inject(struct pe *pe, struct sim_packet *packet, uint32_t priority);

/** The packet in the list registers whose INTID it is; NULL if none is. It stays there. */
const struct sim_packet *pe_find_injected(const struct pe *pe, uint32_t intid);

/** ICC_RPR_EL1: group priority of the handler that runs; CPU_INTERFACE_IDLE (0xff) if none does. */
uint32_t pe_running_priority(const struct pe *pe);

/** Whether the guest, if there is one, handles no interrupt and has none to take. */
bool pe_is_guest_idle(const struct pe *pe);

/**
 * True while nothing is to be done: no handler runs, no acknowledge is under way, nothing is pending above the mask.
 */
bool pe_is_idle(const struct pe *pe);

#ifdef __cplusplus
}
#endif

#endif

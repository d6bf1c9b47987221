/*
 * GICv3 redistributor, as far as physical LPIs go: the pending state of LPIs, their configuration, and the choice of
 * the one that its PE is shown (IHI 0069, "LPIs" and "The GICR register map").
 *
 * Ports: one bus target (registers), one bus master (configuration and pending tables), a pair of channels to each
 * ITS, and to the distributor if there is one, a pair of channels to the PE. gic.h has the messages.
 *
 * Stages of an LPI, in cycles of the redistributor's clock; "signal" and "activate" are messages to the PE:
 *
 *   stage                                    parameter        default  source
 *   LPI taken; configuration not cached      (memory)         -        one 1-byte read of the configuration table
 *   LPI taken -> signal sent                 lookup_cycles    2        assumption
 *                                            deliver_cycles   8        assumption (published estimate: about 10 in all)
 *   acknowledge taken -> answer sent         activate_cycles  2        assumption
 *   beside it
 *   register access -> its answer            register_cycles  4        assumption
 *
 * One message of the ITSs is taken a cycle, in turn. An LPI's whole stay, the wait for its PE included, is booked under
 * the redistributor's stage.
 *
 * The configuration cache holds single LPIs, set-associative on the low bits of the INTID; INV and INVALL empty it, and
 * have the configuration of pending LPIs read again. GIC_SYNC is answered when that has happened. Pending LPIs are kept
 * on chip while LPIs are enabled: read from the pending table at enable (PTZ 0), written back at disable (RWP is 1
 * meanwhile, and LPIs that come are dropped). With `pending_entries` only so many are, and what comes beyond that goes
 * to the pending table, an 8-byte write, and comes back with an 8-byte read when there is room.
 *
 * SPIs that a distributor sends are kept here too, pending until the PE acknowledges them and active until it says that
 * their handler has ended; they take lookup_cycles and deliver_cycles as LPIs do. Of an SPI and an LPI of one priority
 * the SPI goes first, as its INTID is lower.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_H
#define DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_H

#include "models/gic-its/redistributor_registers.h"
#include "models/gic-its/redistributor_virtual.h"
#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most ITSs of a redistributor. */
#define REDISTRIBUTOR_MAX_ITS 64u

/** Most configuration reads in flight. */
#define REDISTRIBUTOR_MAX_FETCHES 16u

struct redistributor;

struct redistributor_config {
    sim_time period;               /**< clock period, fs, at least 1 */
    uint64_t base;                 /**< address of RD_base */
    uint32_t processor_number;     /**< GICR_TYPER.Processor_Number, 0..0xffff */
    uint32_t affinity;             /**< GICR_TYPER.Affinity_Value */
    bool last;                     /**< GICR_TYPER.Last: the last one of a contiguous region */
    uint32_t intid_bits;           /**< INTID bits, 14..24; memory for the state of 2^bits - 8192 LPIs is set aside */
    uint32_t config_cache_entries; /**< 0 (no cache), or a power of two times config_cache_ways */
    uint32_t config_cache_ways;    /**< 1..16 */
    uint32_t config_fetches;       /**< configuration reads in flight, 1..REDISTRIBUTOR_MAX_FETCHES */
    uint32_t lookup_cycles;
    uint32_t deliver_cycles;
    uint32_t activate_cycles;
    uint32_t register_cycles;
    uint32_t its_count; /**< ITSs, 0..REDISTRIBUTOR_MAX_ITS, with a distributor one less */
    bool spis;          /**< there is a distributor that sends SPIs */
    /* What an implementation may have or not. */
    bool direct_lpi;           /**< GICR_TYPER.DirectLPI: SETLPIR and CLRLPIR, and the registers below */
    bool invalidate_registers; /**< GICR_CTLR.IR: INVLPIR, INVALLR and SYNCR */
    bool enable_once;          /**< GICR_CTLR.CES 0: EnableLPIs cannot be cleared again */
    bool asleep_at_reset;      /**< GICR_WAKER.ProcessorSleep; false: firmware has woken the PE up */
    /** GICD_CTLR.DS 0: priorities of LPIs, which are Non-secure, are in the lower half of the range. */
    bool two_security_states;
    /** Pending, enabled LPIs held on chip, 1 and up: others are written to the pending table and read back; 0: all. */
    uint32_t pending_entries;
    uint32_t priority_bits; /**< priority bits implemented, 4..8 (5..8 with two security states): the others are zero */
    struct redistributor_virtual_config virt; /**< GICv4 */
    /** MSIs that may be held pending at once without growing the packet pool: as many as LPIs are routed here. */
    uint32_t reserve;
};

/** The defaults of the table above: 1 GHz, 16 INTID bits, 64 cache entries of 2 ways, 4 fetches, 1 ITS, reserve 64; one
 * security state, 8 priority bits, awake, LPIs through ITSs only, EnableLPIs may be cleared. */
struct redistributor_config redistributor_config_default(void);

/**
 * Makes a redistributor in its reset state: LPIs disabled. A configuration out of range is a panic.
 * Counters: set, merged, activated, spurious, dropped, cleared, moved, config_hits, config_misses, table_reads,
 * table_writes, written_out, read_back; with virtual LPIs virtual_set, virtual_merged, virtual_activated,
 * virtual_spurious, virtual_stored (in tables in memory), doorbells, residencies, virtual_hits, virtual_misses,
 * virtual_reads, virtual_writes.
 */
struct redistributor *redistributor_create(struct sim *sim, const char *name,
                                           const struct redistributor_config *config);

/** The redistributor as a component. */
struct sim_component *redistributor_component(struct redistributor *rd);

/** Binds the bus target port: registers. */
void redistributor_bind_target(struct redistributor *rd, struct sim_bus_port port);

/** Binds the bus master port for the LPI tables. Write acknowledgements must come back on it. */
void redistributor_bind_memory(struct redistributor *rd, struct sim_bus_port port);

/** Binds an ITS. @param index 0 .. its_count - 1  @param from  from the ITS  @param to  back to it */
void redistributor_bind_its(struct redistributor *rd, uint32_t index, struct sim_channel *from, struct sim_channel *to);

/** Binds the distributor; only with `spis`. @param from distributor to redistributor  @param to and back */
void redistributor_bind_distributor(struct redistributor *rd, struct sim_channel *from, struct sim_channel *to);

/** Binds the PE. @param to  redistributor to PE  @param from  PE to redistributor */
void redistributor_bind_pe(struct redistributor *rd, struct sim_channel *to, struct sim_channel *from);

/**
 * What a register access of 4 or 8 bytes at an offset of the redistributor's frames would read. For debuggers.
 * @return false if it is outside of the frames, or not of a size and alignment that is served
 */
bool redistributor_probe_register(const struct redistributor *rd, uint64_t offset, uint32_t bytes, uint64_t *value);

/** Whether an LPI is pending here. For tests and debuggers; hardware has no such window while LPIs are enabled. */
bool redistributor_is_pending(const struct redistributor *rd, uint32_t intid);

/** Level of the wake request: the PE sleeps (GICR_WAKER) and an enabled LPI is pending. Nothing is wired to it. */
bool redistributor_wake_request(const struct redistributor *rd);

/** Number of LPIs pending here, enabled or not. For tests and reports. */
uint32_t redistributor_pending_count(const struct redistributor *rd);

#ifdef __cplusplus
}
#endif

#endif

/*
 * Interrupt Translation Service (GICv3, physical LPIs): turns writes of an EventID to GITS_TRANSLATER, with the
 * DeviceID on the sideband, into LPIs at a redistributor (IHI 0069, "Locality-specific Peripheral Interrupts and the
 * ITS").
 *
 * Ports: bus targets (registers and GITS_TRANSLATER), one bus master (tables and command queue in memory), and a pair
 * of channels to each redistributor.
 *
 * Pipeline of an MSI, all in cycles of the ITS's clock. The unloaded time from the edge at which the write is taken
 * to the LPI message on the redistributor's channel is the sum of the rows that apply:
 *
 *   stage                          parameter         default  source
 *   event cache misses: DTE read   (memory)          -        one 8-byte read, only if the device cache misses too;
 *                                                             two with GITS_BASER0.Indirect
 *   event cache misses: ITE read   (memory)          -        one 8-byte read
 *   collection cache misses: CTE   (memory)          -        one 8-byte read
 *   translation                    translate_cycles  10       assumption (a published estimate of three lookups)
 *
 *   beside it
 *   write taken -> its answer      register_cycles   4        assumption
 *   register read -> its answer    register_cycles   4        assumption
 *   MSI taken -> next one taken    interval_cycles   1        assumption
 *   command read -> carried out    command_cycles    8        assumption; its memory accesses come on top
 *
 * A read of memory takes the time that it takes from the edge of its issue to the edge at which the ITS takes the
 * answer. Cache geometry defaults to a shipped part's: 256 event, 32 device, 16 collection entries, 2 ways (Intel
 * Agilex 5, GITS_CFGID); replacement is LRU, which is an assumption.
 *
 * Up to `slots` MSIs that missed are in flight while later ones that hit pass them; MSIs of one (DeviceID, EventID)
 * never pass each other. docs/gic.md has the table formats and the order between commands and MSIs.
 *
 * An ITS whose interconnect carries no DeviceID can have a pre-ITS in front of it (Socionext SynQuacer, TI K3): a
 * window of 4 bytes for each DeviceID. A write to the window at offset 4 * DeviceID is a write to GITS_TRANSLATER of
 * that DeviceID, whatever the sideband says; a direct write to GITS_TRANSLATER then comes from DeviceID 0 (Linux,
 * "irqchip/gic-v3: Add workaround for Synquacer pre-ITS"). So it is the address that says who writes. Reads of the
 * window are zero. It costs pre_its_cycles (default 2, assumption) beside the translation, which do not delay the MSI
 * after it.
 *
 * Register accesses are 32 or 64 bits; others read as zero and are ignored when written. GITS_TRANSLATER takes 16 and
 * 32 bits.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_ITS_H
#define DOORBELL_MODELS_GIC_ITS_ITS_H

#include "models/gic-its/its_commands.h"
#include "models/gic-its/its_registers.h"
#include "models/gic-its/its_virtual.h"
#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most bus target ports of an ITS. */
#define ITS_TARGET_PORTS 4u

/** Most translations in flight. */
#define ITS_MAX_SLOTS 64u

struct its;

struct its_config {
    sim_time period;      /**< clock period, fs, at least 1 */
    uint64_t base;        /**< address of the control frame; GITS_TRANSLATER is at base + 0x1_0040 */
    uint32_t number;      /**< GITS_CTLR.ITS_Number, 0..15 */
    uint32_t device_bits; /**< DeviceID bits, 1..32 (GITS_TYPER.Devbits + 1) */
    uint32_t event_bits;  /**< EventID bits, 1..32 (GITS_TYPER.ID_bits + 1) */
    uint32_t intid_bits;  /**< INTID bits of the system, 14..24 (GICD_TYPER.IDbits + 1): LPIs end there */
    uint32_t translate_cycles;
    uint32_t interval_cycles; /**< at least 1 */
    uint32_t register_cycles;
    uint32_t command_cycles;
    uint32_t slots;                    /**< 1..ITS_MAX_SLOTS */
    uint32_t device_cache_entries;     /**< 0 (no cache), or a power of two times cache_ways */
    uint32_t event_cache_entries;      /**< the same */
    uint32_t collection_cache_entries; /**< the same */
    uint32_t cache_ways;               /**< 1..16 */
    uint32_t redistributors;           /**< number of redistributors; their Processor_Numbers are 0 .. n - 1 */
    /** What a command error does: false, the command is ignored; true, the queue stops (GITS_CREADR.Stalled). */
    bool stall_on_error;
    /* What an implementation may have or not. */
    bool system_errors;  /**< GITS_TYPER.SEIS: a command error raises a system error too, see counter system_errors */
    bool umsi;           /**< GITS_TYPER.UMSI and UMSIirq: unmapped MSIs are reported, see its_umsi_interrupt() */
    bool flat_tables;    /**< GITS_BASERn.Indirect is RES0 */
    uint32_t page_sizes; /**< GITS_BASERn.Page_Size values offered: bits 0..2 for 4, 16, 64 KiB; not 0 */
    uint32_t collection_bits; /**< ICID bits, 1..16; below 16 GITS_TYPER.CIL is 1 */
    /** GITS_TYPER.HCC, 0..255: ICIDs below it need no table in memory, as long as there is none (CCT 0). */
    uint32_t chip_collections;
    /** GITS_TYPER.PTA: RDbase is an address; redistributor n is at redistributor_base + n * redistributor_stride. */
    bool physical_targets;
    uint64_t redistributor_base;    /**< aligned to 64 KiB */
    uint64_t redistributor_stride;  /**< a multiple of 64 KiB, not 0 */
    struct its_virtual_config virt; /**< GICv4; with it intid_bits is at most 22 */
    /* A pre-ITS in front of it; see the top of this file. */
    uint64_t pre_its_base; /**< address of the window, a multiple of 4 KiB */
    uint64_t pre_its_size; /**< bytes, a power of two, 4 to 16 GiB; 0: there is none */
    uint32_t pre_its_cycles;
};

/**
 * The defaults of the table above: 1 GHz, 16 DeviceID bits, 16 EventID bits, 16 INTID bits, 16 ICID bits, 8 slots,
 * 1 redistributor, all page sizes, two-level device tables; nothing of UMSI, SEIS, HCC, PTA.
 */
struct its_config its_config_default(void);

/**
 * Makes an ITS in its reset state: disabled, quiescent, no table valid. A configuration out of range is a panic.
 * Counters: msis, dropped, event_hits, event_misses, device_hits, device_misses, collection_hits, collection_misses,
 * table_reads, table_writes, commands, command_errors, system_errors, unmapped; with virtual LPIs vpe_hits and
 * vpe_misses.
 */
struct its *its_create(struct sim *sim, const char *name, const struct its_config *config);

/** The ITS as a component: writer and reader of the channels that are bound to it. */
struct sim_component *its_component(struct its *its);

/** Binds a bus target port: registers and GITS_TRANSLATER. @param index 0, 1, ... in order, below ITS_TARGET_PORTS */
void its_bind_target(struct its *its, uint32_t index, struct sim_bus_port port);

/** Binds the bus master port for tables and command queue. Write acknowledgements must come back on it. */
void its_bind_memory(struct its *its, struct sim_bus_port port);

/**
 * Binds a redistributor. The channel's capacity is the number of LPI credits.
 * @param number Processor_Number of the redistributor
 * @param to     ITS to redistributor  @param from  redistributor to ITS
 */
void its_bind_redistributor(struct its *its, uint32_t number, struct sim_channel *to, struct sim_channel *from);

/** Address of GITS_TRANSLATER: the doorbell. Behind a pre-ITS devices have doorbells of their own in its window. */
uint64_t its_doorbell(const struct its *its);

/** Level of the interrupt line that GITS_CTLR.UMSIirq enables: GITS_STATUSR.UMSI is 1. What it is wired to is a
 * choice of the system; here nothing is. */
bool its_umsi_interrupt(const struct its *its);

/**
 * What a register access of 4 or 8 bytes at an offset of the ITS's frames would read, without the traces that a real
 * one leaves in GITS_STATUSR. For debuggers.
 * @return false if it is outside of the frames, or not of a size and alignment that is served
 */
bool its_probe_register(const struct its *its, uint64_t offset, uint32_t bytes, uint64_t *value);

/** How many commands ended in this error so far. */
uint64_t its_error_count(const struct its *its, uint8_t opcode, enum its_error_reason reason);

/** Code of the last command error (its_error_code()); 0 if there was none. */
uint32_t its_last_error(const struct its *its);

#ifdef __cplusplus
}
#endif

#endif

/*
 * The distributor, as far as SPIs that messages make pending go: which are enabled, with which priority, and which PE
 * gets them (IHI 0069, "The Distributor"). There is one security state, affinity routing is on, and interrupts that
 * are delivered are of Group 1; a redistributor's affinity is its number, in Aff0.
 *
 * Ports: a bus target, a channel from each GICv2m frame, and a pair of channels to each redistributor.
 *
 *   stage                                   parameter        default  source
 *   SPI raised -> message to redistributor  route_cycles     8        assumption
 *   register access -> its answer           register_cycles  4        assumption
 *
 * An SPI that may be delivered goes to its redistributor at once, which keeps it pending, and active while its
 * handler runs (redistributor.h). One that may not (it, its group, or Group 1 is disabled, or its PE does not exist)
 * stays here, pending. What is disabled, routed elsewhere, or cleared while a redistributor may have it is fetched
 * back first; GICD_CTLR.RWP is 1 until that is done. A redistributor gives it back when it is not active.
 *
 * All SPIs are edge-triggered: GICD_ICFGR reads so and writes of it are ignored. GICD_ISPENDR reads what is pending
 * here; what a redistributor has is not seen. GICD_ISACTIVER and ICACTIVER are RES0: software ends an interrupt at
 * its PE. Registers are accessed by 32 bits, GICD_IROUTER by 64 too; other accesses read as zero and are ignored when
 * written.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_DISTRIBUTOR_H
#define DOORBELL_MODELS_GIC_ITS_DISTRIBUTOR_H

#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Register offsets (IHI 0069, "The GIC Distributor register map"). n counts registers. */
#define GICD_CTLR          0x0000u
#define GICD_TYPER         0x0004u
#define GICD_IIDR          0x0008u
#define GICD_IGROUPR(n)    (0x0080u + 4u * (n))
#define GICD_ISENABLER(n)  (0x0100u + 4u * (n))
#define GICD_ICENABLER(n)  (0x0180u + 4u * (n))
#define GICD_ISPENDR(n)    (0x0200u + 4u * (n))
#define GICD_ICPENDR(n)    (0x0280u + 4u * (n))
#define GICD_IPRIORITYR(n) (0x0400u + 4u * (n)) /**< four SPIs each */
#define GICD_ICFGR(n)      (0x0c00u + 4u * (n)) /**< sixteen SPIs each */
#define GICD_IROUTER(n)    (0x6000u + 8u * (n)) /**< n is the INTID */
#define GICD_PIDR2         0xffe8u

/** Fields, low bit and width. */
#define GICD_CTLR_ENABLE_GROUP1 1, 1
#define GICD_CTLR_ARE           4, 1
#define GICD_CTLR_DS            6, 1
#define GICD_CTLR_RWP           31, 1
#define GICD_TYPER_IT_LINES     0, 5
#define GICD_TYPER_LPIS         17, 1
#define GICD_TYPER_ID_BITS      19, 5
#define GICD_TYPER_NO_1_OF_N    25, 1

/** Bytes of the distributor's registers. */
#define GICD_SIZE 0x10000u

/** Most GICv2m frames and redistributors. */
#define DISTRIBUTOR_MAX_FRAMES         16u
#define DISTRIBUTOR_MAX_REDISTRIBUTORS 64u

struct distributor;

struct distributor_config {
    sim_time period;         /**< clock period, fs, at least 1 */
    uint64_t base;           /**< address of its registers */
    uint32_t spis;           /**< SPIs are INTIDs 32 to 31 + spis; 1..988 */
    uint32_t intid_bits;     /**< INTID bits of the system, 14..24 */
    uint32_t frames;         /**< GICv2m frames, 1..DISTRIBUTOR_MAX_FRAMES */
    uint32_t redistributors; /**< 1..DISTRIBUTOR_MAX_REDISTRIBUTORS */
    uint32_t route_cycles;
    uint32_t register_cycles;
};

/** The defaults of the table above: 1 GHz, 256 SPIs, 16 INTID bits, a frame, a redistributor. */
struct distributor_config distributor_config_default(void);

/**
 * Makes a distributor in its reset state: nothing is enabled. A configuration out of range is a panic.
 * Counters: raised (SPIs that came), merged (that were pending here already), routed (to redistributors), recalled
 * (fetched back, pending), cleared.
 */
struct distributor *distributor_create(struct sim *sim, const char *name, const struct distributor_config *config);

/** The distributor as a component. */
struct sim_component *distributor_component(struct distributor *distributor);

/**
 * What a register access of 4 or 8 bytes at an offset would read. For debuggers.
 * @return false if it is outside of the registers, or not of a size and alignment that is served
 */
bool distributor_probe_register(const struct distributor *distributor, uint64_t offset, uint32_t bytes,
                                uint64_t *value);

/** Binds the bus target port. */
void distributor_bind_target(struct distributor *distributor, struct sim_bus_port port);

/** Binds a GICv2m frame. @param index 0 .. frames - 1 */
void distributor_bind_frame(struct distributor *distributor, uint32_t index, struct sim_channel *from);

/** Binds a redistributor. @param to distributor to redistributor  @param from redistributor to distributor */
void distributor_bind_redistributor(struct distributor *distributor, uint32_t number, struct sim_channel *to,
                                    struct sim_channel *from);

/**
 * Ends a run: an MSI whose SPI is pending here and is switched off, as one that came after its driver had gone, is
 * reported as dropped (SIM_DROP_LPI_DISABLED). @return how many
 */
uint64_t distributor_report_held(struct distributor *distributor);

/** Whether an SPI is pending in the distributor itself. */
bool distributor_is_pending(const struct distributor *distributor, uint32_t intid);

#ifdef __cplusplus
}
#endif

#endif

/*
 * The virtual side of a redistributor (GICv4, GICv4.1): its part of the configuration, and the VLPI_base frame (IHI
 * 0069, "GICv4 virtual LPIs").
 *
 * One vPE at a time can be resident (GICR_VPENDBASER.Valid). Its pending virtual LPIs and SGIs are then kept on chip;
 * those of all others are in their virtual pending tables (VPT) in memory. What comes for a vPE that is not resident is
 * put into its VPT, and a doorbell, a physical LPI, tells the hypervisor if it wants to know.
 *
 *   stage                                             parameter        default  source
 *   interrupt for the resident vPE: as a physical LPI (see redistributor.h), configuration included
 *   interrupt for another vPE: VPT header and word    (memory)         -        a 64- and an 8-byte read, side by side
 *     GICv4.1, doorbell asked for: is it enabled      (memory)         -        a 1-byte read
 *     then the word, the header if it changes         (memory)         -        writes, side by side
 *     then the doorbell                                                         as a physical LPI
 *   Valid 0 -> 1 until Dirty is 0
 *     GICv4.1: vPE table entry                        (memory)         -        a 16-byte read (two if Indirect)
 *     VPT header                                      (memory)         -        a 64-byte read
 *     each part of the VPT that may hold a bit        (memory)         -        64-byte reads, one after the other
 *     configuration of what is pending                (memory)         -        1-byte reads, config_fetches at a time
 *   Valid 1 -> 0 until Dirty is 0
 *     each line of the VPT that has changed, header   (memory)         -        64-byte writes, one after the other
 *
 * Requests of ITSs about virtual interrupts that cannot be carried out at once stand in a queue of `slots`; when it is
 * full their channels wait. One is carried out at a time, and none while a vPE comes or goes.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_VIRTUAL_H
#define DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_VIRTUAL_H

#include "models/gic-its/its_virtual.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct redistributor;

/** Most requests that wait. */
#define REDISTRIBUTOR_MAX_VIRTUAL_SLOTS 64u

struct redistributor_virtual_config {
    enum gic_virtual version;      /**< ITSs must have the same; with virtual LPIs intid_bits is at most 22 */
    uint32_t slots;                /**< requests that may wait, 1..REDISTRIBUTOR_MAX_VIRTUAL_SLOTS */
    uint32_t config_cache_entries; /**< virtual LPI configuration: 0 (no cache), or a power of two times its ways */
    uint32_t config_cache_ways;    /**< 1..16 */
    uint32_t common_affinity;      /**< GICR_TYPER.CommonLPIAff, 0..3: who shares the vPE table */
};

/** No virtual LPIs; with a version chosen: 8 slots, 64 cache entries of 2 ways, all share. */
struct redistributor_virtual_config redistributor_virtual_config_default(void);

/** Whether a virtual interrupt of the resident vPE is pending. For tests. @param intid vINTID: an LPI or 0..15 */
bool redistributor_is_virtual_pending(const struct redistributor *rd, uint32_t intid);

/** Whether a vPE is resident, with nothing under way. For tests and models of hypervisors. */
bool redistributor_is_vpe_resident(const struct redistributor *rd);

/** MSIs whose pending bit is in a VPT in memory. For tests and reports. */
uint32_t redistributor_parked_count(const struct redistributor *rd);

/** Bytes of address space with virtual LPIs: RD_base, SGI_base, VLPI_base and a reserved frame. */
#define GICR_VIRTUAL_SIZE 0x40000u

#define GICR_VPROPBASER 0x20070u
#define GICR_VPENDBASER 0x20078u
#define GICR_VSGIR      0x20080u
#define GICR_VSGIPENDR  0x20088u

/* GICv4.0 */
#define GICR_VPROPBASER_ID_BITS 0, 5
#define GICR_VPENDBASER_IDAI    62, 1
#define GICR_VPENDBASER_ADDRESS 16, 36 /* address bits 51:16 */

/* GICv4.1 */
#define GICR_VPROPBASER_VALID      63, 1
#define GICR_VPROPBASER_ENTRY_SIZE 59, 3 /* 8-byte words, minus 1 */
#define GICR_VPROPBASER_INDIRECT   55, 1
#define GICR_VPROPBASER_PAGE_SIZE  53, 2
#define GICR_VPROPBASER_ZERO       52, 1
#define GICR_VPROPBASER_SIZE       0, 7 /* pages, minus 1 */
#define GICR_VPENDBASER_DOORBELL   62, 1
#define GICR_VPENDBASER_GROUP0     59, 1
#define GICR_VPENDBASER_GROUP1     58, 1
#define GICR_VPENDBASER_VPE        0, 16

/* Both */
#define GICR_VPROPBASER_ADDRESS      12, 40 /* address bits 51:12 */
#define GICR_VPENDBASER_VALID        63, 1
#define GICR_VPENDBASER_PENDING_LAST 61, 1
#define GICR_VPENDBASER_DIRTY        60, 1

#define GICR_VSGIR_VPE         0, 16
#define GICR_VSGIPENDR_BUSY    31, 1
#define GICR_VSGIPENDR_PENDING 0, 16

#define GICR_TYPER_DIRTY  2, 1
#define GICR_TYPER_RVPEID 7, 1

/** Bits 47:32 of a 64-bit write of GICR_INVLPIR or GICR_INVALLR, if bit 63 is set. */
#define GICR_INVLPIR_VPE 32, 16

#ifdef __cplusplus
}
#endif

#endif

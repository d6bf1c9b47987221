/*
 * The virtual side of an ITS (GICv4 and GICv4.1): its part of the configuration, and its own registers (IHI 0069,
 * "GICv4 virtual LPIs").
 *
 * vPEs are in a table of their own (GITS_BASER2). An entry says where the vPE's virtual pending table (VPT) is and
 * which redistributor the vPE belongs to. An MSI whose event is mapped by VMAPTI becomes a virtual LPI at that
 * redistributor.
 *
 *   stage                                   parameter          default  source
 *   vPE cache misses: vPE table entry read  (memory)           -        one 16-byte read; one of 8 bytes before it with
 *                                                                       GITS_BASER2.Indirect
 *
 * The other stages are those of physical LPIs: a vPE table entry takes the place of the collection's.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_ITS_VIRTUAL_H
#define DOORBELL_MODELS_GIC_ITS_ITS_VIRTUAL_H

#include "models/gic-its/gic_fields.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How much of GICv4 a component has. */
enum gic_virtual {
    GIC_VIRTUAL_NONE, /**< GICv3: no virtual LPIs */
    GIC_VIRTUAL_V4_0, /**< GICv4.0: a doorbell for each event, configuration table by residency */
    GIC_VIRTUAL_V4_1, /**< GICv4.1: default doorbells, virtual SGIs, a vPE table that redistributors read too */
};

struct its_virtual_config {
    enum gic_virtual version;   /**< redistributors must have the same */
    uint32_t vpe_bits;          /**< vPEID bits, 1..16 */
    uint32_t vpe_cache_entries; /**< 0 (no cache), or a power of two times vpe_cache_ways */
    uint32_t vpe_cache_ways;    /**< 1..16 */
    /**
     * GITS_TYPER.VMOVP: one VMOVP at one ITS moves a vPE for all of them. If false, software gives the command to each
     * ITS of its ITS list. Must be the same for all ITSs.
     */
    bool single_vmovp;
    /** GITS_TYPER.SVPET, 0..3: 0, each ITS has a vPE table of its own; else all share one. GICv4.1 only. */
    uint32_t shared_table;
};

/** No virtual LPIs; with a version chosen: 16 vPEID bits, 16 cache entries of 2 ways, VMOVP 0, SVPET 0. */
struct its_virtual_config its_virtual_config_default(void);

/** GICv4.1: offset of the virtual SGI frame, and the register in it. */
#define GITS_VIRTUAL_SIZE 0x30000u
#define GITS_SGIR         0x20020u

#define GITS_SGIR_VPE   32, 16
#define GITS_SGIR_INTID 0, 4

/** GITS_MPIDR (GICv4.1): with which redistributors the vPE table is shared. */
#define GITS_MPIDR 0x0018u

#define GITS_TYPER_VMOVP 37, 1
#define GITS_TYPER_VSGI  39, 1
#define GITS_TYPER_VMAPP 40, 1 /* VMAPP has the operands of GICv4.1 */
#define GITS_TYPER_SVPET 41, 2

/** GITS_BASERn.Type of the vPE table, and which register it is. */
#define GITS_BASER_TYPE_VPE 2u
#define GITS_BASER_VPE      2u

/** Bytes of a vPE table entry: GITS_BASER2.Entry_Size + 1, and 8 times (GICR_VPROPBASER.Entry_Size + 1). */
#define GIC_VPE_ENTRY_BYTES 16u

/** In a command or an entry: no doorbell (IHI 0069, VMAPTI). */
#define GIC_NO_DOORBELL 1023u

#ifdef __cplusplus
}
#endif

#endif

/*
 * Register map of a redistributor's RD_base frame, as far as LPIs go: offsets and fields (IHI 0069, "The GICR register
 * map"). The SGI_base frame follows at +0x1_0000.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_REGISTERS_H
#define DOORBELL_MODELS_GIC_ITS_REDISTRIBUTOR_REGISTERS_H

#include "models/gic-its/gic_fields.h"

/** Bytes of address space: RD_base and SGI_base frames. */
#define GICR_SIZE 0x20000u

#define GICR_CTLR      0x0000u
#define GICR_IIDR      0x0004u
#define GICR_TYPER     0x0008u
#define GICR_WAKER     0x0014u
#define GICR_SETLPIR   0x0040u
#define GICR_CLRLPIR   0x0048u
#define GICR_PROPBASER 0x0070u
#define GICR_PENDBASER 0x0078u
#define GICR_INVLPIR   0x00a0u
#define GICR_INVALLR   0x00b0u
#define GICR_SYNCR     0x00c0u
#define GICR_PIDR2     0xffe8u

#define GICR_CTLR_ENABLE_LPIS 0, 1
#define GICR_CTLR_CES         1, 1
#define GICR_CTLR_IR          2, 1
#define GICR_CTLR_RWP         3, 1

#define GICR_TYPER_PLPIS            0, 1
#define GICR_TYPER_VLPIS            1, 1
#define GICR_TYPER_DIRECT_LPI       3, 1
#define GICR_TYPER_LAST             4, 1
#define GICR_TYPER_PROCESSOR_NUMBER 8, 16
#define GICR_TYPER_COMMON_LPI_AFF   24, 2
#define GICR_TYPER_AFFINITY         32, 32

#define GICR_WAKER_PROCESSOR_SLEEP 1, 1
#define GICR_WAKER_CHILDREN_ASLEEP 2, 1

/* SETLPIR, CLRLPIR, INVLPIR: the INTID is in bits 31:0. */
#define GICR_INVLPIR_VIRTUAL 63, 1
#define GICR_SYNCR_BUSY      0, 1

#define GICR_PROPBASER_OUTER_CACHE 56, 3
#define GICR_PROPBASER_ADDRESS     12, 40 /* address bits 51:12 */
#define GICR_PROPBASER_SHARE       10, 2
#define GICR_PROPBASER_INNER_CACHE 7, 3
#define GICR_PROPBASER_ID_BITS     0, 5 /* INTID bits, minus 1 */

#define GICR_PENDBASER_PTZ         62, 1
#define GICR_PENDBASER_OUTER_CACHE 56, 3
#define GICR_PENDBASER_ADDRESS     16, 36 /* address bits 51:16 */
#define GICR_PENDBASER_SHARE       10, 2
#define GICR_PENDBASER_INNER_CACHE 7, 3

/** An LPI's byte in the configuration table. */
#define GICR_LPI_ENABLE   0, 1
#define GICR_LPI_PRIORITY 2, 6 /* priority bits 7:2 */

#define GICR_PIDR2_ARCH_REV 4, 4

#endif

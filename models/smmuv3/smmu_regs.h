/*
 * SMMUv3 register map: offsets and fields (Arm IHI 0070, chapter 6). Fields are "high bit, low bit", see smmu_fields.h.
 * Software (host/) and the model use the same definitions.
 */
#ifndef DOORBELL_MODELS_SMMUV3_SMMU_REGS_H
#define DOORBELL_MODELS_SMMUV3_SMMU_REGS_H

#include "models/smmuv3/smmu_fields.h"

/** Bytes of a register page, and of pages 0 and 1. */
#define SMMU_PAGE_BYTES   0x10000u
#define SMMU_WINDOW_BYTES (2 * SMMU_PAGE_BYTES)

/* ---- Page 0 ---- */

#define SMMU_IDR0             0x000
#define SMMU_IDR0_S2P         0, 0
#define SMMU_IDR0_S1P         1, 1
#define SMMU_IDR0_TTF         3, 2 /* 2: AArch64 tables only */
#define SMMU_IDR0_COHACC      4, 4
#define SMMU_IDR0_BTM         5, 5
#define SMMU_IDR0_HTTU        7, 6
#define SMMU_IDR0_HYP         9, 9
#define SMMU_IDR0_ATS         10, 10
#define SMMU_IDR0_NS1ATS      11, 11
#define SMMU_IDR0_ASID16      12, 12
#define SMMU_IDR0_MSI         13, 13
#define SMMU_IDR0_SEV         14, 14
#define SMMU_IDR0_ATOS        15, 15
#define SMMU_IDR0_PRI         16, 16
#define SMMU_IDR0_VMW         17, 17
#define SMMU_IDR0_VMID16      18, 18
#define SMMU_IDR0_CD2L        19, 19
#define SMMU_IDR0_TTENDIAN    22, 21 /* 2: little-endian */
#define SMMU_IDR0_ATSRECERR   23, 23
#define SMMU_IDR0_STALL_MODEL 25, 24 /* 1: no stalls */
#define SMMU_IDR0_TERM_MODEL  26, 26 /* 0: abort and RAZ/WI both possible */
#define SMMU_IDR0_ST_LEVEL    28, 27 /* 1: two-level stream table as well as linear */

#define SMMU_IDR1                0x004
#define SMMU_IDR1_SIDSIZE        5, 0
#define SMMU_IDR1_SSIDSIZE       10, 6
#define SMMU_IDR1_PRIQS          15, 11
#define SMMU_IDR1_EVENTQS        20, 16
#define SMMU_IDR1_CMDQS          25, 21
#define SMMU_IDR1_ATTR_PERMS_OVR 26, 26
#define SMMU_IDR1_ATTR_TYPES_OVR 27, 27
#define SMMU_IDR1_ECMDQ          31, 31

#define SMMU_IDR2     0x008
#define SMMU_IDR3     0x00C
#define SMMU_IDR3_HAD 2, 2
#define SMMU_IDR3_XNX 4, 4
#define SMMU_IDR3_PPS 5, 5
#define SMMU_IDR3_STT 9, 9
#define SMMU_IDR3_RIL 10, 10

#define SMMU_IDR4           0x010
#define SMMU_IDR5           0x014
#define SMMU_IDR5_OAS       2, 0 /* see SMMU_IPS_* */
#define SMMU_IDR5_GRAN4K    4, 4
#define SMMU_IDR5_GRAN16K   5, 5
#define SMMU_IDR5_GRAN64K   6, 6
#define SMMU_IDR5_DS        7, 7 /* 52-bit addresses with 4 and 16 KiB granules */
#define SMMU_IDR5_VAX       11, 10
#define SMMU_IDR5_STALL_MAX 31, 16

#define SMMU_IIDR           0x018
#define SMMU_AIDR           0x01C
#define SMMU_AIDR_MINOR_REV 3, 0

#define SMMU_CR0          0x020
#define SMMU_CR0ACK       0x024
#define SMMU_CR0_SMMUEN   0, 0
#define SMMU_CR0_PRIQEN   1, 1
#define SMMU_CR0_EVENTQEN 2, 2
#define SMMU_CR0_CMDQEN   3, 3
#define SMMU_CR0_ATSCHK   4, 4
#define SMMU_CR0_VMW      8, 6

#define SMMU_CR1       0x028
#define SMMU_CR1_TABLE 11, 6 /* TABLE_SH, TABLE_OC, TABLE_IC */
#define SMMU_CR1_QUEUE 5, 0  /* QUEUE_SH, QUEUE_OC, QUEUE_IC */

#define SMMU_CR2             0x02C
#define SMMU_CR2_E2H         0, 0
#define SMMU_CR2_RECINVSID   1, 1
#define SMMU_CR2_PTM         2, 2
#define SMMU_CR2_REC_CFG_ATS 3, 3

#define SMMU_STATUSR 0x040

#define SMMU_GBPA          0x044
#define SMMU_GBPA_MEMATTR  3, 0
#define SMMU_GBPA_MTCFG    4, 4
#define SMMU_GBPA_ALLOCCFG 11, 8
#define SMMU_GBPA_SHCFG    13, 12
#define SMMU_GBPA_PRIVCFG  17, 16 /* 2: unprivileged, 3: privileged */
#define SMMU_GBPA_INSTCFG  19, 18 /* 2: data, 3: instruction */
#define SMMU_GBPA_ABORT    20, 20
#define SMMU_GBPA_UPDATE   31, 31

#define SMMU_IRQ_CTRL              0x050
#define SMMU_IRQ_CTRLACK           0x054
#define SMMU_IRQ_CTRL_GERROR       0, 0
#define SMMU_IRQ_CTRL_PRIQ         1, 1
#define SMMU_IRQ_CTRL_EVENTQ       2, 2
#define SMMU_GERROR                0x060
#define SMMU_GERRORN               0x064
#define SMMU_GERROR_CMDQ           0, 0
#define SMMU_GERROR_EVENTQ_ABT     2, 2
#define SMMU_GERROR_PRIQ_ABT       3, 3
#define SMMU_GERROR_MSI_CMDQ_ABT   4, 4
#define SMMU_GERROR_MSI_EVENTQ_ABT 5, 5
#define SMMU_GERROR_MSI_PRIQ_ABT   6, 6
#define SMMU_GERROR_MSI_GERROR_ABT 7, 7
#define SMMU_GERROR_CMDQP          9, 9 /* a queue of a command queue control page */

#define SMMU_GERROR_IRQ_CFG0 0x068 /* 64 bits */
#define SMMU_GERROR_IRQ_CFG1 0x070
#define SMMU_GERROR_IRQ_CFG2 0x074
#define SMMU_IRQ_CFG0_ADDR   51, 2

#define SMMU_STRTAB_BASE              0x080 /* 64 bits */
#define SMMU_STRTAB_BASE_RA           62, 62
#define SMMU_STRTAB_BASE_ADDR         51, 6
#define SMMU_STRTAB_BASE_CFG          0x088
#define SMMU_STRTAB_BASE_CFG_FMT      17, 16 /* 0 linear, 1 two-level */
#define SMMU_STRTAB_BASE_CFG_SPLIT    10, 6
#define SMMU_STRTAB_BASE_CFG_LOG2SIZE 5, 0

#define SMMU_CMDQ_BASE       0x090 /* 64 bits */
#define SMMU_CMDQ_PROD       0x098
#define SMMU_CMDQ_CONS       0x09C
#define SMMU_QUEUE_HINT      62, 62 /* RA of CMDQ_BASE, WA of EVENTQ_BASE */
#define SMMU_QUEUE_ADDR      51, 5
#define SMMU_QUEUE_LOG2SIZE  4, 0
#define SMMU_QUEUE_INDEX     19, 0 /* index and, above its LOG2SIZE bits, the wrap bit */
#define SMMU_CMDQ_CONS_ERR   30, 24
#define SMMU_EVENTQ_BASE     0x0A0  /* 64 bits */
#define SMMU_EVENTQ_OVERFLOW 31, 31 /* OVFLG of PROD, OVACKFLG of CONS; also of the PRI queue */

#define SMMU_EVENTQ_IRQ_CFG0 0x0B0 /* 64 bits */
#define SMMU_EVENTQ_IRQ_CFG1 0x0B8
#define SMMU_EVENTQ_IRQ_CFG2 0x0BC

#define SMMU_PRIQ_BASE        0x0C0 /* 64 bits */
#define SMMU_PRIQ_IRQ_CFG0    0x0D0 /* 64 bits */
#define SMMU_PRIQ_IRQ_CFG1    0x0D8
#define SMMU_PRIQ_IRQ_CFG2    0x0DC
#define SMMU_PRIQ_IRQ_CFG2_LO 31, 31 /* interrupt on a request with Last = 1, instead of empty to non-empty */

/* ---- Page 1: offsets from the base of page 0 ---- */

#define SMMU_EVENTQ_PROD 0x100A8
#define SMMU_EVENTQ_CONS 0x100AC
#define SMMU_PRIQ_PROD   0x100C8
#define SMMU_PRIQ_CONS   0x100CC

/* ---- Command queue control pages ---- */

#define SMMU_IDR6          0x190
#define SMMU_IDR6_LOG2NUMP 27, 24 /* pages */
#define SMMU_IDR6_LOG2NUMQ 19, 16 /* queues of a page */

#define SMMU_CMDQ_CONTROL_PAGES       0x4000 /* the registers of the first page, on page 0 */
#define SMMU_CMDQ_CONTROL_PAGE_BYTES  32     /* from one page's to the next's */
#define SMMU_CMDQ_CONTROL_PAGE_BASE   0x0    /* 64 bits; ADDR is an offset from page 0 */
#define SMMU_CMDQ_CONTROL_PAGE_CFG    0x8
#define SMMU_CMDQ_CONTROL_PAGE_STATUS 0xC
#define SMMU_CMDQ_CONTROL_PAGE_CMDQGS 2, 1
#define SMMU_CMDQ_CONTROL_PAGE_PRESET 0, 0

/** Where the control pages are: an offset from the base of page 0. */
#define SMMU_ECMDQ_PAGES       SMMU_WINDOW_BYTES
#define SMMU_ECMDQ_BYTES       16  /* of one queue's registers */
#define SMMU_ECMDQ_BASE        0x0 /* 64 bits */
#define SMMU_ECMDQ_PROD        0x8
#define SMMU_ECMDQ_PROD_EN     31, 31
#define SMMU_ECMDQ_PROD_ERRACK 23, 23
#define SMMU_ECMDQ_CONS        0xC
#define SMMU_ECMDQ_CONS_ENACK  31, 31
#define SMMU_ECMDQ_CONS_REASON 26, 24
#define SMMU_ECMDQ_CONS_ERR    23, 23

/** CMDQ_CONS.ERR. */
#define SMMU_CERROR_NONE         0
#define SMMU_CERROR_ILL          1 /**< command illegal */
#define SMMU_CERROR_ABT          2 /**< external abort on the fetch */
#define SMMU_CERROR_ATC_INV_SYNC 3 /**< CMD_SYNC: an ATC invalidation before it got no answer */

/** Address sizes as IDR5.OAS and CD.IPS encode them. */
#define SMMU_IPS_32 0
#define SMMU_IPS_36 1
#define SMMU_IPS_40 2
#define SMMU_IPS_42 3
#define SMMU_IPS_44 4
#define SMMU_IPS_48 5
#define SMMU_IPS_52 6

#endif

/*
 * What the SMMUv3 reads from memory and writes to it: stream table entries, context descriptors, translation table
 * descriptors, commands, event records (Arm IHI 0070, chapters 4, 5 and 7; VMSAv8-64). All little-endian 64-bit words.
 * Fields are "high bit, low bit", see smmu_fields.h. Software (host/) builds with the same definitions.
 */
#ifndef DOORBELL_MODELS_SMMUV3_SMMU_FORMATS_H
#define DOORBELL_MODELS_SMMUV3_SMMU_FORMATS_H

#include "models/smmuv3/smmu_fields.h"

/* ---- Level-1 stream table descriptor, 8 bytes (5.1) ---- */

#define SMMU_L1STD_BYTES 8u
#define SMMU_L1STD_SPAN  4, 0 /* 0 invalid; n: 2^(n-1) STEs */
#define SMMU_L1STD_L2PTR 51, 6

/* ---- Stream table entry, 64 bytes (5.2) ---- */

#define SMMU_STE_BYTES             64u
#define SMMU_STE_WORDS             8
#define SMMU_STE_V                 0, 0
#define SMMU_STE_CONFIG            3, 1
#define SMMU_STE_S1FMT             5, 4
#define SMMU_STE_S1CONTEXTPTR      51, 6
#define SMMU_STE_S1CONTEXTPTR_WIDE 55, 6 /* with the bits that only a wider address size would use */
#define SMMU_STE_S1CDMAX           63, 59
#define SMMU_STE_S1DSS             65, 64
#define SMMU_STE_S1CIR             67, 66
#define SMMU_STE_S1COR             69, 68
#define SMMU_STE_S1CSH             71, 70
#define SMMU_STE_PPAR              82, 82
#define SMMU_STE_MEV               83, 83
#define SMMU_STE_S1STALLD          91, 91
#define SMMU_STE_EATS              93, 92
#define SMMU_STE_STRW              95, 94
#define SMMU_STE_MEMATTR           99, 96
#define SMMU_STE_MTCFG             100, 100
#define SMMU_STE_ALLOCCFG          104, 101
#define SMMU_STE_SHCFG             109, 108
#define SMMU_STE_PRIVCFG           113, 112
#define SMMU_STE_INSTCFG           115, 114
#define SMMU_STE_S2VMID            143, 128
#define SMMU_STE_S2T0SZ            165, 160
#define SMMU_STE_S2SL0             167, 166
#define SMMU_STE_S2IR0             169, 168
#define SMMU_STE_S2OR0             171, 170
#define SMMU_STE_S2SH0             173, 172
#define SMMU_STE_S2TG              175, 174 /* 0: 4 KiB, 1: 64 KiB, 2: 16 KiB */
#define SMMU_STE_S2PS              178, 176
#define SMMU_STE_S2AA64            179, 179
#define SMMU_STE_S2ENDI            180, 180
#define SMMU_STE_S2AFFD            181, 181
#define SMMU_STE_S2PTW             182, 182
#define SMMU_STE_S2HD              183, 183
#define SMMU_STE_S2HA              184, 184
#define SMMU_STE_S2S               185, 185
#define SMMU_STE_S2R               186, 186
#define SMMU_STE_S2SL0_2           194, 194
#define SMMU_STE_S2DS              195, 195
#define SMMU_STE_S2TTB             243, 196

/** STE.Config. Values 0 to 3 all abort. */
#define SMMU_STE_CONFIG_ABORT  0
#define SMMU_STE_CONFIG_BYPASS 4
#define SMMU_STE_CONFIG_S1     5
#define SMMU_STE_CONFIG_S2     6
#define SMMU_STE_CONFIG_NESTED 7

/** STE.STRW: the other values are NS-EL1 (0) and reserved (1, 3). */
#define SMMU_STRW_EL2 2

/** STE.EATS; 3 needs DPT and else behaves as 0. */
#define SMMU_EATS_NONE  0
#define SMMU_EATS_FULL  1
#define SMMU_EATS_SPLIT 2

/** STE.PRIVCFG, INSTCFG: override with unprivileged or data, and with privileged or instruction. */
#define SMMU_OVERRIDE_CLEAR 2
#define SMMU_OVERRIDE_SET   3

/** STE.S1Fmt; 3 is reserved and behaves as 0. */
#define SMMU_S1FMT_LINEAR 0
#define SMMU_S1FMT_4K     1 /**< leaf tables of 64 CDs */
#define SMMU_S1FMT_64K    2 /**< leaf tables of 1024 CDs */

/** STE.S1DSS: what traffic without a SubstreamID does; 3 is reserved and behaves as 0. */
#define SMMU_S1DSS_TERMINATE 0
#define SMMU_S1DSS_BYPASS    1
#define SMMU_S1DSS_SSID0     2

/* ---- Level-1 context descriptor, 8 bytes (5.3) ---- */

#define SMMU_L1CD_BYTES      8u
#define SMMU_L1CD_V          0, 0
#define SMMU_L1CD_L2PTR      51, 12
#define SMMU_L1CD_L2PTR_WIDE 55, 12

/* ---- Context descriptor, 64 bytes (5.4) ---- */

#define SMMU_CD_BYTES 64u
#define SMMU_CD_WORDS 8
#define SMMU_CD_T0SZ  5, 0
#define SMMU_CD_TG0   7, 6 /* 0: 4 KiB */
#define SMMU_CD_IR0   9, 8
#define SMMU_CD_OR0   11, 10
#define SMMU_CD_SH0   13, 12
#define SMMU_CD_EPD0  14, 14
#define SMMU_CD_ENDI  15, 15
#define SMMU_CD_T1SZ  21, 16
#define SMMU_CD_TG1   23, 22 /* 2: 4 KiB */
#define SMMU_CD_SH1   29, 28
#define SMMU_CD_EPD1  30, 30
#define SMMU_CD_V     31, 31
#define SMMU_CD_IPS   34, 32
#define SMMU_CD_AFFD  35, 35
#define SMMU_CD_WXN   36, 36
#define SMMU_CD_TBI0  38, 38
#define SMMU_CD_TBI1  39, 39
#define SMMU_CD_PAN   40, 40
#define SMMU_CD_AA64  41, 41
#define SMMU_CD_HD    42, 42
#define SMMU_CD_HA    43, 43
#define SMMU_CD_S     44, 44
#define SMMU_CD_R     45, 45
#define SMMU_CD_A     46, 46
#define SMMU_CD_ASET  47, 47
#define SMMU_CD_ASID  63, 48
#define SMMU_CD_HAD0  65, 65
#define SMMU_CD_TTB0  115, 68
#define SMMU_CD_HAD1  129, 129
#define SMMU_CD_TTB1  179, 132
#define SMMU_CD_DS    186, 186
#define SMMU_CD_MAIR  255, 192

#define SMMU_CD_TG0_4K 0
#define SMMU_CD_TG1_4K 2

/* ---- Translation table descriptors, 8 bytes (VMSAv8-64) ---- */

#define SMMU_PTE_VALID      0, 0
#define SMMU_PTE_TYPE       1, 1 /* 1: table (above level 3) or page (level 3); 0: block */
#define SMMU_PTE_SH         9, 8
#define SMMU_PTE_AF         10, 10
#define SMMU_PTE_ADDR       47, 12
#define SMMU_PTE_ADDR_LPA   15, 12 /* 64 KiB granule, 52-bit output: address bits 51:48 */
#define SMMU_PTE_ADDR_DS    9, 8   /* 4 and 16 KiB granules, DS = 1: address bits 51:50 */
#define SMMU_PTE_DBM        51, 51
#define SMMU_PTE_CONTIGUOUS 52, 52
/* Stage 1. */
#define SMMU_PTE_ATTRINDX       4, 2
#define SMMU_PTE_AP_EL0         6, 6 /* AP[1] */
#define SMMU_PTE_AP_RO          7, 7 /* AP[2] */
#define SMMU_PTE_NG             11, 11
#define SMMU_PTE_PXN            53, 53
#define SMMU_PTE_UXN            54, 54 /* XN where there is one privilege only */
#define SMMU_PTE_PXNTABLE       59, 59
#define SMMU_PTE_UXNTABLE       60, 60
#define SMMU_PTE_APTABLE_NO_EL0 61, 61
#define SMMU_PTE_APTABLE_RO     62, 62
/* Stage 2. */
#define SMMU_PTE_S2_MEMATTR 5, 2
#define SMMU_PTE_S2_READ    6, 6   /* S2AP[0] */
#define SMMU_PTE_S2_WRITE   7, 7   /* S2AP[1] */
#define SMMU_PTE_S2_XN      54, 53 /* without IDR3.XNX only bit 54 */

/* ---- Commands, 16 bytes (chapter 4) ---- */

#define SMMU_CMD_BYTES      16u
#define SMMU_CMD_WORDS      2
#define SMMU_CMD_OPCODE     7, 0
#define SMMU_CMD_SSEC       10, 10
#define SMMU_CMD_SSV        11, 11
#define SMMU_CMD_SSID       31, 12
#define SMMU_CMD_SID        63, 32
#define SMMU_CMD_LEAF       64, 64
#define SMMU_CMD_RANGE      68, 64  /* CFGI_STE_RANGE: 2^(Range+1) StreamIDs */
#define SMMU_CMD_NUM        16, 12  /* TLBI */
#define SMMU_CMD_SCALE      25, 20  /* TLBI; without IDR5.DS, bit 25 is RES0 */
#define SMMU_CMD_VMID       47, 32  /* TLBI */
#define SMMU_CMD_ASID       63, 48  /* TLBI */
#define SMMU_CMD_TTL        73, 72  /* TLBI */
#define SMMU_CMD_TG         75, 74  /* TLBI */
#define SMMU_CMD_ADDR       127, 76 /* TLBI, PREFETCH_ADDR: address bits 63:12 in place */
#define SMMU_CMD_ATC_GLOBAL 9, 9    /* ATC_INV */
#define SMMU_CMD_ATC_SIZE   69, 64  /* ATC_INV: 4 KiB << Size, 52: all */
#define SMMU_CMD_PRGINDEX   72, 64  /* PRI_RESP */
#define SMMU_CMD_RESP       77, 76  /* PRI_RESP */
#define SMMU_CMD_RESUME_AC  12, 12  /* RESUME: retry */
#define SMMU_CMD_RESUME_AB  13, 13  /* RESUME: abort, if not retried */
#define SMMU_CMD_STAG       79, 64  /* RESUME */
#define SMMU_CMD_CS         13, 12  /* SYNC */
#define SMMU_CMD_MSIDATA    63, 32  /* SYNC */
#define SMMU_CMD_MSIADDR    115, 66 /* SYNC: address bits 51:2 in place */

/** Opcodes. */
#define SMMU_CMD_PREFETCH_CONFIG 0x01
#define SMMU_CMD_PREFETCH_ADDR   0x02
#define SMMU_CMD_CFGI_STE        0x03
#define SMMU_CMD_CFGI_STE_RANGE  0x04 /**< with Range 31: CFGI_ALL */
#define SMMU_CMD_CFGI_CD         0x05
#define SMMU_CMD_CFGI_CD_ALL     0x06
#define SMMU_CMD_TLBI_NH_ALL     0x10
#define SMMU_CMD_TLBI_NH_ASID    0x11
#define SMMU_CMD_TLBI_NH_VA      0x12
#define SMMU_CMD_TLBI_NH_VAA     0x13
#define SMMU_CMD_TLBI_EL3_ALL    0x18
#define SMMU_CMD_TLBI_EL2_ALL    0x20
#define SMMU_CMD_TLBI_EL2_ASID   0x21
#define SMMU_CMD_TLBI_EL2_VA     0x22
#define SMMU_CMD_TLBI_EL2_VAA    0x23
#define SMMU_CMD_TLBI_S12_VMALL  0x28
#define SMMU_CMD_TLBI_S2_IPA     0x2A
#define SMMU_CMD_TLBI_NSNH_ALL   0x30
#define SMMU_CMD_ATC_INV         0x40
#define SMMU_CMD_PRI_RESP        0x41
#define SMMU_CMD_RESUME          0x44
#define SMMU_CMD_STALL_TERM      0x45
#define SMMU_CMD_SYNC            0x46

/** CMD_SYNC.CS. */
#define SMMU_SYNC_NONE 0
#define SMMU_SYNC_IRQ  1
#define SMMU_SYNC_SEV  2

/* ---- Event records, 32 bytes (7.3) ---- */

#define SMMU_EVENT_BYTES     32u
#define SMMU_EVENT_WORDS     4
#define SMMU_EVENT_TYPE      7, 0
#define SMMU_EVENT_SSV       11, 11
#define SMMU_EVENT_SSID      31, 12
#define SMMU_EVENT_SID       63, 32
#define SMMU_EVENT_STAG      79, 64
#define SMMU_EVENT_STALL     95, 95
#define SMMU_EVENT_PNU       97, 97
#define SMMU_EVENT_IND       98, 98
#define SMMU_EVENT_RNW       99, 99
#define SMMU_EVENT_S2        103, 103
#define SMMU_EVENT_CLASS     105, 104
#define SMMU_EVENT_TTRNW     108, 108
#define SMMU_EVENT_INPUTADDR 191, 128
#define SMMU_EVENT_IPA       243, 204
#define SMMU_EVENT_FETCHADDR 247, 195

/** F_BAD_ATS_TREQ. */
#define SMMU_EVENT_TREQ_PRIV 96, 96
#define SMMU_EVENT_TREQ_X    97, 97
#define SMMU_EVENT_TREQ_W    98, 98
#define SMMU_EVENT_TREQ_R    99, 99
#define SMMU_EVENT_TREQ_SPAN 115, 108

/** Event types. */
#define SMMU_F_UUT              0x01
#define SMMU_C_BAD_STREAMID     0x02
#define SMMU_F_STE_FETCH        0x03
#define SMMU_C_BAD_STE          0x04
#define SMMU_F_BAD_ATS_TREQ     0x05
#define SMMU_F_STREAM_DISABLED  0x06
#define SMMU_F_TRANSL_FORBIDDEN 0x07
#define SMMU_C_BAD_SUBSTREAMID  0x08
#define SMMU_F_CD_FETCH         0x09
#define SMMU_C_BAD_CD           0x0A
#define SMMU_F_WALK_EABT        0x0B
#define SMMU_F_TRANSLATION      0x10
#define SMMU_F_ADDR_SIZE        0x11
#define SMMU_F_ACCESS           0x12
#define SMMU_F_PERMISSION       0x13

/* ---- Page requests, 16 bytes (8) ---- */

#define SMMU_PPR_BYTES    16u
#define SMMU_PPR_WORDS    2
#define SMMU_PPR_SID      31, 0
#define SMMU_PPR_SSID     51, 32
#define SMMU_PPR_PRIV     58, 58
#define SMMU_PPR_EXEC     59, 59
#define SMMU_PPR_READ     60, 60
#define SMMU_PPR_WRITE    61, 61
#define SMMU_PPR_LAST     62, 62
#define SMMU_PPR_SSV      63, 63
#define SMMU_PPR_PRGINDEX 72, 64
#define SMMU_PPR_ADDR     127, 76 /* address bits 63:12 in place */

/** CMD_PRI_RESP.Resp. */
#define SMMU_RESP_FAILURE 0
#define SMMU_RESP_INVALID 1
#define SMMU_RESP_SUCCESS 2

/** Event field CLASS: what was being fetched or translated. */
#define SMMU_CLASS_CD 0
#define SMMU_CLASS_TT 1
#define SMMU_CLASS_IN 2

#endif

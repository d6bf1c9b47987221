/*
 * Register map of an ITS: offsets from its base, and fields (IHI 0069, "The GITS register map").
 *
 * The control frame is at +0, the translation frame at +0x1_0000.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_ITS_REGISTERS_H
#define DOORBELL_MODELS_GIC_ITS_ITS_REGISTERS_H

#include "models/gic-its/gic_fields.h"

/** Bytes of address space: both frames. */
#define GITS_SIZE 0x20000u

#define GITS_CTLR       0x00000u
#define GITS_IIDR       0x00004u
#define GITS_TYPER      0x00008u
#define GITS_STATUSR    0x00040u
#define GITS_UMSIR      0x00048u
#define GITS_CBASER     0x00080u
#define GITS_CWRITER    0x00088u
#define GITS_CREADR     0x00090u
#define GITS_BASER(n)   (0x00100u + 8u * (unsigned)(n))
#define GITS_PIDR4      0x0ffd0u /* first of the identification registers */
#define GITS_PIDR2      0x0ffe8u
#define GITS_CIDR3      0x0fffcu /* the last of them */
#define GITS_TRANSLATER 0x10040u

/** Number of GITS_BASERn registers. */
#define GITS_BASERS 8u

#define GITS_CTLR_ENABLED    0, 1
#define GITS_CTLR_IMDE       1, 1
#define GITS_CTLR_ITS_NUMBER 4, 4
#define GITS_CTLR_UMSI_IRQ   8, 1
#define GITS_CTLR_QUIESCENT  31, 1

#define GITS_IIDR_IMPLEMENTER 0, 12
#define GITS_IIDR_REVISION    12, 4
#define GITS_IIDR_VARIANT     16, 4
#define GITS_IIDR_PRODUCT_ID  24, 8

#define GITS_TYPER_PHYSICAL       0, 1
#define GITS_TYPER_VIRTUAL        1, 1
#define GITS_TYPER_CCT            2, 1
#define GITS_TYPER_ITT_ENTRY_SIZE 4, 4  /* bytes of an ITE, minus 1 */
#define GITS_TYPER_ID_BITS        8, 5  /* EventID bits, minus 1 */
#define GITS_TYPER_DEVBITS        13, 5 /* DeviceID bits, minus 1 */
#define GITS_TYPER_SEIS           18, 1
#define GITS_TYPER_PTA            19, 1
#define GITS_TYPER_HCC            24, 8
#define GITS_TYPER_CIDBITS        32, 4
#define GITS_TYPER_CIL            36, 1
#define GITS_TYPER_UMSI           44, 1
#define GITS_TYPER_UMSI_IRQ       45, 1

/* Bits 5:0 are cleared by writing 1. */
#define GITS_STATUSR_RRD      0, 1 /* read of a reserved location */
#define GITS_STATUSR_WRD      1, 1 /* write of a reserved location */
#define GITS_STATUSR_RWOD     2, 1 /* read of a write-only location */
#define GITS_STATUSR_WROD     3, 1 /* write of a read-only location */
#define GITS_STATUSR_UMSI     4, 1 /* an unmapped MSI came: GITS_UMSIR has it */
#define GITS_STATUSR_OVERFLOW 5, 1 /* and another while UMSI was 1 */
#define GITS_STATUSR_SYNDROME 6, 4 /* enum gits_syndrome */

/** GITS_STATUSR.Syndrome: why the MSI in GITS_UMSIR is unmapped. */
enum gits_syndrome {
    GITS_SYNDROME_UNKNOWN = 0,
    GITS_SYNDROME_DEVICE_RANGE = 2,
    GITS_SYNDROME_DEVICE_UNMAPPED = 3,
    GITS_SYNDROME_EVENT_RANGE = 4,
    GITS_SYNDROME_EVENT_UNMAPPED = 5,
    GITS_SYNDROME_COLLECTION_UNMAPPED = 7,
    GITS_SYNDROME_VPE_UNMAPPED = 9,
};

#define GITS_UMSIR_DEVICE_ID 32, 32
#define GITS_UMSIR_EVENT_ID  0, 32

#define GITS_CBASER_VALID       63, 1
#define GITS_CBASER_INNER_CACHE 59, 3
#define GITS_CBASER_OUTER_CACHE 53, 3
#define GITS_CBASER_ADDRESS     12, 40 /* address bits 51:12 */
#define GITS_CBASER_SHARE       10, 2
#define GITS_CBASER_SIZE        0, 8 /* 4 KiB pages, minus 1 */

#define GITS_CWRITER_OFFSET 5, 15 /* address bits 19:5 of the offset */
#define GITS_CWRITER_RETRY  0, 1
#define GITS_CREADR_OFFSET  5, 15
#define GITS_CREADR_STALLED 0, 1

#define GITS_BASER_VALID        63, 1
#define GITS_BASER_INDIRECT     62, 1
#define GITS_BASER_INNER_CACHE  59, 3
#define GITS_BASER_TYPE         56, 3
#define GITS_BASER_OUTER_CACHE  53, 3
#define GITS_BASER_ENTRY_SIZE   48, 5  /* bytes, minus 1 */
#define GITS_BASER_ADDRESS      12, 36 /* address bits 47:12; 64 KiB pages: 47:16, with 51:48 in bits 15:12 */
#define GITS_BASER_ADDRESS_HIGH 12, 4  /* 64 KiB pages only */
#define GITS_BASER_SHARE        10, 2
#define GITS_BASER_PAGE_SIZE    8, 2 /* 0: 4 KiB, 1: 16 KiB, 2: 64 KiB */
#define GITS_BASER_SIZE         0, 8 /* pages, minus 1 */

/** GITS_BASERn.Type */
#define GITS_BASER_TYPE_NONE       0u
#define GITS_BASER_TYPE_DEVICE     1u
#define GITS_BASER_TYPE_COLLECTION 4u

/** Entry of a level 1 device table (GITS_BASERn.Indirect): names a page of level 2. */
#define GITS_L1_VALID   63, 1
#define GITS_L1_ADDRESS 12, 40 /* address bits 51:12; the bits below the page size are ignored */

#define GITS_PIDR2_ARCH_REV 4, 4

#endif

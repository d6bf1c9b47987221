/*
 * Stream table entries and context descriptors, decoded: each in-memory structure of chapter 5 becomes a plain struct
 * at one seam, and a legal pair of them becomes a struct smmu_context, which is all that translating a stream needs.
 */
#ifndef DOORBELL_MODELS_SMMUV3_TABLES_INTERNAL_H
#define DOORBELL_MODELS_SMMUV3_TABLES_INTERNAL_H

#include "models/smmuv3/smmu_features.h"
#include "models/smmuv3/smmu_formats.h"
#include "models/smmuv3/tlb_internal.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A fault: the type of its event record and what else the record says. Type 0: none. */
struct smmu_fault {
    uint8_t type;           /**< SMMU_F_*, SMMU_C_* */
    uint8_t class_;         /**< SMMU_CLASS_*, for translation faults and F_WALK_EABT */
    uint64_t fetch_address; /**< for fetch aborts */
};

/** Where the stream table is, from STRTAB_BASE and STRTAB_BASE_CFG. */
struct smmu_stream_table {
    uint64_t base;
    uint32_t log2size; /**< StreamIDs: min(LOG2SIZE, SIDSIZE) */
    uint32_t split;    /**< two-level: bits of a StreamID that index the level-2 table; 0: linear */
};

/** Stream table entry. */
struct smmu_ste {
    bool valid;
    uint8_t config; /**< SMMU_STE_CONFIG_* */
    uint8_t s1fmt;
    uint8_t s1cdmax;
    uint8_t s1dss;
    uint8_t strw;
    bool s1stalld;
    uint16_t s2vmid;
    uint64_t s1contextptr;
};

/** Half of a virtual address space (TTB0 or TTB1). */
struct smmu_range {
    uint64_t table;  /**< physical address of the first table */
    uint8_t size;    /**< TxSZ: the input address has 64 - size bits */
    uint8_t granule; /**< log2 of bytes: 12, 14, 16; 0 if reserved */
    bool disabled;   /**< EPDx */
    bool ignore_top; /**< TBIx */
};

/** Context descriptor. */
struct smmu_cd {
    bool valid;
    bool aarch64;
    bool big_endian;
    bool stall;                    /**< S */
    bool abort;                    /**< A */
    bool record;                   /**< R */
    bool hardware_access_flag;     /**< HA */
    bool hardware_dirty;           /**< HD */
    bool access_flag_ignored;      /**< AFFD */
    bool write_implies_no_execute; /**< WXN */
    bool privileged_access_never;  /**< PAN */
    uint8_t ips;
    uint16_t asid;
    struct smmu_range range[2];
};

/** What happens to a stream's traffic. */
enum smmu_action {
    SMMU_ACTION_ABORT,     /**< Config 0xx: terminated, no event */
    SMMU_ACTION_BYPASS,    /**< leaves with its own address */
    SMMU_ACTION_TRANSLATE, /**< stage 1 */
};

/** A legal STE and, if stage 1 is used, its legal CD. */
struct smmu_context {
    uint8_t action; /**< enum smmu_action */
    bool uses_cd;   /**< a CD was read ... */
    bool abort;     /**< CD.A: translation faults abort; else RAZ/WI */
    bool record;    /**< CD.R: translation faults are recorded */
    bool access_flag_ignored;
    bool write_implies_no_execute;
    bool privileged_access_never;
    uint8_t output_bits; /**< min(CD.IPS, OAS) */
    uint32_t cd_index;   /**< ... at this index of the CD table */
    uint64_t tag;        /**< SMMU_TAG_*: world, VMID, ASID */
    struct smmu_range range[2];
};

/** What a transaction presents, as far as its configuration depends on it. */
struct smmu_stream {
    uint32_t sid;
    uint32_t ssid; /**< 0 if !ssv */
    bool ssv;
};

/** What to do after a step of the search for a configuration. */
enum smmu_lookup {
    SMMU_LOOKUP_READ,  /**< read the structure at the address given */
    SMMU_LOOKUP_DONE,  /**< the context is complete */
    SMMU_LOOKUP_FAULT, /**< the fault given */
};

/** Number of address bits of an IPS or OAS encoding; 7 behaves as the largest. */
uint32_t smmu_ips_bits(unsigned ips);

/* ---- Stream table (stream_table.c) ---- */

/** Where the search for @p sid starts: the level-1 descriptor (two-level) or the STE. Fault: C_BAD_STREAMID. */
enum smmu_lookup smmu_stream_table_start(const struct smmu_stream_table *table, uint32_t sid, uint64_t *address,
                                         struct smmu_fault *fault);

/** From a level-1 descriptor to the STE of @p sid. Fault: C_BAD_STREAMID. */
enum smmu_lookup smmu_stream_table_next(const struct smmu_stream_table *table, uint32_t sid, uint64_t l1std,
                                        uint64_t *address, struct smmu_fault *fault);

/** The one place that knows an STE's layout. */
struct smmu_ste smmu_ste_decode(const uint64_t words[SMMU_STE_WORDS]);

/** Whether the architecture calls the STE ILLEGAL (5.2.2). Not asked for Config 0xx. */
bool smmu_ste_is_illegal(const struct smmu_ste *ste, const struct smmu_features *features);

/** Bytes of a stream table (linear) or of its first level. */
uint64_t smmu_stream_table_bytes(const struct smmu_stream_table *table);

/* ---- Context descriptors (context.c) ---- */

/**
 * What an STE makes of a transaction: its action without a CD, or where its CD (linear) or level-1 CD descriptor is.
 * Fills action, cd_index and uses_cd of the context. Faults: C_BAD_STE, C_BAD_SUBSTREAMID, F_STREAM_DISABLED.
 */
enum smmu_lookup smmu_context_start(const struct smmu_ste *ste, const struct smmu_stream *stream,
                                    const struct smmu_features *features, struct smmu_context *context,
                                    uint64_t *address, struct smmu_fault *fault);

/** Whether @p ste, with a CD wanted, has a two-level CD table: the first read is a level-1 descriptor. */
bool smmu_context_is_two_level(const struct smmu_ste *ste, const struct smmu_features *features);

/** From a level-1 CD descriptor to the CD. Fault: C_BAD_SUBSTREAMID. */
enum smmu_lookup smmu_context_next(const struct smmu_ste *ste, uint64_t l1cd, const struct smmu_features *features,
                                   const struct smmu_context *context, uint64_t *address, struct smmu_fault *fault);

/** The one place that knows a CD's layout. */
struct smmu_cd smmu_cd_decode(const uint64_t words[SMMU_CD_WORDS]);

/** Whether the architecture calls the CD ILLEGAL (5.4). */
bool smmu_cd_is_illegal(const struct smmu_cd *cd, const struct smmu_ste *ste, const struct smmu_features *features);

/** Completes the context from a CD. Fault: C_BAD_CD. */
enum smmu_lookup smmu_context_finish(const struct smmu_ste *ste, const uint64_t words[SMMU_CD_WORDS],
                                     const struct smmu_features *features, struct smmu_context *context,
                                     struct smmu_fault *fault);

/** Which half of the address space an input address is in: 0 for TTB0, 1 for TTB1. */
static inline unsigned smmu_address_half(uint64_t address)
{
    return (unsigned)(address >> 55) & 1;
}

/** Input address as the TLB and the walker take it: with TBI, the top byte repeats bit 55. */
static inline uint64_t smmu_canonical_address(const struct smmu_context *context, uint64_t address)
{
    const unsigned half = smmu_address_half(address);
    const uint64_t top = UINT64_C(0xff) << 56;

    if (!context->range[half].ignore_top) {
        return address;
    }
    return half != 0 ? address | top : address & ~top;
}

#ifdef __cplusplus
}
#endif

#endif

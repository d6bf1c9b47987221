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

/** A fault: the type of its event record, what else the record says, and what becomes of the transaction. 0: none. */
struct smmu_fault {
    uint8_t type;           /**< SMMU_F_*, SMMU_C_* */
    uint8_t class_;         /**< SMMU_CLASS_*, for translation faults and F_WALK_EABT */
    bool stage2;            /**< S2 */
    bool table_write;       /**< stage 2, CLASS = TT: the access to the descriptor was a write (TTRnW = 0) */
    bool depends_on_access; /**< another kind of access to the same address might fare otherwise */
    /* Response (5.5); the architecture's for all faults that have no choice is none of these: abort and record. */
    bool silent;            /**< R = 0: not recorded, unless it stalls */
    bool raz_wi;            /**< A = 0: reads as zero, writes are ignored, unless it stalls */
    bool stall;             /**< S = 1 */
    uint64_t ipa;           /**< stage 2: IPA that it could not translate */
    uint64_t fetch_address; /**< for fetch aborts */
};

/** Where the stream table is, from STRTAB_BASE and STRTAB_BASE_CFG. */
struct smmu_stream_table {
    uint64_t base;
    uint32_t log2size; /**< StreamIDs: min(LOG2SIZE, SIDSIZE) */
    uint32_t split;    /**< two-level: bits of a StreamID that index the level-2 table; 0: linear */
};

/** Stream table entry. Fields of a stage are decoded whether or not Config uses it. */
struct smmu_ste {
    bool valid;
    uint8_t config; /**< SMMU_STE_CONFIG_* */
    uint8_t s1fmt;
    uint8_t s1cdmax;
    uint8_t s1dss;
    uint8_t strw;
    bool s1stalld;
    uint8_t eats;
    bool merge_events;        /**< MEV */
    bool page_response_pasid; /**< PPAR */
    uint16_t s2vmid;
    uint64_t s1contextptr;
    /* Attributes of transactions. */
    uint8_t privcfg;
    uint8_t instcfg;
    bool mtcfg;
    uint8_t memattr;
    uint8_t shcfg;
    /* Stage 2. */
    uint8_t s2t0sz;
    uint8_t s2sl0;     /**< with S2SL0_2 as bit 2 */
    uint8_t s2granule; /**< log2 of bytes; 0 if reserved */
    uint8_t s2ps;
    uint8_t s2sh;
    bool s2aa64;
    bool s2endi;
    bool s2affd;
    bool s2ptw;
    bool s2ha;
    bool s2hd;
    bool s2s;
    bool s2r;
    bool s2ds;
    uint64_t s2ttb;
};

/** Half of a virtual address space (TTB0 or TTB1). */
struct smmu_range {
    uint64_t table;  /**< address of the first table */
    uint8_t size;    /**< TxSZ: the input address has 64 - size bits */
    uint8_t granule; /**< log2 of bytes: 12, 14, 16; 0 if reserved */
    uint8_t sh;      /**< SHx */
    bool disabled;   /**< EPDx */
    bool ignore_top; /**< TBIx */
    bool had;        /**< HADx: table descriptors take no permission away */
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
    bool ds;                       /**< DS */
    uint8_t ips;
    uint16_t asid;
    uint64_t mair;
    struct smmu_range range[2];
};

/** How one stage's tables are laid out, ready to be walked. */
struct smmu_table_format {
    uint64_t base;       /**< of the first table, aligned as the architecture takes it */
    uint8_t granule;     /**< log2 of bytes: 12, 14, 16 */
    uint8_t input_bits;  /**< an input address has no more */
    uint8_t output_bits; /**< addresses in descriptors beyond are Address Size faults */
    int8_t start_level;  /**< -1 to 3 */
    bool wide;           /**< descriptors hold 52-bit addresses: as of LPA (64 KiB) or of DS (others) */
    bool big_endian;
};

/** Stage 1 of a stream, from its CD. */
struct smmu_stage1 {
    struct smmu_table_format half[2];
    bool absent[2];     /**< EPDx, or EL2, which has no upper half */
    bool ignore_top[2]; /**< TBIx */
    bool had[2];        /**< HADx */
    uint8_t sh[2];      /**< SHx, for DS */
    bool ds;
    bool one_privilege; /**< EL2: there is no unprivileged access */
    bool access_flag_ignored;
    bool write_implies_no_execute;
    bool privileged_access_never;
    bool update_access; /**< HA */
    bool update_dirty;  /**< HA and HD */
    bool raz_wi;        /**< not A */
    bool silent;        /**< not R */
    bool stall;         /**< S */
    uint64_t mair;
};

/** Stage 2 of a stream, from its STE. */
struct smmu_stage2 {
    struct smmu_table_format table;
    uint8_t sh; /**< for DS */
    bool ds;
    bool access_flag_ignored;
    bool update_access;  /**< S2HA */
    bool update_dirty;   /**< S2HA and S2HD */
    bool protected_walk; /**< S2PTW */
    bool split_execute;  /**< IDR3.XNX */
    bool silent;         /**< not S2R */
    bool stall;          /**< S2S */
};

/** What happens to a stream's traffic. */
enum smmu_action {
    SMMU_ACTION_ABORT,     /**< Config 0xx: terminated, no event */
    SMMU_ACTION_BYPASS,    /**< leaves with its own address */
    SMMU_ACTION_TRANSLATE, /**< stage 1, stage 2, or both */
};

/** A legal STE and, if stage 1 is used, its legal CD. */
struct smmu_context {
    uint64_t tag;         /**< SMMU_TAG_*: world, VMID, ASID */
    uint8_t action;       /**< enum smmu_action */
    bool has_stage1;      /**< stage 1 translates */
    bool has_stage2;      /**< stage 2 does */
    bool uses_cd;         /**< a CD was read ... */
    uint32_t cd_index;    /**< ... at this index of the CD table */
    uint32_t flags_clear; /**< PRIVCFG, INSTCFG: SIM_FLAG_PRIVILEGED and SIM_FLAG_EXECUTE of a request lose these ... */
    uint32_t flags_set;   /**< ... and get these */
    uint8_t input_bits;   /**< OAS (which IAS equals): more is an Address Size fault if stage 1 does not translate */
    uint8_t eats;         /**< STE.EATS; 0 where it is ignored */
    bool merge_events;    /**< STE.MEV */
    bool page_response_pasid; /**< STE.PPAR */
    uint16_t attributes;      /**< of input, after MTCFG and SHCFG: see smmu_attributes_override() */
    struct smmu_stage1 stage1;
    struct smmu_stage2 stage2;
};

/** What a transaction presents, as far as its configuration depends on it. */
struct smmu_stream {
    uint32_t sid;
    uint32_t ssid; /**< 0 if !ssv */
    bool ssv;
    bool ste_only; /**< only the STE counts: translated transactions, page requests */
};

/** What to do after a step of the search for a configuration. */
enum smmu_lookup {
    SMMU_LOOKUP_READ,  /**< read the structure at the address given */
    SMMU_LOOKUP_DONE,  /**< the context is complete */
    SMMU_LOOKUP_FAULT, /**< the fault given */
};

/** Number of address bits of an IPS, PS or OAS encoding; 7 behaves as the largest. */
uint32_t smmu_ips_bits(unsigned ips);

/** log2 of the bytes that a descriptor of a level translates. */
static inline unsigned smmu_level_size(unsigned granule, int level)
{
    return granule + (granule - 3) * (unsigned)(3 - level);
}

/** Completes a format: aligns the base to the size of the first table, and to 64 bytes for a 52-bit output. */
void smmu_table_format_align(struct smmu_table_format *format);

/* ---- Stream table (stream_table.c) ---- */

/** Where the search for @p sid starts: the level-1 descriptor (two-level) or the STE. Fault: C_BAD_STREAMID. */
enum smmu_lookup smmu_stream_table_start(const struct smmu_stream_table *table, uint32_t sid, uint64_t *address,
                                         struct smmu_fault *fault);

/** From a level-1 descriptor to the STE of @p sid. Fault: C_BAD_STREAMID. */
enum smmu_lookup smmu_stream_table_next(const struct smmu_stream_table *table, uint32_t sid, uint64_t l1std,
                                        uint64_t *address, struct smmu_fault *fault);

/** The one place that knows an STE's layout. */
struct smmu_ste smmu_ste_decode(const uint64_t words[SMMU_STE_WORDS]);

/** Whether the architecture calls the STE ILLEGAL (5.2.2). */
bool smmu_ste_is_illegal(const struct smmu_ste *ste, const struct smmu_features *features);

/** The stream world of a legal STE that translates. @param e2h CR2.E2H */
enum smmu_world smmu_ste_world(const struct smmu_ste *ste, const struct smmu_features *features, bool e2h);

/** Stage 2 of a legal STE that uses it. */
struct smmu_stage2 smmu_ste_stage2(const struct smmu_ste *ste, const struct smmu_features *features);

/** Whether a granule (log2 of bytes; 0 for a reserved encoding) is implemented. */
bool smmu_features_have_granule(const struct smmu_features *features, unsigned granule);

/** Whether tables of this endianness are not implemented. */
bool smmu_features_endian_is_illegal(const struct smmu_features *features, bool big);

/** Bytes of a stream table (linear) or of its first level. */
uint64_t smmu_stream_table_bytes(const struct smmu_stream_table *table);

/* ---- Context descriptors (context.c) ---- */

/**
 * What an STE makes of a transaction: its action without a CD, or where its CD (linear) or level-1 CD descriptor is.
 * Fills all of the context but stage 1. Faults: C_BAD_STE, C_BAD_SUBSTREAMID, F_STREAM_DISABLED.
 * @param e2h CR2.E2H
 */
enum smmu_lookup smmu_context_start(const struct smmu_ste *ste, const struct smmu_stream *stream,
                                    const struct smmu_features *features, bool e2h, struct smmu_context *context,
                                    uint64_t *address, struct smmu_fault *fault);

/** The same without a CD: what an STE says of its translated transactions, which at most stage 2 translates. */
enum smmu_lookup smmu_context_of_ste(const struct smmu_ste *ste, const struct smmu_features *features, bool e2h,
                                     struct smmu_context *context, struct smmu_fault *fault);

/** Whether @p ste, with a CD wanted, has a two-level CD table: the first read is a level-1 descriptor. */
bool smmu_context_is_two_level(const struct smmu_ste *ste, const struct smmu_features *features);

/** From a level-1 CD descriptor to the CD. Fault: C_BAD_SUBSTREAMID. */
enum smmu_lookup smmu_context_next(const struct smmu_ste *ste, uint64_t l1cd, const struct smmu_features *features,
                                   const struct smmu_context *context, uint64_t *address, struct smmu_fault *fault);

/** The one place that knows a CD's layout. */
struct smmu_cd smmu_cd_decode(const uint64_t words[SMMU_CD_WORDS]);

/** Whether the architecture calls the CD ILLEGAL (5.4.2), in the stream world @p world. */
bool smmu_cd_is_illegal(const struct smmu_cd *cd, const struct smmu_ste *ste, const struct smmu_features *features,
                        enum smmu_world world);

/** Completes the context from a CD. Fault: C_BAD_CD. */
enum smmu_lookup smmu_context_finish(const struct smmu_ste *ste, const uint64_t words[SMMU_CD_WORDS],
                                     const struct smmu_features *features, struct smmu_context *context,
                                     struct smmu_fault *fault);

/** Which half of the address space an input address is in: 0 for TTB0, 1 for TTB1. */
static inline unsigned smmu_address_half(uint64_t address)
{
    return (unsigned)(address >> 55) & 1;
}

/** The stream world of a context. */
static inline enum smmu_world smmu_context_world(const struct smmu_context *context)
{
    return (enum smmu_world)((context->tag & SMMU_TAG_WORLD_MASK) >> SMMU_TAG_WORLD_SHIFT);
}

/** Input address as the TLB and the walker take it: with TBI, the top byte repeats bit 55. */
static inline uint64_t smmu_canonical_address(const struct smmu_context *context, uint64_t address)
{
    const unsigned half = smmu_address_half(address);
    const uint64_t top = UINT64_C(0xff) << 56;

    if (!context->stage1.ignore_top[half]) {
        return address;
    }
    return half != 0 ? address | top : address & ~top;
}

#ifdef __cplusplus
}
#endif

#endif

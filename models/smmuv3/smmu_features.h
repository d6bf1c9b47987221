/*
 * What an SMMU implements, as its identification registers (IDR0, IDR1, IDR3, IDR5) report it: the legality of
 * structures, the meaning of descriptors and the set of commands depend on it.
 */
#ifndef DOORBELL_MODELS_SMMUV3_SMMU_FEATURES_H
#define DOORBELL_MODELS_SMMUV3_SMMU_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** IDR0.STALL_MODEL. */
#define SMMU_STALL_MODEL_BOTH   0 /**< each context chooses: stall or terminate */
#define SMMU_STALL_MODEL_NONE   1
#define SMMU_STALL_MODEL_FORCED 2

/** IDR0.TTENDIAN. */
#define SMMU_TTENDIAN_MIXED  0
#define SMMU_TTENDIAN_LITTLE 2
#define SMMU_TTENDIAN_BIG    3

/** IDR0.HTTU. Access flags in table descriptors (3) are not implemented. */
#define SMMU_HTTU_NONE   0
#define SMMU_HTTU_ACCESS 1 /**< access flag */
#define SMMU_HTTU_DIRTY  2 /**< access flag and dirty state */

struct smmu_features {
    /* Sizes. In struct smmu_config these three are set from its fields of the same names. */
    uint32_t stream_id_bits;      /**< IDR1.SIDSIZE */
    uint32_t substream_id_bits;   /**< IDR1.SSIDSIZE */
    uint32_t output_address_bits; /**< IDR5.OAS: 32, 36, 40, 42, 44, 48 or 52 */

    bool stage1;       /**< IDR0.S1P */
    bool stage2;       /**< IDR0.S2P */
    bool hypervisor;   /**< IDR0.HYP: EL2 stream worlds */
    bool ats;          /**< IDR0.ATS */
    bool ns1ats;       /**< IDR0.NS1ATS: no split-stage ATS */
    bool ats_rec_err;  /**< IDR0.ATSRECERR: CR2.REC_CFG_ATS exists */
    bool pri;          /**< IDR0.PRI: the page request queue; needs ATS */
    bool pps;          /**< IDR3.PPS: responses that the SMMU makes itself carry the PASID of the request */
    bool sev;          /**< IDR0.SEV: CMD_SYNC and a command queue that is no longer full wake PEs */
    bool vmw;          /**< IDR0.VMW: VMID wildcards */
    bool asid16;       /**< IDR0.ASID16 */
    bool vmid16;       /**< IDR0.VMID16 (of no effect without stage 2) */
    bool cd_two_level; /**< IDR0.CD2L */
    bool st_two_level; /**< IDR0.ST_LEVEL: two-level stream tables as well as linear ones */
    bool term_abort;   /**< IDR0.TERM_MODEL: faults that terminate always abort, never RAZ/WI */
    uint8_t stall;     /**< IDR0.STALL_MODEL: SMMU_STALL_MODEL_* */
    uint8_t endian;    /**< IDR0.TTENDIAN: SMMU_TTENDIAN_*; structures other than tables are always little-endian */
    uint8_t httu;      /**< IDR0.HTTU: SMMU_HTTU_* */
    bool types_ovr;    /**< IDR1.ATTR_TYPES_OVR: MTCFG, SHCFG, ALLOCCFG act */
    bool perms_ovr;    /**< IDR1.ATTR_PERMS_OVR: INSTCFG, PRIVCFG act */
    bool had;          /**< IDR3.HAD */
    bool xnx;          /**< IDR3.XNX */
    bool stt;          /**< IDR3.STT: small translation tables */
    bool granule_4k;   /**< IDR5.GRAN4K */
    bool granule_16k;  /**< IDR5.GRAN16K */
    bool granule_64k;  /**< IDR5.GRAN64K */
    bool va52;         /**< IDR5.VAX = 1: 52-bit input addresses */
    uint32_t iidr;     /**< IIDR: who made it */
    bool ds;           /**< IDR5.DS: 52-bit addresses with 4 KiB and 16 KiB granules; needs VAX = 1 */
};

/**
 * Sets every feature but the three sizes: both stages, EL2, all granules, 16-bit ASIDs and VMIDs, two-level CD tables,
 * hardware update of access flag and dirty state, little-endian tables, attribute and permission overrides, HAD, XNX,
 * two-level stream tables; no ATS or page requests, no wake-up events, no VMID wildcards, IIDR 0, no stalls, no 52-bit
 * input addresses, no small tables.
 */
void smmu_features_defaults(struct smmu_features *features);

/**
 * Clears the features that mean nothing without another that is absent, as their identification fields then are RES0:
 * 16-bit VMIDs and VMID wildcards without stage 2; 16-bit ASIDs and two-level CD tables without stage 1 (or
 * SubstreamIDs); EL2 without both stages; page requests, NS1ATS and ATSRECERR without ATS; PPS without page requests.
 */
void smmu_features_resolve(struct smmu_features *features);

/** What is wrong with features, as a sentence without a full stop; NULL if nothing is. */
const char *smmu_features_error(const struct smmu_features *features);

#ifdef __cplusplus
}
#endif

#endif

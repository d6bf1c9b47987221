/*
 * What the registers of headers and capabilities hold after reset and what software may change in them, as the PCI
 * Express Base Specification lays them out. One function a structure; the order of calls is the order of the chain.
 */
#ifndef DOORBELL_MODELS_PCIE_CAPABILITIES_H
#define DOORBELL_MODELS_PCIE_CAPABILITIES_H

#include "models/pcie/config_space.h"
#include "models/pcie/link_findings.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most bits of an ACS egress control vector that this model offers: one a port of a switch. */
#define PCIE_ACS_EGRESS_BITS 64u

/** Who a function is. */
struct pcie_identity {
    uint16_t vendor_id;
    uint16_t device_id;
    uint32_t class_code; /**< 24 bits: base class, sub-class, interface; for example 0x020000 */
    uint8_t revision_id;
    uint16_t subsystem_vendor_id; /**< type 0 only */
    uint16_t subsystem_id;        /**< type 0 only */
};

/** A memory BAR. */
struct pcie_bar {
    uint64_t size; /**< bytes, a power of two of at least 16, or 0: no BAR; above 2 GiB only if wide */
    bool wide;     /**< 64-bit: takes the next BAR's register too */
    bool prefetchable;
};

/** ACS capability of a function as it comes out of reset. */
struct pcie_acs {
    bool present;
    uint16_t capability; /**< PCIE_ACS_* bits that can be switched on */
    uint16_t control;    /**< bits that are on after reset and firmware; a subset of capability */
};

/** A PCI Express capability. */
struct pcie_express {
    unsigned type;        /**< PCIE_EXP_TYPE_* */
    uint32_t max_payload; /**< Max_Payload_Size supported: 128 to 4096 bytes, a power of two */
    unsigned port_number; /**< of ports, 0..255 */
    bool slot;            /**< a downstream port: has a slot below it */
    bool extended_tag;    /**< endpoint: 8-bit tags */
    bool pasid;           /**< takes and forwards end-to-end prefixes */
    unsigned phantom;     /**< endpoint: function number bits that it can use as tags, 0..3 */
};

/** An MSI capability. */
struct pcie_msi {
    uint32_t vectors; /**< messages asked for: 1, 2, 4, 8, 16 or 32; 0: no MSI capability */
    bool wide;        /**< 64-bit address */
    bool maskable;    /**< mask and pending bit per vector */
};

/** An SR-IOV capability. */
struct pcie_sriov {
    uint16_t total_vfs;       /**< 0: no SR-IOV capability */
    uint16_t first_vf_offset; /**< RID of VF 1 less that of the PF, at least 1 */
    uint16_t vf_stride;       /**< RID of a VF less that of the one before, at least 1 */
    uint16_t vf_device_id;
    struct pcie_bar bars[PCIE_TYPE0_BARS]; /**< of one VF: sizes are powers of two of at least 4 KiB */
};

/** Fills in the common header: identity, header type, Command and Status. @param type1 a bridge's */
void pcie_add_header(struct pcie_config_space *space, const struct pcie_identity *identity, bool type1,
                     bool multi_function);

/** Fills in the BARs of a type 0 header. @param bars PCIE_TYPE0_BARS of them, those after a wide one with size 0 */
void pcie_add_bars(struct pcie_config_space *space, const struct pcie_bar *bars);

/** Bus numbers and windows of a type 1 header: memory window and 64-bit prefetchable window; I/O is not offered. */
void pcie_add_bridge_registers(struct pcie_config_space *space);

/** Power Management, version 3: D0 and D3hot. */
void pcie_add_power_management(struct pcie_config_space *space);

/** PCI Express, version 2. The link's speed and width are those of pcie_set_link(). */
void pcie_add_express(struct pcie_config_space *space, const struct pcie_express *express);

/** Enters a link's speed (MT/s a lane: 2500 to 64000) and width into Link Capabilities and Link Status. */
void pcie_set_link(struct pcie_config_space *space, uint32_t speed, uint32_t width);

/**
 * What a root port or downstream port says of its device's sudden leaving: Link and Slot registers, and the Surprise
 * Down Error in AER, which it must have. After pcie_set_link(); building only. @param slot_number Physical Slot Number
 */
void pcie_set_removal(struct pcie_config_space *space, enum pcie_removal removal, unsigned slot_number);

/** MSI, if @p msi says that it is present (7.7.1). */
void pcie_add_msi(struct pcie_config_space *space, const struct pcie_msi *msi);

/** MSI-X: number of vectors (1..2048), and where table and pending bits lie (BAR and offset, a multiple of 8). */
void pcie_add_msix(struct pcie_config_space *space, uint32_t vectors, unsigned table_bar, uint32_t table_offset,
                   unsigned pba_bar, uint32_t pba_offset);

/** Advanced Error Reporting, version 2, with the errors of PCIE_AER_UNCORRECTABLE_ALL. */
void pcie_add_aer(struct pcie_config_space *space);

/** ACS, if @p acs says that it is present. Egress Control comes with a vector of PCIE_ACS_EGRESS_BITS bits. */
void pcie_add_acs(struct pcie_config_space *space, const struct pcie_acs *acs);

/** ARI. @param next_function function number of the next function; 0 ends the list */
void pcie_add_ari(struct pcie_config_space *space, unsigned next_function);

/** ATS. @param queue_depth invalidation requests that can be taken, 1..32 */
void pcie_add_ats(struct pcie_config_space *space, unsigned queue_depth);

/** SR-IOV, if @p sriov says that it is present (9.3.3). */
void pcie_add_sriov(struct pcie_config_space *space, const struct pcie_sriov *sriov);

/**
 * PRI (10.5.2): disabled and stopped.
 * @param capacity       page requests that can be outstanding
 * @param response_pasid the responses to requests with a PASID have one too
 */
void pcie_add_pri(struct pcie_config_space *space, uint32_t capacity, bool response_pasid);

/** PASID. @param width bits of a PASID, 1..20 */
void pcie_add_pasid(struct pcie_config_space *space, unsigned width, bool execute, bool privileged);

#ifdef __cplusplus
}
#endif

#endif

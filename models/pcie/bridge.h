/*
 * A bridge in the sense of PCI: a root port or a port of a switch, with its type 1 header. Registers are decoded into
 * plain fields after every write; routing and Access Control Services ask those.
 */
#ifndef DOORBELL_MODELS_PCIE_BRIDGE_H
#define DOORBELL_MODELS_PCIE_BRIDGE_H

#include "models/pcie/capabilities.h"
#include "models/pcie/config_space.h"
#include "models/pcie/link.h"
#include "models/pcie/virtual_channels.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Addresses from base to limit; none if base is above limit. */
struct pcie_window {
    uint64_t base;
    uint64_t limit;
};

struct pcie_bridge_config {
    struct pcie_identity identity; /**< class_code 0: 0x060400, PCI-to-PCI bridge */
    unsigned type;                 /**< PCIE_EXP_TYPE_ROOT_PORT, _UPSTREAM or _DOWNSTREAM */
    struct pcie_acs acs;
    struct pcie_vc_config virtual_channels;
    uint32_t max_payload; /**< supported, bytes; 0: 512 */
    unsigned port_number; /**< also its bit in egress control vectors, 0..63 */
    bool multi_function;
    bool slot;        /**< a downstream port or root port with a slot below it */
    bool message;     /**< it has an MSI capability: one message, 64-bit address, mask */
    bool no_prefixes; /**< End-End TLP Prefix Supported is 0: a TLP with a PASID is malformed to it (2.2.10.2) */
};

/** What routing looks at comes first. */
struct pcie_bridge {
    /* Decoded: */
    bool memory_space; /**< Command: forwards memory requests downstream */
    bool bus_master;   /**< Command: forwards memory requests upstream */
    uint8_t primary;
    uint8_t secondary;
    uint8_t subordinate;
    bool ari_forwarding;
    uint16_t acs;         /**< PCIE_ACS_* that are on */
    uint32_t max_payload; /**< Max_Payload_Size that software set, bytes */
    uint32_t malformed;   /**< SIM_FLAG_* of TLPs that are malformed to it, whatever else they are */
    uint64_t egress;      /**< egress control vector: ports that must not be reached directly */
    struct pcie_window memory;
    struct pcie_window prefetch;
    unsigned port_number;
    uint16_t id;          /**< own requester ID */
    bool ecrc;            /**< TLPs that the bridge itself makes carry an ECRC */
    bool checks_ecrc;     /**< of TLPs that end at the bridge */
    bool forwards_errors; /**< error messages from below pass (Bridge Control, SERR# Enable) */
    struct pcie_vcs vcs;
    struct pcie_config_space config;
};

/** Lays out registers and capabilities: PM, MSI, PCI Express; AER, ACS. Building only. */
void pcie_bridge_init(struct pcie_bridge *bridge, struct sim *sim, const struct pcie_bridge_config *config);

/** Decodes the registers again. To be called after every write to them. */
void pcie_bridge_decode(struct pcie_bridge *bridge);

/** Whether an address lies in one of the bridge's open windows (7.5.1.3). */
static inline bool pcie_bridge_claims(const struct pcie_bridge *bridge, uint64_t address)
{
    return bridge->memory_space && ((address >= bridge->memory.base && address <= bridge->memory.limit) ||
                                    (address >= bridge->prefetch.base && address <= bridge->prefetch.limit));
}

/** Whether a bus is the secondary bus or one below. A bridge without bus numbers has none. */
static inline bool pcie_bridge_leads_to(const struct pcie_bridge *bridge, unsigned bus)
{
    return bridge->secondary != 0 && bus >= bridge->secondary && bus <= bridge->subordinate;
}

/**
 * Bits of Command that a memory request needs on its way up, and what ACS says when it enters from below (6.12.1.1).
 */
enum pcie_ingress {
    PCIE_INGRESS_OK,
    PCIE_INGRESS_UNSUPPORTED, /**< Bus Master Enable is 0, or AT is reserved */
    PCIE_INGRESS_VIOLATION,   /**< Source Validation or Translation Blocking */
};

static inline enum pcie_ingress pcie_bridge_admit(const struct pcie_bridge *bridge, const struct sim_packet *packet)
{
    if (!bridge->bus_master || packet->at == SIM_AT_RESERVED) {
        return PCIE_INGRESS_UNSUPPORTED;
    }
    if ((bridge->acs & PCIE_ACS_SOURCE_VALIDATION) != 0 && !pcie_bridge_leads_to(bridge, packet->requester >> 8)) {
        return PCIE_INGRESS_VIOLATION;
    }
    /* Translation Blocking goes before all peer-to-peer controls, Direct Translated among them. */
    if ((bridge->acs & PCIE_ACS_TRANSLATION_BLOCKING) != 0 && packet->at != SIM_AT_UNTRANSLATED) {
        return PCIE_INGRESS_VIOLATION;
    }
    return PCIE_INGRESS_OK;
}

/** What ACS says about a request from below this bridge to a peer below another one (6.12.3). */
enum pcie_peer {
    PCIE_PEER_DIRECT,
    PCIE_PEER_REDIRECT, /**< to be sent upstream instead */
    PCIE_PEER_VIOLATION,
};

/** The controls that are on in an ACS capability, and its egress control vector (0 if that does not act). */
uint16_t pcie_acs_decode(const struct pcie_config_space *space, uint64_t *egress);

/** The same from controls that are on and the egress control vector. @param target bit of the peer in that vector */
enum pcie_peer pcie_acs_peer_request(uint16_t acs, uint64_t egress, const struct sim_packet *packet, unsigned target);

/** @param target_port port number of the bridge above the peer */
enum pcie_peer pcie_bridge_peer_request(const struct pcie_bridge *bridge, const struct sim_packet *packet,
                                        unsigned target_port);

/** The same for a completion: redirected if Completion Redirect is on and its RO is 0. */
enum pcie_peer pcie_acs_peer_completion(uint16_t acs, const struct sim_packet *packet);

enum pcie_peer pcie_bridge_peer_completion(const struct pcie_bridge *bridge, const struct sim_packet *packet);

/**
 * Carries a configuration request out on the bridge's own registers and turns it into its completion.
 * @param link of the port; NULL: link down
 * @return true if the registers were written (and decoded anew)
 */
bool pcie_bridge_access_config(struct pcie_bridge *bridge, struct sim_packet *packet, const struct pcie_port *link,
                               sim_time now);

#ifdef __cplusplus
}
#endif

#endif

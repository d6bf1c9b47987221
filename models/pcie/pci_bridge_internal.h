/*
 * The inside of a PCI Express to PCI bridge. Files: pci_bridge.c (making, the bus and its turns), pci_bridge_route.c
 * (who claims what).
 */
#ifndef DOORBELL_MODELS_PCIE_PCI_BRIDGE_INTERNAL_H
#define DOORBELL_MODELS_PCIE_PCI_BRIDGE_INTERNAL_H

#include "models/pcie/errors.h"
#include "models/pcie/pci_bridge.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Agents of the bus: the bridge itself, for what comes from above, then its devices. */
#define PCI_AGENT_BRIDGE 0u
#define PCI_AGENTS       (PCI_BRIDGE_MAX_DEVICES + 1)
#define PCI_NOBODY       0xffu
#define PCI_FUNCTIONS    8u

enum pci_action {
    PCI_UPSTREAM,  /**< goes up, as the device's or the bridge's */
    PCI_TAKE_OVER, /**< a read that goes up as the bridge's own */
    PCI_DEVICE,    /**< to the device of `agent` */
    PCI_RETURN,    /**< the completion of a read that was taken over, to the device of `agent` */
    PCI_CONFIGURE, /**< for the bridge's own registers */
    PCI_REFUSE,    /**< a request from above that goes nowhere: completion with `status`; posted: dropped */
    PCI_ABORT,     /**< nobody on the bus claims it: the same, and Secondary Status says so */
    PCI_DISCARD,   /**< nobody answers; `error` is recorded */
    PCI_WAIT,      /**< a read for which there is no tag */
};

struct pci_decision {
    enum pci_action action;
    uint8_t agent;
    uint8_t status; /**< PCI_REFUSE, PCI_ABORT */
    uint32_t error; /**< PCI_DISCARD: PCIE_AER_*; 0: it is no error */
};

/** What software has written into a function's decoders. */
struct pci_decoder {
    uint32_t bars[PCIE_TYPE0_BARS];
    uint32_t writable[PCIE_TYPE0_BARS]; /**< bits that there are; 0: no BAR, or the upper half of one */
    bool wide[PCIE_TYPE0_BARS];
    bool memory_space;
};

struct pci_device {
    const struct pcie_port *port;
    unsigned number;
    unsigned function_count;
    struct pci_decoder functions[PCI_FUNCTIONS];
};

/** A read that the bridge has taken over. */
struct pci_delayed {
    bool used;
    bool late; /**< given up; completions may still come */
    uint8_t agent;
    uint16_t tag;
    uint16_t requester;
    sim_time since; /**< when it was sent, or given up */
};

struct pci_bridge {
    struct sim_component component;
    struct sim *sim;
    struct pcie_bridge registers;
    bool abort_reported; /**< Master Abort Mode */
    const struct pcie_port *primary;
    sim_time latency;
    uint32_t bus_bytes;
    uint32_t decode;
    enum pci_bridge_ids ids;
    struct pci_device devices[PCI_BRIDGE_MAX_DEVICES]; /**< agent n is devices[n - 1] */
    unsigned device_count;
    uint8_t agent_at[32]; /**< by device number; PCI_NOBODY */
    struct pci_delayed delayed[PCI_BRIDGE_MAX_DELAYED];
    unsigned delayed_size;
    unsigned delayed_used;
    sim_time completion_timeout;
    sim_time deadline; /**< no read times out before; SIM_TIME_NEVER: none is under way */
    sim_time free_at;  /**< when the bus is */
    struct pcie_error_queue errors;
    uint32_t error_packets; /**< messages of its own so far: the low half of their identities */
    uint32_t name_hash;
    uint64_t findings; /**< hint, not 0: something may have been found wrong with the link */
    uint8_t turn;      /**< agent that is asked first */
    uint8_t class_turn[PCI_AGENTS];
    struct pci_bridge_counters counters;
};

/** The requester ID that the bridge puts on what it forwards up. */
static inline uint16_t pci_bridge_alias(const struct pci_bridge *bridge)
{
    return (uint16_t)(bridge->registers.secondary << 8);
}

/** Decides about a TLP or transaction of an agent. Changes nothing. */
struct pci_decision pci_bridge_route(const struct pci_bridge *bridge, unsigned agent, const struct sim_packet *packet);

/** Takes down which BARs a function has. */
void pci_decoder_init(struct pci_decoder *decoder, const struct pcie_config_space *space);

/** Follows a configuration write to a device. */
void pci_decoder_follow(struct pci_decoder *decoder, const struct sim_packet *packet);

#ifdef __cplusplus
}
#endif

#endif

/*
 * A PCI Express to PCI bridge: a link above, and below a conventional bus that its devices share. It is described by
 * the PCI Express to PCI/PCI-X Bridge Specification 1.0; its registers are a type 1 header with PCI Express and AER
 * capabilities, and no ACS.
 *
 *   stage (under the bridge's name)                 | time               | parameter | default | source
 *   ------------------------------------------------+--------------------+-----------+---------+----------------------
 *   one interface to the other                      | latency            | latency   | 150 ns  | assumption
 *   transaction on the bus:                         |                    |           |         |
 *     address phase, two for addresses above 4 GiB  | 1 or 2 clocks      | period    | 30 ns   | PCI 3.0: 33 MHz
 *     until the target takes part                   | decode clocks      | decode    | 2       | PCI 3.0: medium
 *     DEVSEL#     read data: the bus turns round                | 1 clock            |           |         | PCI 3.0
 *     data phases                                   | bytes / bus_bytes  | bus_bytes | 4       | PCI 3.0: 32 bits
 *     idle                                          | 1 clock            |           |         | PCI 3.0
 *   (structural) one transaction at a time; agents take turns, the bridge is one of them; `delayed` reads of devices
 *   under way upstream
 *
 * Who answers. On the bus a device claims what lies in its BARs; the bridge claims from its devices what lies outside
 * its windows, if Bus Master is on. What nobody claims ends in a master abort: a write is lost, a read is unsupported,
 * and Received Master Abort is set in Secondary Status. From above, an access in a window that no device claims does
 * the same on the bus; Master Abort Mode says whether the reader is told (unsupported) or gets ones. Configuration
 * requests of type 1 for the secondary bus become type 0; device numbers without a device, and registers from 256 on,
 * which conventional functions do not have, are unsupported.
 *
 * Requester IDs (2.3 of that specification). Conventional PCI has none, so the bridge puts (secondary bus, 0, 0) on
 * what it forwards upstream, and takes reads over: they get tags of its own, and completions find their device again by
 * those. On PCI-X it may leave posted requests their IDs (PCI_BRIDGE_IDS_POSTED_KEPT). Bridges that are not really
 * bridges may leave all of them (PCI_BRIDGE_IDS_KEPT).
 *
 * A read that was taken over and is not completed in time is given up: the bridge records a Completion Timeout, and its
 * place is free again when completions that are late have had their time too (50 ms). The device, which on a real bus
 * would be refused at its next retry, gives the read up by its own time.
 *
 * A read is a delayed transaction: its address takes the bus once, then the completion does; the retries in between use
 * time that would else be idle, and are left out. A device between the two may do what it likes.
 *
 * All TLPs from above end here: malformed ones, and those whose ECRC is wrong if software wants that checked, are
 * discarded and recorded. Poisoned data goes on, as data with bad parity does: recorded by the bridge as an advisory
 * error and in Secondary Status, by the device in its Status, and not used. What goes up has an ECRC if software wants
 * that.
 *
 * Not modelled: bridges on the secondary bus, I/O, INTx, SERR# and PERR# as wires, Secondary Bus Reset, retries of
 * configuration requests.
 */
#ifndef DOORBELL_MODELS_PCIE_PCI_BRIDGE_H
#define DOORBELL_MODELS_PCIE_PCI_BRIDGE_H

#include "models/pcie/bridge.h"
#include "models/pcie/link.h"
#include "models/pcie/pci_slot.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PCI_BRIDGE_MAX_DEVICES 32u
#define PCI_BRIDGE_MAX_DELAYED 32u

#define PCI_BRIDGE_DEFAULT_PERIOD  (30 * SIM_NS)
#define PCI_BRIDGE_DEFAULT_LATENCY (150 * SIM_NS)
#define PCI_BRIDGE_DEFAULT_BYTES   4u
#define PCI_BRIDGE_DEFAULT_DECODE  2u
#define PCI_BRIDGE_DEFAULT_DELAYED 8u
#define PCI_BRIDGE_DEFAULT_TIMEOUT (50 * SIM_MS)

/** Whose requester ID upstream requests carry. */
enum pci_bridge_ids {
    PCI_BRIDGE_IDS_REPLACED,    /**< the bridge's: a conventional bus */
    PCI_BRIDGE_IDS_POSTED_KEPT, /**< the bridge's on reads only: PCI-X */
    PCI_BRIDGE_IDS_KEPT,        /**< the device's: no real bus behind */
};

struct pci_bridge_config {
    sim_time period;             /**< clock of the bus, fs; 0: default */
    sim_time latency;            /**< fs */
    uint32_t bus_bytes;          /**< moved in a data phase: 4 or 8; 0: default */
    uint32_t decode;             /**< clocks, 1..16; 0: default */
    uint32_t delayed;            /**< reads of devices under way upstream, 1..PCI_BRIDGE_MAX_DELAYED; 0: default */
    sim_time completion_timeout; /**< of a read that the bridge has taken over, fs; 0: default; SIM_TIME_NEVER: none */
    enum pci_bridge_ids ids;
    struct pcie_identity identity;
    uint32_t max_payload;    /**< supported, bytes; 0: 512 */
    const unsigned *devices; /**< device numbers on the bus, 0..31, no two alike */
    unsigned device_count;   /**< 1..PCI_BRIDGE_MAX_DEVICES */
};

struct pci_bridge;

/** What a bridge counted. Registered as counters of the same names. */
struct pci_bridge_counters {
    uint64_t upstream;            /**< TLPs forwarded up */
    uint64_t downstream;          /**< TLPs forwarded down */
    uint64_t peer_to_peer;        /**< requests and completions between devices of the bus */
    uint64_t taken_over;          /**< reads that got a tag of the bridge's */
    uint64_t master_aborts;       /**< transactions on the bus that nobody claimed */
    uint64_t unsupported;         /**< requests from above that the bridge refused */
    uint64_t configured;          /**< configuration requests that it answered itself */
    uint64_t completion_timeouts; /**< of the reads that were taken over, those that nobody completed in time */
    uint64_t dropped;             /**< completions for nobody, messages */
    uint64_t bus_clocks;          /**< clocks in which the bus was in use */
};

/** Fills in the defaults; no devices. */
void pci_bridge_config_init(struct pci_bridge_config *config);

/** Makes a bridge; it lives as long as the simulation. A wrong configuration is a broken invariant. */
struct pci_bridge *pci_bridge_create(struct sim *sim, const char *name, const struct pci_bridge_config *config);

struct sim_component *pci_bridge_component(struct pci_bridge *bridge);

/** Its side of the link above, for pcie_link_create(): it takes TLPs whole. */
struct pcie_end pci_bridge_end(struct pci_bridge *bridge);

/** Binds the lower port of the link above. */
void pci_bridge_bind_link(struct pci_bridge *bridge, const struct pcie_port *port);

/**
 * Binds the upper port of a device's slot. @param index as in the configuration
 * @param functions configuration spaces of the device's functions, by number: the bridge must know which BARs there are
 *                  to know who claims an address, as their decoders do; it follows what software writes into them
 */
void pci_bridge_bind_device(struct pci_bridge *bridge, unsigned index, const struct pcie_port *port,
                            const struct pcie_config_space *const *functions, unsigned function_count);

/** Its type 1 header, to look at. */
const struct pcie_bridge *pci_bridge_registers(const struct pci_bridge *bridge);

const struct pci_bridge_counters *pci_bridge_get_counters(const struct pci_bridge *bridge);

#ifdef __cplusplus
}
#endif

#endif

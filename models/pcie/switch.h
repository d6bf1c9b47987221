/*
 * A PCI Express switch: an upstream port, an internal bus, and downstream ports on it, each a bridge with its own type
 * 1 configuration space.
 *
 *   stage (under the switch's name)              | time    | parameter | default | source
 *   ---------------------------------------------+---------+-----------+---------+------------------------------------
 *   arrival at the input: to the next clock edge | < 1     | period    | 1 ns    | assumption
 *                                                | period  |           |         |
 *   cut-through: header in to header out, also   | latency | latency   | 105 ns  | Broadcom PEX88000, timing-anchors
 *   of answers that a port makes itself          |         |           |         | 1.3
 *   (structural) one TLP a class and edge, in and out of each port; the links' credits are the input buffers
 *
 * Inputs are queues, one a port and class; only the head of each can move (head-of-line blocking). At each edge and
 * output the classes take turns, and within a class the ports that have something for it: round robin, or weighted
 * round robin, where a port whose turn it is keeps it for as many TLPs as its weight says, if it has them (7.9.1.2).
 * Ordering (2.4.1): a request that is not posted, or a completion without RO, waits for posted ones that came in before
 * it at the same port, whichever way they go (with IDO: for those of its own ID); nothing else waits for another class.
 * With `passing`, TLPs behind one that cannot move go before it where the table lets them: posted ones with RO, or with
 * IDO past those of other IDs; non-posted requests; completions of other requests.
 *
 * Routing:
 *  - memory requests: down into the window of the downstream port that claims the address; up if it lies outside the
 *    upstream port's windows. An address inside those that no other port claims is an unsupported request.
 *  - completions and messages routed by ID: by bus numbers; a completion for nobody is dropped as unexpected.
 *  - configuration requests: type 1 turns into type 0 at its bus; the internal bus is answered by the ports themselves.
 *  - unsupported requests get a completion with status UR, posted ones are dropped; the port that found out logs it.
 *
 * Access Control Services act at the downstream port where a request comes in: Source Validation, Translation Blocking,
 * then for peers Direct Translated, Egress Control, Request Redirect; Completion Redirect for completions. A violation
 * drops a posted request and answers others with Completer Abort, and sets the AER bit. Without the capability, or with
 * the controls off, peers reach each other directly. A request or completion for the very port it came in at (a switch
 * below redirected it) goes up if that port has Upstream Forwarding on; otherwise it is unsupported, or nobody's.
 *
 * Messages go to the root, by ID, to everybody below (a copy to each port, when all have room), or end here; gathered
 * ones end here until every port with a link has sent one, which then goes up for all.
 *
 * Not modelled: multicast, virtual wires of INTx, I/O.
 */
#ifndef DOORBELL_MODELS_PCIE_SWITCH_H
#define DOORBELL_MODELS_PCIE_SWITCH_H

#include "models/pcie/bridge.h"
#include "models/pcie/link.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_SWITCH_MAX_DOWNSTREAM 63u

#define PCIE_SWITCH_DEFAULT_PERIOD  SIM_NS
#define PCIE_SWITCH_DEFAULT_LATENCY (105 * SIM_NS)

/** A downstream port. */
struct pcie_downstream_config {
    unsigned device;   /**< number on the internal bus, 0..31 */
    unsigned function; /**< 0..7; ports on one device number are a multi-function device, which must have function 0 */
    struct pcie_identity identity;
    struct pcie_acs acs;
    struct pcie_vc_config virtual_channels;
    uint32_t weight; /**< TLPs of a class in a row that may come from here while others wait, 1..255; 0: 1 */
};

struct pcie_switch_config {
    sim_time period;               /**< clock, fs; 0: default */
    sim_time latency;              /**< from the header's (store-and-forward: the last byte's) arrival on, fs */
    bool store_and_forward;        /**< acts on a TLP when all of it is in */
    uint32_t passing;              /**< TLPs of a queue behind a blocked one that may be looked at; 0: none */
    uint32_t upstream_weight;      /**< the same for what comes from above */
    struct pcie_identity identity; /**< of the upstream port */
    struct pcie_vc_config virtual_channels; /**< of the upstream port */
    unsigned upstream_function;             /**< number of the upstream port in its device, 0..7 */
    bool shares_device;                     /**< that device has other functions: see device.h */
    struct pcie_acs upstream_acs;           /**< legal only then */
    uint32_t max_payload;                   /**< supported, bytes; 0: 512 */
    bool no_prefixes;                       /**< its ports take no TLPs with end-end prefixes, PASIDs among them */
    const struct pcie_downstream_config *downstream;
    unsigned downstream_count; /**< 1..PCIE_SWITCH_MAX_DOWNSTREAM */
};

struct pcie_switch;

/** What a switch counted. Registered as counters of the same names. */
struct pcie_switch_counters {
    uint64_t forwarded;      /**< TLPs from port to port */
    uint64_t peer_to_peer;   /**< of them, from one downstream port to another */
    uint64_t redirected;     /**< peer-to-peer TLPs that ACS sent up instead */
    uint64_t acs_violations; /**< TLPs that ACS refused */
    uint64_t unsupported;    /**< requests for nobody */
    uint64_t configured;     /**< configuration requests that its own ports answered */
    uint64_t broadcast;      /**< messages copied to all downstream ports; not registered */
    uint64_t taken;          /**< messages that ended here, gathered ones but for the last among them; not registered */
    uint64_t passed;         /**< TLPs that went before one that came in before them on the same queue */
    uint64_t dropped;        /**< completions for nobody, messages it cannot route */
};

/** Fills in the defaults; no downstream ports. */
void pcie_switch_config_init(struct pcie_switch_config *config);

/** Makes a switch; it lives as long as the simulation. A wrong configuration is a broken invariant. */
struct pcie_switch *pcie_switch_create(struct sim *sim, const char *name, const struct pcie_switch_config *config);

struct sim_component *pcie_switch_component(struct pcie_switch *switch_);

/** Its side of any of its links, for pcie_link_create(): it cuts through, unless it stores and forwards. */
struct pcie_end pcie_switch_end(struct pcie_switch *switch_);

/** Binds the lower port of the link above. */
void pcie_switch_bind_upstream(struct pcie_switch *switch_, const struct pcie_port *port);

/** Binds the upper port of a link below. @param index as in the configuration */
void pcie_switch_bind_downstream(struct pcie_switch *switch_, unsigned index, const struct pcie_port *port);

/** A port's bridge, to look at: 0 is the upstream port, n + 1 the n-th downstream port; NULL if there is none. */
const struct pcie_bridge *pcie_switch_bridge(const struct pcie_switch *switch_, unsigned port);

const struct pcie_switch_counters *pcie_switch_get_counters(const struct pcie_switch *switch_);

#ifdef __cplusplus
}
#endif

#endif

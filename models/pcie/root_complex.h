/*
 * A root complex: root ports on a root bus, a host side through which the PEs reach configuration and memory space
 * below (ECAM and MMIO windows), and one bus master port for each SMMU that its devices are wired to.
 *
 *   stage (under the root complex's name)      | time               | parameter          | default | source
 *   -------------------------------------------+--------------------+--------------------+---------+------------------
 *   request from below, link to bus            | latency            | latency            | 17 ns   | timing-anchors 1.3
 *   request of the host, bus to link           | host_latency       | host_latency       | 60 ns   | timing-anchors 1.3
 *   completion: answer of the bus to the link, | completion_latency | completion_latency | 17 ns   | assumption: as
 *   or completion from the link (or own        |                    |                    |         | latency
 *   answer) to the host's bus                  |                    |                    |         |
 *   (structural) one TLP a class and edge at each root port, one request an edge to each SMMU and from the host
 *
 * Requests from below. A root port takes them whole, checks them as a bridge does (Bus Master Enable; ACS Source
 * Validation and Translation Blocking), puts the StreamID of `iommu_map` and the DeviceID of `msi_map` on them and
 * sends them to the SMMU that the map names, posted and non-posted in one queue: a read waits for posted requests that
 * came in before it at its root port. Unless `peer_to_peer` is set, all of them go there, peers included: an address
 * that the SMMU maps to a window of this root complex comes back through the interconnect and the host side. With
 * `peer_to_peer`, a request for another root port's window goes straight there if the ACS controls of the root port at
 * which it came in say so: redirected ones (Request Redirect, Egress Control) go to the SMMU, Direct Translated ones
 * never do. Only a request for a window of the very root port it came in at is judged always: with ACS Upstream
 * Forwarding it goes to the SMMU like any other, without it is unsupported, as for any bridge. The bus port is posted:
 * no acknowledgements are waited for.
 *
 * With `passing`, so many TLPs behind the oldest of an input that cannot move are looked at, and one that the ordering
 * table (2.4.1) lets pass all before it goes first if its own way is open: to another SMMU, or another root port. So
 * do answers of a bus: one for a root port that is free goes before those for one that is busy.
 *
 * Answers to reads go down as completions, cut at Max_Payload_Size and the Read Completion Boundary.
 *
 * Requests of the host. ECAM: 4 KiB a function, 1 to 4 bytes within a double word; the root bus's own functions are
 * the root ports. Memory: the root port that claims the address. A write is acknowledged when it leaves for the link.
 * Writes may pass reads of the host that wait for credits, never the other way round. What nobody answers reads as all
 * ones; the bus sees status UR for memory and, as processors expect of ECAM, OK for configuration space.
 *
 * A request that has not all of its completions completion_timeout after it was sent is given up (2.8): the root port
 * records a Completion Timeout, and the host gets the same answer as if there were nobody. Its tag is kept back until
 * late completions have come, which are unexpected then, for 50 ms at most.
 *
 * A root port with `interrupts` has an MSI, and sends it when it has received an error message, or found an error, that
 * Root Error Command asks for (6.2.4.1.2): before requests from below, to the SMMU of its own requester ID.
 *
 * Not modelled: root complex integrated endpoints, RCRB, Configuration Request Retry, interrupts on hot-plug events,
 * PME (taken and counted), and that a read completion waits until posted writes ahead of it are visible in memory: it
 * leaves the root port after them, but may reach the host first.
 */
#ifndef DOORBELL_MODELS_PCIE_ROOT_COMPLEX_H
#define DOORBELL_MODELS_PCIE_ROOT_COMPLEX_H

#include "models/pcie/bridge.h"
#include "models/pcie/link.h"
#include "models/pcie/requester_map.h"
#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROOT_COMPLEX_MAX_PORTS         32u
#define ROOT_COMPLEX_MAX_MEMORY_PORTS  8u
#define ROOT_COMPLEX_MAX_HOST_REQUESTS 256u

#define ROOT_COMPLEX_DEFAULT_PERIOD             SIM_NS
#define ROOT_COMPLEX_DEFAULT_LATENCY            (17 * SIM_NS)
#define ROOT_COMPLEX_DEFAULT_HOST_LATENCY       (60 * SIM_NS)
#define ROOT_COMPLEX_DEFAULT_COMPLETION_LATENCY (17 * SIM_NS)
#define ROOT_COMPLEX_DEFAULT_HOST_REQUESTS      64u
#define ROOT_COMPLEX_DEFAULT_BOUNDARY           64u
#define ROOT_COMPLEX_DEFAULT_TIMEOUT            (50 * SIM_MS)

struct root_port_config {
    unsigned device;   /**< number on the root bus, 0..31 */
    unsigned function; /**< 0..7 */
    struct pcie_identity identity;
    struct pcie_acs acs;
    struct pcie_vc_config virtual_channels;
    bool no_prefixes; /**< it takes no TLPs with end-end prefixes, PASIDs among them */
    bool interrupts;  /**< it has an MSI, with a 64-bit address and a mask, for errors */
    uint32_t source;  /**< what those messages carry as source, for observers; 0: none */
};

struct root_complex_config {
    sim_time period;             /**< clock, fs; 0: default */
    sim_time latency;            /**< fs */
    sim_time host_latency;       /**< fs */
    sim_time completion_latency; /**< fs */
    uint8_t first_bus;           /**< the root bus */
    uint8_t last_bus;
    uint64_t ecam_base; /**< of bus first_bus, 1 MiB a bus; all other addresses that the host sends are memory */
    const struct root_port_config *ports;
    unsigned port_count;   /**< 1..ROOT_COMPLEX_MAX_PORTS */
    unsigned memory_ports; /**< 1..ROOT_COMPLEX_MAX_MEMORY_PORTS: one an SMMU */
    /** Requester ID to StreamID; target is the memory port. Entries are copied. */
    struct pcie_map iommu_map;
    /** Requester ID to DeviceID; target is not used: an ITS knows its own. Entries are copied. */
    struct pcie_map msi_map;
    unsigned bypass_port;         /**< memory port for requester IDs without a StreamID */
    uint32_t host_requests;       /**< of the host, under way at once; 0: default */
    uint32_t completion_boundary; /**< RCB: 64 or 128; 0: default */
    bool chop_completions;        /**< end each completion at the next boundary, not at the last possible one */
    sim_time completion_timeout;  /**< of the host's reads and configuration requests, from their sending on, fs; 0:
                                       default; SIM_TIME_NEVER: none (7.5.3.16) */
    uint32_t passing;             /**< TLPs behind a blocked one that may go before it; 0: none does */
    uint32_t max_payload;         /**< supported by the root ports, bytes; 0: 512 */
    bool peer_to_peer;            /**< root ports send to each other what ACS lets go directly */
    bool config_errors_reported;  /**< status UR on the bus for configuration space too */
    bool memory_errors_hidden;    /**< status OK on the bus for memory space too */
};

struct root_complex;

/** What a root complex counted. Registered as counters of the same names. */
struct root_complex_counters {
    uint64_t requests;            /**< from below to an SMMU */
    uint64_t passed;              /**< TLPs and answers that went before older ones */
    uint64_t peer_requests;       /**< from below straight to another root port */
    uint64_t completions;         /**< TLPs sent down as answers */
    uint64_t host_reads;          /**< memory */
    uint64_t host_writes;         /**< memory */
    uint64_t host_configs;        /**< configuration space */
    uint64_t host_errors;         /**< requests of the host that nobody answered, or not with OK */
    uint64_t completion_timeouts; /**< of those, requests that nobody completed in time */
    uint64_t acs_violations;      /**< TLPs from below that ACS refused */
    uint64_t unsupported;         /**< requests from below that go nowhere */
    uint64_t messages;            /**< taken */
    uint64_t unexpected;          /**< completions from below that nobody asked for */
    uint64_t interrupts;          /**< messages of root ports that became due */
    uint64_t errors_correctable;  /**< error messages, from below and the root ports' own */
    uint64_t errors_nonfatal;
    uint64_t errors_fatal;
};

/** Fills in the defaults; no ports, no maps (mask 0xffff). */
void root_complex_config_init(struct root_complex_config *config);

/** Makes a root complex; it lives as long as the simulation. A wrong configuration is a broken invariant. */
struct root_complex *root_complex_create(struct sim *sim, const char *name, const struct root_complex_config *config);

struct sim_component *root_complex_component(struct root_complex *rc);

/** Its side of any of its links, for pcie_link_create(): it takes TLPs whole. */
struct pcie_end root_complex_end(struct root_complex *rc);

/** Binds the upper port of a root port's link. @param port index in the configuration */
void root_complex_bind_link(struct root_complex *rc, unsigned port, const struct pcie_port *link);

/** Binds the host side: the root complex is the bus target. The interconnect sends it ECAM and MMIO windows. */
void root_complex_bind_host(struct root_complex *rc, struct sim_bus_port bus);

/** Binds a memory port: the root complex is the bus master, towards SMMU number @p index or past all SMMUs. */
void root_complex_bind_memory(struct root_complex *rc, unsigned index, struct sim_bus_port bus);

/** Where a function's configuration space starts in ECAM (7.2.2). */
uint64_t root_complex_ecam_address(const struct root_complex *rc, uint16_t rid);

/** A root port's bridge, to look at; NULL if there is none. */
const struct pcie_bridge *root_complex_bridge(const struct root_complex *rc, unsigned port);

const struct root_complex_counters *root_complex_get_counters(const struct root_complex *rc);

#ifdef __cplusplus
}
#endif

#endif

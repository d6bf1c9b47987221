/*
 * Looking at PCI Express without touching it: where a TLP would go, and what a register or a BAR would read. For
 * debuggers (TLM-2.0: transport_dbg). Takes no simulated time and changes nothing: no queue, counter, error log, status
 * bit, pending bit. Routing, windows, ACS and the maps of a root complex are those by which real TLPs go, with
 * registers as they are now.
 *
 * TLPs are struct sim_packet as tlp.h describes them, without data. Answers come at once.
 */
#ifndef DOORBELL_MODELS_PCIE_PROBE_H
#define DOORBELL_MODELS_PCIE_PROBE_H

#include "models/pcie/endpoint.h"
#include "models/pcie/root_complex.h"
#include "models/pcie/switch.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What would become of a TLP. */
enum pcie_probe_outcome {
    PCIE_PROBE_NOBODY,   /**< nobody takes it, or it may not pass */
    PCIE_PROBE_LINK,     /**< it would leave by the link of `port` */
    PCIE_PROBE_REGISTER, /**< a configuration request that ends here: `value` is what it would read */
    PCIE_PROBE_MEMORY,   /**< root complex: it would leave by memory port `port` */
};

struct pcie_probe {
    enum pcie_probe_outcome outcome;
    unsigned port;      /**< LINK: of a switch 0 for upstream, n + 1 for downstream port n; else the root port */
    bool type0;         /**< LINK: a configuration request that has reached its bus */
    uint32_t value;     /**< REGISTER: the double word */
    uint32_t flags;     /**< MEMORY: SIM_FLAG_HAS_STREAM_ID, SIM_FLAG_HAS_DEVICE_ID */
    uint32_t stream_id; /**< MEMORY */
    uint32_t device_id; /**< MEMORY */
};

/** A TLP at a switch. @param input port it comes from: 0 is the upstream port, n + 1 downstream port n */
struct pcie_probe pcie_switch_probe(const struct pcie_switch *switch_, unsigned input, const struct sim_packet *tlp);

/** A TLP from below at a root port. @param input index of the root port */
struct pcie_probe root_complex_probe(struct root_complex *rc, unsigned input, const struct sim_packet *tlp);

/**
 * An access of the host, ECAM or memory. If that is a configuration request for somebody below, the request becomes
 * what goes down: type, target, address, SIM_FLAG_CONFIG_TYPE1.
 * @param request a SIM_PACKET_READ or SIM_PACKET_WRITE, length within the double word for ECAM
 */
struct pcie_probe root_complex_probe_host(const struct root_complex *rc, struct sim_packet *request);

/**
 * A memory or configuration read that arrives at an endpoint.
 * @param bytes receives tlp->length bytes of a BAR, or the 4 of a double word of configuration space
 * @return whether it would be answered with data
 */
bool endpoint_probe(struct endpoint *endpoint, const struct sim_packet *tlp, uint8_t *bytes);

#ifdef __cplusplus
}
#endif

#endif

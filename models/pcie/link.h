/*
 * A PCI Express link: two directions, each three channels (posted, non-posted, completion) that share a wire.
 *
 * Header credits are the channels' slots and data credits their units of 16 bytes, so a blocked class blocks no other
 * (2.6.1). A TLP takes framing + header + payload bytes on the wire; lanes, speed and encoding give the time of a byte.
 * A switch acts on a TLP as soon as its header is in (cut-through); endpoints and root ports take it whole.
 *
 *   stage           | time                                        | parameter      | default   | source
 *   ----------------+---------------------------------------------+----------------+-----------+-------------------
 *   serialisation   | (8 + header + payload) bytes / rate; into a | speed, width   | 16 GT/s   | timing-anchors 1.1
 *                   | switch (4 + header) / rate; 64 GT/s: no 8   |                | x4        | assumption
 *   flight          | latency, to the reader's next clock edge    | latency        | 10 ns     | assumption: twice
 *                   |                                             |                |           | 5 ns a port (1.2)
 *   (structural)    | credit return                               | credit_latency | latency + | UpdateFC (1.1)
 *                   |                                             |                | 8 bytes   |
 *   (structural)    | credits {PH, PD, NPH, NPD, CplH, CplD}      | credits        | 64, 1024, | timing-anchors 1.2
 *                   |                                             |                | 64, 64,   |
 *                   |                                             |                | 64, 1024  |
 *
 * rate = speed × width × efficiency; efficiency is 8/10 up to 5 GT/s, 128/130 up to 32 GT/s, and 236/256 (FLIT) at
 * 64 GT/s. Not modelled: skip ordered sets, Ack and UpdateFC traffic on the wire, replay, power states, training.
 */
#ifndef DOORBELL_MODELS_PCIE_LINK_H
#define DOORBELL_MODELS_PCIE_LINK_H

#include "models/pcie/tlp.h"
#include "sim/channel.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_LINK_DEFAULT_SPEED   16000u
#define PCIE_LINK_DEFAULT_WIDTH   4u
#define PCIE_LINK_DEFAULT_LATENCY (10 * SIM_NS)

/** Credits that a receiver advertises; data in units of 16 bytes. 0 means infinite (2.6.1). */
struct pcie_credits {
    uint32_t posted_headers;
    uint32_t posted_data;
    uint32_t non_posted_headers;
    uint32_t non_posted_data;
    uint32_t completion_headers;
    uint32_t completion_data;
};

struct pcie_link_config {
    uint32_t speed;          /**< MT/s a lane: 2500, 5000, 8000, 16000, 32000 or 64000 */
    uint32_t width;          /**< lanes: 1, 2, 4, 8, 16 or 32 */
    sim_time latency;        /**< one way, fs: propagation and the ports' fixed delay; serialisation comes on top */
    sim_time credit_latency; /**< from a TLP's leaving the receiver's buffer to the sender's credit, fs; 0: see above */
    struct pcie_credits upper_credits; /**< advertised by the upper end (root port, downstream port) */
    struct pcie_credits lower_credits; /**< advertised by the lower end (endpoint, upstream port) */
};

/** What a component offers to a link. */
struct pcie_end {
    struct sim_component *component;
    bool cut_through; /**< acts on a TLP when its header is in */
};

/** One end of a link, as its component sees it. */
struct pcie_port {
    struct sim_channel *transmit[PCIE_CLASSES];
    struct sim_channel *receive[PCIE_CLASSES];
    uint32_t framing;      /**< bytes on the wire around header and payload */
    uint32_t framing_head; /**< of them, those before the header */
    uint32_t speed;        /**< MT/s a lane */
    uint32_t width;        /**< lanes */
};

struct pcie_link {
    struct sim_wire down_wire;
    struct sim_wire up_wire;
    struct pcie_port upper; /**< for the component above: root port or downstream port */
    struct pcie_port lower; /**< for the component below: endpoint or upstream port */
};

/** Fills in the defaults of the table above. */
void pcie_link_config_init(struct pcie_link_config *config);

/**
 * Makes a link, which lives as long as the simulation. Its stages are NAME.down.posted and so on (down, up; posted,
 * non-posted, completion). A speed or width that does not exist is a broken invariant.
 */
struct pcie_link *pcie_link_create(struct sim *sim, const char *name, const struct pcie_link_config *config,
                                   struct pcie_end upper, struct pcie_end lower);

/** Time of a byte on such a link in 2^-16 fs, rounded to nearest; 0 if there is no such speed. */
uint64_t pcie_link_fs_per_byte(uint32_t speed, uint32_t width);

/** Bytes that a TLP takes on the wire. */
static inline uint32_t pcie_port_wire_bytes(const struct pcie_port *port, const struct sim_packet *packet)
{
    return port->framing + pcie_tlp_header_bytes(packet) + pcie_tlp_payload_bytes(packet);
}

/** Whether the wire and the credits let a TLP of that class and payload leave now. @param service as for the channel */
static inline bool pcie_port_has_space(const struct pcie_port *port, enum pcie_class class_, sim_time now,
                                       sim_time service, uint32_t units)
{
    return sim_channel_has_space(port->transmit[class_], now, service, units);
}

/** When to ask again. */
static inline sim_time pcie_port_space_at(const struct pcie_port *port, enum pcie_class class_, sim_time now,
                                          sim_time service, uint32_t units)
{
    return sim_channel_space_at(port->transmit[class_], now, service, units);
}

/** Sends a TLP; there must be space. */
static inline void pcie_port_send(const struct pcie_port *port, enum pcie_class class_, struct sim_packet *packet,
                                  sim_time now, sim_time service)
{
    uint32_t header = pcie_tlp_header_bytes(packet);
    uint32_t payload = pcie_tlp_payload_bytes(packet);

    sim_channel_push(port->transmit[class_], packet, now, service, sim_channel_units(payload),
                     port->framing + header + payload, port->framing_head + header);
}

/**
 * Whether a non-posted request or a completion at the head of its class must wait for a posted one of the same port
 * (2.4.1): it may not pass one that came before it. Arrivals at one instant count as "before": then it waits, which is
 * always allowed. A completion with relaxed ordering passes.
 */
static inline bool pcie_port_must_wait(const struct pcie_port *port, enum pcie_class class_,
                                       const struct sim_packet *packet)
{
    if (class_ == PCIE_POSTED || (class_ == PCIE_COMPLETION && (packet->flags & SIM_FLAG_RELAXED) != 0)) {
        return false;
    }
    return sim_channel_next_arrival(port->receive[PCIE_POSTED]) <= sim_channel_next_arrival(port->receive[class_]);
}

#ifdef __cplusplus
}
#endif

#endif

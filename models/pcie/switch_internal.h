/*
 * The inside of a switch. Files: switch.c (making, evaluation, arbitration), switch_route.c (where a TLP goes),
 * switch_errors.c (what its ports find wrong); device.c has the same arbitration between the functions of a device.
 */
#ifndef DOORBELL_MODELS_PCIE_SWITCH_INTERNAL_H
#define DOORBELL_MODELS_PCIE_SWITCH_INTERNAL_H

#include "models/pcie/errors.h"
#include "models/pcie/switch.h"

#include <stdalign.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SWITCH_UPSTREAM  0u
#define SWITCH_MAX_PORTS (PCIE_SWITCH_MAX_DOWNSTREAM + 1)
#define SWITCH_NOBODY    0xffu

/** What becomes of the head of an input. */
enum switch_action {
    SWITCH_FORWARD,   /**< goes out at `port`, in its own class */
    SWITCH_TO_TYPE0,  /**< the same, a configuration request that has reached its bus */
    SWITCH_CONFIGURE, /**< for the bridge of `port`, whose completion goes back */
    SWITCH_REFUSE,    /**< a completion with `status` goes back; posted: dropped; the bridge of `port` logs `error` */
    SWITCH_TO_ALL,    /**< a message for everybody below: a copy to each downstream port with a link */
    SWITCH_TAKE,      /**< a message that ends here: it was for the receiver, or others like it are to come */
    SWITCH_DISCARD,   /**< nobody is told; the bridge of `port` logs `error`, if there is one */
};

struct switch_decision {
    enum switch_action action;
    uint8_t port;
    uint8_t status; /**< SWITCH_REFUSE */
    uint8_t vc;     /**< on which it goes out */
    bool redirected;
    uint32_t error; /**< SWITCH_REFUSE, SWITCH_DISCARD: PCIE_AER_* */
};

struct switch_port {
    alignas(64) const struct pcie_port *link;
    struct pcie_bridge bridge;
    uint8_t class_turn[PCIE_MAX_VCS]; /**< class that is looked at first at this output */
    uint8_t turn[PCIE_QUEUES];        /**< input port that is looked at first at this output */
    uint8_t used[PCIE_QUEUES];        /**< TLPs in a row that it has sent in this turn */
};

struct pcie_device;

struct pcie_switch {
    struct sim_component component;
    struct sim *sim;
    /** NULL, unless it is what joins the functions of a device (device.h): then its ports have no bridges. */
    const struct pcie_device *device;
    sim_time latency;
    bool cut_through;
    uint32_t passing;
    uint64_t gathered;             /**< bit a downstream port whose part of a gathered message has come */
    uint64_t arrived[PCIE_QUEUES]; /**< hints: a bit an input port */
    unsigned queues;               /**< of the link with the most virtual channels */
    uint32_t port_count;
    struct switch_port ports[SWITCH_MAX_PORTS];
    uint8_t weight[SWITCH_MAX_PORTS]; /**< of an input: TLPs in a row that make a turn */
    uint8_t port_at[256];             /**< downstream port by device and function number; SWITCH_NOBODY */
    struct pcie_error_queue errors;
    uint64_t findings;      /**< hint: bit a port on whose link something may have been found wrong */
    uint32_t error_packets; /**< messages of its own so far: the low half of their identities */
    uint32_t name_hash;
    unsigned upstream_function;
    struct pcie_switch_counters counters;
};

/** What a switch and the inside of a device have in common: everything but bridges. */
void switch_init(struct pcie_switch *switch_, struct sim *sim, const char *name,
                 const struct pcie_switch_config *config);

/** Binds a port to its channels. */
void switch_bind(struct pcie_switch *switch_, unsigned port, const struct pcie_port *link);

/** Inside a device: decides about a TLP. @param input 0: from the link, n + 1: from part n */
struct switch_decision device_route(const struct pcie_switch *hub, unsigned input, const struct sim_packet *packet);

/** Inside a device: a function has found an error in what it sent. */
void device_report(struct pcie_switch *hub, unsigned port, const struct pcie_error *error);

/** Inside a device: something is wrong with its link, which all functions record. */
void device_link_error(struct pcie_switch *hub, const struct pcie_link_finding *found, sim_time now);

/** A port has found an error in a TLP. */
void switch_report(struct pcie_switch *switch_, unsigned port, uint32_t error, const struct sim_packet *packet);

/** Sends the oldest error message, of which there is one, if there is space. @return when to look again */
sim_time switch_send_error(struct pcie_switch *switch_, sim_time now);

/** Records what has been found wrong with the ports' links by now. @return when to look again */
sim_time switch_take_findings(struct pcie_switch *switch_, sim_time now);

/** Downstream ports with a link, a bit each. */
uint64_t switch_linked_below(const struct pcie_switch *switch_);

/** Decides about a TLP that came in at a port. Changes nothing. */
struct switch_decision switch_route(const struct pcie_switch *switch_, unsigned input, const struct sim_packet *packet);

/**
 * Whether a write takes the way that most of them do: up and out, since no window claims it and nothing forbids it.
 * Only for switches with VC0 alone. Where this says false, switch_route() says what becomes of it.
 */
static inline bool switch_passes_up(const struct pcie_switch *switch_, unsigned input, const struct sim_packet *packet)
{
    const struct switch_port *up = &switch_->ports[SWITCH_UPSTREAM];
    const struct pcie_bridge *ingress = &switch_->ports[input].bridge;

    return packet->type == SIM_PACKET_WRITE && input != SWITCH_UPSTREAM && switch_->device == NULL &&
           pcie_bridge_admit(ingress, packet) == PCIE_INGRESS_OK && up->bridge.bus_master && up->link != NULL &&
           !pcie_bridge_claims(&up->bridge, packet->address) && !pcie_bridge_claims(ingress, packet->address) &&
           !pcie_tlp_is_malformed(packet, ingress->max_payload) && (packet->flags & ingress->malformed) == 0;
}

#ifdef __cplusplus
}
#endif

#endif

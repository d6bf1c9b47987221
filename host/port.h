/*
 * Host port: the bus master by which simulated software reaches registers and configuration space.
 *
 * Software is sequential C code that runs while the engine is paused (host/access.h); the port is what carries its
 * accesses out in simulated time, one after the other, as packets like any other.
 *
 *   stage              | time           | parameter      | default | source
 *   -------------------+----------------+----------------+---------+------------------------------------------------
 *   issue              | issue_latency  | issue_latency  | 20 ns   | assumption (core to interconnect port)
 *   return             | return_latency | return_latency | 20 ns   | assumption
 *
 * An access asked for at time t is issued at the first edge after t; software goes on at the first edge at or after the
 * answer's arrival + return_latency.
 */
#ifndef DOORBELL_HOST_PORT_H
#define DOORBELL_HOST_PORT_H

#include "sim/bus.h"
#include "sim/component.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct host_port;

#define HOST_PORT_DEFAULT_ISSUE_LATENCY  (20 * SIM_NS)
#define HOST_PORT_DEFAULT_RETURN_LATENCY (20 * SIM_NS)

struct host_port_config {
    sim_time period;         /**< clock period, fs */
    sim_time issue_latency;  /**< from the instruction to the port, fs; 0 is allowed */
    sim_time return_latency; /**< from the port back to the instruction, fs; 0 is allowed */
};

/** One access as it is asked for and answered. */
struct host_port_access {
    uint64_t address; /**< a multiple of `size` */
    uint32_t size;    /**< 1, 2, 4 or 8 bytes */
    bool write;
    uint64_t value; /**< to write; after a read, what was read */
    uint8_t status; /**< afterwards: enum sim_packet_status */
};

struct host_port *host_port_create(struct sim *sim, const char *name, const struct host_port_config *config);

/** Binds it to a master port of an interconnect, or to a target: it writes `request` and reads `response`. */
void host_port_bind(struct host_port *port, struct sim_bus_port bus);

/** The component: for channels. */
struct sim_component *host_port_component(struct host_port *port);

/**
 * Carries one access out: runs the simulation until the answer is in. Only while the engine is paused. Requests carry
 * byte enables and no sidebands. A request for a stop by somebody else in the meantime is passed over. That nothing is
 * due any more and no answer has come is a broken invariant (sim_panic()), as is an access not naturally aligned.
 */
void host_port_perform(struct host_port *port, struct host_port_access *access);

/**
 * Has @p pump called whenever the simulation stops while the port waits: for other software that is due then. NULL
 * removes it.
 */
void host_port_set_pump(struct host_port *port, void (*pump)(void *context), void *context);

/** Lets simulated time pass: runs up to the first edge of the port's clock at or after now + @p duration. */
void host_port_wait(struct host_port *port, sim_time duration);

#ifdef __cplusplus
}
#endif

#endif

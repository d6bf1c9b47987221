/*
 * A scripted bus master: does a list of reads and writes, in order, each not before its time, and notes every answer.
 *
 * It issues at most one request an edge and takes at most one answer an edge. Operations are added while the engine is
 * paused. It panics if an answer does not belong to a request, comes twice, or has another type than it should.
 */
#ifndef DOORBELL_TESTS_SUPPORT_BUS_DRIVER_H
#define DOORBELL_TESTS_SUPPORT_BUS_DRIVER_H

#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bus_driver;

struct bus_driver_op {
    sim_time at;  /**< not before this time */
    uint8_t type; /**< SIM_PACKET_READ, SIM_PACKET_WRITE, or SIM_PACKET_MESSAGE, which gets no answer */
    uint64_t address;
    uint32_t length;     /**< bytes, up to the simulation's payload block */
    const uint8_t *data; /**< write: length bytes, copied; NULL: the bytes of `value`, then zeros */
    uint64_t value;
    uint32_t flags; /**< SIM_FLAG_*; the sideband flags must be set here for stream_id and device_id to count */
    uint32_t stream_id;
    uint32_t device_id;
    uint32_t pasid;
    uint16_t requester;
    uint8_t first_be;
    uint8_t last_be;
    uint8_t at_type;   /**< enum sim_address_type */
    uint8_t operation; /**< message: code */
    uint8_t status;    /**< message: enum sim_packet_status */
    uint32_t source;
    uint32_t sequence;
    uint32_t vector;
    bool fence; /**< waits until all earlier operations have been answered */
};

struct bus_driver_result {
    bool issued;
    bool answered;        /**< never for a write of a posted driver */
    uint8_t status;       /**< enum sim_packet_status of the answer */
    sim_time issue_time;  /**< edge at which the request was pushed */
    sim_time answer_time; /**< edge at which the answer was taken */
    uint64_t value;       /**< first 8 bytes of the answer to a read, little-endian */
    const uint8_t *data;  /**< all of them */
    uint64_t id;          /**< identity of the packet */
};

/** Makes a driver; its packets' identities come from its name and the operation's index. */
struct bus_driver *bus_driver_create(struct sim *sim, const char *name, sim_time period);

/** Binds its port: it writes `request` and reads `response`. */
void bus_driver_bind(struct bus_driver *driver, struct sim_bus_port port);

struct sim_component *bus_driver_component(struct bus_driver *driver);

/** A posted driver expects no acknowledgement of writes, and panics if one comes. */
void bus_driver_set_posted(struct bus_driver *driver, bool posted);

/** At most @p limit requests without an answer; 0: no limit. Writes of a posted driver do not count. */
void bus_driver_set_outstanding(struct bus_driver *driver, uint32_t limit);

/** Takes no answers from edges in [from, until): back-pressure. */
void bus_driver_set_deaf(struct bus_driver *driver, sim_time from, sim_time until);

/** From within the run: stop it as soon as everything added so far has been answered (posted writes: issued). */
void bus_driver_set_stop_when_done(struct bus_driver *driver, bool stop);

/** A message that came. */
struct bus_driver_message {
    sim_time arrival; /**< edge at which it was taken */
    uint8_t operation;
    uint64_t address;
    uint32_t stream_id;
    uint32_t flags;
    uint32_t pasid;
    uint32_t length;
    uint8_t data[8];
};

/**
 * Called for a message that comes.
 * @param op to be filled in: what is sent on it, at the end of the script
 * @return whether something is
 */
typedef bool (*bus_driver_responder)(void *context, const struct bus_driver_message *message, struct bus_driver_op *op);

/** Lets the driver take messages; without, one makes it panic. All are noted; a responder may be NULL. */
void bus_driver_take_messages(struct bus_driver *driver, bus_driver_responder responder, void *context);

/** Messages taken so far, and the i-th of them. */
uint32_t bus_driver_message_count(const struct bus_driver *driver);
const struct bus_driver_message *bus_driver_get_message(const struct bus_driver *driver, uint32_t i);

/** Adds an operation to the end of the script. @return its index */
uint32_t bus_driver_add(struct bus_driver *driver, const struct bus_driver_op *op);

/** Adds a plain read or write (length up to 8). @return its index */
uint32_t bus_driver_read(struct bus_driver *driver, sim_time at, uint64_t address, uint32_t length);
uint32_t bus_driver_write(struct bus_driver *driver, sim_time at, uint64_t address, uint64_t value, uint32_t length);

/** What became of an operation. */
const struct bus_driver_result *bus_driver_get_result(const struct bus_driver *driver, uint32_t index);

/** Operations added, issued, and answered so far. */
uint32_t bus_driver_added(const struct bus_driver *driver);
uint32_t bus_driver_issued(const struct bus_driver *driver);
uint32_t bus_driver_answered(const struct bus_driver *driver);

#ifdef __cplusplus
}
#endif

#endif

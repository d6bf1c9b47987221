/*
 * A scripted bus target: takes requests at a given pace, notes them, and answers each after a given latency. Writes are
 * kept (the last value per request only, in the notes); reads return a pattern of the address.
 */
#ifndef DOORBELL_TESTS_SUPPORT_BUS_TARGET_H
#define DOORBELL_TESTS_SUPPORT_BUS_TARGET_H

#include "sim/bus.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bus_target;

struct bus_target_config {
    sim_time period;
    sim_time latency;    /**< from taking a request to the answer, fs */
    uint32_t interval;   /**< cycles between requests taken; 0: 1 */
    uint8_t status;      /**< enum sim_packet_status of every answer */
    bool new_ack;        /**< answer a write by a new packet, as an ITS does, and free the request */
    sim_time stall_from; /**< takes nothing at edges in [stall_from, stall_until) */
    sim_time stall_until;
    uint32_t log; /**< requests that can be noted; 0: 4096; more are only counted */
};

/** A request as it was seen. */
struct bus_target_seen {
    sim_time time; /**< edge at which it was taken */
    uint64_t id;
    uint8_t type;
    uint64_t address;
    uint32_t length;
    uint32_t flags;
    uint32_t stream_id;
    uint32_t device_id;
    uint16_t requester;
    uint32_t sequence;
    uint64_t value; /**< write: first 8 bytes, little-endian */
};

struct bus_target *bus_target_create(struct sim *sim, const char *name, const struct bus_target_config *config);

/** Binds its port: it reads `request` and writes `response`. */
void bus_target_bind(struct bus_target *target, struct sim_bus_port port);

struct sim_component *bus_target_component(struct bus_target *target);

/** Requests taken so far, and the i-th. */
uint32_t bus_target_count(const struct bus_target *target);
const struct bus_target_seen *bus_target_get_seen(const struct bus_target *target, uint32_t i);

/** What a read of 8 bytes at an address returns: every 8-byte word holds its own address times an odd constant. */
uint64_t bus_target_pattern(uint64_t address);

#ifdef __cplusplus
}
#endif

#endif

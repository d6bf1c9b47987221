/*
 * What lies beyond an SMMU's downstream port: takes requests, notes them, absorbs writes without an acknowledgement,
 * and answers reads after a latency with a pattern of the address.
 */
#ifndef DOORBELL_TESTS_SMMUV3_POSTED_SINK_H
#define DOORBELL_TESTS_SMMUV3_POSTED_SINK_H

#include "sim/bus.h"
#include "sim/sim.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct posted_sink;

struct posted_sink_seen {
    sim_time arrival; /**< edge at which it was taken */
    uint64_t id;
    uint64_t address;
    uint32_t stream_id;
    uint32_t device_id;
    uint32_t flags;
    uint32_t sequence;
    uint8_t type;
};

/** @param latency from taking a read to answering it  @param log requests that can be noted */
struct posted_sink *posted_sink_create(struct sim *sim, const char *name, sim_time period, sim_time latency,
                                       uint32_t log);
void posted_sink_bind(struct posted_sink *sink, struct sim_bus_port port);
struct sim_component *posted_sink_component(struct posted_sink *sink);

/** Takes nothing at edges in [from, until). */
void posted_sink_set_stall(struct posted_sink *sink, sim_time from, sim_time until);

uint32_t posted_sink_count(const struct posted_sink *sink);
const struct posted_sink_seen *posted_sink_get_seen(const struct posted_sink *sink, uint32_t i);

/** What a read of 4 or 8 bytes at an address returns. */
uint64_t posted_sink_pattern(uint64_t address);

#ifdef __cplusplus
}
#endif

#endif

/*
 * Joins a bus master to a bus target: makes the two channels of a struct sim_bus_port.
 */
#ifndef DOORBELL_TESTS_SUPPORT_BUS_CONNECT_H
#define DOORBELL_TESTS_SUPPORT_BUS_CONNECT_H

#include "sim/bus.h"
#include "sim/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

/** 0 anywhere means: latency one period of the reader, credit latency one period of the writer, capacity 4. */
struct bus_connect_config {
    sim_time request_latency;
    sim_time response_latency;
    sim_time request_credit_latency;
    sim_time response_credit_latency;
    uint32_t request_capacity;
    uint32_t response_capacity;
};

/**
 * @param name   names of the channels are "name.req" and "name.rsp"
 * @param config may be NULL: all 0
 */
struct sim_bus_port bus_connect(struct sim *sim, const char *name, struct sim_component *master,
                                struct sim_component *target, const struct bus_connect_config *config);

#ifdef __cplusplus
}
#endif

#endif

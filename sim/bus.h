/*
 * Bus ports: how masters, interconnect and targets are wired. docs/architecture.md has the protocol.
 */
#ifndef DOORBELL_SIM_BUS_H
#define DOORBELL_SIM_BUS_H

#include "sim/channel.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * One end of a bus connection. For a master, `request` is written and `response` read; for a target it is the other
 * way round. Both ends hold the same two channels.
 */
struct sim_bus_port {
    struct sim_channel *request;
    struct sim_channel *response;
};

/** Most bytes that one bus request may carry. */
#define SIM_BUS_MAX_BYTES 4096

#ifdef __cplusplus
}
#endif

#endif

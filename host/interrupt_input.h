/*
 * Where wired interrupts reach software: a component that stops the engine when an edge has come, so that software,
 * which is sequential code between runs of the engine, can look what there is to do. How long it takes from the edge to
 * the first instruction of the handler is the latency of the wire's channel.
 */
#ifndef DOORBELL_HOST_INTERRUPT_INPUT_H
#define DOORBELL_HOST_INTERRUPT_INPUT_H

#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Wires that one input can have. */
#define INTERRUPT_INPUT_WIRES 64u

struct interrupt_input;

/** Makes one; it lives as long as the simulation. @param period of its clock, fs */
struct interrupt_input *interrupt_input_create(struct sim *sim, const char *name, sim_time period);

struct sim_component *interrupt_input_component(struct interrupt_input *input);

/** Binds a channel of a wire, which may have several. @param wire 0 to INTERRUPT_INPUT_WIRES - 1 */
void interrupt_input_bind(struct interrupt_input *input, unsigned wire, struct sim_channel *channel);

/** Takes the wires that had an edge since this was last asked: a bit each. Only while the engine is paused. */
uint64_t interrupt_input_take(struct interrupt_input *input);

#ifdef __cplusplus
}
#endif

#endif

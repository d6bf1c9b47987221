/*
 * Components: everything in the simulated hardware that changes state.
 *
 * A component is a C struct whose first member is a struct sim_component, with one evaluate function that the engine
 * calls on edges of the component's clock. The rules:
 *
 *  - All state changes happen in evaluate, and evaluate touches only its own component and its channels.
 *  - evaluate ends by stating when it next has something to do, computed afresh from state (SIM_TIME_NEVER if only an
 *    arriving packet or a returning credit will change that). The time must be an edge of the component's own clock, or
 *    not later than now, which means the next edge.
 *  - An evaluation for which there is nothing to do changes nothing: no random draw, no arbiter step, no cache touch.
 *  - At most one packet is popped from each input channel and one pushed to each output channel per edge.
 *
 * So the order of evaluations within one instant cannot matter, and a result is a function of the scenario and its
 * seed.
 */
#ifndef DOORBELL_SIM_COMPONENT_H
#define DOORBELL_SIM_COMPONENT_H

#include "sim/attributes.h"
#include "sim/queue.h"
#include "sim/time.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim;
struct sim_component;

/**
 * Acts on the edge @p now.
 * @return the next edge at which the component has something to do; SIM_TIME_NEVER to sleep until woken
 */
typedef sim_time (*sim_evaluate_fn)(struct sim_component *component, sim_time now);

struct sim_component {
    struct sim_queue_event event; /**< first: the queue hands out events, which are components */
    sim_evaluate_fn evaluate;
    struct sim *sim;
    sim_time period;   /**< clock period, fs */
    sim_time due;      /**< when it will be evaluated; SIM_TIME_NEVER while asleep */
    const char *name;  /**< unique, owned by the simulation */
    uint32_t index;    /**< position in the simulation's list; for engines only, never an identity */
    uint32_t stage;    /**< the stage under which packets' time inside this component is booked */
    void *engine_data; /**< the systemc engine's module */
};

/**
 * Joins a component to a simulation.
 * @param component zeroed memory of the caller's, which outlives the simulation
 * @param name      unique in the simulation; copied
 * @param period    clock period in fs, at least 1
 */
void sim_component_init(struct sim_component *component, struct sim *sim, const char *name, sim_time period,
                        sim_evaluate_fn evaluate);

/**
 * Asks for an evaluation at @p time: an edge of the component's clock, later than now. A request later than one
 * already standing is dropped. Channels call this; a component needs it only while building, to get started.
 */
void sim_wake(struct sim_component *component, sim_time time);

/** The first edge of the component's clock at or after @p time. */
static inline sim_time sim_component_edge(const struct sim_component *component, sim_time time)
{
    return sim_time_align(time, component->period);
}

#ifdef __cplusplus
}
#endif

#endif

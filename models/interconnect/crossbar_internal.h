/*
 * The crossbar's state, shared by its set-up and its pipeline.
 */
#ifndef DOORBELL_MODELS_INTERCONNECT_CROSSBAR_INTERNAL_H
#define DOORBELL_MODELS_INTERCONNECT_CROSSBAR_INTERNAL_H

#include "models/interconnect/address_map_internal.h"
#include "models/interconnect/crossbar.h"
#include "models/interconnect/write_order_internal.h"
#include "sim/sim.h"

/** Number of the built-in default target, which answers what no range claims. */
#define CROSSBAR_DEFAULT_TARGET CROSSBAR_MAX_TARGETS

struct crossbar_master {
    struct sim_bus_port bus;
    enum crossbar_port_kind kind;
    struct write_order *order; /**< of ordered ports; else NULL */
    /** That held the latest addresses, tried first: a master's data go to one, its interrupts to another. */
    const struct address_range *ranges[2];
    bool routed; /**< the packet at the head has been looked at: it goes to `target` */
    unsigned target;
    sim_time held_since; /**< edge since which order holds the head back; SIM_TIME_NEVER if it does not */
    /* The port as the way out of responses. */
    sim_time busy_until;
    unsigned turn; /**< target that is looked at first */
};

struct crossbar_target {
    struct sim_bus_port bus;
    sim_time busy_until;
    unsigned turn; /**< master that is looked at first */
};

/** A refused request that has been turned round. */
struct crossbar_refusal {
    struct sim_packet *packet;
    sim_time ready;
};

struct crossbar {
    struct sim_component component;
    uint64_t request_hint;  /**< master ports whose request channel may hold something */
    uint64_t response_hint; /**< target ports whose response channel may hold something */
    uint32_t width;
    sim_time forward_latency;
    sim_time response_latency;
    struct address_map map;
    /* The default target's queue, a ring. */
    struct crossbar_refusal *refusals;
    uint32_t refusal_capacity;
    uint32_t refusal_head;
    uint32_t refusal_count;
    unsigned refusal_turn; /**< master that is looked at first */
    /* Scratch of one evaluation: who wants which way out. All zero in between. */
    uint64_t swap_targets; /**< one bit for each target port that takes SIM_PACKET_COMPARE_SWAP */
    uint64_t wanted_by[CROSSBAR_MAX_MASTERS];
    struct crossbar_master masters[CROSSBAR_MAX_MASTERS];
    struct crossbar_target targets[CROSSBAR_MAX_TARGETS];
    uint32_t master_count;
    uint32_t target_count;
    uint32_t ordered_writes;
    bool relaxed_ordering;
    struct crossbar_counters counters;
};

/** The pipeline: struct sim_component's evaluate. */
sim_time crossbar_evaluate(struct sim_component *component, sim_time now);

#endif

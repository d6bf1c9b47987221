/*
 * A system built from a scenario: components, channels, and what software needs to bring it up.
 *
 * Data flows one way: struct scenario → system_create() → system_bring_up() (the software programs it) →
 * system_start_traffic() → system_run().
 */
#ifndef DOORBELL_SCENARIO_SYSTEM_H
#define DOORBELL_SCENARIO_SYSTEM_H

#include "host/error.h"
#include "host/software.h"
#include "result/step.h"
#include "scenario/scenario.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct system;
struct collector;

/** How to run it: nothing in here changes a result. */
struct system_options {
    enum sim_engine_kind engine;
    bool shuffle; /**< permute the order inside every instant: must change nothing */
    uint64_t shuffle_seed;
    bool
        checkers; /**< a protocol checker on every link: a broken rule ends the simulation as a broken invariant does */
    sim_panic_fn panic;
    void *panic_context;
};

/**
 * One traffic stream, as observers number it: packets of stream i carry source i + 1. The last ones are the messages of
 * root ports, which have no device and no description.
 */
struct system_stream {
    const struct scenario_device *device;
    uint32_t function;
    size_t stream; /**< index among the function's streams */
    const struct scenario_stream *description;
    uint32_t function_index; /**< index in the list of requester functions, see system_function() */
};

/** What reports list as a device: one function of an endpoint, or behind those a root port that sends messages. */
struct system_function {
    const struct scenario_device *device; /**< NULL: a root port */
    const struct scenario_root_complex *root_complex;
    unsigned port;     /**< root ports: index of it */
    uint32_t function; /**< number, as scenario/functions.h counts */
    uint16_t rid;
    uint32_t tree_index; /**< in the software's tree; set by system_bring_up() */
};

/** Makes all components and channels. The scenario must outlive the system. @return NULL with @p error */
struct system *system_create(const struct scenario *scenario, const struct system_options *options,
                             struct host_error *error);

/** Frees a system. NULL is allowed. */
void system_destroy(struct system *system);

struct sim *system_sim(struct system *system);

/** The software's state; complete after system_bring_up(). */
struct software *system_software(struct system *system);

/** Runs the software's set-up in simulated time, and maps DMA buffers. @return false with @p error */
bool system_bring_up(struct system *system, struct host_error *error);

/**
 * Starts the scenario's traffic.
 * @param duration length of the traffic
 * @return when it starts: an absolute time, later than now
 */
sim_time system_start_traffic(struct system *system, sim_time duration);

/**
 * Runs the system, software included: as sim_run(), but an interrupt for software, or the time of something that it
 * does by itself (actions of the timeline, for example), lets it act. Software that is at it when @p end comes
 * finishes: then sim_now() is later.
 * @return REACHED_END or DRAINED
 */
enum sim_run_result system_run(struct system *system, sim_time end);

/** Told of a moment of the timeline: the software is at rest, traffic is not. It must not run the simulation on. */
typedef void (*system_moment_fn)(struct system *system, void *context);

/**
 * Has @p moment called by system_run() before the first action of the timeline and after each of them; never, if there
 * are none. One at a time; NULL: nobody.
 */
void system_watch_moments(struct system *system, system_moment_fn moment, void *context);

/** What software failed at while the system ran, if it did; else NULL. */
const struct host_error *system_failure(const struct system *system);

/** Has what watches virtual machines listen too. After collector_create(), before traffic. */
void system_observe(struct system *system, struct collector *collector);
/** Appends what the software tried and how it came out. */
void system_collect_steps(struct system *system, struct step_list *steps);

/** Ends a run: reports interrupts that a mask held back until now as lost. */
void system_end_traffic(struct system *system);

/** What the scenario tells the software: rules, domains, ACS. Pointers in it stay NULL but for those given. */
void system_software_options(const struct scenario *scenario, struct software_config *config);

/** Gives a function the buffer of a DMA stream, as the scenario wants it. @return false with @p error */
bool system_map_buffer(struct software *software, uint32_t function, const struct scenario_dma_traffic *dma,
                       uint64_t *address, struct host_error *error);

/** Name of the function at a place, as the scenario calls it; NULL if there is none. @param text holds "epA/1/vf2" */
const char *system_name_at(const struct scenario *scenario, uint16_t segment, uint16_t rid, char *text, size_t size);

/** Whether the function with a requester ID is part of a device whose functions reach each other. */
bool system_peers_at(const struct scenario *scenario, uint16_t segment, uint16_t rid);

/** VFs that software enables on the PF at a place; 0 if it is none. */
uint32_t system_vfs_at(const struct scenario *scenario, uint16_t segment, uint16_t rid);

size_t system_stream_count(const struct system *system);
const struct system_stream *system_stream(const struct system *system, size_t i);
size_t system_function_count(const struct system *system);
const struct system_function *system_function(const struct system *system, size_t i);

/** Name of a function for reports: "epA" for function 0, "epA/1" for another. Valid as long as the system. */
const char *system_function_name(const struct system *system, size_t i);

#ifdef __cplusplus
}
#endif

#endif

/*
 * What held packets up, and when: a log of every channel that could not be pushed into, and of every gauge, from the
 * beginning of the traffic on. It hears of them as a listener to a record of occupancy (sim/occupancy.h) and keeps them
 * as steps over time. It takes memory while the simulation runs.
 */
#ifndef DOORBELL_SWEEP_HOLDUPS_H
#define DOORBELL_SWEEP_HOLDUPS_H

#include "sim/occupancy.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a channel's track says. */
enum holdup_channel {
    HOLDUP_OPEN,
    HOLDUP_WIRE,   /**< the wire is taken by another packet */
    HOLDUP_CREDIT, /**< no slot, or not the data units that the largest packet in it took */
};

/** The steps of one resource: a channel's (enum holdup_channel) or a gauge's value. */
struct holdup_track {
    const char *component; /**< or the channel; the simulation's, as `name` */
    const char *name;
    const struct sim_channel *channel; /**< NULL: a gauge */
    uint64_t capacity;                 /**< of a gauge */
    struct holdup_step *steps;
    size_t count;
    size_t room;
};

struct holdup_step {
    sim_time time; /**< from then on, */
    uint64_t value;
};

/** Zero-initialise; release with holdups_clear(). */
struct holdups {
    struct holdup_track *tracks;
    size_t count;
};

/** Makes a listener for a run (scenario_run_options.occupancy_listener) that fills the log. */
struct sim_occupancy_listener holdups_listener(struct holdups *holdups);

/** The value at a time. @p until becomes the time of the next step, if that is earlier. */
uint64_t holdup_at(const struct holdup_track *track, sim_time time, sim_time *until);

void holdups_clear(struct holdups *holdups);

#ifdef __cplusplus
}
#endif

#endif

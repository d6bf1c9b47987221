/*
 * A scenario's timeline at work: its actions in terms of the software, run at their times or planned one after the
 * other, and what came of every step of the software.
 */
#ifndef DOORBELL_SCENARIO_TIMELINE_H
#define DOORBELL_SCENARIO_TIMELINE_H

#include "host/action.h"
#include "result/step.h"
#include "scenario/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An action and what came of it. */
struct timeline_step {
    const struct scenario_action *from;
    bool notices; /**< that the device was pulled out by `from`, which is another step */
    sim_time at;  /**< from the start of traffic */
    struct action action;
    bool done; /**< it has been tried */
    struct host_error error;
    char note[160]; /**< what it found, if it went well */
    sim_time begin; /**< absolute */
    sim_time end;
};

struct timeline {
    struct timeline_step *steps; /**< in order of time */
    size_t count;
    size_t next; /**< the first that is still to come */
};

/**
 * Makes the timeline for software that has found the scenario's functions, and lets the software set memory aside.
 * Release with timeline_clear() even after a failure. @return false with @p error
 */
bool timeline_make(const struct scenario *scenario, struct software *software, struct timeline *timeline,
                   struct host_error *error);

void timeline_clear(struct timeline *timeline);

/** Carries the next action out, now. Refusals are kept in the step. */
void timeline_act(struct timeline *timeline, struct software *software, sim_time now);

/**
 * Appends what the software tried: attaching devices to consumers and their interrupts, then the timeline.
 * @param start of traffic; times of steps are counted from it; SIM_TIME_NEVER: there are none
 */
void timeline_collect(const struct scenario *scenario, const struct software *software, const struct timeline *timeline,
                      sim_time start, struct step_list *steps);

#ifdef __cplusplus
}
#endif

#endif

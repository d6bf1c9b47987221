/*
 * Steps of the software and how they came out: what it tried for a device while it set the system up, and the actions
 * of the timeline. Plain data, the same from a check and from a run but for times.
 */
#ifndef DOORBELL_RESULT_STEP_H
#define DOORBELL_RESULT_STEP_H

#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct run_step {
    char *name;     /**< "epA.attach", "epA.interrupts", "timeline.NAME" */
    char *what;     /**< "attach epA to vm0" */
    char *outcome;  /**< "ok", or an errno: "EINVAL" */
    char *reason;   /**< one sentence: why it was refused, or what it found; NULL: nothing to say */
    sim_time begin; /**< from the start of traffic; SIM_TIME_NEVER: during set-up, or not known */
    sim_time end;
};

/** A growing list. Zero-initialise; release with step_list_clear(). */
struct step_list {
    struct run_step *items;
    size_t count;
};

/**
 * Appends a step with copies of the texts and no times. Running out of memory ends the process with a message.
 * @param reason NULL or empty: there is nothing to say
 * @return it, until the next append
 */
struct run_step *step_list_add(struct step_list *list, const char *name, const char *what, const char *outcome,
                               const char *reason);

/** Finds a step by its name; NULL if there is none. */
const struct run_step *step_list_find(const struct step_list *list, const char *name);

void step_list_clear(struct step_list *list);

#ifdef __cplusplus
}
#endif

#endif

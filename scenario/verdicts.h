/*
 * Verdicts on a scenario: from its topology alone, and from what a run showed.
 */
#ifndef DOORBELL_SCENARIO_VERDICTS_H
#define DOORBELL_SCENARIO_VERDICTS_H

#include "result/run.h"
#include "scenario/scenario.h"
#include "scenario/system.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Judges every assumption by what the simulated hardware did, into result->verdicts. */
void verdicts_from_run(struct system *system, struct run_result *result);

/**
 * Foretells a scenario without simulating anything: plans what enumeration would find, what software would choose, and
 * every action of the timeline. An assumption is violated if it is at any time.
 * @param steps what the software would try and how that would come out; NULL: not wanted
 * @return false with @p error
 */
bool scenario_foretell(const struct scenario *scenario, struct verdict_list *verdicts, struct step_list *steps,
                       struct host_error *error);

/**
 * Judges every assumption from the topology alone: predicts what enumeration would find and what software would choose,
 * and simulates nothing. Release @p verdicts with verdict_list_clear(). @return false with @p error
 */
bool verdicts_from_topology(const struct scenario *scenario, struct verdict_list *verdicts, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif

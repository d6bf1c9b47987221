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

/**
 * Has a run judged at every moment of its timeline, as far as assumptions are about the state that its software brought
 * the system to: what holds at the end may have been violated before. Each moment takes memory for a while.
 * @param moments empty; filled by system_run() and emptied by verdicts_from_run()
 */
void verdicts_watch(struct system *system, struct verdict_list *moments);

/**
 * Judges every assumption by what the simulated hardware did, into result->verdicts.
 * @param moments what verdicts_watch() has collected; an empty list: the state at the end is all there is to judge
 */
void verdicts_from_run(struct system *system, struct verdict_list *moments, struct run_result *result);

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

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
 * Judges every assumption from the topology alone: predicts what enumeration would find and what software would choose,
 * and simulates nothing. Release @p verdicts with verdict_list_clear(). @return false with @p error
 */
bool verdicts_from_topology(const struct scenario *scenario, struct verdict_list *verdicts, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif

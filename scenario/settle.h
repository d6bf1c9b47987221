/*
 * How long a run has to be: `until:` and `warmup: auto` of a scenario, found out by a first run of the same
 * traffic, whose results nobody sees. The run that counts then has a plain duration and warm-up, so it is, byte for
 * byte, the one that anybody gets who writes these into the file. The rules are those of result/steady.h.
 */
#ifndef DOORBELL_SCENARIO_SETTLE_H
#define DOORBELL_SCENARIO_SETTLE_H

#include "result/run.h"
#include "scenario/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Whether the scenario leaves its duration or its warm-up open. */
bool scenario_is_open(const struct scenario *scenario);

/**
 * Finds duration and warm-up of a scenario that leaves them open.
 *
 * A run ends at no time earlier than the first action or the start of any stream that is still to come, and never later
 * than the scenario's duration. Without `until`, the warm-up is looked for in the whole of it.
 * @param options   of the run; recordings, waveforms and the systemc engine are for the one that counts
 * @param settled   receives a copy of @p scenario, which owns nothing, with duration and warm-up as found and no
 *                  `until`
 * @param settling  receives what was found
 * @param error     one sentence, if the system as described cannot be built or brought up
 * @return whether that worked; an interrupt ends the search early, which the run that follows sees too
 */
bool scenario_settle(const struct scenario *scenario, const struct scenario_run_options *options,
                     struct scenario *settled, struct run_settling *settling, struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif

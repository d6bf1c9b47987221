/*
 * A recording as a Perfetto trace (protobuf), to be opened in ui.perfetto.dev or any trace processor.
 *
 * One group of tracks for the devices: a slice for each MSI, from birth to end. One group for the stages (components
 * and channels), in the order in which MSIs pass them: a slice for each hop. A stage that holds several MSIs at once
 * has as many lanes. All slices of one MSI carry its identity as a flow, so that the MSI can be followed from component
 * to component. Timestamps are whole nanoseconds from the start of the traffic, rounded down; every slice has its exact
 * begin and length in femtoseconds as annotations.
 */
#ifndef DOORBELL_REPORT_TIMELINE_H
#define DOORBELL_REPORT_TIMELINE_H

#include "result/recording.h"
#include "result/run.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes a finished recording.
 * @param sim    the simulation that was recorded, for the names of stages
 * @param result of the same run, for the names of devices
 * @return whether everything was written
 */
bool timeline_write(FILE *stream, const struct recording *recording, const struct sim *sim,
                    const struct run_result *result);

#ifdef __cplusplus
}
#endif

#endif

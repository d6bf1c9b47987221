/* The parts of reading a recording: tables (recording.c, recording_check.c) and JSON (recording_json.c). */
#ifndef DOORBELL_REPLAY_RECORDING_INTERNAL_H
#define DOORBELL_REPLAY_RECORDING_INTERNAL_H

#include "replay/recording.h"

/** Reads regs.json and recording.json, whose texts are loaded. */
bool replay_recording_read_json(struct replay_recording *recording, struct diagnostics *diagnostics);

/** Looks at what the tables say: units, permissions, addresses, references. */
void replay_recording_check(struct replay_recording *recording, struct diagnostics *diagnostics);

#endif

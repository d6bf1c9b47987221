/* What a recording holds, counted: the part of a result that needs no replay. */
#ifndef DOORBELL_REPLAY_SUMMARY_H
#define DOORBELL_REPLAY_SUMMARY_H

#include "replay/recording.h"
#include "result/replay.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Fills in everything "recorded" of a result. */
void replay_summarise(const struct replay_recording *recording, struct replay_result *result);

/** Name of an event type of the SMMU, "F_TRANSLATION"; NULL if there is none of that number. */
const char *replay_event_name(uint8_t type);

#ifdef __cplusplus
}
#endif

#endif

/* Stories as JSON: what report/story.h tells in words, for programs. */
#ifndef DOORBELL_REPORT_STORY_JSON_H
#define DOORBELL_REPORT_STORY_JSON_H

#include "result/recording.h"
#include "result/run.h"

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A packet's way: who raised it, every hop with what was read there, what became of it. @return a new reference */
json_t *story_packet_json(const struct recording *recording, const struct recorded_packet *packet,
                          const struct sim *sim, const struct run_result *result);

/**
 * A verdict: claim, outcome, evidence, why the devices are one group, what follows, and the first packet to each
 * doorbell. @return a new reference
 */
json_t *story_verdict_json(const struct recording *recording, const struct verdict *verdict, const struct sim *sim,
                           const struct run_result *result);

#ifdef __cplusplus
}
#endif

#endif

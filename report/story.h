/* The story of one packet: every hop with what it did there, and of one verdict: the claim, the evidence, a packet. */
#ifndef DOORBELL_REPORT_STORY_H
#define DOORBELL_REPORT_STORY_H

#include "result/recording.h"
#include "result/run.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A packet of a recording by its identity; NULL if it is not held. */
const struct recorded_packet *story_find(const struct recording *recording, uint64_t id);

/** Tells what a packet went through, for people. @return whether everything was written */
bool story_packet_write(FILE *stream, const struct recording *recording, const struct recorded_packet *packet,
                        const struct sim *sim, const struct run_result *result);

/**
 * Tells what a verdict says: the claim in plain words, what was found, what follows, and the story of the first packet
 * that shows it, if the recording holds it. @return likewise
 */
bool story_verdict_write(FILE *stream, const struct recording *recording, const struct verdict *verdict,
                         const struct sim *sim, const struct run_result *result);

#ifdef __cplusplus
}
#endif

#endif

/* What stories as text and as JSON share. */
#ifndef DOORBELL_REPORT_STORY_INTERNAL_H
#define DOORBELL_REPORT_STORY_INTERNAL_H

#include "report/group_reason.h"
#include "report/story.h"
#include "result/verdict.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Packets that the story of a verdict tells: one for each doorbell. */
#define STORY_PACKETS 8

/** Reasons for a group that it gives. */
#define STORY_REASONS 8

/** Whose story is told. */
struct story {
    const struct recording *recording;
    const struct recorded_packet *packet;
    const struct run_device *device; /**< whose MSI it is */
    const struct sim *sim;
    const struct run_result *result;
};

/** A hop, in words. */
struct story_hop {
    const char *stage;
    sim_time begin;
    sim_time end;
    char text[200];                    /**< what happens there */
    char cached[120];                  /**< what caches spared it; empty: nothing */
    sim_time period;                   /**< of the component's clock; 0: it is a channel, which has none */
    const struct recorded_read *reads; /**< what was read there while it waited */
    size_t read_count;
};

/** Begins the story of a packet. @return false if its device is not known */
bool story_begin(struct story *story, const struct recording *recording, const struct recorded_packet *packet,
                 const struct sim *sim, const struct run_result *result);

/** The hops of a packet. @param hops has room for SIM_PACKET_TRAIL @return how many there are (story_hop.c) */
uint32_t story_hops(const struct story *story, struct story_hop *hops);

/**
 * The packets that show a verdict: for each doorbell the first of the first device that the evidence names.
 * @param packets receives them, @param devices whose each is
 * @return how many; at most @p limit
 */
size_t story_packets(const struct recording *recording, const struct verdict *verdict,
                     const struct recorded_packet **packets, const struct verdict_device **devices, size_t limit);

/** Why the devices of a verdict's first evidence are one group. @return how many reasons; 0 if they are not */
size_t story_reasons(const struct topology *topology, const struct verdict *verdict,
                     char (*reasons)[GROUP_REASON_BYTES], size_t limit);

#ifdef __cplusplus
}
#endif

#endif

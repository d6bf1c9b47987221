/*
 * What MSIs go through: under which stages they are, one after another, and how long under each.
 *
 * Most MSIs of a source with one vector spend exactly as long everywhere as the one before them. Those are only
 * counted; their durations are booked together when two come that go another way or spend their time otherwise, or at
 * the end.
 */
#ifndef DOORBELL_RESULT_WAY_H
#define DOORBELL_RESULT_WAY_H

#include "result/histogram.h"
#include "sim/packet.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Durations under one stage, from one source, fs. As with ways, a duration that comes again is only counted, for a way
 * that differs from the one before does so under few of its stages.
 */
struct stage_sum {
    sim_time latest;
    uint64_t repeats;  /**< how often the latest came; not yet in count, sum and the histogram, but in min and max */
    uint32_t position; /**< the furthest from birth at which the stage came, in stages */
    uint64_t count;
    uint64_t sum;
    sim_time min;
    sim_time max;
};

/**
 * The way that MSIs of a source, with one vector, take: that of the latest, or of the one before if only the latest
 * went another way, as one does that had to wait. Zero-initialise.
 */
struct way {
    uint64_t repeats;                              /**< how often it came since its durations were booked */
    uint64_t signature;                            /**< see way_signature() */
    uint32_t count;                                /**< of marks */
    bool strayed;                                  /**< the latest MSI did not come by it */
    struct sim_trail_mark marks[SIM_PACKET_TRAIL]; /**< with ends counted from birth */
};

/**
 * A number that tells ways apart: of a packet's stages, and when it left each, counted from birth. 0 for a packet
 * without marks.
 */
uint64_t way_signature(const struct sim_packet *packet);

/**
 * Counts a packet's marks, of which it has at least one.
 * @param sums       of the packet's source, by stage
 * @param histograms of all sources, by stage
 * @return its way_signature()
 */
uint64_t way_add(struct way *way, struct stage_sum *sums, struct histogram *histograms,
                 const struct sim_packet *packet);

/** Books what of a way has only been counted, under its stages. */
void way_settle(struct way *way, struct stage_sum *sums, struct histogram *histograms);

/** Books what of the first @p stages sums has only been counted: all is in them, and in the histograms' buckets. */
void stage_sums_settle(struct stage_sum *sums, struct histogram *histograms, uint32_t stages);

#ifdef __cplusplus
}
#endif

#endif

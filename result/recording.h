/*
 * A recording: which packets a run saw, and where each spent its time, hop by hop. For timelines, waveforms and stories
 * of single packets; a run's figures come from the collector.
 *
 * A recording is a second listener beside the collector (collector_also()). It notes a packet when its way ends
 * (delivered, merged or dropped) and what remains of it is then known for good. It sorts what it holds by birth and
 * identity, so that it is the same on every engine. Unlike the collector it takes memory while the simulation runs.
 */
#ifndef DOORBELL_RESULT_RECORDING_H
#define DOORBELL_RESULT_RECORDING_H

#include "sim/sim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What to keep. Zero-initialised: nothing; see recording_filter_all(). */
struct recording_filter {
    sim_time from;       /**< packets born at or after this, */
    sim_time to;         /**< and before this, both counted from the start of the traffic */
    size_t limit;        /**< at most so many packets; what is beyond is counted only */
    const bool *devices; /**< by device: whether its packets are kept; NULL: all; copied */
    size_t device_count;
    bool reads; /**< what was read from tables for these packets too */
};

/** A filter that keeps the first @p limit packets that end. */
struct recording_filter recording_filter_all(size_t limit);

/** One stage of a packet's way. It began when the one before it ended, the first when the packet was born. */
struct recorded_hop {
    uint32_t stage; /**< see sim_stage_name() */
    sim_time end;
};

/** Bytes of the words about an entry. */
#define RECORDED_WORDS 120

/** An entry of a table in memory that was read while a packet waited for it. */
struct recorded_read {
    uint64_t packet; /**< its identity */
    sim_time issued;
    sim_time arrived;
    uint64_t address;
    uint32_t length;              /**< bytes */
    bool shared;                  /**< another packet caused it: this one found it under way */
    const char *where;            /**< name of the component that read; the simulation's */
    char what[64];                /**< which entry */
    char meaning[RECORDED_WORDS]; /**< what it says */
};

/** A packet whose way has ended. Times count from the start of the simulation. */
struct recorded_packet {
    uint64_t id;
    sim_time born;
    sim_time end;
    enum sim_event_kind kind; /**< SIM_EVENT_MSI_DELIVERED, SIM_EVENT_MSI_MERGED or SIM_EVENT_DROPPED */
    uint32_t detail;          /**< enum sim_drop_reason of one that was dropped */
    const char *where;        /**< name of the component where it ended; the simulation's */
    uint32_t device;          /**< index of its device */
    uint32_t vector;
    uint32_t device_id;
    uint32_t intid;   /**< 0 if it got none */
    uint64_t address; /**< last known: physical after an SMMU */
    size_t first_hop; /**< index into recording_hops() */
    uint32_t hop_count;
};

/** What became of a packet, for people: "delivered", "merged", or why it was lost (sim_drop_reason_name()). */
const char *recorded_outcome(const struct recorded_packet *packet);

struct recording;

/**
 * Makes a recording.
 * @param device_of as for collector_create(); copied
 */
struct recording *recording_create(const struct recording_filter *filter, const uint32_t *device_of, uint32_t sources);

/** Frees a recording; the simulation must not run any more. NULL is allowed. */
void recording_destroy(struct recording *recording);

/** The listener to hand to collector_also(). */
struct sim_observer recording_observer(struct recording *recording);

/** Traffic starts at @p start: what the filter's times count from. */
void recording_start(struct recording *recording, sim_time start);

/** Sorts what is held. Call it once, when the simulation has ended, before the functions below. */
void recording_finish(struct recording *recording);

/** What is held, by birth and then identity. */
const struct recorded_packet *recording_packets(const struct recording *recording, size_t *count);

/** The hops of all packets. */
const struct recorded_hop *recording_hops(const struct recording *recording);

/**
 * What was read for a packet, in the order of issue.
 * @param count receives how many there are
 * @return the first of them; NULL if there is none
 */
const struct recorded_read *recording_reads(const struct recording *recording, uint64_t packet, size_t *count);

/** Packets that passed the filter but for its limit, and were not kept. */
uint64_t recording_beyond_limit(const struct recording *recording);

/** When the traffic began. */
sim_time recording_begin(const struct recording *recording);

#ifdef __cplusplus
}
#endif

#endif

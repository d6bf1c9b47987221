/*
 * What came out of a run: plain data, made by result/collector.h and by whoever ran the system, printed by report/.
 *
 * Times are femtoseconds. Nothing in here depends on the engine that ran the simulation, on the machine or on the time
 * of day, so that two runs of one scenario and seed give the same bytes.
 */
#ifndef DOORBELL_RESULT_RUN_H
#define DOORBELL_RESULT_RUN_H

#include "result/histogram.h"
#include "result/occupancy.h"
#include "result/step.h"
#include "result/topology.h"
#include "result/verdict.h"
#include "sim/packet.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A distribution of durations, summed up. */
struct run_latency {
    uint64_t count;
    sim_time min;
    sim_time mean;
    sim_time ci95; /**< half width of the 95 % confidence interval of the mean; SIM_TIME_NEVER if not known */
    sim_time p50;  /**< quantiles are exact to 1/128 of their value */
    sim_time p99;
    sim_time p999;
    sim_time max;
};

/** One hop: a component or a channel that delivered MSIs went through. */
struct run_hop {
    char *stage;       /**< "sw0", "sw0 -> rp0", ... */
    uint32_t position; /**< for order: how many hops lie before it, at the most */
    struct run_latency time;
};

/** A doorbell page that a device's MSIs were seen to hit. */
struct run_doorbell {
    uint64_t address;   /**< physical address that was written */
    char *its;          /**< which ITS that is */
    uint32_t device_id; /**< as the ITS saw it */
    uint64_t count;
    uint64_t first_packet; /**< identity of the first MSI that did */
    sim_time first_time;
};

/** How many packets showed something, and which was the first. */
struct run_tally {
    uint64_t count;
    uint64_t first_packet; /**< identity */
    sim_time first_time;   /**< simulated time, not counted from the start of the traffic */
};

/** Requests of a device that reached a peer function, by whatever way. */
struct run_peer {
    char *component;   /**< the endpoint */
    uint32_t function; /**< number in it, virtual ones behind the others */
    struct run_tally tally;
    struct run_tally unseen; /**< those of them that no SMMU saw */
};

/** One PCI function. Identifiers are VERDICT_NO_ID if it has none. */
struct run_device {
    char *name;
    uint32_t segment;
    uint16_t rid;
    uint64_t group;
    uint64_t stream_id;
    char *smmu;
    uint64_t device_id;
    char *its;
    uint64_t doorbell;
    uint64_t born;      /**< MSIs that the function's logic raised */
    uint64_t delivered; /**< MSIs whose own handler ran */
    uint64_t merged;    /**< MSIs that were delivered together with an earlier one, pending already */
    uint64_t lost;      /**< born, but neither delivered nor merged when the run ended */
    struct run_tally dropped[SIM_DROP_REASONS]; /**< of the lost ones: why */
    uint64_t writes_sent;                       /**< DMA write TLPs */
    uint64_t writes_visible;                    /**< of these, in memory */
    uint64_t writes_dropped;
    uint64_t reads_done;
    /** Of these, while it is measured: from the end of the warm-up to the end of the traffic. */
    sim_time dma_time;
    uint64_t writes_measured;
    uint64_t reads_measured;
    struct run_latency read_latency; /**< of DMA reads (TLPs) born in that time: birth to last completion */
    struct run_peer *peers;          /**< where its requests reached peer functions instead of memory */
    size_t peer_count;
    uint64_t order_checked; /**< delivered MSIs that had DMA writes of their function to memory ahead of them */
    struct run_tally order_violations; /**< of these, handled before such a write was visible */
    struct run_latency latency;        /**< birth to handler, of delivered MSIs */
    struct histogram_bin *latency_bins;
    size_t latency_bin_count;
    struct run_hop *hops;
    size_t hop_count;
    struct run_doorbell *doorbells;
    size_t doorbell_count;
};

/** A counter of a component. */
struct run_counter {
    char *component;
    char *name;
    uint64_t value;
};

/** What became of one line of `expect:`. */
struct run_expectation {
    char *key;
    char *wanted; /**< as written */
    char *got;    /**< in the same unit */
    char *place;  /**< "file:line" */
    bool met;
};

/** What a first run found out: how long the run that counts had to be, and its warm-up. */
struct run_settling {
    bool has_until;      /**< the scenario says when it is enough */
    bool finds_warmup;   /**< the scenario leaves the warm-up to the run */
    bool is_enough;      /**< with `has_until`: it was, before the limit */
    bool warmup_is_over; /**< with `finds_warmup`: MSER-5 found its least error in the first half of the run */
    uint32_t looks;      /**< how often it was looked whether it is enough */
    uint32_t ci;         /**< wanted half width of the confidence interval, millionths of the mean */
    sim_time limit;      /**< duration that the scenario allows */
    sim_time duration;   /**< as found: that of the result */
    sim_time warmup;     /**< as found, or as the scenario has it */
};

struct run_result {
    char *title;
    char *path;
    uint64_t seed;
    sim_time duration; /**< of the traffic, as asked for */
    sim_time warmup;
    struct run_settling settling; /**< all zero unless duration or warm-up were left to the run */
    sim_time setup_time;          /**< when the traffic began: how long the software's set-up took */
    sim_time end_time;            /**< when the last MSI was handled, counted from the beginning of the traffic */
    bool interrupted;             /**< by a signal: results are those up to then */
    uint32_t smmu_events;         /**< fault records that software found in the event queues */
    uint64_t fingerprint;         /**< over every mark and every end of every MSI */
    struct run_latency latency;   /**< of all devices */
    struct histogram_bin *latency_bins;
    size_t latency_bin_count;
    struct run_hop *hops; /**< of all devices */
    size_t hop_count;
    struct topology topology;
    struct run_device *devices;
    size_t device_count;
    struct run_counter *counters;
    size_t counter_count;
    struct run_occupancy *occupancy; /**< NULL unless it was asked for */
    struct step_list steps;          /**< what the software tried, and how it came out */
    struct verdict_list verdicts;
    struct run_expectation *expectations;
    size_t expectation_count;
};

/** Frees everything that a result owns and empties it. */
void run_result_clear(struct run_result *result);

/** Half width of the confidence interval of the mean latency, in millionths of the mean; UINT64_MAX if not known. */
uint64_t run_precision(const struct run_result *result);

/** Number of expectations that were not met. */
size_t run_result_failures(const struct run_result *result);

#ifdef __cplusplus
}
#endif

#endif

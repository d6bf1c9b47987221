/*
 * Calibration: what was measured on a host (measurements.h) → the parameters of a scenario, and how well the simulator
 * with these meets the rows that were not used.
 *
 * The rows are fitted with two closed forms, of a fully associative LRU cache of C pages of 4 KiB whose misses cost M,
 * W pages being asked for at random (timing-anchors 2.2; Q17, Q21, Q22):
 *
 *   latency of a read   L(W) = L0 + M × max(0, 1 - C / W)
 *   rate of writes      X(W) = min(X0, R / (1 - C / W))
 *
 *   used row                                  | gives
 *   ------------------------------------------+--------------------------------------------------------------------
 *   reads, cold, 256 KiB, 1 MiB, 64 MiB       | L0, M, C
 *   reads, warm, 256 KiB                      | L0 with data in the cache
 *   writes of 64, 128, 256 bytes, cold, 4 KiB | X0 of each size: what the device issues
 *   writes of 64 bytes, cold, 64 MiB          | R, the rate of walks
 *
 * Every number on the other side comes from running the simulator: an endpoint on PCIe Gen3 x8, its link, a root
 * complex, an SMMU with TLB, walk cache and walker, the interconnect, memory. What the path costs without further ado
 * is measured in it first, and the device's send latency and the walk's beginning make up the rest.
 */
#ifndef DOORBELL_CALIBRATE_CALIBRATE_H
#define DOORBELL_CALIBRATE_CALIBRATE_H

#include "calibrate/measurements.h"
#include "scenario/diagnostics.h"
#include "sim/time.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CALIBRATE_SIZES 3   /**< sizes of writes */
#define CALIBRATE_CYCLE 250 /**< ps, of the SMMU's clock: fine enough for the interval between walks */

/** Largest deviation of a row that is scored, in thousandths: 3 % of latencies, 8 % of rates (timing-anchors 5). */
#define CALIBRATE_LATENCY_TOLERANCE 30
#define CALIBRATE_RATE_TOLERANCE    80

/** What the closed forms say. */
struct calibrate_fit {
    double l0;        /**< ns, cold */
    double warm_gain; /**< ns that a warm read is faster */
    double miss;      /**< M, ns */
    double pages;     /**< C */
    double walks;     /**< R, millions a second */
};

/** Parameters of the scenario. */
struct calibrate_parameters {
    uint64_t send_latency;   /**< of the endpoint, ps */
    uint64_t memory_latency; /**< ps */
    int64_t warm_gain;       /**< that memory answers faster with data in the cache, ps */
    uint32_t tlb_entries;
    uint32_t walk_begin;             /**< cycles of 250 ps */
    uint32_t walk_interval;          /**< cycles of 250 ps */
    uint32_t walk_slots;             /**< enough for the interval to be what limits */
    uint64_t issue[CALIBRATE_SIZES]; /**< between two writes of a size, ps */
};

extern const uint32_t calibrate_sizes[CALIBRATE_SIZES];

/** A row, and what came out for it. */
struct calibrate_row {
    struct measurement measured;
    bool used;        /**< for the fit, so it is no evidence */
    bool scored;      /**< evidence: compared at the tolerance */
    double simulated; /**< in the unit of the row */
    double closed;    /**< what the closed form says */
};

struct calibration {
    struct calibrate_fit fit;
    struct calibrate_parameters parameters;
    struct calibrate_row *rows;
    size_t row_count;
    bool interrupted; /**< `rows` are those simulated until then; without any, the parameters are not known either */
};

/**
 * Calibrates on a folder and scores. @p calibration must be zeroed; release it with calibration_clear() whatever is
 * returned.
 * @param interrupted ends it early when it is not 0, with what has been simulated by then; may be NULL
 * @return whether there is a result; else @p diagnostics say why not
 */
bool calibrate_run(const char *folder, const volatile sig_atomic_t *interrupted, struct calibration *calibration,
                   struct diagnostics *diagnostics);

/** How far a row is off, simulated / measured - 1. */
double calibrate_error(const struct calibrate_row *row);

/** Whether a row is scored and beyond its tolerance. */
bool calibrate_misses(const struct calibrate_row *row);

/** How many rows are. */
size_t calibration_misses(const struct calibration *calibration);

/** Writes the scenario, with the rows used and the score in its comments. @return whether all was written */
bool calibration_write(FILE *stream, const char *folder, const struct calibration *calibration);

void calibration_clear(struct calibration *calibration);

#ifdef __cplusplus
}
#endif

#endif

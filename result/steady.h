/*
 * When a run knows its mean latency well enough, and where its warm-up ends: decided from the latencies of a first run
 * of the same traffic (scenario/settle.h), sorted into bins of equal width by time of birth, which no engine and no
 * order within an instant changes.
 *
 * Warm-up: MSER-5. Latencies are taken in batches of five (or of as many as one bin has, if that is more), in the order
 * of birth; the warm-up is what has to go so that the standard error of the mean of the rest is least. A minimum in the
 * second half of the run means that it was too short to tell.
 *
 * Interval: of the means of 32 batches of equal time, widened for two things that make Student's too narrow (as Skart:
 * A. Tafazzoli, J. R. Wilson, "Skart: a skewness- and autoregression-adjusted batch-means procedure for simulation
 * analysis", 2011; A. M. Law, "Simulation Modeling and Analysis", on batch means). Batches that go together vary less
 * among themselves than their mean does: by (1 + r) / (1 - r) of the variance, r being their lag-1 correlation. That is
 * estimated too low by some (1 + 3 r) / 32 (F. H. C. Marriott, J. A. Pope, 1954), so it is taken with twice as much
 * on top: an estimate that errs on the low side ends runs early. And latencies are skewed, so a mean that is too low
 * comes with a spread that is too low: the points of Student's t are shifted by R. Willink's cubic (2005), and the
 * farther of the two is taken for both sides.
 *
 * Enough: looked at when 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, ... groups of 32 bins are full, so that looks lie ever farther
 * apart. What is behind the warm-up is cut into 32 batches of equal time. It is enough if in two looks, one after the
 * other, every batch has ten MSIs or more, the means of neighbouring batches do not go together (lag-1 correlation
 * below its one-sided 5 % point), and the 95 % confidence interval of the mean is as tight as is wanted. Looking twice
 * and ever more rarely is what keeps an early, lucky look from ending the run.
 */
#ifndef DOORBELL_RESULT_STEADY_H
#define DOORBELL_RESULT_STEADY_H

#include "sim/sim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bins of a whole run, and batches of a mean. */
#define STEADY_BINS    8192u
#define STEADY_BATCHES 32u

/** MSIs that were born in one stretch of time. */
struct steady_bin {
    uint64_t count;
    uint64_t sum; /**< of their latencies, femtoseconds */
};

/** A mean from batches. */
struct steady_mean {
    uint64_t smallest; /**< MSIs in the smallest batch */
    double mean;       /**< femtoseconds */
    double half;       /**< half width of its 95 % confidence interval */
    double lag;        /**< correlation of the means of neighbouring batches, as they are */
};

/**
 * The warm-up of a series by MSER-5.
 * @param length receives how many bins to leave out, at most half of them
 * @return whether the minimum lies in the first half: whether the warm-up is over
 */
bool steady_warmup(const struct steady_bin *bins, size_t count, size_t *length);

/**
 * Half width of the 95 % confidence interval of a mean, from the means of batches in their order.
 * @param count at most STEADY_BATCHES; with fewer than ten, Student's interval as it is
 * @return a negative number with fewer than two
 */
double steady_half(const double *means, size_t count);

/** The mean of @p count bins, a multiple of STEADY_BATCHES, from as many batches of equal length. */
struct steady_mean steady_batches(const struct steady_bin *bins, size_t count);

/** Whether a mean is known to @p millionths of itself, half width, from batches that can be relied on. */
bool steady_is_enough(const struct steady_mean *mean, uint64_t millionths);

struct steady;

/** Makes an empty series. */
struct steady *steady_create(void);

/** Frees a series. NULL is allowed. */
void steady_destroy(struct steady *steady);

/** The listener to hand to collector_also(). It must listen before traffic starts, and takes no memory. */
struct sim_observer steady_observer(struct steady *steady);

/**
 * Traffic starts.
 * @param from when the first bin begins, simulated time
 * @param to   when the last bin ends, or somewhat before that; later than @p from
 */
void steady_start(struct steady *steady, sim_time from, sim_time to);

/** What a look at a series says. */
struct steady_look {
    sim_time warmup;     /**< to leave out, from steady_start()'s `from`; at most some bins more than MSER-5 says */
    bool warmup_is_over; /**< see steady_warmup(); true if none was looked for */
    struct steady_mean mean;
};

/** Bins behind which the next look is due, @p bins being those of the one before, or 0. */
size_t steady_next_look(size_t bins);

/** When a number of bins ends, simulated time. */
sim_time steady_end(const struct steady *steady, size_t bins);

/**
 * Looks at the first bins of the series.
 * @param bins        a multiple of STEADY_BATCHES, at most STEADY_BINS
 * @param find_warmup whether to leave a warm-up out
 */
struct steady_look steady_look_at(const struct steady *steady, size_t bins, bool find_warmup);

#ifdef __cplusplus
}
#endif

#endif

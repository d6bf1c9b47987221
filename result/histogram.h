/*
 * A histogram of durations with constant relative precision: 128 steps per power of two, so a quantile is exact to
 * 1/128 (0.8 %) of its value, from below. Fixed size; adding allocates nothing.
 */
#ifndef DOORBELL_RESULT_HISTOGRAM_H
#define DOORBELL_RESULT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HISTOGRAM_STEP_BITS 7
#define HISTOGRAM_BUCKETS   ((64 - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS)

/** Zero-initialise. */
struct histogram {
    uint64_t count;
    uint64_t min;
    uint64_t max;
    uint64_t sum_low; /**< sum of all values, 128 bits */
    uint64_t sum_high;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/** Adds a value. */
void histogram_add(struct histogram *histogram, uint64_t value);

/** Adds a value so often to its bucket and to nothing else, for who keeps the summary elsewhere: _set_summary(). */
void histogram_add_bucket(struct histogram *histogram, uint64_t value, uint64_t times);

/** Sets count, extremes and sum of values that were added by histogram_add_bucket(). The sum is below 2^64. */
void histogram_set_summary(struct histogram *histogram, uint64_t count, uint64_t min, uint64_t max, uint64_t sum);

/** Mean, rounded down; 0 if empty. */
uint64_t histogram_mean(const struct histogram *histogram);

/**
 * The smallest recorded step at or below which a share of the values lies.
 * @param per_mille 0..1000 (500 is the median, 999 is p99.9)
 * @return the lower edge of the step, but not below min nor above max; 0 if empty
 */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille);

/** A step of a histogram that holds values: low .. high - 1. */
struct histogram_bin {
    uint64_t low;
    uint64_t high;
    uint64_t count;
};

/**
 * The steps that hold values, in order.
 * @param bins receives an array to be freed with free(); NULL if there are none
 * @return their number
 */
size_t histogram_bins(const struct histogram *histogram, struct histogram_bin **bins);

/** Adds all values of another histogram. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

#ifdef __cplusplus
}
#endif

#endif

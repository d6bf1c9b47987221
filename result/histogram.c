#include "result/histogram.h"

#include "sim/allocate.h"
#include "sim/attributes.h"

__extension__ typedef unsigned __int128 uint128;

#define STEPS (1u << HISTOGRAM_STEP_BITS)

/** Values below STEPS have a bucket each; above, the leading bit and the next seven choose. */
static unsigned bucket_of(uint64_t value)
{
    unsigned exponent;

    if (SIM_SELDOM(value < STEPS)) {
        return (unsigned)value;
    }
    exponent = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
    return (exponent << HISTOGRAM_STEP_BITS) + (unsigned)(value >> exponent);
}

static uint64_t lower_edge(unsigned bucket)
{
    unsigned exponent;

    if (bucket < 2 * STEPS) {
        return bucket;
    }
    exponent = (bucket >> HISTOGRAM_STEP_BITS) - 1;
    return (uint64_t)(bucket - (exponent << HISTOGRAM_STEP_BITS)) << exponent;
}

static void add_to_sum(struct histogram *histogram, uint64_t low, uint64_t high)
{
    histogram->sum_low += low;
    histogram->sum_high += high + (histogram->sum_low < low);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    if (SIM_SELDOM(histogram->count == 0 || value < histogram->min)) {
        histogram->min = value;
    }
    if (SIM_SELDOM(value > histogram->max)) {
        histogram->max = value;
    }
    histogram->count++;
    add_to_sum(histogram, value, 0);
    histogram->buckets[bucket_of(value)]++;
}

void histogram_add_bucket(struct histogram *histogram, uint64_t value, uint64_t times)
{
    histogram->buckets[bucket_of(value)] += times;
}

void histogram_set_summary(struct histogram *histogram, uint64_t count, uint64_t min, uint64_t max, uint64_t sum)
{
    histogram->count = count;
    histogram->min = min;
    histogram->max = max;
    histogram->sum_low = sum;
    histogram->sum_high = 0;
}

uint64_t histogram_mean(const struct histogram *histogram)
{
    uint128 sum = (uint128)histogram->sum_high << 64 | histogram->sum_low;

    return histogram->count > 0 ? (uint64_t)(sum / histogram->count) : 0;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille)
{
    uint128 scaled = (uint128)histogram->count * per_mille;
    uint64_t rank = (uint64_t)((scaled + 999) / 1000);
    uint64_t seen = 0;

    if (histogram->count == 0) {
        return 0;
    }
    if (rank == 0) {
        rank = 1;
    }
    /* Only where values are: the rest of the memory may never have been touched, and is not now. */
    for (unsigned i = bucket_of(histogram->min); i <= bucket_of(histogram->max); i++) {
        seen += histogram->buckets[i];
        if (seen >= rank) {
            uint64_t edge = lower_edge(i);

            return edge < histogram->min ? histogram->min : edge > histogram->max ? histogram->max : edge;
        }
    }
    return histogram->max;
}

size_t histogram_bins(const struct histogram *histogram, struct histogram_bin **bins)
{
    size_t count = 0;

    *bins = NULL;
    if (histogram->count == 0) {
        return 0;
    }
    for (unsigned i = bucket_of(histogram->min); i <= bucket_of(histogram->max); i++) {
        count += histogram->buckets[i] > 0;
    }
    *bins = sim_allocate(count, sizeof(**bins));
    count = 0;
    for (unsigned i = bucket_of(histogram->min); i <= bucket_of(histogram->max); i++) {
        if (histogram->buckets[i] > 0) {
            uint64_t next = i + 1 < HISTOGRAM_BUCKETS ? lower_edge(i + 1) : UINT64_MAX;

            (*bins)[count++] = (struct histogram_bin){lower_edge(i), next, histogram->buckets[i]};
        }
    }
    return count;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    if (other->count == 0) {
        return;
    }
    if (histogram->count == 0 || other->min < histogram->min) {
        histogram->min = other->min;
    }
    if (other->max > histogram->max) {
        histogram->max = other->max;
    }
    histogram->count += other->count;
    add_to_sum(histogram, other->sum_low, other->sum_high);
    for (unsigned i = bucket_of(other->min); i <= bucket_of(other->max); i++) {
        histogram->buckets[i] += other->buckets[i];
    }
}

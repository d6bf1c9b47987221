// The histogram against the sorted values themselves.
#include "result/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace
{

using Histogram = std::unique_ptr<histogram>;

Histogram of(const std::vector<uint64_t> &values)
{
    Histogram result(new histogram());
    for (uint64_t value : values) {
        histogram_add(result.get(), value);
    }
    return result;
}

// The value below or at which a share of the sorted values lies.
uint64_t exact_quantile(const std::vector<uint64_t> &sorted, unsigned per_mille)
{
    size_t rank = (sorted.size() * per_mille + 999) / 1000;
    return sorted[rank == 0 ? 0 : rank - 1];
}

void expect_quantiles(std::vector<uint64_t> values)
{
    Histogram h = of(values);
    std::sort(values.begin(), values.end());
    for (unsigned per_mille = 0; per_mille <= 1000; per_mille++) {
        uint64_t exact = exact_quantile(values, per_mille);
        uint64_t got = histogram_quantile(h.get(), per_mille);
        ASSERT_LE(got, exact) << per_mille;
        ASSERT_LE(exact - got, exact / 128) << per_mille << " exact " << exact << " got " << got;
    }
}

std::vector<uint64_t> draw(std::mt19937_64 &random, size_t count, unsigned bits)
{
    std::vector<uint64_t> values(count);
    for (uint64_t &value : values) {
        value = random() >> (63 - random() % bits);
    }
    return values;
}

TEST(Histogram, EmptyHasZeros)
{
    Histogram h = of({});
    EXPECT_EQ(histogram_mean(h.get()), 0u);
    EXPECT_EQ(histogram_quantile(h.get(), 0), 0u);
    EXPECT_EQ(histogram_quantile(h.get(), 999), 0u);
    EXPECT_EQ(h->count, 0u);
}

TEST(Histogram, OneValueIsEveryQuantile)
{
    for (uint64_t value : {UINT64_C(0), UINT64_C(1), UINT64_C(127), UINT64_C(128), UINT64_C(255), UINT64_C(256),
                           UINT64_C(1234567), UINT64_C(1) << 63, UINT64_MAX}) {
        Histogram h = of({value});
        for (unsigned per_mille : {0u, 1u, 500u, 999u, 1000u}) {
            EXPECT_EQ(histogram_quantile(h.get(), per_mille), value);
        }
        EXPECT_EQ(histogram_mean(h.get()), value);
        EXPECT_EQ(h->min, value);
        EXPECT_EQ(h->max, value);
    }
}

TEST(Histogram, SmallValuesAreExact)
{
    std::vector<uint64_t> values;
    for (uint64_t value = 0; value < 256; value++) {
        values.push_back(255 - value);
    }
    Histogram h = of(values);
    for (unsigned per_mille = 1; per_mille <= 1000; per_mille++) {
        std::vector<uint64_t> sorted = values;
        std::sort(sorted.begin(), sorted.end());
        EXPECT_EQ(histogram_quantile(h.get(), per_mille), exact_quantile(sorted, per_mille)) << per_mille;
    }
}

TEST(Histogram, QuantilesAreExactToOnePart128)
{
    std::mt19937_64 random(1);
    for (unsigned bits : {8u, 20u, 32u, 48u, 63u}) {
        for (size_t count : {1u, 2u, 3u, 999u, 1000u, 1001u, 5000u}) {
            expect_quantiles(draw(random, count, bits));
        }
    }
}

TEST(Histogram, EdgesOfEveryPowerOfTwo)
{
    std::vector<uint64_t> values = {0, UINT64_MAX};
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t power = UINT64_C(1) << bit;
        values.insert(values.end(), {power - 1, power, power + 1, power + power / 128});
    }
    expect_quantiles(values);
}

TEST(Histogram, MeanOfHugeValuesDoesNotOverflow)
{
    Histogram h = of({UINT64_MAX, UINT64_MAX, UINT64_MAX - 3});
    EXPECT_EQ(histogram_mean(h.get()), UINT64_MAX - 1);
    EXPECT_EQ(histogram_mean(of({1, 2}).get()), 1u) << "rounded down";
    EXPECT_EQ(histogram_mean(of({0, UINT64_MAX}).get()), UINT64_MAX / 2);
}

TEST(Histogram, MergeIsAddingAll)
{
    std::mt19937_64 random(2);
    for (unsigned round = 0; round < 20; round++) {
        std::vector<uint64_t> a = draw(random, round % 3 == 0 ? 0 : random() % 500, 63);
        std::vector<uint64_t> b = draw(random, round % 4 == 0 ? 0 : random() % 500, 40);
        Histogram merged = of(a);
        histogram_merge(merged.get(), of(b).get());
        a.insert(a.end(), b.begin(), b.end());
        Histogram all = of(a);
        EXPECT_EQ(merged->count, all->count);
        EXPECT_EQ(merged->min, all->min);
        EXPECT_EQ(merged->max, all->max);
        EXPECT_EQ(merged->sum_low, all->sum_low);
        EXPECT_EQ(merged->sum_high, all->sum_high);
        EXPECT_TRUE(std::equal(std::begin(merged->buckets), std::end(merged->buckets), std::begin(all->buckets)));
    }
}

} // namespace

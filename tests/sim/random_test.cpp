/* Streams are Philox4x32-10, independent by name, and the deviates have the right distribution. */
#include "sim/random.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace
{

TEST(Random, IsPhiloxWithItsPublishedAnswer)
{
    /* The published known answer for counter 0 and key 0; words of a block are handed out last first. */
    sim_random random = {};

    EXPECT_EQ(sim_random_u32(&random), 0x9b00dbd8u);
    EXPECT_EQ(sim_random_u32(&random), 0xbc57ac4cu);
    EXPECT_EQ(sim_random_u32(&random), 0xe169c58du);
    EXPECT_EQ(sim_random_u32(&random), 0x6627e8d5u);
}

TEST(Random, NamesAndSeedsGiveDifferentStreams)
{
    sim_random a;
    sim_random b;
    sim_random c;

    sim_random_init(&a, 1, "epA");
    sim_random_init(&b, 1, "epB");
    sim_random_init(&c, 2, "epA");
    EXPECT_NE(sim_random_u64(&a), sim_random_u64(&b));
    EXPECT_NE(sim_random_u64(&a), sim_random_u64(&c));
}

TEST(Random, BelowIsUniform)
{
    sim_random random;
    std::vector<unsigned> counts(7, 0);

    sim_random_init(&random, 3, "below");
    for (int i = 0; i < 70000; i++) {
        uint64_t value = sim_random_below(&random, 7);

        ASSERT_LT(value, 7u);
        counts[value]++;
    }
    double chi = 0;
    for (unsigned count : counts) {
        chi += (count - 10000.0) * (count - 10000.0) / 10000.0;
    }
    EXPECT_LT(chi, 22.5) << "99.9 % point of chi-square with 6 degrees of freedom";
}

TEST(Random, ExponentialMatchesTheLogarithmOfItsOwnUniform)
{
    sim_random deviates;
    sim_random uniforms;
    const double mean = 1e9;

    sim_random_init(&deviates, 5, "exp");
    sim_random_init(&uniforms, 5, "exp");
    for (int i = 0; i < 100000; i++) {
        double u = (sim_random_u32(&uniforms) + 1.0) / 4294967296.0;
        double exact = -std::log(u) * mean;
        auto got = static_cast<double>(sim_random_exponential(&deviates, 1000000000));

        ASSERT_NEAR(got, exact, mean * 1e-6) << u;
    }
}

TEST(Random, ExponentialHasItsMeanAndVariance)
{
    sim_random random;
    const double mean = 1e9;
    const int n = 400000;
    double sum = 0;
    double squares = 0;

    sim_random_init(&random, 11, "moments");
    for (int i = 0; i < n; i++) {
        auto value = static_cast<double>(sim_random_exponential(&random, 1000000000));

        sum += value;
        squares += value * value;
    }
    EXPECT_NEAR(sum / n, mean, mean * 4 / std::sqrt(n));
    EXPECT_NEAR(squares / n, 2 * mean * mean, mean * mean * 0.05);
}

} // namespace

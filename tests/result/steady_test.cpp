/* The end of the warm-up and of a run, against other ways to work them out and against queues with known means. */
#include "result/steady.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace
{

using Bins = std::vector<steady_bin>;
using Random = std::mt19937_64;

double uniform(Random &random)
{
    return (static_cast<double>(random() >> 11) + 0.5) / 9007199254740992.0;
}

double exponential(Random &random, double mean)
{
    return -mean * std::log(uniform(random));
}

/** Every bin has a number of MSIs with a mean latency that starts high and falls to 1000. */
Bins falling(Random &random, size_t count, double height, double length, uint64_t msis)
{
    Bins bins(count);

    for (size_t i = 0; i < count; i++) {
        for (uint64_t j = 0; j < msis; j++) {
            const double mean = 1000 + height * std::exp(-static_cast<double>(i) / length);

            bins[i].count++;
            bins[i].sum += static_cast<uint64_t>(mean + 400 * uniform(random));
        }
    }
    return bins;
}

/** MSER-5 as its definition has it, each truncation on its own: the bin behind the warm-up, and whether it is over. */
std::pair<size_t, bool> by_definition(const Bins &bins)
{
    std::vector<double> means;
    std::vector<size_t> first;
    uint64_t count = 0;
    uint64_t sum = 0;
    size_t begin = 0;

    for (size_t i = 0; i < bins.size(); i++) {
        count += bins[i].count;
        sum += bins[i].sum;
        if (count >= 5) {
            means.push_back(static_cast<double>(sum) / static_cast<double>(count));
            first.push_back(begin);
            begin = i + 1;
            count = 0;
            sum = 0;
        }
    }
    size_t best = 0;
    double least = INFINITY;
    for (size_t d = 0; d + 5 <= means.size(); d++) {
        const double left = static_cast<double>(means.size() - d);
        double mean = 0;
        double squares = 0;

        for (size_t i = d; i < means.size(); i++) {
            mean += means[i] / left;
        }
        for (size_t i = d; i < means.size(); i++) {
            squares += (means[i] - mean) * (means[i] - mean);
        }
        if (squares / (left * left) < least) {
            least = squares / (left * left);
            best = d;
        }
    }
    if (means.empty()) {
        return {0, true};
    }
    const size_t kept = std::min(best, means.size() / 2);
    return {std::min(first[kept], bins.size() / 2), best <= means.size() / 2};
}

TEST(Steady, WarmUpIsThatOfTheDefinition)
{
    Random random(5);

    for (int i = 0; i < 60; i++) {
        const size_t count = 20 + random() % 800;
        Bins bins = falling(random, count, static_cast<double>(random() % 8000),
                            1 + static_cast<double>(random() % 300), 1 + random() % 7);
        size_t length = 0;

        for (size_t j = 0; j < bins.size(); j += 1 + random() % 9) {
            bins[j] = {0, 0}; /* stretches without any MSI */
        }
        const auto expected = by_definition(bins);
        EXPECT_EQ(steady_warmup(bins.data(), bins.size(), &length), expected.second) << i;
        EXPECT_EQ(length, expected.first) << i;
    }
}

TEST(Steady, WarmUpEndsWhereTheTransientDoes)
{
    Random random(6);
    size_t length = 0;

    EXPECT_TRUE(steady_warmup(falling(random, 4000, 20000, 50, 5).data(), 4000, &length));
    EXPECT_GT(length, 150u); /* 1000 above at 3 time constants, */
    EXPECT_LT(length, 500u); /* less than the noise at 10 */
    EXPECT_FALSE(steady_warmup(falling(random, 400, 20000, 2000, 5).data(), 400, &length));
    EXPECT_LE(length, 200u);
    EXPECT_TRUE(steady_warmup(Bins(64).data(), 64, &length)) << "without any MSI there is nothing to leave out";
    EXPECT_EQ(length, 0u);
    EXPECT_TRUE(steady_warmup(Bins(64, {5, 5000}).data(), 64, &length));
    EXPECT_EQ(length, 0u);
}

TEST(Steady, LooksLieEverFartherApartAndEndWithTheRun)
{
    size_t before = 0;
    size_t step = 0;
    size_t bins = 0;

    while ((bins = steady_next_look(before)) < STEADY_BINS) {
        EXPECT_EQ(bins % STEADY_BATCHES, 0u);
        EXPECT_GE(bins - before, step);
        EXPECT_LE(bins - before, std::max<size_t>(STEADY_BATCHES, before / 4));
        step = bins - before;
        before = bins;
    }
    EXPECT_GT(before, STEADY_BINS / 2);
}

TEST(Steady, BatchesAreOfEqualTimeAndKnowTheirSpread)
{
    Bins bins(64);

    for (size_t i = 0; i < bins.size(); i++) {
        bins[i] = {10 + i % 3, (10 + i % 3) * (i / 2 % 2 == 0 ? 900 : 1100)}; /* batches of 900 and 1100 in turn */
    }
    const steady_mean mean = steady_batches(bins.data(), bins.size());
    EXPECT_DOUBLE_EQ(mean.mean, 1000);
    EXPECT_NEAR(mean.half, 2.0395 * 100 * std::sqrt(32.0 / 31) / std::sqrt(32.0), 1e-9);
    EXPECT_NEAR(mean.lag, -31.0 / 32, 1e-9);
    EXPECT_GE(mean.smallest, 20u);
    EXPECT_TRUE(steady_is_enough(&mean, 40000));
    EXPECT_FALSE(steady_is_enough(&mean, 36000));
    for (const steady_mean &unreliable : {steady_mean{9, 1000, 1, 0}, steady_mean{20, 1000, 1, 0.3}}) {
        EXPECT_FALSE(steady_is_enough(&unreliable, 40000));
    }
    bins[5] = bins[4] = {0, 0};
    EXPECT_EQ(steady_batches(bins.data(), bins.size()).smallest, 0u);
}

/** A process with a known mean whose latencies are told to a listener as MSIs, in units of a service time of 1000. */
class Process
{
  public:
    virtual ~Process() = default;

    /** Births and latencies of all that is born before @p end. */
    void run(const sim_observer &listener, sim_time end)
    {
        while (next_.born < end) {
            if (next_.born != 0) {
                listener.event(listener.context, SIM_EVENT_MSI_DELIVERED, &next_, nullptr, next_.born + latency_, 0);
            }
            step();
        }
    }

  protected:
    void tell(double born, double latency)
    {
        next_.born = static_cast<sim_time>(born);
        latency_ = static_cast<sim_time>(latency);
    }

    virtual void step() = 0;

  private:
    sim_packet next_ = {};
    sim_time latency_ = 0;
};

/** Sojourn times in a queue with one server, exponential in both: mean 1 / (1 - load) service times. */
class Queue : public Process
{
  public:
    Queue(uint64_t seed, double load) : random_(seed), load_(load)
    {
    }

  protected:
    void step() override
    {
        arrival_ += exponential(random_, 1000 / load_);
        departure_ = std::max(arrival_, departure_) + exponential(random_, 1000);
        tell(arrival_, departure_ - arrival_);
    }

  private:
    Random random_;
    double load_;
    double arrival_ = 0;
    double departure_ = 0;
};

/** Exponential values of mean 1000, each correlated with the one before (D. P. Gaver, P. A. W. Lewis, 1980). */
class Autoregressive : public Process
{
  public:
    Autoregressive(uint64_t seed, double correlation) : random_(seed), correlation_(correlation)
    {
        value_ = exponential(random_, 1000);
    }

  protected:
    void step() override
    {
        time_ += 1000;
        value_ = correlation_ * value_ + (uniform(random_) < correlation_ ? 0 : exponential(random_, 1000));
        tell(time_, value_);
    }

  private:
    Random random_;
    double correlation_;
    double time_ = 0;
    double value_;
};

/** Runs a process until its mean is known; the look that ended it. @return whether it was before the end */
bool known(Process &&process, uint64_t millionths, sim_time end, steady_look *look)
{
    steady *series = steady_create();
    const sim_observer listener = steady_observer(series);
    unsigned in_a_row = 0;

    steady_start(series, 0, end);
    for (size_t bins = steady_next_look(0); bins < STEADY_BINS && in_a_row < 2; bins = steady_next_look(bins)) {
        process.run(listener, steady_end(series, bins));
        *look = steady_look_at(series, bins, true);
        in_a_row = look->warmup_is_over && steady_is_enough(&look->mean, millionths) ? in_a_row + 1 : 0;
    }
    steady_destroy(series);
    return in_a_row == 2;
}

/** How many of the intervals at which 150 runs ended hold the true mean, in thousandths of those that ended. */
template <typename Made> unsigned coverage(Made make, double truth, uint64_t millionths, sim_time end)
{
    unsigned ended = 0;
    unsigned covered = 0;

    for (uint64_t seed = 1; seed <= 150; seed++) {
        steady_look look = {};

        if (known(make(seed), millionths, end, &look)) {
            ended++;
            covered += std::fabs(look.mean.mean - truth) <= look.mean.half;
            EXPECT_LE(look.mean.half, 1e-6 * static_cast<double>(millionths) * look.mean.mean);
            EXPECT_LT(std::fabs(look.mean.mean - truth), 4e-6 * static_cast<double>(millionths) * truth) << seed;
        }
    }
    EXPECT_GE(ended, 147u);
    std::printf("          coverage %u of %u at %.0f %%\n", covered, ended, static_cast<double>(millionths) / 1e4);
    return 1000 * covered / ended;
}

/**
 * A rule that ends runs at a lucky look misses the true mean much more often than once in twenty; so does an interval
 * that takes what is correlated and skewed to be neither.
 */
TEST(Steady, IntervalsOfRunsThatWereEndedHoldTheTrueMean)
{
    for (const double load : {0.3, 0.6, 0.8}) {
        const auto queue = [load](uint64_t seed) { return Queue(seed, load); };
        const sim_time end = load > 0.7 ? 1500000000 : 300000000;

        EXPECT_GE(coverage(queue, 1000 / (1 - load), 50000, end), 930u) << load;
    }
    for (const double correlation : {0.5, 0.9}) {
        const auto series = [correlation](uint64_t seed) { return Autoregressive(seed, correlation); };

        EXPECT_GE(coverage(series, 1000, 50000, 300000000), 930u) << correlation;
    }
    const auto short_queue = [](uint64_t seed) { return Queue(seed, 0.6); };

    EXPECT_GE(coverage(short_queue, 2500, 100000, 300000000), 930u); /* a few thousand MSIs of a correlated process */
}

/** Without what is new in it, Student's interval of the same batches, for comparison: narrower, unless all is well. */
TEST(Steady, CorrelationAndSkewnessWidenTheInterval)
{
    const auto student = [](const std::vector<double> &means) {
        double mean = 0;
        double squares = 0;

        for (const double value : means) {
            mean += value / static_cast<double>(means.size());
        }
        for (const double value : means) {
            squares += (value - mean) * (value - mean);
        }
        return 2.0395 * std::sqrt(squares / 31 / 32);
    };
    std::vector<double> turns(32);
    std::vector<double> waves(32);
    std::vector<double> skewed(32);

    for (size_t i = 0; i < 32; i++) {
        turns[i] = i % 2 == 0 ? 900 : 1100;
        waves[i] = 1000 + 100 * std::sin(static_cast<double>(i) / 2);
        skewed[i] = i == 16 ? 2000 : 900 + static_cast<double>(i % 2);
    }
    EXPECT_DOUBLE_EQ(steady_half(turns.data(), 32), student(turns));
    /* lag-1 correlation cos(1/2), nearly: (1 + r) / (1 - r) = 15 of the variance. */
    EXPECT_GT(steady_half(waves.data(), 32), 3 * student(waves));
    /* The skewness of one value far out of n is nearly sqrt(n). */
    const double shift = 5.66 * 31.0 / 30 / 6 / std::sqrt(32.0);

    EXPECT_NEAR(steady_half(skewed.data(), 32) / student(skewed),
                std::fabs(std::cbrt(1 + 6 * shift * (-2.0395 - shift)) - 1) / (2 * shift) / 2.0395, 0.15);
    EXPECT_EQ(steady_half(turns.data(), 1), -1);
    EXPECT_NEAR(steady_half(turns.data(), 2), 12.7062 * 100, 1e-6);
    EXPECT_EQ(steady_half(std::vector<double>(32, 5).data(), 32), 0);
}

TEST(Steady, AsksForAsMuchAsItTakes)
{
    steady_look loose = {};
    steady_look tight = {};

    EXPECT_TRUE(known(Queue(3, 0.5), 100000, 800000000, &loose));
    EXPECT_TRUE(known(Queue(3, 0.5), 20000, 800000000, &tight));
    EXPECT_GT(tight.mean.smallest, 8 * loose.mean.smallest); /* five times as tight: some 25 times as much */
    EXPECT_FALSE(known(Queue(3, 0.5), 1000, 400000000, &tight));
    EXPECT_FALSE(known(Queue(3, 0.97), 20000, 4000000, &loose)) << "neighbouring batches go together";
}

} // namespace

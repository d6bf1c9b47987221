/* Two whole systems in one process, each on a thread of its own: neither sees the other. */
#include "tests/system/whole.h"

#include <gtest/gtest.h>

#include <thread>

namespace
{

using system_test::load;
using system_test::Whole;

struct Outcome {
    uint64_t fingerprint = 0;
    uint64_t count = 0;
    sim_time mean = 0;
    sim_time end = 0;

    bool operator==(const Outcome &other) const
    {
        return fingerprint == other.fingerprint && count == other.count && mean == other.mean && end == other.end;
    }
};

/* Everything from the file on happens on the calling thread. */
void simulate(const std::string &path, Outcome *outcome)
{
    const auto scenario = load(path, {"duration=150 us"});
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    const run_result &result = whole.finish();
    *outcome = {result.fingerprint, result.latency.count, result.latency.mean, result.end_time};
}

TEST(Threads, TwoSystemsAtOnceAreAsTwoAlone)
{
    const std::string one = "scenarios/seeds/two-its-split.yaml";
    const std::string other = "scenarios/seeds/its-beside-root-complex.yaml";
    Outcome alone[2];
    Outcome together[3];

    simulate(one, &alone[0]);
    simulate(other, &alone[1]);
    std::thread first(simulate, one, &together[0]);
    std::thread second(simulate, other, &together[1]);
    std::thread third(simulate, one, &together[2]);
    first.join();
    second.join();
    third.join();
    EXPECT_GT(alone[0].count, 100u);
    EXPECT_NE(alone[0].fingerprint, alone[1].fingerprint);
    EXPECT_TRUE(together[0] == alone[0]);
    EXPECT_TRUE(together[1] == alone[1]);
    EXPECT_TRUE(together[2] == alone[0]);
}

} // namespace

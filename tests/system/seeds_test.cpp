/* The seeds: what they are shipped to show, from the topology and from a run. */
#include "tests/system/whole.h"

#include "scenario/verdicts.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace
{

using system_test::load;
using system_test::name_of_case;
using system_test::outcome_of;
using system_test::scenarios_in;
using system_test::Whole;

struct Topology {
    explicit Topology(const struct scenario *scenario)
    {
        struct host_error error = {};

        EXPECT_TRUE(verdicts_from_topology(scenario, &verdicts, &error)) << error.text;
    }
    ~Topology()
    {
        verdict_list_clear(&verdicts);
    }
    Topology(const Topology &) = delete;
    Topology &operator=(const Topology &) = delete;

    verdict_list verdicts = {};
};

class Seeds : public testing::TestWithParam<std::string>
{
};

/** Whether a seed is there for what it loses: then its expectations say how much. */
bool is_to_lose(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->expectation_count; i++) {
        const scenario_expectation &expectation = scenario->expectations[i];

        if (expectation.metric == SCENARIO_METRIC_MSI_LOST &&
            (!expectation.upper.present || expectation.upper.value > 0)) {
            return true;
        }
    }
    return false;
}

/** Whether its expectations say how many faults there are. */
bool is_to_fault(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->expectation_count; i++) {
        const scenario_expectation &expectation = scenario->expectations[i];

        if (expectation.metric == SCENARIO_METRIC_COUNTER && std::string(expectation.counter) == "events") {
            return true;
        }
    }
    return false;
}

/* That check and run agree on them is tests/system/agreement_test.cpp's. */
TEST_P(Seeds, MeetTheirExpectationsAndLoseNothing)
{
    const auto scenario = load(GetParam());
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    const run_result &result = whole.finish();

    EXPECT_GE(result.expectation_count, 2u);
    for (size_t i = 0; i < result.expectation_count; i++) {
        EXPECT_TRUE(result.expectations[i].met) << result.expectations[i].key << ": " << result.expectations[i].got;
    }
    for (size_t i = 0; i < result.device_count; i++) {
        EXPECT_GT(result.devices[i].born, 0u) << result.devices[i].name;
    }
    if (is_to_lose(scenario.get())) {
        return;
    }
    EXPECT_GT(result.latency.count, 100u);
    EXPECT_TRUE(result.smmu_events == 0 || is_to_fault(scenario.get())) << result.smmu_events;
    for (size_t i = 0; i < result.device_count; i++) {
        EXPECT_EQ(result.devices[i].lost, 0u) << result.devices[i].name;
    }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Seeds, testing::ValuesIn(scenarios_in("scenarios/seeds")), name_of_case);

/* Both doorbells, both DeviceIDs and the group: what a reader of the verdict needs to believe it. */
void expect_split_evidence(const verdict_list &verdicts, bool from_run)
{
    const struct verdict *verdict = verdict_list_find(&verdicts, "doorbell-per-group");
    std::map<std::string, std::pair<uint64_t, uint64_t>> seen;

    ASSERT_NE(verdict, nullptr);
    ASSERT_EQ(verdict->outcome, VERDICT_VIOLATED);
    ASSERT_EQ(verdict->evidence_count, 1u);
    EXPECT_EQ(std::string(verdict->evidence[0].subject).substr(0, 6), "group ");
    for (size_t i = 0; i < verdict->evidence[0].device_count; i++) {
        const verdict_device &device = verdict->evidence[0].devices[i];

        seen[device.name] = {device.doorbell, device.device_id};
        EXPECT_EQ(device.stream_id, device.rid);
        EXPECT_EQ(device.msi_count > 0, from_run) << device.name;
        EXPECT_EQ(device.first_packet != 0, from_run) << device.name;
    }
    const std::map<std::string, std::pair<uint64_t, uint64_t>> expected = {{"epA", {0x08090040, 0x300}},
                                                                           {"epB", {0x080d0040, 0x400}}};
    EXPECT_EQ(seen, expected);
}

TEST(SplitEvidence, FromCheck)
{
    const auto scenario = load("scenarios/seeds/two-its-split.yaml");
    const Topology topology(scenario.get());

    expect_split_evidence(topology.verdicts, false);
}

TEST(SplitEvidence, FromRun)
{
    const auto scenario = load("scenarios/seeds/two-its-split.yaml", {"duration=100 us"});
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    expect_split_evidence(whole.finish().verdicts, true);
}

} // namespace

/* Every run ends with nothing under way and everything accounted for. */
#include "tests/system/whole.h"

#include <gtest/gtest.h>

namespace
{

using system_test::all_scenarios;
using system_test::load;
using system_test::name_of_case;
using system_test::Whole;

class Drain : public testing::TestWithParam<std::string>
{
};

TEST_P(Drain, EverythingIsAccountedFor)
{
    const auto scenario = load(GetParam());
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    EXPECT_EQ(collector_outstanding(whole.collector()), 0u);
    EXPECT_EQ(sim_pool(whole.sim())->live, 0u) << "packets that nobody freed";
    for (size_t i = 0; i < sim_channel_count(whole.sim()); i++) {
        const struct sim_channel *channel = sim_channel_at(whole.sim(), i);

        EXPECT_EQ(sim_channel_occupancy(channel), 0u) << channel->name;
    }

    const run_result &result = whole.finish();
    uint64_t born = 0;

    for (size_t i = 0; i < result.device_count; i++) {
        const run_device &device = result.devices[i];
        uint64_t dropped = 0;
        uint64_t peer = 0;

        for (const run_tally &tally : device.dropped) {
            dropped += tally.count;
        }
        for (size_t j = 0; j < device.peer_count; j++) {
            peer += device.peers[j].tally.count;
        }
        /* MSIs that ended at a peer are lost, and no writes of data. */
        peer -= device.dropped[SIM_DROP_PEER].count;
        EXPECT_EQ(device.lost, dropped) << device.name;
        EXPECT_EQ(device.born, device.delivered + device.merged + dropped) << device.name;
        EXPECT_EQ(device.writes_sent, device.writes_visible + device.writes_dropped + peer) << device.name;
        born += device.born;
    }
    EXPECT_EQ(born, collector_born(whole.collector()));
    EXPECT_GT(born, 0u);
    EXPECT_EQ(run_result_failures(&result), 0u);
}

/*
 * What goes to a peer arrives there, and is no data of which an MSI says that it is visible in memory: a peer may be
 * slower than any memory, and a handler does not look there.
 */
TEST(PeerToPeer, IsNoDataThatInterruptsTellOf)
{
    const auto scenario =
        system_test::load_text("base: " + system_test::source_path("tests/data/scenarios/cascade.yaml") +
                               "\ntraffic:\n"
                               "  ep0:\n"
                               "    - dma-write: { to: ep3, size: 64 B, period: 8 us, buffer: 4 KiB }\n"
                               "    - msi: { period: 8 us, start: 4 us }\n"
                               "  ep1: null\n"
                               "  ep2: null\n"
                               "  ep3: null\n");
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    const run_result &result = whole.finish();
    const run_device &device = system_test::device_of(result, "ep0");

    ASSERT_EQ(device.peer_count, 1u);
    EXPECT_STREQ(device.peers[0].component, "ep3");
    EXPECT_EQ(device.peers[0].tally.count, device.writes_sent);
    EXPECT_GT(device.delivered, 4u);
    EXPECT_EQ(device.order_checked, 0u);
    EXPECT_EQ(device.order_violations.count, 0u);
    EXPECT_EQ(system_test::outcome_of(result.verdicts, "data-before-interrupt"), "not-applicable");
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Drain, testing::ValuesIn(all_scenarios()), name_of_case);

} // namespace

// Redistributors with room for a few pending LPIs: the others go to the pending table and come back.
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace
{

using namespace gic_test;

constexpr uint32_t kLpis = 12;

class Overflow : public ::testing::TestWithParam<support::Engine>
{
  protected:
    void start(uint32_t entries)
    {
        Options options;

        options.rd.pending_entries = entries;
        options.lpi_credits = 16;
        system = std::make_unique<System>(GetParam(), options);
        system->bring_up();
        system->map_device(2, 8);
        for (uint32_t event = 0; event < kLpis; event++) {
            system->map_event(2, event, intid(event), 0);
        }
        system->sync(0);
    }
    /** Far enough apart that they are in several words of the table. */
    static uint32_t intid(uint32_t event)
    {
        return 8200 + 40 * event;
    }
    bool memory_bit(uint32_t event) const
    {
        return (memory_read8(system->memory, kPendingTables + intid(event) / 8) >> (intid(event) % 8) & 1) != 0;
    }
    bool pending(uint32_t rd, uint32_t event) const
    {
        return redistributor_is_pending(system->rds[rd], intid(event));
    }
    void send_all()
    {
        for (uint32_t event = 0; event < kLpis; event++) {
            system->msi_now(2, event);
        }
    }
    std::vector<uint32_t> acknowledge_all(uint32_t rd)
    {
        std::vector<uint32_t> list;

        for (;;) {
            system->pes[rd]->acknowledge(1);
            system->run();
            uint32_t got = system->pes[rd]->acknowledged().back().intid;
            if (got == GIC_INTID_SPURIOUS) {
                return list;
            }
            list.push_back(got);
        }
    }
    std::vector<uint32_t> all() const
    {
        std::vector<uint32_t> list;

        for (uint32_t event = 0; event < kLpis; event++) {
            list.push_back(intid(event));
        }
        return list;
    }
    std::unique_ptr<System> system;
};

TEST_P(Overflow, WhatDoesNotFitGoesToTheTableAndComesBack)
{
    start(3);
    send_all();
    EXPECT_EQ(system->counter("rd0", "written_out"), kLpis - 3);
    EXPECT_EQ(redistributor_pending_count(system->rds[0]), kLpis);
    for (uint32_t event = 0; event < kLpis; event++) {
        EXPECT_EQ(memory_bit(event), event >= 3) << event;
    }
    // One that is in the table merges like any other.
    system->msi_now(2, 5);
    EXPECT_EQ(system->counter("rd0", "merged"), 1u);
    std::vector<uint32_t> list = acknowledge_all(0);

    std::sort(list.begin(), list.end());
    EXPECT_EQ(list, all()) << "each once";
    EXPECT_EQ(system->counter("rd0", "read_back"), kLpis - 3);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_DROPPED), 0u);
    EXPECT_EQ(sim_pool(system->sim)->live, 0u);
}

TEST_P(Overflow, NoTrafficWhileThereIsRoom)
{
    start(kLpis);
    uint64_t writes = system->counter("rd0", "table_writes");

    send_all();
    EXPECT_EQ(system->counter("rd0", "written_out"), 0u);
    EXPECT_EQ(system->counter("rd0", "table_writes"), writes);
}

TEST_P(Overflow, ClearDiscardAndMovesReachWhatIsInTheTable)
{
    start(2);
    send_all();
    system->command(event_command(ITS_COMMAND_CLEAR, 2, 7));
    system->command(event_command(ITS_COMMAND_DISCARD, 2, 8));
    system->command(movi(2, 9, 1));
    system->sync(0);
    EXPECT_FALSE(pending(0, 7));
    EXPECT_FALSE(pending(0, 8));
    EXPECT_FALSE(pending(0, 9));
    EXPECT_EQ(system->drops(SIM_DROP_LPI_CLEARED), 2u);
    EXPECT_EQ(acknowledge_all(1), std::vector<uint32_t>{intid(9)});
    system->command(movall(0, 2));
    system->sync(0);
    EXPECT_EQ(redistributor_pending_count(system->rds[0]), 0u);
    EXPECT_EQ(acknowledge_all(2).size(), kLpis - 3);
    EXPECT_EQ(acknowledge_all(0).size(), 0u);
}

TEST_P(Overflow, DisableSavesAllAndEnableLoadsAll)
{
    start(2);
    send_all();
    // What has come back is no longer pending, and its bit must not be there after the save.
    for (int i = 0; i < 3; i++) {
        system->pes[0]->acknowledge(1);
        system->run();
    }
    uint32_t left = redistributor_pending_count(system->rds[0]);
    ASSERT_EQ(left, kLpis - 3);
    std::vector<bool> expected;
    for (uint32_t event = 0; event < kLpis; event++) {
        expected.push_back(pending(0, event));
    }
    system->rd_write(0, GICR_CTLR, 0, 4);
    for (uint32_t event = 0; event < kLpis; event++) {
        EXPECT_EQ(memory_bit(event), expected[event]) << event;
    }
    system->rd_write(0, GICR_CTLR, 1, 4);
    EXPECT_EQ(redistributor_pending_count(system->rds[0]), left);
    EXPECT_EQ(acknowledge_all(0).size(), left);
    EXPECT_EQ(sim_pool(system->sim)->live, 0u);
}

TEST_P(Overflow, DisabledLpisTakeNoRoom)
{
    start(1);
    for (uint32_t event = 0; event < 4; event++) {
        system->set_config(intid(event), false);
    }
    send_all();
    EXPECT_EQ(acknowledge_all(0).size(), kLpis - 4);
    for (uint32_t event = 0; event < 4; event++) {
        system->set_config(intid(event), true);
    }
    system->command(invall(0));
    system->sync(0);
    EXPECT_EQ(acknowledge_all(0).size(), 4u);
}

TEST_P(Overflow, InvalidationsReachWhatIsInTheTable)
{
    start(1);
    send_all();
    system->set_config(intid(6), false);
    system->set_config(intid(7), true, 0x10);
    system->command(event_command(ITS_COMMAND_INV, 2, 6));
    system->command(invall(0));
    system->sync(0);
    EXPECT_EQ(acknowledge_all(0).size(), kLpis - 1);
    EXPECT_TRUE(pending(0, 6));
}

TEST_P(Overflow, OneWriteIsUnderWayAtATime)
{
    start(1);
    // Warm: the configuration of all, and the translations.
    send_all();
    acknowledge_all(0);
    std::vector<uint64_t> ids;

    for (uint32_t event = 0; event < 4; event++) {
        ids.push_back(system->msi(2, event));
    }
    system->run();
    // The second is the first that is written out; each after it waits until the write before it is answered: to the
    // memory, there, and back.
    for (uint32_t event = 2; event < 4; event++) {
        EXPECT_EQ(system->time_of(SIM_EVENT_MSI_PENDING, ids[event]) -
                      system->time_of(SIM_EVENT_MSI_PENDING, ids[event - 1]),
                  SIM_NS + system->options.memory_latency + SIM_NS);
    }
}

INSTANTIATE_TEST_SUITE_P(Engines, Overflow, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

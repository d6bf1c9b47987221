// The redistributor: registers, configuration and its cache, priorities, the pending table, EnableLPIs.
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace
{

using namespace gic_test;

class Redistributor : public ::testing::TestWithParam<support::Engine>
{
  protected:
    Redistributor()
    {
        start(Options());
    }
    void start(const Options &options)
    {
        system = std::make_unique<System>(GetParam(), options);
        system->bring_up();
        system->map_device(2, 8);
        system->map_event(2, 20, 8195, 3);
        system->sync(3);
    }
    uint32_t acknowledge(uint32_t rd, uint32_t mask = 0xff)
    {
        system->pes[rd]->acknowledge(1, mask);
        system->run();
        return system->pes[rd]->acknowledged().back().intid;
    }
    std::vector<uint32_t> acknowledge_all(uint32_t rd)
    {
        std::vector<uint32_t> list;

        for (uint32_t intid = acknowledge(rd); intid != GIC_INTID_SPURIOUS; intid = acknowledge(rd)) {
            list.push_back(intid);
        }
        return list;
    }
    void inv(uint32_t event)
    {
        system->command(event_command(ITS_COMMAND_INV, 2, event));
        system->sync(3);
    }
    bool memory_bit(uint32_t rd, uint32_t intid) const
    {
        uint64_t table = kPendingTables + rd * UINT64_C(0x100000);

        return (memory_read8(system->memory, table + intid / 8) >> (intid % 8) & 1) != 0;
    }

    std::unique_ptr<System> system;
};

TEST_P(Redistributor, Registers)
{
    for (uint32_t rd = 0; rd < 4; rd++) {
        uint64_t typer = system->rd_read(rd, GICR_TYPER);

        EXPECT_EQ(typer & 1, 1u) << "physical LPIs";
        EXPECT_EQ(typer >> 8 & 0xffff, rd);
        EXPECT_EQ(typer >> 32, rd);
        EXPECT_EQ(typer >> 4 & 1, rd == 3 ? 1u : 0u) << "Last";
        EXPECT_EQ(system->rd_read(rd, GICR_TYPER, 4) | system->rd_read(rd, GICR_TYPER + 4, 4) << 32, typer);
    }
    EXPECT_EQ(system->rd_read(0, GICR_PIDR2, 4) >> 4 & 0xf, 3u);
    EXPECT_EQ(system->rd_read(0, GICR_CTLR, 4), 3u) << "EnableLPIs, and CES: it may be cleared";
    EXPECT_EQ(system->rd_read(0, GICR_SYNCR, 4), 0u);
    EXPECT_EQ(system->rd_read(0, 0x10080, 4), 0u) << "SGI_base frame";
    EXPECT_EQ(system->rd_read(0, GICR_WAKER, 4), 0u) << "firmware has woken it up";
}

TEST_P(Redistributor, TableBasesAreFixedWhileEnabled)
{
    uint64_t propbaser = system->rd_read(0, GICR_PROPBASER);
    uint64_t pendbaser = system->rd_read(0, GICR_PENDBASER);

    system->rd_write(0, GICR_PROPBASER, 0);
    system->rd_write(0, GICR_PENDBASER, 0);
    EXPECT_EQ(system->rd_read(0, GICR_PROPBASER), propbaser);
    EXPECT_EQ(system->rd_read(0, GICR_PENDBASER), pendbaser);
    EXPECT_EQ(pendbaser >> 62 & 1, 0u) << "its-lpi-017: PTZ reads as zero";
    EXPECT_EQ(propbaser & 0x1f, 15u);
}

TEST_P(Redistributor, DisabledLpiIsRememberedUntilEnabledAndInvalidated)
{
    // its-lpi-009
    system->set_config(8195, false);
    inv(20);
    system->msi_now(2, 20);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_TRUE(redistributor_is_pending(system->rds[3], 8195));
    system->set_config(8195, true);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    inv(20);
    EXPECT_EQ(system->pes[3]->signalled(), 0xa0u);
    EXPECT_EQ(acknowledge(3), 8195u);
}

TEST_P(Redistributor, DisablingTakesEffectAfterInvAndSync)
{
    // its-lpi-010
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u);
    system->set_config(8195, false);
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u) << "cached";
    inv(20);
    system->msi_now(2, 20);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_TRUE(redistributor_is_pending(system->rds[3], 8195));
}

TEST_P(Redistributor, DisablingASignalledLpiWithdrawsIt)
{
    system->msi_now(2, 20);
    ASSERT_EQ(system->pes[3]->signalled(), 0xa0u);
    system->set_config(8195, false);
    inv(20);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(acknowledge(3), GIC_INTID_SPURIOUS);
    EXPECT_TRUE(redistributor_is_pending(system->rds[3], 8195));
}

TEST_P(Redistributor, InvallRefreshesACollection)
{
    // its-lpi-011, with more LPIs than fetches
    for (uint32_t event = 0; event < 12; event++) {
        system->map_event(2, event, 8200 + 3 * event, 3);
        system->set_config(8200 + 3 * event, false);
        system->msi(2, event);
    }
    system->run();
    EXPECT_EQ(redistributor_pending_count(system->rds[3]), 12u);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    for (uint32_t event = 0; event < 12; event++) {
        system->set_config(8200 + 3 * event, true);
    }
    system->command(invall(3));
    system->sync(3);
    EXPECT_EQ(system->pes[3]->signalled(), 0xa0u);
    EXPECT_EQ(acknowledge_all(3).size(), 12u);
}

TEST_P(Redistributor, SyncIsAnsweredAfterTheConfigurationWasReadAgain)
{
    // Software that sees CREADR past the SYNC may rely on the new configuration. Twelve LPIs are read again, one at a
    // time and slowly; the last of them is the one that is enabled now.
    Options options;

    options.rd.config_fetches = 1;
    options.rd_memory_flight = 300 * SIM_NS;
    start(options);
    for (uint32_t event = 0; event < 12; event++) {
        system->map_event(2, event, 8200 + event, 3);
        system->set_config(8200 + event, false);
        system->msi_now(2, event);
    }
    ASSERT_EQ(redistributor_pending_count(system->rds[3]), 12u);
    system->set_config(8211, true);
    system->put_command(invall(3));
    system->put_command(sync_command(3));
    uint64_t done_at = system->its_read(0, GITS_CWRITER) + 64;
    sim_time start = sim_now(system->sim);
    bus_driver_write(system->its_cpus[0], 0, kItsBase + GITS_CWRITER, done_at, 8);
    bool seen = false;
    for (int i = 0; i < 4000 && !seen; i++) {
        uint32_t poll = bus_driver_read(system->its_cpus[0], 0, kItsBase + GITS_CREADR, 8);

        while (!bus_driver_get_result(system->its_cpus[0], poll)->answered) {
            ASSERT_NE(sim_run(system->sim, sim_now(system->sim) + SIM_NS), SIM_RUN_STOPPED);
        }
        seen = bus_driver_get_result(system->its_cpus[0], poll)->value == done_at;
    }
    ASSERT_TRUE(seen);
    EXPECT_GT(sim_now(system->sim), start + 12 * 300 * SIM_NS);
    EXPECT_EQ(acknowledge(3), 8211u);
}

TEST_P(Redistributor, InvRacingAReadReadsAgain)
{
    // The answer with the old configuration is still on its way when the INV comes.
    Options options;

    options.rd_memory_flight = 5 * SIM_US;
    start(options);
    system->msi_now(2, 20);
    acknowledge(3);
    inv(20);
    system->put_command(event_command(ITS_COMMAND_INV, 2, 20));
    system->msi(2, 20);
    sim_run(system->sim, sim_now(system->sim) + SIM_US);
    ASSERT_TRUE(redistributor_is_pending(system->rds[3], 8195));
    ASSERT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    system->set_config(8195, false);
    bus_driver_write(system->its_cpus[0], 0, kItsBase + GITS_CWRITER, system->next_command(), 8);
    system->run();
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_TRUE(redistributor_is_pending(system->rds[3], 8195));
}

TEST_P(Redistributor, ItssTakeTurns)
{
    // Two ITSs with an MSI every cycle, a redistributor that takes one message a cycle.
    Options options;

    options.its_count = 2;
    options.rd_count = 1;
    options.lpi_credits = 8;
    system = std::make_unique<System>(GetParam(), options);
    system->bring_up();
    for (uint32_t its = 0; its < 2; its++) {
        system->map_device(2, 4, its);
        system->map_event(2, 0, 8192, 0, its);
        system->msi_now(2, 0, its);
    }
    sim_time at = sim_now(system->sim) + 10 * SIM_NS;
    for (int i = 0; i < 100; i++) {
        system->msi(2, 0, 0, at);
        system->msi(2, 0, 1, at);
    }
    system->run();
    std::vector<sim_time> ends[2];
    for (const auto &event : system->log.events()) {
        if (event.kind == SIM_EVENT_MSI_MERGED && event.time > at) {
            bool second = event.packet >> 32 == sim_name_hash("device-its1");

            ends[second].push_back(event.time);
        }
    }
    ASSERT_EQ(ends[0].size(), 100u);
    ASSERT_EQ(ends[1].size(), 100u);
    for (size_t i = 30; i < 100; i++) {
        EXPECT_EQ(ends[0][i] - ends[0][i - 1], 2 * SIM_NS);
        EXPECT_EQ(ends[1][i] - ends[1][i - 1], 2 * SIM_NS);
    }
}

TEST_P(Redistributor, HigherPriorityFirstThenLowerIntid)
{
    // its-lpi-014 and more
    const uint8_t priorities[] = {0xa0, 0x40, 0xa0, 0x40, 0x00, 0xfc};

    for (uint32_t event = 0; event < 6; event++) {
        system->map_event(2, event, 8300 - event, 3);
        system->set_config(8300 - event, true, priorities[event]);
    }
    for (uint32_t event = 0; event < 6; event++) {
        system->msi(2, event);
    }
    system->run();
    EXPECT_EQ(system->pes[3]->signalled(), 0x00u);
    EXPECT_EQ(acknowledge_all(3), (std::vector<uint32_t>{8296, 8297, 8299, 8298, 8300, 8295}));
}

TEST_P(Redistributor, MaskAppliesToTheAcknowledge)
{
    system->set_config(8195, true, 0x80);
    inv(20);
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3, 0x80), GIC_INTID_SPURIOUS) << "equal to the mask is masked";
    EXPECT_EQ(acknowledge(3, 0x84), 8195u);
}

TEST_P(Redistributor, LowPriorityBitsDoNotCount)
{
    // Priority is bits 7:2; bit 1 is reserved.
    system->set_config(8195, true, 0x42);
    inv(20);
    system->msi_now(2, 20);
    EXPECT_EQ(system->pes[3]->signalled(), 0x40u);
    EXPECT_EQ(acknowledge(3), 8195u);
}

TEST_P(Redistributor, ConfigurationCacheHoldsSingleLpis)
{
    Options options;

    options.rd.config_cache_entries = 4;
    options.rd.config_cache_ways = 2;
    start(options);
    // Two sets: 8192, 8194, 8196 are even, and three of them do not fit two ways.
    for (uint32_t event = 0; event < 3; event++) {
        system->map_event(2, event, 8192 + 2 * event, 3);
    }
    for (int round = 0; round < 3; round++) {
        for (uint32_t event = 0; event < 3; event++) {
            system->msi_now(2, event);
            acknowledge(3);
        }
    }
    EXPECT_EQ(system->counter("rd3", "config_misses"), 9u) << "LRU of two under a cycle of three";
    EXPECT_EQ(system->counter("rd3", "config_hits"), 0u);
    for (int round = 0; round < 3; round++) {
        for (uint32_t event = 0; event < 2; event++) {
            system->msi_now(2, event);
            acknowledge(3);
        }
    }
    EXPECT_EQ(system->counter("rd3", "config_misses"), 11u);
    EXPECT_EQ(system->counter("rd3", "config_hits"), 4u);
}

TEST_P(Redistributor, PendingTableIsReadAtEnable)
{
    // its-lpi-015, with the edges of lines and of the table
    const std::vector<uint32_t> set = {8192, 8197, 8319, 8703, 8704, 65535};
    uint64_t table = kPendingTables + 1 * UINT64_C(0x100000);

    system->rd_write(1, GICR_CTLR, 0, 4);
    memory_fill(system->memory, table, 0xff, 1024); // INTIDs below 8192: not ours
    for (uint32_t intid : set) {
        uint8_t byte = memory_read8(system->memory, table + intid / 8);

        memory_write8(system->memory, table + intid / 8, static_cast<uint8_t>(byte | 1u << (intid % 8)));
    }
    system->bring_up_rd(1, 0);
    EXPECT_EQ(redistributor_pending_count(system->rds[1]), set.size());
    EXPECT_EQ(acknowledge_all(1), set);
}

TEST_P(Redistributor, PtzSkipsTheTable)
{
    system->rd_write(1, GICR_CTLR, 0, 4);
    uint64_t reads = system->counter("rd1", "table_reads");
    memory_fill(system->memory, kPendingTables + UINT64_C(0x100000), 0xff, 8192);
    system->bring_up_rd(1, UINT64_C(1) << 62);
    EXPECT_EQ(redistributor_pending_count(system->rds[1]), 0u);
    EXPECT_EQ(system->counter("rd1", "table_reads"), reads);
}

TEST_P(Redistributor, PendingTableIsWrittenAtDisableAndReadAgain)
{
    system->set_config(9000, false);
    system->map_event(2, 21, 9000, 3);
    system->map_event(2, 22, 65535, 3);
    uint64_t id = system->msi_now(2, 20);
    system->msi_now(2, 21);
    system->msi_now(2, 22);
    EXPECT_FALSE(memory_bit(3, 8195)) << "on chip while enabled";
    system->rd_write(3, GICR_CTLR, 0, 4);
    EXPECT_EQ(system->rd_read(3, GICR_CTLR, 4), 2u) << "disabled, and RWP is 0 again";
    EXPECT_TRUE(memory_bit(3, 8195));
    EXPECT_TRUE(memory_bit(3, 9000));
    EXPECT_TRUE(memory_bit(3, 65535));
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(acknowledge(3), GIC_INTID_SPURIOUS);
    // The first KiB was not touched.
    for (uint32_t i = 0; i < 1024; i++) {
        ASSERT_EQ(memory_read8(system->memory, kPendingTables + 3 * UINT64_C(0x100000) + i), 0u);
    }
    // Software clears one bit; the MSI behind it is lost, the others come back, the first with its own packet.
    uint64_t table = kPendingTables + 3 * UINT64_C(0x100000);
    memory_write8(system->memory, table + 65535 / 8, 0);
    system->bring_up_rd(3, 0);
    EXPECT_EQ(redistributor_pending_count(system->rds[3]), 2u);
    EXPECT_EQ(system->drops(SIM_DROP_LPI_DISABLED), 1u);
    EXPECT_EQ(acknowledge(3), 8195u);
    EXPECT_EQ(system->pes[3]->acknowledged().back().packet, id);
    EXPECT_EQ(acknowledge(3), GIC_INTID_SPURIOUS) << "9000 is disabled";
    // Without a new promise the table is read, although PTZ was 1 when LPIs were enabled first.
    system->rd_write(0, GICR_CTLR, 0, 4);
    memory_write8(system->memory, kPendingTables + 8192 / 8, 1);
    system->rd_write(0, GICR_CTLR, 1, 4);
    EXPECT_TRUE(redistributor_is_pending(system->rds[0], 8192));
    // Bits that were set in memory and are not pending any more are cleared there.
    system->rd_write(3, GICR_CTLR, 0, 4);
    EXPECT_FALSE(memory_bit(3, 8195));
    EXPECT_TRUE(memory_bit(3, 9000));
}

TEST_P(Redistributor, RwpWhileThePendingTableIsWritten)
{
    system->msi_now(2, 20);
    bus_driver_write(system->rd_cpus[3], 0, kRdBase + UINT64_C(3) * GICR_SIZE + GICR_CTLR, 0, 4);
    std::vector<uint32_t> polls;
    for (int i = 0; i < 100; i++) {
        polls.push_back(bus_driver_read(system->rd_cpus[3], 0, kRdBase + UINT64_C(3) * GICR_SIZE + GICR_CTLR, 4));
    }
    system->run();
    unsigned busy = 0;
    for (uint32_t poll : polls) {
        busy += (bus_driver_get_result(system->rd_cpus[3], poll)->value & 8) != 0;
    }
    EXPECT_GT(busy, 20u) << "a write takes 50 ns and more";
    EXPECT_LT(busy, 100u);
    EXPECT_EQ(bus_driver_get_result(system->rd_cpus[3], polls.back())->value, 2u);
}

TEST_P(Redistributor, DisabledRedistributorDropsLpis)
{
    // its-lpi-018
    system->rd_write(3, GICR_CTLR, 0, 4);
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_LPI_DISABLED), 1u);
    system->command(event_command(ITS_COMMAND_INV, 2, 20));
    system->command(invall(3));
    system->command(movi(2, 20, 1));
    system->command(movall(3, 1));
    system->sync(3);
    EXPECT_EQ(system->its_read(0, GITS_CREADR), system->its_read(0, GITS_CWRITER)) << "commands go on";
    system->bring_up_rd(3);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
}

TEST_P(Redistributor, IntidBeyondPropbaserIsDroppedHereOnly)
{
    // its-lpi-019
    system->rd_write(3, GICR_CTLR, 0, 4);
    system->rd_write(3, GICR_PROPBASER, kConfigTable | 13);
    system->rd_write(3, GICR_CTLR, 1, 4);
    system->map_event(2, 1, 0x8000, 3);
    system->map_event(2, 2, 8300, 3);
    system->map_event(2, 3, 0x3fff, 3);
    EXPECT_EQ(system->counter("its0", "command_errors"), 0u);
    system->msi_now(2, 1);
    EXPECT_EQ(system->drops(SIM_DROP_LPI_DISABLED), 1u);
    system->msi_now(2, 2);
    EXPECT_EQ(acknowledge(3), 8300u);
    system->msi_now(2, 3);
    EXPECT_EQ(acknowledge(3), 0x3fffu) << "the last one";
    // IDbits below 13: no LPIs at all.
    system->rd_write(3, GICR_CTLR, 0, 4);
    system->rd_write(3, GICR_PROPBASER, kConfigTable | 12);
    system->rd_write(3, GICR_CTLR, 1, 4);
    system->msi_now(2, 2);
    EXPECT_EQ(system->drops(SIM_DROP_LPI_DISABLED), 2u);
}

TEST_P(Redistributor, MergesUntilAcknowledged)
{
    uint64_t first = system->msi_now(2, 20);
    system->msi_now(2, 20);
    system->msi_now(2, 20);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_MERGED), 2u);
    EXPECT_EQ(acknowledge(3), 8195u);
    EXPECT_EQ(system->pes[3]->acknowledged().back().packet, first);
    EXPECT_FALSE(redistributor_is_pending(system->rds[3], 8195));
    EXPECT_EQ(acknowledge(3), GIC_INTID_SPURIOUS);
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u);
}

TEST_P(Redistributor, ManyEventsRoundRobin)
{
    // its-lpi-020, fewer rounds: 8 devices, 32 events each, on collection i mod 4
    const uint32_t rounds = 10;

    for (uint32_t device = 0; device < 8; device++) {
        system->map_device(device, 5);
        for (uint32_t event = 0; event < 32; event++) {
            system->command(mapti(device, event, 8192 + device * 32 + event, event % 4), 0, event == 31);
        }
    }
    uint64_t packets = sim_pool(system->sim)->total;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t device = 0; device < 8; device++) {
            for (uint32_t event = 0; event < 32; event++) {
                system->msi(device, event);
            }
        }
        system->run();
        for (auto &pe : system->pes) {
            pe->acknowledge(64);
        }
        system->run();
    }
    for (uint32_t rd = 0; rd < 4; rd++) {
        std::vector<uint32_t> intids = system->pes[rd]->intids();

        for (uint32_t lpi = rd; lpi < 256; lpi += 4) {
            EXPECT_EQ(std::count(intids.begin(), intids.end(), 8192 + lpi), rounds);
        }
        EXPECT_EQ(std::count(intids.begin(), intids.end(), GIC_INTID_SPURIOUS), 0);
    }
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_MERGED), 0u);
    EXPECT_EQ(sim_pool(system->sim)->total, packets) << "64 held at each redistributor, as reserved";
}

TEST_P(Redistributor, EnableAndDisableInOneBreath)
{
    // Software that does not wait: writes 0, 1, 0, 1 back to back while the table is loaded and saved.
    system->msi_now(2, 20);
    for (uint32_t value : {0u, 1u, 0u, 1u}) {
        bus_driver_write(system->rd_cpus[3], 0, kRdBase + UINT64_C(3) * GICR_SIZE + GICR_CTLR, value, 4);
    }
    system->msi(2, 20);
    system->run();
    EXPECT_EQ(system->rd_read(3, GICR_CTLR, 4), 3u);
    system->sync(3);
    acknowledge_all(3);
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u);
    EXPECT_EQ(sim_pool(system->sim)->live, 0u);
}

INSTANTIATE_TEST_SUITE_P(Engines, Redistributor, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

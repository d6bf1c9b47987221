// LPIs without an ITS (SETLPIR and its like), and what a redistributor may have or not: EnableLPIs once only, sleep,
// priorities of two security states.
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

namespace
{

using namespace gic_test;

class RedistributorDirect : public ::testing::TestWithParam<support::Engine>
{
  protected:
    void start()
    {
        system = std::make_unique<System>(GetParam(), options);
        system->bring_up();
    }
    uint32_t acknowledge(uint32_t rd, uint32_t mask = 0xff)
    {
        system->pes[rd]->acknowledge(1, mask);
        system->run();
        return system->pes[rd]->acknowledged().back().intid;
    }
    bool pending(uint32_t rd, uint32_t intid) const
    {
        return redistributor_is_pending(system->rds[rd], intid);
    }
    Options options;
    std::unique_ptr<System> system;
};

TEST_P(RedistributorDirect, SetAndClear)
{
    options.rd.direct_lpi = true;
    start();
    EXPECT_EQ(system->rd_read(1, GICR_TYPER) >> 3 & 1, 1u);
    system->rd_write(1, GICR_SETLPIR, 8195, 8);
    EXPECT_EQ(system->pes[1]->signalled_intid(), 8195u);
    EXPECT_FALSE(pending(0, 8195));
    system->rd_write(1, GICR_SETLPIR, 8195, 4);
    EXPECT_EQ(system->counter("rd1", "merged"), 1u);
    system->rd_write(1, GICR_CLRLPIR, 8195, 8);
    EXPECT_EQ(system->pes[1]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_FALSE(pending(1, 8195));
    system->rd_write(1, GICR_SETLPIR, 8191, 8);
    system->rd_write(1, GICR_SETLPIR, 0x10000, 8);
    EXPECT_EQ(redistributor_pending_count(system->rds[1]), 0u) << "no LPIs";
    EXPECT_EQ(system->counter("rd1", "dropped"), 3u) << "these two, and the one that was cleared";
    system->rd_write(1, GICR_SETLPIR, 8196, 8);
    EXPECT_EQ(acknowledge(1), 8196u);
    EXPECT_EQ(system->rd_read(1, GICR_SETLPIR), 0u) << "write-only";
}

TEST_P(RedistributorDirect, AbsentByDefault)
{
    start();
    EXPECT_EQ(system->rd_read(1, GICR_TYPER) >> 3 & 1, 0u);
    EXPECT_EQ(system->rd_read(1, GICR_CTLR, 4) >> 2 & 1, 0u);
    system->rd_write(1, GICR_SETLPIR, 8195, 8);
    EXPECT_FALSE(pending(1, 8195));
}

TEST_P(RedistributorDirect, InvalidateRegistersAlone)
{
    options.rd.invalidate_registers = true;
    start();
    EXPECT_EQ(system->rd_read(3, GICR_CTLR, 4), 7u) << "EnableLPIs, CES, IR";
    system->map_device(2, 8);
    system->map_event(2, 20, 8195, 3);
    system->map_event(2, 21, 8196, 3);
    system->sync(3);
    system->rd_write(3, GICR_SETLPIR, 8195, 8);
    EXPECT_FALSE(pending(3, 8195)) << "no DirectLPI";
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u);
    system->set_config(8195, false);
    system->msi_now(2, 20);
    EXPECT_EQ(system->pes[3]->signalled(), 0xa0u) << "cached";
    system->rd_write(3, GICR_INVLPIR, 8195, 8);
    EXPECT_EQ(system->rd_read(3, GICR_SYNCR, 4), 0u);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    system->set_config(8195, true, 0x80);
    // A virtual one (bit 63) is not for the physical side.
    system->rd_write(3, GICR_INVLPIR, UINT64_C(1) << 63 | 8195, 8);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    system->rd_write(3, GICR_INVALLR, 0, 8);
    EXPECT_EQ(system->pes[3]->signalled(), 0x80u);
}

TEST_P(RedistributorDirect, SyncrIsBusyUntilTheConfigurationHasBeenRead)
{
    options.rd.direct_lpi = true;
    options.rd_memory_flight = 500 * SIM_NS;
    start();
    system->rd_write(3, GICR_SETLPIR, 8195, 8);
    sim_time start = sim_now(system->sim) + 100 * SIM_NS;
    uint64_t base = kRdBase + 3 * static_cast<uint64_t>(GICR_SIZE);

    system->set_config(8195, true, 0x40);
    bus_driver_write(system->rd_cpus[3], start, base + GICR_INVLPIR, 8195, 8);
    uint32_t early = bus_driver_read(system->rd_cpus[3], start + 100 * SIM_NS, base + GICR_SYNCR, 4);
    uint32_t late = bus_driver_read(system->rd_cpus[3], start + 900 * SIM_NS, base + GICR_SYNCR, 4);

    system->run();
    EXPECT_EQ(bus_driver_get_result(system->rd_cpus[3], early)->value, 1u);
    EXPECT_EQ(bus_driver_get_result(system->rd_cpus[3], late)->value, 0u);
    EXPECT_EQ(system->pes[3]->signalled(), 0x40u);
}

TEST_P(RedistributorDirect, SetlpirIsADoorbell)
{
    // A device's MSI is followed from the register to the handler, to the cycle.
    options.rd.direct_lpi = true;
    start();
    bus_driver_op op = {};

    op.type = SIM_PACKET_WRITE;
    op.address = kRdBase + 2 * static_cast<uint64_t>(GICR_SIZE) + GICR_SETLPIR;
    op.length = 4;
    op.value = 8200;
    op.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI;
    uint32_t index = bus_driver_add(system->rd_cpus[2], &op);
    uint64_t id = bus_driver_get_result(system->rd_cpus[2], index)->id;

    system->run();
    EXPECT_TRUE(bus_driver_get_result(system->rd_cpus[2], index)->answered);
    EXPECT_NE(system->time_of(SIM_EVENT_MSI_AT_DOORBELL, id), 0u);
    EXPECT_EQ(system->time_of(SIM_EVENT_MSI_PENDING, id), system->time_of(SIM_EVENT_MSI_AT_DOORBELL, id));
    EXPECT_EQ(acknowledge(2), 8200u);
    EXPECT_EQ(system->pes[2]->acknowledged().back().packet, id);
    // One that goes astray to CLRLPIR is no doorbell's.
    op.address += GICR_CLRLPIR - GICR_SETLPIR;
    bus_driver_add(system->rd_cpus[2], &op);
    system->run();
    EXPECT_EQ(system->drops(SIM_DROP_NOT_AN_LPI), 1u);
}

TEST_P(RedistributorDirect, RequestsWaitWhileThePendingTableIsLoaded)
{
    options.rd.direct_lpi = true;
    start();
    uint64_t base = kRdBase;

    system->rd_write(0, GICR_CTLR, 0, 4);
    memory_write8(system->memory, kPendingTables + 8192 / 8, 0x02);
    system->rd_write(0, GICR_PENDBASER, kPendingTables);
    sim_time now = sim_now(system->sim) + SIM_US;
    bus_driver_write(system->rd_cpus[0], now, base + GICR_CTLR, 1, 4);
    bus_driver_write(system->rd_cpus[0], now, base + GICR_SETLPIR, 8192, 4);
    bus_driver_write(system->rd_cpus[0], now, base + GICR_CLRLPIR, 8193, 4);
    bus_driver_write(system->rd_cpus[0], now, base + GICR_SETLPIR, 8194, 4);
    system->run();
    EXPECT_TRUE(pending(0, 8192));
    EXPECT_FALSE(pending(0, 8193)) << "cleared after it had been loaded";
    EXPECT_TRUE(pending(0, 8194));
}

TEST_P(RedistributorDirect, EnableLpisOnce)
{
    options.rd.enable_once = true;
    start();
    EXPECT_EQ(system->rd_read(0, GICR_CTLR, 4), 1u) << "CES 0";
    system->rd_write(0, GICR_CTLR, 0, 4);
    EXPECT_EQ(system->rd_read(0, GICR_CTLR, 4), 1u);
    uint64_t propbaser = system->rd_read(0, GICR_PROPBASER);

    system->rd_write(0, GICR_PROPBASER, 0);
    EXPECT_EQ(system->rd_read(0, GICR_PROPBASER), propbaser);
}

TEST_P(RedistributorDirect, SleepingPeIsShownNothing)
{
    options.rd.direct_lpi = true;
    options.rd.asleep_at_reset = true;
    start();
    EXPECT_EQ(system->rd_read(0, GICR_WAKER, 4), 6u) << "ProcessorSleep, ChildrenAsleep";
    EXPECT_FALSE(redistributor_wake_request(system->rds[0]));
    system->rd_write(0, GICR_SETLPIR, 8195, 8);
    EXPECT_EQ(system->pes[0]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_TRUE(redistributor_wake_request(system->rds[0]));
    EXPECT_EQ(acknowledge(0), GIC_INTID_SPURIOUS);
    system->rd_write(0, GICR_WAKER, 0, 4);
    EXPECT_EQ(system->rd_read(0, GICR_WAKER, 4), 0u);
    EXPECT_FALSE(redistributor_wake_request(system->rds[0]));
    EXPECT_EQ(system->pes[0]->signalled_intid(), 8195u);
    // To sleep again: what was signalled is withdrawn, not lost.
    system->rd_write(0, GICR_WAKER, 2, 4);
    EXPECT_EQ(system->pes[0]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(system->rd_read(0, GICR_WAKER, 4), 6u);
    system->rd_write(0, GICR_WAKER, 0, 4);
    EXPECT_EQ(acknowledge(0), 8195u);
}

TEST_P(RedistributorDirect, PrioritiesOfTwoSecurityStates)
{
    // The byte is the Non-secure view: 0xa0 is 0xd0 among all priorities (QEMU computes the same).
    options.rd.direct_lpi = true;
    options.rd.two_security_states = true;
    options.rd.priority_bits = 5;
    start();
    const std::pair<unsigned, unsigned> cases[] = {
        {0xa0, 0xd0}, {0x00, 0x80}, {0xfc, 0xf8}, {0x14, 0x88}, {0xf0, 0xf8}};

    for (const auto &one : cases) {
        system->set_config(8195, true, static_cast<uint8_t>(one.first));
        system->rd_write(0, GICR_INVALLR, 0, 8);
        system->rd_write(0, GICR_SETLPIR, 8195, 8);
        EXPECT_EQ(system->pes[0]->signalled(), one.second) << std::hex << one.first;
        EXPECT_EQ(acknowledge(0), 8195u);
    }
}

TEST_P(RedistributorDirect, PriorityBits)
{
    options.rd.direct_lpi = true;
    options.rd.priority_bits = 4;
    start();
    system->set_config(8195, true, 0xac);
    system->rd_write(0, GICR_SETLPIR, 8195, 8);
    EXPECT_EQ(system->pes[0]->signalled(), 0xa0u);
}

INSTANTIATE_TEST_SUITE_P(Engines, RedistributorDirect, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

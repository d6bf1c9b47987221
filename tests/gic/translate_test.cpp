// GITS_TRANSLATER: what is accepted, what is lost and why, and what the caches and slots do.
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace
{

using namespace gic_test;

class Translate : public ::testing::TestWithParam<support::Engine>
{
  protected:
    Translate()
    {
        start(Options());
    }
    ~Translate() override
    {
        system->run();
        EXPECT_EQ(sim_pool(system->sim)->live, redistributor_count()) << "packets were lost";
    }
    void start(const Options &options)
    {
        system = std::make_unique<System>(GetParam(), options);
        system->bring_up();
        system->map_device(2, 8);
        system->map_event(2, 20, 8195, 3);
        system->sync(3);
    }
    uint64_t redistributor_count() const
    {
        uint64_t count = 0;

        for (auto *rd : system->rds) {
            count += redistributor_pending_count(rd);
        }
        return count;
    }
    uint32_t acknowledge(uint32_t rd)
    {
        system->pes[rd]->acknowledge(1);
        system->run();
        return system->pes[rd]->acknowledged().back().intid;
    }
    sim_time time_of(sim_event_kind kind, uint64_t packet) const
    {
        return system->time_of(kind, packet);
    }

    std::unique_ptr<System> system;
};

TEST_P(Translate, SixteenBitWrites)
{
    // its-lpi-003: 2 bytes, and 4 with the low half enabled; the upper half, if there is one, does not count.
    bus_driver_op op = {};

    system->msi(2, 20, 0, 0, 2);
    system->run();
    EXPECT_EQ(acknowledge(3), 8195u);
    op.type = SIM_PACKET_WRITE;
    op.address = kItsBase + GITS_TRANSLATER;
    op.length = 4;
    op.value = 0xdead0014;
    op.first_be = 0x3;
    op.flags = SIM_FLAG_HAS_DEVICE_ID | SIM_FLAG_TRACKED;
    op.device_id = 2;
    bus_driver_add(system->devices[0], &op);
    system->run();
    EXPECT_EQ(acknowledge(3), 8195u);
}

TEST_P(Translate, OtherWidthsAndPartsAreIgnored)
{
    bus_driver_op op = {};

    for (uint32_t length : {1u, 8u, 64u}) {
        system->msi(2, 20, 0, 0, length);
    }
    op.type = SIM_PACKET_WRITE;
    op.address = kItsBase + GITS_TRANSLATER;
    op.length = 4;
    op.value = 20;
    op.first_be = 0xc;
    op.flags = SIM_FLAG_HAS_DEVICE_ID | SIM_FLAG_TRACKED;
    op.device_id = 2;
    bus_driver_add(system->devices[0], &op);
    system->run();
    EXPECT_EQ(system->drops(SIM_DROP_NOT_AN_LPI), 4u);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
}

TEST_P(Translate, ObserversSeeWhatReachedTheDoorbell)
{
    uint64_t id = system->msi_now(2, 20);

    for (const auto &event : system->log.events()) {
        if (event.kind == SIM_EVENT_MSI_AT_DOORBELL) {
            EXPECT_EQ(event.packet, id);
            EXPECT_EQ(event.where, "its0");
            EXPECT_EQ(event.device_id, 2u);
            EXPECT_EQ(event.address, kItsBase + 0x10040);
        }
    }
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_AT_DOORBELL), 1u);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_PENDING), 1u);
}

TEST_P(Translate, ReasonsForLosingAnMsi)
{
    // its-lpi-006, its-lpi-008, its-multi, and the ranges
    system->msi_now(2, 276);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_EVENT_RANGE), 1u) << "beyond the MAPD range: must not become event 20";
    system->msi_now(2, 0x10014);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_EVENT_RANGE), 2u) << "beyond ID_bits: must not become event 20";
    system->msi_now(2, 21);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_EVENT_UNMAPPED), 1u);
    system->msi_now(3, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_UNMAPPED), 1u);
    system->msi_now(0x10002, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_RANGE), 1u) << "must not become device 2";
    system->msi(2, 20, 0, 0, 4, 0);
    system->run();
    EXPECT_EQ(system->drops(SIM_DROP_ITS_NO_DEVICE_ID), 1u) << "a PE's write has no DeviceID";
    system->its_write(0, GITS_CTLR, 0, 4);
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DISABLED), 1u);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(system->counter("its0", "dropped"), 7u);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_AT_DOORBELL), 7u);
}

TEST_P(Translate, DeviceNumberOutOfRangeDoesNotAlias)
{
    // its-lpi-005
    Options options;

    options.its.device_bits = 8;
    start(options);
    system->msi_now(0x102, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_RANGE), 1u);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(system->its_read(0, GITS_TYPER) >> 13 & 0x1f, 7u);
}

TEST_P(Translate, DeviceBeyondTheTableIsOutOfRange)
{
    system->its_write(0, GITS_CTLR, 0, 4);
    system->its_write(0, GITS_BASER(0), UINT64_C(1) << 63 | kDeviceTable | 0); // one page: 512 devices
    system->its_write(0, GITS_CTLR, 1, 4);
    system->msi_now(512, 0);
    system->msi_now(511, 0);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_RANGE), 1u);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_UNMAPPED), 1u);
}

TEST_P(Translate, WritesToOtherRegistersAreNotDoorbells)
{
    bus_driver_op op = {};

    op.type = SIM_PACKET_WRITE;
    op.address = kItsBase + 0x10044;
    op.length = 4;
    op.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI | SIM_FLAG_HAS_DEVICE_ID;
    op.device_id = 2;
    uint32_t index = bus_driver_add(system->devices[0], &op);
    system->run();
    EXPECT_EQ(system->drops(SIM_DROP_NOT_AN_LPI), 1u);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_AT_DOORBELL), 0u);
    EXPECT_TRUE(bus_driver_get_result(system->devices[0], index)->answered);
}

TEST_P(Translate, CachesHoldWhatMsisRead)
{
    system->msi_now(2, 20);
    EXPECT_EQ(system->counter("its0", "event_misses"), 1u);
    EXPECT_EQ(system->counter("its0", "device_misses"), 1u);
    EXPECT_EQ(system->counter("its0", "collection_misses"), 1u);
    uint64_t reads = system->counter("its0", "table_reads");

    acknowledge(3);
    system->msi_now(2, 20);
    EXPECT_EQ(system->counter("its0", "event_hits"), 1u);
    EXPECT_EQ(system->counter("its0", "collection_hits"), 1u);
    EXPECT_EQ(system->counter("its0", "device_hits"), 0u) << "an event that hits needs no device";
    EXPECT_EQ(system->counter("its0", "table_reads"), reads);
    acknowledge(3);
    // Another event of the device: its DTE and CTE are known.
    system->map_event(2, 21, 8196, 3);
    reads = system->counter("its0", "table_reads");
    system->msi_now(2, 21);
    EXPECT_EQ(system->counter("its0", "event_misses"), 2u);
    EXPECT_EQ(system->counter("its0", "device_hits"), 1u);
    EXPECT_EQ(system->counter("its0", "collection_hits"), 2u);
    EXPECT_EQ(system->counter("its0", "table_reads"), reads + 1);
}

TEST_P(Translate, NoCachesReadsEverything)
{
    Options options;

    options.its.device_cache_entries = 0;
    options.its.event_cache_entries = 0;
    options.its.collection_cache_entries = 0;
    start(options);
    for (int i = 0; i < 3; i++) {
        uint64_t reads = system->counter("its0", "table_reads");

        system->msi_now(2, 20);
        EXPECT_EQ(system->counter("its0", "table_reads"), reads + 3);
        EXPECT_EQ(acknowledge(3), 8195u);
    }
}

TEST_P(Translate, MissesOnOneEntryCostOneRead)
{
    // Eight cold MSIs of one device: one DTE, eight ITEs, one CTE.
    for (uint32_t event = 0; event < 8; event++) {
        system->map_event(2, event, 8200 + event, 3);
    }
    uint64_t reads = system->counter("its0", "table_reads");

    for (uint32_t event = 0; event < 8; event++) {
        system->msi(2, event);
    }
    system->run();
    EXPECT_EQ(system->counter("its0", "table_reads"), reads + 1 + 8 + 1);
    EXPECT_EQ(redistributor_pending_count(system->rds[3]), 8u);
    // All are done at the same edge, and leave one an edge as far as the four credits go.
    std::vector<sim_time> left;
    for (const auto &mark : system->log.marks()) {
        if (mark.stage == "its0") {
            left.push_back(mark.end);
        }
    }
    std::sort(left.begin(), left.end());
    ASSERT_EQ(left.size(), 8u);
    for (size_t i = 1; i < 4; i++) {
        EXPECT_EQ(left[i], left[i - 1] + SIM_NS);
    }
}

TEST_P(Translate, AMissDoesNotBlockHits)
{
    system->map_device(5, 4);
    system->map_event(5, 1, 8300, 1);
    system->msi_now(2, 20);
    acknowledge(3);
    // Device 5 is cold, device 2 warm: the later MSI is pending long before the earlier one.
    uint64_t cold = system->msi(5, 1);
    uint64_t warm = system->msi(2, 20);

    system->run();
    EXPECT_LT(time_of(SIM_EVENT_MSI_AT_DOORBELL, cold), time_of(SIM_EVENT_MSI_AT_DOORBELL, warm));
    EXPECT_LT(time_of(SIM_EVENT_MSI_PENDING, warm) + 50 * SIM_NS, time_of(SIM_EVENT_MSI_PENDING, cold));
}

TEST_P(Translate, OneEventStaysInOrder)
{
    // Cold, then more of the same event: the first one makes it pending, the others merge behind it, in order.
    std::vector<uint64_t> ids;

    for (int i = 0; i < 4; i++) {
        ids.push_back(system->msi(2, 20));
    }
    system->run();
    EXPECT_NE(time_of(SIM_EVENT_MSI_PENDING, ids[0]), 0u);
    for (size_t i = 1; i < 4; i++) {
        EXPECT_GT(time_of(SIM_EVENT_MSI_MERGED, ids[i]), time_of(SIM_EVENT_MSI_PENDING, ids[0]));
        if (i > 1) {
            EXPECT_GT(time_of(SIM_EVENT_MSI_MERGED, ids[i]), time_of(SIM_EVENT_MSI_MERGED, ids[i - 1]));
        }
    }
}

TEST_P(Translate, SlotsBoundWhatIsInFlight)
{
    Options options;

    options.its.slots = 2;
    options.doorbell_capacity = 1;
    start(options);
    std::vector<uint64_t> ids;
    for (uint32_t device = 4; device < 8; device++) {
        system->map_device(device, 4);
        system->map_event(device, 0, 8400 + device, 3);
    }
    for (uint32_t device = 4; device < 8; device++) {
        ids.push_back(system->msi(device, 0));
    }
    system->run();
    // The third is taken only when one of the first two has left.
    sim_time first_out = 0;
    for (const auto &mark : system->log.marks()) {
        if (mark.packet == ids[0] && mark.stage == "its0") {
            first_out = mark.end - options.its.translate_cycles * SIM_NS;
        }
    }
    ASSERT_NE(first_out, 0u);
    EXPECT_LT(time_of(SIM_EVENT_MSI_AT_DOORBELL, ids[1]), first_out);
    EXPECT_EQ(time_of(SIM_EVENT_MSI_AT_DOORBELL, ids[2]), first_out);
    EXPECT_EQ(redistributor_pending_count(system->rds[3]), 4u);
}

TEST_P(Translate, CommandsAndMsisOfTheirDevice)
{
    // An MSI that comes while MOVI is carried out waits for it, and goes to the new redistributor; none is doubled.
    system->msi_now(2, 20);
    acknowledge(3);
    system->command(movi(2, 20, 1), 0, false);
    sim_time start_at = sim_now(system->sim);
    uint64_t sent = 0;
    for (sim_time t = 0; t < 600; t += 20) {
        system->msi(2, 20, 0, start_at + t * SIM_NS);
        sent++;
    }
    system->pes[3]->acknowledge_always(0);
    system->pes[1]->acknowledge_always(0);
    system->run();
    uint64_t merged = system->log.event_count(SIM_EVENT_MSI_MERGED);
    uint64_t at_3 = system->pes[3]->acknowledged().size() - 1;
    uint64_t at_1 = system->pes[1]->acknowledged().size();

    EXPECT_EQ(at_1 + at_3 + merged, sent);
    EXPECT_GT(at_1, 0u);
    EXPECT_GT(at_3, 0u);
    // Nothing at the old redistributor once the first has come to the new one.
    EXPECT_LT(system->pes[3]->acknowledged().back().time, system->pes[1]->acknowledged().back().time);
    EXPECT_FALSE(redistributor_is_pending(system->rds[3], 8195));
}

TEST_P(Translate, SyncWaitsForOlderMsis)
{
    // A cold MSI, then SYNC: when the SYNC is done the MSI's LPI is pending.
    Options options;

    options.memory_latency = 200 * SIM_NS;
    start(options);

    system->put_command(sync_command(3));
    // CWRITER reaches the ITS after the MSI.
    uint64_t writer = system->its_read(0, GITS_CWRITER) + 32;
    uint64_t id = system->msi(2, 20, 0, sim_now(system->sim) + 10 * SIM_NS);
    bus_driver_write(system->its_cpus[0], sim_now(system->sim) + 12 * SIM_NS, kItsBase + GITS_CWRITER, writer, 8);
    std::vector<uint32_t> polls;
    for (int i = 0; i < 2000; i++) {
        polls.push_back(bus_driver_read(system->its_cpus[0], 0, kItsBase + GITS_CREADR, 8));
    }
    system->run();
    sim_time done = 0;
    for (uint32_t poll : polls) {
        const bus_driver_result *result = bus_driver_get_result(system->its_cpus[0], poll);

        if (result->value == writer) {
            done = result->answer_time;
            break;
        }
    }
    ASSERT_NE(done, 0u);
    sim_time pending = time_of(SIM_EVENT_MSI_PENDING, id);
    sim_time merged = time_of(SIM_EVENT_MSI_MERGED, id);
    ASSERT_NE(pending + merged, 0u);
    EXPECT_LT(pending + merged, done);
    EXPECT_GT(pending + merged + SIM_US, done) << "and not much later";
}

TEST_P(Translate, NoCreditTowardsOneRedistributorDoesNotStopAnother)
{
    // Redistributor 3's channel is full because its configuration reads are slow; redistributor 1 goes on.
    Options options;

    options.lpi_credits = 1;
    options.rd.config_fetches = 1;
    options.rd.config_cache_entries = 0;
    options.memory_latency = 500 * SIM_NS;
    start(options);
    for (uint32_t event = 0; event < 4; event++) {
        system->map_event(2, event, 8200 + event, 3);
    }
    system->map_event(2, 9, 8300, 1);
    for (uint32_t event = 0; event < 4; event++) {
        system->msi_now(2, event);
        acknowledge(3);
    }
    system->msi_now(2, 9);
    acknowledge(1);
    std::vector<uint64_t> slow;
    for (uint32_t event = 0; event < 4; event++) {
        slow.push_back(system->msi(2, event));
    }
    uint64_t fast = system->msi(2, 9);

    system->run();
    EXPECT_LT(time_of(SIM_EVENT_MSI_PENDING, fast), time_of(SIM_EVENT_MSI_PENDING, slow[2]));
    EXPECT_EQ(redistributor_pending_count(system->rds[3]), 4u);
}

TEST_P(Translate, ReenablingForgetsTheCaches)
{
    system->msi_now(2, 20);
    acknowledge(3);
    system->its_write(0, GITS_CTLR, 0, 4);
    memory_write64(system->memory, kDeviceTable + 2 * 8, 0);
    system->its_write(0, GITS_CTLR, 1, 4);
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_UNMAPPED), 1u);
}

TEST_P(Translate, MsisDoNotSlipPastMapcAndMovall)
{
    // MSIs that wait for a credit towards redistributor 3 while their collection moves to 1, and what is pending
    // with it:
    // none may stay behind.
    Options options;

    options.lpi_credits = 1;
    options.rd.config_fetches = 1;
    options.rd.config_cache_entries = 0;
    options.rd_memory_flight = SIM_US;
    start(options);
    for (uint32_t event = 0; event < 6; event++) {
        system->map_event(2, event, 8200 + event, 3);
        system->msi_now(2, event);
        acknowledge(3);
    }
    system->put_command(mapc(3, 1));
    system->put_command(movall(3, 1));
    system->put_command(sync_command(3));
    uint64_t writer = system->its_read(0, GITS_CWRITER) + 96;
    sim_time at = sim_now(system->sim) + 10 * SIM_NS;
    for (uint32_t event = 0; event < 6; event++) {
        system->msi(2, event, 0, at);
    }
    bus_driver_write(system->its_cpus[0], at, kItsBase + GITS_CWRITER, writer, 8);
    system->run();
    EXPECT_EQ(system->its_read(0, GITS_CREADR), writer);
    EXPECT_EQ(redistributor_pending_count(system->rds[3]), 0u);
    EXPECT_EQ(redistributor_pending_count(system->rds[1]), 6u);
}

TEST_P(Translate, TargetPortsTakeTurns)
{
    Options options;

    options.lpi_credits = 32;
    start(options);
    system->msi_now(2, 20);
    std::vector<uint64_t> ids;
    std::vector<uint32_t> reads;
    sim_time at = sim_now(system->sim) + 10 * SIM_NS;

    for (int i = 0; i < 50; i++) {
        ids.push_back(system->msi(2, 20, 0, at));
        bus_driver_op op = {};
        op.at = at;
        op.type = SIM_PACKET_READ;
        op.address = kItsBase + GITS_CREADR;
        op.length = 8;
        reads.push_back(bus_driver_add(system->its_cpus[0], &op));
    }
    system->run();
    for (size_t i = 1; i < ids.size(); i++) {
        EXPECT_EQ(time_of(SIM_EVENT_MSI_AT_DOORBELL, ids[i]) - time_of(SIM_EVENT_MSI_AT_DOORBELL, ids[i - 1]),
                  2 * SIM_NS);
    }
    sim_time last = bus_driver_get_result(system->its_cpus[0], reads.back())->answer_time;
    EXPECT_NEAR(static_cast<double>(last), static_cast<double>(time_of(SIM_EVENT_MSI_AT_DOORBELL, ids.back())), 1e7);
}

TEST_P(Translate, CommandsAndMissesShareTheMemoryPort)
{
    // So many misses that the port is busy at every edge: the command queue gets its share all the same.
    Options options;

    options.its.slots = 64;
    options.its.event_cache_entries = 0;
    options.lpi_credits = 32;
    options.memory_latency = 20 * SIM_NS;
    options.doorbell_capacity = 32;
    start(options);
    for (uint32_t device = 4; device < 12; device++) {
        system->map_device(device, 8);
        for (uint32_t event = 0; event < 32; event++) {
            system->command(mapti(device, event, 8400 + event, event % 4), 0, event == 31);
        }
    }
    system->run();
    // INVALL only reads; SYNC would wait for all older MSIs.
    for (uint32_t i = 0; i < 10; i++) {
        system->put_command(invall(i % 4));
    }
    sim_time at = sim_now(system->sim) + 10 * SIM_NS;
    uint64_t last = 0;
    for (uint32_t i = 0; i < 3000; i++) {
        last = system->msi(4 + i % 8, i / 8 % 32, 0, at);
    }
    bus_driver_op op = {};
    op.at = at + 300 * SIM_NS;
    op.type = SIM_PACKET_WRITE;
    op.address = kItsBase + GITS_CWRITER;
    op.length = 8;
    op.value = system->next_command();
    bus_driver_add(system->its_cpus[0], &op);
    sim_run(system->sim, at + 1500 * SIM_NS);
    uint64_t done = system->counter("its0", "commands");
    system->run();
    EXPECT_GT(time_of(SIM_EVENT_MSI_AT_DOORBELL, last), at + 2500 * SIM_NS) << "still busy then";
    EXPECT_EQ(system->counter("its0", "commands"), done) << "all ten were done in 1.2 us of it";
}

INSTANTIATE_TEST_SUITE_P(Engines, Translate, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

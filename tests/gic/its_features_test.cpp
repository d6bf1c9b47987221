// What an ITS may have or not: reports of unmapped MSIs, page sizes, on-chip collections, addresses as RDbase, system
// errors; and that commands take their turn in the translation pipeline.
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

namespace
{

using namespace gic_test;

class ItsFeatures : public ::testing::TestWithParam<support::Engine>
{
  protected:
    void start()
    {
        system = std::make_unique<System>(GetParam(), options);
    }
    void bring_up()
    {
        start();
        system->bring_up();
        system->map_device(2, 8);
        system->map_event(2, 20, 8195, 3);
        system->sync(3);
        system->its_write(0, GITS_STATUSR, 0x3f, 4);
    }
    uint64_t statusr()
    {
        return system->its_read(0, GITS_STATUSR, 4);
    }
    Options options;
    std::unique_ptr<System> system;
};

TEST_P(ItsFeatures, StatusrNotesAccessesThatDoNotFit)
{
    start();
    EXPECT_EQ(statusr(), 0u);
    system->its_read(0, GITS_CTLR, 4);
    system->its_read(0, GITS_IIDR, 4);
    system->its_read(0, GITS_PIDR2, 4);
    system->its_read(0, GITS_BASER(7));
    system->its_write(0, GITS_CWRITER, 0);
    EXPECT_EQ(statusr(), 0u);
    system->its_read(0, 0x60, 4);
    EXPECT_EQ(statusr(), 1u) << "read of a reserved location";
    system->its_write(0, 0x60, 0, 4);
    EXPECT_EQ(statusr(), 3u) << "write of one";
    system->its_read(0, GITS_TRANSLATER, 4);
    EXPECT_EQ(statusr(), 7u) << "read of a write-only location";
    system->its_write(0, GITS_TYPER, 0);
    EXPECT_EQ(statusr(), 0xfu) << "write of a read-only location";
    system->its_write(0, GITS_STATUSR, 0x5, 4);
    EXPECT_EQ(statusr(), 0xau) << "ones clear";
    system->its_read(0, GITS_UMSIR);
    EXPECT_EQ(statusr(), 0xbu) << "GITS_UMSIR is not there";
}

TEST_P(ItsFeatures, UnmappedMsisAreReported)
{
    struct Case {
        uint32_t device;
        uint32_t event;
        unsigned syndrome;
    };
    const Case cases[] = {{0x10002, 20, GITS_SYNDROME_DEVICE_RANGE}, {5, 20, GITS_SYNDROME_DEVICE_UNMAPPED},
                          {2, 256, GITS_SYNDROME_EVENT_RANGE},       {2, 0x10000, GITS_SYNDROME_EVENT_RANGE},
                          {2, 21, GITS_SYNDROME_EVENT_UNMAPPED},     {2, 22, GITS_SYNDROME_COLLECTION_UNMAPPED}};

    options.its.umsi = true;
    bring_up();
    system->map_event(2, 22, 8196, 9);
    system->sync(3);
    EXPECT_EQ(system->its_read(0, GITS_TYPER) >> 44 & 3, 3u);
    system->its_write(0, GITS_CTLR, 1 | 1 << 8, 4);
    EXPECT_EQ(system->its_read(0, GITS_CTLR, 4), 0x101u);
    for (const Case &one : cases) {
        EXPECT_FALSE(its_umsi_interrupt(system->its[0]));
        system->msi_now(one.device, one.event);
        EXPECT_EQ(statusr(), 0x10u | one.syndrome << 6);
        EXPECT_EQ(system->its_read(0, GITS_UMSIR), static_cast<uint64_t>(one.device) << 32 | one.event);
        EXPECT_TRUE(its_umsi_interrupt(system->its[0]));
        system->its_write(0, GITS_STATUSR, 0x10, 4);
    }
    // The first is kept; the second only overflows.
    system->msi_now(5, 1);
    system->msi_now(2, 21);
    EXPECT_EQ(statusr(), 0x30u | GITS_SYNDROME_DEVICE_UNMAPPED << 6);
    EXPECT_EQ(system->its_read(0, GITS_UMSIR), UINT64_C(5) << 32 | 1);
    system->its_write(0, GITS_CTLR, 1, 4);
    EXPECT_FALSE(its_umsi_interrupt(system->its[0])) << "the line is off";
    system->its_write(0, GITS_STATUSR, 0x30, 4);
    // A mapped MSI, one without a DeviceID, an INT command, and one while the ITS is off are no unmapped MSIs.
    system->msi_now(2, 20);
    system->msi(2, 21, 0, 0, 4, 0);
    system->run();
    system->command(event_command(ITS_COMMAND_INT, 2, 21));
    system->its_write(0, GITS_CTLR, 0, 4);
    system->msi_now(2, 21);
    EXPECT_EQ(statusr() & 0x30, 0u);
    EXPECT_EQ(system->counter("its0", "unmapped"), 8u);
}

TEST_P(ItsFeatures, UmsiIsAbsentByDefault)
{
    bring_up();
    EXPECT_EQ(system->its_read(0, GITS_TYPER) >> 44 & 3, 0u);
    system->its_write(0, GITS_CTLR, 1 | 1 << 8, 4);
    EXPECT_EQ(system->its_read(0, GITS_CTLR, 4), 1u);
    system->msi_now(2, 21);
    EXPECT_EQ(statusr(), 0u);
    EXPECT_EQ(system->its_read(0, GITS_UMSIR), 0u);
}

TEST_P(ItsFeatures, PageSizesThatAreOffered)
{
    options.its.page_sizes = 0x6;
    options.its.flat_tables = true;
    start();
    EXPECT_EQ(system->its_read(0, GITS_BASER(0)) >> 8 & 3, 1u) << "what a reset leaves must be one that is offered";
    const unsigned expected[] = {1, 1, 2, 2};

    for (unsigned size = 0; size < 4; size++) {
        system->its_write(0, GITS_BASER(0), size << 8 | UINT64_C(1) << 62);
        EXPECT_EQ(system->its_read(0, GITS_BASER(0)) >> 8 & 3, expected[size]);
        EXPECT_EQ(system->its_read(0, GITS_BASER(0)) >> 62 & 1, 0u) << "flat only";
    }
}

TEST_P(ItsFeatures, CollectionsOnChip)
{
    options.its.chip_collections = 4;
    start();
    memory_fill(system->memory, kConfigTable, 0xa1, 57344);
    for (uint32_t rd = 0; rd < 4; rd++) {
        system->bring_up_rd(rd);
    }
    EXPECT_EQ(system->its_read(0, GITS_TYPER) >> 24 & 0xff, 4u);
    system->bring_up_its(0);
    system->its_write(0, GITS_CTLR, 0, 4);
    system->its_write(0, GITS_BASER(1), 0);
    system->its_write(0, GITS_CTLR, 1, 4);
    system->map_collections();
    system->command(mapc(4, 0));
    EXPECT_EQ(its_error_count(system->its[0], ITS_COMMAND_MAPC, ITS_ERROR_COLLECTION_RANGE), 1u);
    system->map_device(2, 8);
    system->map_event(2, 20, 8195, 3);
    system->command(mapti(2, 21, 8196, 4));
    EXPECT_EQ(its_error_count(system->its[0], ITS_COMMAND_MAPTI, ITS_ERROR_COLLECTION_RANGE), 1u);
    system->sync(3);
    uint64_t reads = system->counter("its0", "table_reads");

    system->msi_now(2, 20);
    EXPECT_EQ(system->pes[3]->signalled_intid(), 8195u);
    EXPECT_EQ(system->counter("its0", "table_reads") - reads, 2u) << "DTE and ITE, no CTE";
    system->command(mapc(3, 3, false));
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_COLLECTION), 1u);
    // With a table in memory the ones on chip are not used (CCT 0).
    system->its_write(0, GITS_CTLR, 0, 4);
    system->its_write(0, GITS_BASER(1), GIC_MASK(GITS_BASER_VALID) | kCollectionTable);
    system->its_write(0, GITS_CTLR, 1, 4);
    system->command(mapc(9, 3));
    system->command(movi(2, 20, 9));
    EXPECT_EQ(its_error_count(system->its[0], ITS_COMMAND_MOVI, ITS_ERROR_COLLECTION_UNMAPPED), 1u);
    system->command(mapc(3, 2));
    system->msi_now(2, 20);
    EXPECT_EQ(system->pes[2]->signalled_intid(), 8195u);
}

TEST_P(ItsFeatures, ShortCollectionIds)
{
    options.its.collection_bits = 5;
    bring_up();
    EXPECT_EQ(system->its_read(0, GITS_TYPER) >> 32 & 0x1f, 0x14u) << "CIL, and CIDbits 4";
    system->command(mapc(31, 0));
    EXPECT_EQ(system->counter("its0", "command_errors"), 0u);
    system->command(mapc(32, 0));
    EXPECT_EQ(its_last_error(system->its[0]), 0x010903u);
}

TEST_P(ItsFeatures, RdbaseIsAnAddress)
{
    options.its.physical_targets = true;
    options.its.redistributor_base = kRdBase;
    options.its.redistributor_stride = GICR_SIZE;
    start();
    EXPECT_EQ(system->its_read(0, GITS_TYPER) >> 19 & 1, 1u);
    memory_fill(system->memory, kConfigTable, 0xa1, 57344);
    for (uint32_t rd = 0; rd < 4; rd++) {
        system->bring_up_rd(rd);
    }
    system->bring_up_its(0);
    auto rdbase = [](uint32_t rd) { return (kRdBase + rd * UINT64_C(0x20000)) >> 16; };

    for (uint32_t rd = 0; rd < 4; rd++) {
        system->command(mapc(rd, rdbase(rd)));
        system->command(sync_command(rdbase(rd)));
    }
    system->map_device(2, 8);
    system->map_event(2, 20, 8195, 3);
    system->command(sync_command(rdbase(3)));
    EXPECT_EQ(system->counter("its0", "command_errors"), 0u);
    system->msi_now(2, 20);
    EXPECT_EQ(system->pes[3]->signalled_intid(), 8195u);
    system->command(movall(rdbase(3), rdbase(1)));
    system->command(sync_command(rdbase(3)));
    EXPECT_EQ(system->pes[1]->signalled_intid(), 8195u);
    for (uint64_t wrong : {UINT64_C(0), rdbase(4), rdbase(1) + 1}) {
        system->command(mapc(5, wrong));
        system->command(sync_command(wrong));
        system->command(movall(wrong, rdbase(0)));
    }
    EXPECT_EQ(its_error_count(system->its[0], ITS_COMMAND_MAPC, ITS_ERROR_SIZE_RANGE), 3u);
    EXPECT_EQ(its_error_count(system->its[0], ITS_COMMAND_SYNC, ITS_ERROR_SIZE_RANGE), 3u);
    EXPECT_EQ(its_error_count(system->its[0], ITS_COMMAND_MOVALL, ITS_ERROR_DEVICE_RANGE), 3u);
}

TEST_P(ItsFeatures, SystemErrors)
{
    options.its.system_errors = true;
    bring_up();
    EXPECT_EQ(system->its_read(0, GITS_TYPER) >> 18 & 1, 1u);
    system->command(mapti(9, 0, 8192, 0));
    system->command(sync_command(0));
    EXPECT_EQ(system->counter("its0", "system_errors"), 1u);
    EXPECT_EQ(system->counter("its0", "command_errors"), 1u);
}

TEST_P(ItsFeatures, CommandsTakeTheirTurnInThePipeline)
{
    // MSIs that come faster than the interval; each command makes the ones behind it an interval later.
    sim_time last[2];

    options.its.interval_cycles = 20;
    options.doorbell_capacity = 64;
    options.lpi_credits = 16;
    for (unsigned commands = 0; commands < 2; commands++) {
        bring_up();
        for (uint32_t event = 0; event < 16; event++) {
            system->map_event(2, event, 8200 + event, 0);
            system->msi_now(2, event);
        }
        sim_time start = sim_now(system->sim) + SIM_US;
        uint64_t packet = 0;

        for (unsigned i = 0; commands != 0 && i < 3; i++) {
            system->put_command(event_command(ITS_COMMAND_INV, 2, 20));
        }
        bus_driver_write(system->its_cpus[0], start, kItsBase + GITS_CWRITER, system->next_command(), 8);
        for (uint32_t i = 0; i < 60; i++) {
            packet = system->msi(2, i % 16, 0, start + 10 * SIM_NS);
        }
        system->run();
        last[commands] = system->time_of(SIM_EVENT_MSI_AT_DOORBELL, packet) - start;
    }
    EXPECT_EQ(last[1] - last[0], 3 * 20 * SIM_NS);
}

INSTANTIATE_TEST_SUITE_P(Engines, ItsFeatures, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

// Every physical command: what it does, what it refuses, and what the queue does then.
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <cstring>

namespace
{

using namespace gic_test;

/** The starting point of most cases: device 2 with 256 events, of which event 20 is LPI 8195 at redistributor 3. */
class ItsCommands : public ::testing::TestWithParam<support::Engine>
{
  protected:
    ItsCommands()
    {
        start(Options());
    }
    ~ItsCommands() override
    {
        if (system != nullptr) {
            EXPECT_EQ(sim_pool(system->sim)->live, held) << "packets were lost";
        }
    }
    void start(const Options &options)
    {
        system = std::make_unique<System>(GetParam(), options);
        system->bring_up();
        system->map_device(2, 8);
        system->map_event(2, 20, 8195, 3);
        system->sync(3);
    }
    void disable_8195()
    {
        system->set_config(8195, false);
        system->command(event_command(ITS_COMMAND_INV, 2, 20));
        system->sync(3);
    }
    /** Acknowledges once at a redistributor. */
    uint32_t acknowledge(uint32_t rd)
    {
        system->pes[rd]->acknowledge(1);
        system->run();
        return system->pes[rd]->acknowledged().back().intid;
    }
    /** A command that must change nothing but this count. */
    void refuse(const its_command &command, its_error_reason reason, uint32_t code)
    {
        uint64_t reader = system->its_read(0, GITS_CREADR);
        uint64_t before = its_error_count(system->its[0], command.opcode, reason);
        uint64_t writes = system->counter("its0", "table_writes");

        system->command(command);
        EXPECT_EQ(its_error_count(system->its[0], command.opcode, reason), before + 1)
            << its_command_name(command.opcode);
        EXPECT_EQ(its_last_error(system->its[0]), code) << std::hex << its_last_error(system->its[0]);
        EXPECT_EQ(system->counter("its0", "table_writes"), writes);
        EXPECT_EQ(system->its_read(0, GITS_CREADR), (reader + 32) % 0x10000) << "ignored, and the queue goes on";
    }
    bool pending(uint32_t rd, uint32_t intid) const
    {
        return redistributor_is_pending(system->rds[rd], intid);
    }

    std::unique_ptr<System> system;
    uint64_t held = 0; /**< packets that are left pending on purpose */
};

TEST(ItsCommandFormat, LiteralBytes)
{
    // Double words written out by hand from the command tables.
    struct Case {
        its_command command;
        uint64_t dw[4];
    };
    its_command not_mapc = mapc(5, 2, false);
    const Case cases[] = {
        {mapd(0x12345, 7, 0x80ff00), {UINT64_C(0x0001234500000008), 7, UINT64_C(0x800000000080ff00), 0}},
        {mapc(5, 2), {0x09, 0, UINT64_C(0x8000000000020005), 0}},
        {not_mapc, {0x09, 0, 0x20005, 0}},
        {mapti(2, 20, 8195, 3), {UINT64_C(0x000000020000000a), UINT64_C(0x0000200300000014), 3, 0}},
        {mapi(2, 8201, 1), {UINT64_C(0x000000020000000b), 8201, 1, 0}},
        {movi(2, 20, 1), {UINT64_C(0x0000000200000001), 20, 1, 0}},
        {movall(3, 1), {0x0e, 0, 0x30000, 0x10000}},
        {event_command(ITS_COMMAND_INT, 7, 255), {UINT64_C(0x0000000700000003), 255, 0, 0}},
        {event_command(ITS_COMMAND_CLEAR, 7, 255), {UINT64_C(0x0000000700000004), 255, 0, 0}},
        {event_command(ITS_COMMAND_INV, 7, 255), {UINT64_C(0x000000070000000c), 255, 0, 0}},
        {event_command(ITS_COMMAND_DISCARD, 7, 255), {UINT64_C(0x000000070000000f), 255, 0, 0}},
        {invall(0x1234), {0x0d, 0, 0x1234, 0}},
        {sync_command(3), {0x05, 0, 0x30000, 0}},
    };

    for (const Case &c : cases) {
        uint8_t bytes[ITS_COMMAND_BYTES];
        its_command back;

        its_command_encode(&c.command, bytes);
        for (unsigned i = 0; i < 4; i++) {
            EXPECT_EQ(sim_load_le64(&bytes[8 * i]), c.dw[i]) << its_command_name(c.command.opcode) << " DW" << i;
        }
        its_command_decode(bytes, &back);
        EXPECT_EQ(back.opcode, c.command.opcode);
        EXPECT_EQ(back.device_id, c.command.device_id);
        EXPECT_EQ(back.event_id, c.command.event_id);
        EXPECT_EQ(back.intid, c.command.intid);
        EXPECT_EQ(back.collection, c.command.collection);
        EXPECT_EQ(back.target, c.command.target);
        EXPECT_EQ(back.target2, c.command.target2);
        EXPECT_EQ(back.itt_address, c.command.itt_address);
        EXPECT_EQ(back.size, c.command.size);
        EXPECT_EQ(back.valid, c.command.valid);
    }
}

TEST(ItsCommandFormat, ErrorCodes)
{
    EXPECT_EQ(its_error_code(ITS_COMMAND_MAPD, ITS_ERROR_DEVICE_RANGE), 0x010801u);
    EXPECT_EQ(its_error_code(ITS_COMMAND_MAPC, ITS_ERROR_SIZE_RANGE), 0x010902u);
    EXPECT_EQ(its_error_code(ITS_COMMAND_CLEAR, ITS_ERROR_EVENT_UNMAPPED), 0x010507u);
    EXPECT_STREQ(its_command_name(ITS_COMMAND_MAPTI), "MAPTI");
    EXPECT_STREQ(its_command_name(0x7f), "unknown");
}

TEST_P(ItsCommands, IntOnASecondDeviceAndCollection)
{
    // its-lpi-002
    system->map_device(7, 8);
    system->map_event(7, 255, 8196, 2);
    system->command(event_command(ITS_COMMAND_INT, 7, 255));
    EXPECT_EQ(system->pes[2]->signalled_intid(), 8196u);
    EXPECT_EQ(acknowledge(2), 8196u);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
}

TEST_P(ItsCommands, MapdInvalidUnmaps)
{
    // its-cmd-003
    system->command(mapd(2, 0, 0, false));
    system->sync(3);
    system->msi_now(2, 20);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_UNMAPPED), 1u);
}

TEST_P(ItsCommands, MapdForgetsCachedTranslations)
{
    system->msi_now(2, 20);
    ASSERT_EQ(acknowledge(3), 8195u);
    ASSERT_EQ(system->counter("its0", "event_misses"), 1u);
    // A new, empty ITT: what the caches hold must not be used.
    system->command(mapd(2, 7, system->itt_of(9)));
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_EVENT_UNMAPPED), 1u);
    // Back to the old one: its entries are in memory still.
    system->command(mapd(2, 7, system->itt_of(2)));
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u);
}

TEST_P(ItsCommands, MapdLeavesPendingPending)
{
    disable_8195();
    system->msi_now(2, 20);
    system->command(mapd(2, 0, 0, false));
    system->sync(3);
    EXPECT_TRUE(pending(3, 8195));
    held = 1;
}

TEST_P(ItsCommands, MapdErrors)
{
    refuse(mapd(0x10000, 7, system->itt_of(2)), ITS_ERROR_DEVICE_RANGE, 0x010801);
    refuse(mapd(0x10000, 7, 0, false), ITS_ERROR_DEVICE_RANGE, 0x010801);
    refuse(mapd(2, 16, system->itt_of(2)), ITS_ERROR_SIZE_RANGE, 0x010802);
    refuse(mapd(0x10000, 16, system->itt_of(2)), ITS_ERROR_DEVICE_RANGE, 0x010801);
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u) << "device 2 kept its mapping";
}

TEST_P(ItsCommands, MaptiErrors)
{
    // its-cmd-005, its-cmd-006
    refuse(mapti(5, 0, 8195, 0), ITS_ERROR_DEVICE_UNMAPPED, 0x010a04);
    refuse(mapti(0x12345, 0, 8195, 0), ITS_ERROR_DEVICE_RANGE, 0x010a01);
    refuse(mapti(2, 256, 8195, 0), ITS_ERROR_EVENT_RANGE, 0x010a05);
    refuse(mapti(2, 0, 8191, 0), ITS_ERROR_INTID_RANGE, 0x010a06);
    refuse(mapti(2, 0, 1023, 0), ITS_ERROR_INTID_RANGE, 0x010a06);
    refuse(mapti(2, 0, 0x10000, 0), ITS_ERROR_INTID_RANGE, 0x010a06);
    refuse(mapti(2, 0, 8195, 512), ITS_ERROR_COLLECTION_RANGE, 0x010a03);
    refuse(mapi(2, 100, 0), ITS_ERROR_INTID_RANGE, 0x010b06);
    system->msi_now(5, 0);
    system->msi_now(2, 256);
    system->msi_now(2, 0);
    for (auto &pe : system->pes) {
        EXPECT_EQ(pe->signalled(), GIC_PRIORITY_NONE);
    }
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_UNMAPPED), 1u);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_EVENT_RANGE), 1u);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_EVENT_UNMAPPED), 1u);
}

TEST_P(ItsCommands, LastLpiAndLastEvent)
{
    // The ends of the ranges, where off-by-one faults live: INTID 65535, EventID 255 of 8 bits, 16-bit EventIDs.
    system->map_event(2, 255, 65535, 3);
    system->msi_now(2, 255);
    EXPECT_EQ(acknowledge(3), 65535u);
    system->map_device(3, 13);
    system->map_event(3, 8191, 8192, 0);
    system->msi_now(3, 8191);
    EXPECT_EQ(acknowledge(0), 8192u);
}

TEST_P(ItsCommands, MapiUsesTheEventIdAsIntid)
{
    // its-cmd-010
    system->map_device(4, 14);
    system->command(mapi(4, 8201, 1));
    system->msi_now(4, 8201);
    EXPECT_EQ(acknowledge(1), 8201u);
}

TEST_P(ItsCommands, MaptiBeforeItsCollectionIsMapped)
{
    system->map_event(2, 1, 8300, 9);
    system->msi_now(2, 1);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_COLLECTION), 1u);
    system->command(mapc(9, 0));
    system->msi_now(2, 1);
    EXPECT_EQ(acknowledge(0), 8300u);
}

TEST_P(ItsCommands, MapcErrors)
{
    // its-cmd-011
    refuse(mapc(9, 40), ITS_ERROR_SIZE_RANGE, 0x010902);
    refuse(mapc(512, 0), ITS_ERROR_COLLECTION_RANGE, 0x010903);
    system->map_event(2, 0, 8196, 9);
    system->msi_now(2, 0);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_COLLECTION), 1u);
}

TEST_P(ItsCommands, MapcMovesAndUnmaps)
{
    // its-cmd-030
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u);
    system->command(mapc(3, 1));
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(1), 8195u);
    system->command(mapc(3, 0, false));
    system->sync(1);
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_COLLECTION), 1u);
    refuse(event_command(ITS_COMMAND_INT, 2, 20), ITS_ERROR_COLLECTION_UNMAPPED, 0x010309);
    refuse(event_command(ITS_COMMAND_INV, 2, 20), ITS_ERROR_COLLECTION_UNMAPPED, 0x010c09);
    refuse(movi(2, 20, 1), ITS_ERROR_COLLECTION_UNMAPPED, 0x010109);
    refuse(invall(3), ITS_ERROR_COLLECTION_UNMAPPED, 0x010d09);
    refuse(invall(600), ITS_ERROR_COLLECTION_RANGE, 0x010d03);
}

TEST_P(ItsCommands, MoviCarriesThePendingState)
{
    // its-cmd-014
    disable_8195();
    uint64_t id = system->msi_now(2, 20);

    system->command(movi(2, 20, 1));
    system->sync(3);
    system->sync(1);
    EXPECT_FALSE(pending(3, 8195));
    EXPECT_TRUE(pending(1, 8195));
    system->set_config(8195, true);
    system->command(event_command(ITS_COMMAND_INV, 2, 20));
    system->sync(1);
    EXPECT_EQ(acknowledge(1), 8195u);
    EXPECT_EQ(system->pes[1]->acknowledged()[0].packet, id) << "the MSI itself moved";
    EXPECT_EQ(acknowledge(1), GIC_INTID_SPURIOUS);
    EXPECT_EQ(acknowledge(3), GIC_INTID_SPURIOUS);
    // And the next MSI goes there straight away.
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(1), 8195u);
}

TEST_P(ItsCommands, MoviTakesASignalledLpiBack)
{
    // Signalled to PE 3, not acknowledged: it moves all the same, and PE 3 finds nothing.
    system->msi_now(2, 20);
    ASSERT_EQ(system->pes[3]->signalled_intid(), 8195u);
    system->command(movi(2, 20, 1));
    system->sync(3);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(acknowledge(3), GIC_INTID_SPURIOUS);
    EXPECT_EQ(acknowledge(1), 8195u);
}

TEST_P(ItsCommands, MoviOfAnLpiPendingAtBothMerges)
{
    disable_8195();
    system->msi_now(2, 20);
    system->map_device(7, 8);
    system->map_event(7, 1, 8195, 1);
    system->msi_now(7, 1);
    system->command(movi(2, 20, 1));
    system->sync(3);
    system->sync(1);
    EXPECT_TRUE(pending(1, 8195));
    EXPECT_FALSE(pending(3, 8195));
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_MERGED), 1u);
    held = 1;
}

TEST_P(ItsCommands, MoviErrors)
{
    // its-cmd-016, its-cmd-017
    refuse(movi(2, 20, 30), ITS_ERROR_COLLECTION_UNMAPPED, 0x010109);
    refuse(movi(2, 20, 512), ITS_ERROR_COLLECTION_RANGE, 0x010103);
    refuse(movi(2, 99, 0), ITS_ERROR_EVENT_UNMAPPED, 0x010107);
    refuse(movi(2, 256, 0), ITS_ERROR_EVENT_RANGE, 0x010105);
    refuse(movi(9, 0, 0), ITS_ERROR_DEVICE_UNMAPPED, 0x010104);
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u) << "still where it was";
}

TEST_P(ItsCommands, MovallMovesWhatIsPending)
{
    // its-cmd-018, with LPIs that have no MSI behind them, and one that is pending at the target already
    disable_8195();
    system->map_event(2, 21, 9000, 3);
    system->map_event(2, 22, 9001, 3);
    system->map_event(2, 23, 9001, 0);
    system->msi_now(2, 20);
    system->command(event_command(ITS_COMMAND_INT, 2, 21));
    system->msi_now(2, 22);
    system->msi_now(2, 23);
    EXPECT_EQ(redistributor_pending_count(system->rds[3]), 3u);
    system->command(movall(3, 0));
    system->sync(3);
    EXPECT_EQ(redistributor_pending_count(system->rds[3]), 0u);
    EXPECT_TRUE(pending(0, 8195));
    EXPECT_TRUE(pending(0, 9000));
    EXPECT_TRUE(pending(0, 9001));
    EXPECT_EQ(redistributor_pending_count(system->rds[0]), 3u);
    // The mapping is as before.
    system->msi_now(2, 21);
    EXPECT_TRUE(pending(3, 9000));
    held = 4;
}

TEST_P(ItsCommands, MovallOntoItselfAndErrors)
{
    // its-cmd-019
    disable_8195();
    system->msi_now(2, 20);
    system->command(movall(3, 3));
    system->sync(3);
    EXPECT_TRUE(pending(3, 8195));
    refuse(movall(3, 4), ITS_ERROR_DEVICE_RANGE, 0x010e01);
    refuse(movall(9, 0), ITS_ERROR_DEVICE_RANGE, 0x010e01);
    EXPECT_TRUE(pending(3, 8195));
    held = 1;
}

TEST_P(ItsCommands, DiscardRemovesMappingAndPending)
{
    // its-cmd-020
    disable_8195();
    system->msi_now(2, 20);
    system->command(event_command(ITS_COMMAND_DISCARD, 2, 20));
    system->sync(3);
    EXPECT_FALSE(pending(3, 8195));
    system->msi_now(2, 20);
    EXPECT_FALSE(pending(3, 8195));
    EXPECT_EQ(system->log.event_count(SIM_EVENT_DROPPED), 2u) << "the one taken back and the one after it";
    refuse(event_command(ITS_COMMAND_DISCARD, 2, 20), ITS_ERROR_EVENT_UNMAPPED, 0x010f07);
}

TEST_P(ItsCommands, DiscardWithItsCollectionUnmapped)
{
    system->command(mapc(3, 0, false));
    system->command(event_command(ITS_COMMAND_DISCARD, 2, 20));
    EXPECT_EQ(system->counter("its0", "command_errors"), 0u);
    system->command(mapc(3, 3));
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_EVENT_UNMAPPED), 1u);
}

TEST_P(ItsCommands, ClearKeepsTheMapping)
{
    disable_8195();
    system->msi_now(2, 20);
    ASSERT_TRUE(pending(3, 8195));
    system->command(event_command(ITS_COMMAND_CLEAR, 2, 20));
    system->sync(3);
    EXPECT_FALSE(pending(3, 8195));
    EXPECT_EQ(system->drops(SIM_DROP_LPI_CLEARED), 1u);
    system->msi_now(2, 20);
    EXPECT_TRUE(pending(3, 8195));
    held = 1;
    refuse(event_command(ITS_COMMAND_CLEAR, 2, 21), ITS_ERROR_EVENT_UNMAPPED, 0x010507);
    refuse(event_command(ITS_COMMAND_INT, 2, 21), ITS_ERROR_EVENT_UNMAPPED, 0x010307);
    refuse(event_command(ITS_COMMAND_INV, 2, 21), ITS_ERROR_EVENT_UNMAPPED, 0x010c07);
}

TEST_P(ItsCommands, ClearOfASignalledLpiWithdrawsIt)
{
    system->msi_now(2, 20);
    ASSERT_EQ(system->pes[3]->signalled_intid(), 8195u);
    system->command(event_command(ITS_COMMAND_CLEAR, 2, 20));
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(acknowledge(3), GIC_INTID_SPURIOUS);
}

TEST_P(ItsCommands, SyncAndUnknownCommandErrors)
{
    its_command unknown = {};

    refuse(sync_command(4), ITS_ERROR_SIZE_RANGE, 0x010502);
    refuse(sync_command(UINT64_C(0x800000000)), ITS_ERROR_SIZE_RANGE, 0x010502);
    unknown.opcode = 0x0b + 0x20; // VMAPI: this ITS has no virtual LPIs
    system->command(unknown);
    EXPECT_EQ(system->counter("its0", "command_errors"), 3u);
    EXPECT_EQ(its_last_error(system->its[0]), 0x012b00u);
}

TEST_P(ItsCommands, StalledQueueRestartsWithRetry)
{
    // its-cmd-024
    Options options;

    options.its.stall_on_error = true;
    start(options);
    uint64_t failing = system->its_read(0, GITS_CREADR);

    system->put_command(invall(30));
    system->put_command(sync_command(1));
    system->kick();
    EXPECT_EQ(system->its_read(0, GITS_CREADR), failing | 1) << "stalled, at the failing entry";
    system->kick();
    EXPECT_EQ(system->its_read(0, GITS_CREADR), failing | 1) << "without Retry nothing happens";
    its_command sync = sync_command(0);
    uint8_t bytes[ITS_COMMAND_BYTES];
    its_command_encode(&sync, bytes);
    memory_write(system->memory, kQueue + failing, bytes, sizeof(bytes));
    system->kick(0, 1);
    EXPECT_EQ(system->its_read(0, GITS_CREADR), system->its_read(0, GITS_CWRITER));
    EXPECT_EQ(system->its_read(0, GITS_CREADR), failing + 64);
    // A stalled queue does not keep the ITS from translating, nor from becoming quiescent.
    system->command(invall(30));
    EXPECT_EQ(system->its_read(0, GITS_CREADR) & 1, 1u);
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u);
    system->its_write(0, GITS_CTLR, 0, 4);
    EXPECT_EQ(system->its_read(0, GITS_CTLR, 4) >> 31, 1u);
}

TEST_P(ItsCommands, TableMemoryThatDoesNotAnswer)
{
    // A device table outside memory: commands and MSIs fail, the simulator does not.
    system->its_write(0, GITS_CTLR, 0, 4);
    system->its_write(0, GITS_BASER(0), UINT64_C(1) << 63 | 0x30000000 | 127);
    system->its_write(0, GITS_CTLR, 1, 4);
    system->command(mapd(2, 7, system->itt_of(2)));
    EXPECT_EQ(its_error_count(system->its[0], ITS_COMMAND_MAPD, ITS_ERROR_MEMORY), 1u);
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_BUS_ERROR), 1u);
}

TEST_P(ItsCommands, SpoiltTableEntriesDoNoHarm)
{
    // Software has no business there; whatever it leaves must not lead outside the model.
    memory_fill(system->memory, kCollectionTable, 0xff, 4096);
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_COLLECTION), 1u);
    memory_fill(system->memory, system->itt_of(2), 0xff, 4096);
    system->msi_now(2, 21);
    memory_fill(system->memory, kDeviceTable, 0xff, 4096);
    system->msi_now(9, 1);
    system->command(event_command(ITS_COMMAND_INT, 9, 1));
    EXPECT_EQ(system->log.event_count(SIM_EVENT_DROPPED), 3u);
}

TEST_P(ItsCommands, IndirectDeviceTable)
{
    // its-cmd-027: the first DeviceID of the second level 1 entry, for each page size; others are out of range.
    for (uint64_t size = 0; size < 3; size++) {
        uint64_t page = UINT64_C(4096) << (2 * size);
        uint32_t first = static_cast<uint32_t>(page / 8);
        uint64_t level1 = kMemory + 0xa000000;
        uint64_t level2 = kMemory + 0xb000000;

        system->its_write(0, GITS_CTLR, 0, 4);
        memory_fill(system->memory, level1, 0, 0x100000);
        memory_fill(system->memory, level2, 0, 0x100000);
        memory_write64(system->memory, level1 + 8, UINT64_C(1) << 63 | level2);
        system->its_write(0, GITS_BASER(0), UINT64_C(3) << 62 | size << 8 | level1);
        system->its_write(0, GITS_CTLR, 1, 4);
        memory_fill(system->memory, system->itt_of(1), 0, 0x10000);
        system->command(mapd(first, 7, system->itt_of(1)));
        system->command(mapti(first, 0, 8200, 0));
        system->msi_now(first, 0);
        EXPECT_EQ(acknowledge(0), 8200u);
        EXPECT_NE(memory_read64(system->memory, level2), 0u);
        uint64_t dropped = system->drops(SIM_DROP_ITS_DEVICE_RANGE);
        system->msi_now(2, 0);
        EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_RANGE), dropped + 1) << "no level 2 page";
        refuse(mapd(2, 7, system->itt_of(1)), ITS_ERROR_DEVICE_RANGE, 0x010801);
    }
}

TEST_P(ItsCommands, SixtyFourKilobytePagesAboveFortyEightBits)
{
    // Bits 51:48 of the address are in register bits 15:12; memory is not there, so the read fails at that address.
    system->its_write(0, GITS_CTLR, 0, 4);
    system->its_write(0, GITS_BASER(0), UINT64_C(1) << 63 | 2 << 8 | 0xf000 | 0x90000000);
    system->its_write(0, GITS_CTLR, 1, 4);
    system->msi_now(2, 20);
    EXPECT_EQ(system->drops(SIM_DROP_BUS_ERROR), 1u);
    system->its_write(0, GITS_CTLR, 0, 4);
    system->its_write(0, GITS_BASER(0), UINT64_C(1) << 63 | 2 << 8 | kDeviceTable);
    system->its_write(0, GITS_CTLR, 1, 4);
    system->msi_now(2, 20);
    EXPECT_EQ(acknowledge(3), 8195u) << "the same table under its own address";
}

TEST_P(ItsCommands, DeviceIdSpacesArePerIts)
{
    // its-multi-001
    Options options;

    options.its_count = 2;
    start(options);
    system->msi_now(2, 20, 1);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_UNMAPPED), 1u);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(system->its_read(0, GITS_CTLR, 4) >> 4 & 0xf, 0u);
    EXPECT_EQ(system->its_read(1, GITS_CTLR, 4) >> 4 & 0xf, 1u);
}

TEST_P(ItsCommands, TwoItsMayShareAnLpi)
{
    // its-multi-002
    Options options;

    options.its_count = 2;
    start(options);
    system->map_device(4, 4, 1);
    system->map_event(4, 1, 8195, 3, 1);
    system->sync(3, 1);
    system->msi(2, 20, 0);
    system->msi(4, 1, 1);
    system->run();
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_MERGED), 1u);
    EXPECT_EQ(acknowledge(3), 8195u);
    EXPECT_EQ(acknowledge(3), GIC_INTID_SPURIOUS);
}

INSTANTIATE_TEST_SUITE_P(Engines, ItsCommands, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

// The ITS's registers: identification, reset state, probing, the command queue's pointers, quiescence.
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

namespace
{

using namespace gic_test;

class ItsRegisters : public ::testing::TestWithParam<support::Engine>
{
  protected:
    ItsRegisters() : system(GetParam())
    {
    }
    System system;
};

TEST_P(ItsRegisters, IdentificationIgnoresWrites)
{
    // its-reg-001
    uint64_t iidr = system.its_read(0, GITS_IIDR, 4);
    uint64_t typer = system.its_read(0, GITS_TYPER);

    system.its_write(0, GITS_IIDR, 0xffffffff, 4);
    system.its_write(0, GITS_TYPER, UINT64_MAX);
    EXPECT_EQ(system.its_read(0, GITS_IIDR, 4), iidr);
    EXPECT_EQ(system.its_read(0, GITS_TYPER), typer);
    EXPECT_NE(iidr, 0u);
}

TEST_P(ItsRegisters, TyperTellsTheConfiguration)
{
    uint64_t typer = system.its_read(0, GITS_TYPER);

    EXPECT_EQ(typer & 1, 1u) << "physical LPIs";
    EXPECT_EQ(typer >> 1 & 1, 0u) << "no virtual LPIs";
    EXPECT_EQ(typer >> 4 & 0xf, 7u) << "8-byte ITEs";
    EXPECT_EQ(typer >> 8 & 0x1f, 15u);
    EXPECT_EQ(typer >> 13 & 0x1f, 15u);
    EXPECT_EQ(typer >> 19 & 1, 0u) << "RDbase is a processor number";
    EXPECT_EQ(typer >> 24 & 0xff, 0u) << "collections are in memory";
    EXPECT_EQ(system.its_read(0, GITS_TYPER, 4) | system.its_read(0, GITS_TYPER + 4, 4) << 32, typer);
    EXPECT_EQ(system.its_read(0, GITS_PIDR2, 4) >> 4 & 0xf, 3u);
}

TEST_P(ItsRegisters, ResetState)
{
    // its-reg-003
    uint64_t ctlr = system.its_read(0, GITS_CTLR, 4);

    EXPECT_EQ(ctlr & 1, 0u);
    EXPECT_EQ(ctlr >> 31 & 1, 1u);
    EXPECT_EQ(system.its_read(0, GITS_CBASER) >> 63, 0u);
    EXPECT_EQ(system.its_read(0, GITS_CREADR), 0u);
    EXPECT_EQ(system.its_read(0, GITS_CWRITER), 0u);
}

TEST_P(ItsRegisters, OneDeviceTableOneCollectionTableOthersAbsent)
{
    // its-reg-005, its-reg-006
    unsigned types[8] = {};

    for (uint32_t i = 0; i < 8; i++) {
        uint64_t baser = system.its_read(0, GITS_BASER(i));

        types[baser >> 56 & 7]++;
        EXPECT_EQ(baser >> 63, 0u);
        if ((baser >> 56 & 7) == 0) {
            system.its_write(0, GITS_BASER(i), UINT64_MAX);
            EXPECT_EQ(system.its_read(0, GITS_BASER(i)), 0u);
        } else {
            EXPECT_EQ(baser >> 48 & 0x1f, 7u) << "entries of 8 bytes";
        }
    }
    EXPECT_EQ(types[1], 1u);
    EXPECT_EQ(types[4], 1u);
    EXPECT_EQ(types[0], 6u);
}

TEST_P(ItsRegisters, BaserProbing)
{
    // Software writes what it would like and reads back what it gets.
    for (uint64_t size = 0; size < 3; size++) {
        system.its_write(0, GITS_BASER(0), size << 8 | UINT64_C(1) << 62);
        EXPECT_EQ(system.its_read(0, GITS_BASER(0)) >> 8 & 3, size);
        EXPECT_EQ(system.its_read(0, GITS_BASER(0)) >> 62 & 1, 1u);
        system.its_write(0, GITS_BASER(1), size << 8 | UINT64_C(1) << 62);
        EXPECT_EQ(system.its_read(0, GITS_BASER(1)) >> 8 & 3, size);
        EXPECT_EQ(system.its_read(0, GITS_BASER(1)) >> 62 & 1, 0u) << "collections have one level only";
    }
    system.its_write(0, GITS_BASER(0), UINT64_C(3) << 8);
    EXPECT_EQ(system.its_read(0, GITS_BASER(0)) >> 8 & 3, 2u);

    // Type and entry size are read-only; a write replaces the whole value, it is not ORed in.
    system.its_write(0, GITS_BASER(0), UINT64_MAX & ~(UINT64_C(3) << 8));
    EXPECT_EQ(system.its_read(0, GITS_BASER(0)) >> 56 & 7, 1u);
    EXPECT_EQ(system.its_read(0, GITS_BASER(0)) >> 48 & 0x1f, 7u);
    system.its_write(0, GITS_BASER(0), 0);
    EXPECT_EQ(system.its_read(0, GITS_BASER(0)), UINT64_C(1) << 56 | UINT64_C(7) << 48);
}

TEST_P(ItsRegisters, BaserAndCbaserAreFixedWhileEnabled)
{
    system.bring_up();
    uint64_t baser = system.its_read(0, GITS_BASER(0));
    uint64_t cbaser = system.its_read(0, GITS_CBASER);

    system.its_write(0, GITS_BASER(0), 0);
    system.its_write(0, GITS_CBASER, 0);
    EXPECT_EQ(system.its_read(0, GITS_BASER(0)), baser);
    EXPECT_EQ(system.its_read(0, GITS_CBASER), cbaser);
}

TEST_P(ItsRegisters, HalvesOfWideRegisters)
{
    system.its_write(0, GITS_CBASER, 0x8000000f, 4);
    system.its_write(0, GITS_CBASER + 4, 0x80000012, 4);
    EXPECT_EQ(system.its_read(0, GITS_CBASER), UINT64_C(0x800000128000000f));
    EXPECT_EQ(system.its_read(0, GITS_CBASER + 4, 4), 0x80000012u);
}

TEST_P(ItsRegisters, OtherWidthsAreIgnored)
{
    EXPECT_EQ(system.its_read(0, GITS_CTLR, 8), 0u) << "64 bits of a 32-bit register";
    EXPECT_EQ(system.its_read(0, GITS_TYPER, 2), 0u);
    EXPECT_EQ(system.its_read(0, GITS_TYPER, 1), 0u);
    system.its_write(0, GITS_CTLR, 1, 2);
    system.its_write(0, GITS_CTLR, 1, 8);
    EXPECT_EQ(system.its_read(0, GITS_CTLR, 4), 0x80000000u);
    EXPECT_EQ(system.its_read(0, GITS_TRANSLATER, 4), 0u) << "write-only";
}

TEST_P(ItsRegisters, WritingCbaserClearsCreadr)
{
    // its-reg-007
    system.bring_up();
    ASSERT_NE(system.its_read(0, GITS_CREADR), 0u);
    system.its_write(0, GITS_CTLR, 0, 4);
    system.its_write(0, GITS_CBASER, system.its_read(0, GITS_CBASER));
    EXPECT_EQ(system.its_read(0, GITS_CREADR), 0u);
}

TEST_P(ItsRegisters, QueueWraps)
{
    // its-reg-009: 130 commands through a queue of 128, never more than 127 at once.
    system.bring_up();
    system.its_write(0, GITS_CTLR, 0, 4);
    system.its_write(0, GITS_CBASER, UINT64_C(1) << 63 | kQueue);
    system.its_write(0, GITS_CWRITER, 0);
    system.its_write(0, GITS_CTLR, 1, 4);
    uint64_t before = system.counter("its0", "commands");

    for (uint32_t i = 0; i < 128; i++) {
        uint8_t bytes[ITS_COMMAND_BYTES];
        its_command sync = sync_command(0);

        its_command_encode(&sync, bytes);
        memory_write(system.memory, kQueue + i * UINT64_C(32), bytes, 32);
    }
    system.its_write(0, GITS_CWRITER, 127 * 32);
    EXPECT_EQ(system.its_read(0, GITS_CREADR), 127u * 32);
    system.its_write(0, GITS_CWRITER, 2 * 32);
    EXPECT_EQ(system.its_read(0, GITS_CREADR), 0x40u);
    EXPECT_EQ(system.counter("its0", "commands") - before, 130u);
    EXPECT_EQ(system.counter("its0", "command_errors"), 0u);
}

TEST_P(ItsRegisters, CwriterBeyondTheQueueIsIgnored)
{
    system.bring_up();
    uint64_t writer = system.its_read(0, GITS_CWRITER);

    system.its_write(0, GITS_CWRITER, 16 * 4096);
    EXPECT_EQ(system.its_read(0, GITS_CWRITER), writer);
    EXPECT_EQ(system.its_read(0, GITS_CREADR), writer);
}

TEST_P(ItsRegisters, CommandsWaitForEnabledAndValid)
{
    system.bring_up();
    system.its_write(0, GITS_CTLR, 0, 4);
    uint64_t reader = system.its_read(0, GITS_CREADR);

    system.command(sync_command(0));
    EXPECT_EQ(system.its_read(0, GITS_CREADR), reader);
    system.its_write(0, GITS_CTLR, 1, 4);
    EXPECT_EQ(system.its_read(0, GITS_CREADR), reader + 32);
}

TEST_P(ItsRegisters, QuiescentOnlyAfterEverythingHasReachedTheRedistributors)
{
    system.bring_up();
    system.map_device(2, 8);
    for (uint32_t event = 0; event < 16; event++) {
        system.map_event(2, event, 8192 + event, event % 4);
    }
    system.sync(0);
    EXPECT_EQ(system.its_read(0, GITS_CTLR, 4) >> 31, 0u);

    // A burst that misses everywhere, and Enabled = 0 right behind it, from another port; then poll.
    for (uint32_t event = 0; event < 16; event++) {
        system.msi(2, event);
    }
    bus_driver_write(system.its_cpus[0], sim_now(system.sim) + 6 * SIM_NS, kItsBase + GITS_CTLR, 0, 4);
    std::vector<uint32_t> polls;
    for (int i = 0; i < 200; i++) {
        polls.push_back(bus_driver_read(system.its_cpus[0], 0, kItsBase + GITS_CTLR, 4));
    }
    system.run();

    sim_time quiet = 0;
    unsigned busy_polls = 0;
    for (uint32_t poll : polls) {
        const bus_driver_result *result = bus_driver_get_result(system.its_cpus[0], poll);

        if (result->value >> 31 != 0) {
            // The register was read register_cycles and the way back before.
            quiet = result->answer_time - (system.options.its.register_cycles + 1) * SIM_NS;
            break;
        }
        busy_polls++;
    }
    EXPECT_GT(busy_polls, 10u);
    ASSERT_NE(quiet, 0u);
    unsigned pending = 0;
    for (const auto &event : system.log.events()) {
        pending += event.kind == SIM_EVENT_MSI_PENDING;
        if (event.kind == SIM_EVENT_MSI_PENDING) {
            EXPECT_LT(event.time, quiet);
        }
    }
    // What was taken before Enabled became 0 arrives, the rest is dropped; nothing is in between.
    EXPECT_EQ(pending + system.drops(SIM_DROP_ITS_DISABLED), 16u);
    EXPECT_GT(pending, 0u);
    EXPECT_GT(system.drops(SIM_DROP_ITS_DISABLED), 0u);
}

TEST_P(ItsRegisters, TranslaterIsIgnoredWithoutADeviceTable)
{
    // its-reg-011
    system.bring_up();
    system.map_device(2, 8);
    system.map_event(2, 20, 8195, 3);
    system.sync(3);
    system.its_write(0, GITS_CTLR, 0, 4);
    system.its_write(0, GITS_BASER(0), system.its_read(0, GITS_BASER(0)) & ~(UINT64_C(1) << 63));
    system.its_write(0, GITS_CTLR, 1, 4);
    system.msi_now(2, 20);
    EXPECT_EQ(system.pes[3]->signalled(), GIC_PRIORITY_NONE);
    EXPECT_EQ(system.drops(SIM_DROP_ITS_DISABLED), 1u);
}

INSTANTIATE_TEST_SUITE_P(Engines, ItsRegisters, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

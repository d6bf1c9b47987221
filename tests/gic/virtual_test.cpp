// Virtual LPIs: vPEs that are resident or not, doorbells, configuration, virtual SGIs, and each command's errors.
#include "tests/gic/virtual_system.h"

#include <gtest/gtest.h>

namespace
{

using namespace gic_test;

constexpr uint32_t kDevice = 2;
constexpr uint32_t kDoorbell = 8300;

struct Param {
    Kind kind;
    support::Engine engine;
    size_t index;
};

enum Which { ALL, V4_0, V4_1 };

std::vector<Param> params(Which which)
{
    std::vector<Param> list;

    for (const Kind &kind : kinds()) {
        if (which != ALL && (kind.version == GIC_VIRTUAL_V4_1) != (which == V4_1)) {
            continue;
        }
        for (size_t i = 0; i < support::engines().size(); i++) {
            list.push_back({kind, support::engines()[i], i});
        }
    }
    return list;
}

class Virtual : public ::testing::TestWithParam<Param>
{
  protected:
    Virtual()
    {
        options.its_count = 2;
        options.rd_count = 3;
    }
    ~Virtual() override
    {
        uint64_t pending = 0;

        if (system == nullptr) {
            return;
        }
        for (uint32_t rd = 0; rd < options.rd_count; rd++) {
            pending += redistributor_parked_count(system->rds[rd]);
        }
        EXPECT_EQ(system->held(), pending + expected_held) << "packets were lost";
    }
    bool v4_1() const
    {
        return GetParam().kind.version == GIC_VIRTUAL_V4_1;
    }
    /** vPE 0 at redistributor 1, vPE 1 at redistributor 2; events 0 .. 15 of the device are vPE 0's LPIs 8200 + n. */
    void start(uint32_t event_doorbell = GIC_NO_DOORBELL, uint32_t default_doorbell = GIC_NO_DOORBELL)
    {
        system = std::make_unique<VirtualSystem>(GetParam().engine, GetParam().kind, options);
        system->start();
        system->map_vpe(0, 1, default_doorbell);
        system->map_vpe(1, 2, default_doorbell);
        for (uint32_t its = 0; its < options.its_count; its++) {
            system->map_device(kDevice, 6, its);
            for (uint32_t event = 0; event < 16; event++) {
                system->command(vmapti(kDevice, event, 0, 8200 + event, event_doorbell), its);
            }
        }
        ASSERT_EQ(its_last_error(system->its[0]), 0u) << std::hex << its_last_error(system->its[0]);
    }
    void vsync(uint32_t vpe = 0, uint32_t its = 0)
    {
        system->command(vpe_command(ITS_COMMAND_VSYNC, vpe), its);
    }
    void guest(uint32_t rd, bool runs = true)
    {
        system->pes[rd]->run_guest(runs);
        system->run();
    }

    Options options;
    std::unique_ptr<VirtualSystem> system;
    uint64_t expected_held = 0;
};

class Virtual40 : public Virtual
{
};

class Virtual41 : public Virtual
{
};

TEST_P(Virtual, IdRegistersSayWhatThereIs)
{
    const Kind &kind = GetParam().kind;

    start();
    uint64_t typer = system->its_read(0, GITS_TYPER);
    EXPECT_EQ(GIC_GET(typer, GITS_TYPER_VIRTUAL), 1u);
    EXPECT_EQ(GIC_GET(typer, GITS_TYPER_VMOVP), kind.single);
    EXPECT_EQ(GIC_GET(typer, GITS_TYPER_VMAPP), v4_1());
    EXPECT_EQ(GIC_GET(typer, GITS_TYPER_VSGI), v4_1());
    EXPECT_EQ(GIC_GET(typer, GITS_TYPER_SVPET), kind.shared);
    EXPECT_EQ(GIC_GET(system->its_read(0, GITS_BASER(2)), GITS_BASER_TYPE), GITS_BASER_TYPE_VPE);
    EXPECT_EQ(GIC_GET(system->its_read(0, GITS_BASER(2)), GITS_BASER_ENTRY_SIZE), GIC_VPE_ENTRY_BYTES - 1);
    EXPECT_EQ(system->its_read(0, GITS_PIDR2, 4) >> 4, 4u);
    uint64_t rd_typer = system->rd_read(1, GICR_TYPER);
    EXPECT_EQ(GIC_GET(rd_typer, GICR_TYPER_VLPIS), 1u);
    EXPECT_EQ(GIC_GET(rd_typer, GICR_TYPER_DIRTY), 1u);
    EXPECT_EQ(GIC_GET(rd_typer, GICR_TYPER_RVPEID), v4_1());
    EXPECT_EQ(GIC_GET(system->rd_read(1, GICR_VPROPBASER), GICR_VPROPBASER_ENTRY_SIZE), v4_1() ? 1u : 0u);
    EXPECT_EQ(system->rd_read(1, GICR_PIDR2, 4) >> 4, 4u);
}

TEST_P(Virtual, ResidentVpeGetsItsInterruptDirectly)
{
    start();
    uint64_t vpendbaser = system->enter(1, 0);
    EXPECT_EQ(GIC_GET(vpendbaser, GICR_VPENDBASER_VALID), 1u);
    EXPECT_EQ(GIC_GET(vpendbaser, GICR_VPENDBASER_DIRTY), 0u);
    guest(1);
    uint64_t id = system->msi_now(kDevice, 3);
    ASSERT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({8203}));
    EXPECT_EQ(system->pes[1]->virtual_acknowledged()[0].packet, id);
    EXPECT_EQ(system->pes[1]->signalled(), GIC_PRIORITY_NONE) << "a physical LPI";
    EXPECT_FALSE(system->bit_in_memory(0, 8203));
    EXPECT_NE(system->time_of(SIM_EVENT_MSI_PENDING, id), 0u);
}

TEST_P(Virtual, TableEntriesAreReadOnceAndThenCached)
{
    start();
    system->enter(1, 0);
    guest(1);
    uint64_t misses = system->counter("its0", "vpe_misses");
    system->msi_now(kDevice, 1);
    EXPECT_EQ(system->counter("its0", "vpe_misses"), misses + 1);
    uint64_t reads = system->counter("its0", "table_reads");
    system->msi_now(kDevice, 1);
    EXPECT_EQ(system->counter("its0", "vpe_misses"), misses + 1);
    EXPECT_EQ(system->counter("its0", "table_reads"), reads);
}

TEST_P(Virtual, WithoutResidencyThePendingBitIsInMemory)
{
    start();
    uint64_t first = system->msi_now(kDevice, 5);
    uint64_t second = system->msi_now(kDevice, 5);
    uint64_t other = system->msi_now(kDevice, 6, 1);
    EXPECT_TRUE(system->bit_in_memory(0, 8205));
    EXPECT_TRUE(system->bit_in_memory(0, 8206));
    EXPECT_FALSE(system->bit_in_memory(0, 8207));
    EXPECT_NE(system->time_of(SIM_EVENT_MSI_PENDING, first), 0u);
    EXPECT_NE(system->time_of(SIM_EVENT_MSI_MERGED, second), 0u);
    EXPECT_EQ(redistributor_parked_count(system->rds[1]), 2u);
    for (uint32_t rd = 0; rd < 3; rd++) {
        EXPECT_EQ(system->pes[rd]->signalled(), GIC_PRIORITY_NONE) << "doorbell 1023 stays silent";
    }
    system->enter(1, 0);
    guest(1);
    ASSERT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({8205, 8206}));
    EXPECT_EQ(system->pes[1]->virtual_acknowledged()[0].packet, first);
    EXPECT_EQ(system->pes[1]->virtual_acknowledged()[1].packet, other);
    uint64_t gone = system->leave(1, 0);
    EXPECT_EQ(GIC_GET(gone, GICR_VPENDBASER_PENDING_LAST), 0u);
    EXPECT_FALSE(system->bit_in_memory(0, 8205)) << "memory is up to date when Dirty is 0";
    EXPECT_FALSE(system->bit_in_memory(0, 8206));
}

TEST_P(Virtual, WhatIsPendingGoesToMemoryAndComesBack)
{
    start();
    system->enter(1, 0);
    system->set_vconfig(0, 8202, false);
    uint64_t enabled = system->msi_now(kDevice, 1);
    uint64_t disabled = system->msi_now(kDevice, 2);
    EXPECT_FALSE(system->bit_in_memory(0, 8201));
    uint64_t gone = system->leave(1, 0);
    EXPECT_EQ(GIC_GET(gone, GICR_VPENDBASER_PENDING_LAST), 1u);
    EXPECT_EQ(GIC_GET(gone, GICR_VPENDBASER_DIRTY), 0u);
    EXPECT_EQ(GIC_GET(gone, GICR_VPENDBASER_VALID), 0u);
    EXPECT_TRUE(system->bit_in_memory(0, 8201));
    EXPECT_TRUE(system->bit_in_memory(0, 8202));
    EXPECT_EQ(system->pes[1]->virtual_signalled(), GIC_PRIORITY_NONE) << "nothing is shown of a vPE that has gone";
    system->enter(1, 0);
    guest(1);
    ASSERT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({8201}));
    EXPECT_EQ(system->pes[1]->virtual_acknowledged()[0].packet, enabled);
    gone = system->leave(1, 0);
    EXPECT_EQ(GIC_GET(gone, GICR_VPENDBASER_PENDING_LAST), 0u) << "pending, but not enabled";
    EXPECT_TRUE(system->bit_in_memory(0, 8202));
    system->set_vconfig(0, 8202, true);
    system->enter(1, 0);
    guest(1);
    ASSERT_EQ(system->pes[1]->virtual_intids().size(), 2u) << "configuration is read anew";
    EXPECT_EQ(system->pes[1]->virtual_acknowledged()[1].packet, disabled);
}

TEST_P(Virtual, OnlyPartsOfTheTableThatMayHoldBitsAreRead)
{
    start();
    system->enter(1, 0);
    uint64_t before = system->counter("rd1", "virtual_reads");
    system->leave(1, 0);
    system->enter(1, 0);
    uint64_t empty = system->counter("rd1", "virtual_reads") - before;
    EXPECT_LE(empty, 3u) << "entry and header";
    system->leave(1, 0);
    system->msi_now(kDevice, 1);
    before = system->counter("rd1", "virtual_reads");
    system->enter(1, 0);
    uint64_t one = system->counter("rd1", "virtual_reads") - before;
    EXPECT_GT(one, empty);
    EXPECT_LE(one, empty + 4) << "its 64th of the table, and its configuration";
    guest(1);
}

TEST_P(Virtual, TheOldContentsOfATableAreFound)
{
    // A VPT that is not zero: GICv4.0 with IDAI, GICv4.1 with VMAPP.Alloc and without PTZ.
    start();
    memory_write8(system->memory, system->vpt(0) + 8208 / 8, 1);
    memory_write8(system->memory, system->vpt(0) + 65000 / 8, 1);
    if (v4_1()) {
        system->command(vmapp(0, 1, system->vpt(0), kVConfigs, GIC_NO_DOORBELL, true, true, false));
        system->enter(1, 0);
    } else {
        uint64_t idai = GIC_MASK(GICR_VPENDBASER_IDAI);

        system->rd_write(1, GICR_VPROPBASER, kVConfigs | (kVBits - 1));
        system->rd_write(1, GICR_VPENDBASER, system->vpt(0) | idai | GIC_MASK(GICR_VPENDBASER_VALID));
    }
    guest(1);
    EXPECT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({8208, 65000}));
    system->leave(1, 0);
    EXPECT_FALSE(system->bit_in_memory(0, 65000));
    if (!v4_1()) {
        EXPECT_EQ(GIC_GET(system->rd_read(1, GICR_VPENDBASER), GICR_VPENDBASER_IDAI), 0u);
    }
}

TEST_P(Virtual40, TheEventsDoorbellRings)
{
    start(kDoorbell);
    system->msi_now(kDevice, 5);
    EXPECT_TRUE(redistributor_is_pending(system->rds[1], kDoorbell));
    EXPECT_TRUE(system->bit_in_memory(0, 8205));
    system->pes[1]->acknowledge(1);
    system->run();
    ASSERT_EQ(system->pes[1]->intids(), std::vector<uint32_t>({kDoorbell}));
    system->msi_now(kDevice, 5);
    EXPECT_FALSE(redistributor_is_pending(system->rds[1], kDoorbell)) << "it was pending already";
    system->msi_now(kDevice, 6);
    EXPECT_TRUE(redistributor_is_pending(system->rds[1], kDoorbell)) << "another interrupt rings too";
    system->enter(1, 0);
    system->pes[1]->acknowledge(1);
    system->run();
    system->msi_now(kDevice, 7);
    EXPECT_FALSE(redistributor_is_pending(system->rds[1], kDoorbell)) << "no doorbell for a resident vPE";
    guest(1);
    EXPECT_EQ(system->counter("rd1", "doorbells"), 2u);
}

TEST_P(Virtual41, TheDefaultDoorbellRingsOnceIfItWasAskedFor)
{
    start(GIC_NO_DOORBELL, kDoorbell);
    system->msi_now(kDevice, 1);
    EXPECT_FALSE(redistributor_is_pending(system->rds[1], kDoorbell)) << "never resident, so nobody asked";
    system->enter(1, 0);
    guest(1);
    system->leave(1, 0, false);
    system->msi_now(kDevice, 2);
    EXPECT_FALSE(redistributor_is_pending(system->rds[1], kDoorbell)) << "not asked for";
    system->enter(1, 0);
    guest(1);
    system->leave(1, 0, true);
    system->set_vconfig(0, 8203, false);
    system->msi_now(kDevice, 3);
    EXPECT_FALSE(redistributor_is_pending(system->rds[1], kDoorbell)) << "not enabled";
    system->msi_now(kDevice, 4);
    EXPECT_TRUE(redistributor_is_pending(system->rds[1], kDoorbell));
    system->pes[1]->acknowledge(1);
    system->run();
    EXPECT_EQ(system->pes[1]->intids(), std::vector<uint32_t>({kDoorbell}));
    system->msi_now(kDevice, 5);
    EXPECT_FALSE(redistributor_is_pending(system->rds[1], kDoorbell)) << "it rings once";
    EXPECT_EQ(system->counter("rd1", "doorbells"), 1u);
    system->enter(1, 0);
    guest(1);
    EXPECT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({8201, 8202, 8204, 8205}));
    guest(1, false);
    system->msi_now(kDevice, 6);
    uint64_t gone = system->leave(1, 0, true);
    EXPECT_EQ(GIC_GET(gone, GICR_VPENDBASER_PENDING_LAST), 1u);
    system->msi_now(kDevice, 7);
    EXPECT_FALSE(redistributor_is_pending(system->rds[1], kDoorbell)) << "PendingLast: the hypervisor knows already";
}

TEST_P(Virtual, ConfigurationIsCachedUntilInvalidated)
{
    start();
    system->enter(1, 0);
    guest(1);
    system->msi_now(kDevice, 1);
    ASSERT_EQ(system->pes[1]->virtual_intids().size(), 1u);
    system->set_vconfig(0, 8201, false);
    system->msi_now(kDevice, 1);
    EXPECT_EQ(system->pes[1]->virtual_intids().size(), 2u) << "the old configuration";
    system->command(event_command(ITS_COMMAND_INV, kDevice, 1));
    vsync();
    system->msi_now(kDevice, 1);
    EXPECT_EQ(system->pes[1]->virtual_intids().size(), 2u);
    EXPECT_TRUE(redistributor_is_virtual_pending(system->rds[1], 8201));
    system->set_vconfig(0, 8201, true);
    system->command(vpe_command(ITS_COMMAND_VINVALL, 0));
    vsync();
    EXPECT_EQ(system->pes[1]->virtual_intids().size(), 3u);
}

TEST_P(Virtual, HighestPriorityFirst)
{
    start();
    system->set_vconfig(0, 8209, true, 0x40);
    system->enter(1, 0);
    system->msi_now(kDevice, 2);
    system->msi_now(kDevice, 9);
    EXPECT_EQ(system->pes[1]->virtual_signalled(), 0x40u);
    guest(1);
    EXPECT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({8209, 8202}));
}

TEST_P(Virtual, IntClearAndDiscardOfVirtualEvents)
{
    start();
    for (bool resident : {false, true}) {
        if (resident) {
            system->enter(1, 0);
        }
        auto is_pending = [&](uint32_t intid) {
            return resident ? redistributor_is_virtual_pending(system->rds[1], intid) : system->bit_in_memory(0, intid);
        };
        uint32_t event = resident ? 3 : 2;

        system->command(event_command(ITS_COMMAND_INT, kDevice, event));
        vsync();
        EXPECT_TRUE(is_pending(8200 + event));
        system->command(event_command(ITS_COMMAND_CLEAR, kDevice, event));
        vsync();
        EXPECT_FALSE(is_pending(8200 + event));
        uint64_t id = system->msi_now(kDevice, event);
        system->command(event_command(ITS_COMMAND_DISCARD, kDevice, event));
        vsync();
        EXPECT_FALSE(is_pending(8200 + event));
        EXPECT_NE(system->time_of(SIM_EVENT_DROPPED, id), 0u);
        system->msi_now(kDevice, event);
        EXPECT_EQ(system->drops(SIM_DROP_ITS_EVENT_UNMAPPED), resident ? 2u : 1u);
    }
}

TEST_P(Virtual, VmoviTakesThePendingStateAlong)
{
    start();
    for (bool resident : {false, true}) {
        uint32_t event = resident ? 8 : 7;

        if (resident) {
            system->enter(1, 0);
            system->enter(2, 1);
        }
        uint64_t id = system->msi_now(kDevice, event);
        system->command(vmovi(kDevice, event, 1));
        vsync(1);
        EXPECT_FALSE(system->bit_in_memory(0, 8200 + event));
        EXPECT_FALSE(redistributor_is_virtual_pending(system->rds[1], 8200 + event));
        EXPECT_EQ(system->bit_in_memory(1, 8200 + event), !resident);
        EXPECT_EQ(redistributor_is_virtual_pending(system->rds[2], 8200 + event), resident);
        system->enter(2, 1);
        guest(2);
        ASSERT_FALSE(system->pes[2]->virtual_acknowledged().empty());
        EXPECT_EQ(system->pes[2]->virtual_acknowledged().back().packet, id);
        guest(2, false);
        EXPECT_EQ(system->counter("its0", "command_errors"), 0u);
    }
    EXPECT_EQ(system->pes[2]->virtual_intids(), std::vector<uint32_t>({8207, 8208}));
}

TEST_P(Virtual, VmovpTakesTheVpeAndItsMsisAlong)
{
    start();
    uint64_t id = system->msi_now(kDevice, 4);
    system->msi_now(kDevice, 5, 1);
    if (GetParam().kind.single) {
        system->command(vmovp(0, 2));
    } else {
        system->command(vmovp(0, 2, 7, 3), 0, false);
        system->run();
        EXPECT_NE(system->its_read(0, GITS_CREADR), system->its_read(0, GITS_CWRITER)) << "waits for the other ITS";
        system->command(vmovp(0, 2, 7, 3), 1);
        EXPECT_EQ(system->its_read(0, GITS_CREADR), system->its_read(0, GITS_CWRITER));
    }
    vsync(0, 0);
    vsync(0, 1);
    EXPECT_EQ(redistributor_parked_count(system->rds[1]), 0u);
    EXPECT_EQ(redistributor_parked_count(system->rds[2]), 2u);
    system->msi_now(kDevice, 6, 0);
    system->msi_now(kDevice, 7, 1);
    EXPECT_EQ(redistributor_parked_count(system->rds[1]), 0u) << "an ITS still goes to the old redistributor";
    EXPECT_EQ(redistributor_parked_count(system->rds[2]), 4u);
    system->enter(2, 0);
    guest(2);
    EXPECT_EQ(system->pes[2]->virtual_intids(), std::vector<uint32_t>({8204, 8205, 8206, 8207}));
    EXPECT_EQ(system->pes[2]->virtual_acknowledged()[0].packet, id);
    EXPECT_EQ(system->counter("its0", "command_errors") + system->counter("its1", "command_errors"), 0u);
}

TEST_P(Virtual, VmovpOfAResidentVpeWaitsUntilItHasGone)
{
    start();
    system->enter(1, 0);
    for (uint32_t its = 0; its < (GetParam().kind.single ? 1u : 2u); its++) {
        system->command(vmovp(0, 2, 1, 3), its, false);
    }
    system->run();
    uint64_t id = system->msi_now(kDevice, 4);
    EXPECT_NE(system->its_read(0, GITS_CREADR), system->its_read(0, GITS_CWRITER));
    system->leave(1, 0);
    EXPECT_EQ(system->its_read(0, GITS_CREADR), system->its_read(0, GITS_CWRITER));
    system->enter(2, 0);
    guest(2);
    ASSERT_EQ(system->pes[2]->virtual_intids(), std::vector<uint32_t>({8204}));
    EXPECT_EQ(system->pes[2]->virtual_acknowledged()[0].packet, id);
}

TEST_P(Virtual, VmappWithVZeroUnmaps)
{
    start();
    uint64_t id = system->msi_now(kDevice, 4);
    for (uint32_t its = 0; its < 2; its++) {
        system->command(vmapp(0, 1, 0, 0, 0, false, v4_1() && its == 1), its);
    }
    EXPECT_EQ(system->counter("its0", "command_errors"), 0u);
    if (v4_1()) {
        EXPECT_NE(system->time_of(SIM_EVENT_DROPPED, id), 0u) << "its table goes back to the hypervisor";
    }
    system->msi_now(kDevice, 5);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_VPE), 1u);
    vsync();
    EXPECT_EQ(its_error_count(system->its[0], ITS_COMMAND_VSYNC, ITS_ERROR_VPE_UNMAPPED), 1u);
}

TEST_P(Virtual41, VirtualSgis)
{
    start(GIC_NO_DOORBELL, kDoorbell);
    auto query = [&](uint32_t rd, uint32_t vpe) {
        system->rd_write(rd, GICR_VSGIR, vpe, 4);
        return system->rd_read(rd, GICR_VSGIPENDR, 4);
    };
    auto ring = [&](uint32_t its, uint64_t vpe, uint64_t sgi) { system->its_write(its, GITS_SGIR, vpe << 32 | sgi); };

    system->command(vsgi(0, 5, true, 0x40));
    system->command(vsgi(0, 6, false));
    vsync();
    ring(0, 0, 5);
    ring(1, 0, 6);
    vsync(0, 0);
    vsync(0, 1);
    EXPECT_EQ(query(1, 0), 0x60u) << "in memory";
    system->enter(1, 0);
    EXPECT_EQ(query(1, 0), 0x60u) << "resident";
    guest(1);
    EXPECT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({5}));
    EXPECT_EQ(query(1, 0), 0x40u);
    system->command(vsgi(0, 6, true, 0x40, true));
    vsync();
    EXPECT_EQ(query(1, 0), 0u) << "cleared";
    ring(0, 0, 6);
    EXPECT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({5, 6}));
    system->leave(1, 0, true);
    ring(1, 0, 5);
    vsync(0, 1);
    EXPECT_TRUE(redistributor_is_pending(system->rds[1], kDoorbell)) << "a virtual SGI rings the default doorbell";
    system->command(vsgi(0, 5, true, 0x40, true));
    vsync();
    EXPECT_EQ(query(1, 0), 0u) << "cleared in memory";
    ring(0, 9, 5);
    EXPECT_EQ(query(1, 9), 0u) << "a vPE that is not mapped";
    EXPECT_EQ(system->counter("its0", "command_errors"), 0u);
}

TEST_P(Virtual41, VgrpEnableHoldsThemBack)
{
    start();
    system->rd_write(1, GICR_VPENDBASER, GIC_MASK(GICR_VPENDBASER_VALID) | GIC_MASK(GICR_VPENDBASER_GROUP0));
    system->run();
    system->msi_now(kDevice, 1);
    guest(1);
    EXPECT_TRUE(system->pes[1]->virtual_intids().empty());
    EXPECT_TRUE(redistributor_is_virtual_pending(system->rds[1], 8201));
    system->leave(1, 0);
    EXPECT_TRUE(system->bit_in_memory(0, 8201));
}

TEST_P(Virtual41, InvlpirOfAVpe)
{
    options.rd.invalidate_registers = true;
    start();
    system->enter(1, 0);
    guest(1);
    system->msi_now(kDevice, 1);
    system->set_vconfig(0, 8201, false);
    system->rd_write(1, GICR_INVLPIR, UINT64_C(1) << 63 | UINT64_C(1) << 32 | 8201);
    system->msi_now(kDevice, 1);
    EXPECT_EQ(system->pes[1]->virtual_intids().size(), 2u) << "another vPE's";
    system->rd_write(1, GICR_INVLPIR, UINT64_C(1) << 63 | 8201);
    EXPECT_EQ(system->rd_read(1, GICR_SYNCR, 4), 0u);
    system->msi_now(kDevice, 1);
    EXPECT_EQ(system->pes[1]->virtual_intids().size(), 2u);
    system->set_vconfig(0, 8201, true);
    system->rd_write(1, GICR_INVALLR, UINT64_C(1) << 63);
    EXPECT_EQ(system->pes[1]->virtual_intids().size(), 3u);
}

TEST_P(Virtual, RegistersAreFixedWhileAVpeIsThere)
{
    start();
    system->enter(1, 0);
    uint64_t before = system->rd_read(1, GICR_VPENDBASER);
    uint64_t table = system->rd_read(1, GICR_VPROPBASER);
    system->rd_write(1, GICR_VPENDBASER, GIC_MASK(GICR_VPENDBASER_VALID) | 0x12340001);
    system->rd_write(1, GICR_VPROPBASER, 0x45670000);
    EXPECT_EQ(system->rd_read(1, GICR_VPENDBASER), before);
    EXPECT_EQ(system->rd_read(1, GICR_VPROPBASER), table);
}

TEST_P(Virtual, DirtyIsOneWhileTheVpeComesAndGoes)
{
    start();
    std::vector<uint32_t> polls;

    for (uint32_t event = 0; event < 8; event++) {
        system->msi_now(kDevice, event);
    }
    sim_time now = sim_time_align(sim_now(system->sim) + SIM_US, SIM_NS);
    system->write_residency(1, 0, true, false, now);
    for (int i = 0; i < 800; i++) {
        polls.push_back(bus_driver_read(system->rd_cpus[1], now + SIM_NS, system->rd_base(1) + GICR_VPENDBASER, 8));
    }
    system->run();
    bool was_dirty = false;
    bool was_clean = false;
    for (uint32_t poll : polls) {
        bool dirty = GIC_GET(bus_driver_get_result(system->rd_cpus[1], poll)->value, GICR_VPENDBASER_DIRTY) != 0;

        EXPECT_FALSE(dirty && was_clean) << "it goes to 0 once";
        was_dirty = was_dirty || dirty;
        was_clean = was_clean || !dirty;
    }
    EXPECT_TRUE(was_dirty);
    EXPECT_TRUE(was_clean);
    EXPECT_TRUE(redistributor_is_vpe_resident(system->rds[1]));
    system->leave(1, 0);
}

TEST_P(Virtual, IndirectTableOfVpes)
{
    uint64_t level2 = kVpeTable + 0x80000;

    system = std::make_unique<VirtualSystem>(GetParam().engine, GetParam().kind, options);
    for (uint32_t its = 0; its < 2; its++) {
        system->its_write(its, GITS_BASER(2),
                          GIC_MASK(GITS_BASER_VALID) | GIC_MASK(GITS_BASER_INDIRECT) |
                              (kVpeTable + (GetParam().kind.shared != 0 ? 0 : its * UINT64_C(0x1000))) | 0);
        memory_write64(system->memory, kVpeTable + its * UINT64_C(0x1000) + 8,
                       (level2 + (GetParam().kind.shared != 0 ? 0 : its * UINT64_C(0x1000))) | UINT64_C(1) << 63);
    }
    if (v4_1()) {
        for (uint32_t rd = 0; rd < 3; rd++) {
            system->rd_write(rd, GICR_VPROPBASER,
                             GIC_MASK(GICR_VPROPBASER_VALID) | GIC_MASK(GICR_VPROPBASER_INDIRECT) | kVpeTable | 0);
        }
    }
    system->bring_up();
    system->map_vpe(258, 1);
    system->map_device(kDevice, 6);
    system->command(vmapti(kDevice, 1, 258, 8201));
    EXPECT_EQ(its_last_error(system->its[0]), 0u);
    system->command(vmapp(3, 1, system->vpt(3), 0, GIC_NO_DOORBELL));
    EXPECT_EQ(its_error_count(system->its[0], ITS_COMMAND_VMAPP, ITS_ERROR_VPE_RANGE), 1u) << "not backed";
    system->enter(1, 258);
    guest(1);
    system->msi_now(kDevice, 1);
    EXPECT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({8201}));
}

TEST_P(Virtual, EachErrorLeavesNothingBehind)
{
    start();
    auto &its = system->its[0];
    auto fails = [&](its_command command, its_error_reason reason) {
        uint64_t before = its_error_count(its, command.opcode, reason);

        system->command(command);
        EXPECT_EQ(its_error_count(its, command.opcode, reason), before + 1)
            << its_command_name(command.opcode) << ", last error " << std::hex << its_last_error(its);
    };
    its_command small = vmapp(2, 1, system->vpt(2), 0, GIC_NO_DOORBELL);

    small.virt.table_size = 12;
    fails(small, ITS_ERROR_VINTID_RANGE);
    fails(vmapp(2, 40, system->vpt(2), 0, GIC_NO_DOORBELL), ITS_ERROR_SIZE_RANGE);
    fails(vmapp(0x8000, 1, system->vpt(2), 0, GIC_NO_DOORBELL), ITS_ERROR_VPE_RANGE);
    fails(vmapti(5, 0, 0, 8200), ITS_ERROR_DEVICE_UNMAPPED);
    fails(vmapti(kDevice, 64, 0, 8200), ITS_ERROR_EVENT_RANGE);
    fails(vmapti(kDevice, 20, 0, 8191), ITS_ERROR_VINTID_RANGE);
    fails(vmapti(kDevice, 20, 0, 0x10000), ITS_ERROR_VINTID_RANGE);
    fails(vmapti(kDevice, 20, 0, 8200, 100), ITS_ERROR_DOORBELL_RANGE);
    fails(vmapti(kDevice, 20, 0x8000, 8200), ITS_ERROR_VPE_RANGE);
    fails(vmovi(kDevice, 20, 1), ITS_ERROR_EVENT_UNMAPPED);
    fails(vmovi(kDevice, 1, 2), ITS_ERROR_VPE_UNMAPPED);
    fails(vmovp(2, 1, 0, 1), ITS_ERROR_VPE_UNMAPPED);
    fails(vmovp(0, 40, 0, 1), ITS_ERROR_SIZE_RANGE);
    fails(movi(kDevice, 1, 1), ITS_ERROR_EVENT_UNMAPPED);
    for (its_opcode opcode : {ITS_COMMAND_VSYNC, ITS_COMMAND_VINVALL}) {
        fails(vpe_command(opcode, 2), ITS_ERROR_VPE_UNMAPPED);
        fails(vpe_command(opcode, 0x8000), ITS_ERROR_VPE_RANGE);
    }
    fails(vsgi(2, 1, true), v4_1() ? ITS_ERROR_VPE_UNMAPPED : ITS_ERROR_UNKNOWN);
    fails(vpe_command(ITS_COMMAND_INVDB, 2), v4_1() ? ITS_ERROR_VPE_UNMAPPED : ITS_ERROR_UNKNOWN);
    system->map_event(kDevice, 21, 8421, 0);
    fails(vmovi(kDevice, 21, 1), ITS_ERROR_EVENT_UNMAPPED);
    // What was mapped before works as before.
    system->enter(1, 0);
    guest(1);
    system->msi_now(kDevice, 1);
    EXPECT_EQ(system->pes[1]->virtual_intids(), std::vector<uint32_t>({8201}));
    system->msi_now(kDevice, 20);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_EVENT_UNMAPPED), 1u);
}

TEST_P(Virtual, CommandsSurviveTheirBytes)
{
    its_command command = vmapp(0x1234, 3, 0x123450000, 0x9870000, 8200);
    its_command back;
    uint8_t bytes[ITS_COMMAND_BYTES];

    its_command_encode(&command, bytes);
    EXPECT_EQ(bytes[0], 0x29);
    EXPECT_EQ(sim_load_le64(&bytes[0]) >> 8 & 3, 3u) << "Alloc, PTZ";
    EXPECT_EQ(sim_load_le64(&bytes[8]) >> 32, 0x1234u);
    EXPECT_EQ(sim_load_le32(&bytes[8]), 8200u);
    EXPECT_EQ(sim_load_le64(&bytes[16]), UINT64_C(1) << 63 | 3 << 16);
    EXPECT_EQ(sim_load_le64(&bytes[24]), 0x12345000fu);
    its_command_decode(bytes, &back);
    EXPECT_EQ(back.virt.table, command.virt.table);
    EXPECT_EQ(back.virt.configuration, command.virt.configuration);
    command = vmovp(0x77, 5, 0x1234, 0x8001);
    command.virt.doorbell_valid = true;
    command.virt.doorbell = 9000;
    its_command_encode(&command, bytes);
    EXPECT_EQ(sim_load_le64(&bytes[0]), UINT64_C(0x123400000022));
    EXPECT_EQ(sim_load_le64(&bytes[8]), UINT64_C(0x7700008001));
    EXPECT_EQ(sim_load_le64(&bytes[16]), UINT64_C(1) << 63 | 5 << 16);
    EXPECT_EQ(sim_load_le64(&bytes[24]), 9000u);
    command = vsgi(0x33, 9, true, 0xb0, true);
    its_command_encode(&command, bytes);
    EXPECT_EQ(sim_load_le64(&bytes[0]), UINT64_C(0x900b00723));
    its_command_decode(bytes, &back);
    EXPECT_EQ(back.virt.priority, 0xb0);
    EXPECT_TRUE(back.virt.clear && back.virt.enable && back.virt.group);
    command = vmapti(4, 5, 6, 8300, 8400);
    its_command_encode(&command, bytes);
    EXPECT_EQ(sim_load_le64(&bytes[8]), UINT64_C(0x600000005));
    EXPECT_EQ(sim_load_le64(&bytes[16]), UINT64_C(8400) << 32 | 8300);
}

std::string name_of(const ::testing::TestParamInfo<Param> &test)
{
    return std::string(test.param.kind.name) + "_e" + std::to_string(test.param.index);
}

INSTANTIATE_TEST_SUITE_P(All, Virtual, ::testing::ValuesIn(params(ALL)), name_of);
INSTANTIATE_TEST_SUITE_P(Only, Virtual40, ::testing::ValuesIn(params(V4_0)), name_of);
INSTANTIATE_TEST_SUITE_P(Only, Virtual41, ::testing::ValuesIn(params(V4_1)), name_of);

} // namespace

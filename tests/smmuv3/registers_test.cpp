/*
 * Register pages: identification, access rules, guards, acknowledgement, and what SMMUEN = 0 and GBPA do.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

enum : uint32_t {
    IDR0 = 0x0,
    IDR1 = 0x4,
    IDR3 = 0xc,
    IDR5 = 0x14,
    AIDR = 0x1c,
    CR0 = 0x20,
    CR0ACK = 0x24,
    CR1 = 0x28,
    CR2 = 0x2c,
    GBPA = 0x44,
    IRQ_CTRL = 0x50,
    IRQ_CTRLACK = 0x54,
    GERROR = 0x60,
    GERRORN = 0x64,
    GERROR_IRQ_CFG0 = 0x68,
    STRTAB_BASE = 0x80,
    STRTAB_BASE_CFG = 0x88,
    CMDQ_BASE = 0x90,
    CMDQ_PROD = 0x98,
    CMDQ_CONS = 0x9c,
    EVENTQ_BASE = 0xa0,
    EVENTQ_IRQ_CFG1 = 0xb8,
    EVENTQ_PROD = 0x100a8,
    EVENTQ_CONS = 0x100ac,
};

TEST(Registers, Reset)
{
    everywhere([](System &s) {
        EXPECT_EQ(s.read(CR0), 0u);
        EXPECT_EQ(s.read(CR0ACK), 0u);
        EXPECT_EQ(s.read(GBPA), 0x1000u);
        EXPECT_EQ(s.read(GERROR), 0u);
        EXPECT_EQ(s.read(CMDQ_CONS), 0u);
    });
}

TEST(Registers, IdentificationSaysWhatIsThere)
{
    System s(support::engines()[0], [](smmu_config &c) {
        c.stream_id_bits = 20;
        c.substream_id_bits = 10;
        c.command_queue_bits = 9;
        c.event_queue_bits = 5;
        c.output_address_bits = 44;
    });
    const uint64_t idr0 = s.read(IDR0);
    const uint64_t idr1 = s.read(IDR1);

    EXPECT_EQ(idr0 & 1, 1u) << "S2P";
    EXPECT_EQ(idr0 >> 1 & 1, 1u) << "S1P";
    EXPECT_EQ(idr0 >> 2 & 3, 2u) << "TTF";
    EXPECT_EQ(idr0 >> 6 & 3, 2u) << "HTTU";
    EXPECT_EQ(idr0 >> 9 & 1, 1u) << "HYP";
    EXPECT_EQ(idr0 >> 10 & 1, 0u) << "ATS";
    EXPECT_EQ(idr0 >> 12 & 1, 1u) << "ASID16";
    EXPECT_EQ(idr0 >> 13 & 1, 1u) << "MSI";
    EXPECT_EQ(idr0 >> 16 & 1, 0u) << "PRI";
    EXPECT_EQ(idr0 >> 18 & 1, 1u) << "VMID16";
    EXPECT_EQ(idr0 >> 19 & 1, 1u) << "CD2L";
    EXPECT_EQ(idr0 >> 21 & 3, 2u) << "TTENDIAN";
    EXPECT_EQ(idr0 >> 24 & 3, 1u) << "STALL_MODEL";
    EXPECT_EQ(idr0 >> 26 & 1, 0u) << "TERM_MODEL";
    EXPECT_EQ(idr0 >> 27 & 3, 1u) << "ST_LEVEL";
    EXPECT_EQ(idr1 >> 26 & 3, 3u) << "ATTR_PERMS_OVR, ATTR_TYPES_OVR";
    EXPECT_EQ(idr1 & 0x3f, 20u);
    EXPECT_EQ(idr1 >> 6 & 0x1f, 10u);
    EXPECT_EQ(idr1 >> 16 & 0x1f, 5u);
    EXPECT_EQ(idr1 >> 21 & 0x1f, 9u);
    EXPECT_EQ(s.read(IDR3), 1u << 10 | 1 << 4 | 1 << 2) << "RIL, XNX, HAD";
    EXPECT_EQ(s.read(IDR5), 4u | 7 << 4) << "44 bits, 4, 16 and 64 KiB";
    EXPECT_EQ(s.read(AIDR), 2u);
    s.write(IDR0, 0);
    EXPECT_EQ(s.read(IDR0), idr0) << "read-only";
}

TEST(Registers, El2NeedsBothStages)
{
    for (bool stage1 : {false, true}) {
        System s(support::engines()[0],
                 [&](smmu_config &c) { (stage1 ? c.features.stage2 : c.features.stage1) = false; });

        EXPECT_EQ(s.read(IDR0) >> 9 & 1, 0u) << "HYP";
    }
}

TEST(Registers, IdentificationOfFeatures)
{
    System s(support::engines()[0], [](smmu_config &c) {
        c.output_address_bits = 52;
        c.features.stage2 = false;
        c.features.hypervisor = false;
        c.features.httu = SMMU_HTTU_ACCESS;
        c.features.granule_16k = false;
        c.features.va52 = true;
        c.features.ds = true;
        c.features.stt = true;
    });

    EXPECT_EQ(s.read(IDR0) & 1, 0u) << "S2P";
    EXPECT_EQ(s.read(IDR0) >> 18 & 1, 0u) << "VMID16 means nothing without stage 2";
    EXPECT_EQ(s.read(IDR0) >> 6 & 3, 1u) << "HTTU";
    EXPECT_EQ(s.read(IDR0) >> 9 & 1, 0u) << "HYP";
    EXPECT_EQ(s.read(IDR3) >> 9 & 1, 1u) << "STT";
    EXPECT_EQ(s.read(IDR5), 6u | 5 << 4 | 1 << 7 | 1 << 10) << "52 bits, 4 and 64 KiB, DS, VAX";
}

TEST(Registers, ControlIsAcknowledgedFieldByField)
{
    everywhere([](System &s) {
        for (uint32_t value : {0x4u, 0xcu, 0x8u, 0x9u, 0x1u, 0x0u}) {
            s.write(CR0, value);
            EXPECT_EQ(s.read(CR0ACK), value);
        }
        s.write(CR0, 0xffffffff);
        EXPECT_EQ(s.read(CR0ACK), 0xdu) << "PRIQEN, ATSCHK, VMW belong to features that are absent";
        s.write(CR0ACK, 0);
        EXPECT_EQ(s.read(CR0ACK), 0xdu) << "read-only";
    });
}

/* smmu-reg-009 and its kind. */
TEST(Registers, GuardsHoldWhileEnabled)
{
    const struct {
        uint32_t offset;
        uint32_t bytes;
        uint64_t value;
        uint32_t enables; /**< bits of CR0 that lock it */
    } cases[] = {
        {STRTAB_BASE, 8, 0x40000000, 0x1},
        {STRTAB_BASE_CFG, 4, 0x10205, 0x1},
        {CR2, 4, 0x4, 0x1},
        {CR1, 4, 0xfc0, 0x1},
        {CR1, 4, 0x3f, 0xc},
        {CMDQ_BASE, 8, UINT64_C(0x4000000080000005), 0x8},
        {CMDQ_CONS, 4, 0x3, 0x8},
        {EVENTQ_BASE, 8, UINT64_C(0x4000000080000005), 0x4},
        {EVENTQ_PROD, 4, 0x80000003, 0x4},
    };

    for (const auto &c : cases) {
        for (uint32_t bit = 1; bit <= 8; bit *= 2) {
            if (bit == 2) {
                continue;
            }
            System s(support::engines()[0]);
            const bool locked = (c.enables & bit) != 0;
            const uint64_t before = s.read(c.offset, c.bytes);

            s.write(CR0, bit);
            s.write(c.offset, c.value, c.bytes);
            EXPECT_EQ(s.read(c.offset, c.bytes), locked ? before : c.value) << std::hex << c.offset << " CR0 " << bit;
            s.write(CR0, 0);
            s.write(c.offset, c.value, c.bytes);
            EXPECT_EQ(s.read(c.offset, c.bytes), c.value) << std::hex << c.offset;
        }
    }
}

TEST(Registers, InterruptConfigurationIsGuardedByIrqCtrl)
{
    everywhere([](System &s) {
        s.write(IRQ_CTRL, 7);
        EXPECT_EQ(s.read(IRQ_CTRLACK), 5u) << "PRIQ_IRQEN is RES0";
        s.write(GERROR_IRQ_CFG0, 0x70000080, 8);
        s.write(EVENTQ_IRQ_CFG1, 0x55);
        EXPECT_EQ(s.read(GERROR_IRQ_CFG0, 8), 0u);
        EXPECT_EQ(s.read(EVENTQ_IRQ_CFG1), 0u);
        s.write(IRQ_CTRL, 1);
        s.write(GERROR_IRQ_CFG0, 0x70000080, 8);
        s.write(EVENTQ_IRQ_CFG1, 0x55);
        EXPECT_EQ(s.read(GERROR_IRQ_CFG0, 8), 0u);
        EXPECT_EQ(s.read(EVENTQ_IRQ_CFG1), 0x55u);
        s.write(IRQ_CTRL, 0);
        s.write(GERROR_IRQ_CFG0, UINT64_C(0xfff0000070000083), 8);
        EXPECT_EQ(s.read(GERROR_IRQ_CFG0, 8), 0x70000080u) << "ADDR is bits 51:2";
    });
}

TEST(Registers, AccessSizes)
{
    everywhere([](System &s) {
        const uint64_t value = UINT64_C(0x4000123456789a80);

        s.write(STRTAB_BASE, value, 8);
        EXPECT_EQ(s.read(STRTAB_BASE, 4), 0x56789a80u);
        EXPECT_EQ(s.read(STRTAB_BASE + 4, 4), 0x40001234u);
        s.write(STRTAB_BASE + 4, 0x40004321);
        EXPECT_EQ(s.read(STRTAB_BASE, 8), UINT64_C(0x4000432156789a80));
        /* CONSTRAINED UNPREDICTABLE accesses: read as zero, are ignored, and end well. */
        EXPECT_EQ(s.read(CR0 + 1, 4), 0u);
        EXPECT_EQ(s.read(GBPA, 2), 0u);
        EXPECT_EQ(s.read(CMDQ_PROD, 8), 0u) << "two 32-bit registers";
        EXPECT_EQ(s.write(STRTAB_BASE + 4, 0, 8), SIM_STATUS_OK);
        EXPECT_EQ(s.write(STRTAB_BASE, 0, 1), SIM_STATUS_OK);
        EXPECT_EQ(s.read(STRTAB_BASE, 8), UINT64_C(0x4000432156789a80));
        EXPECT_EQ(s.read(0x3000), 0u) << "unallocated";
        EXPECT_EQ(s.write(0x3000, 1), SIM_STATUS_OK);
    });
}

TEST(Registers, OutsideTheWindowIsUnsupported)
{
    System s(support::engines()[0]);

    EXPECT_EQ(s.write(0x20000, 1), SIM_STATUS_UR);
    EXPECT_EQ(s.write(static_cast<uint32_t>(-4), 1), SIM_STATUS_UR);
    EXPECT_EQ(s.write(0x1fffc, 1), SIM_STATUS_OK);
}

TEST(Registers, EventIndexesAreNotAliasedOnPageZero)
{
    everywhere([](System &s) {
        s.write(EVENTQ_PROD, 5);
        s.write(EVENTQ_CONS, 4);
        EXPECT_EQ(s.read(EVENTQ_PROD), 5u);
        EXPECT_EQ(s.read(0xa8), 0u);
        EXPECT_EQ(s.read(0xac), 0u);
        s.write(0xac, 3);
        EXPECT_EQ(s.read(EVENTQ_CONS), 4u);
    });
}

/* smmu-gerr-002. */
TEST(Registers, GerrorIsReadOnly)
{
    System s(support::engines()[0]);

    s.write(GERROR, 0x1fd);
    EXPECT_EQ(s.read(GERROR), 0u);
    s.write(GERRORN, 0xffffffff);
    EXPECT_EQ(s.read(GERRORN), 0xb5u) << "only errors that exist";
}

TEST(Registers, GbpaNeedsUpdate)
{
    everywhere([](System &s) {
        s.write(GBPA, 1 << 20);
        EXPECT_EQ(s.read(GBPA), 0x1000u) << "without UPDATE the write is ignored";
        s.write(GBPA, 0x80000000u | 1 << 20);
        EXPECT_EQ(s.read(GBPA), 1u << 20) << "UPDATE has cleared itself";
    });
}

/* smmu-reg-008. */
TEST(Disabled, BypassLooksAtNothing)
{
    everywhere([](System &s) {
        s.write(STRTAB_BASE, System::nowhere, 8);
        s.enable(0x4);
        const TxnResult r = s.txn({.sid = 0xffff, .ssid = 9, .addr = 0x80000040});
        EXPECT_EQ(r.outcome, Outcome::ok);
        EXPECT_EQ(r.pa, 0x80000040u);
        EXPECT_TRUE(s.events().empty());
        EXPECT_EQ(s.counter("config-reads"), 0u);
    });
}

TEST(Disabled, GlobalAbortIsSilent)
{
    everywhere([](System &s) {
        s.enable(0x4);
        s.write(GBPA, 0x80000000u | 1 << 20);
        EXPECT_EQ(s.txn({.addr = 0x80000040}).outcome, Outcome::abort);
        EXPECT_EQ(s.txn({.addr = 0x80000040, .op = 'W'}).outcome, Outcome::dropped);
        EXPECT_EQ(s.txn({.addr = 0x80000040, .op = 'W', .has_stream_id = false}).outcome, Outcome::ok);
        EXPECT_TRUE(s.events().empty());
    });
}

TEST(Disabled, AddressBeyondTheOutputSizeAborts)
{
    everywhere([](smmu_config &c) { c.output_address_bits = 40; },
               [](System &s) {
                   s.enable(0x4);
                   EXPECT_EQ(s.txn({.addr = (UINT64_C(1) << 40) - 4}).outcome, Outcome::ok);
                   EXPECT_EQ(s.txn({.addr = UINT64_C(1) << 40}).outcome, Outcome::abort);
                   EXPECT_TRUE(s.events().empty());
               });
}

/* SMMUEN 1 -> 0 is acknowledged only when what was being translated is through. */
TEST(Disabled, AcknowledgementWaitsForWalks)
{
    everywhere([](System &s) {
        s.enable();
        s.make_s1();
        const uint32_t index = s.start({.addr = 0x40001000, .op = 'W'});
        const sim_time begin = sim_now(s.sim);
        const uint32_t disable = bus_driver_write(s.host, begin + 20 * SIM_NS, System::register_base + CR0, 0xc, 4);
        std::vector<uint32_t> reads;
        for (unsigned i = 0; i < 60; i++) {
            reads.push_back(bus_driver_read(s.host, begin + (30 + 10 * i) * SIM_NS, System::register_base + CR0ACK, 4));
        }
        s.run();
        const TxnResult r = s.result(0, index);
        EXPECT_EQ(r.outcome, Outcome::ok);
        EXPECT_EQ(r.pa, 0x80001000u) << "it came while SMMUEN was 1";
        EXPECT_LT(bus_driver_get_result(s.host, disable)->answer_time, r.left);
        unsigned still = 0;
        for (uint32_t read : reads) {
            const bus_driver_result *answer = bus_driver_get_result(s.host, read);

            still += answer->value == 0xd;
            if (answer->answer_time < r.left - 20 * SIM_NS) {
                EXPECT_EQ(answer->value, 0xdu);
            } else if (answer->issue_time > r.left) {
                EXPECT_EQ(answer->value, 0xcu);
            }
        }
        EXPECT_GT(still, 20u);
    });
}

} // namespace

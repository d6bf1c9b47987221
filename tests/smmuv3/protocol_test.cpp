/*
 * Protocols between software and the SMMU that depend on what it implements: fields that exist or not, updates and
 * their acknowledgements, wildcards, wires.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

constexpr uint64_t probe = System::memory_base + System::memory_size - 0x1000;

enum : uint32_t {
    IDR0 = 0x0,
    IDR1 = 0x4,
    IDR3 = 0xc,
    IIDR = 0x18,
    CR0 = 0x20,
    CR0ACK = 0x24,
    CR2 = 0x2c,
    GBPA = 0x44,
    IRQ_CTRL = 0x50,
    IRQ_CTRLACK = 0x54,
    GERROR = 0x60,
    GERRORN = 0x64,
    STRTAB_BASE_CFG = 0x88,
    CMDQ_PROD = 0x98,
    CMDQ_CONS = 0x9c,
    EVENTQ_IRQ_CFG0 = 0xb0,
    EVENTQ_IRQ_CFG1 = 0xb8,
};

uint64_t bits(uint64_t value, unsigned low, unsigned width)
{
    return value >> low & ((UINT64_C(1) << width) - 1);
}

TEST(Identification, WhatMeansNothingAloneIsAbsent)
{
    System s(support::engines()[0], [](smmu_config &c) {
        c.features.stage2 = false;
        c.features.vmid16 = c.features.vmw = c.features.pri = c.features.pps = c.features.ats_rec_err = true;
        c.features.ns1ats = true;
        c.features.iidr = 0x4832043b;
        c.substream_id_bits = 0;
    });

    EXPECT_EQ(bits(s.read(IDR0), 18, 1), 0u) << "VMID16 without S2P";
    EXPECT_EQ(bits(s.read(IDR0), 17, 1), 0u) << "VMW without S2P";
    EXPECT_EQ(bits(s.read(IDR0), 16, 1), 0u) << "PRI without ATS";
    EXPECT_EQ(bits(s.read(IDR0), 11, 1), 0u) << "NS1ATS without ATS";
    EXPECT_EQ(bits(s.read(IDR0), 23, 1), 0u) << "ATSRECERR without ATS";
    EXPECT_EQ(bits(s.read(IDR0), 19, 1), 0u) << "CD2L without SubstreamIDs";
    EXPECT_EQ(bits(s.read(IDR1), 11, 5), 0u) << "PRIQS without PRI";
    EXPECT_EQ(bits(s.read(IDR3), 5, 1), 0u) << "PPS without PRI";
    EXPECT_EQ(s.read(IIDR), 0x4832043bu);
}

TEST(Identification, OneStageOnly)
{
    System s(support::engines()[0], [](smmu_config &c) {
        c.features.stage1 = false;
        c.features.sev = c.features.vmw = true;
    });

    EXPECT_EQ(bits(s.read(IDR0), 1, 1), 0u) << "S1P";
    EXPECT_EQ(bits(s.read(IDR0), 9, 1), 0u) << "HYP";
    EXPECT_EQ(bits(s.read(IDR0), 12, 1), 0u) << "ASID16";
    EXPECT_EQ(bits(s.read(IDR0), 14, 1), 1u) << "SEV";
    EXPECT_EQ(bits(s.read(IDR0), 17, 1), 1u) << "VMW";
    s.write(CR2, 0xf);
    EXPECT_EQ(s.read(CR2), 6u) << "E2H and REC_CFG_ATS are RES0";
}

TEST(Identification, ConfigurationErrors)
{
    smmu_config c;

    smmu_config_defaults(&c);
    EXPECT_EQ(smmu_config_error(&c), nullptr);
    c.features.st_two_level = false;
    EXPECT_STREQ(smmu_config_error(&c), "more than 64 StreamIDs need two-level stream tables");
    c.stream_id_bits = 6;
    EXPECT_EQ(smmu_config_error(&c), nullptr);
}

TEST(Registers, FieldsOfAbsentFeaturesAreRes0)
{
    System s(support::engines()[0], [](smmu_config &c) {
        c.msi = false;
        c.stream_id_bits = 6;
        c.features.st_two_level = false;
        c.features.types_ovr = c.features.perms_ovr = false;
        c.features.vmw = true;
    });

    EXPECT_EQ(s.read(GBPA), 0u);
    s.write(GBPA, 0xffffffff);
    EXPECT_EQ(s.read(GBPA), 1u << 20) << "only ABORT";
    s.write(EVENTQ_IRQ_CFG0, 0x70000040, 8);
    s.write(EVENTQ_IRQ_CFG1, 5);
    EXPECT_EQ(s.read(EVENTQ_IRQ_CFG0, 8), 0u);
    EXPECT_EQ(s.read(EVENTQ_IRQ_CFG1), 0u);
    s.write(GERRORN, 0xffffffff);
    EXPECT_EQ(s.read(GERRORN), 5u);
    s.write(CR0, 0xffffffff);
    EXPECT_EQ(s.read(CR0ACK), 0x1cdu) << "with VMW";
}

TEST(Registers, GbpaHoldsItsAttributes)
{
    everywhere([](System &s) {
        s.write(GBPA, 0x800e3f1fu);
        EXPECT_EQ(s.read(GBPA), 0x000e3f1fu);
        s.write(GBPA, 0);
        EXPECT_EQ(s.read(GBPA), 0x000e3f1fu);
    });
}

/* A field that is being updated cannot be written again: 6.3.9, from SMMUv3.2 on. */
TEST(Registers, NoSecondUpdateBeforeTheFirstIsComplete)
{
    everywhere([](System &s) {
        s.enable();
        s.make_s1();
        const uint32_t index = s.start({.addr = 0x40001000, .op = 'W'});
        const sim_time begin = sim_now(s.sim);
        bus_driver_write(s.host, begin + 20 * SIM_NS, System::register_base + CR0, 0xc, 4);
        bus_driver_write(s.host, begin + 60 * SIM_NS, System::register_base + CR0, 0x9, 4);
        s.run();
        EXPECT_EQ(s.result(0, index).outcome, Outcome::ok);
        EXPECT_EQ(s.read(CR0), 0x8u) << "SMMUEN stays 0: its walk was under way; EVENTQEN was free";
        EXPECT_EQ(s.read(CR0ACK), 0x8u);
    });
}

/* IRQ_CTRL: disabling is acknowledged when the last MSI has been answered, at whatever time of its way it comes. */
TEST(Registers, DisablingAnInterruptWaitsForItsMsi)
{
    unsigned waited = 0;

    for (unsigned delay = 100; delay < 1000; delay += 20) {
        System s(support::engines()[0]);

        s.enable();
        s.make_s1();
        s.write(EVENTQ_IRQ_CFG0, probe, 8);
        s.write(EVENTQ_IRQ_CFG1, 0x55);
        s.write(IRQ_CTRL, 5);
        const sim_time begin = sim_now(s.sim);
        s.start({.addr = 0x50000000, .op = 'W', .when = begin + 10 * SIM_NS});
        bus_driver_write(s.host, begin + delay * SIM_NS, System::register_base + IRQ_CTRL, 1, 4);
        const uint32_t first =
            bus_driver_read(s.host, begin + (delay + 1) * SIM_NS, System::register_base + IRQ_CTRLACK, 4);
        s.run();
        const uint64_t ack = bus_driver_get_result(s.host, first)->value;

        EXPECT_TRUE(ack == 1 || ack == 5) << ack;
        if (ack == 5) {
            waited++;
            EXPECT_EQ(memory_read32(s.memory, probe), 0x55u) << "what it waits for is the MSI";
        }
        EXPECT_EQ(s.read(IRQ_CTRLACK), 1u);
    }
    EXPECT_GE(waited, 2u) << "an MSI takes 80 ns, and the delays are 20 ns apart";
}

/* inv-014 and its kind: CR0.VMW leaves the low bits of VMIDs out. */
TEST(Wildcards, OfVmids)
{
    const struct {
        unsigned vmw;
        unsigned vmid;
        bool drops;
    } cases[] = {{0, 0x11, false}, {1, 0x11, true},  {1, 0x12, false}, {2, 0x13, true},
                 {4, 0x1f, true},  {4, 0x20, false}, {5, 0x11, false}, {5, 0x10, true}};

    for (const auto &c : cases) {
        everywhere([](smmu_config &config) { config.features.vmw = true; },
                   [&](System &s) {
                       s.enable(0xd | c.vmw << 6);
                       s.make_s1([](Ste &ste, Cd &) { ste.s2vmid = 0x10; });
                       s.txn({.addr = 0x40001000});
                       s.unmap(s.root, 0x40001000);
                       s.command(tlbi(0x11, 7, c.vmid), 0, true);
                       EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome == Outcome::abort, c.drops)
                           << c.vmw << " " << c.vmid;
                   });
    }
}

/* 4.4.1.1: bit 25 of SCALE, and a level 1 of the 16 KiB granule, exist with DS only. */
TEST(Ranges, DependOnDs)
{
    for (bool ds : {false, true}) {
        everywhere([&](smmu_config &config) { config.features.va52 = config.features.ds = ds; },
                   [&](System &s) {
                       s.enable();
                       s.make_s1();
                       s.command(tlbi(0x12, 7), UINT64_C(2) << 10 | UINT64_C(1) << 8 | 0x40000000);
                       EXPECT_EQ(s.read(CMDQ_CONS), ds ? 1u : 1u << 24) << "TG 16 KiB, level 1";
                   });
        everywhere([&](smmu_config &config) { config.features.va52 = config.features.ds = ds; },
                   [&](System &s) {
                       s.enable();
                       s.make_s1();
                       s.txn({.addr = 0x40001000});
                       s.unmap(s.root, 0x40001000);
                       s.command(tlbi(0x12, 7) | 32 << 20 | 1 << 12, UINT64_C(1) << 10 | 0x10000000, true);
                       EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome == Outcome::abort, ds) << "SCALE 32, or 0";
                   });
    }
}

TEST(Wires, WithoutMsis)
{
    everywhere([](smmu_config &config) { config.msi = false; },
               [](System &s) {
                   s.enable();
                   s.make_s1();
                   s.txn({.addr = 0x50000000, .op = 'W'});
                   s.events();
                   EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_EVENTQ), 0u) << "not enabled";
                   s.write(IRQ_CTRL, 5);
                   s.txn({.addr = 0x50000000, .op = 'W'});
                   EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_EVENTQ), 1u);
                   s.txn({.addr = 0x50000000, .op = 'W'});
                   EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_EVENTQ), 1u) << "the queue was not empty";
                   s.append(0x46 | 1 << 12, probe);
                   EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_SYNC), 1u);
                   EXPECT_EQ(memory_read32(s.memory, probe), 0u);
                   s.append(0);
                   EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_GERROR), 1u);
                   EXPECT_EQ(s.counter("msis"), 0u);
               });
}

TEST(Wires, BesideMsis)
{
    everywhere([](System &s) {
        s.enable();
        s.append(0x46 | 1 << 12 | UINT64_C(0xcafe0001) << 32, probe);
        EXPECT_EQ(memory_read32(s.memory, probe), 0xcafe0001u);
        EXPECT_EQ(s.counter("msis"), 1u);
        EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_SYNC), 1u) << "whatever the address";
        s.append(0x46 | 1 << 12, 0);
        EXPECT_EQ(s.counter("msis"), 1u);
        EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_SYNC), 2u);
    });
}

TEST(OutputSize, CutsAddressesOfQueuesAndMsisOff)
{
    const uint64_t beyond = UINT64_C(1) << 41;

    everywhere([](smmu_config &config) { config.output_address_bits = 40; },
               [&](System &s) {
                   s.enable(0);
                   s.write(0x90, beyond | s.command_queue | s.command_bits, 8);
                   s.write(0xa0, beyond | s.event_queue | s.event_bits, 8);
                   s.write(0x20, 0xd);
                   s.make_s1();
                   s.txn({.addr = 0x50000000, .op = 'W'});
                   ASSERT_EQ(s.events().size(), 1u);
                   s.append(0x46 | 1 << 12 | UINT64_C(7) << 32, beyond | probe);
                   EXPECT_EQ(s.read(CMDQ_CONS), 1u);
                   EXPECT_EQ(memory_read32(s.memory, probe), 7u);
                   s.append(0x46 | 1 << 12 | UINT64_C(7) << 32, beyond);
                   EXPECT_EQ(s.counter("msis"), 2u) << "the address was not 0 before it was cut off";
               });
}

TEST(Wires, PesAreWoken)
{
    for (bool sev : {false, true}) {
        everywhere([&](smmu_config &config) { config.features.sev = sev; },
                   [&](System &s) {
                       s.command_bits = 2;
                       s.enable();
                       s.append(0x46 | 2 << 12);
                       EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_WAKE), sev ? 1u : 0u) << "CMD_SYNC";
                       for (unsigned i = 0; i < 4; i++) {
                           memory_write64(s.memory, s.command_queue + 16 * i, 0x46);
                       }
                       s.write(CMDQ_PROD, 5);
                       EXPECT_EQ(s.read(CMDQ_CONS), 5u);
                       EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_WAKE), sev ? 2u : 0u) << "full once";
                   });
    }
}

TEST(Observer, SeesCommandsAsTheyBegin)
{
    System s(support::engines()[0]);
    std::vector<uint64_t> seen;

    smmu_observe_commands(
        s.smmu,
        [](void *context, uint32_t queue, const uint64_t *words) {
            EXPECT_EQ(queue, 0u);
            static_cast<std::vector<uint64_t> *>(context)->push_back(words[0]);
        },
        &seen);
    s.enable();
    s.append(tlbi(0x11, 7));
    s.append(0x46);
    s.append(0xf0);
    EXPECT_EQ(seen, (std::vector<uint64_t>{tlbi(0x11, 7), 0x46}));
}

} // namespace

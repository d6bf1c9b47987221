/*
 * The command queue: what each command does, which are errors, and what CMD_SYNC waits for. Numbers in comments are
 * conformance cases.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

constexpr uint64_t probe = System::memory_base + System::memory_size - 0x1000; /* for MSIs; tables end before it */
constexpr uint64_t sync_none = 0x46;

uint64_t sync_irq(uint32_t data)
{
    return sync_none | 1 << 12 | static_cast<uint64_t>(data) << 32;
}

uint32_t cons(System &s)
{
    return static_cast<uint32_t>(s.read(0x9c));
}

bool command_error_active(System &s)
{
    return ((s.read(0x60) ^ s.read(0x64)) & 1) != 0;
}

void acknowledge(System &s)
{
    s.write(0x64, s.read(0x60));
}

void expect_illegal(uint64_t word0, uint64_t word1 = 0, const System::Tweak &tweak = {})
{
    everywhere(tweak, [&](System &s) {
        s.enable();
        s.append(sync_none);
        s.append(word0, word1);
        s.append(sync_irq(1), probe);
        EXPECT_EQ(cons(s), 1u | 1u << 24) << std::hex << word0;
        EXPECT_TRUE(command_error_active(s));
        EXPECT_EQ(memory_read32(s.memory, probe), 0u);
        EXPECT_EQ(s.counter("commands"), 1u);
    });
}

TEST(CommandErrors, Illegal) /* cmd-001, 004, 005, 007, 008, 009, 011; absent features */
{
    expect_illegal(0x00);
    expect_illegal(0xf0);
    expect_illegal(sync_none | 3 << 12);
    expect_illegal(cfgi_ste(0x10) | 1 << 10, 1);
    expect_illegal(cfgi_cd(0x10, 0) | 1 << 10, 1);
    for (unsigned opcode : {0x07u, 0x18u, 0x1au, 0x40u, 0x41u, 0x44u, 0x45u, 0x50u, 0x70u}) {
        expect_illegal(opcode);
    }
    for (unsigned opcode : {0x20u, 0x21u, 0x22u, 0x23u, 0x28u, 0x2au}) {
        expect_illegal(opcode, 0, [](smmu_config &c) { c.features.stage2 = c.features.hypervisor = false; });
    }
    for (unsigned opcode : {0x05u, 0x06u, 0x10u, 0x11u, 0x12u, 0x13u}) {
        expect_illegal(opcode, 0, [](smmu_config &c) { c.features.stage1 = false; });
    }
    /* A range that says neither range nor level. */
    expect_illegal(tlbi(0x12, 7), UINT64_C(1) << 10 | 0x1000);
}

TEST(CommandErrors, RepairedByOverwriting) /* cmd-002 */
{
    everywhere([](System &s) {
        s.enable();
        s.append(0xf0);
        s.append(sync_irq(7), probe);
        EXPECT_EQ(memory_read32(s.memory, probe), 0u);
        memory_write64(s.memory, s.command_queue, sync_none);
        acknowledge(s);
        EXPECT_EQ(cons(s) & 0xfffff, 2u);
        EXPECT_EQ(memory_read32(s.memory, probe), 7u);
        EXPECT_FALSE(command_error_active(s));
    });
}

TEST(CommandErrors, ProducerMayStepBack) /* cmd-003 */
{
    everywhere([](System &s) {
        s.enable();
        s.append(0xf0);
        s.write(0x98, 0);
        acknowledge(s);
        EXPECT_EQ(cons(s) & 0xfffff, 0u);
        EXPECT_FALSE(command_error_active(s));
    });
}

TEST(CommandErrors, MetAgainTogglesAgain) /* gerr-001 */
{
    everywhere([](System &s) {
        s.enable();
        s.append(0x00);
        EXPECT_EQ(s.read(0x60) & 1, 1u);
        EXPECT_EQ(cons(s), 1u << 24);
        acknowledge(s);
        EXPECT_EQ(s.read(0x60) & 1, 0u);
        EXPECT_TRUE(command_error_active(s));
    });
}

TEST(CommandErrors, FetchAbort) /* cmd-016 */
{
    everywhere([](System &s) {
        s.enable();
        s.write(0x20, 0x5);
        s.write(0x90, System::nowhere | 8, 8);
        s.write(0x20, 0xd);
        s.write(0x98, 1);
        EXPECT_EQ(cons(s), 2u << 24);
        EXPECT_TRUE(command_error_active(s));
    });
}

TEST(CommandQueue, Wraps) /* reg-011 */
{
    everywhere([](System &s) {
        s.command_bits = 2;
        s.enable();
        for (int i = 0; i < 3; i++) {
            s.append(sync_none);
        }
        EXPECT_EQ(cons(s), 3u);
        for (int i = 0; i < 2; i++) {
            s.append(sync_none);
        }
        EXPECT_EQ(cons(s), 5u);
        for (int i = 0; i < 4; i++) {
            s.append(sync_none);
        }
        EXPECT_EQ(cons(s), 1u) << "the wrap bit toggles back";
        EXPECT_EQ(s.counter("commands"), 9u);
    });
}

TEST(CommandQueue, FullIsConsumed) /* reg-012 */
{
    for (unsigned bits : {0u, 1u, 2u, 5u}) {
        everywhere([&](System &s) {
            s.command_bits = bits;
            s.enable();
            for (unsigned i = 0; i < 1u << bits; i++) {
                memory_write64(s.memory, s.command_queue + 16 * i, sync_irq(i + 1));
                memory_write64(s.memory, s.command_queue + 16 * i + 8, probe + 4 * i);
            }
            s.write(0x98, 1u << bits);
            EXPECT_EQ(cons(s), 1u << bits);
            for (unsigned i = 0; i < 1u << bits; i++) {
                EXPECT_EQ(memory_read32(s.memory, probe + 4 * i), i + 1) << "every command, once, in order";
            }
        });
    }
}

/* Several commands at once, across the end of the queue and the 64-byte lines in which they are read. */
TEST(CommandQueue, BatchesEndAtLinesAndAtTheEnd)
{
    for (unsigned first = 0; first < 8; first++) {
        everywhere([&](System &s) {
            s.command_bits = 3;
            s.enable();
            for (unsigned i = 0; i < first; i++) {
                s.append(sync_none);
            }
            for (unsigned i = 0; i < 7; i++) {
                memory_write64(s.memory, s.command_queue + 16 * ((first + i) % 8), sync_irq(i + 1));
                memory_write64(s.memory, s.command_queue + 16 * ((first + i) % 8) + 8, probe + 4 * i);
            }
            s.write(0x98, (first + 7) % 16);
            EXPECT_EQ(cons(s), (first + 7) % 16);
            for (unsigned i = 0; i < 7; i++) {
                EXPECT_EQ(memory_read32(s.memory, probe + 4 * i), i + 1);
            }
        });
    }
}

/* Commands that were read ahead are forgotten when one before them fails. */
TEST(CommandErrors, WhatWasReadAheadIsReadAgain)
{
    everywhere([](System &s) {
        s.enable();
        memory_write64(s.memory, s.command_queue, 0xf0);
        memory_write64(s.memory, s.command_queue + 16, sync_irq(7));
        memory_write64(s.memory, s.command_queue + 24, probe);
        s.write(0x98, 2);
        /* Nothing is read in between: the acknowledgement is the first that the SMMU sees after the error. */
        memory_write64(s.memory, s.command_queue, sync_none);
        memory_write64(s.memory, s.command_queue + 16, sync_irq(8));
        s.write(0x64, 1);
        EXPECT_EQ(memory_read32(s.memory, probe), 8u);
        EXPECT_EQ(cons(s) & 0xfffff, 2u);
    });
}

/* CMDQEN 1 -> 0 lets the command under way end, then is acknowledged; what was read ahead is not carried out. */
TEST(CommandQueue, DisablingEndsAfterTheCommandUnderWay)
{
    const System::Tweak slow = [](smmu_config &c) {
        c.command_cycles = 514;
        c.scan_cycles = 0;
    };

    everywhere(slow, [](System &s) {
        s.enable();
        memory_write64(s.memory, s.command_queue, 0x30);
        memory_write64(s.memory, s.command_queue + 16, sync_irq(7));
        memory_write64(s.memory, s.command_queue + 24, probe);
        const sim_time begin = sim_now(s.sim);
        bus_driver_write(s.host, begin + 10 * SIM_NS, System::register_base + 0x98, 2, 4);
        bus_driver_write(s.host, begin + 200 * SIM_NS, System::register_base + 0x20, 0x5, 4);
        const uint32_t during =
            bus_driver_read(s.host, begin + 250 * SIM_NS, System::register_base + 0x24, 4); /* 514 cycles */
        const uint32_t after = bus_driver_read(s.host, begin + 650 * SIM_NS, System::register_base + 0x24, 4);
        s.run();
        EXPECT_EQ(bus_driver_get_result(s.host, during)->value, 0xdu);
        EXPECT_EQ(bus_driver_get_result(s.host, after)->value, 0x5u);
        EXPECT_EQ(cons(s), 1u);
        memory_write64(s.memory, s.command_queue + 16, sync_irq(8));
        s.write(0x20, 0xd);
        EXPECT_EQ(cons(s), 2u);
        EXPECT_EQ(memory_read32(s.memory, probe), 8u) << "read again";
    });
}

TEST(CommandQueue, StopsWhileDisabled)
{
    everywhere([](System &s) {
        s.enable();
        s.write(0x20, 0x5);
        s.append(sync_irq(3), probe);
        EXPECT_EQ(cons(s), 0u);
        s.write(0x20, 0xd);
        EXPECT_EQ(cons(s), 1u);
        EXPECT_EQ(memory_read32(s.memory, probe), 3u);
    });
}

/* ---- CMD_SYNC ---- */

TEST(Sync, MessageWrite) /* cmd-017, cmd-018 */
{
    everywhere([](System &s) {
        s.enable();
        s.append(sync_irq(0xcafe0001) | 3 << 22 | 0xf << 24, probe + 0x200);
        EXPECT_EQ(memory_read32(s.memory, probe + 0x200), 0xcafe0001u);
        EXPECT_EQ(memory_read32(s.memory, probe + 0x204), 0u) << "one 32-bit write";
        s.append(sync_irq(5), 0);
        s.append(sync_none | 2 << 12, 0);
        EXPECT_EQ(cons(s), 3u);
        EXPECT_EQ(s.counter("msis"), 1u);
    });
}

TEST(Sync, WithoutMsisNoMessage)
{
    everywhere([](smmu_config &c) { c.msi = false; },
               [](System &s) {
                   s.enable();
                   s.append(sync_irq(5), probe);
                   EXPECT_EQ(cons(s), 1u);
                   EXPECT_EQ(memory_read32(s.memory, probe), 0u);
               });
}

TEST(Sync, AbortedMessage) /* cmd-019 */
{
    everywhere([](System &s) {
        s.enable();
        s.append(sync_irq(5), System::nowhere);
        EXPECT_EQ(cons(s), 1u);
        EXPECT_EQ(s.read(0x60) ^ s.read(0x64), 1u << 4);
    });
}

/* A CMD_SYNC completes only when a walk that may have read the old descriptor has ended and its request has left. */
TEST(Sync, WaitsForOlderRequests)
{
    const System::Tweak small = [](smmu_config &c) {
        c.tlb_entries = 64;
        c.tlb_ways = 4;
        c.tbu_tlb.entries = c.to_tcu_cycles > 0 ? 64 : 0;
    };

    everywhere(small, [](System &s) {
        s.enable();
        s.make_s1();
        memory_write64(s.memory, s.command_queue, 0x30);
        memory_write64(s.memory, s.command_queue + 16, sync_irq(1));
        memory_write64(s.memory, s.command_queue + 24, probe);
        const sim_time begin = sim_now(s.sim);
        const uint32_t walk = s.start({.addr = 0x40001000, .op = 'W', .when = begin + 10 * SIM_NS});
        bus_driver_write(s.host, begin + 10 * SIM_NS, System::register_base + 0x98, 2, 4);
        std::vector<uint32_t> reads;
        for (unsigned i = 0; i < 100; i++) {
            reads.push_back(bus_driver_read(s.host, begin + (20 + 7 * i) * SIM_NS, System::register_base + 0x9c, 4));
        }
        s.run();
        const TxnResult r = s.result(0, walk);
        ASSERT_EQ(r.outcome, Outcome::ok);
        sim_time first = 0;
        for (uint32_t read : reads) {
            const bus_driver_result *answer = bus_driver_get_result(s.host, read);

            if (answer->value == 2 && first == 0) {
                first = answer->answer_time;
            }
        }
        ASSERT_NE(first, 0u);
        EXPECT_GE(first, r.left) << "completed while the request was still in the SMMU";
        EXPECT_LT(first, r.left + 30 * SIM_NS) << "and not much later";
        EXPECT_EQ(memory_read32(s.memory, probe), 1u);
    });
}

/* A hit takes no slot, but while it is in the pipeline it has not left. */
TEST(Sync, WaitsForHitsInThePipeline)
{
    everywhere([](smmu_config &c) { c.forward_cycles = 300; },
               [](System &s) {
                   s.enable();
                   s.make_s1();
                   s.txn({.addr = 0x40001000, .op = 'W'});
                   memory_write64(s.memory, s.command_queue, sync_none);
                   const sim_time begin = sim_now(s.sim);
                   const uint32_t hit = s.start({.addr = 0x40001000, .op = 'W', .when = begin + 50 * SIM_NS});
                   bus_driver_write(s.host, begin + 20 * SIM_NS, System::register_base + 0x98, 1, 4);
                   std::vector<uint32_t> reads;
                   for (unsigned i = 0; i < 45; i++) {
                       reads.push_back(
                           bus_driver_read(s.host, begin + (30 + 10 * i) * SIM_NS, System::register_base + 0x9c, 4));
                   }
                   s.run();
                   const sim_time left = s.result(0, hit).left;
                   ASSERT_GT(left, begin + 350 * SIM_NS);
                   EXPECT_EQ(s.tlb_hits(), 1u);
                   for (uint32_t read : reads) {
                       const bus_driver_result *answer = bus_driver_get_result(s.host, read);

                       if (answer->answer_time < left) {
                           EXPECT_EQ(answer->value, 0u);
                       } else if (answer->issue_time > left + s.config.to_tcu_cycles * System::period) {
                           EXPECT_EQ(answer->value, 1u);
                       }
                   }
               });
}

/* Records of requests that were terminated before a CMD_SYNC are in the event queue when it completes. */
TEST(Sync, WaitsForEventRecords)
{
    everywhere([](System &s) {
        s.enable();
        memory_write64(s.memory, s.command_queue, sync_none);
        const sim_time begin = sim_now(s.sim);
        for (unsigned i = 0; i < 6; i++) {
            s.start({.sid = 0x300 + i, .addr = 0x1000, .op = 'W', .when = begin + 10 * SIM_NS});
        }
        bus_driver_write(s.host, begin + 10 * SIM_NS, System::register_base + 0x98, 1, 4);
        std::vector<std::pair<uint32_t, uint32_t>> reads;
        for (unsigned i = 0; i < 80; i++) {
            const sim_time when = begin + (20 + 10 * i) * SIM_NS;
            const uint32_t command = bus_driver_read(s.host, when, System::register_base + 0x9c, 4);

            reads.emplace_back(command, bus_driver_read(s.host, when, System::register_base + 0x100a8, 4));
        }
        s.run();
        unsigned complete = 0;
        for (const auto &read : reads) {
            if (bus_driver_get_result(s.host, read.first)->value == 1) {
                complete++;
                EXPECT_EQ(bus_driver_get_result(s.host, read.second)->value, 6u);
            }
        }
        EXPECT_GT(complete, 5u);
        EXPECT_LT(complete, 60u) << "writing six records takes most of the time";
    });
}

/* Under a steady stream of misses a CMD_SYNC waits for those before it, not for those after. */
TEST(Sync, DoesNotWaitForYoungerRequests)
{
    everywhere(
        [](smmu_config &c) {
            c.tlb_entries = 4;
            c.tlb_ways = 1;
            c.walk_slots = 2;
        },
        [](System &s) {
            s.enable();
            s.make_s1();
            for (unsigned i = 0; i < 64; i++) {
                s.map(s.root, 0x50000000 + i * 0x1000, 0x90000000 + i * 0x1000);
            }
            const sim_time begin = sim_now(s.sim);
            uint32_t last = 0;
            for (unsigned i = 0; i < 64; i++) {
                last = s.start({.addr = 0x50000000 + i * 0x1000, .op = 'W', .when = begin});
            }
            memory_write64(s.memory, s.command_queue, sync_irq(9));
            memory_write64(s.memory, s.command_queue + 8, probe);
            bus_driver_write(s.host, begin + 30 * SIM_NS, System::register_base + 0x98, 1, 4);
            const uint32_t late = s.start({.addr = 0x50000000, .op = 'W', .when = begin + 200 * SIM_NS});
            for (unsigned i = 0; i < 40; i++) {
                s.start({.addr = 0x50000000 + i * 0x1000, .op = 'W', .when = begin + 300 * SIM_NS});
            }
            sim_time done = 0;
            while (sim_run(s.sim, sim_now(s.sim) + 50 * SIM_NS) == SIM_RUN_REACHED_END) {
                if (done == 0 && memory_read32(s.memory, probe) == 9) {
                    done = sim_now(s.sim);
                }
            }
            EXPECT_EQ(memory_read32(s.memory, probe), 9u);
            EXPECT_GE(done + 50 * SIM_NS, s.result(0, 30).left) << "older ones must be out";
            EXPECT_LT(done, s.result(0, late).left + 40 * 200 * SIM_NS);
            EXPECT_GT(s.result(0, last).left, 0u);
        });
}

/* ---- Invalidation ---- */

void with_s1(const std::function<void(System &)> &body, const std::function<void(Ste &, Cd &)> &change = {})
{
    everywhere([&](System &s) {
        s.enable();
        s.make_s1(change);
        body(s);
    });
}

/** Whether 0x40001000 still translates, after its mapping is gone from memory. */
bool still_cached(System &s, uint64_t addr = 0x40001000)
{
    const bool cached = s.txn({.addr = addr}).outcome == Outcome::ok;

    EXPECT_EQ(s.events().size(), cached ? 0u : 1u);
    return cached;
}

TEST(Invalidate, StreamTableEntry) /* inv-001 */
{
    with_s1([](System &s) {
        Ste ste;

        EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome, Outcome::ok);
        ste.config = 0;
        s.set_ste(0x10, ste);
        EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome, Outcome::ok) << "still cached";
        s.command(cfgi_ste(0x11), 1, true);
        EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome, Outcome::ok) << "another stream's";
        s.command(cfgi_ste(0x10), 1, true);
        EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome, Outcome::abort);
        EXPECT_TRUE(s.events().empty());
    });
}

TEST(Invalidate, ContextDescriptor) /* inv-003 */
{
    with_s1([](System &s) {
        Cd cd;

        EXPECT_EQ(s.txn({.addr = 0x40001000}).pa, 0x80001000u);
        cd.asid = 8;
        cd.ttb0 = s.make_table();
        s.map(cd.ttb0, 0x40001000, 0x81001000);
        s.set_cd(s.cd_table, 0, cd);
        s.command(cfgi_cd(0x10, 1), 1, true);
        EXPECT_EQ(s.txn({.addr = 0x40001004}).pa, 0x80001004u) << "another CD's";
        s.command(cfgi_cd(0x10, 0), 1, true);
        EXPECT_EQ(s.txn({.addr = 0x40001004}).pa, 0x81001004u);
        cd.asid = 9;
        cd.ttb0 = s.make_table();
        s.map(cd.ttb0, 0x40001000, 0x82001000);
        s.set_cd(s.cd_table, 0, cd);
        s.command(UINT64_C(0x06) | UINT64_C(0x10) << 32, 0, true);
        EXPECT_EQ(s.txn({.addr = 0x40001004}).pa, 0x82001004u) << "CFGI_CD_ALL";
    });
}

TEST(Invalidate, RangeOfStreams) /* inv-005 */
{
    for (uint64_t range : {1u, 31u}) {
        with_s1([&](System &s) {
            Ste ste;

            s.txn({.addr = 0x40001000});
            ste.config = 4;
            s.set_ste(0x10, ste);
            s.command(UINT64_C(0x04) | UINT64_C(0x14) << 32, 1, true);
            EXPECT_EQ(s.txn({.addr = 0x40001000}).pa, 0x80001000u) << "0x14 to 0x17 are others";
            s.command(UINT64_C(0x04) | UINT64_C(0x12) << 32, range, true);
            EXPECT_EQ(s.txn({.addr = 0x80001000}).pa, 0x80001000u);
            EXPECT_EQ(s.txn({.addr = 0x12345000}).pa, 0x12345000u) << "bypass";
        });
    }
}

TEST(Invalidate, UnmapNeedsTheRightTlbi) /* inv-006, inv-007 without stage 2 */
{
    with_s1([](System &s) {
        s.txn({.addr = 0x40001000});
        s.unmap(s.root, 0x40001000);
        EXPECT_TRUE(still_cached(s));
        s.command(tlbi(0x12, 7), 0x40002000, true);
        EXPECT_TRUE(still_cached(s)) << "another page";
        s.command(tlbi(0x12, 8), 0x40001000, true);
        EXPECT_TRUE(still_cached(s)) << "another ASID";
        s.command(tlbi(0x11, 8), 0, true);
        EXPECT_TRUE(still_cached(s)) << "another ASID";
        if (!s.distributed()) {
            /* But not a TBU's: they are by stream, so that they hold what its STE and CD said. */
            s.command(cfgi_ste(0x10), 1, true);
            EXPECT_TRUE(still_cached(s)) << "CFGI leaves translations alone";
        }
        s.command(tlbi(0x12, 7), 0x40001001, true);
        EXPECT_FALSE(still_cached(s)) << "Leaf = 1 is enough for a leaf";
    });
}

TEST(Invalidate, EachWayOfNamingIt)
{
    const struct {
        uint64_t word0;
        uint64_t word1;
        bool drops;
        bool drops_global;
        const char *name;
    } cases[] = {
        {tlbi(0x10, 0), 0, true, true, "NH_ALL"},
        {tlbi(0x10, 0, 0x55), 0, false, false, "NH_ALL of another VMID"},
        {tlbi(0x11, 7), 0, true, false, "NH_ASID"},
        {tlbi(0x12, 7), 0x40001000, true, true, "NH_VA"},
        {tlbi(0x12, 9), 0x40001000, false, true, "NH_VA of another ASID"},
        {tlbi(0x13, 0), 0x40001000, true, true, "NH_VAA"},
        {tlbi(0x13, 7), 0x40002000, false, false, "NH_VAA of another page"},
        {0x30, 0, true, true, "NSNH_ALL"},
        {tlbi(0x12, 7) | 1 << 12, 0x40000000 | 1 << 10, true, true, "range of two pages"},
        {tlbi(0x12, 7) | 0 << 12, 0x40000000 | 1 << 10 | 3 << 8, false, false, "range of one page, level 3"},
        {tlbi(0x12, 7) | 31 << 12 | 4 << 20, 0x40000000 | 1 << 10, true, true, "range of 512 pages"},
        {tlbi(0x12, 7) | 3 << 12 | 9 << 20, 0x40000000 | 1 << 10, true, true, "range of 2048 pages"},
        {tlbi(0x12, 7) | 3 << 12, 0x40002000 | 1 << 10, false, false, "range above"},
        {tlbi(0x12, 7), 0x40000000 | 3 << 10 | 3 << 8, true, true, "granule of 64 KiB"},
    };

    for (const auto &c : cases) {
        for (bool global : {false, true}) {
            SCOPED_TRACE(c.name);
            with_s1([&](System &s) {
                Leaf leaf;

                leaf.ng = !global;
                s.map(s.root, 0x40001000, 0x80001000, leaf);
                s.txn({.addr = 0x40001000});
                s.unmap(s.root, 0x40001000);
                s.command(c.word0, c.word1, true);
                EXPECT_EQ(still_cached(s), !(global ? c.drops_global : c.drops));
            });
        }
    }
}

TEST(Invalidate, BlockByAnyAddressInIt)
{
    with_s1([](System &s) {
        s.txn({.addr = 0x40200000});
        memory_write64(s.memory, s.descriptor(s.root, 0x40200000, 2), 0);
        EXPECT_TRUE(still_cached(s, 0x40234000));
        s.command(tlbi(0x12, 7), 0x403ff000, true);
        EXPECT_FALSE(still_cached(s, 0x40234000));
    });
}

/*
 * A TLBI that is carried out while a walk waits for its leaf, which memory has already read: the walk's request may use
 * it, but it must not stay behind, and later requests must not share the walk.
 */
TEST(Invalidate, CatchesWalksUnderWay)
{
    const System::Tweak small = [](smmu_config &c) {
        c.tlb_entries = c.to_tcu_cycles > 0 ? 0 : 64;
        for (unsigned level = 0; level < 3; level++) {
            c.walk_cache[0][level].entries = 0;
        }
    };

    for (uint64_t command : {tlbi(0x12, 7), tlbi(0x13, 0), tlbi(0x11, 7), tlbi(0x10, 0), UINT64_C(0x30)}) {
        everywhere(small, [&](System &s) {
            s.enable();
            s.make_s1();
            memory_write64(s.memory, s.command_queue, command);
            memory_write64(s.memory, s.command_queue + 8, 0x40001000);
            s.txn({.addr = 0x40004000, .priv = true}); /* the configuration is cached */
            const uint32_t early = s.start({.addr = 0x40001000, .op = 'W', .when = sim_now(s.sim) + 100 * SIM_NS});
            s.run_until([&] { return s.counter("walk-reads") == 7; });
            bus_driver_write(s.host, sim_now(s.sim) + 10 * SIM_NS, System::register_base + 0x98, 1, 4);
            s.run_until([&] { return s.counter("walk-reads") == 8; }); /* the leaf is being read ... */
            sim_run(s.sim, sim_now(s.sim) + 5 * SIM_NS);               /* ... and memory has looked */
            ASSERT_EQ(s.counter("commands"), 0u);
            s.unmap(s.root, 0x40001000);
            s.run_until([&] { return s.counter("commands") == 1; });
            ASSERT_EQ(s.result(0, early).outcome, Outcome::pending) << "the TLBI is done, the walk is not";
            const uint32_t late = s.start({.addr = 0x40001008, .op = 'W', .when = sim_now(s.sim) + SIM_NS});
            s.run();
            EXPECT_EQ(s.result(0, early).outcome, Outcome::ok);
            EXPECT_EQ(s.result(0, late).outcome, Outcome::dropped);
            EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome, Outcome::abort);
        });
    }
}

TEST(Invalidate, LeavesOtherWalksAlone)
{
    const System::Tweak small = [](smmu_config &c) { c.tlb_entries = 64; };

    for (uint64_t command : {tlbi(0x12, 8), tlbi(0x11, 8)}) {
        everywhere(small, [&](System &s) {
            s.enable();
            s.make_s1();
            memory_write64(s.memory, s.command_queue, command);
            memory_write64(s.memory, s.command_queue + 8, 0x80001000);
            s.txn({.addr = 0x40004000, .priv = true});
            const sim_time begin = sim_now(s.sim);
            s.start({.addr = 0x40001000, .op = 'W', .when = begin + 100 * SIM_NS});
            bus_driver_write(s.host, begin + 300 * SIM_NS, System::register_base + 0x98, 1, 4);
            s.run();
            s.txn({.addr = 0x40001000});
            EXPECT_EQ(s.counter("walks"), 2u) << "of another ASID: the walk's result is kept";
        });
    }
}

TEST(Invalidate, CatchesConfigFetchesUnderWay)
{
    with_s1([](System &s) {
        memory_write64(s.memory, s.command_queue, cfgi_ste(0x10));
        memory_write64(s.memory, s.command_queue + 8, 1);
        const uint32_t early = s.start({.addr = 0x40001000, .op = 'W', .when = sim_now(s.sim) + 100 * SIM_NS});
        s.run_until([&] { return s.counter("config-reads") == 1; });
        bus_driver_write(s.host, sim_now(s.sim) + SIM_NS, System::register_base + 0x98, 1, 4);
        s.run_until([&] { return s.counter("commands") == 1; });
        ASSERT_EQ(s.counter("config-reads"), 2u) << "the CD is being read";
        ASSERT_EQ(s.counter("walk-reads"), 0u);
        const uint32_t late = s.start({.addr = 0x40001000, .op = 'W', .when = sim_now(s.sim) + SIM_NS});
        s.run();
        EXPECT_EQ(s.result(0, early).outcome, Outcome::ok);
        EXPECT_EQ(s.result(0, late).outcome, Outcome::ok);
        EXPECT_EQ(s.counter("config-reads"), 4u) << "the late one reads for itself";
        EXPECT_EQ(s.txn({.addr = 0x40001000, .op = 'W'}).outcome, Outcome::ok);
        EXPECT_EQ(s.counter("config-reads"), 4u) << "and what it read is cached";
    });
}

/* ---- Prefetch ---- */

TEST(Prefetch, FillsTheCaches)
{
    with_s1([](System &s) {
        s.command(UINT64_C(0x01) | UINT64_C(0x10) << 32, 0, true);
        EXPECT_EQ(s.counter("config-reads"), 2u);
        s.command(UINT64_C(0x02) | UINT64_C(0x10) << 32, 0x40001000, true);
        EXPECT_EQ(s.counter("walk-reads"), 4u);
        s.txn({.addr = 0x40001004});
        EXPECT_EQ(s.counter("config-misses"), 0u);
        if (s.config.tlb_entries > 0) {
            EXPECT_EQ(s.counter("tlb-misses"), 0u);
        } else {
            /* The TBU has no translation, and the TCU nowhere to keep one: but it has the tables. */
            EXPECT_EQ(s.counter("walk-reads"), 5u);
        }
    });
}

TEST(Prefetch, FailsSilently)
{
    with_s1([](System &s) {
        s.command(UINT64_C(0x01) | UINT64_C(0x77) << 32, 0, true);
        s.command(UINT64_C(0x01) | UINT64_C(0x7777) << 32, 0, true);
        s.command(UINT64_C(0x01) | UINT64_C(0x10) << 32, 0, true);
        s.command(UINT64_C(0x02) | UINT64_C(0x10) << 32, 0x77777000, true);
        EXPECT_TRUE(s.events().empty());
        EXPECT_FALSE(command_error_active(s));
    });
}

} // namespace

/*
 * Stage 2 alone and under stage 1, other granules, EL2, hardware updates, overrides. Numbers in comments are cases of
 * the conformance corpus, told in own words.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

constexpr uint64_t s1_leaf = 1 << 6 | 3 << 8 | 1 << 10 | 1 << 11; /* EL0, inner shareable, AF, nG */
constexpr uint64_t s1_ro = 1 << 7;
constexpr uint64_t s2_leaf = 0xf << 2 | 3 << 6 | 3 << 8 | 1 << 10; /* write-back, read and write, AF */
constexpr uint64_t s2_ro = 0xf << 2 | 1 << 6 | 3 << 8 | 1 << 10;
constexpr uint64_t af = 1 << 10;
constexpr uint64_t dbm = UINT64_C(1) << 51;

/** Stage 2 with 39 input bits, from level 1, 40 output bits: the base `s2` of the corpus. */
Ste stage2(uint64_t table, unsigned vmid = 2)
{
    Ste ste;

    ste.config = 6;
    ste.s2vmid = vmid;
    ste.s2t0sz = 25;
    ste.s2sl0 = 1;
    ste.s2ps = 2;
    ste.s2aa64 = 1;
    ste.s2r = 1;
    ste.s2ttb = table;
    return ste;
}

void map2(System &s, uint64_t root, uint64_t ipa, uint64_t pa, uint64_t leaf = s2_leaf, unsigned size = 12)
{
    s.map_any(root, 12, 39, 1, ipa, pa, leaf, size);
}

void with_s2(const std::function<void(Ste &)> &change, const std::function<void(System &, uint64_t)> &body)
{
    everywhere([&](System &s) {
        s.enable();
        const uint64_t root = s.make_table();
        Ste ste = stage2(root);

        change(ste);
        s.set_ste(0x20, ste);
        map2(s, root, 0x40001000, 0x90001000);
        map2(s, root, 0x40002000, 0x90002000, s2_ro);
        map2(s, root, 0x40003000, 0x90003000, s2_leaf & ~af);
        body(s, root);
    });
}

const auto as_it_is = [](Ste &) {};

void expect_pa(System &s, const Txn &txn, uint64_t pa)
{
    const TxnResult r = s.txn(txn);

    EXPECT_EQ(r.outcome, Outcome::ok) << std::hex << txn.addr;
    EXPECT_EQ(r.pa, pa);
}

Event expect_fault(System &s, const Txn &txn, unsigned type, bool s2, unsigned cls = 2)
{
    const TxnResult r = s.txn(txn);
    const std::vector<Event> events = s.events();

    EXPECT_EQ(r.outcome, txn.op == 'W' ? Outcome::dropped : Outcome::abort) << std::hex << txn.addr;
    EXPECT_EQ(events.size(), 1u);
    if (events.empty()) {
        return Event{};
    }
    EXPECT_EQ(events[0].type(), type);
    EXPECT_EQ(events[0].sid(), txn.sid);
    EXPECT_EQ(events[0].address(), txn.addr);
    EXPECT_EQ(events[0].bits(103, 1) != 0, s2) << "S2";
    EXPECT_EQ(events[0].bits(104, 2), cls) << "CLASS";
    return events[0];
}

uint64_t ipa_of(const Event &event)
{
    return event.words[3] & UINT64_C(0x000ffffffffff000);
}

/* ---- Stage 2 ---- */

TEST(Stage2, Translates) /* s2-001, s2-007 */
{
    with_s2(as_it_is, [](System &s, uint64_t root) {
        map2(s, root, 0x80000000, 0xc0000000, s2_leaf, 30);
        for (int round = 0; round < 2; round++) {
            expect_pa(s, {.sid = 0x20, .addr = 0x40001018, .op = 'W'}, 0x90001018);
            expect_pa(s, {.sid = 0x20, .addr = 0x81234568}, 0xc1234568);
        }
        EXPECT_TRUE(s.events().empty());
        const Event e = expect_fault(s, {.sid = 0x20, .addr = 0x8000001000}, 0x10, true);
        EXPECT_EQ(ipa_of(e), 0x8000001000u);
    });
}

TEST(Stage2, Faults) /* s2-002, s2-003 */
{
    with_s2(as_it_is, [](System &s, uint64_t root) {
        Event e = expect_fault(s, {.sid = 0x20, .addr = 0x41000abc}, 0x10, true);
        EXPECT_EQ(ipa_of(e), 0x41000000u);
        for (int round = 0; round < 2; round++) { /* cold, and then from the TLB */
            e = expect_fault(s, {.sid = 0x20, .addr = 0x40002004, .op = 'W'}, 0x13, true);
            EXPECT_EQ(e.bits(99, 1), 0u) << "RnW";
            EXPECT_EQ(ipa_of(e), 0x40002000u);
            expect_pa(s, {.sid = 0x20, .addr = 0x40002004}, 0x90002004);
        }
        expect_fault(s, {.sid = 0x20, .addr = 0x40003000}, 0x12, true);
        map2(s, root, 0x40009000, UINT64_C(0x10000000000));
        expect_fault(s, {.sid = 0x20, .addr = 0x40009000}, 0x11, true);
    });
    with_s2([](Ste &ste) { ste.s2affd = 1; },
            [](System &s, uint64_t) { expect_pa(s, {.sid = 0x20, .addr = 0x40003000}, 0x90003000); });
}

TEST(Stage2, WithoutRecord) /* s2-004 */
{
    with_s2([](Ste &ste) { ste.s2r = 0; },
            [](System &s, uint64_t) {
                EXPECT_EQ(s.txn({.sid = 0x20, .addr = 0x41000000}).outcome, Outcome::abort);
                EXPECT_TRUE(s.events().empty());
            });
}

TEST(Stage2, InputBeyondTheIntermediateSizeIsAStage1Fault)
{
    with_s2(as_it_is,
            [](System &s, uint64_t) { expect_fault(s, {.sid = 0x20, .addr = UINT64_C(1) << 48}, 0x11, false); });
}

TEST(Stage2, ExecuteNever)
{
    with_s2(as_it_is, [](System &s, uint64_t root) {
        const bool user[4] = {true, true, false, false};
        const bool privileged[4] = {true, false, false, true};

        for (unsigned xn = 0; xn < 4; xn++) {
            const uint64_t ipa = 0x40010000 + 0x1000 * xn;

            map2(s, root, ipa, 0x90010000, s2_leaf | static_cast<uint64_t>(xn) << 53);
            for (bool priv : {false, true}) {
                const TxnResult r = s.txn({.sid = 0x20, .addr = ipa, .op = 'X', .priv = priv});
                EXPECT_EQ(r.outcome == Outcome::ok, (priv ? privileged : user)[xn]) << xn << priv;
            }
        }
    });
}

TEST(Stage2, Illegal) /* cfg-020 to cfg-027, ssid-018 */
{
    const std::vector<std::function<void(Ste &)>> wrong = {
        [](Ste &ste) { ste.s2t0sz = 10; },
        [](Ste &ste) { ste.s2t0sz = 40; },
        [](Ste &ste) { ste.s2tg = 3; },
        [](Ste &ste) { ste.s2s = 1; },
        [](Ste &ste) { ste.s2aa64 = 0; },
        [](Ste &ste) { ste.s2endi = 1; },
        [](Ste &ste) { ste.s2sl0 = 3; },
        [](Ste &ste) { ste.s2sl0 = 2; },
        [](Ste &ste) { ste.s2sl0 = 0; },
        [](Ste &ste) { ste.s2ttb = UINT64_C(1) << 40; },
        [](Ste &ste) {
            ste.s1cdmax = 31;
            ste.v = 0;
        },
    };

    for (size_t i = 0; i < wrong.size(); i++) {
        SCOPED_TRACE(i);
        with_s2(wrong[i], [](System &s, uint64_t) {
            s.txn({.sid = 0x20, .addr = 0x40001000});
            const std::vector<Event> events = s.events();
            ASSERT_EQ(events.size(), 1u);
            EXPECT_EQ(events[0].type(), 0x04u);
        });
    }
    with_s2(as_it_is, [](System &s, uint64_t) {
        s.txn({.sid = 0x20, .ssid = 0, .addr = 0x40001000});
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].type(), 0x08u);
    });
    /* Fields of a stage that is not used may hold anything. */
    with_s2(
        [](Ste &ste) {
            ste.s1contextptr = UINT64_C(1) << 50;
            ste.s1cdmax = 31;
            ste.s1stalld = 1;
            ste.strw = 1;
        },
        [](System &s, uint64_t) { expect_pa(s, {.sid = 0x20, .addr = 0x40001000}, 0x90001000); });
}

TEST(Stage2, ConcatenatedFirstTables)
{
    everywhere([](System &s) {
        /* 40 bits of input from level 1: two tables of 512 entries, one behind the other. */
        const uint64_t root = s.allocate(0x2000, 0x2000);
        Ste ste = stage2(root);

        s.enable();
        ste.s2t0sz = 24;
        s.set_ste(0x20, ste);
        s.map_any(root, 12, 40, 1, UINT64_C(0xff40001000), 0x90001000, s2_leaf, 12);
        s.map_any(root, 12, 40, 1, 0x40001000, 0x90002000, s2_leaf, 12);
        expect_pa(s, {.sid = 0x20, .addr = UINT64_C(0xff40001004)}, 0x90001004);
        expect_pa(s, {.sid = 0x20, .addr = 0x40001004}, 0x90002004);
    });
}

/* ---- Nested ---- */

/** SID 0x30: stage 1 over stage 2; CD, tables and what they map lie 0x40000000 below in the IPA space. */
class Nested
{
  public:
    static constexpr uint64_t shift = 0x40000000;

    static void with(const std::function<void(Ste &, Cd &)> &change, const std::function<void(Nested &)> &body)
    {
        everywhere([&](System &system) {
            Nested nested(system, change);
            body(nested);
        });
    }
    Nested(System &system, const std::function<void(Ste &, Cd &)> &change) : s(system)
    {
        Cd cd;

        s.enable();
        root2 = s.make_table();
        cd_table = s.make_cd_table();
        root1 = s.make_table();
        Ste ste = stage2(root2, 3);
        ste.config = 7;
        ste.s1contextptr = cd_table + shift;
        cd.ips = 2;
        cd.ttb0 = root1 + shift;
        change(ste, cd);
        s.set_ste(0x30, ste);
        s.set_cd(cd_table, 0, cd);
        map1(0x40001000, 0x60001000);
        map1(0x40002000, 0x60002000, s1_leaf | s1_ro);
        map1(0x40006000, 0x60006000);
        map1(0x40200000, 0x60200000, s1_leaf, 21);
        /* All memory, page by page, so that single ones can be changed. */
        for (uint64_t page = System::memory_base; page < System::memory_base + 0x80000; page += 0x1000) {
            map2(s, root2, page + shift, page);
        }
        map2(s, root2, 0x60001000, 0x90001000);
        map2(s, root2, 0x60002000, 0x90002000);
        map2(s, root2, 0x60200000, 0x90200000, s2_leaf, 21);
    }
    void map1(uint64_t va, uint64_t ipa, uint64_t leaf = s1_leaf, unsigned size = 12)
    {
        s.map_any(root1 + shift, 12, 48, 0, va, ipa, leaf, size, [](uint64_t a) { return a - shift; });
    }

    System &s;
    uint64_t root2;
    uint64_t cd_table;
    uint64_t root1;
};

const auto nested_as_it_is = [](Ste &, Cd &) {};

TEST(NestedStages, Translate)
{
    Nested::with(nested_as_it_is, [](Nested &n) {
        for (int round = 0; round < 2; round++) {
            expect_pa(n.s, {.sid = 0x30, .addr = 0x40001010}, 0x90001010);
            expect_pa(n.s, {.sid = 0x30, .addr = 0x4023456c, .op = 'W'}, 0x9023456c);
        }
        EXPECT_TRUE(n.s.events().empty());
    });
}

TEST(NestedStages, FaultsInTheirOrder) /* nst-003, nst-005 and their neighbours */
{
    Nested::with(nested_as_it_is, [](Nested &n) {
        Event e = expect_fault(n.s, {.sid = 0x30, .addr = 0x4000f000}, 0x10, false);
        e = expect_fault(n.s, {.sid = 0x30, .addr = 0x40006008}, 0x10, true);
        EXPECT_EQ(ipa_of(e), 0x60006000u);
        /* A write that stage 1 refuses never gets to stage 2, which does not map it either. */
        n.map1(0x40007000, 0x60007000, s1_leaf | s1_ro);
        expect_fault(n.s, {.sid = 0x30, .addr = 0x40007000, .op = 'W'}, 0x13, false);
        expect_fault(n.s, {.sid = 0x30, .addr = 0x40007000}, 0x10, true);
        expect_fault(n.s, {.sid = 0x30, .addr = 0x40002000, .op = 'W'}, 0x13, false);
    });
    Nested::with(nested_as_it_is, [](Nested &n) {
        map2(n.s, n.root2, n.root1 + Nested::shift, 0, 0);
        n.s.map_any(n.root2, 12, 39, 1, n.root1 + Nested::shift, n.root1, s2_leaf & ~(UINT64_C(1) << 6), 12);
        Event e = expect_fault(n.s, {.sid = 0x30, .addr = 0x40001000}, 0x13, true, 1);
        EXPECT_EQ(ipa_of(e), n.root1 + Nested::shift);
        EXPECT_EQ(e.bits(108, 1), 1u) << "TTRnW";
    });
}

TEST(NestedStages, CdFetchFaults) /* nst-004 */
{
    Nested::with([](Ste &ste, Cd &) { ste.s1contextptr = 0x70000040; },
                 [](Nested &n) {
                     const Event e = expect_fault(n.s, {.sid = 0x30, .addr = 0x40001000}, 0x10, true, 0);
                     EXPECT_EQ(ipa_of(e), 0x70000000u);
                 });
    Nested::with(
        [](Ste &ste, Cd &) {
            ste.s1contextptr = 0x70000040;
            ste.s2r = 0;
        },
        [](Nested &n) {
            EXPECT_EQ(n.s.txn({.sid = 0x30, .addr = 0x40001000}).outcome, Outcome::abort);
            EXPECT_TRUE(n.s.events().empty());
        });
}

TEST(NestedStages, ProtectedTableWalk)
{
    Nested::with([](Ste &ste, Cd &) { ste.s2ptw = 1; },
                 [](Nested &n) {
                     expect_pa(n.s, {.sid = 0x30, .addr = 0x40001010}, 0x90001010);
                     map2(n.s, n.root2, n.root1 + Nested::shift, n.root1, s2_leaf & ~UINT64_C(0x3c));
                     n.s.command(0x30, 0, true);
                     expect_fault(n.s, {.sid = 0x30, .addr = 0x40001010}, 0x13, true, 1);
                 });
}

TEST(NestedStages, SubstreamBypassStillUsesStage2) /* ssid-004 */
{
    Nested::with(
        [](Ste &ste, Cd &) {
            ste.s1cdmax = 2;
            ste.s1dss = 1;
        },
        [](Nested &n) {
            expect_pa(n.s, {.sid = 0x30, .addr = 0x60001010}, 0x90001010);
            const Event e = expect_fault(n.s, {.sid = 0x30, .addr = 0x60009000}, 0x10, true);
            EXPECT_EQ(ipa_of(e), 0x60009000u);
            /* With a SubstreamID it is another address space: the IPA's entry does not serve it. */
            expect_pa(n.s, {.sid = 0x30, .ssid = 0, .addr = 0x40001010}, 0x90001010);
        });
}

TEST(NestedStages, TwoLevelCdTableThroughStage2)
{
    Nested::with(
        [](Ste &ste, Cd &) {
            ste.s1cdmax = 8;
            ste.s1dss = 2;
            ste.s1fmt = 1;
        },
        [](Nested &n) {
            Cd cd;
            const uint64_t leaf = n.s.make_cd_table(64);
            const uint64_t l1cd = (leaf + Nested::shift) | 1;

            cd.ips = 2;
            cd.asid = 9;
            cd.ttb0 = n.root1 + Nested::shift;
            n.s.set_cd(leaf, 3, cd);
            n.s.put(n.cd_table + 8, &l1cd, 1);
            expect_pa(n.s, {.sid = 0x30, .ssid = 67, .addr = 0x40001010}, 0x90001010);
        });
}

/* ---- Granules, EL2 ---- */

TEST(Granules, OfStage1)
{
    struct Row {
        unsigned granule, tg0, t0sz;
        int start;
        unsigned size;
    };
    static const Row rows[] = {
        {16, 1, 22, 2, 16}, {16, 1, 22, 2, 29}, {14, 2, 17, 1, 14}, {14, 2, 17, 1, 25}, {14, 2, 16, 0, 14},
    };

    for (const Row &row : rows) {
        SCOPED_TRACE(row.size);
        everywhere([&](System &s) {
            Cd cd;

            s.enable();
            s.make_s1();
            cd.t0sz = row.t0sz;
            cd.tg0 = row.tg0;
            cd.ttb0 = s.allocate(0x10000, 0x10000);
            s.set_cd(s.cd_table, 0, cd);
            s.map_any(cd.ttb0, row.granule, 64 - row.t0sz, row.start, UINT64_C(0x60000000), UINT64_C(0xe0000000),
                      s1_leaf, row.size);
            const uint64_t offset = (UINT64_C(1) << row.size) - 4;
            for (int round = 0; round < 2; round++) {
                expect_pa(s, {.addr = 0x60000000 + offset}, 0xe0000000 + offset);
            }
            EXPECT_EQ(s.counter("walks"), 1u);
            expect_fault(s, {.addr = 0x60000000 + offset + 4}, 0x10, false);
        });
    }
}

TEST(Granules, ContiguousPagesAreOneEntry)
{
    everywhere([](System &s) {
        s.enable();
        s.make_s1();
        for (uint64_t i = 0; i < 16; i++) {
            s.map_any(s.root, 12, 48, 0, 0x50000000 + 0x1000 * i, 0xa0000000 + 0x1000 * i, s1_leaf | UINT64_C(1) << 52,
                      12);
        }
        for (uint64_t i = 0; i < 16; i++) {
            expect_pa(s, {.addr = 0x50000008 + 0x1000 * (i * 7 % 16)}, 0xa0000008 + 0x1000 * (i * 7 % 16));
        }
        EXPECT_EQ(s.counter("walks"), 1u);
    });
}

TEST(Granules, FiftyTwoBits)
{
    everywhere(
        [](smmu_config &c) {
            c.output_address_bits = 52;
            c.features.va52 = true;
        },
        [](System &s) {
            Cd cd;

            s.enable();
            s.make_s1();
            cd.t0sz = 12;
            cd.tg0 = 1;
            cd.ips = 6;
            cd.ttb0 = s.allocate(0x10000, 0x10000);
            s.set_cd(s.cd_table, 0, cd);
            s.map_any(cd.ttb0, 16, 52, 1, UINT64_C(0xf000000030000), 0x80030000 | 0xa << 12, s1_leaf, 16);
            expect_pa(s, {.addr = UINT64_C(0xf00000003abcc)}, UINT64_C(0xa00008003abcc));
        });
}

TEST(StreamWorlds, El2HasOneHalfOnePrivilegeAndNoAsid)
{
    with_s2(as_it_is, [](System &s, uint64_t) {
        Ste ste;
        Cd cd;

        s.make_s1();
        ste.strw = 2;
        ste.s1contextptr = s.cd_table;
        s.set_ste(0x11, ste);
        cd.ttb0 = s.root;
        cd.epd1 = 0; /* there is no upper half whose fields could be illegal */
        s.set_cd(s.cd_table, 0, cd);
        /* Page 0x40004000 is not for EL0: here all accesses are privileged. */
        expect_pa(s, {.sid = 0x11, .addr = 0x40004010}, 0x80004010);
        expect_fault(s, {.sid = 0x11, .addr = UINT64_C(0xffff800040001000)}, 0x10, false);
        expect_fault(s, {.sid = 0x11, .addr = 0x40005000, .op = 'X'}, 0x13, false);
    });
}

/* ---- Invalidation ---- */

TEST(Invalidation, KeepsWorldsAndVmidsApart)
{
    struct Row {
        uint64_t opcode;
        unsigned vmid;
        uint64_t address;
        bool stage2, nested, el2; /**< whether that stream must walk again */
    };
    static const Row rows[] = {
        {0x10, 3, 0, false, true, false},           {0x10, 2, 0, false, false, false},
        {0x28, 2, 0, true, false, false},           {0x28, 3, 0, false, true, false},
        {0x2a, 2, 0x40001000, true, false, false},  {0x2a, 2, 0x40002000, false, false, false},
        {0x2a, 3, 0x40001000, false, false, false}, {0x30, 0, 0, true, true, false},
        {0x20, 0, 0, false, false, true},           {0x22, 0, 0x40001000, false, false, true},
        {0x23, 0, 0x40002000, false, false, false}, {0x12, 3, 0x40001000, false, true, false},
    };

    for (const Row &row : rows) {
        SCOPED_TRACE(testing::Message() << std::hex << row.opcode << " " << row.vmid);
        Nested::with(nested_as_it_is, [&](Nested &n) {
            System &s = n.s;
            const uint64_t root = s.make_table();
            Ste el2;
            Cd cd;

            s.set_ste(0x20, stage2(root, 2));
            map2(s, root, 0x40001000, 0x90001000);
            s.make_s1();
            el2.strw = 2;
            el2.s1contextptr = s.make_cd_table();
            cd.ttb0 = s.root;
            s.set_cd(el2.s1contextptr, 0, cd);
            s.set_ste(0x11, el2);
            for (uint32_t sid : {0x20u, 0x30u, 0x11u}) {
                EXPECT_EQ(s.txn({.sid = sid, .addr = 0x40001000}).outcome, Outcome::ok);
            }
            s.command(tlbi(static_cast<unsigned>(row.opcode), row.opcode == 0x12 ? 7 : 0, row.vmid), row.address, true);
            const std::pair<uint32_t, bool> streams[] = {{0x20, row.stage2}, {0x30, row.nested}, {0x11, row.el2}};
            for (const auto &stream : streams) {
                const uint64_t before = s.counter("walks");

                EXPECT_EQ(s.txn({.sid = stream.first, .addr = 0x40001000}).outcome, Outcome::ok);
                EXPECT_EQ(s.counter("walks") - before, stream.second ? 1u : 0u) << std::hex << stream.first;
            }
        });
    }
}

/* ---- Hardware updates ---- */

TEST(HardwareUpdate, OfTheAccessFlag)
{
    everywhere([](System &s) {
        s.enable();
        s.make_s1([](Ste &, Cd &cd) { cd.ha = 1; });
        const uint64_t place = s.descriptor(s.root, 0x40003000, 3);
        const uint64_t before = memory_read64(s.memory, place);

        ASSERT_EQ(before & af, 0u);
        expect_pa(s, {.addr = 0x40003000}, 0x80003000);
        EXPECT_EQ(memory_read64(s.memory, place), before | af);
        EXPECT_EQ(s.counter("walk-updates"), 1u);
        expect_pa(s, {.addr = 0x40003004, .op = 'W'}, 0x80003004);
        EXPECT_EQ(s.counter("walk-updates"), 1u);
    });
}

TEST(HardwareUpdate, OfDirtyState)
{
    everywhere([](System &s) {
        s.enable();
        s.make_s1([](Ste &, Cd &cd) { cd.ha = cd.hd = 1; });
        const uint64_t place = s.descriptor(s.root, 0x40002000, 3);
        const uint64_t clean = memory_read64(s.memory, place) | dbm;

        memory_write64(s.memory, place, clean);
        expect_pa(s, {.addr = 0x40002000}, 0x80002000);
        EXPECT_EQ(memory_read64(s.memory, place), clean) << "a read leaves it clean";
        expect_pa(s, {.addr = 0x40002004, .op = 'W'}, 0x80002004);
        EXPECT_EQ(memory_read64(s.memory, place), clean & ~s1_ro);
        EXPECT_EQ(s.counter("walks"), 2u) << "the clean entry did not do for a write";
        expect_pa(s, {.addr = 0x40002008, .op = 'W'}, 0x80002008);
        EXPECT_EQ(s.counter("walks"), 2u);
        /* Without DBM read-only means read-only. */
        memory_write64(s.memory, place, clean & ~dbm);
        s.command(0x30, 0, true);
        expect_fault(s, {.addr = 0x40002000, .op = 'W'}, 0x13, false);
    });
}

TEST(HardwareUpdate, NestedMarksStage2OfTheTablesToo)
{
    Nested::with(
        [](Ste &ste, Cd &cd) {
            ste.s2ha = ste.s2hd = 1;
            cd.ha = cd.hd = 1;
        },
        [](Nested &n) {
            n.map1(0x40008000, 0x60008000, (s1_leaf & ~af) | s1_ro | dbm);
            map2(n.s, n.root2, 0x60008000, 0x90008000, (s2_ro & ~af) | dbm);
            /* The page of the last-level table is clean at stage 2. */
            uint64_t table = n.root1;
            for (unsigned level = 0; level < 3; level++) {
                table = (memory_read64(n.s.memory, table + 8 * (UINT64_C(0x40008000) >> (39 - 9 * level) & 0x1ff)) &
                         UINT64_C(0xfffffffff000)) -
                        Nested::shift;
            }
            map2(n.s, n.root2, table + Nested::shift, table, s2_ro | dbm);
            const uint64_t leaf1 = table + 8 * (0x40008000 >> 12 & 0x1ff);
            const uint64_t before = memory_read64(n.s.memory, leaf1);

            expect_pa(n.s, {.sid = 0x30, .addr = 0x40008000, .op = 'W'}, 0x90008000);
            EXPECT_EQ(memory_read64(n.s.memory, leaf1), (before | af) & ~s1_ro);
            EXPECT_EQ(n.s.counter("walk-updates"), 3u);
            EXPECT_TRUE(n.s.events().empty());
        });
    /* If stage 2 does not let the table be written, that is its fault, and a write. */
    Nested::with([](Ste &, Cd &cd) { cd.ha = 1; },
                 [](Nested &n) {
                     n.map1(0x40008000, 0x60001000, s1_leaf & ~af);
                     for (uint64_t page = System::memory_base; page < System::memory_base + 0x80000; page += 0x1000) {
                         map2(n.s, n.root2, page + Nested::shift, page, s2_ro);
                     }
                     const Event e = expect_fault(n.s, {.sid = 0x30, .addr = 0x40008000}, 0x13, true, 1);
                     EXPECT_EQ(e.bits(108, 1), 0u) << "TTRnW";
                     EXPECT_EQ(e.bits(99, 1), 1u) << "RnW";
                 });
}

/* ---- Overrides ---- */

TEST(Overrides, PrivilegeAndInstruction)
{
    everywhere([](System &s) {
        s.enable();
        s.make_s1([](Ste &ste, Cd &) { ste.privcfg = 3; });
        expect_pa(s, {.addr = 0x40004000}, 0x80004000);
        const Event e = expect_fault(s, {.addr = 0x41000000}, 0x10, false);
        EXPECT_EQ(e.bits(97, 1), 1u) << "PnU after the override";
    });
    everywhere([](System &s) {
        s.enable();
        s.make_s1([](Ste &ste, Cd &) {
            ste.privcfg = 2;
            ste.instcfg = 3;
        });
        expect_fault(s, {.addr = 0x40004000, .op = 'W', .priv = true}, 0x13, false);
        const Event e = expect_fault(s, {.addr = 0x40005000}, 0x13, false);
        EXPECT_EQ(e.bits(98, 1), 1u) << "InD after the override";
        expect_pa(s, {.addr = 0x40005000, .op = 'W'}, 0x80005000); /* a write is never an instruction's */
    });
    everywhere([](smmu_config &c) { c.features.perms_ovr = false; },
               [](System &s) {
                   s.enable();
                   s.make_s1([](Ste &ste, Cd &) { ste.privcfg = 3; });
                   expect_fault(s, {.addr = 0x40004000}, 0x13, false);
               });
}

} // namespace

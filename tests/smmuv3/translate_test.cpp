/*
 * Stage 1 translation: addresses, permissions, faults and their records. Numbers in comments are conformance cases.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

#include <map>
#include <random>

using namespace smmu_test;

namespace
{

void expect_pa(System &s, const Txn &txn, uint64_t pa)
{
    const TxnResult r = s.txn(txn);

    EXPECT_EQ(r.outcome, Outcome::ok) << std::hex << txn.addr;
    EXPECT_EQ(r.pa, pa);
}

Event expect_fault(System &s, const Txn &txn, unsigned type)
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
    EXPECT_EQ(events[0].bits(103, 1), 0u) << "S2";
    return events[0];
}

void with_s1(const std::function<void(Ste &, Cd &)> &change, const std::function<void(System &)> &body)
{
    everywhere([&](System &s) {
        s.enable();
        s.make_s1(change);
        body(s);
    });
}

TEST(Translate, PagesAndBlocks) /* tr-001, tr-002 */
{
    with_s1({}, [](System &s) {
        for (int round = 0; round < 2; round++) {
            expect_pa(s, {.addr = 0x40001234}, 0x80001234);
            expect_pa(s, {.addr = 0x402abcde, .size = 1}, 0x802abcde);
        }
        EXPECT_TRUE(s.events().empty());
        EXPECT_EQ(s.tlb_hits(), 2u);
        EXPECT_EQ(s.counter("walks"), 2u);
        EXPECT_EQ(s.counter("walk-reads"), s.has_walk_caches() ? 5u : 7u) << "two tables are common";
    });
}

TEST(Translate, GigabyteBlock)
{
    with_s1({}, [](System &s) {
        s.map(s.root, 0xc0000000, 0x140000000, {}, 0x40000000);
        expect_pa(s, {.addr = 0xfffffffc}, 0x17ffffffc);
        expect_pa(s, {.addr = 0xc0000000}, 0x140000000);
        EXPECT_EQ(s.counter("walks"), 1u);
    });
}

TEST(Translate, AccessFlag) /* tr-004 */
{
    with_s1({}, [](System &s) {
        const Event e = expect_fault(s, {.addr = 0x40003000}, 0x12);

        EXPECT_EQ(e.bits(99, 1), 1u) << "RnW";
        EXPECT_EQ(e.bits(104, 2), 2u) << "CLASS";
    });
    with_s1([](Ste &, Cd &cd) { cd.affd = 1; }, [](System &s) { expect_pa(s, {.addr = 0x40003000}, 0x80003000); });
}

TEST(Translate, Unmapped) /* tr-006 */
{
    with_s1({}, [](System &s) {
        Event e = expect_fault(s, {.addr = 0x41000000, .priv = true}, 0x10);

        EXPECT_EQ(e.bits(97, 1), 1u) << "PnU";
        EXPECT_EQ(e.bits(99, 1), 1u) << "RnW";
        EXPECT_EQ(e.bits(104, 2), 2u) << "CLASS";
        e = expect_fault(s, {.addr = 0x41000004, .op = 'W'}, 0x10);
        EXPECT_EQ(e.bits(97, 1), 0u);
        EXPECT_EQ(e.bits(99, 1), 0u);
    });
}

TEST(Translate, Halves) /* tr-008, tr-009 */
{
    with_s1({}, [](System &s) { expect_fault(s, {.addr = UINT64_C(0xffff800040001000)}, 0x10); });
    with_s1({}, [](System &s) {
        Cd cd;

        cd.ttb0 = s.root;
        cd.epd1 = 0;
        cd.t1sz = 16;
        cd.tg1 = 2;
        cd.ttb1 = s.make_table();
        s.map(cd.ttb1, UINT64_C(0xffff000000005000), 0x80005000);
        s.set_cd(s.cd_table, 0, cd);
        expect_pa(s, {.addr = UINT64_C(0xffff000000005008)}, 0x80005008);
        expect_pa(s, {.addr = UINT64_C(0xffff00000000500c)}, 0x8000500c);
        expect_pa(s, {.addr = 0x40001000}, 0x80001000);
        expect_fault(s, {.addr = 0x5000}, 0x10);
        expect_fault(s, {.addr = UINT64_C(0xfff7000000005000)}, 0x10);
    });
}

TEST(Translate, TopByte) /* tr-012, tr-013 */
{
    with_s1([](Ste &, Cd &cd) { cd.tbi = 1; },
            [](System &s) {
                expect_pa(s, {.addr = UINT64_C(0xab00000040001000)}, 0x80001000);
                expect_pa(s, {.addr = UINT64_C(0x1200000040001004)}, 0x80001004);
                EXPECT_EQ(s.tlb_hits(), 1u) << "the top byte does not matter to the TLB either";
                expect_fault(s, {.addr = UINT64_C(0x0001000040001000)}, 0x10);
            });
    with_s1({}, [](System &s) {
        expect_pa(s, {.addr = 0x40001000}, 0x80001000);
        expect_fault(s, {.addr = UINT64_C(0x1b00000040001000)}, 0x10);
    });
}

TEST(Translate, InputSize)
{
    with_s1([](Ste &, Cd &cd) { cd.t0sz = 32; },
            [](System &s) {
                const uint64_t root = s.make_table();
                Cd cd;

                cd.t0sz = 32;
                cd.ttb0 = root;
                s.set_cd(s.cd_table, 0, cd);
                s.map(root, 0xfffff000, 0x80001000, {}, 0x1000, 1);
                expect_pa(s, {.addr = 0xfffff040}, 0x80001040);
                expect_fault(s, {.addr = UINT64_C(0x1fffff040)}, 0x10);
            });
}

TEST(Translate, FirstTableIsAlignedToItsSize)
{
    with_s1({}, [](System &s) {
        const uint64_t area = s.allocate(0x1000);
        Cd cd;

        /* 25 input bits: the first table is of level 2 and has 16 descriptors, 128 bytes. */
        cd.t0sz = 39;
        cd.ttb0 = area + 0x180 + 0x40;
        s.set_cd(s.cd_table, 0, cd);
        memory_write64(s.memory, area + 0x180 + 8 * 0xf, UINT64_C(0x80200000) | 0x741);
        expect_pa(s, {.addr = 0x1e00040}, 0x80200040);
    });
}

TEST(Translate, OutputSize) /* tr-014, prio-006 */
{
    with_s1([](Ste &, Cd &cd) { cd.ips = 0; },
            [](System &s) {
                Leaf old;

                old.af = false;
                s.map(s.root, 0x40009000, 0x180000000);
                s.map(s.root, 0x40008000, 0x100000000, old);
                const Event e = expect_fault(s, {.addr = 0x40009000}, 0x11);
                EXPECT_EQ(e.bits(104, 2), 2u);
                expect_fault(s, {.addr = 0x40008000}, 0x11);
                /* A table beyond the output size. */
                memory_write64(s.memory, s.descriptor(s.root, 0x40001000, 2), UINT64_C(0x200000003));
                s.command(0x30, 0, true);
                expect_fault(s, {.addr = 0x40001000}, 0x11);
            });
}

TEST(Translate, WalkAbort) /* tr-015 */
{
    with_s1({}, [](System &s) {
        memory_write64(s.memory, s.descriptor(s.root, 0x40001000, 2), System::nowhere | 3);
        const Event e = expect_fault(s, {.addr = 0x40001000}, 0x0b);

        EXPECT_EQ(e.bits(104, 2), 1u) << "CLASS = TT";
        EXPECT_EQ(e.fetch_address(), System::nowhere + 8);
    });
}

TEST(Translate, ReservedDescriptors)
{
    with_s1({}, [](System &s) {
        const uint64_t leaf = s.descriptor(s.root, 0x40001000, 3);

        memory_write64(s.memory, leaf, 0x80001000 | 0x741);
        expect_fault(s, {.addr = 0x40001000}, 0x10);
        memory_write64(s.memory, leaf, 0x80001000 | 0x742);
        expect_fault(s, {.addr = 0x40001000}, 0x10);
        memory_write64(s.memory, s.descriptor(s.root, 0x40001000, 0), 0x80001000 | 0x741);
        expect_fault(s, {.addr = 0x40001000}, 0x10);
    });
}

/** What a page allows: for each kind of access, whether it passes. */
void expect_permissions(System &s, uint64_t addr, const std::string &allowed)
{
    const struct {
        char op;
        bool priv;
        const char *name;
    } kinds[] = {{'R', false, "ur"}, {'W', false, "uw"}, {'X', false, "ux"},
                 {'R', true, "pr"},  {'W', true, "pw"},  {'X', true, "px"}};

    for (const auto &kind : kinds) {
        const bool expected = allowed.find(kind.name) != std::string::npos;
        const TxnResult r = s.txn({.addr = addr, .op = kind.op, .priv = kind.priv});
        const std::vector<Event> events = s.events();

        EXPECT_EQ(r.outcome == Outcome::ok, expected) << kind.name << " of " << std::hex << addr;
        if (!expected) {
            ASSERT_EQ(events.size(), 1u);
            EXPECT_EQ(events[0].type(), 0x13u);
            EXPECT_EQ(events[0].bits(97, 1), kind.priv ? 1u : 0u);
            EXPECT_EQ(events[0].bits(98, 1), kind.op == 'X' ? 1u : 0u);
            EXPECT_EQ(events[0].bits(99, 1), kind.op == 'W' ? 0u : 1u);
        }
    }
}

TEST(Permissions, OfLeaves) /* tr-017 and its neighbours; gem5's defect D3: a hit must check too */
{
    with_s1({}, [](System &s) {
        for (int round = 0; round < 2; round++) {
            expect_permissions(s, 0x40001000, "ur uw ux pr pw");
            expect_permissions(s, 0x40002000, "ur ux pr px");
            expect_permissions(s, 0x40004000, "ux pr pw px");
            expect_permissions(s, 0x40005000, "ur uw pr pw");
        }
        /* Refusals are not kept: without a TLB in the TCU each of the seven walks, in both rounds. */
        EXPECT_EQ(s.counter("walks"), s.config.tlb_entries > 0 ? 4u : 4u + 2 * 7);
    });
}

TEST(Permissions, OfTables)
{
    with_s1({}, [](System &s) {
        const uint64_t table = s.descriptor(s.root, 0x40001000, 1);
        const uint64_t original = memory_read64(s.memory, table);

        memory_write64(s.memory, table, original | UINT64_C(1) << 62);
        expect_permissions(s, 0x40001000, "ur ux pr px");
        memory_write64(s.memory, table, original | UINT64_C(1) << 61);
        s.command(0x30, 0, true);
        expect_permissions(s, 0x40001000, "ux pr pw px");
        memory_write64(s.memory, table, original | UINT64_C(1) << 60 | UINT64_C(1) << 59);
        s.command(0x30, 0, true);
        expect_permissions(s, 0x40002000, "ur pr");
    });
}

TEST(Permissions, OfContexts)
{
    with_s1([](Ste &, Cd &cd) { cd.wxn = 1; },
            [](System &s) {
                expect_permissions(s, 0x40001000, "ur uw pr pw");
                expect_permissions(s, 0x40002000, "ur ux pr px");
            });
    with_s1([](Ste &, Cd &cd) { cd.pan = 1; },
            [](System &s) {
                expect_permissions(s, 0x40002000, "ur ux px");
                expect_permissions(s, 0x40004000, "ux pr pw px");
            });
}

TEST(FaultResponse, AbortAndRecordBits)
{
    const struct {
        unsigned a;
        unsigned r;
        Outcome outcome;
    } cases[] = {{1, 1, Outcome::abort}, {1, 0, Outcome::abort}, {0, 1, Outcome::raz}, {0, 0, Outcome::raz}};

    for (const auto &c : cases) {
        with_s1(
            [&](Ste &, Cd &cd) {
                cd.a = c.a;
                cd.r = c.r;
            },
            [&](System &s) {
                /* Translation, access flag, permission: obey. */
                for (uint64_t addr : {0x41000000u, 0x40003000u}) {
                    const TxnResult r = s.txn({.addr = addr, .size = 8});

                    EXPECT_EQ(r.outcome, c.outcome);
                    EXPECT_EQ(s.events().size(), c.r);
                    if (c.outcome == Outcome::raz) {
                        EXPECT_EQ(r.value, 0u);
                    }
                }
                EXPECT_EQ(s.txn({.addr = 0x40002000, .op = 'W'}).outcome, Outcome::dropped);
                EXPECT_EQ(s.events().size(), c.r);
                /* A walk's external abort does not. */
                memory_write64(s.memory, s.descriptor(s.root, 0x40001000, 2), System::nowhere | 3);
                s.command(0x30, 0, true);
                EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome, Outcome::abort);
                EXPECT_EQ(s.events().size(), 1u);
            });
    }
}

TEST(Unsupported, AtsAndPageCrossing)
{
    with_s1({}, [](System &s) {
        expect_fault(s, {.addr = 0x40001000, .at = SIM_AT_TRANSLATION_REQUEST}, 0x01);
        expect_fault(s, {.addr = 0x40001000, .op = 'W', .at = SIM_AT_TRANSLATED}, 0x01);
        expect_fault(s, {.addr = 0x40001ffe, .size = 4}, 0x01);
        expect_pa(s, {.addr = 0x40001ffc, .size = 4}, 0x80001ffc);
    });
}

TEST(Records, CarryTheSubstream)
{
    everywhere([](System &s) {
        Ste ste;
        Cd cd;

        s.enable();
        ste.s1cdmax = 2;
        ste.s1contextptr = s.make_cd_table(4);
        s.set_ste(0x10, ste);
        cd.ttb0 = s.make_table();
        s.set_cd(ste.s1contextptr, 2, cd);
        const Event e = expect_fault(s, {.ssid = 2, .addr = 0x7000}, 0x10);
        EXPECT_TRUE(e.ssv());
        EXPECT_EQ(e.ssid(), 2u);
    });
}

/* Random maps against a plain table of pages: every address, mapped or not, cold or warm. */
TEST(Property, AgreesWithATableOfPages)
{
    System s(support::engines()[0], [](smmu_config &c) {
        c.tlb_entries = 16;
        c.tlb_ways = 2;
    });
    std::mt19937_64 random(5);
    struct Page {
        uint64_t pa;
        bool writable;
    };
    std::map<uint64_t, Page> pages; /* by 4 KiB page */
    std::vector<uint64_t> addresses;

    s.enable();
    s.make_s1();
    const auto add = [&](uint64_t va, uint64_t pa, uint64_t size) {
        Leaf leaf;

        leaf.writable = random() % 2 != 0;
        leaf.ng = random() % 4 != 0;
        for (uint64_t offset = 0; offset < size; offset += 0x1000) {
            if (pages.count((va + offset) >> 12) != 0) {
                return;
            }
        }
        s.map(s.root, va, pa, leaf, size);
        for (uint64_t offset = 0; offset < size; offset += 0x1000) {
            pages[(va + offset) >> 12] = {pa + offset, leaf.writable};
        }
        addresses.push_back(va + (random() % size));
    };
    for (int i = 0; i < 60; i++) {
        add((UINT64_C(0x7) << 44) + ((random() % 1024) << 12), (random() % 0xfffff) << 12, 0x1000);
        add((UINT64_C(0x6) << 44) + ((random() % 600) << 21), (random() % 0x7fff) << 21, 0x200000);
    }
    for (int i = 0; i < 3000; i++) {
        uint64_t va = addresses[random() % addresses.size()] & ~UINT64_C(3);
        const bool write = random() % 2 != 0;

        if (random() % 4 == 0) {
            va = (UINT64_C(0x7) << 44) + ((random() % 1024) << 12);
        }
        const TxnResult r = s.txn({.addr = va, .op = write ? 'W' : 'R'});
        const auto page = pages.find(va >> 12);
        const bool ok = page != pages.end() && (page->second.writable || !write);
        ASSERT_EQ(r.outcome == Outcome::ok, ok) << std::hex << va;
        if (ok) {
            ASSERT_EQ(r.pa, page->second.pa + (va & 0xfff));
        }
        if (i % 50 == 0) {
            s.events();
        }
    }
    EXPECT_GT(s.counter("tlb-hits"), 100u);
    EXPECT_GT(s.counter("tlb-misses"), 100u);
}

} // namespace

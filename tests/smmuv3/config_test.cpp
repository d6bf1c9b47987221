/*
 * Stream table, STE, substreams, CD: which configuration a transaction gets, which errors it meets, and in which order.
 * Numbers in comments are cases of the conformance corpus, told in own words.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

/** One transaction that must be terminated with one event of a type, or with none (0). */
void expect_fault(System &s, const Txn &txn, unsigned type)
{
    const TxnResult r = s.txn(txn);
    const std::vector<Event> events = s.events();

    EXPECT_EQ(r.outcome, txn.op == 'W' ? Outcome::dropped : Outcome::abort);
    ASSERT_EQ(events.size(), type != 0 ? 1u : 0u);
    if (type != 0) {
        EXPECT_EQ(events[0].type(), type);
        EXPECT_EQ(events[0].sid(), txn.sid);
    }
}

/** The stage-1 base with a change, and a transaction that must meet a fault. */
void expect_s1_fault(const std::function<void(Ste &, Cd &)> &change, const Txn &txn, unsigned type,
                     const System::Tweak &tweak = {})
{
    everywhere(tweak, [&](System &s) {
        s.enable();
        s.make_s1(change);
        expect_fault(s, txn, type);
    });
}

void expect_s1_ok(const std::function<void(Ste &, Cd &)> &change, const Txn &txn, uint64_t pa,
                  const System::Tweak &tweak = {})
{
    everywhere(tweak, [&](System &s) {
        s.enable();
        s.make_s1(change);
        const TxnResult r = s.txn(txn);
        EXPECT_EQ(r.outcome, Outcome::ok);
        EXPECT_EQ(r.pa, pa);
        EXPECT_TRUE(s.events().empty());
    });
}

const Txn plain = {.addr = 0x40001000};
const System::Tweak ssid8 = [](smmu_config &c) { c.substream_id_bits = 8; };
/** An SMMU with nothing but stage 1 with the 4 KiB granule. */
const System::Tweak bare = [](smmu_config &c) {
    c.features.stage2 = false;
    c.features.hypervisor = false;
    c.features.granule_16k = false;
    c.features.granule_64k = false;
    c.features.httu = SMMU_HTTU_NONE;
};
const System::Tweak no_ssid = [](smmu_config &c) { c.substream_id_bits = 0; };

/* ---- Stream table ---- */

TEST(StreamTable, OutOfRangeIsRecordedOnlyWithRecinvsid) /* cfg-002 */
{
    everywhere([](System &s) {
        s.enable();
        expect_fault(s, {.sid = 0x100, .addr = 0x1000}, 0x02);
        s.write(0x20, 0xc);
        s.write(0x2c, 0);
        s.write(0x20, 0xd);
        expect_fault(s, {.sid = 0x100, .addr = 0x1000}, 0);
        EXPECT_EQ(s.counter("config-reads"), 0u) << "the range is checked before anything is read";
    });
}

TEST(StreamTable, EffectiveSizeIsBoundBySidsize)
{
    everywhere([](smmu_config &c) { c.stream_id_bits = 5; },
               [](System &s) {
                   s.enable();
                   EXPECT_EQ(s.read(0x88), 8u) << "the value written stays";
                   s.make_s1();
                   expect_fault(s, {.sid = 0x30, .addr = 0x40001000}, 0x02);
                   EXPECT_EQ(s.txn(plain).outcome, Outcome::ok);
               });
}

TEST(StreamTable, TwoLevelSpans) /* cfg-004, cfg-005, cfg-009 */
{
    everywhere([](System &s) {
        s.enable_two_level(8, 16);
        const uint64_t leaf = s.allocate(64 << 8, 64 << 8);
        Ste bypass;
        bypass.config = 4;
        s.put(leaf + 64 * 5, bypass.words().data(), 8);
        s.put(leaf + 64 * 7, bypass.words().data(), 8);
        s.put(leaf + 64 * 8, bypass.words().data(), 8);

        memory_write64(s.memory, s.stream_table + 8, leaf | 12);
        expect_fault(s, {.sid = 0x105, .addr = 0x1000}, 0x02);
        memory_write64(s.memory, s.stream_table + 8, leaf | 0);
        expect_fault(s, {.sid = 0x105, .addr = 0x1000}, 0x02);
        memory_write64(s.memory, s.stream_table + 8, leaf | 10);
        expect_fault(s, {.sid = 0x105, .addr = 0x1000}, 0x02);
        memory_write64(s.memory, s.stream_table + 8, leaf | 4);
        EXPECT_EQ(s.txn({.sid = 0x105, .addr = 0x1000}).outcome, Outcome::ok);
        EXPECT_EQ(s.txn({.sid = 0x107, .addr = 0x1000}).outcome, Outcome::ok);
        expect_fault(s, {.sid = 0x108, .addr = 0x1000}, 0x02);
        expect_fault(s, {.sid = 0x10000, .addr = 0x1000}, 0x02);
    });
}

TEST(StreamTable, ReservedSplitActsAsSix)
{
    everywhere([](System &s) {
        s.enable_two_level(6, 16);
        const uint64_t leaf = s.allocate(64 << 6, 64 << 6);
        Ste bypass;
        bypass.config = 4;
        s.put(leaf + 64 * 3, bypass.words().data(), 8);
        memory_write64(s.memory, s.stream_table + 8 * 2, leaf | 7);
        s.write(0x20, 0);
        s.write(0x88, 1 << 16 | 7 << 6 | 16);
        s.write(0x20, 0xd);
        EXPECT_EQ(s.txn({.sid = 0x83, .addr = 0x1000}).outcome, Outcome::ok);
    });
}

TEST(StreamTable, FetchAborts) /* cfg-010, cfg-011 */
{
    for (unsigned two_level : {0u, 1u}) {
        everywhere([&](System &s) {
            s.enable();
            s.write(0x20, 0xc);
            s.write(0x80, System::nowhere, 8);
            s.write(0x88, two_level != 0 ? 1 << 16 | 8 << 6 | 16 : 8);
            s.write(0x20, 0xd);
            const uint32_t sid = two_level != 0 ? 0x105 : 0x10;
            s.txn({.sid = sid, .addr = 0x1000});
            const std::vector<Event> events = s.events();
            ASSERT_EQ(events.size(), 1u);
            EXPECT_EQ(events[0].type(), 0x03u);
            EXPECT_EQ(events[0].sid(), sid);
            EXPECT_EQ(events[0].fetch_address(), System::nowhere + (two_level != 0 ? 8u : 0x10 * 64u));
        });
    }
}

/* ---- STE ---- */

TEST(StreamEntry, InvalidIsBad)
{
    expect_s1_fault([](Ste &ste, Cd &) { ste.v = 0; }, plain, 0x04);
    expect_s1_fault([](Ste &ste, Cd &) { ste = Ste{.v = 0, .config = 0}; }, plain, 0x04);
}

TEST(StreamEntry, AbortIsSilentWhateverElseItHolds) /* cfg-013, cfg-014, cfg-015, inv-001 */
{
    expect_s1_fault(
        [](Ste &ste, Cd &) {
            ste.config = 0;
            ste.s1cdmax = 31;
            ste.strw = 1;
            ste.eats = 2;
        },
        {.addr = 0x1000, .op = 'W'}, 0);
    for (unsigned config : {0u, 1u, 2u, 3u}) {
        expect_s1_fault([&](Ste &ste, Cd &) { ste.config = config; }, {.addr = 0x1000, .op = 'W'}, 0);
        expect_s1_fault([&](Ste &ste, Cd &) { ste.config = config; }, {.ssid = 3, .addr = 0x1000}, 0);
    }
}

TEST(StreamEntry, Bypass) /* cfg-016, cfg-017 */
{
    const auto bypass = [](Ste &ste, Cd &) { ste.config = 4; };

    expect_s1_ok(bypass, {.addr = 0x80000444, .op = 'W'}, 0x80000444);
    everywhere([&](System &s) {
        s.enable();
        s.make_s1(bypass);
        s.txn({.ssid = 1, .addr = 0x1000});
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].type(), 0x08u);
        EXPECT_EQ(events[0].ssid(), 1u);
        EXPECT_FALSE(events[0].ssv());
    });
    expect_s1_fault(bypass, {.addr = UINT64_C(1) << 48}, 0x11);
}

TEST(StreamEntry, StageTwoIsAbsent) /* cfg-020, cfg-021, cfg-023 */
{
    expect_s1_fault([](Ste &ste, Cd &) { ste.config = 6; }, plain, 0x04, bare);
    expect_s1_fault([](Ste &ste, Cd &) { ste.config = 7; }, plain, 0x04, bare);
}

TEST(StreamEntry, IllegalFields) /* cfg-026's kind, cfg-029 */
{
    expect_s1_fault([](Ste &ste, Cd &) { ste.s1stalld = 1; }, plain, 0x04);
    expect_s1_fault([](Ste &ste, Cd &) { ste.strw = 1; }, plain, 0x04);
    expect_s1_fault([](Ste &ste, Cd &) { ste.strw = 3; }, plain, 0x04);
    /* Without EL2 there is one stream world only, and STRW is RES0. */
    expect_s1_ok([](Ste &ste, Cd &) { ste.strw = 1; }, plain, 0x80001000, bare);
    expect_s1_fault([](Ste &ste, Cd &) { ste.s1cdmax = 9; }, plain, 0x04, ssid8);
    expect_s1_fault([](Ste &ste, Cd &) { ste.s1contextptr = UINT64_C(1) << 48; }, plain, 0x04);
    /* Without substreams S1CDMax means nothing. */
    expect_s1_ok([](Ste &ste, Cd &) { ste.s1cdmax = 9; }, plain, 0x80001000, no_ssid);
    /* EATS is RES0 without ATS. */
    expect_s1_ok([](Ste &ste, Cd &) { ste.eats = 2; }, plain, 0x80001000);
}

/* ---- Context descriptors ---- */

TEST(ContextDescriptor, FetchAbort) /* cfg-033 */
{
    everywhere([](System &s) {
        s.enable();
        s.make_s1([](Ste &ste, Cd &) { ste.s1contextptr = System::nowhere; });
        s.txn(plain);
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].type(), 0x09u);
        EXPECT_EQ(events[0].fetch_address(), System::nowhere);
    });
}

TEST(ContextDescriptor, Illegal) /* cfg-034 to cfg-045 */
{
    expect_s1_fault([](Ste &, Cd &cd) { cd.v = 0; }, plain, 0x0a);
    expect_s1_fault([](Ste &, Cd &cd) { cd.t0sz = 15; }, plain, 0x0a);
    expect_s1_fault([](Ste &, Cd &cd) { cd.t0sz = 40; }, {.addr = 0x1000}, 0x0a);
    expect_s1_fault([](Ste &, Cd &cd) { cd.tg0 = 1; }, plain, 0x0a, bare);
    expect_s1_fault([](Ste &, Cd &cd) { cd.tg0 = 2; }, plain, 0x0a, bare);
    expect_s1_fault([](Ste &, Cd &cd) { cd.tg0 = 3; }, plain, 0x0a);
    expect_s1_fault([](Ste &, Cd &cd) { cd.aa64 = 0; }, plain, 0x0a);
    expect_s1_fault([](Ste &, Cd &cd) { cd.s = 1; }, plain, 0x0a);
    expect_s1_fault([](Ste &, Cd &cd) { cd.endi = 1; }, plain, 0x0a);
    expect_s1_fault([](Ste &, Cd &cd) { cd.ha = 1; }, plain, 0x0a, bare);
    expect_s1_fault([](Ste &, Cd &cd) { cd.hd = 1; }, plain, 0x0a, bare);
    expect_s1_fault([](Ste &, Cd &cd) { cd.ttb0 = UINT64_C(1) << 48; }, plain, 0x0a);
    expect_s1_fault(
        [](Ste &, Cd &cd) {
            cd.ips = 0;
            cd.ttb0 = UINT64_C(1) << 32;
        },
        plain, 0x0a);
    expect_s1_fault(
        [](Ste &, Cd &cd) {
            cd.epd1 = 0;
            cd.t1sz = 16;
            cd.tg1 = 0;
        },
        plain, 0x0a);
}

TEST(ContextDescriptor, DisabledHalfMayHoldAnything) /* cfg-037, cfg-038 */
{
    expect_s1_ok(
        [](Ste &, Cd &cd) {
            cd.epd1 = 1;
            cd.t1sz = 0;
            cd.tg1 = 0;
            cd.ttb1 = UINT64_C(0xffffffffff000);
        },
        plain, 0x80001000);
    expect_s1_fault(
        [](Ste &, Cd &cd) {
            cd.epd0 = 1;
            cd.t0sz = 0;
        },
        plain, 0x10);
    /* Endianness matters only to a half that is walked. */
    expect_s1_fault(
        [](Ste &, Cd &cd) {
            cd.epd0 = 1;
            cd.endi = 1;
        },
        plain, 0x10);
}

/* ---- Substreams ---- */

/** Tables for substreams 0 to 3 of a linear CD table; substream i maps 0x7000 to 0x81000000 + i MiB. */
void make_substreams(System &s, unsigned s1dss, unsigned s1cdmax = 2)
{
    Ste ste;

    s.enable();
    ste.s1cdmax = s1cdmax;
    ste.s1dss = s1dss;
    ste.s1contextptr = s.make_cd_table(4);
    s.set_ste(0x10, ste);
    for (unsigned i = 0; i < 4; i++) {
        Cd cd;

        cd.asid = 0x20 + i;
        cd.ttb0 = s.make_table();
        s.map(cd.ttb0, 0x7000, 0x81000000 + (uint64_t(i) << 20));
        s.set_cd(ste.s1contextptr, i, cd);
    }
}

void expect_pa(System &s, const Txn &txn, uint64_t pa)
{
    const TxnResult r = s.txn(txn);

    EXPECT_EQ(r.outcome, Outcome::ok);
    EXPECT_EQ(r.pa, pa);
}

TEST(Substreams, SingleDescriptorTakesNone) /* ssid-001 */
{
    expect_s1_fault({}, {.ssid = 0, .addr = 0x40001000}, 0x08);
    expect_s1_fault({}, {.ssid = 1, .addr = 0x40001000}, 0x08);
    expect_s1_fault({}, {.ssid = 0, .addr = 0x40001000}, 0x08, no_ssid);
}

TEST(Substreams, SelectTheirDescriptor) /* ssid-006, ssid-008, ssid-009 */
{
    everywhere([](System &s) {
        make_substreams(s, 2);
        for (int round = 0; round < 2; round++) {
            expect_pa(s, {.ssid = 1, .addr = 0x7008}, 0x81100008);
            expect_pa(s, {.ssid = 2, .addr = 0x7008}, 0x81200008);
            expect_pa(s, {.ssid = 3, .addr = 0x7008}, 0x81300008);
            expect_pa(s, {.addr = 0x7008}, 0x81000008);
        }
        expect_fault(s, {.ssid = 0, .addr = 0x7000}, 0x06);
        expect_fault(s, {.ssid = 4, .addr = 0x7000}, 0x08);
    });
}

TEST(Substreams, DefaultTerminates)
{
    everywhere([](System &s) {
        for (unsigned s1dss : {0u, 3u}) {
            make_substreams(s, s1dss);
            s.command(cfgi_ste(0x10), 1, true);
            expect_fault(s, {.addr = 0x7000}, 0x06);
            expect_pa(s, {.ssid = 0, .addr = 0x7000}, 0x81000000);
            s.command(0x30, 0, true);
            s.write(0x20, 0);
        }
    });
}

TEST(Substreams, DefaultBypasses)
{
    everywhere([](System &s) {
        make_substreams(s, 1);
        expect_pa(s, {.addr = 0x12345678}, 0x12345678);
        EXPECT_EQ(s.counter("config-reads"), 1u) << "no CD is read";
        expect_pa(s, {.ssid = 0, .addr = 0x7000}, 0x81000000);
        expect_pa(s, {.ssid = 3, .addr = 0x7000}, 0x81300000);
        expect_fault(s, {.addr = UINT64_C(1) << 50}, 0x11);
    });
}

TEST(Substreams, BadSubstreamRecord)
{
    everywhere([](System &s) {
        make_substreams(s, 2);
        s.txn({.ssid = 0x12345, .addr = 0x7000});
        s.txn({.ssid = 0, .addr = 0x7000});
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 2u);
        EXPECT_EQ(events[0].ssid(), 0x12345u);
        EXPECT_FALSE(events[0].ssv());
        EXPECT_EQ(events[1].type(), 0x06u);
        EXPECT_EQ(events[1].words[0], UINT64_C(0x1000000006)) << "only type and StreamID";
    });
}

/** Two-level CD table: S1Fmt 1 (64 to a leaf) or 2 (1024). */
void two_level_cd(unsigned s1fmt, uint32_t ssid, unsigned l1_index, unsigned l2_index)
{
    everywhere([&](System &s) {
        const uint64_t l1 = s.allocate(8 << 10);
        const uint64_t l2 = s.allocate(1 << 16);
        Ste ste;
        Cd cd;

        s.enable();
        ste.s1fmt = s1fmt;
        ste.s1cdmax = 12;
        ste.s1dss = 2;
        ste.s1contextptr = l1;
        s.set_ste(0x10, ste);
        memory_write64(s.memory, l1 + 8 * l1_index, l2 | 1);
        cd.ttb0 = s.make_table();
        s.set_cd(l2, l2_index, cd);
        s.map(cd.ttb0, 0x7000, 0x81000000);
        expect_pa(s, {.ssid = ssid, .addr = 0x7000}, 0x81000000);
        memory_write64(s.memory, l1 + 8 * l1_index, l2);
        expect_pa(s, {.ssid = ssid, .addr = 0x7000}, 0x81000000);
        s.command(cfgi_cd(0x10, ssid), 1, true);
        expect_fault(s, {.ssid = ssid, .addr = 0x7000}, 0x08);
        memory_write64(s.memory, l1 + 8 * l1_index, UINT64_C(1) << 50 | 1);
        expect_fault(s, {.ssid = ssid, .addr = 0x7000}, 0x08);
        memory_write64(s.memory, l1 + 8 * l1_index, System::nowhere | 1);
        expect_fault(s, {.ssid = ssid, .addr = 0x7000}, 0x09);
    });
}

TEST(Substreams, TwoLevelTables) /* ssid-010, ssid-011, ssid-012 */
{
    two_level_cd(1, 194, 3, 2);
    two_level_cd(2, 1029, 1, 5);
}

TEST(Substreams, InvalidLeafReachedWithoutSubstream) /* ssid-013 */
{
    everywhere([](System &s) {
        Ste ste;

        s.enable();
        ste.s1fmt = 2;
        ste.s1cdmax = 12;
        ste.s1dss = 2;
        ste.s1contextptr = s.allocate(8 << 10);
        s.set_ste(0x10, ste);
        s.txn({.addr = 0x7000});
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].type(), 0x08u);
        EXPECT_EQ(events[0].ssid(), 0u);
    });
}

/* ---- Precedence ---- */

TEST(Precedence, ConfigurationErrors) /* prio-001, prio-003 */
{
    expect_s1_fault([](Ste &ste, Cd &) { ste.s1cdmax = 9; }, {.ssid = 0x3ff, .addr = 0x40001000}, 0x04, ssid8);
    expect_s1_fault(
        [](Ste &ste, Cd &cd) {
            ste.s1cdmax = 1;
            ste.s1dss = 0;
            cd.v = 0;
        },
        plain, 0x06);
    expect_s1_fault(
        [](Ste &ste, Cd &cd) {
            ste.s1contextptr = System::nowhere;
            cd.v = 0;
        },
        {.ssid = 1, .addr = 0x40001000}, 0x08);
    expect_s1_fault(
        [](Ste &, Cd &cd) {
            cd.t0sz = 40;
            cd.ttb0 = System::nowhere;
        },
        plain, 0x0a);
}

} // namespace

/*
 * Translation requests and translated transactions. Numbers in comments are conformance cases.
 */
#include "sim/ats.h"
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

constexpr uint32_t enabled = 0xd;
constexpr uint32_t checked = 0x1d; /**< with ATSCHK */

void with_ats(smmu_config &c)
{
    c.features.ats = true;
    c.features.ats_rec_err = true;
}

struct Answer {
    unsigned status = 99;
    sim_ats_entry entry = {};
};

/** A translation request. */
struct Request {
    uint64_t addr = 0x40001000;
    uint32_t sid = 0x10;
    int64_t ssid = -1;
    bool no_write = false;
    bool priv = false;
    bool exe = false;
};

uint32_t start(System &s, const Request &r)
{
    return s.start({.sid = r.sid,
                    .ssid = r.ssid,
                    .addr = r.addr,
                    .op = r.exe ? 'X' : 'R',
                    .size = 8,
                    .priv = r.priv,
                    .no_write = r.no_write,
                    .at = SIM_AT_TRANSLATION_REQUEST});
}

Answer answer_of(System &s, uint32_t index)
{
    const bus_driver_result *result = bus_driver_get_result(s.masters[0], index);
    Answer answer;

    if (result->answered) {
        answer.status = result->status;
        answer.entry = sim_ats_load_entry(result->data);
    }
    return answer;
}

Answer ask(System &s, const Request &r)
{
    const uint32_t index = start(s, r);

    s.run();
    return answer_of(s, index);
}

void expect_granted(const Answer &a, uint64_t address, bool write, unsigned size = 12)
{
    EXPECT_EQ(a.status, SIM_STATUS_OK);
    EXPECT_EQ(a.entry.address, address);
    EXPECT_EQ(a.entry.size, size);
    EXPECT_TRUE(a.entry.read);
    EXPECT_EQ(a.entry.write, write);
    EXPECT_FALSE(a.entry.untranslated || a.entry.global || a.entry.no_snoop);
}

void expect_denied(const Answer &a)
{
    EXPECT_EQ(a.status, SIM_STATUS_OK);
    EXPECT_FALSE(a.entry.read || a.entry.write || a.entry.execute);
    EXPECT_EQ(a.entry.size, 12u);
}

void ats_stream(System &s, uint32_t cr0 = enabled, const std::function<void(Ste &, Cd &)> &change = {})
{
    s.enable(cr0);
    s.make_s1([&](Ste &ste, Cd &cd) {
        ste.eats = 1;
        if (change) {
            change(ste, cd);
        }
    });
}

/** SID 0x30: stage 1 over stage 2, with stage 1's tables mapped to themselves. @return stage 2's root */
uint64_t nested_stream(System &s, const std::function<void(Ste &)> &change)
{
    Ste ste;
    const uint64_t stage2 = s.make_table();

    ste.config = 7;
    ste.s1contextptr = s.cd_table;
    ste.s2t0sz = 25;
    ste.s2sl0 = 1;
    ste.s2ps = 5;
    ste.s2aa64 = 1;
    ste.s2r = 1;
    ste.s2ttb = stage2;
    change(ste);
    s.set_ste(0x30, ste);
    const uint64_t leaf = UINT64_C(0xf) << 2 | 3 << 6 | 3 << 8 | 1 << 10;
    s.map_any(stage2, 12, 39, 1, System::memory_base, System::memory_base, leaf, 21);
    s.map_any(stage2, 12, 39, 1, 0x80001000, 0x90001000, leaf, 12);
    s.map_any(stage2, 12, 39, 1, 0x80200000, 0x90200000, leaf, 12);
    s.map_any(stage2, 12, 39, 1, 0x80004000, 0x90004000, leaf & ~(UINT64_C(2) << 6), 12);
    return stage2;
}

TEST(TranslationRequest, TellsPageAndPermissions) /* ats-001, ats-003 */
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s);
        for (unsigned warm = 0; warm < 2; warm++) {
            expect_granted(ask(s, {.addr = 0x40001000}), 0x80001000, true);
            expect_granted(ask(s, {.addr = 0x40002000}), 0x80002000, false);
            expect_granted(ask(s, {.addr = 0x402ab000}), 0x80200000, true, 21);
            EXPECT_TRUE(s.events().empty());
        }
        EXPECT_EQ(s.counter("translation-requests"), 6u);
    });
}

/** More requests at once than slots, credits and queues have room for: none is lost, none is answered twice. */
TEST(TranslationRequest, NoneIsLostUnderBackPressure) /* gem5's defect D11 */
{
    everywhere(with_ats, [](System &s) {
        std::vector<uint32_t> asked;

        ats_stream(s);
        for (unsigned i = 0; i < 400; i++) {
            asked.push_back(start(s, {.addr = i % 2 == 0 ? UINT64_C(0x40001000) : UINT64_C(0x40200000)}));
        }
        s.run();
        for (unsigned i = 0; i < asked.size(); i++) {
            expect_granted(answer_of(s, asked[i]), i % 2 == 0 ? 0x80001000 : 0x80200000, true, i % 2 == 0 ? 12 : 21);
        }
        EXPECT_EQ(s.counter("translation-requests"), asked.size());
    });
}

TEST(TranslationRequest, FaultsAreEmptySuccesses) /* ats-005 */
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s, enabled, [](Ste &, Cd &cd) { cd.a = 0; });
        expect_denied(ask(s, {.addr = 0x40003000}));
        expect_denied(ask(s, {.addr = 0x41000000}));
        expect_denied(ask(s, {.addr = UINT64_C(1) << 50}));
        expect_denied(ask(s, {.addr = 0x40004000})); /* not for EL0 */
        EXPECT_TRUE(s.events().empty());
    });
}

TEST(TranslationRequest, NeverStalls) /* ats-006 */
{
    everywhere(
        [](smmu_config &c) {
            with_ats(c);
            c.features.stall = SMMU_STALL_MODEL_BOTH;
        },
        [](System &s) {
            ats_stream(s, enabled, [](Ste &, Cd &cd) { cd.s = 1; });
            expect_denied(ask(s, {.addr = 0x41000000}));
            EXPECT_TRUE(s.events().empty());
        });
}

TEST(TranslationRequest, ExecuteOnlyWhenAsked) /* ats-030, 13.7 */
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s, enabled, [](Ste &ste, Cd &) {
            ste.s1cdmax = 1;
            ste.s1dss = 2;
        });
        Cd cd;
        cd.ttb0 = s.root;
        s.set_cd(s.cd_table, 1, cd);
        EXPECT_FALSE(ask(s, {.ssid = 1, .no_write = true}).entry.execute);
        const Answer granted = ask(s, {.ssid = 1, .no_write = true, .exe = true});
        EXPECT_TRUE(granted.entry.read && granted.entry.execute);
        const Answer never = ask(s, {.addr = 0x40005000, .ssid = 1, .no_write = true, .exe = true});
        EXPECT_TRUE(never.entry.read);
        EXPECT_FALSE(never.entry.execute);
        EXPECT_FALSE(ask(s, {.no_write = true, .exe = true}).entry.execute) << "there is no PASID";
        const Answer privileged = ask(s, {.addr = 0x40004000, .ssid = 1, .priv = true});
        EXPECT_TRUE(privileged.entry.read && privileged.entry.write && privileged.entry.privileged);
        expect_denied(ask(s, {.addr = 0x40004000, .ssid = 1}));
    });
}

TEST(TranslationRequest, OverridesCount) /* 13.7.1 */
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s, enabled, [](Ste &ste, Cd &) { ste.privcfg = 3; });
        const Answer privileged = ask(s, {.addr = 0x40004000});
        EXPECT_TRUE(privileged.entry.read && privileged.entry.write);
        EXPECT_FALSE(privileged.entry.privileged) << "as the request said";
        s.make_s1([](Ste &ste, Cd &) {
            ste.eats = 1;
            ste.instcfg = 3;
        });
        s.command(UINT64_C(0x04), 31, true);
        s.command(0x30, 0, true);
        EXPECT_FALSE(ask(s, {.addr = 0x40005000}).entry.read) << "no data can be read, only instructions";
        EXPECT_TRUE(ask(s, {.addr = 0x40001000}).entry.read);
    });
}

TEST(TranslationRequest, MarksDirtyOnlyToWrite) /* 13.7 */
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s, enabled, [](Ste &, Cd &cd) { cd.ha = cd.hd = 1; });
        const uint64_t at = s.descriptor(s.root, 0x40002000, 3);
        const uint64_t clean = memory_read64(s.memory, at) | UINT64_C(1) << 51;
        memory_write64(s.memory, at, clean & ~(UINT64_C(1) << 10));
        expect_granted(ask(s, {.addr = 0x40002000, .no_write = true}), 0x80002000, false);
        EXPECT_EQ(memory_read64(s.memory, at), clean) << "the access flag is set";
        expect_granted(ask(s, {.addr = 0x40002000}), 0x80002000, true);
        EXPECT_EQ(memory_read64(s.memory, at), clean & ~UINT64_C(0x80));
        expect_granted(ask(s, {.addr = 0x40002000, .no_write = true}), 0x80002000, true);
        /* What may not be written is not marked, and asking for it ends. */
        const uint64_t other = s.descriptor(s.root, 0x40004000, 3);
        memory_write64(s.memory, other, memory_read64(s.memory, other) | UINT64_C(1) << 51 | 0x80);
        const uint64_t before = memory_read64(s.memory, other);
        expect_denied(ask(s, {.addr = 0x40004000}));
        EXPECT_EQ(memory_read64(s.memory, other), before);
    });
}

TEST(TranslationRequest, WhereItIsNotAllowed) /* ats-007, ats-008, ats-009, ats-010 */
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s, enabled, [](Ste &ste, Cd &) { ste.eats = 0; });
        EXPECT_EQ(ask(s, {.ssid = 7}).status, SIM_STATUS_UR) << "before the SubstreamID is looked at";
        std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].type(), 0x05u);
        EXPECT_EQ(events[0].sid(), 0x10u);
        EXPECT_EQ(events[0].ssid(), 7u);
        EXPECT_EQ(events[0].address(), 0x40001000u);
        Ste bypass;
        bypass.config = 4;
        bypass.eats = 1;
        s.set_ste(0x11, bypass);
        EXPECT_EQ(ask(s, {.sid = 0x11}).status, SIM_STATUS_UR);
        EXPECT_EQ(s.events().size(), 1u);
        Ste abort;
        abort.config = 0;
        abort.eats = 1;
        s.set_ste(0x12, abort);
        EXPECT_EQ(ask(s, {.sid = 0x12}).status, SIM_STATUS_UR);
        EXPECT_TRUE(s.events().empty());
        s.write(0x20, 0xc);
        EXPECT_EQ(ask(s, {}).status, SIM_STATUS_UR);
        events = s.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].type(), 0x05u);
    });
}

TEST(TranslationRequest, ConfigurationErrors) /* ats-012, ats-013 */
{
    for (const unsigned cr2 : {0u, 2u, 8u, 10u}) {
        everywhere(with_ats, [&](System &s) {
            s.write(0x2c, cr2);
            ats_stream(s, 0xc);
            s.write(0x2c, cr2);
            s.write(0x20, enabled);
            const size_t recorded = (cr2 & 8) != 0 ? 1 : 0;
            EXPECT_EQ(ask(s, {.sid = 0x11}).status, SIM_STATUS_CA);
            EXPECT_EQ(s.events().size(), recorded);
            EXPECT_EQ(ask(s, {.sid = 0x100}).status, SIM_STATUS_CA);
            EXPECT_EQ(s.events().size(), cr2 == 10 ? 1u : 0u);
            EXPECT_EQ(ask(s, {.ssid = 1}).status, SIM_STATUS_CA);
            EXPECT_EQ(s.events().size(), recorded);
            memory_write64(s.memory, s.descriptor(s.root, 0x40001000, 2), System::nowhere | 3);
            EXPECT_EQ(ask(s, {}).status, SIM_STATUS_CA);
            EXPECT_EQ(s.events().size(), recorded) << "F_WALK_EABT";
        });
    }
}

TEST(TranslationRequest, Stage1BypassIsIdentity) /* ats-018 */
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s, enabled, [](Ste &ste, Cd &) {
            ste.s1cdmax = 2;
            ste.s1dss = 1;
        });
        expect_granted(ask(s, {.addr = 0x80007000}), 0x80007000, true);
        expect_denied(ask(s, {.addr = UINT64_C(1) << 48}));
    });
}

TEST(TranslationRequest, Nested) /* ats-017, ats-019, ats-021, ats-022 */
{
    for (const unsigned eats : {1u, 2u}) {
        everywhere(with_ats, [&](System &s) {
            ats_stream(s, checked);
            const uint64_t stage2 = nested_stream(s, [&](Ste &ste) { ste.eats = eats; });
            const uint64_t out = eats == 1 ? 0x90000000 : 0x80000000;
            expect_granted(ask(s, {.addr = 0x40001000, .sid = 0x30}), out + 0x1000, true);
            expect_granted(ask(s, {.addr = 0x40200000, .sid = 0x30}), out + 0x200000, true);
            expect_denied(ask(s, {.addr = 0x40002000, .sid = 0x30}));
            EXPECT_TRUE(s.events().empty());
            /* Stage 2 has the CD's page no more. */
            const uint64_t level2 = memory_read64(s.memory, stage2) & UINT64_C(0xfffffffff000);
            memory_write64(s.memory, level2 + 8 * (System::memory_base >> 21), 0);
            s.command(UINT64_C(0x04), 31, true);
            s.command(0x30, 0, true);
            expect_denied(ask(s, {.addr = 0x40001000, .sid = 0x30}));
            EXPECT_TRUE(s.events().empty());
        });
    }
    everywhere(with_ats, [&](System &s) {
        ats_stream(s, enabled);
        nested_stream(s, [&](Ste &ste) { ste.eats = 2; });
        EXPECT_EQ(ask(s, {.sid = 0x30}).status, SIM_STATUS_UR) << "split-stage needs ATSCHK";
        ASSERT_EQ(s.events().size(), 1u);
    });
}

TEST(TranslationRequest, WhatStage1RefusesAsksStage2Nothing) /* 3.9.1.2 */
{
    for (const bool readable : {false, true}) {
        everywhere(with_ats, [&](System &s) {
            ats_stream(s);
            nested_stream(s, [&](Ste &ste) {
                const uint64_t leaf = UINT64_C(0xf) << 2 | 3 << 6 | 3 << 8 | 1 << 10;

                ste.eats = 1;
                s.map_any(ste.s2ttb, 12, 39, 1, UINT64_C(0x5000000000), 0x91000000, leaf, 12);
                /* Its level 2 table is moved to where no memory is. */
                memory_write64(s.memory, ste.s2ttb + 8 * (UINT64_C(0x5000000000) >> 30), System::nowhere | 3);
            });
            s.map(s.root, 0x40600000, UINT64_C(0x5000000000), {.el0 = readable});
            if (readable) {
                EXPECT_EQ(ask(s, {.addr = 0x40600000, .sid = 0x30}).status, SIM_STATUS_CA) << "stage 2 is walked";
            } else {
                expect_denied(ask(s, {.addr = 0x40600000, .sid = 0x30}));
                EXPECT_TRUE(s.events().empty());
            }
        });
    }
}

TEST(Translated, PassesWithoutALook) /* ats-023 */
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s, enabled, [](Ste &ste, Cd &) { ste.eats = 0; });
        for (const char op : {'R', 'W'}) {
            const TxnResult r = s.txn({.addr = 0x80001234, .op = op, .at = SIM_AT_TRANSLATED});
            EXPECT_EQ(r.outcome, Outcome::ok);
            EXPECT_EQ(r.pa, 0x80001234u);
        }
        EXPECT_EQ(s.counter("config-reads"), 0u);
        EXPECT_EQ(s.txn({.addr = UINT64_C(1) << 48, .at = SIM_AT_TRANSLATED}).outcome, Outcome::abort);
        EXPECT_EQ(s.txn({.addr = 0x80000ffe, .at = SIM_AT_TRANSLATED}).outcome, Outcome::abort);
        EXPECT_TRUE(s.events().empty());
        s.write(0x20, 0xc);
        EXPECT_EQ(s.txn({.addr = 0x80001234, .at = SIM_AT_TRANSLATED}).outcome, Outcome::abort);
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].type(), 0x07u);
        EXPECT_EQ(events[0].bits(99, 1), 1u);
    });
}

TEST(Translated, IsChecked) /* ats-023, ats-024, ats-026, ats-027, ats-028 */
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s, checked);
        Ste ste;
        EXPECT_EQ(s.txn({.addr = 0x80001000, .at = SIM_AT_TRANSLATED}).pa, 0x80001000u);
        EXPECT_EQ(s.txn({.addr = UINT64_C(1) << 48, .at = SIM_AT_TRANSLATED}).outcome, Outcome::abort);
        EXPECT_EQ(s.txn({.ssid = 9, .addr = 0x80001000, .at = SIM_AT_TRANSLATED}).pa, 0x80001000u) << "PASID ignored";
        EXPECT_TRUE(s.events().empty());
        ste.s1contextptr = s.cd_table;
        s.set_ste(0x11, ste); /* EATS = 0 */
        ste.config = 4;
        ste.eats = 1;
        s.set_ste(0x12, ste); /* bypass */
        ste.config = 0;
        s.set_ste(0x13, ste); /* abort */
        for (const uint32_t sid : {0x11u, 0x12u, 0x13u, 0x14u}) {
            EXPECT_EQ(s.txn({.sid = sid, .addr = 0x80001000, .at = SIM_AT_TRANSLATED}).outcome, Outcome::abort);
            const std::vector<Event> events = s.events();
            ASSERT_EQ(events.size(), sid <= 0x12 ? 1u : 0u) << sid;
            if (sid <= 0x12) {
                EXPECT_EQ(events[0].type(), 0x07u);
                EXPECT_EQ(events[0].address(), 0x80001000u);
            }
        }
    });
}

TEST(Translated, SplitStageGoesThroughStage2)
{
    everywhere(with_ats, [](System &s) {
        ats_stream(s, checked);
        nested_stream(s, [&](Ste &ste) { ste.eats = 2; });
        for (unsigned warm = 0; warm < 2; warm++) {
            EXPECT_EQ(s.txn({.sid = 0x30, .addr = 0x80001010, .op = 'W', .at = SIM_AT_TRANSLATED}).pa, 0x90001010u);
        }
        EXPECT_EQ(s.txn({.sid = 0x30, .addr = 0x80004000, .at = SIM_AT_TRANSLATED}).pa, 0x90004000u);
        s.txn({.sid = 0x30, .addr = 0x80004000, .op = 'W', .at = SIM_AT_TRANSLATED});
        s.txn({.sid = 0x30, .addr = 0x80009000, .at = SIM_AT_TRANSLATED});
        s.txn({.sid = 0x30, .addr = UINT64_C(1) << 48, .at = SIM_AT_TRANSLATED});
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 3u);
        EXPECT_EQ(events[0].type(), 0x13u);
        EXPECT_EQ(events[1].type(), 0x10u);
        EXPECT_EQ(events[1].bits(103, 1), 1u);
        EXPECT_EQ(events[2].type(), 0x11u);
        EXPECT_EQ(events[2].bits(103, 1), 0u) << "told as one of stage 1";
    });
}

TEST(Ats, AbsentUnlessConfigured)
{
    everywhere([](System &s) {
        s.enable();
        s.make_s1();
        EXPECT_EQ(s.read(0) >> 10 & 1, 0u);
        for (const uint8_t at : {SIM_AT_TRANSLATION_REQUEST, SIM_AT_TRANSLATED, SIM_AT_RESERVED}) {
            EXPECT_EQ(s.txn({.addr = 0x40001000, .size = 8, .at = at}).outcome, Outcome::abort);
            const std::vector<Event> events = s.events();
            ASSERT_EQ(events.size(), 1u);
            EXPECT_EQ(events[0].type(), 0x01u);
        }
    });
}

} // namespace

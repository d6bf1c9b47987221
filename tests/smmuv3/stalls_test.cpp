/*
 * Stalled transactions: records, resume, termination, what happens when there is no room. Numbers in comments are
 * conformance cases.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

constexpr uint64_t hole = 0x40007000;
constexpr uint32_t EVENTQ_PROD = 0x100a8;
constexpr uint32_t EVENTQ_CONS = 0x100ac;

void stalling(smmu_config &c)
{
    c.features.stall = SMMU_STALL_MODEL_BOTH;
}

void make_stalling(System &s)
{
    s.enable();
    s.make_s1([](Ste &, Cd &cd) { cd.s = 1; });
}

uint64_t resume_word(uint32_t sid, bool retry, bool abort = false)
{
    return UINT64_C(0x44) | (retry ? 1u << 12 : 0) | (abort ? 1u << 13 : 0) | static_cast<uint64_t>(sid) << 32;
}

uint64_t stag_of(const Event &event)
{
    return event.bits(64, 16);
}

TEST(Stall, IdentificationTells)
{
    for (const unsigned model : {0u, 1u, 2u}) {
        System s(support::engines()[0], [&](smmu_config &c) {
            c.features.stall = static_cast<uint8_t>(model);
            c.stall_slots = 5;
        });
        EXPECT_EQ(s.read(0) >> 24 & 3, model);
        EXPECT_EQ(s.read(0x14) >> 16, model == 1 ? 0u : 5u) << "IDR5.STALL_MAX";
    }
}

TEST(Stall, RetryAfterRepair) /* res-001 */
{
    everywhere(stalling, [](System &s) {
        make_stalling(s);
        for (const char op : {'R', 'W'}) {
            const uint32_t index = s.start({.addr = hole, .op = op});
            s.run();
            EXPECT_EQ(s.result(0, index).outcome, Outcome::pending);
            const std::vector<Event> events = s.events();
            ASSERT_EQ(events.size(), 1u);
            EXPECT_EQ(events[0].type(), 0x10u);
            EXPECT_EQ(events[0].bits(95, 1), 1u);
            EXPECT_EQ(events[0].address(), hole);
            s.map(s.root, hole, 0x80007000);
            s.command(resume_word(0x10, true), stag_of(events[0]), true);
            EXPECT_EQ(s.result(0, index).outcome, Outcome::ok);
            EXPECT_EQ(s.result(0, index).pa, 0x80007000u);
            EXPECT_TRUE(s.events().empty());
            s.unmap(s.root, hole);
            s.command(tlbi(0x11, 7), 0, true);
        }
        EXPECT_EQ(s.counter("stalled"), 2u);
    });
}

TEST(Stall, RetryWithoutRepairStallsAgain)
{
    everywhere(stalling, [](System &s) {
        make_stalling(s);
        const uint32_t index = s.start({.addr = hole});
        for (unsigned round = 0; round < 3; round++) {
            s.run();
            const std::vector<Event> events = s.events();
            ASSERT_EQ(events.size(), 1u) << round;
            EXPECT_EQ(events[0].bits(95, 1), 1u);
            s.command(resume_word(0x10, true), stag_of(events[0]), true);
        }
        EXPECT_EQ(s.result(0, index).outcome, Outcome::pending);
        s.command(resume_word(0x10, false, true), stag_of(s.events()[0]), true);
        EXPECT_EQ(s.result(0, index).outcome, Outcome::abort);
    });
}

TEST(Stall, TerminateAbortsOrReadsAsZero) /* res-002, res-003 */
{
    for (const bool term_abort : {false, true}) {
        const auto tweak = [&](smmu_config &c) {
            stalling(c);
            c.features.term_abort = term_abort;
        };
        everywhere(tweak, [&](System &s) {
            make_stalling(s);
            for (const bool abort : {false, true}) {
                const uint32_t index = s.start({.addr = hole});
                s.run();
                s.command(resume_word(0x10, false, abort), stag_of(s.events()[0]), true);
                const TxnResult r = s.result(0, index);
                EXPECT_EQ(r.outcome, abort || term_abort ? Outcome::abort : Outcome::raz);
                if (r.outcome == Outcome::raz) {
                    EXPECT_EQ(r.value, 0u);
                }
                EXPECT_TRUE(s.events().empty()) << "a termination is not recorded";
            }
        });
    }
}

TEST(Stall, ResumeNeedsStreamAndTag)
{
    everywhere(stalling, [](System &s) {
        make_stalling(s);
        const uint32_t index = s.start({.addr = hole});
        s.run();
        const uint64_t stag = stag_of(s.events()[0]);
        s.command(resume_word(0x11, false, true), stag, true);
        s.command(resume_word(0x10, false, true), stag + 1, true);
        s.command(resume_word(0x10, false, true), 0xffff, true);
        EXPECT_EQ(s.result(0, index).outcome, Outcome::pending);
        EXPECT_EQ(s.read(0x9c) >> 24, 0u);
        s.command(resume_word(0x10, false, true), stag, true);
        EXPECT_EQ(s.result(0, index).outcome, Outcome::abort);
        s.command(resume_word(0x10, true), stag, true);
        EXPECT_TRUE(s.events().empty()) << "the tag is nobody's any more";
    });
}

TEST(Stall, StallTermFreesAllOfAStream) /* res-005 */
{
    everywhere(stalling, [](System &s) {
        make_stalling(s);
        s.put(
            s.stream_table + 64 * 0x11,
            [&] {
                Ste ste;
                ste.s1contextptr = s.cd_table;
                return ste;
            }()
                .words()
                .data(),
            8);
        const uint32_t read = s.start({.addr = hole});
        const uint32_t write = s.start({.addr = hole + 0x1000, .op = 'W'});
        const uint32_t other = s.start({.sid = 0x11, .addr = hole});
        s.run();
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 3u);
        EXPECT_NE(stag_of(events[0]), stag_of(events[1]));
        Ste abort;
        abort.config = 0;
        s.set_ste(0x10, abort);
        s.command(cfgi_ste(0x10), 1, true);
        s.command(UINT64_C(0x45) | UINT64_C(0x10) << 32, 0, true);
        EXPECT_EQ(s.result(0, read).outcome, Outcome::abort);
        EXPECT_EQ(s.result(0, write).outcome, Outcome::dropped);
        EXPECT_EQ(s.result(0, other).outcome, Outcome::pending);
        s.command(UINT64_C(0x45) | UINT64_C(0x11) << 32, 0, true);
        EXPECT_EQ(s.result(0, other).outcome, Outcome::abort);
    });
}

TEST(Stall, LaterRequestsPass)
{
    everywhere(stalling, [](System &s) {
        make_stalling(s);
        s.txn({.addr = 0x40001000});
        const uint32_t stalled = s.start({.addr = hole, .op = 'W'});
        const uint32_t hit = s.start({.addr = 0x40001000, .op = 'W'});
        s.run();
        EXPECT_EQ(s.result(0, stalled).outcome, Outcome::pending);
        EXPECT_EQ(s.result(0, hit).outcome, Outcome::ok);
        s.sync(); /* CMD_SYNC does not wait for what is stalled */
        s.map(s.root, hole, 0x80007000);
        s.command(resume_word(0x10, true), stag_of(s.events()[0]), true);
        EXPECT_EQ(s.result(0, stalled).outcome, Outcome::ok);
    });
}

TEST(Stall, RecordWaitsForRoom) /* evq-006 */
{
    everywhere(stalling, [](System &s) {
        s.event_bits = 1;
        make_stalling(s);
        s.txn({.sid = 0x11});
        s.txn({.sid = 0x12});
        const uint32_t index = s.start({.addr = 0x51000000});
        s.run();
        EXPECT_EQ(s.result(0, index).outcome, Outcome::pending);
        EXPECT_EQ(s.read(EVENTQ_PROD), 2u) << "and no overflow";
        s.sync();
        s.write(EVENTQ_CONS, 2);
        EXPECT_EQ(s.read(EVENTQ_PROD), 3u);
        const uint64_t record = s.event_queue;
        EXPECT_EQ(memory_read64(s.memory, record) & 0xff, 0x10u);
        EXPECT_EQ(memory_read64(s.memory, record + 8) >> 31 & 1, 1u);
        EXPECT_EQ(memory_read64(s.memory, record + 16), 0x51000000u);
        s.command(resume_word(0x10, false, true), memory_read64(s.memory, record + 8) & 0xffff, true);
        EXPECT_EQ(s.result(0, index).outcome, Outcome::abort);
    });
}

TEST(Stall, WithoutRecordItIsRetriedWithWhatIsThere)
{
    everywhere(stalling, [](System &s) {
        make_stalling(s);
        s.write(0x20, 0x9); /* EVENTQEN = 0 */
        const uint32_t index = s.start({.addr = hole});
        s.run();
        EXPECT_EQ(s.result(0, index).outcome, Outcome::pending);
        s.map(s.root, hole, 0x80007000);
        s.write(0x20, 0xd);
        EXPECT_EQ(s.result(0, index).outcome, Outcome::ok);
        EXPECT_TRUE(s.events().empty());
    });
}

TEST(Stall, DisablingTerminates)
{
    everywhere(stalling, [](System &s) {
        make_stalling(s);
        const uint32_t index = s.start({.addr = hole});
        s.run();
        EXPECT_EQ(s.events().size(), 1u);
        s.write(0x20, 0xc);
        EXPECT_EQ(s.read(0x24), 0xcu);
        EXPECT_EQ(s.result(0, index).outcome, Outcome::abort);
    });
}

TEST(Stall, MoreThanStallSlotsTakeTurns)
{
    const auto tweak = [](smmu_config &c) {
        stalling(c);
        c.stall_slots = 2;
        c.translation_slots = 4;
        c.tbu_slots = 4;
    };
    everywhere(tweak, [](System &s) {
        std::vector<uint32_t> all;
        make_stalling(s);
        for (unsigned i = 0; i < 9; i++) {
            all.push_back(s.start({.addr = 0x51000000 + 0x1000 * i}));
        }
        unsigned ended = 0;
        for (;;) {
            s.run();
            const std::vector<Event> events = s.events();
            if (events.empty()) {
                break;
            }
            EXPECT_LE(events.size(), 2u);
            for (const Event &event : events) {
                EXPECT_EQ(event.bits(95, 1), 1u);
                s.command(resume_word(0x10, false, true), stag_of(event));
                ended++;
            }
            s.sync();
        }
        EXPECT_EQ(ended, 9u);
        for (const uint32_t index : all) {
            EXPECT_EQ(s.result(0, index).outcome, Outcome::abort);
        }
    });
}

TEST(Stall, OnlyTranslationFaultsStall) /* tr-022 */
{
    everywhere(stalling, [](System &s) {
        make_stalling(s);
        memory_write64(s.memory, s.descriptor(s.root, hole, 2), System::nowhere | 3);
        EXPECT_EQ(s.txn({.addr = hole}).outcome, Outcome::abort);
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].type(), 0x0bu);
        EXPECT_EQ(events[0].bits(95, 1), 0u);
    });
}

TEST(Stall, CommandsAreLegalOnlyWithStalls) /* cmd-008 */
{
    for (const unsigned model : {0u, 1u, 2u}) {
        for (const uint64_t opcode : {UINT64_C(0x44), UINT64_C(0x45)}) {
            for (const uint64_t ssec : {0u, 1u}) {
                System s(support::engines()[0],
                         [&](smmu_config &c) { c.features.stall = static_cast<uint8_t>(model); });
                s.enable();
                s.command(opcode | ssec << 10);
                EXPECT_EQ(s.read(0x9c) >> 24, model == 1 || ssec != 0 ? 1u : 0u);
            }
        }
    }
}

TEST(Events, EqualOnesAreMergedIfTheStreamAllows)
{
    /* A TBU asks for one after the other: equal records wait together if they come of several. */
    const System::Tweak ports = [](smmu_config &c) {
        c.ports = 7;
        c.tbus = c.to_tcu_cycles > 0 ? c.ports : 1;
    };

    for (const unsigned mev : {0u, 1u}) {
        everywhere(ports, [&](System &s) {
            s.enable();
            s.make_s1([&](Ste &ste, Cd &) { ste.mev = mev; });
            for (uint32_t i = 0; i < 6; i++) {
                s.start({.addr = hole + 4 * i, .port = i});
            }
            s.start({.addr = hole, .op = 'W', .port = 6});
            s.run();
            const std::vector<Event> events = s.events();
            if (mev == 0) {
                EXPECT_EQ(events.size(), 7u);
            } else {
                EXPECT_LT(events.size(), 7u);
                EXPECT_GE(events.size(), 2u) << "a write is not equal to a read";
                EXPECT_EQ(events.size() + s.counter("merged-events"), 7u);
            }
        });
    }
}

} // namespace

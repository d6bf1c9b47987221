/*
 * Time: the stages of models/smmuv3/smmu.h add up, to the cycle, for hits and for every kind of miss.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

/* Time of a read of the walker's as the SMMU sees it: request channel, memory, response channel. */
constexpr sim_time memory_time = System::period + System::memory_latency + System::period;

struct Stages {
    explicit Stages(const smmu_config &config) : c(config)
    {
    }
    sim_time fetch() const
    {
        return (c.issue_cycles + c.decode_cycles) * c.period + memory_time;
    }
    sim_time pass() const
    {
        return (c.accept_cycles + c.forward_cycles) * c.period;
    }
    sim_time config_hit() const
    {
        return pass() + c.config_lookup_cycles * c.period;
    }
    sim_time tlb_hit() const
    {
        return config_hit() + c.tlb_lookup_cycles * c.period;
    }
    sim_time cold(unsigned config_reads, unsigned walk_reads) const
    {
        return tlb_hit() + (config_reads + walk_reads) * fetch();
    }

    const smmu_config &c;
};

/* Time inside the SMMU by its own marks, and by the clocks of its neighbours. */
void expect_latency(System &s, const TxnResult &r, sim_time expected)
{
    const std::map<std::string, sim_time> stages = s.log.stages_of(r.id);
    sim_time marked = 0;

    ASSERT_EQ(r.outcome, Outcome::ok);
    for (const char *stage : {"smmu", "smmu config", "smmu walk"}) {
        marked += stages.count(stage) != 0 ? stages.at(stage) : 0;
    }
    /* The completion of a read passes the SMMU as well. */
    EXPECT_EQ(marked, expected + (r.answered != 0 ? s.config.response_cycles * s.config.period : 0));
    EXPECT_EQ(r.left - r.issued, System::period + expected + System::period);
}

const System::Tweak other_cycles = [](smmu_config &c) {
    c.accept_cycles = 2;
    c.config_lookup_cycles = 5;
    c.tlb_lookup_cycles = 7;
    c.issue_cycles = 3;
    c.decode_cycles = 11;
    c.config_decode_cycles = 11;
    c.forward_cycles = 13;
    c.response_cycles = 17;
    c.register_cycles = 19;
};
const System::Tweak no_cycles = [](smmu_config &c) {
    c.accept_cycles = 0;
    c.config_lookup_cycles = 0;
    c.tlb_lookup_cycles = 0;
    c.issue_cycles = 0;
    c.decode_cycles = 0;
    c.config_decode_cycles = 0;
    c.forward_cycles = 0;
    c.response_cycles = 0;
    c.register_cycles = 0;
};
const System::Tweak slow_clock = [](smmu_config &c) { c.period = 2 * SIM_NS; };

void check_translation(System &s)
{
    const Stages stages(s.config);

    s.enable();
    s.make_s1();
    expect_latency(s, s.txn({.addr = 0x40001234, .op = 'W'}), stages.cold(2, 4));
    expect_latency(s, s.txn({.addr = 0x40001238, .op = 'W'}), stages.tlb_hit());
    expect_latency(s, s.txn({.addr = 0x40002000, .op = 'R'}), stages.cold(0, 4));
    expect_latency(s, s.txn({.addr = 0x40200000, .op = 'W'}), stages.cold(0, 3));
    expect_latency(s, s.txn({.addr = 0x403ff000, .op = 'W'}), stages.tlb_hit());
}

TEST(Latency, TranslatedIsTheSumOfItsStages)
{
    everywhere(check_translation);
    everywhere(other_cycles, check_translation);
    everywhere(no_cycles, check_translation);
}

/* The parts of a miss are booked where they belong. */
TEST(Latency, MissesHaveStagesOfTheirOwn)
{
    everywhere(other_cycles, [](System &s) {
        const Stages stages(s.config);
        const smmu_config &c = s.config;

        s.enable();
        s.make_s1();
        std::map<std::string, sim_time> booked = s.log.stages_of(s.txn({.addr = 0x40001000, .op = 'W'}).id);
        EXPECT_EQ(booked["smmu config"], (c.accept_cycles + c.config_lookup_cycles) * c.period + 2 * stages.fetch());
        EXPECT_EQ(booked["smmu walk"], c.tlb_lookup_cycles * c.period + 4 * stages.fetch());
        EXPECT_EQ(booked["smmu"], c.forward_cycles * c.period);
        booked = s.log.stages_of(s.txn({.addr = 0x40002000}).id);
        EXPECT_EQ(booked.count("smmu config"), 0u);
        EXPECT_EQ(booked["smmu walk"], stages.tlb_hit() - c.forward_cycles * c.period + 4 * stages.fetch());
        booked = s.log.stages_of(s.txn({.addr = 0x40001000, .op = 'W'}).id);
        EXPECT_EQ(booked.count("smmu walk"), 0u);
    });
}

TEST(Latency, InClocksOfTheSmmu)
{
    System s(support::engines()[0], slow_clock);
    const Stages stages(s.config);

    s.enable();
    s.make_s1();
    s.txn({.addr = 0x40001000, .op = 'W'});
    const sim_time when = (sim_now(s.sim) / 2000000 + 4) * 2000000 + SIM_NS; /* arrives on an edge of 2 ns */
    const TxnResult r = s.txn({.addr = 0x40001000, .op = 'W', .when = when});
    EXPECT_EQ(s.log.stages_of(r.id).at("smmu"), stages.tlb_hit());
}

TEST(Latency, StartLevelFollowsTheInputSize)
{
    const struct {
        unsigned t0sz;
        unsigned start;
    } cases[] = {{16, 0}, {24, 0}, {25, 1}, {33, 1}, {34, 2}, {39, 2}};

    for (const auto &c : cases) {
        everywhere([&](System &s) {
            const Stages stages(s.config);

            s.enable();
            s.make_s1([&](Ste &, Cd &cd) { cd.t0sz = c.t0sz; });
            const uint64_t root = s.make_table();
            Cd cd;
            cd.t0sz = c.t0sz;
            cd.ttb0 = root;
            s.set_cd(s.cd_table, 0, cd);
            s.map(root, 0x1234000, 0x80001000, {}, 0x1000, c.start);
            expect_latency(s, s.txn({.addr = 0x1234560, .op = 'W'}), stages.cold(2, 4 - c.start));
        });
    }
}

TEST(Latency, TwoLevelTablesAddOneReadEach)
{
    everywhere([](System &s) {
        const Stages stages(s.config);
        const uint64_t leaf = s.allocate(64 << 8, 64 << 8);
        const uint64_t l1cd = s.allocate(8 << 10);
        const uint64_t cds = s.allocate(64 << 10);
        Ste ste;
        Cd cd;

        s.enable_two_level(8, 16);
        memory_write64(s.memory, s.stream_table + 8 * 0x12, leaf | 9);
        ste.s1fmt = 2;
        ste.s1cdmax = 16;
        ste.s1dss = 2;
        ste.s1contextptr = l1cd;
        s.put(leaf + 64 * 0x34, ste.words().data(), 8);
        memory_write64(s.memory, l1cd + 8 * 1, cds | 1);
        cd.ttb0 = s.make_table();
        s.set_cd(cds, 5, cd);
        s.map(cd.ttb0, 0x7000, 0x81000000);
        expect_latency(s, s.txn({.sid = 0x1234, .ssid = 1029, .addr = 0x7000, .op = 'W'}), stages.cold(4, 4));
        expect_latency(s, s.txn({.sid = 0x1234, .ssid = 1029, .addr = 0x7000, .op = 'W'}), stages.tlb_hit());
    });
}

TEST(Latency, BypassAndPassThrough)
{
    for (const System::Tweak &tweak : {System::Tweak{}, other_cycles}) {
        everywhere(tweak, [](System &s) {
            const Stages stages(s.config);
            Ste ste;

            expect_latency(s, s.txn({.addr = 0x80000000, .op = 'W'}), stages.pass());
            s.enable();
            ste.config = 4;
            s.set_ste(0x10, ste);
            expect_latency(s, s.txn({.addr = 0x80000000, .op = 'W'}), stages.config_hit() + stages.fetch());
            expect_latency(s, s.txn({.addr = 0x80000000, .op = 'W'}), stages.config_hit());
            expect_latency(s, s.txn({.addr = 0x1234, .op = 'W', .has_stream_id = false}), stages.pass());
        });
    }
}

TEST(Latency, ReadReturnsThroughTheResponseStage)
{
    for (const System::Tweak &tweak : {System::Tweak{}, other_cycles, no_cycles}) {
        everywhere(tweak, [](System &s) {
            s.enable();
            s.make_s1();
            s.txn({.addr = 0x40001000});
            const TxnResult r = s.txn({.addr = 0x40001008, .size = 8});
            EXPECT_EQ(r.value, posted_sink_pattern(0x80001008));
            EXPECT_EQ(r.answered - r.left, System::read_latency + System::period +
                                               s.config.response_cycles * s.config.period + System::period);
        });
    }
}

TEST(Latency, TerminatedReadIsAnsweredAfterLookupAndForward)
{
    everywhere(other_cycles, [](System &s) {
        const Stages stages(s.config);

        s.enable();
        s.make_s1();
        s.txn({.addr = 0x40002000});
        /* A silent abort of a configuration that hits. */
        Ste ste;
        ste.config = 0;
        s.set_ste(0x20, ste);
        s.txn({.sid = 0x20, .addr = 0});
        const TxnResult r = s.txn({.sid = 0x20, .addr = 0});
        EXPECT_EQ(r.outcome, Outcome::abort);
        EXPECT_EQ(r.answered - r.issued, System::period + stages.config_hit() + System::period);
    });
}

TEST(Latency, RegisterAccess)
{
    everywhere(other_cycles, [](System &s) {
        const uint32_t index = bus_driver_read(s.host, 0, System::register_base, 4);

        s.run();
        const bus_driver_result *r = bus_driver_get_result(s.host, index);
        EXPECT_EQ(r->answer_time - r->issue_time, 2 * System::period + 19 * s.config.period);
    });
}

/* Closed form Q23: k invalidations and a CMD_SYNC, one CMD_SYNC outstanding. */
TEST(Latency, CommandsTakeTheirTime)
{
    everywhere(
        [](smmu_config &c) {
            c.command_cycles = 9;
            c.scan_cycles = 2;
            c.register_cycles = 0;
            c.tlb_entries = 256;
            c.tlb_ways = 4;
        },
        [](System &s) {
            const Stages stages(s.config);
            const uint64_t sync[2] = {0x46, 0};
            const uint64_t all[2] = {0x30, 0};
            const uint64_t one[2] = {tlbi(0x12, 7), 0x1000};

            s.enable();
            const unsigned k = 3;
            for (unsigned i = 0; i < k; i++) {
                s.put(s.command_queue + 16 * i, i == 1 ? one : all, 2);
            }
            s.put(s.command_queue + 16 * k, sync, 2);
            /* One register write starts them; a stream of reads watches CMDQ_CONS. */
            const uint32_t write = bus_driver_write(s.host, 0, System::register_base + 0x98, k + 1, 4);
            std::vector<uint32_t> reads;
            for (unsigned i = 0; i < 400; i++) {
                reads.push_back(bus_driver_read(s.host, 0, System::register_base + 0x9c, 4));
            }
            s.run();
            const sim_time begin = bus_driver_get_result(s.host, write)->issue_time + System::period;
            const sim_time commands = (k + 1) * 9 * s.config.period + 2 * (64 + 64 + 6) * s.config.period;
            const sim_time fetch = s.config.issue_cycles * s.config.period + memory_time;
            for (uint32_t index : reads) {
                const bus_driver_result *r = bus_driver_get_result(s.host, index);
                /* The register is looked at before the command engine has its turn in that cycle. */
                const bool done = r->issue_time + System::period > begin + fetch + commands;

                EXPECT_EQ(r->value == k + 1, done) << r->issue_time - begin;
            }
        });
}

} // namespace

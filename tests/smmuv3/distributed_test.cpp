/*
 * An SMMU of several parts: TBUs with TLBs of their own, a TCU, and a link between them. What merges, what waits for
 * what, and how long each takes, to the cycle. Every structure and time is set here, so that sums can be read off.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

#include <algorithm>

using namespace smmu_test;

namespace
{

constexpr uint64_t cycle = System::period;
constexpr uint64_t to_tcu = 8;
constexpr uint64_t to_tbu = 12;
constexpr uint64_t tbu_lookup = 4;
constexpr uint64_t config_lookup = 3;
constexpr uint64_t tcu_lookup = 5;

/* A read of the walker's: issue, channel, memory, channel; and decode. */
constexpr uint64_t access = 1 + 1 + System::memory_latency / cycle + 1;
constexpr uint64_t descriptor_read = access + 1;

/* One TBU of a port with a TLB, and a TCU without TLB and walk caches. */
void parts(smmu_config &c)
{
    smmu_config_preset(&c, "default");
    c.accept_cycles = 1;
    c.forward_cycles = 1;
    c.register_cycles = 0;
    c.command_cycles = 2;
    c.scan_cycles = 1;
    c.issue_cycles = 1;
    c.decode_cycles = 1;
    c.config_decode_cycles = 1;
    c.walk_begin_cycles = 0;
    c.tbu_tlb = {64, 4, SMMU_POLICY_LRU, tbu_lookup};
    c.to_tcu_cycles = to_tcu;
    c.to_tbu_cycles = to_tbu;
    c.config_lookup_cycles = config_lookup;
    c.tlb_lookup_cycles = tcu_lookup;
    c.tlb_entries = 0;
    c.tlb_ways = 1;
    c.tbu_slots = 64;
}

/* The same with a TLB in the TCU, and none that could hold a working set in the TBU: it misses, the TCU hits. */
void large_tcu(smmu_config &c)
{
    parts(c);
    c.tbu_tlb = {1, 1, SMMU_POLICY_LRU, tbu_lookup};
    c.tlb_entries = 1024;
    c.tlb_ways = 4;
}

/** Cycles of a request that a TBU passes by itself, and of one that asks the TCU, whose caches all hit. */
constexpr uint64_t tbu_hit = 1 + tbu_lookup + 1;
constexpr uint64_t round_trip = to_tcu + config_lookup + tcu_lookup + to_tbu;

/** Streams 0x20 .. with 64 pages each: page p of stream i is at 0x80000000 + i * 16 MiB + p * 4 KiB. */
void make_streams(System &s, unsigned count)
{
    s.enable();
    for (unsigned i = 0; i < count; i++) {
        Ste ste;
        Cd cd;

        ste.s1contextptr = s.make_cd_table();
        cd.asid = 0x100 + i;
        cd.ttb0 = s.make_table();
        s.set_ste(0x20 + i, ste);
        s.set_cd(ste.s1contextptr, 0, cd);
        for (unsigned p = 0; p < 64; p++) {
            s.map(cd.ttb0, 0x1000 * p, 0x80000000 + 0x1000000 * i + 0x1000 * p);
        }
    }
}

sim_time soon(System &s)
{
    return sim_now(s.sim) + 10 * cycle;
}

uint64_t cycles(const TxnResult &r)
{
    EXPECT_EQ(r.outcome, Outcome::ok);
    return (r.left - r.issued) / cycle - 2;
}

/* ---- Merging ---- */

/* Of the misses of a TBU to one page one is asked for; the others look again when its answer is here. */
TEST(Merging, MissesOfATbuShareARequest)
{
    everywhere(parts, [](System &s) {
        std::vector<uint32_t> index;

        make_streams(s, 1);
        const sim_time when = soon(s);
        for (unsigned i = 0; i < 8; i++) {
            index.push_back(s.start({.sid = 0x20, .addr = 0x2000 + 8 * i, .op = 'W', .when = when}));
        }
        s.run();
        EXPECT_EQ(s.counter("tbu-misses"), 8u);
        EXPECT_EQ(s.counter("merged"), 7u);
        EXPECT_EQ(s.counter("config-misses"), 1u) << "the TCU sees one";
        EXPECT_EQ(s.counter("tlb-misses"), 1u);
        EXPECT_EQ(s.counter("tbu-tlb-hits"), 7u);
        const TxnResult first = s.result(0, index[0]);
        EXPECT_EQ(cycles(first), 1 + tbu_lookup + round_trip + 2 * (access + 1) + 4 * descriptor_read + 1);
        for (unsigned i = 1; i < 8; i++) {
            const TxnResult r = s.result(0, index[i]);

            EXPECT_EQ(r.pa, 0x80002000u + 8 * i);
            EXPECT_EQ(r.left - first.left, (tbu_lookup + i - 1) * cycle) << "a look more, then one a cycle";
        }
    });
}

/* Another page, another stream, another SubstreamID: nothing in common. */
TEST(Merging, OnlyTheSamePageOfTheSameStream)
{
    everywhere(parts, [](System &s) {
        make_streams(s, 2);
        s.txn({.sid = 0x20, .addr = 0x1000});
        s.txn({.sid = 0x21, .addr = 0x1000});
        const uint64_t walks = s.counter("walks");
        const sim_time when = soon(s);
        s.start({.sid = 0x20, .addr = 0x2000, .op = 'W', .when = when});
        s.start({.sid = 0x20, .addr = 0x3000, .op = 'W', .when = when});
        s.start({.sid = 0x21, .addr = 0x2000, .op = 'W', .when = when});
        s.run();
        EXPECT_EQ(s.counter("merged"), 0u);
        EXPECT_EQ(s.counter("walks") - walks, 3u);
    });
}

/* TBUs know nothing of each other: their misses meet in the TCU, and share its fetch and its walk. */
TEST(Merging, MissesOfSeveralTbusShareAWalk)
{
    const System::Tweak two = [](smmu_config &c) {
        parts(c);
        c.ports = c.tbus = 2;
    };

    everywhere(two, [](System &s) {
        make_streams(s, 1);
        const sim_time when = soon(s);
        const uint32_t a = s.start({.sid = 0x20, .addr = 0x2000, .op = 'W', .when = when});
        const uint32_t b = s.start({.sid = 0x20, .addr = 0x2008, .op = 'W', .port = 1, .when = when + 20 * cycle});
        s.run();
        EXPECT_EQ(s.counter("tbu-misses"), 2u);
        EXPECT_EQ(s.counter("merged"), 0u);
        EXPECT_EQ(s.counter("config-reads"), 2u);
        EXPECT_EQ(s.counter("walks"), 1u);
        EXPECT_EQ(s.result(0, a).pa, 0x80002000u);
        EXPECT_EQ(s.result(1, b).pa, 0x80002008u);
        EXPECT_EQ(s.result(0, a).left, s.result(1, b).left) << "each has a link of its own";
    });
}

/* Who follows a request that is refused asks for itself: what it needs may be another thing. */
TEST(Merging, FollowersOfARefusalAskForThemselves)
{
    everywhere(parts, [](System &s) {
        s.enable();
        s.make_s1();
        const sim_time when = soon(s);
        const uint32_t write = s.start({.addr = 0x40002000, .op = 'W', .when = when});
        const uint32_t read = s.start({.addr = 0x40002000, .when = when});
        s.run();
        EXPECT_EQ(s.result(0, write).outcome, Outcome::dropped);
        EXPECT_EQ(s.result(0, read).pa, 0x80002000u);
        EXPECT_EQ(s.counter("merged"), 1u);
        EXPECT_EQ(s.events().size(), 1u);
    });
}

/* ---- Several TBUs ---- */

/* Ports are dealt out in order, and a TBU's TLB is for its own ports. */
TEST(Tbus, EachHasItsOwnTlb)
{
    const System::Tweak three_ports = [](smmu_config &c) {
        parts(c);
        c.ports = 3;
        c.tbus = 2;
    };

    everywhere(three_ports, [](System &s) {
        make_streams(s, 1);
        s.txn({.sid = 0x20, .addr = 0x1000, .port = 1});
        EXPECT_EQ(cycles(s.txn({.sid = 0x20, .addr = 0x1000, .port = 2})), tbu_hit) << "same TBU";
        EXPECT_EQ(s.counter("tbu-misses"), 1u);
        EXPECT_EQ(cycles(s.txn({.sid = 0x20, .addr = 0x1000, .port = 0})),
                  1 + tbu_lookup + round_trip + 4 * descriptor_read + 1);
        EXPECT_EQ(s.counter("tbu-misses"), 2u);
        /* An invalidation reaches both. */
        s.command(tlbi(0x12, 0x100), 0x1000, true);
        EXPECT_EQ(s.counter("tbu-invalidations"), 2u);
        s.txn({.sid = 0x20, .addr = 0x1000, .port = 0});
        s.txn({.sid = 0x20, .addr = 0x1000, .port = 2});
        EXPECT_EQ(s.counter("tbu-misses"), 4u);
    });
}

/* ---- The link ---- */

/* Two ports bring two misses a cycle, all of which the TCU answers from its caches: their link carries one a cycle. */
TEST(Link, OneRequestACycle)
{
    for (uint32_t tbus : {1u, 2u}) {
        const System::Tweak two_ports = [&](smmu_config &c) {
            large_tcu(c);
            c.ports = 2;
            c.tbus = tbus;
            c.translation_slots = 1024;
        };

        everywhere(two_ports, [&](System &s) {
            std::vector<sim_time> left;

            make_streams(s, 2);
            for (unsigned i = 0; i < 40; i++) {
                s.txn({.sid = 0x20 + i % 2, .addr = 0x1000 * (i / 2), .op = 'W', .port = i % 2});
            }
            s.txn({.sid = 0x20, .addr = 0x3f000}); /* what the TBU's TLB holds */
            std::vector<uint32_t> index[2];
            const sim_time when = soon(s);
            for (unsigned i = 0; i < 40; i++) {
                index[i % 2].push_back(
                    s.start({.sid = 0x20 + i % 2, .addr = 0x1000 * (i / 2), .op = 'W', .port = i % 2, .when = when}));
            }
            s.run();
            for (uint32_t port = 0; port < 2; port++) {
                for (uint32_t i : index[port]) {
                    left.push_back(s.result(port, i).left);
                }
            }
            EXPECT_EQ(s.counter("walks"), 41u) << "before";
            std::sort(left.begin(), left.end());
            EXPECT_EQ((left[0] - when) / cycle, 2 + 1 + tbu_lookup + round_trip + 1);
            EXPECT_EQ((left[39] - left[0]) / cycle, tbus == 1 ? 39u : 19u);
        });
    }
}

/* Eight requests of two ports wait for one STE: their answers are known at once, and come back one a cycle. */
TEST(Link, OneAnswerACycle)
{
    for (uint32_t tbus : {1u, 2u}) {
        const System::Tweak two_ports = [&](smmu_config &c) {
            parts(c);
            c.ports = 2;
            c.tbus = tbus;
        };

        everywhere(two_ports, [&](System &s) {
            std::vector<sim_time> left;
            std::vector<uint32_t> index[2];
            Ste bypass;

            bypass.config = 4;
            s.enable();
            s.set_ste(0x30, bypass);
            const sim_time when = soon(s);
            for (unsigned i = 0; i < 8; i++) {
                index[i % 2].push_back(
                    s.start({.sid = 0x30, .addr = 0x1000 * i, .op = 'W', .port = i % 2, .when = when}));
            }
            s.run();
            for (uint32_t port = 0; port < 2; port++) {
                for (uint32_t i : index[port]) {
                    left.push_back(s.result(port, i).left);
                }
            }
            EXPECT_EQ(s.counter("config-reads"), 1u);
            std::sort(left.begin(), left.end());
            EXPECT_EQ((left[7] - left[0]) / cycle, tbus == 1 ? 7u : 3u);
        });
    }
}

/* ---- Credits ---- */

/* c translation slots of the TCU and a round trip of R: c requests every R. */
TEST(Credits, RateIsCreditsPerRoundTrip)
{
    for (uint32_t credits : {1u, 2u, 7u, 14u}) {
        const System::Tweak few = [&](smmu_config &c) {
            large_tcu(c);
            c.translation_slots = credits;
        };

        everywhere(few, [&](System &s) {
            std::vector<uint32_t> index;

            make_streams(s, 1);
            for (unsigned i = 0; i < 64; i++) {
                s.txn({.sid = 0x20, .addr = 0x1000 * i, .op = 'W'});
            }
            const sim_time when = soon(s);
            for (unsigned i = 0; i < 64; i++) {
                index.push_back(s.start({.sid = 0x20, .addr = 0x1000 * i, .op = 'W', .when = when}));
            }
            s.run();
            for (unsigned i = 0; i + credits < 64; i++) {
                EXPECT_EQ((s.result(0, index[i + credits]).left - s.result(0, index[i]).left) / cycle, round_trip) << i;
            }
            EXPECT_EQ(s.counter("credit-stalls"), 64 - credits);
        });
    }
}

/* Credits are of the TCU: TBUs share them, first come, first served. */
TEST(Credits, TbusShareThem)
{
    const System::Tweak one = [](smmu_config &c) {
        large_tcu(c);
        c.ports = c.tbus = 2;
        c.translation_slots = 1;
    };

    everywhere(one, [](System &s) {
        make_streams(s, 2);
        for (uint32_t port = 0; port < 2; port++) {
            for (unsigned i = 0; i < 5; i++) {
                s.txn({.sid = 0x20 + port, .addr = 0x1000 * i, .op = 'W', .port = port});
            }
        }
        std::vector<uint32_t> index[2];
        const sim_time when = soon(s);
        for (uint32_t port = 0; port < 2; port++) {
            for (unsigned i = 0; i < 4; i++) {
                index[port].push_back(
                    s.start({.sid = 0x20 + port, .addr = 0x1000 * i, .op = 'W', .port = port, .when = when}));
            }
        }
        s.run();
        for (unsigned i = 0; i < 4; i++) {
            const sim_time a = s.result(0, index[0][i]).left;
            const sim_time b = s.result(1, index[1][i]).left;

            EXPECT_EQ((b - a) / cycle, round_trip) << "they take turns";
            EXPECT_EQ((a - when) / cycle, 2 + 1 + tbu_lookup + (2 * i + 1) * round_trip + 1);
        }
    });
}

/* What waits for a credit is not asked for yet: who comes then waits too, and no hit does. */
TEST(Credits, HitsDoNotNeedThem)
{
    const System::Tweak one = [](smmu_config &c) {
        parts(c);
        c.order = SMMU_ORDER_STREAM;
        c.translation_slots = 1;
    };

    everywhere(one, [](System &s) {
        make_streams(s, 3);
        s.txn({.sid = 0x20});
        s.txn({.sid = 0x21});
        s.txn({.sid = 0x22});
        const sim_time when = soon(s);
        const uint32_t miss = s.start({.sid = 0x20, .addr = 0x3000, .op = 'W', .when = when});
        const uint32_t waits = s.start({.sid = 0x21, .addr = 0x3000, .op = 'W', .when = when});
        const uint32_t hit = s.start({.sid = 0x22, .op = 'W', .when = when});
        const uint32_t behind = s.start({.sid = 0x20, .op = 'W', .when = when});
        s.run();
        EXPECT_EQ(cycles(s.result(0, hit)), tbu_hit) << "hit under two misses";
        const uint64_t walk = round_trip + 4 * descriptor_read;
        EXPECT_EQ(cycles(s.result(0, miss)), 1 + tbu_lookup + walk + 1);
        EXPECT_EQ(s.result(0, behind).left, s.result(0, miss).left + cycle) << "a hit, but of the same stream";
        EXPECT_EQ((s.result(0, waits).left - s.result(0, miss).left) / cycle, walk);
        EXPECT_EQ(s.counter("credit-stalls"), 1u);
    });
}

/* ---- Invalidations and CMD_SYNC ---- */

constexpr uint64_t sync_none = 0x46;

/** Writes commands from a place in the queue on and starts them. @return the operation of the host that does */
uint32_t give(System &s, uint32_t prod, const std::vector<std::array<uint64_t, 2>> &commands)
{
    static const uint32_t mask = (2u << 8) - 1;

    for (size_t i = 0; i < commands.size(); i++) {
        const uint32_t slot = (prod + static_cast<uint32_t>(i)) & 0xff;

        s.put(s.command_queue + 16 * slot, commands[i].data(), 2);
    }
    return bus_driver_write(s.host, sim_now(s.sim), System::register_base + 0x98,
                            (prod + static_cast<uint32_t>(commands.size())) & mask, 4);
}

/* A TBU goes on to hit what a TLBI names until it has heard of it, and has looked through its sets. */
TEST(TbuInvalidation, TakesTheWayAndTheScan)
{
    everywhere(parts, [](System &s) {
        make_streams(s, 1);
        s.txn({.sid = 0x20, .addr = 0x1000});
        give(s, 0, {{UINT64_C(0x30), 0}});
        s.run_until([&] { return s.counter("commands") == 1; });
        const sim_time applied = sim_now(s.sim);
        const sim_time done = applied + (to_tbu + 64 / 4) * cycle;
        /* Edges at which the TBU looks: one cycle after the master has pushed it. */
        const uint32_t before = s.start({.sid = 0x20, .addr = 0x1000, .op = 'W', .when = done - 3 * cycle});
        const uint32_t after = s.start({.sid = 0x20, .addr = 0x1000, .op = 'W', .when = done});
        s.run();
        EXPECT_EQ(cycles(s.result(0, before)), tbu_hit);
        EXPECT_GT(cycles(s.result(0, after)), round_trip + 4 * descriptor_read);
        EXPECT_EQ(s.counter("tbu-invalidations"), 1u);
    });
}

/**
 * Closed form Q23 over the link: batches of k invalidations and a CMD_SYNC, one at a time: k / (k * t_inv + t_sync).
 * The slower of command engine and TBUs decides: what the other does is hidden behind it, but for the last one's.
 */
TEST(Sync, InvalidationRateOverTheLink)
{
    const struct {
        uint32_t command;
        uint32_t scan; /* of a set; a TBU has 16 */
        unsigned k;    /* k + 1 commands are whole lines of 64 bytes, or two a line */
        double inv;    /* cycles */
        double sync;
    } cases[] = {
        {2, 3, 1, 48, access + 2 + to_tbu + to_tcu},
        {2, 3, 3, 48, access + 2 + to_tbu + to_tcu},
        {2, 7, 7, 112, access + 2 + to_tbu + to_tcu},
        {2, 7, 19, 112, access + 2 + to_tbu + to_tcu}, /* more than can be on their way to a TBU */
        {90, 1, 1, 90, access + 90 + to_tbu + to_tcu},
        {90, 1, 3, 90, access + 90 + to_tbu + to_tcu},
        {40, 0, 7, 40 + access / 4.0, 40 + access / 4.0 + to_tbu + to_tcu},
    };

    for (const auto &c : cases) {
        const System::Tweak tweak = [&](smmu_config &config) {
            parts(config);
            config.ports = config.tbus = 2;
            config.command_cycles = c.command;
            config.scan_cycles = c.scan;
        };

        everywhere(tweak, [&](System &s) {
            constexpr unsigned batches = 4;
            sim_time busy = 0;

            make_streams(s, 1);
            for (unsigned batch = 1; batch <= batches; batch++) {
                std::vector<std::array<uint64_t, 2>> commands(c.k, {UINT64_C(0x30), 0});

                commands.push_back({sync_none, 0});
                const uint32_t doorbell = give(s, (batch - 1) * (c.k + 1), commands);
                s.run_until([&] { return s.counter("commands") == batch * (c.k + 1); });
                /* It is taken an edge after it was issued. */
                busy += sim_now(s.sim) - bus_driver_get_result(s.host, doorbell)->issue_time - cycle;
            }
            EXPECT_EQ(s.counter("tbu-invalidations"), 2u * batches * c.k);
            const double rate = batches * c.k / static_cast<double>(busy / cycle);
            EXPECT_DOUBLE_EQ(rate, c.k / (c.k * c.inv + c.sync));
        });
    }
}

/* A request that is older than a CMD_SYNC, in any TBU, must have left; younger ones need not. */
TEST(Sync, WaitsForEveryTbu)
{
    const System::Tweak two = [](smmu_config &c) {
        parts(c);
        c.ports = c.tbus = 2;
    };

    for (uint32_t slow : {0u, 1u}) {
        everywhere(two, [&](System &s) {
            make_streams(s, 2);
            const sim_time when = soon(s);
            const sim_time until = when + 3000 * cycle;
            posted_sink_set_stall(s.sinks[slow], when, until);
            /* More than the way out holds, so that some are still in the TBU when the stall ends. */
            uint32_t last = 0;
            for (unsigned i = 0; i < 100; i++) {
                last = s.start({.sid = 0x20, .addr = 0x1000 * (i % 4), .op = 'W', .port = slow, .when = when});
            }
            sim_run(s.sim, when + 1000 * cycle);
            give(s, 0, {{UINT64_C(0x30), 0}, {sync_none, 0}});
            sim_run(s.sim, until - cycle);
            EXPECT_EQ(s.counter("commands"), 1u) << "the invalidation, and not the CMD_SYNC";
            /* The other TBU goes on, and does not delay it. */
            const uint32_t young = s.start({.sid = 0x21, .addr = 0x5000, .op = 'W', .port = 1 - slow, .when = until});
            s.run_until([&] { return s.counter("commands") == 2; });
            const sim_time done = sim_now(s.sim);
            EXPECT_EQ(s.result(1 - slow, young).outcome, Outcome::pending);
            s.run();
            EXPECT_EQ(s.result(1 - slow, young).outcome, Outcome::ok);
            EXPECT_EQ(s.result(slow, last).outcome, Outcome::ok);
            EXPECT_GT(done + 64 * cycle, s.result(slow, last).left) << "all are in the way out, which holds 64";
        });
    }
}

/* A miss that waits for its credit, or is on its way, is in its TBU: CMD_SYNC waits for it. */
TEST(Sync, WaitsForMissesOnTheirWay)
{
    for (uint32_t credits : {1u, 64u}) {
        const System::Tweak few = [&](smmu_config &c) {
            parts(c);
            c.translation_slots = credits;
        };

        everywhere(few, [&](System &s) {
            make_streams(s, 1);
            s.txn({.sid = 0x20});
            std::vector<uint32_t> index;
            const sim_time when = soon(s);
            for (unsigned i = 1; i <= 3; i++) {
                index.push_back(s.start({.sid = 0x20, .addr = 0x1000 * i, .op = 'W', .when = when}));
            }
            s.run_until([&] { return s.counter("tbu-misses") == 4; });
            give(s, 0, {{sync_none, 0}});
            s.run_until([&] { return s.counter("commands") == 1; });
            const sim_time done = sim_now(s.sim);
            s.run();
            const sim_time left = s.result(0, index[2]).left;
            EXPECT_GE(done, left);
            EXPECT_LE(done, left + (to_tcu + 2) * cycle) << "and only for them";
        });
    }
}

/* ---- The TCU's caches ---- */

/** A nested stream 0x20, and 0x21 of another ASID, in one guest: pages of both are pages 0 .. of the same IPAs. */
struct Guest {
    explicit Guest(System &system) : s(system), root2(s.make_table())
    {
        s.enable();
        for (unsigned i = 0; i < 2; i++) {
            Ste ste;
            Cd cd;

            ste.config = 7;
            ste.s2t0sz = 25;
            ste.s2sl0 = 1;
            ste.s2ps = 5;
            ste.s2aa64 = 1;
            ste.s2r = 1;
            ste.s2vmid = 5;
            ste.s2ttb = root2;
            ste.s1contextptr = s.make_cd_table();
            cd.asid = 0x100 + i;
            cd.ttb0 = s.make_table();
            s.set_ste(0x20 + i, ste);
            s.set_cd(ste.s1contextptr, 0, cd);
            for (unsigned page = 0; page < 8; page++) {
                s.map(cd.ttb0, 0x1000 * page, 0x70000000 + 0x1000 * page);
            }
        }
        /* CDs and tables of stage 1 are where they are in IPAs too. */
        for (uint64_t page = System::memory_base; page < System::memory_base + 0x80000; page += 0x1000) {
            map2(page, page);
        }
        for (unsigned page = 0; page < 8; page++) {
            map2(0x70000000 + 0x1000 * page, 0x80000000 + 0x1000 * page);
        }
    }
    void map2(uint64_t ipa, uint64_t pa)
    {
        /* AF, inner shareable, readable and writable, write-back. */
        s.map_any(root2, 12, 39, 1, ipa, pa, 1 << 10 | 3 << 8 | 3 << 6 | 0xf << 2, 12);
    }
    /** Descriptors read for a request. */
    uint64_t reads(uint32_t sid, uint64_t page)
    {
        const uint64_t before = s.counter("walk-reads");
        const TxnResult r = s.txn({.sid = sid, .addr = page << 12, .op = 'W'});

        EXPECT_EQ(r.pa, 0x80000000 + (page << 12));
        took = cycles(r);
        return s.counter("walk-reads") - before;
    }

    System &s;
    uint64_t root2;
    uint64_t took = 0;
};

/* The IPA cache spares stage 2's walks, whoever made them first, and takes its time for each question. */
TEST(IpaCache, SparesStage2)
{
    constexpr uint64_t lookup = 6;

    for (uint32_t entries : {0u, 64u}) {
        const System::Tweak tweak = [&](smmu_config &c) {
            parts(c);
            c.ipa_cache = {entries, 4, SMMU_POLICY_LRU, lookup};
        };

        everywhere(tweak, [&](System &s) {
            Guest guest(s);
            const uint64_t around = 1 + tbu_lookup + round_trip + 1;
            const bool cached = entries > 0;

            /* CD: 3; tables: 4 * (3 + 1), page: 3. */
            EXPECT_EQ(guest.reads(0x20, 1), 22u);
            EXPECT_EQ(guest.took, around + 2 * (access + 1) + 22 * descriptor_read + (cached ? 6 * lookup : 0));
            EXPECT_EQ(guest.reads(0x20, 2), cached ? 4 + 3 : 19);
            EXPECT_EQ(guest.took, around + (cached ? 7 * descriptor_read + 5 * lookup : 19 * descriptor_read));
            /* The other stream's CD is in the same page as nothing before; its IPA 1 is known. */
            EXPECT_EQ(guest.reads(0x21, 1), cached ? 3 + 4 * (3 + 1) : 22);
            EXPECT_EQ(guest.reads(0x21, 2), cached ? 4 : 19);
            if (cached) {
                EXPECT_EQ(s.counter("ipa-cache-hits"), 4 + 1 + 4 + 1u);
                EXPECT_EQ(s.counter("ipa-cache-misses"), 6 + 1 + 1 + 4u);
            }
        });
    }
}

TEST(IpaCache, IsInvalidatedByWhatIsOfStage2)
{
    const System::Tweak tweak = [](smmu_config &c) {
        parts(c);
        c.ipa_cache = {64, 4, SMMU_POLICY_LRU, 1};
    };
    const struct {
        uint64_t word0;
        uint64_t word1;
        uint64_t reads;
        const char *name;
    } cases[] = {
        {tlbi(0x10, 0, 5), 0, 4, "NH_ALL: stage 1"},
        {tlbi(0x2a, 0, 5), 0x70001000, 4 + 3, "S2_IPA of the page"},
        {tlbi(0x2a, 0, 5), 0x70007000, 4, "S2_IPA of another page"},
        {tlbi(0x2a, 0, 6), 0x70001000, 4, "S2_IPA of another VMID"},
        {tlbi(0x28, 0, 5), 0, 19, "S12_VMALL"},
        {tlbi(0x28, 0, 6), 0, 4, "S12_VMALL of another VMID"},
        {UINT64_C(0x30), 0, 19, "NSNH_ALL"},
    };

    for (const auto &c : cases) {
        SCOPED_TRACE(c.name);
        everywhere(tweak, [&](System &s) {
            Guest guest(s);

            guest.reads(0x20, 1);
            s.command(c.word0, c.word1);
            /* S2_IPA does not reach translations of both stages: software drops those too. */
            s.command(tlbi(0x10, 0, 5), 0, true);
            EXPECT_EQ(guest.reads(0x20, 1), c.reads);
        });
    }
}

/* With walk_cache_nonfinal, stage 2's tables that lead to a stage 1 table or CD are looked up and kept as well. */
TEST(WalkCaches, NonfinalWalks)
{
    for (bool nonfinal : {false, true}) {
        const System::Tweak tweak = [&](smmu_config &c) {
            parts(c);
            c.walk_cache[1][2] = {16, 4, SMMU_POLICY_LRU, 2};
            c.walk_cache_nonfinal = nonfinal;
        };

        everywhere(tweak, [&](System &s) {
            Guest guest(s);

            /* All tables are in one 2 MiB of IPAs, the pages in another. */
            EXPECT_EQ(guest.reads(0x20, 1), nonfinal ? 3 + 4 * (1 + 1) + 3 : 22u);
            EXPECT_EQ(guest.reads(0x20, 2), nonfinal ? 4 * (1 + 1) + 1 : 4 * (3 + 1) + 1u);
            EXPECT_EQ(s.counter("walk-cache-s2l2-hits"), nonfinal ? 4 + 5 : 1u);
            EXPECT_EQ(s.counter("walk-cache-s2l2-misses"), nonfinal ? 2u : 1u);
        });
    }
}

} // namespace

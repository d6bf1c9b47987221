/*
 * Many requests at once: order, throughput, sharing of walks, finite slots, back-pressure, and the same results on
 * every engine whatever the load.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <map>
#include <random>

using namespace smmu_test;

namespace
{

constexpr sim_time memory_time = System::period + System::memory_latency + System::period;

/** Streams 0x20 .. with a table of 64 pages each: page p of stream i is at 0x80000000 + i * 16 MiB + p * 4 KiB. */
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

TEST(Order, ARunOfHitsLeavesOneACycle)
{
    everywhere([](System &s) {
        std::vector<uint32_t> index;

        make_streams(s, 1);
        s.txn({.sid = 0x20, .op = 'W'});
        const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
        for (unsigned i = 0; i < 50; i++) {
            index.push_back(s.start({.sid = 0x20, .addr = 4 * i, .op = 'W', .when = when}));
        }
        s.run();
        for (unsigned i = 1; i < 50; i++) {
            EXPECT_EQ(s.result(0, index[i]).left - s.result(0, index[i - 1]).left, s.config.period);
        }
        /* One evaluation for each, and no slot. */
        EXPECT_EQ(s.tlb_hits(), 50u);
    });
}

TEST(Order, PortOrderHoldsBehindAMiss)
{
    everywhere([](System &s) {
        make_streams(s, 2);
        s.txn({.sid = 0x20, .op = 'W'});
        s.txn({.sid = 0x21, .op = 'W'});
        const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
        const uint32_t miss = s.start({.sid = 0x20, .addr = 0x3000, .op = 'W', .when = when});
        const uint32_t hit = s.start({.sid = 0x21, .op = 'W', .when = when});
        const uint32_t same = s.start({.sid = 0x20, .op = 'R', .when = when});
        s.run();
        const sim_time left = s.result(0, miss).left;
        EXPECT_GT(left - s.result(0, miss).issued, (s.has_walk_caches() ? 1 : 4) * memory_time);
        EXPECT_EQ(s.result(0, hit).left, left + s.config.period);
        EXPECT_EQ(s.result(0, same).left, left + 2 * s.config.period);
    });
}

TEST(Order, StreamOrderLetsOtherStreamsPass)
{
    everywhere([](smmu_config &c) { c.order = SMMU_ORDER_STREAM; },
               [](System &s) {
                   make_streams(s, 2);
                   s.txn({.sid = 0x20, .op = 'W'});
                   s.txn({.sid = 0x21, .op = 'W'});
                   const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
                   const uint32_t miss = s.start({.sid = 0x20, .addr = 0x3000, .op = 'W', .when = when});
                   const uint32_t hit = s.start({.sid = 0x21, .op = 'W', .when = when});
                   const uint32_t same = s.start({.sid = 0x20, .op = 'W', .when = when});
                   const uint32_t unknown = s.start({.op = 'W', .has_stream_id = false, .when = when});
                   s.run();
                   const sim_time hit_latency = s.result(0, hit).left - s.result(0, hit).issued;
                   const smmu_config &c = s.config;
                   const uint64_t lookups =
                       s.distributed() ? c.micro_tlb.lookup_cycles : c.config_lookup_cycles + c.tlb_lookup_cycles;
                   EXPECT_EQ(hit_latency, (c.accept_cycles + lookups + c.forward_cycles + 2) * System::period)
                       << "hit under miss";
                   EXPECT_LT(s.result(0, unknown).left, s.result(0, miss).left);
                   EXPECT_EQ(s.result(0, same).left, s.result(0, miss).left + s.config.period);
               });
}

TEST(Order, MissesToOnePageShareAWalk)
{
    everywhere([](System &s) {
        std::vector<uint32_t> index;

        make_streams(s, 1);
        const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
        for (unsigned i = 0; i < 8; i++) {
            index.push_back(s.start({.sid = 0x20, .addr = 0x2000 + 8 * i, .op = 'W', .when = when}));
        }
        s.run();
        EXPECT_EQ(s.counter("config-reads"), 2u);
        EXPECT_EQ(s.counter("walks"), 1u);
        /* A TBU asks once for all of them. */
        EXPECT_EQ(s.counter("config-misses"), s.distributed() ? 1u : 8u);
        EXPECT_EQ(s.counter("tlb-misses"), s.distributed() ? 1u : 8u);
        for (unsigned i = 0; i < 8; i++) {
            EXPECT_EQ(s.result(0, index[i]).pa, 0x80002000u + 8 * i);
        }
    });
}

/* A block is found by those that wait for a walk slot, once another walk has filled it in. */
TEST(Order, WaitersLookAgain)
{
    /* In a distributed SMMU they wait in the TCU: it is its TLB that they look into. */
    everywhere(
        [](smmu_config &c) {
            c.walk_slots = 1;
            c.tlb_entries = 2048;
            c.tlb_ways = 4;
        },
        [](System &s) {
            s.enable();
            s.make_s1();
            s.txn({.addr = 0x40001000});
            const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
            for (unsigned i = 0; i < 5; i++) {
                s.start({.addr = 0x40200000 + 0x10000 * i, .op = 'W', .when = when});
            }
            s.run();
            EXPECT_EQ(s.counter("walks"), 2u) << "one for the page before, one for the block";
        });
}

/* Closed form Q22: all miss, n walk slots: one request every t_walk / n. */
TEST(Order, WalkerPoolRate)
{
    for (uint32_t slots : {1u, 2u, 4u}) {
        everywhere(
            [&](smmu_config &c) {
                c.walk_slots = slots;
                c.tlb_entries = 1;
                c.tlb_ways = 1;
                c.walk_begin_cycles = 0;
                for (unsigned level = 0; level < 3; level++) {
                    c.walk_cache[0][level].entries = 0;
                }
            },
            [&](System &s) {
                std::vector<uint32_t> index;

                make_streams(s, 1);
                s.txn({.sid = 0x20, .op = 'W'});
                const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
                for (unsigned i = 0; i < 60; i++) {
                    index.push_back(s.start({.sid = 0x20, .addr = 0x1000 * (i + 1), .op = 'W', .when = when}));
                }
                s.run();
                const sim_time walk = 4 * (2 * s.config.period + memory_time);
                const double interval =
                    static_cast<double>(s.result(0, index[58]).left - s.result(0, index[18]).left) / 40;
                EXPECT_NEAR(interval, static_cast<double>(walk) / slots, 0.02 * static_cast<double>(walk) / slots);
                EXPECT_EQ(s.counter("walks"), 61u);
            });
    }
}

TEST(Order, FewSlotsPushBack)
{
    everywhere(
        [](smmu_config &c) {
            c.translation_slots = 3;
            c.tbu_slots = 3;
            c.walk_slots = 2;
            c.config_slots = 1;
            c.ports = 3;
        },
        [](System &s) {
            std::vector<std::vector<uint32_t>> index(3);

            make_streams(s, 6);
            for (uint32_t port = 0; port < 3; port++) {
                for (unsigned i = 0; i < 40; i++) {
                    const uint32_t sid = 0x20 + 2 * port + i % 2;

                    index[port].push_back(
                        s.start({.sid = sid, .addr = 0x1000 * (i % 16) + 4 * i, .op = 'W', .port = port}));
                }
            }
            s.run();
            EXPECT_GT(s.counter("slot-stalls"), 0u);
            for (uint32_t port = 0; port < 3; port++) {
                sim_time last = 0;

                for (unsigned i = 0; i < 40; i++) {
                    const TxnResult r = s.result(port, index[port][i]);

                    EXPECT_EQ(r.pa, 0x80000000 + 0x1000000 * (2 * port + i % 2) + 0x1000 * (i % 16) + 4 * i);
                    EXPECT_GT(r.left, last);
                    last = r.left;
                }
            }
            /* Slots are handed out in turn: no port is more than a few requests behind another. */
            const sim_time a = s.result(0, index[0][39]).left;
            const sim_time b = s.result(2, index[2][39]).left;
            EXPECT_LT(a > b ? a - b : b - a, 8 * 6 * memory_time);
        });
}

/* A full output stops the port, and only it; nothing is lost, and the rest follows at once when it opens. */
TEST(Order, BackPressureFromDownstream)
{
    everywhere([](smmu_config &c) { c.ports = 2; },
               [](System &s) {
                   std::vector<uint32_t> index;

                   make_streams(s, 2);
                   s.txn({.sid = 0x20, .op = 'W'});
                   s.txn({.sid = 0x21, .op = 'W', .port = 1});
                   const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
                   const sim_time until = when + 3 * SIM_US;
                   posted_sink_set_stall(s.sinks[0], when, until);
                   for (unsigned i = 0; i < 200; i++) {
                       index.push_back(s.start({.sid = 0x20, .addr = 4 * i, .op = 'W', .when = when}));
                   }
                   const uint32_t other = s.start({.sid = 0x21, .addr = 0x10, .op = 'W', .port = 1, .when = when});
                   s.run();
                   EXPECT_LT(s.result(1, other).left, when + 20 * SIM_NS);
                   for (unsigned i = 0; i < 200; i++) {
                       EXPECT_EQ(s.result(0, index[i]).left, until + i * System::period);
                   }
               });
}

TEST(Order, FaultsKeepTheirPlace)
{
    everywhere([](System &s) {
        make_streams(s, 1);
        s.txn({.sid = 0x20, .op = 'W'});
        const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
        const uint32_t first = s.start({.sid = 0x20, .addr = 0x5000, .op = 'W', .when = when});
        const uint32_t bad = s.start({.sid = 0x20, .addr = 0x900000, .op = 'R', .when = when});
        const uint32_t dropped = s.start({.sid = 0x20, .addr = 0x900000, .op = 'W', .when = when});
        const uint32_t last = s.start({.sid = 0x20, .addr = 0x6000, .op = 'W', .when = when});
        s.run();
        EXPECT_EQ(s.result(0, bad).outcome, Outcome::abort);
        EXPECT_EQ(s.result(0, dropped).outcome, Outcome::dropped);
        EXPECT_LT(s.result(0, first).left, s.result(0, last).left);
        EXPECT_EQ(s.events().size(), 2u);
        EXPECT_EQ(s.counter("terminated"), 2u);
    });
}

/* Both caches replace the least recently used entry, and a hit is a use. */
TEST(Replacement, HitsKeepEntriesAlive)
{
    everywhere(
        [](smmu_config &c) {
            c.tlb_entries = 2;
            c.tlb_ways = 2;
            c.tlb_policy = SMMU_POLICY_LRU;
            c.config_cache_entries = 2;
            c.config_cache_ways = 2;
            c.config_cache_policy = SMMU_POLICY_LRU;
            if (c.to_tcu_cycles > 0) {
                /* All in one: a TBU's hits are no uses of what the TCU has. */
                c.micro_tlb.entries = 0;
                c.tbu_tlb = {2, 2, SMMU_POLICY_LRU, 1};
                c.tlb_entries = 0;
            }
        },
        [](System &s) {
            make_streams(s, 3);
            const auto walks = [&](uint32_t sid, uint64_t page) {
                const uint64_t before = s.counter("walks");

                EXPECT_EQ(s.txn({.sid = sid, .addr = page << 12, .op = 'W'}).outcome, Outcome::ok);
                return s.counter("walks") - before;
            };
            EXPECT_EQ(walks(0x20, 1), 1u);
            EXPECT_EQ(walks(0x20, 2), 1u);
            EXPECT_EQ(walks(0x20, 1), 0u);
            EXPECT_EQ(walks(0x20, 3), 1u) << "in place of page 2";
            EXPECT_EQ(walks(0x20, 1), 0u);
            EXPECT_EQ(walks(0x20, 2), 1u);
            const auto fetches = [&](uint32_t sid) {
                const uint64_t before = s.counter("config-reads");

                EXPECT_EQ(s.txn({.sid = sid, .addr = 0x1000, .op = 'W'}).outcome, Outcome::ok);
                return s.counter("config-reads") - before;
            };
            EXPECT_EQ(fetches(0x21), 2u);
            EXPECT_EQ(fetches(0x20), 0u);
            EXPECT_EQ(fetches(0x22), 2u) << "in place of stream 0x21";
            EXPECT_EQ(fetches(0x20), 0u);
            EXPECT_EQ(fetches(0x20), 0u) << "now by a hit of both caches";
            EXPECT_EQ(fetches(0x21), 2u) << "in place of stream 0x22";
            EXPECT_EQ(fetches(0x20), 0u);
        });
}

/* Read completions and the answers to terminated reads share the way upstream: one a cycle. */
TEST(Order, AnswersLeaveOneACycle)
{
    everywhere([](System &s) {
        std::map<sim_time, unsigned> ends;
        std::map<uint64_t, sim_time> last;

        make_streams(s, 1);
        s.txn({.sid = 0x20});
        Ste silent;
        silent.config = 0;
        s.set_ste(0x10, silent);
        s.txn({.sid = 0x10, .addr = 0});
        const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
        for (unsigned i = 0; i < 160; i++) {
            s.start({.sid = i % 2 != 0 ? 0x10u : 0x20u, .when = when});
        }
        s.run();
        for (const support::MarkLog::Mark &mark : s.log.marks()) {
            if (mark.stage == "smmu" && mark.begin >= when) {
                last[mark.packet] = std::max(last[mark.packet], mark.end);
            }
        }
        EXPECT_EQ(last.size(), 160u);
        for (const auto &item : last) {
            EXPECT_EQ(++ends[item.second], 1u);
        }
    });
}

/* Random load with tiny structures, faults, invalidations and back-pressure: every engine agrees on every mark. */
TEST(Soak, EveryEngineAgrees)
{
    for (enum smmu_order order : {SMMU_ORDER_PORT, SMMU_ORDER_STREAM}) {
        for (uint64_t seed = 1; seed <= 4; seed++) {
            everywhere(
                [&](smmu_config &c) {
                    c.order = order;
                    c.ports = 2;
                    c.tlb_entries = seed % 2 != 0 ? 8 : 6;
                    c.tlb_ways = 2;
                    c.config_cache_entries = 4;
                    c.config_cache_ways = seed % 2 != 0 ? 2 : 4;
                    c.translation_slots = 5;
                    c.walk_slots = 2;
                    c.config_slots = 2;
                    c.event_buffer = 1;
                    c.period = seed == 3 ? 769231 : SIM_NS;
                },
                [&](System &s) {
                    std::mt19937_64 random(seed);
                    std::map<std::pair<uint32_t, uint32_t>, uint64_t> expected;
                    sim_time when = 0;

                    make_streams(s, 5);
                    when = sim_now(s.sim) + 50 * SIM_NS;
                    posted_sink_set_stall(s.sinks[0], when + 2 * SIM_US, when + 3 * SIM_US);
                    for (unsigned i = 0; i < 300; i++) {
                        const uint32_t stream = static_cast<uint32_t>(random() % 6);
                        const uint32_t port = static_cast<uint32_t>(random() % 2);
                        const uint64_t page = random() % 70;
                        const char op = random() % 2 != 0 ? 'W' : 'R';

                        when += (random() % 4 == 0 ? random() % 100 : 0) * SIM_NS;
                        const uint32_t index = s.start({.sid = 0x20 + stream,
                                                        .addr = page << 12 | (random() % 1024) << 2,
                                                        .op = op,
                                                        .port = port,
                                                        .when = when});
                        if (stream < 5 && page < 64) {
                            expected[{port, index}] = 0x80000000 + 0x1000000 * stream + 0x1000 * page;
                        }
                    }
                    for (unsigned i = 0; i < 40; i++) {
                        const uint64_t words[4][2] = {{tlbi(0x12, 0x100 + i % 5), (random() % 64) << 12},
                                                      {0x30, 0},
                                                      {cfgi_ste(0x20 + i % 5), 1},
                                                      {0x46, 0}};
                        s.put(s.command_queue + 16 * i, words[random() % 4], 2);
                        bus_driver_write(s.host, when / 40 * (i + 1), System::register_base + 0x98, i + 1, 4);
                    }
                    s.run();
                    for (const auto &item : expected) {
                        const TxnResult r = s.result(item.first.first, item.first.second);

                        EXPECT_EQ(r.outcome, Outcome::ok);
                        EXPECT_EQ(r.pa >> 12, item.second >> 12);
                    }
                    EXPECT_EQ(s.counter("terminated"), 300 - expected.size());
                    EXPECT_EQ(s.counter("commands"), 40u);
                });
        }
    }
}

/*
 * Whatever software writes into tables, queues and registers, requests end, nothing is lost, and the engines agree.
 * Bits of valid structures are flipped, so that most of them get past the first checks.
 */
TEST(Soak, GarbageIsHarmless)
{
    for (uint64_t seed = 1; seed <= 25; seed++) {
        everywhere(
            [&](smmu_config &c) {
                c.stream_id_bits = 10;
                c.tlb_entries = 16;
                c.config_cache_entries = 8;
                c.translation_slots = 4;
                c.walk_slots = 2;
                c.order = seed % 2 != 0 ? SMMU_ORDER_PORT : SMMU_ORDER_STREAM;
            },
            [&](System &s) {
                static const uint32_t registers[] = {0x20, 0x20, 0x2c, 0x44,    0x50,    0x64, 0x88,
                                                     0x98, 0x98, 0x9c, 0x100a8, 0x100ac, 0x80, 0x90};
                static const uint64_t opcodes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11,
                                                   0x12, 0x12, 0x13, 0x30, 0x46, 0x46, 0xf0};
                std::mt19937_64 random(seed);
                sim_time when;

                if (seed % 3 == 0) {
                    s.enable_two_level(6, 10);
                    memory_write64(s.memory, s.stream_table, s.allocate(64 << 6, 64 << 6) | 7);
                    s.stream_table = memory_read64(s.memory, s.stream_table) & ~UINT64_C(0x3f);
                    s.make_s1([](Ste &ste, Cd &) { ste.s1cdmax = 3; });
                } else {
                    s.enable();
                    s.make_s1([](Ste &ste, Cd &) { ste.s1dss = 2; });
                }
                when = sim_now(s.sim) + 20 * SIM_NS;
                const uint64_t targets[] = {s.stream_table + 64 * 0x10,          s.cd_table,
                                            s.descriptor(s.root, 0x40001000, 0), s.descriptor(s.root, 0x40001000, 1),
                                            s.descriptor(s.root, 0x40001000, 2), s.descriptor(s.root, 0x40001000, 3)};
                uint32_t started = 0;
                for (unsigned round = 0; round < 12; round++) {
                    const uint64_t word = targets[random() % 6] + 8 * (random() % 2);

                    memory_write64(s.memory, word, memory_read64(s.memory, word) ^ UINT64_C(1) << (random() % 64));
                    for (unsigned i = 0; i < 256; i++) {
                        const uint64_t command[2] = {opcodes[random() % 15] | (random() & random()) << 12,
                                                     random() & random()};

                        s.put(s.command_queue + 16 * i, command, 2);
                    }
                    for (unsigned i = 0; i < 10; i++) {
                        const Txn txn = {.sid = random() % 4 == 0 ? static_cast<uint32_t>(random() % 2048) : 0x10,
                                         .ssid = random() % 4 == 0 ? static_cast<int64_t>(random() % 10) : -1,
                                         .addr = UINT64_C(0x40001000) + 0x1000 * (random() % 6),
                                         .op = "RWX"[random() % 3],
                                         .priv = random() % 2 != 0,
                                         .when = when};

                        s.start(txn);
                        started++;
                    }
                    if (round > 3) {
                        const uint32_t offset = registers[random() % 14];
                        const bool wide = offset == 0x80 || offset == 0x90;

                        bus_driver_write(s.host, when, System::register_base + offset,
                                         offset == 0x20 ? random() % 16 : random() & random(), wide ? 8 : 4);
                    } else {
                        bus_driver_write(s.host, when, System::register_base + 0x98, (round + 1) * 8, 4);
                    }
                    bus_driver_write(s.host, when, System::register_base + 0x64, round & 1, 4);
                    when = sim_now(s.sim) + random() % 2000 * SIM_NS;
                    sim_run(s.sim, when);
                    when += 20 * SIM_NS;
                }
                s.run();
                EXPECT_EQ(s.counter("requests"), started);
                EXPECT_EQ(bus_driver_issued(s.masters[0]), started);
            });
    }
}

/* After set-up the pool never grows, whatever is in flight. */
TEST(Soak, NothingIsAllocatedInARun)
{
    System s(support::engines()[0], [](smmu_config &c) {
        c.tlb_entries = 8;
        c.tlb_ways = 2;
    });

    make_streams(s, 5);
    const uint64_t before = sim_pool(s.sim)->total;
    std::mt19937_64 random(3);
    for (unsigned i = 0; i < 1000; i++) {
        s.start({.sid = 0x20 + static_cast<uint32_t>(random() % 6), .addr = (random() % 64) << 12, .op = 'W'});
    }
    s.run();
    EXPECT_EQ(sim_pool(s.sim)->total, before);
}

TEST(Configuration, ErrorsAreNamed)
{
    const struct {
        System::Tweak tweak;
        const char *word;
    } cases[] = {
        {[](smmu_config &c) { c.base = 0x1000; }, "base"},
        {[](smmu_config &c) { c.period = 0; }, "period"},
        {[](smmu_config &c) { c.ports = 0; }, "ports"},
        {[](smmu_config &c) { c.ports = 17; }, "ports"},
        {[](smmu_config &c) { c.stream_id_bits = 33; }, "stream_id_bits"},
        {[](smmu_config &c) { c.output_address_bits = 39; }, "output_address_bits"},
        {[](smmu_config &c) { c.tlb_entries = 10; }, "tlb_entries"},
        {[](smmu_config &c) { c.tlb_ways = 0; }, "tlb_entries"},
        {[](smmu_config &c) { c.config_cache_ways = 128; }, "config_cache_entries"},
        {[](smmu_config &c) { c.walk_slots = 257; }, "walk_slots"},
        {[](smmu_config &c) { c.translation_slots = 0; }, "translation_slots"},
        {[](smmu_config &c) { c.event_buffer = 0; }, "event_buffer"},
        {[](smmu_config &c) { c.ecmdq_pages = 1, c.msi = false; }, "ecmdq_pages needs msi"},
    };

    for (const auto &c : cases) {
        smmu_config config;

        smmu_config_defaults(&config);
        EXPECT_EQ(smmu_config_error(&config), nullptr);
        c.tweak(config);
        ASSERT_NE(smmu_config_error(&config), nullptr);
        EXPECT_NE(std::string(smmu_config_error(&config)).find(c.word), std::string::npos);
    }
}

} // namespace

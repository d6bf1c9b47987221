/* A root complex that lets TLPs pass each other: what the ordering table allows goes on while older ones wait. */
#include "tests/pcie/rig.h"

#include <gtest/gtest.h>

#include <tuple>

namespace
{

using namespace pcie_test;

constexpr sim_time LATE = 100 * SIM_US;

/* A raw device as EP0. Straight to EP2 goes one TLP of a class at a time, and its credit takes long to come back. */
Options blocked_peer(uint32_t passing, const support::Engine &engine = support::engines()[0])
{
    Options options;

    options.engine = engine;
    options.raw_ep0 = true;
    options.rc.peer_to_peer = true;
    options.rc.passing = passing;
    for (pcie_acs &acs : options.rp_acs) {
        acs = {};
    }
    options.links[1] = options.link;
    options.links[1].lower_credits.posted_headers = 1;
    options.links[1].lower_credits.non_posted_headers = 1;
    options.links[1].credit_latency = 2 * LATE;
    return options;
}

Tlp tlp_to(uint8_t type, uint64_t address, uint16_t tag, uint32_t flags = 0, uint16_t requester = RID[0])
{
    Tlp tlp;

    tlp.type = type;
    tlp.address = address;
    tlp.tag = tag;
    tlp.value = tag;
    tlp.flags = flags;
    tlp.requester = requester;
    return tlp;
}

/* What came out to memory within LATE, by address above MEMORY. */
std::vector<uint64_t> seen(const Rig &rig, sim_time start)
{
    std::vector<uint64_t> result;

    for (const BusRouter::Seen &one : rig.router->seen_from(FROM_DEVICES)) {
        if (one.time < start + LATE && one.address >= MEMORY && one.address < MEMORY + MEMORY_SIZE) {
            result.push_back(one.address - MEMORY);
        }
    }
    return result;
}

TEST(RootPassing, RelaxedWriteGoesPastOneThatWaitsForAPeer)
{
    for (uint32_t passing : {0u, 8u}) {
        Rig rig(blocked_peer(passing));
        const sim_time start = sim_now(rig.sim);

        rig.raw->send(tlp_to(SIM_PACKET_WRITE, BAR[2] + 0x10, 1));
        rig.raw->send(tlp_to(SIM_PACKET_WRITE, BAR[2] + 0x20, 2));
        rig.raw->send(tlp_to(SIM_PACKET_WRITE, MEMORY + 0x100, 3));
        rig.raw->send(tlp_to(SIM_PACKET_WRITE, MEMORY + 0x200, 4, SIM_FLAG_RELAXED));
        rig.raw->send(tlp_to(SIM_PACKET_WRITE, MEMORY + 0x300, 5, SIM_FLAG_ID_ORDER, RID[1]));
        sim_run(rig.sim, start + LATE);
        EXPECT_EQ(seen(rig, start), passing > 0 ? (std::vector<uint64_t>{0x200, 0x300}) : std::vector<uint64_t>{})
            << "the strict one waits for those before it";
        EXPECT_EQ(root_complex_get_counters(rig.rc)->passed, passing > 0 ? 2u : 0u);
        rig.drain();
        EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).size(), 3u);
        EXPECT_EQ(rig.live(), 0u);
    }
}

TEST(RootPassing, OnlySoManyAreLookedAt)
{
    Rig rig(blocked_peer(2));
    const sim_time start = sim_now(rig.sim);

    for (uint16_t i = 0; i < 4; i++) {
        rig.raw->send(tlp_to(SIM_PACKET_WRITE, BAR[2] + 8 * i, i));
    }
    rig.raw->send(tlp_to(SIM_PACKET_WRITE, MEMORY, 9, SIM_FLAG_RELAXED));
    sim_run(rig.sim, start + LATE);
    EXPECT_TRUE(seen(rig, start).empty()) << "three wait, it is the third behind the oldest";
}

TEST(RootPassing, ReadsPassReadsButNoWrites)
{
    Rig rig(blocked_peer(8));
    const sim_time start = sim_now(rig.sim);

    rig.raw->send(tlp_to(SIM_PACKET_READ, BAR[2] + 0x10, 1));
    rig.raw->send(tlp_to(SIM_PACKET_READ, BAR[2] + 0x20, 2));
    rig.raw->send(tlp_to(SIM_PACKET_READ, MEMORY + 0x100, 3));
    sim_run(rig.sim, start + LATE);
    EXPECT_EQ(seen(rig, start), std::vector<uint64_t>{0x100});

    Rig behind(blocked_peer(8));
    const sim_time begin = sim_now(behind.sim);
    behind.raw->send(tlp_to(SIM_PACKET_WRITE, BAR[2] + 0x10, 1));
    behind.raw->send(tlp_to(SIM_PACKET_WRITE, BAR[2] + 0x20, 2));
    behind.raw->send(tlp_to(SIM_PACKET_READ, MEMORY + 0x100, 3));
    sim_run(behind.sim, begin + LATE);
    EXPECT_TRUE(seen(behind, begin).empty()) << "it would read what the write is to change";
}

/** An answer for a root port that is free goes past those for one whose link takes nothing. */
TEST(RootPassing, AnswersGoPastThoseForABusyPort)
{
    for (uint32_t passing : {0u, 8u}) {
        Options options;

        options.raw_ep0 = true;
        options.rc.passing = passing;
        options.links[0] = options.link;
        options.links[0].lower_credits.completion_headers = 1;
        options.links[0].credit_latency = 2 * LATE;
        Rig rig(options);
        const sim_time start = sim_now(rig.sim);
        endpoint_job job = {};

        for (uint16_t i = 0; i < 4; i++) {
            rig.raw->send(tlp_to(SIM_PACKET_READ, MEMORY + 8 * i, i));
        }
        job.kind = ENDPOINT_DMA_READ;
        job.address = MEMORY + 0x1000;
        job.bytes = 64;
        job.when = start + SIM_US;
        ASSERT_TRUE(endpoint_request(rig.ep[2], &job));
        sim_run(rig.sim, start + LATE);
        EXPECT_EQ(endpoint_get_counters(rig.ep[2])->reads_done, passing > 0 ? 1u : 0u);
        rig.drain();
        EXPECT_EQ(endpoint_get_counters(rig.ep[2])->reads_done, 1u);
        EXPECT_EQ(rig.raw->got_of(SIM_PACKET_COMPLETION).size(), 4u);
        EXPECT_EQ(rig.live(), 0u);
    }
}

/** The same on every engine, with all sorts mixed. Checkers watch the links. */
TEST(RootPassing, SameOnEveryEngine)
{
    std::vector<std::tuple<sim_time, uint64_t>> reference;

    for (const auto &engine : support::engines()) {
        Options options = blocked_peer(8, engine);
        options.links[1].credit_latency = 700 * SIM_NS;
        Rig rig(options);
        std::vector<std::tuple<sim_time, uint64_t>> got;

        for (uint16_t i = 0; i < 120; i++) {
            const uint64_t address = i % 3 == 0 ? BAR[2] + 8 * i : MEMORY + 64 * i;
            const uint32_t flags = i % 5 == 0 ? SIM_FLAG_RELAXED : i % 7 == 0 ? SIM_FLAG_ID_ORDER : 0;

            rig.raw->send(tlp_to(i % 4 == 1 ? SIM_PACKET_READ : SIM_PACKET_WRITE, address, i, flags, RID[i % 2]));
        }
        rig.drain();
        for (const BusRouter::Seen &one : rig.router->seen_from(FROM_DEVICES)) {
            got.emplace_back(one.time, one.address);
        }
        if (reference.empty()) {
            reference = got;
            EXPECT_GT(root_complex_get_counters(rig.rc)->passed, 5u);
        }
        EXPECT_EQ(got, reference) << engine.name;
        EXPECT_EQ(rig.live(), 0u);
    }
}

} // namespace

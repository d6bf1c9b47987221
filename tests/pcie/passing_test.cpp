/* The ordering table: what may pass what, by attributes; that a switch makes use of it; that the checker knows it. */
#include "models/pcie/checker.h"
#include "tests/pcie/switch_rig.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

constexpr sim_time LATE = 100 * SIM_US;

sim_packet packet_of(uint8_t type, uint32_t flags = 0, uint16_t requester = 0x100, uint16_t tag = 0)
{
    sim_packet packet = {};

    packet.type = type;
    packet.flags = flags;
    packet.requester = requester;
    packet.tag = tag;
    return packet;
}

/* ---- The table (2.4.1), rows pass columns ---- */

TEST(OrderingTable, WithoutAttributes)
{
    const sim_packet posted = packet_of(SIM_PACKET_WRITE);
    const sim_packet read = packet_of(SIM_PACKET_READ);
    const sim_packet completion = packet_of(SIM_PACKET_COMPLETION, 0, 0x100, 1);
    const sim_packet other = packet_of(SIM_PACKET_COMPLETION, 0, 0x100, 2);

    EXPECT_FALSE(pcie_tlp_may_pass(&posted, &posted));
    EXPECT_TRUE(pcie_tlp_may_pass(&posted, &read));
    EXPECT_TRUE(pcie_tlp_may_pass(&posted, &completion));
    EXPECT_FALSE(pcie_tlp_may_pass(&read, &posted));
    EXPECT_TRUE(pcie_tlp_may_pass(&read, &read));
    EXPECT_TRUE(pcie_tlp_may_pass(&read, &completion));
    EXPECT_FALSE(pcie_tlp_may_pass(&completion, &posted));
    EXPECT_TRUE(pcie_tlp_may_pass(&completion, &read));
    EXPECT_FALSE(pcie_tlp_may_pass(&completion, &completion)) << "of one request";
    EXPECT_TRUE(pcie_tlp_may_pass(&completion, &other));
}

/** What counts are the attributes of the one that passes, not of the one that is passed. */
TEST(OrderingTable, RelaxedOrderingIsOfTheOneThatPasses)
{
    const sim_packet strict = packet_of(SIM_PACKET_WRITE);
    const sim_packet relaxed = packet_of(SIM_PACKET_WRITE, SIM_FLAG_RELAXED);
    const sim_packet read = packet_of(SIM_PACKET_READ, SIM_FLAG_RELAXED);
    const sim_packet completion = packet_of(SIM_PACKET_COMPLETION, SIM_FLAG_RELAXED);

    EXPECT_TRUE(pcie_tlp_may_pass(&relaxed, &strict));
    EXPECT_FALSE(pcie_tlp_may_pass(&strict, &relaxed)) << "an MSI does not overtake relaxed data";
    EXPECT_FALSE(pcie_tlp_may_pass(&read, &strict)) << "of a read it is for the completions";
    EXPECT_TRUE(pcie_tlp_may_pass(&completion, &strict));
}

TEST(OrderingTable, IdOrderingLooksAtRequesterAndPasid)
{
    sim_packet own = packet_of(SIM_PACKET_WRITE, SIM_FLAG_ID_ORDER | SIM_FLAG_PASID, 0x100);
    sim_packet same = packet_of(SIM_PACKET_WRITE, SIM_FLAG_PASID, 0x100);
    const sim_packet other = packet_of(SIM_PACKET_WRITE, 0, 0x108);
    const sim_packet plain = packet_of(SIM_PACKET_WRITE, 0, 0x100);
    const sim_packet read = packet_of(SIM_PACKET_READ, SIM_FLAG_ID_ORDER, 0x100);

    own.pasid = 5;
    same.pasid = 5;
    EXPECT_TRUE(pcie_tlp_may_pass(&own, &other));
    EXPECT_FALSE(pcie_tlp_may_pass(&own, &same));
    EXPECT_FALSE(pcie_tlp_may_pass(&own, &plain)) << "one of the two has no PASID";
    same.pasid = 6;
    EXPECT_TRUE(pcie_tlp_may_pass(&own, &same));
    EXPECT_TRUE(pcie_tlp_may_pass(&read, &other));
    EXPECT_FALSE(pcie_tlp_may_pass(&read, &plain));
    EXPECT_FALSE(pcie_tlp_may_pass(&other, &own)) << "IDO is of the one that passes";
}

/* ---- A switch ---- */

Tlp write_to(uint64_t address, uint16_t requester, uint64_t value, uint32_t flags = 0)
{
    Tlp tlp;

    tlp.address = address;
    tlp.requester = requester;
    tlp.value = value;
    tlp.flags = SIM_FLAG_TRACKED | flags;
    return tlp;
}

/** The way to port 1 is blocked for posted requests after one; what goes up has room. */
SwitchOptions blocked_peer(uint32_t passing)
{
    SwitchOptions options;

    options.config.passing = passing;
    options.downlink.lower_credits.posted_headers = 1;
    return options;
}

std::vector<uint64_t> values(const RawDevice &device, sim_time before)
{
    std::vector<uint64_t> result;

    for (const auto &got : device.got) {
        if (got.time < before) {
            result.push_back(got.tlp.value);
        }
    }
    return result;
}

/** Two writes for a peer, of which the second is stuck; then four for the root. @return those that arrive in time */
std::vector<uint64_t> writes_past_a_blocked_one(const SwitchOptions &options, uint32_t flags, uint16_t requester,
                                                uint64_t *passed = nullptr)
{
    SwitchRig rig(options);
    pcie_checker_config config = {};

    config.link = rig.downlinks[0];
    config.upper_credits = options.downlink.upper_credits;
    config.lower_credits = options.downlink.lower_credits;
    pcie_checker *checker = pcie_checker_create(rig.sim, "checker", &config);
    rig.down[1]->closed_until[PCIE_POSTED] = LATE;
    rig.down[0]->send(write_to(rig.window(1), rig.rid_below(0), 1));
    rig.down[0]->send(write_to(rig.window(1), rig.rid_below(0), 2));
    for (uint64_t i = 0; i < 4; i++) {
        rig.down[0]->send(write_to(0x1000 + 4 * i, requester, 10 + i, i % 2 == 0 ? flags : 0));
    }
    rig.run();
    EXPECT_EQ(rig.up->got.size(), 4u);
    EXPECT_EQ(rig.down[1]->got.size(), 2u);
    EXPECT_EQ(rig.down[1]->got.at(1).tlp.value, 2u);
    EXPECT_EQ(pcie_checker_total(checker), 0u) << pcie_checker_first(checker);
    if (passed != nullptr) {
        *passed = pcie_switch_get_counters(rig.sw)->passed;
    }
    return values(*rig.up, LATE);
}

TEST(Passing, ASwitchWithoutItHoldsAllBack)
{
    for (const auto &engine : support::engines()) {
        SwitchOptions options = blocked_peer(0);

        options.engine = engine;
        EXPECT_TRUE(writes_past_a_blocked_one(options, SIM_FLAG_RELAXED, 0x300).empty()) << engine.name;
    }
}

TEST(Passing, RelaxedWritesGoPastABlockedOne)
{
    for (const auto &engine : support::engines()) {
        SwitchOptions options = blocked_peer(16);
        uint64_t passed = 0;

        options.engine = engine;
        EXPECT_EQ(writes_past_a_blocked_one(options, SIM_FLAG_RELAXED, 0x300, &passed), (std::vector<uint64_t>{10, 12}))
            << engine.name;
        EXPECT_EQ(passed, 2u);
    }
}

/** Rid 0x0301 is another function below the same port. */
TEST(Passing, IdOrderedWritesGoPastThoseOfOthersOnly)
{
    const SwitchOptions options = blocked_peer(16);

    EXPECT_EQ(writes_past_a_blocked_one(options, SIM_FLAG_ID_ORDER, 0x301), (std::vector<uint64_t>{10}))
        << "12 may not pass 11, which has its ID";
    EXPECT_TRUE(writes_past_a_blocked_one(options, SIM_FLAG_ID_ORDER, 0x300).empty());
}

/** It looks so far and no further. */
TEST(Passing, TheWindowIsALimit)
{
    EXPECT_EQ(writes_past_a_blocked_one(blocked_peer(1), SIM_FLAG_RELAXED, 0x300), (std::vector<uint64_t>{10}));
}

/** Non-posted requests may always pass each other; here without any attribute. */
TEST(Passing, ReadsGoPastABlockedRead)
{
    SwitchOptions options;

    options.config.passing = 8;
    options.downlink.lower_credits.non_posted_headers = 1;
    SwitchRig rig(options);
    rig.down[1]->closed_until[PCIE_NON_POSTED] = LATE;
    for (uint16_t tag = 0; tag < 3; tag++) {
        Tlp read = write_to(tag < 2 ? rig.window(1) : 0x1000, rig.rid_below(0), 0);

        read.type = SIM_PACKET_READ;
        read.tag = tag;
        rig.down[0]->send(read);
    }
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 1u);
    EXPECT_LT(rig.up->got[0].time, LATE);
    EXPECT_EQ(rig.up->got[0].tlp.tag, 2u);
}

/** Completions of other requests pass; those of one request stay in order. */
TEST(Passing, CompletionsGoPastThoseOfOtherRequests)
{
    SwitchOptions options;

    options.config.passing = 8;
    options.downlink.lower_credits.completion_headers = 1;
    SwitchRig rig(options);
    rig.down[1]->closed_until[PCIE_COMPLETION] = LATE;
    for (uint16_t i = 0; i < 4; i++) {
        Tlp completion;

        completion.type = SIM_PACKET_COMPLETION;
        completion.target = i < 2 ? rig.rid_below(1) : 0x0000;
        completion.requester = rig.rid_below(0);
        completion.tag = i < 2 ? i : 7;
        completion.length = 64;
        completion.arg = i == 2 ? 128 : 64;
        completion.value = i;
        rig.down[0]->send(completion);
    }
    rig.run();
    EXPECT_EQ(values(*rig.up, LATE), (std::vector<uint64_t>{2, 3}));
    EXPECT_EQ(rig.down[1]->got.size(), 2u);
}

/* ---- The checker ---- */

/** A receiver that takes a relaxed write first is right, one that takes a strict one is wrong. */
TEST(Passing, TheCheckerJudgesByTheTable)
{
    for (const bool relaxed : {true, false}) {
        struct sim *sim = support::create(support::engines()[0]);
        RawDevice upper(sim, "upper", SIM_NS);
        RawDevice lower(sim, "lower", SIM_NS);
        pcie_link_config link_config = {};
        pcie_checker_config config = {};

        pcie_link_config_init(&link_config);
        pcie_link *link = pcie_link_create(sim, "link", &link_config, upper.end(), lower.end());
        upper.bind(&link->upper);
        lower.bind(&link->lower);
        config.link = link;
        config.upper_credits = link_config.upper_credits;
        config.lower_credits = link_config.lower_credits;
        pcie_checker *checker = pcie_checker_create(sim, "checker", &config);
        upper.closed_until[PCIE_POSTED] = LATE;
        lower.send(write_to(0x1000, 0x100, 1));
        lower.send(write_to(0x2000, 0x100, 2, relaxed ? SIM_FLAG_RELAXED : 0));
        sim_run(sim, LATE / 2);
        sim_channel_advance(link->upper.queues[PCIE_POSTED].receive, 1, sim_now(sim));
        sim_run(sim, 2 * LATE);
        ASSERT_EQ(upper.got.size(), 2u);
        EXPECT_EQ(upper.got[0].tlp.value, 2u);
        EXPECT_EQ(pcie_checker_count(checker, PCIE_RULE_ORDER), relaxed ? 0u : 1u);
        sim_destroy(sim);
    }
}

} // namespace

/* The protocol checker: silent where rules are kept, and every rule, broken on purpose, is noticed. */
#include "models/pcie/checker.h"
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

/** Two raw devices, which do as they are told, and a checker that counts. */
struct Watched {
    struct sim *sim;
    RawDevice upper;
    RawDevice lower;
    pcie_link *link;
    pcie_checker *checker;

    explicit Watched(uint32_t posted_headers = 64, uint32_t posted_data = 1024, bool fatal = false)
        : sim(support::create(support::engines()[0])), upper(sim, "upper", SIM_NS), lower(sim, "lower", SIM_NS)
    {
        pcie_link_config config = link_of(16000, 4);
        pcie_checker_config watch = {};

        link = pcie_link_create(sim, "link", &config, upper.end(), lower.end());
        watch.link = link;
        watch.upper_credits = config.upper_credits;
        watch.lower_credits = config.lower_credits;
        /* What the checker is told that the lower end advertised, which need not be what the link keeps to. */
        watch.lower_credits.posted_headers = posted_headers;
        watch.lower_credits.posted_data = posted_data;
        watch.tags = true;
        watch.fatal = fatal;
        checker = pcie_checker_create(sim, "checker", &watch);
        upper.bind(&link->upper);
        lower.bind(&link->lower);
    }
    ~Watched()
    {
        sim_destroy(sim);
    }
    Watched(const Watched &) = delete;
    Watched &operator=(const Watched &) = delete;
    void run()
    {
        sim_run(sim, SIM_TIME_NEVER - 1);
    }
    uint64_t broken(pcie_rule rule) const
    {
        return pcie_checker_count(checker, rule);
    }
};

Tlp tlp_of(uint8_t type, uint64_t address, uint32_t length, uint16_t tag = 0)
{
    Tlp tlp;

    tlp.type = type;
    tlp.address = address;
    tlp.length = length;
    tlp.requester = 0x300;
    tlp.tag = tag;
    return tlp;
}

Tlp completion(uint64_t address, uint32_t length, uint32_t byte_count, uint16_t tag)
{
    Tlp tlp = tlp_of(SIM_PACKET_COMPLETION, address, length, tag);

    tlp.requester = 0;
    tlp.target = 0x300;
    tlp.arg = byte_count;
    tlp.first_be = 0;
    return tlp;
}

TEST(Checker, SaysNothingWhereRulesAreKept)
{
    Watched rig;

    for (uint16_t i = 0; i < 100; i++) {
        rig.lower.send(tlp_of(SIM_PACKET_WRITE, 0x1000, 64));
        rig.lower.send(tlp_of(SIM_PACKET_READ, 0x2000, 128, i));
    }
    rig.run();
    for (uint16_t i = 0; i < 100; i++) {
        rig.upper.send(completion(0x2000, 64, 128, i));
        rig.upper.send(completion(0x2040, 64, 64, i));
    }
    rig.run();
    EXPECT_EQ(pcie_checker_total(rig.checker), 0u) << pcie_checker_first(rig.checker);
    EXPECT_EQ(pcie_checker_seen(rig.checker), 400u);
    EXPECT_STREQ(pcie_checker_first(rig.checker), "");
}

TEST(Checker, MoreThanTheReceiverAdvertised)
{
    Watched headers(4, 1024);
    Watched data(64, 16);

    for (Watched *rig : {&headers, &data}) {
        rig->lower.closed_until[PCIE_POSTED] = SIM_US;
        for (int i = 0; i < 5; i++) {
            rig->upper.send(tlp_of(SIM_PACKET_WRITE, 0x1000, 64));
        }
        rig->run();
        EXPECT_EQ(rig->broken(PCIE_RULE_CREDITS), 1u);
        EXPECT_EQ(pcie_checker_total(rig->checker), 1u);
    }
    EXPECT_STREQ(pcie_checker_first(headers.checker), "checker down: more headers than the receiver advertised");
    EXPECT_STREQ(pcie_checker_first(data.checker), "checker down: more data than the receiver advertised");
}

/** A receiver that leaves posted requests in its buffer may not take what came behind them, with two exceptions. */
TEST(Checker, WhatMayNotPassPostedRequests)
{
    const struct {
        uint8_t type;
        uint32_t flags;
        uint16_t requester;
        uint64_t broken;
    } rows[] = {
        {SIM_PACKET_READ, 0, 0x300, 1},
        {SIM_PACKET_READ, SIM_FLAG_RELAXED, 0x300, 1},
        {SIM_PACKET_READ, SIM_FLAG_ID_ORDER, 0x300, 1},
        {SIM_PACKET_READ, SIM_FLAG_ID_ORDER, 0x400, 0},
        {SIM_PACKET_COMPLETION, 0, 0x400, 1},
        {SIM_PACKET_COMPLETION, SIM_FLAG_RELAXED, 0x400, 0},
        {SIM_PACKET_COMPLETION, SIM_FLAG_ID_ORDER, 0x400, 0},
        {SIM_PACKET_COMPLETION, SIM_FLAG_ID_ORDER, 0x300, 1},
    };

    for (const auto &row : rows) {
        Watched rig;
        Tlp late = tlp_of(row.type, 0x2000, 4, 1);

        late.flags |= row.flags;
        late.requester = row.requester;
        if (row.type == SIM_PACKET_COMPLETION) {
            rig.upper.send(tlp_of(SIM_PACKET_READ, 0x2000, 4, 1));
            rig.run();
            late.target = 0x300;
            late.arg = 4;
        }
        rig.upper.closed_until[PCIE_POSTED] = SIM_MS;
        rig.lower.send(tlp_of(SIM_PACKET_WRITE, 0x1000, 4));
        rig.lower.send(late);
        rig.run();
        EXPECT_EQ(rig.broken(PCIE_RULE_ORDER), row.broken) << int(row.type) << " flags " << row.flags;
        EXPECT_EQ(pcie_checker_total(rig.checker), row.broken) << pcie_checker_first(rig.checker);
    }
}

TEST(Checker, SizesAndForms)
{
    struct Row {
        pcie_rule rule;
        Tlp tlp;
    };
    std::vector<Row> rows;
    auto add = [&rows](pcie_rule rule, Tlp tlp) -> Tlp & {
        rows.push_back({rule, tlp});
        return rows.back().tlp;
    };

    add(PCIE_RULE_PAYLOAD, tlp_of(SIM_PACKET_WRITE, 0x1fc0, 128));
    add(PCIE_RULE_PAYLOAD, tlp_of(SIM_PACKET_READ, 0x1fc0, 128, 1));
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_WRITE, 0x1002, 4));
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_WRITE, 0x1000, 4)).last_be = 0xf;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_WRITE, 0x1000, 8)).first_be = 0;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_WRITE, 0x1000, 4)).at = SIM_AT_RESERVED;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_WRITE, 0x1000, 16)).first_be = 0x5;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_WRITE, 0x1000, 16)).last_be = 0xe;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_WRITE, 0x1000, 4)).flags |= SIM_FLAG_LENGTH_BAD;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_READ, 0x1000, 4, 4)).flags |= SIM_FLAG_POISONED;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_CONFIG_READ, 0x10, 4, 5)).flags |= SIM_FLAG_RELAXED;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_CONFIG_READ, 0x10, 4, 6)).at = SIM_AT_TRANSLATED;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_CONFIG_READ, 0x10, 4, 7)).traffic_class = 1;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_CONFIG_READ, 0x10, 8, 2)).target = 0x100;
    add(PCIE_RULE_FORMAT, tlp_of(SIM_PACKET_CONFIG_READ, 0x10, 4, 3)).flags |= SIM_FLAG_PASID;
    for (const Row &row : rows) {
        Watched rig;

        rig.upper.send(row.tlp);
        rig.run();
        EXPECT_EQ(rig.broken(row.rule), 1u) << &row - rows.data();
        EXPECT_GE(pcie_checker_total(rig.checker), 1u);
    }
}

/** Max_Payload_Size and Max_Read_Request_Size are what software has set in the sender's configuration space. */
TEST(Checker, SizesThatSoftwareSets)
{
    Pair pair;
    unsigned express = endpoint_config_space(pair.ep, 0)->express;
    pcie_config_space space = {};
    Watched rig;

    pcie_config_init(&space, rig.sim);
    pair.config_write(0, express + PCIE_EXP_DEVICE_CONTROL, 0x0020, 2);
    EXPECT_EQ(pcie_config_max_payload(endpoint_config_space(pair.ep, 0)), 256u);
    pcie_checker_config watch = {};
    watch.link = rig.link;
    watch.upper_credits = link_of(16000, 4).upper_credits;
    watch.lower_credits = watch.upper_credits;
    watch.lower = endpoint_config_space(pair.ep, 0);
    watch.tags = true;
    pcie_checker *checker = pcie_checker_create(rig.sim, "second", &watch);
    rig.lower.send(tlp_of(SIM_PACKET_WRITE, 0x1000, 256));
    rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 128, 1));
    rig.upper.send(tlp_of(SIM_PACKET_WRITE, 0x1000, 512)); /* nothing is known about the upper end */
    rig.run();
    EXPECT_EQ(pcie_checker_total(checker), 0u) << pcie_checker_first(checker);
    rig.lower.send(tlp_of(SIM_PACKET_WRITE, 0x1000, 260));
    rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 256, 2));
    rig.run();
    EXPECT_EQ(pcie_checker_count(checker, PCIE_RULE_PAYLOAD), 2u) << pcie_checker_first(checker);
}

TEST(Checker, TagsAndCompletions)
{
    {
        Watched rig; /* a tag twice */
        rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 64, 5));
        rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 64, 5));
        rig.run();
        EXPECT_EQ(rig.broken(PCIE_RULE_TAGS), 1u);
    }
    {
        Watched rig; /* free again with the last completion, not before */
        rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 128, 5));
        rig.run();
        rig.upper.send(completion(0x1000, 64, 128, 5));
        rig.run();
        rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 64, 5));
        rig.run();
        EXPECT_EQ(rig.broken(PCIE_RULE_TAGS), 1u);
        rig.upper.send(completion(0x1040, 64, 64, 5));
        rig.run();
        rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 64, 5));
        rig.run();
        EXPECT_EQ(rig.broken(PCIE_RULE_TAGS), 1u);
    }
    {
        Watched rig; /* nobody asked */
        rig.upper.send(completion(0x1000, 64, 64, 9));
        rig.run();
        EXPECT_EQ(rig.broken(PCIE_RULE_TAGS), 1u);
    }
    {
        Watched rig; /* more than was asked for; the other function's tag */
        rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 64, 5));
        rig.run();
        rig.upper.send(completion(0x1000, 128, 128, 5));
        Tlp other = completion(0x1000, 64, 64, 5);
        other.target = 0x301;
        rig.upper.send(other);
        rig.run();
        EXPECT_EQ(rig.broken(PCIE_RULE_TAGS), 2u);
    }
    {
        Watched rig; /* cut between boundaries, and with a Byte Count that does not hold its own bytes */
        rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 64, 5));
        rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 64, 6));
        rig.run();
        rig.upper.send(completion(0x1000, 32, 64, 5));
        rig.upper.send(completion(0x1000, 64, 60, 6));
        rig.run();
        EXPECT_EQ(rig.broken(PCIE_RULE_COMPLETION), 2u);
    }
}

/** Many requesters and tags: entries of the table that have to be moved stay to be found. */
TEST(Checker, FollowsManyTagsAtOnce)
{
    Watched rig;

    for (int round = 0; round < 3; round++) {
        for (uint16_t i = 0; i < 1500; i++) {
            Tlp read = tlp_of(SIM_PACKET_READ, 0x1000, 4, static_cast<uint16_t>(i % 256));

            read.requester = static_cast<uint16_t>(0x300 + i / 256);
            rig.lower.send(read);
        }
        rig.run();
        for (uint16_t i = 0; i < 1500; i++) {
            unsigned n = (i * 7u) % 1500;
            Tlp done = completion(0x1000, 4, 4, static_cast<uint16_t>(n % 256));

            done.target = static_cast<uint16_t>(0x300 + n / 256);
            rig.upper.send(done);
        }
        rig.run();
    }
    EXPECT_EQ(pcie_checker_total(rig.checker), 0u) << pcie_checker_first(rig.checker);
}

/** After a completion timeout the tag is free, and what comes late is nobody's fault. */
TEST(Checker, RequestsThatWereGivenUp)
{
    Watched rig;
    pcie_checker_config watch = {};

    watch.link = rig.link;
    watch.upper_credits = link_of(16000, 4).upper_credits;
    watch.lower_credits = watch.upper_credits;
    watch.tags = true;
    watch.tag_timeout = 10 * SIM_US;
    pcie_checker *checker = pcie_checker_create(rig.sim, "patient", &watch);
    Tlp again = tlp_of(SIM_PACKET_READ, 0x1000, 64, 5);
    again.at_time = sim_now(rig.sim) + 15 * SIM_US;
    rig.lower.send(tlp_of(SIM_PACKET_READ, 0x1000, 64, 5));
    rig.lower.send(again);
    rig.run();
    EXPECT_EQ(pcie_checker_total(checker), 0u) << pcie_checker_first(checker);
    rig.upper.send(completion(0x1000, 64, 64, 5));
    rig.upper.send(completion(0x1000, 64, 64, 5));
    rig.run();
    EXPECT_EQ(pcie_checker_total(checker), 0u) << pcie_checker_first(checker);
    rig.upper.send(completion(0x1000, 64, 64, 5));
    rig.run();
    EXPECT_EQ(pcie_checker_count(checker, PCIE_RULE_TAGS), 1u) << "only one was given up";
}

TEST(CheckerDeath, ABrokenRuleCanEndTheSimulation)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            Watched rig(64, 1024, true);
            rig.upper.send(completion(0x1000, 64, 64, 9));
            rig.run();
        },
        "protocol: checker down: a completion that nobody asked for");
}

} // namespace

/* Links: rates, credits and the time they take to come back, classes that do not block each other. */
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

/** Two raw devices and a link. */
struct LinkRig {
    struct sim *sim;
    RawDevice upper;
    RawDevice lower;
    pcie_link *link;

    explicit LinkRig(const pcie_link_config &config, const support::Engine &engine = support::engines()[0],
                     bool lower_cuts_through = false)
        : sim(support::create(engine)), upper(sim, "upper", SIM_NS), lower(sim, "lower", SIM_NS, lower_cuts_through),
          link(pcie_link_create(sim, "link", &config, upper.end(), lower.end()))
    {
        upper.bind(&link->upper);
        lower.bind(&link->lower);
    }
    ~LinkRig()
    {
        sim_destroy(sim);
    }
    LinkRig(const LinkRig &) = delete;
    LinkRig &operator=(const LinkRig &) = delete;
    void run()
    {
        sim_run(sim, SIM_TIME_NEVER - 1);
    }
};

pcie_link_config default_link()
{
    pcie_link_config config = {};

    pcie_link_config_init(&config);
    return config;
}

Tlp write_of(uint32_t bytes, uint64_t value = 0)
{
    Tlp tlp;

    tlp.address = UINT64_C(0x100000000);
    tlp.length = bytes;
    tlp.value = value;
    return tlp;
}

/** An MSI with a 64-bit address takes 28 bytes: its serialisation for the generations, in picoseconds (anchors 1.1). */
TEST(Link, SerialisationOfAnMsi)
{
    const struct {
        uint32_t speed;
        uint32_t width;
        double picoseconds;
    } rows[] = {
        {2500, 8, 14000}, {5000, 8, 7000},    {8000, 4, 7109},  {8000, 8, 3555},    {8000, 16, 1777},
        {16000, 4, 3555}, {16000, 16, 888.7}, {32000, 4, 1777}, {32000, 16, 444.3},
    };

    for (const auto &row : rows) {
        sim_wire wire = {};

        wire.fs_per_byte = pcie_link_fs_per_byte(row.speed, row.width);
        EXPECT_NEAR(static_cast<double>(sim_wire_time(&wire, 28)) / 1000, row.picoseconds, 1.0)
            << row.speed << " x" << row.width;
    }
    EXPECT_EQ(pcie_link_fs_per_byte(7000, 4), 0u) << "no such speed";
}

TEST(Link, RateIsThatOfTheLanesAndTheEncoding)
{
    /* GB/s × 1000 of a direction: GT/s × lanes × efficiency / 8. */
    const struct {
        uint32_t speed;
        uint32_t width;
        double gigabits;
    } rows[] = {{2500, 1, 2.0},      {5000, 4, 16.0},    {8000, 8, 63.02},
                {16000, 16, 252.06}, {32000, 4, 126.03}, {64000, 16, 944}};

    for (const auto &row : rows) {
        double fs = static_cast<double>(pcie_link_fs_per_byte(row.speed, row.width)) / 65536;

        EXPECT_NEAR(8e6 / fs, row.gigabits, 0.005 * row.gigabits / 9);
    }
}

TEST(Link, WholeTlpOrHeaderFirst)
{
    for (bool cut_through : {false, true}) {
        LinkRig rig(default_link(), support::engines()[0], cut_through);
        sim_wire wire = {};

        wire.fs_per_byte = pcie_link_fs_per_byte(16000, 4);
        rig.upper.send(write_of(256));
        rig.run();
        sim_time sent = rig.upper.sent[0];
        sim_time last = sent + sim_wire_time(&wire, 8 + 16 + 256) + 10 * SIM_NS;
        ASSERT_EQ(rig.lower.got.size(), 1u);
        if (cut_through) {
            EXPECT_EQ(rig.lower.got[0].time, sim_time_align(sent + sim_wire_time(&wire, 4 + 16) + 10 * SIM_NS, SIM_NS));
            EXPECT_EQ(rig.lower.got[0].tail, last);
        } else {
            EXPECT_EQ(rig.lower.got[0].time, sim_time_align(last, SIM_NS));
        }
    }
}

/**
 * Credit-limited rate (Q10): with n header credits, the TLP n places on leaves exactly when the credit of this one is
 * back: serialisation, flight, and the credit's way, each to the next edge of whoever acts on it.
 */
TEST(Link, HeaderCreditsLimitTheRate)
{
    for (const auto &engine : support::engines()) {
        for (uint32_t credits : {1u, 2u, 5u}) {
            pcie_link_config config = default_link();
            sim_wire wire = {};

            config.latency = 50 * SIM_NS;
            config.credit_latency = 70 * SIM_NS;
            config.lower_credits.posted_headers = credits;
            LinkRig rig(config, engine);
            for (int i = 0; i < 40; i++) {
                rig.upper.send(write_of(4));
            }
            rig.run();
            wire.fs_per_byte = pcie_link_fs_per_byte(16000, 4);
            sim_time loop = sim_time_align(sim_wire_time(&wire, 28) + config.latency, SIM_NS) + config.credit_latency;
            for (size_t i = credits; i + credits < 40; i++) {
                ASSERT_EQ(rig.upper.sent[i + credits] - rig.upper.sent[i], loop) << engine.name << " " << credits;
            }
        }
    }
}

TEST(Link, DataCreditsLimitTheRate)
{
    pcie_link_config config = default_link();
    sim_wire wire = {};

    config.latency = 50 * SIM_NS;
    config.credit_latency = 70 * SIM_NS;
    config.lower_credits.posted_data = 40; /* two of 256 bytes (16 units), not three */
    LinkRig rig(config);
    for (int i = 0; i < 20; i++) {
        rig.upper.send(write_of(256));
    }
    rig.run();
    wire.fs_per_byte = pcie_link_fs_per_byte(16000, 4);
    sim_time loop = sim_time_align(sim_wire_time(&wire, 280) + config.latency, SIM_NS) + config.credit_latency;
    for (size_t i = 0; i + 2 < 20; i += 2) {
        ASSERT_EQ(rig.upper.sent[i + 2] - rig.upper.sent[i], loop);
    }
}

TEST(Link, DefaultCreditReturnIsAnUpdateFc)
{
    pcie_link_config config = default_link();
    sim_wire wire = {};

    config.lower_credits.posted_headers = 1;
    LinkRig rig(config);
    rig.upper.send(write_of(4));
    rig.upper.send(write_of(4));
    rig.run();
    wire.fs_per_byte = pcie_link_fs_per_byte(16000, 4);
    sim_time arrival = sim_time_align(rig.upper.sent[0] + sim_wire_time(&wire, 28) + config.latency, SIM_NS);
    EXPECT_EQ(rig.upper.sent[1], sim_time_align(arrival + config.latency + sim_wire_time(&wire, 8), SIM_NS));
}

TEST(Link, ABlockedClassBlocksNoOther)
{
    pcie_link_config config = default_link();

    config.lower_credits.non_posted_headers = 2;
    LinkRig rig(config);
    rig.lower.closed_until[PCIE_NON_POSTED] = SIM_TIME_NEVER;
    rig.upper.any_order = true;
    Tlp read = write_of(4);
    read.type = SIM_PACKET_READ;
    for (int i = 0; i < 5; i++) {
        rig.upper.send(read);
    }
    rig.upper.send(write_of(4, 7));
    Tlp completion = write_of(4);
    completion.type = SIM_PACKET_COMPLETION;
    rig.upper.send(completion);
    rig.run();
    EXPECT_EQ(rig.lower.got_of(SIM_PACKET_READ).size(), 0u);
    EXPECT_EQ(rig.lower.got_of(SIM_PACKET_WRITE).size(), 1u);
    EXPECT_EQ(rig.lower.got_of(SIM_PACKET_COMPLETION).size(), 1u);
    EXPECT_EQ(std::count(rig.upper.sent.begin(), rig.upper.sent.end(), SIM_TIME_NEVER), 3) << "two reads had credits";
}

TEST(Link, InfiniteCreditsNeverHoldBack)
{
    pcie_link_config config = default_link();
    sim_wire wire = {};

    config.width = 16;
    config.latency = 500 * SIM_NS;
    config.lower_credits = {};
    LinkRig rig(config);
    for (int i = 0; i < 3000; i++) {
        rig.upper.send(write_of(i % 2 == 0 ? 4 : 64));
    }
    rig.run();
    ASSERT_EQ(rig.lower.got.size(), 3000u);
    wire.fs_per_byte = pcie_link_fs_per_byte(16000, 16);
    for (size_t i = 1; i < 3000; i++) {
        sim_time before = i % 2 == 1 ? 28 : 88;
        sim_time gap = sim_time_align(sim_wire_time(&wire, static_cast<uint32_t>(before)), SIM_NS);

        ASSERT_EQ(rig.upper.sent[i] - rig.upper.sent[i - 1], gap) << "only the wire counts, at " << i;
    }
}

TEST(Link, RegistersTellSpeedAndWidth)
{
    const struct {
        uint32_t speed;
        uint32_t code;
    } rows[] = {{2500, 1}, {5000, 2}, {8000, 3}, {16000, 4}, {32000, 5}, {64000, 6}};

    for (const auto &row : rows) {
        Options options;
        options.link.speed = row.speed;
        options.link.width = 8;
        Pair pair(options);
        unsigned express = endpoint_config_space(pair.ep, 0)->express;
        uint32_t capabilities = pair.config_read(0, express + PCIE_EXP_LINK_CAPABILITIES, 4);
        uint32_t status = pair.config_read(0, express + PCIE_EXP_LINK_STATUS, 2);

        EXPECT_EQ(capabilities & PCIE_EXP_LNKCAP_MAX_SPEED, row.code);
        EXPECT_EQ((capabilities & PCIE_EXP_LNKCAP_MAX_WIDTH) >> PCIE_EXP_LNKCAP_MAX_WIDTH_SHIFT, 8u);
        EXPECT_EQ(status & PCIE_EXP_LNKSTA_SPEED, row.code);
        EXPECT_EQ((status & PCIE_EXP_LNKSTA_WIDTH) >> PCIE_EXP_LNKSTA_WIDTH_SHIFT, 8u);
    }
}

} // namespace

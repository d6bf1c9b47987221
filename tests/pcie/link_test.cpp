/* Links: rates, credits and the time they take to come back, classes that do not block each other. */
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

#include <cmath>

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
        sim_wire wire = wire_of(link_of(row.speed, row.width, PCIE_OVERHEAD_NONE));

        EXPECT_NEAR(static_cast<double>(sim_wire_time(&wire, 28)) / 1000, row.picoseconds, 1.0)
            << row.speed << " x" << row.width;
    }
    pcie_link_config wrong = link_of(7000, 4);
    EXPECT_EQ(pcie_link_fs_per_byte(&wrong), 0u) << "no such speed";
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
        pcie_link_config config = link_of(row.speed, row.width, PCIE_OVERHEAD_NONE);
        double fs = static_cast<double>(pcie_link_fs_per_byte(&config)) / 65536;

        EXPECT_NEAR(8e6 / fs, row.gigabits, 0.005 * row.gigabits / 9);
    }
}

TEST(Link, WholeTlpOrHeaderFirst)
{
    for (bool cut_through : {false, true}) {
        LinkRig rig(default_link(), support::engines()[0], cut_through);
        sim_wire wire = wire_of(default_link());

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
            config.latency = 50 * SIM_NS;
            config.credit_latency = 70 * SIM_NS;
            config.lower_credits.posted_headers = credits;
            LinkRig rig(config, engine);
            for (int i = 0; i < 40; i++) {
                rig.upper.send(write_of(4));
            }
            rig.run();
            sim_wire wire = wire_of(config);
            sim_time busy_until = 0;
            std::vector<sim_time> back(credits, 0);
            for (size_t i = 0; i < 40; i++) {
                /* At the first edge with a credit before the next of which the wire is free. */
                sim_time open = std::max(back[i % credits], busy_until / SIM_NS * SIM_NS);
                if (i > 0) {
                    ASSERT_EQ(rig.upper.sent[i], std::max(open, rig.upper.sent[i - 1] + SIM_NS))
                        << engine.name << " " << credits << " credits, TLP " << i;
                }
                busy_until = std::max(busy_until, rig.upper.sent[i]) + sim_wire_time(&wire, 28);
                back[i % credits] = sim_time_align(busy_until + config.latency, SIM_NS) + config.credit_latency;
            }
        }
    }
}

TEST(Link, DataCreditsLimitTheRate)
{
    pcie_link_config config = default_link();

    config.latency = 50 * SIM_NS;
    config.credit_latency = 70 * SIM_NS;
    config.lower_credits.posted_data = 40; /* two of 256 bytes (16 units), not three */
    LinkRig rig(config);
    for (int i = 0; i < 20; i++) {
        rig.upper.send(write_of(256));
    }
    rig.run();
    sim_wire wire = wire_of(config);
    sim_time loop = sim_time_align(sim_wire_time(&wire, 280) + config.latency, SIM_NS) + config.credit_latency;
    for (size_t i = 0; i + 2 < 20; i += 2) {
        ASSERT_EQ(rig.upper.sent[i + 2] - rig.upper.sent[i], loop);
    }
}

TEST(Link, DefaultCreditReturnIsAnUpdateFc)
{
    pcie_link_config config = default_link();

    config.lower_credits.posted_headers = 1;
    LinkRig rig(config);
    rig.upper.send(write_of(4));
    rig.upper.send(write_of(4));
    rig.run();
    sim_wire wire = wire_of(config);
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

    config.width = 16;
    config.latency = 500 * SIM_NS;
    config.lower_credits = {};
    LinkRig rig(config);
    for (int i = 0; i < 3000; i++) {
        rig.upper.send(write_of(i % 2 == 0 ? 4 : 64));
    }
    rig.run();
    ASSERT_EQ(rig.lower.got.size(), 3000u);
    sim_wire wire = wire_of(config);
    /* Whoever keeps the wire busy gets all of it: a TLP begins where the one before ended, edge or no edge. */
    sim_time busy_until = rig.upper.sent[0];
    for (size_t i = 0; i < 3000; i++) {
        sim_time start = std::max(busy_until, rig.upper.sent[i]);

        ASSERT_LE(start - busy_until, i == 0 ? 0 : SIM_NS) << "only the wire counts, at " << i;
        busy_until = start + sim_wire_time(&wire, i % 2 == 0 ? 28 : 88);
        sim_time seen = sim_time_align(busy_until + config.latency, SIM_NS);
        ASSERT_EQ(rig.lower.got[i].time, i == 0 ? seen : std::max(seen, rig.lower.got[i - 1].time + SIM_NS)) << i;
    }
}

/* ---- What besides TLPs takes the wire ---- */

/** pcie-bench's TLP_bw and the physical one, in Gb/s, for MPS 256 (timing-anchors 1.1). */
TEST(LinkOverhead, PaperRate)
{
    const struct {
        uint32_t speed;
        uint32_t width;
        double gigabits;
    } rows[] = {{2500, 8, 13.57},   {5000, 8, 28.68},   {8000, 4, 29.07},   {8000, 8, 57.88},
                {8000, 16, 113.70}, {16000, 4, 58.14},  {16000, 8, 115.77}, {16000, 16, 227.40},
                {32000, 4, 116.28}, {32000, 8, 231.54}, {32000, 16, 454.80}};

    for (const auto &row : rows) {
        pcie_link_config config = link_of(row.speed, row.width, PCIE_OVERHEAD_PAPER);
        double gigabits = 8e6 * 65536 / static_cast<double>(pcie_link_fs_per_byte(&config));

        EXPECT_NEAR(gigabits, row.gigabits, 0.006) << row.speed << " x" << row.width;
    }
}

TEST(LinkOverhead, LimitsOfTheSpecification)
{
    /* Symbol times for MPS 256, and what they are in time (timing-anchors 1.1). */
    const struct {
        uint32_t speed;
        uint32_t width;
        double nanoseconds;
    } rows[] = {{2500, 8, 428},  {5000, 8, 316},  {8000, 4, 217},  {8000, 8, 206}, {8000, 16, 171},
                {16000, 4, 109}, {16000, 8, 103}, {16000, 16, 85}, {32000, 4, 54}, {32000, 8, 51},
                {32000, 16, 43}, {64000, 4, 8},   {64000, 8, 4},   {64000, 16, 2}};

    for (const auto &row : rows) {
        pcie_link_config config = link_of(row.speed, row.width);

        EXPECT_NEAR(static_cast<double>(pcie_link_limit(&config)) / 1e6, row.nanoseconds, 0.6);
    }
}

/** What the skip ordered sets of each encoding take of a rate, to a millionth. */
TEST(LinkOverhead, SkipOrderedSetsOfEachEncoding)
{
    const struct {
        uint32_t speed;
        uint32_t width;
        double left;
    } rows[] = {{2500, 1, 1 - 4.0 / 1538},
                {5000, 16, 1 - 4.0 / 1538},
                {8000, 1, 1 - 20.0 / 6000},
                {8000, 4, 1 - 68.0 / 24000},
                {16000, 8, 1 - 132.0 / 48000},
                {32000, 16, 1 - 260.0 / 96000},
                {64000, 1, 46 * 256.0 / (46 * 256 + 40)},
                {64000, 2, 93 * 128.0 / (93 * 128 + 40)},
                {64000, 4, 187 * 64.0 / (187 * 64 + 40)},
                {64000, 8, 374 * 32.0 / (374 * 32 + 40)},
                {64000, 16, 748 * 16.0 / (748 * 16 + 40)}};

    for (const auto &row : rows) {
        pcie_link_config physical = link_of(row.speed, row.width);
        pcie_link_config bare = link_of(row.speed, row.width, PCIE_OVERHEAD_NONE);

        EXPECT_NEAR(static_cast<double>(pcie_link_fs_per_byte(&bare)) /
                        static_cast<double>(pcie_link_fs_per_byte(&physical)),
                    row.left, 1e-6)
            << row.speed << " x" << row.width;
    }
}

/** Posted writes of 256 bytes with a 64-bit address one way, as fast as they go; @return Gb/s of payload. */
double write_rate(const pcie_link_config &link, bool both_ways)
{
    const size_t count = 3000;
    LinkRig rig(link);

    for (size_t i = 0; i < count; i++) {
        rig.upper.send(write_of(256));
        if (both_ways) {
            rig.lower.send(write_of(256));
        }
    }
    rig.run();
    EXPECT_EQ(rig.lower.got.size(), count);
    const auto &got = rig.lower.got;
    return static_cast<double>((count - 200) * 256 * 8) /
           (static_cast<double>(got[count - 1].time - got[199].time) / 1e6);
}

/**
 * One way, DLLPs go the other way, so what is left of a rate is 256/280 and the skip ordered sets' share. Both ways,
 * an Ack and an UpdateFC each limit take 8 bytes: the rate of timing-anchors 1.1, `physical`.
 */
TEST(LinkOverhead, PhysicalRateComesFromTheTrafficOfDllps)
{
    const struct {
        uint32_t speed;
        uint32_t width;
        double gigabits;
    } rows[] = {{2500, 8, 14.32}, {5000, 8, 28.81}, {8000, 4, 28.19}, {8000, 8, 56.90}};

    for (const auto &row : rows) {
        pcie_link_config config = link_of(row.speed, row.width);
        double skips = row.speed <= 5000 ? 1534.0 / 1538 : (374.0 * 16 * row.width - 4) / (375.0 * 16 * row.width);
        double alone = row.speed * row.width / 1000.0 * (row.speed <= 5000 ? 0.8 : 128.0 / 130) * skips * 256 / 280;

        EXPECT_NEAR(write_rate(config, false), alone, alone * 0.001);
        EXPECT_NEAR(write_rate(config, true), row.gigabits, row.gigabits * 0.003) << row.speed << " x" << row.width;
    }
}

TEST(LinkOverhead, PaperRateComesOutAtTheOtherEnd)
{
    EXPECT_NEAR(write_rate(link_of(8000, 8, PCIE_OVERHEAD_PAPER), true), 52.92, 52.92 * 0.001);
    EXPECT_NEAR(write_rate(link_of(16000, 4, PCIE_OVERHEAD_PAPER), true), 53.16, 53.16 * 0.001);
}

/** 236 of 256 bytes are for TLPs, which need no framing: 944 Gb/s of raw 1024 at x16, 256 of 272 of them payload. */
TEST(LinkOverhead, FlitsCarryTlpsWithoutFraming)
{
    for (uint32_t width : {1u, 2u, 4u}) {
        const double bare = 64.0 * width * 236 / 256 * 256 / 272;
        const double skips = 1 - 40.0 / (40 + 12008 - 40);

        EXPECT_NEAR(write_rate(link_of(64000, width, PCIE_OVERHEAD_NONE), true), bare, bare * 0.001) << "x" << width;
        EXPECT_NEAR(write_rate(link_of(64000, width), true), bare * skips, bare * 0.001) << "x" << width;
    }
}

TEST(Link, AFlitArrivesWhole)
{
    pcie_link_config config = link_of(64000, 4, PCIE_OVERHEAD_NONE);
    LinkRig rig(config);
    const sim_time flit = 8 * SIM_NS;

    for (sim_time when : {1000 * SIM_NS, 1003 * SIM_NS, 1007 * SIM_NS, 1011 * SIM_NS}) {
        Tlp tlp = write_of(4);
        tlp.at_time = when;
        rig.upper.send(tlp);
    }
    rig.run();
    ASSERT_EQ(rig.lower.got.size(), 4u);
    /* 1000 ns is the start of a flit; 1007 ns leaves room for 12 of the 20 bytes before the last 20 of the flit. */
    EXPECT_EQ(rig.lower.got[0].time, 1000 * SIM_NS + flit + config.latency);
    EXPECT_EQ(rig.lower.got[1].time, 1001 * SIM_NS + flit + config.latency) << "one TLP a class and edge";
    EXPECT_EQ(rig.lower.got[2].time, 1000 * SIM_NS + 2 * flit + config.latency);
    EXPECT_EQ(rig.lower.got[3].time, 1001 * SIM_NS + 2 * flit + config.latency);
}

/* ---- Ack, Nak and replay ---- */

/**
 * Q28: with an error probability of p a TLP and go-back-N, a saturated wire delivers (1 - p) / (1 - p + p N) of its
 * rate, N being the TLPs that go to waste with each error: the bad one and those sent until the Nak is back.
 */
TEST(Replay, EfficiencyOfGoBackN)
{
    for (uint32_t errors : {1000u, 10000u, 50000u}) {
        pcie_link_config config = link_of(8000, 8, PCIE_OVERHEAD_NONE);
        const size_t count = 60000;

        config.tlp_errors = errors;
        config.latency = 200 * SIM_NS;
        config.lower_credits = {};
        LinkRig rig(config);
        sim_wire wire = wire_of(config);
        for (size_t i = 0; i < count; i++) {
            rig.upper.send(write_of(256, i));
        }
        rig.run();
        ASSERT_EQ(rig.lower.got.size(), count);
        for (size_t i = 0; i < count; i++) {
            ASSERT_EQ(rig.lower.got[i].tlp.value, i) << "nothing lost, doubled or out of order";
        }
        double service = static_cast<double>(sim_wire_time(&wire, 280));
        double p = errors / 1e6;
        double n = 1 + static_cast<double>(2 * config.latency + sim_wire_time(&wire, 8)) / service;
        double measured = service * static_cast<double>(count) / static_cast<double>(rig.lower.got[count - 1].time);
        const pcie_data_link_counters &counters = rig.link->upper_end.counters;

        EXPECT_NEAR(measured, (1 - p) / (1 - p + p * n), 0.02 * (1 - p) / (1 - p + p * n)) << p;
        EXPECT_NEAR(static_cast<double>(counters.errors), count * p / (1 - p), 4 * std::sqrt(count * p)) << p;
        if (errors == 1000) {
            /* Errors are far apart, so none hits a TLP that is being replayed. */
            double wasted = static_cast<double>(counters.errors) * n;

            EXPECT_NEAR(static_cast<double>(counters.replayed), wasted, wasted * 0.1);
        }
    }
}

TEST(Replay, SameOnEveryEngine)
{
    std::vector<sim_time> reference;

    for (const auto &engine : support::engines()) {
        pcie_link_config config = link_of(16000, 4);
        std::vector<sim_time> times;

        config.tlp_errors = 100000;
        config.lost_naks = 300000;
        config.replay_buffer = 20;
        LinkRig rig(config, engine);
        for (int i = 0; i < 400; i++) {
            rig.upper.send(write_of(64));
            rig.lower.send(write_of(32));
        }
        rig.run();
        ASSERT_EQ(rig.lower.got.size(), 400u);
        ASSERT_EQ(rig.upper.got.size(), 400u);
        for (size_t i = 0; i < 400; i++) {
            times.push_back(rig.lower.got[i].time);
            times.push_back(rig.upper.got[i].time);
        }
        if (reference.empty()) {
            reference = times;
        }
        EXPECT_EQ(times, reference) << engine.name;
        EXPECT_GT(rig.link->upper_end.counters.timeouts, 0u);
    }
}

/** Symbol times of a speed in fs: 8 bits as they are coded. */
sim_time symbols_take(uint32_t speed, uint64_t symbols)
{
    return symbols * (speed <= 5000 ? 10 : 8) * (speed <= 5000 ? 1 : 130) * 1000000000 / (speed <= 5000 ? 1 : 128) /
           speed;
}

/**
 * The replay timer by default: three Ack limits where the limits of the base specification 3.1 hold, else the least of
 * the simplified limits (3.6.2.1).
 */
sim_time default_timer(uint32_t speed)
{
    const sim_time ack_limit = speed == 2500 ? 118 : speed == 5000 ? 169 : 214; /* x4, 256 bytes; timing-anchors 1.1 */

    return symbols_take(speed, speed <= 8000 ? 3 * ack_limit : 24000);
}

class ReplayTimer : public testing::TestWithParam<uint32_t>
{
};

/** A Nak comes back after two flights and eight bytes; without it the timer acts. */
TEST_P(ReplayTimer, ActsWhereTheNakIsLost)
{
    for (uint32_t lost : {0u, 1000000u}) {
        pcie_link_config config = link_of(GetParam(), 4);

        config.tlp_errors = 500000;
        config.lost_naks = lost;
        config.refresh_interval = SIM_TIME_NEVER;
        LinkRig rig(config);
        sim_wire wire = wire_of(config);
        sim_time nak = 2 * config.latency + sim_wire_time(&wire, 8);
        sim_time round = sim_wire_time(&wire, 28) + (lost != 0 ? default_timer(GetParam()) : nak);
        for (unsigned i = 0; i < 50; i++) {
            Tlp tlp = write_of(4);
            tlp.at_time = (i + 1) * SIM_MS;
            rig.upper.send(tlp);
        }
        rig.run();
        unsigned replays = 0;
        unsigned retrains = 0;
        for (unsigned i = 0; i < 50; i++) {
            sim_time first = (i + 1) * SIM_MS + sim_wire_time(&wire, 28) + config.latency;
            sim_time late = rig.lower.got[i].time - sim_time_align(first, SIM_NS);
            unsigned times = 0;
            /* With the fourth replay REPLAY_NUM rolls over, and retraining goes before it. */
            auto of = [&](unsigned replayed) { return replayed * round + replayed / 4 * PCIE_LINK_DEFAULT_RETRAIN; };
            while (of(times + 1) <= late + SIM_NS) {
                times++;
            }

            EXPECT_EQ(rig.lower.got[i].time, sim_time_align(first + of(times), SIM_NS));
            retrains += times / 4;
            replays += times;
        }
        EXPECT_EQ(rig.link->upper_end.counters.errors, replays);
        EXPECT_EQ(rig.link->upper_end.counters.timeouts, lost != 0 ? replays : 0);
        EXPECT_GT(replays, 20u);
        EXPECT_EQ(rig.link->upper_end.counters.retrains, retrains);
        EXPECT_GT(retrains, 0u);
    }
}

INSTANTIATE_TEST_SUITE_P(Speeds, ReplayTimer, testing::Values(2500u, 5000u, 8000u, 16000u, 32000u));

/** In FLIT mode the timer counts 1500 flits, and REPLAY_NUM rolls over with the eighth replay (4.2.3.4.2.1.6, .7). */
TEST(Replay, FlitsHaveTheirOwnTimerAndRollover)
{
    for (uint32_t lost : {0u, 1000000u}) {
        pcie_link_config config = link_of(64000, 4, PCIE_OVERHEAD_NONE);
        const sim_time flit = 8 * SIM_NS;
        const sim_time round = lost != 0 ? 1501 * flit : flit + flit + 2 * config.latency;

        config.tlp_errors = 700000;
        config.lost_naks = lost;
        LinkRig rig(config);
        for (unsigned i = 0; i < 50; i++) {
            Tlp tlp = write_of(4);
            tlp.at_time = (i + 1) * SIM_MS;
            rig.upper.send(tlp);
        }
        rig.run();
        uint64_t replays = 0;
        uint64_t retrains = 0;
        for (unsigned i = 0; i < 50; i++) {
            /* A replay begins with the next flit. */
            auto after = [&](uint64_t replayed) {
                sim_time begin = (i + 1) * SIM_MS;

                for (uint64_t n = 1; n <= replayed; n++) {
                    begin += round + (n % 8 == 0 ? PCIE_LINK_DEFAULT_RETRAIN : 0);
                    begin = sim_time_align(begin, flit);
                }
                return begin + flit + config.latency;
            };
            uint64_t times = 0;
            while (after(times) < rig.lower.got[i].time) {
                times++;
            }

            EXPECT_EQ(rig.lower.got[i].time, sim_time_align(after(times), SIM_NS)) << i;
            replays += times;
            retrains += times / 8;
        }
        EXPECT_EQ(rig.link->upper_end.counters.errors, replays);
        EXPECT_EQ(rig.link->upper_end.counters.retrains, retrains);
        EXPECT_GT(retrains, 0u);
    }
}

/** A sender may have so many TLPs without an Ack: its rate is that many an Ack's round trip. */
TEST(Replay, TheBufferLimitsTheRate)
{
    pcie_link_config config = link_of(16000, 4);

    config.latency = 100 * SIM_NS;
    config.ack_interval = 1;
    config.replay_buffer = 5;
    LinkRig rig(config);
    sim_wire wire = wire_of(config);
    for (int i = 0; i < 200; i++) {
        rig.upper.send(write_of(4));
    }
    rig.run();
    sim_time round = 2 * config.latency + sim_wire_time(&wire, 28) + sim_wire_time(&wire, 8);
    for (size_t i = 5; i < 200; i += 5) {
        ASSERT_EQ(rig.upper.sent[i] - rig.upper.sent[i - 5], sim_time_align(round, SIM_NS));
    }
}

/** Updates of one class: the first at once, then at most one an interval, which gives back all that came together. */
TEST(Link, UpdatesComeTogether)
{
    pcie_link_config config = link_of(16000, 4);

    config.update_interval = 500 * SIM_NS;
    config.lower_credits.posted_headers = 4;
    LinkRig rig(config);
    sim_wire wire = wire_of(config);
    for (int i = 0; i < 40; i++) {
        rig.upper.send(write_of(4));
    }
    rig.run();
    /* The first TLP's credit comes alone, then those of a burst of four at a time, an interval apart. */
    sim_time back = rig.lower.got[0].time + config.latency + sim_wire_time(&wire, 8);
    EXPECT_EQ(rig.upper.sent[4], sim_time_align(back, SIM_NS));
    EXPECT_EQ(rig.upper.sent[5], sim_time_align(back + config.update_interval, SIM_NS));
    for (size_t i = 9; i < 40; i += 4) {
        ASSERT_EQ(rig.upper.sent[i] - rig.upper.sent[i - 4], config.update_interval) << i;
    }
    EXPECT_EQ(rig.link->lower_end.counters.updates, 11u);
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

/* ---- Refresh of UpdateFC ---- */

/** Every 30 µs each of three classes, from the initialisation on, without a single evaluation; the wire is charged. */
TEST(Refresh, AnIdleLinkSendsUpdatesAndCostsNothing)
{
    pcie_link_config config = link_of(16000, 4);
    LinkRig rig(config);
    pcie_data_link &own = rig.link->upper_end;

    sim_run(rig.sim, SIM_MS);
    EXPECT_EQ(sim_evaluations(rig.sim), 0u);
    EXPECT_EQ(own.counters.refreshes, 0u) << "nobody has looked";
    pcie_data_link_refresh(&own, SIM_MS);
    EXPECT_EQ(own.counters.refreshes, 3 * (SIM_MS / (30 * SIM_US)));
    EXPECT_EQ(own.wire.bytes, own.counters.refreshes * PCIE_DLLP_BYTES);
    pcie_data_link_refresh(&own, SIM_MS);
    EXPECT_EQ(own.counters.refreshes, 99u) << "each is sent once";
}

/** A TLP that is ready while they are on the wire waits for the end of the third; a little later it does not. */
TEST(Refresh, ATlpWaitsForTheUpdateOnTheWire)
{
    pcie_link_config config = link_of(2500, 1);
    sim_wire wire = wire_of(config);
    const sim_time busy = 3 * sim_wire_time(&wire, PCIE_DLLP_BYTES);
    const sim_time tlp = sim_wire_time(&wire, 28);

    for (sim_time after : {SIM_NS, 50 * SIM_NS, 200 * SIM_NS}) {
        LinkRig rig(config);
        Tlp write = write_of(4);

        write.at_time = 30 * SIM_US + after;
        rig.upper.send(write);
        rig.run();
        sim_time start = 30 * SIM_US + std::max(after, busy);
        EXPECT_EQ(rig.lower.got.at(0).time, sim_time_align(start + tlp + config.latency, SIM_NS)) << after;
    }
}

/** A receiver that has sent an UpdateFC of a class is quiet about it for the next 30 µs. */
TEST(Refresh, AnUpdateOfItsOwnPutsItOff)
{
    LinkRig rig(link_of(16000, 4));
    Tlp write = write_of(4);

    write.at_time = 20 * SIM_US;
    rig.upper.send(write);
    rig.run();
    pcie_data_link &own = rig.link->lower_end;
    const sim_time taken = rig.lower.got.at(0).time;
    EXPECT_EQ(own.counters.updates, 1u);
    pcie_data_link_refresh(&own, taken + 30 * SIM_US - 1);
    EXPECT_EQ(own.counters.refreshes, 2u) << "the two other classes, at 30 µs";
    pcie_data_link_refresh(&own, taken + 30 * SIM_US);
    EXPECT_EQ(own.counters.refreshes, 3u);
}

/** Credits without limit are not refreshed; nor is anything in FLIT mode, where every flit tells. */
TEST(Refresh, WhereThereIsNothingToRefresh)
{
    pcie_link_config config = link_of(16000, 4);

    config.upper_credits = {};
    LinkRig rig(config);
    pcie_data_link_refresh(&rig.link->upper_end, SIM_MS);
    EXPECT_EQ(rig.link->upper_end.counters.refreshes, 0u);
    LinkRig flits(link_of(64000, 4));
    pcie_data_link_refresh(&flits.link->upper_end, SIM_MS);
    EXPECT_EQ(flits.link->upper_end.counters.refreshes, 0u);
}

/* ---- The specification's limits ---- */

/**
 * Ack limits in symbol times. At 2.5 GT/s a third of the replay timer limits of table 3-4 of the base specification
 * 2.1, as pcie_datalink_pkg of the University of Washington's open PCI Express core has them (711, 384, 219, 201, 144
 * and 99 for 128 bytes, and so on). At other speeds factors and delays are those of cocotbext-pcie (core/port.py),
 * which agree with that table at 2.5 GT/s.
 */
TEST(LinkOverhead, AckLimitsOfTheTables)
{
    struct Row {
        uint32_t speed;
        uint32_t width;
        uint32_t limits[6]; /**< for 128 to 4096 bytes */
    };
    const Row rows[] = {
        {2500, 1, {237, 416, 559, 1071, 2095, 4143}}, {2500, 2, {128, 217, 289, 545, 1057, 2081}},
        {2500, 4, {73, 118, 154, 282, 538, 1050}},    {2500, 8, {67, 107, 86, 150, 278, 534}},
        {2500, 16, {48, 72, 86, 150, 278, 534}},      {2500, 32, {33, 45, 52, 84, 148, 276}},
        {5000, 1, {288, 467, 610, 1122, 2146, 4194}}, {5000, 4, {124, 169, 205, 333, 589, 1101}},
        {8000, 1, {333, 512, 655, 1167, 2191, 4239}}, {8000, 8, {163, 203, 182, 246, 374, 630}},
    };

    for (const Row &row : rows) {
        for (unsigned i = 0; i < 6; i++) {
            pcie_link_config config = link_of(row.speed, row.width);

            config.max_payload = 128u << i;
            /* 10 bits at 2.5 and 5 GT/s, 8.125 at 8 GT/s; to the femtosecond. */
            const sim_time symbol = row.speed == 2500 ? 4 * SIM_NS : row.speed == 5000 ? 2 * SIM_NS : 1015625;
            EXPECT_EQ(pcie_link_limit(&config), row.limits[i] * symbol) << row.speed << " x" << row.width << " " << i;
        }
    }
}

/* ---- Flits ---- */

/** When the last of many TLPs is there over a link of flits, and how many flits arrived corrupted. */
sim_time flits_take(uint32_t errors, size_t count, uint64_t *bad)
{
    pcie_link_config config = link_of(64000, 4);

    config.tlp_errors = errors;
    config.latency = 100 * SIM_NS;
    config.lower_credits = {};
    LinkRig rig(config);
    for (size_t i = 0; i < count; i++) {
        rig.upper.send(write_of(64, i));
    }
    rig.run();
    EXPECT_EQ(rig.lower.got.size(), count);
    for (size_t i = 0; i < rig.lower.got.size(); i++) {
        EXPECT_EQ(rig.lower.got[i].tlp.value, i) << "nothing lost, doubled or out of order";
    }
    *bad = rig.link->upper_end.counters.errors;
    return rig.lower.got.back().time;
}

/** Flits that arrive corrupted are sent again, all from the bad one on. */
TEST(Replay, FlitsAreWhatIsReplayed)
{
    const size_t count = 20000;
    const double flits = static_cast<double>(count) * (64 + 16) / 236;
    const double p = 0.01;
    uint64_t bad = 0;
    const sim_time whole = flits_take(0, count, &bad);

    EXPECT_EQ(bad, 0u);
    EXPECT_NEAR(static_cast<double>(whole), flits * 8 * SIM_NS, 0.01 * flits * 8 * SIM_NS);
    const sim_time late = flits_take(10000, count, &bad) - whole;
    EXPECT_NEAR(static_cast<double>(bad), flits * p / (1 - p), 4 * std::sqrt(flits * p));
    /* Each costs the flit, two flights, the flit in which the Nak comes, and what of a TLP was in the flit before. */
    const double each = static_cast<double>(late) / static_cast<double>(bad);
    EXPECT_GT(each, 216.0 * SIM_NS);
    EXPECT_LT(each, 216.0 * SIM_NS + 16 * SIM_NS);
}

} // namespace

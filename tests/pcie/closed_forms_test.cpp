/*
 * Queueing theory as a check of links and switches: closed forms Q7 to Q16 and Q27 of the timing anchors. Sources are
 * raw devices, which send as soon as they may.
 */
#include "sim/random.h"
#include "tests/pcie/switch_rig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

using namespace pcie_test;

namespace
{

Tlp write_to(uint64_t address, uint16_t requester, uint64_t value, uint32_t bytes = 64)
{
    Tlp tlp;

    tlp.address = address;
    tlp.requester = requester;
    tlp.value = value;
    tlp.length = bytes;
    return tlp;
}

/** Links without anything that takes the wire but TLPs, and with more credits than anybody needs. */
pcie_link_config bare(uint32_t width)
{
    pcie_link_config config = link_of(16000, width, PCIE_OVERHEAD_NONE);

    config.upper_credits = {};
    config.lower_credits = {};
    return config;
}

sim_time service(const pcie_link_config &link, uint32_t bytes)
{
    sim_wire wire = wire_of(link);

    return sim_wire_time(&wire, 20 + bytes);
}

constexpr uint64_t ABOVE = 0x1000; /* outside all windows: goes up */

/** How many of the TLPs that arrived from index @p from on were sent by whom. */
std::map<uint16_t, unsigned> shares(const RawDevice &at, size_t from, size_t to)
{
    std::map<uint16_t, unsigned> count;

    for (size_t i = from; i < to; i++) {
        count[at.got[i].tlp.requester]++;
    }
    return count;
}

/** Q7: a burst of n finds service of S; the i-th waits (i - 1) S. And spaced by S or more, nobody waits. */
TEST(ClosedForms, Q7DeterministicBurstAndStream)
{
    SwitchOptions options;
    options.uplink = bare(2);
    options.downlink = bare(16);
    SwitchRig rig(options);
    sim_time slow = service(options.uplink, 64);
    sim_time begin = sim_now(rig.sim) + SIM_US;

    begin = sim_time_align(begin, SIM_NS);
    for (unsigned i = 0; i < 50; i++) {
        Tlp tlp = write_to(ABOVE, 0x300, i);
        tlp.at_time = begin;
        rig.down[0]->send(tlp);
    }
    rig.run();
    for (unsigned i = 1; i < 50; i++) {
        sim_time since_first = rig.up->got[i].time - rig.up->got[0].time;

        ASSERT_LT(since_first + SIM_NS, i * slow + 2 * SIM_NS);
        ASSERT_GT(since_first + SIM_NS, i * slow) << "exact but for the reader's edge";
    }
    begin = sim_time_align(sim_now(rig.sim) + SIM_US, SIM_NS);
    for (unsigned i = 0; i < 50; i++) {
        Tlp tlp = write_to(ABOVE, 0x300, i);
        tlp.at_time = begin + i * sim_time_align(slow, SIM_NS);
        rig.down[0]->send(tlp);
    }
    rig.run();
    for (unsigned i = 1; i < 50; i++) {
        ASSERT_EQ(rig.up->got[50 + i].time - rig.up->got[50].time, i * sim_time_align(slow, SIM_NS)) << "no wait";
    }
}

/** Q8: three switches in a row with links of different widths: the rate is the slowest one's, to one TLP. */
TEST(ClosedForms, Q8TandemGoesAtTheSlowestStage)
{
    for (uint32_t uplink : {1u, 4u}) {
        for (uint32_t downlink : {2u, 8u}) {
            SwitchOptions options;
            options.uplink = bare(uplink);
            options.downlink = bare(downlink);
            SwitchRig rig(options);
            const size_t count = 2000;

            for (size_t i = 0; i < count; i++) {
                rig.down[0]->send(write_to(ABOVE, 0x300, i, 128));
            }
            rig.run();
            sim_time slowest = std::max(service(options.uplink, 128), service(options.downlink, 128));
            sim_time took = rig.up->got[count - 1].time - rig.up->got[100].time;
            double expected = static_cast<double>(took) / static_cast<double>(slowest);

            EXPECT_NEAR(static_cast<double>(count - 101), expected, 1.0) << uplink << " " << downlink;
        }
    }
}

/** Q9: what comes out is what is offered, until that is more than the wire can carry. */
TEST(ClosedForms, Q9Saturation)
{
    for (unsigned percent : {30u, 70u, 95u, 110u, 200u}) {
        SwitchOptions options;
        options.uplink = bare(1);
        options.downlink = bare(16);
        SwitchRig rig(options);
        sim_time slow = service(options.uplink, 256);
        sim_time gap = slow * 2 * 100 / percent; /* of each of two sources */
        sim_time begin = sim_now(rig.sim) + SIM_US;
        const unsigned count = 1500;

        for (unsigned i = 0; i < count; i++) {
            for (unsigned port = 0; port < 2; port++) {
                Tlp tlp = write_to(ABOVE, rig.rid_below(port), i, 256);
                tlp.at_time = begin + i * gap + port * gap / 2;
                rig.down[port]->send(tlp);
            }
        }
        rig.run();
        double offered = 2.0 / static_cast<double>(gap);
        double rate = (2.0 * count - 1) / static_cast<double>(rig.up->got[2 * count - 1].time - rig.up->got[0].time);

        EXPECT_NEAR(rate, std::min(offered, 1.0 / static_cast<double>(slow)), 0.005 * rate) << percent;
    }
}

/** Q10: headers and data on their way bound the rate: PH / RTT and floor(PD / units) / RTT, whichever is less. */
TEST(ClosedForms, Q10CreditLimitedRate)
{
    struct Row {
        uint32_t headers;
        uint32_t data;
        uint32_t bytes;
    };
    for (const Row &row : {Row{1, 0, 64}, Row{3, 0, 64}, Row{8, 16, 64}, Row{8, 17, 256}, Row{64, 48, 128}}) {
        pcie_link_config link = bare(4);
        struct sim *sim = support::create(support::engines()[0]);
        RawDevice upper(sim, "upper", SIM_NS);
        RawDevice lower(sim, "lower", SIM_NS);
        const size_t count = 1000;

        link.latency = 300 * SIM_NS;
        link.credit_latency = 310 * SIM_NS;
        link.lower_credits.posted_headers = row.headers;
        link.lower_credits.posted_data = row.data;
        pcie_link *made = pcie_link_create(sim, "link", &link, upper.end(), lower.end());
        upper.bind(&made->upper);
        lower.bind(&made->lower);
        for (size_t i = 0; i < count; i++) {
            upper.send(write_to(0x1000, 0, i, row.bytes));
        }
        sim_run(sim, SIM_TIME_NEVER - 1);
        /* The reader looks at an edge, and so does the sender. */
        sim_time rtt = sim_time_align(service(link, row.bytes) + link.latency, SIM_NS) + link.credit_latency;
        double credits = row.headers;
        if (row.data != 0) {
            credits = std::min(credits, std::floor(row.data / std::ceil(row.bytes / 16.0)));
        }
        double expected =
            std::min(1.0 / static_cast<double>(service(link, row.bytes)), credits / static_cast<double>(rtt));
        double rate =
            static_cast<double>(count - 1 - 96) / static_cast<double>(lower.got[count - 1].time - lower.got[96].time);

        EXPECT_NEAR(rate, expected, expected * (credits > 1 ? 0.02 : 0.001)) << row.headers << " " << row.data;
        sim_destroy(sim);
    }
}

/** Q12: TLPs in the system on average = rate × mean time in it, exactly, over a run that drains. */
TEST(ClosedForms, Q12Little)
{
    SwitchOptions options;
    options.uplink = bare(1);
    options.downlink = bare(8);
    SwitchRig rig(options);
    sim_random random;
    sim_time at = sim_now(rig.sim) + SIM_US;
    std::vector<std::pair<sim_time, int>> steps;
    double area = 0;
    double total = 0;

    sim_random_init(&random, 5, "little");
    for (unsigned i = 0; i < 2000; i++) {
        Tlp tlp = write_to(ABOVE, 0x300, i, 64);
        at += sim_random_exponential(&random, 60 * SIM_NS);
        tlp.at_time = at;
        rig.down[0]->send(tlp);
    }
    rig.run();
    for (unsigned i = 0; i < 2000; i++) {
        ASSERT_EQ(rig.up->got[i].tlp.value, i);
        steps.push_back({rig.down[0]->sent[i], 1});
        steps.push_back({rig.up->got[i].time, -1});
        total += static_cast<double>(rig.up->got[i].time - rig.down[0]->sent[i]);
    }
    std::sort(steps.begin(), steps.end());
    int inside = 0;
    for (size_t i = 0; i + 1 < steps.size(); i++) {
        inside += steps[i].second;
        area += inside * static_cast<double>(steps[i + 1].first - steps[i].first);
    }
    EXPECT_NEAR(area, total, total * 1e-9);
}

/** Q13: n inputs with always something to send get every n-th turn each, to one TLP, and never wait longer. */
TEST(ClosedForms, Q13RoundRobinShares)
{
    for (unsigned ports : {2u, 5u, 16u}) {
        SwitchOptions options;
        options.ports = ports;
        options.uplink = bare(2);
        options.downlink = bare(4);
        SwitchRig rig(options);
        const unsigned each = 200;

        for (unsigned port = 0; port < ports; port++) {
            for (unsigned i = 0; i < each; i++) {
                rig.down[port]->send(write_to(ABOVE, rig.rid_below(port), i));
            }
        }
        rig.run();
        for (const auto &[requester, count] : shares(*rig.up, 20 * ports, 120 * ports)) {
            EXPECT_EQ(count, 100u) << "of " << ports << ", " << requester;
        }
        for (size_t i = 20 * ports; i + ports < 120 * ports; i++) {
            ASSERT_EQ(rig.up->got[i].tlp.requester, rig.up->got[i + ports].tlp.requester) << "gaps are all alike";
        }
    }
}

/** Q14: grants in proportion to the weights, to one round; with packets of unequal size, bytes follow the sizes. */
TEST(ClosedForms, Q14WeightsAndSizes)
{
    SwitchOptions options;
    const std::vector<unsigned> weights = {1, 2, 5};
    options.ports = 3;
    options.weights = {1, 2, 5};
    options.uplink = bare(2);
    options.downlink = bare(8);
    SwitchRig rig(options);

    for (unsigned port = 0; port < 3; port++) {
        for (unsigned i = 0; i < 400; i++) {
            rig.down[port]->send(write_to(ABOVE, rig.rid_below(port), i, 64));
        }
    }
    rig.run();
    auto count = shares(*rig.up, 80, 80 + 8 * 50);
    for (unsigned port = 0; port < 3; port++) {
        EXPECT_NEAR(count[rig.rid_below(port)], 50.0 * weights[port], weights[port]);
    }

    SwitchOptions equal;
    equal.uplink = bare(1);
    equal.downlink = bare(8);
    SwitchRig sizes(equal);
    for (unsigned i = 0; i < 300; i++) {
        sizes.down[0]->send(write_to(ABOVE, sizes.rid_below(0), i, 64));
        sizes.down[1]->send(write_to(ABOVE, sizes.rid_below(1), i, 256));
    }
    sizes.run();
    auto turns = shares(*sizes.up, 100, 400);
    EXPECT_NEAR(turns[sizes.rid_below(0)], turns[sizes.rid_below(1)], 1.0) << "packets alike, so bytes as 64 to 256";
}

/** Whose turn it is and has nothing to send loses nothing to others: the wire never rests. */
TEST(ClosedForms, Q14WeightsWasteNothing)
{
    SwitchOptions options;
    options.ports = 2;
    options.weights = {9, 1};
    options.uplink = bare(2);
    options.downlink = bare(8);
    SwitchRig rig(options);
    const unsigned count = 500;

    for (unsigned i = 0; i < count; i++) {
        rig.down[1]->send(write_to(ABOVE, rig.rid_below(1), i, 64));
    }
    rig.run();
    sim_time took = rig.up->got[count - 1].time - rig.up->got[0].time;
    EXPECT_NEAR(static_cast<double>(took), static_cast<double>((count - 1) * service(options.uplink, 64)), 2e6);
}

/**
 * Q15, the parking lot: k switches in a row, a local source at each. Turns are fair at each switch, so the farthest
 * source gets 2^-k of the last link, not 1/(k + 1).
 */
TEST(ClosedForms, Q15ParkingLot)
{
    const unsigned hops = 3;
    struct sim *sim = support::create(support::engines()[0]);
    std::vector<pcie_switch *> switches;
    std::vector<std::unique_ptr<RawDevice>> sources;
    std::vector<pcie_link *> links;
    RawDevice root(sim, "root", SIM_NS);
    const unsigned each = 3000;

    /* Switch i has bus 3i + 1 inside; port 0 leads on to switch i + 1 (or the far source), port 1 to a local one. */
    for (unsigned i = 0; i < hops; i++) {
        pcie_downstream_config ports[2] = {};
        pcie_switch_config config = {};

        pcie_switch_config_init(&config);
        ports[1].device = 1;
        config.downstream = ports;
        config.downstream_count = 2;
        switches.push_back(pcie_switch_create(sim, sim_printf(sim, "sw%u", i), &config));
    }
    auto join = [&](const char *name, pcie_end upper, pcie_end lower) {
        pcie_link_config config = bare(2);

        /* Few credits, so that waiting is in the switches, and each arbiter always has both inputs to choose from. */
        config.upper_credits.posted_headers = 16;
        links.push_back(pcie_link_create(sim, name, &config, upper, lower));
        return links.back();
    };
    pcie_link *top = join("top", root.end(), pcie_switch_end(switches[0]));
    root.bind(&top->upper);
    pcie_switch_bind_upstream(switches[0], &top->lower);
    for (unsigned i = 0; i < hops; i++) {
        sources.push_back(std::make_unique<RawDevice>(sim, sim_printf(sim, "local%u", i), SIM_NS));
        pcie_link *local = join(sim_printf(sim, "l%u", i), pcie_switch_end(switches[i]), sources.back()->end());
        pcie_switch_bind_downstream(switches[i], 1, &local->upper);
        sources.back()->bind(&local->lower);
        if (i + 1 < hops) {
            pcie_link *on =
                join(sim_printf(sim, "on%u", i), pcie_switch_end(switches[i]), pcie_switch_end(switches[i + 1]));
            pcie_switch_bind_downstream(switches[i], 0, &on->upper);
            pcie_switch_bind_upstream(switches[i + 1], &on->lower);
        } else {
            sources.push_back(std::make_unique<RawDevice>(sim, "far", SIM_NS));
            pcie_link *far = join("far", pcie_switch_end(switches[i]), sources.back()->end());
            pcie_switch_bind_downstream(switches[i], 0, &far->upper);
            sources.back()->bind(&far->lower);
        }
    }
    /* Bus Master Enable in every bridge, from above; windows stay closed, so everything goes up. */
    auto enable = [&](uint16_t rid, bool type1) {
        Tlp tlp;
        tlp.type = SIM_PACKET_CONFIG_WRITE;
        tlp.target = rid;
        tlp.address = PCIE_COMMAND;
        tlp.value = PCIE_COMMAND_BUS_MASTER;
        tlp.flags = type1 ? SIM_FLAG_CONFIG_TYPE1 : 0;
        root.send(tlp);
        tlp.address = PCIE_PRIMARY_BUS;
        return tlp;
    };
    unsigned bus = 1;
    for (unsigned i = 0; i < hops; i++) {
        unsigned inside = bus + 1;
        Tlp numbers = enable(static_cast<uint16_t>(bus << 8), i > 0);
        numbers.value = bus | inside << 8 | 0xff << 16;
        numbers.tag = 1;
        root.send(numbers);
        numbers = enable(static_cast<uint16_t>(inside << 8), true);
        numbers.value = inside | (inside + 1) << 8 | 0xfe << 16;
        root.send(numbers);
        enable(static_cast<uint16_t>(inside << 8 | 1 << 3), true);
        sim_run(sim, SIM_TIME_NEVER - 1);
        bus = inside + 1;
    }
    for (const RawDevice::Got &got : root.got) {
        ASSERT_EQ(got.tlp.status, SIM_STATUS_OK);
    }
    root.got.clear();
    for (unsigned s = 0; s < sources.size(); s++) {
        for (unsigned i = 0; i < each; i++) {
            sources[s]->send(write_to(ABOVE, static_cast<uint16_t>(s), i, 64));
        }
    }
    sim_run(sim, SIM_TIME_NEVER - 1);
    auto count = shares(root, 400, 4400);
    EXPECT_NEAR(count[0] / 4000.0, 0.5, 0.005);
    EXPECT_NEAR(count[1] / 4000.0, 0.25, 0.0025);
    EXPECT_NEAR(count[2] / 4000.0, 0.125, 0.00125);
    EXPECT_NEAR(count[3] / 4000.0, 0.125, 0.00125) << "the far one: 2^-3";
    sim_destroy(sim);
}

/**
 * Q16: inputs that are queues, with uniformly drawn outputs, block at the head: of n = 2 outputs 3/4 are busy, of many
 * 2 - sqrt 2 (4 % more at 31: the limit is approached as 1/n). An input takes as long as an output for a TLP: it stores
 * one and forwards it, and has room for no other.
 */
TEST(ClosedForms, Q16HeadOfLineBlocking)
{
    const struct {
        unsigned ports;
        unsigned each;
        double rate;
        double tolerance;
    } rows[] = {{2, 12000, 0.75, 0.01}, {31, 1500, 0.586, 0.03}};

    for (const auto &row : rows) {
        SwitchOptions options;
        options.ports = 2 * row.ports;
        options.downlink = link_of(2500, 1, PCIE_OVERHEAD_NONE);
        options.downlink.latency = SIM_NS;
        options.downlink.credit_latency = SIM_NS;
        options.downlink.upper_credits.posted_headers = 1;
        options.config.latency = SIM_NS;
        options.config.store_and_forward = true;
        SwitchRig rig(options);
        sim_time slow = service(options.downlink, 512);
        sim_time begin = sim_now(rig.sim);

        for (unsigned port = 0; port < row.ports; port++) {
            sim_random random;

            sim_random_init(&random, 7, sim_printf(rig.sim, "source %u", port));
            for (unsigned i = 0; i < row.each; i++) {
                uint64_t to = row.ports + sim_random_below(&random, row.ports);

                rig.down[port]->send(write_to(rig.window(to), rig.rid_below(port), i, 512));
            }
        }
        /* While all inputs have something: the last TLPs of a run are not contended. */
        sim_run(rig.sim, begin + row.each / 2 * slow);
        uint64_t before = pcie_switch_get_counters(rig.sw)->peer_to_peer;
        sim_run(rig.sim, begin + row.each * slow);
        double moved = static_cast<double>(pcie_switch_get_counters(rig.sw)->peer_to_peer - before);

        EXPECT_NEAR(moved / (row.each / 2.0 * row.ports), row.rate, row.rate * row.tolerance) << row.ports;
    }
}

} // namespace

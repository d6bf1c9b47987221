/* A switch alone: ordering between classes, arbitration, blocking, its ports as bridges. */
#include "tests/pcie/switch_rig.h"

#include <gtest/gtest.h>

#include <set>

using namespace pcie_test;

namespace
{

Tlp write_to(uint64_t address, uint16_t requester, uint64_t value = 0, uint32_t bytes = 4)
{
    Tlp tlp;

    tlp.address = address;
    tlp.requester = requester;
    tlp.value = value;
    tlp.length = bytes;
    return tlp;
}

Tlp read_of(uint64_t address, uint16_t requester, uint16_t tag = 0)
{
    Tlp tlp = write_to(address, requester);

    tlp.type = SIM_PACKET_READ;
    tlp.tag = tag;
    return tlp;
}

Tlp completion_to(uint16_t target, uint16_t tag, uint32_t bytes = 4)
{
    Tlp tlp;

    tlp.type = SIM_PACKET_COMPLETION;
    tlp.target = target;
    tlp.tag = tag;
    tlp.length = bytes;
    tlp.arg = bytes;
    return tlp;
}

std::vector<uint8_t> types_of(const RawDevice &device)
{
    std::vector<uint8_t> result;

    for (const auto &got : device.got) {
        result.push_back(got.tlp.type);
    }
    return result;
}

/** Leaves a class of the upper device's receiver full until a time far away. */
constexpr sim_time LATE = 100 * SIM_US;

SwitchOptions one_posted_credit()
{
    SwitchOptions options;

    options.uplink.upper_credits.posted_headers = 1;
    return options;
}

TEST(SwitchOrder, ReadAndCompletionDoNotPassAnEarlierWrite)
{
    for (const auto &engine : support::engines()) {
        SwitchOptions options = one_posted_credit();
        options.engine = engine;
        SwitchRig rig(options);

        rig.up->closed_until[PCIE_POSTED] = LATE;
        rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 1));
        rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 2)); /* held in the switch: no credit */
        rig.down[0]->send(read_of(0x1000, rig.rid_below(0)));
        rig.down[0]->send(completion_to(0x0000, 7));
        rig.run();
        auto types = types_of(*rig.up);
        ASSERT_EQ(types.size(), 4u) << engine.name;
        size_t second_write = 0;
        for (size_t i = 0; i < 4; i++) {
            second_write = types[i] == SIM_PACKET_WRITE && rig.up->got[i].tlp.value == 2 ? i : second_write;
        }
        EXPECT_EQ(second_write, 1u) << "both writes are there before anything else";
        EXPECT_GE(rig.up->got[2].time, LATE);
    }
}

/** Both come in at one edge of a slow clock: the write still counts as the earlier one. */
TEST(SwitchOrder, ReadDoesNotPassAWriteOfTheSameInstant)
{
    SwitchOptions options = one_posted_credit();
    options.config.period = 16 * SIM_NS;
    options.downlink.width = 16;
    SwitchRig rig(options);

    rig.up->closed_until[PCIE_POSTED] = LATE;
    rig.down[1]->send(write_to(0x1000, rig.rid_below(1), 1)); /* takes the only credit */
    rig.run();
    rig.up->got.clear();
    sim_time later = sim_time_align(sim_now(rig.sim) + SIM_US, 16 * SIM_NS) + SIM_NS;
    rig.up->closed_until[PCIE_POSTED] = later + LATE;
    for (uint64_t value = 2; value <= 3; value++) {
        Tlp tlp = write_to(0x1000, rig.rid_below(0), value);

        tlp.at_time = later;
        rig.down[0]->send(tlp);
    }
    Tlp read = read_of(0x1000, rig.rid_below(0));
    read.at_time = later;
    rig.down[0]->send(read);
    rig.run();
    ASSERT_EQ(rig.down[0]->sent[2] - rig.down[0]->sent[0], 2 * SIM_NS) << "so close that they arrive together";
    std::vector<uint8_t> expected = {SIM_PACKET_WRITE, SIM_PACKET_WRITE, SIM_PACKET_READ};
    EXPECT_EQ(types_of(*rig.up), expected);
}

TEST(SwitchOrder, RelaxedCompletionMayPassAWrite)
{
    SwitchRig rig(one_posted_credit());
    Tlp completion = completion_to(0x0000, 7);

    completion.flags = SIM_FLAG_RELAXED;
    rig.up->closed_until[PCIE_POSTED] = LATE;
    rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 1));
    rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 2));
    rig.down[0]->send(completion);
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 3u);
    EXPECT_EQ(rig.up->got[0].tlp.type, SIM_PACKET_COMPLETION);
    EXPECT_LT(rig.up->got[0].time, LATE);
}

TEST(SwitchOrder, OtherPortsDoNotWait)
{
    SwitchRig rig(one_posted_credit());

    rig.up->closed_until[PCIE_POSTED] = LATE;
    rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 1));
    rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 2));
    rig.down[1]->send(read_of(0x1000, rig.rid_below(1)));
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 3u);
    EXPECT_EQ(rig.up->got[0].tlp.type, SIM_PACKET_READ) << "no write came before it at its own port";
}

TEST(SwitchOrder, WriteAndCompletionPassABlockedRead)
{
    SwitchOptions options;
    options.uplink.upper_credits.non_posted_headers = 1;
    SwitchRig rig(options);

    rig.up->closed_until[PCIE_NON_POSTED] = LATE;
    rig.down[0]->send(read_of(0x1000, rig.rid_below(0), 1));
    rig.down[0]->send(read_of(0x1000, rig.rid_below(0), 2));
    rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 3));
    rig.down[0]->send(completion_to(0x0000, 7));
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 4u);
    EXPECT_EQ(rig.up->got[0].tlp.type, SIM_PACKET_WRITE);
    EXPECT_EQ(rig.up->got[1].tlp.type, SIM_PACKET_COMPLETION);
    EXPECT_LT(rig.up->got[1].time, LATE);
    EXPECT_GE(rig.up->got[2].time, LATE);
}

TEST(SwitchOrder, WritesOfAPortStayInOrder)
{
    SwitchRig rig;

    for (uint64_t i = 0; i < 40; i++) {
        rig.down[0]->send(write_to(i % 3 == 0 ? rig.window(1) : 0x1000, rig.rid_below(0), i, i % 2 == 0 ? 64 : 4));
    }
    rig.run();
    uint64_t last = 0;
    for (const auto &got : rig.up->got) {
        EXPECT_GT(got.tlp.value, last);
        last = got.tlp.value;
    }
    EXPECT_EQ(rig.up->got.size() + rig.down[1]->got.size(), 40u);
}

TEST(SwitchOrder, BlockedHeadBlocksItsClassOnly)
{
    SwitchOptions options;
    options.downlink.lower_credits.posted_headers = 1;
    SwitchRig rig(options);

    rig.down[1]->closed_until[PCIE_POSTED] = LATE;
    rig.down[0]->send(write_to(rig.window(1), rig.rid_below(0), 1));
    rig.down[0]->send(write_to(rig.window(1), rig.rid_below(0), 2)); /* stuck at the head of the input */
    rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 3));        /* for a free output, behind it */
    rig.up->send(read_of(rig.window(0), 0x0000));
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 1u);
    EXPECT_GE(rig.up->got[0].time, LATE) << "head-of-line blocking";
    ASSERT_EQ(rig.down[0]->got.size(), 1u);
    EXPECT_LT(rig.down[0]->got[0].time, LATE);
}

/* ---- Arbitration ---- */

TEST(SwitchArbitration, BackloggedPortsShareTheUplinkEqually)
{
    for (const auto &engine : {support::engines()[0], support::engines()[4]}) {
        SwitchOptions options;
        options.engine = engine;
        options.ports = 5;
        options.uplink.width = 1;
        options.downlink.width = 16;
        SwitchRig rig(options);

        for (unsigned port = 0; port < 5; port++) {
            for (uint64_t i = 0; i < 60; i++) {
                rig.down[port]->send(write_to(0x1000, rig.rid_below(port), i, 64));
            }
        }
        rig.run();
        ASSERT_EQ(rig.up->got.size(), 300u);
        /* While all are backlogged, any five in a row come from five ports. */
        for (size_t i = 10; i + 5 <= 250; i++) {
            std::set<uint16_t> sources;

            for (size_t k = i; k < i + 5; k++) {
                sources.insert(rig.up->got[k].tlp.requester);
            }
            ASSERT_EQ(sources.size(), 5u) << "at " << i << ", " << engine.name;
        }
    }
}

TEST(SwitchArbitration, ClassesShareAnOutput)
{
    SwitchOptions options;
    options.uplink.width = 1;
    SwitchRig rig(options);

    for (uint64_t i = 0; i < 40; i++) {
        rig.down[0]->send(write_to(0x1000, rig.rid_below(0), i));
        rig.down[1]->send(read_of(0x1000, rig.rid_below(1), static_cast<uint16_t>(i)));
    }
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 80u);
    unsigned writes = 0;
    for (size_t i = 10; i < 50; i++) {
        writes += rig.up->got[i].tlp.type == SIM_PACKET_WRITE;
    }
    EXPECT_NEAR(writes, 20, 1) << "of 40 in the middle";
}

TEST(SwitchArbitration, ThroughputOfAnOutputIsItsWire)
{
    SwitchOptions options;
    options.uplink.width = 2;
    options.downlink.width = 16;
    SwitchRig rig(options);

    for (unsigned port = 0; port < 2; port++) {
        for (uint64_t i = 0; i < 100; i++) {
            rig.down[port]->send(write_to(0x1000, rig.rid_below(port), i, 128));
        }
    }
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 200u);
    sim_wire wire = wire_of(options.uplink);
    sim_time packet = sim_wire_time(&wire, 8 + 12 + 128);
    double mean = static_cast<double>(rig.up->got[190].time - rig.up->got[10].time) / 180;
    /* The switch looks at its outputs at clock edges, so a packet may start up to a period late, never early. */
    EXPECT_GE(mean, static_cast<double>(packet));
    EXPECT_LE(mean, static_cast<double>(packet + options.config.period));
}

/* ---- Ports ---- */

TEST(SwitchPorts, MultiFunctionDownstreamPorts)
{
    SwitchOptions options;
    options.multi_function = true;
    options.ports = 3;
    SwitchRig rig(options);
    const pcie_bridge *bridge = pcie_switch_bridge(rig.sw, 1);

    EXPECT_EQ(rig.port_rid[2], 0x0202);
    EXPECT_NE(pcie_config_get8(&bridge->config, PCIE_HEADER_TYPE) & PCIE_HEADER_TYPE_MULTI_FUNCTION, 0);
    rig.up->send(write_to(rig.window(2), 0, 5));
    rig.down[2]->send(write_to(rig.window(1), rig.rid_below(2), 6));
    rig.run();
    EXPECT_EQ(rig.down[2]->got.size(), 1u);
    EXPECT_EQ(rig.down[1]->got.size(), 1u);
}

TEST(SwitchPorts, PrefetchableWindowAboveFourGibibytes)
{
    SwitchRig rig;

    for (uint16_t rid : {static_cast<uint16_t>(0x0100), rig.port_rid[1]}) {
        rig.config_write(rid, PCIE_PREFETCH_BASE, 0x0010'0000 | 0x0020);
        rig.config_write(rid, PCIE_PREFETCH_BASE_HI, 0x12);
        rig.config_write(rid, PCIE_PREFETCH_LIMIT_HI, 0x12);
        rig.config_write(rid, PCIE_PREFETCH_BASE, 0x0031'0021);
    }
    uint64_t inside = UINT64_C(0x1200200000);
    rig.up->send(write_to(inside, 0, 1));
    rig.up->send(write_to(UINT64_C(0x12003fffff) & ~UINT64_C(3), 0, 2));
    rig.up->send(write_to(UINT64_C(0x1200400000), 0, 3)); /* just above */
    rig.up->send(write_to(inside - 4, 0, 4));             /* just below */
    rig.run();
    ASSERT_EQ(rig.down[1]->got.size(), 2u);
    EXPECT_EQ(rig.down[1]->got[0].tlp.value, 1u);
    EXPECT_EQ(pcie_switch_get_counters(rig.sw)->unsupported, 2u);
}

TEST(SwitchPorts, AriForwardingLetsDeviceNumbersThrough)
{
    SwitchRig rig;
    Tlp config = read_of(0, 0, 9);
    const pcie_bridge *bridge = pcie_switch_bridge(rig.sw, 1);

    config.type = SIM_PACKET_CONFIG_READ;
    config.flags = SIM_FLAG_CONFIG_TYPE1;
    config.target = 0x0309;
    rig.up->send(config);
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 1u);
    EXPECT_EQ(rig.up->got[0].tlp.status, SIM_STATUS_UR);
    rig.config_write(rig.port_rid[0], bridge->config.express + PCIE_EXP_DEVICE_CONTROL2,
                     PCIE_EXP_DEVCTL2_ARI_FORWARDING);
    rig.up->send(config);
    rig.run();
    ASSERT_EQ(rig.down[0]->got.size(), 1u);
    EXPECT_EQ(rig.down[0]->got[0].tlp.flags & SIM_FLAG_CONFIG_TYPE1, 0u) << "type 0 at its bus";
    EXPECT_EQ(rig.down[0]->got[0].tlp.target, 0x0309);
}

TEST(SwitchPorts, ConfigurationRequestsFromBelowAreUnsupported)
{
    SwitchRig rig;
    Tlp config = read_of(0, rig.rid_below(0), 9);

    config.type = SIM_PACKET_CONFIG_READ;
    config.target = 0x0400;
    rig.down[0]->send(config);
    rig.run();
    ASSERT_EQ(rig.down[0]->got.size(), 1u);
    EXPECT_EQ(rig.down[0]->got[0].tlp.status, SIM_STATUS_UR);
    EXPECT_EQ(rig.down[0]->got[0].tlp.target, rig.rid_below(0));
}

TEST(SwitchPorts, PortWithoutALinkAnswersForWhatIsBelowIt)
{
    SwitchOptions options;
    options.unlinked = 1;
    SwitchRig rig(options);
    Tlp config = read_of(0, 0, 9);

    rig.up->send(read_of(rig.window(2), 0, 1));
    rig.up->send(write_to(rig.window(2), 0, 1));
    config.type = SIM_PACKET_CONFIG_READ;
    config.flags = SIM_FLAG_CONFIG_TYPE1;
    config.target = rig.rid_below(2);
    rig.up->send(config);
    rig.down[0]->send(read_of(rig.window(2), rig.rid_below(0), 2));
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 2u);
    EXPECT_EQ(rig.up->got[0].tlp.status, SIM_STATUS_UR);
    EXPECT_EQ(rig.up->got[1].tlp.status, SIM_STATUS_UR);
    ASSERT_EQ(rig.down[0]->got.size(), 1u);
    EXPECT_EQ(rig.down[0]->got[0].tlp.status, SIM_STATUS_UR);
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_DROPPED), 1u);
    EXPECT_EQ(sim_pool(rig.sim)->live, 0u);
}

TEST(SwitchPorts, CutThroughActsOnTheHeader)
{
    SwitchOptions options;
    options.config.latency = 20 * SIM_NS;
    SwitchRig rig(options);
    sim_wire wire = wire_of(options.downlink);

    sim_time start = sim_now(rig.sim) + SIM_NS;
    rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 1, 512));
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 1u);
    /* One serialisation of the whole, one of the header, two flights, one switch: not two serialisations. */
    sim_time header = sim_time_align(start + sim_wire_time(&wire, 16) + options.downlink.latency, SIM_NS);
    sim_time whole = header + options.config.latency + sim_wire_time(&wire, 532) + options.uplink.latency;
    EXPECT_EQ(rig.up->got[0].time, sim_time_align(whole, SIM_NS));
}

} // namespace

/* Virtual channels: their registers, buffers of their own, arbitration between channels and between inputs. */
#include "tests/pcie/switch_rig.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

constexpr sim_time LATE = 100 * SIM_US;

Tlp write_to(uint64_t address, uint16_t requester, uint8_t traffic_class, uint64_t value = 0, uint32_t bytes = 4)
{
    Tlp tlp;

    tlp.address = address;
    tlp.requester = requester;
    tlp.value = value;
    tlp.length = bytes;
    tlp.traffic_class = traffic_class;
    return tlp;
}

SwitchOptions with_vcs(unsigned extended, unsigned low_priority = 0, bool port_tables = false)
{
    SwitchOptions options;

    options.virtual_channels = {extended, low_priority, port_tables};
    return options;
}

/** Traffic classes of what arrived, as digits. */
std::string classes_of(const RawDevice &device)
{
    std::string result;

    for (const auto &got : device.got) {
        result += static_cast<char>('0' + got.tlp.traffic_class);
    }
    return result;
}

/* ---- Registers ---- */

TEST(VcRegisters, ThereIsNoCapabilityForVc0Alone)
{
    SwitchRig rig;

    EXPECT_EQ(rig.vc_capability(0), 0u);
    EXPECT_EQ(rig.vc_capability(1), 0u);
}

TEST(VcRegisters, SayWhatThePortOffers)
{
    SwitchRig rig(with_vcs(3, 2, true));
    const uint16_t rid = rig.rid_of(1);
    const unsigned at = rig.vc_capability(1);

    ASSERT_NE(at, 0u);
    EXPECT_EQ(rig.config_read(rid, at) & PCIE_EXT_CAP_ID, PCIE_EXT_CAP_ID_VC);
    EXPECT_EQ(rig.config_read(rid, at + PCIE_VC_PORT_CAPABILITY1), 3u | 2u << 4 | 3u << 10);
    EXPECT_EQ(rig.config_read(rid, at + PCIE_VC_PORT_CAPABILITY2) & 0xff, 0xfu);
    EXPECT_EQ(rig.config_read(rid, at + PCIE_VC_RESOURCE(0) + PCIE_VC_RESOURCE_CONTROL), 0x800000ffu);
    EXPECT_EQ(rig.config_read(rid, at + PCIE_VC_RESOURCE(1) + PCIE_VC_RESOURCE_CONTROL), 0x01000000u);
    EXPECT_EQ(rig.config_read(rid, at + PCIE_VC_RESOURCE(3)) & 0xff, 0xfu);
}

TEST(VcRegisters, Tc0StaysOnVc0)
{
    SwitchRig rig(with_vcs(1));
    const uint16_t rid = rig.rid_of(0);
    const unsigned vc0 = rig.vc_capability(0) + PCIE_VC_RESOURCE(0) + PCIE_VC_RESOURCE_CONTROL;
    const unsigned vc1 = rig.vc_capability(0) + PCIE_VC_RESOURCE(1) + PCIE_VC_RESOURCE_CONTROL;

    rig.config_write(rid, vc0, 0);
    EXPECT_EQ(rig.config_read(rid, vc0), 0x80000001u);
    rig.config_write(rid, vc1, 0xff);
    EXPECT_EQ(rig.config_read(rid, vc1), 0x000000feu);
}

/** Flow control of a virtual channel is initialised when both ends have it on, by 2 × (3 InitFC + flight). */
TEST(VcRegisters, NegotiationIsPendingUntilBothEndsAreOn)
{
    SwitchRig rig(with_vcs(1));
    const uint16_t rid = rig.rid_of(1);
    const unsigned at = rig.vc_capability(1) + PCIE_VC_RESOURCE(1);
    const unsigned status = at + PCIE_VC_RESOURCE_STATUS - 2;

    EXPECT_EQ(rig.config_read(rid, status) >> 16 & PCIE_VC_NEGOTIATION_PENDING, 0u);
    rig.config_write(rid, at + PCIE_VC_RESOURCE_CONTROL, PCIE_VC_ENABLE | 1u << PCIE_VC_ID_SHIFT | 2);
    EXPECT_NE(rig.config_read(rid, status) >> 16 & PCIE_VC_NEGOTIATION_PENDING, 0u);
    rig.down[0]->use_vc(1, 1);
    const pcie_port &upper = rig.downlinks[0]->upper;
    const sim_time dllp = sim_wire_time(&upper.own->wire, PCIE_DLLP_BYTES);
    EXPECT_EQ(upper.own->ready_at[1], sim_now(rig.sim) + 2 * (3 * dllp + 10 * SIM_NS));
    EXPECT_FALSE(pcie_port_vc_is_ready(&upper, 1, sim_now(rig.sim)));
    rig.run();
    EXPECT_EQ(rig.config_read(rid, status) >> 16 & PCIE_VC_NEGOTIATION_PENDING, 0u);
}

/** A TLP that comes for a channel whose other end is not on waits in the switch until it is. */
TEST(VcRegisters, NothingIsSentBeforeBothEndsAreOn)
{
    for (const auto &engine : support::engines()) {
        SwitchOptions options = with_vcs(1);
        options.engine = engine;
        SwitchRig rig(options);

        rig.use_vc(1, 1, 5);
        const unsigned at = rig.vc_capability(0) + PCIE_VC_RESOURCE(1) + PCIE_VC_RESOURCE_CONTROL;
        rig.config_write(rig.rid_of(0), at, PCIE_VC_ENABLE | 1u << PCIE_VC_ID_SHIFT | 1u << 5);
        rig.up->got.clear();
        rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 5, 7));
        rig.run();
        EXPECT_EQ(rig.up->got.size(), 0u);
        rig.up->use_vc(1, 5);
        rig.run();
        ASSERT_EQ(rig.up->got.size(), 1u) << engine.name;
        EXPECT_EQ(rig.up->got[0].queue, pcie_queue(1, PCIE_POSTED));
        EXPECT_EQ(rig.up->got[0].tlp.traffic_class, 5);
    }
}

/** A traffic class without a virtual channel makes a TLP malformed: dropped without an answer, and logged. */
TEST(VcRegisters, AnUnmappedTrafficClassIsMalformed)
{
    SwitchRig rig(with_vcs(1));

    const unsigned at = rig.vc_capability(1) + PCIE_VC_RESOURCE(0) + PCIE_VC_RESOURCE_CONTROL;
    rig.config_write(rig.rid_of(1), at, 0x0f);
    rig.up->got.clear();
    Tlp read = write_to(0x1000, rig.rid_below(0), 4);
    read.type = SIM_PACKET_READ;
    rig.down[0]->send(read);
    rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 3));
    rig.run();
    EXPECT_EQ(classes_of(*rig.up), "3");
    EXPECT_EQ(rig.down[0]->got.size(), 0u) << "no completion for a malformed TLP";
    const pcie_config_space &space = pcie_switch_bridge(rig.sw, 1)->config;
    EXPECT_NE(pcie_config_get32(&space, space.aer + PCIE_AER_UNCORRECTABLE_STATUS) & PCIE_AER_MALFORMED_TLP, 0u);
    EXPECT_EQ(pcie_switch_get_counters(rig.sw)->dropped, 1u);
}

/* ---- Buffers and order ---- */

/** VC0 is without credits: VC1 has its own, and is not held up. */
TEST(VcFlow, ABlockedChannelBlocksNoOther)
{
    for (const auto &engine : support::engines()) {
        SwitchOptions options = with_vcs(1);
        options.engine = engine;
        options.uplink.upper_credits.posted_headers = 1;
        SwitchRig rig(options);

        rig.use_vc(0, 1, 1);
        rig.use_vc(1, 1, 1);
        rig.up->closed_until[PCIE_POSTED] = LATE;
        for (const uint8_t traffic_class : std::vector<uint8_t>{0, 0, 0, 1, 1}) {
            rig.down[0]->send(write_to(0x1000, rig.rid_below(0), traffic_class));
        }
        rig.run();
        EXPECT_EQ(classes_of(*rig.up), "11000") << engine.name;
        EXPECT_LT(rig.up->got[1].time, LATE);
        EXPECT_GE(rig.up->got[2].time, LATE);
    }
}

/** Reads push the writes of their own channel only. */
TEST(VcFlow, OrderHoldsInsideAChannelOnly)
{
    SwitchOptions options = with_vcs(1);
    options.uplink.upper_credits.posted_headers = 1;
    SwitchRig rig(options);

    rig.use_vc(0, 1, 1);
    rig.use_vc(1, 1, 1);
    rig.up->closed_until[PCIE_POSTED] = LATE;
    rig.up->closed_until[pcie_queue(1, PCIE_POSTED)] = 2 * LATE;
    const uint16_t rid = rig.rid_below(0);
    for (const uint8_t traffic_class : std::vector<uint8_t>{0, 0, 1, 1}) {
        rig.down[0]->send(write_to(0x1000, rid, traffic_class));
    }
    for (const uint8_t traffic_class : std::vector<uint8_t>{0, 1}) {
        Tlp read = write_to(0x1000, rid, traffic_class);
        read.type = SIM_PACKET_READ;
        rig.down[0]->send(read);
    }
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 6u);
    for (const auto &got : rig.up->got) {
        if (got.tlp.type == SIM_PACKET_READ) {
            sim_time own = got.tlp.traffic_class == 0 ? LATE : 2 * LATE;
            EXPECT_GE(got.time, own) << unsigned{got.tlp.traffic_class};
            EXPECT_LT(got.time, own + SIM_US) << unsigned{got.tlp.traffic_class};
        }
    }
}

/* ---- Arbitration between virtual channels ---- */

/** Both channels have a backlog of 256-byte writes from ports of their own, for the uplink, which is slow. */
struct Backlog {
    SwitchRig rig;

    Backlog(SwitchOptions options, unsigned count) : rig(slow(options))
    {
        for (unsigned vc = 1; vc < 3 && vc <= options.virtual_channels.extended; vc++) {
            rig.use_vc(0, vc, vc);
            rig.use_vc(vc + 1, vc, vc);
        }
        for (unsigned i = 0; i < count; i++) {
            for (uint8_t port = 0; port < options.ports; port++) {
                rig.down[port]->send(write_to(0x1000, rig.rid_below(port), port, i, 256));
            }
        }
    }

    static SwitchOptions slow(SwitchOptions options)
    {
        options.uplink.speed = 2500;
        options.uplink.width = 1;
        return options;
    }
};

TEST(VcArbitration, ChannelsAboveTheGroupGoFirst)
{
    SwitchOptions options = with_vcs(2);
    options.ports = 3;
    Backlog backlog(options, 8);

    backlog.rig.run();
    /* The first to come find the wire free; then the highest goes before all others. */
    std::string order = classes_of(*backlog.rig.up).substr(2);
    EXPECT_EQ(order.find_first_not_of('2'), order.find('1'));
    EXPECT_EQ(order.find('0', order.find_last_of('1')), order.find_last_of('1') + 1);
    EXPECT_LT(order.find_last_of('2'), order.find_last_of('1'));
}

TEST(VcArbitration, InsideTheGroupTheyTakeTurns)
{
    SwitchOptions options = with_vcs(1, 1);
    Backlog backlog(options, 8);

    backlog.rig.run();
    const std::string order = classes_of(*backlog.rig.up);
    ASSERT_EQ(order.size(), 16u);
    for (size_t i = 2; i < 14; i++) {
        EXPECT_NE(order[i], order[i - 1]) << order;
    }
}

/** Entries of the table are 4 bits; so many of every 32 name VC1. */
void load_vc_table(SwitchRig &rig, unsigned port, unsigned of_vc1)
{
    const unsigned at = rig.vc_capability(port);
    const unsigned table = (rig.config_read(rig.rid_of(port), at + PCIE_VC_PORT_CAPABILITY2) >> 24) * 16;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t value = 0;

        for (unsigned j = 0; j < 8; j++) {
            value |= ((8 * i + j) % 32 < of_vc1 ? 1u : 0u) << (4 * j);
        }
        rig.config_write(rig.rid_of(port), at + table + 4 * i, value);
    }
    EXPECT_NE(rig.config_read(rig.rid_of(port), at + PCIE_VC_PORT_CONTROL) >> 16 & PCIE_VC_TABLE_STATUS, 0u);
    rig.config_write(rig.rid_of(port), at + PCIE_VC_PORT_CONTROL,
                     PCIE_VC_LOAD_TABLE | PCIE_VC_WEIGHTED_32 << PCIE_VC_ARBITRATION_SELECT_SHIFT);
    EXPECT_EQ(rig.config_read(rig.rid_of(port), at + PCIE_VC_PORT_CONTROL), PCIE_VC_WEIGHTED_32 << 1)
        << "loaded, and the load bit reads 0";
    rig.up->got.clear();
}

TEST(VcArbitration, ATableWeighsChannels)
{
    SwitchRig rig(Backlog::slow(with_vcs(1, 1)));

    rig.use_vc(0, 1, 1);
    rig.use_vc(2, 1, 1);
    load_vc_table(rig, 0, 24);
    for (unsigned i = 0; i < 60; i++) {
        rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 0, i, 256));
        rig.down[1]->send(write_to(0x1000, rig.rid_below(1), 1, i, 256));
    }
    rig.run();
    const std::string order = classes_of(*rig.up);
    ASSERT_EQ(order.size(), 120u);
    /* While both wait, each stretch of 32 has 24 of VC1. */
    for (size_t start = 4; start + 32 <= 76; start++) {
        const std::string window = order.substr(start, 32);

        EXPECT_EQ(std::count(window.begin(), window.end(), '1'), 24) << start << " " << order;
    }
}

/* ---- Arbitration between inputs ---- */

/** Entries of port arbitration tables are bytes: here downstream port 2 has three of four phases. */
TEST(VcArbitration, APortTableWeighsInputs)
{
    SwitchRig rig(Backlog::slow(with_vcs(1, 1, true)));
    const uint16_t rid = rig.rid_of(0);
    const unsigned at = rig.vc_capability(0);
    const unsigned resource = at + PCIE_VC_RESOURCE(0);
    const unsigned table = at + (rig.config_read(rid, resource) >> 24) * 16;

    for (unsigned i = 0; i < 8; i++) {
        rig.config_write(rid, table + 4 * i, 0x02020201);
    }
    rig.config_write(rid, resource + PCIE_VC_RESOURCE_CONTROL,
                     0xff | PCIE_VC_LOAD_PORT_TABLE | PCIE_VC_WEIGHTED_32 << PCIE_VC_PORT_SELECT_SHIFT);
    EXPECT_EQ(rig.config_read(rid, resource + PCIE_VC_RESOURCE_CONTROL) & PCIE_VC_LOAD_PORT_TABLE, 0u);
    rig.up->got.clear();
    for (unsigned i = 0; i < 40; i++) {
        rig.down[0]->send(write_to(0x1000, rig.rid_below(0), 0, 1, 256));
        rig.down[1]->send(write_to(0x1000, rig.rid_below(1), 0, 2, 256));
    }
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 80u);
    for (size_t start = 4; start + 4 <= 52; start++) {
        unsigned second = 0;

        for (size_t i = start; i < start + 4; i++) {
            second += rig.up->got[i].tlp.value == 2;
        }
        EXPECT_EQ(second, 3u) << start;
    }
}

} // namespace

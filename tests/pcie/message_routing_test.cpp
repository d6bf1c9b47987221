/* Messages in a switch, by their routing: to the root, by ID, to everybody, to the receiver, gathered. */
#include "tests/pcie/pair.h"
#include "tests/pcie/switch_rig.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

Tlp message_of(uint8_t code, uint32_t routing, uint16_t requester, uint32_t bytes = 0)
{
    Tlp tlp;

    tlp.type = SIM_PACKET_MESSAGE;
    tlp.operation = code;
    tlp.arg = routing;
    tlp.requester = requester;
    tlp.length = bytes;
    tlp.flags = 0;
    return tlp;
}

SwitchOptions three_ports(const support::Engine &engine = support::engines()[0])
{
    SwitchOptions options;

    options.engine = engine;
    options.ports = 3;
    options.unlinked = 1;
    return options;
}

TEST(MessageRouting, ToTheRootGoesUp)
{
    SwitchRig rig(three_ports());

    rig.down[1]->send(message_of(PCIE_MESSAGE_VENDOR1, PCIE_ROUTE_TO_ROOT, rig.rid_below(1), 8));
    rig.run();
    ASSERT_EQ(rig.up->got.size(), 1u);
    EXPECT_EQ(rig.up->got[0].tlp.operation, PCIE_MESSAGE_VENDOR1);
    EXPECT_EQ(rig.up->got[0].data.size(), 8u);
    EXPECT_TRUE(rig.down[0]->got.empty() && rig.down[2]->got.empty());
}

TEST(MessageRouting, ByIdGoesToThatBus)
{
    SwitchRig rig(three_ports());
    Tlp message = message_of(PCIE_MESSAGE_VENDOR0, PCIE_ROUTE_BY_ID, 0, 4);

    message.target = rig.rid_below(2);
    rig.up->send(message);
    rig.run();
    EXPECT_EQ(rig.down[2]->got.size(), 1u);
    EXPECT_TRUE(rig.down[0]->got.empty() && rig.down[1]->got.empty());
}

/** A copy to each port with a link; the bytes too; and nothing is left behind. */
TEST(MessageRouting, ToAllIsCopiedToEveryPort)
{
    for (const auto &engine : support::engines()) {
        SwitchRig rig(three_ports(engine));
        Tlp message = message_of(PCIE_MESSAGE_PME_TURN_OFF, PCIE_ROUTE_ALL, 0x0000, 4);

        message.value = 0xabcd;
        rig.up->send(message);
        rig.run();
        for (const auto &device : rig.down) {
            ASSERT_EQ(device->got.size(), 1u) << engine.name;
            EXPECT_EQ(device->got[0].tlp.operation, PCIE_MESSAGE_PME_TURN_OFF);
            EXPECT_EQ(device->got[0].tlp.value, 0xabcdu);
        }
        EXPECT_EQ(pcie_switch_get_counters(rig.sw)->broadcast, 1u);
    }
}

/** It waits until every port has room, and holds back what came behind it. */
TEST(MessageRouting, ToAllWaitsForTheSlowestPort)
{
    constexpr sim_time LATE = 50 * SIM_US;
    SwitchOptions options = three_ports();
    options.downlink.lower_credits.posted_headers = 1;
    SwitchRig rig(options);

    rig.down[1]->closed_until[PCIE_POSTED] = LATE;
    Tlp write;
    write.address = rig.window(1);
    rig.up->send(write);
    rig.up->send(write);
    rig.up->send(message_of(PCIE_MESSAGE_UNLOCK, PCIE_ROUTE_ALL, 0));
    write.address = rig.window(0);
    rig.up->send(write);
    rig.run();
    ASSERT_EQ(rig.down[0]->got.size(), 2u);
    EXPECT_EQ(rig.down[0]->got[0].tlp.type, SIM_PACKET_MESSAGE) << "not overtaken";
    EXPECT_GE(rig.down[0]->got[0].time, LATE);
    EXPECT_EQ(rig.down[1]->got.size(), 3u);
    EXPECT_EQ(rig.down[2]->got.size(), 1u);
}

/** Only the root complex speaks to everybody: from below such a message is dropped. */
TEST(MessageRouting, ToAllFromBelowGoesNowhere)
{
    SwitchRig rig(three_ports());

    rig.down[0]->send(message_of(PCIE_MESSAGE_UNLOCK, PCIE_ROUTE_ALL, rig.rid_below(0)));
    rig.run();
    EXPECT_TRUE(rig.up->got.empty() && rig.down[1]->got.empty());
    EXPECT_EQ(pcie_switch_get_counters(rig.sw)->dropped, 1u);
}

TEST(MessageRouting, LocalEndsAtTheReceiver)
{
    SwitchRig rig(three_ports());

    rig.up->send(message_of(PCIE_MESSAGE_SLOT_POWER, PCIE_ROUTE_LOCAL, 0, 4));
    rig.down[0]->send(message_of(PCIE_MESSAGE_VENDOR1, PCIE_ROUTE_LOCAL, rig.rid_below(0)));
    rig.run();
    EXPECT_TRUE(rig.up->got.empty() && rig.down[0]->got.empty() && rig.down[1]->got.empty());
    EXPECT_EQ(pcie_switch_get_counters(rig.sw)->taken, 2u);
}

/** One goes up for all: when the last port has sent its own; and then it starts anew. */
TEST(MessageRouting, GatheredGoUpAsOne)
{
    for (const auto &engine : support::engines()) {
        SwitchRig rig(three_ports(engine));

        for (size_t round = 1; round <= 2; round++) {
            for (size_t port : {2, 0, 1}) {
                EXPECT_EQ(rig.up->got.size(), round - 1) << engine.name << " " << port;
                rig.down[port]->send(message_of(PCIE_MESSAGE_PME_TO_ACK, PCIE_ROUTE_GATHER, rig.rid_below(port)));
                rig.run();
            }
            ASSERT_EQ(rig.up->got.size(), round) << engine.name;
            EXPECT_EQ(rig.up->got[round - 1].tlp.operation, PCIE_MESSAGE_PME_TO_ACK);
        }
    }
}

/** An endpoint does not know any vendor's messages: type 0 is unsupported, type 1 must be ignored (2.2.8.6). */
TEST(MessageRouting, VendorMessagesAtAnEndpoint)
{
    for (const uint8_t code : std::vector<uint8_t>{PCIE_MESSAGE_VENDOR0, PCIE_MESSAGE_VENDOR1}) {
        Pair pair;
        Tlp message = message_of(code, PCIE_ROUTE_BY_ID, 0, 4);

        message.target = PAIR_RID;
        pair.root->send(message);
        pair.run();
        const uint64_t expected = code == PCIE_MESSAGE_VENDOR0 ? 1 : 0;
        EXPECT_EQ(endpoint_get_counters(pair.ep)->unsupported_requests, expected) << unsigned{code};
    }
}

} // namespace

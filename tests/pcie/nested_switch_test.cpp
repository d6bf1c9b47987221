/*
 * What a switch does with a request that a switch further down has redirected: it comes in at the port whose window
 * holds its address. The expectation is that of host/reach: only Upstream Forwarding lets it go on.
 */
#include "tests/pcie/switch_rig.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

constexpr uint16_t FORWARDING =
    PCIE_ACS_P2P_REQUEST_REDIRECT | PCIE_ACS_P2P_COMPLETION_REDIRECT | PCIE_ACS_UPSTREAM_FORWARDING;

/** A switch whose port 0 stands above another switch, with one request of that one's redirection. */
struct Redirected {
    SwitchRig rig;

    static SwitchOptions make(uint16_t control, uint16_t capability, const support::Engine &engine)
    {
        SwitchOptions options;

        options.engine = engine;
        options.acs = {{true, capability, control}};
        return options;
    }
    Redirected(uint16_t control, uint16_t capability, uint8_t type,
               const support::Engine &engine = support::engines()[0])
        : rig(make(control, capability, engine))
    {
        Tlp tlp;

        tlp.type = type;
        tlp.requester = SwitchRig::rid_below(0);
        tlp.address = SwitchRig::window(0) + 0x40;
        rig.down[0]->send(tlp);
        rig.run();
    }
    bool came_up(uint8_t type) const
    {
        return rig.up->got_of(type).size() == 1;
    }
    /** Whether it came down again, to where it came from or to the neighbour. */
    bool came_down(uint8_t type) const
    {
        return !rig.down[0]->got_of(type).empty() || !rig.down[1]->got_of(type).empty();
    }
    const pcie_switch_counters &counters() const
    {
        return *pcie_switch_get_counters(rig.sw);
    }
};

TEST(NestedSwitch, UpstreamForwardingSendsARedirectedRequestOn)
{
    for (const support::Engine &engine : support::engines()) {
        for (uint8_t type : {SIM_PACKET_WRITE, SIM_PACKET_READ}) {
            Redirected on(FORWARDING, FORWARDING, type, engine);

            EXPECT_TRUE(on.came_up(type)) << int(type);
            EXPECT_FALSE(on.came_down(type)) << int(type);
            EXPECT_EQ(on.counters().redirected, 1u);
            EXPECT_EQ(on.counters().unsupported, 0u);
        }
    }
}

TEST(NestedSwitch, WithoutItTheRequestIsUnsupported)
{
    const uint16_t off = FORWARDING & ~PCIE_ACS_UPSTREAM_FORWARDING;

    for (uint8_t type : {SIM_PACKET_WRITE, SIM_PACKET_READ}) {
        Redirected redirected(off, FORWARDING, type);

        EXPECT_FALSE(redirected.came_up(type)) << int(type);
        EXPECT_FALSE(redirected.came_down(type)) << int(type);
        EXPECT_EQ(redirected.counters().redirected, 0u);
        EXPECT_EQ(redirected.counters().unsupported, 1u);
        if (type == SIM_PACKET_READ) {
            const auto answers = redirected.rig.down[0]->got_of(SIM_PACKET_COMPLETION);

            ASSERT_EQ(answers.size(), 1u);
            EXPECT_EQ(answers[0].tlp.status, SIM_STATUS_UR);
        }
    }
}

/** A control that the capability lacks stays off, whatever is written to it. */
TEST(NestedSwitch, TheCapabilityMustHaveIt)
{
    Redirected redirected(FORWARDING, FORWARDING & ~PCIE_ACS_UPSTREAM_FORWARDING, SIM_PACKET_WRITE);

    EXPECT_FALSE(redirected.came_up(SIM_PACKET_WRITE));
    EXPECT_EQ(redirected.counters().unsupported, 1u);
}

/** Upstream Forwarding goes after Source Validation: a spoofed requester ID is still a violation. */
TEST(NestedSwitch, SourceValidationComesFirst)
{
    const uint16_t both = FORWARDING | PCIE_ACS_SOURCE_VALIDATION;
    SwitchOptions options;
    Tlp tlp;

    options.acs = {{true, both, both}};
    SwitchRig rig(options);
    tlp.requester = SwitchRig::rid_below(1);
    tlp.address = SwitchRig::window(0);
    rig.down[0]->send(tlp);
    rig.run();
    EXPECT_TRUE(rig.up->got_of(SIM_PACKET_WRITE).empty());
    EXPECT_EQ(pcie_switch_get_counters(rig.sw)->acs_violations, 1u);
}

/** What Completion Redirect further down sent up goes on likewise; without Upstream Forwarding it is nobody's. */
TEST(NestedSwitch, RedirectedCompletionsGoOnToo)
{
    for (bool forwards : {false, true}) {
        SwitchOptions options;
        Tlp tlp;

        options.acs = {
            {true, FORWARDING, forwards ? FORWARDING : uint16_t(FORWARDING & ~PCIE_ACS_UPSTREAM_FORWARDING)}};
        SwitchRig rig(options);
        tlp.type = SIM_PACKET_COMPLETION;
        tlp.requester = SwitchRig::rid_below(0);
        tlp.target = SwitchRig::rid_below(0);
        rig.down[0]->send(tlp);
        rig.run();
        EXPECT_EQ(rig.up->got_of(SIM_PACKET_COMPLETION).size(), forwards ? 1u : 0u);
        EXPECT_TRUE(rig.down[0]->got_of(SIM_PACKET_COMPLETION).empty());
        EXPECT_EQ(pcie_switch_get_counters(rig.sw)->dropped, forwards ? 0u : 1u);
    }
}

} // namespace

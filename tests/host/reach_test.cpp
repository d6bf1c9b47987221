// Who reaches whom without the IOMMU: every turn a request can take, and the two directions apart.
#include "topology.h"

#include "host/reach.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace topology;

namespace
{

using Pairs = std::set<std::pair<std::string, std::string>>;

std::vector<Function> two_behind_switch(const Function &root, const Function &dsp0, const Function &dsp1)
{
    return {root, usp("usp", 1, 2), dsp0, dsp1, ep("epA", 3), ep("epB", 4)};
}

reach_result trace(const Tree &tree, const std::string &source, const std::string &target, reach_policy policy = {})
{
    return reach_trace(tree.get(), &policy, tree[source], tree[target]);
}

} // namespace

// The base topology of the conformance cases: two endpoints behind a switch on RP0, one on RP1, both root ports with
// SV, RR, CR and UF on.
TEST(ReachConformance, SwitchPortsDecideEachDirection)
{
    struct {
        const char *name;
        bool acs0;
        bool acs1;
        Pairs pairs;
        Partition sets;
    } rows[] = {
        {"no port has ACS", false, false, {{"EP0", "EP1"}, {"EP1", "EP0"}}, {{"EP0", "EP1"}, {"EP2"}}},
        {"both have", true, true, {}, {{"EP0"}, {"EP1"}, {"EP2"}}},
        {"only the port above EP0", true, false, {{"EP1", "EP0"}}, {{"EP0", "EP1"}, {"EP2"}}},
        {"only the port above EP1", false, true, {{"EP0", "EP1"}}, {{"EP0", "EP1"}, {"EP2"}}},
    };

    for (const auto &row : rows) {
        Function dsp0 = dsp("dsp0", 2, 0, 3);
        Function dsp1 = dsp("dsp1", 2, 1, 4);

        SCOPED_TRACE(row.name);
        if (row.acs0) {
            dsp0.acs(FULL);
        }
        if (row.acs1) {
            dsp1.acs(FULL);
        }
        Tree tree({rp("RP0", 1, 1).acs(FULL), rp("RP1", 2, 5).acs(FULL), usp("usp", 1, 2), dsp0, dsp1,
                   ep("EP0", 3).bar(0xa0000000, 0x100000), ep("EP1", 4).bar(0xa0100000, 0x100000),
                   ep("EP2", 5).bar(0xa0200000, 0x100000)});
        ASSERT_EQ(tree.error(), "");
        EXPECT_EQ(tree.direct_pairs(), row.pairs);
        EXPECT_EQ(restrict_to(tree.groups(GROUP_RULE_REACH), {"EP0", "EP1", "EP2"}), row.sets);
        // Linux sees none of it.
        EXPECT_EQ(restrict_to(tree.groups(GROUP_RULE_LINUX), {"EP0", "EP1", "EP2"}),
                  (Partition{{"EP0"}, {"EP1"}, {"EP2"}}));
    }
}

TEST(ReachConformance, DevicesBehindABridgeToConventionalPciShareOneRequesterId)
{
    Tree tree({rp("RP1", 2, 5).acs(FULL), of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "br", 5, 0, 0, 6),
               of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d1", 6, 1), of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d2", 6, 2)});

    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(tree.aliases("d1").back(), 0x600u);
    EXPECT_TRUE(reach_shares_rid(tree.get(), tree["d1"], tree["d2"]));
    EXPECT_FALSE(reach_shares_rid(tree.get(), tree["d1"], tree["br"]));
    for (group_rule rule : {GROUP_RULE_LINUX, GROUP_RULE_CORRECTED, GROUP_RULE_REACH}) {
        EXPECT_EQ(restrict_to(tree.groups(rule), {"d1", "d2"}), (Partition{{"d1", "d2"}}));
    }
}

TEST(Reach, NamesThePlaceAndTheReason)
{
    Tree none(two_behind_switch(rp("rp", 1, 1).acs(FULL), dsp("dsp0", 2, 0, 3), dsp("dsp1", 2, 1, 4).acs(FULL)));
    reach_result there = trace(none, "epA", "epB");
    reach_result back = trace(none, "epB", "epA");

    EXPECT_EQ(there.route, REACH_DIRECT);
    EXPECT_EQ(there.at, none["dsp0"]);
    EXPECT_NE(std::string(there.why), "");
    EXPECT_EQ(back.route, REACH_TRANSLATED);
    EXPECT_EQ(back.at, PCI_TREE_NONE);
}

// A redirected request comes down again only through a root port that forwards upstream.
TEST(Reach, RedirectedRequestNeedsUpstreamForwardingAtTheRootPort)
{
    const Function dsp0 = dsp("dsp0", 2, 0, 3).acs(RR);
    const Function dsp1 = dsp("dsp1", 2, 1, 4).acs(RR);
    Tree with(two_behind_switch(rp("rp", 1, 1).acs(RR | UF), dsp0, dsp1));
    Tree without(two_behind_switch(rp("rp", 1, 1).acs(RR), dsp0, dsp1));
    reach_policy policy = {};

    EXPECT_EQ(trace(with, "epA", "epB").route, REACH_TRANSLATED);
    EXPECT_EQ(trace(without, "epA", "epB").route, REACH_REFUSED);
    EXPECT_EQ(trace(without, "epA", "epB").at, without["rp"]);
    policy.own_window = REACH_ROOT_PORT_TURNS_BACK;
    EXPECT_EQ(trace(with, "epA", "epB", policy).route, REACH_TRANSLATED);
    EXPECT_EQ(trace(without, "epA", "epB", policy).route, REACH_DIRECT);
    policy.own_window = REACH_ROOT_PORT_FORWARDS;
    EXPECT_EQ(trace(without, "epA", "epB", policy).route, REACH_TRANSLATED);
}

// A switch below a switch: what the inner one redirects, the outer port sends on only with Upstream Forwarding.
TEST(Reach, NestedSwitchesNeedUpstreamForwardingAtTheOuterPort)
{
    for (bool forwards : {false, true}) {
        Tree tree({rp("rp", 1, 1).acs(FULL), usp("outer", 1, 2), dsp("o0", 2, 0, 3).acs(FULL, forwards ? UF : 0u),
                   usp("inner", 3, 4), dsp("i0", 4, 0, 5).acs(FULL), dsp("i1", 4, 1, 6).acs(FULL), ep("a", 5),
                   ep("b", 6)});

        ASSERT_EQ(tree.error(), "");
        EXPECT_EQ(trace(tree, "a", "b").route, forwards ? REACH_TRANSLATED : REACH_REFUSED);
        EXPECT_EQ(trace(tree, "a", "b").at, forwards ? PCI_TREE_NONE : tree["o0"]);
    }
}

TEST(Reach, ControlsCountOnlyIfCapableAndOn)
{
    const Function root = rp("rp", 1, 1).acs(FULL);
    const Function other = dsp("dsp1", 2, 1, 4).acs(FULL);
    struct {
        unsigned capability;
        unsigned control;
        reach_route route;
    } rows[] = {
        {FULL, FULL, REACH_TRANSLATED}, {FULL, FULL & ~RR, REACH_DIRECT}, {FULL & ~RR, FULL, REACH_DIRECT},
        {0, 0, REACH_DIRECT},           {RR, RR, REACH_TRANSLATED},       {FULL | TB, SV | TB | CR | UF, REACH_DIRECT},
    };

    for (const auto &row : rows) {
        Tree tree(two_behind_switch(root, dsp("dsp0", 2, 0, 3).acs(row.capability, row.control), other));

        EXPECT_EQ(trace(tree, "epA", "epB").route, row.route) << row.capability << " " << row.control;
    }
}

// With Egress Control on, its vector decides port by port; Request Redirect then says what happens to what is barred.
TEST(Reach, EgressControlDecidesPortByPort)
{
    struct {
        unsigned control;
        uint64_t egress;
        reach_route route;
    } rows[] = {
        {EC, 0, REACH_DIRECT},           {EC, 1u << 7, REACH_REFUSED},         {EC, ~(uint64_t(1) << 7), REACH_DIRECT},
        {EC | RR, 0, REACH_DIRECT},      {EC | RR, 1u << 7, REACH_TRANSLATED}, {RR, 0, REACH_TRANSLATED},
        {0, ~uint64_t(0), REACH_DIRECT},
    };

    for (const auto &row : rows) {
        Tree tree(two_behind_switch(rp("rp", 1, 1).acs(FULL), dsp("dsp0", 2, 0, 3).acs(FULL | EC, row.control),
                                    dsp("dsp1", 2, 1, 4).acs(FULL)));

        tree.get()->functions[tree["dsp0"]].acs.egress = row.egress;
        tree.get()->functions[tree["dsp1"]].port_number = 7;
        EXPECT_EQ(trace(tree, "epA", "epB").route, row.route) << row.control << " " << row.egress;
    }
}

// Translated requests (AT = 10) take the direct way if the port lets them, whatever its redirect says.
TEST(Reach, DirectTranslatedOpensThePortForAtsSources)
{
    struct {
        unsigned control;
        bool ats;
        reach_route route;
    } rows[] = {
        {FULL | DT, true, REACH_DIRECT},
        {FULL | DT, false, REACH_TRANSLATED},
        {FULL | DT | TB, true, REACH_TRANSLATED},
        {FULL, true, REACH_TRANSLATED},
    };

    for (const auto &row : rows) {
        Function source = ep("epA", 3);

        if (row.ats) {
            source.with_ats();
        }
        Tree tree({rp("rp", 1, 1).acs(FULL), usp("usp", 1, 2), dsp("dsp0", 2, 0, 3).acs(FULL | TB | DT, row.control),
                   dsp("dsp1", 2, 1, 4).acs(FULL), source, ep("epB", 4)});
        EXPECT_EQ(trace(tree, "epA", "epB").route, row.route) << row.control << row.ats;
    }
}

TEST(Reach, RootPortsArePeersOnlyIfTheRootComplexRoutes)
{
    Tree tree({rp("rp0", 1, 1).acs(FULL), rp("rp1", 2, 2), ep("a", 1), ep("b", 2)});
    reach_policy policy = {};

    EXPECT_EQ(tree.direct_pairs(policy), Pairs{});
    policy.root_ports_are_peers = true;
    EXPECT_EQ(tree.direct_pairs(policy), (Pairs{{"b", "a"}}));
}

// A port further down that blocks translated requests leaves none for a port above to pass.
TEST(Reach, TranslationBlockedBelowStaysBlocked)
{
    const auto tree_with = [](unsigned lower) {
        return std::vector<Function>{rp("rp", 1, 1).acs(FULL), usp("usp", 1, 2),   dsp("dsp0", 2, 0, 3).acs(RR | DT),
                                     dsp("dsp1", 2, 1, 6),     usp("inner", 3, 4), dsp("low", 4, 0, 5).acs(RR | lower),
                                     ep("a", 5).with_ats(),    ep("b", 6)};
    };

    EXPECT_EQ(trace(Tree(tree_with(0)), "a", "b").route, REACH_DIRECT);
    EXPECT_EQ(trace(Tree(tree_with(TB)), "a", "b").route, REACH_TRANSLATED);
}

TEST(Reach, HostBridgesMeetOnlyBehindTheIommu)
{
    Tree tree({rp("rp0", 1, 1), rp("rp1", 1, 1).on(1), ep("a", 1), ep("b", 1).on(1)}, 2);
    reach_policy policy = {};

    ASSERT_EQ(tree.error(), "");
    policy.root_ports_are_peers = true;
    policy.own_window = REACH_ROOT_PORT_TURNS_BACK;
    EXPECT_EQ(tree.direct_pairs(policy), Pairs{});
}

TEST(Reach, BarsOfPortsHaveTheirOwnControl)
{
    const unsigned redirect = PCI_TREE_ACS_TARGET_REDIRECT << PCI_TREE_ACS_DSP_TARGET_SHIFT |
                              PCI_TREE_ACS_TARGET_BLOCK << PCI_TREE_ACS_USP_TARGET_SHIFT;
    const Function root = rp("rp", 1, 1).acs(FULL);
    const Function upstream = usp("usp", 1, 2).bar(0x90000000, 0x1000);
    const Function other = dsp("dsp1", 2, 1, 4).acs(FULL).bar(0x90002000, 0x1000);
    Tree old(
        {root, upstream, dsp("dsp0", 2, 0, 3).acs(FULL).bar(0x90001000, 0x1000), other, ep("epA", 3), ep("epB", 4)});
    Tree enhanced({root, upstream,
                   dsp("dsp0", 2, 0, 3).acs(FULL | PCI_TREE_ACS_ENHANCED, FULL | redirect).bar(0x90001000, 0x1000),
                   other, ep("epA", 3), ep("epB", 4)});

    for (const char *port : {"usp", "dsp0", "dsp1"}) {
        EXPECT_EQ(trace(old, "epA", port).route, REACH_DIRECT) << port;
        EXPECT_EQ(trace(enhanced, "epB", port).route, REACH_DIRECT) << port;
    }
    EXPECT_EQ(trace(enhanced, "epA", "dsp0").route, REACH_TRANSLATED);
    EXPECT_EQ(trace(enhanced, "epA", "dsp1").route, REACH_TRANSLATED);
    EXPECT_EQ(trace(enhanced, "epA", "usp").route, REACH_REFUSED);
    // Ports without BARs are no targets; the root port has none here.
    EXPECT_EQ(old.direct_pairs().count({"epA", "rp"}), 0u);
    EXPECT_EQ(old.direct_pairs().count({"epA", "usp"}), 1u);
}

TEST(Reach, OnlyRequestersSendAndOnlyMemoryReceives)
{
    Tree tree({rp("rp", 1, 1).acs(FULL), usp("usp", 1, 2), dsp("dsp0", 2, 0, 3), dsp("dsp1", 2, 1, 4),
               ep("epA", 3).bar(0x80000000, 0x1000), ep("epB", 4)});
    reach_policy policy = {};

    EXPECT_EQ(tree.direct_pairs(policy), (Pairs{{"epA", "epB"}, {"epB", "epA"}}));
    policy.listed_bars_only = true;
    EXPECT_EQ(tree.direct_pairs(policy), (Pairs{{"epB", "epA"}}));
}

TEST(Reach, ConventionalBusHasNoSecrets)
{
    Tree tree({rp("rp", 1, 1).acs(FULL), of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "br", 1, 0, 0, 2),
               of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d", 2, 0),
               of_type(PCI_TREE_CONVENTIONAL_BRIDGE, "cb", 2, 1, 0, 3),
               of_type(PCI_TREE_CONVENTIONAL_DEVICE, "e", 3, 0), rp("rp1", 2, 4).acs(FULL), ep("far", 4)});

    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(tree.direct_pairs(), (Pairs{{"d", "e"}, {"e", "d"}}));
    EXPECT_EQ(trace(tree, "d", "e").at, tree["br"]);
}

TEST(Reach, FunctionsOfADeviceFollowTheirOwnRedirect)
{
    const Function root = rp("rp", 1, 1).acs(FULL);
    Tree tree({root, ep("f0", 1).mf().acs(RR, 0), ep("f1", 1, 0, 1).mf().acs(RR), ep("f2", 1, 0, 2).mf(),
               ep("vf", 1, 0, 3).vf_of("f0")});

    ASSERT_EQ(tree.error(), "");
    // f0 may and does; its VF does as its PF; f1 redirects; f2 has no way inside.
    EXPECT_EQ(tree.direct_pairs(),
              (Pairs{{"f0", "f1"}, {"f0", "f2"}, {"f0", "vf"}, {"vf", "f0"}, {"vf", "f1"}, {"vf", "f2"}}));
    EXPECT_EQ(trace(tree, "f1", "f0").route, REACH_TRANSLATED);
    reach_policy policy = {};
    policy.devices_send_all_up = true;
    EXPECT_EQ(tree.direct_pairs(policy), Pairs{});
}

// Two upstream ports in one device: what is below one reaches what is below the other if they pass peer requests.
TEST(Reach, MultifunctionUpstreamPorts)
{
    Function u1 = of_type(PCI_TREE_UPSTREAM_PORT, "u1", 1, 0, 1, 4).mf().acs(RR);
    Tree tree({rp("rp", 1, 1).acs(FULL), usp("u0", 1, 2).mf().acs(RR, 0), u1, dsp("d0", 2, 0, 3).acs(FULL),
               dsp("d1", 4, 0, 5).acs(FULL), ep("a", 3), ep("b", 5)});

    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(tree.direct_pairs(), (Pairs{{"a", "b"}}));
    EXPECT_EQ(trace(tree, "a", "b").at, tree["u0"]);
    EXPECT_EQ(restrict_to(tree.groups(GROUP_RULE_CORRECTED), {"a", "b"}), (Partition{{"a", "b"}}));
}

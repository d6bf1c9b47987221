// Group formation, rule by rule, on small topologies. Expectations follow from the rules that docs/groups.md states;
// where the three rules differ, one test holds all three.
#include "topology.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace topology;

namespace
{

struct Case {
    const char *name;
    std::vector<Function> functions;
    Partition linux_groups;
    Partition corrected;
    Partition reach;
};

// Two endpoints behind a switch. The reference topology of the project is (none, none).
std::vector<Function> switched(const Function &root, const Function &dsp0, const Function &dsp1)
{
    return {root, usp("usp", 1, 2), dsp0, dsp1, ep("epA", 3), ep("epB", 4)};
}

Function port0()
{
    return dsp("dsp0", 2, 0, 3);
}

Function port1()
{
    return dsp("dsp1", 2, 1, 4);
}

std::vector<Case> port_cases()
{
    const Partition all_single = {{"rp"}, {"usp"}, {"dsp0"}, {"dsp1"}, {"epA"}, {"epB"}};
    const Partition all_one = {{"rp", "usp", "dsp0", "dsp1", "epA", "epB"}};
    const Partition ends_joined = {{"rp"}, {"usp"}, {"dsp0"}, {"dsp1"}, {"epA", "epB"}};
    const Partition inner_bus = {{"rp"}, {"usp"}, {"dsp0", "dsp1", "epA", "epB"}};

    return {
        {"root_port_with_acs",
         {rp("rp", 1, 1).acs(FULL), ep("ep", 1)},
         {{"rp"}, {"ep"}},
         {{"rp"}, {"ep"}},
         {{"rp"}, {"ep"}}},
        {"root_port_without_acs", {rp("rp", 1, 1), ep("ep", 1)}, {{"rp", "ep"}}, {{"rp"}, {"ep"}}, {{"rp"}, {"ep"}}},
        {"root_port_with_acs_off",
         {rp("rp", 1, 1).acs(FULL, 0), ep("ep", 1)},
         {{"rp", "ep"}},
         {{"rp", "ep"}},
         {{"rp"}, {"ep"}}},
        {"root_port_of_the_quirk_table",
         {rp("rp", 1, 1).quirk(PCI_TREE_QUIRK_ISOLATED), ep("ep", 1)},
         {{"rp"}, {"ep"}},
         {{"rp"}, {"ep"}},
         {{"rp"}, {"ep"}}},
        {"one_control_off_although_capable",
         {rp("rp", 1, 1).acs(FULL, FULL & ~SV), ep("ep", 1)},
         {{"rp", "ep"}},
         {{"rp", "ep"}},
         {{"rp"}, {"ep"}}},
        {"switch_all_acs", switched(rp("rp", 1, 1).acs(FULL), port0().acs(FULL), port1().acs(FULL)), all_single,
         all_single, all_single},
        {"switch_without_acs_below_acs",
         switched(rp("rp", 1, 1).acs(FULL), port0(), port1()),
         {{"rp"}, {"usp"}, {"dsp0", "epA"}, {"dsp1", "epB"}},
         inner_bus,
         ends_joined},
        {"switch_without_acs_below_none", switched(rp("rp", 1, 1), port0(), port1()), all_one, inner_bus, ends_joined},
        {"switch_with_acs_below_none", switched(rp("rp", 1, 1), port0().acs(FULL), port1().acs(FULL)), all_one,
         all_single, all_single},
        {"one_port_of_two_with_acs",
         switched(rp("rp", 1, 1).acs(FULL), port0().acs(FULL), port1()),
         {{"rp"}, {"usp"}, {"dsp0"}, {"epA"}, {"dsp1", "epB"}},
         inner_bus,
         ends_joined},
        {"multifunction_ports_without_acs",
         switched(rp("rp", 1, 1).acs(FULL), port0().mf(), dsp("dsp1", 2, 0, 4, 1).mf()), inner_bus, inner_bus,
         ends_joined},
        // An ACS capability without the control: software believes it wired on; the hardware routes as if it were off.
        {"ports_with_empty_capability", switched(rp("rp", 1, 1).acs(FULL), port0().acs(0), port1().acs(0)), all_single,
         all_single, ends_joined},
        {"ports_whose_validation_was_erased",
         switched(rp("rp", 1, 1).acs(FULL), port0().acs(FULL & ~SV), port1().acs(FULL & ~SV)), all_single, all_single,
         all_single},
    };
}

std::vector<Case> device_cases()
{
    return {
        {"root_ports_in_different_slots",
         {rp("rp0", 1, 1), rp("rp1", 2, 2), ep("ep0", 1), ep("ep1", 2)},
         {{"rp0", "ep0"}, {"rp1", "ep1"}},
         {{"rp0"}, {"rp1"}, {"ep0"}, {"ep1"}},
         {{"rp0"}, {"rp1"}, {"ep0"}, {"ep1"}}},
        {"root_ports_of_one_slot",
         {rp("rp0", 1, 1).mf(), rp("rp1", 1, 2, 1).mf(), ep("ep0", 1), ep("ep1", 2)},
         {{"rp0", "rp1", "ep0", "ep1"}},
         {{"rp0"}, {"rp1"}, {"ep0"}, {"ep1"}},
         {{"rp0"}, {"rp1"}, {"ep0"}, {"ep1"}}},
        {"functions_without_acs",
         {rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf(), ep("f1", 1, 0, 1).mf()},
         {{"rp"}, {"f0", "f1"}},
         {{"rp"}, {"f0"}, {"f1"}},
         {{"rp"}, {"f0"}, {"f1"}}},
        {"functions_that_route_inside",
         {rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf().quirk(PCI_TREE_QUIRK_INTERNAL_PEERS), ep("f1", 1, 0, 1).mf()},
         {{"rp"}, {"f0", "f1"}},
         {{"rp"}, {"f0"}, {"f1"}},
         {{"rp"}, {"f0", "f1"}}},
        {"functions_with_empty_acs",
         {rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf().acs(0), ep("f1", 1, 0, 1).mf().acs(0)},
         {{"rp"}, {"f0"}, {"f1"}},
         {{"rp"}, {"f0"}, {"f1"}},
         {{"rp"}, {"f0"}, {"f1"}}},
        {"functions_with_acs_off",
         {rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf().acs(RR | CR, 0), ep("f1", 1, 0, 1).mf().acs(RR | CR, 0)},
         {{"rp"}, {"f0", "f1"}},
         {{"rp"}, {"f0", "f1"}},
         {{"rp"}, {"f0", "f1"}}},
        {"one_function_of_three_with_acs",
         {rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf().acs(RR | CR), ep("f1", 1, 0, 1).mf(), ep("f2", 1, 0, 2).mf()},
         {{"rp"}, {"f0"}, {"f1", "f2"}},
         {{"rp"}, {"f0"}, {"f1"}, {"f2"}},
         {{"rp"}, {"f0"}, {"f1"}, {"f2"}}},
        {"integrated_endpoints",
         {of_type(PCI_TREE_RC_ENDPOINT, "a", 0, 4).mf(), of_type(PCI_TREE_RC_ENDPOINT, "b", 0, 4, 1).mf(),
          of_type(PCI_TREE_RC_ENDPOINT, "c", 0, 5), of_type(PCI_TREE_RC_EVENT_COLLECTOR, "rcec", 0, 6)},
         {{"a", "b"}, {"c"}, {"rcec"}},
         {{"a"}, {"b"}, {"c"}, {"rcec"}},
         {{"a"}, {"b"}, {"c"}, {"rcec"}}},
        {"virtual_functions",
         {rp("rp", 1, 1).acs(FULL), ep("pf", 1), ep("vf0", 1, 0, 1).vf_of("pf"), ep("vf1", 2).vf_of("pf")},
         {{"rp"}, {"pf"}, {"vf0"}, {"vf1"}},
         {{"rp"}, {"pf"}, {"vf0"}, {"vf1"}},
         {{"rp"}, {"pf"}, {"vf0"}, {"vf1"}}},
        {"virtual_functions_behind_a_port_without_acs",
         {rp("rp", 1, 1).acs(FULL), usp("usp", 1, 2), port0(), port1(), ep("epA", 3), ep("vf", 3, 0, 1).vf_of("epA"),
          ep("epB", 4)},
         {{"rp"}, {"usp"}, {"dsp0", "epA", "vf"}, {"dsp1", "epB"}},
         {{"rp"}, {"usp"}, {"dsp0", "dsp1", "epA", "vf", "epB"}},
         {{"rp"}, {"usp"}, {"dsp0"}, {"dsp1"}, {"epA", "vf", "epB"}}},
    };
}

std::vector<Case> alias_cases()
{
    const Function root = rp("rp", 1, 1).acs(FULL);
    const Function f0 = ep("f0", 1).mf().acs(FULL);
    const Function f1 = ep("f1", 1, 0, 1).mf().acs(FULL);

    return {
        {"pcie_to_pci_bridge",
         {root, of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "br", 1, 0, 0, 2),
          of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d0", 2, 0), of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d1", 2, 1)},
         {{"rp"}, {"br", "d0", "d1"}},
         {{"rp"}, {"br"}, {"d0", "d1"}},
         {{"rp"}, {"br"}, {"d0", "d1"}}},
        {"conventional_bridge",
         {of_type(PCI_TREE_CONVENTIONAL_BRIDGE, "br", 0, 3, 0, 1), of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d0", 1, 0),
          of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d1", 1, 1)},
         {{"br", "d0", "d1"}},
         {{"br", "d0", "d1"}},
         {{"br", "d0", "d1"}}},
        {"phantom_of_a_real_function",
         {root, f0, Function(f1).phantom(0)},
         {{"rp"}, {"f0", "f1"}},
         {{"rp"}, {"f0", "f1"}},
         {{"rp"}, {"f0", "f1"}}},
        {"phantom_of_nobody",
         {root, Function(f0).phantom(7), f1},
         {{"rp"}, {"f0"}, {"f1"}},
         {{"rp"}, {"f0"}, {"f1"}},
         {{"rp"}, {"f0"}, {"f1"}}},
        {"dma_by_another_function",
         {root, f0, Function(f1).sends_as("f0")},
         {{"rp"}, {"f0", "f1"}},
         {{"rp"}, {"f0", "f1"}},
         {{"rp"}, {"f0", "f1"}}},
    };
}

void expect_case(const Case &one)
{
    Tree tree(one.functions);

    SCOPED_TRACE(one.name);
    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(tree.groups(GROUP_RULE_LINUX), one.linux_groups);
    EXPECT_EQ(tree.groups(GROUP_RULE_CORRECTED), one.corrected);
    EXPECT_EQ(tree.groups(GROUP_RULE_REACH), one.reach);
}

} // namespace

TEST(Groups, PortsDecide)
{
    for (const Case &one : port_cases()) {
        expect_case(one);
    }
}

TEST(Groups, DevicesDecide)
{
    for (const Case &one : device_cases()) {
        expect_case(one);
    }
}

TEST(Groups, AliasesDecide)
{
    for (const Case &one : alias_cases()) {
        expect_case(one);
    }
}

// A bridge that fails high up takes everything below it; one that fails low down only what is below it.
TEST(Groups, NestedSwitches)
{
    std::vector<Function> functions = {
        rp("rp", 1, 1).acs(FULL),
        usp("outer", 1, 2),
        dsp("o0", 2, 0, 3),
        dsp("o1", 2, 1, 7).acs(FULL),
        usp("inner", 3, 4),
        dsp("i0", 4, 0, 5).acs(FULL),
        dsp("i1", 4, 1, 6).acs(FULL),
        ep("a", 5),
        ep("b", 6),
        ep("c", 7),
    };
    Tree tree(functions);

    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(tree.groups(GROUP_RULE_LINUX),
              (Partition{{"rp"}, {"outer"}, {"o1"}, {"c"}, {"o0", "inner", "i0", "i1", "a", "b"}}));
    EXPECT_EQ(tree.groups(GROUP_RULE_CORRECTED),
              (Partition{{"rp"}, {"outer"}, {"o0", "o1", "inner", "i0", "i1", "a", "b", "c"}}));
    // Below o0, a and b are redirected away from each other and then refused by o0, which forwards nothing for itself;
    // but both reach c, through o0.
    EXPECT_EQ(tree.direct_pairs(), (std::set<std::pair<std::string, std::string>>{{"a", "c"}, {"b", "c"}}));
    EXPECT_EQ(restrict_to(tree.groups(GROUP_RULE_REACH), {"a", "b", "c"}), (Partition{{"a", "b", "c"}}));
}

// Only functions probed before are asked: a parent probed after its child cannot take the child in (A20).
TEST(Groups, LinuxDependsOnTheOrderOfProbing)
{
    Tree chain({rp("rp", 1, 1), ep("ep", 1)});
    Tree device({rp("rp", 1, 1).acs(FULL), ep("f0", 1).mf(), ep("f1", 1, 0, 1).mf()});
    Tree behind({rp("rp", 1, 1).acs(FULL), of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "br", 1, 0, 0, 2),
                 of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d0", 2, 0), of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d1", 2, 1)});

    EXPECT_EQ(chain.groups(GROUP_RULE_LINUX, {"rp", "ep"}), (Partition{{"rp", "ep"}}));
    EXPECT_EQ(chain.groups(GROUP_RULE_LINUX, {"ep", "rp"}), (Partition{{"rp"}, {"ep"}}));
    // Siblings look sideways, so their order does not matter.
    EXPECT_EQ(device.groups(GROUP_RULE_LINUX, {"f1", "f0", "rp"}), (Partition{{"rp"}, {"f0", "f1"}}));
    // Before the bridge has a group, each device behind it looks only at its own bus, and finds nobody.
    EXPECT_EQ(behind.groups(GROUP_RULE_LINUX, {"rp", "d0", "d1", "br"}), (Partition{{"rp"}, {"br"}, {"d0"}, {"d1"}}));
    EXPECT_EQ(behind.groups(GROUP_RULE_LINUX, {"rp", "d0", "br", "d1"}), (Partition{{"rp"}, {"br", "d1"}, {"d0"}}));
    EXPECT_EQ(behind.groups(GROUP_RULE_CORRECTED, {"d1", "br", "d0", "rp"}), (Partition{{"rp"}, {"br"}, {"d0", "d1"}}));
}

// The search goes on from a bridge that has no group yet: its siblings in the slot may have one.
TEST(Groups, LinuxLooksBesideABridgeThatWasNotProbed)
{
    Tree tree({rp("rp0", 1, 1).mf(), rp("rp1", 1, 2, 1).mf(), ep("ep0", 1), ep("ep1", 2)});

    EXPECT_EQ(tree.groups(GROUP_RULE_LINUX, {"rp1", "ep0"}), (Partition{{"rp1", "ep0"}}));
    EXPECT_EQ(tree.groups(GROUP_RULE_LINUX, {"ep1", "ep0"}), (Partition{{"ep0"}, {"ep1"}}));
}

// A root port that has the enhanced capability must also redirect requests to its own memory.
TEST(Groups, CorrectedRuleAsksRootPortsForTheirOwnMemory)
{
    const unsigned redirect = PCI_TREE_ACS_TARGET_REDIRECT << PCI_TREE_ACS_DSP_TARGET_SHIFT;
    const unsigned block = PCI_TREE_ACS_TARGET_BLOCK << PCI_TREE_ACS_DSP_TARGET_SHIFT;
    const unsigned enhanced = FULL | PCI_TREE_ACS_ENHANCED;

    EXPECT_EQ(Tree({rp("rp", 1, 1).acs(enhanced, FULL | redirect), ep("ep", 1)}).groups(GROUP_RULE_CORRECTED),
              (Partition{{"rp"}, {"ep"}}));
    EXPECT_EQ(Tree({rp("rp", 1, 1).acs(enhanced, FULL | block), ep("ep", 1)}).groups(GROUP_RULE_CORRECTED),
              (Partition{{"rp", "ep"}}));
    EXPECT_EQ(Tree({rp("rp", 1, 1).acs(enhanced, FULL), ep("ep", 1)}).groups(GROUP_RULE_CORRECTED),
              (Partition{{"rp", "ep"}}));
    EXPECT_EQ(Tree({rp("rp", 1, 1).acs(enhanced, FULL), ep("ep", 1)}).groups(GROUP_RULE_LINUX),
              (Partition{{"rp"}, {"ep"}}));
}

TEST(Groups, FunctionsThatWereNotProbedHaveNone)
{
    Tree tree({rp("rp", 1, 1), ep("ep", 1)});
    uint32_t order[] = {tree["ep"]};
    group_options options = {};
    group_assignment groups = {};

    options.probe_order = order;
    options.probe_count = 1;
    for (group_rule rule : {GROUP_RULE_LINUX, GROUP_RULE_CORRECTED, GROUP_RULE_REACH}) {
        options.rule = rule;
        group_assign(tree.get(), &options, &groups);
        EXPECT_EQ(groups.group_count, 1u);
        EXPECT_EQ(groups.group_of[tree["ep"]], 0u);
        EXPECT_EQ(groups.group_of[tree["rp"]], GROUP_NONE);
        EXPECT_FALSE(group_same(&groups, tree["rp"], tree["rp"]));
        group_assignment_clear(&groups);
    }
}

TEST(Groups, AreNumberedInOrderOfProbing)
{
    Tree tree({rp("rp0", 1, 1).acs(FULL), rp("rp1", 2, 2).acs(FULL), ep("a", 1), ep("b", 2)});
    uint32_t order[] = {tree["b"], tree["rp0"], tree["a"], tree["rp1"]};
    group_options options = {};
    group_assignment groups = {};

    options.probe_order = order;
    options.probe_count = 4;
    for (group_rule rule : {GROUP_RULE_LINUX, GROUP_RULE_CORRECTED, GROUP_RULE_REACH}) {
        options.rule = rule;
        group_assign(tree.get(), &options, &groups);
        for (uint32_t i = 0; i < 4; i++) {
            EXPECT_EQ(groups.group_of[order[i]], i);
        }
        group_assignment_clear(&groups);
    }
}

/* In the memory of the assignment before, of a larger tree or of a smaller one. */
TEST(Groups, ListTheirMembersInTheOrderOfTheTree)
{
    Tree small({rp("rp", 1, 1), ep("ep", 1)});
    Tree large({ep("b", 1, 0, 1).mf(), rp("rp0", 1, 1).acs(FULL), ep("a", 1).mf(), rp("rp1", 2, 2), ep("c", 2),
                rp("rp2", 3, 3).acs(FULL), ep("d", 3)});
    group_options options = {};
    group_assignment groups = {};

    for (const Tree *tree : {&small, &large, &small, &large}) {
        for (group_rule rule : {GROUP_RULE_LINUX, GROUP_RULE_CORRECTED, GROUP_RULE_REACH}) {
            uint32_t listed = 0;

            options.rule = rule;
            group_assign(tree->get(), &options, &groups);
            ASSERT_EQ(groups.function_count, tree->get()->function_count);
            for (uint32_t group = 0; group < groups.group_count; group++) {
                uint32_t before = GROUP_NONE;

                for (uint32_t i = groups.first_of[group]; i != GROUP_NONE; i = groups.next_of[i]) {
                    EXPECT_EQ(groups.group_of[i], group);
                    EXPECT_TRUE(before == GROUP_NONE || before < i);
                    before = i;
                    listed++;
                }
                EXPECT_NE(before, GROUP_NONE);
            }
            EXPECT_EQ(listed, groups.function_count);
        }
    }
    group_assignment_clear(&groups);
}

// Capability and type together decide what software believes of one function.
TEST(GroupsAcs, AnswerPerType)
{
    struct {
        pci_tree_type type;
        bool single;
        bool multi;
    } rows[] = {
        {PCI_TREE_ROOT_PORT, false, false},
        {PCI_TREE_DOWNSTREAM_PORT, false, false},
        {PCI_TREE_ENDPOINT, true, false},
        {PCI_TREE_LEGACY_ENDPOINT, true, false},
        {PCI_TREE_RC_ENDPOINT, true, false},
        {PCI_TREE_UPSTREAM_PORT, true, false},
        {PCI_TREE_PCIE_TO_PCI_BRIDGE, false, false},
        {PCI_TREE_PCI_TO_PCIE_BRIDGE, false, false},
        {PCI_TREE_RC_EVENT_COLLECTOR, false, false},
        {PCI_TREE_CONVENTIONAL_DEVICE, false, false},
        {PCI_TREE_CONVENTIONAL_BRIDGE, false, false},
    };

    for (const auto &row : rows) {
        pci_tree_function function;
        pci_tree tree = {};

        SCOPED_TRACE(pci_tree_type_name(row.type));
        pci_tree_function_init(&function, row.type, 0x8);
        tree.functions = &function;
        tree.function_count = 1;
        EXPECT_EQ(group_acs_enabled(&tree, 0, FULL), row.single);
        function.multifunction = true;
        EXPECT_EQ(group_acs_enabled(&tree, 0, FULL), row.multi);
        function.quirks = PCI_TREE_QUIRK_ISOLATED;
        EXPECT_TRUE(group_acs_enabled(&tree, 0, FULL));
    }
}

TEST(GroupsAcs, MissingControlsCountAsOnExceptEgressControl)
{
    Tree tree({rp("none", 1, 1), rp("empty", 2, 2).acs(0), rp("full", 3, 3).acs(FULL), rp("off", 4, 4).acs(FULL, RR)});

    EXPECT_FALSE(group_acs_enabled(tree.get(), tree["none"], SV));
    EXPECT_TRUE(group_acs_enabled(tree.get(), tree["empty"], FULL));
    EXPECT_FALSE(group_acs_enabled(tree.get(), tree["empty"], EC));
    EXPECT_TRUE(group_acs_enabled(tree.get(), tree["full"], FULL | TB | DT));
    EXPECT_FALSE(group_acs_enabled(tree.get(), tree["full"], EC));
    EXPECT_TRUE(group_acs_enabled(tree.get(), tree["off"], RR));
    EXPECT_FALSE(group_acs_enabled(tree.get(), tree["off"], RR | UF));
}

TEST(GroupsAcs, PasidNeedsRedirectAndForwardingAllTheWay)
{
    Tree tree({rp("rp", 1, 1).acs(RR | UF | CR | SV, RR | UF), usp("usp", 1, 2),
               dsp("good", 2, 0, 3).acs(FULL, RR | UF), dsp("bad", 2, 1, 4), dsp("half", 2, 2, 5).acs(FULL, RR),
               ep("a", 3), ep("b", 4), ep("c", 5), ep("vf", 3, 0, 1).vf_of("a"), rp("rp2", 2, 6).acs(FULL),
               ep("m0", 6).mf(), ep("m1", 6, 0, 1).mf().acs(0), ep("v0", 6, 0, 2).vf_of("m0")});

    ASSERT_EQ(tree.error(), "");
    for (group_kernel kernel : {GROUP_KERNEL_7_3, GROUP_KERNEL_6_12}) {
        EXPECT_TRUE(group_pasid_path_ok(tree.get(), tree["a"], kernel));
        EXPECT_TRUE(group_pasid_path_ok(tree.get(), tree["vf"], kernel));
        EXPECT_FALSE(group_pasid_path_ok(tree.get(), tree["b"], kernel));
        EXPECT_FALSE(group_pasid_path_ok(tree.get(), tree["c"], kernel));
        EXPECT_FALSE(group_pasid_path_ok(tree.get(), tree["m0"], kernel));
        EXPECT_TRUE(group_pasid_path_ok(tree.get(), tree["m1"], kernel));
        EXPECT_FALSE(group_pasid_path_ok(tree.get(), tree["v0"], kernel)); // as its PF, although no multifunction
    }
    EXPECT_TRUE(group_pasid_path_ok(tree.get(), tree["b"], GROUP_KERNEL_6_1));
}

TEST(GroupsAlias, InOrderFromTheDeviceUpward)
{
    Tree tree({rp("rp", 1, 1).acs(FULL), of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "br", 1, 0, 0, 2),
               of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d", 2, 1).phantom(0x0a).phantom(0x09),
               of_type(PCI_TREE_CONVENTIONAL_BRIDGE, "cb", 2, 2, 0, 3),
               of_type(PCI_TREE_CONVENTIONAL_DEVICE, "e", 3, 4),
               of_type(PCI_TREE_CONVENTIONAL_BRIDGE, "qb", 2, 3, 0, 4).quirk(PCI_TREE_QUIRK_BRIDGE_ALIAS),
               of_type(PCI_TREE_CONVENTIONAL_DEVICE, "g", 4, 1), of_type(PCI_TREE_PCI_TO_PCIE_BRIDGE, "rb", 2, 4, 0, 5),
               ep("h", 5)});

    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(tree.aliases("br"), (std::vector<unsigned>{0x100}));
    EXPECT_EQ(tree.aliases("d"), (std::vector<unsigned>{0x208, 0x209, 0x20a, 0x200}));
    EXPECT_EQ(tree.aliases("e"), (std::vector<unsigned>{0x320, 0x210, 0x200}));
    EXPECT_EQ(tree.aliases("g"), (std::vector<unsigned>{0x408, 0x400, 0x200}));
    EXPECT_EQ(tree.aliases("h"), (std::vector<unsigned>{0x500, 0x220, 0x200}));
    // The name that the ITS hears is the last that comes from another bus; phantoms of the own bus are not heard.
    EXPECT_EQ(group_msi_rid(tree.get(), tree["br"], GROUP_KERNEL_7_3), 0x100);
    EXPECT_EQ(group_msi_rid(tree.get(), tree["d"], GROUP_KERNEL_7_3), 0x200);
    EXPECT_EQ(group_msi_rid(tree.get(), tree["h"], GROUP_KERNEL_7_3), 0x200);
}

TEST(GroupsAlias, PhantomsDoNotNameMsis)
{
    Tree tree({rp("rp", 1, 1).acs(FULL), ep("f1", 1, 0, 1).mf().acs(FULL).phantom(0)});

    EXPECT_EQ(tree.aliases("f1"), (std::vector<unsigned>{0x101, 0x100}));
    EXPECT_EQ(group_msi_rid(tree.get(), tree["f1"], GROUP_KERNEL_7_3), 0x101);
}

// 7.3 knows bridges that are transparent; older versions take them as any other.
TEST(GroupsAlias, TransparentBridgeDependsOnTheVersion)
{
    std::vector<Function> functions = {
        rp("rp", 1, 1).acs(FULL),
        of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "br", 1, 0, 0, 2).quirk(PCI_TREE_QUIRK_NO_ALIAS),
        of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d", 2, 1),
    };
    Tree tree(functions);

    EXPECT_EQ(tree.aliases("d", GROUP_KERNEL_7_3), (std::vector<unsigned>{0x208}));
    EXPECT_EQ(tree.aliases("d", GROUP_KERNEL_6_12), (std::vector<unsigned>{0x208, 0x200}));
    EXPECT_EQ(tree.aliases("d", GROUP_KERNEL_6_1), (std::vector<unsigned>{0x208, 0x200}));
    EXPECT_EQ(group_msi_rid(tree.get(), tree["d"], GROUP_KERNEL_7_3), 0x208);
    EXPECT_EQ(group_msi_rid(tree.get(), tree["d"], GROUP_KERNEL_6_12), 0x200);
}

TEST(GroupsAlias, NothingIsSeenAboveATranslatingBridge)
{
    Tree tree({rp("rp", 1, 1).acs(FULL),
               of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "glue", 1, 0, 0, 2).quirk(PCI_TREE_QUIRK_XLATE_ROOT),
               of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "br", 2, 0, 0, 3),
               of_type(PCI_TREE_CONVENTIONAL_DEVICE, "d", 3, 1)});

    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(tree.aliases("d"), (std::vector<unsigned>{0x308, 0x300}));
}

TEST(GroupsNames, RoundTrip)
{
    for (group_rule rule : {GROUP_RULE_LINUX, GROUP_RULE_CORRECTED, GROUP_RULE_REACH}) {
        group_rule found = rule == GROUP_RULE_LINUX ? GROUP_RULE_REACH : GROUP_RULE_LINUX;

        EXPECT_TRUE(group_rule_from_name(group_rule_name(rule), &found));
        EXPECT_EQ(found, rule);
    }
    for (group_kernel kernel : {GROUP_KERNEL_7_3, GROUP_KERNEL_6_12, GROUP_KERNEL_6_1}) {
        group_kernel found = kernel == GROUP_KERNEL_7_3 ? GROUP_KERNEL_6_1 : GROUP_KERNEL_7_3;

        EXPECT_TRUE(group_kernel_from_name(group_kernel_name(kernel), &found));
        EXPECT_EQ(found, kernel);
    }
    group_rule unchanged = GROUP_RULE_REACH;
    EXPECT_FALSE(group_rule_from_name("windows", &unchanged));
    EXPECT_EQ(unchanged, GROUP_RULE_REACH);
}

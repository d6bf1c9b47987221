// The tree of functions: linking, look-up, and every way in which it can be wrong.
#include "topology.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace topology;

TEST(PciTree, LinksBridgesAndVirtualFunctions)
{
    Tree tree({rp("rp", 1, 1), ep("pf", 3), dsp("dsp", 2, 0, 3), usp("usp", 1, 2), ep("vf", 4, 0, 1).vf_of("pf")});
    auto parent = [&](const char *name) { return tree.get()->functions[tree[name]].parent; };

    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(parent("rp"), PCI_TREE_NONE);
    EXPECT_EQ(parent("usp"), tree["rp"]);
    EXPECT_EQ(parent("dsp"), tree["usp"]);
    EXPECT_EQ(parent("pf"), tree["dsp"]);
    EXPECT_EQ(parent("vf"), tree["dsp"]);
    EXPECT_TRUE(pci_tree_is_below(tree.get(), tree["vf"], tree["rp"]));
    EXPECT_FALSE(pci_tree_is_below(tree.get(), tree["rp"], tree["rp"]));
    EXPECT_FALSE(pci_tree_is_below(tree.get(), tree["rp"], tree["usp"]));
}

TEST(PciTree, ListsWhatIsBelowEachBridgeInTheOrderOfAdding)
{
    Tree tree(
        {ep("vf", 2, 0, 1).vf_of("pf"), rp("rp1", 9, 9), rp("rp0", 1, 1), ep("pf", 1), ep("c", 1, 2), ep("b", 1, 1)});
    auto names = [&](uint32_t first) {
        std::vector<std::string> all;

        for (uint32_t i = first; i != PCI_TREE_NONE; i = tree.get()->functions[i].beside) {
            all.push_back(tree.get()->functions[i].name);
        }
        return all;
    };

    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(names(tree.get()->top), (std::vector<std::string>{"rp1", "rp0"}));
    EXPECT_EQ(names(tree.get()->functions[tree["rp0"]].below), (std::vector<std::string>{"vf", "pf", "c", "b"}));
    EXPECT_TRUE(names(tree.get()->functions[tree["rp1"]].below).empty());
    EXPECT_TRUE(names(tree.get()->functions[tree["pf"]].below).empty());
}

TEST(PciTree, KnowsWhetherABridgePutsAnIdOfItsOwnOnRequests)
{
    EXPECT_TRUE(Tree({rp("rp", 1, 1), usp("usp", 1, 2), dsp("dsp", 2, 0, 3), ep("a", 3)}).get()->ports_only);
    EXPECT_FALSE(
        Tree({rp("rp", 1, 1), of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, "br", 1, 0, 0, 2), ep("a", 2)}).get()->ports_only);
}

/* What a larger tree left behind must not show in a smaller one. */
TEST(PciTree, IsEmptyAfterAResetAndMayBeFilledAgain)
{
    const std::string long_name(5000, 'n');
    pci_tree tree = {};
    pci_tree_function function;
    char error[128];

    for (unsigned round = 0; round < 40; round++) {
        const unsigned count = 1 + round * 7 % 32;

        pci_tree_add_host_bridge(&tree, "rc", 0, 0, 255);
        for (unsigned i = 0; i < count; i++) {
            std::string name = i % 8 == 3 ? long_name : "f" + std::to_string(round) + "." + std::to_string(i);

            pci_tree_function_init(&function, PCI_TREE_RC_ENDPOINT, pci_tree_rid(0, 31 - i, 0));
            function.name = i % 2 == 0 ? nullptr : name.data();
            EXPECT_EQ(pci_tree_add_function(&tree, &function), i);
        }
        ASSERT_TRUE(pci_tree_finish(&tree, error, sizeof(error))) << error;
        ASSERT_EQ(tree.function_count, count);
        for (unsigned i = 0; i < count; i++) {
            const std::string name = i % 8 == 3 ? long_name : "f" + std::to_string(round) + "." + std::to_string(i);

            ASSERT_EQ(pci_tree_find(&tree, 0, pci_tree_rid(0, 31 - i, 0)), i);
            ASSERT_EQ(tree.by_rid[i], count - 1 - i);
            if (i % 2 != 0) {
                ASSERT_EQ(tree.functions[i].name, name);
            }
        }
        EXPECT_EQ(pci_tree_find(&tree, 0, pci_tree_rid(1, 0, 0)), PCI_TREE_NONE);
        EXPECT_EQ(count == 32 ? PCI_TREE_NONE : pci_tree_find(&tree, 0, pci_tree_rid(0, 31 - count, 0)), PCI_TREE_NONE);
        pci_tree_reset(&tree);
        EXPECT_EQ(tree.function_count, 0u);
        EXPECT_EQ(tree.host_bridge_count, 0u);
    }
    pci_tree_clear(&tree);
}

TEST(PciTree, FindsByRequesterIdWithinASegment)
{
    Tree tree({ep("late", 0, 3), rp("rp0", 1, 1), rp("rp1", 1, 1).on(1), ep("b", 1).on(1), ep("a", 1)}, 2);
    size_t count;
    size_t first;

    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(pci_tree_find(tree.get(), 0, 0x100), tree["a"]);
    EXPECT_EQ(pci_tree_find(tree.get(), 1, 0x100), tree["b"]);
    EXPECT_EQ(pci_tree_find(tree.get(), 1, 0x101), PCI_TREE_NONE);
    EXPECT_EQ(pci_tree_find(tree.get(), 2, 0x100), PCI_TREE_NONE);
    first = pci_tree_bus_of(tree.get(), tree["late"], &count);
    ASSERT_EQ(count, 2u);
    EXPECT_EQ(tree.get()->by_rid[first], tree["rp0"]);
    EXPECT_EQ(tree.get()->by_rid[first + 1], tree["late"]);
}

TEST(PciTree, NamesAFunctionByItsAddress)
{
    pci_tree tree = {};
    pci_tree_function function;
    char error[128];

    pci_tree_add_host_bridge(&tree, "rc", 0x12, 0x20, 0x2f);
    pci_tree_function_init(&function, PCI_TREE_RC_ENDPOINT, pci_tree_rid(0x20, 0x1f, 7));
    pci_tree_add_function(&tree, &function);
    ASSERT_TRUE(pci_tree_finish(&tree, error, sizeof(error))) << error;
    EXPECT_STREQ(tree.functions[0].name, "0012:20:1f.7");
    pci_tree_clear(&tree);
    EXPECT_EQ(tree.function_count, 0u);
}

TEST(PciTree, MayBeFinishedAgainAfterGrowing)
{
    Tree tree({rp("rp", 1, 1)});
    pci_tree_function function;
    char error[128];
    uint32_t index;

    pci_tree_function_init(&function, PCI_TREE_ENDPOINT, pci_tree_rid(1, 0, 0));
    index = pci_tree_add_function(tree.get(), &function);
    ASSERT_TRUE(pci_tree_finish(tree.get(), error, sizeof(error))) << error;
    EXPECT_EQ(tree.get()->functions[index].parent, tree["rp"]);
}

TEST(PciTree, RefusesWhatIsNoTree)
{
    struct {
        const char *says;
        std::vector<Function> functions;
    } rows[] = {
        {"has the requester ID of one", {ep("one", 0, 1), ep("two", 0, 1)}},
        {"which no bridge forwards to", {rp("rp", 1, 1), ep("ep", 2)}},
        {"is below rp and not on a root bus", {rp("rp", 1, 1), of_type(PCI_TREE_RC_ENDPOINT, "rciep", 1, 0)}},
        {"is below rp and not on a root bus", {rp("rp", 1, 1), of_type(PCI_TREE_ROOT_PORT, "rp1", 1, 0, 0, 2)}},
        {"is not below a switch upstream port", {rp("rp", 1, 1), dsp("dsp", 1, 0, 2)}},
        {"is not below a port", {usp("usp", 0, 1)}},
        {"names no PF", {rp("rp", 1, 1), ep("pf", 1), ep("v0", 1, 0, 1).vf_of("pf"), ep("v1", 1, 0, 2).vf_of("v0")}},
        {"sends its DMA as",
         {rp("rp", 1, 1), ep("a", 1), ep("b", 1, 0, 1).sends_as("a"), ep("c", 1, 0, 2).sends_as("b")}},
        {"no range below host bridge", {rp("rp", 1, 0)}},
    };

    for (const auto &row : rows) {
        Tree tree(row.functions);

        EXPECT_NE(tree.error().find(row.says), std::string::npos) << row.says << ": " << tree.error();
    }
}

TEST(PciTree, RefusesBusRangesThatDoNotNest)
{
    struct {
        const char *says;
        unsigned secondary[2];
        unsigned subordinate[2];
    } rows[] = {
        {"", {1, 3}, {2, 4}},
        {"forwards bus numbers that rp0 forwards too", {1, 2}, {2, 4}},
        {"no range below", {2, 5}, {1, 5}},
    };

    for (const auto &row : rows) {
        Tree tree(std::vector<Function>{});
        char error[200] = "";

        for (unsigned i = 0; i < 2; i++) {
            std::string name = "rp" + std::to_string(i);
            pci_tree_function function;

            pci_tree_function_init(&function, PCI_TREE_ROOT_PORT, pci_tree_rid(0, i, 0));
            function.name = const_cast<char *>(name.c_str());
            function.secondary = static_cast<uint8_t>(row.secondary[i]);
            function.subordinate = static_cast<uint8_t>(row.subordinate[i]);
            pci_tree_add_function(tree.get(), &function);
        }
        EXPECT_EQ(pci_tree_finish(tree.get(), error, sizeof(error)), row.says[0] == '\0') << error;
        EXPECT_NE(std::string(error).find(row.says), std::string::npos) << error;
    }
}

TEST(PciTree, RefusesAChildThatForwardsMoreThanItsParent)
{
    Tree tree({rp("rp", 1, 1), usp("usp", 1, 2)});
    char error[200] = "";

    ASSERT_EQ(tree.error(), "");
    tree.get()->functions[tree["usp"]].subordinate = 9;
    EXPECT_FALSE(pci_tree_finish(tree.get(), error, sizeof(error)));
    EXPECT_NE(std::string(error).find("more than rp above it"), std::string::npos) << error;
}

// Two bridges, each on the other's secondary bus: no range may hold its own bridge, so no circle can be built.
TEST(PciTree, RefusesACircle)
{
    Tree tree({of_type(PCI_TREE_CONVENTIONAL_BRIDGE, "x", 1, 0, 0, 2),
               of_type(PCI_TREE_CONVENTIONAL_BRIDGE, "y", 2, 0, 0, 3)});
    char error[200] = "";

    tree.get()->functions[0].secondary = 2;
    tree.get()->functions[0].subordinate = 3;
    tree.get()->functions[1].secondary = 1;
    tree.get()->functions[1].subordinate = 1;
    EXPECT_FALSE(pci_tree_finish(tree.get(), error, sizeof(error)));
    EXPECT_NE(std::string(error).find("forwards"), std::string::npos) << error;
}

TEST(PciTree, RefusesABridgeInItsOwnRange)
{
    Tree tree({rp("rp", 1, 1), of_type(PCI_TREE_CONVENTIONAL_BRIDGE, "self", 1, 0, 0, 2)});
    char error[200] = "";

    ASSERT_EQ(tree.error(), "");
    tree.get()->functions[1].secondary = 1;
    EXPECT_FALSE(pci_tree_finish(tree.get(), error, sizeof(error)));
    EXPECT_NE(std::string(error).find("which hold its own"), std::string::npos) << error;
}

TEST(PciTree, RefusesHostBridgesThatOverlap)
{
    pci_tree tree = {};
    char error[128] = "";

    pci_tree_add_host_bridge(&tree, "one", 3, 0x00, 0x7f);
    pci_tree_add_host_bridge(&tree, "two", 3, 0x80, 0xff);
    EXPECT_TRUE(pci_tree_finish(&tree, error, sizeof(error))) << error;
    pci_tree_add_host_bridge(&tree, "three", 3, 0x7f, 0x7f);
    EXPECT_FALSE(pci_tree_finish(&tree, error, sizeof(error)));
    EXPECT_STREQ(error, "host bridges one and three share bus numbers of segment 3");
    pci_tree_clear(&tree);
}

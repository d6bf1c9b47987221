// Properties that hold for every topology, on random ones from fixed seeds: groups are a partition; the corrected rule
// covers true reach where it claims to; nothing but Linux's order of probing matters; Linux's search finds what a
// formulation without search finds; reach is what an address router does.
#include "topology.h"

#include "host/reach.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

using namespace topology;

namespace
{

constexpr unsigned SEEDS = 250;

// Random topologies. The standard's distributions differ between libraries; plain remainders do not.
class Generator
{
  public:
    explicit Generator(unsigned seed) : random(seed)
    {
    }

    std::vector<Function> make()
    {
        unsigned slots = 1 + pick(4);

        functions.clear();
        next_bus = 1;
        next_name = 0;
        for (unsigned device = 1; device <= slots; device++) {
            make_root_slot(device);
        }
        return functions;
    }

    unsigned pick(unsigned below)
    {
        return static_cast<unsigned>(random() % below);
    }

  private:
    std::mt19937 random;
    std::vector<Function> functions;
    unsigned next_bus = 1;
    unsigned next_name = 0;

    std::string name(const char *kind)
    {
        return kind + std::to_string(next_name++);
    }

    // The corrected rule claims nothing for a port whose ACS capability lacks a control, nor for devices that route
    // inside without saying so; those have tests of their own.
    void maybe_acs(Function &function)
    {
        switch (pick(4)) {
        case 0:
            break;
        case 1:
            function.acs(FULL, pick(32) & FULL);
            break;
        default:
            function.acs(FULL);
            break;
        }
    }

    void make_root_slot(unsigned device)
    {
        unsigned count = pick(4) == 0 ? 2 : 1;
        bool integrated = pick(5) == 0;

        for (unsigned function = 0; function < count; function++) {
            if (integrated) {
                functions.push_back(of_type(PCI_TREE_RC_ENDPOINT, name("rciep"), 0, device, function));
                functions.back().mf(count > 1);
                maybe_acs(functions.back());
                continue;
            }
            Function port = rp(name("rp"), device, next_bus++, function);
            port.mf(count > 1);
            maybe_acs(port);
            if (pick(12) == 0) {
                port.quirk(PCI_TREE_QUIRK_ISOLATED);
            }
            functions.push_back(port);
            make_below(port.secondary, 3);
        }
    }

    void make_below(unsigned bus, unsigned depth)
    {
        unsigned kind = pick(10);

        if (kind < 4 && depth > 0) {
            make_switch(bus, depth);
        } else if (kind < 5 && depth > 0) {
            make_conventional(bus, depth);
        } else if (kind < 9) {
            make_device(bus);
        }
    }

    void make_switch(unsigned bus, unsigned depth)
    {
        unsigned upstream_ports = pick(6) == 0 ? 2 : 1;

        for (unsigned function = 0; function < upstream_ports; function++) {
            Function upstream = of_type(PCI_TREE_UPSTREAM_PORT, name("usp"), bus, 0, function, next_bus++);

            upstream.mf(upstream_ports > 1);
            if (upstream_ports > 1) {
                maybe_acs(upstream);
            }
            functions.push_back(upstream);
            make_downstream_ports(upstream.secondary, depth);
        }
    }

    void make_downstream_ports(unsigned bus, unsigned depth)
    {
        unsigned count = 1 + pick(4);
        bool one_device = pick(4) == 0;

        for (unsigned i = 0; i < count; i++) {
            Function port = dsp(name("dsp"), bus, one_device ? 0 : i, next_bus++, one_device ? i : 0);

            port.mf(one_device && count > 1);
            maybe_acs(port);
            functions.push_back(port);
            make_below(port.secondary, depth - 1);
        }
    }

    void make_conventional(unsigned bus, unsigned depth)
    {
        bool bridge_below = depth > 1 && pick(2) == 0;
        unsigned devices = 1 + pick(3);
        Function bridge = of_type(PCI_TREE_PCIE_TO_PCI_BRIDGE, name("br"), bus, 0, 0, next_bus++);

        functions.push_back(bridge);
        for (unsigned device = 0; device < devices; device++) {
            functions.push_back(of_type(PCI_TREE_CONVENTIONAL_DEVICE, name("conv"), bridge.secondary, device));
        }
        if (bridge_below) {
            Function inner =
                of_type(PCI_TREE_CONVENTIONAL_BRIDGE, name("cbr"), bridge.secondary, devices, 0, next_bus++);

            functions.push_back(inner);
            functions.push_back(of_type(PCI_TREE_CONVENTIONAL_DEVICE, name("conv"), inner.secondary, 0));
        }
    }

    void make_device(unsigned bus)
    {
        unsigned count = 1 + pick(3);
        unsigned virtual_functions = pick(4) == 0 ? 1 + pick(2) : 0;
        std::string physical;

        for (unsigned function = 0; function < count; function++) {
            Function at = ep(name("ep"), bus, 0, function);

            at.mf(count > 1);
            if (count > 1) {
                maybe_acs(at);
            }
            if (pick(10) == 0) {
                at.phantom(pick(5));
            }
            functions.push_back(at);
            physical = functions.back().name;
        }
        for (unsigned i = 0; i < virtual_functions; i++) {
            functions.push_back(ep(name("vf"), bus, 0, 3 + i).vf_of(physical));
        }
    }
};

std::vector<std::string> names_of(const std::vector<Function> &functions)
{
    std::vector<std::string> names;

    for (const Function &function : functions) {
        names.push_back(function.name);
    }
    return names;
}

// A random order in which no function comes before the bridge above it, nor a VF before its PF.
std::vector<std::string> parents_first(const Tree &tree, const std::vector<Function> &functions, Generator &generator)
{
    std::vector<std::string> waiting = names_of(functions);
    std::vector<std::string> order;
    std::set<std::string> done;

    while (!waiting.empty()) {
        size_t at = generator.pick(static_cast<unsigned>(waiting.size()));
        const pci_tree_function &function = tree.get()->functions[tree[waiting[at]]];
        bool parent_done =
            function.parent == PCI_TREE_NONE || done.count(tree.get()->functions[function.parent].name) != 0;

        if (parent_done) {
            done.insert(waiting[at]);
            order.push_back(waiting[at]);
            waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
    return order;
}

bool covers(const Partition &groups, const std::string &one, const std::string &other)
{
    return std::any_of(groups.begin(), groups.end(),
                       [&](const auto &group) { return group.count(one) != 0 && group.count(other) != 0; });
}

// Linux's rule without its search, for orders in which parents come first: what joins a function is the bridge above
// it, unless the way from there is isolated; an alias on its bus; and siblings in the slot.
Partition joined_as_linux(const Tree &tree)
{
    const pci_tree *pci = tree.get();
    std::vector<uint32_t> set(pci->function_count);
    auto join = [&](uint32_t one, uint32_t other) {
        std::replace(set.begin(), set.end(), uint32_t(set[one]), uint32_t(set[other]));
    };
    std::map<uint32_t, std::set<std::string>> members;
    Partition partition;

    std::iota(set.begin(), set.end(), 0u);
    for (uint32_t i = 0; i < pci->function_count; i++) {
        const pci_tree_function &at = pci->functions[i];
        bool isolated = true;

        for (uint32_t up = at.parent; up != PCI_TREE_NONE; up = pci->functions[up].parent) {
            isolated = isolated && group_acs_enabled(pci, up, FULL);
        }
        if (!isolated) {
            join(i, at.parent);
        }
        for (uint32_t j = 0; j < pci->function_count; j++) {
            const pci_tree_function &other = pci->functions[j];
            bool same_slot = other.rid >> 3 == at.rid >> 3;

            if (i != j && other.rid >> 8 == at.rid >> 8 && group_alias_linked(pci, i, j)) {
                join(i, j);
            }
            if (i != j && same_slot && at.multifunction && !group_acs_enabled(pci, i, FULL) &&
                !group_acs_enabled(pci, j, FULL)) {
                join(i, j);
            }
        }
    }
    for (uint32_t i = 0; i < pci->function_count; i++) {
        members[set[i]].insert(pci->functions[i].name);
    }
    for (const auto &group : members) {
        partition.insert(group.second);
    }
    return partition;
}

// A router of addresses: every function that is no bridge has a BAR, every bridge forwards the addresses of the BARs
// below it, and a request is followed port by port. Knows nothing of branches and ancestors.
class Router
{
  public:
    explicit Router(const pci_tree *tree) : pci(tree), low(tree->function_count), high(tree->function_count)
    {
        uint64_t next = 0x1000;

        assign(PCI_TREE_NONE, &next);
    }

    reach_route follow(uint32_t source, uint32_t target) const
    {
        const uint64_t address = low[target];
        uint32_t from = source;

        for (;;) {
            uint32_t bridge = pci->functions[from].parent;
            uint32_t claimant = claims_beside(from, address);

            if (claimant != PCI_TREE_NONE && passes_sideways(bridge, from, claimant)) {
                return REACH_DIRECT;
            }
            if (bridge == PCI_TREE_NONE) {
                return REACH_TRANSLATED;
            }
            if (claims(bridge, address) && answers_for_own_window(bridge)) {
                return REACH_REFUSED;
            }
            from = bridge;
        }
    }

  private:
    const pci_tree *pci;
    std::vector<uint64_t> low;
    std::vector<uint64_t> high;

    void assign(uint32_t bridge, uint64_t *next)
    {
        for (uint32_t i = 0; i < pci->function_count; i++) {
            if (pci->functions[i].parent != bridge) {
                continue;
            }
            low[i] = *next;
            if (pci_tree_is_bridge(&pci->functions[i])) {
                assign(i, next);
            } else {
                *next += 0x1000;
            }
            high[i] = *next;
        }
    }

    bool claims(uint32_t function, uint64_t address) const
    {
        return low[function] <= address && address < high[function];
    }

    uint32_t claims_beside(uint32_t from, uint64_t address) const
    {
        for (uint32_t i = 0; i < pci->function_count; i++) {
            if (i != from && pci->functions[i].parent == pci->functions[from].parent && claims(i, address)) {
                return i;
            }
        }
        return PCI_TREE_NONE;
    }

    unsigned on(uint32_t function) const
    {
        const pci_tree_function &at = pci->functions[function];

        return at.quirks != 0 ? FULL : at.acs.present ? at.acs.capability & at.acs.control : 0;
    }

    bool passes_inside_device(uint32_t from) const
    {
        const pci_tree_function &own = pci->functions[from];
        const pci_tree_function &at = own.is_vf ? pci->functions[own.physical_function] : own;

        return at.acs.present && (at.acs.capability & RR) != 0 && (at.acs.control & RR) == 0;
    }

    bool passes_sideways(uint32_t bridge, uint32_t from, uint32_t to) const
    {
        if (bridge == PCI_TREE_NONE) { // these root complexes route no peers; integrated endpoints of a slot may
            return pci->functions[from].rid >> 3 == pci->functions[to].rid >> 3 &&
                   !pci_tree_is_bridge(&pci->functions[from]) && passes_inside_device(from);
        }
        switch (pci->functions[bridge].type) {
        case PCI_TREE_UPSTREAM_PORT:
            return (on(from) & RR) == 0;
        case PCI_TREE_PCIE_TO_PCI_BRIDGE:
        case PCI_TREE_CONVENTIONAL_BRIDGE:
            return true;
        default:
            return passes_inside_device(from);
        }
    }

    bool answers_for_own_window(uint32_t port) const
    {
        return pci->functions[port].type != PCI_TREE_UPSTREAM_PORT && (on(port) & UF) == 0;
    }
};

} // namespace

TEST(GroupsRandom, GroupsArePartitions)
{
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        Generator generator(seed);
        std::vector<Function> functions = generator.make();
        std::vector<std::string> names = names_of(functions);
        Tree tree(functions);

        SCOPED_TRACE(seed);
        ASSERT_EQ(tree.error(), "");
        for (group_rule rule : {GROUP_RULE_LINUX, GROUP_RULE_CORRECTED, GROUP_RULE_REACH}) {
            std::multiset<std::string> members;

            for (const auto &group : tree.groups(rule)) {
                ASSERT_FALSE(group.empty());
                members.insert(group.begin(), group.end());
            }
            ASSERT_EQ(members, std::multiset<std::string>(names.begin(), names.end()));
        }
    }
}

TEST(GroupsRandom, CorrectedGroupsCoverTrueReach)
{
    size_t pairs = 0;
    size_t missed_by_linux = 0;

    for (unsigned seed = 0; seed < SEEDS; seed++) {
        Tree tree(Generator(seed).make());
        Partition corrected = tree.groups(GROUP_RULE_CORRECTED);
        Partition as_linux = tree.groups(GROUP_RULE_LINUX);

        SCOPED_TRACE(seed);
        for (const auto &pair : tree.direct_pairs()) {
            ASSERT_TRUE(covers(corrected, pair.first, pair.second)) << pair.first << " reaches " << pair.second;
            missed_by_linux += covers(as_linux, pair.first, pair.second) ? 0 : 1;
            pairs++;
        }
        for (const auto &set : tree.groups(GROUP_RULE_REACH)) {
            for (const auto &member : set) {
                ASSERT_TRUE(covers(corrected, *set.begin(), member)) << *set.begin() << " and " << member;
            }
        }
    }
    // Not an empty claim: the topologies hold many such pairs, and Linux's rule does not cover them.
    EXPECT_GT(pairs, 1000u);
    EXPECT_GT(missed_by_linux, 100u);
}

TEST(GroupsRandom, OnlyTheOrderOfProbingMatters)
{
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        Generator generator(seed);
        std::vector<Function> functions = generator.make();
        Tree tree(functions);
        std::vector<std::string> order = names_of(functions);
        std::vector<Function> shuffled = functions;

        SCOPED_TRACE(seed);
        for (size_t i = shuffled.size(); i > 1; i--) {
            std::swap(shuffled[i - 1], shuffled[generator.pick(static_cast<unsigned>(i))]);
        }
        Tree other(shuffled);
        ASSERT_EQ(other.error(), "");
        for (group_rule rule : {GROUP_RULE_LINUX, GROUP_RULE_CORRECTED, GROUP_RULE_REACH}) {
            Partition expected = tree.groups(rule, order);

            ASSERT_EQ(other.groups(rule, order), expected);
            // Parents first is all that Linux's rule needs; the others do not need even that.
            ASSERT_EQ(tree.groups(rule, parents_first(tree, functions, generator)), expected);
        }
        for (group_rule rule : {GROUP_RULE_CORRECTED, GROUP_RULE_REACH}) {
            ASSERT_EQ(other.groups(rule), tree.groups(rule));
        }
    }
}

TEST(GroupsRandom, NamesDoNotMatter)
{
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        std::vector<Function> functions = Generator(seed).make();
        std::map<std::string, std::string> new_names;
        Tree tree(functions);

        for (Function &function : functions) {
            new_names[function.name] = std::to_string(functions.size() - new_names.size()) + "x";
        }
        for (Function &function : functions) {
            function.name = new_names[function.name];
            function.physical = function.physical.empty() ? "" : new_names[function.physical];
        }
        Tree renamed(functions);
        for (group_rule rule : {GROUP_RULE_LINUX, GROUP_RULE_CORRECTED, GROUP_RULE_REACH}) {
            Partition expected;

            for (const auto &group : tree.groups(rule)) {
                std::set<std::string> members;

                for (const auto &member : group) {
                    members.insert(new_names[member]);
                }
                expected.insert(members);
            }
            ASSERT_EQ(renamed.groups(rule), expected) << seed;
        }
    }
}

TEST(GroupsRandom, LinuxSearchFindsWhatJoiningFinds)
{
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        Tree tree(Generator(seed).make());

        ASSERT_EQ(tree.groups(GROUP_RULE_LINUX), joined_as_linux(tree)) << seed;
    }
}

TEST(GroupsRandom, ReachIsWhatAnAddressRouterDoes)
{
    size_t by_route[3] = {0, 0, 0};

    for (unsigned seed = 0; seed < SEEDS; seed++) {
        Tree tree(Generator(seed).make());
        Router router(tree.get());
        reach_policy policy = {};

        for (uint32_t source = 0; source < tree.get()->function_count; source++) {
            for (uint32_t target = 0; target < tree.get()->function_count; target++) {
                if (source == target || pci_tree_is_bridge(&tree.get()->functions[source]) ||
                    pci_tree_is_bridge(&tree.get()->functions[target])) {
                    continue;
                }
                reach_route route = reach_trace(tree.get(), &policy, source, target).route;

                ASSERT_EQ(route, router.follow(source, target)) << seed << ": " << tree.get()->functions[source].name
                                                                << " to " << tree.get()->functions[target].name;
                by_route[route]++;
            }
        }
    }
    for (size_t count : by_route) {
        EXPECT_GT(count, 500u);
    }
}

// Turning on more of a port's controls never opens a way, in any direction.
TEST(GroupsRandom, MoreControlsNeverOpenAWay)
{
    size_t closed = 0;

    for (unsigned seed = 0; seed < SEEDS; seed++) {
        Generator generator(seed);
        std::vector<Function> functions = generator.make();
        Tree before(functions);
        auto pairs_before = before.direct_pairs();

        for (Function &function : functions) {
            if (function.capability && generator.pick(2) == 0) {
                function.acs(FULL);
            }
        }
        Tree after(functions);
        auto pairs_after = after.direct_pairs();

        ASSERT_TRUE(std::includes(pairs_before.begin(), pairs_before.end(), pairs_after.begin(), pairs_after.end()))
            << seed;
        closed += pairs_before.size() - pairs_after.size();
    }
    EXPECT_GT(closed, 100u);
}

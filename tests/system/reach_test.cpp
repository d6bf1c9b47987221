// The true reach that grouping rules are judged by (host/reach.h) against the fabric itself: on systems of random shape
// every function sends a write and a read to every other one, and where they arrive is compared with what was said.
//
// DOORBELL_FABRICS: how many random systems, instead of the suite's few hundred.
#include "host/groups.h"
#include "tests/system/fabric.h"

#include <cstdlib>
#include <iostream>
#include <numeric>

namespace
{

using fabric::Fabric;
using fabric::Limits;
using fabric::Outcome;

constexpr unsigned SUITE = 250;

struct Tally {
    size_t requests = 0;
    size_t by_route[3] = {};
    size_t by_translated[3] = {};
    size_t ended_at[3] = {}; // direct or refused: at root ports, at downstream ports, elsewhere
    size_t groups = 0;
    size_t joined = 0; // groups of several functions
    size_t vectors = 0;
    size_t functions = 0;
    size_t buses = 0; // conventional ones
};

reach_policy policy_of_the_models()
{
    reach_policy policy = {};

    policy.devices_send_all_up = true;
    return policy;
}

bool below(const pci_tree *tree, uint32_t function, uint32_t port)
{
    return pci_tree_is_below(tree, function, port);
}

// Whether the completion of a read that went directly finds its way back: Completion Redirect sends it up, and then
// every port on the way that leads to the requester turns it away without Upstream Forwarding, a root port too.
bool completion_returns(const pci_tree *tree, uint32_t source, uint32_t target)
{
    for (uint32_t at = target; at != PCI_TREE_NONE; at = tree->functions[at].parent) {
        const pci_tree_function &port = tree->functions[at];
        const bool faces_down = port.type == PCI_TREE_DOWNSTREAM_PORT || port.type == PCI_TREE_ROOT_PORT;
        const pci_tree_function &holder =
            port.is_vf && !port.acs.present ? tree->functions[port.physical_function] : port;
        const unsigned controls = holder.acs.present ? holder.acs.capability & holder.acs.control : 0u;

        if (port.type == PCI_TREE_PCIE_TO_PCI_BRIDGE && below(tree, source, at)) {
            return true; /* data comes back on the bus that the address went on */
        }
        if (!faces_down && (port.quirks & PCI_TREE_QUIRK_INTERNAL_PEERS) == 0) {
            continue;
        }
        if (below(tree, source, at)) {
            if (faces_down && (controls & PCI_TREE_ACS_UF) == 0) {
                return false;
            }
        } else if (below(tree, source, port.parent) && (controls & PCI_TREE_ACS_CR) == 0) {
            return true;
        }
    }
    return true;
}

// What was seen, as a route. Anything that is none of the three, or two at once, is a failure.
reach_route route_seen(const Outcome &outcome, bool read, bool delivers_translated, bool returns)
{
    const bool arrived = read ? outcome.served == 1 : outcome.written;
    const bool lost = read && arrived && outcome.at_roots == 0 && !returns;

    EXPECT_EQ(outcome.over, !lost);
    EXPECT_EQ(outcome.answered, read && arrived && !lost);
    EXPECT_EQ(outcome.served_others, 0u);
    EXPECT_EQ(outcome.served, arrived ? 1u : 0u);
    EXPECT_EQ(outcome.failed, read && !arrived);
    EXPECT_LE(outcome.at_roots, 1u);
    if (outcome.at_roots == 1) {
        EXPECT_EQ(outcome.refused, 0u);
        EXPECT_EQ(arrived, delivers_translated);
        return REACH_TRANSLATED;
    }
    EXPECT_EQ(outcome.refused, arrived ? 0u : 1u);
    return arrived ? REACH_DIRECT : REACH_REFUSED;
}

void tell_place(const pci_tree *tree, const reach_result &result, Tally *tally)
{
    const pci_tree_type type = result.at == PCI_TREE_NONE ? PCI_TREE_ENDPOINT : tree->functions[result.at].type;

    if (result.route != REACH_TRANSLATED) {
        tally->ended_at[type == PCI_TREE_ROOT_PORT ? 0 : type == PCI_TREE_DOWNSTREAM_PORT ? 1 : 2]++;
    }
}

// Requests with untranslated addresses. @return whether the write went directly
bool compare_untranslated(Fabric &fabric, size_t source, size_t target, Tally *tally)
{
    const reach_policy policy = policy_of_the_models();
    const reach_result said = reach_trace(fabric.tree(), &policy, fabric.in_tree(source), fabric.in_tree(target));
    const bool returns = completion_returns(fabric.tree(), fabric.in_tree(source), fabric.in_tree(target));
    const reach_route written = route_seen(fabric.send(source, target, false, SIM_AT_UNTRANSLATED), false,
                                           fabric.delivers(source, false), returns);
    EXPECT_EQ(written, said.route) << "a write: " << said.why;
    /* A bridge keeps a read until its completion comes: one that got lost would hold one of its few places for long. */
    if (returns || said.route != REACH_DIRECT || !fabric.conventional(source)) {
        const reach_route read = route_seen(fabric.send(source, target, true, SIM_AT_UNTRANSLATED), true,
                                            fabric.delivers(source, true), returns);

        EXPECT_EQ(read, said.route) << "a read: " << said.why;
        tally->requests++;
    }
    tell_place(fabric.tree(), said, tally);
    tally->by_route[written]++;
    tally->requests++;
    return written == REACH_DIRECT;
}

// A source that sends translated addresses reaches what either sort of request reaches.
void compare_translated(Fabric &fabric, size_t source, size_t target, bool direct, Tally *tally)
{
    const reach_policy policy = policy_of_the_models();
    const Outcome outcome = fabric.send(source, target, false, SIM_AT_TRANSLATED);
    pci_tree_function *function = &fabric.tree()->functions[fabric.in_tree(source)];
    reach_result said;

    function->ats_enabled = true;
    said = reach_trace(fabric.tree(), &policy, fabric.in_tree(source), fabric.in_tree(target));
    function->ats_enabled = false;
    /* The SMMU refuses translated addresses of streams without ATS, and passes those of no stream. */
    EXPECT_EQ(said.route == REACH_DIRECT, direct || (outcome.written && outcome.at_roots == 0))
        << "translated: " << said.why;
    tally->by_translated[outcome.at_roots != 0 ? REACH_TRANSLATED : outcome.written ? REACH_DIRECT : REACH_REFUSED]++;
    tally->requests++;
}

// Sets of functions between which requests went directly, against the groups by true reach.
void compare_groups(const Fabric &fabric, const std::vector<std::pair<size_t, size_t>> &direct, Tally *tally)
{
    std::vector<size_t> set(fabric.functions());
    group_options options = {};
    group_assignment groups = {};
    std::map<size_t, size_t> sizes;

    std::iota(set.begin(), set.end(), size_t{0});
    for (const auto &pair : direct) {
        std::replace(set.begin(), set.end(), size_t{set[pair.first]}, size_t{set[pair.second]});
    }
    options.rule = GROUP_RULE_REACH;
    options.reach = policy_of_the_models();
    group_assign(fabric.tree(), &options, &groups);
    for (size_t one = 0; one < set.size(); one++) {
        sizes[set[one]]++;
        for (size_t other = 0; other < set.size(); other++) {
            EXPECT_EQ(group_same(&groups, fabric.in_tree(one), fabric.in_tree(other)), set[one] == set[other])
                << fabric.name(one) << " and " << fabric.name(other);
        }
    }
    group_assignment_clear(&groups);
    tally->groups += sizes.size();
    for (const auto &size : sizes) {
        tally->joined += size.second > 1 ? 1 : 0;
    }
}

void compare_system(uint64_t seed, const Limits &limits, const system_options &options, Tally *tally)
{
    const std::string text = fabric::random_text(seed, limits);
    std::vector<std::pair<size_t, size_t>> direct;
    Fabric fabric(text, seed, options);

    SCOPED_TRACE("seed " + std::to_string(seed) + ":\n" + text);
    for (size_t source = 0; source < fabric.functions(); source++) {
        for (size_t target = 0; target < fabric.functions(); target++) {
            if (source == target) {
                continue;
            }
            SCOPED_TRACE(fabric.name(source) + " to " + fabric.name(target));
            const bool reached = compare_untranslated(fabric, source, target, tally);

            if (reached) {
                direct.emplace_back(source, target);
            }
            if (!fabric.conventional(source)) { /* whose bus has no AT */
                compare_translated(fabric, source, target, reached, tally);
            }
        }
    }
    compare_groups(fabric, direct, tally);
    tally->vectors += fabric.vectors();
    tally->functions += fabric.functions();
    tally->buses += fabric.buses();
}

void tell(const char *what, unsigned systems, const Tally &tally)
{
    std::cout << what << ": " << systems << " systems, " << tally.functions << " functions, " << tally.requests
              << " requests; pairs direct " << tally.by_route[REACH_DIRECT] << ", translated "
              << tally.by_route[REACH_TRANSLATED] << ", refused " << tally.by_route[REACH_REFUSED]
              << "; with translated addresses direct " << tally.by_translated[REACH_DIRECT] << ", to the root "
              << tally.by_translated[REACH_TRANSLATED] << ", refused " << tally.by_translated[REACH_REFUSED]
              << "; decided at root ports " << tally.ended_at[0] << ", downstream ports " << tally.ended_at[1]
              << "; egress control vectors " << tally.vectors << "; conventional buses " << tally.buses << "; groups "
              << tally.groups << ", of several functions " << tally.joined << "\n";
}

} // namespace

TEST(Reach, IsWhereRealRequestsArrive)
{
    const char *wanted = std::getenv("DOORBELL_FABRICS");
    const unsigned systems = wanted != nullptr ? static_cast<unsigned>(std::stoul(wanted)) : SUITE;
    Tally tally;

    for (unsigned seed = 0; seed < systems && !HasFailure(); seed++) {
        compare_system(seed, Limits(), system_options(), &tally);
    }
    tell("native", systems, tally);
    if (systems >= SUITE) {
        for (unsigned route = 0; route < 3; route++) {
            EXPECT_GT(tally.by_route[route], 100u);
            EXPECT_GT(tally.by_translated[route], 100u);
        }
        EXPECT_GT(tally.ended_at[0], 50u);
        EXPECT_GT(tally.ended_at[1], 50u);
        EXPECT_GT(tally.joined, 20u);
        EXPECT_GT(tally.vectors, 50u);
        EXPECT_GT(tally.buses, 50u);
    }
}

TEST(Reach, IsTheSameOnEveryCycle)
{
    constexpr unsigned systems = 3;
    system_options options = {};
    Limits limits;
    Tally tally;

    options.engine = SIM_ENGINE_EVERY_CYCLE;
    options.shuffle = true;
    options.shuffle_seed = 5;
    limits.functions = 3;
    limits.root_ports = 2;
    limits.ports = 2;
    for (unsigned seed = 1000; seed < 1000 + systems && !HasFailure(); seed++) {
        compare_system(seed, limits, options, &tally);
    }
    tell("every cycle, shuffled", systems, tally);
}

// Groups by true reach against the fabric itself: on random topologies, a real memory write from every function to a
// BAR of every other one, and where it came out.
#include "host/groups.h"
#include "host/reach.h"
#include "models/pcie/endpoint.h"
#include "models/pcie/root_complex.h"
#include "scenario/system_internal.h"
#include "tests/host/software_system.h"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>

using software_system::Built;

namespace
{

constexpr uint64_t SEEDS = 60;

/** A function of the tree with the endpoint that it is part of. */
struct Member {
    uint32_t index;
    endpoint *device;
    unsigned function;
};

/** A system that was brought up, and its endpoints' functions. */
struct Fabric {
    std::unique_ptr<Built> built;
    const pci_tree *tree = nullptr;
    std::vector<Member> members;

    explicit Fabric(uint64_t seed) : built(Built::from_text(software_system::random_text(seed)))
    {
        if (built->scenario == nullptr || !built->bring_up()) {
            return;
        }
        tree = &built->software->found.tree;
        for (size_t d = 0; d < built->scenario->device_count; d++) {
            endpoint *device = built->system->endpoints[d];

            for (unsigned f = 0; device != nullptr && endpoint_config_space(device, f) != nullptr; f++) {
                members.push_back({pci_tree_find(tree, 0, endpoint_requester_id(device, f)), device, f});
            }
        }
    }

    /** Sends a write to the first BAR of another function. @return how it ended */
    reach_route route(const Member &from, const Member &to, uint64_t mark)
    {
        const root_complex_counters *counters = root_complex_get_counters(built->system->root_complexes[0]);
        const uint64_t before = counters->requests;
        const pci_tree_range &bar = tree->functions[to.index].bars[0];
        uint8_t bytes[8];
        endpoint_job job = {};

        sim_store_le64(bytes, mark);
        job.kind = ENDPOINT_DMA_WRITE;
        job.function = from.function;
        job.address = bar.base;
        job.bytes = sizeof(bytes);
        job.data = bytes;
        EXPECT_TRUE(endpoint_request(from.device, &job));
        sim_run(built->system->sim, sim_now(built->system->sim) + 20 * SIM_US);
        if (counters->requests > before) {
            return REACH_TRANSLATED;
        }
        return sim_load_le64(endpoint_bar_bytes(to.device, to.function, 0, nullptr)) == mark ? REACH_DIRECT
                                                                                             : REACH_REFUSED;
    }
};

reach_policy policy_of_the_models()
{
    reach_policy policy = {};

    policy.devices_send_all_up = true;
    return policy;
}

/** Sets of members joined by pairs. */
class Sets
{
  public:
    explicit Sets(size_t count) : parent(count)
    {
        std::iota(parent.begin(), parent.end(), size_t{0});
    }
    size_t find(size_t member)
    {
        return parent[member] == member ? member : parent[member] = find(parent[member]);
    }
    void join(size_t one, size_t other)
    {
        parent[find(one)] = find(other);
    }

  private:
    std::vector<size_t> parent;
};

const char *const names[] = {"translated", "direct", "refused"};

TEST(GroupsRouting, EveryPairIsRoutedAsReachSaysAndGroupedSo)
{
    unsigned pairs[3] = {};
    unsigned together = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        Fabric fabric(seed);
        const reach_policy policy = policy_of_the_models();
        group_options options = {};
        group_assignment groups = {};

        ASSERT_NE(fabric.tree, nullptr) << "seed " << seed << ": " << fabric.built->said << fabric.built->error.text;
        Sets sets(fabric.members.size());
        for (size_t i = 0; i < fabric.members.size(); i++) {
            for (size_t j = 0; j < fabric.members.size(); j++) {
                const Member &from = fabric.members[i];
                const Member &to = fabric.members[j];

                if (i == j) {
                    continue;
                }
                const reach_route routed = fabric.route(from, to, seed << 32 | i << 16 | j | 1u << 31);
                const reach_result said = reach_trace(fabric.tree, &policy, from.index, to.index);

                ASSERT_EQ(names[routed], std::string(names[said.route]))
                    << "seed " << seed << ", " << fabric.tree->functions[from.index].name << " to "
                    << fabric.tree->functions[to.index].name << ": " << said.why;
                pairs[routed]++;
                if (routed == REACH_DIRECT) {
                    sets.join(i, j);
                }
            }
        }
        options.rule = GROUP_RULE_REACH;
        options.reach = policy;
        group_assign(fabric.tree, &options, &groups);
        for (size_t i = 0; i < fabric.members.size(); i++) {
            for (size_t j = 0; j < i; j++) {
                const bool joined = sets.find(i) == sets.find(j);

                EXPECT_EQ(group_same(&groups, fabric.members[i].index, fabric.members[j].index), joined)
                    << "seed " << seed << ": " << i << " and " << j;
                together += joined;
            }
        }
        group_assignment_clear(&groups);
    }
    /* The topologies must be such that all of it happens. */
    EXPECT_GT(pairs[REACH_TRANSLATED], 100u);
    EXPECT_GT(pairs[REACH_DIRECT], 100u);
    EXPECT_GT(pairs[REACH_REFUSED], 100u);
    EXPECT_GT(together, 100u);
}

} // namespace

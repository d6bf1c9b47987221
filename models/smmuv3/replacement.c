#include "models/smmuv3/replacement_internal.h"

#include "sim/sim.h"

void smmu_replacement_init(struct smmu_replacement *replacement, struct sim *sim, const char *name,
                           enum smmu_policy policy, uint32_t sets, uint32_t ways)
{
    replacement->policy = policy;
    replacement->ways = ways;
    replacement->clock = 1;
    if (policy == SMMU_POLICY_PLRU || policy == SMMU_POLICY_ROUND_ROBIN) {
        replacement->state = sim_alloc(sim, sets * sizeof(replacement->state[0]));
    }
    sim_random_init(&replacement->random, sim_seed(sim), name);
}

/*
 * The tree of a set of n ways has nodes 1 .. n - 1; the children of node k are 2k and 2k + 1, and "node" n + w stands
 * for way w. A node's bit says which child to look into for the next victim.
 */
void smmu_replacement_turn(struct smmu_replacement *replacement, size_t entry)
{
    const size_t set = entry / replacement->ways;
    uint64_t tree = replacement->state[set];

    for (uint32_t node = replacement->ways + (uint32_t)(entry % replacement->ways); node > 1; node /= 2) {
        const uint64_t bit = UINT64_C(1) << (node / 2);

        tree = node % 2 == 0 ? tree | bit : tree & ~bit;
    }
    replacement->state[set] = tree;
}

static uint32_t follow_tree(const struct smmu_replacement *replacement, size_t set)
{
    const uint64_t tree = replacement->state[set];
    uint32_t node = 1;

    while (node < replacement->ways) {
        node = 2 * node + (uint32_t)(tree >> node & 1);
    }
    return node - replacement->ways;
}

static uint32_t next_in_turn(struct smmu_replacement *replacement, size_t set)
{
    const uint32_t way = (uint32_t)replacement->state[set];

    replacement->state[set] = way + 1 < replacement->ways ? way + 1 : 0;
    return way;
}

static uint64_t stamp_of(const uint64_t *stamps, size_t stride, uint32_t way)
{
    return *(const uint64_t *)(const void *)((const char *)stamps + way * stride);
}

uint32_t smmu_replacement_choose(struct smmu_replacement *replacement, size_t set, const uint64_t *stamps,
                                 size_t stride)
{
    uint32_t oldest = 0;

    for (uint32_t way = 0; way < replacement->ways; way++) {
        const uint64_t stamp = stamp_of(stamps, stride, way);

        if (stamp == 0) {
            return way;
        }
        oldest = stamp < stamp_of(stamps, stride, oldest) ? way : oldest;
    }
    switch (replacement->policy) {
    case SMMU_POLICY_PLRU:
        return follow_tree(replacement, set);
    case SMMU_POLICY_ROUND_ROBIN:
        return next_in_turn(replacement, set);
    case SMMU_POLICY_RANDOM:
        return (uint32_t)sim_random_below(&replacement->random, replacement->ways);
    case SMMU_POLICY_LRU:
    default:
        return oldest;
    }
}

// The address map: which ranges are taken, and where an access goes.
#include "tests/interconnect/fabric.h"

#include <gtest/gtest.h>

#include <vector>

namespace
{

class Map : public ::testing::Test
{
  protected:
    Map() : sim(support::create(support::engines()[0]))
    {
        crossbar_config config = {};

        config.period = SIM_NS;
        config.masters = 1;
        config.targets = 8;
        crossbar = crossbar_create(sim, "xbar", &config);
    }
    ~Map() override
    {
        sim_destroy(sim);
    }

    struct sim *sim;
    struct crossbar *crossbar;
};

TEST_F(Map, OverlapIsRefusedToTheByte)
{
    EXPECT_TRUE(crossbar_map(crossbar, 0x1000, 0x1000, 1));
    EXPECT_FALSE(crossbar_map(crossbar, 0x1fff, 1, 2));
    EXPECT_FALSE(crossbar_map(crossbar, 0x1000, 1, 2));
    EXPECT_FALSE(crossbar_map(crossbar, 0x0, 0x1001, 2));
    EXPECT_FALSE(crossbar_map(crossbar, 0x0, 0x10000, 2));
    EXPECT_FALSE(crossbar_map(crossbar, 0x1800, 0x10, 1)) << "even for the same target";
    EXPECT_TRUE(crossbar_map(crossbar, 0x2000, 0x10, 2));
    EXPECT_TRUE(crossbar_map(crossbar, 0x0, 0x1000, 3));
    EXPECT_EQ(crossbar_find_target(crossbar, 0xfff, 1), 3);
    EXPECT_EQ(crossbar_find_target(crossbar, 0x1000, 0x1000), 1);
    EXPECT_EQ(crossbar_find_target(crossbar, 0x200f, 1), 2);
    EXPECT_EQ(crossbar_find_target(crossbar, 0x2010, 1), -1);
}

TEST_F(Map, EmptyAndWrappingRangesAreRefusedAndTheTopIsReached)
{
    EXPECT_FALSE(crossbar_map(crossbar, 0x1000, 0, 1));
    EXPECT_FALSE(crossbar_map(crossbar, UINT64_MAX, 2, 1));
    EXPECT_TRUE(crossbar_map(crossbar, UINT64_MAX - 0xfff, 0x1000, 1));
    EXPECT_EQ(crossbar_find_target(crossbar, UINT64_MAX, 1), 1);
    EXPECT_EQ(crossbar_find_target(crossbar, UINT64_MAX, 2), -1);
    EXPECT_FALSE(crossbar_map(crossbar, 0, UINT64_MAX, 2));
}

TEST_F(Map, AccessAcrossTheEndOfARangeGoesNowhere)
{
    EXPECT_TRUE(crossbar_map(crossbar, 0x1000, 0x1000, 1));
    EXPECT_TRUE(crossbar_map(crossbar, 0x2000, 0x1000, 2));
    EXPECT_EQ(crossbar_find_target(crossbar, 0x1ffc, 4), 1);
    EXPECT_EQ(crossbar_find_target(crossbar, 0x1ffc, 8), -1);
    EXPECT_EQ(crossbar_find_target(crossbar, 0x1fff, 0), 1);
}

TEST_F(Map, EqualsALinearListUnderRandomRanges)
{
    struct Range {
        uint64_t first;
        uint64_t last;
        int target;
    };
    std::vector<Range> truth;
    struct sim_random random;
    size_t refused = 0;

    sim_random_init(&random, 5, "map");
    for (int i = 0; i < 600; i++) {
        uint64_t base = sim_random_below(&random, 1 << 20);
        uint64_t size = 1 + sim_random_below(&random, 4096);
        unsigned target = static_cast<unsigned>(sim_random_below(&random, 8));
        bool free = true;

        for (const Range &range : truth) {
            free = free && (base > range.last || base + size - 1 < range.first);
        }
        ASSERT_EQ(crossbar_map(crossbar, base, size, target), free);
        if (free) {
            truth.push_back({base, base + size - 1, static_cast<int>(target)});
        } else {
            refused++;
        }
    }
    EXPECT_GT(truth.size(), 100u);
    EXPECT_GT(refused, 100u);
    for (uint64_t address = 0; address < (1 << 20) + 8192; address += 13) {
        int expected = -1;

        for (const Range &range : truth) {
            expected = address >= range.first && address <= range.last ? range.target : expected;
        }
        ASSERT_EQ(crossbar_find_target(crossbar, address, 1), expected) << address;
    }
}

using MapDeath = Map;

TEST_F(MapDeath, PortsThatDoNotExistStopTheSimulator)
{
    crossbar_config config = {};

    EXPECT_DEATH(crossbar_map(crossbar, 0, 16, 8), "target port 8");
    config.period = SIM_NS;
    config.masters = 65;
    config.targets = 1;
    EXPECT_DEATH(crossbar_create(sim, "wide", &config), "wide");
    config.masters = 1;
    config.targets = 64;
    EXPECT_DEATH(crossbar_create(sim, "many", &config), "many");
}

} // namespace

// Software's view of a memory: sparse bytes, bounds, and where pages come from.
#include "models/memory/memory.h"
#include "sim/sim.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace
{

constexpr uint64_t kBase = 0x80000000;
constexpr uint64_t kSize = 0x40000000;

class Store : public ::testing::Test
{
  protected:
    Store()
    {
        sim_config config = {};

        sim = sim_create(&config);
        memory = make(kBase, kSize, "dram");
    }
    ~Store() override
    {
        sim_destroy(sim);
    }
    struct memory *make(uint64_t base, uint64_t size, const char *name)
    {
        memory_config config = {};

        config.base = base;
        config.size = size;
        config.period = SIM_NS;
        config.pages = 16;
        return memory_create(sim, name, &config);
    }

    struct sim *sim;
    struct memory *memory;
};

TEST_F(Store, UntouchedMemoryIsZeroAndTakesNoPage)
{
    std::vector<uint8_t> bytes(10000, 0xaa);

    ASSERT_TRUE(memory_read(memory, kBase + 4095, bytes.data(), bytes.size()));
    EXPECT_EQ(bytes, std::vector<uint8_t>(10000, 0));
    EXPECT_EQ(memory_read64(memory, kBase + kSize - 8), 0u);
    EXPECT_EQ(memory_get_counters(memory)->pages_in_use, 0u);
}

TEST_F(Store, WordsAreLittleEndianAtAnyAlignment)
{
    memory_write64(memory, kBase + 4093, UINT64_C(0x8877665544332211));
    EXPECT_EQ(memory_read8(memory, kBase + 4093), 0x11);
    EXPECT_EQ(memory_read8(memory, kBase + 4096), 0x44);
    EXPECT_EQ(memory_read8(memory, kBase + 4100), 0x88);
    EXPECT_EQ(memory_read32(memory, kBase + 4095), 0x66554433u);
    EXPECT_EQ(memory_read64(memory, kBase + 4093), UINT64_C(0x8877665544332211));
    memory_write32(memory, kBase + 4094, 0xdeadbeef);
    EXPECT_EQ(memory_read64(memory, kBase + 4093), UINT64_C(0x887766deadbeef11));
    memory_write8(memory, kBase + 4094, 0);
    EXPECT_EQ(memory_read32(memory, kBase + 4094), 0xdeadbe00u);
    EXPECT_EQ(memory_get_counters(memory)->pages_in_use, 2u);
}

TEST_F(Store, BoundsHoldToTheByte)
{
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    EXPECT_TRUE(memory_contains(memory, kBase, kSize));
    EXPECT_FALSE(memory_contains(memory, kBase, kSize + 1));
    EXPECT_FALSE(memory_contains(memory, kBase - 1, 1));
    EXPECT_TRUE(memory_contains(memory, kBase + kSize - 1, 1));
    EXPECT_FALSE(memory_contains(memory, kBase + kSize, 1));
    EXPECT_FALSE(memory_contains(memory, kBase + 1, UINT64_MAX));
    EXPECT_FALSE(memory_write(memory, kBase + kSize - 7, bytes, 8));
    EXPECT_EQ(memory_read64(memory, kBase + kSize - 8), 0u) << "a refused write left bytes behind";
    EXPECT_TRUE(memory_write(memory, kBase + kSize - 8, bytes, 8));
    EXPECT_FALSE(memory_read(memory, kBase - 1, bytes, 2));
    EXPECT_EQ(bytes[0], 1) << "a refused read changed its destination";
    EXPECT_FALSE(memory_fill(memory, kBase + 1, 0, kSize));
}

TEST_F(Store, MemoryAtTheTopAndOfGreatSizeWorks)
{
    struct memory *high = make(UINT64_C(0xffff000000000000), UINT64_C(0xfffffffff000), "high");

    memory_write64(high, UINT64_C(0xffffffffffffeff8), 7);
    memory_write64(high, UINT64_C(0xffff000000000000), 8);
    EXPECT_EQ(memory_read64(high, UINT64_C(0xffffffffffffeff8)), 7u);
    EXPECT_EQ(memory_read64(high, UINT64_C(0xffff000000000000)), 8u);
    EXPECT_FALSE(memory_contains(high, UINT64_C(0xfffffffffffff000), 1));
    EXPECT_FALSE(memory_contains(high, 0, 1));
}

TEST_F(Store, EqualsAPlainMapUnderRandomAccess)
{
    struct sim_random random;
    std::map<uint64_t, uint8_t> truth;
    std::vector<uint8_t> bytes;

    sim_random_init(&random, 7, "store");
    for (int i = 0; i < 20000; i++) {
        // 700 pages, spread so that many table slots collide, in a memory whose stock holds 16.
        uint64_t page = sim_random_below(&random, 700) * 367;
        uint64_t address = kBase + page * 4096 + sim_random_below(&random, 4096);
        uint64_t size = 1 + sim_random_below(&random, 40);

        bytes.assign(size, 0);
        if (sim_random_below(&random, 2) == 0) {
            for (uint64_t k = 0; k < size; k++) {
                bytes[k] = static_cast<uint8_t>(sim_random_u32(&random));
                truth[address + k] = bytes[k];
            }
            ASSERT_TRUE(memory_write(memory, address, bytes.data(), size));
        } else {
            ASSERT_TRUE(memory_read(memory, address, bytes.data(), size));
            for (uint64_t k = 0; k < size; k++) {
                auto found = truth.find(address + k);

                ASSERT_EQ(bytes[k], found == truth.end() ? 0 : found->second) << "byte " << address + k;
            }
        }
    }
    EXPECT_EQ(memory_get_counters(memory)->pages_grown, 0u) << "software's pages are not a run's growth";
}

TEST_F(Store, FillCoversExactlyItsRange)
{
    ASSERT_TRUE(memory_fill(memory, kBase + 100, 0x5a, 9000));
    EXPECT_EQ(memory_read8(memory, kBase + 99), 0);
    EXPECT_EQ(memory_read8(memory, kBase + 100), 0x5a);
    EXPECT_EQ(memory_read8(memory, kBase + 9099), 0x5a);
    EXPECT_EQ(memory_read8(memory, kBase + 9100), 0);
}

using StoreDeath = Store;

TEST_F(StoreDeath, WordsOutsideStopTheSimulator)
{
    EXPECT_DEATH(memory_read32(memory, kBase + kSize - 2), "dram.*|.*outside");
    EXPECT_DEATH(memory_write64(memory, kBase - 8, 1), "outside");
}

TEST_F(StoreDeath, ConfigurationsOutOfRangeStopTheSimulator)
{
    EXPECT_DEATH(make(kBase + 8, kSize, "odd"), "odd");
    EXPECT_DEATH(make(kBase, 0, "none"), "none");
    EXPECT_DEATH(make(UINT64_C(0xffffffffffff0000), 0x10000, "wraps"), "wraps");
}

} // namespace

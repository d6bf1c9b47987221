/* No allocation after set-up: the allocator's calls are counted while traffic runs and drains. */
#include "tests/system/whole.h"

#include "models/memory/memory.h"
#include "sim/occupancy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

namespace
{
std::atomic<bool> counting{false};
std::atomic<uint64_t> calls{0};

void count_call()
{
    if (counting.load(std::memory_order_relaxed)) {
        calls.fetch_add(1, std::memory_order_relaxed);
    }
}
} // namespace

/* The linker sends every call of X here (--wrap=X) and calls the real one __real_X; the names are its own. */
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t size)
{
    count_call();
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    count_call();
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    count_call();
    return __real_realloc(memory, size);
}

void __wrap_free(void *memory)
{
    count_call();
    __real_free(memory);
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace
{

using system_test::all_scenarios;
using system_test::counter_of;
using system_test::load;
using system_test::name_of_case;
using system_test::Whole;

bool is_sanitized()
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return true;
#else
    return false;
#endif
#else
    return false;
#endif
}

class Allocation : public testing::TestWithParam<std::string>
{
  protected:
    void SetUp() override
    {
        if (is_sanitized()) {
            GTEST_SKIP() << "a sanitizer has an allocator of its own";
        }
    }
};

TEST_P(Allocation, NoneWhileTrafficRunsAndDrains)
{
    const auto scenario = load(GetParam());
    Whole whole(scenario.get());
    const uint64_t packets = sim_pool(whole.sim())->total;

    system_watch_moments(whole.system(), nullptr, nullptr); /* judging takes memory; what is judged does not */
    calls = 0;
    counting = true;
    whole.start();
    whole.run();
    counting = false;
    EXPECT_EQ(calls.load(), 0u);
    EXPECT_EQ(sim_pool(whole.sim())->total, packets) << "peak: " << sim_pool(whole.sim())->peak;
    EXPECT_EQ(counter_of(whole.finish(), "memory", "pages_grown"), 0u);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Allocation, testing::ValuesIn(all_scenarios()), name_of_case);

/* Neither does a record of occupancy take memory while it is made. */
class RecordedAllocation : public Allocation
{
};

TEST_P(RecordedAllocation, NoneWhileOccupancyIsRecorded)
{
    const auto scenario = load(GetParam(), {"duration=20 us", "warmup=0 us", "expect=null"});
    Whole whole(scenario.get());
    sim_occupancy *occupancy = sim_occupancy_create(whole.sim());

    calls = 0;
    counting = true;
    sim_occupancy_start(occupancy, sim_now(whole.sim()));
    whole.start();
    whole.run();
    sim_occupancy_finish(occupancy, 0);
    counting = false;
    EXPECT_EQ(calls.load(), 0u);
    sim_occupancy_destroy(occupancy);
}

INSTANTIATE_TEST_SUITE_P(Examples, RecordedAllocation,
                         testing::Values("scenarios/seeds/two-its-split.yaml", "scenarios/examples/pri.yaml"),
                         name_of_case);

/* The counter counts: else the tests above could not fail. */
TEST(AllocationCounter, SeesWhatTheSimulatorAllocates)
{
    if (is_sanitized()) {
        GTEST_SKIP() << "a sanitizer has an allocator of its own";
    }
    struct sim_config config = {};
    struct sim *sim = sim_create(&config);

    calls = 0;
    counting = true;
    sim_alloc(sim, 100000);
    counting = false;
    EXPECT_GE(calls.load(), 1u);
    sim_destroy(sim);
}

} // namespace

/*
 * The memory of exploration: a board takes what its largest system needs, and then nothing more. The allocator's calls
 * are counted, and what is in use of it.
 */
#include "explore/board.h"
#include "explore/sample.h"
#include "tests/explore/case_name.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <malloc.h>
#include <string>
#include <vector>

namespace
{
uint64_t calls;
int64_t in_use; /* bytes */

void *took(void *memory)
{
    calls++;
    in_use += static_cast<int64_t>(malloc_usable_size(memory));
    return memory;
}

void gives(void *memory)
{
    calls += memory != nullptr ? 1 : 0;
    in_use -= static_cast<int64_t>(malloc_usable_size(memory));
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
    return took(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return took(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    gives(memory);
    return took(__real_realloc(memory, size));
}

void __wrap_free(void *memory)
{
    gives(memory);
    __real_free(memory);
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace
{

struct System {
    explore_shape shape;
    explore_labels labels;
};

const explore_bounds largest = {8, 6, 4, 4, 3, false, 1};

std::vector<System> some_systems(unsigned count)
{
    std::vector<System> systems(count);
    sim_random random;

    sim_random_init(&random, 1, "memory");
    for (System &system : systems) {
        const auto endpoints = static_cast<unsigned>(1 + sim_random_below(&random, largest.endpoints));
        const auto switches = static_cast<unsigned>(sim_random_below(&random, largest.switches + 1));

        explore_sample(&random, &largest, endpoints, switches, &system.shape, &system.labels);
    }
    return systems;
}

/* @return calls of the allocator while the systems were made in memory; judging is not counted */
uint64_t judge_all(explore_board *board, const std::vector<System> &systems)
{
    uint64_t making = 0;
    host_error error = {};

    for (const System &system : systems) {
        const uint64_t before = calls;

        EXPECT_TRUE(explore_board_set_shape(board, &system.shape, &error)) << error.text;
        EXPECT_TRUE(explore_board_set_labels(board, &system.labels, &error)) << error.text;
        making += calls - before;
        for (unsigned i = 0; i < ASSUMPTION_COUNT; i++) {
            explore_board_judge(board, i);
        }
    }
    return making;
}

class ExploreMemory : public testing::TestWithParam<explore_software>
{
};

TEST_P(ExploreMemory, DoesNotGrowWithTheSystemsThatAreJudged)
{
    const std::vector<System> systems = some_systems(300);
    const int64_t before = in_use;
    explore_board *board = explore_board_create(&largest, &GetParam());
    const uint64_t first = judge_all(board, systems);
    const int64_t grown = in_use;

    EXPECT_GT(first, 0u) << "the counter counts";
    EXPECT_GT(grown, before);
    for (unsigned round = 0; round < 3; round++) {
        EXPECT_EQ(judge_all(board, systems), 0u) << "calls of the allocator";
        EXPECT_EQ(in_use, grown) << "bytes in use";
    }
    explore_board_destroy(board);
    EXPECT_EQ(in_use, before) << "all is given back";
}

explore_software used(const char *rules, explore_use use, explore_controller controller = EXPLORE_CONTROLLER_ITS,
                      explore_pasids pasids = EXPLORE_PASIDS_NONE)
{
    return {rules_find(rules), GROUP_RULE_LINUX, use, controller, 8, 256, pasids};
}

std::string name_of(const testing::TestParamInfo<explore_software> &given)
{
    return explore_test::case_name(std::string(given.param.rules->name) + "_" + explore_use_name(given.param.use) +
                                   "_" + explore_controller_name(given.param.controller) + "_" +
                                   explore_pasids_name(given.param.pasids));
}

INSTANTIATE_TEST_SUITE_P(
    Uses, ExploreMemory,
    testing::Values(used("linux-7.3", EXPLORE_USE_KERNEL), used("linux-7.3", EXPLORE_USE_IDENTITY),
                    used("linux-7.3", EXPLORE_USE_KERNEL, EXPLORE_CONTROLLER_V2M),
                    used("linux-7.3", EXPLORE_USE_KERNEL, EXPLORE_CONTROLLER_PRE_ITS, EXPLORE_PASIDS_OWN),
                    used("linux-7.3", EXPLORE_USE_VFIO), used("linux-6.1", EXPLORE_USE_VFIO_STAGE_2),
                    used("linux-7.3", EXPLORE_USE_IOMMUFD, EXPLORE_CONTROLLER_V2M, EXPLORE_PASIDS_SHARED),
                    used("linux-7.3", EXPLORE_USE_IOMMUFD_NESTED), used("linux-7.3", EXPLORE_USE_IOMMUFD_NESTED_EACH),
                    used("linux-7.3", EXPLORE_USE_BLOCKED), used("bind-per-group", EXPLORE_USE_VFIO_NESTED),
                    used("bind-msi-v6", EXPLORE_USE_VFIO_NESTED_EACH)),
    name_of);

} // namespace

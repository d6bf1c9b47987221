/* The wheel against a plain ordered set. */
#include "sim/queue.h"
#include "sim/random.h"

#include <gtest/gtest.h>
#include <map>
#include <set>
#include <vector>

namespace
{

/** Random sets, moves and removals, with delays that straddle the wheel's size, checked against std::set. */
void compare(unsigned shift, unsigned slots_log2, uint64_t seed, size_t count = 64)
{
    std::vector<sim_queue_event> events(count);
    std::set<std::pair<sim_time, size_t>> expected;
    std::vector<sim_time> due(count, SIM_TIME_NEVER);
    sim_queue queue = {};
    sim_random random;
    sim_time now = 0;
    sim_time turn = (sim_time{1} << slots_log2) << shift;

    sim_queue_init(&queue, shift, slots_log2, 4);
    sim_random_init(&random, seed, "queue");
    for (auto &event : events) {
        sim_queue_event_init(&event);
    }
    auto set = [&](size_t i, sim_time time) {
        if (due[i] != SIM_TIME_NEVER) {
            expected.erase({due[i], i});
        }
        const bool adds = due[i] == SIM_TIME_NEVER && time != SIM_TIME_NEVER && sim_random_below(&random, 4) > 0;
        due[i] = time;
        if (time != SIM_TIME_NEVER) {
            expected.insert({time, i});
        }
        if (adds) {
            sim_queue_add(&queue, &events[i], time);
        } else {
            sim_queue_set(&queue, &events[i], time);
        }
    };
    for (unsigned step = 0; step < 20000; step++) {
        for (uint64_t n = sim_random_below(&random, 4); n > 0; n--) {
            size_t i = sim_random_below(&random, count);
            uint64_t kind = sim_random_below(&random, 10);
            sim_time delay = kind < 5   ? sim_random_below(&random, turn / 8 + 2)
                             : kind < 8 ? turn - turn / 16 + sim_random_below(&random, turn / 8 + 2)
                             : kind < 9 ? sim_random_below(&random, 5 * turn)
                                        : sim_random_below(&random, 600 * turn); /* beyond the coarse wheel */

            set(i, sim_random_below(&random, 20) == 0 ? SIM_TIME_NEVER : now + delay);
        }
        /* Sometimes there is a limit before the next batch; then nothing may be taken. */
        sim_time limit = sim_random_below(&random, 3) == 0 ? now + sim_random_below(&random, turn) : SIM_TIME_NEVER;
        sim_time time = 0;

        ASSERT_EQ(sim_queue_next_time(&queue), expected.empty() ? SIM_TIME_NEVER : expected.begin()->first);
        sim_queue_event *batch = sim_queue_next_batch(&queue, limit, &time);

        if (expected.empty() || expected.begin()->first > limit) {
            ASSERT_EQ(batch, nullptr);
            continue;
        }
        ASSERT_NE(batch, nullptr);
        ASSERT_EQ(time, expected.begin()->first);
        for (; batch != nullptr; batch = batch->next) {
            size_t i = static_cast<size_t>(batch - events.data());

            ASSERT_EQ(due[i], time);
            expected.erase({time, i});
            due[i] = SIM_TIME_NEVER;
        }
        ASSERT_TRUE(expected.empty() || expected.begin()->first > time) << "the whole instant comes in one batch";
        now = time;
    }
    EXPECT_EQ(sim_queue_is_empty(&queue), expected.empty());
    sim_queue_release(&queue);
}

TEST(Queue, DefaultWheelKeepsOrder)
{
    compare(SIM_QUEUE_DEFAULT_SHIFT, SIM_QUEUE_DEFAULT_SLOTS_LOG2, 1);
}

TEST(Queue, TinyWheelsKeepOrder)
{
    for (unsigned shift : {1u, 2u, 7u}) {
        for (unsigned slots : {1u, 2u, 5u, 6u, 7u}) {
            compare(shift, slots, 100 * shift + slots);
        }
    }
}

/* So few that what is far is mostly alone, as many as stand in the row before the wheels, and more than it holds. */
TEST(Queue, AnyNumberOfEventsKeepsOrder)
{
    for (size_t count : {2u, 5u, 9u, 31u, 33u, 65u, 100u, 300u}) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            compare(SIM_QUEUE_DEFAULT_SHIFT, SIM_QUEUE_DEFAULT_SLOTS_LOG2, 1000 * count + seed, count);
            compare(2, 6, 2000 * count + seed, count);
            compare(1, 2, 3000 * count + seed, count);
        }
    }
}

TEST(Queue, EmptyGivesNothing)
{
    sim_queue queue = {};
    sim_time time = 0;

    sim_queue_init(&queue, 4, 4, 1);
    EXPECT_EQ(sim_queue_next_batch(&queue, SIM_TIME_NEVER, &time), nullptr);
    EXPECT_TRUE(sim_queue_is_empty(&queue));
    sim_queue_release(&queue);
}

TEST(Queue, ARefusedBatchLeavesRoomForEarlierEvents)
{
    sim_queue queue = {};
    sim_queue_event late;
    sim_queue_event early;
    sim_time time = 0;

    sim_queue_init(&queue, 4, 4, 2);
    sim_queue_event_init(&late);
    sim_queue_event_init(&early);
    sim_queue_set(&queue, &late, 100000);
    EXPECT_EQ(sim_queue_next_batch(&queue, 50, &time), nullptr);
    sim_queue_set(&queue, &early, 60);
    EXPECT_EQ(sim_queue_next_batch(&queue, SIM_TIME_NEVER, &time), &early);
    EXPECT_EQ(time, 60u);
    EXPECT_EQ(sim_queue_next_batch(&queue, SIM_TIME_NEVER, &time), &late);
    sim_queue_release(&queue);
}

} // namespace

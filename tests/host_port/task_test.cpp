// Tasks: threads of simulated software, their times, registers, signals and locks, the same on every engine.
#include "host/task.h"
#include "models/memory/memory.h"
#include "tests/support/bus_connect.h"
#include "tests/support/marks.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace
{

constexpr uint64_t kRam = 0x80000000;

/** A set of tasks whose port leads to a memory. */
class TaskBench : public ::testing::TestWithParam<support::Engine>
{
  protected:
    TaskBench() : sim(support::create(GetParam()))
    {
        host_port_config config = {};
        memory_config ram = {};

        config.period = SIM_NS;
        config.issue_latency = 7 * SIM_NS;
        config.return_latency = 9 * SIM_NS;
        set = tasks_create(sim, "tasks", &config);
        ram.base = kRam;
        ram.size = 0x100000;
        ram.period = SIM_NS;
        ram.latency = 50 * SIM_NS;
        memory = memory_create(sim, "dram", &ram);
        const sim_bus_port bus = bus_connect(sim, "bus", tasks_component(set), memory_component(memory), nullptr);

        tasks_bind(set, bus);
        memory_bind(memory, 0, bus);
    }
    ~TaskBench() override
    {
        tasks_destroy(set);
        sim_destroy(sim);
    }
    static void call(void *context)
    {
        (*static_cast<std::function<void()> *>(context))();
    }
    /** Makes a task that runs a function. */
    struct task *task(const std::string &name, std::function<void()> run)
    {
        bodies.push_back(std::make_unique<std::function<void()>>(std::move(run)));
        return task_create(set, name.c_str(), call, bodies.back().get());
    }
    void say(const std::string &what)
    {
        said.push_back(what + "@" + std::to_string(sim_now(sim) / SIM_NS));
    }
    uint64_t access(struct task *task, bool write, uint64_t address, uint64_t value = 0)
    {
        host_port_access access = {};

        access.address = address;
        access.size = 8;
        access.write = write;
        access.value = value;
        task_perform(task, &access);
        EXPECT_EQ(access.status, SIM_STATUS_OK);
        return access.value;
    }
    void run()
    {
        EXPECT_EQ(tasks_advance(set, sim, SIM_S), SIM_RUN_DRAINED);
    }

    struct sim *sim;
    struct task_set *set = nullptr;
    struct memory *memory = nullptr;
    std::vector<std::unique_ptr<std::function<void()>>> bodies;
    std::vector<std::string> said;
};

using Words = std::vector<std::string>;

TEST_P(TaskBench, SleepSideBySide)
{
    struct task *one = nullptr;
    struct task *two = nullptr;

    one = task("one", [&] {
        task_sleep(one, 10 * SIM_NS);
        say("one");
        task_sleep(one, 25 * SIM_NS);
        say("one");
    });
    two = task("two", [&] {
        task_sleep(two, 20 * SIM_NS);
        say("two");
        task_sleep(two, 15 * SIM_NS);
        say("two");
    });
    run();
    EXPECT_EQ(said, (Words{"one@10", "two@20", "one@35", "two@35"}));
    EXPECT_TRUE(task_has_ended(one));
    EXPECT_TRUE(task_has_ended(two));
}

TEST_P(TaskBench, ShareOnePortToRegisters)
{
    struct task *tasks[3] = {};

    for (unsigned i = 0; i < 3; i++) {
        tasks[i] = task("t" + std::to_string(i), [&, i] {
            access(tasks[i], true, kRam + 8 * i, 100 + i);
            say("w" + std::to_string(i));
            EXPECT_EQ(access(tasks[i], false, kRam + 8 * i), 100 + i);
        });
    }
    run();
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_EQ(memory_read64(memory, kRam + 8 * i), 100u + i);
        EXPECT_TRUE(task_has_ended(tasks[i]));
    }
    /* One is issued an edge, so the answers are an edge apart. */
    ASSERT_EQ(said.size(), 3u);
    const int first = std::stoi(said[0].substr(3));

    EXPECT_EQ(said, (Words{"w0@" + std::to_string(first), "w1@" + std::to_string(first + 1),
                           "w2@" + std::to_string(first + 2)}));
}

TEST_P(TaskBench, SignalsWakeAndAreNotLost)
{
    struct task *waiter = nullptr;
    struct task *caller = nullptr;

    waiter = task("waiter", [&] {
        task_sleep(waiter, 50 * SIM_NS);
        task_wait(waiter); /* the signal has come already */
        say("first");
        task_wait(waiter);
        say("second");
        EXPECT_FALSE(task_sleep_unless(waiter, SIM_US));
        say("cut short");
        EXPECT_TRUE(task_sleep_unless(waiter, 30 * SIM_NS));
        say("whole");
    });
    caller = task("caller", [&] {
        task_sleep(caller, 10 * SIM_NS);
        task_signal(waiter);
        task_sleep(caller, 60 * SIM_NS);
        task_signal(waiter);
        task_sleep(caller, 10 * SIM_NS);
        task_signal(waiter);
    });
    run();
    EXPECT_EQ(said, (Words{"first@50", "second@70", "cut short@80", "whole@110"}));
}

TEST_P(TaskBench, LocksAreHandedOnInOrder)
{
    struct task *tasks[3] = {};
    struct task_lock lock = {};

    for (unsigned i = 0; i < 3; i++) {
        tasks[i] = task("t" + std::to_string(i), [&, i] {
            task_sleep(tasks[i], (3 - i) * SIM_NS); /* the last one comes first */
            task_lock(set, &lock);
            say("in" + std::to_string(i));
            access(tasks[i], true, kRam, i);
            task_sleep(tasks[i], 100 * SIM_NS);
            EXPECT_EQ(memory_read64(memory, kRam), i) << "somebody else was here";
            task_unlock(&lock);
        });
    }
    run();
    ASSERT_EQ(said.size(), 3u);
    EXPECT_EQ(said[0].substr(0, 3), "in2");
    EXPECT_EQ(said[1].substr(0, 3), "in1");
    EXPECT_EQ(said[2].substr(0, 3), "in0");
    EXPECT_EQ(lock.owner, nullptr);
}

/* The set's tasks that never end are given up with it: nothing of theirs is left behind. */
TEST_P(TaskBench, MayStandWhereTheyAreWhenAllEnds)
{
    struct task *forever = nullptr;

    forever = task("forever", [&] {
        for (;;) {
            task_wait(forever);
        }
    });
    run();
    EXPECT_FALSE(task_has_ended(forever));
    EXPECT_EQ(tasks_current(set), nullptr);
}

/* Drivers do not know whether they run in a task: the same access waits there, and runs the engine outside. */
TEST_P(TaskBench, DriversReachRegistersFromTasks)
{
    host_access reach = {};
    struct task *one = nullptr;
    struct task *two = nullptr;

    host_access_init(&reach, sim, nullptr, memory);
    reach.port = host_port_create(sim, "unused", [] {
        static host_port_config config = {};

        config.period = SIM_NS;
        return &config;
    }());
    tasks_use_access(set, &reach);
    one = task("one", [&] {
        host_write64(&reach, kRam + 0x100, 7);
        host_wait(&reach, 30 * SIM_NS);
        say("one");
    });
    two = task("two", [&] {
        task_sleep(two, 5 * SIM_NS);
        say("two");
    });
    run();
    EXPECT_EQ(memory_read64(memory, kRam + 0x100), 7u);
    ASSERT_EQ(said.size(), 2u);
    EXPECT_EQ(said[0], "two@5") << "the access of one task held the other up";
    EXPECT_TRUE(task_has_ended(one));
}

INSTANTIATE_TEST_SUITE_P(Engines, TaskBench, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

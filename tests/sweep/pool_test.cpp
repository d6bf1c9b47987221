/* The pool: every task once, whatever becomes of workers. */
#include "sweep/pool.h"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

/** Tasks 0..n-1, and what is told of them. */
struct Work {
    uint64_t tasks = 0;
    uint64_t next = 0;
    std::map<uint64_t, unsigned> done;
    std::map<uint64_t, int> died;
    volatile sig_atomic_t stop = 0;
    uint64_t stop_after = UINT64_MAX;
    bool unable = false;
    const pool_work *pool = nullptr;
};

bool take(void *context, uint64_t *task)
{
    Work &work = *static_cast<Work *>(context);

    *task = work.next++;
    return *task < work.tasks;
}

void finished(void *context, const pool_reply *reply)
{
    Work &work = *static_cast<Work *>(context);

    EXPECT_EQ(reply->value, reply->task * reply->task);
    work.done[reply->task]++;
    if (work.done.size() >= work.stop_after) {
        work.stop = SIGINT;
    }
}

void buried(void *context, uint64_t task, int status)
{
    static_cast<Work *>(context)->died[task] = status;
}

void idle(void *context)
{
    (void)context;
}

void *begin(void *context, char *why, size_t size)
{
    if (static_cast<Work *>(context)->unable) {
        snprintf(why, size, "no disk");
        return nullptr;
    }
    return context;
}

/** Task 7 crashes, task 13 ends its worker, task 21 abandons after its reply. */
void square(void *context, void *state, uint64_t task, pool_reply *reply)
{
    reply->value = task * task;
    if (task == 7) {
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    if (task == 13) {
        _exit(9);
    }
    if (task == 21) {
        pool_abandon(static_cast<Work *>(context)->pool, state, reply);
    }
}

void end(void *context, void *state)
{
    (void)context;
    (void)state;
}

pool_outcome run(Work &work, unsigned workers, std::string *why = nullptr)
{
    const pool_work pool = {workers, &work, take, finished, buried, idle, &work.stop, begin, square, end};
    char text[200] = "";

    work.pool = &pool;
    const pool_outcome outcome = pool_run(&pool, text, sizeof(text));

    if (why != nullptr) {
        *why = text;
    }
    return outcome;
}

TEST(SweepPool, DoesEveryTaskOnceAndOutlivesCrashes)
{
    for (unsigned workers : {1u, 2u, 5u}) {
        Work work;

        work.tasks = 200;
        EXPECT_EQ(run(work, workers), POOL_DONE);
        ASSERT_EQ(work.died.size(), 2u);
        EXPECT_EQ(WTERMSIG(work.died[7]), SIGABRT);
        EXPECT_EQ(WEXITSTATUS(work.died[13]), 9);
        EXPECT_EQ(work.done.size(), 198u);
        for (const auto &task : work.done) {
            EXPECT_EQ(task.second, 1u) << task.first;
        }
    }
}

TEST(SweepPool, NoTasksAndFewerTasksThanWorkersAreFine)
{
    Work none;
    Work one;

    one.tasks = 1;
    EXPECT_EQ(run(none, 3), POOL_DONE);
    EXPECT_EQ(run(one, 3), POOL_DONE);
    EXPECT_EQ(one.done.size(), 1u);
}

TEST(SweepPool, StopsWhenToldAndLeavesNoProcessBehind)
{
    Work work;

    work.tasks = 1000000;
    work.stop_after = 50;
    EXPECT_EQ(run(work, 3), POOL_STOPPED);
    EXPECT_GE(work.done.size(), 50u);
    EXPECT_LT(work.done.size(), 1000u);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST(SweepPool, SaysWhyWorkersCanDoNothing)
{
    Work work;
    std::string why;

    work.tasks = 10;
    work.unable = true;
    EXPECT_EQ(run(work, 2, &why), POOL_UNABLE);
    EXPECT_EQ(why, "no disk");
    EXPECT_TRUE(work.done.empty());
}

} // namespace

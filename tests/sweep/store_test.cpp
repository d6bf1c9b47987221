/* The result file: runs whole or not at all, merged once, never mixed with another sweep's. */
#include "sweep/query.h"
#include "sweep/store.h"
#include "tests/sweep/sweep_folder.h"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

using sweep_test::about;
using sweep_test::Folder;
using sweep_test::MadeUpRun;

/** How many rows a table has. */
std::string rows(store *store, const std::string &table)
{
    return sweep_test::ask(store, "SELECT count(*) FROM " + table);
}

TEST(SweepStore, KeepsRunsWithAllThatBelongsToThem)
{
    Folder folder;
    store *file = store_open(folder.path("a.sqlite").c_str(), &about());

    ASSERT_EQ(store_error(file), nullptr) << store_error(file);
    ASSERT_TRUE(store_add(file, &MadeUpRun(3, 900).record()));
    EXPECT_EQ(sweep_test::ask(file, "SELECT status, seed, point, replication FROM runs WHERE run = 3"), "done 4 1 1");
    EXPECT_EQ(sweep_test::ask(file, "SELECT value, number FROM parameters WHERE axis = 1"), "2 MHz 2000000.0");
    EXPECT_EQ(sweep_test::ask(file, "SELECT value FROM metrics WHERE device = '' AND metric = 'msi.latency.p99'"),
              "900");
    EXPECT_EQ(sweep_test::ask(file, "SELECT value FROM metrics WHERE device = 'epA' AND metric = 'msi.lost'"), "2");
    EXPECT_EQ(sweep_test::ask(file, "SELECT stage, mean FROM hops"), "sw0 70");
    EXPECT_EQ(sweep_test::ask(file, "SELECT sum(count) FROM histograms WHERE device = ''"), "5");
    EXPECT_EQ(sweep_test::ask(file, "SELECT outcome FROM verdicts"), "holds");
    EXPECT_EQ(sweep_test::ask(file, "SELECT counter, value FROM counters"), "hits 12");
    store_close(file);
}

TEST(SweepStore, ARunThatIsThereStaysAsItIs)
{
    Folder folder;
    store *file = store_open(folder.path("a.sqlite").c_str(), &about());

    ASSERT_TRUE(store_add(file, &MadeUpRun(3, 900).record()));
    ASSERT_TRUE(store_add(file, &MadeUpRun(3, 100).record()));
    EXPECT_EQ(rows(file, "runs"), "1");
    EXPECT_EQ(sweep_test::ask(file, "SELECT value FROM metrics WHERE device = '' AND metric = 'msi.latency.p99'"),
              "900");
    store_close(file);
}

TEST(SweepStore, MergesEachRunOnce)
{
    Folder folder;
    store *result = store_open(folder.path("a.sqlite").c_str(), &about());
    store *shard = store_open(folder.path("b.sqlite").c_str(), &about());
    uint64_t merged = 0;
    bool present[6] = {};

    ASSERT_TRUE(store_add(result, &MadeUpRun(0, 10).record()));
    ASSERT_TRUE(store_add(shard, &MadeUpRun(0, 99).record()));
    ASSERT_TRUE(store_add(shard, &MadeUpRun(1, 20).record()));
    ASSERT_TRUE(store_add(shard, &MadeUpRun(4, 30).record()));
    store_close(shard);
    ASSERT_TRUE(store_merge(result, folder.path("b.sqlite").c_str(), &merged)) << store_error(result);
    EXPECT_EQ(merged, 2u);
    ASSERT_TRUE(store_merge(result, folder.path("b.sqlite").c_str(), &merged)) << store_error(result);
    EXPECT_EQ(merged, 0u);
    ASSERT_TRUE(store_present(result, present, 6));
    EXPECT_EQ(std::vector<bool>(present, present + 6), (std::vector<bool>{true, true, false, false, true, false}));
    EXPECT_EQ(sweep_test::ask(result, "SELECT run, value FROM metrics WHERE device = '' AND metric ="
                                      " 'msi.latency.p99' ORDER BY run"),
              "0 10/1 20/4 30");
    EXPECT_EQ(rows(result, "hops"), "3");
    store_close(result);
}

TEST(SweepStore, RefusesAnotherSweepAndWhatIsNone)
{
    Folder folder;
    store_about other = about();
    uint64_t merged = 0;
    store *result = store_open(folder.path("a.sqlite").c_str(), &about());

    other.identity = "something else";
    store *shard = store_open(folder.path("b.sqlite").c_str(), &other);

    store_close(shard);
    shard = store_open(folder.path("b.sqlite").c_str(), &about());
    EXPECT_TRUE(store_is_foreign(shard));
    EXPECT_NE(store_error(shard), nullptr);
    store_close(shard);
    EXPECT_FALSE(store_merge(result, folder.path("b.sqlite").c_str(), &merged));
    store_close(result);

    folder.write("text", "This is a text, and longer than a hundred characters so that it could hold the header of a "
                         "database.\n");
    result = store_open(folder.path("text").c_str(), &about());
    EXPECT_NE(store_error(result), nullptr);
    EXPECT_FALSE(store_is_foreign(result));
    store_close(result);
    result = store_open_existing(folder.path("absent").c_str(), nullptr);
    EXPECT_NE(store_error(result), nullptr);
    store_close(result);
}

TEST(SweepStore, AFileWhoseWriterDiedBeforeItsTablesHoldsNothing)
{
    Folder folder;
    store *result = store_open(folder.path("a.sqlite").c_str(), &about());
    uint64_t merged = 7;

    folder.write("b.sqlite", "");
    store *shard = store_open_existing(folder.path("b.sqlite").c_str(), &about());
    EXPECT_TRUE(store_is_unfounded(shard));
    EXPECT_NE(store_error(shard), nullptr) << "no answer could be read from it";
    store_close(shard);
    EXPECT_TRUE(store_merge(result, folder.path("b.sqlite").c_str(), &merged)) << store_error(result);
    EXPECT_EQ(merged, 0u);
    EXPECT_TRUE(store_add(result, &MadeUpRun(0, 10).record())) << store_error(result);
    store_close(result);
    result = store_open_existing(folder.path("a.sqlite").c_str(), &about());
    EXPECT_FALSE(store_is_unfounded(result));
    store_close(result);
}

/** Kills a process that is adding to a file, after pages of it have been written and before the end. */
void die_in_mid_write(const std::string &path)
{
    const pid_t child = fork();
    int status = 0;

    if (child == 0) {
        sqlite3 *database = nullptr;

        sqlite3_open(path.c_str(), &database);
        sqlite3_exec(database,
                     "PRAGMA synchronous = OFF; PRAGMA cache_size = 2; BEGIN; DELETE FROM runs;"
                     "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) "
                     "INSERT INTO about SELECT 'filler ' || i, hex(zeroblob(40)) FROM n;",
                     nullptr, nullptr, nullptr);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
}

TEST(SweepStore, WhatAWriterThatDiedHadHalfWrittenIsTakenBackByReaders)
{
    Folder folder;
    const std::string path = folder.path("a.sqlite");
    store *file = store_open(path.c_str(), &about());
    bool present[6] = {};

    ASSERT_TRUE(store_add(file, &MadeUpRun(4, 10).record()));
    store_close(file);
    die_in_mid_write(path);
    ASSERT_GT(std::filesystem::file_size(path + "-journal"), 0u) << "nothing was half written";
    file = store_open_existing(path.c_str(), &about());
    ASSERT_EQ(store_error(file), nullptr) << store_error(file);
    EXPECT_TRUE(store_present(file, present, 6));
    EXPECT_TRUE(present[4]);
    EXPECT_EQ(sweep_test::ask(file, "SELECT count(*) FROM about WHERE key LIKE 'filler%'"), "0");
    store_close(file);
}

TEST(SweepStore, ForgetsFailedRunsWithAllTheirRows)
{
    Folder folder;
    store *file = store_open(folder.path("a.sqlite").c_str(), &about());
    MadeUpRun stuck(1, 50);
    MadeUpRun impossible(2, 0);
    uint64_t counts[STORE_STATUSES];
    uint64_t unmet = 0;

    stuck.record().status = STORE_STUCK;
    impossible.record().status = STORE_IMPOSSIBLE;
    impossible.record().result = nullptr;
    ASSERT_TRUE(store_add(file, &MadeUpRun(0, 10).record()));
    ASSERT_TRUE(store_add(file, &stuck.record()));
    ASSERT_TRUE(store_add(file, &impossible.record()));
    ASSERT_TRUE(store_count(file, counts, &unmet));
    EXPECT_EQ(counts[STORE_DONE], 1u);
    EXPECT_EQ(counts[STORE_STUCK], 1u);
    EXPECT_EQ(counts[STORE_IMPOSSIBLE], 1u);
    ASSERT_TRUE(store_forget_failed(file)) << store_error(file);
    EXPECT_EQ(rows(file, "runs"), "1");
    EXPECT_EQ(rows(file, "hops"), "1");
    EXPECT_EQ(sweep_test::ask(file, "SELECT DISTINCT run FROM metrics"), "0");
    store_close(file);
}

} // namespace

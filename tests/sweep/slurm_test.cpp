/* Sweeps on a real Slurm: parts as a job array, merged behind it, with a node lost in mid-run. */
#include "tests/cli/process.h"
#include "tests/sweep/slurm_cluster.h"

#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <jansson.h>
#include <thread>

namespace
{

using cli_test::doorbell;
using cli_test::Result;
using sweep_test::Folder;
using sweep_test::SlurmCluster;

/** 12 points of 2 runs. */
std::string scenario(const Folder &folder)
{
    return folder.write("sweep.yaml", "doorbell: 1\n"
                                      "base: " DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml\n"
                                      "duration: 20 ms\n"
                                      "sweep:\n"
                                      "  replications: 2\n"
                                      "  axes:\n"
                                      "    - { key: interconnect.latency, from: 10 ns, to: 120 ns, steps: 12 }\n");
}

/** All results of a file, in an order that does not depend on who ran them. */
std::string results(const std::string &path)
{
    store *file = store_open_existing(path.c_str(), nullptr);

    EXPECT_EQ(store_error(file), nullptr) << store_error(file);
    const std::string text =
        sweep_test::ask(file, "SELECT run, point, replication, seed, status, fingerprint FROM runs ORDER BY run") +
        sweep_test::ask(file, "SELECT * FROM metrics ORDER BY run, device, metric") +
        sweep_test::ask(file, "SELECT * FROM histograms ORDER BY run, device, low");

    store_close(file);
    return text;
}

/** A submitted sweep. */
struct Submitted {
    explicit Submitted(const Folder &folder)
        : file(scenario(folder)), database(folder.path("cluster.sqlite")), whole(folder.path("whole.sqlite"))
    {
        EXPECT_EQ(doorbell({"sweep", file, "-j", "2", "-d", whole}).status, 0);
    }

    Result submit(const std::vector<std::string> &more = {})
    {
        std::vector<std::string> words = {"sweep", "submit", file, "--scheduler", "slurm", "-N", "6", "-d", database};

        words.insert(words.end(), more.begin(), more.end());
        return doorbell(words);
    }

    /** A number of the status; its text if @p key is "merge-state". */
    json_int_t status(const char *key, std::string *text = nullptr) const
    {
        const Result result = doorbell({"sweep", "status", file, "-d", database, "--json"});
        json_t *document = json_loads(result.out.c_str(), 0, nullptr);
        json_t *value = json_object_get(document, key);
        const json_int_t number = json_integer_value(value);

        EXPECT_EQ(result.status, 0) << result.err << result.out;
        if (text != nullptr) {
            *text = json_is_string(value) ? json_string_value(value) : "";
        }
        json_decref(document);
        return number;
    }

    /** Waits for the merge to end. @return its state */
    std::string ended() const
    {
        std::string state;

        for (int i = 0; i < 600; i++) {
            status("merge-state", &state);
            if (state != "PENDING" && state != "RUNNING" && state != "COMPLETING") {
                return state;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return state;
    }

    /** Waits for some runs to be done. */
    json_int_t some_done(json_int_t wanted) const
    {
        json_int_t done = 0;

        for (int i = 0; i < 600 && done < wanted; i++) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            done = status("done");
        }
        return done;
    }

    std::string file;
    std::string database;
    std::string whole;
};

class Slurm : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!SlurmCluster::absent().empty()) {
            GTEST_SKIP() << SlurmCluster::absent();
        }
        cluster = std::make_unique<SlurmCluster>();
        ASSERT_TRUE(cluster->is_up()) << cluster->ask("sinfo -N") << cluster->log();
    }

    std::unique_ptr<SlurmCluster> cluster;
    Folder folder;
};

TEST_F(Slurm, ANodeThatIsLostInMidRunLosesNothingAndCountsNothingTwice)
{
    Submitted sweep(folder);
    const Result result = sweep.submit();

    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.out.find("24 runs in parts 1-6 of 6"), std::string::npos) << result.out;
    const json_int_t done = sweep.some_done(4);
    const unsigned lost = cluster->lose_node(1);
    EXPECT_LT(done, 24) << "too late to lose anything";
    EXPECT_GT(lost, 0u) << "nothing ran on the node";
    EXPECT_GE(cluster->hurry_requeued(), 1u) << "the node's tasks were not queued again";
    EXPECT_EQ(sweep.ended(), "COMPLETED") << cluster->ask("squeue -t all") << cluster->log();
    EXPECT_NE(cluster->log().find("requeue"), std::string::npos) << cluster->log();
    EXPECT_TRUE(results(sweep.database) == results(sweep.whole));
    EXPECT_FALSE(std::filesystem::exists(sweep.database + ".shards"));
    EXPECT_EQ(sweep.status("done"), 24);
    EXPECT_EQ(sweep.status("failed"), 0);
}

TEST_F(Slurm, WhatWasCancelledIsResumedPartByPart)
{
    Submitted sweep(folder);

    ASSERT_EQ(sweep.submit().status, 0);
    const Result twice = sweep.submit({"--resume"});
    EXPECT_EQ(twice.status, 4);
    EXPECT_NE(twice.err.find("in Slurm's queue"), std::string::npos) << twice.err;
    const json_int_t done = sweep.some_done(4);
    EXPECT_EQ(cluster->ask("scancel " + std::to_string(sweep.status("parts-job"))), "");
    EXPECT_EQ(sweep.ended(), "COMPLETED") << "what there is is merged";
    const json_int_t kept = sweep.status("done");
    EXPECT_GE(kept, done);
    ASSERT_LT(kept, 24) << "too late to cancel anything";

    EXPECT_EQ(sweep.submit().status, 4) << "without --resume";
    const Result rest = sweep.submit({"--resume", "--json"});
    ASSERT_EQ(rest.status, 0) << rest.err;
    json_t *said = json_loads(rest.out.c_str(), 0, nullptr); /* that it fits its schema is looked at by who ran it */
    EXPECT_EQ(json_integer_value(json_object_get(said, "left")), 24 - kept) << rest.out;
    EXPECT_GT(json_integer_value(json_object_get(said, "parts-job")), 0) << rest.out;
    EXPECT_GT(json_integer_value(json_object_get(said, "merge-job")), 0) << rest.out;
    json_decref(said);
    EXPECT_EQ(sweep.ended(), "COMPLETED");
    EXPECT_TRUE(results(sweep.database) == results(sweep.whole));
    const Result none = sweep.submit({"--resume"});
    EXPECT_EQ(none.status, 0);
    EXPECT_EQ(none.out.rfind("nothing is left to do", 0), 0u) << none.out;
}

/* What needs no Slurm. */

TEST(SlurmAbsent, TheScriptIsWrittenAndTheReasonIsTold)
{
    Folder folder;
    const std::string path = getenv("PATH") == nullptr ? "" : getenv("PATH");
    const std::string file = scenario(folder);

    setenv("PATH", folder.path("").c_str(), 1);
    const Result result =
        doorbell({"sweep", "submit", file, "-N", "3", "-d", folder.path("x.sqlite"), "--set", "seed=4"});
    setenv("PATH", path.c_str(), 1);
    EXPECT_EQ(result.status, 4);
    EXPECT_NE(result.err.find("cannot run sbatch: is Slurm installed here?"), std::string::npos) << result.err;
    std::ifstream script(folder.path("x.sqlite.slurm/parts.sh"));
    const std::string text((std::istreambuf_iterator<char>(script)), std::istreambuf_iterator<char>());
    EXPECT_NE(text.find("#SBATCH --array=1-3\n"), std::string::npos) << text;
    EXPECT_NE(text.find("--set seed=4"), std::string::npos) << text;
    EXPECT_NE(text.find("--shard \"$SLURM_ARRAY_TASK_ID/3\"\n"), std::string::npos) << text;
    const Result status = doorbell({"sweep", "status", file, "-d", folder.path("x.sqlite"), "--set", "seed=4"});
    EXPECT_EQ(status.out, "0 of 24 runs done; 0 failed\n");
}

TEST(SlurmAbsent, WrongCommandLinesAreTold)
{
    Folder folder;
    const std::string file = scenario(folder);

    EXPECT_NE(doorbell({"sweep", "submit", file}).err.find("needs --parts N"), std::string::npos);
    EXPECT_NE(doorbell({"sweep", "submit", file, "-N", "0"}).err.find("1 to 100000 parts"), std::string::npos);
    EXPECT_NE(doorbell({"sweep", "submit", file, "--scheduler", "pbs"}).err.find("slurm"), std::string::npos);
    EXPECT_NE(doorbell({"sweep", "sumbit", file}).err.find("did you mean 'submit'?"), std::string::npos);
}

} // namespace

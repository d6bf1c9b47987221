/* `doorbell sweep` and `doorbell query` as processes: killed at any moment, nothing is lost or counted twice. */
#include "tests/cli/process.h"
#include "tests/sweep/sweep_folder.h"

#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace
{

using cli_test::doorbell;
using cli_test::Process;
using cli_test::Result;
using sweep_test::Folder;

const std::string base = DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml";

/** A sweep of the reference topology: 2 x 12 points, 2 runs each. */
std::string scenario(const Folder &folder)
{
    return folder.write("sweep.yaml", "doorbell: 1\n"
                                      "base: " +
                                          base +
                                          "\n"
                                          "duration: 200 us\n"
                                          "sweep:\n"
                                          "  replications: 2\n"
                                          "  axes:\n"
                                          "    - { key: smmu.S.tlb.entries, values: [4, 64] }\n"
                                          "    - { key: interconnect.latency, from: 10 ns, to: 120 ns, steps: 12 }\n");
}

/** All results of a file, in an order that does not depend on who ran them, without what is not reproducible. */
std::string results(const std::string &path)
{
    store *file = store_open_existing(path.c_str(), nullptr);

    EXPECT_EQ(store_error(file), nullptr) << store_error(file);
    const std::string text =
        sweep_test::ask(file,
                        "SELECT run, point, replication, seed, status, unmet, fingerprint FROM runs ORDER BY run") +
        sweep_test::ask(file, "SELECT * FROM metrics ORDER BY run, device, metric") +
        sweep_test::ask(file, "SELECT * FROM hops ORDER BY run, position, stage") +
        sweep_test::ask(file, "SELECT * FROM histograms ORDER BY run, device, low") +
        sweep_test::ask(file, "SELECT * FROM verdicts ORDER BY run, assumption") +
        sweep_test::ask(file, "SELECT * FROM parameters ORDER BY point, axis");

    store_close(file);
    return text;
}

TEST(SweepCommand, WorkersChangeNoResult)
{
    Folder folder;
    const std::string file = scenario(folder);
    const Result one = doorbell({"sweep", file, "-j", "1", "-d", folder.path("one.sqlite")});
    const Result four = doorbell({"sweep", file, "-j", "4", "-d", folder.path("four.sqlite")});

    EXPECT_EQ(one.status, 0) << one.err;
    EXPECT_EQ(four.status, 0) << four.err;
    EXPECT_EQ(one.out.substr(0, one.out.find('\n')), "48 of 48 runs done; 0 failed, 0 missed an expectation");
    EXPECT_EQ(results(folder.path("one.sqlite")), results(folder.path("four.sqlite")));
    EXPECT_FALSE(std::filesystem::exists(folder.path("four.sqlite.shards")));
}

TEST(SweepCommand, PointsRunUntilTheyAreKnown)
{
    Folder folder;
    const std::string file = folder.write("until.yaml", "doorbell: 1\n"
                                                        "base: " +
                                                            base +
                                                            "\n"
                                                            "duration: 50 ms\n"
                                                            "warmup: auto\n"
                                                            "until: { metric: msi.latency.mean, ci: 2 % }\n"
                                                            "sweep:\n"
                                                            "  replications: 2\n"
                                                            "  axes: [ { key: until.ci, values: [0.3 %, 3 %] } ]\n");
    const std::string database = folder.path("until.sqlite");

    ASSERT_EQ(doorbell({"sweep", file, "-j", "2", "-d", database}).status, 0);
    store *store = store_open_existing(database.c_str(), nullptr);
    EXPECT_EQ(sweep_test::ask(store, "SELECT sum(value) FROM metrics WHERE metric = 'run.enough'"), "4");
    EXPECT_EQ(sweep_test::ask(store, "SELECT (SELECT min(value) FROM metrics JOIN runs USING (run) WHERE point = 0 AND"
                                     " metric = 'run.duration') > (SELECT max(value) FROM metrics JOIN runs USING (run)"
                                     " WHERE point = 1 AND metric = 'run.duration')"),
              "1");
    EXPECT_EQ(sweep_test::ask(store, "SELECT count(*) FROM metrics WHERE metric = 'run.warmup' AND value >= 0"), "4");
    store_close(store);
}

TEST(SweepCommand, SurvivesAKillAtAnyMoment)
{
    Folder folder;
    const std::string file = scenario(folder);
    const std::string whole = folder.path("whole.sqlite");
    const std::string killed = folder.path("killed.sqlite");
    std::vector<std::string> words = {"sweep", file, "-j", "3", "-d", killed};
    std::mt19937 random(11);
    unsigned kills = 0;

    ASSERT_EQ(doorbell({"sweep", file, "-d", whole}).status, 0);
    for (int i = 0; i < 40; i++) {
        Process process(words);

        std::this_thread::sleep_for(std::chrono::microseconds(2000 + random() % 60000));
        kill(process.id(), SIGKILL);
        const Result result = process.wait();

        kills += result.status == 128 + SIGKILL;
        if (words.size() == 6) {
            words.push_back("--resume");
        }
        if (result.status == 0) {
            break;
        }
        /* Its workers end by themselves, when their run does; until then the folder is theirs. */
        EXPECT_TRUE(result.status == 128 + SIGKILL || result.err.find("another sweep is at work") != std::string::npos)
            << result.status << result.err;
    }
    EXPECT_GE(kills, 1u);
    for (int i = 0; i < 100; i++) {
        const Result result = doorbell(words);

        if (result.status == 0) {
            break;
        }
        ASSERT_NE(result.err.find("another sweep is at work"), std::string::npos) << result.err;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(results(killed), results(whole));
}

TEST(SweepCommand, AnInterruptedSweepKeepsWhatItHasAndGoesOn)
{
    Folder folder;
    const std::string file = scenario(folder);
    const std::string database = folder.path("a.sqlite");
    Process process({"sweep", file, "-j", "2", "-d", database, "--set", "duration=20 ms"});

    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    kill(process.id(), SIGINT);
    const Result result = process.wait();

    EXPECT_EQ(result.status, 128 + SIGINT) << result.err;
    EXPECT_NE(result.out.find(" of 48 runs done"), std::string::npos) << result.out;
    store *kept = store_open_existing(database.c_str(), nullptr);

    EXPECT_EQ(store_error(kept), nullptr);
    EXPECT_EQ("interrupted; " + sweep_test::ask(kept, "SELECT count(*) FROM runs") + " of 48 runs",
              result.out.substr(0, result.out.find(" done")));
    EXPECT_NE(result.out.find("; `--resume` goes on\n"), std::string::npos) << result.out;
    if (sweep_test::ask(kept, "SELECT count(*) FROM runs") != "0") {
        const std::string worst =
            sweep_test::ask(kept, "SELECT point FROM metrics JOIN runs USING (run) WHERE device = '' AND"
                                  " metric = 'msi.latency.p99' ORDER BY value DESC, run LIMIT 1");

        EXPECT_NE(result.out.find("\nworst p99 so far: "), std::string::npos) << result.out;
        EXPECT_NE(result.out.find(" at point " + worst + " (entries="), std::string::npos) << result.out;
    }
    store_close(kept);
}

/** The same for programs: an interrupted sweep is marked as such. */
TEST(SweepCommand, AnInterruptedSweepsDocumentSaysSo)
{
    Folder folder;
    Process process(
        {"sweep", scenario(folder), "-j", "1", "-d", folder.path("a.sqlite"), "--set", "duration=20 ms", "--json"});

    if (!std::ifstream("/proc/self/status").good()) {
        GTEST_SKIP() << "this system has no /proc, which tells when the command listens to signals";
    }
    ASSERT_TRUE(cli_test::wait_for_handler(process.id(), SIGTERM));
    kill(process.id(), SIGTERM);
    const Result result = process.wait();

    EXPECT_EQ(result.status, 128 + SIGTERM) << result.err;
    EXPECT_NE(result.out.find("\"interrupted\": true"), std::string::npos) << result.out;
    const Result whole = doorbell({"sweep", scenario(folder), "-d", folder.path("b.sqlite"), "--json"});

    EXPECT_NE(whole.out.find("\"interrupted\": false"), std::string::npos) << whole.out;
    store *kept = store_open_existing(folder.path("b.sqlite").c_str(), nullptr);

    EXPECT_NE(whole.out.find("\"p99-fs\": " + sweep_test::ask(kept, "SELECT max(value) FROM metrics WHERE device = ''"
                                                                    " AND metric = 'msi.latency.p99'")),
              std::string::npos)
        << whole.out;
    store_close(kept);
}

TEST(SweepCommand, PartsMergeToTheWhole)
{
    Folder folder;
    const std::string file = scenario(folder);
    const std::string whole = folder.path("whole.sqlite");
    const std::string parts = folder.path("parts.sqlite");

    ASSERT_EQ(doorbell({"sweep", file, "-d", whole}).status, 0);
    for (const char *part : {"2/3", "1/3", "3/3"}) {
        EXPECT_EQ(doorbell({"sweep", file, "-j", "2", "-d", parts, "--shard", part}).status, 0) << part;
    }
    /* A part that is done does nothing more, and one that is done twice counts once. */
    EXPECT_EQ(doorbell({"sweep", file, "-d", parts, "--shard", "2/3", "--resume"}).out.substr(0, 38),
              "16 of 16 runs done, 16 of them earlier");
    const Result merged = doorbell({"sweep", "merge", file, "-d", parts});

    EXPECT_EQ(merged.status, 0) << merged.err;
    EXPECT_EQ(merged.out, "48 runs merged into " + parts + "\n");
    EXPECT_EQ(results(parts), results(whole));
}

TEST(SweepCommand, AFailedPointIsARecordWithItsCommandLine)
{
    Folder folder;
    const std::string file =
        folder.write("sweep.yaml", "doorbell: 1\nbase: " + base +
                                       "\nduration: 60 us\n"
                                       "sweep: { axes: [ { key: smmu.S.tlb.entries, values: [64, 16] },"
                                       " { key: smmu.S.tlb.ways, values: [4, 32] } ] }\n");
    const std::string database = folder.path("a.sqlite");
    const Result result = doorbell({"sweep", file, "-d", database, "--set", "title=a b"});

    EXPECT_EQ(result.status, 1) << result.err;
    EXPECT_EQ(result.out.substr(0, result.out.find(';')), "4 of 4 runs done");
    store *kept = store_open_existing(database.c_str(), nullptr);

    EXPECT_EQ(sweep_test::ask(kept, "SELECT status, command FROM runs WHERE run = 3"),
              "impossible doorbell run " + file +
                  " --set 'title=a b' --set smmu.S.tlb.entries=16 --set smmu.S.tlb.ways=32 --seed " +
                  sweep_test::ask(kept, "SELECT seed FROM runs WHERE run = 3"));
    EXPECT_NE(sweep_test::ask(kept, "SELECT message FROM runs WHERE run = 3").find("ways"), std::string::npos);
    EXPECT_EQ(sweep_test::ask(kept, "SELECT count(*) FROM runs WHERE status = 'done'"), "3");
    store_close(kept);
}

TEST(SweepCommand, AWrongAxisIsToldBeforeAnythingRuns)
{
    Folder folder;
    const std::string file =
        folder.write("sweep.yaml", "doorbell: 1\nbase: " + base +
                                       "\nsweep: { axes: [ { key: smmu.S.tlb.entrys, values: [16] } ] }\n");
    const Result result = doorbell({"sweep", file, "-d", folder.path("a.sqlite")});

    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find("entrys"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("did you mean `entries`"), std::string::npos) << result.err;
    EXPECT_FALSE(std::filesystem::exists(folder.path("a.sqlite")));
}

TEST(SweepCommand, AnotherSweepsResultsAreNotMixedIn)
{
    Folder folder;
    const std::string file = scenario(folder);
    const std::string database = folder.path("a.sqlite");

    ASSERT_EQ(doorbell({"sweep", file, "-d", database}).status, 0);
    const Result again = doorbell({"sweep", file, "-d", database});
    const Result other = doorbell({"sweep", file, "-d", database, "--resume", "--set", "duration=90 us"});

    EXPECT_EQ(again.status, 4);
    EXPECT_NE(again.err.find("--resume"), std::string::npos) << again.err;
    EXPECT_EQ(other.status, 4);
    EXPECT_NE(other.err.find("another sweep"), std::string::npos) << other.err;
    EXPECT_EQ(doorbell({"sweep", "murge", file}).status, 2);
}

/** Points pair by what they are, though the axes stand in another order and so the points have other numbers. */
TEST(SweepCommand, TwoSweepsAreComparedPointByPoint)
{
    Folder folder;
    const auto swept = [&](const char *name, const std::string &axes, std::vector<std::string> words) {
        const std::string file = folder.write(std::string(name) + ".yaml", "doorbell: 1\nbase: " + base +
                                                                               "\nduration: 100 us\n"
                                                                               "sweep: { replications: 4, axes: [" +
                                                                               axes + "] }\n");
        words.insert(words.begin(), {"sweep", file, "-d", folder.path(std::string(name) + ".sqlite")});
        EXPECT_LE(doorbell(words).status, 1); /* a slow memory misses an expectation */
        return words[3];
    };
    const std::string tlb = "{ key: smmu.S.tlb.entries, values: [4, 64] }";
    const std::string wait = "{ key: interconnect.latency, values: [10 ns, 100 ns] }";
    const std::string a = swept("a", tlb + ", " + wait, {});
    const std::string turned = swept("turned", wait + ", " + tlb, {"--seed", "77"});
    const std::string slow = swept("slow", tlb + ", " + wait, {"--set", "platform.memory.latency=400 ns"});
    const std::string other = swept("other", tlb, {});
    const Result itself = doorbell({"compare", a, a});
    const Result chance = doorbell({"compare", a, turned});
    const Result worse = doorbell({"compare", a, slow, "--metric", "msi.latency.mean"});

    EXPECT_EQ(itself.status, 0) << itself.out;
    EXPECT_NE(itself.out.find("4 points the same, 0 different\n"), std::string::npos) << itself.out;
    EXPECT_EQ(chance.status, 0) << chance.out;
    EXPECT_NE(chance.out.find("4 points the same, 0 different\n"), std::string::npos) << chance.out;
    EXPECT_NE(chance.out.find("tests (0 of pairs by seed, "), std::string::npos) << chance.out;
    EXPECT_EQ(worse.status, 1);
    EXPECT_NE(worse.out.find("0 points the same, 4 different\n4 tests (4 of pairs by seed, 0 of means"),
              std::string::npos)
        << worse.out;
    EXPECT_EQ(worse.out.find("differs  interconnect.latency=10 ns, smmu.S.tlb.entries=4: 4 and 4 runs\n"
                             "  msi.latency.mean: "),
              0u)
        << worse.out;
    EXPECT_EQ(doorbell({"compare", a, other}).status, 2);
    EXPECT_EQ(doorbell({"compare", a, base}).status, 2);
    EXPECT_EQ(doorbell({"compare", a, slow, "--json"}).status, 1); /* its document is held against the schema */
    EXPECT_EQ(doorbell({"compare", a, slow, "--metric", "msi.latency.p98"}).status, 2);
}

TEST(SweepCommand, QueriesComeAsTextCsvAndJsonLines)
{
    Folder folder;
    const std::string file = scenario(folder);
    const std::string database = folder.path("a.sqlite");

    ASSERT_EQ(doorbell({"sweep", file, "-d", database}).status, 0);
    const Result text = doorbell({"query", database, "best", "--metric", "msi.latency.mean"});
    const Result csv = doorbell({"query", database, "--format", "csv"});
    const Result lines = doorbell({"query", database, "--format", "jsonl", "--device", "epA"});
    const Result wrong = doorbell({"query", database, "wurst"});

    EXPECT_NE(text.out.find(" ns"), std::string::npos) << text.out;
    EXPECT_EQ(csv.out.substr(0, csv.out.find('\r')),
              "point,smmu.S.tlb.entries,interconnect.latency,msi.latency.p99-fs,msi.latency.p99-ci95-fs");
    EXPECT_EQ(static_cast<size_t>(std::count(csv.out.begin(), csv.out.end(), '\n')), 25u);
    EXPECT_EQ(lines.out.substr(0, 54), "{\"point\":0,\"smmu.S.tlb.entries\":\"4\",\"interconnect.late");
    EXPECT_EQ(wrong.status, 2);
    EXPECT_NE(wrong.err.find("did you mean 'worst'?"), std::string::npos) << wrong.err;
    const Result metric = doorbell({"query", database, "points", "--metric", "msi.latncy.p99"});
    const Result device = doorbell({"query", database, "points", "--device", "epZ"});

    EXPECT_NE(metric.err.find("did you mean 'msi.latency.p99'?"), std::string::npos) << metric.err;
    EXPECT_NE(device.err.find("did you mean 'ep"), std::string::npos) << device.err;
    const Result second = doorbell({"query", database, "SELECT 1 FROM runs;\nDELETE FROM runs"});

    EXPECT_EQ(second.status, 2);
    EXPECT_EQ(second.out, "");
    EXPECT_EQ(second.err.substr(0, 30), "QUESTION:2:1: error[E0408]: " + database.substr(0, 2));
    EXPECT_NE(second.err.find("     2 | DELETE FROM runs\n       | ^\n"), std::string::npos) << second.err;
}

} // namespace

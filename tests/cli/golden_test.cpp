/* `doorbell golden` and `doorbell compare`: what changed is told, and nothing else. */
#include "tests/cli/json.h"
#include "tests/cli/process.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace
{

using cli_test::document;
using cli_test::doorbell;
using cli_test::Folder;
using cli_test::integer_of;
using cli_test::Json;
using cli_test::Result;
using cli_test::text_of;

const std::string minimal = DOORBELL_SOURCE_DIR "/scenarios/examples/minimal.yaml";
const std::string split = DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml";

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

std::string text_of_file(const std::string &path)
{
    std::ifstream file(path);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

/** A folder with two scenarios, and what they give now stored. */
class Golden : public ::testing::Test
{
  protected:
    Golden()
    {
        folder_.write("minimal.yaml", text_of_file(minimal));
        folder_.write("split.yaml", text_of_file(split));
        folder_.write("notes.txt", "not a scenario");
        EXPECT_EQ(golden({"--bless"}).status, 0);
    }

    Result golden(std::vector<std::string> words) const
    {
        words.insert(words.begin(), {"golden", folder_.path("")});
        return doorbell(words);
    }

    /** Makes one link of a scenario slower. */
    void change(const std::string &name, const std::string &from, const std::string &to)
    {
        std::string text = folder_.read(name);
        const size_t at = text.find(from);

        ASSERT_NE(at, std::string::npos);
        folder_.write(name, text.replace(at, from.size(), to));
    }

    Folder folder_;
};

TEST_F(Golden, WhatIsStoredIsTheSameOnTheOtherEngine)
{
    const Result result = golden({"--engine", "every-cycle"});

    EXPECT_EQ(result.status, 0) << result.out << result.err;
    EXPECT_EQ(result.out, "same     minimal\nsame     split\n2 passed, 0 failed\n");
}

TEST_F(Golden, ADifferenceNamesScenarioMetricAmountAndPacket)
{
    Result result;

    change("split.yaml", "latency: 105 ns", "latency: 115 ns");
    result = golden({"--junit", folder_.path("junit.xml")});
    EXPECT_EQ(result.status, 1);
    EXPECT_TRUE(has(result.out, "same     minimal\n"));
    EXPECT_TRUE(has(result.out, "differs  split: ")) << result.out;
    EXPECT_TRUE(has(result.out, "  hops.sw0.min-fs: 105000000 -> 115000000 (+10000000, +9.52 %)\n")) << result.out;
    EXPECT_TRUE(has(result.out, "after 0 packets with the same way:"));
    EXPECT_TRUE(has(result.out, "[sw0] 105000000"));
    EXPECT_TRUE(has(result.out, "[sw0] 115000000"));
    EXPECT_TRUE(has(result.out, "1 passed, 1 failed\n"));
    EXPECT_TRUE(has(folder_.read("junit.xml"), "tests=\"2\" failures=\"1\" errors=\"0\""));
    EXPECT_TRUE(has(folder_.read("junit.xml"), "name=\"split\">\n      <failure message=\""));
}

TEST_F(Golden, AWrongScenarioIsAnErrorAndTouchesNothing)
{
    const std::string stored = folder_.read("golden/split.packets");
    Result result;

    change("split.yaml", "switch: {", "switch: { ports: 2,");
    result = golden({"--bless"});
    EXPECT_EQ(result.status, 1);
    EXPECT_TRUE(has(result.out, "error    split: ")) << result.out;
    EXPECT_EQ(folder_.read("golden/split.packets"), stored);
}

TEST_F(Golden, TolerancesDecideWhatCounts)
{
    change("split.yaml", "latency: 105 ns", "latency: 106 ns");
    EXPECT_EQ(golden({}).status, 1);
    EXPECT_EQ(golden({"--tolerance", "*=any"}).status, 0);
    EXPECT_EQ(golden({"--tolerance", "*=5%", "--tolerance", "fingerprint=any", "--tolerance", "*.first-packet=any",
                      "--tolerance", "expectations.*=any"})
                  .status,
              0);
    EXPECT_EQ(golden({"--tolerance", "*=any", "--tolerance", "hops.sw0.min-fs=500000"}).status, 1);
    EXPECT_EQ(golden({"--tolerance", "*=any", "--tolerance", "hops.sw0.min-fs=1000000"}).status, 0);
    EXPECT_EQ(golden({"--tolerance", "5%"}).status, 2);
    EXPECT_EQ(golden({"--tolerance", "a=-1"}).status, 2);
}

TEST_F(Golden, BlessingStoresAndShowsTheDifference)
{
    Result result;

    change("split.yaml", "latency: 105 ns", "latency: 115 ns");
    result = golden({"--bless"});
    EXPECT_EQ(result.status, 0);
    EXPECT_TRUE(has(result.out, "same     minimal\nstored   split\n"));
    EXPECT_TRUE(has(result.out, "  hops.sw0.min-fs: 105000000 -> 115000000"));
    EXPECT_EQ(golden({}).out, "same     minimal\nsame     split\n2 passed, 0 failed\n");
}

TEST_F(Golden, NewAndBrokenAreFailures)
{
    Result result;

    folder_.write("added.yaml", text_of_file(minimal));
    folder_.write("golden/minimal.json", "{ \"title\": ");
    result = golden({"--json"});
    EXPECT_EQ(result.status, 1);
    {
        const Json json = document(result.out);
        const json_t *scenarios = json_object_get(json.get(), "scenarios");

        ASSERT_EQ(json_array_size(scenarios), 3U);
        EXPECT_EQ(text_of(json_array_get(scenarios, 0), "outcome"), "new");
        EXPECT_EQ(text_of(json_array_get(scenarios, 1), "outcome"), "error");
        EXPECT_TRUE(has(text_of(json_array_get(scenarios, 1), "message"), "minimal.json:1:"));
        EXPECT_EQ(text_of(json_array_get(scenarios, 2), "outcome"), "same");
    }
    EXPECT_EQ(golden({"--bless"}).status, 0);
    EXPECT_EQ(golden({}).status, 0);
}

TEST(GoldenFolder, MustHoldScenarios)
{
    const Folder folder;

    EXPECT_EQ(doorbell({"golden", folder.path("")}).status, 2);
    EXPECT_EQ(doorbell({"golden", folder.path("absent")}).status, 4);
    EXPECT_EQ(doorbell({"golden", folder.path(""), "--engine", "systemc"}).status, 2);
}

/** The result of the reference topology in a file. */
std::string stored(const Folder &folder, const std::string &name, std::vector<std::string> words)
{
    words.insert(words.begin(), {"run", split, "--json", "-o", folder.path(name)});
    EXPECT_LE(doorbell(words).status, 1);
    return folder.path(name);
}

TEST(Compare, ARunIsLikeItself)
{
    const Folder folder;
    const std::string a = stored(folder, "a.json", {});
    const std::string b = stored(folder, "b.json", {"--shuffle", "9"});
    const Result result = doorbell({"compare", a, b});

    EXPECT_EQ(result.status, 0) << result.out;
    EXPECT_TRUE(has(result.out, "1 same, 0 different\n"));
}

TEST(Compare, OtherSeedsAreReplications)
{
    const Folder folder;
    const std::string a = stored(folder, "a.json", {});
    const std::string b = stored(folder, "b.json", {"--seed", "12"});
    const std::string slow = stored(folder, "c.json", {"--seed", "12", "--set", "platform.memory.latency=400ns"});
    const Json same = document(doorbell({"compare", a, b, "--json"}).out);
    const Result result = doorbell({"compare", a, slow, "--json"});
    const Json other = document(result.out);
    const json_t *pair = json_array_get(json_object_get(same.get(), "results"), 0);
    const json_t *worse = json_array_get(json_object_get(other.get(), "results"), 0);
    size_t counting = 0;

    EXPECT_TRUE(json_is_true(json_object_get(pair, "replications")));
    EXPECT_GT(json_array_size(json_object_get(pair, "differences")), 50U);
    for (size_t i = 0; i < json_array_size(json_object_get(worse, "differences")); i++) {
        const json_t *difference = json_array_get(json_object_get(worse, "differences"), i);

        if (!json_is_true(json_object_get(difference, "tolerated"))) {
            counting++;
            EXPECT_TRUE(has(text_of(difference, "path"), "mean-fs") || has(text_of(difference, "path"), ".met") ||
                        has(text_of(difference, "path"), ".outcome"))
                << text_of(difference, "path");
        }
    }
    EXPECT_EQ(result.status, counting == 0 ? 0 : 1);
    EXPECT_GT(counting, 0U); /* a slow memory makes every MSI slower, beyond doubt */
}

TEST(Compare, FoldersPairByName)
{
    const Folder before;
    const Folder after;
    Result result;

    stored(before, "x.json", {});
    stored(after, "x.json", {});
    stored(before, "gone.json", {});
    stored(after, "new.json", {});
    result = doorbell({"compare", before.path(""), after.path("")});
    EXPECT_EQ(result.status, 1);
    EXPECT_TRUE(has(result.out, "same     x\n"));
    EXPECT_TRUE(has(result.out, "alone    gone: only in " + before.path("")));
    EXPECT_TRUE(has(result.out, "alone    new: only in " + after.path("")));
}

/** Three seeds before and after: a slower memory is beyond chance in every one; other seeds are not. */
TEST(Compare, FoldersOfSeedsAreSets)
{
    const Folder before;
    const Folder again;
    const Folder slow;
    json_t *sets;

    for (const char *seed : {"1", "2", "3"}) {
        const std::string name = std::string("run") + seed + ".json";

        stored(before, name, {"--seed", seed});
        stored(again, "other" + name, {"--seed", std::string("5") + seed});
        stored(slow, name, {"--seed", seed, "--set", "platform.memory.latency=400ns"});
    }
    const Result same = doorbell({"compare", before.path(""), again.path("")});
    const Result worse = doorbell({"compare", before.path(""), slow.path(""), "--json"});
    const Json document_of_worse = document(worse.out);

    EXPECT_EQ(same.status, 0) << same.out;
    EXPECT_TRUE(has(same.out, "1 points the same, 0 different\n")) << same.out;
    EXPECT_TRUE(has(same.out, " of means,")) << same.out;
    EXPECT_EQ(worse.status, 1);
    sets = json_object_get(document_of_worse.get(), "sets");
    EXPECT_EQ(json_array_size(json_object_get(document_of_worse.get(), "results")), 0U);
    EXPECT_GT(json_integer_value(json_object_get(sets, "tests")), 5);
    const Result only =
        doorbell({"compare", before.path(""), slow.path(""), "--metric", "msi.latency.mean", "--device", "epA"});

    EXPECT_TRUE(has(only.out, "  msi.latency.mean: ")) << only.out;
    EXPECT_TRUE(has(only.out, "\n1 tests (1 of pairs by seed")) << only.out;
    EXPECT_EQ(doorbell({"compare", before.path(""), slow.path(""), "--metric", "msi.latency.p98"}).status, 2);
    EXPECT_EQ(doorbell({"compare", before.path(""), slow.path(""), "--device", "epZ"}).status, 2);
    EXPECT_EQ(
        doorbell({"compare", before.path("run1.json"), slow.path("run1.json"), "--metric", "msi.latency.p99"}).status,
        2);
}

TEST(Compare, WhatIsNoResultIsAnError)
{
    const Folder folder;
    const std::string text = folder.write("text.json", "hello");

    EXPECT_EQ(doorbell({"compare", text, text}).status, 2);
    const std::string nothing = folder.write("nothing.json", "{}");
    const std::string run = stored(folder, "run.json", {});

    EXPECT_EQ(doorbell({"compare", nothing, nothing}).status, 2) << "alike, and no results";
    EXPECT_EQ(doorbell({"check", split, "--json", "-o", folder.path("check.json")}).status, 0);
    const Result forms = doorbell({"compare", run, folder.path("check.json")});

    EXPECT_EQ(forms.status, 2) << "what a check does not say is no replication of a run";
    EXPECT_TRUE(has(forms.err, "of the form run/1")) << forms.err;
    EXPECT_EQ(doorbell({"compare", folder.path("no.json"), text}).status, 4);
    EXPECT_EQ(doorbell({"compare", text}).status, 2);
}

} // namespace

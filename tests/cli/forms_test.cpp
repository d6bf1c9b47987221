/* The documents of verbs whose own form is another: each holds what the verb writes without --json. */
#include "tests/cli/json.h"
#include "tests/cli/process.h"

#include <gtest/gtest.h>
#include <sstream>

namespace
{

using cli_test::document;
using cli_test::doorbell;
using cli_test::Folder;
using cli_test::Json;
using cli_test::Result;
using cli_test::text_of;

const std::string reference = DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml";
const std::string board = DOORBELL_SOURCE_DIR "/docs/tutorial/board.dts";

/* What a check foretells of each function is what its run found. */
TEST(Forms, ATopologyIsThatOfTheRun)
{
    const Json drawn = document(doorbell({"topo", reference, "--json"}).out);
    const Json ran =
        document(doorbell({"run", reference, "--set", "duration=20 us", "--set", "warmup=0 ns", "--json"}).out);

    ASSERT_TRUE(drawn && ran);
    EXPECT_EQ(text_of(drawn.get(), "schema"), "topology/1");
    EXPECT_EQ(text_of(drawn.get(), "title"), "Two ITS behind a switch without ACS");
    json_t *ours = json_object_get(json_object_get(drawn.get(), "topology"), "functions");
    json_t *theirs = json_object_get(json_object_get(ran.get(), "topology"), "functions");
    ASSERT_EQ(json_array_size(ours), 6u);
    for (size_t i = 0; i < json_array_size(ours); i++) {
        json_object_del(json_array_get(ours, i), "vectors"); /* nobody has set any up */
        json_object_del(json_array_get(theirs, i), "vectors");
    }
    EXPECT_TRUE(json_equal(ours, theirs));
}

TEST(Forms, AnImportHasTheScenarioAndWhatWasGuessed)
{
    const Json made = document(doorbell({"import", board, "--json"}).out);
    const Result text = doorbell({"import", board});
    std::string remarks;

    ASSERT_TRUE(made);
    EXPECT_EQ(text_of(made.get(), "schema"), "import/1");
    EXPECT_EQ(text_of(made.get(), "scenario"), text.out);
    EXPECT_TRUE(json_is_true(json_object_get(made.get(), "firmware")));
    EXPECT_EQ(json_array_size(json_object_get(made.get(), "sources")), 1u);
    const json_t *list = json_object_get(made.get(), "remarks");
    for (size_t i = 0; i < json_array_size(list); i++) {
        remarks += std::string(json_string_value(json_array_get(list, i))) + "\n";
    }
    EXPECT_EQ(remarks, text.err);
    EXPECT_EQ(doorbell({"import", "/nowhere", "--json"}).status, 4) << "and a failure is a document too";
}

TEST(Forms, AReportHasThePageAndWhatItIsMadeOf)
{
    const Folder folder;
    const std::string result = folder.path("result.json");

    ASSERT_EQ(doorbell({"check", reference, "--json", "-o", result}).status, 0);
    const Json page = document(doorbell({"report", result, "--json"}).out);
    const Result text = doorbell({"report", result});

    ASSERT_TRUE(page);
    EXPECT_EQ(text_of(page.get(), "schema"), "report/1");
    EXPECT_EQ(text_of(page.get(), "page"), text.out);
    const json_t *of = json_array_get(json_object_get(page.get(), "results"), 0);
    EXPECT_EQ(text_of(of, "name"), "result.json");
    EXPECT_EQ(text_of(of, "schema"), "check/2");
    /* A check foretells the system: it is drawn, with the way that violates an assumption. */
    EXPECT_NE(text.out.find("<h2>The system</h2>"), std::string::npos);
    EXPECT_NE(text.out.find("class=\"mark\""), std::string::npos);
}

TEST(Forms, RowsAreTheLinesWithADocumentAroundThem)
{
    const Folder folder;
    const std::string database = folder.path("a.sqlite");
    const std::string file = folder.write("sweep.yaml", "doorbell: 1\nbase: " + reference +
                                                            "\nduration: 20 us\nwarmup: 0 ns\nsweep:\n  axes:\n"
                                                            "    - { key: smmu.S.tlb.entries, values: [4, 16] }\n");

    ASSERT_EQ(doorbell({"sweep", file, "-d", database}).status, 0);
    for (const char *question : {"points", "metrics", "SELECT run, message, wall_us * 0.5 AS half FROM runs"}) {
        const Json rows = document(doorbell({"query", database, question, "--json"}).out);
        std::istringstream lines(doorbell({"query", database, question, "--format", "jsonl"}).out);
        size_t count = 0;

        ASSERT_TRUE(rows);
        EXPECT_EQ(text_of(rows.get(), "schema"), "rows/2");
        EXPECT_EQ(text_of(rows.get(), "question"), question);
        const json_t *list = json_object_get(rows.get(), "rows");
        for (std::string line; std::getline(lines, line); count++) {
            const Json row = document(line);

            EXPECT_TRUE(json_equal(row.get(), json_array_get(list, count))) << line;
            EXPECT_EQ(json_object_size(row.get()), json_array_size(json_object_get(rows.get(), "columns")));
        }
        EXPECT_GT(count, 0u);
        EXPECT_EQ(count, json_array_size(list));
    }
}

/** What was recorded of a resource; NULL: nothing. */
const json_t *resource_of(const Json &run, const std::string &name)
{
    const json_t *list = json_object_get(json_object_get(run.get(), "occupancy"), "resources");

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (text_of(json_array_get(list, i), "resource") == name) {
            return json_array_get(list, i);
        }
    }
    return nullptr;
}

/* A replay buffer empties as time goes by, with Acks that nobody is evaluated for; reads take tags. */
TEST(Forms, ReplayBuffersAndTagsAreAlikeOnEveryEngine)
{
    const std::vector<std::string> sets = {"run",         reference,
                                           "--set",       "duration=60 us",
                                           "--set",       "epB.link.replay-buffer=4",
                                           "--set",       "traffic.epA=[{dma-read: {size: 512 B, rate: 2 GB/s}}]",
                                           "--occupancy", "--json",
                                           "--engine"};
    std::vector<std::string> other = sets;
    std::vector<std::string> one = sets;

    one.push_back("native");
    other.push_back("every-cycle");
    const Json native = document(doorbell(one).out);
    const Json every = document(doorbell(other).out);

    ASSERT_TRUE(native && every);
    EXPECT_TRUE(json_equal(json_object_get(native.get(), "occupancy"), json_object_get(every.get(), "occupancy")));
    const json_t *buffer = resource_of(native, "sw0-epB.up.replay-buffer");
    ASSERT_NE(buffer, nullptr);
    EXPECT_EQ(json_integer_value(json_object_get(buffer, "capacity")), 4);
    EXPECT_GE(json_integer_value(json_object_get(buffer, "max")), 2);
    EXPECT_LE(json_integer_value(json_object_get(buffer, "max")), 4);
    const json_t *tags = resource_of(native, "read-tags");
    ASSERT_NE(tags, nullptr);
    EXPECT_EQ(json_integer_value(json_object_get(tags, "capacity")), 32);
    EXPECT_GE(json_integer_value(json_object_get(tags, "max")), 1);
}

} // namespace

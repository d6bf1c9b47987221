/* doorbell explore, as a process. */
#include "tests/cli/process.h"

#include <gtest/gtest.h>
#include <jansson.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace
{

using cli_test::doorbell;
using cli_test::Result;

TEST(ExploreCommand, PrintsAScenarioThatRunsAndShowsIt)
{
    const Result found = doorbell({"explore", "doorbell-per-group", "--endpoints", "2"});
    const std::string path = testing::TempDir() + "explored.yaml";

    EXPECT_EQ(found.status, 1) << found.err;
    EXPECT_NE(found.out.find("the whole space"), std::string::npos) << found.out;
    std::ofstream(path) << found.out;
    EXPECT_EQ(doorbell({"check", path}).status, 0);
    EXPECT_EQ(doorbell({"run", path}).status, 0);
    std::remove(path.c_str());
}

TEST(ExploreCommand, SaysThatThereIsNone)
{
    const Result none = doorbell({"explore", "doorbell-per-group", "--its", "1"});

    EXPECT_EQ(none.status, 0) << none.err;
    EXPECT_NE(none.out.find("No counterexample exists."), std::string::npos) << none.out;
}

/* Where only a sample was judged it does not claim more. */
TEST(ExploreCommand, SaysThatNoneWasFound)
{
    const Result none = doorbell({"explore", "doorbell-mapped", "--endpoints", "6", "--limit", "2000"});

    EXPECT_EQ(none.status, 0) << none.err;
    EXPECT_NE(none.out.find("No counterexample was found."), std::string::npos) << none.out;
    EXPECT_NE(none.out.find("drawn at random"), std::string::npos) << none.out;
}

TEST(ExploreCommand, WritesJson)
{
    const Result found = doorbell({"explore", "doorbell-per-group", "--endpoints", "2", "--json"});
    json_t *document = json_loads(found.out.c_str(), 0, nullptr);

    ASSERT_NE(document, nullptr) << found.out;
    EXPECT_TRUE(json_is_true(json_object_get(document, "exhausted")));
    EXPECT_EQ(json_integer_value(json_object_get(document, "covered")),
              json_integer_value(json_object_get(document, "total")));
    EXPECT_NE(json_object_get(document, "counterexample"), nullptr);
    json_decref(document);
}

TEST(ExploreCommand, RefusesWhatItDoesNotKnow)
{
    const Result name = doorbell({"explore", "doorbell-per-grup"});
    const Result bound = doorbell({"explore", "doorbell-per-group", "--its", "5"});
    const Result rule = doorbell({"explore", "doorbell-per-group", "--grouping", "none"});

    EXPECT_EQ(name.status, 2);
    EXPECT_NE(name.err.find("did you mean 'doorbell-per-group'?"), std::string::npos) << name.err;
    EXPECT_EQ(bound.status, 2);
    EXPECT_NE(bound.err.find("--its: 5 is not between 1 and 4"), std::string::npos) << bound.err;
    EXPECT_EQ(rule.status, 2);
    EXPECT_NE(rule.err.find("linux, corrected and reach"), std::string::npos) << rule.err;
}

} // namespace

/* doorbell explore, as a process. */
#include "tests/cli/process.h"

#include <gtest/gtest.h>
#include <jansson.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

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

/* Where the assumption is about something that no system has, that none violates it is no result. */
TEST(ExploreCommand, SaysThatNothingIsShownWhereTheAssumptionDoesNotApply)
{
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{"pasid-consistent"}, "--pasids"},
        {{"msi-in-primary-domain"}, "--pasids"},
        {{"doorbell-mapped", "--smmus", "0"}, "--smmus 1"},
        {{"guest-owned-msi"}, "virtual machine"},
        {{"one-viommu-per-smmu"}, "virtual machine"},
        {{"data-before-interrupt"}, "dma-write"},
    };

    for (const auto &[question, hint] : cases) {
        std::vector<std::string> arguments = {"explore", "--endpoints", "2"};

        arguments.insert(arguments.end(), question.begin(), question.end());
        const Result text = doorbell(arguments);
        arguments.push_back("--json");
        const Result json = doorbell(arguments);
        json_t *document = json_loads(json.out.c_str(), 0, nullptr);
        const char *said = json_string_value(json_object_get(document, "hint"));

        EXPECT_EQ(text.status, 0) << text.err;
        EXPECT_NE(text.out.find("Nothing is shown"), std::string::npos) << text.out;
        EXPECT_NE(text.out.find(hint), std::string::npos) << text.out;
        EXPECT_EQ(text.out.find("No counterexample"), std::string::npos) << text.out;
        EXPECT_TRUE(json_is_false(json_object_get(document, "applicable"))) << json.out;
        EXPECT_NE(std::string(said == nullptr ? "" : said).find(hint), std::string::npos) << json.out;
        json_decref(document);
    }
    const Result asked = doorbell({"explore", "pasid-consistent", "--endpoints", "2", "--pasids", "shared,own"});

    EXPECT_EQ(asked.out.find("Nothing is shown"), std::string::npos) << asked.out;
    EXPECT_NE(asked.out.find("No counterexample exists."), std::string::npos) << asked.out;
}

/* Three answers to the question of 2019: the same systems, the counterexample is that of the one that loses MSIs. */
TEST(ExploreCommand, ComparesConsumersAndRuleSets)
{
    const Result found = doorbell({"explore", "doorbell-mapped", "--endpoints", "2", "--switches", "1", "--consumers",
                                   "vfio-nested", "--rules", "bind-msi-v6,bind-per-group,bind-msi-v7", "--json"});
    json_t *document = json_loads(found.out.c_str(), 0, nullptr);
    json_t *software = json_object_get(document, "software");

    ASSERT_NE(document, nullptr) << found.out << found.err;
    EXPECT_EQ(found.status, 1) << found.err;
    ASSERT_EQ(json_array_size(software), 3u);
    EXPECT_STREQ(json_string_value(json_object_get(json_array_get(software, 1), "rules")), "bind-per-group");
    EXPECT_EQ(json_integer_value(json_object_get(json_array_get(software, 0), "violated")), 0);
    EXPECT_GT(json_integer_value(json_object_get(json_array_get(software, 1), "violated")), 0);
    EXPECT_EQ(json_integer_value(json_object_get(json_array_get(software, 2), "violated")), 0);
    EXPECT_GT(json_integer_value(json_object_get(json_object_get(document, "counterexample"), "lost")), 0);
    json_decref(document);
}

/* One ITS is enough to split a group where every device has a doorbell of its own. */
TEST(ExploreCommand, FindsTwoDoorbellsOfOnePreIts)
{
    const Result found = doorbell({"explore", "doorbell-per-group", "--endpoints", "2", "--its", "1", "--controllers",
                                   "its,pre-its", "--consumers", "kernel,vfio"});
    const std::string path = testing::TempDir() + "explored-pre-its.yaml";

    EXPECT_EQ(found.status, 1) << found.err;
    EXPECT_NE(found.out.find("A: { base: 0x08080000, pre-its: { base: 0x58000000 } }"), std::string::npos) << found.out;
    std::ofstream(path) << found.out;
    EXPECT_EQ(doorbell({"check", path}).status, 0);
    EXPECT_EQ(doorbell({"run", path}).status, 0);
    std::remove(path.c_str());
}

/* What is written of frames and of PASIDs runs, and shows what it says. */
TEST(ExploreCommand, WritesFramesAndPasidsThatRun)
{
    const std::vector<std::vector<std::string>> questions = {
        {"explore", "msi-isolated", "--endpoints", "2", "--its", "1", "--controllers", "v2m"},
        {"explore", "doorbell-per-group", "--endpoints", "2", "--controllers", "v2m", "--consumers", "vfio"},
        {"explore", "doorbell-per-domain", "--endpoints", "3", "--switches", "0", "--functions", "3", "--controllers",
         "v2m"},
        {"explore", "msi-in-primary-domain", "--endpoints", "2", "--rules", "linux-6.12", "--consumers",
         "kernel-blocked", "--pasids", "own"}};

    for (const std::vector<std::string> &question : questions) {
        const Result found = doorbell(question);
        const std::string path = testing::TempDir() + "explored-" + question[1] + ".yaml";

        EXPECT_EQ(found.status, 1) << found.err;
        EXPECT_NE(found.out.find(question[1] == "msi-in-primary-domain" ? "{ device: ep0, pasid: 5, consumer: aux0 }"
                                                                        : "first-spi: 64"),
                  std::string::npos)
            << found.out;
        std::ofstream(path) << found.out;
        EXPECT_EQ(doorbell({"check", path}).status, 0);
        EXPECT_EQ(doorbell({"run", path}).status, 0);
        std::remove(path.c_str());
    }
}

TEST(ExploreCommand, LeavesOutWhatARuleSetDoesNotKnow)
{
    const Result some = doorbell({"explore", "doorbell-mapped", "--endpoints", "1", "--consumers", "all"});
    const Result none = doorbell({"explore", "doorbell-mapped", "--consumers", "vfio-nested"});
    const Result word = doorbell({"explore", "doorbell-mapped", "--consumers", "kernel,vfo"});
    const Result rules = doorbell({"explore", "doorbell-mapped", "--rules", "linux-7.4"});
    const Result pages =
        doorbell({"explore", "doorbell-mapped", "--consumers", "iommufd-nested", "--identity-pages", "257"});

    EXPECT_EQ(some.status, 0) << some.err;
    EXPECT_NE(some.out.find("Left out: 2 combinations"), std::string::npos) << some.out;
    EXPECT_EQ(none.status, 2);
    EXPECT_NE(none.err.find("linux-7.3 has no such use of devices as vfio-nested"), std::string::npos) << none.err;
    EXPECT_EQ(word.status, 2);
    EXPECT_NE(word.err.find("did you mean 'vfio'?"), std::string::npos) << word.err;
    EXPECT_EQ(rules.status, 2);
    EXPECT_NE(rules.err.find("--rules: there is no rule set 'linux-7.4'"), std::string::npos) << rules.err;
    EXPECT_EQ(pages.status, 2);
    EXPECT_NE(pages.err.find("--identity-pages: 257 is not between 0 and 256"), std::string::npos) << pages.err;
}

/* Whoever bypasses the SMMU needs no doorbell mapped: the endpoint that is left out is not the one that loses MSIs. */
TEST(ExploreCommand, LeavesEndpointsOutOfTheMap)
{
    const Result some = doorbell({"explore", "doorbell-mapped", "--endpoints", "2", "--switches", "1", "--unmapped"});
    const Result none = doorbell({"explore", "doorbell-mapped", "--unmapped", "--smmus", "0"});

    EXPECT_EQ(some.status, 0) << some.out << some.err;
    EXPECT_NE(some.out.find("The iommu-map may leave endpoints out."), std::string::npos) << some.out;
    EXPECT_NE(some.out.find("the whole space"), std::string::npos) << some.out;
    EXPECT_EQ(none.status, 2);
    EXPECT_NE(none.err.find("--smmus with unmapped: 0 is not between 1 and 4"), std::string::npos) << none.err;
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

/* Ctrl-C: what was covered until then, and that it is not all. */
TEST(ExploreCommand, SaysWhatItCoveredWhenInterrupted)
{
    cli_test::Process process({"explore", "doorbell-per-group", "--endpoints", "8", "--switches", "6", "--its", "4",
                               "--smmus", "4", "--limit", "100000000", "--json"});

    if (!std::ifstream("/proc/self/status").good()) {
        GTEST_SKIP() << "this system has no /proc, which tells when the command listens to signals";
    }
    ASSERT_TRUE(cli_test::wait_for_handler(process.id(), SIGINT)) << process.wait().err;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    kill(process.id(), SIGINT);
    const Result ended = process.wait();
    json_t *document = json_loads(ended.out.c_str(), 0, nullptr);

    EXPECT_EQ(ended.status, 128 + SIGINT) << ended.err;
    ASSERT_NE(document, nullptr) << ended.out;
    EXPECT_TRUE(json_is_true(json_object_get(document, "interrupted")));
    EXPECT_TRUE(json_is_false(json_object_get(document, "exhausted")));
    EXPECT_GT(json_integer_value(json_object_get(document, "judged")), 0);
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

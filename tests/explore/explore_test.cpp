/* Exploration: what it finds, what it says it covered, and that a limit is kept. */
#include "explore/explore.h"
#include "explore/write.h"
#include "scenario/verdicts.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace
{

unsigned number_of(const char *name)
{
    unsigned i = 0;

    while (i < ASSUMPTION_COUNT && std::strcmp(assumption_name(i), name) != 0) {
        i++;
    }
    return i;
}

explore_software used(const char *rules, explore_use use)
{
    return {rules_find(rules), rules_find(rules)->grouping, use, EXPLORE_CONTROLLER_ITS, 8, 256, EXPLORE_PASIDS_NONE};
}

const explore_software dma = used("linux-7.3", EXPLORE_USE_KERNEL);

explore_request request_of(const char *assumption, explore_bounds bounds, uint64_t limit = 1000000)
{
    return {bounds, &dma, 1, number_of(assumption), limit, 1, nullptr, nullptr};
}

explore_result explored(const explore_request &request)
{
    explore_result result;
    host_error error = {};

    EXPECT_TRUE(explore_check_request(&request, &error)) << error.text;
    EXPECT_TRUE(explore(&request, &result, &error)) << error.text;
    return result;
}

std::string shape_text(const explore_shape &shape)
{
    std::string text;

    for (unsigned i = 0; i < shape.length; i++) {
        text += static_cast<char>('0' + shape.text[i]);
    }
    return text;
}

/* The topology of 2019: a switch without ACS, two endpoints, an ITS for each. */
TEST(Explore, FindsTheTopologyOf2019)
{
    const explore_result result = explored(request_of(ASSUMPTION_DOORBELL_PER_GROUP, {2, 1, 2, 1, 2, false, 1}));

    ASSERT_TRUE(result.violated);
    EXPECT_TRUE(result.exhausted);
    EXPECT_EQ(shape_text(result.smallest.shape), "2110");
    EXPECT_EQ(result.smallest.labels.itses, 2);
    EXPECT_NE(result.smallest.labels.its[0], result.smallest.labels.its[1]);
    EXPECT_EQ(result.covered, result.total);
}

/* With one ITS nothing can be split, and one endpoint has nobody to differ from. */
TEST(Explore, FindsNothingWhereNothingIs)
{
    EXPECT_FALSE(explored(request_of(ASSUMPTION_DOORBELL_PER_GROUP, {4, 2, 1, 1, 2, false, 1})).violated);
    EXPECT_FALSE(explored(request_of(ASSUMPTION_DOORBELL_PER_GROUP, {1, 3, 4, 2, 2, false, 1})).violated);
}

/* Bigger bounds change nothing about the smallest. */
TEST(Explore, FindsTheSameAmongMany)
{
    const explore_result result = explored(request_of(ASSUMPTION_DOORBELL_PER_GROUP, {4, 2, 2, 2, 2, false, 1}));

    ASSERT_TRUE(result.violated);
    EXPECT_EQ(shape_text(result.smallest.shape), "2110");
    EXPECT_EQ(result.smallest.labels.smmus, 1);
    EXPECT_EQ(result.covered, result.total);
    EXPECT_EQ(result.judged, result.outcomes[0] + result.outcomes[1] + result.outcomes[2]);
}

/* A doorbell that only an auxiliary domain could reach: the question of 2018, on the smallest system that there is. */
TEST(Explore, FindsMessagesThatPasidsDoNotHelp)
{
    explore_software blocked = used("linux-6.12", EXPLORE_USE_BLOCKED);
    explore_request request = request_of(ASSUMPTION_MSI_IN_PRIMARY_DOMAIN, {2, 1, 2, 1, 2, false, 1});

    request.software = &blocked;
    EXPECT_EQ(explored(request).outcomes[VERDICT_NOT_APPLICABLE], explored(request).judged) << "nobody uses PASIDs";
    blocked.pasids = EXPLORE_PASIDS_SHARED;
    const explore_result result = explored(request);

    ASSERT_TRUE(result.violated);
    EXPECT_EQ(shape_text(result.smallest.shape), "3") << "an endpoint below a root port with ACS: else no PASIDs";
    blocked.use = EXPLORE_USE_KERNEL;
    EXPECT_FALSE(explored(request).violated);
    EXPECT_GT(explored(request).outcomes[VERDICT_HOLDS], 0u);
}

/* Functions of one device without ACS of their own are in one group: no switch is needed to split that. */
TEST(Explore, FindsFunctionsOfOneDevice)
{
    const explore_result result = explored(request_of(ASSUMPTION_DOORBELL_PER_GROUP, {2, 0, 2, 1, 2, false, 2}));

    ASSERT_TRUE(result.violated);
    EXPECT_TRUE(result.exhausted);
    EXPECT_EQ(result.smallest.shape.node_count, 1);
    EXPECT_EQ(result.smallest.shape.nodes[0].functions, 2);
    EXPECT_FALSE(result.smallest.shape.nodes[0].isolated);
    EXPECT_EQ(result.covered, result.total);
    /* With a switch that is not smaller, the device stays the first. */
    EXPECT_EQ(explored(request_of(ASSUMPTION_DOORBELL_PER_GROUP, {2, 1, 2, 1, 2, false, 2})).smallest.shape.node_count,
              1);
}

/* Frames in place of ITS: two in a group are two doorbells, and one that two groups share cannot tell them apart. */
TEST(Explore, JudgesFramesToo)
{
    explore_software frames = dma;
    explore_request request = request_of(ASSUMPTION_MSI_ISOLATED, {2, 0, 1, 1, 2, false, 1});

    request.software = &frames;
    EXPECT_FALSE(explored(request_of(ASSUMPTION_MSI_ISOLATED, {1, 0, 1, 1, 2, false, 1})).violated);
    frames.controller = EXPLORE_CONTROLLER_V2M;
    const explore_result result = explored(request);

    ASSERT_TRUE(result.violated);
    EXPECT_EQ(result.smallest.labels.itses, 1);
    request = request_of(ASSUMPTION_DOORBELL_PER_GROUP, {2, 1, 2, 1, 2, false, 1});
    request.software = &frames;
    EXPECT_EQ(shape_text(explored(request).smallest.shape), "2110");
}

TEST(Explore, KeepsItsLimitAndSaysWhatItCovered)
{
    const explore_request request = request_of(ASSUMPTION_DOORBELL_PER_GROUP, {6, 4, 2, 2, 2, false, 1}, 20000);
    const explore_result result = explored(request);
    const explore_result again = explored(request);
    bool sampled = false;

    EXPECT_FALSE(result.exhausted);
    EXPECT_LE(result.judged, request.limit);
    EXPECT_GT(result.judged, request.limit / 2);
    EXPECT_LT(result.covered, result.total);
    EXPECT_EQ(shape_text(result.smallest.shape), "2110");
    for (unsigned i = 0; i < result.class_count; i++) {
        const explore_class &one = result.classes[i];

        EXPECT_EQ(one.exhausted, one.covered == one.total);
        EXPECT_GT(one.judged, 0u);
        EXPECT_FALSE(sampled && one.exhausted) << "sizes are exhausted from the least on";
        sampled = sampled || !one.exhausted;
    }
    EXPECT_EQ(std::memcmp(&result, &again, sizeof(result)), 0) << "one seed, one sample";
}

/* Several ways to use the endpoints: each judges what it judges alone. */
TEST(Explore, JudgesEachSoftwareAsAlone)
{
    const explore_software all[] = {used("bind-msi-v6", EXPLORE_USE_VFIO_NESTED),
                                    used("bind-per-group", EXPLORE_USE_VFIO_NESTED), dma};
    explore_request request = request_of(ASSUMPTION_DOORBELL_MAPPED, {3, 1, 2, 1, 2, false, 1});
    uint64_t judged = 0;

    request.software = all;
    request.software_count = 3;
    const explore_result together = explored(request);

    for (unsigned i = 0; i < 3; i++) {
        request.software = &all[i];
        request.software_count = 1;
        const explore_result alone = explored(request);

        judged += alone.judged;
        EXPECT_EQ(std::memcmp(&alone.tallies[0], &together.tallies[i], sizeof(alone.tallies[0])), 0) << i;
        EXPECT_EQ(together.total, 3 * alone.total);
    }
    EXPECT_EQ(together.judged, judged);
    EXPECT_EQ(together.covered, together.total);
    EXPECT_TRUE(together.exhausted);
    ASSERT_TRUE(together.violated);
    EXPECT_EQ(together.smallest.software, 1u);
    EXPECT_EQ(shape_text(together.smallest.shape), "2110");
}

/* Whoever ends it gets what was judged until then, and not a word more. */
TEST(Explore, EndsWhenAsked)
{
    explore_request request = request_of(ASSUMPTION_DOORBELL_MAPPED, {4, 3, 2, 2, 2, false, 1});
    uint64_t reports = 0;

    request.context = &reports;
    request.progress = [](void *context, uint64_t judged) {
        EXPECT_GT(judged, 0u);
        return ++*static_cast<uint64_t *>(context) < 3;
    };
    const explore_result result = explored(request);

    EXPECT_EQ(reports, 3u);
    EXPECT_TRUE(result.interrupted);
    EXPECT_FALSE(result.exhausted);
    EXPECT_LT(result.covered, result.total);
    EXPECT_LT(result.judged, 20000u);
}

TEST(Explore, KeepsItsLimitWithSeveralSoftware)
{
    const explore_software all[] = {dma, used("linux-7.3", EXPLORE_USE_VFIO), used("linux-7.3", EXPLORE_USE_IOMMUFD)};
    explore_request request = request_of(ASSUMPTION_DOORBELL_PER_GROUP, {6, 4, 2, 2, 2, false, 1}, 2000);

    request.software = all;
    request.software_count = 3;
    const explore_result result = explored(request);

    EXPECT_LE(result.judged, request.limit);
    EXPECT_GT(result.judged, request.limit / 2);
    EXPECT_EQ(result.judged % 3, 0u);
}

/* Which assumptions can be violated at all by these systems, and that the counterexample shows it when it runs. */
class Counterexample : public testing::TestWithParam<const char *>
{
};

TEST_P(Counterexample, RunsAndShowsTheSame)
{
    const explore_request request = request_of(GetParam(), {3, 2, 2, 1, 3, false, 1});
    const explore_result result = explored(request);
    const explore_caption caption = {"Smallest", GetParam(), "violated"};
    char *text = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    ASSERT_TRUE(result.violated);
    ASSERT_TRUE(explore_write(stream, &request.software[0], &result.smallest.shape, &result.smallest.labels, &caption));
    fclose(stream);
    const std::string file(text, length);
    free(text);
    const auto scenario = system_test::load_text(file);
    system_test::Whole whole(scenario.get());

    whole.start();
    whole.run();
    const run_result &run = whole.finish();

    EXPECT_EQ(system_test::outcome_of(run.verdicts, GetParam()), "violated") << file;
    ASSERT_EQ(run.expectation_count, 1u);
    EXPECT_TRUE(run.expectations[0].met) << file;
}

INSTANTIATE_TEST_SUITE_P(Explore, Counterexample,
                         testing::Values(ASSUMPTION_DOORBELL_PER_GROUP, ASSUMPTION_DOORBELL_PER_DOMAIN,
                                         ASSUMPTION_MSI_ISOLATED),
                         [](const testing::TestParamInfo<const char *> &given) {
                             std::string name = given.param;

                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

TEST(Explore, RefusesBoundsThatAreNone)
{
    explore_request request = request_of(ASSUMPTION_DOORBELL_PER_GROUP, {2, 1, 2, 1, 2, false, 1});
    host_error error = {};

    request.bounds.its = 0;
    EXPECT_FALSE(explore_check_request(&request, &error));
    EXPECT_STREQ(error.text, "its: 0 is not between 1 and 4");
    request.bounds.its = 1;
    request.bounds.endpoints = 9;
    EXPECT_FALSE(explore_check_request(&request, &error));
    EXPECT_STREQ(error.text, "endpoints: 9 is not between 1 and 8");
}

} // namespace

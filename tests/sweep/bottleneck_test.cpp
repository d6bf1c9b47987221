/* `doorbell bottleneck`: every nanosecond accounted for, and what was made scarce is found. */
#include "scenario/run.h"
#include "sweep/bottleneck.h"
#include "tests/cli/process.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <jansson.h>
#include <string>
#include <vector>

namespace
{

const std::string reference = DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml";

/** What was found. */
class Found
{
  public:
    explicit Found(std::vector<const char *> sets)
    {
        diagnostics diagnostics = {};
        host_error error = {};

        sets.push_back("duration=300 us");
        EXPECT_EQ(bottleneck_find(reference.c_str(), sets.data(), sets.size(), nullptr, &result, &diagnostics, &error),
                  SCENARIO_RUN_DONE)
            << error.text;
        diagnostics_clear(&diagnostics);
    }
    ~Found()
    {
        bottleneck_clear(&result);
    }
    Found(const Found &) = delete;
    Found &operator=(const Found &) = delete;

    const bottleneck_trial *trial(const std::string &key) const
    {
        for (size_t i = 0; i < result.trial_count; i++) {
            if (result.trials[i].key == key) {
                return &result.trials[i];
            }
        }
        ADD_FAILURE() << key << " was not tried";
        return nullptr;
    }

    bottleneck result = {};
};

/** The run itself, with one more override. */
run_latency latency_of(std::vector<const char *> sets)
{
    diagnostics diagnostics = {};
    run_result run = {};
    host_error error = {};
    const scenario_run_options options = {};

    sets.push_back("duration=300 us");
    const scenario_options load = {sets.data(), sets.size()};
    scenario *scenario = scenario_load(reference.c_str(), &load, &diagnostics);
    EXPECT_EQ(scenario_run(scenario, &options, &run, &error), SCENARIO_RUN_DONE) << error.text;
    const run_latency latency = run.latency;
    run_result_clear(&run);
    scenario_free(scenario);
    diagnostics_clear(&diagnostics);
    return latency;
}

TEST(Bottleneck, EveryNanosecondIsTheWayOrAWait)
{
    const Found found({});
    const run_latency latency = latency_of({});
    double sum = found.result.way;
    double tail = found.result.tail_way;

    for (size_t i = 0; i < found.result.stage_count; i++) {
        const bottleneck_stage &stage = found.result.stages[i];

        EXPECT_GE(stage.wait, -1.0) << stage.name;
        EXPECT_GE(stage.tail_wait, -1.0) << stage.name;
        EXPECT_TRUE(i == 0 || found.result.stages[i - 1].wait >= stage.wait);
        sum += stage.wait;
        tail += stage.tail_wait;
    }
    EXPECT_EQ(found.result.msis, latency.count);
    EXPECT_EQ(found.result.dropped, 0u);
    EXPECT_EQ(found.result.p99, latency.p99);
    EXPECT_NEAR(sum, static_cast<double>(latency.mean), 2);
    EXPECT_NEAR(found.result.mean, static_cast<double>(latency.mean), 2);
    EXPECT_NEAR(tail, found.result.tail_mean, 2);
    EXPECT_GE(found.result.tail_mean, static_cast<double>(latency.p99));
    EXPECT_LE(found.result.tail_mean, static_cast<double>(latency.max));
    EXPECT_GE(found.result.tail, latency.count / 100);
}

/* What is made scarce stands first, and what it buys is what a run with twice as much really has. */
struct Scarce {
    std::vector<const char *> sets;
    const char *key;
    const char *doubled;
    const char *stage; /* at which one waits longest */
    const char *resource;
};

class BottleneckFinds : public testing::TestWithParam<Scarce>
{
};

TEST_P(BottleneckFinds, WhatIsScarce)
{
    const Scarce &scarce = GetParam();
    const Found found(scarce.sets);
    std::vector<const char *> sets = scarce.sets;
    const run_latency before = latency_of(sets);

    sets.push_back(scarce.doubled);
    const run_latency after = latency_of(sets);
    EXPECT_STREQ(found.result.trials[0].key, scarce.key);
    EXPECT_STREQ(found.result.trials[0].resource, scarce.resource);
    EXPECT_STREQ(found.result.stages[0].name, scarce.stage);
    const bottleneck_trial *trial = found.trial(scarce.key);
    ASSERT_NE(trial, nullptr);
    EXPECT_EQ(trial->mean_gain, static_cast<int64_t>(before.mean - after.mean));
    EXPECT_EQ(trial->p99_gain, static_cast<int64_t>(before.p99 - after.p99));
    EXPECT_GT(trial->mean_gain, 0);
}

/* With the memory, one waits far away from what is scarce: only trying tells. */
const std::vector<Scarce> scarce_ones = {
    {{"smmu.S.tlb.entries=8", "smmu.S.tlb.ways=4"}, "smmu.S.tlb.entries", "smmu.S.tlb.entries=16", "S", "cache"},
    {{"rp0.link.width=1"}, "rp0.link.width", "rp0.link.width=2", "epB", "port"},
    {{"platform.memory.bandwidth=1 GB/s"},
     "platform.memory.bandwidth",
     "platform.memory.bandwidth=2 GB/s",
     "epB",
     "port"},
    {{"rp0.link.credits.ph=1"}, "rp0.link.credits.ph", "rp0.link.credits.ph=2", "epB", "credit"},
    /* Every write is to another page, so each is a walk. */
    {{"traffic.epB.1.dma-write.buffer=16 MiB", "traffic.epB.1.dma-write.stride=4 KiB",
      "traffic.epB.1.dma-write.rate=1 GB/s", "smmu.S.walk-slots=1"},
     "smmu.S.walk-slots",
     "smmu.S.walk-slots=2",
     "epB",
     "walk"},
    {{"traffic.epB.1.dma-write.buffer=16 MiB", "traffic.epB.1.dma-write.stride=4 KiB",
      "traffic.epB.1.dma-write.rate=1 GB/s", "smmu.S.translation-slots=1"},
     "smmu.S.translation-slots",
     "smmu.S.translation-slots=2",
     "epB",
     "slot"},
};

INSTANTIATE_TEST_SUITE_P(Resources, BottleneckFinds, testing::ValuesIn(scarce_ones));

TEST(Bottleneck, OnlyWhatIsThereIsDoubled)
{
    const Found found({"smmu.S.walk-slots=256"});

    EXPECT_FALSE(found.trial("smmu.S.walk-slots")->possible) << "256 is the most";
    for (size_t i = 0; i < found.result.trial_count; i++) {
        const bottleneck_trial &trial = found.result.trials[i];

        EXPECT_STRNE(trial.from, "0") << trial.key;
        EXPECT_EQ(std::string(trial.key).rfind("sw0.link", 0), std::string::npos) << "that link is rp0's";
    }
}

TEST(Bottleneck, TheCommandSaysSoInTextAndJson)
{
    const std::vector<std::string> words = {"bottleneck", reference,           "--set",  "smmu.S.tlb.entries=8",
                                            "--set",      "smmu.S.tlb.ways=4", "--seed", "3"};
    std::vector<std::string> with_json = words;

    with_json.push_back("--json");
    const cli_test::Result text = cli_test::doorbell(words);
    const cli_test::Result json = cli_test::doorbell(with_json);
    json_t *document = json_loads(json.out.c_str(), 0, nullptr);
    const json_t *first = json_array_get(json_object_get(document, "doubled"), 0);

    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_NE(text.out.find("smmu.S.tlb.entries"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("walks, caches and slots of translation"), std::string::npos) << text.out;
    ASSERT_NE(document, nullptr) << json.out;
    EXPECT_STREQ(json_string_value(json_object_get(first, "key")), "smmu.S.tlb.entries");
    EXPECT_STREQ(json_string_value(json_object_get(first, "to")), "16");
    EXPECT_GT(json_integer_value(json_object_get(first, "mean-gain-fs")), 0);
    json_decref(document);
    EXPECT_EQ(cli_test::doorbell({"bottleneck", "nowhere.yaml"}).status, 4);
    EXPECT_EQ(cli_test::doorbell({"bottleneck", reference, "--set", "smmu.S.tlb.entires=1"}).status, 2);
}

} // namespace

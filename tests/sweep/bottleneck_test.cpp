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
    explicit Found(std::vector<const char *> sets, const std::string &path = reference)
    {
        diagnostics diagnostics = {};
        host_error error = {};

        sets.push_back("duration=300 us");
        EXPECT_EQ(bottleneck_find(path.c_str(), sets.data(), sets.size(), nullptr, &result, &diagnostics, &error),
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

    /** What was waited for most. */
    std::string scarcest() const
    {
        size_t most = 0;

        for (size_t i = 1; i < BOTTLENECK_RESOURCES; i++) {
            most = result.resources[i].mean > result.resources[most].mean ? i : most;
        }
        return bottleneck_resource_name(static_cast<bottleneck_resource>(most));
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

void add(bottleneck_times &to, const bottleneck_times &times)
{
    to.mean += times.mean;
    to.tail += times.tail;
    to.p99 += times.p99;
}

TEST(Bottleneck, EveryNanosecondIsTheWayOrAWait)
{
    const Found found({});
    const run_latency latency = latency_of({});
    bottleneck_times sum = found.result.way;
    bottleneck_times by_resource = found.result.way;

    for (size_t i = 0; i < found.result.stage_count; i++) {
        const bottleneck_stage &stage = found.result.stages[i];
        bottleneck_times parts = {};

        EXPECT_GE(stage.wait.mean, 0) << stage.name;
        EXPECT_TRUE(i == 0 || found.result.stages[i - 1].wait.mean >= stage.wait.mean);
        add(sum, stage.wait);
        for (const bottleneck_times &part : stage.resources) {
            EXPECT_GE(part.mean, 0) << stage.name;
            add(parts, part);
        }
        EXPECT_NEAR(parts.mean, stage.wait.mean, 1) << stage.name;
        EXPECT_NEAR(parts.tail, stage.wait.tail, 1) << stage.name;
        EXPECT_NEAR(parts.p99, stage.wait.p99, 1) << stage.name;
    }
    for (const bottleneck_times &part : found.result.resources) {
        add(by_resource, part);
    }
    EXPECT_EQ(found.result.msis, latency.count);
    EXPECT_EQ(found.result.dropped, 0u);
    EXPECT_EQ(found.result.p99, latency.p99);
    EXPECT_NEAR(found.result.latency.mean, static_cast<double>(latency.mean), 2);
    EXPECT_NEAR(sum.mean, found.result.latency.mean, 2);
    EXPECT_NEAR(sum.tail, found.result.latency.tail, 2);
    EXPECT_NEAR(sum.p99, found.result.latency.p99, 2);
    EXPECT_NEAR(by_resource.mean, found.result.latency.mean, 10);
    EXPECT_NEAR(by_resource.tail, found.result.latency.tail, 10);
    EXPECT_NEAR(by_resource.p99, found.result.latency.p99, 10);
    /* The percentile is known to 1/128 from below, and so are those that are at it. */
    EXPECT_GE(found.result.latency.p99, static_cast<double>(latency.p99));
    EXPECT_LE(found.result.latency.p99, static_cast<double>(latency.p99) * 129 / 128);
    EXPECT_GE(found.result.latency.tail, static_cast<double>(latency.p99));
    EXPECT_LE(found.result.latency.tail, static_cast<double>(latency.max));
    EXPECT_GE(found.result.tail, latency.count / 100);
    EXPECT_GE(found.result.at_p99, 1u);
}

/* What is made scarce stands first, and what it buys is what a run with twice as much really has. */
struct Scarce {
    std::vector<const char *> sets;
    const char *key;
    const char *doubled;
    const char *stage; /* at which one waits longest */
    const char *resource;
    const char *waited = nullptr; /* for, most of all; nullptr: for that resource */
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
    EXPECT_STREQ(bottleneck_resource_name(found.result.trials[0].resource), scarce.resource);
    EXPECT_STREQ(found.result.stages[0].name, scarce.stage);
    EXPECT_STREQ(found.scarcest().c_str(), scarce.waited == nullptr ? scarce.resource : scarce.waited)
        << "wherever one stands, that is what one waits for";
    const bottleneck_trial *trial = found.trial(scarce.key);
    ASSERT_NE(trial, nullptr);
    EXPECT_EQ(trial->mean_gain, static_cast<int64_t>(before.mean - after.mean));
    EXPECT_EQ(trial->p99_gain, static_cast<int64_t>(before.p99 - after.p99));
    EXPECT_GT(trial->mean_gain, 0);
}

/* With the memory, one waits for its own earlier writes to be in it: only trying tells what is scarce. */
const std::vector<Scarce> scarce_ones = {
    {{"smmu.S.tlb.entries=8", "smmu.S.tlb.ways=4"}, "smmu.S.tlb.entries", "smmu.S.tlb.entries=16", "S", "cache"},
    {{"rp0.link.width=1"}, "rp0.link.width", "rp0.link.width=2", "epB", "port"},
    {{"platform.memory.bandwidth=1 GB/s"},
     "platform.memory.bandwidth",
     "platform.memory.bandwidth=2 GB/s",
     "epB",
     "port",
     "order"},
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

/* The PE that handles interrupts works off a guest's commands, one CMD_SYNC after the other, and they wait. */
TEST(Bottleneck, ACommandQueueInLockStepIsFound)
{
    const std::string path = DOORBELL_SOURCE_DIR "/scenarios/examples/lock-step-commands.yaml";
    const Found found({}, path);
    const Found freed({"vms.vm0.queue=direct"}, path);

    EXPECT_EQ(found.scarcest(), "command queue");
    EXPECT_STREQ(found.result.trials[0].key, "vms.vm0.queue");
    EXPECT_STREQ(found.result.trials[0].to, "direct");
    EXPECT_EQ(found.result.trials[0].resource, BOTTLENECK_COMMAND_QUEUE);
    EXPECT_GT(static_cast<double>(found.result.trials[0].mean_gain), found.result.latency.mean / 2);
    EXPECT_GT(found.result.resources[BOTTLENECK_COMMAND_QUEUE].p99, found.result.latency.p99 / 4);
    EXPECT_GT(found.trial("software.hypervisor.smmu-command")->mean_gain, 0) << "the commands at half the price";
    EXPECT_EQ(freed.result.resources[BOTTLENECK_COMMAND_QUEUE].mean, 0) << "the hardware takes them from the guest";
}

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
    EXPECT_NE(text.out.find("reads of tables that were not cached"), std::string::npos) << text.out;
    ASSERT_NE(document, nullptr) << json.out;
    EXPECT_STREQ(json_string_value(json_object_get(first, "key")), "smmu.S.tlb.entries");
    EXPECT_STREQ(json_string_value(json_object_get(first, "to")), "16");
    EXPECT_GT(json_integer_value(json_object_get(first, "mean-gain-fs")), 0);

    /* The next step is that of the list, for the mean and for the percentile, and the percentile's waits add up. */
    const json_t *step = json_object_get(document, "next-step");
    const json_t *waited = json_object_get(document, "waited-for");
    json_int_t most = 0;
    json_int_t p99 = json_integer_value(json_object_get(document, "p99-way-fs"));
    std::string for_p99;

    EXPECT_STREQ(json_string_value(json_object_get(step, "mean")), "smmu.S.tlb.entries");
    EXPECT_NE(text.out.find("next step for the mean: smmu.S.tlb.entries from 8 to 16 takes "), std::string::npos)
        << text.out;
    for (size_t i = 0; i < json_array_size(json_object_get(document, "doubled")); i++) {
        const json_t *trial = json_array_get(json_object_get(document, "doubled"), i);

        if (json_integer_value(json_object_get(trial, "p99-gain-fs")) > most) {
            most = json_integer_value(json_object_get(trial, "p99-gain-fs"));
            for_p99 = json_string_value(json_object_get(trial, "key"));
        }
    }
    EXPECT_EQ(json_string_value(json_object_get(step, "p99")), for_p99);
    EXPECT_NE(text.out.find("next step for the 99th percentile: " + for_p99 + " from "), std::string::npos) << text.out;
    for (size_t i = 0; i < json_array_size(waited); i++) {
        p99 += json_integer_value(json_object_get(json_array_get(waited, i), "p99-fs"));
    }
    const auto p99_wanted = static_cast<double>(json_integer_value(json_object_get(document, "p99-fs")));

    EXPECT_NEAR(static_cast<double>(p99), p99_wanted, p99_wanted / 128);
    EXPECT_EQ(text.out.find("waited for most"), std::string::npos) << "there is a remedy";
    json_decref(document);
    /* Caches that are cold and large: what is waited for is the first read of each table. */
    const cli_test::Result cold =
        cli_test::doorbell({"bottleneck", DOORBELL_SOURCE_DIR "/scenarios/seeds/nested-per-group.yaml"});

    EXPECT_NE(cold.out.find("\nwaited for most: cache, "), std::string::npos) << cold.out;
    EXPECT_EQ(cli_test::doorbell({"bottleneck", "nowhere.yaml"}).status, 4);
    EXPECT_EQ(cli_test::doorbell({"bottleneck", reference, "--set", "smmu.S.tlb.entires=1"}).status, 2);
}

} // namespace

/*
 * What a check foretells is what a run does, on small systems at random: 10,000 by a fixed seed, in parts. More with
 * DOORBELL_RANDOM_SYSTEMS=N in the environment (N for each part), others with DOORBELL_RANDOM_SEED. A system on which
 * the two differ is printed as a scenario.
 */
#include "scenario/verdicts.h"
#include "tests/system/accounts.h"
#include "tests/system/random_system.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace
{

using system_test::expect_all_accounted_for;
using system_test::expect_same_steps;
using system_test::from_environment;
using system_test::is_luck;
using system_test::RandomSystem;
using system_test::Whole;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr unsigned systems = 50;
#else
constexpr unsigned systems = 1000;
#endif
constexpr unsigned parts = 10;

struct Counts {
    unsigned run = 0;
    unsigned impossible = 0;
    std::map<std::string, unsigned> outcomes; /* of runs: "name outcome" */
    std::map<std::string, unsigned> features; /* systems that ran and had it */
};

void count_features(const RandomSystem::Features &features, Counts &counts)
{
    counts.features["machines"] += features.machines;
    counts.features["peers"] += features.peers;
    counts.features["virtual functions"] += features.virtual_functions;
    counts.features["virtual channels"] += features.channels;
    counts.features["relaxed ordering"] += features.relaxed;
    counts.features["translation caches"] += features.caches;
    counts.features["defects of order"] += features.defect;
}

void expect_same_verdicts(const verdict_list &run, const verdict_list &check, const RandomSystem::Features &features,
                          Counts &counts)
{
    ASSERT_EQ(run.count, check.count);
    for (size_t i = 0; i < run.count; i++) {
        counts.outcomes[std::string(run.items[i].name) + " " + verdict_outcome_name(run.items[i].outcome)]++;
        if (is_luck(run.items[i], check.items[i], features)) {
            continue;
        }
        EXPECT_STREQ(verdict_outcome_name(run.items[i].outcome), verdict_outcome_name(check.items[i].outcome))
            << run.items[i].name << "\n  run: " << run.items[i].summary << "\n  check: " << check.items[i].summary;
    }
}

/** Why a system cannot be brought up; "": it can. */
std::string refusal(const struct scenario *scenario)
{
    try {
        Whole whole(scenario);
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

void compare(const struct scenario *scenario, const RandomSystem::Features &features, Counts &counts)
{
    verdict_list verdicts = {};
    step_list steps = {};
    host_error error = {};

    if (!scenario_foretell(scenario, &verdicts, &steps, &error)) {
        /* A check says that software cannot bring it up, and why: so says a run. */
        EXPECT_EQ(refusal(scenario), error.text);
        counts.impossible++;
    } else {
        Whole whole(scenario);

        whole.start();
        whole.run();
        const run_result &result = whole.finish();
        expect_same_steps(result.steps, steps);
        expect_same_verdicts(result.verdicts, verdicts, features, counts);
        expect_all_accounted_for(result);
        count_features(features, counts);
        counts.run++;
    }
    verdict_list_clear(&verdicts);
    step_list_clear(&steps);
}

class RandomSystems : public testing::TestWithParam<unsigned>
{
};

TEST_P(RandomSystems, AreJudgedAlikeByCheckAndRun)
{
    const uint64_t count = from_environment("DOORBELL_RANDOM_SYSTEMS", systems);
    const uint64_t seed = from_environment("DOORBELL_RANDOM_SEED", 1) + GetParam() * count;
    Counts counts;

    for (uint64_t i = 0; i < count; i++) {
        const RandomSystem system(seed + i, {});
        SCOPED_TRACE(system.text());

        try {
            compare(system_test::load_text(system.text()).get(), system.features(), counts);
        } catch (const std::exception &error) {
            ADD_FAILURE() << error.what();
        }
        if (HasFailure()) {
            return;
        }
    }
    /* The systems are about something: most come up, and of most assumptions both outcomes occur. */
    EXPECT_GT(counts.run, count * 8 / 10) << counts.impossible;
    if (count < 500) {
        return; /* too few for all of that to occur by chance, as under a sanitizer */
    }
    for (const char *name :
         {"doorbell-per-group", "doorbell-per-domain", "group-covers-reach", "doorbell-mapped", "msi-isolated"}) {
        EXPECT_GT(counts.outcomes[std::string(name) + " holds"], count / 50) << name;
        EXPECT_GT(counts.outcomes[std::string(name) + " violated"], count / 100) << name;
    }
    EXPECT_GT(counts.outcomes["data-before-interrupt holds"], count / 10);
    EXPECT_GT(counts.outcomes["data-before-interrupt violated"], 0u);
    EXPECT_GT(counts.outcomes["guest-owned-msi holds"], count / 100);
    EXPECT_GT(counts.outcomes["one-viommu-per-smmu holds"], count / 100);
    for (const auto &[name, having] : counts.features) {
        EXPECT_GT(having, count / 20) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Parts, RandomSystems, testing::Range(0u, parts));

} // namespace

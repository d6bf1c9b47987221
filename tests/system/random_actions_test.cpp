/*
 * Actions at random on random systems, while traffic runs: attach and detach, doorbells bound and unbound, interrupts
 * moved, devices removed, added and reset, mappings made, taken away and loaded. On every engine, and shuffled: the
 * same outcome at the same time, every message accounted for, every user of a domain counted once, and no walk through
 * tables that nobody is attached to any more. More with DOORBELL_RANDOM_TIMELINES=N, others with DOORBELL_RANDOM_SEED.
 */
#include "host/assumptions.h"
#include "scenario/verdicts.h"
#include "sim/systemc/systemc_engine.h"
#include "tests/cli/process.h"
#include "tests/system/accounts.h"
#include "tests/system/freed_tables.h"
#include "tests/system/random_system.h"
#include "tests/system/users.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <unistd.h>

namespace
{

using system_test::expect_all_accounted_for;
using system_test::expect_users;
using system_test::FreedTables;
using system_test::from_environment;
using system_test::is_luck;
using system_test::RandomSystem;
using system_test::Whole;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr unsigned timelines = 10;
#else
constexpr unsigned timelines = 40;
#endif
constexpr unsigned parts = 4;

/** What software believes to be mapped is, and leads there; an address that it took away leads nowhere. */
void expect_mappings(const struct software *software)
{
    for (size_t i = 0; i < software->domain_count; i++) {
        const struct domain &domain = software->domains[i];
        uint64_t physical = 0;

        for (size_t j = 0; domain_translates(&domain) && j < domain.doorbell_count; j++) {
            ASSERT_TRUE(io_page_table_lookup(&domain.table, domain.doorbells[j].iova, &physical)) << "domain " << i;
            EXPECT_EQ(physical, domain.doorbells[j].physical) << "domain " << i;
        }
        for (uint64_t page = 0; domain_translates(&domain) && page < 8; page++) {
            const uint64_t iova = UINT64_C(0x200000000) + 4096 * page;
            uint64_t known = 0;

            if (domain.parent == nullptr && !domain_resolve(&domain, iova, &known)) {
                EXPECT_FALSE(io_page_table_lookup(&domain.table, iova, &physical)) << "dangling, in domain " << i;
            }
        }
    }
}

/** What came out, in words: steps with their times, and devices. */
std::string words(const run_result &result)
{
    std::ostringstream text;

    for (size_t i = 0; i < result.steps.count; i++) {
        const run_step &step = result.steps.items[i];

        text << step.name << ' ' << step.outcome << ' ' << step.begin << ' ' << step.end << '\n';
    }
    for (size_t i = 0; i < result.device_count; i++) {
        const run_device &device = result.devices[i];

        text << device.name << ' ' << device.born << ' ' << device.delivered << ' ' << device.merged << ' '
             << device.lost << ' ' << device.latency.mean << ' ' << device.writes_visible << '\n';
    }
    for (size_t i = 0; i < result.verdicts.count; i++) {
        text << result.verdicts.items[i].name << ' ' << verdict_outcome_name(result.verdicts.items[i].outcome) << '\n';
    }
    return text.str();
}

struct Sums {
    uint64_t walks = 0;
    std::map<std::string, unsigned> outcomes;
};

/** Whether software switched off a device's interrupts, or moved it, while traffic ran. */
bool was_switched_off(const run_result &result, const std::string &device)
{
    for (size_t i = 0; i < result.steps.count; i++) {
        const run_step &step = result.steps.items[i];

        for (const char *action : {"disable-interrupts ", "remove ", "surprise-remove ", "detach ", "attach "}) {
            if (std::strcmp(step.outcome, "ok") == 0 && std::strncmp(step.name, "timeline.", 9) == 0 &&
                (std::string(step.what) + ":")
                        .compare(0, std::strlen(action) + device.size() + 1, action + device + ":") == 0) {
                return true;
            }
        }
    }
    return false;
}

/**
 * Messages that are on their way through the SMMU when their device's are switched off lose their mapping there: a
 * walk through two stages takes microseconds. No check can foretell that, as it is a matter of when they come.
 */
bool is_late(const verdict &seen, const run_result &result)
{
    bool faulted = false;

    if (std::strcmp(seen.name, ASSUMPTION_DOORBELL_MAPPED) != 0 || seen.outcome != VERDICT_VIOLATED) {
        return false;
    }
    for (size_t i = 0; i < result.device_count; i++) {
        if (result.devices[i].dropped[SIM_DROP_SMMU_FAULT].count == 0) {
            continue;
        }
        if (!was_switched_off(result, result.devices[i].name)) {
            return false;
        }
        faulted = true;
    }
    return faulted;
}

void expect_foretold(const struct scenario *scenario, const RandomSystem::Features &features, const run_result &result)
{
    verdict_list verdicts = {};
    step_list steps = {};
    host_error error = {};

    EXPECT_TRUE(scenario_foretell(scenario, &verdicts, &steps, &error)) << error.text;
    EXPECT_EQ(result.steps.count, steps.count);
    for (size_t i = 0; i < steps.count && i < result.steps.count; i++) {
        EXPECT_STREQ(result.steps.items[i].outcome, steps.items[i].outcome)
            << steps.items[i].name << ": " << steps.items[i].what
            << "\n  run: " << (result.steps.items[i].reason != nullptr ? result.steps.items[i].reason : "")
            << "\n  check: " << (steps.items[i].reason != nullptr ? steps.items[i].reason : "");
    }
    for (size_t i = 0; i < verdicts.count; i++) {
        const struct verdict &seen = result.verdicts.items[i];

        /* Data before interrupts is about handlers that ran: after the actions of a timeline there may be none. */
        if (!is_late(seen, result) && !is_luck(seen, verdicts.items[i], features) &&
            (seen.outcome != VERDICT_NOT_APPLICABLE || std::strcmp(seen.name, ASSUMPTION_DATA_BEFORE_INTERRUPT) != 0)) {
            EXPECT_STREQ(verdict_outcome_name(seen.outcome), verdict_outcome_name(verdicts.items[i].outcome))
                << seen.name;
        }
    }
    verdict_list_clear(&verdicts);
    step_list_clear(&steps);
}

/** One run. @return what came out, in words */
std::string run(const struct scenario *scenario, const RandomSystem::Features &features, system_options options,
                Sums &sums)
{
    Whole whole(scenario, options);
    const FreedTables checker(whole.system());

    whole.start();
    whole.run();
    EXPECT_EQ(checker.uses_of_freed(), 0u) << checker.first();
    sums.walks += checker.walks();
    expect_users(whole.software());
    expect_mappings(whole.software());
    const run_result &result = whole.finish();
    expect_all_accounted_for(result);
    if (options.engine == SIM_ENGINE_NATIVE && !options.shuffle) {
        expect_foretold(scenario, features, result);
        for (size_t i = 0; i < result.steps.count; i++) {
            sums.outcomes[result.steps.items[i].outcome]++;
        }
    }
    return words(result);
}

/** On all engines, and in another order. */
void run_everywhere(const struct scenario *scenario, const RandomSystem::Features &features, Sums &sums)
{
    system_options options = {};
    const std::string native = run(scenario, features, options, sums);

    options.shuffle = true;
    options.shuffle_seed = 3;
    EXPECT_EQ(run(scenario, features, options, sums), native) << "shuffled";
    options.shuffle = false;
    options.engine = SIM_ENGINE_EVERY_CYCLE;
    EXPECT_EQ(run(scenario, features, options, sums), native) << "every-cycle";
}

/** Under a SystemC kernel, of which a process can have one: the command's documents are the same. */
void run_under_systemc(const std::string &text, unsigned part)
{
    const std::string path =
        testing::TempDir() + "random-actions-" + std::to_string(part) + "-" + std::to_string(getpid()) + ".yaml";

    if (sim_systemc_engine() == nullptr) {
        return;
    }
    std::ofstream(path) << text;
    const cli_test::Result native = cli_test::doorbell({"run", "--json", path});
    const cli_test::Result systemc = cli_test::doorbell({"run", "--json", "--engine", "systemc", path});

    EXPECT_EQ(native.status, 0) << native.err;
    EXPECT_GT(native.out.size(), 1000u);
    EXPECT_EQ(systemc.status, native.status) << systemc.err;
    EXPECT_TRUE(systemc.out == native.out) << "the documents differ";
    std::remove(path.c_str());
}

bool comes_up(const struct scenario *scenario)
{
    verdict_list verdicts = {};
    host_error error = {};
    const bool up = scenario_foretell(scenario, &verdicts, nullptr, &error);

    verdict_list_clear(&verdicts);
    return up;
}

class RandomActions : public testing::TestWithParam<unsigned>
{
};

TEST_P(RandomActions, LeaveEverythingInOrderOnEveryEngine)
{
    const uint64_t count = from_environment("DOORBELL_RANDOM_TIMELINES", timelines);
    const uint64_t seed = from_environment("DOORBELL_RANDOM_SEED", 100000) + GetParam() * count;
    Sums sums;

    for (uint64_t i = 0; i < count && !HasFailure(); i++) {
        system_test::RandomOptions options;
        options.timeline = true;
        options.resets = i % 3 == 2;
        const RandomSystem system(seed + i, options);
        SCOPED_TRACE(system.text());

        try {
            const auto scenario = system_test::load_text(system.text());

            if (comes_up(scenario.get())) {
                run_everywhere(scenario.get(), system.features(), sums);
                if (i % 5 == 0) {
                    run_under_systemc(system.text(), GetParam());
                }
            }
        } catch (const std::exception &error) {
            ADD_FAILURE() << error.what();
        }
    }
    EXPECT_GT(sums.walks, 10 * count) << "walks that the checker saw";
    EXPECT_GT(sums.outcomes["ok"], count);
    EXPECT_GT(sums.outcomes.size(), 4u) << "kinds of refusal";
}

INSTANTIATE_TEST_SUITE_P(Parts, RandomActions, testing::Range(0u, parts));

/* The checker sees what it is for: tables that software believes to be nobody's, and that the SMMU still walks. */
TEST(FreedTablesChecker, SeesAWalkThroughTablesOfADomainWithoutUsers)
{
    const auto scenario = system_test::load("scenarios/seeds/two-its-split.yaml", {"duration=20us", "warmup=0us"});
    Whole whole(scenario.get());
    const FreedTables checker(whole.system());
    struct software *software = whole.software();
    std::vector<uint32_t> attached;

    for (size_t i = 0; i < software->domain_count; i++) {
        attached.push_back(software->domains[i].attached);
        software->domains[i].attached = 0;
    }
    whole.start();
    whole.run();
    EXPECT_GT(checker.walks(), 0u);
    EXPECT_EQ(checker.uses_of_freed(), checker.walks());
    for (size_t i = 0; i < software->domain_count; i++) {
        software->domains[i].attached = attached[i];
    }
}

} // namespace

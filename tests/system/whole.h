/* A whole system as `doorbell run` makes it, in steps, so that a test can look and interfere between them. */
#ifndef DOORBELL_TESTS_SYSTEM_WHOLE_H
#define DOORBELL_TESTS_SYSTEM_WHOLE_H

#include "host/software.h"
#include "result/collector.h"
#include "result/run.h"
#include "scenario/scenario.h"
#include "scenario/system.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace system_test
{

/** A path below the source tree. */
std::string source_path(const std::string &path);

/** Every scenario in a folder below the source tree, as paths below the source tree, sorted. */
std::vector<std::string> scenarios_in(const std::string &folder);

/** All shipped scenarios, and those of tests/data/scenarios. */
std::vector<std::string> all_scenarios();

/** A path as part of a test's name. */
std::string test_name(const std::string &path);

/** The name of one case of a test that has paths as parameters. */
inline std::string name_of_case(const testing::TestParamInfo<std::string> &given)
{
    return test_name(given.param);
}

struct ScenarioFree {
    void operator()(struct scenario *scenario) const
    {
        scenario_free(scenario);
    }
};
using Scenario = std::unique_ptr<struct scenario, ScenarioFree>;

/** Loads a scenario; throws std::runtime_error with the diagnostics if it is not sound. */
Scenario load(const std::string &path, const std::vector<std::string> &sets = {});
Scenario load_text(const std::string &text, const std::vector<std::string> &sets = {});

/** A system that the software has brought up and that is observed. */
class Whole
{
  public:
    explicit Whole(const struct scenario *scenario, struct system_options options = {});
    ~Whole();
    Whole(const Whole &) = delete;
    Whole &operator=(const Whole &) = delete;

    /** Starts the traffic. */
    void start();
    /** Runs the traffic to its end, and until nothing is due. */
    void run();
    /** Fills the result in, verdicts and expectations included. Once. */
    const run_result &finish();

    struct sim *sim()
    {
        return system_sim(system_);
    }
    struct system *system()
    {
        return system_;
    }
    struct software *software()
    {
        return system_software(system_);
    }
    struct collector *collector()
    {
        return collector_;
    }
    const run_result &result() const
    {
        return result_;
    }

  private:
    void observe();
    void describe();

    const struct scenario *scenario_;
    struct system *system_ = nullptr;
    struct collector *collector_ = nullptr;
    sim_time start_ = 0;
    verdict_list moments_ = {};
    run_result result_ = {};
};

/** Device by name; throws if there is none. */
const run_device &device_of(const run_result &result, const std::string &name);

/** Outcome of a verdict, as the word that reports use. */
std::string outcome_of(const verdict_list &verdicts, const std::string &name);

/** A counter of a component; throws if there is none. */
uint64_t counter_of(const run_result &result, const std::string &component, const std::string &name);

} // namespace system_test

#endif

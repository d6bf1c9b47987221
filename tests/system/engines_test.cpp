/* One scenario and seed, one document: whatever engine runs it, in whatever order within an instant. */
#include "tests/cli/process.h"
#include "tests/system/whole.h"

#include "sim/systemc/systemc_engine.h"

#include <gtest/gtest.h>

namespace
{

using cli_test::doorbell;
using cli_test::Process;
using cli_test::Result;
using system_test::all_scenarios;
using system_test::name_of_case;
using system_test::scenarios_in;
using system_test::source_path;

class Engines : public testing::TestWithParam<std::string>
{
  protected:
    static std::vector<std::string> command(const std::vector<std::string> &more)
    {
        std::vector<std::string> words = {"run", source_path(GetParam()), "--json"};

        words.insert(words.end(), more.begin(), more.end());
        return words;
    }

    /* AddressSanitizer says of every process that switches stacks, with its number, that it does not like it. */
    static std::string said(const std::string &err)
    {
        const bool is_sanitizers = err.compare(0, 2, "==") == 0 && err.find("makecontext/swapcontext") < err.find('\n');

        return is_sanitizers ? err.substr(err.find('\n') + 1) : err;
    }

    /* Compares without printing two documents of a hundred kilobytes. */
    static void expect_same(const Result &one, const Result &other)
    {
        EXPECT_EQ(other.status, one.status) << other.err;
        EXPECT_EQ(said(other.err), said(one.err));
        if (other.out != one.out) {
            size_t at = 0;

            while (at < one.out.size() && at < other.out.size() && one.out[at] == other.out[at]) {
                at++;
            }
            const size_t from = at > 100 ? at - 100 : 0;
            ADD_FAILURE() << "the documents differ at byte " << at << "\n  " << one.out.substr(from, 160) << "\n  "
                          << other.out.substr(from, 160);
        }
    }
};

TEST_P(Engines, GiveTheSameBytes)
{
    const Result native = doorbell(command({}));
    Process every_cycle(command({"--engine", "every-cycle"}));
    Process shuffled(command({"--engine", "every-cycle", "--shuffle", "4"}));

    EXPECT_EQ(native.status, 0) << native.err;
    EXPECT_GT(native.out.size(), 1000u);
    if (sim_systemc_engine() != nullptr) {
        Process systemc(command({"--engine", "systemc"}));

        expect_same(native, systemc.wait());
    }
    expect_same(native, every_cycle.wait());
    expect_same(native, shuffled.wait());
}

/* With what queues held over time, which is measured whenever a component was evaluated. The engine that evaluates all
 * of them at every cycle takes ten times as long over that: EveryCycleMeasuresTheSameOccupancy has it for some. */
TEST_P(Engines, OrderWithinAnInstantDoesNotMatter)
{
    const Result native = doorbell(command({"--occupancy"}));

    EXPECT_NE(native.out.find("\"occupancy\""), std::string::npos);
    for (const char *seed : {"1", "2", "3"}) {
        expect_same(native, doorbell(command({"--occupancy", "--shuffle", seed})));
    }
    if (sim_systemc_engine() != nullptr) {
        expect_same(native, doorbell(command({"--occupancy", "--engine", "systemc", "--shuffle", "5"})));
    }
}

/* All, but under a sanitizer not the many small ones of the matrix: one engine after the other runs the same models. */
std::vector<std::string> scenarios()
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    std::vector<std::string> some = scenarios_in("scenarios/seeds");
    const std::vector<std::string> examples = scenarios_in("scenarios/examples");

    some.insert(some.end(), examples.begin(), examples.end());
    return some;
#else
    return all_scenarios();
#endif
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Engines, testing::ValuesIn(scenarios()), name_of_case);

class EnginesOccupancy : public Engines
{
};

TEST_P(EnginesOccupancy, EveryCycleMeasuresTheSameOccupancy)
{
    const Result native = doorbell(command({"--occupancy"}));

    EXPECT_NE(native.out.find("\"occupancy\""), std::string::npos);
    expect_same(native, doorbell(command({"--occupancy", "--engine", "every-cycle", "--shuffle", "6"})));
}

/* Between them they have a part of every kind: SMMU, several ITS, virtual machines, ATS and page requests, GICv2m. */
INSTANTIATE_TEST_SUITE_P(Scenarios, EnginesOccupancy,
                         testing::Values("scenarios/seeds/two-its-split.yaml", "scenarios/seeds/guest-direct.yaml",
                                         "scenarios/examples/pri.yaml", "scenarios/examples/two-gicv2m-frames.yaml"),
                         name_of_case);

TEST(Engines, AnotherSeedGivesOtherBytes)
{
    const std::string split = source_path("scenarios/seeds/two-its-split.yaml");
    const Result one = doorbell({"run", split, "--json", "--set", "duration=100 us", "--seed", "1"});
    const Result other = doorbell({"run", split, "--json", "--set", "duration=100 us", "--seed", "2"});

    EXPECT_EQ(one.status, 0) << one.err;
    EXPECT_NE(one.out, other.out);
}

} // namespace

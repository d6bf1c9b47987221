/*
 * What a check foretells is what a run does: verdicts and outcomes of every step, on every seed, on every example and
 * on the whole matrix of who survives two doorbells in one group. And each of these scenarios meets its expectations,
 * in both.
 */
#include "tests/system/accounts.h"
#include "tests/system/whole.h"

#include "scenario/verdicts.h"

#include <gtest/gtest.h>

#include <cstring>

namespace
{

using system_test::expect_same_steps;
using system_test::load;
using system_test::name_of_case;
using system_test::scenarios_in;
using system_test::Whole;

struct Foretold {
    explicit Foretold(const struct scenario *scenario)
    {
        struct host_error error = {};

        EXPECT_TRUE(scenario_foretell(scenario, &verdicts, &steps, &error)) << error.text;
    }
    ~Foretold()
    {
        verdict_list_clear(&verdicts);
        step_list_clear(&steps);
    }
    Foretold(const Foretold &) = delete;
    Foretold &operator=(const Foretold &) = delete;

    verdict_list verdicts = {};
    step_list steps = {};
};

class Agreement : public testing::TestWithParam<std::string>
{
};

TEST_P(Agreement, OfCheckAndRun)
{
    const auto scenario = load(GetParam());
    const Foretold foretold(scenario.get());
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    const run_result &result = whole.finish();

    ASSERT_EQ(result.verdicts.count, foretold.verdicts.count);
    for (size_t i = 0; i < result.verdicts.count; i++) {
        EXPECT_STREQ(verdict_outcome_name(result.verdicts.items[i].outcome),
                     verdict_outcome_name(foretold.verdicts.items[i].outcome))
            << result.verdicts.items[i].name << "\n  run: " << result.verdicts.items[i].summary
            << "\n  check: " << foretold.verdicts.items[i].summary;
    }
    expect_same_steps(result.steps, foretold.steps);
    EXPECT_GE(result.expectation_count, 1u);
    for (size_t i = 0; i < result.expectation_count; i++) {
        EXPECT_TRUE(result.expectations[i].met) << result.expectations[i].key << ": " << result.expectations[i].got;
    }
}

std::vector<std::string> judged()
{
    std::vector<std::string> all = scenarios_in("scenarios/matrix");

    for (const char *more : {"scenarios/seeds", "scenarios/examples", "tests/data/scenarios"}) {
        const std::vector<std::string> found = scenarios_in(more);

        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Agreement, testing::ValuesIn(judged()), name_of_case);

/** What a check and a run say of data before interrupts on a scenario that is changed like that. */
void expect_order(const std::string &path, const std::string &changes, const std::string &expected)
{
    const std::string text = "base: " + system_test::source_path(path) + "\nexpect: null\n" + changes;
    const auto scenario = system_test::load_text(text);
    const Foretold foretold(scenario.get());
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    EXPECT_EQ(system_test::outcome_of(foretold.verdicts, "data-before-interrupt"), expected) << text;
    EXPECT_EQ(system_test::outcome_of(whole.finish().verdicts, "data-before-interrupt"), expected) << text;
}

/* A doorbell in an auxiliary domain has its users there; without the domain it is where it should have been. */
TEST(AuxiliaryDoorbells, ComeAndGoWithTheirDomain)
{
    const auto scenario = system_test::load_text(
        "base: " + system_test::source_path("scenarios/seeds/auxiliary-doorbells.yaml") +
        "\nexpect: { epB.msi.lost: 25..35, msi.lost: null, timeline.a: ok, timeline.b: ok, timeline.c: ok, "
        "timeline.d: ok, timeline.e: ok }\n"
        "timeline:\n"
        "  - { at: 5 us, name: a, action: disable-interrupts, device: epB }\n"
        "  - { at: 8 us, name: b, action: enable-interrupts, device: epB }\n"
        "  - { at: 18 us, name: c, action: detach-pasid, device: epB, pasid: 5 }\n"
        "  - { at: 22 us, name: d, action: disable-interrupts, device: epB }\n"
        "  - { at: 25 us, name: e, action: enable-interrupts, device: epB }\n");
    const Foretold foretold(scenario.get());
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    const run_result &result = whole.finish();

    expect_same_steps(result.steps, foretold.steps);
    for (size_t i = 0; i < result.expectation_count; i++) {
        EXPECT_TRUE(result.expectations[i].met) << result.expectations[i].key << ": " << result.expectations[i].got;
    }
}

/* An MSI with RO overtakes data only where something makes use of that. */
TEST(DataBeforeInterrupt, IsLostToRelaxedOrderingThatIsUsed)
{
    expect_order("scenarios/examples/relaxed-interrupts.yaml", "", "violated");
    expect_order("scenarios/examples/relaxed-interrupts.yaml", "platform: { interconnect: { relaxed-ordering: no } }\n",
                 "holds");
    expect_order("scenarios/examples/relaxed-interrupts.yaml",
                 "traffic:\n  ep:\n    - dma-write: { size: 1 KiB, period: 20 us, relaxed-ordering: yes }\n"
                 "    - msi: { period: 20 us }\n",
                 "holds");
    expect_order("scenarios/examples/relaxed-interrupts.yaml",
                 "traffic:\n  ep:\n    - msi: { period: 20 us, relaxed-ordering: yes }\n", "not-applicable");
}

/* And one of another traffic class only where some link has a channel for that. */
TEST(DataBeforeInterrupt, IsLostToAnotherChannelThatIsThere)
{
    const std::string one = "software: { traffic-classes: [0, 5] }\n";
    const std::string both = "traffic:\n  nic:\n"
                             "    - dma-write: { size: 256 B, arrivals: burst, burst: 64, period: 40 us, "
                             "traffic-class: 1 }\n"
                             "    - msi: { arrivals: poisson, rate: 400 kHz, traffic-class: 1 }\n";

    expect_order("scenarios/examples/virtual-channels.yaml", "", "violated");
    expect_order("scenarios/examples/virtual-channels.yaml", one, "holds");
    expect_order("scenarios/examples/virtual-channels.yaml", both, "holds");
}

/* What goes to a peer is no data that a handler looks for in memory, however late it is. */
TEST(DataBeforeInterrupt, IsNotAboutWhatGoesToPeers)
{
    const std::string cascade = "tests/data/scenarios/cascade.yaml";
    const std::string others = "  ep1: null\n  ep2: null\n  ep3: null\n";
    const std::string messages = "    - msi: { rate: 1 MHz, arrivals: poisson }\n"
                                 "    - dma-write: { to: ep3, size: 64 B, rate: 50 MB/s, buffer: 4 KiB }\n";

    expect_order(cascade, "", "holds");
    expect_order(cascade, "traffic:\n  ep0:\n" + messages + others, "not-applicable");
    expect_order(cascade, "traffic:\n  ep0:\n" + messages + "    - dma-write: { size: 64 B, rate: 50 MB/s }\n" + others,
                 "holds");
    expect_order("scenarios/examples/relaxed-interrupts.yaml",
                 "pcie: { rc0: { root-ports: { rp1: { below: { other: { endpoint: { bars: [64 KiB, 64 KiB] } } } } }, "
                 "peer-to-peer: yes } }\n"
                 "traffic:\n  ep:\n    - dma-write: { to: other, size: 1 KiB, period: 20 us, buffer: 4 KiB }\n"
                 "    - msi: { period: 20 us, relaxed-ordering: yes }\n",
                 "not-applicable");
}

} // namespace

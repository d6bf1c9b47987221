/* The example platform finds what the doorbell command finds for the scenario of the same system: every latency. */
#include "tests/cli/process.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace
{

/* By device and vector. */
using Latencies = std::map<std::pair<std::string, uint32_t>, std::vector<uint64_t>>;

/* The scenario's MSIs by device, in the order of their births, each with its latency in femtoseconds. */
class Listener
{
  public:
    explicit Listener(struct system *system) : system_(system)
    {
        sim_observer observer = {};

        observer.context = this;
        observer.event = [](void *context, sim_event_kind kind, const sim_packet *packet, const sim_component *,
                            sim_time time, uint32_t) {
            if (kind == SIM_EVENT_MSI_DELIVERED) {
                static_cast<Listener *>(context)->delivered(packet, time);
            }
        };
        sim_observe(system_sim(system), &observer);
    }

    Latencies latencies() const
    {
        Latencies result;

        for (const auto &device : by_birth_) {
            for (const auto &each : device.second) {
                result[device.first].push_back(each.second);
            }
        }
        return result;
    }

  private:
    void delivered(const sim_packet *packet, sim_time time)
    {
        const std::string name = system_stream(system_, packet->source - 1)->device->name;

        by_birth_[{name, packet->vector}][packet->born] = time - packet->born;
    }

    struct system *system_;
    std::map<std::pair<std::string, uint32_t>, std::map<sim_time, uint64_t>> by_birth_;
};

Latencies of_the_scenario(const system_test::Scenario &scenario)
{
    system_options options = {};
    host_error error = {};
    struct system *system = system_create(scenario.get(), &options, &error);

    EXPECT_TRUE(system != nullptr && system_bring_up(system, &error)) << error.text;
    Listener listener(system);
    const sim_time start = system_start_traffic(system, scenario->duration);
    EXPECT_EQ(sim_run(system_sim(system), start + scenario->duration + SIM_MS), SIM_RUN_DRAINED);
    const Latencies found = listener.latencies();
    system_destroy(system);
    return found;
}

Latencies of_the_platform(const std::string &output)
{
    std::istringstream lines(output);
    std::string line;
    Latencies found;

    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string first;
        std::string name;
        uint32_t vector = 0;
        uint64_t latency = 0;

        if (words >> first && first == "msi" && words >> name >> vector >> latency) {
            found[{name, vector}].push_back(latency);
        }
    }
    return found;
}

TEST(ExamplePlatform, FindsTheLatenciesAndTheVerdictOfItsScenario)
{
    const system_test::Scenario scenario = system_test::load("examples/platform/platform.yaml", {});
    const cli_test::Result platform = cli_test::doorbell({"--each"});
    const Latencies expected = of_the_scenario(scenario);
    system_test::Whole whole(scenario.get(), {});

    whole.start();
    whole.run();
    EXPECT_EQ(platform.status, 0) << platform.out;
    EXPECT_EQ(expected.size(), 3u);
    EXPECT_EQ(expected.at({"epA", 0}).size(), 17u);
    EXPECT_EQ(of_the_platform(platform.out), expected);
    const std::string verdict = system_test::outcome_of(whole.finish().verdicts, "doorbell-per-group");
    EXPECT_EQ(verdict, "violated");
    EXPECT_NE(platform.out.find("doorbell-per-group: " + verdict + "\n"), std::string::npos) << platform.out;
    EXPECT_NE(platform.out.find("epA reaches epB without an SMMU"), std::string::npos) << platform.out;
    EXPECT_EQ(platform.out.find("epA reaches epC"), std::string::npos) << platform.out;
}

/* The same under load: all devices signal several vectors at one instant, so that they meet everywhere. */
struct Load {
    unsigned period; /* ns */
    unsigned vectors;
};

std::string read_scenario()
{
    std::ifstream file(system_test::source_path("examples/platform/platform.yaml"));

    return {std::istreambuf_iterator<char>(file), {}};
}

system_test::Scenario under(const Load &load)
{
    std::string text = read_scenario();
    const size_t traffic = text.find("\ntraffic:");
    const size_t expect = text.find("\nexpect:");
    std::string vectors = "0";
    std::ostringstream traffics;

    for (unsigned i = 1; i < load.vectors; i++) {
        vectors += ", " + std::to_string(i);
    }
    traffics << "\ntraffic:\n";
    for (const char *device : {"epA", "epB", "epC"}) {
        /* Once while caches are cold, which takes long: the rest must not catch up with it and be merged. */
        traffics << "  " << device << ":\n";
        for (const std::string &when : {std::string("1 s"), std::to_string(load.period) + " ns, start: 6 us"}) {
            traffics << "    - msi: { vectors: [" << vectors << "], arrivals: burst, burst: " << load.vectors
                     << ", period: " << when << " }\n";
        }
    }
    text.replace(traffic, expect - traffic, traffics.str());
    return system_test::load_text(text);
}

class ExamplePlatformLoaded : public testing::TestWithParam<Load>
{
};

TEST_P(ExamplePlatformLoaded, FindsTheLatenciesOfItsScenario)
{
    const Load load = GetParam();
    const system_test::Scenario scenario = under(load);
    const cli_test::Result platform =
        cli_test::doorbell({"--each", "--load", std::to_string(load.period), std::to_string(load.vectors)});
    const Latencies expected = of_the_scenario(scenario);
    const Latencies found = of_the_platform(platform.out);

    EXPECT_EQ(platform.status, 0) << platform.out;
    ASSERT_EQ(expected.size(), 3u * load.vectors);
    for (const auto &each : expected) {
        ASSERT_EQ(found.count(each.first), 1u) << each.first.first << " " << each.first.second;
        EXPECT_EQ(found.at(each.first), each.second) << each.first.first << " " << each.first.second;
    }
}

INSTANTIATE_TEST_SUITE_P(Loads, ExamplePlatformLoaded,
                         testing::Values(Load{6000, 1}, Load{800, 1}, Load{900, 2}, Load{1600, 3}, Load{2500, 4},
                                         Load{1700, 4}),
                         [](const testing::TestParamInfo<Load> &given) {
                             return "Every" + std::to_string(given.param.period) + "Times" +
                                    std::to_string(given.param.vectors);
                         });

} // namespace

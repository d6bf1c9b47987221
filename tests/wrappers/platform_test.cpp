/* The example platform finds what the doorbell command finds for the scenario of the same system: every latency. */
#include "tests/cli/process.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace
{

using Latencies = std::map<std::string, std::vector<uint64_t>>;

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

        by_birth_[name][packet->born] = time - packet->born;
    }

    struct system *system_;
    std::map<std::string, std::map<sim_time, uint64_t>> by_birth_;
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
        uint64_t latency = 0;

        if (words >> first && first == "msi" && words >> name >> latency) {
            found[name].push_back(latency);
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
    EXPECT_EQ(expected.at("epA").size(), 17u);
    EXPECT_EQ(of_the_platform(platform.out), expected);
    const std::string verdict = system_test::outcome_of(whole.finish().verdicts, "doorbell-per-group");
    EXPECT_EQ(verdict, "violated");
    EXPECT_NE(platform.out.find("doorbell-per-group: " + verdict + "\n"), std::string::npos) << platform.out;
    EXPECT_NE(platform.out.find("epA reaches epB without an SMMU"), std::string::npos) << platform.out;
    EXPECT_EQ(platform.out.find("epA reaches epC"), std::string::npos) << platform.out;
}

} // namespace

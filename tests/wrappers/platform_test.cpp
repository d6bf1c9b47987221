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

/* What a stage took, of all MSIs. */
struct Hop {
    uint64_t count = 0;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    uint64_t sum = 0;

    bool operator==(const Hop &other) const
    {
        return count == other.count && least == other.least && most == other.most && sum == other.sum;
    }
};

std::ostream &operator<<(std::ostream &out, const Hop &hop)
{
    return out << hop.count << " times " << hop.least << " to " << hop.most << ", in all " << hop.sum;
}

using Hops = std::map<std::string, Hop>;

/* What one side found. */
struct Found {
    Latencies latencies;
    Hops hops;
};

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
        observer.mark = [](void *context, const sim_packet *packet, uint32_t stage, sim_time begin, sim_time end) {
            if ((packet->flags & SIM_FLAG_MSI) != 0) {
                static_cast<Listener *>(context)->took(stage, end - begin);
            }
        };
        sim_observe(system_sim(system), &observer);
    }

    const Hops &hops() const
    {
        return hops_;
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

    void took(uint32_t stage, sim_time time)
    {
        Hop &mine = hops_[sim_stage_name(system_sim(system_), stage)];

        mine.count++;
        mine.least = std::min(mine.least, time);
        mine.most = std::max(mine.most, time);
        mine.sum += time;
    }

    struct system *system_;
    Hops hops_;
    std::map<std::pair<std::string, uint32_t>, std::map<sim_time, uint64_t>> by_birth_;
};

Found of_the_scenario(const system_test::Scenario &scenario)
{
    system_options options = {};
    host_error error = {};
    struct system *system = system_create(scenario.get(), &options, &error);

    EXPECT_TRUE(system != nullptr && system_bring_up(system, &error)) << error.text;
    Listener listener(system);
    const sim_time start = system_start_traffic(system, scenario->duration);
    EXPECT_EQ(sim_run(system_sim(system), start + scenario->duration + SIM_MS), SIM_RUN_DRAINED);
    const Found found = {listener.latencies(), listener.hops()};
    system_destroy(system);
    return found;
}

/* Stages have names of modules there; links are called by their ends here. */
std::string native_name(std::string name)
{
    const std::map<std::string, std::string> links = {
        {"rc0.link0.up.posted", "rp0-sw0.up.posted"},
        {"rc1.link0.up.posted", "rp1-epC.up.posted"},
        {"sw0.downstream0.up.posted", "sw0-epA.up.posted"},
        {"sw0.downstream1.up.posted", "sw0-epB.up.posted"},
    };
    const std::string top = "platform.";

    for (size_t at = name.find(top); at != std::string::npos; at = name.find(top)) {
        name.erase(at, top.size());
    }
    const auto link = links.find(name);
    return link != links.end() ? link->second : name;
}

Found of_the_platform(const std::string &output)
{
    std::istringstream lines(output);
    std::string line;
    Found found;

    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string first;
        std::string name;
        uint32_t vector = 0;
        uint64_t latency = 0;
        Hop hop;

        words >> first;
        if (first == "msi" && words >> name >> vector >> latency) {
            found.latencies[{name, vector}].push_back(latency);
        } else if (first == "hop" && words >> hop.count >> hop.least >> hop.most >> hop.sum) {
            std::getline(words >> std::ws, name);
            found.hops[native_name(name)] = hop;
        }
    }
    return found;
}

/*
 * Stage by stage, where both sides have it: the bus and the way to it are somebody else's there. When exactly an
 * endpoint's TLP gets the wire depends on the DLLPs between, which what software did before has set going: endpoint and
 * wire are compared together.
 */
void expect_same_hops(const Hops &platform, const Hops &scenario)
{
    const std::map<std::string, std::string> wires = {
        {"epA", "sw0-epA.up.posted"}, {"epB", "sw0-epB.up.posted"}, {"epC", "rp1-epC.up.posted"}};

    for (const char *stage : {"sw0",      "rp0-sw0.up.posted", "rc0",     "rc1", "S0",         "S0 config",  "S0 walk",
                              "S1",       "S1 config",         "S1 walk", "A",   "B",          "A -> rd0",   "A -> rd1",
                              "B -> rd0", "B -> rd1",          "rd0",     "rd1", "rd0 -> pe0", "rd1 -> pe1", "pe0",
                              "pe1"}) {
        ASSERT_EQ(platform.count(stage), scenario.count(stage)) << stage;
        if (scenario.count(stage) > 0) {
            EXPECT_EQ(platform.at(stage), scenario.at(stage)) << stage;
        }
    }
    for (const auto &pair : wires) {
        EXPECT_EQ(platform.at(pair.first).count, scenario.at(pair.first).count) << pair.first;
        EXPECT_EQ(platform.at(pair.first).sum + platform.at(pair.second).sum,
                  scenario.at(pair.first).sum + scenario.at(pair.second).sum)
            << pair.first;
    }
}

TEST(ExamplePlatform, FindsTheLatenciesAndTheVerdictOfItsScenario)
{
    const system_test::Scenario scenario = system_test::load("examples/platform/platform.yaml", {});
    const cli_test::Result platform = cli_test::doorbell({"--each"});
    const Found expected = of_the_scenario(scenario);
    const Found found = of_the_platform(platform.out);
    system_test::Whole whole(scenario.get(), {});

    whole.start();
    whole.run();
    EXPECT_EQ(platform.status, 0) << platform.out;
    EXPECT_EQ(expected.latencies.size(), 3u);
    EXPECT_EQ(expected.latencies.at({"epA", 0}).size(), 17u);
    EXPECT_EQ(found.latencies, expected.latencies);
    expect_same_hops(found.hops, expected.hops);
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
    const Found expected = of_the_scenario(scenario);
    const Found found = of_the_platform(platform.out);

    EXPECT_EQ(platform.status, 0) << platform.out;
    ASSERT_EQ(expected.latencies.size(), 3u * load.vectors);
    for (const auto &each : expected.latencies) {
        ASSERT_EQ(found.latencies.count(each.first), 1u) << each.first.first << " " << each.first.second;
        EXPECT_EQ(found.latencies.at(each.first), each.second) << each.first.first << " " << each.first.second;
    }
    expect_same_hops(found.hops, expected.hops);
}

INSTANTIATE_TEST_SUITE_P(Loads, ExamplePlatformLoaded,
                         testing::Values(Load{6000, 1}, Load{800, 1}, Load{900, 2}, Load{1600, 3}, Load{2500, 4},
                                         Load{1700, 4}),
                         [](const testing::TestParamInfo<Load> &given) {
                             return "Every" + std::to_string(given.param.period) + "Times" +
                                    std::to_string(given.param.vectors);
                         });

} // namespace

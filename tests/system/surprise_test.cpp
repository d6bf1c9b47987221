/* A device is pulled out of its slot while it works: what is lost, who notices, and what software takes back. */
#include "tests/system/whole.h"

#include "models/pcie/endpoint.h"
#include "models/smmuv3/smmu_formats.h"
#include "scenario/system_internal.h"
#include "scenario/verdicts.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace
{

using system_test::counter_of;
using system_test::device_of;
using system_test::load_text;
using system_test::Scenario;
using system_test::Whole;

/** A switch with a device that is pulled out and one that reads from it; no ACS, so that reads go straight. */
const char *const topology =
    "doorbell: 1\n"
    "duration: 60 us\n"
    "platform: { pe: { count: 2 }, its: { A: {} }, smmu: { S: {} } }\n"
    "pcie:\n"
    "  rc0:\n"
    "    root-ports:\n"
    "      rp0:\n"
    "        acs: none\n"
    "        below:\n"
    "          sw0:\n"
    "            switch: { acs: none }\n"
    "            below:\n"
    "              disk: { endpoint: { functions: 2, msi-x: 2, bars: [64 KiB, 64 KiB], acs: full } }\n"
    "              nic: { endpoint: { msi-x: 2, bars: [64 KiB, 64 KiB], completion-timeout: 2 us } }\n"
    "      rp1: { acs: full, below: { gpu: { endpoint: { msi-x: 2, bars: [64 KiB], pasid: 8 } } } }\n"
    "traffic:\n"
    "  disk: [{ msi: { vectors: all, period: 300 ns } }, { dma-write: { size: 256 B, period: 60 ns } }]\n"
    "  disk/1: [{ msi: { vectors: all, period: 700 ns } }]\n"
    "  nic: [{ msi: { vectors: all, period: 1 us } }, { dma-read: { size: 64 B, period: 50 ns, to: disk } }]\n"
    "  gpu: [{ msi: { vectors: all, period: 1 us } }, { dma-write: { size: 64 B, period: 100 ns } }]\n"
    "software:\n"
    "  reset-time: 3 us\n";

struct Pulled {
    explicit Pulled(const std::string &software, const std::vector<std::string> &sets = {})
        : scenario(load_text(topology + software, sets)), whole(scenario.get())
    {
        verdict_list verdicts = {};
        step_list steps = {};
        host_error error = {};

        EXPECT_TRUE(scenario_foretell(scenario.get(), &verdicts, &steps, &error)) << error.text;
        whole.start();
        whole.run();
        whole.finish();
        for (size_t i = 0; i < whole.result().steps.count; i++) {
            const run_step &step = whole.result().steps.items[i];
            const run_step *foretold = step_list_find(&steps, step.name);

            of[step.name] = step.outcome;
            EXPECT_STREQ(step.outcome, foretold != nullptr ? foretold->outcome : "?") << step.name;
        }
        verdict_list_clear(&verdicts);
        step_list_clear(&steps);
    }
    const run_device &device(const std::string &name) const
    {
        return device_of(whole.result(), name);
    }
    uint64_t counter(const char *component, const char *name) const
    {
        return counter_of(whole.result(), component, name);
    }
    const software_function &function(const std::string &name)
    {
        const struct software *software = whole.software();

        for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
            if (name == software->found.tree.functions[i].name) {
                return software->functions[i];
            }
        }
        throw std::runtime_error(name);
    }
    uint64_t stream_config(const std::string &name)
    {
        uint64_t words[8] = {};

        EXPECT_TRUE(smmu_driver_read_stream(&whole.software()->smmus[0], function(name).stream_id, words));
        return smmu_field_get(words, SMMU_STE_CONFIG);
    }

    Scenario scenario;
    Whole whole;
    std::map<std::string, std::string> of;
};

const std::string pull = "timeline:\n  - { at: 20 us, name: pull, action: surprise-remove, device: disk }\n";

TEST(Surprise, LosesWhatHadNotComeThroughTheLink)
{
    Pulled run(pull);
    const run_device &disk = run.device("disk");

    EXPECT_EQ(run.of["timeline.pull"], "ok");
    EXPECT_LT(disk.born, 70u) << "it stops";
    EXPECT_EQ(disk.born, disk.delivered + disk.merged + disk.lost);
    // Writes leave at 60 ns each, and 50 ns pass before one is on the wire: some are always on their way out.
    EXPECT_GT(run.counter("disk", "writes-sent"), disk.writes_visible);
    EXPECT_LT(run.counter("disk", "writes-sent"), disk.writes_visible + 5);
    EXPECT_EQ(run.device("gpu").lost, 0u);
    EXPECT_EQ(run.device("nic").lost, 0u);
    EXPECT_EQ(run.whole.result().smmu_events, 0u) << "nothing of it comes after its StreamID is blocked";
}

TEST(Surprise, EveryLostMessageHasItsReason)
{
    // It goes with the device, or comes through and finds its event taken back.
    Pulled run(pull);
    const run_device &disk = run.device("disk");
    uint64_t dropped = 0;

    for (const run_tally &tally : disk.dropped) {
        dropped += tally.count;
    }
    EXPECT_EQ(disk.lost, dropped);
    EXPECT_EQ(disk.lost, disk.dropped[SIM_DROP_DEVICE_GONE].count + disk.dropped[SIM_DROP_ITS_EVENT_UNMAPPED].count);
}

TEST(Surprise, TakesAllFunctionsAndLeavesNothingBehind)
{
    Pulled run(pull + "  - { at: 50 us, name: again, action: surprise-remove, device: disk/1 }\n");

    for (const char *name : {"disk", "disk/1"}) {
        EXPECT_TRUE(run.function(name).removed) << name;
        EXPECT_EQ(run.function(name).message, SOFTWARE_NO_ADDRESS) << name;
        EXPECT_EQ(run.function(name).attachment.domain, nullptr) << name;
        EXPECT_EQ(run.stream_config(name), static_cast<uint64_t>(SMMU_STE_CONFIG_ABORT)) << name;
    }
    EXPECT_EQ(run.of["timeline.again"], "ENODEV");
}

TEST(Surprise, WhoReadsFromItGetsErrorsAndTimeouts)
{
    Pulled run(pull);

    // What it had taken and not answered times out; what comes later is refused.
    EXPECT_GT(run.counter("nic", "read-errors"), 100u);
    EXPECT_GT(run.counter("nic", "completion-timeouts"), 0u);
    EXPECT_LT(run.counter("nic", "completion-timeouts"), 20u);
    EXPECT_GT(run.counter("nic", "reads-done"), 300u);
}

TEST(Surprise, TakesDevicesFromTheirUsers)
{
    Pulled run("  consumers: { work: { kind: iommufd, devices: [gpu] } }\n"
               "  pasids: [{ device: gpu, pasid: 5, consumer: work }]\n"
               "timeline:\n"
               "  - { at: 10 us, name: bind, action: bind-process, device: gpu, process: 1 }\n"
               "  - { at: 14 us, name: busy, action: remove, device: gpu }\n"
               "  - { at: 20 us, name: pull, action: surprise-remove, device: gpu }\n");

    EXPECT_EQ(run.of["timeline.bind"], "ok");
    EXPECT_EQ(run.of["timeline.busy"], "EBUSY") << "a removal that asks can be refused";
    EXPECT_EQ(run.of["timeline.pull"], "ok") << "and one that does not ask cannot";
    EXPECT_EQ(run.function("gpu").consumer, CONSUMER_NONE);
    EXPECT_EQ(run.function("gpu").attachment.pasid_count, 0u);
    EXPECT_EQ(run.whole.software()->pasids.processes[1].users, 0u);
    EXPECT_EQ(run.stream_config("gpu"), static_cast<uint64_t>(SMMU_STE_CONFIG_ABORT));
}

TEST(Surprise, ThereAgainItWorksAsBefore)
{
    Pulled gone(pull, {"duration=120 us"});
    Pulled run(pull + "  - { at: 36 us, name: early, action: add, device: nic }\n"
                      "  - { at: 40 us, name: add, action: add, device: disk }\n",
               {"duration=120 us"});

    EXPECT_EQ(run.of["timeline.early"], "EEXIST");
    EXPECT_EQ(run.of["timeline.add"], "ok");
    EXPECT_GT(run.device("disk").delivered, gone.device("disk").delivered + 20);
    EXPECT_GT(run.device("disk/1").delivered, gone.device("disk/1").delivered + 5) << "its other function too";
    EXPECT_GT(run.device("disk").writes_visible, gone.device("disk").writes_visible + 100);
    EXPECT_LT(run.counter("nic", "read-errors"), gone.counter("nic", "read-errors"));
    EXPECT_EQ(run.stream_config("disk"), static_cast<uint64_t>(SMMU_STE_CONFIG_S1));
    EXPECT_EQ(run.whole.result().smmu_events, 0u);
}

std::string refusal(const std::string &below)
{
    try {
        load_text("doorbell: 1\npcie: { rc0: { root-ports: { rp0: { acs: full, below: " + below +
                  " } } } }\ntraffic: { dev: [{ msi: { period: 1 us } }] }\n"
                  "timeline: [{ at: 1 us, action: surprise-remove, device: dev }]\n");
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

TEST(Surprise, OnlyOfWhatHasASlotToItself)
{
    EXPECT_EQ(refusal("{ dev: { endpoint: {} } }"), "");
    EXPECT_NE(refusal("{ dev: { endpoint: { ats: {} } } }").find("it has ATS"), std::string::npos);
    EXPECT_NE(refusal("{ dev: { endpoint: { ari: yes, sr-iov: { vfs: 2 } } } }").find("virtual functions"),
              std::string::npos);
    EXPECT_NE(refusal("{ br: { bridge: {}, below: { dev: { endpoint: {} } } } }").find("no link of its own"),
              std::string::npos);
}

} // namespace

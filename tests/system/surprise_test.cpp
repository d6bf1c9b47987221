/* A device is pulled out of its slot while it works: what is lost, who notices, and what software takes back. */
#include "tests/system/whole.h"

#include "host/hotplug.h"
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

/** What the port above the disk has to say, by the link's `removal`; and whether the root hears of an error. */
struct Said {
    const char *removal;
    bool surprise_down;
    bool slot;
};

class SurprisePort : public testing::TestWithParam<Said>
{
};

TEST_P(SurprisePort, SaysWhatItCan)
{
    const Said &said = GetParam();
    Pulled run(pull, {"disk.link.removal=" + std::string(said.removal), "software.error-reporting=yes"});
    const hotplug_report &report = run.function("disk").saved->report;
    const bool can_tell = std::string(said.removal) != "silent";

    EXPECT_EQ(report.surprise_down, said.surprise_down);
    EXPECT_EQ(report.presence, said.slot);
    EXPECT_EQ(report.link_state, said.slot);
    EXPECT_FALSE(report.still_there);
    EXPECT_EQ(report.can_say_active, can_tell);
    EXPECT_FALSE(report.active);
    EXPECT_EQ(run.counter("rc0", "errors-fatal"), said.surprise_down ? 1u : 0u) << "by ERR_FATAL through the switch";
}

INSTANTIATE_TEST_SUITE_P(Kinds, SurprisePort,
                         testing::Values(Said{"silent", false, false}, Said{"surprise-down", true, false},
                                         Said{"hot-plug", true, true}, Said{"hot-plug-surprise", false, true}));

TEST(Surprise, ARootPortTellsItself)
{
    Pulled run("timeline:\n"
               "  - { at: 20 us, name: pull, action: surprise-remove, device: gpu }\n"
               "  - { at: 36 us, name: add, action: add, device: gpu }\n"
               "  - { at: 45 us, name: again, action: surprise-remove, device: gpu }\n",
               {"rp1.link.removal=hot-plug", "software.error-reporting=yes"});
    const hotplug_report &report = run.function("gpu").saved->report;

    EXPECT_EQ(run.of["timeline.add"], "ok");
    EXPECT_EQ(run.of["timeline.again"], "ok");
    EXPECT_TRUE(report.surprise_down && report.presence && report.link_state) << "they were cleared in between";
    EXPECT_EQ(run.counter("rc0", "errors-fatal"), 2u);
}

TEST(Surprise, InterruptsTheRootsSoftware)
{
    Pulled run(pull, {"disk.link.removal=hot-plug-surprise", "software.error-reporting=yes", "rp1.error-interrupts=yes",
                      "rc0.root-ports.rp0.error-interrupts=yes"});
    Pulled error(pull, {"disk.link.removal=hot-plug", "software.error-reporting=yes",
                        "rc0.root-ports.rp0.error-interrupts=yes"});
    const hotplug_report &report = error.function("disk").saved->report;

    // One that the reader of what is gone has either way: its completion timeouts.
    EXPECT_EQ(run.counter("software", "errors-uncorrectable"), 1u) << "where it is expected it is no error";
    EXPECT_EQ(error.counter("software", "errors-uncorrectable"), 2u);
    EXPECT_EQ(run.counter("rc0", "errors-fatal"), 0u);
    EXPECT_EQ(error.counter("rc0", "errors-fatal"), 1u);
    EXPECT_GE(error.counter("software", "errors-cleared"), 1u);
    EXPECT_FALSE(report.surprise_down) << "the handler was there first, 10 us before anybody noticed";
    EXPECT_TRUE(report.presence && report.link_state);
    EXPECT_EQ(device_of(error.whole.result(), "rp0").lost, 0u);
}

/** The disk with a translation cache, or with virtual functions. */
const std::vector<std::string> with_ats = {
    "platform.smmu.S={idr: {ats: yes, pri: yes}, atc-timeout: 4 us}",
    "disk.endpoint={functions: 2, msi-x: 2, bars: [64 KiB, 64 KiB], acs: full, ats: {}, pri: {}}",
    "traffic.disk.1.dma-write={size: 256 B, period: 60 ns, ats: yes}"};

std::vector<std::string> joined(std::vector<std::string> one, const std::vector<std::string> &other)
{
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

TEST(Surprise, TranslationsOfADeviceThatIsGoneTimeOut)
{
    Pulled run(pull, with_ats);
    const smmu_driver &driver = run.whole.software()->smmus[0];

    EXPECT_EQ(run.of["timeline.pull"], "ok");
    EXPECT_GT(run.counter("disk", "atc-hits"), 50u) << "it had some";
    // One for each function: the device does not answer, CMD_SYNC fails, and is carried out again.
    EXPECT_EQ(run.counter("S", "atc-timeouts"), 2u);
    EXPECT_EQ(driver.atc_timeouts, 2u);
    EXPECT_FALSE(driver.waits_for_devices);
    EXPECT_FALSE(run.function("disk").services.ats);
    EXPECT_EQ(run.stream_config("disk"), static_cast<uint64_t>(SMMU_STE_CONFIG_ABORT));
    EXPECT_EQ(run.device("gpu").lost, 0u);
}

TEST(Surprise, UnmappingBeforeSoftwareKnowsTimesOutToo)
{
    Pulled run("  notice-time: 10 us\n"
               "timeline:\n"
               "  - { at: 10 us, name: map, action: map, device: disk, base: 0x2_0000_0000, size: 4 KiB }\n"
               "  - { at: 20 us, name: pull, action: surprise-remove, device: disk }\n"
               "  - { at: 22 us, name: unmap, action: unmap, device: disk, base: 0x2_0000_0000 }\n"
               "  - { at: 23 us, name: early, action: add, device: disk }\n"
               "  - { at: 24 us, name: twice, action: surprise-remove, device: disk/1 }\n",
               with_ats);

    EXPECT_EQ(run.of["timeline.unmap"], "ok") << "the mapping is gone, whoever answers";
    EXPECT_EQ(run.of["timeline.early"], "EEXIST") << "as far as software knows it is there";
    EXPECT_EQ(run.of["timeline.twice"], "ENODEV");
    EXPECT_EQ(run.of["timeline.pull.noticed"], "ok");
    EXPECT_EQ(run.of.count("timeline.twice.noticed"), 0u);
    EXPECT_GT(run.whole.software()->smmus[0].atc_timeouts, 2u);
}

TEST(Surprise, SoftwareThatTakesItAwayFirstNeedsNoNotice)
{
    Pulled run("timeline:\n"
               "  - { at: 20 us, name: pull, action: surprise-remove, device: gpu }\n"
               "  - { at: 22 us, name: remove, action: remove, device: gpu }\n"
               "  - { at: 24 us, name: add, action: add, device: gpu }\n",
               {"duration=100 us"});

    EXPECT_EQ(run.of["timeline.remove"], "ok");
    EXPECT_EQ(run.of["timeline.add"], "ok") << "another one is in the slot";
    EXPECT_EQ(run.of.count("timeline.pull.noticed"), 0u) << "there is nothing to notice any more";
    EXPECT_GT(run.device("gpu").delivered, 60u);
    EXPECT_EQ(run.device("gpu").born, run.device("gpu").delivered + run.device("gpu").merged + run.device("gpu").lost);
}

TEST(Surprise, NobodyNoticesAfterTheTraffic)
{
    Pulled run("  notice-time: 1 ms\n" + pull);

    EXPECT_EQ(run.of.count("timeline.pull.noticed"), 0u);
    EXPECT_FALSE(run.function("disk").removed);
}

TEST(Surprise, ThereAgainItTranslatesAgain)
{
    Pulled gone(pull, joined(with_ats, {"duration=120 us"}));
    Pulled run(pull + "  - { at: 50 us, name: add, action: add, device: disk }\n",
               joined(with_ats, {"duration=120 us"}));

    EXPECT_EQ(run.of["timeline.add"], "ok");
    EXPECT_TRUE(run.function("disk").services.ats);
    EXPECT_GT(run.counter("disk", "atc-hits"), gone.counter("disk", "atc-hits") + 100);
    EXPECT_GT(run.device("disk").delivered, gone.device("disk").delivered + 20);
    EXPECT_EQ(run.counter("S", "atc-timeouts"), gone.counter("S", "atc-timeouts"));
    EXPECT_EQ(run.device("disk").born,
              run.device("disk").delivered + run.device("disk").merged + run.device("disk").lost);
}

const std::vector<std::string> with_vfs = {
    "disk.endpoint={msi-x: 2, bars: [64 KiB, 64 KiB], ari: yes, sr-iov: {vfs: 3, msi-x: 2, bars: [64 KiB]}}",
    "traffic={disk: [{msi: {vectors: all, period: 300 ns}}], disk/vf2: [{msi: {vectors: all, period: 500 ns}}, "
    "{dma-write: {size: 64 B, period: 200 ns}}], nic: [{msi: {vectors: all, period: 1 us}}], gpu: [{msi: {vectors: "
    "all, period: 1 us}}]}"};

TEST(Surprise, VirtualFunctionsGoAndComeWithTheirDevice)
{
    Pulled gone(pull, joined(with_vfs, {"duration=120 us"}));
    Pulled run(pull + "  - { at: 50 us, name: add, action: add, device: disk }\n",
               joined(with_vfs, {"duration=120 us"}));

    EXPECT_TRUE(gone.function("disk/vf2").removed);
    EXPECT_EQ(gone.stream_config("disk/vf2"), static_cast<uint64_t>(SMMU_STE_CONFIG_ABORT));
    EXPECT_EQ(run.of["timeline.add"], "ok");
    EXPECT_FALSE(run.function("disk/vf2").removed);
    EXPECT_GT(run.device("disk/vf2").delivered, gone.device("disk/vf2").delivered + 20);
    EXPECT_GT(run.device("disk/vf2").writes_visible, gone.device("disk/vf2").writes_visible + 100);
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
    EXPECT_EQ(refusal("{ dev: { endpoint: { ari: yes, sr-iov: { vfs: 2 } } } }"), "");
    EXPECT_NE(refusal("{ br: { bridge: {}, below: { dev: { endpoint: {} } } } }").find("no link of its own"),
              std::string::npos);
}

} // namespace

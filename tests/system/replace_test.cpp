/*
 * Replacing what a group goes through while it works (rule C11): whoever asks for what, what becomes of messages and
 * data that are under way, and what the rule sets make of doorbells.
 */
#include "tests/system/whole.h"

#include "scenario/verdicts.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace
{

using system_test::device_of;
using system_test::load_text;
using system_test::outcome_of;
using system_test::Scenario;
using system_test::Whole;

/** epA and epB share a group; epC and epD have one each. All write data and send messages at a high rate. */
const char *const topology =
    "doorbell: 1\n"
    "duration: 60 us\n"
    "platform:\n"
    "  pe: { count: 4 }\n"
    "  its: { A: {}, B: {} }\n"
    "  smmu: { S: {} }\n"
    "pcie:\n"
    "  rc0:\n"
    "    msi-map: [[0, A, 0, 0x400], [0x400, B, 0x400, 0xfc00]]\n"
    "    root-ports:\n"
    "      rp0:\n"
    "        acs: none\n"
    "        below:\n"
    "          sw0:\n"
    "            switch: { acs: none }\n"
    "            below:\n"
    "              epA: { endpoint: { msi-x: 2, bars: [64 KiB] } }\n"
    "              epB: { endpoint: { msi-x: 2, bars: [64 KiB] } }\n"
    "      rp1: { acs: full, below: { epC: { endpoint: { msi-x: 2, bars: [64 KiB], pasid: 8 } } } }\n"
    "      rp2: { acs: full, below: { epD: { endpoint: { msi-x: 2, bars: [64 KiB] } } } }\n"
    "traffic:\n"
    "  epA: [{ msi: { vectors: all, period: 1 us } }, { dma-write: { size: 64 B, period: 200 ns } }]\n"
    "  epB: [{ msi: { vectors: all, period: 1 us } }, { dma-write: { size: 64 B, period: 200 ns } }]\n"
    "  epC: [{ msi: { vectors: all, period: 1 us } }]\n"
    "  epD: [{ msi: { vectors: all, period: 1 us } }, { dma-write: { size: 64 B, period: 200 ns } }]\n";

/** A run, what came of each step, and that a check foretold it. */
struct Outcome {
    explicit Outcome(const std::string &software, const std::vector<std::string> &sets = {})
        : scenario(load_text(topology + software, sets)), whole(scenario.get())
    {
        verdict_list verdicts = {};
        step_list steps = {};
        host_error error = {};

        EXPECT_TRUE(scenario_foretell(scenario.get(), &verdicts, &steps, &error)) << error.text;
        whole.start();
        whole.run();
        whole.finish();
        EXPECT_EQ(steps.count, result().steps.count);
        for (size_t i = 0; i < result().steps.count; i++) {
            const run_step &step = result().steps.items[i];
            const run_step *foretold = step_list_find(&steps, step.name);

            of[step.name] = step.outcome;
            EXPECT_STREQ(step.outcome, foretold != nullptr ? foretold->outcome : "?") << step.name;
        }
        EXPECT_EQ(outcome_of(result().verdicts, "doorbell-mapped"), outcome_of(verdicts, "doorbell-mapped"));
        verdict_list_clear(&verdicts);
        step_list_clear(&steps);
    }

    const run_result &result() const
    {
        return whole.result();
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

    Scenario scenario;
    Whole whole;
    std::map<std::string, std::string> of;
};

const char *const file = "software:\n"
                         "  rules: linux-7.3\n"
                         "  consumers:\n"
                         "    vm: { kind: iommufd, separate-domains: yes, devices: [epA, epB, epC] }\n"
                         "    nest: { kind: iommufd, translation: nested, devices: [epD] }\n";

std::string on(const std::string &rules, std::string software)
{
    return software.replace(software.find("linux-7.3"), 9, rules);
}

/* S2VMID and S2TTB are in words of their own: the entry is invalid in between, also when nothing comes just then. */
TEST(Replace, OfOneStage2ByAnotherLeavesAGap)
{
    const std::string stage2 = "software:\n"
                               "  rules: linux-7.3\n"
                               "  consumers: { vm: { kind: iommufd, translation: stage-2, devices: [epC] } }\n";
    const std::string again = "timeline: [{ at: 10200 ns, name: again, action: replace, device: epC }]\n";
    Outcome busy(stage2 + "timeline: [{ at: 9900 ns, name: again, action: replace, device: epC }]\n");
    Outcome quiet(stage2 + again, {"traffic.epC.0.msi.period=40 us"});

    EXPECT_EQ(busy.of["timeline.again"], "ok");
    EXPECT_EQ(outcome_of(busy.result().verdicts, "doorbell-mapped"), "violated");
    EXPECT_GT(device_of(busy.result(), "epC").lost, 0u);
    EXPECT_EQ(quiet.of["timeline.again"], "ok");
    EXPECT_EQ(outcome_of(quiet.result().verdicts, "doorbell-mapped"), "violated");
    EXPECT_EQ(device_of(quiet.result(), "epC").lost, 0u);
}

/* One descriptor becomes a table of them in one word; the default substream was not looked at before (5.2). */
TEST(Replace, OfADescriptorByATableLeavesNone)
{
    Outcome run("timeline: [{ at: 9900 ns, name: wide, action: enable-pasids, device: epC }]\n");

    EXPECT_EQ(run.of["timeline.wide"], "ok");
    EXPECT_EQ(outcome_of(run.result().verdicts, "doorbell-mapped"), "holds");
    EXPECT_EQ(device_of(run.result(), "epC").lost, 0u);
}

TEST(Replace, LosesNothingWhileTheWholeGroupMoves)
{
    Outcome run(std::string(file) +
                "timeline:\n"
                "  - { at: 10 us, name: again, action: replace, device: epA }\n"
                "  - { at: 20 us, name: two, action: replace, device: epB, translation: stage-2 }\n"
                "  - { at: 30 us, name: one, action: replace, device: epA, translation: stage-1 }\n");

    for (const char *step : {"timeline.again", "timeline.two", "timeline.one"}) {
        EXPECT_EQ(run.of[step], "ok") << step;
    }
    for (const char *name : {"epA", "epB"}) {
        EXPECT_EQ(device_of(run.result(), name).lost, 0u) << name;
        EXPECT_EQ(device_of(run.result(), name).order_violations.count, 0u) << name;
    }
    EXPECT_EQ(run.result().smmu_events, 0u) << "no request was ever blocked";
    EXPECT_EQ(run.function("epA").attachment.domain, run.function("epB").attachment.domain);
    EXPECT_NE(run.function("epA").attachment.domain, run.function("epC").attachment.domain) << "another group";
    // Not set up again: the file has one address for a doorbell, in all of its domains.
    EXPECT_EQ(run.function("epA").message, 0x8000040u);
    EXPECT_EQ(run.function("epB").message, 0x8001040u);
}

TEST(Replace, LeavesTheDomainBeforeToNobody)
{
    Outcome run(std::string(file) + "timeline:\n"
                                    "  - { at: 10 us, action: replace, device: epC }\n");
    const struct software *software = run.whole.software();
    unsigned unused = 0;

    for (size_t i = 0; i < software->domain_count; i++) {
        const char *name = software->domains[i].name;

        unused += name != nullptr && std::string(name) == "vm" && software->domains[i].attached == 0 ? 1 : 0;
    }
    EXPECT_EQ(unused, 1u);
    EXPECT_EQ(device_of(run.result(), "epC").lost, 0u);
}

TEST(Replace, Before73TheNewDomainLacksTheDoorbell)
{
    const std::string software = "software:\n"
                                 "  rules: linux-7.3\n"
                                 "  consumers:\n"
                                 "    vm: { kind: iommufd, devices: [epC] }\n"
                                 "timeline:\n"
                                 "  - { at: 20 us, name: replace, action: replace, device: epC }\n";
    Outcome now(software);
    Outcome then(on("linux-6.12", software));
    Outcome healed(on("linux-6.12", software) +
                   "  - { at: 30 us, name: off, action: disable-interrupts, device: epC }\n"
                   "  - { at: 32 us, name: on, action: enable-interrupts, device: epC }\n");

    EXPECT_EQ(device_of(now.result(), "epC").lost, 0u);
    EXPECT_EQ(outcome_of(now.result().verdicts, "doorbell-mapped"), "holds");
    EXPECT_EQ(then.of["timeline.replace"], "ok");
    EXPECT_EQ(device_of(then.result(), "epC").lost, device_of(then.result(), "epC").dropped[SIM_DROP_SMMU_FAULT].count);
    EXPECT_GT(device_of(then.result(), "epC").lost, 35u) << "all that come after it";
    EXPECT_EQ(outcome_of(then.result().verdicts, "doorbell-mapped"), "violated");
    EXPECT_EQ(healed.of["timeline.off"], "ok");
    EXPECT_EQ(healed.of["timeline.on"], "ok");
    EXPECT_LT(device_of(healed.result(), "epC").lost, 20u);
    EXPECT_GT(device_of(healed.result(), "epC").lost, 5u);
}

TEST(Replace, AGuestsStage1ByWhatIsBelowAndBack)
{
    // Addresses of messages are the same in both, those of data are not: the guest would have its device stop first.
    Outcome run(std::string(file) +
                "timeline:\n"
                "  - { at: 10 us, name: below, action: replace, device: epD, translation: stage-2 }\n"
                "  - { at: 40 us, name: back, action: replace, device: epD, translation: nested }\n"
                "  - { at: 50 us, name: same, action: replace, device: epD }\n");

    for (const char *step : {"timeline.below", "timeline.back", "timeline.same"}) {
        EXPECT_EQ(run.of[step], "ok") << step;
    }
    EXPECT_EQ(device_of(run.result(), "epD").lost, 0u);
    EXPECT_GT(run.result().smmu_events, 100u) << "its data faults in stage 2";
    EXPECT_NE(run.function("epD").attachment.domain->parent, nullptr);
}

TEST(Replace, IsRefusedWithTheErrorsOfLinux)
{
    Outcome run(std::string(file) + "    other: { kind: vfio }\n"
                                    "  pasids: [{ device: epC, pasid: 3, consumer: vm }]\n"
                                    "timeline:\n"
                                    "  - { at: 2 us, name: deep, action: replace, device: epA, translation: nested }\n"
                                    "  - { at: 4 us, name: flat, action: replace, device: epD, translation: stage-1 }\n"
                                    "  - { at: 6 us, name: busy, action: replace, device: epC, translation: stage-2 }\n"
                                    "  - { at: 8 us, name: fine, action: replace, device: epC, translation: stage-1 }\n"
                                    "  - { at: 20 us, name: leave, action: detach, device: epD }\n"
                                    "  - { at: 24 us, name: nothing, action: replace, device: epD }\n"
                                    "  - { at: 30 us, name: take, action: attach, device: epD, consumer: other }\n"
                                    "  - { at: 34 us, name: type1, action: replace, device: epD }\n");

    EXPECT_EQ(run.of["timeline.deep"], "EINVAL") << "no stage 2 for a guest's to nest in";
    EXPECT_EQ(run.of["timeline.flat"], "EINVAL");
    EXPECT_EQ(run.of["timeline.busy"], "EBUSY") << "a PASID is in use (D6)";
    EXPECT_EQ(run.of["timeline.fine"], "ok");
    EXPECT_EQ(run.of["timeline.leave"], "ok");
    EXPECT_EQ(run.of["timeline.nothing"], "EINVAL") << "attached to nothing";
    EXPECT_EQ(run.of["timeline.take"], "ok");
    EXPECT_EQ(run.of["timeline.type1"], "EOPNOTSUPP") << "a VFIO container cannot";
    EXPECT_EQ(device_of(run.result(), "epC").lost, 0u) << "what was refused changed nothing";
}

} // namespace

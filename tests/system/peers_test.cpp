// Requests of one function for another: whom they reach, whether an SMMU saw them, and what is said of it.
#include "tests/system/whole.h"

#include "scenario/verdicts.h"

#include <gtest/gtest.h>

namespace
{

using system_test::device_of;
using system_test::load_text;
using system_test::outcome_of;
using system_test::Whole;

/** Two endpoints below root ports of their own; the first writes to a function of the second. */
std::string two(const std::string &to, const std::string &platform, const std::string &root_complex = "")
{
    return "doorbell: 1\nduration: 10 us\nplatform: { its: { A: {} }, " + platform +
           " }\npcie:\n  rc0:\n    msi-map: [[0, A, 0, 0x10000]]\n" + root_complex +
           "    root-ports:\n"
           "      rp0: { acs: full, below: { epA: { endpoint: { msi-x: 1 } } } }\n"
           "      rp1: { acs: full, below: { epB: { endpoint: { msi-x: 1, functions: 2, acs: full, bars: [4 KiB, 4 "
           "KiB], "
           "ari: yes, sr-iov: { vfs: 2, bars: [4 KiB, 4 KiB] } } } } }\n"
           "software: { domains: { default: identity } }\n"
           "traffic: { epA: [ { dma-write: { size: 64 B, period: 1 us, buffer: 4 KiB, to: " +
           to + " } } ] }\n";
}

/** How both judge the groups. @param peers set to how often which function was reached: unseen, and in all */
std::string judged(const std::string &text, uint64_t *unseen, uint64_t *all, uint32_t *function)
{
    const auto scenario = load_text(text);
    struct verdict_list verdicts = {};
    struct host_error error = {};

    EXPECT_TRUE(scenario_foretell(scenario.get(), &verdicts, nullptr, &error)) << error.text;
    Whole whole(scenario.get());
    whole.start();
    whole.run();
    const run_result &result = whole.finish();
    const run_device &device = device_of(result, "epA");
    const std::string outcome = outcome_of(result.verdicts, "group-covers-reach");

    EXPECT_EQ(outcome_of(verdicts, "group-covers-reach"), outcome);
    EXPECT_EQ(device.peer_count, 1u);
    *unseen = device.peer_count == 1 ? device.peers[0].unseen.count : 0;
    *all = device.peer_count == 1 ? device.peers[0].tally.count : 0;
    *function = device.peer_count == 1 ? device.peers[0].function : 0;
    verdict_list_clear(&verdicts);
    return outcome;
}

TEST(Peers, WhoCameByWayOfAnSmmuWasSeen)
{
    uint64_t unseen = 0;
    uint64_t all = 0;
    uint32_t function = 0;

    EXPECT_EQ(judged(two("epB", "smmu: { S: {} }", "    iommu-map: [[0, S, 0, 0x10000]]\n"), &unseen, &all, &function),
              "holds");
    EXPECT_GT(all, 5u);
    EXPECT_EQ(unseen, 0u);
}

TEST(Peers, WhoGoesRoundTheSmmuWasNotSeen)
{
    const std::string around = "    iommu-map: [[0, S, 0, 0x10000]]\n    peer-to-peer: yes\n";
    std::string text = two("epB", "smmu: { S: {} }", around);
    uint64_t unseen = 0;
    uint64_t all = 0;
    uint32_t function = 0;

    text.replace(text.find("rp0: { acs: full"), 16, "rp0: { acs: none");
    EXPECT_EQ(judged(text, &unseen, &all, &function), "violated");
    EXPECT_GT(all, 5u);
    EXPECT_EQ(unseen, all);
}

/** No group is about a function behind no SMMU: it has none, and reaches whatever it addresses. */
TEST(Peers, WhoIsBehindNoSmmuGoesRoundNone)
{
    uint64_t unseen = 0;
    uint64_t all = 0;
    uint32_t function = 0;

    EXPECT_EQ(judged(two("epB", "smmu: {}"), &unseen, &all, &function), "holds");
    EXPECT_GT(all, 5u);
    EXPECT_EQ(unseen, all);
}

TEST(Peers, AreFunctionsByName)
{
    const std::string smmu = "    iommu-map: [[0, S, 0, 0x10000]]\n";
    /* Virtual functions are numbered behind the others. */
    const std::pair<const char *, uint32_t> rows[] = {
        {"epB", 0}, {"epB/1", 1}, {"epB/vf1", 2}, {"epB/vf2", 3}, {"epB/1/vf2", 5}};

    for (const auto &[name, number] : rows) {
        uint64_t unseen = 0;
        uint64_t all = 0;
        uint32_t function = 99;

        EXPECT_EQ(judged(two(name, "smmu: { S: {} }", smmu), &unseen, &all, &function), "holds") << name;
        EXPECT_GT(all, 5u) << name;
        EXPECT_EQ(function, number) << name;
    }
}

std::string complaint(const std::string &to)
{
    try {
        load_text(two(to, "smmu: { S: {} }"));
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

TEST(Peers, MistakesInTheirNamesAreNamed)
{
    EXPECT_NE(complaint("epB/2").find("E1206"), std::string::npos);
    EXPECT_NE(complaint("epB/x").find("names no function"), std::string::npos);
    EXPECT_NE(complaint("epB/vf3").find("E1206"), std::string::npos);
    EXPECT_NE(complaint("7/1").find("cannot be the name of a function"), std::string::npos);
    EXPECT_NE(complaint("epC/1").find("did you mean"), std::string::npos);
    EXPECT_NE(complaint("epA").find("cannot be its own peer"), std::string::npos);
    EXPECT_EQ(complaint("epB/1"), "");
}

/** What one function's reset leaves alone: how large the payloads are that the device's others send (6.6.2). */
TEST(FunctionLevelReset, KeepsThePayloadSizeOfADevice)
{
    const auto scenario = load_text(
        "doorbell: 1\nduration: 20 us\nplatform: { its: { A: {} }, smmu: { S: {} } }\npcie:\n  rc0:\n"
        "    root-ports: { rp0: { acs: full, below: { ep: { endpoint: { msi-x: 1, functions: 2, acs: full } } } "
        "} }\nsoftware: { reset-time: 5 us, max-payload: 256 B }\n"
        "timeline: [ { at: 2 us, device: ep, action: reset } ]\n"
        "traffic: { ep/1: [ { dma-write: { size: 256 B, period: 500 ns, buffer: 4 KiB } }, { msi: { period: 1 "
        "us } } ] }\n");
    struct system_options options = {};

    options.checkers = true; /* a payload beyond function 0's Max_Payload_Size ends the run */
    Whole whole(scenario.get(), options);
    whole.start();
    whole.run();
    const run_result &result = whole.finish();
    const run_device &device = device_of(result, "ep/1");

    EXPECT_EQ(device.lost, 0u);
    EXPECT_GT(device.writes_sent, 30u);
    EXPECT_EQ(device.writes_visible, device.writes_sent);
    EXPECT_EQ(result.steps.items[result.steps.count - 1].outcome, std::string("ok"));
}

/** Of pages that come on demand nobody foretells data that nobody maps them for. */
TEST(DataOnDemand, IsForetoldWhereSomebodyMapsItsPages)
{
    const std::pair<const char *, const char *> rows[] = {
        {"", "holds"},
        {"software: { consumers: { u: { kind: iommufd, devices: [ep], faults: answered } } }\n", "holds"},
        {"software: { consumers: { u: { kind: iommufd, devices: [ep], faults: refused } } }\n", "not-applicable"},
        {"software: { consumers: { u: { kind: iommufd, devices: [ep] } } }\n", "not-applicable"},
        {"software: { consumers: { u: { kind: vfio, devices: [ep] } } }\n", "not-applicable"}};

    for (const auto &[software, expected] : rows) {
        const auto scenario = load_text(
            "doorbell: 1\nduration: 100 us\nplatform: { its: { A: {} }, smmu: { S: { idr: { ats: yes, pri: yes } } } "
            "}\n"
            "pcie: { rc0: { root-ports: { rp0: { acs: full, below: { ep: { endpoint: { msi-x: 1, ats: {}, pri: {} } } "
            "} } "
            "} } }\n" +
            std::string(software) +
            "traffic: { ep: [ { dma-write: { size: 64 B, period: 10 us, buffer: 4 KiB, pages: on-demand } }, { msi: { "
            "period: 10 us, start: 15 us } } ] }\n");
        struct verdict_list verdicts = {};
        struct host_error error = {};

        ASSERT_TRUE(scenario_foretell(scenario.get(), &verdicts, nullptr, &error)) << error.text;
        Whole whole(scenario.get());
        whole.start();
        whole.run();
        EXPECT_EQ(outcome_of(whole.finish().verdicts, "data-before-interrupt"), expected) << software;
        EXPECT_EQ(outcome_of(verdicts, "data-before-interrupt"), expected) << software;
        verdict_list_clear(&verdicts);
    }
}

/** A message that comes to a frame when its SPI is switched off ends there, and the run ends too. */
TEST(LateMessages, OfAnSpiThatIsSwitchedOffAreAccountedFor)
{
    /* Tables are cold and memory is slow, so that the first messages come when their driver has gone. */
    const auto scenario =
        load_text("doorbell: 1\nduration: 20 us\nplatform: { its: { A: {} }, v2m: { M: { spis: 16 } }, distributor: { "
                  "spis: 64 }, smmu: { S: {} }, memory: { latency: 900 ns } }\npcie:\n  rc0:\n"
                  "    iommu-map: [[0, S, 0, 0x10000]]\n    msi-map: [[0, M, 0, 0x10000]]\n"
                  "    root-ports: { rp0: { acs: full, below: { ep: { endpoint: { msi-x: 2 } } } } }\n"
                  "timeline: [ { at: 2 us, device: ep, action: disable-interrupts } ]\n"
                  "traffic: { ep: [ { msi: { vectors: all, period: 500 ns } } ] }\n");
    Whole whole(scenario.get());

    whole.start();
    whole.run();
    const run_result &result = whole.finish();
    const run_device &device = device_of(result, "ep");
    uint64_t dropped = 0;

    for (const run_tally &tally : device.dropped) {
        dropped += tally.count;
    }
    EXPECT_EQ(collector_outstanding(whole.collector()), 0u);
    EXPECT_EQ(device.delivered, 0u);
    EXPECT_EQ(device.dropped[SIM_DROP_LPI_DISABLED].count, 2u) << "one for each vector; others are merged";
    EXPECT_GT(device.merged, 0u);
    EXPECT_EQ(device.born, device.merged + dropped);
}

} // namespace

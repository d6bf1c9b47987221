// Reports for a person, made of results as extreme as they can be.
#include "report/run_text.h"
#include "report/verdict_text.h"
#include "tests/report/captured.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace
{

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

// A run's result whose arrays are this object's.
struct Result {
    run_result result = {};
    std::vector<run_device> devices;
    std::vector<run_hop> hops;
    std::vector<run_expectation> expectations;
    std::vector<std::string> texts; // reserved, so that they stay where they are

    Result()
    {
        texts.reserve(100);
        result.title = keep("Title");
        result.path = keep("dir/file.yaml");
    }

    ~Result()
    {
        verdict_list_clear(&result.verdicts);
    }
    Result(const Result &) = delete;
    Result &operator=(const Result &) = delete;

    char *keep(const std::string &text)
    {
        texts.push_back(text);
        return texts.back().data();
    }

    std::string text()
    {
        result.devices = devices.data();
        result.device_count = devices.size();
        result.hops = hops.data();
        result.hop_count = hops.size();
        result.expectations = expectations.data();
        result.expectation_count = expectations.size();
        return captured::text([this](FILE *out) { EXPECT_TRUE(run_text_write(out, &result)); });
    }
};

run_latency latency(uint64_t count, sim_time time)
{
    return {count, time, time, time, time, time, time, time};
}

run_device device(char *name, uint64_t count, sim_time time)
{
    run_device made = {};
    made.name = name;
    made.born = count;
    made.merged = count;
    made.lost = count;
    made.delivered = count;
    made.latency = latency(count, time);
    return made;
}

TEST(RunText, ShowsEveryDeviceThatRaisedMsis)
{
    Result r;
    r.devices = {device(r.keep("epA"), 1234, 812 * SIM_NS), device(r.keep("epB"), 0, 0),
                 device(r.keep("epC"), 7, 3 * SIM_US)};
    r.devices[2].lost = 2;
    r.devices[2].dropped[SIM_DROP_SMMU_FAULT].count = 1;
    r.devices[0].lost = 0;
    std::string text = r.text();

    EXPECT_TRUE(has(text, "  epA                 1234")) << text;
    EXPECT_TRUE(has(text, "812.0 ns")) << text;
    EXPECT_FALSE(has(text, "epB")) << text;
    EXPECT_TRUE(has(text, "  all                 1241    1241      2")) << text;
    EXPECT_TRUE(has(text, "Lost MSIs of epC\n          1  smmu-fault\n          1  still on their way")) << text;
    EXPECT_FALSE(has(text, "Lost MSIs of epA"));
}

TEST(RunText, SaysThatThereWereNone)
{
    Result r;
    r.devices = {device(r.keep("epA"), 0, 0)};
    EXPECT_TRUE(has(r.text(), "no device raised an MSI"));
}

TEST(RunText, ExtremesFitOneHundredColumnsAndKeepTheirNames)
{
    for (uint64_t count : {UINT64_C(0), UINT64_C(9999999999), UINT64_MAX}) {
        for (sim_time time : {SIM_TIME_NEVER, SIM_TIME_NEVER - 1, 9999 * SIM_S, 999950 * SIM_US, SIM_PS}) {
            Result r;
            std::string name(300, 'n');
            std::string stage = "a-switch-with-a-name-of-some-length -> another-endpoint-with-a-name/7";
            r.result.title = r.keep(std::string(350, 't') + " end");
            r.result.path = r.keep(std::string(250, 'p'));
            r.result.seed = UINT64_MAX;
            r.result.duration = time;
            r.result.setup_time = time;
            r.result.interrupted = true;
            r.result.smmu_events = UINT32_MAX;
            r.result.latency = latency(count, time);
            r.devices = {device(r.keep(name), count, time), device(r.keep("exactly-14-car"), count, time)};
            for (run_tally &tally : r.devices[0].dropped) {
                tally.count = count / SIM_DROP_REASONS;
            }
            r.hops = {{r.keep(stage), 0, latency(count, time)}, {r.keep("sw0"), 1, latency(count, time)}};
            r.expectations = {
                {r.keep("key"), r.keep("w"), r.keep(std::string(200, 'g')), r.keep(std::string(99, 'f')), false},
                {r.keep(std::string(200, 'k')), r.keep("w"), r.keep("g"), r.keep("f"), true}};
            std::string text = r.text();
            EXPECT_LE(captured::widest(text), 100u) << text;
            EXPECT_TRUE(has(text, stage)) << text;
            EXPECT_TRUE(has(text, "INTERRUPTED")) << text;
            if (count > 0) {
                EXPECT_GE(std::count(text.begin(), text.end(), 'n'), 300) << text;
                EXPECT_TRUE(has(text, "  exactly-14-car ")) << "columns keep a blank between them\n" << text;
            }
        }
    }
}

TEST(RunText, SharesAddUpToOne)
{
    Result r;
    r.result.latency = latency(1000000000, 4000000000000);
    r.hops = {{r.keep("a"), 0, latency(1000000000, 1000000000000)},
              {r.keep("b"), 1, latency(1000000000, 3000000000000)}};
    std::string text = r.text();
    EXPECT_TRUE(has(text, " 25.0%\n")) << text;
    EXPECT_TRUE(has(text, " 75.0%\n")) << text;
}

TEST(RunText, SaysWhichExpectationsFailed)
{
    Result r;
    r.expectations = {{r.keep("msi.lost"), r.keep("0"), r.keep("3"), r.keep("f.yaml:7"), false},
                      {r.keep("msi.count"), r.keep("> 5"), r.keep("9"), r.keep("f.yaml:8"), true},
                      {r.keep("doorbell-per-group"), r.keep("holds"), r.keep("holds"), r.keep("f.yaml:9"), true}};
    std::string text = r.text();
    EXPECT_TRUE(has(text, "  FAILED  msi.lost: expected 0, got 3 (f.yaml:7)\n")) << text;
    EXPECT_TRUE(has(text, "  met     msi.count: > 5 (9)\n")) << text;
    EXPECT_TRUE(has(text, "  met     doorbell-per-group: holds\n")) << text;
}

TEST(VerdictText, WrapsWithoutLosingAWord)
{
    for (size_t length = 1; length < 130; length++) {
        Result r;
        std::string sentence;
        for (unsigned i = 0; i < 40; i++) {
            sentence += "w" + std::to_string(i * length) + " ";
        }
        verdict *verdict =
            verdict_list_add(&r.result.verdicts, "doorbell-per-group", VERDICT_VIOLATED, "%s", sentence.c_str());
        verdict_add_evidence(verdict, std::string(length, 's').c_str(), "%s", sentence.c_str());
        std::string text = captured::text([&](FILE *out) { EXPECT_TRUE(verdict_text_write(out, &r.result.verdicts)); });
        EXPECT_LE(captured::widest(text), 100u) << text;
        std::vector<std::string> got = captured::words(text);
        std::vector<std::string> wanted = captured::words(sentence);
        auto first = std::search(got.begin(), got.end(), wanted.begin(), wanted.end());
        ASSERT_NE(first, got.end()) << text;
        auto second = std::search(first + 40, got.end(), wanted.begin(), wanted.end());
        ASSERT_NE(second, got.end()) << text;
    }
}

TEST(VerdictText, DevicesWithLongNamesKeepAllTheyHave)
{
    for (size_t length : {1u, 20u, 60u, 255u, 256u, 257u, 5000u}) {
        Result r;
        std::string name(length, 'e');
        verdict_device shown = {};
        shown.name = name.data();
        shown.segment = UINT32_MAX;
        shown.rid = 0x300;
        shown.stream_id = 0xffffffff;
        shown.smmu = name.data();
        shown.device_id = 0x12345678;
        shown.its = name.data();
        shown.doorbell = 0xfffffffff0040;
        shown.msi_count = UINT64_MAX;
        shown.first_packet = UINT64_MAX;
        verdict *verdict = verdict_list_add(&r.result.verdicts, "claim", VERDICT_VIOLATED, "no");
        verdict_evidence_add_device(verdict_add_evidence(verdict, "group 0", "why"), &shown);
        std::string text = captured::text([&](FILE *out) { verdict_text_write(out, &r.result.verdicts); });
        EXPECT_LE(captured::widest(text), 100u) << length;
        EXPECT_TRUE(has(text, "0xffffffff at"));
        EXPECT_TRUE(has(text, "0x12345678 at"));
        EXPECT_TRUE(has(text, "            doorbell 0xfffffffff0040, hit by 18446744073709551615 MSIs"));
        EXPECT_GE(static_cast<size_t>(std::count(text.begin(), text.end(), 'e')), 3 * length);
    }
}

TEST(VerdictText, WhatIsNotApplicableComesLast)
{
    Result r;
    verdict_list_add(&r.result.verdicts, "one", VERDICT_NOT_APPLICABLE, "nothing there");
    verdict_list_add(&r.result.verdicts, "two", VERDICT_HOLDS, "fine");
    verdict_list_add(&r.result.verdicts, "three", VERDICT_VIOLATED, "not fine");
    std::string text = captured::text([&](FILE *out) { verdict_text_write(out, &r.result.verdicts); });
    EXPECT_LT(text.find("two"), text.find("three"));
    EXPECT_LT(text.find("three"), text.find("one"));
    EXPECT_TRUE(has(text, "nothing there"));
}

} // namespace

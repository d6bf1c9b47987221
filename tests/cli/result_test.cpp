/* The verbs on real files: what they print, where, and with which exit status. */
#include "tests/cli/json.h"
#include "tests/cli/process.h"

#include "sim/systemc/systemc_engine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

namespace
{

using cli_test::document;
using cli_test::doorbell;
using cli_test::Folder;
using cli_test::integer_of;
using cli_test::Json;
using cli_test::Process;
using cli_test::Result;
using cli_test::text_of;

const std::string minimal = DOORBELL_SOURCE_DIR "/scenarios/examples/minimal.yaml";
const std::string split = DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml";
const std::string board = DOORBELL_SOURCE_DIR "/tests/data/dt/reference-split.dts";

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

bool list_has(const json_t *list, const std::string &text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (text == json_string_value(json_array_get(list, i))) {
            return true;
        }
    }
    return false;
}

TEST(Show, PrintsWhatReadsTheSame)
{
    const Folder folder;
    const Result first = doorbell({"show", split});
    const Result again = doorbell({"show", folder.write("again.yaml", first.out)});

    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_TRUE(has(first.out, "# default")) << first.out;
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_TRUE(has(again.out, "title: \"Two ITS behind a switch without ACS\"") ||
                has(again.out, "title: Two ITS behind a switch without ACS"))
        << again.out;
}

TEST(Show, JsonHasTheValuesAndNamesTheDefaults)
{
    const Result result = doorbell({"show", split, "--json", "--seed", "12", "--set", "memory.latency=99 ns"});
    const Json json = document(result.out);
    const json_t *scenario = json_object_get(json.get(), "scenario");
    const json_t *defaults = json_object_get(json.get(), "defaults");
    const json_t *platform = json_object_get(scenario, "platform");

    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(text_of(json.get(), "command"), "show");
    EXPECT_EQ(integer_of(scenario, "seed"), 12);
    EXPECT_EQ(text_of(scenario, "duration"), "1 ms");
    EXPECT_EQ(text_of(json_object_get(platform, "memory"), "latency"), "99 ns");
    EXPECT_EQ(text_of(json_object_get(json_object_get(platform, "its"), "A"), "base"), "0x0808_0000");
    EXPECT_TRUE(list_has(defaults, "platform.memory.clock"));
    EXPECT_FALSE(list_has(defaults, "platform.memory.latency"));
    EXPECT_FALSE(list_has(defaults, "seed"));
}

TEST(CheckScenario, ReferenceTopologyIsViolated)
{
    const Result text = doorbell({"check", split});
    const Result result = doorbell({"check", split, "--json"});
    const Json json = document(result.out);
    const json_t *verdict = json_object_get(json_object_get(json.get(), "verdicts"), "doorbell-per-group");

    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_TRUE(has(text.out, "doorbell-per-group")) << text.out;
    EXPECT_TRUE(has(text.out, "met     doorbell-per-group: violated")) << text.out;
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(text_of(verdict, "outcome"), "violated");
    EXPECT_EQ(integer_of(json.get(), "exit-status"), 0);
}

TEST(CheckScenario, AFailedExpectationExitsWithOne)
{
    const std::vector<std::string> words = {"check", split, "--set", "expect.doorbell-per-group=holds"};
    const Result text = doorbell(words);
    std::vector<std::string> with_json = words;

    with_json.push_back("--json");
    const Result result = doorbell(with_json);
    const Json json = document(result.out);
    const json_t *first = json_array_get(json_object_get(json.get(), "expectations"), 0);

    EXPECT_EQ(text.status, 1) << text.err;
    EXPECT_TRUE(has(text.out, "FAILED  doorbell-per-group: expected holds, got violated")) << text.out;
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(integer_of(json.get(), "exit-status"), 1);
    EXPECT_EQ(text_of(first, "key"), "doorbell-per-group");
    EXPECT_EQ(text_of(first, "wanted"), "holds");
    EXPECT_EQ(text_of(first, "got"), "violated");
    EXPECT_TRUE(json_is_false(json_object_get(first, "met")));
}

/** Whether the program dtc is there: a board's source cannot be read without. */
bool have_dtc()
{
    return system("dtc --version >/dev/null 2>&1") == 0;
}

TEST(CheckBoard, SourceIsJudged)
{
    if (!have_dtc()) {
        GTEST_SKIP() << "the program dtc is not installed";
    }
    const Result text = doorbell({"check", board});
    const Result result = doorbell({"check", board, "--json"});
    const Json json = document(result.out);

    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_TRUE(has(text.out, "doorbell-per-group")) << text.out;
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(text_of(json.get(), "command"), "check");
    EXPECT_EQ(text_of(json.get(), "file"), board);
    EXPECT_GT(json_array_size(json_object_get(json.get(), "hosts")), 0U);
}

TEST(CheckBoard, ABlobIsKnownByItsFirstBytes)
{
    const Folder folder;
    const std::string blob = folder.path("board.bin");

    if (!have_dtc()) {
        GTEST_SKIP() << "the program dtc is not installed";
    }
    ASSERT_EQ(system(("dtc -q -I dts -O dtb -o '" + blob + "' '" + board + "' 2>/dev/null").c_str()), 0);
    const Result result = doorbell({"check", blob, "--json"});

    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_GT(json_array_size(json_object_get(document(result.out).get(), "hosts")), 0U);
}

TEST(CheckBoard, BrokenBlobsExitWithTwo)
{
    const Folder folder;
    const std::string magic = "\xd0\x0d\xfe\xed";
    const std::string by_magic = folder.write("board.bin", magic + "and then nothing of the kind");
    const std::string by_name = folder.write("board.dtb", "nothing of the kind");

    for (const std::string &file : {by_magic, by_name}) {
        const Result result = doorbell({"check", file, "--json"});
        const Json json = document(result.out);
        const json_t *first = json_array_get(json_object_get(json.get(), "diagnostics"), 0);

        EXPECT_EQ(result.status, 2) << result.err;
        EXPECT_EQ(result.err.rfind(file + ": error[", 0), 0U) << result.err;
        EXPECT_EQ(text_of(first, "file"), file);
        EXPECT_FALSE(has(text_of(first, "message"), "error[")) << text_of(first, "message");
    }
}

TEST(CheckBoard, TakesNoSet)
{
    const Result result = doorbell({"check", board, "--set", "seed=1"});

    EXPECT_EQ(result.status, 2);
    EXPECT_TRUE(has(result.err, "device tree")) << result.err;
}

TEST(Run, MinimalScenario)
{
    const Result text = doorbell({"run", minimal});
    const Result result = doorbell({"run", minimal, "--json"});
    const Json json = document(result.out);

    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_EQ(text.err, "") << "no progress line where there is no terminal";
    EXPECT_TRUE(has(text.out, "ep0")) << text.out;
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(text_of(json.get(), "command"), "run");
    EXPECT_EQ(integer_of(json.get(), "exit-status"), 0);
    EXPECT_GT(integer_of(json_object_get(json.get(), "latency"), "count"), 0);
    EXPECT_TRUE(json_is_false(json_object_get(json.get(), "interrupted")));
}

TEST(Run, EnginesAndShufflingChangeNothing)
{
    const Result native = doorbell({"run", split, "--json", "--set", "duration=200 us"});
    std::vector<std::vector<std::string>> others = {{"--shuffle", "1"}, {"--engine", "every-cycle", "--shuffle=99"}};

    ASSERT_LE(native.status, 1) << native.err;
    if (sim_systemc_engine() != nullptr) {
        others.push_back({"--engine", "systemc"});
    }
    for (const std::vector<std::string> &other : others) {
        std::vector<std::string> words = {"run", split, "--json", "--set", "duration=200 us"};

        words.insert(words.end(), other.begin(), other.end());
        EXPECT_EQ(doorbell(words).out, native.out) << other[0] << ' ' << other[1];
    }
}

TEST(Run, ASeedOfItsOwn)
{
    const Result one = doorbell({"run", split, "--json", "--set", "duration=200 us", "--seed", "1"});
    const Result two = doorbell({"run", split, "--json", "--set", "duration=200 us", "--seed", "2"});

    EXPECT_EQ(text_of(document(one.out).get(), "seed"), "1");
    EXPECT_EQ(text_of(document(two.out).get(), "seed"), "2");
    EXPECT_NE(text_of(document(one.out).get(), "fingerprint"), text_of(document(two.out).get(), "fingerprint"));
}

TEST(Run, AFailedExpectationExitsWithOne)
{
    const Result text = doorbell({"run", minimal, "--set", "expect.msi.latency.max=< 1 ns"});
    const Result result = doorbell({"run", minimal, "--set", "expect.msi.latency.max=< 1 ns", "--json"});

    EXPECT_EQ(text.status, 1) << text.err;
    EXPECT_TRUE(has(text.out, "FAILED  msi.latency.max")) << text.out;
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(integer_of(document(result.out).get(), "exit-status"), 1);
}

TEST(Run, OutputIsTheSameInAFile)
{
    const Folder folder;
    const std::string file = folder.write("result.json", "old");
    const Result printed = doorbell({"run", minimal, "--json"});
    const Result written = doorbell({"run", minimal, "--json", "-o", file});

    EXPECT_EQ(written.status, 0) << written.err;
    EXPECT_EQ(written.out, "");
    EXPECT_EQ(folder.read("result.json"), printed.out);
    EXPECT_EQ(folder.count(), 1U);
}

TEST(Run, AFailureLeavesTheFileAlone)
{
    const Folder folder;
    const std::string file = folder.write("result.json", "old");
    const Result wrong = doorbell({"run", minimal, "--set", "duratoin=1 ms", "--json", "-o", file});
    const Result unwritable = doorbell({"run", minimal, "--json", "-o", folder.path("absent/result.json")});

    EXPECT_EQ(wrong.status, 2) << wrong.err;
    EXPECT_EQ(folder.read("result.json"), "old");
    EXPECT_EQ(integer_of(document(wrong.out).get(), "exit-status"), 2) << "the failure is told on standard output";
    EXPECT_EQ(unwritable.status, 4) << unwritable.err;
    EXPECT_EQ(integer_of(document(unwritable.out).get(), "exit-status"), 4);
    EXPECT_EQ(folder.count(), 1U);
}

TEST(Run, AFullDiskExitsWithFour)
{
    if (!std::ifstream("/dev/full").good()) {
        GTEST_SKIP() << "this system has no /dev/full";
    }
    const Result result = doorbell({"run", minimal, "-o", "/dev/full"});

    EXPECT_EQ(result.status, 4);
    EXPECT_TRUE(has(result.err, "cannot write")) << result.err;
}

TEST(Run, SystemcRunsOrSaysThatItIsAbsent)
{
    const Result result = doorbell({"run", minimal, "--engine", "systemc"});

    if (sim_systemc_engine() != nullptr) {
        EXPECT_EQ(result.status, 0) << result.err;
        EXPECT_EQ(result.out, doorbell({"run", minimal}).out);
    } else {
        EXPECT_EQ(result.status, 4);
        EXPECT_TRUE(has(result.err, "absent from this build")) << result.err;
    }
}

TEST(Run, SystemcTakesAnOrderToo)
{
    const Result result = doorbell({"run", minimal, "--engine", "systemc", "--shuffle", "1"});

    EXPECT_EQ(result.status, sim_systemc_engine() != nullptr ? 0 : 4) << result.err;
    EXPECT_EQ(result.out, sim_systemc_engine() != nullptr ? doorbell({"run", minimal}).out : "");
}

/** Interrupts a run that would go on for long. */
void expect_interrupted(int signal)
{
    Process process({"run", minimal, "--json", "--set", "duration=20 s"});

    ASSERT_TRUE(cli_test::wait_for_handler(process.id(), signal)) << process.wait().err;
    kill(process.id(), signal);
    const Result result = process.wait();
    const Json json = document(result.out);

    EXPECT_EQ(result.status, 128 + signal) << result.err;
    EXPECT_TRUE(json_is_true(json_object_get(json.get(), "interrupted")));
    EXPECT_EQ(integer_of(json.get(), "exit-status"), 128 + signal);
}

TEST(Run, InterruptedKeepsWhatItHas)
{
    if (!std::ifstream("/proc/self/status").good()) {
        GTEST_SKIP() << "this system has no /proc, which tells when the command listens to signals";
    }
    expect_interrupted(SIGINT);
    expect_interrupted(SIGTERM);
}

} // namespace

/* `doorbell run --trace-vcd`: the waveforms, read back, are the same on every engine and end where the result does. */
#include "tests/cli/json.h"
#include "tests/cli/process.h"

#include "sim/systemc/systemc_engine.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace
{

using cli_test::document;
using cli_test::doorbell;
using cli_test::Folder;
using cli_test::Json;
using cli_test::Result;

const std::string split = DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml";

/* One signal: its value when the window opens, and what happens then. */
struct Wave {
    unsigned width = 0;
    uint64_t first = 0;
    std::vector<std::pair<uint64_t, uint64_t>> changes;

    bool operator==(const Wave &other) const
    {
        return width == other.width && first == other.first && changes == other.changes;
    }

    uint64_t last() const
    {
        return changes.empty() ? first : changes.back().second;
    }
};

/* Reads a VCD (IEEE 1364, 18) whose outermost scope is left out of names. @param from earlier changes make `first` */
class Reader
{
  public:
    Reader(const std::string &text, uint64_t from) : from_(from), words_(text)
    {
        std::string word;

        while (words_ >> word) {
            if (word == "$scope") {
                words_ >> word >> word;
                scopes_.push_back(word);
            } else if (word == "$upscope") {
                scopes_.pop_back();
            } else if (word == "$var") {
                declare();
            } else if (word == "$timescale") {
                std::string unit;
                words_ >> word >> unit;
                EXPECT_EQ(word + unit, "1fs");
            } else if (word == "$comment" || word == "$version" || word == "$date") {
                while (words_ >> word && word != "$end") {
                }
            } else if (word[0] == '#') {
                const uint64_t time = std::stoull(word.substr(1));
                EXPECT_GE(time, time_);
                time_ = time;
            } else if (word[0] == 'b') {
                change(word.substr(1));
            }
        }
        EXPECT_TRUE(scopes_.empty());
    }

    std::map<std::string, Wave> waves;
    uint64_t begin = UINT64_MAX; /**< the time of the first value */

  private:
    void declare()
    {
        std::string kind;
        std::string code;
        std::string name;
        std::string path;
        unsigned width = 0;

        words_ >> kind >> width >> code >> name;
        for (size_t i = 1; i < scopes_.size(); i++) {
            path += scopes_[i] + ".";
        }
        EXPECT_EQ(waves.count(path + name), 0u) << path << name;
        codes_[code] = path + name;
        waves[path + name].width = width;
    }

    void change(const std::string &bits)
    {
        std::string code;

        words_ >> code;
        ASSERT_EQ(codes_.count(code), 1u) << code;
        ASSERT_EQ(bits.find_first_not_of("01"), std::string::npos) << bits;
        Wave &wave = waves[codes_[code]];
        const uint64_t value = std::stoull(bits, nullptr, 2);
        const bool opens = begin == UINT64_MAX || (time_ == begin && wave.changes.empty() && seen_.insert(code).second);

        begin = std::min(begin, time_);
        seen_.insert(code);
        if (opens || time_ < from_) {
            wave.first = value;
        } else if (value != wave.last()) {
            wave.changes.emplace_back(time_, value);
        }
    }

    uint64_t from_;
    std::istringstream words_;
    std::vector<std::string> scopes_;
    std::map<std::string, std::string> codes_;
    std::set<std::string> seen_;
    uint64_t time_ = 0;
};

std::string waveform(const std::vector<std::string> &more)
{
    const Folder folder;
    std::vector<std::string> words = {"run", split, "--set", "duration=30us", "--trace-vcd", folder.path("w.vcd")};

    words.insert(words.end(), more.begin(), more.end());
    const Result result = doorbell(words);
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(folder.count(), 1u);
    return folder.read("w.vcd");
}

TEST(Waveform, EveryEngineShowsTheSame)
{
    const std::string native = waveform({});
    const Reader reader(native, 0);

    EXPECT_GT(reader.waves.size(), 300u);
    EXPECT_EQ(waveform({"--engine", "every-cycle"}), native);
    EXPECT_EQ(waveform({"--shuffle", "3"}), native);
    if (sim_systemc_engine() != nullptr) {
        const std::string text = waveform({"--engine", "systemc"});
        const Reader systemc(text, reader.begin);

        EXPECT_EQ(text.find("$date"), std::string::npos);
        ASSERT_EQ(systemc.waves.size(), reader.waves.size());
        for (const auto &wave : reader.waves) {
            ASSERT_EQ(systemc.waves.count(wave.first), 1u) << wave.first;
            EXPECT_TRUE(systemc.waves.at(wave.first) == wave.second) << wave.first;
        }
        EXPECT_EQ(waveform({"--engine", "systemc", "--shuffle", "2"}), text);
    }
}

TEST(Waveform, CountersEndWhereTheResultDoes)
{
    const Reader reader(waveform({}), 0);
    const Result result = doorbell({"run", split, "--set", "duration=30us", "--json"});
    const Json json = document(result.out);
    unsigned compared = 0;

    for (const char *component : {"A", "B", "rd0", "rd1", "interconnect", "sw0"}) {
        const json_t *counters = json_object_get(json_object_get(json.get(), "counters"), component);
        const char *name;
        json_t *value;

        json_object_foreach(const_cast<json_t *>(counters), name, value)
        {
            std::string plain = name;
            std::replace(plain.begin(), plain.end(), '-', '_');
            const auto wave = reader.waves.find(std::string(component) + "." + plain);

            ASSERT_NE(wave, reader.waves.end()) << component << "." << name;
            /* Afterwards software reads the SMMU's event queue, by accesses that are counted too. */
            if (std::string(component) != "interconnect") {
                EXPECT_EQ(wave->second.last(), static_cast<uint64_t>(json_integer_value(value)))
                    << component << "." << name;
            }
            compared++;
        }
    }
    EXPECT_GT(compared, 40u);
    EXPECT_GT(reader.waves.at("A_to_rd0.pushed").last(), 0u);
    EXPECT_EQ(reader.waves.at("A_to_rd0.held").last(), 0u);
}

TEST(Waveform, WindowAndScopeFilter)
{
    const Reader all(waveform({}), 0);
    const Reader some(waveform({"--scope", "rd?", "--scope", "* -> A", "--window", "10us..20us"}), 0);
    const uint64_t from = some.begin;
    const uint64_t to = from + UINT64_C(10000000000);

    EXPECT_EQ(from, all.begin + UINT64_C(10000000000));
    EXPECT_EQ(some.waves.count("rd0.set"), 1u);
    EXPECT_EQ(some.waves.count("interconnect_to_A.held"), 1u);
    EXPECT_EQ(some.waves.count("A.msis"), 0u);
    EXPECT_LT(some.waves.size(), all.waves.size() / 2);
    for (const auto &wave : some.waves) {
        Wave cut = all.waves.at(wave.first);
        std::vector<std::pair<uint64_t, uint64_t>> inside;

        for (const auto &change : cut.changes) {
            if (change.first < from) {
                cut.first = change.second;
            } else if (change.first < to) {
                inside.push_back(change);
            }
        }
        cut.changes = inside;
        EXPECT_TRUE(wave.second == cut) << wave.first;
    }
}

TEST(Waveform, WhatMakesNoSenseIsRefused)
{
    const Folder folder;
    const std::string file = folder.path("w.vcd");
    const Result nothing = doorbell({"run", split, "--trace-vcd", file, "--scope", "rdx"});

    EXPECT_EQ(nothing.status, 2);
    EXPECT_NE(nothing.err.find("no component or channel is called like 'rdx'"), std::string::npos) << nothing.err;
    EXPECT_EQ(doorbell({"run", split, "--scope", "rd0"}).status, 2);
    EXPECT_EQ(doorbell({"run", split, "--trace-vcd", folder.path("absent/w.vcd")}).status, 4);
    EXPECT_EQ(folder.count(), 0u);
}

TEST(Waveform, ViewersReadIt)
{
    const Folder folder;
    const std::string file = folder.write("w.vcd", waveform({"--window", "0us..5us"}));
    const std::string command = "vcd2fst " + file + " " + folder.path("w.fst") + " >/dev/null 2>&1";

    if (std::system("command -v vcd2fst >/dev/null") != 0) {
        GTEST_SKIP() << "vcd2fst, of the package gtkwave, is not installed";
    }
    EXPECT_EQ(std::system(command.c_str()), 0);
    EXPECT_GT(folder.read("w.fst").size(), 1000u);
}

} // namespace

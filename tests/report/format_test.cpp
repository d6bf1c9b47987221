// How reports write numbers and words.
#include "report/format.h"
#include "result/verdict.h"
#include "tests/report/captured.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <random>

namespace
{

std::string duration(sim_time time)
{
    return report_duration(time).text;
}

TEST(Duration, HasFourDigitsAndAFittingUnit)
{
    EXPECT_EQ(duration(0), "0 ns");
    EXPECT_EQ(duration(SIM_TIME_NEVER), "-");
    EXPECT_EQ(duration(SIM_PS), "0.001 ns");
    EXPECT_EQ(duration(3555 * SIM_PS), "3.555 ns");
    EXPECT_EQ(duration(105 * SIM_NS), "105.0 ns");
    EXPECT_EQ(duration(812 * SIM_NS), "812.0 ns");
    EXPECT_EQ(duration(1234 * SIM_NS), "1.234 us");
    EXPECT_EQ(duration(12340 * SIM_NS), "12.34 us");
    EXPECT_EQ(duration(SIM_MS), "1.000 ms");
    EXPECT_EQ(duration(2500 * SIM_MS), "2.500 s");
    EXPECT_EQ(duration(9999 * SIM_S), "9999 s");
    EXPECT_EQ(duration(SIM_TIME_NEVER - 1), "18447 s");
}

TEST(Duration, RoundsToTheNearestAndCarriesIntoTheNextUnit)
{
    EXPECT_EQ(duration(1), "0.001 ns") << "what is not 0 does not read as 0";
    EXPECT_EQ(duration(1499), "0.001 ns");
    EXPECT_EQ(duration(1500), "0.002 ns");
    EXPECT_EQ(duration(1234499), "1.234 ns");
    EXPECT_EQ(duration(1234500), "1.235 ns");
    EXPECT_EQ(duration(9999499), "9.999 ns");
    EXPECT_EQ(duration(9999500), "10.00 ns");
    EXPECT_EQ(duration(99995 * SIM_PS), "100.0 ns");
    EXPECT_EQ(duration(999949 * SIM_PS), "999.9 ns");
    EXPECT_EQ(duration(999950 * SIM_PS), "1.000 us");
    EXPECT_EQ(duration(999950 * SIM_US), "1.000 s");
    EXPECT_EQ(duration(SIM_US - 1), "1.000 us");
}

// The text means what was put in, within half of its last digit.
TEST(Duration, IsTrueForRandomTimes)
{
    const std::map<std::string, double> units = {{"ns", 1e6}, {"us", 1e9}, {"ms", 1e12}, {"s", 1e15}};
    std::mt19937_64 random(3);

    for (unsigned i = 0; i < 20000; i++) {
        sim_time time = random() >> random() % 60;
        std::vector<std::string> parts = captured::words(duration(time));
        ASSERT_EQ(parts.size(), 2u);
        ASSERT_LE(duration(time).size(), 8u) << time;
        ASSERT_EQ(units.count(parts[1]), 1u) << parts[1];
        double got = std::stod(parts[0]) * units.at(parts[1]);
        double exact = static_cast<double>(time);
        ASSERT_NEAR(got, exact, std::max(1000.0, exact * 0.000501)) << time << " " << duration(time);
    }
}

TEST(ExactDuration, LosesNothing)
{
    EXPECT_STREQ(report_exact_duration(0).text, "0 ns");
    EXPECT_STREQ(report_exact_duration(1).text, "0.000001 ns");
    EXPECT_STREQ(report_exact_duration(105 * SIM_NS).text, "105 ns");
    EXPECT_STREQ(report_exact_duration(100 * SIM_NS).text, "100 ns");
    EXPECT_STREQ(report_exact_duration(3555 * SIM_PS).text, "3.555 ns");
    EXPECT_STREQ(report_exact_duration(SIM_TIME_NEVER).text, "-");
    EXPECT_STREQ(report_exact_duration(SIM_TIME_NEVER - 1).text, "18446744073709.551614 ns");
}

TEST(Count, FitsItsColumns)
{
    EXPECT_STREQ(report_count(0, 6).text, "0");
    EXPECT_STREQ(report_count(999999, 6).text, "999999");
    EXPECT_STREQ(report_count(1000000, 6).text, "1000k");
    EXPECT_STREQ(report_count(1234567890, 9).text, "1234567k");
    std::mt19937_64 random(4);
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t value = i == 0 ? UINT64_MAX : random() >> random() % 63;
        for (unsigned columns : {6u, 7u, 8u, 9u, 20u}) {
            std::string text = report_count(value, columns).text;
            ASSERT_LE(text.size(), columns) << value;
            uint64_t scale = 1;
            for (const char *suffix = "kMGTP"; *suffix != '\0' && !isdigit(text.back()); suffix++) {
                scale *= 1000;
                if (*suffix == text.back()) {
                    break;
                }
            }
            ASSERT_EQ(std::stoull(text), value / scale) << text;
        }
    }
}

TEST(Identifiers, AreHexadecimalOrADash)
{
    EXPECT_STREQ(report_hex(0x8090040).text, "0x8090040");
    EXPECT_STREQ(report_hex(VERDICT_NO_ID).text, "-");
    EXPECT_STREQ(report_hex(UINT64_MAX - 1).text, "0xfffffffffffffffe");
    EXPECT_STREQ(report_rid(0, 0x0300).text, "0000:03:00.0");
    EXPECT_STREQ(report_rid(0xffffffff, 0xffff).text, "ffffffff:ff:1f.7");
}

std::string wrapped(const std::string &words, size_t used, size_t indent)
{
    return captured::text([&](FILE *out) {
        fprintf(out, "%*s", static_cast<int>(used), "");
        report_words(out, words.c_str(), used, indent);
    });
}

TEST(Words, AreKeptWholeAndInTheirLines)
{
    std::mt19937_64 random(6);
    for (unsigned round = 0; round < 3000; round++) {
        size_t used = random() % 100;
        size_t indent = random() % 60;
        std::string text;
        for (uint64_t i = random() % 60; i > 0; i--) {
            text += std::string(1 + random() % 35, static_cast<char>('a' + i % 26)) + " ";
        }
        std::string result = wrapped(text, used, indent);
        ASSERT_EQ(captured::words(result), captured::words(text)) << result;
        ASSERT_LE(captured::widest(result), REPORT_COLUMNS) << result;
        ASSERT_EQ(result.back(), '\n');
    }
}

TEST(Words, ThatNoLineHoldsAreCut)
{
    std::string word;
    for (unsigned i = 0; i < 700; i++) {
        word += static_cast<char>('a' + i % 26);
    }
    for (size_t used : {0u, 8u, 99u, 100u}) {
        for (size_t indent : {0u, 8u, 40u, 99u}) {
            std::string result = wrapped(word + " end", used, indent);
            std::string joined;
            for (const std::string &part : captured::words(result)) {
                joined += part;
            }
            EXPECT_EQ(joined, word + "end");
            EXPECT_LE(captured::widest(result), REPORT_COLUMNS);
        }
    }
}

TEST(Words, CountCharactersNotBytes)
{
    std::string word;
    for (unsigned i = 0; i < 150; i++) {
        word += "\u00e9";
    }
    std::string result = wrapped(word, 0, 0);
    std::vector<std::string> lines = captured::lines(result);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(report_width(lines[0].c_str()), 100u);
    EXPECT_EQ(report_width(lines[1].c_str()), 50u);
    EXPECT_EQ(lines[0] + lines[1], word) << "no character is cut in two";
}

} // namespace

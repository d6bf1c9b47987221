#include "scenario/units.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace
{

uint64_t parsed(units_kind kind, const char *text)
{
    units_problem problem = {};
    uint64_t value = 0;

    EXPECT_TRUE(units_parse(kind, text, &value, &problem)) << text << ": " << problem.message;
    return value;
}

std::string refused(units_kind kind, const char *text)
{
    units_problem problem = {};
    uint64_t value = 0;

    EXPECT_FALSE(units_parse(kind, text, &value, &problem)) << text << " became " << value;
    EXPECT_GE(problem.length, 1u) << text;
    EXPECT_LE(problem.offset, strlen(text)) << text;
    return problem.message;
}

TEST(Units, Numbers)
{
    EXPECT_EQ(parsed(UNITS_NUMBER, "0"), 0u);
    EXPECT_EQ(parsed(UNITS_NUMBER, "1_000_000"), 1000000u);
    EXPECT_EQ(parsed(UNITS_NUMBER, "0x0808_0000"), 0x08080000u);
    EXPECT_EQ(parsed(UNITS_NUMBER, "0XfF"), 255u);
    EXPECT_EQ(parsed(UNITS_NUMBER, "18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(parsed(UNITS_NUMBER, "0xffffffffffffffff"), UINT64_MAX);
    EXPECT_NE(refused(UNITS_NUMBER, "18446744073709551616").find("too many digits"), std::string::npos);
    EXPECT_NE(refused(UNITS_NUMBER, "0x1_0000_0000_0000_0000").find("too many digits"), std::string::npos);
    EXPECT_NE(refused(UNITS_NUMBER, "010").find("leading zeros"), std::string::npos);
    EXPECT_NE(refused(UNITS_NUMBER, "0x").find("no hexadecimal digits"), std::string::npos);
    EXPECT_NE(refused(UNITS_NUMBER, "-1").find("negative"), std::string::npos);
    EXPECT_NE(refused(UNITS_NUMBER, "1.5").find("whole number"), std::string::npos);
    EXPECT_NE(refused(UNITS_NUMBER, "1e3").find("without a unit"), std::string::npos);
    EXPECT_NE(refused(UNITS_NUMBER, "8 KiB").find("without a unit"), std::string::npos);
    EXPECT_NE(refused(UNITS_NUMBER, "_1").find("does not start"), std::string::npos);
    EXPECT_NE(refused(UNITS_NUMBER, "").find("does not start"), std::string::npos);
}

TEST(Units, TimesAreWholeFemtoseconds)
{
    EXPECT_EQ(parsed(UNITS_TIME, "105 ns"), 105 * SIM_NS);
    EXPECT_EQ(parsed(UNITS_TIME, "105ns"), 105 * SIM_NS);
    EXPECT_EQ(parsed(UNITS_TIME, "1.5 us"), 1500 * SIM_NS);
    EXPECT_EQ(parsed(UNITS_TIME, "2 \xc2\xb5s"), 2 * SIM_US);
    EXPECT_EQ(parsed(UNITS_TIME, "2 \xce\xbcs"), 2 * SIM_US);
    EXPECT_EQ(parsed(UNITS_TIME, "0.000001 ns"), 1u);
    EXPECT_EQ(parsed(UNITS_TIME, "1.000000000000000 s"), SIM_S);
    EXPECT_EQ(parsed(UNITS_TIME, "1.000000000000001 s"), SIM_S + 1);
    EXPECT_EQ(parsed(UNITS_TIME, "18446 s"), 18446 * SIM_S);
    EXPECT_NE(refused(UNITS_TIME, "0.5 fs").find("femtoseconds"), std::string::npos);
    EXPECT_NE(refused(UNITS_TIME, "0.0000001 ns").find("femtoseconds"), std::string::npos);
    EXPECT_NE(refused(UNITS_TIME, "18447 s").find("too large"), std::string::npos);
    EXPECT_NE(refused(UNITS_TIME, "1.0000000000000000001 s").find("too many digits"), std::string::npos);
    EXPECT_NE(refused(UNITS_TIME, "0x10 ns").find("hexadecimal"), std::string::npos);
}

TEST(Units, ABareNumberIsToldWhichUnitsFit)
{
    EXPECT_NE(refused(UNITS_TIME, "80").find("fs, ps, ns, us, ms or s"), std::string::npos);
    EXPECT_NE(refused(UNITS_TIME, "80").find("`80 ns`"), std::string::npos);
    EXPECT_NE(refused(UNITS_SIZE, "64").find("KiB"), std::string::npos);
    EXPECT_NE(refused(UNITS_FREQUENCY, "2").find("GHz"), std::string::npos);
    EXPECT_NE(refused(UNITS_TRANSFER, "16").find("GT/s"), std::string::npos);
    EXPECT_NE(refused(UNITS_BANDWIDTH, "4").find("GB/s"), std::string::npos);
    EXPECT_NE(refused(UNITS_CYCLES, "4").find("cycles"), std::string::npos);
}

TEST(Units, AWrongUnitIsUnderlined)
{
    units_problem problem = {};
    uint64_t value;

    ASSERT_FALSE(units_parse(UNITS_TIME, "20 MHz", &value, &problem));
    EXPECT_EQ(problem.offset, 3u);
    EXPECT_EQ(problem.length, 3u);
    EXPECT_NE(std::string(problem.message).find("`MHz`"), std::string::npos);
}

TEST(Units, OtherQuantities)
{
    EXPECT_EQ(parsed(UNITS_FREQUENCY, "1.3 GHz"), 1300000000u);
    EXPECT_EQ(parsed(UNITS_SIZE, "64 KiB"), 65536u);
    EXPECT_EQ(parsed(UNITS_SIZE, "1.5 KiB"), 1536u);
    EXPECT_EQ(parsed(UNITS_SIZE, "4 GiB"), UINT64_C(1) << 32);
    EXPECT_EQ(parsed(UNITS_SIZE, "4 GB"), UINT64_C(4000000000));
    EXPECT_EQ(parsed(UNITS_SIZE, "0x1000 B"), 4096u);
    EXPECT_EQ(parsed(UNITS_TRANSFER, "2.5 GT/s"), 2500u);
    EXPECT_EQ(parsed(UNITS_TRANSFER, "32 GT/s"), 32000u);
    EXPECT_EQ(parsed(UNITS_BANDWIDTH, "4 GB/s"), UINT64_C(4000000000));
    EXPECT_EQ(parsed(UNITS_BANDWIDTH, "10 Gb/s"), UINT64_C(1250000000));
    EXPECT_EQ(parsed(UNITS_BANDWIDTH, "25.6 GB/s"), UINT64_C(25600000000));
    EXPECT_EQ(parsed(UNITS_CYCLES, "1 cycle"), 1u);
    EXPECT_EQ(parsed(UNITS_CYCLES, "12 cycles"), 12u);
    refused(UNITS_TRANSFER, "0.0001 GT/s");
    refused(UNITS_CYCLES, "1.5 cycles");
    refused(UNITS_SIZE, "0.3 B");
    refused(UNITS_BANDWIDTH, "0.000000001 Gb/s");
}

TEST(Units, PeriodsAreTheNearestFemtosecond)
{
    EXPECT_EQ(units_period(1300000000), 769231u);
    EXPECT_EQ(units_period(1000000000), 1000000u);
    EXPECT_EQ(units_period(3), 333333333333333u);
    EXPECT_EQ(units_period(1), SIM_S);
    EXPECT_EQ(units_period(UINT64_MAX), 1u);
}

TEST(Units, ScaleDoesNotOverflowOnTheWay)
{
    EXPECT_EQ(units_scale(256, SIM_S, 4000000000), 64 * SIM_NS);
    EXPECT_EQ(units_scale(UINT64_MAX, UINT64_MAX, UINT64_MAX), UINT64_MAX);
    EXPECT_EQ(units_scale(UINT64_MAX, 2, 1), UINT64_MAX);
    EXPECT_EQ(units_scale(1, 1, 2), 1u); /* halves go up */
    EXPECT_EQ(units_scale(1, 1, 3), 0u);
}

/* Whatever units_format() writes, units_parse() reads as the same value. */
TEST(Units, FormatAndParseAgree)
{
    const units_kind kinds[] = {UNITS_NUMBER,    UNITS_TIME,     UNITS_FREQUENCY, UNITS_SIZE,
                                UNITS_BANDWIDTH, UNITS_TRANSFER, UNITS_CYCLES};
    uint64_t state = 1;

    for (int i = 0; i < 20000; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        /* All magnitudes, and round numbers among them. */
        uint64_t value = state >> (state % 64);
        value = i % 3 == 0 ? value / 1000 * 1000 : i % 3 == 1 ? value / 1024 * 1024 : value;
        for (units_kind kind : kinds) {
            char text[32];
            units_format(kind, value, text, sizeof(text));
            ASSERT_EQ(parsed(kind, text), value) << text;
        }
    }
}

TEST(Units, FormatTakesTheLargestUnit)
{
    char text[32];

    units_format(UNITS_TIME, 105 * SIM_NS, text, sizeof(text));
    EXPECT_STREQ(text, "105 ns");
    units_format(UNITS_TIME, 1500 * SIM_NS, text, sizeof(text));
    EXPECT_STREQ(text, "1500 ns");
    units_format(UNITS_TIME, 0, text, sizeof(text));
    EXPECT_STREQ(text, "0 ns");
    units_format(UNITS_SIZE, 65536, text, sizeof(text));
    EXPECT_STREQ(text, "64 KiB");
    units_format(UNITS_NUMBER, 7, text, sizeof(text));
    EXPECT_STREQ(text, "7");
}

} // namespace

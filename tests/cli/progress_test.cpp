#include "cli/progress.h"

#include <gtest/gtest.h>

#include <string>

namespace
{

std::string line(sim_time now, sim_time duration, uint64_t msis, uint64_t elapsed)
{
    const scenario_progress where{now, duration, msis};
    char text[128];

    cli_progress_text(text, sizeof(text), &where, elapsed);
    return text;
}

TEST(Progress, SaysHowFarAndHowLong)
{
    EXPECT_EQ(line(SIM_MS / 4, SIM_MS, 1000, 2000000000), " 25 % of 1 ms, 1000 MSIs, 500 per second, 6 s left");
    EXPECT_EQ(line(SIM_S, SIM_S, 7, 1000000000), "100 % of 1000 ms, 7 MSIs, 7 per second, 0 s left");
    EXPECT_EQ(line(0, SIM_MS, 0, 1000000000), "  0 % of 1 ms, 0 MSIs, 0 per second, 0 s left");
}

TEST(Progress, FitsALine)
{
    EXPECT_LT(line(1, SIM_TIME_NEVER - 1, UINT64_MAX, 1).size(), 128U - 1U);
    EXPECT_LE(line(123 * SIM_MS, 3600 * SIM_S, 123456789, 999999999999).size(), 79U);
}

} // namespace

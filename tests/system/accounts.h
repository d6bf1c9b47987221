/* What must come out even at the end of a run: its messages, and what a check said beforehand. */
#ifndef DOORBELL_TESTS_SYSTEM_ACCOUNTS_H
#define DOORBELL_TESTS_SYSTEM_ACCOUNTS_H

#include "result/run.h"

#include <gtest/gtest.h>

namespace system_test
{

/** Every message that was born came to an end, and of each that was lost it is known where. */
inline void expect_all_accounted_for(const run_result &result)
{
    for (size_t i = 0; i < result.device_count; i++) {
        const run_device &device = result.devices[i];
        uint64_t dropped = 0;

        for (const run_tally &tally : device.dropped) {
            dropped += tally.count;
        }
        EXPECT_EQ(device.born, device.delivered + device.merged + device.lost) << device.name;
        EXPECT_EQ(device.lost, dropped) << device.name;
    }
}

/** The steps of a run are those that a check foretold, with the same outcomes. */
inline void expect_same_steps(const step_list &run, const step_list &check)
{
    ASSERT_EQ(run.count, check.count);
    for (size_t i = 0; i < run.count; i++) {
        EXPECT_STREQ(run.items[i].name, check.items[i].name);
        EXPECT_STREQ(run.items[i].outcome, check.items[i].outcome)
            << run.items[i].what << "\n  run: " << (run.items[i].reason != nullptr ? run.items[i].reason : "")
            << "\n  check: " << (check.items[i].reason != nullptr ? check.items[i].reason : "");
        EXPECT_EQ(run.items[i].reason == nullptr, check.items[i].reason == nullptr) << run.items[i].what;
    }
}

} // namespace system_test

#endif

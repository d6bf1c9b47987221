/* What the real Linux drivers did, recorded under another implementation: the whole recordings, in both modes. */
#include "models/smmuv3/smmu.h"
#include "tests/replay/small.h"

#include "gtest/gtest.h"

namespace
{

using replay_test::Replayed;

/** A recording, and how much there is to compare: rows of its tables, with each access in both directions. */
struct Recording {
    const char *name;
    uint64_t translations;
    uint64_t faults;
    uint64_t msis;
    uint64_t smmu_commands; /**< and three before each snapshot */
    uint64_t its_commands;
    uint64_t mappings;
    uint64_t routes;
    uint64_t known; /**< accesses that were denied without the event that the architecture asks for */
};

const Recording recordings[] = {
    {"A-switch-noacs-dt", 95862 + 82787, 175, 3071, 33617 + 18, 525, 2 * 115873, 31, 0},
    {"C-stage2-lazy-sriov-dt", 93498 + 62367 + 2, 192, 3006, 1141 + 19, 662, 2 * 144317, 28, 82},
};

class Corpus : public testing::TestWithParam<Recording>
{
};

TEST_P(Corpus, Agrees)
{
    const Recording &recording = GetParam();
    const std::string folder = std::string(DOORBELL_SHARED_DIR) + "/corpus/linux-qemu/" + recording.name;

    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << "no recording " << folder;
    }
    const Replayed replayed(folder);
    const replay_count *checks = replayed.result.checks;

    ASSERT_TRUE(replayed.possible) << replayed.complaints();
    EXPECT_EQ(checks[REPLAY_CHECK_TRANSLATION].compared, recording.translations);
    EXPECT_EQ(checks[REPLAY_CHECK_FAULT].compared, recording.faults);
    EXPECT_EQ(checks[REPLAY_CHECK_MSI].compared, recording.msis);
    EXPECT_EQ(checks[REPLAY_CHECK_SMMU_COMMANDS].compared, recording.smmu_commands);
    EXPECT_EQ(checks[REPLAY_CHECK_ITS_COMMANDS].compared, recording.its_commands);
    EXPECT_EQ(checks[REPLAY_CHECK_MAPPING].compared, recording.mappings);
    EXPECT_EQ(checks[REPLAY_CHECK_ROUTE].compared, recording.routes);
    EXPECT_EQ(replay_result_known(&replayed.result), recording.known);
    EXPECT_EQ(replay_result_different(&replayed.result), 0u);
    for (const std::string &line : replayed.differences()) {
        EXPECT_EQ(replay_result_different(&replayed.result), 0u) << line;
    }
}

/** Where translations are kept, and how long anything takes, changes no result. */
TEST_P(Corpus, AgreesWithEveryPreset)
{
    const std::string folder = std::string(DOORBELL_SHARED_DIR) + "/corpus/linux-qemu/" + GetParam().name;

    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << "no recording " << folder;
    }
    for (const char *const *preset = smmu_presets; *preset != nullptr; preset++) {
        replay_options options;

        replay_options_default(&options);
        options.preset = *preset;
        options.mode = REPLAY_MODE_TIMELINE;
        const Replayed replayed(folder, &options);

        ASSERT_TRUE(replayed.possible) << *preset << replayed.complaints();
        EXPECT_EQ(replay_result_different(&replayed.result), 0u) << *preset;
        EXPECT_EQ(replay_result_known(&replayed.result), GetParam().known) << *preset;
        EXPECT_EQ(replayed.result.checks[REPLAY_CHECK_TRANSLATION].compared, GetParam().translations) << *preset;
    }
}

INSTANTIATE_TEST_SUITE_P(Recordings, Corpus, testing::ValuesIn(recordings),
                         [](const auto &test) { return std::string(1, test.param.name[0]); });

} // namespace

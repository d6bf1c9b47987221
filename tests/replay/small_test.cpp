/*
 * The small recording, which a script of its own worked out: everything agrees, on every engine, and whatever is
 * changed in it is found.
 */
#include "sim/systemc/systemc_engine.h"
#include "tests/replay/small.h"

#include "gtest/gtest.h"

namespace
{

using replay_test::Replayed;
using replay_test::Small;
using test_support::Folder;

/** Comparisons of each kind that the recording holds, counted by hand: the script's calls. */
constexpr uint64_t kCompared[REPLAY_CHECKS] = {10, 5, 3, 14, 10, 46, 12, 2};

void expect_clean(const Replayed &replayed)
{
    ASSERT_TRUE(replayed.possible) << replayed.complaints();
    for (unsigned i = 0; i < REPLAY_CHECKS; i++) {
        const replay_count &count = replayed.result.checks[i];

        EXPECT_EQ(count.compared, kCompared[i]) << replay_check_key(static_cast<replay_check>(i));
        EXPECT_EQ(count.different, 0u) << replay_check_key(static_cast<replay_check>(i));
        EXPECT_EQ(count.known, 0u);
    }
    for (const std::string &line : replayed.differences()) {
        ADD_FAILURE() << line;
    }
}

TEST(Small, EverythingAgrees)
{
    const Small small;
    const Replayed replayed(small.path());

    expect_clean(replayed);
    EXPECT_EQ(replayed.result.processors, 2u);
    EXPECT_EQ(replayed.result.snapshots, 2u);
    EXPECT_EQ(replayed.result.skipped_registers, 2u);
    EXPECT_STREQ(replayed.result.name, "small");
}

TEST(Small, EnginesAndOrdersGiveTheSame)
{
    const Small small;
    const Replayed first(small.path());
    replay_options options;

    replay_options_default(&options);
    options.engine = SIM_ENGINE_EVERY_CYCLE;
    const Replayed every(small.path(), &options);

    options.engine = SIM_ENGINE_NATIVE;
    options.shuffle = true;
    options.shuffle_seed = 99;
    const Replayed shuffled(small.path(), &options);

    for (const Replayed *replayed : {&every, &shuffled}) {
        expect_clean(*replayed);
        EXPECT_EQ(replayed->result.simulated, first.result.simulated);
    }
}

TEST(Small, OnTheSystemcEngineToo)
{
    const Small small;
    replay_options options;

    replay_options_default(&options);
    options.engine = SIM_ENGINE_SYSTEMC;
    options.ops = sim_systemc_engine();
    if (options.ops == nullptr) {
        GTEST_SKIP() << "the systemc engine is absent from this build";
    }
    const Replayed replayed(small.path(), &options);

    expect_clean(replayed);
}

TEST(Small, CompressedOrNot)
{
    const Small small;
    const std::string gzip = "gzip -f '" + small.path("translations_all.csv") + "' '" + small.path("mmio.csv") +
                             "' && gunzip -f '" + small.path("mem.bin.gz") + "'";

    if (std::system(gzip.c_str()) != 0) {
        GTEST_SKIP() << "no program gzip";
    }
    EXPECT_TRUE(std::filesystem::exists(small.path("mmio.csv.gz")));
    EXPECT_TRUE(std::filesystem::exists(small.path("mem.bin")));
    expect_clean(Replayed(small.path()));
}

TEST(Small, TheModesDivideTheWork)
{
    const Small small;
    replay_options options;

    replay_options_default(&options);
    options.mode = REPLAY_MODE_STATIC;
    const Replayed snapshots(small.path(), &options);

    options.mode = REPLAY_MODE_TIMELINE;
    const Replayed timeline(small.path(), &options);

    for (unsigned i = 0; i < REPLAY_CHECKS; i++) {
        const bool is_static = i == REPLAY_CHECK_MAPPING;
        const bool is_both = i == REPLAY_CHECK_ROUTE || i == REPLAY_CHECK_ITS_COMMANDS;

        if (i != REPLAY_CHECK_SMMU_COMMANDS) { // the snapshots invalidate by commands
            EXPECT_EQ(snapshots.result.checks[i].compared, is_static || is_both ? kCompared[i] : 0) << i;
            EXPECT_EQ(timeline.result.checks[i].compared, is_static ? 0 : kCompared[i]) << i;
        }
    }
    options.mode = REPLAY_MODE_BOTH;
    options.snapshot = 1;
    options.until = 60;
    const Replayed part(small.path(), &options);

    EXPECT_EQ(part.result.checks[REPLAY_CHECK_MAPPING].compared, 6u);
    EXPECT_EQ(part.result.checks[REPLAY_CHECK_ROUTE].compared, 0u);
    EXPECT_EQ(part.result.checks[REPLAY_CHECK_MSI].compared, 0u);
    EXPECT_EQ(replay_result_different(&part.result), 0u);
}

struct Change {
    const char *file;
    const char *from;
    const char *to;
    const char *difference; /**< the first, or part of it */
};

class Changed : public testing::TestWithParam<Change>
{
};

TEST_P(Changed, IsFound)
{
    const Small small;

    small.edit(GetParam().file, GetParam().from, GetParam().to);
    const Replayed replayed(small.path());

    ASSERT_TRUE(replayed.possible) << replayed.complaints();
    EXPECT_NE(replay_result_different(&replayed.result), 0u);
    ASSERT_FALSE(replayed.differences().empty());
    EXPECT_NE(replayed.differences()[0].find(GetParam().difference), std::string::npos) << replayed.differences()[0];
}

// clang-format off
const Change changes[] = {
    {"translations_all.csv", "0x40801ff8,1,ok", "0x40802ff8,1,ok",
     "translations: StreamID 0x1 reads 0x10001ff8: 0x40802ff8, 0x40801ff8"},
    {"translations_all.csv", "0x40801ff8,1,ok", "0x40801ff8,3,ok",
     "writes 0x10001ff8: 0x40801ff8, denied: F_PERMISSION"},
    {"translations_all.csv", "0x40900000,3,bypass", "0x40900004,3,bypass", "0x40900004, 0x40900000"},
    {"smmu_events.csv", "0x10001ffc,F_PERMISSION,0", "0x10001ffc,F_TRANSLATION,0",
     "faults: StreamID 0x1 writes 0x10001ffc: F_TRANSLATION, F_PERMISSION"},
    {"smmu_events.csv", "0x10002000,F_TRANSLATION,1", "0x10001000,F_TRANSLATION,1",
     "reads 0x10001000: F_TRANSLATION, 0x40801000"},
    {"smmu_events.csv", "0x1000,C_BAD_STE,", "0x1000,C_BAD_STREAMID,", "C_BAD_STREAMID, C_BAD_STE"},
    {"smmu_events.csv", "0x10001ffc,F_PERMISSION,0", "0x10001ffc,NO_EVENT,0", "denied without an event, F_PERMISSION"},
    {"config_fetches.csv", "0x40100080,both,0x9", "0x40100080,both,0x1",
     "translations: StreamID 0x2 reads 0x40900000: 0x40900000, denied"},
    {"smmu_commands.csv", ",10,0x5000000000012", ",11,0x5000000000012",
     "smmu-commands: write of CMDQ_PROD: commands for it in smmu_commands.csv, none, or in other slots"},
    {"msis.csv", "0x2001,0x1,1,1", "0x2002,0x1,1,1", "msis: DeviceID 0x1, EventID 0x3: LPI 8194, "},
    {"msis.csv", "0x2001,0x1,1,1", "0x2001,0x0,1,1", "collection 0, redistributor 1, LPI 8193, collection 1, "},
    {"msis.csv", "0x2001,0x1,1,1", "0x2001,0x1,0,1", "redistributor 0, LPI 8193, collection 1, redistributor 1"},
    {"msis.csv", "0x2001,0x1,1,1", ",,,1", "no LPI, LPI 8193"},
    {"its_commands.csv", "0x200100000003,0x1,0x0", "0x200100000003,0x0,0x0", "collection 0, redistributor 0"},
    {"its_final_routes.csv", "0x1,0x3,0x2001", "0x1,0x2,0x2001", "routes: DeviceID 0x1, EventID 0x2: "},
    {"translations.csv", "0x1,0x10001000,r,", "0x1,0x10001000,rw,", "mappings: StreamID 0x1 writes 0x10001000: "},
    {"translations.csv", "0x40900000,1,2,1", "0x40900000,1,2,0;1", "mappings: StreamID 0x1 reads 0x10000000: "},
    {"translations.csv", "0x40900000,1,2,1", "0x40901000,1,2,1", "0x40901000, 0x40900000"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Small, Changed, testing::ValuesIn(changes));

TEST(Small, AMissingInvalidationIsFound)
{
    const Small small;
    // The command stays, and invalidates another ASID: the old translation is used again.
    small.edit("smmu_commands.csv", "0x5000000000012", "0x6000000000012");
    const Replayed replayed(small.path());

    ASSERT_FALSE(replayed.differences().empty());
    EXPECT_EQ(replayed.differences()[0], "faults: StreamID 0x1 writes 0x10000120: F_TRANSLATION, 0x40800120");
}

TEST(Small, AnIllegalCommandIsFound)
{
    const Small small;

    small.edit("smmu_commands.csv", "0x5000000000012", "0x50000000000ff");
    const Replayed replayed(small.path());

    ASSERT_FALSE(replayed.differences().empty());
    EXPECT_EQ(
        replayed.differences()[0].find("smmu-commands: command queue of the SMMU: CMDQ_CONS index 0xc, 0xa, error 1"),
        0u)
        << replayed.differences()[0];
}

TEST(Small, TheListOfDifferencesHasAnEnd)
{
    const Small small;
    replay_options options;

    replay_options_default(&options);
    options.mismatches = 1;
    small.edit("config_fetches.csv", "0x40100040,both,0x4013000b", "0x40100040,both,0x40130001");
    const Replayed replayed(small.path(), &options);

    EXPECT_EQ(replayed.result.mismatch_count, 1u);
    EXPECT_GT(replay_result_different(&replayed.result), 1u);
}

} // namespace

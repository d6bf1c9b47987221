/* Calibration on a folder whose truth is known: tests/data/calibrate/make_small.py has it. */
#include "calibrate/calibrate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace
{

const std::filesystem::path small = DOORBELL_SOURCE_DIR "/tests/data/calibrate/small";
const char *const latencies = "lat_dma_sweep_rd_rnd_64.csv";

/** A calibration, and what was said. */
class Calibrated
{
  public:
    explicit Calibrated(const std::filesystem::path &folder)
        : good_(calibrate_run(folder.c_str(), &result, &diagnostics_))
    {
    }
    ~Calibrated()
    {
        calibration_clear(&result);
        diagnostics_clear(&diagnostics_);
    }
    Calibrated(const Calibrated &) = delete;
    Calibrated &operator=(const Calibrated &) = delete;
    bool good() const
    {
        return good_;
    }
    std::string said() const
    {
        return diagnostics_.count == 0 ? "" : diagnostics_.items[0].message;
    }

    calibration result = {};

  private:
    diagnostics diagnostics_ = {};
    bool good_;
};

/** A copy of the folder, to spoil. */
class Copy
{
  public:
    Copy()
    {
        std::string name = (std::filesystem::temp_directory_path() / "calibrate-XXXXXX").string();

        path = mkdtemp(name.data());
        std::filesystem::copy(small, path);
    }
    ~Copy()
    {
        std::filesystem::remove_all(path);
    }
    Copy(const Copy &) = delete;
    Copy &operator=(const Copy &) = delete;
    void write(const std::string &file, const std::string &text) const
    {
        std::ofstream(path / file) << text;
    }

    std::filesystem::path path;
};

TEST(Calibrate, FindsTheHostAgain)
{
    const Calibrated made(small);
    const calibrate_fit &fit = made.result.fit;

    ASSERT_TRUE(made.good()) << made.said();
    EXPECT_NEAR(fit.l0, 700, 0.01);
    EXPECT_NEAR(fit.warm_gain, 40, 0.01);
    EXPECT_NEAR(fit.miss, 250, 0.01);
    EXPECT_NEAR(fit.pages, 100, 0.01);
    EXPECT_NEAR(fit.walks, 20, 0.01);
    EXPECT_EQ(made.result.parameters.tlb_entries, 100u);
    EXPECT_EQ(made.result.parameters.walk_interval, 200u) << "50 ns";
    EXPECT_EQ(calibration_misses(&made.result), 0u);
}

TEST(Calibrate, RowsAreUsedOrScoredNeverBoth)
{
    const Calibrated made(small);
    size_t used = 0;
    size_t scored = 0;

    ASSERT_TRUE(made.good()) << made.said();
    ASSERT_EQ(made.result.row_count, 2 * 6u + 3 * 4u) << "rows of a thrashed cache are not taken";
    for (size_t i = 0; i < made.result.row_count; i++) {
        const calibrate_row &row = made.result.rows[i];

        EXPECT_FALSE(row.used && row.scored);
        used += row.used;
        scored += row.scored;
        if (row.measured.kind == MEASUREMENT_READ_LATENCY) {
            EXPECT_LT(std::fabs(row.simulated / row.closed - 1), 0.01) << "line " << row.measured.line;
        }
    }
    EXPECT_EQ(used, 4u + 4u);
    EXPECT_EQ(scored, 2u + 3u + 8u);
}

TEST(Calibrate, RowBeyondItsToleranceIsCounted)
{
    Calibrated made(small);
    size_t i = 0;

    ASSERT_TRUE(made.good()) << made.said();
    while (!made.result.rows[i].scored) {
        i++;
    }
    made.result.rows[i].simulated *= 1.05;
    EXPECT_TRUE(calibrate_misses(&made.result.rows[i]));
    EXPECT_EQ(calibration_misses(&made.result), 1u);
}

TEST(Calibrate, SaysWhatIsWrongWithAFolder)
{
    Copy copy;

    EXPECT_FALSE(Calibrated(copy.path / "absent").good());
    copy.write(latencies, "Cache,WinSZ,SZ,Avg(ns)\nCold,262144,64,nonsense\n");
    EXPECT_NE(Calibrated(copy.path).said().find("no number"), std::string::npos);
    copy.write(latencies, "Cache,WinSZ,SZ\n");
    EXPECT_NE(Calibrated(copy.path).said().find("column"), std::string::npos);
    copy.write(latencies, "Cache,WinSZ,SZ,Avg(ns)\nCold,262144,64,700\n");
    EXPECT_NE(Calibrated(copy.path).said().find("no row"), std::string::npos);
    copy.write(latencies, "");
    EXPECT_FALSE(Calibrated(copy.path).good());
}

TEST(Calibrate, HostWithoutAnIommuIsRefused)
{
    Copy copy;

    copy.write(latencies, "Cache,WinSZ,SZ,Avg(ns)\nCold,262144,64,700\nCold,1048576,64,700\nCold,67108864,64,700\n"
                          "HWarm,262144,64,650\n");
    EXPECT_NE(Calibrated(copy.path).said().find("was the IOMMU on"), std::string::npos);
}

} // namespace

/* Calibration on a folder whose truth is known: tests/data/calibrate/make_small.py has it. */
#include "calibrate/bench_internal.h"
#include "calibrate/calibrate.h"
#include "tests/support/folder.h"

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
    explicit Calibrated(const std::filesystem::path &folder, const volatile sig_atomic_t *interrupted = nullptr)
        : good_(calibrate_run(folder.c_str(), interrupted, &result, &diagnostics_))
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
struct Copy : test_support::Folder {
    Copy()
    {
        take(small);
    }
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

    EXPECT_FALSE(Calibrated(copy.path("absent")).good());
    copy.write(latencies, "Cache,WinSZ,SZ,Avg(ns)\nCold,262144,64,nonsense\n");
    EXPECT_NE(Calibrated(copy.path()).said().find("no number"), std::string::npos);
    copy.write(latencies, "Cache,WinSZ,SZ\n");
    EXPECT_NE(Calibrated(copy.path()).said().find("column"), std::string::npos);
    copy.write(latencies, "Cache,WinSZ,SZ,Avg(ns)\nCold,262144,64,700\n");
    EXPECT_NE(Calibrated(copy.path()).said().find("no row"), std::string::npos);
    copy.write(latencies, "");
    EXPECT_FALSE(Calibrated(copy.path()).good());
}

TEST(Calibrate, HostWithoutAnIommuIsRefused)
{
    Copy copy;

    copy.write(latencies, "Cache,WinSZ,SZ,Avg(ns)\nCold,262144,64,700\nCold,1048576,64,700\nCold,67108864,64,700\n"
                          "HWarm,262144,64,650\n");
    EXPECT_NE(Calibrated(copy.path()).said().find("was the IOMMU on"), std::string::npos);
}

/** A host that is a simulator with parameters that nobody tells: its measurements, row by row. */
class HiddenHost
{
  public:
    explicit HiddenHost(const calibrate_parameters &parameters) : parameters_(parameters)
    {
        for (uint32_t size : {64u, 128u, 256u}) {
            files.write(measurements_file(MEASUREMENT_WRITE_RATE, size), rates(size));
        }
        files.write(latencies, reads());
    }

    Copy files;

  private:
    double ask(measurement_kind kind, measurement_cache cache, uint64_t window, uint32_t size) const
    {
        const measurement row = {kind, cache, window, size, 0, 0};
        diagnostics said = {};
        double value = 0;

        EXPECT_TRUE(bench_run(&parameters_, &row, &value, nullptr, &said));
        diagnostics_clear(&said);
        return value;
    }

    std::string reads() const
    {
        std::string text = "Cache,WinSZ,SZ,Avg(ns)\n";

        for (auto [name, cache] : {std::pair{"Cold", MEASUREMENT_COLD}, std::pair{"HWarm", MEASUREMENT_WARM}}) {
            for (uint64_t kib : {256u, 512u, 1024u, 4096u, 65536u}) {
                text += std::string(name) + "," + std::to_string(kib * 1024) + ",64," +
                        std::to_string(ask(MEASUREMENT_READ_LATENCY, cache, kib * 1024, 64)) + "\n";
            }
        }
        return text;
    }

    std::string rates(uint32_t size) const
    {
        std::string text = "Cache,WinSZ,SZ,Trans/s\n";

        for (uint64_t kib : {4u, 1024u, 8192u, 65536u}) {
            text += "Cold," + std::to_string(kib * 1024) + "," + std::to_string(size) + "," +
                    std::to_string(1e6 * ask(MEASUREMENT_WRITE_RATE, MEASUREMENT_COLD, kib * 1024, size)) + "\n";
        }
        return text;
    }

    calibrate_parameters parameters_;
};

/** Another host's folder needs nothing changed: what it is made of comes out, to what the rows can tell. */
TEST(Calibrate, HiddenHostIsFoundFromItsMeasurements)
{
    for (const calibrate_parameters &hidden :
         {calibrate_parameters{400000, 81000, 30000, 88, 700, 160, 64, {22000, 26000, 41000}},
          calibrate_parameters{250000, 81000, 10000, 190, 1100, 240, 64, {30000, 33000, 45000}}}) {
        const HiddenHost host(hidden);
        const Calibrated made(host.files.path());
        const calibrate_parameters &found = made.result.parameters;

        ASSERT_TRUE(made.good()) << made.said();
        EXPECT_NEAR(found.tlb_entries, hidden.tlb_entries, 0.04 * hidden.tlb_entries);
        EXPECT_NEAR(found.walk_begin, hidden.walk_begin, 0.04 * hidden.walk_begin);
        EXPECT_NEAR(found.walk_interval, hidden.walk_interval, 0.04 * hidden.walk_interval);
        EXPECT_NEAR(static_cast<double>(found.send_latency), static_cast<double>(hidden.send_latency), 5000);
        EXPECT_NEAR(static_cast<double>(found.warm_gain), static_cast<double>(hidden.warm_gain), 5000);
        for (size_t i = 0; i < CALIBRATE_SIZES; i++) {
            EXPECT_NEAR(static_cast<double>(found.issue[i]), static_cast<double>(hidden.issue[i]),
                        0.02 * static_cast<double>(hidden.issue[i]));
        }
        EXPECT_EQ(calibration_misses(&made.result), 0u);
    }
}

TEST(Calibrate, InterruptionLeavesWhatThereIs)
{
    const volatile sig_atomic_t signal = 2;
    const Calibrated made(small, &signal);
    char *text = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    ASSERT_TRUE(made.good()) << made.said();
    EXPECT_TRUE(made.result.interrupted);
    EXPECT_LT(made.result.row_count, 24u);
    EXPECT_TRUE(calibration_write(stream, "small", &made.result));
    fclose(stream);
    EXPECT_NE(std::string(text).find("INTERRUPTED"), std::string::npos);
    std::free(text);
}

} // namespace

/* What tests of sweeps share: a folder, made-up runs, questions in SQL. */
#ifndef DOORBELL_TESTS_SWEEP_SWEEP_FOLDER_H
#define DOORBELL_TESTS_SWEEP_SWEEP_FOLDER_H

#include "sweep/store.h"
#include "tests/support/folder.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <string>

namespace sweep_test
{

using test_support::Folder;

/** A sweep of three points over two axes, two runs each. */
inline const store_about &about()
{
    static const char *const axes[] = {"smmu.S.tlb.entries", "rate"};
    static const store_about made = {"some.yaml", "A title", "what it is", "1.2.3", 3, 2, axes, 2};

    return made;
}

/** A run with a small result: one device, one hop, five MSIs of which two are lost. */
class MadeUpRun
{
  public:
    MadeUpRun(uint64_t number, uint64_t p99)
    {
        const uint64_t point = number / 2;

        entries_ = std::to_string(UINT64_C(16) << (point % 8));
        rate_ = std::to_string(point + 1) + " MHz";
        values_[0] = entries_.c_str();
        values_[1] = rate_.c_str();
        memset(&result_, 0, sizeof(result_));
        memset(&device_, 0, sizeof(device_));
        memset(&hop_, 0, sizeof(hop_));
        device_.name = name_;
        device_.born = 5;
        device_.delivered = 3;
        device_.lost = 2;
        device_.latency = latency(p99);
        hop_.stage = stage_;
        hop_.time = latency(70);
        hop_.time.mean = 70;
        bins_[0] = {100, 101, 2};
        bins_[1] = {101, 102, 3};
        counters_[0] = {stage_, hits_, 12};
        counters_[1] = {stage_, misses_, 0};
        verdict_.name = "doorbell-per-group";
        verdict_.outcome = VERDICT_HOLDS;
        result_.latency = latency(p99);
        result_.latency_bins = bins_;
        result_.latency_bin_count = 2;
        result_.devices = &device_;
        result_.device_count = 1;
        result_.hops = &hop_;
        result_.hop_count = 1;
        result_.counters = counters_;
        result_.counter_count = 2;
        result_.verdicts.items = &verdict_;
        result_.verdicts.count = 1;
        record_ = {number,
                   point,
                   static_cast<uint32_t>(number % 2),
                   number + 1,
                   STORE_DONE,
                   0,
                   nullptr,
                   "doorbell run",
                   1000000,
                   values_,
                   2,
                   &result_};
    }

    MadeUpRun(const MadeUpRun &) = delete;
    MadeUpRun &operator=(const MadeUpRun &) = delete;

    store_run &record()
    {
        return record_;
    }

  private:
    static run_latency latency(uint64_t p99)
    {
        run_latency made = {};

        made.count = 5;
        made.min = p99 / 3;
        made.mean = p99 / 2;
        made.ci95 = 7;
        made.p50 = p99 / 2;
        made.p99 = p99;
        made.p999 = p99 + 1;
        made.max = p99 + 2;
        return made;
    }

    char name_[4] = "epA";
    char stage_[4] = "sw0";
    char hits_[5] = "hits";
    char misses_[7] = "misses";
    std::string entries_;
    std::string rate_;
    const char *values_[2];
    histogram_bin bins_[2];
    run_counter counters_[2];
    verdict verdict_ = {};
    run_device device_;
    run_hop hop_;
    run_result result_;
    store_run record_;
};

/** The answer to a question in SQL: fields apart by blanks, rows by slashes. */
inline std::string ask(store *store, const std::string &sql)
{
    std::string answer;
    const auto row = [](void *context, size_t columns, const char *const *, const char *const *values,
                        const bool *) -> bool {
        std::string &text = *static_cast<std::string *>(context);

        text += text.empty() ? "" : "/";
        for (size_t i = 0; i < columns; i++) {
            text += (i == 0 ? "" : " ") + std::string(values[i] == nullptr ? "NULL" : values[i]);
        }
        return true;
    };

    EXPECT_TRUE(store_query(store, sql.c_str(), row, &answer)) << store_error(store);
    return answer;
}

/** Changes a file behind the store's back. */
inline void execute(const std::string &path, const std::string &sql)
{
    sqlite3 *database = nullptr;
    char *message = nullptr;

    EXPECT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
    sqlite3_free(message);
    sqlite3_close(database);
}

} // namespace sweep_test

#endif

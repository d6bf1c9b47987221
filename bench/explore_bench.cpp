/* Judging without simulating: systems of a space, one assumption each; and every board of the corpus, all of it. */
#include "explore/explore.h"
#include "scenario/devicetree_check.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

namespace
{

unsigned number_of(const char *name)
{
    unsigned i = 0;

    while (std::strcmp(assumption_name(i), name) != 0) {
        i++;
    }
    return i;
}

/** Static checks a second, enumeration and symmetry included. */
void explore_space(benchmark::State &state, const char *assumption)
{
    const explore_request request = {
        {5, 3, 2, 1, 2}, {GROUP_RULE_LINUX, false}, number_of(assumption), UINT64_C(10000000), 1};
    int64_t judged = 0;

    for (auto step : state) {
        explore_result result;
        host_error error = {};

        if (!explore(&request, &result, &error)) {
            state.SkipWithError(error.text);
            break;
        }
        judged += static_cast<int64_t>(result.judged);
    }
    state.SetItemsProcessed(judged);
}

/** The same from a sample of larger systems. */
void explore_sample(benchmark::State &state)
{
    const explore_request request = {
        {8, 6, 4, 4, 3}, {GROUP_RULE_LINUX, false}, number_of(ASSUMPTION_DOORBELL_PER_GROUP), 100000, 1};
    int64_t judged = 0;

    for (auto step : state) {
        explore_result result;
        host_error error = {};

        if (!explore(&request, &result, &error)) {
            state.SkipWithError(error.text);
            break;
        }
        judged += static_cast<int64_t>(result.judged);
    }
    state.SetItemsProcessed(judged);
}

std::vector<std::string> boards()
{
    std::vector<std::string> found;
    std::error_code none;

    for (const auto &entry : std::filesystem::recursive_directory_iterator(DOORBELL_SHARED_DIR "/corpus/dtb", none)) {
        if (entry.path().extension() == ".dtb") {
            found.push_back(entry.path().string());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

/** Time that this process has had of a processor: what others do beside it does not count. */
double processor_ms()
{
    timespec now = {};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

/**
 * A whole check of every board, from the file to the verdicts; `slowest_ms` is the board that takes longest, each at
 * its best.
 */
void check_boards(benchmark::State &state)
{
    const std::vector<std::string> files = boards();
    std::vector<double> best(files.size(), 1e9);

    if (files.empty()) {
        state.SkipWithError("there is no corpus of device trees at " DOORBELL_SHARED_DIR);
    }
    for (auto step : state) {
        for (size_t i = 0; i < files.size(); i++) {
            const double begin = processor_ms();
            board_result result = {};
            board_error error = {};

            benchmark::DoNotOptimize(board_check_path(files[i].c_str(), &result, &error));
            board_result_clear(&result);
            best[i] = std::min(best[i], processor_ms() - begin);
        }
    }
    state.counters["boards"] = static_cast<double>(files.size());
    if (!files.empty()) {
        const auto slowest = std::max_element(best.begin(), best.end());

        state.counters["slowest_ms"] = *slowest;
        state.SetLabel(std::filesystem::path(files[static_cast<size_t>(slowest - best.begin())]).stem());
    }
    state.SetItemsProcessed(static_cast<int64_t>(files.size()) * state.iterations());
}

BENCHMARK_CAPTURE(explore_space, doorbell_per_group, ASSUMPTION_DOORBELL_PER_GROUP)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_space, group_covers_reach, ASSUMPTION_GROUP_COVERS_REACH)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_space, doorbell_mapped, ASSUMPTION_DOORBELL_MAPPED)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_space, msi_window_free, ASSUMPTION_MSI_WINDOW_FREE)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_space, msi_isolated, ASSUMPTION_MSI_ISOLATED)->Unit(benchmark::kMillisecond);
BENCHMARK(explore_sample)->Unit(benchmark::kMillisecond);
BENCHMARK(check_boards)->Unit(benchmark::kMillisecond);

} // namespace

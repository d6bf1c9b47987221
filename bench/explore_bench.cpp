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

explore_software software_of(const char *rules, explore_use use)
{
    return {rules_find(rules),  rules_find(rules)->grouping, use, EXPLORE_CONTROLLER_ITS, EXPLORE_DOORBELLS, 256,
            EXPLORE_PASIDS_NONE};
}

void explore_all(benchmark::State &state, const explore_request &request)
{
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

/** Static checks a second, enumeration and symmetry included. */
void explore_space(benchmark::State &state, const char *assumption)
{
    const explore_software software = software_of("linux-7.3", EXPLORE_USE_KERNEL);

    explore_all(
        state,
        {{5, 3, 2, 1, 2, false, 1}, &software, 1, number_of(assumption), UINT64_C(10000000), 1, nullptr, nullptr});
}

/** The same from a sample of the largest systems. */
void explore_sample(benchmark::State &state, const char *assumption)
{
    const explore_software software = software_of("linux-7.3", EXPLORE_USE_KERNEL);

    explore_all(state, {{8, 6, 4, 4, 3, false, 1}, &software, 1, number_of(assumption), 100000, 1, nullptr, nullptr});
}

/** Where consumers have the endpoints: the software's whole plan for each system. */
void explore_consumers(benchmark::State &state, const char *rules, explore_use use)
{
    const explore_software software = software_of(rules, use);

    explore_all(state, {{4, 3, 2, 1, 2, false, 1},
                        &software,
                        1,
                        number_of(ASSUMPTION_DOORBELL_MAPPED),
                        UINT64_C(10000000),
                        1,
                        nullptr,
                        nullptr});
}

/** The same from a sample of the largest systems. */
void explore_sample_consumers(benchmark::State &state, const char *rules, explore_use use)
{
    const explore_software software = software_of(rules, use);

    explore_all(
        state,
        {{8, 6, 4, 4, 3, false, 1}, &software, 1, number_of(ASSUMPTION_DOORBELL_MAPPED), 50000, 1, nullptr, nullptr});
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
BENCHMARK_CAPTURE(explore_sample, doorbell_per_group, ASSUMPTION_DOORBELL_PER_GROUP)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_sample, group_covers_reach, ASSUMPTION_GROUP_COVERS_REACH)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_sample, msi_isolated, ASSUMPTION_MSI_ISOLATED)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_consumers, vfio, "linux-7.3", EXPLORE_USE_VFIO)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_consumers, iommufd_nested, "linux-7.3", EXPLORE_USE_IOMMUFD_NESTED)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_consumers, bind_per_group, "bind-per-group", EXPLORE_USE_VFIO_NESTED)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_sample_consumers, vfio, "linux-7.3", EXPLORE_USE_VFIO)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_sample_consumers, iommufd_nested_each, "linux-7.3", EXPLORE_USE_IOMMUFD_NESTED_EACH)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(explore_sample_consumers, bind_per_group, "bind-per-group", EXPLORE_USE_VFIO_NESTED)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(check_boards)->Unit(benchmark::kMillisecond);

} // namespace

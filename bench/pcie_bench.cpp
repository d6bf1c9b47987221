/*
 * PCI Express fabrics: what a posted write of 256 bytes costs from its birth in an endpoint to memory, through two
 * switches, three links and a root port; and what a fabric of 1,024 endpoints and 64 switches costs a packet, and while
 * it idles, beside one of two endpoints whose packets take as many hops. Items are writes.
 *
 * large_fabric_against_two_endpoints is the comparison itself: both fabrics live in one process and take turns, so what
 * else the machine does meets them alike; the best of each counts, as other work only adds, and the median of what each
 * pair of turns says.
 */
#include "scenario/run.h"
#include "scenario/scenario.h"
#include "scenario/system.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

namespace
{

/**
 * Root complexes, each with one switch, leaf switches below that, and endpoints below those. The SMMU is for a
 * requester ID that nobody has, so writes go past it.
 */
struct shape {
    unsigned root_complexes;
    unsigned leaves;    /**< of a root complex */
    unsigned endpoints; /**< of a root complex, over all leaves */
};

constexpr shape small = {1, 1, 2};
constexpr shape large = {8, 7, 128};

std::string fabric_text(const shape &fabric)
{
    const std::string fast = "link: { speed: 32 GT/s, width: 16 }";
    std::string text = "doorbell: 1\n"
                       "duration: 1 s\n"
                       "platform:\n"
                       "  memory: { base: 0x1_0000_0000, bandwidth: 200 GB/s }\n"
                       "  interconnect: { width: 64 B, ordered-writes: 64 }\n"
                       "pcie:\n";

    for (unsigned i = 0; i < fabric.root_complexes; i++) {
        const std::string n = std::to_string(i);

        text += "  rc" + n + ":\n    iommu-map: [[0xffff, smmu0, 0, 1]]\n    root-ports:\n      rp" + n +
                ":\n        " + fast + "\n        below:\n          top" + n +
                ":\n            switch: {}\n            below:\n";
        for (unsigned j = 0; j < fabric.leaves; j++) {
            const std::string leaf = n + "x" + std::to_string(j);

            text += "              leaf" + leaf + ":\n                " + fast +
                    "\n                switch: {}\n                below:\n";
            for (unsigned k = j; k < fabric.endpoints; k += fabric.leaves) {
                text += "                  ep" + n + "x" + std::to_string(k) +
                        ": { endpoint: { msi-x: 0, bars: [64 KiB] } }\n";
            }
        }
    }
    return text;
}

/** The first so many endpoints of each root complex write 256 bytes each period. */
std::string traffic_text(unsigned root_complexes, unsigned active, const std::string &period)
{
    std::string text = active > 0 ? "traffic:\n" : "";

    for (unsigned i = 0; i < root_complexes; i++) {
        for (unsigned k = 0; k < active; k++) {
            text += "  ep" + std::to_string(i) + "x" + std::to_string(k) +
                    ": [{ dma-write: { size: 256 B, period: " + period +
                    ", start: " + std::to_string((i * active + k) * 7) + " ns, buffer: 4 KiB } }]\n";
        }
    }
    return text;
}

class fabric
{
  public:
    fabric(benchmark::State &state, const std::string &text)
    {
        diagnostics errors = {};
        system_options how = {};
        host_error error = {};
        scenario_options options = {};

        scenario_ = scenario_load_text("fabric.yaml", text.data(), text.size(), &options, &errors);
        const std::string said = errors.count > 0 ? errors.items[0].message : "";
        diagnostics_clear(&errors);
        system_ = scenario_ != nullptr ? system_create(scenario_, &how, &error) : nullptr;
        if (system_ == nullptr || !system_bring_up(system_, &error)) {
            state.SkipWithError(scenario_ == nullptr ? said.c_str() : error.text);
            return;
        }
        end_ = system_start_traffic(system_, scenario_->duration);
        is_up_ = true;
        advance(100 * SIM_US);
    }

    ~fabric()
    {
        system_destroy(system_);
        scenario_free(scenario_);
    }

    fabric(const fabric &) = delete;
    fabric &operator=(const fabric &) = delete;

    bool is_up() const
    {
        return is_up_;
    }

    void advance(sim_time duration)
    {
        end_ += duration;
        sim_run(system_sim(system_), end_);
    }

    uint64_t evaluations() const
    {
        return sim_evaluations(system_sim(system_));
    }

  private:
    scenario *scenario_ = nullptr;
    struct system *system_ = nullptr;
    sim_time end_ = 0;
    bool is_up_ = false;
};

/** @param writes in a stretch of time */
void run(benchmark::State &state, const std::string &text, sim_time stretch, uint64_t writes)
{
    fabric fabric(state, text);

    if (!fabric.is_up()) {
        return;
    }
    const uint64_t before = fabric.evaluations();

    for (auto _ : state) {
        fabric.advance(stretch);
    }
    const double evaluations = static_cast<double>(fabric.evaluations() - before);
    const uint64_t all = writes * static_cast<uint64_t>(state.iterations());

    state.SetItemsProcessed(static_cast<int64_t>(all));
    state.counters["evaluations/write"] = all > 0 ? evaluations / static_cast<double>(all) : evaluations;
}

/** Two endpoints, a write every 50 ns. */
void posted_write(benchmark::State &state)
{
    run(state, fabric_text(small) + traffic_text(1, 2, "100 ns"), 100 * SIM_US, 2000);
}
BENCHMARK(posted_write)->Unit(benchmark::kMicrosecond);

/** The same two endpoints write, all others of 1,024 are silent. */
void large_fabric_two_write(benchmark::State &state)
{
    run(state, fabric_text(large) + traffic_text(1, 2, "100 ns"), 100 * SIM_US, 2000);
}
BENCHMARK(large_fabric_two_write)->Unit(benchmark::kMicrosecond);

/** All 1,024 write, at the same rate in all. */
void large_fabric_all_write(benchmark::State &state)
{
    run(state, fabric_text(large) + traffic_text(8, 128, "51200 ns"), 102400 * SIM_NS, 2048);
}
BENCHMARK(large_fabric_all_write)->Unit(benchmark::kMicrosecond);

/** A fabric, and how much of its traffic a turn takes. */
struct turns {
    fabric *whose;
    sim_time stretch;
    uint64_t writes; /**< in a stretch */
    double best;     /**< nanoseconds a write */
};

double processor_ns()
{
    timespec now = {};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

/** The first stretch brings back to the host's caches what the other fabric drove out. @return nanoseconds a write */
double take_turn(turns *turn)
{
    constexpr unsigned stretches = 20;

    turn->whose->advance(turn->stretch);
    const double begin = processor_ns();
    for (unsigned i = 0; i < stretches; i++) {
        turn->whose->advance(turn->stretch);
    }
    const double each = (processor_ns() - begin) / static_cast<double>(stretches * turn->writes);

    turn->best = turn->best == 0 ? each : std::min(turn->best, each);
    return each;
}

/** Nanoseconds a write in either fabric, and how they stand to each other. */
void large_fabric_against_two_endpoints(benchmark::State &state)
{
    fabric two(state, fabric_text(small) + traffic_text(1, 2, "100 ns"));
    fabric all(state, fabric_text(large) + traffic_text(8, 128, "51200 ns"));
    turns of_two = {&two, 100 * SIM_US, 2000, 0};
    turns of_all = {&all, 102400 * SIM_NS, 2048, 0};
    std::vector<double> ratios;

    if (!two.is_up() || !all.is_up()) {
        return;
    }
    for (auto _ : state) {
        const double ours = take_turn(&of_two);

        ratios.push_back(take_turn(&of_all) / ours);
    }
    std::nth_element(ratios.begin(), ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2), ratios.end());
    state.counters["two ns/write"] = of_two.best;
    state.counters["all ns/write"] = of_all.best;
    state.counters["all/two"] = of_all.best / of_two.best;
    state.counters["all/two median"] = ratios[ratios.size() / 2];
}
BENCHMARK(large_fabric_against_two_endpoints)->Unit(benchmark::kMillisecond)->Iterations(40);

/** Nobody writes: no evaluation at all. */
void large_fabric_idle(benchmark::State &state)
{
    run(state, fabric_text(large) + traffic_text(0, 0, ""), 100 * SIM_US, 0);
}
BENCHMARK(large_fabric_idle)->Unit(benchmark::kMicrosecond);

} // namespace

/*
 * The whole simulator on the reference topology with warm caches, on each engine, and beside it a replay of that run's
 * own schedule through the bare event queue: what the run would cost if evaluating components were free.
 */
#include "result/collector.h"
#include "scenario/run.h"
#include "scenario/scenario.h"
#include "scenario/system.h"
#include "sim/systemc/systemc_engine.h"

#include <benchmark/benchmark.h>
#include <memory>
#include <vector>

namespace
{

const char *const scenario_path = DOORBELL_BENCH_DIR "/scenarios/reference-msi.yaml";

/** A system brought up, with traffic running and caches warm. */
class warm_system
{
  public:
    warm_system(benchmark::State &state, sim_engine_kind engine, const char *duration)
    {
        const std::string set = std::string("duration=") + duration;
        const char *const sets[] = {set.c_str()};
        scenario_options options = {sets, 1};
        diagnostics errors = {};
        system_options how = {};
        host_error error = {};

        scenario_ = scenario_load(scenario_path, &options, &errors);
        diagnostics_clear(&errors);
        how.engine = engine;
        system_ = scenario_ != nullptr ? system_create(scenario_, &how, &error) : nullptr;
        if (system_ == nullptr || !system_bring_up(system_, &error)) {
            state.SkipWithError(scenario_ == nullptr ? "the scenario does not load" : error.text);
            return;
        }
        std::vector<uint32_t> device_of;
        for (size_t i = 0; i < system_stream_count(system_); i++) {
            device_of.push_back(system_stream(system_, i)->function_index);
        }
        collector_ = collector_create(simulation(), device_of.data(), static_cast<uint32_t>(device_of.size()),
                                      static_cast<uint32_t>(system_function_count(system_)));
        start_ = system_start_traffic(system_, scenario_->duration);
        collector_start(collector_, start_, scenario_->warmup, scenario_->duration);
        sim_run(simulation(), start_ + 100 * SIM_US);
        end_ = start_ + 100 * SIM_US;
    }

    ~warm_system()
    {
        if (system_ != nullptr) {
            sim_observe(simulation(), nullptr);
        }
        collector_destroy(collector_);
        system_destroy(system_);
        scenario_free(scenario_);
    }

    warm_system(const warm_system &) = delete;
    warm_system &operator=(const warm_system &) = delete;

    bool is_up() const
    {
        return collector_ != nullptr;
    }

    void advance(sim_time duration)
    {
        end_ += duration;
        sim_run(simulation(), end_);
    }

    uint64_t delivered() const
    {
        return collector_delivered(collector_);
    }

    sim *simulation()
    {
        return system_sim(system_);
    }

  private:
    scenario *scenario_ = nullptr;
    struct system *system_ = nullptr;
    collector *collector_ = nullptr;
    sim_time start_ = 0;
    sim_time end_ = 0;
};

void simulate(benchmark::State &state, sim_engine_kind engine, sim_time stretch)
{
    warm_system system(state, engine, "1000 s");

    if (!system.is_up()) {
        return;
    }
    uint64_t before = system.delivered();
    uint64_t evaluations = sim_evaluations(system.simulation());

    for (auto _ : state) {
        system.advance(stretch);
    }
    uint64_t delivered = system.delivered() - before;
    evaluations = sim_evaluations(system.simulation()) - evaluations;
    state.SetItemsProcessed(static_cast<int64_t>(delivered));
    state.counters["evaluations/MSI"] = static_cast<double>(evaluations) / static_cast<double>(delivered);
}

void native(benchmark::State &state)
{
    simulate(state, SIM_ENGINE_NATIVE, SIM_MS);
}
BENCHMARK(native)->Unit(benchmark::kMillisecond);

void every_cycle(benchmark::State &state)
{
    simulate(state, SIM_ENGINE_EVERY_CYCLE, 100 * SIM_US);
}
BENCHMARK(every_cycle)->Unit(benchmark::kMillisecond);

/** The kernel elaborates once a process, so this one runs once, over a longer stretch. */
void systemc(benchmark::State &state)
{
    if (sim_systemc_engine() == nullptr) {
        state.SkipWithError("this build has no systemc engine");
        return;
    }
    simulate(state, SIM_ENGINE_SYSTEMC, 50 * SIM_MS);
}
BENCHMARK(systemc)->Unit(benchmark::kMillisecond)->Iterations(1);

/** Items are MSIs here too: the schedule of a known number of them, replayed. */
void replay_of_native(benchmark::State &state)
{
    sim_schedule schedule = {};
    std::vector<sim_schedule_entry> entries(4000000);
    std::vector<sim_queue_event> events;
    uint64_t msis;
    uint64_t queued = 0;

    {
        warm_system system(state, SIM_ENGINE_NATIVE, "1000 s");

        if (!system.is_up()) {
            return;
        }
        schedule.entries = entries.data();
        schedule.capacity = entries.size();
        events.resize(sim_component_count(system.simulation()));
        sim_record_schedule(system.simulation(), &schedule);
        msis = system.delivered();
        while (schedule.count + 40000 < schedule.capacity) {
            system.advance(100 * SIM_US);
        }
        msis = system.delivered() - msis;
    }
    for (auto _ : state) {
        sim_queue queue = {};

        sim_queue_init(&queue, SIM_QUEUE_DEFAULT_SHIFT, SIM_QUEUE_DEFAULT_SLOTS_LOG2, events.size());
        for (auto &event : events) {
            sim_queue_event_init(&event);
        }
        queued = 0;
        for (size_t i = 0; i < schedule.count; i++) {
            const sim_schedule_entry &entry = schedule.entries[i];
            sim_time time = 0;

            if (entry.component == UINT32_MAX) {
                benchmark::DoNotOptimize(sim_queue_next_batch(&queue, entry.time, &time));
            } else {
                sim_queue_set(&queue, &events[entry.component], entry.time);
                queued++;
            }
        }
        sim_queue_release(&queue);
    }
    state.SetItemsProcessed(static_cast<int64_t>(msis) * static_cast<int64_t>(state.iterations()));
    state.counters["queue operations/MSI"] = static_cast<double>(queued) / static_cast<double>(msis);
}
BENCHMARK(replay_of_native)->Unit(benchmark::kMillisecond);

} // namespace

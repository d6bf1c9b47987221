/*
 * The whole simulator on the reference topology with warm caches, on each engine, and beside it a replay of that run's
 * own schedule through the bare event queue: what the run would cost if evaluating components were free.
 */
#include "bench/warm_system.h"

#include <benchmark/benchmark.h>
#include <vector>

namespace
{

using bench::warm_system;

void simulate(benchmark::State &state, sim_engine_kind engine, sim_time stretch)
{
    warm_system system(engine, "1000 s");
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

/** Items are MSIs here too: the schedule of a known number of them, replayed. */
void replay_of_native(benchmark::State &state)
{
    sim_schedule schedule = {};
    std::vector<sim_schedule_entry> entries(4000000);
    std::vector<sim_queue_event> events;
    uint64_t msis;
    uint64_t queued = 0;

    {
        warm_system system(SIM_ENGINE_NATIVE, "1000 s");

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

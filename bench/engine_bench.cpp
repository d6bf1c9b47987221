/*
 * The bare event queue, and the native engine with the least that a component can do: the measures to hold the whole
 * simulator against. Items are events.
 */
#include "sim/sim.h"

#include <benchmark/benchmark.h>
#include <vector>

namespace
{

/** Events that are set again, a uniform delay later, as soon as they come up. */
void bare_queue(benchmark::State &state)
{
    const auto count = static_cast<size_t>(state.range(0));
    std::vector<sim_queue_event> events(count);
    std::vector<sim_time> delays(4096);
    sim_queue queue = {};
    sim_random random;
    sim_time now = 0;
    size_t next = 0;
    int64_t items = 0;

    sim_queue_init(&queue, SIM_QUEUE_DEFAULT_SHIFT, SIM_QUEUE_DEFAULT_SLOTS_LOG2, count);
    sim_random_init(&random, 1, "bench");
    for (auto &delay : delays) {
        delay = 1 + sim_random_below(&random, 400 * SIM_NS);
    }
    for (auto &event : events) {
        sim_queue_event_init(&event);
        sim_queue_set(&queue, &event, delays[next++ % delays.size()]);
    }
    for (auto _ : state) {
        sim_queue_event *batch = sim_queue_next_batch(&queue, SIM_TIME_NEVER, &now);

        while (batch != nullptr) {
            sim_queue_event *event = batch;

            batch = batch->next;
            sim_queue_set(&queue, event, now + delays[next++ % delays.size()]);
            items++;
        }
    }
    state.SetItemsProcessed(items);
    sim_queue_release(&queue);
}
BENCHMARK(bare_queue)->Arg(20)->Arg(300)->Arg(5000);

/** A component that does nothing but ask to be evaluated again. */
struct trivial_component {
    sim_component component;
    uint32_t state;
};

sim_time evaluate_trivial(sim_component *component, sim_time now)
{
    auto *trivial = reinterpret_cast<trivial_component *>(component);

    trivial->state = trivial->state * 1664525u + 1013904223u;
    return now + component->period * (1 + (trivial->state >> 23));
}

void trivial_components(benchmark::State &state)
{
    std::vector<trivial_component> components(static_cast<size_t>(state.range(0)));
    sim_config config = {};
    sim *simulation = sim_create(&config);
    sim_time end = 0;

    for (size_t i = 0; i < components.size(); i++) {
        std::string name = "c" + std::to_string(i);

        components[i].state = static_cast<uint32_t>(i);
        sim_component_init(&components[i].component, simulation, name.c_str(), SIM_NS, evaluate_trivial);
        sim_wake(&components[i].component, SIM_NS);
    }
    for (auto _ : state) {
        end += 10 * SIM_US;
        sim_run(simulation, end);
    }
    state.SetItemsProcessed(static_cast<int64_t>(sim_evaluations(simulation)));
    sim_destroy(simulation);
}
BENCHMARK(trivial_components)->Arg(20)->Arg(300);

} // namespace

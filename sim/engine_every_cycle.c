/*
 * The every-cycle engine: evaluates every component at every edge of its clock, whether it has something to do or not.
 * The slow, obvious truth: equal results prove that no wake-up is ever missed and that idle evaluations are harmless.
 */
#include "sim/trace_internal.h"

/** The first edge of any clock after now. */
static sim_time next_edge(const struct sim *sim)
{
    sim_time edge = SIM_TIME_NEVER;
    sim_time last_period = 0;

    for (size_t i = 0; i < sim->components.count; i++) {
        const struct sim_component *component = sim->components.items[i];

        if (component->period != last_period) {
            last_period = component->period;
            edge = sim_time_min(edge, sim_time_align(sim->hot.now + 1, component->period));
        }
    }
    return edge;
}

static size_t collect(struct sim *sim)
{
    size_t count = 0;
    sim_time last_period = 0;
    bool on_edge = false;

    for (size_t i = 0; i < sim->components.count; i++) {
        struct sim_component *component = sim->components.items[i];

        if (component->period != last_period) {
            last_period = component->period;
            on_edge = sim->hot.now % last_period == 0;
        }
        if (on_edge) {
            sim->batch[count++] = component;
        }
    }
    return count;
}

static void check_due(struct sim *sim, const struct sim_component *component)
{
    if (component->due < sim->hot.now) {
        sim_panic(sim, component, NULL, "was due at %llu fs, between two edges of its clock",
                  (unsigned long long)component->due);
    }
}

enum sim_run_result sim_run_every_cycle(struct sim *sim, sim_time end)
{
    while (!sim->stop) {
        sim_time now;
        size_t count;

        if (sim->awake == 0) {
            return SIM_RUN_DRAINED;
        }
        now = next_edge(sim);
        if (now > end) {
            return SIM_RUN_REACHED_END;
        }
        sim->hot.now = now;
        if (sim->trace != NULL) {
            sim_trace_instant(sim->trace, now);
        }
        count = collect(sim);
        sim_shuffle_batch(sim, count);
        for (size_t i = 0; i < count; i++) {
            sim_time due;

            check_due(sim, sim->batch[i]);
            sim_lay_down(sim, sim->batch[i]);
            due = sim_evaluate(sim, sim->batch[i]);
            if (due != SIM_TIME_NEVER) {
                sim_wake(sim->batch[i], due);
            }
        }
    }
    return SIM_RUN_STOPPED;
}

/*
 * The native engine: takes the earliest instant from the event queue, evaluates its components, repeats.
 */
#include "sim/trace_internal.h"

/** Evaluates a component and puts it back into the queue. */
static void step(struct sim *sim, struct sim_component *component)
{
    sim_time due;

    component->due = SIM_TIME_NEVER;
    due = sim_evaluate(sim, component);
    /* A wake that came in the same instant may already have set an earlier one; the earlier stands. */
    sim_wake_quickly(sim, component, due);
}

static void record_batch(struct sim *sim, sim_time time)
{
    struct sim_schedule *schedule = sim->schedule;

    if (schedule->count < schedule->capacity) {
        schedule->entries[schedule->count].component = UINT32_MAX;
        schedule->entries[schedule->count].time = time;
        schedule->count++;
    }
}

SIM_APART static void tell_watchers(struct sim *sim, sim_time now)
{
    if (sim->schedule != NULL) {
        record_batch(sim, now);
    }
    if (sim->trace != NULL) {
        sim_trace_instant(sim->trace, now);
    }
}

SIM_HOT enum sim_run_result sim_run_native(struct sim *sim, sim_time end)
{
    while (!sim->stop) {
        struct sim_queue_event *batch = sim_queue_next_batch(&sim->queue, end, &sim->hot.now);
        size_t count = 0;

        if (batch == NULL) {
            return sim_queue_is_empty(&sim->queue) ? SIM_RUN_DRAINED : SIM_RUN_REACHED_END;
        }
        if (SIM_SELDOM(sim->watched)) {
            tell_watchers(sim, sim->hot.now);
        }
        if (batch->next == NULL) {
            step(sim, (struct sim_component *)(void *)batch);
            continue;
        }
        /* Copied first: evaluating one component may wake another of this instant, which relinks its event. */
        for (; batch != NULL; batch = batch->next) {
            sim->batch[count++] = (struct sim_component *)(void *)batch;
        }
        sim_shuffle_batch(sim, count);
        for (size_t i = 0; i < count; i++) {
            step(sim, sim->batch[i]);
        }
    }
    return SIM_RUN_STOPPED;
}

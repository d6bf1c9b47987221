#include "sim/systemc/far_wakes.h"

#include "sim/systemc/kernel_time.h"

far_wakes::far_wakes(const sc_core::sc_module_name &module_name, sim *the_simulation, notify_fn the_notify)
    : sc_core::sc_module(module_name), simulation(the_simulation), notify_near(the_notify)
{
    SC_HAS_PROCESS(far_wakes);
    SC_METHOD(look);
    for (const level &one : levels) {
        sensitive << one.call;
    }
    dont_initialize();
}

void far_wakes::set(sim_component *component, sim_time time, sim_time now)
{
    sim_queue_set(&simulation->queue, &component->event, time);
    ask(time, now);
}

/*
 * Sees to a call before something is due. Where it falls is a multiple of a fraction of the distance: asking for
 * another due of about the same distance finds the call that stands, or cancels one of a few.
 */
void far_wakes::ask(sim_time time, sim_time now)
{
    const unsigned log2 = 63 - static_cast<unsigned>(__builtin_clzll(time - now));
    const sim_time step = sim_time(1) << (log2 - kFractionLog2);
    const sim_time at = (time - 1) & ~(step - 1);
    level &one = levels[log2 - kNearLog2];

    if (at < one.at) {
        one.at = at;
        one.call.notify(kernel_time(at - now));
    }
}

/* No instant of the simulation: it evaluates nothing, and nobody sees that the kernel's time stood still here. */
void far_wakes::look()
{
    const sim_time now = kernel_now();
    sim_time due;

    for (level &one : levels) {
        one.at = one.at <= now ? SIM_TIME_NEVER : one.at;
    }
    for (sim_queue_event *event;
         (event = sim_queue_next_batch(&simulation->queue, now + kNear - 1, &due)) != nullptr;) {
        while (event != nullptr) {
            auto *component = reinterpret_cast<sim_component *>(event);

            event = event->next;
            /* Else something earlier has come since, and what it says next counts. */
            if (component->due == due) {
                notify_near(component, due, now);
            }
        }
    }
    due = sim_queue_next_time(&simulation->queue);
    if (due != SIM_TIME_NEVER) {
        ask(due, now);
    }
}

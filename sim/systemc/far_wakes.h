/*
 * What is due a long time from now, kept away from the kernel until it is near.
 *
 * The kernel's timed notifications are a heap, and one that is cancelled stays in it until its time. A component whose
 * next due is a time-out of milliseconds, until a packet's arrival or its own next step takes its place, would leave
 * thousands of them behind, and every notification of the others would have to find its way among them. So far dues
 * wait in the simulation's own event queue, which moves an event in place; from time to time the kernel calls, and what
 * has come near is notified then.
 */
#ifndef DOORBELL_SIM_SYSTEMC_FAR_WAKES_H
#define DOORBELL_SIM_SYSTEMC_FAR_WAKES_H

#include "sim/sim_internal.h"

#include <systemc>

class far_wakes : public sc_core::sc_module
{
  public:
    /** Notifies the kernel of what is near. */
    using notify_fn = void (*)(sim_component *component, sim_time time, sim_time now);

    /** What is due before now + kNear goes straight to the kernel: about 17 us, longer than a packet's whole way. */
    static constexpr unsigned kNearLog2 = 34;
    static constexpr sim_time kNear = sim_time(1) << kNearLog2;

    far_wakes(const sc_core::sc_module_name &module_name, sim *the_simulation, notify_fn the_notify);

    far_wakes(const far_wakes &) = delete;
    far_wakes &operator=(const far_wakes &) = delete;

    /** A component is due at @p time, not before @p now + kNear. An earlier due that comes later needs no word here. */
    void set(sim_component *component, sim_time time, sim_time now);

  private:
    /** Times of calls lie this many powers of two below the distance they are to bridge. */
    static constexpr unsigned kFractionLog2 = 2;
    static constexpr unsigned kLevels = 64 - kNearLog2;

    /** A call that the kernel owes: one for each power of two of distance, so that a near one cancels no far one. */
    struct level {
        sc_core::sc_event call;
        sim_time at = SIM_TIME_NEVER;
    };

    void ask(sim_time time, sim_time now);
    void look();

    sim *simulation;
    notify_fn notify_near;
    level levels[kLevels];
};

#endif

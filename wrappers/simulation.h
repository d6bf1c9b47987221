/*
 * The simulation in which the models of Doorbell's wrappers live, inside somebody else's SystemC platform.
 *
 * A platform has one of these (or several, which know nothing of each other) and hands it to the wrappers. The models
 * are the ones that the doorbell command runs, evaluated at the edges of their own clocks by one SC_METHOD, which the
 * SystemC kernel wakes when something is due. So a latency is what the native engine would have found, and what the
 * kernel does first within one instant does not matter.
 *
 * A model that is configured wrongly, or finds an invariant broken, is a fatal report of the type /Doorbell/model.
 *
 * Threads: as for SystemC itself, everything here is for the thread that runs the kernel. Times: sim_time is whole
 * femtoseconds; the kernel's time resolution may be anything of which every clock period used is a multiple (1 fs, or
 * the default of 1 ps), which is checked before simulation starts.
 */
#ifndef DOORBELL_WRAPPERS_SIMULATION_H
#define DOORBELL_WRAPPERS_SIMULATION_H

#include "sim/sim.h"

#include <functional>
#include <systemc>
#include <vector>

namespace doorbell
{

/** An output wire that a platform may leave unbound. */
using optional_wire = sc_core::sc_port<sc_core::sc_signal_inout_if<bool>, 1, sc_core::SC_ZERO_OR_MORE_BOUND>; // NOLINT

class simulation : public sc_core::sc_module
{
  public:
    struct options {
        uint64_t seed = 1;         /**< of all random streams: replacement, corrupted TLPs, traffic */
        bool shuffle = false;      /**< permute the components of every instant, which must change nothing */
        uint64_t shuffle_seed = 0; /**< the order */
    };

    /** An event of sim/observe.h. */
    struct event {
        sim_event_kind kind;
        const sim_packet *packet;
        const sim_component *where;
        sim_time time;
        uint32_t detail;
    };

    explicit simulation(const sc_core::sc_module_name &name);
    simulation(const sc_core::sc_module_name &name, const options &how);
    ~simulation() override;
    simulation(const simulation &) = delete;
    simulation &operator=(const simulation &) = delete;

    /** The simulation, to create models in while the platform is built. */
    struct sim *handle() const
    {
        return sim_;
    }

    /** The kernel's time, fs. */
    sim_time now() const;

    /** A duration in the kernel's unit, rounded up to its resolution; in femtoseconds. */
    sc_core::sc_time to_kernel(sim_time duration) const;
    sim_time from_kernel(const sc_core::sc_time &duration) const;

    /** Calls @p what after every instant in which models were evaluated. While the platform is built. */
    void watch(std::function<void()> what);

    /** Calls @p who for every event. While the platform is built. */
    void listen(std::function<void(const event &)> who);

    /** Around everything that a process of the platform does to models: brings them to the kernel's time and back. */
    class acting
    {
      public:
        explicit acting(simulation &whole) : whole_(whole)
        {
            whole_.enter();
        }
        ~acting()
        {
            whole_.leave();
        }
        acting(const acting &) = delete;
        acting &operator=(const acting &) = delete;

      private:
        simulation &whole_;
    };

  private:
    void start_of_simulation() override;
    void step();
    void enter();
    void leave();
    void arm();
    static void tell(void *context, sim_event_kind kind, const sim_packet *packet, const sim_component *where,
                     sim_time time, uint32_t detail);

    struct sim *sim_;
    sc_core::sc_event due_;
    sim_time armed_ = SIM_TIME_NEVER; /**< for when due_ is notified */
    unsigned depth_ = 0;              /**< of enter() without leave() */
    sim_time resolution_;             /**< of the kernel's time, fs */
    std::vector<std::function<void()>> watchers_;
    std::vector<std::function<void(const event &)>> listeners_;
};

} // namespace doorbell

#endif

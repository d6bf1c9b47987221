/*
 * A PE for tests: notes what its redistributor signals, and acknowledges only when it is told to.
 */
#ifndef DOORBELL_TESTS_GIC_SCRIPTED_PE_H
#define DOORBELL_TESTS_GIC_SCRIPTED_PE_H

#include "sim/sim.h"

#include <cstdint>
#include <string>
#include <vector>

namespace gic_test
{

class ScriptedPe
{
  public:
    struct Acknowledged {
        uint32_t intid;
        uint64_t packet; /**< identity of the MSI; 0 if no MSI was behind it */
        sim_time time;
        uint64_t note; /**< packet->cookie of the MSI */
    };

    ScriptedPe(struct sim *sim, const std::string &name, sim_time period);
    ScriptedPe(const ScriptedPe &) = delete;
    ScriptedPe &operator=(const ScriptedPe &) = delete;

    struct sim_component *component()
    {
        return &body_.component;
    }
    void bind(struct sim_channel *from, struct sim_channel *to);

    /** Acknowledges so many times from the next edge on; GIC_INTID_SPURIOUS counts. */
    void acknowledge(uint32_t times, uint32_t mask = 0xff);
    /** From now on acknowledges whatever is signalled, at least @p gap after the answer before. */
    void acknowledge_always(sim_time gap);

    /** Priority signalled last; GIC_PRIORITY_NONE if nothing is pending and enabled. */
    uint32_t signalled() const
    {
        return best_;
    }
    uint32_t signalled_intid() const
    {
        return best_intid_;
    }
    const std::vector<Acknowledged> &acknowledged() const
    {
        return acknowledged_;
    }
    std::vector<uint32_t> intids() const;

    /* The virtual interface: whether a guest runs is the test's to say. */
    /** From now on acknowledges virtual interrupts as they are signalled, or no longer. */
    void run_guest(bool runs);
    uint32_t virtual_signalled() const
    {
        return virtual_best_;
    }
    /** Virtual interrupts taken; GIC_INTID_SPURIOUS counts. */
    const std::vector<Acknowledged> &virtual_acknowledged() const
    {
        return virtual_acknowledged_;
    }
    std::vector<uint32_t> virtual_intids() const;
    /** From now on a virtual acknowledge comes at least @p gap after the answer before. */
    void set_guest_gap(sim_time gap)
    {
        guest_gap_ = gap;
    }

  private:
    struct Body {
        struct sim_component component; /* first */
        ScriptedPe *self;
    };
    static sim_time evaluate(struct sim_component *component, sim_time now);
    sim_time step(sim_time now);
    void take(sim_time now);
    bool take_virtual(const struct sim_packet *packet, sim_time now);
    sim_time step_guest(sim_time now);

    Body body_ = {};
    struct sim_channel *from_ = nullptr;
    struct sim_channel *to_ = nullptr;
    uint32_t wanted_ = 0;
    uint32_t mask_ = 0xff;
    bool always_ = false;
    sim_time gap_ = 0;
    sim_time not_before_ = 0;
    bool waiting_ = false;
    uint32_t best_;
    uint32_t best_intid_;
    std::vector<Acknowledged> acknowledged_;
    sim_time last_push_ = SIM_TIME_NEVER;
    bool guest_ = false;
    bool guest_waiting_ = false;
    sim_time guest_gap_ = 0;
    sim_time guest_not_before_ = 0;
    uint32_t virtual_best_;
    std::vector<Acknowledged> virtual_acknowledged_;
};

} // namespace gic_test

#endif

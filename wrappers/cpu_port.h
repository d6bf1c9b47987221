/*
 * A CPU interface as a target socket: the far end of a redistributor's channels to its PE. See redistributor in gic.h
 * for the registers.
 */
#ifndef DOORBELL_WRAPPERS_CPU_PORT_H
#define DOORBELL_WRAPPERS_CPU_PORT_H

#include "models/gic-its/redistributor.h"
#include "wrappers/bus_target.h"
#include "wrappers/ends.h"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace doorbell
{

/** A model of the simulation: a bus target that answers register accesses, and speaks with the redistributor. */
class cpu_port : public sc_core::sc_module
{
  public:
    cpu_port(const sc_core::sc_module_name &name, simulation &whole, struct ::redistributor *rd, sim_time period,
             std::function<void()> level_changed);
    cpu_port(const cpu_port &) = delete;
    cpu_port &operator=(const cpu_port &) = delete;

    tlm::tlm_target_socket<> &socket()
    {
        return target_.socket;
    }

    /** Level of the interrupt wire. */
    bool level() const;

  private:
    /** The component, which is memory of the simulation's. */
    struct body {
        sim_component component;
        cpu_port *self;
    };

    static sim_time evaluate(sim_component *component, sim_time now);
    sim_time step(sim_time now);
    void take_from_redistributor(sim_time now);
    sim_time serve(sim_time now);
    bool serve_acknowledge(sim_packet *packet, sim_time now);
    uint32_t read(uint32_t offset) const;
    void write(uint32_t offset, uint32_t value, sim_time now);
    void end(uint32_t intid, sim_time now);
    uint32_t threshold() const;
    unsigned debug(tlm::tlm_generic_payload &payload, uint64_t address) const;

    simulation &whole_;
    body *body_;
    bus_target target_;
    std::function<void()> level_changed_;
    sim_bus_port bus_ = {};
    sim_channel *from_ = nullptr; /**< redistributor to here */
    sim_channel *to_ = nullptr;
    bool enabled_ = false;
    uint32_t mask_ = 0;
    uint32_t best_;       /**< priority of what the redistributor shows */
    uint32_t best_intid_; /**< and its INTID */
    bool asked_ = false;  /**< an acknowledge is under way */
    bool answered_ = false;
    uint32_t answer_ = 0;
    uint32_t answer_priority_ = 0;
    std::vector<std::pair<uint32_t, uint32_t>> running_; /**< INTID and priority, innermost last */
};

} // namespace doorbell

#endif

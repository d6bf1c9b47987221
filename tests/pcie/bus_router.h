/*
 * A small interconnect for tests: sends each request to the target whose range holds its address, answers back by the
 * route in the packet, and notes every request. One request a master and one a target at an edge, round robin.
 */
#ifndef DOORBELL_TESTS_PCIE_BUS_ROUTER_H
#define DOORBELL_TESTS_PCIE_BUS_ROUTER_H

#include "sim/bus.h"
#include "sim/sim.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pcie_test
{

struct BusRouter {
    /** A request as it passed. */
    struct Seen {
        size_t master;
        size_t target; /**< SIZE_MAX: nobody's address */
        sim_time time;
        uint64_t id;
        uint8_t type;
        uint64_t address;
        uint32_t length;
        uint32_t flags;
        uint16_t requester;
        uint8_t at;
        uint32_t stream_id;
        uint32_t device_id;
        uint32_t pasid;
        uint8_t first_be;
        uint8_t last_be;
        uint64_t value;
        uint32_t sequence;
        uint32_t source;
    };
    struct Master {
        sim_bus_port port;
        bool posted; /**< absorbs acknowledgements of writes */
    };
    struct Range {
        uint64_t base;
        uint64_t size;
    };
    struct Target {
        sim_bus_port port;
        std::vector<Range> ranges;
    };

    sim_component component = {};
    struct sim *sim = nullptr;
    sim_time latency = 0;
    std::vector<Master> masters;
    std::vector<Target> targets;
    std::vector<Seen> seen;
    std::vector<std::pair<size_t, sim_packet *>> own; /**< packets of its own that are to go */
    size_t turn = 0;                                  /**< master that is looked at first */
    size_t answer_turn = 0;                           /**< target that is looked at first */

    BusRouter(struct sim *owner, const char *name, sim_time period, sim_time service);
    BusRouter(const BusRouter &) = delete;
    BusRouter &operator=(const BusRouter &) = delete;

    /** Adds a port; the router is the other end of the two channels. */
    void add_master(sim_bus_port port, bool posted);
    void add_target(sim_bus_port port, const std::vector<Range> &ranges);

    /** Sends a packet to a master at the next edge, as an SMMU sends its messages; while the engine is paused. */
    void send_to(size_t master, sim_packet *packet);

    /** Requests that came in at a master's port, by address. */
    std::vector<Seen> seen_from(size_t master) const;

  private:
    static sim_time evaluate(sim_component *component, sim_time now);
    sim_time step(sim_time now);
    size_t target_of(uint64_t address) const;
    bool forward(size_t master, std::vector<bool> &used, sim_time now);
    bool answer(size_t target, std::vector<bool> &used, sim_time now);
    void refuse(size_t master, sim_time now);
};

} // namespace pcie_test

#endif

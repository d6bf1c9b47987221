// A crossbar with scripted masters and targets around it, for the tests of this room.
#ifndef DOORBELL_TESTS_INTERCONNECT_FABRIC_H
#define DOORBELL_TESTS_INTERCONNECT_FABRIC_H

#include "models/interconnect/crossbar.h"
#include "tests/support/bus_connect.h"
#include "tests/support/bus_driver.h"
#include "tests/support/bus_target.h"
#include "tests/support/marks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fabric
{

/** Where target i begins; each has 256 MiB. */
constexpr uint64_t base_of(unsigned target)
{
    return UINT64_C(0x10000000) * (target + 1);
}
constexpr uint64_t kTargetBytes = 0x10000000;

struct MasterOptions {
    sim_time period = SIM_NS;
    crossbar_port_kind kind = CROSSBAR_PORT_PLAIN;
    bus_connect_config connect = {};
};

struct TargetOptions {
    bus_target_config config = {};
    bus_connect_config connect = {};
};

class Fabric
{
  public:
    Fabric(const support::Engine &engine, const crossbar_config &given, const std::vector<MasterOptions> &master_list,
           const std::vector<TargetOptions> &target_list)
        : sim(support::create(engine)), log(sim), config(given)
    {
        config.period = config.period > 0 ? config.period : SIM_NS;
        config.masters = static_cast<uint32_t>(master_list.size());
        config.targets = static_cast<uint32_t>(target_list.size());
        crossbar = crossbar_create(sim, "xbar", &config);
        for (const MasterOptions &options : master_list) {
            add_master(options);
        }
        for (const TargetOptions &options : target_list) {
            add_target(options);
        }
    }
    Fabric(const Fabric &) = delete;
    Fabric &operator=(const Fabric &) = delete;
    ~Fabric()
    {
        EXPECT_EQ(sim_pool(sim)->live, 0u) << "packets were lost";
        sim_destroy(sim);
    }

    void run()
    {
        ASSERT_EQ(sim_run(sim, SIM_TIME_NEVER - 1), SIM_RUN_DRAINED);
    }
    const bus_driver_result *result(size_t master, uint32_t index) const
    {
        return bus_driver_get_result(drivers[master], index);
    }
    /** Adds a tracked operation. */
    uint32_t add(size_t master, uint8_t type, sim_time at, uint64_t address, uint32_t length)
    {
        bus_driver_op op = {};

        op.at = at;
        op.type = type;
        op.address = address;
        op.length = length;
        op.flags = SIM_FLAG_TRACKED;
        return bus_driver_add(drivers[master], &op);
    }

    struct sim *sim;
    support::MarkLog log;
    crossbar_config config;
    struct crossbar *crossbar;
    std::vector<struct bus_driver *> drivers;
    std::vector<struct bus_target *> targets;

  private:
    void add_master(const MasterOptions &options)
    {
        unsigned port = static_cast<unsigned>(drivers.size());
        std::string name = "m" + std::to_string(port);
        struct bus_driver *driver = bus_driver_create(sim, name.c_str(), options.period);
        sim_bus_port bus = bus_connect(sim, (name + "-x").c_str(), bus_driver_component(driver),
                                       crossbar_component(crossbar), &options.connect);

        bus_driver_bind(driver, bus);
        bus_driver_set_posted(driver, options.kind == CROSSBAR_PORT_POSTED);
        crossbar_bind_master(crossbar, port, bus, options.kind);
        drivers.push_back(driver);
    }
    void add_target(const TargetOptions &options)
    {
        unsigned port = static_cast<unsigned>(targets.size());
        std::string name = "t" + std::to_string(port);
        bus_target_config target_config = options.config;

        target_config.period = target_config.period > 0 ? target_config.period : SIM_NS;
        struct bus_target *target = bus_target_create(sim, name.c_str(), &target_config);
        sim_bus_port bus = bus_connect(sim, ("x-" + name).c_str(), crossbar_component(crossbar),
                                       bus_target_component(target), &options.connect);

        bus_target_bind(target, bus);
        crossbar_bind_target(crossbar, port, bus);
        EXPECT_TRUE(crossbar_map(crossbar, base_of(port), kTargetBytes, port));
        targets.push_back(target);
    }
};

/** Channels deep and quick enough not to matter. */
inline bus_connect_config roomy()
{
    bus_connect_config connect = {};

    connect.request_capacity = 64;
    connect.response_capacity = 64;
    return connect;
}

} // namespace fabric

#endif

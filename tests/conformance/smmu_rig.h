/*
 * An SMMU with everything at its ports: memory at the walker port, a device upstream, a sink downstream, and a master
 * for its registers.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_SMMU_RIG_H
#define DOORBELL_TESTS_CONFORMANCE_SMMU_RIG_H

#include "models/smmuv3/smmu.h"
#include "tests/conformance/fields.h"
#include "tests/conformance/harness.h"
#include "tests/conformance/ports.h"
#include "tests/support/bus_driver.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace conformance
{

/**
 * The configuration that a case asks for; Skip if the model refuses it.
 * @param idr identification fields; those not named are 0, but if none is, the configuration is the default
 * @param features what the case requires besides
 * @param options  `smmu-preset`: structures and cycles
 */
smmu_config smmu_config_of(const Value &idr, const std::vector<std::string> &features,
                           const std::map<std::string, std::string> &options);

class SmmuRig
{
  public:
    static constexpr uint64_t register_base = 0x09050000;

    /**
     * @param shared a simulation to build in, which stays its maker's. Then nothing stands at the ports for device
     *               traffic, and port 0 is to be bound with connect(); NULL: one of its own
     */
    SmmuRig(const smmu_config &given, const std::map<std::string, std::string> &options, struct sim *shared = nullptr);
    ~SmmuRig();
    SmmuRig(const SmmuRig &) = delete;
    SmmuRig &operator=(const SmmuRig &) = delete;

    /** Puts the SMMU between a master and a target. @return the port at the target, which the target is to bind */
    sim_bus_port connect(struct sim_component *master, const std::function<void(sim_bus_port)> &bind_master,
                         struct sim_component *target);

    /** Runs until nothing is left to do. Failure if that takes for ever. */
    void run();

    uint64_t read(uint32_t offset, uint32_t bytes);
    void write(uint32_t offset, uint64_t value, uint32_t bytes);
    uint64_t read(const Register &reg)
    {
        return read(reg.offset, reg.bytes);
    }
    void write(const Register &reg, uint64_t value)
    {
        write(reg.offset, value, reg.bytes);
    }

    /** An identification field, as the register shows it. CaseError if there is none of that name. */
    uint64_t idr(const std::string &field, const Place &place = {});

    /** Stops the simulation now; the hook is then called between two runs, and may use registers. */
    void interrupt(std::function<void()> hook);

    smmu_config config;
    struct sim *sim;
    std::unique_ptr<MemoryPort> memory;
    std::unique_ptr<DevicePort> device;
    std::unique_ptr<SinkPort> sink;
    std::function<void(const uint64_t *)> on_command; /**< called with each command that is carried out */
    std::set<uint64_t> dropped; /**< identities of packets that the SMMU terminated without an answer */

  private:
    static void on_event(void *context, sim_event_kind kind, const sim_packet *packet, const sim_component *where,
                         sim_time time, uint32_t detail);
    static void on_smmu_command(void *context, uint32_t queue, const uint64_t *words);
    uint64_t access(uint32_t offset, uint64_t value, uint32_t bytes, bool is_write);

    void connect_ports();

    bool owns_sim_;
    struct bus_driver *host_;
    struct smmu *smmu_ = nullptr;
    std::vector<std::function<void()>> hooks_;
};

} // namespace conformance

#endif

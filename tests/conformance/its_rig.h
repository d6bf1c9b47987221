/*
 * A GIC of ITSs, redistributors and PEs that a case drives: memory behind all, and masters for registers and doorbells.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_ITS_RIG_H
#define DOORBELL_TESTS_CONFORMANCE_ITS_RIG_H

#include "models/gic-its/its.h"
#include "models/gic-its/redistributor.h"
#include "models/memory/memory.h"
#include "tests/gic/scripted_pe.h"
#include "tests/support/bus_driver.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conformance
{

class ItsRig
{
  public:
    struct Options {
        uint32_t its_count = 1;
        uint32_t rds = 4;
        its_config its = its_config_default();
        redistributor_config rd = redistributor_config_default();
    };

    /* Where software puts things. */
    static constexpr uint64_t queues = 0x80000000;            /**< ITS i at + i * 64 KiB */
    static constexpr uint64_t device_tables = 0x81000000;     /**< ITS i at + i * 1 MiB */
    static constexpr uint64_t collection_tables = 0x82000000; /**< the same */
    static constexpr uint64_t vpe_tables = 0x83000000;        /**< the same */
    static constexpr uint64_t level2_tables = 0x84000000;     /**< of device tables */
    static constexpr uint64_t config_table = 0x85000000;
    static constexpr uint64_t pending_tables = 0x86000000; /**< redistributor n at + n * 1 MiB */
    static constexpr uint64_t vpts = 0x88000000;           /**< vPE n at + n * 64 KiB */
    static constexpr uint64_t vconfigs = 0x89000000;       /**< the same */
    static constexpr uint64_t itts = 0x90000000;           /**< one after the other, 1 MiB each */

    /**
     * @param shared a simulation to build in, which stays its maker's; then there are no devices at the doorbells, and
     *               bind_device() is to be called for each ITS. NULL: one of its own
     */
    ItsRig(const Options &given, const std::map<std::string, std::string> &build, struct sim *shared = nullptr);
    ~ItsRig();
    ItsRig(const ItsRig &) = delete;
    ItsRig &operator=(const ItsRig &) = delete;

    /** Runs until nothing is left to do. Failure if that takes for ever. */
    void run();

    uint64_t its_read(uint32_t its, uint32_t offset, uint32_t bytes);
    void its_write(uint32_t its, uint32_t offset, uint64_t value, uint32_t bytes);
    uint64_t rd_read(uint32_t rd, uint32_t offset, uint32_t bytes);
    void rd_write(uint32_t rd, uint32_t offset, uint64_t value, uint32_t bytes);

    /** Where an ITS's registers begin; the frame with GITS_TRANSLATER is 64 KiB behind. */
    static uint64_t its_base(uint32_t index);
    /** Joins what carries the devices' writes to an ITS. @return the port, which that is to bind */
    struct sim_bus_port bind_device(uint32_t index, struct sim_component *master);

    /** A write to GITS_TRANSLATER, added to what the device does next. */
    void add_msi(uint32_t its, uint32_t device, uint32_t event, uint32_t bytes, bool has_device);

    Options options;
    struct sim *sim;
    struct memory *memory;
    std::vector<struct its *> its;
    std::vector<struct redistributor *> rds;
    std::vector<std::unique_ptr<gic_test::ScriptedPe>> pes;

  private:
    uint64_t rd_base(uint32_t index) const;
    void create_its(uint32_t index);
    void create_rd(uint32_t index);
    void connect(uint32_t its_index, uint32_t rd_index);
    struct sim_channel *channel(const std::string &name, struct sim_component *writer, struct sim_component *reader,
                                uint32_t capacity);
    struct sim_bus_port join(const std::string &name, struct sim_component *master, struct sim_component *target);
    struct bus_driver *driver(const std::string &name, struct sim_component *target, struct sim_bus_port *port);
    uint64_t access(struct bus_driver *driver, bool write, uint64_t address, uint64_t value, uint32_t bytes);

    bool owns_sim_;
    std::vector<struct bus_driver *> its_cpus_;
    std::vector<struct bus_driver *> devices_;
    std::vector<struct bus_driver *> rd_cpus_;
    unsigned memory_ports_ = 0;
};

} // namespace conformance

#endif

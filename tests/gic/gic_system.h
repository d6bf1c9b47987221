/*
 * A small GIC for tests: memory, ITSs, redistributors, and a scripted PE on each, with the software that sets it up.
 * Every target port has a bus driver of its own, so no interconnect is needed.
 *
 *   cpu driver i ----> ITS i port 0        device driver i ----> ITS i port 1
 *   rd driver n  ----> redistributor n     ITS i, redistributor n ----> memory
 */
#ifndef DOORBELL_TESTS_GIC_GIC_SYSTEM_H
#define DOORBELL_TESTS_GIC_GIC_SYSTEM_H

#include "models/gic-its/gic.h"
#include "models/gic-its/its.h"
#include "models/gic-its/redistributor.h"
#include "models/memory/memory.h"
#include "tests/gic/scripted_pe.h"
#include "tests/support/bus_connect.h"
#include "tests/support/bus_driver.h"
#include "tests/support/marks.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gic_test
{

/** What a system is made of; the tests change what they are about. */
struct Options {
    uint32_t its_count = 1;
    uint32_t rd_count = 4;
    its_config its = its_config_default();
    redistributor_config rd = redistributor_config_default();
    sim_time pe_period = SIM_NS;
    sim_time memory_latency = 50 * SIM_NS;
    sim_time rd_memory_flight = 0; /**< extra way of the redistributors' answers from memory */
    uint32_t lpi_credits = 4;
    sim_time lpi_latency = 0; /**< ITS to redistributor and back */
    uint32_t doorbell_capacity = 4;
    bool keep_log = true;
    bool create_pes = true; /**< false: the test binds PEs of its own with connect_pe() */
};

/** Where the software puts things. */
constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kMemoryBase = 0x40000000; /**< of the memory; what lies below kMemory is the tests' */
constexpr uint64_t kMemorySize = 0x50000000;
constexpr uint64_t kItsBase = 0x08080000; /**< ITS i at + i * 0x40000 */
constexpr uint64_t kRdBase = 0x080a0000 + 0x1000000;
constexpr uint64_t kQueue = kMemory;                   /**< ITS i at + i * 0x10000: 64 KiB queues */
constexpr uint64_t kDeviceTable = kMemory + 0x1000000; /**< ITS i at + i * 0x100000 */
constexpr uint64_t kCollectionTable = kMemory + 0x2000000;
constexpr uint64_t kItts = kMemory + 0x3000000; /**< 0x10000 for each (ITS, device) that map_device() sees */
constexpr uint64_t kConfigTable = kMemory + 0x8000000;
constexpr uint64_t kPendingTables = kMemory + 0x9000000; /**< redistributor n at + n * 0x100000 */

class System
{
  public:
    explicit System(const support::Engine &engine, const Options &given = Options());
    ~System();
    System(const System &) = delete;
    System &operator=(const System &) = delete;

    /** RD_base of a redistributor: with virtual LPIs it has more frames. */
    uint64_t rd_base(uint32_t rd) const
    {
        uint64_t size = options.rd.virt.version == GIC_VIRTUAL_NONE ? GICR_SIZE : GICR_VIRTUAL_SIZE;

        return kRdBase + rd * size;
    }

    /** Runs until nothing is due. */
    void run();

    /* Registers, one access at a time, each until the system is idle. */
    uint64_t its_read(uint32_t its, uint32_t offset, uint32_t length = 8);
    void its_write(uint32_t its, uint32_t offset, uint64_t value, uint32_t length = 8);
    uint64_t rd_read(uint32_t rd, uint32_t offset, uint32_t length = 8);
    void rd_write(uint32_t rd, uint32_t offset, uint64_t value, uint32_t length = 8);

    /* Software. */
    /** Flat tables, 64 KiB queue, Enabled; redistributors with LPIs enabled and PTZ 1; all LPIs enabled at 0xa0. */
    void bring_up();
    void bring_up_its(uint32_t its);
    void bring_up_rd(uint32_t rd, uint64_t pendbaser_flags = UINT64_C(1) << 62);
    void set_config(uint32_t intid, bool enabled, uint8_t priority = 0xa0);
    /** MAPC ICID n -> redistributor n on every ITS, and SYNC. */
    void map_collections();
    /** Appends a command and moves GITS_CWRITER; runs until idle unless told not to. */
    void command(const its_command &command, uint32_t its = 0, bool wait = true);
    /** Writes a command into the queue, nothing else. */
    void put_command(const its_command &command, uint32_t its = 0);
    void put_bytes(const uint8_t bytes[ITS_COMMAND_BYTES], uint32_t its = 0);
    /** What GITS_CWRITER must be set to for all commands that were put. */
    uint64_t next_command(uint32_t index = 0) const
    {
        return write_offset_[index];
    }
    void kick(uint32_t its = 0, uint64_t flags = 0);
    void map_device(uint32_t device, uint32_t bits, uint32_t its = 0);
    void map_event(uint32_t device, uint32_t event, uint32_t intid, uint32_t collection, uint32_t its = 0);
    void sync(uint32_t rd, uint32_t its = 0);
    uint64_t itt_of(uint32_t device, uint32_t its = 0) const;

    /* Devices. */
    /** Adds an MSI write, tracked. @return its identity */
    uint64_t msi(uint32_t device, uint32_t event, uint32_t its = 0, sim_time at = 0, uint32_t length = 4,
                 uint32_t extra_flags = SIM_FLAG_HAS_DEVICE_ID);
    /** The same, and runs until idle. */
    uint64_t msi_now(uint32_t device, uint32_t event, uint32_t its = 0);

    /** Time of an event of a packet; 0 if there is none. */
    sim_time time_of(sim_event_kind kind, uint64_t packet) const;
    /** Number of SIM_EVENT_DROPPED with this reason. */
    uint64_t drops(sim_drop_reason reason) const;
    uint64_t counter(const std::string &component, const std::string &name) const;

    /** Channels of a PE that is not a scripted one. */
    void connect_pe(uint32_t rd, struct sim_component *pe, struct sim_channel **from, struct sim_channel **to);

    Options options;
    struct sim *sim;
    support::MarkLog log;
    struct memory *memory;
    std::vector<struct its *> its;
    std::vector<struct redistributor *> rds;
    std::vector<std::unique_ptr<ScriptedPe>> pes;
    std::vector<struct bus_driver *> its_cpus;
    std::vector<struct bus_driver *> devices;
    std::vector<struct bus_driver *> rd_cpus;

  private:
    void create_its(uint32_t index);
    void create_rd(uint32_t index);
    void connect(uint32_t its_index, uint32_t rd_index);
    struct sim_channel *channel(const std::string &name, struct sim_component *writer, struct sim_component *reader,
                                uint32_t capacity, sim_time latency);
    void join_memory(const std::string &name, struct sim_component *master, sim_time flight, struct sim_bus_port *port);
    uint64_t access(struct bus_driver *driver, bool write, uint64_t address, uint64_t value, uint32_t length);

    std::vector<uint32_t> write_offset_;
    unsigned memory_ports_ = 0;
};

/** Shorthands for commands. */
its_command mapd(uint32_t device, uint32_t size, uint64_t itt, bool valid = true);
its_command mapc(uint32_t collection, uint64_t rd, bool valid = true);
its_command mapti(uint32_t device, uint32_t event, uint32_t intid, uint32_t collection);
its_command mapi(uint32_t device, uint32_t event, uint32_t collection);
its_command movi(uint32_t device, uint32_t event, uint32_t collection);
its_command movall(uint64_t from, uint64_t to);
its_command event_command(its_opcode opcode, uint32_t device, uint32_t event);
its_command invall(uint32_t collection);
its_command sync_command(uint64_t rd);

} // namespace gic_test

#endif

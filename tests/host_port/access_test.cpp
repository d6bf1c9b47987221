// Software's accesses through a host port: values, errors, and times, the same on every engine.
#include "host/access.h"
#include "models/interconnect/crossbar.h"
#include "sim/systemc/systemc_engine.h"
#include "tests/support/bus_connect.h"
#include "tests/support/bus_driver.h"
#include "tests/support/bus_target.h"
#include "tests/support/marks.h"

#include <gtest/gtest.h>

namespace
{

constexpr uint64_t kRam = 0x80000000;
constexpr uint64_t kDevice = 0x10000000;

/** A host and another busy master on a crossbar with memory and a device. */
class Bench
{
  public:
    explicit Bench(const support::Engine &engine) : sim(support::create(engine)), log(sim)
    {
        host_port_config port_config = {};

        make_crossbar();
        port_config.period = 500 * SIM_PS;
        port_config.issue_latency = 7 * SIM_NS;
        port_config.return_latency = 9 * SIM_NS + 1;
        port = host_port_create(sim, "host", &port_config);
        sim_bus_port bus = bus_connect(sim, "host", host_port_component(port), crossbar_component(crossbar), nullptr);

        host_port_bind(port, bus);
        crossbar_bind_master(crossbar, 0, bus, CROSSBAR_PORT_PLAIN);
        make_other();
        make_memory();
        make_device();
        host_access_init(&access, sim, port, memory);
    }
    Bench(const Bench &) = delete;
    Bench &operator=(const Bench &) = delete;
    ~Bench()
    {
        sim_destroy(sim);
    }

    struct sim *sim;
    support::MarkLog log;
    struct crossbar *crossbar = nullptr;
    struct host_port *port = nullptr;
    struct bus_driver *other = nullptr;
    struct memory *memory = nullptr;
    struct bus_target *device = nullptr;
    host_access access = {};

  private:
    void make_crossbar()
    {
        crossbar_config config = {};

        config.period = SIM_NS;
        config.forward_latency = 2 * SIM_NS;
        config.response_latency = 3 * SIM_NS;
        config.masters = 2;
        config.targets = 2;
        crossbar = crossbar_create(sim, "xbar", &config);
    }
    void make_other()
    {
        other = bus_driver_create(sim, "other", 769231);
        sim_bus_port bus =
            bus_connect(sim, "other", bus_driver_component(other), crossbar_component(crossbar), nullptr);

        bus_driver_bind(other, bus);
        crossbar_bind_master(crossbar, 1, bus, CROSSBAR_PORT_PLAIN);
    }
    void make_memory()
    {
        memory_config config = {};

        config.base = kRam;
        config.size = 0x100000;
        config.period = 625 * SIM_PS;
        config.latency = 50 * SIM_NS;
        memory = memory_create(sim, "dram", &config);
        sim_bus_port bus = bus_connect(sim, "dram", crossbar_component(crossbar), memory_component(memory), nullptr);

        memory_bind(memory, 0, bus);
        crossbar_bind_target(crossbar, 0, bus);
        EXPECT_TRUE(crossbar_map(crossbar, kRam, config.size, 0));
    }
    void make_device()
    {
        bus_target_config config = {};

        config.period = SIM_NS;
        config.latency = 20 * SIM_NS;
        device = bus_target_create(sim, "device", &config);
        sim_bus_port bus =
            bus_connect(sim, "device", crossbar_component(crossbar), bus_target_component(device), nullptr);

        bus_target_bind(device, bus);
        crossbar_bind_target(crossbar, 1, bus);
        EXPECT_TRUE(crossbar_map(crossbar, kDevice, 0x10000000, 1));
    }
};

class Access : public ::testing::TestWithParam<support::Engine>
{
  protected:
    Access() : bench(GetParam()), access(&bench.access)
    {
    }

    Bench bench;
    host_access *access;
};

TEST_P(Access, ReadsAndWritesOfAllSizes)
{
    EXPECT_EQ(host_write64(access, kRam + 0x100, UINT64_C(0x8877665544332211)), SIM_STATUS_OK);
    EXPECT_EQ(host_read64(access, kRam + 0x100), UINT64_C(0x8877665544332211));
    EXPECT_EQ(host_read32(access, kRam + 0x104), 0x88776655u);
    EXPECT_EQ(host_read16(access, kRam + 0x102), 0x4433);
    EXPECT_EQ(host_read8(access, kRam + 0x107), 0x88);
    host_write8(access, kRam + 0x101, 0xaa);
    host_write16(access, kRam + 0x106, 0xbbcc);
    host_write32(access, kRam + 0x108, 0xdeadbeef);
    EXPECT_EQ(memory_read64(bench.memory, kRam + 0x100), UINT64_C(0xbbcc66554433aa11));
    EXPECT_EQ(memory_read64(bench.memory, kRam + 0x108), UINT64_C(0xdeadbeef));
    EXPECT_EQ(access->writes, 4u);
    EXPECT_EQ(access->reads, 4u);
    EXPECT_EQ(access->failures, 0u);
}

TEST_P(Access, TakesTheSumOfItsStages)
{
    sim_time begin = sim_now(bench.sim);
    sim_time at;

    EXPECT_EQ(host_read32(access, kDevice + 8), static_cast<uint32_t>(bus_target_pattern(kDevice + 8)));
    at = sim_time_align(begin + 1, 500 * SIM_PS) + 7 * SIM_NS; // issue
    at = sim_time_align(at + SIM_NS, SIM_NS) + 2 * SIM_NS;     // at the crossbar, forward
    at = sim_time_align(at + SIM_NS, SIM_NS) + 20 * SIM_NS;    // at the device
    at = sim_time_align(at + SIM_NS, SIM_NS) + 3 * SIM_NS;     // at the crossbar, back
    at = sim_time_align(at + 500 * SIM_PS, 500 * SIM_PS);      // at the port
    at = sim_time_align(at + 9 * SIM_NS + 1, 500 * SIM_PS);    // return
    EXPECT_EQ(sim_now(bench.sim), at);
    EXPECT_EQ(access->access_time, at - begin);
}

TEST_P(Access, FailuresAreReportedAndCounted)
{
    EXPECT_EQ(host_read32(access, 0x40), UINT32_MAX);
    EXPECT_EQ(access->status, SIM_STATUS_UR);
    EXPECT_EQ(host_read16(access, 0x42), 0xffff);
    EXPECT_EQ(host_write64(access, 0x48, 1), SIM_STATUS_UR);
    EXPECT_EQ(access->failures, 3u);
    EXPECT_EQ(access->failed_address, 0x48u);
    EXPECT_TRUE(access->failed_write);
    EXPECT_EQ(host_write32(access, kRam, 1), SIM_STATUS_OK);
    EXPECT_EQ(access->status, SIM_STATUS_OK);
    EXPECT_EQ(access->failures, 3u);
}

TEST_P(Access, WaitingTakesTheTimeAskedFor)
{
    sim_time begin = sim_now(bench.sim);

    host_wait(access, 10 * SIM_NS);
    EXPECT_EQ(sim_now(bench.sim), begin + 10 * SIM_NS);
    host_wait(access, 10 * SIM_NS + 1);
    EXPECT_EQ(sim_now(bench.sim), begin + 20 * SIM_NS + 500 * SIM_PS);
    host_wait(access, 0);
    EXPECT_EQ(sim_now(bench.sim), begin + 21 * SIM_NS);
    EXPECT_EQ(access->wait_time, 21 * SIM_NS);
}

TEST_P(Access, PollsUntilSeenOrTimeout)
{
    uint32_t value = 0;
    sim_time begin;

    // The other master sets the word after 2 us.
    bus_driver_write(bench.other, 2 * SIM_US, kRam + 0x200, 0x51, 4);
    EXPECT_TRUE(host_poll32(access, kRam + 0x200, 0xf0, 0x50, 100 * SIM_NS, 10 * SIM_US, &value));
    EXPECT_EQ(value, 0x51u);
    EXPECT_GE(sim_now(bench.sim), 2 * SIM_US);
    EXPECT_LT(sim_now(bench.sim), 2 * SIM_US + 500 * SIM_NS);
    begin = sim_now(bench.sim);
    EXPECT_FALSE(host_poll32(access, kRam + 0x200, 0xf, 0x2, 100 * SIM_NS, SIM_US, nullptr));
    EXPECT_GE(sim_now(bench.sim) - begin, SIM_US);
    EXPECT_LT(sim_now(bench.sim) - begin, SIM_US + 500 * SIM_NS);
    EXPECT_FALSE(host_poll32(access, 0x40, 0, 0, 100 * SIM_NS, SIM_US, &value)) << "a failed access ends it";
    EXPECT_EQ(access->failures, 1u);
}

TEST_P(Access, ConfigurationSpaceIsAtItsEcamAddress)
{
    const host_ecam ecam = {kDevice, 0x20, 0x2f};
    uint16_t rid = 0x2300 | 5 << 3 | 6;
    uint64_t expected = kDevice + 3 * UINT64_C(0x100000) + 5 * 0x8000 + 6 * 0x1000;

    EXPECT_EQ(host_config_address(&ecam, rid), expected);
    EXPECT_EQ(host_config_address(&ecam, 0x1fff), 0u);
    EXPECT_EQ(host_config_address(&ecam, 0x3000), 0u);
    EXPECT_EQ(host_config_read(access, &ecam, rid, 0x100, 4),
              static_cast<uint32_t>(bus_target_pattern(expected + 0x100)));
    EXPECT_EQ(host_config_write(access, &ecam, rid, 0x3e, 2, 0x1234), SIM_STATUS_OK);
    const bus_target_seen *seen = bus_target_get_seen(bench.device, 1);

    EXPECT_EQ(seen->address, expected + 0x3e);
    EXPECT_EQ(seen->length, 2u);
    EXPECT_NE(seen->id, bus_target_get_seen(bench.device, 0)->id);
    EXPECT_EQ(seen->value, 0x1234u);
    EXPECT_EQ(host_config_read(access, &ecam, 0x1f00, 0, 2), 0xffffu);
    EXPECT_EQ(access->status, SIM_STATUS_UR);
    EXPECT_EQ(host_config_write(access, &ecam, 0x3000, 0, 4, 0), SIM_STATUS_UR);
    EXPECT_EQ(bus_target_count(bench.device), 2u);
}

TEST_P(Access, MemoryIsReachedWithoutTime)
{
    sim_time begin = sim_now(bench.sim);
    uint8_t bytes[3] = {1, 2, 3};

    host_memory_write64(access, kRam + 8, 0x1122334455667788);
    host_memory_write32(access, kRam + 16, 0xa5a5a5a5);
    host_memory_write(access, kRam + 4095, bytes, 3);
    host_memory_fill(access, kRam + 20, 0x77, 4);
    EXPECT_EQ(host_memory_read64(access, kRam + 16), UINT64_C(0x77777777a5a5a5a5));
    EXPECT_EQ(host_memory_read32(access, kRam + 8), 0x55667788u);
    EXPECT_EQ(sim_now(bench.sim), begin);
    EXPECT_EQ(host_read16(access, kRam + 4096), 0x0302) << "hardware sees it at once";
}

/** A sequence of accesses beside another master's traffic: hash of all values and times. */
uint64_t run_sequence(const support::Engine &engine)
{
    Bench bench(engine);
    uint64_t hash = 0;

    for (uint32_t i = 0; i < 300; i++) {
        bus_driver_op op = {};

        op.at = i * 13 * SIM_NS;
        op.type = i % 2 == 0 ? SIM_PACKET_READ : SIM_PACKET_WRITE;
        op.address = kRam + 64 * i;
        op.length = 64;
        op.value = i;
        op.flags = SIM_FLAG_TRACKED;
        bus_driver_add(bench.other, &op);
    }
    for (uint32_t i = 0; i < 100; i++) {
        hash = hash * 31 + host_read64(&bench.access, kRam + 64 * i + 8 * (i % 2));
        host_write32(&bench.access, i % 3 == 0 ? kDevice : kRam + 0x8000, i);
        hash = hash * 31 + sim_now(bench.sim);
        if (i % 10 == 0) {
            host_wait(&bench.access, i * 7777);
        }
    }
    EXPECT_EQ(sim_run(bench.sim, SIM_TIME_NEVER - 1), SIM_RUN_DRAINED);
    EXPECT_EQ(sim_pool(bench.sim)->live, 0u);
    return hash + bench.log.hash();
}

TEST(AccessEverywhere, ASequenceTakesTheSameTimeOnAllEngines)
{
    uint64_t reference = run_sequence(support::engines()[0]);

    for (const support::Engine &engine : support::engines()) {
        EXPECT_EQ(run_sequence(engine), reference) << engine.name;
    }
}

TEST(AccessSystemc, ASequenceTakesTheSameTime)
{
    const support::Engine engine = {"systemc", SIM_ENGINE_SYSTEMC, false, 0, sim_systemc_engine()};

    if (engine.ops == nullptr) {
        GTEST_SKIP() << "this build has no systemc engine";
    }
    EXPECT_EQ(run_sequence(engine), run_sequence(support::engines()[0]));
}

TEST(AccessDeath, WhatCannotBeStopsTheSimulator)
{
    Bench bench(support::engines()[0]);

    EXPECT_DEATH(host_read32(&bench.access, kRam + 2), "4 bytes at 0x80000002");
    EXPECT_DEATH(host_memory_write32(&bench.access, kDevice, 1), "no memory");
}

INSTANTIATE_TEST_SUITE_P(Engines, Access, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

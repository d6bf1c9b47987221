// Unloaded latencies against the table of crossbar.h, decode errors, and cascades.
#include "tests/interconnect/fabric.h"

#include <gtest/gtest.h>

namespace
{

using fabric::base_of;
using fabric::Fabric;
using fabric::MasterOptions;
using fabric::TargetOptions;

class Timing : public ::testing::TestWithParam<support::Engine>
{
};

/** The table of crossbar.h: time inside the crossbar for a packet with so many bytes of data. */
sim_time pipeline(const crossbar_config &config, sim_time latency, uint32_t bytes)
{
    uint64_t width = config.width > 0 ? config.width : CROSSBAR_DEFAULT_WIDTH;
    uint64_t cycles = bytes == 0 ? 1 : (bytes + width - 1) / width;

    return latency + (cycles - 1) * config.period;
}

TEST_P(Timing, UnloadedLatencyIsTheSumOfTheTable)
{
    const sim_time clocks[] = {SIM_NS, 769231, 400000};

    for (sim_time clock : clocks) {
        for (sim_time master_clock : clocks) {
            for (uint32_t bytes : {1u, 16u, 17u, 100u, 512u}) {
                for (uint8_t type : {SIM_PACKET_READ, SIM_PACKET_WRITE}) {
                    crossbar_config config = {};
                    MasterOptions master;
                    TargetOptions target;

                    config.period = clock;
                    config.forward_latency = 3 * SIM_NS + 7;
                    config.response_latency = 5 * SIM_NS;
                    config.width = 16;
                    master.period = master_clock;
                    master.connect.request_latency = 2 * SIM_NS;
                    master.connect.response_latency = 1500 * SIM_PS;
                    target.config.period = 600000;
                    target.config.latency = 33 * SIM_NS;
                    target.connect.request_latency = SIM_NS + 1;
                    target.connect.response_latency = 7 * SIM_NS;
                    Fabric fabric(GetParam(), config, {master}, {target});

                    fabric.add(0, type, 1234567, base_of(0), bytes);
                    fabric.run();

                    bool write = type == SIM_PACKET_WRITE;
                    sim_time forward = pipeline(config, config.forward_latency, write ? bytes : 0);
                    sim_time back = pipeline(config, config.response_latency, write ? 0 : bytes);
                    sim_time issued = sim_time_align(1234567, master_clock);
                    sim_time at_crossbar = sim_time_align(issued + master.connect.request_latency, clock);
                    sim_time at_target = sim_time_align(at_crossbar + forward + target.connect.request_latency, 600000);
                    sim_time returning = sim_time_align(at_target + 33 * SIM_NS + 7 * SIM_NS, clock);
                    sim_time answered =
                        sim_time_align(returning + back + master.connect.response_latency, master_clock);
                    const bus_driver_result *result = fabric.result(0, 0);

                    ASSERT_EQ(bus_target_get_seen(fabric.targets[0], 0)->time, at_target);
                    ASSERT_EQ(result->answer_time, answered);
                    ASSERT_EQ(result->status, SIM_STATUS_OK);
                    ASSERT_EQ(fabric.log.total_of(result->id), answered - issued) << "marks add up (Q2)";
                    ASSERT_EQ(fabric.log.stages_of(result->id)["xbar"], forward + back);
                }
            }
        }
    }
}

TEST_P(Timing, ReadsBringTheTargetsData)
{
    Fabric fabric(GetParam(), {}, {{}, {}}, {{}, {}});

    bus_driver_read(fabric.drivers[0], 0, base_of(0) + 0x40, 8);
    bus_driver_read(fabric.drivers[0], 0, base_of(1) + 0x48, 8);
    bus_driver_write(fabric.drivers[1], 0, base_of(1) + 0x50, 0x1122334455667788, 8);
    fabric.run();
    EXPECT_EQ(fabric.result(0, 0)->value, bus_target_pattern(base_of(0) + 0x40));
    EXPECT_EQ(fabric.result(0, 1)->value, bus_target_pattern(base_of(1) + 0x48));
    ASSERT_EQ(bus_target_count(fabric.targets[1]), 2u);
    EXPECT_EQ(bus_target_get_seen(fabric.targets[1], 0)->value + bus_target_get_seen(fabric.targets[1], 1)->value,
              UINT64_C(0x1122334455667788));
}

TEST_P(Timing, SidebandsPassUnchanged)
{
    Fabric fabric(GetParam(), {}, {{}}, {{}});
    bus_driver_op op = {};

    op.type = SIM_PACKET_WRITE;
    op.address = base_of(0);
    op.length = 4;
    op.flags = SIM_FLAG_HAS_STREAM_ID | SIM_FLAG_HAS_DEVICE_ID;
    op.stream_id = 0x1234;
    op.device_id = 0x4321;
    op.requester = 0x0308;
    op.sequence = 9;
    bus_driver_add(fabric.drivers[0], &op);
    fabric.run();
    const bus_target_seen *seen = bus_target_get_seen(fabric.targets[0], 0);

    EXPECT_EQ(seen->flags, op.flags);
    EXPECT_EQ(seen->stream_id, 0x1234u);
    EXPECT_EQ(seen->device_id, 0x4321u);
    EXPECT_EQ(seen->requester, 0x0308);
    EXPECT_EQ(seen->sequence, 9u);
}

TEST_P(Timing, UnclaimedAddressIsAnsweredAtTheDocumentedTime)
{
    for (sim_time forward : {sim_time{0}, 3 * SIM_NS, 3 * SIM_NS + 1}) {
        crossbar_config config = {};

        config.period = SIM_NS;
        config.forward_latency = forward;
        config.response_latency = 2 * SIM_NS;
        config.width = 8;
        Fabric fabric(GetParam(), config, {{}}, {{}});

        fabric.add(0, SIM_PACKET_READ, 0, 0x100, 20);
        fabric.add(0, SIM_PACKET_READ, 500 * SIM_NS, base_of(0) + fabric::kTargetBytes - 4, 8);
        bus_driver_write(fabric.drivers[0], SIM_US, 0x100, 1, 4);
        bus_driver_read(fabric.drivers[0], 2 * SIM_US, base_of(0) + fabric::kTargetBytes - 8, 8);
        fabric.run();
        const bus_driver_result *read = fabric.result(0, 0);
        sim_time turn = sim_time_align(sim_time_max(forward, 1), SIM_NS);

        EXPECT_EQ(read->status, SIM_STATUS_UR);
        EXPECT_EQ(read->value, UINT64_MAX);
        // Flight, default target, response latency, 20 bytes at 8 a cycle, flight.
        EXPECT_EQ(read->answer_time - read->issue_time, SIM_NS + turn + 2 * SIM_NS + 2 * SIM_NS + SIM_NS);
        EXPECT_EQ(fabric.log.total_of(read->id), read->answer_time - read->issue_time);
        EXPECT_EQ(fabric.result(0, 1)->status, SIM_STATUS_UR) << "half inside a range";
        EXPECT_EQ(fabric.result(0, 2)->status, SIM_STATUS_UR);
        EXPECT_EQ(fabric.result(0, 3)->status, SIM_STATUS_OK) << "up to the last byte of a range";
        EXPECT_EQ(bus_target_count(fabric.targets[0]), 1u);
        EXPECT_EQ(crossbar_get_counters(fabric.crossbar)->decode_errors, 3u);
    }
}

TEST_P(Timing, UnclaimedAccessesTakeTurnsAtTheDefaultTarget)
{
    crossbar_config config = {};

    config.forward_latency = 20 * SIM_NS;
    config.response_latency = 20 * SIM_NS;
    Fabric fabric(GetParam(), config, {{}, {}, {}}, {{}});
    for (size_t m = 0; m < 3; m++) {
        fabric.add(m, SIM_PACKET_READ, 0, 0x100, 8);
    }
    fabric.run();
    for (size_t m = 0; m < 3; m++) {
        const bus_driver_result *result = fabric.result(m, 0);

        EXPECT_EQ(result->answer_time - result->issue_time, (42 + m) * SIM_NS) << "one refusal an edge";
    }
}

TEST_P(Timing, UnclaimedInterruptIsToldOnce)
{
    for (crossbar_port_kind kind : {CROSSBAR_PORT_PLAIN, CROSSBAR_PORT_ORDERED, CROSSBAR_PORT_POSTED}) {
        MasterOptions master;
        bus_driver_op op = {};

        master.kind = kind;
        Fabric fabric(GetParam(), {}, {master}, {{}});
        op.type = SIM_PACKET_WRITE;
        op.address = 0x10;
        op.length = 4;
        op.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI;
        bus_driver_add(fabric.drivers[0], &op);
        fabric.run();
        ASSERT_EQ(fabric.log.events().size(), 1u);
        EXPECT_EQ(fabric.log.events()[0].kind, SIM_EVENT_DROPPED);
        EXPECT_EQ(fabric.log.events()[0].detail, static_cast<uint32_t>(SIM_DROP_UNSUPPORTED_REQUEST));
        EXPECT_EQ(fabric.log.events()[0].where, "xbar");
        EXPECT_EQ(fabric.log.total_of(fabric.result(0, 0)->id), SIM_NS) << "its way ends there";
        EXPECT_EQ(fabric.result(0, 0)->answered, kind != CROSSBAR_PORT_POSTED);
        if (kind != CROSSBAR_PORT_POSTED) {
            EXPECT_EQ(fabric.result(0, 0)->status, SIM_STATUS_UR);
        }
    }
}

TEST_P(Timing, ManyUnclaimedAccessesAreAllAnswered)
{
    // More than the default target's queue holds, from three masters, one of which takes its answers late.
    Fabric fabric(GetParam(), {}, {{}, {}, {}}, {{}});

    bus_driver_set_deaf(fabric.drivers[1], 0, 300 * SIM_NS);
    for (int i = 0; i < 20; i++) {
        for (size_t m = 0; m < 3; m++) {
            fabric.add(m, i % 3 == 0 ? SIM_PACKET_WRITE : SIM_PACKET_READ, 0, 0x40, 8);
            fabric.add(m, SIM_PACKET_READ, 0, base_of(0), 8);
        }
    }
    fabric.run();
    for (size_t m = 0; m < 3; m++) {
        for (uint32_t i = 0; i < 40; i++) {
            ASSERT_TRUE(fabric.result(m, i)->answered);
            EXPECT_EQ(fabric.result(m, i)->status, i % 2 == 0 ? SIM_STATUS_UR : SIM_STATUS_OK);
        }
    }
}

/** A chain of crossbars between a driver and a target. */
class Chain
{
  public:
    Chain(const support::Engine &engine, unsigned length) : sim(support::create(engine)), log(sim)
    {
        bus_target_config target_config = {};
        crossbar_config config = {};
        struct sim_component *from;
        struct crossbar *last = nullptr;

        driver = bus_driver_create(sim, "cpu", SIM_NS);
        from = bus_driver_component(driver);
        config.period = SIM_NS;
        config.forward_latency = 2 * SIM_NS;
        config.response_latency = 3 * SIM_NS;
        config.masters = 5;
        config.targets = 5;
        for (unsigned i = 0; i < length; i++) {
            std::string name = "xbar" + std::to_string(i);
            struct crossbar *crossbar = crossbar_create(sim, name.c_str(), &config);
            sim_bus_port bus = bus_connect(sim, ("to " + name).c_str(), from, crossbar_component(crossbar), nullptr);

            // Ports of different numbers at each, so that a wrong way back would show.
            crossbar_bind_master(crossbar, (i + 1) % 5, bus, CROSSBAR_PORT_ORDERED);
            EXPECT_TRUE(crossbar_map(crossbar, 0, 0x10000, (i + 2) % 5));
            attach(last, i, bus);
            last = crossbar;
            from = crossbar_component(crossbar);
        }
        target_config.period = SIM_NS;
        target_config.latency = 10 * SIM_NS;
        target_config.new_ack = true;
        target = bus_target_create(sim, "end", &target_config);
        sim_bus_port bus = bus_connect(sim, "to end", from, bus_target_component(target), nullptr);

        attach(last, length, bus);
        bus_target_bind(target, bus);
    }
    Chain(const Chain &) = delete;
    Chain &operator=(const Chain &) = delete;
    ~Chain()
    {
        sim_destroy(sim);
    }

    struct sim *sim;
    support::MarkLog log;
    struct bus_driver *driver;
    struct bus_target *target;

  private:
    void attach(struct crossbar *last, unsigned i, sim_bus_port bus)
    {
        if (last == nullptr) {
            bus_driver_bind(driver, bus);
        } else {
            crossbar_bind_target(last, (i + 1) % 5, bus);
        }
    }
};

TEST_P(Timing, CascadesAddUp)
{
    for (unsigned length = 1; length <= SIM_PACKET_ROUTE_DEPTH; length++) {
        Chain chain(GetParam(), length);

        bus_driver_read(chain.driver, 0, 0x100, 8);
        bus_driver_write(chain.driver, SIM_US, 0x108, 77, 8);
        ASSERT_EQ(sim_run(chain.sim, SIM_TIME_NEVER - 1), SIM_RUN_DRAINED);
        for (uint32_t i = 0; i < 2; i++) {
            const bus_driver_result *result = bus_driver_get_result(chain.driver, i);

            ASSERT_TRUE(result->answered);
            // Each crossbar: 2 + 3 ns and two flights of 1 ns; the target 10 ns and its two flights.
            EXPECT_EQ(result->answer_time - result->issue_time, (7 * length + 12) * SIM_NS);
        }
        EXPECT_EQ(bus_driver_get_result(chain.driver, 0)->value, bus_target_pattern(0x100));
        EXPECT_EQ(bus_target_get_seen(chain.target, 1)->value, 77u);
        EXPECT_EQ(sim_pool(chain.sim)->live, 0u);
    }
}

TEST(TimingDeath, ACascadeTooLongStopsTheSimulator)
{
    EXPECT_DEATH(
        {
            Chain chain(support::engines()[0], SIM_PACKET_ROUTE_DEPTH + 1);

            bus_driver_read(chain.driver, 0, 0x100, 8);
            sim_run(chain.sim, SIM_TIME_NEVER - 1);
        },
        "crossbars in a row");
}

INSTANTIATE_TEST_SUITE_P(Engines, Timing, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

// The PE: acknowledge, handler, mask, and telling the device.
#include "models/gic-its/cpu_interface.h"
#include "models/gic-its/pe.h"
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

namespace
{

using namespace gic_test;

/** A device that takes notes of handlers that have ended, unless it is deaf. */
class Device
{
  public:
    Device(struct sim *sim, const std::string &name)
    {
        body_.self = this;
        sim_component_init(&body_.component, sim, name.c_str(), SIM_NS, &Device::evaluate);
    }
    struct sim_component *component()
    {
        return &body_.component;
    }
    struct Handled {
        uint32_t source;
        uint32_t vector;
        sim_time time;
    };
    struct sim_channel *input = nullptr;
    sim_time deaf_until = 0;
    std::vector<Handled> handled;

  private:
    struct Body {
        struct sim_component component; /* first */
        Device *self;
    };
    static sim_time evaluate(struct sim_component *component, sim_time now)
    {
        Device *self = reinterpret_cast<Body *>(component)->self;

        if (now >= self->deaf_until && sim_channel_peek(self->input, now) != nullptr) {
            struct sim_packet *packet = sim_channel_pop(self->input, now);

            self->handled.push_back({packet->source, packet->vector, now});
            sim_packet_free(component->sim, packet);
        }
        sim_time arrival = sim_channel_next_arrival(self->input);
        return arrival == SIM_TIME_NEVER ? arrival : sim_time_max(arrival, self->deaf_until);
    }
    Body body_ = {};
};

class Pe : public ::testing::TestWithParam<support::Engine>
{
  protected:
    Pe() : config(pe_config_default())
    {
        config.sources = 4;
        config.handler_time = 100 * SIM_NS;
    }
    ~Pe() override
    {
        if (system != nullptr) {
            EXPECT_EQ(sim_pool(system->sim)->live, redistributor_pending_count(system->rds[0])) << "packets were lost";
        }
    }
    void start()
    {
        Options options;
        struct sim_channel *from;
        struct sim_channel *to;
        sim_channel_config told = {};

        options.rd_count = 1;
        options.create_pes = false;
        system = std::make_unique<System>(GetParam(), options);
        pe = pe_create(system->sim, "pe0", &config);
        system->connect_pe(0, pe_component(pe), &from, &to);
        pe_bind_redistributor(pe, from, to);
        device = std::make_unique<Device>(system->sim, "device");
        told.name = "told";
        told.writer = pe_component(pe);
        told.reader = device->component();
        told.capacity = 1;
        device->input = sim_channel_create(system->sim, &told);
        pe_bind_handled(pe, 2, device->input);
        system->bring_up();
        system->map_device(2, 8);
        for (uint32_t event = 0; event < 8; event++) {
            system->map_event(2, event, 8200 + event, 0);
        }
        // Warm: everything that follows hits.
        for (uint32_t event = 0; event < 8; event++) {
            system->msi_now(2, event);
        }
        warm = system->log.event_count(SIM_EVENT_MSI_HANDLED);
        ASSERT_EQ(warm, 8u);
    }
    /** A time at which the handlers so far have ended: nothing need be due at the end of a handler. */
    sim_time later() const
    {
        return sim_time_align(sim_now(system->sim) + SIM_US, SIM_NS);
    }
    uint64_t send(uint32_t event, uint32_t source, uint32_t vector, sim_time at = 0)
    {
        bus_driver_op op = {};

        op.at = at;
        op.type = SIM_PACKET_WRITE;
        op.address = its_doorbell(system->its[0]);
        op.length = 4;
        op.value = event;
        op.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI | SIM_FLAG_HAS_DEVICE_ID;
        op.device_id = 2;
        op.source = source;
        op.vector = vector;
        return bus_driver_get_result(system->devices[0], bus_driver_add(system->devices[0], &op))->id;
    }
    sim_time time_of(sim_event_kind kind, uint64_t packet) const
    {
        return system->time_of(kind, packet);
    }

    pe_config config;
    std::unique_ptr<System> system;
    struct pe *pe = nullptr;
    std::unique_ptr<Device> device;
    uint64_t warm = 0;
};

TEST_P(Pe, HandlesOneAfterTheOther)
{
    start();
    std::vector<uint64_t> ids;

    for (uint32_t event = 0; event < 4; event++) {
        ids.push_back(send(event, 0, event));
    }
    system->run();
    sim_time end = 0;
    for (uint64_t id : ids) {
        sim_time delivered = time_of(SIM_EVENT_MSI_DELIVERED, id);
        sim_time handled = time_of(SIM_EVENT_MSI_HANDLED, id);

        ASSERT_NE(delivered, 0u);
        EXPECT_EQ(handled - delivered, config.handler_time);
        EXPECT_GT(delivered, end) << "one handler at a time";
        end = handled;
    }
    EXPECT_EQ(system->counter("pe0", "delivered"), warm + 4);
    EXPECT_EQ(system->counter("pe0", "handled"), warm + 4);
    EXPECT_EQ(system->counter("pe0", "spurious"), 0u);
    EXPECT_FALSE(pe_is_idle(pe)) << "the last handler has not ended yet";
    bus_driver_read(system->its_cpus[0], later(), kItsBase, 4);
    system->run();
    EXPECT_TRUE(pe_is_idle(pe));
}

TEST_P(Pe, AnMsiDuringTheHandlerIsHandledAgain)
{
    // Pending is cleared at the acknowledge: what comes after it is not lost, what came before it merged.
    start();
    sim_time now = later();
    uint64_t first = send(0, 0, 0, now + 10 * SIM_NS);
    uint64_t merged = send(0, 0, 0, now + 12 * SIM_NS);
    uint64_t during = send(0, 0, 0, now + 150 * SIM_NS);

    system->run();
    EXPECT_NE(time_of(SIM_EVENT_MSI_MERGED, merged), 0u);
    EXPECT_EQ(time_of(SIM_EVENT_MSI_DELIVERED, merged), 0u);
    EXPECT_LT(time_of(SIM_EVENT_MSI_DELIVERED, first), time_of(SIM_EVENT_MSI_PENDING, during));
    EXPECT_LT(time_of(SIM_EVENT_MSI_PENDING, during), time_of(SIM_EVENT_MSI_HANDLED, first));
    EXPECT_GT(time_of(SIM_EVENT_MSI_DELIVERED, during), time_of(SIM_EVENT_MSI_HANDLED, first));
}

TEST_P(Pe, NoMsiFallsBetweenAcknowledgeAndHandler)
{
    // Sweeps a second MSI over the whole acknowledge: wherever it falls, a handler starts after it became pending.
    start();
    for (sim_time delay = 0; delay < 100; delay++) {
        sim_time now = later();
        uint64_t first = send(0, 0, 0, now + 10 * SIM_NS);
        uint64_t second = send(0, 0, 0, now + (10 + delay) * SIM_NS);

        system->run();
        sim_time merged = time_of(SIM_EVENT_MSI_MERGED, second);
        if (merged != 0) {
            EXPECT_GT(time_of(SIM_EVENT_MSI_DELIVERED, first), merged) << "delay " << delay;
        } else {
            EXPECT_NE(time_of(SIM_EVENT_MSI_DELIVERED, second), 0u) << "delay " << delay;
        }
    }
    EXPECT_GT(system->log.event_count(SIM_EVENT_MSI_MERGED), 10u);
    EXPECT_LT(system->log.event_count(SIM_EVENT_MSI_MERGED), 90u);
}

TEST_P(Pe, TellsTheDevice)
{
    start();
    uint64_t id = send(3, 2, 7);
    send(4, 1, 5); // a source that nobody listens for
    send(5, 9, 5); // a source that is not known at all

    system->run();
    ASSERT_EQ(device->handled.size(), 1u);
    EXPECT_EQ(device->handled[0].source, 2u);
    EXPECT_EQ(device->handled[0].vector, 7u);
    EXPECT_EQ(
        device->handled[0].time,
        sim_time_align(time_of(SIM_EVENT_MSI_HANDLED, id) + config.handled_cycles * config.period + SIM_NS, SIM_NS));
}

TEST_P(Pe, ADeafDeviceHoldsTheHandler)
{
    start();
    sim_time now = later();
    std::vector<uint64_t> ids;

    device->deaf_until = sim_time_align(now + 5 * SIM_US, SIM_NS);
    for (uint32_t event = 0; event < 3; event++) {
        ids.push_back(send(event, 2, event, now));
    }
    system->run();
    ASSERT_EQ(device->handled.size(), 3u);
    // The first fits the channel; the second handler cannot end before the device has taken the first.
    EXPECT_LT(time_of(SIM_EVENT_MSI_HANDLED, ids[0]), device->deaf_until);
    EXPECT_GE(time_of(SIM_EVENT_MSI_HANDLED, ids[1]), device->deaf_until);
    EXPECT_LE(time_of(SIM_EVENT_MSI_HANDLED, ids[1]), device->deaf_until + 2 * SIM_NS);
}

TEST_P(Pe, MaskHoldsInterruptsBack)
{
    start();
    pe_set_priority_mask(pe, 0x80);
    send(0, 0, 0);
    system->run();
    EXPECT_EQ(system->counter("pe0", "delivered"), warm) << "0xa0 is not below 0x80";
    EXPECT_TRUE(redistributor_is_pending(system->rds[0], 8200));
    pe_set_priority_mask(pe, 0xff);
    system->run();
    EXPECT_EQ(system->counter("pe0", "delivered"), warm + 1);
}

TEST_P(Pe, HigherPriorityOvertakesWhileTheHandlerRuns)
{
    start();
    system->set_config(8201, true, 0x20);
    system->command(event_command(ITS_COMMAND_INV, 2, 1));
    system->sync(0);
    uint64_t running = send(0, 0, 0);
    uint64_t low = send(2, 0, 0);
    uint64_t high = send(1, 0, 0);
    system->run();
    EXPECT_LT(time_of(SIM_EVENT_MSI_DELIVERED, running), time_of(SIM_EVENT_MSI_DELIVERED, high));
    EXPECT_LT(time_of(SIM_EVENT_MSI_DELIVERED, high), time_of(SIM_EVENT_MSI_DELIVERED, low));
}

TEST_P(Pe, InterruptsWithoutAnMsiBehindThem)
{
    start();
    system->command(event_command(ITS_COMMAND_INT, 2, 3));
    EXPECT_EQ(system->counter("pe0", "handled"), warm + 1);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_HANDLED), warm);
}

TEST_P(Pe, ZeroCyclesEverywhere)
{
    config.acknowledge_cycles = 0;
    config.entry_cycles = 0;
    config.handler_time = 0;
    config.handled_cycles = 0;
    start();
    for (int i = 0; i < 5; i++) {
        send(0, 2, 1);
        system->run();
    }
    EXPECT_EQ(system->counter("pe0", "handled"), warm + 5);
    EXPECT_EQ(device->handled.size(), 5u);
}

TEST_P(Pe, GroupEnableAndRunningPriority)
{
    config.handler_time = 10 * SIM_US;
    start();
    pe_set_group1_enable(pe, false);
    send(0, 0, 0, later() + 20 * SIM_US);
    system->run();
    EXPECT_EQ(system->counter("pe0", "delivered"), warm) << "Group 1 is off";
    EXPECT_EQ(pe_running_priority(pe), CPU_INTERFACE_IDLE);
    pe_set_group1_enable(pe, true);
    system->run();
    EXPECT_EQ(system->counter("pe0", "delivered"), warm + 1);
    EXPECT_EQ(pe_running_priority(pe), 0xa0u) << "the handler has just begun";
}

TEST_P(Pe, HigherPriorityPreempts)
{
    config.preemption = true;
    config.handler_time = 2 * SIM_US;
    start();
    system->set_config(8201, true, 0x20);
    system->set_config(8202, true, 0x9c);
    system->command(invall(0));
    system->sync(0);
    for (uint32_t event = 0; event < 4; event++) {
        send(event, 0, 0);
        system->run();
    }
    sim_time now = later() + 2 * SIM_US;
    uint64_t low = send(0, 2, 0, now);
    uint64_t high = send(1, 2, 1, now + SIM_US);
    uint64_t same = send(3, 2, 3, now + SIM_US);

    system->run();
    ASSERT_EQ(system->counter("pe0", "preempted"), 1u);
    EXPECT_LT(time_of(SIM_EVENT_MSI_HANDLED, high), time_of(SIM_EVENT_MSI_HANDLED, low));
    EXPECT_GT(time_of(SIM_EVENT_MSI_DELIVERED, same), time_of(SIM_EVENT_MSI_HANDLED, low)) << "not higher";
    EXPECT_EQ(time_of(SIM_EVENT_MSI_HANDLED, high) - time_of(SIM_EVENT_MSI_DELIVERED, high), config.handler_time);
    // The lower handler lost exactly the time from the edge at which the PE saw the signal to the end of the other.
    sim_time seen = time_of(SIM_EVENT_MSI_PENDING, high) + 10 * SIM_NS + config.period;

    EXPECT_EQ(time_of(SIM_EVENT_MSI_HANDLED, low) - time_of(SIM_EVENT_MSI_DELIVERED, low),
              config.handler_time + time_of(SIM_EVENT_MSI_HANDLED, high) - seen);
    EXPECT_EQ(device->handled.size(), 3u);
    EXPECT_EQ(pe_running_priority(pe), CPU_INTERFACE_IDLE);
    EXPECT_TRUE(pe_is_idle(pe));
    // With bits 7:6 as group priority 0x9c and 0xa0 are the same, so neither preempts the other.
    pe_set_binary_point(pe, 6);
    now = later();
    send(0, 0, 0, now);
    send(2, 0, 2, now + SIM_US);
    system->run();
    EXPECT_EQ(system->counter("pe0", "preempted"), 1u);
    pe_set_binary_point(pe, 1);
    now = later();
    send(0, 0, 0, now);
    send(2, 0, 2, now + SIM_US);
    system->run();
    EXPECT_EQ(system->counter("pe0", "preempted"), 2u);
}

TEST_P(Pe, PriorityDropBeforeTheEnd)
{
    // EOImode 1: after the drop an interrupt of the same priority preempts what is left of the handler.
    config.preemption = true;
    config.eoi_mode = true;
    config.handler_time = 4 * SIM_US;
    config.drop_time = SIM_US;
    start();
    sim_time now = later();
    uint64_t first = send(0, 0, 0, now);
    uint64_t second = send(1, 0, 1, now + 500 * SIM_NS);

    system->run();
    sim_time drop = time_of(SIM_EVENT_MSI_DELIVERED, first) + config.drop_time;

    EXPECT_GT(time_of(SIM_EVENT_MSI_DELIVERED, second), drop);
    EXPECT_LT(time_of(SIM_EVENT_MSI_DELIVERED, second), drop + 100 * SIM_NS);
    EXPECT_LT(time_of(SIM_EVENT_MSI_HANDLED, second), time_of(SIM_EVENT_MSI_HANDLED, first));
    EXPECT_EQ(time_of(SIM_EVENT_MSI_HANDLED, first) - time_of(SIM_EVENT_MSI_DELIVERED, first),
              config.handler_time + time_of(SIM_EVENT_MSI_HANDLED, second) - drop);
    EXPECT_EQ(pe_running_priority(pe), CPU_INTERFACE_IDLE);
}

TEST_P(Pe, NestsAsDeepAsPrioritiesGo)
{
    config.preemption = true;
    config.handler_time = 10 * SIM_US;
    start();
    for (uint32_t event = 0; event < 8; event++) {
        system->set_config(8200 + event, true, static_cast<uint8_t>(0xe0 - 0x20 * event));
    }
    system->command(invall(0));
    system->sync(0);
    sim_time now = later();
    std::vector<uint64_t> ids;

    for (uint32_t event = 0; event < 8; event++) {
        ids.push_back(send(event, 0, event, now + event * 300 * SIM_NS));
    }
    ASSERT_EQ(sim_run(system->sim, now + 8 * 300 * SIM_NS + SIM_US), SIM_RUN_REACHED_END);
    EXPECT_EQ(pe_running_priority(pe), 0u);
    EXPECT_FALSE(pe_is_idle(pe));
    system->run();
    for (uint32_t event = 1; event < 8; event++) {
        EXPECT_LT(time_of(SIM_EVENT_MSI_HANDLED, ids[event]), time_of(SIM_EVENT_MSI_HANDLED, ids[event - 1]));
    }
    EXPECT_EQ(system->counter("pe0", "preempted"), 7u);
    EXPECT_TRUE(pe_is_idle(pe));
}

TEST(CpuInterface, BinaryPointAndThreshold)
{
    struct cpu_interface interface;

    cpu_interface_init(&interface, 8, 0xff, 0);
    EXPECT_EQ(interface.binary_point, 1) << "Group 1 has no bit 0 in the group priority";
    for (uint32_t point = 1; point < 8; point++) {
        cpu_interface_set_binary_point(&interface, point);
        for (uint32_t running = 0; running < 0x100; running++) {
            cpu_interface_acknowledge(&interface, running);
            ASSERT_EQ(cpu_interface_running_priority(&interface), running >> point << point);
            uint32_t threshold = cpu_interface_threshold(&interface);

            for (uint32_t priority = 0; priority < 0x100; priority++) {
                ASSERT_EQ(priority < threshold, priority >> point < running >> point) << point;
            }
            ASSERT_TRUE(cpu_interface_drop(&interface));
            ASSERT_FALSE(cpu_interface_drop(&interface));
        }
    }
    EXPECT_EQ(cpu_interface_running_priority(&interface), CPU_INTERFACE_IDLE);
    EXPECT_EQ(cpu_interface_threshold(&interface), 0xffu);
}

TEST(CpuInterface, MaskNestingEnableAndBits)
{
    struct cpu_interface interface;

    cpu_interface_init(&interface, 5, 0xb4, 0);
    EXPECT_EQ(interface.binary_point, 3) << "five bits leave 7:3";
    EXPECT_EQ(interface.priority_mask, 0xb0);
    EXPECT_EQ(cpu_interface_threshold(&interface), 0xb0u);
    cpu_interface_acknowledge(&interface, 0xa8);
    cpu_interface_acknowledge(&interface, 0x18);
    EXPECT_EQ(cpu_interface_running_priority(&interface), 0x18u);
    EXPECT_EQ(cpu_interface_threshold(&interface), 0x18u);
    EXPECT_TRUE(cpu_interface_drop(&interface));
    EXPECT_EQ(cpu_interface_running_priority(&interface), 0xa8u) << "the drop ends the highest";
    interface.group1_enable = false;
    EXPECT_EQ(cpu_interface_threshold(&interface), 0u);
}

TEST(CpuInterface, NonSecureViews)
{
    EXPECT_EQ(cpu_interface_read_view(0x40), 0u);
    EXPECT_EQ(cpu_interface_read_view(0x80), 0u);
    EXPECT_EQ(cpu_interface_read_view(0xd0), 0xa0u);
    EXPECT_EQ(cpu_interface_read_view(0xff), 0xfeu);
    EXPECT_EQ(cpu_interface_write_view(0xff, 0xa0), 0xd0u);
    EXPECT_EQ(cpu_interface_write_view(0x70, 0xa0), 0x70u) << "Secure software has set it";
}

INSTANTIATE_TEST_SUITE_P(Engines, Pe, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

// The PE: acknowledge, handler, mask, and telling the device.
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

INSTANTIATE_TEST_SUITE_P(Engines, Pe, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

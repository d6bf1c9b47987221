/*
 * The event queue, its overflow, global errors, and the SMMU's own MSIs. Numbers in comments are conformance cases.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

constexpr uint32_t EVENTQ_PROD = 0x100a8;
constexpr uint32_t EVENTQ_CONS = 0x100ac;
constexpr uint64_t probe = System::memory_base + System::memory_size - 0x1000;

void small_queue(System &s, unsigned bits)
{
    s.event_bits = bits;
    s.enable();
    s.make_s1();
}

uint64_t record_address(System &s, unsigned index)
{
    return memory_read64(s.memory, s.event_queue + 32 * index + 16);
}

TEST(EventQueue, WritesInOrder) /* reg-010, evq-009 */
{
    everywhere([](System &s) {
        small_queue(s, 7);
        for (unsigned i = 0; i < 5; i++) {
            s.txn({.addr = 0x51000000 + 4 * (i / 2)});
            EXPECT_EQ(s.read(EVENTQ_PROD), i + 1);
        }
        const std::vector<Event> events = s.events();
        ASSERT_EQ(events.size(), 5u) << "equal faults are not merged";
        for (unsigned i = 0; i < 5; i++) {
            EXPECT_EQ(events[i].address(), 0x51000000 + 4 * (i / 2));
        }
    });
}

TEST(EventQueue, WrapsAround)
{
    everywhere([](System &s) {
        small_queue(s, 2);
        for (unsigned i = 0; i < 11; i++) {
            s.txn({.addr = 0x51000000 + 0x1000 * i});
            const std::vector<Event> events = s.events();
            ASSERT_EQ(events.size(), 1u);
            EXPECT_EQ(events[0].address(), 0x51000000 + 0x1000 * i);
        }
        EXPECT_EQ(s.read(EVENTQ_PROD), 11u % 8);
    });
}

TEST(EventQueue, OverflowTogglesOnceAndDoesNotBlock) /* evq-002, evq-004 */
{
    everywhere([](System &s) {
        small_queue(s, 1);
        s.txn({.addr = 0x51000000});
        s.txn({.addr = 0x52000000});
        EXPECT_EQ(s.read(EVENTQ_PROD), 2u);
        s.txn({.addr = 0x53000000});
        EXPECT_EQ(s.read(EVENTQ_PROD), 0x80000002u);
        s.txn({.addr = 0x53000000});
        EXPECT_EQ(s.read(EVENTQ_PROD), 0x80000002u) << "not acknowledged: no second toggle";
        s.write(EVENTQ_CONS, 2);
        s.txn({.addr = 0x54000000});
        EXPECT_EQ(s.read(EVENTQ_PROD), 0x80000003u) << "written although the overflow stands";
        EXPECT_EQ(record_address(s, 0), 0x54000000u);
        s.write(EVENTQ_CONS, 0x80000002u);
        s.txn({.addr = 0x55000000});
        s.txn({.addr = 0x56000000});
        EXPECT_EQ(s.read(EVENTQ_PROD), 0x00000000u) << "index 0, wrap 0, and OVFLG toggled back";
        EXPECT_EQ(s.counter("events-lost"), 3u);
    });
}

TEST(EventQueue, DisabledLosesWithoutOverflow)
{
    everywhere([](System &s) {
        small_queue(s, 1);
        s.write(0x20, 0x9);
        EXPECT_EQ(s.txn({.addr = 0x51000000}).outcome, Outcome::abort);
        EXPECT_EQ(s.read(EVENTQ_PROD), 0u);
        EXPECT_EQ(s.counter("events-lost"), 1u);
    });
}

TEST(EventQueue, WriteAbort) /* evq-008 */
{
    everywhere([](System &s) {
        small_queue(s, 4);
        s.write(0x20, 0x9);
        s.write(0xa0, System::nowhere | 4, 8);
        s.write(0x20, 0xd);
        s.txn({.addr = 0x51000000});
        EXPECT_EQ(s.read(0x60) ^ s.read(0x64), 1u << 2) << "EVENTQ_ABT_ERR";
        EXPECT_EQ(s.read(EVENTQ_PROD), 0u);
        s.txn({.addr = 0x52000000});
        EXPECT_EQ(s.read(EVENTQ_PROD), 0u) << "nothing is written while the error is active";
        s.write(0x20, 0x9);
        s.write(0xa0, s.event_queue | 4, 8);
        s.write(0x20, 0xd);
        s.txn({.addr = 0x52000000});
        EXPECT_EQ(s.read(EVENTQ_PROD), 0u);
        s.write(0x64, s.read(0x60));
        s.txn({.addr = 0x53000000});
        EXPECT_EQ(s.read(EVENTQ_PROD), 1u);
        EXPECT_EQ(record_address(s, 0), 0x53000000u);
    });
}

/* More faults than the internal buffer holds: requests wait for it, and no record is lost. */
TEST(EventQueue, BufferPushesBack)
{
    everywhere([](smmu_config &c) { c.event_buffer = 2; },
               [](System &s) {
                   small_queue(s, 7);
                   s.txn({.addr = 0x51000000});
                   const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
                   std::vector<uint32_t> index;
                   for (unsigned i = 0; i < 100; i++) {
                       index.push_back(s.start({.addr = 0x51000000, .op = i % 2 != 0 ? 'W' : 'R', .when = when}));
                   }
                   s.run();
                   EXPECT_EQ(s.counter("events"), 101u);
                   EXPECT_EQ(s.counter("events-lost"), 0u);
                   EXPECT_EQ(s.read(EVENTQ_PROD), 101u);
                   for (unsigned i = 0; i < 100; i++) {
                       EXPECT_EQ(s.result(0, index[i]).outcome, i % 2 != 0 ? Outcome::dropped : Outcome::abort);
                   }
               });
}

/* The same when the records cannot be written at all: they are lost, and the requests go on. */
TEST(EventQueue, BufferDrainsIntoAFullQueue)
{
    everywhere([](smmu_config &c) { c.event_buffer = 1; },
               [](System &s) {
                   small_queue(s, 0);
                   s.txn({.addr = 0x51000000});
                   const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
                   std::vector<uint32_t> index;
                   for (unsigned i = 0; i < 50; i++) {
                       index.push_back(s.start({.addr = 0x51000000, .op = i % 2 != 0 ? 'W' : 'R', .when = when}));
                   }
                   s.run();
                   EXPECT_EQ(s.counter("events"), 1u);
                   EXPECT_EQ(s.counter("events-lost"), 50u);
                   EXPECT_EQ(s.read(EVENTQ_PROD), 0x80000001u);
                   EXPECT_EQ(s.result(0, index[49]).outcome, Outcome::dropped);
               });
}

/* Two ports compete for the last place in the buffer, whose record is then lost at once. */
TEST(EventQueue, BufferIsSharedByPorts)
{
    everywhere(
        [](smmu_config &c) {
            c.event_buffer = 1;
            c.ports = 4;
        },
        [](System &s) {
            std::vector<uint32_t> index;

            small_queue(s, 0);
            s.txn({.addr = 0x51000000});
            const sim_time when = sim_now(s.sim) + 10 * SIM_NS;
            for (uint32_t port = 0; port < 4; port++) {
                index.push_back(s.start({.sid = 0x1000, .op = 'W', .port = port, .when = when}));
            }
            s.run();
            for (uint32_t port = 0; port < 4; port++) {
                EXPECT_EQ(s.result(port, index[port]).outcome, Outcome::dropped);
            }
        });
}

/* EVENTQEN 1 -> 0 is acknowledged when the record under way is written; the others are lost. */
TEST(EventQueue, DisablingWaitsForTheRecordUnderWay)
{
    everywhere([](System &s) {
        s.enable();
        const sim_time begin = sim_now(s.sim);
        s.start({.sid = 0x300, .addr = 0, .op = 'W', .when = begin + 10 * SIM_NS});
        s.start({.sid = 0x301, .addr = 0, .op = 'W', .when = begin + 10 * SIM_NS});
        bus_driver_write(s.host, begin + 40 * SIM_NS, System::register_base + 0x20, 0x9, 4);
        const uint32_t during = bus_driver_read(s.host, begin + 60 * SIM_NS, System::register_base + 0x24, 4);
        const uint32_t after = bus_driver_read(s.host, begin + 120 * SIM_NS, System::register_base + 0x24, 4);
        s.run();
        EXPECT_EQ(bus_driver_get_result(s.host, during)->value, 0xdu);
        EXPECT_EQ(bus_driver_get_result(s.host, after)->value, 0x9u);
        EXPECT_EQ(s.read(EVENTQ_PROD), 1u);
        EXPECT_EQ(s.counter("events-lost"), 1u);
    });
}

/* ---- MSIs ---- */

void configure_msi(System &s, uint32_t cfg0, uint64_t address, uint32_t data)
{
    s.write(cfg0, address, 8);
    s.write(cfg0 + 8, data);
}

TEST(Msi, EventQueueNotEmpty) /* irq-001, irq-003 */
{
    everywhere([](System &s) {
        small_queue(s, 7);
        configure_msi(s, 0xb0, probe, 0x55);
        s.txn({.addr = 0x51000000});
        EXPECT_EQ(s.counter("msis"), 0u) << "masked by IRQ_CTRL";
        EXPECT_EQ(s.events().size(), 1u);
        s.write(0x50, 4);
        s.txn({.addr = 0x51000000});
        EXPECT_EQ(memory_read32(s.memory, probe), 0x55u);
        s.txn({.addr = 0x51000000});
        EXPECT_EQ(s.counter("msis"), 1u) << "only when the queue stops being empty";
        s.events();
        s.txn({.addr = 0x51000000});
        EXPECT_EQ(s.counter("msis"), 2u);
    });
}

TEST(Msi, GlobalError) /* gerr-003 */
{
    everywhere([](System &s) {
        small_queue(s, 7);
        configure_msi(s, 0x68, probe + 0x80, 0x77);
        s.write(0x50, 1);
        s.append(0);
        EXPECT_EQ(memory_read32(s.memory, probe + 0x80), 0x77u);
        EXPECT_EQ(s.counter("msis"), 1u);
    });
}

TEST(Msi, Aborted) /* irq-005 */
{
    everywhere([](System &s) {
        small_queue(s, 7);
        configure_msi(s, 0xb0, System::nowhere, 0x55);
        configure_msi(s, 0x68, System::nowhere + 0x80, 0x77);
        s.write(0x50, 5);
        s.txn({.addr = 0x51000000});
        EXPECT_EQ(s.read(0x60) ^ s.read(0x64), 1u << 5 | 1u << 7)
            << "MSI_EVENTQ_ABT, and the interrupt that tells of it fails too, which raises no third";
        EXPECT_EQ(s.counter("msis"), 2u);
        EXPECT_EQ(s.events().size(), 1u);
    });
}

TEST(Msi, CarriesItsDeviceId)
{
    for (bool has : {false, true}) {
        const support::Engine engine = support::engines()[0];
        sim_config sc = {};
        struct sim *sim = sim_create(&sc);
        smmu_config config;
        bus_target_config tc = {};
        (void)engine;

        smmu_config_defaults(&config);
        config.has_device_id = has;
        config.device_id = 0x1234;
        tc.period = SIM_NS;
        tc.new_ack = true;
        smmu *unit = smmu_create(sim, "smmu", &config);
        bus_target *its = bus_target_create(sim, "its", &tc);
        bus_driver *host = bus_driver_create(sim, "host", SIM_NS);
        bus_driver *master = bus_driver_create(sim, "master", SIM_NS);
        posted_sink *sink = posted_sink_create(sim, "sink", SIM_NS, 0, 16);
        sim_bus_port port = bus_connect(sim, "walker", smmu_component(unit), bus_target_component(its), nullptr);
        smmu_bind_walker(unit, port);
        bus_target_bind(its, port);
        port = bus_connect(sim, "registers", bus_driver_component(host), smmu_component(unit), nullptr);
        bus_driver_bind(host, port);
        smmu_bind_registers(unit, port);
        port = bus_connect(sim, "up", bus_driver_component(master), smmu_component(unit), nullptr);
        bus_driver_bind(master, port);
        smmu_bind_upstream(unit, 0, port);
        port = bus_connect(sim, "down", smmu_component(unit), posted_sink_component(sink), nullptr);
        posted_sink_bind(sink, port);
        smmu_bind_downstream(unit, 0, port);
        /* The target answers the command fetch with a pattern, which is no command: a global error. */
        bus_driver_write(host, 0, 0x68, 0x08090040, 8);
        bus_driver_write(host, 0, 0x70, 0x99, 4);
        bus_driver_write(host, 0, 0x50, 1, 4);
        bus_driver_write(host, 0, 0x90, 0x10000008, 8);
        bus_driver_write(host, 0, 0x20, 8, 4);
        bus_driver_write(host, 0, 0x98, 1, 4);
        EXPECT_EQ(sim_run(sim, SIM_MS), SIM_RUN_DRAINED);
        ASSERT_EQ(bus_target_count(its), 2u);
        const bus_target_seen *seen = bus_target_get_seen(its, 1);
        EXPECT_EQ(seen->type, SIM_PACKET_WRITE);
        EXPECT_EQ(seen->address, 0x08090040u);
        EXPECT_EQ(seen->length, 4u);
        EXPECT_EQ(seen->value, 0x99u);
        EXPECT_EQ((seen->flags & SIM_FLAG_HAS_DEVICE_ID) != 0, has);
        EXPECT_EQ(seen->device_id, has ? 0x1234u : 0u);
        sim_destroy(sim);
    }
}

} // namespace

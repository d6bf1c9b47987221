// Ordered and posted ports: what waits for what, to the cycle; data is in memory before the interrupt behind it.
#include "models/memory/memory.h"
#include "tests/interconnect/fabric.h"

extern "C" {
#include "models/interconnect/write_order_internal.h"
}

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace
{

using fabric::base_of;
using fabric::Fabric;
using fabric::MasterOptions;
using fabric::roomy;
using fabric::TargetOptions;

class Order : public ::testing::TestWithParam<support::Engine>
{
};

MasterOptions master_of(crossbar_port_kind kind)
{
    MasterOptions options;

    options.kind = kind;
    options.connect = roomy();
    return options;
}

TargetOptions target_of(sim_time latency)
{
    TargetOptions options;

    options.connect = roomy();
    options.config.latency = latency;
    return options;
}

/** A write or read of a stream. */
uint32_t add(Fabric &fabric, uint8_t type, uint32_t stream, unsigned target, uint32_t flags = SIM_FLAG_HAS_STREAM_ID)
{
    bus_driver_op op = {};

    op.type = type;
    op.address = base_of(target) + 0x40;
    op.length = 4;
    op.flags = flags | SIM_FLAG_TRACKED;
    op.stream_id = stream;
    op.requester = static_cast<uint16_t>(stream);
    return bus_driver_add(fabric.drivers[0], &op);
}

sim_time seen_at(const Fabric &fabric, unsigned target, uint32_t i)
{
    return bus_target_get_seen(fabric.targets[target], i)->time;
}

TEST_P(Order, AWriteToAnotherTargetWaitsForTheAcknowledgement)
{
    for (uint32_t flags : {SIM_FLAG_HAS_STREAM_ID, 0u}) {
        for (crossbar_port_kind kind : {CROSSBAR_PORT_ORDERED, CROSSBAR_PORT_POSTED}) {
            Fabric fabric(GetParam(), {}, {master_of(kind)}, {target_of(100 * SIM_NS), target_of(10 * SIM_NS)});

            add(fabric, SIM_PACKET_WRITE, 5, 0, flags);
            add(fabric, SIM_PACKET_WRITE, 5, 0, flags);
            add(fabric, SIM_PACKET_WRITE, 5, 1, flags);
            fabric.run();
            // The second of target 0 is taken at seen_at(0, 1); its answer is at the crossbar 100 + 1 ns later; then it
            // is one flight of 1 ns to target 1.
            EXPECT_EQ(seen_at(fabric, 0, 1) - seen_at(fabric, 0, 0), SIM_NS) << "same target: no waiting";
            EXPECT_EQ(seen_at(fabric, 1, 0), seen_at(fabric, 0, 1) + 102 * SIM_NS);
            EXPECT_EQ(crossbar_get_counters(fabric.crossbar)->order_waits, 1u);
            EXPECT_EQ(crossbar_get_counters(fabric.crossbar)->order_wait_fs, 101 * SIM_NS);
            EXPECT_EQ(fabric.result(0, 2)->answered, kind == CROSSBAR_PORT_ORDERED);
        }
    }
}

TEST_P(Order, AnotherStreamDoesNotWait)
{
    Fabric fabric(GetParam(), {}, {master_of(CROSSBAR_PORT_POSTED)}, {target_of(100 * SIM_NS), target_of(10 * SIM_NS)});

    add(fabric, SIM_PACKET_WRITE, 5, 0);
    add(fabric, SIM_PACKET_WRITE, 6, 1);
    // A requester ID is not the StreamID of the same number.
    add(fabric, SIM_PACKET_WRITE, 5, 1, 0);
    fabric.run();
    EXPECT_EQ(seen_at(fabric, 1, 0) - seen_at(fabric, 0, 0), SIM_NS);
    EXPECT_EQ(seen_at(fabric, 1, 1) - seen_at(fabric, 0, 0), 2 * SIM_NS);
    EXPECT_EQ(crossbar_get_counters(fabric.crossbar)->order_waits, 0u);
}

TEST_P(Order, APlainPortDoesNotWait)
{
    Fabric fabric(GetParam(), {}, {master_of(CROSSBAR_PORT_PLAIN)}, {target_of(100 * SIM_NS), target_of(10 * SIM_NS)});

    add(fabric, SIM_PACKET_WRITE, 5, 0);
    add(fabric, SIM_PACKET_WRITE, 5, 1);
    fabric.run();
    EXPECT_EQ(seen_at(fabric, 1, 0) - seen_at(fabric, 0, 0), SIM_NS);
}

TEST_P(Order, AReadWaitsForWritesElsewhereOfAnyStream)
{
    Fabric fabric(GetParam(), {}, {master_of(CROSSBAR_PORT_POSTED)}, {target_of(100 * SIM_NS), target_of(10 * SIM_NS)});

    add(fabric, SIM_PACKET_WRITE, 5, 0);
    add(fabric, SIM_PACKET_READ, 6, 0); // same target: goes behind the write, in the same channel
    add(fabric, SIM_PACKET_READ, 6, 1); // other target: waits for the write
    add(fabric, SIM_PACKET_WRITE, 7, 1);
    fabric.run();
    EXPECT_EQ(seen_at(fabric, 0, 1) - seen_at(fabric, 0, 0), SIM_NS);
    EXPECT_EQ(seen_at(fabric, 1, 0), seen_at(fabric, 0, 0) + 102 * SIM_NS);
    EXPECT_EQ(seen_at(fabric, 1, 1), seen_at(fabric, 1, 0) + SIM_NS) << "writes do not wait for reads";
    EXPECT_TRUE(fabric.result(0, 1)->answered);
    EXPECT_TRUE(fabric.result(0, 2)->answered);
}

TEST_P(Order, AFullTableStalls)
{
    crossbar_config config = {};
    TargetOptions target = target_of(100 * SIM_NS);

    config.ordered_writes = 2;
    Fabric fabric(GetParam(), config, {master_of(CROSSBAR_PORT_POSTED)}, {target});
    for (uint32_t i = 0; i < 6; i++) {
        add(fabric, SIM_PACKET_WRITE, i, 0);
    }
    fabric.run();
    for (uint32_t i = 0; i < 6; i++) {
        // Two at a time; the next pair leaves as the acknowledgements come in, 100 + 2 ns after their takings.
        EXPECT_EQ(seen_at(fabric, 0, i), seen_at(fabric, 0, 0) + (i / 2) * 102 * SIM_NS + (i % 2) * SIM_NS);
    }
}

TEST_P(Order, NewAcknowledgementsAreAbsorbedToo)
{
    TargetOptions its = target_of(20 * SIM_NS);

    its.config.new_ack = true;
    Fabric fabric(GetParam(), {}, {master_of(CROSSBAR_PORT_POSTED)}, {target_of(50 * SIM_NS), its});
    for (uint32_t i = 0; i < 40; i++) {
        add(fabric, SIM_PACKET_WRITE, i % 3, i % 2);
    }
    fabric.run();
    EXPECT_EQ(crossbar_get_counters(fabric.crossbar)->absorbed, 40u);
    EXPECT_EQ(bus_driver_answered(fabric.drivers[0]), 0u);
    EXPECT_TRUE(fabric.log.events().empty());
}

TEST_P(Order, AFailedPostedWriteIsTold)
{
    TargetOptions broken = target_of(20 * SIM_NS);

    broken.config.status = SIM_STATUS_CA;
    Fabric fabric(GetParam(), {}, {master_of(CROSSBAR_PORT_POSTED)}, {broken});
    add(fabric, SIM_PACKET_WRITE, 1, 0);
    fabric.run();
    ASSERT_EQ(fabric.log.events().size(), 1u);
    EXPECT_EQ(fabric.log.events()[0].kind, SIM_EVENT_DROPPED);
    EXPECT_EQ(fabric.log.events()[0].detail, static_cast<uint32_t>(SIM_DROP_BUS_ERROR));
    EXPECT_EQ(fabric.log.events()[0].packet, fabric.result(0, 0)->id);
    EXPECT_EQ(crossbar_get_counters(fabric.crossbar)->write_errors, 1u);
    // Flight, at the target, flight back: marked until the very end.
    EXPECT_EQ(fabric.log.total_of(fabric.result(0, 0)->id), (1 + 1 + 20 + 1) * SIM_NS);
}

// ---- DMA data and the interrupt behind it ----

struct Function {
    uint32_t stream;
    uint32_t sent;     // DMA writes so far
    unsigned doorbell; // its ITS
};

/** Devices behind one posted port of a crossbar with a slow memory and two doorbells, perhaps behind a second one. */
class Machine
{
  public:
    Machine(const support::Engine &engine, crossbar_port_kind kind, bool cascade, crossbar_port_kind second_kind)
        : sim(support::create(engine)), log(sim)
    {
        crossbar_config config = {};
        bus_connect_config connect = roomy();

        config.period = 500 * SIM_PS;
        config.forward_latency = 3 * SIM_NS;
        config.response_latency = 2 * SIM_NS;
        config.masters = 1;
        config.targets = 3;
        config.ordered_writes = 8;
        crossbar = crossbar_create(sim, "xbar", &config);
        root = bus_driver_create(sim, "rc", SIM_NS);
        sim_bus_port in =
            bus_connect(sim, "rc-xbar", bus_driver_component(root), crossbar_component(crossbar), &connect);

        bus_driver_bind(root, in);
        bus_driver_set_posted(root, kind == CROSSBAR_PORT_POSTED);
        crossbar_bind_master(crossbar, 0, in, kind);
        last = crossbar;
        if (cascade) {
            last = crossbar_create(sim, "xbar2", &config);
            sim_bus_port link =
                bus_connect(sim, "xbar-xbar2", crossbar_component(crossbar), crossbar_component(last), &connect);

            crossbar_bind_target(crossbar, 1, link);
            EXPECT_TRUE(crossbar_map(crossbar, 0, UINT64_C(0x100000000), 1));
            crossbar_bind_master(last, 0, link, second_kind);
        }
        add_memory();
        for (unsigned i = 0; i < 2; i++) {
            add_doorbell(i);
        }
    }
    Machine(const Machine &) = delete;
    Machine &operator=(const Machine &) = delete;
    ~Machine()
    {
        EXPECT_EQ(sim_pool(sim)->live, 0u) << "packets were lost";
        sim_destroy(sim);
    }

    /** Random DMA writes and interrupts of a few functions, as fast as they go. */
    void script(uint32_t operations)
    {
        Function functions[4] = {{10, 0, 0}, {11, 0, 1}, {12, 0, 0}, {13, 0, 1}};
        struct sim_random random;

        sim_random_init(&random, 21, "devices");
        for (uint32_t i = 0; i < operations; i++) {
            Function &function = functions[sim_random_below(&random, 4)];
            bus_driver_op op = {};
            bool interrupt = sim_random_below(&random, 3) == 0;

            op.type = SIM_PACKET_WRITE;
            op.stream_id = function.stream;
            op.flags = SIM_FLAG_HAS_STREAM_ID | SIM_FLAG_TRACKED;
            op.sequence = function.sent;
            if (interrupt) {
                op.flags |= SIM_FLAG_MSI | SIM_FLAG_HAS_DEVICE_ID;
                op.address = 0x10000040 + UINT64_C(0x10000) * function.doorbell;
                op.length = 4;
            } else {
                op.address = 0x80000000 + sim_random_below(&random, 4096) * 64;
                op.length = 64;
                writes[function.stream].push_back(bus_driver_added(root));
                function.sent++;
            }
            bus_driver_add(root, &op);
        }
    }

    /** Interrupts that were at their doorbell before a DMA write that precedes them was visible. */
    uint32_t overtakes()
    {
        std::map<uint64_t, sim_time> visible;
        uint32_t count = 0;

        EXPECT_EQ(sim_run(sim, SIM_TIME_NEVER - 1), SIM_RUN_DRAINED);
        for (const auto &event : log.events()) {
            EXPECT_EQ(event.kind, SIM_EVENT_WRITE_VISIBLE);
            visible[event.packet] = event.time;
        }
        for (auto *doorbell : doorbells) {
            for (uint32_t i = 0; i < bus_target_count(doorbell); i++) {
                const bus_target_seen *seen = bus_target_get_seen(doorbell, i);
                bool early = false;

                interrupts++;
                for (uint32_t k = 0; k < seen->sequence; k++) {
                    uint64_t id = bus_driver_get_result(root, writes[seen->stream_id][k])->id;

                    EXPECT_EQ(visible.count(id), 1u);
                    early = early || visible[id] > seen->time;
                }
                count += early;
            }
        }
        return count;
    }

    struct sim *sim;
    support::MarkLog log;
    struct crossbar *crossbar;
    struct crossbar *last;
    struct bus_driver *root;
    struct memory *memory = nullptr;
    std::vector<struct bus_target *> doorbells;
    std::map<uint32_t, std::vector<uint32_t>> writes; // operations that are DMA writes, by stream
    uint32_t interrupts = 0;

  private:
    void add_memory()
    {
        memory_config config = {};
        bus_connect_config connect = {};

        config.base = 0x80000000;
        config.size = 0x100000;
        config.period = 625 * SIM_PS;
        config.latency = 81 * SIM_NS;
        config.bandwidth = UINT64_C(8000000000);
        config.queue = 16;
        memory = memory_create(sim, "dram", &config);
        connect.request_capacity = 4;
        connect.response_capacity = 4;
        sim_bus_port bus = bus_connect(sim, "to dram", crossbar_component(last), memory_component(memory), &connect);

        memory_bind(memory, 0, bus);
        crossbar_bind_target(last, 0, bus);
        EXPECT_TRUE(crossbar_map(last, config.base, config.size, 0));
    }
    void add_doorbell(unsigned i)
    {
        bus_target_config config = {};
        std::string name = "its" + std::to_string(i);
        unsigned port = last == crossbar ? i + 1 : 2 - i;

        config.period = SIM_NS;
        config.latency = 5 * SIM_NS;
        config.new_ack = true;
        config.log = 10000;
        struct bus_target *doorbell = bus_target_create(sim, name.c_str(), &config);
        sim_bus_port bus =
            bus_connect(sim, ("to " + name).c_str(), crossbar_component(last), bus_target_component(doorbell), nullptr);

        bus_target_bind(doorbell, bus);
        crossbar_bind_target(last, port, bus);
        EXPECT_TRUE(crossbar_map(last, 0x10000000 + UINT64_C(0x10000) * i, 0x10000, port));
        doorbells.push_back(doorbell);
    }
};

TEST_P(Order, InterruptsNeverOvertakeData)
{
    // Q27, under a load that keeps memory saturated.
    Machine machine(GetParam(), CROSSBAR_PORT_POSTED, false, CROSSBAR_PORT_PLAIN);

    machine.script(3000);
    EXPECT_EQ(machine.overtakes(), 0u);
    EXPECT_GT(machine.interrupts, 800u);
}

TEST_P(Order, InterruptsOvertakeDataOnAPlainPort)
{
    // The same traffic on a port that does not order: the check above can fail.
    Machine machine(GetParam(), CROSSBAR_PORT_PLAIN, false, CROSSBAR_PORT_PLAIN);

    machine.script(3000);
    EXPECT_GT(machine.overtakes(), 100u);
}

TEST_P(Order, CascadesKeepOrderIfTheirPortsDo)
{
    Machine ordered(GetParam(), CROSSBAR_PORT_POSTED, true, CROSSBAR_PORT_ORDERED);
    Machine plain(GetParam(), CROSSBAR_PORT_POSTED, true, CROSSBAR_PORT_PLAIN);

    ordered.script(3000);
    EXPECT_EQ(ordered.overtakes(), 0u);
    EXPECT_GT(ordered.interrupts, 800u);
    plain.script(3000);
    EXPECT_GT(plain.overtakes(), 0u) << "behind one target port the first crossbar cannot tell the two apart";
}

// ---- The table alone, against a plain model ----

TEST(OrderTable, EqualsAPlainModel)
{
    struct Sent {
        uint32_t stream;
        unsigned target;
        uint16_t own_tag;
        uint16_t tag;
    };
    struct sim *sim = support::create(support::engines()[0]);
    const uint32_t room = 13;
    struct write_order *order = write_order_create(sim, room, false);
    std::vector<Sent> sent;
    struct sim_random random;
    uint32_t held = 0;

    sim_random_init(&random, 9, "order");
    for (uint32_t i = 0; i < 200000; i++) {
        sim_packet packet = {};

        if (sim_random_below(&random, 2) == 0 && !sent.empty()) {
            size_t k = sim_random_below(&random, sent.size());

            packet.type = SIM_PACKET_WRITE_ACK;
            packet.tag = sent[k].tag;
            ASSERT_FALSE(write_order_acknowledge(order, &packet, sent[k].target + 1)) << "wrong target";
            ASSERT_TRUE(write_order_acknowledge(order, &packet, sent[k].target));
            ASSERT_EQ(packet.tag, sent[k].own_tag);
            packet.tag = sent[k].tag;
            ASSERT_FALSE(write_order_acknowledge(order, &packet, sent[k].target)) << "twice";
            sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(k));
            continue;
        }
        unsigned target = static_cast<unsigned>(sim_random_below(&random, 3));
        uint32_t stream = static_cast<uint32_t>(sim_random_below(&random, 6));
        bool write = sim_random_below(&random, 4) != 0;
        bool allowed = !write || sent.size() < room;

        for (const Sent &one : sent) {
            allowed = allowed && (one.target == target || (write && one.stream != stream));
        }
        packet.type = write ? SIM_PACKET_WRITE : SIM_PACKET_READ;
        // Even streams are StreamIDs, odd ones requester IDs, of overlapping numbers.
        packet.flags = stream % 2 == 0 ? SIM_FLAG_HAS_STREAM_ID : 0;
        packet.stream_id = stream % 2 == 0 ? stream / 2 : 99;
        packet.requester = static_cast<uint16_t>(stream % 2 == 1 ? stream / 2 : i);
        packet.tag = static_cast<uint16_t>(i);
        ASSERT_EQ(write_order_allows(order, &packet, target), allowed);
        if (allowed && write) {
            write_order_issue(order, &packet, target);
            for (const Sent &one : sent) {
                ASSERT_NE(one.tag, packet.tag);
            }
            sent.push_back({stream, target, static_cast<uint16_t>(i), packet.tag});
        }
        held += allowed ? 0 : 1;
    }
    EXPECT_GT(held, 10000u);
    sim_destroy(sim);
}

INSTANTIATE_TEST_SUITE_P(Engines, Order, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

/** With RO a write goes without waiting; one without RO still waits for those with it at other targets. */
TEST(WriteOrder, RelaxedWritesWaitForNothingAndAreWaitedFor)
{
    for (const bool uses : {true, false}) {
        struct sim *sim = support::create(support::engines()[0]);
        struct write_order *order = write_order_create(sim, 8, uses);
        sim_packet strict = {};
        sim_packet relaxed = {};
        sim_packet other = {};

        strict.type = relaxed.type = other.type = SIM_PACKET_WRITE;
        strict.requester = relaxed.requester = 0x100;
        other.requester = 0x108;
        relaxed.flags = SIM_FLAG_RELAXED;
        sim_packet first = strict;
        write_order_issue(order, &first, 0);
        EXPECT_EQ(write_order_allows(order, &relaxed, 1), uses);
        EXPECT_FALSE(write_order_allows(order, &strict, 1));
        sim_packet second = relaxed;
        write_order_issue(order, &second, uses ? 1 : 0);
        EXPECT_TRUE(write_order_acknowledge(order, &first, 0));
        if (uses) {
            EXPECT_TRUE(write_order_allows(order, &relaxed, 0));
            EXPECT_FALSE(write_order_allows(order, &strict, 0)) << "the relaxed one is still at the other target";
            EXPECT_TRUE(write_order_allows(order, &strict, 1));
            EXPECT_TRUE(write_order_allows(order, &other, 0)) << "another requester's";
        }
        EXPECT_TRUE(write_order_acknowledge(order, &second, uses ? 1 : 0));
        EXPECT_TRUE(write_order_allows(order, &strict, 0));
        EXPECT_TRUE(write_order_allows(order, &strict, 1));
        sim_destroy(sim);
    }
}

} // namespace

// Contention: shares, widths, back-pressure and blocking, each against its closed form.
#include "tests/interconnect/fabric.h"

extern "C" {
#include "models/interconnect/crossbar_internal.h"
}

#include <gtest/gtest.h>

#include <memory>

namespace
{

using fabric::base_of;
using fabric::Fabric;
using fabric::MasterOptions;
using fabric::roomy;
using fabric::TargetOptions;

class Sharing : public ::testing::TestWithParam<support::Engine>
{
};

MasterOptions roomy_master(crossbar_port_kind kind = CROSSBAR_PORT_PLAIN)
{
    MasterOptions options;

    options.connect = roomy();
    options.kind = kind;
    return options;
}

TargetOptions roomy_target(sim_time latency = 10 * SIM_NS)
{
    TargetOptions options;

    options.connect = roomy();
    options.config.latency = latency;
    options.config.log = 20000;
    return options;
}

TEST_P(Sharing, BackloggedMastersShareExactly)
{
    // Q13: n backlogged masters each get every n-th turn; the gap between turns of one is n services.
    for (unsigned n : {1u, 2u, 3u, 7u}) {
        const uint32_t count = 50;
        Fabric fabric(GetParam(), {}, std::vector<MasterOptions>(n, roomy_master()), {roomy_target()});

        for (uint32_t i = 0; i < count; i++) {
            for (unsigned m = 0; m < n; m++) {
                bus_driver_op op = {};

                op.type = SIM_PACKET_WRITE;
                op.address = base_of(0);
                op.length = 64; // two cycles of 32 bytes
                op.requester = static_cast<uint16_t>(m);
                bus_driver_add(fabric.drivers[m], &op);
            }
        }
        fabric.run();
        ASSERT_EQ(bus_target_count(fabric.targets[0]), n * count);
        for (uint32_t i = 0; i + n < n * count; i++) {
            const bus_target_seen *seen = bus_target_get_seen(fabric.targets[0], i);
            const bus_target_seen *next = bus_target_get_seen(fabric.targets[0], i + n);

            ASSERT_EQ(seen->requester, next->requester);
            ASSERT_EQ(next->time - seen->time, 2 * n * SIM_NS);
        }
    }
}

TEST_P(Sharing, TurnsStayFairWhenSomeMastersPause)
{
    // Masters 0 and 2 are backlogged, 1 joins late: it gets its third at once, nobody is passed over twice.
    const uint32_t count = 60;
    Fabric fabric(GetParam(), {}, std::vector<MasterOptions>(3, roomy_master()), {roomy_target()});
    sim_time last[3] = {0, 0, 0};

    for (uint32_t i = 0; i < count; i++) {
        for (uint16_t m = 0; m < 3; m++) {
            bus_driver_op op = {};

            op.at = m == 1 ? 40 * SIM_NS : 0;
            op.type = SIM_PACKET_WRITE;
            op.address = base_of(0);
            op.length = 4;
            op.requester = m;
            bus_driver_add(fabric.drivers[m], &op);
        }
    }
    fabric.run();
    for (uint32_t i = 0; i < 3 * count; i++) {
        const bus_target_seen *seen = bus_target_get_seen(fabric.targets[0], i);

        if (last[seen->requester] > 0) {
            EXPECT_LE(seen->time - last[seen->requester], 3 * SIM_NS);
        }
        last[seen->requester] = seen->time;
    }
}

TEST_P(Sharing, WidthLimitsThroughput)
{
    // Q9: the port moves width bytes a cycle; odd sizes take whole cycles.
    struct {
        uint32_t width;
        uint32_t bytes;
        uint32_t cycles;
    } const cases[] = {{16, 16, 1}, {16, 17, 2}, {16, 256, 16}, {32, 4, 1}, {32, 100, 4}, {24, 49, 3}, {64, 512, 8}};

    for (const auto &c : cases) {
        for (uint8_t type : {SIM_PACKET_READ, SIM_PACKET_WRITE}) {
            crossbar_config config = {};
            const uint32_t count = 40;

            config.width = c.width;
            Fabric fabric(GetParam(), config, {roomy_master()}, {roomy_target()});
            for (uint32_t i = 0; i < count; i++) {
                fabric.add(0, type, 0, base_of(0), c.bytes);
            }
            fabric.run();
            for (uint32_t i = 0; i + 1 < count; i++) {
                ASSERT_EQ(fabric.result(0, i + 1)->answer_time - fabric.result(0, i)->answer_time, c.cycles * SIM_NS)
                    << "width " << c.width << ", " << c.bytes << " bytes, type " << +type;
            }
        }
    }
}

TEST_P(Sharing, DifferentTargetsDoNotDisturbEachOther)
{
    const uint32_t count = 30;
    Fabric fabric(GetParam(), {}, std::vector<MasterOptions>(4, roomy_master()),
                  std::vector<TargetOptions>(4, roomy_target()));

    for (uint32_t i = 0; i < count; i++) {
        for (unsigned m = 0; m < 4; m++) {
            fabric.add(m, SIM_PACKET_WRITE, 0, base_of((m + 1) % 4), 4);
        }
    }
    fabric.run();
    for (size_t m = 0; m < 4; m++) {
        EXPECT_EQ(fabric.result(m, count - 1)->answer_time - fabric.result(m, 0)->answer_time, (count - 1) * SIM_NS);
    }
}

TEST_P(Sharing, AnswersOfManyTargetsTakeTurnsAtOneMaster)
{
    // One master reads 64 bytes from each of three targets; its port takes 2 cycles an answer: 6 a round.
    const uint32_t rounds = 30;
    Fabric fabric(GetParam(), {}, {roomy_master()}, std::vector<TargetOptions>(3, roomy_target(100 * SIM_NS)));

    for (uint32_t i = 0; i < 3 * rounds; i++) {
        fabric.add(0, SIM_PACKET_READ, 0, base_of(i % 3), 64);
    }
    fabric.run();
    EXPECT_EQ(fabric.result(0, 3 * rounds - 1)->answer_time - fabric.result(0, 0)->answer_time,
              (3 * rounds - 1) * 2 * SIM_NS);
    for (uint32_t i = 3; i + 3 < 3 * rounds; i++) {
        EXPECT_EQ(fabric.result(0, i + 3)->answer_time - fabric.result(0, i)->answer_time, 6 * SIM_NS);
    }
}

TEST_P(Sharing, ParkingLotHalvesAtEveryStep)
{
    // Q15: chain of k two-input round-robin arbiters: the farthest source gets 1 / 2^k.
    const unsigned k = 3;
    struct sim *sim = support::create(GetParam());
    crossbar_config config = {};
    bus_target_config target_config = {};
    bus_connect_config connect = roomy();
    std::vector<struct bus_driver *> drivers;
    struct crossbar *last = nullptr;
    uint32_t counts[k + 1] = {};
    const uint32_t window = 400;

    config.period = SIM_NS;
    config.masters = 2;
    config.targets = 1;
    connect.request_capacity = 4;
    for (unsigned i = 0; i < k; i++) {
        struct crossbar *crossbar = crossbar_create(sim, ("x" + std::to_string(i)).c_str(), &config);

        EXPECT_TRUE(crossbar_map(crossbar, 0, 0x10000, 0));
        for (unsigned m = i == 0 ? 0 : 1; m < 2; m++) {
            std::string name = "d" + std::to_string(drivers.size());
            struct bus_driver *driver = bus_driver_create(sim, name.c_str(), SIM_NS);
            sim_bus_port bus =
                bus_connect(sim, name.c_str(), bus_driver_component(driver), crossbar_component(crossbar), &connect);

            bus_driver_bind(driver, bus);
            crossbar_bind_master(crossbar, m, bus, CROSSBAR_PORT_PLAIN);
            drivers.push_back(driver);
        }
        if (last != nullptr) {
            sim_bus_port bus = bus_connect(sim, ("c" + std::to_string(i)).c_str(), crossbar_component(last),
                                           crossbar_component(crossbar), &connect);

            crossbar_bind_target(last, 0, bus);
            crossbar_bind_master(crossbar, 0, bus, CROSSBAR_PORT_PLAIN);
        }
        last = crossbar;
    }
    target_config.period = SIM_NS;
    target_config.interval = 2;
    struct bus_target *target = bus_target_create(sim, "end", &target_config);
    sim_bus_port bus = bus_connect(sim, "end", crossbar_component(last), bus_target_component(target), &connect);

    bus_target_bind(target, bus);
    crossbar_bind_target(last, 0, bus);
    for (uint32_t i = 0; i < window; i++) {
        for (size_t d = 0; d < drivers.size(); d++) {
            bus_driver_op op = {};

            op.type = SIM_PACKET_WRITE;
            op.length = 4;
            op.requester = static_cast<uint16_t>(d);
            bus_driver_add(drivers[d], &op);
        }
    }
    sim_run(sim, SIM_TIME_NEVER - 1);
    for (uint32_t i = 40; i < window + 40; i++) { // all sources are still backlogged
        counts[bus_target_get_seen(target, i)->requester]++;
    }
    EXPECT_NEAR(counts[0], window / 8, 1);
    EXPECT_NEAR(counts[1], window / 8, 1);
    EXPECT_NEAR(counts[2], window / 4, 1);
    EXPECT_NEAR(counts[3], window / 2, 1);
    sim_destroy(sim);
}

TEST_P(Sharing, BackPressureHoldsToTheCycle)
{
    // The target takes nothing before 100 ns and its channel holds 2: the crossbar sends the third at the edge on which
    // the first one's credit is back, and not a cycle earlier.
    TargetOptions target;

    target.config.stall_until = 100 * SIM_NS;
    target.connect.request_capacity = 2;
    target.connect.request_credit_latency = 5 * SIM_NS;
    target.connect.response_capacity = 16;
    Fabric fabric(GetParam(), {}, {roomy_master()}, {target});

    for (int i = 0; i < 4; i++) {
        fabric.add(0, SIM_PACKET_WRITE, 0, base_of(0), 4);
    }
    fabric.run();
    EXPECT_EQ(bus_target_get_seen(fabric.targets[0], 0)->time, 100 * SIM_NS);
    EXPECT_EQ(bus_target_get_seen(fabric.targets[0], 1)->time, 101 * SIM_NS);
    EXPECT_EQ(bus_target_get_seen(fabric.targets[0], 2)->time, 106 * SIM_NS); // 100 + credit 5 + flight 1
    EXPECT_EQ(bus_target_get_seen(fabric.targets[0], 3)->time, 107 * SIM_NS);
}

TEST_P(Sharing, ABlockedHeadBlocksWhatIsBehindIt)
{
    // Target 0 is stalled; the master's second write, to target 1, cannot pass its first ones; another master's can.
    TargetOptions stalled;
    const sim_time until = 200 * SIM_NS;

    stalled.config.stall_until = until;
    stalled.connect.request_capacity = 1;
    Fabric fabric(GetParam(), {}, {roomy_master(), roomy_master()}, {stalled, roomy_target()});
    fabric.add(0, SIM_PACKET_WRITE, 0, base_of(0), 4);
    fabric.add(0, SIM_PACKET_WRITE, 0, base_of(0), 4);
    fabric.add(0, SIM_PACKET_WRITE, 0, base_of(1), 4);
    bus_driver_op other = {};
    other.type = SIM_PACKET_WRITE;
    other.address = base_of(1);
    other.length = 4;
    other.at = 50 * SIM_NS;
    other.requester = 1;
    bus_driver_add(fabric.drivers[1], &other);
    fabric.run();
    EXPECT_EQ(bus_target_get_seen(fabric.targets[1], 0)->requester, 1);
    EXPECT_LT(bus_target_get_seen(fabric.targets[1], 0)->time, 60 * SIM_NS);
    // The slot of the first comes back at 201, the second leaves then, the third a cycle later, flight 1.
    EXPECT_EQ(bus_target_get_seen(fabric.targets[1], 1)->time, until + 3 * SIM_NS);
}

// How often the crossbar was evaluated: its evaluate is wrapped, which the engine cannot tell.
struct Counted {
    sim_evaluate_fn inner;
    uint64_t calls;
};
thread_local Counted counted;

sim_time count_evaluation(struct sim_component *component, sim_time now)
{
    counted.calls++;
    return counted.inner(component, now);
}

TEST(SharingCost, AnInterruptTakesTwoEvaluations)
{
    // One forward, one for the acknowledgement, however many ports there are.
    std::vector<MasterOptions> masters(CROSSBAR_MAX_MASTERS, roomy_master(CROSSBAR_PORT_POSTED));
    std::vector<TargetOptions> targets(CROSSBAR_MAX_TARGETS, roomy_target());
    Fabric fabric(support::engines()[0], {}, masters, targets);

    counted = {crossbar_component(fabric.crossbar)->evaluate, 0};
    crossbar_component(fabric.crossbar)->evaluate = count_evaluation;
    for (unsigned i = 0; i < 500; i++) {
        unsigned master = i % CROSSBAR_MAX_MASTERS;
        unsigned target = (i * 7) % CROSSBAR_MAX_TARGETS;

        fabric.add(master, SIM_PACKET_WRITE, (i + 1) * 100 * SIM_NS, base_of(target), 4);
    }
    fabric.run();
    EXPECT_EQ(crossbar_get_counters(fabric.crossbar)->absorbed, 500u);
    EXPECT_EQ(counted.calls, 1000u);
    // No port is looked at that has nothing: the crossbar is the first member of its struct.
    auto *inside = reinterpret_cast<struct crossbar *>(crossbar_component(fabric.crossbar));

    EXPECT_EQ(inside->request_hint | inside->response_hint, 0u);
}

INSTANTIATE_TEST_SUITE_P(Engines, Sharing, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

// When accesses are taken and answered: closed forms from the configuration, and sameness on all engines.
#include "models/memory/memory.h"
#include "tests/support/bus_connect.h"
#include "tests/support/bus_driver.h"
#include "tests/support/marks.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace
{

constexpr uint64_t kBase = 0x80000000;

/** One memory with a driver on each port, all clocks free to choose. */
class Rig
{
  public:
    Rig(const support::Engine &engine, const memory_config &given, const std::vector<sim_time> &periods,
        const bus_connect_config &connect)
        : sim(support::create(engine)), log(sim), config(given)
    {
        config.base = kBase;
        config.size = 0x1000000;
        config.ports = static_cast<uint32_t>(periods.size());
        memory = memory_create(sim, "dram", &config);
        for (size_t i = 0; i < periods.size(); i++) {
            std::string name = "cpu" + std::to_string(i);
            struct bus_driver *driver = bus_driver_create(sim, name.c_str(), periods[i]);
            sim_bus_port port = bus_connect(sim, (name + "-dram").c_str(), bus_driver_component(driver),
                                            memory_component(memory), &connect);

            bus_driver_bind(driver, port);
            memory_bind(memory, static_cast<unsigned>(i), port);
            drivers.push_back(driver);
        }
    }
    ~Rig()
    {
        EXPECT_EQ(sim_pool(sim)->live, 0u) << "packets were lost";
        sim_destroy(sim);
    }
    void run()
    {
        ASSERT_EQ(sim_run(sim, SIM_TIME_NEVER - 1), SIM_RUN_DRAINED);
    }
    const bus_driver_result *result(size_t driver, uint32_t index) const
    {
        return bus_driver_get_result(drivers[driver], index);
    }

    struct sim *sim;
    support::MarkLog log;
    memory_config config;
    struct memory *memory;
    std::vector<struct bus_driver *> drivers;
};

/** The table of memory.h: time from taking an access to its answer. */
sim_time stage_sum(const memory_config &config, uint32_t bytes)
{
    sim_time transfer = config.bandwidth == 0 ? 0 : (bytes * SIM_S + config.bandwidth - 1) / config.bandwidth;

    return transfer + config.latency;
}

class Timing : public ::testing::TestWithParam<support::Engine>
{
};

TEST_P(Timing, UnloadedLatencyIsTheSumOfTheTable)
{
    const sim_time clocks[] = {SIM_NS, 769231, 250000};
    const uint64_t bandwidths[] = {0, UINT64_C(25600000000), UINT64_C(3000000000)};

    for (sim_time memory_clock : clocks) {
        for (sim_time cpu_clock : clocks) {
            for (uint64_t bandwidth : bandwidths) {
                for (uint32_t bytes : {1u, 64u, 500u}) {
                    memory_config config = {};
                    bus_connect_config connect = {};

                    config.period = memory_clock;
                    config.latency = 81 * SIM_NS;
                    config.bandwidth = bandwidth;
                    connect.request_latency = 3 * SIM_NS + 1;
                    connect.response_latency = 2 * SIM_NS;
                    Rig rig(GetParam(), config, {cpu_clock}, connect);
                    bus_driver_op read = {};

                    read.at = 12345678;
                    read.type = SIM_PACKET_READ;
                    read.address = kBase;
                    read.length = bytes;
                    bus_driver_add(rig.drivers[0], &read);
                    rig.run();

                    sim_time issued = sim_time_align(read.at, cpu_clock);
                    sim_time taken = sim_time_align(issued + connect.request_latency, memory_clock);
                    sim_time answered =
                        sim_time_align(taken + stage_sum(config, bytes) + connect.response_latency, cpu_clock);

                    EXPECT_EQ(rig.result(0, 0)->issue_time, issued);
                    EXPECT_EQ(rig.result(0, 0)->answer_time, answered) << memory_clock << " " << cpu_clock;
                }
            }
        }
    }
}

TEST_P(Timing, BandwidthIsExactOverARun)
{
    // Q9: 64 bytes at 25.6 GB/s take 2.5 cycles; 400 of them take 1000, no more (no rounding a piece) and no less.
    memory_config config = {};
    bus_connect_config connect = {};
    const uint32_t count = 400;

    config.period = SIM_NS;
    config.latency = 81 * SIM_NS;
    config.bandwidth = UINT64_C(25600000000);
    config.queue = 256;
    connect.request_capacity = 8;
    connect.response_capacity = 256;
    Rig rig(GetParam(), config, {SIM_NS}, connect);

    for (uint32_t i = 0; i < count; i++) {
        bus_driver_read(rig.drivers[0], 0, kBase + 64 * i, 64);
    }
    rig.run();
    for (uint32_t i = 0; i < count; i++) {
        sim_time first = rig.result(0, 0)->issue_time + SIM_NS;
        sim_time done = first + (i + 1) * 2500 * SIM_PS + config.latency;

        ASSERT_EQ(rig.result(0, i)->answer_time, sim_time_align(done + SIM_NS, SIM_NS)) << "access " << i;
    }
}

TEST_P(Timing, OneAccessAnEdgeWithoutABandwidth)
{
    memory_config config = {};
    bus_connect_config connect = {};

    config.period = SIM_NS;
    config.latency = 10 * SIM_NS;
    config.queue = 64;
    connect.response_capacity = 64;
    Rig rig(GetParam(), config, {SIM_NS, SIM_NS}, connect);

    for (uint32_t i = 0; i < 100; i++) {
        bus_driver_read(rig.drivers[0], 0, kBase, 8);
        bus_driver_read(rig.drivers[1], 0, kBase, 8);
    }
    rig.run();
    sim_time last = sim_time_max(rig.result(0, 99)->answer_time, rig.result(1, 99)->answer_time);
    sim_time first = sim_time_min(rig.result(0, 0)->answer_time, rig.result(1, 0)->answer_time);

    EXPECT_EQ(last - first, 199 * SIM_NS);
}

TEST_P(Timing, QueueLimitsWhatIsUnderWay)
{
    // Q11: N accesses under way of latency L: N answers every L, blocked at t - 1, taken at t.
    memory_config config = {};
    bus_connect_config connect = {};
    const uint32_t queue = 4;
    const uint32_t count = 40;

    config.period = SIM_NS;
    config.latency = 100 * SIM_NS;
    config.queue = queue;
    connect.response_capacity = 64;
    connect.request_capacity = 2;
    Rig rig(GetParam(), config, {SIM_NS}, connect);

    for (uint32_t i = 0; i < count; i++) {
        bus_driver_read(rig.drivers[0], 0, kBase, 8);
    }
    rig.run();
    for (uint32_t i = 0; i < count; i++) {
        sim_time taken = rig.result(0, 0)->issue_time + SIM_NS + (i / queue) * config.latency + (i % queue) * SIM_NS;

        ASSERT_EQ(rig.result(0, i)->answer_time, taken + config.latency + SIM_NS) << "access " << i;
    }
}

TEST_P(Timing, PortsTakeTurns)
{
    // Q13: three backlogged ports share exactly; the gap between two turns of a port is three accesses.
    memory_config config = {};
    bus_connect_config connect = {};
    const uint32_t count = 30;

    config.period = SIM_NS;
    config.latency = 20 * SIM_NS;
    config.bandwidth = UINT64_C(8000000000);
    config.queue = 64;
    connect.response_capacity = 64;
    Rig rig(GetParam(), config, {SIM_NS, SIM_NS, SIM_NS}, connect);

    for (uint32_t i = 0; i < count; i++) {
        for (auto *driver : rig.drivers) {
            bus_driver_read(driver, 0, kBase, 16);
        }
    }
    rig.run();
    for (uint32_t i = 0; i + 1 < count; i++) {
        for (size_t d = 0; d < 3; d++) {
            ASSERT_EQ(rig.result(d, i + 1)->answer_time - rig.result(d, i)->answer_time, 6 * SIM_NS);
        }
    }
}

TEST_P(Timing, BackPressureOfAnswersHoldsToTheCycle)
{
    // The driver takes no answer before 200 ns; two answers fit the channel; the third access waits for a credit.
    memory_config config = {};
    bus_connect_config connect = {};

    config.period = SIM_NS;
    config.latency = 10 * SIM_NS;
    connect.response_capacity = 2;
    connect.response_credit_latency = 3 * SIM_NS;
    Rig rig(GetParam(), config, {SIM_NS}, connect);

    bus_driver_set_deaf(rig.drivers[0], 0, 200 * SIM_NS);
    for (uint32_t i = 0; i < 3; i++) {
        bus_driver_op read = {};

        read.type = SIM_PACKET_READ;
        read.address = kBase;
        read.length = 8;
        read.flags = SIM_FLAG_TRACKED;
        bus_driver_add(rig.drivers[0], &read);
    }
    rig.run();
    EXPECT_EQ(rig.result(0, 0)->answer_time, 200 * SIM_NS);
    EXPECT_EQ(rig.result(0, 1)->answer_time, 201 * SIM_NS);
    // Slot freed at 200, its credit back at 203, access 10, flight 1.
    EXPECT_EQ(rig.result(0, 2)->answer_time, 214 * SIM_NS);
}

TEST(TimingEverywhere, RandomTrafficGivesTheSameMarksOnAllEngines)
{
    uint64_t reference = 0;
    uint64_t marks = 0;

    for (const support::Engine &engine : support::engines()) {
        memory_config config = {};
        bus_connect_config connect = {};
        struct sim_random random;

        config.period = 769231;
        config.latency = 40 * SIM_NS;
        config.bandwidth = UINT64_C(12800000000);
        config.queue = 6;
        connect.request_capacity = 2;
        connect.response_capacity = 3;
        Rig rig(engine, config, {SIM_NS, 500 * SIM_PS, 769231, 250 * SIM_PS}, connect);

        sim_random_init(&random, 3, "traffic");
        for (int i = 0; i < 3000; i++) {
            bus_driver_op op = {};

            op.at = sim_random_below(&random, 2) == 0 ? 0 : static_cast<sim_time>(i) * 2 * SIM_NS;
            op.type = sim_random_below(&random, 2) == 0 ? SIM_PACKET_READ : SIM_PACKET_WRITE;
            op.address = kBase - 64 + sim_random_below(&random, 64) * 512;
            op.length = 1 + static_cast<uint32_t>(sim_random_below(&random, 256));
            op.value = sim_random_u64(&random);
            op.flags = SIM_FLAG_TRACKED;
            bus_driver_add(rig.drivers[sim_random_below(&random, 4)], &op);
        }
        bus_driver_set_deaf(rig.drivers[1], SIM_US, 2 * SIM_US);
        rig.run();

        // What the reads returned belongs to the result as well.
        uint64_t hash = rig.log.hash();
        for (auto *driver : rig.drivers) {
            for (uint32_t i = 0; i < bus_driver_added(driver); i++) {
                const bus_driver_result *result = bus_driver_get_result(driver, i);

                ASSERT_TRUE(result->answered);
                hash += (result->value ^ result->answer_time) * UINT64_C(0x9e3779b97f4a7c15);
            }
        }
        if (reference == 0) {
            reference = hash;
            marks = rig.log.mark_count();
            EXPECT_GT(marks, 6000u);
        }
        EXPECT_EQ(hash, reference) << engine.name;
        EXPECT_EQ(rig.log.mark_count(), marks) << engine.name;
    }
}

INSTANTIATE_TEST_SUITE_P(Engines, Timing, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

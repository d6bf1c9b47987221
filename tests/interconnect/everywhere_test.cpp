// Large random systems: the same marks, answers and memory on every engine, with and without shuffling, in every corner
// of capacity; and no allocation once the run has begun.
#include "models/memory/memory.h"
#include "sim/systemc/systemc_engine.h"
#include "tests/interconnect/fabric.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace
{

struct Shape {
    const char *name;
    unsigned masters;
    unsigned targets;
    uint32_t capacity;
    uint32_t ordered_writes;
    unsigned operations;
};

/** How GoogleTest shows one. */
void PrintTo(const Shape &shape, std::ostream *out)
{
    *out << shape.name;
}

const Shape kShapes[] = {
    {"shallow", 5, 3, 1, 2, 3000},
    {"deep", 6, 4, 16, 64, 3000},
    {"wide", CROSSBAR_MAX_MASTERS, CROSSBAR_MAX_TARGETS - 1, 2, 8, 1500},
};

/** Half the masters on one crossbar; the rest on a second one that stands between them and the first. */
class City
{
  public:
    City(const support::Engine &engine, const Shape &given)
        : sim(support::create(engine)), log(sim, false), shape(given)
    {
        sim_random_init(&random, 77, given.name);
        main = make("xmain", 400 * SIM_PS, 8);
        side = make("xside", 769231, 16);
        connect(crossbar_component(side), crossbar_component(main), "bridge");
        crossbar_bind_target(side, 0, bus);
        EXPECT_TRUE(crossbar_map(side, 0, UINT64_MAX, 0));
        crossbar_bind_master(main, 0, bus, CROSSBAR_PORT_ORDERED);
        for (unsigned i = 0; i < given.targets; i++) {
            add_target(i);
        }
        add_memory();
        for (unsigned i = 1; i < given.masters; i++) {
            add_master(i);
        }
    }
    City(const City &) = delete;
    City &operator=(const City &) = delete;
    ~City()
    {
        sim_destroy(sim);
    }

    uint64_t run()
    {
        uint64_t packets = sim_pool(sim)->total;
        uint64_t hash;

        script();
        EXPECT_EQ(sim_run(sim, SIM_TIME_NEVER - 1), SIM_RUN_DRAINED);
        EXPECT_EQ(sim_pool(sim)->live, 0u) << "packets were lost";
        EXPECT_EQ(sim_pool(sim)->total, packets) << "the packet pool grew in a run";
        hash = log.hash();
        for (auto *driver : drivers) {
            hash += hash_of(driver);
        }
        for (auto *target : targets) {
            for (uint32_t i = 0; i < bus_target_count(target); i++) {
                const bus_target_seen *seen = bus_target_get_seen(target, i);

                hash += (seen->time * 3 + seen->value) * (seen->id | 1);
            }
        }
        return hash;
    }

    struct sim *sim;
    support::MarkLog log;

  private:
    struct crossbar *make(const char *name, sim_time period, uint32_t width)
    {
        crossbar_config config = {};

        config.period = period;
        config.forward_latency = 2 * SIM_NS + 1;
        config.response_latency = SIM_NS;
        config.width = width;
        config.masters = CROSSBAR_MAX_MASTERS;
        config.targets = CROSSBAR_MAX_TARGETS;
        config.ordered_writes = shape.ordered_writes;
        config.error_queue = 2;
        return crossbar_create(sim, name, &config);
    }
    void connect(struct sim_component *master, struct sim_component *target, const std::string &name)
    {
        bus_connect_config config = {};

        config.request_latency = sim_random_below(&random, 4 * SIM_NS);
        config.response_latency = sim_random_below(&random, 4 * SIM_NS);
        config.request_credit_latency = sim_random_below(&random, 3 * SIM_NS);
        config.response_credit_latency = sim_random_below(&random, 3 * SIM_NS);
        config.request_capacity = shape.capacity;
        config.response_capacity = shape.capacity;
        bus = bus_connect(sim, name.c_str(), master, target, &config);
    }
    sim_time clock()
    {
        const sim_time clocks[] = {SIM_NS, 500 * SIM_PS, 769231, 250 * SIM_PS, 400 * SIM_PS};

        return clocks[sim_random_below(&random, 5)];
    }
    void add_target(unsigned i)
    {
        bus_target_config config = {};
        std::string name = "t" + std::to_string(i);

        config.period = clock();
        config.latency = sim_random_below(&random, 60 * SIM_NS);
        config.interval = 1 + static_cast<uint32_t>(sim_random_below(&random, 6));
        config.new_ack = i % 2 == 0;
        config.status = i % 7 == 3 ? SIM_STATUS_CA : SIM_STATUS_OK;
        config.stall_from = sim_random_below(&random, SIM_US);
        config.stall_until = config.stall_from + sim_random_below(&random, SIM_US);
        targets.push_back(bus_target_create(sim, name.c_str(), &config));
        connect(crossbar_component(main), bus_target_component(targets.back()), "x-" + name);
        bus_target_bind(targets.back(), bus);
        crossbar_bind_target(main, i, bus);
        EXPECT_TRUE(crossbar_map(main, fabric::base_of(i), 0x10000, i));
    }
    void add_memory()
    {
        memory_config config = {};

        config.base = UINT64_C(0x8000000000);
        config.size = 0x40000;
        config.period = 625 * SIM_PS;
        config.latency = 81 * SIM_NS;
        config.bandwidth = UINT64_C(25600000000);
        config.queue = 8;
        struct memory *memory = memory_create(sim, "dram", &config);

        connect(crossbar_component(main), memory_component(memory), "x-dram");
        memory_bind(memory, 0, bus);
        crossbar_bind_target(main, CROSSBAR_MAX_TARGETS - 1, bus);
        EXPECT_TRUE(crossbar_map(main, config.base, config.size, CROSSBAR_MAX_TARGETS - 1));
    }
    void add_master(unsigned i)
    {
        const crossbar_port_kind kinds[] = {CROSSBAR_PORT_PLAIN, CROSSBAR_PORT_ORDERED, CROSSBAR_PORT_POSTED};
        std::string name = "m" + std::to_string(i);
        struct bus_driver *driver = bus_driver_create(sim, name.c_str(), clock());
        struct crossbar *crossbar = i % 2 == 0 ? main : side;
        crossbar_port_kind kind = kinds[i % 3];

        connect(bus_driver_component(driver), crossbar_component(crossbar), name);
        bus_driver_bind(driver, bus);
        bus_driver_set_posted(driver, kind == CROSSBAR_PORT_POSTED);
        crossbar_bind_master(crossbar, i, bus, kind);
        if (i % 4 == 1) {
            bus_driver_set_deaf(driver, SIM_US, SIM_US + sim_random_below(&random, SIM_US));
        }
        drivers.push_back(driver);
    }
    void script()
    {
        for (unsigned i = 0; i < shape.operations; i++) {
            bus_driver_op op = {};
            uint64_t where = sim_random_below(&random, 100);

            op.at = sim_random_below(&random, 3) == 0 ? 0 : i * 700 * SIM_PS;
            op.type = sim_random_below(&random, 3) == 0 ? SIM_PACKET_READ : SIM_PACKET_WRITE;
            op.length = 1 + static_cast<uint32_t>(sim_random_below(&random, 100));
            op.value = sim_random_u64(&random);
            op.stream_id = static_cast<uint32_t>(sim_random_below(&random, 5));
            op.requester = static_cast<uint16_t>(sim_random_below(&random, 3));
            op.flags = SIM_FLAG_TRACKED | (sim_random_below(&random, 2) == 0 ? SIM_FLAG_HAS_STREAM_ID : 0);
            op.flags |= sim_random_below(&random, 4) == 0 ? SIM_FLAG_MSI : 0;
            if (where < 4) {
                op.address = 0x100; // nobody's
            } else if (where < 50) {
                op.address = UINT64_C(0x8000000000) + sim_random_below(&random, 0x3ff00);
            } else {
                op.address = fabric::base_of(static_cast<unsigned>(sim_random_below(&random, shape.targets))) + 0x40;
            }
            bus_driver_add(drivers[sim_random_below(&random, drivers.size())], &op);
        }
    }
    static uint64_t hash_of(const struct bus_driver *driver)
    {
        uint64_t hash = 0;

        for (uint32_t i = 0; i < bus_driver_added(driver); i++) {
            const bus_driver_result *result = bus_driver_get_result(driver, i);

            EXPECT_TRUE(result->issued);
            hash += (result->answer_time * 5 + result->value + result->status) * (result->id | 1);
        }
        return hash;
    }

    Shape shape;
    struct sim_random random;
    struct crossbar *main;
    struct crossbar *side;
    sim_bus_port bus = {};
    std::vector<struct bus_driver *> drivers;
    std::vector<struct bus_target *> targets;
};

class Everywhere : public ::testing::TestWithParam<Shape>
{
};

TEST_P(Everywhere, RandomTrafficGivesTheSameOnAllEngines)
{
    uint64_t reference = 0;

    for (const support::Engine &engine : support::engines()) {
        City city(engine, GetParam());
        uint64_t hash = city.run();

        if (reference == 0) {
            reference = hash;
            EXPECT_GT(city.log.mark_count(), 5 * GetParam().operations);
            EXPECT_GT(city.log.event_count(SIM_EVENT_DROPPED), 10u);
            EXPECT_GT(city.log.event_count(SIM_EVENT_WRITE_VISIBLE), 100u);
        }
        EXPECT_EQ(hash, reference) << engine.name;
    }
}

// The SystemC kernel elaborates once a process; ctest runs each of these tests in a process of its own.
void systemc_agrees(const Shape &shape)
{
    const support::Engine engine = {"systemc", SIM_ENGINE_SYSTEMC, false, 0, sim_systemc_engine()};

    if (engine.ops == nullptr) {
        GTEST_SKIP() << "this build has no systemc engine";
    }
    City native(support::engines()[0], shape);
    City systemc(engine, shape);

    EXPECT_EQ(systemc.run(), native.run());
}

TEST(EverywhereSystemc, ShallowAgrees)
{
    systemc_agrees(kShapes[0]);
}

TEST(EverywhereSystemc, WideAgrees)
{
    systemc_agrees(kShapes[2]);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Everywhere, ::testing::ValuesIn(kShapes),
                         [](const auto &test) { return std::string(test.param.name); });

} // namespace

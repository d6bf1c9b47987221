/* One network, every engine, every order: the same marks to the femtosecond. */
#include "sim/systemc/systemc_engine.h"
#include "toy_network.h"

#include <gtest/gtest.h>
#include <thread>

namespace
{

/** Light load, heavy load, and overload with shallow buffers and scarce data credits. */
std::vector<toy_parameters> loads()
{
    toy_parameters light;
    toy_parameters heavy;
    toy_parameters over;

    light.mean = 4 * SIM_US;
    light.limit = 100;
    heavy.mean = 80 * SIM_NS;
    heavy.capacity = 4;
    over.mean = 0;
    over.capacity = 1;
    over.units = 9;
    return {light, heavy, over};
}

struct outcome {
    uint64_t fingerprint;
    uint64_t marks;
    uint64_t received;
    sim_run_result result;

    bool operator==(const outcome &other) const
    {
        return fingerprint == other.fingerprint && marks == other.marks && received == other.received &&
               result == other.result;
    }
};

outcome simulate(const toy_parameters &parameters)
{
    toy_network network(parameters);
    sim_run_result result = network.run();

    EXPECT_EQ(sim_pool(network.simulation)->live, 0u) << "every packet must be accounted for";
    return {network.fingerprint, network.marks, network.received(), result};
}

outcome reference(const toy_parameters &parameters)
{
    outcome expected = simulate(parameters);

    EXPECT_EQ(expected.received, 4u * parameters.limit);
    EXPECT_EQ(expected.result, SIM_RUN_DRAINED);
    /* source, link, router, link, router, link, sink */
    EXPECT_EQ(expected.marks, 7u * expected.received);
    return expected;
}

TEST(Engines, EveryCycleAgreesWithNative)
{
    for (toy_parameters parameters : loads()) {
        outcome expected = reference(parameters);

        parameters.engine = SIM_ENGINE_EVERY_CYCLE;
        EXPECT_TRUE(simulate(parameters) == expected) << "mean " << parameters.mean;
    }
}

TEST(Engines, OrderWithinAnInstantDoesNotMatter)
{
    for (toy_parameters parameters : loads()) {
        outcome expected = reference(parameters);

        parameters.shuffle = true;
        for (uint64_t seed = 1; seed <= 8; seed++) {
            parameters.shuffle_seed = seed;
            parameters.engine = SIM_ENGINE_NATIVE;
            EXPECT_TRUE(simulate(parameters) == expected) << "native, shuffle " << seed;
            if (seed <= 3) {
                parameters.engine = SIM_ENGINE_EVERY_CYCLE;
                EXPECT_TRUE(simulate(parameters) == expected) << "every-cycle, shuffle " << seed;
            }
        }
    }
}

TEST(Engines, AnyWheelGivesTheSame)
{
    for (toy_parameters parameters : loads()) {
        outcome expected = reference(parameters);

        for (unsigned shift : {1u, 10u, 18u, 26u}) {
            for (unsigned slots : {1u, 3u, 8u}) {
                parameters.queue_shift = shift;
                parameters.queue_slots_log2 = slots;
                EXPECT_TRUE(simulate(parameters) == expected) << "shift " << shift << " slots " << slots;
            }
        }
    }
}

TEST(Engines, RunningInPiecesChangesNothing)
{
    for (const toy_parameters &parameters : loads()) {
        outcome expected = reference(parameters);

        for (sim_engine_kind engine : {SIM_ENGINE_NATIVE, SIM_ENGINE_EVERY_CYCLE}) {
            toy_parameters again = parameters;

            again.engine = engine;
            toy_network network(again);
            sim_time end = 0;
            sim_run_result result = SIM_RUN_REACHED_END;

            while (result == SIM_RUN_REACHED_END) {
                end += 777 * SIM_NS + 13;
                result = network.run(end);
                if (result == SIM_RUN_REACHED_END) {
                    EXPECT_EQ(sim_now(network.simulation), end);
                }
            }
            EXPECT_EQ(result, SIM_RUN_DRAINED);
            EXPECT_EQ(network.fingerprint, expected.fingerprint);
        }
    }
}

TEST(Engines, ASeedChangesTheTraffic)
{
    toy_parameters parameters;
    outcome first = simulate(parameters);

    parameters.seed++;
    EXPECT_FALSE(simulate(parameters) == first);
}

TEST(Engines, TwoSimulationsOnTwoThreadsAreIndependent)
{
    std::vector<toy_parameters> all = loads();
    outcome alone[2] = {reference(all[1]), reference(all[2])};
    outcome together[2] = {};
    std::thread first([&] { together[0] = simulate(all[1]); });
    std::thread second([&] { together[1] = simulate(all[2]); });

    first.join();
    second.join();
    EXPECT_TRUE(together[0] == alone[0]);
    EXPECT_TRUE(together[1] == alone[1]);
}

/* The SystemC kernel elaborates once a process; ctest runs each of these tests in a process of its own. */
void systemc_agrees(size_t load)
{
    toy_parameters parameters = loads()[load];
    outcome expected = reference(parameters);

    parameters.ops = sim_systemc_engine();
    if (parameters.ops == nullptr) {
        GTEST_SKIP() << "this build has no systemc engine";
    }
    parameters.engine = SIM_ENGINE_SYSTEMC;
    EXPECT_TRUE(simulate(parameters) == expected);
}

TEST(EnginesSystemc, LightLoadAgreesWithNative)
{
    systemc_agrees(0);
}

TEST(EnginesSystemc, HeavyLoadAgreesWithNative)
{
    systemc_agrees(1);
}

TEST(EnginesSystemc, OverloadAgreesWithNative)
{
    systemc_agrees(2);
}

TEST(EnginesSystemc, RunningInPiecesChangesNothing)
{
    toy_parameters parameters = loads()[1];
    outcome expected = reference(parameters);

    parameters.ops = sim_systemc_engine();
    if (parameters.ops == nullptr) {
        GTEST_SKIP() << "this build has no systemc engine";
    }
    parameters.engine = SIM_ENGINE_SYSTEMC;
    toy_network network(parameters);
    sim_time end = 0;
    sim_run_result result = SIM_RUN_REACHED_END;

    while (result == SIM_RUN_REACHED_END) {
        end += 777 * SIM_NS + 13;
        result = network.run(end);
    }
    EXPECT_EQ(result, SIM_RUN_DRAINED);
    EXPECT_EQ(network.fingerprint, expected.fingerprint);
}

} // namespace

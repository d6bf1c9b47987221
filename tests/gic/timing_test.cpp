// Times to the cycle, from the parameters alone: unloaded latency warm and cold, saturation, credits, coalescing.
#include "models/gic-its/pe.h"
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <cmath>

namespace
{

using namespace gic_test;

/** A system of one ITS, one redistributor and one real PE. */
class Path
{
  public:
    Path(const support::Engine &engine, const Options &given, const pe_config &pe_given) : config(pe_given)
    {
        Options options = given;
        struct sim_channel *from;
        struct sim_channel *to;

        options.rd_count = 1;
        options.create_pes = false;
        system = std::make_unique<System>(engine, options);
        pe = pe_create(system->sim, "pe0", &config);
        system->connect_pe(0, pe_component(pe), &from, &to);
        pe_bind_redistributor(pe, from, to);
        system->bring_up();
        system->map_device(2, 8);
        for (uint32_t event = 0; event < 8; event++) {
            system->map_event(2, event, 8200 + event, 0);
        }
        system->sync(0);
    }
    sim_time time_of(sim_event_kind kind, uint64_t packet) const
    {
        return system->time_of(kind, packet);
    }

    /* The tables of its.h, redistributor.h and pe.h, stage by stage. */

    /** From the edge at which the ITS issues a read to the edge at which it takes the answer. */
    sim_time table_read(sim_time issued, sim_time period, uint32_t bytes) const
    {
        (void)bytes; // the tests' memory has no bandwidth limit
        sim_time taken = sim_time_align(issued + SIM_NS, SIM_NS);

        return sim_time_align(taken + system->options.memory_latency + period, period);
    }
    sim_time after_its(sim_time taken, unsigned reads) const
    {
        const its_config &its = system->options.its;

        for (unsigned i = 0; i < reads; i++) {
            taken = table_read(taken, its.period, 8);
        }
        return taken + its.translate_cycles * its.period;
    }
    sim_time handler_start(sim_time left_its, unsigned config_reads) const
    {
        const redistributor_config &rd = system->options.rd;
        sim_time t = sim_time_align(left_its + sim_time_max(system->options.lpi_latency, rd.period), rd.period);

        for (unsigned i = 0; i < config_reads; i++) {
            t = table_read(t, rd.period, 1);
        }
        t += (rd.lookup_cycles + rd.deliver_cycles) * rd.period;
        t = sim_time_align(t + config.period, config.period);
        t += config.acknowledge_cycles * config.period;
        t = sim_time_align(t + rd.period, rd.period);
        t += rd.activate_cycles * rd.period;
        t = sim_time_align(t + config.period, config.period);
        return t + config.entry_cycles * config.period;
    }

    std::unique_ptr<System> system;
    pe_config config;
    struct pe *pe;
};

class GicTiming : public ::testing::TestWithParam<support::Engine>
{
};

TEST_P(GicTiming, UnloadedLatencyIsTheSumOfTheTables)
{
    struct Clocks {
        sim_time its;
        sim_time rd;
        sim_time pe;
    };
    const Clocks clocks[] = {{SIM_NS, SIM_NS, SIM_NS},
                             {SIM_NS, SIM_NS, 500 * SIM_PS},
                             {769231, 625000, 333333},
                             {2 * SIM_NS, 3 * SIM_NS, SIM_NS}};

    for (const Clocks &c : clocks) {
        for (sim_time lpi_latency : {UINT64_C(0), 7 * SIM_NS + 1}) {
            Options options;
            pe_config pe = pe_config_default();

            options.its.period = c.its;
            options.rd.period = c.rd;
            options.its.translate_cycles = 11;
            options.its.interval_cycles = 3;
            options.rd.lookup_cycles = 3;
            options.rd.deliver_cycles = 5;
            options.rd.activate_cycles = 4;
            options.lpi_latency = lpi_latency;
            pe.period = c.pe;
            pe.acknowledge_cycles = 17;
            pe.entry_cycles = 23;
            pe.handler_time = 123456789;
            Path path(GetParam(), options, pe);

            // Cold: DTE, ITE, CTE, configuration. Then warm. Then a new event: ITE and configuration.
            struct Case {
                uint32_t event;
                unsigned reads;
                unsigned config_reads;
            };
            for (const Case &one : {Case{0, 3, 1}, Case{0, 0, 0}, Case{1, 1, 1}, Case{1, 0, 0}, Case{0, 0, 0}}) {
                sim_time at = sim_time_align(sim_now(path.system->sim) + SIM_US, SIM_NS);
                uint64_t id = path.system->msi(2, one.event, 0, at);

                path.system->run();
                sim_time taken = sim_time_align(at + c.its, c.its);
                sim_time left = path.after_its(taken, one.reads);
                sim_time started = path.handler_start(left, one.config_reads);

                EXPECT_EQ(path.time_of(SIM_EVENT_MSI_AT_DOORBELL, id), taken);
                EXPECT_EQ(path.time_of(SIM_EVENT_MSI_DELIVERED, id), started) << one.event << " " << one.reads;
                EXPECT_EQ(path.time_of(SIM_EVENT_MSI_HANDLED, id), sim_time_align(started + pe.handler_time, c.pe));
                // The marks add up to the same, and the ITS's stage is what the table says.
                EXPECT_EQ(path.system->log.total_of(id), started - at);
                EXPECT_EQ(path.system->log.stages_of(id)["its0"], left - taken);
            }
        }
    }
}

TEST_P(GicTiming, ThreeDependentReadsAsPublished)
{
    // An ITS without caches whose memory answers in 40 cycles takes 120: the figure that another model gives.
    Options options;

    options.its.device_cache_entries = 0;
    options.its.event_cache_entries = 0;
    options.its.collection_cache_entries = 0;
    options.its.translate_cycles = 0;
    options.memory_latency = 38 * SIM_NS;
    Path path(GetParam(), options, pe_config_default());
    for (int i = 0; i < 2; i++) {
        uint64_t id = path.system->msi_now(2, 0);

        EXPECT_EQ(path.system->log.stages_of(id)["its0"], 120 * SIM_NS);
    }
}

TEST_P(GicTiming, AnswerToTheWriteDoesNotWaitForTheTranslation)
{
    Options options;

    options.memory_latency = SIM_US;
    Path path(GetParam(), options, pe_config_default());
    sim_time at = sim_time_align(sim_now(path.system->sim) + 10 * SIM_NS, SIM_NS);

    path.system->msi(2, 0, 0, at);
    path.system->run();
    const bus_driver_result *result = bus_driver_get_result(path.system->devices[0], 0);
    EXPECT_EQ(result->answer_time, at + (1 + options.its.register_cycles + 1) * SIM_NS);
}

TEST_P(GicTiming, SaturationIsOneMsiAnInterval)
{
    // Q9: four redistributors take turns, so nothing but the interval limits.
    for (uint32_t interval : {1u, 3u, 8u}) {
        Options options;

        options.its.interval_cycles = interval;
        options.its.slots = 16;
        options.lpi_credits = 32;
        System system(GetParam(), options);
        system.bring_up();
        system.map_device(2, 8);
        for (uint32_t event = 0; event < 64; event++) {
            system.command(mapti(2, event, 8200 + event, event % 4), 0, event % 32 == 31);
        }
        system.run();
        std::vector<uint64_t> ids;
        for (int round = 0; round < 2; round++) {
            ids.clear();
            for (uint32_t event = 0; event < 64; event++) {
                ids.push_back(system.msi(2, event));
            }
            system.run();
        }
        std::vector<sim_time> taken;
        for (const auto &event : system.log.events()) {
            if (event.kind == SIM_EVENT_MSI_AT_DOORBELL) {
                taken.push_back(event.time);
            }
        }
        ASSERT_EQ(taken.size(), 128u);
        EXPECT_EQ(taken[127] - taken[64], 63 * interval * SIM_NS);
    }
}

TEST_P(GicTiming, CreditsLimitTheRate)
{
    // Q25: X = min(1 / interval, credits / round trip); the round trip is translation, flight, and the credit's way
    // back.
    for (uint32_t credits : {1u, 2u, 5u, 16u}) {
        Options options;

        options.lpi_credits = credits;
        options.lpi_latency = 20 * SIM_NS;
        options.its.interval_cycles = 4;
        Path path(GetParam(), options, pe_config_default());
        std::vector<sim_time> arrived;

        path.system->msi_now(2, 0);
        for (int i = 0; i < 200; i++) {
            path.system->msi(2, 0);
        }
        path.system->run();
        for (const auto &mark : path.system->log.marks()) {
            if (mark.stage == "its0-rd0") {
                arrived.push_back(mark.end);
            }
        }
        ASSERT_EQ(arrived.size(), 201u);
        sim_time round_trip = (options.its.translate_cycles + 20 + 20) * SIM_NS;
        sim_time by_interval = 4 * SIM_NS * credits;
        sim_time expected = sim_time_max(round_trip, by_interval);

        // After the start every group of `credits` takes one round trip, exactly.
        for (size_t i = 60; i + credits < 200; i += credits) {
            EXPECT_EQ(arrived[i + credits] - arrived[i], expected) << credits << " credits, MSI " << i;
        }
    }
}

TEST(GicTimingStatistics, CoalescingAtOnePendingBit)
{
    // Q24: Poisson arrivals at one LPI, pending cleared at the acknowledge: delivered = 1 / (H + exp(-lambda H) /
    // lambda).
    const sim_time handler = 2 * SIM_US;
    const int count = 60000;

    for (double load : {0.3, 1.0, 3.0}) {
        Options options;
        pe_config pe = pe_config_default();
        struct sim_random random;

        options.rd.lookup_cycles = 0;
        options.rd.deliver_cycles = 0;
        options.rd.activate_cycles = 0;
        options.keep_log = false;
        pe.acknowledge_cycles = 0;
        pe.entry_cycles = 0;
        pe.handler_time = handler;
        Path path(support::engines()[0], options, pe);
        sim_time mean = static_cast<sim_time>(static_cast<double>(handler) / load);
        sim_time start = sim_now(path.system->sim) + SIM_US;
        sim_time at = start;
        sim_random_init(&random, 5, "arrivals");
        for (int i = 0; i < count; i++) {
            at += sim_random_exponential(&random, mean);
            path.system->msi(2, 0, 0, at);
        }
        path.system->run();
        double lambda = static_cast<double>(count) / static_cast<double>(at - start);
        double h = static_cast<double>(handler);
        double expected = 1 / (h + std::exp(-lambda * h) / lambda);
        double delivered =
            static_cast<double>(path.system->counter("pe0", "delivered")) / static_cast<double>(at - start);

        EXPECT_NEAR(delivered / expected, 1.0, 0.01) << "load " << load;
        EXPECT_EQ(path.system->log.event_count(SIM_EVENT_MSI_DELIVERED) +
                      path.system->log.event_count(SIM_EVENT_MSI_MERGED),
                  static_cast<uint64_t>(count));
    }
}

INSTANTIATE_TEST_SUITE_P(Engines, GicTiming, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

// Several ITSs, devices, redistributors and PEs under random MSIs and commands: every MSI is accounted for, no
// interrupt
// is lost, and all engines agree to the last mark.
#include "models/gic-its/pe.h"
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

namespace
{

using namespace gic_test;

struct Stress {
    const char *name;
    bool discard; /**< DISCARD, CLEAR, MAPD and MAPC too: MSIs may be dropped */
    bool toggle;  /**< EnableLPIs and GITS_CTLR.Enabled go on and off: MSIs may be dropped */
    bool shallow; /**< one credit, one slot, tiny caches */
    uint32_t its_count;
    sim_time its_period;
    sim_time pe_period;
};

constexpr uint32_t kDevices = 3;
constexpr uint32_t kEvents = 6;
constexpr uint32_t kRds = 3;

/** LPI of an event: some are shared between two ITSs. */
uint32_t intid_of(uint32_t its, uint32_t device, uint32_t event)
{
    uint32_t lpi = (its * kDevices + device) * kEvents + event;

    return 8192 + (event == 0 ? device : 100 + lpi * 7);
}

class World
{
  public:
    World(const support::Engine &engine, const Stress &stress) : stress_(stress)
    {
        Options options;

        options.its_count = stress.its_count;
        options.rd_count = kRds;
        options.create_pes = false;
        options.its.period = stress.its_period;
        options.rd.period = 800 * SIM_PS;
        options.rd.config_fetches = stress.shallow ? 1 : 4;
        options.rd.config_cache_entries = stress.shallow ? 2 : 64;
        options.rd.pending_entries = stress.shallow ? 1 : 0;
        options.rd.reserve = 256;
        options.lpi_credits = stress.shallow ? 1 : 4;
        options.its.slots = stress.shallow ? 1 : 8;
        options.its.event_cache_entries = stress.shallow ? 2 : 8;
        options.its.device_cache_entries = 2;
        options.its.collection_cache_entries = 2;
        options.its.translate_cycles = 5;
        options.doorbell_capacity = stress.shallow ? 1 : 4;
        system = std::make_unique<System>(engine, options);
        for (uint32_t i = 0; i < kRds; i++) {
            pe_config config = pe_config_default();
            struct sim_channel *from;
            struct sim_channel *to;

            config.period = stress.pe_period;
            config.acknowledge_cycles = 5;
            config.entry_cycles = i;
            config.handler_time = (10 + 30 * i) * SIM_NS;
            struct pe *pe = pe_create(system->sim, ("pe" + std::to_string(i)).c_str(), &config);
            system->connect_pe(i, pe_component(pe), &from, &to);
            pe_bind_redistributor(pe, from, to);
        }
        system->bring_up();
        for (uint32_t its = 0; its < stress.its_count; its++) {
            map_all(its);
        }
    }

    void map_all(uint32_t its)
    {
        for (uint32_t device = 0; device < kDevices; device++) {
            system->map_device(device, 4, its);
            for (uint32_t event = 0; event < kEvents; event++) {
                system->map_event(device, event, intid_of(its, device, event), event % kRds, its);
            }
        }
    }

    its_command random_command(struct sim_random *random, uint32_t its)
    {
        uint32_t device = static_cast<uint32_t>(sim_random_below(random, kDevices));
        uint32_t event = static_cast<uint32_t>(sim_random_below(random, kEvents));
        uint32_t rd = static_cast<uint32_t>(sim_random_below(random, kRds));

        switch (sim_random_below(random, stress_.discard ? 14 : 9)) {
        case 0:
        case 1:
        case 2:
            return movi(device, event, rd);
        case 3:
            // An LPI that INT made pending is handled under no MSI, which the scoreboard below could not tell.
            return event_command(stress_.discard ? ITS_COMMAND_INT : ITS_COMMAND_INV, device, event);
        case 4:
            return event_command(ITS_COMMAND_INV, device, event);
        case 5:
            return invall(rd);
        case 6:
            return movall(rd, (rd + 1) % kRds);
        case 7:
            return mapc(rd, sim_random_below(random, kRds));
        case 8:
            return sync_command(rd);
        case 9:
            return event_command(ITS_COMMAND_DISCARD, device, event);
        case 10:
            return event_command(ITS_COMMAND_CLEAR, device, event);
        case 11:
            return mapti(device, event, intid_of(its, device, event), rd);
        case 12:
            return mapd(device, 3, system->itt_of(device, its), sim_random_below(random, 2) == 0);
        default:
            return mapc(rd, rd, sim_random_below(random, 2) == 0);
        }
    }

    /** MSIs and commands, all scheduled before the run, from many ports at once. */
    void load(uint64_t seed, uint32_t msis, uint32_t commands)
    {
        struct sim_random random;
        std::vector<uint64_t> writers;

        sim_random_init(&random, seed, "stress");
        for (uint32_t its = 0; its < system->options.its_count; its++) {
            writers.push_back(system->its_read(its, GITS_CWRITER));
            for (uint32_t i = 0; i < commands; i++) {
                system->put_command(random_command(&random, its), its);
            }
        }
        sim_time start = sim_now(system->sim) + SIM_US;
        for (uint32_t its = 0; its < system->options.its_count; its++) {
            for (uint32_t i = 0; i < msis; i++) {
                uint32_t device = static_cast<uint32_t>(sim_random_below(&random, kDevices));
                uint32_t event = static_cast<uint32_t>(sim_random_below(&random, kEvents));
                sim_time gap = sim_random_below(&random, 4) == 0 ? 60 * SIM_NS : 0;
                uint64_t id = system->msi(device, event, its, start + i * 25 * SIM_NS + gap);

                intids[id] = intid_of(its, device, event);
            }
            for (uint32_t i = 0; i < commands; i++) {
                bus_driver_write(system->its_cpus[its], start + i * msis * 25 * SIM_NS / commands,
                                 kItsBase + its * UINT64_C(0x40000) + GITS_CWRITER,
                                 (writers[its] + 32 * (i + UINT64_C(1))) % 0x10000, 8);
                if (stress_.toggle && i % 12 == 11) {
                    uint64_t value = i + 12 >= commands ? 1 : sim_random_below(&random, 4) != 0;

                    bus_driver_write(system->its_cpus[its], 0, kItsBase + its * UINT64_C(0x40000) + GITS_CTLR, value,
                                     4);
                }
            }
        }
        if (stress_.toggle) {
            load_rd_toggles(&random, start, msis * 25 * SIM_NS);
        }
        start_ = start;
    }

    /** Switches redistributors off and on again, in the end on. */
    void load_rd_toggles(struct sim_random *random, sim_time start, sim_time span)
    {
        const uint32_t times = 10;

        for (uint32_t i = 0; i <= times; i++) {
            for (uint32_t rd = 0; rd < kRds; rd++) {
                uint64_t value = i == times ? 1 : sim_random_below(random, 4) != 0;

                bus_driver_write(system->rd_cpus[rd], start + span / times * i + sim_random_below(random, SIM_US),
                                 kRdBase + rd * static_cast<uint64_t>(GICR_SIZE) + GICR_CTLR, value, 4);
            }
        }
    }

    void account(uint32_t msis)
    {
        std::map<uint64_t, int> ends;
        std::map<uint32_t, sim_time> last_delivery;
        uint64_t orphaned = 0;

        for (const auto &event : system->log.events()) {
            if (event.kind == SIM_EVENT_MSI_DELIVERED) {
                sim_time &last = last_delivery[intids[event.packet]];

                last = std::max(last, event.time);
            }
            ends[event.packet] += event.kind == SIM_EVENT_MSI_DELIVERED || event.kind == SIM_EVENT_MSI_MERGED ||
                                  event.kind == SIM_EVENT_DROPPED;
        }
        for (const auto &one : intids) {
            EXPECT_EQ(ends[one.first], 1) << "MSI " << std::hex << one.first;
        }
        EXPECT_EQ(intids.size(), static_cast<size_t>(msis) * system->options.its_count);
        // Commands and MSIs really ran at the same time.
        EXPECT_GT(system->log.events().back().time, start_ + msis * 20 * SIM_NS);
        check_order();
        // Whatever merged was followed by a handler, unless software took the interrupt away.
        for (const auto &event : system->log.events()) {
            if (event.kind == SIM_EVENT_MSI_MERGED) {
                orphaned += last_delivery[intids[event.packet]] <= event.time;
            }
        }
        if (!stress_.discard && !stress_.toggle) {
            EXPECT_EQ(orphaned, 0u);
            EXPECT_GT(system->counter("rd0", "moved") + system->counter("rd1", "moved"), 0u);
            EXPECT_EQ(system->log.event_count(SIM_EVENT_DROPPED), 0u);
        } else {
            EXPECT_GT(system->log.event_count(SIM_EVENT_DROPPED), 0u);
        }
        EXPECT_GT(system->log.event_count(SIM_EVENT_MSI_MERGED), 0u);
        EXPECT_GT(system->log.event_count(SIM_EVENT_MSI_DELIVERED), 20u);
        EXPECT_EQ(sim_pool(system->sim)->live, 0u);
        for (uint32_t its = 0; its < system->options.its_count; its++) {
            EXPECT_EQ(system->its_read(its, GITS_CREADR), system->its_read(its, GITS_CWRITER));
        }
    }

    std::unique_ptr<System> system;
    std::map<uint64_t, uint32_t> intids;

  private:
    /** MSIs of one event reach a redistributor in the order in which they were written. */
    void check_order()
    {
        struct Arrival {
            uint64_t packet;
            sim_time time;
        };
        std::map<std::tuple<uint64_t, uint32_t, std::string>, Arrival> last; // by port, INTID and redistributor
        std::map<uint64_t, bool> seen;
        uint64_t checked = 0;

        for (const auto &event : system->log.events()) {
            bool arrived = event.kind == SIM_EVENT_MSI_PENDING || event.kind == SIM_EVENT_MSI_MERGED;

            // Only the first arrival: MOVI and MOVALL move what is pending.
            if (!arrived || seen[event.packet]) {
                continue;
            }
            seen[event.packet] = true;
            Arrival &before = last[{event.packet >> 32, intids[event.packet], event.where}];
            EXPECT_LT(before.packet, event.packet);
            EXPECT_LT(before.time, event.time);
            checked += before.packet != 0;
            before = {event.packet, event.time};
        }
        EXPECT_GT(checked, 100u);
    }

    Stress stress_;
    sim_time start_ = 0;
};

class GicStress : public ::testing::TestWithParam<Stress>
{
};

TEST_P(GicStress, EveryMsiIsAccountedForAndEnginesAgree)
{
    const uint32_t msis = 800;
    uint64_t reference = 0;
    uint64_t commands = 0;

    for (uint64_t seed = 1; seed <= 3; seed++) {
        for (const support::Engine &engine : support::engines()) {
            World world(engine, GetParam());

            world.load(seed, msis, 120);
            world.system->run();
            world.account(msis);
            uint64_t hash = world.system->log.hash();

            for (uint32_t i = 0; i < sim_counter_count(world.system->sim); i++) {
                const char *component;
                const char *name;
                uint64_t value;

                sim_counter_get(world.system->sim, i, &component, &name, &value);
                hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
            }
            if (engine.name == support::engines()[0].name) {
                reference = hash;
                commands = world.system->counter("its0", "commands");
            }
            EXPECT_EQ(hash, reference) << engine.name << ", seed " << seed;
            EXPECT_EQ(world.system->counter("its0", "commands"), commands);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, GicStress,
                         ::testing::Values(Stress{"deep", false, false, false, 2, SIM_NS, 500 * SIM_PS},
                                           Stress{"shallow", false, false, true, 2, SIM_NS, 500 * SIM_PS},
                                           Stress{"odd_clocks", false, false, true, 3, 769231, 333333},
                                           Stress{"discard", true, false, false, 2, 1250000, 400000},
                                           Stress{"toggle", false, true, false, 2, SIM_NS, 500 * SIM_PS},
                                           Stress{"everything", true, true, true, 2, 769231, 500 * SIM_PS},
                                           Stress{"discard_shallow", true, false, true, 3, SIM_NS, 500 * SIM_PS}),
                         [](const auto &test) { return std::string(test.param.name); });

} // namespace

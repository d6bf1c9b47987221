// A system of many ITSs, devices, redistributors and PEs under random MSIs and commands, and a scoreboard that accounts
// for every interrupt: each MSI ends exactly once (delivered, merged, or dropped for a reason that the commands allow),
// what is counted in is counted out at every stage, and nothing that merged is left behind.
#include "models/gic-its/pe.h"
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <map>

namespace
{

using namespace gic_test;

constexpr uint32_t kIts = 4;
constexpr uint32_t kDevices = 8; /**< an ITS */
constexpr uint32_t kEvents = 8;  /**< a device; the last two are remapped, discarded, cleared and set by INT */
constexpr uint32_t kSteady = 6;
constexpr uint32_t kRds = 6;

uint32_t intid_of(uint32_t its, uint32_t device, uint32_t event)
{
    return 8192 + ((its * kDevices + device) * kEvents + event) * 3;
}

struct Kind {
    const char *name;
    bool stall; /**< commands that fail stop the queue: none may */
    bool small; /**< one of everything */
    bool nested;
};

class Board
{
  public:
    Board(const support::Engine &engine, const Kind &kind, uint64_t seed) : kind_(kind)
    {
        Options options;

        sim_random_init(&random_, seed, "scoreboard");
        options.its_count = kIts;
        options.rd_count = kRds;
        options.create_pes = false;
        options.its.stall_on_error = kind.stall;
        options.its.event_cache_entries = kind.small ? 2 : 32;
        options.its.device_cache_entries = 4;
        options.its.collection_cache_entries = 2;
        options.its.slots = kind.small ? 1 : 16;
        options.its.period = kind.small ? 769231 : SIM_NS;
        options.lpi_credits = kind.small ? 1 : 3;
        options.lpi_latency = 9 * SIM_NS;
        options.rd.config_cache_entries = kind.small ? 2 : 16;
        options.rd.config_fetches = kind.small ? 1 : 4;
        options.rd.pending_entries = kind.small ? 2 : 0;
        options.rd.reserve = 512;
        system = std::make_unique<System>(engine, options);
        for (uint32_t i = 0; i < kRds; i++) {
            pe_config config = pe_config_default();
            struct sim_channel *from;
            struct sim_channel *to;

            config.handler_time = (20 + 35 * i) * SIM_NS;
            config.preemption = kind.nested && i % 2 == 0;
            config.eoi_mode = i % 4 == 0;
            config.drop_time = 10 * SIM_NS;
            struct pe *pe = pe_create(system->sim, ("pe" + std::to_string(i)).c_str(), &config);
            system->connect_pe(i, pe_component(pe), &from, &to);
            pe_bind_redistributor(pe, from, to);
        }
        system->bring_up();
        for (uint32_t lpi = 0; lpi < kIts * kDevices * kEvents; lpi++) {
            system->set_config(8192 + 3 * lpi, true, static_cast<uint8_t>(0x20 * (lpi % 7)));
        }
        for (uint32_t its = 0; its < kIts; its++) {
            for (uint32_t device = 0; device < kDevices; device++) {
                system->map_device(device, 4, its);
                for (uint32_t event = 0; event < kEvents; event++) {
                    system->map_event(device, event, intid_of(its, device, event), event % kRds, its);
                }
            }
        }
    }

    /** Commands of one step, in the order in which they must take effect. */
    void put_step(uint32_t its)
    {
        uint32_t device = below(kDevices);
        uint32_t event = below(kSteady);
        uint32_t loose = kSteady + below(kEvents - kSteady);
        uint32_t rd = below(kRds);

        switch (below(9)) {
        case 0:
        case 1:
        case 2:
            system->put_command(movi(device, event, rd), its);
            break;
        case 3:
            system->put_command(movall(rd, below(kRds)), its);
            break;
        case 4:
            system->put_command(event_command(ITS_COMMAND_INV, device, event), its);
            break;
        case 5:
            system->put_command(invall(rd), its);
            system->put_command(sync_command(rd), its);
            break;
        case 6:
            // A new mapping is there for the INT right behind it.
            system->put_command(mapti(device, loose, intid_of(its, device, loose), rd), its);
            system->put_command(event_command(ITS_COMMAND_INT, device, loose), its);
            ints_++;
            break;
        case 7:
            system->put_command(event_command(ITS_COMMAND_DISCARD, device, loose), its);
            system->put_command(mapti(device, loose, intid_of(its, device, loose), rd), its);
            system->put_command(event_command(ITS_COMMAND_INT, device, loose), its);
            ints_++;
            break;
        default:
            system->put_command(event_command(ITS_COMMAND_CLEAR, device, loose), its);
            break;
        }
    }

    void play(uint32_t msis, uint32_t steps)
    {
        std::vector<uint64_t> writers[kIts];

        for (uint32_t its = 0; its < kIts; its++) {
            for (uint32_t i = 0; i < steps; i++) {
                put_step(its);
                writers[its].push_back(system->next_command(its));
            }
        }
        sim_time start = sim_now(system->sim) + SIM_US;

        for (uint32_t its = 0; its < kIts; its++) {
            for (uint32_t i = 0; i < msis; i++) {
                uint32_t device = below(kDevices);
                uint32_t event = below(kEvents);

                sent_[system->msi(device, event, its, start + (i * 60 + below(200)) * SIM_NS)] = {its, device, event};
            }
            for (uint32_t i = 0; i < steps; i++) {
                bus_driver_write(system->its_cpus[its], start + static_cast<sim_time>(i) * msis * 60 / steps * SIM_NS,
                                 kItsBase + its * UINT64_C(0x40000) + GITS_CWRITER, writers[its][i], 8);
            }
        }
        system->run();
    }

    void account()
    {
        struct End {
            unsigned delivered = 0;
            unsigned merged = 0;
            unsigned dropped = 0;
        };
        std::map<uint64_t, End> ends;
        std::map<uint32_t, sim_time> last_delivery;
        std::map<uint32_t, sim_time> last_arrival; // of LPIs that no command takes away

        for (const auto &event : system->log.events()) {
            auto known = sent_.find(event.packet);

            if (known == sent_.end()) {
                continue;
            }
            const Sent &sent = known->second;
            uint32_t intid = intid_of(sent.its, sent.device, sent.event);
            End &end = ends[event.packet];

            end.delivered += event.kind == SIM_EVENT_MSI_DELIVERED;
            end.merged += event.kind == SIM_EVENT_MSI_MERGED;
            end.dropped += event.kind == SIM_EVENT_DROPPED;
            if (event.kind == SIM_EVENT_MSI_DELIVERED) {
                last_delivery[intid] = std::max(last_delivery[intid], event.time);
            }
            if (event.kind == SIM_EVENT_MSI_MERGED || event.kind == SIM_EVENT_MSI_PENDING) {
                last_arrival[intid] = std::max(last_arrival[intid], event.time);
            }
            if (event.kind == SIM_EVENT_DROPPED) {
                // Only what the commands allow: an event between DISCARD and MAPTI, or a pending LPI taken back.
                EXPECT_GE(sent.event, kSteady);
                EXPECT_TRUE(event.detail == SIM_DROP_ITS_EVENT_UNMAPPED || event.detail == SIM_DROP_LPI_CLEARED)
                    << sim_drop_reason_name(static_cast<sim_drop_reason>(event.detail));
            }
        }
        uint64_t delivered = 0;
        for (const auto &one : sent_) {
            const End &end = ends[one.first];

            EXPECT_EQ(end.delivered + end.merged + end.dropped, 1u) << std::hex << one.first;
            delivered += end.delivered;
        }
        for (const auto &one : sent_) {
            uint32_t intid = intid_of(one.second.its, one.second.device, one.second.event);

            if (one.second.event < kSteady) {
                EXPECT_GT(last_delivery[intid], last_arrival[intid]) << "INTID " << intid << " was left behind";
            }
        }
        conserve(delivered);
        EXPECT_EQ(sim_pool(system->sim)->live, 0u);
    }

    std::unique_ptr<System> system;

  private:
    struct Sent {
        uint32_t its;
        uint32_t device;
        uint32_t event;
    };

    uint32_t below(uint32_t limit)
    {
        return static_cast<uint32_t>(sim_random_below(&random_, limit));
    }

    uint64_t total(const char *unit, uint32_t count, const char *name) const
    {
        uint64_t sum = 0;

        for (uint32_t i = 0; i < count; i++) {
            sum += system->counter(unit + std::to_string(i), name);
        }
        return sum;
    }

    /** What goes into each stage comes out of it. */
    void conserve(uint64_t delivered_msis)
    {
        uint64_t failed = 0;
        uint64_t to_rds = sent_.size() - total("its", kIts, "dropped") + ints_;
        uint64_t moved = total("rd", kRds, "moved");
        uint64_t set = total("rd", kRds, "set");
        uint64_t merged = total("rd", kRds, "merged");
        uint64_t activated = total("rd", kRds, "activated");

        for (uint32_t its = 0; its < kIts; its++) {
            failed += its_error_count(system->its[its], ITS_COMMAND_INT, ITS_ERROR_EVENT_UNMAPPED);
            EXPECT_EQ(system->its_read(its, GITS_CREADR), system->its_read(its, GITS_CWRITER));
        }
        EXPECT_EQ(failed, 0u) << "an INT right behind its MAPTI";
        EXPECT_EQ(total("its", kIts, "command_errors"), 0u);
        EXPECT_EQ(total("its", kIts, "msis"), sent_.size());
        EXPECT_EQ(to_rds + moved, set + merged) << "arrivals at the redistributors";
        EXPECT_EQ(set, activated + moved + total("rd", kRds, "cleared")) << "pending states";
        EXPECT_EQ(activated, total("pe", kRds, "delivered"));
        EXPECT_EQ(activated, total("pe", kRds, "handled"));
        EXPECT_GE(activated, delivered_msis);
        // It was a stress.
        EXPECT_GT(moved, 20u);
        EXPECT_EQ(total("rd", kRds, "read_back") > 20, kind_.small) << "to the pending table and back";
        EXPECT_GT(merged, 20u);
        EXPECT_GT(activated - delivered_msis, 5u) << "INT commands";
        if (kind_.nested) {
            EXPECT_GT(total("pe", kRds, "preempted"), 10u);
        }
    }

    Kind kind_;
    struct sim_random random_;
    std::map<uint64_t, Sent> sent_;
    uint64_t ints_ = 0;
};

class GicScoreboard : public ::testing::TestWithParam<Kind>
{
};

TEST_P(GicScoreboard, EveryInterruptIsAccountedFor)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        uint64_t reference = 0;

        for (size_t engine = 0; engine < support::engines().size(); engine++) {
            // All engines for one seed; the first for the others.
            if (engine > 0 && seed > 1) {
                continue;
            }
            Board board(support::engines()[engine], GetParam(), seed);

            SCOPED_TRACE("seed " + std::to_string(seed) + ", engine " + std::to_string(engine));
            board.play(600, 150);
            board.account();
            reference = engine == 0 ? board.system->log.hash() : reference;
            EXPECT_EQ(board.system->log.hash(), reference);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, GicScoreboard,
                         ::testing::Values(Kind{"plain", false, false, false}, Kind{"stalling", true, false, true},
                                           Kind{"small", false, true, false}, Kind{"nested_small", true, true, true}),
                         [](const auto &test) { return std::string(test.param.name); });

} // namespace

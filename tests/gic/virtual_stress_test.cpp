// Several ITSs, redistributors and vPEs under random MSIs, while a hypervisor has vPEs come, go and move, moves events
// between them and changes their configuration: every MSI is accounted for, no interrupt is lost or doubled, and all
// engines agree to the last mark.
#include "tests/gic/virtual_system.h"

#include <gtest/gtest.h>

#include <map>

namespace
{

using namespace gic_test;

constexpr uint32_t kItss = 3;
constexpr uint32_t kRds = 4;
constexpr uint32_t kVpes = 6;
constexpr uint32_t kDevices = 2;
constexpr uint32_t kEvents = 8;
constexpr uint32_t kMsis = 800;
constexpr sim_time kGap = 60 * SIM_NS;
constexpr sim_time kSlice = 300 * SIM_NS;

struct Shape {
    Kind kind;
    bool shallow; /**< one credit, one slot, tiny caches */
};

/** vINTID of an event: one for each, so that events of different vPEs can be exchanged. */
uint32_t intid_of(uint32_t its, uint32_t device, uint32_t event)
{
    return 8192 + ((its * kDevices + device) * kEvents + event) * 67;
}

/** What the hypervisor knows of a vPE. */
struct Vpe {
    uint32_t rd;
    bool here;    /**< Valid is 1 */
    bool leaving; /**< waits for Dirty 0 */
    bool moving;  /**< a VMOVP is under way */
    uint32_t moves_to;
    std::vector<std::pair<uint32_t, uint32_t>> waits; /**< ITS, and its CWRITER that must be passed */
};

class Hypervisor
{
  public:
    Hypervisor(const support::Engine &engine, const Shape &shape, uint64_t seed) : shape_(shape)
    {
        Options options;

        options.its_count = kItss;
        options.rd_count = kRds;
        options.rd.config_fetches = shape.shallow ? 1 : 4;
        options.rd.virt.slots = shape.shallow ? 1 : 8;
        options.rd.virt.config_cache_entries = shape.shallow ? 2 : 64;
        options.rd.period = shape.shallow ? 769231 : SIM_NS;
        options.its.virt.vpe_cache_entries = shape.shallow ? 2 : 4;
        options.its.slots = shape.shallow ? 2 : 8;
        options.lpi_credits = shape.shallow ? 1 : 4;
        sim_random_init(&random_, seed, "hypervisor");
        system = std::make_unique<VirtualSystem>(engine, shape.kind, options);
        system->start();
        for (uint32_t vpe = 0; vpe < kVpes; vpe++) {
            vpes_.push_back({vpe % kRds, false, false, false, 0, {}});
            system->map_vpe(vpe, vpe % kRds, 8192 + vpe);
        }
        for (uint32_t its = 0; its < kItss; its++) {
            for (uint32_t device = 0; device < kDevices; device++) {
                system->map_device(device, 4, its);
                for (uint32_t event = 0; event < kEvents; event++) {
                    system->command(vmapti(device, event, (device + event) % kVpes, intid_of(its, device, event),
                                           shape.kind.version == GIC_VIRTUAL_V4_0 ? 8192 + event : GIC_NO_DOORBELL),
                                    its);
                }
            }
        }
        for (uint32_t rd = 0; rd < kRds; rd++) {
            system->pes[rd]->set_guest_gap((20 + 30 * rd) * SIM_NS);
            system->pes[rd]->run_guest(true);
            system->pes[rd]->acknowledge_always(100 * SIM_NS);
        }
        load();
    }

    void go()
    {
        uint64_t slices = kMsis * kGap / kSlice + 20;

        for (uint64_t i = 0; i < slices; i++) {
            sim_run(system->sim, start_ + i * kSlice);
            look(i >= slices - 1);
            act();
        }
        finish();
    }

    void account()
    {
        std::map<uint64_t, int> ends;
        std::map<uint32_t, sim_time> last;
        uint64_t orphaned = 0;
        uint64_t acknowledged = 0;

        for (uint32_t rd = 0; rd < kRds; rd++) {
            for (const auto &one : system->pes[rd]->virtual_acknowledged()) {
                if (one.intid == GIC_INTID_SPURIOUS) {
                    continue;
                }
                EXPECT_NE(one.packet, 0u) << "an interrupt without the MSI that caused it";
                EXPECT_EQ(one.intid, intids_[one.packet]);
                ends[one.packet]++;
                acknowledged++;
                last[one.intid] = std::max(last[one.intid], one.time);
            }
        }
        for (const auto &event : system->log.events()) {
            ends[event.packet] += event.kind == SIM_EVENT_MSI_MERGED || event.kind == SIM_EVENT_DROPPED;
            orphaned += event.kind == SIM_EVENT_MSI_MERGED && last[intids_[event.packet]] <= event.time;
        }
        for (const auto &one : intids_) {
            EXPECT_EQ(ends[one.first], 1) << "MSI " << std::hex << one.first << " of LPI " << std::dec << one.second;
        }
        EXPECT_EQ(orphaned, 0u) << "merged into a pending interrupt that nobody took";
        EXPECT_EQ(system->log.event_count(SIM_EVENT_DROPPED), 0u);
        EXPECT_EQ(intids_.size(), static_cast<size_t>(kMsis) * kItss);
        EXPECT_GT(acknowledged, 100u);
        EXPECT_GT(moves, 3u);
        EXPECT_GT(residencies, 8u);
        EXPECT_GT(total("virtual_stored"), 50u);
        EXPECT_GT(total("virtual_set"), 20u);
        EXPECT_GT(total("doorbells"), 0u);
        EXPECT_EQ(sim_pool(system->sim)->live, 0u);
    }

    uint64_t total(const char *name) const
    {
        uint64_t sum = 0;

        for (uint32_t rd = 0; rd < kRds; rd++) {
            sum += system->counter("rd" + std::to_string(rd), name);
        }
        return sum;
    }

    std::unique_ptr<VirtualSystem> system;
    uint64_t moves = 0;
    uint64_t residencies = 0;

  private:
    uint32_t below(uint32_t limit)
    {
        return static_cast<uint32_t>(sim_random_below(&random_, limit));
    }

    void load()
    {
        start_ = sim_time_align(sim_now(system->sim) + SIM_US, SIM_NS);
        for (uint32_t its = 0; its < kItss; its++) {
            for (uint32_t i = 0; i < kMsis; i++) {
                uint32_t device = below(kDevices);
                uint32_t event = below(kEvents);
                uint64_t id = system->msi(device, event, its, start_ + i * kGap + below(60) * SIM_NS);

                intids_[id] = intid_of(its, device, event);
            }
        }
    }

    /** Puts a command and lets the ITS know. @return CWRITER after it */
    uint32_t issue(const its_command &command, uint32_t its)
    {
        // Not its_read(), which runs until nothing is due.
        uint8_t bytes[ITS_COMMAND_BYTES];
        uint32_t at = writers_[its];

        its_command_encode(&command, bytes);
        memory_write(system->memory, kQueue + its * UINT64_C(0x10000) + at, bytes, ITS_COMMAND_BYTES);
        writers_[its] = (at + ITS_COMMAND_BYTES) % 0x10000;
        bus_driver_write(system->its_cpus[its], 0, kItsBase + its * UINT64_C(0x40000) + GITS_CWRITER, writers_[its], 8);
        return writers_[its];
    }

    void issue_move(uint32_t vpe, uint32_t rd)
    {
        Vpe &state = vpes_[vpe];
        uint32_t sequence = static_cast<uint32_t>(++moves);

        state.moving = true;
        state.moves_to = rd;
        state.waits.clear();
        if (shape_.kind.single) {
            uint32_t its = below(kItss);

            issue(vmovp(vpe, rd), its);
            state.waits.push_back({its, issue(vpe_command(ITS_COMMAND_VSYNC, vpe), its)});
        } else {
            for (uint32_t its = 0; its < kItss; its++) {
                issue(vmovp(vpe, rd, sequence, (1u << kItss) - 1), its);
                state.waits.push_back({its, issue(vpe_command(ITS_COMMAND_VSYNC, vpe), its)});
            }
        }
    }

    /** Reads what the hypervisor waits for. The answers are there at the next slice. */
    void look(bool last)
    {
        for (uint32_t its = 0; its < kItss; its++) {
            if (creadr_polls_.count(its) != 0) {
                readers_[its] =
                    static_cast<uint32_t>(bus_driver_get_result(system->its_cpus[its], creadr_polls_[its])->value);
            }
        }
        for (Vpe &vpe : vpes_) {
            check_move(vpe);
        }
        for (uint32_t rd = 0; rd < kRds; rd++) {
            if (dirty_polls_.count(rd) != 0) {
                const bus_driver_result *result = bus_driver_get_result(system->rd_cpus[rd], dirty_polls_[rd]);

                if (result->answered && GIC_GET(result->value, GICR_VPENDBASER_DIRTY) == 0) {
                    left(rd);
                }
            }
        }
        if (!last) {
            ask();
        }
    }

    /** A VMOVP has ended when each ITS that was given one has passed the VSYNC after it. */
    void check_move(Vpe &vpe)
    {
        bool done = vpe.moving;

        for (const auto &wait : vpe.waits) {
            uint32_t behind = (writers_[wait.first] - wait.second) % 0x10000;
            uint32_t unread = (writers_[wait.first] - readers_[wait.first]) % 0x10000;

            done = done && unread <= behind;
        }
        if (done) {
            vpe.moving = false;
            vpe.rd = vpe.moves_to;
        }
    }

    void left(uint32_t rd)
    {
        for (Vpe &vpe : vpes_) {
            if (vpe.leaving && left_from(vpe) == rd) {
                vpe.leaving = false;
                dirty_polls_.erase(rd);
            }
        }
    }

    uint32_t left_from(const Vpe &vpe) const
    {
        return vpe.rd;
    }

    void ask()
    {
        for (uint32_t its = 0; its < kItss; its++) {
            creadr_polls_[its] =
                bus_driver_read(system->its_cpus[its], 0, kItsBase + its * UINT64_C(0x40000) + GITS_CREADR, 8);
        }
        for (const Vpe &vpe : vpes_) {
            if (vpe.leaving) {
                dirty_polls_[vpe.rd] =
                    bus_driver_read(system->rd_cpus[vpe.rd], 0, system->rd_base(vpe.rd) + GICR_VPENDBASER, 8);
            }
        }
    }

    bool is_free(uint32_t rd) const
    {
        for (const Vpe &vpe : vpes_) {
            if (vpe.rd == rd && (vpe.here || vpe.leaving)) {
                return false;
            }
        }
        return true;
    }

    bool may_move() const
    {
        for (const Vpe &vpe : vpes_) {
            // With lists software serialises; the single form may overlap.
            if (vpe.moving && !shape_.kind.single) {
                return false;
            }
        }
        return true;
    }

    void act()
    {
        for (uint32_t vpe = 0; vpe < kVpes; vpe++) {
            Vpe &state = vpes_[vpe];

            if (state.moving) {
                continue;
            }
            if (state.here && below(4) == 0) {
                system->write_residency(state.rd, vpe, false, below(2) == 0);
                state.here = false;
                state.leaving = true;
            } else if (!state.here && !state.leaving && below(3) == 0 && may_move()) {
                issue_move(vpe, below(kRds));
            } else if (!state.here && !state.leaving && below(2) == 0 && is_free(state.rd)) {
                system->write_residency(state.rd, vpe, true);
                state.here = true;
                residencies++;
            }
        }
        other_commands();
    }

    void other_commands()
    {
        uint32_t its = below(kItss);
        uint32_t device = below(kDevices);
        uint32_t event = below(kEvents);
        uint32_t vpe = below(kVpes);

        switch (below(6)) {
        case 0:
            issue(vmovi(device, event, vpe), its);
            break;
        case 1:
            system->set_vconfig(vpe, intid_of(its, device, event), below(2) == 0, 0xa0);
            issue(event_command(ITS_COMMAND_INV, device, event), its);
            break;
        case 2:
            issue(vpe_command(ITS_COMMAND_VINVALL, vpe), its);
            issue(vpe_command(ITS_COMMAND_VSYNC, vpe), its);
            break;
        default:
            break;
        }
    }

    /** All vPEs, one after the other, take what is left. */
    void finish()
    {
        system->run();
        for (uint32_t vpe = 0; vpe < kVpes; vpe++) {
            Vpe &state = vpes_[vpe];

            if (state.moving) {
                state.rd = state.moves_to;
            }
            if (state.here) {
                system->leave(state.rd, vpe);
            }
            for (uint32_t intid = 8192; intid < 0x10000; intid++) {
                system->set_vconfig(vpe, intid, true);
            }
        }
        for (uint32_t vpe = 0; vpe < kVpes; vpe++) {
            uint64_t value = system->enter(vpes_[vpe].rd, vpe);

            EXPECT_EQ(GIC_GET(value, GICR_VPENDBASER_DIRTY), 0u);
            value = system->leave(vpes_[vpe].rd, vpe);
            EXPECT_EQ(GIC_GET(value, GICR_VPENDBASER_PENDING_LAST), 0u);
        }
        for (uint32_t its = 0; its < kItss; its++) {
            EXPECT_EQ(system->its_read(its, GITS_CREADR), writers_[its]) << "ITS " << its << " stands still";
            EXPECT_EQ(system->counter("its" + std::to_string(its), "command_errors"), 0u);
        }
    }

    Shape shape_;
    struct sim_random random_;
    sim_time start_ = 0;
    std::vector<Vpe> vpes_;
    std::map<uint64_t, uint32_t> intids_;
    std::map<uint32_t, uint32_t> writers_;
    std::map<uint32_t, uint32_t> readers_;
    std::map<uint32_t, uint32_t> creadr_polls_;
    std::map<uint32_t, uint32_t> dirty_polls_;

  public:
    /** The queues stand where setting up has left them. */
    void take_queues()
    {
        for (uint32_t its = 0; its < kItss; its++) {
            writers_[its] = static_cast<uint32_t>(system->next_command(its));
            readers_[its] = writers_[its];
        }
    }
};

class VirtualStress : public ::testing::TestWithParam<Shape>
{
};

TEST_P(VirtualStress, EveryMsiIsAccountedForAndEnginesAgree)
{
    for (uint64_t seed = 1; seed <= 2; seed++) {
        uint64_t reference = 0;

        for (const support::Engine &engine : support::engines()) {
            Hypervisor world(engine, GetParam(), seed);

            world.take_queues();
            world.go();
            world.account();
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
            }
            EXPECT_EQ(hash, reference) << engine.name << ", seed " << seed;
            if (HasFailure()) {
                return;
            }
        }
    }
}

std::vector<Shape> shapes()
{
    std::vector<Shape> list;

    for (const Kind &kind : kinds()) {
        list.push_back({kind, false});
        list.push_back({kind, true});
    }
    return list;
}

INSTANTIATE_TEST_SUITE_P(Kinds, VirtualStress, ::testing::ValuesIn(shapes()), [](const auto &test) {
    return std::string(test.param.kind.name) + (test.param.shallow ? "_shallow" : "_deep");
});

} // namespace

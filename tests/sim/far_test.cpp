/* Components whose dues lie anywhere between a clock's period and seconds ahead, most of them called off before. */
#include "sim/systemc/systemc_engine.h"

#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace
{

/** Acts when its time has come or a packet has arrived; then draws when it will act again. */
struct sleeper {
    sim_component component;
    sim_random random;
    sim_channel *in;
    sim_channel *out;
    sim_time next;
    uint32_t left; /**< actions */
    uint64_t fingerprint;
};

/** Anything from 1 ns to a second, each power of two as likely as the others. */
sim_time draw_distance(sleeper *self)
{
    const uint32_t bits = 20 + sim_random_u32(&self->random) % 31;

    return (sim_time(1) << bits) + (uint64_t(sim_random_u32(&self->random)) << bits >> 32);
}

sim_time evaluate_sleeper(sim_component *component, sim_time now)
{
    auto *self = reinterpret_cast<sleeper *>(component);
    sim_packet *packet = sim_channel_peek(self->in, now);

    if (packet != nullptr) {
        sim_channel_pop(self->in, now);
        sim_packet_free(component->sim, packet);
    }
    if (self->left > 0 && (packet != nullptr || self->next <= now)) {
        self->left--;
        self->fingerprint = (self->fingerprint ^ now) * UINT64_C(0x9e3779b97f4a7c15);
        self->next = self->left > 0 ? sim_component_edge(component, now + draw_distance(self)) : SIM_TIME_NEVER;
        if (sim_random_u32(&self->random) % 2 == 0 && sim_channel_has_space(self->out, now, 0, 0)) {
            sim_packet *sent = sim_packet_new(component->sim, 0);

            sim_channel_push(self->out, sent, now, 0, 0, 0, 0);
        }
    }
    return sim_time_min(self->next, sim_channel_next_arrival(self->in));
}

/** Sleepers in a ring, of clocks that share no edges. */
class ring
{
  public:
    explicit ring(sim_engine_kind engine, uint64_t shuffle = 0)
    {
        sim_config config = {};

        config.engine = engine;
        config.ops = engine == SIM_ENGINE_SYSTEMC ? sim_systemc_engine() : nullptr;
        config.shuffle = shuffle != 0;
        config.shuffle_seed = shuffle;
        simulation_ = sim_create(&config);
        for (size_t i = 0; i < members_.size(); i++) {
            sleeper &member = members_[i];
            const std::string name = "sleeper" + std::to_string(i);

            sim_component_init(&member.component, simulation_, name.c_str(), 1000003 + 77777 * i, evaluate_sleeper);
            sim_random_init(&member.random, 11, name.c_str());
        }
        for (size_t i = 0; i < members_.size(); i++) {
            sim_channel_config way = {};
            const std::string name = "way" + std::to_string(i);

            way.name = name.c_str();
            way.writer = &members_[i].component;
            way.reader = &members_[(i + 1) % members_.size()].component;
            way.latency = 30 * SIM_NS;
            way.capacity = 1;
            members_[i].out = sim_channel_create(simulation_, &way);
            members_[(i + 1) % members_.size()].in = members_[i].out;
        }
    }

    ~ring()
    {
        sim_destroy(simulation_);
    }

    ring(const ring &) = delete;
    ring &operator=(const ring &) = delete;

    /** As software does between runs. */
    void wake(size_t i, uint32_t actions)
    {
        sleeper &member = members_[i];

        member.left = actions;
        member.next = sim_component_edge(&member.component, sim_now(simulation_) + 1);
        sim_wake(&member.component, member.next);
    }

    sim_run_result run(sim_time end = SIM_TIME_NEVER)
    {
        return sim_run(simulation_, end);
    }

    sim_time now() const
    {
        return sim_now(simulation_);
    }

    std::vector<uint64_t> state() const
    {
        std::vector<uint64_t> words = {sim_now(simulation_), sim_evaluations(simulation_)};

        for (const sleeper &member : members_) {
            words.push_back(member.fingerprint);
            words.push_back(member.left);
        }
        return words;
    }

  private:
    sim *simulation_;
    std::array<sleeper, 6> members_ = {};
};

/** What each engine has to go through: everybody at once, then one by one between runs, a stretch at a time. */
std::vector<std::vector<uint64_t>> go_through(ring &subject, sim_time stretch)
{
    std::vector<std::vector<uint64_t>> states;

    for (size_t i = 0; i < 6; i++) {
        subject.wake(i, 400);
    }
    for (sim_run_result result = SIM_RUN_REACHED_END; result != SIM_RUN_DRAINED;) {
        result = subject.run(stretch == SIM_TIME_NEVER ? stretch : subject.now() + stretch);
        states.push_back(subject.state());
    }
    for (size_t i = 0; i < 60; i++) {
        subject.wake(i % 6, 1 + i % 4);
        subject.wake((i + 1) % 6, 2); /* of which a packet may call the second off: nothing is due where it was */
        EXPECT_EQ(subject.run(), SIM_RUN_DRAINED);
        states.push_back(subject.state());
    }
    return states;
}

/* The kernel elaborates once a process: ctest gives each of these one of its own. */
void agrees(sim_time stretch, uint64_t shuffle)
{
    ring native(SIM_ENGINE_NATIVE);
    const std::vector<std::vector<uint64_t>> expected = go_through(native, stretch);

    EXPECT_GT(expected.back()[0], 10 * SIM_S);
    EXPECT_GT(expected.back()[1], 2400u);
    if (sim_systemc_engine() == nullptr) {
        GTEST_SKIP() << "this build has no systemc engine";
    }
    ring systemc(SIM_ENGINE_SYSTEMC, shuffle);
    EXPECT_EQ(go_through(systemc, stretch), expected);
}

TEST(Far, DuesOfTheSystemcEngineAreThoseOfTheNative)
{
    agrees(SIM_TIME_NEVER, 0);
}

TEST(Far, AlsoWhenTimeGoesInStretches)
{
    agrees(3 * SIM_MS + 777, 0);
}

TEST(Far, AlsoInAnotherOrder)
{
    agrees(SIM_TIME_NEVER, 5);
}

TEST(Far, OrderDoesNotMatterToTheNativeEngine)
{
    ring plain(SIM_ENGINE_NATIVE);
    ring shuffled(SIM_ENGINE_NATIVE, 9);

    EXPECT_EQ(go_through(plain, SIM_TIME_NEVER), go_through(shuffled, SIM_TIME_NEVER));
}

} // namespace

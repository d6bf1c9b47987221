/* What the hot path does in another way than the rest must come to the same: alignment, pops and pushes, deaf ears. */
#include "sim/random.h"
#include "sim/sim.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace
{

TEST(ShortWay, AligningByMultiplicationIsAligning)
{
    sim_random random;

    sim_random_init(&random, 1, "align");
    for (unsigned i = 0; i < 200000; i++) {
        const sim_time period = 1 + (sim_random_u64(&random) >> (24 + sim_random_below(&random, 40)));
        sim_time time = sim_random_u64(&random) >> sim_random_below(&random, 64);

        if (i % 3 == 0) {
            time = time / period * period + (i % 9 == 0); /* on an edge, or just behind one */
        }
        if (time >= SIM_TIME_NEVER - period) {
            continue;
        }
        if (time > SIM_TIME_NEVER - 2 * period) {
            time -= 2 * period;
        }
        ASSERT_EQ(sim_time_align_by(time, period, sim_time_reciprocal(period)), sim_time_align(time, period))
            << time << " by " << period;
    }
}

/** Two components at different clocks, and a channel that is often full. All that a packet can tell is written down. */
struct pair_of_components {
    sim_component writer;
    sim_component reader;
    sim_channel *channel;
    unsigned to_send;
    std::vector<sim_time> *seen;
};

sim_time write(sim_component *component, sim_time now)
{
    auto *pair = reinterpret_cast<pair_of_components *>(component);

    if (pair->to_send == 0) {
        return SIM_TIME_NEVER;
    }
    if (!sim_channel_has_space(pair->channel, now, 0, 0)) {
        return sim_channel_space_at(pair->channel, now, 0, 0);
    }
    sim_packet *packet = sim_packet_new(component->sim, 0);
    packet->flags = pair->to_send % 5 != 0 ? SIM_FLAG_TRACKED : 0;
    packet->last_mark = now;
    sim_channel_push(pair->channel, packet, now, 2 * SIM_NS, 0, 0, 0);
    return --pair->to_send > 0 ? now + component->period * (1 + pair->to_send % 3) : SIM_TIME_NEVER;
}

sim_time read(sim_component *component, sim_time now)
{
    auto *pair = reinterpret_cast<pair_of_components *>(reinterpret_cast<char *>(component) -
                                                        offsetof(pair_of_components, reader));

    if (sim_channel_peek(pair->channel, now) == nullptr) {
        return sim_channel_next_arrival(pair->channel);
    }
    sim_packet *packet = sim_channel_pop(pair->channel, now);
    pair->seen->push_back(now);
    pair->seen->push_back(packet->last_mark);
    for (uint32_t i = 0; i < packet->trail_count; i++) {
        pair->seen->push_back(packet->trail[i].end);
        pair->seen->push_back(packet->trail[i].stage);
    }
    sim_event(component->sim, (packet->flags & SIM_FLAG_TRACKED) != 0 ? SIM_EVENT_MSI_SENT : SIM_EVENT_MSI_BORN, packet,
              component, now, 0);
    sim_packet_free(component->sim, packet);
    return now + 5 * component->period;
}

void ignore_mark(void *, const sim_packet *, uint32_t, sim_time, sim_time)
{
}

void count_event(void *context, sim_event_kind kind, const sim_packet *, const sim_component *, sim_time, uint32_t)
{
    static_cast<std::vector<unsigned> *>(context)->at(kind)++;
}

/** @return what the reader saw */
std::vector<sim_time> run(const sim_observer &observer)
{
    std::vector<sim_time> seen;
    pair_of_components pair = {};
    sim_config config = {};
    sim_channel_config channel = {};

    sim *simulation = sim_create(&config);
    sim_component_init(&pair.writer, simulation, "writer", 700 * SIM_PS, write);
    sim_component_init(&pair.reader, simulation, "reader", SIM_NS, read);
    channel.name = "channel";
    channel.writer = &pair.writer;
    channel.reader = &pair.reader;
    channel.latency = 3 * SIM_NS + 1;
    channel.capacity = 3;
    pair.channel = sim_channel_create(simulation, &channel);
    pair.to_send = 500;
    pair.seen = &seen;
    sim_observe(simulation, &observer);
    sim_wake(&pair.writer, pair.writer.period);
    EXPECT_EQ(sim_run(simulation, SIM_MS), SIM_RUN_DRAINED);
    EXPECT_EQ(sim_pool(simulation)->live, 0u);
    sim_destroy(simulation);
    return seen;
}

TEST(ShortWay, ListeningToMarksChangesNothing)
{
    sim_observer trails = {};
    sim_observer marks = {};

    trails.trails = true;
    marks.trails = true;
    marks.mark = ignore_mark;
    const std::vector<sim_time> expected = run(marks);
    EXPECT_GT(expected.size(), 2000u);
    EXPECT_EQ(run(trails), expected);
    trails.trails = false;
    const std::vector<sim_time> without = run(trails);
    EXPECT_EQ(without.size(), 1000u) << "nobody asked for trails";
}

TEST(ShortWay, DeafEarsHearNothingAndTheOthersAll)
{
    std::vector<unsigned> all(SIM_EVENT_KINDS);
    std::vector<unsigned> some(SIM_EVENT_KINDS);
    sim_observer observer = {};

    observer.context = &all;
    observer.trails = true;
    observer.event = count_event;
    run(observer);
    observer.context = &some;
    observer.deaf_to = 1u << SIM_EVENT_MSI_BORN;
    run(observer);
    EXPECT_EQ(all[SIM_EVENT_MSI_BORN] + all[SIM_EVENT_MSI_SENT], 500u);
    EXPECT_GT(all[SIM_EVENT_MSI_BORN], 0u);
    EXPECT_EQ(some[SIM_EVENT_MSI_BORN], 0u);
    EXPECT_EQ(some[SIM_EVENT_MSI_SENT], all[SIM_EVENT_MSI_SENT]);
}

} // namespace

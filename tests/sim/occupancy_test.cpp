/* Records of occupancy against the integral of what was seen, change by change. */
#include "sim/occupancy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace
{

struct Change {
    sim_time time;
    uint64_t value;
};

/** Something that fills and empties at random, and remembers when. */
struct Tank {
    struct sim_component component = {};
    std::mt19937_64 random;
    uint64_t value = 3;
    sim_time longest = 0; /**< between two evaluations, in periods */
    unsigned left = 0;    /**< changes to come */
    std::vector<Change> changes;

    static sim_time evaluate(struct sim_component *component, sim_time now)
    {
        Tank *tank = reinterpret_cast<Tank *>(component);

        tank->value = tank->random() % 9;
        tank->changes.push_back({now, tank->value});
        return --tank->left == 0 ? SIM_TIME_NEVER : now + component->period * (1 + tank->random() % tank->longest);
    }
    static uint64_t read(const void *context)
    {
        return static_cast<const Tank *>(context)->value;
    }
};

/** What a bucket from @p from to @p to must say. */
sim_occupancy_bucket expected(const std::vector<Change> &changes, uint64_t at_first, sim_time begin, sim_time from,
                              sim_time to)
{
    sim_occupancy_bucket bucket = {UINT64_MAX, 0, 0};
    uint64_t value = at_first;
    sim_time since = begin;

    auto add = [&](sim_time until) {
        const sim_time first = std::max(since, from);
        const sim_time last = std::min(until, to);

        if (first < last) {
            bucket.least = std::min(bucket.least, value);
            bucket.most = std::max(bucket.most, value);
            bucket.area += static_cast<unsigned __int128>(value) * (last - first);
        }
    };
    for (const Change &change : changes) {
        add(change.time);
        since = change.time;
        value = change.value;
    }
    add(to);
    return bucket;
}

void expect_same(const sim_occupancy_bucket &got, const sim_occupancy_bucket &wanted)
{
    EXPECT_EQ(got.least, wanted.least);
    EXPECT_EQ(got.most, wanted.most);
    EXPECT_TRUE(got.area == wanted.area);
}

class OccupancyOf : public testing::TestWithParam<std::pair<sim_time, unsigned>>
{
};

/* Short and long: from a part of one bucket to many doublings. */
TEST_P(OccupancyOf, IsTheIntegralOfWhatWasSeen)
{
    struct sim_config config = {};
    struct sim *sim = sim_create(&config);
    Tank tank;
    const sim_time start = 5 * SIM_NS;

    tank.longest = GetParam().first;
    tank.left = GetParam().second;
    sim_component_init(&tank.component, sim, "tank", SIM_NS / 4, Tank::evaluate);
    sim_gauge_register(&tank.component, "water", 8, Tank::read, &tank);
    sim_gauge_register(&tank.component, "nothing", 0, Tank::read, &tank);
    sim_wake(&tank.component, start + SIM_NS);

    sim_occupancy *occupancy = sim_occupancy_create(sim);

    sim_occupancy_start(occupancy, start);
    sim_run(sim, SIM_TIME_NEVER - 1);

    const sim_time end = tank.changes.back().time + 12345;

    sim_occupancy_finish(occupancy, end);
    EXPECT_EQ(tank.component.evaluate, Tank::evaluate);
    ASSERT_EQ(sim_occupancy_count(occupancy), 1u);
    EXPECT_EQ(sim_occupancy_duration(occupancy), end - start);

    const sim_occupancy_resource *water = sim_occupancy_at(occupancy, 0);
    const sim_time width = sim_occupancy_width(occupancy);
    const size_t used = sim_occupancy_used(occupancy);

    EXPECT_STREQ(water->name, "water");
    EXPECT_EQ(water->capacity, 8u);
    EXPECT_LE(used, SIM_OCCUPANCY_BUCKETS);
    EXPECT_TRUE(width == SIM_NS || used > SIM_OCCUPANCY_BUCKETS / 2) << used << " of " << width;
    for (size_t i = 0; i < used; i++) {
        SCOPED_TRACE(i);
        expect_same(water->buckets[i],
                    expected(tank.changes, 3, start, start + i * width, std::min(start + (i + 1) * width, end)));
    }
    expect_same(water->all, expected(tank.changes, 3, start, start, end));
    sim_occupancy_destroy(occupancy);
    sim_destroy(sim);
}

INSTANTIATE_TEST_SUITE_P(Lengths, OccupancyOf,
                         testing::Values(std::make_pair(1, 1u), std::make_pair(2, 40u), std::make_pair(3, 300u),
                                         std::make_pair(1000, 3000u), std::make_pair(UINT64_C(1) << 30, 200u)));

/** Takes something in now and then, which leaves by itself at a time that is known from then on. */
struct Sieve {
    struct sim_component component = {};
    std::mt19937_64 random;
    unsigned left = 200;
    std::vector<sim_time> leaves;
    std::map<sim_time, int> changes;

    static sim_time evaluate(struct sim_component *component, sim_time now)
    {
        Sieve *sieve = reinterpret_cast<Sieve *>(component);
        const sim_time last = sieve->leaves.empty() ? 0 : sieve->leaves.back();
        const sim_time leave = std::max(last, now) + 1 + sieve->random() % (20 * SIM_NS);

        sieve->leaves.push_back(leave);
        sieve->changes[now]++;
        sieve->changes[leave]--;
        return --sieve->left == 0 ? SIM_TIME_NEVER : now + component->period * (1 + sieve->random() % 30);
    }
    static uint64_t read(const void *context, sim_time time)
    {
        const auto &leaves = static_cast<const Sieve *>(context)->leaves;

        return static_cast<uint64_t>(std::count_if(leaves.begin(), leaves.end(), [=](sim_time t) { return t > time; }));
    }
    static sim_time next(const void *context, sim_time time)
    {
        const auto &leaves = static_cast<const Sieve *>(context)->leaves;

        return leaves.empty() || leaves.back() <= time ? SIM_TIME_NEVER
                                                       : *std::upper_bound(leaves.begin(), leaves.end(), time);
    }
};

/* What happens between two evaluations is noted at its own time, on an engine that evaluates at each edge too. */
TEST(Occupancy, OfWhatEmptiesByItself)
{
    static const sim_gauge_clock clock = {Sieve::read, Sieve::next};

    for (const auto kind : {SIM_ENGINE_NATIVE, SIM_ENGINE_EVERY_CYCLE}) {
        struct sim_config config = {};
        config.engine = kind;
        struct sim *sim = sim_create(&config);
        std::vector<Change> changes;
        uint64_t value = 0;
        Sieve sieve;

        sim_component_init(&sieve.component, sim, "sieve", SIM_NS, Sieve::evaluate);
        sim_gauge_register_timed(&sieve.component, "sand", 300, &clock, &sieve);
        struct sim_occupancy *occupancy = sim_occupancy_create(sim);
        sim_occupancy_start(occupancy, 0);
        sim_wake(&sieve.component, SIM_NS);
        sim_run(sim, 20 * SIM_US);
        const sim_time end = sieve.leaves.back() + 5;
        sim_occupancy_finish(occupancy, end);
        for (const auto &change : sieve.changes) {
            value += static_cast<uint64_t>(change.second);
            changes.push_back({change.first, value});
        }
        EXPECT_EQ(value, 0u);
        const sim_time width = sim_occupancy_width(occupancy);
        for (size_t i = 0; i < sim_occupancy_used(occupancy); i++) {
            SCOPED_TRACE(i);
            expect_same(sim_occupancy_at(occupancy, 0)->buckets[i],
                        expected(changes, 0, 0, i * width, std::min((i + 1) * width, end)));
        }
        expect_same(sim_occupancy_at(occupancy, 0)->all, expected(changes, 0, 0, 0, end));
        sim_occupancy_destroy(occupancy);
        sim_destroy(sim);
    }
}

/** Sends a packet every few cycles, or takes one. */
struct End {
    struct sim_component component = {};
    struct sim_channel *channel = nullptr;
    unsigned left = 0;
    bool writer = false;
    std::map<sim_time, int> *held = nullptr; /**< by instant: how many more there are */

    static sim_time evaluate(struct sim_component *component, sim_time now)
    {
        End *end = reinterpret_cast<End *>(component);

        return end->writer ? end->write(now) : end->read(now);
    }
    sim_time write(sim_time now)
    {
        if (left > 0 && sim_channel_has_space(channel, now, 0, 2)) {
            sim_channel_push(channel, sim_packet_new(component.sim, 0), now, 0, 2, 0, 0);
            (*held)[now]++;
            left--;
            return left > 0 ? now + component.period : SIM_TIME_NEVER;
        }
        return left > 0 ? sim_channel_space_at(channel, now, 0, 2) : SIM_TIME_NEVER;
    }
    sim_time read(sim_time now)
    {
        if (sim_channel_peek(channel, now) != nullptr) {
            sim_packet_free(component.sim, sim_channel_pop(channel, now));
            (*held)[now]--;
            return now + 7 * component.period;
        }
        return sim_channel_next_arrival(channel);
    }
};

/* A writer that is faster than the reader fills the channel; a packet that comes as one goes changes nothing. */
TEST(Occupancy, OfAChannelIsItsPacketsAndTheirDataUnits)
{
    for (const auto kind : {SIM_ENGINE_NATIVE, SIM_ENGINE_EVERY_CYCLE}) {
        struct sim_config config = {};

        config.engine = kind;
        struct sim *sim = sim_create(&config);
        std::map<sim_time, int> held;
        std::vector<Change> changes;
        End ends[2];
        uint64_t value = 0;

        for (End &end : ends) {
            end.writer = &end == &ends[0];
            end.left = 100;
            end.held = &held;
            sim_component_init(&end.component, sim, end.writer ? "writer" : "reader", SIM_NS, End::evaluate);
        }
        sim_channel_config joined = {};

        joined.name = "between";
        joined.writer = &ends[0].component;
        joined.reader = &ends[1].component;
        joined.latency = 10 * SIM_NS;
        joined.capacity = 5;
        joined.units = 8;
        ends[0].channel = ends[1].channel = sim_channel_create(sim, &joined);
        sim_wake(&ends[0].component, SIM_NS);

        sim_occupancy *occupancy = sim_occupancy_create(sim);

        sim_occupancy_start(occupancy, 0);
        sim_run(sim, SIM_MS);
        sim_occupancy_finish(occupancy, 0);
        for (const auto &[time, more] : held) {
            value += static_cast<uint64_t>(static_cast<int64_t>(more));
            changes.push_back({time, value});
        }
        ASSERT_EQ(sim_occupancy_count(occupancy), 2u);
        const sim_occupancy_resource *packets = sim_occupancy_at(occupancy, 0);
        const sim_occupancy_resource *credits = sim_occupancy_at(occupancy, 1);

        EXPECT_STREQ(packets->component, "between");
        EXPECT_STREQ(packets->name, "packets");
        EXPECT_EQ(packets->capacity, 5u);
        EXPECT_STREQ(credits->name, "data-credits");
        EXPECT_EQ(credits->capacity, 8u);
        EXPECT_EQ(credits->all.most, 8u);
        EXPECT_EQ(sim_occupancy_duration(occupancy), changes.back().time);
        expect_same(packets->all, expected(changes, 0, 0, 0, changes.back().time));
        EXPECT_TRUE(credits->all.area == 2 * packets->all.area);
        sim_occupancy_destroy(occupancy);
        sim_destroy(sim);
    }
}

} // namespace

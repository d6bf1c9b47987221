/* Credits, data units, wires and cut-through, exact to the cycle. */
#include "sim/sim.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <vector>

namespace
{

/** A component whose evaluate is a lambda. */
struct lambda_component {
    sim_component component;
    std::function<sim_time(sim_time)> evaluate;
};

sim_time call(sim_component *component, sim_time now)
{
    return reinterpret_cast<lambda_component *>(component)->evaluate(now);
}

class Channel : public ::testing::Test
{
  protected:
    Channel()
    {
        sim_config config = {};

        simulation = sim_create(&config);
        sim_component_init(&writer.component, simulation, "writer", 1 * SIM_NS, call);
        sim_component_init(&reader.component, simulation, "reader", 1 * SIM_NS, call);
        writer.evaluate = [this](sim_time now) { return write(now); };
        reader.evaluate = [this](sim_time now) { return read(now); };
    }

    ~Channel() override
    {
        sim_destroy(simulation);
    }

    void join(sim_time latency, sim_time credit_latency, uint32_t capacity, uint32_t units = 0,
              sim_wire *wire = nullptr, bool cut_through = false)
    {
        sim_channel_config config = {
            "link", &writer.component, &reader.component, latency, credit_latency, capacity, units, wire, cut_through};

        channel = sim_channel_create(simulation, &config);
    }

    /** Sends `limit` packets as fast as it may. */
    sim_time write(sim_time now)
    {
        if (sent.size() == limit) {
            return SIM_TIME_NEVER;
        }
        uint32_t needed = sim_channel_units(payload);
        if (!sim_channel_has_space(channel, now, 0, needed)) {
            return sim_channel_space_at(channel, now, 0, needed);
        }
        sim_packet *packet = sim_packet_new(simulation, payload);
        sim_channel_push(channel, packet, now, 0, needed, payload + 24, 24);
        sent.push_back(now);
        return now + 1 * SIM_NS;
    }

    sim_time read(sim_time now)
    {
        sim_packet *packet = sim_channel_peek(channel, now);

        if (packet != nullptr && now >= reader_opens) {
            sim_channel_pop(channel, now);
            received.push_back(now);
            tails.push_back(packet->tail);
            sim_packet_free(simulation, packet);
        }
        sim_time next = sim_channel_next_arrival(channel);
        return next == SIM_TIME_NEVER ? next : sim_time_max(next, reader_opens);
    }

    void go()
    {
        sim_wake(&writer.component, 1 * SIM_NS);
        EXPECT_EQ(sim_run(simulation, SIM_TIME_NEVER), SIM_RUN_DRAINED);
        EXPECT_EQ(sim_pool(simulation)->live, 0u);
        EXPECT_EQ(received.size(), limit);
    }

    sim *simulation;
    lambda_component writer = {};
    lambda_component reader = {};
    sim_channel *channel = nullptr;
    size_t limit = 100;
    uint32_t payload = 16;
    sim_time reader_opens = 0;
    std::vector<sim_time> sent;
    std::vector<sim_time> received;
    std::vector<sim_time> tails;
};

TEST_F(Channel, CreditLoopSetsTheRate)
{
    /* 3 credits, round trip 5 ns there + 4 ns back: pushes at 1 2 3, 10 11 12, 19 ... */
    join(5 * SIM_NS, 4 * SIM_NS, 3);
    go();
    for (size_t i = 0; i < limit; i++) {
        EXPECT_EQ(sent[i], (1 + 9 * (i / 3) + i % 3) * SIM_NS) << i;
        EXPECT_EQ(received[i], sent[i] + 5 * SIM_NS) << i;
    }
}

TEST_F(Channel, EnoughCreditsGiveOnePacketACycle)
{
    join(5 * SIM_NS, 4 * SIM_NS, 9);
    go();
    for (size_t i = 0; i < limit; i++) {
        EXPECT_EQ(sent[i], (1 + i) * SIM_NS);
    }
}

TEST_F(Channel, BackPressureEndsExactlyOneCreditLatencyAfterTheReaderStarts)
{
    join(2 * SIM_NS, 3 * SIM_NS, 4);
    reader_opens = 1000 * SIM_NS;
    limit = 10;
    go();
    for (size_t i = 0; i < 4; i++) {
        EXPECT_EQ(sent[i], (1 + i) * SIM_NS);
    }
    for (size_t i = 4; i < 8; i++) {
        EXPECT_EQ(sent[i], (1003 + i - 4) * SIM_NS);
    }
}

TEST_F(Channel, DataUnitsLimitLikeCredits)
{
    /* 64 bytes are 4 units; 8 units let two packets fly although there are 16 slots. */
    join(5 * SIM_NS, 4 * SIM_NS, 16, 8);
    payload = 64;
    go();
    for (size_t i = 0; i < limit; i++) {
        EXPECT_EQ(sent[i], (1 + 9 * (i / 2) + i % 2) * SIM_NS) << i;
    }
}

TEST_F(Channel, AWireSerialises)
{
    /* 40 bytes at 100 ps a byte take 4 ns; the reader sees a packet when its last byte is in. */
    sim_wire wire = {};

    wire.fs_per_byte = (100 * SIM_PS) << SIM_WIRE_FRACTION_BITS;
    join(5 * SIM_NS, 1 * SIM_NS, 16, 0, &wire);
    go();
    for (size_t i = 0; i < limit; i++) {
        EXPECT_EQ(sent[i], (1 + 4 * i) * SIM_NS);
        EXPECT_EQ(received[i], sent[i] + 9 * SIM_NS);
        EXPECT_EQ(tails[i], 0u);
    }
    EXPECT_EQ(wire.bytes, 40u * limit);
}

TEST_F(Channel, CutThroughShowsTheHeaderEarlyAndKeepsTheTail)
{
    sim_wire wire = {};

    wire.fs_per_byte = (100 * SIM_PS) << SIM_WIRE_FRACTION_BITS;
    join(5 * SIM_NS, 1 * SIM_NS, 16, 0, &wire, true);
    go();
    for (size_t i = 0; i < limit; i++) {
        /* header: 24 bytes, 2.4 ns, so 7.4 ns, seen at the reader's next edge */
        EXPECT_EQ(received[i], sent[i] + 8 * SIM_NS);
        EXPECT_EQ(tails[i], sent[i] + 9 * SIM_NS);
    }
}

TEST_F(Channel, ZeroLatencyIsRaisedToOneClock)
{
    join(0, 0, 1);
    go();
    EXPECT_EQ(received[0], sent[0] + 1 * SIM_NS);
    EXPECT_EQ(sent[1], sent[0] + 2 * SIM_NS);
}

TEST(ChannelDeath, PoppingTooEarlyIsABrokenInvariant)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    sim_config config = {};
    sim *simulation = sim_create(&config);
    lambda_component a = {};
    lambda_component b = {};
    sim_component_init(&a.component, simulation, "a", SIM_NS, call);
    sim_component_init(&b.component, simulation, "b", SIM_NS, call);
    sim_channel_config link = {"a -> b", &a.component, &b.component, SIM_NS, SIM_NS, 1, 0, nullptr, false};
    sim_channel *channel = sim_channel_create(simulation, &link);

    sim_channel_push(channel, sim_packet_new(simulation, 0), SIM_NS, 0, 0, 0, 0);
    EXPECT_DEATH(sim_channel_pop(channel, SIM_NS), "internal error at .* in b, packet .*nothing has arrived");
    sim_destroy(simulation);
}

/** The writer is told when its first packets are taken, however many follow, and woken to see it. */
TEST_F(Channel, WriterSeesWhatWasTaken)
{
    std::vector<std::pair<sim_time, sim_time>> asked;

    join(2 * SIM_NS, 3 * SIM_NS, 4);
    limit = 6;
    reader_opens = 20 * SIM_NS;
    EXPECT_EQ(sim_channel_taken_at(channel, 0), 0u);
    writer.evaluate = [&](sim_time now) {
        const sim_time due = write(now);
        const sim_time taken = sent.size() >= 2 ? sim_channel_taken_at(channel, 2) : now;

        asked.emplace_back(now, taken);
        return sim_time_min(due, taken > now ? taken : SIM_TIME_NEVER);
    };
    go();
    /* Pushed at 1 and 2, read at 20 and 21; the second one's slot is free, for the writer, at 24. */
    for (const auto &one : asked) {
        if (one.first >= 2 * SIM_NS && one.first < 20 * SIM_NS) {
            EXPECT_EQ(one.second, SIM_TIME_NEVER) << one.first;
        } else if (one.first >= 24 * SIM_NS) {
            EXPECT_LE(one.second, one.first) << one.first;
        }
    }
    EXPECT_TRUE(std::any_of(asked.begin(), asked.end(), [](const auto &one) { return one.second == 24 * SIM_NS; }));
    EXPECT_GE(asked.back().first, 24 * SIM_NS);
    EXPECT_EQ(sim_channel_taken_at(channel, 1), 0u);
}

/**
 * A channel that is empty, with all its credits back, begins anew with its first slot, and nobody can tell: bursts and
 * pauses of random length take the times that the law of credits gives them, units or not.
 */
TEST_F(Channel, BeginsAnewAfterAPauseAndNobodyCanTell)
{
    constexpr uint32_t slots = 7;
    constexpr uint32_t units = 10;
    constexpr sim_time latency = 5 * SIM_NS;
    constexpr sim_time credit = 4 * SIM_NS;

    for (const bool counted : {false, true}) {
        /* 32 bytes are 2 units: with 10 of them five packets may be under way, else seven. */
        const size_t credits = counted ? units / 2 : slots;
        std::vector<sim_time> wanted;
        std::vector<sim_time> free_at;
        uint64_t random = 12345;
        sim_time begin = 10 * SIM_NS;
        size_t anew = 0;
        size_t next = 0;

        for (unsigned burst = 0; burst < 400; burst++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            for (unsigned i = 0; i <= (random >> 33) % 12; i++) {
                wanted.push_back(begin);
            }
            begin += (1 + (random >> 50) % 60) * SIM_NS;
        }
        limit = wanted.size();
        payload = 32;
        sent.clear();
        received.clear();
        join(latency, credit, slots, counted ? units : 0);
        writer.evaluate = [&](sim_time now) {
            sim_time at;

            if (next == limit) {
                return SIM_TIME_NEVER;
            }
            if (wanted[next] > now) {
                return wanted[next];
            }
            if (!sim_channel_has_space(channel, now, 0, 2)) {
                return sim_channel_space_at(channel, now, 0, 2);
            }
            const ptrdiff_t tail = channel->tail - channel->slots;

            sim_channel_push(channel, sim_packet_new(simulation, payload), now, 0, 2, 56, 24);
            anew += tail != 0 && channel->tail == channel->slots + 1 ? 1 : 0;
            sent.push_back(now);
            at = ++next < limit ? sim_time_max(wanted[next], now + SIM_NS) : SIM_TIME_NEVER;
            return at;
        };
        const sim_time start = sim_now(simulation);
        for (sim_time &want : wanted) {
            want += start;
        }
        sim_wake(&writer.component, start + SIM_NS);
        EXPECT_EQ(sim_run(simulation, SIM_TIME_NEVER), SIM_RUN_DRAINED);
        ASSERT_EQ(received.size(), limit);
        for (size_t i = 0; i < limit; i++) {
            sim_time at = sim_time_max(wanted[i], i > 0 ? sent[i - 1] + SIM_NS : 0);

            at = i >= credits ? sim_time_max(at, free_at[i - credits]) : at;
            ASSERT_EQ(sent[i], at) << i;
            ASSERT_EQ(received[i], at + latency) << i;
            free_at.push_back(received[i] + credit);
        }
        EXPECT_GT(anew, 100u) << "else this shows nothing";
        EXPECT_EQ(sim_pool(simulation)->live, 0u);
    }
}

/* The way is cut: what had not arrived comes back, newest first, and slots and data units with it. */
TEST_F(Channel, WhatHasNotArrivedCanBeTakenBack)
{
    std::vector<sim_packet *> back;

    join(10 * SIM_NS, 5 * SIM_NS, 8, 32);
    limit = 6;
    payload = 64;
    sim_wake(&writer.component, 1 * SIM_NS);
    EXPECT_EQ(sim_run(simulation, 13 * SIM_NS), SIM_RUN_REACHED_END);
    ASSERT_EQ(sent.size(), 6u) << "at 1 to 6 ns, to arrive from 11 ns on";
    const size_t arrived = received.size();

    EXPECT_GE(arrived, 2u);
    while (sim_packet *packet = sim_channel_recall(channel, sim_now(simulation))) {
        EXPECT_TRUE(back.empty() || packet->id <= back.back()->id);
        back.push_back(packet);
    }
    EXPECT_EQ(back.size() + arrived + sim_channel_occupancy(channel), 6u);
    EXPECT_GE(back.size(), 3u);
    for (sim_packet *packet : back) {
        sim_packet_free(simulation, packet);
    }
    // All of the channel can be used again.
    limit = 6 + 8;
    const size_t before = received.size();
    const uint32_t left = sim_channel_occupancy(channel);

    sim_wake(&writer.component, 30 * SIM_NS);
    EXPECT_EQ(sim_run(simulation, SIM_TIME_NEVER), SIM_RUN_DRAINED);
    EXPECT_EQ(sent.size(), 14u);
    EXPECT_EQ(received.size(), before + left + 8);
    EXPECT_EQ(sim_pool(simulation)->live, 0u);
    EXPECT_EQ(sim_channel_recall(channel, sim_now(simulation)), nullptr);
}

} // namespace

// The collector, told by hand what happened.
#include "tests/result/feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace
{

using feed::Event;
using feed::Feed;
using feed::msi;
using feed::with_trail;

constexpr sim_time NS = SIM_NS;

sim_packet data(uint64_t id, uint32_t source)
{
    sim_packet packet = {};
    packet.id = id;
    packet.source = source;
    packet.type = SIM_PACKET_WRITE;
    packet.flags = SIM_FLAG_TRACKED;
    return packet;
}

// An MSI with so many writes of its function ahead.
sim_packet after_writes(uint64_t id, sim_time born, uint32_t writes)
{
    sim_packet packet = msi(id, 1, born);
    packet.sequence = writes;
    return packet;
}

sim_packet at_doorbell(sim_packet packet, uint64_t address, uint32_t device_id)
{
    packet.address = address;
    packet.device_id = device_id;
    return packet;
}

// Packets that end in all ways, many of them in the same instants.
std::vector<Event> random_history(uint64_t seed)
{
    std::mt19937_64 random(seed);
    std::vector<Event> events;
    auto at = [&] { return (1 + random() % 40) * NS; };
    uint32_t writes = 0;

    for (uint64_t id = 1; id <= 300; id++) {
        sim_packet packet = msi(id * 0x9e3779b97f4a7c15u, static_cast<uint32_t>(1 + random() % 3), at());
        sim_time middle = packet.born + random() % 20 * NS;
        sim_time end = middle + random() % 20 * NS;
        packet.sequence = packet.source == 1 ? writes : 0;
        events.push_back({packet.born, SIM_EVENT_MSI_BORN, packet, 0, 0});
        packet = with_trail(packet, {{static_cast<uint32_t>(1 + random() % 2), middle}, {3, end}});
        packet = at_doorbell(packet, 0x8090040 + (random() % 3 << 16), static_cast<uint32_t>(random() % 2));
        events.push_back({middle, SIM_EVENT_MSI_AT_DOORBELL, packet, 1, 0});
        switch (random() % 4) {
        case 0:
            events.push_back({end, SIM_EVENT_MSI_MERGED, packet, 1, 0});
            break;
        case 1:
            events.push_back({end, SIM_EVENT_DROPPED, packet, 1, static_cast<uint32_t>(1 + random() % 4)});
            break;
        default:
            events.push_back({end, SIM_EVENT_MSI_DELIVERED, packet, 1, 0});
            break;
        }
        if (random() % 3 == 0) {
            sim_time sent = at();
            events.push_back({sent, SIM_EVENT_WRITE_SENT, data(id, 1), 0, 0});
            events.push_back({sent + random() % 30 * NS, SIM_EVENT_WRITE_VISIBLE, data(id, 1), 0, 0});
            events.push_back({sent, SIM_EVENT_PEER_ARRIVED, data(id, 3), static_cast<unsigned>(random() % 4), 0});
            writes++;
        }
    }
    return events;
}

TEST(Collector, OrderWithinAnInstantDoesNotMatter)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        std::vector<Event> events = random_history(seed);
        std::mt19937_64 random(seed + 100);
        std::string first;

        for (unsigned round = 0; round < 8; round++) {
            std::shuffle(events.begin(), events.end(), random);
            std::stable_sort(events.begin(), events.end(),
                             [](const Event &a, const Event &b) { return a.time < b.time; });
            Feed collected(0, 5 * NS, 100 * NS);
            collected.tell(events);
            std::string document = collected.document();
            if (round == 0) {
                first = document;
                EXPECT_GT(collected.finish().devices[0].order_violations.count, 0u) << "the test shows nothing";
            }
            ASSERT_EQ(document, first) << "seed " << seed << " round " << round;
        }
    }
}

TEST(Collector, CountsEachEndOnce)
{
    Feed collected(0, 0, 1000 * NS);
    for (uint64_t id = 1; id <= 10; id++) {
        collected.tell(SIM_EVENT_MSI_BORN, msi(id, id <= 8 ? 1 : 3, 10 * NS), 10 * NS);
    }
    EXPECT_EQ(collected.outstanding(), 10u);
    collected.tell(SIM_EVENT_MSI_DELIVERED, with_trail(msi(1, 1, 10 * NS), {{1, 20 * NS}}), 20 * NS);
    collected.tell(SIM_EVENT_MSI_MERGED, msi(2, 1, 10 * NS), 20 * NS);
    collected.tell(SIM_EVENT_MSI_MERGED, msi(3, 1, 10 * NS), 21 * NS);
    collected.tell(SIM_EVENT_DROPPED, msi(5, 1, 10 * NS), 30 * NS, 0, SIM_DROP_SMMU_FAULT);
    collected.tell(SIM_EVENT_DROPPED, msi(4, 1, 10 * NS), 30 * NS, 0, SIM_DROP_SMMU_FAULT);
    collected.tell(SIM_EVENT_DROPPED, msi(6, 1, 10 * NS), 25 * NS, 0, SIM_DROP_PEER);
    EXPECT_EQ(collected.outstanding(), 4u);

    const run_device &device = collected.finish().devices[0];
    EXPECT_EQ(device.born, 8u);
    EXPECT_EQ(device.delivered, 1u);
    EXPECT_EQ(device.merged, 2u);
    EXPECT_EQ(device.lost, 5u) << "three dropped, two on their way";
    EXPECT_EQ(device.dropped[SIM_DROP_SMMU_FAULT].count, 2u);
    EXPECT_EQ(device.dropped[SIM_DROP_SMMU_FAULT].first_packet, 4u) << "smallest identity of the first instant";
    EXPECT_EQ(device.dropped[SIM_DROP_SMMU_FAULT].first_time, 30 * NS);
    EXPECT_EQ(device.dropped[SIM_DROP_PEER].count, 1u);
    EXPECT_EQ(device.latency.count, 1u) << "merged and lost MSIs have no latency";
    EXPECT_EQ(collected.finish().devices[1].born, 2u);
    EXPECT_EQ(collected.finish().devices[1].lost, 2u);
    EXPECT_EQ(collected.finish().end_time, 20 * NS);
}

TEST(Collector, PacketsOfNoSourceAreNotReported)
{
    Feed collected(0, 0, 1000 * NS);
    collected.whole(1, 0, 0, 10 * NS);
    collected.whole(2, 99, 0, 10 * NS);
    const run_result &result = collected.finish();
    EXPECT_EQ(result.devices[0].born + result.devices[1].born, 0u);
}

// ---- Data before interrupt

// Set-up's own MSIs: their birth was not seen, so nothing of them counts, or more would end than were born.
TEST(Collector, MsisThatWereBornBeforeItWasMadeAreNotCounted)
{
    Feed collected(110 * NS, 0, 1000 * NS, 100 * NS);

    collected.tell(SIM_EVENT_MSI_DELIVERED, msi(1, 1, 40 * NS), 120 * NS);
    collected.tell(SIM_EVENT_MSI_MERGED, msi(2, 1, 100 * NS), 130 * NS);
    collected.tell(SIM_EVENT_DROPPED, msi(3, 1, 90 * NS), 140 * NS, 0, SIM_DROP_POISONED);
    EXPECT_EQ(collected.outstanding(), 0u);
    collected.whole(4, 1, 111 * NS, 150 * NS);
    const run_device &device = collected.finish().devices[0];
    EXPECT_EQ(device.born, 1u);
    EXPECT_EQ(device.delivered, 1u);
    EXPECT_EQ(device.merged, 0u);
    EXPECT_EQ(device.lost, 0u);
    EXPECT_EQ(device.dropped[SIM_DROP_POISONED].count, 0u);
}

TEST(Collector, HandlerAfterItsDataIsInOrder)
{
    Feed collected(0, 0, 1000 * NS);
    collected.tell(SIM_EVENT_WRITE_VISIBLE, data(1, 1), 5 * NS);
    collected.tell(SIM_EVENT_WRITE_VISIBLE, data(2, 1), 6 * NS);
    collected.tell(SIM_EVENT_MSI_DELIVERED, after_writes(9, 0, 2), 6 * NS);
    collected.tell(SIM_EVENT_MSI_DELIVERED, after_writes(10, 0, 0), 7 * NS);
    const run_device &device = collected.finish().devices[0];
    EXPECT_EQ(device.order_checked, 1u) << "an MSI with no data ahead proves nothing";
    EXPECT_EQ(device.order_violations.count, 0u);
}

TEST(Collector, DataThatIsVisibleInTheSameInstantIsInTime)
{
    Feed collected(0, 0, 1000 * NS);
    collected.tell(SIM_EVENT_MSI_DELIVERED, after_writes(9, 0, 1), 6 * NS);
    collected.tell(SIM_EVENT_WRITE_VISIBLE, data(1, 1), 6 * NS);
    EXPECT_EQ(collected.finish().devices[0].order_violations.count, 0u);
    EXPECT_EQ(collected.finish().devices[0].order_checked, 1u);
}

TEST(Collector, DataOneFemtosecondLateIsAViolation)
{
    Feed collected(0, 0, 1000 * NS);
    collected.tell(SIM_EVENT_MSI_DELIVERED, after_writes(9, 0, 1), 6 * NS);
    collected.tell(SIM_EVENT_WRITE_VISIBLE, data(1, 1), 6 * NS + 1);
    const run_device &device = collected.finish().devices[0];
    EXPECT_EQ(device.order_violations.count, 1u);
    EXPECT_EQ(device.order_violations.first_packet, 9u);
    EXPECT_EQ(device.order_violations.first_time, 6 * NS);
}

TEST(Collector, DataThatNeverBecomesVisibleIsAViolation)
{
    Feed collected(0, 0, 1000 * NS);
    for (uint64_t id = 0; id < 40; id++) {
        collected.tell(SIM_EVENT_MSI_DELIVERED, after_writes(100 - id, 0, 3), 6 * NS);
    }
    collected.tell(SIM_EVENT_WRITE_VISIBLE, data(1, 1), 6 * NS);
    collected.tell(SIM_EVENT_WRITE_VISIBLE, data(2, 1), 7 * NS);
    const run_device &device = collected.finish().devices[0];
    EXPECT_EQ(device.order_violations.count, 40u);
    EXPECT_EQ(device.order_violations.first_packet, 61u);
}

TEST(Collector, DataThatWasDroppedIsNotWaitedFor)
{
    Feed collected(0, 0, 1000 * NS);
    collected.tell(SIM_EVENT_DROPPED, data(1, 1), 5 * NS, 0, SIM_DROP_SMMU_FAULT);
    collected.tell(SIM_EVENT_MSI_BORN, after_writes(9, 0, 1), 0);
    collected.tell(SIM_EVENT_MSI_DELIVERED, after_writes(9, 0, 1), 6 * NS);
    const run_device &device = collected.finish().devices[0];
    EXPECT_EQ(device.writes_dropped, 1u);
    EXPECT_EQ(device.order_violations.count, 0u);
    EXPECT_EQ(device.lost, 0u) << "a lost write is no lost MSI";
}

TEST(Collector, OtherFunctionsDataDoesNotCount)
{
    Feed collected(0, 0, 1000 * NS);
    collected.tell(SIM_EVENT_WRITE_VISIBLE, data(1, 3), 5 * NS);
    collected.tell(SIM_EVENT_MSI_DELIVERED, after_writes(9, 0, 1), 6 * NS);
    EXPECT_EQ(collected.finish().devices[0].order_violations.count, 1u);
}

// ---- Latencies

TEST(Collector, StagesAddUpToTheLatency)
{
    Feed collected(0, 0, 1000 * NS);
    std::mt19937_64 random(5);
    sim_time total = 0;

    for (uint64_t id = 1; id <= 64; id++) {
        sim_packet packet = msi(id, 1, id * NS);
        sim_time a = packet.born + random() % (9 * NS);
        sim_time b = a + random() % (9 * NS);
        sim_time c = b + random() % (9 * NS);
        collected.tell(SIM_EVENT_MSI_DELIVERED, with_trail(packet, {{2, a}, {1, b}, {4, c}}), c);
        total += c - packet.born;
    }
    const run_result &result = collected.finish();
    const run_device &device = result.devices[0];
    ASSERT_EQ(device.hop_count, 3u);
    ASSERT_EQ(result.hop_count, 3u);
    const char *order[] = {"s2", "s1", "s4"};
    sim_time means = 0;
    for (size_t i = 0; i < 3; i++) {
        EXPECT_STREQ(device.hops[i].stage, order[i]) << "in the order of the way";
        EXPECT_STREQ(result.hops[i].stage, order[i]);
        EXPECT_EQ(device.hops[i].time.count, 64u);
        EXPECT_EQ(device.hops[i].time.mean, result.hops[i].time.mean);
        means += device.hops[i].time.mean;
    }
    EXPECT_EQ(device.latency.mean, total / 64);
    EXPECT_LE(means, total / 64);
    EXPECT_LE(total / 64 - means, 3u) << "each mean is rounded down";
}

struct Booked {
    uint64_t count = 0;
    uint64_t sum = 0;
    sim_time min = SIM_TIME_NEVER;
    sim_time max = 0;

    void add(sim_time time)
    {
        count++;
        sum += time;
        min = std::min(min, time);
        max = std::max(max, time);
    }
};

// Ways that come again and again, that differ under one stage, in the stage itself or in length, of vectors that share
// what is remembered about them: each MSI is booked as if it had come alone, and the order does not matter.
TEST(Collector, WaysThatRepeatAreBookedOneByOne)
{
    struct Way {
        std::vector<std::pair<uint32_t, sim_time>> marks; // stage, duration
        uint32_t vector;
    };
    const std::vector<Way> ways = {
        {{{1, 5 * NS}, {2, 7 * NS}, {3, 9 * NS}}, 0},  {{{1, 6 * NS}, {2, 6 * NS}, {3, 9 * NS}}, 0},
        {{{1, 5 * NS}, {4, 7 * NS}, {3, 9 * NS}}, 16}, {{{1, 5 * NS}, {2, 7 * NS}}, 1},
        {{{3, 9 * NS}, {2, 7 * NS}, {1, 5 * NS}}, 2},  {{{2, 1 * NS}, {2, 2 * NS}, {2, 18 * NS}}, 3}};
    std::mt19937_64 random(20191104);
    std::vector<std::pair<sim_packet, sim_time>> packets;
    std::map<std::pair<uint32_t, uint32_t>, Booked> expected; // by device and stage
    uint32_t source = 1;
    const Way *way = ways.data();

    for (uint64_t id = 1; id <= 4000; id++) {
        if (random() % 4 == 0) {
            way = &ways[random() % ways.size()];
            source = 1 + static_cast<uint32_t>(random() % 3);
        }
        sim_packet packet = msi(id, source, (100 + id) * NS);
        sim_time end = packet.born;
        std::vector<std::pair<uint32_t, sim_time>> trail;
        for (const auto &mark : way->marks) {
            end += mark.second;
            trail.push_back({mark.first, end});
            expected[{source < 3 ? 0 : 1, mark.first}].add(mark.second);
        }
        packet.vector = way->vector;
        packets.push_back({with_trail(packet, trail), end});
    }
    std::string documents[2];
    for (std::string &document : documents) {
        Feed collected(0, 0, 10000 * NS);
        for (const auto &packet : packets) {
            collected.tell(SIM_EVENT_MSI_BORN, packet.first, packet.first.born);
            collected.tell(SIM_EVENT_MSI_DELIVERED, packet.first, packet.second);
        }
        const run_result &result = collected.finish();
        size_t hops = 0;
        for (uint32_t device = 0; device < 2; device++) {
            for (size_t i = 0; i < result.devices[device].hop_count; i++, hops++) {
                const run_hop &hop = result.devices[device].hops[i];
                const Booked &booked = expected[{device, static_cast<uint32_t>(hop.stage[1] - '0')}];
                EXPECT_EQ(hop.time.count, booked.count) << hop.stage;
                EXPECT_EQ(hop.time.mean, booked.sum / booked.count) << hop.stage;
                EXPECT_EQ(hop.time.min, booked.min) << hop.stage;
                EXPECT_EQ(hop.time.max, booked.max) << hop.stage;
            }
        }
        EXPECT_EQ(hops, expected.size());
        EXPECT_EQ(result.latency.count, packets.size());
        for (size_t i = 0; i < result.hop_count; i++) {
            const uint32_t stage = static_cast<uint32_t>(result.hops[i].stage[1] - '0');
            EXPECT_EQ(result.hops[i].time.count, (expected[{0, stage}].count + expected[{1, stage}].count));
        }
        document = collected.document();
        std::shuffle(packets.begin(), packets.end(), random);
    }
    EXPECT_EQ(documents[0], documents[1]);
}

// What is remembered of the way before must not hide how the next one differs.
TEST(Collector, FingerprintFeelsAFemtosecondInAWayThatRepeats)
{
    auto fingerprint = [](sim_time second, uint32_t stage, sim_time born) {
        Feed collected(0, 0, 1000 * NS);
        for (uint64_t id = 1; id <= 3; id++) {
            const bool other = id == 3;
            const sim_time at = other ? born : 0;
            const sim_packet packet = with_trail(
                msi(id, 1, at), {{1, at + 10}, {other ? stage : 2, at + (other ? second : 20)}, {3, at + 30}});
            collected.tell(SIM_EVENT_MSI_DELIVERED, packet, at + 30);
        }
        return collected.finish().fingerprint;
    };
    const uint64_t print = fingerprint(20, 2, 5);

    EXPECT_EQ(fingerprint(20, 2, 5), print);
    EXPECT_NE(fingerprint(21, 2, 5), print);
    EXPECT_NE(fingerprint(20, 4, 5), print);
    EXPECT_NE(fingerprint(20, 2, 6), print);
}

TEST(Collector, WarmUpCountsInNoLatency)
{
    Feed collected(100 * NS, 50 * NS, 1000 * NS);
    collected.whole(1, 1, 149 * NS, 999 * NS);
    collected.whole(2, 1, 150 * NS, 157 * NS);
    const run_result &result = collected.finish();
    EXPECT_EQ(result.devices[0].delivered, 2u);
    EXPECT_EQ(result.latency.count, 1u);
    EXPECT_EQ(result.latency.max, 7 * NS);
    EXPECT_EQ(result.end_time, 899 * NS);
}

// The 32 batches of 320 ns of traffic are 10 ns long.
sim_time interval_of(const std::vector<std::pair<sim_time, sim_time>> &born_and_latency)
{
    Feed collected(0, 0, 320 * NS);
    uint64_t id = 1;
    for (const auto &one : born_and_latency) {
        collected.whole(id++, 1, one.first, one.first + one.second);
    }
    EXPECT_EQ(collected.finish().latency.ci95, collected.finish().devices[0].latency.ci95);
    return collected.finish().latency.ci95;
}

TEST(Collector, ConfidenceIntervalIsThatOfTheBatchMeans)
{
    EXPECT_EQ(interval_of({{0, 100}, {9 * NS, 200}}), SIM_TIME_NEVER) << "one batch tells nothing";
    // Means 100 and 200: deviation of the mean 50, t(1) = 12.7062.
    EXPECT_EQ(interval_of({{0, 100000}, {10 * NS, 200000}}), 635310u);
    // First mean is that of 50 and 150: the same.
    EXPECT_EQ(interval_of({{0, 50000}, {9 * NS, 150000}, {10 * NS, 200000}}), 635310u);
    // Means 10, 20, 30, 40: deviation sqrt(500/3/4) = 6.45497, t(3) = 3.1824; batches without MSIs do not count.
    EXPECT_EQ(interval_of({{0, 10000000}, {50 * NS, 20000000}, {100 * NS, 30000000}, {310 * NS, 40000000}}), 20542304u);
    EXPECT_EQ(interval_of({{0, 7000}, {100 * NS, 7000}, {200 * NS, 7000}}), 0u);
    // 32 batches, half of them 0 and half 2: deviation sqrt(32/31/32), t(31) = 2.0395.
    std::vector<std::pair<sim_time, sim_time>> all;
    for (uint64_t i = 0; i < 32; i++) {
        all.push_back({i * 10 * NS, i % 2 * 2000000000});
    }
    EXPECT_NEAR(static_cast<double>(interval_of(all)), 2.0395 * 1e9 / std::sqrt(31.0), 1.0);
}

// ---- Doorbells, peers, fingerprint

TEST(Collector, TellsDoorbellPagesApartAndTheDeviceIdsOnThem)
{
    Feed collected(100 * NS, 0, 1000 * NS);
    auto hit = [&](uint64_t id, uint64_t address, uint32_t device_id, sim_time time, unsigned its) {
        collected.tell(SIM_EVENT_MSI_AT_DOORBELL, at_doorbell(msi(id, 1, 0), address, device_id), time, its);
    };
    hit(7, 0x80d0040, 0x300, 120 * NS, 2);
    hit(5, 0x8090040, 0x300, 130 * NS, 1);
    hit(4, 0x8090040, 0x300, 130 * NS, 1);
    hit(3, 0x8090040, 0x300, 140 * NS, 1);
    hit(6, 0x8090040, 0x301, 150 * NS, 1);

    const run_device &device = collected.finish().devices[0];
    ASSERT_EQ(device.doorbell_count, 3u);
    EXPECT_EQ(device.doorbells[0].address, 0x8090040u);
    EXPECT_EQ(device.doorbells[0].device_id, 0x300u);
    EXPECT_STREQ(device.doorbells[0].its, "c1");
    EXPECT_EQ(device.doorbells[0].count, 3u);
    EXPECT_EQ(device.doorbells[0].first_packet, 4u);
    EXPECT_EQ(device.doorbells[0].first_time, 30 * NS);
    EXPECT_EQ(device.doorbells[1].device_id, 0x301u);
    EXPECT_EQ(device.doorbells[2].address, 0x80d0040u);
    EXPECT_STREQ(device.doorbells[2].its, "c2");
}

TEST(Collector, CountsWhatReachedPeers)
{
    Feed collected(0, 0, 1000 * NS);
    collected.tell(SIM_EVENT_PEER_ARRIVED, data(9, 1), 5 * NS, 3);
    collected.tell(SIM_EVENT_PEER_ARRIVED, data(8, 2), 5 * NS, 3);
    collected.tell(SIM_EVENT_PEER_ARRIVED, data(1, 1), 6 * NS, 2);
    const run_device &device = collected.finish().devices[0];
    ASSERT_EQ(device.peer_count, 2u);
    EXPECT_STREQ(device.peers[0].component, "c2");
    EXPECT_STREQ(device.peers[1].component, "c3");
    EXPECT_EQ(device.peers[1].tally.count, 2u);
    EXPECT_EQ(device.peers[1].tally.first_packet, 8u);
}

uint64_t fingerprint_of(const sim_packet &packet, sim_event_kind kind, sim_time time)
{
    Feed collected(0, 0, 1000 * NS);
    collected.tell(kind, packet, time);
    return collected.finish().fingerprint;
}

TEST(Collector, FingerprintFeelsAFemtosecondAnywhere)
{
    const sim_packet packet = with_trail(msi(77, 1, 0), {{1, 10}, {2, 20}, {3, 30}});
    const uint64_t print = fingerprint_of(packet, SIM_EVENT_MSI_DELIVERED, 30);

    EXPECT_EQ(fingerprint_of(packet, SIM_EVENT_MSI_DELIVERED, 30), print);
    EXPECT_NE(fingerprint_of(packet, SIM_EVENT_MSI_MERGED, 30), print);
    for (unsigned i = 0; i < 2; i++) {
        sim_packet changed = packet;
        changed.trail[i].end++;
        EXPECT_NE(fingerprint_of(changed, SIM_EVENT_MSI_DELIVERED, 30), print) << i;
        changed = packet;
        changed.trail[i].stage = 4;
        EXPECT_NE(fingerprint_of(changed, SIM_EVENT_MSI_DELIVERED, 30), print) << i;
    }
    sim_packet later = packet;
    later.trail[2].end = 31;
    EXPECT_NE(fingerprint_of(later, SIM_EVENT_MSI_DELIVERED, 31), print);
    sim_packet other = packet;
    other.id = 78;
    EXPECT_NE(fingerprint_of(other, SIM_EVENT_MSI_DELIVERED, 30), print);
    EXPECT_NE(fingerprint_of(packet, SIM_EVENT_MSI_MERGED, 30), fingerprint_of(packet, SIM_EVENT_MSI_MERGED, 31));
}

} // namespace

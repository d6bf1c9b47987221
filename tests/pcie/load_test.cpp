/* The whole fabric under load: the same on every engine, nothing lost, nothing out of order, nothing stuck. */
#include "tests/pcie/rig.h"

#include <gtest/gtest.h>

#include <map>

using namespace pcie_test;

namespace
{

constexpr sim_time START = 200 * SIM_US;
constexpr uint64_t BUFFER[3] = {MEMORY + 0x100000, MEMORY + 0x200000, MEMORY + 0x300000};
constexpr uint64_t BUFFER_BYTES = 0x4000;

endpoint_stream_config stream(endpoint_stream_kind kind, endpoint_arrivals arrivals, sim_time period, uint32_t source,
                              uint32_t size = 0)
{
    static const uint32_t vectors[] = {0, 1, 2, 3};
    endpoint_stream_config config = {};

    config.kind = kind;
    config.arrivals = arrivals;
    config.period = period;
    config.source = source;
    config.size = size;
    config.burst = 5;
    if (kind == ENDPOINT_MSI) {
        config.vectors = vectors;
        config.vector_count = 4;
    }
    return config;
}

/** MSIs, writes and reads of every endpoint at rates around what the links carry, some of it from peer to peer. */
Options busy(const support::Engine &engine, bool shallow, bool peers)
{
    Options options;

    options.engine = engine;
    options.seed = 3;
    options.endpoint.period = 1250 * SIM_PS;
    options.switch_.period = 769231;
    options.link.width = 2;
    if (shallow) {
        const pcie_credits credits = {2, 20, 1, 1, 2, 20};

        options.link.upper_credits = credits;
        options.link.lower_credits = credits;
        options.endpoint.read_tags = 3;
        options.rc.period = 6 * SIM_NS; /* requests of several classes come in at one edge */
    }
    for (unsigned i = 0; i < 3; i++) {
        uint32_t base = 10 * i;

        options.functions[i][0].streams = {
            stream(ENDPOINT_MSI, i == 1 ? ENDPOINT_BURST : ENDPOINT_POISSON, (i + 1) * 300 * SIM_NS, base + 1),
            stream(ENDPOINT_DMA_WRITE, ENDPOINT_POISSON, 150 * SIM_NS, base + 2, 256),
            stream(ENDPOINT_DMA_READ, ENDPOINT_PERIODIC, 700 * SIM_NS, base + 3, 512),
        };
        if (peers) {
            options.functions[i][0].streams.push_back(
                stream(ENDPOINT_DMA_WRITE, ENDPOINT_BURST, 4 * SIM_US, base + 4, 128));
            options.functions[i][0].streams.push_back(
                stream(ENDPOINT_DMA_READ, ENDPOINT_POISSON, 3 * SIM_US, base + 5, 64));
        }
    }
    return options;
}

void start(Rig &rig, bool peers, sim_time duration)
{
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned v = 0; v < 4; v++) {
            rig.set_vector(i, v, DOORBELL + 0x40, 16 * i + v);
        }
        rig.enable_msix(i);
        endpoint_set_buffer(rig.ep[i], 0, 1, BUFFER[i], BUFFER_BYTES);
        endpoint_set_buffer(rig.ep[i], 0, 2, BUFFER[(i + 1) % 3], BUFFER_BYTES);
        if (peers) {
            endpoint_set_buffer(rig.ep[i], 0, 3, BAR[(i + 1) % 3] + 0x1000, 0x1000);
            endpoint_set_buffer(rig.ep[i], 0, 4, BAR[(i + 2) % 3] + 0x3000, 0x1000);
        }
    }
    rig.drain();
    ASSERT_LT(sim_now(rig.sim), START);
    for (endpoint *ep : rig.ep) {
        endpoint_start_traffic(ep, START, START + duration);
    }
}

/** Every MSI comes exactly behind the writes that its function sent before it, all of which go to memory. */
void check_order(const Rig &rig)
{
    std::map<uint16_t, uint32_t> writes;
    uint64_t msis = 0;

    for (const auto &seen : rig.router->seen_from(FROM_DEVICES)) {
        if (seen.type != SIM_PACKET_WRITE) {
            continue;
        }
        ASSERT_EQ(seen.sequence, writes[seen.requester]);
        if ((seen.flags & SIM_FLAG_MSI) != 0) {
            msis++;
        } else {
            writes[seen.requester]++;
        }
    }
    EXPECT_GT(msis, 50u);
}

/** Each slot of a buffer holds the stamps of the last request that was written there. */
void check_memory(const Rig &rig, unsigned number, uint64_t requests)
{
    uint64_t slots = BUFFER_BYTES / 256;

    ASSERT_GT(requests, slots);
    for (uint64_t slot = 0; slot < slots; slot++) {
        uint64_t last = (requests - 1 - slot) / slots * slots + slot;

        for (uint32_t word = 0; word < 32; word++) {
            ASSERT_EQ(memory_read64(rig.mem, BUFFER[number] + slot * 256 + word * 8),
                      endpoint_dma_stamp(10 * number + 2, last, word));
        }
    }
}

struct Outcome {
    uint64_t hash;
    uint64_t msis;
    sim_time end;
};

Outcome run(const support::Engine &engine, bool shallow, bool peers, sim_time duration)
{
    Rig rig(busy(engine, shallow, peers));
    Outcome outcome = {};

    start(rig, peers, duration);
    uint64_t packets = sim_pool(rig.sim)->total;
    rig.drain();
    EXPECT_EQ(sim_pool(rig.sim)->total, packets) << "the pool did not grow in the run";
    EXPECT_EQ(rig.live(), 0u) << "every packet came to an end";
    for (unsigned i = 0; i < 3; i++) {
        const endpoint_counters *counters = endpoint_get_counters(rig.ep[i]);

        EXPECT_EQ(counters->msi_sent, counters->msi_born);
        EXPECT_EQ(counters->reads_done, counters->reads_sent);
        EXPECT_EQ(counters->read_errors, 0u);
        EXPECT_EQ(counters->unexpected_completions, 0u);
        EXPECT_EQ(endpoint_outstanding(rig.ep[i]), 0u);
        outcome.msis += counters->msi_sent;
        if (!peers) {
            check_memory(rig, i, counters->writes_sent / 2);
        }
    }
    EXPECT_EQ(bus_target_count(rig.doorbell), outcome.msis) << "every MSI is at the doorbell";
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_DROPPED), 0u);
    if (!peers) {
        check_order(rig);
    }
    outcome.hash = rig.log->hash();
    outcome.end = sim_now(rig.sim);
    return outcome;
}

class Load : public testing::TestWithParam<std::tuple<bool, bool>>
{
};

TEST_P(Load, SameOnEveryEngine)
{
    auto [shallow, peers] = GetParam();
    Outcome reference = run(support::engines()[0], shallow, peers, 40 * SIM_US);

    EXPECT_GT(reference.msis, 150u);
    for (const auto &engine : support::engines()) {
        Outcome outcome = run(engine, shallow, peers, 40 * SIM_US);

        EXPECT_EQ(outcome.hash, reference.hash) << engine.name;
        EXPECT_EQ(outcome.end, reference.end) << engine.name;
    }
}

TEST_P(Load, LongRun)
{
    auto [shallow, peers] = GetParam();

    run(support::engines()[0], shallow, peers, 300 * SIM_US);
}

INSTANTIATE_TEST_SUITE_P(Credits, Load, testing::Combine(testing::Bool(), testing::Bool()));

/** Q27: no MSI before the data that its function wrote before it, with replays, few credits, either kind of switch. */
TEST(Order, MsisStayBehindTheirDataWhateverTheLinksDo)
{
    for (unsigned variant = 0; variant < 8; variant++) {
        Options options = busy(support::engines()[0], (variant & 1) != 0, false);

        options.seed = 100 + variant;
        options.switch_.store_and_forward = (variant & 2) != 0;
        options.link.tlp_errors = 30000;
        options.link.lost_naks = (variant & 4) != 0 ? 500000 : 0;
        options.link.replay_buffer = (variant & 4) != 0 ? 6 : 0;
        Rig rig(options);
        start(rig, false, 60 * SIM_US);
        rig.drain();
        check_order(rig);
        EXPECT_GT(rig.links[0]->lower_end.counters.errors, 10u);
        EXPECT_EQ(rig.live(), 0u);
        for (pcie_checker *checker : rig.checkers) {
            EXPECT_GT(pcie_checker_seen(checker), 100u);
        }
        for (endpoint *ep : rig.ep) {
            EXPECT_EQ(endpoint_get_counters(ep)->msi_sent, endpoint_get_counters(ep)->msi_born);
            EXPECT_EQ(endpoint_get_counters(ep)->read_errors, 0u);
        }
    }
}

/** Q11: with N tags and a latency of L, reads are done at N / L. */
TEST(Throughput, TagLimitedReads)
{
    for (uint32_t tags : {1u, 2u, 4u, 8u}) {
        Options options;
        options.endpoint.read_tags = tags;
        options.link.width = 16;
        options.memory_latency = 400 * SIM_NS;
        options.functions[2].resize(1, plain_function());
        options.functions[2][0].streams = {stream(ENDPOINT_DMA_READ, ENDPOINT_PERIODIC, 5 * SIM_NS, 1, 64)};
        Rig rig(options);
        rig.drain();
        sim_time begin = sim_now(rig.sim);

        /* One alone, for its latency. */
        endpoint_job job = {};
        job.kind = ENDPOINT_DMA_READ;
        job.address = MEMORY;
        job.bytes = 64;
        ASSERT_TRUE(endpoint_request(rig.ep[2], &job));
        rig.drain();
        sim_time alone = rig.log->events().back().time - begin;
        begin = sim_now(rig.sim) + SIM_US;
        endpoint_set_buffer(rig.ep[2], 0, 0, MEMORY, 0x4000);
        endpoint_start_traffic(rig.ep[2], begin, SIM_S);
        sim_run(rig.sim, begin + 10 * SIM_US);
        uint64_t before = endpoint_get_counters(rig.ep[2])->reads_done;
        sim_run(rig.sim, begin + 210 * SIM_US);
        double done = static_cast<double>(endpoint_get_counters(rig.ep[2])->reads_done - before);
        /* A job is born an edge after it was asked for; a tag is used again at the edge at which it came back. */
        double latency = static_cast<double>(alone - SIM_NS);

        EXPECT_NEAR(done, tags * 200e9 / latency, tags * 200e9 / latency * 0.01) << tags << " tags";
    }
}

/** Peers that flood each other, through the switch or redirected, do not lock each other out; MSIs get through. */
TEST(Peers, HeavyTrafficBothWaysEnds)
{
    for (bool redirected : {false, true}) {
        Options options = busy(support::engines()[0], true, true);

        if (redirected) {
            options.dsp_acs[0] = {true, ISOLATING, ISOLATING};
            options.dsp_acs[1] = {true, ISOLATING, ISOLATING};
        }
        for (auto &list : options.functions) {
            list[0].streams[3].period = 100 * SIM_NS;
            list[0].streams[3].size = 1024;
            list[0].streams[4].period = 200 * SIM_NS;
        }
        Rig rig(options);
        start(rig, true, 20 * SIM_US);
        rig.drain();
        EXPECT_EQ(rig.live(), 0u);
        for (endpoint *ep : rig.ep) {
            const endpoint_counters *counters = endpoint_get_counters(ep);

            EXPECT_EQ(counters->reads_done, counters->reads_sent);
            EXPECT_EQ(counters->read_errors, 0u);
            EXPECT_EQ(endpoint_outstanding(ep), 0u);
        }
        if (redirected) {
            EXPECT_EQ(pcie_switch_get_counters(rig.sw)->peer_to_peer, 0u) << "completions too take the way up";
            EXPECT_GT(pcie_switch_get_counters(rig.sw)->redirected, 100u);
        } else {
            EXPECT_GT(pcie_switch_get_counters(rig.sw)->peer_to_peer, 100u);
        }
    }
}

/** Two simulations in one process do not know of each other. */
TEST(Independence, TwoSimulationsSideBySide)
{
    Outcome alone = run(support::engines()[0], true, false, 20 * SIM_US);
    Rig other(busy(support::engines()[0], false, true));
    start(other, true, 20 * SIM_US);
    sim_run(other.sim, START + 5 * SIM_US);
    Outcome beside = run(support::engines()[0], true, false, 20 * SIM_US);
    other.drain();
    EXPECT_EQ(alone.hash, beside.hash);
    EXPECT_EQ(other.live(), 0u);
}

} // namespace

/* Streams: when requests are born, what holds them back, and that they stop. */
#include "tests/pcie/pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace pcie_test;

namespace
{

endpoint_stream_config msi_stream(endpoint_arrivals arrivals, sim_time period, const std::vector<uint32_t> &vectors)
{
    endpoint_stream_config stream = {};

    stream.kind = ENDPOINT_MSI;
    stream.arrivals = arrivals;
    stream.period = period;
    stream.vectors = vectors.data();
    stream.vector_count = vectors.size();
    stream.source = 1;
    return stream;
}

endpoint_stream_config dma_stream(endpoint_stream_kind kind, sim_time period, uint32_t size)
{
    endpoint_stream_config stream = {};

    stream.kind = kind;
    stream.arrivals = ENDPOINT_PERIODIC;
    stream.period = period;
    stream.size = size;
    stream.source = 2;
    return stream;
}

/** A pair with streams; vectors unmasked, MSI-X enabled. */
struct Stream : Pair {
    static Options make(const std::vector<endpoint_stream_config> &streams, Options options)
    {
        options.functions[0][0].streams = streams;
        return options;
    }
    explicit Stream(const std::vector<endpoint_stream_config> &streams, const Options &options = Options())
        : Pair(make(streams, options))
    {
        for (unsigned v = 0; v < 4; v++) {
            set_vector(v, 0x1000, v);
        }
        config_write(0, endpoint_config_space(ep, 0)->msix + PCIE_MSIX_CONTROL, PCIE_MSIX_ENABLE, 2);
        requests();
    }
    std::vector<sim_time> births()
    {
        std::vector<sim_time> result;

        for (const auto &event : log->events()) {
            if (event.kind == SIM_EVENT_MSI_BORN) {
                result.push_back(event.time);
            }
        }
        return result;
    }
};

constexpr sim_time START = 10 * SIM_US;

TEST(Traffic, PeriodicBirthsKeepTheExactPeriodOnTheClocksEdges)
{
    for (const auto &engine : support::engines()) {
        Options options;
        options.engine = engine;
        options.endpoint.period = 769231;
        sim_time period = 123456789;
        auto stream = msi_stream(ENDPOINT_PERIODIC, period, {2, 0, 3});
        stream.start = 12345;
        std::vector<uint32_t> vectors = {2, 0, 3};
        stream.vectors = vectors.data();
        Stream pair({stream}, options);

        endpoint_start_traffic(pair.ep, START, START + 20 * period);
        pair.run();
        auto births = pair.births();
        ASSERT_EQ(births.size(), 20u);
        for (size_t i = 0; i < births.size(); i++) {
            ASSERT_EQ(births[i], sim_time_align(START + 12345 + i * period, 769231)) << engine.name;
        }
        auto out = pair.requests();
        ASSERT_EQ(out.size(), 20u);
        for (size_t i = 0; i < out.size(); i++) {
            EXPECT_EQ(out[i].tlp.value, vectors[i % 3]) << "vectors take turns";
        }
    }
}

TEST(Traffic, BurstsAreBornTogetherAndLeaveOneAfterAnother)
{
    std::vector<uint32_t> vectors = {0};
    auto stream = msi_stream(ENDPOINT_BURST, 5 * SIM_US, vectors);
    stream.burst = 7;
    Stream pair({stream});

    endpoint_start_traffic(pair.ep, START, START + 14 * SIM_US);
    pair.run();
    auto births = pair.births();
    ASSERT_EQ(births.size(), 21u);
    for (size_t i = 0; i < births.size(); i++) {
        EXPECT_EQ(births[i], START + (i / 7) * 5 * SIM_US);
    }
    auto out = pair.requests();
    sim_wire wire = wire_of(link_of(16000, 4));
    sim_time first = START + ENDPOINT_DEFAULT_SEND_LATENCY;
    for (size_t i = 0; i < 7; i++) {
        sim_time end = first + (i + 1) * sim_wire_time(&wire, 24);

        EXPECT_EQ(out[i].time, sim_time_align(end + PCIE_LINK_DEFAULT_LATENCY, SIM_NS)) << "(Q7: waits are (i - 1) S)";
    }
}

TEST(Traffic, PoissonGapsAreExponential)
{
    std::vector<uint32_t> vectors = {0};
    sim_time mean = 10 * SIM_US;
    Options options;
    options.keep_marks = true;
    Stream pair({msi_stream(ENDPOINT_POISSON, mean, vectors)}, options);
    const size_t wanted = 20000;

    endpoint_start_traffic(pair.ep, START, START + wanted * mean);
    pair.run();
    auto births = pair.births();
    double count = static_cast<double>(births.size());
    EXPECT_NEAR(count, static_cast<double>(wanted), 4 * std::sqrt(static_cast<double>(wanted)));
    double sum = 0;
    double squares = 0;
    size_t above = 0;
    for (size_t i = 1; i < births.size(); i++) {
        double gap = static_cast<double>(births[i] - births[i - 1]) / static_cast<double>(mean);

        sum += gap;
        squares += gap * gap;
        above += gap > 1;
    }
    double average = sum / (count - 1);
    EXPECT_NEAR(average, 1, 0.03);
    EXPECT_NEAR(squares / (count - 1) - average * average, 1, 0.08) << "variance of an exponential is its mean squared";
    EXPECT_NEAR(static_cast<double>(above) / (count - 1), std::exp(-1), 0.015);
}

TEST(Traffic, StreamsHaveRandomNumbersOfTheirOwn)
{
    std::vector<uint32_t> vectors = {0};
    auto first = msi_stream(ENDPOINT_POISSON, SIM_US, vectors);
    auto second = first;
    second.source = 5;
    Stream alone({first});
    Stream both({first, second});

    endpoint_start_traffic(alone.ep, START, START + 50 * SIM_US);
    endpoint_start_traffic(both.ep, START, START + 50 * SIM_US);
    alone.run();
    both.run();
    auto some = alone.births();
    auto all = both.births();
    std::sort(all.begin(), all.end());
    EXPECT_GT(all.size(), some.size());
    EXPECT_TRUE(std::includes(all.begin(), all.end(), some.begin(), some.end()))
        << "a second stream does not change the first one's arrivals";
}

TEST(Traffic, StopEndsArrivalsAndASecondPhaseStartsThemAgain)
{
    std::vector<uint32_t> vectors = {0};
    Stream pair({msi_stream(ENDPOINT_PERIODIC, SIM_US, vectors)});

    endpoint_start_traffic(pair.ep, START, START + 3 * SIM_US);
    EXPECT_EQ(sim_run(pair.sim, SIM_TIME_NEVER - 1), SIM_RUN_DRAINED);
    EXPECT_EQ(pair.births().size(), 3u) << "the stop itself is not part of it";
    endpoint_start_traffic(pair.ep, START + 100 * SIM_US, START + 102 * SIM_US);
    pair.run();
    EXPECT_EQ(pair.births().size(), 5u);
    EXPECT_EQ(pair.births().back(), START + 101 * SIM_US);
}

/** A source that is held back keeps its arrivals' births; an earlier write of the function stays ahead of the MSI. */
TEST(Traffic, BlockedArrivalsWaitInTheirSource)
{
    std::vector<uint32_t> vectors = {0};
    Options options;
    options.link.upper_credits.posted_headers = 1;
    Stream pair({msi_stream(ENDPOINT_PERIODIC, SIM_US, vectors), dma_stream(ENDPOINT_DMA_WRITE, SIM_US, 64)}, options);

    pair.root->closed_until[PCIE_POSTED] = START + 50 * SIM_US;
    endpoint_set_buffer(pair.ep, 0, 1, 0x100000, 64);
    endpoint_start_traffic(pair.ep, START, START + 10 * SIM_US);
    pair.run();
    auto births = pair.births();
    ASSERT_EQ(births.size(), 10u);
    for (size_t i = 0; i < 10; i++) {
        EXPECT_EQ(births[i], START + i * SIM_US);
    }
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 20u);
    for (size_t i = 0; i < 20; i++) {
        EXPECT_EQ(out[i].tlp.length, i % 2 == 0 ? 4u : 64u) << "oldest first; at equal age in the order of the streams";
    }
    for (const auto &mark : pair.log->marks()) {
        EXPECT_LE(mark.begin, mark.end);
    }
}

TEST(Traffic, MsiTellsHowManyWritesAreAheadOfIt)
{
    std::vector<uint32_t> vectors = {0};
    auto msi = msi_stream(ENDPOINT_PERIODIC, SIM_US, vectors);
    msi.start = 500 * SIM_NS;
    Options options;
    /* 300 bytes are three TLPs of at most 128. */
    Stream pair({dma_stream(ENDPOINT_DMA_WRITE, SIM_US, 300), msi}, options);

    endpoint_set_buffer(pair.ep, 0, 0, 0x100000, 300 * 4);
    endpoint_start_traffic(pair.ep, START, START + 6 * SIM_US);
    pair.run();
    auto out = pair.requests();
    uint32_t writes = 0;
    uint32_t msis = 0;
    for (const auto &got : out) {
        if ((got.tlp.flags & SIM_FLAG_MSI) != 0) {
            msis++;
            EXPECT_EQ(writes, 3 * msis);
        } else {
            writes++;
        }
    }
    EXPECT_EQ(msis, 6u);
    EXPECT_EQ(endpoint_get_counters(pair.ep)->writes_sent, 18u);
}

TEST(Traffic, BufferIsUsedFromEndToEndAgainAndAgain)
{
    Stream pair({dma_stream(ENDPOINT_DMA_WRITE, SIM_US, 100)});

    endpoint_set_buffer(pair.ep, 0, 0, 0x200000, 350); /* room for three */
    endpoint_start_traffic(pair.ep, START, START + 7 * SIM_US);
    pair.run();
    auto out = pair.requests();
    ASSERT_EQ(out.size(), 7u);
    for (size_t i = 0; i < 7; i++) {
        EXPECT_EQ(out[i].tlp.address, 0x200000u + 100 * (i % 3));
        EXPECT_EQ(out[i].tlp.value, endpoint_dma_stamp(2, i, 0)) << "stamped with its number";
    }
}

/* ---- Handlers ---- */

/** Says that handlers have ended, at given times. */
struct Handler {
    sim_component component = {};
    sim_channel *channel = nullptr;
    std::vector<std::pair<sim_time, uint32_t>> ends; /**< time, source */
    size_t next = 0;

    static sim_time evaluate(sim_component *component, sim_time now)
    {
        auto *self = reinterpret_cast<Handler *>(component);

        if (self->next < self->ends.size() && self->ends[self->next].first <= now &&
            sim_channel_has_space(self->channel, now, 0, 0)) {
            sim_packet *packet = sim_packet_new(component->sim, 0);

            packet->type = SIM_PACKET_GIC;
            packet->source = self->ends[self->next++].second;
            sim_channel_push(self->channel, packet, now, 0, 0, 0, 0);
        }
        return self->next < self->ends.size() ? sim_component_edge(component, self->ends[self->next].first)
                                              : SIM_TIME_NEVER;
    }
};

TEST(Traffic, WhenHandledWaitsForTheHandler)
{
    for (const auto &engine : support::engines()) {
        std::vector<uint32_t> vectors = {0, 1};
        auto stream = msi_stream(ENDPOINT_WHEN_HANDLED, 0, vectors);
        Options options;
        options.engine = engine;
        stream.think_time = 300 * SIM_NS;
        stream.source = 42;
        Stream pair({stream}, options);
        Handler handler;

        sim_component_init(&handler.component, pair.sim, "pe", 625 * SIM_PS, &Handler::evaluate);
        sim_channel_config config = {};
        config.name = "handled";
        config.writer = &handler.component;
        config.reader = endpoint_component(pair.ep);
        config.latency = 20 * SIM_NS;
        config.capacity = 4;
        handler.channel = sim_channel_create(pair.sim, &config);
        /* Two inputs that share a bit of the endpoint's summary; the other one stays silent. */
        config.name = "silent";
        endpoint_bind_handled(pair.ep, 63, sim_channel_create(pair.sim, &config));
        endpoint_bind_handled(pair.ep, 3, handler.channel);
        /* The second end of START + 2 µs belongs to no MSI that was sent; one for another source neither. */
        handler.ends = {{START + SIM_US, 42},        {START + 1500 * SIM_NS, 41}, {START + 2 * SIM_US, 42},
                        {START + 2010 * SIM_NS, 42}, {START + 8 * SIM_US, 42},    {START + 20 * SIM_US, 42}};
        sim_wake(&handler.component, sim_component_edge(&handler.component, START));
        endpoint_start_traffic(pair.ep, START, START + 10 * SIM_US);
        pair.run();
        auto births = pair.births();
        ASSERT_EQ(births.size(), 4u) << engine.name;
        EXPECT_EQ(births[0], START);
        for (size_t i = 1; i < 4; i++) {
            const sim_time ends[] = {START + SIM_US, START + 2 * SIM_US, START + 8 * SIM_US};
            sim_time told = sim_time_align(sim_time_align(ends[i - 1], 625 * SIM_PS) + 20 * SIM_NS, SIM_NS);

            EXPECT_EQ(births[i], told + 300 * SIM_NS);
        }
        EXPECT_EQ(sim_pool(pair.sim)->live, 0u);
    }
}

} // namespace

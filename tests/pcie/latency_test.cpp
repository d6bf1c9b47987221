/* Unloaded latency is the sum of the documented stages, to the femtosecond, computed here from the configuration. */
#include "tests/pcie/rig.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

struct Clocks {
    const char *name;
    sim_time endpoint;
    sim_time switch_;
    sim_time rc;
    uint32_t speed;
    uint32_t width;
    uint32_t uplink_width;
    sim_time latency;
};

const Clocks CLOCKS[] = {
    {"round", SIM_NS, SIM_NS, SIM_NS, 16000, 4, 16, 10 * SIM_NS},
    {"odd", 769231, 1250 * SIM_PS, 500 * SIM_PS, 8000, 8, 8, 7777777},
    {"slow device link", SIM_NS, 625 * SIM_PS, 769231, 2500, 1, 16, 33 * SIM_NS},
    {"slow uplink", 4 * SIM_NS, SIM_NS, SIM_NS, 32000, 16, 1, SIM_NS},
    {"flit", SIM_NS, SIM_NS, SIM_NS, 64000, 4, 4, 5 * SIM_NS},
};

Options options_of(const Clocks &clocks, const support::Engine &engine)
{
    Options options;

    options.engine = engine;
    options.endpoint.period = clocks.endpoint;
    options.endpoint.send_latency = 43 * SIM_NS + 210;
    options.endpoint.complete_latency = 51 * SIM_NS;
    options.switch_.period = clocks.switch_;
    options.switch_.latency = 105 * SIM_NS;
    options.rc.period = clocks.rc;
    options.link.speed = clocks.speed;
    options.link.width = clocks.width;
    options.link.latency = clocks.latency;
    if (clocks.speed >= 64000) {
        /* Without skip ordered sets the time of a byte is whole, and over_flits() exact. */
        options.link.overhead = PCIE_OVERHEAD_NONE;
    }
    options.links[0] = options.link;
    options.links[0].width = clocks.uplink_width;
    return options;
}

/** Where a packet is: the time at which its header and its last byte are there. */
struct Position {
    sim_time header;
    sim_time tail;
};

uint32_t framing(const Options &options)
{
    return options.link.speed >= 64000 ? 0 : 8;
}

/**
 * Flits of 256 bytes follow each other from time 0 on; their first 236 bytes are for TLPs, in steps of 4. What is in a
 * flit has arrived when the flit has. Everything in units of a byte's time, which is whole here.
 */
Position over_flits(const pcie_link_config &config, Position from, uint32_t header, uint32_t payload, bool cut_through,
                    sim_time period)
{
    sim_time byte = 8000000000 / (64000 * config.width);
    sim_time slot = (from.header + byte - 1) / byte;
    sim_time latency = std::max(config.latency, period);
    auto end_of = [byte](sim_time bytes_of_tlps) { return ((bytes_of_tlps - 1) / 236 + 1) * 256 * byte; };

    sim_time first = slot / 256 * 236 + std::min<sim_time>((slot % 256 + 3) / 4 * 4, 236);
    sim_time last = first + header + payload;
    if (last / 236 * 256 * byte + last % 236 * byte < from.tail) {
        sim_time tail = (from.tail + byte - 1) / byte;

        last = tail / 256 * 236 + std::min<sim_time>((tail % 256 + 3) / 4 * 4, 236);
    }
    sim_time seen = cut_through ? end_of(first + header) : end_of(last);
    return {sim_time_align(seen + latency, period), cut_through ? end_of(last) + config.latency : 0};
}

/** A link: header-first into a switch, whole elsewhere. */
Position over_link(const Options &options, unsigned link, Position from, uint32_t header, uint32_t payload,
                   bool cut_through, sim_time period)
{
    const pcie_link_config &config = options.links.count(link) != 0 ? options.links.at(link) : options.link;
    sim_wire wire = wire_of(config);
    uint32_t frame = framing(options);

    if (config.speed >= 64000) {
        return over_flits(config, from, header, payload, cut_through, period);
    }
    sim_time end = std::max(from.header + sim_wire_time(&wire, frame + header + payload), from.tail);
    sim_time seen = cut_through ? from.header + sim_wire_time(&wire, frame / 2 + header) : end;
    sim_time latency = std::max(config.latency, period);

    return {sim_time_align(seen + latency, period), cut_through ? end + config.latency : 0};
}

/** From a birth in EP0 to the arrival of the request in the router. */
sim_time request_arrival(const Options &options, sim_time born, uint32_t header, uint32_t payload)
{
    Position at = {born + options.endpoint.send_latency, 0};

    at = over_link(options, 2, at, header, payload, true, options.switch_.period);
    at.header += options.switch_.latency;
    at = over_link(options, 0, at, header, payload, false, options.rc.period);
    return sim_time_align(at.header + options.rc.latency + SIM_NS, SIM_NS);
}

class Latency : public testing::TestWithParam<Clocks>
{
};

TEST_P(Latency, MsiFromBirthToTheBus)
{
    for (const auto &engine : support::engines()) {
        for (uint64_t address : {DOORBELL + 0x40, UINT64_C(0x100000000)}) {
            Options options = options_of(GetParam(), engine);
            Rig rig(options);
            endpoint_job job = {};
            uint32_t header = address > UINT32_MAX ? 16 : 12;

            rig.set_vector(0, 1, address, 5);
            rig.enable_msix(0);
            rig.drain();
            job.kind = ENDPOINT_MSI;
            job.vector = 1;
            sim_time born = sim_time_align(sim_now(rig.sim) + 1, options.endpoint.period);
            ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
            rig.drain();
            auto seen = rig.router->seen_from(FROM_DEVICES);
            ASSERT_EQ(seen.size(), 1u);
            EXPECT_EQ(seen[0].time, request_arrival(options, born, header, 4)) << engine.name;
            EXPECT_EQ(seen[0].device_id, RID[0] + 0x100u);

            auto stages = rig.log->stages_of(seen[0].id);
            if (options.link.speed < 64000) {
                EXPECT_EQ(stages["ep0"], options.endpoint.send_latency);
            } else {
                /* Until the next place in a flit: at most the flit's own 20 bytes and a step of 4. */
                EXPECT_GE(stages["ep0"], options.endpoint.send_latency);
                EXPECT_LT(stages["ep0"], options.endpoint.send_latency + 24 * SIM_NS / (8 * options.link.width) + 1);
            }
            EXPECT_EQ(stages["rc"], options.rc.latency);
            if (GetParam().width <= GetParam().uplink_width && options.link.speed < 64000) {
                EXPECT_EQ(stages["sw"], options.switch_.latency);
            }
            sim_time sum = stages["ep0"] + stages["sw-ep0.up.posted"] + stages["sw"] + stages["rp0-sw.up.posted"] +
                           stages["rc"] + stages["rc-mem.req"];
            EXPECT_EQ(born + sum, seen[0].time) << "the stages add up";
        }
    }
}

TEST_P(Latency, WriteOfManyBytes)
{
    for (uint32_t bytes : {4u, 64u, 128u}) {
        Options options = options_of(GetParam(), support::engines()[0]);
        Rig rig(options);
        endpoint_job job = {};

        rig.drain();
        job.kind = ENDPOINT_DMA_WRITE;
        job.address = MEMORY;
        job.bytes = bytes;
        sim_time born = sim_time_align(sim_now(rig.sim) + 1, options.endpoint.period);
        ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
        rig.drain();
        auto seen = rig.router->seen_from(FROM_DEVICES);
        ASSERT_EQ(seen.size(), 1u);
        EXPECT_EQ(seen[0].time, request_arrival(options, born, 12, bytes));
    }
}

TEST_P(Latency, ReadFromTheBusBackToTheFunction)
{
    Options options = options_of(GetParam(), support::engines()[0]);
    Rig rig(options);
    endpoint_job job = {};
    sim_time answered = 0;
    sim_time done = 0;

    rig.drain();
    job.kind = ENDPOINT_DMA_READ;
    job.address = MEMORY + 64;
    job.bytes = 64;
    sim_time born = sim_time_align(sim_now(rig.sim) + 1, options.endpoint.period);
    ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
    rig.drain();
    EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).at(0).time, request_arrival(options, born, 12, 0));
    for (const auto &mark : rig.log->marks()) {
        answered = mark.stage == "rc-mem.rsp" ? mark.end : answered;
    }
    for (const auto &event : rig.log->events()) {
        done = event.kind == SIM_EVENT_READ_DONE ? event.time : done;
    }
    Position at = {answered + options.rc.completion_latency, 0};
    at = over_link(options, 0, at, 12, 64, true, options.switch_.period);
    at.header += options.switch_.latency;
    at = over_link(options, 2, at, 12, 64, false, options.endpoint.period);
    EXPECT_EQ(done, at.header);
}

TEST_P(Latency, ConfigurationReadOfTheHost)
{
    Options options = options_of(GetParam(), support::engines()[0]);
    Rig rig(options);

    rig.drain();
    uint32_t index = bus_driver_read(rig.host, sim_now(rig.sim), ecam(RID[2], 0), 4);
    rig.drain();
    const bus_driver_result *result = bus_driver_get_result(rig.host, index);
    sim_time bus = SIM_NS + 10 * SIM_NS;
    sim_time at_rc = sim_time_align(result->issue_time + bus + options.rc.period, options.rc.period);
    Position at = {at_rc + options.rc.host_latency, 0};

    at = over_link(options, 1, at, 12, 0, false, options.endpoint.period);
    at.header += options.endpoint.complete_latency;
    at = over_link(options, 1, at, 12, 4, false, options.rc.period);
    at.header = sim_time_align(at.header + options.rc.completion_latency + SIM_NS, SIM_NS);
    EXPECT_EQ(result->answer_time, at.header + bus);
}

std::string name_of(const testing::TestParamInfo<Clocks> &clocks)
{
    std::string name = clocks.param.name;

    std::replace(name.begin(), name.end(), ' ', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Clocks, Latency, testing::ValuesIn(CLOCKS), name_of);

} // namespace

/* Requests of the host that nobody completes: when they are given up, what is recorded, what late answers do. */
#include "tests/pcie/rig.h"

#include "models/pcie/errors.h"

#include <gtest/gtest.h>

#include <tuple>

namespace
{

using namespace pcie_test;

constexpr sim_time TIMEOUT = 200 * SIM_US;

/* A device in EP0's place that answers nothing unless it is told to. */
Options silent(uint32_t host_requests = 0, const support::Engine &engine = support::engines()[0])
{
    Options options;

    options.engine = engine;
    options.raw_ep0 = true;
    options.rc.completion_timeout = TIMEOUT;
    options.rc.host_requests = host_requests;
    return options;
}

struct SilentRig : Rig {
    using Rig::Rig;

    uint32_t aer(unsigned offset)
    {
        const pcie_config_space *space = &root_complex_bridge(rc, 0)->config;

        return pcie_config_get32(space, space->aer + offset);
    }
    void report_errors()
    {
        const unsigned control = find_capability(RP_RID[0], PCIE_CAP_ID_PCI_EXPRESS) + PCIE_EXP_DEVICE_CONTROL;

        config_write(RP_RID[0], control, config_read(RP_RID[0], control, 2) | 0xf, 2);
    }
    const root_complex_counters *counters()
    {
        return root_complex_get_counters(rc);
    }
    /* The answer that the latest request should have had. */
    void answer_late(uint32_t value)
    {
        const RawDevice::Got &request = raw->got.back();
        Tlp tlp;

        tlp.type = SIM_PACKET_COMPLETION;
        tlp.length = 4;
        tlp.value = value;
        tlp.requester = RID[0];
        tlp.target = request.tlp.requester;
        tlp.tag = request.tlp.tag;
        tlp.arg = 4;
        tlp.flags = 0;
        raw->send(tlp);
    }
};

/** From sending to giving up it is the configured time; then the host has all ones within the latency of an answer. */
TEST(HostTimeout, MemoryReadEndsInAllOnesAndAnError)
{
    SilentRig rig(silent());

    rig.report_errors();
    const uint64_t errors = rig.counters()->host_errors;
    const uint32_t index = bus_driver_read(rig.host, sim_now(rig.sim), BAR[0] + 0x10, 4);
    while (rig.raw->got.empty()) {
        sim_run(rig.sim, sim_now(rig.sim) + SIM_NS);
    }
    const sim_time reached = sim_now(rig.sim);

    sim_run(rig.sim, reached + TIMEOUT - 2 * SIM_US);
    EXPECT_FALSE(bus_driver_get_result(rig.host, index)->answered) << "not yet";
    EXPECT_EQ(rig.counters()->completion_timeouts, 0u);
    sim_run(rig.sim, reached + TIMEOUT + SIM_US);
    const bus_driver_result *result = bus_driver_get_result(rig.host, index);

    ASSERT_TRUE(result->answered);
    EXPECT_EQ(result->value & 0xffffffff, 0xffffffffu);
    EXPECT_EQ(result->status, SIM_STATUS_UR);
    EXPECT_EQ(rig.counters()->completion_timeouts, 1u);
    EXPECT_EQ(rig.counters()->host_errors, errors + 1);
    EXPECT_EQ(rig.aer(PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_COMPLETION_TIMEOUT);
    EXPECT_EQ(rig.counters()->errors_nonfatal, 1u);
    EXPECT_EQ(rig.aer(PCIE_AER_ROOT_STATUS), PCIE_AER_ROOT_UNCOR_RECEIVED | PCIE_AER_ROOT_NONFATAL_RECEIVED);
    EXPECT_EQ(rig.aer(PCIE_AER_SOURCE_ID) >> 16, RP_RID[0]);
    rig.drain();
    EXPECT_EQ(rig.live(), 0u);
}

/** What the host waits is the timeout and a latency that does not depend on it. */
TEST(HostTimeout, TakesTheConfiguredTimeToTheCycle)
{
    sim_time answered[2];

    for (unsigned i = 0; i < 2; i++) {
        Options options = silent();

        options.rc.completion_timeout = (i + 1) * TIMEOUT;
        SilentRig rig(options);
        const sim_time start = sim_now(rig.sim);
        const uint32_t index = bus_driver_read(rig.host, start, BAR[0], 4);

        sim_run(rig.sim, start + 3 * TIMEOUT);
        answered[i] = bus_driver_get_result(rig.host, index)->answer_time - start;
    }
    EXPECT_EQ(answered[1] - answered[0], TIMEOUT);
    EXPECT_GT(answered[0], TIMEOUT);
    EXPECT_LT(answered[0], TIMEOUT + SIM_US);
}

/** Configuration space: all ones as well, and as processors expect no bus error. */
TEST(HostTimeout, ConfigurationRequestsToo)
{
    SilentRig rig(silent());
    uint8_t status = SIM_STATUS_CA;

    EXPECT_EQ(rig.config_read(RID[0], 0, 4, &status), 0xffffffffu);
    EXPECT_EQ(status, SIM_STATUS_OK);
    rig.config_write(RID[0], PCIE_COMMAND, 6, 2);
    EXPECT_EQ(rig.counters()->completion_timeouts, 2u);
    EXPECT_EQ(rig.aer(PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_COMPLETION_TIMEOUT);
    EXPECT_EQ(rig.counters()->errors_nonfatal, 0u) << "software has not switched that on";
}

/** A completion that comes late is unexpected, and its tag has not been given to anybody else. */
TEST(HostTimeout, LateCompletionHurtsNobody)
{
    SilentRig rig(silent());

    EXPECT_EQ(rig.read(BAR[0] + 0x20, 4), 0xffffffffu);
    rig.answer_late(0x11111111);
    const uint32_t next = bus_driver_read(rig.host, sim_now(rig.sim), BAR[0] + 0x24, 4);
    sim_run(rig.sim, sim_now(rig.sim) + 20 * SIM_US);
    EXPECT_EQ(rig.counters()->unexpected, 1u);
    EXPECT_FALSE(bus_driver_get_result(rig.host, next)->answered);
    rig.answer_late(0x22222222);
    sim_run(rig.sim, sim_now(rig.sim) + 20 * SIM_US);
    EXPECT_EQ(bus_driver_get_result(rig.host, next)->value & 0xffffffff, 0x22222222u);
    EXPECT_EQ(rig.counters()->completion_timeouts, 1u);
    rig.drain();
    EXPECT_EQ(rig.live(), 0u);
}

/** With one tag the next request waits until it is known that nothing comes any more, or until that came. */
TEST(HostTimeout, TagIsKeptBackUntilTheLateCompletion)
{
    for (bool comes : {true, false}) {
        SilentRig rig(silent(1));

        EXPECT_EQ(rig.read(BAR[0], 4), 0xffffffffu);
        ASSERT_EQ(rig.raw->got.size(), 1u);
        const sim_time given_up = sim_now(rig.sim);

        bus_driver_read(rig.host, given_up, BAR[0], 4);
        sim_run(rig.sim, given_up + SIM_MS);
        ASSERT_EQ(rig.raw->got.size(), 1u) << "no tag";
        if (comes) {
            rig.answer_late(1);
            sim_run(rig.sim, sim_now(rig.sim) + 10 * SIM_US);
        } else {
            sim_run(rig.sim, given_up + 49 * SIM_MS);
            ASSERT_EQ(rig.raw->got.size(), 1u);
            sim_run(rig.sim, given_up + 51 * SIM_MS);
        }
        EXPECT_EQ(rig.raw->got.size(), 2u);
    }
}

/** What is answered in time leaves nothing behind: nothing is due when all is done. */
TEST(HostTimeout, NothingIsDueOnceAllIsAnswered)
{
    SilentRig rig(silent());
    const sim_time start = sim_now(rig.sim);

    EXPECT_NE(rig.config_read(RID[1], 0, 4), 0xffffffffu);
    rig.drain();
    EXPECT_LT(sim_now(rig.sim) - start, TIMEOUT / 10);
    EXPECT_EQ(rig.counters()->completion_timeouts, 0u);
}

TEST(HostTimeout, SameOnEveryEngine)
{
    std::tuple<uint64_t, uint64_t, sim_time, sim_time> reference;

    for (const auto &engine : support::engines()) {
        Options options = silent(2, engine);

        options.rc.completion_timeout = 2 * SIM_US;
        SilentRig rig(options);
        std::vector<uint32_t> reads;

        for (unsigned i = 0; i < 2; i++) {
            reads.push_back(bus_driver_read(rig.host, sim_now(rig.sim) + i * 700 * SIM_NS, BAR[i] + 8, 4));
        }
        sim_run(rig.sim, sim_now(rig.sim) + 10 * SIM_US);
        const auto got = std::make_tuple(rig.counters()->completion_timeouts, rig.counters()->host_errors,
                                         bus_driver_get_result(rig.host, reads[0])->answer_time,
                                         bus_driver_get_result(rig.host, reads[1])->answer_time);

        EXPECT_EQ(std::get<0>(got), 1u);
        if (std::get<0>(reference) == 0) {
            reference = got;
        }
        EXPECT_EQ(got, reference) << engine.name;
    }
}

} // namespace

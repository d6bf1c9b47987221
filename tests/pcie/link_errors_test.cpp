/* Errors of links: which end records what, what the root is told, on every engine. */
#include "tests/pcie/rig.h"

#include "models/pcie/errors.h"

#include <gtest/gtest.h>

#include <tuple>

namespace
{

using namespace pcie_test;

/* The link between RP1 and EP2. */
constexpr unsigned LINK = 1;
constexpr uint16_t ROOT_PORT = RP_RID[1];
constexpr uint16_t ENDPOINT = RID[2];

Options options_of(const pcie_link_config &link, unsigned index = LINK,
                   const support::Engine &engine = support::engines()[0])
{
    Options options;

    options.engine = engine;
    options.links[index] = link;
    return options;
}

pcie_link_config lossy(uint32_t errors, uint32_t lost_naks = 0)
{
    pcie_link_config config;

    pcie_link_config_init(&config);
    config.tlp_errors = errors;
    config.lost_naks = lost_naks;
    return config;
}

struct LinkErrorRig : Rig {
    using Rig::Rig;

    /* The registers themselves: asking for them over the link would add to its errors. */
    const pcie_config_space *space_of(uint16_t rid)
    {
        return rid == ENDPOINT ? endpoint_config_space(ep[2], 0) : &root_complex_bridge(rc, 1)->config;
    }
    uint32_t correctable(uint16_t rid)
    {
        const pcie_config_space *space = space_of(rid);

        return pcie_config_get32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS);
    }
    uint16_t device_status(uint16_t rid)
    {
        const pcie_config_space *space = space_of(rid);

        return pcie_config_get16(space, space->express + PCIE_EXP_DEVICE_STATUS);
    }
    /* Clears all status, and has all errors told. What that causes by itself is cleared at the register. */
    void enable(uint16_t rid)
    {
        const unsigned control = find_capability(rid, PCIE_CAP_ID_PCI_EXPRESS) + PCIE_EXP_DEVICE_CONTROL;

        config_write(rid, control, config_read(rid, control, 2) | 0xf, 2);
        if (rid != ENDPOINT) {
            config_write(rid, PCIE_BRIDGE_CONTROL, PCIE_BRIDGE_CONTROL_SERR, 2);
        }
    }
    void forget()
    {
        for (uint16_t rid : {ROOT_PORT, ENDPOINT}) {
            pcie_config_space *space = const_cast<pcie_config_space *>(space_of(rid));

            pcie_config_set32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS, 0);
            pcie_config_set32(space, space->aer + PCIE_AER_UNCORRECTABLE_STATUS, 0);
            pcie_config_set16(space, space->express + PCIE_EXP_DEVICE_STATUS, 0);
            if (rid == ROOT_PORT) {
                pcie_config_set32(space, space->aer + PCIE_AER_ROOT_STATUS, 0);
            }
        }
        before = *root_complex_get_counters(rc);
        up = links[LINK]->lower_end.counters;
        down = links[LINK]->upper_end.counters;
    }
    /* Writes of EP2, one after another. */
    void send_up(unsigned count)
    {
        for (unsigned i = 0; i < count; i++) {
            endpoint_job job = {};

            job.kind = ENDPOINT_DMA_WRITE;
            job.address = MEMORY + 64 * i;
            job.bytes = 64;
            ASSERT_TRUE(endpoint_request(ep[2], &job));
            drain();
        }
    }
    uint64_t told()
    {
        return root_complex_get_counters(rc)->errors_correctable - before.errors_correctable;
    }
    uint64_t bad_up()
    {
        return links[LINK]->lower_end.counters.errors - up.errors;
    }

    root_complex_counters before = {};
    pcie_data_link_counters up = {};
    pcie_data_link_counters down = {};
};

/** A corrupted TLP is the receiver's error, and nobody else's; each is told. */
TEST(LinkErrors, BadTlpIsTheReceivers)
{
    LinkErrorRig rig(options_of(lossy(50000)));

    rig.enable(ROOT_PORT);
    rig.forget();
    rig.send_up(200);
    ASSERT_GT(rig.bad_up(), 3u);
    ASSERT_EQ(rig.links[LINK]->upper_end.counters.errors, rig.down.errors) << "nothing went down";
    EXPECT_EQ(rig.correctable(ROOT_PORT), PCIE_AER_CORRECTABLE_BAD_TLP);
    EXPECT_EQ(rig.correctable(ENDPOINT), 0u) << "a Nak is no error of who receives it";
    EXPECT_EQ(rig.device_status(ROOT_PORT), PCIE_EXP_DEVSTA_CORRECTABLE);
    EXPECT_EQ(rig.device_status(ENDPOINT), 0u);
    EXPECT_EQ(rig.told(), rig.bad_up());
    EXPECT_EQ(pcie_config_get32(rig.space_of(ROOT_PORT), rig.space_of(ROOT_PORT)->aer + PCIE_AER_ROOT_STATUS),
              PCIE_AER_ROOT_COR_RECEIVED | PCIE_AER_ROOT_COR_MULTIPLE);
    EXPECT_EQ(rig.config_read(ROOT_PORT, rig.space_of(ROOT_PORT)->aer + PCIE_AER_SOURCE_ID, 2), ROOT_PORT);
    EXPECT_EQ(rig.live(), 0u);
}

/** What goes down is EP2's to find, which sends messages of it. */
TEST(LinkErrors, EndpointTellsTheRoot)
{
    LinkErrorRig rig(options_of(lossy(50000)));

    rig.enable(ROOT_PORT);
    rig.enable(ENDPOINT);
    rig.forget();
    for (unsigned i = 0; i < 200; i++) {
        rig.write(BAR[2] + 8 * i, i, 4);
        rig.drain();
    }
    const uint64_t bad_down = rig.links[LINK]->upper_end.counters.errors - rig.down.errors;

    ASSERT_GT(bad_down, 3u);
    EXPECT_EQ(rig.correctable(ENDPOINT), PCIE_AER_CORRECTABLE_BAD_TLP);
    EXPECT_EQ(rig.device_status(ENDPOINT), PCIE_EXP_DEVSTA_CORRECTABLE);
    /* The root port adds the errors of the messages themselves. */
    EXPECT_EQ(rig.told(), bad_down + rig.bad_up());
    EXPECT_EQ(rig.correctable(ROOT_PORT), rig.bad_up() > 0 ? PCIE_AER_CORRECTABLE_BAD_TLP : 0);
    EXPECT_EQ(rig.live(), 0u);
}

/** A Nak that gets lost arrives corrupted at the sender, whose timer then acts. */
TEST(LinkErrors, LostNakIsABadDllpAndATimeoutOfTheSender)
{
    LinkErrorRig rig(options_of(lossy(50000, 1000000)));

    rig.forget();
    rig.send_up(100);
    ASSERT_GT(rig.bad_up(), 0u);
    EXPECT_EQ(rig.correctable(ROOT_PORT), PCIE_AER_CORRECTABLE_BAD_TLP);
    EXPECT_EQ(rig.correctable(ENDPOINT), PCIE_AER_CORRECTABLE_BAD_DLLP | PCIE_AER_CORRECTABLE_REPLAY_TIMEOUT);
    EXPECT_EQ(rig.told(), 0u) << "software has not switched that on";
}

TEST(LinkErrors, ReplaysInVainRollOver)
{
    LinkErrorRig rig(options_of(lossy(500000)));

    rig.forget();
    rig.send_up(1);
    while (rig.links[LINK]->lower_end.counters.retrains == rig.up.retrains) {
        EXPECT_EQ(rig.correctable(ENDPOINT), 0u) << "not before";
        rig.send_up(1);
    }
    EXPECT_EQ(rig.correctable(ENDPOINT), PCIE_AER_CORRECTABLE_REPLAY_ROLLOVER);
}

TEST(LinkErrors, PhysicalLayerSeesSomeFirst)
{
    pcie_link_config config = lossy(50000);

    config.receiver_errors = 1000000;
    LinkErrorRig all(options_of(config));
    all.forget();
    all.send_up(100);
    EXPECT_EQ(all.correctable(ROOT_PORT), PCIE_AER_CORRECTABLE_RECEIVER);

    config.receiver_errors = 500000;
    LinkErrorRig half(options_of(config));
    half.forget();
    half.send_up(300);
    EXPECT_EQ(half.correctable(ROOT_PORT), PCIE_AER_CORRECTABLE_RECEIVER | PCIE_AER_CORRECTABLE_BAD_TLP);
}

/** Flits have no LCRC and no DLLPs of their own: the physical layer finds their errors (3.6.2.3, 4.2.3.4.2). */
TEST(LinkErrors, FlitsAreThePhysicalLayers)
{
    pcie_link_config config = lossy(50000, 1000000);

    config.speed = 64000;
    LinkErrorRig rig(options_of(config));
    rig.forget();
    rig.send_up(100);
    ASSERT_GT(rig.bad_up(), 0u);
    EXPECT_EQ(rig.correctable(ROOT_PORT), PCIE_AER_CORRECTABLE_RECEIVER);
    EXPECT_EQ(rig.correctable(ENDPOINT), PCIE_AER_CORRECTABLE_RECEIVER | PCIE_AER_CORRECTABLE_REPLAY_TIMEOUT);
}

TEST(LinkErrors, MaskedOnesAreRecordedAndNotTold)
{
    LinkErrorRig rig(options_of(lossy(50000)));

    rig.enable(ROOT_PORT);
    rig.config_write(ROOT_PORT, rig.space_of(ROOT_PORT)->aer + PCIE_AER_CORRECTABLE_MASK, PCIE_AER_CORRECTABLE_BAD_TLP,
                     4);
    rig.forget();
    rig.send_up(100);
    EXPECT_EQ(rig.correctable(ROOT_PORT), PCIE_AER_CORRECTABLE_BAD_TLP);
    EXPECT_EQ(rig.device_status(ROOT_PORT), PCIE_EXP_DEVSTA_CORRECTABLE);
    EXPECT_EQ(rig.told(), 0u);
}

/** An Ack for what is not under way: a protocol error of who receives it, fatal unless software says otherwise. */
TEST(LinkErrors, AckOfNothingIsAProtocolError)
{
    for (bool fatal : {true, false}) {
        pcie_link_config config = lossy(0);

        config.bad_acks = 400000;
        LinkErrorRig rig(options_of(config));
        const pcie_config_space *space = rig.space_of(ENDPOINT);

        rig.enable(ROOT_PORT);
        rig.enable(ENDPOINT);
        if (!fatal) {
            rig.config_write(ENDPOINT, space->aer + PCIE_AER_UNCORRECTABLE_SEVERITY, 0, 4);
        }
        rig.drain();
        rig.forget();
        rig.send_up(20);
        EXPECT_EQ(pcie_config_get32(space, space->aer + PCIE_AER_UNCORRECTABLE_STATUS), PCIE_AER_DATA_LINK_PROTOCOL);
        EXPECT_EQ(rig.device_status(ENDPOINT), fatal ? PCIE_EXP_DEVSTA_FATAL : PCIE_EXP_DEVSTA_NONFATAL);
        const root_complex_counters *counters = root_complex_get_counters(rig.rc);
        EXPECT_EQ(counters->errors_fatal > rig.before.errors_fatal, fatal);
        EXPECT_EQ(counters->errors_nonfatal > rig.before.errors_nonfatal, !fatal);
    }
}

/** What is wrong with a device's link is wrong with each of its functions; one of them says so. */
TEST(LinkErrors, AllFunctionsRecordAndOneTells)
{
    Options options = options_of(lossy(50000));

    options.functions[2] = {plain_function(), plain_function(), plain_function()};
    LinkErrorRig rig(options);
    for (uint16_t f = 0; f < 3; f++) {
        rig.enable(static_cast<uint16_t>(ENDPOINT + f));
    }
    rig.enable(ROOT_PORT);
    for (uint16_t f = 0; f < 3; f++) {
        pcie_config_space *space = const_cast<pcie_config_space *>(endpoint_config_space(rig.ep[2], f));
        pcie_config_set32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS, 0);
    }
    rig.forget();
    for (unsigned i = 0; i < 100; i++) {
        rig.write(BAR[2] + 8 * i, i, 4);
        rig.drain();
    }
    for (unsigned f = 0; f < 3; f++) {
        const pcie_config_space *space = endpoint_config_space(rig.ep[2], f);

        EXPECT_EQ(pcie_config_get32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS), PCIE_AER_CORRECTABLE_BAD_TLP);
    }
    EXPECT_EQ(rig.told(), rig.links[LINK]->upper_end.counters.errors - rig.down.errors + rig.bad_up());
}

/** Ports of a switch: the downstream port's goes up if the upstream port lets it. */
TEST(LinkErrors, SwitchPortsTellThroughTheUpstreamPort)
{
    for (bool passes : {false, true}) {
        LinkErrorRig rig(options_of(lossy(50000), 2));

        rig.enable(RP_RID[0]);
        rig.enable(DSP_RID[0]);
        if (passes) {
            rig.enable(USP_RID);
        }
        rig.forget();
        for (unsigned i = 0; i < 100; i++) {
            endpoint_job job = {};

            job.kind = ENDPOINT_DMA_WRITE;
            job.address = MEMORY + 64 * i;
            job.bytes = 64;
            ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
            rig.drain();
        }
        const pcie_config_space *port = &pcie_switch_bridge(rig.sw, 1)->config;

        EXPECT_EQ(pcie_config_get32(port, port->aer + PCIE_AER_CORRECTABLE_STATUS), PCIE_AER_CORRECTABLE_BAD_TLP);
        EXPECT_EQ(rig.told() > 0, passes);
        if (passes) {
            EXPECT_EQ(rig.config_read(RP_RID[0], rig.space_of(ROOT_PORT)->aer + PCIE_AER_SOURCE_ID, 2), DSP_RID[0]);
        }
    }
}

/** A bridge to PCI has a link like any other function of a link's end. */
TEST(LinkErrors, BridgeRecordsAndTells)
{
    Options options = options_of(lossy(50000));

    options.bridge = true;
    LinkErrorRig rig(options);
    pcie_config_space *space = const_cast<pcie_config_space *>(&pci_bridge_registers(rig.bridge)->config);

    rig.enable(BRIDGE_RID);
    rig.enable(ROOT_PORT);
    rig.drain();
    pcie_config_set32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS, 0);
    rig.before = *root_complex_get_counters(rig.rc);
    for (unsigned i = 0; i < 200; i++) {
        rig.write(BAR[2] + 8 * i, i, 4);
        rig.drain();
    }
    EXPECT_EQ(pcie_config_get32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS), PCIE_AER_CORRECTABLE_BAD_TLP);
    EXPECT_GT(rig.told(), 0u);
    EXPECT_EQ(rig.live(), 0u);
}

/** Counts, registers and messages are the same on every engine, in any order. */
TEST(LinkErrors, SameOnEveryEngine)
{
    std::tuple<uint64_t, uint64_t, uint32_t, uint32_t, sim_time> reference;

    for (const auto &engine : support::engines()) {
        pcie_link_config config = lossy(200000, 300000);

        config.receiver_errors = 300000;
        config.bad_acks = 100000;
        LinkErrorRig rig(options_of(config, LINK, engine));

        rig.enable(ROOT_PORT);
        rig.enable(ENDPOINT);
        for (unsigned i = 0; i < 60; i++) {
            endpoint_job job = {};

            job.kind = ENDPOINT_DMA_WRITE;
            job.address = MEMORY + 64 * i;
            job.bytes = 64;
            ASSERT_TRUE(endpoint_request(rig.ep[2], &job));
            rig.write(BAR[2] + 8 * i, i, 4);
        }
        rig.drain();
        const auto *counters = root_complex_get_counters(rig.rc);
        const auto got = std::make_tuple(counters->errors_correctable, counters->errors_fatal,
                                         rig.correctable(ROOT_PORT), rig.correctable(ENDPOINT), sim_now(rig.sim));

        if (std::get<0>(reference) == 0) {
            reference = got;
        }
        EXPECT_GT(counters->errors_correctable, 20u);
        EXPECT_GT(counters->errors_fatal, 0u);
        EXPECT_EQ(got, reference) << engine.name;
    }
}

/** However many replays one TLP takes, the list of what was found stays in order and loses no sort of error. */
TEST(LinkErrors, MoreFindingsThanPlaces)
{
    LinkErrorRig rig(options_of(lossy(990000)));

    rig.forget();
    rig.send_up(20);
    ASSERT_GT(rig.bad_up(), 2 * PCIE_LINK_FINDINGS);
    EXPECT_EQ(rig.correctable(ROOT_PORT), PCIE_AER_CORRECTABLE_BAD_TLP);
    EXPECT_EQ(rig.correctable(ENDPOINT), PCIE_AER_CORRECTABLE_REPLAY_ROLLOVER);
}

} // namespace

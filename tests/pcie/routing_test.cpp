/* Configuration requests, memory requests and completions through switch and root complex. */
#include "tests/pcie/rig.h"

#include <gtest/gtest.h>

using namespace pcie_test;

namespace
{

TEST(Routing, HostSeesEveryFunctionAndNoOther)
{
    Rig rig;

    EXPECT_EQ(rig.config_read(RP_RID[0], PCIE_VENDOR_ID, 4), 0x000c1b36u);
    EXPECT_EQ(rig.config_read(USP_RID, PCIE_VENDOR_ID, 4), 0x874710b5u);
    EXPECT_EQ(rig.config_read(DSP_RID[0], PCIE_VENDOR_ID, 4), 0x874710b5u);
    EXPECT_EQ(rig.config_read(DSP_RID[1], PCIE_VENDOR_ID, 4), 0x874710b5u);
    for (uint16_t rid : RID) {
        EXPECT_EQ(rig.config_read(rid, PCIE_VENDOR_ID, 4), 0x56781234u);
        EXPECT_EQ(rig.config_read(static_cast<uint16_t>(rid + 1), PCIE_VENDOR_ID, 4), 0xffffffffu) << "function 1";
        EXPECT_EQ(rig.config_read(static_cast<uint16_t>(rid + 8), PCIE_VENDOR_ID, 4), 0xffffffffu) << "device 1";
    }
    EXPECT_EQ(rig.config_read(0x0000, PCIE_VENDOR_ID, 4), 0xffffffffu) << "root bus, nothing at device 0";
    EXPECT_EQ(rig.config_read(0x0210, PCIE_VENDOR_ID, 4), 0xffffffffu) << "internal bus, no third port";
    EXPECT_EQ(rig.config_read(0x0101, PCIE_VENDOR_ID, 4), 0xffffffffu) << "upstream port has one function";
}

TEST(Routing, NothingIsBelowBridgesWithoutBusNumbers)
{
    Options options;
    options.configure = false;
    Rig rig(options);

    EXPECT_EQ(rig.config_read(RP_RID[0], PCIE_VENDOR_ID, 4), 0x000c1b36u);
    EXPECT_EQ(rig.config_read(USP_RID, PCIE_VENDOR_ID, 4), 0xffffffffu);
}

TEST(Routing, FunctionsLearnTheirNumbersFromConfigurationWrites)
{
    Options options;
    options.functions[1] = {plain_function(), plain_function()};
    for (Function &function : options.functions[1]) {
        function.config.bars[0].size = 0x10000;
    }
    Rig rig(options);

    EXPECT_EQ(endpoint_requester_id(rig.ep[0], 0), RID[0]);
    EXPECT_EQ(endpoint_requester_id(rig.ep[1], 0), RID[1]);
    EXPECT_EQ(endpoint_requester_id(rig.ep[1], 1), RID[1] + 1);
    EXPECT_EQ(pcie_switch_bridge(rig.sw, 0)->id, USP_RID);
    EXPECT_EQ(pcie_switch_bridge(rig.sw, 2)->id, DSP_RID[1]);
    EXPECT_EQ(rig.config_read(RID[1], PCIE_HEADER_TYPE, 1), PCIE_HEADER_TYPE_MULTI_FUNCTION);
    EXPECT_EQ(rig.config_read(RID[0], PCIE_HEADER_TYPE, 1), PCIE_HEADER_TYPE_0);
    EXPECT_EQ(rig.config_read(DSP_RID[1], PCIE_HEADER_TYPE, 1), PCIE_HEADER_TYPE_1);
}

TEST(Routing, NarrowConfigurationWritesTouchOnlyTheirBytes)
{
    Rig rig;

    rig.config_write(RID[0], PCIE_CACHE_LINE_SIZE, 0x55, 1);
    rig.config_write(RID[0], PCIE_INTERRUPT_LINE, 0x77, 1);
    EXPECT_EQ(rig.config_read(RID[0], PCIE_CACHE_LINE_SIZE, 4), 0x55u);
    EXPECT_EQ(rig.config_read(RID[0], PCIE_INTERRUPT_LINE, 1), 0x77u);
    EXPECT_EQ(rig.config_read(RID[0], PCIE_COMMAND, 2), 0x406u) << "untouched";
    rig.config_write(RP_RID[1], PCIE_INTERRUPT_LINE, 0x99, 1);
    EXPECT_EQ(rig.config_read(RP_RID[1], PCIE_INTERRUPT_LINE, 4), 0x99u);
}

TEST(Routing, HostReachesBarsAtEverySizeAndAlignment)
{
    Rig rig;

    for (unsigned i = 0; i < 3; i++) {
        EXPECT_EQ(rig.write(BAR[i] + 0x40, 0x1122334455667788, 8), SIM_STATUS_OK);
        EXPECT_EQ(rig.read(BAR[i] + 0x40, 8), 0x1122334455667788u);
        for (uint32_t bytes = 1; bytes <= 4; bytes++) {
            for (uint64_t offset = 0; offset + bytes <= 8; offset++) {
                uint64_t expected = UINT64_C(0x1122334455667788) >> (8 * offset);

                EXPECT_EQ(rig.read(BAR[i] + 0x40 + offset, bytes), expected & ((UINT64_C(1) << (8 * bytes)) - 1))
                    << bytes << " bytes at " << offset;
            }
        }
        rig.write(BAR[i] + 0x43, 0xabcd, 2);
        EXPECT_EQ(rig.read(BAR[i] + 0x40, 8), 0x112233abcd667788u) << "unaligned write across two double words";
    }
    rig.drain();
    EXPECT_EQ(rig.live(), 0u);
}

TEST(Routing, MemorySpaceDisabledOrNobodysIsUnsupported)
{
    Rig rig;
    uint8_t status = SIM_STATUS_OK;

    rig.show_advisory(RID[0]);
    rig.show_advisory(USP_RID);
    rig.config_write(RID[0], PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER, 2);
    EXPECT_EQ(rig.read(BAR[0], 4, &status), 0xffffffffu);
    EXPECT_EQ(status, SIM_STATUS_UR);
    unsigned aer = rig.find_extended(RID[0], PCIE_EXT_CAP_ID_AER);
    EXPECT_EQ(rig.config_read(RID[0], aer + PCIE_AER_UNCORRECTABLE_STATUS, 4), PCIE_AER_UNSUPPORTED_REQUEST);

    EXPECT_EQ(rig.read(0xa0800000, 4, &status), 0xffffffffu) << "no root port's window";
    EXPECT_EQ(status, SIM_STATUS_UR);
    EXPECT_EQ(rig.write(0xa0800000, 1, 4), SIM_STATUS_UR);

    /* In the upstream port's window, but in no downstream port's. */
    rig.config_write(DSP_RID[1], PCIE_COMMAND, PCIE_COMMAND_BUS_MASTER, 2);
    EXPECT_EQ(rig.read(BAR[1], 4, &status), 0xffffffffu);
    EXPECT_EQ(status, SIM_STATUS_UR);
    aer = rig.find_extended(USP_RID, PCIE_EXT_CAP_ID_AER);
    EXPECT_EQ(rig.config_read(USP_RID, aer + PCIE_AER_UNCORRECTABLE_STATUS, 4), PCIE_AER_UNSUPPORTED_REQUEST);
    unsigned express = rig.find_capability(USP_RID, PCIE_CAP_ID_PCI_EXPRESS);
    EXPECT_NE(rig.config_read(USP_RID, express + PCIE_EXP_DEVICE_STATUS, 2) & PCIE_EXP_DEVSTA_UNSUPPORTED_REQUEST, 0u);
    rig.config_write(USP_RID, aer + PCIE_AER_UNCORRECTABLE_STATUS, PCIE_AER_UNSUPPORTED_REQUEST, 4);
    EXPECT_EQ(rig.config_read(USP_RID, aer + PCIE_AER_UNCORRECTABLE_STATUS, 4), 0u) << "cleared by writing 1";
}

TEST(Routing, ErrorsOnTheBusAsConfigured)
{
    Options options;
    options.rc.config_errors_reported = true;
    options.rc.memory_errors_hidden = true;
    Rig rig(options);
    uint8_t status = SIM_STATUS_OK;

    EXPECT_EQ(rig.config_read(0x0310, 0, 4, &status), 0xffffffffu);
    EXPECT_EQ(status, SIM_STATUS_UR);
    EXPECT_EQ(rig.read(0xa0800000, 4, &status), 0xffffffffu);
    EXPECT_EQ(status, SIM_STATUS_OK);
}

TEST(Routing, RequestOfTheHostWithoutBytesIsAnswered)
{
    Rig rig;
    bus_driver_op op = {};

    op.type = SIM_PACKET_READ;
    op.address = BAR[0];
    op.at = sim_now(rig.sim);
    uint32_t index = bus_driver_add(rig.host, &op);
    rig.drain();
    EXPECT_TRUE(bus_driver_get_result(rig.host, index)->answered);
    EXPECT_EQ(bus_driver_get_result(rig.host, index)->status, SIM_STATUS_OK);
}

TEST(Routing, BridgeWithoutBusMasterStopsRequestsButNotCompletions)
{
    Rig rig;
    endpoint_job job = {};

    rig.config_write(DSP_RID[0], PCIE_COMMAND, PCIE_COMMAND_MEMORY_SPACE, 2);
    job.kind = ENDPOINT_DMA_WRITE;
    job.address = MEMORY;
    job.bytes = 8;
    ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
    job.kind = ENDPOINT_DMA_READ;
    ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
    rig.drain();
    EXPECT_EQ(memory_read64(rig.mem, MEMORY), 0u);
    EXPECT_EQ(rig.log->event_count(SIM_EVENT_DROPPED), 1u);
    EXPECT_EQ(endpoint_get_counters(rig.ep[0])->read_errors, 1u);
    EXPECT_EQ(rig.config_read(RID[0], PCIE_VENDOR_ID, 2), 0x1234u) << "its completions still come";
}

/** In D3hot each kind of port takes configuration requests and messages only; whatever is below is out of reach. */
TEST(Routing, SleepingBridgesPassNoMemoryRequests)
{
    for (const uint16_t port : {RP_RID[0], USP_RID, DSP_RID[0]}) {
        Rig rig;
        const unsigned power = rig.find_capability(port, PCIE_CAP_ID_POWER_MANAGEMENT) + PCIE_PM_CONTROL_STATUS;
        endpoint_job job = {};
        uint8_t status = SIM_STATUS_OK;
        const uint8_t data[8] = {1};

        SCOPED_TRACE(port);
        rig.config_write(port, power, PCIE_PM_STATE_D3HOT, 2);
        job.kind = ENDPOINT_DMA_WRITE;
        job.address = MEMORY;
        job.bytes = 8;
        job.data = data;
        ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
        rig.drain();
        EXPECT_EQ(memory_read64(rig.mem, MEMORY), 0u);
        EXPECT_EQ(rig.log->event_count(SIM_EVENT_DROPPED), 1u);
        EXPECT_EQ(rig.read(BAR[0], 4, &status), 0xffffffffu);
        EXPECT_NE(status, SIM_STATUS_OK);
        EXPECT_EQ(rig.config_read(RID[0], PCIE_VENDOR_ID, 2), 0x1234u) << "configuration requests still come through";
        rig.config_write(port, power, PCIE_PM_STATE_D0, 2);
        ASSERT_TRUE(endpoint_request(rig.ep[0], &job));
        rig.drain();
        EXPECT_EQ(memory_read64(rig.mem, MEMORY), 1u)
            << "software has nothing to restore: D3hot to D0 is no reset here";
        EXPECT_NE(rig.read(BAR[0], 4, &status), 0xffffffffu);
    }
}

TEST(Routing, HostWriteAboveMaxPayloadIsCutAndArrivesWhole)
{
    Rig rig;
    std::vector<uint8_t> data(300);
    bus_driver_op op = {};
    uint32_t size = 0;

    for (size_t i = 0; i < data.size(); i++) {
        data[i] = static_cast<uint8_t>(i * 7 + 1);
    }
    op.type = SIM_PACKET_WRITE;
    op.address = BAR[1] + 0x103;
    op.length = static_cast<uint32_t>(data.size());
    op.data = data.data();
    op.at = sim_now(rig.sim);
    bus_driver_add(rig.host, &op);
    uint64_t before = endpoint_get_counters(rig.ep[1])->requests_served;
    rig.drain();
    const uint8_t *store = endpoint_bar_bytes(rig.ep[1], 0, 0, &size);
    EXPECT_EQ(std::vector<uint8_t>(store + 0x103, store + 0x103 + data.size()), data);
    EXPECT_EQ(store[0x102], 0);
    EXPECT_EQ(store[0x103 + data.size()], 0);
    EXPECT_EQ(endpoint_get_counters(rig.ep[1])->requests_served - before, 3u) << "pieces of at most 128 bytes";
}

TEST(Routing, SpoofedCompletionsAreNobodys)
{
    Options options;
    options.raw_ep0 = true;
    Rig rig(options);
    Tlp tlp;

    tlp.type = SIM_PACKET_COMPLETION;
    tlp.target = 0x0000; /* the root complex, which asked for nothing */
    tlp.requester = RID[0];
    tlp.tag = 3;
    tlp.arg = 4;
    rig.raw->send(tlp);
    tlp.target = 0x0210; /* the switch's own bus */
    rig.raw->send(tlp);
    tlp.target = RID[2]; /* a function that has no such request under way */
    rig.raw->send(tlp);
    rig.drain();
    EXPECT_EQ(root_complex_get_counters(rig.rc)->unexpected, 1u);
    EXPECT_EQ(root_complex_get_counters(rig.rc)->completions, 1u) << "only the one for EP2 went up and down again";
    EXPECT_EQ(pcie_switch_get_counters(rig.sw)->dropped, 1u);
    EXPECT_EQ(endpoint_get_counters(rig.ep[2])->unexpected_completions, 1u);
    EXPECT_EQ(rig.live(), 0u);
}

TEST(Routing, MessagesByIdReachTheirFunction)
{
    Options options;
    options.raw_ep0 = true;
    Rig rig(options);
    Tlp tlp;

    tlp.type = SIM_PACKET_MESSAGE;
    tlp.operation = 0x01;
    tlp.arg = PCIE_ROUTE_BY_ID;
    tlp.target = RID[1];
    tlp.length = 8;
    rig.raw->send(tlp);
    tlp.arg = PCIE_ROUTE_TO_ROOT;
    rig.raw->send(tlp);
    uint64_t before1 = endpoint_get_counters(rig.ep[1])->unsupported_requests;
    uint64_t before2 = endpoint_get_counters(rig.ep[2])->unsupported_requests;
    rig.drain();
    /* The endpoint does not take the message (it knows none), but it is the one that got it. */
    EXPECT_EQ(endpoint_get_counters(rig.ep[1])->unsupported_requests - before1, 1u);
    EXPECT_EQ(endpoint_get_counters(rig.ep[2])->unsupported_requests - before2, 0u);
    EXPECT_EQ(root_complex_get_counters(rig.rc)->messages, 1u);
}

/* ---- Order of the host's requests ---- */

/** The host's accesses to EP0's place, where a raw device leaves a class in its buffers. */
struct HostOrder : Rig {
    static Options make()
    {
        Options options;

        options.raw_ep0 = true;
        options.links[2] = options.link;
        options.links[2].lower_credits.posted_headers = 1;
        options.links[2].lower_credits.non_posted_headers = 1;
        options.links[0] = options.links[2];
        return options;
    }
    HostOrder() : Rig(make())
    {
    }
    void send(const std::vector<uint8_t> &types)
    {
        for (size_t i = 0; i < types.size(); i++) {
            if (types[i] == SIM_PACKET_READ) {
                bus_driver_read(host, sim_now(sim), BAR[0] + 8 * i, 4);
            } else {
                bus_driver_write(host, sim_now(sim), BAR[0] + 8 * i, i, 4);
            }
        }
    }
    std::vector<uint64_t> offsets() const
    {
        std::vector<uint64_t> result;

        for (const auto &got : raw->got) {
            result.push_back((got.tlp.address - BAR[0]) / 8);
        }
        return result;
    }
};

TEST(HostOrder, ReadsDoNotPassWrites)
{
    HostOrder rig;
    const uint8_t W = SIM_PACKET_WRITE;
    const uint8_t R = SIM_PACKET_READ;

    rig.raw->closed_until[PCIE_POSTED] = sim_now(rig.sim) + 100 * SIM_US;
    rig.send({W, W, W, W, W, R});
    sim_run(rig.sim, sim_now(rig.sim) + 500 * SIM_US);
    EXPECT_EQ(rig.offsets(), (std::vector<uint64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(HostOrder, WritesPassBlockedReads)
{
    HostOrder rig;
    const uint8_t W = SIM_PACKET_WRITE;
    const uint8_t R = SIM_PACKET_READ;
    sim_time open = sim_now(rig.sim) + 100 * SIM_US;

    rig.raw->closed_until[PCIE_NON_POSTED] = open;
    rig.send({R, R, R, R, W, W});
    sim_run(rig.sim, sim_now(rig.sim) + 500 * SIM_US);
    EXPECT_EQ(rig.offsets(), (std::vector<uint64_t>{4, 5, 0, 1, 2, 3}));
    EXPECT_LT(rig.raw->got[1].time, open);
    EXPECT_GE(rig.raw->got[2].time, open);
}

/** From below: the read is on the bus after the writes that came in before it, and returns what they wrote. */
TEST(DeviceOrder, ReadSeesEarlierWritesOfItsPort)
{
    Options options;
    options.raw_ep0 = true;
    options.rc.period = 20 * SIM_NS; /* all come in at one edge */
    Rig rig(options);
    Tlp tlp;

    for (uint64_t value = 1; value <= 3; value++) {
        tlp.address = MEMORY;
        tlp.requester = RID[0];
        tlp.value = value;
        rig.raw->send(tlp);
    }
    tlp.type = SIM_PACKET_READ;
    tlp.tag = 6;
    rig.raw->send(tlp);
    rig.drain();
    auto completions = rig.raw->got_of(SIM_PACKET_COMPLETION);
    ASSERT_EQ(completions.size(), 1u);
    EXPECT_EQ(completions[0].tlp.value, 3u);
    EXPECT_EQ(completions[0].tlp.tag, 6);
    EXPECT_EQ(rig.router->seen_from(FROM_DEVICES).back().type, SIM_PACKET_READ);
}

TEST(DeviceOrder, ReadWithoutBytesOnlyPushes)
{
    Options options;
    options.raw_ep0 = true;
    Rig rig(options);
    Tlp tlp;

    memory_write32(rig.mem, MEMORY, 0x12345678);
    tlp.type = SIM_PACKET_READ;
    tlp.address = MEMORY;
    tlp.requester = RID[0];
    tlp.first_be = 0;
    rig.raw->send(tlp);
    rig.drain();
    auto completions = rig.raw->got_of(SIM_PACKET_COMPLETION);
    ASSERT_EQ(completions.size(), 1u);
    EXPECT_EQ(completions[0].tlp.status, SIM_STATUS_OK);
    EXPECT_EQ(completions[0].tlp.length, 4u) << "one double word, of no particular value";
    ASSERT_EQ(rig.router->seen_from(FROM_DEVICES).size(), 1u);
    EXPECT_EQ(rig.router->seen_from(FROM_DEVICES)[0].length, 0u);
}

/** Answers to one read come in the order of the addresses, cut at the boundary where the root complex always does. */
TEST(DeviceOrder, CompletionsOfAReadAreInAddressOrder)
{
    for (bool chop : {false, true}) {
        Options options;
        options.raw_ep0 = true;
        options.rc.chop_completions = chop;
        Rig rig(options);
        Tlp tlp;
        std::vector<uint8_t> joined;

        for (uint32_t i = 0; i < 512; i += 4) {
            memory_write32(rig.mem, MEMORY + i, i * 7);
        }
        tlp.type = SIM_PACKET_READ;
        tlp.address = MEMORY + 0x20;
        tlp.requester = RID[0];
        tlp.length = 256;
        rig.raw->send(tlp);
        rig.drain();
        uint32_t rest = 256;
        for (const auto &got : rig.raw->got_of(SIM_PACKET_COMPLETION)) {
            EXPECT_EQ(got.tlp.arg, rest);
            EXPECT_LE(got.tlp.length, chop ? 64u : 128u);
            joined.insert(joined.end(), got.data.begin(), got.data.end());
            rest -= got.tlp.length;
        }
        ASSERT_EQ(joined.size(), 256u);
        std::vector<uint8_t> expected(256);
        memory_read(rig.mem, MEMORY + 0x20, expected.data(), 256);
        EXPECT_EQ(joined, expected);
        EXPECT_EQ(rig.raw->got_of(SIM_PACKET_COMPLETION).size(), chop ? 5u : 3u);
    }
}

} // namespace

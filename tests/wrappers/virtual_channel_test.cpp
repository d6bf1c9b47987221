/* Virtual channels over TLP sockets: software switches one on at both ends of each link, a traffic class takes it. */
#include "tests/wrappers/kernel.h"

#include "examples/common/bus.h"
#include "examples/common/enumerate.h"
#include "examples/common/initiator.h"
#include "examples/common/memory.h"
#include "wrappers/pcie.h"
#include "wrappers/tlp_bridge.h"

#include <cstring>

namespace
{

using wrappers_test::Checkers;
using wrappers_test::ns;
using wrappers_test::Thread;

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kSize = 1 << 20;
constexpr uint64_t kEcam = UINT64_C(0x4000000000);
constexpr uint64_t kWindow = 0x10000000;
constexpr unsigned kPending = 2; /* VC Negotiation Pending, in VC Resource Status (7.9.1.8) */

/** Descriptions hold pointers into themselves. */
struct Descriptions {
    root_port_config root_port = {};
    root_complex_config root_complex = {};
    pcie_downstream_config downstream = {};
    pcie_switch_config switch_ = {};
    endpoint_function_config function = {};
    endpoint_config endpoint = {};
    pcie_link_config link = {};

    Descriptions()
    {
        pcie_link_config_init(&link);
        link.virtual_channels = 2;
        root_complex_config_init(&root_complex);
        root_port.identity.vendor_id = 0x13b5;
        root_port.identity.class_code = 0x060400;
        root_port.virtual_channels.extended = 1;
        root_complex.last_bus = 255;
        root_complex.ecam_base = kEcam;
        root_complex.ports = &root_port;
        root_complex.port_count = 1;
        root_complex.memory_ports = 1;
        pcie_switch_config_init(&switch_);
        downstream.identity = root_port.identity;
        downstream.virtual_channels.extended = 1;
        switch_.identity = root_port.identity;
        switch_.virtual_channels.extended = 1;
        switch_.downstream = &downstream;
        switch_.downstream_count = 1;
        endpoint_config_init(&endpoint);
        function.identity = root_port.identity;
        function.identity.class_code = 0x020000;
        function.bars[0].size = 65536;
        endpoint.functions = &function;
        endpoint.function_count = 1;
        endpoint.virtual_channels.extended = 1;
    }
};

/* What every platform here has. */
struct Host : Descriptions {
    Host()
        : whole("doorbell"), rc("rc", whole, root_complex, {link}, {true}), pe("pe"),
          memory("memory", kMemory, kSize, ns(80)), bus("bus", ns(10), ns(10))
    {
        checkers.join(rc.memory(0), bus.add_initiator());
        checkers.join(pe.socket, bus.add_initiator());
        checkers.join(bus.add_target(kMemory, kMemory + kSize - 1), memory.socket);
        checkers.join(bus.add_target(kEcam, kEcam + (UINT64_C(1) << 28) - 1), rc.host());
        bus.add_range(kWindow, kWindow + (1 << 28) - 1);
    }

    void run(std::function<void()> program)
    {
        Thread thread("program", std::move(program));

        sc_core::sc_start();
        EXPECT_TRUE(thread.done);
    }

    uint32_t read(unsigned rid, unsigned offset)
    {
        return pe.read32(kEcam + (uint64_t{rid} << 12) + offset);
    }

    void write(unsigned rid, unsigned offset, uint32_t value)
    {
        pe.write32(kEcam + (uint64_t{rid} << 12) + offset, value);
    }

    /* Where a function's virtual channel capability lies (7.9.1); 0: it has none. */
    unsigned capability(unsigned rid)
    {
        unsigned at = 0x100;

        while (at != 0 && (read(rid, at) & 0xffff) != 0x0002) {
            at = read(rid, at) >> 20;
        }
        return at;
    }

    /* TC1 takes VC1, all others VC0; on or off. */
    void switch_vc1(unsigned rid, bool on)
    {
        const unsigned at = capability(rid);

        ASSERT_NE(at, 0u) << std::hex << rid;
        write(rid, at + 0x14, UINT32_C(1) << 31 | (on ? 0xfd : 0xff));
        write(rid, at + 0x20, UINT32_C(1) << 24 | (on ? UINT32_C(1) << 31 | 0x02 : 0));
    }

    /* Whether flow control of VC1 is not initialised; a debugger sees the same. */
    bool is_pending(unsigned rid)
    {
        const unsigned at = capability(rid) + 0x24;
        const uint32_t real = read(rid, at);
        uint32_t seen = ~real;

        EXPECT_EQ(pe.debug(tlm::TLM_READ_COMMAND, kEcam + (uint64_t{rid} << 12) + at, &seen, 4), 4u);
        EXPECT_EQ(seen, real);
        return (real >> 16 & kPending) != 0;
    }

    Checkers checkers;
    doorbell::simulation whole;
    doorbell::root_complex rc;
    example::initiator pe;
    example::memory memory;
    example::bus bus;
};

struct WithEndpoint : Host {
    WithEndpoint()
        : sw("sw", whole, switch_, link, false, {link}),
          endpoint("endpoint", whole, Descriptions::endpoint, link, true), device("device")
    {
        checkers.join_link(rc.link(0), sw.upstream());
        checkers.join_link(sw.downstream(0), endpoint.link());
        checkers.join(device.socket, endpoint.interrupts);
    }

    /* Has the endpoint write a number to memory with a traffic class. @return whether it arrived */
    bool sends(uint32_t number, uint8_t traffic_class)
    {
        const uint64_t at = kMemory + 0x1000 + 8 * number;
        endpoint_job job = {};
        uint8_t bytes[4];

        sim_store_le32(bytes, number);
        job.kind = ENDPOINT_DMA_WRITE;
        job.address = at;
        job.bytes = sizeof(bytes);
        job.data = bytes;
        job.traffic_class = traffic_class;
        EXPECT_TRUE(endpoint.request(job));
        sc_core::wait(ns(5000));
        return std::memcmp(memory.at(at), bytes, sizeof(bytes)) == 0;
    }

    /* Posted TLPs that a link has carried up on a virtual channel. */
    static uint64_t carried(doorbell::tlp_port &lower, unsigned vc)
    {
        return lower.port()->queues[pcie_queue(vc, PCIE_POSTED)].transmit->pushed;
    }

    doorbell::pcie_switch sw;
    doorbell::pcie_endpoint endpoint;
    example::initiator device;
};

constexpr unsigned kRootPort = 0x0000;
constexpr unsigned kUpstream = 0x0100;
constexpr unsigned kDownstream = 0x0200;
constexpr unsigned kEndpoint = 0x0300;

TEST(WrapperVirtualChannels, OneIsThereWhenBothEndsHaveSwitchedItOn)
{
    WithEndpoint platform;

    platform.run([&] {
        example::enumerator(platform.pe, kEcam, kWindow).scan();
        platform.switch_vc1(kRootPort, true);
        EXPECT_TRUE(platform.is_pending(kRootPort));
        platform.switch_vc1(kUpstream, true);
        sc_core::wait(ns(1000));
        EXPECT_FALSE(platform.is_pending(kRootPort));
        EXPECT_FALSE(platform.is_pending(kUpstream));
        platform.switch_vc1(kEndpoint, true);
        EXPECT_TRUE(platform.is_pending(kEndpoint));
        platform.switch_vc1(kDownstream, true);
        sc_core::wait(ns(1000));
        EXPECT_FALSE(platform.is_pending(kEndpoint));
        EXPECT_FALSE(platform.is_pending(kDownstream));
        /* One end goes back. */
        platform.switch_vc1(kDownstream, false);
        EXPECT_TRUE(platform.is_pending(kEndpoint));
    });
}

TEST(WrapperVirtualChannels, ATrafficClassTakesItsChannel)
{
    WithEndpoint platform;

    platform.run([&] {
        example::enumerator(platform.pe, kEcam, kWindow).scan();
        EXPECT_TRUE(platform.sends(1, 1)); /* as TC0, while there is VC0 only */
        EXPECT_EQ(WithEndpoint::carried(platform.endpoint.link(), 1), 0u);
        for (const unsigned rid : {kRootPort, kUpstream, kDownstream, kEndpoint}) {
            platform.switch_vc1(rid, true);
        }
        sc_core::wait(ns(1000));
        const uint64_t before = WithEndpoint::carried(platform.endpoint.link(), 0);
        EXPECT_TRUE(platform.sends(2, 1));
        EXPECT_TRUE(platform.sends(3, 0));
        EXPECT_TRUE(platform.sends(4, 5));
        EXPECT_EQ(WithEndpoint::carried(platform.endpoint.link(), 1), 1u);
        EXPECT_EQ(WithEndpoint::carried(platform.sw.upstream(), 1), 1u);
        EXPECT_EQ(WithEndpoint::carried(platform.endpoint.link(), 0), before + 2);
        EXPECT_EQ(platform.rc.link(0).overruns() + platform.sw.downstream(0).overruns(), 0u);

        /* A port above that has no channel for TC1 takes it for malformed (2.5.3). */
        platform.write(kRootPort, platform.capability(kRootPort) + 0x20, UINT32_C(1) << 31 | UINT32_C(1) << 24);
        EXPECT_FALSE(platform.sends(5, 1));
        EXPECT_TRUE(platform.sends(6, 0));
    });
}

/* An end that has VC0 only, of somebody else's. */
TEST(WrapperVirtualChannels, NoneIsThereAgainstABridge)
{
    Host platform;
    doorbell::tlp_bridge bridge("bridge");
    example::initiator device("device");
    example::memory registers("registers", kWindow, 65536, ns(30));

    platform.checkers.join_link(platform.rc.link(0), bridge);
    platform.checkers.join(device.socket, bridge.dma);
    platform.checkers.join(bridge.registers, registers.socket);
    platform.run([&] {
        platform.switch_vc1(kRootPort, true);
        sc_core::wait(ns(10000));
        EXPECT_TRUE(platform.is_pending(kRootPort));
        example::enumerator(platform.pe, kEcam, kWindow).scan();
        uint32_t word = 0x12345678;
        device.access(tlm::TLM_WRITE_COMMAND, kMemory + 0x100, &word, 4); /* TC0 */
        sc_core::wait(ns(1000));
        EXPECT_EQ(std::memcmp(platform.memory.at(kMemory + 0x100), &word, 4), 0);
    });
}

/* A TLP on a channel that the link has not: refused, and not lost without a word. */
TEST(WrapperVirtualChannels, AChannelTooManyIsAnOverrun)
{
    WithEndpoint platform;

    platform.run([&] {
        tlm::tlm_generic_payload payload;
        doorbell::tlp header;
        uint32_t word = 0;
        sc_core::sc_time delay;

        header.kind = doorbell::tlp_kind::memory_write;
        header.length = 4;
        header.virtual_channel = 2;
        payload.set_command(tlm::TLM_WRITE_COMMAND);
        payload.set_data_ptr(reinterpret_cast<unsigned char *>(&word));
        payload.set_data_length(4);
        payload.set_streaming_width(4);
        payload.set_extension(&header);
        platform.endpoint.link().transmit->b_transport(payload, delay);
        EXPECT_EQ(payload.get_response_status(), tlm::TLM_COMMAND_ERROR_RESPONSE);
        header.kind = doorbell::tlp_kind::init_fc;
        header.enabled = true;
        payload.set_command(tlm::TLM_IGNORE_COMMAND);
        payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        platform.endpoint.link().transmit->b_transport(payload, delay);
        EXPECT_EQ(payload.get_response_status(), tlm::TLM_COMMAND_ERROR_RESPONSE);
        payload.clear_extension<doorbell::tlp>();
    });
}

} // namespace

/*
 * Debug accesses through PCI Express: they find what real ones find, everywhere, and leave no trace.
 *
 *   pe ── bus ── rc ═══ sw ═╦═ endpoint
 *          │      ║         ╚═ bridge ── device (dma), registers, config
 *     memory ── smmu         (rc's second port: another endpoint)
 */
#include "tests/wrappers/kernel.h"

#include "examples/common/bus.h"
#include "examples/common/enumerate.h"
#include "examples/common/firmware.h"
#include "examples/common/initiator.h"
#include "examples/common/memory.h"
#include "wrappers/pcie.h"
#include "wrappers/smmu.h"
#include "wrappers/tlp_bridge.h"

#include <array>
#include <cstring>

namespace
{

using wrappers_test::Checkers;
using wrappers_test::ns;
using wrappers_test::Thread;

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kSize = 16 << 20;
constexpr uint64_t kEcam = UINT64_C(0x4000000000);
constexpr uint64_t kWindow = 0x10000000;
constexpr uint64_t kSmmu = 0x09050000;
constexpr uint64_t kIova = 0x5000;
constexpr uint64_t kPhysical = kMemory + 0x900000;

pcie_identity identity_of(uint16_t device, uint32_t class_code)
{
    pcie_identity identity = {};

    identity.vendor_id = 0x13b5;
    identity.device_id = device;
    identity.class_code = class_code;
    return identity;
}

/** Descriptions hold pointers into themselves. */
struct Descriptions {
    root_port_config root_ports[2] = {};
    pcie_map_entry streams = {0, 0x10000, 0, 0};
    root_complex_config root_complex = {};
    pcie_downstream_config downstream[2] = {};
    pcie_switch_config switch_ = {};
    endpoint_function_config functions[2] = {};
    endpoint_config endpoint = {};
    pcie_link_config link = {};
    smmu_config smmu = {};

    Descriptions()
    {
        pcie_link_config_init(&link);
        root_complex_config_init(&root_complex);
        for (unsigned i = 0; i < 2; i++) {
            root_ports[i].device = i + 1;
            root_ports[i].identity = identity_of(0x100, 0x060400);
            downstream[i].device = i;
            downstream[i].identity = identity_of(0x200, 0x060400);
            functions[i].identity = identity_of(0x300, 0x020000);
            functions[i].bars[0].size = 65536;
            functions[i].bars[2].size = 4096;
            functions[i].msix_vectors = 4;
        }
        root_complex.last_bus = 255;
        root_complex.ecam_base = kEcam;
        root_complex.ports = root_ports;
        root_complex.port_count = 2;
        root_complex.memory_ports = 1;
        root_complex.iommu_map = {&streams, 1, 0xffff};
        pcie_switch_config_init(&switch_);
        switch_.identity = identity_of(0x200, 0x060400);
        switch_.downstream = downstream;
        switch_.downstream_count = 2;
        endpoint_config_init(&endpoint);
        endpoint.functions = functions;
        endpoint.function_count = 2;
        smmu_config_defaults(&smmu);
        smmu.base = kSmmu;
    }
};

/* A type 0 header with one BAR of 64 KiB, which debuggers can read. */
class ConfigSpace : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<ConfigSpace> socket;

    explicit ConfigSpace(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket")
    {
        const uint32_t ids = 0x123413b5;

        std::memcpy(bytes_, &ids, 4);
        socket.register_b_transport(this, &ConfigSpace::b_transport);
        socket.register_transport_dbg(this, &ConfigSpace::transport_dbg);
    }

  private:
    void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &)
    {
        const unsigned char *enables = payload.get_byte_enable_ptr();

        for (unsigned i = 0; i < payload.get_data_length(); i++) {
            const uint64_t at = payload.get_address() + i;

            if (enables != nullptr && enables[i] == TLM_BYTE_DISABLED) {
                continue;
            }
            if (payload.is_read()) {
                payload.get_data_ptr()[i] = at < sizeof(bytes_) ? bytes_[at] : 0;
            } else if (at == 0x12 || at == 0x13 || at == 0x04) {
                bytes_[at] = payload.get_data_ptr()[i];
            }
        }
        payload.set_response_status(at_most(payload) ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }

    unsigned transport_dbg(tlm::tlm_generic_payload &payload)
    {
        for (unsigned i = 0; payload.is_read() && at_most(payload) && i < payload.get_data_length(); i++) {
            const uint64_t at = payload.get_address() + i;

            payload.get_data_ptr()[i] = at < sizeof(bytes_) ? bytes_[at] : 0;
        }
        return payload.is_read() && at_most(payload) ? payload.get_data_length() : 0;
    }

    /* There is function 0 only. */
    static bool at_most(const tlm::tlm_generic_payload &payload)
    {
        return payload.get_address() < 4096;
    }

    unsigned char bytes_[256] = {};
};

struct Platform : Descriptions {
    Platform()
        : whole("doorbell"), rc("rc", whole, root_complex, {link, link}, {true, false}),
          sw("sw", whole, switch_, link, false, {link, link}),
          endpoint("endpoint", whole, Descriptions::endpoint, link, true),
          other("other", whole, Descriptions::endpoint, link, false), bridge("bridge"),
          smmu("smmu", whole, Descriptions::smmu), device("device"), pe("pe"), signals("signals"),
          more_signals("more_signals"), registers("registers", kWindow, 4 << 20, ns(30)),
          memory("memory", kMemory, kSize, ns(80)), bus("bus", ns(10), ns(10)), space("space"), software(pe, kMemory)
    {
        checkers.join_link(rc.link(0), sw.upstream());
        checkers.join_link(sw.downstream(0), endpoint.link());
        checkers.join_link(rc.link(1), other.link());
        checkers.join_link(sw.downstream(1), bridge);
        checkers.join(device.socket, bridge.dma);
        checkers.join(bridge.registers, registers.socket);
        checkers.join(bridge.config, space.socket);
        checkers.join(signals.socket, endpoint.interrupts);
        checkers.join(more_signals.socket, other.interrupts);
        checkers.join(rc.memory(0), smmu.tbu(0));
        checkers.join(smmu.memory(0), bus.add_initiator());
        checkers.join(smmu.walker(), bus.add_initiator());
        checkers.join(pe.socket, bus.add_initiator());
        checkers.join(bus.add_target(kMemory, kMemory + kSize - 1), memory.socket);
        checkers.join(bus.add_target(kSmmu, kSmmu + SMMU_WINDOW_BYTES - 1), smmu.registers());
        checkers.join(bus.add_target(kEcam, kEcam + (UINT64_C(1) << 28) - 1), rc.host());
        bus.add_range(kWindow, kWindow + (1 << 28) - 1);
    }

    /* Enumerates; the devices' StreamIDs have a page. */
    void start()
    {
        example::enumerator enumerator(pe, kEcam, kWindow);

        functions = enumerator.scan();
        ASSERT_EQ(functions.size(), 3u);
        unit = software.start_smmu(kSmmu);
        const uint64_t context = software.make_context(unit);
        software.map(context, kIova, kPhysical);
        software.map(context, kIova + 0x2000, kPhysical + 0x1000, false);
        for (const auto &function : functions) {
            software.attach(unit, function.rid, context);
        }
    }

    void run(std::function<void()> program)
    {
        Thread thread("program", std::move(program));

        sc_core::sc_start();
        EXPECT_TRUE(thread.done);
    }

    static uint64_t ecam(unsigned rid, unsigned offset)
    {
        return kEcam + (uint64_t{rid} << 12) + offset;
    }

    unsigned peek(uint64_t address, void *data, unsigned length)
    {
        return pe.debug(tlm::TLM_READ_COMMAND, address, data, length);
    }

    /* All counters of the simulation: what a real access would have changed. */
    std::vector<uint64_t> counters()
    {
        std::vector<uint64_t> all;

        for (uint32_t i = 0; i < sim_counter_count(whole.handle()); i++) {
            const char *component;
            const char *name;
            uint64_t value;

            sim_counter_get(whole.handle(), i, &component, &name, &value);
            all.push_back(value);
        }
        return all;
    }

    Checkers checkers;
    doorbell::simulation whole;
    doorbell::root_complex rc;
    doorbell::pcie_switch sw;
    doorbell::pcie_endpoint endpoint;
    doorbell::pcie_endpoint other;
    doorbell::tlp_bridge bridge;
    doorbell::smmu smmu;
    example::initiator device;
    example::initiator pe;
    example::initiator signals;
    example::initiator more_signals;
    example::memory registers;
    example::memory memory;
    example::bus bus;
    ConfigSpace space;
    example::firmware software;
    std::vector<example::function> functions;
    example::firmware::smmu unit = {};
};

/* Every function there is, and some that there are not. */
constexpr std::array<unsigned, 12> kIds = {0x0008, 0x0010, 0x0100, 0x0200, 0x0208, 0x0300,
                                           0x0301, 0x0400, 0x0500, 0x0501, 0x0302, 0x0000};

TEST(WrapperPcieDebug, EveryRegisterReadsAsRealAccessesDo)
{
    Platform platform;

    platform.run([&] {
        ASSERT_NO_FATAL_FAILURE(platform.start());
        const auto before = platform.counters();
        const sc_core::sc_time time = sc_core::sc_time_stamp();
        std::vector<std::vector<uint8_t>> spaces;
        unsigned there = 0;

        for (const unsigned id : kIds) {
            std::vector<uint8_t> bytes(4096);

            const unsigned moved = platform.peek(Platform::ecam(id, 0), bytes.data(), 4096);
            EXPECT_TRUE(moved == 4096 || moved == 0) << std::hex << id;
            bytes.resize(moved);
            there += moved > 0 ? 1 : 0;
            spaces.push_back(bytes);
        }
        EXPECT_EQ(platform.counters(), before);
        EXPECT_EQ(sc_core::sc_time_stamp(), time);
        EXPECT_EQ(there, 10u);
        for (size_t i = 0; i < kIds.size(); i++) {
            for (unsigned offset = 0; offset < 4096; offset += 4) {
                const uint32_t real = platform.pe.read32(Platform::ecam(kIds[i], offset));
                uint32_t seen = UINT32_MAX;

                if (!spaces[i].empty()) {
                    std::memcpy(&seen, &spaces[i][offset], 4);
                }
                ASSERT_EQ(seen, real) << std::hex << kIds[i] << " " << offset;
            }
        }
        /* Parts of registers, and more than one. */
        for (unsigned offset = 0; offset < 12; offset++) {
            for (unsigned length = 1; length < 14; length++) {
                std::vector<uint8_t> bytes(length);

                ASSERT_EQ(platform.peek(Platform::ecam(0x0300, offset), bytes.data(), length), length);
                EXPECT_EQ(std::memcmp(bytes.data(), &spaces[5][offset], length), 0) << offset << " " << length;
            }
        }
    });
}

TEST(WrapperPcieDebug, StatusBitsStayAsTheyAre)
{
    Platform platform;

    platform.run([&] {
        ASSERT_NO_FATAL_FAILURE(platform.start());
        /* Function 0x302 is absent: an unsupported request, of which status bits and counters tell. */
        std::array<uint8_t, 4096> clean;
        std::array<uint8_t, 4096> first;
        std::array<uint8_t, 4096> second;
        const uint64_t port = Platform::ecam(0x0200, 0);

        platform.peek(port, clean.data(), 4096);
        platform.pe.read32(Platform::ecam(0x0210, 0)); /* no such downstream port */
        platform.pe.read32(platform.functions[0].bar0 + 0x80000);
        platform.peek(Platform::ecam(0x0100, 0), first.data(), 4096);
        const auto before = platform.counters();
        for (unsigned id : {0x0210u, 0x0302u, 0x0600u}) {
            uint32_t word = 0;
            EXPECT_EQ(platform.peek(Platform::ecam(id, 0), &word, 4), 0u);
        }
        uint32_t ones = UINT32_MAX;
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, Platform::ecam(0x0100, 4), &ones, 4), 0u);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, Platform::ecam(0x0300, 4), &ones, 4), 0u);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, Platform::ecam(0x0008, 4), &ones, 4), 0u);
        EXPECT_EQ(platform.counters(), before);
        platform.peek(Platform::ecam(0x0100, 0), second.data(), 4096);
        EXPECT_EQ(first, second);
        bool told = false;
        for (unsigned offset = 0; offset < 4096; offset += 4) {
            uint32_t seen;

            std::memcpy(&seen, &first[offset], 4);
            ASSERT_EQ(seen, platform.pe.read32(Platform::ecam(0x0100, offset))) << offset;
        }
        /* The upstream port has recorded it: Unsupported Request Detected in Device Status. */
        for (unsigned at = first[0x34]; at != 0; at = first[at + 1]) {
            told = told || (first[at] == 0x10 && (first[at + 0xa] & 0x08) != 0);
        }
        EXPECT_TRUE(told);
    });
}

TEST(WrapperPcieDebug, PendingVectorsAreSeenAndStayPending)
{
    Platform platform;

    platform.run([&] {
        ASSERT_NO_FATAL_FAILURE(platform.start());
        const example::function &function = platform.functions[0];
        example::enumerator enumerator(platform.pe, kEcam, kWindow);
        std::array<uint8_t, 64> table;
        uint32_t pending_at = 0;
        uint64_t pending = 0;

        enumerator.enable_vector(function, 2, kIova + 0x40, 0xbeef);
        platform.pe.write32(function.msix_table + 2 * 16 + 12, 1); /* masked */
        pending_at = enumerator.read(function.rid, function.msix_capability + 8);
        const uint64_t bits = function.bar0 + (pending_at & ~UINT32_C(7));
        EXPECT_EQ(pending_at & 7, 0u); /* BAR 0 */
        platform.pe.read32(bits);      /* the mask is there */
        platform.signals.write32(0, 2);
        sc_core::wait(ns(2000));
        const auto before = platform.counters();
        for (unsigned turn = 0; turn < 3; turn++) {
            ASSERT_EQ(platform.peek(bits, &pending, 8), 8u);
            EXPECT_EQ(pending, 4u);
            ASSERT_EQ(platform.peek(function.msix_table, table.data(), 64), 64u);
        }
        uint64_t nothing = 0;
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, bits, &nothing, 8), 0u);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, function.msix_table + 44, &nothing, 4), 0u);
        EXPECT_EQ(platform.counters(), before);
        for (unsigned offset = 0; offset < 64; offset += 4) {
            uint32_t seen;

            std::memcpy(&seen, &table[offset], 4);
            EXPECT_EQ(seen, platform.pe.read32(function.msix_table + offset));
        }
        EXPECT_EQ(platform.pe.read64(bits), 4u);
        EXPECT_EQ(platform.software.load(kPhysical + 0x40), 0u);
        platform.pe.write32(function.msix_table + 2 * 16 + 12, 0);
        sc_core::wait(ns(5000));
        EXPECT_EQ(platform.software.load(kPhysical + 0x40), 0xbeefu); /* once, when it was let go */
        platform.peek(bits, &pending, 8);
        EXPECT_EQ(pending, 0u);
    });
}

TEST(WrapperPcieDebug, ADeviceOfOnesOwnIsReachedBothWays)
{
    Platform platform;

    platform.run([&] {
        ASSERT_NO_FATAL_FAILURE(platform.start());
        const example::function &own =
            platform.functions[2].rid == 0x0400 ? platform.functions[2] : platform.functions[1];
        std::vector<uint8_t> out(3000);
        std::vector<uint8_t> in(3000);

        for (size_t i = 0; i < out.size(); i++) {
            out[i] = static_cast<uint8_t>(i * 7 + 1);
        }
        const uint64_t served = platform.registers.accesses;
        const uint64_t stored = platform.memory.accesses;
        const auto before = platform.counters();
        const sc_core::sc_time time = sc_core::sc_time_stamp();

        /* Down. */
        ASSERT_NE(own.bar0, 0u);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, own.bar0 + 0x123, out.data(), 3000), 3000u);
        EXPECT_EQ(std::memcmp(platform.registers.at(own.bar0 + 0x123), out.data(), 3000), 0);
        EXPECT_EQ(platform.peek(own.bar0 + 0x123, in.data(), 3000), 3000u);
        EXPECT_EQ(in, out);
        /* The second BAR follows the first, and nothing follows that. */
        EXPECT_EQ(platform.functions[0].rid, 0x0300);
        EXPECT_EQ(platform.peek(platform.functions[0].bar0 + 0x11000 - 5, in.data(), 16), 5u);
        std::fill(in.begin(), in.end(), 0);
        EXPECT_EQ(platform.peek(own.bar0 + 0x123, in.data(), 3000), 3000u);

        /* Up: through the page that its StreamID has, and no further. */
        EXPECT_EQ(platform.device.debug(tlm::TLM_WRITE_COMMAND, kIova + 0x101, out.data(), 3000), 3000u);
        EXPECT_EQ(std::memcmp(platform.memory.at(kPhysical + 0x101), out.data(), 3000), 0);
        std::fill(in.begin(), in.end(), 0);
        EXPECT_EQ(platform.device.debug(tlm::TLM_READ_COMMAND, kIova + 0x101, in.data(), 3000), 3000u);
        EXPECT_EQ(in, out);
        EXPECT_EQ(platform.device.debug(tlm::TLM_WRITE_COMMAND, kIova + 0xff3, out.data(), 32), 13u);
        EXPECT_EQ(platform.device.debug(tlm::TLM_WRITE_COMMAND, kIova + 0x2000, out.data(), 4), 0u); /* not writable */
        EXPECT_EQ(platform.device.debug(tlm::TLM_READ_COMMAND, kIova + 0x2000, in.data(), 4), 4u);

        EXPECT_EQ(platform.registers.accesses, served);
        EXPECT_EQ(platform.memory.accesses, stored);
        EXPECT_EQ(platform.counters(), before);
        EXPECT_EQ(sc_core::sc_time_stamp(), time);

        /* Software takes Bus Master Enable away from the port above it. */
        platform.pe.write32(Platform::ecam(0x0208, 4), 0x2);
        EXPECT_EQ(platform.device.debug(tlm::TLM_READ_COMMAND, kIova, in.data(), 4), 0u);
        EXPECT_EQ(platform.peek(own.bar0, in.data(), 4), 4u);
        platform.pe.write32(Platform::ecam(0x0208, 4), 0x4); /* and Memory Space */
        EXPECT_EQ(platform.peek(own.bar0, in.data(), 4), 0u);
    });
}

TEST(WrapperPcieDebug, BarsReadAsRealAccessesDo)
{
    Platform platform;

    platform.run([&] {
        ASSERT_NO_FATAL_FAILURE(platform.start());
        for (unsigned i = 0; i < 20; i++) {
            platform.pe.write32(platform.functions[0].bar0 + 4 * i, 0x01010101 * i);
        }
        for (const example::function &function : platform.functions) {
            for (const uint64_t offset : {UINT64_C(0), UINT64_C(0x23), UINT64_C(0x4e), UINT64_C(0xfffc)}) {
                std::array<uint8_t, 4> seen;
                std::array<uint8_t, 4> real;
                const unsigned moved = platform.peek(function.bar0 + offset, seen.data(), 4);

                platform.pe.access(tlm::TLM_READ_COMMAND, function.bar0 + offset, real.data(), 4);
                ASSERT_EQ(platform.pe.status, tlm::TLM_OK_RESPONSE);
                EXPECT_EQ(moved, 4u) << std::hex << function.rid << " " << offset;
                EXPECT_EQ(seen, real) << std::hex << function.rid << " " << offset;
            }
        }
        uint32_t value = 1;
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, platform.functions[0].bar0, &value, 4), 0u);
        EXPECT_EQ(platform.signals.debug(tlm::TLM_WRITE_COMMAND, 0, &value, 4), 0u);
        EXPECT_EQ(platform.signals.debug(tlm::TLM_READ_COMMAND, 0, &value, 4), 0u);
    });
}

/* Nobody would tell when a window, a BAR or a translation of another's changes. */
TEST(WrapperPcieDebug, DirectMemoryIsRefused)
{
    Platform platform;

    platform.run([&] {
        ASSERT_NO_FATAL_FAILURE(platform.start());
        const auto granted = [](example::initiator &who, uint64_t address) {
            tlm::tlm_generic_payload payload;
            tlm::tlm_dmi given;
            unsigned char byte = 0;

            payload.set_read();
            payload.set_address(address);
            payload.set_data_ptr(&byte);
            payload.set_data_length(1);
            payload.set_streaming_width(1);
            return who.socket->get_direct_mem_ptr(payload, given);
        };

        EXPECT_TRUE(granted(platform.pe, kMemory)); /* of the memory itself */
        EXPECT_FALSE(granted(platform.pe, kEcam));
        for (const example::function &function : platform.functions) {
            EXPECT_FALSE(granted(platform.pe, function.bar0));
        }
        EXPECT_FALSE(granted(platform.device, kIova));
        EXPECT_FALSE(granted(platform.signals, 0));
    });
}

/* What is no TLP finds nobody. */
TEST(WrapperPcieDebug, TlpSocketsWantTlps)
{
    Platform platform;

    platform.run([&] {
        ASSERT_NO_FATAL_FAILURE(platform.start());
        tlm::tlm_generic_payload payload;
        uint32_t word = 0;
        doorbell::tlp message;

        payload.set_read();
        payload.set_address(platform.functions[0].bar0);
        payload.set_data_ptr(reinterpret_cast<unsigned char *>(&word));
        payload.set_data_length(4);
        EXPECT_EQ(platform.rc.link(0).debug(payload), 0u);
        message.kind = doorbell::tlp_kind::message;
        payload.set_extension(&message);
        EXPECT_EQ(platform.rc.link(0).debug(payload), 0u);
        EXPECT_EQ(platform.sw.downstream(1).debug(payload), 0u);
        payload.clear_extension<doorbell::tlp>();
    });
}

} // namespace

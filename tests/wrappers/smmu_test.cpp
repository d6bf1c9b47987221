/* doorbell::smmu between a device, a memory and a PE, none of which knows anything of Doorbell. */
#include "tests/wrappers/smmu_platform.h"

#include <cstring>
#include <random>

namespace
{

using wrappers_test::kMemory;
using wrappers_test::kRegisters;
using wrappers_test::kSize;
using wrappers_test::kStream;
using wrappers_test::ns;
using wrappers_test::Platform;

TEST(WrapperSmmu, RegistersReadAsTheModelsDo)
{
    Platform platform;

    platform.run([&] {
        const uint32_t idr1 = platform.pe.read32(kRegisters + SMMU_IDR1);
        uint32_t seen = 0;

        EXPECT_EQ(idr1 & 0x3f, 16u);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_READ_COMMAND, kRegisters + SMMU_IDR1, &seen, 4), 4u);
        EXPECT_EQ(seen, idr1);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, kRegisters + SMMU_CR0, &seen, 4), 0u);
    });
}

TEST(WrapperSmmu, TranslatesThroughTablesInSomebodyElsesMemory)
{
    Platform platform;

    platform.run([&] {
        auto unit = platform.software.start_smmu(kRegisters);
        const uint64_t context = platform.software.make_context(unit);
        const uint64_t physical = kMemory + 0x800000;

        platform.software.map(context, 0x1000, physical);
        platform.software.attach(unit, kStream, context);
        platform.device.write32(0x1234, 0xcafef00d);
        EXPECT_EQ(platform.device.status, tlm::TLM_OK_RESPONSE);
        sc_core::wait(ns(1000)); /* the write was posted */
        EXPECT_EQ(platform.software.load(physical + 0x234) & UINT32_MAX, 0xcafef00du);
        EXPECT_EQ(platform.device.read32(0x1234), 0xcafef00du);
        EXPECT_EQ(platform.device.status, tlm::TLM_OK_RESPONSE);
        platform.device.read32(0x2000);
        EXPECT_EQ(platform.device.status, tlm::TLM_GENERIC_ERROR_RESPONSE);
    });
}

/* What the generic payload says about byte enables, streaming and length, done to a plain array. */
class Reference
{
  public:
    explicit Reference(size_t size) : bytes(size)
    {
    }

    void access(const tlm::tlm_generic_payload &payload, unsigned char *data, uint64_t base)
    {
        for (unsigned i = 0; i < payload.get_data_length(); i++) {
            const uint64_t at = payload.get_address() - base + i % payload.get_streaming_width();
            const unsigned char *enables = payload.get_byte_enable_ptr();

            if (enables != nullptr && enables[i % payload.get_byte_enable_length()] == TLM_BYTE_DISABLED) {
                continue;
            }
            if (payload.is_write()) {
                bytes[at] = data[i];
            } else {
                data[i] = bytes[at];
            }
        }
    }

    std::vector<uint8_t> bytes;
};

TEST(WrapperSmmu, TakesEveryFormOfTheGenericPayload)
{
    doorbell::smmu::options how = Platform::with_stream();
    std::mt19937 random(1);
    const auto draw = [&random](unsigned least, unsigned most) {
        return std::uniform_int_distribution<unsigned>(least, most)(random);
    };

    how.write_outcomes = true; /* so that a read sees the write before it */
    Platform platform(how);
    platform.run([&] {
        Reference reference(16384);

        for (unsigned turn = 0; turn < 400; turn++) {
            tlm::tlm_generic_payload payload;
            std::vector<unsigned char> data(draw(1, turn % 10 == 0 ? 9000 : 70));
            std::vector<unsigned char> enables(draw(1, 9));
            sc_core::sc_time delay = ns(draw(0, 3));

            for (auto &byte : data) {
                byte = static_cast<unsigned char>(draw(0, 255));
            }
            for (auto &byte : enables) {
                byte = draw(0, 2) > 0 ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
            }
            std::vector<unsigned char> expected = data;
            payload.set_command(draw(0, 1) == 0 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
            payload.set_address(kMemory + draw(0, static_cast<unsigned>(16384 - data.size())));
            payload.set_data_ptr(data.data());
            payload.set_data_length(static_cast<unsigned>(data.size()));
            payload.set_streaming_width(draw(0, 2) > 0 ? static_cast<unsigned>(data.size())
                                                       : draw(1, static_cast<unsigned>(data.size())));
            if (draw(0, 2) == 0) {
                payload.set_byte_enable_ptr(enables.data());
                payload.set_byte_enable_length(static_cast<unsigned>(enables.size()));
            }
            if (data.size() > 1000) {
                payload.set_streaming_width(static_cast<unsigned>(data.size()));
                payload.set_byte_enable_ptr(nullptr);
            }
            platform.device.socket->b_transport(payload, delay);
            sc_core::wait(delay);
            ASSERT_EQ(payload.get_response_status(), tlm::TLM_OK_RESPONSE) << turn;
            reference.access(payload, expected.data(), kMemory);
            ASSERT_EQ(data, expected) << turn;
        }
        EXPECT_EQ(std::memcmp(platform.memory.at(kMemory), reference.bytes.data(), reference.bytes.size()), 0);
    });
}

TEST(WrapperSmmu, RefusesWhatRegistersDoNotServe)
{
    Platform platform;

    platform.run([&] {
        unsigned char bytes[16] = {};
        const unsigned char enables[1] = {TLM_BYTE_DISABLED};
        const auto status = [&](uint64_t offset, unsigned length, unsigned width, bool disabled) {
            tlm::tlm_generic_payload payload;
            sc_core::sc_time delay;

            payload.set_command(tlm::TLM_READ_COMMAND);
            payload.set_address(kRegisters + offset);
            payload.set_data_ptr(bytes);
            payload.set_data_length(length);
            payload.set_streaming_width(width);
            if (disabled) {
                payload.set_byte_enable_ptr(const_cast<unsigned char *>(enables));
                payload.set_byte_enable_length(1);
            }
            platform.pe.socket->b_transport(payload, delay);
            return payload.get_response_status();
        };

        EXPECT_EQ(status(SMMU_IDR0, 4, 4, false), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(status(SMMU_STRTAB_BASE, 8, 8, false), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(status(SMMU_IDR0, 2, 2, false), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(status(SMMU_IDR0, 16, 16, false), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(status(SMMU_IDR0, 8, 4, false), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(status(SMMU_IDR0 + 2, 4, 4, false), tlm::TLM_BURST_ERROR_RESPONSE);
        EXPECT_EQ(status(SMMU_IDR0, 4, 4, true), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
        EXPECT_EQ(status(SMMU_WINDOW_BYTES + 0x1000, 4, 4, false), tlm::TLM_ADDRESS_ERROR_RESPONSE); /* the bus' */
    });
}

TEST(WrapperSmmu, TellsTheOutcomeOfWritesIfAskedTo)
{
    doorbell::smmu::options how = Platform::with_stream();

    how.write_outcomes = true;
    Platform platform(how);
    platform.run([&] {
        auto unit = platform.software.start_smmu(kRegisters);
        const uint64_t context = platform.software.make_context(unit);

        platform.software.map(context, 0x1000, kMemory + 0x800000);
        platform.software.map(context, 0x2000, kMemory + 0x801000, false);
        platform.software.map(context, 0x3000, 0x70000000); /* where there is nothing */
        platform.software.attach(unit, kStream, context);
        platform.device.write32(0x1010, 1);
        EXPECT_EQ(platform.device.status, tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(platform.software.load(kMemory + 0x800010) & UINT32_MAX, 1u); /* at once: it has been answered */
        platform.device.write32(0x2010, 2);
        EXPECT_EQ(platform.device.status, tlm::TLM_GENERIC_ERROR_RESPONSE);
        EXPECT_EQ(platform.software.load(kMemory + 0x801010), 0u);
        platform.device.write32(0x3010, 3);
        EXPECT_EQ(platform.device.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    });
}

/* All counters of the simulation: what a real access would have changed. */
std::vector<uint64_t> counters(doorbell::simulation &whole)
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

TEST(WrapperSmmu, DebugAccessesAreTranslatedAndLeaveNoTrace)
{
    Platform platform;

    platform.run([&] {
        auto unit = platform.software.start_smmu(kRegisters);
        const uint64_t context = platform.software.make_context(unit);
        std::vector<uint8_t> out(6000);
        std::vector<uint8_t> in(6000);

        platform.software.map(context, 0x1000, kMemory + 0x803000);
        platform.software.map(context, 0x2000, kMemory + 0x801000);
        platform.software.map(context, 0x3000, kMemory + 0x805000, false);
        platform.software.attach(unit, kStream, context);
        const auto before = counters(platform.whole);
        const sc_core::sc_time time = sc_core::sc_time_stamp();
        for (size_t i = 0; i < out.size(); i++) {
            out[i] = static_cast<uint8_t>(i * 7);
        }
        EXPECT_EQ(platform.device.debug(tlm::TLM_WRITE_COMMAND, 0x1100, out.data(), 6000), 6000u);
        EXPECT_EQ(platform.device.debug(tlm::TLM_READ_COMMAND, 0x1100, in.data(), 6000), 6000u);
        EXPECT_EQ(in, out);
        EXPECT_EQ(std::memcmp(platform.memory.at(kMemory + 0x803100), out.data(), 0xf00), 0);
        EXPECT_EQ(std::memcmp(platform.memory.at(kMemory + 0x801000), &out[0xf00], 6000 - 0xf00), 0);
        /* Up to where it is refused. */
        EXPECT_EQ(platform.device.debug(tlm::TLM_WRITE_COMMAND, 0x2ff0, out.data(), 64), 16u);
        EXPECT_EQ(platform.device.debug(tlm::TLM_READ_COMMAND, 0x2ff0, in.data(), 64), 64u);
        EXPECT_EQ(platform.device.debug(tlm::TLM_READ_COMMAND, 0x4000, in.data(), 4), 0u);
        EXPECT_EQ(counters(platform.whole), before);
        EXPECT_EQ(sc_core::sc_time_stamp(), time);
    });
}

/* A device that uses direct memory, and notes when it is taken back. */
struct DirectUser {
    explicit DirectUser(Platform &platform) : device(platform.device)
    {
        device.invalidated = [this](uint64_t first, uint64_t last) { invalidated(first, last); };
    }

    bool ask(tlm::tlm_command command, uint64_t address, const doorbell::sideband *beside = nullptr)
    {
        tlm::tlm_generic_payload payload;
        unsigned char byte = 0;

        payload.set_command(command);
        payload.set_address(address);
        payload.set_data_ptr(&byte);
        payload.set_data_length(1);
        payload.set_streaming_width(1);
        if (beside != nullptr) {
            payload.set_extension(const_cast<doorbell::sideband *>(beside));
        }
        const bool granted = device.socket->get_direct_mem_ptr(payload, given);
        payload.clear_extension<doorbell::sideband>();
        return granted;
    }

    void invalidated(uint64_t first, uint64_t last)
    {
        taken_back++;
        EXPECT_LE(first, given.get_start_address());
        EXPECT_GE(last, given.get_end_address());
    }

    example::initiator &device;
    tlm::tlm_dmi given;
    unsigned taken_back = 0;
};

TEST(WrapperSmmu, GrantsDirectMemoryPageByPageAndTakesItBack)
{
    Platform platform;
    DirectUser user(platform);

    platform.run([&] {
        auto unit = platform.software.start_smmu(kRegisters);
        const uint64_t context = platform.software.make_context(unit);
        doorbell::sideband other;

        platform.software.map(context, 0x1000, kMemory + 0x803000);
        platform.software.map(context, 0x2000, kMemory + 0x801000, false);
        platform.software.attach(unit, kStream, context);
        ASSERT_TRUE(user.ask(tlm::TLM_WRITE_COMMAND, 0x1234));
        EXPECT_EQ(user.given.get_start_address(), 0x1000u);
        EXPECT_EQ(user.given.get_end_address(), 0x1fffu);
        EXPECT_EQ(user.given.get_dmi_ptr(), platform.memory.at(kMemory + 0x803000));
        EXPECT_TRUE(user.given.is_read_write_allowed());
        EXPECT_FALSE(user.ask(tlm::TLM_WRITE_COMMAND, 0x2000));
        EXPECT_FALSE(user.ask(tlm::TLM_READ_COMMAND, 0x9000));
        other.has_stream_id = true;
        other.stream_id = kStream + 1;
        EXPECT_FALSE(user.ask(tlm::TLM_READ_COMMAND, 0x1000, &other));
        ASSERT_TRUE(user.ask(tlm::TLM_READ_COMMAND, 0x2010));
        EXPECT_FALSE(user.given.is_write_allowed());
        EXPECT_EQ(user.given.get_dmi_ptr(), platform.memory.at(kMemory + 0x801000));
        EXPECT_EQ(user.taken_back, 0u);
        platform.software.unmap(unit, context, 0x2000);
        EXPECT_GE(user.taken_back, 1u); /* before CMD_SYNC was done */
        EXPECT_FALSE(user.ask(tlm::TLM_READ_COMMAND, 0x2010));
        const unsigned before = user.taken_back;
        EXPECT_TRUE(user.ask(tlm::TLM_READ_COMMAND, 0x1000));
        platform.memory.invalidate();
        EXPECT_EQ(user.taken_back, before + 1);
        EXPECT_TRUE(user.ask(tlm::TLM_READ_COMMAND, 0x1000));
        platform.pe.write32(kRegisters + SMMU_GBPA, UINT32_C(1) << 31);
        EXPECT_EQ(user.taken_back, before + 2);
    });
}

TEST(WrapperSmmu, PulsesItsWires)
{
    Platform platform;
    sc_core::sc_signal<bool> eventq("eventq");
    unsigned rises = 0;
    std::vector<sc_core::sc_time> edges;

    platform.smmu.wires[SMMU_WIRE_EVENTQ].bind(eventq);
    platform.run([&] {
        auto unit = platform.software.start_smmu(kRegisters);
        (void)unit;

        platform.pe.write32(kRegisters + SMMU_IRQ_CTRL, 0x4);
        platform.device.read32(0x1000); /* no stream table entry */
        EXPECT_EQ(platform.device.status, tlm::TLM_GENERIC_ERROR_RESPONSE);
        for (unsigned i = 0; i < 10 && rises < 1; i++) {
            sc_core::wait(ns(1000), eventq.value_changed_event());
            edges.push_back(sc_core::sc_time_stamp());
            rises += eventq.read() ? 1 : 0;
        }
        EXPECT_EQ(rises, 1u);
        EXPECT_EQ(smmu_get_edges(platform.smmu.model(), SMMU_WIRE_EVENTQ), 1u);
        sc_core::wait(ns(1000), eventq.value_changed_event());
        EXPECT_FALSE(eventq.read());
        EXPECT_EQ(sc_core::sc_time_stamp() - edges.back(), ns(1)); /* one cycle */
    });
}

} // namespace

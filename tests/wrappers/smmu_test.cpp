/* doorbell::smmu between a device, a memory and a PE, none of which knows anything of Doorbell. */
#include "tests/wrappers/kernel.h"

#include "examples/common/bus.h"
#include "examples/common/firmware.h"
#include "examples/common/initiator.h"
#include "examples/common/memory.h"
#include "wrappers/smmu.h"

namespace
{

using wrappers_test::Checkers;
using wrappers_test::ns;
using wrappers_test::Thread;

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kSize = 16 << 20;
constexpr uint64_t kRegisters = 0x09050000;
constexpr uint32_t kStream = 5;

struct Platform {
    explicit Platform(const doorbell::smmu::options &how = with_stream())
        : device("device"), pe("pe"), whole("doorbell"), smmu("smmu", whole, config(), how),
          memory("memory", kMemory, kSize, ns(80)), bus("bus", ns(20), ns(20)), software(pe, kMemory)
    {
        checkers.join(device.socket, smmu.tbu(0));
        checkers.join(smmu.memory(0), bus.add_initiator());
        checkers.join(smmu.walker(), bus.add_initiator());
        checkers.join(pe.socket, bus.add_initiator());
        checkers.join(bus.add_target(kMemory, kMemory + kSize - 1), memory.socket);
        checkers.join(bus.add_target(kRegisters, kRegisters + SMMU_WINDOW_BYTES - 1), smmu.registers());
    }

    static smmu_config config()
    {
        smmu_config config;

        smmu_config_defaults(&config);
        config.base = kRegisters;
        return config;
    }

    static doorbell::smmu::options with_stream()
    {
        doorbell::smmu::options how;

        how.defaults.resize(1);
        how.defaults[0].has_stream_id = true;
        how.defaults[0].stream_id = kStream;
        return how;
    }

    /* Runs a program in the platform's thread to its end. */
    void run(std::function<void()> program)
    {
        Thread thread("program", std::move(program));

        sc_core::sc_start();
        EXPECT_TRUE(thread.done);
    }

    Checkers checkers;
    example::initiator device;
    example::initiator pe;
    doorbell::simulation whole;
    doorbell::smmu smmu;
    example::memory memory;
    example::bus bus;
    example::firmware software;
};

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

} // namespace

/*
 * An SMMU between a device, a memory and a PE, none of which knows anything of Doorbell.
 */
#ifndef DOORBELL_TESTS_WRAPPERS_SMMU_PLATFORM_H
#define DOORBELL_TESTS_WRAPPERS_SMMU_PLATFORM_H

#include "tests/wrappers/kernel.h"

#include "examples/common/bus.h"
#include "examples/common/firmware.h"
#include "examples/common/initiator.h"
#include "examples/common/memory.h"
#include "wrappers/smmu.h"

namespace wrappers_test
{

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

} // namespace wrappers_test

#endif

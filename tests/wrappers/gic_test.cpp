/* doorbell::its and doorbell::redistributor with software of the platform's own at the CPU interface. */
#include "tests/wrappers/kernel.h"

#include "examples/common/bus.h"
#include "examples/common/device.h"
#include "examples/common/firmware.h"
#include "examples/common/memory.h"
#include "models/gic-its/gic.h"
#include "wrappers/gic.h"

namespace
{

using wrappers_test::Checkers;
using wrappers_test::ns;
using wrappers_test::Thread;

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kIts = 0x08080000;
constexpr uint64_t kRedistributor = 0x0a000000;
constexpr uint64_t kCpu = 0x02000000;
constexpr uint32_t kDevice = 7;

doorbell::gic_options with_device()
{
    doorbell::gic_options how;

    how.defaults.has_device_id = true;
    how.defaults.device_id = kDevice;
    return how;
}

struct Platform {
    explicit Platform(const doorbell::gic_options &how = with_device())
        : device("device"), pe("pe"), whole("doorbell"), its("its", whole, its_of(), how),
          redistributor("rd", whole, redistributor_of()), memory("memory", kMemory, 16 << 20, ns(80)),
          bus("bus", ns(10), ns(10)), interrupt("interrupt"), software(pe, kMemory)
    {
        its.connect(redistributor, 5 * SIM_NS);
        checkers.join(device.socket, its.translation());
        checkers.join(pe.socket, bus.add_initiator());
        checkers.join(its.memory(), bus.add_initiator());
        checkers.join(redistributor.memory(), bus.add_initiator());
        checkers.join(bus.add_target(kMemory, kMemory + (16 << 20) - 1), memory.socket);
        checkers.join(bus.add_target(kIts, kIts + GITS_SIZE - 1), its.registers());
        checkers.join(bus.add_target(kRedistributor, kRedistributor + GICR_SIZE - 1), redistributor.registers());
        checkers.join(bus.add_target(kCpu, kCpu + 0xfff), redistributor.cpu());
        redistributor.interrupt.bind(interrupt);
    }

    static its_config its_of()
    {
        its_config config = its_config_default();

        config.base = kIts;
        return config;
    }

    static redistributor_config redistributor_of()
    {
        redistributor_config config = redistributor_config_default();

        config.base = kRedistributor;
        config.last = true;
        return config;
    }

    void run(std::function<void()> program)
    {
        Thread thread("program", std::move(program));

        sc_core::sc_start();
        EXPECT_TRUE(thread.done);
    }

    /* One device with one event, and the CPU interface open. @return the LPI */
    uint32_t set_up()
    {
        software.start_redistributor(kRedistributor);
        auto unit = software.start_its(kIts, 1);
        software.map_device(unit, kDevice, 3);
        const uint32_t intid = software.map_event(unit, kDevice, 2, 0);
        pe.write32(kCpu + 0x00, 1);
        pe.write32(kCpu + 0x04, 0xff);
        return intid;
    }

    /* Waits for the interrupt wire. @return whether it is high */
    bool await(double time)
    {
        if (!interrupt.read()) {
            sc_core::wait(ns(time), interrupt.value_changed_event());
        }
        return interrupt.read();
    }

    Checkers checkers;
    example::initiator device;
    example::initiator pe;
    doorbell::simulation whole;
    doorbell::its its;
    doorbell::redistributor redistributor;
    example::memory memory;
    example::bus bus;
    sc_core::sc_signal<bool> interrupt;
    example::firmware software;
};

TEST(WrapperGic, AnMsiRaisesTheWireAndIsAcknowledged)
{
    Platform platform;

    platform.run([&] {
        const uint32_t intid = platform.set_up();
        uint32_t seen = 0;

        EXPECT_FALSE(platform.interrupt.read());
        platform.device.write32(kIts + GITS_TRANSLATER, 2);
        EXPECT_EQ(platform.device.status, tlm::TLM_OK_RESPONSE);
        ASSERT_TRUE(platform.await(10000));
        EXPECT_EQ(platform.pe.read32(kCpu + 0x18), intid);
        /* A debugger that looks acknowledges nothing. */
        EXPECT_EQ(platform.pe.debug(tlm::TLM_READ_COMMAND, kCpu + 0x0c, &seen, 4), 4u);
        EXPECT_EQ(seen, intid);
        EXPECT_TRUE(platform.interrupt.read());
        EXPECT_EQ(platform.pe.read32(kCpu + 0x14), 0xffu);
        EXPECT_EQ(platform.pe.read32(kCpu + 0x0c), intid);
        sc_core::wait(ns(100));
        EXPECT_FALSE(platform.interrupt.read());
        EXPECT_EQ(platform.pe.read32(kCpu + 0x14), 0xa0u);
        EXPECT_EQ(platform.pe.read32(kCpu + 0x0c), GIC_INTID_SPURIOUS);
        /* The same again does not preempt itself. */
        platform.device.write32(kIts + GITS_TRANSLATER, 2);
        EXPECT_FALSE(platform.await(3000));
        platform.pe.write32(kCpu + 0x10, intid);
        EXPECT_TRUE(platform.await(1000));
        EXPECT_EQ(platform.pe.read32(kCpu + 0x0c), intid);
        platform.pe.write32(kCpu + 0x10, intid);
        EXPECT_FALSE(platform.await(1000));
    });
}

TEST(WrapperGic, TheMaskHoldsBack)
{
    Platform platform;

    platform.run([&] {
        const uint32_t intid = platform.set_up();

        platform.pe.write32(kCpu + 0x04, 0xa0);
        platform.device.write32(kIts + GITS_TRANSLATER, 2);
        EXPECT_FALSE(platform.await(5000));
        EXPECT_EQ(platform.pe.read32(kCpu + 0x0c), GIC_INTID_SPURIOUS);
        platform.pe.write32(kCpu + 0x04, 0xb0);
        EXPECT_TRUE(platform.await(1000));
        EXPECT_EQ(platform.pe.read32(kCpu + 0x0c), intid);
    });
}

TEST(WrapperGic, AWriteWithoutADeviceIdIsNoMsi)
{
    Platform platform((doorbell::gic_options()));

    platform.run([&] {
        platform.set_up();
        platform.device.write32(kIts + GITS_TRANSLATER, 2);
        EXPECT_FALSE(platform.await(5000));
    });
}

TEST(WrapperGic, TheDeviceIdComesInTheSideband)
{
    Platform platform((doorbell::gic_options()));

    platform.run([&] {
        tlm::tlm_generic_payload payload;
        doorbell::sideband beside;
        uint16_t event = 2; /* 16 bits will do */
        sc_core::sc_time delay;

        platform.set_up();
        beside.has_device_id = true;
        beside.device_id = kDevice;
        payload.set_command(tlm::TLM_WRITE_COMMAND);
        payload.set_address(kIts + GITS_TRANSLATER);
        payload.set_data_ptr(reinterpret_cast<unsigned char *>(&event));
        payload.set_data_length(2);
        payload.set_streaming_width(2);
        payload.set_extension(&beside);
        platform.device.socket->b_transport(payload, delay);
        payload.clear_extension(&beside);
        EXPECT_EQ(payload.get_response_status(), tlm::TLM_OK_RESPONSE);
        EXPECT_TRUE(platform.await(5000));
    });
}

TEST(WrapperGic, DebugReadsOfRegistersHaveNoSideEffects)
{
    Platform platform;

    platform.run([&] {
        uint64_t value = 0;
        uint32_t status = 0;

        platform.set_up();
        const uint64_t before = platform.pe.read64(kIts + GITS_TYPER);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_READ_COMMAND, kIts + GITS_TYPER, &value, 8), 8u);
        EXPECT_EQ(value, before);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_READ_COMMAND, kRedistributor + GICR_TYPER, &value, 8), 8u);
        EXPECT_EQ(value, platform.pe.read64(kRedistributor + GICR_TYPER));
        /* A real read of a reserved location is noted in GITS_STATUSR, that of a debugger is not. */
        EXPECT_EQ(platform.pe.debug(tlm::TLM_READ_COMMAND, kIts + 0x60, &status, 4), 4u);
        EXPECT_EQ(platform.pe.read32(kIts + GITS_STATUSR), 0u);
        platform.pe.read32(kIts + 0x60);
        EXPECT_NE(platform.pe.read32(kIts + GITS_STATUSR), 0u);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, kIts + GITS_CTLR, &status, 4), 0u);
    });
}

TEST(WrapperGic, ARedistributorNeedsAPe)
{
    wrappers_test::quiet();
    doorbell::simulation whole("doorbell");
    doorbell::redistributor redistributor("rd", whole, Platform::redistributor_of());

    try {
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
        ADD_FAILURE() << "it started";
    } catch (const sc_core::sc_report &report) {
        EXPECT_NE(std::string(report.get_msg()).find("neither a pe nor a cpu socket"), std::string::npos);
    }
}

} // namespace

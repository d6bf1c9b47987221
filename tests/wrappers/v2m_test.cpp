/* doorbell::v2m and doorbell::distributor: MSIs as SPIs, with software of the platform's own at the CPU interfaces. */
#include "tests/wrappers/kernel.h"

#include "examples/common/bus.h"
#include "examples/common/initiator.h"
#include "examples/common/memory.h"
#include "models/gic-its/gic.h"
#include "wrappers/distributor.h"

namespace
{

using wrappers_test::Checkers;
using wrappers_test::ns;
using wrappers_test::Thread;

constexpr uint64_t kMemory = 0x80000000;
constexpr uint64_t kDistributor = 0x08000000;
constexpr uint64_t kFrame = 0x08020000;
constexpr uint64_t kCpu[] = {0x02000000, 0x02001000};
constexpr uint64_t kRedistributor[] = {0x0a000000, 0x0a020000};
constexpr uint32_t kSpi = 70;

distributor_config distributor_of(uint32_t frames = 1, uint32_t redistributors = 2)
{
    distributor_config config = distributor_config_default();

    config.base = kDistributor;
    config.frames = frames;
    config.redistributors = redistributors;
    return config;
}

v2m_config frame_of()
{
    v2m_config config = v2m_config_default();

    config.base = kFrame;
    return config;
}

redistributor_config redistributor_of(unsigned i, bool spis = true)
{
    redistributor_config config = redistributor_config_default();

    config.base = kRedistributor[i];
    config.processor_number = i;
    config.affinity = i;
    config.last = i == 1;
    config.its_count = 0;
    config.spis = spis;
    return config;
}

struct Platform {
    Platform()
        : device("device"), pe("pe"), whole("doorbell"), distributor("distributor", whole, distributor_of()),
          frame("frame", whole, frame_of()), rd0("rd0", whole, redistributor_of(0)),
          rd1("rd1", whole, redistributor_of(1)), memory("memory", kMemory, 1 << 20, ns(80)), bus("bus", ns(10), ns(10))
    {
        frame.connect(distributor, 5 * SIM_NS);
        checkers.join(device.socket, bus.add_initiator());
        checkers.join(pe.socket, bus.add_initiator());
        checkers.join(bus.add_target(kMemory, kMemory + (1 << 20) - 1), memory.socket);
        checkers.join(bus.add_target(kDistributor, kDistributor + GICD_SIZE - 1), distributor.registers());
        checkers.join(bus.add_target(kFrame, kFrame + V2M_SIZE - 1), frame.frame());
        doorbell::redistributor *const both[] = {&rd0, &rd1};
        for (unsigned i = 0; i < 2; i++) {
            distributor.connect(*both[i], 5 * SIM_NS);
            checkers.join(both[i]->memory(), bus.add_initiator());
            checkers.join(bus.add_target(kRedistributor[i], kRedistributor[i] + GICR_SIZE - 1), both[i]->registers());
            checkers.join(bus.add_target(kCpu[i], kCpu[i] + 0xfff), both[i]->cpu());
            both[i]->interrupt.bind(interrupt[i]);
        }
    }

    void run(std::function<void()> program)
    {
        Thread thread("program", std::move(program));

        sc_core::sc_start();
        EXPECT_TRUE(thread.done);
    }

    /* The distributor and both CPU interfaces open, and an SPI of the frame enabled at a PE. */
    void set_up(uint32_t spi = kSpi, unsigned processor = 0)
    {
        pe.write32(kDistributor + GICD_CTLR, 1u << 1 | 1u << 4);
        pe.write32(kDistributor + GICD_IGROUPR(spi / 32), 1u << spi % 32);
        pe.write64(kDistributor + GICD_IROUTER(spi), processor);
        pe.write32(kDistributor + GICD_ISENABLER(spi / 32), 1u << spi % 32);
        for (const uint64_t cpu : kCpu) {
            pe.write32(cpu + 0x00, 1);
            pe.write32(cpu + 0x04, 0xff);
        }
    }

    bool await(unsigned processor, double time)
    {
        if (!interrupt[processor].read()) {
            sc_core::wait(ns(time), interrupt[processor].value_changed_event());
        }
        return interrupt[processor].read();
    }

    Checkers checkers;
    example::initiator device;
    example::initiator pe;
    doorbell::simulation whole;
    doorbell::distributor distributor;
    doorbell::v2m frame;
    doorbell::redistributor rd0;
    doorbell::redistributor rd1;
    example::memory memory;
    example::bus bus;
    sc_core::sc_signal<bool> interrupt[2];
};

TEST(WrapperV2m, AnMsiRaisesTheWireAndIsAcknowledged)
{
    Platform platform;

    platform.run([&] {
        platform.set_up();
        EXPECT_EQ(platform.pe.read32(kFrame + V2M_MSI_TYPER), 64u << 16 | 64u);
        EXPECT_FALSE(platform.interrupt[0].read());
        platform.device.write32(kFrame + V2M_MSI_SETSPI_NS, kSpi);
        EXPECT_EQ(platform.device.status, tlm::TLM_OK_RESPONSE);
        ASSERT_TRUE(platform.await(0, 1000));
        EXPECT_EQ(platform.pe.read32(kCpu[0] + 0x0c), kSpi);
        /* Active: the same again waits for the end of its handler. */
        platform.device.write32(kFrame + V2M_MSI_SETSPI_NS, kSpi);
        EXPECT_FALSE(platform.await(0, 1000));
        platform.pe.write32(kCpu[0] + 0x10, kSpi);
        ASSERT_TRUE(platform.await(0, 1000));
        EXPECT_EQ(platform.pe.read32(kCpu[0] + 0x0c), kSpi);
        platform.pe.write32(kCpu[0] + 0x10, kSpi);
        EXPECT_FALSE(platform.await(0, 1000));
        EXPECT_FALSE(platform.interrupt[1].read());
    });
}

TEST(WrapperV2m, TheRouterChoosesThePe)
{
    Platform platform;

    platform.run([&] {
        platform.set_up(kSpi, 1);
        platform.device.write32(kFrame + V2M_MSI_SETSPI_NS, kSpi);
        ASSERT_TRUE(platform.await(1, 1000));
        EXPECT_FALSE(platform.interrupt[0].read());
        /* Fetched back, and sent to the other. */
        platform.pe.write64(kDistributor + GICD_IROUTER(kSpi), 0);
        ASSERT_TRUE(platform.await(0, 1000));
        EXPECT_FALSE(platform.interrupt[1].read());
        EXPECT_EQ(platform.pe.read32(kCpu[0] + 0x0c), kSpi);
        EXPECT_EQ(platform.pe.read32(kCpu[1] + 0x0c), GIC_INTID_SPURIOUS);
    });
}

TEST(WrapperV2m, ADisabledSpiWaitsAndAForeignOneIsNone)
{
    Platform platform;

    platform.run([&] {
        platform.set_up();
        platform.pe.write32(kDistributor + GICD_ICENABLER(kSpi / 32), 1u << kSpi % 32);
        platform.device.write32(kFrame + V2M_MSI_SETSPI_NS, kSpi);
        platform.device.write32(kFrame + V2M_MSI_SETSPI_NS, 63);
        platform.device.write32(kFrame + V2M_MSI_SETSPI_NS, 128);
        EXPECT_FALSE(platform.await(0, 1000));
        EXPECT_TRUE(distributor_is_pending(platform.distributor.model(), kSpi));
        EXPECT_FALSE(distributor_is_pending(platform.distributor.model(), 63));
        EXPECT_FALSE(distributor_is_pending(platform.distributor.model(), 128));
        platform.pe.write32(kDistributor + GICD_ISENABLER(kSpi / 32), 1u << kSpi % 32);
        EXPECT_TRUE(platform.await(0, 1000));
    });
}

TEST(WrapperV2m, SixteenBitsWillDo)
{
    Platform platform;

    platform.run([&] {
        uint8_t spi[] = {kSpi, 0};

        platform.set_up();
        platform.device.access(tlm::TLM_WRITE_COMMAND, kFrame + V2M_MSI_SETSPI_NS, spi, sizeof(spi));
        EXPECT_EQ(platform.device.status, tlm::TLM_OK_RESPONSE);
        EXPECT_TRUE(platform.await(0, 1000));
    });
}

TEST(WrapperV2m, DebugReadsAreThoseOfSoftwareAndWritesAreRefused)
{
    Platform platform;

    platform.run([&] {
        uint64_t value = 0;
        uint32_t word = 0;

        platform.set_up(kSpi, 1);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_READ_COMMAND, kDistributor + GICD_IROUTER(kSpi), &value, 8), 8u);
        EXPECT_EQ(value, 1u);
        for (const uint64_t address : {kDistributor + GICD_TYPER, kDistributor + GICD_CTLR,
                                       kDistributor + GICD_ISENABLER(kSpi / 32), kFrame + V2M_MSI_TYPER}) {
            EXPECT_EQ(platform.pe.debug(tlm::TLM_READ_COMMAND, address, &word, 4), 4u);
            EXPECT_EQ(word, platform.pe.read32(address)) << std::hex << address;
            EXPECT_NE(word, 0u) << std::hex << address;
        }
        EXPECT_EQ(platform.pe.debug(tlm::TLM_READ_COMMAND, kDistributor + GICD_TYPER, &value, 8), 0u);
        EXPECT_EQ(platform.pe.debug(tlm::TLM_READ_COMMAND, kFrame + V2M_MSI_TYPER + 1, &word, 4), 0u);
        word = kSpi;
        EXPECT_EQ(platform.pe.debug(tlm::TLM_WRITE_COMMAND, kFrame + V2M_MSI_SETSPI_NS, &word, 4), 0u);
        EXPECT_FALSE(platform.await(1, 1000));
    });
}

/* What a platform whose parts do not fit together is told. */
std::string refusal(const std::function<void()> &build)
{
    wrappers_test::quiet();
    try {
        build();
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    } catch (const sc_core::sc_report &report) {
        return report.get_msg();
    }
    return "it started";
}

TEST(WrapperV2m, AFrameNeedsADistributor)
{
    doorbell::simulation whole("doorbell");
    doorbell::v2m frame("frame", whole, frame_of());

    EXPECT_EQ(refusal([] {}), "frame has no distributor");
}

TEST(WrapperV2m, ADistributorNeedsWhatItsConfigurationSays)
{
    doorbell::simulation whole("doorbell");
    doorbell::distributor distributor("distributor", whole, distributor_of(2, 1));
    doorbell::v2m frame("frame", whole, frame_of());

    frame.connect(distributor);
    EXPECT_EQ(refusal([] {}), "distributor has 1 frames and 0 redistributors, but its configuration says 2 and 1");
}

TEST(WrapperV2m, ARedistributorWithoutSpisIsRefused)
{
    doorbell::simulation whole("doorbell");
    doorbell::distributor distributor("distributor", whole, distributor_of());
    doorbell::redistributor redistributor("rd", whole, redistributor_of(0, false));

    EXPECT_EQ(refusal([&] { distributor.connect(redistributor); }),
              "distributor cannot be joined to rd, whose configuration has no SPIs");
}

} // namespace

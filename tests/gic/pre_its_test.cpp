// A pre-ITS: the address of a write says whose it is.
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

namespace
{

using namespace gic_test;

constexpr uint64_t kWindow = 0x58000000;
constexpr uint64_t kWindowSize = 0x40000; /* 16 bits of DeviceID */

Options with_window(uint32_t cycles = its_config_default().pre_its_cycles)
{
    Options options;

    options.its.pre_its_base = kWindow;
    options.its.pre_its_size = kWindowSize;
    options.its.pre_its_cycles = cycles;
    return options;
}

class PreIts : public ::testing::TestWithParam<support::Engine>
{
  protected:
    void start(const Options &options)
    {
        system = std::make_unique<System>(GetParam(), options);
        system->bring_up();
        for (uint32_t device : {0u, 2u, 0x401u}) {
            system->map_device(device, 8);
            system->map_event(device, 20, 8195 + device, 3);
        }
        system->sync(3);
    }
    /** A write as a device makes it: with a DeviceID beside it, which must not count. @return its identity */
    uint64_t write(uint64_t address, uint32_t length = 4, uint32_t sideband = 2)
    {
        bus_driver_op op = {};

        op.type = SIM_PACKET_WRITE;
        op.address = address;
        op.length = length;
        op.value = 20;
        op.flags = SIM_FLAG_HAS_DEVICE_ID | SIM_FLAG_TRACKED | SIM_FLAG_MSI;
        op.device_id = sideband;
        const uint32_t index = bus_driver_add(system->devices[0], &op);
        system->run();
        return bus_driver_get_result(system->devices[0], index)->id;
    }
    uint32_t acknowledge()
    {
        system->pes[3]->acknowledge(1);
        system->run();
        return system->pes[3]->acknowledged().back().intid;
    }
    /** From the write at the doorbell to its LPI pending. */
    sim_time took(uint64_t id) const
    {
        return system->time_of(SIM_EVENT_MSI_PENDING, id) - system->time_of(SIM_EVENT_MSI_AT_DOORBELL, id);
    }

    std::unique_ptr<System> system;
};

TEST_P(PreIts, TheOffsetIsTheDeviceId)
{
    start(with_window());
    write(kWindow + 4 * 0x401, 4, 2);
    EXPECT_EQ(acknowledge(), 8195u + 0x401);
    write(kWindow + 4 * 2, 4, 0x401);
    EXPECT_EQ(acknowledge(), 8195u + 2);
    write(kWindow);
    EXPECT_EQ(acknowledge(), 8195u);
}

TEST_P(PreIts, ADirectWriteComesFromDeviceZero)
{
    start(with_window());
    write(kItsBase + GITS_TRANSLATER, 4, 2);
    EXPECT_EQ(acknowledge(), 8195u);
}

TEST_P(PreIts, ObserversSeeTheAddressThatWasWritten)
{
    start(with_window());
    write(kWindow + 4 * 0x401, 4, 2);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_AT_DOORBELL), 1u);
    for (const auto &event : system->log.events()) {
        if (event.kind == SIM_EVENT_MSI_AT_DOORBELL) {
            EXPECT_EQ(event.address, kWindow + 4 * 0x401);
            EXPECT_EQ(event.device_id, 0x401u);
        }
    }
}

TEST_P(PreIts, DevicesWithoutAnEntryAreLost)
{
    start(with_window());
    write(kWindow + 4 * 3);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_UNMAPPED), 1u);
    write(kWindow + kWindowSize - 4);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_UNMAPPED), 2u);
    EXPECT_EQ(system->pes[3]->signalled(), GIC_PRIORITY_NONE);
}

TEST_P(PreIts, DeviceIdsThatTheItsDoesNotHaveAreLost)
{
    Options options = with_window();

    options.its.device_bits = 11;
    start(options);
    write(kWindow + 4 * 0x401);
    EXPECT_EQ(acknowledge(), 8195u + 0x401);
    write(kWindow + 4 * 0x801);
    EXPECT_EQ(system->drops(SIM_DROP_ITS_DEVICE_RANGE), 1u);
}

TEST_P(PreIts, BesideTheWindowAndBetweenDoorbellsThereIsNone)
{
    start(with_window());
    write(kWindow - 4);
    write(kWindow + kWindowSize);
    write(kWindow + 4 * 2 + 2, 2);
    EXPECT_EQ(system->drops(SIM_DROP_NOT_AN_LPI), 3u);
    EXPECT_EQ(system->log.event_count(SIM_EVENT_MSI_AT_DOORBELL), 0u);
}

TEST_P(PreIts, ItTakesItsCyclesAndDelaysNothingElse)
{
    for (uint32_t cycles : {0u, 2u, 31u}) {
        start(with_window(cycles));
        write(kWindow + 4 * 2);
        acknowledge();
        const uint64_t warm = write(kWindow + 4 * 2);
        acknowledge();
        const uint64_t direct = write(kItsBase + GITS_TRANSLATER);
        acknowledge();
        const uint64_t again = write(kItsBase + GITS_TRANSLATER);

        EXPECT_EQ(took(warm), took(again) + cycles * SIM_NS) << cycles;
        EXPECT_GE(took(direct), took(again));
    }
}

TEST(PreItsConfig, WindowsThatCannotBeAreRefused)
{
    const auto make = [](uint64_t base, uint64_t size) {
        Options options;

        options.its.pre_its_base = base;
        options.its.pre_its_size = size;
        System system(support::Engine{}, options);
    };

    EXPECT_DEATH(make(0x58000000, 0x3000), "no window of a power of two");
    EXPECT_DEATH(make(0x58000004, 0x4000), "no window of a power of two");
    EXPECT_DEATH(make(0x58000000, 2), "pre_its_size is 2");
}

INSTANTIATE_TEST_SUITE_P(Engines, PreIts, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

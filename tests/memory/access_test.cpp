// What a bus access does to memory, how it is answered, and what observers are told.
#include "models/memory/memory.h"
#include "tests/support/bus_connect.h"
#include "tests/support/bus_driver.h"
#include "tests/support/marks.h"

#include <gtest/gtest.h>

#include <vector>

namespace
{

constexpr uint64_t kBase = 0x80000000;
constexpr uint64_t kSize = 0x100000;
constexpr sim_time kLatency = 50 * SIM_NS;

class Access : public ::testing::TestWithParam<support::Engine>
{
  protected:
    Access() : sim(support::create(GetParam())), log(sim)
    {
        memory_config config = {};

        config.base = kBase;
        config.size = kSize;
        config.period = SIM_NS;
        config.latency = kLatency;
        config.bandwidth = 32 * UINT64_C(1000000000);
        config.pages = 4;
        config.ports = 2;
        memory = memory_create(sim, "dram", &config);
        for (unsigned i = 0; i < 2; i++) {
            driver[i] = bus_driver_create(sim, i == 0 ? "cpu0" : "cpu1", SIM_NS);
            sim_bus_port port = bus_connect(sim, i == 0 ? "c0" : "c1", bus_driver_component(driver[i]),
                                            memory_component(memory), nullptr);

            bus_driver_bind(driver[i], port);
            memory_bind(memory, i, port);
        }
    }
    ~Access() override
    {
        EXPECT_EQ(sim_pool(sim)->live, 0u) << "packets were lost";
        sim_destroy(sim);
    }
    bus_driver_op op(uint8_t type, uint64_t address, uint32_t length)
    {
        bus_driver_op made = {};

        made.type = type;
        made.address = address;
        made.length = length;
        return made;
    }
    void run()
    {
        EXPECT_EQ(sim_run(sim, SIM_TIME_NEVER - 1), SIM_RUN_DRAINED);
    }

    struct sim *sim;
    support::MarkLog log;
    struct memory *memory;
    struct bus_driver *driver[2];
};

TEST_P(Access, ReadsReturnWhatWasWritten)
{
    uint32_t write = bus_driver_write(driver[0], 0, kBase + 0x1ffc, 0xcafef00d, 4);
    uint32_t read = bus_driver_read(driver[0], 0, kBase + 0x1ff8, 8);
    uint32_t fresh = bus_driver_read(driver[0], 0, kBase + 0x5000, 8);

    run();
    EXPECT_TRUE(bus_driver_get_result(driver[0], write)->answered);
    EXPECT_EQ(bus_driver_get_result(driver[0], write)->status, SIM_STATUS_OK);
    EXPECT_EQ(bus_driver_get_result(driver[0], read)->value, UINT64_C(0xcafef00d00000000));
    EXPECT_EQ(bus_driver_get_result(driver[0], fresh)->value, 0u);
    EXPECT_EQ(memory_read32(memory, kBase + 0x1ffc), 0xcafef00du);
    EXPECT_EQ(memory_get_counters(memory)->pages_in_use, 1u) << "a read must not make a page";
}

TEST_P(Access, WholePagesTravel)
{
    std::vector<uint8_t> bytes(512);
    bus_driver_op write = op(SIM_PACKET_WRITE, kBase + 0x2e00, 512);
    uint32_t index;

    for (size_t i = 0; i < bytes.size(); i++) {
        bytes[i] = static_cast<uint8_t>(i * 7 + 1);
    }
    write.data = bytes.data();
    bus_driver_add(driver[0], &write);
    index = bus_driver_read(driver[0], 0, kBase + 0x2e00, 512);
    run();
    EXPECT_EQ(memcmp(bus_driver_get_result(driver[0], index)->data, bytes.data(), 512), 0);
}

struct EnableCase {
    uint64_t offset;
    uint32_t length;
    uint8_t first;
    uint8_t last;
    uint64_t expected_mask; // which of the bytes 0x1000..0x100f change, bit 0 first
};

TEST_P(Access, ByteEnablesHold)
{
    const EnableCase
        cases[] =
            {
                {0, 4, 0x0, 0x0, 0x000f}, // no enables given: all bytes
                {0, 4, 0xf, 0x0, 0x000f}, {0, 4, 0x5, 0x0, 0x0005},  {0, 8, 0x8, 0x1, 0x0018},
                {0, 8, 0xf, 0xf, 0x00ff}, {0, 12, 0xc, 0x3, 0x03fc}, {0, 16, 0xe, 0x7, 0x7ffe},
                {2, 2, 0xc, 0x0, 0x000c}, // starts inside a double word: enables belong to lanes, not to payload bytes
                {2, 2, 0x8, 0x0, 0x0008}, {3, 6, 0x8, 0x1, 0x01f8},  {4, 4, 0x0, 0xf, 0x0000},
            };

    for (const EnableCase &c : cases) {
        bus_driver_op write = op(SIM_PACKET_WRITE, kBase + 0x1000 + c.offset, c.length);
        std::vector<uint8_t> bytes(c.length, 0xee);

        ASSERT_TRUE(memory_fill(memory, kBase + 0x1000, 0x11, 16));
        write.data = bytes.data();
        write.first_be = c.first;
        write.last_be = c.last;
        bus_driver_add(driver[0], &write);
        run();
        for (uint64_t i = 0; i < 16; i++) {
            EXPECT_EQ(memory_read8(memory, kBase + 0x1000 + i), (c.expected_mask >> i & 1) != 0 ? 0xee : 0x11)
                << "byte " << i << ", offset " << c.offset << ", length " << c.length << ", enables " << +c.first << " "
                << +c.last;
        }
    }
}

TEST_P(Access, RefusalsAreAnsweredAndChangeNothing)
{
    struct {
        uint64_t address;
        uint32_t length;
        uint8_t status;
    } const cases[] = {
        {kBase - 4, 4, SIM_STATUS_UR},
        {kBase + kSize, 4, SIM_STATUS_UR},
        {kBase + kSize - 4, 8, SIM_STATUS_UR},
        {kBase + 0xffc, 8, SIM_STATUS_CA},
        {0, 8, SIM_STATUS_UR},
        {UINT64_MAX - 3, 8, SIM_STATUS_UR},
        {kBase + kSize - 8, 8, SIM_STATUS_OK},
        {kBase + 0x3000, 0, SIM_STATUS_OK},
    };

    for (const auto &c : cases) {
        uint32_t write = bus_driver_write(driver[0], 0, c.address, UINT64_MAX, c.length);
        uint32_t read = bus_driver_read(driver[1], 0, c.address, c.length);

        run();
        EXPECT_EQ(bus_driver_get_result(driver[0], write)->status, c.status) << std::hex << c.address;
        EXPECT_EQ(bus_driver_get_result(driver[1], read)->status, c.status) << std::hex << c.address;
        if (c.status != SIM_STATUS_OK) {
            EXPECT_EQ(bus_driver_get_result(driver[1], read)->value, c.length == 4 ? 0xffffffffu : UINT64_MAX);
        }
    }
    EXPECT_EQ(memory_get_counters(memory)->errors, 12u);
    EXPECT_EQ(memory_get_counters(memory)->pages_in_use, 1u);
    EXPECT_EQ(memory_read64(memory, kBase + 0xff8), 0u);
}

TEST_P(Access, TrackedWriteIsToldWhenVisible)
{
    bus_driver_op write = op(SIM_PACKET_WRITE, kBase + 0x40, 64);
    uint32_t index;

    write.flags = SIM_FLAG_TRACKED;
    index = bus_driver_add(driver[0], &write);
    run();
    ASSERT_EQ(log.events().size(), 1u);
    const support::MarkLog::Event &event = log.events()[0];
    const bus_driver_result *result = bus_driver_get_result(driver[0], index);

    EXPECT_EQ(event.kind, SIM_EVENT_WRITE_VISIBLE);
    EXPECT_EQ(event.where, "dram");
    EXPECT_EQ(event.packet, result->id);
    // One request flight of a cycle, 64 bytes at 32 GB/s, and the latency.
    EXPECT_EQ(event.time, result->issue_time + SIM_NS + 2 * SIM_NS + kLatency);
    EXPECT_EQ(log.total_of(result->id), event.time - result->issue_time) << "the acknowledgement is not tracked";
}

TEST_P(Access, TrackedReadIsFollowedBothWays)
{
    bus_driver_op read = op(SIM_PACKET_READ, kBase + 0x40, 64);
    uint32_t index;

    read.flags = SIM_FLAG_TRACKED;
    index = bus_driver_add(driver[0], &read);
    run();
    const bus_driver_result *result = bus_driver_get_result(driver[0], index);
    auto stages = log.stages_of(result->id);

    EXPECT_EQ(log.total_of(result->id), result->answer_time - result->issue_time);
    EXPECT_EQ(stages["c0.req"], SIM_NS);
    EXPECT_EQ(stages["dram"], 2 * SIM_NS + kLatency);
    EXPECT_EQ(stages["c0.rsp"], SIM_NS);
}

TEST_P(Access, InterruptThatLandsInMemoryIsLostOnceAndAcknowledged)
{
    bus_driver_op write = op(SIM_PACKET_WRITE, kBase + 0x40, 4);
    uint32_t index;

    write.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI;
    write.value = 42;
    index = bus_driver_add(driver[0], &write);
    run();
    ASSERT_EQ(log.events().size(), 1u);
    EXPECT_EQ(log.events()[0].kind, SIM_EVENT_DROPPED);
    EXPECT_EQ(log.events()[0].detail, static_cast<uint32_t>(SIM_DROP_NOT_AN_LPI));
    EXPECT_EQ(bus_driver_get_result(driver[0], index)->status, SIM_STATUS_OK);
    EXPECT_EQ(memory_read32(memory, kBase + 0x40), 42u);
}

TEST_P(Access, RefusedTrackedWriteStaysTracked)
{
    bus_driver_op write = op(SIM_PACKET_WRITE, kBase - 0x40, 4);
    uint32_t index;

    write.flags = SIM_FLAG_TRACKED | SIM_FLAG_MSI;
    index = bus_driver_add(driver[0], &write);
    run();
    const bus_driver_result *result = bus_driver_get_result(driver[0], index);

    EXPECT_TRUE(log.events().empty());
    EXPECT_EQ(log.total_of(result->id), result->answer_time - result->issue_time);
}

TEST_P(Access, PagesSetAsideAreUsedBeforeGrowingIsCounted)
{
    for (uint64_t i = 0; i < 4; i++) {
        bus_driver_write(driver[0], 0, kBase + i * 0x1000, 1, 4);
    }
    run();
    EXPECT_EQ(memory_get_counters(memory)->pages_grown, 0u);
    memory_write8(memory, kBase + 0x20000, 1);
    memory_reserve(memory, 2);
    bus_driver_write(driver[0], 0, kBase + 0x10000, 1, 4);
    bus_driver_write(driver[0], 0, kBase + 0x11000, 1, 4);
    run();
    EXPECT_EQ(memory_get_counters(memory)->pages_grown, 0u);
    bus_driver_write(driver[0], 0, kBase + 0x12000, 1, 4);
    run();
    EXPECT_GT(memory_get_counters(memory)->pages_grown, 0u);
    EXPECT_EQ(memory_get_counters(memory)->pages_in_use, 8u);
}

INSTANTIATE_TEST_SUITE_P(Engines, Access, ::testing::ValuesIn(support::engines()),
                         [](const auto &test) { return "e" + std::to_string(test.index); });

} // namespace

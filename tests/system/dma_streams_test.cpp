/* Streams of DMA: closed loops, random places, strides; the rate of walks that they meet. */
#include "tests/system/whole.h"

namespace system_test
{
namespace
{

const char *const text = "doorbell: 1\n"
                         "duration: 400 us\n"
                         "warmup: 100 us\n"
                         "platform:\n"
                         "  memory: { base: 0x1_0000_0000 }\n"
                         "  smmu: { S: { tlb: { entries: 64, ways: 64 }, walk-cache: { stage1-level0: 4, "
                         "stage1-level1: 4, stage1-level2: 16 } } }\n"
                         "pcie: { rc0: { root-ports: { rp0: { below: { ep: { endpoint: {} } } } } } }\n"
                         "traffic: { ep: [ { dma-read: { size: 64 B, buffer: 1 MiB, arrivals: when-done } } ] }\n";

/** A run of a scenario, and what came out. */
class StreamRun
{
  public:
    explicit StreamRun(const std::vector<std::string> &sets = {})
        : scenario_(load_text(text, sets)), whole_(scenario_.get())
    {
        whole_.start();
        whole_.run();
        result_ = &whole_.finish();
    }
    const run_device &device() const
    {
        return device_of(*result_, "ep");
    }
    uint64_t counter(const std::string &name) const
    {
        return counter_of(*result_, "S", name);
    }

  private:
    Scenario scenario_;
    Whole whole_;
    const run_result *result_;
};

TEST(DmaStreams, OneReadAtATimeInAClosedLoop)
{
    const StreamRun run;
    const run_device &device = run.device();

    ASSERT_GT(device.reads_measured, 500u);
    EXPECT_NEAR(static_cast<double>(device.reads_measured * device.read_latency.mean),
                static_cast<double>(device.dma_time), static_cast<double>(device.read_latency.max))
        << "the next read is born when the one before it is done";
    EXPECT_EQ(device.dma_time, 300 * SIM_US);
}

TEST(DmaStreams, ReadInSeveralPacketsIsDoneWithTheLast)
{
    const StreamRun one({"traffic.ep.0.dma-read.size=512 B"});
    const StreamRun two({"traffic.ep.0.dma-read.size=1 KiB", "traffic.ep.0.dma-read.stride=2 KiB"});

    EXPECT_EQ(two.device().reads_done % 2, 0u);
    EXPECT_LT(two.device().reads_measured, 2 * one.device().reads_measured) << "a pair takes longer than a single one";
    EXPECT_GT(two.device().reads_measured, one.device().reads_measured) << "the two of a pair go together";
}

TEST(DmaStreams, StrideAndPatternSayWhichPagesAreTouched)
{
    const StreamRun scan;
    const StreamRun far({"traffic.ep.0.dma-read.stride=4 KiB"});
    const StreamRun random({"traffic.ep.0.dma-read.pattern=random"});
    const double hit = 64.0 / 256; /* 64 entries, 256 pages, all alike likely (Q17) */
    const double random_hits = static_cast<double>(random.counter("tlb-hits"));
    const double random_all = random_hits + static_cast<double>(random.counter("tlb-misses"));

    EXPECT_LT(scan.counter("tlb-misses"), 32u) << "64 requests go to one page";
    EXPECT_EQ(far.counter("tlb-hits"), 0u) << "a scan of more pages than there are entries never hits";
    EXPECT_NEAR(random_hits / random_all, hit, 0.06);
}

TEST(DmaStreams, WalksBeginAnIntervalApart)
{
    const StreamRun run({"traffic.ep.0={dma-write: {size: 64 B, period: 10 ns, stride: 4 KiB, buffer: 1 MiB}}",
                         "platform.smmu.S.walk-interval=50 cycles"});

    EXPECT_NEAR(static_cast<double>(run.device().writes_measured), 300000.0 / 50, 1.0)
        << "every write needs a walk, and the rest of the path is faster";
}

TEST(DmaStreams, WhatCannotBeIsRefused)
{
    EXPECT_THROW(load_text(text, {"traffic.ep.0={dma-write: {arrivals: when-done}}"}), std::runtime_error);
    EXPECT_THROW(load_text(text, {"traffic.ep.0.dma-read.period=1 us"}), std::runtime_error);
    EXPECT_THROW(load_text(text, {"traffic.ep.0.dma-read.stride=32 B"}), std::runtime_error);
    EXPECT_THROW(load_text(text, {"traffic.ep.0.dma-read.stride=3 KiB"}), std::runtime_error) << "no whole number fits";
}

} // namespace
} // namespace system_test

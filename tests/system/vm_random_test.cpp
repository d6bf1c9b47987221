// Random systems with virtual machines: whatever they are like, every message is handled in its guest or merged into
// one that is, the hypervisor's books are straight at the end, and what check foretells is what the run shows.
#include "tests/system/whole.h"

#include "scenario/system_internal.h"
#include "scenario/verdicts.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace
{

using system_test::counter_of;
using system_test::load_text;
using system_test::Whole;

/** A random scenario of one to three machines on one to four PEs. */
class Generator
{
  public:
    explicit Generator(uint32_t seed) : random(seed)
    {
    }

    std::string text()
    {
        pes = pick(1, 4);
        vms = pick(1, 3);
        std::string all = "doorbell: 1\nseed: " + std::to_string(pick(1, 1000)) + "\nduration: 120 us\n";

        all += "platform:\n  pe: { count: " + std::to_string(pes) + " }\n";
        all += "  its: { A: { virtual-lpis: " + any({"yes", "yes", "yes", "no"}) + " }, B: {} }\n";
        all += "  smmu: { S: { idr: { vcmdqs: 8, vintfs: 4 } }, T: { base: 0x0a60_0000, idr: { vcmdqs: 8, vintfs: 4 } "
               "} }\n";
        all += "  redistributor: { base: 0x0b00_0000, version: " + any({"gicv3", "gicv4.0", "gicv4.1"}) + " }\n";
        all += "pcie:\n" + root_complex(0, "S") + root_complex(1, "T");
        all += "software: { hypervisor: { time-slice: " + std::to_string(pick(2, 40)) + " us } }\nvms:\n";
        for (uint32_t i = 0; i < vms; i++) {
            all += machine(i);
        }
        all += "traffic:\n";
        for (uint32_t i = 0; i < 4; i++) {
            all += traffic(i);
        }
        return all;
    }

  private:
    uint32_t pick(uint32_t low, uint32_t high)
    {
        return low + static_cast<uint32_t>(random() % (high - low + 1));
    }
    std::string any(const std::vector<std::string> &words)
    {
        return words[random() % words.size()];
    }
    static std::string name(uint32_t endpoint)
    {
        return std::string("ep") + static_cast<char>('A' + endpoint);
    }
    /** Two endpoints, each below a root port of its own: at buses 1 and 2, at ITSs as it comes. */
    std::string root_complex(uint32_t index, const std::string &smmu)
    {
        const std::string number = std::to_string(index);
        const std::string first = index == 0 ? "0x0" : "0x8000";

        return "  rc" + number + ":\n    iommu-map: [[0, " + smmu + ", 0, 0x8000]]\n    msi-map: [[0, " +
               any({"A", "B"}) + ", " + first + ", 0x200], [0x200, " + any({"A", "B"}) + ", " +
               (index == 0 ? "0x200" : "0x8200") + ", 0x7e00]]\n    root-ports:\n      rp" + number +
               "0: { acs: full, below: { " + name(2 * index) +
               ": { endpoint: { msi-x: 4, bars: [64 KiB] } } } }\n      rp" + number + "1: { acs: full, below: { " +
               name(2 * index + 1) + ": { endpoint: { msi-x: 4, bars: [64 KiB] } } } }\n";
    }
    std::string machine(uint32_t index)
    {
        const uint32_t vcpus = pick(1, 3);
        const uint32_t first = pick(0, pes - 1);
        const std::string smmu = any({"none", "per-smmu", "single"});
        std::string all = "  vm" + std::to_string(index) + ": { vcpus: " + std::to_string(vcpus) +
                          ", first-pe: " + std::to_string(first) + ", pes: " + std::to_string(pick(1, pes - first)) +
                          ", work: " + any({"idle", "busy"}) + ", sgis: " + any({"direct", "injected"}) +
                          ", ipi-period: " + any({"0 ns", "4 us", "15 us"}) + ", smmu: " + smmu;
        std::string devices;

        if (smmu != "none") {
            all += ", queue: " + any({"trapped", "direct"}) + ", without-stream-id: " + any({"broadcast", "first"});
        }
        for (uint32_t endpoint = 0; endpoint < 4; endpoint++) {
            if (endpoint % vms == index) {
                devices += (devices.empty() ? "" : ", ") + name(endpoint) +
                           ": { interrupts: " + any({"direct", "injected"}) + ", table: " + any({"trapped", "guest"}) +
                           (smmu != "none" && pick(0, 1) == 0 ? ", remap: 15 us" : "") + " }";
            }
        }
        all += ", devices: { " + devices + " }, timeline: [";
        for (uint32_t i = 0; i < 3; i++) {
            const std::string at = std::to_string(20 + 25 * i + pick(0, 20)) + " us, action: ";
            const uint32_t what = pick(0, smmu != "none" ? 2 : 1);

            all += (i == 0 ? "" : ", ") + std::string("{ at: ") + at +
                   (what == 0   ? "move-vcpu, pe: " + std::to_string(pick(0, pes - 1))
                    : what == 1 ? "move-interrupt, vector: " + std::to_string(pick(0, 3))
                                : "invalidate") +
                   ", vcpu: " + std::to_string(pick(0, vcpus - 1)) + " }";
        }
        return all + "] }\n";
    }
    std::string traffic(uint32_t endpoint)
    {
        return "  " + name(endpoint) + ":\n    - msi: { arrivals: " +
               any({"periodic, period: " + std::to_string(pick(3, 12)) + " us",
                    "poisson, rate: " + std::to_string(pick(50, 300)) + " kHz", "when-handled",
                    "burst, burst: 3, period: " + std::to_string(pick(8, 20)) + " us"}) +
               " }\n    - dma-write: { size: 256 B, buffer: 8 KiB, period: " + std::to_string(pick(1, 4)) + " us }\n";
    }

    std::mt19937 random;
    uint32_t pes = 1;
    uint32_t vms = 1;
};

class RandomGuests : public ::testing::TestWithParam<uint32_t>
{
};

TEST_P(RandomGuests, AccountForEveryMessage)
{
    const std::string text = Generator(GetParam()).text();
    const auto scenario = load_text(text);
    struct verdict_list foretold = {};
    struct host_error error = {};
    uint64_t guests = 0;
    uint64_t expected = 0;

    SCOPED_TRACE(text);
    Whole whole(scenario.get());
    whole.start();
    whole.run();
    const run_result &result = whole.finish();

    const struct host_error *failure = system_failure(whole.system());

    EXPECT_EQ(failure, nullptr) << (failure != nullptr ? failure->text : "");
    EXPECT_EQ(collector_outstanding(whole.collector()), 0u) << "messages stand still somewhere";
    EXPECT_EQ(result.smmu_events, 0u);
    for (size_t i = 0; i < result.device_count; i++) {
        EXPECT_EQ(result.devices[i].lost, 0u) << result.devices[i].name;
        EXPECT_GT(result.devices[i].born, 0u) << result.devices[i].name;
        expected += result.devices[i].born - result.devices[i].merged;
    }
    for (uint32_t i = 0; i < scenario->platform.pe.count; i++) {
        guests += counter_of(result, "pe" + std::to_string(i), "guest_delivered");
    }
    for (size_t i = 0; i < scenario->vm_count; i++) {
        const uint64_t sent = counter_of(result, scenario->vms[i].name, "ipis");
        const uint64_t handled = counter_of(result, scenario->vms[i].name, "ipis_handled");

        expected += handled;
        EXPECT_LE(handled, sent);
        EXPECT_LE(counter_of(result, scenario->vms[i].name, "ipis_timed"), handled);
        EXPECT_EQ(handled > 0, scenario->vms[i].ipi_period != 0 && scenario->vms[i].vcpus > 1);
    }
    EXPECT_EQ(guests, expected) << "every device is a guest's, and every SGI";
    ASSERT_TRUE(verdicts_from_topology(scenario.get(), &foretold, &error)) << error.text;
    for (size_t i = 0; i < foretold.count; i++) {
        EXPECT_STREQ(verdict_outcome_name(result.verdicts.items[i].outcome),
                     verdict_outcome_name(foretold.items[i].outcome))
            << foretold.items[i].name << "\n  run: " << result.verdicts.items[i].summary
            << "\n  check: " << foretold.items[i].summary;
    }
    verdict_list_clear(&foretold);
}

/** How many systems: 200, or what DOORBELL_GUEST_SYSTEMS says. */
uint32_t systems()
{
    const char *given = getenv("DOORBELL_GUEST_SYSTEMS");

    return given != nullptr && atoi(given) > 0 ? static_cast<uint32_t>(atoi(given)) : 200;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomGuests, ::testing::Range(1u, 1u + systems()));

} // namespace

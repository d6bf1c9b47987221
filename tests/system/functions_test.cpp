/* Functions that are more than they seem, in whole systems: virtual ones, phantoms, aliases, and what shares a bus. */
#include "models/pcie/endpoint.h"
#include "scenario/functions.h"
#include "scenario/system_internal.h"
#include "tests/system/whole.h"

#include <cstdio>
#include <fstream>
#include <map>
#include <set>

namespace
{

using system_test::load;
using system_test::load_text;
using system_test::Whole;

std::string system_with(const std::string &below, const std::string &traffic, const std::string &more = "")
{
    return "doorbell: 1\nduration: 30 us\nplatform: { its: { A: {} }, smmu: { S: {} } }\npcie:\n  rc0:\n"
           "    root-ports:\n      rp0: { acs: full, below: { " +
           below + " } }\ntraffic: { " + traffic + " }\n" + more;
}

const run_device &device_of(const run_result &result, const std::string &name)
{
    for (size_t i = 0; i < result.device_count; i++) {
        if (result.devices[i].name == name) {
            return result.devices[i];
        }
    }
    throw std::runtime_error("there is no " + name);
}

const endpoint_counters &counters_of(Whole &whole, const struct scenario *scenario, const char *name)
{
    return *endpoint_get_counters(whole.system()->endpoints[scenario_find_device(scenario, name)->index]);
}

/** Runs a text to its end. */
struct Ran {
    system_test::Scenario scenario;
    Whole whole;

    explicit Ran(const std::string &text, const std::vector<std::string> &sets = {})
        : scenario(load_text(text, sets)), whole(scenario.get())
    {
        whole.start();
        whole.run();
        whole.finish();
    }
    const run_device &device(const std::string &name) const
    {
        return device_of(whole.result(), name);
    }
    const endpoint_counters &counters(const char *name)
    {
        return counters_of(whole, scenario.get(), name);
    }
};

/* ---- Virtual functions ---- */

TEST(VirtualFunctions, HaveIdentifiersGroupsAndInterruptsOfTheirOwn)
{
    Ran ran(system_with("nic: { endpoint: { ari: yes, sr-iov: { vfs: 6, enabled: 4, first-offset: 254 } } }",
                        "nic: [ { msi: { rate: 1 MHz } } ], nic/vf1: [ { msi: { rate: 1 MHz } } ], "
                        "nic/vf4: [ { msi: { rate: 1 MHz } }, { dma-read: { size: 256 B, period: 1 us } } ]"));
    std::set<uint64_t> streams;
    std::set<uint64_t> groups;

    ASSERT_EQ(ran.whole.result().device_count, 5u) << "the PF and the VFs that are enabled";
    EXPECT_EQ(ran.device("nic").rid, 0x100);
    EXPECT_EQ(ran.device("nic/vf1").rid, 0x1fe);
    EXPECT_EQ(ran.device("nic/vf4").rid, 0x201) << "on the next bus";
    for (size_t i = 0; i < ran.whole.result().device_count; i++) {
        const run_device &device = ran.whole.result().devices[i];

        streams.insert(device.stream_id);
        groups.insert(device.group);
        EXPECT_EQ(device.device_id, device.rid);
        EXPECT_EQ(device.lost, 0u);
    }
    EXPECT_EQ(streams.size(), 5u);
    EXPECT_EQ(groups.size(), 5u);
    EXPECT_GT(ran.device("nic/vf4").born, 20u);
    EXPECT_EQ(ran.counters("nic").read_errors, 0u);
    EXPECT_GT(ran.counters("nic").reads_done, 20u);
    EXPECT_EQ(ran.whole.result().smmu_events, 0u);
}

TEST(VirtualFunctions, TakeTheBusesBehindTheirPfAndOthersFollow)
{
    const auto scenario =
        load_text("doorbell: 1\nplatform: { its: { A: {} }, smmu: { S: {} } }\npcie:\n  rc0:\n    root-ports:\n"
                  "      rp0: { below: { a: { endpoint: { sr-iov: { vfs: 3, first-offset: 256, stride: 256 } } } } }\n"
                  "      rp1: { below: { b: { endpoint: {} } } }\n");
    Whole whole(scenario.get());
    const pci_tree &tree = whole.software()->found.tree;

    EXPECT_EQ(tree.functions[pci_tree_find_name(&tree, "rp0")].subordinate, 4u) << "its own bus and three more";
    EXPECT_EQ(tree.functions[pci_tree_find_name(&tree, "a/vf3")].rid, 0x400);
    EXPECT_EQ(tree.functions[pci_tree_find_name(&tree, "b")].rid, 0x500);
}

/** Recorded: an nvme with VFs right behind it, and an igb whose VFs are 128 behind with a stride of 2. */
TEST(VirtualFunctions, AreWhereARealKernelFoundThem)
{
    std::ifstream lines(DOORBELL_SHARED_DIR "/corpus/linux-qemu/C-stage2-lazy-sriov-dt/topology-short.txt");
    std::set<unsigned> recorded;
    std::set<unsigned> found;

    if (!lines) {
        GTEST_SKIP() << "the recording of an SR-IOV system is not in " DOORBELL_SHARED_DIR;
    }
    for (std::string line; std::getline(lines, line);) {
        unsigned bus = 0;
        unsigned device = 0;
        unsigned function = 0;

        /* Lines of lspci begin with the place; those of its tree, and of groups, do not. */
        if (sscanf(line.c_str(), "%2x:%2x.%1x ", &bus, &device, &function) == 3 && (bus == 1 || bus == 2)) {
            recorded.insert(bus << 8 | device << 3 | function);
        }
    }
    const auto scenario = load_text(
        "doorbell: 1\nplatform: { its: { A: {} }, smmu: { S: {} } }\npcie:\n  rc0:\n    root-ports:\n"
        "      p2: { device: 2, below: { nvme: { endpoint: { ari: yes, sr-iov: { vfs: 8, enabled: 2 } } } } }\n"
        "      p3: { device: 3, below: { igb: { endpoint: { ari: yes, vendor-id: 0x8086, device-id: 0x10c9,\n"
        "        capabilities: [[pm, 0x40], [msi-x, 0x70], [pcie, 0xa0], [aer, 0x100], [ari, 0x150], [sr-iov, "
        "0x160]],\n"
        "        sr-iov: { vfs: 8, enabled: 2, first-offset: 128, stride: 2, device-id: 0x10ca } } } } }\n");
    Whole whole(scenario.get());
    const pci_tree &tree = whole.software()->found.tree;

    for (uint32_t i = 0; i < tree.function_count; i++) {
        if (tree.functions[i].rid >> 8 != 0) {
            found.insert(tree.functions[i].rid);
        }
    }
    EXPECT_EQ(recorded.size(), 6u);
    EXPECT_EQ(found, recorded);
}

/* ---- Phantoms and aliases ---- */

const char *const many_reads = "card: [ { dma-read: { size: 64 B, period: 12 ns } } ]";

/** Reads of the card that are done when its traffic ends: it asks for more than it can have under way. */
uint64_t reads_in_time(const std::string &text, const std::vector<std::string> &sets)
{
    const auto scenario = load_text(text, sets);
    Whole whole(scenario.get());
    uint64_t done;

    whole.start();
    sim_run(whole.sim(), sim_now(whole.sim()) + scenario->duration);
    done = counters_of(whole, scenario.get(), "card").reads_done;
    whole.run();
    whole.finish();
    EXPECT_EQ(counters_of(whole, scenario.get(), "card").read_errors, 0u) << "every requester ID has its StreamID";
    EXPECT_EQ(counters_of(whole, scenario.get(), "card").unexpected_completions, 0u);
    EXPECT_EQ(whole.result().smmu_events, 0u);
    return done;
}

TEST(PhantomFunctions, RaiseTheNumberOfReadsUnderWay)
{
    const std::string text = system_with("card: { endpoint: { phantom-functions: 2, read-tags: 128 } }", many_reads,
                                         "software: { extended-tags: no, phantom-functions: yes }\n");
    const uint64_t with = reads_in_time(text, {});
    const uint64_t without = reads_in_time(text, {"software.phantom-functions=no"});
    const uint64_t extended = reads_in_time(text, {"software.phantom-functions=no", "software.extended-tags=yes"});

    EXPECT_GT(with, without * 5 / 4);
    EXPECT_GT(extended, without * 5 / 4);
}

TEST(DmaAlias, WorksIfSoftwareKnowsTheDeviceAndFaultsIfNot)
{
    const std::string text = system_with("disk: { endpoint: { dma-alias: 1, vendor-id: 0x1b4b, device-id: 0x9123 } }",
                                         "disk: [ { dma-read: { size: 64 B, period: 1 us } } ]");
    Ran known(text);
    Ran unknown(text, {"disk.endpoint.device-id=0x9124"});

    EXPECT_EQ(known.counters("disk").read_errors, 0u);
    EXPECT_EQ(known.whole.result().smmu_events, 0u);
    EXPECT_EQ(unknown.counters("disk").read_errors, unknown.counters("disk").reads_sent);
    EXPECT_GT(unknown.whole.result().smmu_events, 20u);
}

TEST(DmaAlias, MsisOfAGhostFunctionAreUnknownToTheIts)
{
    /* Linux sets them up under the function's own ID (B9), and the wire says another. */
    const std::string text = system_with("disk: { endpoint: { dma-alias: 1, vendor-id: 0x1b4b, device-id: 0x9123 } }",
                                         "disk: [ { msi: { period: 1 us } } ]");
    Ran apart(text);
    Ran together(text, {"rc0.msi-map-mask=0xfff8"});

    EXPECT_EQ(apart.device("disk").lost, apart.device("disk").born);
    EXPECT_EQ(together.device("disk").lost, 0u);
}

TEST(DmaAlias, AFunctionThatSendsAsAnotherIsRefused)
{
    /* Ricoh's: function 1 sends as function 0, whose StreamID is taken. */
    Ran ran(system_with("sd: { endpoint: { functions: 2, acs: full, dma-alias: 0, vendor-id: 0x1180, "
                        "device-id: 0xe832 } }",
                        "sd: [ { msi: { period: 1 us } } ], sd/1: [ { msi: { period: 1 us } } ]"));
    const software *software = ran.whole.software();
    const pci_tree &tree = software->found.tree;

    EXPECT_FALSE(software->functions[pci_tree_find_name(&tree, "sd")].aliased);
    EXPECT_TRUE(software->functions[pci_tree_find_name(&tree, "sd/1")].aliased);
    EXPECT_EQ(ran.device("sd").lost, 0u);
    EXPECT_EQ(ran.device("sd/1").lost, ran.device("sd/1").born);
}

/* ---- A conventional bus ---- */

const std::string two_devices = system_with(
    "br: { bridge: { clock: 66 MHz }, below: { d0: { endpoint: { msi-x: 3 }, slot: 1 }, "
    "d1: { endpoint: { msi-x: 0, msi: { vectors: 4 } }, slot: 2 } } }",
    "d0: [ { msi: { period: 2 us } }, { dma-read: { size: 64 B, period: 2 us } } ], d1: [ { msi: { period: 2 us } } ]");

TEST(ConventionalBus, DevicesDivideTheTableOfTheirCommonDeviceId)
{
    Ran ran(two_devices, {"software.domains.default=identity"});
    const software *software = ran.whole.software();
    const pci_tree &tree = software->found.tree;
    const software_function &d0 = software->functions[pci_tree_find_name(&tree, "d0")];
    const software_function &d1 = software->functions[pci_tree_find_name(&tree, "d1")];
    std::set<uint32_t> intids;

    EXPECT_EQ(d0.device_id, 0x200u);
    EXPECT_EQ(d1.device_id, 0x200u);
    for (const software_function *function : {&d0, &d1}) {
        for (uint32_t v = 0; v < function->vector_count; v++) {
            intids.insert(function->vectors[v].intid);
        }
    }
    EXPECT_EQ(intids.size(), 3u + 4u);
    EXPECT_EQ(ran.device("d0").lost, 0u);
    EXPECT_EQ(ran.device("d1").lost, 0u) << "its events begin at a multiple of four, as MSI needs it";
    EXPECT_GT(ran.device("d1").born, 10u);
}

TEST(ConventionalBus, OnlyTheFirstDeviceHasAnIommu)
{
    Ran ran(two_devices);
    const software *software = ran.whole.software();
    const pci_tree &tree = software->found.tree;

    EXPECT_FALSE(software->functions[pci_tree_find_name(&tree, "d0")].aliased);
    EXPECT_TRUE(software->functions[pci_tree_find_name(&tree, "d1")].aliased);
    EXPECT_EQ(software->groups.group_of[pci_tree_find_name(&tree, "d1")], GROUP_NONE);
    EXPECT_EQ(software->groups.group_of[pci_tree_find_name(&tree, "d0")],
              software->groups.group_of[pci_tree_find_name(&tree, "br")]);
    EXPECT_EQ(ran.device("d0").lost, 0u);
    EXPECT_EQ(ran.counters("d0").read_errors, 0u);
    EXPECT_EQ(ran.device("d1").lost, ran.device("d1").born) << "physical addresses, in the first one's page table";
}

TEST(ConventionalBus, ABridgeWithoutABusIsKnownSince73)
{
    const std::vector<std::string> kept = {"br.bridge={requester-ids: kept, vendor-id: 0x1a03, device-id: 0x1150}"};
    std::vector<std::string> before = kept;

    before.emplace_back("software.rules=linux-6.12");
    Ran now(two_devices, kept);
    Ran then(two_devices, before);

    for (const char *name : {"d0", "d1"}) {
        EXPECT_EQ(now.device(name).lost, 0u) << name;
        EXPECT_EQ(now.device(name).device_id, now.device(name).rid) << name;
        EXPECT_EQ(then.device(name).device_id, 0x200u) << name;
        EXPECT_EQ(then.device(name).lost, then.device(name).born) << name << ": no request carries that ID";
    }
}

} // namespace

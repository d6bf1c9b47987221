// The whole set-up on scenarios: what the hardware holds afterwards, and what was predicted without it.
#include "host/pci_config.h"
#include "host/software_sharing.h"
#include "models/smmuv3/smmu_formats.h"
#include "scenario/run.h"
#include "scenario/verdicts.h"
#include "tests/host/software_system.h"

#include <gtest/gtest.h>

#include <functional>

#include <memory>

namespace
{

using software_system::Built;
using BuiltPointer = std::unique_ptr<Built>;

constexpr uint64_t RANDOM_TOPOLOGIES = 50;

// Every scenario that these tests go through: (name, scenario).
std::vector<std::pair<std::string, BuiltPointer>> all_scenarios()
{
    std::vector<std::pair<std::string, BuiltPointer>> all;
    for (const std::string &path : software_system::shipped()) {
        all.emplace_back(path, Built::from_file(path));
    }
    for (uint64_t seed = 1; seed <= RANDOM_TOPOLOGIES; seed++) {
        std::string text = software_system::random_text(seed);
        all.emplace_back(text, Built::from_text(text));
    }
    return all;
}

// ---- Configuration space

void expect_bridge(const software &software, uint32_t i)
{
    const pci_tree_function &function = software.found.tree.functions[i];
    const pci_tree_range &window = function.windows[0];
    uint64_t config = software.found.functions[i].config;
    uint32_t buses = pci_config_read(software.access, config, PCI_BUSES);
    uint32_t range = pci_config_read(software.access, config, PCI_MEMORY_WINDOW);
    uint64_t base = static_cast<uint64_t>(range & 0xfff0) << 16;
    uint64_t limit = (range & 0xfff00000) | 0xfffff;

    EXPECT_EQ(buses & 0xff, static_cast<uint32_t>(function.rid >> 8));
    EXPECT_EQ(buses >> 8 & 0xff, function.secondary);
    EXPECT_EQ(buses >> 16 & 0xff, function.subordinate);
    if (window.size == 0) {
        EXPECT_GT(base, limit) << "closed";
    } else {
        EXPECT_EQ(base, window.base);
        EXPECT_EQ(limit, window.base + window.size - 1);
    }
}

void expect_configuration(const software &software)
{
    const pci_tree &tree = software.found.tree;
    for (uint32_t i = 0; i < tree.function_count; i++) {
        SCOPED_TRACE(tree.functions[i].name);
        uint64_t config = software.found.functions[i].config;
        EXPECT_EQ(pci_config_read16(software.access, config, PCI_COMMAND), tree.functions[i].is_vf ? 0x0004u : 0x0406u);
        for (unsigned bar = 0; bar < PCI_TREE_BARS; bar++) {
            const pci_tree_range &planned = tree.functions[i].bars[bar];
            const pci_tree_range &of_vfs = tree.functions[i].vf_bars[bar];
            const uint16_t sriov = software.found.functions[i].sriov;
            if (of_vfs.size != 0) {
                EXPECT_EQ(pci_config_read(software.access, config, sriov + 0x24 + 4 * bar) & ~15u, of_vfs.base);
            }
            if (tree.functions[i].is_vf) {
                EXPECT_EQ(pci_config_read(software.access, config, PCI_BAR(bar)), 0u) << "a VF's are its PF's";
            } else if (planned.size != 0) {
                EXPECT_EQ(pci_config_read(software.access, config, PCI_BAR(bar)) & ~15u, planned.base);
            }
        }
        if (software.found.functions[i].acs != 0) {
            uint16_t acs = software.found.functions[i].acs;
            EXPECT_EQ(pci_config_read16(software.access, config, acs + 6u), tree.functions[i].acs.control);
        }
        if (pci_tree_is_bridge(&tree.functions[i])) {
            expect_bridge(software, i);
        }
    }
}

// ---- Translation, as the SMMU would do it from memory

const memory *memory_of(const software &software)
{
    return software.access->memory;
}

uint64_t entry_of(const software &software, const smmu_driver &driver, uint32_t stream_id)
{
    if (!driver.two_level) {
        return driver.stream_table + 64 * static_cast<uint64_t>(stream_id);
    }
    uint64_t level1 = memory_read64(memory_of(software), driver.stream_table + 8 * (stream_id >> 8));
    EXPECT_EQ(smmu_get(level1, SMMU_L1STD_SPAN), 9u);
    return (level1 & SMMU_MASK(SMMU_L1STD_L2PTR)) + 64 * static_cast<uint64_t>(stream_id & 255);
}

// Tables of a granule as the Arm ARM has them, D8.2: where a walk begins, for 48 bits of stage 1 and 39 of stage 2.
struct Granule {
    unsigned bits;
    unsigned stage1_level;
    unsigned stage2_level;
    uint64_t stage2_sl0;
};

// By TG0 and S2TG, which are encoded alike.
const Granule granules[] = {{12, 0, 1, 1}, {16, 1, 2, 1}, {14, 0, 1, 2}};

// The descriptor of a walk from a level on, or 0: nothing is there. Addresses of tables go through `below`.
using Below = std::function<uint64_t(uint64_t)>;

uint64_t walk(const memory *store, const Granule &granule, unsigned first_level, uint64_t table, uint64_t address,
              const Below &below)
{
    const unsigned stride = granule.bits - 3;
    uint64_t descriptor = 0;

    for (unsigned level = first_level; level < 4; level++) {
        table = below(table);
        if (table == 0) {
            return 0;
        }
        const uint64_t index = address >> (granule.bits + stride * (3 - level)) & ((1u << stride) - 1);

        descriptor = memory_read64(store, table + 8 * index);
        if (smmu_get(descriptor, SMMU_PTE_VALID) == 0) {
            return 0;
        }
        table = descriptor & SMMU_MASK(SMMU_PTE_ADDR);
    }
    return descriptor;
}

uint64_t output(const Granule &granule, uint64_t descriptor, uint64_t address)
{
    const uint64_t offset = address & ((1u << granule.bits) - 1);

    EXPECT_EQ(descriptor & SMMU_MASK(SMMU_PTE_ADDR) & ((1u << granule.bits) - 1), 0u) << "a page is aligned";
    return descriptor == 0 ? 0 : (descriptor & SMMU_MASK(SMMU_PTE_ADDR)) | offset;
}

// Where stage 2 of an entry leads, for reads of tables and for the write itself; without one, where it came from.
uint64_t stage2(const memory *store, const uint64_t *ste, uint64_t address, bool write)
{
    const uint64_t config = smmu_field_get(ste, SMMU_STE_CONFIG);
    uint64_t descriptor;

    if (config != SMMU_STE_CONFIG_S2 && config != SMMU_STE_CONFIG_NESTED) {
        return address;
    }
    EXPECT_EQ(smmu_field_get(ste, SMMU_STE_S2T0SZ), 25u);
    const Granule &granule = granules[smmu_field_get(ste, SMMU_STE_S2TG)];
    EXPECT_EQ(smmu_field_get(ste, SMMU_STE_S2SL0), granule.stage2_sl0);
    EXPECT_NE(smmu_field_get(ste, SMMU_STE_S2VMID), 0u);
    descriptor = walk(store, granule, granule.stage2_level, smmu_field_get_address(ste, SMMU_STE_S2TTB), address,
                      [](uint64_t table) { return table; });
    EXPECT_TRUE(descriptor == 0 || !write || smmu_get(descriptor, SMMU_PTE_S2_WRITE) == 1);
    return output(granule, descriptor, address);
}

// Where a write of a stream to an address ends; 0: nowhere.
uint64_t translate(const software &software, const software_function &function, uint64_t address)
{
    const memory *store = memory_of(software);
    uint64_t ste[SMMU_STE_WORDS];
    uint64_t cd[SMMU_CD_WORDS];
    uint64_t entry = entry_of(software, software.smmus[function.iommu], function.stream_id);

    EXPECT_TRUE(memory_read(store, entry, ste, sizeof(ste)));
    EXPECT_EQ(smmu_field_get(ste, SMMU_STE_V), 1u);
    switch (smmu_field_get(ste, SMMU_STE_CONFIG)) {
    case SMMU_STE_CONFIG_ABORT:
        return 0;
    case SMMU_STE_CONFIG_BYPASS:
        return address;
    case SMMU_STE_CONFIG_S2:
        return stage2(store, ste, address, true);
    default:
        break;
    }
    const Below below = [&](uint64_t table) { return stage2(store, ste, table, false); };
    uint64_t context = below(smmu_field_get_address(ste, SMMU_STE_S1CONTEXTPTR));
    if (smmu_field_get(ste, SMMU_STE_S1CDMAX) != 0 && smmu_field_get(ste, SMMU_STE_S1DSS) != SMMU_S1DSS_SSID0) {
        return smmu_field_get(ste, SMMU_STE_S1DSS) == SMMU_S1DSS_BYPASS ? address : 0;
    }
    if (smmu_field_get(ste, SMMU_STE_S1FMT) == SMMU_S1FMT_64K) {
        context = memory_read64(store, context) & SMMU_MASK(SMMU_L1CD_L2PTR);
    }
    EXPECT_TRUE(memory_read(store, context, cd, sizeof(cd)));
    EXPECT_EQ(smmu_field_get(cd, SMMU_CD_V), 1u);
    EXPECT_EQ(smmu_field_get(cd, SMMU_CD_AA64), 1u);
    EXPECT_EQ(smmu_field_get(cd, SMMU_CD_T0SZ), 16u);
    const Granule &granule = granules[smmu_field_get(cd, SMMU_CD_TG0)];
    const uint64_t descriptor =
        walk(store, granule, granule.stage1_level, smmu_field_get_address(cd, SMMU_CD_TTB0), address, below);
    EXPECT_EQ(smmu_get(descriptor, SMMU_PTE_AP_RO), 0u) << "a doorbell is written";
    const uint64_t intermediate = output(granule, descriptor, address);
    return intermediate == 0 ? 0 : stage2(store, ste, intermediate, true);
}

// The doorbell that the hardware has for a function: a frame's register, a place in a pre-ITS's window, or its ITS's.
uint64_t doorbell_of(const software &software, const software_function &function)
{
    const firmware_msi_controller &controller = software.config.firmware->controllers[function.its];

    if (controller.is_v2m) {
        return controller.base + 0x40;
    }
    if (controller.pre_its) {
        return controller.pre_its_base + UINT64_C(4) * function.device_id;
    }
    return its_driver_doorbell(&software.itses[function.its]);
}

// Where software believes that a function's messages go: its doorbell, unless a user of devices led them elsewhere.
uint64_t expected_end(const software &software, const software_function &function, uint64_t address)
{
    uint64_t physical = 0;

    if (function.consumer == CONSUMER_NONE) {
        return doorbell_of(software, function);
    }
    return domain_resolve(function.attachment.domain, address, &physical) ? physical : 0;
}

void expect_entry(const software &software, uint64_t entry, uint64_t address, uint32_t data)
{
    uint64_t held = host_read32(software.access, entry);

    held |= static_cast<uint64_t>(host_read32(software.access, entry + 4)) << 32;
    EXPECT_EQ(held, address);
    EXPECT_EQ(host_read32(software.access, entry + 8), data);
    EXPECT_EQ(host_read32(software.access, entry + 12) & 1, 0u) << "not masked";
}

// What the first message writes: an EventID to an ITS, the INTID of an SPI to a GICv2m frame.
uint32_t first_data(const software &software, uint32_t i)
{
    const software_function &function = software.functions[i];
    const firmware_msi_controller &controller = software.config.firmware->controllers[function.its];

    if (!controller.is_v2m) {
        return software_events_of(&software, i).first;
    }
    EXPECT_TRUE(function.has_spis);
    EXPECT_GE(function.first_spi, controller.first_spi);
    EXPECT_LE(function.first_spi + function.vector_count, controller.first_spi + controller.spi_count);
    return function.first_spi;
}

void expect_msix(const software &software, uint32_t i)
{
    uint32_t control =
        pci_config_read16(software.access, software.found.functions[i].config, software.found.functions[i].msix + 2u);

    EXPECT_EQ(control & 0xc000, 0x8000u) << "enabled, not masked";
    for (uint32_t v = 0; v < software.found.tree.functions[i].msix_vectors; v++) {
        expect_entry(software, software.found.functions[i].msix_table + 16 * v,
                     software.functions[i].vectors[v].address, first_data(software, i) + v);
    }
}

// The MSI capability (7.7.1).
void expect_msi(const software &software, uint32_t i, uint32_t messages)
{
    const uint64_t config = software.found.functions[i].config;
    const uint32_t msi = software.found.functions[i].msi;
    const uint32_t control = pci_config_read16(software.access, config, msi + 2);
    const uint32_t wide = (control & 0x80) != 0 ? 4 : 0;
    uint64_t address = pci_config_read(software.access, config, msi + 4);

    if (wide != 0) {
        address |= static_cast<uint64_t>(pci_config_read(software.access, config, msi + 8)) << 32;
    }
    EXPECT_EQ(address, software.functions[i].vectors[0].address);
    EXPECT_EQ(control & 1, 1u);
    EXPECT_EQ(1u << (control >> 4 & 7), messages) << "granted";
    EXPECT_EQ(pci_config_read16(software.access, config, msi + 8 + wide), first_data(software, i)) << "data";
    if ((control & 0x100) != 0) {
        EXPECT_EQ(pci_config_read(software.access, config, msi + 12 + wide), 0u) << "not masked";
    }
}

// Virtual machines take their devices over afterwards and set them up themselves: tests of their own look at those.
bool is_the_hosts(const software &software, const software_function &function)
{
    uint64_t ste[SMMU_STE_WORDS] = {};

    if (function.consumer != CONSUMER_NONE || function.domain == SIZE_MAX) {
        return true;
    }
    EXPECT_TRUE(smmu_driver_read_stream(&software.smmus[function.iommu], function.stream_id, ste));
    const uint64_t config = smmu_field_get(ste, SMMU_STE_CONFIG);
    return config == SMMU_STE_CONFIG_BYPASS || config == SMMU_STE_CONFIG_S1;
}

// @return how many messages were looked at
unsigned expect_messages(const software &software)
{
    unsigned seen = 0;
    for (uint32_t i = 0; i < software.found.tree.function_count; i++) {
        const software_function &function = software.functions[i];
        const pci_tree_function &found = software.found.tree.functions[i];
        const device_knowledge *known =
            device_knowledge_find(software.config.known, software.config.known_count,
                                  software.found.tree.host_bridges[found.host_bridge].segment, found.rid);
        const uint32_t in_store = known != nullptr ? known->ims_entries : 0;
        SCOPED_TRACE(found.name);
        EXPECT_EQ(found.ats_enabled, function.services.ats);
        if (!is_the_hosts(software, function)) {
            continue;
        }
        for (uint32_t v = 0; v < function.vector_count; v++, seen++) {
            const uint64_t address = function.vectors[v].address;
            uint64_t reached = function.domain == SIZE_MAX ? address : translate(software, function, address);
            EXPECT_EQ(reached, expected_end(software, function, address));
        }
        if (function.vector_count == 0) {
            continue;
        }
        const uint32_t standard = function.vector_count - in_store;
        if (found.msix_vectors > 0) {
            EXPECT_EQ(standard, found.msix_vectors);
            expect_msix(software, i);
        } else if (standard > 0) {
            expect_msi(software, i, standard);
        }
        for (uint32_t v = standard; v < function.vector_count; v++) {
            expect_entry(software, found.bars[known->ims_bar].base + known->ims_offset + 16 * (v - standard),
                         function.vectors[v].address, v);
        }
    }
    return seen;
}

// ---- The predicted tree

void expect_same_range(const pci_tree_range &found, const pci_tree_range &predicted)
{
    EXPECT_EQ(found.base, predicted.base);
    EXPECT_EQ(found.size, predicted.size);
    EXPECT_EQ(found.prefetchable, predicted.prefetchable);
}

void expect_same_function(const pci_tree_function &found, const pci_tree_function &predicted)
{
    SCOPED_TRACE(found.name);
    EXPECT_STREQ(found.name, predicted.name);
    EXPECT_EQ(found.host_bridge, predicted.host_bridge);
    EXPECT_EQ(found.rid, predicted.rid);
    EXPECT_EQ(found.type, predicted.type);
    EXPECT_EQ(found.parent, predicted.parent);
    EXPECT_EQ(found.secondary, predicted.secondary);
    EXPECT_EQ(found.subordinate, predicted.subordinate);
    EXPECT_EQ(found.port_number, predicted.port_number);
    EXPECT_EQ(found.multifunction, predicted.multifunction);
    EXPECT_EQ(found.is_vf, predicted.is_vf);
    EXPECT_EQ(found.physical_function, predicted.physical_function);
    EXPECT_EQ(found.acs.present, predicted.acs.present);
    EXPECT_EQ(found.acs.capability, predicted.acs.capability);
    EXPECT_EQ(found.acs.control, predicted.acs.control);
    EXPECT_EQ(found.acs.egress, predicted.acs.egress);
    EXPECT_EQ(found.quirks, predicted.quirks);
    EXPECT_EQ(found.real_dma_function, predicted.real_dma_function);
    EXPECT_EQ(found.total_vfs, predicted.total_vfs);
    for (unsigned bar = 0; bar < PCI_TREE_BARS; bar++) {
        expect_same_range(found.vf_bars[bar], predicted.vf_bars[bar]);
    }
    EXPECT_EQ(found.msi_vectors, predicted.msi_vectors);
    EXPECT_EQ(found.msix_vectors, predicted.msix_vectors);
    EXPECT_EQ(found.pasid, predicted.pasid);
    EXPECT_EQ(found.pasid_width, predicted.pasid_width);
    EXPECT_EQ(found.ats, predicted.ats);
    EXPECT_FALSE(predicted.ats_enabled) << "enumeration finds it off; drivers switch it on";
    EXPECT_EQ(found.pri, predicted.pri);
    for (unsigned i = 0; i < PCI_TREE_BARS; i++) {
        expect_same_range(found.bars[i], predicted.bars[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        expect_same_range(found.windows[i], predicted.windows[i]);
    }
}

void expect_same_tree(const pci_tree &found, const pci_tree &predicted)
{
    ASSERT_EQ(found.function_count, predicted.function_count);
    ASSERT_EQ(found.host_bridge_count, predicted.host_bridge_count);
    for (uint32_t i = 0; i < found.function_count; i++) {
        expect_same_function(found.functions[i], predicted.functions[i]);
    }
}

TEST(BringUp, HardwareHoldsWhatWasPlanned)
{
    unsigned messages = 0;
    for (auto &one : all_scenarios()) {
        SCOPED_TRACE(one.first);
        ASSERT_NE(one.second->scenario, nullptr) << one.second->said;
        ASSERT_TRUE(one.second->bring_up()) << one.second->error.text;
        expect_configuration(*one.second->software);
        messages += expect_messages(*one.second->software);
        if (::testing::Test::HasFailure()) {
            return;
        }
    }
    EXPECT_GT(messages, 500u);
}

/* S1DSS says what becomes of requests without PASID while some PASID is in use (D10); with the last one the table goes
 * from the entry, which bypasses or aborts as before (D11). */
TEST(BringUp, PasidsComeAndGoInTheStreamTableEntry)
{
    struct Case {
        const char *domain;
        uint64_t dss;
        uint64_t afterwards;
    };
    const Case cases[] = {{"blocked", SMMU_S1DSS_TERMINATE, SMMU_STE_CONFIG_ABORT},
                          {"identity", SMMU_S1DSS_BYPASS, SMMU_STE_CONFIG_BYPASS},
                          {"dma", SMMU_S1DSS_SSID0, SMMU_STE_CONFIG_S1}};

    for (const Case &one : cases) {
        SCOPED_TRACE(one.domain);
        std::unique_ptr<Built> built(
            Built::from_text(std::string("doorbell: 1\n"
                                         "pcie: { rc0: { root-ports: { rp0: { acs: full, below: { epA: { endpoint: "
                                         "{ msi-x: 2, bars: [64 KiB], pasid: 16 } } } } } } }\n"
                                         "software:\n"
                                         "  consumers:\n"
                                         "    plain: { kind: kernel, translation: ") +
                             one.domain +
                             ", devices: [epA] }\n"
                             "    work: { kind: iommufd }\n"
                             "  pasids: [{ device: epA, pasid: 5, consumer: work }]\n"
                             "traffic: { epA: [{ msi: { period: 1 us } }] }\n"));
        uint64_t ste[SMMU_STE_WORDS];

        ASSERT_NE(built->scenario, nullptr) << built->said;
        ASSERT_TRUE(built->bring_up()) << built->error.text;
        uint32_t index = 0;
        while (built->software->functions[index].vectors == nullptr) {
            index++;
        }
        const software_function &function = built->software->functions[index];
        const uint64_t entry = entry_of(*built->software, built->software->smmus[function.iommu], function.stream_id);

        ASSERT_TRUE(memory_read(memory_of(*built->software), entry, ste, sizeof(ste)));
        EXPECT_EQ(smmu_field_get(ste, SMMU_STE_CONFIG), SMMU_STE_CONFIG_S1);
        EXPECT_GT(smmu_field_get(ste, SMMU_STE_S1CDMAX), 0u);
        EXPECT_EQ(smmu_field_get(ste, SMMU_STE_S1DSS), one.dss);
        ASSERT_TRUE(pasid_detach(built->software, index, 5, &built->error)) << built->error.text;
        ASSERT_TRUE(memory_read(memory_of(*built->software), entry, ste, sizeof(ste)));
        EXPECT_EQ(smmu_field_get(ste, SMMU_STE_CONFIG), one.afterwards);
    }
}

TEST(BringUp, EnumerationFindsThePredictedTree)
{
    for (auto &one : all_scenarios()) {
        SCOPED_TRACE(one.first);
        pci_tree predicted = {};
        host_error error = {};
        ASSERT_NE(one.second->scenario, nullptr) << one.second->said;
        ASSERT_TRUE(one.second->bring_up()) << one.second->error.text;
        EXPECT_TRUE(software_system::predict(*one.second, &predicted, &error)) << error.text;
        expect_same_tree(one.second->software->found.tree, predicted);
        pci_tree_clear(&predicted);
        if (::testing::Test::HasFailure()) {
            return;
        }
    }
}

// What a check says must be what a run shows, where the traffic of these scenarios can show it.
TEST(BringUp, VerdictsOfCheckAndRunAgree)
{
    unsigned violated = 0;
    for (uint64_t seed = 1; seed <= RANDOM_TOPOLOGIES; seed++) {
        std::string text = software_system::random_text(seed);
        SCOPED_TRACE(text);
        BuiltPointer built(Built::from_text(text));
        verdict_list checked = {};
        run_result result = {};
        scenario_run_options options = {};
        host_error error = {};
        ASSERT_NE(built->scenario, nullptr) << built->said;
        EXPECT_TRUE(verdicts_from_topology(built->scenario, &checked, &error)) << error.text;
        EXPECT_EQ(scenario_run(built->scenario, &options, &result, &error), SCENARIO_RUN_DONE) << error.text;
        EXPECT_EQ(checked.count, result.verdicts.count);
        for (size_t i = 0; i < checked.count && i < result.verdicts.count; i++) {
            const verdict &one = checked.items[i];
            const verdict *other = verdict_list_find(&result.verdicts, one.name);
            ASSERT_NE(other, nullptr) << one.name;
            EXPECT_STREQ(verdict_outcome_name(one.outcome), verdict_outcome_name(other->outcome))
                << one.name << "\ncheck: " << one.summary << "\nrun: " << other->summary;
            violated += one.outcome == VERDICT_VIOLATED ? 1 : 0;
        }
        verdict_list_clear(&checked);
        run_result_clear(&result);
        if (::testing::Test::HasFailure()) {
            return;
        }
    }
    EXPECT_GT(violated, 10u);
}

} // namespace

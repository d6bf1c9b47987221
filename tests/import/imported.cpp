#include "tests/import/imported.h"

#include "scenario/functions.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace import_test
{

Config::Config(uint16_t vendor, uint16_t device, uint32_t class_code)
{
    put(0, vendor, 2).put(2, device, 2).put(9, class_code, 3).put(6, 0x10, 2);
}

Config &Config::put(size_t at, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        bytes_[at + i] = static_cast<char>(value >> 8 * i);
    }
    return *this;
}

Config &Config::bridge(unsigned primary, unsigned secondary, unsigned subordinate)
{
    return put(0x0e, 1, 1).put(0x18, primary, 1).put(0x19, secondary, 1).put(0x1a, subordinate, 1);
}

/* The PCI Express capability is at 0x40, and first; MSI-X behind it at 0x80. */
Config &Config::pcie(unsigned type)
{
    return put(0x34, 0x40, 1).put(0x40, 0x10, 1).put(0x42, type << 4 | 2, 2).put(0x52, 4 << 4 | 3, 2);
}

Config &Config::msix(unsigned vectors)
{
    return put(0x41, 0x80, 1).put(0x80, 0x11, 1).put(0x82, vectors - 1, 2);
}

Config &Config::extended(unsigned id, size_t at, bool last)
{
    return put(at, id | 1u << 16 | static_cast<uint32_t>(last ? 0 : at + 0x40) << 20, 4);
}

Config &Config::acs(uint16_t capability, uint16_t control)
{
    return extended(0x000d, 0x100, true).put(0x104, capability, 2).put(0x106, control, 2);
}

std::string Config::dump(const std::string &place) const
{
    std::string text = place + " Something: Made for a test\n";
    char part[8];

    for (size_t i = 0; i < 4096; i += 16) {
        snprintf(part, sizeof(part), i < 0x100 ? "%02zx:" : "%03zx:", i);
        text += part;
        for (size_t j = 0; j < 16; j++) {
            snprintf(part, sizeof(part), " %02x", static_cast<unsigned char>(bytes_[i + j]));
            text += part;
        }
        text += "\n";
    }
    return text + "\n";
}

namespace
{

std::string printed(const diagnostics &list)
{
    char *bytes = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&bytes, &size);

    diagnostics_print(stream, &list);
    fclose(stream);
    std::string text(bytes, size);
    free(bytes);
    return text;
}

} // namespace

Imported::Imported(const std::vector<std::string> &paths)
{
    std::vector<const char *> names;
    struct import_machine machine = {};
    struct diagnostics list = {};
    char *made = nullptr;

    for (const std::string &path : paths) {
        names.push_back(path.c_str());
    }
    if (import_read(names.data(), names.size(), &machine, &list)) {
        made = import_scenario(&machine, "the sources of a test", &list);
    }
    good = made != nullptr;
    text = good ? made : "";
    errors = printed(list);
    free(made);
    import_machine_clear(&machine);
    diagnostics_clear(&list);
    if (!good) {
        return;
    }
    scenario = scenario_load_text("imported.yaml", text.data(), text.size(), nullptr, &list);
    EXPECT_NE(scenario, nullptr) << printed(list) << text;
    diagnostics_clear(&list);
    if (scenario != nullptr) {
        struct host_error error = {};

        planned = scenario_plan_make(scenario, &plan, &error);
        EXPECT_TRUE(planned) << error.text;
    }
}

Imported::~Imported()
{
    if (scenario != nullptr) {
        scenario_plan_clear(&plan);
        scenario_free(scenario);
    }
}

bool Imported::has(unsigned rid) const
{
    return pci_tree_find(&plan.software.found.tree, 0, static_cast<uint16_t>(rid)) != PCI_TREE_NONE;
}

unsigned Imported::vectors(unsigned rid) const
{
    const pci_tree &tree = plan.software.found.tree;
    const uint32_t found = pci_tree_find(&tree, 0, static_cast<uint16_t>(rid));

    return found == PCI_TREE_NONE                    ? 0
           : tree.functions[found].msix_vectors != 0 ? tree.functions[found].msix_vectors
                                                     : tree.functions[found].msi_vectors;
}

const software_function &Imported::at(unsigned rid) const
{
    const uint32_t found = pci_tree_find(&plan.software.found.tree, 0, static_cast<uint16_t>(rid));

    if (found == PCI_TREE_NONE) {
        throw std::runtime_error("there is no function " + std::to_string(rid));
    }
    return plan.software.functions[found];
}

int Imported::pe(unsigned rid, unsigned vector) const
{
    for (size_t i = 0; i < scenario->software.affinity_count; i++) {
        const scenario_affinity &affinity = scenario->software.affinities[i];

        for (size_t j = 0; j < affinity.devices.count; j++) {
            if (scenario_function_rid(affinity.devices.devices[j], affinity.devices.functions[j]) == rid &&
                vector >= affinity.first && vector - affinity.first < affinity.pes.count) {
                return static_cast<int>(affinity.pes.values[vector - affinity.first]);
            }
        }
    }
    return -1;
}

std::set<std::set<unsigned>> Imported::groups() const
{
    const group_assignment &groups = plan.software.groups;
    std::map<uint32_t, std::set<unsigned>> by_number;
    std::set<std::set<unsigned>> all;

    for (uint32_t i = 0; i < groups.function_count; i++) {
        if (groups.group_of[i] != GROUP_NONE) {
            by_number[groups.group_of[i]].insert(plan.software.found.tree.functions[i].rid);
        }
    }
    for (const auto &group : by_number) {
        all.insert(group.second);
    }
    return all;
}

} // namespace import_test

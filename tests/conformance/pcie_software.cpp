/* Units pcie and group: what software makes of the topology, from the registers that it finds there. */
#include "tests/conformance/pcie_harness.h"

#include "host/groups.h"
#include "host/groups_acs.h"
#include "host/pci_tree.h"

namespace conformance
{

namespace
{

/** A finished tree that releases itself. */
struct SoftwareTree {
    pci_tree tree = {};

    SoftwareTree()
    {
        pci_tree_add_host_bridge(&tree, "rc", 0, 0, 0xff);
    }
    ~SoftwareTree()
    {
        pci_tree_clear(&tree);
    }
    SoftwareTree(const SoftwareTree &) = delete;
    SoftwareTree &operator=(const SoftwareTree &) = delete;

    uint32_t add(pci_tree_function function, const std::string &name)
    {
        function.name = const_cast<char *>(name.c_str()); /* copied by the tree */
        return pci_tree_add_function(&tree, &function);
    }
    void finish()
    {
        char error[256];

        if (!pci_tree_finish(&tree, error, sizeof(error))) {
            throw Failure(std::string("no tree: ") + error);
        }
    }
};

pci_tree_function read_function(pcie_test::Rig &rig, uint16_t rid)
{
    const unsigned express = rig.find_capability(rid, PCIE_CAP_ID_PCI_EXPRESS);
    const unsigned acs = express != 0 ? rig.find_extended(rid, PCIE_EXT_CAP_ID_ACS) : 0;
    const auto header = static_cast<unsigned>(rig.config_read(rid, PCIE_HEADER_TYPE, 1));
    pci_tree_function function;

    const auto type = express != 0 ? static_cast<pci_tree_type>(rig.config_read(rid, express + 2, 2) >> 4 & 0xf)
                                   : PCI_TREE_CONVENTIONAL_DEVICE;

    pci_tree_function_init(&function, type, rid);
    function.multifunction = (rig.config_read(rid & 0xfff8, PCIE_HEADER_TYPE, 1) & 0x80) != 0;
    if ((header & 0x7f) == 1) {
        function.secondary = static_cast<uint8_t>(rig.config_read(rid, PCIE_SECONDARY_BUS, 1));
        function.subordinate = static_cast<uint8_t>(rig.config_read(rid, PCIE_SUBORDINATE_BUS, 1));
    }
    if (acs != 0) {
        function.acs.present = true;
        function.acs.capability = static_cast<uint16_t>(rig.config_read(rid, acs + 4, 2));
        function.acs.control = static_cast<uint16_t>(rig.config_read(rid, acs + 6, 2));
    }
    return function;
}

/** Adds all that the topology has, with the format's names. */
void read_all(pcie_test::Rig &rig, SoftwareTree *tree)
{
    tree->add(read_function(rig, pcie_test::RP_RID[0]), "RP0");
    tree->add(read_function(rig, pcie_test::USP_RID), "usp");
    tree->add(read_function(rig, pcie_test::DSP_RID[0]), "dsp0");
    tree->add(read_function(rig, pcie_test::DSP_RID[1]), "dsp1");
    tree->add(read_function(rig, pcie_test::RP_RID[1]), "RP1");
    if (rig.bridge != nullptr) {
        tree->add(read_function(rig, pcie_test::BRIDGE_RID), "05:00.0");
        tree->add(read_function(rig, pcie_test::CONVENTIONAL_RID[0]), "06:01.0");
        tree->add(read_function(rig, pcie_test::CONVENTIONAL_RID[1]), "06:02.0");
    }
    for (unsigned ep = 0; ep < (rig.bridge != nullptr ? 2u : 3u); ep++) {
        for (unsigned number = 0; number < 8; number++) {
            const auto rid = static_cast<uint16_t>(pcie_test::RID[ep] + number);

            if (rig.config_read(rid, PCIE_VENDOR_ID, 2) != PCIE_VENDOR_ID_NO_DEVICE) {
                tree->add(read_function(rig, rid), "EP" + std::to_string(ep) + "." + std::to_string(number));
            }
        }
    }
    tree->finish();
}

/** A function of a sort, without ACS. CaseError. */
pci_tree_function sort_of(const Value &name, uint16_t rid)
{
    static const std::map<std::string, pci_tree_type> types = {
        {"root_port", PCI_TREE_ROOT_PORT},
        {"downstream_port", PCI_TREE_DOWNSTREAM_PORT},
        {"single_function_endpoint", PCI_TREE_ENDPOINT},
        {"single_function_upstream_port", PCI_TREE_UPSTREAM_PORT},
        {"multifunction_endpoint", PCI_TREE_ENDPOINT},
        {"pcie_to_pci_bridge", PCI_TREE_PCIE_TO_PCI_BRIDGE},
        {"pci_to_pcie_bridge", PCI_TREE_PCI_TO_PCIE_BRIDGE},
        {"rcec", PCI_TREE_RC_EVENT_COLLECTOR},
    };
    const auto found = types.find(name.to_text());
    pci_tree_function function;

    if (found == types.end()) {
        throw CaseError(name.place, "`" + name.to_text() + "` is no sort of device");
    }
    pci_tree_function_init(&function, found->second, rid);
    function.multifunction = name.to_text() == "multifunction_endpoint";
    return function;
}

} // namespace

void PcieHarness::do_software(const Value &step)
{
    const std::string what = step.at("compute").to_text();
    SoftwareTree tree;
    uint16_t flags = 0;

    if (what == "linux_7_2_pci_device_group" || what == "isolation_groups") {
        group_options options = {};
        group_assignment groups = {};

        options.rule = what == "isolation_groups" ? GROUP_RULE_REACH : GROUP_RULE_LINUX;
        /* 7.2 groups by the text that 7.3 has. */
        options.kernel = GROUP_KERNEL_7_3;
        read_all(*rig_, &tree);
        group_assign(&tree.tree, &options, &groups);
        for (uint32_t i = 0; i < tree.tree.function_count; i++) {
            software_[tree.tree.functions[i].name] = groups.group_of[i];
        }
        group_assignment_clear(&groups);
        return;
    }
    if (what != "software_acs_ok") {
        throw Skip("software's view `" + what + "` is not computed by this harness");
    }
    for (const Value &flag : step.at("flags").each()) {
        flags = static_cast<uint16_t>(flags | acs_bit(flag.to_text(), flag.place));
    }
    if (const Value *devices = step.find("devices")) {
        /* Whether one passes does not depend on where it sits, so each has a tree of its own. */
        for (const Value &device : devices->each()) {
            SoftwareTree own;

            own.add(sort_of(device, 0x08), device.to_text());
            software_[device.to_text()] = group_acs_enabled(&own.tree, 0, flags);
        }
        return;
    }
    read_all(*rig_, &tree);
    for (uint32_t i = 0; i < tree.tree.function_count; i++) {
        software_[tree.tree.functions[i].name] = group_acs_enabled(&tree.tree, i, flags);
    }
}

Value PcieHarness::software_says(const Value &entry, const std::string &key) const
{
    const auto found = software_.find(key);

    if (key == "same_group") {
        Value together = Value::list();
        const std::vector<Value> members = entry.at(key).each();

        for (const Value &member : members) {
            const auto one = software_.find(member.to_text());

            if (one == software_.end()) {
                throw CaseError(member.place, "`" + member.to_text() + "` is no function of the topology");
            }
            if (one->second == software_.at(members[0].to_text())) {
                together.children.push_back(member);
            }
        }
        return together;
    }
    if (found == software_.end()) {
        throw CaseError(entry.place, "`" + key + "` is nothing that this harness sees");
    }
    return Value::text_of(found->second != 0 ? "true" : "false");
}

} // namespace conformance

#include "topology.h"

#include <algorithm>
#include <stdexcept>

namespace topology
{

Function &Function::mf(bool value)
{
    multi = value;
    return *this;
}

Function &Function::acs(unsigned control)
{
    return acs(control, control);
}

Function &Function::acs(unsigned cap, unsigned control)
{
    capability = {cap, control};
    return *this;
}

Function &Function::quirk(unsigned bits)
{
    quirks |= bits;
    return *this;
}

Function &Function::phantom(unsigned devfn)
{
    phantoms.push_back(devfn);
    return *this;
}

Function &Function::vf_of(const std::string &pf)
{
    physical = pf;
    return *this;
}

Function &Function::sends_as(const std::string &other)
{
    dma_as = other;
    return *this;
}

Function &Function::bar(uint64_t base, uint64_t size)
{
    memory.emplace_back(base, size);
    return *this;
}

Function &Function::vectors(unsigned count)
{
    msix = count;
    return *this;
}

Function &Function::with_ats()
{
    ats = true;
    return *this;
}

Function &Function::pasid(unsigned bits)
{
    pasid_bits = bits;
    return *this;
}

Function &Function::on(unsigned host_bridge)
{
    host = host_bridge;
    return *this;
}

Function of_type(pci_tree_type type, const std::string &name, unsigned bus, unsigned device, unsigned function,
                 unsigned secondary)
{
    Function made;

    made.name = name;
    made.type = type;
    made.bus = bus;
    made.device = device;
    made.function = function;
    made.secondary = secondary;
    return made;
}

Function rp(const std::string &name, unsigned device, unsigned secondary, unsigned function)
{
    return of_type(PCI_TREE_ROOT_PORT, name, 0, device, function, secondary);
}

Function usp(const std::string &name, unsigned bus, unsigned secondary)
{
    return of_type(PCI_TREE_UPSTREAM_PORT, name, bus, 0, 0, secondary);
}

Function dsp(const std::string &name, unsigned bus, unsigned device, unsigned secondary, unsigned function)
{
    return of_type(PCI_TREE_DOWNSTREAM_PORT, name, bus, device, function, secondary);
}

Function ep(const std::string &name, unsigned bus, unsigned device, unsigned function)
{
    return of_type(PCI_TREE_ENDPOINT, name, bus, device, function);
}

namespace
{

// The highest bus number below a secondary bus: of bridges on it, and of VFs whose PF is on it.
unsigned last_bus_below(const std::vector<Function> &functions, unsigned host, unsigned secondary)
{
    unsigned last = secondary;

    for (const Function &at : functions) {
        if (at.host == host && at.bus == secondary && at.secondary != 0) {
            last = std::max(last, last_bus_below(functions, host, at.secondary));
        }
        if (at.physical.empty()) {
            continue;
        }
        for (const Function &pf : functions) {
            if (pf.name == at.physical && pf.host == host && pf.bus == secondary) {
                last = std::max(last, at.bus);
            }
        }
    }
    return last;
}

uint32_t position_of(const std::vector<Function> &functions, const std::string &name)
{
    for (size_t i = 0; i < functions.size(); i++) {
        if (functions[i].name == name) {
            return static_cast<uint32_t>(i);
        }
    }
    throw std::out_of_range("no function " + name);
}

pci_tree_function describe(const std::vector<Function> &functions, const Function &from)
{
    pci_tree_function to;

    pci_tree_function_init(&to, from.type, pci_tree_rid(from.bus, from.device, from.function));
    to.name = const_cast<char *>(from.name.c_str());
    to.host_bridge = from.host;
    to.secondary = static_cast<uint8_t>(from.secondary);
    if (from.secondary != 0) {
        to.subordinate = static_cast<uint8_t>(last_bus_below(functions, from.host, from.secondary));
    }
    to.multifunction = from.multi;
    to.quirks = from.quirks;
    if (from.capability) {
        to.acs.present = true;
        to.acs.capability = static_cast<uint16_t>(from.capability->first);
        to.acs.control = static_cast<uint16_t>(from.capability->second);
    }
    for (unsigned devfn : from.phantoms) {
        to.alias_devfns[devfn / 64] |= uint64_t(1) << devfn % 64;
    }
    if (!from.physical.empty()) {
        to.is_vf = true;
        to.physical_function = position_of(functions, from.physical);
    }
    if (!from.dma_as.empty()) {
        to.real_dma_function = position_of(functions, from.dma_as);
    }
    for (size_t i = 0; i < from.memory.size(); i++) {
        to.bars[i].base = from.memory[i].first;
        to.bars[i].size = from.memory[i].second;
    }
    to.msix_vectors = static_cast<uint16_t>(from.msix);
    to.ats = from.ats;
    to.ats_enabled = from.ats;
    to.pasid = from.pasid_bits != 0;
    to.pasid_width = static_cast<uint8_t>(from.pasid_bits);
    return to;
}

} // namespace

Tree::Tree(const std::vector<Function> &functions, unsigned host_bridges)
{
    char text[256] = "";

    for (unsigned i = 0; i < host_bridges; i++) {
        pci_tree_add_host_bridge(&tree, ("host" + std::to_string(i)).c_str(), static_cast<uint16_t>(i), 0, 255);
    }
    for (const Function &function : functions) {
        pci_tree_function described = describe(functions, function);

        pci_tree_add_function(&tree, &described);
    }
    if (!pci_tree_finish(&tree, text, sizeof(text))) {
        message = text;
    }
}

Tree::~Tree()
{
    pci_tree_clear(&tree);
}

const pci_tree *Tree::get() const
{
    return &tree;
}

pci_tree *Tree::get()
{
    return &tree;
}

uint32_t Tree::operator[](const std::string &name) const
{
    uint32_t index = pci_tree_find_name(&tree, name.c_str());

    if (index == PCI_TREE_NONE) {
        throw std::out_of_range("no function " + name);
    }
    return index;
}

const std::string &Tree::error() const
{
    return message;
}

Partition Tree::groups(const group_options &options) const
{
    group_assignment assigned = {};
    std::map<uint32_t, std::set<std::string>> members;
    Partition partition;

    group_assign(&tree, &options, &assigned);
    for (uint32_t i = 0; i < tree.function_count; i++) {
        if (assigned.group_of[i] != GROUP_NONE) {
            members[assigned.group_of[i]].insert(tree.functions[i].name);
        }
    }
    if (members.size() != assigned.group_count) {
        throw std::logic_error("group numbers have gaps");
    }
    for (auto &group : members) {
        partition.insert(group.second);
    }
    group_assignment_clear(&assigned);
    return partition;
}

Partition Tree::groups(group_rule rule, const std::vector<std::string> &order) const
{
    group_options options = {};
    std::vector<uint32_t> indexes;

    options.rule = rule;
    for (const std::string &name : order) {
        indexes.push_back((*this)[name]);
    }
    if (!order.empty()) {
        options.probe_order = indexes.data();
        options.probe_count = indexes.size();
    }
    return groups(options);
}

std::vector<unsigned> Tree::aliases(const std::string &name, group_kernel kernel) const
{
    std::vector<unsigned> rids;
    auto collect = [](void *context, const group_alias *alias) {
        static_cast<std::vector<unsigned> *>(context)->push_back(alias->rid);
        return false;
    };

    group_alias_walk(&tree, (*this)[name], kernel, collect, &rids);
    return rids;
}

std::set<std::pair<std::string, std::string>> Tree::direct_pairs(const reach_policy &policy) const
{
    std::set<std::pair<std::string, std::string>> pairs;

    for (uint32_t source = 0; source < tree.function_count; source++) {
        for (uint32_t target = 0; target < tree.function_count; target++) {
            if (reach_direct(&tree, &policy, source, target)) {
                pairs.emplace(tree.functions[source].name, tree.functions[target].name);
            }
        }
    }
    return pairs;
}

Partition restrict_to(const Partition &groups, const std::set<std::string> &members)
{
    Partition left;

    for (const auto &group : groups) {
        std::set<std::string> kept;

        std::set_intersection(group.begin(), group.end(), members.begin(), members.end(),
                              std::inserter(kept, kept.begin()));
        if (!kept.empty()) {
            left.insert(kept);
        }
    }
    return left;
}

} // namespace topology

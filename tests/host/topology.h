// A PCI tree from a short description, for tests: functions by name, subordinate bus numbers filled in.
#ifndef DOORBELL_TESTS_HOST_TOPOLOGY_H
#define DOORBELL_TESTS_HOST_TOPOLOGY_H

#include "host/groups.h"
#include "host/groups_alias.h"
#include "host/pci_tree.h"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace topology
{

constexpr unsigned SV = PCI_TREE_ACS_SV;
constexpr unsigned TB = PCI_TREE_ACS_TB;
constexpr unsigned RR = PCI_TREE_ACS_RR;
constexpr unsigned CR = PCI_TREE_ACS_CR;
constexpr unsigned UF = PCI_TREE_ACS_UF;
constexpr unsigned EC = PCI_TREE_ACS_EC;
constexpr unsigned DT = PCI_TREE_ACS_DT;
constexpr unsigned FULL = PCI_TREE_ACS_ISOLATING;

// One function, and setters that can be chained.
struct Function {
    std::string name;
    pci_tree_type type = PCI_TREE_ENDPOINT;
    unsigned bus = 0;
    unsigned device = 0;
    unsigned function = 0;
    unsigned secondary = 0;
    unsigned host = 0;
    bool multi = false;
    std::optional<std::pair<unsigned, unsigned>> capability; // ACS capability and control
    unsigned quirks = 0;
    std::vector<unsigned> phantoms;
    std::string physical;                              // PF of a VF
    std::string dma_as;                                // whose requester ID its DMA carries
    std::vector<std::pair<uint64_t, uint64_t>> memory; // BARs: base, size
    unsigned msix = 0;
    bool ats = false;
    unsigned pasid_bits = 0;

    Function &mf(bool value = true);
    Function &acs(unsigned control); // that capability, all of it on
    Function &acs(unsigned cap, unsigned control);
    Function &quirk(unsigned bits);
    Function &phantom(unsigned devfn);
    Function &vf_of(const std::string &pf);
    Function &sends_as(const std::string &other);
    Function &bar(uint64_t base, uint64_t size);
    Function &vectors(unsigned count);
    Function &with_ats();
    Function &pasid(unsigned bits);
    Function &on(unsigned host_bridge);
};

Function rp(const std::string &name, unsigned device, unsigned secondary, unsigned function = 0);
Function usp(const std::string &name, unsigned bus, unsigned secondary);
Function dsp(const std::string &name, unsigned bus, unsigned device, unsigned secondary, unsigned function = 0);
Function ep(const std::string &name, unsigned bus, unsigned device = 0, unsigned function = 0);
Function of_type(pci_tree_type type, const std::string &name, unsigned bus, unsigned device, unsigned function = 0,
                 unsigned secondary = 0);

using Partition = std::set<std::set<std::string>>;

// A built tree, which releases itself.
class Tree
{
  public:
    explicit Tree(const std::vector<Function> &functions, unsigned host_bridges = 1);
    ~Tree();
    Tree(const Tree &) = delete;
    Tree &operator=(const Tree &) = delete;

    const pci_tree *get() const;
    pci_tree *get();
    uint32_t operator[](const std::string &name) const; // index; throws if there is none
    const std::string &error() const;                   // empty if the tree is good

    Partition groups(const group_options &options) const;
    Partition groups(group_rule rule, const std::vector<std::string> &order = {}) const;
    std::vector<unsigned> aliases(const std::string &name, group_kernel kernel = GROUP_KERNEL_7_3) const;
    std::set<std::pair<std::string, std::string>> direct_pairs(const reach_policy &policy = {}) const;

  private:
    pci_tree tree = {};
    std::string message;
};

// The parts of a partition that are left when only these members are looked at.
Partition restrict_to(const Partition &groups, const std::set<std::string> &members);

} // namespace topology

#endif

// Linux's groups against recorded ones: topologies with the groups that Linux forms (corpus/groups/groups.json), and
// the groups of real boots (corpus/linux-qemu/groups.csv). Skipped where the corpora are absent.
#include "topology.h"

#include <gtest/gtest.h>
#include <jansson.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace topology;

namespace
{

const std::string shared = DOORBELL_SHARED_DIR;

pci_tree_type type_of(const std::string &word)
{
    static const std::map<std::string, pci_tree_type> types = {
        {"RP", PCI_TREE_ROOT_PORT},
        {"USP", PCI_TREE_UPSTREAM_PORT},
        {"DSP", PCI_TREE_DOWNSTREAM_PORT},
        {"EP", PCI_TREE_ENDPOINT},
        {"VF", PCI_TREE_ENDPOINT},
        {"RCEP", PCI_TREE_RC_ENDPOINT},
        {"PCIE2PCI", PCI_TREE_PCIE_TO_PCI_BRIDGE},
        {"CONVBR", PCI_TREE_CONVENTIONAL_BRIDGE},
        {"CONV", PCI_TREE_CONVENTIONAL_DEVICE},
    };

    return types.at(word);
}

unsigned number(json_t *object, const char *key)
{
    return static_cast<unsigned>(json_integer_value(json_object_get(object, key)));
}

// One device of the corpus. Every key must be known, so that nothing the corpus says is passed over.
Function read_device(const char *name, json_t *device)
{
    const std::string type = json_string_value(json_object_get(device, "type"));
    Function function = of_type(type_of(type), name, number(device, "bus"), number(device, "dev"), number(device, "fn"),
                                number(device, "sec"));
    json_t *acs = json_object_get(device, "acs");
    json_t *value;
    const char *key;
    size_t i;

    json_object_foreach(device, key, value)
    {
        static const std::set<std::string> known = {"bus", "dev", "fn",    "type",  "sec",
                                                    "acs", "mf",  "quirk", "alias", "vfbus"};

        EXPECT_EQ(known.count(key), 1u) << name << " has an unknown key " << key;
    }
    if (json_is_object(acs)) {
        function.acs(number(acs, "cap"), number(acs, "ctrl"));
    }
    function.mf(json_is_true(json_object_get(device, "mf")));
    if (json_is_true(json_object_get(device, "quirk"))) {
        function.quirk(PCI_TREE_QUIRK_ISOLATED);
    }
    json_array_foreach(json_object_get(device, "alias"), i, value)
    {
        function.phantom(static_cast<unsigned>(json_integer_value(value)));
    }
    return function;
}

// A VF's PF is function 0 of its bus, or the one that names the VF's bus as the one SR-IOV added.
void name_physical_functions(json_t *devices, std::vector<Function> &functions)
{
    const char *key;
    json_t *value;

    for (Function &vf : functions) {
        if (std::string(json_string_value(json_object_get(json_object_get(devices, vf.name.c_str()), "type"))) !=
            "VF") {
            continue;
        }
        json_object_foreach(devices, key, value)
        {
            bool beside = number(value, "bus") == vf.bus && number(value, "dev") == 0 && number(value, "fn") == 0;
            bool added = json_object_get(value, "vfbus") != nullptr && number(value, "vfbus") == vf.bus;
            bool is_vf = std::string(json_string_value(json_object_get(value, "type"))) == "VF";

            if (!is_vf && (beside || added)) {
                vf.vf_of(key);
            }
        }
    }
}

Partition read_groups(json_t *groups)
{
    Partition partition;
    json_t *group;
    json_t *member;
    size_t i;
    size_t j;

    json_array_foreach(groups, i, group)
    {
        std::set<std::string> names;

        json_array_foreach(group, j, member)
        {
            names.insert(json_string_value(member));
        }
        partition.insert(names);
    }
    return partition;
}

void compare_aliases(const Tree &tree, json_t *expected)
{
    const char *name;
    json_t *rids;
    json_t *rid;
    size_t i;

    json_object_foreach(expected, name, rids)
    {
        std::vector<unsigned> wanted;

        json_array_foreach(rids, i, rid)
        {
            wanted.push_back(static_cast<unsigned>(std::stoul(json_string_value(rid), nullptr, 16)));
        }
        EXPECT_EQ(tree.aliases(name), wanted) << name;
    }
}

void compare_pasid_paths(const Tree &tree, json_t *expected)
{
    const char *name;
    json_t *ok;

    json_object_foreach(expected, name, ok)
    {
        EXPECT_EQ(group_pasid_path_ok(tree.get(), tree[name], GROUP_KERNEL_7_3), json_is_true(ok)) << name;
    }
}

void compare_topology(json_t *topology)
{
    static const std::set<std::string> known = {"devices", "groups", "dma_aliases", "pasid_path_ok"};
    json_t *devices = json_object_get(topology, "devices");
    std::vector<Function> functions;
    const char *key;
    json_t *value;

    json_object_foreach(topology, key, value)
    {
        EXPECT_EQ(known.count(key), 1u) << "an unknown key " << key;
    }
    json_object_foreach(devices, key, value)
    {
        functions.push_back(read_device(key, value));
    }
    name_physical_functions(devices, functions);
    Tree tree(functions);
    ASSERT_EQ(tree.error(), "");
    EXPECT_EQ(tree.groups(GROUP_RULE_LINUX), read_groups(json_object_get(topology, "groups")));
    compare_aliases(tree, json_object_get(topology, "dma_aliases"));
    compare_pasid_paths(tree, json_object_get(topology, "pasid_path_ok"));
}

// Rows of a CSV file by column name. The corpus has no quotes or escapes.
std::vector<std::map<std::string, std::string>> read_csv(std::istream &file)
{
    std::vector<std::map<std::string, std::string>> rows;
    std::vector<std::string> columns;
    std::string line;

    while (std::getline(file, line)) {
        std::map<std::string, std::string> row;
        std::stringstream cells(line);
        std::string cell;

        for (size_t i = 0; std::getline(cells, cell, ','); i++) {
            if (rows.empty() && columns.size() == i) {
                columns.push_back(cell);
            }
            row[columns.at(i)] = cell;
        }
        rows.push_back(row);
    }
    rows.erase(rows.begin());
    return rows;
}

unsigned control_bits(const std::string &words)
{
    static const std::map<std::string, unsigned> bits = {
        {"SrcValid", SV},    {"TransBlk", TB},    {"ReqRedir", RR},   {"CmpltRedir", CR},
        {"UpstreamFwd", UF}, {"DirectTrans", DT}, {"EgressCtrl", EC}, {"none", 0u},
    };
    std::stringstream parts(words);
    std::string word;
    unsigned value = 0;

    while (std::getline(parts, word, '|')) {
        value |= bits.at(word);
    }
    return value;
}

pci_tree_type recorded_type(const std::string &words, bool bridge)
{
    if (words.rfind("Root Port", 0) == 0) {
        return PCI_TREE_ROOT_PORT;
    }
    if (words.rfind("Upstream", 0) == 0) {
        return PCI_TREE_UPSTREAM_PORT;
    }
    if (words.rfind("Downstream", 0) == 0) {
        return PCI_TREE_DOWNSTREAM_PORT;
    }
    if (words.rfind("PCI", 0) == 0) {
        return PCI_TREE_PCIE_TO_PCI_BRIDGE;
    }
    if (words == "conventional") {
        return bridge ? PCI_TREE_CONVENTIONAL_BRIDGE : PCI_TREE_CONVENTIONAL_DEVICE;
    }
    return PCI_TREE_ENDPOINT;
}

using Rows = std::vector<std::map<std::string, std::string>>;

// Functions of one boot. The recording names parents and not secondary buses: those are where the children are, and a
// bridge without children gets the least number after its own bus that nothing else has.
std::vector<Function> recorded_functions(const Rows &boot)
{
    std::vector<Function> functions;
    std::map<std::string, unsigned> secondary;
    std::set<unsigned> used;

    for (const auto &row : boot) {
        unsigned bus = static_cast<unsigned>(std::stoul(row.at("bdf").substr(0, 2), nullptr, 16));

        secondary[row.at("parent_bdf")] = bus;
        used.insert(bus);
    }
    for (const auto &row : boot) {
        const std::string &bdf = row.at("bdf");
        bool has_children = secondary.count(bdf) != 0;
        pci_tree_type type = recorded_type(row.at("pcie_type"), has_children);
        Function function = of_type(type, bdf, static_cast<unsigned>(std::stoul(bdf.substr(0, 2), nullptr, 16)),
                                    static_cast<unsigned>(std::stoul(bdf.substr(3, 2), nullptr, 16)),
                                    static_cast<unsigned>(std::stoul(bdf.substr(6, 1), nullptr, 16)));

        if (type != PCI_TREE_ENDPOINT && type != PCI_TREE_CONVENTIONAL_DEVICE) {
            unsigned spare = function.bus + 1;

            while (!has_children && !used.insert(spare).second) {
                spare++;
            }
            function.secondary = has_children ? secondary[bdf] : spare;
        }
        function.mf(row.at("multifunction") == "1");
        if (row.at("acs_cap") != "no-capability") {
            function.acs(control_bits(row.at("acs_cap")), control_bits(row.at("acs_ctl")));
        }
        functions.push_back(function);
    }
    return functions;
}

// What the row says of itself, and what of it the tree must have come to.
void compare_row(const Tree &tree, const std::map<std::string, std::string> &row)
{
    const pci_tree_function &function = tree.get()->functions[tree[row.at("bdf")]];
    const std::string &parent = row.at("parent_bdf");

    if (function.parent == PCI_TREE_NONE) {
        EXPECT_TRUE(parent.empty() || parent == "root" || parent.rfind("pci", 0) == 0) << parent;
    } else {
        EXPECT_EQ(tree.get()->functions[function.parent].name, parent);
    }
}

group_kernel kernel_of(const std::string &version)
{
    return version.rfind("6.1.", 0) == 0    ? GROUP_KERNEL_6_1
           : version.rfind("6.12.", 0) == 0 ? GROUP_KERNEL_6_12
                                            : GROUP_KERNEL_7_3;
}

void compare_boot(const Rows &boot, size_t *compared, size_t *without_group)
{
    Tree tree(recorded_functions(boot));
    std::vector<uint32_t> probed;
    group_options options = {};
    std::map<std::string, std::set<std::string>> members;
    std::vector<std::string> order;
    Partition recorded;

    ASSERT_EQ(tree.error(), "");
    ASSERT_EQ(tree.get()->function_count, boot.size());
    for (const auto &row : boot) {
        compare_row(tree, row);
        if (!row.at("iommu_group").empty()) {
            members[row.at("iommu_group")].insert(row.at("bdf"));
            order.push_back(row.at("bdf"));
            probed.push_back(tree[row.at("bdf")]);
        }
    }
    for (const auto &group : members) {
        recorded.insert(group.second);
    }
    EXPECT_EQ(tree.groups(GROUP_RULE_LINUX, order), recorded);
    options.kernel = kernel_of(boot.front().at("kernel"));
    options.probe_order = probed.data();
    options.probe_count = probed.size();
    EXPECT_EQ(tree.groups(options), recorded) << "by the rules of " << group_kernel_name(options.kernel);
    *compared += order.size();
    *without_group += boot.size() - order.size();
    std::cout << boot.front().at("case") << " " << boot.front().at("boot") << " " << boot.front().at("kernel") << ": "
              << order.size() << " functions in " << recorded.size() << " groups compared, "
              << boot.size() - order.size() << " that no IOMMU driver held\n";
}

} // namespace

TEST(GroupsCorpus, EveryTopologyAsLinuxGroupsIt)
{
    const std::string path = shared + "/corpus/groups/groups.json";
    json_error_t error;
    json_t *topology;
    const char *name;
    size_t compared = 0;

    if (!std::ifstream(path)) {
        GTEST_SKIP() << "no corpus at " << path;
    }
    json_t *corpus = json_load_file(path.c_str(), JSON_REJECT_DUPLICATES, &error);
    ASSERT_NE(corpus, nullptr) << error.text;
    ASSERT_GT(json_object_size(corpus), 0u);
    json_object_foreach(corpus, name, topology)
    {
        SCOPED_TRACE(name);
        compare_topology(topology);
        std::cout << name << ": " << json_object_size(json_object_get(topology, "devices")) << " functions in "
                  << json_array_size(json_object_get(topology, "groups")) << " groups, aliases of "
                  << json_object_size(json_object_get(topology, "dma_aliases")) << ", PASID paths of "
                  << json_object_size(json_object_get(topology, "pasid_path_ok")) << " compared\n";
        compared++;
    }
    EXPECT_EQ(compared, json_object_size(corpus));
    json_decref(corpus);
}

TEST(GroupsCorpus, EveryBootAsRecorded)
{
    const std::string path = shared + "/corpus/linux-qemu/groups.csv";
    std::ifstream file(path);
    std::map<std::string, Rows> boots;
    size_t compared = 0;
    size_t without_group = 0;
    size_t rows = 0;

    if (!file) {
        GTEST_SKIP() << "no corpus at " << path;
    }
    for (const auto &row : read_csv(file)) {
        boots[row.at("case") + " " + row.at("boot") + " " + row.at("kernel")].push_back(row);
        rows++;
    }
    for (const auto &boot : boots) {
        SCOPED_TRACE(boot.first);
        compare_boot(boot.second, &compared, &without_group);
    }
    EXPECT_GT(compared, 0u);
    EXPECT_EQ(compared + without_group, rows);
    RecordProperty("functions_compared", static_cast<int>(compared));
}

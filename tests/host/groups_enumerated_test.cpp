// Linux's groups and aliases of systems that enumeration found in the models' registers, against the corpus: bridges,
// aliases, virtual functions. Skipped where the corpus is absent.
#include "host/groups.h"
#include "host/groups_alias.h"
#include "tests/host/software_system.h"

#include <gtest/gtest.h>
#include <jansson.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

using software_system::Built;

namespace
{

struct Row {
    const char *name;                         // in the corpus
    const char *root_port;                    // its ACS
    const char *below;                        // the device below it
    std::map<std::string, std::string> names; // of functions here, to those of the corpus, where they differ
};

const std::vector<Row> rows = {
    {"rp-acs-one-ep", "[SV, RR, CR, UF]", "ep: { endpoint: {} }", {}},
    {"rp-noacs-one-ep", "none", "ep: { endpoint: {} }", {}},
    {"mf-ep-no-acs", "[SV, RR, CR, UF]", "f: { endpoint: { functions: 2 } }", {{"f", "f0"}, {"f/1", "f1"}}},
    {"mf-ep-empty-acs", "[SV, RR, CR, UF]", "f: { endpoint: { functions: 2, acs: [] } }", {{"f", "f0"}, {"f/1", "f1"}}},
    {"pcie-to-pci-bridge",
     "[SV, RR, CR, UF]",
     "br: { bridge: {}, below: { d0: { endpoint: {} }, d1: { endpoint: {} } } }",
     {}},
    {"func0-dma-alias",
     "[SV, RR, CR, UF]",
     "f: { endpoint: { functions: 2, acs: [SV, RR, CR, UF], dma-alias: 0, vendor-id: 0x1180, device-id: 0xe832 } }",
     {{"f", "f0"}, {"f/1", "f1"}}},
    {"ghost-function-alias",
     "[SV, RR, CR, UF]",
     "f0: { endpoint: { dma-alias: 1, vendor-id: 0x1b4b, device-id: 0x9123 } }",
     {}},
    {"sriov-pf-and-vfs",
     "[SV, RR, CR, UF]",
     "pf: { endpoint: { sr-iov: { vfs: 2, first-offset: 1, stride: 255 } } }",
     {{"pf/vf1", "vf0"}, {"pf/vf2", "vf1"}}},
    {"sriov-behind-noacs-dsp",
     "[SV, RR, CR, UF]",
     "s: { switch: {}, below: { epA: { endpoint: { sr-iov: { vfs: 1 } } }, epB: { endpoint: {} } } }",
     {{"s.usp", "usp"}, {"s.dsp-epA", "dsp0"}, {"s.dsp-epB", "dsp1"}, {"epA/vf1", "pfvf0"}}},
};

using Sets = std::set<std::set<std::string>>;
using Aliases = std::map<std::string, std::vector<unsigned>>;

std::string name_of(const Row &row, const char *name)
{
    const auto found = row.names.find(name);

    return found == row.names.end() ? name : found->second;
}

Sets groups_of(const Row &row, const pci_tree &tree)
{
    group_options options = {};
    group_assignment groups = {};
    std::map<uint32_t, std::set<std::string>> members;
    Sets sets;

    group_assign(&tree, &options, &groups);
    for (uint32_t i = 0; i < tree.function_count; i++) {
        members[groups.group_of[i]].insert(name_of(row, tree.functions[i].name));
    }
    group_assignment_clear(&groups);
    for (const auto &group : members) {
        sets.insert(group.second);
    }
    return sets;
}

Aliases aliases_of(const Row &row, const pci_tree &tree)
{
    Aliases all;

    for (uint32_t i = 0; i < tree.function_count; i++) {
        const auto visit = [](void *context, const group_alias *alias) {
            static_cast<std::vector<unsigned> *>(context)->push_back(alias->rid);
            return false;
        };

        group_alias_walk(&tree, i, GROUP_KERNEL_7_3, visit, &all[name_of(row, tree.functions[i].name)]);
    }
    return all;
}

Sets groups_in(json_t *row)
{
    Sets sets;
    json_t *group;
    json_t *member;
    size_t i;
    size_t j;

    json_array_foreach(json_object_get(row, "groups"), i, group)
    {
        std::set<std::string> members;

        json_array_foreach(group, j, member)
        {
            members.insert(json_string_value(member));
        }
        sets.insert(members);
    }
    return sets;
}

Aliases aliases_in(json_t *row)
{
    Aliases all;
    const char *name;
    json_t *list;
    json_t *rid;
    size_t i;

    json_object_foreach(json_object_get(row, "dma_aliases"), name, list)
    {
        json_array_foreach(list, i, rid)
        {
            all[name].push_back(static_cast<unsigned>(std::stoul(json_string_value(rid), nullptr, 16)));
        }
    }
    return all;
}

TEST(GroupsEnumerated, AreThoseOfTheCorpus)
{
    json_error_t error;
    json_t *corpus = json_load_file(DOORBELL_SHARED_DIR "/corpus/groups/groups.json", 0, &error);

    if (corpus == nullptr) {
        GTEST_SKIP() << "there is no corpus of groups in " DOORBELL_SHARED_DIR;
    }
    for (const Row &row : rows) {
        SCOPED_TRACE(row.name);
        json_t *recorded = json_object_get(corpus, row.name);
        std::unique_ptr<Built> built(Built::from_text(
            std::string(
                "doorbell: 1\nplatform: { its: { A: {} }, smmu: { S: {} } }\npcie:\n  rc0:\n    root-ports:\n") +
            "      rp: { device: 1, acs: " + row.root_port + ", below: { " + row.below + " } }\n"));

        ASSERT_NE(recorded, nullptr);
        ASSERT_NE(built->scenario, nullptr) << built->said;
        ASSERT_TRUE(built->bring_up()) << built->error.text;
        EXPECT_EQ(groups_of(row, built->software->found.tree), groups_in(recorded));
        EXPECT_EQ(aliases_of(row, built->software->found.tree), aliases_in(recorded));
    }
    json_decref(corpus);
}

} // namespace

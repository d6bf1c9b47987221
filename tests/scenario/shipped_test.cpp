/* The scenarios that ship. */
#include "tests/scenario/loaded.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace
{

const std::string scenarios = std::string(DOORBELL_SOURCE_DIR) + "/scenarios";

std::vector<std::string> shipped()
{
    std::vector<std::string> files;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(scenarios)) {
        if (entry.path().extension() == ".yaml") {
            files.push_back(std::filesystem::relative(entry.path(), scenarios).string());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

const scenario_expectation *find_expectation(const scenario *scenario, const std::string &key)
{
    for (size_t i = 0; i < scenario->expectation_count; i++) {
        if (key == scenario->expectations[i].key) {
            return &scenario->expectations[i];
        }
    }
    return nullptr;
}

TEST(Shipped, AreAllThere)
{
    std::vector<std::string> files = shipped();
    std::set<std::string> there(files.begin(), files.end());

    for (const char *name :
         {"seeds/two-its-split.yaml", "seeds/one-its.yaml", "seeds/with-acs.yaml", "seeds/its-beside-root-complex.yaml",
          "examples/minimal.yaml", "examples/64-endpoints.yaml"}) {
        EXPECT_EQ(there.count(name), 1u) << name;
    }
}

TEST(Shipped, LoadWithoutAWord)
{
    for (const std::string &file : shipped()) {
        Loaded s = Loaded::file(scenarios + "/" + file);
        ASSERT_TRUE(s) << s.said();
        EXPECT_EQ(s.diagnostics().count, 0u) << s.said();
        EXPECT_GT(s->traffic_count, 0u) << file;
        /* Most lose nothing; one that does, says how many, or that it loses some: in all, or by device. */
        bool bounded = false;

        for (size_t i = 0; i < s->expectation_count; i++) {
            const scenario_expectation &lost = s->expectations[i];

            bounded =
                bounded || (lost.metric == SCENARIO_METRIC_MSI_LOST && (lost.lower.present || lost.upper.present));
        }
        EXPECT_TRUE(bounded) << file;
        Loaded again(s.shown());
        EXPECT_TRUE(again) << file << "\n" << again.said();
    }
}

TEST(Shipped, ThePerGroupAssumptionFailsOnlyWhereTheMapIsSplit)
{
    const std::map<std::string, verdict_outcome> expected = {
        {"seeds/two-its-split.yaml", VERDICT_VIOLATED}, {"seeds/one-its.yaml", VERDICT_HOLDS},
        {"seeds/with-acs.yaml", VERDICT_HOLDS},         {"seeds/its-beside-root-complex.yaml", VERDICT_HOLDS},
        {"examples/64-endpoints.yaml", VERDICT_HOLDS},
    };

    for (const auto &entry : expected) {
        Loaded s = Loaded::file(scenarios + "/" + entry.first);
        ASSERT_TRUE(s) << s.said();
        const scenario_expectation *verdict = find_expectation(s.get(), "doorbell-per-group");
        ASSERT_NE(verdict, nullptr) << entry.first;
        EXPECT_EQ(verdict->outcome, entry.second) << entry.first;
    }
}

struct Route {
    const char *device;
    const char *its;
    uint32_t device_id;
    const char *smmu;
    uint32_t stream_id;
};

void expect_routes(const std::string &file, const std::vector<Route> &routes)
{
    Loaded s = Loaded::file(scenarios + "/" + file);
    ASSERT_TRUE(s) << s.said();
    for (const Route &route : routes) {
        const scenario_device *device = scenario_find_device(s.get(), route.device);
        ASSERT_NE(device, nullptr) << route.device;
        uint32_t output = 0;
        const scenario_map_entry *entry =
            scenario_map_find(&device->root_complex->msi_map, scenario_rid(device->bdf), &output);
        ASSERT_NE(entry, nullptr) << route.device;
        EXPECT_STREQ(entry->its->name, route.its) << route.device;
        EXPECT_EQ(output, route.device_id) << route.device;
        entry = scenario_map_find(&device->root_complex->iommu_map, scenario_rid(device->bdf), &output);
        ASSERT_NE(entry, nullptr) << route.device;
        EXPECT_STREQ(entry->smmu->name, route.smmu) << route.device;
        EXPECT_EQ(output, route.stream_id) << route.device;
    }
}

TEST(Shipped, MsisGoWhereTheCommentsSay)
{
    expect_routes("seeds/two-its-split.yaml", {{"epA", "A", 0x300, "S", 0x300}, {"epB", "B", 0x400, "S", 0x400}});
    expect_routes("seeds/one-its.yaml", {{"epA", "A", 0x300, "S", 0x300}, {"epB", "A", 0x400, "S", 0x400}});
    expect_routes("seeds/with-acs.yaml", {{"epA", "A", 0x300, "S", 0x300}, {"epB", "B", 0x400, "S", 0x400}});
    expect_routes("seeds/its-beside-root-complex.yaml", {{"epA", "A", 0x300, "S0", 0x300},
                                                         {"epB", "A", 0x400, "S0", 0x400},
                                                         {"epC", "B", 0x300, "S1", 0x300},
                                                         {"epD", "B", 0x400, "S1", 0x400}});
    expect_routes("examples/64-endpoints.yaml", {{"ep00", "A", 0x0300, "S", 0x0300},
                                                 {"ep31", "A", 0x2400, "S", 0x2400},
                                                 {"ep32", "B", 0x2700, "S", 0x2700},
                                                 {"ep63", "B", 0x4800, "S", 0x4800}});
}

/* What decides whether Linux puts both endpoints into one group. */
TEST(Shipped, AcsIsAsTheTitlesSay)
{
    Loaded split = Loaded::file(scenarios + "/seeds/two-its-split.yaml");
    Loaded acs = Loaded::file(scenarios + "/seeds/with-acs.yaml");
    ASSERT_TRUE(split && acs);

    for (const char *name : {"epA", "epB"}) {
        EXPECT_FALSE(scenario_find_device(split.get(), name)->port.acs.present);
        EXPECT_FALSE(scenario_find_device(split.get(), name)->root_port->port.acs.present);
        EXPECT_EQ(scenario_find_device(acs.get(), name)->port.acs.capability, SCENARIO_ACS_FULL);
        EXPECT_EQ(scenario_find_device(acs.get(), name)->root_port->port.acs.capability, SCENARIO_ACS_FULL);
    }
    EXPECT_EQ(acs->software.enable_acs, SCENARIO_ENABLE_ACS_YES);
}

TEST(Shipped, TheLargeOneHas64Endpoints)
{
    Loaded s = Loaded::file(scenarios + "/examples/64-endpoints.yaml");
    ASSERT_TRUE(s) << s.said();
    size_t endpoints = 0;
    size_t dma = 0;

    for (size_t i = 0; i < s->device_count; i++) {
        endpoints += s->devices[i]->endpoint != nullptr ? 1 : 0;
    }
    for (size_t i = 0; i < s->traffic_count; i++) {
        EXPECT_EQ(s->traffic[i].streams[0].msi->arrivals, SCENARIO_ARRIVALS_POISSON);
        dma += s->traffic[i].stream_count - 1;
    }
    EXPECT_EQ(endpoints, 64u);
    EXPECT_EQ(s->traffic_count, 64u);
    EXPECT_EQ(dma, 32u);
}

TEST(Shipped, TheMinimalOneHasTenLines)
{
    std::string text = read_text(scenarios + "/examples/minimal.yaml");

    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
}

} // namespace

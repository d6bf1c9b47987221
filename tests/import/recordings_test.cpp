/* Recorded machines: what comes of their own descriptions is what Linux reported of them. */
#include "tests/import/imported.h"

#include <fstream>
#include <sstream>

namespace
{

using import_test::Imported;

const std::string corpus = DOORBELL_SHARED_DIR "/corpus/linux-qemu/";

unsigned rid_of(const std::string &place)
{
    unsigned bus = 0;
    unsigned device = 0;
    unsigned function = 0;

    EXPECT_EQ(sscanf(place.c_str(), "%2x:%2x.%1x", &bus, &device, &function), 3) << place;
    return bus << 8 | device << 3 | function;
}

std::vector<std::vector<std::string>> rows_of(const std::string &path)
{
    std::ifstream file(path);
    std::vector<std::vector<std::string>> rows;

    for (std::string line; std::getline(file, line);) {
        std::istringstream cells(line);
        std::vector<std::string> row;

        for (std::string cell; std::getline(cells, cell, ',');) {
            row.push_back(cell);
        }
        rows.push_back(row);
    }
    return rows;
}

struct Recording {
    const char *letter;
    const char *folder;
    unsigned pes;
};

void PrintTo(const Recording &recording, std::ostream *stream)
{
    *stream << recording.letter;
}

class Recorded : public testing::TestWithParam<Recording>
{
  protected:
    void SetUp() override
    {
        if (!std::ifstream(corpus + GetParam().folder + "/fdt.dtb")) {
            GTEST_SKIP() << "the recordings are not in " << corpus;
        }
    }
    std::string file(const char *name) const
    {
        return corpus + GetParam().folder + "/" + name;
    }
};

TEST_P(Recorded, GroupsAreThoseThatLinuxFormed)
{
    Imported made({file("fdt.dtb"), file("topology.txt.gz")});
    std::map<std::string, std::set<unsigned>> recorded;
    std::set<std::set<unsigned>> groups;

    ASSERT_TRUE(made.planned) << made.errors;
    for (const std::vector<std::string> &row : rows_of(corpus + "groups.csv")) {
        if (row.size() > 9 && row[0] == GetParam().letter && row[1] == "dt" && !row[9].empty()) {
            recorded[row[9]].insert(rid_of(row[3]));
        }
    }
    for (const auto &group : recorded) {
        groups.insert(group.second);
    }
    /* A function that never had a driver has no group yet in Linux; its bridge has. */
    EXPECT_GE(groups.size(), 3u);
    EXPECT_EQ(made.groups(), groups);
}

TEST_P(Recorded, InterruptsGoWhereLinuxSentThem)
{
    Imported made({file("fdt.dtb"), file("topology.txt.gz")});
    unsigned routes = 0;

    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_EQ(made.scenario->platform.pe.count, GetParam().pes);
    EXPECT_EQ(made.scenario->platform.its_count, 1u);
    EXPECT_EQ(made.scenario->platform.its[0].base, 0x08080000u);
    for (const std::vector<std::string> &row : rows_of(file("its_final_routes.csv"))) {
        if (row[0] == "deviceid") {
            continue;
        }
        /* DeviceID = requester ID on these machines, as their README has it. */
        const auto id = static_cast<unsigned>(std::stoul(row[0], nullptr, 16));
        const auto event = static_cast<unsigned>(std::stoul(row[1], nullptr, 16));

        ASSERT_TRUE(made.has(id)) << row[0];
        EXPECT_EQ(made.at(id).device_id, id);
        EXPECT_EQ(made.at(id).its, 0u);
        EXPECT_EQ(made.at(id).doorbell, 0x08090040u) << "as msis.csv has it";
        if (const unsigned vectors = made.vectors(id)) {
            EXPECT_LT(event, vectors) << row[0];
            routes++;
        }
    }
    EXPECT_GT(routes, 10u);
}

/** What lspci said of a function's regions of memory, in its own words. */
TEST_P(Recorded, BarsHaveTheSizesThatLinuxAssigned)
{
    Imported made({file("fdt.dtb"), file("topology.txt.gz")});

    ASSERT_TRUE(made.planned) << made.errors;
    /* An NVMe drive of this emulator has one region of 16 KiB. */
    EXPECT_NE(made.text.find("bars: [16 KiB]"), std::string::npos);
}

TEST_P(Recorded, StreamsAreThoseThatLinuxProgrammed)
{
    Imported made({file("fdt.dtb"), file("topology.txt.gz")});
    std::set<unsigned> streams;

    ASSERT_TRUE(made.planned) << made.errors;
    for (const std::vector<std::string> &row : rows_of(file("config_fetches.csv"))) {
        if (row.size() > 1 && row[1] != "streamid") {
            streams.insert(static_cast<unsigned>(std::stoul(row[1], nullptr, 16)));
        }
    }
    EXPECT_GE(streams.size(), 10u);
    for (unsigned stream : streams) {
        ASSERT_TRUE(made.has(stream)) << std::hex << stream;
        EXPECT_EQ(made.at(stream).stream_id, stream);
        EXPECT_EQ(made.at(stream).iommu, 0u);
    }
}

TEST_P(Recorded, WithoutTheDeviceTreeTheHierarchyIsTheSame)
{
    Imported whole({file("fdt.dtb"), file("topology.txt.gz")});
    Imported half({file("topology.txt.gz")});

    ASSERT_TRUE(whole.planned && half.planned) << whole.errors << half.errors;
    EXPECT_EQ(half.groups(), whole.groups());
    EXPECT_NE(half.text.find("# guessed: iommu-map"), std::string::npos);
}

TEST_P(Recorded, WithoutFunctionsTheMapsAreTheSame)
{
    Imported made({file("fdt.dtb")});

    ASSERT_TRUE(made.planned) << made.errors;
    EXPECT_EQ(made.at(0x100).stream_id, 0x100u);
    EXPECT_EQ(made.at(0x100).device_id, 0x100u);
    EXPECT_NE(made.text.find("# guessed: no function of the machine is known"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Import, Recorded,
                         testing::Values(Recording{"A", "A-switch-noacs-dt", 4},
                                         Recording{"C", "C-stage2-lazy-sriov-dt", 2}),
                         [](const testing::TestParamInfo<Recording> &given) { return given.param.letter; });

} // namespace

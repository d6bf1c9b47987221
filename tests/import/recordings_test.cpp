/* Recorded machines: what comes of their own descriptions is what Linux reported of them. */
#include "scenario/run.h"
#include "tests/import/imported.h"

#include <cstring>
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

/** Each vector that Linux said at the end where it went: its CPU, in the last list of the recording's text. */
std::map<std::pair<unsigned, unsigned>, unsigned> reported(const std::string &path)
{
    std::map<std::pair<unsigned, unsigned>, unsigned> cpus;
    const std::string command = "zcat '" + path + "' | sed -n '/^--- final irqmap/,$p'";
    FILE *pipe = popen(command.c_str(), "r");
    char line[1024];

    while (pipe != nullptr && fgets(line, sizeof(line), pipe) != nullptr) {
        char place[64] = "";
        unsigned long hwirq = 0;
        unsigned mask = 0;
        const char *eff = strstr(line, " eff=");

        if (sscanf(line, "0000:%63s irq=%*u mode=%*s hwirq=%lu", place, &hwirq) == 2 && eff != nullptr &&
            eff[5] != ' ' && sscanf(eff, " eff=%x", &mask) == 1) {
            cpus[{rid_of(place), hwirq & 0x7ff}] = static_cast<unsigned>(__builtin_ctz(mask));
        }
    }
    if (pipe != nullptr) {
        pclose(pipe);
    }
    return cpus;
}

TEST_P(Recorded, VectorsGoToThePesThatLinuxChose)
{
    const Imported made({file("fdt.dtb"), file("topology.txt.gz")});
    std::map<std::pair<unsigned, unsigned>, unsigned> its;
    unsigned compared = 0;

    ASSERT_TRUE(made.planned) << made.errors;
    for (const std::vector<std::string> &row : rows_of(file("its_final_routes.csv"))) {
        if (row[0] != "deviceid") {
            its[{std::stoul(row[0], nullptr, 16), std::stoul(row[1], nullptr, 16)}] =
                static_cast<unsigned>(std::stoul(row[4]));
        }
    }
    for (const auto &vector : reported(file("topology.txt.gz"))) {
        const unsigned rid = vector.first.first;

        /* What the driver asked for and what the ITS was told are two records of the same. */
        ASSERT_EQ(its.count(vector.first), 1u) << std::hex << rid;
        EXPECT_EQ(its[vector.first], vector.second) << std::hex << rid << " " << vector.first.second;
        if (made.vectors(rid) > 0) {
            EXPECT_EQ(made.pe(rid, vector.first.second), static_cast<int>(vector.second))
                << std::hex << rid << " " << vector.first.second;
            compared++;
        }
    }
    EXPECT_GE(compared, 16u);
}

/** Where MSIs of a run were handled, against where they should be. */
struct Handled {
    const Imported *made;
    std::set<std::pair<unsigned, unsigned>> vectors;

    static void compare(void *context, const recording *recording, const sim *, const run_result *result)
    {
        auto *handled = static_cast<Handled *>(context);
        size_t count;
        const recorded_packet *packets = recording_packets(recording, &count);

        for (size_t i = 0; i < count; i++) {
            const unsigned rid = result->devices[packets[i].device].rid;
            const int wanted = handled->made->pe(rid, packets[i].vector);

            if (packets[i].kind == SIM_EVENT_MSI_DELIVERED && wanted >= 0) {
                EXPECT_EQ(packets[i].where, "pe" + std::to_string(wanted)) << std::hex << rid;
                handled->vectors.insert({rid, packets[i].vector});
            }
        }
    }
};

/* The simulated ITS has been told, and sends each of them there. */
TEST_P(Recorded, ThesePesHandleThem)
{
    const Imported made({file("fdt.dtb"), file("topology.txt.gz")});
    Handled handled = {&made, {}};
    const recording_filter filter = recording_filter_all(100000);
    scenario_run_options options = {};
    run_result result = {};
    host_error error = {};

    ASSERT_TRUE(made.planned) << made.errors;
    options.record = &filter;
    options.recorded = Handled::compare;
    options.recorded_context = &handled;
    EXPECT_EQ(scenario_run(made.scenario, &options, &result, &error), SCENARIO_RUN_DONE) << error.text;
    run_result_clear(&result);
    EXPECT_GE(handled.vectors.size(), 16u);
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

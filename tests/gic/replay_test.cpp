// What the real Linux driver told an ITS, command by command, and every MSI that followed: each must reach the LPI and
// the redistributor that it reached there. The recordings are in the shared corpus.
#include "tests/gic/gic_system.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

namespace
{

using namespace gic_test;

const char *const kRecordings[] = {"A-switch-noacs-dt", "C-stage2-lazy-sriov-dt"};

struct Command {
    uint64_t dw[4];
    std::string text;
};

struct Msi {
    uint32_t device;
    uint32_t event;
    uint32_t intid;
    uint32_t rd;
};

uint64_t number(const std::string &text)
{
    return std::strtoull(text.c_str(), nullptr, 0);
}

std::vector<std::string> split(const std::string &line)
{
    std::vector<std::string> fields;
    std::stringstream stream(line);
    std::string field;

    while (std::getline(stream, field, ',')) {
        fields.push_back(field);
    }
    return fields;
}

std::string folder(const char *recording)
{
    return std::string(DOORBELL_SHARED_DIR) + "/corpus/linux-qemu/" + recording + "/";
}

/** Text of a gzip file; empty if it or the program gzip is absent. */
std::string unzip(const std::string &path)
{
    std::string text;
    char buffer[4096];
    FILE *pipe = popen(("gzip -dc '" + path + "' 2>/dev/null").c_str(), "r");

    for (size_t count = 1; pipe != nullptr && count > 0;) {
        count = fread(buffer, 1, sizeof(buffer), pipe);
        text.append(buffer, count);
    }
    if (pipe != nullptr) {
        pclose(pipe);
    }
    return text;
}

class Replay : public ::testing::TestWithParam<const char *>
{
  protected:
    bool load()
    {
        std::ifstream file(folder(GetParam()) + "its_commands.csv");
        std::stringstream text(unzip(folder(GetParam()) + "msis.csv.gz"));
        std::string line;

        std::getline(file, line);
        while (std::getline(file, line)) {
            std::vector<std::string> f = split(line);

            commands[number(f[0])] = {{number(f[2]), number(f[3]), number(f[4]), number(f[5])}, f[6]};
        }
        std::getline(text, line);
        while (std::getline(text, line)) {
            std::vector<std::string> f = split(line);

            msis[number(f[0])] = {static_cast<uint32_t>(number(f[2])), static_cast<uint32_t>(number(f[3])),
                                  static_cast<uint32_t>(number(f[6])), static_cast<uint32_t>(number(f[8]))};
        }
        return !commands.empty() && !msis.empty();
    }

    /** Software zeroes an ITT before it maps a device. */
    static void prepare(System *system, const Command &command)
    {
        if ((command.dw[0] & 0xff) == ITS_COMMAND_MAPD && command.dw[2] >> 63 != 0) {
            uint64_t itt = command.dw[2] & UINT64_C(0x000fffffffffff00);

            ASSERT_TRUE(memory_fill(system->memory, itt, 0, UINT64_C(8) << ((command.dw[1] & 0x1f) + 1)));
        }
    }

    std::map<uint64_t, Command> commands; /**< by position in the recording */
    std::map<uint64_t, Msi> msis;
};

TEST_P(Replay, EveryMsiReachesTheRecordedLpi)
{
    if (!load()) {
        GTEST_SKIP() << "no recording " << folder(GetParam()) << ", or no program gzip to read it";
    }
    System system(support::engines()[0]);
    auto command = commands.begin();
    uint64_t moved = 0;

    memory_fill(system.memory, kConfigTable, 0xa1, 0xe000);
    for (uint32_t rd = 0; rd < 4; rd++) {
        system.bring_up_rd(rd);
    }
    system.bring_up_its(0);
    for (const auto &msi : msis) {
        for (; command != commands.end() && command->first < msi.first; ++command) {
            uint8_t bytes[ITS_COMMAND_BYTES];

            prepare(&system, command->second);
            for (unsigned i = 0; i < 4; i++) {
                sim_store_le64(&bytes[8 * i], command->second.dw[i]);
            }
            system.put_bytes(bytes);
            system.kick();
            ASSERT_EQ(its_last_error(system.its[0]), 0u) << command->second.text << ", record " << command->first;
            moved += (command->second.dw[0] & 0xff) == ITS_COMMAND_MOVI;
        }
        ASSERT_LT(msi.second.rd, 4u);
        ScriptedPe &pe = *system.pes[msi.second.rd];

        system.msi_now(msi.second.device, msi.second.event);
        pe.acknowledge(1);
        system.run();
        ASSERT_EQ(pe.acknowledged().back().intid, msi.second.intid) << "record " << msi.first;
    }
    EXPECT_EQ(system.log.event_count(SIM_EVENT_DROPPED), 0u);
    EXPECT_EQ(system.log.event_count(SIM_EVENT_MSI_MERGED), 0u);
    EXPECT_EQ(system.log.event_count(SIM_EVENT_MSI_PENDING), msis.size());
    EXPECT_GT(moved, 0u);
    for (uint32_t rd = 0; rd < 4; rd++) {
        EXPECT_EQ(redistributor_pending_count(system.rds[rd]), 0u);
    }
}

INSTANTIATE_TEST_SUITE_P(Recordings, Replay, ::testing::ValuesIn(kRecordings),
                         [](const auto &test) { return std::string(1, test.param[0]); });

} // namespace

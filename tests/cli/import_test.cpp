/* `doorbell import` as a process: what it writes runs, and what it cannot read leaves nothing behind. */
#include "tests/cli/process.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace
{

using cli_test::doorbell;
using cli_test::Folder;
using cli_test::Result;

const std::string board = DOORBELL_SOURCE_DIR "/docs/tutorial/board.dts";

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

/* A line of zeros may be missing: so this is all of a root port and of an NVMe function below it. */
const char machine[] = "00:01.0 PCI bridge: a root port\n"
                       "00: b5 13 00 01 07 00 10 00 00 00 04 06 00 00 01 00\n"
                       "10: 00 00 00 00 00 00 00 00 00 01 01 00 00 00 00 00\n"
                       "30: 00 00 00 00 40 00 00 00 00 00 00 00 00 00 00 00\n"
                       "40: 10 00 42 00 00 00 00 00 00 00 00 00 42 00 00 00\n"
                       "50: 00 00 42 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
                       "f0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
                       "\n"
                       "01:00.0 Non-Volatile memory controller: a disk\n"
                       "00: 4d 14 08 a8 06 00 10 00 00 02 08 01 00 00 00 00\n"
                       "10: 04 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00\n"
                       "30: 00 00 00 00 40 00 00 00 00 00 00 00 00 00 00 00\n"
                       "40: 10 50 02 00 00 00 00 00 00 00 00 00 42 00 00 00\n"
                       "50: 11 00 20 80 00 00 00 00 00 20 00 00 00 00 00 00\n"
                       "f0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n";

TEST(Import, WritesAScenarioThatRuns)
{
    const Folder folder;
    const std::string out = folder.path("machine.yaml");
    const Result made = doorbell({"import", folder.write("lspci.txt", machine), "-o", out});
    const Result checked = doorbell({"check", out});
    const Result ran = doorbell({"run", out, "--set", "duration=20 us"});

    ASSERT_EQ(made.status, 0) << made.err;
    EXPECT_EQ(made.out, "") << "the scenario is in the file";
    EXPECT_EQ(checked.status, 0) << checked.err;
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(has(folder.read("machine.yaml"), "guessed")) << "what no description says is remarked";
}

TEST(Import, WritesToStandardOutputWhatItWritesToAFile)
{
    const Folder folder;
    const std::string from = folder.write("lspci.txt", machine);
    const Result printed = doorbell({"import", from});

    EXPECT_EQ(printed.status, 0) << printed.err;
    EXPECT_EQ(doorbell({"import", from, "--output", folder.path("machine.yaml")}).status, 0);
    EXPECT_EQ(printed.out, folder.read("machine.yaml"));
}

TEST(Import, TakesFirmwareAndFunctionsTogether)
{
    const Folder folder;
    const Result both = doorbell({"import", board, folder.write("lspci.txt", machine)});

    EXPECT_EQ(both.status, 0) << both.err;
    EXPECT_TRUE(has(both.out, "iommu-map")) << "from the device tree: " << both.out;
    EXPECT_TRUE(has(both.out, "msi-x: 33")) << "from the function: " << both.out;
}

TEST(Import, LeavesAFileAloneThatItCannotReplace)
{
    const Folder folder;
    const std::string out = folder.write("machine.yaml", "mine\n");
    const Result wrong = doorbell({"import", folder.write("x.txt", "something else\n"), "-o", out});
    const Result absent = doorbell({"import", folder.path("nothing.txt"), "-o", out});
    const Result twice = doorbell({"import", board, board, "-o", out});

    EXPECT_EQ(wrong.status, 2);
    EXPECT_TRUE(has(wrong.err, "x.txt: error[E2101]: ")) << wrong.err;
    EXPECT_EQ(absent.status, 4);
    EXPECT_TRUE(has(absent.err, "nothing.txt: error[E0201]: ")) << absent.err;
    EXPECT_EQ(twice.status, 2);
    EXPECT_TRUE(has(twice.err, "error[E2102]: ")) << twice.err;
    EXPECT_EQ(folder.read("machine.yaml"), "mine\n");
}

TEST(Import, WantsSomethingToRead)
{
    const Result nothing = doorbell({"import"});

    EXPECT_EQ(nothing.status, 2);
    EXPECT_TRUE(has(nothing.err, "error[E0106]: 'doorbell import' needs a SOURCE...")) << nothing.err;
}

} // namespace

/* The tutorial works as it is written: each command is run, each output compared. */
#include "tests/cli/process.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>

namespace
{

const std::string source = DOORBELL_SOURCE_DIR;

/** A command block and the output that the page shows of it. */
struct Step {
    std::string commands;
    std::string shown;
    bool has_output = false;
};

std::string read_file(const std::string &path)
{
    std::ifstream file(path);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

/** The fenced block that begins at a place; moves the place behind it. */
std::string fenced(const std::string &page, size_t &at)
{
    const size_t begin = page.find('\n', at) + 1;
    const size_t end = page.find("\n```\n", begin);

    at = end + 5;
    return page.substr(begin, end + 1 - begin);
}

std::vector<Step> steps_of(const std::string &page)
{
    std::vector<Step> steps;

    for (size_t at = page.find("```sh\n"); at != std::string::npos; at = page.find("```sh\n", at)) {
        Step step;

        step.commands = fenced(page, at);
        if (page.compare(at, 9, "\n```text\n") == 0) {
            at++;
            step.shown = fenced(page, at);
            step.has_output = true;
        }
        steps.push_back(step);
    }
    return steps;
}

/** Runs commands as a reader does. @return what they print */
std::string run(const std::string &commands, int *status)
{
    FILE *pipe = popen(commands.c_str(), "r");
    std::string text;
    char buffer[4096];

    for (size_t got = fread(buffer, 1, sizeof(buffer), pipe); got > 0; got = fread(buffer, 1, sizeof(buffer), pipe)) {
        text.append(buffer, got);
    }
    *status = WEXITSTATUS(pclose(pipe));
    return text;
}

TEST(Tutorial, EveryCommandDoesWhatThePageShows)
{
    const std::vector<Step> steps = steps_of(read_file(source + "/docs/tutorial.md"));
    const std::string program = std::filesystem::path(DOORBELL_BINARY).parent_path().string();
    const std::string ends = "...\n";
    cli_test::Folder folder;

    int missing = 0;

    run("command -v dtc", &missing);
    if (missing != 0) {
        GTEST_SKIP() << "dtc is not installed, which the tutorial's board needs";
    }
    ASSERT_GE(steps.size(), 10u);
    std::filesystem::create_directory_symlink(source + "/scenarios", folder.path("scenarios"));
    std::filesystem::create_directory_symlink(source + "/docs", folder.path("docs"));
    std::filesystem::current_path(folder.path(""));
    setenv("PATH", (program + ":" + getenv("PATH")).c_str(), 1);
    for (const Step &step : steps) {
        int status = 0;
        const std::string printed = run(step.commands, &status);
        const bool is_cut = step.shown.size() >= ends.size() &&
                            step.shown.compare(step.shown.size() - ends.size(), ends.size(), ends) == 0;

        EXPECT_EQ(status, 0) << step.commands;
        if (!step.has_output) {
            EXPECT_EQ(printed, "") << step.commands;
        } else if (is_cut) {
            const std::string shown = step.shown.substr(0, step.shown.size() - ends.size());

            EXPECT_EQ(printed.substr(0, shown.size()), shown) << step.commands;
            EXPECT_GT(printed.size(), shown.size()) << step.commands;
        } else {
            EXPECT_EQ(printed, step.shown) << step.commands;
        }
    }
    std::filesystem::current_path(source);
}

} // namespace

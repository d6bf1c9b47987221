/* The examples for continuous integration work: their YAML is YAML, their commands do what the page says of them. */
#include "tests/cli/process.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <libfyaml.h>
#include <sstream>
#include <sys/wait.h>
#include <vector>

namespace
{

const std::string source = DOORBELL_SOURCE_DIR;

std::string read_file(const std::string &path)
{
    std::ifstream file(path);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

/** The fenced blocks of YAML of a page. */
std::vector<std::string> yaml_blocks(const std::string &page)
{
    const std::string begin = "```yaml\n";
    std::vector<std::string> blocks;

    for (size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, at)) {
        at += begin.size();
        const size_t end = page.find("```", at);

        blocks.push_back(page.substr(at, end - at));
        at = end;
    }
    return blocks;
}

/** What a pipeline runs: what stands behind `run:` (GitHub), a line or a block of them, or in `script:` (GitLab). */
std::vector<std::string> commands_of(const std::string &yaml)
{
    std::vector<std::string> commands;
    std::istringstream lines(yaml);
    size_t block = 0; /* columns before a block's lines, at least */
    bool script = false;

    for (std::string line; std::getline(lines, line);) {
        const size_t text = line.find_first_not_of(' ');
        const std::string trimmed = text == std::string::npos ? "" : line.substr(text);

        block = block != 0 && text != std::string::npos && text >= block ? block : 0;
        if (block != 0) {
            commands.push_back(trimmed);
        } else if (trimmed == "- run: |") {
            block = text + 2;
        } else if (trimmed.rfind("- run: ", 0) == 0) {
            commands.push_back(trimmed.substr(7));
        } else if (script && trimmed.rfind("- ", 0) == 0) {
            commands.push_back(trimmed.substr(2));
        } else {
            script = trimmed == "script:";
        }
    }
    return commands;
}

/** Every name that stands between two texts. */
std::vector<std::string> between(const std::string &text, const std::string &before, const std::string &after)
{
    std::vector<std::string> found;

    for (size_t at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
        at += before.size();
        found.push_back(text.substr(at, text.find_first_of(after, at) - at));
    }
    return found;
}

/** Runs a command in a folder. @return its exit status */
int run_in(const std::string &folder, const std::string &command)
{
    const int status = std::system(("cd " + folder + " && " + command + " > said 2>&1").c_str());

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(CiPage, ItsPipelinesAreYamlAndNameWhatIsThere)
{
    const std::vector<std::string> blocks = yaml_blocks(read_file(source + "/docs/ci.md"));
    const std::string presets = read_file(source + "/CMakePresets.json");
    size_t commands = 0;

    ASSERT_EQ(blocks.size(), 2u) << "one for GitHub, one for GitLab";
    for (const std::string &block : blocks) {
        fy_document *document = fy_document_build_from_string(nullptr, block.c_str(), block.size());

        EXPECT_NE(document, nullptr) << block;
        fy_document_destroy(document);
        for (const std::string &command : commands_of(block)) {
            commands++;
            for (const std::string &preset : between(command, "--preset ", " ")) {
                EXPECT_NE(presets.find("{ \"name\": \"" + preset + "\", \"configurePreset\""), std::string::npos)
                    << command;
            }
            for (const std::string &preset : between(command, "build/", "/")) {
                EXPECT_NE(presets.find("\"name\": \"" + preset + "\""), std::string::npos) << command;
            }
            if (command.rfind("./", 0) == 0) {
                EXPECT_TRUE(std::filesystem::exists(source + "/" + between(command, "./", " ")[0])) << command;
                EXPECT_TRUE(std::filesystem::exists(source + "/" + command.substr(command.rfind(' ') + 1))) << command;
            }
        }
    }
    EXPECT_GE(commands, 4u);
}

/** The commands of the job that are Doorbell's own, with the program that is tested in place of the job's. */
std::vector<std::string> doorbell_commands_of(const std::string &block)
{
    std::vector<std::string> commands;

    for (std::string command : commands_of(block)) {
        const std::string program = "/doorbell ";
        const size_t end = command.find(program);

        if (command.rfind("build/", 0) == 0 && end != std::string::npos) {
            commands.push_back(command.replace(0, end + program.size() - 1, DOORBELL_BINARY));
        }
    }
    return commands;
}

/** The job passes while nothing has changed, keeps what it writes, and fails with a reason when something has. */
TEST(CiPage, ItsJobsPassAndFailAsTheyShould)
{
    const std::string text = "doorbell: 1\nbase: " + source + "/scenarios/examples/minimal.yaml\n";
    const std::string ours = "scenarios/ours";

    for (const std::string &block : yaml_blocks(read_file(source + "/docs/ci.md"))) {
        const std::vector<std::string> commands = doorbell_commands_of(block);
        const cli_test::Folder folder;

        ASSERT_FALSE(commands.empty()) << block;
        folder.write(ours + "/board.yaml", text + "duration: 50 us\n");
        ASSERT_EQ(run_in(folder.path(), std::string(DOORBELL_BINARY) + " golden --bless " + ours), 0);
        for (const std::string &command : commands) {
            EXPECT_EQ(run_in(folder.path(), command), 0) << command << read_file(folder.path("said"));
        }
        for (const std::string option : {"--junit ", "report result.json -o "}) {
            for (const std::string &kept : between(block, option, " \n")) {
                EXPECT_TRUE(std::filesystem::exists(folder.path(kept))) << kept;
                EXPECT_NE(block.find(kept, block.find("artifact")), std::string::npos) << "the job keeps " << kept;
            }
        }
        EXPECT_NE(read_file(folder.path("doorbell.xml")).find("<testsuite"), std::string::npos);
        folder.write(ours + "/board.yaml", text + "duration: 60 us\n");
        EXPECT_EQ(run_in(folder.path(), commands[0]), 1);
        EXPECT_NE(read_file(folder.path("said")).find("differs  board: "), std::string::npos);
        EXPECT_NE(read_file(folder.path("doorbell.xml")).find("<failure"), std::string::npos);
    }
}

} // namespace

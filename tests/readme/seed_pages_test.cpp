/* What the pages of docs/seeds show in blocks are lines that the scenarios they name print. */
#include "tests/cli/process.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace
{

const std::string source = DOORBELL_SOURCE_DIR;

std::string read_file(const std::filesystem::path &path)
{
    std::ifstream file(path);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> lines_of(const std::string &text)
{
    std::stringstream stream(text);
    std::vector<std::string> lines;

    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

/** The blocks that are output: pictures are drawn with lines, and output with none. */
std::vector<std::string> outputs_of(const std::string &page)
{
    std::vector<std::string> blocks;

    for (size_t at = page.find("```\n"); at != std::string::npos; at = page.find("```\n", at)) {
        const size_t begin = at + 4;
        const size_t end = page.find("\n```", begin);
        const std::string block = page.substr(begin, end - begin);

        if (block.find("\u2500") == std::string::npos) {
            blocks.push_back(block);
        }
        at = end + 5;
    }
    return blocks;
}

/** Whether a page names a file, by that name and not as the end of a longer one. */
bool names_it(const std::string &page, const std::string &name)
{
    for (size_t at = page.find(name); at != std::string::npos; at = page.find(name, at + 1)) {
        if (at == 0 || (isalnum(static_cast<unsigned char>(page[at - 1])) == 0 && page[at - 1] != '-')) {
            return true;
        }
    }
    return false;
}

/** Everything that the scenarios which a page names print. */
std::set<std::string> printed_by(const std::string &page)
{
    std::set<std::string> printed;

    for (const auto &entry : std::filesystem::recursive_directory_iterator(source + "/scenarios")) {
        const std::string name = entry.path().filename().string();

        if (entry.path().extension() != ".yaml" || !names_it(page, name)) {
            continue;
        }
        for (const char *verb : {"run", "check"}) {
            const std::vector<std::string> lines = lines_of(cli_test::doorbell({verb, entry.path().string()}).out);

            printed.insert(lines.begin(), lines.end());
        }
    }
    return printed;
}

TEST(SeedPages, ShowWhatTheirScenariosPrint)
{
    size_t shown = 0;

    for (const auto &entry : std::filesystem::directory_iterator(source + "/docs/seeds")) {
        const std::string page = read_file(entry.path());
        const std::set<std::string> printed = printed_by(page);

        for (const std::string &block : outputs_of(page)) {
            for (const std::string &line : lines_of(block)) {
                if (!line.empty() && line != "...") {
                    EXPECT_EQ(printed.count(line), 1u) << entry.path() << " shows: " << line;
                    shown++;
                }
            }
        }
    }
    EXPECT_GE(shown, 20u) << "the pages have hardly any output";
}

} // namespace

/* What the pages of docs/seeds show in blocks are lines that the scenarios they name print. */
#include "tests/cli/process.h"
#include "tests/schema/pattern.h"

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

/** The blocks that are output: pictures are drawn with lines, output with none, but for the trees of `topo`. */
std::vector<std::string> outputs_of(const std::string &page)
{
    std::vector<std::string> blocks;

    for (size_t at = page.find("```\n"); at != std::string::npos; at = page.find("```\n", at)) {
        const size_t begin = at + 4;
        const size_t end = page.find("\n```", begin);
        const std::string block = page.substr(begin, end - begin);

        if (block.find("\u2500") == std::string::npos || block.rfind("rc", 0) == 0) {
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

/** What a scenario prints. */
std::string output_of(const std::string &path)
{
    std::string output;

    for (const char *verb : {"run", "check", "topo"}) {
        output += cli_test::doorbell({verb, path}).out;
    }
    return output;
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
        const std::vector<std::string> lines = lines_of(output_of(entry.path().string()));

        printed.insert(lines.begin(), lines.end());
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

/** The pages, one behind the other. */
std::string all_pages()
{
    std::string pages;

    for (const auto &entry : std::filesystem::directory_iterator(source + "/docs/seeds")) {
        pages += read_file(entry.path());
    }
    return pages;
}

TEST(SeedPages, NameEverySeed)
{
    const std::string pages = all_pages();

    for (const auto &entry : std::filesystem::directory_iterator(source + "/scenarios/seeds")) {
        const std::string name = entry.path().filename().string();

        EXPECT_TRUE(names_it(pages, name)) << name << " is on no page of docs/seeds";
    }
}

/* What rows of tables say of a scenario in units of time, as a run writes it, is what its run prints. */
TEST(SeedPages, TablesHaveTimesOfRuns)
{
    size_t compared = 0;

    for (const std::string &line : lines_of(all_pages())) {
        const std::vector<schema_test::Fit> row =
            schema_test::fits(line, "^. `([a-z0-9-]+[.]yaml)` .*[0-9.]{5} (ns|us) [|]");

        if (row.empty()) {
            continue;
        }
        const std::string output = output_of(source + "/scenarios/seeds/" + row[0].parts[1]);

        for (const schema_test::Fit &time : schema_test::fits(line, "[0-9.]{5} (ns|us|ms)")) {
            EXPECT_NE(output.find(" " + time.parts[0]), std::string::npos) << line << "\nhas " << time.parts[0];
            compared++;
        }
    }
    EXPECT_GE(compared, 12u);
}

} // namespace

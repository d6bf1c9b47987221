/* What the README shows is what a run prints, and what it links to is there. */
#include "tests/cli/process.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <vector>

namespace
{

std::string read_file(const std::string &path)
{
    std::ifstream file(path);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

const std::string source = DOORBELL_SOURCE_DIR;

/** The fenced block of a page that begins with this line. */
std::string block(const std::string &page, const std::string &first_line)
{
    size_t begin = page.find("```\n" + first_line);

    if (begin == std::string::npos) {
        return {};
    }
    begin += 4;
    return page.substr(begin, page.find("```", begin) - begin);
}

TEST(Readme, ShowsWhatTheReferenceTopologyPrints)
{
    std::string shown = block(read_file(source + "/README.md"), "Two ITS behind a switch without ACS\n");

    ASSERT_FALSE(shown.empty()) << "the README has no output of the reference topology";
    std::filesystem::current_path(source);
    cli_test::Result result = cli_test::doorbell({"run", "scenarios/seeds/two-its-split.yaml"});

    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(shown, result.out) << "copy the output anew";
}

TEST(Readme, TheTenLineScenarioRuns)
{
    std::string page = read_file(source + "/README.md");
    size_t begin = page.find("```yaml\n");

    ASSERT_NE(begin, std::string::npos);
    begin += 8;
    cli_test::Folder folder;
    std::string path = folder.write("ten.yaml", page.substr(begin, page.find("```", begin) - begin));

    EXPECT_EQ(cli_test::doorbell({"run", path}).status, 0);
}

/** Where the links of a page lead, but for those to other sites and to places on the same page. */
std::vector<std::string> links(const std::string &page)
{
    std::vector<std::string> targets;

    for (size_t at = page.find("]("); at != std::string::npos; at = page.find("](", at + 2)) {
        std::string target = page.substr(at + 2, page.find_first_of(")#", at + 2) - at - 2);

        if (!target.empty() && target.find(':') == std::string::npos) {
            targets.push_back(target);
        }
    }
    return targets;
}

TEST(Readme, LinksLeadSomewhere)
{
    std::vector<std::filesystem::path> pages = {source + "/README.md", source + "/CONTRIBUTING.md"};

    for (const auto &entry : std::filesystem::recursive_directory_iterator(source + "/docs")) {
        if (entry.path().extension() == ".md") {
            pages.push_back(entry.path());
        }
    }
    for (const auto &page : pages) {
        for (const std::string &target : links(read_file(page))) {
            EXPECT_TRUE(std::filesystem::exists(page.parent_path() / target)) << page << " links to " << target;
        }
    }
}

} // namespace

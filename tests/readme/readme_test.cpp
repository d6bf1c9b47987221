/* What the README shows is what a run prints, and what it links to is there. */
#include "tests/cli/process.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

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

TEST(Readme, LinksLeadSomewhere)
{
    for (const auto &entry : std::filesystem::recursive_directory_iterator(source + "/docs")) {
        if (entry.path().extension() != ".md") {
            continue;
        }
        std::string page = read_file(entry.path());
        const std::regex link(R"(\]\(([^)#:]+)[^)]*\))");

        for (std::sregex_iterator it(page.begin(), page.end(), link), end; it != end; ++it) {
            EXPECT_TRUE(std::filesystem::exists(entry.path().parent_path() / (*it)[1].str()))
                << entry.path().filename() << " links to " << (*it)[1].str();
        }
    }
    std::string page = read_file(source + "/README.md");
    const std::regex link(R"(\]\(([^)#:]+)[^)]*\))");

    for (std::sregex_iterator it(page.begin(), page.end(), link), end; it != end; ++it) {
        EXPECT_TRUE(std::filesystem::exists(source + "/" + (*it)[1].str())) << "README links to " << (*it)[1].str();
    }
}

} // namespace

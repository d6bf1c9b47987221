/* The table of docs/linux-rules.md: every rule has a row, and what a row names is there. */
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>
#include <vector>

namespace
{

const std::filesystem::path source = DOORBELL_SOURCE_DIR;

/** How many rules each section has. */
const std::map<char, int> sections = {{'C', 22}, {'D', 16}, {'E', 13}, {'F', 14}};

std::string read_file(const std::filesystem::path &path)
{
    std::ifstream file(path);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

struct Row {
    std::string rule;
    std::string what;
    std::string where;
    std::string shown;
};

std::vector<std::string> cells_of(const std::string &line)
{
    std::vector<std::string> cells;
    std::stringstream stream(line.substr(1));

    for (std::string cell; std::getline(stream, cell, '|');) {
        const size_t first = cell.find_first_not_of(' ');

        cells.push_back(first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
    }
    return cells;
}

std::vector<Row> rows()
{
    std::stringstream page(read_file(source / "docs/linux-rules.md"));
    std::vector<Row> all;

    for (std::string line; std::getline(page, line);) {
        if (line.size() > 4 && line[0] == '|' && sections.count(line[2]) != 0 && isdigit(line[3]) != 0) {
            const std::vector<std::string> cells = cells_of(line);

            if (cells.size() == 4) {
                all.push_back({cells[0], cells[1], cells[2], cells[3]});
            }
        }
    }
    return all;
}

/** What stands between backquotes. */
std::vector<std::string> names_in(const std::string &cell)
{
    std::vector<std::string> names;

    for (size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at)) {
        const size_t end = cell.find('`', at + 1);

        names.push_back(cell.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    return names;
}

/** Suite.Name of all tests. */
std::set<std::string> tests()
{
    std::set<std::string> names;

    for (const auto &entry : std::filesystem::recursive_directory_iterator(source / "tests")) {
        if (entry.path().extension() != ".cpp") {
            continue;
        }
        std::stringstream text(read_file(entry.path()));

        for (std::string line; std::getline(text, line);) {
            const size_t open = line.find('(');
            const size_t comma = line.find(", ", open == std::string::npos ? 0 : open);
            const size_t close = line.find(')');

            if (line.rfind("TEST", 0) == 0 && comma != std::string::npos && close != std::string::npos) {
                names.insert(line.substr(open + 1, comma - open - 1) + "." + line.substr(comma + 2, close - comma - 2));
            }
        }
    }
    return names;
}

std::set<std::string> scenarios()
{
    std::set<std::string> names;

    for (const auto &entry : std::filesystem::recursive_directory_iterator(source / "scenarios")) {
        names.insert(entry.path().filename().string());
    }
    return names;
}

TEST(LinuxRules, EachHasItsRow)
{
    std::map<std::string, int> seen;

    for (const Row &row : rows()) {
        seen[row.rule]++;
        EXPECT_FALSE(row.what.empty()) << row.rule;
    }
    for (const auto &section : sections) {
        for (int number = 1; number <= section.second; number++) {
            EXPECT_EQ(seen[section.first + std::to_string(number)], 1) << section.first << number;
        }
    }
    EXPECT_EQ(seen.size(), 65u);
}

/* `file.c` or `file.c: function`, below the root or in host/. */
TEST(LinuxRules, WhatImplementsThemIsThere)
{
    for (const Row &row : rows()) {
        const std::vector<std::string> names = names_in(row.where);

        EXPECT_FALSE(names.empty()) << row.rule;
        for (const std::string &name : names) {
            const size_t colon = name.find(": ");
            const std::string file = name.substr(0, colon);
            const std::filesystem::path path = source / (file.find('/') == std::string::npos ? "host/" + file : file);

            ASSERT_TRUE(std::filesystem::exists(path)) << row.rule << ": " << file;
            if (colon != std::string::npos) {
                EXPECT_NE(read_file(path).find(name.substr(colon + 2) + "("), std::string::npos)
                    << row.rule << ": " << name;
            }
        }
    }
}

TEST(LinuxRules, WhatShowsThemIsThere)
{
    const std::set<std::string> known = tests();
    const std::set<std::string> files = scenarios();

    for (const Row &row : rows()) {
        const std::vector<std::string> names = names_in(row.shown);

        EXPECT_FALSE(names.empty()) << row.rule << " has no test";
        for (const std::string &name : names) {
            const bool scenario = name.size() > 5 && name.substr(name.size() - 5) == ".yaml";

            EXPECT_EQ((scenario ? files : known).count(name), 1u) << row.rule << ": " << name;
        }
    }
}

} // namespace

#include "tests/checks/include_rules.h"

#include <gtest/gtest.h>

namespace
{

using checks::check_includes;
using checks::FolderRules;
using checks::Problem;
using checks::read_folder_rules;
using checks::SourceFile;

SourceFile page(const std::vector<std::string> &rows)
{
    SourceFile file{"docs/architecture.md",
                    {"# Architecture", "", "| folder | what | language | may include |", "| --- | --- | --- | --- |"},
                    true};

    file.lines.insert(file.lines.end(), rows.begin(), rows.end());
    file.lines.push_back("");
    file.lines.push_back("| another | table |");
    return file;
}

/** A house of the real one's shape. */
FolderRules house()
{
    return read_folder_rules(page({
        "| `sim/` | engine | C17 | nothing of ours |",
        "| `sim/systemc/` | kernel | C++17 | `sim/` |",
        "| `models/a/`, `models/b/` | models | C17 | `sim/` |",
        "| `host/` | software | C17 | `sim/`, the models' public headers |",
        "| `cli/` | command | C17 | all above |",
    }));
}

SourceFile code(const std::string &path, const std::vector<std::string> &lines)
{
    return {path, lines, true};
}

std::vector<SourceFile> headers()
{
    return {code("sim/sim.h", {}),    code("sim/wheel_internal.h", {}),
            code("models/a/a.h", {}), code("models/a/a_private.h", {}),
            code("models/b/b.h", {}), code("models/b/deep/b.h", {}),
            code("host/host.h", {})};
}

/** What is said of one file that includes one thing. */
std::vector<Problem> include_one(const std::string &from, const std::string &line)
{
    std::vector<SourceFile> files = headers();

    files.push_back(code(from, {"", line}));
    return check_includes(house(), files);
}

void expect_reported(const std::string &from, const std::string &line, const std::string &part)
{
    const std::vector<Problem> problems = include_one(from, line);

    ASSERT_EQ(problems.size(), 1U) << from << ": " << line << '\n' << checks::to_string(problems);
    EXPECT_EQ(problems[0].path, from);
    EXPECT_EQ(problems[0].line, 2U);
    EXPECT_NE(problems[0].text.find(part), std::string::npos) << problems[0].text;
}

void expect_allowed(const std::string &from, const std::string &line)
{
    EXPECT_EQ(checks::to_string(include_one(from, line)), "") << from << ": " << line;
}

TEST(FolderTable, RowsAreUnderstood)
{
    const FolderRules rules = house();

    EXPECT_EQ(checks::to_string(rules.problems), "");
    ASSERT_EQ(rules.rows.size(), 6U);
    EXPECT_EQ(rules.rows[0].may_use, std::vector<std::string>());
    EXPECT_TRUE(rules.rows[1].allows_cpp);
    EXPECT_FALSE(rules.rows[2].allows_cpp);
    EXPECT_EQ(rules.rows[4].may_use, (std::vector<std::string>{"sim/", "models/a/", "models/b/"}));
    EXPECT_EQ(rules.rows[4].public_only, (std::vector<std::string>{"models/a/", "models/b/"}));
    EXPECT_EQ(rules.rows[5].may_use.size(), 5U);
}

TEST(FolderTable, WhatIsNotUnderstoodIsReported)
{
    EXPECT_EQ(read_folder_rules(page({"| `sim/` | engine | C17 | whatever it likes |"})).problems.size(), 1U);
    EXPECT_EQ(read_folder_rules(page({"| `sim/` | engine | C17 |"})).problems.size(), 2U) << "no row was read either";
    EXPECT_EQ(read_folder_rules(page({"| sim | engine | C17 | nothing of ours |"})).problems.size(), 2U);
    EXPECT_EQ(read_folder_rules({"page.md", {"no table"}, true}).problems.size(), 1U);
}

TEST(Includes, AllowedOnesPass)
{
    expect_allowed("sim/wheel.c", "#include \"sim/wheel_internal.h\"");
    expect_allowed("sim/systemc/engine.cpp", "#include \"sim/sim.h\"");
    expect_allowed("sim/systemc/engine.cpp", "#include \"sim/wheel_internal.h\"");
    expect_allowed("models/a/a.c", "#include \"models/a/a_private.h\"");
    expect_allowed("host/host.c", "#include \"models/b/b.h\"");
    expect_allowed("cli/main.c", "#include \"host/host.h\"");
    expect_allowed("cli/main.c", "#include <stdio.h>");
    expect_allowed("cli/main.c", "// #include \"nowhere/at_all.h\"");
    expect_allowed("tests/sim/x_test.cpp", "#include \"sim/wheel_internal.h\"");
}

TEST(Includes, ForbiddenOnesAreReported)
{
    expect_reported("models/a/a.c", "#include \"models/b/b.h\"", "may not include anything of models/b/");
    expect_reported("sim/sim.c", "#include \"host/host.h\"", "may not include anything of host/");
    expect_reported("sim/sim.c", "  #  include \"models/a/a.h\"", "may not include anything of models/a/");
    expect_reported("sim/systemc/engine.cpp", "#include \"models/a/a.h\"", "may not include");
    expect_reported("host/host.c", "#include \"models/a/a_private.h\"", "private header");
    expect_reported("host/host.c", "#include \"models/b/deep/b.h\"", "not below it");
    expect_reported("host/host.c", "#include \"sim/wheel_internal.h\"", "private header");
    expect_reported("cli/main.c", "#include \"table.h\"", "from the root");
    expect_reported("cli/main.c", "#include \"../sim/sim.h\"", "from the root");
    expect_reported("cli/main.c", "#include \"sim/absent.h\"", "no such file");
}

TEST(Includes, StrangeFilesAreReported)
{
    std::vector<SourceFile> files = headers();

    files.push_back(code("attic/old.c", {}));
    files.push_back(code("host/quick.cpp", {}));
    const std::vector<Problem> problems = check_includes(house(), files);

    ASSERT_EQ(problems.size(), 2U) << checks::to_string(problems);
    EXPECT_NE(problems[0].text.find("no row"), std::string::npos);
    EXPECT_NE(problems[1].text.find("written in C"), std::string::npos);
}

TEST(Includes, ThisTreeKeepsItsArchitecture)
{
    const std::vector<SourceFile> files = checks::read_tree(DOORBELL_SOURCE_DIR);
    size_t judged = 0;

    for (const SourceFile &file : files) {
        if (file.path == "docs/architecture.md") {
            const FolderRules rules = read_folder_rules(file);

            EXPECT_EQ(checks::to_string(rules.problems), "");
            EXPECT_EQ(checks::to_string(check_includes(rules, files)), "");
            judged++;
        }
    }
    EXPECT_EQ(judged, 1U) << "docs/architecture.md was not found";
    EXPECT_GT(files.size(), 20U);
}

} // namespace

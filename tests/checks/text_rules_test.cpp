#include "tests/checks/text_rules.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

namespace
{

using checks::Findings;
using checks::SourceFile;

SourceFile file_of(const std::string &path, const std::vector<std::string> &lines)
{
    return {path, lines, true};
}

size_t statement_errors(const std::vector<std::string> &lines)
{
    Findings findings;

    checks::check_statements(file_of("sim/a.c", lines), findings);
    return findings.errors.size();
}

size_t layout_errors(const std::string &path, const std::string &line)
{
    Findings findings;

    checks::check_layout(file_of(path, {line}), findings);
    return findings.errors.size();
}

size_t trace_errors(const std::string &line)
{
    Findings findings;

    checks::check_traces(file_of("README.md", {line}), {"Frobnicator"}, findings);
    return findings.errors.size();
}

/** A C file with one function of that many lines between its braces. */
Findings function_of(size_t lines)
{
    std::vector<std::string> text{"void f(void)", "{"};
    Findings findings;

    text.insert(text.end(), lines, "    x++;");
    text.push_back("}");
    checks::check_sizes(file_of("sim/a.c", text), findings);
    return findings;
}

Findings file_of_size(const std::string &path, size_t lines)
{
    Findings findings;

    checks::check_sizes(file_of(path, std::vector<std::string>(lines, "int x;")), findings);
    return findings;
}

TEST(Layout, LinesTooLong)
{
    EXPECT_EQ(layout_errors("sim/a.c", std::string(120, 'x')), 0U);
    EXPECT_EQ(layout_errors("sim/a.c", std::string(121, 'x')), 1U);
    EXPECT_EQ(layout_errors("cmake/a.cmake", std::string(121, 'x')), 1U);
    EXPECT_EQ(layout_errors("docs/a.md", std::string(121, 'x')), 0U) << "tables of a page may be wide";
    EXPECT_EQ(layout_errors("scenarios/a.yaml", std::string(121, 'x')), 0U) << "so may those of a scenario";
    EXPECT_EQ(layout_errors("sim/a.c", std::string(119, 'x') + "\xE2\x86\x92"), 0U) << "characters count, not bytes";
}

TEST(Layout, TabsBlanksAndTheLastNewline)
{
    Findings findings;

    EXPECT_EQ(layout_errors("sim/a.h", "int\tx;"), 1U);
    EXPECT_EQ(layout_errors("sim/a.h", "int x; "), 1U);
    checks::check_layout({"sim/a.h", {"int x;"}, false}, findings);
    EXPECT_EQ(findings.errors.size(), 1U);
}

TEST(Statements, OneALine)
{
    EXPECT_EQ(statement_errors({"a = 1;", "b = 2;"}), 0U);
    EXPECT_EQ(statement_errors({"a = 1; b = 2;"}), 1U);
    EXPECT_EQ(statement_errors({"const auto f = [](int x) { return x; };"}), 0U);
    EXPECT_EQ(statement_errors({"const auto f = [](int x) { x++; return x; };"}), 1U);
    EXPECT_EQ(statement_errors({"for (i = 0; i < 3; i++) {"}), 0U);
    EXPECT_EQ(statement_errors({"for (i = 0;", "     i < 3; i++) {"}), 0U);
    EXPECT_EQ(statement_errors({"puts(\";;\"); // a; b;"}), 0U);
    EXPECT_EQ(statement_errors({"a = ';'; /* b; */"}), 0U);
    EXPECT_EQ(statement_errors({"const char *text = R\"(a; b; (", "c; d; \" ))", ")\";", "for (;;) {"}), 0U);
    EXPECT_EQ(statement_errors({"f(R\"x( )\" )x\"); a = 1; b = 2;"}), 1U);
    EXPECT_EQ(statement_errors({"a = 1'000; b = '\\''; /* c; */"}), 1U);
    EXPECT_EQ(statement_errors({"/* a;", " b; c; */ a = \"\\\";\"; b = 1;"}), 1U);
}

TEST(Sizes, OfFilesAndFunctions)
{
    EXPECT_TRUE(function_of(60).warnings.empty());
    EXPECT_EQ(function_of(61).warnings.size(), 1U);
    EXPECT_TRUE(function_of(80).errors.empty());
    EXPECT_EQ(function_of(81).errors.size(), 1U);
    EXPECT_TRUE(file_of_size("sim/a.h", 800).warnings.empty());
    EXPECT_EQ(file_of_size("sim/a.h", 801).warnings.size(), 1U);
    EXPECT_EQ(file_of_size("sim/a.h", 1001).errors.size(), 1U);
    EXPECT_TRUE(file_of_size("docs/a.md", 1001).errors.empty());
}

TEST(Traces, PathsAndWords)
{
    const std::string slash = "/";

    EXPECT_EQ(trace_errors("see " + slash + "home/somebody/doorbell"), 1U);
    EXPECT_EQ(trace_errors(slash + "work/main/README.md"), 1U);
    EXPECT_EQ(trace_errors("build in \"" + slash + "tmp/b-7\""), 1U);
    EXPECT_EQ(trace_errors("src" + slash + "work/queue.c and .." + slash + "home/x"), 0U);
    EXPECT_EQ(trace_errors("${HOME}" + slash + "work/x"), 0U);
    EXPECT_EQ(trace_errors("made by FROBNICATOR 2"), 1U);
}

/** The words that DOORBELL_UNWANTED_WORDS, separated by blanks, adds for one run. */
std::vector<std::string> unwanted_words()
{
    const char *text = std::getenv("DOORBELL_UNWANTED_WORDS");
    std::istringstream stream(text == nullptr ? "" : text);
    std::vector<std::string> words;
    std::string word;

    while (stream >> word) {
        words.push_back(word);
    }
    return words;
}

TEST(Texts, ThisTreeKeepsItsStyle)
{
    const std::vector<SourceFile> files = checks::read_tree(DOORBELL_SOURCE_DIR);
    Findings findings;

    ASSERT_GT(files.size(), 20U);
    for (const SourceFile &file : files) {
        checks::check_layout(file, findings);
        checks::check_statements(file, findings);
        checks::check_sizes(file, findings);
        checks::check_traces(file, unwanted_words(), findings);
    }
    if (!findings.warnings.empty()) {
        std::cout << "warning: getting long:\n" << checks::to_string(findings.warnings);
    }
    EXPECT_EQ(checks::to_string(findings.errors), "");
}

} // namespace

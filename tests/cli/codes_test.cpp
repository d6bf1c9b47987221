/*
 * The table of error codes (scenario/codes.h): every example of a mistake yields its code and the one beside it none,
 * the sources use no code that the table lacks and the table has none that nothing uses, and the page is up to date.
 */
#include "tests/cli/process.h"
#include "tests/import/imported.h"
#include "tests/scenario/loaded.h"
#include "tests/schema/pattern.h"

#include "scenario/codes.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace
{

namespace files = std::filesystem;

const std::string source_dir = DOORBELL_SOURCE_DIR;

std::vector<const error_code *> all_codes()
{
    std::vector<const error_code *> codes;
    size_t count;
    const error_code_group *const *groups = error_code_groups(&count);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < groups[i]->count; j++) {
            codes.push_back(&groups[i]->codes[j]);
        }
    }
    return codes;
}

/* ---- Examples ---- */

class Example : public testing::TestWithParam<const error_code *>
{
  protected:
    /* What a shell says of commands in the folder of examples, and their exit status at the end. */
    std::string run(const std::string &commands, int *status) const
    {
        const std::string path = files::path(DOORBELL_BINARY).parent_path().string();
        const std::string script =
            folder_.write("example.sh", "PATH=\"" + path + ":$PATH\"\ncd " + folder_.path("") + "\n" + commands);
        std::string said;
        char buffer[4096];
        FILE *pipe = popen(("env -u MAKEFLAGS sh " + script + " 2>&1").c_str(), "r");

        for (size_t got; (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
            said.append(buffer, got);
        }
        *status = pclose(pipe);
        return said;
    }

    /* The folder that docs/errors.md describes. */
    void furnish() const
    {
        const error_code nothing = {"", "", "", ERROR_CODE_ADDED, "", ""};
        char *small = error_code_example(&nothing, "");

        folder_.write("small.yaml", small);
        folder_.write("sweep.yaml",
                      "base: small.yaml\nduration: 5 us\ntraffic: { epA: [ { msi: { period: 1 us } } ] }\n"
                      "sweep: { axes: [{ key: platform.memory.latency, values: [40 ns, 80 ns] }] }\n");
        folder_.write("lspci.txt",
                      import_test::Config(0x13b5, 0x0100, 0x060400).bridge(0, 1, 1).pcie(4).dump("00:01.0") +
                          import_test::Config(0x144d, 0xa808, 0x010802).pcie(0).msix(33).dump("01:00.0"));
        files::copy(source_dir + "/docs/tutorial/board.dts", folder_.path("board.dts"));
        files::copy(source_dir + "/tests/data/replay/small", folder_.path("recording"));
        files::copy(source_dir + "/tests/data/calibrate/small", folder_.path("measurements"));
        free(small);
    }

    /* The codes of a scenario's errors. */
    static std::vector<std::string> codes_of(const error_code *code, const char *part)
    {
        char *text = error_code_example(code, part);
        const Loaded loaded(text, {}, "example.yaml");
        std::vector<std::string> codes;

        for (size_t i = 0; i < loaded.diagnostics().count; i++) {
            codes.emplace_back(loaded.diagnostics().items[i].code);
        }
        if (codes.empty() != static_cast<bool>(loaded)) {
            codes.emplace_back("a scenario although there are errors, or none although there are none");
        }
        free(text);
        return codes;
    }

    cli_test::Folder folder_;
};

class Mistake : public Example
{
};

class Mended : public Example
{
};

TEST_P(Mistake, YieldsItsCode)
{
    const error_code *code = GetParam();

    if (code->shown == ERROR_CODE_COMMAND) {
        int status;
        furnish();
        const std::string said = run(code->wrong, &status);
        EXPECT_NE(said.find("error[" + std::string(code->code) + "]: "), std::string::npos) << code->wrong << said;
        EXPECT_NE(status, 0) << said;
    } else {
        EXPECT_EQ(codes_of(code, code->wrong), std::vector<std::string>{code->code}) << code->wrong;
    }
}

TEST_P(Mended, HasNoError)
{
    const error_code *code = GetParam();

    if (code->shown == ERROR_CODE_COMMAND) {
        int status;
        furnish();
        const std::string said = run(code->right, &status);
        EXPECT_EQ(said.find("error["), std::string::npos) << code->right << said;
        EXPECT_EQ(status, 0) << code->right << said;
    } else {
        EXPECT_EQ(codes_of(code, code->right), std::vector<std::string>{}) << code->right;
    }
}

std::vector<const error_code *> shown_codes()
{
    std::vector<const error_code *> codes = all_codes();

    codes.erase(std::remove_if(codes.begin(), codes.end(),
                               [](const error_code *code) { return code->shown == ERROR_CODE_UNSHOWN; }),
                codes.end());
    return codes;
}

/* Of codes whose right examples are the same, the first. */
std::vector<const error_code *> different_codes()
{
    std::vector<const error_code *> codes = shown_codes();
    std::set<std::string> seen;

    codes.erase(std::remove_if(codes.begin(), codes.end(),
                               [&seen](const error_code *code) { return !seen.insert(code->right).second; }),
                codes.end());
    return codes;
}

std::string name_of(const testing::TestParamInfo<const error_code *> &given)
{
    return given.param->code;
}

INSTANTIATE_TEST_SUITE_P(Codes, Mistake, testing::ValuesIn(shown_codes()), name_of);
INSTANTIATE_TEST_SUITE_P(Codes, Mended, testing::ValuesIn(different_codes()), name_of);

/* ---- The table ---- */

TEST(ErrorCodes, AreOrderedUniqueAndWhole)
{
    std::string before;

    for (const error_code *code : all_codes()) {
        EXPECT_TRUE(!schema_test::fits(code->code, "^E[0-9]{4}$").empty()) << code->code;
        EXPECT_LT(before, code->code) << "in order, so that none is there twice";
        before = code->code;
        EXPECT_STRNE(code->title, "") << code->code;
        EXPECT_EQ(std::string(code->explanation).back(), '.') << code->code;
        EXPECT_STRNE(code->wrong, "") << code->code;
        EXPECT_STRNE(code->wrong, code->right) << code->code;
        EXPECT_EQ(error_code_find(code->code), code);
    }
    EXPECT_EQ(error_code_find("E0000"), nullptr);
}

/* What cannot be shown is known here by name: a new code needs an example, or a reason in this list. */
TEST(ErrorCodes, WithoutAnExampleAreFew)
{
    const std::set<std::string> expected = {"E0203", "E0204", "E0209", "E0301", "E0302",
                                            "E0304", "E0410", "E2108", "E2110", "E2304"};
    std::set<std::string> unshown;

    for (const error_code *code : all_codes()) {
        if (code->shown == ERROR_CODE_UNSHOWN) {
            unshown.insert(code->code);
        }
    }
    EXPECT_EQ(unshown, expected);
}

/* ---- The sources ---- */

std::map<std::string, std::string> sources()
{
    std::map<std::string, std::string> texts;

    for (const char *room :
         {"calibrate", "cli", "explore", "host", "import", "replay", "report", "result", "scenario", "sweep"}) {
        for (const auto &entry : files::recursive_directory_iterator(source_dir + "/" + room)) {
            const std::string path = entry.path().string();
            if (entry.path().extension() == ".c" && path.find("/scenario/codes/") == std::string::npos) {
                texts[path.substr(source_dir.size() + 1)] = read_text(path);
            }
        }
    }
    return texts;
}

TEST(ErrorCodes, OfTheSourcesAreThoseOfTheTable)
{
    std::set<std::string> used;
    std::set<std::string> listed;

    for (const auto &[path, text] : sources()) {
        for (const schema_test::Fit &fit : schema_test::fits(text, "\"(E[0-9]{4})[ \"]")) {
            used.insert(fit.parts[1]);
        }
    }
    for (const error_code *code : all_codes()) {
        listed.insert(code->code);
    }
    EXPECT_GT(used.size(), 100u);
    EXPECT_EQ(used, listed);
}

/* The first literal of a call of what makes a message, from behind its bracket; empty if there is none. */
std::string first_literal(const std::string &text, size_t at)
{
    for (int depth = 1; at < text.size() && depth > 0; at++) {
        depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
        if (text[at] == '"') {
            return text.substr(at + 1, text.find('"', at + 1) - at - 1);
        }
    }
    return "";
}

/* No message without its code. "%s" passes on what has one already. */
TEST(ErrorCodes, StandBeforeEveryMessage)
{
    const std::string makes = "\\b(parse_error_at|parse_error|diagnostics_add|diagnostics_vadd|acpi_fail|"
                              "board_error_set|sweep_tell|replay_table_complain)\\(|"
                              "snprintf\\((telling->)?problem(->|\\.)message, sizeof\\([a-z>.-]*message\\),";
    size_t seen = 0;

    for (const auto &[path, text] : sources()) {
        for (const schema_test::Fit &fit : schema_test::fits(text, makes)) {
            const std::string literal = first_literal(text, fit.end);
            const auto line = std::count(text.begin(), text.begin() + static_cast<long>(fit.begin), '\n') + 1;

            seen += literal.empty() ? 0 : 1;
            EXPECT_TRUE(literal.empty() || !schema_test::fits(literal, "^(E[0-9]{4} |%s)").empty())
                << path << ":" << line << ": " << literal;
        }
    }
    EXPECT_GT(seen, 200u);
}

/* ---- What is printed ---- */

TEST(ErrorCodes, HaveAPageThatIsUpToDate)
{
    EXPECT_TRUE(Loaded::capture(error_code_page) == read_text(source_dir + "/docs/errors.md"))
        << "run: doorbell_schema errors > docs/errors.md";
}

TEST(ExplainCode, TellsOneAndListsAll)
{
    const cli_test::Result one = cli_test::doorbell({"explain", "e1101"});
    const cli_test::Result all = cli_test::doorbell({"explain", "codes"});

    EXPECT_EQ(one.status, 0) << one.err;
    EXPECT_EQ(one.out.rfind("E1101: Unknown key\n\n", 0), 0u) << one.out;
    EXPECT_NE(one.out.find("    titel: x\n"), std::string::npos) << one.out;
    EXPECT_EQ(all.status, 0);
    for (const error_code *code : all_codes()) {
        EXPECT_NE(all.out.find("  " + std::string(code->code) + "  " + code->title + "\n"), std::string::npos);
    }
}

TEST(ExplainCode, NamesTheNearestOfAnUnknownOne)
{
    const cli_test::Result unknown = cli_test::doorbell({"explain", "E1113"});
    const cli_test::Result word = cli_test::doorbell({"explain", "codez"});

    EXPECT_EQ(unknown.status, 2);
    EXPECT_NE(unknown.err.find("error[E0109]: there is no error E1113; the nearest is E1112, "), std::string::npos)
        << unknown.err;
    EXPECT_EQ(word.status, 2);
    EXPECT_NE(word.err.find("error[E0106]"), std::string::npos) << word.err;
}

} // namespace

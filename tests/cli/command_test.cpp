/* The doorbell command as a whole: exit statuses, streams, help, failures. */
#include "tests/cli/json.h"
#include "tests/cli/process.h"

#include "cli/table.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>

namespace
{

using cli_test::document;
using cli_test::doorbell;
using cli_test::Folder;
using cli_test::integer_of;
using cli_test::Json;
using cli_test::Result;
using cli_test::text_of;

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

size_t longest_line(const std::string &text)
{
    std::istringstream stream(text);
    std::string line;
    size_t longest = 0;

    while (std::getline(stream, line)) {
        longest = std::max(longest, line.size());
    }
    return longest;
}

TEST(Command, HelpNamesEveryVerb)
{
    const Result result = doorbell({"help"});

    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(doorbell({"--help"}).out, result.out);
    for (const cli_verb_entry &verb : cli_verb_table) {
        EXPECT_TRUE(has(result.out, std::string("\n  ") + verb.name + ' ')) << verb.name;
    }
    EXPECT_LE(longest_line(result.out), 100U);
}

TEST(Command, HelpOfAVerbNamesItsOptionsAndNoOther)
{
    for (size_t verb = 0; verb < CLI_VERBS; verb++) {
        const std::string name = cli_verb_table[verb].name;
        const Result result = doorbell({"help", name});

        EXPECT_EQ(result.status, 0) << name;
        EXPECT_EQ(doorbell({name, "--help"}).out, result.out) << name;
        EXPECT_LE(longest_line(result.out), 100U) << name;
        for (const cli_option_entry &option : cli_option_table) {
            const bool listed = has(result.out, std::string("  --") + option.name) ||
                                has(result.out, std::string(", --") + option.name);

            EXPECT_EQ(listed, (option.verbs & 1U << verb) != 0) << name << " --" << option.name;
        }
    }
}

TEST(Command, VersionNamesTheEngines)
{
    const Result result = doorbell({"version"});

    EXPECT_EQ(result.status, 0);
    EXPECT_TRUE(has(result.out, "doorbell " DOORBELL_VERSION "\n")) << result.out;
    EXPECT_TRUE(has(result.out, "native, every-cycle, systemc (")) << result.out;
    EXPECT_EQ(doorbell({"--version"}).out, result.out);
}

TEST(Command, WrongLinesExitWithTwo)
{
    const std::vector<std::vector<std::string>> lines = {
        {}, {"rnu", "a.yaml"}, {"run"}, {"run", "a.yaml", "b.yaml"}, {"run", "a.yaml", "--jsno"}, {"help", "rnu"},
    };

    for (const std::vector<std::string> &words : lines) {
        const Result result = doorbell(words);

        EXPECT_EQ(result.status, 2) << result.err;
        EXPECT_EQ(result.out, "");
        EXPECT_EQ(result.err.rfind("doorbell: ", 0), 0U) << result.err;
    }
    EXPECT_TRUE(has(doorbell({"rnu", "a.yaml"}).err, "did you mean 'doorbell run'?"));
    EXPECT_TRUE(has(doorbell({"run", "a.yaml", "--jsno"}).err, "did you mean '--json'?"));
    EXPECT_TRUE(has(doorbell({"help", "rnu"}).err, "did you mean 'run'?"));
}

TEST(Command, AWrongLineWithJsonIsADocument)
{
    const Result result = doorbell({"run", "a.yaml", "--json", "--sede", "1"});
    const Json json = document(result.out);

    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(text_of(json.get(), "doorbell"), DOORBELL_VERSION);
    EXPECT_EQ(text_of(json.get(), "command"), "run");
    EXPECT_EQ(text_of(json.get(), "file"), "a.yaml");
    EXPECT_EQ(integer_of(json.get(), "exit-status"), 2);
    EXPECT_TRUE(has(text_of(json.get(), "error"), "--sede"));
    EXPECT_TRUE(has(text_of(json.get(), "hint"), "--seed"));
    EXPECT_TRUE(json_is_array(json_object_get(json.get(), "diagnostics")));
    EXPECT_NE(result.err, "") << "a person is told, too";
}

TEST(Command, NamesThatAreNoUtf8StillMakeADocument)
{
    const Result result = doorbell({"check", "a\xff.yaml", "--json"});
    const Json json = document(result.out);

    EXPECT_EQ(result.status, 4);
    EXPECT_EQ(text_of(json.get(), "file"), "a?.yaml");
    EXPECT_NE(text_of(json.get(), "error"), "");
}

TEST(Command, UnreadableFilesExitWithFour)
{
    const Folder folder;

    for (const char *verb : {"run", "check", "show"}) {
        for (const char *name : {"absent.yaml", "absent.dtb"}) {
            const Result text = doorbell({verb, folder.path(name)});
            const Result json = doorbell({verb, folder.path(name), "--json"});

            EXPECT_EQ(text.status, 4) << verb << ' ' << name << ": " << text.err;
            EXPECT_EQ(text.out, "") << verb;
            EXPECT_TRUE(has(text.err, name)) << verb << ": " << text.err;
            EXPECT_EQ(json.status, 4) << verb;
            EXPECT_EQ(integer_of(document(json.out).get(), "exit-status"), 4) << verb;
        }
    }
}

/** The first diagnostic about a line; NULL if there is none. */
const json_t *diagnostic_of_line(const json_t *list, long long line)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (integer_of(json_array_get(list, i), "line") == line) {
            return json_array_get(list, i);
        }
    }
    return nullptr;
}

TEST(Command, WrongScenariosExitWithTwoAndSayWhere)
{
    const Folder folder;
    const std::string file = folder.write("wrong.yaml", "doorbell: 1\nduratoin: 1 ms\nbogus: 2\n");

    for (const char *verb : {"run", "check", "show"}) {
        const Result text = doorbell({verb, file});
        const Result result = doorbell({verb, file, "--json"});
        const Json json = document(result.out);
        const json_t *found = diagnostic_of_line(json_object_get(json.get(), "diagnostics"), 2);

        EXPECT_EQ(text.status, 2) << verb;
        EXPECT_EQ(text.out, "") << verb;
        EXPECT_TRUE(has(text.err, "wrong.yaml:2:1: error[E1101]: ")) << text.err;
        EXPECT_TRUE(has(text.err, "wrong.yaml:3:1: error[E1101]: ")) << "all errors in one go: " << text.err;
        EXPECT_EQ(result.status, 2) << verb;
        ASSERT_NE(found, nullptr) << result.out;
        EXPECT_EQ(integer_of(found, "column"), 1);
        EXPECT_EQ(text_of(found, "severity"), "error");
        EXPECT_EQ(text_of(found, "file"), file);
        EXPECT_TRUE(has(text_of(found, "message"), "duratoin")) << text_of(found, "message");
    }
}

} // namespace

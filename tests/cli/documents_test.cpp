/* What is made from the tables of verbs, options and keys: completions, the manual page, the list of parameters. */
#include "tests/cli/json.h"
#include "tests/cli/process.h"

#include "cli/completion.h"
#include "cli/table.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

namespace
{

using cli_test::document;
using cli_test::doorbell;
using cli_test::Folder;
using cli_test::Json;
using cli_test::Result;
using cli_test::text_of;

/** What a shell command prints. */
std::string output_of(const std::string &command)
{
    std::string text;
    char buffer[4096];
    FILE *pipe = popen(command.c_str(), "r");
    size_t got;

    while ((got = fread(buffer, 1, sizeof(buffer), pipe)) > 0) {
        text.append(buffer, got);
    }
    EXPECT_EQ(pclose(pipe), 0) << command;
    return text;
}

std::string read_file(const std::string &path)
{
    std::ifstream file(path);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

std::set<std::string> words_of(const std::string &text)
{
    std::istringstream stream(text);
    std::set<std::string> words;
    std::string word;

    while (stream >> word) {
        words.insert(word);
    }
    return words;
}

/** What bash offers for the last word of a command line. */
std::set<std::string> bash_offers(const std::string &script, const std::string &words, size_t last)
{
    return words_of(output_of("bash -c '. " + script + "; COMP_WORDS=(" + words +
                              "); COMP_CWORD=" + std::to_string(last) + "; _doorbell; echo \"${COMPREPLY[@]}\"'"));
}

TEST(Completion, BashOffersVerbsTheirOptionsAndTheirOperands)
{
    const Folder folder;
    const std::string script = folder.path("completion");
    std::set<std::string> verbs;

    std::ofstream(script) << doorbell({"completion", "bash"}).out;
    for (const cli_verb_entry &verb : cli_verb_table) {
        verbs.insert(verb.name);
    }
    for (const cli_alias_entry &alias : cli_alias_table) {
        verbs.insert(alias.name);
    }
    EXPECT_EQ(bash_offers(script, "doorbell \"\"", 1), verbs);
    EXPECT_EQ(bash_offers(script, "doorbell help \"\"", 2), verbs);
    EXPECT_EQ(bash_offers(script, "doorbell man \"\"", 2), verbs);
    EXPECT_EQ(bash_offers(script, "doorbell check-golden --", 2), bash_offers(script, "doorbell golden --", 2));
    EXPECT_EQ(bash_offers(script, "doorbell sweep s", 2).count("submit"), 1U);
    EXPECT_EQ(bash_offers(script, "doorbell sweep " + folder.path("comp"), 2), std::set<std::string>({script}));
    EXPECT_EQ(bash_offers(script, "doorbell query x.sqlite par", 3), std::set<std::string>({"pareto"}));
    EXPECT_EQ(bash_offers(script, "doorbell explore doorbell-", 2).count("doorbell-per-group"), 1U);
    EXPECT_EQ(bash_offers(script, "doorbell topo --format s", 3), std::set<std::string>({"svg"}));
    EXPECT_EQ(bash_offers(script, "doorbell sweep -d " + folder.path("comp"), 3), std::set<std::string>({script}));
    for (size_t verb = 0; verb < CLI_VERBS; verb++) {
        std::set<std::string> options;

        for (const cli_option_entry &option : cli_option_table) {
            if ((option.verbs & 1U << verb) != 0) {
                options.insert(std::string("--") + option.name);
            }
        }
        EXPECT_EQ(bash_offers(script, std::string("doorbell ") + cli_verb_table[verb].name + " --", 2), options);
    }
    EXPECT_EQ(bash_offers(script, "doorbell run --engine \"\"", 3),
              std::set<std::string>(cli_engine_names, cli_engine_names + CLI_ENGINES));
    EXPECT_EQ(bash_offers(script, "doorbell replay --mode \"\"", 3),
              std::set<std::string>(cli_mode_names, cli_mode_names + CLI_MODES));
    EXPECT_EQ(bash_offers(script, "doorbell completion \"\"", 2),
              std::set<std::string>(cli_shell_names, cli_shell_names + CLI_SHELLS));
    EXPECT_EQ(bash_offers(script, "doorbell run " + folder.path("comp"), 2), std::set<std::string>({script}));
}

TEST(Completion, EveryShellsScriptNamesEveryOption)
{
    for (const char *shell : cli_shell_names) {
        const std::string script = doorbell({"completion", shell}).out;

        for (const cli_option_entry &option : cli_option_table) {
            const std::string form = std::string(shell) == "fish" ? "-l " : "--";

            EXPECT_NE(script.find(form + option.name), std::string::npos) << shell << ' ' << option.name;
        }
    }
}

/** A shell parses its own script without running it. */
TEST(Completion, ShellsThatAreHereAcceptTheirScripts)
{
    const Folder folder;
    size_t tried = 0;

    for (const char *shell : cli_shell_names) {
        const std::string script = folder.path(shell);

        std::ofstream(script) << doorbell({"completion", shell}).out;
        if (output_of(std::string("command -v ") + shell + " || true").empty()) {
            continue;
        }
        output_of(std::string(shell) + " -n " + script + " 2>&1");
        tried++;
    }
    EXPECT_GE(tried, 1U); /* bash, which every test here needs */
}

/** What fish offers, if it is here: it can be asked without a terminal. */
TEST(Completion, FishOffersVerbsByAllTheirNamesAndWhatTheyTake)
{
    const Folder folder;
    const std::string script = folder.path("completion.fish");

    if (output_of("command -v fish || true").empty()) {
        GTEST_SKIP() << "fish is not installed";
    }
    std::ofstream(script) << doorbell({"completion", "fish"}).out;
    const auto offers = [&](const std::string &line) {
        return words_of(output_of("HOME=" + folder.path() + " fish --no-config -c 'source " + script +
                                  "; complete -C \"" + line + "\" | string replace -r \"\\t.*\" \"\"; true'"));
    };
    const std::set<std::string> verbs = offers("doorbell ");

    for (const cli_verb_entry &verb : cli_verb_table) {
        EXPECT_EQ(verbs.count(verb.name), 1U) << verb.name;
    }
    EXPECT_EQ(offers("doorbell check-g"), std::set<std::string>({"check-golden"}));
    EXPECT_EQ(offers("doorbell check-golden --ju"), std::set<std::string>({"--junit"}));
    EXPECT_EQ(offers("doorbell sweep mer"), std::set<std::string>({"merge"}));
    EXPECT_EQ(offers("doorbell run --engine sys"), std::set<std::string>({"systemc"}));
}

TEST(Completion, OfAnUnknownShellIsRefusedWithAHint)
{
    const Result result = doorbell({"completion", "bsh"});

    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find("did you mean 'bash'?"), std::string::npos);
}

/** What programs that check manual pages say of one; empty if there are none, or they find nothing. */
std::string complaints_about(const std::string &path)
{
    /* That there is no date is no fault: pages are the same in every build. */
    return output_of("if command -v mandoc > /dev/null; then mandoc -T lint -W warning " + path +
                     " 2>&1 | grep -v 'missing date' || true; fi;"
                     " if command -v groff > /dev/null; then groff -man -ww -z -K utf8 " +
                     path + " 2>&1; fi");
}

/** A page for each verb, of the same table, and installed: the build prints the pages that it installs. */
TEST(Manual, EveryVerbHasAPageThatTroffLikes)
{
    const Folder folder;
    const std::string list = read_file(DOORBELL_SOURCE_DIR "/cli/CMakeLists.txt");
    const std::string whole = folder.path("doorbell.1");

    std::ofstream(whole) << doorbell({"man"}).out;
    EXPECT_EQ(complaints_about(whole), "");
    for (const cli_verb_entry &verb : cli_verb_table) {
        const std::string page = doorbell({"man", verb.name}).out;
        const std::string path = folder.path(std::string("doorbell-") + verb.name + ".1");

        std::ofstream(path) << page;
        EXPECT_EQ(complaints_about(path), "") << verb.name;
        EXPECT_EQ(page.rfind(".TH DOORBELL-", 0), 0U) << verb.name;
        for (size_t i = 0; i < CLI_OPTIONS; i++) {
            std::string option = "\\fB\\-\\-";

            for (const char *c = cli_option_table[i].name; *c != '\0'; c++) {
                option += *c == '-' ? "\\-" : std::string(1, *c);
            }
            EXPECT_EQ(page.find(option + "\\fR") != std::string::npos,
                      (cli_option_table[i].verbs & 1U << (&verb - cli_verb_table)) != 0)
                << verb.name << ' ' << cli_option_table[i].name;
        }
        EXPECT_GT(words_of(list).count(verb.name) + words_of(list).count(std::string(verb.name) + ")"), 0U)
            << verb.name << " is not installed";
    }
    for (const cli_alias_entry &alias : cli_alias_table) {
        EXPECT_EQ(doorbell({"man", alias.name}).out, doorbell({"man", cli_verb_table[alias.verb].name}).out);
        EXPECT_EQ(words_of(list).count(alias.name), 1U) << alias.name << " is not installed";
    }
    const Result wrong = doorbell({"man", "swep"});

    EXPECT_EQ(wrong.status, 2);
    EXPECT_NE(wrong.err.find("did you mean 'sweep'?"), std::string::npos) << wrong.err;
}

TEST(Manual, HoldsEveryVerbOptionAndStatusOnce)
{
    const std::string page = doorbell({"man"}).out;

    EXPECT_EQ(page.rfind(".TH DOORBELL 1 ", 0), 0U);
    for (const cli_verb_entry &verb : cli_verb_table) {
        const std::string heading = std::string(".SS doorbell ") + verb.name + (verb.operand == nullptr ? "\n" : " ");

        EXPECT_NE(page.find(heading), std::string::npos) << heading;
        EXPECT_EQ(page.find(heading), page.rfind(heading)) << heading;
    }
    for (const cli_exit_entry &status : cli_exit_table) {
        EXPECT_NE(page.find(std::string(".B ") + status.status + '\n'), std::string::npos);
    }
    EXPECT_NE(page.find("\\fB\\-o\\fR, \\fB\\-\\-output\\fR \\fIFILE\\fR"), std::string::npos);
}

TEST(Params, AreUniqueAndDescribed)
{
    const Json list = document(doorbell({"params", "--json"}).out);
    const json_t *parameters = json_object_get(list.get(), "parameters");
    std::set<std::string> paths;
    size_t index;
    const json_t *parameter;

    json_array_foreach(parameters, index, parameter)
    {
        EXPECT_TRUE(paths.insert(text_of(parameter, "path")).second) << text_of(parameter, "path");
        EXPECT_NE(text_of(parameter, "meaning"), "");
        EXPECT_NE(text_of(parameter, "value"), "");
    }
    EXPECT_GT(paths.size(), 100U);
    EXPECT_EQ(paths.count("seed"), 1U);
    EXPECT_EQ(paths.count("platform.smmu.NAME.tlb.entries"), 1U);
}

TEST(Params, AWordSelectsByPathAndMeaning)
{
    const Result result = doorbell({"params", "tlb"});

    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.out.rfind("platform.smmu.NAME.tlb.entries\n    number: entries; default 2048 ", 0), 0U);
    EXPECT_EQ(result.out.find("seed"), std::string::npos);
    EXPECT_EQ(result.out.find('`'), std::string::npos);
}

TEST(Params, AWordThatNothingHoldsIsAnError)
{
    const Result result = doorbell({"params", "tblx"});

    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find("no parameter has 'tblx'"), std::string::npos);
}

} // namespace

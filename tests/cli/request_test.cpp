/* The command line, understood or refused. */
#include "cli/request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace
{

/** A parsed command line; argv lives as long as it. */
class Parsed
{
  public:
    explicit Parsed(std::vector<std::string> words) : words_(std::move(words))
    {
        argv_.push_back(const_cast<char *>("doorbell"));
        for (std::string &word : words_) {
            argv_.push_back(word.data());
        }
        argv_.push_back(nullptr);
        ok = cli_request_parse(static_cast<int>(words_.size()) + 1, argv_.data(), &request, &problem);
    }

    ~Parsed()
    {
        cli_request_clear(&request);
    }

    Parsed(const Parsed &) = delete;
    Parsed &operator=(const Parsed &) = delete;

    std::string message() const
    {
        return problem.message;
    }

    std::string hint() const
    {
        return problem.hint;
    }

    bool ok;
    cli_request request;
    cli_problem problem;

  private:
    std::vector<std::string> words_;
    std::vector<char *> argv_;
};

TEST(Request, CheckGoldenIsGolden)
{
    const Parsed line({"check-golden", "folder", "--bless"});

    ASSERT_TRUE(line.ok) << line.message();
    EXPECT_EQ(line.request.verb, CLI_VERB_GOLDEN);
    EXPECT_TRUE(line.request.bless);
    EXPECT_EQ(cli_verb_named("golden"), CLI_VERB_GOLDEN);
    EXPECT_EQ(cli_verb_named("version"), CLI_VERB_VERSION);
    EXPECT_EQ(cli_verb_named("check-gold"), CLI_VERBS);
}

TEST(Request, SlurmIsNoEngine)
{
    const Parsed line({"sweep", "submit", "s.yaml", "--engine", "slurm", "--parts", "2"});

    EXPECT_FALSE(line.ok);
    EXPECT_NE(line.message().find("there is no engine 'slurm'"), std::string::npos) << line.message();
    EXPECT_NE(line.hint().find("'doorbell sweep submit --scheduler slurm'"), std::string::npos) << line.hint();
}

TEST(Request, DefaultsOfRun)
{
    const Parsed line({"run", "a.yaml"});

    ASSERT_TRUE(line.ok) << line.message();
    EXPECT_EQ(line.request.verb, CLI_VERB_RUN);
    EXPECT_STREQ(line.request.operand, "a.yaml");
    EXPECT_EQ(line.request.engine, SIM_ENGINE_NATIVE);
    EXPECT_EQ(line.request.set_count, 0U);
    EXPECT_EQ(line.request.output, nullptr);
    EXPECT_FALSE(line.request.json || line.request.seed_given || line.request.shuffle || line.request.engine_given);
}

TEST(Request, EveryOptionOfRun)
{
    const Parsed line({"run", "--set", "a.b=1", "--engine=every-cycle", "x.yaml", "--set=c==2", "--seed", "0xff",
                       "--shuffle=18446744073709551615", "--json", "-o", "out.json"});

    ASSERT_TRUE(line.ok) << line.message();
    EXPECT_STREQ(line.request.operand, "x.yaml");
    ASSERT_EQ(line.request.set_count, 2U);
    EXPECT_STREQ(line.request.sets[0], "a.b=1");
    EXPECT_STREQ(line.request.sets[1], "c==2");
    EXPECT_EQ(line.request.engine, SIM_ENGINE_EVERY_CYCLE);
    EXPECT_TRUE(line.request.seed_given);
    EXPECT_EQ(line.request.seed, 255U);
    EXPECT_TRUE(line.request.shuffle);
    EXPECT_EQ(line.request.shuffle_seed, UINT64_MAX);
    EXPECT_TRUE(line.request.json);
    EXPECT_STREQ(line.request.output, "out.json");
}

TEST(Request, OutputInAllItsForms)
{
    EXPECT_STREQ(Parsed({"run", "a", "-oout"}).request.output, "out");
    EXPECT_STREQ(Parsed({"run", "a", "--output", "out"}).request.output, "out");
    EXPECT_STREQ(Parsed({"run", "a", "--output=out"}).request.output, "out");
}

TEST(Request, DashesEndTheOptions)
{
    const Parsed line({"run", "--", "--json"});

    ASSERT_TRUE(line.ok) << line.message();
    EXPECT_STREQ(line.request.operand, "--json");
    EXPECT_FALSE(line.request.json);
}

TEST(Request, HelpNeedsNoFile)
{
    EXPECT_TRUE(Parsed({"run", "--help"}).request.help);
    EXPECT_TRUE(Parsed({"run", "-h"}).ok);
    EXPECT_EQ(Parsed({"--help"}).request.verb, CLI_VERB_HELP);
    EXPECT_EQ(Parsed({"--version"}).request.verb, CLI_VERB_VERSION);
    EXPECT_STREQ(Parsed({"help", "show"}).request.operand, "show");
}

/** A command line that must be refused, a part of the message, and a part of the hint ("" for: none). */
struct Refused {
    std::vector<std::string> words;
    std::string message;
    std::string hint;
};

TEST(Request, RefusedWithTheNearest)
{
    const std::vector<Refused> lines = {
        {{}, "a verb is missing", "doorbell help"},
        {{"rnu", "a"}, "no verb 'rnu'", "'doorbell run'"},
        {{"chekc", "a"}, "no verb 'chekc'", "'doorbell check'"},
        {{"frobnicate"}, "no verb 'frobnicate'", ""},
        {{"--json", "run", "a"}, "'--json' stands where the verb belongs", "after the verb"},
        {{"run"}, "'doorbell run' needs a FILE", ""},
        {{"run", "a", "b"}, "does not know what to do with 'b'", ""},
        {{"version", "a"}, "does not know what to do with 'a'", ""},
        {{"run", "a", "--jsno"}, "knows no option '--jsno'", "'--json'"},
        {{"run", "a", "--shufle=3"}, "knows no option '--shufle=3'", "'--shuffle'"},
        {{"run", "a", "--js"}, "knows no option '--js'", "'--json'"},
        {{"run", "a", "--eng", "native"}, "knows no option '--eng'", "'--engine'"},
        {{"run", "a", "--eng=native"}, "knows no option '--eng=native'", "'--engine'"},
        {{"run", "a", "--s", "1"}, "knows no option '--s'", ""},
        {{"run", "a", "-x"}, "knows no option '-x'", ""},
        {{"check", "a", "--engine", "native"}, "'doorbell check' takes no option --engine", ""},
        {{"show", "a", "--shuffle=1"}, "'doorbell show' takes no option --shuffle", ""},
        {{"run", "a", "--json=yes"}, "--json takes no argument", ""},
        {{"run", "a", "--seed"}, "--seed needs its argument, N", ""},
        {{"run", "a", "-o"}, "--output needs its argument, FILE", ""},
        {{"run", "a", "-o", ""}, "no name", ""},
        {{"run", "a", "--engine", "nativ"}, "no engine 'nativ'", "'native'"},
        {{"run", "a", "--engine", "SystemC"}, "no engine 'SystemC'", "'systemc'"},
        {{"run", "a", "--engine", ""}, "no engine ''", ""},
        {{"run", "a", "--set", "seed"}, "'seed' is not KEY=VALUE", "--set seed=7"},
        {{"run", "a", "--set", "=7"}, "'=7' is not KEY=VALUE", "--set seed=7"},
    };

    for (const Refused &refused : lines) {
        const Parsed line(refused.words);
        const std::string context = line.message() + " | " + line.hint();

        EXPECT_FALSE(line.ok) << refused.message;
        EXPECT_NE(line.message().find(refused.message), std::string::npos) << context;
        if (refused.hint.empty()) {
            EXPECT_EQ(line.hint(), "") << context;
        } else {
            EXPECT_NE(line.hint().find(refused.hint), std::string::npos) << context;
        }
    }
}

TEST(Request, SeedsThatAreNoNumbers)
{
    for (const char *text : {"", "-1", "+1", " 1", "1 ", "1x", "0x", "18446744073709551616", "1e3", "seven"}) {
        EXPECT_FALSE(Parsed({"run", "a", "--seed", text}).ok) << '\'' << text << '\'';
        EXPECT_FALSE(Parsed({"run", "a", "--shuffle", text}).ok) << '\'' << text << '\'';
    }
    EXPECT_EQ(Parsed({"run", "a", "--seed", "010"}).request.seed, 10U) << "a leading zero is not octal";
}

TEST(Request, JsonIsKnownEvenOfAWrongLine)
{
    EXPECT_TRUE(Parsed({"run", "--bogus", "a", "--json"}).request.json);
    EXPECT_TRUE(Parsed({"rnu", "--json"}).request.json);
    EXPECT_FALSE(Parsed({"run", "a", "--", "--json"}).request.json);
}

TEST(Request, ParsesAgainAfterAFailure)
{
    EXPECT_FALSE(Parsed({"run", "a", "--bogus", "--json"}).ok);
    const Parsed line({"show", "b", "--json"});

    EXPECT_TRUE(line.ok) << line.message();
    EXPECT_STREQ(line.request.operand, "b");
}

TEST(Table, IsConsistent)
{
    for (const cli_option_entry &option : cli_option_table) {
        EXPECT_NE(option.verbs, 0U) << option.name;
        EXPECT_LT(option.verbs, 1U << CLI_VERBS) << option.name;
        for (const cli_option_entry &other : cli_option_table) {
            if (&other != &option) {
                EXPECT_STRNE(other.name, option.name);
                EXPECT_TRUE(option.letter == '\0' || option.letter != other.letter) << option.name;
            }
        }
    }
    for (const cli_verb_entry &verb : cli_verb_table) {
        EXPECT_EQ(verb.operand == nullptr, verb.operands_max == 0) << verb.name;
        EXPECT_LE(verb.operands_min, verb.operands_max) << verb.name;
    }
}

} // namespace

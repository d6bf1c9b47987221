/* The runner itself: that it passes what is right, fails what is wrong, and names what it does not understand. */
#include "tests/conformance/check.h"

#include "gtest/gtest.h"

namespace
{

using namespace conformance;

std::string data(const std::string &name)
{
    return std::string(DOORBELL_SOURCE_DIR) + "/tests/data/conformance/" + name;
}

TEST(Examples, PassOrAreSkippedForAReason)
{
    const Suite suite = read_suite({data("examples")});
    unsigned skipped = 0;

    EXPECT_TRUE(suite.problems.empty());
    EXPECT_GE(suite.cases.size(), 22u);
    for (const Case &c : suite.cases) {
        const Outcome outcome = run_case(c, Trace(), make_harness);

        EXPECT_NE(outcome.verdict, Verdict::failed) << c.id << ": " << outcome.text;
        EXPECT_EQ(outcome.verdict == Verdict::skipped,
                  c.id == "example-absent" || c.id == "example-no-unit" || c.id == "example-its-absent")
            << c.id;
        skipped += outcome.verdict == Verdict::skipped && !outcome.text.empty() ? 1 : 0;
    }
    EXPECT_EQ(skipped, 3u);
}

TEST(Wrong, EachCaseFails)
{
    const Suite suite = read_suite({data("wrong")});

    EXPECT_TRUE(suite.problems.empty());
    EXPECT_GE(suite.cases.size(), 47u);
    for (const Case &c : suite.cases) {
        const Outcome outcome = run_case(c, Trace(), make_harness);

        EXPECT_EQ(outcome.verdict, Verdict::failed) << c.id;
        EXPECT_FALSE(outcome.text.empty()) << c.id;
    }
}

/** Wherever a write is when its page is unmapped: it is refused, or ahead of what software does after the SYNC. */
TEST(System, NoWriteLandsAfterTheSyncWhereverItWas)
{
    Suite suite = read_suite({data("examples")});
    unsigned cases = 0;

    for (Case &c : suite.cases) {
        if (c.id != "example-system-unmap") {
            continue;
        }
        for (unsigned lead = 0; lead < 800; lead += 10) {
            c.options["lead"] = std::to_string(lead);
            const Outcome outcome = run_case(c, Trace(), make_harness);

            EXPECT_EQ(outcome.verdict, Verdict::passed) << lead << " ns: " << outcome.text;
            cases++;
        }
    }
    EXPECT_EQ(cases, 80u);
}

TEST(System, PassesInAnyOrderAndOnEveryEngine)
{
    const std::map<std::string, std::string> builds[] = {{{"shuffle", "3"}}, {{"engine", "every-cycle"}}};
    Suite suite = read_suite({data("examples/system.yaml"), data("examples/bases.yaml")});

    for (const auto &build : builds) {
        unsigned cases = 0;

        for (Case &c : suite.cases) {
            if (c.id.rfind("example-system", 0) == 0) {
                c.options = build;
                const Outcome outcome = run_case(c, Trace(), make_harness);

                EXPECT_EQ(outcome.verdict, Verdict::passed) << c.id << ": " << outcome.text;
                cases++;
            }
        }
        EXPECT_EQ(cases, 5u);
    }
}

TEST(Malformed, IsReportedWithItsPlace)
{
    const std::pair<const char *, const char *> files[] = {
        {"no-base", ":2:40: error: base `nowhere` is not defined in any file"},
        {"label", ":2:105: error: no step is labelled `b`"},
        {"key", ":2:56: error: `stimuli` is not a key of a case"},
        {"yaml", ":3:1: error[E1001]: not valid YAML"},
        {"nothing", ":2:71: error: a case that expects nothing cannot fail"},
    };

    for (const auto &file : files) {
        const std::string path = data("malformed/") + file.first + ".yaml";
        const Suite suite = read_suite({path});

        ASSERT_EQ(suite.problems.size(), 1u) << file.first;
        EXPECT_EQ(suite.problems[0].rfind(path + file.second, 0), 0u) << suite.problems[0];
        EXPECT_TRUE(suite.cases.empty());
    }
    EXPECT_EQ(read_suite({data("no-such-folder")}).problems.size(), 1u);
}

TEST(Merging, FieldsOneByOneAndRegistersWhole)
{
    const Suite suite = read_suite({data("examples")});
    bool found = false;

    for (const Case &c : suite.cases) {
        if (c.id == "example-64k") {
            const std::vector<Value> cds = c.setup.at("cd").each();

            found = true;
            ASSERT_EQ(cds.size(), 1u);
            EXPECT_EQ(cds[0].at("TTB0").text, "LARGE");
            EXPECT_EQ(cds[0].at("ASID").to_number(), 12u);
            EXPECT_EQ(c.setup.at("map").children.size(), 3u);
        }
        if (c.id == "example-two-level") {
            EXPECT_EQ(c.setup.at("regs").at("STRTAB_BASE_CFG").at("LOG2SIZE").to_number(), 12u);
            EXPECT_NE(c.setup.at("regs").find("CR0"), nullptr);
        }
    }
    EXPECT_TRUE(found);
}

} // namespace

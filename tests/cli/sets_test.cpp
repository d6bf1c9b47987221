/* Sets of replications: what differs is told, what is chance is not, and how many questions there were. */
#include "cli/sets.h"
#include "cli/sets_read.h"

#include <cmath>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace
{

struct Free {
    void operator()(json_t *json) const
    {
        json_decref(json);
    }
};
using Set = std::unique_ptr<json_t, Free>;

/** A run: its seed, metrics, verdict. */
json_t *run(unsigned seed, const std::vector<std::pair<std::string, double>> &metrics, const char *verdict = "holds")
{
    json_t *values = json_object();

    for (const auto &metric : metrics) {
        json_object_set_new(values, metric.first.c_str(), json_real(metric.second));
    }
    return json_pack("{s:s, s:s, s:o, s:{s:s}}", "seed", std::to_string(seed).c_str(), "fingerprint",
                     std::to_string(seed * 77).c_str(), "metrics", values, "outcomes", "verdicts.v", verdict);
}

void add(const Set &set, const char *key, json_t *one)
{
    json_t *group = json_object_get(set.get(), key);

    if (group == nullptr) {
        group = json_pack("{s:s, s:[]}", "name", key, "runs");
        json_object_set_new(set.get(), key, group);
    }
    json_array_append_new(json_object_get(group, "runs"), one);
}

class Comparison
{
  public:
    Comparison(const Set &before, const Set &after, const std::vector<const char *> &metrics = {},
               const tolerances *allowed = nullptr)
    {
        const cli_sets_options options = {metrics.data(), metrics.size(), allowed, {"A", "B"}};

        made_ = cli_sets_compare(before.get(), after.get(), &options);
    }

    ~Comparison()
    {
        cli_sets_clear(&made_);
    }

    Comparison(const Comparison &) = delete;
    Comparison &operator=(const Comparison &) = delete;

    const cli_sets_comparison *operator->() const
    {
        return &made_;
    }

    /** The test of a name in the first group; an empty one if there is none. */
    cli_sets_test test(const std::string &name) const
    {
        for (size_t i = 0; i < made_.groups[0].count; i++) {
            if (name == made_.groups[0].tests[i].name) {
                return made_.groups[0].tests[i];
            }
        }
        ADD_FAILURE() << name << " is not compared";
        return {};
    }

  private:
    cli_sets_comparison made_;
};

Set empty()
{
    return Set(json_object());
}

/* Cushny and Peebles' sleep data again: the same numbers as pairs and as two sets give the two published answers. */
const double drugs[2][10] = {{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0},
                             {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}};

TEST(Sets, SameSeedsArePairsAndOthersAreNot)
{
    for (const bool paired : {true, false}) {
        const Set before = empty();
        const Set after = empty();

        for (unsigned i = 0; i < 10; i++) {
            add(before, "g", run(i, {{"x", drugs[0][i]}}));
            add(after, "g", run(9 - i + (paired ? 0 : 100), {{"x", drugs[1][9 - i]}})); /* in any order */
        }
        const Comparison made(before, after);
        const cli_sets_test test = made.test("x");

        EXPECT_EQ(test.method, paired ? CLI_SETS_PAIRS : CLI_SETS_WELCH);
        EXPECT_NEAR(test.p, paired ? 0.002833 : 0.07939, 5e-6);
        EXPECT_NEAR(test.change, 1.58, 1e-9);
        EXPECT_EQ(test.differs, paired);
        EXPECT_EQ(made->groups[0].differs, paired);
        EXPECT_EQ(made->groups[0].identical, paired ? 10u : 0u); /* these fingerprints follow the seed */
        EXPECT_EQ(made->tests, 1u);                              /* the verdict never varies */
    }
}

TEST(Sets, EveryQuestionMakesTheOthersHarder)
{
    const Set before = empty();
    const Set after = empty();
    std::mt19937 random(3);
    std::normal_distribution<double> noise;

    for (unsigned i = 0; i < 10; i++) {
        std::vector<std::pair<std::string, double>> metrics[2] = {{{"x", drugs[0][i]}}, {{"x", drugs[1][i]}}};

        for (int j = 0; j < 30; j++) {
            metrics[0].emplace_back("noise" + std::to_string(j), noise(random));
            metrics[1].emplace_back("noise" + std::to_string(j), noise(random));
        }
        add(before, "g", run(i, metrics[0]));
        add(after, "g", run(i, metrics[1]));
    }
    const Comparison all(before, after);
    const Comparison one(before, after, {"x"});

    EXPECT_EQ(all->tests, 31u);
    EXPECT_EQ(one->tests, 1u);
    EXPECT_NEAR(all.test("x").adjusted, 31 * 0.002833, 1e-3); /* the least of all, so times all */
    EXPECT_FALSE(all.test("x").differs);
    EXPECT_TRUE(one.test("x").differs);
}

TEST(Sets, WhatNoSeedChangesIsComparedAsItIs)
{
    const Set before = empty();
    const Set after = empty();

    for (unsigned i = 0; i < 3; i++) {
        add(before, "g", run(i, {{"msi.lost", 0}, {"msi.count", 7}, {"gone", 1}}));
        add(after, "g", run(i + 50, {{"msi.lost", 1}, {"msi.count", 7}}));
    }
    const Comparison made(before, after);

    EXPECT_EQ(made->tests, 0u);
    EXPECT_EQ(made.test("msi.lost").method, CLI_SETS_CONSTANT);
    EXPECT_TRUE(made.test("msi.lost").differs);
    EXPECT_FALSE(made.test("msi.count").differs);
    EXPECT_TRUE(made.test("gone").differs);
}

TEST(Sets, OneRunIsNotJudgedUnlessItKnowsItsSpread)
{
    const Set before = empty();
    const Set after = empty();
    json_t *runs[2];

    for (unsigned i = 0; i < 2; i++) {
        runs[i] = run(i, {{"msi.latency.p99", i == 0 ? 1000.0 : 3000.0}});
        json_object_set_new(json_object_get(runs[i], "metrics"), "msi.latency.mean",
                            json_pack("[f, f]", i == 0 ? 500.0 : 600.0, 20.395)); /* a standard error of 10 */
    }
    add(before, "g", runs[0]);
    add(after, "g", runs[1]);
    const Comparison made(before, after);

    EXPECT_EQ(made.test("msi.latency.p99").method, CLI_SETS_NOT_JUDGED);
    EXPECT_FALSE(made.test("msi.latency.p99").differs);
    EXPECT_EQ(made->not_judged, 1u);
    EXPECT_EQ(made.test("msi.latency.mean").method, CLI_SETS_WELCH);
    EXPECT_TRUE(made.test("msi.latency.mean").differs);
    EXPECT_NEAR(made.test("msi.latency.mean").half, 1.99897 * std::sqrt(200.0), 1e-3); /* t of 62 degrees */
}

/** All of these lie in one step of a histogram, or in two neighbours. */
TEST(Sets, AStepOfTheHistogramIsNoChange)
{
    const Set before = empty();
    const Set after = empty();
    const Set beyond = empty();

    for (unsigned i = 0; i < 5; i++) {
        add(before, "g", run(i, {{"msi.latency.p99", 128000}}));
        add(after, "g", run(i, {{"msi.latency.p99", 129000}}));
        add(beyond, "g", run(i, {{"msi.latency.p99", 131000}}));
    }
    EXPECT_FALSE(Comparison(before, after)->groups[0].differs);
    EXPECT_TRUE(Comparison(before, beyond)->groups[0].differs);
}

TEST(Sets, VerdictsThatVaryAreCounted)
{
    const Set before = empty();
    const Set some = empty();
    const Set most = empty();

    for (unsigned i = 0; i < 12; i++) {
        add(before, "g", run(i, {}));
        add(some, "g", run(i, {}, i < 2 ? "violated" : "holds"));
        add(most, "g", run(i, {}, i < 9 ? "violated" : "holds"));
    }
    const Comparison few(before, some);
    const Comparison many(before, most);

    EXPECT_EQ(few.test("verdicts.v").method, CLI_SETS_FISHER);
    EXPECT_FALSE(few.test("verdicts.v").differs);
    EXPECT_NEAR(few.test("verdicts.v").p, 2.0 * 66 / 276, 1e-9); /* C(12,2) of C(24,2), either way */
    EXPECT_TRUE(many.test("verdicts.v").differs);
    EXPECT_STREQ(many.test("verdicts.v").texts[0], "holds");
    EXPECT_STREQ(many.test("verdicts.v").texts[1], "violated 9, holds 3");
}

TEST(Sets, WhatIsThereTwiceCountsOnceAndWhatIsAloneIsTold)
{
    const Set before = empty();
    const Set after = empty();

    for (unsigned i = 0; i < 4; i++) {
        add(before, "g", run(i, {{"x", drugs[0][i]}}));
        add(after, "g", run(i, {{"x", drugs[0][i]}}));
        add(after, "g", run(i, {{"x", drugs[0][i]}}));
    }
    add(after, "new", run(1, {}));
    const Comparison made(before, after);

    EXPECT_EQ(made->twice, 4u);
    EXPECT_EQ(made->groups[0].runs[1], 4u);
    EXPECT_EQ(made.test("x").p, 1);
    EXPECT_EQ(made->both, 1u);
    EXPECT_STREQ(made->groups[1].alone, "B");
    EXPECT_TRUE(made->groups[1].differs);
    EXPECT_FALSE(made->groups[0].differs);
}

TEST(Sets, TolerancesExcuseAChange)
{
    const Set before = empty();
    const Set after = empty();
    tolerances allowed = {};

    for (unsigned i = 0; i < 4; i++) {
        add(before, "g", run(i, {{"a", 100 + drugs[0][i]}, {"b", 100}}));
        add(after, "g", run(i, {{"a", 110 + drugs[0][i]}, {"b", 104}}));
    }
    ASSERT_TRUE(tolerances_add(&allowed, "b=5%"));
    const Comparison made(before, after, {}, &allowed);

    EXPECT_TRUE(made.test("a").differs);
    EXPECT_TRUE(made.test("b").tolerated);
    EXPECT_FALSE(made.test("b").differs);
    tolerances_clear(&allowed);
}

} // namespace

/* The points of a sweep: which values, how many, and what is refused. */
#include "scenario/scenario.h"
#include "scenario/units.h"
#include "sweep/plan.h"

#include <cmath>
#include <gtest/gtest.h>

namespace
{

const char *const system_text = "doorbell: 1\n"
                                "seed: 5\n"
                                "platform: { smmu: { S: {} }, its: { A: {} } }\n"
                                "pcie: { rc0: { root-ports: { rp0: { below: { ep: { endpoint: { } } } } } } }\n";

/** A scenario with a sweep; errors as text. */
class Loaded
{
  public:
    explicit Loaded(const std::string &sweep)
    {
        const std::string text = system_text + sweep;
        diagnostics list = {};

        scenario_ = scenario_load_text("test.yaml", text.data(), text.size(), nullptr, &list);
        for (size_t i = 0; i < list.count; i++) {
            errors_ += std::string(list.items[i].message) + "\n";
        }
        diagnostics_clear(&list);
    }

    ~Loaded()
    {
        sweep_plan_clear(&plan_);
        scenario_free(scenario_);
    }

    Loaded(const Loaded &) = delete;
    Loaded &operator=(const Loaded &) = delete;

    const std::string &errors() const
    {
        return errors_;
    }

    /** Makes the plan. */
    sweep_plan &plan()
    {
        EXPECT_NE(scenario_, nullptr) << errors_;
        EXPECT_TRUE(sweep_plan_make(scenario_, &plan_, why_, sizeof(why_))) << why_;
        return plan_;
    }

    /** All points, each as "a b c". */
    std::vector<std::string> points()
    {
        std::vector<std::string> list;
        const sweep_plan &made = plan();

        for (uint64_t i = 0; i < made.points; i++) {
            std::string point;

            for (size_t axis = 0; axis < made.sweep->axis_count; axis++) {
                sweep_value value;

                sweep_plan_value(&made, i, axis, &value);
                point += (axis == 0 ? "" : " | ") + std::string(value.text);
            }
            list.push_back(point);
        }
        return list;
    }

  private:
    scenario *scenario_ = nullptr;
    sweep_plan plan_ = {};
    char why_[256] = "";
    std::string errors_;
};

std::string axes(const std::string &list, const std::string &more = "")
{
    return "sweep: { " + more + "axes: [ " + list + " ] }\n";
}

uint64_t hertz(const std::string &text)
{
    units_problem problem;
    uint64_t value = 0;

    EXPECT_TRUE(units_parse(UNITS_FREQUENCY, text.c_str(), &value, &problem)) << text;
    return value;
}

TEST(SweepPlan, GridVariesItsLastAxisFastest)
{
    Loaded loaded(axes("{ key: a, values: [1, 2] }, { key: b, values: [x, [y, z], 'it''s'] }"));
    const std::vector<std::string> expected = {"1 | x", "1 | [y, z]", "1 | 'it''s'",
                                               "2 | x", "2 | [y, z]", "2 | 'it''s'"};

    EXPECT_EQ(loaded.points(), expected);
}

TEST(SweepPlan, ZipTakesTheAxesTogether)
{
    Loaded loaded(axes("{ key: a, values: [1, 2] }, { key: b, values: [x, y] }", "combine: zip, "));
    const std::vector<std::string> expected = {"1 | x", "2 | y"};

    EXPECT_EQ(loaded.points(), expected);
}

TEST(SweepPlan, RangesHaveTheirEndsAndEqualStepsOrRatios)
{
    Loaded linear(axes("{ key: a, from: 10 ns, to: 50 ns, steps: 5 }"));
    Loaded step(axes("{ key: a, from: 1, to: 10, step: 4 }"));
    Loaded log(axes("{ key: a, from: 1 kHz, to: 1 MHz, steps: 4, scale: log }"));
    const std::vector<std::string> expected_linear = {"10 ns", "20 ns", "30 ns", "40 ns", "50 ns"};
    const std::vector<std::string> expected_step = {"1", "5", "9"};
    const std::vector<std::string> expected_log = {"1 kHz", "10 kHz", "100 kHz", "1 MHz"};

    EXPECT_EQ(linear.points(), expected_linear);
    EXPECT_EQ(step.points(), expected_step);
    EXPECT_EQ(log.points(), expected_log);
}

TEST(SweepPlan, FineStepsOverFewNumbersAreEachNumberOnce)
{
    Loaded loaded(axes("{ key: a, from: 1, to: 4, steps: 10 }"));
    const std::vector<std::string> expected = {"1", "2", "3", "4"};

    EXPECT_EQ(loaded.points(), expected);
}

TEST(SweepPlan, RunsAreReplicationsOfPointsWithSeedsOfTheirOwn)
{
    Loaded loaded(axes("{ key: a, values: [1, 2] }", "replications: 3, "));
    const sweep_plan &plan = loaded.plan();

    EXPECT_EQ(plan.runs, 6u);
    for (uint64_t run = 0; run < 6; run++) {
        EXPECT_EQ(sweep_plan_point(&plan, run), run / 3);
        EXPECT_EQ(sweep_plan_seed(&plan, run), 5 + run % 3);
    }
}

TEST(SweepPlan, RandomDrawsCoverTheRangeAndRepeatForTheSameSeed)
{
    const std::string text =
        axes("{ key: a, from: 1 kHz, to: 2 kHz }, { key: b, values: [x, y, z] }", "combine: random, samples: 4000, ");
    Loaded one(text);
    Loaded other(text);
    std::map<std::string, int> letters;
    double sum = 0;
    const std::vector<std::string> points = one.points();

    EXPECT_EQ(points, other.points());
    for (const std::string &point : points) {
        const size_t bar = point.find(" | ");
        const uint64_t value = hertz(point.substr(0, bar));

        EXPECT_GE(value, 1000u);
        EXPECT_LE(value, 2000u);
        sum += static_cast<double>(value);
        letters[point.substr(bar + 3)]++;
    }
    /* Four standard deviations of a mean of uniform draws, and of a binomial count. */
    EXPECT_NEAR(sum / 4000, 1500, 4 * 289 / 63.2);
    EXPECT_EQ(letters.size(), 3u);
    for (const auto &letter : letters) {
        EXPECT_NEAR(letter.second, 4000 / 3.0, 4 * 29.8) << letter.first;
    }
}

TEST(SweepPlan, ANewAxisChangesNoOtherAxis)
{
    Loaded one(axes("{ key: a, from: 1 kHz, to: 2 MHz }", "combine: random, samples: 50, "));
    Loaded two(
        axes("{ key: a, from: 1 kHz, to: 2 MHz }, { key: b, from: 1, to: 99 }", "combine: random, samples: 50, "));
    const std::vector<std::string> alone = one.points();
    const std::vector<std::string> beside = two.points();

    for (size_t i = 0; i < 50; i++) {
        EXPECT_EQ(beside[i].substr(0, beside[i].find(" | ")), alone[i]);
    }
}

TEST(SweepPlan, LatinHypercubeHasOneSampleInEverySliceOfEveryAxis)
{
    Loaded loaded(axes("{ key: a, from: 0 Hz, to: 999999 Hz }, { key: b, from: 1 kHz, to: 1 GHz, scale: log }",
                       "combine: latin-hypercube, samples: 100, "));
    std::set<uint64_t> slices[2];

    for (const std::string &point : loaded.points()) {
        const size_t bar = point.find(" | ");
        const double decades = std::log10(static_cast<double>(hertz(point.substr(bar + 3))) / 1000);

        slices[0].insert(hertz(point.substr(0, bar)) / 10000);
        slices[1].insert(static_cast<uint64_t>((decades + 1e-9) / 0.06));
    }
    EXPECT_EQ(slices[0].size(), 100u);
    EXPECT_GE(slices[1].size(), 99u); /* a value cut to a whole hertz can fall into the slice below */
}

TEST(SweepPlan, RefusesWhatIsNoSweep)
{
    const struct {
        const char *list;
        const char *more;
        const char *error;
    } cases[] = {
        {"{ key: a, values: [1], from: 2, to: 3 }", "", "axis `a` has both `values` and a range"},
        {"{ key: a }", "", "axis `a` has no values"},
        {"{ key: a, values: [] }", "", "`values` is a list of at least one value"},
        {"{ values: [1] }", "", "key"},
        {"{ key: a, from: 1, to: 2 }", "", "axis `a` does not say which values of its range"},
        {"{ key: a, from: 1 ns, to: 2 MHz, steps: 2 }", "", "are not quantities of one kind"},
        {"{ key: a, from: 5, to: 2, steps: 2 }", "", "`from` of axis `a` is beyond its `to`"},
        {"{ key: a, from: 0 Hz, to: 2 Hz, steps: 2, scale: log }", "", "cannot be logarithmic"},
        {"{ key: a, from: 1, to: 2, steps: 2, step: 1 }", "", "both `steps` and `step`"},
        {"{ key: a, from: 1, to: 2, step: 0 }", "", "too small"},
        {"{ key: seed, values: [1] }", "", "`seed` cannot be an axis"},
        {"{ key: a, values: [1] }, { key: a, values: [2] }", "", "a second axis for `a`"},
        {"{ key: a, values: [1] }, { key: b, values: [2, 3] }", "combine: zip, ", "zipped axes have as many values"},
        {"{ key: a, values: [1] }", "samples: 3, ", "samples"},
        {"", "", "at least one axis"},
    };

    for (const auto &c : cases) {
        Loaded loaded(axes(c.list, c.more));

        EXPECT_NE(loaded.errors().find(c.error), std::string::npos) << c.list << ": " << loaded.errors();
    }
}

TEST(SweepPlan, RefusesMoreRunsThanAnybodyCouldWaitFor)
{
    Loaded loaded(axes("{ key: a, from: 1, to: 100000, step: 1 }, { key: b, from: 1, to: 100000, step: 1 }"));
    const std::string text = system_text;
    diagnostics list = {};
    scenario *without = scenario_load_text("test.yaml", text.data(), text.size(), nullptr, &list);
    sweep_plan plan = {};
    char why[256];

    EXPECT_EQ(loaded.errors(), "");
    EXPECT_FALSE(sweep_plan_make(without, &plan, why, sizeof(why)));
    EXPECT_STREQ(why, "E0401 test.yaml has no `sweep:`");
    scenario_free(without);
    diagnostics_clear(&list);
}

} // namespace

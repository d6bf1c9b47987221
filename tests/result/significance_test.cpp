/* Tests of significance against published tables and worked examples, and against counting how often they are wrong. */
#include "result/significance.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace
{

using Values = std::vector<double>;

significance_mean mean_of(const Values &values)
{
    return significance_mean_of(values.data(), values.size(), 0);
}

/* Cushny and Peebles (1905): hours of sleep gained by ten patients with each of two drugs; Student's own example. */
const Values first_drug = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
const Values second_drug = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

/** The published two-sided points of Student's t: 10 %, 5 %, 1 %, 0.1 %. */
TEST(Significance, StudentsTable)
{
    struct Row {
        double freedom;
        double points[4];
    };
    const double levels[] = {0.10, 0.05, 0.01, 0.001};
    const Row table[] = {
        {1, {6.314, 12.706, 63.657, 636.619}}, {2, {2.920, 4.303, 9.925, 31.599}}, {5, {2.015, 2.571, 4.032, 6.869}},
        {10, {1.812, 2.228, 3.169, 4.587}},    {30, {1.697, 2.042, 2.750, 3.646}}, {120, {1.658, 1.980, 2.617, 3.373}},
        {1e7, {1.645, 1.960, 2.576, 3.291}},
    };

    for (const Row &row : table) {
        for (int i = 0; i < 4; i++) {
            EXPECT_NEAR(significance_student_point(levels[i], row.freedom), row.points[i],
                        6e-4 * (row.points[i] / 3 + 1))
                << row.freedom << " " << levels[i];
            EXPECT_NEAR(significance_student(row.points[i], row.freedom), levels[i], 2e-3 * levels[i]) << row.freedom;
            EXPECT_EQ(significance_student(-row.points[i], row.freedom),
                      significance_student(row.points[i], row.freedom));
        }
    }
    EXPECT_EQ(significance_student(0, 3), 1);
    EXPECT_EQ(significance_student(INFINITY, 3), 0);
}

/** Between the table's rows: the density, integrated by Simpson's rule, also for degrees that are no whole numbers. */
TEST(Significance, StudentsDistributionIsTheIntegralOfItsDensity)
{
    for (const double freedom : {1.0, 1.7, 3.0, 8.25, 17.776, 60.5, 400.0}) {
        for (const double t : {0.01, 0.5, 1.0, 1.86, 3.0, 7.0}) {
            const int steps = 20000;
            const double scale = std::exp(std::lgamma((freedom + 1) / 2) - std::lgamma(freedom / 2)) /
                                 std::sqrt(freedom * 3.14159265358979323846);
            double sum = 0;

            for (int i = 0; i <= steps; i++) {
                const double x = t * i / steps;
                const double weight = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2;

                sum += weight * scale * std::pow(1 + x * x / freedom, -(freedom + 1) / 2);
            }
            EXPECT_NEAR(significance_student(t, freedom), 1 - 2 * sum * t / steps / 3, 1e-10) << freedom << " " << t;
        }
    }
}

TEST(Significance, WelchOnStudentsData)
{
    const significance_result result = significance_welch(mean_of(first_drug), mean_of(second_drug));

    EXPECT_TRUE(result.known);
    EXPECT_NEAR(result.change, 1.58, 1e-9);
    EXPECT_NEAR(result.p, 0.07939, 5e-6); /* t = 1.8608 at 17.776 degrees of freedom */
    EXPECT_NEAR(result.change + result.half, 3.3654832, 1e-6);
    EXPECT_NEAR(result.change - result.half, -0.2054832, 1e-6);
}

TEST(Significance, PairsOfStudentsData)
{
    Values changes;

    for (size_t i = 0; i < first_drug.size(); i++) {
        changes.push_back(second_drug[i] - first_drug[i]);
    }
    const significance_result result = significance_pairs(mean_of(changes));

    EXPECT_NEAR(result.p, 0.002833, 5e-7); /* t = 4.0621 at 9 */
    EXPECT_NEAR(result.change - result.half, 0.7001142, 1e-6);
    EXPECT_NEAR(result.change + result.half, 2.4598858, 1e-6);
}

TEST(Significance, FewValuesAndValuesWithoutSpread)
{
    EXPECT_FALSE(significance_welch(mean_of({1}), mean_of({5, 6})).known);
    EXPECT_EQ(significance_welch(mean_of({1}), mean_of({5, 6})).change, 4.5);
    EXPECT_FALSE(significance_pairs(mean_of({3})).known);
    EXPECT_EQ(significance_welch(mean_of({5, 5}), mean_of({5, 5})).p, 1);
    EXPECT_EQ(significance_welch(mean_of({5, 5}), mean_of({6, 6})).p, 0);
    /* Rounded down to multiples of 8, values that are alike may still have been 7 apart. */
    const Values coarse[] = {{800, 800, 800}, {808, 808, 808}};

    EXPECT_GT(
        significance_welch(significance_mean_of(coarse[0].data(), 3, 8), significance_mean_of(coarse[1].data(), 3, 8))
            .p,
        0.001);
}

/** The lady who tastes tea, after R. A. Fisher, and two tables whose probabilities can be counted by hand. */
TEST(Significance, FishersTeaAndOthers)
{
    EXPECT_NEAR(significance_fisher(3, 4, 1, 4), 0.485714285714, 1e-9);
    EXPECT_NEAR(significance_fisher(4, 4, 0, 4), 2.0 / 70, 1e-9);
    EXPECT_NEAR(significance_fisher(2, 2, 0, 2), 2.0 / 6, 1e-9);
    EXPECT_NEAR(significance_fisher(0, 7, 0, 9), 1, 1e-9);
    EXPECT_NEAR(significance_fisher(10, 15, 2, 12), significance_fisher(5, 15, 10, 12), 1e-12); /* yes for no */
    EXPECT_NEAR(significance_fisher(2, 12, 10, 15), significance_fisher(10, 15, 2, 12), 1e-12);
}

/** Holm's probabilities, worked out by hand: (n - rank) times each, never falling. */
TEST(Significance, HolmCountsTheQuestions)
{
    double five[] = {0.03, 0.01, 0.05, 0.02, 0.04};
    double two[] = {0.6, 0.7};

    significance_holm(five, 5);
    EXPECT_NEAR(five[1], 0.05, 1e-12);
    EXPECT_NEAR(five[3], 0.08, 1e-12);
    EXPECT_NEAR(five[0], 0.09, 1e-12);
    EXPECT_NEAR(five[4], 0.09, 1e-12);
    EXPECT_NEAR(five[2], 0.09, 1e-12);
    significance_holm(two, 2);
    EXPECT_EQ(two[0], 1);
    EXPECT_EQ(two[1], 1);
    significance_holm(nullptr, 0);
}

/** Of families of questions to which the answer is no, at most about one in twenty may have a yes among its answers. */
TEST(Significance, FamiliesAreWrongOneTimeInTwenty)
{
    std::mt19937_64 random(17);
    std::lognormal_distribution<double> skew(0, 0.5);
    const int families = 1000;
    int wrong = 0;
    int uncorrected = 0;
    int found = 0;

    for (int family = 0; family < families; family++) {
        double p[12];
        double changed[12];

        for (int i = 0; i < 12; i++) {
            Values values[2];

            for (int j = 0; j < 8; j++) {
                values[0].push_back(skew(random));
                values[1].push_back(skew(random));
            }
            p[i] = significance_welch(mean_of(values[0]), mean_of(values[1])).p;
            uncorrected += p[i] < 0.05;
            for (double &value : values[1]) {
                value += i == 5 ? 3 : 0;
            }
            changed[i] = significance_welch(mean_of(values[0]), mean_of(values[1])).p;
        }
        significance_holm(p, 12);
        significance_holm(changed, 12);
        wrong += *std::min_element(p, p + 12) < 0.05;
        found += changed[5] < 0.05;
    }
    EXPECT_LE(wrong, 70);                 /* 50 wanted, and three standard deviations */
    EXPECT_GT(uncorrected, families / 4); /* without the correction there is one in half of the families */
    EXPECT_GT(found, families * 95 / 100);
}

} // namespace

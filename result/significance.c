#include "result/significance.h"

#include "sim/allocate.h"

#include <math.h>
#include <stdlib.h>

#define LEVEL 0.05

/* ---- Student's distribution ---- */

/** Logarithm of the gamma function, x > 0, by Stirling's series, good beyond 10: the C library's sets a global. */
static double log_gamma(double x)
{
    const double half_log_two_pi = 0.91893853320467274178;
    double shift = 0;
    double square;

    while (x < 10) {
        shift -= log(x);
        x += 1;
    }
    square = x * x;
    return shift + (x - 0.5) * log(x) - x + half_log_two_pi +
           (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1.0 / (1680 * square)) / square) / square) / x;
}

/** The incomplete beta function's continued fraction, from its front (Lentz); it converges for x < (a+1)/(a+b+2). */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double numerator = 1;
    double denominator = 1 - (a + b) / (a + 1) * x;
    double value;

    denominator = 1 / (fabs(denominator) < tiny ? tiny : denominator);
    value = denominator;
    for (int m = 1; m < 10000; m++) {
        const double terms[] = {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))};
        double factor = 1;

        for (int i = 0; i < 2; i++) {
            numerator = 1 + terms[i] / numerator;
            denominator = 1 + terms[i] * denominator;
            numerator = fabs(numerator) < tiny ? tiny : numerator;
            denominator = 1 / (fabs(denominator) < tiny ? tiny : denominator);
            factor = numerator * denominator;
            value *= factor;
        }
        if (fabs(factor - 1) < 1e-15) {
            break;
        }
    }
    return value;
}

/** The regularised incomplete beta function, 0 <= x <= 1. */
static double incomplete_beta(double x, double a, double b)
{
    double front;

    if (x <= 0 || x >= 1) {
        return x <= 0 ? 0 : 1;
    }
    front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a : 1 - front * beta_fraction(1 - x, b, a) / b;
}

double significance_student(double t, double freedom)
{
    return isinf(t) ? 0 : incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

double significance_student_point(double p, double freedom)
{
    double low = 0;
    double high = 1;

    while (significance_student(high, freedom) > p && high < 1e300) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < 100; i++) {
        const double middle = (low + high) / 2;

        if (significance_student(middle, freedom) > p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}

/* ---- Means ---- */

struct significance_mean significance_mean_of(const double *values, size_t count, double grain)
{
    struct significance_mean result = {.freedom = count < 2 ? 0 : (double)(count - 1)};
    double squares = 0;

    for (size_t i = 0; i < count; i++) {
        result.mean += values[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        squares += (values[i] - result.mean) * (values[i] - result.mean);
    }
    if (count >= 2) {
        result.variance = (squares / (double)(count - 1) + grain * grain / 12) / (double)count;
    }
    return result;
}

/** What a change says whose standard error is known. Without any error every change is certain. */
static struct significance_result judge(double change, double variance, double freedom)
{
    struct significance_result result = {.known = true, .change = change, .p = change == 0 ? 1 : 0};

    if (variance > 0) {
        const double error = sqrt(variance);

        result.half = significance_student_point(LEVEL, freedom) * error;
        result.p = significance_student(change / error, freedom);
    }
    return result;
}

struct significance_result significance_welch(struct significance_mean first, struct significance_mean second)
{
    const double variance = first.variance + second.variance;
    double freedom = 1;

    if (first.freedom <= 0 || second.freedom <= 0) {
        return (struct significance_result){.change = second.mean - first.mean};
    }
    if (variance > 0) {
        const double part = first.variance / variance;

        freedom = 1 / (part * part / first.freedom + (1 - part) * (1 - part) / second.freedom);
    }
    return judge(second.mean - first.mean, variance, freedom);
}

struct significance_result significance_pairs(struct significance_mean change)
{
    if (change.freedom <= 0) {
        return (struct significance_result){.change = change.mean};
    }
    return judge(change.mean, change.variance, change.freedom);
}

/* ---- Counts ---- */

static double log_factorial(uint64_t n)
{
    return log_gamma((double)n + 1);
}

static double log_choose(uint64_t n, uint64_t k)
{
    return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

double significance_fisher(uint64_t first, uint64_t first_count, uint64_t second, uint64_t second_count)
{
    const uint64_t both = first + second;
    const uint64_t least = both > second_count ? both - second_count : 0;
    const uint64_t most = both < first_count ? both : first_count;
    const double all = log_choose(first_count + second_count, both);
    const double ours = log_choose(first_count, first) + log_choose(second_count, second) - all;
    double sum = 0;

    for (uint64_t i = least; i <= most; i++) {
        const double its = log_choose(first_count, i) + log_choose(second_count, both - i) - all;

        sum += its <= ours + 1e-7 ? exp(its) : 0; /* as likely as ours, but for rounding */
    }
    return fmin(sum, 1);
}

/* ---- Many questions ---- */

struct ranked {
    double p;
    size_t place;
};

static int by_p(const void *a, const void *b)
{
    const struct ranked *one = a;
    const struct ranked *other = b;

    if (one->p != other->p) {
        return one->p < other->p ? -1 : 1;
    }
    return one->place < other->place ? -1 : one->place > other->place;
}

void significance_holm(double *p, size_t count)
{
    struct ranked *ranks = sim_allocate(count + 1, sizeof(*ranks));
    double highest = 0;

    for (size_t i = 0; i < count; i++) {
        ranks[i] = (struct ranked){p[i], i};
    }
    qsort(ranks, count, sizeof(*ranks), by_p);
    for (size_t i = 0; i < count; i++) {
        highest = fmax(highest, fmin(1, ranks[i].p * (double)(count - i)));
        p[ranks[i].place] = highest;
    }
    free(ranks);
}

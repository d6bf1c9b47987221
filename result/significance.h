/*
 * Whether two sets of replications differ by more than chance: Welch's test of means, Student's test of pairs, Fisher's
 * exact test of counts, and Holm's correction for having asked often.
 *
 * B. L. Welch, "The generalization of Student's problem when several different population variances are involved"
 * (1947), with Satterthwaite's degrees of freedom; S. Holm, "A simple sequentially rejective multiple test procedure"
 * (1979). All probabilities are two-sided.
 */
#ifndef DOORBELL_RESULT_SIGNIFICANCE_H
#define DOORBELL_RESULT_SIGNIFICANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A mean, and how well it is known. */
struct significance_mean {
    double mean;
    double variance; /**< of the mean, not of the values: the square of its standard error */
    double freedom;  /**< degrees of freedom of the variance; 0: it is not known */
};

/** What a test says. */
struct significance_result {
    bool known;    /**< false: there is too little to judge by, and the rest but `change` says nothing */
    double change; /**< of the mean, from the first to the second */
    double half;   /**< half width of the 95 % confidence interval of the change */
    double p;      /**< how likely a change at least so large is if nothing has changed, 0 to 1 */
};

/** How likely it is that |t| or more comes out, by Student's distribution. @param freedom more than 0 */
double significance_student(double t, double freedom);

/** The t that is exceeded, either way, with probability @p p. @param p between 0 and 1 */
double significance_student_point(double p, double freedom);

/**
 * The mean of values that are independent of each other.
 * @param grain what each was rounded down to a multiple of, in effect: its variance comes on top; 0: nothing
 */
struct significance_mean significance_mean_of(const double *values, size_t count, double grain);

/** Whether two means differ, by Welch. Not known unless both variances are. */
struct significance_result significance_welch(struct significance_mean first, struct significance_mean second);

/** Whether the mean of differences is other than 0, by Student. @param change the mean of second less first, by pair */
struct significance_result significance_pairs(struct significance_mean change);

/**
 * Whether something is as frequent in one set as in another, by Fisher's exact test: how likely tables no likelier than
 * this one are, with the sums of its rows and columns.
 * @param first,second in how many runs of each set it is so
 * @param first_count,second_count runs
 */
double significance_fisher(uint64_t first, uint64_t first_count, uint64_t second, uint64_t second_count);

/** Replaces each probability by Holm's: that at most 1 in 20 families of questions has any false answer below 0.05. */
void significance_holm(double *p, size_t count);

#ifdef __cplusplus
}
#endif

#endif

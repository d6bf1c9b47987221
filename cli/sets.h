/*
 * Sets of runs, and how two of them differ: of a metric, a test on its replications; of what has a name for its outcome
 * (verdicts, expectations, how the run ended), how often each came out.
 *
 * A set is a JSON object of groups by their key, each with "name" (for people) and "runs", a list of what is the same
 * but for the seed: "seed", "fingerprint" (texts), "metrics" (an object of numbers; a mean has [mean, half width of its
 * own 95 % confidence interval]) and "outcomes" (an object of texts). Groups of one key are compared.
 */
#ifndef DOORBELL_CLI_SETS_H
#define DOORBELL_CLI_SETS_H

#include "report/difference.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a difference is judged. */
enum cli_sets_method {
    CLI_SETS_PAIRS,      /**< both sides have the same seeds: Student's test of the changes, pair by pair */
    CLI_SETS_WELCH,      /**< other seeds: Welch's test of the means */
    CLI_SETS_FISHER,     /**< outcomes that vary: Fisher's exact test of how often */
    CLI_SETS_CONSTANT,   /**< does not vary with the seed: any change is one */
    CLI_SETS_NOT_JUDGED, /**< one run, and no interval of its own: nobody can tell a change from chance */
};

#define CLI_SETS_METHODS 5

/** "pairs", "welch", "fisher", "constant", "not-judged". */
const char *cli_sets_method_name(enum cli_sets_method method);

/** One metric, or what has outcomes, in a group. */
struct cli_sets_test {
    char *name; /**< "msi.latency.p99", "verdicts.doorbell-per-group" */
    enum cli_sets_method method;
    size_t counts[2]; /**< runs of each side that have it */
    double means[2];  /**< of metrics */
    char *texts[2];   /**< of outcomes: "holds 2, violated 1"; NULL of metrics */
    double change;
    double half;     /**< half width of the change's 95 % confidence interval; 0 if not known */
    double p;        /**< of this test alone; 1 if it is none */
    double adjusted; /**< after Holm, over all tests of the comparison */
    bool tolerated;
    bool differs;
};

/** Groups of one key. */
struct cli_sets_group {
    char *name;
    const char *alone; /**< the side that has it alone; NULL: both do */
    size_t runs[2];
    size_t identical; /**< runs of the same seed that are alike in every mark of every MSI */
    struct cli_sets_test *tests;
    size_t count;
    bool differs;
};

struct cli_sets_comparison {
    struct cli_sets_group *groups;
    size_t count;
    size_t both;       /**< groups that both sides have */
    size_t tests;      /**< questions that Holm corrects for */
    size_t not_judged; /**< changes among CLI_SETS_NOT_JUDGED */
    size_t twice;      /**< runs that are there twice, and count once */
};

/** What is asked. */
struct cli_sets_options {
    const char *const *metrics; /**< these alone */
    size_t metric_count;        /**< 0: all but those that say how a run was made ("run.*") */
    const struct tolerances *tolerances;
    const char *names[2]; /**< of the two sides */
};

/** Differences of the whole comparison that chance makes in one of so many: 5 %. */
#define CLI_SETS_LEVEL 0.05

/** Compares two sets. Release the result with cli_sets_clear(). */
struct cli_sets_comparison cli_sets_compare(json_t *before, json_t *after, const struct cli_sets_options *options);

/** Releases a comparison and empties it. */
void cli_sets_clear(struct cli_sets_comparison *comparison);

#ifdef __cplusplus
}
#endif

#endif

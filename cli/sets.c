#include "cli/sets.h"

#include "result/histogram.h"
#include "result/significance.h"
#include "sim/allocate.h"
#include "sweep/query.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A run's own interval is from 32 batches: Student's t with 31 degrees of freedom. */
#define OWN_FREEDOM 31
#define OWN_POINT   2.0395

/** What the runs of one side say of one metric. */
struct sample {
    double *values;
    const char **seeds;
    size_t count;
    double half; /**< of the first value itself; negative: not known */
};

struct comparing {
    const struct cli_sets_options *options;
    struct cli_sets_comparison result;
    json_t *sides[2];
};

const char *cli_sets_method_name(enum cli_sets_method method)
{
    static const char *const names[CLI_SETS_METHODS] = {
        [CLI_SETS_PAIRS] = "pairs",       [CLI_SETS_WELCH] = "welch",           [CLI_SETS_FISHER] = "fisher",
        [CLI_SETS_CONSTANT] = "constant", [CLI_SETS_NOT_JUDGED] = "not-judged",
    };

    return names[method];
}

/* ---- Runs ---- */

static const char *seed_of(const json_t *run)
{
    const char *seed = json_string_value(json_object_get(run, "seed"));

    return seed == NULL ? "" : seed;
}

static int by_seed(const void *a, const void *b)
{
    return strcmp(seed_of(*(const json_t *const *)a), seed_of(*(const json_t *const *)b));
}

/** A group's runs by seed; those that are there twice once. A new reference. */
static json_t *sorted(const json_t *group, size_t *twice)
{
    const json_t *runs = json_object_get(group, "runs");
    const size_t count = json_array_size(runs);
    json_t **list = sim_allocate(count + 1, sizeof(json_t *));
    json_t *result = json_array();

    for (size_t i = 0; i < count; i++) {
        list[i] = json_array_get(runs, i);
    }
    qsort((void *)list, count, sizeof(*list), by_seed);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && json_equal(list[i], list[i - 1])) {
            (*twice)++;
        } else {
            json_array_append(result, list[i]);
        }
    }
    free((void *)list);
    return result;
}

/** How many runs of the first are in every mark as one of the second that has their seed. */
static size_t count_identical(const json_t *first, const json_t *second)
{
    size_t same = 0;
    size_t j = 0;

    for (size_t i = 0; i < json_array_size(first); i++) {
        const json_t *run = json_array_get(first, i);
        const json_t *mark = json_object_get(run, "fingerprint");

        while (j < json_array_size(second) && strcmp(seed_of(json_array_get(second, j)), seed_of(run)) < 0) {
            j++;
        }
        if (j < json_array_size(second) && strcmp(seed_of(json_array_get(second, j)), seed_of(run)) == 0) {
            same += json_is_string(mark) && json_equal(mark, json_object_get(json_array_get(second, j), "fingerprint"));
        }
    }
    return same;
}

static struct sample sample_of(const json_t *runs, const char *metric)
{
    const size_t most = json_array_size(runs);
    struct sample sample = {
        .values = sim_allocate(most + 1, sizeof(double)), .seeds = sim_allocate(most + 1, sizeof(char *)), .half = -1};

    for (size_t i = 0; i < most; i++) {
        const json_t *run = json_array_get(runs, i);
        const json_t *value = json_object_get(json_object_get(run, "metrics"), metric);
        const json_t *own = json_array_get(value, 1);

        value = json_is_array(value) ? json_array_get(value, 0) : value;
        if (!json_is_number(value)) {
            continue;
        }
        if (sample.count == 0 && json_is_number(own)) {
            sample.half = json_number_value(own);
        }
        sample.values[sample.count] = json_number_value(value);
        sample.seeds[sample.count++] = seed_of(run);
    }
    return sample;
}

static void sample_clear(struct sample *sample)
{
    free(sample->values);
    free((void *)sample->seeds);
}

/** Whether both have the same seeds, in the same order. */
static bool is_paired(const struct sample samples[2])
{
    for (size_t i = 0; i < samples[0].count && samples[0].count == samples[1].count; i++) {
        if (strcmp(samples[0].seeds[i], samples[1].seeds[i]) != 0) {
            return false;
        }
    }
    return samples[0].count == samples[1].count && samples[0].count > 1;
}

static bool is_constant(const struct sample *sample)
{
    for (size_t i = 1; i < sample->count; i++) {
        if (sample->values[i] != sample->values[0]) {
            return false;
        }
    }
    return sample->count > 1;
}

/* ---- Metrics ---- */

/** The mean of a side: from its replications, or of one run with an interval of its own from that. */
static struct significance_mean mean_of(const struct sample *sample, double grain)
{
    if (sample->count == 1 && sample->half >= 0) {
        const double error = sample->half / OWN_POINT;

        return (struct significance_mean){sample->values[0], error * error, OWN_FREEDOM};
    }
    return significance_mean_of(sample->values, sample->count, grain);
}

static struct significance_result test_pairs(const struct sample samples[2], double grain)
{
    double *changes = sim_allocate(samples[0].count, sizeof(*changes));
    struct significance_result result;

    for (size_t i = 0; i < samples[0].count; i++) {
        changes[i] = samples[1].values[i] - samples[0].values[i];
    }
    result = significance_pairs(significance_mean_of(changes, samples[0].count, grain * sqrt(2)));
    free(changes);
    return result;
}

static bool is_tolerated(const struct cli_sets_options *options, const struct cli_sets_test *test)
{
    const bool numeric = test->texts[0] == NULL && test->counts[0] > 0 && test->counts[1] > 0;

    return tolerances_allow(options->tolerances, test->name, numeric, test->change,
                            test->means[0] == 0 ? 0 : test->change / test->means[0]);
}

/**
 * Judges a metric. What a percentile's step of a histogram hides is no change, and adds to the variance; a metric that
 * no seed changes is no random variable, so any change of it is one.
 */
static void test_metric(const struct sample samples[2], struct cli_sets_test *test)
{
    const double larger = fmax(fabs(mean_of(&samples[0], 0).mean), fabs(mean_of(&samples[1], 0).mean));
    const double grain = query_is_percentile(test->name) ? larger / (1 << HISTOGRAM_STEP_BITS) : 0;
    struct significance_result result;

    for (int i = 0; i < 2; i++) {
        test->counts[i] = samples[i].count;
        test->means[i] = mean_of(&samples[i], 0).mean;
    }
    test->p = 1;
    if (samples[0].count == 0 || samples[1].count == 0) {
        test->method = CLI_SETS_CONSTANT;
        test->p = samples[0].count == samples[1].count ? 1 : 0;
        return;
    }
    result = is_paired(samples) ? test_pairs(samples, grain)
                                : significance_welch(mean_of(&samples[0], grain), mean_of(&samples[1], grain));
    test->change = result.change;
    if (grain == 0 && is_constant(&samples[0]) && is_constant(&samples[1])) {
        test->method = CLI_SETS_CONSTANT;
        test->p = result.change == 0 ? 1 : 0;
    } else if (!result.known) {
        test->method = CLI_SETS_NOT_JUDGED;
    } else {
        test->method = is_paired(samples) ? CLI_SETS_PAIRS : CLI_SETS_WELCH;
        test->half = result.half;
        test->p = fabs(result.change) <= grain ? 1 : result.p;
    }
}

/* ---- Outcomes ---- */

/** How often each outcome of a name came out, as an object of counts. A new reference. */
static json_t *tally(const json_t *runs, const char *name, size_t *count)
{
    json_t *result = json_object();

    *count = 0;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *outcomes = json_object_get(json_array_get(runs, i), "outcomes");
        const char *outcome = json_string_value(json_object_get(outcomes, name));

        if (outcome != NULL) {
            const json_int_t before = json_integer_value(json_object_get(result, outcome));

            json_object_set_new(result, outcome, json_integer(before + 1));
            (*count)++;
        }
    }
    return result;
}

/** "holds 2, violated 1"; "holds" if it is always that. To be freed. */
static char *tally_text(json_t *counts)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    const bool always = json_object_size(counts) == 1;
    const char *separator = "";
    const char *key;
    json_t *value;

    if (stream == NULL) {
        return sim_copy_string("");
    }
    json_object_foreach(counts, key, value)
    {
        fprintf(stream, "%s%s", separator, key);
        if (!always) {
            fprintf(stream, " %" JSON_INTEGER_FORMAT, json_integer_value(value));
        }
        separator = ", ";
    }
    fputs(json_object_size(counts) == 0 ? "nothing" : "", stream);
    fclose(stream);
    return text;
}

/** The outcome that the first side has most often, or, if it has none, the second. */
static const char *usual(json_t *counts)
{
    const char *most = NULL;
    json_int_t times = 0;
    const char *key;
    json_t *value;

    json_object_foreach(counts, key, value)
    {
        if (json_integer_value(value) > times) {
            times = json_integer_value(value);
            most = key;
        }
    }
    return most;
}

static void test_outcome(const json_t *first, const json_t *second, struct cli_sets_test *test)
{
    json_t *counts[2] = {tally(first, test->name, &test->counts[0]), tally(second, test->name, &test->counts[1])};
    const bool varies = json_object_size(counts[0]) > 1 || json_object_size(counts[1]) > 1;
    const char *name = usual(counts[0]);

    test->texts[0] = tally_text(counts[0]);
    test->texts[1] = tally_text(counts[1]);
    if (varies && name != NULL && test->counts[1] > 0) {
        test->method = CLI_SETS_FISHER;
        test->p = significance_fisher((uint64_t)json_integer_value(json_object_get(counts[0], name)), test->counts[0],
                                      (uint64_t)json_integer_value(json_object_get(counts[1], name)), test->counts[1]);
    } else {
        test->method = CLI_SETS_CONSTANT;
        test->p = strcmp(test->texts[0], test->texts[1]) == 0 ? 1 : 0;
    }
    json_decref(counts[0]);
    json_decref(counts[1]);
}

/* ---- Groups ---- */

/** Names of the members of @p kind that any run has, with null for values. A new reference. */
static json_t *names_in(const json_t *first, const json_t *second, const char *kind)
{
    const json_t *sides[] = {first, second};
    json_t *names = json_object();

    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < json_array_size(sides[side]); i++) {
            json_t *members = json_object_get(json_array_get(sides[side], i), kind);
            const char *key;
            json_t *value;

            json_object_foreach(members, key, value)
            {
                json_object_set_new(names, key, json_null());
            }
        }
    }
    return names;
}

static bool is_asked(const struct cli_sets_options *options, const char *metric)
{
    for (size_t i = 0; i < options->metric_count; i++) {
        if (strcmp(options->metrics[i], metric) == 0) {
            return true;
        }
    }
    return options->metric_count == 0 && strncmp(metric, "run.", 4) != 0;
}

static struct cli_sets_test *new_test(struct cli_sets_group *group, const char *name)
{
    struct cli_sets_test *test = &group->tests[group->count++];

    test->name = sim_copy_string(name);
    test->p = 1;
    test->adjusted = 1;
    return test;
}

static void fill_group(const struct comparing *comparing, struct cli_sets_group *group, const json_t *runs[2])
{
    json_t *metrics = names_in(runs[0], runs[1], "metrics");
    json_t *outcomes = names_in(runs[0], runs[1], "outcomes");
    const char *name;
    json_t *nothing;

    group->tests = sim_allocate(json_object_size(metrics) + json_object_size(outcomes) + 1, sizeof(*group->tests));
    json_object_foreach(outcomes, name, nothing)
    {
        struct cli_sets_test *test = new_test(group, name);

        test_outcome(runs[0], runs[1], test);
        test->tolerated = is_tolerated(comparing->options, test);
    }
    json_object_foreach(metrics, name, nothing)
    {
        struct sample samples[2] = {sample_of(runs[0], name), sample_of(runs[1], name)};

        if (is_asked(comparing->options, name)) {
            struct cli_sets_test *test = new_test(group, name);

            test_metric(samples, test);
            test->tolerated = is_tolerated(comparing->options, test);
        }
        sample_clear(&samples[0]);
        sample_clear(&samples[1]);
    }
    json_decref(metrics);
    json_decref(outcomes);
}

static void add_group(struct comparing *comparing, const char *key)
{
    struct cli_sets_group *group = &comparing->result.groups[comparing->result.count++];
    const json_t *groups[2] = {json_object_get(comparing->sides[0], key), json_object_get(comparing->sides[1], key)};
    const json_t *named = groups[0] == NULL ? groups[1] : groups[0];
    const char *name = json_string_value(json_object_get(named, "name"));
    json_t *runs[2];

    group->name = sim_copy_string(name == NULL ? key : name);
    for (int i = 0; i < 2; i++) {
        runs[i] = sorted(groups[i], &comparing->result.twice);
        group->runs[i] = json_array_size(runs[i]);
    }
    if (groups[0] == NULL || groups[1] == NULL) {
        group->alone = comparing->options->names[groups[0] == NULL ? 1 : 0];
        group->differs = true;
    } else {
        comparing->result.both++;
        group->identical = count_identical(runs[0], runs[1]);
        fill_group(comparing, group, (const json_t *[2]){runs[0], runs[1]});
    }
    json_decref(runs[0]);
    json_decref(runs[1]);
}

/* ---- All together ---- */

static bool is_tested(const struct cli_sets_test *test)
{
    return test->method == CLI_SETS_PAIRS || test->method == CLI_SETS_WELCH || test->method == CLI_SETS_FISHER;
}

/** Corrects for how many questions were asked, and says what differs then. */
static void judge(struct cli_sets_comparison *comparison)
{
    size_t most = 0;
    size_t next = 0;
    double *p;

    for (size_t i = 0; i < comparison->count; i++) {
        most += comparison->groups[i].count;
    }
    p = sim_allocate(most + 1, sizeof(*p));
    for (size_t i = 0; i < comparison->count; i++) {
        for (size_t j = 0; j < comparison->groups[i].count; j++) {
            const struct cli_sets_test *test = &comparison->groups[i].tests[j];

            if (is_tested(test)) {
                p[comparison->tests++] = test->p;
            }
            comparison->not_judged += test->method == CLI_SETS_NOT_JUDGED && test->change != 0;
        }
    }
    significance_holm(p, comparison->tests);
    for (size_t i = 0; i < comparison->count; i++) {
        struct cli_sets_group *group = &comparison->groups[i];

        for (size_t j = 0; j < group->count; j++) {
            struct cli_sets_test *test = &group->tests[j];

            test->adjusted = is_tested(test) ? p[next++] : test->p;
            test->differs = !test->tolerated && test->adjusted < CLI_SETS_LEVEL;
            group->differs = group->differs || test->differs;
        }
    }
    free(p);
}

struct cli_sets_comparison cli_sets_compare(json_t *before, json_t *after, const struct cli_sets_options *options)
{
    struct comparing comparing = {.options = options, .sides = {before, after}};
    const char *key;
    json_t *value;

    comparing.result.groups =
        sim_allocate(json_object_size(before) + json_object_size(after) + 1, sizeof(*comparing.result.groups));
    json_object_foreach(comparing.sides[0], key, value)
    {
        add_group(&comparing, key);
    }
    json_object_foreach(comparing.sides[1], key, value)
    {
        if (json_object_get(comparing.sides[0], key) == NULL) {
            add_group(&comparing, key);
        }
    }
    judge(&comparing.result);
    return comparing.result;
}

void cli_sets_clear(struct cli_sets_comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        struct cli_sets_group *group = &comparison->groups[i];

        for (size_t j = 0; j < group->count; j++) {
            free(group->tests[j].name);
            free(group->tests[j].texts[0]);
            free(group->tests[j].texts[1]);
        }
        free(group->tests);
        free(group->name);
    }
    free(comparison->groups);
    memset(comparison, 0, sizeof(*comparison));
}

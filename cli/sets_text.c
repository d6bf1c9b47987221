#include "cli/sets_text.h"

#include "cli/document.h"
#include "cli/rows.h"
#include "sweep/query.h"

#include <math.h>
#include <string.h>

/** Groups that are shown with all that differs in them; the rest is counted. */
#define GROUPS_SHOWN 20

/* ---- For people ---- */

/** A value of a metric, or a change of one. */
static void number_text(const char *metric, double value, const char *format, char *text, size_t size)
{
    char time[32];

    if (!query_is_time(metric)) {
        snprintf(text, size, format[0] == '+' ? "%+.6g" : "%.6g", value);
        return;
    }
    cli_rows_time(value, time, sizeof(time));
    snprintf(text, size, "%s%s", format[0] == '+' && value >= 0 ? "+" : "", time);
}

static void print_metric(FILE *stream, const struct cli_sets_test *test)
{
    char before[48] = "nothing";
    char after[48] = "nothing";
    char change[48];
    char half[48];

    if (test->counts[0] > 0) {
        number_text(test->name, test->means[0], "", before, sizeof(before));
    }
    if (test->counts[1] > 0) {
        number_text(test->name, test->means[1], "", after, sizeof(after));
    }
    fprintf(stream, "  %s: %s -> %s", test->name, before, after);
    if (test->counts[0] > 0 && test->counts[1] > 0) {
        number_text(test->name, test->change, "+", change, sizeof(change));
        number_text(test->name, test->half, "", half, sizeof(half));
        fprintf(stream, " (%s", change);
        if (test->method != CLI_SETS_CONSTANT) {
            fprintf(stream, " ± %s", half);
        }
        if (test->means[0] != 0) {
            fprintf(stream, ", %+.3g %%", 100 * test->change / test->means[0]);
        }
        fputc(')', stream);
    }
}

static void print_test(FILE *stream, const struct cli_sets_test *test)
{
    if (test->texts[0] != NULL) {
        fprintf(stream, "  %s: %s -> %s", test->name, test->texts[0], test->texts[1]);
    } else {
        print_metric(stream, test);
    }
    if (test->method == CLI_SETS_CONSTANT) {
        fputs(", whatever the seed\n", stream);
    } else if (test->p == 0) {
        fputs(", by as much with every seed\n", stream);
    } else {
        fprintf(stream, ", p %.2g (%.2g alone)\n", test->adjusted, test->p);
    }
}

static void print_group(FILE *stream, const struct cli_sets_group *group)
{
    if (group->alone != NULL) {
        fprintf(stream, "%-8s %s: only in %s\n", "alone", group->name, group->alone);
        return;
    }
    fprintf(stream, "%-8s %s: %zu and %zu runs", group->differs ? "differs" : "same", group->name, group->runs[0],
            group->runs[1]);
    if (group->identical > 0) {
        fprintf(stream, ", %zu alike to the last mark", group->identical);
    }
    fputc('\n', stream);
    for (size_t i = 0; i < group->count; i++) {
        if (group->tests[i].differs) {
            print_test(stream, &group->tests[i]);
        }
    }
}

/** What the numbers rest on. */
static void print_basis(FILE *stream, const struct cli_sets_comparison *comparison)
{
    size_t methods[CLI_SETS_METHODS] = {0};

    for (size_t i = 0; i < comparison->count; i++) {
        for (size_t j = 0; j < comparison->groups[i].count; j++) {
            methods[comparison->groups[i].tests[j].method]++;
        }
    }
    fprintf(stream,
            "%zu tests (%zu of pairs by seed, %zu of means, %zu of outcomes), Holm at 5 %%; %zu values that no seed "
            "changes\n",
            comparison->tests, methods[CLI_SETS_PAIRS], methods[CLI_SETS_WELCH], methods[CLI_SETS_FISHER],
            methods[CLI_SETS_CONSTANT]);
    if (comparison->not_judged > 0) {
        fprintf(stream, "%zu changes are not judged: one run says nothing of chance (`replications`, other seeds)\n",
                comparison->not_judged);
    }
    if (comparison->twice > 0) {
        fprintf(stream, "%zu runs are there twice, and count once\n", comparison->twice);
    }
}

void cli_sets_print(FILE *stream, const struct cli_sets_comparison *comparison)
{
    size_t differing = 0;
    size_t shown = 0;

    for (size_t i = 0; i < comparison->count; i++) {
        const struct cli_sets_group *group = &comparison->groups[i];

        differing += group->differs;
        if (group->differs && shown < GROUPS_SHOWN) {
            print_group(stream, group);
            shown++;
        }
    }
    if (differing > shown) {
        fprintf(stream, "and %zu more\n", differing - shown);
    }
    fprintf(stream, "%zu points the same, %zu different\n", comparison->count - differing, differing);
    print_basis(stream, comparison);
}

/* ---- For programs ---- */

static json_t *number_or_null(bool known, double value)
{
    return known ? json_real(value) : json_null();
}

static json_t *test_json(const struct cli_sets_test *test)
{
    const bool outcome = test->texts[0] != NULL;
    const bool both = !outcome && test->counts[0] > 0 && test->counts[1] > 0;
    const bool tested = test->method != CLI_SETS_CONSTANT && test->method != CLI_SETS_NOT_JUDGED;
    json_t *object = json_object();

    json_object_set_new(object, "name", cli_json_text(test->name));
    json_object_set_new(object, "unit", !outcome && query_is_time(test->name) ? json_string("fs") : json_null());
    json_object_set_new(object, "method", json_string(cli_sets_method_name(test->method)));
    json_object_set_new(object, "runs", json_pack("[I, I]", (json_int_t)test->counts[0], (json_int_t)test->counts[1]));
    json_object_set_new(object, "before",
                        outcome ? cli_json_text(test->texts[0]) : number_or_null(test->counts[0] > 0, test->means[0]));
    json_object_set_new(object, "after",
                        outcome ? cli_json_text(test->texts[1]) : number_or_null(test->counts[1] > 0, test->means[1]));
    json_object_set_new(object, "change", number_or_null(both, test->change));
    json_object_set_new(object, "half", number_or_null(both && tested, test->half));
    json_object_set_new(object, "p", number_or_null(tested, test->p));
    json_object_set_new(object, "p-adjusted", number_or_null(tested, test->adjusted));
    json_object_set_new(object, "tolerated", json_boolean(test->tolerated));
    json_object_set_new(object, "differs", json_boolean(test->differs));
    return object;
}

static json_t *group_json(const struct cli_sets_group *group)
{
    json_t *tests = json_array();

    for (size_t i = 0; i < group->count; i++) {
        json_array_append_new(tests, test_json(&group->tests[i]));
    }
    return json_pack("{s:o, s:s, s:o, s:[I, I], s:I, s:o}", "name", cli_json_text(group->name), "outcome",
                     group->differs ? "differs" : "same", "only-in",
                     group->alone == NULL ? json_null() : cli_json_text(group->alone), "runs",
                     (json_int_t)group->runs[0], (json_int_t)group->runs[1], "identical", (json_int_t)group->identical,
                     "tests", tests);
}

json_t *cli_sets_json(const struct cli_sets_comparison *comparison)
{
    json_t *groups = json_array();

    for (size_t i = 0; i < comparison->count; i++) {
        json_array_append_new(groups, group_json(&comparison->groups[i]));
    }
    return json_pack("{s:I, s:s, s:f, s:I, s:I, s:o}", "tests", (json_int_t)comparison->tests, "correction", "holm",
                     "level", CLI_SETS_LEVEL, "not-judged", (json_int_t)comparison->not_judged, "twice",
                     (json_int_t)comparison->twice, "points", groups);
}

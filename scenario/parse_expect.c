/* What must come out: the `expect:` map. */
#include "host/error.h"
#include "scenario/parse_context.h"

#include <string.h>

/* The assumptions by their stable names (docs/assumptions.md). */
static const char *const assumptions[] = {
    "doorbell-per-group", "doorbell-per-domain",   "group-covers-reach",    "doorbell-mapped",
    "msi-window-free",    "msi-in-primary-domain", "pasid-consistent",      "one-viommu-per-smmu",
    "guest-owned-msi",    "msi-isolated",          "data-before-interrupt",
};

#define ASSUMPTIONS (sizeof(assumptions) / sizeof(assumptions[0]))

struct metric {
    const char *name;
    enum scenario_metric metric;
    enum units_kind units;
};

static const struct metric metrics[] = {
    {"msi.count", SCENARIO_METRIC_MSI_COUNT, UNITS_NUMBER},
    {"msi.lost", SCENARIO_METRIC_MSI_LOST, UNITS_NUMBER},
    {"msi.latency.min", SCENARIO_METRIC_MSI_LATENCY_MIN, UNITS_TIME},
    {"msi.latency.mean", SCENARIO_METRIC_MSI_LATENCY_MEAN, UNITS_TIME},
    {"msi.latency.p50", SCENARIO_METRIC_MSI_LATENCY_P50, UNITS_TIME},
    {"msi.latency.p99", SCENARIO_METRIC_MSI_LATENCY_P99, UNITS_TIME},
    {"msi.latency.p99.9", SCENARIO_METRIC_MSI_LATENCY_P99_9, UNITS_TIME},
    {"msi.latency.max", SCENARIO_METRIC_MSI_LATENCY_MAX, UNITS_TIME},
};

#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

/* `counter.COMPONENT.NAME`: which counters a component has shows only when it is built. */
#define COUNTER_PREFIX "counter."
static const struct metric counter_metric = {"counter", SCENARIO_METRIC_COUNTER, UNITS_NUMBER};

static const struct metric *find_metric(const char *name)
{
    for (size_t i = 0; i < METRICS; i++) {
        if (strcmp(metrics[i].name, name) == 0) {
            return &metrics[i];
        }
    }
    return NULL;
}

/* Whether what stands before the first dot is meant as a name, not as the `msi` of a metric. */
static bool has_device(struct parse *parse, const char *key)
{
    static const char *const msi = "msi";
    const char *dot = strchr(key, '.');

    return dot != NULL && parse_nearest(scenario_arena_copy(parse->arena, key, (size_t)(dot - key)), &msi, 1) == NULL;
}

static void report_unknown(struct parse *parse, const struct tree_node *node)
{
    const char *names[ASSUMPTIONS + METRICS];
    const char *rest = strchr(node->key, '.');
    const char *nearest;
    struct diagnostic *entry;
    size_t count = 0;

    for (size_t i = 0; i < ASSUMPTIONS; i++) {
        names[count++] = assumptions[i];
    }
    for (size_t i = 0; i < METRICS; i++) {
        names[count++] = metrics[i].name;
    }
    entry = parse_error(parse, &node->key_mark, "E1901 `%.60s` is neither an assumption nor a metric", node->key);
    nearest = has_device(parse, node->key) ? parse_nearest(rest + 1, names + ASSUMPTIONS, METRICS) : NULL;
    if (nearest != NULL) {
        diagnostic_set_hint(entry, "did you mean `%.*s.%s`?", (int)(rest - node->key), node->key, nearest);
        return;
    }
    nearest = parse_nearest(node->key, names, count);
    if (nearest != NULL) {
        diagnostic_set_hint(entry, "did you mean `%s`?", nearest);
        return;
    }
    diagnostic_set_hint(entry,
                        "assumptions: %s, %s, %s, ...; metrics: msi.count, msi.lost, msi.latency.min, mean, p50, "
                        "p99, p99.9, max, with an endpoint's name before them or without; "
                        "counter.COMPONENT.NAME",
                        assumptions[0], assumptions[1], assumptions[2]);
}

/* The metric that a key names, with an endpoint's name before it or without. */
static const struct metric *split_key(struct parse *parse, const char *key, const char **device)
{
    const struct metric *metric = find_metric(key);
    const char *dot = strchr(key, '.');

    *device = NULL;
    if (metric != NULL || dot == NULL) {
        return metric;
    }
    metric = find_metric(dot + 1);
    if (metric != NULL) {
        *device = scenario_arena_copy(parse->arena, key, (size_t)(dot - key));
    }
    return metric;
}

/* Whether a key names a counter; then which one. */
static bool split_counter(struct parse *parse, const struct tree_node *node, struct scenario_expectation *expectation)
{
    const char *component = node->key + strlen(COUNTER_PREFIX);
    const char *dot;

    if (strncmp(node->key, COUNTER_PREFIX, strlen(COUNTER_PREFIX)) != 0) {
        return false;
    }
    dot = strchr(component, '.');
    if (dot == NULL || dot == component || dot[1] == '\0') {
        return false;
    }
    expectation->component = scenario_arena_copy(parse->arena, component, (size_t)(dot - component));
    expectation->counter = dot + 1;
    return true;
}

static bool parse_outcome(struct parse *parse, const struct tree_node *node, enum verdict_outcome *outcome)
{
    static const enum verdict_outcome outcomes[] = {VERDICT_HOLDS, VERDICT_VIOLATED, VERDICT_NOT_APPLICABLE};

    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        if (strcmp(verdict_outcome_name(outcomes[i]), node->text) == 0) {
            *outcome = outcomes[i];
            return true;
        }
    }
    diagnostic_set_hint(parse_error(parse, node->text[0] == '\0' ? &node->key_mark : &node->mark,
                                    "E1902 `%s: %.40s`: no such outcome of an assumption", node->key, node->text),
                        "possible: holds, violated, not-applicable");
    return false;
}

static bool read_bound(struct parse *parse, const struct metric *metric, const struct tree_node *node,
                       const char *start, size_t length, struct scenario_bound *bound)
{
    const char *text;
    struct units_problem problem;
    struct tree_mark mark;

    while (length > 0 && *start == ' ') {
        start++;
        length--;
    }
    while (length > 0 && start[length - 1] == ' ') {
        length--;
    }
    text = scenario_arena_copy(parse->arena, start, length);
    bound->present = true;
    if (units_parse(metric->units, text, &bound->value, &problem)) {
        return true;
    }
    mark = parse_part(node, (size_t)(start - node->text) + problem.offset, problem.length);
    diagnostic_set_hint(parse_error(parse, &mark, "E1903 `%s`: bound `%.40s` %s", node->key, text, problem.message),
                        "%s",
                        metric->units == UNITS_TIME ? "for example `< 3 us`, `1 us..3 us`"
                                                    : "for example `0`, `<= 10`, `\">= 5\"`, `5..10`");
    return false;
}

/* `0`, `== 0`, `< 3 us`, `<= 3 us`, `> 5`, `>= 5`, `1 us..3 us`. */
static bool parse_bounds(struct parse *parse, const struct metric *metric, const struct tree_node *node,
                         struct scenario_expectation *expectation)
{
    const char *text = node->text;
    const char *dots = strstr(text, "..");
    struct scenario_bound *one = text[0] == '>' ? &expectation->lower : &expectation->upper;
    size_t skip = 0;

    if (dots != NULL) {
        expectation->lower.inclusive = true;
        expectation->upper.inclusive = true;
        if (!read_bound(parse, metric, node, text, (size_t)(dots - text), &expectation->lower) ||
            !read_bound(parse, metric, node, dots + 2, strlen(dots + 2), &expectation->upper)) {
            return false;
        }
        if (expectation->lower.value > expectation->upper.value) {
            parse_error(parse, &node->mark, "E1904 `%s: %.60s`: the range is empty", node->key, text);
            return false;
        }
        return true;
    }
    if (text[0] == '<' || text[0] == '>') {
        one->inclusive = text[1] == '=';
        skip = one->inclusive ? 2 : 1;
        return read_bound(parse, metric, node, text + skip, strlen(text + skip), one);
    }
    skip = strncmp(text, "==", 2) == 0 ? 2 : 0;
    one->inclusive = true;
    if (!read_bound(parse, metric, node, text + skip, strlen(text + skip), one)) {
        return false;
    }
    expectation->lower = expectation->upper;
    return true;
}

/* Whether a key names a step of the software; *device is the endpoint it is about, NULL for the timeline's. */
static bool is_step(struct parse *parse, const char *key, const char **device)
{
    static const char *const steps[] = {".attach", ".interrupts"};
    const char *pasid = ".pasid-";
    size_t length = strlen(key);

    *device = NULL;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        size_t tail = strlen(steps[i]);

        if (length > tail && strcmp(key + length - tail, steps[i]) == 0) {
            *device = scenario_arena_copy(parse->arena, key, length - tail);
            return true;
        }
    }
    if (strncmp(key, "timeline.", strlen("timeline.")) == 0) {
        return true;
    }
    if (strstr(key, pasid) == NULL) {
        return false;
    }
    *device = scenario_arena_copy(parse->arena, key, (size_t)(strstr(key, pasid) - key));
    return true;
}

static bool parse_step(struct parse *parse, const struct tree_node *node, struct scenario_expectation *expectation)
{
    const char *const *names = host_error_names();
    const char *nearest;
    struct diagnostic *entry;
    size_t count = 0;

    expectation->metric = SCENARIO_METRIC_STEP;
    expectation->step = node->key;
    if (host_error_number(node->text) >= 0) {
        return true;
    }
    while (names[count] != NULL) {
        count++;
    }
    entry = parse_error(parse, node->text[0] == '\0' ? &node->key_mark : &node->mark,
                        "E1902 `%s: %.40s`: no outcome of a step", node->key, node->text);
    nearest = parse_nearest(node->text, names, count);
    if (nearest != NULL) {
        diagnostic_set_hint(entry, "did you mean `%s`?", nearest);
    } else {
        diagnostic_set_hint(entry, "`ok`, or an errno as EINVAL, EBUSY, EPERM, ENOMEM");
    }
    return false;
}

static bool parse_one(struct parse *parse, const struct tree_node *node, struct scenario_expectation *expectation)
{
    const struct metric *metric;

    expectation->place = parse_place(&node->mark);
    expectation->key_place = parse_place(&node->key_mark);
    expectation->key = node->key;
    expectation->text = node->text;
    if (!parse_expect_kind(parse, node, TREE_SCALAR, node->key)) {
        return false;
    }
    for (size_t i = 0; i < ASSUMPTIONS; i++) {
        if (strcmp(assumptions[i], node->key) == 0) {
            expectation->metric = SCENARIO_METRIC_VERDICT;
            expectation->verdict = assumptions[i];
            return parse_outcome(parse, node, &expectation->outcome);
        }
    }
    if (is_step(parse, node->key, &expectation->device_name)) {
        return parse_step(parse, node, expectation);
    }
    metric = split_counter(parse, node, expectation) ? &counter_metric
                                                     : split_key(parse, node->key, &expectation->device_name);
    if (metric == NULL) {
        report_unknown(parse, node);
        return false;
    }
    expectation->metric = metric->metric;
    return parse_bounds(parse, metric, node, expectation);
}

static bool expectations_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                               void *field)
{
    struct scenario *scenario = field;

    if (!parse_expect_kind(parse, node, TREE_MAP, key->name)) {
        return false;
    }
    scenario->expectations = scenario_arena_take(parse->arena, node->count, sizeof(*scenario->expectations));
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        parse_one(parse, child, &scenario->expectations[scenario->expectation_count++]);
    }
    return true;
}

/* Prints a block, a line for each: `expect` is a key of the file's first level. */
static void expectations_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario *scenario = field;

    (void)key;
    for (size_t i = 0; i < scenario->expectation_count; i++) {
        const struct scenario_expectation *expectation = &scenario->expectations[i];
        const char *quote = strchr("<>=", expectation->text[0]) != NULL ? "\"" : "";

        fprintf(stream, "\n  %s: %s%s%s", expectation->key, quote, expectation->text, quote);
    }
}

#define BOUND_SCHEMA                                                                                                   \
    "{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 0}, {\"type\": \"string\", \"pattern\": "                       \
    "\"^(==|<=?|>=?)? *[0-9].*$\"}]}"

const struct scenario_value_type scenario_type_expectations = {
    .name = "map",
    .parse = expectations_parse,
    .print = expectations_print,
    .schema =
        "{\"type\": \"object\", \"patternProperties\": {"
        "\"^(doorbell-per-group|doorbell-per-domain|group-covers-reach|doorbell-mapped|msi-window-free|"
        "msi-in-primary-domain|pasid-consistent|one-viommu-per-smmu|guest-owned-msi|msi-isolated|"
        "data-before-interrupt)$\": {\"enum\": [\"holds\", \"violated\", \"not-applicable\"]}, "
        "\"^([A-Za-z][A-Za-z0-9_-]*(/"
        "[1-7])?\\\\.)?msi\\\\.(count|lost|latency\\\\.(min|mean|p50|p99|p99\\\\.9|max))$\": " BOUND_SCHEMA
        ", \"^([A-Za-z][A-Za-z0-9_/-]*\\\\.(attach|interrupts|pasid-[0-9]+)|timeline\\\\.[A-Za-z][A-Za-z0-9_-]*)$\": "
        "{\"type\": "
        "\"string\", \"pattern\": \"^(ok|E[A-Z0-9]+)$\"}, \"^counter\\\\.[^.]+\\\\..+$\": " BOUND_SCHEMA
        "}, \"additionalProperties\": false}"};

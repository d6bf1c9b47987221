/* Judges `expect:` against what came out. */
#include "scenario/run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format(const char *text, ...) __attribute__((format(printf, 1, 2)));

static char *format(const char *text, ...)
{
    char buffer[512];
    va_list arguments;
    char *copy;

    va_start(arguments, text);
    vsnprintf(buffer, sizeof(buffer), text, arguments);
    va_end(arguments);
    copy = malloc(strlen(buffer) + 1);
    if (copy == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    strcpy(copy, buffer);
    return copy;
}

/** The device that an expectation speaks of; NULL: all of them. */
static const struct run_device *device_of(const struct scenario_expectation *expectation,
                                          const struct run_result *result)
{
    for (size_t i = 0; expectation->device != NULL && i < result->device_count; i++) {
        struct scenario_bdf bdf = expectation->device->bdf;
        const struct run_device *device = &result->devices[i];

        bdf.function = (uint8_t)expectation->function;
        if (device->segment == expectation->device->root_complex->segment && device->rid == scenario_rid(bdf)) {
            return device;
        }
    }
    return NULL;
}

static uint64_t sum_counts(const struct run_result *result, bool lost)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < result->device_count; i++) {
        sum += lost ? result->devices[i].lost : result->devices[i].born;
    }
    return sum;
}

/** What a component counted. @return false if there is no such counter */
static bool find_counter(const struct scenario_expectation *expectation, const struct run_result *result,
                         uint64_t *value)
{
    for (size_t i = 0; i < result->counter_count; i++) {
        const struct run_counter *counter = &result->counters[i];

        if (strcmp(counter->component, expectation->component) == 0 &&
            strcmp(counter->name, expectation->counter) == 0) {
            *value = counter->value;
            return true;
        }
    }
    return false;
}

/** Value of a numeric metric. @return false if there is none: no MSI was measured, there is no such counter */
static bool value_of(const struct scenario_expectation *expectation, const struct run_result *result, uint64_t *value)
{
    const struct run_device *device = device_of(expectation, result);
    const struct run_latency *latency = device != NULL ? &device->latency : &result->latency;

    switch (expectation->metric) {
    case SCENARIO_METRIC_MSI_COUNT:
        *value = device != NULL ? device->born : sum_counts(result, false);
        return true;
    case SCENARIO_METRIC_MSI_LOST:
        *value = device != NULL ? device->lost : sum_counts(result, true);
        return true;
    case SCENARIO_METRIC_MSI_LATENCY_MIN:
        *value = latency->min;
        break;
    case SCENARIO_METRIC_MSI_LATENCY_MEAN:
        *value = latency->mean;
        break;
    case SCENARIO_METRIC_MSI_LATENCY_P50:
        *value = latency->p50;
        break;
    case SCENARIO_METRIC_MSI_LATENCY_P99:
        *value = latency->p99;
        break;
    case SCENARIO_METRIC_MSI_LATENCY_P99_9:
        *value = latency->p999;
        break;
    case SCENARIO_METRIC_MSI_LATENCY_MAX:
        *value = latency->max;
        break;
    case SCENARIO_METRIC_COUNTER:
        return find_counter(expectation, result, value);
    case SCENARIO_METRIC_VERDICT:
    case SCENARIO_METRIC_STEP:
        return false;
    }
    return latency->count > 0;
}

static bool within(const struct scenario_expectation *expectation, uint64_t value)
{
    const struct scenario_bound *lower = &expectation->lower;
    const struct scenario_bound *upper = &expectation->upper;

    if (lower->present && (value < lower->value || (value == lower->value && !lower->inclusive))) {
        return false;
    }
    return !upper->present || value < upper->value || (value == upper->value && upper->inclusive);
}

static bool is_count(enum scenario_metric metric)
{
    return metric == SCENARIO_METRIC_MSI_COUNT || metric == SCENARIO_METRIC_MSI_LOST ||
           metric == SCENARIO_METRIC_COUNTER;
}

/** By how much a value misses its range, for the reader of a failed check. */
static char *describe(const struct scenario_expectation *expectation, uint64_t value, bool met)
{
    uint64_t miss = 0;

    if (expectation->upper.present && value > expectation->upper.value) {
        miss = value - expectation->upper.value;
    } else if (expectation->lower.present && value < expectation->lower.value) {
        miss = expectation->lower.value - value;
    }
    if (is_count(expectation->metric)) {
        return met ? format("%" PRIu64, value) : format("%" PRIu64 ", off by %" PRIu64, value, miss);
    }
    if (met) {
        return format("%" PRIu64 ".%03" PRIu64 " ns", value / SIM_NS, value % SIM_NS / SIM_PS);
    }
    return format("%" PRIu64 ".%03" PRIu64 " ns, off by %" PRIu64 ".%03" PRIu64 " ns", value / SIM_NS,
                  value % SIM_NS / SIM_PS, miss / SIM_NS, miss % SIM_NS / SIM_PS);
}

static void judge_verdict(const struct scenario_expectation *expectation, struct run_result *result,
                          struct run_expectation *judged)
{
    const struct verdict *verdict = verdict_list_find(&result->verdicts, expectation->verdict);

    if (verdict == NULL) {
        judged->got = format("no such verdict");
        return;
    }
    judged->met = verdict->outcome == expectation->outcome;
    judged->got = format("%s", verdict_outcome_name(verdict->outcome));
}

static void judge_step(const struct scenario_expectation *expectation, const struct run_result *result,
                       struct run_expectation *judged)
{
    const struct run_step *step = step_list_find(&result->steps, expectation->step);

    judged->met = step != NULL && strcmp(step->outcome, expectation->text) == 0;
    judged->got = format("%s", step != NULL ? step->outcome : "the software never tried");
}

void scenario_judge(const struct scenario *scenario, struct run_result *result)
{
    result->expectations = calloc(scenario->expectation_count + 1, sizeof(*result->expectations));
    if (result->expectations == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    for (size_t i = 0; i < scenario->expectation_count; i++) {
        const struct scenario_expectation *expectation = &scenario->expectations[i];
        struct run_expectation *judged = &result->expectations[result->expectation_count++];
        uint64_t value = 0;

        judged->key = format("%s", expectation->key);
        judged->wanted = format("%s", expectation->text);
        judged->place = format("%s:%u", expectation->place.file != NULL ? expectation->place.file : scenario->path,
                               expectation->place.line);
        if (expectation->metric == SCENARIO_METRIC_VERDICT) {
            judge_verdict(expectation, result, judged);
        } else if (expectation->metric == SCENARIO_METRIC_STEP) {
            judge_step(expectation, result, judged);
        } else if (value_of(expectation, result, &value)) {
            judged->met = within(expectation, value);
            judged->got = describe(expectation, value, judged->met);
        } else if (expectation->metric == SCENARIO_METRIC_COUNTER) {
            judged->got = format("%s has no counter %s", expectation->component, expectation->counter);
        } else {
            judged->got = format("no MSI was measured");
        }
    }
}

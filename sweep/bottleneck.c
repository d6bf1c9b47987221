#include "sweep/bottleneck.h"

#include "sim/allocate.h"
#include "sweep/bottleneck_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** One run taken apart. */
struct dissection {
    const struct scenario *scenario;
    struct bottleneck *result;
};

/* ---- What one waits for ---- */

/** The component that a stage's name begins with, up to @p end. */
static const struct scenario_component *component_of(const struct scenario *scenario, const char *name, size_t length)
{
    char text[128];

    if (length >= sizeof(text)) {
        return NULL;
    }
    memcpy(text, name, length);
    text[length] = '\0';
    return scenario_find_component(scenario, text);
}

static const char *resource_of(const struct scenario *scenario, const char *stage)
{
    const struct scenario_component *component = component_of(scenario, stage, strlen(stage));

    if (strstr(stage, ".posted") != NULL || strstr(stage, ".up.") != NULL) {
        return "wire, credits, and the port behind it";
    }
    if (strstr(stage, " -> ") != NULL) {
        return "whoever is behind it to take it";
    }
    if (strstr(stage, " walk") != NULL || strstr(stage, " config") != NULL) {
        return "reads of tables in memory";
    }
    if (strcmp(stage, "interconnect") == 0) {
        return "port, and writes of its own stream at another target";
    }
    if (strncmp(stage, "rd", 2) == 0) {
        return "LPI tables, and the PE's earlier interrupts";
    }
    if (strncmp(stage, "pe", 2) == 0) {
        return "the PE";
    }
    if (component == NULL) {
        return "whoever is behind it";
    }
    switch (component->kind) {
    case SCENARIO_CLASS_SMMU:
        return "walks, caches and slots of translation";
    case SCENARIO_CLASS_ITS:
        return "ITS tables, caches and slots, and commands";
    case SCENARIO_CLASS_ENDPOINT:
        return "credits and the wire of its link";
    default:
        return "output port, its credits, and arbitration";
    }
}

/* ---- Taking apart ---- */

/** Times under one stage. */
struct sum {
    sim_time least;
    uint64_t count;
    uint64_t tail_count;
    double time;
    double tail_time;
};

static bool is_measured(const struct recorded_packet *packet, sim_time from)
{
    return packet->kind == SIM_EVENT_MSI_DELIVERED && packet->born >= from;
}

static void add_packet(const struct recorded_packet *packet, const struct recorded_hop *hops, bool in_tail,
                       struct sum *sums)
{
    sim_time begin = packet->born;

    for (uint32_t i = 0; i < packet->hop_count; i++) {
        const struct recorded_hop *hop = &hops[packet->first_hop + i];
        struct sum *sum = &sums[hop->stage];
        const sim_time time = hop->end - begin;

        sum->least = sum->count == 0 || time < sum->least ? time : sum->least;
        sum->count++;
        sum->time += (double)time;
        sum->tail_count += in_tail;
        sum->tail_time += in_tail ? (double)time : 0;
        begin = hop->end;
    }
}

static int by_wait(const void *a, const void *b)
{
    const struct bottleneck_stage *one = a;
    const struct bottleneck_stage *other = b;

    if (one->wait != other->wait) {
        return one->wait > other->wait ? -1 : 1;
    }
    return strcmp(one->name, other->name);
}

/** Makes the stages of the sums. */
static void list_stages(const struct dissection *dissection, const struct sim *sim, const struct sum *sums,
                        uint32_t count)
{
    struct bottleneck *result = dissection->result;
    const double msis = (double)result->msis;
    const double tail = result->tail == 0 ? 1 : (double)result->tail;

    result->stages = sim_allocate(count, sizeof(*result->stages));
    for (uint32_t i = 1; i < count && result->msis > 0; i++) {
        struct bottleneck_stage *stage = &result->stages[result->stage_count];
        const double least = (double)sums[i].least;

        if (sums[i].count == 0) {
            continue;
        }
        stage->name = sim_copy_string(sim_stage_name(sim, i));
        stage->resource = resource_of(dissection->scenario, stage->name);
        stage->way = least * (double)sums[i].count / msis;
        stage->wait = sums[i].time / msis - stage->way;
        stage->tail_wait = (sums[i].tail_time - least * (double)sums[i].tail_count) / tail;
        result->way += stage->way;
        result->mean += stage->way + stage->wait;
        result->tail_way += least * (double)sums[i].tail_count / tail;
        result->tail_mean += sums[i].tail_time / tail;
        result->stage_count++;
    }
    qsort(result->stages, result->stage_count, sizeof(*result->stages), by_wait);
}

static void dissect(void *context, const struct recording *recording, const struct sim *sim,
                    const struct run_result *run)
{
    const struct dissection *dissection = context;
    const uint32_t stages = sim_stage_count(sim) + 1;
    const sim_time from = recording_begin(recording) + run->warmup;
    struct sum *sums = sim_allocate(stages, sizeof(*sums));
    const struct recorded_packet *packets;
    size_t count;

    packets = recording_packets(recording, &count);
    dissection->result->p99 = run->latency.p99;
    dissection->result->dropped = recording_beyond_limit(recording);
    for (size_t i = 0; i < count; i++) {
        const bool in_tail = packets[i].end - packets[i].born >= run->latency.p99;

        if (is_measured(&packets[i], from)) {
            add_packet(&packets[i], recording_hops(recording), in_tail, sums);
            dissection->result->msis++;
            dissection->result->tail += in_tail;
        }
    }
    list_stages(dissection, sim, sums, stages);
    free(sums);
}

/* ---- The whole ---- */

enum scenario_run_status bottleneck_find(const char *path, const char *const *sets, size_t set_count,
                                         const volatile sig_atomic_t *interrupted, struct bottleneck *result,
                                         struct diagnostics *diagnostics, struct host_error *error)
{
    const struct scenario_options load = {.sets = sets, .set_count = set_count};
    const struct recording_filter filter = recording_filter_all(BOTTLENECK_MSIS);
    struct dissection dissection = {.result = result};
    struct scenario_run_options options = {
        .record = &filter, .recorded = dissect, .recorded_context = &dissection, .interrupted = interrupted};
    struct run_result run;
    enum scenario_run_status status;
    struct scenario *scenario = scenario_load(path, &load, diagnostics);

    memset(result, 0, sizeof(*result));
    memset(&run, 0, sizeof(run));
    if (scenario == NULL) {
        return SCENARIO_RUN_IMPOSSIBLE;
    }
    dissection.scenario = scenario;
    status = scenario_run(scenario, &options, &run, error);
    if (status == SCENARIO_RUN_DONE) {
        const struct bottleneck_file file = {
            .path = path, .sets = sets, .set_count = set_count, .interrupted = interrupted, .first = &run};

        bottleneck_try_all(&file, scenario, result);
    }
    run_result_clear(&run);
    scenario_free(scenario);
    if (status != SCENARIO_RUN_DONE) {
        bottleneck_clear(result);
    }
    return status;
}

void bottleneck_clear(struct bottleneck *result)
{
    for (size_t i = 0; i < result->stage_count; i++) {
        free(result->stages[i].name);
    }
    for (size_t i = 0; i < result->trial_count; i++) {
        free(result->trials[i].key);
        free(result->trials[i].from);
        free(result->trials[i].to);
    }
    free(result->stages);
    free(result->trials);
    memset(result, 0, sizeof(*result));
}

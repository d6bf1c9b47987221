#include "sweep/bottleneck.h"

#include "sim/allocate.h"
#include "sweep/bottleneck_cause.h"
#include "sweep/bottleneck_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** One run taken apart. */
struct dissection {
    const struct scenario *scenario;
    struct holdups holdups;
    struct bottleneck *result;
};

/* ---- Resources ---- */

static const struct {
    const char *name;
    const char *meaning;
} resources[BOTTLENECK_RESOURCES] = {
    [BOTTLENECK_CREDIT] = {"credit", "credits of a link, or of an ITS for LPIs on their way"},
    [BOTTLENECK_SLOT] = {"slot", "slots for translations or fetches: all are taken"},
    [BOTTLENECK_PORT] = {"port", "a port, its wire, or its turn there"},
    [BOTTLENECK_CACHE] = {"cache", "reads of tables that were not cached, its own or of those before it"},
    [BOTTLENECK_WALK] = {"walk", "a walk to begin: all that can be under way are"},
    [BOTTLENECK_COMMAND_QUEUE] = {"command queue", "a PE in lock step with a command queue"},
    [BOTTLENECK_ORDER] = {"order", "earlier writes of its stream at another target"},
    [BOTTLENECK_PE] = {"pe", "the PE's earlier interrupts"},
    [BOTTLENECK_HYPERVISOR] = {"hypervisor", "a PE that the hypervisor has for something else"},
};

const char *bottleneck_resource_name(enum bottleneck_resource resource)
{
    return resources[resource].name;
}

const char *bottleneck_resource_meaning(enum bottleneck_resource resource)
{
    return resources[resource].meaning;
}

/* ---- Taking apart ---- */

/** Which of the three sums a packet goes into. */
struct share {
    bool tail;
    bool p99;
};

/** Sums of times; counts for the means come later. */
static void add_time(struct bottleneck_times *times, double time, struct share share)
{
    times->mean += time;
    times->tail += share.tail ? time : 0;
    times->p99 += share.p99 ? time : 0;
}

static bool is_measured(const struct recorded_packet *packet, sim_time from)
{
    return packet->kind == SIM_EVENT_MSI_DELIVERED && packet->born >= from;
}

/** The last of a packet's hops at the component where hop @p first is. */
static uint32_t last_there(const struct bottleneck_causes *causes, const struct recorded_packet *packet,
                           const struct recorded_hop *hops, uint32_t first)
{
    const uint32_t owner = bottleneck_causes_owner(causes, hops[first].stage);
    uint32_t last = first;

    while (last + 1 < packet->hop_count && bottleneck_causes_owner(causes, hops[last + 1].stage) == owner) {
        last++;
    }
    return last;
}

static void note_least(const struct bottleneck_causes *causes, const struct recorded_packet *packet,
                       const struct recorded_hop *hops, sim_time *least)
{
    sim_time begin = packet->born;

    for (uint32_t first = 0, last; first < packet->hop_count; first = last + 1) {
        const uint32_t owner = bottleneck_causes_owner(causes, hops[first].stage);
        const sim_time there = begin;

        last = last_there(causes, packet, hops, first);
        for (uint32_t i = first; i <= last; i++) {
            if (bottleneck_causes_is_miss(causes, hops[i].stage)) {
                least[hops[i].stage] = sim_time_min(least[hops[i].stage], hops[i].end - begin);
            }
            begin = hops[i].end;
        }
        least[owner] = sim_time_min(least[owner], begin - there);
    }
}

/** The least time at each component, and of each walk or fetch; SIM_TIME_NEVER of what nobody came by. */
static sim_time *find_least(const struct bottleneck_causes *causes, const struct recording *recording, sim_time from,
                            uint32_t stages)
{
    sim_time *least = sim_allocate(stages, sizeof(*least));
    const struct recorded_packet *packets;
    size_t count;

    packets = recording_packets(recording, &count);
    for (uint32_t i = 0; i < stages; i++) {
        least[i] = SIM_TIME_NEVER;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_measured(&packets[i], from)) {
            note_least(causes, &packets[i], recording_hops(recording) + packets[i].first_hop, least);
        }
    }
    return least;
}

static void add_packet(const struct bottleneck_causes *causes, const struct recorded_packet *packet,
                       const struct recorded_hop *hops, const sim_time *least, struct share share,
                       struct bottleneck_stage *stages)
{
    sim_time begin = packet->born;

    for (uint32_t first = 0, last; first < packet->hop_count; first = last + 1) {
        const uint32_t owner = bottleneck_causes_owner(causes, hops[first].stage);
        double sums[BOTTLENECK_RESOURCES] = {0};
        sim_time wait;

        last = last_there(causes, packet, hops, first);
        wait = hops[last].end - begin - least[owner];
        bottleneck_causes_divide(causes, packet, hops, first, last, begin, wait, least, sums);
        add_time(&stages[owner].way, (double)least[owner], share);
        add_time(&stages[owner].wait, (double)wait, share);
        for (size_t j = 0; j < BOTTLENECK_RESOURCES; j++) {
            add_time(&stages[owner].resources[j], sums[j], share);
        }
        begin = hops[last].end;
    }
}

static int by_wait(const void *a, const void *b)
{
    const struct bottleneck_stage *one = a;
    const struct bottleneck_stage *other = b;

    if (one->wait.mean != other->wait.mean) {
        return one->wait.mean > other->wait.mean ? -1 : 1;
    }
    return strcmp(one->name, other->name);
}

/** Makes means of sums, and adds them to those of all stages. */
static void average(const struct bottleneck *result, struct bottleneck_times *times, struct bottleneck_times *all)
{
    times->mean /= (double)(result->msis == 0 ? 1 : result->msis);
    times->tail /= (double)(result->tail == 0 ? 1 : result->tail);
    times->p99 /= (double)(result->at_p99 == 0 ? 1 : result->at_p99);
    all->mean += times->mean;
    all->tail += times->tail;
    all->p99 += times->p99;
}

/** Keeps the stages that somebody came by, with means in place of sums. */
static void list_stages(struct bottleneck *result, const struct sim *sim, const struct bottleneck_causes *causes,
                        const sim_time *least, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct bottleneck_stage *stage = &result->stages[result->stage_count];

        if (least[i] == SIM_TIME_NEVER || bottleneck_causes_is_miss(causes, i)) {
            continue;
        }
        *stage = result->stages[i];
        stage->name = sim_copy_string(sim_stage_name(sim, i));
        average(result, &stage->way, &result->way);
        average(result, &stage->wait, &result->latency);
        for (size_t j = 0; j < BOTTLENECK_RESOURCES; j++) {
            average(result, &stage->resources[j], &result->resources[j]);
        }
        result->stage_count++;
    }
    result->latency.mean += result->way.mean;
    result->latency.tail += result->way.tail;
    result->latency.p99 += result->way.p99;
    qsort(result->stages, result->stage_count, sizeof(*result->stages), by_wait);
}

static void dissect(void *context, const struct recording *recording, const struct sim *sim,
                    const struct run_result *run)
{
    const struct dissection *dissection = context;
    struct bottleneck *result = dissection->result;
    const uint32_t stages = sim_stage_count(sim) + 1;
    const sim_time from = recording_begin(recording) + run->warmup;
    const sim_time p99 = run->latency.p99;
    struct bottleneck_causes *causes = bottleneck_causes_create(sim, dissection->scenario, &dissection->holdups);
    sim_time *least = find_least(causes, recording, from, stages);
    const struct recorded_packet *packets;
    size_t count;

    packets = recording_packets(recording, &count);
    result->stages = sim_allocate(stages, sizeof(*result->stages));
    result->p99 = p99;
    result->dropped = recording_beyond_limit(recording);
    for (size_t i = 0; i < count; i++) {
        const sim_time latency = packets[i].end - packets[i].born;
        const struct share share = {.tail = latency >= p99, .p99 = latency >= p99 && latency - p99 <= p99 / 128};

        if (is_measured(&packets[i], from)) {
            add_packet(causes, &packets[i], recording_hops(recording) + packets[i].first_hop, least, share,
                       result->stages);
            result->msis++;
            result->tail += share.tail;
            result->at_p99 += share.p99;
        }
    }
    list_stages(result, sim, causes, least, stages);
    bottleneck_causes_destroy(causes);
    free(least);
}

/* ---- The whole ---- */

enum scenario_run_status bottleneck_find(const char *path, const char *const *sets, size_t set_count,
                                         const volatile sig_atomic_t *interrupted, struct bottleneck *result,
                                         struct diagnostics *diagnostics, struct host_error *error)
{
    const struct scenario_options load = {.sets = sets, .set_count = set_count};
    const struct recording_filter filter = recording_filter_all(BOTTLENECK_MSIS);
    struct dissection dissection = {.result = result};
    const struct sim_occupancy_listener listener = holdups_listener(&dissection.holdups);
    const struct scenario_run_options options = {.record = &filter,
                                                 .recorded = dissect,
                                                 .recorded_context = &dissection,
                                                 .occupancy_listener = &listener,
                                                 .interrupted = interrupted};
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
    holdups_clear(&dissection.holdups);
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

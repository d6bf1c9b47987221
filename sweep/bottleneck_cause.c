#include "sweep/bottleneck_cause.h"

#include "sim/allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gauges of one component that matter. */
#define MOST_GAUGES 24u

/** What kind of thing has a stage. */
enum place_kind {
    PLACE_OTHER, /**< an endpoint, switch, root complex, interconnect, memory */
    PLACE_SMMU,
    PLACE_ITS,
    PLACE_REDISTRIBUTOR,
    PLACE_PE,
    PLACE_CHANNEL,
};

/** What a gauge of a component says about those who wait there. */
enum gauge_role {
    GAUGE_WALKS,      /**< full: walks are scarce; else somebody's miss is in the way */
    GAUGE_SLOTS,      /**< full: slots are scarce */
    GAUGE_FETCHES,    /**< full: slots are scarce; else somebody's miss is in the way */
    GAUGE_COMMANDS,   /**< the PE works off an emulated command queue */
    GAUGE_HYPERVISOR, /**< the hypervisor has the PE */
    GAUGE_HELD,       /**< a port is held for the order of writes */
    GAUGE_OTHER,
};

struct gauge {
    const struct holdup_track *track;
    enum gauge_role role;
};

/** What is known of a stage. */
struct place {
    enum place_kind kind;
    bool miss; /**< the stage of a walk or fetch */
    uint32_t owner;
    const struct holdup_track *channel;
    enum bottleneck_resource beyond; /**< what a channel that is full lacks when nothing behind it says more */
    struct gauge gauges[MOST_GAUGES];
    size_t gauge_count;
};

struct bottleneck_causes {
    struct place *places; /**< by stage */
    uint32_t count;
};

/* ---- Preparing ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static bool is_numbered(const char *name, const char *word)
{
    const size_t length = strlen(word);

    return strncmp(name, word, length) == 0 && name[length] >= '0' && name[length] <= '9';
}

/** The component whose stage it is: a walk is the SMMU's. */
static void component_of(const char *stage, char *name, size_t size, bool *miss)
{
    snprintf(name, size, "%s", stage);
    *miss = ends_with(name, " walk") || ends_with(name, " config");
    if (*miss) {
        *strrchr(name, ' ') = '\0';
    }
}

static enum place_kind kind_of(const struct scenario *scenario, const char *name)
{
    const struct scenario_component *component = scenario_find_component(scenario, name);

    if (component != NULL) {
        return component->kind == SCENARIO_CLASS_SMMU  ? PLACE_SMMU
               : component->kind == SCENARIO_CLASS_ITS ? PLACE_ITS
                                                       : PLACE_OTHER;
    }
    if (is_numbered(name, "rd")) {
        return PLACE_REDISTRIBUTOR;
    }
    return is_numbered(name, "pe") || strcmp(name, "hypervisor") == 0 ? PLACE_PE : PLACE_OTHER;
}

static enum gauge_role role_of(const char *name)
{
    static const struct {
        const char *name;
        enum gauge_role role;
    } roles[] = {
        {"walks", GAUGE_WALKS},     {"translation-slots", GAUGE_SLOTS},
        {"tcu-slots", GAUGE_SLOTS}, {"config-fetches", GAUGE_FETCHES},
        {"ports-held", GAUGE_HELD},
    };

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(name, roles[i].name) == 0) {
            return roles[i].role;
        }
    }
    if (is_numbered(name, "tbu") && ends_with(name, "-slots")) {
        return GAUGE_SLOTS;
    }
    if (is_numbered(name, "pe") && ends_with(name, "-hypervisor")) {
        return GAUGE_HYPERVISOR;
    }
    return is_numbered(name, "pe") && ends_with(name, "-commands") ? GAUGE_COMMANDS : GAUGE_OTHER;
}

/** Whether a gauge is of a component: those of tasks, named after PEs, are of the PEs. */
static bool is_of(const struct holdup_track *track, enum gauge_role role, const char *component)
{
    const size_t length = strlen(component);

    if (role == GAUGE_COMMANDS || role == GAUGE_HYPERVISOR) {
        return strncmp(track->name, component, length) == 0 && track->name[length] == '-';
    }
    return strcmp(track->component, component) == 0;
}

/** The stage with that name. */
static uint32_t stage_called(const struct sim *sim, const char *name)
{
    uint32_t stage = sim_stage_count(sim);

    while (stage > 0 && strcmp(sim_stage_name(sim, stage), name) != 0) {
        stage--;
    }
    return stage;
}

static void describe(struct place *place, const struct sim *sim, const struct scenario *scenario,
                     const struct holdups *holdups, const char *stage)
{
    char component[160];

    component_of(stage, component, sizeof(component), &place->miss);
    place->owner = stage_called(sim, component);
    place->kind = kind_of(scenario, component);
    for (size_t i = 0; i < holdups->count; i++) {
        const struct holdup_track *track = &holdups->tracks[i];
        const enum gauge_role role = track->channel == NULL ? role_of(track->name) : GAUGE_OTHER;

        if (track->channel != NULL && strcmp(track->name, "packets") == 0 && strcmp(track->component, stage) == 0) {
            place->kind = PLACE_CHANNEL;
            place->channel = track;
        } else if (role != GAUGE_OTHER && is_of(track, role, component) && place->gauge_count < MOST_GAUGES) {
            place->gauges[place->gauge_count++] = (struct gauge){.track = track, .role = role};
        }
    }
}

struct bottleneck_causes *bottleneck_causes_create(const struct sim *sim, const struct scenario *scenario,
                                                   const struct holdups *holdups)
{
    struct bottleneck_causes *causes = sim_allocate(1, sizeof(*causes));

    causes->count = sim_stage_count(sim) + 1;
    causes->places = sim_allocate(causes->count, sizeof(*causes->places));
    for (uint32_t i = 1; i < causes->count; i++) {
        struct place *place = &causes->places[i];
        const char *stage = sim_stage_name(sim, i);
        const char *arrow = strstr(stage, " -> ");

        describe(place, sim, scenario, holdups, stage);
        place->beyond = place->channel != NULL && place->channel->channel->wire != NULL ? BOTTLENECK_CREDIT
                        : arrow != NULL && is_numbered(arrow + 4, "rd")                 ? BOTTLENECK_CREDIT
                                                                                        : BOTTLENECK_PORT;
    }
    return causes;
}

void bottleneck_causes_destroy(struct bottleneck_causes *causes)
{
    free(causes->places);
    free(causes);
}

bool bottleneck_causes_is_miss(const struct bottleneck_causes *causes, uint32_t stage)
{
    return causes->places[stage].miss;
}

uint32_t bottleneck_causes_owner(const struct bottleneck_causes *causes, uint32_t stage)
{
    return causes->places[stage].owner;
}

/* ---- Asking ---- */

/** Which of two reasons says more: those that are scarce before those that are in use. */
static unsigned weight_of(enum bottleneck_resource resource)
{
    static const unsigned weights[BOTTLENECK_RESOURCES] = {
        [BOTTLENECK_WALK] = 6,       [BOTTLENECK_SLOT] = 5,  [BOTTLENECK_COMMAND_QUEUE] = 4,
        [BOTTLENECK_HYPERVISOR] = 3, [BOTTLENECK_CACHE] = 2, [BOTTLENECK_ORDER] = 1,
    };

    return resource == BOTTLENECK_RESOURCES ? 0 : weights[resource];
}

static enum bottleneck_resource says(const struct gauge *gauge, uint64_t value)
{
    const bool full = value >= gauge->track->capacity;

    if (value == 0) {
        return BOTTLENECK_RESOURCES;
    }
    switch (gauge->role) {
    case GAUGE_WALKS:
        return full ? BOTTLENECK_WALK : BOTTLENECK_CACHE;
    case GAUGE_FETCHES:
        return full ? BOTTLENECK_SLOT : BOTTLENECK_CACHE;
    case GAUGE_SLOTS:
        return full ? BOTTLENECK_SLOT : BOTTLENECK_RESOURCES;
    case GAUGE_COMMANDS:
        return BOTTLENECK_COMMAND_QUEUE;
    case GAUGE_HYPERVISOR:
        return BOTTLENECK_HYPERVISOR;
    case GAUGE_HELD:
        return BOTTLENECK_ORDER;
    default:
        return BOTTLENECK_RESOURCES;
    }
}

/** What the gauges of a place say about a time; BOTTLENECK_RESOURCES: nothing. */
static enum bottleneck_resource ask_gauges(const struct place *place, sim_time time, sim_time *until)
{
    enum bottleneck_resource answer = BOTTLENECK_RESOURCES;

    for (size_t i = 0; i < place->gauge_count; i++) {
        const struct gauge *gauge = &place->gauges[i];
        const enum bottleneck_resource said = says(gauge, holdup_at(gauge->track, time, until));

        answer = weight_of(said) > weight_of(answer) ? said : answer;
    }
    return answer;
}

/** What one waits for at a hop, at a time; BOTTLENECK_RESOURCES: nothing that is known. */
static enum bottleneck_resource ask(const struct bottleneck_causes *causes, const struct recorded_packet *packet,
                                    const struct recorded_hop *hops, uint32_t place, sim_time time, sim_time *until)
{
    const struct place *here = &causes->places[hops[place].stage];
    enum bottleneck_resource answer = BOTTLENECK_RESOURCES;

    if (here->kind == PLACE_REDISTRIBUTOR) {
        /* It shows what is pending at once: whoever waits there waits for the PE where the way ends. */
        answer = ask_gauges(&causes->places[hops[packet->hop_count - 1].stage], time, until);
    } else if (place + 1 < packet->hop_count && causes->places[hops[place + 1].stage].channel != NULL) {
        const struct place *next = &causes->places[hops[place + 1].stage];
        const uint64_t state = holdup_at(next->channel, time, until);

        if (state == HOLDUP_CREDIT && place + 2 < packet->hop_count) {
            answer = ask(causes, packet, hops, place + 2, time, until);
        }
        if (state != HOLDUP_OPEN && answer == BOTTLENECK_RESOURCES) {
            answer = state == HOLDUP_CREDIT ? next->beyond : BOTTLENECK_PORT;
        }
    }
    return answer != BOTTLENECK_RESOURCES ? answer : ask_gauges(here, time, until);
}

/** What one waits for at a place when nothing that is scarce can be seen. */
static enum bottleneck_resource otherwise(const struct place *place)
{
    switch (place->kind) {
    case PLACE_ITS:
        return BOTTLENECK_CACHE; /* its tables are read */
    case PLACE_REDISTRIBUTOR:
    case PLACE_PE:
        return BOTTLENECK_PE;
    default:
        return place->miss ? BOTTLENECK_CACHE : BOTTLENECK_PORT; /* its turn */
    }
}

/** A part of the time at one hop. */
static void divide(const struct bottleneck_causes *causes, const struct recorded_packet *packet,
                   const struct recorded_hop *hops, uint32_t place, sim_time begin, sim_time end, double *sums)
{
    const struct place *here = &causes->places[hops[place].stage];

    while (begin < end) {
        enum bottleneck_resource resource = BOTTLENECK_PORT;
        sim_time until = end;

        if (here->kind != PLACE_CHANNEL) { /* what takes longer there than the way waits for the wire */
            resource = ask(causes, packet, hops, place, begin, &until);
            resource = resource == BOTTLENECK_RESOURCES ? otherwise(here) : resource;
        }
        sums[resource] += (double)(until - begin);
        begin = until;
    }
}

void bottleneck_causes_divide(const struct bottleneck_causes *causes, const struct recorded_packet *packet,
                              const struct recorded_hop *hops, uint32_t first, uint32_t last, sim_time begin,
                              sim_time wait, const sim_time *least, double sums[BOTTLENECK_RESOURCES])
{
    sim_time start = begin;

    /* A walk's end is its own; before, it may have waited to begin. */
    for (uint32_t i = first; i <= last; i++) {
        const sim_time end = hops[i].end;

        if (bottleneck_causes_is_miss(causes, hops[i].stage)) {
            const sim_time part = sim_time_min(wait, end - start);
            const sim_time own = sim_time_min(part, least[hops[i].stage]);

            divide(causes, packet, hops, i, end - part, end - own, sums);
            sums[BOTTLENECK_CACHE] += (double)own;
            wait -= part;
        }
        start = end;
    }
    start = begin;
    for (uint32_t i = first; i <= last; i++) {
        const sim_time part = sim_time_min(wait, hops[i].end - start);

        if (!bottleneck_causes_is_miss(causes, hops[i].stage)) {
            divide(causes, packet, hops, i, start, start + part, sums);
            wait -= part;
        }
        start = hops[i].end;
    }
}

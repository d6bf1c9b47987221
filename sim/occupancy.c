#include "sim/occupancy.h"

#include "sim/sim_internal.h"

#include <stdlib.h>
#include <string.h>

/** What a resource's value is read from, and what is known of it. */
struct meter {
    const struct sim_channel *channel; /**< NULL: a gauge */
    bool units;                        /**< of the channel's packets, their data units */
    const struct sim_gauge *gauge;
    uint64_t value;
    sim_time since; /**< accounted up to then */
    sim_time known; /**< a gauge with a clock: what happens by itself is noted up to then */
    bool touched;   /**< in the list of those to be read */
};

/** The meters that an evaluation of a component may change: a part of struct sim_occupancy's `members`. */
struct span {
    size_t first;
    size_t count;
};

struct sim_occupancy {
    struct sim *sim;
    struct meter *meters;
    struct sim_occupancy_resource *resources; /**< one a meter */
    size_t count;
    struct span *spans;           /**< by component */
    size_t *members;              /**< indexes of meters */
    sim_evaluate_fn *evaluations; /**< by component: its own function while a record is under way */
    size_t *touched;              /**< meters to be read when the instant is done */
    size_t touched_count;
    size_t *clocks; /**< meters of gauges that change by themselves */
    size_t clock_count;
    sim_time instant; /**< that is under way */
    sim_time begin;
    sim_time last; /**< change */
    sim_time end;
    sim_time width;
    bool running;
    struct sim_occupancy_listener listener; /**< `heard` NULL: nobody */
};

/* ---- Buckets ---- */

static const struct sim_occupancy_bucket empty = {.least = UINT64_MAX};

static void join(struct sim_occupancy_bucket *to, const struct sim_occupancy_bucket *from)
{
    to->least = from->least < to->least ? from->least : to->least;
    to->most = from->most > to->most ? from->most : to->most;
    to->area += from->area;
}

static void fold(struct sim_occupancy_resource *resource)
{
    for (size_t i = 0; i < SIM_OCCUPANCY_BUCKETS; i++) {
        struct sim_occupancy_bucket joined = empty;

        if (i < SIM_OCCUPANCY_BUCKETS / 2) {
            joined = resource->buckets[2 * i];
            join(&joined, &resource->buckets[2 * i + 1]);
        }
        resource->buckets[i] = joined;
    }
}

/** Makes the buckets reach up to an instant. */
static void reach(struct sim_occupancy *occupancy, sim_time time)
{
    while ((time - occupancy->begin) / occupancy->width >= SIM_OCCUPANCY_BUCKETS) {
        for (size_t i = 0; i < occupancy->count; i++) {
            fold(&occupancy->resources[i]);
        }
        occupancy->width *= 2;
    }
}

/** Accounts a meter's value up to @p time. */
static void account(struct sim_occupancy *occupancy, size_t index, sim_time time)
{
    struct meter *meter = &occupancy->meters[index];
    struct sim_occupancy_resource *resource = &occupancy->resources[index];
    const uint64_t value = meter->value;

    while (meter->since < time) {
        const sim_time place = (meter->since - occupancy->begin) / occupancy->width;
        const sim_time until = sim_time_min(time, occupancy->begin + (place + 1) * occupancy->width);
        const struct sim_occupancy_bucket part = {
            .least = value, .most = value, .area = (unsigned __int128)value * (until - meter->since)};

        join(&resource->buckets[place], &part);
        join(&resource->all, &part);
        meter->since = until;
    }
}

/* ---- Reading ---- */

static uint64_t read_meter(const struct meter *meter, sim_time now)
{
    uint64_t units = 0;

    if (meter->channel == NULL && meter->gauge->clock != NULL) {
        return meter->gauge->clock->read(meter->gauge->context, now);
    }
    if (meter->channel == NULL) {
        return meter->gauge->read(meter->gauge->context);
    }
    if (!meter->units) {
        return sim_channel_occupancy(meter->channel);
    }
    for (uint32_t i = 0; i < meter->channel->capacity; i++) {
        const struct sim_channel_slot *slot = &meter->channel->slots[i];

        units += slot->packet != NULL ? slot->units : 0;
    }
    return units;
}

/** A value has become another. */
static void note(struct sim_occupancy *occupancy, size_t index, uint64_t value, sim_time time)
{
    if (time > occupancy->begin) { /* simulations may have something to do before a record's beginning */
        reach(occupancy, time);
        account(occupancy, index, time);
    }
    occupancy->meters[index].value = value;
}

static void tell(const struct sim_occupancy *occupancy, size_t index, sim_time instant)
{
    if (occupancy->listener.heard != NULL) {
        occupancy->listener.heard(occupancy->listener.context, occupancy, index, instant,
                                  occupancy->meters[index].value);
    }
}

/** Notes what the instant has changed that is done now. */
static void end_instant(struct sim_occupancy *occupancy)
{
    for (size_t i = 0; i < occupancy->touched_count; i++) {
        const size_t index = occupancy->touched[i];
        struct meter *meter = &occupancy->meters[index];
        const uint64_t value = read_meter(meter, occupancy->instant);

        meter->touched = false;
        if (value != meter->value) {
            note(occupancy, index, value, occupancy->instant);
            occupancy->last = sim_time_max(occupancy->last, occupancy->instant);
        }
        tell(occupancy, index, occupancy->instant);
    }
    occupancy->touched_count = 0;
}

/** Has the meters read that a component may change, when the instant is done. */
static void touch(struct sim_occupancy *occupancy, const struct sim_component *component)
{
    const struct span *span = &occupancy->spans[component->index];

    for (size_t i = span->first; i < span->first + span->count; i++) {
        const size_t index = occupancy->members[i];

        if (!occupancy->meters[index].touched) {
            occupancy->meters[index].touched = true;
            occupancy->touched[occupancy->touched_count++] = index;
        }
    }
}

/** Notes what changes by itself, up to and at a time before which nobody does anything. */
static void let_pass(struct sim_occupancy *occupancy, sim_time until)
{
    for (size_t i = 0; i < occupancy->clock_count; i++) {
        const size_t index = occupancy->clocks[i];
        struct meter *meter = &occupancy->meters[index];
        const struct sim_gauge_clock *clock = meter->gauge->clock;

        for (sim_time time = clock->next(meter->gauge->context, meter->known); time <= until;
             time = clock->next(meter->gauge->context, time)) {
            note(occupancy, index, clock->read(meter->gauge->context, time), time);
            tell(occupancy, index, time);
        }
        meter->known = until;
    }
}

static void begin_instant(struct sim_occupancy *occupancy, sim_time now)
{
    if (now != occupancy->instant) {
        end_instant(occupancy);
        let_pass(occupancy, now);
        occupancy->instant = now;
    }
}

/** Stands in for every component's own function. */
static sim_time evaluate(struct sim_component *component, sim_time now)
{
    struct sim_occupancy *occupancy = component->sim->occupancy;
    sim_time due;

    begin_instant(occupancy, now);
    due = occupancy->evaluations[component->index](component, now);
    touch(occupancy, component);
    return due;
}

void sim_occupancy_touch(struct sim_component *component)
{
    struct sim_occupancy *occupancy = component->sim->occupancy;

    if (occupancy != NULL) {
        begin_instant(occupancy, sim_now(component->sim));
        touch(occupancy, component);
    }
}

/* ---- From beginning to end ---- */

static void add(struct sim_occupancy *occupancy, const struct meter *meter, const char *component, const char *name,
                uint64_t capacity)
{
    struct sim_occupancy_resource *resource = &occupancy->resources[occupancy->count];

    occupancy->meters[occupancy->count++] = *meter;
    resource->component = component;
    resource->name = name;
    resource->capacity = capacity;
}

static void list_meters(struct sim_occupancy *occupancy)
{
    const struct sim *sim = occupancy->sim;

    for (size_t i = 0; i < sim->channels.count; i++) {
        const struct sim_channel *channel = sim->channels.items[i];
        struct meter meter = {.channel = channel};

        add(occupancy, &meter, channel->name, "packets", channel->capacity);
        if (channel->units != 0) {
            meter.units = true;
            add(occupancy, &meter, channel->name, "data-credits", channel->units);
        }
    }
    for (size_t i = 0; i < sim->components.count; i++) {
        const struct sim_component *component = sim->components.items[i];

        for (size_t j = 0; j < sim->gauges.count; j++) {
            const struct sim_gauge *gauge = sim->gauges.items[j];
            const struct meter meter = {.gauge = gauge};

            if (gauge->component == component) {
                if (gauge->clock != NULL) {
                    occupancy->clocks[occupancy->clock_count++] = occupancy->count;
                }
                add(occupancy, &meter, component->name, gauge->name, gauge->capacity);
            }
        }
    }
}

/** Finds for each component what it may change: at most two components a meter. */
static void list_members(struct sim_occupancy *occupancy)
{
    const struct sim *sim = occupancy->sim;
    size_t *next = sim_allocate(sim->components.count + 1, sizeof(*next));
    size_t first = 0;

    for (size_t i = 0; i < occupancy->count; i++) {
        const struct meter *meter = &occupancy->meters[i];

        if (meter->channel == NULL) {
            occupancy->spans[meter->gauge->component->index].count++;
            continue;
        }
        occupancy->spans[meter->channel->writer->index].count++;
        occupancy->spans[meter->channel->reader->index].count += meter->channel->reader != meter->channel->writer;
    }
    for (size_t i = 0; i < sim->components.count; i++) {
        occupancy->spans[i].first = next[i] = first;
        first += occupancy->spans[i].count;
    }
    for (size_t i = 0; i < occupancy->count; i++) {
        const struct meter *meter = &occupancy->meters[i];
        const struct sim_component *ends[2] = {meter->channel == NULL ? meter->gauge->component
                                                                      : meter->channel->writer,
                                               meter->channel == NULL ? NULL : meter->channel->reader};

        occupancy->members[next[ends[0]->index]++] = i;
        if (ends[1] != NULL && ends[1] != ends[0]) {
            occupancy->members[next[ends[1]->index]++] = i;
        }
    }
    free(next);
}

struct sim_occupancy *sim_occupancy_create(struct sim *sim)
{
    struct sim_occupancy *occupancy = sim_allocate(1, sizeof(*occupancy));
    const size_t most = 2 * sim->channels.count + sim->gauges.count;

    occupancy->sim = sim;
    occupancy->meters = sim_allocate(most + 1, sizeof(*occupancy->meters));
    occupancy->resources = sim_allocate(most + 1, sizeof(*occupancy->resources));
    occupancy->touched = sim_allocate(most + 1, sizeof(*occupancy->touched));
    occupancy->clocks = sim_allocate(most + 1, sizeof(*occupancy->clocks));
    occupancy->members = sim_allocate(2 * most + 1, sizeof(*occupancy->members));
    occupancy->spans = sim_allocate(sim->components.count + 1, sizeof(*occupancy->spans));
    occupancy->evaluations = sim_allocate(sim->components.count + 1, sizeof(*occupancy->evaluations));
    occupancy->width = SIM_NS;
    list_meters(occupancy);
    list_members(occupancy);
    for (size_t i = 0; i < occupancy->count; i++) {
        occupancy->resources[i].all = empty;
        for (size_t j = 0; j < SIM_OCCUPANCY_BUCKETS; j++) {
            occupancy->resources[i].buckets[j] = empty;
        }
    }
    return occupancy;
}

void sim_occupancy_listen(struct sim_occupancy *occupancy, const struct sim_occupancy_listener *listener)
{
    occupancy->listener = *listener;
}

void sim_occupancy_start(struct sim_occupancy *occupancy, sim_time start)
{
    struct sim *sim = occupancy->sim;

    occupancy->begin = occupancy->last = start;
    occupancy->instant = sim_now(sim);
    for (size_t i = 0; i < occupancy->count; i++) {
        occupancy->meters[i].value = read_meter(&occupancy->meters[i], start);
        occupancy->meters[i].since = start;
        occupancy->meters[i].known = start;
        tell(occupancy, i, start);
    }
    for (size_t i = 0; i < sim->components.count; i++) {
        struct sim_component *component = sim->components.items[i];

        occupancy->evaluations[i] = component->evaluate;
        component->evaluate = evaluate;
    }
    sim->occupancy = occupancy;
    occupancy->running = true;
}

void sim_occupancy_finish(struct sim_occupancy *occupancy, sim_time end)
{
    struct sim *sim = occupancy->sim;

    end_instant(occupancy);
    occupancy->end = end > occupancy->last ? end : occupancy->last;
    let_pass(occupancy, occupancy->end);
    reach(occupancy, occupancy->end);
    for (size_t i = 0; i < occupancy->count; i++) {
        const struct sim_gauge *gauge = occupancy->meters[i].gauge;

        account(occupancy, i, occupancy->end);
        if (gauge != NULL && gauge->size != NULL) {
            occupancy->resources[i].capacity = gauge->size(gauge->context);
        }
    }
    for (size_t i = 0; i < sim->components.count; i++) {
        struct sim_component *component = sim->components.items[i];

        component->evaluate = occupancy->evaluations[i];
    }
    sim->occupancy = NULL;
    occupancy->running = false;
}

void sim_occupancy_destroy(struct sim_occupancy *occupancy)
{
    if (occupancy == NULL) {
        return;
    }
    free(occupancy->evaluations);
    free(occupancy->spans);
    free(occupancy->members);
    free(occupancy->touched);
    free(occupancy->clocks);
    free(occupancy->resources);
    free(occupancy->meters);
    free(occupancy);
}

/* ---- What was recorded ---- */

sim_time sim_occupancy_duration(const struct sim_occupancy *occupancy)
{
    return occupancy->end - occupancy->begin;
}

sim_time sim_occupancy_width(const struct sim_occupancy *occupancy)
{
    return occupancy->width;
}

size_t sim_occupancy_used(const struct sim_occupancy *occupancy)
{
    return (size_t)((sim_occupancy_duration(occupancy) + occupancy->width - 1) / occupancy->width);
}

size_t sim_occupancy_count(const struct sim_occupancy *occupancy)
{
    return occupancy->count;
}

const struct sim_occupancy_resource *sim_occupancy_at(const struct sim_occupancy *occupancy, size_t i)
{
    return &occupancy->resources[i];
}

const struct sim_channel *sim_occupancy_channel(const struct sim_occupancy *occupancy, size_t i)
{
    return occupancy->meters[i].channel;
}

#include "sim/sim.h"

#include "sim/sim_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_vector_push(struct sim_vector *vector, void *item)
{
    if (vector->count == vector->capacity) {
        size_t capacity = vector->capacity > 0 ? 2 * vector->capacity : 16;
        void **items = realloc(vector->items, capacity * sizeof(*items));

        if (items == NULL) {
            fputs("doorbell: out of memory\n", stderr);
            abort();
        }
        vector->items = items;
        vector->capacity = capacity;
    }
    vector->items[vector->count++] = item;
}

void sim_choose_way(struct sim *sim)
{
    const bool swift = sim->swift;
    const bool ferried = sim->ferried;

    sim->quick = sim->config.engine == SIM_ENGINE_NATIVE && sim->schedule == NULL;
    sim->swift = sim->quick && sim->carried == 0 && sim->hot.observer.mark == NULL;
    sim->ferried = sim->carried > 0 && sim->carried == sim->channels.count && sim->hot.observer.mark == NULL;
    for (size_t i = 0; (swift != sim->swift || ferried != sim->ferried) && i < sim->channels.count; i++) {
        sim_channel_choose_way(sim->channels.items[i]);
    }
}

struct sim *sim_create(const struct sim_config *config)
{
    struct sim *sim = sim_allocate(1, sizeof(*sim));
    unsigned shift = config->queue_shift > 0 ? config->queue_shift : SIM_QUEUE_DEFAULT_SHIFT;
    unsigned slots = config->queue_slots_log2 > 0 ? config->queue_slots_log2 : SIM_QUEUE_DEFAULT_SLOTS_LOG2;

    sim->config = *config;
    sim_choose_way(sim);
    sim->shuffle_state = config->shuffle_seed;
    sim_queue_init(&sim->queue, shift, slots, 1024);
    sim_pool_init(&sim->pool, config->payload_block > 0 ? config->payload_block : 512);
    return sim;
}

static void release_vector(struct sim_vector *vector, bool items)
{
    for (size_t i = 0; items && i < vector->count; i++) {
        free(vector->items[i]);
    }
    free(vector->items);
}

void sim_destroy(struct sim *sim)
{
    if (sim == NULL) {
        return;
    }
    sim_queue_release(&sim->queue);
    sim_pool_release(&sim->pool);
    release_vector(&sim->components, false);
    release_vector(&sim->channels, false);
    release_vector(&sim->stages, false);
    release_vector(&sim->counters, true);
    release_vector(&sim->gauges, true);
    arena_release(&sim->memory);
    free(sim->batch);
    free(sim);
}

void *sim_alloc(struct sim *sim, size_t bytes)
{
    return arena_take(&sim->memory, bytes);
}

void *sim_alloc_stock(struct sim *sim, size_t bytes)
{
    return arena_take_filled(&sim->memory, bytes);
}

char *sim_strdup(struct sim *sim, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = sim_alloc(sim, size);

    memcpy(copy, text, size);
    return copy;
}

char *sim_printf(struct sim *sim, const char *format, ...)
{
    va_list arguments;
    va_list again;
    int length;
    char *text;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = sim_alloc(sim, (size_t)(length > 0 ? length : 0) + 1);
    if (length > 0) {
        vsnprintf(text, (size_t)length + 1, format, arguments);
    }
    va_end(arguments);
    return text;
}

sim_time sim_now(const struct sim *sim)
{
    return sim->hot.now;
}

uint64_t sim_seed(const struct sim *sim)
{
    return sim->config.seed;
}

uint64_t sim_evaluations(const struct sim *sim)
{
    return sim->evaluations;
}

const struct sim_packet_pool *sim_pool(const struct sim *sim)
{
    return &sim->pool;
}

size_t sim_component_count(const struct sim *sim)
{
    return sim->components.count;
}

struct sim_component *sim_component_at(const struct sim *sim, size_t i)
{
    return sim->components.items[i];
}

struct sim_component *sim_component_find(struct sim *sim, const char *name)
{
    for (size_t i = 0; i < sim->components.count; i++) {
        struct sim_component *component = sim->components.items[i];

        if (strcmp(component->name, name) == 0) {
            return component;
        }
    }
    return NULL;
}

size_t sim_channel_count(const struct sim *sim)
{
    return sim->channels.count;
}

struct sim_channel *sim_channel_at(const struct sim *sim, size_t i)
{
    return sim->channels.items[i];
}

void sim_record_schedule(struct sim *sim, struct sim_schedule *schedule)
{
    sim->schedule = schedule;
    sim->watched = schedule != NULL || sim->trace != NULL;
    sim_choose_way(sim);
}

/* ---- Components ---- */

void sim_component_init(struct sim_component *component, struct sim *sim, const char *name, sim_time period,
                        sim_evaluate_fn evaluate)
{
    if (sim_component_find(sim, name) != NULL) {
        sim_panic(sim, component, NULL, "two components are called %s", name);
    }
    if (period == 0) {
        sim_panic(sim, component, NULL, "%s has no clock", name);
    }
    sim_queue_event_init(&component->event);
    component->evaluate = evaluate;
    component->sim = sim;
    component->period = period;
    component->due = SIM_TIME_NEVER;
    component->name = sim_strdup(sim, name);
    component->index = (uint32_t)sim->components.count;
    component->stage = sim_stage_register(sim, name);
    sim_vector_push(&sim->components, component);
    sim->batch = realloc(sim->batch, sim->components.count * sizeof(struct sim_component *));
    if (sim->batch == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
}

static void record(struct sim_schedule *schedule, uint32_t component, sim_time time)
{
    if (schedule->count < schedule->capacity) {
        schedule->entries[schedule->count].component = component;
        schedule->entries[schedule->count].time = time;
        schedule->count++;
    }
}

SIM_HOT void sim_wake(struct sim_component *component, sim_time time)
{
    struct sim *sim = component->sim;

    if (time >= component->due) {
        return;
    }
    if (time <= sim->hot.now && sim->started) {
        sim_panic(sim, component, NULL, "woken at %llu fs, which has passed", (unsigned long long)time);
    }
    sim->awake += component->due == SIM_TIME_NEVER;
    component->due = time;
    if (sim->config.engine == SIM_ENGINE_NATIVE) {
        sim_queue_set(&sim->queue, &component->event, time);
        if (sim->schedule != NULL) {
            record(sim->schedule, component->index, time);
        }
    } else if (sim->config.engine == SIM_ENGINE_SYSTEMC && sim->started) {
        sim->config.ops->wake(component, time);
    }
}

uint64_t sim_shuffle_draw(struct sim *sim)
{
    uint64_t mixed;

    /* SplitMix64: the order need not be good, only different. */
    sim->shuffle_state += 0x9e3779b97f4a7c15u;
    mixed = sim->shuffle_state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

void sim_shuffle_batch(struct sim *sim, size_t count)
{
    if (!sim->config.shuffle) {
        return;
    }
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)(sim_shuffle_draw(sim) % i);
        struct sim_component *swap = sim->batch[i - 1];

        sim->batch[i - 1] = sim->batch[j];
        sim->batch[j] = swap;
    }
}

SIM_HOT enum sim_run_result sim_run(struct sim *sim, sim_time end)
{
    enum sim_run_result result;

    sim->stop = false;
    switch (sim->config.engine) {
    case SIM_ENGINE_NATIVE:
        sim->started = true;
        result = sim_run_native(sim, end);
        break;
    case SIM_ENGINE_EVERY_CYCLE:
        sim->started = true;
        result = sim_run_every_cycle(sim, end);
        break;
    default:
        if (!sim->started) {
            if (sim->config.ops == NULL || !sim->config.ops->start(sim)) {
                sim_panic(sim, NULL, NULL, "the systemc engine is not available");
            }
            sim->started = true;
        }
        sim->config.ops->run(sim, end);
        result = sim->stop ? SIM_RUN_STOPPED : sim->awake == 0 ? SIM_RUN_DRAINED : SIM_RUN_REACHED_END;
        break;
    }
    if (result == SIM_RUN_REACHED_END) {
        sim->hot.now = end;
    }
    return result;
}

void sim_request_stop(struct sim *sim)
{
    sim->stop = true;
    if (sim->config.engine == SIM_ENGINE_SYSTEMC) {
        sim->config.ops->stop(sim);
    }
}

sim_time sim_next_due(const struct sim *sim)
{
    return sim_queue_next_time(&sim->queue);
}

void sim_bring_forward(struct sim *sim, sim_time now)
{
    if (sim->config.engine != SIM_ENGINE_NATIVE || now < sim->hot.now || sim_next_due(sim) < now) {
        sim_panic(sim, NULL, NULL, "time cannot be brought forward to %llu fs: something is due before",
                  (unsigned long long)now);
    }
    sim->started = true;
    sim->hot.now = now;
}

/* ---- Observation ---- */

void sim_observe(struct sim *sim, const struct sim_observer *observer)
{
    if (observer != NULL) {
        sim->hot.observer = *observer;
    } else {
        memset(&sim->hot.observer, 0, sizeof(sim->hot.observer));
    }
    sim->trail_room = sim->hot.observer.trails ? SIM_PACKET_TRAIL : 0;
    sim_choose_way(sim);
}

uint32_t sim_stage_register(struct sim *sim, const char *name)
{
    sim_vector_push(&sim->stages, sim_strdup(sim, name));
    return (uint32_t)sim->stages.count;
}

const char *sim_stage_name(const struct sim *sim, uint32_t stage)
{
    return stage >= 1 && stage <= sim->stages.count ? sim->stages.items[stage - 1] : "";
}

uint32_t sim_stage_count(const struct sim *sim)
{
    return (uint32_t)sim->stages.count;
}

void sim_counter_register(struct sim_component *component, const char *name, const uint64_t *value)
{
    struct sim_counter *counter = sim_allocate(1, sizeof(*counter));

    counter->component = component->name;
    counter->name = sim_strdup(component->sim, name);
    counter->value = value;
    sim_vector_push(&component->sim->counters, counter);
}

uint32_t sim_counter_count(const struct sim *sim)
{
    return (uint32_t)sim->counters.count;
}

void sim_counter_get(const struct sim *sim, uint32_t i, const char **component, const char **name, uint64_t *value)
{
    const struct sim_counter *counter = sim->counters.items[i];

    *component = counter->component;
    *name = counter->name;
    *value = *counter->value;
}

static struct sim_gauge *add_gauge(struct sim_component *component, const char *name, sim_gauge_fn read,
                                   const void *context)
{
    struct sim_gauge *gauge = sim_allocate(1, sizeof(*gauge));

    gauge->component = component;
    gauge->name = sim_strdup(component->sim, name);
    gauge->read = read;
    gauge->context = context;
    sim_vector_push(&component->sim->gauges, gauge);
    return gauge;
}

void sim_gauge_register(struct sim_component *component, const char *name, uint64_t capacity, sim_gauge_fn read,
                        const void *context)
{
    if (capacity > 0) {
        add_gauge(component, name, read, context)->capacity = capacity;
    }
}

void sim_gauge_register_timed(struct sim_component *component, const char *name, uint64_t capacity,
                              const struct sim_gauge_clock *clock, const void *context)
{
    if (capacity > 0) {
        struct sim_gauge *gauge = add_gauge(component, name, NULL, context);

        gauge->capacity = capacity;
        gauge->clock = clock;
    }
}

void sim_gauge_register_sized(struct sim_component *component, const char *name, sim_gauge_fn capacity,
                              sim_gauge_fn read, const void *context)
{
    add_gauge(component, name, read, context)->size = capacity;
}

/* ---- Broken invariants ---- */

void sim_panic(struct sim *sim, const struct sim_component *component, const struct sim_packet *packet,
               const char *format, ...)
{
    char message[512];
    char text[768];
    char what[96] = "";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (packet != NULL) {
        snprintf(what, sizeof(what), ", packet %016llx (type %u, address 0x%llx)", (unsigned long long)packet->id,
                 packet->type, (unsigned long long)packet->address);
    }
    snprintf(text, sizeof(text), "internal error at %llu.%06llu ns in %s%s: %s",
             (unsigned long long)(sim->hot.now / SIM_NS), (unsigned long long)(sim->hot.now % SIM_NS),
             component != NULL && component->name != NULL ? component->name : "the engine", what, message);
    if (sim->config.panic != NULL) {
        sim->config.panic(sim->config.panic_context, text);
    }
    fprintf(stderr, "doorbell: %s\n", text);
    abort();
}

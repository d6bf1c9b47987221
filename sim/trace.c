#include "sim/trace.h"

#include "sim/trace_internal.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Signals ---- */

/** A name as a VCD viewer takes it. */
static char *plain_name(const char *name)
{
    char *plain = sim_allocate(2 * strlen(name) + 1, 1);
    size_t length = 0;

    while (*name != '\0') {
        if (strncmp(name, " -> ", 4) == 0) {
            memcpy(plain + length, "_to_", 4);
            length += 4;
            name += 4;
        } else {
            plain[length++] = '_';
            if (isalnum((unsigned char)*name) != 0) {
                plain[length - 1] = *name;
            }
            name++;
        }
    }
    plain[length] = '\0';
    return plain;
}

static bool is_chosen(const char *name, const char *const *scopes, size_t scope_count)
{
    for (size_t i = 0; i < scope_count; i++) {
        if (fnmatch(scopes[i], name, 0) == 0) {
            return true;
        }
    }
    return scopes == NULL;
}

static struct sim_signal *add(struct sim_trace *trace, enum sim_signal_kind kind, unsigned width, char *scope,
                              const char *name)
{
    struct sim_signal *signal;

    if (trace->count == trace->capacity) {
        size_t capacity = trace->capacity > 0 ? 2 * trace->capacity : 64;
        struct sim_signal *grown = sim_allocate(capacity, sizeof(*grown));

        if (trace->count > 0) {
            memcpy(grown, trace->signals, trace->count * sizeof(*grown));
        }
        free(trace->signals);
        trace->signals = grown;
        trace->capacity = capacity;
    }
    signal = &trace->signals[trace->count++];
    *signal = (struct sim_signal){.kind = kind, .width = width, .scope = scope, .name = plain_name(name)};
    return signal;
}

/** A scope for a channel: two may have names that look the same in a VCD. */
static char *channel_scope(const struct sim_trace *trace, const char *name)
{
    char *plain = plain_name(name);
    unsigned same = 1;

    for (size_t i = 0; i < trace->count; i++) {
        size_t length = strlen(plain);

        if (trace->signals[i].kind == SIM_SIGNAL_HELD && strncmp(trace->signals[i].scope, plain, length) == 0 &&
            (trace->signals[i].scope[length] == '\0' || strncmp(trace->signals[i].scope + length, "__", 2) == 0)) {
            same++;
        }
    }
    if (same > 1) {
        size_t size = strlen(plain) + 16;
        char *numbered = sim_allocate(size, 1);

        snprintf(numbered, size, "%s__%u", plain, same);
        free(plain);
        plain = numbered;
    }
    return plain;
}

static char *copy_of(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(sim_allocate(size, 1), text, size);
}

static void describe_channels(struct sim_trace *trace, const char *const *scopes, size_t scope_count)
{
    for (size_t i = 0; i < sim_channel_count(trace->sim); i++) {
        const struct sim_channel *channel = sim_channel_at(trace->sim, i);
        char *scope;

        if (!is_chosen(channel->name, scopes, scope_count)) {
            continue;
        }
        scope = channel_scope(trace, channel->name);
        add(trace, SIM_SIGNAL_HELD, 16, scope, "held")->channel = channel;
        add(trace, SIM_SIGNAL_PUSHED, 32, copy_of(scope), "pushed")->channel = channel;
        add(trace, SIM_SIGNAL_HEAD, 64, copy_of(scope), "head")->channel = channel;
    }
}

/** Counters in the order in which they were registered, those of a component together. */
static void describe_counters(struct sim_trace *trace, const char *const *scopes, size_t scope_count)
{
    const struct sim_vector *counters = &trace->sim->counters;

    for (size_t i = 0; i < sim_component_count(trace->sim); i++) {
        const struct sim_component *component = sim_component_at(trace->sim, i);

        for (size_t j = 0; is_chosen(component->name, scopes, scope_count) && j < counters->count; j++) {
            const struct sim_counter *counter = counters->items[j];

            if (strcmp(counter->component, component->name) == 0) {
                add(trace, SIM_SIGNAL_COUNTER, 64, plain_name(component->name), counter->name)->counter =
                    counter->value;
            }
        }
    }
}

uint64_t sim_signal_value(const struct sim_signal *signal)
{
    switch (signal->kind) {
    case SIM_SIGNAL_HELD:
        return sim_channel_occupancy(signal->channel);
    case SIM_SIGNAL_PUSHED:
        return signal->channel->pushed & UINT32_MAX;
    case SIM_SIGNAL_HEAD: {
        const struct sim_packet *packet = signal->channel->head->packet;

        return packet != NULL ? packet->id : 0;
    }
    case SIM_SIGNAL_COUNTER:
        break;
    }
    return *signal->counter;
}

size_t sim_trace_count(const struct sim_trace *trace)
{
    return trace->count;
}

const struct sim_signal *sim_trace_signal(const struct sim_trace *trace, size_t i)
{
    return &trace->signals[i];
}

/* ---- The file ---- */

/** Short codes of printable characters: the shorter the more often they come. */
static const char *code_of(size_t number, char code[8])
{
    size_t length = 0;

    do {
        code[length++] = (char)('!' + number % 94);
        number /= 94;
    } while (number > 0);
    code[length] = '\0';
    return code;
}

static void write_header(struct sim_trace *trace)
{
    char code[8];

    fprintf(trace->stream, "$timescale 1 fs $end\n$scope module doorbell $end\n");
    for (size_t i = 0; i < trace->count; i++) {
        const struct sim_signal *signal = &trace->signals[i];

        if (i == 0 || strcmp(signal->scope, trace->signals[i - 1].scope) != 0) {
            fprintf(trace->stream, "%s$scope module %s $end\n", i == 0 ? "" : "$upscope $end\n", signal->scope);
        }
        fprintf(trace->stream, "$var wire %u %s %s $end\n", signal->width, code_of(i, code), signal->name);
    }
    fprintf(trace->stream, "$upscope $end\n$upscope $end\n$enddefinitions $end\n");
}

static void write_value(struct sim_trace *trace, size_t i)
{
    uint64_t value = trace->values[i];
    char bits[65];
    char code[8];
    unsigned at = 64;

    bits[at] = '\0';
    do {
        bits[--at] = (char)('0' + (value & 1));
        value >>= 1;
    } while (value != 0);
    fprintf(trace->stream, "b%s %s\n", bits + at, code_of(i, code));
}

/** All values, as they were before anything happened at the window's beginning. */
static void begin(struct sim_trace *trace)
{
    write_header(trace);
    trace->begun = true;
    if (trace->from == SIM_TIME_NEVER) {
        return; /* it was never opened */
    }
    fprintf(trace->stream, "#%" PRIu64 "\n$dumpvars\n", trace->from);
    for (size_t i = 0; i < trace->count; i++) {
        trace->values[i] = sim_signal_value(&trace->signals[i]);
        write_value(trace, i);
    }
    fprintf(trace->stream, "$end\n");
}

/** What has changed in the instant that is done now. */
static void write_changes(struct sim_trace *trace, sim_time instant)
{
    bool told = false;

    for (size_t i = 0; i < trace->count; i++) {
        uint64_t value = sim_signal_value(&trace->signals[i]);

        if (value == trace->values[i]) {
            continue;
        }
        if (!told) {
            fprintf(trace->stream, "#%" PRIu64 "\n", instant);
            told = true;
        }
        trace->values[i] = value;
        write_value(trace, i);
    }
}

void sim_trace_instant(struct sim_trace *trace, sim_time now)
{
    if (trace->begun && trace->instant < trace->to) {
        write_changes(trace, trace->instant);
    }
    if (!trace->begun && now >= trace->from) {
        begin(trace);
    }
    trace->instant = now;
}

/* ---- From beginning to end ---- */

struct sim_trace *sim_trace_create(struct sim *sim, FILE *stream, const char *const *scopes, size_t scope_count)
{
    struct sim_trace *trace = sim_allocate(1, sizeof(*trace));

    trace->sim = sim;
    trace->stream = stream;
    trace->from = SIM_TIME_NEVER;
    trace->instant = SIM_TIME_NEVER;
    describe_counters(trace, scopes, scope_count);
    describe_channels(trace, scopes, scope_count);
    trace->values = sim_allocate(trace->count + 1, sizeof(*trace->values));
    sim->trace = trace;
    sim->watched = true;
    if (trace->count == 0) {
        sim_trace_close(trace);
        return NULL;
    }
    return trace;
}

void sim_trace_open(struct sim_trace *trace, sim_time from, sim_time to)
{
    trace->from = from;
    trace->to = to;
    if (trace->opened != NULL) {
        trace->opened(trace);
    }
}

void sim_trace_close(struct sim_trace *trace)
{
    if (trace->finish != NULL) {
        trace->finish(trace);
    } else if (trace->count > 0) {
        sim_trace_instant(trace, SIM_TIME_NEVER);
    }
    for (size_t i = 0; i < trace->count; i++) {
        free(trace->signals[i].scope);
        free(trace->signals[i].name);
    }
    trace->sim->trace = NULL;
    trace->sim->watched = trace->sim->schedule != NULL;
    free(trace->signals);
    free(trace->values);
    free(trace);
}

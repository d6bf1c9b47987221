#include "tests/smmuv3/posted_sink.h"

struct posted_sink {
    struct sim_component component;
    struct sim_bus_port port;
    sim_time latency;
    sim_time stall_from;
    sim_time stall_until;
    struct posted_sink_seen *log;
    uint32_t capacity;
    uint32_t count;
};

uint64_t posted_sink_pattern(uint64_t address)
{
    return address * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

static void note(struct posted_sink *sink, const struct sim_packet *packet, sim_time now)
{
    if (sink->count < sink->capacity) {
        sink->log[sink->count] = (struct posted_sink_seen){
            .arrival = now,
            .id = packet->id,
            .address = packet->address,
            .stream_id = packet->stream_id,
            .device_id = packet->device_id,
            .flags = packet->flags,
            .sequence = packet->sequence,
            .type = packet->type,
        };
    }
    sink->count++;
}

static void take(struct posted_sink *sink, sim_time now)
{
    struct sim *sim = sink->component.sim;
    struct sim_packet *packet = sim_channel_pop(sink->port.request, now);
    uint64_t pattern = posted_sink_pattern(packet->address);

    note(sink, packet, now);
    if (packet->type == SIM_PACKET_WRITE) {
        sim_mark(sim, packet, sink->component.stage, now);
        sim_packet_free(sim, packet);
        return;
    }
    for (uint32_t i = 0; i < packet->length; i++) {
        packet->data[i] = (uint8_t)(i < 8 ? pattern >> 8 * i : 0);
    }
    packet->type = SIM_PACKET_COMPLETION;
    packet->status = SIM_STATUS_OK;
    sim_channel_push(sink->port.response, packet, now, sink->latency, 0, 0, 0);
}

static sim_time posted_sink_evaluate(struct sim_component *component, sim_time now)
{
    struct posted_sink *sink = (struct posted_sink *)component;
    sim_time next;

    if (now >= sink->stall_from && now < sink->stall_until) {
        next = sim_channel_next_arrival(sink->port.request);
        return next == SIM_TIME_NEVER ? next : sim_component_edge(component, sink->stall_until);
    }
    if (sim_channel_peek(sink->port.request, now) != NULL) {
        if (!sim_channel_has_space(sink->port.response, now, sink->latency, 0)) {
            return sim_channel_space_at(sink->port.response, now, sink->latency, 0);
        }
        take(sink, now);
    }
    return sim_channel_next_arrival(sink->port.request);
}

struct posted_sink *posted_sink_create(struct sim *sim, const char *name, sim_time period, sim_time latency,
                                       uint32_t log)
{
    struct posted_sink *sink = sim_alloc(sim, sizeof(*sink));

    sim_component_init(&sink->component, sim, name, period, posted_sink_evaluate);
    sink->latency = latency;
    sink->log = sim_alloc(sim, log * sizeof(*sink->log));
    sink->capacity = log;
    return sink;
}

void posted_sink_bind(struct posted_sink *sink, struct sim_bus_port port)
{
    sink->port = port;
}

struct sim_component *posted_sink_component(struct posted_sink *sink)
{
    return &sink->component;
}

void posted_sink_set_stall(struct posted_sink *sink, sim_time from, sim_time until)
{
    sink->stall_from = from;
    sink->stall_until = until;
}

uint32_t posted_sink_count(const struct posted_sink *sink)
{
    return sink->count;
}

const struct posted_sink_seen *posted_sink_get_seen(const struct posted_sink *sink, uint32_t i)
{
    if (i >= sink->count || i >= sink->capacity) {
        sim_panic(sink->component.sim, &sink->component, NULL, "request %u was not noted", i);
    }
    return &sink->log[i];
}

#include "tests/support/bus_target.h"

#include <string.h>

struct bus_target {
    struct sim_component component;
    struct bus_target_config config;
    struct sim_bus_port port;
    sim_time not_before;
    struct bus_target_seen *log;
    uint32_t count;
};

uint64_t bus_target_pattern(uint64_t address)
{
    return (address & ~UINT64_C(7)) * UINT64_C(0x9e3779b97f4a7c15);
}

static void note(struct bus_target *target, const struct sim_packet *packet, sim_time now)
{
    uint8_t first[8] = {0};

    if (target->count < target->config.log) {
        if (packet->type == SIM_PACKET_WRITE) {
            memcpy(first, packet->data, packet->length < 8 ? packet->length : 8);
        }
        target->log[target->count] = (struct bus_target_seen){
            .time = now,
            .id = packet->id,
            .type = packet->type,
            .address = packet->address,
            .length = packet->length,
            .flags = packet->flags,
            .stream_id = packet->stream_id,
            .device_id = packet->device_id,
            .requester = packet->requester,
            .sequence = packet->sequence,
            .value = sim_load_le64(first),
        };
    }
    target->count++;
}

/** A new packet with what leads the answer back, as an ITS makes it. */
static struct sim_packet *make_ack(struct bus_target *target, const struct sim_packet *request)
{
    struct sim_packet *ack = sim_packet_new(target->component.sim, 0);

    ack->tag = request->tag;
    ack->cookie = request->cookie;
    memcpy(ack->route, request->route, sizeof(ack->route));
    ack->route_depth = request->route_depth;
    return ack;
}

static struct sim_packet *answer(struct bus_target *target, struct sim_packet *packet, sim_time now)
{
    struct sim *sim = target->component.sim;

    if (packet->type == SIM_PACKET_WRITE && target->config.new_ack) {
        struct sim_packet *ack = make_ack(target, packet);

        sim_mark(sim, packet, target->component.stage, now);
        sim_packet_free(sim, packet);
        packet = ack;
        packet->type = SIM_PACKET_WRITE_ACK;
    } else if (packet->type == SIM_PACKET_WRITE) {
        packet->type = SIM_PACKET_WRITE_ACK;
    } else if (packet->type == SIM_PACKET_READ) {
        packet->type = SIM_PACKET_COMPLETION;
        for (uint32_t i = 0; i < packet->length; i++) {
            uint64_t address = packet->address + i;

            packet->data[i] = (uint8_t)(bus_target_pattern(address) >> 8 * (address & 7));
        }
    } else {
        sim_panic(sim, &target->component, packet, "neither a read nor a write");
    }
    packet->status = target->config.status;
    return packet;
}

static sim_time bus_target_evaluate(struct sim_component *component, sim_time now)
{
    struct bus_target *target = (struct bus_target *)component;
    struct sim_channel *request = target->port.request;
    struct sim_channel *response = target->port.response;
    sim_time period = component->period;
    struct sim_packet *packet;
    sim_time next;

    if (now >= target->config.stall_from && now < target->config.stall_until) {
        target->not_before =
            sim_time_max(target->not_before, sim_component_edge(component, target->config.stall_until));
    }
    if (target->not_before <= now && sim_channel_peek(request, now) != NULL) {
        if (!sim_channel_has_space(response, now, target->config.latency, 0)) {
            return sim_channel_space_at(response, now, target->config.latency, 0);
        }
        packet = sim_channel_pop(request, now);
        note(target, packet, now);
        sim_channel_push(response, answer(target, packet, now), now, target->config.latency, 0, 0, 0);
        target->not_before = now + sim_time_cycles(target->config.interval, period);
    }
    next = sim_channel_next_arrival(request);
    return next == SIM_TIME_NEVER ? next : sim_time_max(next, sim_time_max(target->not_before, now + period));
}

struct bus_target *bus_target_create(struct sim *sim, const char *name, const struct bus_target_config *config)
{
    struct bus_target *target = sim_alloc(sim, sizeof(*target));

    target->config = *config;
    target->config.interval = config->interval > 0 ? config->interval : 1;
    target->config.log = config->log > 0 ? config->log : 4096;
    target->log = sim_alloc(sim, target->config.log * sizeof(*target->log));
    sim_component_init(&target->component, sim, name, config->period, bus_target_evaluate);
    sim_packet_reserve(sim, 1, false);
    return target;
}

void bus_target_bind(struct bus_target *target, struct sim_bus_port port)
{
    target->port = port;
}

struct sim_component *bus_target_component(struct bus_target *target)
{
    return &target->component;
}

uint32_t bus_target_count(const struct bus_target *target)
{
    return target->count;
}

const struct bus_target_seen *bus_target_get_seen(const struct bus_target *target, uint32_t i)
{
    if (i >= target->count || i >= target->config.log) {
        sim_panic(target->component.sim, &target->component, NULL, "request %u was not noted", i);
    }
    return &target->log[i];
}

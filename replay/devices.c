#include "replay/devices.h"

#define ACCESS_BYTES 4u

struct replay_devices {
    struct sim_component component;
    uint64_t its_base;
    uint64_t its_size;
    struct sim_bus_port upstream;
    struct sim_bus_port downstream;
    struct sim_bus_port its;
    uint32_t name_hash;
    uint32_t count;                     /**< accesses so far */
    const struct replay_access *access; /**< to be issued; NULL if none is */
    bool straight;                      /**< past the SMMU */
    struct replay_outcome outcome;
};

static struct sim_packet *make_request(struct replay_devices *devices, sim_time now)
{
    const struct replay_access *access = devices->access;
    struct sim_packet *packet = sim_packet_new(devices->component.sim, ACCESS_BYTES);

    packet->id = sim_packet_identity(devices->name_hash, devices->count);
    packet->born = now;
    packet->last_mark = now;
    packet->tag = (uint16_t)devices->count;
    packet->type = access->write ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    packet->address = access->address;
    packet->requester = (uint16_t)access->stream_id;
    packet->first_be = 0xf;
    packet->flags = SIM_FLAG_TRACKED | SIM_FLAG_HAS_STREAM_ID;
    packet->stream_id = access->stream_id;
    if (access->msi) {
        packet->flags |= SIM_FLAG_MSI | SIM_FLAG_HAS_DEVICE_ID;
        packet->device_id = access->device_id;
    }
    sim_store_le32(packet->data, access->data);
    return packet;
}

static sim_time issue(struct replay_devices *devices, sim_time now)
{
    struct sim_channel *request = devices->straight ? devices->its.request : devices->upstream.request;
    const uint32_t units = devices->access->write ? sim_channel_units(ACCESS_BYTES) : 0;

    if (!sim_channel_has_space(request, now, 0, units)) {
        return sim_channel_space_at(request, now, 0, units);
    }
    devices->outcome.id = sim_packet_identity(devices->name_hash, devices->count);
    sim_channel_push(request, make_request(devices, now), now, 0, units, 0, 0);
    devices->access = NULL;
    devices->count++;
    return SIM_TIME_NEVER;
}

/** Answers a read; its data are zeros, because there are none. */
static void answer(struct replay_devices *devices, struct sim_packet *packet, sim_time now)
{
    for (uint32_t i = 0; i < packet->length; i++) {
        packet->data[i] = 0;
    }
    packet->type = SIM_PACKET_COMPLETION;
    packet->status = SIM_STATUS_OK;
    sim_channel_push(devices->downstream.response, packet, now, 0, sim_channel_units(packet->length), 0, 0);
}

/** Takes what came out of the SMMU. One access is under way at a time, so there is room for whatever it becomes. */
static sim_time take(struct replay_devices *devices, sim_time now)
{
    struct sim_channel *request = devices->downstream.request;
    struct sim_packet *packet = sim_channel_peek(request, now);

    if (packet == NULL) {
        return sim_channel_next_arrival(request);
    }
    packet = sim_channel_pop(request, now);
    devices->outcome.passed = true;
    devices->outcome.address = packet->address;
    if (packet->type == SIM_PACKET_READ) {
        answer(devices, packet, now);
    } else if ((packet->flags & SIM_FLAG_HAS_DEVICE_ID) != 0 &&
               packet->address - devices->its_base < devices->its_size) {
        sim_channel_push(devices->its.request, packet, now, 0, sim_channel_units(packet->length), 0, 0);
    } else {
        sim_packet_free(devices->component.sim, packet);
    }
    return sim_channel_next_arrival(request);
}

static sim_time take_answer(struct replay_devices *devices, struct sim_channel *response, bool upstream, sim_time now)
{
    struct sim_packet *packet = sim_channel_peek(response, now);

    if (packet != NULL) {
        packet = sim_channel_pop(response, now);
        if (upstream) {
            devices->outcome.answered = true;
            devices->outcome.status = packet->status;
        }
        sim_packet_free(devices->component.sim, packet);
    }
    return sim_channel_next_arrival(response);
}

static sim_time evaluate(struct sim_component *component, sim_time now)
{
    struct replay_devices *devices = (struct replay_devices *)component;
    sim_time due = devices->access != NULL ? issue(devices, now) : SIM_TIME_NEVER;

    due = sim_time_min(due, take(devices, now));
    due = sim_time_min(due, take_answer(devices, devices->upstream.response, true, now));
    return sim_time_min(due, take_answer(devices, devices->its.response, false, now));
}

struct replay_devices *replay_devices_create(struct sim *sim, const char *name, sim_time period, uint64_t its_base,
                                             uint64_t its_size)
{
    struct replay_devices *devices = sim_alloc(sim, sizeof(*devices));

    sim_component_init(&devices->component, sim, name, period, evaluate);
    devices->its_base = its_base;
    devices->its_size = its_size;
    devices->name_hash = sim_name_hash(name);
    sim_packet_reserve(sim, 4, false);
    return devices;
}

struct sim_component *replay_devices_component(struct replay_devices *devices)
{
    return &devices->component;
}

void replay_devices_bind_upstream(struct replay_devices *devices, struct sim_bus_port port)
{
    devices->upstream = port;
}

void replay_devices_bind_downstream(struct replay_devices *devices, struct sim_bus_port port)
{
    devices->downstream = port;
}

void replay_devices_bind_its(struct replay_devices *devices, struct sim_bus_port port)
{
    devices->its = port;
}

static void perform(struct replay_devices *devices, const struct replay_access *access, bool straight,
                    struct replay_outcome *outcome)
{
    struct sim *sim = devices->component.sim;

    devices->access = access;
    devices->straight = straight;
    devices->outcome = (struct replay_outcome){.passed = false};
    sim_wake(&devices->component, sim_component_edge(&devices->component, sim_now(sim) + 1));
    while (sim_run(sim, SIM_TIME_NEVER - 1) != SIM_RUN_DRAINED) {
        /* A stop that somebody asked for is not ours. */
    }
    *outcome = devices->outcome;
}

void replay_devices_perform(struct replay_devices *devices, const struct replay_access *access,
                            struct replay_outcome *outcome)
{
    perform(devices, access, false, outcome);
}

void replay_devices_signal(struct replay_devices *devices, const struct replay_access *access,
                           struct replay_outcome *outcome)
{
    perform(devices, access, true, outcome);
}

#include "host/port.h"

#include "sim/sim.h"

/** What the port is at. Software changes it while the engine is paused, evaluate at edges. */
enum port_state {
    PORT_IDLE,
    PORT_ISSUE,  /**< the request goes out at `time`, or as soon as there is space */
    PORT_ANSWER, /**< the answer has not arrived */
    PORT_TIMER,  /**< software goes on at `time` */
};

struct host_port {
    struct sim_component component;
    struct host_port_config config;
    struct sim_bus_port bus;
    enum port_state state;
    sim_time time; /**< an edge; see enum port_state */
    struct host_port_access *access;
    uint32_t name_hash;
    uint32_t count; /**< accesses so far */
    void (*pump)(void *context);
    void *pump_context;
};

/** Byte enables of an access within one double word, or of two whole ones. */
static void set_byte_enables(struct sim_packet *packet, uint64_t address, uint32_t size)
{
    unsigned lanes = ((1u << size) - 1) << (address & 3);

    packet->first_be = (uint8_t)(lanes & 0xf);
    packet->last_be = (uint8_t)(lanes >> 4);
}

static struct sim_packet *make_request(struct host_port *port, sim_time now)
{
    const struct host_port_access *access = port->access;
    struct sim_packet *packet = sim_packet_new(port->component.sim, access->size);

    packet->id = sim_packet_identity(port->name_hash, port->count);
    packet->born = now;
    packet->last_mark = now;
    packet->tag = (uint16_t)port->count;
    packet->type = access->write ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    packet->address = access->address;
    set_byte_enables(packet, access->address, access->size);
    for (uint32_t i = 0; access->write && i < access->size; i++) {
        packet->data[i] = (uint8_t)(access->value >> 8 * i);
    }
    return packet;
}

static sim_time issue(struct host_port *port, sim_time now)
{
    struct sim_channel *request = port->bus.request;

    if (port->time > now) {
        return port->time;
    }
    if (!sim_channel_has_space(request, now, port->config.issue_latency, 0)) {
        return sim_channel_space_at(request, now, port->config.issue_latency, 0);
    }
    sim_channel_push(request, make_request(port, now), now, port->config.issue_latency, 0, 0, 0);
    port->state = PORT_ANSWER;
    return SIM_TIME_NEVER;
}

static sim_time take_answer(struct host_port *port, sim_time now)
{
    struct host_port_access *access = port->access;
    struct sim *sim = port->component.sim;
    struct sim_packet *packet;
    uint8_t wanted = access->write ? SIM_PACKET_WRITE_ACK : SIM_PACKET_COMPLETION;

    if (sim_channel_peek(port->bus.response, now) == NULL) {
        return sim_channel_next_arrival(port->bus.response);
    }
    packet = sim_channel_pop(port->bus.response, now);
    if (packet->type != wanted || packet->tag != (uint16_t)port->count) {
        sim_panic(sim, &port->component, packet, "not the answer to the access under way");
    }
    access->status = packet->status;
    if (!access->write) {
        access->value = 0;
        for (uint32_t i = 0; i < access->size; i++) {
            access->value |= (uint64_t)packet->data[i] << 8 * i;
        }
    }
    sim_packet_free(sim, packet);
    port->count++;
    port->state = PORT_TIMER;
    port->time = sim_component_edge(&port->component, now + port->config.return_latency);
    return port->time;
}

static sim_time host_port_evaluate(struct sim_component *component, sim_time now)
{
    struct host_port *port = (struct host_port *)component;
    sim_time due = SIM_TIME_NEVER;

    if (port->state == PORT_ISSUE) {
        return issue(port, now);
    }
    if (port->state == PORT_ANSWER) {
        due = take_answer(port, now);
    }
    if (port->state == PORT_TIMER) {
        if (port->time > now) {
            return port->time;
        }
        port->state = PORT_IDLE;
        sim_request_stop(component->sim);
        return SIM_TIME_NEVER;
    }
    return due;
}

/** Runs until the port is idle again; the first thing happens at @p time. */
static void run_until_idle(struct host_port *port, enum port_state state, sim_time time)
{
    struct sim *sim = port->component.sim;

    port->state = state;
    port->time = time;
    sim_wake(&port->component, time);
    while (port->state != PORT_IDLE) {
        enum sim_run_result ended = sim_run(sim, SIM_TIME_NEVER - 1);

        if (port->pump != NULL) {
            port->pump(port->pump_context);
        }
        if (ended == SIM_RUN_DRAINED && port->state != PORT_IDLE) {
            sim_panic(sim, &port->component, NULL, "no answer to an access of %u bytes at 0x%llx, and nothing is due",
                      port->access->size, (unsigned long long)port->access->address);
        }
    }
}

void host_port_set_pump(struct host_port *port, void (*pump)(void *context), void *context)
{
    port->pump = pump;
    port->pump_context = context;
}

void host_port_perform(struct host_port *port, struct host_port_access *access)
{
    struct sim *sim = port->component.sim;
    uint32_t size = access->size;

    if ((size != 1 && size != 2 && size != 4 && size != 8) || (access->address & (size - 1)) != 0) {
        sim_panic(sim, &port->component, NULL, "an access of %u bytes at 0x%llx", size,
                  (unsigned long long)access->address);
    }
    port->access = access;
    run_until_idle(port, PORT_ISSUE, sim_component_edge(&port->component, sim_now(sim) + 1));
    port->access = NULL;
}

void host_port_wait(struct host_port *port, sim_time duration)
{
    sim_time now = sim_now(port->component.sim);

    run_until_idle(port, PORT_TIMER, sim_component_edge(&port->component, now + sim_time_max(duration, 1)));
}

struct host_port *host_port_create(struct sim *sim, const char *name, const struct host_port_config *config)
{
    struct host_port *port = sim_alloc(sim, sizeof(*port));

    sim_component_init(&port->component, sim, name, config->period, host_port_evaluate);
    port->config = *config;
    port->name_hash = sim_name_hash(name);
    sim_packet_reserve(sim, 1, false);
    return port;
}

void host_port_bind(struct host_port *port, struct sim_bus_port bus)
{
    port->bus = bus;
}

struct sim_component *host_port_component(struct host_port *port)
{
    return &port->component;
}

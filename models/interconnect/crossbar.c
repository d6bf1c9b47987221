/*
 * The crossbar's pipeline: an edge moves answers first and then requests, so that an acknowledgement which is seen now
 * lets go, now, of what waits for it.
 */
#include "models/interconnect/crossbar_internal.h"

#include <string.h>

/** The first set bit of @p mask at or after bit @p turn, going round. @p mask is not 0. */
static unsigned pick(uint64_t mask, unsigned turn)
{
    uint64_t ahead = mask >> turn << turn;

    return (unsigned)__builtin_ctzll(ahead != 0 ? ahead : mask);
}

/** The lowest set bit, taken out. */
static unsigned take_lowest(uint64_t *mask)
{
    unsigned bit = (unsigned)__builtin_ctzll(*mask);

    *mask &= *mask - 1;
    return bit;
}

/** Cycles for which so many bytes hold a port. */
static uint32_t beats_of(const struct crossbar *crossbar, uint32_t bytes)
{
    return bytes <= crossbar->width ? 1 : (bytes + crossbar->width - 1) / crossbar->width;
}

/** Bytes of data that a packet brings along. */
static uint32_t data_bytes(const struct sim_packet *packet)
{
    switch (packet->type) {
    case SIM_PACKET_WRITE:
    case SIM_PACKET_COMPLETION:
    case SIM_PACKET_COMPARE_SWAP:
        return packet->length;
    default:
        return 0;
    }
}

/** After a pop: when the next packet of that channel may be looked at; takes the hint back if there is none. */
static sim_time next_head(const struct crossbar *crossbar, const struct sim_channel *channel, uint64_t *hint,
                          unsigned bit, sim_time now)
{
    sim_time arrival = sim_channel_next_arrival(channel);

    if (arrival == SIM_TIME_NEVER) {
        *hint &= ~(UINT64_C(1) << bit);
        return arrival;
    }
    return sim_time_max(arrival, now + crossbar->component.period);
}

/* ---- Answers ---- */

/** Takes the acknowledgement of a posted write, which ends here. */
static void absorb(struct crossbar *crossbar, struct crossbar_master *master, unsigned target, sim_time now)
{
    struct sim *sim = crossbar->component.sim;
    struct sim_packet *packet = sim_channel_pop(crossbar->targets[target].bus.response, now);

    if (!write_order_acknowledge(master->order, packet, target)) {
        sim_panic(sim, &crossbar->component, packet, "acknowledgement of a write that target port %u was not sent",
                  target);
    }
    crossbar->counters.absorbed++;
    if (packet->status != SIM_STATUS_OK) {
        crossbar->counters.write_errors++;
        sim_mark(sim, packet, crossbar->component.stage, now);
        sim_drop(sim, packet, &crossbar->component, now, SIM_DROP_BUS_ERROR);
        return;
    }
    sim_packet_free(sim, packet);
}

/** The master port by which an answer leaves; it stays written on the packet. */
static unsigned way_back(const struct crossbar *crossbar, const struct sim_packet *packet)
{
    unsigned port = packet->route_depth > 0 ? packet->route[packet->route_depth - 1] : CROSSBAR_MAX_MASTERS;

    if (port >= CROSSBAR_MAX_MASTERS || crossbar->masters[port].bus.response == NULL ||
        (packet->type != SIM_PACKET_COMPLETION && packet->type != SIM_PACKET_WRITE_ACK)) {
        sim_panic(crossbar->component.sim, &crossbar->component, packet, "not an answer to what came by this crossbar");
    }
    return port;
}

static const struct crossbar_refusal *oldest_refusal(const struct crossbar *crossbar)
{
    return crossbar->refusal_count > 0 ? &crossbar->refusals[crossbar->refusal_head] : NULL;
}

/**
 * Looks at the answers that have arrived: absorbs what posted ports are not told, notes who wants which port.
 * @param ports set to the master ports that are wanted
 * @return when there is something new to look at
 */
static sim_time collect_answers(struct crossbar *crossbar, sim_time now, uint64_t *ports)
{
    const struct crossbar_refusal *refusal = oldest_refusal(crossbar);
    uint64_t active = crossbar->response_hint;
    sim_time due = SIM_TIME_NEVER;

    while (active != 0) {
        unsigned target = take_lowest(&active);
        struct sim_channel *channel = crossbar->targets[target].bus.response;
        const struct sim_packet *packet = sim_channel_peek(channel, now);
        unsigned port;

        if (packet == NULL) {
            due = sim_time_min(due, next_head(crossbar, channel, &crossbar->response_hint, target, now));
            continue;
        }
        port = way_back(crossbar, packet);
        if (packet->type == SIM_PACKET_WRITE_ACK && crossbar->masters[port].kind == CROSSBAR_PORT_POSTED) {
            absorb(crossbar, &crossbar->masters[port], target, now);
            due = sim_time_min(due, next_head(crossbar, channel, &crossbar->response_hint, target, now));
            continue;
        }
        crossbar->wanted_by[port] |= UINT64_C(1) << target;
        *ports |= UINT64_C(1) << port;
    }
    if (refusal != NULL && refusal->ready <= now) {
        unsigned port = way_back(crossbar, refusal->packet);

        crossbar->wanted_by[port] |= UINT64_C(1) << CROSSBAR_DEFAULT_TARGET;
        *ports |= UINT64_C(1) << port;
    } else if (refusal != NULL) {
        due = sim_time_min(due, refusal->ready);
    }
    return due;
}

/** Takes an answer from the default target's queue. @return when the next of it is ready */
static sim_time pop_refusal(struct crossbar *crossbar, sim_time now)
{
    const struct crossbar_refusal *next;

    crossbar->refusal_head = crossbar->refusal_head + 1 < crossbar->refusal_capacity ? crossbar->refusal_head + 1 : 0;
    crossbar->refusal_count--;
    next = oldest_refusal(crossbar);
    return next != NULL ? sim_time_max(next->ready, now + crossbar->component.period) : SIM_TIME_NEVER;
}

/** Sends the answer at the head of a target port (or the default target) to a master. @return next look at that port */
static sim_time send_answer(struct crossbar *crossbar, struct crossbar_master *master, unsigned target, sim_time now,
                            sim_time service)
{
    struct sim_packet *packet;
    sim_time due;

    if (target == CROSSBAR_DEFAULT_TARGET) {
        packet = crossbar->refusals[crossbar->refusal_head].packet;
        due = pop_refusal(crossbar, now);
    } else {
        struct sim_channel *channel = crossbar->targets[target].bus.response;

        packet = sim_channel_pop(channel, now);
        due = next_head(crossbar, channel, &crossbar->response_hint, target, now);
        if (packet->type == SIM_PACKET_WRITE_ACK && master->order != NULL &&
            !write_order_acknowledge(master->order, packet, target)) {
            sim_panic(crossbar->component.sim, &crossbar->component, packet,
                      "acknowledgement of a write that target port %u was not sent", target);
        }
    }
    packet->route_depth--;
    crossbar->counters.responses++;
    sim_channel_push(master->bus.response, packet, now, service, 0, 0, 0);
    return due;
}

/** Sends at most one answer by a master port, from among the targets in @p mask. */
static sim_time arbitrate_answers(struct crossbar *crossbar, unsigned port, uint64_t mask, sim_time now)
{
    struct crossbar_master *master = &crossbar->masters[port];
    unsigned target = pick(mask, master->turn);
    const struct sim_packet *packet;
    uint32_t beats;
    sim_time service;
    sim_time due;

    if (master->busy_until > now) {
        return master->busy_until;
    }
    packet = target == CROSSBAR_DEFAULT_TARGET ? oldest_refusal(crossbar)->packet
                                               : sim_channel_peek(crossbar->targets[target].bus.response, now);
    beats = beats_of(crossbar, data_bytes(packet));
    service = crossbar->response_latency + (beats - 1) * crossbar->component.period;
    if (!sim_channel_has_space(master->bus.response, now, service, 0)) {
        return sim_channel_space_at(master->bus.response, now, service, 0);
    }
    due = send_answer(crossbar, master, target, now, service);
    master->busy_until = now + beats * crossbar->component.period;
    master->turn = (target + 1) & 63;
    /* Those that lost this turn try again when the port is free. */
    return (mask & (mask - 1)) != 0 ? sim_time_min(due, master->busy_until) : due;
}

static sim_time move_answers(struct crossbar *crossbar, sim_time now)
{
    uint64_t ports = 0;
    sim_time due = collect_answers(crossbar, now, &ports);

    while (ports != 0) {
        unsigned port = take_lowest(&ports);
        uint64_t mask = crossbar->wanted_by[port];

        crossbar->wanted_by[port] = 0;
        due = sim_time_min(due, arbitrate_answers(crossbar, port, mask, now));
    }
    return due;
}

/* ---- Requests ---- */

/** Target of an address range, or the default target if no one range claims the whole access. */
static unsigned decode(const struct crossbar *crossbar, struct crossbar_master *master, const struct sim_packet *packet)
{
    const struct address_range *range = master->range;

    if (range == NULL || packet->address < range->first || packet->address > range->last) {
        range = address_map_find(&crossbar->map, packet->address);
        if (range == NULL) {
            return CROSSBAR_DEFAULT_TARGET;
        }
        master->range = range;
    }
    if (packet->length > 0 && packet->length - 1 > range->last - packet->address) {
        return CROSSBAR_DEFAULT_TARGET;
    }
    if (packet->type == SIM_PACKET_COMPARE_SWAP && (crossbar->swap_targets >> range->target & 1) == 0) {
        return CROSSBAR_DEFAULT_TARGET;
    }
    return range->target;
}

/** Whether order lets the head of a master port go to its target; notes since when it does not. */
static bool may_go(struct crossbar_master *master, const struct sim_packet *packet, sim_time now)
{
    if (master->order == NULL || master->target == CROSSBAR_DEFAULT_TARGET ||
        write_order_allows(master->order, packet, master->target)) {
        return true;
    }
    /* An acknowledgement will change that; its arrival is a reason of its own to be evaluated. */
    if (master->held_since == SIM_TIME_NEVER) {
        master->held_since = now;
    }
    return false;
}

/** Looks at the requests that have arrived; like collect_answers(), for target ports. */
static sim_time collect_requests(struct crossbar *crossbar, sim_time now, uint64_t *ports)
{
    uint64_t active = crossbar->request_hint;
    sim_time due = SIM_TIME_NEVER;

    while (active != 0) {
        unsigned port = take_lowest(&active);
        struct crossbar_master *master = &crossbar->masters[port];
        const struct sim_packet *packet = sim_channel_peek(master->bus.request, now);

        if (packet == NULL) {
            due = sim_time_min(due, next_head(crossbar, master->bus.request, &crossbar->request_hint, port, now));
            continue;
        }
        if (!master->routed) {
            master->target = decode(crossbar, master, packet);
            master->routed = true;
        }
        if (may_go(master, packet, now)) {
            crossbar->wanted_by[master->target] |= UINT64_C(1) << port;
            *ports |= UINT64_C(1) << master->target;
        }
    }
    return due;
}

/** Takes the head of a master port. @p due becomes the next look at that port, if that is earlier. */
SIM_HOT static struct sim_packet *pop_request(struct crossbar *crossbar, unsigned port, sim_time now, sim_time *due)
{
    struct crossbar_master *master = &crossbar->masters[port];
    struct sim_packet *packet = sim_channel_pop(master->bus.request, now);

    if (packet->type != SIM_PACKET_READ && packet->type != SIM_PACKET_WRITE &&
        packet->type != SIM_PACKET_COMPARE_SWAP) {
        sim_panic(crossbar->component.sim, &crossbar->component, packet,
                  "a crossbar takes reads, writes and swaps only");
    }
    master->routed = false;
    if (master->held_since != SIM_TIME_NEVER) {
        crossbar->counters.order_waits++;
        crossbar->counters.order_wait_fs += now - master->held_since;
        master->held_since = SIM_TIME_NEVER;
    }
    *due = sim_time_min(*due, next_head(crossbar, master->bus.request, &crossbar->request_hint, port, now));
    return packet;
}

/** Notes on a request by which port its answer leaves. */
static void push_route(struct crossbar *crossbar, struct sim_packet *packet, unsigned port)
{
    if (packet->route_depth >= SIM_PACKET_ROUTE_DEPTH) {
        sim_panic(crossbar->component.sim, &crossbar->component, packet, "more than %d crossbars in a row",
                  SIM_PACKET_ROUTE_DEPTH);
    }
    packet->route[packet->route_depth++] = (uint8_t)port;
}

/** Turns a request round that no range claims; a read gets ones. An interrupt among them is lost here. */
static void refuse(struct crossbar *crossbar, struct sim_packet *packet, unsigned port, sim_time now)
{
    struct sim *sim = crossbar->component.sim;
    uint32_t tail = crossbar->refusal_head + crossbar->refusal_count;
    sim_time ready = sim_component_edge(&crossbar->component, now + sim_time_max(crossbar->forward_latency, 1));

    crossbar->counters.decode_errors++;
    if (packet->type == SIM_PACKET_WRITE) {
        if (crossbar->masters[port].kind == CROSSBAR_PORT_POSTED) {
            sim_mark(sim, packet, crossbar->component.stage, now);
            sim_drop(sim, packet, &crossbar->component, now, SIM_DROP_UNSUPPORTED_REQUEST);
            return;
        }
        if ((packet->flags & SIM_FLAG_TRACKED) != 0 && (packet->flags & SIM_FLAG_MSI) != 0) {
            sim_mark(sim, packet, crossbar->component.stage, now);
            sim_event(sim, SIM_EVENT_DROPPED, packet, &crossbar->component, now, SIM_DROP_UNSUPPORTED_REQUEST);
            packet->flags &= ~SIM_FLAG_TRACKED;
        }
        packet->type = SIM_PACKET_WRITE_ACK;
    } else {
        packet->type = SIM_PACKET_COMPLETION;
        memset(packet->data, 0xff, packet->length);
    }
    packet->status = SIM_STATUS_UR;
    push_route(crossbar, packet, port);
    tail = tail < crossbar->refusal_capacity ? tail : tail - crossbar->refusal_capacity;
    crossbar->refusals[tail] = (struct crossbar_refusal){.packet = packet, .ready = ready};
    crossbar->refusal_count++;
}

/** Refuses one of the requests in @p mask, if there is room to answer it. */
static sim_time arbitrate_refusals(struct crossbar *crossbar, uint64_t mask, sim_time now)
{
    sim_time period = crossbar->component.period;
    sim_time due = SIM_TIME_NEVER;
    unsigned port = pick(mask, crossbar->refusal_turn);
    struct sim_packet *packet;

    if (crossbar->refusal_count == crossbar->refusal_capacity) {
        /* An answer must leave first; when it can, this is evaluated. */
        return SIM_TIME_NEVER;
    }
    packet = pop_request(crossbar, port, now, &due);
    refuse(crossbar, packet, port, now);
    crossbar->refusal_turn = (port + 1) & 63;
    if (crossbar->refusal_count > 0) {
        due = sim_time_min(due, sim_time_max(oldest_refusal(crossbar)->ready, now + period));
    }
    return (mask & (mask - 1)) != 0 ? sim_time_min(due, now + period) : due;
}

/** Sends at most one request by a target port, from among the masters in @p mask. */
static sim_time arbitrate_requests(struct crossbar *crossbar, unsigned target_port, uint64_t mask, sim_time now)
{
    struct crossbar_target *target = &crossbar->targets[target_port];
    struct sim_channel *channel = target->bus.request;
    unsigned port = pick(mask, target->turn);
    struct crossbar_master *master = &crossbar->masters[port];
    sim_time due = SIM_TIME_NEVER;
    struct sim_packet *packet;
    uint32_t beats;
    sim_time service;

    if (target->busy_until > now) {
        return target->busy_until;
    }
    if (channel == NULL) {
        sim_panic(crossbar->component.sim, &crossbar->component, sim_channel_peek(master->bus.request, now),
                  "target port %u is in the address map, but not bound", target_port);
    }
    beats = beats_of(crossbar, data_bytes(sim_channel_peek(master->bus.request, now)));
    service = crossbar->forward_latency + (beats - 1) * crossbar->component.period;
    if (!sim_channel_has_space(channel, now, service, 0)) {
        return sim_channel_space_at(channel, now, service, 0);
    }
    packet = pop_request(crossbar, port, now, &due);
    if (master->order != NULL && packet->type == SIM_PACKET_WRITE) {
        write_order_issue(master->order, packet, target_port);
    }
    push_route(crossbar, packet, port);
    crossbar->counters.requests++;
    sim_channel_push(channel, packet, now, service, 0, 0, 0);
    target->busy_until = now + beats * crossbar->component.period;
    target->turn = (port + 1) & 63;
    return (mask & (mask - 1)) != 0 ? sim_time_min(due, target->busy_until) : due;
}

static sim_time move_requests(struct crossbar *crossbar, sim_time now)
{
    uint64_t ports = 0;
    sim_time due = collect_requests(crossbar, now, &ports);

    while (ports != 0) {
        unsigned port = take_lowest(&ports);
        uint64_t mask = crossbar->wanted_by[port];

        crossbar->wanted_by[port] = 0;
        due = sim_time_min(due, port == CROSSBAR_DEFAULT_TARGET ? arbitrate_refusals(crossbar, mask, now)
                                                                : arbitrate_requests(crossbar, port, mask, now));
    }
    return due;
}

SIM_HOT sim_time crossbar_evaluate(struct sim_component *component, sim_time now)
{
    struct crossbar *crossbar = (struct crossbar *)component;
    sim_time due = move_answers(crossbar, now);

    return sim_time_min(due, move_requests(crossbar, now));
}

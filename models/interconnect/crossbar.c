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

/** A posted write that its target did not take: an interrupt among them is lost here. */
SIM_APART static void drop_write(struct crossbar *crossbar, struct sim_packet *packet, sim_time now)
{
    struct sim *sim = crossbar->component.sim;

    crossbar->counters.write_errors++;
    sim_mark(sim, packet, crossbar->component.stage, now);
    sim_drop(sim, packet, &crossbar->component, now, SIM_DROP_BUS_ERROR);
}

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
    if (SIM_SELDOM(packet->status != SIM_STATUS_OK)) {
        drop_write(crossbar, packet, now);
        return;
    }
    sim_packet_free(sim, packet);
}

/** The master port by which an answer leaves; it stays written on the packet. */
static unsigned way_back(const struct crossbar *crossbar, const struct sim_packet *packet)
{
    unsigned port = packet->route_depth > 0 ? packet->route[packet->route_depth - 1] : CROSSBAR_MAX_MASTERS;

    if (SIM_SELDOM(port >= CROSSBAR_MAX_MASTERS || crossbar->masters[port].bus.response == NULL ||
                   (packet->type != SIM_PACKET_COMPLETION && packet->type != SIM_PACKET_WRITE_ACK))) {
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
static inline sim_time collect_answers(struct crossbar *crossbar, sim_time now, uint64_t *ports)
{
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
        if (SIM_SELDOM(packet->type != SIM_PACKET_WRITE_ACK || crossbar->masters[port].kind != CROSSBAR_PORT_POSTED)) {
            crossbar->wanted_by[port] |= UINT64_C(1) << target;
            *ports |= UINT64_C(1) << port;
            continue;
        }
        absorb(crossbar, &crossbar->masters[port], target, now);
        due = sim_time_min(due, next_head(crossbar, channel, &crossbar->response_hint, target, now));
    }
    return due;
}

/** The same for the default target's queue. */
static sim_time collect_refusal(struct crossbar *crossbar, sim_time now, uint64_t *ports)
{
    const struct crossbar_refusal *refusal = oldest_refusal(crossbar);
    unsigned port;

    if (refusal == NULL || refusal->ready > now) {
        return refusal == NULL ? SIM_TIME_NEVER : refusal->ready;
    }
    port = way_back(crossbar, refusal->packet);
    crossbar->wanted_by[port] |= UINT64_C(1) << CROSSBAR_DEFAULT_TARGET;
    *ports |= UINT64_C(1) << port;
    return SIM_TIME_NEVER;
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

/** Sends answers by the master ports that are wanted, by answers that have arrived or by refusals. */
SIM_APART static sim_time send_answers(struct crossbar *crossbar, uint64_t ports, sim_time now)
{
    sim_time due = collect_refusal(crossbar, now, &ports);

    while (ports != 0) {
        unsigned port = take_lowest(&ports);
        uint64_t mask = crossbar->wanted_by[port];

        crossbar->wanted_by[port] = 0;
        due = sim_time_min(due, arbitrate_answers(crossbar, port, mask, now));
    }
    return due;
}

static inline sim_time move_answers(struct crossbar *crossbar, sim_time now)
{
    uint64_t ports = 0;
    sim_time due = collect_answers(crossbar, now, &ports);

    if (SIM_SELDOM(ports != 0 || crossbar->refusal_count > 0)) {
        due = sim_time_min(due, send_answers(crossbar, ports, now));
    }
    return due;
}

/* ---- Requests ---- */

static bool holds(const struct address_range *range, uint64_t address)
{
    return range != NULL && address >= range->first && address <= range->last;
}

/** Looks an address up that the master's latest ranges do not hold. @return NULL: no range does */
SIM_APART static const struct address_range *find_range(const struct crossbar *crossbar, struct crossbar_master *master,
                                                        uint64_t address)
{
    const struct address_range *range = address_map_find(&crossbar->map, address);

    if (range != NULL) {
        master->ranges[1] = master->ranges[0];
        master->ranges[0] = range;
    }
    return range;
}

/** Target of an address range, or the default target if no one range claims the whole access. */
static inline unsigned decode(const struct crossbar *crossbar, struct crossbar_master *master,
                              const struct sim_packet *packet)
{
    const struct address_range *range = master->ranges[0];

    if (!holds(range, packet->address)) {
        range = master->ranges[1];
        if (SIM_SELDOM(!holds(range, packet->address))) {
            range = find_range(crossbar, master, packet->address);
        }
        if (range == NULL) {
            return CROSSBAR_DEFAULT_TARGET;
        }
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
static inline bool may_go(struct crossbar_master *master, const struct sim_packet *packet, sim_time now)
{
    if (master->order == NULL || write_order_is_idle(master->order) || master->target == CROSSBAR_DEFAULT_TARGET ||
        write_order_allows(master->order, packet, master->target)) {
        return true;
    }
    /* An acknowledgement will change that; its arrival is a reason of its own to be evaluated. */
    if (master->held_since == SIM_TIME_NEVER) {
        master->held_since = now;
    }
    return false;
}

/**
 * Looks at the head of a master port, whose target becomes known. @p due becomes the next look at a port that has none,
 * if that is earlier.
 * @return the head, if it has arrived and may go; else NULL
 */
static inline const struct sim_packet *look_at_request(struct crossbar *crossbar, unsigned port, sim_time now,
                                                       sim_time *due)
{
    struct crossbar_master *master = &crossbar->masters[port];
    const struct sim_packet *packet = sim_channel_peek(master->bus.request, now);

    if (packet == NULL) {
        *due = sim_time_min(*due, next_head(crossbar, master->bus.request, &crossbar->request_hint, port, now));
        return NULL;
    }
    if (!master->routed) {
        master->target = decode(crossbar, master, packet);
        master->routed = true;
    }
    return may_go(master, packet, now) ? packet : NULL;
}

/** Takes the head of a master port. @p due becomes the next look at that port, if that is earlier. */
static inline struct sim_packet *pop_request(struct crossbar *crossbar, unsigned port, sim_time now, sim_time *due)
{
    struct crossbar_master *master = &crossbar->masters[port];
    struct sim_packet *packet = sim_channel_pop(master->bus.request, now);

    if (SIM_SELDOM(packet->type != SIM_PACKET_READ && packet->type != SIM_PACKET_WRITE &&
                   packet->type != SIM_PACKET_COMPARE_SWAP)) {
        sim_panic(crossbar->component.sim, &crossbar->component, packet,
                  "a crossbar takes reads, writes and swaps only");
    }
    master->routed = false;
    if (SIM_SELDOM(master->held_since != SIM_TIME_NEVER)) {
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
SIM_APART static sim_time arbitrate_refusals(struct crossbar *crossbar, uint64_t mask, sim_time now)
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

/**
 * Sends the head of a master port by its target port, if that can take it.
 * @param contended others wait for their turn
 */
static inline sim_time send_request(struct crossbar *crossbar, unsigned port, const struct sim_packet *head,
                                    bool contended, sim_time now)
{
    struct crossbar_master *master = &crossbar->masters[port];
    const unsigned target_port = master->target;
    struct crossbar_target *target = &crossbar->targets[target_port];
    struct sim_channel *channel = target->bus.request;
    sim_time due = SIM_TIME_NEVER;
    struct sim_packet *packet;
    uint32_t beats;
    sim_time service;

    if (target->busy_until > now) {
        return target->busy_until;
    }
    if (SIM_SELDOM(channel == NULL)) {
        sim_panic(crossbar->component.sim, &crossbar->component, head,
                  "target port %u is in the address map, but not bound", target_port);
    }
    beats = beats_of(crossbar, data_bytes(head));
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
    return contended ? sim_time_min(due, target->busy_until) : due;
}

/** Sends at most one request by a target port (or the default target), from among the masters in @p mask. */
static sim_time arbitrate_requests(struct crossbar *crossbar, unsigned target, uint64_t mask, sim_time now)
{
    const struct sim_packet *head;
    unsigned port;

    if (target == CROSSBAR_DEFAULT_TARGET) {
        return arbitrate_refusals(crossbar, mask, now);
    }
    port = pick(mask, crossbar->targets[target].turn);
    head = sim_channel_peek(crossbar->masters[port].bus.request, now);
    return send_request(crossbar, port, head, (mask & (mask - 1)) != 0, now);
}

/** Moves the requests of the master ports in @p active. */
SIM_APART static sim_time move_several(struct crossbar *crossbar, uint64_t active, sim_time now)
{
    uint64_t targets = 0;
    sim_time due = SIM_TIME_NEVER;

    while (active != 0) {
        unsigned port = take_lowest(&active);

        if (look_at_request(crossbar, port, now, &due) != NULL) {
            crossbar->wanted_by[crossbar->masters[port].target] |= UINT64_C(1) << port;
            targets |= UINT64_C(1) << crossbar->masters[port].target;
        }
    }
    while (targets != 0) {
        unsigned target = take_lowest(&targets);
        uint64_t mask = crossbar->wanted_by[target];

        crossbar->wanted_by[target] = 0;
        due = sim_time_min(due, arbitrate_requests(crossbar, target, mask, now));
    }
    return due;
}

/** Moves requests; a lone one, most of the time, has nobody to share a target with. */
static inline sim_time move_requests(struct crossbar *crossbar, sim_time now)
{
    uint64_t active = crossbar->request_hint;
    unsigned port = (unsigned)__builtin_ctzll(active);
    sim_time due = SIM_TIME_NEVER;
    const struct sim_packet *head;

    if (SIM_SELDOM((active & (active - 1)) != 0)) {
        return move_several(crossbar, active, now);
    }
    head = look_at_request(crossbar, port, now, &due);
    if (head == NULL) {
        return due;
    }
    if (SIM_SELDOM(crossbar->masters[port].target == CROSSBAR_DEFAULT_TARGET)) {
        return arbitrate_refusals(crossbar, active, now);
    }
    return send_request(crossbar, port, head, false, now);
}

SIM_HOT sim_time crossbar_evaluate(struct sim_component *component, sim_time now)
{
    struct crossbar *crossbar = (struct crossbar *)component;
    sim_time due = move_answers(crossbar, now);

    return crossbar->request_hint != 0 ? sim_time_min(due, move_requests(crossbar, now)) : due;
}

#include "models/pcie/switch.h"

#include "models/pcie/switch_internal.h"

#include <string.h>

#define NO_CANDIDATE 0xffffu

/** The head of an input that could move in this evaluation. */
struct candidate {
    struct switch_decision decision;
    struct sim_packet *packet;
    uint32_t units; /**< data credits that it takes at the output */
    uint32_t place; /**< behind the head of its queue */
    uint8_t input;
    uint8_t queue_in;
    uint8_t output;
    uint8_t queue_out;
    bool moved;
};

/** What an evaluation looks at. Outputs are initialised when first touched. */
struct round {
    struct candidate candidates[SWITCH_MAX_PORTS * PCIE_QUEUES];
    unsigned count;
    bool to_all;                 /**< a message has gone to all downstream ports */
    sim_time due;                /**< when TLPs that may pass others could go, or come */
    uint64_t outputs;            /**< bit an output port for which there is a candidate */
    uint64_t moved[PCIE_QUEUES]; /**< bit an input from which something was taken */
    uint16_t best[SWITCH_MAX_PORTS][PCIE_QUEUES];
};

/* ---- Collecting ---- */

/** A posted request or a completion that goes nowhere: it ends here. */
static void drop(struct pcie_switch *switch_, unsigned input, unsigned queue, const struct switch_decision *decision,
                 sim_time now)
{
    struct sim_packet *packet = pcie_port_take(switch_->ports[input].link, queue, now);
    enum sim_drop_reason reason = SIM_DROP_UNSUPPORTED_REQUEST;

    if (decision->action == SWITCH_DISCARD) {
        switch_->counters.dropped++;
        if (decision->error != 0) {
            reason = SIM_DROP_MALFORMED;
            switch_report(switch_, decision->port, decision->error, packet);
        } else if (packet->type == SIM_PACKET_COMPLETION) {
            switch_report(switch_, input, PCIE_AER_UNEXPECTED_COMPLETION, packet);
        }
    } else {
        switch_report(switch_, decision->port, decision->error, packet);
        if (decision->error == PCIE_AER_ACS_VIOLATION) {
            reason = SIM_DROP_ACS_VIOLATION;
            switch_->counters.acs_violations++;
        } else {
            switch_->counters.unsupported++;
        }
    }
    sim_mark(switch_->sim, packet, switch_->component.stage, now);
    sim_drop(switch_->sim, packet, &switch_->component, now, reason);
}

/** Places of a candidate from the head of the line at its output. */
static unsigned distance(const struct pcie_switch *switch_, const struct candidate *candidate)
{
    const struct switch_port *output = &switch_->ports[candidate->output];
    unsigned turn = output->turn[candidate->queue_out];
    const struct pcie_vc_table *table = output->bridge.vcs.port_tables;
    unsigned behind =
        candidate->input >= turn ? candidate->input - turn : candidate->input + switch_->port_count - turn;

    if (table != NULL && table[pcie_queue_vc(candidate->queue_out)].phases != 0) {
        table += pcie_queue_vc(candidate->queue_out);
        behind += SWITCH_MAX_PORTS * pcie_vc_table_distance(table, switch_->ports[candidate->input].bridge.port_number);
    }
    return behind;
}

static void add_candidate(struct pcie_switch *switch_, struct round *round, unsigned input, unsigned queue,
                          uint32_t place, const struct switch_decision *decision)
{
    struct sim_packet *packet =
        sim_channel_peek_behind(switch_->ports[input].link->queues[queue].receive, place, sim_now(switch_->sim));
    struct candidate *candidate = &round->candidates[round->count];
    bool answered = decision->action == SWITCH_CONFIGURE || decision->action == SWITCH_REFUSE;
    uint16_t *best;

    candidate->decision = *decision;
    candidate->packet = packet;
    candidate->place = place;
    candidate->input = (uint8_t)input;
    candidate->queue_in = (uint8_t)queue;
    candidate->output = answered ? (uint8_t)input : decision->port;
    candidate->queue_out = (uint8_t)pcie_queue(answered ? pcie_queue_vc(queue) : decision->vc,
                                               answered ? PCIE_COMPLETION : pcie_queue_class(queue));
    candidate->units = answered ? (packet->type == SIM_PACKET_CONFIG_READ) : pcie_tlp_units(packet);
    candidate->moved = false;
    if ((round->outputs >> candidate->output & 1) == 0) {
        round->outputs |= UINT64_C(1) << candidate->output;
        memset(round->best[candidate->output], 0xff, switch_->queues * sizeof(round->best[0][0]));
    }
    best = &round->best[candidate->output][candidate->queue_out];
    if (*best == NO_CANDIDATE || distance(switch_, candidate) < distance(switch_, &round->candidates[*best])) {
        *best = (uint16_t)round->count;
    }
    round->count++;
}

/** A message ends here. */
static void take_message(struct pcie_switch *switch_, unsigned input, unsigned queue, sim_time now)
{
    struct sim_packet *packet = pcie_port_take(switch_->ports[input].link, queue, now);

    switch_->counters.taken++;
    if (packet->arg == PCIE_ROUTE_GATHER) {
        switch_->gathered |= UINT64_C(1) << input;
    }
    sim_packet_free(switch_->sim, packet);
}

static struct sim_packet *copy_message(struct pcie_switch *switch_, const struct sim_packet *message)
{
    struct sim_packet *copy = sim_packet_new(switch_->sim, message->length);
    uint8_t *data = copy->data;

    *copy = *message;
    copy->data = data;
    copy->next = NULL;
    memcpy(copy->data, message->data, message->length);
    copy->flags &= ~SIM_FLAG_TRACKED;
    return copy;
}

/** Copies a message from above to every port with a link, once all have room. @return whether it went */
static bool send_to_all(struct pcie_switch *switch_, struct round *round, unsigned queue, sim_time now)
{
    const struct pcie_port *up = switch_->ports[SWITCH_UPSTREAM].link;
    const struct sim_packet *head = sim_channel_peek(up->queues[queue].receive, now);
    uint64_t ports = switch_linked_below(switch_);
    uint32_t units = pcie_tlp_units(head);
    sim_time at = now;
    struct sim_packet *message;

    for (uint64_t rest = ports; rest != 0; rest &= rest - 1) {
        const struct pcie_port *link = switch_->ports[__builtin_ctzll(rest)].link;

        if (!pcie_port_has_space(link, PCIE_POSTED, now, switch_->latency, units)) {
            at = sim_time_max(at, pcie_port_space_at(link, PCIE_POSTED, now, switch_->latency, units));
        }
    }
    if (at > now) {
        round->due = sim_time_min(round->due, at);
        return false;
    }
    message = pcie_port_take(up, queue, now);
    switch_->counters.broadcast++;
    for (uint64_t rest = ports; rest != 0; rest &= rest - 1) {
        pcie_port_send(switch_->ports[__builtin_ctzll(rest)].link, PCIE_POSTED, copy_message(switch_, message), now,
                       switch_->latency);
    }
    sim_packet_free(switch_->sim, message);
    return true;
}

static bool is_dropped(const struct switch_decision *decision, unsigned queue)
{
    return decision->action == SWITCH_DISCARD ||
           (decision->action == SWITCH_REFUSE && pcie_queue_class(queue) != PCIE_NON_POSTED);
}

/** When a TLP could leave by the output that it was routed to. */
static sim_time exit_at(const struct pcie_switch *switch_, unsigned queue, const struct sim_packet *packet,
                        const struct switch_decision *decision, sim_time now)
{
    unsigned out = pcie_queue(decision->vc, pcie_queue_class(queue));
    const struct pcie_port *link = switch_->ports[decision->port].link;
    uint32_t units = pcie_tlp_units(packet);

    return pcie_port_has_space(link, out, now, switch_->latency, units)
               ? now
               : pcie_port_space_at(link, out, now, switch_->latency, units);
}

/** The head of a queue cannot move: finds one behind it that may pass and can. @return whether there is one */
static bool collect_passing(struct pcie_switch *switch_, struct round *round, unsigned input, unsigned queue,
                            sim_time now)
{
    const struct pcie_port *link = switch_->ports[input].link;
    const struct sim_channel *channel = link->queues[queue].receive;
    uint32_t place = 0;

    for (uint32_t i = 0; i <= switch_->passing; i++) {
        sim_time arrival = sim_channel_arrival_behind(channel, i);

        if (arrival > now) {
            round->due = sim_time_min(round->due, arrival);
            break;
        }
    }
    while ((place = pcie_port_next_passing(link, queue, place, now)) <= switch_->passing) {
        const struct sim_packet *packet = sim_channel_peek_behind(channel, place, now);
        struct switch_decision decision = switch_route(switch_, input, packet);
        sim_time at;

        if (decision.action != SWITCH_FORWARD) {
            /* What ends here or is answered waits until it is the oldest. */
            continue;
        }
        at = exit_at(switch_, queue, packet, &decision, now);
        if (at <= now) {
            add_candidate(switch_, round, input, queue, place, &decision);
            return true;
        }
        round->due = sim_time_min(round->due, at);
    }
    return false;
}

static void collect_head(struct pcie_switch *switch_, struct round *round, unsigned input, unsigned queue, sim_time now)
{
    const struct pcie_port *link = switch_->ports[input].link;
    struct sim_packet *packet = sim_channel_peek(link->queues[queue].receive, now);
    struct switch_decision decision;
    bool waits;

    if (packet == NULL) {
        return;
    }
    waits = pcie_port_must_wait(link, queue, packet);
    if (waits && switch_->passing == 0) {
        return;
    }
    decision = switch_route(switch_, input, packet);
    if (decision.action == SWITCH_TAKE) {
        take_message(switch_, input, queue, now);
        round->moved[queue] |= UINT64_C(1) << input;
        return;
    }
    if (decision.action == SWITCH_TO_ALL) {
        round->to_all = send_to_all(switch_, round, queue, now);
        round->moved[queue] |= (uint64_t)round->to_all << input;
        return;
    }
    if (!waits && is_dropped(&decision, queue)) {
        drop(switch_, input, queue, &decision, now);
        round->moved[queue] |= UINT64_C(1) << input;
        return;
    }
    if (switch_->passing > 0 && (waits || decision.action == SWITCH_FORWARD) &&
        (waits || exit_at(switch_, queue, packet, &decision, now) > now) &&
        collect_passing(switch_, round, input, queue, now)) {
        return;
    }
    if (!waits) {
        add_candidate(switch_, round, input, queue, 0, &decision);
    }
}

static void collect(struct pcie_switch *switch_, struct round *round, sim_time now)
{
    for (unsigned queue = 0; queue < switch_->queues; queue++) {
        for (uint64_t rest = switch_->arrived[queue]; rest != 0; rest &= rest - 1) {
            collect_head(switch_, round, (unsigned)__builtin_ctzll(rest), queue, now);
        }
    }
}

/* ---- Moving ---- */

static void count_forward(struct pcie_switch *switch_, unsigned input, const struct switch_decision *decision,
                          const struct sim_packet *packet)
{
    switch_->counters.forwarded++;
    if (SIM_SELDOM((packet->flags & SIM_FLAG_POISONED) != 0)) {
        switch_report(switch_, input, PCIE_AER_POISONED_TLP, packet);
    }
    if (input != SWITCH_UPSTREAM && decision->port != SWITCH_UPSTREAM) {
        switch_->counters.peer_to_peer++;
    }
    if (decision->redirected) {
        switch_->counters.redirected++;
    }
}

/** Turns a request for one of the switch's own bridges, or for nobody, into its completion. */
static void answer(struct pcie_switch *switch_, const struct candidate *candidate)
{
    const struct switch_decision *decision = &candidate->decision;
    struct pcie_bridge *bridge = &switch_->ports[decision->port].bridge;
    struct sim_packet *packet = candidate->packet;

    if (decision->action == SWITCH_CONFIGURE) {
        /* A bridge learns its own number from the requests that it completes (2.2.6.2). */
        bridge->id = packet->target;
        pcie_bridge_access_config(bridge, packet, switch_->ports[decision->port].link, sim_now(switch_->sim));
        switch_->counters.configured++;
        return;
    }
    switch_report(switch_, decision->port, decision->error, packet);
    if (decision->error == PCIE_AER_ACS_VIOLATION) {
        switch_->counters.acs_violations++;
    } else {
        switch_->counters.unsupported++;
    }
    pcie_tlp_complete(packet, switch_->device != NULL ? packet->requester : bridge->id,
                      (enum sim_packet_status)decision->status, 0);
    pcie_tlp_set_digest(packet, bridge->ecrc);
}

static void move(struct pcie_switch *switch_, struct round *round, struct candidate *candidate, sim_time now)
{
    const struct pcie_port *link = switch_->ports[candidate->input].link;
    struct sim_packet *packet;

    if (candidate->place > 0) {
        sim_channel_advance(link->queues[candidate->queue_in].receive, candidate->place, now);
        switch_->counters.passed++;
    }
    packet = pcie_port_take(link, candidate->queue_in, now);

    switch (candidate->decision.action) {
    case SWITCH_TO_TYPE0:
        packet->flags &= ~SIM_FLAG_CONFIG_TYPE1;
        count_forward(switch_, candidate->input, &candidate->decision, packet);
        break;
    case SWITCH_FORWARD:
        count_forward(switch_, candidate->input, &candidate->decision, packet);
        if (packet->type == SIM_PACKET_MESSAGE && packet->arg == PCIE_ROUTE_GATHER) {
            switch_->gathered = 0;
        }
        break;
    default:
        answer(switch_, candidate);
        break;
    }
    candidate->moved = true;
    round->moved[candidate->queue_in] |= UINT64_C(1) << candidate->input;
    pcie_port_send(switch_->ports[candidate->output].link, candidate->queue_out, packet, now, switch_->latency);
}

/**
 * Passes an output's turn on: to the next class, and within the class to the input after the one that had it, once that
 * has sent as many TLPs in a row as its weight says. Where software loaded a table, that goes before.
 */
static inline void pass_turn(const struct pcie_switch *switch_, struct switch_port *port, unsigned vc,
                             enum pcie_class class_, unsigned input)
{
    unsigned queue = pcie_queue(vc, class_);

    if (port->turn[queue] != input) {
        /* Whose turn it was had nothing to send. */
        port->turn[queue] = (uint8_t)input;
        port->used[queue] = 0;
    }
    port->used[queue]++;
    if (port->used[queue] >= switch_->weight[input]) {
        port->turn[queue] = (uint8_t)(input + 1 < switch_->port_count ? input + 1 : 0);
        port->used[queue] = 0;
    }
    port->class_turn[vc] = (uint8_t)(class_ + 1 < PCIE_CLASSES ? class_ + 1 : 0);
    if (switch_->queues > PCIE_CLASSES && port->bridge.vcs.port_tables != NULL) {
        pcie_vc_table_pass(&port->bridge.vcs.port_tables[vc], switch_->ports[input].bridge.port_number);
    }
}

/** Lets the classes of a virtual channel take turns at an output's wire. @param most TLPs that may go */
static void serve_vc(struct pcie_switch *switch_, struct round *round, unsigned output, unsigned vc, unsigned most,
                     sim_time now)
{
    struct switch_port *port = &switch_->ports[output];
    unsigned class_ = port->class_turn[vc];
    unsigned sent = 0;

    for (unsigned i = 0; i < PCIE_CLASSES && sent < most; i++) {
        unsigned queue = pcie_queue(vc, (enum pcie_class)class_);
        uint16_t best = round->best[output][queue];

        class_ = class_ + 1 < PCIE_CLASSES ? class_ + 1 : 0;
        if (best != NO_CANDIDATE &&
            pcie_port_has_space(port->link, queue, now, switch_->latency, round->candidates[best].units)) {
            pass_turn(switch_, port, vc, pcie_queue_class(queue), round->candidates[best].input);
            round->best[output][queue] = NO_CANDIDATE;
            move(switch_, round, &round->candidates[best], now);
            sent++;
        }
    }
}

/** Virtual channels that could send something at an output. */
static unsigned ready_vcs(const struct pcie_switch *switch_, const struct round *round, unsigned output, sim_time now)
{
    const struct switch_port *port = &switch_->ports[output];
    unsigned ready = 0;

    for (unsigned queue = 0; queue < port->link->vcs * PCIE_CLASSES; queue++) {
        uint16_t best = round->best[output][queue];

        if (best != NO_CANDIDATE &&
            pcie_port_has_space(port->link, queue, now, switch_->latency, round->candidates[best].units)) {
            ready |= 1u << pcie_queue_vc(queue);
        }
    }
    return ready;
}

/** Lets virtual channels, and the classes of each, take turns at an output's wire. */
static void serve_output(struct pcie_switch *switch_, struct round *round, unsigned output, sim_time now)
{
    struct switch_port *port = &switch_->ports[output];
    unsigned ready;

    if (port->bridge.vcs.count == 1) {
        serve_vc(switch_, round, output, 0, PCIE_CLASSES, now);
        return;
    }
    while ((ready = ready_vcs(switch_, round, output, now)) != 0) {
        unsigned vc = pcie_vcs_choose(&port->bridge.vcs, ready);

        serve_vc(switch_, round, output, vc, 1, now);
        pcie_vcs_sent(&port->bridge.vcs, vc);
    }
}

/* ---- When to look again ---- */

static sim_time candidates_due(struct pcie_switch *switch_, const struct round *round, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    for (unsigned i = 0; i < round->count; i++) {
        const struct candidate *candidate = &round->candidates[i];
        const struct pcie_port *link = switch_->ports[candidate->output].link;

        if (candidate->moved) {
            continue;
        }
        if (pcie_port_has_space(link, candidate->queue_out, now, switch_->latency, candidate->units)) {
            return now;
        }
        due =
            sim_time_min(due, pcie_port_space_at(link, candidate->queue_out, now, switch_->latency, candidate->units));
    }
    return due;
}

static sim_time inputs_due(struct pcie_switch *switch_, const struct round *round, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    for (unsigned queue = 0; queue < switch_->queues; queue++) {
        for (uint64_t rest = switch_->arrived[queue]; rest != 0; rest &= rest - 1) {
            unsigned input = (unsigned)__builtin_ctzll(rest);
            uint64_t bit = UINT64_C(1) << input;
            sim_time arrival = sim_channel_next_arrival(switch_->ports[input].link->queues[queue].receive);

            if (arrival == SIM_TIME_NEVER) {
                switch_->arrived[queue] &= ~bit;
            } else if (arrival > now) {
                due = sim_time_min(due, arrival);
            } else if ((round->moved[queue] & bit) != 0 || (round->moved[pcie_queue_posted(queue)] & bit) != 0) {
                /* A new head, or one that waited for the posted request that has just left. */
                due = now;
            }
        }
    }
    return due;
}

/** Sends the head of an input, which takes no more than forwarding, on its way, or says when that makes sense. */
static inline void forward_head(struct pcie_switch *switch_, unsigned input, const struct switch_decision *decision,
                                sim_time now, sim_time *due)
{
    const struct pcie_port *link = switch_->ports[input].link;
    const struct sim_channel *channel = link->queues[PCIE_POSTED].receive;
    const uint32_t units = pcie_tlp_units(channel->head->packet);
    struct switch_port *output = &switch_->ports[decision->port];
    struct sim_packet *packet;
    sim_time next;

    if (SIM_SELDOM(!pcie_port_has_space(output->link, PCIE_POSTED, now, switch_->latency, units))) {
        *due = sim_time_min(*due, pcie_port_space_at(output->link, PCIE_POSTED, now, switch_->latency, units));
        return;
    }
    packet = pcie_port_take(link, PCIE_POSTED, now);
    count_forward(switch_, input, decision, packet);
    pass_turn(switch_, output, 0, PCIE_POSTED, input);
    pcie_port_send(output->link, PCIE_POSTED, packet, now, switch_->latency);
    next = sim_channel_next_arrival(channel);
    if (next == SIM_TIME_NEVER) {
        switch_->arrived[PCIE_POSTED] &= ~(UINT64_C(1) << input);
    }
    *due = sim_time_min(*due, next);
}

/** The same wherever it goes. @return false if it takes more than forwarding; nothing moved */
SIM_APART static bool forward_by_route(struct pcie_switch *switch_, unsigned input, const struct sim_packet *packet,
                                       sim_time now, sim_time *due)
{
    const struct switch_decision decision = switch_route(switch_, input, packet);

    if (decision.action != SWITCH_FORWARD || packet->type == SIM_PACKET_MESSAGE) {
        return false;
    }
    forward_head(switch_, input, &decision, now, due);
    return true;
}

/** Sends the one TLP on its way that nobody contests. @return false if it takes more than forwarding; nothing moved */
static inline bool forward_one(struct pcie_switch *switch_, unsigned input, sim_time now, sim_time *due)
{
    const struct switch_decision up = {.action = SWITCH_FORWARD, .port = SWITCH_UPSTREAM};
    const struct sim_packet *packet = switch_->ports[input].link->queues[PCIE_POSTED].receive->head->packet;

    if (SIM_SELDOM(!switch_passes_up(switch_, input, packet))) {
        return forward_by_route(switch_, input, packet, now, due);
    }
    forward_head(switch_, input, &up, now, due);
    return true;
}

/**
 * The common case, without the bookkeeping of a contest: there are posted requests only, of which at most one has
 * arrived by now.
 * @return whether that is so and it could be forwarded or has to wait; then *due is when to look again
 */
static bool forward_alone(struct pcie_switch *switch_, sim_time now, sim_time *due)
{
    unsigned input = SWITCH_MAX_PORTS;

    for (uint64_t rest = switch_->arrived[PCIE_POSTED]; rest != 0; rest &= rest - 1) {
        const unsigned other = (unsigned)__builtin_ctzll(rest);
        const sim_time arrival = sim_channel_next_arrival(switch_->ports[other].link->queues[PCIE_POSTED].receive);

        if (arrival == SIM_TIME_NEVER) {
            switch_->arrived[PCIE_POSTED] &= ~(UINT64_C(1) << other);
        } else if (arrival > now) {
            *due = sim_time_min(*due, arrival);
        } else if (input == SWITCH_MAX_PORTS) {
            input = other;
        } else {
            return false;
        }
    }
    return input == SWITCH_MAX_PORTS || forward_one(switch_, input, now, due);
}

/** Whether nobody has anything but posted requests of VC0. */
static bool posted_only(const struct pcie_switch *switch_)
{
    return (switch_->arrived[PCIE_NON_POSTED] | switch_->arrived[PCIE_COMPLETION]) == 0 &&
           switch_->queues == PCIE_CLASSES && switch_->passing == 0;
}

static bool is_idle(const struct pcie_switch *switch_)
{
    uint64_t arrived =
        switch_->arrived[PCIE_POSTED] | switch_->arrived[PCIE_NON_POSTED] | switch_->arrived[PCIE_COMPLETION];

    for (unsigned queue = PCIE_CLASSES; queue < switch_->queues; queue++) {
        arrived |= switch_->arrived[queue];
    }
    return arrived == 0;
}

/** Whatever may have arrived. @return when to look again */
SIM_APART static sim_time contest(struct pcie_switch *switch_, sim_time now)
{
    struct round round;

    if (is_idle(switch_)) {
        return SIM_TIME_NEVER;
    }
    round.count = 0;
    round.outputs = 0;
    round.due = SIM_TIME_NEVER;
    round.to_all = false;
    memset(round.moved, 0, switch_->queues * sizeof(round.moved[0]));
    collect(switch_, &round, now);
    if (round.to_all) {
        /* Each output has taken one TLP at this edge. */
        round.outputs &= UINT64_C(1) << SWITCH_UPSTREAM;
        round.due = now;
    }
    for (uint64_t rest = round.outputs; rest != 0; rest &= rest - 1) {
        serve_output(switch_, &round, (unsigned)__builtin_ctzll(rest), now);
    }
    return sim_time_min(round.due,
                        sim_time_min(candidates_due(switch_, &round, now), inputs_due(switch_, &round, now)));
}

SIM_HOT static sim_time evaluate(struct sim_component *component, sim_time now)
{
    struct pcie_switch *switch_ = (struct pcie_switch *)(void *)component;
    sim_time due = SIM_TIME_NEVER;

    if (SIM_SELDOM(switch_->findings != 0)) {
        due = switch_take_findings(switch_, now);
    }
    if (!posted_only(switch_) || !forward_alone(switch_, now, &due)) {
        due = sim_time_min(due, contest(switch_, now));
    }
    return SIM_SELDOM(switch_->errors.count > 0) ? sim_time_min(due, switch_send_error(switch_, now)) : due;
}

/* ---- Building ---- */

void pcie_switch_config_init(struct pcie_switch_config *config)
{
    memset(config, 0, sizeof(*config));
    config->period = PCIE_SWITCH_DEFAULT_PERIOD;
    config->latency = PCIE_SWITCH_DEFAULT_LATENCY;
}

static uint8_t weight_of(const struct pcie_switch *switch_, uint32_t given)
{
    if (given > UINT8_MAX) {
        sim_panic(switch_->sim, &switch_->component, NULL, "a port cannot have weight %u", given);
    }
    return (uint8_t)(given != 0 ? given : 1);
}

static void init_upstream(struct pcie_switch *switch_, const struct pcie_switch_config *config)
{
    struct pcie_bridge_config bridge = {
        .identity = config->identity,
        .type = PCIE_EXP_TYPE_UPSTREAM,
        .virtual_channels = config->virtual_channels,
        .acs = config->upstream_acs,
        .max_payload = config->max_payload,
        .multi_function = config->shares_device,
        .no_prefixes = config->no_prefixes,
    };

    switch_->upstream_function = config->upstream_function;
    pcie_bridge_init(&switch_->ports[SWITCH_UPSTREAM].bridge, switch_->sim, &bridge);
    switch_->weight[SWITCH_UPSTREAM] = weight_of(switch_, config->upstream_weight);
}

static bool shares_device(const struct pcie_switch_config *config, unsigned index)
{
    for (unsigned i = 0; i < config->downstream_count; i++) {
        if (i != index && config->downstream[i].device == config->downstream[index].device) {
            return true;
        }
    }
    return false;
}

static void init_downstream(struct pcie_switch *switch_, const struct pcie_switch_config *config, unsigned index)
{
    const struct pcie_downstream_config *own = &config->downstream[index];
    unsigned number = own->device << 3 | own->function;
    struct pcie_bridge_config bridge = {
        .identity = own->identity,
        .type = PCIE_EXP_TYPE_DOWNSTREAM,
        .acs = own->acs,
        .virtual_channels = own->virtual_channels,
        .max_payload = config->max_payload,
        .port_number = index + 1,
        .multi_function = shares_device(config, index),
        .slot = true,
        .no_prefixes = config->no_prefixes,
    };

    if (own->device > 31 || own->function > 7 || switch_->port_at[number] != SWITCH_NOBODY) {
        sim_panic(switch_->sim, &switch_->component, NULL, "downstream port %u cannot be %u.%u", index, own->device,
                  own->function);
    }
    switch_->port_at[number] = (uint8_t)(index + 1);
    pcie_bridge_init(&switch_->ports[index + 1].bridge, switch_->sim, &bridge);
    switch_->weight[index + 1] = weight_of(switch_, own->weight);
}

static void register_counters(struct pcie_switch *switch_)
{
    const struct pcie_switch_counters *counters = &switch_->counters;

    sim_counter_register(&switch_->component, "forwarded", &counters->forwarded);
    sim_counter_register(&switch_->component, "peer-to-peer", &counters->peer_to_peer);
    sim_counter_register(&switch_->component, "redirected", &counters->redirected);
    sim_counter_register(&switch_->component, "acs-violations", &counters->acs_violations);
    sim_counter_register(&switch_->component, "unsupported", &counters->unsupported);
    sim_counter_register(&switch_->component, "configured", &counters->configured);
    sim_counter_register(&switch_->component, "dropped", &counters->dropped);
    if (switch_->passing > 0) {
        sim_counter_register(&switch_->component, "passed", &counters->passed);
    }
}

void switch_init(struct pcie_switch *switch_, struct sim *sim, const char *name,
                 const struct pcie_switch_config *config)
{
    sim_component_init(&switch_->component, sim, name,
                       config->period != 0 ? config->period : PCIE_SWITCH_DEFAULT_PERIOD, evaluate);
    switch_->sim = sim;
    switch_->latency = config->latency;
    switch_->cut_through = !config->store_and_forward;
    switch_->passing = config->passing;
    switch_->port_count = config->downstream_count + 1;
    switch_->queues = PCIE_CLASSES;
    switch_->name_hash = sim_name_hash(name);
    memset(switch_->port_at, SWITCH_NOBODY, sizeof(switch_->port_at));
}

struct pcie_switch *pcie_switch_create(struct sim *sim, const char *name, const struct pcie_switch_config *config)
{
    struct pcie_switch *switch_ = sim_alloc(sim, sizeof(*switch_));

    if (config->upstream_function > 7) {
        sim_panic(sim, NULL, NULL, "switch %s: no device has a function %u", name, config->upstream_function);
    }
    if (config->downstream_count == 0 || config->downstream_count > PCIE_SWITCH_MAX_DOWNSTREAM) {
        sim_panic(sim, NULL, NULL, "switch %s: %u downstream ports are not possible", name, config->downstream_count);
    }
    switch_init(switch_, sim, name, config);
    init_upstream(switch_, config);
    for (unsigned i = 0; i < config->downstream_count; i++) {
        init_downstream(switch_, config, i);
    }
    register_counters(switch_);
    return switch_;
}

struct sim_component *pcie_switch_component(struct pcie_switch *switch_)
{
    return &switch_->component;
}

struct pcie_end pcie_switch_end(struct pcie_switch *switch_)
{
    return (struct pcie_end){.component = &switch_->component, .cut_through = switch_->cut_through};
}

void switch_bind(struct pcie_switch *switch_, unsigned port, const struct pcie_port *link)
{
    switch_->ports[port].link = link;
    pcie_port_watch_link(link, &switch_->findings, port);
    pcie_port_keeps(link, &switch_->ports[port]);
    for (unsigned queue = 0; queue < link->vcs * PCIE_CLASSES; queue++) {
        sim_channel_set_hint(link->queues[queue].receive, &switch_->arrived[queue], port);
    }
    switch_->queues = switch_->queues > link->vcs * PCIE_CLASSES ? switch_->queues : link->vcs * PCIE_CLASSES;
}

static void bind(struct pcie_switch *switch_, unsigned port, const struct pcie_port *link)
{
    switch_bind(switch_, port, link);
    pcie_set_link(&switch_->ports[port].bridge.config, link->speed, link->width);
    if (port != SWITCH_UPSTREAM) {
        pcie_set_removal(&switch_->ports[port].bridge.config, link->removal, port);
    }
    pcie_vcs_bind(&switch_->ports[port].bridge.vcs, &switch_->ports[port].bridge.config, link);
}

void pcie_switch_bind_upstream(struct pcie_switch *switch_, const struct pcie_port *port)
{
    bind(switch_, SWITCH_UPSTREAM, port);
}

void pcie_switch_bind_downstream(struct pcie_switch *switch_, unsigned index, const struct pcie_port *port)
{
    bind(switch_, index + 1, port);
}

/* ---- To look at ---- */

const struct pcie_bridge *pcie_switch_bridge(const struct pcie_switch *switch_, unsigned port)
{
    return port < switch_->port_count ? &switch_->ports[port].bridge : NULL;
}

const struct pcie_switch_counters *pcie_switch_get_counters(const struct pcie_switch *switch_)
{
    return &switch_->counters;
}

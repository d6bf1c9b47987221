#include "models/pcie/root_complex_internal.h"

/** The next TLP of a class at a root port's output. */
struct offer {
    bool present;
    uint32_t units;
    uint32_t bytes; /**< of a piece of a split */
    bool answer;    /**< the answer to an input goes, not the split completion */
};

/* ---- What there is to send ---- */

static uint32_t completion_bytes(const struct root_complex *rc, const struct rc_port *port, unsigned vc)
{
    return pcie_split_bytes(&port->completion[vc], port->bridge.max_payload, rc->config.completion_boundary,
                            rc->config.chop_completions);
}

static void load_write(struct rc_port *port)
{
    if (port->write.whole == NULL && port->posted.count > 0) {
        port->write.whole = port->posted.ring[port->posted.head].packet;
        port->write.sent = 0;
    }
}

/** Writes are cut wherever Max_Payload_Size says; a boundary of 4 is none. */
static struct offer offer_posted(const struct rc_port *port)
{
    struct offer offer = {.present = port->write.whole != NULL};

    if (offer.present) {
        offer.bytes = pcie_split_bytes(&port->write, port->bridge.max_payload, 4, false);
        offer.units = sim_channel_units(offer.bytes);
    }
    return offer;
}

static struct offer offer_non_posted(const struct root_complex *rc, const struct rc_port *port)
{
    struct offer offer = {.present = port->non_posted.count > 0};
    const struct rc_waiting *next;

    if (!offer.present) {
        return offer;
    }
    next = &port->non_posted.ring[port->non_posted.head];
    if (port->posted.count > 0 && port->posted.ring[port->posted.head].order < next->order) {
        /* It may not pass the host's write that came before it. */
        offer.present = false;
    }
    offer.units = rc->outstanding[next->tag].config && rc->outstanding[next->tag].packet->type == SIM_PACKET_WRITE;
    return offer;
}

static struct offer offer_completion(const struct root_complex *rc, const struct rc_port *port, unsigned vc)
{
    struct offer offer = {.present = port->completion[vc].whole != NULL};

    if (offer.present) {
        offer.bytes = completion_bytes(rc, port, vc);
        offer.units = sim_channel_units(offer.bytes);
    }
    return offer;
}

/** The host's requests and SMMUs' messages have traffic class 0, answers that of their request. */
static struct offer own_offer(const struct root_complex *rc, const struct rc_port *port, unsigned queue)
{
    switch (queue) {
    case PCIE_POSTED:
        return offer_posted(port);
    case PCIE_NON_POSTED:
        return offer_non_posted(rc, port);
    default:
        return pcie_queue_class(queue) == PCIE_COMPLETION ? offer_completion(rc, port, pcie_queue_vc(queue))
                                                          : (struct offer){.present = false};
    }
}

/** The port's own and what came in at the others take turns. */
static struct offer find_offer(const struct root_complex *rc, const struct rc_port *port, unsigned queue)
{
    const struct rc_answer *answer = &port->answers[queue];
    struct offer offer = own_offer(rc, port, queue);

    if (answer->packet != NULL && (!offer.present || port->answer_first[queue])) {
        offer.present = true;
        offer.answer = true;
        offer.units = answer->decision.action == RC_REFUSE ? 0 : pcie_tlp_units(answer->packet);
    }
    return offer;
}

static sim_time service_of(const struct root_complex *rc, unsigned queue, const struct offer *offer)
{
    if (pcie_queue_class(queue) == PCIE_COMPLETION) {
        return rc->config.completion_latency;
    }
    return offer->answer ? rc->config.latency : rc->config.host_latency;
}

sim_time rc_answer_latency(const struct root_complex *rc, unsigned queue)
{
    const struct offer offer = {.answer = true};

    return service_of(rc, queue, &offer);
}

/* ---- Sending ---- */

static void advance(const struct root_complex *rc, struct rc_queue *queue)
{
    queue->head = (queue->head + 1) % rc->queue_size;
    queue->count--;
}

static struct sim_packet *take_write(struct root_complex *rc, struct rc_port *port, const struct offer *offer)
{
    bool last = pcie_split_ends(&port->write, offer->bytes);
    struct sim_packet *packet;

    if (port->write.whole->type == SIM_PACKET_MESSAGE) {
        packet = port->write.whole;
        port->write.whole = NULL;
        port->messages--;
        advance(rc, &port->posted);
        packet->flags &= ~(SIM_FLAG_HAS_STREAM_ID | SIM_FLAG_HAS_DEVICE_ID);
        return packet;
    }
    if (last) {
        rc_acknowledge(rc, port->write.whole);
        advance(rc, &port->posted);
    }
    packet = pcie_split_take(&port->write, rc->sim, offer->bytes);
    if ((packet->flags & (SIM_FLAG_TRACKED | SIM_FLAG_HAS_STREAM_ID)) == (SIM_FLAG_TRACKED | SIM_FLAG_HAS_STREAM_ID)) {
        packet->flags |= SIM_FLAG_BY_SMMU;
    }
    packet->flags &=
        ~(SIM_FLAG_HAS_STREAM_ID | SIM_FLAG_HAS_DEVICE_ID | SIM_FLAG_PASID | SIM_FLAG_PRIVILEGED | SIM_FLAG_EXECUTE);
    packet->at = SIM_AT_UNTRANSLATED;
    packet->requester = rc->id;
    return packet;
}

static struct sim_packet *take_answer(struct root_complex *rc, struct rc_round *round, struct rc_port *port,
                                      unsigned queue, sim_time now)
{
    struct rc_answer *answer = &port->answers[queue];
    struct rc_port *input = &rc->ports[answer->input];
    struct sim_packet *packet;
    unsigned past = (unsigned)answer->input * PCIE_QUEUES + answer->queue_in + 1;

    rc_let_pass(rc, answer->input, answer->queue_in, answer->place, now);
    packet = pcie_port_take(input->link, answer->queue_in, now);
    if (answer->decision.action == RC_REFUSE) {
        rc_report(rc, answer->input, answer->decision.error, true, packet);
        if (answer->decision.error == PCIE_AER_ACS_VIOLATION) {
            rc->counters.acs_violations++;
        } else {
            rc->counters.unsupported++;
        }
        pcie_tlp_complete(packet, rc->id, (enum sim_packet_status)answer->decision.status, 0);
        pcie_tlp_set_digest(packet, input->bridge.ecrc);
    } else if (answer->decision.action == RC_PEER_REQUEST) {
        rc->counters.peer_requests++;
    }
    port->answer_turn[queue] = (uint16_t)(past < rc->port_count * PCIE_QUEUES ? past : 0);
    round->moved[answer->queue_in] |= UINT64_C(1) << answer->input;
    round->answer_sent = true;
    answer->packet = NULL;
    return packet;
}

static struct sim_packet *take_own(struct root_complex *rc, struct rc_port *port, unsigned queue,
                                   const struct offer *offer, sim_time now)
{
    uint16_t tag;

    switch (queue) {
    case PCIE_POSTED:
        return take_write(rc, port, offer);
    case PCIE_NON_POSTED:
        tag = port->non_posted.ring[port->non_posted.head].tag;
        advance(rc, &port->non_posted);
        return rc_make_request(rc, tag, now);
    default:
        return pcie_split_take(&port->completion[pcie_queue_vc(queue)], rc->sim, offer->bytes);
    }
}

static struct sim_packet *take_offer(struct root_complex *rc, struct rc_round *round, struct rc_port *port,
                                     unsigned queue, const struct offer *offer, sim_time now)
{
    struct sim_packet *packet;

    rc->counters.completions += pcie_queue_class(queue) == PCIE_COMPLETION;
    port->answer_first[queue] = !offer->answer;
    if (offer->answer) {
        return take_answer(rc, round, port, queue, now);
    }
    packet = take_own(rc, port, queue, offer, now);
    pcie_tlp_set_digest(packet, port->bridge.ecrc);
    return packet;
}

static bool can_send(const struct root_complex *rc, const struct rc_port *port, unsigned queue,
                     const struct offer *offer, sim_time now)
{
    return offer->present && pcie_port_has_space(port->link, queue, now, service_of(rc, queue, offer), offer->units);
}

/** Lets the classes of a virtual channel take turns. @param most TLPs that may go */
static void serve_vc(struct root_complex *rc, struct rc_round *round, struct rc_port *port, unsigned vc, unsigned most,
                     sim_time now)
{
    unsigned class_ = port->class_turn[vc];
    unsigned sent = 0;

    for (unsigned i = 0; i < PCIE_CLASSES && sent < most; i++) {
        unsigned queue = pcie_queue(vc, (enum pcie_class)class_);
        struct offer offer = find_offer(rc, port, queue);

        class_ = class_ + 1 < PCIE_CLASSES ? class_ + 1 : 0;
        if ((port->sent >> queue & 1) == 0 && can_send(rc, port, queue, &offer, now)) {
            struct sim_packet *packet = take_offer(rc, round, port, queue, &offer, now);

            port->class_turn[vc] = (uint8_t)class_;
            port->sent |= 1u << queue;
            pcie_port_send(port->link, queue, packet, now, service_of(rc, queue, &offer));
            sent++;
        }
    }
}

/** Virtual channels that could send something; each queue sends at most one TLP an edge. */
static unsigned ready_vcs(const struct root_complex *rc, const struct rc_port *port, sim_time now)
{
    unsigned ready = 0;

    for (unsigned queue = 0; queue < port->link->vcs * PCIE_CLASSES; queue++) {
        struct offer offer = find_offer(rc, port, queue);

        if ((port->sent >> queue & 1) == 0 && can_send(rc, port, queue, &offer, now)) {
            ready |= 1u << pcie_queue_vc(queue);
        }
    }
    return ready;
}

static bool is_busy(const struct rc_port *port)
{
    bool busy = port->posted.count + port->non_posted.count != 0;

    for (unsigned vc = 0; vc < port->bridge.vcs.count; vc++) {
        busy = busy || port->completion[vc].whole != NULL;
    }
    return busy;
}

static void serve_port(struct root_complex *rc, struct rc_round *round, unsigned index, sim_time now)
{
    struct rc_port *port = &rc->ports[index];
    unsigned ready;

    load_write(port);
    port->sent = 0;
    if (port->bridge.vcs.count == 1) {
        serve_vc(rc, round, port, 0, PCIE_CLASSES, now);
    } else {
        while ((ready = ready_vcs(rc, port, now)) != 0) {
            unsigned vc = pcie_vcs_choose(&port->bridge.vcs, ready);

            serve_vc(rc, round, port, vc, 1, now);
            pcie_vcs_sent(&port->bridge.vcs, vc);
        }
    }
    if (!is_busy(port)) {
        rc->busy_ports &= ~(UINT64_C(1) << index);
    }
}

void rc_serve_links(struct root_complex *rc, struct rc_round *round, sim_time now)
{
    for (uint64_t rest = rc->busy_ports | round->answers; rest != 0; rest &= rest - 1) {
        serve_port(rc, round, (unsigned)__builtin_ctzll(rest), now);
    }
}

/* ---- When to look again ---- */

static sim_time port_due(struct root_complex *rc, struct rc_port *port, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    load_write(port);
    for (unsigned queue = 0; queue < port->link->vcs * PCIE_CLASSES; queue++) {
        struct offer offer = find_offer(rc, port, queue);

        if (!offer.present) {
            continue;
        }
        if (pcie_port_has_space(port->link, queue, now, service_of(rc, queue, &offer), offer.units)) {
            return now;
        }
        due = sim_time_min(due, pcie_port_space_at(port->link, queue, now, service_of(rc, queue, &offer), offer.units));
    }
    return due;
}

sim_time rc_links_due(struct root_complex *rc, const struct rc_round *round, sim_time now)
{
    sim_time due = round->answer_lost && round->answer_sent ? now : SIM_TIME_NEVER;

    for (uint64_t rest = rc->busy_ports | round->answers; rest != 0; rest &= rest - 1) {
        struct rc_port *port = &rc->ports[__builtin_ctzll(rest)];

        due = sim_time_min(due, port_due(rc, port, now));
        for (unsigned i = 0; i < port->link->vcs * PCIE_CLASSES; i++) {
            port->answers[i].packet = NULL;
        }
    }
    return due;
}

#include "models/pcie/endpoint_atc.h"

/* ---- Translation requests ---- */

static void ask(struct endpoint *endpoint, unsigned index, sim_time now)
{
    struct endpoint_atc *atc = endpoint->atc;
    struct atc_walk *walk = &atc->walks[index];
    struct sim_packet *packet = sim_packet_new(endpoint->sim, SIM_ATS_ENTRY_BYTES);

    packet->type = SIM_PACKET_READ;
    packet->at = SIM_AT_TRANSLATION_REQUEST;
    packet->id = sim_packet_identity(endpoint->jobs_hash, endpoint->job_packets++);
    packet->born = now;
    packet->last_mark = now;
    packet->flags = walk->context.flags | (walk->write ? 0 : SIM_FLAG_NO_WRITE);
    packet->pasid = walk->context.pasid;
    packet->address = walk->page;
    packet->first_be = 0xf;
    packet->last_be = 0xf;
    walk->tag = endpoint_start_read(endpoint, walk->function, packet, now);
    endpoint->reads[walk->tag].walk = (int8_t)index;
    walk->state = ATC_ASKED;
    atc->walks_to_send &= ~(1u << index);
    endpoint->counters.translation_requests++;
    pcie_port_send(endpoint->port, PCIE_NON_POSTED, packet, now, endpoint->send_latency);
}

static bool can_ask(const struct endpoint *endpoint, unsigned index)
{
    const struct endpoint_function *function = endpoint->atc->walks[index].function;

    return function->bus_master && endpoint_has_tag(endpoint, function);
}

/* ---- Messages ---- */

/** Whether translated reads of the function that were sent by then have not come back. */
static bool reads_pending(const struct endpoint *endpoint, const struct atc_message *message)
{
    for (uint32_t i = 0; i < endpoint->read_tags; i++) {
        const struct endpoint_read *read = &endpoint->reads[i];

        if (read->active && !read->late && read->translated && read->function == message->function &&
            read->sent <= message->after) {
            return true;
        }
    }
    return false;
}

static bool can_send(const struct endpoint *endpoint)
{
    const struct atc_message *message = &endpoint->atc->messages[endpoint->atc->head];

    return endpoint->atc->count > 0 &&
           (message->operation != SIM_ATS_INVALIDATE_COMPLETION || !reads_pending(endpoint, message));
}

static void send_message(struct endpoint *endpoint, sim_time now)
{
    struct endpoint_atc *atc = endpoint->atc;
    const struct atc_message *message = &atc->messages[atc->head];
    struct sim_packet *packet = sim_packet_new(endpoint->sim, 0);

    packet->type = SIM_PACKET_MESSAGE;
    packet->operation = message->operation;
    packet->arg = message->operation == SIM_ATS_PAGE_REQUEST ? SIM_ATS_ROUTE_TO_ROOT : SIM_ATS_ROUTE_BY_ID;
    packet->id = sim_packet_identity(endpoint->jobs_hash, endpoint->job_packets++);
    packet->born = now;
    packet->last_mark = now;
    packet->requester = message->function->id;
    packet->target = message->target;
    packet->address = message->word;
    packet->flags = message->flags;
    packet->pasid = message->pasid;
    atc->head = (atc->head + 1) % ATC_MESSAGES;
    atc->count--;
    pcie_port_send(endpoint->port, PCIE_POSTED, packet, now, endpoint->send_latency);
}

/* ---- Evaluation ---- */

SIM_APART bool endpoint_atc_send_message(struct endpoint *endpoint, sim_time now)
{
    if (!can_send(endpoint)) {
        return false;
    }
    if (pcie_port_has_space(endpoint->port, PCIE_POSTED, now, endpoint->send_latency, 0)) {
        send_message(endpoint, now);
    }
    return true;
}

SIM_APART bool endpoint_atc_send_request(struct endpoint *endpoint, sim_time now)
{
    for (uint32_t rest = endpoint->atc->walks_to_send; rest != 0; rest &= rest - 1) {
        unsigned index = (unsigned)__builtin_ctz(rest);

        if (!can_ask(endpoint, index)) {
            continue;
        }
        if (pcie_port_has_space(endpoint->port, PCIE_NON_POSTED, now, endpoint->send_latency, 0)) {
            ask(endpoint, index, now);
        }
        return true;
    }
    return false;
}

static sim_time space_at(const struct endpoint *endpoint, enum pcie_class class_, sim_time now)
{
    if (pcie_port_has_space(endpoint->port, class_, now, endpoint->send_latency, 0)) {
        return now;
    }
    return pcie_port_space_at(endpoint->port, class_, now, endpoint->send_latency, 0);
}

SIM_APART sim_time endpoint_atc_due(struct endpoint *endpoint, sim_time now)
{
    sim_time due = can_send(endpoint) ? space_at(endpoint, PCIE_POSTED, now) : SIM_TIME_NEVER;

    for (uint32_t rest = endpoint->atc->walks_to_send; rest != 0; rest &= rest - 1) {
        if (can_ask(endpoint, (unsigned)__builtin_ctz(rest))) {
            return sim_time_min(due, space_at(endpoint, PCIE_NON_POSTED, now));
        }
    }
    return due;
}

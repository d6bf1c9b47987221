#include "models/pcie/probe.h"
#include "models/pcie/root_complex_internal.h"
#include "sim/ats.h"
#include "sim/attributes.h"

#include <string.h>

/* ---- Where a TLP from below goes ---- */

unsigned rc_port_towards(const struct root_complex *rc, unsigned bus)
{
    for (unsigned port = 0; port < rc->port_count; port++) {
        if (pcie_bridge_leads_to(&rc->ports[port].bridge, bus)) {
            return port;
        }
    }
    return RC_NOBODY;
}

static struct rc_decision refuse(enum sim_packet_status status, uint32_t error)
{
    return (struct rc_decision){.action = RC_REFUSE, .status = (uint8_t)status, .error = error};
}

/** Looks a requester ID up in both maps. */
SIM_COLD SIM_APART static void look_up(const struct root_complex *rc, uint16_t rid, struct rc_wiring *wiring)
{
    const struct pcie_map_entry *entry;

    wiring->valid = true;
    wiring->rid = rid;
    wiring->flags = 0;
    wiring->stream_id = 0;
    wiring->device_id = 0;
    entry = pcie_map_find(&rc->config.iommu_map, rid, &wiring->stream_id);
    wiring->memory_port = (uint8_t)(entry != NULL ? entry->target : rc->config.bypass_port);
    if (entry != NULL) {
        wiring->flags |= SIM_FLAG_HAS_STREAM_ID;
    }
    if (pcie_map_find(&rc->config.msi_map, rid, &wiring->device_id) != NULL) {
        wiring->flags |= SIM_FLAG_HAS_DEVICE_ID;
    }
}

/** The same through a cache. */
static inline const struct rc_wiring *find_wiring(struct root_complex *rc, uint16_t rid)
{
    struct rc_wiring *wiring = &rc->wiring[(rid ^ rid >> 8) % RC_WIRING_CACHE];

    if (SIM_SELDOM(!wiring->valid || wiring->rid != rid)) {
        look_up(rc, rid, wiring);
    }
    return wiring;
}

/**
 * Whether a request or completion from below that is for something below the same root port is taken as one that was
 * redirected (6.12.1.1, ACS P2P Upstream Forwarding). Without that control the specification leaves open what becomes
 * of either; taken here: neither passes.
 */
static bool forwards_upstream(const struct pcie_bridge *bridge)
{
    return (bridge->acs & PCIE_ACS_UPSTREAM_FORWARDING) != 0;
}

/** A request that may be for a device below another root port. @return whether it does not go to an SMMU */
static bool decide_peer(const struct root_complex *rc, unsigned input, const struct sim_packet *packet,
                        struct rc_decision *decision)
{
    unsigned port = rc_claiming_port(rc, packet->address);

    if (port == RC_NOBODY || port == input) {
        return false;
    }
    switch (pcie_bridge_peer_request(&rc->ports[input].bridge, packet, rc->ports[port].bridge.port_number)) {
    case PCIE_PEER_DIRECT:
        *decision = (struct rc_decision){.action = RC_PEER_REQUEST, .port = (uint8_t)port};
        return true;
    case PCIE_PEER_VIOLATION:
        *decision = refuse(SIM_STATUS_CA, PCIE_AER_ACS_VIOLATION);
        return true;
    default:
        return false;
    }
}

static struct rc_decision decide_memory(struct root_complex *rc, unsigned input, const struct sim_packet *packet)
{
    const struct pcie_bridge *bridge = &rc->ports[input].bridge;
    const struct rc_wiring *wiring;

    switch (pcie_bridge_admit(bridge, packet)) {
    case PCIE_INGRESS_UNSUPPORTED:
        return refuse(SIM_STATUS_UR, PCIE_AER_UNSUPPORTED_REQUEST);
    case PCIE_INGRESS_VIOLATION:
        return refuse(SIM_STATUS_CA, PCIE_AER_ACS_VIOLATION);
    case PCIE_INGRESS_OK:
        break;
    }
    if (pcie_bridge_claims(bridge, packet->address) && !forwards_upstream(bridge)) {
        return refuse(SIM_STATUS_UR, PCIE_AER_UNSUPPORTED_REQUEST);
    }
    if (rc->config.peer_to_peer) {
        struct rc_decision decision;

        if (decide_peer(rc, input, packet, &decision)) {
            return decision;
        }
    }
    wiring = find_wiring(rc, packet->requester);
    if (rc->memories[wiring->memory_port].bus.request == NULL) {
        return refuse(SIM_STATUS_UR, PCIE_AER_UNSUPPORTED_REQUEST);
    }
    return (struct rc_decision){.action = RC_TO_MEMORY, .port = wiring->memory_port};
}

static struct rc_decision decide_completion(const struct root_complex *rc, unsigned input,
                                            const struct sim_packet *packet)
{
    unsigned port;

    if (packet->target == rc->id) {
        return (struct rc_decision){.action = RC_TAKE_COMPLETION};
    }
    /* Peers' completions come here if Completion Redirect sent them up. */
    port = rc_port_towards(rc, packet->target >> 8);
    if (port == RC_NOBODY || rc->ports[port].link == NULL ||
        (port == input && !forwards_upstream(&rc->ports[input].bridge))) {
        return (struct rc_decision){.action = RC_UNEXPECTED};
    }
    return (struct rc_decision){.action = RC_PEER_COMPLETION, .port = (uint8_t)port};
}

/** What ATS and PRI have to say is for the SMMU of the StreamID; all else ends here. */
static struct rc_decision decide_message(struct root_complex *rc, const struct sim_packet *packet)
{
    bool for_smmu = packet->operation == SIM_ATS_INVALIDATE_COMPLETION || packet->operation == SIM_ATS_PAGE_REQUEST;
    const struct rc_wiring *wiring = find_wiring(rc, packet->requester);

    if (!for_smmu || (wiring->flags & SIM_FLAG_HAS_STREAM_ID) == 0 ||
        rc->memories[wiring->memory_port].bus.request == NULL) {
        return (struct rc_decision){.action = RC_TAKE_MESSAGE};
    }
    return (struct rc_decision){.action = RC_TO_MEMORY, .port = wiring->memory_port};
}

static struct rc_decision decide_route(struct root_complex *rc, unsigned input, const struct sim_packet *packet)
{
    switch (packet->type) {
    case SIM_PACKET_READ:
    case SIM_PACKET_WRITE:
        return decide_memory(rc, input, packet);
    case SIM_PACKET_MESSAGE:
        return decide_message(rc, packet);
    case SIM_PACKET_COMPLETION:
        return decide_completion(rc, input, packet);
    default:
        /* Configuration requests only ever go down. */
        return refuse(SIM_STATUS_UR, PCIE_AER_UNSUPPORTED_REQUEST);
    }
}

/**
 * What ends in the root complex is looked at more closely than what passes: its ECRC is checked if software wants that
 * (2.7.1), and poisoned data goes no further, for a bus has no mark for it (2.7.2.2).
 */
static struct rc_decision decide_end(struct root_complex *rc, unsigned input, const struct sim_packet *packet)
{
    const uint32_t bad = SIM_FLAG_ECRC | SIM_FLAG_ECRC_BAD;
    struct rc_decision decision = decide_route(rc, input, packet);

    if ((packet->flags & (SIM_FLAG_POISONED | SIM_FLAG_ECRC_BAD)) == 0 || decision.action == RC_PEER_REQUEST ||
        decision.action == RC_PEER_COMPLETION) {
        return decision;
    }
    if ((packet->flags & bad) == bad && rc->ports[input].bridge.checks_ecrc) {
        return (struct rc_decision){.action = RC_DISCARD, .error = PCIE_AER_ECRC_ERROR};
    }
    if ((packet->flags & SIM_FLAG_POISONED) != 0 && decision.action == RC_TO_MEMORY) {
        return refuse(SIM_STATUS_CA, PCIE_AER_POISONED_TLP);
    }
    return decision;
}

/** A traffic class that a port has no virtual channel for makes a TLP malformed (2.5.3): nobody answers. */
SIM_APART static struct rc_decision decide(struct root_complex *rc, unsigned input, const struct sim_packet *packet)
{
    struct rc_decision decision;

    if (pcie_tlp_is_malformed(packet, rc->ports[input].bridge.max_payload) ||
        (packet->flags & rc->ports[input].bridge.malformed) != 0) {
        return (struct rc_decision){.action = RC_DISCARD, .error = PCIE_AER_MALFORMED_TLP};
    }
    if (rc->queues == PCIE_CLASSES) {
        return decide_end(rc, input, packet);
    }
    if (pcie_vcs_of(&rc->ports[input].bridge.vcs, packet) == PCIE_NO_VC) {
        return (struct rc_decision){.action = RC_DISCARD, .error = PCIE_AER_MALFORMED_TLP};
    }
    decision = decide_end(rc, input, packet);
    if (decision.action == RC_PEER_REQUEST || decision.action == RC_PEER_COMPLETION) {
        decision.vc = (uint8_t)pcie_vcs_of(&rc->ports[decision.port].bridge.vcs, packet);
        if (decision.vc == PCIE_NO_VC) {
            return (struct rc_decision){.action = RC_DISCARD, .error = PCIE_AER_MALFORMED_TLP};
        }
    }
    return decision;
}

/* ---- Inputs ---- */

/** Virtual channels above the low-priority group of the port where they came in go before all others. */
static unsigned priority_of(const struct root_complex *rc, unsigned input)
{
    unsigned vc = pcie_queue_vc(input % PCIE_QUEUES);

    return vc > rc->ports[input / PCIE_QUEUES].bridge.vcs.config.low_priority ? vc : 0;
}

static unsigned turn_distance(unsigned input, unsigned turn, unsigned inputs)
{
    return input >= turn ? input - turn : input + inputs - turn;
}

static void note_for_memory(struct root_complex *rc, struct rc_round *round, unsigned memory_port, unsigned input,
                            uint32_t place)
{
    struct rc_memory *memory = &rc->memories[memory_port];
    unsigned inputs = rc->port_count * PCIE_QUEUES;
    bool before;

    if ((round->memories >> memory_port & 1) == 0) {
        round->memories |= UINT64_C(1) << memory_port;
        memory->candidates = 0;
    }
    before = memory->candidates == 0 ||
             turn_distance(input, memory->turn, inputs) < turn_distance(memory->best, memory->turn, inputs);
    if (rc->queues > PCIE_CLASSES && memory->candidates > 0 &&
        priority_of(rc, input) != priority_of(rc, memory->best)) {
        before = priority_of(rc, input) > priority_of(rc, memory->best);
    }
    if (before) {
        memory->best = (uint16_t)input;
        memory->best_place = place;
    }
    memory->candidates++;
}

unsigned rc_queue_out(const struct rc_answer *candidate)
{
    bool refused = candidate->decision.action == RC_REFUSE;

    return pcie_queue(refused ? pcie_queue_vc(candidate->queue_in) : candidate->decision.vc,
                      refused ? PCIE_COMPLETION : pcie_queue_class(candidate->queue_in));
}

static void note_answer(struct root_complex *rc, struct rc_round *round, unsigned output,
                        const struct rc_answer *candidate)
{
    unsigned queue_out = rc_queue_out(candidate);
    struct rc_answer *answer = &rc->ports[output].answers[queue_out];
    unsigned turn = rc->ports[output].answer_turn[queue_out];
    unsigned inputs = rc->port_count * PCIE_QUEUES;
    unsigned key = (unsigned)candidate->input * PCIE_QUEUES + candidate->queue_in;

    if (answer->packet != NULL) {
        unsigned other = (unsigned)answer->input * PCIE_QUEUES + answer->queue_in;

        round->answer_lost = true;
        if (turn_distance(other, turn, inputs) < turn_distance(key, turn, inputs)) {
            return;
        }
    }
    *answer = *candidate;
    round->answers |= UINT64_C(1) << output;
}

static enum sim_drop_reason drop_reason(uint32_t error)
{
    switch (error) {
    case PCIE_AER_ACS_VIOLATION:
        return SIM_DROP_ACS_VIOLATION;
    case PCIE_AER_MALFORMED_TLP:
        return SIM_DROP_MALFORMED;
    case PCIE_AER_ECRC_ERROR:
        return SIM_DROP_ECRC;
    case PCIE_AER_POISONED_TLP:
        return SIM_DROP_POISONED;
    default:
        return SIM_DROP_UNSUPPORTED_REQUEST;
    }
}

/** A posted request or completion ends here, refused or unexpected; of any class, if it is discarded. */
static void end_here(struct root_complex *rc, unsigned input, struct sim_packet *packet,
                     const struct rc_decision *decision, sim_time now)
{
    enum sim_drop_reason reason = SIM_DROP_UNSUPPORTED_REQUEST;

    if (decision->action == RC_UNEXPECTED) {
        rc->counters.unexpected++;
        rc_report(rc, input, PCIE_AER_UNEXPECTED_COMPLETION, true, packet);
    } else {
        rc_report(rc, input, decision->error, false, packet);
        reason = drop_reason(decision->error);
        rc->counters.acs_violations += reason == SIM_DROP_ACS_VIOLATION;
        rc->counters.unsupported += reason == SIM_DROP_UNSUPPORTED_REQUEST;
    }
    sim_mark(rc->sim, packet, rc->component.stage, now);
    sim_drop(rc->sim, packet, &rc->component, now, reason);
}

/** Takes a head that needs no output. */
static void take(struct root_complex *rc, unsigned input, unsigned queue, const struct rc_decision *decision,
                 sim_time now)
{
    struct sim_packet *packet = pcie_port_take(rc->ports[input].link, queue, now);

    switch (decision->action) {
    case RC_TAKE_MESSAGE:
        rc->counters.messages++;
        if (pcie_is_error_message(packet)) {
            rc_take_error(rc, input, packet);
        }
        sim_packet_free(rc->sim, packet);
        break;
    case RC_TAKE_COMPLETION:
        rc_take_completion(rc, input, packet);
        break;
    default:
        end_here(rc, input, packet, decision, now);
        break;
    }
}

/** A head goes into the contest for its output. @return false if it needs none */
static bool note(struct root_complex *rc, struct rc_round *round, const struct rc_answer *candidate)
{
    unsigned queue = candidate->queue_in;

    switch (candidate->decision.action) {
    case RC_TO_MEMORY:
        note_for_memory(rc, round, candidate->decision.port, candidate->input * PCIE_QUEUES + queue, candidate->place);
        return true;
    case RC_PEER_COMPLETION:
    case RC_PEER_REQUEST:
        note_answer(rc, round, candidate->decision.port, candidate);
        return true;
    case RC_REFUSE:
        if (pcie_queue_class(queue) == PCIE_NON_POSTED) {
            note_answer(rc, round, candidate->input, candidate);
            return true;
        }
        return false;
    default:
        return false;
    }
}

/* ---- Passing ---- */

static bool goes_on(const struct rc_answer *candidate)
{
    return candidate->decision.action == RC_TO_MEMORY || candidate->decision.action == RC_PEER_REQUEST ||
           candidate->decision.action == RC_PEER_COMPLETION;
}

/** When what goes on to a memory port or a peer could do so. */
static sim_time exit_at(struct root_complex *rc, const struct rc_answer *candidate, sim_time now)
{
    const struct rc_decision *decision = &candidate->decision;
    unsigned queue = rc_queue_out(candidate);
    uint32_t units = pcie_tlp_units(candidate->packet);
    sim_time service = rc->config.latency;

    if (decision->action == RC_TO_MEMORY) {
        struct sim_channel *request = rc->memories[decision->port].bus.request;

        return sim_channel_has_space(request, now, service, 0) ? now : sim_channel_space_at(request, now, service, 0);
    }
    service = rc_answer_latency(rc, queue);
    return pcie_port_has_space(rc->ports[decision->port].link, queue, now, service, units)
               ? now
               : pcie_port_space_at(rc->ports[decision->port].link, queue, now, service, units);
}

/** When the next TLP comes that could be among those that are looked at. */
static sim_time next_within(const struct root_complex *rc, const struct sim_channel *channel, sim_time now)
{
    for (uint32_t i = 0; i <= rc->config.passing; i++) {
        sim_time arrival = sim_channel_arrival_behind(channel, i);

        if (arrival > now) {
            return arrival;
        }
    }
    return SIM_TIME_NEVER;
}

/** The head of a queue cannot move: finds one behind it that may pass and can. @return whether there is one */
static bool collect_passing(struct root_complex *rc, struct rc_round *round, unsigned input, unsigned queue,
                            sim_time now)
{
    const struct pcie_port *link = rc->ports[input].link;
    const struct sim_channel *channel = link->queues[queue].receive;
    uint32_t place = 0;

    round->due = sim_time_min(round->due, next_within(rc, channel, now));
    while ((place = pcie_port_next_passing(link, queue, place, now)) <= rc->config.passing) {
        struct rc_answer candidate = {.packet = sim_channel_peek_behind(channel, place, now),
                                      .place = place,
                                      .input = (uint8_t)input,
                                      .queue_in = (uint8_t)queue};
        sim_time at;

        candidate.decision = decide(rc, input, candidate.packet);
        if (!goes_on(&candidate)) {
            /* What ends here or is answered waits until it is the oldest. */
            continue;
        }
        at = exit_at(rc, &candidate, now);
        if (at <= now) {
            return note(rc, round, &candidate);
        }
        round->due = sim_time_min(round->due, at);
    }
    return false;
}

void rc_let_pass(struct root_complex *rc, unsigned input, unsigned queue, uint32_t place, sim_time now)
{
    if (place > 0) {
        sim_channel_advance(rc->ports[input].link->queues[queue].receive, place, now);
        rc->counters.passed++;
    }
}

static void collect_head(struct root_complex *rc, struct rc_round *round, unsigned input, unsigned queue, sim_time now)
{
    const struct pcie_port *link = rc->ports[input].link;
    struct sim_packet *packet = sim_channel_peek(link->queues[queue].receive, now);
    struct rc_answer candidate = {.packet = packet, .input = (uint8_t)input, .queue_in = (uint8_t)queue};
    bool waits;

    if (packet == NULL) {
        return;
    }
    waits = pcie_port_must_wait(link, queue, packet);
    if (waits && rc->config.passing == 0) {
        return;
    }
    candidate.decision = decide(rc, input, packet);
    if (rc->config.passing > 0 && (waits || (goes_on(&candidate) && exit_at(rc, &candidate, now) > now)) &&
        collect_passing(rc, round, input, queue, now)) {
        return;
    }
    if (!waits && !note(rc, round, &candidate)) {
        take(rc, input, queue, &candidate.decision, now);
        round->moved[queue] |= UINT64_C(1) << input;
    }
}

void rc_collect(struct root_complex *rc, struct rc_round *round, sim_time now)
{
    for (unsigned queue = 0; queue < rc->queues; queue++) {
        for (uint64_t rest = rc->arrived[queue]; rest != 0; rest &= rest - 1) {
            collect_head(rc, round, (unsigned)__builtin_ctzll(rest), queue, now);
        }
    }
}

/* ---- To the SMMUs ---- */

unsigned rc_memory_of(struct root_complex *rc, uint16_t rid)
{
    return find_wiring(rc, rid)->memory_port;
}

static inline void put_on_bus(const struct rc_wiring *wiring, struct sim_packet *packet)
{
    packet->flags |= wiring->flags;
    packet->stream_id = wiring->stream_id;
    packet->device_id = wiring->device_id;
    packet->route_depth = 0;
    if (packet->type == SIM_PACKET_MESSAGE) {
        return;
    }
    if (pcie_tlp_all_enabled(packet)) {
        packet->first_be = 0;
        packet->last_be = 0;
    } else if (packet->first_be == 0 && packet->last_be == 0) {
        /* A request without a byte is a request of length 0 on the bus; its only use is to push what went before. */
        packet->cookie = packet->length;
        packet->length = 0;
    }
}

void rc_put_on_bus(struct root_complex *rc, struct sim_packet *packet)
{
    put_on_bus(find_wiring(rc, packet->requester), packet);
}

/** Sends the head of a root port's queue, whose requester has that wiring, to a memory port, which has space. */
static inline void send_to_memory(struct root_complex *rc, struct rc_memory *memory, unsigned input, unsigned queue,
                                  const struct rc_wiring *wiring, sim_time now)
{
    struct sim_packet *packet = pcie_port_take(rc->ports[input].link, queue, now);
    const unsigned next = input * PCIE_QUEUES + queue + 1;

    memory->turn = (uint16_t)(next < rc->port_count * PCIE_QUEUES ? next : 0);
    put_on_bus(wiring, packet);
    rc->counters.requests++;
    sim_channel_push(memory->bus.request, packet, now, rc->config.latency, 0, 0, 0);
}

static void serve_memory(struct root_complex *rc, struct rc_round *round, unsigned index, sim_time now)
{
    struct rc_memory *memory = &rc->memories[index];
    const unsigned input = memory->best / PCIE_QUEUES;
    const unsigned queue = memory->best % PCIE_QUEUES;

    if (sim_channel_has_space(memory->bus.request, now, rc->config.latency, 0)) {
        const struct sim_channel *channel = rc->ports[input].link->queues[queue].receive;

        memory->candidates--;
        round->moved[queue] |= UINT64_C(1) << input;
        rc_let_pass(rc, input, queue, memory->best_place, now);
        send_to_memory(rc, memory, input, queue, find_wiring(rc, sim_channel_peek(channel, now)->requester), now);
    }
}

/**
 * Whether a write takes the way that most of them do, to its requester's memory port: nothing forbids it, and nobody
 * else could claim it. Only with VC0 alone. Where this says false, decide() says what becomes of it.
 */
static inline bool passes_to_memory(const struct root_complex *rc, unsigned input, const struct sim_packet *packet)
{
    const struct pcie_bridge *bridge = &rc->ports[input].bridge;
    const uint32_t looked_at = bridge->malformed | SIM_FLAG_POISONED | SIM_FLAG_ECRC_BAD;

    return packet->type == SIM_PACKET_WRITE && (packet->flags & looked_at) == 0 && !rc->config.peer_to_peer &&
           pcie_bridge_admit(bridge, packet) == PCIE_INGRESS_OK && !pcie_bridge_claims(bridge, packet->address) &&
           !pcie_tlp_is_malformed(packet, bridge->max_payload);
}

bool rc_forward_alone(struct root_complex *rc, sim_time now, sim_time *due)
{
    unsigned input = (unsigned)__builtin_ctzll(rc->arrived[PCIE_POSTED]);
    struct sim_channel *channel = rc->ports[input].link->queues[PCIE_POSTED].receive;
    const struct sim_packet *packet = sim_channel_peek(channel, now);

    if (packet != NULL) {
        const struct rc_wiring *wiring = find_wiring(rc, packet->requester);
        struct rc_memory *memory = &rc->memories[wiring->memory_port];

        if (SIM_SELDOM(memory->bus.request == NULL || !passes_to_memory(rc, input, packet)) &&
            decide(rc, input, packet).action != RC_TO_MEMORY) {
            return false;
        }
        if (SIM_SELDOM(!sim_channel_has_space(memory->bus.request, now, rc->config.latency, 0))) {
            *due = sim_channel_space_at(memory->bus.request, now, rc->config.latency, 0);
            return true;
        }
        send_to_memory(rc, memory, input, PCIE_POSTED, wiring, now);
    }
    *due = sim_channel_next_arrival(channel);
    if (*due == SIM_TIME_NEVER) {
        rc->arrived[PCIE_POSTED] = 0;
    }
    return true;
}

void rc_serve_memories(struct root_complex *rc, struct rc_round *round, sim_time now)
{
    for (uint64_t rest = round->memories & ~round->served; rest != 0; rest &= rest - 1) {
        serve_memory(rc, round, (unsigned)__builtin_ctzll(rest), now);
    }
}

sim_time rc_memories_due(struct root_complex *rc, const struct rc_round *round, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;

    for (uint64_t rest = round->memories; rest != 0; rest &= rest - 1) {
        struct rc_memory *memory = &rc->memories[__builtin_ctzll(rest)];

        if (memory->candidates == 0) {
            continue;
        }
        if (sim_channel_has_space(memory->bus.request, now, rc->config.latency, 0)) {
            return now;
        }
        due = sim_time_min(due, sim_channel_space_at(memory->bus.request, now, rc->config.latency, 0));
    }
    return due;
}

/* ---- Answers of the bus ---- */

/** Turns an answer to a read into a completion that the root port sends down. */
static void load_completion(struct root_complex *rc, struct rc_port *port, struct sim_packet *packet)
{
    struct pcie_split *split = rc_split_of(port, packet);
    uint32_t bytes = packet->status == SIM_STATUS_OK ? packet->length : 0;

    if (bytes == 0 && packet->status == SIM_STATUS_OK) {
        bytes = (uint32_t)packet->cookie;
        memset(packet->data, 0, bytes);
    }
    pcie_tlp_complete(packet, rc->id, (enum sim_packet_status)packet->status, bytes);
    split->whole = packet;
    split->sent = 0;
}

/** The requester ID that a memory port knows by a StreamID. @return false if none has it */
static bool find_requester(const struct root_complex *rc, unsigned memory_port, uint32_t stream_id, uint16_t *rid)
{
    const struct pcie_map *map = &rc->config.iommu_map;

    for (size_t i = 0; i < map->count; i++) {
        const struct pcie_map_entry *entry = &map->entries[i];

        if (entry->target == memory_port && stream_id - entry->output_base < entry->length) {
            *rid = (uint16_t)(entry->rid_base + (stream_id - entry->output_base));
            return true;
        }
    }
    return false;
}

/** Says for the device that an Invalidate Request has failed: there is nobody to take it. */
static void refuse_invalidation(struct root_complex *rc, unsigned index, struct sim_packet *packet, sim_time now)
{
    struct sim_channel *request = rc->memories[index].bus.request;

    packet->operation = SIM_ATS_INVALIDATE_COMPLETION;
    packet->address = sim_ats_completion_word(1u << sim_ats_itag(packet->address), 1);
    packet->status = SIM_STATUS_UR;
    packet->length = 0;
    sim_channel_push(request, packet, now, rc->config.latency, 0, 0, 0);
}

/** A message from an SMMU to an endpoint goes down as the host's writes do. */
static void take_message(struct root_complex *rc, unsigned index, const struct sim_packet *packet, sim_time now)
{
    struct sim_channel *response = rc->memories[index].bus.response;
    struct sim_channel *request = rc->memories[index].bus.request;
    uint16_t rid = 0;
    bool known = find_requester(rc, index, packet->stream_id, &rid);
    unsigned port = known ? rc_port_towards(rc, rid >> 8) : RC_NOBODY;

    if (port != RC_NOBODY && rc->ports[port].link != NULL) {
        if (rc->ports[port].messages < RC_MESSAGES) {
            struct sim_packet *message = sim_channel_pop(response, now);

            message->target = rid;
            message->requester = rc->id;
            rc_enqueue_message(rc, port, message);
        }
    } else if (packet->operation != SIM_ATS_INVALIDATE_REQUEST) {
        sim_drop(rc->sim, sim_channel_pop(response, now), &rc->component, now, SIM_DROP_UNSUPPORTED_REQUEST);
    } else if (sim_channel_has_space(request, now, rc->config.latency, 0)) {
        refuse_invalidation(rc, index, sim_channel_pop(response, now), now);
    }
}

/** Whether an answer or message of the bus could be taken now, were it the oldest. */
static bool is_free(const struct root_complex *rc, const struct sim_packet *packet)
{
    unsigned port = rc_port_towards(rc, packet->requester >> 8);
    unsigned vc;

    if (packet->type != SIM_PACKET_COMPLETION || port == RC_NOBODY || rc->ports[port].link == NULL) {
        return true;
    }
    vc = pcie_vcs_of(&rc->ports[port].bridge.vcs, packet);
    return rc->ports[port].completion[vc != PCIE_NO_VC ? vc : 0].whole == NULL;
}

/** Whether the ordering table lets an answer or message of a bus go before all older ones. */
static bool answer_may_pass(const struct sim_channel *channel, uint32_t place, sim_time now)
{
    const struct sim_packet *packet = sim_channel_peek_behind(channel, place, now);

    for (uint32_t i = 0; i < place; i++) {
        if (!pcie_tlp_may_pass(packet, sim_channel_peek_behind(channel, i, now))) {
            return false;
        }
    }
    return true;
}

/** Place of the first answer behind a blocked one that may pass and can; UINT32_MAX if there is none. */
static uint32_t find_passing_answer(const struct root_complex *rc, const struct sim_channel *channel, sim_time now)
{
    const struct sim_packet *packet;

    for (uint32_t i = 1; i <= rc->config.passing; i++) {
        packet = sim_channel_peek_behind(channel, i, now);
        if (packet == NULL) {
            break;
        }
        if (is_free(rc, packet) && answer_may_pass(channel, i, now)) {
            return i;
        }
    }
    return UINT32_MAX;
}

sim_time rc_passing_answer_due(const struct root_complex *rc, unsigned index, sim_time now)
{
    const struct sim_channel *channel = rc->memories[index].bus.response;

    return find_passing_answer(rc, channel, now) != UINT32_MAX ? now : next_within(rc, channel, now);
}

/** The answer that is to be taken: the oldest, or one that passes it. */
static struct sim_packet *next_answer(struct root_complex *rc, struct sim_channel *channel, sim_time now)
{
    struct sim_packet *packet = sim_channel_peek(channel, now);
    uint32_t place;

    if (packet == NULL || rc->config.passing == 0 || is_free(rc, packet)) {
        return packet;
    }
    place = find_passing_answer(rc, channel, now);
    if (place == UINT32_MAX) {
        return packet;
    }
    sim_channel_advance(channel, place, now);
    rc->counters.passed++;
    return sim_channel_peek(channel, now);
}

static void take_answer(struct root_complex *rc, unsigned index, sim_time now)
{
    struct sim_channel *channel = rc->memories[index].bus.response;
    struct sim_packet *packet = next_answer(rc, channel, now);
    unsigned port;

    if (packet == NULL) {
        return;
    }
    if (packet->type == SIM_PACKET_MESSAGE) {
        take_message(rc, index, packet, now);
        return;
    }
    if (packet->type != SIM_PACKET_COMPLETION) {
        /* An interconnect that acknowledges posted writes all the same. */
        sim_packet_free(rc->sim, sim_channel_pop(channel, now));
        return;
    }
    port = rc_port_towards(rc, packet->requester >> 8);
    if (port == RC_NOBODY || rc->ports[port].link == NULL) {
        sim_drop(rc->sim, sim_channel_pop(channel, now), &rc->component, now, SIM_DROP_UNSUPPORTED_REQUEST);
        return;
    }
    if (rc_split_of(&rc->ports[port], packet)->whole == NULL) {
        load_completion(rc, &rc->ports[port], sim_channel_pop(channel, now));
        rc->busy_ports |= UINT64_C(1) << port;
    }
}

void rc_take_answers(struct root_complex *rc, sim_time now)
{
    for (uint64_t rest = rc->bus_arrived & ~(UINT64_C(1) << RC_HOST_BIT); rest != 0; rest &= rest - 1) {
        take_answer(rc, (unsigned)__builtin_ctzll(rest), now);
    }
}

/* ---- Looking ---- */

struct pcie_probe root_complex_probe(struct root_complex *rc, unsigned input, const struct sim_packet *tlp)
{
    const struct rc_decision decision = decide(rc, input, tlp);
    struct pcie_probe found = {.port = decision.port};

    if (decision.action == RC_PEER_REQUEST) {
        found.outcome = PCIE_PROBE_LINK;
    } else if (decision.action == RC_TO_MEMORY) {
        const struct rc_wiring *wiring = find_wiring(rc, tlp->requester);

        found.outcome = PCIE_PROBE_MEMORY;
        found.flags = wiring->flags;
        found.stream_id = wiring->stream_id;
        found.device_id = wiring->device_id;
    }
    return found;
}

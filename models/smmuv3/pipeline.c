/*
 * Requests: how they come in, wait, and leave.
 *
 * A request that hits everything, with nothing ahead of it that it must follow, is translated and pushed in the same
 * evaluation, with its whole latency as service time. Every other request takes a slot. A slot waits for its
 * configuration, then for its translation, then for its turn; a slot may not leave before its predecessor (the previous
 * request of the port, or of the stream: enum smmu_order) has left.
 */
#include "models/smmuv3/smmu_internal.h"

#include <string.h>

/* ---- Lookup ---- */

static struct smmu_stream stream_of(const struct sim_packet *packet)
{
    const bool ssv = (packet->flags & SIM_FLAG_PASID) != 0;

    return (struct smmu_stream){.sid = packet->stream_id, .ssid = ssv ? packet->pasid & 0xfffff : 0, .ssv = ssv};
}

/* ATS is absent, and no master may cross a 4 KiB boundary: such requests are unsupported. */
static bool is_supported(const struct sim_packet *packet)
{
    return packet->at == SIM_AT_UNTRANSLATED && (packet->address & 0xfff) + packet->length <= 0x1000;
}

static bool is_permitted(const struct smmu_tlb_entry *entry, const struct sim_packet *packet)
{
    unsigned kind = SMMU_PERM_UR;

    if (packet->type == SIM_PACKET_WRITE) {
        kind = SMMU_PERM_UW;
    } else if ((packet->flags & SIM_FLAG_EXECUTE) != 0) {
        kind = SMMU_PERM_UX;
    }
    if ((packet->flags & SIM_FLAG_PRIVILEGED) != 0) {
        kind *= SMMU_PERM_PR / SMMU_PERM_UR;
    }
    return (entry->output & kind) != 0;
}

static bool exceeds_output(const struct smmu *smmu, uint64_t address)
{
    return address >> smmu->features.output_address_bits != 0;
}

/** A request that can pass without a slot. */
struct hit {
    uint64_t address;
    sim_time latency;
    struct smmu_config_entry *config; /**< looked up, or NULL */
    struct smmu_tlb_entry *tlb;       /**< looked up, or NULL */
};

/* Whether a request hits all the way. Changes nothing, so that it may be asked again at a later edge. */
static bool probe(struct smmu *smmu, const struct sim_packet *packet, struct hit *hit)
{
    const struct smmu_times *times = &smmu->times;
    struct smmu_stream stream;
    const struct smmu_context *context;
    uint64_t va;

    *hit = (struct hit){.address = packet->address, .latency = times->accept + times->forward};
    if ((packet->flags & SIM_FLAG_HAS_STREAM_ID) == 0) {
        return true;
    }
    if (!is_supported(packet)) {
        return false;
    }
    if (!smmu->control.enabled) {
        return !smmu->control.global_abort && !exceeds_output(smmu, packet->address);
    }
    stream = stream_of(packet);
    hit->config = smmu_config_cache_find(&smmu->configs, &stream);
    if (hit->config == NULL) {
        return false;
    }
    hit->latency += times->config_lookup;
    context = &hit->config->context;
    if (context->action != SMMU_ACTION_TRANSLATE) {
        return context->action == SMMU_ACTION_BYPASS && !exceeds_output(smmu, packet->address);
    }
    va = smmu_canonical_address(context, packet->address);
    hit->tlb = smmu_tlb_find(&smmu->tlb, context->tag, va);
    if (hit->tlb == NULL || !is_permitted(hit->tlb, packet)) {
        return false;
    }
    hit->latency += times->tlb_lookup;
    hit->address = smmu_tlb_output(hit->tlb, va);
    return true;
}

static void count_hit(struct smmu *smmu, const struct hit *hit)
{
    smmu->counters.requests++;
    if (hit->config != NULL) {
        smmu->counters.config_hits++;
        smmu_config_cache_touch(&smmu->configs, hit->config);
    }
    if (hit->tlb != NULL) {
        smmu->counters.tlb_hits++;
        smmu_tlb_touch(&smmu->tlb, hit->tlb);
    }
}

/* ---- Slots ---- */

static void make_ready(struct smmu *smmu, uint16_t index)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (slot->state == SMMU_SLOT_DONE && !slot->behind) {
        smmu_list_append(smmu, &smmu->ports[slot->port].ready, index);
    }
}

static void decide(struct smmu *smmu, uint16_t index, enum smmu_outcome outcome, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    slot->state = SMMU_SLOT_DONE;
    slot->outcome = (uint8_t)outcome;
    slot->ready_at = at;
    make_ready(smmu, index);
}

/* Terminates a request because of a fault: which way, and with or without a record (5.5, table "Fault response"). */
static void decide_fault(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    bool record = true;
    bool abort = true;

    if (fault->type >= SMMU_F_TRANSLATION && fault->type <= SMMU_F_PERMISSION) {
        record = slot->context.record;
        abort = slot->context.abort;
    } else if (fault->type == SMMU_C_BAD_STREAMID) {
        record = smmu->control.record_invalid_id;
    }
    if (record) {
        smmu_event_make(slot->event, fault, &slot->stream, slot->packet);
        slot->has_event = true;
    }
    decide(smmu, index, abort ? SMMU_OUTCOME_ABORT : SMMU_OUTCOME_RAZ_WI, at);
}

static void decide_type(struct smmu *smmu, uint16_t index, uint8_t type, sim_time at)
{
    const struct smmu_fault fault = {.type = type, .class_ = SMMU_CLASS_IN};

    decide_fault(smmu, index, &fault, at);
}

void smmu_slot_translated(struct smmu *smmu, uint16_t index, const struct smmu_tlb_entry *entry,
                          const struct smmu_fault *fault, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (slot->state == SMMU_SLOT_WALK) {
        sim_mark(smmu->sim, slot->packet, smmu->walk_stage, at);
    }
    if (fault->type != 0) {
        decide_fault(smmu, index, fault, at);
    } else if (!is_permitted(entry, slot->packet)) {
        decide_type(smmu, index, SMMU_F_PERMISSION, at);
    } else {
        slot->packet->address = smmu_tlb_output(entry, slot->packet->address);
        decide(smmu, index, SMMU_OUTCOME_FORWARD, at);
    }
}

/* Looks a slot's address up in the TLB at @p at, and waits for a walk if it misses. @return false if none is free */
static bool translate(struct smmu *smmu, uint16_t index, bool first_time, sim_time at)
{
    static const struct smmu_fault no_fault = {0};
    struct smmu_slot *slot = &smmu->slots[index];
    const uint64_t va = smmu_canonical_address(&slot->context, slot->packet->address);
    struct smmu_tlb_entry *entry = smmu_tlb_find(&smmu->tlb, slot->context.tag, va);
    struct smmu_fault fault;
    unsigned level;

    if (first_time) {
        smmu->counters.tlb_hits += entry != NULL;
        smmu->counters.tlb_misses += entry == NULL;
    }
    if (entry != NULL) {
        smmu_tlb_touch(&smmu->tlb, entry);
        smmu_slot_translated(smmu, index, entry, &no_fault, at);
        return true;
    }
    if (smmu_walk_locate(&slot->context, va, &level, &fault) == SMMU_LOOKUP_FAULT) {
        decide_fault(smmu, index, &fault, at);
        return true;
    }
    slot->state = SMMU_SLOT_WALK;
    return smmu_walk_start(smmu, &slot->context, va, level, index, at);
}

/* The slot's configuration is known. */
static void apply_config(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (slot->context.action == SMMU_ACTION_ABORT) {
        decide(smmu, index, SMMU_OUTCOME_ABORT, at);
    } else if (slot->context.action == SMMU_ACTION_BYPASS) {
        if (exceeds_output(smmu, slot->packet->address)) {
            decide_type(smmu, index, SMMU_F_ADDR_SIZE, at);
        } else {
            decide(smmu, index, SMMU_OUTCOME_FORWARD, at);
        }
    } else if (!translate(smmu, index, true, at + smmu->times.tlb_lookup)) {
        smmu_list_append(smmu, &smmu->walk_queue, index);
    }
}

void smmu_slot_configured(struct smmu *smmu, uint16_t index, const struct smmu_context *context,
                          const struct smmu_fault *fault, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    if (slot->state == SMMU_SLOT_CONFIG) {
        sim_mark(smmu->sim, slot->packet, smmu->config_stage, at);
    }
    if (fault->type != 0) {
        decide_fault(smmu, index, fault, at);
        return;
    }
    slot->context = *context;
    apply_config(smmu, index, at);
}

/* Looks a slot's stream up, and waits for a fetch if it misses. @return false if no fetch slot is free */
static bool configure(struct smmu *smmu, uint16_t index, bool first_time, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_config_entry *entry = smmu_config_cache_find(&smmu->configs, &slot->stream);

    if (first_time) {
        smmu->counters.config_hits += entry != NULL;
        smmu->counters.config_misses += entry == NULL;
    }
    if (entry != NULL) {
        if (!first_time) {
            sim_mark(smmu->sim, slot->packet, smmu->config_stage, at);
        }
        smmu_config_cache_touch(&smmu->configs, entry);
        slot->context = entry->context;
        apply_config(smmu, index, at);
        return true;
    }
    slot->state = SMMU_SLOT_CONFIG;
    return smmu_config_fetch_start(smmu, &slot->stream, index, at);
}

/* Puts a slot that was taken off a list back to its head. */
static void put_back(struct smmu *smmu, struct smmu_list *list, uint16_t index)
{
    smmu->slots[index].next = list->head;
    list->tail = list->head == SMMU_NONE ? index : list->tail;
    list->head = index;
}

void smmu_slots_retry_config(struct smmu *smmu, sim_time at)
{
    while (smmu->config_queue.head != SMMU_NONE) {
        /* Taken off first, because the slot joins another list if it succeeds. */
        const uint16_t index = smmu_list_take(smmu, &smmu->config_queue);

        if (!configure(smmu, index, false, at)) {
            put_back(smmu, &smmu->config_queue, index);
            return;
        }
    }
}

void smmu_slots_retry_walk(struct smmu *smmu, sim_time at)
{
    while (smmu->walk_queue.head != SMMU_NONE) {
        const uint16_t index = smmu_list_take(smmu, &smmu->walk_queue);

        if (!translate(smmu, index, false, at)) {
            put_back(smmu, &smmu->walk_queue, index);
            return;
        }
    }
}

/* ---- In ---- */

/* The youngest slot that a new request must follow; SMMU_NONE if there is none. */
static uint16_t find_predecessor(const struct smmu *smmu, uint32_t port, const struct sim_packet *packet)
{
    const uint32_t mask = SIM_FLAG_HAS_STREAM_ID;
    uint16_t found = SMMU_NONE;
    uint64_t sequence = 0;

    if (smmu->port_order || smmu->ports[port].held == 0) {
        return smmu->ports[port].youngest;
    }
    for (uint32_t i = 0; i < smmu->config.translation_slots; i++) {
        const struct smmu_slot *slot = &smmu->slots[i];

        if (slot->state != SMMU_SLOT_FREE && slot->port == port && slot->sequence >= sequence &&
            ((slot->packet->flags ^ packet->flags) & mask) == 0 && slot->packet->stream_id == packet->stream_id) {
            found = (uint16_t)i;
            sequence = slot->sequence;
        }
    }
    return found;
}

/* What becomes of a request that now is in a slot. */
static void begin(struct smmu *smmu, uint16_t index, sim_time now)
{
    struct smmu_slot *slot = &smmu->slots[index];
    const struct sim_packet *packet = slot->packet;
    const sim_time at = now + smmu->times.accept;

    if ((packet->flags & SIM_FLAG_HAS_STREAM_ID) == 0) {
        decide(smmu, index, SMMU_OUTCOME_FORWARD, at);
    } else if (!is_supported(packet)) {
        decide_type(smmu, index, SMMU_F_UUT, at);
    } else if (!slot->enabled) {
        /* SMMUEN = 0: GBPA rules, nothing is recorded. An address too large for the SMMU aborts silently too. */
        const bool abort = smmu->control.global_abort || exceeds_output(smmu, packet->address);

        decide(smmu, index, abort ? SMMU_OUTCOME_ABORT : SMMU_OUTCOME_FORWARD, at);
    } else if (!configure(smmu, index, true, at + smmu->times.config_lookup)) {
        smmu_list_append(smmu, &smmu->config_queue, index);
    }
}

/* @return whether the slot is the first that may leave, and so has not been looked at in this evaluation */
static bool take_slot(struct smmu *smmu, uint32_t port, uint16_t predecessor, sim_time now)
{
    struct smmu_port *p = &smmu->ports[port];
    const uint16_t index = smmu->free_slot;
    struct smmu_slot *slot = &smmu->slots[index];

    smmu->free_slot = slot->next;
    slot->packet = sim_channel_pop(p->upstream.request, now);
    slot->sequence = smmu->next_sequence++;
    slot->stream = stream_of(slot->packet);
    slot->epoch = smmu->epoch;
    slot->successor = SMMU_NONE;
    slot->port = (uint8_t)port;
    slot->behind = predecessor != SMMU_NONE;
    slot->enabled = smmu->control.enabled;
    slot->has_event = false;
    if (slot->behind) {
        smmu->slots[predecessor].successor = index;
    }
    p->youngest = index;
    p->held++;
    smmu->held++;
    smmu->held_enabled += slot->enabled;
    smmu->counters.requests++;
    smmu->first_port = port + 1 < smmu->port_count ? port + 1 : 0;
    begin(smmu, index, now);
    return p->ready.head == index;
}

static void send_request(struct smmu *smmu, struct smmu_port *port, struct sim_packet *packet, sim_time now,
                         sim_time leave)
{
    const uint32_t units = packet->type == SIM_PACKET_WRITE ? sim_channel_units(packet->length) : 0;

    leave = sim_time_max(leave, port->out_free);
    port->out_free = leave + smmu->component.period;
    port->sent_at = now;
    sim_channel_push(port->downstream.request, packet, now, leave - now, units, 0, 0);
}

/* Takes one request in, if there is one and it can be taken. @return when to look again */
static sim_time accept_request(struct smmu *smmu, uint32_t index, sim_time now)
{
    struct smmu_port *port = &smmu->ports[index];
    struct sim_channel *in = port->upstream.request;
    struct sim_channel *out = port->downstream.request;
    struct sim_packet *packet = sim_channel_peek(in, now);
    uint16_t predecessor;
    struct hit hit;

    if (packet == NULL) {
        return sim_channel_next_arrival(in);
    }
    predecessor = find_predecessor(smmu, index, packet);
    if (predecessor == SMMU_NONE && port->ready.head == SMMU_NONE && port->sent_at != now &&
        probe(smmu, packet, &hit)) {
        const uint32_t units = packet->type == SIM_PACKET_WRITE ? sim_channel_units(packet->length) : 0;

        if (!sim_channel_has_space(out, now, hit.latency, units)) {
            return sim_channel_space_at(out, now, hit.latency, units);
        }
        count_hit(smmu, &hit);
        packet = sim_channel_pop(in, now);
        packet->address = hit.address;
        send_request(smmu, port, packet, now, now + hit.latency);
        return sim_channel_next_arrival(in);
    }
    if (smmu->free_slot == SMMU_NONE) {
        smmu->counters.slot_stalls += !smmu->starved;
        smmu->starved = true;
        return SIM_TIME_NEVER; /* a slot is given back in an evaluation of ours, before its accepts */
    }
    return take_slot(smmu, index, predecessor, now) ? now : sim_channel_next_arrival(in);
}

/* ---- Out ---- */

static void release_slot(struct smmu *smmu, uint16_t index)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct smmu_port *port = &smmu->ports[slot->port];

    slot->state = SMMU_SLOT_FREE;
    slot->packet = NULL;
    if (slot->successor != SMMU_NONE) {
        smmu->slots[slot->successor].behind = false;
        make_ready(smmu, slot->successor);
    }
    if (port->youngest == index) {
        port->youngest = SMMU_NONE;
    }
    port->held--;
    smmu->held--;
    smmu->held_enabled -= slot->enabled;
    smmu_commands_slot_released(smmu, slot->epoch);
    slot->next = smmu->free_slot;
    smmu->free_slot = index;
    smmu->starved = false;
}

/* The answer to a terminated read: the packet turned round. */
static void answer_read(struct smmu *smmu, struct smmu_port *port, const struct smmu_slot *slot, sim_time now)
{
    struct sim_packet *packet = slot->packet;
    const sim_time known = sim_time_max(slot->ready_at, now) + smmu->times.forward;
    const sim_time leave = sim_time_max(known, port->response_free);

    packet->type = SIM_PACKET_COMPLETION;
    packet->status = slot->outcome == SMMU_OUTCOME_ABORT ? SIM_STATUS_CA : SIM_STATUS_OK;
    if (slot->outcome == SMMU_OUTCOME_RAZ_WI) {
        memset(packet->data, 0, packet->length);
    }
    port->response_free = leave + smmu->component.period;
    port->answered_at = now;
    sim_channel_push(port->upstream.response, packet, now, leave - now, sim_channel_units(packet->length), 0, 0);
}

/* Whether the slot at the head of a port's ready list can leave; if not, *due says when to look again. */
static bool can_leave(struct smmu *smmu, struct smmu_port *port, const struct smmu_slot *slot, sim_time now,
                      sim_time *due)
{
    const struct sim_packet *packet = slot->packet;
    struct sim_channel *out = port->upstream.response;
    uint32_t units = sim_channel_units(packet->length);

    if (slot->has_event && !smmu_event_has_room(smmu)) {
        *due = SIM_TIME_NEVER; /* records leave the buffer in an evaluation of ours, which sets `again` */
        return false;
    }
    if (slot->outcome == SMMU_OUTCOME_FORWARD) {
        out = port->downstream.request;
        units = packet->type == SIM_PACKET_WRITE ? units : 0;
    } else if (packet->type == SIM_PACKET_WRITE) {
        return true;
    } else if (port->answered_at == now) {
        *due = now;
        return false;
    }
    if (!sim_channel_has_space(out, now, 0, units)) {
        *due = sim_channel_space_at(out, now, 0, units);
        return false;
    }
    return true;
}

/* Lets one slot of a port leave. @return when to look again */
static sim_time depart(struct smmu *smmu, struct smmu_port *port, sim_time now)
{
    const uint16_t index = port->ready.head;
    struct smmu_slot *slot;
    sim_time due;

    if (index == SMMU_NONE) {
        return SIM_TIME_NEVER;
    }
    slot = &smmu->slots[index];
    if (!can_leave(smmu, port, slot, now, &due)) {
        return due;
    }
    smmu_list_take(smmu, &port->ready);
    if (slot->outcome == SMMU_OUTCOME_FORWARD) {
        send_request(smmu, port, slot->packet, now, sim_time_max(slot->ready_at, now) + smmu->times.forward);
    } else {
        smmu->counters.terminated++;
        if (slot->has_event) {
            smmu_event_queue(smmu, slot->event);
        }
        if (slot->packet->type == SIM_PACKET_WRITE) {
            const sim_time end = sim_time_max(slot->ready_at, now);

            sim_mark(smmu->sim, slot->packet, smmu->component.stage, end);
            sim_drop(smmu->sim, slot->packet, &smmu->component, end, SIM_DROP_SMMU_FAULT);
        } else {
            answer_read(smmu, port, slot, now);
        }
    }
    release_slot(smmu, index);
    return port->ready.head != SMMU_NONE ? now : SIM_TIME_NEVER;
}

/* Passes one read completion upstream. @return when to look again */
static sim_time respond(struct smmu *smmu, struct smmu_port *port, sim_time now)
{
    struct sim_packet *packet = sim_channel_peek(port->downstream.response, now);
    uint32_t units;
    sim_time leave;

    if (packet == NULL) {
        return sim_channel_next_arrival(port->downstream.response);
    }
    if (packet->type != SIM_PACKET_COMPLETION) {
        sim_panic(smmu->sim, &smmu->component, packet, "only read completions come back on a posted port");
    }
    units = sim_channel_units(packet->length);
    if (!sim_channel_has_space(port->upstream.response, now, 0, units)) {
        return sim_channel_space_at(port->upstream.response, now, 0, units);
    }
    packet = sim_channel_pop(port->downstream.response, now);
    leave = sim_time_max(now + smmu->times.response, port->response_free);
    port->response_free = leave + smmu->component.period;
    port->answered_at = now;
    sim_channel_push(port->upstream.response, packet, now, leave - now, units, 0, 0);
    return sim_channel_next_arrival(port->downstream.response);
}

sim_time smmu_pipeline_run(struct smmu *smmu, sim_time now)
{
    sim_time due = SIM_TIME_NEVER;
    uint32_t port = smmu->first_port;

    for (uint32_t i = 0; i < smmu->port_count; i++) {
        due = sim_time_min(due, respond(smmu, &smmu->ports[i], now));
        due = sim_time_min(due, depart(smmu, &smmu->ports[i], now));
    }
    for (uint32_t i = 0; i < smmu->port_count; i++) {
        due = sim_time_min(due, accept_request(smmu, port, now));
        port = port + 1 < smmu->port_count ? port + 1 : 0;
    }
    return due;
}

/*
 * Translation buffer units: where requests come in.
 *
 * A request that hits everything, with nothing ahead of it that it must follow, is translated and pushed in the same
 * evaluation, with its whole latency as service time. Every other request takes a slot (tbu_slots.c).
 */
#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/tbu_internal.h"

/* ---- Lookup ---- */

static struct smmu_stream stream_of(const struct sim_packet *packet)
{
    const bool ssv = (packet->flags & SIM_FLAG_PASID) != 0;

    return (struct smmu_stream){.sid = packet->stream_id, .ssid = ssv ? packet->pasid & 0xfffff : 0, .ssv = ssv};
}

/* No master may cross a 4 KiB boundary; and all but untranslated requests need ATS. */
static bool is_ordinary(const struct sim_packet *packet)
{
    return packet->at == SIM_AT_UNTRANSLATED && packet->type != SIM_PACKET_MESSAGE &&
           (packet->address & 0xfff) + packet->length <= 0x1000;
}

/** What was looked up for a request, and whether it can pass without a slot. */
struct hit {
    bool passes;
    uint64_t address;
    sim_time latency;
    struct smmu_config_entry *config; /**< looked up, or NULL */
    struct smmu_tlb_entry *tlb;       /**< looked up, or NULL */
    struct smmu_tbu_entry *micro;     /**< looked up in the TBU's TLBs, or NULL */
    struct smmu_tbu_entry *main;
};

static bool tbu_entry_permits(const struct smmu_tbu_entry *entry, const struct sim_packet *packet)
{
    return smmu_entry_permits(&entry->translation, smmu_tbu_entry_need(entry, packet));
}

/* Looks into the TBU's own TLBs, one after the other. @return the entry, or NULL */
static struct smmu_tbu_entry *probe_tbu(struct smmu *smmu, struct smmu_tbu *tbu, const struct smmu_stream *stream,
                                        const struct sim_packet *packet, struct hit *hit)
{
    if (tbu->micro_tlb.sets > 0) {
        hit->latency += smmu->times.micro_tlb_lookup;
        hit->micro = smmu_tbu_tlb_find(&tbu->micro_tlb, stream, packet->address);
        if (hit->micro != NULL && tbu_entry_permits(hit->micro, packet)) {
            return hit->micro;
        }
        hit->micro = NULL;
    }
    if (tbu->tlb.sets > 0) {
        hit->latency += smmu->times.tbu_tlb_lookup;
        hit->main = smmu_tbu_tlb_find(&tbu->tlb, stream, packet->address);
        if (hit->main != NULL && tbu_entry_permits(hit->main, packet)) {
            return hit->main;
        }
        hit->main = NULL;
    }
    return NULL;
}

/* A hit in a TBU's TLB is used; one of the larger TLB also goes into the small one. */
SIM_APART static void use_tbu_hit(struct smmu *smmu, struct smmu_tbu *tbu, const struct smmu_stream *stream,
                                  struct smmu_tbu_entry *micro, struct smmu_tbu_entry *main)
{
    if (micro != NULL) {
        smmu->counters.micro_tlb_hits++;
        smmu_tbu_tlb_touch(&tbu->micro_tlb, micro);
    } else if (main != NULL) {
        smmu->counters.tbu_tlb_hits++;
        smmu_tbu_tlb_touch(&tbu->tlb, main);
        smmu_tbu_tlb_fill(&tbu->micro_tlb, stream, main);
    }
}

bool smmu_tbu_lookup(struct smmu *smmu, struct smmu_tbu *tbu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    struct hit hit = {0};
    const struct smmu_tbu_entry *entry = probe_tbu(smmu, tbu, &slot->stream, slot->packet, &hit);

    if (entry == NULL) {
        return false;
    }
    slot->packet->address = smmu_tlb_output(&entry->translation, slot->packet->address);
    use_tbu_hit(smmu, tbu, &slot->stream, hit.micro, hit.main);
    smmu_slot_decide(smmu, index, SMMU_OUTCOME_FORWARD, at);
    return true;
}

/* Whether a request passes that no table is asked about. */
SIM_APART static bool passes_untranslated(const struct smmu *smmu, const struct sim_packet *packet)
{
    if ((packet->flags & SIM_FLAG_HAS_STREAM_ID) == 0) {
        return packet->type != SIM_PACKET_MESSAGE;
    }
    if (!is_ordinary(packet)) {
        return smmu_ats_passes(smmu, packet);
    }
    return !smmu->control.global_abort && !smmu_exceeds_output(smmu, packet->address);
}

/* A hit in the TBU's own TLBs. */
SIM_APART static struct hit find_in_tbu(struct smmu *smmu, struct smmu_tbu *tbu, const struct sim_packet *packet)
{
    const struct smmu_stream stream = stream_of(packet);
    struct hit hit = {.latency = smmu->times.pass};
    const struct smmu_tbu_entry *entry = probe_tbu(smmu, tbu, &stream, packet, &hit);

    hit.passes = entry != NULL;
    hit.address = entry != NULL ? smmu_tlb_output(&entry->translation, packet->address) : packet->address;
    return hit;
}

/* What a request that hits all the way finds. Changes nothing, so that it may be asked again at a later edge. */
static inline struct hit probe(struct smmu *smmu, struct smmu_tbu *tbu, const struct sim_packet *packet)
{
    const struct smmu_times *times = &smmu->times;
    struct hit hit = {.address = packet->address, .latency = times->pass};
    struct smmu_stream stream;
    const struct smmu_context *context;
    uint64_t va;

    if (SIM_SELDOM((packet->flags & SIM_FLAG_HAS_STREAM_ID) == 0 || !is_ordinary(packet) || !smmu->control.enabled)) {
        hit.passes = passes_untranslated(smmu, packet);
        return hit;
    }
    if (SIM_SELDOM(smmu->distributed)) {
        return find_in_tbu(smmu, tbu, packet);
    }
    stream = stream_of(packet);
    hit.config = smmu_config_cache_find(&smmu->configs, &stream);
    if (SIM_SELDOM(hit.config == NULL)) {
        return hit;
    }
    hit.latency = times->pass_configured;
    context = &hit.config->context;
    if (SIM_SELDOM(context->action != SMMU_ACTION_TRANSLATE)) {
        hit.passes = context->action == SMMU_ACTION_BYPASS && !smmu_exceeds_output(smmu, packet->address);
        return hit;
    }
    va = smmu_canonical_address(context, packet->address);
    hit.tlb = smmu_tlb_find(&smmu->tlb, context->tag, va);
    if (SIM_SELDOM(hit.tlb == NULL || !smmu_entry_permits(hit.tlb, smmu_request_need(context, packet)))) {
        return hit;
    }
    hit.latency = times->pass_translated;
    hit.address = smmu_tlb_output(hit.tlb, va);
    hit.passes = true;
    return hit;
}

static inline void count_hit(struct smmu *smmu, struct smmu_tbu *tbu, const struct sim_packet *packet,
                             const struct hit *hit)
{
    smmu->counters.requests++;
    if (SIM_SELDOM(smmu->distributed)) {
        const struct smmu_stream stream = stream_of(packet);

        use_tbu_hit(smmu, tbu, &stream, hit->micro, hit->main);
    }
    if (hit->config != NULL) {
        smmu->counters.config_hits++;
        smmu_config_cache_touch(&smmu->configs, hit->config);
    }
    if (hit->tlb != NULL) {
        smmu->counters.tlb_hits++;
        smmu_tlb_touch(&smmu->tlb, hit->tlb);
    }
}

/* ---- In ---- */

/* The youngest slot that a new request must follow; SMMU_NONE if there is none. */
SIM_APART static uint16_t find_predecessor(const struct smmu *smmu, const struct smmu_port *port,
                                           const struct sim_packet *packet)
{
    const struct smmu_tbu *tbu = &smmu->tbus[port->tbu];
    const uint32_t number = (uint32_t)(port - smmu->ports);
    const uint32_t mask = SIM_FLAG_HAS_STREAM_ID;
    uint16_t found = SMMU_NONE;
    uint64_t sequence = 0;

    if (smmu->port_order) {
        return port->youngest;
    }
    for (uint32_t i = tbu->slots; i < tbu->slots + tbu->slot_count; i++) {
        const struct smmu_slot *slot = &smmu->slots[i];

        if (slot->state != SMMU_SLOT_FREE && !slot->detached && slot->port == number && slot->sequence >= sequence &&
            ((slot->packet->flags ^ packet->flags) & mask) == 0 && slot->packet->stream_id == packet->stream_id) {
            found = (uint16_t)i;
            sequence = slot->sequence;
        }
    }
    return found;
}

/* The TBU's own TLBs first, then the TCU. */
static void begin_in_tbu(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_tbu *tbu = &smmu->tbus[smmu->ports[smmu->slots[index].port].tbu];

    at += tbu->micro_tlb.sets > 0 ? smmu->times.micro_tlb_lookup : 0;
    at += tbu->tlb.sets > 0 ? smmu->times.tbu_tlb_lookup : 0;
    if (!smmu_tbu_lookup(smmu, tbu, index, at)) {
        smmu->counters.tbu_misses++;
        smmu_tbu_ask(smmu, index, at);
    }
}

/* What becomes of a request that now is in a slot. */
static void begin(struct smmu *smmu, uint16_t index, sim_time now)
{
    struct smmu_slot *slot = &smmu->slots[index];
    const struct sim_packet *packet = slot->packet;
    const sim_time at = now + smmu->times.accept;

    if (slot->kind == SMMU_KIND_MESSAGE) {
        smmu_slot_decide(smmu, index, SMMU_OUTCOME_MESSAGE, at);
    } else if ((packet->flags & SIM_FLAG_HAS_STREAM_ID) == 0) {
        smmu_slot_decide(smmu, index, SMMU_OUTCOME_FORWARD, at);
    } else if (!is_ordinary(packet)) {
        smmu_ats_begin(smmu, index, at);
    } else if (!slot->enabled) {
        /* SMMUEN = 0: GBPA rules, nothing is recorded. An address too large for the SMMU aborts silently too. */
        const bool abort = smmu->control.global_abort || smmu_exceeds_output(smmu, packet->address);

        smmu_slot_decide(smmu, index, abort ? SMMU_OUTCOME_ABORT : SMMU_OUTCOME_FORWARD, at);
    } else if (!smmu->distributed) {
        smmu_tcu_translate(smmu, index, at);
    } else {
        begin_in_tbu(smmu, index, at);
    }
}

void smmu_tbu_retry(struct smmu *smmu, uint16_t index, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];
    const bool was_enabled = slot->enabled;

    slot->sequence = smmu->next_sequence++;
    slot->enabled = smmu->control.enabled;
    slot->followers = (struct smmu_list){SMMU_NONE, SMMU_NONE};
    smmu->held_enabled += slot->enabled;
    smmu->held_enabled -= was_enabled;
    begin(smmu, index, at);
}

/*
 * Gives a request a slot, if one is free.
 * @return when to look again: now, if the slot is the first that may leave, and so has not been looked at
 */
SIM_APART static sim_time take_slot(struct smmu *smmu, struct smmu_tbu *tbu, struct smmu_port *port,
                                    uint16_t predecessor, sim_time now)
{
    const uint16_t index = tbu->free_slot;
    struct smmu_slot *slot;

    if (tbu->active >= tbu->limit) {
        smmu->counters.slot_stalls += !tbu->starved;
        tbu->starved = true;
        return SIM_TIME_NEVER; /* a slot is given back in an evaluation of ours, before its accepts */
    }
    slot = &smmu->slots[index];
    tbu->free_slot = slot->next;
    slot->packet = sim_channel_pop(port->upstream.request, now);
    slot->sequence = smmu->next_sequence++;
    slot->stream = stream_of(slot->packet);
    slot->successor = SMMU_NONE;
    slot->port = (uint8_t)(port - smmu->ports);
    slot->behind = predecessor != SMMU_NONE;
    slot->enabled = smmu->control.enabled;
    slot->has_event = false;
    slot->kind = (uint8_t)smmu_packet_kind(slot->packet);
    slot->detached = false;
    slot->stall_credit = false;
    slot->asked = false;
    slot->input = slot->packet->address;
    slot->followers = (struct smmu_list){SMMU_NONE, SMMU_NONE};
    if (slot->behind) {
        smmu->slots[predecessor].successor = index;
    }
    port->youngest = index;
    port->held++;
    tbu->active++;
    smmu->held++;
    smmu->held_enabled += slot->enabled;
    smmu->counters.requests++;
    tbu->turn = port + 1 < tbu->ports_end ? port + 1 : tbu->ports;
    begin(smmu, index, now);
    return port->ready.head == index ? now : sim_channel_next_arrival(port->upstream.request);
}

/* Takes one request in, if there is one and it can be taken. @return when to look again */
static inline sim_time accept_request(struct smmu *smmu, struct smmu_tbu *tbu, struct smmu_port *port, sim_time now)
{
    struct sim_channel *in = port->upstream.request;
    struct sim_channel *out = port->downstream.request;
    struct sim_packet *packet = sim_channel_peek(in, now);
    uint16_t predecessor = SMMU_NONE;
    uint32_t units;
    struct hit hit;

    if (packet == NULL) {
        return sim_channel_next_arrival(in);
    }
    if (SIM_SELDOM(port->held > 0)) {
        predecessor = find_predecessor(smmu, port, packet);
    }
    if (SIM_SELDOM(predecessor != SMMU_NONE || port->ready.head != SMMU_NONE || port->sent_at == now)) {
        return take_slot(smmu, tbu, port, predecessor, now);
    }
    hit = probe(smmu, tbu, packet);
    if (SIM_SELDOM(!hit.passes)) {
        return take_slot(smmu, tbu, port, predecessor, now);
    }
    units = smmu_request_units(packet);
    if (SIM_SELDOM(!sim_channel_has_space(out, now, hit.latency, units))) {
        return sim_channel_space_at(out, now, hit.latency, units);
    }
    count_hit(smmu, tbu, packet, &hit);
    packet = sim_channel_pop(in, now);
    packet->address = hit.address;
    smmu_port_send(smmu, port, packet, units, now, now + hit.latency);
    return sim_channel_next_arrival(in);
}

/* What goes out by a port: an answer that comes back, a slot's request, a message. @return when to look again */
static inline sim_time let_out(struct smmu *smmu, struct smmu_port *port, sim_time now)
{
    sim_time due = sim_channel_next_arrival(port->downstream.response);

    if (SIM_SELDOM(due <= now)) {
        due = smmu_port_respond(smmu, port, now);
    }
    if (SIM_SELDOM(port->ready.head != SMMU_NONE)) {
        due = sim_time_min(due, smmu_port_depart(smmu, port, now));
    }
    if (SIM_SELDOM(port->messages.count > 0)) {
        due = sim_time_min(due, smmu_port_send_message(smmu, port, now));
    }
    return due;
}

SIM_HOT sim_time smmu_tbu_run(struct smmu *smmu, struct smmu_tbu *tbu, sim_time now)
{
    struct smmu_port *const turn = tbu->turn;
    struct smmu_port *port = tbu->ports;
    sim_time due = SIM_TIME_NEVER;

    do {
        due = sim_time_min(due, let_out(smmu, port, now));
        port++;
    } while (port != tbu->ports_end);
    port = turn;
    do {
        due = sim_time_min(due, accept_request(smmu, tbu, port, now));
        port = port + 1 < tbu->ports_end ? port + 1 : tbu->ports;
    } while (port != turn);
    return due;
}

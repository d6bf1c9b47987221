#include "sim/channel.h"

#include "sim/channel_internal.h"

struct sim_channel *sim_channel_create(struct sim *sim, const struct sim_channel_config *config)
{
    struct sim_channel *channel = sim_alloc(sim, sizeof(*channel));

    channel->sim = sim;
    channel->name = sim_strdup(sim, config->name);
    channel->stage = sim_stage_register(sim, config->name);
    channel->writer = config->writer;
    channel->reader = config->reader;
    channel->writer_period = config->writer->period;
    channel->reader_period = config->reader->period;
    channel->writer_reciprocal = sim_time_reciprocal(channel->writer_period);
    channel->reader_reciprocal = sim_time_reciprocal(channel->reader_period);
    channel->writer_stage = config->writer->stage;
    channel->latency = sim_time_max(config->latency, channel->reader_period);
    channel->credit_latency = sim_time_max(config->credit_latency, channel->writer_period);
    channel->capacity = config->capacity > 0 ? config->capacity : 1;
    channel->slots = sim_alloc(sim, channel->capacity * sizeof(*channel->slots));
    channel->end = channel->slots + channel->capacity;
    channel->head = channel->slots;
    channel->tail = channel->slots;
    channel->units = config->units;
    channel->wire = config->wire;
    channel->metered = config->wire != NULL || config->units != 0;
    channel->cut_through = config->cut_through;
    channel->hint = &sim->no_hint;
    sim_packet_reserve(sim, channel->capacity, false);
    sim_vector_push(&sim->channels, channel);
    sim_choose_way(sim);
    sim_channel_choose_way(channel);
    return channel;
}

void sim_channel_set_hint(struct sim_channel *channel, uint64_t *word, unsigned bit)
{
    channel->hint = word;
    channel->hint_mask = UINT64_C(1) << bit;
}

void sim_channel_set_foresight(struct sim_channel *channel, sim_channel_foresight foresight)
{
    channel->foresight = foresight;
    channel->foreseen = foresight != NULL;
    sim_channel_choose_way(channel);
}

void sim_channel_set_transport(struct sim_channel *channel, const struct sim_channel_transport *transport)
{
    channel->sim->carried += channel->transport == NULL;
    channel->transport = transport;
    sim_choose_way(channel->sim);
    sim_channel_choose_way(channel);
}

/**
 * With all slots free again, begins anew with the first. Nobody can tell, but that a quiet channel keeps to one line of
 * the host's cache: with thousands of them, the rings together are larger than it is.
 */
static inline void rewind_slots(struct sim_channel *channel, sim_time now)
{
    const struct sim_channel_slot *latest;

    if (channel->tail == channel->slots) {
        return;
    }
    /* Packets and credits go in order: what holds of the latest holds of all. */
    latest = channel->tail - 1;
    if (latest->packet == NULL && latest->free_at <= now && channel->unclaimed == 0) {
        channel->head = channel->slots;
        channel->tail = channel->slots;
        channel->reclaim = 0;
    }
}

/*
 * ---- The short way: nobody listens to single marks, and the native engine runs or all channels have a transport.
 * Calls come last or not at all. ----
 */

void sim_channel_nothing_to_pop(const struct sim_channel *channel)
{
    const struct sim_channel_slot *slot = channel->head;

    sim_panic(channel->sim, channel->reader, slot->packet, "pop from %s, where nothing has arrived", channel->name);
}

void sim_channel_nowhere_to_push(const struct sim_channel *channel, const struct sim_packet *packet)
{
    sim_panic(channel->sim, channel->writer, packet, "push into %s without space, or out of order", channel->name);
}

/** Wakes the writer, for which a credit is on its way. */
static struct sim_packet *wake_writer(struct sim_channel *channel, struct sim_packet *packet, sim_time free_at)
{
    sim_wake(channel->writer, free_at);
    return packet;
}

/** @param free_at an edge of the writer */
static inline struct sim_packet *pop_shortly(struct sim_channel *channel, sim_time now, sim_time free_at)
{
    struct sim_packet *packet = sim_channel_arrived(channel, now);

    return sim_channel_take(channel, free_at) ? wake_writer(channel, packet, free_at) : packet;
}

/** The same by the channel's transport. */
static inline struct sim_packet *pop_by_transport(struct sim_channel *channel, sim_time now, sim_time free_at)
{
    struct sim_packet *packet = sim_channel_arrived(channel, now);

    channel->transport->pop(channel, free_at);
    return packet;
}

/** For channels without data units, wire and foresight. */
SIM_HOT static void push_shortly(struct sim_channel *channel, struct sim_packet *packet, sim_time now, sim_time service)
{
    const sim_time arrival = sim_channel_depart(channel, packet, now, service, SIM_CHANNEL_SLOTS_IN_A_LINE);

    sim_channel_put(channel, packet, arrival);
    sim_wake_swiftly(channel->sim, channel->reader, arrival);
}

/** The same by the channel's transport. */
SIM_HOT static void push_by_transport(struct sim_channel *channel, struct sim_packet *packet, sim_time now,
                                      sim_time service)
{
    const sim_time arrival = sim_channel_depart(channel, packet, now, service, SIM_CHANNEL_SLOTS_IN_A_LINE);

    channel->transport->push(channel, packet, arrival, 0);
}

/* ---- Popping and pushing ---- */

/** Whatever the engine and the observer. */
static struct sim_packet *pop_in_any_case(struct sim_channel *channel, sim_time now, sim_time free_at)
{
    const struct sim_channel_slot *slot = channel->head;
    struct sim_packet *packet = slot->packet;

    if (packet == NULL || slot->arrival > now) {
        sim_channel_nothing_to_pop(channel);
    }
    sim_mark(channel->sim, packet, channel->stage, slot->arrival);
    if (channel->transport != NULL) {
        channel->transport->pop(channel, free_at);
    } else {
        sim_channel_pop_local(channel, free_at);
    }
    return packet;
}

SIM_HOT static struct sim_packet *take_shortly(struct sim_channel *channel, sim_time now)
{
    return pop_shortly(channel, now, sim_channel_credit_at_best(channel, now));
}

SIM_HOT static struct sim_packet *take_by_transport(struct sim_channel *channel, sim_time now)
{
    return pop_by_transport(channel, now, sim_channel_credit_at_best(channel, now));
}

static struct sim_packet *take_in_any_case(struct sim_channel *channel, sim_time now)
{
    return pop_in_any_case(channel, now, sim_channel_credit_at_best(channel, now));
}

SIM_HOT struct sim_packet *sim_channel_pop_until(struct sim_channel *channel, sim_time now, sim_time free_at)
{
    free_at = sim_time_align_by(free_at, channel->writer_period, channel->writer_reciprocal);
    if (channel->sim->swift) {
        return pop_shortly(channel, now, free_at);
    }
    return channel->sim->ferried ? pop_by_transport(channel, now, free_at) : pop_in_any_case(channel, now, free_at);
}

/** The slot before another, all round. */
static struct sim_channel_slot *slot_before(const struct sim_channel *channel, struct sim_channel_slot *slot)
{
    return (slot != channel->slots ? slot : channel->end) - 1;
}

struct sim_packet *sim_channel_recall(struct sim_channel *channel, sim_time now)
{
    struct sim_channel_slot *slot = slot_before(channel, channel->tail);
    struct sim_packet *packet = slot->packet;

    if (packet == NULL || slot->arrival <= now) {
        return NULL;
    }
    slot->packet = NULL;
    slot->free_at = now;
    channel->tail = slot;
    channel->pushed--;
    if (channel->units != 0) {
        channel->units_used -= slot->units;
        channel->unclaimed--;
    }
    return packet;
}

void sim_channel_advance(struct sim_channel *channel, uint32_t index, sim_time now)
{
    struct sim_channel_slot *at =
        index < channel->capacity ? sim_channel_slot_behind(channel, channel->head, index) : channel->head;
    const struct sim_channel_slot moved = *at;

    if (index >= channel->capacity || moved.packet == NULL || moved.arrival > now) {
        sim_panic(channel->sim, channel->reader, moved.packet, "nothing has arrived %u places behind in %s", index,
                  channel->name);
    }
    for (; at != channel->head; at = slot_before(channel, at)) {
        *at = *slot_before(channel, at);
    }
    *channel->head = moved;
}

SIM_HOT void sim_channel_pop_local(struct sim_channel *channel, sim_time free_at)
{
    if (sim_channel_take(channel, free_at)) {
        sim_wake_quickly(channel->sim, channel->writer, free_at);
    }
}

/** Takes back the data units of slots whose credit has returned. */
static void reclaim_units(struct sim_channel *channel, sim_time now)
{
    while (channel->unclaimed > 0) {
        const struct sim_channel_slot *slot = &channel->slots[channel->reclaim];

        if (slot->packet != NULL || slot->free_at > now) {
            break;
        }
        channel->units_used -= slot->units;
        channel->unclaimed--;
        channel->reclaim = channel->reclaim + 1 < channel->capacity ? channel->reclaim + 1 : 0;
    }
}

SIM_HOT bool sim_channel_has_units(struct sim_channel *channel, sim_time now, uint32_t units)
{
    reclaim_units(channel, now);
    return channel->units_used + units <= channel->units;
}

/** When so many data units will be back; SIM_TIME_NEVER if that depends on packets still in the channel. */
static sim_time units_at(const struct sim_channel *channel, uint32_t units)
{
    uint32_t used = channel->units_used;
    uint32_t index = channel->reclaim;

    if (units > channel->units) {
        sim_panic(channel->sim, channel->writer, NULL, "%s can never hold %u data units", channel->name, units);
    }
    for (uint32_t i = 0; i < channel->unclaimed; i++) {
        const struct sim_channel_slot *slot = &channel->slots[index];

        if (slot->packet != NULL) {
            break;
        }
        used -= slot->units;
        if (used + units <= channel->units) {
            return slot->free_at;
        }
        index = index + 1 < channel->capacity ? index + 1 : 0;
    }
    return SIM_TIME_NEVER;
}

sim_time sim_channel_credit_at(struct sim_channel *channel, uint32_t units)
{
    const struct sim_channel_slot *slot = channel->tail;
    sim_time at = slot->packet != NULL ? SIM_TIME_NEVER : slot->free_at;

    if (at != SIM_TIME_NEVER && channel->units != 0 && channel->units_used + units > channel->units) {
        at = sim_time_max(at, units_at(channel, units));
    }
    if (at == SIM_TIME_NEVER) {
        channel->writer_waits = true;
    }
    return at;
}

sim_time sim_channel_space_at(struct sim_channel *channel, sim_time now, sim_time service, uint32_t units)
{
    sim_time at = sim_channel_credit_at(channel, units);

    if (at != SIM_TIME_NEVER && channel->wire != NULL && channel->wire->open_at > now + service) {
        at = sim_time_max(at, sim_time_align(channel->wire->open_at - service, channel->writer_period));
    }
    return at;
}

sim_time sim_channel_taken_at(struct sim_channel *channel, uint64_t count)
{
    const uint64_t later = channel->pushed - count;
    const struct sim_channel_slot *slot;

    if (count == 0 || later >= channel->capacity) {
        return 0; /* nothing to wait for, or its slot has been used again since */
    }
    slot = sim_channel_slot_behind(channel, channel->tail, channel->capacity - 1 - (uint32_t)later);
    if (slot->packet != NULL) {
        channel->writer_waits = true;
        return SIM_TIME_NEVER;
    }
    return slot->free_at;
}

/** Sends a packet by the wire. @return when its service ends; @p sent: when it may be acted on, but for the flight */
static sim_time send_by_wire(const struct sim_channel *channel, struct sim_packet *packet, sim_time ready,
                             uint32_t wire_bytes, uint32_t header_bytes, sim_time *sent)
{
    const struct sim_wire_times times =
        sim_wire_send(channel->wire, ready, packet->tail, wire_bytes, header_bytes, channel->writer_period);

    *sent = channel->cut_through ? times.header : times.end;
    packet->tail = channel->cut_through ? times.end + channel->latency : 0;
    return times.start;
}

SIM_HOT void sim_channel_push_metered(struct sim_channel *channel, struct sim_packet *packet, sim_time now,
                                      sim_time service, uint32_t units, uint32_t wire_bytes, uint32_t header_bytes)
{
    sim_time start = now + service;
    sim_time arrival = start;

    if (channel->wire != NULL) {
        start = send_by_wire(channel, packet, start, wire_bytes, header_bytes, &arrival);
    }
    sim_mark(channel->sim, packet, channel->writer_stage, start);
    /* Later than now, since the latency is. */
    arrival = sim_time_align_by(arrival + channel->latency, channel->reader_period, channel->reader_reciprocal);
    if (channel->units != 0) {
        reclaim_units(channel, now);
    }
    rewind_slots(channel, now);
    if (SIM_SELDOM(channel->tail->packet != NULL || arrival < channel->last_arrival)) {
        sim_channel_nowhere_to_push(channel, packet);
    }
    channel->last_arrival = arrival;
    if (channel->units != 0) {
        channel->units_used += units;
        channel->unclaimed++;
    }
    channel->pushed++;
    if (channel->sim->swift && !channel->foreseen) {
        channel->tail->units = units;
        sim_channel_put(channel, packet, arrival);
        sim_wake_swiftly(channel->sim, channel->reader, arrival);
    } else if (channel->sim->swift || channel->transport == NULL) {
        sim_channel_push_local(channel, packet, arrival, units);
    } else {
        channel->transport->push(channel, packet, arrival, units);
    }
}

static void push_in_any_case(struct sim_channel *channel, struct sim_packet *packet, sim_time now, sim_time service)
{
    sim_channel_push_metered(channel, packet, now, service, 0, 0, 0);
}

void sim_channel_choose_way(struct sim_channel *channel)
{
    const struct sim *sim = channel->sim;

    channel->take = take_in_any_case;
    channel->send = push_in_any_case;
    if (sim->swift) {
        channel->take = take_shortly;
        channel->send = channel->foreseen ? push_in_any_case : push_shortly;
    } else if (sim->ferried) {
        const struct sim_channel_transport *transport = channel->transport;

        channel->take = transport->take != NULL ? transport->take : take_by_transport;
        channel->send = channel->foreseen         ? push_in_any_case
                        : transport->send != NULL ? transport->send
                                                  : push_by_transport;
    }
}

SIM_HOT void sim_channel_push_local(struct sim_channel *channel, struct sim_packet *packet, sim_time arrival,
                                    uint32_t units)
{
    channel->tail->units = units;
    sim_channel_put(channel, packet, arrival);
    if (channel->foreseen) {
        channel->foresight(channel->reader, packet);
    }
    sim_wake_quickly(channel->sim, channel->reader, arrival);
}

uint32_t sim_channel_occupancy(const struct sim_channel *channel)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < channel->capacity; i++) {
        count += channel->slots[i].packet != NULL;
    }
    return count;
}

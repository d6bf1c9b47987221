/*
 * The short way of a packet through a channel, in parts: for sim/ and for engines that carry packets themselves, which
 * put what they do between. Open while nobody listens to single marks.
 */
#ifndef DOORBELL_SIM_CHANNEL_INTERNAL_H
#define DOORBELL_SIM_CHANNEL_INTERNAL_H

#include "sim/attributes.h"
#include "sim/sim_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Ends the process: a pop from a channel in which nothing has arrived. */
SIM_COLD void sim_channel_nothing_to_pop(const struct sim_channel *channel) __attribute__((noreturn));

/** Ends the process: a push into a channel that is full, or before a packet that went earlier. */
SIM_COLD void sim_channel_nowhere_to_push(const struct sim_channel *channel, const struct sim_packet *packet)
    __attribute__((noreturn));

/** As many slots as a line of the host's cache has: what a quiet channel may keep to. */
#define SIM_CHANNEL_SLOTS_IN_A_LINE (64 / sizeof(struct sim_channel_slot))

/**
 * With all slots free again, a channel without data units and wire begins anew with the first. Nobody can tell, but
 * that a quiet channel keeps to a few of them, and so to little of the host's cache.
 * @param few how many
 */
static inline void sim_channel_rewind_plain(struct sim_channel *channel, sim_time now, size_t few)
{
    const struct sim_channel_slot *latest;

    if ((size_t)(channel->tail - channel->slots) < few) {
        return;
    }
    /* Packets and credits go in order: what holds of the latest holds of all. */
    latest = channel->tail - 1;
    if (latest->packet == NULL && latest->free_at <= now) {
        channel->head = channel->slots;
        channel->tail = channel->slots;
    }
}

/** sim_mark(), of which only the trail is left. */
static inline void sim_channel_leave_mark(const struct sim *sim, struct sim_packet *packet, uint32_t stage,
                                          sim_time time)
{
    const uint32_t count = packet->trail_count;

    if ((packet->flags & SIM_FLAG_TRACKED) == 0) {
        return;
    }
    if (count < sim->trail_room) {
        packet->trail[count].stage = stage;
        packet->trail[count].end = time;
        packet->trail_count = count + 1;
    }
    packet->last_mark = time;
}

/** What a pop begins with: its packet's time in the channel is booked. @return the packet, which must have arrived */
static inline struct sim_packet *sim_channel_arrived(const struct sim_channel *channel, sim_time now)
{
    const struct sim_channel_slot *slot = channel->head;
    struct sim_packet *packet = slot->packet;

    if (SIM_SELDOM(packet == NULL || slot->arrival > now)) {
        sim_channel_nothing_to_pop(channel);
    }
    sim_channel_leave_mark(channel->sim, packet, channel->stage, slot->arrival);
    return packet;
}

/** When a credit is back that sets out at @p now. @return an edge of the writer */
static inline sim_time sim_channel_credit_at_best(const struct sim_channel *channel, sim_time now)
{
    return sim_time_align_by(now + channel->credit_latency, channel->writer_period, channel->writer_reciprocal);
}

/**
 * What a push into a channel without data units and wire begins with: the packet's time in its writer is booked.
 * sim_channel_put() is to follow.
 * @param few slots that a quiet channel is to keep to
 * @return when the packet arrives, an edge of the reader
 */
static inline sim_time sim_channel_depart(struct sim_channel *channel, struct sim_packet *packet, sim_time now,
                                          sim_time service, size_t few)
{
    const sim_time start = now + service;
    const sim_time arrival =
        sim_time_align_by(start + channel->latency, channel->reader_period, channel->reader_reciprocal);

    sim_channel_leave_mark(channel->sim, packet, channel->writer_stage, start);
    sim_channel_rewind_plain(channel, now, few);
    if (SIM_SELDOM(channel->tail->packet != NULL || arrival < channel->last_arrival)) {
        sim_channel_nowhere_to_push(channel, packet);
    }
    channel->last_arrival = arrival;
    channel->pushed++;
    return arrival;
}

#ifdef __cplusplus
}
#endif

#endif

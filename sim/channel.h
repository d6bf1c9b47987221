/*
 * Channels: the only thing that joins components.
 *
 * A channel leads from exactly one writer to exactly one reader. It holds a bounded number of packets; a slot is
 * taken when a packet is pushed and comes back to the writer one credit latency after the reader popped it. Optionally
 * it also holds a bounded number of data units (PCIe data credits of 16 bytes), and its writer's packets may share a
 * wire with those of other channels, on which they are serialised (sim/wire.h).
 *
 * What one side does is visible to the other strictly later: a packet at its arrival time, a credit at the slot's
 * free_at time, both on an edge of the clock of whoever acts on them. Nothing else of a channel is looked at, so two
 * sides that act in the same instant cannot see each other.
 */
#ifndef DOORBELL_SIM_CHANNEL_H
#define DOORBELL_SIM_CHANNEL_H

#include "sim/attributes.h"
#include "sim/component.h"
#include "sim/packet.h"
#include "sim/time.h"
#include "sim/wire.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim_channel_slot {
    struct sim_packet *packet; /**< NULL: the slot is free from free_at on */
    sim_time arrival;          /**< when the reader may see the packet */
    sim_time free_at;          /**< when the writer may use the slot again */
    uint32_t units;            /**< data units held */
    uint32_t carrier;          /**< the transport's note, of what carries the packet: goes where the packet goes */
};

struct sim_channel;
struct sim_channel_transport;

/** How a packet is taken out of a channel: see sim_channel_pop(). */
typedef struct sim_packet *(*sim_channel_take_fn)(struct sim_channel *channel, sim_time now);

/** How one is put into a channel without data units and wire: see sim_channel_push(). */
typedef void (*sim_channel_send_fn)(struct sim_channel *channel, struct sim_packet *packet, sim_time now,
                                    sim_time service);

/** See sim_channel_set_foresight(). */
typedef void (*sim_channel_foresight)(const struct sim_component *reader, const struct sim_packet *packet);

/** Three lines of the host's cache, then the rest: what both sides look at, what a push does, what a pop does. */
struct sim_channel {
    struct sim_channel_slot *slots;
    struct sim_channel_slot *end;  /**< behind the last */
    struct sim_channel_slot *head; /**< reader's: of the oldest packet */
    struct sim_channel_slot *tail; /**< writer's: for the next packet */
    bool writer_waits;             /**< writer sleeps until a credit comes back */
    bool cut_through;              /**< the reader sees a packet as soon as its header is in */
    bool metered;                  /**< it has data units, a wire or both */
    bool foreseen;                 /**< there is a foresight */
    uint32_t stage;                /**< under which the flight time is booked */
    uint32_t writer_stage;         /**< under which the writer's service is */
    uint32_t capacity;
    struct sim *sim;
    sim_time last_arrival; /**< writer's: arrivals never decrease */

    sim_channel_send_fn send; /**< the shortest way that is open: see sim_channel_choose_way() */
    uint64_t pushed;          /**< packets so far */
    struct sim_component *reader;
    sim_time latency;
    sim_time reader_period;
    uint64_t reader_reciprocal; /**< see sim_time_align_by() */
    uint64_t *hint;             /**< see sim_channel_set_hint(); without one a word of the simulation's own */
    uint64_t hint_mask;

    sim_channel_take_fn take; /**< the shortest way that is open */
    sim_time credit_latency;
    sim_time writer_period;
    uint64_t writer_reciprocal;
    struct sim_wire *wire;
    uint32_t reclaim;    /**< writer's: oldest slot whose data units have not been taken back */
    uint32_t unclaimed;  /**< writer's: slots between reclaim and tail */
    uint32_t units;      /**< data units in all; 0: not limited */
    uint32_t units_used; /**< writer's view */
    void *engine_data;

    const struct sim_channel_transport *transport; /**< NULL: packets go straight into the slots */
    struct sim_component *writer;
    const char *name;
    sim_channel_foresight foresight;
};

/** How an engine carries a channel's traffic itself (TLM-2.0 sockets); it ends by calling the *_local functions. */
struct sim_channel_transport {
    void (*push)(struct sim_channel *channel, struct sim_packet *packet, sim_time arrival, uint32_t units);
    void (*pop)(struct sim_channel *channel, sim_time free_at);
    /**
     * The whole of sim_channel_push() of a channel without data units and wire, and of sim_channel_pop(), made of the
     * parts in sim/channel_internal.h: taken instead of what calls `push` and `pop` where all channels have a transport
     * and nobody listens to single marks. May be NULL.
     */
    sim_channel_send_fn send;
    sim_channel_take_fn take;
};

struct sim_channel_config {
    const char *name; /**< copied; also the name of its stage */
    struct sim_component *writer;
    struct sim_component *reader;
    sim_time latency;        /**< flight time, fs; rounded up to an edge of the reader, at least one period */
    sim_time credit_latency; /**< fs; rounded up to an edge of the writer, at least one period */
    uint32_t capacity;       /**< packets, at least 1 */
    uint32_t units;          /**< data units; 0: not limited */
    struct sim_wire *wire;   /**< NULL: no serialisation */
    bool cut_through;
};

/**
 * Makes a channel, owned by the simulation. A latency of 0 becomes one period of the reader (writer, for credits).
 * The packet pool is enlarged by its capacity.
 */
struct sim_channel *sim_channel_create(struct sim *sim, const struct sim_channel_config *config);

/* ---- Reader's side ---- */

/** The oldest packet, if it has arrived by @p now; else NULL. It stays in the channel and must not be changed. */
static inline struct sim_packet *sim_channel_peek(const struct sim_channel *channel, sim_time now)
{
    const struct sim_channel_slot *slot = channel->head;

    return slot->packet != NULL && slot->arrival <= now ? slot->packet : NULL;
}

/**
 * When the reader has something to look at: the arrival of the oldest packet (which may have passed), or
 * SIM_TIME_NEVER. A part of the reader's next due time.
 */
static inline sim_time sim_channel_next_arrival(const struct sim_channel *channel)
{
    const struct sim_channel_slot *slot = channel->head;

    /* Who asks has mostly just taken the only packet. */
    return SIM_SELDOM(slot->packet != NULL) ? slot->arrival : SIM_TIME_NEVER;
}

/** The slot @p count places, fewer than there are slots, behind another. */
static inline struct sim_channel_slot *sim_channel_slot_behind(const struct sim_channel *channel,
                                                               struct sim_channel_slot *slot, uint32_t count)
{
    const uint32_t before_end = (uint32_t)(channel->end - slot);

    return count < before_end ? slot + count : channel->slots + (count - before_end);
}

/**
 * The packet that is @p index places behind the oldest one, if it has arrived by @p now; else NULL. For readers whose
 * decisions about one channel depend on all that waits in another.
 */
static inline struct sim_packet *sim_channel_peek_behind(const struct sim_channel *channel, uint32_t index,
                                                         sim_time now)
{
    const struct sim_channel_slot *slot;

    if (index >= channel->capacity) {
        return NULL;
    }
    slot = sim_channel_slot_behind(channel, channel->head, index);
    return slot->packet != NULL && slot->arrival <= now ? slot->packet : NULL;
}

/** When the packet @p index places behind the oldest one arrives, or did; SIM_TIME_NEVER if there is none. */
static inline sim_time sim_channel_arrival_behind(const struct sim_channel *channel, uint32_t index)
{
    const struct sim_channel_slot *slot;

    if (index >= channel->capacity) {
        return SIM_TIME_NEVER;
    }
    slot = sim_channel_slot_behind(channel, channel->head, index);
    return slot->packet != NULL ? slot->arrival : SIM_TIME_NEVER;
}

/**
 * Brings the packet @p index places behind the oldest one, which must have arrived, before all of them, for a reader
 * that takes it at once. Those that it passes keep their order; the writer sees no difference.
 */
void sim_channel_advance(struct sim_channel *channel, uint32_t index, sim_time now);

/**
 * Takes the oldest packet, which must have arrived; its slot and data units start their way back. Books the flight
 * under the channel's stage.
 */
static inline struct sim_packet *sim_channel_pop(struct sim_channel *channel, sim_time now)
{
    return channel->take(channel, now);
}

/**
 * The same, for a reader that knows better than the channel when the credit will be back.
 * @param free_at later than @p now and not before that of the packet popped before; rounded up to an edge of the writer
 */
struct sim_packet *sim_channel_pop_until(struct sim_channel *channel, sim_time now, sim_time free_at);

/**
 * Takes the newest packet back that has not arrived by @p now, as when what carries it is cut; its slot and data units
 * are free at once, and nothing is booked. Only while the engine is paused. @return NULL: there is none
 */
struct sim_packet *sim_channel_recall(struct sim_channel *channel, sim_time now);

/**
 * For readers with many inputs: from now on every push also sets @p bit in @p *word, so that the reader need only look
 * at channels whose bit is set. The bit says nothing about arrival; the reader clears it when it finds the channel
 * empty (sim_channel_next_arrival() is SIM_TIME_NEVER).
 */
void sim_channel_set_hint(struct sim_channel *channel, uint64_t *word, unsigned bit);

/**
 * For readers that look far afield in the host's memory for what a packet asks: from now on every push also calls
 * @p foresight, which may fetch (sim/fetch.h) and must do nothing else. An engine is free not to call it.
 */
void sim_channel_set_foresight(struct sim_channel *channel, sim_channel_foresight foresight);

/** From now on @p transport carries what is pushed and popped. Before time starts; @p transport must stay valid. */
void sim_channel_set_transport(struct sim_channel *channel, const struct sim_channel_transport *transport);

/* ---- Writer's side ---- */

/** Data units (of 16 bytes) that a payload takes. */
static inline uint32_t sim_channel_units(uint32_t payload_bytes)
{
    return (payload_bytes + 15) / 16;
}

/** The part of sim_channel_has_credit() for channels with data units. */
bool sim_channel_has_units(struct sim_channel *channel, sim_time now, uint32_t units);

/** Whether the credits allow a packet with that many data units at @p now. */
static inline bool sim_channel_has_credit(struct sim_channel *channel, sim_time now, uint32_t units)
{
    const struct sim_channel_slot *slot = channel->tail;

    return slot->packet == NULL && slot->free_at <= now &&
           (!channel->metered || channel->units == 0 || sim_channel_has_units(channel, now, units));
}

/** When the credits will do so, as sim_channel_space_at() says it. */
sim_time sim_channel_credit_at(struct sim_channel *channel, uint32_t units);

/** Whether a packet with that many data units can be pushed at @p now, credits and wire considered. */
static inline bool sim_channel_has_space(struct sim_channel *channel, sim_time now, sim_time service, uint32_t units)
{
    return sim_channel_has_credit(channel, now, units) &&
           (!channel->metered || channel->wire == NULL || channel->wire->open_at <= now + service);
}

/**
 * When it makes sense to ask for space again, after sim_channel_has_space() said no: a time that is already known, or
 * SIM_TIME_NEVER, and then the channel wakes the writer when a credit is on its way. A part of the writer's next due
 * time. It is an edge of the writer's clock.
 */
sim_time sim_channel_space_at(struct sim_channel *channel, sim_time now, sim_time service, uint32_t units);

/**
 * When the writer knows that the reader has taken the first @p count of all packets pushed (see `pushed`): a time that
 * is already known, 0 if it is long past, or SIM_TIME_NEVER, and then the channel wakes the writer when the reader next
 * takes one.
 */
sim_time sim_channel_taken_at(struct sim_channel *channel, uint64_t count);

/** The part of sim_channel_push() for channels with data units, a wire or both. */
void sim_channel_push_metered(struct sim_channel *channel, struct sim_packet *packet, sim_time now, sim_time service,
                              uint32_t units, uint32_t wire_bytes, uint32_t header_bytes);

/**
 * Sends a packet; there must be space.
 * @param service time the packet still spends inside the writer, booked under the writer's stage
 * @param units   data units that it takes
 * @param wire_bytes   bytes on the wire, framing and header included; 0 without a wire
 * @param header_bytes with cut_through: bytes after which the reader may act on the packet
 *
 * Without a wire it arrives at now + service + latency. With one, transmission starts at the later of now + service
 * and the wire's busy_until, which need not be an edge; the packet arrives when its last byte (with cut_through: its
 * header) has been sent, plus latency; packet->tail becomes the time when the last byte has arrived. A packet that is
 * itself still being received (tail) does not end before its last byte came in.
 */
static inline void sim_channel_push(struct sim_channel *channel, struct sim_packet *packet, sim_time now,
                                    sim_time service, uint32_t units, uint32_t wire_bytes, uint32_t header_bytes)
{
    if (channel->metered) {
        sim_channel_push_metered(channel, packet, now, service, units, wire_bytes, header_bytes);
    } else {
        channel->send(channel, packet, now, service);
    }
}

/* ---- For engines ---- */

/** Puts a packet into the tail slot, to be seen at @p arrival, and wakes the reader. */
void sim_channel_push_local(struct sim_channel *channel, struct sim_packet *packet, sim_time arrival, uint32_t units);

/** Empties the head slot, to be free at @p free_at, and wakes a waiting writer. */
void sim_channel_pop_local(struct sim_channel *channel, sim_time free_at);

/** Packets pushed and not yet popped. For tests and reports, not for components. */
uint32_t sim_channel_occupancy(const struct sim_channel *channel);

#ifdef __cplusplus
}
#endif

#endif

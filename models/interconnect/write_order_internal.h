/*
 * What an ordered master port remembers of its writes: one slot for each that has no acknowledgement yet, whose number
 * travels with it as its tag, and one entry for each stream that has any, found by a hash table.
 */
#ifndef DOORBELL_MODELS_INTERCONNECT_WRITE_ORDER_INTERNAL_H
#define DOORBELL_MODELS_INTERCONNECT_WRITE_ORDER_INTERNAL_H

#include "models/interconnect/crossbar.h"
#include "sim/packet.h"

#include <stdbool.h>
#include <stdint.h>

/** "No entry" in the lists below, which are linked by index. */
#define WRITE_ORDER_NONE UINT32_MAX

/** A write that has gone to its target and not been acknowledged. */
struct write_slot {
    uint32_t stream; /**< its entry; WRITE_ORDER_NONE: the slot is free */
    uint32_t next;   /**< next free slot */
    uint16_t tag;    /**< the master's own tag */
};

/** A stream with such writes, all at one target. Those with RO, if use is made of it, are streams of their own. */
struct write_stream {
    uint64_t key;
    uint32_t writes;
    uint32_t next; /**< in its bucket, or in the free list */
    unsigned target;
    uint32_t bucket;
};

struct write_order {
    struct write_slot *slots;
    struct write_stream *streams;
    uint32_t *buckets;
    unsigned buckets_log2;
    uint32_t count; /**< slots, and as many streams: every stream here has a write */
    uint32_t free_slot;
    uint32_t free_stream;
    bool uses_relaxed; /**< writes with RO wait for nothing of their stream */
    uint32_t relaxed;  /**< of those below, with RO */
    uint32_t writes;   /**< without acknowledgement, in all */
    uint32_t writes_at[CROSSBAR_MAX_TARGETS];
};

/** Makes one with room for that many writes. @param uses_relaxed whether the attribute RO lets writes go at once */
struct write_order *write_order_create(struct sim *sim, uint32_t writes, bool uses_relaxed);

/** Whether no write is without acknowledgement, so that whatever comes may go. */
static inline bool write_order_is_idle(const struct write_order *order)
{
    return order->writes == 0;
}

/** Whether a read or write may go to a target now, after what went before it. Changes nothing. */
bool write_order_allows(const struct write_order *order, const struct sim_packet *packet, unsigned target);

/** Notes that a write, which is allowed, goes to a target; its tag becomes the number of its slot. */
void write_order_issue(struct write_order *order, struct sim_packet *packet, unsigned target);

/**
 * Notes an acknowledgement from a target, and gives it the master's tag back.
 * @return false if no write with its tag is at that target
 */
bool write_order_acknowledge(struct write_order *order, struct sim_packet *packet, unsigned target);

#endif

#include "models/interconnect/write_order_internal.h"

#include "sim/sim.h"

/** StreamIDs and requester IDs are numbers of their own: a bit above both keeps them apart. */
static uint64_t stream_key(const struct sim_packet *packet)
{
    if ((packet->flags & SIM_FLAG_HAS_STREAM_ID) != 0) {
        return UINT64_C(1) << 32 | packet->stream_id;
    }
    return packet->requester;
}

#define RELAXED_KEY  (UINT64_C(1) << 33)
#define TARGET_SHIFT 34

/** Writes of a stream with RO at a target. */
static uint64_t relaxed_key(uint64_t key, unsigned target)
{
    return key | RELAXED_KEY | (uint64_t)target << TARGET_SHIFT;
}

static bool is_relaxed(const struct write_order *order, const struct sim_packet *packet)
{
    return order->uses_relaxed && (packet->flags & SIM_FLAG_RELAXED) != 0;
}

static uint32_t bucket_of(const struct write_order *order, uint64_t key)
{
    return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - order->buckets_log2));
}

static uint32_t find_in_bucket(const struct write_order *order, uint32_t bucket, uint64_t key)
{
    uint32_t index = order->buckets[bucket];

    while (index != WRITE_ORDER_NONE && order->streams[index].key != key) {
        index = order->streams[index].next;
    }
    return index;
}

static uint32_t find_stream(const struct write_order *order, uint64_t key)
{
    return find_in_bucket(order, bucket_of(order, key), key);
}

struct write_order *write_order_create(struct sim *sim, uint32_t writes, bool uses_relaxed)
{
    struct write_order *order = sim_alloc(sim, sizeof(*order));

    order->uses_relaxed = uses_relaxed;
    order->count = writes;
    order->slots = sim_alloc(sim, writes * sizeof(*order->slots));
    order->streams = sim_alloc(sim, writes * sizeof(*order->streams));
    order->buckets_log2 = 1;
    while ((UINT32_C(1) << order->buckets_log2) < 2 * writes) {
        order->buckets_log2++;
    }
    order->buckets = sim_alloc(sim, (sizeof(*order->buckets)) << order->buckets_log2);
    for (uint32_t i = 0; i < UINT32_C(1) << order->buckets_log2; i++) {
        order->buckets[i] = WRITE_ORDER_NONE;
    }
    for (uint32_t i = 0; i < writes; i++) {
        uint32_t next = i + 1 < writes ? i + 1 : WRITE_ORDER_NONE;

        order->slots[i].stream = WRITE_ORDER_NONE;
        order->slots[i].next = next;
        order->streams[i].next = next;
    }
    return order;
}

/** Whether writes of a stream with RO are without acknowledgement at other targets. */
static bool relaxed_elsewhere(const struct write_order *order, uint64_t key, unsigned target)
{
    for (unsigned i = 0; order->relaxed > 0 && i < CROSSBAR_MAX_TARGETS; i++) {
        if (i != target && order->writes_at[i] > 0 && find_stream(order, relaxed_key(key, i)) != WRITE_ORDER_NONE) {
            return true;
        }
    }
    return false;
}

SIM_APART bool write_order_allows(const struct write_order *order, const struct sim_packet *packet, unsigned target)
{
    uint32_t stream;

    if (packet->type == SIM_PACKET_READ) {
        return order->writes == order->writes_at[target];
    }
    if (order->free_slot == WRITE_ORDER_NONE) {
        return false;
    }
    if (is_relaxed(order, packet)) {
        return true;
    }
    stream = find_stream(order, stream_key(packet));
    return (stream == WRITE_ORDER_NONE || order->streams[stream].target == target) &&
           !relaxed_elsewhere(order, stream_key(packet), target);
}

/** A free stream has no writes. */
static uint32_t add_stream(struct write_order *order, uint32_t bucket, uint64_t key, unsigned target)
{
    uint32_t index = order->free_stream;
    struct write_stream *stream = &order->streams[index];

    order->free_stream = stream->next;
    stream->key = key;
    stream->next = order->buckets[bucket];
    stream->target = target;
    stream->bucket = bucket;
    order->buckets[bucket] = index;
    return index;
}

static void remove_stream(struct write_order *order, uint32_t index)
{
    struct write_stream *stream = &order->streams[index];
    uint32_t *link = &order->buckets[stream->bucket];

    while (*link != index) {
        link = &order->streams[*link].next;
    }
    *link = stream->next;
    stream->next = order->free_stream;
    order->free_stream = index;
}

SIM_HOT void write_order_issue(struct write_order *order, struct sim_packet *packet, unsigned target)
{
    uint64_t key = stream_key(packet);
    uint32_t index = order->free_slot;
    struct write_slot *slot = &order->slots[index];
    uint32_t bucket;
    uint32_t stream;

    if (SIM_SELDOM(is_relaxed(order, packet))) {
        key = relaxed_key(key, target);
        order->relaxed++;
    }
    bucket = bucket_of(order, key);
    stream = find_in_bucket(order, bucket, key);
    if (stream == WRITE_ORDER_NONE) {
        stream = add_stream(order, bucket, key, target);
    }
    order->free_slot = slot->next;
    slot->stream = stream;
    slot->tag = packet->tag;
    packet->tag = (uint16_t)index;
    order->streams[stream].writes++;
    order->writes++;
    order->writes_at[target]++;
}

SIM_HOT bool write_order_acknowledge(struct write_order *order, struct sim_packet *packet, unsigned target)
{
    struct write_slot *slot = &order->slots[packet->tag < order->count ? packet->tag : 0];
    struct write_stream *stream;

    if (packet->tag >= order->count || slot->stream == WRITE_ORDER_NONE ||
        order->streams[slot->stream].target != target) {
        return false;
    }
    stream = &order->streams[slot->stream];
    if (SIM_SELDOM((stream->key & RELAXED_KEY) != 0)) {
        order->relaxed--;
    }
    order->writes--;
    order->writes_at[target]--;
    if (--stream->writes == 0) {
        remove_stream(order, slot->stream);
    }
    slot->stream = WRITE_ORDER_NONE;
    slot->next = order->free_slot;
    order->free_slot = packet->tag;
    packet->tag = slot->tag;
    return true;
}

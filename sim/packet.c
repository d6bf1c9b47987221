#include "sim/packet.h"

#include "sim/sim_internal.h"

#include <stdlib.h>
#include <string.h>

/** A payload block on the free list. */
struct block {
    struct block *next;
};

static void add_packets(struct sim_packet_pool *pool, uint32_t count)
{
    struct sim_packet *packets = arena_take(&pool->memory, count * sizeof(*packets));

    for (uint32_t i = 0; i < count; i++) {
        packets[i].next = pool->free;
        pool->free = &packets[i];
    }
    pool->total += count;
}

static void add_blocks(struct sim_packet_pool *pool, uint32_t count)
{
    uint8_t *blocks = arena_take(&pool->memory, (size_t)count * pool->block_bytes);

    for (uint32_t i = 0; i < count; i++) {
        struct block *block = (struct block *)(void *)(blocks + (size_t)i * pool->block_bytes);

        block->next = pool->free_blocks;
        pool->free_blocks = block;
    }
}

void sim_pool_init(struct sim_packet_pool *pool, uint32_t block_bytes)
{
    memset(pool, 0, sizeof(*pool));
    pool->block_bytes = (block_bytes + 15) / 16 * 16;
}

void sim_pool_release(struct sim_packet_pool *pool)
{
    arena_release(&pool->memory);
}

void sim_packet_reserve(struct sim *sim, uint32_t packets, bool blocks)
{
    if (packets == 0) {
        return;
    }
    add_packets(&sim->pool, packets);
    if (blocks) {
        add_blocks(&sim->pool, packets);
    }
}

/** Pool ran dry in the middle of a run: some model reserved too little. Correct, but it allocates. */
static void grow(struct sim_packet_pool *pool)
{
    add_packets(pool, 64);
}

SIM_HOT struct sim_packet *sim_packet_new(struct sim *sim, uint32_t payload)
{
    struct sim_packet_pool *pool = &sim->pool;
    struct sim_packet *packet;

    if (pool->free == NULL) {
        grow(pool);
    }
    packet = pool->free;
    pool->free = packet->next;
    /* In two parts: for the whole, compilers call on an instruction that takes longer to begin than both to end. */
    memset(packet, 0, offsetof(struct sim_packet, address));
    memset(&packet->address, 0, offsetof(struct sim_packet, data) - offsetof(struct sim_packet, address));
    packet->next = NULL;
    packet->trail_count = 0;
    packet->length = payload;
    if (payload <= SIM_PACKET_INLINE_BYTES) {
        packet->data = packet->bytes;
    } else {
        if (payload > pool->block_bytes) {
            sim_panic(sim, NULL, NULL, "payload of %u bytes; blocks have %u", payload, pool->block_bytes);
        }
        if (pool->free_blocks == NULL) {
            add_blocks(pool, 64);
        }
        packet->data = pool->free_blocks;
        pool->free_blocks = ((struct block *)pool->free_blocks)->next;
    }
    pool->live++;
    if (pool->live > pool->peak) {
        pool->peak = pool->live;
    }
    return packet;
}

SIM_HOT void sim_packet_free(struct sim *sim, struct sim_packet *packet)
{
    struct sim_packet_pool *pool = &sim->pool;

    if (packet->data != packet->bytes) {
        struct block *block = (struct block *)(void *)packet->data;

        block->next = pool->free_blocks;
        pool->free_blocks = block;
    }
    packet->next = pool->free;
    pool->free = packet;
    pool->live--;
}

uint64_t sim_packet_identity(uint32_t source_hash, uint32_t n)
{
    return (uint64_t)source_hash << 32 | n;
}

uint32_t sim_name_hash(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++) {
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    }
    return hash;
}

const char *sim_drop_reason_name(enum sim_drop_reason reason)
{
    static const char *const names[SIM_DROP_REASONS] = {
        [SIM_DROP_NONE] = "none",
        [SIM_DROP_BUS_MASTER_OFF] = "bus-master-off",
        [SIM_DROP_MSIX_MASKED] = "msix-masked",
        [SIM_DROP_UNSUPPORTED_REQUEST] = "unsupported-request",
        [SIM_DROP_ACS_VIOLATION] = "acs-violation",
        [SIM_DROP_PEER] = "peer",
        [SIM_DROP_SMMU_FAULT] = "smmu-fault",
        [SIM_DROP_BUS_ERROR] = "bus-error",
        [SIM_DROP_ITS_DISABLED] = "its-disabled",
        [SIM_DROP_ITS_NO_DEVICE_ID] = "its-no-device-id",
        [SIM_DROP_ITS_DEVICE_RANGE] = "its-device-range",
        [SIM_DROP_ITS_DEVICE_UNMAPPED] = "its-device-unmapped",
        [SIM_DROP_ITS_EVENT_RANGE] = "its-event-range",
        [SIM_DROP_ITS_EVENT_UNMAPPED] = "its-event-unmapped",
        [SIM_DROP_ITS_COLLECTION] = "its-collection-unmapped",
        [SIM_DROP_ITS_VPE] = "its-vpe-unmapped",
        [SIM_DROP_LPI_DISABLED] = "lpi-disabled",
        [SIM_DROP_LPI_CLEARED] = "lpi-cleared",
        [SIM_DROP_MALFORMED] = "malformed",
        [SIM_DROP_ECRC] = "ecrc-error",
        [SIM_DROP_POISONED] = "poisoned",
        [SIM_DROP_NOT_AN_LPI] = "not-a-doorbell",
        [SIM_DROP_DEVICE_GONE] = "device-gone",
    };

    return reason >= 0 && reason < SIM_DROP_REASONS ? names[reason] : "unknown";
}

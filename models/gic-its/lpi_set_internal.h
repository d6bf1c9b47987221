/*
 * The pending LPIs of a redistributor: which are pending, with which MSI behind them, and which pending and enabled one
 * has the highest priority. LPIs are numbered from 0: INTID minus 8192.
 *
 * A bitmap with a summary level says which are pending: O(1) to ask and set, and a walk over the pending ones skips
 * 4096 LPIs at a time. A binary heap holds those that are pending and enabled, ordered by priority and then INTID; each
 * LPI knows its place in it. So setting, clearing and taking the best cost O(log n) of those that are pending and
 * enabled, which are few.
 *
 * What is known of a pending LPI lies in a block that it shares with its 63 neighbours, and blocks without a pending
 * LPI go back to a pool. So an LPI costs a quarter of a byte, and memory for 64 LPIs per 64 that have a pending one
 * among them; the rest of the pool is never touched. All address space is taken at the start.
 */
#ifndef DOORBELL_MODELS_GIC_ITS_LPI_SET_INTERNAL_H
#define DOORBELL_MODELS_GIC_ITS_LPI_SET_INTERNAL_H

#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** No LPI. */
#define LPI_NONE UINT32_MAX

/** LPIs of a block: one word of the bitmap. */
#define LPI_BLOCK 64u

struct lpi {
    struct sim_packet *packet; /**< the MSI that made it pending; NULL if it came from the pending table or from INT */
    uint32_t position;         /**< in the heap, plus 1; 0: not there */
};

struct lpi_block {
    struct lpi lpis[LPI_BLOCK];
    uint32_t parked;        /**< packets that wait for their LPI to become pending again */
    struct lpi_block *next; /**< free list */
};

struct lpi_set {
    uint32_t count;   /**< LPIs there are; a multiple of 8192 */
    uint32_t pending; /**< LPIs pending */
    struct lpi_block *blocks;
    struct lpi_block **directory; /**< the block of LPIs 64 i .. 64 i + 63; NULL: none of them is pending */
    struct lpi_block *free_block; /**< first free one of the blocks touched so far */
    uint32_t block_count;         /**< those */
    uint64_t *bits;
    uint64_t *summary; /**< a bit for each word of bits that is not zero */
    uint32_t *heap;    /**< priority 31:24, LPI 23:0 */
    uint32_t heap_count;
};

/** Takes memory for so many LPIs, none pending. */
void lpi_set_create(struct sim *sim, struct lpi_set *set, uint32_t count);

static inline bool lpi_set_is_pending(const struct lpi_set *set, uint32_t lpi)
{
    return (set->bits[lpi / 64] >> (lpi % 64) & 1) != 0;
}

/** Makes an LPI pending that was not. It is not a candidate before lpi_set_configure(). */
void lpi_set_add(struct lpi_set *set, uint32_t lpi, struct sim_packet *packet);

/** Makes a pending LPI not pending. @return its packet, or NULL */
struct sim_packet *lpi_set_remove(struct lpi_set *set, uint32_t lpi);

/** The same, but its packet, if any, stays for unpark. @return whether there is one */
bool lpi_set_park(struct lpi_set *set, uint32_t lpi);

/** Takes a parked packet; NULL if there is none. */
struct sim_packet *lpi_set_unpark(struct lpi_set *set, uint32_t lpi);

/** Whether the block of this LPI holds a parked packet. For walks. */
static inline bool lpi_set_has_parked(const struct lpi_set *set, uint32_t lpi)
{
    const struct lpi_block *block = set->directory[lpi / LPI_BLOCK];

    return block != NULL && block->parked > 0;
}

/** The packet of a pending LPI; NULL if it has none. */
const struct sim_packet *lpi_set_packet(const struct lpi_set *set, uint32_t lpi);

/** Gives a pending LPI that has none its packet. @return false if it is not pending, or has one */
bool lpi_set_adopt(struct lpi_set *set, uint32_t lpi, struct sim_packet *packet);

/** Tells a pending LPI's configuration: whether it is enabled, and its priority (0..255, 0 highest). */
void lpi_set_configure(struct lpi_set *set, uint32_t lpi, bool enabled, uint8_t priority);

/** The best candidate: highest priority, then lowest INTID. LPI_NONE if there is none. */
static inline uint32_t lpi_set_best(const struct lpi_set *set)
{
    return set->heap_count > 0 ? set->heap[0] & 0xffffffu : LPI_NONE;
}

/** Its priority; there must be one. */
static inline uint32_t lpi_set_best_priority(const struct lpi_set *set)
{
    return set->heap[0] >> 24;
}

/** The first pending LPI from @p from on; LPI_NONE if there is none. */
uint32_t lpi_set_next(const struct lpi_set *set, uint32_t from);

#ifdef __cplusplus
}
#endif

#endif

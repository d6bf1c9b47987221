/*
 * The bytes of a memory: 4 KiB pages in a hash table by page number. A page exists once it has been written.
 *
 * Pages come from two stocks. Bus writes during a run take from those set aside while building; software's direct
 * writes, which happen while the engine is paused, take from another, so that they do not eat into the first.
 */
#ifndef DOORBELL_MODELS_MEMORY_STORE_INTERNAL_H
#define DOORBELL_MODELS_MEMORY_STORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;

#define STORE_PAGE_SHIFT 12
#define STORE_PAGE_BYTES (1u << STORE_PAGE_SHIFT)

/** On whose behalf a page is wanted. */
enum store_user {
    STORE_BUS,      /**< a write during a run */
    STORE_SOFTWARE, /**< a direct write while the engine is paused */
};

struct store_entry {
    uint64_t tag; /**< page number plus 1; 0: empty */
    uint8_t *bytes;
};

/** Untouched pages in a row. */
struct store_stock {
    uint8_t *next;
    uint64_t count;
};

struct store {
    struct sim *sim;
    struct store_entry *table; /**< open addressing, linear probing, at most half full */
    unsigned table_log2;
    uint64_t pages;               /**< pages that exist, in use or in stock: what the table must have room for */
    struct store_stock stocks[2]; /**< by enum store_user */
    uint64_t in_use;
    uint64_t grown; /**< pages allocated because the bus's stock ran out */
};

/** Prepares an empty store with @p pages pages for the bus. */
void store_init(struct store *store, struct sim *sim, uint64_t pages);

/** Makes sure that the bus's stock holds at least @p pages. */
void store_reserve(struct store *store, uint64_t pages);

/** The bytes of a page, or NULL if it has never been written. */
const uint8_t *store_find(const struct store *store, uint64_t page);

/** Has the host fetch some bytes of one page that are going to be written, if the page is there. */
void store_fetch(const struct store *store, uint64_t page, uint32_t first, uint32_t bytes);

/** The bytes of a page, which comes into being if need be. */
uint8_t *store_touch(struct store *store, uint64_t page, enum store_user user);

#endif

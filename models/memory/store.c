#include "models/memory/store_internal.h"

#include "sim/fetch.h"
#include "sim/sim.h"

/** Pages allocated at once when a stock is empty. */
#define STORE_CHUNK_PAGES 64

/** A line of the host's cache. */
#define HOST_LINE 64u

/** Pages side by side, of which those that are in use lie side by side in the table too, in one of its lines. */
#define GROUP_LOG2 2u

/** Where the search for a page begins: for its group the high bits of a multiplicative (Fibonacci) hash. */
static uint64_t hash_page(const struct store *store, uint64_t page)
{
    const uint64_t group = (page >> GROUP_LOG2) * UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t inside = page & ((UINT64_C(1) << GROUP_LOG2) - 1);

    return group >> (64 - store->table_log2 + GROUP_LOG2) << GROUP_LOG2 | inside;
}

static struct store_entry *find_entry(const struct store *store, uint64_t page)
{
    uint64_t mask = (UINT64_C(1) << store->table_log2) - 1;
    uint64_t slot = hash_page(store, page);

    while (store->table[slot].tag != page + 1 && store->table[slot].tag != 0) {
        slot = (slot + 1) & mask;
    }
    return &store->table[slot];
}

/** Enlarges the table until it is at most half full with every page in it. */
static void fit_table(struct store *store)
{
    struct store_entry *old = store->table;
    uint64_t old_slots = old != NULL ? UINT64_C(1) << store->table_log2 : 0;
    unsigned log2 = store->table_log2;

    while ((UINT64_C(1) << log2) < 2 * store->pages) {
        log2++;
    }
    if (log2 == store->table_log2 && old != NULL) {
        return;
    }
    store->table_log2 = log2;
    store->table = sim_alloc(store->sim, (size_t)(UINT64_C(1) << log2) * sizeof(*store->table));
    for (uint64_t i = 0; i < old_slots; i++) {
        if (old[i].tag != 0) {
            *find_entry(store, old[i].tag - 1) = old[i];
        }
    }
}

/** Replaces a stock by a fresh one. What was left of it is not lost to the table's bounds, only unused. */
static void restock(struct store *store, enum store_user user, uint64_t pages)
{
    struct store_stock *stock = &store->stocks[user];

    stock->next = sim_alloc_stock(store->sim, (size_t)(pages << STORE_PAGE_SHIFT));
    stock->count = pages;
    store->pages += pages;
    fit_table(store);
}

void store_init(struct store *store, struct sim *sim, uint64_t pages)
{
    store->sim = sim;
    store->table_log2 = 6;
    restock(store, STORE_BUS, pages);
}

void store_reserve(struct store *store, uint64_t pages)
{
    if (store->stocks[STORE_BUS].count < pages) {
        restock(store, STORE_BUS, pages);
    }
}

const uint8_t *store_find(const struct store *store, uint64_t page)
{
    return find_entry(store, page)->bytes;
}

void store_fetch(const struct store *store, uint64_t page, uint32_t first, uint32_t bytes)
{
    const uint8_t *place = find_entry(store, page)->bytes;

    if (place == NULL || bytes > STORE_PAGE_BYTES - first) {
        return;
    }
    for (uint32_t i = 0; i < bytes; i += HOST_LINE) {
        sim_fetch_to_write(place + first + i);
    }
}

uint8_t *store_touch(struct store *store, uint64_t page, enum store_user user)
{
    struct store_entry *entry = find_entry(store, page);
    struct store_stock *stock = &store->stocks[user];

    if (entry->tag != 0) {
        return entry->bytes;
    }
    if (stock->count == 0) {
        restock(store, user, STORE_CHUNK_PAGES);
        store->grown += user == STORE_BUS ? STORE_CHUNK_PAGES : 0;
        entry = find_entry(store, page);
    }
    entry->tag = page + 1;
    entry->bytes = stock->next;
    stock->next += STORE_PAGE_BYTES;
    stock->count--;
    store->in_use++;
    return entry->bytes;
}

#include "models/gic-its/lpi_set_internal.h"

void lpi_set_create(struct sim *sim, struct lpi_set *set, uint32_t count)
{
    uint32_t words = count / 64;

    set->count = count;
    set->blocks = sim_alloc(sim, count / LPI_BLOCK * sizeof(*set->blocks));
    set->directory = sim_alloc(sim, count / LPI_BLOCK * sizeof(*set->directory));
    set->bits = sim_alloc(sim, words * sizeof(*set->bits));
    set->summary = sim_alloc(sim, words / 64 * sizeof(*set->summary));
    set->heap = sim_alloc(sim, count * sizeof(*set->heap));
}

/* ---- Blocks ---- */

/** The block of an LPI, which there is. */
static struct lpi_block *block_of(const struct lpi_set *set, uint32_t lpi)
{
    return set->directory[lpi / LPI_BLOCK];
}

static struct lpi *entry_of(const struct lpi_set *set, uint32_t lpi)
{
    return &block_of(set, lpi)->lpis[lpi % LPI_BLOCK];
}

const struct sim_packet *lpi_set_packet(const struct lpi_set *set, uint32_t lpi)
{
    return entry_of(set, lpi)->packet;
}

/** The block of an LPI, made if there is none. A free one is all zero but `next`. */
static struct lpi_block *need_block(struct lpi_set *set, uint32_t lpi)
{
    struct lpi_block *block = set->directory[lpi / LPI_BLOCK];

    if (block == NULL) {
        block = set->free_block;
        if (block != NULL) {
            set->free_block = block->next;
        } else {
            block = &set->blocks[set->block_count++];
        }
        set->directory[lpi / LPI_BLOCK] = block;
    }
    return block;
}

/** Gives the block back, if nothing in it is pending or parked. */
static void release_block(struct lpi_set *set, struct lpi_block *block, uint32_t lpi)
{
    if (set->bits[lpi / LPI_BLOCK] == 0 && block->parked == 0) {
        block->next = set->free_block;
        set->free_block = block;
        set->directory[lpi / LPI_BLOCK] = NULL;
    }
}

/* ---- Heap ---- */

static void place(struct lpi_set *set, uint32_t position, uint32_t key)
{
    set->heap[position] = key;
    entry_of(set, key & 0xffffffu)->position = position + 1;
}

SIM_APART static void move_up(struct lpi_set *set, uint32_t position, uint32_t key)
{
    while (position > 0) {
        uint32_t parent = (position - 1) / 2;

        if (set->heap[parent] <= key) {
            break;
        }
        place(set, position, set->heap[parent]);
        position = parent;
    }
    place(set, position, key);
}

static void move_down(struct lpi_set *set, uint32_t position, uint32_t key)
{
    for (;;) {
        uint32_t child = 2 * position + 1;

        if (child >= set->heap_count) {
            break;
        }
        if (child + 1 < set->heap_count && set->heap[child + 1] < set->heap[child]) {
            child++;
        }
        if (set->heap[child] >= key) {
            break;
        }
        place(set, position, set->heap[child]);
        position = child;
    }
    place(set, position, key);
}

/** The last of the heap goes where one has been taken out. */
SIM_APART static void fill_gap(struct lpi_set *set, uint32_t position)
{
    uint32_t last = set->heap[set->heap_count];

    if (position > 0 && last < set->heap[(position - 1) / 2]) {
        move_up(set, position, last);
    } else {
        move_down(set, position, last);
    }
}

/** Takes an LPI out of the heap, if it is there. */
static void remove_from_heap(struct lpi_set *set, struct lpi *entry)
{
    uint32_t position = entry->position;

    if (position == 0) {
        return;
    }
    position--;
    entry->position = 0;
    set->heap_count--;
    if (SIM_SELDOM(position != set->heap_count)) {
        fill_gap(set, position);
    }
}

/** Takes one that is in the heap already out, if it is to be elsewhere there. @return whether it is to be put in */
SIM_APART static bool is_to_move(struct lpi_set *set, struct lpi *entry, bool enabled, uint32_t key)
{
    if (enabled && set->heap[entry->position - 1] == key) {
        return false;
    }
    remove_from_heap(set, entry);
    return enabled;
}

SIM_HOT void lpi_set_configure(struct lpi_set *set, uint32_t lpi, bool enabled, uint8_t priority)
{
    uint32_t key = (uint32_t)priority << 24 | lpi;
    struct lpi *entry = entry_of(set, lpi);

    if (SIM_SELDOM(entry->position != 0)) {
        enabled = is_to_move(set, entry, enabled, key);
    }
    if (!enabled) {
        return;
    }
    if (set->heap_count == 0) {
        /* The usual case: nothing else is waiting. */
        set->heap[0] = key;
        set->heap_count = 1;
        entry->position = 1;
    } else {
        move_up(set, set->heap_count++, key);
    }
}

/* ---- Bitmap ---- */

SIM_HOT void lpi_set_add(struct lpi_set *set, uint32_t lpi, struct sim_packet *packet)
{
    uint32_t word = lpi / 64;

    need_block(set, lpi)->lpis[lpi % LPI_BLOCK].packet = packet;
    set->bits[word] |= (uint64_t)1 << (lpi % 64);
    set->summary[word / 64] |= (uint64_t)1 << (word % 64);
    set->pending++;
}

static void clear_bit(struct lpi_set *set, uint32_t lpi)
{
    uint32_t word = lpi / 64;

    set->bits[word] &= ~((uint64_t)1 << (lpi % 64));
    if (set->bits[word] == 0) {
        set->summary[word / 64] &= ~((uint64_t)1 << (word % 64));
    }
    set->pending--;
}

/** Makes an LPI that is not in the heap not pending. @return its packet, or NULL */
static struct sim_packet *take_out(struct lpi_set *set, struct lpi_block *block, uint32_t lpi)
{
    struct lpi *entry = &block->lpis[lpi % LPI_BLOCK];
    struct sim_packet *packet = entry->packet;

    clear_bit(set, lpi);
    entry->packet = NULL;
    release_block(set, block, lpi);
    return packet;
}

/** lpi_set_remove() in general. */
SIM_APART static struct sim_packet *remove_any(struct lpi_set *set, uint32_t lpi)
{
    remove_from_heap(set, entry_of(set, lpi));
    return take_out(set, block_of(set, lpi), lpi);
}

SIM_HOT struct sim_packet *lpi_set_remove(struct lpi_set *set, uint32_t lpi)
{
    struct lpi_block *block = block_of(set, lpi);
    struct lpi *entry = &block->lpis[lpi % LPI_BLOCK];

    if (SIM_SELDOM(entry->position != 1 || set->heap_count != 1)) {
        return remove_any(set, lpi);
    }
    /* The usual case: nothing else is waiting. */
    entry->position = 0;
    set->heap_count = 0;
    return take_out(set, block, lpi);
}

bool lpi_set_park(struct lpi_set *set, uint32_t lpi)
{
    struct lpi_block *block = block_of(set, lpi);
    struct lpi *entry = &block->lpis[lpi % LPI_BLOCK];
    bool parked = entry->packet != NULL;

    remove_from_heap(set, entry);
    clear_bit(set, lpi);
    block->parked += parked;
    release_block(set, block, lpi);
    return parked;
}

struct sim_packet *lpi_set_unpark(struct lpi_set *set, uint32_t lpi)
{
    struct lpi_block *block;
    struct sim_packet *packet;
    struct lpi *entry;

    if (!lpi_set_has_parked(set, lpi) || lpi_set_is_pending(set, lpi)) {
        return NULL;
    }
    block = block_of(set, lpi);
    entry = &block->lpis[lpi % LPI_BLOCK];
    packet = entry->packet;
    entry->packet = NULL;
    block->parked -= packet != NULL;
    release_block(set, block, lpi);
    return packet;
}

uint32_t lpi_set_next(const struct lpi_set *set, uint32_t from)
{
    uint32_t words = set->count / 64;
    uint32_t word = from / 64;
    uint64_t bits;

    if (from >= set->count) {
        return LPI_NONE;
    }
    bits = set->bits[word] & UINT64_MAX << (from % 64);
    if (bits != 0) {
        return word * 64 + (uint32_t)__builtin_ctzll(bits);
    }
    word++;
    while (word < words) {
        uint64_t summary = set->summary[word / 64] & UINT64_MAX << (word % 64);

        if (summary != 0) {
            word = word / 64 * 64 + (uint32_t)__builtin_ctzll(summary);
            return word * 64 + (uint32_t)__builtin_ctzll(set->bits[word]);
        }
        word = (word / 64 + 1) * 64;
    }
    return LPI_NONE;
}

bool lpi_set_adopt(struct lpi_set *set, uint32_t lpi, struct sim_packet *packet)
{
    struct lpi *entry;

    if (!lpi_set_is_pending(set, lpi)) {
        return false;
    }
    entry = entry_of(set, lpi);
    if (entry->packet != NULL) {
        return false;
    }
    entry->packet = packet;
    return true;
}

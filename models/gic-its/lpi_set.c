#include "models/gic-its/lpi_set_internal.h"

void lpi_set_create(struct sim *sim, struct lpi_set *set, uint32_t count)
{
    uint32_t words = count / 64;

    set->count = count;
    set->lpis = sim_alloc(sim, count * sizeof(*set->lpis));
    set->bits = sim_alloc(sim, words * sizeof(*set->bits));
    set->summary = sim_alloc(sim, words / 64 * sizeof(*set->summary));
    set->heap = sim_alloc(sim, count * sizeof(*set->heap));
}

/* ---- Heap ---- */

static void place(struct lpi_set *set, uint32_t position, uint32_t key)
{
    set->heap[position] = key;
    set->lpis[key & 0xffffffu].position = position + 1;
}

static void move_up(struct lpi_set *set, uint32_t position, uint32_t key)
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

static void remove_from_heap(struct lpi_set *set, uint32_t lpi)
{
    uint32_t position = set->lpis[lpi].position;
    uint32_t last;

    if (position == 0) {
        return;
    }
    position--;
    set->lpis[lpi].position = 0;
    last = set->heap[--set->heap_count];
    if (position == set->heap_count) {
        return;
    }
    if (position > 0 && last < set->heap[(position - 1) / 2]) {
        move_up(set, position, last);
    } else {
        move_down(set, position, last);
    }
}

void lpi_set_configure(struct lpi_set *set, uint32_t lpi, bool enabled, uint8_t priority)
{
    uint32_t key = (uint32_t)priority << 24 | lpi;
    uint32_t position = set->lpis[lpi].position;

    if (position != 0 && enabled && set->heap[position - 1] == key) {
        return;
    }
    remove_from_heap(set, lpi);
    if (enabled) {
        move_up(set, set->heap_count++, key);
    }
}

/* ---- Bitmap ---- */

void lpi_set_add(struct lpi_set *set, uint32_t lpi, struct sim_packet *packet)
{
    uint32_t word = lpi / 64;

    set->bits[word] |= (uint64_t)1 << (lpi % 64);
    set->summary[word / 64] |= (uint64_t)1 << (word % 64);
    set->pending++;
    set->lpis[lpi].packet = packet;
}

struct sim_packet *lpi_set_remove(struct lpi_set *set, uint32_t lpi)
{
    struct sim_packet *packet = set->lpis[lpi].packet;
    uint32_t word = lpi / 64;

    remove_from_heap(set, lpi);
    set->bits[word] &= ~((uint64_t)1 << (lpi % 64));
    if (set->bits[word] == 0) {
        set->summary[word / 64] &= ~((uint64_t)1 << (word % 64));
    }
    set->pending--;
    set->lpis[lpi].packet = NULL;
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

/*
 * The least labelling of a shape: over all names of SMMUs and ITS, and all orders of subtrees of the same shape.
 *
 * The endpoints fall into units, in order: an outermost run of equal subtrees, or an endpoint in none. Orders change
 * nothing but within a unit; so the least text is made unit by unit. Of the namings that made the units so far least,
 * each is continued with the names that the next unit brings, in every order of these names, and those stay that make
 * the unit least. Mostly one does, where all orders of all names would be hundreds.
 */
#include "explore/canonical.h"

#include <string.h>

/* An endpoint's label in one byte, so that labellings compare as texts: the SMMU counts more, none most. */
#define LABEL(smmu, its) ((uint8_t)((smmu)*EXPLORE_ITS + (its)))

/* All orders of four SMMUs and of four ITS. */
#define NAMINGS 576

/** Endpoints that can change places with each other only. */
struct unit {
    uint8_t first;
    uint8_t count;
};

/** What things are called so far, by what the labels call them; EXPLORE_NONE: not named yet. */
struct names {
    uint8_t name[4];
    uint8_t count;
};

struct naming {
    struct names smmus;
    struct names itses;
};

/** Namings that make what comes before a unit least. */
struct namings {
    struct naming item[NAMINGS];
    unsigned count;
};

/** What a unit becomes. */
struct best {
    uint8_t text[EXPLORE_ENDPOINTS];
    struct namings *namings; /**< that make it so */
};

/** All orders of up to four things, made one after the other. */
struct order {
    uint8_t item[4];
    unsigned count;
};

static void swap(uint8_t *one, uint8_t *other)
{
    const uint8_t kept = *one;

    *one = *other;
    *other = kept;
}

/** The next one in lexicographic order, ascending order being the first. @return false behind the last */
static bool order_next(struct order *order)
{
    unsigned i = order->count;
    unsigned j = order->count;

    while (i > 1 && order->item[i - 2] >= order->item[i - 1]) {
        i--;
    }
    if (i <= 1) {
        return false;
    }
    while (order->item[j - 1] <= order->item[i - 2]) {
        j--;
    }
    swap(&order->item[i - 2], &order->item[j - 1]);
    for (unsigned end = order->count; i < end; i++, end--) {
        swap(&order->item[i - 1], &order->item[end - 1]);
    }
    return true;
}

/** Which of the things that a unit speaks of have no name yet, in ascending order. */
static void list_new(const struct names *names, const uint8_t *values, const struct unit *unit, struct order *order)
{
    bool used[5] = {false};

    for (unsigned i = unit->first; i < unit->first + unit->count; i++) {
        used[values[i]] = true;
    }
    order->count = 0;
    for (uint8_t i = 0; i < 4; i++) {
        if (used[i] && names->name[i] == EXPLORE_NONE) {
            order->item[order->count++] = i;
        }
    }
}

/** Gives the next names, in that order. */
static void give_names(const struct names *names, const struct order *order, struct names *more)
{
    *more = *names;
    for (unsigned i = 0; i < order->count; i++) {
        more->name[order->item[i]] = more->count++;
    }
}

/** Puts subtrees of the same shape into ascending order of their labels, which begin with the unit's first endpoint. */
static void sort_unit(const struct explore_shape *shape, const struct unit *unit, uint8_t *labels)
{
    for (unsigned r = 0; r < shape->run_count; r++) {
        const struct explore_run *run = &shape->runs[r];
        const bool inside = run->first >= unit->first && run->first < unit->first + unit->count;
        const size_t size = run->length;
        uint8_t *blocks = inside ? labels + (run->first - unit->first) : labels;

        for (size_t i = 1; inside && i < run->count; i++) {
            uint8_t moving[EXPLORE_ENDPOINTS];
            size_t j = i;

            memcpy(moving, blocks + i * size, size);
            while (j > 0 && memcmp(blocks + (j - 1) * size, moving, size) > 0) {
                memcpy(blocks + j * size, blocks + (j - 1) * size, size);
                j--;
            }
            memcpy(blocks + j * size, moving, size);
        }
    }
}

/** Keeps a naming if it makes the unit least so far, with those that do too. */
static void try_naming(const struct explore_shape *shape, const struct explore_labels *labels, const struct unit *unit,
                       const struct naming *naming, struct best *best)
{
    uint8_t text[EXPLORE_ENDPOINTS];
    int order;

    for (unsigned i = 0; i < unit->count; i++) {
        const unsigned endpoint = (unsigned)unit->first + i;
        const uint8_t smmu = labels->smmu[endpoint] == EXPLORE_UNMAPPED ? EXPLORE_UNMAPPED
                             : labels->smmus > 0                        ? naming->smmus.name[labels->smmu[endpoint]]
                                                                        : 0;

        text[i] = LABEL(smmu, naming->itses.name[labels->its[endpoint]]);
    }
    sort_unit(shape, unit, text);
    order = best->namings->count == 0 ? -1 : memcmp(text, best->text, unit->count);
    if (order < 0) {
        memcpy(best->text, text, unit->count);
        best->namings->count = 0;
    }
    if (order <= 0) {
        best->namings->item[best->namings->count++] = *naming;
    }
}

/** Tries a naming with every order of the names that a unit brings: the next ones, since others are not less. */
static void continue_naming(const struct explore_shape *shape, const struct explore_labels *labels,
                            const struct unit *unit, const struct naming *from, struct best *best)
{
    struct order smmus = {.count = 0};

    if (labels->smmus > 0) {
        list_new(&from->smmus, labels->smmu, unit, &smmus);
    }
    do {
        struct naming naming;
        struct order itses;

        give_names(&from->smmus, &smmus, &naming.smmus);
        list_new(&from->itses, labels->its, unit, &itses);
        do {
            give_names(&from->itses, &itses, &naming.itses);
            try_naming(shape, labels, unit, &naming, best);
        } while (order_next(&itses));
    } while (order_next(&smmus));
}

/** The unit that begins with an endpoint: of the runs that do, the outermost comes last. */
static struct unit unit_at(const struct explore_shape *shape, uint8_t first)
{
    struct unit unit = {.first = first, .count = 1};

    for (unsigned r = 0; r < shape->run_count; r++) {
        if (shape->runs[r].first == first) {
            unit.count = (uint8_t)(shape->runs[r].length * shape->runs[r].count);
        }
    }
    return unit;
}

/**
 * The least of all names and orders of dense labels.
 * @param least receives it
 * @param own   end as soon as it is known that the least is less than this; NULL: never
 * @return in how many ways of naming it comes out; 0 if it ended
 */
static uint64_t find_least(const struct explore_shape *shape, const struct explore_labels *labels, uint8_t *least,
                           const uint8_t *own)
{
    struct namings buffers[2];
    struct namings *now = &buffers[0];
    struct namings *next = &buffers[1];
    struct unit unit;

    now->count = 1;
    memset(&now->item[0], EXPLORE_NONE, sizeof(now->item[0]));
    now->item[0].smmus.count = 0;
    now->item[0].itses.count = 0;
    for (uint8_t at = 0; at < shape->endpoints; at = (uint8_t)(at + unit.count)) {
        struct namings *const done = now;
        struct best best = {.namings = next};

        unit = unit_at(shape, at);
        next->count = 0;
        for (unsigned i = 0; i < done->count; i++) {
            continue_naming(shape, labels, &unit, &done->item[i], &best);
        }
        memcpy(least + at, best.text, unit.count);
        if (own != NULL && memcmp(best.text, own + at, unit.count) < 0) {
            return 0;
        }
        now = next;
        next = done;
    }
    return now->count;
}

/** Numbers in order of first use; EXPLORE_UNMAPPED stays. @return how many there are */
static uint8_t number(uint8_t *values, size_t count)
{
    uint8_t seen[EXPLORE_ENDPOINTS];
    uint8_t used = 0;

    for (size_t i = 0; i < count; i++) {
        uint8_t at = 0;

        if (values[i] == EXPLORE_UNMAPPED) {
            continue;
        }
        while (at < used && seen[at] != values[i]) {
            at++;
        }
        if (at == used) {
            seen[used++] = values[i];
        }
        values[i] = at;
    }
    return used;
}

/** n! / (n-k)! */
static uint64_t arrangements(unsigned n, unsigned k)
{
    uint64_t product = 1;

    for (unsigned i = 0; i < k; i++) {
        product *= n - i;
    }
    return product;
}

uint64_t canonical_ways(const struct explore_bounds *bounds, const struct explore_labels *labels, uint64_t same)
{
    return arrangements(bounds->its, labels->itses) * arrangements(bounds->smmus, labels->smmus) / same;
}

uint64_t canonical_is_least(const struct explore_shape *shape, const struct explore_labels *labels)
{
    uint8_t own[EXPLORE_ENDPOINTS];
    uint8_t least[EXPLORE_ENDPOINTS];

    for (unsigned i = 0; i < shape->endpoints; i++) {
        own[i] = LABEL(labels->smmu[i], labels->its[i]);
    }
    return find_least(shape, labels, least, own);
}

uint64_t explore_canonical(const struct explore_shape *shape, const struct explore_bounds *bounds,
                           struct explore_labels *labels)
{
    uint8_t least[EXPLORE_ENDPOINTS];
    uint64_t same;

    labels->itses = number(labels->its, shape->endpoints);
    labels->smmus = bounds->smmus == 0 ? 0 : number(labels->smmu, shape->endpoints);
    same = find_least(shape, labels, least, NULL);
    for (unsigned i = 0; i < shape->endpoints; i++) {
        labels->smmu[i] = least[i] / EXPLORE_ITS;
        labels->its[i] = least[i] % EXPLORE_ITS;
    }
    return canonical_ways(bounds, labels, same);
}

/* Labellings of a shape: which SMMU and ITS every endpoint is sent to, each once up to symmetry; and how many. */
#include "explore/space.h"

#include <string.h>

/* An endpoint's label in one byte, so that labellings compare as texts: the SMMU counts more. */
#define LABEL(smmu, its) ((uint8_t)((smmu)*EXPLORE_ITS + (its)))

/** Puts subtrees of the same shape into ascending order of their labels, inner ones first. */
static void sort_runs(const struct explore_shape *shape, uint8_t *labels)
{
    for (unsigned r = 0; r < shape->run_count; r++) {
        const struct explore_run *run = &shape->runs[r];
        const size_t size = run->length;
        uint8_t *blocks = labels + run->first;

        for (size_t i = 1; i < run->count; i++) {
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

/** All orders of up to four things, made one after the other. */
struct order {
    uint8_t item[4];
    unsigned count;
};

static void order_first(struct order *order, unsigned count)
{
    order->count = count;
    for (unsigned i = 0; i < count; i++) {
        order->item[i] = (uint8_t)i;
    }
}

static void swap(uint8_t *one, uint8_t *other)
{
    const uint8_t kept = *one;

    *one = *other;
    *other = kept;
}

/** The next one in lexicographic order. @return false behind the last */
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

/** Numbers in order of first use. @return how many there are */
static uint8_t number(uint8_t *values, size_t count)
{
    uint8_t seen[EXPLORE_ENDPOINTS];
    uint8_t used = 0;

    for (size_t i = 0; i < count; i++) {
        uint8_t at = 0;

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

static void rename_labels(const struct explore_shape *shape, const struct explore_labels *labels,
                          const struct order *smmus, const struct order *itses, uint8_t *renamed)
{
    for (unsigned i = 0; i < shape->endpoints; i++) {
        const uint8_t smmu = labels->smmus > 0 ? smmus->item[labels->smmu[i]] : 0;

        renamed[i] = LABEL(smmu, itses->item[labels->its[i]]);
    }
    sort_runs(shape, renamed);
}

/**
 * The least of all names and orders of dense labels.
 * @param least  receives it
 * @param enough end as soon as something less than this is found; NULL: never
 * @return in how many ways of naming it comes out
 */
static uint64_t find_least(const struct explore_shape *shape, const struct explore_labels *labels, uint8_t *least,
                           const uint8_t *enough)
{
    const size_t size = shape->endpoints;
    struct order smmus;
    uint64_t same = 0;

    order_first(&smmus, labels->smmus);
    do {
        struct order itses;

        order_first(&itses, labels->itses);
        do {
            uint8_t renamed[EXPLORE_ENDPOINTS];
            int order;

            rename_labels(shape, labels, &smmus, &itses, renamed);
            order = same == 0 ? -1 : memcmp(renamed, least, size);
            if (order < 0) {
                memcpy(least, renamed, size);
                same = 0;
            }
            same += order <= 0 ? 1 : 0;
            if (enough != NULL && memcmp(least, enough, size) < 0) {
                return 0;
            }
        } while (order_next(&itses));
    } while (order_next(&smmus));
    return same;
}

static uint64_t ways_of(const struct explore_bounds *bounds, const struct explore_labels *labels, uint64_t same)
{
    return arrangements(bounds->its, labels->itses) * arrangements(bounds->smmus, labels->smmus) / same;
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
    return ways_of(bounds, labels, same);
}

/* ---- All of them ---- */

struct labelling {
    const struct explore_shape *shape;
    const struct explore_bounds *bounds;
    struct explore_labels labels;
    explore_visit_labels visit;
    void *context;
};

/** Visits a complete labelling if it is the least of those that are the same system. */
static bool offer(const struct labelling *labelling)
{
    const struct explore_shape *shape = labelling->shape;
    uint8_t own[EXPLORE_ENDPOINTS];
    uint8_t least[EXPLORE_ENDPOINTS];
    uint64_t same;

    for (unsigned i = 0; i < shape->endpoints; i++) {
        own[i] = LABEL(labelling->labels.smmu[i], labelling->labels.its[i]);
    }
    same = find_least(shape, &labelling->labels, least, own);
    return same == 0 || labelling->visit(labelling->context, &labelling->labels,
                                         ways_of(labelling->bounds, &labelling->labels, same));
}

/** Labels the endpoints from @p at on; a new name is always the next one, since any other could be made smaller. */
static bool label_from(struct labelling *labelling, unsigned at)
{
    struct explore_labels *labels = &labelling->labels;
    const uint8_t smmus = labels->smmus;
    const uint8_t itses = labels->itses;
    bool more = true;

    if (at == labelling->shape->endpoints) {
        return offer(labelling);
    }
    for (uint8_t smmu = 0; more && (smmu == 0 || (smmu <= smmus && smmu < labelling->bounds->smmus)); smmu++) {
        for (uint8_t its = 0; more && its <= itses && its < labelling->bounds->its; its++) {
            labels->smmu[at] = smmu;
            labels->its[at] = its;
            labels->smmus = smmu == smmus && labelling->bounds->smmus > 0 ? (uint8_t)(smmus + 1) : smmus;
            labels->itses = its == itses ? (uint8_t)(itses + 1) : itses;
            more = label_from(labelling, at + 1);
        }
    }
    labels->smmus = smmus;
    labels->itses = itses;
    return more;
}

bool explore_labellings(const struct explore_shape *shape, const struct explore_bounds *bounds,
                        explore_visit_labels visit, void *context)
{
    struct labelling labelling = {.shape = shape, .bounds = bounds, .visit = visit, .context = context};

    return label_from(&labelling, 0);
}

/* ---- How many ---- */

#define SIDE_E (EXPLORE_ENDPOINTS + 1)
#define SIDE_S (EXPLORE_SWITCHES + 1)

static uint64_t times(uint64_t one, uint64_t other)
{
    uint64_t product;

    return __builtin_mul_overflow(one, other, &product) ? UINT64_MAX : product;
}

static uint64_t plus(uint64_t one, uint64_t other)
{
    return one > UINT64_MAX - other ? UINT64_MAX : one + other;
}

/** Ways to choose @p count of @p kinds, order left aside, the same one any number of times. */
static uint64_t choose(uint64_t kinds, unsigned count)
{
    uint64_t ways = 1;

    for (unsigned i = 0; i < count; i++) {
        const uint64_t product = times(ways, plus(kinds, i));

        if (product == UINT64_MAX) {
            return UINT64_MAX;
        }
        ways = product / (i + 1);
    }
    return ways;
}

/** Adds trees of one size to the forests made of smaller ones. */
static void add_trees(uint64_t forests[SIDE_E][SIDE_S], uint64_t trees, unsigned e, unsigned s)
{
    for (unsigned i = SIDE_E; i-- > 0;) {
        for (unsigned j = SIDE_S; j-- > 0;) {
            uint64_t sum = forests[i][j];

            for (unsigned n = 1; n * e <= i && n * s <= j; n++) {
                sum = plus(sum, times(forests[i - n * e][j - n * s], choose(trees, n)));
            }
            forests[i][j] = sum;
        }
    }
}

uint64_t explore_count(unsigned endpoints, unsigned switches, const struct explore_bounds *bounds)
{
    uint64_t forests[SIDE_E][SIDE_S] = {{0}};
    const uint64_t leaves = (uint64_t)bounds->acs * bounds->its * (bounds->smmus > 0 ? bounds->smmus : 1);

    forests[0][0] = 1;
    /* A tree of a switch and a forest below has one switch more than that forest, so sizes grow with the switches. */
    for (unsigned s = 0; s <= switches; s++) {
        for (unsigned e = 1; e <= endpoints; e++) {
            uint64_t trees = s == 0 ? (e == 1 ? leaves : 0) : times(forests[e][s - 1], bounds->acs);

            add_trees(forests, trees, e, s);
        }
    }
    return forests[endpoints][switches];
}

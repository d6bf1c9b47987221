/* Labellings of a shape: which SMMU and ITS every endpoint is sent to, each once up to symmetry; and how many. */
#include "explore/canonical.h"
#include "explore/space.h"

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
    const uint64_t same = canonical_is_least(labelling->shape, &labelling->labels);

    return same == 0 || labelling->visit(labelling->context, &labelling->labels,
                                         canonical_ways(labelling->bounds, &labelling->labels, same));
}

static bool label_from(struct labelling *labelling, unsigned at);

/** Labels an endpoint, sent to that SMMU, and those behind it. */
static bool label_with(struct labelling *labelling, unsigned at, uint8_t smmu)
{
    struct explore_labels *labels = &labelling->labels;
    const uint8_t smmus = labels->smmus;
    const uint8_t itses = labels->itses;
    bool more = true;

    for (uint8_t its = 0; more && its <= itses && its < labelling->bounds->its; its++) {
        labels->smmu[at] = smmu;
        labels->its[at] = its;
        labels->smmus = smmu == smmus && smmus < labelling->bounds->smmus ? (uint8_t)(smmus + 1) : smmus;
        labels->itses = its == itses ? (uint8_t)(itses + 1) : itses;
        more = label_from(labelling, at + 1);
    }
    labels->smmus = smmus;
    labels->itses = itses;
    return more;
}

/** Labels the endpoints from @p at on; a new name is always the next one, since any other could be made smaller. */
static bool label_from(struct labelling *labelling, unsigned at)
{
    const struct explore_bounds *bounds = labelling->bounds;
    const uint8_t smmus = labelling->labels.smmus;

    if (at == labelling->shape->endpoints) {
        return offer(labelling);
    }
    for (uint8_t smmu = 0; smmu == 0 || (smmu <= smmus && smmu < bounds->smmus); smmu++) {
        if (!label_with(labelling, at, smmu)) {
            return false;
        }
    }
    return !bounds->unmapped || label_with(labelling, at, EXPLORE_UNMAPPED);
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
    const uint64_t ways = (bounds->smmus > 0 ? bounds->smmus : 1) + (bounds->unmapped ? 1u : 0u);
    const uint64_t labels = bounds->its * ways;

    /* A device of several functions is as many endpoints, whose order plays no part; it has ACS of its own or not. */
    forests[0][0] = 1;
    /* A tree of a switch and a forest below has one switch more than that forest, so sizes grow with the switches. */
    for (unsigned s = 0; s <= switches; s++) {
        for (unsigned e = 1; e <= endpoints; e++) {
            uint64_t trees = s > 0                    ? times(forests[e][s - 1], bounds->acs)
                             : e == 1                 ? times(labels, bounds->acs)
                             : e <= bounds->functions ? times(choose(labels, e), 2 * (uint64_t)bounds->acs)
                                                      : 0;

            add_trees(forests, trees, e, s);
        }
    }
    return forests[endpoints][switches];
}

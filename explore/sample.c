#include "explore/sample.h"

#include <stdlib.h>
#include <string.h>

/** A system as it was drawn: switches first, then devices; parents before children. */
struct draft {
    unsigned switches;
    unsigned count;
    uint8_t parent[EXPLORE_NODES]; /**< EXPLORE_NONE: a root port */
    uint8_t acs[EXPLORE_NODES];
    uint8_t functions[EXPLORE_NODES];
    bool isolated[EXPLORE_NODES];
    uint8_t smmu[EXPLORE_NODES][EXPLORE_FUNCTIONS];
    uint8_t its[EXPLORE_NODES][EXPLORE_FUNCTIONS];
};

/** A subtree with its siblings in order. */
struct piece {
    uint8_t text[EXPLORE_TEXT];
    uint8_t length;
    uint8_t endpoints;
    struct explore_labels labels;
};

static uint8_t draw(struct sim_random *random, unsigned bound)
{
    return (uint8_t)sim_random_below(random, bound);
}

/** The number of an SMMU, or that there is none. */
static uint8_t draw_smmu(struct sim_random *random, const struct explore_bounds *bounds)
{
    const unsigned smmus = bounds->smmus > 0 ? bounds->smmus : 1;
    const uint8_t smmu = draw(random, smmus + (bounds->unmapped ? 1 : 0));

    return smmu == smmus ? EXPLORE_UNMAPPED : smmu;
}

/** Switches so far, and those among them with nothing below. */
struct growing {
    uint8_t bare[EXPLORE_SWITCHES];
    unsigned bare_count;
};

/** A switch with an index below @p switches, or a root port. */
static uint8_t draw_parent(struct sim_random *random, struct growing *growing, unsigned switches)
{
    const uint8_t parent = draw(random, switches + 1);

    for (unsigned i = 0; i < growing->bare_count; i++) {
        if (growing->bare[i] == parent) {
            growing->bare[i] = growing->bare[--growing->bare_count];
        }
    }
    return parent == switches ? EXPLORE_NONE : parent;
}

/** Some switch with nothing below. */
static uint8_t draw_bare(struct sim_random *random, struct growing *growing)
{
    const unsigned at = growing->bare_count > 1 ? draw(random, growing->bare_count) : 0;
    const uint8_t parent = growing->bare[at];

    growing->bare[at] = growing->bare[--growing->bare_count];
    return parent;
}

/**
 * Every switch must have something below it, so never are more bare than there are endpoints; a switch or an endpoint
 * more never makes them fewer but by standing below one, and so no tree is out of reach.
 */
static void draw_tree(struct sim_random *random, struct draft *draft)
{
    const unsigned endpoints = draft->count - draft->switches;
    struct growing growing = {.bare_count = 0};

    for (unsigned i = 0; i < draft->switches; i++) {
        draft->parent[i] =
            growing.bare_count == endpoints ? draw_bare(random, &growing) : draw_parent(random, &growing, i);
        growing.bare[growing.bare_count++] = (uint8_t)i;
    }
    for (unsigned i = draft->switches; i < draft->count; i++) {
        draft->parent[i] = growing.bare_count == draft->count - i ? draw_bare(random, &growing)
                                                                  : draw_parent(random, &growing, draft->switches);
    }
}

static int compare_pieces(const void *one, const void *other)
{
    const struct piece *a = one;
    const struct piece *b = other;

    return memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);
}

static void append(struct piece *to, const struct piece *from)
{
    memcpy(to->text + to->length, from->text, from->length);
    memcpy(to->labels.smmu + to->endpoints, from->labels.smmu, from->endpoints);
    memcpy(to->labels.its + to->endpoints, from->labels.its, from->endpoints);
    to->length = (uint8_t)(to->length + from->length);
    to->endpoints = (uint8_t)(to->endpoints + from->endpoints);
}

static void join_children(const struct draft *draft, uint8_t parent, struct piece *piece);

static void make_piece(const struct draft *draft, uint8_t node, struct piece *piece)
{
    memset(piece, 0, sizeof(*piece));
    if (node < draft->switches) {
        piece->text[piece->length++] = (uint8_t)(2 + 2 * draft->acs[node]);
        join_children(draft, node, piece);
        piece->text[piece->length++] = 0;
        return;
    }
    piece->text[piece->length++] =
        explore_endpoint_code(draft->acs[node], draft->functions[node], draft->isolated[node]);
    memcpy(piece->labels.smmu, draft->smmu[node], draft->functions[node]);
    memcpy(piece->labels.its, draft->its[node], draft->functions[node]);
    piece->endpoints = draft->functions[node];
}

/** Adds what is below a switch, or the root complex, in order. */
static void join_children(const struct draft *draft, uint8_t parent, struct piece *piece)
{
    struct piece children[EXPLORE_NODES];
    size_t count = 0;

    for (uint8_t i = 0; i < draft->count; i++) {
        if (draft->parent[i] == parent) {
            make_piece(draft, i, &children[count++]);
        }
    }
    qsort(children, count, sizeof(children[0]), compare_pieces);
    for (size_t i = 0; i < count; i++) {
        append(piece, &children[i]);
    }
}

/** How many functions each device has, of so many in all. */
static void draw_devices(struct sim_random *random, const struct explore_bounds *bounds, unsigned endpoints,
                         struct draft *draft)
{
    while (endpoints > 0) {
        const unsigned most = endpoints < bounds->functions ? endpoints : bounds->functions;
        const uint8_t functions = (uint8_t)(most > 1 ? 1 + draw(random, most) : 1);

        draft->functions[draft->count] = functions;
        draft->isolated[draft->count] = functions > 1 && draw(random, 2) != 0;
        draft->count++;
        endpoints -= functions;
    }
}

static void draw_labels(struct sim_random *random, const struct explore_bounds *bounds, unsigned node,
                        struct draft *draft)
{
    draft->acs[node] = draw(random, bounds->acs);
    for (unsigned i = 0; i < (draft->functions[node] > 1 ? draft->functions[node] : 1u); i++) {
        draft->smmu[node][i] = draw_smmu(random, bounds);
        draft->its[node][i] = draw(random, bounds->its);
    }
}

uint64_t explore_sample(struct sim_random *random, const struct explore_bounds *bounds, unsigned endpoints,
                        unsigned switches, struct explore_shape *shape, struct explore_labels *labels)
{
    struct draft draft = {.switches = switches, .count = switches};
    struct piece whole;

    draw_devices(random, bounds, endpoints, &draft);
    draw_tree(random, &draft);
    for (unsigned i = 0; i < draft.count; i++) {
        draw_labels(random, bounds, i, &draft);
    }
    memset(&whole, 0, sizeof(whole));
    join_children(&draft, EXPLORE_NONE, &whole);
    explore_shape_read(whole.text, whole.length, shape);
    *labels = whole.labels;
    return explore_canonical(shape, bounds, labels);
}

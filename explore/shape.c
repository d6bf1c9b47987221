/* Shapes: texts in prefix notation, grown so that siblings stand in order, and read back. */
#include "explore/space.h"

#include <string.h>

/** A text that is being grown. */
struct growth {
    uint8_t text[EXPLORE_TEXT + 1];
    size_t length;
    unsigned endpoints; /**< still to be placed */
    unsigned switches;
    unsigned acs;
    unsigned functions;
    size_t open[EXPLORE_SWITCHES + 1];     /**< where the children of each open switch begin; [0]: the root ports */
    size_t previous[EXPLORE_SWITCHES + 1]; /**< where the last complete child there begins, if there is one */
    bool has_child[EXPLORE_SWITCHES + 1];
    unsigned depth;
    explore_visit_shape visit;
    void *context;
};

/** Whether a subtree that begins at @p begin and is complete stands in order behind its elder sibling. */
static bool is_in_order(const struct growth *growth, size_t begin)
{
    const size_t previous = growth->previous[growth->depth];
    const size_t elder = begin - previous;
    const size_t mine = growth->length - begin;
    int order;

    if (!growth->has_child[growth->depth]) {
        return true;
    }
    order = memcmp(growth->text + previous, growth->text + begin, elder < mine ? elder : mine);
    /* No text is the beginning of another, so equal beginnings are equal texts. */
    return order <= 0;
}

static bool grow(struct growth *growth);

/** Goes on behind a complete subtree, and takes back what that did to its siblings. */
static bool grow_behind(struct growth *growth, size_t begin)
{
    const unsigned depth = growth->depth;
    const size_t previous = growth->previous[depth];
    const bool had_child = growth->has_child[depth];
    bool more = true;

    if (is_in_order(growth, begin)) {
        growth->previous[depth] = begin;
        growth->has_child[depth] = true;
        more = grow(growth);
        growth->previous[depth] = previous;
        growth->has_child[depth] = had_child;
    }
    return more;
}

/** Ends the switch that was opened last. */
static bool close_switch(struct growth *growth)
{
    const unsigned depth = growth->depth;
    bool more;

    growth->text[growth->length++] = 0;
    growth->depth--;
    more = grow_behind(growth, growth->open[depth] - 1);
    growth->depth = depth;
    growth->length--;
    return more;
}

/** Functions of a device with ACS of their own come behind as many without, and those behind all with fewer. */
static unsigned kind_of(unsigned functions, bool isolated)
{
    return functions < 2 ? 0 : 2 * functions - 3 + (isolated ? 1 : 0);
}

uint8_t explore_endpoint_code(unsigned acs, unsigned functions, bool isolated)
{
    return (uint8_t)(1 + 2 * (acs + EXPLORE_ACS_LEVELS * kind_of(functions, isolated)));
}

static bool add_endpoint(struct growth *growth, unsigned acs, unsigned functions, bool isolated)
{
    const size_t begin = growth->length;
    bool more;

    growth->endpoints -= functions;
    growth->text[growth->length++] = explore_endpoint_code(acs, functions, isolated);
    more = grow_behind(growth, begin);
    growth->length--;
    growth->endpoints += functions;
    return more;
}

/** Devices of several functions, whose bytes are larger than all others. */
static bool add_devices(struct growth *growth)
{
    for (unsigned functions = 2; functions <= growth->functions && functions <= growth->endpoints; functions++) {
        for (unsigned i = 0; i < 2 * growth->acs; i++) {
            if (!add_endpoint(growth, i % growth->acs, functions, i >= growth->acs)) {
                return false;
            }
        }
    }
    return true;
}

static bool open_switch(struct growth *growth, unsigned acs)
{
    const unsigned depth = growth->depth + 1;
    /* Of a switch of this depth that is closed already, but that will go on to grow. */
    const size_t open = growth->open[depth];
    const size_t previous = growth->previous[depth];
    const bool had_child = growth->has_child[depth];
    bool more;

    growth->switches--;
    growth->text[growth->length++] = (uint8_t)(2 + 2 * acs);
    growth->depth = depth;
    growth->open[depth] = growth->length;
    growth->has_child[depth] = false;
    more = grow(growth);
    growth->open[depth] = open;
    growth->previous[depth] = previous;
    growth->has_child[depth] = had_child;
    growth->depth--;
    growth->length--;
    growth->switches++;
    return more;
}

static bool finish(struct growth *growth)
{
    struct explore_shape shape;

    explore_shape_read(growth->text, growth->length, &shape);
    return growth->visit(growth->context, &shape);
}

/** Tries every next byte. A closing 0 is the least of them, so texts come in ascending order. */
static bool grow(struct growth *growth)
{
    if (growth->depth > 0 && growth->has_child[growth->depth] && !close_switch(growth)) {
        return false;
    }
    if (growth->depth == 0 && growth->endpoints == 0 && growth->switches == 0) {
        return finish(growth);
    }
    for (unsigned acs = 0; acs < growth->acs; acs++) {
        if (growth->endpoints > 0 && !add_endpoint(growth, acs, 1, false)) {
            return false;
        }
        if (growth->switches > 0 && growth->endpoints > 0 && !open_switch(growth, acs)) {
            return false;
        }
    }
    return add_devices(growth);
}

bool explore_shapes(unsigned endpoints, unsigned switches, const struct explore_bounds *bounds,
                    explore_visit_shape visit, void *context)
{
    struct growth growth = {.endpoints = endpoints,
                            .switches = switches,
                            .acs = bounds->acs,
                            .functions = bounds->functions,
                            .visit = visit,
                            .context = context};

    return grow(&growth);
}

/* ---- Reading ---- */

/** A child of a switch, or of the root: its part of the text and of the endpoints. */
struct part {
    uint8_t begin;
    uint8_t end;
    uint8_t first;
    uint8_t endpoints;
};

struct reader {
    const uint8_t *text;
    size_t length;
    size_t at;
    struct explore_shape *shape;
};

static bool are_alike(const struct reader *reader, const struct part *one, const struct part *other)
{
    const size_t size = (size_t)(one->end - one->begin);

    return size == (size_t)(other->end - other->begin) &&
           memcmp(reader->text + one->begin, reader->text + other->begin, size) == 0;
}

/** Notes which of the children are alike. */
static void add_runs(const struct reader *reader, const struct part *parts, size_t count)
{
    struct explore_shape *shape = reader->shape;
    size_t begin = 0;

    for (size_t i = 1; i <= count; i++) {
        if (i < count && are_alike(reader, &parts[begin], &parts[i])) {
            continue;
        }
        if (i - begin > 1 && parts[begin].endpoints > 0) {
            shape->runs[shape->run_count++] = (struct explore_run){
                .first = parts[begin].first, .length = parts[begin].endpoints, .count = (uint8_t)(i - begin)};
        }
        begin = i;
    }
}

/** A device below a port. */
static void read_endpoint(struct explore_shape *shape, struct explore_node *node, unsigned kind)
{
    node->endpoint = shape->endpoints;
    node->functions = (uint8_t)(kind == 0 ? 1 : (kind + 3) / 2);
    node->isolated = kind != 0 && kind % 2 == 0;
    if (node->functions > 1) {
        shape->runs[shape->run_count++] =
            (struct explore_run){.first = shape->endpoints, .length = 1, .count = node->functions};
    }
    shape->endpoints = (uint8_t)(shape->endpoints + node->functions);
}

static void read_children(struct reader *reader, uint8_t parent)
{
    struct explore_shape *shape = reader->shape;
    struct part parts[EXPLORE_NODES];
    size_t count = 0;

    while (reader->at < reader->length && reader->text[reader->at] != 0) {
        const uint8_t code = reader->text[reader->at];
        const uint8_t index = shape->node_count++;
        struct part part = {.begin = (uint8_t)reader->at, .first = shape->endpoints};

        shape->nodes[index] = (struct explore_node){.parent = parent,
                                                    .acs = (uint8_t)((code - 1u) / 2 % EXPLORE_ACS_LEVELS),
                                                    .is_switch = code % 2 == 0,
                                                    .endpoint = EXPLORE_NONE};
        reader->at++;
        if (code % 2 == 0) {
            shape->switches++;
            read_children(reader, index);
            reader->at++;
        } else {
            read_endpoint(shape, &shape->nodes[index], (code - 1u) / 2 / EXPLORE_ACS_LEVELS);
        }
        part.end = (uint8_t)reader->at;
        part.endpoints = (uint8_t)(shape->endpoints - part.first);
        parts[count++] = part;
    }
    add_runs(reader, parts, count);
}

void explore_shape_read(const uint8_t *text, size_t length, struct explore_shape *shape)
{
    struct reader reader = {.text = shape->text, .length = length, .shape = shape};

    memset(shape, 0, sizeof(*shape));
    memcpy(shape->text, text, length);
    shape->length = (uint8_t)length;
    read_children(&reader, EXPLORE_NONE);
}

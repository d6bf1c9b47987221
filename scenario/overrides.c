#include "scenario/overrides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void replace_node(struct tree_node *old, struct tree_node *new)
{
    struct tree_node *parent = old->parent;
    struct tree_node **link = &parent->first;

    while (*link != old) {
        link = &(*link)->next;
    }
    new->parent = parent;
    new->next = old->next;
    *link = new;
    if (parent->last == old) {
        parent->last = new;
    }
}

static void report_nothing_to_take(struct tree_node *node, struct diagnostics *diagnostics)
{
    struct diagnostic_where where = tree_where(&node->key_mark);

    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where,
                    "E1011 `%.60s: null` takes nothing away: there is no such key below", node->key);
}

/* A tree that is laid over nothing: its nulls have nothing to take away. */
static void check_new(struct tree_node *node, struct diagnostics *diagnostics)
{
    struct tree_node *child = node->first;

    while (child != NULL) {
        struct tree_node *next = child->next;

        if (node->kind == TREE_MAP && tree_is_null(child)) {
            report_nothing_to_take(child, diagnostics);
            tree_remove(child);
        } else {
            check_new(child, diagnostics);
        }
        child = next;
    }
}

void overrides_merge(struct scenario_arena *arena, struct tree_node *base, struct tree_node *over,
                     struct diagnostics *diagnostics)
{
    struct tree_node *child = over->first;

    while (child != NULL) {
        struct tree_node *next = child->next;
        struct tree_node *old = tree_find(base, child->key);

        tree_remove(child);
        if (tree_is_null(child)) {
            if (old == NULL) {
                report_nothing_to_take(child, diagnostics);
            } else {
                tree_remove(old);
            }
        } else if (old == NULL) {
            check_new(child, diagnostics);
            tree_append(base, child);
        } else if (old->kind == TREE_MAP && child->kind == TREE_MAP) {
            overrides_merge(arena, old, child, diagnostics);
        } else {
            check_new(child, diagnostics);
            replace_node(old, child);
        }
        child = next;
    }
}

/* One --set as it is worked through. */
struct setter {
    struct scenario_arena *arena;
    struct tree_source *source;
    struct diagnostics *diagnostics;
    struct tree_node *root;
};

/* One key of a path: bytes start .. end of the source. */
struct segment {
    const char *key;
    struct tree_mark mark;
};

static struct tree_mark text_mark(const struct setter *setter, size_t start, size_t length)
{
    struct tree_mark mark = {.source = setter->source, .line = 1, .column = 1};

    for (size_t i = 0; i < start + length; i++) {
        unsigned step = ((unsigned char)setter->source->text[i] & 0xc0) == 0x80 ? 0 : 1;

        if (i < start) {
            mark.column += step;
        } else {
            mark.span += step;
        }
    }
    return mark;
}

static struct diagnostic *refuse(struct setter *setter, const struct tree_mark *mark, const char *message)
{
    struct diagnostic_where where = tree_where(mark);

    return diagnostics_add(setter->diagnostics, DIAGNOSTIC_ERROR, &where, "%s", message);
}

/* Splits the path at its dots. Returns the number of segments, 0 after an error. */
static size_t split_path(struct setter *setter, size_t path_length, struct segment *segments, size_t limit)
{
    const char *text = setter->source->text;
    size_t start = 0;
    size_t count = 0;

    while (start <= path_length) {
        const char *dot = memchr(text + start, '.', path_length - start);
        size_t end = dot == NULL ? path_length : (size_t)(dot - text);
        struct tree_mark mark = text_mark(setter, start, end - start);

        /* Below `expect`, keys have dots of their own. */
        if (count == 1 && strcmp(segments[0].key, "expect") == 0) {
            end = path_length;
            mark = text_mark(setter, start, end - start);
        }
        if (end == start || count == limit) {
            refuse(setter, &mark, end == start ? "E1012 a key is missing in the path" : "E1012 the path is too long");
            return 0;
        }
        segments[count].key = scenario_arena_copy(setter->arena, text + start, end - start);
        segments[count].mark = mark;
        count++;
        start = end + 1;
    }
    return count;
}

/* Finds a component by name among the maps that hold components: `root-ports` and `below`, at any depth. */
static struct tree_node *find_component(const struct tree_node *components, const char *name)
{
    struct tree_node *found = tree_find(components, name);

    for (const struct tree_node *child = components == NULL ? NULL : components->first; child != NULL && found == NULL;
         child = child->next) {
        const struct tree_node *ports = tree_find(child, "root-ports");
        const struct tree_node *below = tree_find(child, "below");

        if (ports != NULL && ports->kind == TREE_MAP) {
            found = find_component(ports, name);
        }
        if (found == NULL && below != NULL && below->kind == TREE_MAP) {
            found = find_component(below, name);
        }
    }
    return found;
}

/* Where a path starts: the node that its first key belongs to. *used is set if that key was a component's name. */
static struct tree_node *find_start(struct setter *setter, const char *key, size_t count, bool *used)
{
    static const char *const platform_keys[] = {"pe",  "its",  "redistributor", "distributor",
                                                "v2m", "smmu", "interconnect",  "memory"};
    struct tree_node *platform = tree_find(setter->root, "platform");
    struct tree_node *found = NULL;
    struct tree_node *pcie = tree_find(setter->root, "pcie");

    *used = false;
    for (size_t i = 0; i < sizeof(platform_keys) / sizeof(platform_keys[0]); i++) {
        if (strcmp(platform_keys[i], key) == 0) {
            if (platform != NULL && platform->kind == TREE_MAP) {
                return platform;
            }
            platform = scenario_arena_take(setter->arena, 1, sizeof(*platform));
            platform->kind = TREE_MAP;
            platform->key = "platform";
            platform->mark = text_mark(setter, 0, 1);
            platform->key_mark = platform->mark;
            tree_append(setter->root, platform);
            return platform;
        }
    }
    if (count > 1 && tree_find(setter->root, key) == NULL) {
        found = pcie != NULL && pcie->kind == TREE_MAP ? find_component(pcie, key) : NULL;
        found = found != NULL ? found : tree_find(tree_find(platform, "its"), key);
        found = found != NULL ? found : tree_find(tree_find(platform, "v2m"), key);
        found = found != NULL ? found : tree_find(tree_find(platform, "smmu"), key);
    }
    *used = found != NULL;
    return found != NULL ? found : setter->root;
}

static struct tree_node *list_item(struct setter *setter, struct tree_node *list, const struct segment *segment)
{
    char *end;
    unsigned long position = strtoul(segment->key, &end, 10);
    struct tree_node *item = list->first;
    char message[100];

    for (unsigned long i = 0; i < position && item != NULL; i++) {
        item = item->next;
    }
    if (*end != '\0' || segment->key[0] == '-' || item == NULL) {
        snprintf(message, sizeof(message), "E1012 a list stands here: pick one of its %zu items by number, from 0",
                 list->count);
        refuse(setter, &segment->mark, message);
        return NULL;
    }
    return item;
}

/* One step down the path. Maps that are missing are made. */
static struct tree_node *descend(struct setter *setter, struct tree_node *node, const struct segment *segment)
{
    struct tree_node *child;

    if (node->kind == TREE_LIST) {
        return list_item(setter, node, segment);
    }
    if (node->kind == TREE_SCALAR && !tree_is_null(node)) {
        refuse(setter, &segment->mark, "E1012 what stands before this dot is a single value: it has no keys");
        return NULL;
    }
    node->kind = TREE_MAP;
    child = tree_find(node, segment->key);
    if (child == NULL) {
        child = scenario_arena_take(setter->arena, 1, sizeof(*child));
        child->kind = TREE_MAP;
        child->key = segment->key;
        child->key_mark = segment->mark;
        child->mark = segment->mark;
        tree_append(node, child);
    }
    return child;
}

/* The value: YAML if it looks like a list, a map or a quoted text, else a plain scalar as it stands. */
static struct tree_node *parse_value(struct setter *setter, size_t start)
{
    const char *text = setter->source->text + start;
    size_t length;
    struct tree_node *node;

    while (text[0] == ' ') {
        text++;
        start++;
    }
    length = setter->source->length - start;

    if (text[0] != '\0' && strchr("[{\"'", text[0]) != NULL) {
        return tree_parse(setter->arena, setter->source, start, setter->diagnostics);
    }
    if (length == 0) {
        struct tree_mark mark = text_mark(setter, start, 0);

        diagnostic_set_hint(refuse(setter, &mark, "E1012 no value follows the ="), "`null` takes a key away");
        return NULL;
    }
    node = scenario_arena_take(setter->arena, 1, sizeof(*node));
    node->kind = TREE_SCALAR;
    node->plain = true;
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
        length--;
    }
    node->text = scenario_arena_copy(setter->arena, text, length);
    node->mark = text_mark(setter, start, length);
    return node;
}

static void put_value(struct setter *setter, struct tree_node *parent, const struct segment *last,
                      struct tree_node *value)
{
    struct tree_node *old;

    if (parent->kind == TREE_LIST) {
        old = list_item(setter, parent, last);
        if (old != NULL) {
            replace_node(old, value);
        }
        return;
    }
    if (parent->kind == TREE_SCALAR && !tree_is_null(parent)) {
        refuse(setter, &last->mark, "E1012 what stands before this dot is a single value: it has no keys");
        return;
    }
    parent->kind = TREE_MAP;
    value->key = last->key;
    value->key_mark = last->mark;
    old = tree_find(parent, last->key);
    if (tree_is_null(value)) {
        if (old == NULL) {
            refuse(setter, &last->mark, "E1012 there is no such key to take away");
        } else {
            tree_remove(old);
        }
    } else if (old == NULL) {
        tree_append(parent, value);
    } else {
        replace_node(old, value);
    }
}

#define MAX_SEGMENTS 64

const struct tree_source *overrides_set(struct scenario_arena *arena, struct tree_node *root, const char *text,
                                        struct diagnostics *diagnostics)
{
    struct setter setter = {.arena = arena, .diagnostics = diagnostics, .root = root};
    struct segment segments[MAX_SEGMENTS];
    const char *equals = strchr(text, '=');
    struct tree_mark whole;
    struct tree_node *node;
    struct tree_node *value;
    size_t count;
    size_t first = 0;
    bool used;

    setter.source = tree_source_new(arena, "--set", text, strlen(text));
    if (!tree_check_text(setter.source, diagnostics)) {
        return setter.source;
    }
    whole = text_mark(&setter, 0, strlen(text));
    if (equals == NULL) {
        diagnostic_set_hint(refuse(&setter, &whole, "E1012 no = in this override"),
                            "write path=value, for example smmu.S.tlb.entries=64");
        return setter.source;
    }
    count = split_path(&setter, (size_t)(equals - text), segments, MAX_SEGMENTS);
    if (count == 0) {
        return setter.source;
    }
    if (strcmp(segments[0].key, "base") == 0) {
        refuse(&setter, &segments[0].mark, "E1012 `base` can only be written in a file");
        return setter.source;
    }
    value = parse_value(&setter, (size_t)(equals - text) + 1);
    node = find_start(&setter, segments[0].key, count, &used);
    first = used ? 1 : 0;
    for (; value != NULL && node != NULL && first + 1 < count; first++) {
        node = descend(&setter, node, &segments[first]);
    }
    if (value != NULL && node != NULL) {
        put_value(&setter, node, &segments[count - 1], value);
    }
    return setter.source;
}

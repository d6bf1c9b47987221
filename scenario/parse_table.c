#include "scenario/parse_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void *field_of(void *structure, size_t offset)
{
    return (char *)structure + offset;
}

static uint64_t *given_of(const struct scenario_table *table, void *structure)
{
    return field_of(structure, table->given_offset);
}

static void set_pointer(void *structure, size_t offset, void *pointer)
{
    memcpy(field_of(structure, offset), &pointer, sizeof(pointer));
}

static void set_count(void *structure, size_t offset, size_t count)
{
    memcpy(field_of(structure, offset), &count, sizeof(count));
}

bool parse_is_given(const struct scenario_table *table, const void *structure, const char *key)
{
    const struct scenario_key *row = scenario_table_find(table, key);
    uint64_t given;

    memcpy(&given, (const char *)structure + table->given_offset, sizeof(given));
    return row != NULL && (given >> (row - table->keys) & 1) != 0;
}

/* The text of a default that steps from component to component. */
static const char *stepped_default(struct parse *parse, const struct scenario_key *key, size_t index)
{
    struct units_problem problem;
    uint64_t first = 0;
    uint64_t step = 0;

    if (key->step == NULL || !units_parse(key->type->units, key->standard, &first, &problem) ||
        !units_parse(key->type->units, key->step, &step, &problem)) {
        return key->standard;
    }
    return scenario_arena_format(parse->arena, "%" PRIu64, first + step * index);
}

static void set_default_value(struct parse *parse, const struct scenario_key *key, void *structure, size_t index)
{
    struct tree_node node = {.kind = TREE_SCALAR, .plain = true, .key = key->name};

    if (key->standard == NULL) {
        return;
    }
    node.text = stepped_default(parse, key, index);
    key->type->parse(parse, key, &node, field_of(structure, key->offset));
}

/* One element of an array: its name is its key. */
static void parse_element(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                          void *element, size_t index)
{
    if (!parse_expect_kind(parse, node, TREE_MAP, node->key != NULL ? node->key : key->name)) {
        node = NULL;
    }
    parse_table(parse, key->table, node, element, index);
}

static void set_name(const struct scenario_table *table, void *element, const char *name)
{
    if (table->name_offset != SCENARIO_NO_OFFSET) {
        memcpy(field_of(element, table->name_offset), &name, sizeof(name));
    }
}

static void set_place(const struct scenario_table *table, void *element, const struct tree_mark *mark)
{
    struct scenario_place place = parse_place(mark);

    memcpy(field_of(element, table->place_offset), &place, sizeof(place));
}

static void parse_named(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                        void *structure)
{
    const struct scenario_table *table = key->table;
    char *array;
    size_t index = 0;

    if (!parse_expect_kind(parse, node, TREE_MAP, key->name)) {
        return;
    }
    array = scenario_arena_take(parse->arena, node->count, table->size);
    set_pointer(structure, key->offset, array);
    set_count(structure, key->count_offset, node->count);
    for (const struct tree_node *child = node->first; child != NULL; child = child->next, index++) {
        void *element = array + index * table->size;

        if (!table->of_functions && !parse_is_name(child->key)) {
            diagnostic_set_hint(
                parse_error(parse, &child->key_mark, "E1201 `%.40s` cannot be the name of a component", child->key),
                "a name is a letter, then letters, digits, - and _");
        }
        parse_element(parse, key, child, element, index);
        set_name(table, element, child->key);
        set_place(table, element, &child->key_mark);
    }
}

static void parse_list(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                       void *structure)
{
    char *array;
    size_t index = 0;

    if (!parse_expect_kind(parse, node, TREE_LIST, node->key != NULL ? node->key : key->name)) {
        return;
    }
    array = scenario_arena_take(parse->arena, node->count, key->table->size);
    set_pointer(structure, key->offset, array);
    set_count(structure, key->count_offset, node->count);
    for (const struct tree_node *child = node->first; child != NULL; child = child->next, index++) {
        parse_element(parse, key, child, array + index * key->table->size, index);
    }
}

static void parse_named_list(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                             void *structure)
{
    const struct scenario_table *table = key->table;
    char *array;
    size_t index = 0;

    if (!parse_expect_kind(parse, node, TREE_MAP, key->name)) {
        return;
    }
    array = scenario_arena_take(parse->arena, node->count, table->size);
    set_pointer(structure, key->offset, array);
    set_count(structure, key->count_offset, node->count);
    for (const struct tree_node *child = node->first; child != NULL; child = child->next, index++) {
        void *element = array + index * table->size;

        parse_list(parse, &table->keys[0], child, element);
        *given_of(table, element) = 1;
        set_name(table, element, child->key);
        set_place(table, element, &child->key_mark);
    }
}

static void parse_optional(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                           void *structure)
{
    void *part = scenario_arena_take(parse->arena, 1, key->table->size);

    if (!parse_expect_kind(parse, node, TREE_MAP, key->name)) {
        node = NULL;
    }
    parse_table(parse, key->table, node, part, 0);
    set_pointer(structure, key->offset, part);
}

static void set_default_array(struct parse *parse, const struct scenario_key *key, void *structure)
{
    void *array;

    if (key->standard == NULL) {
        return;
    }
    array = scenario_arena_take(parse->arena, 1, key->table->size);
    parse_table(parse, key->table, NULL, array, 0);
    set_name(key->table, array, key->standard);
    set_pointer(structure, key->offset, array);
    set_count(structure, key->count_offset, 1);
}

static void set_default(struct parse *parse, const struct scenario_key *key, void *structure, size_t index)
{
    switch (key->kind) {
    case KEY_VALUE:
        set_default_value(parse, key, structure, index);
        break;
    case KEY_TABLE:
        parse_table(parse, key->table, NULL, field_of(structure, key->offset), index);
        break;
    case KEY_NAMED:
        set_default_array(parse, key, structure);
        break;
    default:
        break;
    }
}

/* A preset's value is a default that depends on another key, which stands first in its table. */
static void set_default_or_preset(struct parse *parse, const struct scenario_table *table,
                                  const struct scenario_key *key, void *structure, size_t index)
{
    const struct scenario_preset *preset = scenario_table_find_preset(table, key, structure);

    if (preset != NULL) {
        struct scenario_key altered = *key;

        altered.standard = preset->value;
        altered.step = NULL;
        set_default(parse, &altered, structure, index);
    } else {
        set_default(parse, key, structure, index);
    }
}

static void parse_present(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                          void *structure, size_t index)
{
    switch (key->kind) {
    case KEY_VALUE:
        if (!key->type->parse(parse, key, node, field_of(structure, key->offset))) {
            set_default_value(parse, key, structure, index);
        }
        break;
    case KEY_TABLE:
        if (!parse_expect_kind(parse, node, TREE_MAP, key->name)) {
            node = NULL;
        }
        parse_table(parse, key->table, node, field_of(structure, key->offset), index);
        break;
    case KEY_OPTIONAL:
        parse_optional(parse, key, node, structure);
        break;
    case KEY_NAMED:
        parse_named(parse, key, node, structure);
        break;
    case KEY_LIST:
        parse_list(parse, key, node, structure);
        break;
    case KEY_NAMED_LIST:
        parse_named_list(parse, key, node, structure);
        break;
    case KEY_FUTURE:
        parse_error(parse, &node->key_mark, "E1111 `%s` is not supported yet", key->name);
        break;
    case KEY_FILE:
        break;
    }
}

static void report_unknown(struct parse *parse, const struct scenario_table *table, const struct tree_node *node)
{
    const char *names[64];
    const char *path = tree_path(parse->arena, node->parent);
    const char *nearest;
    char list[600];
    size_t used = 0;
    struct diagnostic *entry;

    list[0] = '\0';
    for (size_t i = 0; i < table->count; i++) {
        names[i] = table->keys[i].name;
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ", names[i]);
        used = used < sizeof(list) ? used : sizeof(list) - 1;
    }
    entry = path[0] == '\0'
                ? parse_error(parse, &node->key_mark, "E1101 unknown key `%.60s`", node->key)
                : parse_error(parse, &node->key_mark, "E1101 unknown key `%.60s` in `%.200s`", node->key, path);
    nearest = parse_nearest(node->key, names, table->count);
    if (nearest != NULL) {
        diagnostic_set_hint(entry, "did you mean `%s`?", nearest);
    } else {
        diagnostic_set_hint(entry, "known here: %s", list);
    }
}

static void parse_children(struct parse *parse, const struct scenario_table *table, const struct tree_node *node,
                           void *structure, size_t index)
{
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        const struct scenario_key *key = scenario_table_find(table, child->key);

        if (key == NULL) {
            report_unknown(parse, table, child);
            continue;
        }
        *given_of(table, structure) |= (uint64_t)1 << (key - table->keys);
        parse_present(parse, key, child, structure, index);
    }
}

/* Keys that mean nothing beside what else stands there. */
static void check_applicable(struct parse *parse, const struct scenario_table *table, const struct tree_node *node,
                             void *structure)
{
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        const struct scenario_key *key = scenario_table_find(table, child->key);

        if (key != NULL && key->applies != NULL && !key->applies(structure)) {
            diagnostic_set_hint(parse_error(parse, &child->key_mark, "E1103 `%s` has no meaning here", key->name),
                                "it needs %s", key->needs);
        }
    }
}

void parse_table(struct parse *parse, const struct scenario_table *table, const struct tree_node *node, void *structure,
                 size_t index)
{
    uint64_t given;

    if (node != NULL) {
        set_place(table, structure, node->key != NULL ? &node->key_mark : &node->mark);
        parse_children(parse, table, node, structure, index);
    }
    if (table->index_offset != SCENARIO_NO_OFFSET) {
        set_count(structure, table->index_offset, index);
    }
    given = *given_of(table, structure);
    for (size_t i = 0; i < table->count; i++) {
        const struct scenario_key *key = &table->keys[i];

        if ((given >> i & 1) != 0) {
            continue;
        }
        if (key->required && node != NULL) {
            parse_error(parse, node->key != NULL ? &node->key_mark : &node->mark, "E1102 `%s` is missing%s%s",
                        key->name, node->key != NULL ? " in " : "",
                        node->key != NULL ? tree_path(parse->arena, node) : "");
        }
        set_default_or_preset(parse, table, key, structure, index);
    }
    if (node != NULL) {
        check_applicable(parse, table, node, structure);
    }
}

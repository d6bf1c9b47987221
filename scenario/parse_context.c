#include "scenario/parse_context.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_NAME 63

struct diagnostic *parse_error(struct parse *parse, const struct tree_mark *mark, const char *format, ...)
{
    struct diagnostic_where where = tree_where(mark);
    struct diagnostic *entry;
    va_list arguments;

    if (where.file == NULL) {
        where.file = parse->scenario->path;
    }
    va_start(arguments, format);
    entry = diagnostics_vadd(parse->diagnostics, DIAGNOSTIC_ERROR, &where, format, arguments);
    va_end(arguments);
    return entry;
}

struct diagnostic *parse_error_at(struct parse *parse, const struct scenario_place *place, const char *format, ...)
{
    struct tree_mark mark = {.line = place->line, .column = place->column, .span = place->span};
    struct diagnostic_where where;
    struct diagnostic *entry;
    va_list arguments;

    for (size_t i = 0; i < parse->source_count; i++) {
        if (parse->sources[i]->name == place->file) {
            mark.source = parse->sources[i];
        }
    }
    where = tree_where(&mark);
    if (where.file == NULL) {
        where.file = parse->scenario->path;
    }
    va_start(arguments, format);
    entry = diagnostics_vadd(parse->diagnostics, DIAGNOSTIC_ERROR, &where, format, arguments);
    va_end(arguments);
    return entry;
}

struct scenario_place parse_place(const struct tree_mark *mark)
{
    struct scenario_place place = {.line = mark->line, .column = mark->column, .span = mark->span};

    place.file = mark->source == NULL ? NULL : mark->source->name;
    return place;
}

static unsigned characters(const char *text, size_t length)
{
    unsigned count = 0;

    for (size_t i = 0; i < length; i++) {
        count += ((unsigned char)text[i] & 0xc0) == 0x80 ? 0 : 1;
    }
    return count;
}

struct tree_mark parse_part(const struct tree_node *node, size_t offset, size_t length)
{
    struct tree_mark mark = node->mark;
    unsigned whole = characters(node->text, strlen(node->text));

    /* Quoted and folded scalars need not stand in the file as they read. */
    if (!node->plain || mark.span != whole) {
        return mark;
    }
    mark.column += characters(node->text, offset);
    mark.span = characters(node->text + offset, length);
    return mark;
}

bool parse_expect_kind(struct parse *parse, const struct tree_node *node, enum tree_kind kind, const char *what)
{
    struct diagnostic *entry;

    if (node->kind == kind) {
        return true;
    }
    entry = parse_error(parse, node->kind == TREE_SCALAR && node->text[0] == '\0' ? &node->key_mark : &node->mark,
                        "E1104 `%s` must be %s, not %s", what, tree_kind_name(kind),
                        node->kind == TREE_SCALAR && tree_is_null(node) ? "empty" : tree_kind_name(node->kind));
    if (kind != TREE_SCALAR && node->kind == TREE_SCALAR && tree_is_null(node)) {
        diagnostic_set_hint(entry, "write %s: %s for an empty one", what, kind == TREE_MAP ? "{}" : "[]");
    }
    return false;
}

bool parse_quantity(struct parse *parse, enum units_kind kind, const struct tree_node *node, const char *what,
                    uint64_t *value)
{
    struct units_problem problem;
    struct tree_mark mark;

    if (!parse_expect_kind(parse, node, TREE_SCALAR, what)) {
        return false;
    }
    if (node->text[0] == '\0') {
        parse_error(parse, node->key != NULL ? &node->key_mark : &node->mark, "E1105 `%s` has no value: it takes %s",
                    what, units_noun(kind));
        return false;
    }
    if (units_parse(kind, node->text, value, &problem)) {
        return true;
    }
    mark = parse_part(node, problem.offset, problem.length);
    parse_error(parse, &mark, "E1106 `%s: %.40s`: %s", what, node->text, problem.message);
    return false;
}

static bool is_choice(struct parse *parse, const struct scenario_key *key, enum units_kind kind,
                      const struct tree_node *node, uint64_t value)
{
    char list[200];
    size_t used = 0;

    list[0] = '\0';
    for (const char *const *choice = key->choices; *choice != NULL; choice++) {
        struct units_problem problem;
        uint64_t allowed;

        if (units_parse(kind, *choice, &allowed, &problem) && allowed == value) {
            return true;
        }
        used += (size_t)snprintf(list + used, used < sizeof(list) ? sizeof(list) - used : 0, "%s%s",
                                 choice == key->choices ? "" : ", ", *choice);
        used = used < sizeof(list) ? used : sizeof(list) - 1;
    }
    diagnostic_set_hint(
        parse_error(parse, &node->mark, "E1109 `%s: %.40s` is none of the possible values", key->name, node->text),
        "possible: %s", list);
    return false;
}

static uint64_t limit_value(enum units_kind kind, const char *text, uint64_t otherwise)
{
    struct units_problem problem;
    uint64_t value = otherwise;

    if (text != NULL && !units_parse(kind, text, &value, &problem)) {
        value = otherwise;
    }
    return value;
}

static bool is_in_range(struct parse *parse, const struct scenario_key *key, enum units_kind kind,
                        const struct tree_node *node, uint64_t value)
{
    uint64_t most = kind == UNITS_NUMBER && key->size == sizeof(uint32_t) ? UINT32_MAX : UINT64_MAX;
    uint64_t minimum = limit_value(kind, key->minimum, 0);
    uint64_t maximum = limit_value(kind, key->maximum, most);
    struct diagnostic *entry;

    if (value >= minimum && value <= maximum) {
        return true;
    }
    entry = parse_error(parse, &node->mark, "E1107 `%s: %.40s` is too %s", key->name, node->text,
                        value < minimum ? "small" : "large");
    if (key->minimum != NULL && key->maximum != NULL) {
        diagnostic_set_hint(entry, "allowed: %s to %s", key->minimum, key->maximum);
    } else if (key->minimum != NULL) {
        diagnostic_set_hint(entry, "allowed: %s or more", key->minimum);
    } else {
        diagnostic_set_hint(entry, "allowed: up to %s", key->maximum == NULL ? "4294967295" : key->maximum);
    }
    return false;
}

bool parse_key_quantity(struct parse *parse, const struct scenario_key *key, enum units_kind kind,
                        const struct tree_node *node, uint64_t *value)
{
    char grid[40];

    if (!parse_quantity(parse, kind, node, key->name, value)) {
        return false;
    }
    if (key->choices != NULL) {
        return is_choice(parse, key, kind, node, *value);
    }
    if (!is_in_range(parse, key, kind, node, *value)) {
        return false;
    }
    if (key->power_of_two && (*value & (*value - 1)) != 0) {
        parse_error(parse, &node->mark, "E1108 `%s: %.40s` must be a power of two", key->name, node->text);
        return false;
    }
    if (key->alignment > 1 && *value % key->alignment != 0) {
        units_format(UNITS_SIZE, key->alignment, grid, sizeof(grid));
        parse_error(parse, &node->mark, "E1108 `%s: %.40s` must be a multiple of %s", key->name, node->text, grid);
        return false;
    }
    return true;
}

bool parse_is_name(const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length > MAX_NAME || !isalpha((unsigned char)text[0])) {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_') {
            return false;
        }
    }
    return true;
}

const char *parse_name(struct parse *parse, const struct tree_node *node, const char *what)
{
    if (!parse_expect_kind(parse, node, TREE_SCALAR, what)) {
        return NULL;
    }
    if (!parse_is_name(node->text)) {
        diagnostic_set_hint(
            parse_error(parse, &node->mark, "E1201 `%.40s` cannot be the name of a component", node->text),
            "a name is a letter, then letters, digits, - and _, at most %d in all", MAX_NAME);
        return NULL;
    }
    return node->text;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edit distance of two short words, swapped neighbours counting one. */
static unsigned edit_distance(const char *left, size_t left_length, const char *right, size_t right_length)
{
    unsigned rows[3][MAX_NAME + 2];
    unsigned *before = rows[0];
    unsigned *last = rows[1];
    unsigned *current = rows[2];

    for (size_t j = 0; j <= right_length; j++) {
        before[j] = 0;
        last[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= left_length; i++) {
        unsigned *spare = before;

        current[0] = (unsigned)i;
        for (size_t j = 1; j <= right_length; j++) {
            bool same = tolower((unsigned char)left[i - 1]) == tolower((unsigned char)right[j - 1]);

            current[j] = least(least(last[j], current[j - 1]) + 1, last[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
                current[j] = least(current[j], before[j - 2] + 1);
            }
        }
        before = last;
        last = current;
        current = spare;
    }
    return last[right_length];
}

const char *parse_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t length = strlen(word);
    const char *nearest = NULL;
    unsigned best = (unsigned)(length / 3 + 1);

    if (length == 0 || length > MAX_NAME) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        unsigned distance;

        if (other > MAX_NAME) {
            continue;
        }
        distance = edit_distance(word, length, candidates[i], other);
        /* Replacing every letter is no likeness. */
        if (distance < length && (distance < best || (distance == best && nearest == NULL))) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

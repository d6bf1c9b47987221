/* The axes of a sweep: lists of values as texts, ranges as the values they stand for. */
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------- values */

/* Characters that need quotes in a flow text, beside what is not plain already. */
static bool needs_quotes(const struct tree_node *node)
{
    return !node->plain || node->text[0] == '\0' || strpbrk(node->text, ",[]{}\"'") != NULL;
}

/* Writes a node as --set could take it. */
static void write_flow(FILE *stream, const struct tree_node *node)
{
    const char *separator = "";

    if (node->kind == TREE_SCALAR) {
        if (!needs_quotes(node)) {
            fputs(node->text, stream);
            return;
        }
        fputc('\'', stream);
        for (const char *c = node->text; *c != '\0'; c++) {
            fputs(*c == '\'' ? "''" : (const char[]){*c, '\0'}, stream);
        }
        fputc('\'', stream);
        return;
    }
    fputc(node->kind == TREE_MAP ? '{' : '[', stream);
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        fputs(separator, stream);
        if (node->kind == TREE_MAP) {
            fprintf(stream, "%s: ", child->key);
        }
        write_flow(stream, child);
        separator = ", ";
    }
    fputc(node->kind == TREE_MAP ? '}' : ']', stream);
}

static const char *flow_text(struct parse *parse, const struct tree_node *node)
{
    const char *kept = NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    if (stream != NULL) {
        write_flow(stream, node);
        fclose(stream);
        kept = scenario_arena_copy(parse->arena, text, length);
        free(text);
    }
    return kept;
}

static bool values_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    struct scenario_axis *axis = field;
    const char **values;

    (void)key;
    if (node->kind != TREE_LIST || node->count == 0) {
        diagnostic_set_hint(parse_error(parse, &node->mark, "E1801 `values` is a list of at least one value"),
                            "for example [16, 32, 64]");
        return false;
    }
    values = scenario_arena_take(parse->arena, node->count, sizeof(*values));
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        values[axis->value_count++] = flow_text(parse, child);
    }
    axis->values = values;
    return true;
}

static void values_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_axis *axis = field;

    (void)key;
    fputc('[', stream);
    for (size_t i = 0; i < axis->value_count; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : ", ", axis->values[i]);
    }
    fputc(']', stream);
}

const struct scenario_value_type scenario_type_values = {
    .name = "list of values",
    .parse = values_parse,
    .print = values_print,
    .schema = "{\"type\": \"array\", \"minItems\": 1}",
};

/* ---------------------------------------------------------------------------------------------------- ranges */

/* The kind of quantity that all texts are; UNITS_NUMBER first, since a bare number is of no other kind. */
static bool find_unit(const char *const *texts, size_t count, enum units_kind *kind, uint64_t *values)
{
    static const enum units_kind kinds[] = {UNITS_NUMBER, UNITS_CYCLES,    UNITS_TIME,    UNITS_FREQUENCY,
                                            UNITS_SIZE,   UNITS_BANDWIDTH, UNITS_TRANSFER};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t good = 0;

        for (size_t j = 0; j < count; j++) {
            struct units_problem problem;

            good += units_parse(kinds[i], texts[j], &values[j], &problem);
        }
        if (good == count) {
            *kind = kinds[i];
            return true;
        }
    }
    return false;
}

/* To four digits: what lies between the ends of a range is a choice of ours, and reads better so. */
static uint64_t round_value(double value)
{
    double grid = 1;

    while (value / grid >= 9999.5) {
        grid *= 10;
    }
    return (uint64_t)(floor(value / grid + 0.5) * grid);
}

static uint64_t range_value(const struct scenario_axis *axis, uint32_t index)
{
    double part = (double)index / (double)(axis->steps - 1);

    if (index == 0) {
        return axis->low;
    }
    if (index == axis->steps - 1) {
        return axis->high;
    }
    if (axis->scale == SCENARIO_SCALE_LOG) {
        return round_value((double)axis->low * pow((double)axis->high / (double)axis->low, part));
    }
    return round_value((double)axis->low + (double)(axis->high - axis->low) * part);
}

static const char *quantity_text(struct parse *parse, const struct scenario_axis *axis, uint64_t value)
{
    char text[32];

    units_format((enum units_kind)axis->unit, value, text, sizeof(text));
    return scenario_arena_copy(parse->arena, text, strlen(text));
}

/* Values with `steps`; equal neighbours (a fine grid over few whole numbers) are one value. */
static void fill_steps(struct parse *parse, struct scenario_axis *axis)
{
    const char **values = scenario_arena_take(parse->arena, axis->steps, sizeof(*values));
    uint64_t last = 0;

    for (uint32_t i = 0; i < axis->steps; i++) {
        uint64_t value = range_value(axis, i);

        if (i == 0 || value != last) {
            values[axis->value_count++] = quantity_text(parse, axis, value);
        }
        last = value;
    }
    axis->values = values;
}

#define MAX_AXIS_VALUES UINT64_C(1000000)

static void fill_step(struct parse *parse, struct scenario_axis *axis, uint64_t step)
{
    const char **values;
    uint64_t count;

    if (step == 0 || (axis->high - axis->low) / step >= MAX_AXIS_VALUES) {
        parse_error_at(parse, &axis->place, "E1801 `step` of axis `%.100s` is too small", axis->key);
        return;
    }
    count = (axis->high - axis->low) / step + 1;
    values = scenario_arena_take(parse->arena, (size_t)count, sizeof(*values));
    for (uint64_t i = 0; i < count; i++) {
        values[axis->value_count++] = quantity_text(parse, axis, axis->low + i * step);
    }
    axis->values = values;
}

/* An axis with `from` and `to`. */
static void resolve_range(struct parse *parse, const struct scenario_sweep *sweep, struct scenario_axis *axis)
{
    const char *texts[] = {axis->from, axis->to, axis->step};
    bool sampled = sweep->combine == SCENARIO_COMBINE_RANDOM || sweep->combine == SCENARIO_COMBINE_LATIN_HYPERCUBE;
    enum units_kind unit;
    uint64_t numbers[3];

    if (!find_unit(texts, axis->step == NULL ? 2 : 3, &unit, numbers)) {
        diagnostic_set_hint(
            parse_error_at(parse, &axis->place,
                           "E1801 `from`, `to` and `step` of axis `%.100s` are not quantities of one kind", axis->key),
            "for example from: 100 kHz, to: 1 MHz, steps: 10");
        return;
    }
    axis->unit = unit;
    axis->low = numbers[0];
    axis->high = numbers[1];
    if (axis->low > axis->high) {
        parse_error_at(parse, &axis->place, "E1801 `from` of axis `%.100s` is beyond its `to`", axis->key);
    } else if (axis->scale == SCENARIO_SCALE_LOG && axis->low == 0) {
        parse_error_at(parse, &axis->place, "E1801 axis `%.100s` cannot be logarithmic: it begins at 0", axis->key);
    } else if (axis->steps != 0 && axis->step != NULL) {
        parse_error_at(parse, &axis->place, "E1801 axis `%.100s` has both `steps` and `step`", axis->key);
    } else if (axis->steps != 0) {
        fill_steps(parse, axis);
    } else if (axis->step != NULL) {
        fill_step(parse, axis, numbers[2]);
    } else if (!sampled) {
        diagnostic_set_hint(parse_error_at(parse, &axis->place,
                                           "E1801 axis `%.100s` does not say which values of its range", axis->key),
                            "write steps: N or step: X");
    }
}

static void resolve_axis(struct parse *parse, const struct scenario_sweep *sweep, struct scenario_axis *axis)
{
    bool ranged = axis->from != NULL || axis->to != NULL || axis->step != NULL || axis->steps != 0;

    if (axis->key == NULL) {
        return; /* told already: it is required */
    }
    if (strchr(axis->key, '=') != NULL || strcmp(axis->key, "seed") == 0 || strncmp(axis->key, "sweep", 5) == 0) {
        diagnostic_set_hint(parse_error_at(parse, &axis->place, "E1801 `%.100s` cannot be an axis", axis->key),
                            "for other seeds, write replications: N");
    } else if (axis->values != NULL && ranged) {
        parse_error_at(parse, &axis->place, "E1801 axis `%.100s` has both `values` and a range", axis->key);
    } else if (axis->values == NULL && (axis->from == NULL || axis->to == NULL)) {
        diagnostic_set_hint(parse_error_at(parse, &axis->place, "E1801 axis `%.100s` has no values", axis->key),
                            "write values: [...], or from: X, to: Y, steps: N");
    } else if (ranged) {
        resolve_range(parse, sweep, axis);
    }
}

void parse_resolve_sweep(struct parse *parse)
{
    struct scenario_sweep *sweep = parse->scenario->sweep;
    bool zipped;

    if (sweep == NULL) {
        return;
    }
    zipped = sweep->combine == SCENARIO_COMBINE_ZIP;
    for (size_t i = 0; i < sweep->axis_count; i++) {
        struct scenario_axis *axis = &sweep->axes[i];

        resolve_axis(parse, sweep, axis);
        for (size_t j = 0; j < i; j++) {
            if (axis->key != NULL && sweep->axes[j].key != NULL && strcmp(axis->key, sweep->axes[j].key) == 0) {
                parse_error_at(parse, &axis->place, "E1801 a second axis for `%.100s`", axis->key);
            }
        }
        if (zipped && axis->value_count != 0 && axis->value_count != sweep->axes[0].value_count) {
            parse_error_at(parse, &axis->place,
                           "E1801 zipped axes have as many values each: this one has %zu, the first %zu",
                           axis->value_count, sweep->axes[0].value_count);
        }
    }
    if (sweep->axis_count == 0 && parse_is_given(&scenario_table_sweep, sweep, "axes")) {
        parse_error_at(parse, &sweep->place, "E1801 a sweep needs at least one axis");
    }
}

#include "scenario/show.h"

#include "scenario/schema/keys.h"

#include <inttypes.h>
#include <string.h>

static const void *field_of(const void *structure, size_t offset)
{
    return (const char *)structure + offset;
}

static const void *pointer_at(const void *structure, size_t offset)
{
    const void *pointer;

    memcpy(&pointer, field_of(structure, offset), sizeof(pointer));
    return pointer;
}

static size_t count_at(const void *structure, size_t offset)
{
    size_t count;

    memcpy(&count, field_of(structure, offset), sizeof(count));
    return count;
}

static uint64_t given_bits(const struct scenario_table *table, const void *structure)
{
    uint64_t given;

    memcpy(&given, field_of(structure, table->given_offset), sizeof(given));
    return given;
}

static void show_table(FILE *stream, const struct scenario_table *table, const void *structure, int depth);

static void indent(FILE *stream, int depth)
{
    fprintf(stream, "%*s", 2 * depth, "");
}

/* What a rounded value became. */
static void show_rounding(FILE *stream, sim_time period, uint64_t amount, uint64_t rate)
{
    uint64_t exact = rate == 0 ? 0 : amount % rate;

    if (exact != 0) {
        fprintf(stream, ", rounded to a period of %" PRIu64 " fs", period);
    }
}

static void show_comment(FILE *stream, const struct scenario_table *table, const struct scenario_key *key,
                         const void *structure, bool given)
{
    const struct scenario_preset *preset = scenario_table_find_preset(table, key, structure);
    const char *why = key->automatic != NULL ? key->automatic : key->source;
    char text[200] = "";
    FILE *note = fmemopen(text, sizeof(text), "w");

    if (note != NULL) {
        if (!given && preset != NULL) {
            fprintf(note, ", of the preset (%s)", preset->source);
        } else if (!given) {
            fprintf(note, ", default%s%s%s", why == NULL ? "" : " (", why == NULL ? "" : why, why == NULL ? "" : ")");
        }
        if (key->type == &scenario_type_clock) {
            const struct scenario_clock *clock = field_of(structure, key->offset);

            show_rounding(note, clock->period, SIM_S, clock->frequency);
        } else if (table == &scenario_table_msi && strcmp(key->name, "rate") == 0) {
            const struct scenario_msi_traffic *msi = structure;

            show_rounding(note, msi->period, SIM_S, msi->rate);
        } else if ((table == &scenario_table_dma_write || table == &scenario_table_dma_read) &&
                   strcmp(key->name, "rate") == 0) {
            const struct scenario_dma_traffic *dma = structure;

            show_rounding(note, dma->period, dma->rate == 0 ? 0 : units_scale(dma->size, SIM_S, 1), dma->rate);
        }
        fclose(note);
    }
    if (text[0] != '\0') {
        fprintf(stream, "  # %s", text + 2);
    }
}

static void show_value(FILE *stream, const struct scenario_table *table, const struct scenario_key *key,
                       const void *structure, int depth, bool given)
{
    if (key->type == &scenario_type_expectations && ((const struct scenario *)structure)->expectation_count == 0) {
        return;
    }
    indent(stream, depth);
    fprintf(stream, "%s:%s", key->name, key->type == &scenario_type_expectations ? "" : " ");
    key->type->print(stream, key, field_of(structure, key->offset));
    show_comment(stream, table, key, structure, given);
    fputc('\n', stream);
}

static void show_bdf(FILE *stream, struct scenario_bdf bdf)
{
    fprintf(stream, "  # at %02x:%02x.%x, requester ID 0x%04x", bdf.bus, bdf.device, bdf.function, scenario_rid(bdf));
}

/* What enumeration will call a component. */
static void show_place(FILE *stream, const struct scenario_table *table, const void *element)
{
    if (table == &scenario_table_device) {
        show_bdf(stream, ((const struct scenario_device *)element)->bdf);
    } else if (table == &scenario_table_root_port) {
        show_bdf(stream, ((const struct scenario_root_port *)element)->port.bdf);
    }
}

static const char *name_of(const struct scenario_table *table, const void *element)
{
    return pointer_at(element, table->name_offset);
}

static void show_named(FILE *stream, const struct scenario_key *key, const void *structure, int depth, bool given)
{
    const struct scenario_table *table = key->table;
    const char *array = pointer_at(structure, key->offset);
    size_t count = count_at(structure, key->count_offset);

    indent(stream, depth);
    if (count == 0) {
        fprintf(stream, "%s: {}%s\n", key->name, given ? "" : "  # default");
        return;
    }
    fprintf(stream, "%s:\n", key->name);
    for (size_t i = 0; i < count; i++) {
        const void *element = array + i * table->size;

        indent(stream, depth + 1);
        fprintf(stream, "%s:", name_of(table, element));
        show_place(stream, table, element);
        fputs(given ? "\n" : "  # default\n", stream);
        show_table(stream, table, element, depth + 2);
    }
}

/* Streams: a list below each name. The one key of an item stands behind the dash. */
static void show_stream(FILE *stream, const struct scenario_table *table, const void *element, int depth)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct scenario_key *key = &table->keys[i];
        const void *part = pointer_at(element, key->offset);

        if (part != NULL) {
            indent(stream, depth);
            fprintf(stream, "- %s:\n", key->name);
            show_table(stream, key->table, part, depth + 2);
        }
    }
}

static void show_named_list(FILE *stream, const struct scenario_key *key, const void *structure, int depth)
{
    const struct scenario_table *table = key->table;
    const struct scenario_key *list = &table->keys[0];
    const char *array = pointer_at(structure, key->offset);
    size_t count = count_at(structure, key->count_offset);

    indent(stream, depth);
    fprintf(stream, "%s:%s\n", key->name, count == 0 ? " {}" : "");
    for (size_t i = 0; i < count; i++) {
        const void *element = array + i * table->size;
        const char *items = pointer_at(element, list->offset);
        size_t item_count = count_at(element, list->count_offset);

        indent(stream, depth + 1);
        fprintf(stream, "%s:%s\n", name_of(table, element), item_count == 0 ? " []" : "");
        for (size_t j = 0; j < item_count; j++) {
            show_stream(stream, list->table, items + j * list->table->size, depth + 2);
        }
    }
}

/* Items that are maps of several keys, each below a dash of its own. */
static void show_list(FILE *stream, const struct scenario_key *key, const void *structure, int depth, bool given)
{
    const char *array = pointer_at(structure, key->offset);
    size_t count = count_at(structure, key->count_offset);

    indent(stream, depth);
    fprintf(stream, "%s:%s%s\n", key->name, count == 0 ? " []" : "", count == 0 && !given ? "  # default" : "");
    for (size_t i = 0; i < count; i++) {
        indent(stream, depth + 1);
        fputs("-\n", stream);
        show_table(stream, key->table, array + i * key->table->size, depth + 2);
    }
}

static void show_key(FILE *stream, const struct scenario_table *table, const struct scenario_key *key,
                     const void *structure, int depth, bool given)
{
    switch (key->kind) {
    case KEY_VALUE:
        show_value(stream, table, key, structure, depth, given);
        break;
    case KEY_TABLE:
        indent(stream, depth);
        fprintf(stream, "%s:\n", key->name);
        show_table(stream, key->table, field_of(structure, key->offset), depth + 1);
        break;
    case KEY_OPTIONAL:
        if (pointer_at(structure, key->offset) != NULL) {
            indent(stream, depth);
            fprintf(stream, "%s:\n", key->name);
            show_table(stream, key->table, pointer_at(structure, key->offset), depth + 1);
        }
        break;
    case KEY_NAMED:
        show_named(stream, key, structure, depth, given);
        break;
    case KEY_NAMED_LIST:
        show_named_list(stream, key, structure, depth);
        break;
    case KEY_LIST:
        show_list(stream, key, structure, depth, given);
        break;
    case KEY_FILE:
    case KEY_FUTURE:
        break;
    }
}

static void show_table(FILE *stream, const struct scenario_table *table, const void *structure, int depth)
{
    uint64_t given = given_bits(table, structure);

    for (size_t i = 0; i < table->count; i++) {
        const struct scenario_key *key = &table->keys[i];
        bool (*shown)(const void *) = key->shown != NULL ? key->shown : key->applies;

        if (shown == NULL || shown(structure)) {
            show_key(stream, table, key, structure, depth, (given >> i & 1) != 0);
        }
    }
}

void scenario_show(FILE *stream, const struct scenario *scenario)
{
    show_table(stream, &scenario_table_root, scenario, 0);
}

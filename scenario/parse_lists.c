/* The types of values that are lists: ACS bits, BARs, requester ID maps, vectors. */
#include "scenario/parse_context.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------- ACS */

static const char *const acs_names[] = {"SV", "TB", "RR", "CR", "UF", "EC", "DT"};

#define ACS_NAMES (sizeof(acs_names) / sizeof(acs_names[0]))

static bool acs_add_bit(struct parse *parse, const struct tree_node *node, uint16_t *bits)
{
    const char *nearest;
    struct diagnostic *entry;

    if (!parse_expect_kind(parse, node, TREE_SCALAR, "acs")) {
        return false;
    }
    for (size_t i = 0; i < ACS_NAMES; i++) {
        if (strcmp(acs_names[i], node->text) == 0) {
            *bits = (uint16_t)(*bits | 1u << i);
            return true;
        }
    }
    entry = parse_error(parse, &node->mark, "E1408 `%.20s` is no ACS control", node->text);
    nearest = parse_nearest(node->text, acs_names, ACS_NAMES);
    diagnostic_set_hint(entry, "%s%s%spossible: SV, TB, RR, CR, UF, EC, DT", nearest == NULL ? "" : "did you mean `",
                        nearest == NULL ? "" : nearest, nearest == NULL ? "" : "`? ");
    return false;
}

/* none, full, or a list. *present is false only for none. */
static bool acs_parse_bits(struct parse *parse, const struct tree_node *node, bool *present, uint16_t *bits)
{
    bool good = true;

    *bits = 0;
    *present = true;
    if (node->kind == TREE_SCALAR && strcmp(node->text, "none") == 0) {
        *present = false;
        return true;
    }
    if (node->kind == TREE_SCALAR && strcmp(node->text, "full") == 0) {
        *bits = SCENARIO_ACS_FULL;
        return true;
    }
    if (node->kind != TREE_LIST) {
        diagnostic_set_hint(
            parse_error(parse, node->kind == TREE_SCALAR && node->text[0] == '\0' ? &node->key_mark : &node->mark,
                        "E1408 ACS is `none`, `full` or a list of controls"),
            "for example [SV, RR, CR, UF]; [] is a capability without any control");
        return false;
    }
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        good = acs_add_bit(parse, child, bits) && good;
    }
    return good;
}

/* {cap: ..., ctrl: ...}: what the capability has, and what firmware left on. */
static bool acs_parse_map(struct parse *parse, const struct tree_node *node, struct scenario_acs *acs)
{
    const struct tree_node *control = NULL;
    bool good = true;
    bool ignored;

    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        if (strcmp(child->key, "cap") == 0) {
            good = acs_parse_bits(parse, child, &acs->present, &acs->capability) && good;
        } else if (strcmp(child->key, "ctrl") == 0) {
            control = child;
            good = acs_parse_bits(parse, child, &ignored, &acs->control) && good;
        } else {
            diagnostic_set_hint(parse_error(parse, &child->key_mark, "E1101 unknown key `%.60s` in `acs`", child->key),
                                "known here: cap, ctrl");
            good = false;
        }
    }
    if (tree_find(node, "cap") == NULL) {
        parse_error(parse, &node->mark, "E1102 `cap` is missing in `acs`");
        return false;
    }
    if (good && (acs->control & ~acs->capability) != 0) {
        parse_error(parse, &control->mark, "E1408 `ctrl` turns on controls that `cap` does not have");
        return false;
    }
    return good;
}

static bool acs_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    struct scenario_acs acs = {0};
    bool good;

    (void)key;
    good = node->kind == TREE_MAP ? acs_parse_map(parse, node, &acs)
                                  : acs_parse_bits(parse, node, &acs.present, &acs.capability);
    if (good) {
        memcpy(field, &acs, sizeof(acs));
    }
    return good;
}

static void acs_print_bits(FILE *stream, uint16_t bits)
{
    const char *separator = "";

    if (bits == SCENARIO_ACS_FULL) {
        fputs("full", stream);
        return;
    }
    fputc('[', stream);
    for (size_t i = 0; i < ACS_NAMES; i++) {
        if ((bits >> i & 1) != 0) {
            fprintf(stream, "%s%s", separator, acs_names[i]);
            separator = ", ";
        }
    }
    fputc(']', stream);
}

static void acs_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_acs *acs = field;

    (void)key;
    if (!acs->present) {
        fputs("none", stream);
        return;
    }
    if (acs->control == 0) {
        acs_print_bits(stream, acs->capability);
        return;
    }
    fputs("{cap: ", stream);
    acs_print_bits(stream, acs->capability);
    fputs(", ctrl: ", stream);
    acs_print_bits(stream, acs->control);
    fputc('}', stream);
}

#define ACS_BITS_SCHEMA                                                                                                \
    "{\"enum\": [\"none\", \"full\"]}, {\"type\": \"array\", \"items\": "                                              \
    "{\"enum\": [\"SV\", \"TB\", \"RR\", \"CR\", \"UF\", \"EC\", \"DT\"]}}"

const struct scenario_value_type scenario_type_acs = {
    .name = "`none`, `full`, list of SV, TB, RR, CR, UF, EC, DT, or `{cap: ..., ctrl: ...}`",
    .parse = acs_parse,
    .print = acs_print,
    .schema = "{\"anyOf\": [" ACS_BITS_SCHEMA
              ", {\"type\": \"object\", \"properties\": {\"cap\": {\"anyOf\": [" ACS_BITS_SCHEMA
              "]}, \"ctrl\": {\"anyOf\": [" ACS_BITS_SCHEMA
              "]}}, \"required\": [\"cap\"], \"additionalProperties\": false}]}"};

/* ---------------------------------------------------------------------------------------------------- BARs */

#define BAR_MINIMUM ((uint64_t)4096)
#define BAR_MAXIMUM ((uint64_t)1 << 30)

static bool bar_parse(struct parse *parse, const struct tree_node *node, uint64_t *size)
{
    if (!parse_quantity(parse, UNITS_SIZE, node, "bars", size)) {
        return false;
    }
    if (*size < BAR_MINIMUM || *size > BAR_MAXIMUM || (*size & (*size - 1)) != 0) {
        diagnostic_set_hint(parse_error(parse, &node->mark, "E1409 `%.40s` cannot be the size of a BAR", node->text),
                            "a power of two from 4 KiB to 1 GiB");
        return false;
    }
    return true;
}

static bool bars_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    struct scenario_bars *bars = field;
    const size_t limit = sizeof(bars->sizes) / sizeof(bars->sizes[0]);
    bool good = true;

    (void)key;
    bars->count = 0;
    if (node->kind == TREE_SCALAR) {
        bars->count = bar_parse(parse, node, &bars->sizes[0]) ? 1 : 0;
        return bars->count == 1;
    }
    if (!parse_expect_kind(parse, node, TREE_LIST, "bars")) {
        return false;
    }
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        if (bars->count == limit) {
            parse_error(parse, &child->mark, "E1409 a function has at most %zu BARs", limit);
            return false;
        }
        good = bar_parse(parse, child, &bars->sizes[bars->count]) && good;
        bars->count++;
    }
    return good;
}

static void bars_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_bars *bars = field;

    (void)key;
    fputc('[', stream);
    for (size_t i = 0; i < bars->count; i++) {
        char text[32];

        units_format(UNITS_SIZE, bars->sizes[i], text, sizeof(text));
        fprintf(stream, "%s%s", i == 0 ? "" : ", ", text);
    }
    fputc(']', stream);
}

#define SIZE_SCHEMA                                                                                                    \
    "{\"type\": \"string\", \"pattern\": \"^[0-9][0-9_]*(\\\\.[0-9][0-9_]*)? *(B|[KMGT]iB|kB|[MGT]B)$\"}"

const struct scenario_value_type scenario_type_bars = {
    .name = "list of sizes",
    .parse = bars_parse,
    .print = bars_print,
    .schema = "{\"anyOf\": [" SIZE_SCHEMA ", {\"type\": \"array\", \"maxItems\": 6, \"items\": " SIZE_SCHEMA "}]}"};

/* ---------------------------------------------------------------------------------------- channels, weights */

static bool channels_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                           void *field)
{
    struct scenario_channel_list *list = field;
    const uint64_t most = strtoull(key->maximum, NULL, 10);

    list->count = 0;
    if (!parse_expect_kind(parse, node, TREE_LIST, key->name)) {
        return false;
    }
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        uint64_t value;

        if (list->count == sizeof(list->values)) {
            parse_error(parse, &child->mark, "E1112 `%s` has at most %zu numbers", key->name, sizeof(list->values));
            return false;
        }
        if (!parse_quantity(parse, UNITS_NUMBER, child, key->name, &value)) {
            return false;
        }
        if (value > most) {
            diagnostic_set_hint(
                parse_error(parse, &child->mark, "E1107 `%.40s` is too large for `%s`", child->text, key->name),
                "allowed: up to %" PRIu64, most);
            return false;
        }
        list->values[list->count++] = (uint8_t)value;
    }
    return true;
}

static void channels_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_channel_list *list = field;

    (void)key;
    fputc('[', stream);
    for (size_t i = 0; i < list->count; i++) {
        fprintf(stream, "%s%u", i == 0 ? "" : ", ", list->values[i]);
    }
    fputc(']', stream);
}

const struct scenario_value_type scenario_type_channels = {
    .name = "list of numbers",
    .parse = channels_parse,
    .print = channels_print,
    .schema = "{\"type\": \"array\", \"maxItems\": 8, \"items\": {\"type\": \"integer\", \"minimum\": 0}}"};

/* ---------------------------------------------------------------------------------------------------- maps */

static bool map_parse_number(struct parse *parse, const struct tree_node *node, const char *what, uint64_t maximum,
                             uint32_t *number)
{
    uint64_t value;

    if (!parse_quantity(parse, UNITS_NUMBER, node, what, &value)) {
        return false;
    }
    if (value > maximum) {
        diagnostic_set_hint(parse_error(parse, &node->mark, "E1107 %s `%.40s` is too large", what, node->text),
                            "allowed: up to 0x%" PRIx64, maximum);
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

static bool map_parse_entry(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                            struct scenario_map_entry *entry)
{
    const struct tree_node *item = node->first;
    bool good;

    entry->place = parse_place(&node->mark);
    if (node->kind != TREE_LIST || node->count != 4) {
        diagnostic_set_hint(parse_error(parse, &node->mark, "E1415 an entry of `%s` is a list of four", key->name),
                            "[RID base, %s, length], for example [0x0300, %s, 0x0300, 0x100]",
                            key->name[0] == 'i' ? "SMMU, StreamID base" : "ITS, DeviceID base",
                            key->name[0] == 'i' ? "smmu0" : "its0");
        return false;
    }
    good = map_parse_number(parse, item, "RID base", 0xffff, &entry->rid_base);
    item = item->next;
    entry->target_name = parse_name(parse, item, key->name[0] == 'i' ? "SMMU" : "ITS");
    entry->target_place = parse_place(&item->mark);
    item = item->next;
    good = map_parse_number(parse, item, key->name[0] == 'i' ? "StreamID base" : "DeviceID base", UINT32_MAX,
                            &entry->output_base) &&
           good;
    item = item->next;
    good = map_parse_number(parse, item, "length", 0x10000, &entry->length) && good;
    if (good && entry->length == 0) {
        parse_error(parse, &item->mark, "E1415 an entry of length 0 covers nothing");
        return false;
    }
    if (good && entry->rid_base + entry->length > 0x10000) {
        diagnostic_set_hint(
            parse_error(parse, &node->mark, "E1415 the entry goes beyond the last requester ID, 0xffff"),
            "at most 0x%x requester IDs follow from 0x%04x on", 0x10000 - entry->rid_base, entry->rid_base);
        return false;
    }
    if (good && entry->output_base + (entry->length - 1) < entry->output_base) {
        parse_error(parse, &node->mark, "E1415 the entry's last output goes beyond 32 bits");
        return false;
    }
    return good && entry->target_name != NULL;
}

static bool map_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    struct scenario_map *map = field;
    struct scenario_map_entry *entries;
    size_t count = 0;

    if (!parse_expect_kind(parse, node, TREE_LIST, key->name)) {
        return false;
    }
    entries = scenario_arena_take(parse->arena, node->count, sizeof(*entries));
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        if (map_parse_entry(parse, key, child, &entries[count])) {
            count++;
        } else {
            /* The others are kept: their names are worth a look. */
            memset(&entries[count], 0, sizeof(entries[count]));
            parse->identifiable = false;
        }
    }
    map->entries = entries;
    map->count = count;
    return true;
}

static void map_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_map *map = field;

    (void)key;
    fputc('[', stream);
    for (size_t i = 0; i < map->count; i++) {
        const struct scenario_map_entry *entry = &map->entries[i];

        fprintf(stream, "%s[0x%04x, %s, 0x%04x, 0x%x]", i == 0 ? "" : ", ", entry->rid_base, entry->target_name,
                entry->output_base, entry->length);
    }
    fputc(']', stream);
}

#define NUMBER_SCHEMA                                                                                                  \
    "{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 0}, {\"type\": \"string\", \"pattern\": "                       \
    "\"^(0[xX][0-9a-fA-F][0-9a-fA-F_]*|[0-9][0-9_]*)$\"}]}"
#define NAME_SCHEMA "{\"type\": \"string\", \"pattern\": \"^[A-Za-z][A-Za-z0-9_-]*$\"}"

const struct scenario_value_type scenario_type_map = {
    .name = "list of tuples",
    .parse = map_parse,
    .print = map_print,
    .schema = "{\"type\": \"array\", \"items\": {\"type\": \"array\", \"minItems\": 4, \"maxItems\": 4, "
              "\"prefixItems\": [" NUMBER_SCHEMA ", " NAME_SCHEMA ", " NUMBER_SCHEMA ", " NUMBER_SCHEMA "]}}"};

/* ---------------------------------------------------------------------------------------------------- vectors */

static bool vectors_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                          void *field)
{
    struct scenario_msi_traffic *msi = field;
    uint32_t *vectors;
    bool good = true;
    size_t count = 0;

    (void)key;
    msi->all_vectors = node->kind == TREE_SCALAR && strcmp(node->text, "all") == 0;
    if (msi->all_vectors) {
        return true;
    }
    if (node->kind == TREE_MAP || (node->kind == TREE_LIST && node->count == 0)) {
        diagnostic_set_hint(parse_error(parse, &node->mark, "E1501 `vectors` names no vector"),
                            "write `all` or [0, 1]");
        return false;
    }
    msi->vectors_place = parse_place(&node->mark);
    msi->vector_count = node->kind == TREE_LIST ? node->count : 1;
    vectors = scenario_arena_take(parse->arena, msi->vector_count, sizeof(*vectors));
    msi->vectors = vectors;
    if (node->kind == TREE_SCALAR) {
        good = map_parse_number(parse, node, "vectors", 2047, &vectors[0]);
    }
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        good = map_parse_number(parse, child, "vectors", 2047, &vectors[count++]) && good;
    }
    return good;
}

static void vectors_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_msi_traffic *msi = field;

    (void)key;
    if (msi->all_vectors) {
        fputs("all", stream);
        return;
    }
    fputc('[', stream);
    for (size_t i = 0; i < msi->vector_count; i++) {
        fprintf(stream, "%s%" PRIu32, i == 0 ? "" : ", ", msi->vectors[i]);
    }
    fputc(']', stream);
}

const struct scenario_value_type scenario_type_vectors = {
    .name = "`all` or list of numbers",
    .parse = vectors_parse,
    .print = vectors_print,
    .schema = "{\"anyOf\": [{\"const\": \"all\"}, " NUMBER_SCHEMA
              ", {\"type\": \"array\", \"minItems\": 1, \"items\": " NUMBER_SCHEMA "}]}"};

/* ---------------------------------------------------------------------------------------------------- numbers */

static bool numbers_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                          void *field)
{
    struct scenario_numbers *numbers = field;
    const uint64_t most = strtoull(key->maximum, NULL, 10);
    uint32_t *values;

    if (!parse_expect_kind(parse, node, TREE_LIST, key->name)) {
        return false;
    }
    values = scenario_arena_take(parse->arena, node->count + 1, sizeof(*values));
    numbers->values = values;
    numbers->count = 0;
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        uint64_t value;

        if (!parse_quantity(parse, UNITS_NUMBER, child, key->name, &value)) {
            return false;
        }
        if (value > most) {
            diagnostic_set_hint(
                parse_error(parse, &child->mark, "E1107 `%.40s` is too large for `%s`", child->text, key->name),
                "allowed: up to %" PRIu64, most);
            return false;
        }
        values[numbers->count++] = (uint32_t)value;
    }
    return true;
}

static void numbers_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_numbers *numbers = field;

    (void)key;
    fputc('[', stream);
    for (size_t i = 0; i < numbers->count; i++) {
        fprintf(stream, "%s%" PRIu32, i == 0 ? "" : ", ", numbers->values[i]);
    }
    fputc(']', stream);
}

const struct scenario_value_type scenario_type_numbers = {.name = "list of numbers",
                                                          .parse = numbers_parse,
                                                          .print = numbers_print,
                                                          .schema =
                                                              "{\"type\": \"array\", \"items\": " NUMBER_SCHEMA "}"};

/*
 * The types of single values: numbers, quantities, names, choices. Lists and the like: parse_lists.c, parse_expect.c.
 */
#include "scenario/parse_context.h"

#include <inttypes.h>
#include <string.h>

static void store(const struct scenario_key *key, uint64_t value, void *field)
{
    if (key->size == sizeof(uint32_t)) {
        uint32_t small = (uint32_t)value;

        memcpy(field, &small, sizeof(small));
        return;
    }
    memcpy(field, &value, sizeof(value));
}

static uint64_t load(const struct scenario_key *key, const void *field)
{
    uint64_t value;
    uint32_t small;

    if (key->size == sizeof(uint32_t)) {
        memcpy(&small, field, sizeof(small));
        return small;
    }
    memcpy(&value, field, sizeof(value));
    return value;
}

static bool quantity_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                           void *field)
{
    uint64_t value;

    if (!parse_key_quantity(parse, key, key->type->units, node, &value)) {
        return false;
    }
    store(key, value, field);
    return true;
}

static void quantity_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    char text[32];

    units_format(key->type->units, load(key, field), text, sizeof(text));
    fputs(text, stream);
}

static bool warmup_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    if (node->kind == TREE_SCALAR && strcmp(node->text, "auto") == 0) {
        store(key, SCENARIO_WARMUP_AUTO, field);
        return true;
    }
    return quantity_parse(parse, key, node, field);
}

static void warmup_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    if (load(key, field) == SCENARIO_WARMUP_AUTO) {
        fputs("auto", stream);
        return;
    }
    quantity_print(stream, key, field);
}

static void hexadecimal_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    uint64_t value = load(key, field);
    unsigned groups = 1;

    while (groups < 4 && value >> (16 * groups) != 0) {
        groups++;
    }
    fprintf(stream, "0x%04" PRIx64, value >> (16 * (groups - 1)));
    for (unsigned group = groups - 1; group > 0; group--) {
        fprintf(stream, "_%04" PRIx64, value >> (16 * (group - 1)) & 0xffff);
    }
}

static bool clock_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    struct scenario_clock *clock = field;
    uint64_t frequency;

    if (!parse_key_quantity(parse, key, UNITS_FREQUENCY, node, &frequency)) {
        return false;
    }
    clock->frequency = frequency;
    clock->period = units_period(frequency);
    return true;
}

static void clock_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_clock *clock = field;
    char text[32];

    (void)key;
    units_format(UNITS_FREQUENCY, clock->frequency, text, sizeof(text));
    fputs(text, stream);
}

static bool text_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    if (!parse_expect_kind(parse, node, TREE_SCALAR, key->name)) {
        return false;
    }
    memcpy(field, &node->text, sizeof(node->text));
    return true;
}

static void text_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const char *text;

    (void)key;
    memcpy(&text, field, sizeof(text));
    fputc('"', stream);
    for (; text != NULL && *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\') {
            fprintf(stream, "\\%c", byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            fprintf(stream, "\\x%02x", byte);
        } else {
            fputc(byte, stream);
        }
    }
    fputc('"', stream);
}

static bool choice_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    struct diagnostic *entry;
    const char *nearest;
    char list[600];
    size_t count = 0;
    size_t used = 0;

    if (!parse_expect_kind(parse, node, TREE_SCALAR, key->name)) {
        return false;
    }
    list[0] = '\0';
    for (; key->choices[count] != NULL; count++) {
        if (strcmp(key->choices[count], node->text) == 0) {
            store(key, count, field);
            return true;
        }
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", count == 0 ? "" : ", ", key->choices[count]);
        used = used < sizeof(list) ? used : sizeof(list) - 1;
    }
    entry = parse_error(parse, node->text[0] == '\0' ? &node->key_mark : &node->mark,
                        "E1109 `%s: %.40s` is none of the possible values", key->name, node->text);
    nearest = parse_nearest(node->text, key->choices, count);
    if (nearest != NULL) {
        diagnostic_set_hint(entry, "did you mean `%s`? Possible: %s", nearest, list);
    } else {
        diagnostic_set_hint(entry, "possible: %s", list);
    }
    return false;
}

static void choice_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    fputs(key->choices[load(key, field)], stream);
}

static bool boolean_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                          void *field)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};

    if (!parse_expect_kind(parse, node, TREE_SCALAR, key->name)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], node->text) == 0) {
            bool value = i % 2 == 1;

            memcpy(field, &value, sizeof(value));
            return true;
        }
    }
    diagnostic_set_hint(parse_error(parse, node->text[0] == '\0' ? &node->key_mark : &node->mark,
                                    "E1109 `%s: %.40s` is neither yes nor no", key->name, node->text),
                        "write yes or no");
    return false;
}

static void boolean_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    bool value;

    (void)key;
    memcpy(&value, field, sizeof(value));
    fputs(value ? "yes" : "no", stream);
}

/* A reference: only its form is checked here; parse_resolve.c looks it up. "none" is NULL. */
static bool name_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    struct scenario_reference *reference = field;
    const char *name = parse_name(parse, node, key->name);

    if (name == NULL) {
        return false;
    }
    reference->name = strcmp(name, "none") == 0 ? NULL : name;
    reference->place = parse_place(&node->mark);
    return true;
}

/* Of a function: the name of its component may be followed by `/1`, `/vf1` or `/1/vf1`, which is looked up later. */
static bool function_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                           void *field)
{
    struct scenario_reference *reference = field;
    const char *slash;

    if (!parse_expect_kind(parse, node, TREE_SCALAR, key->name)) {
        return false;
    }
    slash = strchr(node->text, '/');
    if (slash == NULL) {
        return name_parse(parse, key, node, field);
    }
    if (!parse_is_name(scenario_arena_copy(parse->arena, node->text, (size_t)(slash - node->text)))) {
        diagnostic_set_hint(
            parse_error(parse, &node->mark, "E1201 `%.40s` cannot be the name of a function", node->text),
            "a component's name is a letter, then letters, digits, - and _; then / and a number, or /vf and one");
        return false;
    }
    reference->name = node->text;
    reference->place = parse_place(&node->mark);
    return true;
}

static void name_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_reference *reference = field;

    (void)key;
    fputs(reference->name == NULL ? "none" : reference->name, stream);
}

#define QUANTITY(label, kind)                                                                                          \
    {                                                                                                                  \
        .name = (label), .units = (kind), .parse = quantity_parse, .print = quantity_print                             \
    }

const struct scenario_value_type scenario_type_number = QUANTITY("number", UNITS_NUMBER);
const struct scenario_value_type scenario_type_time = QUANTITY("time", UNITS_TIME);
const struct scenario_value_type scenario_type_warmup = {
    .name = "time or `auto`",
    .units = UNITS_TIME,
    .parse = warmup_parse,
    .print = warmup_print,
    .schema = "{\"type\": \"string\", \"pattern\": "
              "\"^(auto|[0-9][0-9_]*(\\\\.[0-9][0-9_]*)? *(fs|ps|ns|us|\xc2\xb5s|\xce\xbcs|ms|s))$\"}"};
const struct scenario_value_type scenario_type_share = QUANTITY("share", UNITS_SHARE);
const struct scenario_value_type scenario_type_cycles = QUANTITY("cycles", UNITS_CYCLES);
const struct scenario_value_type scenario_type_frequency = QUANTITY("rate", UNITS_FREQUENCY);
const struct scenario_value_type scenario_type_size = QUANTITY("size", UNITS_SIZE);
const struct scenario_value_type scenario_type_bandwidth = QUANTITY("bandwidth", UNITS_BANDWIDTH);
const struct scenario_value_type scenario_type_transfer = QUANTITY("transfer rate", UNITS_TRANSFER);
const struct scenario_value_type scenario_type_hexadecimal = {
    .name = "number", .units = UNITS_NUMBER, .parse = quantity_parse, .print = hexadecimal_print};
const struct scenario_value_type scenario_type_clock = {
    .name = "frequency", .units = UNITS_FREQUENCY, .parse = clock_parse, .print = clock_print};
const struct scenario_value_type scenario_type_text = {
    .name = "text", .parse = text_parse, .print = text_print, .schema = "{\"type\": [\"string\", \"number\"]}"};
const struct scenario_value_type scenario_type_choice = {
    .name = "choice", .parse = choice_parse, .print = choice_print};
const struct scenario_value_type scenario_type_boolean = {
    .name = "yes or no",
    .parse = boolean_parse,
    .print = boolean_print,
    .schema = "{\"enum\": [true, false, \"yes\", \"no\", \"on\", \"off\"]}"};
const struct scenario_value_type scenario_type_name = {
    .name = "name",
    .parse = name_parse,
    .print = name_print,
    .schema = "{\"type\": \"string\", \"pattern\": \"^[A-Za-z][A-Za-z0-9_-]*$\"}"};
const struct scenario_value_type scenario_type_function = {
    .name = "function",
    .parse = function_parse,
    .print = name_print,
    .schema = "{\"type\": \"string\", \"pattern\": \"^[A-Za-z][A-Za-z0-9_-]*(/[1-7])?(/vf[1-9][0-9]*)?$\"}"};

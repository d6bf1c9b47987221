#include "scenario/schema/json_schema.h"

#include "scenario/schema/keys.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *reference_to(json_t *definitions, const struct scenario_table *table);

static json_t *parse_fragment(const char *text)
{
    json_error_t error;
    json_t *fragment = json_loads(text, 0, &error);

    if (fragment == NULL) {
        fprintf(stderr, "doorbell: broken schema fragment: %s: %s\n", error.text, text);
        abort();
    }
    return fragment;
}

/* Bare numbers may be written as integers, or as texts with underscores or in hexadecimal. */
static json_t *number_schema(const struct scenario_key *key)
{
    struct units_problem problem;
    json_t *integer = json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
    uint64_t value;

    if (key->minimum != NULL && units_parse(UNITS_NUMBER, key->minimum, &value, &problem)) {
        json_object_set_new(integer, "minimum", json_integer((json_int_t)value));
    }
    if (key->maximum != NULL && units_parse(UNITS_NUMBER, key->maximum, &value, &problem)) {
        json_object_set_new(integer, "maximum", json_integer((json_int_t)value));
    }
    return json_pack("{s:[o, {s:s, s:s}]}", "anyOf", integer, "type", "string", "pattern", units_pattern(UNITS_NUMBER));
}

static json_t *choices_schema(const struct scenario_key *key)
{
    json_t *list = json_array();

    for (const char *const *choice = key->choices; *choice != NULL; choice++) {
        if (key->type == &scenario_type_number) {
            json_array_append_new(list, json_integer(strtoll(*choice, NULL, 10)));
        } else {
            json_array_append_new(list, json_string(*choice));
        }
        /* A YAML 1.1 reader takes a bare yes for true. */
        if (strcmp(*choice, "yes") == 0 || strcmp(*choice, "no") == 0) {
            json_array_append_new(list, json_boolean((*choice)[0] == 'y'));
        }
    }
    return json_pack("{s:o}", "enum", list);
}

static json_t *value_schema(const struct scenario_key *key)
{
    if (key->type->schema != NULL) {
        return parse_fragment(key->type->schema);
    }
    if (key->choices != NULL && (key->type->units == UNITS_NUMBER)) {
        return choices_schema(key);
    }
    if (key->type->units == UNITS_NUMBER) {
        return number_schema(key);
    }
    return json_pack("{s:s, s:s}", "type", "string", "pattern", units_pattern(key->type->units));
}

/* A map with any names and values of one kind. `null` takes a value of the base away. */
static json_t *names_schema(json_t *value)
{
    return json_pack("{s:s, s:{s:[o, {s:s}]}}", "type", "object", "additionalProperties", "anyOf", value, "type",
                     "null");
}

static json_t *list_schema(json_t *definitions, const struct scenario_key *key)
{
    return json_pack("{s:s, s:o}", "type", "array", "items", reference_to(definitions, key->table));
}

static json_t *key_schema(json_t *definitions, const struct scenario_key *key)
{
    switch (key->kind) {
    case KEY_VALUE:
        return value_schema(key);
    case KEY_TABLE:
    case KEY_OPTIONAL:
        return reference_to(definitions, key->table);
    case KEY_NAMED:
        return names_schema(reference_to(definitions, key->table));
    case KEY_LIST:
        return list_schema(definitions, key);
    case KEY_NAMED_LIST:
        return names_schema(list_schema(definitions, &key->table->keys[0]));
    case KEY_FILE:
        return json_pack("{s:s}", "type", "string");
    case KEY_FUTURE:
        break;
    }
    return json_false();
}

static json_t *described(json_t *schema, const struct scenario_key *key)
{
    json_t *property;

    if (key->kind == KEY_FUTURE) {
        json_decref(schema);
        return json_pack("{s:s, s:{}}", "description", key->doc, "not");
    }
    property = json_pack("{s:s, s:[o, {s:s}]}", "description", key->doc, "anyOf", schema, "type", "null");
    if (key->kind == KEY_VALUE && key->standard != NULL && key->step == NULL) {
        json_object_set_new(property, "default", json_string(key->standard));
    }
    return property;
}

static json_t *table_schema(json_t *definitions, const struct scenario_table *table)
{
    json_t *properties = json_object();

    for (size_t i = 0; i < table->count; i++) {
        const struct scenario_key *key = &table->keys[i];

        json_object_set_new(properties, key->name, described(key_schema(definitions, key), key));
    }
    return json_pack("{s:s, s:s, s:o, s:b}", "description", table->doc, "type", "object", "properties", properties,
                     "additionalProperties", 0);
}

static json_t *reference_to(json_t *definitions, const struct scenario_table *table)
{
    char path[80];

    snprintf(path, sizeof(path), "#/$defs/%s", table->name);
    if (json_object_get(definitions, table->name) == NULL) {
        /* Tables refer to themselves: the name must be there before the content is. */
        json_object_set_new(definitions, table->name, json_object());
        json_object_set_new(definitions, table->name, table_schema(definitions, table));
    }
    return json_pack("{s:s}", "$ref", path);
}

char *json_schema_text(void)
{
    json_t *definitions = json_object();
    json_t *root = table_schema(definitions, &scenario_table_root);
    json_t *head = json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                             "Doorbell scenario");
    char *text;
    char *with_newline = NULL;
    size_t length = 0;

    json_object_update(head, root);
    json_object_set_new(head, "anyOf",
                        json_pack("[{s:[s]}, {s:[s, s]}]", "required", "base", "required", "doorbell", "pcie"));
    json_object_set_new(head, "$defs", definitions);
    text = json_dumps(head, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (text != NULL) {
        length = strlen(text);
        with_newline = realloc(text, length + 2);
    }
    if (with_newline != NULL) {
        memcpy(with_newline + length, "\n", 2);
    } else {
        free(text);
    }
    json_decref(root);
    json_decref(head);
    return with_newline;
}

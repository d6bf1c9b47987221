/* The software's part of a scenario: lists of functions, consumers, reserved regions. */
#include "host/rules.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"

#include <string.h>

/* ---- Lists of functions ---- */

static bool functions_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node,
                            void *field)
{
    struct scenario_functions *list = field;
    size_t count = node->kind == TREE_LIST ? node->count : 1;
    const struct tree_node *item = node->kind == TREE_LIST ? node->first : node;
    size_t i = 0;

    if (node->kind == TREE_MAP) {
        return parse_expect_kind(parse, node, TREE_LIST, key->name);
    }
    memset(list, 0, sizeof(*list));
    list->names = scenario_arena_take(parse->arena, count + 1, sizeof(*list->names));
    list->places = scenario_arena_take(parse->arena, count + 1, sizeof(*list->places));
    list->devices = scenario_arena_take(parse->arena, count + 1, sizeof(*list->devices));
    list->functions = scenario_arena_take(parse->arena, count + 1, sizeof(*list->functions));
    for (; i < count; i++, item = node->kind == TREE_LIST ? item->next : NULL) {
        if (!parse_expect_kind(parse, item, TREE_SCALAR, key->name)) {
            return false;
        }
        list->names[i] = item->text;
        list->places[i] = parse_place(&item->mark);
        list->count++;
    }
    return true;
}

static void functions_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_functions *list = field;

    (void)key;
    fputc('[', stream);
    for (size_t i = 0; i < list->count; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : ", ", list->names[i]);
    }
    fputc(']', stream);
}

#define FUNCTION_SCHEMA "{\"type\": \"string\", \"pattern\": \"^[A-Za-z][A-Za-z0-9_/-]*$\"}"

const struct scenario_value_type scenario_type_functions = {
    .name = "list of functions",
    .parse = functions_parse,
    .print = functions_print,
    .schema = "{\"anyOf\": [" FUNCTION_SCHEMA ", {\"type\": \"array\", \"items\": " FUNCTION_SCHEMA "}]}"};

static void resolve_functions(struct parse *parse, struct scenario_functions *list)
{
    for (size_t i = 0; i < list->count; i++) {
        list->devices[i] = parse_find_function(parse, list->names[i], &list->places[i], &list->functions[i]);
        for (size_t j = 0; j < i && list->devices[i] != NULL; j++) {
            if (list->devices[j] == list->devices[i] && list->functions[j] == list->functions[i]) {
                parse_error_at(parse, &list->places[i], "`%.63s` is written twice", list->names[i]);
            }
        }
    }
}

/* ---- Consumers ---- */

static void check_translation(struct parse *parse, struct scenario_consumer *consumer)
{
    bool kernel = consumer->kind == SCENARIO_CONSUMER_KERNEL;

    if (!parse_is_given(&scenario_table_consumer, consumer, "translation")) {
        consumer->translation = kernel ? SCENARIO_TRANSLATION_DMA : SCENARIO_TRANSLATION_STAGE_1;
        return;
    }
    if (kernel != (consumer->translation <= SCENARIO_TRANSLATION_BLOCKED)) {
        diagnostic_set_hint(
            parse_error_at(parse, &consumer->place, "consumer `%.63s` cannot have such domains", consumer->name),
            kernel ? "the kernel's are dma, identity and blocked" : "a user's are stage-1, stage-2 and nested");
    }
}

/* A function can have one consumer. */
static void check_shared(struct parse *parse, const struct scenario_software *software, size_t consumer, size_t device)
{
    const struct scenario_functions *mine = &software->consumers[consumer].devices;

    for (size_t i = 0; i < consumer; i++) {
        const struct scenario_functions *other = &software->consumers[i].devices;

        for (size_t j = 0; j < other->count && mine->devices[device] != NULL; j++) {
            if (other->devices[j] == mine->devices[device] && other->functions[j] == mine->functions[device]) {
                diagnostic_set_hint(parse_error_at(parse, &mine->places[device],
                                                   "`%.63s` has a consumer already: %.63s", mine->names[device],
                                                   software->consumers[i].name),
                                    "to hand it over later, write an action in `timeline`");
            }
        }
    }
}

void parse_resolve_software(struct parse *parse)
{
    struct scenario_software *software = &parse->scenario->software;

    if (!parse_is_given(&scenario_table_software, software, "grouping")) {
        software->grouping = rules_at(software->rules)->grouping == GROUP_RULE_CORRECTED ? SCENARIO_GROUPING_CORRECTED
                                                                                         : SCENARIO_GROUPING_LINUX;
    }
    for (size_t i = 0; i < software->consumer_count; i++) {
        check_translation(parse, &software->consumers[i]);
        resolve_functions(parse, &software->consumers[i].devices);
        for (size_t j = 0; j < software->consumers[i].devices.count; j++) {
            check_shared(parse, software, i, j);
        }
    }
    for (size_t i = 0; i < software->reserved_count; i++) {
        resolve_functions(parse, &software->reserved[i].devices);
    }
}

/* The software's part of a scenario: lists of functions, consumers, reserved regions. */
#include "host/action.h"
#include "host/consumer.h"
#include "host/rules.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"

#include <stdlib.h>
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
                parse_error_at(parse, &list->places[i], "E1602 `%.63s` is written twice", list->names[i]);
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
            parse_error_at(parse, &consumer->place, "E1601 consumer `%.63s` cannot have such domains", consumer->name),
            kernel ? "the kernel's are dma, identity and blocked" : "a user's are stage-1, stage-2 and nested");
    }
}

/* An MSI window that is not there yet: an aperture that is set later. */
static void check_window(struct parse *parse, const struct scenario_consumer *consumer)
{
    const struct consumer_config config = {
        .kind = (enum consumer_kind)consumer->kind,
        .translation = (enum consumer_translation)consumer->translation,
        .style_given = consumer->doorbells != 0,
        .style = (enum doorbell_style)(consumer->doorbells != 0 ? consumer->doorbells - 1 : 0),
    };

    if (consumer->window_size == 0 &&
        consumer_style(rules_at(parse->scenario->software.rules), &config) != DOORBELL_GEOMETRY) {
        diagnostic_set_hint(
            parse_error_at(parse, &consumer->place, "E1601 consumer `%.63s` has no MSI window (`0 B`)", consumer->name),
            "`doorbells: geometry` can, until an action `set-aperture`");
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
                                                   "E1602 `%.63s` has a consumer already: %.63s", mine->names[device],
                                                   software->consumers[i].name),
                                    "to hand it over later, write an action in `timeline`");
            }
        }
    }
}

static const struct scenario_consumer *find_consumer(struct parse *parse, const struct scenario_reference *reference)
{
    const struct scenario_software *software = &parse->scenario->software;
    const char **names = scenario_arena_take(parse->arena, software->consumer_count + 1, sizeof(*names));
    const char *nearest;
    struct diagnostic *entry;

    for (size_t i = 0; i < software->consumer_count; i++) {
        names[i] = software->consumers[i].name;
        if (strcmp(names[i], reference->name) == 0) {
            return &software->consumers[i];
        }
    }
    entry = parse_error_at(parse, &reference->place, "E1204 there is no consumer `%.63s`", reference->name);
    nearest = parse_nearest(reference->name, names, software->consumer_count);
    if (nearest != NULL) {
        diagnostic_set_hint(entry, "did you mean `%s`?", nearest);
    } else {
        diagnostic_set_hint(entry, "consumers stand in `software.consumers`");
    }
    return NULL;
}

static void resolve_auxiliary(struct parse *parse, struct scenario_auxiliary *auxiliary)
{
    resolve_functions(parse, &auxiliary->device);
    if (auxiliary->device.count != 1) {
        parse_error_at(parse, &auxiliary->place, "E1604 a PASID is one device's");
    }
    if (auxiliary->consumer_written.name != NULL) {
        auxiliary->consumer = find_consumer(parse, &auxiliary->consumer_written);
    }
}

static void resolve_affinity(struct parse *parse, struct scenario_affinity *affinity)
{
    const uint32_t count = parse->scenario->platform.pe.count;

    resolve_functions(parse, &affinity->devices);
    for (size_t i = 0; i < affinity->pes.count; i++) {
        if (affinity->pes.values[i] >= count) {
            parse_error_at(parse, &affinity->place, "E1606 there is no PE %u: they are 0 to %u",
                           affinity->pes.values[i], count - 1);
            return;
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
    if (!parse_is_given(&scenario_table_software, software, "enable-acs")) {
        software->enable_acs = rules_at(software->rules)->first_port_without_acs ? SCENARIO_ENABLE_ACS_NOT_FIRST_PORT
                                                                                 : SCENARIO_ENABLE_ACS_YES;
    }
    for (size_t i = 0; i < software->consumer_count; i++) {
        check_translation(parse, &software->consumers[i]);
        check_window(parse, &software->consumers[i]);
        resolve_functions(parse, &software->consumers[i].devices);
        for (size_t j = 0; j < software->consumers[i].devices.count; j++) {
            check_shared(parse, software, i, j);
        }
    }
    for (size_t i = 0; i < software->reserved_count; i++) {
        resolve_functions(parse, &software->reserved[i].devices);
    }
    for (size_t i = 0; i < software->auxiliary_count; i++) {
        resolve_auxiliary(parse, &software->auxiliaries[i]);
    }
    for (size_t i = 0; i < software->affinity_count; i++) {
        resolve_affinity(parse, &software->affinities[i]);
    }
}

/* ---- The timeline ---- */

static void check_name(struct parse *parse, struct scenario_action *action, size_t index)
{
    if (action->name == NULL) {
        action->name =
            scenario_arena_format(parse->arena, "%s-%zu", action_kind_name((enum action_kind)action->kind), index + 1);
    } else if (!parse_is_name(action->name)) {
        diagnostic_set_hint(
            parse_error_at(parse, &action->place, "E1603 `%.40s` cannot be the name of an action", action->name),
            "a name is a letter, then letters, digits, - and _");
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(parse->scenario->actions[i].name, action->name) == 0) {
            parse_error_at(parse, &action->place, "E1603 two actions are called `%.40s`", action->name);
            return;
        }
    }
}

/* Whether what the file says to do is known: else that error is enough. */
static bool is_known(struct parse *parse, size_t index, enum action_kind kind)
{
    const struct tree_node *timeline = tree_find(parse->root, "timeline");
    const struct tree_node *item = timeline == NULL ? NULL : timeline->first;
    const struct tree_node *written;

    for (size_t i = 0; i < index && item != NULL; i++) {
        item = item->next;
    }
    written = tree_find(item, "action");
    return written != NULL && written->kind == TREE_SCALAR && strcmp(written->text, action_kind_name(kind)) == 0;
}

/* A device that can be pulled out has a slot, that is a link, to itself. */
static void check_slot(struct parse *parse, const struct scenario_action *action)
{
    const struct scenario_device *device = action->device.count == 1 ? action->device.devices[0] : NULL;
    const struct scenario_device *parent = device != NULL ? device->parent : NULL;
    const char *why = NULL;

    if (device == NULL || device->endpoint == NULL) {
        return;
    }
    if (parent != NULL && (parent->bridge != NULL || parent->multifunction != NULL)) {
        why = "it has no link of its own";
    }
    if (why != NULL) {
        diagnostic_set_hint(parse_error_at(parse, &action->device.places[0], "E1605 `%.63s` cannot be pulled out: %s",
                                           action->device.names[0], why),
                            "`remove` takes a device away after software has been told");
    }
}

static void resolve_action(struct parse *parse, struct scenario_action *action, size_t index)
{
    enum action_kind kind = (enum action_kind)action->kind;

    check_name(parse, action, index);
    resolve_functions(parse, &action->device);
    if (action->device.count != 1) {
        parse_error_at(parse, &action->place, "E1603 an action is about one device");
    }
    if (action->consumer_written.name != NULL) {
        action->consumer = find_consumer(parse, &action->consumer_written);
    } else if ((kind == ACTION_ATTACH || kind == ACTION_ATTACH_PASID) && is_known(parse, index, kind)) {
        diagnostic_set_hint(parse_error_at(parse, &action->place, "E1603 `consumer` is missing in an action `%s`",
                                           action_kind_name(kind)),
                            "a name of `software.consumers`");
    }
    if (action->at >= parse->scenario->duration) {
        parse_error_at(parse, &action->place,
                       "E1603 the action would begin only when the traffic is over (`duration`)");
    }
    if (kind == ACTION_SURPRISE_REMOVE) {
        check_slot(parse, action);
    }
    if (kind == ACTION_MOVE_INTERRUPT && action->pe >= parse->scenario->platform.pe.count) {
        parse_error_at(parse, &action->place, "E1603 there is no PE %u: they are 0 to %u", action->pe,
                       parse->scenario->platform.pe.count - 1);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct scenario_action *one = a;
    const struct scenario_action *other = b;

    if (one->at != other->at) {
        return one->at < other->at ? -1 : 1;
    }
    if (one->place.line != other->place.line) {
        return one->place.line < other->place.line ? -1 : 1;
    }
    return one->place.column < other->place.column ? -1 : one->place.column > other->place.column;
}

void parse_resolve_timeline(struct parse *parse)
{
    struct scenario *scenario = parse->scenario;

    for (size_t i = 0; i < scenario->action_count; i++) {
        resolve_action(parse, &scenario->actions[i], i);
    }
    if (scenario->action_count > 1) {
        qsort(scenario->actions, scenario->action_count, sizeof(*scenario->actions), by_time);
    }
}

#include "cli/explore_request.h"

#include "cli/suggest.h"

#include <stdio.h>
#include <string.h>

/* Rule sets and uses that are asked for, by number. */
struct chosen {
    unsigned items[EXPLORE_SOFTWARE];
    unsigned count;
};

/** The words that a list may have. */
struct vocabulary {
    const char *option;
    const char *what; /**< one of them is */
    const char *names[EXPLORE_SOFTWARE];
    unsigned count;
};

static unsigned bound_of(const struct cli_request *request, enum cli_bound bound, unsigned standard)
{
    const struct cli_bound_value *value = &request->bounds[bound];

    /* More than fits is more than any bound allows, and refused as that. */
    return !value->given ? standard : value->value > UINT32_MAX ? UINT32_MAX : (unsigned)value->value;
}

static bool find_assumption(const char *name, unsigned *index, struct cli_problem *problem)
{
    const char *names[ASSUMPTION_COUNT];
    const char *nearest;

    for (unsigned i = 0; i < ASSUMPTION_COUNT; i++) {
        names[i] = assumption_name(i);
        if (strcmp(names[i], name) == 0) {
            *index = i;
            return true;
        }
    }
    nearest = cli_suggest(name, names, ASSUMPTION_COUNT);
    snprintf(problem->message, sizeof(problem->message), "E0108 there is no assumption '%s'", name);
    snprintf(problem->hint, sizeof(problem->hint), nearest != NULL ? "did you mean '%s'?" : "'%s' is one, for example",
             nearest != NULL ? nearest : names[0]);
    return false;
}

static bool find_grouping(const struct cli_request *request, enum group_rule *rule, struct cli_problem *problem)
{
    if (request->grouping == NULL || group_rule_from_name(request->grouping, rule)) {
        return true;
    }
    snprintf(problem->message, sizeof(problem->message), "E0105 --grouping: there is no rule '%s'", request->grouping);
    snprintf(problem->hint, sizeof(problem->hint), "there are linux, corrected and reach");
    return false;
}

/* ---- Lists of words ---- */

static void add_once(struct chosen *chosen, unsigned item)
{
    for (unsigned i = 0; i < chosen->count; i++) {
        if (chosen->items[i] == item) {
            return;
        }
    }
    chosen->items[chosen->count++] = item;
}

/** @param word of @p length characters */
static bool add_word(const struct vocabulary *vocabulary, const char *word, size_t length, struct chosen *chosen,
                     struct cli_problem *problem)
{
    const bool all = length == 3 && memcmp(word, "all", 3) == 0;
    const char *nearest;
    char copy[64];
    bool found = all;

    for (unsigned i = 0; i < vocabulary->count; i++) {
        if (all || (strlen(vocabulary->names[i]) == length && memcmp(vocabulary->names[i], word, length) == 0)) {
            add_once(chosen, i);
            found = true;
        }
    }
    if (found) {
        return true;
    }
    snprintf(copy, sizeof(copy), "%.*s", (int)(length < sizeof(copy) ? length : sizeof(copy) - 1), word);
    nearest = cli_suggest(copy, vocabulary->names, vocabulary->count);
    snprintf(problem->message, sizeof(problem->message), "E0105 --%s: there is no %s '%s'", vocabulary->option,
             vocabulary->what, copy);
    snprintf(problem->hint, sizeof(problem->hint),
             nearest != NULL ? "did you mean '%s'?" : "'%s' is one; 'all' are all",
             nearest != NULL ? nearest : vocabulary->names[0]);
    return false;
}

static bool read_list(const struct vocabulary *vocabulary, const char *list, struct chosen *chosen,
                      struct cli_problem *problem)
{
    const char *word = list;

    for (;;) {
        const size_t length = strcspn(word, ",");

        if (!add_word(vocabulary, word, length, chosen, problem)) {
            return false;
        }
        if (word[length] == '\0') {
            return true;
        }
        word += length + 1;
    }
}

static bool read_uses(const struct cli_request *request, struct chosen *uses, struct cli_problem *problem)
{
    struct vocabulary words = {.option = "consumers", .what = "consumer", .count = EXPLORE_USES};

    for (unsigned i = 0; i < EXPLORE_USES; i++) {
        words.names[i] = explore_use_name((enum explore_use)i);
    }
    if (request->identity) {
        add_once(uses, EXPLORE_USE_IDENTITY);
    }
    if (request->consumers == NULL) {
        add_once(uses, request->identity ? EXPLORE_USE_IDENTITY : EXPLORE_USE_KERNEL);
        return true;
    }
    return read_list(&words, request->consumers, uses, problem);
}

static bool read_rules(const struct cli_request *request, struct chosen *rules, struct cli_problem *problem)
{
    struct vocabulary words = {.option = "rules", .what = "rule set"};

    for (unsigned i = 0; i < rules_count() && i < EXPLORE_SOFTWARE; i++) {
        words.names[words.count++] = rules_at(i)->name;
    }
    return read_list(&words, request->rules != NULL ? request->rules : "linux-7.3", rules, problem);
}

static bool read_controllers(const struct cli_request *request, struct chosen *controllers, struct cli_problem *problem)
{
    struct vocabulary words = {.option = "controllers", .what = "interrupt controller", .count = EXPLORE_CONTROLLERS};

    for (unsigned i = 0; i < EXPLORE_CONTROLLERS; i++) {
        words.names[i] = explore_controller_name((enum explore_controller)i);
    }
    return read_list(&words, request->controllers != NULL ? request->controllers : "its", controllers, problem);
}

static bool read_pasids(const struct cli_request *request, struct chosen *pasids, struct cli_problem *problem)
{
    struct vocabulary words = {.option = "pasids", .what = "use of PASIDs", .count = EXPLORE_PASIDS};

    for (unsigned i = 0; i < EXPLORE_PASIDS; i++) {
        words.names[i] = explore_pasids_name((enum explore_pasids)i);
    }
    return read_list(&words, request->pasids != NULL ? request->pasids : "none", pasids, problem);
}

/* ---- Ways to use the endpoints ---- */

struct choice {
    struct chosen uses;
    struct chosen rules;
    struct chosen controllers;
    struct chosen pasids;
};

static bool add_way(struct cli_explore *explore, const struct explore_software *one, struct cli_problem *problem)
{
    if (!explore_use_is_known(one)) {
        explore->left_out++;
        return true;
    }
    if (explore->wanted.software_count == EXPLORE_SOFTWARE) {
        snprintf(problem->message, sizeof(problem->message),
                 "E0105 more than %u combinations of a consumer, a rule set, a controller and PASIDs",
                 EXPLORE_SOFTWARE);
        snprintf(problem->hint, sizeof(problem->hint),
                 "name fewer with --consumers, --rules, --controllers or --pasids");
        return false;
    }
    explore->software[explore->wanted.software_count++] = *one;
    return true;
}

/** Every use by every rule set that knows it, with every controller. */
static bool combine(const struct cli_request *request, const struct choice *choice, struct cli_explore *explore,
                    struct cli_problem *problem)
{
    const unsigned uses = choice->uses.count;
    const unsigned controllers = choice->controllers.count;
    const unsigned pasids = choice->pasids.count;
    enum group_rule grouping = GROUP_RULE_LINUX;

    if (!find_grouping(request, &grouping, problem)) {
        return false;
    }
    for (unsigned i = 0; i < choice->rules.count * uses * controllers * pasids; i++) {
        const struct software_rules *rules = rules_at(choice->rules.items[i / pasids / controllers / uses]);
        const struct explore_software one = {
            .rules = rules,
            .grouping = request->grouping != NULL ? grouping : rules->grouping,
            .use = (enum explore_use)choice->uses.items[i / pasids / controllers % uses],
            .controller = (enum explore_controller)choice->controllers.items[i / pasids % controllers],
            .guest_doorbells = bound_of(request, CLI_BOUND_GUEST_DOORBELLS, EXPLORE_DOORBELLS),
            .pasids = (enum explore_pasids)choice->pasids.items[i % pasids],
            .identity_pages = bound_of(request, CLI_BOUND_IDENTITY_PAGES, EXPLORE_IDENTITY_PAGES)};

        if (!add_way(explore, &one, problem)) {
            return false;
        }
    }
    if (explore->wanted.software_count == 0) {
        snprintf(problem->message, sizeof(problem->message), "E0105 %s has no such use of devices as %s",
                 rules_at(choice->rules.items[0])->name, explore_use_name((enum explore_use)choice->uses.items[0]));
        snprintf(problem->hint, sizeof(problem->hint), "docs/software.md shows which rule sets know which");
        return false;
    }
    return true;
}

bool cli_explore_understand(const struct cli_request *request, struct cli_explore *explore, struct cli_problem *problem)
{
    struct explore_request *wanted = &explore->wanted;
    struct choice choice = {.uses = {.count = 0}};
    struct host_error error = {.text = ""};

    memset(explore, 0, sizeof(*explore));
    wanted->bounds = (struct explore_bounds){.endpoints = bound_of(request, CLI_BOUND_ENDPOINTS, 3),
                                             .switches = bound_of(request, CLI_BOUND_SWITCHES, 2),
                                             .its = bound_of(request, CLI_BOUND_ITS, 2),
                                             .smmus = bound_of(request, CLI_BOUND_SMMUS, 1),
                                             .acs = bound_of(request, CLI_BOUND_ACS, 2),
                                             .functions = bound_of(request, CLI_BOUND_FUNCTIONS, 1),
                                             .unmapped = request->unmapped};
    wanted->software = explore->software;
    wanted->limit = request->bounds[CLI_BOUND_LIMIT].given ? request->bounds[CLI_BOUND_LIMIT].value : UINT64_C(1000000);
    wanted->seed = request->seed_given ? request->seed : 1;
    if (!find_assumption(request->operand, &wanted->assumption, problem) ||
        !read_uses(request, &choice.uses, problem) || !read_rules(request, &choice.rules, problem) ||
        !read_controllers(request, &choice.controllers, problem) || !read_pasids(request, &choice.pasids, problem) ||
        !combine(request, &choice, explore, problem)) {
        return false;
    }
    if (!explore_check_request(wanted, &error)) {
        snprintf(problem->message, sizeof(problem->message), "E0105 --%.200s", error.text);
        return false;
    }
    return true;
}

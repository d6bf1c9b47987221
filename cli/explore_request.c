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

/* ---- Ways to use the endpoints ---- */

/** Every use by every rule set that knows it. */
static bool combine(const struct cli_request *request, const struct chosen *uses, const struct chosen *rules,
                    struct cli_explore *explore, struct cli_problem *problem)
{
    enum group_rule grouping = GROUP_RULE_LINUX;

    if (!find_grouping(request, &grouping, problem)) {
        return false;
    }
    for (unsigned i = 0; i < rules->count * uses->count; i++) {
        const struct explore_software one = {
            .rules = rules_at(rules->items[i / uses->count]),
            .grouping = request->grouping != NULL ? grouping : rules_at(rules->items[i / uses->count])->grouping,
            .use = (enum explore_use)uses->items[i % uses->count],
            .guest_doorbells = bound_of(request, CLI_BOUND_GUEST_DOORBELLS, EXPLORE_DOORBELLS),
            .identity_pages = bound_of(request, CLI_BOUND_IDENTITY_PAGES, EXPLORE_IDENTITY_PAGES)};

        if (!explore_use_is_known(&one)) {
            explore->left_out++;
            continue;
        }
        if (explore->wanted.software_count == EXPLORE_SOFTWARE) {
            snprintf(problem->message, sizeof(problem->message),
                     "E0105 more than %u pairs of a consumer and a rule set", EXPLORE_SOFTWARE);
            snprintf(problem->hint, sizeof(problem->hint), "name fewer with --consumers or --rules");
            return false;
        }
        explore->software[explore->wanted.software_count++] = one;
    }
    if (explore->wanted.software_count == 0) {
        snprintf(problem->message, sizeof(problem->message), "E0105 %s has no such use of devices as %s",
                 rules_at(rules->items[0])->name, explore_use_name((enum explore_use)uses->items[0]));
        snprintf(problem->hint, sizeof(problem->hint), "docs/software.md shows which rule sets know which");
        return false;
    }
    return true;
}

bool cli_explore_understand(const struct cli_request *request, struct cli_explore *explore, struct cli_problem *problem)
{
    struct explore_request *wanted = &explore->wanted;
    struct chosen uses = {.count = 0};
    struct chosen rules = {.count = 0};
    struct host_error error = {.text = ""};

    memset(explore, 0, sizeof(*explore));
    wanted->bounds = (struct explore_bounds){.endpoints = bound_of(request, CLI_BOUND_ENDPOINTS, 3),
                                             .switches = bound_of(request, CLI_BOUND_SWITCHES, 2),
                                             .its = bound_of(request, CLI_BOUND_ITS, 2),
                                             .smmus = bound_of(request, CLI_BOUND_SMMUS, 1),
                                             .acs = bound_of(request, CLI_BOUND_ACS, 2)};
    wanted->software = explore->software;
    wanted->limit = request->bounds[CLI_BOUND_LIMIT].given ? request->bounds[CLI_BOUND_LIMIT].value : UINT64_C(1000000);
    wanted->seed = request->seed_given ? request->seed : 1;
    if (!find_assumption(request->operand, &wanted->assumption, problem) || !read_uses(request, &uses, problem) ||
        !read_rules(request, &rules, problem) || !combine(request, &uses, &rules, explore, problem)) {
        return false;
    }
    if (!explore_check_request(wanted, &error)) {
        snprintf(problem->message, sizeof(problem->message), "E0105 --%.200s", error.text);
        return false;
    }
    return true;
}

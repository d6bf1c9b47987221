#include "host/groups.h"

#include "host/groups_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const rule_names[] = {
    [GROUP_RULE_LINUX] = "linux",
    [GROUP_RULE_CORRECTED] = "corrected",
    [GROUP_RULE_REACH] = "reach",
};

const char *group_rule_name(enum group_rule rule)
{
    return rule_names[rule];
}

bool group_rule_from_name(const char *name, enum group_rule *rule)
{
    for (size_t i = 0; i < sizeof(rule_names) / sizeof(rule_names[0]); i++) {
        if (strcmp(name, rule_names[i]) == 0) {
            *rule = (enum group_rule)i;
            return true;
        }
    }
    return false;
}

static uint32_t *new_indexes(uint32_t count, uint32_t value)
{
    uint32_t *indexes = malloc(((size_t)count + 1) * sizeof(*indexes));

    if (indexes == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    for (uint32_t i = 0; i < count; i++) {
        indexes[i] = value;
    }
    return indexes;
}

static uint32_t probed_function(const struct group_options *options, size_t position)
{
    return options->probe_order == NULL ? (uint32_t)position : options->probe_order[position];
}

/* Numbers the sets of those functions that were probed, in the order of probing. */
static void number_sets(const struct group_options *options, size_t count, const uint32_t *set_of,
                        struct group_assignment *groups)
{
    uint32_t *number_of = new_indexes(groups->function_count, GROUP_NONE);

    for (size_t i = 0; i < count; i++) {
        uint32_t function = probed_function(options, i);
        uint32_t set = set_of[function];

        if (number_of[set] == GROUP_NONE) {
            number_of[set] = groups->group_count++;
        }
        groups->group_of[function] = number_of[set];
    }
    free(number_of);
}

static void assign_by_sets(const struct pci_tree *tree, const struct group_options *options, size_t count,
                           struct group_assignment *groups)
{
    uint32_t *set_of = new_indexes(tree->function_count, 0);

    if (options->rule == GROUP_RULE_CORRECTED) {
        group_corrected_sets(tree, options->kernel, set_of);
    } else {
        reach_sets(tree, &options->reach, set_of);
    }
    number_sets(options, count, set_of, groups);
    free(set_of);
}

static void assign_as_linux(const struct pci_tree *tree, const struct group_options *options, size_t count,
                            struct group_assignment *groups)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t function = probed_function(options, i);
        uint32_t group = group_linux_find(tree, options->kernel, groups->group_of, function);

        groups->group_of[function] = group == GROUP_NONE ? groups->group_count++ : group;
    }
}

/** All three arrays in one piece of memory. */
static void make_room(struct group_assignment *groups, uint32_t count)
{
    if (groups->group_of == NULL || groups->limit < count) {
        free(groups->group_of);
        groups->limit = count;
        groups->group_of = new_indexes(3 * groups->limit, GROUP_NONE);
        groups->next_of = groups->group_of + groups->limit;
        groups->first_of = groups->next_of + groups->limit;
    }
    for (uint32_t i = 0; i < count; i++) {
        groups->group_of[i] = GROUP_NONE;
        groups->next_of[i] = GROUP_NONE;
        groups->first_of[i] = GROUP_NONE;
    }
}

static void link_members(struct group_assignment *groups)
{
    for (uint32_t i = groups->function_count; i-- > 0;) {
        const uint32_t group = groups->group_of[i];

        if (group != GROUP_NONE) {
            groups->next_of[i] = groups->first_of[group];
            groups->first_of[group] = i;
        }
    }
}

void group_assign(const struct pci_tree *tree, const struct group_options *options, struct group_assignment *groups)
{
    size_t count = options->probe_order == NULL ? tree->function_count : options->probe_count;

    groups->rule = options->rule;
    groups->function_count = tree->function_count;
    groups->group_count = 0;
    make_room(groups, tree->function_count);
    if (options->rule == GROUP_RULE_LINUX) {
        assign_as_linux(tree, options, count, groups);
    } else {
        assign_by_sets(tree, options, count, groups);
    }
    link_members(groups);
}

void group_assignment_clear(struct group_assignment *groups)
{
    free(groups->group_of);
    memset(groups, 0, sizeof(*groups));
}

bool group_same(const struct group_assignment *groups, uint32_t one, uint32_t other)
{
    return groups->group_of[one] != GROUP_NONE && groups->group_of[one] == groups->group_of[other];
}

/* group-covers-reach: functions that reach each other without the SMMU are in one group. */
#include "host/assumptions_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The first pair of one set of reach that is in two groups, and the sentence about it. */
static bool find_split(const struct judge *judge, const uint32_t *set_of, uint32_t set, uint32_t *one, uint32_t *other)
{
    uint32_t count = judge->system->tree->function_count;
    uint32_t first = PCI_TREE_NONE;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t function = judge_function_at(judge, i);

        if (set_of[function] != set) {
            continue;
        }
        if (first == PCI_TREE_NONE) {
            first = function;
        } else if (!group_same(judge->system->groups, first, function)) {
            *one = first;
            *other = function;
            return true;
        }
    }
    return false;
}

struct reach_pair {
    uint32_t source;
    uint32_t target;
    size_t count; /* ordered pairs of that kind in the set */
};

/* Direct pairs of a set whose two functions are in different groups, or in none. */
static struct reach_pair find_uncovered(const struct judge *judge, const uint32_t *set_of, uint32_t set)
{
    const struct assumption_system *system = judge->system;
    struct reach_pair pair = {PCI_TREE_NONE, PCI_TREE_NONE, 0};

    for (uint32_t i = 0; i < system->tree->function_count; i++) {
        uint32_t source = judge_function_at(judge, i);

        for (uint32_t j = 0; j < system->tree->function_count && set_of[source] == set; j++) {
            uint32_t target = judge_function_at(judge, j);

            if (set_of[target] != set || group_same(system->groups, source, target) ||
                !reach_direct(system->tree, &system->reach, source, target)) {
                continue;
            }
            if (pair.count++ == 0) {
                pair.source = source;
                pair.target = target;
            }
        }
    }
    return pair;
}

static struct verdict_evidence *open_reach_evidence(const struct judge *judge, struct verdict *verdict,
                                                    const struct reach_pair *pair, uint32_t one, uint32_t other)
{
    const struct pci_tree *tree = judge->system->tree;
    char first[JUDGE_LABEL_SIZE];
    char second[JUDGE_LABEL_SIZE];
    char subject[2 * JUDGE_LABEL_SIZE + 8];
    struct reach_result way;

    if (pair->count != 0) {
        one = pair->source;
        other = pair->target;
    }
    snprintf(subject, sizeof(subject), "%s and %s", judge_group_label(judge, one, first),
             judge_group_label(judge, other, second));
    if (pair->count == 0) {
        return verdict_add_evidence(verdict, subject, "%s and %s can appear under one requester ID",
                                    tree->functions[one].name, tree->functions[other].name);
    }
    way = reach_trace(tree, &judge->system->reach, one, other);
    return verdict_add_evidence(verdict, subject, "%s reaches %s without the SMMU: %s %s%s", tree->functions[one].name,
                                tree->functions[other].name, tree->functions[way.at].name, way.why,
                                pair->count == 1 ? "" : "; and more pairs of these functions");
}

/* What a run saw: requests of a function that went to peers of other groups. */
static struct assumption_tally peer_requests(const struct judge *judge, uint32_t function)
{
    struct assumption_tally sum = {0, 0};

    for (size_t i = 0; judge->observed != NULL && i < judge->observed[function].peer_count; i++) {
        const struct assumption_peer_access *access = &judge->observed[function].peers[i];

        if (group_same(judge->system->groups, function, access->target) || access->tally.count == 0) {
            continue;
        }
        if (sum.count == 0 || access->tally.first_packet < sum.first_packet) {
            sum.first_packet = access->tally.first_packet;
        }
        sum.count += access->tally.count;
    }
    return sum;
}

static void show_reach(const struct judge *judge, struct verdict *verdict, const uint32_t *set_of, uint32_t set,
                       uint32_t one, uint32_t other)
{
    const struct pci_tree *tree = judge->system->tree;
    struct reach_pair pair = find_uncovered(judge, set_of, set);
    struct verdict_evidence *evidence = open_reach_evidence(judge, verdict, &pair, one, other);

    for (uint32_t i = 0; i < tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);

        if (set_of[function] == set) {
            judge_add_function(judge, evidence, function, peer_requests(judge, function));
        }
    }
}

/*
 * A run may show what the tree does not: requests that a peer took although no way was known. A function behind no SMMU
 * goes round none: it is in no group, and what it sends to the root reaches whatever it is addressed to.
 */
static uint32_t show_unforeseen(const struct judge *judge, struct verdict *verdict, const uint32_t *set_of)
{
    const struct pci_tree *tree = judge->system->tree;
    uint32_t count = 0;

    for (uint32_t i = 0; judge->observed != NULL && i < tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);
        const struct assumption_observation *seen = &judge->observed[function];
        const bool behind_smmu = judge->system->functions[function].smmu != ASSUMPTION_NONE;

        for (size_t j = 0; behind_smmu && j < seen->peer_count; j++) {
            uint32_t target = seen->peers[j].target;
            struct verdict_evidence *evidence;

            if (set_of[function] == set_of[target] || seen->peers[j].tally.count == 0 ||
                group_same(judge->system->groups, function, target)) {
                continue;
            }
            evidence =
                verdict_add_evidence(verdict, tree->functions[function].name,
                                     "its requests reached %s and no SMMU saw them", tree->functions[target].name);
            judge_add_function(judge, evidence, function, seen->peers[j].tally);
            judge_add_function(judge, evidence, target, (struct assumption_tally){0, 0});
            count++;
        }
    }
    return count;
}

static uint32_t *new_sets(const struct judge *judge)
{
    const struct pci_tree *tree = judge->system->tree;
    uint32_t *set_of = malloc(((size_t)tree->function_count + 1) * sizeof(*set_of));

    if (set_of == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    reach_sets(tree, &judge->system->reach, set_of);
    return set_of;
}

void judge_group_covers_reach(const struct judge *judge)
{
    struct verdict *verdict = judge_open(judge, ASSUMPTION_GROUP_COVERS_REACH);
    uint32_t *set_of = new_sets(judge);
    uint32_t requesters = 0;
    uint32_t uncovered = 0;

    for (uint32_t i = 0; i < judge->system->tree->function_count; i++) {
        uint32_t function = judge_function_at(judge, i);
        uint32_t one;
        uint32_t other;

        requesters += pci_tree_is_requester(&judge->system->tree->functions[function]) ? 1u : 0u;
        /* Each set once, at the function that stands for it. */
        if (set_of[function] == function && find_split(judge, set_of, function, &one, &other)) {
            show_reach(judge, verdict, set_of, function, one, other);
            uncovered++;
        }
    }
    uncovered += show_unforeseen(judge, verdict, set_of);
    free(set_of);
    if (requesters == 0) {
        judge_conclude(verdict, VERDICT_NOT_APPLICABLE, "no function can send requests");
    } else if (uncovered != 0) {
        judge_conclude(verdict, VERDICT_VIOLATED,
                       "%" PRIu32 " set%s of functions that no SMMU keeps apart %s in several groups (rule: %s)",
                       uncovered, uncovered == 1 ? "" : "s", uncovered == 1 ? "is" : "are",
                       group_rule_name(judge->system->groups->rule));
    } else {
        judge_conclude(verdict, VERDICT_HOLDS,
                       "functions that reach each other without the SMMU are in one group (rule: %s)",
                       group_rule_name(judge->system->groups->rule));
    }
}

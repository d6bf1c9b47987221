/*
 * IOMMU groups: which functions software must treat as one because the IOMMU cannot keep them apart.
 *
 * Three answers to that question, from the same tree:
 *  - what Linux does (rules A1 to A14 and A20 of docs/groups.md), order of probing included;
 *  - what the proposed correction would do (A24): isolation is a property of a bus, not of a path;
 *  - the truth for the simulated hardware: who reaches whom (host/reach.h), and who shares a requester ID.
 * docs/groups.md explains the rules and where the three differ.
 */
#ifndef DOORBELL_HOST_GROUPS_H
#define DOORBELL_HOST_GROUPS_H

#include "host/groups_acs.h"
#include "host/pci_tree.h"
#include "host/reach.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A function that is in no group: nobody probed it, so no IOMMU driver holds it. */
#define GROUP_NONE UINT32_MAX

enum group_rule {
    GROUP_RULE_LINUX = 0, /**< as Linux forms them */
    GROUP_RULE_CORRECTED, /**< as the correct-grouping series of 2025 would */
    GROUP_RULE_REACH,     /**< as the hardware routes */
};

/** "linux", "corrected", "reach": the words that scenario files use. */
const char *group_rule_name(enum group_rule rule);

/** Finds a rule by that name. @return false if there is none; @p rule is then unchanged. */
bool group_rule_from_name(const char *name, enum group_rule *rule);

/** How to form groups. All zero is Linux 7.3, every function probed in the order of the tree. */
struct group_options {
    enum group_rule rule;
    enum group_kernel kernel;
    struct reach_policy reach; /**< for GROUP_RULE_REACH */
    /**
     * Functions in the order in which the IOMMU driver meets them, each at most once; those that are missing get no
     * group. NULL: all, in the order of the tree. Linux's rule depends on this order (A20); the others only take
     * from it which functions take part, and the numbers of the groups.
     */
    const uint32_t *probe_order;
    size_t probe_count;
};

/** Groups are numbered from 0 in the order in which their first member was probed. */
struct group_assignment {
    enum group_rule rule;
    uint32_t *group_of; /**< per function of the tree; GROUP_NONE if it was not probed */
    uint32_t function_count;
    uint32_t group_count;
    uint32_t *next_of; /**< per function: the next in its group, in the order of the tree; GROUP_NONE: it is the last */
    uint32_t *first_of; /**< per group: its first function */
    uint32_t limit;     /**< functions that there is memory for */
};

/**
 * Forms the groups of a finished tree. Release @p groups with group_assignment_clear().
 * @param groups zeroed, or of an assignment before, whose memory is used again
 * Running out of memory ends the process with a message.
 */
void group_assign(const struct pci_tree *tree, const struct group_options *options, struct group_assignment *groups);

/** Releases what an assignment owns. */
void group_assignment_clear(struct group_assignment *groups);

/** Whether two functions are in one group; false if either is in none. */
bool group_same(const struct group_assignment *groups, uint32_t one, uint32_t other);

#ifdef __cplusplus
}
#endif

#endif

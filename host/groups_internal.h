/* Between groups.c and the files of the single rules. */
#ifndef DOORBELL_HOST_GROUPS_INTERNAL_H
#define DOORBELL_HOST_GROUPS_INTERNAL_H

#include "host/groups.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Linux's rule: the group of one function, given the groups of those probed before it (rule A5). GROUP_NONE: it needs a
 * group of its own.
 */
uint32_t group_linux_find(const struct pci_tree *tree, enum group_kernel kernel, const uint32_t *group_of,
                          uint32_t function);

/** The corrected rule (A24): per function, the least function index of its set. */
void group_corrected_sets(const struct pci_tree *tree, enum group_kernel kernel, uint32_t *set_of);

#ifdef __cplusplus
}
#endif

#endif

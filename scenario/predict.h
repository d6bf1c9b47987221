/*
 * Predicts what enumeration would find, from a scenario alone: the same tree, functions in the same order, ACS as
 * software
 * would leave it, BARs where it would put them.
 */
#ifndef DOORBELL_SCENARIO_PREDICT_H
#define DOORBELL_SCENARIO_PREDICT_H

#include "host/enumerate.h"
#include "host/error.h"
#include "host/pci_tree.h"
#include "scenario/scenario.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes the tree. @param tree zeroed; release with pci_tree_clear() even after a failure
 * @param options what software is told about ACS and names
 * @return false with @p error
 */
bool predict_tree(const struct scenario *scenario, const struct enumerate_options *options, struct pci_tree *tree,
                  struct host_error *error);

#ifdef __cplusplus
}
#endif

#endif

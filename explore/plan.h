/*
 * Between the files of the board: what the software would decide about a system. It is the plan that `doorbell check`
 * makes (host/software.h, software_plan()), from a tree and firmware made in memory.
 */
#ifndef DOORBELL_EXPLORE_PLAN_H
#define DOORBELL_EXPLORE_PLAN_H

#include "explore/space.h"
#include "explore/use.h"
#include "host/error.h"
#include "host/pci_tree.h"
#include "host/software_view.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct explore_plan;

/** Makes a planner for systems within these bounds. Release with explore_plan_destroy(). */
struct explore_plan *explore_plan_create(const struct explore_bounds *bounds, const struct explore_software *software);

/** Releases it; NULL is allowed. The tree of the last plan must have been taken back. */
void explore_plan_destroy(struct explore_plan *plan);

/** Names the requester IDs of a shape's endpoints. */
void explore_plan_set_devices(struct explore_plan *plan, const uint16_t *rids, unsigned count);

/**
 * Plans. @param tree lent until explore_plan_take_back(), and empty until then
 * @return false with @p error: the software could not bring the system up; the tree is still lent
 */
bool explore_plan_make(struct explore_plan *plan, const struct explore_labels *labels, struct pci_tree *tree,
                       struct host_error *error);

/** Forgets the last plan, if there is one, and gives its tree back. */
void explore_plan_take_back(struct explore_plan *plan, struct pci_tree *tree);

/** The system to judge, of the last plan. */
const struct assumption_system *explore_plan_system(const struct explore_plan *plan);

#ifdef __cplusplus
}
#endif

#endif

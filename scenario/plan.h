/*
 * What the software would decide about a scenario, without simulating: what enumeration would find (predict.h), and
 * what follows for groups, identifiers, domains, doorbells and DMA buffers (host/software.h, software_plan()).
 */
#ifndef DOORBELL_SCENARIO_PLAN_H
#define DOORBELL_SCENARIO_PLAN_H

#include "host/error.h"
#include "host/firmware.h"
#include "host/pci_tree.h"
#include "host/software.h"
#include "scenario/scenario.h"
#include "scenario/software_tables.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A plan; `software` points into the rest. It must stay where it was made. */
struct scenario_plan {
    struct software software;
    struct firmware firmware;
    struct software_tables tables;
    struct pci_tree tree;
    struct device_knowledge *known;
    bool *ats_of;
    bool *requests_of;
    const struct scenario *scenario;
    char name[64]; /**< of the function that was asked for last */
};

/**
 * Makes the plan of a scenario, which must outlive it. Release with scenario_plan_clear() even after a failure.
 * @return false with one sentence in @p error: the software could not bring this system up
 */
bool scenario_plan_make(const struct scenario *scenario, struct scenario_plan *plan, struct host_error *error);

/** Releases what a plan owns. */
void scenario_plan_clear(struct scenario_plan *plan);

#ifdef __cplusplus
}
#endif

#endif

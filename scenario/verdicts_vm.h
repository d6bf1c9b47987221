/*
 * Virtual machines as the judge of assumptions wants to see them: whose functions, behind which virtual IOMMU, with
 * which doorbell mapped where. From the scenario, and in a run from what the machines have really set up.
 */
#ifndef DOORBELL_SCENARIO_VERDICTS_VM_H
#define DOORBELL_SCENARIO_VERDICTS_VM_H

#include "host/assumptions.h"
#include "host/software.h"
#include "scenario/scenario.h"
#include "scenario/system.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What struct assumption_system points to of virtual machines. */
struct vm_view {
    const char **names;
    struct assumption_viommu *viommus;
    uint32_t viommu_count;
};

/** Domains that the machines add to those of the host, at most. */
size_t vm_view_domains(const struct scenario *scenario);

/**
 * Adds the machines of a scenario to a system to judge.
 * @param machines the system of a run; NULL: from the topology
 * @param domains  has room for vm_view_domains() more than judged->domain_count, which is raised
 */
void vm_view_add(const struct scenario *scenario, const struct software *software, struct system *machines,
                 struct assumption_system *judged, struct assumption_function *functions,
                 struct assumption_domain *domains, struct vm_view *view);

/** Frees what vm_view_add() took, but for the domains. */
void vm_view_clear(struct vm_view *view);

#ifdef __cplusplus
}
#endif

#endif

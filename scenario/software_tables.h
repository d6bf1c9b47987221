/*
 * What a scenario says about consumers and reserved regions, as the software wants to be told.
 */
#ifndef DOORBELL_SCENARIO_SOFTWARE_TABLES_H
#define DOORBELL_SCENARIO_SOFTWARE_TABLES_H

#include "host/software.h"
#include "scenario/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Arrays that a struct software_config points to. */
struct software_tables {
    struct consumer_config *consumers;
    struct consumer_device *devices;
    struct reserved_region *reserved;
    struct smmu_driver_config *smmus;
    struct v2m_driver_config *frames;
    struct pasid_config *pasids;
    struct interrupt_affinity *affinities;
};

/** Makes the arrays and points @p config to them. Release with software_tables_clear() when the software is gone. */
void software_tables_make(const struct scenario *scenario, struct software_tables *tables,
                          struct software_config *config);

/** What software is told about an SMMU. */
struct smmu_driver_config software_smmu_config(const struct scenario_smmu *smmu, uint64_t page_size);

void software_tables_clear(struct software_tables *tables);

#ifdef __cplusplus
}
#endif

#endif

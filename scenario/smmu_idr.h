/*
 * What a scenario says that an SMMU implements, for the model.
 */
#ifndef DOORBELL_SCENARIO_SMMU_IDR_H
#define DOORBELL_SCENARIO_SMMU_IDR_H

#include "models/smmuv3/smmu.h"
#include "scenario/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Sets the sizes and features of a configuration that identification registers show; everything else stays. */
void smmu_idr_apply(const struct scenario_smmu *from, struct smmu_config *config);

#ifdef __cplusplus
}
#endif

#endif

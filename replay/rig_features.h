/* What a recording's identification registers say of its hardware, as configurations of the models. */
#ifndef DOORBELL_REPLAY_RIG_FEATURES_H
#define DOORBELL_REPLAY_RIG_FEATURES_H

#include "models/gic-its/its.h"
#include "models/smmuv3/smmu.h"
#include "replay/recording.h"

#ifdef __cplusplus
extern "C" {
#endif

struct replay_features {
    struct smmu_config smmu;
    struct its_config its; /**< its intid_bits are the redistributors', too */
};

/**
 * Reads SMMU_IDR0, 1, 3, 5, GITS_TYPER and GICD_TYPER of the first snapshot. What the models lack is left out: the
 * comparison will show whether it matters.
 * @param preset of the SMMU's structures and times; NULL: the default
 * @return false if a register is absent, or the models do not take what it says: @p diagnostics say why
 */
bool replay_features_read(struct replay_features *features, const struct replay_recording *recording, uint32_t cpus,
                          const char *preset, struct diagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif

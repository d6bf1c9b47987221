/*
 * Replay: a recording of what a real driver did to an SMMUv3 and a GICv3 ITS, done again to the models, and everything
 * that came of it compared. docs/replay.md has the format of recordings and says what is compared.
 */
#ifndef DOORBELL_REPLAY_REPLAY_H
#define DOORBELL_REPLAY_REPLAY_H

#include "result/replay.h"
#include "scenario/diagnostics.h"
#include "sim/sim.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which of the two ways to replay. */
enum replay_mode {
    REPLAY_MODE_BOTH,
    REPLAY_MODE_STATIC,   /**< snapshots of memory and registers, and every mapping that they hold */
    REPLAY_MODE_TIMELINE, /**< everything in its order */
};

/** "No snapshot in particular". */
#define REPLAY_ALL_SNAPSHOTS UINT64_MAX

struct replay_options {
    enum replay_mode mode;
    enum sim_engine_kind engine;
    const struct sim_engine_ops *ops; /**< of SIM_ENGINE_SYSTEMC */
    bool shuffle;
    uint64_t shuffle_seed;
    const char *preset;  /**< of the SMMU's structures and times (smmu_config_preset()); NULL: the default */
    uint64_t until;      /**< the timeline ends behind this seq; UINT64_MAX: with the recording */
    uint64_t snapshot;   /**< the only one to be compared; REPLAY_ALL_SNAPSHOTS: all */
    uint64_t mismatches; /**< list at most so many mismatches; all are counted */
    const volatile sig_atomic_t *interrupted; /**< not 0: end here, with what there is; may be NULL */
    sim_panic_fn panic;                       /**< see struct sim_config */
    void *panic_context;
};

/** Everything, on the native engine, at most 20 mismatches listed. */
void replay_options_default(struct replay_options *options);

/**
 * Replays a recording.
 * @param result      receives what was recorded, compared and found; to be released with replay_result_clear() in any
 *                    case
 * @param diagnostics receives what is wrong with the recording
 * @return false if the recording cannot be replayed: nothing was simulated
 */
bool replay_run(const char *directory, const struct replay_options *options, struct replay_result *result,
                struct diagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif

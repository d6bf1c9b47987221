#include "replay/replay.h"

#include "models/gic-its/its_registers.h"
#include "replay/player.h"
#include "replay/summary.h"

#include <string.h>

#define DEFAULT_MISMATCHES 20u

void replay_options_default(struct replay_options *options)
{
    *options = (struct replay_options){.mode = REPLAY_MODE_BOTH,
                                       .engine = SIM_ENGINE_NATIVE,
                                       .until = UINT64_MAX,
                                       .snapshot = REPLAY_ALL_SNAPSHOTS,
                                       .mismatches = DEFAULT_MISMATCHES};
}

/** Whether the timeline goes to the end of the recording, so that the final routes are there. */
static bool is_whole(const struct replay_player *player)
{
    return player->options->until == UINT64_MAX && !replay_is_interrupted(player);
}

static void play(struct replay_player *player)
{
    const struct replay_options *options = player->options;

    player->ite_bytes = (uint32_t)GIC_GET(replay_rig_read(&player->rig, player->rig.map.its + GITS_TYPER, 8),
                                          GITS_TYPER_ITT_ENTRY_SIZE) +
                        1;
    replay_timeline(player, options->mode == REPLAY_MODE_STATIC);
    if (is_whole(player)) {
        replay_routes(player);
    }
    if (options->mode != REPLAY_MODE_TIMELINE) {
        replay_snapshots(player);
    }
    player->result->interrupted = replay_is_interrupted(player);
    player->result->simulated = sim_now(player->rig.sim);
    player->result->evaluations = sim_evaluations(player->rig.sim);
}

bool replay_run(const char *directory, const struct replay_options *options, struct replay_result *result,
                struct diagnostics *diagnostics)
{
    struct replay_recording recording;
    struct replay_player player = {.recording = &recording, .options = options, .result = result};
    bool possible;

    memset(result, 0, sizeof(*result));
    result->mismatch_limit = (size_t)options->mismatches;
    possible = replay_recording_load(&recording, directory, diagnostics);
    if (possible && options->snapshot != REPLAY_ALL_SNAPSHOTS && options->snapshot >= recording.snapshot_count) {
        const struct diagnostic_where where = {.file = recording.regs.path};

        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, &where, "E0105 there is no snapshot %llu, but 0 to %zu",
                        (unsigned long long)options->snapshot, recording.snapshot_count - 1);
        possible = false;
    }
    if (possible) {
        possible = replay_rig_create(&player.rig, &recording, options, diagnostics);
    }
    if (possible) {
        replay_summarise(&recording, result);
        play(&player);
    }
    replay_rig_destroy(&player.rig);
    replay_recording_clear(&recording);
    return possible;
}

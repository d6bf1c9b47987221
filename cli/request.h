/* A command line, understood: what to do, to what, how. */
#ifndef DOORBELL_CLI_REQUEST_H
#define DOORBELL_CLI_REQUEST_H

#include "cli/table.h"
#include "replay/replay.h"
#include "report/difference.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How rows are written. */
enum cli_format {
    CLI_FORMAT_TEXT,
    CLI_FORMAT_CSV,
    CLI_FORMAT_JSONL,
    CLI_FORMAT_SVG,
    CLI_FORMAT_DOT,
};

/** The bounds of an exploration. */
enum cli_bound {
    CLI_BOUND_ENDPOINTS,
    CLI_BOUND_SWITCHES,
    CLI_BOUND_ITS,
    CLI_BOUND_SMMUS,
    CLI_BOUND_ACS,
    CLI_BOUND_FUNCTIONS,
    CLI_BOUND_LIMIT,
    CLI_BOUND_GUEST_DOORBELLS,
    CLI_BOUND_IDENTITY_PAGES,
    CLI_BOUNDS,
};

struct cli_bound_value {
    bool given;
    uint64_t value;
};

/** What the command line asks for. Strings belong to argv. Release with cli_request_clear(). */
struct cli_request {
    enum cli_verb verb;    /**< CLI_VERBS if it is not known */
    bool help;             /**< help for the verb is wanted, whatever else is */
    const char *operand;   /**< file, or verb to explain; NULL if none was given */
    const char *second;    /**< second operand, of verbs that take two */
    const char **operands; /**< all of them: array of operand_count */
    size_t operand_count;
    const char **sets; /**< array of set_count texts "KEY=VALUE", in order */
    size_t set_count;
    enum sim_engine_kind engine; /**< SIM_ENGINE_NATIVE unless given */
    bool engine_given;
    bool seed_given;
    uint64_t seed;
    bool shuffle;
    uint64_t shuffle_seed;
    bool bless;
    struct tolerances tolerances;
    const char *junit;     /**< file; NULL: none */
    const char *timeline;  /**< file; NULL: no timeline */
    const char *trace_vcd; /**< file; NULL: no waveform */
    bool occupancy;
    const char **scopes; /**< array of scope_count patterns */
    size_t scope_count;
    bool window_given;
    sim_time window_from; /**< femtoseconds from the start of the traffic */
    sim_time window_to;
    const char **only; /**< array of only_count device names */
    size_t only_count;
    enum replay_mode mode; /**< REPLAY_MODE_BOTH unless given */
    const char *preset;    /**< NULL unless given */
    bool until_given;
    uint64_t until;
    bool snapshot_given;
    uint64_t snapshot;
    bool mismatches_given;
    uint64_t mismatches;
    unsigned jobs;        /**< 0 unless given */
    const char *database; /**< NULL unless given */
    bool resume;
    bool retry;
    uint32_t shard; /**< 1..shards; 0 unless given */
    uint32_t shards;
    uint32_t parts;       /**< 0 unless given */
    const char **metrics; /**< array of metric_count names */
    size_t metric_count;
    const char *device; /**< NULL unless given */
    enum cli_format format;
    struct cli_bound_value bounds[CLI_BOUNDS];
    const char *grouping; /**< NULL unless given */
    bool identity;
    bool unmapped;
    const char *consumers;   /**< words with commas; NULL unless given */
    const char *rules;       /**< the same */
    const char *controllers; /**< the same */
    const char *pasids;      /**< the same */
    bool json;
    const char *output; /**< NULL: standard output */
};

/** What is wrong with a command line. */
struct cli_problem {
    char message[1024]; /**< the code (result/error_code.h), then one sentence, no full stop */
    char hint[256];     /**< what would be right; empty if nothing comes to mind */
};

/**
 * Understands a command line. Options may stand before and after the operand, "--" ends them; abbreviations of options
 * are refused, since a new option would change what they mean.
 * @param argc,argv as main() has them; argv[0] is ignored
 * @param request   receives what is asked for; to be cleared in any case. `json` is set as soon as the word --json is
 *                  on the command line, right or wrong, so that a failure can be told in JSON
 * @param problem   receives what is wrong
 * @return whether the command line is right
 */
bool cli_request_parse(int argc, char *argv[], struct cli_request *request, struct cli_problem *problem);

/** Releases what the request owns. */
void cli_request_clear(struct cli_request *request);

#ifdef __cplusplus
}
#endif

#endif

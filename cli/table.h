/*
 * The one table of what the command line understands. Parsing, `doorbell help`, and whatever documents the command
 * (manual page, completions) are made from it.
 */
#ifndef DOORBELL_CLI_TABLE_H
#define DOORBELL_CLI_TABLE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cli_verb {
    CLI_VERB_RUN,
    CLI_VERB_CHECK,
    CLI_VERB_SHOW,
    CLI_VERB_REPLAY,
    CLI_VERB_CALIBRATE,
    CLI_VERB_GOLDEN,
    CLI_VERB_COMPARE,
    CLI_VERB_IMPORT,
    CLI_VERB_TOPO,
    CLI_VERB_EXPLAIN,
    CLI_VERB_SWEEP,
    CLI_VERB_QUERY,
    CLI_VERB_BOTTLENECK,
    CLI_VERB_REPORT,
    CLI_VERB_EXPLORE,
    CLI_VERB_PARAMS,
    CLI_VERB_COMPLETION,
    CLI_VERB_MAN,
    CLI_VERB_HELP,
    CLI_VERB_VERSION,
    CLI_VERBS,
};

enum cli_option {
    CLI_OPTION_SET,
    CLI_OPTION_ENGINE,
    CLI_OPTION_SEED,
    CLI_OPTION_SHUFFLE,
    CLI_OPTION_BLESS,
    CLI_OPTION_TOLERANCE,
    CLI_OPTION_JUNIT,
    CLI_OPTION_TIMELINE,
    CLI_OPTION_TRACE_VCD,
    CLI_OPTION_OCCUPANCY,
    CLI_OPTION_SCOPE,
    CLI_OPTION_WINDOW,
    CLI_OPTION_ONLY,
    CLI_OPTION_MODE,
    CLI_OPTION_PRESET,
    CLI_OPTION_UNTIL,
    CLI_OPTION_SNAPSHOT,
    CLI_OPTION_MISMATCHES,
    CLI_OPTION_JOBS,
    CLI_OPTION_DATABASE,
    CLI_OPTION_RESUME,
    CLI_OPTION_RETRY,
    CLI_OPTION_SHARD,
    CLI_OPTION_SCHEDULER,
    CLI_OPTION_PARTS,
    CLI_OPTION_METRIC,
    CLI_OPTION_DEVICE,
    CLI_OPTION_FORMAT,
    CLI_OPTION_ENDPOINTS,
    CLI_OPTION_SWITCHES,
    CLI_OPTION_ITS,
    CLI_OPTION_SMMUS,
    CLI_OPTION_ACS,
    CLI_OPTION_FUNCTIONS,
    CLI_OPTION_LIMIT,
    CLI_OPTION_GUEST_DOORBELLS,
    CLI_OPTION_IDENTITY_PAGES,
    CLI_OPTION_GROUPING,
    CLI_OPTION_IDENTITY,
    CLI_OPTION_CONSUMERS,
    CLI_OPTION_RULES,
    CLI_OPTION_CONTROLLERS,
    CLI_OPTION_PASIDS,
    CLI_OPTION_UNMAPPED,
    CLI_OPTION_JSON,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_HELP,
    CLI_OPTIONS,
};

/** One verb. */
struct cli_verb_entry {
    const char *name;
    const char *operand; /**< what follows the verb, for people: "FILE"; NULL if nothing may */
    size_t operands_min; /**< how many operands there must and may be */
    size_t operands_max;
    const char *summary;      /**< one line, no full stop */
    const char *const *about; /**< lines of the help text below the usage; ends with NULL */
};

/** One option. */
struct cli_option_entry {
    const char *name;     /**< the long form, without dashes */
    char letter;          /**< the short form; '\0' if none */
    const char *argument; /**< what its argument is, for people; NULL if it takes none */
    unsigned verbs;       /**< bit v set: verb v takes it */
    const char *summary;  /**< one or more lines, separated by '\n' */
};

/** The verbs, indexed by enum cli_verb, and the options, indexed by enum cli_option. */
extern const struct cli_verb_entry cli_verb_table[CLI_VERBS];

/** Another name of a verb. */
struct cli_alias_entry {
    const char *name;
    enum cli_verb verb;
};

#define CLI_ALIASES 1
extern const struct cli_alias_entry cli_alias_table[CLI_ALIASES];

/** The verb of a word, by its name or by another that it has ("check-golden" is golden); CLI_VERBS if there is none. */
enum cli_verb cli_verb_named(const char *word);

extern const struct cli_option_entry cli_option_table[CLI_OPTIONS];

/** One exit status: the number, or numbers, and the meaning, one line. */
struct cli_exit_entry {
    const char *status;
    const char *meaning;
};

/** The exit statuses, in ascending order. */
#define CLI_EXITS 6
extern const struct cli_exit_entry cli_exit_table[CLI_EXITS];

/** What the command is for, one sentence. */
extern const char cli_purpose[];

/** Engine names as --engine takes them, indexed by enum sim_engine_kind. */
#define CLI_ENGINES 3
extern const char *const cli_engine_names[CLI_ENGINES];

/** Ways to replay as --mode takes them, indexed by enum replay_mode. */
#define CLI_MODES 3
extern const char *const cli_mode_names[CLI_MODES];

#ifdef __cplusplus
}
#endif

#endif

#include "cli/request.h"

#include "cli/suggest.h"
#include "scenario/units.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What getopt_long returns of a long option: beyond every letter, so that table index and letter cannot be confused. */
#define LONG_OPTION_BASE 256
/* With '-' first in the list of letters, what is no option comes back, in its place, under this number. */
#define OPERAND 1

/** getopt's own form of the options that one verb takes. */
struct option_lists {
    struct option longs[CLI_OPTIONS + 1];
    char letters[2 * CLI_OPTIONS + 3];
};

__attribute__((format(printf, 2, 3))) static bool complain(struct cli_problem *problem, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(problem->message, sizeof(problem->message), format, arguments);
    va_end(arguments);
    return false;
}

static void hint_nearest(struct cli_problem *problem, const char *before, const char *word, const char *const *words,
                         size_t count)
{
    const char *nearest = cli_suggest(word, words, count);

    if (nearest != NULL) {
        snprintf(problem->hint, sizeof(problem->hint), "did you mean '%s%s'?", before, nearest);
    }
}

static bool takes(enum cli_verb verb, size_t option)
{
    return (cli_option_table[option].verbs & 1U << verb) != 0;
}

static void make_option_lists(enum cli_verb verb, struct option_lists *lists)
{
    size_t count = 0;
    size_t letters = 0;

    memset(lists, 0, sizeof(*lists));
    lists->letters[letters++] = '-';
    lists->letters[letters++] = ':';
    for (size_t i = 0; i < CLI_OPTIONS; i++) {
        const struct cli_option_entry *entry = &cli_option_table[i];
        bool has_argument = entry->argument != NULL;

        if (!takes(verb, i)) {
            continue;
        }
        lists->longs[count++] = (struct option){entry->name, has_argument ? required_argument : no_argument, NULL,
                                                LONG_OPTION_BASE + (int)i};
        if (entry->letter != '\0') {
            lists->letters[letters++] = entry->letter;
            if (has_argument) {
                lists->letters[letters++] = ':';
            }
        }
    }
}

/** The option of a verb by its letter, or CLI_OPTIONS. */
static size_t option_of_letter(enum cli_verb verb, int letter)
{
    for (size_t i = 0; i < CLI_OPTIONS; i++) {
        if (takes(verb, i) && cli_option_table[i].letter == letter) {
            return i;
        }
    }
    return CLI_OPTIONS;
}

static bool unknown_option(enum cli_verb verb, const char *word, struct cli_problem *problem)
{
    const char *names[CLI_OPTIONS];
    size_t count = 0;
    char bare[CLI_SUGGEST_MAX + 1];

    snprintf(bare, sizeof(bare), "%s", word + strspn(word, "-"));
    bare[strcspn(bare, "=")] = '\0';
    for (size_t i = 0; i < CLI_OPTIONS; i++) {
        if (takes(verb, i)) {
            names[count++] = cli_option_table[i].name;
        } else if (strcmp(cli_option_table[i].name, bare) == 0) {
            return complain(problem, "E0103 'doorbell %s' takes no option --%s", cli_verb_table[verb].name, bare);
        }
    }
    hint_nearest(problem, "--", bare, names, count);
    return complain(problem, "E0103 'doorbell %s' knows no option '%s'", cli_verb_table[verb].name, word);
}

static bool parse_number(const char *text, const char *option, uint64_t *value, struct cli_problem *problem)
{
    char *end = NULL;

    errno = 0;
    if (isdigit((unsigned char)text[0])) { /* strtoull would take blanks and signs */
        *value = strtoull(text, &end, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
    }
    if (end == NULL || *end != '\0' || end == text || errno != 0) {
        snprintf(problem->hint, sizeof(problem->hint), "it takes 0 to 18446744073709551615, or the same as 0x...");
        return complain(problem, "E0105 --%s: '%s' is not such a number", option, text);
    }
    return true;
}

static bool parse_engine(const char *text, struct cli_request *request, struct cli_problem *problem)
{
    for (size_t i = 0; i < CLI_ENGINES; i++) {
        if (strcmp(text, cli_engine_names[i]) == 0) {
            request->engine = (enum sim_engine_kind)i;
            request->engine_given = true;
            return true;
        }
    }
    hint_nearest(problem, "", text, cli_engine_names, CLI_ENGINES);
    if (strcmp(text, "slurm") == 0) {
        snprintf(
            problem->hint, sizeof(problem->hint),
            "an engine runs a simulation; Slurm runs the parts of a sweep: 'doorbell sweep submit --scheduler slurm'");
    }
    return complain(problem, "E0105 --engine: there is no engine '%s', but native, every-cycle and systemc", text);
}

/** Adds a text to an array of the request. */
static bool append(const char ***texts, size_t *count, const char *text, struct cli_problem *problem)
{
    const char **grown = realloc(*texts, (*count + 1) * sizeof(*grown));

    if (grown == NULL) {
        return complain(problem, "E0203 out of memory");
    }
    *texts = grown;
    grown[(*count)++] = text;
    return true;
}

/** One end of a window. */
static bool parse_instant(const char *text, size_t length, const char *option, sim_time *value,
                          struct cli_problem *problem)
{
    char copy[64];
    struct units_problem wrong;

    if (length >= sizeof(copy)) {
        return complain(problem, "E0105 --%s: '%.*s' is no time", option, (int)length, text);
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (units_parse(UNITS_TIME, copy, value, &wrong)) {
        return true;
    }
    snprintf(problem->hint, sizeof(problem->hint), "for example --%s 0us..20us", option);
    return complain(problem, "E0105 --%s: '%s': %s", option, copy, wrong.message);
}

static bool parse_window(const char *text, const char *option, struct cli_request *request, struct cli_problem *problem)
{
    const char *dots = strstr(text, "..");

    if (dots == NULL) {
        snprintf(problem->hint, sizeof(problem->hint), "for example --%s 0us..20us", option);
        return complain(problem, "E0105 --%s: '%s' is not FROM..TO", option, text);
    }
    request->window_given = true;
    if (!parse_instant(text, (size_t)(dots - text), option, &request->window_from, problem) ||
        !parse_instant(dots + 2, strlen(dots + 2), option, &request->window_to, problem)) {
        return false;
    }
    return request->window_from < request->window_to || complain(problem, "E0105 --%s: '%s' is empty", option, text);
}

static bool parse_mode(const char *text, struct cli_request *request, struct cli_problem *problem)
{
    for (size_t i = 0; i < CLI_MODES; i++) {
        if (strcmp(text, cli_mode_names[i]) == 0) {
            request->mode = (enum replay_mode)i;
            return true;
        }
    }
    hint_nearest(problem, "", text, cli_mode_names, CLI_MODES);
    return complain(problem, "E0105 --mode: there is no mode '%s', but both, static and timeline", text);
}

static bool add_set(const char *text, struct cli_request *request, struct cli_problem *problem)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text) {
        snprintf(problem->hint, sizeof(problem->hint), "for example --set seed=7");
        return complain(problem, "E0105 --set: '%s' is not KEY=VALUE", text);
    }
    return append(&request->sets, &request->set_count, text, problem);
}

/** An option that names a file to write. */
static bool take_file(const char *argument, const char *option, const char **file, struct cli_problem *problem)
{
    *file = argument;
    return argument[0] != '\0' || complain(problem, "E0105 --%s: the file has no name", option);
}

/** An option with a number that counts only if it was given. */
static bool take_number(const char *argument, const char *option, bool *given, uint64_t *value,
                        struct cli_problem *problem)
{
    *given = true;
    return parse_number(argument, option, value, problem);
}

static bool take_flag(bool *flag)
{
    *flag = true;
    return true;
}

static bool add_tolerance(const char *argument, const char *option, struct cli_request *request,
                          struct cli_problem *problem)
{
    if (tolerances_add(&request->tolerances, argument)) {
        return true;
    }
    snprintf(problem->hint, sizeof(problem->hint), "for example --tolerance 'latency.*-fs=2%%'");
    return complain(problem, "E0105 --%s: '%s' is not METRIC=N, METRIC=N%% or METRIC=any", option, argument);
}

static bool parse_jobs(const char *text, const char *option, struct cli_request *request, struct cli_problem *problem)
{
    uint64_t jobs = 0;

    if (!parse_number(text, option, &jobs, problem)) {
        return false;
    }
    request->jobs = (unsigned)jobs;
    snprintf(problem->hint, sizeof(problem->hint), "1 to 1024 workers");
    return (jobs >= 1 && jobs <= 1024) || complain(problem, "E0105 --%s: %s workers cannot be", option, text);
}

/** K/N. */
static bool parse_shard(const char *text, const char *option, struct cli_request *request, struct cli_problem *problem)
{
    const char *slash = strchr(text, '/');
    char first[24];
    uint64_t part = 0;
    uint64_t parts = 0;

    if (slash == NULL || (size_t)(slash - text) >= sizeof(first)) {
        snprintf(problem->hint, sizeof(problem->hint), "for example --%s 1/4", option);
        return complain(problem, "E0105 --%s: '%s' is not K/N", option, text);
    }
    snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
    if (!parse_number(first, option, &part, problem) || !parse_number(slash + 1, option, &parts, problem)) {
        return false;
    }
    if (part < 1 || part > parts || parts > UINT32_MAX) {
        snprintf(problem->hint, sizeof(problem->hint), "parts are numbered from 1");
        return complain(problem, "E0105 --%s: there is no part %s", option, text);
    }
    request->shard = (uint32_t)part;
    request->shards = (uint32_t)parts;
    return true;
}

static bool parse_parts(const char *text, const char *option, struct cli_request *request, struct cli_problem *problem)
{
    uint64_t parts = 0;

    if (!parse_number(text, option, &parts, problem)) {
        return false;
    }
    request->parts = (uint32_t)parts;
    snprintf(problem->hint, sizeof(problem->hint), "1 to 100000 parts");
    return (parts >= 1 && parts <= 100000) || complain(problem, "E0105 --%s: %s parts cannot be", option, text);
}

static bool parse_format(const char *text, struct cli_request *request, struct cli_problem *problem)
{
    static const struct {
        const char *name;
        enum cli_format format;
        enum cli_verb verb; /* that has it; CLI_VERBS: every verb with formats */
    } formats[] = {{"text", CLI_FORMAT_TEXT, CLI_VERBS},
                   {"csv", CLI_FORMAT_CSV, CLI_VERB_QUERY},
                   {"jsonl", CLI_FORMAT_JSONL, CLI_VERB_QUERY},
                   {"svg", CLI_FORMAT_SVG, CLI_VERB_TOPO},
                   {"dot", CLI_FORMAT_DOT, CLI_VERB_TOPO}};
    const char *names[sizeof(formats) / sizeof(formats[0])];
    size_t count = 0;

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (formats[i].verb != CLI_VERBS && formats[i].verb != request->verb) {
            continue;
        }
        names[count++] = formats[i].name;
        if (strcmp(text, formats[i].name) == 0) {
            request->format = formats[i].format;
            return true;
        }
    }
    hint_nearest(problem, "", text, names, count);
    return complain(problem, "E0105 --format: there is no format '%s', but %s, %s and %s", text, names[0], names[1],
                    names[2]);
}

/** The options of sweeps and what is asked of them. @return whether it is one; *good whether it is right */
static bool take_sweep_option(enum cli_option option, const char *argument, struct cli_request *request,
                              struct cli_problem *problem, bool *good)
{
    const char *name = cli_option_table[option].name;

    switch (option) {
    case CLI_OPTION_JOBS:
        *good = parse_jobs(argument, name, request, problem);
        return true;
    case CLI_OPTION_DATABASE:
        *good = take_file(argument, name, &request->database, problem);
        return true;
    case CLI_OPTION_RESUME:
        *good = take_flag(&request->resume);
        return true;
    case CLI_OPTION_RETRY:
        *good = take_flag(&request->retry);
        return true;
    case CLI_OPTION_SHARD:
        *good = parse_shard(argument, name, request, problem);
        return true;
    case CLI_OPTION_SCHEDULER:
        snprintf(problem->hint, sizeof(problem->hint), "slurm is the one that there is");
        *good = strcmp(argument, "slurm") == 0 || complain(problem, "E0105 --%s: '%s' is not known", name, argument);
        return true;
    case CLI_OPTION_PARTS:
        *good = parse_parts(argument, name, request, problem);
        return true;
    case CLI_OPTION_METRIC:
        *good = append(&request->metrics, &request->metric_count, argument, problem);
        return true;
    case CLI_OPTION_DEVICE:
        request->device = argument;
        *good = true;
        return true;
    case CLI_OPTION_FORMAT:
        *good = parse_format(argument, request, problem);
        return true;
    default:
        return false;
    }
}

/** The options of explorations. @return whether it is one; *good whether it is right */
static bool take_explore_option(enum cli_option option, const char *argument, struct cli_request *request,
                                struct cli_problem *problem, bool *good)
{
    const char *name = cli_option_table[option].name;

    if (option >= CLI_OPTION_ENDPOINTS && option <= CLI_OPTION_IDENTITY_PAGES) {
        struct cli_bound_value *bound = &request->bounds[option - CLI_OPTION_ENDPOINTS];

        *good = take_number(argument, name, &bound->given, &bound->value, problem);
        return true;
    }
    switch (option) {
    case CLI_OPTION_GROUPING:
        request->grouping = argument;
        *good = true;
        return true;
    case CLI_OPTION_IDENTITY:
        *good = take_flag(&request->identity);
        return true;
    case CLI_OPTION_CONSUMERS:
        request->consumers = argument;
        *good = true;
        return true;
    case CLI_OPTION_UNMAPPED:
        *good = take_flag(&request->unmapped);
        return true;
    case CLI_OPTION_PASIDS:
        request->pasids = argument;
        *good = true;
        return true;
    case CLI_OPTION_CONTROLLERS:
        request->controllers = argument;
        *good = true;
        return true;
    case CLI_OPTION_RULES:
        request->rules = argument;
        *good = true;
        return true;
    default:
        return false;
    }
}

static bool take_option(enum cli_option option, const char *argument, struct cli_request *request,
                        struct cli_problem *problem)
{
    const char *name = cli_option_table[option].name;
    bool good = false;

    switch (option) {
    case CLI_OPTION_SET:
        return add_set(argument, request, problem);
    case CLI_OPTION_ENGINE:
        return parse_engine(argument, request, problem);
    case CLI_OPTION_SEED:
        return take_number(argument, name, &request->seed_given, &request->seed, problem);
    case CLI_OPTION_SHUFFLE:
        return take_number(argument, name, &request->shuffle, &request->shuffle_seed, problem);
    case CLI_OPTION_UNTIL:
        return take_number(argument, name, &request->until_given, &request->until, problem);
    case CLI_OPTION_SNAPSHOT:
        return take_number(argument, name, &request->snapshot_given, &request->snapshot, problem);
    case CLI_OPTION_MISMATCHES:
        return take_number(argument, name, &request->mismatches_given, &request->mismatches, problem);
    case CLI_OPTION_JUNIT:
        return take_file(argument, name, &request->junit, problem);
    case CLI_OPTION_TIMELINE:
        return take_file(argument, name, &request->timeline, problem);
    case CLI_OPTION_TRACE_VCD:
        return take_file(argument, name, &request->trace_vcd, problem);
    case CLI_OPTION_SCOPE:
        return append(&request->scopes, &request->scope_count, argument, problem);
    case CLI_OPTION_OUTPUT:
        return take_file(argument, name, &request->output, problem);
    case CLI_OPTION_TOLERANCE:
        return add_tolerance(argument, name, request, problem);
    case CLI_OPTION_WINDOW:
        return parse_window(argument, name, request, problem);
    case CLI_OPTION_ONLY:
        return append(&request->only, &request->only_count, argument, problem);
    case CLI_OPTION_MODE:
        return parse_mode(argument, request, problem);
    case CLI_OPTION_PRESET:
        request->preset = argument;
        return true;
    case CLI_OPTION_OCCUPANCY:
        return take_flag(&request->occupancy);
    case CLI_OPTION_BLESS:
        return take_flag(&request->bless);
    case CLI_OPTION_JSON:
        return take_flag(&request->json);
    case CLI_OPTION_HELP:
        return take_flag(&request->help);
    default:
        break;
    }
    return take_sweep_option(option, argument, request, problem, &good) ||
                   take_explore_option(option, argument, request, problem, &good)
               ? good
               : complain(problem, "E0103 --%s is not understood", name);
}

static bool take_operand(const char *word, size_t *count, struct cli_request *request, struct cli_problem *problem)
{
    const struct cli_verb_entry *verb = &cli_verb_table[request->verb];

    if (*count == verb->operands_max) {
        return complain(problem, "E0106 'doorbell %s' does not know what to do with '%s'", verb->name, word);
    }
    if (*count == 0) {
        request->operand = word;
    } else if (*count == 1) {
        request->second = word;
    }
    (*count)++;
    return append(&request->operands, &request->operand_count, word, problem);
}

/** The word of argv that getopt_long just took a long option from: the one before, if the argument is its own word. */
static const char *option_word(char *argv[], bool has_argument)
{
    const char *last = argv[optind - 1];

    if (has_argument && optarg == last) {
        return argv[optind - 2];
    }
    return last;
}

/** The option that getopt_long's number stands for: beyond LONG_OPTION_BASE a long one, else a letter. */
static size_t option_of_code(enum cli_verb verb, int code)
{
    return code >= LONG_OPTION_BASE ? (size_t)(code - LONG_OPTION_BASE) : option_of_letter(verb, code);
}

/** Why getopt_long refused a word. */
static bool refused(int code, char *argv[], enum cli_verb verb, struct cli_problem *problem)
{
    size_t option = optopt == 0 ? CLI_OPTIONS : option_of_code(verb, optopt);

    if (option < CLI_OPTIONS && code == ':') {
        return complain(problem, "E0104 --%s needs its argument, %s", cli_option_table[option].name,
                        cli_option_table[option].argument);
    }
    if (option < CLI_OPTIONS) {
        return complain(problem, "E0104 --%s takes no argument", cli_option_table[option].name);
    }
    if (optopt != 0) {
        const char letter[] = {'-', (char)optopt, '\0'};

        return unknown_option(verb, letter, problem);
    }
    return unknown_option(verb, argv[optind - 1], problem);
}

/** What one return of getopt_long means. */
static bool take_parsed(int code, char *argv[], size_t *operands, struct cli_request *request,
                        struct cli_problem *problem)
{
    size_t option;

    if (code == OPERAND) {
        return take_operand(optarg, operands, request, problem);
    }
    option = code == '?' || code == ':' ? CLI_OPTIONS : option_of_code(request->verb, code);
    if (option >= CLI_OPTIONS) {
        return refused(code, argv, request->verb, problem);
    }
    if (code >= LONG_OPTION_BASE) {
        const char *word = option_word(argv, cli_option_table[option].argument != NULL);

        if (strcspn(word + 2, "=") != strlen(cli_option_table[option].name)) {
            return unknown_option(request->verb, word, problem);
        }
    }
    return take_option((enum cli_option)option, optarg, request, problem);
}

/** Everything after the verb. @param argc,argv begin with the verb, which getopt_long takes for the program's name */
static bool parse_rest(int argc, char *argv[], struct cli_request *request, struct cli_problem *problem)
{
    const struct cli_verb_entry *verb = &cli_verb_table[request->verb];
    struct option_lists lists;
    size_t operands = 0;

    make_option_lists(request->verb, &lists);
    opterr = 0;
    optind = 0; /* makes getopt_long forget any earlier command line */
    for (;;) {
        int code;

        optopt = 0;
        code = getopt_long(argc, argv, lists.letters, lists.longs, NULL);
        if (code == -1) {
            break;
        }
        if (!take_parsed(code, argv, &operands, request, problem)) {
            return false;
        }
    }
    for (int i = optind; i < argc; i++) { /* after "--" */
        if (!take_operand(argv[i], &operands, request, problem)) {
            return false;
        }
    }
    if (operands < verb->operands_min && !request->help) {
        return complain(problem, "E0106 'doorbell %s' needs a %s", verb->name, verb->operand);
    }
    return true;
}

static bool parse_verb(const char *word, struct cli_request *request, struct cli_problem *problem)
{
    const char *names[CLI_VERBS + CLI_ALIASES];

    request->verb = cli_verb_named(word);
    if (request->verb != CLI_VERBS) {
        return true;
    }
    for (size_t i = 0; i < CLI_VERBS; i++) {
        names[i] = cli_verb_table[i].name;
    }
    for (size_t i = 0; i < CLI_ALIASES; i++) {
        names[CLI_VERBS + i] = cli_alias_table[i].name;
    }
    if (word[0] == '-') {
        snprintf(problem->hint, sizeof(problem->hint), "options come after the verb, as in 'doorbell run FILE --json'");
        return complain(problem, "E0102 '%s' stands where the verb belongs", word);
    }
    hint_nearest(problem, "doorbell ", word, names, CLI_VERBS + CLI_ALIASES);
    return complain(problem, "E0102 there is no verb '%s'", word);
}

bool cli_request_parse(int argc, char *argv[], struct cli_request *request, struct cli_problem *problem)
{
    memset(request, 0, sizeof(*request));
    memset(problem, 0, sizeof(*problem));
    request->verb = CLI_VERBS;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        request->json = request->json || strcmp(argv[i], "--json") == 0;
    }
    if (argc < 2) {
        snprintf(problem->hint, sizeof(problem->hint), "'doorbell help' lists the verbs");
        return complain(problem, "E0101 a verb is missing");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        request->verb = CLI_VERB_HELP;
        return true;
    }
    if (strcmp(argv[1], "--version") == 0) {
        request->verb = CLI_VERB_VERSION;
        return true;
    }
    return parse_verb(argv[1], request, problem) && parse_rest(argc - 1, argv + 1, request, problem);
}

void cli_request_clear(struct cli_request *request)
{
    free(request->sets);
    request->sets = NULL;
    request->set_count = 0;
    free(request->only);
    free(request->operands);
    free(request->scopes);
    free(request->metrics);
    request->only = NULL;
    request->only_count = 0;
    request->scopes = NULL;
    request->scope_count = 0;
    tolerances_clear(&request->tolerances);
}

#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "cli/verbs.h"
#include "sim/systemc/systemc_engine.h"

#include <stdio.h>

int cli_fail_no_verb(const struct cli_request *request, const char *word)
{
    struct cli_problem problem = {.message = ""};
    const char *names[CLI_VERBS + CLI_ALIASES];
    const char *nearest;

    for (size_t i = 0; i < CLI_VERBS + CLI_ALIASES; i++) {
        names[i] = i < CLI_VERBS ? cli_verb_table[i].name : cli_alias_table[i - CLI_VERBS].name;
    }
    snprintf(problem.message, sizeof(problem.message), "E0102 there is no verb '%s'", word);
    nearest = cli_suggest(word, names, CLI_VERBS + CLI_ALIASES);
    if (nearest != NULL) {
        snprintf(problem.hint, sizeof(problem.hint), "did you mean '%s'?", nearest);
    }
    return cli_fail(request, CLI_EXIT_USAGE, &problem);
}

int cli_verb_help(const struct cli_request *request)
{
    if (request->help) {
        cli_help_verb(stdout, request->verb);
        return cli_emitted(request);
    }
    if (request->operand == NULL) {
        cli_help_overview(stdout);
        return cli_emitted(request);
    }
    if (cli_verb_named(request->operand) != CLI_VERBS) {
        cli_help_verb(stdout, cli_verb_named(request->operand));
        return cli_emitted(request);
    }
    return cli_fail_no_verb(request, request->operand);
}

int cli_verb_version(const struct cli_request *request)
{
    const char *systemc = sim_systemc_version();

    printf("doorbell %s\n", DOORBELL_VERSION);
    if (systemc != NULL) {
        printf("engines: native, every-cycle, systemc (SystemC %s)\n", systemc);
    } else {
        printf("engines: native, every-cycle, systemc (absent from this build)\n");
    }
    return cli_emitted(request);
}

#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "cli/verbs.h"
#include "sim/systemc/systemc_engine.h"

#include <stdio.h>

int cli_verb_help(const struct cli_request *request)
{
    struct cli_problem problem = {.message = ""};
    const char *names[CLI_VERBS];
    const char *nearest;

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
    for (size_t i = 0; i < CLI_VERBS; i++) {
        names[i] = cli_verb_table[i].name;
    }
    snprintf(problem.message, sizeof(problem.message), "E0102 there is no verb '%s'", request->operand);
    nearest = cli_suggest(request->operand, names, CLI_VERBS);
    if (nearest != NULL) {
        snprintf(problem.hint, sizeof(problem.hint), "did you mean '%s'?", nearest);
    }
    return cli_fail(request, CLI_EXIT_USAGE, &problem);
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

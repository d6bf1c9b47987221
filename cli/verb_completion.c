/* Verbs that print what is made from the table of verbs: completion scripts, the manual page. */
#include "cli/completion.h"
#include "cli/emit.h"
#include "cli/failure.h"
#include "cli/manual.h"
#include "cli/suggest.h"
#include "cli/verbs.h"

#include <stdio.h>

int cli_verb_completion(const struct cli_request *request)
{
    struct cli_problem problem = {.message = ""};
    const char *nearest;

    if (cli_completion_write(stdout, request->operand)) {
        return cli_emitted(request);
    }
    snprintf(problem.message, sizeof(problem.message), "E0108 there is no completion for the shell '%s'",
             request->operand);
    nearest = cli_suggest(request->operand, cli_shell_names, CLI_SHELLS);
    if (nearest != NULL) {
        snprintf(problem.hint, sizeof(problem.hint), "did you mean '%s'?", nearest);
    } else {
        snprintf(problem.hint, sizeof(problem.hint), "there is one for bash, fish and zsh");
    }
    return cli_fail(request, CLI_EXIT_USAGE, &problem);
}

int cli_verb_man(const struct cli_request *request)
{
    enum cli_verb verb;

    if (request->operand == NULL) {
        cli_manual_write(stdout);
        return cli_emitted(request);
    }
    verb = cli_verb_named(request->operand);
    if (verb == CLI_VERBS) {
        return cli_fail_no_verb(request, request->operand);
    }
    cli_manual_write_verb(stdout, verb);
    return cli_emitted(request);
}

/* The doorbell command. */
#include "cli/failure.h"
#include "cli/request.h"
#include "cli/verbs.h"

#include <stdio.h>

static int do_request(const struct cli_request *request)
{
    if (request->help) {
        return cli_verb_help(request);
    }
    switch (request->verb) {
    case CLI_VERB_RUN:
        return cli_verb_run(request);
    case CLI_VERB_CHECK:
        return cli_verb_check(request);
    case CLI_VERB_SHOW:
        return cli_verb_show(request);
    case CLI_VERB_REPLAY:
        return cli_verb_replay(request);
    case CLI_VERB_CALIBRATE:
        return cli_verb_calibrate(request);
    case CLI_VERB_GOLDEN:
        return cli_verb_golden(request);
    case CLI_VERB_COMPARE:
        return cli_verb_compare(request);
    case CLI_VERB_IMPORT:
        return cli_verb_import(request);
    case CLI_VERB_TOPO:
        return cli_verb_topo(request);
    case CLI_VERB_EXPLAIN:
        return cli_verb_explain(request);
    case CLI_VERB_SWEEP:
        return cli_verb_sweep(request);
    case CLI_VERB_QUERY:
        return cli_verb_query(request);
    case CLI_VERB_BOTTLENECK:
        return cli_verb_bottleneck(request);
    case CLI_VERB_REPORT:
        return cli_verb_report(request);
    case CLI_VERB_EXPLORE:
        return cli_verb_explore(request);
    case CLI_VERB_PARAMS:
        return cli_verb_params(request);
    case CLI_VERB_COMPLETION:
        return cli_verb_completion(request);
    case CLI_VERB_MAN:
        return cli_verb_man(request);
    case CLI_VERB_HELP:
        return cli_verb_help(request);
    case CLI_VERB_VERSION:
        return cli_verb_version(request);
    case CLI_VERBS:
        break;
    }
    return CLI_EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    struct cli_request request;
    struct cli_problem problem;
    int status;

    if (cli_request_parse(argc, argv, &request, &problem)) {
        status = do_request(&request);
    } else {
        status = cli_fail(&request, CLI_EXIT_USAGE, &problem);
        if (!request.json) {
            fprintf(stderr, "'doorbell help%s%s' explains\n", request.verb == CLI_VERBS ? "" : " ",
                    request.verb == CLI_VERBS ? "" : cli_verb_table[request.verb].name);
        }
    }
    cli_request_clear(&request);
    return status;
}

#include "cli/emit.h"

#include "cli/failure.h"
#include "cli/output.h"

int cli_emit_possible(const struct cli_request *request)
{
    struct cli_problem problem;

    if (!cli_output_possible(request->output, &problem)) {
        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    return CLI_EXIT_OK;
}

/**
 * Tells that writing failed. When it was standard output that failed, no document of the failure is sent after the
 * broken one.
 */
static int fail(const struct cli_request *request, const struct cli_problem *problem)
{
    struct cli_request silent = *request;

    silent.json = request->json && request->output != NULL;
    return cli_fail(&silent, CLI_EXIT_ENVIRONMENT, problem);
}

int cli_emit(const struct cli_request *request, cli_writer writer, const void *context)
{
    struct cli_output output;
    struct cli_problem problem;

    if (!cli_output_open(&output, request->output, &problem)) {
        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    if (!writer(output.stream, context) && !ferror(output.stream)) {
        /* Not the stream's fault: only memory can be missing. */
        cli_output_discard(&output);
        snprintf(problem.message, sizeof(problem.message), "E0203 out of memory");
        problem.hint[0] = '\0';
        return fail(request, &problem);
    }
    if (!cli_output_commit(&output, &problem)) {
        return fail(request, &problem);
    }
    return CLI_EXIT_OK;
}

int cli_emitted(const struct cli_request *request)
{
    struct cli_output output = {.stream = stdout};
    struct cli_problem problem = {.message = ""};

    if (!cli_output_commit(&output, &problem)) {
        return cli_fail(request, CLI_EXIT_ENVIRONMENT, &problem);
    }
    return CLI_EXIT_OK;
}

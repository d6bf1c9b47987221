#include "cli/check_kinds.h"
#include "cli/emit.h"
#include "cli/exit_status.h"
#include "cli/verbs.h"

int cli_verb_check(const struct cli_request *request)
{
    int status = cli_emit_possible(request);

    if (status != CLI_EXIT_OK) {
        return status;
    }
    return cli_is_board(request->operand) ? cli_check_board(request) : cli_check_scenario(request);
}

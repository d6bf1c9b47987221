/* `doorbell explain CODE`: what the code of an error means, from the table in scenario/codes.h. */
#ifndef DOORBELL_CLI_EXPLAIN_CODE_H
#define DOORBELL_CLI_EXPLAIN_CODE_H

#include "cli/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Tells the story of the code that the request's only operand is, or lists all for the word "codes". What is no code
 * is refused, with the nearest that there is.
 * @return exit status
 */
int cli_explain_code(const struct cli_request *request);

#ifdef __cplusplus
}
#endif

#endif

/* The two kinds of file that `doorbell check` takes. */
#ifndef DOORBELL_CLI_CHECK_KINDS_H
#define DOORBELL_CLI_CHECK_KINDS_H

#include "cli/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Whether a file is a device tree: by its name (.dtb, .dts), or by the magic number of a blob. */
bool cli_is_board(const char *path);

/** `doorbell check` of a board's device tree. @return exit status */
int cli_check_board(const struct cli_request *request);

/** `doorbell check` of a scenario. @return exit status */
int cli_check_scenario(const struct cli_request *request);

#ifdef __cplusplus
}
#endif

#endif

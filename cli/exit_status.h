/* What the doorbell command's exit status says; the whole list is in docs/command-line.md. */
#ifndef DOORBELL_CLI_EXIT_STATUS_H
#define DOORBELL_CLI_EXIT_STATUS_H

enum cli_exit_status {
    CLI_EXIT_OK = 0,          /**< did what was asked, and every expectation was met */
    CLI_EXIT_EXPECTATION = 1, /**< did what was asked; an expectation or a golden comparison failed */
    CLI_EXIT_USAGE = 2,       /**< the command line or the input is wrong; nothing was simulated */
    CLI_EXIT_ABNORMAL = 3,    /**< the simulation ended abnormally: deadlock, broken invariant, time limit */
    CLI_EXIT_ENVIRONMENT = 4, /**< the environment failed: cannot read, write, or use what this build lacks */
    CLI_EXIT_SIGNAL = 128,    /**< plus the signal's number: interrupted, partial results are valid and marked */
};

#endif

/* The progress line of a sweep: on standard error, if somebody watches it (cli/terminal.h), and gone at the end. */
#ifndef DOORBELL_CLI_SWEEP_PROGRESS_H
#define DOORBELL_CLI_SWEEP_PROGRESS_H

#include "sweep/sweep.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cli_sweep_progress {
    double shown; /**< seconds since the beginning when the line was last written; 0: it never was */
};

/** Whether anybody would see a progress line. */
bool cli_sweep_progress_wanted(void);

/** Shows where the sweep stands, at most a few times a second. For struct sweep_options. */
void cli_sweep_progress_show(void *context, const struct sweep_progress *where);

/** Takes the line away. */
void cli_sweep_progress_end(const struct cli_sweep_progress *progress);

/** The text of the line: done, failed, rate, time left, worst point so far. */
void cli_sweep_progress_text(char *text, size_t size, const struct sweep_progress *where);

#ifdef __cplusplus
}
#endif

#endif

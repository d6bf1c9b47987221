/* The progress line of a long run: on standard error, if somebody watches it (cli/terminal.h), and gone at the end. */
#ifndef DOORBELL_CLI_PROGRESS_H
#define DOORBELL_CLI_PROGRESS_H

#include "scenario/run.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cli_progress {
    uint64_t began; /**< host time in nanoseconds */
    uint64_t shown; /**< host time of the last line; 0 if there was none */
};

/** Begins. @return whether anybody would see a progress line */
bool cli_progress_begin(struct cli_progress *progress);

/**
 * Shows where the run stands, at most a few times a second, and nothing in the first second. For scenario_run();
 * @p context is a struct cli_progress.
 */
void cli_progress_show(void *context, const struct scenario_progress *where);

/**
 * The same for work that is counted: "12000 systems judged, 90000 per second, at most 11 s left".
 * @param most at most so much will be done
 */
void cli_progress_count(struct cli_progress *progress, const char *what, uint64_t done, uint64_t most);

/** Takes the line away. */
void cli_progress_end(struct cli_progress *progress);

/**
 * The text of the line, without a newline: the share done, traffic time, MSIs, MSIs per second of host time, and the
 * host time that is left at this rate.
 * @param elapsed host time since the beginning, nanoseconds, at least 1
 * @param size    of @p text, at least 100 to hold every line
 */
void cli_progress_text(char *text, size_t size, const struct scenario_progress *where, uint64_t elapsed);

#ifdef __cplusplus
}
#endif

#endif

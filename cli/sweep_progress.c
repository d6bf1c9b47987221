#include "cli/sweep_progress.h"

#include "cli/terminal.h"
#include "sim/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/** Seconds between two lines. */
#define EVERY 0.2

bool cli_sweep_progress_wanted(void)
{
    return cli_terminal(STDERR_FILENO);
}

void cli_sweep_progress_text(char *text, size_t size, const struct sweep_progress *where)
{
    double rate = where->seconds > 0 ? (double)where->done / where->seconds : 0;
    uint64_t left = where->runs - where->before - where->done;
    char worst[192] = "";

    if (where->worst > 0) {
        snprintf(worst, sizeof(worst), ", worst p99 %.4g us at point %" PRIu64 " (%s)",
                 (double)where->worst / (double)SIM_US, where->worst_point, where->worst_values);
    }
    snprintf(text, size, "%" PRIu64 " of %" PRIu64 " runs, %" PRIu64 " failed, %.4g a second, %.0f s left%s",
             where->before + where->done, where->runs, where->failed, rate, rate > 0 ? (double)left / rate : 0, worst);
}

void cli_sweep_progress_show(void *context, const struct sweep_progress *where)
{
    struct cli_sweep_progress *progress = context;
    char text[384];

    if (where->seconds - progress->shown < EVERY) {
        return;
    }
    progress->shown = where->seconds;
    cli_sweep_progress_text(text, sizeof(text), where);
    fprintf(stderr, "\r%s\033[K", text);
}

void cli_sweep_progress_end(const struct cli_sweep_progress *progress)
{
    if (progress->shown > 0) {
        fputs("\r\033[K", stderr);
    }
}

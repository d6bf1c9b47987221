#include "cli/progress.h"

#include "cli/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS_PER_SECOND 1000000000u
#define FIRST_AFTER            NANOSECONDS_PER_SECOND
#define EVERY                  (NANOSECONDS_PER_SECOND / 5)

static uint64_t host_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NANOSECONDS_PER_SECOND + (uint64_t)now.tv_nsec;
}

bool cli_progress_begin(struct cli_progress *progress)
{
    progress->began = host_time();
    progress->shown = 0;
    return cli_terminal(STDERR_FILENO);
}

void cli_progress_text(char *text, size_t size, const struct scenario_progress *where, uint64_t elapsed)
{
    double seconds = (double)elapsed / NANOSECONDS_PER_SECOND;
    double share = (double)where->now / (double)where->duration;
    double rest = share > 0 ? seconds / share - seconds : 0;

    snprintf(text, size, "%3.0f %% of %.6g ms, %" PRIu64 " MSIs, %.0f per second, %.0f s left", 100 * share,
             (double)where->duration / (double)SIM_MS, where->msis, (double)where->msis / seconds, rest);
}

/** @return whether a line is due; it is taken as shown then */
static bool is_due(struct cli_progress *progress, uint64_t now)
{
    if (now - progress->began < FIRST_AFTER || now - progress->shown < EVERY) {
        return false;
    }
    progress->shown = now;
    return true;
}

void cli_progress_show(void *context, const struct scenario_progress *where)
{
    struct cli_progress *progress = context;
    uint64_t now = host_time();
    char text[128];

    if (is_due(progress, now)) {
        cli_progress_text(text, sizeof(text), where, now - progress->began);
        fprintf(stderr, "\r%s\033[K", text);
    }
}

void cli_progress_count(struct cli_progress *progress, const char *what, uint64_t done, uint64_t most)
{
    uint64_t now = host_time();
    double rate = (double)done * NANOSECONDS_PER_SECOND / (double)(now - progress->began + 1);

    if (is_due(progress, now)) {
        fprintf(stderr, "\r%" PRIu64 " %s, %.0f per second, at most %.0f s left\033[K", done, what, rate,
                rate > 0 ? (double)(most - done) / rate : 0);
    }
}

void cli_progress_end(struct cli_progress *progress)
{
    if (progress->shown != 0) {
        fputs("\r\033[K", stderr);
    }
}

/* What the files about bottlenecks share. */
#ifndef DOORBELL_SWEEP_BOTTLENECK_INTERNAL_H
#define DOORBELL_SWEEP_BOTTLENECK_INTERNAL_H

#include "sweep/bottleneck.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is run again and again. */
struct bottleneck_file {
    const char *path;
    const char *const *sets;
    size_t set_count;
    const volatile sig_atomic_t *interrupted;
    const struct run_result *first;
};

/** Runs the scenario with each of its resources doubled, and ranks what that buys. */
void bottleneck_try_all(const struct bottleneck_file *file, const struct scenario *scenario, struct bottleneck *result);

#ifdef __cplusplus
}
#endif

#endif

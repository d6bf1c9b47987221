/*
 * `doorbell show`: the whole resolved description as a scenario file.
 */
#ifndef DOORBELL_SCENARIO_SHOW_H
#define DOORBELL_SCENARIO_SHOW_H

#include <stdio.h>

#include "scenario/scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes a scenario as YAML: every key, in the order of the key tables, each default marked `# default` with where it
 * comes from, devices with the bus, device and function number that enumeration gives them, clocks with the period they
 * were rounded to. Reading the output gives the same scenario.
 */
void scenario_show(FILE *stream, const struct scenario *scenario);

#ifdef __cplusplus
}
#endif

#endif

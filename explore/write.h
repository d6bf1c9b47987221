/*
 * A system of the space as a scenario file that `doorbell check` and `doorbell run` take.
 */
#ifndef DOORBELL_EXPLORE_WRITE_H
#define DOORBELL_EXPLORE_WRITE_H

#include "explore/board.h"
#include "explore/space.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What to say about the system. */
struct explore_caption {
    const char *title;      /**< one line, no quotes */
    const char *assumption; /**< its name, for `expect`; NULL: nothing is expected */
    const char *outcome;
};

/** Writes the file: every endpoint sends MSIs. @return whether all could be written */
bool explore_write(FILE *stream, const struct explore_software *software, const struct explore_shape *shape,
                   const struct explore_labels *labels, const struct explore_caption *caption);

#ifdef __cplusplus
}
#endif

#endif

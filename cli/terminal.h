/* Whether what is written somewhere is seen by a person who watches. */
#ifndef DOORBELL_CLI_TERMINAL_H
#define DOORBELL_CLI_TERMINAL_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Whether a line on a descriptor may be drawn over and over: it is a terminal, which can do so (TERM is not "dumb"),
 * and nobody has said that this is continuous integration (CI is not set, or empty), where lines end up in a log.
 */
bool cli_terminal(int descriptor);

#ifdef __cplusplus
}
#endif

#endif

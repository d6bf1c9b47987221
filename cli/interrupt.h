/* Interruption by the user (SIGINT) or the system (SIGTERM): a long run ends early and keeps what it has. */
#ifndef DOORBELL_CLI_INTERRUPT_H
#define DOORBELL_CLI_INTERRUPT_H

#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * From now on the first SIGINT or SIGTERM is only remembered; a second one of the same kind ends the process as usual.
 * A signal that the caller of the process made it ignore stays ignored.
 */
void cli_interrupt_catch(void);

/** Where the signal that came is kept, or 0 as long as none did: to look at while running. */
const volatile sig_atomic_t *cli_interrupt_signal(void);

#ifdef __cplusplus
}
#endif

#endif

#include "cli/interrupt.h"

#include <stddef.h>
#include <string.h>

/*
 * The one variable of the program that is global and changes: C gives a signal handler nothing else to write to. It
 * belongs to the process, as signals do, and only the command, never a simulation, looks at it.
 */
static volatile sig_atomic_t caught;

static void remember(int number)
{
    caught = number;
}

static void catch_one(int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
        return;
    }
    memset(&action, 0, sizeof(action));
    action.sa_handler = remember;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void cli_interrupt_catch(void)
{
    catch_one(SIGINT);
    catch_one(SIGTERM);
}

const volatile sig_atomic_t *cli_interrupt_signal(void)
{
    return &caught;
}

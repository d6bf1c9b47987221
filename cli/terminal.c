#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cli_terminal(int descriptor)
{
    const char *integration = getenv("CI");
    const char *kind = getenv("TERM");

    if (integration != NULL && integration[0] != '\0') {
        return false;
    }
    return isatty(descriptor) != 0 && (kind == NULL || strcmp(kind, "dumb") != 0);
}

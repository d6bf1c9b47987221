#include "host/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* In the order of `names` below. */
static const int codes[] = {0,     EPERM,  ENOENT, EIO,    ENOMEM, EACCES,     EFAULT,
                            EBUSY, EEXIST, ENODEV, EINVAL, ENOSPC, EOPNOTSUPP, EOVERFLOW};

static const char *const names[] = {"ok",     "EPERM",  "ENOENT",     "EIO",       "ENOMEM",
                                    "EACCES", "EFAULT", "EBUSY",      "EEXIST",    "ENODEV",
                                    "EINVAL", "ENOSPC", "EOPNOTSUPP", "EOVERFLOW", NULL};

#define CODES (sizeof(codes) / sizeof(codes[0]))

bool host_error_set(struct host_error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    error->code = 0;
    return false;
}

bool host_error_fail(struct host_error *error, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    error->code = code;
    return false;
}

void host_error_clear(struct host_error *error)
{
    error->code = 0;
    error->text[0] = '\0';
}

const char *host_error_name(int code)
{
    for (size_t i = 0; i < CODES; i++) {
        if (codes[i] == code) {
            return names[i];
        }
    }
    return "error";
}

int host_error_number(const char *name)
{
    for (size_t i = 0; i < CODES; i++) {
        if (strcmp(names[i], name) == 0) {
            return codes[i];
        }
    }
    return -1;
}

const char *const *host_error_names(void)
{
    return names;
}
